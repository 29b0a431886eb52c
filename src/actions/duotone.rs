//! `duotone`: maps light and dark to two colours.

use super::checks::Condition;
use super::parameters::Color;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only};
use crate::image::depth::{Sample, of_level};
use crate::image::pixelwise::by_color;
use crate::image::recolor::{color_for, receptive};
use crate::image::{Image, Representations};

crate::parameters! {
    /// Parameters of `duotone`.
    pub struct Duotone {
        /// Colour of black, in sRGB.
        shadows: Color = Color::opaque(0x1b, 0x1f, 0x4b);
        /// Colour of white, in sRGB.
        highlights: Color = Color::opaque(0xff, 0xe3, 0xc2);
        /// How far the colours move to the two: 0 leaves them.
        strength: f64 = 1.0, range 0.0..=1.0;
    }
}

/// The entry of `duotone`.
pub const ACTION: Action = Action {
    action_type: "duotone",
    version: "1.0.0",
    name: "Duotone",
    description: "Replaces the colours by those between two: one for the shadows and one for the highlights. Transparency is kept.",
    category: Category::Color,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: Duotone::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &["grayscale", "sepia"],
    usage: "Put pictures from different sources into the colours of a brand.",
    icon: "M9 6a6 6 0 1 0 0 12a6 6 0 0 0 0-12zM15 6a6 6 0 1 1 0 12a6 6 0 0 1 0-12z",
};

impl Operation for Duotone {
    fn accepts(&self) -> Representations {
        Representations::INTERLEAVED.and_deep()
    }

    fn scales_with_picture(&self) -> bool {
        true
    }

    /// Between the two colours by the share of luma (BT.709 weights), all on encoded values of the picture's space, rounded
    /// once.
    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let image = receptive(only(inputs)?);
        let [low, high] = [self.shadows, self.highlights].map(|color| color_for(&image, color.rgb()).map(f32::from));
        let strength = self.strength as f32;
        Ok(vec![by_color!(image, |rgb| {
            let [r, g, b] = rgb.map(Sample::level);
            let luma = (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255.0;
            std::array::from_fn(|at| {
                let (own, tone) = (rgb[at].level(), low[at] + (high[at] - low[at]) * luma);
                of_level(own + (tone - own) * strength)
            })
        })])
    }
}
