//! `levels`: moves the black point, the white point and the middle.

use super::checks::{Condition, Rule};
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only};
use crate::image::pixelwise::{by_tone, by_tones};
use crate::image::{Image, Representations};

crate::choices! {
    /// The samples that are changed.
    pub enum Channel {
        /// Red, green and blue alike.
        Rgb = "rgb",
        /// Red.
        Red = "red",
        /// Green.
        Green = "green",
        /// Blue.
        Blue = "blue",
    }
}

crate::parameters! {
    /// Parameters of `levels`.
    pub struct Levels {
        /// What is changed: all three colours alike, or one.
        channel: Channel = Channel::Rgb;
        /// The value that becomes 0, with everything below it.
        black: u32 = 0, range 0.0..=254.0;
        /// The value that becomes 255, with everything above it.
        white: u32 = 255, range 1.0..=255.0;
        /// Brightness of the middle: above 1 it becomes lighter.
        gamma: f64 = 1.0, range 0.1..=10.0, soft 0.2..=3.0;
    }
}

/// The entry of `levels`.
pub const ACTION: Action = Action {
    action_type: "levels",
    version: "1.0.0",
    name: "Levels",
    description: "Spreads the values between a black and a white point over the whole range, and moves the middle between them.",
    category: Category::Color,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: Levels::FIELDS,
    rules: &[Rule {
        broken: Condition::NotBelow("black", "white"),
        field: "white",
        code: "conflicting_parameters",
        message: "\"white\" is {value}, which is not above \"black\".",
        hint: "Choose a white point above the black point.",
    }],
    adds_alpha: Condition::Never,
    related: &["curves", "adjust", "auto-tone"],
    usage: "Make the backdrop of a series pure white: set the white point to its value. Use one node per colour to remove a cast.",
    icon: "M3.5 19.5h17M5 16v-4M8.5 16V8M12 16V5M15.5 16V9M19 16v-3",
};

impl Levels {
    /// A value as a share of the way from black to white, to the power of 1 / gamma.
    fn tone(&self, value: f64) -> f64 {
        let (black, white) = (f64::from(self.black), f64::from(self.white));
        ((value - black) / (white - black)).clamp(0.0, 1.0).powf(1.0 / self.gamma) * 255.0
    }
}

impl Operation for Levels {
    fn accepts(&self) -> Representations {
        let all = if self.channel == Channel::Rgb { Representations::PIXELS } else { Representations::INTERLEAVED };
        all.and_deep()
    }

    fn scales_with_picture(&self) -> bool {
        true
    }

    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let image = only(inputs)?;
        let changed = match self.channel {
            Channel::Rgb => return Ok(vec![by_tone(image, |level| self.tone(level))]),
            Channel::Red => 0,
            Channel::Green => 1,
            Channel::Blue => 2,
        };
        Ok(vec![by_tones(image, |channel, level| if channel == changed { self.tone(level) } else { level })])
    }
}
