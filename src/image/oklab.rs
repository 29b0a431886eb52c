//! Oklab: a space in which equal distances look nearly equal, and lightness, redness and yellowness hardly depend on each
//! other.

use super::light::{Light, Lit, times};

/// Between linear sRGB and the responses of the eye, and between their cube roots and Oklab (Björn Ottosson, “A perceptual
/// color space for image processing”, 2020, as corrected in 2021).
const TO_LMS: [[f32; 3]; 3] = [
    [0.412_221_47, 0.536_332_54, 0.051_445_993],
    [0.211_903_5, 0.680_699_5, 0.107_396_96],
    [0.088_302_46, 0.281_718_84, 0.629_978_7],
];
const TO_LAB: [[f32; 3]; 3] = [
    [0.210_454_26, 0.793_617_8, -0.004_072_047],
    [1.977_998_5, -2.428_592_2, 0.450_593_7],
    [0.025_904_037, 0.782_771_77, -0.808_675_77],
];
const FROM_LAB: [[f32; 3]; 3] =
    [[1.0, 0.396_337_78, 0.215_803_76], [1.0, -0.105_561_346, -0.063_854_17], [1.0, -0.089_484_18, -1.291_485_5]];
const FROM_LMS: [[f32; 3]; 3] = [
    [4.076_741_7, -3.307_711_6, 0.230_969_94],
    [-1.268_438, 2.609_757_4, -0.341_319_38],
    [-0.004_196_086_3, -0.703_418_6, 1.707_614_7],
];

/// The cube root of a number from 0 on: a guess from the exponent, and two steps of Halley's method, to within the precision
/// of the type. Basic operations only, so that it is the same on every machine.
fn cube_root(x: f32) -> f32 {
    if x <= 0.0 {
        return 0.0;
    }
    let mut root = f32::from_bits(x.to_bits() / 3 + 709_921_077);
    for _ in 0..2 {
        let cube = root * root * root;
        root *= (cube + x + x) / (cube + cube + x);
    }
    root
}

/// Lightness from 0 to 1, redness and yellowness of amounts of red, green and blue light from 0 to 1.
pub(crate) fn lab(light: [f32; 3]) -> [f32; 3] {
    times(&TO_LAB, times(&TO_LMS, light).map(cube_root))
}

/// Colours of sRGB in Oklab, and back.
pub(crate) struct Oklab {
    light: Light,
}

impl Oklab {
    /// Computes its tables: about a millisecond.
    pub(crate) fn new() -> Self {
        Self { light: Light::new() }
    }

    /// Lightness from 0 to 1, redness and yellowness of a colour.
    pub(crate) fn of<S: Lit>(&self, rgb: [S; 3]) -> [f32; 3] {
        lab(rgb.map(|value| self.light.of(value)))
    }

    /// The nearest colour; what falls outside the space is clamped.
    pub(crate) fn color<S: Lit>(&self, lab: [f32; 3]) -> [S; 3] {
        let lms = times(&FROM_LAB, lab).map(|root| root * root * root);
        times(&FROM_LMS, lms).map(|value| self.light.sample(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cube_roots_are_precise() {
        for step in 1..=10_000 {
            let x = step as f32 / 10_000.0;
            assert!((cube_root(x) - x.cbrt()).abs() <= 2.0 * f32::EPSILON, "{x}");
        }
        assert_eq!(cube_root(-1.0), 0.0);
    }

    /// The values that the author of Oklab gives for white and red.
    #[test]
    fn known_colours_have_their_known_places() {
        let lab = Oklab::new();
        for (rgb, expected) in [([255_u8; 3], [1.0, 0.0, 0.0]), ([255, 0, 0], [0.627_955, 0.224_863, 0.125_846])] {
            for (found, expected) in lab.of(rgb).into_iter().zip(expected) {
                assert!((found - expected).abs() < 1e-4, "{rgb:?}: {found}");
            }
            assert_eq!(lab.color::<u8>(lab.of(rgb)), rgb);
        }
    }
}
