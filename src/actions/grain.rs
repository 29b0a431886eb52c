//! `grain`: adds the grain of film.

use super::checks::Condition;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only};
use crate::image::depth::{Sample, at_a_glance, of_level};
use crate::image::pixelwise::by_place;
use crate::image::{Image, Pixels, Representations};

crate::parameters! {
    /// Parameters of `grain`.
    pub struct Grain {
        /// Strength of the grain.
        amount: f64 = 20.0, range 0.0..=100.0;
        /// Size of a grain.
        size: f64 = 1.0, range 1.0..=20.0, unit "px";
    }
}

/// The entry of `grain`.
pub const ACTION: Action = Action {
    action_type: "grain",
    version: "1.0.0",
    name: "Grain",
    description: "Adds the grain of film: the same picture always gets the same grain.",
    category: Category::Detail,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: Grain::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &["vignette", "denoise"],
    usage: "Give smooth gradients and pictures from different cameras the same texture.",
    icon: "M6 6h.01M11 4.5h.01M17 7h.01M8 10.5h.01M14 11h.01M20 12.5h.01M4.5 14h.01M11 15h.01M16 17h.01M7 19h.01M12.5 20h.01M20 19h.01",
};

/// Levels of standard deviation at an amount of 100.
const MOST: f32 = 48.0;
/// The standard deviation of the sum of four bytes: 2 · √((256² − 1) / 12).
const DEVIATION: f32 = 147.8;

/// Mixes the bits of a number (Chris Wellons, "lowbias32").
fn mixed(mut bits: u32) -> u32 {
    bits ^= bits >> 16;
    bits = bits.wrapping_mul(0x7feb_352d);
    bits ^= bits >> 15;
    bits = bits.wrapping_mul(0x846c_a68b);
    bits ^ (bits >> 16)
}

/// A number that depends on every colour (FNV-1a).
fn seed(image: &Image) -> u32 {
    const START: u32 = 0x811c_9dc5;
    let mix = |hash: u32, value: &u8| (hash ^ u32::from(*value)).wrapping_mul(0x0100_0193);
    match &at_a_glance(image).pixels {
        Pixels::Gray(data) | Pixels::Rgb(data) => data.iter().fold(START, mix),
        Pixels::Rgba(data) => data.as_chunks::<4>().0.iter().flat_map(|pixel| &pixel[..3]).fold(START, mix),
        Pixels::Ycc(_) | Pixels::Deep(_) => START,
    }
}

/// Noise at a place: the sum of four random bytes, which is nearly normal, with a deviation of 1.
fn noise(seed: u32, x: u32, y: u32) -> f32 {
    let bits = mixed(mixed(mixed(seed ^ x).wrapping_add(y)));
    let sum: u32 = bits.to_le_bytes().into_iter().map(u32::from).sum();
    (sum as f32 - 510.0) / DEVIATION
}

impl Operation for Grain {
    fn accepts(&self) -> Representations {
        Representations::PIXELS.and_deep()
    }

    /// The same noise for red, green and blue; grains that are larger than a pixel are interpolated linearly. Alpha is unchanged.
    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let image = only(inputs)?;
        let (seed, strength, size) = (seed(&image), self.amount as f32 / 100.0 * MOST, self.size as f32);
        let places = |side: u32| -> Vec<(u32, f32)> {
            let place = |at: u32| at as f32 / size;
            (0..side).map(place).map(|place| (place as u32, place.fract())).collect()
        };
        let (columns, rows) = (places(image.size.width), places(image.size.height));
        Ok(vec![by_place!(image, |x, y, rgb| {
            let ((left, across), (top, down)) = (columns[x], rows[y]);
            let at = |x: u32, y: u32| noise(seed, left + x, top + y);
            let level = |y: u32| if across == 0.0 { at(0, y) } else { at(0, y) + (at(1, y) - at(0, y)) * across };
            let grain = if down == 0.0 { level(0) } else { level(0) + (level(1) - level(0)) * down };
            rgb.map(|value| of_level(value.level() + grain * strength))
        })])
    }
}
