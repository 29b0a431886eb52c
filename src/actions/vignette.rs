//! `vignette`: darkens the corners.

use super::checks::Condition;
use super::parameters::Color;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only};
use crate::image::neighbors::sides;
use crate::image::recolor::{color_for, receptive};
use crate::image::{Image, Pixels, Representations};

crate::parameters! {
    /// Parameters of `vignette`.
    pub struct Vignette {
        /// How much of the colour is mixed in at the corners.
        strength: f64 = 0.5, range 0.0..=1.0;
        /// Where it begins, as a share of the way from the middle to the corners.
        start: f64 = 0.4, range 0.0..=0.99;
        /// Colour of the corners, in sRGB.
        color: Color = Color::opaque(0, 0, 0), label "Colour";
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
};

impl Operation for Vignette {
    fn accepts(&self) -> Representations {
        let [r, g, b] = self.color.rgb();
        if r == g && g == b { Representations::PIXELS } else { Representations::INTERLEAVED }
    }

    /// The share of the colour rises from `start` to the corners as a smooth step, along ellipses of the picture's ratio. Alpha is
    /// unchanged.
    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let mut image = receptive(only(inputs)?);
        let color = color_for(&image, self.color.rgb()).map(f32::from);
        let [width, height] = sides(image.size);
        let (strength, start) = (self.strength as f32, self.start as f32);
        let from_middle = |at: usize, side: f32| ((at as f32 + 0.5) / side * 2.0 - 1.0).powi(2);
        let across: Vec<f32> = (0..image.size.width as usize).map(|x| from_middle(x, width)).collect();
        let shade = |x: usize, down: f32| {
            let far = ((across[x] + down) / 2.0).sqrt();
            let share = ((far - start) / (1.0 - start)).clamp(0.0, 1.0);
            share * share * (3.0 - 2.0 * share) * strength
        };
        let (data, channels) = match &mut image.pixels {
            Pixels::Gray(data) => (data, 1),
            Pixels::Rgb(data) => (data, 3),
            Pixels::Rgba(data) => (data, 4),
            Pixels::Ycc(_) => return Ok(vec![image]),
        };
        for (y, row) in data.chunks_exact_mut(across.len() * channels).enumerate() {
            let down = from_middle(y, height);
            for (x, pixel) in row.chunks_exact_mut(channels).enumerate() {
                let shade = shade(x, down);
                for (value, color) in pixel.iter_mut().zip(color) {
                    let own = f32::from(*value);
                    *value = (own + (color - own) * shade + 0.5) as u8;
                }
            }
        }
        Ok(vec![image])
    }
}
