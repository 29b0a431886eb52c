//! Reading files upright, and their samples as RGBA.

use pixelmill::codecs::{DecodeRequest, Decoded, Header, decode, probe};
use pixelmill::error::Failure;
use pixelmill::image::convert::convert;
use pixelmill::image::depth::at_a_glance;
use pixelmill::image::{Image, Pixels, Representation};

/// What is read of a file in a representation, or in the first that its decoder gives.
pub(crate) fn decoded(bytes: &[u8], representation: Option<Representation>) -> Result<(Header, Decoded), Failure> {
    let header = probe(bytes, "a.file")?;
    let whole = DecodeRequest { auto_orient: true, ..DecodeRequest::whole(&header) };
    let request = DecodeRequest { representation: representation.unwrap_or(whole.representation), ..whole };
    let decoded = decode(bytes, &header, &request, "a.file")?;
    Ok((header, decoded))
}

/// The samples of a picture, in 8 bits.
pub(crate) fn rgba(image: Image) -> Vec<u8> {
    match convert(at_a_glance(&image).into_owned(), Representation::Rgba).pixels {
        Pixels::Rgba(samples) => samples,
        _ => panic!("not RGBA"),
    }
}
