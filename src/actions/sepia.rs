//! `sepia`: tones a picture brown, as old prints are.

use super::checks::Condition;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only};
use crate::image::depth::{Sample, of_level};
use crate::image::light::times;
use crate::image::pixelwise::by_color;
use crate::image::{Image, Representations};

crate::parameters! {
    /// Parameters of `sepia`.
    pub struct Sepia {
        /// How far the colours move to brown: 0 leaves them.
        strength: f64 = 1.0, range 0.0..=1.0;
    }
}

/// The entry of `sepia`.
pub const ACTION: Action = Action {
    action_type: "sepia",
    version: "1.0.0",
    name: "Sepia",
    description: "Tones the picture brown, as old photographic prints are.",
    category: Category::Color,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: Sepia::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &["duotone", "grayscale"],
    usage: "Give a series the look of old prints; a strength of 0.5 keeps some of its colours.",
    icon: "M4 7.5h3.5L9 5h6l1.5 2.5H20V19H4zM12 9.7a3.5 3.5 0 1 0 0 7a3.5 3.5 0 0 0 0-7z",
};

impl Operation for Sepia {
    fn accepts(&self) -> Representations {
        Representations::INTERLEAVED.and_deep()
    }

    fn scales_with_picture(&self) -> bool {
        true
    }

    /// The matrix of `sepia()` in Filter Effects 1, on encoded values.
    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        const FULL: [[f64; 3]; 3] = [[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]];
        let matrix: [[f32; 3]; 3] = std::array::from_fn(|row| {
            std::array::from_fn(|column| {
                let own = if row == column { 1.0 } else { 0.0 };
                (own + (FULL[row][column] - own) * self.strength) as f32
            })
        });
        Ok(vec![by_color!(only(inputs)?, |rgb| times(&matrix, rgb.map(Sample::level)).map(of_level))])
    }
}
