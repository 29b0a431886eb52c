//! JPEG XL (ISO/IEC 18181), bare or in its container, with the orientation of the codestream, which counts
//! instead of the one in EXIF; animated or not. Pixels are decoded by a program of its own ([`decoder`]);
//! headers are read here. It is written with loss and without.
//!
//! Inks become sRGB by their profile, or as browsers show them if there is none.
//!
//! A picture whose samples are stored in the coding's own colours and that has a profile is decoded to light without limits,
//! and converted to the profile here, so that no colour outside of sRGB is lost.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::animation::{Animation, AnimationCodec, Frames, Open};
use super::decoders::{Coding, Decoders, Series, default_decoders};
use super::icc::{Samples, accept, or_note};
use super::metadata::Blocks;
use super::samples::{half, round_16};
use super::{Codec, DecodeRequest, Finding, Format, Header, Picture, Problem, Reading, decoded_to};
use crate::color::{ColorSpace, FromLight, Inks};
use crate::image::{Deep, Image, Pixels, Size};

mod container;
#[cfg(any(feature = "jxl", not(target_arch = "wasm32")))]
pub(super) mod decoder;
mod facts;
mod header;
mod write;

use container::Content;
use facts::Facts;
pub(super) use write::with_metadata;

pub(super) const CODEC: Codec = Codec {
    reading: Reading::Whole {
        probe,
        decode: |bytes, header, _: &DecodeRequest| decode(bytes, header, default_decoders()),
    },
    encode: Some(write::encode),
    strip: None,
    animation: Some(AnimationCodec { frames: Open::Whole(frames), animate: None }),
};
/// Raise it when any decoded pixel or written byte changes.
pub(super) const VERSION: &str = "1.5.0";

/// The first bytes of a bare codestream.
const CODESTREAM: &[u8] = &[0xff, 0x0a];

pub(super) fn sniff(bytes: &[u8]) -> bool {
    bytes.starts_with(CODESTREAM) || bytes.starts_with(container::SIGNATURE)
}

/// The metadata of a file in a container, unless it is compressed.
pub(super) fn blocks(bytes: &[u8]) -> Blocks<'_> {
    let Content { exif, xmp, .. } = Content::of(bytes);
    Blocks { exif: exif.map(Into::into), xmp: xmp.map(Into::into), ..Blocks::default() }
}

/// What the decoder says of its picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Report {
    width: u32,
    height: u32,
    /// Gray or red, green and blue, and opacity: 1…4. Alpha is straight. Or cyan, magenta, yellow and black, and opacity: 4 or 5.
    channels: u8,
    /// Whether samples are inks. Opacity then follows behind all of them.
    has_inks: bool,
    kind: Kind,
    /// Whether part of the picture is missing.
    is_partial: bool,
    /// Length of the profile, which follows the samples.
    profile: u32,
}

/// What the decoder says of a frame of an animation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Timed {
    picture: Report,
    /// How long it is shown.
    microseconds: u64,
}

/// The samples of a decoded picture, row by row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Kind {
    /// Bytes, in the file's colour space, or in sRGB if the coding's own colours have none that the decoder knows.
    Bytes,
    /// Numbers of 16 bits, little endian, in the file's colour space.
    Words,
    /// Floating-point numbers of 16 bits, little endian: light in the primaries of sRGB.
    Light,
}

impl Kind {
    const fn bytes(self) -> usize {
        match self {
            Self::Bytes => 1,
            Self::Words | Self::Light => 2,
        }
    }
}

fn facts(bytes: &[u8]) -> Result<Facts, Problem> {
    let codestream = Content::of(bytes).start;
    Facts::read(&codestream)
}

fn probe(bytes: &[u8]) -> Result<Header, Problem> {
    let facts = facts(bytes)?;
    let Facts { size, orientation, alpha, is_gray, .. } = facts;
    let mut findings = Vec::new();
    if facts.has_inks && !facts.has_profile {
        findings.push(Finding::InksUnknown);
    }
    if facts.tone_map().is_some() {
        findings.push(Finding::ToneMapped);
    }
    if Content::of(bytes).has_gain_map {
        findings.push(Finding::GainMapLeftOut);
    }
    // The decoder counts the frames: where each of them begins is known once those before it are decoded in part.
    let animation = facts.plays.map(|plays| Animation { frames: None, plays });
    let native = decoded_to(is_gray, alpha, facts.is_deep(), size, &mut findings);
    Ok(Header { format: Format::Jxl, size, orientation, alpha, native, space: facts.space(), animation, findings })
}

/// Decodes the picture with a decoder of the host.
pub(super) fn decode(bytes: &[u8], header: &Header, decoders: &dyn Decoders) -> Result<Picture, Problem> {
    let facts = facts(bytes)?;
    let (report, data) = decoders.decode(Coding::JpegXl, bytes).map_err(Problem::Decoder)?.read()?;
    let (colors, data) = Colors::of(facts, header, report, data)?;
    let pixels = colors.pixels(header, report, data)?;
    let Colors { space, mut findings, .. } = colors;
    if report.is_partial {
        findings.insert(0, Finding::PartMissing);
    }
    Ok(Picture { space, findings, ..Image::new(header.size, pixels).into() })
}

fn frames<'a>(bytes: &'a [u8], header: &Header, decoders: &'a dyn Decoders) -> Result<Box<dyn Frames + 'a>, Problem> {
    let (facts, header) = (facts(bytes)?, header.clone());
    let series = decoders.begin(Coding::JpegXl, bytes).map_err(Problem::Decoder)?;
    Ok(Box::new(Animated { series, facts, header, colors: None, findings: Vec::new() }))
}

struct Animated<'a> {
    series: Box<dyn Series + 'a>,
    facts: Facts,
    header: Header,
    /// From the first frame on.
    colors: Option<Colors>,
    findings: Vec<Finding>,
}

impl Frames for Animated<'_> {
    fn next(&mut self) -> Result<Option<(Pixels, Duration)>, Problem> {
        let (timed, data): (Option<Timed>, _) = self.series.next(&[]).map_err(Problem::Decoder)?.read()?;
        let Some(Timed { picture, microseconds }) = timed else { return Ok(None) };
        let (colors, data) = match self.colors.take() {
            Some(colors) => (colors, data),
            None => {
                let (colors, data) = Colors::of(self.facts.clone(), &self.header, picture, data)?;
                self.findings.clone_from(&colors.findings);
                (colors, data)
            }
        };
        let colors = self.colors.insert(colors);
        if picture.is_partial {
            self.findings.push(Finding::PartMissing);
        }
        let pixels = colors.pixels(&self.header, picture, data)?;
        Ok(Some((pixels, Duration::from_micros(microseconds))))
    }

    fn space(&self) -> Option<&ColorSpace> {
        self.colors.as_ref()?.space.as_ref()
    }

    fn findings(&self) -> &[Finding] {
        &self.findings
    }
}

/// How samples become colours.
struct Colors {
    facts: Facts,
    /// What the pixels mean, if more is known than when the header was read.
    space: Option<ColorSpace>,
    /// For samples that are light.
    from_light: Option<(FromLight, Vec<f32>)>,
    /// For samples that are inks.
    inks: Option<Inks>,
    findings: Vec<Finding>,
}

impl Colors {
    /// What a decoder's report says of them, with the profile behind its samples; and the samples without it.
    fn of(facts: Facts, header: &Header, report: Report, mut data: Vec<u8>) -> Result<(Self, Vec<u8>), Problem> {
        let Report { kind, profile, .. } = report;
        let length = length_of(header, report)?;
        if data.len() != length + profile as usize {
            return Err(other_size());
        }
        let profile = data.split_off(length);
        let mut findings = Vec::new();
        if report.has_inks != facts.has_inks {
            return Err(Problem::damaged("its pixels are not those of its header"));
        }
        if facts.has_inks {
            // The decoder may know no profile although the header says that there is one.
            let profile = if profile.is_empty() { Ok(None) } else { accept(&profile, Samples::Cmyk) };
            let inks = Inks::of(&or_note(profile, &mut findings));
            let space = Some(ColorSpace::SRGB);
            return Ok((Self { facts, space, from_light: None, inks: Some(inks), findings }, data));
        }
        let samples = if facts.is_gray { Samples::Gray } else { Samples::Rgb };
        // What a picture is like that says nothing else, or whose profile means nothing for its samples.
        let has_own_colors = facts.has_profile && facts.is_own;
        let space = match profile.is_empty() {
            true if has_own_colors => Some(ColorSpace::SRGB),
            true => None,
            false if kind == Kind::Light => Some(accept(&profile, samples).ok().flatten().unwrap_or_default()),
            false => Some(or_note(accept(&profile, samples), &mut findings)),
        };
        let from_light = match kind {
            Kind::Light => {
                let from_light = space.as_ref().and_then(FromLight::to);
                let from_light = from_light.ok_or(Problem::damaged("its color profile makes no sense"))?;
                Some((from_light, (0..=u16::MAX).map(|bits| half(bits) as f32).collect()))
            }
            _ => None,
        };
        Ok((Self { facts, space, from_light, inks: None, findings }, data))
    }

    /// The pixels that samples stand for.
    fn pixels(&self, header: &Header, report: Report, data: Vec<u8>) -> Result<Pixels, Problem> {
        if data.len() != length_of(header, report)? {
            return Err(other_size());
        }
        let Report { channels, kind, .. } = report;
        if let Some(inks) = &self.inks {
            return printed(&data, report, header, inks);
        }
        if kind == Kind::Words && header.is_deep() {
            let numbers: Vec<u16> = data.as_chunks().0.iter().map(|bytes| u16::from_le_bytes(*bytes)).collect();
            return Ok(Pixels::Deep(match (channels, header.alpha) {
                (1, false) => Deep::Gray(numbers),
                (3, false) => Deep::Rgb(numbers),
                (4, true) => Deep::Rgba(numbers),
                (2, true) => {
                    let pixel = |&[gray, alpha]: &[u16; 2]| [gray, gray, gray, alpha];
                    Deep::Rgba(numbers.as_chunks().0.iter().flat_map(pixel).collect())
                }
                _ => return Err(Problem::damaged("its pixels are not those of its header")),
            }));
        }
        let data = match (kind, &self.from_light) {
            (Kind::Bytes, _) => data,
            (_, Some((from_light, light))) => {
                let color = |samples: [u16; 3]| from_light.color(samples.map(|sample| light[usize::from(sample)]));
                let opacity = |alpha| (light[usize::from(alpha)].clamp(0.0, 1.0) * 255.0).round() as u8;
                colored(&data, channels, color, opacity)
            }
            (_, None) => {
                let tone_map = self.facts.tone_map();
                let color = |samples: [u16; 3]| match &tone_map {
                    Some(tone_map) => tone_map.color(samples),
                    None => samples.map(round_16),
                };
                colored(&data, channels, color, round_16)
            }
        };
        Ok(match (channels, header.alpha) {
            (1, false) => Pixels::Gray(data),
            (3, false) => Pixels::Rgb(data),
            (4, true) => Pixels::Rgba(data),
            (2, true) => {
                Pixels::Rgba(data.as_chunks().0.iter().flat_map(|&[gray, alpha]| [gray, gray, gray, alpha]).collect())
            }
            _ => return Err(Problem::damaged("its pixels are not those of its header")),
        })
    }
}

/// How many bytes the samples of a picture have.
fn length_of(header: &Header, report: Report) -> Result<usize, Problem> {
    let Report { width, height, channels, kind, has_inks, .. } = report;
    let size = Size::new(width, height);
    let possible = if has_inks { 4..=5 } else { 1..=4 };
    if size != header.size || !possible.contains(&channels) {
        return Err(other_size());
    }
    Ok(size.pixels() as usize * usize::from(channels) * kind.bytes())
}

/// What is seen of inks. Their samples are light that they let through: none is full ink.
fn printed(data: &[u8], report: Report, header: &Header, inks: &Inks) -> Result<Pixels, Problem> {
    const INKS: usize = 4;
    let samples: Vec<u8> = match report.kind {
        Kind::Bytes => data.to_vec(),
        _ => data.as_chunks().0.iter().map(|bytes| round_16(u16::from_le_bytes(*bytes))).collect(),
    };
    let (printed, opacity) = samples.split_at(header.size.pixels() as usize * INKS);
    let colors = printed.as_chunks::<INKS>().0.iter().map(|light| inks.color(light.map(|light| u8::MAX - light)));
    match (opacity.is_empty(), header.alpha) {
        (true, false) => Ok(Pixels::Rgb(colors.flatten().collect())),
        (false, true) => {
            let pixel = |([red, green, blue], alpha): ([u8; 3], &u8)| [red, green, blue, *alpha];
            Ok(Pixels::Rgba(colors.zip(opacity).flat_map(pixel).collect()))
        }
        _ => Err(Problem::damaged("its pixels are not those of its header")),
    }
}

fn other_size() -> Problem {
    Problem::damaged("its picture does not have the size in its header")
}

/// Samples of 16 bits as bytes, colour by colour; gray counts as three equal samples.
fn colored(data: &[u8], channels: u8, color: impl Fn([u16; 3]) -> [u8; 3], opacity: impl Fn(u16) -> u8) -> Vec<u8> {
    let numbers: Vec<u16> = data.as_chunks().0.iter().map(|bytes| u16::from_le_bytes(*bytes)).collect();
    let mut bytes = Vec::with_capacity(numbers.len());
    for pixel in numbers.chunks_exact(usize::from(channels)) {
        match *pixel {
            [gray] => bytes.push(color([gray; 3])[1]),
            [gray, alpha] => bytes.extend([color([gray; 3])[1], opacity(alpha)]),
            [red, green, blue] => bytes.extend(color([red, green, blue])),
            [red, green, blue, alpha] => {
                bytes.extend(color([red, green, blue]));
                bytes.push(opacity(alpha));
            }
            _ => {}
        }
    }
    bytes
}
