//! Samples of other depths than eight bits, and opacity that colours were multiplied with.

use crate::image::depth::Sample;
pub(super) use crate::image::depth::rounded as round_16;

/// The nearest sample of the same share of the whole range, halves up; what exceeds `most`, which is not 0, counts as `most`.
pub(super) fn stretched<S: Sample>(sample: u32, most: u32) -> S {
    if sample >= most {
        return S::MOST;
    }
    let (sample, most, whole) = (u64::from(sample), u64::from(most), S::COUNT as u64 - 1);
    S::of_index(((sample * whole + most / 2) / most) as usize)
}

/// Exactly round(sample · 255 / most), halves up; what exceeds `most`, which is not 0, counts as `most`.
pub(super) const fn scaled(sample: u32, most: u32) -> u8 {
    if sample >= most { u8::MAX } else { ((sample as u64 * 255 + most as u64 / 2) / most as u64) as u8 }
}

/// A sample that was multiplied with its opacity, as it is without.
pub(super) fn straight<S: Sample>(sample: S, opacity: S) -> S {
    match opacity.index() {
        0 => S::default(),
        most => stretched(sample.index() as u32, most as u32),
    }
}

/// The sample at each bit depth from 1 to 32 that stands for the most light.
pub(super) const fn most(bits: u16) -> u32 {
    u32::MAX >> (32 - bits)
}

/// A floating-point number of 16 bits (IEEE 754).
pub(super) fn half(bits: u16) -> f64 {
    let (exponent, fraction) = (bits >> 10 & 31, f64::from(bits & 1023) / 1024.0);
    let size = match exponent {
        0 => fraction / 16_384.0,
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1.0 + fraction) * f64::from(1_u32 << exponent) / 32_768.0,
    };
    if bits >> 15 == 0 { size } else { -size }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_16_bits_are_those_of_the_standard() {
        // One, two, a third, and the largest and smallest ones.
        for (bits, number) in [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x3555, 0.333_251_953_125),
            (0x7bff, 65_504.0),
            (0x0400, 0.000_061_035_156_25),
            (0x0001, 5.960_464_477_539_063e-8),
            (0x8000, 0.0),
            (0x7c00, f64::INFINITY),
        ] {
            assert_eq!(half(bits), number, "{bits:x}");
        }
        assert!(half(0x7e00).is_nan());
        assert_eq!([1, 8, 12, 32].map(most), [1, 255, 4095, u32::MAX]);
    }

    #[test]
    fn samples_are_rounded_to_the_nearest() {
        for sample in 0..=u16::MAX {
            let nearest = (f64::from(sample) * 255.0 / 65_535.0).round() as u8;
            assert_eq!((round_16(sample), scaled(u32::from(sample), 65_535)), (nearest, nearest), "{sample}");
        }
        assert_eq!([0, 1, 2, 3].map(|sample| scaled(sample, most(2))), [0, 85, 170, 255]);
        assert_eq!([7, 8, 100].map(|sample| scaled(sample, 7)), [255; 3]);
    }

    #[test]
    fn an_opacity_is_divided_out() {
        assert_eq!([straight(64_u8, 128), straight(3, 255), straight(9, 0), straight(200, 100)], [128, 3, 0, 255]);
    }
}
