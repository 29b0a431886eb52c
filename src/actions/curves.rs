//! `curves`: maps values to values by smooth curves.

use super::checks::Condition;
use super::parameters::Curve;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only};
use crate::image::pchip::Monotone;
use crate::image::pixelwise::by_tones;
use crate::image::{Image, Representations};

crate::parameters! {
    /// Parameters of `curves`.
    pub struct Curves {
        /// Curve of all three colours, as points `[value, new value]` from 0 to 255: between the points it is smooth and never
        /// overshoots, outside of them level.
        rgb: Curve = Curve::identity(), label "All colours";
        /// Curve of red, applied before the one of all colours.
        red: Curve = Curve::identity();
        /// Curve of green, applied before the one of all colours.
        green: Curve = Curve::identity();
        /// Curve of blue, applied before the one of all colours.
        blue: Curve = Curve::identity();
    }
}

/// The entry of `curves`.
pub const ACTION: Action = Action {
    action_type: "curves",
    version: "1.0.0",
    name: "Curves",
    description: "Maps values to values by smooth curves, for all colours together and for each.",
    category: Category::Color,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: Curves::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &["levels", "adjust"],
    usage: "Give a series more contrast without pure black and white: points at 64, 54 and 192, 204 make a gentle S.",
    icon: "M4 4v16h16M4 20C14 20 10 6 20 6",
};

impl Operation for Curves {
    fn accepts(&self) -> Representations {
        let alike = self.red == self.green && self.green == self.blue;
        if alike { Representations::PIXELS.and_deep() } else { Representations::INTERLEAVED.and_deep() }
    }

    fn scales_with_picture(&self) -> bool {
        true
    }

    /// A colour's own curve, then that of all colours, rounded once.
    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let image = only(inputs)?;
        let all = Monotone::through(self.rgb.points());
        let each = [&self.red, &self.green, &self.blue].map(|own| Monotone::through(own.points()));
        Ok(vec![by_tones(image, |channel, level| all.at(each[channel].at(level)))])
    }
}
