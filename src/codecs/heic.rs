//! HEIF files with HEVC pictures (ISO/IEC 23008-12), as phones take them, read only: the primary picture, also if it is made
//! of tiles or layers, cropped, turned and mirrored as the file says; the camera's own orientation does not count beside that.
//! Samples above 8 bits are reduced.
//!
//! Only with the feature `heic`: patents on HEVC may require a licence where a build is used or given away.

use super::foreign::Foreign;
use super::{Codec, foreign};

/// Raise it when any decoded pixel changes.
pub(super) const VERSION: &str = "1.0.0";

pub(super) fn sniff(bytes: &[u8]) -> bool {
    foreign::by_file_type(bytes) == Some(Foreign::HEIC)
}

#[cfg(feature = "heic")]
pub(super) use read::blocks;

#[cfg(not(feature = "heic"))]
pub(super) fn blocks(_: &[u8]) -> super::metadata::Blocks<'_> {
    super::metadata::Blocks::default()
}

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
    use std::borrow::Cow;

    use heifer::heifer_isobmff::boxes::{ColorInfo, Property};
    use heifer::heifer_isobmff::{Error as ContainerError, HeifFile, ItemId};
    use heifer::{Error, Options};

    use crate::codecs::icc::{Samples, accept, or_note};
    use crate::codecs::metadata::Blocks;
    use crate::codecs::{DecodeRequest, Finding, Format, Header, MAX_PIXELS, Picture, Problem};
    use crate::color::{ColorSpace, ToneMap};
    use crate::image::convert::drop_alpha;
    use crate::image::{Image, Pixels, Representation, Representations, Size};

    /// The names of planes with opacity.
    const ALPHA: [&str; 2] = ["urn:mpeg:hevc:2015:auxid:1", "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha"];

    /// The metadata of the primary picture.
    pub(in crate::codecs) fn blocks(bytes: &[u8]) -> Blocks<'_> {
        let Ok(file) = HeifFile::parse(bytes) else { return Blocks::default() };
        let exif = file.exif(file.primary_id).ok().flatten().map(Cow::Owned);
        let xmp = file.xmp(file.primary_id).ok().flatten().map(Cow::Owned);
        Blocks { exif, xmp, ..Blocks::default() }
    }

    fn problem(error: Error) -> Problem {
        match error {
            Error::Container(error) => container(error),
            Error::Hevc(_) => Problem::damaged("its pixel data cannot be decoded"),
            Error::Unsupported(_) => Problem::Unsupported("a HEIF file of an unusual kind"),
            Error::Encode(_) | Error::Invalid(_) => Problem::damaged("its structure makes no sense"),
        }
    }

    fn container(error: ContainerError) -> Problem {
        match error {
            ContainerError::UnexpectedEof => Problem::Truncated,
            _ => Problem::damaged("its structure makes no sense"),
        }
    }

    pub(super) fn probe(bytes: &[u8]) -> Result<Header, Problem> {
        let file = HeifFile::parse(bytes).map_err(container)?;
        let size = size(&file)?;
        let alpha = has_alpha(&file)?;
        let mut findings = Vec::new();
        let space = space(&file, &mut findings)?;
        Ok(Header {
            format: Format::Heic,
            size,
            orientation: 1,
            alpha,
            native: Representations::of(if alpha { &[Representation::Rgba] } else { &[Representation::Rgb] }),
            space,
            animation: None,
            findings,
        })
    }

    /// The size of the primary picture after it is cropped and turned.
    fn size(file: &HeifFile<'_>) -> Result<Size, Problem> {
        let (width, height) = file
            .image_size(file.primary_id)
            .map_err(container)?
            .ok_or(Problem::damaged("it does not say how large its picture is"))?;
        let mut size = Size::new(width, height);
        for property in file.item_properties(file.primary_id).map_err(container)? {
            match *property {
                Property::CleanAperture { width, height, horiz_offset, vert_offset } => {
                    size = Size::new(kept(size.width, width, horiz_offset)?, kept(size.height, height, vert_offset)?);
                }
                Property::Rotation(quarters) if quarters % 2 == 1 => size = size.transposed(),
                _ => {}
            }
        }
        Ok(size)
    }

    /// What a crop leaves of a side (ISO/IEC 14496-12, 12.1.4): a length, and how far its middle lies from that of the side,
    /// both as fractions.
    fn kept(side: u32, length: (u32, u32), offset: (i32, u32)) -> Result<u32, Problem> {
        if length.1 == 0 || offset.1 == 0 {
            return Err(Problem::damaged("its structure makes no sense"));
        }
        let length = f64::from(length.0) / f64::from(length.1);
        let middle = f64::from(offset.0) / f64::from(offset.1) + (f64::from(side) - 1.0) / 2.0;
        let start = (middle - (length - 1.0) / 2.0).round().max(0.0) as u32;
        Ok((length.round() as u32).min(side - start.min(side)))
    }

    fn has_alpha(file: &HeifFile<'_>) -> Result<bool, Problem> {
        for item in file.referencing_items(file.primary_id, b"auxl") {
            let is_alpha =
                |property: &Property| matches!(property, Property::AuxiliaryType(name) if ALPHA.contains(&&**name));
            if file.item_properties(item).map_err(container)?.any(is_alpha) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The primary picture, or the first of those that it is made of, until one says something of its colours.
    fn described<T>(file: &HeifFile<'_>, find: impl Fn(ItemId) -> Option<T>) -> Option<T> {
        const MOST_LEVELS: usize = 4;
        let mut item = file.primary_id;
        for _ in 0..MOST_LEVELS {
            if let Some(found) = find(item) {
                return Some(found);
            }
            item = *file.referenced_items(item, b"dimg").first()?;
        }
        None
    }

    /// Primaries and transfer function by ITU-T H.273.
    fn code_points(file: &HeifFile<'_>) -> Option<[u8; 2]> {
        let [primaries, transfer] = described(file, |item| {
            file.item_properties(item).ok()?.find_map(|property| match property {
                Property::Color(ColorInfo::Nclx { primaries, transfer, .. }) => Some([*primaries, *transfer]),
                _ => None,
            })
        })?;
        Some([u8::try_from(primaries).ok()?, u8::try_from(transfer).ok()?])
    }

    fn space(file: &HeifFile<'_>, findings: &mut Vec<Finding>) -> Result<ColorSpace, Problem> {
        let profile = described(file, |item| file.icc_profile(item).ok().flatten().filter(|icc| !icc.is_empty()));
        if let Some(profile) = profile {
            return Ok(or_note(accept(profile, Samples::Rgb), findings));
        }
        Ok(match code_points(file) {
            Some([primaries, transfer]) if ToneMap::knows(primaries, transfer) => {
                findings.push(Finding::ToneMapped);
                ColorSpace::SRGB
            }
            Some([primaries, transfer]) => {
                ColorSpace::from_code_points(primaries, transfer).unwrap_or(ColorSpace::SRGB)
            }
            None => ColorSpace::SRGB,
        })
    }

    pub(super) fn decode(bytes: &[u8], header: &Header, _: &DecodeRequest) -> Result<Picture, Problem> {
        let options = Options { max_threads: 1, max_pixels: MAX_PIXELS };
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

    /// A picture of a high dynamic range in sRGB.
    fn tone_mapped(bytes: &[u8], options: &Options) -> Result<(Size, Vec<u8>), Problem> {
        let [primaries, transfer] = code_points(&HeifFile::parse(bytes).map_err(container)?).unwrap_or_default();
        let tone_map = ToneMap::from_code_points(primaries, transfer, None);
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
