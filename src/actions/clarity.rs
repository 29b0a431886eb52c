//! `clarity`: strengthens texture.

use super::checks::Condition;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only};
use crate::image::base::{by_base, luma};
use crate::image::depth::{Sample, of_level};
use crate::image::{Image, Representations};

crate::parameters! {
    /// Parameters of `clarity`.
    pub struct Clarity {
        /// Strength of the texture: below 0 it becomes softer.
        amount: f64 = 30.0, range -100.0..=100.0;
        /// Size of the largest texture that is changed.
        radius: u32 = 30, range 1.0..=250.0, soft 1.0..=100.0, unit "px";
    }
}

/// The entry of `clarity`.
pub const ACTION: Action = Action {
    action_type: "clarity",
    version: "1.0.0",
    name: "Clarity",
    description: "Strengthens the texture of surfaces, or softens it, without changing large shapes.",
    category: Category::Detail,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: Clarity::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &["sharpen", "highlights-shadows"],
    usage: "Show wood, fabric and food more clearly; soften skin with −30.",
    icon: "M12 3.5l8.5 8.5-8.5 8.5L3.5 12zM12 8l4 4-4 4-4-4z",
};

impl Operation for Clarity {
    fn accepts(&self) -> Representations {
        Representations::PIXELS.and_deep()
    }

    fn scales_with_picture(&self) -> bool {
        true
    }

    /// Adds `amount / 100` of the difference between a pixel's luma and its base, less towards black and white: by
    /// `4 · base · (1 − base)`.
    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let amount = (self.amount / 100.0) as f32;
        Ok(vec![by_base!(only(inputs)?, self.radius, |rgb, base| {
            let change = 255.0 * amount * (luma(rgb) - base) * 4.0 * base * (1.0 - base);
            rgb.map(|value| of_level(value.level() + change))
        })])
    }
}
