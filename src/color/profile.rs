//! ICC profiles (ICC.1:2022): what of them says what samples mean.

use std::sync::Arc;

use super::Model;
use super::curve::Curve;
use super::lut::Lut;
use super::math::{self, Matrix, times};
use super::named;

/// A profile that cannot be used: damaged, or of a kind that describes no picture that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the profile cannot be used")]
pub struct Unusable;

/// A profile that was read.
#[derive(Debug)]
pub(super) struct Profile {
    pub(super) bytes: Arc<[u8]>,
    pub(super) model: Model,
    pub(super) content: Content,
}

/// What a profile says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Content {
    /// sRGB, or gray with its curve.
    Srgb,
    /// RGB by a matrix and curves.
    Matrix(Box<Shape>),
    /// Gray by a curve.
    Gray(Tone),
    /// Look-up tables, which are read when they are needed.
    Tables,
}

/// An RGB space of curves and a matrix to the XYZ of the profile connection space.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shape {
    pub(super) curves: [Curve; 3],
    pub(super) matrix: Matrix,
}

/// A gray space of a curve.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tone {
    pub(super) curve: Curve,
    /// Whether the curve leads to L* instead of Y.
    pub(super) is_lightness: bool,
}

/// Length of a profile's header.
const HEADER: usize = 128;
/// More tags than any profile has.
const MOST_TAGS: usize = 1000;

impl Profile {
    pub(super) fn read(bytes: Arc<[u8]>) -> Result<Self, Unusable> {
        if bytes.get(36..40) != Some(b"acsp") {
            return Err(Unusable);
        }
        if !matches!(&bytes[12..16], b"mntr" | b"scnr" | b"prtr" | b"spac") {
            return Err(Unusable);
        }
        let is_lab = match &bytes[20..24] {
            b"XYZ " => false,
            b"Lab " => true,
            _ => return Err(Unusable),
        };
        let (model, content) = match &bytes[16..20] {
            b"GRAY" => (Model::Gray, Content::Gray(Tone::read(&bytes, is_lab)?)),
            b"RGB " => match Lut::to_connection(&bytes, 3) {
                Ok(_) => (Model::Rgb, Content::Tables),
                Err(Unusable) if is_lab => return Err(Unusable),
                Err(Unusable) => (Model::Rgb, Content::Matrix(Box::new(Shape::read(&bytes)?))),
            },
            b"CMYK" => (Model::Cmyk, Lut::to_connection(&bytes, 4).map(|_| Content::Tables)?),
            _ => return Err(Unusable),
        };
        let content = match content {
            Content::Matrix(shape) if shape.is_srgb() => Content::Srgb,
            Content::Gray(tone) if tone.is_srgb() => Content::Srgb,
            content => content,
        };
        Ok(Self { bytes, model, content })
    }
}

/// XYZ of the white of what a profile describes, with D50 at the eye's white. A screen's is what the eye takes for white.
pub(super) fn media_white(bytes: &[u8]) -> [f64; 3] {
    if bytes[8] < 4 && bytes[12..16] == *b"mntr" {
        return math::D50;
    }
    let white = tag(bytes, b"wtpt").filter(|tag| tag.starts_with(b"XYZ ")).and_then(|tag| {
        let [x, y, z] = [fixed(tag, 8).ok()?, fixed(tag, 12).ok()?, fixed(tag, 16).ok()?];
        (x > 0.0 && y > 0.0 && z > 0.0).then_some([x, y, z])
    });
    white.unwrap_or(math::D50)
}

impl Shape {
    fn read(bytes: &[u8]) -> Result<Self, Unusable> {
        let column = |name| {
            let tag = tag(bytes, name).filter(|tag| tag.starts_with(b"XYZ ")).ok_or(Unusable)?;
            Ok([fixed(tag, 8)?, fixed(tag, 12)?, fixed(tag, 16)?])
        };
        let columns = [column(b"rXYZ")?, column(b"gXYZ")?, column(b"bXYZ")?];
        let matrix = [0, 1, 2].map(|row| columns.map(|column| column[row]));
        math::inverse(&matrix).ok_or(Unusable)?;
        let curve = |name| tag(bytes, name).ok_or(Unusable).and_then(|tag| Ok(Curve::read(tag)?.0));
        Ok(Self { curves: [curve(b"rTRC")?, curve(b"gTRC")?, curve(b"bTRC")?], matrix })
    }

    /// sRGB as its usual profile describes it.
    pub(super) fn srgb() -> Self {
        Self { curves: [Curve::SRGB, Curve::SRGB, Curve::SRGB], matrix: named::SRGB }
    }

    /// Whether the three curves are the same.
    pub(super) fn is_even(&self) -> bool {
        self.curves[0] == self.curves[1] && self.curves[1] == self.curves[2]
    }

    pub(super) fn to_xyz(&self, rgb: [f64; 3]) -> [f64; 3] {
        times(&self.matrix, [0, 1, 2].map(|i| self.curves[i].at(rgb[i])))
    }

    /// Profiles for sRGB differ in rounding, and in tables instead of formulas.
    fn is_srgb(&self) -> bool {
        const TOLERANCE: f64 = 0.0006;
        let near = self.matrix.as_flattened().iter().zip(named::SRGB.as_flattened());
        near.into_iter().all(|(one, other)| (one - other).abs() <= TOLERANCE)
            && is_srgb_curve(|x| self.curves[0].at(x))
            && (self.is_even() || self.curves[1..].iter().all(|curve| is_srgb_curve(|x| curve.at(x))))
    }
}

impl Tone {
    fn read(bytes: &[u8], is_lightness: bool) -> Result<Self, Unusable> {
        let (curve, _) = Curve::read(tag(bytes, b"kTRC").ok_or(Unusable)?)?;
        Ok(Self { curve, is_lightness })
    }

    fn is_srgb(&self) -> bool {
        is_srgb_curve(|x| self.luminance(x))
    }

    /// Y, from 0 to 1.
    pub(super) fn luminance(&self, gray: f64) -> f64 {
        let value = self.curve.at(gray);
        if self.is_lightness { math::from_lab([value * 100.0, 0.0, 0.0])[1] } else { value }
    }
}

/// Whether a curve moves no sample by more than three quarters of a step from where sRGB's has it.
fn is_srgb_curve(curve: impl Fn(f64) -> f64) -> bool {
    (0..=255).all(|byte| {
        let place = |byte: f64| Curve::SRGB.at(byte / 255.0);
        let byte = f64::from(byte);
        (place(byte - 0.75)..=place(byte + 0.75)).contains(&curve(byte / 255.0))
    })
}

/// The content of a tag.
pub(super) fn tag<'a>(bytes: &'a [u8], name: &[u8; 4]) -> Option<&'a [u8]> {
    let count = (long(bytes, HEADER).ok()? as usize).min(MOST_TAGS);
    let entries = bytes.get(HEADER + 4..)?.as_chunks::<12>().0;
    let entry = entries.iter().take(count).find(|entry| entry.starts_with(name))?;
    let (start, length) = (long(entry, 4).ok()? as usize, long(entry, 8).ok()? as usize);
    bytes.get(start..start.checked_add(length)?)
}

pub(super) fn short(bytes: &[u8], at: usize) -> Result<u16, Unusable> {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map(|value| u16::from_be_bytes(*value)).ok_or(Unusable)
}

pub(super) fn long(bytes: &[u8], at: usize) -> Result<u32, Unusable> {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map(|value| u32::from_be_bytes(*value)).ok_or(Unusable)
}

/// A signed number with 16 bits behind the point.
pub(super) fn fixed(bytes: &[u8], at: usize) -> Result<f64, Unusable> {
    Ok(f64::from(long(bytes, at)?.cast_signed()) / 65536.0)
}
