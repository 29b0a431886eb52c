//! What a PNG file says of its colours: `cICP`, `iCCP`, `sRGB`, `cHRM` and `gAMA` (PNG, third edition, 11.3.2). The first of
//! them that can be used counts, in this order. A high dynamic range (`cICP`, with `cLLI` and `mDCV`) is converted to sRGB.

use crate::codecs::icc::{Found, Samples, accept, or_note};
use crate::codecs::{Finding, MAX_METADATA};
use crate::color::{ColorSpace, Primaries, ToneMap};

/// The first chunk of each kind.
#[derive(Default)]
pub(super) struct ColorChunks<'a> {
    code_points: Option<&'a [u8]>,
    profile: Option<&'a [u8]>,
    is_srgb: bool,
    chromaticities: Option<&'a [u8]>,
    gamma: Option<&'a [u8]>,
    light_levels: Option<&'a [u8]>,
    display: Option<&'a [u8]>,
}

impl<'a> ColorChunks<'a> {
    /// Those of a file, which stand before its pixels.
    pub(super) fn of(file: &'a [u8]) -> Self {
        let mut found = Self::default();
        super::chunks(file).take_while(|(kind, _)| kind != b"IDAT").for_each(|(kind, data)| found.add(kind, data));
        found
    }

    fn add(&mut self, kind: [u8; 4], data: &'a [u8]) {
        match &kind {
            b"cICP" => self.code_points = self.code_points.or(Some(data)),
            b"iCCP" => self.profile = self.profile.or(Some(data)),
            b"sRGB" => self.is_srgb = true,
            b"cHRM" => self.chromaticities = self.chromaticities.or(Some(data)),
            b"gAMA" => self.gamma = self.gamma.or(Some(data)),
            b"cLLI" => self.light_levels = self.light_levels.or(Some(data)),
            b"mDCV" => self.display = self.display.or(Some(data)),
            _ => {}
        }
    }

    /// Primaries and transfer function by ITU-T H.273, if samples are RGB of full range.
    fn code_points(&self) -> Option<[u8; 2]> {
        match self.code_points {
            Some(&[primaries, transfer, 0, 1]) => Some([primaries, transfer]),
            _ => None,
        }
    }

    /// For colours of a high dynamic range: how they become sRGB.
    pub(super) fn tone_map(&self) -> Option<ToneMap> {
        let [primaries, transfer] = self.code_points()?;
        // Both in steps of 0.0001 cd/m²: of the picture itself, or of the display that it was made on.
        let luminance = |data: Option<&[u8]>, at: usize| {
            let number = data?.get(at..)?.first_chunk()?;
            Some(f64::from(u32::from_be_bytes(*number)) / 10_000.0).filter(|luminance| *luminance > 0.0)
        };
        let peak = luminance(self.light_levels, 0).or_else(|| luminance(self.display, 16));
        ToneMap::from_code_points(primaries, transfer, peak)
    }

    /// The colour space of the decoded picture. A profile that cannot be used is a finding.
    pub(super) fn space(&self, samples: Samples, findings: &mut Vec<Finding>) -> ColorSpace {
        let code_points = self.code_points();
        if code_points.is_some_and(|[primaries, transfer]| ToneMap::knows(primaries, transfer))
            && samples == Samples::Rgb
        {
            findings.push(Finding::ToneMapped);
            return ColorSpace::SRGB;
        }
        if let Some([primaries, transfer]) = code_points
            && let Some(space) = ColorSpace::from_code_points(primaries, transfer)
        {
            return space;
        }
        if let Some(chunk) = self.profile {
            let found = profile(chunk, samples);
            if found.is_ok() || self.is_srgb {
                return or_note(found, findings);
            }
            or_note(found, findings);
        }
        if self.is_srgb {
            return ColorSpace::SRGB;
        }
        let number = |data: &[u8], at: usize| {
            let number = data.get(at * 4..).and_then(|rest| rest.first_chunk())?;
            Some(f64::from(u32::from_be_bytes(*number)) / 100_000.0)
        };
        let pair = |data: &[u8], at: usize| Some([number(data, at)?, number(data, at + 1)?]);
        let primaries = self.chromaticities.and_then(|data| {
            let [white, red, green, blue] = [pair(data, 0)?, pair(data, 2)?, pair(data, 4)?, pair(data, 6)?];
            Some(Primaries { red, green, blue, white })
        });
        // The chunk has the power from light to samples.
        let gamma = self.gamma.and_then(|data| number(data, 0)).filter(|gamma| *gamma > 0.0).map(|gamma| 1.0 / gamma);
        if primaries.is_none() && gamma.is_none() {
            return ColorSpace::SRGB;
        }
        ColorSpace::from_gamma(primaries, gamma).unwrap_or_default()
    }
}

/// The profile of an `iCCP` chunk: name, 0, compression method 0, zlib stream.
fn profile(chunk: &[u8], samples: Samples) -> Found {
    let end = chunk.iter().position(|&byte| byte == 0).ok_or(Finding::ProfileLeftOut)?;
    let [0, stream @ ..] = &chunk[end + 1..] else { return Err(Finding::ProfileLeftOut) };
    let profile = miniz_oxide::inflate::decompress_to_vec_zlib_with_limit(stream, MAX_METADATA);
    accept(&profile.map_err(|_| Finding::ProfileLeftOut)?, samples)
}
