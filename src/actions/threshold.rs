//! `threshold`: leaves black and white.

use super::checks::Condition;
use super::grayscale::Grayscale;
use super::only_result;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop};
use crate::image::depth::at_a_glance;
use crate::image::pixelwise::{by_tone, histogram};
use crate::image::{Image, Pixels, Representation, Representations};

crate::parameters! {
    /// Parameters of `threshold`.
    pub struct Threshold {
        /// The highest value that becomes black. Empty, it is chosen for each picture, so that dark and light parts are told
        /// apart best (Otsu).
        level: Option<u32>, range 0.0..=255.0;
    }
}

/// The entry of `threshold`.
pub const ACTION: Action = Action {
    action_type: "threshold",
    version: "1.0.0",
    name: "Threshold",
    description: "Makes everything white that is lighter than a level, and everything else black. Transparency is kept.",
    category: Category::Color,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: Threshold::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &["grayscale", "posterize"],
    usage: "Make clean black and white from scans of drawings, stamps and documents.",
    icon: "M3.5 15h6V7H15v8h5.5M3.5 19.5h17",
};

/// The level that splits a histogram into two classes with the greatest variance between them (Nobuyuki Otsu, “A
/// threshold selection method from gray-level histograms”, 1979); the lowest of several.
fn otsu(histogram: &[u64; 256]) -> u8 {
    let total: u64 = histogram.iter().sum();
    let sum: u64 = histogram.iter().zip(0..).map(|(count, value)| count * value).sum();
    let (mut below, mut sum_below, mut best, mut level) = (0, 0, 0.0, 0);
    for (value, count) in (0..=u8::MAX).zip(histogram) {
        below += count;
        sum_below += count * u64::from(value);
        let above = total - below;
        if below == 0 || above == 0 {
            continue;
        }
        let distance = sum_below as f64 / below as f64 - (sum - sum_below) as f64 / above as f64;
        let variance = below as f64 * above as f64 * distance * distance;
        if variance > best {
            (best, level) = (variance, value);
        }
    }
    level
}

impl Operation for Threshold {
    fn accepts(&self) -> Representations {
        Representations::PIXELS.and_deep()
    }

    fn produces(&self, _: usize, input: Representation) -> Representation {
        Grayscale::defaults().produces(0, input)
    }

    /// Of the shades that `grayscale` makes. Pixels that are not visible do not count for the choice of a level.
    fn run(&self, inputs: Vec<Option<Image>>, context: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let gray = only_result(Grayscale::defaults().run(inputs, context)?)?;
        let level = match (self.level, &at_a_glance(&gray).pixels) {
            (Some(level), _) => level as u8,
            (None, Pixels::Rgba(data)) => {
                otsu(&histogram(data.as_chunks::<4>().0.iter().filter(|[.., a]| *a > 0).map(|[value, ..]| *value)))
            }
            (None, Pixels::Gray(data)) => otsu(&histogram(data.iter().copied())),
            (None, _) => 127,
        };
        Ok(vec![by_tone(gray, |value| if value > f64::from(level) { 255.0 } else { 0.0 })])
    }
}
