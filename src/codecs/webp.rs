//! WebP (RFC 9649): lossy, lossless, with alpha, animated. The host's libwebp writes lossy pictures, and lossless ones too
//! if it is loaded; the container with profiles and frames is written here.

use std::borrow::Cow;
use std::io::Cursor;

use image_webp::{ColorType, DecodingError, WebPDecoder, WebPEncoder};

use super::icc::{Samples, accept, or_note};
use super::{
    Codec, DecodeRequest, EncodeRequest, Encoded, Encoder, Encoders, Encoding, Finding, Format, Header, MAX_METADATA,
    Picture, Problem, Raster, Reading, encoders, exif,
};
use crate::error::Failure;
use crate::image::convert::convert;
use crate::image::{Image, Pixels, Representation, Representations, Size};

mod frames;
pub(super) mod metadata;
mod strip;

pub(super) const CODEC: Codec = Codec {
    reading: Reading::Whole { probe, decode },
    encode: Some(encode),
    strip: Some(strip::strip),
    animation: Some(frames::CODEC),
};
/// Raise it when any decoded pixel or written byte changes.
pub(super) const VERSION: &str = "1.3.0";

/// Flags of `VP8X` for metadata.
const EXIF: u8 = 8;
const XMP: u8 = 4;
/// Longest side that the format allows.
const MAX_SIDE: u32 = 16_383;

/// The flags of an extended header for a profile and for transparency.
const PROFILE: u8 = 0x20;
const ALPHA: u8 = 0x10;

pub(super) fn sniff(bytes: &[u8]) -> bool {
    matches!(bytes, [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..])
}

fn problem(error: DecodingError) -> Problem {
    match error {
        DecodingError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Problem::Truncated,
        _ => Problem::damaged("one of its parts makes no sense"),
    }
}

fn probe(bytes: &[u8]) -> Result<Header, Problem> {
    // The picture may be complete while what follows, such as its orientation, is truncated.
    let named = bytes[4..].first_chunk().map_or(0, |length| u32::from_le_bytes(*length) as usize);
    if bytes.len() < named.saturating_add(8) {
        return Err(Problem::Truncated);
    }
    let file = tidied(bytes);
    let mut decoder = WebPDecoder::new(Cursor::new(&file[..])).map_err(problem)?;
    decoder.set_memory_limit(MAX_METADATA);
    let (width, height) = decoder.dimensions();
    let mut findings = Vec::new();
    let profile = decoder.icc_profile().map_err(|_| Finding::ProfileLeftOut);
    let accepted = |profile: Vec<u8>| accept(&profile, Samples::Rgb);
    let space = or_note(profile.and_then(|profile| profile.map_or(Ok(None), accepted)), &mut findings);
    let alpha = decoder.has_alpha();
    Ok(Header {
        format: Format::Webp,
        size: Size::new(width, height),
        orientation: decoder.exif_metadata().ok().flatten().and_then(|block| exif::orientation(&block)).unwrap_or(1),
        alpha,
        native: Representations::of(if alpha { &[Representation::Rgba] } else { &[Representation::Rgb] }),
        space,
        animation: frames::animation(&decoder),
        findings,
    })
}

/// The file up to the end given in its header, without flags for missing metadata, which would make the decoder reject
/// it.
fn tidied(bytes: &[u8]) -> Cow<'_, [u8]> {
    let named = bytes.get(4..8).and_then(|length| length.first_chunk()).map_or(0, |length| u32::from_le_bytes(*length));
    let bytes = bytes.get(..(named as usize).saturating_add(8)).unwrap_or(bytes);
    let Some(&flags) = bytes.get(20).filter(|_| bytes.get(12..16) == Some(b"VP8X")) else {
        return Cow::Borrowed(bytes);
    };
    let mut missing = EXIF | XMP;
    let mut rest = bytes.get(12..).unwrap_or_default();
    while let Some((kind, after)) = rest.split_first_chunk::<4>() {
        match kind {
            b"EXIF" => missing &= !EXIF,
            b"XMP " => missing &= !XMP,
            _ => {}
        }
        let Some((length, after)) = after.split_first_chunk() else { break };
        let length = u32::from_le_bytes(*length) as usize;
        rest = after.get(length.saturating_add(length % 2)..).unwrap_or_default();
    }
    if flags & missing == 0 {
        return Cow::Borrowed(bytes);
    }
    let mut file = bytes.to_vec();
    file[20] &= !missing;
    Cow::Owned(file)
}

fn decode(bytes: &[u8], header: &Header, _: &DecodeRequest) -> Result<Picture, Problem> {
    let file = tidied(bytes);
    let mut decoder = WebPDecoder::new(Cursor::new(&file[..])).map_err(problem)?;
    let length = decoder.output_buffer_size().ok_or(Problem::TooLarge(header.size.width, header.size.height))?;
    let mut samples = vec![0; length];
    decoder.read_image(&mut samples).map_err(problem)?;
    let pixels = if decoder.has_alpha() { Pixels::Rgba(samples) } else { Pixels::Rgb(samples) };
    Ok(Image::new(header.size, pixels).into())
}

fn encode(image: Image, request: &EncodeRequest, encoders: Option<&dyn Encoders>) -> Result<Encoded, Failure> {
    let size = image.size;
    within_limits(size)?;
    // Always a file of colours: a gray profile is applied.
    let image = match (&image.pixels, image.space.icc()) {
        (Pixels::Gray(_), Some(_)) => convert(image, Representation::Rgb),
        _ => image,
    };
    let icc = image.space.icc().cloned();
    let (bytes, encoder) = picture(image, request, encoders)?;
    let bytes = match icc {
        Some(profile) => with_profile(&bytes, &profile, size).ok_or_else(|| {
            Failure::system("The WebP encoder returned an unreadable file.", "Try again, or choose JPEG or PNG.")
        })?,
        None => bytes,
    };
    Ok(Encoded { bytes, format: Format::Webp, encoder })
}

fn within_limits(size: Size) -> Result<(), Failure> {
    if size.width > MAX_SIDE || size.height > MAX_SIDE {
        return Err(Failure::execute(
            format!("A WebP file can be at most 16,383 pixels a side; the picture is {}×{}.", size.width, size.height),
            "Make the picture smaller, or choose JPEG or PNG.",
        ));
    }
    Ok(())
}

/// A file with the picture and nothing else, and the name of its encoder.
fn picture(
    image: Image,
    request: &EncodeRequest,
    encoders: Option<&dyn Encoders>,
) -> Result<(Vec<u8>, &'static str), Failure> {
    match encoders::loaded(encoders, Encoder::Webp) {
        Some((encoders, name)) => {
            let image = convert(image, Representation::Rgba);
            let Pixels::Rgba(rgba) = &image.pixels else { unreachable!("converted above") };
            let raster = Raster { rgba, size: image.size, depth: 8 };
            let encoding = Encoding::Webp { quality: request.quality, lossless: request.lossless };
            Ok((encoders.encode(raster, encoding)?, name))
        }
        None if request.lossless => Ok((lossless(image)?, "image-webp 0.2.4")),
        None => Err(encoders::not_loaded("lossy WebP", "Reload the page, or choose lossless WebP, JPEG or PNG.")),
    }
}

fn lossless(image: Image) -> Result<Vec<u8>, Failure> {
    let image = match image.representation() {
        Representation::Ycc => convert(image, Representation::Rgb),
        _ => image,
    };
    let (color, samples) = match &image.pixels {
        Pixels::Gray(samples) => (ColorType::L8, samples),
        Pixels::Rgb(samples) => (ColorType::Rgb8, samples),
        Pixels::Rgba(samples) => (ColorType::Rgba8, samples),
        Pixels::Ycc(_) | Pixels::Deep(_) => unreachable!("converted above"),
    };
    let mut bytes = Vec::new();
    WebPEncoder::new(&mut bytes)
        .encode(samples, image.size.width, image.size.height, color)
        .map_err(|error| Failure::system(format!("The WebP file could not be written: {error}."), "Try again."))?;
    Ok(bytes)
}

/// Chunks of a WebP file as (type, content), without padding; `None` when one is truncated.
fn chunks(file: &[u8]) -> Option<Vec<([u8; 4], &[u8])>> {
    let mut rest = file.get(12..).filter(|_| sniff(file))?;
    let mut chunks = Vec::new();
    while !rest.is_empty() {
        let (kind, after) = rest.split_first_chunk::<4>()?;
        let (length, after) = after.split_first_chunk::<4>()?;
        let length = u32::from_le_bytes(*length) as usize;
        chunks.push((*kind, after.get(..length)?));
        rest = after.get(length + length % 2..).unwrap_or_default();
    }
    Some(chunks)
}

/// Adds a profile to a file that an encoder wrote: an extended header (`VP8X`) with its flag, then `ICCP`, then the
/// unchanged picture (RFC 9649, section 2.7).
fn with_profile(file: &[u8], profile: &[u8], size: Size) -> Option<Vec<u8>> {
    let chunks = chunks(file)?;
    let mut extended = extended_header(&chunks, size)?;
    extended[0] |= PROFILE;

    let mut out = b"RIFF\0\0\0\0WEBP".to_vec();
    push(&mut out, b"VP8X", &extended);
    push(&mut out, b"ICCP", profile);
    for (kind, content) in chunks.iter().filter(|(kind, _)| !matches!(kind, b"VP8X" | b"ICCP")) {
        push(&mut out, kind, content);
    }
    Some(sealed(out))
}

/// The extended header of a file, or the one that it would have.
fn extended_header(chunks: &[([u8; 4], &[u8])], size: Size) -> Option<[u8; 10]> {
    let find = |wanted: &[u8; 4]| chunks.iter().find(|(kind, _)| kind == wanted).map(|(_, content)| *content);
    if let Some(present) = find(b"VP8X") {
        return present.first_chunk().copied();
    }
    let mut extended = [0; 10];
    // Bit 28 of a lossless stream after its signature says that alpha is used.
    let lossless_alpha = find(b"VP8L").and_then(|stream| stream.get(4)).is_some_and(|byte| byte & 0x10 != 0);
    extended[0] = if lossless_alpha || find(b"ALPH").is_some() { ALPHA } else { 0 };
    extended[4..7].copy_from_slice(&(size.width - 1).to_le_bytes()[..3]);
    extended[7..10].copy_from_slice(&(size.height - 1).to_le_bytes()[..3]);
    Some(extended)
}

/// Adds a chunk.
fn push(out: &mut Vec<u8>, kind: &[u8; 4], content: &[u8]) {
    out.extend_from_slice(kind);
    out.extend_from_slice(&(content.len() as u32).to_le_bytes());
    out.extend_from_slice(content);
    out.extend(std::iter::repeat_n(0, content.len() % 2));
}

/// Writes the file's length into its header.
fn sealed(mut file: Vec<u8>) -> Vec<u8> {
    let length = (file.len() - 8) as u32;
    file[4..8].copy_from_slice(&length.to_le_bytes());
    file
}
