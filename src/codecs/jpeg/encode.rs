//! Writing: subsampled planes as they are, all else with chroma as its quality asks.

use super::encoder::{self, Coding, Settings};
use crate::codecs::icc::{ColorModel, model};
use crate::codecs::{EncodeRequest, Encoded, Format, MAX_SIDE, WebpEncoder, halves_chroma};
use crate::error::Failure;
use crate::image::convert::{composite, convert, full_chroma, half_chroma};
use crate::image::{Image, Pixels, Plane, Representation, Subsampling, Ycc};

/// Tables made for the picture need all its coefficients at once, three bytes a pixel: beyond this many pixels the
/// standard ones are taken.
const MOST_PIXELS_OPTIMISED: u64 = 50_000_000;

pub(super) fn encode(image: Image, request: &EncodeRequest, _: Option<&dyn WebpEncoder>) -> Result<Encoded, Failure> {
    let image = composite(image, request.background);
    let size = image.size;
    if size.width > MAX_SIDE || size.height > MAX_SIDE {
        return Err(Failure::execute(
            format!("A JPEG file holds at most 65,500 pixels a side; the picture is {}×{}.", size.width, size.height),
            "Make the picture smaller, or choose PNG.",
        ));
    }
    let icc = image.icc.clone();
    let gray = image.representation() == Representation::Gray;
    let settings = Settings {
        quality: request.quality,
        coding: if size.pixels() <= MOST_PIXELS_OPTIMISED { Coding::Optimised } else { Coding::Standard },
        icc: icc.as_deref().filter(|profile| gray || model(profile) != ColorModel::Gray),
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

/// A colour picture's planes as the file will hold them.
fn planes(image: Image, quality: u8) -> Ycc {
    let Pixels::Ycc(ycc) = convert(image, Representation::Ycc).pixels else {
        unreachable!("a conversion gives what it is asked for")
    };
    if ycc.subsampling == Subsampling::S444 && halves_chroma(Format::Jpeg, quality) {
        half_chroma(ycc)
    } else if encoder::can_hold(ycc.subsampling) {
        ycc
    } else {
        full_chroma(ycc)
    }
}
