//! `hue-rotate`: turns all hues by an angle.

use super::checks::Condition;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only};
use crate::image::light::{Light, times};
use crate::image::pixelwise::by_color;
use crate::image::{Image, Representations};

crate::parameters! {
    /// Parameters of `hue-rotate`.
    pub struct HueRotate {
        /// Angle on the colour wheel: 120 makes red green, and green blue.
        degrees: f64 = 30.0, range -360.0..=360.0, unit "°";
    }
}

/// The entry of `hue-rotate`.
pub const ACTION: Action = Action {
    action_type: "hue-rotate",
    version: "1.0.0",
    name: "Hue rotate",
    description: "Turns all hues by an angle around the colour wheel; how light and how strong the colours look stays nearly the same.",
    category: Category::Color,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: HueRotate::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &["adjust", "duotone"],
    usage: "Show a product in other colours: cut it out first, and put the background behind it afterwards.",
};

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

impl Operation for HueRotate {
    /// Gray has no hue.
    fn accepts(&self) -> Representations {
        Representations::PIXELS
    }

    /// Turns *a* and *b* of Oklab. What falls outside the space is clamped.
    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let image = only(inputs)?;
        if self.degrees % 360.0 == 0.0 {
            return Ok(vec![image]);
        }
        let (sine, cosine) = self.degrees.to_radians().sin_cos();
        let (sine, cosine) = (sine as f32, cosine as f32);
        let light = Light::new();
        let turned = |rgb: [u8; 3]| {
            if rgb[0] == rgb[1] && rgb[1] == rgb[2] {
                return rgb;
            }
            let lms = times(&TO_LMS, rgb.map(|value| light.of(value))).map(cube_root);
            let [l, a, b] = times(&TO_LAB, lms);
            let lms = times(&FROM_LAB, [l, a * cosine - b * sine, a * sine + b * cosine]);
            times(&FROM_LMS, lms.map(|root| root * root * root)).map(|value| light.sample(value))
        };
        Ok(vec![by_color(image, turned)])
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
}
