//! `still`: one frame of an animation.

use std::time::Duration;

use super::checks::Condition;
use super::sequence::{Moment, Sequence, at};
use super::{Action, Category, IMAGE_IN, IMAGE_OUT, Role};

crate::parameters! {
    /// Parameters of `still`.
    pub struct Still {
        /// The time of the frame; after the end, it is the last one.
        at: f64 = 0.0, range 0.0..=3600.0, soft 0.0..=10.0, unit "s", label "Time";
    }
}

/// The entry of `still`.
pub const ACTION: Action = Action {
    action_type: "still",
    version: "1.0.0",
    name: "Still",
    description: "Makes a still picture of the frame that an animation shows at a given time. A still picture stays as it is.",
    category: Category::Geometry,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: Still::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &["trim-frames", "reverse"],
    usage: "Make a cover picture for an animation, where its first frame shows little.",
    icon: "M4 5h16v14H4zM10 9v6M14 9v6",
};

impl Sequence for Still {
    fn shown(&self, moments: &[Moment]) -> Vec<Moment> {
        at(moments, Duration::from_secs_f64(self.at)).into_iter().collect()
    }

    fn is_still(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::super::sequence::testing::shown;
    use super::*;

    #[test]
    fn a_frame_lasts_until_the_next_begins() {
        let frame = |at: f64| shown(&Still { at }, &[70, 100, 30]);
        assert_eq!([0.0, 0.069, 0.07].map(frame), [[(0, 70)], [(0, 70)], [(1, 100)]]);
        assert_eq!([0.17, 0.2, 3600.0].map(frame), [[(2, 30)]; 3]);
    }
}
