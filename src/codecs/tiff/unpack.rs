//! Compressed strips and tiles, unpacked piece by piece.

use std::borrow::Cow;

use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZError, MZFlush, MZStatus};
use weezl::decode::Decoder;
use weezl::{BitOrder, LzwStatus};

use super::fax::Fax;
use crate::codecs::jpeg::Part;
use crate::codecs::{Bytes, Finding, Problem};

const DAMAGED: Problem = Problem::damaged("its pixel data cannot be unpacked");

/// The bytes of a strip or tile as they are stored, of which a part is in memory.
pub(in crate::codecs) struct Packed<'a> {
    bytes: Cow<'a, [u8]>,
    /// How much of it was used.
    used: usize,
    /// What comes after it.
    rest: Bytes<'a>,
}

impl<'a> Packed<'a> {
    /// All of them.
    pub(super) fn of(bytes: Cow<'a, [u8]>) -> Self {
        Self { bytes, used: 0, rest: Bytes::from(&[]) }
    }

    /// Those that were not used and are in memory: none only at the end.
    fn left(&mut self) -> &[u8] {
        /// Bytes that are read at once.
        const PART: u64 = 256 << 10;
        if self.used == self.bytes.len() && !self.rest.is_empty() {
            // Nothing more is read once that failed.
            self.bytes = self.rest.head(PART);
            self.rest = if self.bytes.is_empty() { Bytes::from(&[]) } else { self.rest.part(PART, u64::MAX) };
            self.used = 0;
        }
        &self.bytes[self.used..]
    }

    /// The next byte.
    fn next(&mut self) -> Result<u8, Problem> {
        let byte = *self.left().first().ok_or(Problem::Truncated)?;
        self.used += 1;
        Ok(byte)
    }

    /// Fills `out` with the next bytes.
    fn copy(&mut self, mut out: &mut [u8]) -> Result<(), Problem> {
        while !out.is_empty() {
            let left = self.left();
            let count = left.len().min(out.len());
            let (now, later) = out.split_at_mut(count);
            now.copy_from_slice(&left[..count]);
            if count == 0 {
                return Err(Problem::Truncated);
            }
            self.used += count;
            out = later;
        }
        Ok(())
    }
}

impl<'a> From<Bytes<'a>> for Packed<'a> {
    fn from(bytes: Bytes<'a>) -> Self {
        match bytes.whole() {
            Some(bytes) => Self::of(Cow::Borrowed(bytes)),
            None => Self { rest: bytes, ..Self::of(Cow::Borrowed(&[])) },
        }
    }
}

/// Gives the bytes of a strip or tile one after the other.
pub(in crate::codecs) struct Unpacker<'a> {
    packed: Packed<'a>,
    method: Method<'a>,
    /// What was noticed about it.
    pub(super) findings: Vec<Finding>,
}

enum Method<'a> {
    Plain,
    /// Rows of so many bytes, which may be fewer than those of the strip or tile; the rest of a row is 0.
    Rows(usize),
    PackBits(Run),
    Lzw(Box<Decoder>),
    Deflate(Box<InflateState>),
    Fax(Box<Fax<'a>>),
}

/// What is left of an instruction of PackBits.
#[derive(Clone, Copy)]
enum Run {
    /// So many bytes as they stand.
    Copy(usize),
    /// So often the byte.
    Repeat(usize, u8),
}

impl<'a> Unpacker<'a> {
    const fn new(packed: Packed<'a>, method: Method<'a>) -> Self {
        Self { packed, method, findings: Vec::new() }
    }

    pub(super) const fn plain(bytes: Packed<'a>) -> Self {
        Self::new(bytes, Method::Plain)
    }

    /// Of JPEG data, whose rows may be shorter than those of the strip or tile.
    pub(super) fn decoded(part: Part) -> Self {
        let Part { size, samples, findings } = part;
        let own = samples.len() / size.height as usize;
        Self { findings, ..Self::new(Packed::of(Cow::Owned(samples)), Method::Rows(own)) }
    }

    pub(in crate::codecs) fn pack_bits(bytes: impl Into<Packed<'a>>) -> Self {
        Self::new(bytes.into(), Method::PackBits(Run::Copy(0)))
    }

    pub(super) fn lzw(mut bytes: Packed<'a>) -> Self {
        // Old files have the codes of GIF, which begin with 0x100 in the lowest bits.
        let is_old = matches!(bytes.left(), [0, second, ..] if second & 1 != 0);
        let decoder = match is_old {
            true => Decoder::new(BitOrder::Lsb, 8),
            false => Decoder::with_tiff_size_switch(BitOrder::Msb, 8),
        };
        Self::new(bytes, Method::Lzw(Box::new(decoder)))
    }

    pub(super) fn deflate(bytes: Packed<'a>) -> Self {
        Self::new(bytes, Method::Deflate(InflateState::new_boxed(DataFormat::Zlib)))
    }

    pub(super) fn fax(fax: Fax<'a>) -> Self {
        Self::new(Packed::of(Cow::Borrowed(&[])), Method::Fax(Box::new(fax)))
    }

    /// The next bytes; of JPEG data and of a fax, the next row.
    pub(in crate::codecs) fn fill(&mut self, out: &mut [u8]) -> Result<(), Problem> {
        let Self { packed, method, .. } = self;
        match method {
            Method::Plain => packed.copy(out),
            Method::Rows(own) => {
                let Packed { bytes, used, .. } = packed;
                let row = bytes.get(*used..*used + *own).ok_or(Problem::Truncated)?;
                let (start, rest) = out.split_at_mut(row.len().min(out.len()));
                start.copy_from_slice(&row[..start.len()]);
                rest.fill(0);
                *used += *own;
                Ok(())
            }
            Method::PackBits(run) => pack_bits(packed, run, out),
            Method::Lzw(decoder) => lzw(packed, decoder, out),
            Method::Deflate(state) => deflate(packed, state, out),
            Method::Fax(fax) => fax.row(out),
        }
    }
}

fn pack_bits(packed: &mut Packed<'_>, run: &mut Run, out: &mut [u8]) -> Result<(), Problem> {
    let mut filled = 0;
    while filled < out.len() {
        let room = &mut out[filled..];
        let given = match run {
            Run::Copy(0) | Run::Repeat(0, _) => {
                let instruction = packed.next()?.cast_signed();
                *run = match instruction {
                    0.. => Run::Copy(instruction as usize + 1),
                    i8::MIN => Run::Copy(0),
                    _ => Run::Repeat(1 + usize::from(instruction.unsigned_abs()), packed.next()?),
                };
                0
            }
            Run::Copy(left) => {
                let given = room.len().min(*left);
                packed.copy(&mut room[..given])?;
                *left -= given;
                given
            }
            Run::Repeat(left, byte) => {
                let given = room.len().min(*left);
                room[..given].fill(*byte);
                *left -= given;
                given
            }
        };
        filled += given;
    }
    Ok(())
}

fn lzw(packed: &mut Packed<'_>, decoder: &mut Decoder, out: &mut [u8]) -> Result<(), Problem> {
    let mut filled = 0;
    while filled < out.len() {
        let result = decoder.decode_bytes(packed.left(), &mut out[filled..]);
        packed.used += result.consumed_in;
        filled += result.consumed_out;
        match result.status {
            Ok(LzwStatus::Ok) if result.consumed_in + result.consumed_out > 0 => {}
            _ if filled == out.len() => {}
            Ok(_) => return Err(Problem::Truncated),
            Err(_) => return Err(DAMAGED),
        }
    }
    Ok(())
}

fn deflate(packed: &mut Packed<'_>, state: &mut InflateState, out: &mut [u8]) -> Result<(), Problem> {
    let mut filled = 0;
    while filled < out.len() {
        let result = inflate(state, packed.left(), &mut out[filled..], MZFlush::None);
        packed.used += result.bytes_consumed;
        filled += result.bytes_written;
        match result.status {
            Ok(MZStatus::Ok) if result.bytes_consumed + result.bytes_written > 0 => {}
            _ if filled == out.len() => {}
            Ok(_) | Err(MZError::Buf) => return Err(Problem::Truncated),
            Err(_) => return Err(DAMAGED),
        }
    }
    Ok(())
}
