//! The header of what encoders write (ISO/IEC 18181-1, annex D). The one of the host takes every picture for colours with opacity, and our own
//! takes opacity for 8 bits. Here headers are made to say what the picture is.

use super::facts::{ALPHA, Bits};

/// What colours are and how they are coded: gray, with the white, the transfer function and the rendering intent of sRGB.
const GRAY: u32 = 1;
const D65: u32 = 1;
const SRGB: u32 = 13;
const RELATIVE: u32 = 1;
/// Kind of an extra channel that a reader may ignore.
const OPTIONAL: u32 = 16;
/// Bits of a signature.
const SIGNATURE: usize = 16;

/// What a picture is that was coded as colours with opacity.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    pub(super) is_gray: bool,
    pub(super) opacity: Opacity,
}

/// The opacity that a picture has.
#[derive(Clone, Copy, Debug)]
pub(super) enum Opacity {
    /// None: all of it is opaque.
    Full,
    /// Of 8 bits.
    Bytes,
    /// Of 16 bits.
    Words,
}

/// A codestream with another header. `None` if it is not one of those that the encoders are known to write.
pub(super) fn with_kind(codestream: &[u8], kind: Kind) -> Option<Vec<u8>> {
    let mut bits = Bits::new(codestream, SIGNATURE);
    bits.size().ok()?;
    // Not all is as usual, but nothing is special.
    let is_plain = bits.take(2).ok()? == 0;
    bits.depth().ok()?;
    // Whether 16 bits are enough for the decoder's arithmetic.
    bits.take(1).ok()?;
    let channels_begin = bits.at();
    // One extra channel, which is opacity of 8 bits.
    let has_opacity = bits.take(3).ok()? == 0b101;
    let is_own = bits.take(1).ok()?;
    // Colours of sRGB, no extensions, and the usual way back from the coding's own colours.
    let is_usual = bits.take(4).ok()? == 0b1001;
    if !(is_plain && has_opacity && is_usual) {
        return None;
    }
    let frames = codestream.get(bits.at().div_ceil(8)..)?;

    let mut header = Written::default();
    let mut all = Bits::new(codestream, 0);
    for _ in 0..channels_begin {
        header.put(all.take(1).ok()?, 1);
    }
    header.put(1, 2);
    match kind.opacity {
        Opacity::Full => {
            // Of 8 bits, at full size and without a name.
            header.put(0, 1);
            header.name_of_one(OPTIONAL);
            header.put(0, 3 + 2 + 2);
        }
        Opacity::Bytes => header.put(1, 1),
        Opacity::Words => {
            header.put(0, 1);
            header.name_of_one(ALPHA);
            // Of so many bits, at full size, without a name, and not multiplied with colours.
            header.put(0, 1);
            header.put(3, 2);
            header.put(16 - 1, 6);
            header.put(0, 2 + 2 + 1);
        }
    }
    header.put(is_own, 1);
    if kind.is_gray && is_own == 1 {
        // Neither all as usual nor a profile.
        header.put(0, 2);
        header.name_of_one(GRAY);
        header.name_of_one(D65);
        // No power.
        header.put(0, 1);
        header.name_of_one(SRGB);
        header.name_of_one(RELATIVE);
    } else {
        header.put(1, 1);
    }
    header.put(0b100, 3);
    let mut file = header.bytes;
    file.extend_from_slice(frames);
    Some(file)
}

/// Bits one after another, the lowest of a byte first.
#[derive(Default)]
struct Written {
    bytes: Vec<u8>,
    bits: usize,
}

impl Written {
    fn put(&mut self, number: u32, count: usize) {
        for place in 0..count {
            if self.bits.is_multiple_of(8) {
                self.bytes.push(0);
            }
            if let Some(byte) = self.bytes.last_mut() {
                *byte |= ((number >> place & 1) as u8) << (self.bits % 8);
            }
            self.bits += 1;
        }
    }

    /// As [`Bits::name_of_one`] reads it, below 18.
    fn name_of_one(&mut self, name: u32) {
        match name {
            0 | 1 => self.put(name, 2),
            _ => {
                self.put(2, 2);
                self.put(name - 2, 4);
            }
        }
    }
}
