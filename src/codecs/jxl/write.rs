//! Writing: gray, RGB or RGBA without loss (but for more than 8 bits beside opacity), in sRGB, because the encoder writes no profile. Metadata goes into boxes around the
//! codestream.

use zune_core::bit_depth::BitDepth;
use zune_core::colorspace::ColorSpace as Channels;
use zune_core::options::EncoderOptions;
use zune_jpegxl::JxlSimpleEncoder;

use super::container;
use crate::codecs::metadata::{Facts, Metadata};
use crate::codecs::{EncodeRequest, Encoded, Encoders, Format, lossless};
use crate::color::ColorSpace;
use crate::error::Failure;
use crate::image::depth::narrowed;
use crate::image::recolor::recolor;
use crate::image::{Image, Pixels, Size};

pub(super) fn encode(image: Image, _: &EncodeRequest, _: Option<&dyn Encoders>) -> Result<Encoded, Failure> {
    let mut image = lossless(recolor(image, &ColorSpace::SRGB));
    if image.has_alpha() {
        // The encoder declares opacity to have 8 bits, whatever colours have.
        image = narrowed(image);
    }
    let Size { width, height } = image.size;
    let kind = |channels: usize| match channels {
        1 => Channels::Luma,
        3 => Channels::RGB,
        _ => Channels::RGBA,
    };
    let (samples, channels, depth) = match image.pixels {
        Pixels::Gray(samples) => (samples, Channels::Luma, BitDepth::Eight),
        Pixels::Rgb(samples) => (samples, Channels::RGB, BitDepth::Eight),
        Pixels::Rgba(samples) => (samples, Channels::RGBA, BitDepth::Eight),
        Pixels::Deep(deep) => {
            let samples = deep.samples().iter().flat_map(|sample| sample.to_ne_bytes()).collect();
            (samples, kind(deep.channels()), BitDepth::Sixteen)
        }
        Pixels::Ycc(_) => unreachable!("it became RGB"),
    };
    let options = EncoderOptions::new(width as usize, height as usize, channels, depth);
    let mut bytes = Vec::new();
    JxlSimpleEncoder::new(&samples, options).encode(&mut bytes).map_err(|_| {
        Failure::execute(
            format!("JPEG XL is not written for {width} × {height} pixels."),
            "Make the picture at least two pixels wide and high, or choose another format.",
        )
    })?;
    Ok(Encoded { bytes, format: Format::Jxl, encoder: "zune-jpegxl 0.5.2" })
}

/// A bare codestream in a container with metadata, which comes first.
pub(in crate::codecs) fn with_metadata(file: &[u8], metadata: &Metadata, facts: Facts) -> Option<Vec<u8>> {
    let mut out = container::SIGNATURE.to_vec();
    container::put(&mut out, b"ftyp", &[b"jxl \0\0\0\0jxl "])?;
    if let Some(exif) = metadata.exif(facts, false) {
        // The TIFF structure follows at once.
        container::put(&mut out, b"Exif", &[&[0; 4], &exif])?;
    }
    if let Some(packet) = metadata.xmp() {
        container::put(&mut out, b"xml ", &[&packet])?;
    }
    container::put(&mut out, b"jxlc", &[file])?;
    Some(out)
}
