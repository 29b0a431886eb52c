//! Windows bitmap, read only, by the `image` package: palette, 16, 24 and 32 bits, run lengths, bit fields with alpha.

use std::io::Cursor;

use ::image::codecs::bmp::BmpDecoder;
use ::image::{ColorType, ImageDecoder, ImageError};

use super::{Codec, DecodeRequest, Format, Header, Picture, Problem};
use crate::image::{Image, Pixels, Representation, Representations, Size};

pub(super) const CODEC: Codec = Codec { probe, decode, encode: None };

/// The size of the header that follows the file's is one of those in use.
pub(super) fn sniff(bytes: &[u8]) -> bool {
    matches!(bytes, [b'B', b'M', _, _, _, _, _, _, _, _, _, _, _, _, 12 | 40 | 52 | 56 | 64 | 108 | 124, 0, 0, 0, ..])
}

fn problem(error: ImageError) -> Problem {
    match error {
        ImageError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Problem::Truncated,
        ImageError::Unsupported(_) => Problem::Unsupported("a bitmap of a rare kind"),
        error => Problem::damaged(error),
    }
}

fn probe(bytes: &[u8]) -> Result<Header, Problem> {
    // Reads the header and the palette, nothing that grows with the size.
    let decoder = BmpDecoder::new(Cursor::new(bytes)).map_err(problem)?;
    let (width, height) = decoder.dimensions();
    let alpha = decoder.color_type() == ColorType::Rgba8;
    Ok(Header {
        format: Format::Bmp,
        size: Size::new(width, height),
        orientation: 1,
        alpha,
        native: Representations::of(if alpha { &[Representation::Rgba] } else { &[Representation::Rgb] }),
        icc: None,
    })
}

fn decode(bytes: &[u8], header: &Header, _: &DecodeRequest) -> Result<Picture, Problem> {
    let decoder = BmpDecoder::new(Cursor::new(bytes)).map_err(problem)?;
    let channels = if header.alpha { 4 } else { 3 };
    let mut samples = vec![0; header.size.pixels() as usize * channels];
    if decoder.total_bytes() != samples.len() as u64 {
        return Err(Problem::damaged("its picture is not of the size it names"));
    }
    decoder.read_image(&mut samples).map_err(problem)?;
    let pixels = if header.alpha { Pixels::Rgba(samples) } else { Pixels::Rgb(samples) };
    Ok(Image::new(header.size, pixels).into())
}
