//! `pixelate`: makes a picture of large squares.

use super::checks::Condition;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only};
use crate::image::neighbors::blocks;
use crate::image::{Image, Representations};

crate::parameters! {
    /// Parameters of `pixelate`.
    pub struct Pixelate {
        /// Side of a square.
        size: u32 = 16, range 1.0..=1000.0, soft 1.0..=100.0, unit "px";
    }
}

/// The entry of `pixelate`.
pub const ACTION: Action = Action {
    action_type: "pixelate",
    version: "1.0.0",
    name: "Pixelate",
    description: "Makes the picture of large squares of one colour each.",
    category: Category::Detail,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: Pixelate::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &["box-blur", "posterize"],
    usage: "Make faces and number plates unreadable, or pictures look like early games.",
    icon: "M4 4h16v16H4zM4 9.3h16M4 14.7h16M9.3 4v16M14.7 4v16",
};

impl Operation for Pixelate {
    fn accepts(&self) -> Representations {
        Representations::PIXELS.and_deep()
    }

    /// Exact means; colours count by their alpha.
    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        Ok(vec![blocks(only(inputs)?, self.size)])
    }
}
