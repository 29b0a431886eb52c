//! Compressed strips and tiles, unpacked piece by piece.

use std::borrow::Cow;

use weezl::decode::Decoder;
use weezl::{BitOrder, LzwStatus};

use super::deflate::Inflater;
use super::fax::Fax;
use super::lzw::Lzw;
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
    Lzw(Lzw),
    /// With the codes of GIF.
    OldLzw(Box<Decoder>),
    Deflate(Box<Inflater>),
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
        let method = match is_old {
            true => Method::OldLzw(Box::new(Decoder::new(BitOrder::Lsb, 8))),
            false => Method::Lzw(Lzw::new()),
        };
        Self::new(bytes, method)
    }

    pub(super) fn deflate(bytes: Packed<'a>) -> Self {
        Self::new(bytes, Method::Deflate(Box::new(Inflater::new())))
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
            Method::Lzw(lzw) => unpack(packed, out, |packed, out| lzw.unpack(packed, out)),
            Method::OldLzw(decoder) => unpack(packed, out, |packed, out| old_lzw(decoder, packed, out)),
            Method::Deflate(inflater) => unpack(packed, out, |packed, out| inflater.unpack(packed, out)),
            Method::Fax(fax) => fax.row(out),
        }
    }

    /// After the last row: compares the checksum of all bytes, if there is one.
    pub(super) fn finish(&mut self) -> Result<(), Problem> {
        let Self { packed, method: Method::Deflate(inflater), .. } = self else { return Ok(()) };
        loop {
            let Progress { used, written, status } = inflater.unpack(packed.left(), &mut [0]);
            packed.used += used;
            match status {
                Status::IsDamaged => return Err(DAMAGED),
                Status::Pauses if used > 0 && written == 0 => {}
                // It is the end, or there are more bytes than asked for, or fewer than there should be.
                Status::Pauses | Status::Ends => return Ok(()),
            }
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

/// How a step of unpacking ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// There is nothing more to read, or no room.
    Pauses,
    /// The data say that this is all.
    Ends,
    /// They make no sense.
    IsDamaged,
}

/// What a step of unpacking used and wrote.
pub(super) struct Progress {
    pub(super) used: usize,
    pub(super) written: usize,
    pub(super) status: Status,
}

/// Fills `out` step by step.
fn unpack(
    packed: &mut Packed<'_>,
    out: &mut [u8],
    mut step: impl FnMut(&[u8], &mut [u8]) -> Progress,
) -> Result<(), Problem> {
    let mut filled = 0;
    while filled < out.len() {
        let Progress { used, written, status } = step(packed.left(), &mut out[filled..]);
        packed.used += used;
        filled += written;
        match status {
            Status::Pauses if used + written > 0 => {}
            _ if filled == out.len() => {}
            Status::Pauses | Status::Ends => return Err(Problem::Truncated),
            Status::IsDamaged => return Err(DAMAGED),
        }
    }
    Ok(())
}

fn old_lzw(decoder: &mut Decoder, packed: &[u8], out: &mut [u8]) -> Progress {
    let result = decoder.decode_bytes(packed, out);
    let status = match result.status {
        Ok(LzwStatus::Ok | LzwStatus::NoProgress) => Status::Pauses,
        Ok(LzwStatus::Done) => Status::Ends,
        Err(_) => Status::IsDamaged,
    };
    Progress { used: result.consumed_in, written: result.consumed_out, status }
}
