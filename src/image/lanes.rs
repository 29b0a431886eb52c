//! Eight 16-bit and four 32-bit numbers at a time: `simd128` on wasm32, arrays elsewhere, with the same results to the bit.
//!
//! Only what the JPEG decoder, the resampler and rotations need. Nearly every operation is one instruction of wasm; the arrays copy
//! what it says (wrapping products, saturating narrowing), so that everything built on them is tested natively.
//!
//! `unsafe` stands here alone, for the loads and stores of vectors. Each takes a reference to an array of exactly the
//! vector's size, so that the address is valid, and wasm asks for no alignment.

#[cfg(target_arch = "wasm32")]
mod imp {
    use core::arch::wasm32 as wasm;
    use core::arch::wasm32::v128;

    #[derive(Clone, Copy)]
    pub(crate) struct I16x8(v128);
    #[derive(Clone, Copy)]
    pub(crate) struct I32x4(v128);
    #[derive(Clone, Copy)]
    pub(crate) struct U8x16(v128);

    impl U8x16 {
        #[inline(always)]
        pub(crate) fn load(from: &[u8; 16]) -> Self {
            // SAFETY: 16 bytes behind a reference, readable.
            Self(unsafe { wasm::v128_load(from.as_ptr().cast()) })
        }
        #[inline(always)]
        pub(crate) fn neighbours(self) -> [I16x8; 2] {
            let zero = wasm::u8x16_splat(0);
            [
                I16x8(wasm::i8x16_shuffle::<0, 16, 3, 16, 1, 16, 4, 16, 2, 16, 5, 16, 16, 16, 16, 16>(self.0, zero)),
                I16x8(wasm::i8x16_shuffle::<6, 16, 9, 16, 7, 16, 10, 16, 8, 16, 11, 16, 16, 16, 16, 16>(self.0, zero)),
            ]
        }
        #[inline(always)]
        pub(crate) fn pairs(self, other: Self) -> [I16x8; 4] {
            let (a, b) = (self.0, other.0);
            let low = wasm::i8x16_shuffle::<0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23>(a, b);
            let high = wasm::i8x16_shuffle::<8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31>(a, b);
            [
                I16x8(wasm::u16x8_extend_low_u8x16(low)),
                I16x8(wasm::u16x8_extend_high_u8x16(low)),
                I16x8(wasm::u16x8_extend_low_u8x16(high)),
                I16x8(wasm::u16x8_extend_high_u8x16(high)),
            ]
        }
    }

    impl I16x8 {
        #[inline(always)]
        pub(crate) fn load(from: &[i16; 8]) -> Self {
            // SAFETY: 16 bytes behind a reference, readable.
            Self(unsafe { wasm::v128_load(from.as_ptr().cast()) })
        }
        #[inline(always)]
        pub(crate) fn store(self, to: &mut [i16; 8]) {
            // SAFETY: 16 bytes behind an exclusive reference, writable.
            unsafe { wasm::v128_store(to.as_mut_ptr().cast(), self.0) }
        }
        #[inline(always)]
        pub(crate) const fn pairs(a: i16, b: i16) -> Self {
            Self(wasm::i16x8(a, b, a, b, a, b, a, b))
        }
        #[inline(always)]
        pub(crate) fn zero() -> Self {
            Self(wasm::i16x8_splat(0))
        }
        #[inline(always)]
        pub(crate) fn repeated([a, b]: [i16; 2]) -> Self {
            Self(wasm::i32x4_splat(i32::from(a) & 0xffff | i32::from(b) << 16))
        }
        #[inline(always)]
        pub(crate) fn halves_paired(self) -> Self {
            Self(wasm::i16x8_shuffle::<0, 4, 1, 5, 2, 6, 3, 7>(self.0, self.0))
        }
        #[inline(always)]
        pub(crate) fn add(self, other: Self) -> Self {
            Self(wasm::i16x8_add(self.0, other.0))
        }
        #[inline(always)]
        pub(crate) fn times(self, other: Self) -> Self {
            Self(wasm::i16x8_mul(self.0, other.0))
        }
        #[inline(always)]
        pub(crate) fn sub(self, other: Self) -> Self {
            Self(wasm::i16x8_sub(self.0, other.0))
        }
        #[inline(always)]
        pub(crate) fn or(self, other: Self) -> Self {
            Self(wasm::v128_or(self.0, other.0))
        }
        #[inline(always)]
        pub(crate) fn is_zero(self) -> bool {
            !wasm::v128_any_true(self.0)
        }
        #[inline(always)]
        pub(crate) fn dot(self, other: Self) -> I32x4 {
            I32x4(wasm::i32x4_dot_i16x8(self.0, other.0))
        }
        #[inline(always)]
        pub(crate) fn low_pairs(self, other: Self) -> Self {
            Self(wasm::i16x8_shuffle::<0, 8, 1, 9, 2, 10, 3, 11>(self.0, other.0))
        }
        #[inline(always)]
        pub(crate) fn high_pairs(self, other: Self) -> Self {
            Self(wasm::i16x8_shuffle::<4, 12, 5, 13, 6, 14, 7, 15>(self.0, other.0))
        }
        #[inline(always)]
        pub(crate) fn low_quads(self, other: Self) -> Self {
            Self(wasm::i32x4_shuffle::<0, 4, 1, 5>(self.0, other.0))
        }
        #[inline(always)]
        pub(crate) fn high_quads(self, other: Self) -> Self {
            Self(wasm::i32x4_shuffle::<2, 6, 3, 7>(self.0, other.0))
        }
        #[inline(always)]
        pub(crate) fn low_halves(self, other: Self) -> Self {
            Self(wasm::i64x2_shuffle::<0, 2>(self.0, other.0))
        }
        #[inline(always)]
        pub(crate) fn high_halves(self, other: Self) -> Self {
            Self(wasm::i64x2_shuffle::<1, 3>(self.0, other.0))
        }
        #[inline(always)]
        pub(crate) fn samples(self, other: Self) -> [u64; 2] {
            let both = wasm::v128_xor(wasm::i8x16_narrow_i16x8(self.0, other.0), wasm::u8x16_splat(128));
            [wasm::u64x2_extract_lane::<0>(both), wasm::u64x2_extract_lane::<1>(both)]
        }
    }

    impl I32x4 {
        #[inline(always)]
        pub(crate) fn splat(value: i32) -> Self {
            Self(wasm::i32x4_splat(value))
        }
        #[inline(always)]
        pub(crate) fn add(self, other: Self) -> Self {
            Self(wasm::i32x4_add(self.0, other.0))
        }
        #[inline(always)]
        pub(crate) fn sub(self, other: Self) -> Self {
            Self(wasm::i32x4_sub(self.0, other.0))
        }
        #[inline(always)]
        pub(crate) fn narrow<const SHIFT: u32>(self, high: Self) -> I16x8 {
            I16x8(wasm::i16x8_narrow_i32x4(wasm::i32x4_shr(self.0, SHIFT), wasm::i32x4_shr(high.0, SHIFT)))
        }
        #[inline(always)]
        pub(crate) fn sums([a, b, c, d]: [Self; 4]) -> Self {
            let pair = |a: Self, b: Self| {
                wasm::i32x4_add(
                    wasm::i32x4_shuffle::<0, 4, 1, 5>(a.0, b.0),
                    wasm::i32x4_shuffle::<2, 6, 3, 7>(a.0, b.0),
                )
            };
            let (ab, cd) = (pair(a, b), pair(c, d));
            Self(wasm::i32x4_add(wasm::i64x2_shuffle::<0, 2>(ab, cd), wasm::i64x2_shuffle::<1, 3>(ab, cd)))
        }
        #[inline(always)]
        pub(crate) fn bytes<const SHIFT: u32>(self) -> [u8; 4] {
            let rounded = wasm::i32x4_shr(wasm::i32x4_add(self.0, wasm::i32x4_splat(1 << (SHIFT - 1))), SHIFT);
            let words = wasm::i16x8_narrow_i32x4(rounded, rounded);
            wasm::u32x4_extract_lane::<0>(wasm::u8x16_narrow_i16x8(words, words)).to_le_bytes()
        }
    }

    #[inline(always)]
    pub(crate) fn reversed(from: &[u8; 16], to: &mut [u8; 16]) -> u32 {
        // SAFETY: 16 bytes behind a reference, readable.
        let bytes = unsafe { wasm::v128_load(from.as_ptr().cast()) };
        let turned = wasm::i8x16_shuffle::<15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0>(bytes, bytes);
        // SAFETY: 16 bytes behind an exclusive reference, writable.
        unsafe { wasm::v128_store(to.as_mut_ptr().cast(), turned) };
        (u32::from(wasm::i8x16_bitmask(wasm::i8x16_eq(bytes, wasm::u8x16_splat(0xff)))) | 1 << 16).trailing_zeros()
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod imp {
    use std::array::from_fn;

    #[derive(Clone, Copy)]
    pub(crate) struct I16x8([i16; 8]);
    #[derive(Clone, Copy)]
    pub(crate) struct I32x4([i32; 4]);
    #[derive(Clone, Copy)]
    pub(crate) struct U8x16([u8; 16]);

    impl U8x16 {
        #[inline(always)]
        pub(crate) fn load(from: &[u8; 16]) -> Self {
            Self(*from)
        }
        /// The first four pixels of RGB: red of the first and the second, green of both, blue of both, zeros, and the same of the third and
        /// the fourth.
        #[inline(always)]
        pub(crate) fn neighbours(self) -> [I16x8; 2] {
            let sample = |at: usize| i16::from(self.0[at]);
            [0, 6].map(|first| I16x8(from_fn(|i| if i < 6 { sample(first + i / 2 + i % 2 * 3) } else { 0 })))
        }
        #[inline(always)]
        pub(crate) fn pairs(self, other: Self) -> [I16x8; 4] {
            let sample = |i: usize| i16::from([self.0, other.0][i % 2][i / 2]);
            from_fn(|part| I16x8(from_fn(|i| sample(part * 8 + i))))
        }
    }

    impl I16x8 {
        #[inline(always)]
        pub(crate) fn load(from: &[i16; 8]) -> Self {
            Self(*from)
        }
        #[inline(always)]
        pub(crate) fn store(self, to: &mut [i16; 8]) {
            *to = self.0;
        }
        #[inline(always)]
        pub(crate) const fn pairs(a: i16, b: i16) -> Self {
            Self([a, b, a, b, a, b, a, b])
        }
        #[inline(always)]
        pub(crate) fn zero() -> Self {
            Self([0; 8])
        }
        #[inline(always)]
        pub(crate) fn repeated([a, b]: [i16; 2]) -> Self {
            Self([a, b, a, b, a, b, a, b])
        }
        /// Each lane of the lower half before that of the upper one.
        #[inline(always)]
        pub(crate) fn halves_paired(self) -> Self {
            self.mixed(self, [0, 4, 1, 5, 2, 6, 3, 7])
        }
        #[inline(always)]
        pub(crate) fn add(self, other: Self) -> Self {
            Self(from_fn(|i| self.0[i].wrapping_add(other.0[i])))
        }
        #[inline(always)]
        pub(crate) fn times(self, other: Self) -> Self {
            Self(from_fn(|i| self.0[i].wrapping_mul(other.0[i])))
        }
        #[inline(always)]
        pub(crate) fn sub(self, other: Self) -> Self {
            Self(from_fn(|i| self.0[i].wrapping_sub(other.0[i])))
        }
        #[inline(always)]
        pub(crate) fn or(self, other: Self) -> Self {
            Self(from_fn(|i| self.0[i] | other.0[i]))
        }
        #[inline(always)]
        pub(crate) fn is_zero(self) -> bool {
            self.0 == [0; 8]
        }
        #[inline(always)]
        pub(crate) fn dot(self, other: Self) -> I32x4 {
            let product = |i: usize| i32::from(self.0[i]) * i32::from(other.0[i]);
            // Wraps where all four factors are -32768.
            I32x4(from_fn(|i| product(2 * i).wrapping_add(product(2 * i + 1))))
        }
        #[inline(always)]
        pub(crate) fn low_pairs(self, other: Self) -> Self {
            self.mixed(other, [0, 8, 1, 9, 2, 10, 3, 11])
        }
        #[inline(always)]
        pub(crate) fn high_pairs(self, other: Self) -> Self {
            self.mixed(other, [4, 12, 5, 13, 6, 14, 7, 15])
        }
        #[inline(always)]
        pub(crate) fn low_quads(self, other: Self) -> Self {
            self.mixed(other, [0, 1, 8, 9, 2, 3, 10, 11])
        }
        #[inline(always)]
        pub(crate) fn high_quads(self, other: Self) -> Self {
            self.mixed(other, [4, 5, 12, 13, 6, 7, 14, 15])
        }
        #[inline(always)]
        pub(crate) fn low_halves(self, other: Self) -> Self {
            self.mixed(other, [0, 1, 2, 3, 8, 9, 10, 11])
        }
        #[inline(always)]
        pub(crate) fn high_halves(self, other: Self) -> Self {
            self.mixed(other, [4, 5, 6, 7, 12, 13, 14, 15])
        }
        #[inline(always)]
        fn mixed(self, other: Self, places: [usize; 8]) -> Self {
            Self(places.map(|place| if place < 8 { self.0[place] } else { other.0[place - 8] }))
        }
        #[inline(always)]
        pub(crate) fn samples(self, other: Self) -> [u64; 2] {
            [self, other].map(|half| u64::from_le_bytes(half.0.map(|value| value.clamp(-128, 127) as u8 ^ 128)))
        }
    }

    impl I32x4 {
        #[inline(always)]
        pub(crate) fn splat(value: i32) -> Self {
            Self([value; 4])
        }
        #[inline(always)]
        pub(crate) fn add(self, other: Self) -> Self {
            Self(from_fn(|i| self.0[i].wrapping_add(other.0[i])))
        }
        #[inline(always)]
        pub(crate) fn sub(self, other: Self) -> Self {
            Self(from_fn(|i| self.0[i].wrapping_sub(other.0[i])))
        }
        #[inline(always)]
        pub(crate) fn narrow<const SHIFT: u32>(self, high: Self) -> I16x8 {
            let narrow = |value: i32| (value >> SHIFT).clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16;
            I16x8(from_fn(|i| narrow(if i < 4 { self.0[i] } else { high.0[i - 4] })))
        }
        /// The sum of each vector's lanes.
        #[inline(always)]
        pub(crate) fn sums(vectors: [Self; 4]) -> Self {
            Self(vectors.map(|vector| vector.0.into_iter().fold(0, i32::wrapping_add)))
        }
        /// Rounded to whole numbers, with so many bits behind the point, and brought into a byte's range.
        #[inline(always)]
        pub(crate) fn bytes<const SHIFT: u32>(self) -> [u8; 4] {
            self.0.map(|value| (value.wrapping_add(1 << (SHIFT - 1)) >> SHIFT).clamp(0, 255) as u8)
        }
    }

    #[inline(always)]
    pub(crate) fn reversed(from: &[u8; 16], to: &mut [u8; 16]) -> u32 {
        let bytes = u128::from_le_bytes(*from);
        *to = bytes.to_be_bytes();
        // The lowest byte of ones is the lowest zero byte of the complement (Mycroft's test is exact for the lowest).
        let ones = u128::from_le_bytes([1; 16]);
        let zero = !bytes;
        let found = zero.wrapping_sub(ones) & bytes & (ones << 7);
        found.trailing_zeros() / 8
    }
}

pub(crate) use imp::{I16x8, I32x4, U8x16, reversed};

/// Rows to columns.
#[inline(always)]
pub(crate) fn transposed(rows: [I16x8; 8]) -> [I16x8; 8] {
    let pairs = [0, 2, 4, 6].map(|i| (rows[i].low_pairs(rows[i + 1]), rows[i].high_pairs(rows[i + 1])));
    let [(a0, a1), (a2, a3), (a4, a5), (a6, a7)] = pairs;
    let (b0, b1, b2, b3) = (a0.low_quads(a2), a0.high_quads(a2), a1.low_quads(a3), a1.high_quads(a3));
    let (b4, b5, b6, b7) = (a4.low_quads(a6), a4.high_quads(a6), a5.low_quads(a7), a5.high_quads(a7));
    [
        b0.low_halves(b4),
        b0.high_halves(b4),
        b1.low_halves(b5),
        b1.high_halves(b5),
        b2.low_halves(b6),
        b2.high_halves(b6),
        b3.low_halves(b7),
        b3.high_halves(b7),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transposition_turns_rows_into_columns() {
        let rows: [[i16; 8]; 8] = std::array::from_fn(|y| std::array::from_fn(|x| (y * 8 + x) as i16));
        let columns = transposed(rows.map(|row| I16x8::load(&row)));
        for (x, column) in columns.iter().enumerate() {
            let expected: [u8; 8] = std::array::from_fn(|y| (y * 8 + x) as u8 ^ 128);
            assert_eq!(column.samples(I16x8::zero())[0].to_le_bytes(), expected);
        }
    }

    #[test]
    fn a_byte_of_ones_is_found_wherever_it_stands() {
        for place in 0..=16 {
            for rest in [0, 1, 0x7f, 0x80, 0xfe] {
                let mut bytes = [rest; 16];
                bytes[place..].fill(0xff);
                let mut turned = [0; 16];
                assert_eq!(reversed(&bytes, &mut turned), place as u32);
                bytes.reverse();
                assert_eq!(turned, bytes);
            }
        }
    }
}
