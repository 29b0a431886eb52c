//! HEIF files with HEVC pictures (ISO/IEC 23008-12), as phones take them, read only: the primary picture, also if it is made
//! of tiles or layers, cropped, turned and mirrored as the file says; the camera's own orientation does not count beside that.
//!
//! Only with the feature `heic`: patents on HEVC may require a licence where a build is used or given away.

use super::foreign::Foreign;
use super::{Codec, foreign};

/// Raise it when any decoded pixel changes.
pub(super) const VERSION: &str = "1.1.0";

pub(super) fn sniff(bytes: &[u8]) -> bool {
    foreign::by_file_type(bytes) == Some(Foreign::HEIC)
}

pub(super) use super::heif::blocks;

#[cfg(feature = "heic")]
pub(super) const CODEC: Codec =
    Codec { probe: read::probe, decode: read::decode, encode: None, strip: None, animation: None };

#[cfg(not(feature = "heic"))]
pub(super) const CODEC: Codec = {
    use super::Problem;
    const LEFT_OUT: Problem = Problem::Unsupported("a HEIC picture, and this build reads none");
    Codec { probe: |_| Err(LEFT_OUT), decode: |_, _, _| Err(LEFT_OUT), encode: None, strip: None, animation: None }
};

#[cfg(feature = "heic")]
mod read {
    use heifer::{Error, Options};
    use heifer_isobmff::HeifFile;
    use heifer_isobmff::boxes::Property;

    use crate::codecs::heif::{self, container};
    use crate::codecs::samples::stretched;
    use crate::codecs::{DecodeRequest, Finding, Format, Header, MAX_PIXELS, Picture, Problem, decoded_to};
    use crate::image::convert::drop_alpha;
    use crate::image::{Deep, Image, Pixels, Size};

    fn problem(error: Error) -> Problem {
        match error {
            Error::Container(error) => container(error),
            Error::Hevc(_) => Problem::damaged("its pixel data cannot be decoded"),
            Error::Unsupported(_) => Problem::Unsupported("a HEIF file of an unusual kind"),
            Error::Encode(_) | Error::Invalid(_) => Problem::damaged("its structure makes no sense"),
        }
    }

    /// Whether samples have more than 8 bits.
    fn is_deep(file: &HeifFile<'_>) -> bool {
        let bits = heif::described(file, |item| {
            file.item_properties(item).ok()?.find_map(|property| match property {
                Property::HevcConfig(config) => Some(config.bit_depth_luma),
                _ => None,
            })
        });
        bits.is_some_and(|bits| bits > 8)
    }

    pub(super) fn probe(bytes: &[u8]) -> Result<Header, Problem> {
        let file = HeifFile::parse(bytes).map_err(container)?;
        let size = heif::size(&file)?;
        let alpha = heif::alpha(&file)?.is_some();
        let mut findings = Vec::new();
        let space = heif::space(&file, false, &mut findings)?;
        let is_deep = is_deep(&file) && !findings.contains(&Finding::ToneMapped);
        if heif::has_gain_map(&file) {
            findings.push(Finding::GainMapLeftOut);
        }
        let native = decoded_to(false, alpha, is_deep, size, &mut findings);
        Ok(Header { format: Format::Heic, size, orientation: 1, alpha, native, space, animation: None, findings })
    }

    pub(super) fn decode(bytes: &[u8], header: &Header, _: &DecodeRequest) -> Result<Picture, Problem> {
        let options = Options { max_threads: 1, max_pixels: MAX_PIXELS };
        if header.is_deep() {
            return deep(bytes, header, &options);
        }
        let samples = if header.findings.contains(&Finding::ToneMapped) {
            tone_mapped(bytes, &options)?
        } else {
            let heifer::Image { width, height, data, .. } = heifer::decode_rgba8(bytes, &options).map_err(problem)?;
            (Size::new(width, height), data)
        };
        let (size, rgba) = samples;
        if size != header.size {
            return Err(Problem::damaged("its picture does not have the size in its header"));
        }
        let pixels = if header.alpha { Pixels::Rgba(rgba) } else { Pixels::Rgb(drop_alpha(&rgba)) };
        Ok(Image::new(size, pixels).into())
    }

    /// A picture of more than 8 bits a sample.
    fn deep(bytes: &[u8], header: &Header, options: &Options) -> Result<Picture, Problem> {
        let image = heifer::decode_with_options(bytes, options).map_err(problem)?;
        if Size::new(image.width, image.height) != header.size {
            return Err(Problem::damaged("its picture does not have the size in its header"));
        }
        let most = u32::from(image.max_value());
        let samples: Vec<u16> = image.data.iter().map(|sample| stretched(u32::from(*sample), most)).collect();
        let deep = if header.alpha { Deep::Rgba(samples) } else { Deep::Rgb(drop_alpha(&samples)) };
        Ok(Image::new(header.size, Pixels::Deep(deep)).into())
    }

    /// A picture of a high dynamic range in sRGB.
    fn tone_mapped(bytes: &[u8], options: &Options) -> Result<(Size, Vec<u8>), Problem> {
        let description = heif::description(&HeifFile::parse(bytes).map_err(container)?);
        let tone_map = description.and_then(|said| said.tone_map());
        let tone_map = tone_map.ok_or(Problem::damaged("its header changed"))?;
        let image = heifer::decode_with_options(bytes, options).map_err(problem)?;
        let most = u32::from(image.max_value());
        let wide = |sample: u16| ((u32::from(sample) * 65_535 + most / 2) / most).min(65_535) as u16;
        let samples = image.data.as_chunks::<4>().0.iter().flat_map(|&[red, green, blue, alpha]| {
            let [red, green, blue] = tone_map.color([red, green, blue].map(wide));
            [red, green, blue, (wide(alpha) / 257) as u8]
        });
        Ok((Size::new(image.width, image.height), samples.collect()))
    }
}
