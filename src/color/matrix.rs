//! RGB to RGB by curves and a matrix: three vectors are looked up and added, and the sums looked up again.

use super::black::Compensation;
use super::curve::nearest_bytes;
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
}

impl Shaper {
    pub(super) fn between(from: &Shape, to: &Shape) -> Option<Self> {
        let back = inverse(&to.matrix)?;
        let (dark, to_dark) = (Compensation::of(from.to_xyz([0.0; 3])), Compensation::of(to.to_xyz([0.0; 3])));
        let linear = |rgb: [f64; 3]| times(&back, to_dark.reverse(dark.apply(times(&from.matrix, rgb))));
        let zero = linear([0.0; 3]);
        let mut light = Box::new([[[0.0; 4]; 256]; 3]);
        for (channel, table) in light.iter_mut().enumerate() {
            let mut unit = [0.0; 3];
            unit[channel] = 1.0;
            let unit = linear(unit);
            for (sums, value) in table.iter_mut().zip(from.curves[channel].of_bytes()) {
                for (i, sum) in sums.iter_mut().take(3).enumerate() {
                    let offset = if channel == 0 { zero[i] } else { 0.0 };
                    *sum = (((unit[i] - zero[i]) * value + offset) * 65535.0) as f32;
                }
            }
        }
        let curves = if to.is_even() { &to.curves[..1] } else { &to.curves };
        let bytes = curves.iter().map(|curve| nearest_bytes(curve).try_into().ok()).collect::<Option<_>>()?;
        Some(Self { light, bytes })
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
