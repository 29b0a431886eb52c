//! Mirroring and quarter turns: exact in every representation, without changing or losing a sample.
//!
//! A planar picture keeps its subsampling (a quarter turn swaps its ratios), unless a mirrored side is not a multiple
//! of the ratio: then the chroma grid would no longer start at the edge, and the picture becomes 4:4:4 first.

use super::convert::full_chroma;
use super::depth::Sample;
use super::resample::Window;
use super::{Deep, Image, Pixels, Plane, Size, Subsampling, Ycc};

/// A combined mirror and turn: first rows and columns are swapped, then the result is mirrored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Motion {
    transpose: bool,
    horizontal: bool,
    vertical: bool,
}

impl Motion {
    /// The change that an EXIF orientation requires; `None` if it is 1 or invalid.
    const fn of(orientation: u8) -> Option<Self> {
        let (transpose, horizontal, vertical) = match orientation {
            2 => (false, true, false),
            3 => (false, true, true),
            4 => (false, false, true),
            5 => (true, false, false),
            6 => (true, true, false),
            7 => (true, true, true),
            8 => (true, false, true),
            _ => return None,
        };
        Some(Self { transpose, horizontal, vertical })
    }

    /// Whether columns and rows, as stored, end up mirrored.
    const fn mirrors(self) -> (bool, bool) {
        if self.transpose { (self.vertical, self.horizontal) } else { (self.horizontal, self.vertical) }
    }
}

/// An EXIF orientation in the other order: columns and rows are mirrored first, then swapped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Turn {
    /// Whether left and right are swapped in the stored picture.
    pub(crate) columns_mirrored: bool,
    /// Whether top and bottom are swapped in the stored picture.
    pub(crate) rows_mirrored: bool,
    /// Whether rows and columns are swapped afterwards.
    pub(crate) transposed: bool,
}

impl Turn {
    /// For an EXIF orientation 1…8; no change for any other value.
    pub(crate) fn of(orientation: u8) -> Self {
        Motion::of(orientation).map_or_else(Self::default, |motion| {
            let (columns_mirrored, rows_mirrored) = motion.mirrors();
            Self { columns_mirrored, rows_mirrored, transposed: motion.transpose }
        })
    }
}

/// Swaps rows and columns.
pub(crate) fn transpose(image: Image) -> Image {
    apply(image, 5)
}

/// Turns a stored picture upright by its EXIF orientation 1…8; any other value leaves it unchanged.
pub fn apply(image: Image, orientation: u8) -> Image {
    match Motion::of(orientation) {
        Some(motion) => moved(image, motion),
        None => image,
    }
}

/// The position of a part of a stored picture of `size` after [`apply`].
pub fn window(part: Window, size: Size, orientation: u8) -> Window {
    let Some(motion) = Motion::of(orientation) else { return part };
    let (part, size) = if motion.transpose {
        (Window { left: part.top, top: part.left, width: part.height, height: part.width }, size.transposed())
    } else {
        (part, size)
    };
    Window {
        left: if motion.horizontal { f64::from(size.width) - part.left - part.width } else { part.left },
        top: if motion.vertical { f64::from(size.height) - part.top - part.height } else { part.top },
        ..part
    }
}

/// Swaps left and right.
pub fn flip_horizontal(image: Image) -> Image {
    apply(image, 2)
}

/// Swaps top and bottom.
pub fn flip_vertical(image: Image) -> Image {
    apply(image, 4)
}

/// Turns clockwise by `quarters` quarter turns (modulo 4).
pub fn rotate(image: Image, quarters: i64) -> Image {
    apply(image, [1, 6, 3, 8][quarters.rem_euclid(4) as usize])
}

fn moved(image: Image, motion: Motion) -> Image {
    let Image { size, pixels, space } = image;
    let pixels = match pixels {
        Pixels::Gray(data) => Pixels::Gray(samples::<_, 1>(&data, size, motion)),
        Pixels::Rgb(data) => Pixels::Rgb(samples::<_, 3>(&data, size, motion)),
        Pixels::Rgba(data) => Pixels::Rgba(samples::<_, 4>(&data, size, motion)),
        Pixels::Ycc(ycc) => Pixels::Ycc(planes(ycc, motion)),
        Pixels::Deep(deep) => Pixels::Deep(match deep {
            Deep::Gray(data) => Deep::Gray(samples::<_, 1>(&data, size, motion)),
            Deep::Rgb(data) => Deep::Rgb(samples::<_, 3>(&data, size, motion)),
            Deep::Rgba(data) => Deep::Rgba(samples::<_, 4>(&data, size, motion)),
        }),
    };
    let size = if motion.transpose { size.transposed() } else { size };
    Image { space, ..Image::new(size, pixels) }
}

fn planes(ycc: Ycc, motion: Motion) -> Ycc {
    let Subsampling { h, v } = ycc.subsampling;
    let (mirrors_columns, mirrors_rows) = motion.mirrors();
    let Size { width, height } = ycc.y.size;
    let shifts = (mirrors_columns && width % u32::from(h) != 0) || (mirrors_rows && height % u32::from(v) != 0);
    let ycc = if shifts { full_chroma(ycc) } else { ycc };

    let plane = |plane: Plane| Plane {
        data: samples::<_, 1>(&plane.data, plane.size, motion),
        size: if motion.transpose { plane.size.transposed() } else { plane.size },
    };
    let Subsampling { h, v } = ycc.subsampling;
    Ycc {
        y: plane(ycc.y),
        cb: plane(ycc.cb),
        cr: plane(ycc.cr),
        subsampling: if motion.transpose { Subsampling { h: v, v: h } } else { ycc.subsampling },
    }
}

fn samples<S: Sample, const CHANNELS: usize>(data: &[S], size: Size, motion: Motion) -> Vec<S> {
    let mut out = vec![S::default(); data.len()];
    if motion.transpose {
        transposed::<S, CHANNELS>(data, size, motion, &mut out);
    } else {
        mirrored::<S, CHANNELS>(data, size, motion, &mut out);
    }
    out
}

fn mirrored<S: Sample, const CHANNELS: usize>(data: &[S], size: Size, motion: Motion, out: &mut [S]) {
    let stride = size.width as usize * CHANNELS;
    let copy = |(out, row): (&mut [S], &[S])| {
        if motion.horizontal {
            let pixels = row.as_chunks::<CHANNELS>().0.iter().rev();
            out.as_chunks_mut::<CHANNELS>().0.iter_mut().zip(pixels).for_each(|(out, pixel)| *out = *pixel);
        } else {
            out.copy_from_slice(row);
        }
    };
    let rows = data.chunks_exact(stride);
    if motion.vertical {
        out.chunks_exact_mut(stride).zip(rows.rev()).for_each(copy);
    } else {
        out.chunks_exact_mut(stride).zip(rows).for_each(copy);
    }
}

/// Works in square tiles, so that both the rows read and the rows written stay in the cache.
fn transposed<S: Sample, const CHANNELS: usize>(data: &[S], size: Size, motion: Motion, out: &mut [S]) {
    const TILE: usize = 32;
    let (width, height) = (size.width as usize, size.height as usize);
    let (pixels, out) = (data.as_chunks::<CHANNELS>().0, out.as_chunks_mut::<CHANNELS>().0);
    for top in (0..height).step_by(TILE) {
        let rows = top..(top + TILE).min(height);
        for left in (0..width).step_by(TILE) {
            for x in left..(left + TILE).min(width) {
                let row = if motion.vertical { width - 1 - x } else { x } * height;
                if motion.horizontal {
                    let out = &mut out[row + height - rows.end..row + height - rows.start];
                    for (out, y) in out.iter_mut().rev().zip(rows.clone()) {
                        *out = pixels[y * width + x];
                    }
                } else {
                    for (out, y) in out[row + rows.start..row + rows.end].iter_mut().zip(rows.clone()) {
                        *out = pixels[y * width + x];
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::color::ColorSpace;
    use crate::image::Representation;
    use crate::image::convert::convert;

    /// Where the pixel that is shown at (x, y) is stored, from the table of TIFF 6.0: "the 0th row represents the
    /// visual …, the 0th column the visual …".
    fn stored_at(orientation: u8, x: u32, y: u32, stored: Size) -> (u32, u32) {
        let (right, bottom) = (stored.width - 1, stored.height - 1);
        match orientation {
            1 => (x, y),
            2 => (right - x, y),
            3 => (right - x, bottom - y),
            4 => (x, bottom - y),
            5 => (y, x),
            6 => (y, bottom - x),
            7 => (right - y, bottom - x),
            _ => (right - y, x),
        }
    }

    fn numbered(size: Size, channels: u32) -> Vec<u8> {
        (0..size.pixels() as u32 * channels).map(|index| (index * 37 % 251) as u8).collect()
    }

    fn check(data: &[u8], shown: &[u8], stored: Size, channels: usize, orientation: u8) {
        let size = if orientation > 4 { stored.transposed() } else { stored };
        for y in 0..size.height {
            for x in 0..size.width {
                let (from_x, from_y) = stored_at(orientation, x, y, stored);
                let from = (from_y * stored.width + from_x) as usize * channels;
                let at = (y * size.width + x) as usize * channels;
                assert_eq!(shown[at..at + channels], data[from..from + channels], "{orientation} ({x}, {y})");
            }
        }
    }

    #[test]
    fn every_orientation_moves_each_pixel_where_tiff_says() {
        for orientation in 1..=8 {
            for stored in [Size::new(1, 1), Size::new(3, 2), Size::new(70, 41), Size::new(64, 32)] {
                let gray = numbered(stored, 1);
                let image = apply(Image::new(stored, Pixels::Gray(gray.clone())), orientation);
                let Pixels::Gray(shown) = &image.pixels else { panic!("not gray") };
                check(&gray, shown, stored, 1, orientation);

                let rgb = numbered(stored, 3);
                let image = apply(Image::new(stored, Pixels::Rgb(rgb.clone())), orientation);
                let Pixels::Rgb(shown) = &image.pixels else { panic!("not RGB") };
                check(&rgb, shown, stored, 3, orientation);

                let rgba = numbered(stored, 4);
                let image = apply(Image::new(stored, Pixels::Rgba(rgba.clone())), orientation);
                let Pixels::Rgba(shown) = &image.pixels else { panic!("not RGBA") };
                check(&rgba, shown, stored, 4, orientation);
            }
        }
    }

    #[test]
    fn a_part_moves_with_its_pixels() {
        let stored = Size::new(7, 5);
        let part = Window { left: 1.0, top: 2.0, width: 3.0, height: 2.0 };
        let inside = |x: f64, y: f64, part: Window| {
            (part.left..part.left + part.width).contains(&x) && (part.top..part.top + part.height).contains(&y)
        };
        for orientation in 1..=8 {
            let marks = (0..35).map(|i| u8::from(inside(f64::from(i % 7), f64::from(i / 7), part))).collect();
            let shown = apply(Image::new(stored, Pixels::Gray(marks)), orientation);
            let Pixels::Gray(marks) = &shown.pixels else { panic!("not gray") };
            let moved = window(part, stored, orientation);
            for (mark, i) in marks.iter().zip(0u32..) {
                let (x, y) = (f64::from(i % shown.size.width), f64::from(i / shown.size.width));
                assert_eq!(*mark == 1, inside(x, y, moved), "{orientation} ({x}, {y})");
            }
        }
    }

    fn planar(size: Size, subsampling: Subsampling) -> Image {
        let chroma = subsampling.chroma_size(size);
        let plane = |size: Size, step: u32| Plane {
            size,
            data: (0..size.pixels() as u32).map(|index| (index * step % 253) as u8).collect(),
        };
        let ycc = Ycc { y: plane(size, 7), cb: plane(chroma, 11), cr: plane(chroma, 13), subsampling };
        Image::new(size, Pixels::Ycc(ycc))
    }

    #[test]
    fn a_planar_picture_moves_as_its_rgb_twin_does() {
        for (h, v) in [(1, 1), (2, 1), (1, 2), (2, 2), (4, 1)] {
            for size in [Size::new(16, 8), Size::new(15, 8), Size::new(16, 7), Size::new(13, 9)] {
                for orientation in 1..=8 {
                    let image = planar(size, Subsampling { h, v });
                    let expected = apply(convert(image.clone(), Representation::Rgb), orientation);
                    let got = convert(apply(image, orientation), Representation::Rgb);
                    let (Pixels::Rgb(expected), Pixels::Rgb(got)) = (expected.pixels, got.pixels) else {
                        panic!("not RGB")
                    };
                    let worst = expected.iter().zip(&got).map(|(a, b)| a.abs_diff(*b)).max();
                    // Only the alternating rounding of the upsampling may differ.
                    assert!(worst <= Some(2), "{h}x{v} {size:?} {orientation}: {worst:?}");
                }
            }
        }
    }

    #[test]
    fn subsampling_is_kept_where_the_chroma_grid_stays_at_the_edge() {
        let ratio = |image: Image| match image.pixels {
            Pixels::Ycc(ycc) => ycc.subsampling,
            _ => panic!("not planar"),
        };
        let even = || planar(Size::new(16, 8), Subsampling::S422);
        assert_eq!(ratio(apply(even(), 3)), Subsampling::S422);
        assert_eq!(ratio(apply(even(), 6)), Subsampling { h: 1, v: 2 });
        let odd = || planar(Size::new(15, 9), Subsampling::S420);
        assert_eq!(ratio(apply(odd(), 5)), Subsampling::S420, "a plain transposition mirrors nothing");
        assert_eq!(ratio(apply(odd(), 2)), Subsampling::S444);
        assert_eq!(ratio(apply(planar(Size::new(15, 8), Subsampling::S420), 6)), Subsampling::S420);
        assert_eq!(ratio(apply(planar(Size::new(15, 8), Subsampling::S420), 8)), Subsampling::S444);
    }

    #[test]
    fn four_quarter_turns_are_none_and_the_profile_stays() {
        let mut image = Image::new(Size::new(5, 3), Pixels::Gray(numbered(Size::new(5, 3), 1)));
        image.space = ColorSpace::adobe_rgb().gray().expect("one curve");
        assert_eq!(rotate(image.clone(), 4), image);
        assert_eq!(rotate(rotate(image.clone(), 1), -1), image);
        assert_eq!(rotate(image.clone(), 2), flip_vertical(flip_horizontal(image)));
    }
}
