//! JPEG (ITU-T T.81): baseline and progressive, gray, YCbCr and RGB. A YCbCr file is decoded to planes as they stand in
//! it, at full size or scaled by the inverse DCT, and planes are written as they are: nothing is resampled on the way.
//!
//! Reading stays strict: a file whose picture is not complete is refused, it never comes out half gray.

use super::Codec;

mod decode;
mod encode;
mod encoder;
mod preamble;

pub(super) const CODEC: Codec = Codec { probe: preamble::probe, decode: decode::decode, encode: Some(encode::encode) };
/// Raise it when a pixel that is read or a byte that is written changes.
pub(super) const VERSION: &str = "1.1.0";

pub(super) fn sniff(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xff, 0xd8, 0xff])
}
