//! `adjust`: light and colour with four sliders.

use super::checks::Condition;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only};
use crate::image::depth::{Sample, of_level};
use crate::image::light::{to_encoded, to_linear};
use crate::image::pixelwise::{by_tone, map_colors};
use crate::image::{Image, Representations};

crate::parameters! {
    /// Parameters of `adjust`, in the order in which they are applied.
    pub struct Adjust {
        /// Amount of light: +1 doubles it, −1 halves it.
        exposure: f64 = 0.0, range -5.0..=5.0, unit "EV";
        /// Added to every value; 100 turns black into white.
        brightness: f64 = 0.0, range -100.0..=100.0;
        /// Distance of every value from middle gray; −100 makes everything gray.
        contrast: f64 = 0.0, range -100.0..=100.0;
        /// Strength of colour; −100 leaves shades of gray.
        saturation: f64 = 0.0, range -100.0..=100.0;
    }
}

/// The entry of `adjust`.
pub const ACTION: Action = Action {
    action_type: "adjust",
    version: "1.0.0",
    name: "Adjust",
    description: "Changes exposure, brightness, contrast and saturation, in this order.",
    category: Category::Color,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: Adjust::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &["grayscale"],
    usage: "Brighten a dark series by half a stop of exposure; add a little contrast and saturation.",
    icon: "M12 3.5a8.5 8.5 0 1 0 0 17zM12 3.5a8.5 8.5 0 0 1 0 17M14.5 8.5h4.6M14.5 12h6M14.5 15.5h4.6",
};

impl Adjust {
    fn is_identity(&self) -> bool {
        [self.exposure, self.brightness, self.contrast, self.saturation] == [0.0; 4]
    }

    /// Applies exposure, brightness and contrast to a value, without rounding or clamping.
    fn tone(&self, value: f64) -> f64 {
        let exposed = if self.exposure == 0.0 {
            value
        } else {
            to_encoded(to_linear(value / 255.0) * self.exposure.exp2()) * 255.0
        };
        let brightened = exposed + 2.55 * self.brightness;
        (brightened - 127.5) * (1.0 + self.contrast / 100.0) + 127.5
    }
}

impl Adjust {
    /// The tone of every sample.
    fn tones<S: Sample>(&self) -> Vec<f32> {
        (0..S::COUNT).map(|index| self.tone(S::exact_level(index)) as f32).collect()
    }
}

/// Moves levels away from their luma (BT.601), or towards it.
fn saturated<S: Sample>([r, g, b]: [f32; 3], saturation: f32) -> [S; 3] {
    let luma = 0.299 * r + 0.587 * g + 0.114 * b;
    [r, g, b].map(|value| of_level(luma + (value - luma) * saturation))
}

impl Operation for Adjust {
    /// Planar pictures only if nothing changes: every step works on red, green and blue.
    fn accepts(&self) -> Representations {
        if self.is_identity() { Representations::ANY.and_deep() } else { Representations::PIXELS.and_deep() }
    }

    fn scales_with_picture(&self) -> bool {
        true
    }

    /// All four steps use unrounded, unclamped values; the result is rounded and clamped once. So highlights that one
    /// step raises beyond white and a later one brings back keep their detail. Alpha is unchanged.
    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let image = only(inputs)?;
        if self.is_identity() {
            return Ok(vec![image]);
        }
        let saturation = (1.0 + self.saturation / 100.0) as f32;
        if saturation == 1.0 || image.representation().is_gray() {
            return Ok(vec![by_tone(image, |level| self.tone(level))]);
        }
        let narrow = self.tones::<u8>();
        let wide = if image.representation().is_deep() { self.tones::<u16>() } else { Vec::new() };
        Ok(vec![map_colors(
            image,
            |rgb| saturated(rgb.map(|value| narrow[value.index()]), saturation),
            |rgb| saturated(rgb.map(|value| wide[value.index()]), saturation),
        )])
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::image::Pixels;
    use crate::image::testing::flat;
    use crate::image::{Representation, Size};

    fn run(raw: Value, rgb: [u8; 3]) -> [u8; 3] {
        let read = Adjust::read(raw.as_object().unwrap());
        let image = Image::new(Size::new(1, 1), Pixels::Rgb(rgb.to_vec()));
        match read.unwrap().run(vec![Some(image)], &Context::default()).unwrap().remove(0).pixels {
            Pixels::Rgb(data) => [data[0], data[1], data[2]],
            other => panic!("{other:?}"),
        }
    }

    /// By hand: sRGB 188 is linear 0.5029, twice that is past white; 128 is 0.2158, twice is 0.4317, encoded 0.6894.
    #[test]
    fn exposure_doubles_linear_light() {
        assert_eq!(run(json!({ "exposure": 1 }), [0, 128, 188]), [0, 176, 255]);
        assert_eq!(run(json!({ "exposure": -1 }), [255, 176, 2]), [188, 128, 1]);
    }

    #[test]
    fn brightness_adds_and_contrast_stretches_about_the_middle() {
        assert_eq!(run(json!({ "brightness": 10 }), [0, 100, 250]), [26, 126, 255]);
        assert_eq!(run(json!({ "brightness": -100 }), [0, 100, 255]), [0, 0, 0]);
        assert_eq!(run(json!({ "contrast": 50 }), [100, 127, 128]), [86, 127, 128]);
        assert_eq!(run(json!({ "contrast": -100 }), [0, 100, 255]), [128, 128, 128]);
    }

    #[test]
    fn saturation_turns_about_luma() {
        // Luma of (200, 100, 50) is 124.2.
        assert_eq!(run(json!({ "saturation": -100 }), [200, 100, 50]), [124, 124, 124]);
        assert_eq!(run(json!({ "saturation": 50 }), [200, 100, 50]), [238, 88, 13]);
        assert_eq!(run(json!({ "saturation": 100 }), [77, 77, 77]), [77, 77, 77]);
    }

    #[test]
    fn the_order_is_exposure_brightness_contrast_saturation() {
        // (100 + 25.5 − 127.5) × 1.5 + 127.5, not (100 − 127.5) × 1.5 + 127.5 + 25.5.
        assert_eq!(run(json!({ "contrast": 50, "brightness": 10 }), [100; 3]), [125; 3]);
        assert_eq!(run(json!({ "contrast": 50, "exposure": 1 }), [128; 3]), [200; 3]);
        // Saturation last: luma of the stretched values.
        assert_eq!(run(json!({ "saturation": -100, "brightness": 100 }), [0, 0, 200]), [255; 3]);
    }

    #[test]
    fn light_raised_beyond_white_keeps_its_detail() {
        let lifted = run(json!({ "brightness": 50, "contrast": -60 }), [200, 220, 240]);
        assert!(lifted[0] < lifted[1] && lifted[1] < lifted[2], "{lifted:?}");
    }

    #[test]
    fn default_values_leave_every_representation_untouched() {
        let adjust = Adjust::read(json!({}).as_object().unwrap()).unwrap();
        for representation in Representation::ALL {
            assert!(adjust.accepts().contains(representation));
            let image = flat(Size::new(3, 3), representation, 99);
            assert_eq!(adjust.run(vec![Some(image.clone())], &Context::default()).unwrap(), [image]);
        }
    }

    #[test]
    fn gray_changes_as_its_rgb_twin_and_alpha_stays() {
        let raw = json!({ "exposure": 0.3, "brightness": -7, "contrast": 21, "saturation": 40 });
        let adjust = Adjust::read(raw.as_object().unwrap()).unwrap();
        for value in 0..=255 {
            let gray = Image::new(Size::new(1, 1), Pixels::Gray(vec![value]));
            let rgba = Image::new(Size::new(1, 1), Pixels::Rgba(vec![value, value, value, 33]));
            let Pixels::Gray(gray) = &adjust.run(vec![Some(gray)], &Context::default()).unwrap()[0].pixels.clone()
            else {
                panic!("gray")
            };
            let expected = Pixels::Rgba(vec![gray[0], gray[0], gray[0], 33]);
            assert_eq!(adjust.run(vec![Some(rgba)], &Context::default()).unwrap()[0].pixels, expected, "{value}");
        }
    }
}
