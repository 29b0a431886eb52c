//! PNG (W3C, third edition): every colour type and depth, interlaced or not, 16-bit samples rounded to 8; of an
//! animation the default picture. Written as 8-bit gray, RGB or RGBA, whichever is the least that keeps every pixel.

use std::borrow::Cow;
use std::io::Cursor;
use std::sync::Arc;

use ::png::{BitDepth, ColorType, Compression, Decoder, DecodingError, Encoder, Info, InterlaceInfo, Transformations};

use super::icc::{ColorModel, accept, model};
use super::{
    Codec, DecodeRequest, EncodeRequest, Encoded, Format, Header, MAX_METADATA, Picture, Problem, WebpEncoder, exif,
};
use crate::error::Failure;
use crate::image::convert::{convert, drop_alpha, is_opaque};
use crate::image::{Image, Pixels, Representation, Representations, Size};

pub(super) const CODEC: Codec = Codec { probe, decode, encode: Some(encode) };

const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";

pub(super) fn sniff(bytes: &[u8]) -> bool {
    bytes.starts_with(&SIGNATURE)
}

/// Chunks as (type, data), up to the first that is cut off.
fn chunks(bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut rest = bytes.get(SIGNATURE.len()..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (length, after) = rest.split_first_chunk()?;
        let (kind, after) = after.split_first_chunk()?;
        let (data, after) = after.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        // Four bytes of checksum, which the decoder judges.
        rest = after.get(4..)?;
        Some((*kind, data))
    })
}

fn probe(bytes: &[u8]) -> Result<Header, Problem> {
    let Some((kind, data)) = chunks(bytes).next() else { return Err(Problem::Truncated) };
    let (b"IHDR", &[w0, w1, w2, w3, h0, h1, h2, h3, _depth, color, ..]) = (&kind, data) else {
        return Err(Problem::damaged("it does not begin with its header"));
    };
    let mut header = Header {
        format: Format::Png,
        size: Size::new(u32::from_be_bytes([w0, w1, w2, w3]), u32::from_be_bytes([h0, h1, h2, h3])),
        orientation: 1,
        // Bit 2 of the color type.
        alpha: color & 4 != 0,
        native: Representations::of(&[]),
        icc: None,
    };
    let mut before_data = true;
    for (kind, data) in chunks(bytes) {
        match &kind {
            b"IDAT" => before_data = false,
            b"tRNS" if before_data => header.alpha = true,
            b"iCCP" if before_data && header.icc.is_none() => header.icc = profile(data)?,
            b"eXIf" => header.orientation = exif::orientation(data),
            _ => {}
        }
    }
    header.native = Representations::of(match (header.alpha, color) {
        (true, _) => &[Representation::Rgba],
        (false, 0) => &[Representation::Gray],
        _ => &[Representation::Rgb],
    });
    Ok(header)
}

/// The profile of an `iCCP` chunk: name, 0, compression method 0, zlib stream.
fn profile(chunk: &[u8]) -> Result<Option<Arc<[u8]>>, Problem> {
    use miniz_oxide::inflate::{TINFLStatus, decompress_to_vec_zlib_with_limit};

    let Some(end) = chunk.iter().position(|&byte| byte == 0) else { return Ok(None) };
    let [0, stream @ ..] = &chunk[end + 1..] else { return Ok(None) };
    match decompress_to_vec_zlib_with_limit(stream, MAX_METADATA) {
        Ok(profile) => accept(&profile),
        Err(error) if error.status == TINFLStatus::HasMoreOutput => Err(Problem::ProfileTooLarge),
        // A broken profile is no reason to refuse the picture.
        Err(_) => Ok(None),
    }
}

/// What keeps the file from being decoded, in words: the decoder's own are for programmers.
fn problem(error: &DecodingError, bytes: &[u8]) -> Problem {
    match error {
        DecodingError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Problem::Truncated,
        _ => Problem::damaged(damage(bytes)),
    }
}

/// What is wrong with a file that cannot be decoded, as far as its chunks tell.
fn damage(bytes: &[u8]) -> &'static str {
    let mut rest = bytes.get(SIGNATURE.len()..).unwrap_or_default();
    let mut has_pixels = false;
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        // The checksum covers the type and the data.
        let Some((covered, after)) = after.split_at_checked(length.saturating_add(4)) else { break };
        let Some((checksum, after)) = after.split_first_chunk::<4>() else { break };
        let is_pixels = covered.starts_with(b"IDAT");
        if crc32fast::hash(covered) != u32::from_be_bytes(*checksum) {
            return if is_pixels { "its pixel data was changed" } else { "one of its parts was changed" };
        }
        has_pixels |= is_pixels;
        rest = after;
    }
    if has_pixels { "its pixel data cannot be unpacked" } else { "it has no pixel data" }
}

fn decode(bytes: &[u8], header: &Header, _: &DecodeRequest) -> Result<Picture, Problem> {
    let mut decoder = Decoder::new(Cursor::new(bytes));
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    decoder.set_transformations(Transformations::EXPAND);
    let mut reader = decoder.read_info().map_err(|error| problem(&error, bytes))?;
    let size = Size::new(reader.info().width, reader.info().height);
    if size != header.size {
        return Err(Problem::damaged("it has two headers"));
    }

    let (color, depth) = reader.output_color_type();
    let pixels = size.pixels() as usize;
    let mut samples = vec![0; pixels * color.samples()];
    if depth == BitDepth::Sixteen {
        let stride = size.width as usize * color.samples();
        let (mut row, mut written) = (vec![0; stride], 0);
        while let Some(interlaced) = reader.next_interlaced_row().map_err(|error| problem(&error, bytes))? {
            let wide = interlaced.data().as_chunks::<2>().0;
            let row = &mut row[..wide.len()];
            row.iter_mut().zip(wide).for_each(|(out, sample)| *out = round_16(u16::from_be_bytes(*sample)));
            match interlaced.interlace() {
                InterlaceInfo::Null(_) => {
                    samples[written..][..stride].copy_from_slice(row);
                    written += stride;
                }
                InterlaceInfo::Adam7(pass) => {
                    ::png::expand_interlaced_row(&mut samples, stride, row, pass, color.samples() as u8 * 8);
                }
            }
        }
    } else {
        reader.next_frame(&mut samples).map_err(|error| problem(&error, bytes))?;
    }

    let pixels = match color {
        ColorType::Grayscale => Pixels::Gray(samples),
        ColorType::GrayscaleAlpha => {
            let mut rgba = vec![0; pixels * 4];
            for (out, &[gray, alpha]) in rgba.as_chunks_mut::<4>().0.iter_mut().zip(samples.as_chunks::<2>().0) {
                *out = [gray, gray, gray, alpha];
            }
            Pixels::Rgba(rgba)
        }
        ColorType::Rgb => Pixels::Rgb(samples),
        ColorType::Rgba => Pixels::Rgba(samples),
        ColorType::Indexed => return Err(Problem::damaged("its palette is missing")),
    };
    Ok(Image::new(size, pixels).into())
}

/// Exactly round(sample · 255 / 65535), as libpng scales.
const fn round_16(sample: u16) -> u8 {
    ((sample as u32 * 255 + 32_895) >> 16) as u8
}

fn encode(image: Image, _: &EncodeRequest, _: Option<&dyn WebpEncoder>) -> Result<Encoded, Failure> {
    let icc = image.icc.clone();
    let profile_model = icc.as_deref().map(model);
    let image = match image.representation() {
        // PNG wants a profile of the picture's own model.
        Representation::Gray if profile_model.is_some_and(|model| model != ColorModel::Gray) => {
            convert(image, Representation::Rgb)
        }
        Representation::Ycc => convert(image, Representation::Rgb),
        _ => image,
    };
    let size = image.size;
    let (color, samples) = match image.pixels {
        Pixels::Gray(samples) => (ColorType::Grayscale, samples),
        Pixels::Rgba(samples) if is_opaque(&samples) => (ColorType::Rgb, drop_alpha(&samples)),
        Pixels::Rgba(samples) => (ColorType::Rgba, samples),
        Pixels::Rgb(samples) => (ColorType::Rgb, samples),
        Pixels::Ycc(_) => unreachable!("converted above"),
    };

    let mut info = Info::with_size(size.width, size.height);
    (info.color_type, info.bit_depth) = (color, BitDepth::Eight);
    info.icc_profile = icc
        .as_deref()
        .filter(|_| color == ColorType::Grayscale || profile_model != Some(ColorModel::Gray))
        .map(|profile| Cow::Owned(profile.to_vec()));
    let mut bytes = Vec::new();
    let write = || -> Result<(), ::png::EncodingError> {
        let mut encoder = Encoder::with_info(&mut bytes, info)?;
        encoder.set_compression(Compression::Fast);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&samples)?;
        writer.finish()
    };
    write().map_err(|error| Failure::system(format!("The PNG file could not be written: {error}."), "Try again."))?;
    Ok(Encoded { bytes, format: Format::Png, encoder: "png 0.18.1" })
}
