//! Linear light: tables between the samples of a picture and the amounts of light that they stand for, by the transfer
//! function of sRGB (IEC 61966-2-1). Actions that change light take the samples of every RGB space as sRGB's, which has
//! nearly the same curve as the others in use.

use std::cell::OnceCell;

use super::depth::Sample;

/// From encoded to linear; 1 is white.
pub(crate) fn to_linear(encoded: f64) -> f64 {
    if encoded <= 0.04045 { encoded / 12.92 } else { ((encoded + 0.055) / 1.055).powf(2.4) }
}

/// From linear to encoded; continues beyond white.
pub(crate) fn to_encoded(linear: f64) -> f64 {
    if linear <= 0.003_130_8 { linear * 12.92 } else { 1.055 * linear.powf(1.0 / 2.4) - 0.055 }
}

/// The two directions as tables.
pub(crate) struct Light {
    linear: [f32; 256],
    encoded: Vec<u8>,
    /// Those for 16 bits, when they are needed.
    deep: OnceCell<DeepLight>,
}

/// The two directions for samples of 16 bits.
struct DeepLight {
    /// The light of every sample.
    linear: Vec<f32>,
    /// The number of the sample at each of [`STEPS`] amounts of light. It is taken for straight in between, which is right to
    /// a hundredth of a sample.
    encoded: Vec<f32>,
}

impl DeepLight {
    fn new() -> Self {
        let most = f64::from(u16::MAX);
        Self {
            linear: (0..=u16::MAX).map(|sample| to_linear(f64::from(sample) / most) as f32).collect(),
            encoded: (0..=STEPS).map(|step| (to_encoded(step as f64 / STEPS as f64) * most) as f32).collect(),
        }
    }
}

/// A sample with tables of light.
pub(crate) trait Lit: Sample {
    /// The light of a sample, from 0 to 1.
    fn light(self, light: &Light) -> f32;
    /// The nearest sample for an amount of light; more than white is white.
    fn lit(light: &Light, amount: f32) -> Self;
}

impl Lit for u8 {
    fn light(self, light: &Light) -> f32 {
        light.linear[usize::from(self)]
    }

    fn lit(light: &Light, amount: f32) -> Self {
        light.encoded[((amount * STEPS as f32 + 0.5) as usize).min(STEPS)]
    }
}

impl Lit for u16 {
    fn light(self, light: &Light) -> f32 {
        light.deep.get_or_init(DeepLight::new).linear[usize::from(self)]
    }

    fn lit(light: &Light, amount: f32) -> Self {
        let encoded = &light.deep.get_or_init(DeepLight::new).encoded;
        let place = (amount * STEPS as f32).clamp(0.0, STEPS as f32);
        let below = (place as usize).min(STEPS - 1);
        let number = encoded[below] + (encoded[below + 1] - encoded[below]) * (place - below as f32);
        Self::of_number(number)
    }
}

/// Amounts of light that are told apart: twenty to one value where the curve is steepest.
const STEPS: usize = 1 << 16;

impl Light {
    /// Computes the tables: about a millisecond.
    pub(crate) fn new() -> Self {
        // Where each value begins, half way from the one before.
        let mut encoded = Vec::with_capacity(STEPS + 1);
        for value in 1..=255 {
            let first = to_linear((f64::from(value) - 0.5) / 255.0) * STEPS as f64;
            encoded.resize(first.ceil() as usize, (value - 1) as u8);
        }
        encoded.resize(STEPS + 1, 255);
        let linear = std::array::from_fn(|value| to_linear(value as f64 / 255.0) as f32);
        Self { linear, encoded, deep: OnceCell::new() }
    }

    /// The light of a sample, from 0 to 1.
    pub(crate) fn of<S: Lit>(&self, value: S) -> f32 {
        value.light(self)
    }

    /// The nearest sample for an amount of light; more than white is white.
    pub(crate) fn sample<S: Lit>(&self, light: f32) -> S {
        S::lit(self, light)
    }
}

/// The product of a matrix and a colour.
pub(crate) fn times(matrix: &[[f32; 3]; 3], [x, y, z]: [f32; 3]) -> [f32; 3] {
    matrix.map(|[a, b, c]| a * x + b * y + c * z)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_its_light_and_back() {
        let light = Light::new();
        for value in 0..=u8::MAX {
            assert_eq!(light.sample::<u8>(light.of(value)), value);
            // The same amount of light in both depths.
            assert!((light.of(value) - light.of(u16::from(value) * 257)).abs() < 1e-6);
        }
        for value in 0..=u16::MAX {
            assert_eq!(light.sample::<u16>(light.of(value)), value);
        }
        assert_eq!([light.sample::<u8>(-0.1), light.sample(7.0), light.sample(f32::NAN)], [0, 255, 0]);
        assert_eq!([light.sample::<u16>(-0.1), light.sample(7.0), light.sample(f32::NAN)], [0, 65_535, 0]);
    }

    /// 0.5 of light is 187.52 of 255.
    #[test]
    fn the_nearest_sample_is_found() {
        let light = Light::new();
        assert_eq!([light.sample::<u8>(0.4998), light.sample(0.5)], [187, 188]);
        for step in 0..=10_000 {
            let exact = to_encoded(f64::from(step) / 10_000.0) * 255.0;
            let found = f64::from(light.sample::<u8>(step as f32 / 10_000.0));
            assert!((found - exact).abs() < 0.53, "{step}: {found} instead of {exact}");
            let deep = f64::from(light.sample::<u16>(step as f32 / 10_000.0)) / 257.0;
            assert!((deep - exact).abs() < 0.52 / 257.0, "{step}: {deep} instead of {exact}");
        }
    }
}
