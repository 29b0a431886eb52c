//! JPEG (ITU-T T.81): baseline and progressive, gray, YCbCr and RGB. A YCbCr file is decoded to planes as they stand in
//! it, at full size or scaled by the inverse DCT, and planes are written as they are: nothing is resampled on the way.
//!
//! Reading goes by what is there, not by the end marker: a file whose every scan is complete is complete. One that is cut
//! off in the middle is refused, unless it is progressive and coarse all over. Where the data itself is damaged, the picture
//! is given with a warning. All of this is what browsers, Pillow and libvips show, or two of them.

use super::Codec;

mod decode;
mod decoder;
mod encode;
mod encoder;
mod frame;
mod preamble;

pub(super) const CODEC: Codec = Codec { probe: preamble::probe, decode: decode::decode, encode: Some(encode::encode) };
/// Raise it when a pixel that is read or a byte that is written changes.
pub(super) const VERSION: &str = "1.2.0";

pub(super) fn sniff(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xff, 0xd8, 0xff])
}
