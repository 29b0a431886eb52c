//! HEIF files with HEVC pictures (ISO/IEC 23008-12), as phones take them, read only: the primary picture, also if it is made
//! of tiles or layers, cropped, turned and mirrored as the file says; the camera's own orientation does not count beside that.
//!
//! The pixels are decoded by a program of its own ([`decoder`]); headers are read here. Only with the feature `heic`: patents on
//! HEVC may require a licence where a build is used or given away.

use heifer_isobmff::HeifFile;
use heifer_isobmff::boxes::Property;
use serde::{Deserialize, Serialize};

use super::decoders::{Coding, Decoders, default_decoders};
use super::foreign::Foreign;
use super::{Codec, DecodeRequest, Header, Picture, Problem, Reading, foreign, heif};

#[cfg(any(feature = "hevc", not(target_arch = "wasm32")))]
pub(super) mod decoder;
#[cfg(feature = "heic")]
mod read;

/// Raise it when any decoded pixel changes.
pub(super) const VERSION: &str = "1.1.0";

pub(super) fn sniff(bytes: &[u8]) -> bool {
    foreign::by_file_type(bytes) == Some(Foreign::HEIC)
}

pub(super) use super::heif::blocks;

pub(super) const CODEC: Codec = Codec {
    reading: Reading::Whole {
        probe: read::probe,
        decode: |bytes, header, _: &DecodeRequest| decode(bytes, header, default_decoders()),
    },
    encode: None,
    strip: None,
    animation: None,
};

/// Decodes the picture with a decoder of the host.
pub(super) fn decode(bytes: &[u8], header: &Header, decoders: &dyn Decoders) -> Result<Picture, Problem> {
    read::picture(bytes, header, decoders.decode(Coding::Hevc, bytes).map_err(Problem::Decoder)?)
}

/// In builds that read no HEIC.
#[cfg(not(feature = "heic"))]
mod read {
    use crate::codecs::decoders::Product;
    use crate::codecs::{Header, Picture, Problem};

    const LEFT_OUT: Problem = Problem::Unsupported("a HEIC picture, and this build reads none");

    pub(super) fn probe(_: &[u8]) -> Result<Header, Problem> {
        Err(LEFT_OUT)
    }

    pub(super) fn picture(_: &[u8], _: &Header, _: Product) -> Result<Picture, Problem> {
        Err(LEFT_OUT)
    }
}

/// Whether samples have more than 8 bits.
fn is_deep(file: &HeifFile<'_>) -> bool {
    let bits = heif::described(file, |item| {
        file.item_properties(item).ok()?.find_map(|property| match property {
            Property::HevcConfig(config) => Some(config.bit_depth_luma),
            _ => None,
        })
    });
    bits.is_some_and(|bits| bits > 8)
}

/// What the decoder says of a picture. Its samples follow, row by row: straight RGBA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Report {
    width: u32,
    height: u32,
    /// The largest sample, if samples are numbers of 16 bits, little endian; otherwise they are bytes.
    most: Option<u16>,
}
