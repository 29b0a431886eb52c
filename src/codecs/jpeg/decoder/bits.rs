//! Entropy-coded bytes as bits (T.81 F.1.2.3, F.2.2.5).
//!
//! An interval, which is what stands between two markers, is copied before it is read: without its stuffed zeros, and
//! **backwards**. A little-endian load of eight bytes then gives the next eight with the first on top, which is how codes
//! are looked up. WebAssembly has no byte swap, and there is neither a marker nor a stuffed byte to look for any more, so
//! that a refill is a load, two shifts and no branch. The copy goes 16 bytes at a time and takes about 1.3 ms for 3.5 MB,
//! a twentieth of what decoding them does.

use crate::image::lanes::reversed;

/// Zeros below the data: what may be read past its end before anybody asks [`Bits::ran_out`], which is done once an MCU.
/// An MCU has at most ten blocks ([`MOST_BLOCKS`](crate::codecs::jpeg::frame::MOST_BLOCKS)) of 64 codes with at most 31 bits each, or 2.5 kB.
const PADDING: usize = 4096;

/// The bytes of one interval, and room for the longest.
pub(super) struct Interval {
    bytes: Vec<u8>,
    /// Where the data begins; it goes on to the end of `bytes`.
    start: usize,
    /// Below this everything is zero.
    clean: usize,
}

impl Interval {
    /// Room for intervals of at most `longest` bytes.
    pub(super) fn with_room(longest: usize) -> Self {
        let length = PADDING + longest + 32;
        Self { bytes: vec![0; length], start: length, clean: length }
    }

    /// Takes `data[at..]` up to the next marker, and answers where that stands: at its last 0xff, or at the end of `data`.
    pub(super) fn fill(&mut self, data: &[u8], mut at: usize) -> usize {
        let mut to = self.bytes.len();
        let mut clean = self.clean;
        let marker = loop {
            if let Some(chunk) = data.get(at..).and_then(|rest| rest.first_chunk::<16>())
                && let Some(room) = self.bytes[..to].last_chunk_mut::<16>()
            {
                // What lies past a 0xff is overwritten by what comes.
                let plain = reversed(chunk, room) as usize;
                clean = clean.min(to - 16);
                at += plain;
                to -= plain;
                if plain == 16 {
                    continue;
                }
            }
            let Some(&byte) = data.get(at) else { break at };
            if byte == 0xff {
                // Any number of 0xff may stand before a marker's code, or before a stuffed zero.
                let fill = data[at..].iter().take_while(|&&byte| byte == 0xff).count();
                match data.get(at + fill) {
                    Some(0) => at += fill,
                    Some(_) => break at + fill - 1,
                    None => break data.len(),
                }
            }
            at += 1;
            to -= 1;
            self.bytes[to] = byte;
        };
        clean = clean.min(to);
        self.bytes[clean..to].fill(0);
        (self.start, self.clean) = (to, to);
        marker
    }

    /// A reader from the interval's first bit on.
    pub(super) fn bits(&self) -> Bits<'_> {
        let bytes = &self.bytes[self.start - PADDING..];
        Bits { bytes, position: bytes.len(), window: 0, count: 0, wrong: false }
    }
}

/// Reads an interval's bits.
///
/// All of it must stay in registers while a block is read: a `&mut` handed to a function that is not inlined would keep it
/// in memory for the whole loop. Such calls get a copy, which is copied back (4 to 20 % of the time).
#[derive(Clone, Copy)]
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    /// Where the bytes that come next end.
    position: usize,
    /// The bits that come next, from the top.
    window: u64,
    /// How many they are. Above the low six bits anything may stand until the next refill: shifts look at six bits only.
    count: u32,
    /// Whether a code was none of its table.
    wrong: bool,
}

impl Bits<'_> {
    /// Loads as many whole bytes as there is room for: at least 56 bits are there afterwards.
    #[inline(always)]
    pub(super) fn refill(&mut self) {
        let held = self.count & 63;
        // Of eight bytes, always.
        let next: [u8; 8] = self.bytes[self.position - 8..self.position].try_into().unwrap_or_default();
        self.window |= u64::from_le_bytes(next) >> held;
        self.position -= (63_u32.wrapping_sub(self.count) >> 3 & 7) as usize;
        self.count = held | 56;
    }

    /// The next `K` bits. They must be there.
    #[inline(always)]
    pub(super) fn peek<const K: u32>(&self) -> usize {
        (self.window >> (64 - K)) as usize
    }

    /// All bits that are there, on top.
    #[inline(always)]
    pub(super) fn window(&self) -> u64 {
        self.window
    }

    /// How many bits are there.
    #[inline(always)]
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// Goes on by the low six bits of `entry`; the count is [settled](Self::settle) later.
    #[inline(always)]
    pub(super) fn skip_by(&mut self, entry: u32) {
        self.window <<= entry & 63;
        self.count = self.count.wrapping_sub(entry);
    }

    /// Drops what [`skip_by`](Self::skip_by) left above the count.
    #[inline(always)]
    pub(super) fn settle(&mut self) {
        self.count &= 63;
    }

    /// Goes on by `length` bits, less than 64. They must be there.
    #[inline(always)]
    pub(super) fn skip(&mut self, length: u32) {
        self.window <<= length;
        self.count -= length;
    }

    /// The next `length` bits, 0 to 32.
    #[inline(always)]
    pub(super) fn take(&mut self, length: u32) -> u32 {
        if self.count < length {
            self.refill();
        }
        let bits = (self.window >> 1 >> (63 - length)) as u32;
        self.skip(length);
        bits
    }

    /// The next bit.
    #[inline(always)]
    pub(super) fn bit(&mut self) -> bool {
        self.take(1) == 1
    }

    /// Whether more bits were taken than there are.
    #[inline(always)]
    pub(super) fn ran_out(&self) -> bool {
        (self.position as isize - PADDING as isize) * 8 + (self.count as isize) < 0
    }

    /// Notes that a code was none of its table.
    pub(super) fn note_wrong(&mut self) {
        self.wrong = true;
    }

    /// Whether any code was none of its table.
    pub(super) fn is_wrong(&self) -> bool {
        self.wrong
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bits that an interval gives, one at a time, and where it ends.
    fn read(data: &[u8], interval: &mut Interval) -> (Vec<u8>, usize) {
        let marker = interval.fill(data, 0);
        let mut bits = interval.bits();
        let mut bytes = Vec::new();
        loop {
            let byte = bits.take(8) as u8;
            if bits.ran_out() {
                assert_eq!(byte, 0, "what lies past the end is zero");
                return (bytes, marker);
            }
            bytes.push(byte);
        }
    }

    #[test]
    fn stuffed_zeros_are_left_out_and_markers_end_an_interval() {
        let mut interval = Interval::with_room(100);
        let plain: Vec<u8> = (1..=40).collect();
        assert_eq!(read(&plain, &mut interval), (plain.clone(), 40));
        for place in 0..40 {
            for (insert, gives, ends) in [
                (&[0xff, 0][..], Some(0xff), None),
                (&[0xff, 0xff, 0xff, 0], Some(0xff), None),
                (&[0xff, 0xd9], None, Some(place)),
                (&[0xff, 0xff, 0xd0], None, Some(place + 1)),
            ] {
                let data = [&plain[..place], insert, &plain[place..]].concat();
                let expected = match gives {
                    Some(byte) => [&plain[..place], &[byte], &plain[place..]].concat(),
                    None => plain[..place].to_vec(),
                };
                // The same buffer again: nothing of an earlier interval may show.
                assert_eq!(read(&data, &mut interval), (expected, ends.unwrap_or(data.len())), "{place} {insert:?}");
            }
        }
        assert_eq!(read(&[1, 2, 0xff], &mut interval), (vec![1, 2], 3));
        assert_eq!(read(&[], &mut interval), (vec![], 0));
    }

    #[test]
    fn running_out_is_told_to_the_bit() {
        let mut interval = Interval::with_room(3);
        interval.fill(&[0xaa, 0x55, 0xf0], 0);
        let mut bits = interval.bits();
        assert_eq!((bits.take(5), bits.take(0), bits.take(16)), (0b10101, 0, 0b0100_1010_1011_1110));
        assert!(!bits.ran_out());
        assert_eq!(bits.take(3), 0);
        assert!(!bits.ran_out());
        bits.take(1);
        assert!(bits.ran_out());
    }
}
