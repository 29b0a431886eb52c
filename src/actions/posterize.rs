//! `posterize`: leaves a few steps of each colour.

use super::checks::Condition;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only};
use crate::image::pixelwise::by_tone;
use crate::image::{Image, Representations};

crate::parameters! {
    /// Parameters of `posterize`.
    pub struct Posterize {
        /// Steps of each colour.
        levels: u32 = 4, range 2.0..=255.0, soft 2.0..=16.0;
    }
}

/// The entry of `posterize`.
pub const ACTION: Action = Action {
    action_type: "posterize",
    version: "1.0.0",
    name: "Posterize",
    description: "Leaves only a few evenly spaced steps of red, green and blue, as a poster printed in few inks has.",
    category: Category::Color,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: Posterize::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &["threshold", "duotone"],
    usage: "Give photographs the look of a screen print, or reduce a drawing to its flat colours.",
    icon: "M4 20v-4.5h4V11h4V7.5h4V4h4",
};

impl Operation for Posterize {
    fn accepts(&self) -> Representations {
        Representations::PIXELS.and_deep()
    }

    /// The nearest of `levels` values from 0 to 255 at equal distances.
    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let steps = f64::from(self.levels - 1);
        let nearest = |value: f64| (value / 255.0 * steps + 0.5).floor() / steps * 255.0;
        Ok(vec![by_tone(only(inputs)?, nearest)])
    }
}
