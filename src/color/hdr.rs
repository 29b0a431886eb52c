//! Pictures of a high dynamic range, by the transfer functions PQ and HLG of ITU-R BT.2100, brought down to sRGB: bright
//! colours are compressed by the curve that Chromium uses, along the largest of red, green and blue in BT.2020, so that hues
//! stay.

use super::curve::{Curve, nearest_bytes};
use super::math::{self, Matrix, inverse, power, product, times};
use super::named::{self, Primaries};

/// Luminance of white in an ordinary picture, in cd/m² (ITU-R BT.2408).
const WHITE: f64 = 203.0;
/// Luminance of the brightest colour of a picture that says nothing of it, and of displays for HLG.
const USUAL_PEAK: f64 = 1000.0;

/// How light is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Pq,
    Hlg,
}

/// A conversion from samples of a high dynamic range to sRGB.
pub struct ToneMap {
    coding: Coding,
    /// Light of a sample, 1 being white of an ordinary picture; for HLG light of the scene from 0 to 1.
    light: Vec<f32>,
    to_bt2020: Matrix,
    to_srgb: Matrix,
    /// The brightest light.
    peak: f64,
    bytes: Vec<u8>,
}

impl ToneMap {
    /// By the code points of ITU-T H.273; `peak` is the luminance of the brightest colour in cd/m², if it is known. `None`
    /// if the transfer function is not one for a high dynamic range, or the primaries are not known.
    pub fn from_code_points(primaries: u8, transfer: u8, peak: Option<f64>) -> Option<Self> {
        let coding = Self::coding(transfer)?;
        let matrix = Primaries::from_code_point(primaries)?.matrix()?;
        let bt2020 = Primaries::BT2020.matrix()?;
        let light = (0..=u16::MAX).map(|sample| {
            let sample = f64::from(sample) / 65535.0;
            (match coding {
                Coding::Pq => pq(sample) / WHITE,
                Coding::Hlg => hlg(sample),
            }) as f32
        });
        let peak = match coding {
            Coding::Pq => peak.unwrap_or(USUAL_PEAK),
            Coding::Hlg => USUAL_PEAK,
        };
        Some(Self {
            coding,
            light: light.collect(),
            to_bt2020: product(&inverse(&bt2020)?, &matrix),
            to_srgb: product(&inverse(&named::SRGB)?, &bt2020),
            peak: peak.clamp(WHITE, 10_000.0) / WHITE,
            bytes: nearest_bytes(&Curve::SRGB),
        })
    }

    /// Whether pictures with these code points have a high dynamic range and can be converted.
    pub fn knows(primaries: u8, transfer: u8) -> bool {
        Self::coding(transfer).is_some() && Primaries::from_code_point(primaries).is_some()
    }

    const fn coding(transfer: u8) -> Option<Coding> {
        match transfer {
            16 => Some(Coding::Pq),
            18 => Some(Coding::Hlg),
            _ => None,
        }
    }

    /// The sRGB colour of samples of 16 bits.
    pub fn color(&self, samples: [u16; 3]) -> [u8; 3] {
        let mut light = times(&self.to_bt2020, samples.map(|sample| f64::from(self.light[usize::from(sample)])));
        if self.coding == Coding::Hlg {
            // What a display makes of the scene: luminance to the power of 1.2 (BT.2100, table 5).
            let luminance = 0.2627 * light[0] + 0.6780 * light[1] + 0.0593 * light[2];
            let gain = power(luminance, 0.2) * USUAL_PEAK / WHITE;
            light = light.map(|value| value * gain);
        }
        let most = light[0].max(light[1]).max(light[2]);
        let gain = if most > 0.0 { (1.0 + most / (self.peak * self.peak)) / (1.0 + most) } else { 1.0 };
        let linear = times(&self.to_srgb, light.map(|value| value * gain));
        linear.map(|value| self.bytes[(value.clamp(0.0, 1.0) * 65535.0 + 0.5) as usize])
    }
}

/// Luminance in cd/m² of a PQ sample (SMPTE ST 2084).
fn pq(sample: f64) -> f64 {
    const M1: f64 = 2610.0 / 16384.0;
    const M2: f64 = 2523.0 / 32.0;
    const C: [f64; 3] = [3424.0 / 4096.0, 2413.0 / 128.0, 2392.0 / 128.0];
    let root = power(sample, 1.0 / M2);
    10_000.0 * power((root - C[0]).max(0.0) / (C[1] - C[2] * root), 1.0 / M1)
}

/// Light of the scene of an HLG sample, from 0 to 1 (ARIB STD-B67).
fn hlg(sample: f64) -> f64 {
    const A: f64 = 0.178_832_77;
    const B: f64 = 1.0 - 4.0 * A;
    const C: f64 = 0.559_910_73;
    if sample <= 0.5 { sample * sample / 3.0 } else { (math::exponential((sample - C) / A) + B) / 12.0 }
}
