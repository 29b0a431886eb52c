//! The header of a codestream (ISO/IEC 18181-1, annex D), as far as the description of the colours.

use super::super::Problem;
use crate::color::{ColorSpace, Primaries, ToneMap, Transfer};
use crate::image::Size;

/// What a header says.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Facts {
    /// As stored.
    pub(super) size: Size,
    /// As in EXIF.
    pub(super) orientation: u8,
    /// If it is animated: how often it is played; 0 means without end.
    pub(super) plays: Option<u32>,
    pub(super) alpha: bool,
    pub(super) is_gray: bool,
    /// Whether samples are inks: cyan, magenta and yellow in place of colours, and black beside them.
    pub(super) has_inks: bool,
    /// Whether samples are stored in colours of the coding's own (XYB), from which the decoder converts them.
    pub(super) is_own: bool,
    /// Whether there is a profile, which only the decoder reads.
    pub(super) has_profile: bool,
    /// Bits of a sample.
    pub(super) bits: u32,
    /// Otherwise: the primaries with their code point of ITU-T H.273, if they have one.
    primaries: (Primaries, Option<u8>),
    transfer: Coded,
}

/// How light is coded.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Coded {
    /// By a code point of ITU-T H.273.
    Code(u8),
    /// By a power from light to samples.
    Power(f64),
}

/// Kinds of extra channels.
pub(super) const ALPHA: u32 = 0;
const SPOT: u32 = 2;
const BLACK: u32 = 4;
const SENSOR: u32 = 5;

/// Code points of ITU-T H.273.
const SRGB: u8 = 13;
const BT709: u8 = 1;
const BT2020: u8 = 9;
const DISPLAY_P3: u8 = 12;

impl Facts {
    /// Reads the beginning of a codestream.
    pub(super) fn read(codestream: &[u8]) -> Result<Self, Problem> {
        let mut bits = Bits::new(codestream, 16);
        let size = bits.size()?;
        let mut facts = Self {
            size,
            orientation: 1,
            plays: None,
            alpha: false,
            is_gray: false,
            has_inks: false,
            is_own: true,
            has_profile: false,
            bits: 8,
            primaries: (Primaries::SRGB, Some(BT709)),
            transfer: Coded::Code(SRGB),
        };
        // All as usual.
        if bits.flag()? {
            return Ok(facts);
        }
        if bits.flag()? {
            facts.orientation = bits.take(3)? as u8 + 1;
            if bits.flag()? {
                bits.size()?;
            }
            if bits.flag()? {
                bits.preview()?;
            }
            if bits.flag()? {
                facts.plays = Some(bits.animation()?);
            }
        }
        facts.bits = bits.depth()?;
        // Whether 16 bits are enough for the decoder's arithmetic.
        bits.flag()?;
        let channels = bits.choice([Of(0, 0), Of(1, 0), Of(2, 4), Of(1, 12)])?;
        for _ in 0..channels {
            match bits.channel()? {
                ALPHA => facts.alpha = true,
                BLACK => facts.has_inks = true,
                _ => {}
            }
        }
        facts.is_own = bits.flag()?;
        bits.colors(&mut facts)?;
        if facts.has_inks && (facts.is_own || facts.is_gray) {
            return Err(Problem::Unsupported("a JPEG XL picture whose inks are stored as other colors"));
        }
        Ok(facts)
    }

    /// Whether samples have more than 8 bits that are shown as they are. In the coding's own colours they have no depth.
    pub(super) fn is_deep(&self) -> bool {
        !self.is_own && !self.has_inks && self.bits > 8 && self.tone_map().is_none()
    }

    /// What tells a high dynamic range from samples.
    pub(super) fn tone_map(&self) -> Option<ToneMap> {
        match self.transfer {
            Coded::Code(transfer) if !self.has_profile && !self.has_inks => {
                ToneMap::from_code_points(self.primaries.1.unwrap_or(BT2020), transfer, None)
            }
            _ => None,
        }
    }

    /// What samples mean; sRGB if only the decoder knows.
    pub(super) fn space(&self) -> ColorSpace {
        let is_hdr = matches!(self.transfer, Coded::Code(16 | 18));
        // Gray in the coding's own colours is decoded to sRGB unless its white is that of sRGB.
        let is_converted = self.is_own && self.is_gray && self.primaries.0.white != Primaries::SRGB.white;
        if self.has_profile || self.has_inks || is_hdr || is_converted {
            return ColorSpace::SRGB;
        }
        let transfer = match self.transfer {
            Coded::Code(code) => Transfer::from_code_point(code).unwrap_or(Transfer::Srgb),
            Coded::Power(power) => Transfer::Gamma(1.0 / power),
        };
        let space = ColorSpace::of(&self.primaries.0, transfer).unwrap_or_default();
        if self.is_gray { space.gray().unwrap_or_default() } else { space }
    }
}

/// One of four ways to store a number: a constant, and how many bits are added to it.
struct Of(u32, u32);

/// Reads bits, the lowest of a byte first.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Bits<'a> {
    /// From a bit on.
    pub(super) const fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    /// How many have been read or skipped.
    pub(super) const fn at(&self) -> usize {
        self.at
    }

    pub(super) fn take(&mut self, count: u32) -> Result<u32, Problem> {
        let mut number = 0;
        for place in 0..count {
            let byte = self.bytes.get(self.at / 8).ok_or(Problem::Truncated)?;
            number |= u32::from(byte >> (self.at % 8) & 1) << place;
            self.at += 1;
        }
        Ok(number)
    }

    fn flag(&mut self) -> Result<bool, Problem> {
        self.take(1).map(|bit| bit == 1)
    }

    fn choice(&mut self, ways: [Of; 4]) -> Result<u32, Problem> {
        let Of(least, bits) = ways[self.take(2)? as usize];
        Ok(least.wrapping_add(self.take(bits)?))
    }

    fn name_of_one(&mut self) -> Result<u32, Problem> {
        self.choice([Of(0, 0), Of(1, 0), Of(2, 4), Of(18, 6)])
    }

    /// A side, either a multiple of 8 of up to 256 or any number.
    fn side(&mut self, is_small: bool) -> Result<u32, Problem> {
        match is_small {
            true => Ok((self.take(5)? + 1) * 8),
            false => self.choice([Of(1, 9), Of(1, 13), Of(1, 18), Of(1, 30)]),
        }
    }

    pub(super) fn size(&mut self) -> Result<Size, Problem> {
        let is_small = self.flag()?;
        let height = self.side(is_small)?;
        let width = match self.ratio(height)? {
            Some(width) => width,
            None => self.side(is_small)?,
        };
        Ok(Size::new(width, height))
    }

    /// The width, if it follows from the height.
    fn ratio(&mut self, height: u32) -> Result<Option<u32>, Problem> {
        let [times, by] = match self.take(3)? {
            0 => return Ok(None),
            1 => [1, 1],
            2 => [12, 10],
            3 => [4, 3],
            4 => [3, 2],
            5 => [16, 9],
            6 => [5, 4],
            _ => [2, 1],
        };
        Ok(Some(u32::try_from(u64::from(height) * times / by).unwrap_or(u32::MAX)))
    }

    /// Skips the size of a preview.
    fn preview(&mut self) -> Result<(), Problem> {
        let is_small = self.flag()?;
        let side = |bits: &mut Self| match is_small {
            true => bits.choice([Of(16, 0), Of(32, 0), Of(1, 5), Of(33, 9)]),
            false => bits.choice([Of(1, 6), Of(65, 8), Of(321, 10), Of(1345, 12)]),
        };
        let height = side(self)?;
        if self.ratio(height)?.is_none() {
            side(self)?;
        }
        Ok(())
    }

    /// How often an animation is played. How fast it is the decoder knows.
    fn animation(&mut self) -> Result<u32, Problem> {
        self.choice([Of(100, 0), Of(1000, 0), Of(1, 10), Of(1, 30)])?;
        self.choice([Of(1, 0), Of(1001, 0), Of(1, 8), Of(1, 10)])?;
        let plays = self.choice([Of(0, 0), Of(0, 3), Of(0, 16), Of(0, 32)])?;
        // Whether frames have time codes.
        self.flag()?;
        Ok(plays)
    }

    /// The depth of samples in bits.
    pub(super) fn depth(&mut self) -> Result<u32, Problem> {
        if self.flag()? {
            let bits = self.choice([Of(32, 0), Of(16, 0), Of(24, 0), Of(1, 6)])?;
            self.take(4)?;
            return Ok(bits);
        }
        self.choice([Of(8, 0), Of(10, 0), Of(12, 0), Of(1, 6)])
    }

    /// The kind of an extra channel.
    fn channel(&mut self) -> Result<u32, Problem> {
        if self.flag()? {
            return Ok(ALPHA);
        }
        let kind = self.name_of_one()?;
        self.depth()?;
        self.choice([Of(0, 0), Of(3, 0), Of(4, 0), Of(1, 3)])?;
        let name = self.choice([Of(0, 0), Of(0, 4), Of(16, 5), Of(48, 10)])?;
        for _ in 0..name {
            self.take(8)?;
        }
        match kind {
            ALPHA => {
                self.flag()?;
            }
            SPOT => {
                for _ in 0..4 {
                    self.take(16)?;
                }
            }
            SENSOR => {
                self.choice([Of(1, 0), Of(0, 2), Of(3, 4), Of(19, 8)])?;
            }
            _ => {}
        }
        Ok(kind)
    }

    /// What the colours are.
    fn colors(&mut self, facts: &mut Facts) -> Result<(), Problem> {
        const GRAY: u32 = 1;
        const CUSTOM: u32 = 2;
        const OWN: u32 = 2;
        if self.flag()? {
            return Ok(());
        }
        facts.has_profile = self.flag()?;
        let model = self.name_of_one()?;
        facts.is_gray = model == GRAY;
        if facts.has_profile {
            return Ok(());
        }
        if model == OWN {
            return Err(Problem::Unsupported("a JPEG XL picture in colors of its own"));
        }
        let white = self.name_of_one()?;
        let white = match white {
            CUSTOM => self.chromaticity()?,
            10 => [1.0 / 3.0; 2],
            11 => [0.314, 0.351],
            _ => Primaries::SRGB.white,
        };
        let is_usual = white == Primaries::SRGB.white;
        if !facts.is_gray {
            let (mut primaries, mut code) = match self.name_of_one()? {
                CUSTOM => {
                    let [red, green, blue] = [self.chromaticity()?, self.chromaticity()?, self.chromaticity()?];
                    (Primaries { red, green, blue, white }, None)
                }
                9 => (Primaries::BT2020, Some(BT2020)),
                11 => (Primaries::DISPLAY_P3, Some(DISPLAY_P3)),
                _ => (Primaries::SRGB, Some(BT709)),
            };
            if !is_usual {
                (primaries.white, code) = (white, None);
            }
            facts.primaries = (primaries, code);
        } else {
            facts.primaries.0.white = white;
        }
        facts.transfer = match self.flag()? {
            true => Coded::Power(f64::from(self.take(24)?.max(1)) * 1e-7),
            false => Coded::Code(self.name_of_one()? as u8),
        };
        Ok(())
    }

    fn chromaticity(&mut self) -> Result<[f64; 2], Problem> {
        let mut one = || {
            let number = self.choice([Of(0, 19), Of(524_288, 19), Of(1_048_576, 20), Of(2_097_152, 21)])?;
            let size = f64::from(number / 2 + number % 2) / 1e6;
            Ok::<f64, Problem>(if number % 2 == 0 { size } else { -size })
        };
        Ok([one()?, one()?])
    }
}
