//! What a picture's file says about it apart from its pixels: who made it and who may use it, what it shows, when and with
//! what it was taken, and where.
//!
//! A file says it in up to three ways: EXIF, XMP and IPTC-IIM. They are read into one [`Metadata`], of fields and properties
//! from two lists, and results get new blocks made from it. Nothing is copied or edited in place, so that a maker's
//! notes, a thumbnail or a location cannot get into a result by an oversight. What is broken is not kept, and never a reason
//! to refuse a picture.

use std::borrow::Cow;

use super::directory::{ASCII, Entries, UNDEFINED};
use super::{Bytes, Encoded, Format, MAX_METADATA, avif, gif, heic, jpeg, jxl, png, psd, raw, tiff, webp, whole};
use crate::image::Size;

mod fields;
mod iptc;
mod properties;
#[cfg(test)]
mod tests;
mod xmp;

pub(super) use fields::tag;
use fields::{Field, Place};
pub(super) use iptc::in_resources;
use properties::{Key, Properties, clean};

/// Version of what is read, selected and written; raise it when any of it changes.
pub const VERSION: &str = "1.0.0";

/// What belongs together when metadata is kept or left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// Author, copyright, credit line, terms of use, and whom to ask.
    Rights,
    /// What the picture shows, in sentences.
    Description,
    /// What the picture shows, in few words, and when.
    Content,
    /// When, with what and how it was taken.
    Camera,
    /// Where it was taken, or what it shows is.
    Location,
}

/// How much of a file's metadata a result keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Nothing.
    Nothing,
    /// Author, copyright, credit line, terms of use, and whom to ask.
    Rights,
    /// Everything that is worth keeping, except the location.
    All,
}

/// What a result says, given what its picture's file says.
#[derive(Clone, Copy, Debug)]
pub struct Policy<'a> {
    /// What is kept.
    pub kept: Kept,
    /// Whether the location is kept too, unless nothing is.
    pub keep_location: bool,
    /// Replaces the author, if it is not empty.
    pub author: &'a str,
    /// Replaces the copyright, if it is not empty.
    pub copyright: &'a str,
}

/// What is said about a picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metadata {
    properties: Properties,
    fields: Vec<Field>,
}

/// The blocks of a file. Each is a part of it, or was put together from several.
#[derive(Default)]
pub(super) struct Blocks<'a> {
    /// The file, if it is a TIFF structure as `exif` is.
    pub(super) file: Option<Bytes<'a>>,
    /// A TIFF structure.
    pub(super) exif: Option<Cow<'a, [u8]>>,
    pub(super) xmp: Option<Cow<'a, [u8]>>,
    /// IPTC-IIM.
    pub(super) iptc: Option<Cow<'a, [u8]>>,
    /// Texts of the format's own.
    pub(super) words: Vec<(Word, String)>,
}

/// Reads a block of metadata, and no more than tells that it is too long.
pub(super) fn metadata(block: Bytes<'_>) -> Cow<'_, [u8]> {
    block.head(MAX_METADATA as u64 + 1)
}

impl Blocks<'_> {
    /// The same, independent of the file.
    pub(super) fn into_owned(self) -> Blocks<'static> {
        let [exif, xmp, iptc] =
            [self.exif, self.xmp, self.iptc].map(|block| block.map(|block| block.into_owned().into()));
        Blocks { file: None, exif, xmp, iptc, words: self.words }
    }
}

/// What a text of a format's own says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Author,
    Copyright,
    Title,
    Description,
}

/// Tags of the camera's model and of the time when a picture was taken.
const MODEL: u16 = 272;
const TAKEN: u16 = 36_867;

/// The picture that metadata is written for.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// In pixels.
    pub size: Size,
    /// Whether its colours are sRGB.
    pub is_srgb: bool,
    /// Pixels per inch, if they are stated.
    pub resolution: Option<u16>,
}

impl Metadata {
    /// What a file says. Blocks of more than [`MAX_METADATA`] bytes are ignored.
    pub fn of<'a>(bytes: impl Into<Bytes<'a>>, format: Format) -> Self {
        let bytes = bytes.into();
        let blocks = match format {
            Format::Tiff => tiff::metadata::blocks(bytes),
            Format::Gif => gif::blocks(bytes),
            Format::Psd => psd::blocks(bytes),
            Format::Raw => raw::blocks(bytes),
            _ => match whole(bytes) {
                Ok(bytes) => return Self::of_blocks(&Self::blocks(&bytes, format)),
                Err(_) => Blocks::default(),
            },
        };
        Self::of_blocks(&blocks)
    }

    /// The blocks of a file that is read as a whole.
    fn blocks(bytes: &[u8], format: Format) -> Blocks<'_> {
        match format {
            Format::Jpeg => jpeg::metadata::blocks(bytes),
            Format::Png => png::metadata::blocks(bytes),
            Format::Webp => webp::metadata::blocks(bytes),
            Format::Heic => heic::blocks(bytes),
            Format::Avif => avif::blocks(bytes),
            Format::Jxl => jxl::blocks(bytes),
            Format::Tiff | Format::Gif | Format::Psd | Format::Raw => Blocks::default(),
            Format::Bmp | Format::Ico | Format::Qoi | Format::Pnm | Format::Svg | Format::Tga => Blocks::default(),
        }
    }

    fn of_blocks(Blocks { file, exif, xmp, iptc, words }: &Blocks<'_>) -> Self {
        let within = |block: &&Cow<'_, [u8]>| block.len() <= MAX_METADATA;
        let mut properties = xmp.as_ref().filter(within).and_then(|packet| xmp::read(packet)).unwrap_or_default();
        let exif = file.or_else(|| exif.as_ref().filter(within).map(Bytes::from));
        let mut fields = exif.map(|block| fields::read(block, &mut properties)).unwrap_or_default();
        if let Some(block) = iptc.as_ref().filter(within) {
            iptc::read(block, &mut properties);
        }
        for (word, text) in words {
            let key = match word {
                Word::Author => Key::Creator,
                Word::Copyright => Key::Rights,
                Word::Title => Key::Title,
                Word::Description => Key::Description,
            };
            if !properties.has(key) {
                properties.set_texts(key, [text.as_str()]);
            }
        }
        // A version alone says nothing.
        if fields.iter().all(|field| field.place != Place::Gps || field.tag == GPS_VERSION) {
            fields.retain(|field| field.place != Place::Gps);
        }
        // EXIF is the original of these.
        if fields.iter().any(|field| field.part() == Part::Camera) {
            properties.0.retain(|key, _| key.part() != Part::Camera);
        }
        if fields.iter().any(|field| field.place == Place::Gps && field.tag == LATITUDE) {
            for key in [Key::Latitude, Key::Longitude, Key::Altitude, Key::AltitudeReference] {
                properties.0.remove(&key);
            }
        }
        Self { properties, fields }
    }

    /// The model of the camera.
    pub fn camera(&self) -> Option<String> {
        self.text(Place::Image, MODEL, Key::Model)
    }

    /// The day on which the picture was taken, as `2026-03-14`.
    pub fn day(&self) -> Option<String> {
        let taken = self.text(Place::Exif, TAKEN, Key::Taken)?;
        let day = taken.get(..10)?;
        let is_day = day.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => matches!(byte, b':' | b'-'),
            _ => byte.is_ascii_digit(),
        });
        // Cameras whose clock was never set write zeros.
        (is_day && !day.starts_with("0000")).then(|| day.replace(':', "-"))
    }

    /// What a field says, or the property that means the same.
    fn text(&self, place: Place, tag: u16, key: Key) -> Option<String> {
        let field = self.fields.iter().find(|field| field.place == place && field.tag == tag);
        let text = field.map(|field| String::from_utf8_lossy(&field.value).into_owned());
        clean(&text.or_else(|| self.properties.joined(key))?)
    }

    /// What a result says by a policy, given what its file says.
    pub fn by(mut self, policy: &Policy<'_>) -> Self {
        let is_kept = |part: Part| match (policy.kept, part) {
            (Kept::Nothing, _) => false,
            (Kept::Rights | Kept::All, Part::Location) => policy.keep_location,
            (Kept::Rights, part) => part == Part::Rights,
            (Kept::All, _) => true,
        };
        self.retain(is_kept);
        if let Some(author) = clean(policy.author) {
            self.properties.set_texts(Key::Creator, author.split(';'));
        }
        if let Some(copyright) = clean(policy.copyright) {
            self.properties.set_texts(Key::Rights, [copyright.as_str()]);
        }
        self
    }

    fn retain(&mut self, is_kept: impl Fn(Part) -> bool) {
        self.properties.0.retain(|key, _| is_kept(key.part()));
        self.fields.retain(|field| is_kept(field.part()));
    }

    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        self.properties.0.is_empty() && self.fields.is_empty()
    }

    /// Less and less of it, for a file that has little room for metadata: without long descriptions, then the rights alone.
    pub(super) fn versions(&self) -> impl Iterator<Item = Self> {
        let only = |is_kept: fn(Part) -> bool| {
            let mut less = self.clone();
            less.retain(is_kept);
            less
        };
        [self.clone(), only(|part| part != Part::Description), only(|part| part == Part::Rights)].into_iter()
    }

    /// An EXIF block, without the `Exif\0\0` before it in JPEG files; `None` if there is nothing to say in it. `is_jpeg`
    /// adds what the standard requires of JPEG files.
    pub(super) fn exif(&self, facts: Facts, is_jpeg: bool) -> Option<Vec<u8>> {
        let Directories { mut image, mut exif, gps } = self.directories(facts.is_srgb);
        if image.is_empty() && exif.is_empty() && gps.is_empty() {
            return None;
        }
        if exif.is_empty() {
            state(&mut exif, facts.is_srgb);
        }
        exif.longs(tag::WIDTH, &[facts.size.width]);
        exif.longs(tag::HEIGHT, &[facts.size.height]);
        image.shorts(tag::ORIENTATION, &[1]);
        // As many pixels an inch as programs assume where none are known.
        let resolution = u32::from(facts.resolution.unwrap_or(72));
        image.rationals(tag::X_RESOLUTION, [resolution, 1]);
        image.rationals(tag::Y_RESOLUTION, [resolution, 1]);
        image.shorts(tag::RESOLUTION_UNIT, &[2]);
        if is_jpeg {
            // In the middle of their pixels, as JFIF has it.
            image.shorts(tag::CHROMA_POSITION, &[1]);
            // Y, Cb, Cr.
            exif.push(tag::COMPONENTS, UNDEFINED, 4, &[1, 2, 3, 0]);
        }
        let mut block = b"II*\0\x08\0\0\0".to_vec();
        // The first directory comes first, where some readers look for it; so the places of the others are put into it
        // when they are known.
        let inner = [(tag::EXIF, exif), (tag::GPS, gps)].into_iter().filter(|(_, directory)| !directory.is_empty());
        let inner: Vec<_> = inner.collect();
        let start = |image: &Entries| {
            let mut block = block.clone();
            let mut places = Vec::new();
            image.clone().append_first(&mut block);
            for (tag, directory) in &inner {
                places.push((*tag, directory.clone().append_first(&mut block)));
            }
            (places, block)
        };
        let mut known = image.clone();
        inner.iter().for_each(|(tag, _)| known.longs(*tag, &[0]));
        for (tag, place) in start(&known).0 {
            image.longs(tag, &[place]);
        }
        block = start(&image).1;
        Some(block)
    }

    /// An XMP packet; `None` if there is nothing to say in it.
    pub(super) fn xmp(&self) -> Option<Vec<u8>> {
        (!self.properties.0.is_empty()).then(|| xmp::written(&self.properties))
    }

    /// The directories of EXIF, without what only blocks of it need.
    pub(super) fn directories(&self, is_srgb: bool) -> Directories {
        let mut directories = Directories::default();
        for (tag, key) in
            [(tag::DESCRIPTION, Key::Description), (tag::ARTIST, Key::Creator), (tag::COPYRIGHT, Key::Rights)]
        {
            if let Some(text) = self.properties.joined(key) {
                let text = [text.as_bytes(), &[0]].concat();
                directories.image.push(tag, ASCII, text.len(), &text);
            }
        }
        for Field { place, tag, kind, count, value } in &self.fields {
            let directory = match place {
                Place::Image => &mut directories.image,
                Place::Exif => &mut directories.exif,
                Place::Gps => &mut directories.gps,
            };
            directory.push(*tag, *kind, *count, value);
        }
        if !directories.exif.is_empty() {
            state(&mut directories.exif, is_srgb);
        }
        directories
    }
}

/// Adds what a directory of EXIF must say: the version of the standard, and what the colours mean.
fn state(exif: &mut Entries, is_srgb: bool) {
    const SRGB: u16 = 1;
    const UNCALIBRATED: u16 = 0xffff;
    exif.push(tag::EXIF_VERSION, UNDEFINED, 4, b"0232");
    exif.push(tag::FLASHPIX_VERSION, UNDEFINED, 4, b"0100");
    exif.shorts(tag::COLOR_SPACE, &[if is_srgb { SRGB } else { UNCALIBRATED }]);
}

/// `GPSVersionID` and `GPSLatitude`.
const GPS_VERSION: u16 = 0;
const LATITUDE: u16 = 2;

/// The directories of EXIF.
#[derive(Default)]
pub(super) struct Directories {
    pub(super) image: Entries,
    pub(super) exif: Entries,
    pub(super) gps: Entries,
}

/// A file with what is said about its picture, if its format has a place for it. The file must have been written here, or be
/// one [without metadata](super::without_metadata).
pub fn with_metadata(encoded: Encoded, metadata: &Metadata, facts: Facts) -> Encoded {
    if metadata.is_empty() {
        return encoded;
    }
    let file = &encoded.bytes;
    let with = match encoded.format {
        Format::Jpeg => jpeg::metadata::with_metadata(file, metadata, facts),
        Format::Png => png::metadata::with_metadata(file, metadata, facts),
        Format::Webp => webp::metadata::with_metadata(file, metadata, facts),
        Format::Tiff => tiff::metadata::with_metadata(file, metadata, facts),
        Format::Jxl => jxl::with_metadata(file, metadata, facts),
        Format::Avif => avif::with_metadata(file, metadata, facts),
        _ => None,
    };
    match with {
        Some(bytes) => Encoded { bytes, ..encoded },
        None => encoded,
    }
}
