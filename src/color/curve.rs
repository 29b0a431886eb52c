//! Tone curves: `curv` and `para` tags (ICC.1:2022, 10.6 and 10.18).

use super::math::power;
use super::profile::{Unusable, fixed, long, short};

/// A curve from 0…1 to 0…1.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Curve {
    Identity,
    /// Equidistant values, linear in between; at least two.
    Samples(Vec<f32>),
    /// g, a, b, c, d, e, f of parametric type 4: (ax + b)^g + e from d on, cx + f below.
    Parametric([f64; 7]),
}

/// More entries than any profile needs.
const MOST_SAMPLES: usize = 1 << 16;

impl Curve {
    /// sRGB's (IEC 61966-2-1).
    pub(super) const SRGB: Self = Self::Parametric([2.4, 1.0 / 1.055, 0.055 / 1.055, 1.0 / 12.92, 0.04045, 0.0, 0.0]);

    /// Reads a tag, and returns how many bytes it takes.
    pub(super) fn read(tag: &[u8]) -> Result<(Self, usize), Unusable> {
        match tag.get(..4).ok_or(Unusable)? {
            b"curv" => {
                let count = long(tag, 8)? as usize;
                if count > MOST_SAMPLES {
                    return Err(Unusable);
                }
                let length = 12 + count * 2;
                let values = tag.get(12..length).ok_or(Unusable)?.as_chunks::<2>().0;
                let values = values.iter().map(|value| u16::from_be_bytes(*value));
                let curve = match (count, values.clone().next()) {
                    (0, _) | (_, None) => Self::Identity,
                    (1, Some(gamma)) => Self::gamma(f64::from(gamma) / 256.0)?,
                    _ => Self::Samples(values.map(|value| f32::from(value) / 65535.0).collect()),
                };
                Ok((curve, length))
            }
            b"para" => {
                let kind = short(tag, 8)?;
                let count = *[1, 3, 4, 5, 7].get(usize::from(kind)).ok_or(Unusable)?;
                let mut given = [0.0; 7];
                for (index, value) in given.iter_mut().take(count).enumerate() {
                    *value = fixed(tag, 12 + index * 4)?;
                }
                let [g, a, b, c, d, e, f] = given;
                // Where type 1 and 2 become constant.
                let bend = if a == 0.0 { 0.0 } else { -b / a };
                let parameters = match kind {
                    0 => [g, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0],
                    1 => [g, a, b, 0.0, bend, 0.0, 0.0],
                    2 => [g, a, b, 0.0, bend, c, c],
                    3 => [g, a, b, c, d, 0.0, 0.0],
                    _ => [g, a, b, c, d, e, f],
                };
                if g <= 0.0 || (0..=16).any(|i| !parametric(&parameters, f64::from(i) / 16.0).is_finite()) {
                    return Err(Unusable);
                }
                Ok((Self::Parametric(parameters), 12 + count * 4))
            }
            _ => Err(Unusable),
        }
    }

    /// A pure power.
    pub(super) fn gamma(gamma: f64) -> Result<Self, Unusable> {
        if gamma <= 0.0 || !gamma.is_finite() {
            return Err(Unusable);
        }
        Ok(if gamma == 1.0 { Self::Identity } else { Self::Parametric([gamma, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]) })
    }

    pub(super) fn at(&self, x: f64) -> f64 {
        let x = x.clamp(0.0, 1.0);
        match self {
            Self::Identity => x,
            Self::Samples(samples) => {
                let place = x * (samples.len() - 1) as f64;
                let index = (place as usize).min(samples.len() - 2);
                let [low, high] = [samples[index], samples[index + 1]].map(f64::from);
                low + (high - low) * (place - index as f64)
            }
            Self::Parametric(parameters) => parametric(parameters, x).clamp(0.0, 1.0),
        }
    }

    /// Its values for the 256 samples of a byte.
    pub(super) fn of_bytes(&self) -> [f64; 256] {
        std::array::from_fn(|byte| self.at(byte as f64 / 255.0))
    }
}

fn parametric([g, a, b, c, d, e, f]: &[f64; 7], x: f64) -> f64 {
    if x >= *d { power(a * x + b, *g) + e } else { c * x + f }
}

/// The way back through a curve, which is taken for rising; mirrored below 0 and continued in a straight line above 1, so
/// that colours outside a space keep their place until they are clamped.
pub(super) struct Back {
    samples: Vec<f64>,
}

/// Steps of a curve on the way back. Between two it is taken for straight: an error of less than a thousandth of a byte's
/// step.
const STEPS: usize = 4096;

impl Back {
    pub(super) fn of(curve: &Curve) -> Self {
        Self::through(|x| curve.at(x))
    }

    /// The way back through a function from 0…1 to 0…1.
    pub(super) fn through(curve: impl Fn(f64) -> f64) -> Self {
        let mut highest = f64::NEG_INFINITY;
        let rising = |step: usize| {
            highest = curve(step as f64 / STEPS as f64).max(highest);
            highest
        };
        Self { samples: (0..=STEPS).map(rising).collect() }
    }

    pub(super) fn at(&self, y: f64) -> f64 {
        if y < 0.0 {
            return -self.at(-y);
        }
        // The first sample above; between it and the one before lies the answer.
        let above = self.samples.partition_point(|sample| *sample <= y).clamp(1, STEPS);
        let index = above - 1;
        let (low, high) = (self.samples[index], self.samples[above]);
        let part = if high > low { (y - low) / (high - low) } else { 0.0 };
        ((index as f64 + part) / STEPS as f64).clamp(0.0, 2.0)
    }
}

/// From a linear value in steps of 1/65535 to the nearest byte of a curve.
pub(super) fn nearest_bytes(curve: &Curve) -> Vec<u8> {
    let mut table = Vec::with_capacity(1 << 16);
    for byte in 0..255_u8 {
        let half_way = curve.at((f64::from(byte) + 0.5) / 255.0) * 65535.0;
        let end = half_way.ceil() as usize;
        table.resize(end.max(table.len()), byte);
    }
    table.resize(1 << 16, 255);
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn para(kind: u16, parameters: &[f64]) -> Vec<u8> {
        let mut tag = b"para\0\0\0\0".to_vec();
        tag.extend(kind.to_be_bytes());
        tag.extend([0, 0]);
        parameters.iter().for_each(|value| tag.extend(((value * 65536.0).round() as i32).to_be_bytes()));
        tag
    }

    #[test]
    fn each_parametric_type_is_its_formula() {
        let near = |tag: &[u8], x: f64, y: f64| {
            let (curve, length) = Curve::read(tag).unwrap();
            assert_eq!(length, tag.len());
            assert!((curve.at(x) - y).abs() < 1e-4, "{x}: {} instead of {y}", curve.at(x));
        };
        near(&para(0, &[2.2]), 0.5, f64::powf(0.5, 2.2));
        near(&para(1, &[2.0, 1.25, -0.25]), 0.1, 0.0);
        near(&para(1, &[2.0, 1.25, -0.25]), 0.6, 0.25);
        near(&para(2, &[2.0, 1.0, -0.2, 0.1]), 0.1, 0.1);
        near(&para(2, &[2.0, 1.0, -0.2, 0.1]), 0.7, 0.35);
        near(&para(3, &[2.4, 0.947_87, 0.052_13, 0.0774, 0.040_45]), 0.02, 0.001_548);
        near(&para(3, &[2.4, 0.947_87, 0.052_13, 0.0774, 0.040_45]), 0.5, 0.214_04);
        near(&para(4, &[2.0, 1.0, 0.0, 0.5, 0.5, 0.2, 0.1]), 0.4, 0.3);
        near(&para(4, &[2.0, 1.0, 0.0, 0.5, 0.5, 0.2, 0.1]), 0.8, 0.84);
    }

    #[test]
    fn a_table_is_linear_between_its_samples() {
        let mut tag = b"curv\0\0\0\0\0\0\0\x03".to_vec();
        [0_u16, 13107, 65535].iter().for_each(|value| tag.extend(value.to_be_bytes()));
        let (curve, length) = Curve::read(&tag).unwrap();
        assert_eq!(length, 18);
        for (x, y) in [(0.0, 0.0), (0.25, 0.1), (0.5, 0.2), (0.75, 0.6), (1.0, 1.0), (7.0, 1.0)] {
            assert!((curve.at(x) - y).abs() < 1e-6, "{x}");
        }
        assert_eq!(Curve::read(b"curv\0\0\0\0\0\0\0\0").unwrap(), (Curve::Identity, 12));
        assert!(Curve::read(b"curv\0\0\0\0\xff\xff\xff\xff").is_err());
        assert!(Curve::read(&para(0, &[0.0])).is_err());
    }

    #[test]
    fn the_way_back_ends_where_it_began() {
        for curve in [Curve::Identity, Curve::SRGB, Curve::gamma(2.2).unwrap(), Curve::gamma(1.8).unwrap()] {
            let back = Back::of(&curve);
            let nearest = nearest_bytes(&curve);
            for byte in 0..=255_u8 {
                let x = f64::from(byte) / 255.0;
                let y = curve.at(x);
                assert!((back.at(y) - x).abs() < 2e-4, "{curve:?} {byte}: {}", back.at(y));
                // Below, the curve of gamma 2.2 has several bytes in one step.
                if byte == 0 || byte > 3 {
                    assert_eq!(nearest[(y * 65535.0).round() as usize], byte, "{curve:?}");
                }
            }
            assert!(back.at(-0.01) < 0.0 && back.at(1.01) > 1.0);
        }
    }
}
