//! PNG (W3C, third edition): every colour type and depth, interlaced or not; animated or not. Animations, and pictures with a
//! high dynamic range, are reduced to 8 bits a sample. Written with a palette or as gray, RGB or RGBA, the smallest that keeps
//! every pixel.

use std::borrow::Cow;
use std::io::Cursor;

use ::png::{
    BitDepth, ColorType, Compression, Decoder, DecodingError, DeflateCompression, Encoder, Filter, Info, InterlaceInfo,
    PixelDimensions, Reader, Transformations, Unit,
};

use super::icc::Samples;
use super::samples::round_16;
use super::{
    Codec, DecodeRequest, EncodeRequest, Encoded, Encoders, Finding, Format, Header, Picture, Problem, Reading,
    decoded_to, exif, lossless,
};
use crate::color::ColorSpace;
use crate::error::Failure;
use crate::image::{Deep, Image, Pixels, Representations, Size};

mod color;
mod frames;
pub(super) mod metadata;
mod palette;
mod reduce;
mod strip;

use color::ColorChunks;

pub(super) const CODEC: Codec = Codec {
    reading: Reading::Whole { probe, decode },
    encode: Some(encode),
    strip: Some(strip::strip),
    animation: Some(frames::CODEC),
};
/// Raise it when any decoded pixel or written byte changes.
pub(super) const VERSION: &str = "1.6.1";

/// Name and version for the record.
const ENCODER: &str = "png 0.18.1";

const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";

pub(super) fn sniff(bytes: &[u8]) -> bool {
    bytes.starts_with(&SIGNATURE)
}

/// Chunks as (type, data), up to the first truncated one.
fn chunks(bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut rest = bytes.get(SIGNATURE.len()..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (length, after) = rest.split_first_chunk()?;
        let (kind, after) = after.split_first_chunk()?;
        let (data, after) = after.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        // Four bytes of checksum, which the decoder verifies.
        rest = after.get(4..)?;
        Some((*kind, data))
    })
}

pub(super) fn probe(bytes: &[u8]) -> Result<Header, Problem> {
    let Some((kind, data)) = chunks(bytes).next() else { return Err(Problem::Truncated) };
    let (b"IHDR", &[w0, w1, w2, w3, h0, h1, h2, h3, depth, color, ..]) = (&kind, data) else {
        return Err(Problem::damaged("it does not begin with its header"));
    };
    let mut header = Header {
        format: Format::Png,
        size: Size::new(u32::from_be_bytes([w0, w1, w2, w3]), u32::from_be_bytes([h0, h1, h2, h3])),
        orientation: 1,
        // Bit 2 of the color type.
        alpha: color & 4 != 0,
        native: Representations::of(&[]),
        space: ColorSpace::SRGB,
        animation: None,
        findings: Vec::new(),
    };
    let (mut before_data, mut orientation) = (true, None);
    let mut outline = frames::Outline::default();
    for (kind, data) in chunks(bytes) {
        match &kind {
            b"IDAT" => before_data = false,
            b"tRNS" if before_data => header.alpha |= transparency_fits(data, color),
            b"acTL" if before_data => outline.begin(data),
            b"fcTL" => outline.frame(data, [w0, w1, w2, w3, h0, h1, h2, h3]),
            b"eXIf" => orientation = orientation.or_else(|| exif::orientation(data)),
            _ => {}
        }
    }
    header.orientation = orientation.unwrap_or(1);
    header.animation = outline.animation();
    header.alpha |= header.animation.is_some() && outline.has_holes;
    let samples = if color & 2 == 0 { Samples::Gray } else { Samples::Rgb };
    header.space = ColorChunks::of(bytes).space(samples, &mut header.findings);
    let is_deep = depth == 16 && !header.findings.contains(&Finding::ToneMapped);
    header.native = decoded_to(color == 0, header.alpha, is_deep, header.size, &mut header.findings);
    Ok(header)
}

/// Whether a `tRNS` chunk has the length that the color type requires; any other is ignored.
fn transparency_fits(chunk: &[u8], color: u8) -> bool {
    match color {
        0 => chunk.len() == 2,
        2 => chunk.len() == 6,
        3 => (1..=256).contains(&chunk.len()),
        _ => false,
    }
}

/// Whether a chunk that is not needed for the samples is what the standard requires, as far as the decoder insists on it.
fn fits(kind: [u8; 4], data: &[u8], color: u8) -> bool {
    match &kind {
        b"tRNS" => transparency_fits(data, color),
        b"cICP" => matches!(data, [_, _, 0, 0 | 1]),
        b"gAMA" => data.len() == 4,
        b"cHRM" => data.len() == 32,
        b"sRGB" => data.len() == 1,
        b"mDCV" => data.len() == 24,
        b"cLLI" => data.len() == 8,
        _ => true,
    }
}

/// The file without invalid chunks for transparency and colours, which the decoder would use or refuse.
fn without_unfit_chunks(bytes: &[u8]) -> Cow<'_, [u8]> {
    let Some(&color) = bytes.get(25) else { return Cow::Borrowed(bytes) };
    let mut cleaned = Cow::Borrowed(bytes);
    let mut at = SIGNATURE.len();
    for (kind, data) in chunks(bytes) {
        if !fits(kind, data, color) {
            // Renamed to a private ancillary chunk, which decoders ignore, with a matching checksum.
            let file = cleaned.to_mut();
            file[at + 4..at + 8].copy_from_slice(b"skIp");
            let end = at + 8 + data.len();
            let checksum = crc32fast::hash(&file[at + 4..end]);
            file[end..end + 4].copy_from_slice(&checksum.to_be_bytes());
        }
        at += 12 + data.len();
    }
    cleaned
}

/// Why the file cannot be decoded, for users: the decoder's own messages are for programmers.
fn problem(error: &DecodingError, bytes: &[u8]) -> Problem {
    match error {
        DecodingError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Problem::Truncated,
        _ => Problem::damaged(damage(bytes)),
    }
}

/// What is wrong with a file that cannot be decoded, as far as its chunks show.
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
    if has_pixels { "its pixel data cannot be decompressed" } else { "it has no pixel data" }
}

pub(super) fn decode(bytes: &[u8], header: &Header, _: &DecodeRequest) -> Result<Picture, Problem> {
    let bytes = without_unfit_chunks(bytes);
    let mut decoder = Decoder::new(Cursor::new(&bytes[..]));
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    decoder.set_transformations(Transformations::EXPAND);
    let mut reader = decoder.read_info().map_err(|error| problem(&error, &bytes))?;
    let size = Size::new(reader.info().width, reader.info().height);
    if size != header.size {
        return Err(Problem::damaged("it has two headers"));
    }

    let (color, depth) = reader.output_color_type();
    if header.is_deep() && depth == BitDepth::Sixteen {
        let samples = deep_samples(&mut reader, color, size).map_err(|error| problem(&error, &bytes))?;
        let deep = match color {
            ColorType::Grayscale => Deep::Gray(samples),
            ColorType::GrayscaleAlpha => {
                let pixel = |&[gray, alpha]: &[u16; 2]| [gray, gray, gray, alpha];
                Deep::Rgba(samples.as_chunks().0.iter().flat_map(pixel).collect())
            }
            ColorType::Rgb => Deep::Rgb(samples),
            ColorType::Rgba => Deep::Rgba(samples),
            ColorType::Indexed => return Err(Problem::damaged("its palette is missing")),
        };
        return Ok(Image::new(size, Pixels::Deep(deep)).into());
    }
    let has_colors = matches!(color, ColorType::Rgb | ColorType::Rgba);
    let tone_map = if has_colors { ColorChunks::of(&bytes).tone_map() } else { None };
    let pixels = size.pixels() as usize;
    let mut samples = vec![0; pixels * color.samples()];
    if depth == BitDepth::Sixteen {
        let stride = size.width as usize * color.samples();
        let (mut row, mut written) = (vec![0; stride], 0);
        while let Some(interlaced) = reader.next_interlaced_row().map_err(|error| problem(&error, &bytes))? {
            let wide = interlaced.data().as_chunks::<2>().0;
            let row = &mut row[..wide.len()];
            row.iter_mut().zip(wide).for_each(|(out, sample)| *out = round_16(u16::from_be_bytes(*sample)));
            if let Some(tone_map) = &tone_map {
                let pixels = row.chunks_exact_mut(color.samples()).zip(wide.chunks_exact(color.samples()));
                for (out, pixel) in pixels {
                    let converted = tone_map.color([0, 1, 2].map(|i| u16::from_be_bytes(pixel[i])));
                    out[..3].copy_from_slice(&converted);
                }
            }
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
        reader.next_frame(&mut samples).map_err(|error| problem(&error, &bytes))?;
        if let Some(tone_map) = &tone_map {
            for pixel in samples.chunks_exact_mut(color.samples()) {
                let converted = tone_map.color([0, 1, 2].map(|i| u16::from(pixel[i]) * 257));
                pixel[..3].copy_from_slice(&converted);
            }
        }
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

/// The samples of a picture with 16 bits each.
fn deep_samples(reader: &mut Reader<Cursor<&[u8]>>, color: ColorType, size: Size) -> Result<Vec<u16>, DecodingError> {
    let sample = |bytes: &[u8; 2]| u16::from_be_bytes(*bytes);
    let count = size.pixels() as usize * color.samples();
    if reader.info().interlaced {
        let mut bytes = vec![0; count * 2];
        reader.next_frame(&mut bytes)?;
        return Ok(bytes.as_chunks().0.iter().map(sample).collect());
    }
    let mut samples = Vec::with_capacity(count);
    while let Some(row) = reader.next_row()? {
        samples.extend(row.data().as_chunks().0.iter().map(sample));
    }
    samples.resize(count, 0);
    Ok(samples)
}

pub(super) fn encode(image: Image, request: &EncodeRequest, _: Option<&dyn Encoders>) -> Result<Encoded, Failure> {
    let (image, encoder) = match request.palette {
        Some(palette) => match reduce::reduced(image, palette, request.background) {
            (image, true) => (image, reduce::ENCODER),
            (image, false) => (image, ENCODER),
        },
        None => (image, ENCODER),
    };
    let icc = image.space.icc().cloned();
    let Image { size, pixels, .. } = lossless(image);
    let mut info = Info::with_size(size.width, size.height);
    info.pixel_dims = request.resolution.map(|resolution| {
        // Per metre, to the nearest.
        let pixels = (u32::from(resolution) * 10_000 + 127) / 254;
        PixelDimensions { xppu: pixels, yppu: pixels, unit: Unit::Meter }
    });
    info.icc_profile = icc.as_deref().map(|profile| Cow::Owned(profile.to_vec()));
    let (color, samples) = match pixels {
        Pixels::Gray(samples) => (ColorType::Grayscale, samples),
        Pixels::Rgba(samples) => (ColorType::Rgba, samples),
        Pixels::Rgb(samples) => (ColorType::Rgb, samples),
        Pixels::Deep(deep) => {
            info.bit_depth = BitDepth::Sixteen;
            info.color_type = match &deep {
                Deep::Gray(_) => ColorType::Grayscale,
                Deep::Rgb(_) => ColorType::Rgb,
                Deep::Rgba(_) => ColorType::Rgba,
            };
            let rows: Vec<u8> = deep.samples().iter().flat_map(|sample| sample.to_be_bytes()).collect();
            drop(deep);
            let bytes = written(info, &rows, Packing::of(request.effort, Compression::Fast))?;
            return Ok(Encoded { bytes, format: Format::Png, encoder });
        }
        Pixels::Ycc(_) => unreachable!("it became RGB"),
    };

    (info.color_type, info.bit_depth) = (color, BitDepth::Eight);
    // A gray profile is not allowed with a palette.
    let indexed = palette::indexed(color, &samples, size.width as usize)
        .filter(|indexed| indexed.color != ColorType::Indexed || color != ColorType::Grayscale || icc.is_none());
    let mut bytes = written(info.clone(), &samples, Packing::of(request.effort, Compression::Fast))?;
    if let Some(indexed) = indexed {
        (info.color_type, info.bit_depth) = (indexed.color, indexed.depth);
        let some = |bytes: Vec<u8>| (!bytes.is_empty()).then_some(Cow::Owned(bytes));
        (info.palette, info.trns) = (some(indexed.palette), some(indexed.opacities));
        let small = written(info, &indexed.rows, Packing::of(request.effort, Compression::High))?;
        if small.len() < bytes.len() {
            bytes = small;
        }
    }
    Ok(Encoded { bytes, format: Format::Png, encoder })
}

/// How rows are compressed.
#[derive(Clone, Copy)]
enum Packing {
    /// In one of the encoder's usual ways.
    Usual(Compression),
    /// With this level of Deflate, 1…9, and for each row the filter that suits it.
    Level(u8),
}

impl Packing {
    /// With this effort, or in the usual way if none is given.
    fn of(effort: Option<u8>, usual: Compression) -> Self {
        effort.map_or(Self::Usual(usual), Self::Level)
    }
}

fn written(info: Info<'_>, rows: &[u8], packing: Packing) -> Result<Vec<u8>, Failure> {
    let is_narrow = !matches!(info.bit_depth, BitDepth::Eight | BitDepth::Sixteen);
    let indexed = is_narrow || info.color_type == ColorType::Indexed;
    let mut bytes = Vec::new();
    let write = || -> Result<(), ::png::EncodingError> {
        let mut encoder = Encoder::with_info(&mut bytes, info)?;
        match packing {
            Packing::Usual(compression) => encoder.set_compression(compression),
            Packing::Level(level) => {
                encoder.set_deflate_compression(DeflateCompression::Level(level));
                encoder.set_filter(Filter::Adaptive);
            }
        }
        if indexed {
            // Filters do not help: neighbouring indices are unrelated.
            encoder.set_filter(Filter::NoFilter);
        }
        let mut writer = encoder.write_header()?;
        writer.write_image_data(rows)?;
        writer.finish()
    };
    write().map_err(|error| Failure::system(format!("The PNG file could not be written: {error}."), "Try again."))?;
    Ok(bytes)
}
