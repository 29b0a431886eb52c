//! SVG (SVG 1.1, and what is in use of SVG 2), also compressed as SVGZ: drawn at its own size, in sRGB, on a transparent
//! ground. Scripts never run, animations stand still, and nothing outside of the file is ever fetched. It is drawn by a
//! program of its own ([`decoder`]); the size is read here ([`document`]). Drawings are not written.
//!
//! Text is not drawn, which a doubt says. What shapes text would add 290 kB after brotli to the 326 that the program has, and
//! without the fonts of the device, which no browser hands out, letters would still not be those of the drawing. Drawing
//! programs can store text as outlines. The pictures in a drawing are worth what their decoders add (about 110 kB): without them
//! the parts of many drawings would be missing.

use serde::{Deserialize, Serialize};

use super::decoders::{Coding, Decoders, default_decoders};
use super::{Codec, DecodeRequest, Finding, Format, Header, Picture, Problem};
use crate::color::ColorSpace;
use crate::image::{Image, Pixels, Representation, Representations, Size};

#[cfg(any(feature = "svg", not(target_arch = "wasm32")))]
pub(super) mod decoder;
mod document;

use document::Outline;
pub(super) use document::{is_compressed, sniff};

pub(super) const CODEC: Codec = Codec {
    probe,
    decode: |bytes, header, _: &DecodeRequest| decode(bytes, header, default_decoders()),
    encode: None,
    strip: None,
    animation: None,
};
/// Raise it when any decoded pixel changes.
pub(super) const VERSION: &str = "1.0.0";

/// What the decoder says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Report {
    /// The drawing, as straight RGBA.
    Drawn {
        width: u32,
        height: u32,
        /// Whether there is text, which is not drawn.
        has_text: bool,
        /// Whether pictures are missing in it, because they are not in the file or cannot be read.
        lacks_pictures: bool,
    },
    /// It is not well-formed XML: the line where that shows.
    NotXml { line: u32 },
    /// Its elements contain or use each other beyond [`decoder`]'s limit, or themselves.
    TooDeep,
    /// It has, or its elements use, too many elements.
    TooComplex,
    /// The pictures and patterns in it have too many pixels.
    PicturesTooLarge,
}

fn probe(bytes: &[u8]) -> Result<Header, Problem> {
    let outline = Outline::of(&document::text(bytes)?)?;
    Ok(Header {
        format: Format::Svg,
        size: outline.pixels(),
        orientation: 1,
        alpha: true,
        native: Representations::of(&[Representation::Rgba]),
        space: ColorSpace::SRGB,
        animation: None,
        findings: Vec::new(),
    })
}

/// Draws the picture with a decoder of the host.
pub(super) fn decode(bytes: &[u8], header: &Header, decoders: &dyn Decoders) -> Result<Picture, Problem> {
    let product = decoders.decode(Coding::Svg, bytes).map_err(Problem::Decoder)?;
    let (report, data) = product.read()?;
    let (size, has_text, lacks_pictures) = match report {
        Report::Drawn { width, height, has_text, lacks_pictures } => {
            (Size::new(width, height), has_text, lacks_pictures)
        }
        Report::NotXml { line } => return Err(Problem::NotXml(line)),
        Report::TooDeep => {
            return Err(Problem::Unsupported("a drawing whose elements are nested too deeply, or in themselves"));
        }
        Report::TooComplex => return Err(Problem::Unsupported("a drawing of more than a million elements")),
        Report::PicturesTooLarge => {
            return Err(Problem::Unsupported("a drawing whose pictures or patterns have more than 120 megapixels"));
        }
    };
    if size != header.size || data.len() as u64 != size.pixels() * 4 {
        return Err(Problem::damaged("its picture does not have the size in its header"));
    }
    let findings = [(has_text, Finding::TextLeftOut), (lacks_pictures, Finding::PicturesLeftOut)];
    let findings = findings.into_iter().filter_map(|(is_so, finding)| is_so.then_some(finding)).collect();
    Ok(Picture { findings, ..Image::new(size, Pixels::Rgba(data)).into() })
}
