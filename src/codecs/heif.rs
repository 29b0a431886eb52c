//! What HEIC and AVIF have in common: HEIF (ISO/IEC 23008-12), a file of items and their properties, of which one is the primary
//! picture.

use std::borrow::Cow;
use std::ops::Range;

use heifer_isobmff::boxes::{ColorInfo, Property};
use heifer_isobmff::{Error, HeifFile, ItemId};

use super::boxes::whole;
use super::icc::{Samples, accept, or_note};
use super::metadata::Blocks;
use super::{Finding, Problem};
use crate::color::{ColorSpace, ToneMap};
use crate::image::{Image, Size, geometry};

/// The name of planes with opacity in AVIF.
pub(super) const ALPHA_IN_AV1: &str = "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha";
/// The names of planes with opacity.
const ALPHA: [&str; 2] = ["urn:mpeg:hevc:2015:auxid:1", ALPHA_IN_AV1];

/// The name of gain maps in HEIC files of Apple's cameras.
const APPLE_GAIN_MAP: &str = "urn:com:apple:photo:2020:aux:hdrgainmap";

/// The metadata of the primary picture.
pub(super) fn blocks(bytes: &[u8]) -> Blocks<'_> {
    let Ok(file) = HeifFile::parse(bytes) else { return Blocks::default() };
    // That of a picture of high dynamic range may be with it, or with the one that it is made of.
    let of_either = |read: fn(&HeifFile<'_>, ItemId) -> Option<Vec<u8>>| {
        read(&file, file.primary_id).or_else(|| read(&file, base(&file)?)).map(Cow::Owned)
    };
    let exif = of_either(|file, item| file.exif(item).ok().flatten());
    let xmp = of_either(|file, item| file.xmp(item).ok().flatten());
    Blocks { exif, xmp, ..Blocks::default() }
}

/// Reads the structure of a file. Where that ends early, it is read without what is cut off: most often the data of pictures, of
/// which an animation has some that are whole. In place of a picture of high dynamic range, the one that it is made of is the primary one.
pub(super) fn parse(bytes: &[u8]) -> Result<HeifFile<'_>, Problem> {
    let file = HeifFile::parse(bytes).or_else(|error| match error {
        Error::UnexpectedEof => HeifFile::parse(&bytes[..whole(bytes)]).map_err(|_| Problem::Truncated),
        error => Err(container(error)),
    });
    let mut file = file?;
    file.primary_id = base(&file).unwrap_or(file.primary_id);
    Ok(file)
}

/// Whether an item is a picture of high dynamic range that is made of another one and a gain map (ISO/IEC 23008-12, `tmap`).
fn is_mapped(file: &HeifFile<'_>, item: ItemId) -> bool {
    file.item(item).is_ok_and(|item| item.item_type.0 == *b"tmap")
}

/// The picture that the primary one is made of by a gain map, if it is made so.
pub(super) fn base(file: &HeifFile<'_>) -> Option<ItemId> {
    let made_of = is_mapped(file, file.primary_id).then(|| file.referenced_items(file.primary_id, b"dimg"))?;
    made_of.first().copied()
}

/// Why a container cannot be read.
pub(super) fn container(error: Error) -> Problem {
    match error {
        Error::UnexpectedEof => Problem::Truncated,
        _ => Problem::damaged("its structure makes no sense"),
    }
}

/// The size of the primary picture after it is cropped and turned.
pub(super) fn size(file: &HeifFile<'_>) -> Result<Size, Problem> {
    let (width, height) = file
        .image_size(file.primary_id)
        .map_err(container)?
        .ok_or(Problem::damaged("it does not say how large its picture is"))?;
    let mut size = Size::new(width, height);
    for property in file.item_properties(file.primary_id).map_err(container)? {
        match *property {
            Property::CleanAperture { width, height, horiz_offset, vert_offset } => {
                let (columns, rows) = (kept(size.width, width, horiz_offset)?, kept(size.height, height, vert_offset)?);
                size = Size::new(columns.len() as u32, rows.len() as u32);
            }
            Property::Rotation(quarters) if quarters % 2 == 1 => size = size.transposed(),
            _ => {}
        }
    }
    Ok(size)
}

/// Whether auxiliary pictures of this kind are opacity.
pub(super) fn is_alpha(name: &[u8]) -> bool {
    ALPHA.iter().any(|alpha| alpha.as_bytes() == name)
}

/// What a crop leaves of a side (ISO/IEC 14496-12, 12.1.4): a length, and how far its middle lies from that of the side,
/// both as fractions. What is kept are places on the side.
pub(super) fn kept(side: u32, length: (u32, u32), offset: (i32, u32)) -> Result<Range<u32>, Problem> {
    if length.1 == 0 || offset.1 == 0 {
        return Err(Problem::damaged("its structure makes no sense"));
    }
    let length = f64::from(length.0) / f64::from(length.1);
    let middle = f64::from(offset.0) / f64::from(offset.1) + (f64::from(side) - 1.0) / 2.0;
    let start = (middle - (length - 1.0) / 2.0).round().max(0.0) as u32;
    let start = start.min(side);
    Ok(start..start + (length.round() as u32).min(side - start))
}

/// Whether there is a gain map that makes a picture of high dynamic range of the primary picture: by the standard (ISO/IEC 23008-12, `tmap`), or as
/// Apple's cameras have it, an auxiliary picture.
pub(super) fn has_gain_map(file: &HeifFile<'_>) -> bool {
    let is_map = |property: &Property| matches!(property, Property::AuxiliaryType(name) if *name == APPLE_GAIN_MAP);
    let is_apple = |item: &ItemId| file.item_properties(*item).is_ok_and(|mut properties| properties.any(is_map));
    file.referencing_items(file.primary_id, b"dimg").iter().any(|item| is_mapped(file, *item))
        || file.referencing_items(file.primary_id, b"auxl").iter().any(is_apple)
}

/// The item with the opacity of the primary picture.
pub(super) fn alpha(file: &HeifFile<'_>) -> Result<Option<ItemId>, Problem> {
    for item in file.referencing_items(file.primary_id, b"auxl") {
        let says_alpha =
            |property: &Property| matches!(property, Property::AuxiliaryType(name) if is_alpha(name.as_bytes()));
        if file.item_properties(item).map_err(container)?.any(says_alpha) {
            return Ok(Some(item));
        }
    }
    Ok(None)
}

/// The primary picture, or the first of those that it is made of, until one says something of its colours.
pub(super) fn described<T>(file: &HeifFile<'_>, find: impl Fn(ItemId) -> Option<T>) -> Option<T> {
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

/// What a file says of its samples by code points of ITU-T H.273.
#[derive(Clone, Copy)]
pub(super) struct Description {
    pub(super) primaries: u8,
    pub(super) transfer: u8,
    pub(super) matrix: u8,
    /// Whether samples use the full range.
    pub(super) is_full: bool,
}

impl Description {
    /// What brings a high dynamic range to sRGB.
    pub(super) fn tone_map(self) -> Option<ToneMap> {
        ToneMap::from_code_points(self.primaries, self.transfer, None)
    }
}

/// The description of the primary picture.
pub(super) fn description(file: &HeifFile<'_>) -> Option<Description> {
    described(file, |item| {
        file.item_properties(item).ok()?.find_map(|property| match property {
            Property::Color(ColorInfo::Nclx { primaries, transfer, matrix, full_range }) => Some(Description {
                primaries: u8::try_from(*primaries).ok()?,
                transfer: u8::try_from(*transfer).ok()?,
                matrix: u8::try_from(*matrix).ok()?,
                is_full: *full_range,
            }),
            _ => None,
        })
    })
}

/// What the samples of the primary picture mean.
pub(super) fn space(file: &HeifFile<'_>, is_gray: bool, findings: &mut Vec<Finding>) -> Result<ColorSpace, Problem> {
    let samples = if is_gray { Samples::Gray } else { Samples::Rgb };
    let profile = described(file, |item| file.icc_profile(item).ok().flatten().filter(|icc| !icc.is_empty()));
    if let Some(profile) = profile {
        return Ok(or_note(accept(profile, samples), findings));
    }
    let space = match description(file) {
        Some(said) if ToneMap::knows(said.primaries, said.transfer) => {
            findings.push(Finding::ToneMapped);
            ColorSpace::SRGB
        }
        Some(said) => ColorSpace::from_code_points(said.primaries, said.transfer).unwrap_or(ColorSpace::SRGB),
        None => ColorSpace::SRGB,
    };
    Ok(if is_gray { space.gray().unwrap_or_default() } else { space })
}

/// Part of a picture that is not planar.
pub(super) fn crop(image: Image, columns: Range<u32>, rows: Range<u32>) -> Image {
    geometry::crop(image, columns.start, rows.start, Size::new(columns.len() as u32, rows.len() as u32))
}
