//! SVG (SVG 1.1, and what is in use of SVG 2), also compressed as SVGZ: drawn at its own size, in sRGB, on a transparent
//! ground. Scripts never run, animations stand still, and nothing outside of the file is ever fetched. It is drawn by a
//! program of its own ([`decoder`]); the size is read here ([`document`]). Drawings are not written.
//!
//! Texts are set in Roboto and in the fonts that the user has added, never in those of the device: no browser hands them out, and a
//! drawing looks the same everywhere. A family that is not there is replaced by Roboto, which a doubt says. Web pages within
//! drawings (`foreignObject`) are not drawn. The pictures in a drawing are worth what their decoders add (about 110 kB): without them
//! the parts of many drawings would be missing.

use serde::{Deserialize, Serialize};

use super::decoders::{Coding, Decoders, default_decoders};
use super::{Codec, DecodeRequest, Finding, Format, Header, Picture, Problem, Reading};
use crate::color::ColorSpace;
use crate::image::{Image, Pixels, Representation, Representations, Size};
use crate::lettering::emoji;

#[cfg(any(feature = "svg", not(target_arch = "wasm32")))]
pub(super) mod decoder;
mod document;

use document::Outline;
pub use document::with_width;
pub(super) use document::{is_compressed, sniff};

pub(super) const CODEC: Codec = Codec {
    reading: Reading::Whole {
        probe,
        decode: |bytes, header, _: &DecodeRequest| decode(bytes, header, default_decoders()),
    },
    encode: None,
    strip: None,
    animation: None,
};
/// Raise it when any decoded pixel changes.
pub(super) const VERSION: &str = "1.2.0";

/// What the decoder says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Report {
    /// The drawing, as straight RGBA.
    Drawn {
        width: u32,
        height: u32,
        /// Whether there is text as part of a web page, which is not drawn.
        has_web_text: bool,
        /// Whether pictures are missing in it, because they are not in the file or cannot be read.
        lacks_pictures: bool,
        /// The families of fonts that it names and that are not here.
        replaced: Vec<String>,
        /// The characters that no font has.
        missing: String,
    },
    /// It is not well-formed XML: the line where that shows.
    NotXml { line: u32 },
    /// Its elements contain or use each other beyond [`decoder`]'s limit, or themselves.
    TooDeep,
    /// It has, or its elements use, too many elements.
    TooComplex,
    /// Laying out its texts would take too long.
    TooMuchText,
    /// The pictures and patterns in it have too many pixels.
    PicturesTooLarge,
}

/// Whether a file may have text, for which its decoder needs fonts.
pub(super) fn may_have_text(file: &[u8]) -> bool {
    document::text(file).is_ok_and(|text| document::may_have_text(&text))
}

/// Whether a file may have emoji, for which its decoder needs the font for them too.
pub(super) fn may_have_emoji(file: &[u8]) -> bool {
    document::text(file).is_ok_and(|text| emoji::are_in(&text))
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
    let (size, findings) = match report {
        Report::Drawn { width, height, has_web_text, lacks_pictures, replaced, missing } => {
            let replaced = (!replaced.is_empty()).then_some(Finding::FontsReplaced(replaced));
            let missing = (!missing.is_empty()).then_some(Finding::GlyphsMissing(missing));
            let text = has_web_text.then_some(Finding::TextLeftOut);
            let pictures = lacks_pictures.then_some(Finding::PicturesLeftOut);
            (Size::new(width, height), [text, pictures, replaced, missing])
        }
        Report::NotXml { line } => return Err(Problem::NotXml(line)),
        Report::TooDeep => {
            return Err(Problem::Unsupported("a drawing whose elements are nested too deeply, or in themselves"));
        }
        Report::TooComplex => return Err(Problem::Unsupported("a drawing of more than a million elements")),
        Report::TooMuchText => {
            return Err(Problem::Unsupported("a drawing with too much text, or with text on a path of extreme length"));
        }
        Report::PicturesTooLarge => {
            return Err(Problem::Unsupported("a drawing whose pictures or patterns have more than 120 megapixels"));
        }
    };
    if size != header.size || data.len() as u64 != size.pixels() * 4 {
        return Err(Problem::damaged("its picture does not have the size in its header"));
    }
    let findings = findings.into_iter().flatten().collect();
    Ok(Picture { findings, ..Image::new(size, Pixels::Rgba(data)).into() })
}
