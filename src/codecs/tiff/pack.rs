//! Deflate (RFC 1950, 1951), packed quickly: differences of a photograph hardly repeat, so that nearly all is in codes of bytes
//! which fit how often each occurs. Repetitions are found where they are long.

use crate::compact::sort_by;

/// Bytes that share a set of codes.
const BLOCK: usize = 1 << 16;
/// Shorter repetitions take as much as the codes of their bytes.
const SHORTEST: usize = 6;
const LONGEST: usize = 258;
/// How far back repetitions may refer.
const REACH: usize = 1 << 15;
/// Of the table of places.
const HASH_BITS: u32 = 14;

/// The end of a block, after the 256 bytes.
const END: usize = 256;
/// Bytes, the end and lengths of repetitions.
const SYMBOLS: usize = 286;
const DISTANCES: usize = 30;
/// Bits of the longest code of each kind. Four of the first fit into what is written at once.
const MOST_BITS: [usize; 3] = [12, 12, 7];

/// A repetition after bytes that stand for themselves.
struct Repeat {
    /// So many bytes before it.
    after: usize,
    length: usize,
    distance: usize,
}

/// Writes bits from the lowest on.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    buffer: u64,
    count: u32,
}

impl Bits {
    /// Up to 16 bits.
    fn put(&mut self, bits: u32, count: u32) {
        self.buffer |= u64::from(bits) << self.count;
        self.count += count;
        while self.count >= 8 {
            self.bytes.push(self.buffer as u8);
            self.buffer >>= 8;
            self.count -= 8;
        }
    }

    fn code(&mut self, code: Code) {
        self.put(code.bits.into(), code.length.into());
    }

    /// The codes of bytes.
    fn literals(&mut self, bytes: &[u8], codes: &[Code; 256]) {
        if bytes.len() < 16 {
            bytes.iter().for_each(|byte| self.code(codes[usize::from(*byte)]));
        } else {
            self.many_literals(bytes, codes);
        }
    }

    // Engines optimise whole functions when they are called: this one is for every block.
    #[inline(never)]
    fn many_literals(&mut self, bytes: &[u8], codes: &[Code; 256]) {
        // Of four bytes there are at most 48 bits, beside up to seven that wait: whole bytes of them are written at once.
        let start = self.bytes.len();
        self.bytes.resize(start + bytes.len() * MOST_BITS[0] / 8 + 16, 0);
        let (mut buffer, mut count, mut at) = (self.buffer, self.count, start);
        let (fours, rest) = bytes.as_chunks::<4>();
        for four in fours {
            for byte in four {
                let Code { bits, length } = codes[usize::from(*byte)];
                buffer |= u64::from(bits) << count;
                count += u32::from(length);
            }
            if let Some(place) = self.bytes[at..].first_chunk_mut() {
                *place = buffer.to_le_bytes();
            }
            at += count as usize / 8;
            buffer >>= count & !7;
            count &= 7;
        }
        self.bytes.truncate(at);
        (self.buffer, self.count) = (buffer, count);
        rest.iter().for_each(|byte| self.code(codes[usize::from(*byte)]));
    }
}

/// A code, its first bit in the lowest place.
#[derive(Clone, Copy, Default)]
struct Code {
    bits: u16,
    length: u8,
}

/// The bytes as a zlib stream.
pub(super) fn packed(bytes: &[u8]) -> Vec<u8> {
    // A window of 32 kB, packed quickly.
    let mut bits = Bits { bytes: vec![0x78, 0x01], ..Bits::default() };
    let mut places = vec![0; 1 << HASH_BITS];
    let mut start = 0;
    loop {
        let (repeats, end) = repeats(bytes, start, &mut places);
        block(&mut bits, &bytes[start..end], &repeats, end == bytes.len());
        start = end;
        if start == bytes.len() {
            break;
        }
    }
    bits.put(0, (8 - bits.count) % 8);
    bits.bytes.extend_from_slice(&simd_adler32::adler32(&bytes).to_be_bytes());
    bits.bytes
}

/// Repetitions of a block that begins at `start`, and where it ends. `places` has for each hash where it was last, plus one.
#[inline(never)]
fn repeats(bytes: &[u8], start: usize, places: &mut [u32]) -> (Vec<Repeat>, usize) {
    /// So many bytes without a repetition double the steps in which the next is looked for, up to a limit.
    const PATIENCE: usize = 64;
    const LONGEST_STEP: usize = 8;
    let mut repeats = Vec::new();
    let (mut at, mut done) = (start, start);
    let end = bytes.len().min(start + BLOCK);
    while let Some(here) = bytes[at..].first_chunk().map(|eight| u64::from_le_bytes(*eight)) {
        if at >= end {
            break;
        }
        let place = &mut places[hash(here)];
        let before = (*place as usize).wrapping_sub(1);
        *place = at as u32 + 1;
        let there = bytes.get(before..).and_then(|there| there.first_chunk());
        let is_same = there.is_some_and(|there| (u64::from_le_bytes(*there) ^ here) << (64 - 8 * SHORTEST) == 0);
        if !is_same || at - before > REACH {
            at += (1 + (at - done) / PATIENCE).min(LONGEST_STEP);
            continue;
        }
        let length = SHORTEST + same(&bytes[before + SHORTEST..], &bytes[at + SHORTEST..]).min(LONGEST - SHORTEST);
        repeats.push(Repeat { after: at - done, length, distance: at - before });
        for inside in (at + 1..at + length).step_by(3) {
            if let Some(eight) = bytes[inside..].first_chunk() {
                places[hash(u64::from_le_bytes(*eight))] = inside as u32 + 1;
            }
        }
        at += length;
        done = at;
    }
    // The last repetition may reach beyond.
    (repeats, end.max(done))
}

/// A place in the table for the first of eight bytes.
const fn hash(eight: u64) -> usize {
    ((eight << (64 - 8 * SHORTEST)).wrapping_mul(0x9e37_79b1_85eb_ca87) >> (64 - HASH_BITS)) as usize
}

/// How many bytes are the same at the beginning.
fn same(one: &[u8], other: &[u8]) -> usize {
    let eights = one.as_chunks::<8>().0.iter().zip(other.as_chunks::<8>().0);
    let mut count = 0;
    for (one, other) in eights.take(LONGEST / 8) {
        let differences = u64::from_le_bytes(*one) ^ u64::from_le_bytes(*other);
        if differences != 0 {
            return count + differences.trailing_zeros() as usize / 8;
        }
        count += 8;
    }
    count + one[count..].iter().zip(&other[count..]).take_while(|(one, other)| one == other).count()
}

/// Writes a block with codes that fit it.
fn block(out: &mut Bits, bytes: &[u8], repeats: &[Repeat], is_last: bool) {
    let mut counts = [0; SYMBOLS];
    let mut distance_counts = [0; DISTANCES];
    let mut at = 0;
    for Repeat { after, length, distance } in repeats {
        count(&bytes[at..at + after], &mut counts);
        counts[length_symbol(*length).0] += 1;
        distance_counts[distance_symbol(*distance).0] += 1;
        at += after + length;
    }
    count(&bytes[at..], &mut counts);
    counts[END] = 1;
    // A set of codes has at least two.
    counts[0] = counts[0].max(bytes.is_empty().into());
    for count in &mut distance_counts[..2] {
        *count = (*count).max(1);
    }
    let lengths = code_lengths(&counts, MOST_BITS[0]);
    let distance_lengths = code_lengths(&distance_counts, MOST_BITS[1]);
    out.put(u32::from(is_last) | 0b10 << 1, 3);
    put_lengths(out, &lengths, &distance_lengths);

    let (codes, distance_codes) = (codes::<SYMBOLS>(&lengths), codes::<DISTANCES>(&distance_lengths));
    let literals = codes.first_chunk().expect("there are more");
    at = 0;
    for Repeat { after, length, distance } in repeats {
        out.literals(&bytes[at..at + after], literals);
        let (symbol, extra, bits) = length_symbol(*length);
        out.code(codes[symbol]);
        out.put(extra, bits);
        let (symbol, extra, bits) = distance_symbol(*distance);
        out.code(distance_codes[symbol]);
        out.put(extra, bits);
        at += after + length;
    }
    out.literals(&bytes[at..], literals);
    out.code(codes[END]);
}

/// Counts how often each byte occurs.
#[inline(never)]
fn count(bytes: &[u8], counts: &mut [u32; SYMBOLS]) {
    // Neighbours are often the same, and a count that was just written is slow to read.
    let mut tables = [[0_u32; 256]; 4];
    let (fours, rest) = bytes.as_chunks::<4>();
    if fours.len() < 64 {
        bytes.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
        return;
    }
    for four in fours {
        for (table, byte) in tables.iter_mut().zip(four) {
            table[usize::from(*byte)] += 1;
        }
    }
    rest.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
    for (byte, count) in counts[..256].iter_mut().enumerate() {
        *count += tables.iter().map(|table| table[byte]).sum::<u32>();
    }
}

/// The symbol of a length, and extra bits after its code.
const fn length_symbol(length: usize) -> (usize, u32, u32) {
    let above = length as u32 - 3;
    match above {
        0..8 => (257 + above as usize, 0, 0),
        255 => (285, 0, 0),
        _ => {
            let bits = above.ilog2() - 2;
            ((257 + 4 * bits + (above >> bits)) as usize, above & ((1 << bits) - 1), bits)
        }
    }
}

/// The symbol of a distance, and extra bits after its code.
const fn distance_symbol(distance: usize) -> (usize, u32, u32) {
    let above = distance as u32 - 1;
    match above {
        0..4 => (above as usize, 0, 0),
        _ => {
            let bits = above.ilog2() - 1;
            ((2 * bits + (above >> bits)) as usize, above & ((1 << bits) - 1), bits)
        }
    }
}

/// The length of each symbol's code, by Huffman, as far as `most` bits allow it; 0 for symbols that do not occur.
fn code_lengths(counts: &[u32], most: usize) -> Vec<u8> {
    let mut lengths = vec![0; counts.len()];
    let mut symbols: Vec<usize> = (0..counts.len()).filter(|symbol| counts[*symbol] > 0).collect();
    sort_by(&mut symbols, |one, other| counts[*one].cmp(&counts[*other]));
    // Nodes of the tree: the symbols in this order, then pairs in the order in which they are made, so that the two rarest
    // are always at the head of one of both.
    let leaves = symbols.len();
    let mut weights: Vec<u32> = symbols.iter().map(|symbol| counts[*symbol]).collect();
    let mut parents = vec![0; 2 * leaves];
    let (mut leaf, mut pair) = (0, leaves);
    for node in leaves..(2 * leaves).saturating_sub(1) {
        let mut weight = 0;
        for _ in 0..2 {
            let is_leaf = leaf < leaves && (pair == node || weights[leaf] <= weights[pair]);
            let rarest = if is_leaf { &mut leaf } else { &mut pair };
            weight += weights[*rarest];
            parents[*rarest] = node;
            *rarest += 1;
        }
        weights.push(weight);
    }
    // How many codes have each length. Those that are too long become shorter, and others longer until there are not too many.
    let mut depths = vec![0; 2 * leaves];
    let mut numbers = vec![0; most + 1];
    for node in (0..(2 * leaves).saturating_sub(2)).rev() {
        depths[node] = depths[parents[node]] + 1;
        if node < leaves {
            numbers[depths[node].min(most)] += 1;
        }
    }
    let mut taken: usize = (1..=most).map(|length| numbers[length] << (most - length)).sum();
    while taken > 1 << most {
        numbers[most] -= 1;
        let longer = (1..most).rev().find(|length| numbers[*length] > 0).unwrap_or(1);
        numbers[longer] -= 1;
        numbers[longer + 1] += 2;
        taken -= 1;
    }
    let by_length = (1..=most).rev().flat_map(|length| std::iter::repeat_n(length as u8, numbers[length]));
    for (symbol, length) in symbols.into_iter().zip(by_length) {
        lengths[symbol] = length;
    }
    lengths
}

/// The codes that follow from their lengths.
fn codes<const COUNT: usize>(lengths: &[u8]) -> [Code; COUNT] {
    let mut codes = [Code::default(); COUNT];
    let mut next = 0_u16;
    for wanted in 1..16_u8 {
        next <<= 1;
        for (code, length) in codes.iter_mut().zip(lengths).filter(|(_, length)| **length == wanted) {
            *code = Code { bits: next.reverse_bits() >> (16 - wanted), length: *length };
            next += 1;
        }
    }
    codes
}

/// Writes the lengths of all codes, in codes themselves.
fn put_lengths(out: &mut Bits, lengths: &[u8], distance_lengths: &[u8]) {
    /// In which order the lengths of their codes are written.
    const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
    let all = [lengths, distance_lengths].concat();
    // Symbols with extra bits: lengths, and how often they repeat.
    let mut symbols: Vec<(usize, u32, u32)> = Vec::new();
    for run in all.chunk_by(|one, other| one == other) {
        let length = usize::from(run[0]);
        let mut left = run.len();
        while left > 0 {
            let (taken, symbol) = match (length, left) {
                (0, 11..) => (left.min(138), (18, left.min(138) as u32 - 11, 7)),
                (0, 3..) => (left, (17, left as u32 - 3, 3)),
                (1.., 4..) => {
                    symbols.push((length, 0, 0));
                    let again = (left - 1).min(6);
                    (again + 1, (16, again as u32 - 3, 2))
                }
                _ => (1, (length, 0, 0)),
            };
            symbols.push(symbol);
            left -= taken;
        }
    }
    let mut counts = [0; 19];
    symbols.iter().for_each(|(symbol, ..)| counts[*symbol] += 1);
    let lengths_of_lengths = code_lengths(&counts, MOST_BITS[2]);
    let codes = codes::<19>(&lengths_of_lengths);
    out.put((lengths.len() - 257) as u32, 5);
    out.put((distance_lengths.len() - 1) as u32, 5);
    out.put((ORDER.len() - 4) as u32, 4);
    ORDER.iter().for_each(|symbol| out.put(lengths_of_lengths[*symbol].into(), 3));
    for (symbol, extra, bits) in symbols {
        out.code(codes[symbol]);
        out.put(extra, bits);
    }
}

#[cfg(test)]
mod tests {
    use miniz_oxide::inflate::decompress_to_vec_zlib;

    use super::super::testing::Random;
    use super::*;

    impl Random {
        /// Bytes of several kinds: noise, few values, runs, small numbers, and repetitions from far behind.
        fn bytes(&mut self, kind: usize, length: usize) -> Vec<u8> {
            let mut bytes = Vec::new();
            while bytes.len() < length {
                match kind {
                    0 => bytes.push(self.below(256) as u8),
                    1 => bytes.push(7),
                    2 => bytes.extend(std::iter::repeat_n(self.below(256) as u8, self.below(600))),
                    3 => bytes.push((0..200).take_while(|_| self.below(3) > 0).count() as u8),
                    _ if bytes.is_empty() || self.below(2) == 0 => bytes.push(self.below(9) as u8),
                    _ => {
                        let distance = 1 + self.below(bytes.len().min(50_000));
                        (0..self.below(400)).for_each(|_| bytes.push(bytes[bytes.len() - distance]));
                    }
                }
            }
            bytes.truncate(length);
            bytes
        }
    }

    #[test]
    fn what_is_packed_can_be_unpacked() {
        let mut random = Random(1);
        for round in 0..80 {
            let length = random.below([10, 300, 9_000, 150_000][round % 4]);
            let bytes = random.bytes(round % 5, length);
            let found = decompress_to_vec_zlib(&packed(&bytes));
            assert!(found.is_ok_and(|found| found == bytes), "round {round}, {length} bytes");
        }
    }

    #[test]
    fn what_repeats_becomes_small() {
        assert!(packed(&vec![0; 1 << 18]).len() < 1_000);
        let row: Vec<u8> = (0..2_000_u32).map(|at| ((at * at) >> 3) as u8).collect();
        assert!(packed(&row.repeat(100)).len() < 5_000);
        // Noise stays as large as it is.
        let noise = Random(5).bytes(0, 1 << 18);
        assert!(packed(&noise).len() < noise.len() + noise.len() / 100);
    }

    #[test]
    fn codes_are_as_long_as_allowed_at_most() {
        // Numbers of Fibonacci make the longest codes.
        let mut counts = vec![1, 1];
        while counts.len() < 30 {
            counts.push(counts[counts.len() - 1] + counts[counts.len() - 2]);
        }
        for most in [7, 12, 15] {
            let lengths = code_lengths(&counts, most);
            assert!(lengths.iter().all(|length| (1..=most).contains(&usize::from(*length))), "{lengths:?}");
            // They are complete.
            assert_eq!(lengths.iter().map(|length| 1 << (most - usize::from(*length))).sum::<usize>(), 1 << most);
            assert!(lengths.is_sorted_by(|rarer, other| rarer >= other));
        }
    }
}
