//! Sixteen bytes at a time: `simd128` on wasm32, arrays elsewhere, with the same results.

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod imp {
    use core::arch::wasm32::*;

    #[derive(Clone, Copy)]
    pub(crate) struct Bytes(v128);
    #[derive(Clone, Copy)]
    pub(crate) struct Words(v128);

    impl Words {
        #[inline(always)]
        pub(crate) fn splat(word: u16) -> Self {
            Self(u16x8_splat(word))
        }

        #[inline(always)]
        pub(crate) fn add(self, other: Self) -> Self {
            Self(i16x8_add(self.0, other.0))
        }

        #[inline(always)]
        pub(crate) fn sub(self, other: Self) -> Self {
            Self(i16x8_sub(self.0, other.0))
        }

        #[inline(always)]
        pub(crate) fn saturating_sub(self, other: Self) -> Self {
            Self(u16x8_sub_sat(self.0, other.0))
        }

        #[inline(always)]
        pub(crate) fn times(self, factor: u16) -> Self {
            Self(i16x8_mul(self.0, u16x8_splat(factor)))
        }

        #[inline(always)]
        pub(crate) fn shift<const BITS: u32>(self) -> Self {
            Self(u16x8_shr(self.0, BITS))
        }

        #[inline(always)]
        pub(crate) fn signed_shift<const BITS: u32>(self) -> Self {
            Self(i16x8_shr(self.0, BITS))
        }

        /// These numbers with signs, and higher ones, as bytes, or the closest.
        #[inline(always)]
        pub(crate) fn narrow(self, high: Self) -> Bytes {
            Bytes(u8x16_narrow_i16x8(self.0, high.0))
        }
    }

    impl Bytes {
        #[inline(always)]
        pub(crate) fn of_halves(low: u64, high: u64) -> Self {
            Self(u64x2(low, high))
        }

        #[inline(always)]
        pub(crate) fn halves(self) -> [u64; 2] {
            [u64x2_extract_lane::<0>(self.0), u64x2_extract_lane::<1>(self.0)]
        }

        #[inline(always)]
        pub(crate) fn splat(byte: u8) -> Self {
            Self(u8x16_splat(byte))
        }

        #[inline(always)]
        pub(crate) fn and(self, other: Self) -> Self {
            Self(v128_and(self.0, other.0))
        }

        #[inline(always)]
        pub(crate) fn and_not(self, other: Self) -> Self {
            Self(v128_andnot(self.0, other.0))
        }

        #[inline(always)]
        pub(crate) fn xor(self, other: Self) -> Self {
            Self(v128_xor(self.0, other.0))
        }

        #[inline(always)]
        pub(crate) fn max(self, other: Self) -> Self {
            Self(u8x16_max(self.0, other.0))
        }

        #[inline(always)]
        pub(crate) fn abs_diff(self, other: Self) -> Self {
            Self(v128_or(
                u8x16_sub_sat(self.0, other.0),
                u8x16_sub_sat(other.0, self.0),
            ))
        }

        #[inline(always)]
        pub(crate) fn saturating_add(self, other: Self) -> Self {
            Self(u8x16_add_sat(self.0, other.0))
        }

        #[inline(always)]
        pub(crate) fn half(self) -> Self {
            Self(u8x16_shr(self.0, 1))
        }

        /// All bits of each byte that is greater, none of the others.
        #[inline(always)]
        pub(crate) fn greater(self, other: Self) -> Self {
            Self(u8x16_gt(self.0, other.0))
        }

        #[inline(always)]
        pub(crate) fn any(self) -> bool {
            v128_any_true(self.0)
        }

        #[inline(always)]
        pub(crate) fn signed_saturating_add(self, other: Self) -> Self {
            Self(i8x16_add_sat(self.0, other.0))
        }

        #[inline(always)]
        pub(crate) fn signed_saturating_sub(self, other: Self) -> Self {
            Self(i8x16_sub_sat(self.0, other.0))
        }

        #[inline(always)]
        pub(crate) fn signed_shift<const BITS: u32>(self) -> Self {
            Self(i8x16_shr(self.0, BITS))
        }

        /// `(n * 9 + 63) >> 7` of the bytes with signs for `n` of 1, 2 and 3.
        #[inline(always)]
        pub(crate) fn ninths(self) -> [Self; 3] {
            let (nine, half) = (i16x8_splat(9), i16x8_splat(63));
            let low = i16x8_mul(i16x8_extend_low_i8x16(self.0), nine);
            let high = i16x8_mul(i16x8_extend_high_i8x16(self.0), nine);
            let one = [i16x8_add(low, half), i16x8_add(high, half)];
            let two = [i16x8_add(one[0], low), i16x8_add(one[1], high)];
            let three = [i16x8_add(two[0], low), i16x8_add(two[1], high)];
            [one, two, three].map(|[low, high]| {
                Self(i8x16_narrow_i16x8(i16x8_shr(low, 7), i16x8_shr(high, 7)))
            })
        }

        /// The lower and the higher half.
        #[inline(always)]
        pub(crate) fn wide(self) -> [Words; 2] {
            [Words(u16x8_extend_low_u8x16(self.0)), Words(u16x8_extend_high_u8x16(self.0))]
        }

        /// Bytes of three in turn.
        #[inline(always)]
        pub(crate) fn triples([a, b, c]: [Self; 3]) -> [Self; 3] {
            let (a, b, c) = (a.0, b.0, c.0);
            let ab = i8x16_shuffle::<0, 16, 0, 1, 17, 0, 2, 18, 0, 3, 19, 0, 4, 20, 0, 5>(a, b);
            let first = i8x16_shuffle::<0, 1, 16, 3, 4, 17, 6, 7, 18, 9, 10, 19, 12, 13, 20, 15>(ab, c);
            let ab = i8x16_shuffle::<21, 0, 6, 22, 0, 7, 23, 0, 8, 24, 0, 9, 25, 0, 10, 26>(a, b);
            let second = i8x16_shuffle::<0, 21, 2, 3, 22, 5, 6, 23, 8, 9, 24, 11, 12, 25, 14, 15>(ab, c);
            let ab = i8x16_shuffle::<0, 11, 27, 0, 12, 28, 0, 13, 29, 0, 14, 30, 0, 15, 31, 0>(a, b);
            let third = i8x16_shuffle::<26, 1, 2, 27, 4, 5, 28, 7, 8, 29, 10, 11, 30, 13, 14, 31>(ab, c);
            [Self(first), Self(second), Self(third)]
        }

        /// The lower halves, byte by byte in turn.
        #[inline(always)]
        pub(crate) fn low_pairs(self, other: Self) -> Self {
            Self(i8x16_shuffle::<0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23>(self.0, other.0))
        }

        /// The higher halves, byte by byte in turn.
        #[inline(always)]
        pub(crate) fn high_pairs(self, other: Self) -> Self {
            Self(i8x16_shuffle::<8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31>(self.0, other.0))
        }
    }
}

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod imp {
    use core::array::from_fn;

    #[derive(Clone, Copy)]
    pub(crate) struct Bytes([u8; 16]);
    #[derive(Clone, Copy)]
    pub(crate) struct Words([u16; 8]);

    impl Words {
        #[inline(always)]
        fn with(self, other: Self, operation: impl Fn(u16, u16) -> u16) -> Self {
            Self(from_fn(|at| operation(self.0[at], other.0[at])))
        }

        #[inline(always)]
        pub(crate) fn splat(word: u16) -> Self {
            Self([word; 8])
        }

        #[inline(always)]
        pub(crate) fn add(self, other: Self) -> Self {
            self.with(other, u16::wrapping_add)
        }

        #[inline(always)]
        pub(crate) fn sub(self, other: Self) -> Self {
            self.with(other, u16::wrapping_sub)
        }

        #[inline(always)]
        pub(crate) fn saturating_sub(self, other: Self) -> Self {
            self.with(other, u16::saturating_sub)
        }

        #[inline(always)]
        pub(crate) fn times(self, factor: u16) -> Self {
            Self(self.0.map(|word| word.wrapping_mul(factor)))
        }

        #[inline(always)]
        pub(crate) fn shift<const BITS: u32>(self) -> Self {
            Self(self.0.map(|word| word >> BITS))
        }

        #[inline(always)]
        pub(crate) fn signed_shift<const BITS: u32>(self) -> Self {
            Self(self.0.map(|word| (word as i16 >> BITS) as u16))
        }

        /// These numbers with signs, and higher ones, as bytes, or the closest.
        #[inline(always)]
        pub(crate) fn narrow(self, high: Self) -> Bytes {
            let byte = |word: u16| (word as i16).clamp(0, 255) as u8;
            Bytes(from_fn(|at| byte(if at < 8 { self.0[at] } else { high.0[at - 8] })))
        }
    }

    impl Bytes {
        #[inline(always)]
        fn with(self, other: Self, operation: impl Fn(u8, u8) -> u8) -> Self {
            Self(from_fn(|at| operation(self.0[at], other.0[at])))
        }

        #[inline(always)]
        pub(crate) fn of_halves(low: u64, high: u64) -> Self {
            let (low, high) = (low.to_le_bytes(), high.to_le_bytes());
            Self(from_fn(|at| if at < 8 { low[at] } else { high[at - 8] }))
        }

        #[inline(always)]
        pub(crate) fn halves(self) -> [u64; 2] {
            [0, 8].map(|start| u64::from_le_bytes(from_fn(|at| self.0[start + at])))
        }

        #[inline(always)]
        pub(crate) fn splat(byte: u8) -> Self {
            Self([byte; 16])
        }

        #[inline(always)]
        pub(crate) fn and(self, other: Self) -> Self {
            self.with(other, |one, other| one & other)
        }

        #[inline(always)]
        pub(crate) fn and_not(self, other: Self) -> Self {
            self.with(other, |one, other| one & !other)
        }

        #[inline(always)]
        pub(crate) fn xor(self, other: Self) -> Self {
            self.with(other, |one, other| one ^ other)
        }

        #[inline(always)]
        pub(crate) fn max(self, other: Self) -> Self {
            self.with(other, u8::max)
        }

        #[inline(always)]
        pub(crate) fn abs_diff(self, other: Self) -> Self {
            self.with(other, u8::abs_diff)
        }

        #[inline(always)]
        pub(crate) fn saturating_add(self, other: Self) -> Self {
            self.with(other, u8::saturating_add)
        }

        #[inline(always)]
        pub(crate) fn half(self) -> Self {
            Self(self.0.map(|byte| byte / 2))
        }

        /// All bits of each byte that is greater, none of the others.
        #[inline(always)]
        pub(crate) fn greater(self, other: Self) -> Self {
            self.with(other, |one, other| if one > other { 255 } else { 0 })
        }

        #[inline(always)]
        pub(crate) fn any(self) -> bool {
            self.0 != [0; 16]
        }

        #[inline(always)]
        pub(crate) fn signed_saturating_add(self, other: Self) -> Self {
            self.with(other, |one, other| (one as i8).saturating_add(other as i8) as u8)
        }

        #[inline(always)]
        pub(crate) fn signed_saturating_sub(self, other: Self) -> Self {
            self.with(other, |one, other| (one as i8).saturating_sub(other as i8) as u8)
        }

        #[inline(always)]
        pub(crate) fn signed_shift<const BITS: u32>(self) -> Self {
            Self(self.0.map(|byte| (byte as i8 >> BITS) as u8))
        }

        /// `(n * 9 + 63) >> 7` of the bytes with signs for `n` of 1, 2 and 3.
        #[inline(always)]
        pub(crate) fn ninths(self) -> [Self; 3] {
            [9, 18, 27].map(|times| {
                Self(self.0.map(|byte| ((i16::from(byte as i8) * times + 63) >> 7) as u8))
            })
        }

        /// The lower and the higher half.
        #[inline(always)]
        pub(crate) fn wide(self) -> [Words; 2] {
            [0, 8].map(|start| Words(from_fn(|at| self.0[start + at].into())))
        }

        /// Bytes of three in turn.
        #[inline(always)]
        pub(crate) fn triples(all: [Self; 3]) -> [Self; 3] {
            [0, 16, 32].map(|start| Self(from_fn(|at| all[(start + at) % 3].0[(start + at) / 3])))
        }

        /// The lower halves, byte by byte in turn.
        #[inline(always)]
        pub(crate) fn low_pairs(self, other: Self) -> Self {
            Self(from_fn(|at| if at % 2 == 0 { self.0[at / 2] } else { other.0[at / 2] }))
        }

        /// The higher halves, byte by byte in turn.
        #[inline(always)]
        pub(crate) fn high_pairs(self, other: Self) -> Self {
            Self(from_fn(|at| if at % 2 == 0 { self.0[8 + at / 2] } else { other.0[8 + at / 2] }))
        }
    }
}

pub(crate) use imp::{Bytes, Words};

impl Bytes {
    #[inline(always)]
    pub(crate) fn load(from: &[u8; 16]) -> Self {
        let (low, high) = from.split_at(8);
        Self::of_halves(eight(low), eight(high))
    }

    #[inline(always)]
    pub(crate) fn store(self, to: &mut [u8; 16]) {
        let [low, high] = self.halves();
        to[..8].copy_from_slice(&low.to_le_bytes());
        to[8..].copy_from_slice(&high.to_le_bytes());
    }
}

/// The first eight bytes.
#[inline(always)]
pub(crate) fn eight(bytes: &[u8]) -> u64 {
    u64::from_le_bytes(bytes[..8].try_into().unwrap())
}
