//! Pictures with all kinds of metadata against what exiftool reads in them (`tests/oracles/metadata.py`), and what is written
//! against what was read.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value as Json;

use super::properties::{Form, MAX_TEXT, Namespace, Value};
use super::*;
use crate::codecs::{
    DecodeRequest, EncodeRequest, Encoder, Encoders, Encoding, Raster, decode, encode, probe, sniff, without_metadata,
};
use crate::color::ColorSpace;
use crate::error::Failure;
use crate::image::{Image, Pixels};

const EVERYTHING: Policy<'static> = Policy { kept: Kept::All, keep_location: true, author: "", copyright: "" };
const RIGHTS: Policy<'static> = Policy { kept: Kept::Rights, keep_location: false, ..EVERYTHING };
const FACTS: Facts = Facts { size: Size::new(24, 16), is_srgb: true, resolution: None };

fn file(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/metadata").join(name);
    std::fs::read(path).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn expected() -> BTreeMap<String, BTreeMap<String, Json>> {
    serde_json::from_slice(&file("expected.json")).expect("JSON")
}

fn read(bytes: &[u8]) -> Metadata {
    Metadata::of(bytes, sniff(bytes).expect("a picture"))
}

/// The names that exiftool gives to the fields, of those in the files.
const FIELDS: &[(Place, u16, &str)] = &[
    (Place::Image, 271, "IFD0:Make"),
    (Place::Image, 272, "IFD0:Model"),
    (Place::Image, 306, "IFD0:ModifyDate"),
    (Place::Exif, 33_434, "ExifIFD:ExposureTime"),
    (Place::Exif, 33_437, "ExifIFD:FNumber"),
    (Place::Exif, 34_855, "ExifIFD:ISO"),
    (Place::Exif, 36_867, "ExifIFD:DateTimeOriginal"),
    (Place::Exif, 36_868, "ExifIFD:CreateDate"),
    (Place::Exif, 36_881, "ExifIFD:OffsetTimeOriginal"),
    (Place::Exif, 37_380, "ExifIFD:ExposureCompensation"),
    (Place::Exif, 37_383, "ExifIFD:MeteringMode"),
    (Place::Exif, 37_385, "ExifIFD:Flash"),
    (Place::Exif, 37_386, "ExifIFD:FocalLength"),
    (Place::Exif, 37_521, "ExifIFD:SubSecTimeOriginal"),
    (Place::Exif, 41_987, "ExifIFD:WhiteBalance"),
    (Place::Exif, 41_989, "ExifIFD:FocalLengthIn35mmFormat"),
    (Place::Exif, 42_034, "ExifIFD:LensInfo"),
    (Place::Exif, 42_035, "ExifIFD:LensMake"),
    (Place::Exif, 42_036, "ExifIFD:LensModel"),
    (Place::Gps, 0, "GPS:GPSVersionID"),
    (Place::Gps, 1, "GPS:GPSLatitudeRef"),
    (Place::Gps, 2, "GPS:GPSLatitude"),
    (Place::Gps, 3, "GPS:GPSLongitudeRef"),
    (Place::Gps, 4, "GPS:GPSLongitude"),
    (Place::Gps, 5, "GPS:GPSAltitudeRef"),
    (Place::Gps, 6, "GPS:GPSAltitude"),
    (Place::Gps, 7, "GPS:GPSTimeStamp"),
    (Place::Gps, 29, "GPS:GPSDateStamp"),
];

/// The names of the properties elsewhere, which count where XMP says nothing.
const ELSEWHERE: &[(Key, &[&str])] = &[
    (Key::Creator, &["IFD0:Artist", "IPTC:By-line", "PNG:Author"]),
    (Key::Rights, &["IFD0:Copyright", "IPTC:CopyrightNotice", "PNG:Copyright"]),
    (Key::Description, &["IFD0:ImageDescription", "IPTC:Caption-Abstract"]),
    (Key::Title, &["IPTC:ObjectName", "PNG:Title"]),
    (Key::Headline, &["IPTC:Headline"]),
    (Key::Keywords, &["IPTC:Keywords"]),
    (Key::Credit, &["IPTC:Credit"]),
    (Key::Source, &["IPTC:Source"]),
    (Key::City, &["IPTC:City"]),
];

const KEYS: &[Key] = &[
    Key::Creator,
    Key::Rights,
    Key::Credit,
    Key::Marked,
    Key::UsageTerms,
    Key::WebStatement,
    Key::Contact,
    Key::Licensor,
    Key::DataMining,
    Key::Description,
    Key::AltText,
    Key::Title,
    Key::Headline,
    Key::Keywords,
    Key::Source,
    Key::SourceType,
    Key::Rating,
    Key::Created,
    Key::DateCreated,
    Key::City,
    Key::CountryCode,
    Key::Latitude,
    Key::Longitude,
];

fn name_of(key: Key) -> String {
    let (namespace, name) = key.name();
    let group = match namespace {
        Namespace::IptcCore => "iptcCore",
        Namespace::IptcExt => "iptcExt",
        other => other.prefix(),
    };
    format!("XMP-{group}:{}{}", name[..1].to_uppercase(), &name[1..])
}

/// A value as exiftool prints it, as one text.
fn text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Bool(true) => "True".to_owned(),
        Json::Array(values) => values.iter().map(text).collect::<Vec<_>>().join("; "),
        Json::Object(parts) => {
            parts.iter().map(|(name, value)| format!("{name}={}", text(value))).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

/// Degrees of what XMP has as `51,28.668N`.
fn degrees(text: &str) -> f64 {
    let (number, direction) = text.split_at(text.len() - 1);
    let (degrees, minutes) = number.split_once(',').expect("two numbers");
    let value = degrees.parse::<f64>().expect("a number") + minutes.parse::<f64>().expect("a number") / 60.0;
    if matches!(direction, "S" | "W") { -value } else { value }
}

fn number(value: f64) -> String {
    let text = format!("{value:.10}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn property(metadata: &Metadata, key: Key) -> Option<String> {
    let values = metadata.properties.0.get(&key)?;
    if matches!(key.form(), Form::Structure(_) | Form::Structures(_)) {
        let mut parts: Vec<_> = values[0].parts.iter().map(|(name, text)| format!("{name}={text}")).collect();
        parts.sort();
        return Some(parts.join(", "));
    }
    let text = metadata.properties.joined(key)?;
    Some(match key {
        Key::Created | Key::DateCreated => text.replacen('-', ":", 2).replace('T', " "),
        Key::Latitude | Key::Longitude => number((degrees(&text) * 1e8).round() / 1e8),
        _ => text,
    })
}

fn field(Field { place, tag, kind, count, value }: &Field) -> String {
    let long = |bytes: &[u8]| u32::from_le_bytes(*bytes.first_chunk().expect("four bytes"));
    let numbers: Vec<f64> = match kind {
        2 => return String::from_utf8(value[..count - 1].to_vec()).expect("text"),
        1 => value.iter().map(|byte| f64::from(*byte)).collect(),
        3 => value.chunks(2).map(|bytes| f64::from(u16::from_le_bytes([bytes[0], bytes[1]]))).collect(),
        4 => value.chunks(4).map(|bytes| f64::from(long(bytes))).collect(),
        10 => value.chunks(8).map(|pair| f64::from(long(pair) as i32) / f64::from(long(&pair[4..]) as i32)).collect(),
        _ => value.chunks(8).map(|pair| f64::from(long(pair)) / f64::from(long(&pair[4..]))).collect(),
    };
    match (place, tag) {
        (Place::Gps, 7) => numbers.iter().map(|number| format!("{number:02}")).collect::<Vec<_>>().join(":"),
        (Place::Gps, 2 | 4) => {
            let value = numbers[0] + numbers[1] / 60.0 + numbers[2] / 3600.0;
            number((value * 1e8).round() / 1e8)
        }
        _ => numbers.into_iter().map(number).collect::<Vec<_>>().join(" "),
    }
}

#[test]
fn every_file_says_what_exiftool_reads_in_it() {
    for (name, expected) in expected() {
        let found = read(&file(&name));
        let mut count = 0;
        for (place, tag, name_of_field) in FIELDS {
            let value = found.fields.iter().find(|field| (field.place, field.tag) == (*place, *tag)).map(field);
            let wanted = expected.get(*name_of_field).map(text);
            count += usize::from(value.is_some());
            assert_eq!(value, wanted, "{name}: {name_of_field}");
        }
        assert_eq!(count, found.fields.len(), "{name}: {:?}", found.fields);
        let has_place = expected.contains_key("GPS:GPSLatitude");
        let mut count = 0;
        for key in KEYS {
            let others = ELSEWHERE.iter().find(|(other, _)| other == key).map_or(&[][..], |(_, names)| names);
            let wanted = expected.get(&name_of(*key));
            let wanted = wanted.or_else(|| others.iter().find_map(|name| expected.get(*name))).map(text);
            // Where EXIF says the location, XMP's copy is not needed.
            let wanted = wanted.filter(|_| !(has_place && matches!(key, Key::Latitude | Key::Longitude)));
            let value = property(&found, *key);
            count += usize::from(value.is_some());
            assert_eq!(value, wanted, "{name}: {key:?}");
        }
        assert_eq!(count, found.properties.0.len(), "{name}: {:?}", found.properties);
    }
}

#[test]
fn a_copyright_in_other_languages_is_kept() {
    let rights = &read(&file("all.jpg")).properties.0[&Key::Rights];
    let languages: Vec<_> = rights.iter().map(|value| value.language.as_str()).collect();
    assert_eq!(languages, ["x-default", "de"]);
}

/// Makes the same picture of everything, so that what the file says about it can be tested.
struct Libaom;

impl Encoders for Libaom {
    fn name(&self, encoder: Encoder) -> Option<&'static str> {
        (encoder == Encoder::Avif).then_some("libaom of a test")
    }

    fn encode(&self, _: Raster<'_>, _: Encoding) -> Result<Vec<u8>, Failure> {
        Ok(include_bytes!("../../../tests/data/avif/rgb.avif").to_vec())
    }
}

fn plain(format: Format) -> Encoded {
    let pixels = (0..24 * 16 * 3).map(|index| (index * 7 % 251) as u8).collect();
    let request =
        EncodeRequest { format, quality: 90, lossless: true, background: [255; 3], ..EncodeRequest::new(format) };
    encode(Image::new(Size::new(24, 16), Pixels::Rgb(pixels)), &request, Some(&Libaom)).expect("written")
}

const WRITTEN: [Format; 6] = [Format::Jpeg, Format::Png, Format::Webp, Format::Tiff, Format::Jxl, Format::Avif];

fn pixels(bytes: &[u8]) -> (Image, ColorSpace) {
    let header = probe(bytes, "a").expect("a header");
    assert_eq!(header.orientation, 1);
    let decoded = decode(bytes, &header, &DecodeRequest::whole(&header), "a").expect("a picture");
    assert_eq!(decoded.warnings, []);
    (decoded.image, header.space)
}

#[test]
fn what_is_written_is_read_again_and_the_picture_stays() {
    for format in WRITTEN {
        let plain = plain(format);
        for name in expected().keys() {
            for policy in [EVERYTHING, RIGHTS, Policy { author: "A; B", copyright: "© C", ..RIGHTS }] {
                let said = read(&file(name)).by(&policy);
                let written = with_metadata(plain.clone(), &said, FACTS);
                assert_eq!(read(&written.bytes), said, "{name} as {format:?}");
                assert_eq!(pixels(&written.bytes), pixels(&plain.bytes), "{name} as {format:?}");
                if !matches!(format, Format::Tiff | Format::Jxl | Format::Avif) {
                    let header = probe(&written.bytes, "a").expect("a header");
                    let without = without_metadata(&written.bytes, &header).expect("undamaged");
                    assert_eq!(pixels(&without.bytes), pixels(&plain.bytes), "{name} as {format:?}");
                    assert!(read(&without.bytes).is_empty());
                }
            }
        }
    }
}

fn holds(bytes: &[u8], wanted: &str) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted.as_bytes())
}

#[test]
fn secrets_are_never_written_and_the_location_only_if_it_is_wanted() {
    for name in ["all.jpg", "all.png", "all.webp", "all.tif", "all.psd", "camera.jpg", "xmp.gif"] {
        let bytes = file(name);
        assert!(holds(&bytes, "SECRET"), "{name}");
        for format in WRITTEN {
            let write = |policy| with_metadata(plain(format), &read(&bytes).by(&policy), FACTS).bytes;
            for keep_location in [false, true] {
                let written = write(Policy { keep_location, ..EVERYTHING });
                assert!(!holds(&written, "SECRET"), "{name} as {format:?}");
                assert_eq!(holds(&written, "Greenwich"), keep_location && name != "camera.jpg", "{name} as {format:?}");
                let has_gps = read(&written).fields.iter().any(|field| field.place == Place::Gps);
                assert_eq!(has_gps, keep_location && !["camera.jpg", "xmp.gif"].contains(&name));
            }
            let written = write(RIGHTS);
            for other in ["Kamera", "2026:05:03", "Regatta", "boat", "GPS", "Greenwich"] {
                assert!(!holds(&written, other), "{other}: {name} as {format:?}");
            }
            assert!(read(&bytes).by(&Policy { kept: Kept::Nothing, ..EVERYTHING }).is_empty());
        }
    }
}

#[test]
fn without_anything_to_say_the_file_stays_as_it_is() {
    let said = read(&file("camera.jpg")).by(&RIGHTS);
    assert!(said.is_empty());
    for format in [Format::Jpeg, Format::Png, Format::Webp, Format::Tiff, Format::Bmp, Format::Qoi] {
        let plain = plain(format);
        assert_eq!(with_metadata(plain.clone(), &said, FACTS).bytes, plain.bytes);
        if !WRITTEN.contains(&format) {
            let all = read(&file("all.jpg"));
            assert_eq!(with_metadata(plain.clone(), &all, FACTS).bytes, plain.bytes, "{format:?} has no metadata");
        }
    }
}

#[test]
fn author_and_copyright_replace_those_of_the_file() {
    let policy = Policy { author: " A ; B", copyright: "© C", ..RIGHTS };
    for (name, kept) in [("all.jpg", Kept::Rights), ("all.jpg", Kept::Nothing), ("camera.jpg", Kept::All)] {
        let said = read(&file(name)).by(&Policy { kept, ..policy });
        assert_eq!(said.properties.joined(Key::Creator).as_deref(), Some("A; B"));
        let rights = vec![Value { text: "© C".to_owned(), language: "x-default".to_owned(), ..Value::default() }];
        assert_eq!(said.properties.0[&Key::Rights], rights);
        assert_eq!(said.properties.has(Key::Credit), (name, kept) == ("all.jpg", Kept::Rights));
    }
}

/// A JPEG file with an EXIF block of these entries in its first directory, and an XMP packet.
fn jpeg(entries: &[(u16, &[u8])], packet: &[u8]) -> Vec<u8> {
    let mut image = Entries::default();
    entries.iter().for_each(|(tag, text)| image.push(*tag, ASCII, text.len(), text));
    let mut exif = b"II*\0\x08\0\0\0".to_vec();
    image.append_first(&mut exif);
    let segment = |prefix: &[u8], block: &[u8]| {
        let length = (prefix.len() + block.len() + 2) as u16;
        [&[0xff, 0xe1], &length.to_be_bytes()[..], prefix, block].concat()
    };
    let plain = plain(Format::Jpeg).bytes;
    let segments = [segment(b"Exif\0\0", &exif), segment(b"http://ns.adobe.com/xap/1.0/\0", packet)].concat();
    [&plain[..2], &segments, &plain[2..]].concat()
}

#[test]
fn exif_is_preferred_to_xmp_where_it_is_legible() {
    let mut properties = Properties::default();
    properties.set_texts(Key::Creator, ["From XMP"]);
    properties.set_texts(Key::Description, ["A boat"]);
    let packet = xmp::written(&properties);
    let author = |artist: &[u8]| read(&jpeg(&[(315, artist)], &packet)).properties.joined(Key::Creator);
    assert_eq!(author(b"From EXIF\0").as_deref(), Some("From EXIF"));
    assert_eq!(author(b"  \0").as_deref(), Some("From XMP"));
    assert_eq!(author(b"Ren\xe9e\0").as_deref(), Some("From XMP"), "in an encoding that is not known");
    let alone = |tag, text: &[u8], key| read(&jpeg(&[(tag, text)], b"")).properties.joined(key);
    assert_eq!(alone(315, b"Ren\xe9e\0", Key::Creator).as_deref(), Some("Renée"));
    assert_eq!(alone(33_432, b"Photographer\0Editor\0", Key::Rights).as_deref(), Some("Photographer; Editor"));
    assert_eq!(alone(33_432, b" \0Editor\0", Key::Rights).as_deref(), Some("Editor"));
    let described = read(&jpeg(&[(270, b"CAMERA\0")], &packet)).properties.joined(Key::Description);
    assert_eq!(described.as_deref(), Some("A boat"), "cameras write anything there");
}

#[test]
fn a_jpeg_segment_that_is_too_small_gets_what_matters_most() {
    let long = "x".repeat(MAX_TEXT);
    let languages = |count: usize| {
        let value = |index: usize| Value::in_language(&long, &format!("l{index}"));
        (0..count).filter_map(value).collect::<Vec<_>>()
    };
    let mut said = read(&file("words.jpg"));
    let rights = said.clone().by(&RIGHTS);
    said.properties.set(Key::Description, languages(9));
    said.properties.set_texts(Key::Keywords, ["sea"]);
    let written = |said: &Metadata| read(&with_metadata(plain(Format::Jpeg), said, FACTS).bytes);
    let mut less = said.clone();
    less.properties.0.remove(&Key::Description);
    assert_eq!(written(&said).properties.0[&Key::Keywords], less.properties.0[&Key::Keywords]);
    assert_eq!(written(&said).properties.joined(Key::Description).map(|text| text.len()), Some(MAX_TEXT), "in EXIF");
    said.properties.set(Key::Title, languages(9));
    let mut found = written(&said);
    found.properties.0.remove(&Key::Description);
    assert_eq!(found.properties, rights.properties);
    said.properties.set(Key::Rights, languages(9));
    assert_eq!(written(&said).properties.0[&Key::Rights].len(), 1, "in EXIF alone");
    // Other formats have room.
    for format in [Format::Png, Format::Webp, Format::Tiff] {
        assert_eq!(read(&with_metadata(plain(format), &said, FACTS).bytes), said);
    }
}

#[test]
fn a_block_that_is_too_large_is_ignored() {
    let said = read(&file("words.jpg"));
    let mut packet = xmp::written(&said.properties);
    packet.resize(MAX_METADATA, b' ');
    let blocks = |packet: &[u8]| Blocks { xmp: Some(packet.to_vec().into()), ..Blocks::default() };
    assert_eq!(Metadata::of_blocks(&blocks(&packet)).properties, said.properties);
    packet.push(b' ');
    assert!(Metadata::of_blocks(&blocks(&packet)).is_empty());
}

#[test]
fn the_size_in_exif_is_that_of_the_result() {
    for format in WRITTEN {
        let written = with_metadata(plain(format), &read(&file("camera.jpg")), FACTS);
        let blocks = match format {
            Format::Jpeg => jpeg::metadata::blocks(&written.bytes),
            Format::Png => png::metadata::blocks(&written.bytes),
            Format::Webp => webp::metadata::blocks(&written.bytes),
            Format::Jxl => jxl::blocks(&written.bytes),
            Format::Avif => avif::blocks(&written.bytes),
            _ => tiff::metadata::blocks((&written.bytes).into()),
        };
        let block = blocks.file.or(blocks.exif.as_ref().map(Into::into)).expect("written");
        let tiff = super::super::directory::Tiff::of(block).expect("valid");
        let first = tiff.directory(tiff.first().expect("one")).expect("one");
        let exif = tiff.directory(first.number(tag::EXIF).expect("one")).expect("one");
        // In a TIFF file, the picture's own entries say it.
        let size = (exif.number(tag::WIDTH), exif.number(tag::HEIGHT));
        assert_eq!(size, if format == Format::Tiff { (None, None) } else { (Some(24), Some(16)) });
        assert_eq!(exif.number(tag::COLOR_SPACE), Some(1));
    }
}

#[test]
fn a_packed_text_of_a_png_file_is_read_within_limits() {
    let international = |keyword: &str, text: &[u8]| {
        let packed = miniz_oxide::deflate::compress_to_vec_zlib(text, 6);
        let data = [keyword.as_bytes(), &[0, 1, 0, 0, 0], &packed].concat();
        let covered = [b"iTXt", &data[..]].concat();
        [&(data.len() as u32).to_be_bytes()[..], &covered, &crc32fast::hash(&covered).to_be_bytes()].concat()
    };
    let plain = plain(Format::Png).bytes;
    let with = |chunks: &[Vec<u8>]| read(&[&plain[..33], &chunks.concat(), &plain[33..]].concat());
    let said = read(&file("words.jpg")).properties;
    let packet = international("XML:com.adobe.xmp", &xmp::written(&said));
    assert_eq!(with(std::slice::from_ref(&packet)).properties, said);
    let bomb = international("XML:com.adobe.xmp", &vec![b' '; MAX_METADATA + 1]);
    assert!(with(&vec![bomb; 3]).is_empty());
    let author = with(&[international("Author", "Zoë".as_bytes()), international("Author", b"Other")]);
    assert_eq!(author.properties.joined(Key::Creator).as_deref(), Some("Zoë"));
}

#[test]
fn the_largest_blocks_are_read_without_a_hang() {
    let fill = |part: &str, around: [&str; 2]| {
        let count = (MAX_METADATA - around[0].len() - around[1].len()) / part.len();
        [around[0], &part.repeat(count), around[1]].concat().into_bytes()
    };
    let head =
        "<x:RDF xmlns:x='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns:dc='http://purl.org/dc/elements/1.1/'>";
    let in_description = [format!("{head}<x:Description>"), "</x:Description></x:RDF>".to_owned()];
    let in_description = in_description.each_ref().map(String::as_str);
    let in_list = [
        format!("{head}<x:Description><dc:subject><x:Bag>"),
        "</x:Bag></dc:subject></x:Description></x:RDF>".to_owned(),
    ];
    let bindings: String = (0..120).map(|index| format!(" xmlns:p{index}='u'")).collect();
    let in_bindings = [head.replacen('>', &format!("{bindings}>"), 1), "</x:RDF>".to_owned()];
    let attributes = format!("<x:Description{}/>", " p0:a=''".repeat(4000));
    for packet in [
        fill("<dc:title/>", in_description),
        fill("<dc:other a='b'/>", in_description),
        fill("&amp;", [&format!("{}<dc:title>", in_description[0]), &format!("</dc:title>{}", in_description[1])]),
        fill("<x:li/>", in_list.each_ref().map(String::as_str)),
        fill(&attributes, in_bindings.each_ref().map(String::as_str)),
    ] {
        let blocks = Blocks { xmp: Some(packet.into()), ..Blocks::default() };
        assert!(Metadata::of_blocks(&blocks).is_empty());
    }
    let iptc = [0x1c, 2, 25, 0, 1, b' '].repeat(MAX_METADATA / 6);
    let exif = [&b"MM\0*\0\0\0\x08\xff\xff"[..], &[0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0].repeat(65_535)].concat();
    let blocks = Blocks { iptc: Some(iptc.into()), exif: Some(exif.into()), ..Blocks::default() };
    assert!(Metadata::of_blocks(&blocks).is_empty());
}

#[test]
fn mutated_metadata_is_read_without_a_panic() {
    let mut state = 0x9e37_79b9_u32;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as usize % below
    };
    let files: Vec<_> = expected().keys().map(|name| file(name)).collect();
    for round in 0..10_000 {
        let mut bytes = files[round % files.len()].clone();
        let format = sniff(&bytes).expect("a picture");
        for _ in 0..=random(8) {
            let at = random(bytes.len());
            match random(5) {
                0 => bytes.truncate(at.max(1)),
                1 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff, b'<', b'>', b'&'][random(8)],
                2 => bytes[at] ^= 1 << random(8),
                3 => {
                    let end = (at + random(64)).min(bytes.len());
                    let part = bytes[at..end].to_vec();
                    let place = random(bytes.len());
                    bytes.splice(place..place, part);
                }
                _ => {
                    let end = (at + 1 + random(16)).min(bytes.len());
                    if end - at < bytes.len() {
                        bytes.drain(at..end);
                    }
                }
            }
        }
        // Each way of reading, whatever the file has become.
        let said = Metadata::of(&bytes, format);
        if round % 10 == 0 {
            let written = with_metadata(plain(Format::Png), &said, FACTS);
            assert_eq!(Metadata::of(&written.bytes, Format::Png).properties, said.properties);
        }
    }
}
