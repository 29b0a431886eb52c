//! CIE L*a*b* relative to D50, to sRGB.

use super::curve::{Curve, nearest_bytes};
use super::math::{Matrix, from_lab, inverse, times};
use super::named;

/// A conversion from L*a*b* to sRGB.
pub struct LabColors {
    to_srgb: Matrix,
    bytes: Vec<u8>,
}

impl LabColors {
    /// Prepares it.
    pub fn new() -> Option<Self> {
        Some(Self { to_srgb: inverse(&named::SRGB)?, bytes: nearest_bytes(&Curve::SRGB) })
    }

    /// The nearest sRGB color of an L* from 0 to 100, and an a* and b* from -128 to 127.
    pub fn color(&self, lab: [f64; 3]) -> [u8; 3] {
        let linear = times(&self.to_srgb, from_lab(lab));
        linear.map(|value| self.bytes[(value.clamp(0.0, 1.0) * 65535.0 + 0.5) as usize])
    }
}
