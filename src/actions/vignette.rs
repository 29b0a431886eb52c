//! `vignette`: darkens the corners.

use super::checks::Condition;
use super::parameters::Color;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only};
use crate::image::depth::{Sample, of_level};
use crate::image::pixelwise::by_place;
use crate::image::recolor::{color_for, receptive};
use crate::image::{Image, Representations};

crate::parameters! {
    /// Parameters of `vignette`.
    pub struct Vignette {
        /// How much of the colour is mixed in at the corners.
        strength: f64 = 0.5, range 0.0..=1.0;
        /// Where it begins, as a share of the way from the middle to the corners.
        start: f64 = 0.4, range 0.0..=0.99;
        /// Colour of the corners, in sRGB.
        color: Color = Color::BLACK, label "Colour";
    }
}

/// The entry of `vignette`.
pub const ACTION: Action = Action {
    action_type: "vignette",
    version: "1.0.0",
    name: "Vignette",
    description: "Darkens the picture towards its corners, or tints them in a colour.",
    category: Category::Color,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: Vignette::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &["adjust", "grain"],
    usage: "Draw the eye to the middle of portraits and food.",
    icon: "M4 5h16v14H4zM12 8c4 0 5.5 2 5.5 4s-1.5 4-5.5 4-5.5-2-5.5-4 1.5-4 5.5-4z",
};

impl Operation for Vignette {
    fn accepts(&self) -> Representations {
        let [r, g, b] = self.color.rgb();
        let is_neutral = r == g && g == b;
        if is_neutral { Representations::PIXELS.and_deep() } else { Representations::INTERLEAVED.and_deep() }
    }

    fn scales_with_picture(&self) -> bool {
        true
    }

    /// The share of the colour rises from `start` to the corners as a smooth step, along ellipses of the picture's ratio. Alpha is
    /// unchanged.
    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let image = receptive(only(inputs)?);
        let color = color_for(&image, self.color.rgb()).map(f32::from);
        let (strength, start) = (self.strength as f32, self.start as f32);
        let from_middle = |side: u32| -> Vec<f32> {
            (0..side).map(|at| ((at as f32 + 0.5) / side as f32 * 2.0 - 1.0).powi(2)).collect()
        };
        let (across, down) = (from_middle(image.size.width), from_middle(image.size.height));
        Ok(vec![by_place!(image, |x, y, rgb| {
            let far = ((across[x] + down[y]) / 2.0).sqrt();
            let share = ((far - start) / (1.0 - start)).clamp(0.0, 1.0);
            let shade = share * share * (3.0 - 2.0 * share) * strength;
            std::array::from_fn(|at| {
                let own = rgb[at].level();
                of_level(own + (color[at] - own) * shade)
            })
        })])
    }
}
