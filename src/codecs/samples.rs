//! Samples of other depths than eight bits, and opacity that colours were multiplied with.

/// Exactly round(sample · 255 / 65535), as libpng scales.
pub(super) const fn round_16(sample: u16) -> u8 {
    ((sample as u32 * 255 + 32_895) >> 16) as u8
}

/// Exactly round(sample · 255 / most), halves up; what exceeds `most`, which is not 0, counts as `most`.
pub(super) const fn scaled(sample: u32, most: u32) -> u8 {
    if sample >= most { u8::MAX } else { ((sample as u64 * 255 + most as u64 / 2) / most as u64) as u8 }
}

/// A sample that was multiplied with its opacity, as it is without.
pub(super) const fn straight(sample: u8, opacity: u8) -> u8 {
    match opacity {
        0 => 0,
        opacity => scaled(sample as u32, opacity as u32),
    }
}

/// The sample at each bit depth up to 8 that stands for the most light.
pub(super) const fn most(bits: u16) -> u32 {
    (1 << bits) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!([straight(64, 128), straight(3, 255), straight(9, 0), straight(200, 100)], [128, 3, 0, 255]);
    }
}
