//! The pixel buffer and its representations.
//!
//! An [`Image`] is one picture in memory, in one of several representations. Samples have 8 bits, or 16 where the file had
//! more than 8 ([`Deep`]); rows are tightly packed, alpha is straight (not premultiplied) and colour values keep their encoding
//! (no linearisation). What the values mean is said by a [`ColorSpace`]. Conversions between representations live in
//! [`convert`], those between depths in [`depth`], those between colour spaces in [`recolor`]; file formats live in `codecs`.

use serde::{Deserialize, Serialize};

use crate::color::ColorSpace;

pub(crate) mod attention;
pub(crate) mod base;
pub mod blend;
pub(crate) mod blur;
pub(crate) mod compose;
pub mod convert;
pub mod depth;
pub(crate) mod distance;
pub mod field;
pub mod geometry;
pub(crate) mod guided;
pub(crate) mod lanes;
pub(crate) mod light;
pub(crate) mod neighbors;
pub(crate) mod non_local;
pub(crate) mod oklab;
pub mod orient;
pub(crate) mod pchip;
pub(crate) mod pixelwise;
pub mod recolor;
pub mod resample;
pub mod similarity;
#[cfg(test)]
pub(crate) mod testing;
pub(crate) mod tilt;
pub(crate) mod warp;

/// Version of the results of conversions, also between colour spaces, of orientation and of resampling. Raise it when any result changes.
pub const VERSION: &str = "1.4.0";

/// Width and height in pixels, both at least 1 for any picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Size {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl Size {
    /// A size from its two sides.
    pub const fn new(width: u32, height: u32) -> Self {
        Self { width, height }
    }

    /// Number of pixels.
    pub const fn pixels(self) -> u64 {
        self.width as u64 * self.height as u64
    }

    /// The size after a quarter turn.
    pub const fn transposed(self) -> Self {
        Self { width: self.height, height: self.width }
    }
}

/// The representations a picture can have in memory, by the names that plans use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Representation {
    /// One luma plane, no colour.
    Gray,
    /// Planar full-range BT.601 Y′CbCr as in JFIF, chroma possibly subsampled with centred siting.
    Ycc,
    /// Interleaved R′G′B′.
    Rgb,
    /// Interleaved R′G′B′ with straight alpha.
    Rgba,
    /// As `Gray`, with 16 bits a sample.
    Gray16,
    /// As `Rgb`, with 16 bits a sample.
    Rgb16,
    /// As `Rgba`, with 16 bits a sample.
    Rgba16,
}

impl Representation {
    /// Every representation: those of 8 bits, smallest in memory first, then those of 16.
    pub const ALL: [Self; 7] = [Self::Gray, Self::Ycc, Self::Rgb, Self::Rgba, Self::Gray16, Self::Rgb16, Self::Rgba16];

    /// Whether samples have 16 bits.
    pub const fn is_deep(self) -> bool {
        matches!(self, Self::Gray16 | Self::Rgb16 | Self::Rgba16)
    }

    /// Whether there is alpha.
    pub const fn has_alpha(self) -> bool {
        matches!(self, Self::Rgba | Self::Rgba16)
    }

    /// Whether there is no colour.
    pub const fn is_gray(self) -> bool {
        matches!(self, Self::Gray | Self::Gray16)
    }

    /// The same with 8 bits a sample.
    pub const fn narrow(self) -> Self {
        match self {
            Self::Gray16 => Self::Gray,
            Self::Rgb16 => Self::Rgb,
            Self::Rgba16 => Self::Rgba,
            narrow => narrow,
        }
    }

    /// The same with 16 bits a sample; there are no such planes, so planes become RGB.
    pub const fn deep(self) -> Self {
        match self {
            Self::Gray => Self::Gray16,
            Self::Ycc | Self::Rgb => Self::Rgb16,
            Self::Rgba => Self::Rgba16,
            deep => deep,
        }
    }

    /// This one with the depth of another.
    pub const fn as_deep_as(self, other: Self) -> Self {
        if other.is_deep() { self.deep() } else { self.narrow() }
    }

    /// The smallest one, apart from planes, for pictures with or without colour and alpha. There is no gray with alpha.
    pub const fn interleaved(is_gray: bool, alpha: bool) -> Self {
        match (is_gray, alpha) {
            (_, true) => Self::Rgba,
            (true, false) => Self::Gray,
            (false, false) => Self::Rgb,
        }
    }

    /// Whether a picture may be converted from `self` to `to` without losing colour or alpha; it may lose bits.
    pub const fn converts_to(self, to: Self) -> bool {
        match (self.narrow(), to.narrow()) {
            (Self::Rgba, Self::Rgba) => true,
            (Self::Rgba, _) => false,
            (Self::Gray, _) => true,
            (_, Self::Gray) => false,
            _ => true,
        }
    }
}

/// A set of representations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Representations(u8);

impl Representations {
    /// All with 8 bits a sample.
    pub const ANY: Self = Self(0b1111);
    /// Interleaved colour only.
    pub const INTERLEAVED: Self = Self::of(&[Representation::Rgb, Representation::Rgba]);
    /// All but planar: what works on each pixel's gray value or red, green and blue.
    pub const PIXELS: Self = Self::of(&[Representation::Gray, Representation::Rgb, Representation::Rgba]);
    /// Gray or planar: what works on luma alone.
    pub const LUMA: Self = Self::of(&[Representation::Gray, Representation::Ycc]);

    /// The set of these representations.
    pub const fn of(list: &[Representation]) -> Self {
        let (mut bits, mut i) = (0, 0);
        while i < list.len() {
            bits |= 1 << list[i] as u8;
            i += 1;
        }
        Self(bits)
    }

    /// These, and those like them with 16 bits a sample.
    pub const fn and_deep(self) -> Self {
        let (mut bits, mut i) = (self.0, 0);
        while i < Representation::ALL.len() {
            if self.contains(Representation::ALL[i]) {
                bits |= 1 << Representation::ALL[i].deep() as u8;
            }
            i += 1;
        }
        Self(bits)
    }

    /// Those like these with 8 bits a sample.
    pub const fn narrow(self) -> Self {
        let (mut bits, mut i) = (0, 0);
        while i < Representation::ALL.len() {
            if self.contains(Representation::ALL[i]) {
                bits |= 1 << Representation::ALL[i].narrow() as u8;
            }
            i += 1;
        }
        Self(bits)
    }

    /// Whether the set holds `one`.
    pub const fn contains(self, one: Representation) -> bool {
        self.0 & (1 << one as u8) != 0
    }

    /// The members, in the order of [`Representation::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Representation> {
        Representation::ALL.into_iter().filter(move |one| self.contains(*one))
    }
}

/// How many luma samples share one chroma sample, across and down. 4:2:0 is `{ h: 2, v: 2 }`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Subsampling {
    /// Luma samples per chroma sample across: 1, 2 or 4.
    pub h: u8,
    /// Luma samples per chroma sample down: 1, 2 or 4.
    pub v: u8,
}

impl Subsampling {
    /// 4:4:4, chroma at full size.
    pub const S444: Self = Self { h: 1, v: 1 };
    /// 4:2:2, chroma at half width.
    pub const S422: Self = Self { h: 2, v: 1 };
    /// 4:2:0, chroma at half width and half height.
    pub const S420: Self = Self { h: 2, v: 2 };

    /// Size of a chroma plane for a picture of `size`: each side divided and rounded up.
    pub const fn chroma_size(self, size: Size) -> Size {
        Size::new(size.width.div_ceil(self.h as u32), size.height.div_ceil(self.v as u32))
    }
}

/// One plane of 8-bit samples with tight rows: `data.len() == width × height`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plane {
    /// Size in samples.
    pub size: Size,
    /// Samples, row by row.
    pub data: Vec<u8>,
}

impl Plane {
    /// A plane of one value.
    pub fn filled(size: Size, value: u8) -> Self {
        Self { size, data: vec![value; size.pixels() as usize] }
    }

    /// One row of samples.
    pub fn row(&self, y: u32) -> &[u8] {
        let width = self.size.width as usize;
        &self.data[y as usize * width..][..width]
    }
}

/// Planar Y′CbCr. The luma plane has the picture's size, the chroma planes [`Subsampling::chroma_size`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ycc {
    /// Luma, 0…255.
    pub y: Plane,
    /// Blue difference, 128 is neutral.
    pub cb: Plane,
    /// Red difference, 128 is neutral.
    pub cr: Plane,
    /// Ratio of the luma to the chroma grid.
    pub subsampling: Subsampling,
}

/// The samples of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pixels {
    /// `width × height` bytes.
    Gray(Vec<u8>),
    /// Three planes.
    Ycc(Ycc),
    /// `width × height × 3` bytes.
    Rgb(Vec<u8>),
    /// `width × height × 4` bytes, alpha straight.
    Rgba(Vec<u8>),
    /// Interleaved samples of 16 bits.
    Deep(Deep),
}

/// Samples of 16 bits; 65,535 stands for as much as 255 does of 8 bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deep {
    /// `width × height` samples.
    Gray(Vec<u16>),
    /// `width × height × 3` samples.
    Rgb(Vec<u16>),
    /// `width × height × 4` samples, alpha straight.
    Rgba(Vec<u16>),
}

impl Deep {
    /// All samples.
    pub fn samples(&self) -> &[u16] {
        match self {
            Self::Gray(samples) | Self::Rgb(samples) | Self::Rgba(samples) => samples,
        }
    }

    /// Samples of a pixel.
    pub const fn channels(&self) -> usize {
        match self {
            Self::Gray(_) => 1,
            Self::Rgb(_) => 3,
            Self::Rgba(_) => 4,
        }
    }
}

/// One picture in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Size in pixels.
    pub size: Size,
    /// Samples, in one representation.
    pub pixels: Pixels,
    /// What the samples mean. A profile for gray goes with gray samples only, one for RGB with all others; where that
    /// does not hold, [`recolor::matched`] restores it.
    pub space: ColorSpace,
}

impl Image {
    /// A picture in sRGB.
    ///
    /// # Panics
    /// In debug builds, when the samples do not fit the size.
    pub fn new(size: Size, pixels: Pixels) -> Self {
        let image = Self { size, pixels, space: ColorSpace::SRGB };
        debug_assert!(image.is_consistent(), "samples do not fit {size:?}");
        image
    }

    /// The same picture with other samples of the same space.
    pub fn with(&self, size: Size, pixels: Pixels) -> Self {
        Self { space: self.space.clone(), ..Self::new(size, pixels) }
    }

    /// Its current representation.
    pub const fn representation(&self) -> Representation {
        match self.pixels {
            Pixels::Gray(_) => Representation::Gray,
            Pixels::Ycc(_) => Representation::Ycc,
            Pixels::Rgb(_) => Representation::Rgb,
            Pixels::Rgba(_) => Representation::Rgba,
            Pixels::Deep(Deep::Gray(_)) => Representation::Gray16,
            Pixels::Deep(Deep::Rgb(_)) => Representation::Rgb16,
            Pixels::Deep(Deep::Rgba(_)) => Representation::Rgba16,
        }
    }

    /// Whether it has alpha.
    pub const fn has_alpha(&self) -> bool {
        self.representation().has_alpha()
    }

    /// Bytes that its samples occupy in memory.
    pub fn bytes(&self) -> u64 {
        match &self.pixels {
            Pixels::Gray(data) | Pixels::Rgb(data) | Pixels::Rgba(data) => data.len() as u64,
            Pixels::Ycc(ycc) => (ycc.y.data.len() + ycc.cb.data.len() + ycc.cr.data.len()) as u64,
            Pixels::Deep(deep) => deep.samples().len() as u64 * 2,
        }
    }

    /// Whether every buffer has the length that the size requires.
    pub fn is_consistent(&self) -> bool {
        let pixels = self.size.pixels() as usize;
        let fits = |plane: &Plane, size: Size| plane.size == size && plane.data.len() as u64 == size.pixels();
        match &self.pixels {
            Pixels::Gray(data) => data.len() == pixels,
            Pixels::Rgb(data) => data.len() == pixels * 3,
            Pixels::Rgba(data) => data.len() == pixels * 4,
            Pixels::Deep(deep) => deep.samples().len() == pixels * deep.channels(),
            Pixels::Ycc(ycc) => {
                let chroma = ycc.subsampling.chroma_size(self.size);
                fits(&ycc.y, self.size) && fits(&ycc.cb, chroma) && fits(&ycc.cr, chroma)
            }
        }
    }
}
