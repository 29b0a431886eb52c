//! `white-balance`: removes a colour cast.

use super::checks::Condition;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only};
use crate::image::light::{to_encoded, to_linear};
use crate::image::pixelwise::{by_tones, each_visible};
use crate::image::{Image, Representations};

crate::choices! {
    /// How a cast is found.
    pub enum Method {
        /// The mean of all colours is gray.
        GrayWorld = "gray-world",
        /// The brightest parts are white.
        WhitePatch = "white-patch",
    }
}

crate::parameters! {
    /// Parameters of `white-balance`.
    pub struct WhiteBalance {
        /// How the cast is found: `gray-world` takes the mean of all colours for gray, `white-patch` the brightest parts for
        /// white.
        method: Method = Method::GrayWorld;
        /// How much of the cast is removed.
        strength: f64 = 1.0, range 0.0..=1.0;
    }
}

/// The entry of `white-balance`.
pub const ACTION: Action = Action {
    action_type: "white-balance",
    version: "1.0.0",
    name: "White balance",
    description: "Removes the colour cast of each picture by what is in it.",
    category: Category::Color,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: WhiteBalance::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &["temperature", "auto-tone"],
    usage: "Correct pictures that were taken in different light; white-patch suits products in front of a white wall.",
    icon: "M12 4v16M7.5 20h9M6 6h12M3.5 14L6 7l2.5 7zM15.5 14L18 7l2.5 7z",
};

/// Share of the pixels that are brighter than what counts as white.
const BRIGHTEST: f64 = 0.01;

impl WhiteBalance {
    /// What the light of each colour is multiplied by. The luminance (BT.709) of what counts as gray stays; white becomes as
    /// bright as its strongest colour.
    fn gains(&self, image: &Image) -> [f64; 3] {
        let linear: [f64; 256] = std::array::from_fn(|value| to_linear(value as f64 / 255.0));
        let mut histograms = [[0_u64; 256]; 3];
        each_visible(image, |rgb| {
            histograms.iter_mut().zip(rgb).for_each(|(counts, value)| counts[usize::from(value)] += 1);
        });
        let found = histograms.map(|counts| {
            let total: u64 = counts.iter().sum();
            match self.method {
                Method::GrayWorld => {
                    counts.iter().zip(linear).map(|(count, light)| *count as f64 * light).sum::<f64>() / total as f64
                }
                Method::WhitePatch => {
                    let above = (total as f64 * BRIGHTEST) as u64;
                    let mut seen = 0;
                    let is_it = |value: &usize| {
                        seen += counts[*value];
                        seen > above
                    };
                    linear[(0..256).rev().find(is_it).unwrap_or(255)]
                }
            }
        });
        let target = match self.method {
            Method::GrayWorld => 0.2126 * found[0] + 0.7152 * found[1] + 0.0722 * found[2],
            Method::WhitePatch => found.into_iter().fold(0.0, f64::max),
        };
        found.map(|light| if light > 0.0 { 1.0 + (target / light - 1.0) * self.strength } else { 1.0 })
    }
}

impl Operation for WhiteBalance {
    /// Gray has no cast.
    fn accepts(&self) -> Representations {
        Representations::PIXELS.and_deep()
    }

    fn scales_with_picture(&self) -> bool {
        true
    }

    /// Pixels that are not visible do not count.
    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let image = only(inputs)?;
        let gains = self.gains(&image);
        Ok(vec![by_tones(image, |channel, level| to_encoded(to_linear(level / 255.0) * gains[channel]) * 255.0)])
    }
}
