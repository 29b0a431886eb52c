//! LZW as TIFF 6.0 has it: codes begin in the highest bits and become longer one code early.
//!
//! What a code stands for is kept in parts of eight bytes, each with the code of what comes before it, so that most codes are one
//! lookup and one write.

use super::unpack::{Progress, Status};

/// Forgets all codes but those of bytes.
const CLEAR: usize = 256;
const END: usize = 257;
/// The first code that stands for more than a byte.
const FIRST: usize = 258;
/// Codes of the greatest width.
const CODES: usize = 1 << 12;

/// What a code stands for.
#[derive(Clone, Copy, Default)]
struct Entry {
    /// Its last one to eight bytes, the first of them in the lowest bits.
    tail: u64,
    length: u16,
    /// The code of everything before the tail, if there is anything.
    before: u16,
    first: u8,
}

impl Entry {
    /// This entry, whose code is given, followed by a byte.
    #[inline(always)]
    fn with(self, code: usize, byte: u8) -> Self {
        let Self { tail, length, before, first } = self;
        let filled = length % 8;
        let byte = u64::from(byte);
        match filled {
            0 => Self { tail: byte, length: length + 1, before: code as u16, first },
            _ => Self { tail: tail | byte << (8 * filled), length: length + 1, before, first },
        }
    }
}

/// The state between two calls.
pub(super) struct Lzw {
    entries: Box<[Entry; CODES]>,
    /// The next code that will be known.
    next: usize,
    /// Bits of a code.
    width: u32,
    /// The code before, after which another one becomes known.
    last: Option<usize>,
    /// The next bits in the highest places, and how many there are.
    bits: u64,
    count: u32,
    /// Bytes for which there was no room.
    waiting: Vec<u8>,
    /// How many of them were written.
    given: usize,
    has_ended: bool,
}

impl Lzw {
    pub(super) fn new() -> Self {
        let mut entries = Box::new([Entry::default(); CODES]);
        for (byte, entry) in (0..=255).zip(entries.iter_mut()) {
            *entry = Entry { tail: u64::from(byte), length: 1, before: 0, first: byte };
        }
        let (waiting, last) = (Vec::new(), None);
        Self { entries, next: FIRST, width: 9, last, bits: 0, count: 0, waiting, given: 0, has_ended: false }
    }

    /// Unpacks the bytes as far as there is room.
    pub(super) fn unpack(&mut self, packed: &[u8], out: &mut [u8]) -> Progress {
        let (mut used, mut written) = (0, 0);
        let status = loop {
            let waiting = &self.waiting[self.given..];
            let fitting = waiting.len().min(out.len() - written);
            out[written..][..fitting].copy_from_slice(&waiting[..fitting]);
            self.given += fitting;
            written += fitting;
            if written == out.len() {
                break Status::Pauses;
            }
            let (more_used, more_written) = self.hurry(&packed[used..], &mut out[written..]);
            used += more_used;
            written += more_written;
            if written == out.len() {
                break Status::Pauses;
            }
            while self.count < self.width && used < packed.len() {
                self.bits |= u64::from(packed[used]) << (56 - self.count);
                self.count += 8;
                used += 1;
            }
            if self.has_ended {
                break Status::Ends;
            }
            if self.count < self.width {
                break Status::Pauses;
            }
            if self.step().is_none() {
                break Status::IsDamaged;
            }
        };
        Progress { used, written, status }
    }

    /// Unpacks codes as long as there is plenty to read and plenty of room, and nothing unusual comes: a code of no bytes, one that
    /// is not yet known, or the last one that can become known.
    // Engines optimise whole functions when they are called: this one is for every row of a picture.
    #[inline(never)]
    fn hurry(&mut self, packed: &[u8], out: &mut [u8]) -> (usize, usize) {
        let Some(mut last) = self.last else { return (0, 0) };
        let Self { entries, next, width, bits, count, .. } = self;
        let (mut upcoming, mut size) = (*next, *width);
        let (mut buffer, mut held) = (*bits, *count);
        let (mut used, mut written) = (0, 0);
        let mut previous = entries[last];
        let mut widest = last_of(size);
        'all: while let Some(eight) = packed[used..].first_chunk() {
            // The bits of bytes that count as read only in part are the same the next time.
            buffer |= u64::from_be_bytes(*eight) >> held;
            used += (63 - held as usize) / 8;
            held |= 56;
            while held >= size {
                let code = (buffer >> (64 - size)) as usize;
                let entry = entries[code % CODES];
                let Some(place) = out[written..].first_chunk_mut() else { break 'all };
                if code >= upcoming || upcoming >= CODES - 1 || entry.length == 0 {
                    break 'all;
                }
                if entry.length <= 8 {
                    *place = entry.tail.to_le_bytes();
                } else if !spell(entries, code, &mut out[written..]) {
                    break 'all;
                }
                written += usize::from(entry.length);
                buffer <<= size;
                held -= size;
                entries[upcoming % CODES] = previous.with(last, entry.first);
                (previous, last) = (entry, code);
                if upcoming == widest {
                    size += 1;
                    widest = last_of(size);
                }
                upcoming += 1;
            }
        }
        *next = upcoming;
        *width = size;
        // No bits of bytes that do not count as read.
        *bits = if held == 0 { 0 } else { buffer & (u64::MAX << (64 - held)) };
        *count = held;
        self.last = Some(last);
        (used, written)
    }

    /// Reads a code, for which there are enough bits, and keeps what it stands for; `None` if that is not known.
    fn step(&mut self) -> Option<()> {
        let code = (self.bits >> (64 - self.width)) as usize;
        self.bits <<= self.width;
        self.count -= self.width;
        self.waiting.clear();
        self.given = 0;
        match (code, self.last) {
            (CLEAR, _) => (self.next, self.width, self.last) = (FIRST, 9, None),
            (END, _) => self.has_ended = true,
            (_, None) => {
                (code < self.next).then_some(())?;
                self.keep(code);
            }
            (_, Some(last)) => {
                (code <= self.next).then_some(())?;
                let previous = self.entries[last];
                // Before it becomes known, a code can only stand for what this one begins with.
                let first = if code == self.next { previous.first } else { self.entries[code].first };
                if self.next < CODES {
                    self.entries[self.next] = previous.with(last, first);
                    if self.next == last_of(self.width) {
                        self.width += 1;
                    }
                    self.next += 1;
                }
                self.keep(code);
            }
        }
        Some(())
    }

    /// Keeps the bytes of a code, which is the last one now.
    fn keep(&mut self, code: usize) {
        let length = usize::from(self.entries[code].length);
        self.waiting.resize(length.next_multiple_of(8), 0);
        spell(&self.entries, code, &mut self.waiting);
        self.waiting.truncate(length);
        self.last = Some(code);
    }
}

/// The code with which those of a width become longer, as soon as it is known.
const fn last_of(width: u32) -> usize {
    // Those of the greatest never do.
    if width < 12 { (1 << width) - 2 } else { CODES }
}

/// Writes what a code stands for, and up to seven bytes more. Whether there is enough room.
#[inline(never)]
fn spell(entries: &[Entry; CODES], code: usize, out: &mut [u8]) -> bool {
    let mut code = code;
    let mut at = (usize::from(entries[code % CODES].length) - 1) / 8 * 8;
    if out.len() < at + 8 {
        return false;
    }
    loop {
        let Entry { tail, before, .. } = entries[code % CODES];
        out[at..at + 8].copy_from_slice(&tail.to_le_bytes());
        if at == 0 {
            return true;
        }
        at -= 8;
        code = before.into();
    }
}

#[cfg(test)]
mod tests {
    use weezl::BitOrder;
    use weezl::encode::Encoder;

    use super::super::testing::Random;
    use super::*;

    /// Unpacks rows from pieces of the data.
    fn unpacked(packed: &[u8], length: usize, row: usize, piece: usize) -> Result<Vec<u8>, Status> {
        let (mut lzw, mut used, mut all) = (Lzw::new(), 0, vec![0; length]);
        for row in all.chunks_mut(row) {
            let mut filled = 0;
            while filled < row.len() {
                let end = (used / piece * piece + piece).min(packed.len());
                let progress = lzw.unpack(&packed[used..end], &mut row[filled..]);
                used += progress.used;
                filled += progress.written;
                if progress.status != Status::Pauses || progress.used + progress.written == 0 {
                    return Err(progress.status);
                }
            }
        }
        Ok(all)
    }

    #[test]
    fn what_was_packed_is_unpacked_in_rows_from_pieces() {
        let mut random = Random(1);
        for round in 0..400 {
            let length = 1 + random.below([10, 300, 9_000, 60_000][round % 4]);
            let (bytes, run) = (1 + random.below(256), 1 + random.below(40));
            let mut data = Vec::new();
            while data.len() < length {
                let count = 1 + random.below(run);
                data.extend(std::iter::repeat_n(random.below(bytes) as u8, count));
            }
            if round % 100 == 7 {
                // Of these, codes stand for the most bytes that they can.
                data = vec![5; 3_000_000];
            }
            let mut packed = Encoder::with_tiff_size_switch(BitOrder::Msb, 8).encode(&data).unwrap();
            let row = 1 + random.below(7_000);
            let piece = if round % 3 == 0 { 1 + random.below(40) } else { 1 << 18 };
            assert!(unpacked(&packed, data.len(), row, piece).as_ref() == Ok(&data), "round {round}");
            // At the end of the data, something is missing.
            assert!(unpacked(&packed, data.len() + 1, row, piece).is_err());
            // With damage it ends in one way or another.
            for _ in 0..3 {
                let at = random.below(packed.len());
                packed[at] = random.below(256) as u8;
            }
            let _ = unpacked(&packed, data.len(), row, piece);
        }
    }

    /// Codes of a width in the order of TIFF.
    fn codes(codes: &[(u32, u32)]) -> Vec<u8> {
        let bits = codes.iter().flat_map(|&(code, width)| (0..width).rev().map(move |bit| code >> bit & 1));
        let bits: Vec<u32> = bits.collect();
        bits.chunks(8)
            .map(|byte| byte.iter().zip((0..8).rev()).fold(0, |all, (bit, place)| all | (bit << place) as u8))
            .collect()
    }

    #[test]
    fn a_code_that_is_not_known_yet_begins_and_ends_alike() {
        let packed = codes(&[(256, 9), (7, 9), (258, 9), (259, 9), (256, 9), (9, 9), (257, 9)]);
        assert_eq!(unpacked(&packed, 7, 100, 100), Ok(vec![7, 7, 7, 7, 7, 7, 9]));
        assert_eq!(unpacked(&packed, 8, 100, 100), Err(Status::Ends));
    }

    #[test]
    fn codes_that_nothing_was_said_about_are_damage() {
        for damaged in
            [&[(256, 9), (258, 9)][..], &[(300, 9)], &[(7, 9), (259, 9)], &[(7, 9), (8, 9), (256, 9), (258, 9)]]
        {
            let packed = codes(damaged);
            assert_eq!(unpacked(&packed, 100, 100, 100), Err(Status::IsDamaged), "{damaged:?}");
        }
    }

    #[test]
    fn codes_are_read_on_when_no_further_one_can_become_known() {
        // Bytes of 0 and 1 in turn, after each of which a code becomes known until there are no more.
        let mut list = vec![(256, 9), (0, 9)];
        for number in 258..4_400_u32 {
            let width = match number {
                0..511 => 9,
                511..1023 => 10,
                1023..2047 => 11,
                2047.. => 12,
            };
            list.push((number % 2, width));
        }
        let found = unpacked(&codes(&list), 4_143, 1_000, 1_000);
        assert_eq!(found, Ok((0..4_143).map(|at| if at == 0 { 0 } else { ((at + 257) % 2) as u8 }).collect()));
    }
}
