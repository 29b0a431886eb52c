//! JPEG XL (ISO/IEC 18181), bare or in its container: the first frame, with the orientation of the codestream, which counts
//! instead of the one in EXIF. Pixels are decoded by a program of its own ([`decoder`]);
//! headers are read here. It is written without loss.
//!
//! A picture whose samples are stored in the coding's own colours and that has a profile is decoded to light without limits,
//! and converted to the profile here, so that no colour outside of sRGB is lost.

use serde::{Deserialize, Serialize};

use super::decoders::{Coding, Decoders, default_decoders};
use super::icc::{Samples, accept, or_note};
use super::metadata::Blocks;
use super::samples::{half, round_16};
use super::{Codec, DecodeRequest, Finding, Format, Header, Picture, Problem, decoded_to};
use crate::color::{ColorSpace, FromLight};
use crate::image::{Deep, Image, Pixels, Size};

mod container;
#[cfg(any(feature = "jxl", not(target_arch = "wasm32")))]
pub(super) mod decoder;
mod facts;
mod write;

use container::Content;
use facts::Facts;
pub(super) use write::with_metadata;

pub(super) const CODEC: Codec = Codec {
    probe,
    decode: |bytes, header, _: &DecodeRequest| decode(bytes, header, default_decoders()),
    encode: Some(write::encode),
    strip: None,
    animation: None,
};
/// Raise it when any decoded pixel or written byte changes.
pub(super) const VERSION: &str = "1.1.0";

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
    /// Gray or red, green and blue, and opacity: 1…4. Alpha is straight.
    channels: u8,
    kind: Kind,
    /// Whether part of the picture is missing.
    is_partial: bool,
    /// Length of the profile, which follows the samples.
    profile: u32,
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
    if facts.tone_map().is_some() {
        findings.push(Finding::ToneMapped);
    }
    if facts.is_animated {
        findings.push(Finding::FirstFrame);
    }
    let native = decoded_to(is_gray, alpha, facts.is_deep(), size, &mut findings);
    Ok(Header {
        format: Format::Jxl,
        size,
        orientation,
        alpha,
        native,
        space: facts.space(),
        animation: None,
        findings,
    })
}

/// Decodes the picture with a decoder of the host.
pub(super) fn decode(bytes: &[u8], header: &Header, decoders: &dyn Decoders) -> Result<Picture, Problem> {
    let facts = facts(bytes)?;
    let product = decoders.decode(Coding::JpegXl, bytes).map_err(Problem::Decoder)?;
    let (report, mut data): (Report, _) = product.read()?;
    let Report { width, height, channels, kind, is_partial, profile } = report;
    let size = Size::new(width, height);
    let pixels = size.pixels() as usize;
    let length = pixels * usize::from(channels) * kind.bytes();
    let is_right = size == header.size && (1..=4).contains(&channels) && data.len() == length + profile as usize;
    if !is_right {
        return Err(Problem::damaged("its picture does not have the size in its header"));
    }
    let profile = data.split_off(length);
    let mut findings = if is_partial { vec![Finding::PartMissing] } else { Vec::new() };
    let samples = if facts.is_gray { Samples::Gray } else { Samples::Rgb };
    // What a picture is like that says nothing else, or whose profile means nothing for its samples.
    let has_own_colors = facts.has_profile && facts.is_own;
    let space = match profile.is_empty() {
        true if has_own_colors => Some(ColorSpace::SRGB),
        true => None,
        false if kind == Kind::Light => Some(accept(&profile, samples).ok().flatten().unwrap_or_default()),
        false => Some(or_note(accept(&profile, samples), &mut findings)),
    };
    if kind == Kind::Words && header.is_deep() {
        let numbers: Vec<u16> = data.as_chunks().0.iter().map(|bytes| u16::from_le_bytes(*bytes)).collect();
        let deep = match (channels, header.alpha) {
            (1, false) => Deep::Gray(numbers),
            (3, false) => Deep::Rgb(numbers),
            (4, true) => Deep::Rgba(numbers),
            (2, true) => {
                let pixel = |&[gray, alpha]: &[u16; 2]| [gray, gray, gray, alpha];
                Deep::Rgba(numbers.as_chunks().0.iter().flat_map(pixel).collect())
            }
            _ => return Err(Problem::damaged("its pixels are not those of its header")),
        };
        return Ok(Picture { space, findings, ..Image::new(size, Pixels::Deep(deep)).into() });
    }
    let data = match kind {
        Kind::Bytes => data,
        Kind::Words => {
            let tone_map = facts.tone_map();
            let color = |samples: [u16; 3]| match &tone_map {
                Some(tone_map) => tone_map.color(samples),
                None => samples.map(round_16),
            };
            colored(&data, channels, color, round_16)
        }
        Kind::Light => {
            let from_light = space.as_ref().and_then(FromLight::to);
            let from_light = from_light.ok_or(Problem::damaged("its color profile makes no sense"))?;
            let light: Vec<f32> = (0..=u16::MAX).map(|bits| half(bits) as f32).collect();
            let color = |samples: [u16; 3]| from_light.color(samples.map(|sample| light[usize::from(sample)]));
            colored(&data, channels, color, |alpha| (light[usize::from(alpha)].clamp(0.0, 1.0) * 255.0).round() as u8)
        }
    };
    let pixels = match (channels, header.alpha) {
        (1, false) => Pixels::Gray(data),
        (3, false) => Pixels::Rgb(data),
        (4, true) => Pixels::Rgba(data),
        (2, true) => {
            Pixels::Rgba(data.as_chunks().0.iter().flat_map(|&[gray, alpha]| [gray, gray, gray, alpha]).collect())
        }
        _ => return Err(Problem::damaged("its pixels are not those of its header")),
    };
    Ok(Picture { space, findings, ..Image::new(size, pixels).into() })
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
