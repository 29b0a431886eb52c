//! `box-blur`: replaces each pixel by the mean of a square.

use super::checks::Condition;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only};
use crate::image::neighbors::box_mean;
use crate::image::{Image, Representations};

crate::parameters! {
    /// Parameters of `box-blur`.
    pub struct BoxBlur {
        /// Pixels on each side that count: 5 takes squares of 11 × 11.
        radius: u32 = 5, range 0.0..=250.0, soft 0.0..=50.0, unit "px";
    }
}

/// The entry of `box-blur`.
pub const ACTION: Action = Action {
    action_type: "box-blur",
    version: "1.0.0",
    name: "Box blur",
    description: "Replaces each pixel by the mean of the square around it.",
    category: Category::Detail,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: BoxBlur::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &["gaussian-blur", "motion-blur", "pixelate"],
    usage: "Blur strongly at little cost, for backgrounds behind text.",
    icon: "M8 8h8v8H8zM4.5 4.5h.01M12 4.5h.01M19.5 4.5h.01M4.5 12h.01M19.5 12h.01M4.5 19.5h.01M12 19.5h.01M19.5 19.5h.01",
};

impl Operation for BoxBlur {
    fn accepts(&self) -> Representations {
        Representations::PIXELS.and_deep()
    }

    fn scales_with_picture(&self) -> bool {
        true
    }

    /// Exact means; edges repeat their last pixel, and colours count by their alpha.
    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        Ok(vec![box_mean(only(inputs)?, self.radius)])
    }
}
