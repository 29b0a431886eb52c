//! Layers: pictures, colours and coverage laid over each other. Alpha is straight, values keep their encoding, and each
//! result is rounded once, to the nearest.

use super::blur::{Blurs, blurred, is_identity};
use super::depth::Sample;
use super::resample::{Filter, Window, resample};
use super::{Image, Size};
use crate::error::Failure;

/// Samples that can be laid over each other.
pub(crate) trait Layered: Sample {
    /// Porter and Duff's source-over of one straight pixel on another.
    fn over(pixel: [Self; 4], under: [Self; 4]) -> [Self; 4];
}

/// By integers that hold a sample times the square of the largest.
macro_rules! layered {
    ($sample:ty, $wide:ty) => {
        impl Layered for $sample {
            fn over([r, g, b, a]: [Self; 4], under: [Self; 4]) -> [Self; 4] {
                const MOST: $wide = <$sample>::MAX as $wide;
                let (above, below) = (<$wide>::from(a) * MOST, <$wide>::from(under[3]) * (MOST - <$wide>::from(a)));
                if below == 0 {
                    return [r, g, b, a];
                }
                let sum = above + below;
                let mix = |over: Self, under: Self| {
                    ((<$wide>::from(over) * above + <$wide>::from(under) * below + sum / 2) / sum) as Self
                };
                [mix(r, under[0]), mix(g, under[1]), mix(b, under[2]), ((sum + MOST / 2) / MOST) as Self]
            }
        }
    };
}
layered!(u8, u32);
layered!(u16, u64);

/// Porter and Duff's source-over of one straight pixel on another.
pub(crate) fn over<S: Layered>(pixel: [S; 4], under: [S; 4]) -> [S; 4] {
    S::over(pixel, under)
}

/// The alpha of straight RGBA.
pub(crate) fn alpha<S: Sample>(rgba: &[S]) -> Vec<S> {
    rgba.as_chunks::<4>().0.iter().map(|[.., alpha]| *alpha).collect()
}

/// Where a picture lies on a canvas, which may be smaller.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// The picture's size.
    pub(crate) size: Size,
    /// The canvas.
    pub(crate) canvas: Size,
    /// The canvas's column of the picture's first.
    pub(crate) left: i64,
    /// The canvas's row of the picture's first.
    pub(crate) top: i64,
}

impl Place {
    /// A picture in the middle of a canvas that reaches further by `reach` on each side.
    pub(crate) fn grown(size: Size, reach: u32) -> Self {
        let side = |side: u32| side.saturating_add(2 * reach);
        let canvas = Size::new(side(size.width), side(size.height));
        Self { size, canvas, left: reach.into(), top: reach.into() }
    }

    /// Calls `lay` with each row of the canvas that the picture reaches, and the picture's row on it.
    pub(crate) fn rows<T, U>(&self, canvas: &mut [T], picture: &[U], mut lay: impl FnMut(&mut [T], &[U])) {
        let (from, to) = (self.size.width as usize, self.canvas.width as usize);
        let skip = |start: i64| (start.max(0) as usize, (-start).max(0) as usize);
        let ((left, columns), (top, rows)) = (skip(self.left), skip(self.top));
        if left >= to || columns >= from {
            return;
        }
        let count = (from - columns).min(to - left);
        for (canvas, picture) in canvas.chunks_exact_mut(to).skip(top).zip(picture.chunks_exact(from).skip(rows)) {
            lay(&mut canvas[left..][..count], &picture[columns..][..count]);
        }
    }

    /// A plane of the canvas's size: the picture's samples, and zeros around them.
    pub(crate) fn plane<S: Sample>(&self, samples: &[S]) -> Vec<S> {
        let mut plane = vec![S::default(); self.canvas.pixels() as usize];
        self.rows(&mut plane, samples, |plane, samples| plane.copy_from_slice(samples));
        plane
    }

    /// The same, blurred by a standard deviation.
    pub(crate) fn blurred_plane<S: Blurs>(&self, samples: &[S], sigma: f64) -> Vec<S> {
        let mut plane = self.plane(samples);
        if !is_identity(sigma) {
            S::blur(&mut plane, self.canvas, 1, (sigma, sigma));
        }
        plane
    }

    /// A picture on a canvas of one colour with the opacity of each pixel in `coverage`.
    pub(crate) fn on_color<S: Layered>(&self, rgba: &[S], rgb: [u8; 3], coverage: &[S]) -> Vec<S> {
        let (none, [r, g, b]) = (S::default(), rgb.map(S::of_byte));
        let mut canvas: Vec<S> =
            coverage.iter().flat_map(|a| if *a == none { [none; 4] } else { [r, g, b, *a] }).collect();
        self.over(&mut canvas, rgba);
        canvas
    }

    /// Lays a picture over a canvas; both are straight RGBA.
    pub(crate) fn over<S: Layered>(&self, canvas: &mut [S], rgba: &[S]) {
        self.rows(canvas.as_chunks_mut::<4>().0, rgba.as_chunks::<4>().0, |canvas, picture| {
            canvas.iter_mut().zip(picture).for_each(|(canvas, picture)| *canvas = over(*picture, *canvas));
        });
    }
}

/// The largest part of a picture of `size`, in its middle, that has the ratio of `canvas`.
fn covering_part(size: Size, canvas: Size) -> Window {
    let [width, height, across, down] = [size.width, size.height, canvas.width, canvas.height].map(f64::from);
    if width * down > height * across {
        let part = height * across / down;
        Window { left: (width - part) / 2.0, top: 0.0, width: part, height }
    } else {
        let part = width * down / across;
        Window { left: 0.0, top: (height - part) / 2.0, width, height: part }
    }
}

/// A picture scaled to cover `canvas`; what protrudes on two sides is cut off.
///
/// # Errors
/// As [`resample`].
pub(crate) fn covering(image: &Image, canvas: Size, filter: Filter) -> Result<Image, Failure> {
    resample(image, covering_part(image.size, canvas), canvas, filter)
}

/// A picture scaled to cover `canvas` and blurred by `sigma`: a calm background. Strong blurs are made at a smaller size,
/// where four pixels are left for sigma, and enlarged.
///
/// # Errors
/// As [`resample`].
pub(crate) fn calm(image: &Image, canvas: Size, sigma: f64) -> Result<Image, Failure> {
    let reduction = (sigma / 4.0).floor().max(1.0);
    let side = |side: u32| (f64::from(side) / reduction).ceil() as u32;
    let small = Size::new(side(canvas.width), side(canvas.height));
    let blurred = blurred(covering(image, small, Filter::Bilinear)?, sigma / reduction);
    resample(&blurred, Window::all(small), canvas, Filter::Bilinear)
}

/// The largest size with the ratio of `size` that fits into `canvas`; sides are rounded half up and are at least 1.
pub(crate) fn contained(size: Size, canvas: Size) -> Size {
    let [width, height, across, down] = [size.width, size.height, canvas.width, canvas.height].map(f64::from);
    let side = |side: f64, most: u32| ((side + 0.5).floor() as u32).clamp(1, most);
    if width * down > height * across {
        Size::new(canvas.width, side(height * across / width, canvas.height))
    } else {
        Size::new(side(width * down / height, canvas.width), canvas.height)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::image::Pixels;

    #[test]
    fn source_over_by_hand() {
        assert_eq!(over([200_u8, 0, 100, 51], [100, 100, 100, 102]), [138, 62, 100, 133]);
        assert_eq!(over([200_u8, 0, 100, 255], [1, 2, 3, 255]), [200, 0, 100, 255]);
        assert_eq!(over([9_u8, 9, 9, 0], [1, 2, 3, 77]), [1, 2, 3, 77]);
        assert_eq!(over([9_u8, 8, 7, 6], [1, 2, 3, 0]), [9, 8, 7, 6]);
    }

    #[test]
    fn a_plane_is_cut_off_where_it_leaves_the_canvas() {
        let place = |left, top| Place { size: Size::new(2, 2), canvas: Size::new(3, 2), left, top };
        assert_eq!(place(1, 0).plane(&[1_u8, 2, 3, 4]), [0, 1, 2, 0, 3, 4]);
        assert_eq!(place(-1, 1).plane(&[1_u8, 2, 3, 4]), [0, 0, 0, 2, 0, 0]);
        assert_eq!(place(2, -1).plane(&[1_u8, 2, 3, 4]), [0, 0, 3, 0, 0, 0]);
        for (left, top) in [(-2, 0), (3, 0), (0, 2), (0, -2), (i64::MIN / 2, i64::MAX / 2)] {
            assert_eq!(place(left, top).plane(&[1_u8, 2, 3, 4]), [0; 6], "{left}, {top}");
        }
    }

    #[test]
    fn a_covering_picture_loses_what_protrudes() {
        let image = Image::new(Size::new(4, 2), Pixels::Gray(vec![0, 9, 9, 0, 0, 9, 9, 0]));
        let square = covering(&image, Size::new(2, 2), Filter::Bilinear).unwrap();
        assert_eq!(square.pixels, Pixels::Gray(vec![9; 4]));
        assert_eq!(contained(Size::new(4, 2), Size::new(10, 10)), Size::new(10, 5));
        assert_eq!(contained(Size::new(1, 900), Size::new(10, 10)), Size::new(1, 10));
    }

    proptest! {
        #[test]
        fn any_size_covers_and_fits_any_other(
            (width, height) in (1u32..60, 1u32..60), (across, down) in (1u32..60, 1u32..60),
        ) {
            let (size, canvas) = (Size::new(width, height), Size::new(across, down));
            let fitted = contained(size, canvas);
            prop_assert!(fitted.width == across || fitted.height == down);
            prop_assert!(fitted.width <= across && fitted.height <= down);
            let image = crate::image::testing::flat(size, crate::image::Representation::Rgb, 7);
            let covered = covering(&image, canvas, Filter::Lanczos3).unwrap();
            prop_assert_eq!(covered.size, canvas);
            prop_assert_eq!(covered.pixels, Pixels::Rgb(vec![7; canvas.pixels() as usize * 3]));
        }
    }
}
