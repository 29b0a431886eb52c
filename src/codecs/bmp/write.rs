//! Writing: gray with a palette of grays, RGB of 24 bits, RGBA of 32 bits, bottom up. Alpha and a profile need the header of
//! version 5; otherwise the oldest header that Windows knows is written, which every program reads.

use super::EMBEDDED;
use crate::codecs::{EncodeRequest, Encoded, Encoders, Format, lossless};
use crate::color::ColorSpace;
use crate::error::Failure;
use crate::image::recolor::recolor;
use crate::image::{Image, Pixels, Representation};

const FILE_HEADER: u32 = 14;
const HEADER: u32 = 40;
const HEADER_5: u32 = 124;
/// 72 pixels an inch, in pixels a metre.
const RESOLUTION: u32 = 2835;
/// `LCS_sRGB`.
const SRGB: [u8; 4] = *b"BGRs";

pub(super) fn encode(image: Image, _: &EncodeRequest, _: Option<&dyn Encoders>) -> Result<Encoded, Failure> {
    // A profile here is for RGB.
    let image = match image.representation() {
        Representation::Gray => recolor(image, &ColorSpace::SRGB),
        _ => image,
    };
    let icc = image.space.icc().cloned().filter(|_| image.representation() != Representation::Gray);
    let Image { size, pixels, .. } = lossless(image);
    let (channels, samples) = match pixels {
        Pixels::Gray(samples) => (1, samples),
        Pixels::Rgba(samples) => (4, samples),
        Pixels::Rgb(samples) => (3, samples),
        Pixels::Ycc(_) | Pixels::Deep(_) => unreachable!("it became RGB"),
    };
    let stride = (size.width * channels).next_multiple_of(4);
    let length = stride * size.height;
    let is_long = channels == 4 || icc.is_some();
    let header = if is_long { HEADER_5 } else { HEADER };
    let palette = if channels == 1 { 256 * 4 } else { 0 };
    let profile = icc.as_ref().map_or(0, |icc| icc.len() as u32);
    let start = FILE_HEADER + header + palette;
    let mut bytes = Vec::with_capacity((start + length + profile) as usize);
    let mut put = |numbers: &[u32]| numbers.iter().for_each(|number| bytes.extend_from_slice(&number.to_le_bytes()));
    // One plane, and the bits of a pixel.
    let depth = 1 | (channels * 8) << 16;
    let compression = if channels == 4 { 3 } else { 0 };
    put(&[start + length + profile, 0, start]);
    put(&[header, size.width, size.height, depth, compression, length, RESOLUTION, RESOLUTION, palette / 4, 0]);
    if is_long {
        put(&if channels == 4 { [0x00ff_0000, 0xff00, 0xff, 0xff00_0000] } else { [0; 4] });
        put(&[u32::from_le_bytes(if icc.is_some() { EMBEDDED } else { SRGB })]);
        // Endpoints and gammas, which do not count.
        put(&[0; 12]);
        // Relative colorimetric.
        let place = if icc.is_some() { header + length } else { 0 };
        put(&[4, place, profile, 0]);
    }
    if channels == 1 {
        put(&std::array::from_fn::<u32, 256, _>(|gray| gray as u32 * 0x01_0101));
    }
    bytes.splice(0..0, *b"BM");
    for row in samples.chunks_exact((size.width * channels) as usize).rev() {
        match channels {
            1 => bytes.extend_from_slice(row),
            3 => {
                row.as_chunks().0.iter().for_each(|[red, green, blue]| bytes.extend_from_slice(&[*blue, *green, *red]))
            }
            _ => {
                let pixels = row.as_chunks().0.iter();
                pixels.for_each(|[red, green, blue, alpha]| bytes.extend_from_slice(&[*blue, *green, *red, *alpha]));
            }
        }
        bytes.resize(bytes.len() + (stride - size.width * channels) as usize, 0);
    }
    bytes.extend_from_slice(icc.as_deref().unwrap_or_default());
    Ok(Encoded { bytes, format: Format::Bmp, encoder: "pixelmill-bmp 1.0.0" })
}
