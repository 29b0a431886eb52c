//! JPEG (ITU-T T.81): baseline and progressive, gray, YCbCr, RGB, CMYK and YCCK. Inks become sRGB. A YCbCr file is decoded to its own planes, at full
//! size or scaled by the inverse DCT, and planes are written without resampling.
//!
//! A file is complete if all its scans are, with or without an end marker. A truncated file is refused, unless it is
//! progressive and every part of the picture is there, if coarse. If the data itself is damaged, the picture is decoded
//! with a warning. Browsers, Pillow and libvips, or at least two of them, do the same.

use super::{Codec, Reading};

mod decode;
mod decoder;
mod encode;
mod encoder;
mod frame;
mod gain_map;
pub(super) mod metadata;
mod part;
mod preamble;
mod strip;

pub(super) use decode::decode;
pub(super) use part::{Expected, Part, decode_part};
pub(super) use preamble::probe;

pub(super) const CODEC: Codec = Codec {
    reading: Reading::Whole { probe, decode },
    encode: Some(encode::encode),
    strip: Some(strip::strip),
    animation: None,
};
/// Raise it when any decoded pixel or written byte changes.
pub(super) const VERSION: &str = "1.3.0";

pub(super) fn sniff(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xff, 0xd8, 0xff])
}
