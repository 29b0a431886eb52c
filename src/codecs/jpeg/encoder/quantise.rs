//! Quantisation tables, and dividing by them without a division.

use super::dct::{self, Samples};
use crate::codecs::jpeg::frame;

/// Position in a block of the coefficient at each place of the zigzag sequence.
pub(super) const ZIGZAG: [u8; 64] = match frame::ZIGZAG.first_chunk() {
    Some(places) => *places,
    None => panic!("the sequence has 64 places"),
};

/// T.81 table K.1, in rows.
#[rustfmt::skip]
pub(super) const LUMA: [u8; 64] = [
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
    18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
];

/// T.81 table K.2, in rows.
#[rustfmt::skip]
pub(super) const CHROMA: [u8; 64] = [
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
];

/// A table for a quality of 1…100, by libjpeg's formula (`jpeg_quality_scaling`, baseline): 50 is the table itself.
pub(super) fn scaled(table: &[u8; 64], quality: u8) -> [u8; 64] {
    let quality = u32::from(quality);
    let percent = if quality < 50 { 5000 / quality } else { 200 - 2 * quality };
    table.map(|value| ((u32::from(value) * percent + 50) / 100).clamp(1, 255) as u8)
}

/// The coefficients of a block, quantised.
#[derive(Clone, Copy)]
pub(super) struct Block {
    /// In zigzag order.
    pub(super) values: [i16; 64],
    /// Bit k says whether the value at place k is other than zero.
    pub(super) present: u64,
}

/// Divides coefficients by a table, rounded to the nearest, halves away from zero.
///
/// As in libjpeg-turbo (`compute_reciprocal` in `jcdctmgr.c`) a quotient is two multiplications of which the upper 16
/// bits count: `((|x| + correction) × reciprocal >> 16) × scale >> 16`. That is exact for every 16-bit dividend, where a
/// single multiplication is one off at some ties.
pub(super) struct Quantiser {
    correction: [u16; 64],
    reciprocal: [u16; 64],
    scale: [u16; 64],
}

impl Quantiser {
    /// For a table in rows.
    pub(super) fn new(table: &[u8; 64]) -> Self {
        let mut quantiser = Self { correction: [0; 64], reciprocal: [0; 64], scale: [0; 64] };
        for (index, &step) in table.iter().enumerate() {
            // The transform's results are times eight.
            let divisor = u32::from(step) * 8;
            let bits = divisor.ilog2();
            let mut shift = 16 + bits;
            let (mut reciprocal, rest) = ((1u32 << shift) / divisor, (1u32 << shift) % divisor);
            let mut correction = divisor / 2;
            if rest == 0 {
                // A power of two, whose reciprocal would be one bit too long.
                reciprocal >>= 1;
                shift -= 1;
            } else if rest <= divisor / 2 {
                correction += 1;
            } else {
                reciprocal += 1;
            }
            quantiser.correction[index] = correction as u16;
            quantiser.reciprocal[index] = reciprocal as u16;
            quantiser.scale[index] = (1u32 << (32 - shift)) as u16;
        }
        quantiser
    }

    /// Transforms and quantises a block.
    #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
    #[inline]
    pub(super) fn block(&self, samples: &Samples) -> Block {
        let coefficients = dct::forward(samples);
        let mut block = Block { values: [0; 64], present: 0 };
        for (place, &index) in ZIGZAG.iter().enumerate() {
            let index = usize::from(index);
            let value = coefficients[index];
            let sum = u32::from(value.unsigned_abs() + self.correction[index]);
            let quotient = upper(upper(sum, self.reciprocal[index]), self.scale[index]) as i16;
            block.values[place] = if value < 0 { -quotient } else { quotient };
            block.present |= u64::from(quotient != 0) << place;
        }
        block
    }

    /// Transforms and quantises a block.
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    #[inline(always)]
    pub(super) fn block(&self, samples: &Samples) -> Block {
        use core::arch::wasm32::*;

        let load = |numbers: &[u16; 64], row: usize| {
            let [row] = [&numbers.as_chunks::<8>().0[row]];
            // SAFETY: the array is 16 bytes, and a load needs no alignment.
            unsafe { v128_load(row.as_ptr().cast()) }
        };
        let upper = |a: v128, b: v128| {
            let (low, high) = (u32x4_extmul_low_u16x8(a, b), u32x4_extmul_high_u16x8(a, b));
            i16x8_shuffle::<1, 3, 5, 7, 9, 11, 13, 15>(low, high)
        };
        let mut rows = [0i16; 64];
        for (row, coefficients) in dct::vectors::forward(samples).into_iter().enumerate() {
            let sign = i16x8_shr(coefficients, 15);
            let sum = i16x8_add(i16x8_abs(coefficients), load(&self.correction, row));
            let quotient = upper(upper(sum, load(&self.reciprocal, row)), load(&self.scale, row));
            let to = &mut rows.as_chunks_mut::<8>().0[row];
            // SAFETY: the array is 16 bytes, and a store needs no alignment.
            unsafe { v128_store(to.as_mut_ptr().cast(), i16x8_sub(v128_xor(quotient, sign), sign)) };
        }
        let mut values = [0i16; 64];
        for (value, &index) in values.iter_mut().zip(&ZIGZAG) {
            *value = rows[usize::from(index)];
        }
        let mut present = 0;
        for quarter in 0..4 {
            let row = |index: usize| {
                let row = &values.as_chunks::<8>().0[index];
                // SAFETY: the array is 16 bytes, and a load needs no alignment.
                unsafe { v128_load(row.as_ptr().cast()) }
            };
            // Narrowing saturates, so what is not zero stays so.
            let bytes = i8x16_narrow_i16x8(row(2 * quarter), row(2 * quarter + 1));
            let zeros = i8x16_bitmask(i8x16_eq(bytes, i8x16_splat(0)));
            present |= u64::from(!zeros) << (16 * quarter);
        }
        Block { values, present }
    }
}

/// The bits from the 16th on of a product.
#[cfg(any(not(all(target_arch = "wasm32", target_feature = "simd128")), test))]
fn upper(a: u32, b: u16) -> u32 {
    (a * u32::from(b)) >> 16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_scale_as_libjpegs_do() {
        assert_eq!(scaled(&LUMA, 50), LUMA);
        assert_eq!(scaled(&LUMA, 100), [1; 64]);
        assert_eq!(scaled(&LUMA, 80)[..8], [6, 4, 4, 6, 10, 16, 20, 24]);
        assert_eq!(scaled(&CHROMA, 1)[63], 255);
    }

    /// Every dividend by every divisor.
    #[test]
    fn quotients_are_exact() {
        for step in 1..=255u8 {
            let quantiser = Quantiser::new(&[step; 64]);
            let divisor = u32::from(step) * 8;
            for dividend in 0..=0x4000u32 {
                let sum = dividend + u32::from(quantiser.correction[0]);
                let quotient = upper(upper(sum, quantiser.reciprocal[0]), quantiser.scale[0]);
                assert_eq!(quotient, (dividend + divisor / 2) / divisor, "{dividend} / {divisor}");
            }
        }
    }
}
