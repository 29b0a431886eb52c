//! `auto-tone`: spreads the values of a picture over the whole range.

use super::checks::Condition;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only};
use crate::image::pixelwise::{by_tone, by_tones, each_visible};
use crate::image::{Image, Representations};

crate::choices! {
    /// What the values are spread by.
    pub enum By {
        /// All colours alike, by brightness.
        Luma = "luma",
        /// Each colour for itself.
        Channels = "channels",
    }
}

crate::parameters! {
    /// Parameters of `auto-tone`.
    pub struct AutoTone {
        /// Share of the pixels that may become pure black, and as many pure white.
        clip: f64 = 0.5, range 0.0..=25.0, unit "%";
        /// By what the picture is spread: `luma` keeps the hues, `channels` spreads red, green and blue each for itself, which
        /// removes casts too.
        by: By = By::Luma;
    }
}

/// The entry of `auto-tone`.
pub const ACTION: Action = Action {
    action_type: "auto-tone",
    version: "1.0.0",
    name: "Auto tone",
    description: "Spreads the values of each picture over the whole range from black to white.",
    category: Category::Color,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: AutoTone::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &["levels", "white-balance", "adjust"],
    usage: "Bring a series of flat pictures to the same full contrast.",
    icon: "M4 20l9-9M14.5 3.5l1 2.5 2.5 1-2.5 1-1 2.5-1-2.5-2.5-1 2.5-1zM19 13l.6 1.4 1.4.6-1.4.6L19 17l-.6-1.4L17 15l1.4-.6z",
};

/// What a histogram is spread by: the level that becomes black, and the factor of what is above.
#[derive(Clone, Copy)]
struct Spread {
    low: f64,
    scale: f64,
}

impl Spread {
    fn tone(self, level: f64) -> f64 {
        (level - self.low) * self.scale
    }
}

/// What spreads a histogram after a share of its ends (Pillow's `ImageOps.autocontrast`).
fn spread(mut histogram: [u64; 256], clip: f64) -> Spread {
    let mut take = (histogram.iter().sum::<u64>() as f64 * clip / 100.0) as u64;
    let mut left = take;
    for count in &mut histogram {
        let taken = left.min(*count);
        *count -= taken;
        left -= taken;
    }
    for count in histogram.iter_mut().rev() {
        let taken = take.min(*count);
        *count -= taken;
        take -= taken;
    }
    let low = histogram.iter().position(|count| *count > 0);
    let high = histogram.iter().rposition(|count| *count > 0);
    match (low, high) {
        (Some(low), Some(high)) if low < high => Spread { low: low as f64, scale: 255.0 / (high - low) as f64 },
        _ => Spread { low: 0.0, scale: 1.0 },
    }
}

/// Luma as in JPEG.
fn luma([r, g, b]: [u8; 3]) -> u8 {
    ((u32::from(r) * 19595 + u32::from(g) * 38470 + u32::from(b) * 7471 + 0x8000) >> 16) as u8
}

impl Operation for AutoTone {
    fn accepts(&self) -> Representations {
        Representations::PIXELS.and_deep()
    }

    fn scales_with_picture(&self) -> bool {
        true
    }

    /// Pixels that are not visible do not count.
    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let image = only(inputs)?;
        let mut counts = [[0_u64; 256]; 3];
        each_visible(&image, |rgb| {
            let values = if self.by == By::Luma { [luma(rgb); 3] } else { rgb };
            counts.iter_mut().zip(values).for_each(|(counts, value)| counts[usize::from(value)] += 1);
        });
        let spreads = counts.map(|counts| spread(counts, self.clip));
        Ok(vec![match self.by {
            By::Luma => by_tone(image, |level| spreads[0].tone(level)),
            By::Channels => by_tones(image, |channel, level| spreads[channel].tone(level)),
        }])
    }
}
