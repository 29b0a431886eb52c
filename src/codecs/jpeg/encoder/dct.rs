//! The forward DCT: libjpeg's accurate integer method (`jfdctint.c`; Loeffler, Ligtenberg and Moschytz 1989).
//!
//! Both versions give the same 16-bit results. The vector version follows `jfdctint-sse2`: the products are taken in
//! pairs by a dot product, two columns' worth at once.

/// Eight rows of eight samples, a row in a word with its first sample lowest.
pub(super) type Samples = [u64; 8];

// The method's constants, 13 bits behind the point.
const C_0_298: i32 = 2446;
const C_0_390: i32 = 3196;
const C_0_541: i32 = 4433;
const C_0_765: i32 = 6270;
const C_0_899: i32 = 7373;
const C_1_175: i32 = 9633;
const C_1_501: i32 = 12299;
const C_1_847: i32 = 15137;
const C_1_961: i32 = 16069;
const C_2_053: i32 = 16819;
const C_2_562: i32 = 20995;
const C_3_072: i32 = 25172;

/// Bits behind the point of the constants, and those that the first pass keeps.
const CONSTANT_BITS: u32 = 13;
const FIRST_PASS_BITS: u32 = 2;

/// The transform without vectors: coefficients times eight, in rows.
#[cfg(any(not(all(target_arch = "wasm32", target_feature = "simd128")), test))]
pub(super) fn forward(samples: &Samples) -> [i16; 64] {
    let mut data = [0i32; 64];
    for (row, word) in data.as_chunks_mut::<8>().0.iter_mut().zip(samples) {
        for (value, sample) in row.iter_mut().zip(word.to_le_bytes()) {
            *value = i32::from(sample) - 128;
        }
    }
    for row in 0..8 {
        pass::<true>(&mut data, row * 8, 1);
    }
    for column in 0..8 {
        pass::<false>(&mut data, column, 8);
    }
    data.map(|value| value as i16)
}

/// Eight values from `at` on, `step` apart.
#[cfg(any(not(all(target_arch = "wasm32", target_feature = "simd128")), test))]
fn pass<const FIRST: bool>(data: &mut [i32; 64], at: usize, step: usize) {
    let d: [i32; 8] = std::array::from_fn(|index| data[at + index * step]);
    let shift = if FIRST { CONSTANT_BITS - FIRST_PASS_BITS } else { CONSTANT_BITS + FIRST_PASS_BITS };
    let descaled = |value: i32| (value + (1 << (shift - 1))) >> shift;
    let even = |value: i32| if FIRST { value << FIRST_PASS_BITS } else { (value + 2) >> FIRST_PASS_BITS };
    let (t0, t1, t2, t3) = (d[0] + d[7], d[1] + d[6], d[2] + d[5], d[3] + d[4]);
    let (t4, t5, t6, t7) = (d[3] - d[4], d[2] - d[5], d[1] - d[6], d[0] - d[7]);
    let (t10, t13, t11, t12) = (t0 + t3, t0 - t3, t1 + t2, t1 - t2);
    let z1 = (t12 + t13) * C_0_541;
    let z5 = (t4 + t6 + t5 + t7) * C_1_175;
    let (z2, z6) = ((t4 + t7) * -C_0_899, (t5 + t6) * -C_2_562);
    let (z3, z4) = ((t4 + t6) * -C_1_961 + z5, (t5 + t7) * -C_0_390 + z5);
    let out = [
        even(t10 + t11),
        descaled(t7 * C_1_501 + z2 + z4),
        descaled(z1 + t13 * C_0_765),
        descaled(t6 * C_3_072 + z6 + z3),
        even(t10 - t11),
        descaled(t5 * C_2_053 + z6 + z4),
        descaled(z1 - t12 * C_1_847),
        descaled(t4 * C_0_298 + z2 + z3),
    ];
    for (index, value) in out.into_iter().enumerate() {
        data[at + index * step] = value;
    }
}

/// The transform with vectors.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub(super) mod vectors {
    use core::arch::wasm32::*;

    use super::*;

    /// Coefficients times eight, a row in a vector.
    #[inline(always)]
    pub(in super::super) fn forward(samples: &Samples) -> [v128; 8] {
        let rows = samples.map(|row| i16x8_sub(u16x8_extend_low_u8x16(u64x2(row, 0)), i16x8_splat(128)));
        pass::<false>(transposed(pass::<true>(transposed(rows))))
    }

    const fn pair(a: i32, b: i32) -> v128 {
        let (a, b) = (a as i16, b as i16);
        i16x8(a, b, a, b, a, b, a, b)
    }

    #[inline(always)]
    fn low(a: v128, b: v128) -> v128 {
        i16x8_shuffle::<0, 8, 1, 9, 2, 10, 3, 11>(a, b)
    }

    #[inline(always)]
    fn high(a: v128, b: v128) -> v128 {
        i16x8_shuffle::<4, 12, 5, 13, 6, 14, 7, 15>(a, b)
    }

    #[inline(always)]
    fn transposed(r: [v128; 8]) -> [v128; 8] {
        let low32 = |a, b| i32x4_shuffle::<0, 4, 1, 5>(a, b);
        let high32 = |a, b| i32x4_shuffle::<2, 6, 3, 7>(a, b);
        let low64 = |a, b| i64x2_shuffle::<0, 2>(a, b);
        let high64 = |a, b| i64x2_shuffle::<1, 3>(a, b);
        let (a0, a1, a2, a3) = (low(r[0], r[1]), high(r[0], r[1]), low(r[2], r[3]), high(r[2], r[3]));
        let (a4, a5, a6, a7) = (low(r[4], r[5]), high(r[4], r[5]), low(r[6], r[7]), high(r[6], r[7]));
        let (b0, b1, b2, b3) = (low32(a0, a2), high32(a0, a2), low32(a1, a3), high32(a1, a3));
        let (b4, b5, b6, b7) = (low32(a4, a6), high32(a4, a6), low32(a5, a7), high32(a5, a7));
        [
            low64(b0, b4),
            high64(b0, b4),
            low64(b1, b5),
            high64(b1, b5),
            low64(b2, b6),
            high64(b2, b6),
            low64(b3, b7),
            high64(b3, b7),
        ]
    }

    /// One pass over eight vectors, down the columns. The sums of products are those of the plain version, multiplied
    /// out so that each is one dot product of two values.
    #[inline(always)]
    fn pass<const FIRST: bool>(d: [v128; 8]) -> [v128; 8] {
        let sum = |a: usize, b: usize| i16x8_add(d[a], d[b]);
        let difference = |a: usize, b: usize| i16x8_sub(d[a], d[b]);
        let (t0, t1, t2, t3) = (sum(0, 7), sum(1, 6), sum(2, 5), sum(3, 4));
        let (t4, t5, t6, t7) = (difference(3, 4), difference(2, 5), difference(1, 6), difference(0, 7));
        let (t10, t13, t11, t12) = (i16x8_add(t0, t3), i16x8_sub(t0, t3), i16x8_add(t1, t2), i16x8_sub(t1, t2));
        let shift = if FIRST { CONSTANT_BITS - FIRST_PASS_BITS } else { CONSTANT_BITS + FIRST_PASS_BITS };
        let round = i32x4_splat(1 << (shift - 1));
        let descaled = |low: v128, high: v128| {
            i16x8_narrow_i32x4(i32x4_shr(i32x4_add(low, round), shift), i32x4_shr(i32x4_add(high, round), shift))
        };
        let dot = |a: v128, b: v128, factors: v128| {
            descaled(i32x4_dot_i16x8(low(a, b), factors), i32x4_dot_i16x8(high(a, b), factors))
        };
        let even = |value: v128| {
            if FIRST {
                i16x8_shl(value, FIRST_PASS_BITS)
            } else {
                i16x8_shr(i16x8_add(value, i16x8_splat(2)), FIRST_PASS_BITS)
            }
        };
        let (z3, z4) = (i16x8_add(t4, t6), i16x8_add(t5, t7));
        let (zl, zh) = (low(z3, z4), high(z3, z4));
        let third = pair(C_1_175 - C_1_961, C_1_175);
        let fourth = pair(C_1_175, C_1_175 - C_0_390);
        let (l3, h3) = (i32x4_dot_i16x8(zl, third), i32x4_dot_i16x8(zh, third));
        let (l4, h4) = (i32x4_dot_i16x8(zl, fourth), i32x4_dot_i16x8(zh, fourth));
        let odd = |a: v128, b: v128, factors: v128, l: v128, h: v128| {
            descaled(
                i32x4_add(i32x4_dot_i16x8(low(a, b), factors), l),
                i32x4_add(i32x4_dot_i16x8(high(a, b), factors), h),
            )
        };
        [
            even(i16x8_add(t10, t11)),
            odd(t4, t7, pair(-C_0_899, C_1_501 - C_0_899), l4, h4),
            dot(t13, t12, pair(C_0_541 + C_0_765, C_0_541)),
            odd(t5, t6, pair(-C_2_562, C_3_072 - C_2_562), l3, h3),
            even(i16x8_sub(t10, t11)),
            odd(t5, t6, pair(C_2_053 - C_2_562, -C_2_562), l4, h4),
            dot(t13, t12, pair(C_0_541, C_0_541 - C_1_847)),
            odd(t4, t7, pair(C_0_298 - C_0_899, -C_0_899), l3, h3),
        ]
    }
}
