//! Encoded sRGB to CIE L\*a\*b\* (D65), fast enough for every pixel: distances there match perceived differences.

/// Steps of a table; linear interpolation between them is within 0.001 of the definition.
const STEPS: usize = 4096;

/// The two curves of the conversion, as tables.
pub(super) struct Lab {
    /// Encoded to linear light (IEC 61966-2-1).
    linear: Vec<f32>,
    /// The cube root with its straight start (ISO/CIE 11664-4).
    root: Vec<f32>,
}

impl Lab {
    pub(super) fn new() -> Self {
        let table = |curve: fn(f64) -> f64| (0..=STEPS).map(|i| curve(i as f64 / STEPS as f64) as f32).collect();
        Self {
            linear: table(|v| if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }),
            root: table(|t| if t > 216.0 / 24389.0 { t.cbrt() } else { (24389.0 / 27.0 * t + 16.0) / 116.0 }),
        }
    }

    /// L\*, a\* and b\* of encoded values from 0 to 1; values out of range are clamped.
    pub(super) fn of(&self, rgb: [f32; 3]) -> [f32; 3] {
        let [r, g, b] = rgb.map(|value| look_up(&self.linear, value));
        // sRGB's matrix, each row divided by its white.
        let x = look_up(&self.root, 0.433_95 * r + 0.376_21 * g + 0.189_84 * b);
        let y = look_up(&self.root, 0.212_673 * r + 0.715_152 * g + 0.072_175 * b);
        let z = look_up(&self.root, 0.017_757 * r + 0.109_468 * g + 0.872_775 * b);
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    }
}

fn look_up(table: &[f32], value: f32) -> f32 {
    let place = value.clamp(0.0, 1.0) * STEPS as f32;
    let first = (place as usize).min(STEPS - 1);
    table[first] + (table[first + 1] - table[first]) * (place - first as f32)
}

/// The distance between two colours: ΔE\* of 1976.
pub(super) fn difference(one: [f32; 3], other: [f32; 3]) -> f32 {
    let square = |i: usize| (one[i] - other[i]) * (one[i] - other[i]);
    (square(0) + square(1) + square(2)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed from the standards' definitions in double precision.
    #[test]
    fn known_colours_have_their_known_values() {
        let lab = Lab::new();
        for (rgb, expected) in [
            ([255, 255, 255], [100.0, 0.0, 0.0]),
            ([0, 0, 0], [0.0, 0.0, 0.0]),
            ([255, 0, 0], [53.2408, 80.0925, 67.2032]),
            ([0, 0, 255], [32.297, 79.1875, -107.8602]),
            ([119, 119, 119], [50.0344, 0.0, 0.0]),
            ([200, 150, 100], [65.76, 12.7599, 33.5627]),
            ([10, 20, 5], [5.201, -5.9214, 5.6279]),
        ] {
            let got = lab.of(rgb.map(|value: u8| f32::from(value) / 255.0));
            for (got, expected) in got.iter().zip(expected) {
                assert!((got - expected).abs() < 0.02, "{rgb:?}: {got} for {expected}");
            }
        }
    }
}
