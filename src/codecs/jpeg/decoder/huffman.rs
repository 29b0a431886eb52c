//! Huffman codes (T.81 C, F.2.2.3) as tables to look up.

use super::bits::Bits;
use crate::codecs::Problem;

/// Bits that [`Table`] looks up at once.
pub(super) const ONE: u32 = 10;
/// Bits that [`Pairs`] looks up at once. 11 bits, or entries of eight bytes, are 5 to 10 % slower.
pub(super) const TWO: u32 = 12;

/// A code as a file states it.
#[derive(Clone)]
pub(super) struct Code {
    /// How many codes have 1, 2, … 16 bits.
    counts: [u8; 16],
    /// The symbols in the order of their codes.
    symbols: Vec<u8>,
}

/// What the symbols of a code are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Sizes of differences of means.
    Dc,
    /// Runs of zeros and sizes of coefficients.
    Ac,
}

impl Code {
    /// Reads a code from a DHT segment's content, and answers what is left of it.
    pub(super) fn read(body: &[u8]) -> Result<(Self, &[u8]), Problem> {
        let wrong = || Problem::damaged("a Huffman table is cut off");
        let (counts, rest) = body.split_first_chunk::<16>().ok_or_else(wrong)?;
        let symbols = counts.iter().map(|&count| usize::from(count)).sum();
        if symbols > 256 {
            return Err(Problem::damaged("a Huffman table has too many codes"));
        }
        let (symbols, rest) = rest.split_at_checked(symbols).ok_or_else(wrong)?;
        Ok((Self { counts: *counts, symbols: symbols.to_vec() }, rest))
    }

    /// The codes of T.81 K.3, for luma (0) and chroma (1). Files without tables mean these: frames of Motion JPEG.
    pub(super) fn standard(class: Class, index: usize) -> Option<Self> {
        let (counts, symbols): ([u8; 16], &[u8]) = match (class, index) {
            (Class::Dc, 0) => ([0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0], &K3_DC),
            (Class::Dc, 1) => ([0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0], &K3_DC),
            (Class::Ac, 0) => ([0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125], &K5_AC_LUMA),
            (Class::Ac, 1) => ([0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 119], &K6_AC_CHROMA),
            _ => return None,
        };
        Some(Self { counts, symbols: symbols.to_vec() })
    }
}

const K3_DC: [u8; 12] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
#[rustfmt::skip]
const K5_AC_LUMA: [u8; 162] = [
    0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61, 0x07, 0x22, 0x71,
    0x14, 0x32, 0x81, 0x91, 0xa1, 0x08, 0x23, 0x42, 0xb1, 0xc1, 0x15, 0x52, 0xd1, 0xf0, 0x24, 0x33, 0x62, 0x72,
    0x82, 0x09, 0x0a, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x34, 0x35, 0x36, 0x37,
    0x38, 0x39, 0x3a, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59,
    0x5a, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0x83,
    0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0xa2, 0xa3,
    0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xc2, 0xc3,
    0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda, 0xe1, 0xe2,
    0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa,
];
#[rustfmt::skip]
const K6_AC_CHROMA: [u8; 162] = [
    0x00, 0x01, 0x02, 0x03, 0x11, 0x04, 0x05, 0x21, 0x31, 0x06, 0x12, 0x41, 0x51, 0x07, 0x61, 0x71, 0x13, 0x22,
    0x32, 0x81, 0x08, 0x14, 0x42, 0x91, 0xa1, 0xb1, 0xc1, 0x09, 0x23, 0x33, 0x52, 0xf0, 0x15, 0x62, 0x72, 0xd1,
    0x0a, 0x16, 0x24, 0x34, 0xe1, 0x25, 0xf1, 0x17, 0x18, 0x19, 0x1a, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x35, 0x36,
    0x37, 0x38, 0x39, 0x3a, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58,
    0x59, 0x5a, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a,
    0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a,
    0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba,
    0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda,
    0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa,
];

/// What the code on top of the next [`ONE`] bits means, if it is no longer than they are: bits 0–5 hold the length of the
/// code and of the value that follows it, 6–11 the length of the code alone, 12–19 the symbol.
#[derive(Clone, Copy)]
pub(super) struct Entry(u32);

impl Entry {
    /// A code that is longer, or none.
    const LONG: Self = Self(0);

    /// Whether the code is as short as that.
    #[inline(always)]
    pub(super) fn fits(self) -> bool {
        self.0 != 0
    }

    /// Bits of the code and its value.
    #[inline(always)]
    pub(super) fn length(self) -> u32 {
        self.0 & 63
    }

    /// Bits of the code alone.
    #[inline(always)]
    pub(super) fn code_length(self) -> u32 {
        self.0 >> 6 & 63
    }

    /// For a mean the bits of its value; else the zeros before a coefficient in the upper half, the bits of its value in the
    /// lower one.
    #[inline(always)]
    pub(super) fn symbol(self) -> u32 {
        self.0 >> 12
    }

    /// Bits of the value.
    #[inline(always)]
    fn size(self) -> u32 {
        self.0 >> 12 & 15
    }
}

/// One code at a time.
pub(super) struct Table {
    entries: Box<[Entry; 1 << ONE]>,
    /// For each length: the first of the codes that are longer, as 16 bits from the top.
    limits: [u32; 18],
    /// For each length: from a code to the place of its symbol.
    offsets: [i32; 17],
    symbols: [u8; 256],
}

impl Table {
    /// Makes the table of a code.
    pub(super) fn new(code: &Code, class: Class) -> Result<Self, Problem> {
        let wrong = || Problem::damaged("a Huffman table is wrong");
        let mut table =
            Self { entries: Box::new([Entry::LONG; 1 << ONE]), limits: [0; 18], offsets: [0; 17], symbols: [0; 256] };
        table.symbols[..code.symbols.len()].copy_from_slice(&code.symbols);
        let (mut next, mut place) = (0_u32, 0);
        for (length, &count) in (1..).zip(&code.counts) {
            table.offsets[length as usize] = place as i32 - next as i32;
            for &symbol in &code.symbols[place..place + usize::from(count)] {
                let size = u32::from(symbol & 15);
                if (class == Class::Dc && symbol > 15) || next >> length != 0 {
                    return Err(wrong());
                }
                if length <= ONE {
                    let first = (next << (ONE - length)) as usize;
                    let entry = Entry((length + size) | length << 6 | u32::from(symbol) << 12);
                    table.entries[first..first + (1 << (ONE - length))].fill(entry);
                }
                next += 1;
            }
            place += usize::from(count);
            // No code is all ones (T.81 C.2), as libjpeg judges, too.
            if count > 0 && next >> length != 0 {
                return Err(wrong());
            }
            table.limits[length as usize] = next << (16 - length);
            next <<= 1;
        }
        table.limits[17] = u32::MAX;
        Ok(table)
    }

    /// What the next bits mean.
    #[inline(always)]
    pub(super) fn entry(&self, bits: &Bits) -> Entry {
        self.entries[bits.peek::<ONE>()]
    }

    /// Takes a code of any length; 17 bits must be there. What is no code counts as 17 bits and the symbol 0, as in libjpeg,
    /// and is noted.
    #[inline(never)]
    pub(super) fn symbol(&self, bits: &mut Bits) -> u32 {
        let top = bits.peek::<16>() as u32;
        // The last limit is above every value of 16 bits.
        let length = (1..=17).find(|&length| top < self.limits[length]).unwrap_or(17);
        bits.skip(length as u32);
        if length > 16 {
            bits.note_wrong();
            return 0;
        }
        let place = (top >> (16 - length)) as i32 + self.offsets[length];
        u32::from(self.symbols[(place & 255) as usize])
    }
}

/// The number whose bits, `63 - less` of them, stand on top of `window`: one that begins with 0 is negative (T.81 F.2.2.1).
/// With `less` of 63 there are none, and it is 0.
#[inline(always)]
pub(super) fn extended(window: u64, less: u32) -> i16 {
    let negative = !((window as i64) >> 63) as u64;
    let magnitude = (window ^ negative) >> 1 >> (less & 63);
    (magnitude ^ negative).wrapping_sub(negative) as i16
}

/// Takes a difference of means (T.81 F.2.2.1).
#[inline(always)]
pub(super) fn difference(bits: &mut Bits, table: &Table) -> i16 {
    bits.refill();
    let entry = table.entry(bits);
    if !entry.fits() {
        let mut copy = *bits;
        let value = long_difference(&mut copy, table);
        *bits = copy;
        return value;
    }
    let value = extended(bits.window() << entry.code_length(), 63 - entry.size());
    bits.skip(entry.length());
    value
}

#[inline(never)]
fn long_difference(bits: &mut Bits, table: &Table) -> i16 {
    let size = table.symbol(bits);
    bits.refill();
    let value = extended(bits.window(), 63 - size);
    bits.skip(size);
    value
}

/// What the next [`TWO`] bits mean where they hold two codes with their values, or one, or a code and the end of the block.
///
/// Bits 0–5 hold the length of all of it; 6–9 how far the first code moves, less 1; 10–15 how far both move, or
/// [`Pair::END`]; 16–23 the value of the second (where there is none, the first's once more); 24–31 that of the first.
#[derive(Clone, Copy)]
pub(super) struct Pair(u32);

impl Pair {
    /// As a move of both: the block ends, or nothing fits and the length is 0. It leaves the block from every position, so
    /// that one comparison finds either; two runs move 32 at most.
    const END: u32 = 63;
    const NONE: Self = Self(Self::END << 10);

    fn new(length: u32, first_move: u32, both_move: u32, first: i8, second: i8) -> Self {
        let values = u32::from(second as u8) << 16 | u32::from(first as u8) << 24;
        Self(length | (first_move - 1) << 6 | both_move << 10 | values)
    }

    /// For [`Bits::skip_by`].
    #[inline(always)]
    pub(super) fn advance(self) -> u32 {
        self.0
    }

    /// How far the first code moves, less 1.
    #[inline(always)]
    pub(super) fn first_move_less_1(self) -> usize {
        (self.0 >> 6 & 15) as usize
    }

    /// How far both codes move.
    #[inline(always)]
    pub(super) fn both_move(self) -> usize {
        (self.0 >> 10 & 63) as usize
    }

    /// Whether the block ends here, after a coefficient or none.
    #[inline(always)]
    pub(super) fn ends(self) -> bool {
        self.0 >> 10 & 63 == Self::END && self.0 & 63 != 0
    }

    /// The first value.
    #[inline(always)]
    pub(super) fn first(self) -> i16 {
        (self.0 as i32 >> 24) as i16
    }

    /// The second value.
    #[inline(always)]
    pub(super) fn second(self) -> i16 {
        i16::from((self.0 >> 16) as i8)
    }
}

/// AC codes two at a time, with their values. On a 12-megapixel photograph a block takes 10.8 look-ups for 18.5 codes, and
/// one in 200 does not fit. One code at a time is 20 to 28 % slower.
pub(super) struct Pairs {
    pairs: Box<[Pair; 1 << TWO]>,
    /// For what does not fit.
    pub(super) table: Table,
}

/// One code with its value, as [`Pairs`] are made of.
struct Step {
    /// Bits of both.
    length: u32,
    /// How far it moves; `None` where it ends the block.
    by: Option<u32>,
    value: i8,
}

impl Step {
    /// The code on top of `bits`, of which there are 16, if it takes no more than the first `left`.
    fn of(table: &Table, bits: u32, left: u32) -> Option<Self> {
        let entry = table.entries[(bits >> (16 - ONE)) as usize];
        let (run, size) = (entry.symbol() >> 4, entry.size());
        if !entry.fits() || entry.length() > left || size > 7 {
            return None;
        }
        let by = match (run, size) {
            (15, 0) => Some(16),
            (_, 0) => None,
            _ => Some(run + 1),
        };
        let window = u64::from(bits << entry.code_length() & 0xffff) << 48;
        Some(Self { length: entry.length(), by, value: extended(window, 63 - size) as i8 })
    }
}

impl Pairs {
    /// Makes the table of an AC code.
    pub(super) fn new(code: &Code) -> Result<Self, Problem> {
        let table = Table::new(code, Class::Ac)?;
        let pair = |index: usize| {
            let bits = (index as u32) << (16 - TWO);
            let Some(Step { length, by, value }) = Step::of(&table, bits, TWO) else { return Pair::NONE };
            let Some(by) = by else { return Pair::new(length, 1, Pair::END, 0, 0) };
            match Step::of(&table, bits << length & 0xffff, TWO - length) {
                None => Pair::new(length, by, by, value, value),
                Some(second) => {
                    let both = second.by.map_or(Pair::END, |then| by + then);
                    Pair::new(length + second.length, by, both, value, second.value)
                }
            }
        };
        let mut pairs = Box::new([Pair::NONE; 1 << TWO]);
        pairs.iter_mut().enumerate().for_each(|(index, entry)| *entry = pair(index));
        Ok(Self { pairs, table })
    }

    /// What the next bits mean.
    #[inline(always)]
    pub(super) fn pair(&self, bits: &Bits) -> Pair {
        self.pairs[bits.peek::<TWO>()]
    }
}
