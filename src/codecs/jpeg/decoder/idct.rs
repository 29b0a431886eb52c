//! The inverse DCT: libjpeg's accurate one (`jidctint.c`, "islow") for 8 × 8 samples, and its reductions to 2 × 2 and one
//! sample (`jidctred.c`), bit for bit as libjpeg-turbo's vector code computes them.
//!
//! For 4 × 4 samples only the lowest coefficients are transformed, as in libjpeg from version 7 on. `jidctred.c` folds most of
//! the others into them, which is slower and gives a worse picture: after shrinking, it is 3 to 8 dB further from the one that
//! was decoded at full size.
//!
//! Eight columns stand in eight lanes. A rotation of two values is one dot product of interleaved 16-bit pairs with two
//! constants (13 bits after the point), summed in 32 bits; between the two passes everything narrows to 16 bits again, as
//! in `jidctint-sse2`. Dequantising is one 16-bit product a row.
//!
//! What the last coefficient is decides how much is computed: none but the first fills, up to the tenth in zigzag order
//! leaves rows 4 to 7 zero. The results are the same.

use crate::image::lanes::{I16x8, I32x4, transposed};

/// A block's coefficients or its quantisation table, row by row.
pub(super) type Block = [i16; 64];

/// The last zigzag position that may differ from zero, below which rows 4 to 7 are zero.
const SPARSE: usize = 9;

#[inline(always)]
fn row(block: &Block, y: usize) -> I16x8 {
    I16x8::load(&block.as_chunks::<8>().0[y])
}

/// A row of coefficients times its quantisation. It wraps in 16 bits, as libjpeg-turbo's vector code does.
#[inline(always)]
fn dequantised(block: &Block, table: &Block, y: usize) -> I16x8 {
    row(block, y).times(row(table, y))
}

/// The one sample of a block that has nothing but a mean: both passes come to this, at every scale.
#[inline(always)]
fn flat(block: &Block, table: &Block) -> u8 {
    let mean = block[0].wrapping_mul(table[0]).wrapping_mul(4);
    ((i32::from(mean) + 16) >> 5).clamp(-128, 127) as u8 ^ 128
}

/// Writes `N` rows of `N` equal samples.
#[inline(always)]
fn fill<const N: usize>(sample: u8, out: &mut [u8], stride: usize) {
    for y in 0..N {
        out[y * stride..][..N].copy_from_slice(&[sample; N]);
    }
}

/// Writes 8 × 8 samples to `out`, whose rows are `stride` apart. `last` is the last zigzag position that may differ from
/// zero.
#[inline(always)]
pub(super) fn whole(block: &Block, table: &Block, last: usize, out: &mut [u8], stride: usize) {
    if last == 0 {
        fill::<8>(flat(block, table), out, stride);
    } else if last <= SPARSE {
        sparse(block, table, out, stride);
    } else {
        full(block, table, out, stride);
    }
}

#[inline(never)]
fn sparse(block: &Block, table: &Block, out: &mut [u8], stride: usize) {
    let q = |y| dequantised(block, table, y);
    let rows = [q(0), q(1), q(2), q(3)];
    let columns = transposed(if row(block, 1).or(row(block, 2)).or(row(block, 3)).is_zero() {
        alike(rows[0])
    } else {
        pass_sparse::<11>(rows)
    });
    // The first pass left columns 4 to 7 zero in every row.
    store(transposed(pass_sparse::<18>([columns[0], columns[1], columns[2], columns[3]])), out, stride);
}

#[inline(never)]
fn full(block: &Block, table: &Block, out: &mut [u8], stride: usize) {
    let q = |y| dequantised(block, table, y);
    let rest = (2..8).fold(row(block, 1), |rest, y| rest.or(row(block, y)));
    let columns = transposed(if rest.is_zero() {
        alike(q(0))
    } else {
        pass::<11>([q(0), q(1), q(2), q(3), q(4), q(5), q(6), q(7)])
    });
    store(transposed(pass::<18>(columns)), out, stride);
}

#[inline(always)]
fn store(rows: [I16x8; 8], out: &mut [u8], stride: usize) {
    for (i, [a, b]) in rows.as_chunks::<2>().0.iter().enumerate() {
        let [a, b] = a.samples(*b);
        out[2 * i * stride..][..8].copy_from_slice(&a.to_le_bytes());
        out[(2 * i + 1) * stride..][..8].copy_from_slice(&b.to_le_bytes());
    }
}

/// The first pass where the first row alone differs from zero: all rows become it. For numbers of a real picture that is
/// what the whole pass gives; what is larger wraps here and is clamped there, in libjpeg-turbo's code as well.
#[inline(always)]
fn alike(first: I16x8) -> [I16x8; 8] {
    [first.add(first).add(first.add(first)); 8]
}

/// Interleaves the low or the high lanes of two rows.
type Interleave = fn(I16x8, I16x8) -> I16x8;

/// The two halves of a pass, narrowed together.
#[inline(always)]
fn narrowed<const N: usize, const SHIFT: u32>(low: [I32x4; N], high: [I32x4; N]) -> [I16x8; N] {
    std::array::from_fn(|i| low[i].narrow::<SHIFT>(high[i]))
}

/// The last stage of a pass: even parts plus and minus odd parts.
#[inline(always)]
fn butterflies(even: [I32x4; 4], odd: [I32x4; 4]) -> [I32x4; 8] {
    std::array::from_fn(|i| if i < 4 { even[i].add(odd[3 - i]) } else { even[7 - i].sub(odd[i - 4]) })
}

/// One pass over eight columns. The sums are those of `jidctint.c`, with its shared factors multiplied out into pairs; as
/// integers they are the same.
#[inline(always)]
fn pass<const SHIFT: u32>(x: [I16x8; 8]) -> [I16x8; 8] {
    let half = |interleaved: Interleave| {
        let round = I32x4::splat(1 << (SHIFT - 1));
        let widened = |sum: I16x8| interleaved(sum, I16x8::zero()).dot(I16x8::pairs(8192, 0)).add(round);
        let (e0, e1) = (widened(x[0].add(x[4])), widened(x[0].sub(x[4])));
        let middle = interleaved(x[2], x[6]);
        let (t3, t2) = (middle.dot(I16x8::pairs(10_703, 4433)), middle.dot(I16x8::pairs(4433, -10_704)));
        let even = [e0.add(t3), e1.add(t2), e1.sub(t2), e0.sub(t3)];

        let z = interleaved(x[3].add(x[7]), x[1].add(x[5]));
        let (z3, z4) = (z.dot(I16x8::pairs(-6436, 9633)), z.dot(I16x8::pairs(9633, 6437)));
        let outer = interleaved(x[7], x[1]);
        let inner = interleaved(x[5], x[3]);
        let odd = [
            outer.dot(I16x8::pairs(-4927, -7373)).add(z3),
            inner.dot(I16x8::pairs(-4176, -20_995)).add(z4),
            inner.dot(I16x8::pairs(-20_995, 4177)).add(z3),
            outer.dot(I16x8::pairs(-7373, 4926)).add(z4),
        ];
        butterflies(even, odd)
    };
    narrowed::<8, SHIFT>(half(I16x8::low_pairs), half(I16x8::high_pairs))
}

/// The same where rows 4 to 7 are zero: every part is one dot product.
#[inline(always)]
fn pass_sparse<const SHIFT: u32>(x: [I16x8; 4]) -> [I16x8; 8] {
    let half = |interleaved: Interleave| {
        let round = I32x4::splat(1 << (SHIFT - 1));
        let e = interleaved(x[0], x[2]);
        let even = [(8192, 10_703), (8192, 4433), (8192, -4433), (8192, -10_703)];
        let o = interleaved(x[1], x[3]);
        let odd = [(2260, -6436), (6437, -11_362), (9633, -2259), (11_363, 9633)];
        butterflies(
            even.map(|(a, b)| e.dot(I16x8::pairs(a, b)).add(round)),
            odd.map(|(a, b)| o.dot(I16x8::pairs(a, b))),
        )
    };
    narrowed::<8, SHIFT>(half(I16x8::low_pairs), half(I16x8::high_pairs))
}

/// Writes 4 × 4 samples: the four-point transform of the lowest 4 × 4 coefficients (`jpeg_idct_4x4` of libjpeg 7).
#[inline(never)]
pub(super) fn half(block: &Block, table: &Block, last: usize, out: &mut [u8], stride: usize) {
    if last == 0 {
        return fill::<4>(flat(block, table), out, stride);
    }
    let q = |y| dequantised(block, table, y);
    // Two rows or columns of four in a vector.
    let [a, b] = quarters_transposed(pass_half::<11>(q(0).low_pairs(q(2)), q(1).low_pairs(q(3))));
    let [a, b] = quarters_transposed(pass_half::<18>(a.low_pairs(b), a.high_pairs(b)));
    for (i, two) in a.samples(b).into_iter().enumerate() {
        let [a, b] = [two as u32, (two >> 32) as u32];
        out[2 * i * stride..][..4].copy_from_slice(&a.to_le_bytes());
        out[(2 * i + 1) * stride..][..4].copy_from_slice(&b.to_le_bytes());
    }
}

/// One pass over four columns, whose rows come interleaved: 0 with 2, and 1 with 3.
#[inline(always)]
fn pass_half<const SHIFT: u32>(even: I16x8, odd: I16x8) -> [I16x8; 2] {
    let round = I32x4::splat(1 << (SHIFT - 1));
    let e0 = even.dot(I16x8::pairs(8192, 8192)).add(round);
    let e1 = even.dot(I16x8::pairs(8192, -8192)).add(round);
    let (o0, o1) = (odd.dot(I16x8::pairs(10_703, 4433)), odd.dot(I16x8::pairs(4433, -10_704)));
    [e0.add(o0).narrow::<SHIFT>(e1.add(o1)), e1.sub(o1).narrow::<SHIFT>(e0.sub(o0))]
}

/// Rows to columns, four of four.
#[inline(always)]
fn quarters_transposed([a, b]: [I16x8; 2]) -> [I16x8; 2] {
    let (even, odd) = (a.low_pairs(b), a.high_pairs(b));
    [even.low_pairs(odd), even.high_pairs(odd)]
}

/// Writes 2 × 2 samples, as `jpeg_idct_2x2` does: from rows and columns 0, 1, 3, 5 and 7.
#[inline(never)]
pub(super) fn quarter(block: &Block, table: &Block, last: usize, out: &mut [u8], stride: usize) {
    if last == 0 {
        return fill::<2>(flat(block, table), out, stride);
    }
    // The even and the odd part of one column or row.
    let parts = |[x0, x1, x3, x5, x7]: [i32; 5]| {
        let odd = [(x7, -5906), (x5, 6967), (x3, -10_426), (x1, 29_692)];
        (x0.wrapping_shl(15), odd.iter().fold(0_i32, |sum, &(x, factor)| sum.wrapping_add(x.wrapping_mul(factor))))
    };
    let round = |value: i32, shift: u32| value.wrapping_add(1 << (shift - 1)) >> shift;
    const TAKEN: [usize; 5] = [0, 1, 3, 5, 7];
    let columns = TAKEN.map(|x| {
        let (even, odd) = parts(TAKEN.map(|y| i32::from(block[y * 8 + x].wrapping_mul(table[y * 8 + x]))));
        [round(even.wrapping_add(odd), 13), round(even.wrapping_sub(odd), 13)]
    });
    for y in 0..2 {
        let (even, odd) = parts(columns.map(|column| column[y]));
        let sums = [even.wrapping_add(odd), even.wrapping_sub(odd)];
        let samples = sums.map(|sum| round(sum, 20).clamp(-128, 127) as u8 ^ 128);
        out[y * stride..][..2].copy_from_slice(&samples);
    }
}

/// Writes the one sample of a block at an eighth of its size: its mean.
#[inline(always)]
pub(super) fn eighth(block: &Block, table: &Block, out: &mut [u8]) {
    out[0] = flat(block, table);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition: the sum of the lowest 4 × 4 cosines at the centres of 4 × 4 samples.
    fn lowest(block: &Block, x: usize, y: usize) -> f64 {
        let cosine = |k: usize, at: usize| {
            let scale = if k == 0 { 0.5_f64.sqrt() } else { 1.0 };
            scale * ((2 * at + 1) as f64 * k as f64 * std::f64::consts::PI / 8.0).cos()
        };
        let sum: f64 = (0..16).map(|i| f64::from(block[i / 4 * 8 + i % 4]) * cosine(i / 4, y) * cosine(i % 4, x)).sum();
        sum / 4.0 + 128.0
    }

    #[test]
    fn half_the_size_is_what_the_lowest_coefficients_say() {
        let mut state = 5_u32;
        let mut random = |range: i16| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((state >> 8) % (2 * range as u32 + 1)) as i16 - range
        };
        for round in 0..2000 {
            let mut block: Block = [0; 64];
            block[0] = random(700);
            for (i, value) in block.iter_mut().enumerate().skip(1) {
                *value = if round % 3 == 0 || i % 8 < 2 { random(500 / (i as i16 + 3)) } else { 0 };
            }
            let mut out = [0; 32];
            half(&block, &[1; 64], 63, &mut out, 8);
            for y in 0..4 {
                for x in 0..4 {
                    let (got, wanted) = (f64::from(out[y * 8 + x]), lowest(&block, x, y).clamp(0.0, 255.0));
                    assert!((got - wanted).abs() < 0.7, "{got} for {wanted} at {x}, {y} in round {round}");
                }
            }
        }
        let mut flat = [9; 32];
        block_of(-37, &mut flat);
        assert_eq!(flat[..4], [123; 4]);
    }

    /// With and without the shortcut for a block that has nothing but a mean.
    fn block_of(mean: i16, out: &mut [u8; 32]) {
        let mut block: Block = [0; 64];
        block[0] = mean;
        half(&block, &[1; 64], 0, out, 8);
        let mut other = [0; 32];
        half(&block, &[1; 64], 9, &mut other, 8);
        for y in 0..4 {
            assert_eq!(out[y * 8..][..4], other[y * 8..][..4]);
        }
    }
}
