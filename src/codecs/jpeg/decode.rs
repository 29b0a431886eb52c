//! Reading: planes are kept as in the file if possible, and otherwise brought to one size. If the request says so, they are
//! resampled while they are decoded.

use libjpeg_turbo_rs::{DecodeLimits, Decoder, JpegError};

use super::decoder::{self, Decoded, Scale, Wanted};
use super::frame::{Component, Frame, Process};
use super::preamble::{InkCoding, Layout, Preamble, read_preamble};
use crate::codecs::{DecodeRequest, Header, MAX_PIXELS, MAX_SIDE, Picture, Problem, window_at};
use crate::color::{ColorSpace, Inks};
use crate::image::convert::{convert, upsample};
use crate::image::orient::Turn;
use crate::image::resample::Laid;
use crate::image::{Image, Pixels, Plane, Representation, Size, Subsampling, Ycc};

pub(in crate::codecs) fn decode(bytes: &[u8], header: &Header, request: &DecodeRequest) -> Result<Picture, Problem> {
    let Preamble { header: Header { size: full, .. }, frame, layout, inks } = read_preamble(bytes)?;
    if full != header.size {
        return Err(Problem::damaged("its header changed"));
    }
    let subsampling = match layout {
        Layout::Planar(subsampling) => subsampling,
        Layout::Gray | Layout::Uneven | Layout::Rgb | Layout::Inks(_) => Subsampling::S444,
    };
    let by_core = frame.process != Process::Arithmetic;
    let scales = match by_core {
        true => Scales::serving(full, subsampling, request),
        false => Scales { luma: Scale::Full, chroma: Scale::Full },
    };
    let size = scales.luma.of(full);
    let turn = if request.auto_orient { Turn::of(header.orientation) } else { Turn::default() };
    let laid = Laid { size, window: window_at(full, 8 / scales.luma.side()), turn };
    let scaling = request.scaling.filter(|_| by_core && matches!(layout, Layout::Gray | Layout::Planar(_)));
    let luma = Wanted { scale: scales.luma, resampler: scaling.map(|scaling| scaling.luma(laid)) };
    let missing = |_| Problem::damaged("a plane is missing");
    let (pixels, findings) = match layout {
        Layout::Gray => {
            let Decoded { planes, findings } = decode_planes(bytes, &frame, vec![luma])?;
            let [luma] = <[Plane; 1]>::try_from(planes).map_err(missing)?;
            (Pixels::Gray(luma.data), findings)
        }
        Layout::Planar(_) => {
            let own = scales.subsampling(subsampling);
            let (chroma, subsampling) = match scaling {
                Some(scaling) => {
                    let (resamplers, subsampling) = scaling.chroma(laid, own);
                    (resamplers.map(Some), subsampling)
                }
                None => ([None, None], own),
            };
            let chroma = chroma.map(|resampler| Wanted { scale: scales.chroma, resampler });
            let wanted = std::iter::once(luma).chain(chroma).collect();
            let Decoded { planes, findings } = decode_planes(bytes, &frame, wanted)?;
            let [y, cb, cr] = <[Plane; 3]>::try_from(planes).map_err(missing)?;
            (Pixels::Ycc(Ycc { y, cb, cr, subsampling }), findings)
        }
        Layout::Uneven | Layout::Rgb => {
            let wanted = (0..3).map(|_| scales.luma.into()).collect();
            let Decoded { planes, findings } = decode_planes(bytes, &frame, wanted)?;
            let planes = planes.into_iter().zip(&frame.components);
            let planes = planes.map(|(plane, one)| even(plane, ratio(&frame, one), size)).collect::<Vec<_>>();
            let [y, cb, cr] = <[Plane; 3]>::try_from(planes).map_err(missing)?;
            let pixels = match layout {
                Layout::Rgb => Pixels::Rgb(interleaved([y, cb, cr])),
                _ => Pixels::Ycc(Ycc { y, cb, cr, subsampling: Subsampling::S444 }),
            };
            (pixels, findings)
        }
        Layout::Inks(coding) => {
            let wanted = (0..4).map(|_| scales.luma.into()).collect();
            let Decoded { planes, findings } = decode_planes(bytes, &frame, wanted)?;
            let planes = planes.into_iter().zip(&frame.components);
            let planes = planes.map(|(plane, one)| even(plane, ratio(&frame, one), size)).collect::<Vec<_>>();
            let planes = <[Plane; 4]>::try_from(planes).map_err(missing)?;
            (Pixels::Rgb(printed(planes, coding, &inks)), findings)
        }
    };
    let size = scaling.map_or(size, |scaling| scaling.size);
    Ok(Picture { image: Image::new(size, pixels), findings, is_scaled: scaling.is_some(), space: None })
}

/// The scales of a picture's components.
#[derive(Clone, Copy)]
struct Scales {
    luma: Scale,
    /// No smaller than luma's.
    chroma: Scale,
}

impl Scales {
    /// The smallest scales at which luma and chroma of a picture of this size are enough for the request. Chroma may be
    /// scaled down less, up to luma's size.
    fn serving(size: Size, subsampling: Subsampling, request: &DecodeRequest) -> Self {
        let covers = |given: Size, least: Size, most: Size| {
            given.width >= least.width.min(most.width) && given.height >= least.height.min(most.height)
        };
        let chroma_size = |scale: Scale| {
            let part = |length: u32, ratio: u8| (length * scale.side()).div_ceil(8 * u32::from(ratio));
            Size::new(part(size.width, subsampling.h), part(size.height, subsampling.v))
        };
        let finest = u32::from(subsampling.h.min(subsampling.v));
        for luma in Scale::ALL.into_iter().filter(|luma| covers(luma.of(size), request.at_least, size)) {
            let chroma = Scale::ALL
                .into_iter()
                .filter(|chroma| (luma.side()..=luma.side() * finest).contains(&chroma.side()))
                .find(|chroma| covers(chroma_size(*chroma), request.chroma_at_least, chroma_size(Scale::Full)));
            if let Some(chroma) = chroma {
                return Self { luma, chroma };
            }
        }
        Self { luma: Scale::Full, chroma: Scale::Full }
    }

    /// The subsampling after scaling.
    fn subsampling(self, of: Subsampling) -> Subsampling {
        let ratio = (self.chroma.side() / self.luma.side()) as u8;
        Subsampling { h: (of.h / ratio).max(1), v: (of.v / ratio).max(1) }
    }
}

/// Decodes a file's planes; arithmetic coding is left to libjpeg-turbo-rs, at full size.
pub(super) fn decode_planes(bytes: &[u8], frame: &Frame, wanted: Vec<Wanted>) -> Result<Decoded, Problem> {
    if frame.process != Process::Arithmetic {
        return decoder::decode(bytes, wanted);
    }
    // That decoder accepts files without their last scans and would return a coarser picture.
    if !bytes.windows(2).rev().any(|pair| pair == [0xff, 0xd9]) {
        return Err(Problem::Truncated);
    }
    let limits = DecodeLimits {
        max_width: MAX_SIDE as usize,
        max_height: MAX_SIDE as usize,
        max_pixels: MAX_PIXELS,
        max_scans: decoder::MAX_SCANS,
        ..DecodeLimits::default()
    };
    let raw = Decoder::new_with_limits(bytes, limits).and_then(Decoder::decode_raw).map_err(|error| match error {
        JpegError::UnexpectedEof => Problem::Truncated,
        JpegError::Unsupported(_) => Problem::Unsupported("a rare kind of JPEG"),
        _ => Problem::damaged("its pixel data cannot be unpacked"),
    })?;
    let planes = raw.planes.into_iter().zip(raw.plane_widths).enumerate();
    let planes = planes.map(|(component, (data, stride))| cropped(data, stride, frame.plane_size(component, 8)));
    Ok(Decoded { planes: planes.collect::<Result<_, _>>()?, findings: Vec::new() })
}

/// Cuts a plane with padded rows down to its size, in place.
fn cropped(mut data: Vec<u8>, stride: usize, size: Size) -> Result<Plane, Problem> {
    let (width, height) = (size.width as usize, size.height as usize);
    if stride < width || data.len() < stride * (height - 1) + width {
        return Err(Problem::damaged("a plane is too small"));
    }
    if stride > width {
        for y in 1..height {
            data.copy_within(y * stride..y * stride + width, y * width);
        }
    }
    data.truncate(width * height);
    Ok(Plane { size, data })
}

/// How many of the picture's samples share one sample of this component, across and down.
pub(super) fn ratio(frame: &Frame, component: &Component) -> Subsampling {
    let (h, v) = frame.most();
    Subsampling { h: h as u8 / component.h, v: v as u8 / component.v }
}

/// Resizes a component to the picture's size.
pub(super) fn even(plane: Plane, ratio: Subsampling, size: Size) -> Plane {
    match ratio {
        Subsampling::S444 => plane,
        Subsampling { h: 1 | 2 | 4, v: 1 | 2 | 4 } => upsample(&plane, ratio, size),
        // A ratio of 3 is replicated, as in libjpeg.
        Subsampling { h, v } => {
            let mut data = Vec::with_capacity(size.pixels() as usize);
            for y in 0..size.height {
                let row = plane.row(y / u32::from(v)).iter();
                let row = row.flat_map(|&sample| std::iter::repeat_n(sample, usize::from(h)));
                data.extend(row.take(size.width as usize));
            }
            Plane { size, data }
        }
    }
}

fn interleaved([red, green, blue]: [Plane; 3]) -> Vec<u8> {
    let mut samples = vec![0; red.data.len() * 3];
    let pixels = samples.as_chunks_mut::<3>().0.iter_mut();
    for (((pixel, red), green), blue) in pixels.zip(red.data).zip(green.data).zip(blue.data) {
        *pixel = [red, green, blue];
    }
    samples
}

/// The sRGB colours of inks. The coded values are light that the inks let through: 255 is none of an ink.
fn printed([c, m, y, k]: [Plane; 4], coding: InkCoding, profile: &ColorSpace) -> Vec<u8> {
    let size = c.size;
    let mut samples = match coding {
        InkCoding::Cmyk => interleaved([c, m, y]),
        // What is red, green and blue after the usual equations is cyan, magenta and yellow, 255 being full ink.
        InkCoding::Ycck => {
            let ycc = Ycc { y: c, cb: m, cr: y, subsampling: Subsampling::S444 };
            match convert(Image::new(size, Pixels::Ycc(ycc)), Representation::Rgb).pixels {
                Pixels::Rgb(samples) => samples,
                _ => unreachable!("a conversion returns the requested representation"),
            }
        }
    };
    let inks = Inks::of(profile);
    for (pixel, black) in samples.as_chunks_mut::<3>().0.iter_mut().zip(k.data) {
        let [c, m, y] = match coding {
            InkCoding::Cmyk => pixel.map(|light| 255 - light),
            InkCoding::Ycck => *pixel,
        };
        *pixel = inks.color([c, m, y, 255 - black]);
    }
    samples
}
