//! `vibrance`: strengthens the pale colours most.

use super::checks::Condition;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only};
use crate::image::depth::{Sample, of_level};
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
    icon: "M12 3.5c4 5 6 7.5 6 10.5a6 6 0 0 1-12 0c0-3 2-5.5 6-10.5zM12 17a3 3 0 0 0 3-3",
};

impl Operation for Vibrance {
    /// Gray has no colour to strengthen.
    fn accepts(&self) -> Representations {
        Representations::PIXELS.and_deep()
    }

    fn scales_with_picture(&self) -> bool {
        true
    }

    /// The distance of each value from luma (BT.601) times `1 + amount / 100 · (1 − (max − min) / 255)`, rounded once.
    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let amount = (self.amount / 100.0) as f32;
        Ok(vec![by_color!(only(inputs)?, |rgb| {
            let [r, g, b] = rgb.map(Sample::level);
            let spread = (r.max(g).max(b) - r.min(g).min(b)) / 255.0;
            let factor = 1.0 + amount * (1.0 - spread);
            let luma = 0.299 * r + 0.587 * g + 0.114 * b;
            [r, g, b].map(|value| of_level(luma + (value - luma) * factor))
        })])
    }
}
