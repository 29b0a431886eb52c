//! Spaces that files name or describe without a profile: primaries, white and transfer function, also by the code points of
//! ITU-T H.273. They become profiles, so that results can say what their samples mean.

use super::curve::Curve;
use super::math::{D50, Matrix, inverse, product, times};
use super::profile::Unusable;
use super::write;

/// sRGB's primaries relative to D50, as in its usual profile: columns red, green, blue.
pub(super) const SRGB: Matrix = [
    [0.436_065_67, 0.385_147_09, 0.143_066_41],
    [0.222_488_40, 0.716_873_17, 0.060_607_91],
    [0.013_916_02, 0.097_076_42, 0.714_096_07],
];

/// Chromaticities x and y of the primaries and of white.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Primaries {
    /// Red.
    pub red: [f64; 2],
    /// Green.
    pub green: [f64; 2],
    /// Blue.
    pub blue: [f64; 2],
    /// White.
    pub white: [f64; 2],
}

const D65: [f64; 2] = [0.3127, 0.3290];
/// CIE illuminant C.
const C: [f64; 2] = [0.310, 0.316];

impl Primaries {
    /// ITU-R BT.709 and IEC 61966-2-1.
    pub const SRGB: Self = Self { red: [0.64, 0.33], green: [0.30, 0.60], blue: [0.15, 0.06], white: D65 };
    /// Adobe RGB (1998).
    pub const ADOBE_RGB: Self = Self { red: [0.64, 0.33], green: [0.21, 0.71], blue: [0.15, 0.06], white: D65 };
    /// Display P3 (SMPTE EG 432-1).
    pub const DISPLAY_P3: Self = Self { red: [0.680, 0.320], green: [0.265, 0.690], blue: [0.150, 0.060], white: D65 };
    /// ITU-R BT.2020.
    pub const BT2020: Self = Self { red: [0.708, 0.292], green: [0.170, 0.797], blue: [0.131, 0.046], white: D65 };

    /// By the code point of ITU-T H.273, table 2.
    pub const fn from_code_point(code: u8) -> Option<Self> {
        let (red, green, blue, white) = match code {
            1 => return Some(Self::SRGB),
            4 => ([0.67, 0.33], [0.21, 0.71], [0.14, 0.08], C),
            5 => ([0.64, 0.33], [0.29, 0.60], [0.15, 0.06], D65),
            6 | 7 => ([0.630, 0.340], [0.310, 0.595], [0.155, 0.070], D65),
            8 => ([0.681, 0.319], [0.243, 0.692], [0.145, 0.049], C),
            9 => return Some(Self::BT2020),
            10 => ([1.0, 0.0], [0.0, 1.0], [0.0, 0.0], [1.0 / 3.0, 1.0 / 3.0]),
            11 => ([0.680, 0.320], [0.265, 0.690], [0.150, 0.060], [0.314, 0.351]),
            12 => return Some(Self::DISPLAY_P3),
            22 => ([0.630, 0.340], [0.295, 0.605], [0.155, 0.077], D65),
            _ => return None,
        };
        Some(Self { red, green, blue, white })
    }

    /// Whether they differ by rounding only.
    pub(super) fn is_near(&self, other: &Self) -> bool {
        let all = |one: &Self| [one.red, one.green, one.blue, one.white];
        all(self).as_flattened().iter().zip(all(other).as_flattened()).all(|(a, b)| (a - b).abs() < 0.002)
    }

    /// Linear RGB to XYZ relative to their own white.
    fn to_white(self) -> Option<Matrix> {
        let white = xyz(self.white)?;
        let columns = [self.red, self.green, self.blue].map(|[x, y]| [x, y, 1.0 - x - y]);
        let unscaled = [0, 1, 2].map(|row| columns.map(|column| column[row]));
        let scale = times(&inverse(&unscaled)?, white);
        Some(unscaled.map(|row| [row[0] * scale[0], row[1] * scale[1], row[2] * scale[2]]))
    }

    /// Linear RGB to XYZ relative to D50, by the Bradford transform.
    pub(super) fn matrix(&self) -> Option<Matrix> {
        let matrix = product(&adaptation(xyz(self.white)?, D50)?, &self.to_white()?);
        inverse(&matrix).map(|_| matrix)
    }
}

/// XYZ of a chromaticity, with a luminance of 1.
fn xyz([x, y]: [f64; 2]) -> Option<[f64; 3]> {
    (y > 1e-6).then(|| [x / y, 1.0, (1.0 - x - y) / y])
}

/// From colours under one white to those under another, both in XYZ, by the Bradford transform.
fn adaptation(from: [f64; 3], to: [f64; 3]) -> Option<Matrix> {
    const BRADFORD: Matrix = [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]];
    let (from, to) = (times(&BRADFORD, from), times(&BRADFORD, to));
    let scaled = [0, 1, 2].map(|row| BRADFORD[row].map(|value| value * to[row] / from[row]));
    Some(product(&inverse(&BRADFORD)?, &scaled))
}

/// What linear sRGB is multiplied by to look under one white as it did under another: whites are chromaticities, the
/// adaptation is Bradford's. `None` for chromaticities that no light has.
pub fn adapting(from: [f64; 2], to: [f64; 2]) -> Option<[[f64; 3]; 3]> {
    let to_xyz = Primaries::SRGB.to_white()?;
    Some(product(&inverse(&to_xyz)?, &product(&adaptation(xyz(from)?, xyz(to)?)?, &to_xyz)))
}

/// How linear light is coded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Transfer {
    /// sRGB (IEC 61966-2-1).
    Srgb,
    /// ITU-R BT.709 and others of its form.
    Bt709,
    /// SMPTE 240M.
    Smpte240,
    /// A power from samples to light.
    Gamma(f64),
}

impl Transfer {
    /// Adobe RGB (1998).
    pub const ADOBE_RGB: Self = Self::Gamma(563.0 / 256.0);

    /// By the code point of ITU-T H.273, table 3.
    pub const fn from_code_point(code: u8) -> Option<Self> {
        Some(match code {
            1 | 6 | 11 | 12 | 14 | 15 => Self::Bt709,
            4 => Self::Gamma(2.2),
            5 => Self::Gamma(2.8),
            7 => Self::Smpte240,
            8 => Self::Gamma(1.0),
            13 => Self::Srgb,
            17 => Self::Gamma(2.6),
            _ => return None,
        })
    }

    /// g, a, b, c, d of parametric type 3, or g alone of type 0.
    fn parameters(self) -> Result<Vec<f64>, Unusable> {
        Ok(match self {
            Self::Srgb => match Curve::SRGB {
                Curve::Parametric([g, a, b, c, d, ..]) => vec![g, a, b, c, d],
                _ => return Err(Unusable),
            },
            Self::Bt709 => vec![1.0 / 0.45, 1.0 / 1.099, 0.099 / 1.099, 1.0 / 4.5, 0.081],
            Self::Smpte240 => vec![1.0 / 0.45, 1.0 / 1.1115, 0.1115 / 1.1115, 0.25, 0.0913],
            Self::Gamma(gamma) if (0.1..=10.0).contains(&gamma) => vec![gamma],
            Self::Gamma(_) => return Err(Unusable),
        })
    }
}

/// A name for people.
pub(super) fn name(primaries: &Primaries, transfer: Transfer) -> String {
    let primaries = match *primaries {
        Primaries::SRGB => "BT.709",
        Primaries::DISPLAY_P3 if transfer == Transfer::Srgb => return "Display P3".to_owned(),
        Primaries::DISPLAY_P3 => "P3",
        Primaries::BT2020 => "BT.2020",
        _ => "RGB",
    };
    match transfer {
        Transfer::Srgb => format!("{primaries} with the sRGB curve"),
        Transfer::Bt709 => format!("{primaries} with the BT.709 curve"),
        Transfer::Smpte240 => format!("{primaries} with the SMPTE 240M curve"),
        Transfer::Gamma(gamma) => format!("{primaries} with gamma {gamma:.2}"),
    }
}

/// A profile for these primaries and this transfer function.
pub(super) fn profile(name: &str, primaries: &Primaries, transfer: Transfer) -> Result<Vec<u8>, Unusable> {
    let matrix = primaries.matrix().ok_or(Unusable)?;
    let adaptation = xyz(primaries.white).and_then(|white| adaptation(white, D50)).ok_or(Unusable)?;
    Ok(write::rgb(name, &matrix, &adaptation, &transfer.parameters()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adapting_there_and_back_changes_nothing() {
        let (one, other) = (D65, [0.38, 0.38]);
        let both = product(&adapting(one, other).expect("a light"), &adapting(other, one).expect("a light"));
        for (row, values) in both.into_iter().enumerate() {
            for (column, value) in values.into_iter().enumerate() {
                let own = if row == column { 1.0 } else { 0.0 };
                assert!((value - own).abs() < 1e-9, "{value}");
            }
        }
        assert_eq!(adapting(D65, [0.3, 0.0]), None);
    }

    #[test]
    fn the_primaries_of_srgb_give_the_numbers_of_its_profile() {
        let matrix = Primaries::SRGB.matrix().unwrap();
        for (ours, known) in matrix.as_flattened().iter().zip(SRGB.as_flattened()) {
            assert!((ours - known).abs() < 3e-4, "{ours} {known}");
        }
    }

    #[test]
    fn primaries_on_one_line_are_refused() {
        let flat = Primaries { green: [0.64, 0.33], ..Primaries::SRGB };
        assert!(profile("flat", &flat, Transfer::Srgb).is_err());
        let dark = Primaries { white: [0.3, 0.0], ..Primaries::SRGB };
        assert!(profile("dark", &dark, Transfer::Srgb).is_err());
        assert!(profile("steep", &Primaries::SRGB, Transfer::Gamma(f64::NAN)).is_err());
        assert!(profile("steep", &Primaries::SRGB, Transfer::Gamma(0.0)).is_err());
    }
}
