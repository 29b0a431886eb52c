//! Colour spaces: what the samples of a picture mean, read from ICC profiles and other descriptions, and conversions
//! between them. Knows nothing of pictures, files or actions.
//!
//! Conversions are relative colorimetric with black point compensation unless a [`Rendering`] says otherwise, in 64-bit arithmetic of basic operations only
//! (`math`), so that tables are the same on every machine. Pixels then go through tables:
//!
//! * between RGB spaces of a matrix and curves: `matrix`;
//! * from and to profiles with look-up tables, and from CMYK: a grid of precomputed colours, `grid`;
//! * from a high dynamic range to sRGB: `hdr`;
//! * from L*a*b* to sRGB: `lab`.

use std::sync::Arc;

mod black;
mod convert;
mod curve;
mod grid;
mod hdr;
mod lab;
mod lut;
mod math;
mod matrix;
mod named;
mod profile;
mod write;

pub use convert::{FromLight, Inks, Neutrals, Transform};
pub use hdr::ToneMap;
pub use lab::LabColors;
pub use named::{Primaries, Transfer, adapting};
pub use profile::Unusable;
use profile::{Content, Profile};

/// What becomes of colours that another space cannot show as they are (ICC.1:2022, 6.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Intent {
    /// They look as they should in a picture as a whole, by what the maker of the profile thinks.
    Perceptual,
    /// Those that both spaces have stay the same, in relation to white.
    #[default]
    Relative,
    /// They are as vivid as they were.
    Saturation,
    /// Those that both spaces have stay the same, also white.
    Absolute,
}

/// How colours get from one space to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rendering {
    /// By which tables, and which white.
    pub intent: Intent,
    /// Whether the darkest colour of one space becomes that of the other. It does with [`Intent::Perceptual`] and
    /// [`Intent::Saturation`] in any case, as both are about what a device can show, and never with [`Intent::Absolute`].
    pub compensates_black: bool,
}

impl Rendering {
    /// Relative colorimetric, with black point compensation.
    pub const USUAL: Self = Self { intent: Intent::Relative, compensates_black: true };

    const fn moves_black(self) -> bool {
        match self.intent {
            Intent::Perceptual | Intent::Saturation => true,
            Intent::Relative => self.compensates_black,
            Intent::Absolute => false,
        }
    }
}

/// What the samples of a file with a profile stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// One sample: lightness.
    Gray,
    /// Red, green, blue.
    Rgb,
    /// Cyan, magenta, yellow, black; 255 is full ink.
    Cmyk,
}

/// What the samples of a picture mean.
///
/// Two spaces are equal if they mean the same: a profile that describes sRGB equals no profile at all. A picture without
/// any description counts as sRGB.
#[derive(Clone, Debug, Default)]
pub struct ColorSpace(Option<Arc<Profile>>);

impl ColorSpace {
    /// sRGB without a profile.
    pub const SRGB: Self = Self(None);

    /// Reads an ICC profile.
    ///
    /// # Errors
    /// When it is damaged, or of a kind that describes no picture that can be read.
    pub fn from_icc(bytes: impl Into<Arc<[u8]>>) -> Result<Self, Unusable> {
        Ok(Self(Some(Arc::new(Profile::read(bytes.into())?))))
    }

    /// The space of these primaries and this transfer function.
    ///
    /// # Errors
    /// When the primaries span no colours.
    pub fn described(name: &str, primaries: &Primaries, transfer: Transfer) -> Result<Self, Unusable> {
        let space = Self::from_icc(named::profile(name, primaries, transfer)?)?;
        Ok(if space.is_srgb() { Self::SRGB } else { space })
    }

    /// The space with these code points of ITU-T H.273 for primaries and transfer function, if it is known.
    pub fn from_code_points(primaries: u8, transfer: u8) -> Option<Self> {
        Self::of(&Primaries::from_code_point(primaries)?, Transfer::from_code_point(transfer)?)
    }

    /// The space of these primaries and this transfer function, under a name that says so, if they span colours.
    pub fn of(primaries: &Primaries, transfer: Transfer) -> Option<Self> {
        Self::described(&named::name(primaries, transfer), primaries, transfer).ok()
    }

    /// The space of these primaries, if not sRGB's, and this power from samples to light, if it is not sRGB's curve. Formats
    /// that know no curve but a power have 2.2 for sRGB's; so that is what it means, with sRGB's primaries.
    pub fn from_gamma(primaries: Option<Primaries>, gamma: Option<f64>) -> Option<Self> {
        let primaries = primaries.unwrap_or(Primaries::SRGB);
        let is_common = primaries.is_near(&Primaries::SRGB);
        let transfer = match gamma {
            Some(gamma) if !(is_common && (gamma - 2.2).abs() < 0.03) => Transfer::Gamma(gamma),
            Some(_) | None => Transfer::Srgb,
        };
        let primaries = if is_common { Primaries::SRGB } else { primaries };
        Self::described(&named::name(&primaries, transfer), &primaries, transfer).ok()
    }

    /// Display P3: the primaries of digital cinema with the white and the curve of sRGB.
    pub fn display_p3() -> Self {
        Self::described("Display P3", &Primaries::DISPLAY_P3, Transfer::Srgb).unwrap_or_default()
    }

    /// Adobe RGB (1998).
    pub fn adobe_rgb() -> Self {
        Self::described("Adobe RGB (1998) compatible", &Primaries::ADOBE_RGB, Transfer::ADOBE_RGB).unwrap_or_default()
    }

    /// sRGB with a profile that says so, for RGB or for gray.
    pub fn srgb_with_profile(is_gray: bool) -> Self {
        let profile = named::profile("sRGB", &Primaries::SRGB, Transfer::Srgb);
        let profile = profile.map(|rgb| match profile::tag(&rgb, b"rTRC") {
            Some(curve) if is_gray => write::gray("sRGB gray", curve),
            _ => rgb,
        });
        profile.and_then(Self::from_icc).unwrap_or_default()
    }

    /// Its profile, if it has one: the bytes as found in a file.
    pub fn icc(&self) -> Option<&Arc<[u8]>> {
        self.0.as_deref().map(|profile| &profile.bytes)
    }

    /// The model of its profile, if it has one.
    pub fn model(&self) -> Option<Model> {
        self.0.as_deref().map(|profile| profile.model)
    }

    /// Whether it is sRGB, by content and not by name. The profile may be one for gray.
    pub fn is_srgb(&self) -> bool {
        matches!(self.content(), Content::Srgb)
    }

    /// The space of gray samples that mean the same as equal red, green and blue in this one. `None` if no curve alone
    /// describes it.
    pub fn gray(&self) -> Option<Self> {
        let profile = match &self.0 {
            Some(profile) if !self.is_srgb() => profile,
            _ => return Some(Self::SRGB),
        };
        match &profile.content {
            Content::Gray(_) => Some(self.clone()),
            Content::Matrix(matrix) if matrix.is_even() => {
                let curve = profile::tag(&profile.bytes, b"rTRC")?;
                Self::from_icc(write::gray("Gray", curve)).ok()
            }
            _ => None,
        }
    }

    /// An sRGB colour in this space, which is one for RGB.
    pub fn color(&self, srgb: [u8; 3]) -> [u8; 3] {
        let mut pixel = [srgb];
        Transform::between(&Self::SRGB, self).apply(&mut pixel);
        pixel[0]
    }

    fn content(&self) -> &Content {
        self.0.as_deref().map_or(&Content::Srgb, |profile| &profile.content)
    }

    /// What to read from its look-up tables, if it has any.
    fn tables(&self) -> Option<&Profile> {
        self.0.as_deref().filter(|profile| matches!(profile.content, Content::Tables))
    }
}

impl PartialEq for ColorSpace {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(one), Some(other)) if Arc::ptr_eq(one, other) => true,
            (Some(one), Some(other)) => match (&one.content, &other.content) {
                (Content::Tables, Content::Tables) => one.bytes == other.bytes,
                (one, other) => one == other,
            },
            _ => self.is_srgb() && other.is_srgb(),
        }
    }
}

impl Eq for ColorSpace {}
