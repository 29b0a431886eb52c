//! Writing: the host's encoder codes the picture, and its opacity as a picture of its own. The container around them is written
//! here (HEIF, ISO/IEC 23008-12, as MIAF and the AV1 Image File Format restrict it): size, depth, colour profile, metadata.

use std::borrow::Cow;

use heifer_isobmff::boxes::Property;
use heifer_isobmff::{HeifFile, ItemId};

use crate::codecs::encoders::{self, AvifPlanes, Encoder, Encoders, Encoding, Raster};
use crate::codecs::heif;
use crate::codecs::metadata::{Facts, Metadata};
use crate::codecs::{EncodeRequest, Encoded, Format};
use crate::error::Failure;
use crate::image::convert::convert;
use crate::image::{Deep, Image, Pixels, Representation, Size};

/// Longest side that AV1 allows.
const MAX_SIDE: u32 = 65_536;

/// The quality at which nothing is lost.
const LOSSLESS: u8 = 100;

/// Bits of a sample of pictures that have more than 8: as many as decoders of the main profile read.
const DEEP: u8 = 10;

/// The lowest quality of opacity. Errors in it show around what was cut out, and in front of dark or bright backgrounds. Without any loss
/// a soft shadow takes more bytes than the picture: 112 kB in addition to 24, instead of 11.
const LOWEST_ALPHA_QUALITY: u8 = 90;

/// libaom's speeds for the efforts from 1 to 9. Slower ones take ten times as long as the last of these.
const SPEEDS: [u8; 9] = [9, 9, 8, 8, 7, 7, 7, 6, 6];
/// Its speed if no effort is said.
const USUAL_SPEED: u8 = 9;

pub(super) fn encode(
    image: Image,
    request: &EncodeRequest,
    encoders: Option<&dyn Encoders>,
) -> Result<Encoded, Failure> {
    within_limits(image.size)?;
    let (encoders, encoder) = encoders::loaded(encoders, Encoder::Avif).ok_or_else(|| {
        encoders::not_loaded("AVIF", "Retry it. If that does not help, reload the page, or choose another format.")
    })?;
    let Image { size, space, .. } = &image;
    let (size, profile) = (*size, space.icc().map(|profile| profile.to_vec()));
    let encoding = encoding(&image, request);
    let (rgba, depth) = if image.representation().is_deep() { (deep_rgba(image), DEEP) } else { (rgba(image), 8) };
    let coded = encoders.encode(Raster { rgba: &rgba, size, depth }, encoding)?;
    let file = HeifFile::parse(&coded).ok();
    let contents = file.as_ref().and_then(Contents::of);
    let contents = contents.map(|contents| Contents { profile: profile.map(Cow::Owned), ..contents });
    let bytes = contents.and_then(|contents| contents.written()).ok_or_else(|| {
        Failure::system("The AVIF encoder returned an unreadable file.", "Try again, or choose another format.")
    })?;
    Ok(Encoded { bytes, format: Format::Avif, encoder })
}

fn within_limits(size: Size) -> Result<(), Failure> {
    if size.width > MAX_SIDE || size.height > MAX_SIDE {
        return Err(Failure::execute(
            format!("An AVIF file can be at most 65,536 pixels a side; the picture is {}×{}.", size.width, size.height),
            "Make the picture smaller, or choose another format.",
        ));
    }
    Ok(())
}

/// How a picture is coded.
fn encoding(image: &Image, request: &EncodeRequest) -> Encoding {
    let planes = match image.representation() {
        Representation::Gray | Representation::Gray16 => AvifPlanes::Gray,
        _ if request.is_lossy() && request.chroma.is_halved(request.quality) => AvifPlanes::Halved,
        _ => AvifPlanes::Full,
    };
    let speed = request.effort.map_or(USUAL_SPEED, |effort| SPEEDS[usize::from(effort.clamp(1, 9)) - 1]);
    let quality = if request.is_lossy() { request.quality } else { LOSSLESS };
    Encoding::Avif { quality, alpha_quality: quality.max(LOWEST_ALPHA_QUALITY), planes, speed }
}

/// The samples as the encoder takes them. Those of a gray picture are repeated as they are: its profile stays that of grays.
fn rgba(image: Image) -> Vec<u8> {
    if let Pixels::Gray(samples) = &image.pixels {
        return samples.iter().flat_map(|&sample| [sample, sample, sample, u8::MAX]).collect();
    }
    match convert(image, Representation::Rgba).pixels {
        Pixels::Rgba(samples) => samples,
        _ => unreachable!("converted above"),
    }
}

/// The same of more than 8 bits, as those of [`DEEP`].
fn deep_rgba(image: Image) -> Vec<u8> {
    const MOST: u32 = (1 << DEEP) - 1;
    let sample = |sample: u16| ((u32::from(sample) * MOST + 32_767) / 65_535) as u16;
    let pixels = match image.pixels {
        Pixels::Deep(Deep::Gray(samples)) => {
            samples.iter().flat_map(|&gray| [gray, gray, gray, u16::MAX].map(sample)).collect::<Vec<_>>()
        }
        pixels => match convert(Image { pixels, ..image }, Representation::Rgba16).pixels {
            Pixels::Deep(deep) => deep.samples().iter().copied().map(sample).collect(),
            _ => unreachable!("converted above"),
        },
    };
    pixels.into_iter().flat_map(u16::to_le_bytes).collect()
}

/// A file of ours with metadata.
pub(in crate::codecs) fn with_metadata(bytes: &[u8], metadata: &Metadata, facts: Facts) -> Option<Vec<u8>> {
    let file = HeifFile::parse(bytes).ok()?;
    let contents = Contents::of(&file)?;
    // The offset of the TIFF structure, which follows at once.
    let exif = metadata.exif(facts, false).map(|block| [&[0; 4], &block[..]].concat());
    Contents { exif, xmp: metadata.xmp(), ..contents }.written()
}

/// A picture in AV1.
struct Coded<'a> {
    data: Cow<'a, [u8]>,
    /// The content of `av1C`.
    configuration: &'a [u8],
}

impl<'a> Coded<'a> {
    fn of(file: &'a HeifFile<'a>, id: ItemId) -> Option<Self> {
        let configuration = file.item_properties(id).ok()?.find_map(|property| match property {
            Property::Unknown(kind, content) if kind.0 == *b"av1C" => Some(content.as_slice()),
            _ => None,
        })?;
        Some(Self { data: file.item_data(id).ok()?, configuration })
    }

    /// Profile and level of AV1.
    fn profile(&self) -> Option<(u8, u8)> {
        let byte = self.configuration.get(1)?;
        Some((byte >> 5, byte & 0x1f))
    }

    fn is_gray(&self) -> bool {
        const MONOCHROME: u8 = 0x10;
        self.configuration.get(2).is_some_and(|flags| flags & MONOCHROME != 0)
    }

    /// Bits of a sample.
    fn bits(&self) -> u8 {
        const HIGH_DEPTH: u8 = 0x40;
        const TWELVE: u8 = 0x20;
        match self.configuration.get(2).copied().unwrap_or_default() {
            flags if flags & (HIGH_DEPTH | TWELVE) == HIGH_DEPTH | TWELVE => 12,
            flags if flags & HIGH_DEPTH != 0 => 10,
            _ => 8,
        }
    }

    /// Its depth and configuration, as properties.
    fn described(&self, properties: &mut Properties) -> Option<()> {
        const ESSENTIAL: bool = true;
        let bits = self.bits();
        let channels: &[u8] = if self.is_gray() { &[1, bits] } else { &[3, bits, bits, bits] };
        properties.add(false, &full(b"pixi", 0, &[channels])?);
        properties.add(ESSENTIAL, &boxed(b"av1C", &[self.configuration])?);
        Some(())
    }
}

/// What a file of ours contains.
struct Contents<'a> {
    size: Size,
    color: Coded<'a>,
    alpha: Option<Coded<'a>>,
    /// By code points of ITU-T H.273, how colours are made of the planes, and whether samples use the full range.
    matrix: u8,
    is_full: bool,
    profile: Option<Cow<'a, [u8]>>,
    exif: Option<Vec<u8>>,
    xmp: Option<Vec<u8>>,
}

impl<'a> Contents<'a> {
    /// The pictures in a file that the encoder or we wrote, with its profile and without metadata.
    fn of(file: &'a HeifFile<'a>) -> Option<Self> {
        let (width, height) = file.image_size(file.primary_id).ok()??;
        let alpha = match heif::alpha(file).ok()? {
            Some(id) => Some(Coded::of(file, id)?),
            None => None,
        };
        let heif::Description { matrix, is_full, .. } = heif::description(file)?;
        Some(Self {
            size: Size::new(width, height),
            color: Coded::of(file, file.primary_id)?,
            alpha,
            matrix,
            is_full,
            profile: file.icc_profile(file.primary_id).ok()?.map(Cow::Borrowed),
            exif: None,
            xmp: None,
        })
    }

    /// The file. `None` if it would be too long for the format.
    fn written(&self) -> Option<Vec<u8>> {
        let mut properties = Properties::default();
        let mut items = Items::default();

        properties.add(false, &full(b"ispe", 0, &[&self.size.width.to_be_bytes(), &self.size.height.to_be_bytes()])?);
        self.color.described(&mut properties)?;
        if let Some(profile) = &self.profile {
            properties.add(false, &boxed(b"colr", &[b"prof", profile])?);
        }
        properties.add(false, &boxed(b"colr", &[b"nclx", &self.code_points()])?);
        let color = items.add(b"av01", &[], &self.color.data);
        properties.describe(color, 0..properties.count());

        if let Some(alpha) = &self.alpha {
            let own = properties.count();
            alpha.described(&mut properties)?;
            properties.add(false, &full(b"auxC", 0, &[heif::ALPHA_IN_AV1.as_bytes(), &[0]])?);
            let id = items.add(b"av01", &[], &alpha.data);
            // They have the size in common.
            properties.describe(id, std::iter::once(0).chain(own..properties.count()));
            items.refer(b"auxl", id, color)?;
        }
        if let Some(exif) = &self.exif {
            let id = items.add(b"Exif", &[], exif);
            items.refer(b"cdsc", id, color)?;
        }
        if let Some(packet) = &self.xmp {
            let id = items.add(b"mime", b"application/rdf+xml\0", packet);
            items.refer(b"cdsc", id, color)?;
        }

        let mut file = boxed(b"ftyp", &[b"avif\0\0\0\0avifmif1miaf", self.brand()])?;
        let handler = full(b"hdlr", 0, &[&[0; 4], b"pict", &[0; 13]])?;
        let primary = full(b"pitm", 0, &[&color.to_be_bytes()])?;
        let before = [handler, primary].concat();
        let after = [items.informations()?, items.references()?, properties.written()?].concat();
        // Places are counted from the beginning of the file; the list of them has the same length whatever they are.
        let meta = |start: u32| full(b"meta", 0, &[&before, &items.places(start)?, &after]);
        let start = file.len() + meta(0)?.len() + BOX_HEADER;
        file.extend(meta(u32::try_from(start).ok()?)?);
        let data: Vec<&[u8]> = items.list.iter().map(|item| item.data).collect();
        file.extend(boxed(b"mdat", &data)?);
        Some(file)
    }

    /// The content of `nclx`. Where there is a profile, it says what the colours are.
    fn code_points(&self) -> [u8; 7] {
        const UNSPECIFIED: [u8; 2] = [2, 2];
        const SRGB: [u8; 2] = [1, 13];
        const FULL_RANGE: u8 = 0x80;
        let [primaries, transfer] = if self.profile.is_some() { UNSPECIFIED } else { SRGB };
        [0, primaries, 0, transfer, 0, self.matrix, if self.is_full { FULL_RANGE } else { 0 }]
    }

    /// The brand that promises which decoders can show it: those of the Baseline Profile (AV1's Main profile up to level 5.1) or
    /// of the Advanced Profile (its High profile up to level 6.0).
    fn brand(&self) -> &'static [u8] {
        const LEVEL_5_1: u8 = 13;
        const LEVEL_6_0: u8 = 16;
        let all = [Some(&self.color), self.alpha.as_ref()];
        let profiles = || all.iter().flatten().map(|coded| coded.profile().unwrap_or((u8::MAX, u8::MAX)));
        if profiles().all(|(profile, level)| profile == 0 && level <= LEVEL_5_1) {
            b"MA1B"
        } else if profiles().all(|(profile, level)| profile <= 1 && level <= LEVEL_6_0) {
            b"MA1A"
        } else {
            b""
        }
    }
}

/// The items of a file, numbered from 1.
#[derive(Default)]
struct Items<'a> {
    list: Vec<Item<'a>>,
    references: Vec<u8>,
}

struct Item<'a> {
    kind: &'static [u8; 4],
    /// What follows its name.
    more: &'static [u8],
    data: &'a [u8],
}

impl<'a> Items<'a> {
    fn add(&mut self, kind: &'static [u8; 4], more: &'static [u8], data: &'a [u8]) -> u16 {
        self.list.push(Item { kind, more, data });
        self.list.len() as u16
    }

    /// Says what an item is to another.
    fn refer(&mut self, kind: &[u8; 4], from: u16, to: u16) -> Option<()> {
        self.references.extend(boxed(kind, &[&from.to_be_bytes(), &1_u16.to_be_bytes(), &to.to_be_bytes()])?);
        Some(())
    }

    fn numbered(&self) -> impl Iterator<Item = (u16, &Item<'a>)> {
        (1..).zip(&self.list)
    }

    /// What they are.
    fn informations(&self) -> Option<Vec<u8>> {
        let mut all = (self.list.len() as u16).to_be_bytes().to_vec();
        for (id, item) in self.numbered() {
            // Not protected, and without a name.
            all.extend(full(b"infe", 2, &[&id.to_be_bytes(), &[0; 2], item.kind, &[0], item.more])?);
        }
        full(b"iinf", 0, &[&all])
    }

    /// Where they are, if the first begins at `start`.
    fn places(&self, start: u32) -> Option<Vec<u8>> {
        // Offsets and lengths have four bytes, and there is no common offset.
        let mut all = vec![0x44, 0];
        all.extend((self.list.len() as u16).to_be_bytes());
        let mut place = start;
        for (id, item) in self.numbered() {
            let length = u32::try_from(item.data.len()).ok()?;
            // In this file, in one piece.
            all.extend([id, 0, 1].map(u16::to_be_bytes).concat());
            all.extend([place, length].map(u32::to_be_bytes).concat());
            place = place.checked_add(length)?;
        }
        full(b"iloc", 0, &[&all])
    }

    fn references(&self) -> Option<Vec<u8>> {
        if self.references.is_empty() { Some(Vec::new()) } else { full(b"iref", 0, &[&self.references]) }
    }
}

/// The properties of the items.
#[derive(Default)]
struct Properties {
    /// Whether a reader must know it, for each.
    essential: Vec<bool>,
    boxes: Vec<u8>,
    /// Items with the properties that they have.
    associations: Vec<u8>,
    items: u32,
}

impl Properties {
    fn add(&mut self, is_essential: bool, property: &[u8]) {
        self.essential.push(is_essential);
        self.boxes.extend(property);
    }

    const fn count(&self) -> usize {
        self.essential.len()
    }

    /// Says which properties an item has.
    fn describe(&mut self, item: u16, properties: impl Iterator<Item = usize>) {
        const ESSENTIAL: u8 = 0x80;
        let flag = |&index: &usize| if self.essential[index] { ESSENTIAL } else { 0 };
        // They are numbered from 1, and there are fewer than ten.
        let numbers: Vec<u8> = properties.map(|index| flag(&index) | (index as u8 + 1)).collect();
        self.associations.extend(item.to_be_bytes());
        self.associations.push(numbers.len() as u8);
        self.associations.extend(numbers);
        self.items += 1;
    }

    fn written(&self) -> Option<Vec<u8>> {
        let container = boxed(b"ipco", &[&self.boxes])?;
        let associations = full(b"ipma", 0, &[&self.items.to_be_bytes(), &self.associations])?;
        boxed(b"iprp", &[&container, &associations])
    }
}

/// Length and kind.
const BOX_HEADER: usize = 8;

/// A box; `None` if it would be too long.
fn boxed(kind: &[u8; 4], parts: &[&[u8]]) -> Option<Vec<u8>> {
    let length = BOX_HEADER + parts.iter().map(|part| part.len()).sum::<usize>();
    let mut out = Vec::with_capacity(length);
    out.extend(u32::try_from(length).ok()?.to_be_bytes());
    out.extend(kind);
    for part in parts {
        out.extend_from_slice(part);
    }
    Some(out)
}

/// A box with a version, and without flags.
fn full(kind: &[u8; 4], version: u8, parts: &[&[u8]]) -> Option<Vec<u8>> {
    let start = [version, 0, 0, 0];
    let parts: Vec<&[u8]> = std::iter::once(&start[..]).chain(parts.iter().copied()).collect();
    boxed(kind, &parts)
}
