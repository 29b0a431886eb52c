//! `highlights-shadows`: brings back what is in the dark and the bright parts.

use super::checks::Condition;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only};
use crate::image::base::by_base;
use crate::image::light::Light;
use crate::image::{Image, Representations};

crate::parameters! {
    /// Parameters of `highlights-shadows`.
    pub struct HighlightsShadows {
        /// Light of the bright parts: −100 halves it.
        highlights: f64 = 0.0, range -100.0..=100.0;
        /// Light of the dark parts: 100 makes it nearly three times as much.
        shadows: f64 = 0.0, range -100.0..=100.0;
        /// Size of the shapes that count as one part.
        radius: u32 = 30, range 1.0..=250.0, soft 1.0..=100.0, unit "px";
    }
}

/// The entry of `highlights-shadows`.
pub const ACTION: Action = Action {
    action_type: "highlights-shadows",
    version: "1.0.0",
    name: "Highlights and shadows",
    description: "Lightens dark parts and darkens bright ones, each for itself, so that detail in them shows.",
    category: Category::Color,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: HighlightsShadows::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &["adjust", "curves", "clarity"],
    usage: "Show the fabric of dark clothes and the structure of white ones: shadows 40, highlights −30.",
    icon: "M12 6.5a5.5 5.5 0 1 0 0 11zM12 2.5v1M12 20.5v1M2.5 12h1M5.3 5.3l.7.7M5.3 18.7l.7-.7M15 8.5h4.5M15 12h6M15 15.5h4.5",
};

/// Doublings of light at 100.
const HIGHLIGHTS: f64 = 1.0;
const SHADOWS: f64 = 1.5;
/// Bases that are told apart.
const STEPS: usize = 1024;

/// From 0 to 1, level at both ends.
fn smooth(share: f64) -> f64 {
    let share = share.clamp(0.0, 1.0);
    share * share * (3.0 - 2.0 * share)
}

impl Operation for HighlightsShadows {
    fn accepts(&self) -> Representations {
        Representations::PIXELS.and_deep()
    }

    fn scales_with_picture(&self) -> bool {
        true
    }

    /// Each pixel's light is multiplied by a power of two that depends on its base: below the middle by `shadows`, above it by
    /// `highlights`.
    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let image = only(inputs)?;
        if self.highlights == 0.0 && self.shadows == 0.0 {
            return Ok(vec![image]);
        }
        let gains: Vec<f32> = (0..=STEPS)
            .map(|step| {
                let from_middle = step as f64 / STEPS as f64 * 2.0 - 1.0;
                let shadows = self.shadows / 100.0 * SHADOWS * smooth(-from_middle);
                (shadows + self.highlights / 100.0 * HIGHLIGHTS * smooth(from_middle)).exp2() as f32
            })
            .collect();
        let light = Light::new();
        Ok(vec![by_base!(image, self.radius, |rgb, base| {
            let gain = gains[(base * STEPS as f32 + 0.5) as usize];
            rgb.map(|value| light.sample(light.of(value) * gain))
        })])
    }
}
