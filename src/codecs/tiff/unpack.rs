//! Compressed strips and tiles, unpacked piece by piece.

use std::borrow::Cow;

use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZError, MZFlush, MZStatus};
use weezl::decode::Decoder;
use weezl::{BitOrder, LzwStatus};

use super::fax::Fax;
use crate::codecs::jpeg::Part;
use crate::codecs::{Finding, Problem};

const DAMAGED: Problem = Problem::damaged("its pixel data cannot be unpacked");

/// Gives the bytes of a strip or tile one after the other.
pub(in crate::codecs) struct Unpacker<'a> {
    packed: Cow<'a, [u8]>,
    /// How much of it was used.
    used: usize,
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
    const fn new(packed: Cow<'a, [u8]>, method: Method<'a>) -> Self {
        Self { packed, used: 0, method, findings: Vec::new() }
    }

    pub(super) const fn plain(bytes: Cow<'a, [u8]>) -> Self {
        Self::new(bytes, Method::Plain)
    }

    /// Of JPEG data, whose rows may be shorter than those of the strip or tile.
    pub(super) fn decoded(part: Part) -> Self {
        let Part { size, samples, findings } = part;
        let own = samples.len() / size.height as usize;
        Self { findings, ..Self::new(Cow::Owned(samples), Method::Rows(own)) }
    }

    pub(in crate::codecs) const fn pack_bits(bytes: Cow<'a, [u8]>) -> Self {
        Self::new(bytes, Method::PackBits(Run::Copy(0)))
    }

    pub(super) fn lzw(bytes: Cow<'a, [u8]>) -> Self {
        // Old files have the codes of GIF, which begin with 0x100 in the lowest bits.
        let is_old = matches!(*bytes, [0, second, ..] if second & 1 != 0);
        let decoder = match is_old {
            true => Decoder::new(BitOrder::Lsb, 8),
            false => Decoder::with_tiff_size_switch(BitOrder::Msb, 8),
        };
        Self::new(bytes, Method::Lzw(Box::new(decoder)))
    }

    pub(super) fn deflate(bytes: Cow<'a, [u8]>) -> Self {
        Self::new(bytes, Method::Deflate(InflateState::new_boxed(DataFormat::Zlib)))
    }

    pub(super) fn fax(fax: Fax<'a>) -> Self {
        Self::new(Cow::Borrowed(&[]), Method::Fax(Box::new(fax)))
    }

    /// The next bytes; of JPEG data and of a fax, the next row.
    pub(in crate::codecs) fn fill(&mut self, out: &mut [u8]) -> Result<(), Problem> {
        let Self { packed, used, method, .. } = self;
        match method {
            Method::Plain => {
                let bytes = packed.get(*used..*used + out.len()).ok_or(Problem::Truncated)?;
                out.copy_from_slice(bytes);
                *used += out.len();
                Ok(())
            }
            Method::Rows(own) => {
                let row = packed.get(*used..*used + *own).ok_or(Problem::Truncated)?;
                let (start, rest) = out.split_at_mut(row.len().min(out.len()));
                start.copy_from_slice(&row[..start.len()]);
                rest.fill(0);
                *used += *own;
                Ok(())
            }
            Method::PackBits(run) => pack_bits(packed, used, run, out),
            Method::Lzw(decoder) => lzw(packed, used, decoder, out),
            Method::Deflate(state) => deflate(packed, used, state, out),
            Method::Fax(fax) => fax.row(out),
        }
    }
}

fn pack_bits(packed: &[u8], used: &mut usize, run: &mut Run, out: &mut [u8]) -> Result<(), Problem> {
    let mut filled = 0;
    while filled < out.len() {
        let room = &mut out[filled..];
        let given = match run {
            Run::Copy(0) | Run::Repeat(0, _) => {
                let instruction = packed.get(*used).ok_or(Problem::Truncated)?.cast_signed();
                *used += 1;
                *run = match instruction {
                    0.. => Run::Copy(instruction as usize + 1),
                    i8::MIN => Run::Copy(0),
                    _ => {
                        let byte = *packed.get(*used).ok_or(Problem::Truncated)?;
                        *used += 1;
                        Run::Repeat(1 + usize::from(instruction.unsigned_abs()), byte)
                    }
                };
                0
            }
            Run::Copy(left) => {
                let given = room.len().min(*left);
                room[..given].copy_from_slice(packed.get(*used..*used + given).ok_or(Problem::Truncated)?);
                *used += given;
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

fn lzw(packed: &[u8], used: &mut usize, decoder: &mut Decoder, out: &mut [u8]) -> Result<(), Problem> {
    let mut filled = 0;
    while filled < out.len() {
        let result = decoder.decode_bytes(&packed[*used..], &mut out[filled..]);
        *used += result.consumed_in;
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

fn deflate(packed: &[u8], used: &mut usize, state: &mut InflateState, out: &mut [u8]) -> Result<(), Problem> {
    let mut filled = 0;
    while filled < out.len() {
        let result = inflate(state, &packed[*used..], &mut out[filled..], MZFlush::None);
        *used += result.bytes_consumed;
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
