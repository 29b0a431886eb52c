//! Writing: gray, RGB or RGBA, in sRGB, because none of the encoders writes a profile. With loss, or packed hard, the host's encoder codes the
//! picture, of 8 bits a sample. Otherwise it is written here, without loss. Metadata goes into boxes around the codestream.

use zune_core::bit_depth::BitDepth;
use zune_core::colorspace::ColorSpace as Channels;
use zune_core::options::EncoderOptions;
use zune_jpegxl::JxlSimpleEncoder;

use super::container;
use super::header::{self, Kind, Opacity};
use crate::codecs::encoders::{self, Encoder, Encoders, Encoding, Raster};
use crate::codecs::metadata::{Facts, Metadata};
use crate::codecs::{EncodeRequest, Encoded, Format, lossless};
use crate::color::ColorSpace;
use crate::error::Failure;
use crate::image::convert::convert;
use crate::image::recolor::recolor;
use crate::image::{Image, Pixels, Representation, Size};

/// The quality at which nothing is lost.
const LOSSLESS: u8 = 100;

/// libjxl's efforts for ours from 1 to 9. With loss, its first three are the same. Its slower ones take three times as long and as much memory.
const EFFORTS: [u8; 9] = [3, 3, 3, 4, 4, 5, 5, 6, 7];
/// Its effort for lossy files if none is said.
const USUAL_EFFORT: u8 = 4;

/// The most pixels for which the host's encoder has enough memory without loss.
const MAX_LOSSLESS_PIXELS: u64 = 12_000_000;

pub(super) fn encode(
    image: Image,
    request: &EncodeRequest,
    encoders: Option<&dyn Encoders>,
) -> Result<Encoded, Failure> {
    let image = recolor(image, &ColorSpace::SRGB);
    if request.is_lossy() && request.quality < LOSSLESS {
        let (encoders, encoder) = encoders::loaded(encoders, Encoder::Jxl).ok_or_else(|| {
            encoders::not_loaded(
                "JPEG XL",
                "Retry it. If that does not help, reload the page, or choose another format.",
            )
        })?;
        return coded(image, request.quality, request.effort, encoders, encoder);
    }
    let image = lossless(image);
    let is_for_host = matches!(image.pixels, Pixels::Rgb(_) | Pixels::Rgba(_))
        && image.size.pixels() <= MAX_LOSSLESS_PIXELS
        && encoders::packs_hard(request.effort);
    match encoders::loaded(encoders, Encoder::Jxl).filter(|_| is_for_host) {
        Some((encoders, encoder)) => coded(image, LOSSLESS, request.effort, encoders, encoder),
        None => kept(image),
    }
}

/// By the host's encoder.
fn coded(
    image: Image,
    quality: u8,
    effort: Option<u8>,
    encoders: &dyn Encoders,
    encoder: &'static str,
) -> Result<Encoded, Failure> {
    let (size, is_gray) = (image.size, image.representation() == Representation::Gray);
    let Pixels::Rgba(rgba) = convert(image, Representation::Rgba).pixels else { unreachable!("converted") };
    let is_opaque = rgba.iter().skip(3).step_by(4).all(|alpha| *alpha == u8::MAX);
    let opacity = if is_opaque { Opacity::Full } else { Opacity::Bytes };
    let effort = effort.map_or(USUAL_EFFORT, |effort| EFFORTS[usize::from(effort.clamp(1, 9)) - 1]);
    let file = encoders.encode(Raster { rgba: &rgba, size, depth: 8 }, Encoding::Jxl { quality, effort })?;
    let bytes = header::with_kind(&file, Kind { is_gray, opacity }).ok_or_else(unreadable)?;
    Ok(Encoded { bytes, format: Format::Jxl, encoder })
}

/// Without loss, at once.
fn kept(image: Image) -> Result<Encoded, Failure> {
    let is_deep_with_alpha = image.representation() == Representation::Rgba16;
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
            format!("JPEG XL is not written without loss for {width} × {height} pixels."),
            "Make the picture at least two pixels wide and high, turn \"lossless\" off, or choose another format.",
        )
    })?;
    if is_deep_with_alpha {
        // The encoder declares opacity to have 8 bits, whatever colours have.
        let kind = Kind { is_gray: false, opacity: Opacity::Words };
        bytes = header::with_kind(&bytes, kind).ok_or_else(unreadable)?;
    }
    Ok(Encoded { bytes, format: Format::Jxl, encoder: "zune-jpegxl 0.5.2" })
}

fn unreadable() -> Failure {
    Failure::system("The JPEG XL encoder returned an unreadable file.", "Try again, or choose another format.")
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
