//! `temperature`: makes the light warmer or cooler.

use super::checks::Condition;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only};
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
};

/// From linear sRGB to CIE XYZ (IEC 61966-2-1), and back.
const TO_XYZ: [[f64; 3]; 3] = [
    [0.412_390_799_265_959_5, 0.357_584_339_383_878, 0.180_480_788_401_834_3],
    [0.212_639_005_871_510_36, 0.715_168_678_767_756, 0.072_192_315_360_733_71],
    [0.019_330_818_715_591_85, 0.119_194_779_794_625_99, 0.950_532_152_249_660_7],
];
const FROM_XYZ: [[f64; 3]; 3] = [
    [3.240_969_941_904_521, -1.537_383_177_570_093, -0.498_610_760_293],
    [-0.969_243_636_280_87, 1.875_967_501_507_72, 0.041_555_057_407_175],
    [0.055_630_079_696_993, -0.203_976_958_888_976, 1.056_971_514_242_878],
];
/// The cone responses of Bradford's adaptation, and back.
const BRADFORD: [[f64; 3]; 3] = [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]];
const FROM_BRADFORD: [[f64; 3]; 3] = [
    [0.986_992_905_466_712_3, -0.147_054_256_420_990_13, 0.159_962_651_663_731_24],
    [0.432_305_269_723_394_6, 0.518_360_271_536_777_6, 0.049_291_228_212_855_6],
    [-0.008_528_664_575_177_3, 0.040_042_821_654_084_8, 0.968_486_695_787_550_1],
];
/// Correlated colour temperature of D65, in kelvins.
const D65: f64 = 6504.0;
/// Distance on the scale of reciprocal megakelvins, on which equal steps look equal, of one unit of `temperature`. So the
/// ends are at 4,110 K and 15,560 K.
const MIRED: f64 = 0.895;
/// Distance from the daylight locus in CIE 1960 *uv* of one unit of `tint`.
const UV: f64 = 0.0002;

fn apply(matrix: &[[f64; 3]; 3], [x, y, z]: [f64; 3]) -> [f64; 3] {
    matrix.map(|[a, b, c]| a * x + b * y + c * z)
}

fn product(one: &[[f64; 3]; 3], other: &[[f64; 3]; 3]) -> [[f64; 3]; 3] {
    one.map(|row| std::array::from_fn(|column| (0..3).map(|at| row[at] * other[at][column]).sum()))
}

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
    /// CIE XYZ of what white becomes: daylight of another temperature, moved across the locus by the tint.
    fn white(temperature: f64, tint: f64) -> [f64; 3] {
        let mired = |mired: f64| daylight(1e6 / mired);
        let at = 1e6 / D65 + MIRED * temperature;
        let [u, v] = mired(at);
        let ([u0, v0], [u1, v1]) = (mired(at - 0.1), mired(at + 0.1));
        let (du, dv) = (u1 - u0, v1 - v0);
        let length = (du * du + dv * dv).sqrt();
        // At a right angle to the locus: magenta lies below it.
        let (u, v) = (u + dv / length * UV * tint, v - du / length * UV * tint);
        let (x, y) = (3.0 * u / (2.0 * u - 8.0 * v + 4.0), 2.0 * v / (2.0 * u - 8.0 * v + 4.0));
        [x / y, 1.0, (1.0 - x - y) / y]
    }

    /// From linear light to linear light: Bradford's adaptation from the white of daylight of 6504 K to the new one.
    fn matrix(&self) -> [[f32; 3]; 3] {
        let [from, to] = [Self::white(0.0, 0.0), Self::white(self.temperature, self.tint)];
        let (from, to) = (apply(&BRADFORD, from), apply(&BRADFORD, to));
        let scaled: [[f64; 3]; 3] = std::array::from_fn(|row| BRADFORD[row].map(|value| value * to[row] / from[row]));
        let adapted = product(&FROM_BRADFORD, &scaled);
        product(&FROM_XYZ, &product(&adapted, &TO_XYZ)).map(|row| row.map(|value| value as f32))
    }
}

impl Operation for Temperature {
    fn accepts(&self) -> Representations {
        Representations::INTERLEAVED
    }

    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let image = only(inputs)?;
        if self.temperature == 0.0 && self.tint == 0.0 {
            return Ok(vec![image]);
        }
        let (light, matrix) = (Light::new(), self.matrix());
        let adapted = |rgb: [u8; 3]| times(&matrix, rgb.map(|value| light.of(value))).map(|value| light.sample(value));
        Ok(vec![by_color(image, adapted)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_matrices_back_are_the_inverses() {
        for (there, back) in [(&TO_XYZ, &FROM_XYZ), (&BRADFORD, &FROM_BRADFORD)] {
            for (row, values) in product(there, back).into_iter().enumerate() {
                for (column, value) in values.into_iter().enumerate() {
                    let own = if row == column { 1.0 } else { 0.0 };
                    assert!((value - own).abs() < 1e-9, "{value}");
                }
            }
        }
    }

    #[test]
    fn above_0_white_is_warmer_or_pinker() {
        let white = |temperature: f64, tint: f64| {
            let matrix = Temperature { temperature, tint }.matrix();
            matrix.map(|row| row.iter().sum::<f32>())
        };
        let ([r, _, b], [r0, _, b0]) = (white(50.0, 0.0), white(-50.0, 0.0));
        assert!(r > 1.1 && b < 0.8 && r0 < 0.9 && b0 > 1.2, "{r} {b} {r0} {b0}");
        let ([r, g, b], [_, g0, _]) = (white(0.0, 50.0), white(0.0, -50.0));
        assert!(r > g && b > g && g0 > 1.0, "{r} {g} {b} {g0}");
    }
}
