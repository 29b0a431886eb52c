//! `convert-color`: converts colours to another colour space.

use super::checks::Condition;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only};
use crate::color::ColorSpace;
use crate::image::recolor::recolor;
use crate::image::{Image, Representations};

crate::choices! {
    /// A colour space.
    pub enum Space {
        /// sRGB, the space of the web.
        Srgb = "srgb",
        /// Display P3, the space of phones and modern screens.
        DisplayP3 = "display-p3",
        /// Adobe RGB (1998), for print.
        AdobeRgb = "adobe-rgb",
    }
}

crate::parameters! {
    /// Parameters of `convert-color`.
    pub struct ConvertColor {
        /// The colour space. Pictures without a profile count as sRGB.
        to: Space = Space::Srgb, label "Colour space";
    }
}

/// The entry of `convert-color`.
pub const ACTION: Action = Action {
    action_type: "convert-color",
    version: "1.0.0",
    name: "Convert colour",
    description: "Converts the colours to a colour space, which the following steps work in and the file names.",
    category: Category::Color,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: ConvertColor::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &["output", "temperature"],
    usage: "Bring a series from different cameras to one space before colours are changed, or to Adobe RGB for print.",
};

impl Space {
    fn space(self) -> ColorSpace {
        match self {
            Self::Srgb => ColorSpace::SRGB,
            Self::DisplayP3 => ColorSpace::display_p3(),
            Self::AdobeRgb => ColorSpace::adobe_rgb(),
        }
    }
}

impl Operation for ConvertColor {
    fn accepts(&self) -> Representations {
        let all = if self.to == Space::Srgb { Representations::PIXELS } else { Representations::INTERLEAVED };
        all.and_deep()
    }

    fn scales_with_picture(&self) -> bool {
        true
    }

    /// Relative colorimetric, with black point compensation. Colours beyond the space are clamped.
    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        Ok(vec![recolor(only(inputs)?, &self.to.space())])
    }
}
