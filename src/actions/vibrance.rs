//! `vibrance`: strengthens the pale colours most.

use super::checks::Condition;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only};
use crate::image::pixelwise::by_color;
use crate::image::{Image, Representations};

crate::parameters! {
    /// Parameters of `vibrance`.
    pub struct Vibrance {
        /// Strength of colour; −100 takes most of the colour from pale areas.
        amount: f64 = 30.0, range -100.0..=100.0;
    }
}

/// The entry of `vibrance`.
pub const ACTION: Action = Action {
    action_type: "vibrance",
    version: "1.0.0",
    name: "Vibrance",
    description: "Strengthens colours, the pale ones most, so that those that are strong already do not turn into flat areas.",
    category: Category::Color,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: Vibrance::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &["adjust", "hue-rotate"],
    usage: "Make food, clothes and landscapes more colourful without harm to skin and strong reds.",
};

impl Operation for Vibrance {
    /// Gray has no colour to strengthen.
    fn accepts(&self) -> Representations {
        Representations::PIXELS
    }

    fn scales_with_picture(&self) -> bool {
        true
    }

    /// The distance of each value from luma (BT.601) times `1 + amount / 100 · (1 − (max − min) / 255)`, rounded once.
    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let amount = (self.amount / 100.0) as f32;
        let stronger = |rgb: [u8; 3]| {
            let [r, g, b] = rgb;
            let spread = f32::from(r.max(g).max(b) - r.min(g).min(b)) / 255.0;
            let factor = 1.0 + amount * (1.0 - spread);
            let luma = 0.299 * f32::from(r) + 0.587 * f32::from(g) + 0.114 * f32::from(b);
            rgb.map(|value| (luma + (f32::from(value) - luma) * factor + 0.5) as u8)
        };
        Ok(vec![by_color(only(inputs)?, stronger)])
    }
}
