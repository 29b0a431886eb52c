//! `invert`: turns every colour into its opposite.

use super::checks::Condition;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only};
use crate::image::pixelwise::by_tone;
use crate::image::{Image, Representations};

crate::parameters! {
    /// Parameters of `invert`.
    pub struct Invert {
        /// How much of the opposite is mixed in: 1 is the whole negative, 0.5 gray.
        strength: f64 = 1.0, range 0.0..=1.0;
    }
}

/// The entry of `invert`.
pub const ACTION: Action = Action {
    action_type: "invert",
    version: "1.0.0",
    name: "Invert",
    description: "Turns every colour into its opposite, as a negative does; transparency is kept.",
    category: Category::Color,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: Invert::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &["adjust", "levels"],
    usage: "Make a positive from scanned negatives, or white drawings from black ones.",
    icon: "M4 4h16v16H4zM4 20L20 4M8 6.5v4M6 8.5h4M14 15.5h4",
};

impl Operation for Invert {
    fn accepts(&self) -> Representations {
        Representations::PIXELS.and_deep()
    }

    fn scales_with_picture(&self) -> bool {
        true
    }

    /// `v + strength · (255 − 2v)`, as `invert()` of Filter Effects 1.
    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        Ok(vec![by_tone(only(inputs)?, |level| level + self.strength * (255.0 - 2.0 * level))])
    }
}
