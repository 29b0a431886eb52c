//! Conversions of pixels from one space to another.

use std::sync::{Arc, Mutex, PoisonError};

use super::black::Compensation;
use super::curve::{Back, Curve, nearest_bytes};
use super::grid::{CmykGrid, RgbGrid};
use super::lut::Lut;
use super::math::{D50, Matrix, from_lab, inverse, times, to_lab};
use super::matrix::Shaper;
use super::named::SRGB;
use super::profile::{Content, Profile, Shape, Tone, media_white};
use super::{ColorSpace, Intent, Model, Rendering};

/// From device colours to XYZ with black at 0.
struct Forward<'a> {
    device: Device<'a>,
    dark: Compensation,
}

enum Device<'a> {
    Shape(&'a Shape),
    Tone(&'a Tone),
    Tables(Lut),
}

impl<'a> Forward<'a> {
    fn of(space: &'a ColorSpace, srgb: &'a Shape) -> Option<Self> {
        Self::by(space, srgb, Rendering::USUAL)
    }

    fn by(space: &'a ColorSpace, srgb: &'a Shape, rendering: Rendering) -> Option<Self> {
        let dark = |darkest: &dyn Fn() -> [f64; 3]| match rendering.moves_black() {
            true => Compensation::of(darkest()),
            false => Compensation::NONE,
        };
        let device = match space.content() {
            Content::Srgb => Device::Shape(srgb),
            Content::Matrix(shape) => Device::Shape(shape),
            Content::Gray(tone) => Device::Tone(tone),
            Content::Tables => {
                let profile = space.tables()?;
                let lut = Lut::to_connection_by(&profile.bytes, channels(profile.model), rendering.intent).ok()?;
                let dark = match rendering.intent {
                    Intent::Perceptual | Intent::Saturation if profile.bytes[8] >= 4 => {
                        Compensation::of(PERCEPTUAL_BLACK)
                    }
                    _ => dark(&|| darkest(profile, &lut)),
                };
                return Some(Self { device: Device::Tables(lut), dark });
            }
        };
        let dark = dark(&|| xyz(&device, [0.0; 4]));
        Some(Self { device, dark })
    }

    fn at(&self, color: [f64; 4]) -> [f64; 3] {
        self.dark.apply(xyz(&self.device, color))
    }
}

fn xyz(device: &Device<'_>, [a, b, c, d]: [f64; 4]) -> [f64; 3] {
    match device {
        Device::Shape(shape) => shape.to_xyz([a, b, c]),
        Device::Tone(tone) => D50.map(|white| white * tone.luminance(a)),
        Device::Tables(lut) => lut.xyz([a, b, c, d]),
    }
}

fn channels(model: Model) -> usize {
    match model {
        Model::Gray => 1,
        Model::Rgb => 3,
        Model::Cmyk => 4,
    }
}

/// The black of the medium that version 4 prepares perceptual tables for (ICC.1:2022, 6.3.4.3).
const PERCEPTUAL_BLACK: [f64; 3] = [0.003_36, 0.003_473_1, 0.002_87];

/// The darkest colour that a profile of look-up tables knows. For inks that is what its own separation makes of black: all
/// inks in full are more than paper takes.
fn darkest(profile: &Profile, lut: &Lut) -> [f64; 3] {
    match profile.model {
        Model::Cmyk if profile.bytes[12..16] == *b"prtr" => {
            Lut::from_connection_perceptual(&profile.bytes, 4).map_or([0.0; 3], |separation| {
                let black = if profile.bytes[8] >= 4 { PERCEPTUAL_BLACK } else { [0.0; 3] };
                // What is nearest to black has a cast that the eye does not see as one.
                from_lab([to_lab(lut.xyz(separation.device(black)))[0], 0.0, 0.0])
            })
        }
        Model::Cmyk => lut.xyz([1.0; 4]),
        _ => lut.xyz([0.0; 4]),
    }
}

/// From XYZ with black at 0 to RGB.
struct Backward {
    device: Target,
    dark: Compensation,
}

enum Target {
    Shape { matrix: Matrix, curves: [Back; 3] },
    Tables(Lut),
}

impl Backward {
    fn of(space: &ColorSpace, srgb: &Shape) -> Option<Self> {
        Self::by(space, srgb, Rendering::USUAL)
    }

    fn by(space: &ColorSpace, srgb: &Shape, rendering: Rendering) -> Option<Self> {
        let dark = |darkest: &dyn Fn() -> [f64; 3]| match rendering.moves_black() {
            true => Compensation::of(darkest()),
            false => Compensation::NONE,
        };
        let shape = match space.content() {
            Content::Srgb => srgb,
            Content::Matrix(shape) => shape,
            Content::Gray(_) => return None,
            Content::Tables => {
                let profile = space.tables().filter(|profile| profile.model == Model::Rgb)?;
                let lut = Lut::from_connection_by(&profile.bytes, 3, rendering.intent).ok()?;
                let back = Lut::to_connection_by(&profile.bytes, 3, rendering.intent).ok()?;
                let dark = dark(&|| back.xyz(lut.device([0.0; 3])));
                return Some(Self { device: Target::Tables(lut), dark });
            }
        };
        let curves = shape.curves.each_ref().map(Back::of);
        let dark = dark(&|| shape.to_xyz([0.0; 3]));
        Some(Self { device: Target::Shape { matrix: inverse(&shape.matrix)?, curves }, dark })
    }

    fn at(&self, xyz: [f64; 3]) -> [f64; 3] {
        let xyz = self.dark.reverse(xyz);
        match &self.device {
            Target::Shape { matrix, curves } => {
                let linear = times(matrix, xyz);
                [0, 1, 2].map(|i| curves[i].at(linear[i]))
            }
            Target::Tables(lut) => {
                let [r, g, b, _] = lut.device(xyz);
                [r, g, b]
            }
        }
    }
}

/// A conversion from RGB to RGB.
#[derive(Clone)]
pub struct Transform(Arc<Kind>);

enum Kind {
    Same,
    Shaper(Box<Shaper>),
    Grid(RgbGrid),
}

impl Transform {
    /// The conversion between two spaces for RGB; nothing is changed if they are equal, if one is for another model, or if
    /// `to` cannot [receive](ColorSpace::receives) colours.
    pub fn between(from: &ColorSpace, to: &ColorSpace) -> Self {
        Self::by(from, to, Rendering::USUAL)
    }

    /// The same with a rendering.
    pub fn by(from: &ColorSpace, to: &ColorSpace, rendering: Rendering) -> Self {
        static RECENT: Recent<(ColorSpace, ColorSpace, Rendering), Transform> = Recent::new();
        if from == to {
            return Self(Arc::new(Kind::Same));
        }
        let make = || Self(Arc::new(kind(from, to, rendering).unwrap_or(Kind::Same)));
        RECENT.get((from.clone(), to.clone(), rendering), make)
    }

    /// Converts pixels in place; alpha, after blue, stays.
    pub fn apply<const N: usize>(&self, pixels: &mut [[u8; N]]) {
        match &*self.0 {
            Kind::Same => {}
            Kind::Shaper(shaper) => shaper.apply(pixels),
            Kind::Grid(grid) => grid.apply(pixels),
        }
    }

    /// The same for samples of 16 bits.
    pub fn apply_deep<const N: usize>(&self, pixels: &mut [[u16; N]]) {
        match &*self.0 {
            Kind::Same => {}
            Kind::Shaper(shaper) => shaper.apply_deep(pixels),
            Kind::Grid(grid) => grid.apply_deep(pixels),
        }
    }
}

fn kind(from: &ColorSpace, to: &ColorSpace, rendering: Rendering) -> Option<Kind> {
    let is_rgb = |space: &ColorSpace| space.is_srgb() || space.model() == Some(Model::Rgb);
    if !is_rgb(from) || !is_rgb(to) {
        return None;
    }
    let srgb = Shape::srgb();
    let shape = |space: &ColorSpace| match space.content() {
        Content::Srgb => Some(srgb.clone()),
        Content::Matrix(shape) => Some((**shape).clone()),
        Content::Gray(_) | Content::Tables => None,
    };
    let white = match rendering.intent {
        Intent::Absolute => {
            let (from, to) = (white_of(from), white_of(to));
            [0, 1, 2].map(|i| from[i] / to[i])
        }
        _ => [1.0; 3],
    };
    if let (Some(from), Some(to)) = (shape(from), shape(to)) {
        let shaper = Shaper::between(&from, &to, rendering.moves_black(), white);
        return shaper.map(|shaper| Kind::Shaper(Box::new(shaper)));
    }
    let (forward, backward) = (Forward::by(from, &srgb, rendering)?, Backward::by(to, &srgb, rendering)?);
    let convert = |[r, g, b]: [f64; 3]| {
        let xyz = forward.at([r, g, b, 0.0]);
        backward.at([0, 1, 2].map(|i| xyz[i] * white[i]))
    };
    Some(Kind::Grid(RgbGrid::of(convert)))
}

/// XYZ of the white of what a space describes.
fn white_of(space: &ColorSpace) -> [f64; 3] {
    space.icc().map_or(D50, |bytes| media_white(bytes))
}

/// A conversion to RGB from light in the primaries of sRGB: 0 is black, 1 is white, and what lies outside of sRGB is below or
/// above.
pub struct FromLight(Light);

enum Light {
    Shape {
        /// To linear values of the space, from 0 to 65535.
        matrix: Matrix,
        dark: [f64; 3],
        bytes: [Vec<u8>; 3],
    },
    Tables(Box<Backward>),
}

impl FromLight {
    /// To this space; `None` if it is not one for RGB, or cannot [receive](ColorSpace::receives) colours.
    pub fn to(space: &ColorSpace) -> Option<Self> {
        let srgb = Shape::srgb();
        let backward = Backward::of(space, &srgb)?;
        let Backward { device: Target::Shape { matrix, .. }, dark } = &backward else {
            return Some(Self(Light::Tables(Box::new(backward))));
        };
        let shape = match space.content() {
            Content::Matrix(shape) => shape,
            _ => &srgb,
        };
        let linear = |rgb: [f64; 3]| times(matrix, dark.reverse(times(&SRGB, rgb))).map(|value| value * 65_535.0);
        let zero = linear([0.0; 3]);
        let units = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]].map(linear);
        let matrix = std::array::from_fn(|row| units.map(|unit| unit[row] - zero[row]));
        Some(Self(Light::Shape { matrix, dark: zero, bytes: shape.curves.each_ref().map(nearest_bytes) }))
    }

    /// The nearest colour.
    pub fn color(&self, light: [f32; 3]) -> [u8; 3] {
        let light = light.map(|value| if value.is_finite() { f64::from(value) } else { 0.0 });
        match &self.0 {
            Light::Shape { matrix, dark, bytes } => {
                let linear = times(matrix, light);
                [0, 1, 2].map(|i| bytes[i][((linear[i] + dark[i]).clamp(0.0, 65_535.0) + 0.5) as usize])
            }
            Light::Tables(backward) => {
                backward.at(times(&SRGB, light)).map(|value| (value.clamp(0.0, 1.0) * 255.0).round() as u8)
            }
        }
    }
}

/// A conversion of gray samples.
#[derive(Clone)]
pub struct Neutrals {
    bytes: [u8; 256],
    from: ColorSpace,
    to: ColorSpace,
}

impl Neutrals {
    /// The conversion from the equal red, green and blue, or the gray, of one space to the gray of another, which is sRGB or
    /// one for gray. `None` if `from` is for inks.
    pub fn between(from: &ColorSpace, to: &ColorSpace) -> Option<Self> {
        if from == to {
            let bytes = std::array::from_fn(|byte| byte as u8);
            return Some(Self { bytes, from: from.clone(), to: to.clone() });
        }
        if from.model() == Some(Model::Cmyk) {
            return None;
        }
        let srgb = Shape::srgb();
        let forward = Forward::of(from, &srgb)?;
        // Half-way between two bytes.
        let limits: [f64; 255] = std::array::from_fn(|byte| {
            let place = (byte as f64 + 0.5) / 255.0;
            match to.content() {
                Content::Gray(tone) => tone.luminance(place),
                _ => Curve::SRGB.at(place),
            }
        });
        let bytes = std::array::from_fn(|byte| {
            let luminance = forward.at([byte as f64 / 255.0; 4])[1];
            limits.partition_point(|limit| *limit <= luminance) as u8
        });
        Some(Self { bytes, from: from.clone(), to: to.clone() })
    }

    /// The conversion of samples of 16 bits, as a table.
    pub fn deep(&self) -> Vec<u16> {
        let srgb = Shape::srgb();
        let Some(forward) = Forward::of(&self.from, &srgb).filter(|_| self.from != self.to) else {
            return (0..=u16::MAX).collect();
        };
        let back = match self.to.content() {
            Content::Gray(tone) => Back::through(|place| tone.luminance(place)),
            _ => Back::of(&Curve::SRGB),
        };
        let most = f64::from(u16::MAX);
        let converted = |sample: u16| {
            let luminance = forward.at([f64::from(sample) / most; 4])[1];
            (back.at(luminance).clamp(0.0, 1.0) * most + 0.5) as u16
        };
        (0..=u16::MAX).map(converted).collect()
    }

    /// Converts one sample.
    pub fn at(&self, gray: u8) -> u8 {
        self.bytes[usize::from(gray)]
    }

    /// Converts samples in place.
    pub fn apply(&self, samples: &mut [u8]) {
        samples.iter_mut().for_each(|sample| *sample = self.at(*sample));
    }
}

/// A conversion from CMYK to sRGB.
#[derive(Clone)]
pub struct Inks(Option<Arc<CmykGrid>>);

impl Inks {
    /// For inks of which nothing is known: cyan takes away red, magenta green, yellow blue, and black all of them, as in
    /// browsers.
    pub const PLAIN: Self = Self(None);

    /// By a profile, or [`PLAIN`](Self::PLAIN) if it is not one for inks.
    pub fn of(space: &ColorSpace) -> Self {
        static RECENT: Recent<ColorSpace, Inks> = Recent::new();
        if space.model() != Some(Model::Cmyk) {
            return Self::PLAIN;
        }
        RECENT.get(space.clone(), || {
            let srgb = Shape::srgb();
            let sides = Forward::of(space, &srgb).zip(Backward::of(&ColorSpace::SRGB, &srgb));
            Self(sides.map(|(forward, backward)| Arc::new(CmykGrid::of(|inks| backward.at(forward.at(inks))))))
        })
    }

    /// The sRGB colour of inks, where 255 is full ink.
    pub fn color(&self, inks: [u8; 4]) -> [u8; 3] {
        match &self.0 {
            Some(grid) => grid.at(inks),
            None => {
                let [c, m, y, k] = inks.map(|ink| 255 - u16::from(ink));
                [c, m, y].map(|light| ((light * k + 127) / 255) as u8)
            }
        }
    }
}

impl ColorSpace {
    /// Whether colours can be converted into it: some profiles, such as those of scanners, only tell how to read them.
    pub fn receives(&self) -> bool {
        match self.content() {
            Content::Srgb | Content::Matrix(_) | Content::Gray(_) => true,
            Content::Tables => self
                .tables()
                .is_some_and(|profile| profile.model == Model::Rgb && Lut::from_connection(&profile.bytes, 3).is_ok()),
        }
    }
}

/// The conversions used last: the pictures of a batch often have the same profile.
struct Recent<K, V>(Mutex<Vec<(K, V)>>);

/// How many are kept, of at most a few megabytes each.
const KEPT: usize = 4;

impl<K: PartialEq, V: Clone> Recent<K, V> {
    const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    fn get(&self, key: K, make: impl FnOnce() -> V) -> V {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = kept.iter().position(|(known, _)| *known == key) {
            let found = kept.remove(index);
            kept.push(found);
        } else {
            if kept.len() == KEPT {
                kept.remove(0);
            }
            kept.push((key, make()));
        }
        kept.last().map(|(_, value)| value.clone()).unwrap_or_else(|| unreachable!("pushed above"))
    }
}
