//! `reverse`: an animation from its end.

use super::checks::Condition;
use super::sequence::{Moment, Sequence};
use super::{Action, Category, IMAGE_IN, IMAGE_OUT, Role};

crate::parameters! {
    /// Parameters of `reverse`: none.
    pub struct Reverse {}
}

/// The entry of `reverse`.
pub const ACTION: Action = Action {
    action_type: "reverse",
    version: "1.0.0",
    name: "Reverse",
    description: "Plays an animation backwards. A still picture stays as it is.",
    category: Category::Geometry,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: Reverse::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &["trim-frames", "frame-rate"],
    usage: "Let something come together that falls apart. All frames of the result are in memory, so make a long animation smaller first.",
    icon: "M19 6v12l-7-6zM12 6v12l-7-6z",
};

impl Sequence for Reverse {
    fn shown(&self, moments: &[Moment]) -> Vec<Moment> {
        moments.iter().rev().copied().collect()
    }
}
