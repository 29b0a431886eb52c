//! Resampling: any window of a picture to any size, in every representation. The convolution is `fast_image_resize`'s;
//! what lives here is how a picture's planes are laid over each other. Which size a picture should get is decided by
//! the actions.

use fast_image_resize::images::{Image as Target, ImageRef as Source};
use fast_image_resize::{Filter as Kernel, FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use super::{Image, Pixels, Plane, Size, Ycc};
use crate::error::Failure;

/// How new samples are weighed from old ones. When shrinking, each is widened to what a new sample covers (but for
/// [`Filter::Nearest`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    /// The sample whose centre is nearest.
    Nearest,
    /// Triangle.
    Bilinear,
    /// Catmull-Rom cubic (a = −0.5).
    Bicubic,
    /// Mitchell-Netravali cubic (B = C = 1/3).
    Mitchell,
    /// Sinc windowed by sinc, three lobes.
    Lanczos3,
}

impl Filter {
    /// `fast_image_resize` 6.1.0 reads out of bounds where a window ends inside the picture and its first or last
    /// weight is exactly 0, as Catmull-Rom's is at distance 1: it leaves such a weight away and takes the narrower
    /// reach for that of all. So both cubics come from here, with no zero inside their reach.
    fn algorithm(self) -> ResizeAlg {
        let cubic = |name, function| Kernel::new(name, function, 2.0).map_or(FilterType::Mitchell, FilterType::Custom);
        ResizeAlg::Convolution(match self {
            Self::Nearest => return ResizeAlg::Nearest,
            Self::Bilinear => FilterType::Bilinear,
            Self::Bicubic => cubic("Catmull-Rom", |x| cubic_weight(x, 0.0, 0.5)),
            Self::Mitchell => cubic("Mitchell", |x| cubic_weight(x, 1.0 / 3.0, 1.0 / 3.0)),
            Self::Lanczos3 => FilterType::Lanczos3,
        })
    }
}

/// The family of Mitchell and Netravali, "Reconstruction filters in computer graphics" (1988), never 0 inside ±2.
fn cubic_weight(x: f64, b: f64, c: f64) -> f64 {
    let x = x.abs();
    let weight = if x < 1.0 {
        ((12.0 - 9.0 * b - 6.0 * c) * x - 18.0 + 12.0 * b + 6.0 * c) * x * x + 6.0 - 2.0 * b
    } else if x < 2.0 {
        (((-b - 6.0 * c) * x + 6.0 * b + 30.0 * c) * x - 12.0 * b - 48.0 * c) * x + 8.0 * b + 24.0 * c
    } else {
        return 0.0;
    };
    if weight == 0.0 { f64::MIN_POSITIVE } else { weight / 6.0 }
}

/// The part of a picture that is read, in pixels of the picture and inside it; may start and end between pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// Distance from the left edge.
    pub left: f64,
    /// Distance from the top edge.
    pub top: f64,
    /// Extent to the right.
    pub width: f64,
    /// Extent downwards.
    pub height: f64,
}

impl Window {
    /// All of a picture.
    pub fn all(size: Size) -> Self {
        Self { left: 0.0, top: 0.0, width: f64::from(size.width), height: f64::from(size.height) }
    }
}

/// Resamples `window` of `image` to `size`, in the representation and with the subsampling that it has.
///
/// Filters read across the window's edges where the picture goes on, so a window of a resized picture equals that
/// picture cropped. Alpha is multiplied in before and divided out after. Chroma planes keep centred siting: they are
/// scaled by the ratio of the picture, not by the ratio of their own rounded sizes, so that a side of odd length moves
/// no colour.
///
/// # Errors
/// A system failure when the buffers do not fit their sizes, which would be a bug.
pub fn resample(image: &Image, window: Window, size: Size, filter: Filter) -> Result<Image, Failure> {
    if size == image.size && window == Window::all(size) {
        return Ok(image.clone());
    }
    let mut resizer = Resizer::new();
    let mut run = |data: &[u8], from: Size, window: Window, to: Size, kind: PixelType| {
        let options = ResizeOptions::new().resize_alg(filter.algorithm()).use_alpha(kind == PixelType::U8x4);
        resize_samples(&mut resizer, data, from, window, to, kind, options)
    };
    let pixels = match &image.pixels {
        Pixels::Gray(data) => Pixels::Gray(run(data, image.size, window, size, PixelType::U8)?),
        Pixels::Rgb(data) => Pixels::Rgb(run(data, image.size, window, size, PixelType::U8x3)?),
        Pixels::Rgba(data) => Pixels::Rgba(run(data, image.size, window, size, PixelType::U8x4)?),
        Pixels::Ycc(ycc) => {
            let mut plane = |plane: &Plane, window: Window, size: Size| {
                run(&plane.data, plane.size, window, size, PixelType::U8).map(|data| Plane { size, data })
            };
            // A chroma sample of the result stands for `h × v` of its pixels, also where the last reach past the edge.
            let (h, v) = (f64::from(ycc.subsampling.h), f64::from(ycc.subsampling.v));
            let chroma_size = ycc.subsampling.chroma_size(size);
            let chroma_window = Window {
                left: window.left / h,
                top: window.top / v,
                width: f64::from(chroma_size.width) * (window.width / f64::from(size.width)),
                height: f64::from(chroma_size.height) * (window.height / f64::from(size.height)),
            };
            Pixels::Ycc(Ycc {
                y: plane(&ycc.y, window, size)?,
                cb: plane(&ycc.cb, chroma_window, chroma_size)?,
                cr: plane(&ycc.cr, chroma_window, chroma_size)?,
                subsampling: ycc.subsampling,
            })
        }
    };
    Ok(image.with(size, pixels))
}

fn resize_samples(
    resizer: &mut Resizer,
    data: &[u8],
    from: Size,
    window: Window,
    to: Size,
    kind: PixelType,
    options: ResizeOptions,
) -> Result<Vec<u8>, Failure> {
    let failed = |error: &dyn std::fmt::Display| {
        Failure::system(format!("The picture could not be resized: {error}."), "Report this as a bug.")
    };
    // The resizer refuses a window that passes the samples, so these are continued by their last where need be.
    let (right, bottom) = (window.left + window.width, window.top + window.height);
    let reach = Size::new(past(right, from.width), past(bottom, from.height));
    let continued;
    let data = if reach == from {
        data
    } else {
        continued = continue_edges(data, from, reach, kind.size());
        &continued
    };
    let source = Source::new(reach.width, reach.height, data, kind).map_err(|error| failed(&error))?;
    let mut target = Target::new(to.width, to.height, kind);
    let (width, height) =
        (within(window.left, window.width, reach.width), within(window.top, window.height, reach.height));
    resizer
        .resize(&source, &mut target, &options.crop(window.left, window.top, width, height))
        .map_err(|error| failed(&error))?;
    Ok(target.into_vec())
}

/// How many samples must be there for a window that ends at `end`, forgiving the error of a few divisions.
fn past(end: f64, samples: u32) -> u32 {
    samples.max((end - 1e-6).ceil() as u32)
}

/// The extent of a window, made to end inside the samples by the last bit.
fn within(start: f64, mut extent: f64, samples: u32) -> f64 {
    let end = f64::from(samples);
    if start + extent > end {
        extent = end - start;
        while start + extent > end {
            extent = extent.next_down();
        }
    }
    extent
}

fn continue_edges(data: &[u8], from: Size, to: Size, pixel: usize) -> Vec<u8> {
    let (row, longer) = (from.width as usize * pixel, to.width as usize * pixel);
    let mut continued = Vec::with_capacity(longer * to.height as usize);
    for y in 0..to.height {
        let row = &data[y.min(from.height - 1) as usize * row..][..row];
        continued.extend_from_slice(row);
        for _ in from.width..to.width {
            continued.extend_from_slice(&row[row.len() - pixel..]);
        }
    }
    continued
}

#[cfg(test)]
mod tests {
    use super::super::Subsampling;
    use super::*;

    /// Chroma that falls linearly with the true position of its samples, so that every shift shows.
    fn ramp(size: Size, subsampling: Subsampling) -> Image {
        let chroma = subsampling.chroma_size(size);
        let value = |i: u32, step: u8, side: u32| {
            let centre = (f64::from(i) + 0.5) * f64::from(step);
            20.0 + 200.0 * centre / f64::from(side)
        };
        let plane = |size: Size, value: &dyn Fn(u32, u32) -> f64| Plane {
            size,
            data: (0..size.height)
                .flat_map(|y| (0..size.width).map(move |x| (x, y)))
                .map(|(x, y)| (value(x, y) + 0.5) as u8)
                .collect(),
        };
        Image::new(
            size,
            Pixels::Ycc(Ycc {
                y: plane(size, &|x, _| value(x, 1, size.width)),
                cb: plane(chroma, &|x, _| value(x, subsampling.h, size.width)),
                cr: plane(chroma, &|_, y| value(y, subsampling.v, size.height)),
                subsampling,
            }),
        )
    }

    #[test]
    fn chroma_stays_where_it_was_when_sides_are_odd() {
        for subsampling in [Subsampling::S420, Subsampling::S422, Subsampling { h: 4, v: 1 }, Subsampling::S444] {
            for (from, to) in
                [((201, 151), (100, 75)), ((200, 150), (101, 77)), ((201, 151), (67, 51)), ((41, 31), (83, 61))]
            {
                let (from, to) = (Size::new(from.0, from.1), Size::new(to.0, to.1));
                let image = ramp(from, subsampling);
                let out = resample(&image, Window::all(from), to, Filter::Lanczos3).unwrap();
                assert!(out.is_consistent());
                let (Pixels::Ycc(out), Pixels::Ycc(expected)) = (out.pixels, ramp(to, subsampling).pixels) else {
                    panic!("planar stays planar")
                };
                assert_eq!(out.subsampling, subsampling);
                for (got, want) in [(&out.cb, &expected.cb), (&out.cr, &expected.cr)] {
                    // Filters flatten a ramp next to the edges.
                    for y in 4..got.size.height.saturating_sub(4) {
                        for x in 4..got.size.width.saturating_sub(4) {
                            let (got, want) = (got.row(y)[x as usize], want.row(y)[x as usize]);
                            assert!(
                                got.abs_diff(want) <= 1,
                                "{subsampling:?} {from:?} → {to:?} at {x},{y}: {got} {want}"
                            );
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_window_equals_the_resized_picture_cropped() {
        let size = Size::new(60, 40);
        let data: Vec<u8> = (0..60 * 40 * 3u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let image = Image::new(size, Pixels::Rgb(data));
        let lanczos = Filter::Lanczos3;
        let whole = resample(&image, Window::all(size), Size::new(30, 20), lanczos).unwrap();
        let window = Window { left: 10.0, top: 6.0, width: 40.0, height: 24.0 };
        let part = resample(&image, window, Size::new(20, 12), lanczos).unwrap();
        let (Pixels::Rgb(whole), Pixels::Rgb(part)) = (whole.pixels, part.pixels) else { panic!("rgb stays rgb") };
        for y in 0..12 {
            assert_eq!(part[y * 60..][..60], whole[((y + 3) * 30 + 5) * 3..][..60]);
        }
    }

    /// Lengths for which Catmull-Rom's last or first weight is exactly 0; see [`Filter::algorithm`].
    #[test]
    fn a_window_inside_the_picture_reads_no_further_than_its_samples() {
        let size = Size::new(27, 22);
        let image = super::super::testing::flat(size, super::super::Representation::Gray, 90);
        for filter in [Filter::Bicubic, Filter::Mitchell, Filter::Lanczos3, Filter::Bilinear] {
            for left in [0.0, 22.0 - 63.0 / 13.0] {
                let window = Window { left, top: 0.0, width: 63.0 / 13.0, height: 22.0 };
                let out = resample(&image, window, Size::new(7, 32), filter).unwrap();
                assert_eq!(out.pixels, Pixels::Gray(vec![90; 7 * 32]));
            }
        }
    }

    #[test]
    fn hidden_colour_does_not_bleed_out_of_transparent_pixels() {
        let data = [[255, 0, 0, 255], [0, 255, 0, 0], [255, 0, 0, 255], [0, 255, 0, 0]].concat();
        let image = Image::new(Size::new(4, 1), Pixels::Rgba(data));
        let bilinear = Filter::Bilinear;
        let out = resample(&image, Window::all(image.size), Size::new(2, 1), bilinear).unwrap();
        let Pixels::Rgba(out) = out.pixels else { panic!("rgba stays rgba") };
        for pixel in out.chunks(4) {
            assert_eq!(pixel[..3], [255, 0, 0]);
            assert!((100..=156).contains(&pixel[3]), "{pixel:?}");
        }
    }
}
