//! `auto-tone`: spreads the values of a picture over the whole range.

use super::checks::Condition;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only};
use crate::image::pixelwise::{Table, by_table, by_tables, histogram, table, visible};
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
};

/// The factor and the offset that spread a histogram, after a share of its ends (Pillow's `ImageOps.autocontrast`).
fn spread(mut histogram: [u64; 256], clip: f64) -> Table {
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
        (Some(low), Some(high)) if low < high => {
            let scale = 255.0 / (high - low) as f64;
            table(|value| (value - low as f64) * scale)
        }
        _ => table(|value| value),
    }
}

/// Luma as in JPEG.
fn luma([r, g, b]: [u8; 3]) -> u8 {
    ((u32::from(r) * 19595 + u32::from(g) * 38470 + u32::from(b) * 7471 + 0x8000) >> 16) as u8
}

impl Operation for AutoTone {
    fn accepts(&self) -> Representations {
        Representations::PIXELS
    }

    fn scales_with_picture(&self) -> bool {
        true
    }

    /// Pixels that are not visible do not count.
    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let image = only(inputs)?;
        let of = |value: fn([u8; 3]) -> u8| spread(histogram(visible(&image).map(value)), self.clip);
        Ok(vec![match self.by {
            By::Luma => {
                let table = of(luma);
                by_table(image, &table)
            }
            By::Channels => {
                let tables = [of(|[r, ..]| r), of(|[_, g, _]| g), of(|[.., b]| b)];
                by_tables(image, &tables)
            }
        }])
    }
}
