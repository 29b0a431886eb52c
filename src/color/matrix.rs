//! RGB to RGB by curves and a matrix: three vectors are looked up and added, and the sums looked up again.

use std::sync::OnceLock;

use super::black::Compensation;
use super::curve::{Back, Curve, nearest_bytes};
use super::math::{inverse, times};
use super::profile::Shape;

/// A table from linear light to bytes.
type Bytes = Box<[u8; 1 << 16]>;

/// A conversion between two spaces of curves and a matrix.
pub(super) struct Shaper {
    /// What each byte of each channel adds to the linear values of the result, from 0 to 65535.
    light: Box<[[[f32; 4]; 256]; 3]>,
    /// Back to bytes: one table for all channels, or one for each.
    bytes: Vec<Bytes>,
    /// What each channel at its most adds to the linear values of the result, from 0 to 1, and what black does.
    units: [[f64; 3]; 3],
    zero: [f64; 3],
    /// The curves of both spaces.
    from: [Curve; 3],
    to: Vec<Curve>,
    /// The tables for samples of 16 bits, when they are needed.
    deep: OnceLock<DeepTables>,
}

/// Steps of the way from linear light to samples of 16 bits: of the square root of light, in which all usual curves are nearly
/// straight from one step to the next.
const STEPS: usize = 1 << 16;

struct DeepTables {
    /// The linear value of each sample of each channel, from 0 to 1.
    linear: [Vec<f32>; 3],
    /// The sample at each step, one table for all channels or one for each.
    samples: Vec<Vec<f32>>,
}

impl DeepTables {
    fn of(from: &[Curve; 3], to: &[Curve]) -> Self {
        let most = f64::from(u16::MAX);
        let linear = |curve: &Curve| (0..=u16::MAX).map(|sample| curve.at(f64::from(sample) / most) as f32).collect();
        let samples = |curve: &Curve| {
            let back = Back::of(curve);
            let sample = |step: usize| {
                let root = step as f64 / STEPS as f64;
                (back.at(root * root).clamp(0.0, 1.0) * most) as f32
            };
            (0..=STEPS).map(sample).collect()
        };
        Self { linear: from.each_ref().map(linear), samples: to.iter().map(samples).collect() }
    }
}

impl Shaper {
    /// A conversion; `moves_black` says whether the darkest colour of one becomes that of the other, `white` is what X, Y and Z
    /// are multiplied by.
    pub(super) fn between(from: &Shape, to: &Shape, moves_black: bool, white: [f64; 3]) -> Option<Self> {
        let back = inverse(&to.matrix)?;
        let dark_of = |shape: &Shape| Compensation::of(shape.to_xyz([0.0; 3]));
        let (dark, to_dark) =
            if moves_black { (dark_of(from), dark_of(to)) } else { (Compensation::NONE, Compensation::NONE) };
        let linear = |rgb: [f64; 3]| {
            let xyz = dark.apply(times(&from.matrix, rgb));
            times(&back, to_dark.reverse([0, 1, 2].map(|i| xyz[i] * white[i])))
        };
        let zero = linear([0.0; 3]);
        let mut light = Box::new([[[0.0; 4]; 256]; 3]);
        let units = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]].map(linear);
        for (channel, table) in light.iter_mut().enumerate() {
            let unit = units[channel];
            for (sums, value) in table.iter_mut().zip(from.curves[channel].of_bytes()) {
                for (i, sum) in sums.iter_mut().take(3).enumerate() {
                    let offset = if channel == 0 { zero[i] } else { 0.0 };
                    *sum = (((unit[i] - zero[i]) * value + offset) * 65535.0) as f32;
                }
            }
        }
        let curves = if to.is_even() { &to.curves[..1] } else { &to.curves };
        let bytes = curves.iter().map(|curve| nearest_bytes(curve).try_into().ok()).collect::<Option<_>>()?;
        let units = units.map(|unit| std::array::from_fn(|i| unit[i] - zero[i]));
        let (from, to) = (from.curves.clone(), curves.to_vec());
        Some(Self { light, bytes, units, zero, from, to, deep: OnceLock::new() })
    }

    /// Converts pixels of 16 bits a sample; what comes after blue stays.
    pub(super) fn apply_deep<const N: usize>(&self, pixels: &mut [[u16; N]]) {
        let DeepTables { linear, samples } = self.deep.get_or_init(|| DeepTables::of(&self.from, &self.to));
        let units = self.units.map(|unit| unit.map(|value| value as f32));
        let zero = self.zero.map(|value| value as f32);
        for pixel in pixels {
            let light: [f32; 3] = std::array::from_fn(|channel| linear[channel][usize::from(pixel[channel])]);
            for channel in 0..3 {
                let sum = zero[channel]
                    + light[0] * units[0][channel]
                    + light[1] * units[1][channel]
                    + light[2] * units[2][channel];
                let place = sum.clamp(0.0, 1.0).sqrt() * STEPS as f32;
                let below = (place as usize).min(STEPS - 1);
                let table = &samples[channel.min(samples.len() - 1)];
                let sample = table[below] + (table[below + 1] - table[below]) * (place - below as f32);
                pixel[channel] = (sample + 0.5) as u16;
            }
        }
    }

    /// Converts pixels; what comes after blue stays.
    pub(super) fn apply<const N: usize>(&self, pixels: &mut [[u8; N]]) {
        let [red, green, blue] = &*self.light;
        let bytes = [0, 1, 2].map(|channel| &*self.bytes[channel.min(self.bytes.len() - 1)]);
        for pixel in pixels {
            let (r, g, b) = (&red[usize::from(pixel[0])], &green[usize::from(pixel[1])], &blue[usize::from(pixel[2])]);
            let sums: [f32; 4] = std::array::from_fn(|i| (r[i] + g[i] + b[i]).clamp(0.0, 65535.0) + 0.5);
            for channel in 0..3 {
                pixel[channel] = bytes[channel][usize::from(sums[channel] as u16)];
            }
        }
    }
}
