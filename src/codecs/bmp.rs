//! Windows bitmap, read by the `image` package: palette, 16, 24 and 32 bits, run lengths, bit fields with alpha.

use std::borrow::Cow;
use std::io::Cursor;

use ::image::codecs::bmp::BmpDecoder;
use ::image::{ColorType, ImageDecoder, ImageError};

use super::icc::{Found, Samples, accept, or_note};
use super::{Codec, DecodeRequest, Finding, Format, Header, MAX_SIDE, Picture, Problem, Reading};
use crate::color::{ColorSpace, Primaries};
use crate::image::{Image, Pixels, Representation, Representations, Size, orient};

mod write;

pub(super) const CODEC: Codec =
    Codec { reading: Reading::Whole { probe, decode }, encode: Some(write::encode), strip: None, animation: None };
/// Raise it when any decoded pixel or written byte changes.
pub(super) const VERSION: &str = "1.4.0";

/// The EXIF orientation that mirrors a picture vertically.
const TOP_DOWN: u8 = 4;
/// Offset of the info header, which follows the file header.
const INFO: usize = 14;

/// Accepts the sizes of info headers that are in use; OS/2 2.x headers may end after any field.
pub(super) fn sniff(bytes: &[u8]) -> bool {
    bytes.starts_with(b"BM") && info_size(bytes).is_some_and(|size| matches!(size, 12 | 108 | 124) || os2_or_info(size))
}

fn os2_or_info(size: u32) -> bool {
    (16..=64).contains(&size) && (size.is_multiple_of(4) || matches!(size, 42 | 46))
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn info_size(bytes: &[u8]) -> Option<u32> {
    number(bytes, INFO)
}

/// A file in a form that the decoder accepts.
struct Prepared<'a> {
    file: Cow<'a, [u8]>,
    /// Whether its rows are then decoded in reverse order.
    flipped: bool,
}

/// Rewrites what the decoder refuses and others read: OS/2 2.x headers, and top-down rows of run lengths.
fn prepared(bytes: &[u8]) -> Result<Prepared<'_>, Problem> {
    const RUN_LENGTHS: [u32; 2] = [1, 2];
    let mut file = as_windows(bytes)?;
    let field = |at| number(&file, INFO + at);
    let is_long = field(0).is_some_and(|size| size >= 40);
    let has_runs = is_long && field(16).is_some_and(|compression| RUN_LENGTHS.contains(&compression));
    let height = field(8).filter(|_| has_runs).map(u32::cast_signed).filter(|height| *height < 0);
    let Some(height) = height.and_then(i32::checked_neg) else { return Ok(Prepared { file, flipped: false }) };
    file.to_mut()[INFO + 8..INFO + 12].copy_from_slice(&height.to_le_bytes());
    Ok(Prepared { file, flipped: true })
}

/// The file with an OS/2 2.x header rewritten as the Windows header with the same fields in the same places.
fn as_windows(bytes: &[u8]) -> Result<Cow<'_, [u8]>, Problem> {
    const WINDOWS: usize = 40;
    let size = info_size(bytes).ok_or(Problem::Truncated)?;
    if matches!(size, 40 | 52 | 56) || !os2_or_info(size) {
        return Ok(Cow::Borrowed(bytes));
    }
    let size = size as usize;
    let info = bytes.get(INFO..INFO + size).ok_or(Problem::Truncated)?;
    // In OS/2, 3 and 4 are a fax code and 24-bit run lengths.
    if number(info, 16).is_some_and(|compression| compression > 2) {
        return Err(Problem::Unsupported("a rare kind of bitmap"));
    }
    let mut file = bytes[..INFO].to_vec();
    let pixels = number(bytes, 10).unwrap_or(0).saturating_add(WINDOWS as u32).saturating_sub(size as u32);
    file[10..14].copy_from_slice(&pixels.to_le_bytes());
    file.extend_from_slice(&info[..size.min(WINDOWS)]);
    file.resize(INFO + WINDOWS, 0);
    file[INFO..INFO + 4].copy_from_slice(&(WINDOWS as u32).to_le_bytes());
    file.extend_from_slice(&bytes[INFO + size..]);
    Ok(Cow::Owned(file))
}

/// The colour space that a header of version 4 or 5 names, describes or embeds (Microsoft's `BITMAPV5HEADER`); a linked
/// profile is not looked for.
fn space(bytes: &[u8]) -> Found {
    let has_space = info_size(bytes).is_some_and(|size| matches!(size, 108 | 124));
    let field = |at| number(bytes, INFO + at);
    match field(56).filter(|_| has_space).map(u32::to_le_bytes) {
        Some(CALIBRATED) => Ok(calibrated(bytes)),
        Some(EMBEDDED) if info_size(bytes) == Some(124) => {
            let place = |at| field(at).map(|value| value as usize);
            let start = place(112).and_then(|start| start.checked_add(INFO));
            let part = start.zip(place(116)).and_then(|(start, length)| bytes.get(start..start.checked_add(length)?));
            accept(part.ok_or(Finding::ProfileLeftOut)?, Samples::Rgb)
        }
        _ => Ok(None),
    }
}

/// `LCS_CALIBRATED_RGB`.
const CALIBRATED: [u8; 4] = [0; 4];
/// `PROFILE_EMBEDDED`.
const EMBEDDED: [u8; 4] = *b"DEBM";

/// Endpoints in XYZ and gammas, as fixed-point numbers. Many programs write none, or nonsense, and mean sRGB.
fn calibrated(bytes: &[u8]) -> Option<ColorSpace> {
    // 30 bits behind the point for endpoints, 16 for gammas.
    let fixed = |at, bits: u32| number(bytes, INFO + at).map(|value| f64::from(value) / f64::from(1 << bits));
    let endpoint = |at| Some([fixed(at, 30)?, fixed(at + 4, 30)?, fixed(at + 8, 30)?]);
    let endpoints = [endpoint(60)?, endpoint(72)?, endpoint(84)?];
    let gammas = [fixed(96, 16)?, fixed(100, 16)?, fixed(104, 16)?];
    // Files with three different gammas are not known.
    if endpoints.as_flattened().iter().all(|value| *value == 0.0) || gammas.iter().any(|gamma| *gamma != gammas[0]) {
        return None;
    }
    let white = [0, 1, 2].map(|i| endpoints.iter().map(|endpoint| endpoint[i]).sum::<f64>());
    let place = |[x, y, z]: [f64; 3]| {
        let sum = x + y + z;
        [x / sum, y / sum]
    };
    let [red, green, blue] = endpoints.map(place);
    let primaries = Primaries { red, green, blue, white: place(white) };
    ColorSpace::from_gamma(Some(primaries), Some(gammas[0]))
}

fn problem(error: ImageError) -> Problem {
    match error {
        ImageError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Problem::Truncated,
        ImageError::Unsupported(_) => Problem::Unsupported("a rare kind of bitmap"),
        _ => Problem::damaged("its header or its pixel data makes no sense"),
    }
}

/// Width and height from the header; `None` if the width is negative, or the header is short.
fn named_size(bytes: &[u8]) -> Option<Size> {
    if info_size(bytes)? < 40 {
        return None;
    }
    let side = |at| number(bytes, INFO + at).map(u32::cast_signed);
    Some(Size::new(u32::try_from(side(4)?).ok()?, side(8)?.unsigned_abs()))
}

fn probe(bytes: &[u8]) -> Result<Header, Problem> {
    // Reads the header and the palette, nothing that grows with the size.
    let Prepared { file, .. } = prepared(bytes)?;
    if let Some(Size { width, height }) = named_size(&file).filter(|size| size.width.max(size.height) > MAX_SIDE) {
        return Err(Problem::TooLarge(width, height));
    }
    let decoder = BmpDecoder::new(Cursor::new(&file[..])).map_err(problem)?;
    let (width, height) = decoder.dimensions();
    let alpha = decoder.color_type() == ColorType::Rgba8;
    let mut findings = Vec::new();
    let space = or_note(space(bytes), &mut findings);
    Ok(Header {
        format: Format::Bmp,
        size: Size::new(width, height),
        orientation: 1,
        alpha,
        native: Representations::of(if alpha { &[Representation::Rgba] } else { &[Representation::Rgb] }),
        space,
        animation: None,
        findings,
    })
}

fn decode(bytes: &[u8], header: &Header, _: &DecodeRequest) -> Result<Picture, Problem> {
    let Prepared { file, flipped } = prepared(bytes)?;
    let decoder = BmpDecoder::new(Cursor::new(&file[..])).map_err(problem)?;
    let channels = if header.alpha { 4 } else { 3 };
    let mut samples = vec![0; header.size.pixels() as usize * channels];
    if decoder.total_bytes() != samples.len() as u64 {
        return Err(Problem::damaged("its picture does not have the size in its header"));
    }
    decoder.read_image(&mut samples).map_err(problem)?;
    let pixels = if header.alpha { Pixels::Rgba(samples) } else { Pixels::Rgb(samples) };
    let image = Image::new(header.size, pixels);
    Ok(if flipped { orient::apply(image, TOP_DOWN) } else { image }.into())
}
