//! Resampling: any window of a picture to any size, in every representation. The convolution is `fast_image_resize`'s;
//! what lives here is how a picture's planes are laid over each other. Which size a picture should get is decided by
//! the actions.

use fast_image_resize::images::{Image as Target, ImageRef as Source};
use fast_image_resize::{Filter as Kernel, FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use super::chroma::{self, Side};
use super::{Image, Pixels, Plane, Size, Subsampling, Ycc};
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

/// For chroma planes, which [`chroma`] resamples by itself.
impl Filter {
    /// How far it reaches, in samples of the larger step; `None` for the nearest sample alone.
    pub(super) fn support(self) -> Option<f64> {
        match self {
            Self::Nearest => None,
            Self::Bilinear => Some(1.0),
            Self::Bicubic | Self::Mitchell => Some(2.0),
            Self::Lanczos3 => Some(3.0),
        }
    }

    /// The weight at a distance.
    pub(super) fn weight(self, x: f64) -> f64 {
        match self {
            Self::Nearest => f64::from(u8::from((-0.5..0.5).contains(&x))),
            Self::Bilinear => (1.0 - x.abs()).max(0.0),
            Self::Bicubic => cubic_weight(x, 0.0, 0.5),
            Self::Mitchell => cubic_weight(x, 1.0 / 3.0, 1.0 / 3.0),
            Self::Lanczos3 if x.abs() < 3.0 => sinc(x) * sinc(x / 3.0),
            Self::Lanczos3 => 0.0,
        }
    }
}

fn sinc(x: f64) -> f64 {
    let x = x * std::f64::consts::PI;
    if x == 0.0 { 1.0 } else { x.sin() / x }
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

/// What a picture that was decoded smaller than it is stands for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reduced {
    /// The picture's real size.
    pub full: Size,
    /// Where the picture lies in the samples. The last sample of a side that was decoded at a part reaches past the
    /// picture's end, and after a turn that end may be the left or the upper one.
    pub window: Window,
}

/// What a resampled planar picture's colour is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChromaUse {
    /// Anything: it keeps the resolution that source and result both have.
    #[default]
    Whole,
    /// To be written at half size both ways, as it is: the subsampling that the encoder would do is part of the
    /// resampling.
    Halved,
}

impl ChromaUse {
    /// The subsampling of a picture of `from` with `own` whose window becomes `to` pixels.
    fn subsampling(self, own: Subsampling, window: Window, to: Size) -> Subsampling {
        let side = |own: u8, from: f64, to: u32| {
            // No coarser than the source's samples, where the result has room for them.
            let serves = |ratio: &u8| f64::from(to) / f64::from(*ratio) >= from / f64::from(own);
            let whole = [4, 2].into_iter().filter(|ratio| *ratio <= own).find(serves).unwrap_or(1);
            if self == Self::Halved { whole.max(2) } else { whole }
        };
        Subsampling { h: side(own.h, window.width, to.width), v: side(own.v, window.height, to.height) }
    }
}

/// Resamples `window` of `image` to `size`, in the representation that it has; see [`resample_for`].
///
/// # Errors
/// A system failure when the buffers do not fit their sizes, which would be a bug.
pub fn resample(image: &Image, window: Window, size: Size, filter: Filter) -> Result<Image, Failure> {
    resample_for(image, window, size, filter, ChromaUse::Whole)
}

/// Resamples `window` of `image` to `size`, in the representation that it has.
///
/// Filters read across the window's edges where the picture goes on, so a window of a resized picture equals that
/// picture cropped. Alpha is multiplied in before and divided out after. Chroma comes out as if it had been brought to
/// luma size first, and is subsampled only as far as `chroma` says; it keeps centred siting.
///
/// # Errors
/// A system failure when the buffers do not fit their sizes, which would be a bug.
pub fn resample_for(
    image: &Image,
    window: Window,
    size: Size,
    filter: Filter,
    chroma: ChromaUse,
) -> Result<Image, Failure> {
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
            let subsampling = chroma.subsampling(ycc.subsampling, window, size);
            let across = Side {
                from: image.size.width,
                ratio: ycc.subsampling.h,
                start: window.left,
                length: window.width,
                to: size.width,
                to_ratio: subsampling.h,
            };
            let down = Side {
                from: image.size.height,
                ratio: ycc.subsampling.v,
                start: window.top,
                length: window.height,
                to: size.height,
                to_ratio: subsampling.v,
            };
            let [cb, cr] = chroma::resample([&ycc.cb, &ycc.cr], across, down, filter);
            let luma = run(&ycc.y.data, image.size, window, size, PixelType::U8)?;
            Pixels::Ycc(Ycc { y: Plane { size, data: luma }, cb, cr, subsampling })
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
    let source = Source::new(from.width, from.height, data, kind).map_err(|error| failed(&error))?;
    let mut target = Target::new(to.width, to.height, kind);
    let (width, height) =
        (within(window.left, window.width, from.width), within(window.top, window.height, from.height));
    resizer
        .resize(&source, &mut target, &options.crop(window.left, window.top, width, height))
        .map_err(|error| failed(&error))?;
    Ok(target.into_vec())
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
                let Pixels::Ycc(out) = out.pixels else { panic!("planar stays planar") };
                let Pixels::Ycc(expected) = ramp(to, out.subsampling).pixels else { panic!("planar") };
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
    fn chroma_keeps_the_resolution_that_source_and_result_have() {
        let (full, half) = (Subsampling::S444, Subsampling::S420);
        for (own, from, to, whole, halved) in [
            (half, (4000, 3000), (1600, 1200), full, half),
            (half, (4000, 3000), (3600, 2700), full, half),
            (half, (400, 300), (800, 600), half, half),
            (half, (401, 301), (800, 601), full, half),
            (full, (4000, 3000), (1600, 1200), full, half),
            (Subsampling::S422, (400, 300), (200, 300), full, half),
            (Subsampling::S422, (400, 300), (400, 200), Subsampling::S422, half),
            (
                Subsampling { h: 4, v: 1 },
                (400, 300),
                (900, 200),
                Subsampling { h: 4, v: 1 },
                Subsampling { h: 4, v: 2 },
            ),
            (Subsampling { h: 4, v: 1 }, (400, 300), (300, 200), Subsampling { h: 2, v: 1 }, half),
        ] {
            let image = ramp(Size::new(from.0, from.1), own);
            let to = Size::new(to.0, to.1);
            for (used, expected) in [(ChromaUse::Whole, whole), (ChromaUse::Halved, halved)] {
                let out = resample_for(&image, Window::all(image.size), to, Filter::Bilinear, used).unwrap();
                assert!(out.is_consistent());
                let Pixels::Ycc(out) = out.pixels else { panic!("planar stays planar") };
                assert_eq!(out.subsampling, expected, "{own:?} {from:?} → {to:?} {used:?}");
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
