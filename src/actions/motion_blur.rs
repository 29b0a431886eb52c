//! `motion-blur`: blurs along a line.

use super::checks::Condition;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only};
use crate::image::neighbors::{convolve, line};
use crate::image::{Image, Representations};

crate::parameters! {
    /// Parameters of `motion-blur`.
    pub struct MotionBlur {
        /// Direction, clockwise from the horizontal.
        angle: f64 = 0.0, range -360.0..=360.0, soft -180.0..=180.0, unit "°";
        /// Length of the line.
        length: f64 = 20.0, range 0.0..=200.0, soft 0.0..=100.0, unit "px";
    }
}

/// The entry of `motion-blur`.
pub const ACTION: Action = Action {
    action_type: "motion-blur",
    version: "1.0.0",
    name: "Motion blur",
    description: "Blurs along a line, as if the camera or the subject had moved.",
    category: Category::Detail,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: MotionBlur::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &["gaussian-blur", "box-blur"],
    usage: "Show speed: cut the product out, blur what is behind it, and put both together.",
    icon: "M15 7a5 5 0 1 0 0 10a5 5 0 0 0 0-10zM3.5 8.5H8M2.5 12h4.5M3.5 15.5H8",
};

impl Operation for MotionBlur {
    fn accepts(&self) -> Representations {
        Representations::PIXELS.and_deep()
    }

    fn scales_with_picture(&self) -> bool {
        true
    }

    /// The mean along the line; edges repeat their last pixel, and colours count by their alpha.
    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        Ok(vec![convolve(only(inputs)?, &line(self.length, self.angle))])
    }
}
