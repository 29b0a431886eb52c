//! Huffman tables: those of T.81 Annex K, and the best ones for a picture.

/// A table as a file holds it (DHT): how many codes have each length, and their symbols in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Specification {
    /// Codes of 1…16 bits.
    pub(super) lengths: [u8; 16],
    /// One symbol a code.
    pub(super) symbols: std::borrow::Cow<'static, [u8]>,
}

/// Codes by symbol, the length in the upper eight bits. A symbol without a code has length 0.
pub(super) struct Codes([u32; 256]);

impl Codes {
    pub(super) fn new(specification: &Specification) -> Self {
        let mut codes = [0; 256];
        let mut symbols = specification.symbols.iter();
        let mut code = 0u32;
        for (length, &count) in (1u32..).zip(&specification.lengths) {
            for &symbol in symbols.by_ref().take(usize::from(count)) {
                codes[usize::from(symbol)] = code | length << 24;
                code += 1;
            }
            code <<= 1;
        }
        Self(codes)
    }

    /// A symbol's code and its length in bits.
    #[inline(always)]
    pub(super) fn of(&self, symbol: u8) -> (u32, u32) {
        let entry = self.0[usize::from(symbol)];
        (entry & 0xff_ffff, entry >> 24)
    }
}

/// How often each symbol occurs.
#[derive(Clone)]
pub(super) struct Counts(pub(super) [u32; 256]);

impl Default for Counts {
    fn default() -> Self {
        Self([0; 256])
    }
}

impl Specification {
    const fn fixed(lengths: [u8; 16], symbols: &'static [u8]) -> Self {
        Self { lengths, symbols: std::borrow::Cow::Borrowed(symbols) }
    }

    /// The best table for these counts whose codes have at most 16 bits, by T.81 K.2. No code is all ones, which the
    /// standard forbids: a symbol of its own that occurs once takes that code and is left out.
    pub(super) fn optimal(counts: &Counts) -> Self {
        const RESERVED: usize = 256;
        let mut frequencies = [0u64; 257];
        for (frequency, &count) in frequencies.iter_mut().zip(&counts.0) {
            *frequency = u64::from(count);
        }
        frequencies[RESERVED] = 1;
        // Each symbol belongs to a tree, whose symbols are chained; two trees that are joined lengthen all their codes.
        let mut lengths = [0usize; 257];
        let mut next = [None; 257];
        loop {
            // The rarest two; among equals the later symbol, so that the reserved one gets the longest code.
            let rarest = |but: Option<usize>| {
                (0..257)
                    .filter(|&tree| frequencies[tree] > 0 && Some(tree) != but)
                    .min_by_key(|&tree| (frequencies[tree], std::cmp::Reverse(tree)))
            };
            let Some(first) = rarest(None) else { break };
            let Some(second) = rarest(Some(first)) else { break };
            frequencies[second] += frequencies[first];
            frequencies[first] = 0;
            let mut last = second;
            loop {
                lengths[last] += 1;
                match next[last] {
                    Some(following) => last = following,
                    None => break,
                }
            }
            next[last] = Some(first);
            let mut at = Some(first);
            while let Some(symbol) = at {
                lengths[symbol] += 1;
                at = next[symbol];
            }
        }
        let mut by_length = [0u32; 258];
        for &length in &lengths {
            by_length[length] += u32::from(length > 0);
        }
        // Shorten codes of more than 16 bits, two at a time (figure K.3).
        for length in (17..by_length.len()).rev() {
            while by_length[length] > 0 {
                let Some(shorter) = (1..length - 1).rev().find(|&shorter| by_length[shorter] > 0) else { break };
                by_length[length] -= 2;
                by_length[length - 1] += 1;
                by_length[shorter + 1] += 2;
                by_length[shorter] -= 1;
            }
        }
        if let Some(longest) = (1..=16).rev().find(|&length| by_length[length] > 0) {
            by_length[longest] -= 1;
        }
        let mut symbols: Vec<u8> = (0..=255).filter(|&symbol| lengths[usize::from(symbol)] > 0).collect();
        symbols.sort_by_key(|&symbol| lengths[usize::from(symbol)]);
        Self { lengths: std::array::from_fn(|index| by_length[index + 1] as u8), symbols: symbols.into() }
    }
}

/// T.81 tables K.3 to K.6: luma's and chroma's, each for DC and AC.
pub(super) static STANDARD: [[Specification; 2]; 2] = [
    [
        Specification::fixed([0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0], &DC),
        Specification::fixed([0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 0x7d], &LUMA_AC),
    ],
    [
        Specification::fixed([0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0], &DC),
        Specification::fixed([0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 0x77], &CHROMA_AC),
    ],
];

static DC: [u8; 12] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];

#[rustfmt::skip]
static LUMA_AC: [u8; 162] = [
    0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61, 0x07, 0x22, 0x71, 0x14, 0x32,
    0x81, 0x91, 0xa1, 0x08, 0x23, 0x42, 0xb1, 0xc1, 0x15, 0x52, 0xd1, 0xf0, 0x24, 0x33, 0x62, 0x72, 0x82, 0x09, 0x0a, 0x16,
    0x17, 0x18, 0x19, 0x1a, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x43, 0x44, 0x45,
    0x46, 0x47, 0x48, 0x49, 0x4a, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5a, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69,
    0x6a, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x92, 0x93, 0x94,
    0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6,
    0xb7, 0xb8, 0xb9, 0xba, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8,
    0xd9, 0xda, 0xe1, 0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8,
    0xf9, 0xfa,
];

#[rustfmt::skip]
static CHROMA_AC: [u8; 162] = [
    0x00, 0x01, 0x02, 0x03, 0x11, 0x04, 0x05, 0x21, 0x31, 0x06, 0x12, 0x41, 0x51, 0x07, 0x61, 0x71, 0x13, 0x22, 0x32, 0x81,
    0x08, 0x14, 0x42, 0x91, 0xa1, 0xb1, 0xc1, 0x09, 0x23, 0x33, 0x52, 0xf0, 0x15, 0x62, 0x72, 0xd1, 0x0a, 0x16, 0x24, 0x34,
    0xe1, 0x25, 0xf1, 0x17, 0x18, 0x19, 0x1a, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x43, 0x44,
    0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5a, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68,
    0x69, 0x6a, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x92,
    0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xb2, 0xb3, 0xb4,
    0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6,
    0xd7, 0xd8, 0xd9, 0xda, 0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8,
    0xf9, 0xfa,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(list: &[(u8, u32)]) -> Counts {
        let mut counts = Counts::default();
        list.iter().for_each(|&(symbol, count)| counts.0[usize::from(symbol)] = count);
        counts
    }

    /// Prefix-free, complete but for the code of ones, and at most 16 bits.
    fn check(specification: &Specification, symbols: usize) {
        assert_eq!(specification.symbols.len(), symbols);
        let total: u32 =
            (1..).zip(&specification.lengths).map(|(length, &count)| u32::from(count) << (16 - length)).sum();
        assert!(total < 1 << 16, "the code of ones is taken");
        assert_eq!(specification.lengths.iter().map(|&count| usize::from(count)).sum::<usize>(), symbols);
    }

    #[test]
    fn frequent_symbols_get_short_codes() {
        let table = Specification::optimal(&counts(&[(7, 1000), (0, 10), (0xf0, 3), (9, 3)]));
        check(&table, 4);
        let codes = Codes::new(&table);
        assert_eq!(codes.of(7).1, 1);
        assert!(codes.of(0).1 < codes.of(9).1);
        assert_eq!(codes.of(1).1, 0);
    }

    #[test]
    fn codes_end_at_sixteen_bits() {
        let (mut list, mut pair) = (Vec::new(), (1u32, 1u32));
        for symbol in 0..30 {
            list.push((symbol, pair.0));
            pair = (pair.1, pair.0 + pair.1);
        }
        check(&Specification::optimal(&counts(&list)), 30);
    }

    #[test]
    fn one_symbol_or_none_makes_a_table_too() {
        check(&Specification::optimal(&counts(&[(5, 9)])), 1);
        check(&Specification::optimal(&counts(&[])), 0);
        check(&Specification::optimal(&Counts([1; 256])), 256);
    }

    #[test]
    fn the_standard_tables_are_whole() {
        for [dc, ac] in &STANDARD {
            check(dc, 12);
            check(ac, 162);
        }
    }
}
