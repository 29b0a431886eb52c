//! The pixels, by the crate `jxl`: linked into a program of its own and native builds only.

use jxl::api::{
    AlphaMode, Endianness, Event, ExtraChannel, JxlColorEncoding, JxlColorProfile, JxlColorType, JxlDataFormat,
    JxlDecoder, JxlDecoderOptions, JxlOutputBuffer, JxlPixelFormat, JxlTransferFunction, ProfileLevel,
};
use jxl::error::Error;

use super::super::MAX_PIXELS;
use super::super::decoders::{Product, Series, Trouble};
use super::{Kind, Report, Timed};
use crate::error::Failure;

/// Most samples of a picture: five channels of the largest one.
const MAX_SAMPLES: usize = 5 * MAX_PIXELS as usize;

/// Decodes the first frame of a file, as stored.
pub fn decode(mut file: &[u8]) -> Product {
    Product::of(first(&mut file))
}

fn first(file: &mut &[u8]) -> Result<(Report, Vec<u8>), Trouble> {
    let mut pictures = Pictures::open(file)?;
    let (mut data, is_partial, _) = pictures.next(file)?.ok_or(Trouble::Damaged)?;
    data.extend_from_slice(&pictures.profile);
    Ok((Report { is_partial, ..pictures.report }, data))
}

/// Begins an animation, whose file this is.
pub fn begin(file: Vec<u8>) -> Box<dyn Series> {
    Box::new(Animated { file, at: 0, pictures: None, is_over: false })
}

/// An animation that is being read.
struct Animated {
    file: Vec<u8>,
    /// How much of it the decoder has taken.
    at: usize,
    /// From the first frame on.
    pictures: Option<Pictures>,
    is_over: bool,
}

impl Series for Animated {
    fn next(&mut self, _: &[u8]) -> Result<Product, Failure> {
        let frame = self.frame();
        self.is_over |= !matches!(frame, Ok((Some(_), _)));
        Ok(Product::of(frame))
    }
}

impl Animated {
    /// The next frame, the first one with the profile; none after the last one.
    fn frame(&mut self) -> Result<(Option<Timed>, Vec<u8>), Trouble> {
        if self.is_over {
            return Ok((None, Vec::new()));
        }
        let mut rest = &self.file[self.at..];
        let is_first = self.pictures.is_none();
        let pictures = match &mut self.pictures {
            Some(pictures) => pictures,
            none => none.insert(Pictures::open(&mut rest)?),
        };
        let next = pictures.next(&mut rest)?;
        self.at = self.file.len() - rest.len();
        let Some((mut data, is_partial, microseconds)) = next else { return Ok((None, Vec::new())) };
        if is_partial && !is_first {
            return Err(Trouble::Truncated);
        }
        if is_first {
            data.extend_from_slice(&pictures.profile);
        }
        let profile = if is_first { pictures.report.profile } else { 0 };
        let picture = Report { is_partial, profile, ..pictures.report };
        Ok((Some(Timed { picture, microseconds }), data))
    }
}

/// The frames of a file, one after another.
struct Pictures {
    decoder: JxlDecoder,
    /// What they have in common.
    report: Report,
    profile: Vec<u8>,
    /// Whether there is another one.
    has_more: bool,
}

impl Pictures {
    /// Reads the header.
    fn open(file: &mut &[u8]) -> Result<Self, Trouble> {
        let mut options = JxlDecoderOptions::default();
        options.adjust_orientation = false;
        options.alpha_mode = AlphaMode::Unpremultiplied;
        options.sample_limit = Some(MAX_SAMPLES);
        options.max_profile_level = ProfileLevel::Main10;
        let mut decoder = JxlDecoder::new(options);
        match decoder.process(file, None, None).map_err(trouble)? {
            Event::BasicInfo => {}
            Event::NeedMoreInput { .. } => return Err(Trouble::Truncated),
            _ => return Err(Trouble::Damaged),
        }
        let (Some(info), Some(profile)) = (decoder.basic_info(), decoder.embedded_color_profile()) else {
            return Err(Trouble::Damaged);
        };
        let (width, height) = info.size;
        if width.checked_mul(height).is_none_or(|pixels| pixels as u64 > MAX_PIXELS) {
            return Err(Trouble::Unsupported);
        }
        let alpha = info.extra_channels.iter().any(|channel| channel.ec_type == ExtraChannel::Alpha);
        let has_inks = info.extra_channels.iter().any(|channel| channel.ec_type == ExtraChannel::Black);
        let is_gray = decoder.current_pixel_format().is_some_and(|format| format.color_type.is_grayscale());
        let (channels, color_type) = match (is_gray, alpha) {
            _ if has_inks => (4 + u8::from(alpha), JxlColorType::Cmyk),
            (true, false) => (1, JxlColorType::Grayscale),
            (true, true) => (2, JxlColorType::GrayscaleAlpha),
            (false, false) => (3, JxlColorType::Rgb),
            (false, true) => (4, JxlColorType::Rgba),
        };
        let endianness = Endianness::LittleEndian;
        let (kind, format) = match profile {
            JxlColorProfile::Icc(_) if !info.uses_original_profile && !is_gray && !has_inks => {
                (Kind::Light, JxlDataFormat::F16 { endianness })
            }
            // The decoder would scatter dots instead of rounding.
            _ if info.uses_original_profile && info.bit_depth.bits_per_sample() > 8 => {
                (Kind::Words, JxlDataFormat::U16 { endianness, bit_depth: 16 })
            }
            profile if has_high_range(profile) && !has_inks => {
                (Kind::Words, JxlDataFormat::U16 { endianness, bit_depth: 16 })
            }
            _ => (Kind::Bytes, JxlDataFormat::U8 { bit_depth: 8 }),
        };
        let profile = match profile {
            JxlColorProfile::Icc(icc) if kind == Kind::Light || info.uses_original_profile => icc.clone(),
            _ => Vec::new(),
        };
        let mut extra_channel_format = vec![None; info.extra_channels.len()];
        if has_inks {
            // Opacity is no channel of inks: it gets a plane of its own.
            let mut kinds = info.extra_channels.iter().map(|channel| channel.ec_type);
            if let Some(alpha) = kinds.position(|kind| kind == ExtraChannel::Alpha) {
                extra_channel_format[alpha] = Some(format);
            }
        }
        let format = JxlPixelFormat { color_type, color_data_format: Some(format), extra_channel_format };
        decoder.set_pixel_format(format).map_err(trouble)?;
        let (width, height, length) = (width as u32, height as u32, profile.len() as u32);
        let report = Report { width, height, channels, has_inks, kind, is_partial: false, profile: length };
        Ok(Self { decoder, report, profile, has_more: true })
    }

    /// The next frame that is shown: its samples, whether part of it is missing, and for how many microseconds it is shown.
    fn next(&mut self, file: &mut &[u8]) -> Result<Option<(Vec<u8>, bool, u64)>, Trouble> {
        if !self.has_more {
            return Ok(None);
        }
        let Report { width, height, channels, has_inks, kind, .. } = self.report;
        let (width, height) = (width as usize, height as usize);
        let interleaved = if has_inks { 4 } else { channels };
        let row = width * usize::from(interleaved) * kind.bytes();
        let mut data = gray(width * height, interleaved, kind);
        let has_plane = channels > interleaved;
        if has_plane {
            data.resize(data.len() + width * height * kind.bytes(), u8::MAX);
        }
        let mut microseconds = 0;
        loop {
            let (colors, plane) = data.split_at_mut(row * height);
            let colors = JxlOutputBuffer::new(colors, height, row);
            let mut buffers = vec![colors];
            if has_plane {
                buffers.push(JxlOutputBuffer::new(plane, height, width * kind.bytes()));
            }
            match self.decoder.process(file, Some(&mut buffers), None) {
                Ok(Event::FrameComplete { has_more_frames }) => {
                    self.has_more = has_more_frames;
                    return Ok(Some((data, false, microseconds)));
                }
                Ok(Event::FrameHeader) => {
                    // Nonsense becomes 0.
                    let delay = self.decoder.frame_header().and_then(|frame| frame.duration).unwrap_or_default();
                    microseconds = (delay * 1000.0).round() as u64;
                }
                Ok(Event::BasicInfo) => {}
                Ok(Event::Complete) => return Err(Trouble::Damaged),
                Ok(Event::NeedMoreInput { .. }) => {
                    self.has_more = false;
                    return match self.decoder.flush_pixels(&mut buffers, None) {
                        Ok(true) => Ok(Some((data, true, microseconds))),
                        _ => Err(Trouble::Truncated),
                    };
                }
                Err(error) => return Err(trouble(error)),
            }
        }
    }
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
