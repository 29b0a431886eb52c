//! Resampling: any window of a picture to any size, in every representation. Planes are convolved by our own code (`rows`),
//! with weights that keep luma and chroma aligned (`taps`); interleaved samples by `fast_image_resize`. The actions decide
//! which size a picture gets.

use fast_image_resize::images::{Image as Target, ImageRef as Source};
use fast_image_resize::pixels::{U16, U16x3, U16x4};
use fast_image_resize::{ImageBufferError, PixelType, ResizeOptions, Resizer};

use super::depth::by_depth;
use super::light::{Light, Lit};
use super::orient::Turn;
use super::{Deep, Image, Pixels, Size, Subsampling, Ycc};
use crate::error::Failure;

mod filter;
mod rows;
mod taps;

pub use filter::Filter;
pub(crate) use rows::PlaneResampler;
use taps::{Side, Taps};

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
    let interleaved = |data: &[u8], kind: PixelType| resize_interleaved(data, image.size, window, size, kind, filter);
    let laid = Laid { size: image.size, window, turn: Turn::default() };
    let scaling = Scaling { size, filter, chroma };
    let pixels = match &image.pixels {
        Pixels::Gray(data) => Pixels::Gray(scaling.luma(laid).whole(data).data),
        Pixels::Rgb(data) => Pixels::Rgb(interleaved(data, PixelType::U8x3)?),
        Pixels::Rgba(data) => Pixels::Rgba(interleaved(data, PixelType::U8x4)?),
        Pixels::Deep(deep) => Pixels::Deep(resize_deep(deep, image.size, window, size, filter)?),
        Pixels::Ycc(ycc) => {
            let ([cb, cr], subsampling) = scaling.chroma(laid, ycc.subsampling);
            Pixels::Ycc(Ycc {
                y: scaling.luma(laid).whole(&ycc.y.data),
                cb: cb.whole(&ycc.cb.data),
                cr: cr.whole(&ycc.cr.data),
                subsampling,
            })
        }
    };
    Ok(image.with(size, pixels))
}

/// How a gray or planar picture is scaled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scaling {
    /// The new size.
    pub size: Size,
    /// How samples are weighted.
    pub filter: Filter,
    /// What its colour is for.
    pub chroma: ChromaUse,
}

/// Where a picture lies in the samples that are scaled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Laid {
    /// The size of its luma plane.
    pub(crate) size: Size,
    /// The picture's place in it.
    pub(crate) window: Window,
    /// How the result is mirrored. Swapping rows and columns is left to the caller.
    pub(crate) turn: Turn,
}

impl Scaling {
    /// The resampler of its luma plane.
    pub(crate) fn luma(self, laid: Laid) -> PlaneResampler {
        self.resampler(laid, Subsampling::S444, Subsampling::S444)
    }

    /// The resamplers of its chroma planes, and the resulting subsampling.
    pub(crate) fn chroma(self, laid: Laid, subsampling: Subsampling) -> ([PlaneResampler; 2], Subsampling) {
        let to = self.chroma.subsampling(subsampling, laid.window, self.size);
        (std::array::from_fn(|_| self.resampler(laid, subsampling, to)), to)
    }

    fn resampler(self, laid: Laid, from: Subsampling, to: Subsampling) -> PlaneResampler {
        let Laid { size, window, .. } = laid;
        let across = Side {
            from: size.width,
            ratio: from.h,
            start: window.left,
            length: window.width,
            to: self.size.width,
            to_ratio: to.h,
            mirrored: laid.turn.columns_mirrored,
        };
        let down = Side {
            from: size.height,
            ratio: from.v,
            start: window.top,
            length: window.height,
            to: self.size.height,
            to_ratio: to.v,
            mirrored: laid.turn.rows_mirrored,
        };
        PlaneResampler::new(across.samples(), Taps::of(across, self.filter), Taps::of(down, self.filter))
    }
}

fn resize_interleaved(
    data: &[u8],
    from: Size,
    window: Window,
    to: Size,
    kind: PixelType,
    filter: Filter,
) -> Result<Vec<u8>, Failure> {
    resize_buffer(Source::new(from.width, from.height, data, kind), window, to, filter)
}

/// Colour is weighted by alpha if there is any.
fn resize_buffer(
    source: Result<Source<'_>, ImageBufferError>,
    window: Window,
    to: Size,
    filter: Filter,
) -> Result<Vec<u8>, Failure> {
    let failed = |error: &dyn std::fmt::Display| {
        Failure::system(format!("The picture could not be resized: {error}."), "Report this as a bug.")
    };
    let source = source.map_err(|error| failed(&error))?;
    let kind = source.pixel_type();
    let has_alpha = matches!(kind, PixelType::U8x4 | PixelType::U16x4);
    let options = ResizeOptions::new().resize_alg(filter.algorithm()).use_alpha(has_alpha);
    let mut target = Target::new(to.width, to.height, kind);
    let (width, height) =
        (within(window.left, window.width, source.width()), within(window.top, window.height, source.height()));
    Resizer::new()
        .resize(&source, &mut target, &options.crop(window.left, window.top, width, height))
        .map_err(|error| failed(&error))?;
    Ok(target.into_vec())
}

fn resize_deep(deep: &Deep, from: Size, window: Window, to: Size, filter: Filter) -> Result<Deep, Failure> {
    let resized = |source: Result<Source<'_>, ImageBufferError>| -> Result<Vec<u16>, Failure> {
        let bytes = resize_buffer(source, window, to, filter)?;
        Ok(bytes.as_chunks().0.iter().map(|sample| u16::from_ne_bytes(*sample)).collect())
    };
    let Size { width, height } = from;
    Ok(match deep {
        Deep::Gray(samples) => {
            let pixels: Vec<_> = samples.iter().map(|sample| U16::new(*sample)).collect();
            Deep::Gray(resized(Source::from_pixels(width, height, &pixels))?)
        }
        Deep::Rgb(samples) => {
            let pixels: Vec<_> = samples.as_chunks().0.iter().map(|rgb| U16x3::new(*rgb)).collect();
            Deep::Rgb(resized(Source::from_pixels(width, height, &pixels))?)
        }
        Deep::Rgba(samples) => {
            let pixels: Vec<_> = samples.as_chunks().0.iter().map(|rgba| U16x4::new(*rgba)).collect();
            Deep::Rgba(resized(Source::from_pixels(width, height, &pixels))?)
        }
    })
}

/// Resamples `window` of `image` to `size` in linear light, in 16 bits: amounts of light are mixed instead of encoded
/// values. A planar picture is mixed as it is.
///
/// Rows are resampled before columns, and what a filter with negative weights makes darker than black or brighter than white is
/// cut off in between. Beside bright edges, the darkest pixels can so differ by some levels from a result without this limit.
///
/// # Errors
/// As [`resample`].
pub(crate) fn resample_light(image: &Image, window: Window, size: Size, filter: Filter) -> Result<Image, Failure> {
    if matches!(image.pixels, Pixels::Ycc(_)) {
        return resample(image, window, size, filter);
    }
    let pixels = by_depth!(image, resampled_light(&image.pixels, image.size, window, size, filter))?;
    Ok(image.with(size, pixels.unwrap_or_else(|| image.pixels.clone())))
}

/// The same for interleaved samples.
fn resampled_light<S: Lit>(
    pixels: &Pixels,
    from: Size,
    window: Window,
    to: Size,
    filter: Filter,
) -> Result<Option<Pixels>, Failure> {
    let Some((samples, channels)) = S::interleaved(pixels) else { return Ok(None) };
    let light = Light::new();
    let linear: Vec<u16> = (0..S::COUNT).map(|index| (light.of(S::of_index(index)) * 65535.0 + 0.5) as u16).collect();
    let of = |value: &S| linear[value.index()];
    let Size { width, height } = from;
    let resized = |source: Result<Source<'_>, ImageBufferError>| resize_buffer(source, window, to, filter);
    let deep = |bytes: &[u8; 2]| u16::from_ne_bytes(*bytes);
    let encoded = |bytes: &[u8; 2]| light.sample::<S>(f32::from(deep(bytes)) / 65535.0);
    let all_encoded = |deep: Vec<u8>| deep.as_chunks().0.iter().map(encoded).collect();
    let samples: Vec<S> = match channels {
        1 => {
            let pixels: Vec<_> = samples.iter().map(|value| U16::new(of(value))).collect();
            all_encoded(resized(Source::from_pixels(width, height, &pixels))?)
        }
        3 => {
            let pixel = |[r, g, b]: &[S; 3]| U16x3::new([of(r), of(g), of(b)]);
            let pixels: Vec<_> = samples.as_chunks().0.iter().map(pixel).collect();
            all_encoded(resized(Source::from_pixels(width, height, &pixels))?)
        }
        _ => {
            let whole = u32::from(u16::MAX) / (S::COUNT as u32 - 1);
            let pixel = |[r, g, b, a]: &[S; 4]| U16x4::new([of(r), of(g), of(b), (a.index() as u32 * whole) as u16]);
            let pixels: Vec<_> = samples.as_chunks().0.iter().map(pixel).collect();
            let deep_pixels = resized(Source::from_pixels(width, height, &pixels))?;
            let (samples, _) = deep_pixels.as_chunks::<2>();
            let opacity = |bytes: &[u8; 2]| S::of_index(((u32::from(deep(bytes)) + whole / 2) / whole) as usize);
            let pixel = |[r, g, b, a]: &[[u8; 2]; 4]| [encoded(r), encoded(g), encoded(b), opacity(a)];
            samples.as_chunks().0.iter().flat_map(pixel).collect()
        }
    };
    Ok(Some(S::pixels(samples, channels)))
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
    use super::super::Plane;
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
            (half, (400, 300), (160, 120), full, half),
            (half, (400, 300), (360, 270), full, half),
            (half, (400, 300), (800, 600), half, half),
            (half, (401, 301), (800, 601), half, half),
            (full, (400, 300), (160, 120), full, half),
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

    /// Lengths for which Catmull-Rom's last or first weight is exactly 0; see `Filter::algorithm`.
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
