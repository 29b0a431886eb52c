//! What EXIF says about a picture in numbers: when, with what and how it was taken, and where. Only fields of this list are
//! read and written, each with the types and the length that the standard gives it; so there is no place for maker's
//! notes, serial numbers, names of owners or thumbnails.

use super::Part;
use super::properties::{Key, Properties, clean, from_latin_1};
use crate::codecs::Bytes;
use crate::codecs::directory::{ASCII, Directory, Entry, LONG, RATIONAL, SHORT, Tiff, UNDEFINED, length};

const BYTE: u16 = 1;
const SIGNED_RATIONAL: u16 = 10;
/// Text in UTF-8, of EXIF 3.0.
const UTF_8: u16 = 129;

/// Tags of TIFF 6.0 and EXIF 3.0.
pub(in crate::codecs) mod tag {
    pub(in crate::codecs) const DESCRIPTION: u16 = 270;
    pub(in crate::codecs) const ORIENTATION: u16 = 274;
    pub(in crate::codecs) const X_RESOLUTION: u16 = 282;
    pub(in crate::codecs) const Y_RESOLUTION: u16 = 283;
    pub(in crate::codecs) const RESOLUTION_UNIT: u16 = 296;
    pub(in crate::codecs) const ARTIST: u16 = 315;
    pub(in crate::codecs) const CHROMA_POSITION: u16 = 531;
    pub(in crate::codecs) const XMP: u16 = 700;
    pub(in crate::codecs) const COPYRIGHT: u16 = 33_432;
    pub(in crate::codecs) const IPTC: u16 = 33_723;
    pub(in crate::codecs) const PHOTOSHOP: u16 = 34_377;
    pub(in crate::codecs) const EXIF: u16 = 34_665;
    pub(in crate::codecs) const GPS: u16 = 34_853;
    pub(in crate::codecs) const EXIF_VERSION: u16 = 36_864;
    pub(in crate::codecs) const COMPONENTS: u16 = 37_121;
    pub(in crate::codecs) const FLASHPIX_VERSION: u16 = 40_960;
    pub(in crate::codecs) const COLOR_SPACE: u16 = 40_961;
    pub(in crate::codecs) const WIDTH: u16 = 40_962;
    pub(in crate::codecs) const HEIGHT: u16 = 40_963;
}

/// The directory of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The first.
    Image,
    Exif,
    Gps,
}

/// A field that is kept: its directory, its tag, its type, and most values of it (bytes of a text, with the zero at its end).
struct Rule(Place, u16, u16, usize);

/// Longest entry that is looked at.
const MAX_BYTES: u64 = 1 << 16;
/// Longest name of a maker or a model.
const NAME: usize = 256;
/// `YYYY:MM:DD HH:MM:SS`.
const TIME: usize = 20;
/// `+HH:MM`.
const OFFSET: usize = 7;
/// Digits of a fraction of a second.
const FRACTION: usize = 12;

#[rustfmt::skip]
const RULES: &[Rule] = &[
    Rule(Place::Image, 271, ASCII, NAME), // Make
    Rule(Place::Image, 272, ASCII, NAME), // Model
    Rule(Place::Image, 306, ASCII, TIME), // DateTime
    Rule(Place::Exif, 33_434, RATIONAL, 1), // ExposureTime
    Rule(Place::Exif, 33_437, RATIONAL, 1), // FNumber
    Rule(Place::Exif, 34_850, SHORT, 1), // ExposureProgram
    Rule(Place::Exif, 34_855, SHORT, 3), // PhotographicSensitivity
    Rule(Place::Exif, 34_864, SHORT, 1), // SensitivityType
    Rule(Place::Exif, 34_865, LONG, 1), // StandardOutputSensitivity
    Rule(Place::Exif, 34_866, LONG, 1), // RecommendedExposureIndex
    Rule(Place::Exif, 36_867, ASCII, TIME), // DateTimeOriginal
    Rule(Place::Exif, 36_868, ASCII, TIME), // DateTimeDigitized
    Rule(Place::Exif, 36_880, ASCII, OFFSET), // OffsetTime
    Rule(Place::Exif, 36_881, ASCII, OFFSET), // OffsetTimeOriginal
    Rule(Place::Exif, 36_882, ASCII, OFFSET), // OffsetTimeDigitized
    Rule(Place::Exif, 37_377, SIGNED_RATIONAL, 1), // ShutterSpeedValue
    Rule(Place::Exif, 37_378, RATIONAL, 1), // ApertureValue
    Rule(Place::Exif, 37_379, SIGNED_RATIONAL, 1), // BrightnessValue
    Rule(Place::Exif, 37_380, SIGNED_RATIONAL, 1), // ExposureBiasValue
    Rule(Place::Exif, 37_381, RATIONAL, 1), // MaxApertureValue
    Rule(Place::Exif, 37_382, RATIONAL, 1), // SubjectDistance
    Rule(Place::Exif, 37_383, SHORT, 1), // MeteringMode
    Rule(Place::Exif, 37_384, SHORT, 1), // LightSource
    Rule(Place::Exif, 37_385, SHORT, 1), // Flash
    Rule(Place::Exif, 37_386, RATIONAL, 1), // FocalLength
    Rule(Place::Exif, 37_520, ASCII, FRACTION), // SubSecTime
    Rule(Place::Exif, 37_521, ASCII, FRACTION), // SubSecTimeOriginal
    Rule(Place::Exif, 37_522, ASCII, FRACTION), // SubSecTimeDigitized
    Rule(Place::Exif, 41_986, SHORT, 1), // ExposureMode
    Rule(Place::Exif, 41_987, SHORT, 1), // WhiteBalance
    Rule(Place::Exif, 41_988, RATIONAL, 1), // DigitalZoomRatio
    Rule(Place::Exif, 41_989, SHORT, 1), // FocalLengthIn35mmFilm
    Rule(Place::Exif, 41_990, SHORT, 1), // SceneCaptureType
    Rule(Place::Exif, 42_034, RATIONAL, 4), // LensSpecification
    Rule(Place::Exif, 42_035, ASCII, NAME), // LensMake
    Rule(Place::Exif, 42_036, ASCII, NAME), // LensModel
    Rule(Place::Gps, 0, BYTE, 4), // GPSVersionID
    Rule(Place::Gps, 1, ASCII, 2), // GPSLatitudeRef
    Rule(Place::Gps, 2, RATIONAL, 3), // GPSLatitude
    Rule(Place::Gps, 3, ASCII, 2), // GPSLongitudeRef
    Rule(Place::Gps, 4, RATIONAL, 3), // GPSLongitude
    Rule(Place::Gps, 5, BYTE, 1), // GPSAltitudeRef
    Rule(Place::Gps, 6, RATIONAL, 1), // GPSAltitude
    Rule(Place::Gps, 7, RATIONAL, 3), // GPSTimeStamp
    Rule(Place::Gps, 16, ASCII, 2), // GPSImgDirectionRef
    Rule(Place::Gps, 17, RATIONAL, 1), // GPSImgDirection
    Rule(Place::Gps, 18, ASCII, NAME), // GPSMapDatum
    Rule(Place::Gps, 29, ASCII, 11), // GPSDateStamp
];

/// A field with its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) place: Place,
    pub(super) tag: u16,
    pub(super) kind: u16,
    pub(super) count: usize,
    /// Little endian.
    pub(super) value: Vec<u8>,
}

impl Field {
    pub(super) const fn part(&self) -> Part {
        match self.place {
            Place::Image | Place::Exif => Part::Camera,
            Place::Gps => Part::Location,
        }
    }

    /// What a rule keeps of an entry.
    fn of(Rule(place, tag, kind, most): &Rule, entry: &Entry<'_>) -> Option<Self> {
        if entry.value.len() > MAX_BYTES {
            return None;
        }
        let (kind, value) = match *kind {
            ASCII => {
                let text = texts(entry)?.first().and_then(|text| clean(&text.0))?;
                (ASCII, text.into_bytes().into_iter().chain([0]).collect())
            }
            // Some programs write the other one.
            SHORT | LONG => {
                let numbers = entry.numbers()?;
                let fits = |number: u64| u32::try_from(number).ok();
                let numbers: Vec<u32> = numbers.map(fits).collect::<Option<_>>()?;
                match kind {
                    &SHORT => {
                        let short = |number: u32| u16::try_from(number).ok().map(u16::to_le_bytes);
                        let shorts: Vec<_> = numbers.into_iter().map(short).collect::<Option<_>>()?;
                        (SHORT, shorts.concat())
                    }
                    _ => (LONG, numbers.into_iter().flat_map(u32::to_le_bytes).collect()),
                }
            }
            kind if entry.kind == kind => (kind, entry.little_endian()),
            _ => return None,
        };
        let count = value.len() / length(kind)?;
        let is_kept = (1..=*most).contains(&count);
        is_kept.then_some(Self { place: *place, tag: *tag, kind, count, value })
    }
}

/// The texts of an entry, which are separated by zeros, each with whether it is UTF-8.
fn texts(entry: &Entry<'_>) -> Option<Vec<(String, bool)>> {
    // Some programs write texts as bytes.
    let is_text = [BYTE, ASCII, UTF_8, UNDEFINED].contains(&entry.kind) && entry.value.len() <= MAX_BYTES;
    let read = |bytes: &[u8]| match std::str::from_utf8(bytes) {
        Ok(text) => (text.to_owned(), true),
        Err(_) => (from_latin_1(bytes), false),
    };
    is_text.then(|| entry.bytes().split(|byte| *byte == 0).map(read).collect())
}

/// The fields of a TIFF structure, and what it says in words.
pub(super) fn read(block: Bytes<'_>, properties: &mut Properties) -> Vec<Field> {
    let directories = || {
        let tiff = Tiff::of(block).or_else(|| Tiff::of_camera(block))?;
        let first = tiff.directory(tiff.first()?)?;
        let inner = |tag| tiff.directory(first.number(tag)?);
        Some((first, inner(tag::EXIF), inner(tag::GPS)))
    };
    let Some((first, exif, gps)) = directories() else { return Vec::new() };
    read_words(&first, properties);
    let fields = RULES.iter().filter_map(|rule| {
        let directory = match rule.0 {
            Place::Image => Some(first),
            Place::Exif => exif,
            Place::Gps => gps,
        };
        Field::of(rule, &directory?.entry(rule.1)?)
    });
    fields.collect()
}

/// Takes author, copyright and description from the first directory, if it says them: before XMP, as the Metadata Working
/// Group recommends. What XMP says is taken where an old program wrote a text in an unknown encoding, where it is the same
/// with more details, and for the description, which cameras fill with their own names.
fn read_words(first: &Directory<'_>, properties: &mut Properties) {
    for (tag, key) in [(tag::ARTIST, Key::Creator), (tag::COPYRIGHT, Key::Rights), (tag::DESCRIPTION, Key::Description)]
    {
        let Some(mut found) = first.entry(tag).and_then(|entry| texts(&entry)) else { continue };
        found.truncate(2);
        let is_utf_8 = found.iter().all(|(_, is_utf_8)| *is_utf_8);
        let said: Vec<String> = found.iter().filter_map(|(text, _)| clean(text)).collect();
        let words = match tag {
            // The copyright of the photographer, and that of the editor.
            tag::COPYRIGHT => said.join("; "),
            _ => said.into_iter().next().unwrap_or_default(),
        };
        let known = properties.joined(key);
        if words.is_empty() || known.as_ref() == Some(&words) {
            continue;
        }
        if known.is_none() || (is_utf_8 && key != Key::Description) {
            match key {
                Key::Creator => properties.set_texts(key, words.split(';')),
                _ => properties.set_texts(key, [words.as_str()]),
            }
        }
    }
}
