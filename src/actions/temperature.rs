//! `temperature`: makes the light warmer or cooler.

use super::checks::Condition;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only};
use crate::color::adapting;
use crate::image::light::{Light, times};
use crate::image::pixelwise::by_color;
use crate::image::{Image, Representations};

crate::parameters! {
    /// Parameters of `temperature`.
    pub struct Temperature {
        /// Warmth of the light: above 0 more yellow, below more blue.
        temperature: f64 = 0.0, range -100.0..=100.0;
        /// Cast across it: above 0 more magenta, below more green.
        tint: f64 = 0.0, range -100.0..=100.0;
    }
}

/// The entry of `temperature`.
pub const ACTION: Action = Action {
    action_type: "temperature",
    version: "1.0.0",
    name: "Temperature",
    description: "Makes the light warmer or cooler, and greener or pinker, as a camera's white balance does.",
    category: Category::Color,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: Temperature::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &["white-balance", "adjust"],
    usage: "Correct a series that was taken in the shade or under lamps; warm portraits by 10 to 20.",
    icon: "M10 14V5.5a2 2 0 1 1 4 0V14a4 4 0 1 1-4 0zM12 9.5V17",
};

/// Correlated colour temperature of D65, in kelvins.
const D65: f64 = 6504.0;
/// Distance on the scale of reciprocal megakelvins, on which equal steps look equal, of one unit of `temperature`. So the
/// ends are at 4,110 K and 15,560 K.
const MIRED: f64 = 0.895;
/// Distance from the daylight locus in CIE 1960 *uv* of one unit of `tint`.
const UV: f64 = 0.0002;

/// The chromaticity of daylight of a temperature, in CIE 1960 *uv* (CIE 15:2004, 3.1).
fn daylight(kelvins: f64) -> [f64; 2] {
    let inverse = 1000.0 / kelvins;
    let x = match kelvins <= 7000.0 {
        true => 0.244_063 + 0.099_11 * inverse + 2.9678 * inverse.powi(2) - 4.6070 * inverse.powi(3),
        false => 0.237_040 + 0.247_48 * inverse + 1.9018 * inverse.powi(2) - 2.0064 * inverse.powi(3),
    };
    let y = -3.0 * x * x + 2.870 * x - 0.275;
    let scale = 12.0 * y - 2.0 * x + 3.0;
    [4.0 * x / scale, 6.0 * y / scale]
}

impl Temperature {
    /// The chromaticity of what white becomes: daylight of another temperature, moved across the locus by the tint.
    fn white(temperature: f64, tint: f64) -> [f64; 2] {
        let mired = |mired: f64| daylight(1e6 / mired);
        let at = 1e6 / D65 + MIRED * temperature;
        let [u, v] = mired(at);
        let ([u0, v0], [u1, v1]) = (mired(at - 0.1), mired(at + 0.1));
        let (du, dv) = (u1 - u0, v1 - v0);
        let length = (du * du + dv * dv).sqrt();
        // At a right angle to the locus: magenta lies below it.
        let (u, v) = (u + dv / length * UV * tint, v - du / length * UV * tint);
        let scale = 2.0 * u - 8.0 * v + 4.0;
        [3.0 * u / scale, 2.0 * v / scale]
    }

    /// From linear light to linear light: Bradford's adaptation from the white of daylight of 6504 K to the new one. `None` if
    /// nothing changes.
    fn matrix(&self) -> Option<[[f32; 3]; 3]> {
        if self.temperature == 0.0 && self.tint == 0.0 {
            return None;
        }
        let matrix = adapting(Self::white(0.0, 0.0), Self::white(self.temperature, self.tint))?;
        Some(matrix.map(|row| row.map(|value| value as f32)))
    }
}

impl Operation for Temperature {
    fn accepts(&self) -> Representations {
        Representations::INTERLEAVED.and_deep()
    }

    fn scales_with_picture(&self) -> bool {
        true
    }

    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let image = only(inputs)?;
        let Some(matrix) = self.matrix() else { return Ok(vec![image]) };
        let light = Light::new();
        Ok(vec![by_color!(image, |rgb| {
            times(&matrix, rgb.map(|value| light.of(value))).map(|value| light.sample(value))
        })])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn above_0_white_is_warmer_or_pinker() {
        let white = |temperature: f64, tint: f64| {
            let matrix = Temperature { temperature, tint }.matrix().unwrap();
            matrix.map(|row| row.iter().sum::<f32>())
        };
        let ([r, _, b], [r0, _, b0]) = (white(50.0, 0.0), white(-50.0, 0.0));
        assert!(r > 1.1 && b < 0.8 && r0 < 0.9 && b0 > 1.2, "{r} {b} {r0} {b0}");
        let ([r, g, b], [_, g0, _]) = (white(0.0, 50.0), white(0.0, -50.0));
        assert!(r > g && b > g && g0 > 1.0, "{r} {g} {b} {g0}");
    }
}
