//! Writing: subsampled planes are kept; for anything else the quality determines the chroma subsampling.

use super::encoder::{self, Coding, Settings};
use crate::codecs::{EncodeRequest, Encoded, Format, MAX_SIDE, WebpEncoder, halves_chroma};
use crate::error::Failure;
use crate::image::convert::{composite, convert, full_chroma, half_chroma};
use crate::image::{Image, Pixels, Plane, Representation, Subsampling, Ycc};

/// Optimised tables need all coefficients of the picture at once, three bytes per pixel. Beyond this many pixels the
/// standard tables are used.
const MOST_PIXELS_OPTIMISED: u64 = 50_000_000;

pub(super) fn encode(image: Image, request: &EncodeRequest, _: Option<&dyn WebpEncoder>) -> Result<Encoded, Failure> {
    let image = composite(image, request.background);
    let size = image.size;
    if size.width > MAX_SIDE || size.height > MAX_SIDE {
        return Err(Failure::execute(
            format!("A JPEG file can be at most 65,500 pixels a side; the picture is {}×{}.", size.width, size.height),
            "Make the picture smaller, or choose PNG.",
        ));
    }
    let icc = image.space.icc().cloned();
    let settings = Settings {
        quality: request.quality,
        coding: if size.pixels() <= MOST_PIXELS_OPTIMISED { Coding::Optimised } else { Coding::Standard },
        icc: icc.as_deref(),
    };
    let bytes = match image.pixels {
        Pixels::Gray(data) => encoder::encode_gray(&Plane { size, data }, &settings),
        pixels => {
            let Ycc { y, cb, cr, subsampling } = planes(Image::new(size, pixels), request.quality);
            encoder::encode_planes([&y, &cb, &cr], subsampling, &settings)
        }
    };
    Ok(Encoded { bytes, format: Format::Jpeg, encoder: "pixelmill-jpeg 1.0.0" })
}

/// A colour picture's planes as they will be written.
fn planes(image: Image, quality: u8) -> Ycc {
    let Pixels::Ycc(ycc) = convert(image, Representation::Ycc).pixels else {
        unreachable!("a conversion returns the requested representation")
    };
    if ycc.subsampling == Subsampling::S444 && halves_chroma(Format::Jpeg, quality) {
        half_chroma(ycc)
    } else if encoder::can_hold(ycc.subsampling) {
        ycc
    } else {
        full_chroma(ycc)
    }
}
