//! Writing: unless the size of chroma is given, subsampled planes are kept, and the quality determines it for all else.

use super::encoder::{self, Coding, Settings};
use crate::codecs::{Chroma, EncodeRequest, Encoded, Encoders, Format, MAX_SIDE};
use crate::error::Failure;
use crate::image::convert::{composite, convert, full_chroma, half_chroma};
use crate::image::{Image, Pixels, Plane, Representation, Subsampling, Ycc};

/// Optimised tables and progressive files need all coefficients of the picture at once, three bytes per pixel. Beyond this
/// many pixels the file is sequential, with the standard tables.
const MOST_PIXELS_OPTIMISED: u64 = 50_000_000;

pub(super) fn encode(image: Image, request: &EncodeRequest, _: Option<&dyn Encoders>) -> Result<Encoded, Failure> {
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
        coding: match request.progressive {
            _ if size.pixels() > MOST_PIXELS_OPTIMISED => Coding::Standard,
            true => Coding::Progressive,
            false => Coding::Optimised,
        },
        icc: icc.as_deref(),
        resolution: request.resolution,
    };
    let bytes = match image.pixels {
        Pixels::Gray(data) => encoder::encode_gray(&Plane { size, data }, &settings),
        pixels => {
            let Ycc { y, cb, cr, subsampling } = planes(Image::new(size, pixels), request);
            encoder::encode_planes([&y, &cb, &cr], subsampling, &settings)
        }
    };
    Ok(Encoded { bytes, format: Format::Jpeg, encoder: "pixelmill-jpeg 1.0.0" })
}

/// A colour picture's planes as they will be written.
fn planes(image: Image, request: &EncodeRequest) -> Ycc {
    let Pixels::Ycc(ycc) = convert(image, Representation::Ycc).pixels else {
        unreachable!("a conversion returns the requested representation")
    };
    let is_full = ycc.subsampling == Subsampling::S444;
    match request.chroma {
        Chroma::Auto if is_full && request.chroma.halves(Format::Jpeg, request.quality) => half_chroma(ycc),
        Chroma::Auto if encoder::can_hold(ycc.subsampling) => ycc,
        Chroma::Halved if ycc.subsampling == Subsampling::S420 => ycc,
        Chroma::Halved => half_chroma(full_chroma(ycc)),
        Chroma::Auto | Chroma::Full => full_chroma(ycc),
    }
}
