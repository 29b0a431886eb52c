//! `convert-color`: converts colours to another colour space, with one of the four intents of ICC.1:2022 (6.2) and black point
//! compensation by ISO 18619.

use super::checks::Condition;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only};
use crate::color::{ColorSpace, Intent, Rendering};
use crate::image::recolor::recolor_by;
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

crate::choices! {
    /// What matters most where the new space differs.
    pub enum Meaning {
        /// The impression of the picture as a whole. Differs from `relative` for profiles with tables, such as those of scanners and printers.
        Perceptual = "perceptual",
        /// Each colour, in relation to white.
        Relative = "relative",
        /// Vivid colours, for charts. Differs from `relative` for profiles with tables.
        Saturation = "saturation",
        /// Each colour, also the tint of a white that is not white, such as paper.
        Absolute = "absolute",
    }
}

crate::parameters! {
    /// Parameters of `convert-color`.
    pub struct ConvertColor {
        /// The colour space. Pictures without a profile count as sRGB.
        to: Space = Space::Srgb, label "Colour space";
        /// What matters most where the new space differs: `perceptual` and `saturation` use the tables that the picture's profile has for them,
        /// `relative` keeps each colour in relation to white, `absolute` also the tint of white, for proofs of paper. Colours beyond the new space are clamped.
        intent: Meaning = Meaning::Relative;
        /// Makes the darkest colour of the picture's space black, so that shadows keep their detail. `perceptual` and `saturation` always do.
        black_point_compensation: bool = true, as "blackPointCompensation", shown if Condition::Is("intent", &["relative"]);
    }
}

/// The entry of `convert-color`.
pub const ACTION: Action = Action {
    action_type: "convert-color",
    version: "1.1.0",
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
    icon: "M3.5 19L10 4l10.5 13zM8 15.5l2.3-5.5 4.2 4.5z",
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

    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let intent = match self.intent {
            Meaning::Perceptual => Intent::Perceptual,
            Meaning::Relative => Intent::Relative,
            Meaning::Saturation => Intent::Saturation,
            Meaning::Absolute => Intent::Absolute,
        };
        let rendering = Rendering { intent, compensates_black: self.black_point_compensation };
        Ok(vec![recolor_by(only(inputs)?, &self.to.space(), rendering)])
    }
}
