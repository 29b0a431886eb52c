//! The pixels, by the crate `jxl`: linked into a program of its own and native builds only.

use jxl::api::{
    AlphaMode, Endianness, Event, ExtraChannel, JxlColorEncoding, JxlColorProfile, JxlColorType, JxlDataFormat,
    JxlDecoder, JxlDecoderOptions, JxlOutputBuffer, JxlPixelFormat, JxlTransferFunction, ProfileLevel,
};
use jxl::error::Error;

use super::super::MAX_PIXELS;
use super::super::decoders::{Product, Trouble};
use super::{Kind, Report};

/// Most samples of a picture: five channels of the largest one.
const MAX_SAMPLES: usize = 5 * MAX_PIXELS as usize;

/// Decodes the first frame of a file, as stored.
pub fn decode(file: &[u8]) -> Product {
    Product::of(read(file))
}

fn read(mut file: &[u8]) -> Result<(Report, Vec<u8>), Trouble> {
    let mut options = JxlDecoderOptions::default();
    options.adjust_orientation = false;
    options.alpha_mode = AlphaMode::Unpremultiplied;
    options.sample_limit = Some(MAX_SAMPLES);
    options.max_profile_level = ProfileLevel::Main10;
    let mut decoder = JxlDecoder::new(options);
    match decoder.process(&mut file, None, None).map_err(trouble)? {
        Event::BasicInfo => {}
        Event::NeedMoreInput { .. } => return Err(Trouble::Truncated),
        _ => return Err(Trouble::Damaged),
    }
    let (Some(info), Some(profile)) = (decoder.basic_info(), decoder.embedded_color_profile()) else {
        return Err(Trouble::Damaged);
    };
    let (width, height) = info.size;
    let pixels = width.checked_mul(height).filter(|pixels| *pixels as u64 <= MAX_PIXELS).ok_or(Trouble::Unsupported)?;
    let alpha = info.extra_channels.iter().any(|channel| channel.ec_type == ExtraChannel::Alpha);
    let is_gray = decoder.current_pixel_format().is_some_and(|format| format.color_type.is_grayscale());
    let (channels, color_type) = match (is_gray, alpha) {
        (true, false) => (1, JxlColorType::Grayscale),
        (true, true) => (2, JxlColorType::GrayscaleAlpha),
        (false, false) => (3, JxlColorType::Rgb),
        (false, true) => (4, JxlColorType::Rgba),
    };
    let endianness = Endianness::LittleEndian;
    let (kind, format) = match profile {
        JxlColorProfile::Icc(_) if !info.uses_original_profile && !is_gray => {
            (Kind::Light, JxlDataFormat::F16 { endianness })
        }
        // The decoder would scatter dots instead of rounding.
        _ if info.uses_original_profile && info.bit_depth.bits_per_sample() > 8 => {
            (Kind::Words, JxlDataFormat::U16 { endianness, bit_depth: 16 })
        }
        profile if has_high_range(profile) => (Kind::Words, JxlDataFormat::U16 { endianness, bit_depth: 16 }),
        _ => (Kind::Bytes, JxlDataFormat::U8 { bit_depth: 8 }),
    };
    let icc = match profile {
        JxlColorProfile::Icc(icc) if kind == Kind::Light || info.uses_original_profile => icc.clone(),
        _ => Vec::new(),
    };
    let extra_channel_format = vec![None; info.extra_channels.len()];
    let format = JxlPixelFormat { color_type, color_data_format: Some(format), extra_channel_format };
    decoder.set_pixel_format(format).map_err(trouble)?;
    let row = width * usize::from(channels) * kind.bytes();
    let mut data = gray(pixels, channels, kind);
    let is_partial = !frame(&mut decoder, &mut file, &mut data, height, row)?;
    data.extend_from_slice(&icc);
    let profile = icc.len() as u32;
    Ok((Report { width: width as u32, height: height as u32, channels, kind, is_partial, profile }, data))
}

/// What shows where nothing is decoded: opaque gray.
fn gray(pixels: usize, channels: u8, kind: Kind) -> Vec<u8> {
    let [half, one]: [&[u8]; 2] = match kind {
        Kind::Bytes => [&[128], &[255]],
        Kind::Words => [&[0, 128], &[255, 255]],
        // 0.215, and 1.
        Kind::Light => [&[0xe1, 0x32], &[0, 0x3c]],
    };
    let has_alpha = channels.is_multiple_of(2);
    let colors = usize::from(channels) - usize::from(has_alpha);
    let pixel = [half.repeat(colors), if has_alpha { one.to_vec() } else { Vec::new() }].concat();
    pixel.repeat(pixels)
}

/// Whether all of the first frame was decoded; otherwise, what there is of it.
fn frame(
    decoder: &mut JxlDecoder,
    file: &mut &[u8],
    data: &mut [u8],
    height: usize,
    row: usize,
) -> Result<bool, Trouble> {
    loop {
        let mut buffers = [JxlOutputBuffer::new(data, height, row)];
        match decoder.process(file, Some(&mut buffers), None) {
            Ok(Event::FrameComplete { .. }) => return Ok(true),
            Ok(Event::BasicInfo | Event::FrameHeader) => {}
            Ok(Event::Complete) => return Err(Trouble::Damaged),
            Ok(Event::NeedMoreInput { .. }) => {
                return match decoder.flush_pixels(&mut buffers, None) {
                    Ok(true) => Ok(false),
                    _ => Err(Trouble::Truncated),
                };
            }
            Err(error) => return Err(trouble(error)),
        }
    }
}

fn has_high_range(profile: &JxlColorProfile) -> bool {
    matches!(
        profile,
        JxlColorProfile::Simple(
            JxlColorEncoding::RgbColorSpace { transfer_function, .. }
            | JxlColorEncoding::GrayscaleColorSpace { transfer_function, .. }
        ) if matches!(transfer_function, JxlTransferFunction::PQ | JxlTransferFunction::HLG)
    )
}

fn trouble(error: Error) -> Trouble {
    match error {
        Error::OutOfBounds(_) | Error::SectionTooShort => Trouble::Truncated,
        Error::ImageSizeTooLarge(..) | Error::ImageDimensionTooLarge(_) => Trouble::Unsupported,
        _ => Trouble::Damaged,
    }
}
