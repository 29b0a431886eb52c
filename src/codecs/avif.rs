//! AVIF files (AV1 pictures in HEIF). Read is the primary picture, also if it is made of tiles, cropped, turned and mirrored as
//! the file says; the camera's own orientation does not count beside that. Of an
//! animation the picture that stands for it is read, or all frames. AV1 is decoded by a program of
//! its own ([`decoder`]) and encoded by another one, of the host; the rest is here.

use std::time::Duration;

use heifer_isobmff::boxes::Property;
use heifer_isobmff::{HeifFile, ItemId};
use serde::{Deserialize, Serialize};

use super::animation::{AnimationCodec, Frames, Open};
use super::decoders::{Coding, Decoders, Series, default_decoders};
use super::foreign::Foreign;
use super::heif::{self, container, crop};
use super::samples::straight;
use super::{Codec, DecodeRequest, Finding, Format, Header, Picture, Problem, Reading, decoded_to, foreign};
use crate::image::depth::Sample;
use crate::image::{Image, Pixels, Representation, Size, orient};

mod colors;
#[cfg(any(feature = "av1", not(target_arch = "wasm32")))]
pub(super) mod decoder;
mod planes;
mod track;
mod write;

use colors::Colors;
use planes::Planes;
use track::{Samples, Tracks};

pub(super) const CODEC: Codec = Codec {
    reading: Reading::Whole {
        probe,
        decode: |bytes, header, _: &DecodeRequest| decode(bytes, header, default_decoders()),
    },
    encode: Some(write::encode),
    strip: None,
    animation: Some(AnimationCodec { frames: Open::Whole(frames), animate: None }),
};
/// Raise it when any decoded pixel or written byte changes.
pub(super) const VERSION: &str = "1.3.0";

pub(super) fn sniff(bytes: &[u8]) -> bool {
    foreign::by_file_type(bytes) == Some(Foreign::AVIF)
}

pub(super) use heif::blocks;
pub(super) use write::with_metadata;

/// What the decoder says of a picture in AV1. Its planes follow, row by row, as 16-bit numbers, little endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Report {
    width: u32,
    height: u32,
    /// By how many bits the sides of chroma are smaller; none for gray.
    chroma: Option<[u8; 2]>,
    /// Bits of a sample.
    bits: u8,
    /// How colours are made of the planes, by the code points of ITU-T H.273, table 4.
    matrix: u8,
    /// Whether samples use the full range.
    is_full: bool,
}

/// The configuration of AV1 in a file: whether it has no chroma, and whether samples have more than 8 bits.
fn configuration(file: &HeifFile<'_>) -> (bool, bool) {
    const HIGH_DEPTH: u8 = 0x40;
    const MONOCHROME: u8 = 0x10;
    let found = heif::described(file, |item| {
        file.item_properties(item).ok()?.find_map(|property| match property {
            Property::Unknown(kind, content) if kind.0 == *b"av1C" => content.get(2).copied(),
            _ => None,
        })
    });
    let flags = found.unwrap_or_default();
    (flags & MONOCHROME != 0, flags & HIGH_DEPTH != 0)
}

fn probe(bytes: &[u8]) -> Result<Header, Problem> {
    let file = heif::parse(bytes)?;
    let size = heif::size(&file)?;
    let tracks = tracks(bytes, &file)?;
    let alpha = heif::alpha(&file)?.is_some() || tracks.as_ref().is_some_and(|tracks| tracks.alpha.is_some());
    let (is_gray, is_deep) = configuration(&file);
    let mut findings = Vec::new();
    let space = heif::space(&file, is_gray, &mut findings)?;
    let animation = tracks.map(|tracks| tracks.animation());
    if bytes.get(8..12) == Some(b"avis") && animation.is_none() {
        findings.push(Finding::FirstFrame);
    }
    let is_deep = is_deep && !findings.contains(&Finding::ToneMapped);
    if heif::has_gain_map(&file) {
        findings.push(Finding::GainMapLeftOut);
    }
    let native = decoded_to(is_gray, alpha, is_deep, size, &mut findings);
    Ok(Header { format: Format::Avif, size, orientation: 1, alpha, native, space, animation, findings })
}

/// Decodes the picture with a decoder of the host.
pub(super) fn decode(bytes: &[u8], header: &Header, decoders: &dyn Decoders) -> Result<Picture, Problem> {
    let file = heif::parse(bytes)?;
    let primary = file.primary_id;
    let planes = item(&file, primary, decoders)?;
    let opacity = heif::alpha(&file)?.map(|id| item(&file, id, decoders)).transpose()?;
    let is_premultiplied = !file.referenced_items(primary, b"prem").is_empty();
    shown(&file, header, &planes, opacity.as_ref(), is_premultiplied).map(Picture::from)
}

/// The animation in a file, if its frames are as large as the picture that stands for it.
fn tracks<'a>(bytes: &'a [u8], file: &HeifFile<'_>) -> Result<Option<Tracks<'a>>, Problem> {
    let size = file.image_size(file.primary_id).map_err(container)?.map(|(width, height)| Size::new(width, height));
    Ok(Tracks::of(bytes).filter(|tracks| Some(tracks.color.size) == size))
}

fn frames<'a>(bytes: &'a [u8], header: &Header, decoders: &'a dyn Decoders) -> Result<Box<dyn Frames + 'a>, Problem> {
    let file = heif::parse(bytes)?;
    let tracks = tracks(bytes, &file)?.ok_or(Problem::damaged("its header changed"))?;
    let begin = || decoders.begin(Coding::Av1, &[]).map_err(Problem::Decoder);
    let color = Moving { samples: tracks.color.samples(bytes), series: begin()? };
    let alpha = match &tracks.alpha {
        Some(alpha) => Some(Moving { samples: alpha.samples(bytes), series: begin()? }),
        None => None,
    };
    let (header, is_premultiplied) = (header.clone(), tracks.is_premultiplied);
    Ok(Box::new(Animated { file, header, color, alpha, is_premultiplied }))
}

struct Animated<'a> {
    file: HeifFile<'a>,
    header: Header,
    color: Moving<'a>,
    alpha: Option<Moving<'a>>,
    is_premultiplied: bool,
}

/// A track that is being decoded.
struct Moving<'a> {
    samples: Samples<'a>,
    series: Box<dyn Series + 'a>,
}

impl Moving<'_> {
    fn next(&mut self) -> Result<Option<(Planes, Duration)>, Problem> {
        let Some((data, delay)) = self.samples.next() else { return Ok(None) };
        if data.is_empty() {
            return Err(Problem::Truncated);
        }
        let (report, samples) = self.series.next(data).map_err(Problem::Decoder)?.read()?;
        Ok(Some((Planes::new(report, &samples)?, delay)))
    }
}

impl Frames for Animated<'_> {
    fn next(&mut self) -> Result<Option<(Pixels, Duration)>, Problem> {
        let Some((planes, delay)) = self.color.next()? else { return Ok(None) };
        let opacity = match &mut self.alpha {
            Some(alpha) => Some(alpha.next()?.ok_or(Problem::Truncated)?.0),
            None => None,
        };
        let image = shown(&self.file, &self.header, &planes, opacity.as_ref(), self.is_premultiplied)?;
        Ok(Some((image.pixels, delay)))
    }
}

/// The picture that planes stand for, cropped and turned.
fn shown(
    file: &HeifFile<'_>,
    header: &Header,
    planes: &Planes,
    opacity: Option<&Planes>,
    is_premultiplied: bool,
) -> Result<Image, Problem> {
    let is_gray = header.native.narrow().contains(Representation::Gray);
    if planes.is_gray() != is_gray && !header.alpha {
        return Err(Problem::damaged("its picture is not that of its header"));
    }
    let is_hdr = header.findings.contains(&Finding::ToneMapped);
    let colors = Colors::new(planes, heif::description(file), is_hdr)?;
    if opacity.is_some_and(|opacity| opacity.size != planes.size) {
        return Err(Problem::damaged("its opacity has another size than its picture"));
    }
    let pixels = match header.is_deep() {
        true => painted::<u16>(&colors, planes, opacity, is_gray, is_premultiplied),
        false => painted::<u8>(&colors, planes, opacity, is_gray, is_premultiplied),
    };
    let mut image = Image::new(planes.size, pixels);
    for property in file.item_properties(file.primary_id).map_err(container)? {
        image = match *property {
            Property::CleanAperture { width, height, horiz_offset, vert_offset } => {
                let columns = heif::kept(image.size.width, width, horiz_offset)?;
                let rows = heif::kept(image.size.height, height, vert_offset)?;
                crop(image, columns, rows)
            }
            // Anticlockwise.
            Property::Rotation(quarters) => orient::apply(image, [1, 8, 3, 6][usize::from(quarters % 4)]),
            Property::Mirror(is_vertical) => orient::apply(image, if is_vertical { 4 } else { 2 }),
            _ => image,
        };
    }
    if image.size != header.size {
        return Err(Problem::damaged("its picture does not have the size in its header"));
    }
    Ok(image)
}

/// The pixels that planes stand for.
fn painted<S: Sample>(
    colors: &Colors,
    planes: &Planes,
    opacity: Option<&Planes>,
    is_gray: bool,
    is_premultiplied: bool,
) -> Pixels {
    let Some(opacity) = opacity else {
        return if is_gray { S::pixels(colors.gray(planes), 1) } else { S::pixels(colors.rgb(planes), 3) };
    };
    let mut samples: Vec<S> = colors.rgba(planes, opacity);
    if is_premultiplied {
        for [red, green, blue, alpha] in samples.as_chunks_mut().0 {
            [*red, *green, *blue] = [*red, *green, *blue].map(|sample| straight(sample, *alpha));
        }
    }
    S::pixels(samples, 4)
}

/// The planes of an item, which may be made of tiles.
fn item(file: &HeifFile<'_>, id: ItemId, decoders: &dyn Decoders) -> Result<Planes, Problem> {
    let kind = file.item(id).map_err(container)?.item_type.0;
    match &kind {
        b"av01" => coded(file, id, decoders),
        b"grid" => {
            let grid = file.grid(id).map_err(container)?;
            let (rows, columns) = (usize::from(grid.rows), usize::from(grid.columns));
            let size = Size::new(grid.output_width, grid.output_height);
            super::check_size(size)?;
            let tiles = file.referenced_items(id, b"dimg");
            if tiles.len() != rows * columns || tiles.is_empty() {
                return Err(Problem::damaged("tiles are missing"));
            }
            let mut whole: Option<Planes> = None;
            for (index, tile) in tiles.iter().enumerate() {
                let tile = coded(file, *tile, decoders)?;
                let canvas = whole.get_or_insert_with(|| tile.canvas(size));
                canvas.put(&tile, index % columns, index / columns)?;
            }
            whole.ok_or(Problem::damaged("tiles are missing"))
        }
        _ => Err(Problem::Unsupported("an AVIF file of an unusual kind")),
    }
}

/// The planes of an item in AV1.
fn coded(file: &HeifFile<'_>, id: ItemId, decoders: &dyn Decoders) -> Result<Planes, Problem> {
    if file.item(id).map_err(container)?.item_type.0 != *b"av01" {
        return Err(Problem::Unsupported("an AVIF file of an unusual kind"));
    }
    let data = file.item_data(id).map_err(container)?;
    let (report, samples) = decoders.decode(Coding::Av1, &data).map_err(Problem::Decoder)?.read()?;
    Planes::new(report, &samples)
}
