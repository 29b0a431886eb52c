//! The text of a drawing, and what its root element says of its size. Nothing else of it is read here.

use std::borrow::Cow;
use std::str::FromStr;

use miniz_oxide::inflate::{TINFLStatus, decompress_to_vec_with_limit};
use quick_xml::Error;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;
use svgtypes::{Length, LengthUnit, ViewBox};

use super::Problem;
use crate::image::Size;

/// Most bytes of a drawing, unpacked; with what is made of it, three times as much fits in a decoder's memory.
const MAX_TEXT: usize = 64 << 20;
/// How much of a compressed file is unpacked to recognise it.
const BEGINNING: usize = 4096;
/// Most bytes of a document type declaration, where entities are declared.
const MAX_DOCTYPE: usize = 16 << 10;
/// Width and height of a drawing that states neither a size nor a `viewBox`, as in browsers (CSS 2.2, 10.3.2).
pub(super) const DEFAULT_SIZE: [f32; 2] = [300.0, 150.0];
/// What `em` means at the root element, as in browsers.
pub(super) const FONT_SIZE: f32 = 16.0;
/// Pixels of an inch.
const DPI: f64 = 96.0;

const GZIP: &[u8] = &[0x1f, 0x8b, 8];

/// Whether these bytes, which may be the first ones of a file, begin a drawing.
pub(in crate::codecs) fn sniff(bytes: &[u8]) -> bool {
    match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => {
            is_drawing(in_utf_16(&bytes[..bytes.len().min(2 * BEGINNING)]).as_bytes())
        }
        _ => is_drawing(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)),
    }
}

/// Whether they begin a compressed drawing.
pub(in crate::codecs) fn is_compressed(bytes: &[u8]) -> bool {
    let unpacked = |packed| decompress_to_vec_with_limit(packed, BEGINNING).unwrap_or_else(|end| end.output);
    deflated(bytes).is_some_and(|packed| sniff(&unpacked(packed)))
}

/// Whether the first element is `svg`, or the document type says that it will be.
fn is_drawing(mut text: &[u8]) -> bool {
    let after = |text, end| find(text, end).map(|at| &text[at + end.len()..]);
    loop {
        text = text.trim_ascii_start();
        let rest = match text {
            [b'<', b'?', ..] => after(text, b"?>"),
            [b'<', b'!', b'-', b'-', ..] => after(text, b"-->"),
            [b'<', b'!', ..] => {
                let name = text[2..].get(..7).filter(|word| word.eq_ignore_ascii_case(b"doctype")).map(|_| &text[9..]);
                return name.is_some_and(|name| is_svg(name.trim_ascii_start()));
            }
            [b'<', name @ ..] => return is_svg(name),
            _ => return false,
        };
        let Some(rest) = rest else { return false };
        text = rest;
    }
}

/// Whether a text begins with the name `svg`, with or without a prefix.
fn is_svg(text: &[u8]) -> bool {
    let end = text.iter().position(|byte| byte.is_ascii_whitespace() || b"/>[".contains(byte)).unwrap_or(text.len());
    let name = &text[..end];
    name.rsplit(|byte| *byte == b':').next() == Some(b"svg")
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|part| part == wanted)
}

/// What is compressed in a file in the format of gzip (RFC 1952), and whatever follows it.
fn deflated(bytes: &[u8]) -> Option<&[u8]> {
    let flags = *bytes.strip_prefix(GZIP)?.first()?;
    let mut rest = bytes.get(10..)?;
    if flags & 4 != 0 {
        let (length, extra) = rest.split_first_chunk()?;
        rest = extra.get(usize::from(u16::from_le_bytes(*length))..)?;
    }
    // A name and a comment, each with a zero at its end.
    for flag in [8, 16] {
        if flags & flag != 0 {
            rest = &rest[rest.iter().position(|byte| *byte == 0)? + 1..];
        }
    }
    if flags & 2 == 0 { Some(rest) } else { rest.get(2..) }
}

/// The text of a file.
///
/// # Errors
/// When it is too long, or compressed and not complete.
pub(super) fn text(file: &[u8]) -> Result<Cow<'_, str>, Problem> {
    const TOO_LONG: Problem = Problem::Unsupported("a drawing of more than 64 MiB");
    if !file.starts_with(GZIP) {
        return if file.len() > MAX_TEXT { Err(TOO_LONG) } else { Ok(decoded(file)) };
    }
    let packed = deflated(file).ok_or(Problem::Truncated)?;
    let unpacked = decompress_to_vec_with_limit(packed, MAX_TEXT).map_err(|end| match end.status {
        TINFLStatus::HasMoreOutput => TOO_LONG,
        TINFLStatus::FailedCannotMakeProgress | TINFLStatus::NeedsMoreInput => Problem::Truncated,
        _ => Problem::damaged("it cannot be unpacked"),
    })?;
    Ok(Cow::Owned(decoded(&unpacked).into_owned()))
}

/// Whether the text of a drawing may have an element `text`, with or without a prefix. Where it seems so and is not, no harm is done.
pub(super) fn may_have_text(text: &str) -> bool {
    text.contains("<text") || text.contains(":text")
}

/// Text in UTF-8, UTF-16 or, if it is neither, ISO 8859-1, whose letters make no difference to a drawing.
fn decoded(bytes: &[u8]) -> Cow<'_, str> {
    if let [0xff, 0xfe, ..] | [0xfe, 0xff, ..] = bytes {
        return Cow::Owned(in_utf_16(bytes));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        // A declaration has to come first, which not all programs know.
        Ok(text) => Cow::Borrowed(text.trim_ascii_start()),
        Err(_) => Cow::Owned(bytes.trim_ascii_start().iter().copied().map(char::from).collect()),
    }
}

/// Text in UTF-16, after the mark that says in which order its bytes are.
fn in_utf_16(bytes: &[u8]) -> String {
    let is_big = bytes.first() == Some(&0xfe);
    let unit = |pair: &[u8; 2]| if is_big { u16::from_be_bytes(*pair) } else { u16::from_le_bytes(*pair) };
    let units = bytes.as_chunks().0.iter().skip(1).map(unit);
    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// What the root element says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Outline {
    /// Width and height in pixels; negative or 0 if the drawing says so.
    pub(super) size: [f64; 2],
}

impl Outline {
    /// Reads a document up to its root element.
    ///
    /// # Errors
    /// When it is not XML, or declares entities that might fill the memory.
    pub(super) fn of(text: &str) -> Result<Self, Problem> {
        let mut reader = Reader::from_str(text);
        loop {
            match reader.read_event() {
                Ok(Event::Start(root) | Event::Empty(root)) => return Ok(Self::of_root(&root)),
                Ok(Event::DocType(declaration)) => check_entities(&declaration.into_inner(), text)?,
                // Something is not closed.
                Ok(Event::Eof) | Err(Error::Syntax(_)) => return Err(Problem::Truncated),
                Err(_) => return Err(Problem::NotXml(line(text, reader.buffer_position() as usize))),
                Ok(_) => {}
            }
        }
    }

    /// The size as `usvg` works it out: `width` and `height`; if one of them is missing, what the proportions of the
    /// `viewBox` make of the other; its size if both are. Percentages are of the `viewBox`. A drawing that has none is
    /// 300 pixels wide and 150 high where it does not say otherwise.
    fn of_root(root: &BytesStart<'_>) -> Self {
        let value = |name: &str| {
            let mut attributes = root.attributes();
            let mut attributes = attributes.with_checks(false).flatten();
            let value = attributes.find(|attribute| attribute.key.0 == name)?.value;
            Some(unescape(&value).map_or_else(|_| value.to_string(), Cow::into_owned))
        };
        let view = value("viewBox").and_then(|text| ViewBox::from_str(&text).ok());
        let view = view.map(|view| [view.w, view.h]);
        let base = view.unwrap_or(DEFAULT_SIZE.map(f64::from));
        let length = |name, base| Some(pixels(Length::from_str(value(name)?.trim()).ok()?, base));
        let size = match (length("width", base[0]), length("height", base[1]), view) {
            (Some(width), Some(height), _) => [width, height],
            (Some(width), None, Some(view)) => [width, width * view[1] / view[0]],
            (None, Some(height), Some(view)) => [height * view[0] / view[1], height],
            (width, height, _) => [width.unwrap_or(base[0]), height.unwrap_or(base[1])],
        };
        Self { size }
    }

    /// Its size in whole pixels, to the nearest, at least one; 0 where nothing is left. What is too large stays too large.
    pub(super) fn pixels(self) -> Size {
        let [width, height] = self
            .size
            .map(|length| if length > 0.0 { length.round().clamp(1.0, f64::from(u32::MAX)) as u32 } else { 0 });
        Size::new(width, height)
    }
}

/// A drawing at another width, with its proportions; `None` if it has no size.
pub fn with_width(text: &str, width: u32) -> Option<String> {
    let mut reader = Reader::from_str(text);
    let (root, tag, is_empty) = loop {
        let start = reader.buffer_position() as usize;
        let (root, is_empty) = match reader.read_event().ok()? {
            Event::Start(root) => (root, false),
            Event::Empty(root) => (root, true),
            Event::Eof => return None,
            _ => continue,
        };
        break (root, start..reader.buffer_position() as usize, is_empty);
    };
    let [own_width, own_height] = Outline::of_root(&root).size;
    let height = f64::from(width) * own_height / own_width;
    if !(height > 0.0 && height.is_finite()) {
        return None;
    }
    let mut written = format!("<{}", root.name().0);
    let (mut attributes, mut has_view) = (root.attributes(), false);
    for attribute in attributes.with_checks(false).flatten() {
        let (key, value) = (attribute.key.0, attribute.value);
        has_view |= key == "viewBox";
        if !matches!(key, "width" | "height") {
            let quote = if value.contains('"') { '\'' } else { '"' };
            written.push_str(&format!(" {key}={quote}{value}{quote}"));
        }
    }
    if !has_view {
        written.push_str(&format!(" viewBox=\"0 0 {own_width} {own_height}\""));
    }
    let end = if is_empty { "/>" } else { ">" };
    written.push_str(&format!(" width=\"{width}\" height=\"{height}\"{end}"));
    Some([&text[..tag.start], &written, &text[tag.end..]].concat())
}

/// A length in pixels (CSS Values 3, 6.2); percentages are of `base`.
fn pixels(length: Length, base: f64) -> f64 {
    let inches = |inches: f64| inches * DPI;
    let number = length.number;
    match length.unit {
        LengthUnit::None | LengthUnit::Px => number,
        LengthUnit::Em => number * f64::from(FONT_SIZE),
        LengthUnit::Ex => number * f64::from(FONT_SIZE) / 2.0,
        LengthUnit::In => inches(number),
        LengthUnit::Cm => inches(number / 2.54),
        LengthUnit::Mm => inches(number / 25.4),
        LengthUnit::Pt => inches(number / 72.0),
        LengthUnit::Pc => inches(number / 6.0),
        LengthUnit::Percent => base * number / 100.0,
    }
}

/// The line of a place in a text, from 1.
fn line(text: &str, at: usize) -> u32 {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count() as u32
}

/// Entities are short words for namespaces in the files of some programs. Each reference to one is at most as long as all
/// declarations, if none of them refers to another, so that they cannot fill the memory.
fn check_entities(declaration: &str, text: &str) -> Result<(), Problem> {
    if !declaration.contains("<!ENTITY") {
        return Ok(());
    }
    let references = text.bytes().filter(|byte| *byte == b'&').count();
    let is_small = declaration.len() <= MAX_DOCTYPE && references.saturating_mul(declaration.len()) <= MAX_TEXT;
    match is_small && !declaration.contains('&') {
        true => Ok(()),
        false => Err(Problem::Unsupported("a drawing with entities that might fill the memory")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(root: &str) -> [u32; 2] {
        let Size { width, height } = Outline::of(&format!("<svg {root}/>")).expect("a root element").pixels();
        [width, height]
    }

    #[test]
    fn a_drawing_is_recognised_by_its_first_element() {
        for text in [
            "<svg/>",
            "<svg>",
            "\u{feff}<svg xmlns='http://www.w3.org/2000/svg'>",
            " \n<svg\n",
            "<?xml version='1.0'?><!-- <html> --><svg/>",
            "<?xml version='1.0'?>\n<?xml-stylesheet href='a.css'?>\n<s:svg xmlns:s='http://www.w3.org/2000/svg'/>",
            "<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' 'http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd'>",
            "<!doctype svg[<!ENTITY a 'b'>]><svg/>",
        ] {
            assert!(sniff(text.as_bytes()), "{text}");
            let utf_16: Vec<u16> = format!("\u{feff}{}", text.trim_start_matches('\u{feff}')).encode_utf16().collect();
            assert!(sniff(&utf_16.iter().flat_map(|unit| unit.to_le_bytes()).collect::<Vec<_>>()), "{text}");
            assert!(sniff(&utf_16.iter().flat_map(|unit| unit.to_be_bytes()).collect::<Vec<_>>()), "{text}");
        }
        for text in
            ["", "<", "svg", "<svgx/>", "<!-- <svg/>", "<html><svg/></html>", "<!DOCTYPE html><svg/>", "<?xml?>", "<!"]
        {
            assert!(!sniff(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn a_compressed_drawing_is_recognised_by_what_is_in_it() {
        let packed = |text: &str, flags: u8, fields: &[u8]| {
            let head = [GZIP, &[flags, 0, 0, 0, 0, 0, 3], fields].concat();
            [head, miniz_oxide::deflate::compress_to_vec(text.as_bytes(), 6), vec![0; 8]].concat()
        };
        let paths: String = (0..3000_u32).map(|n| format!("<path d='M{n} {}'/>", n * n)).collect();
        let drawing = format!("<svg>{paths}</svg>");
        for (flags, fields) in [(0, &b""[..]), (8, b"a.svg\0"), (4 | 8 | 16 | 2, b"\x02\0abname\0comment\0cc")] {
            let file = packed(&drawing, flags, fields);
            assert!(is_compressed(&file) && is_compressed(&file[..file.len() / 2]), "{flags}");
            assert_eq!(text(&file).expect("sound"), drawing);
            assert!(matches!(text(&file[..file.len() - 20]), Err(Problem::Truncated)));
        }
        assert!(!is_compressed(&packed("a tape archive", 0, b"")) && !is_compressed(GZIP) && !is_compressed(b"<svg/>"));
        let bomb = packed(&" ".repeat(MAX_TEXT + 1), 0, b"");
        assert!(matches!(text(&bomb), Err(Problem::Unsupported(_))));
    }

    #[test]
    fn the_size_is_that_of_the_standards() {
        for (root, expected) in [
            ("", [300, 150]),
            ("width='20' height='10'", [20, 10]),
            ("width='20px' height='1e1' viewBox='0 0 7 7'", [20, 10]),
            ("width='1in' height='2.54cm'", [96, 96]),
            ("width='25.4mm' height='72pt'", [96, 96]),
            ("width='6pc' height='2em'", [96, 32]),
            ("width='4ex' height=' 5 '", [32, 5]),
            ("viewBox='10 20 30 40'", [30, 40]),
            ("viewBox='0,0,30.4,40.5'", [30, 41]),
            ("width='100%' height='100%' viewBox='0 0 24 12'", [24, 12]),
            ("width='50%' height='200%' viewBox='0 0 24 12'", [12, 24]),
            ("width='48' viewBox='0 0 24 12'", [48, 24]),
            ("height='48' viewBox='0 0 24 12'", [96, 48]),
            ("width='48'", [48, 150]),
            ("height='48'", [300, 48]),
            ("width='50%' height='20'", [150, 20]),
            ("width='auto' height='20'", [300, 20]),
            ("width='20' height='10' viewBox='0 0 0 0'", [20, 10]),
            ("width='0.2' height='0'", [1, 0]),
            ("width='-5' height='10'", [0, 10]),
            ("width='1e30' height='10'", [u32::MAX, 10]),
            // A4.
            ("width='210mm' height='297mm'", [794, 1123]),
            ("width='&#50;0' height='10'", [20, 10]),
            ("inkscape:width='7' width='20' height='10'", [20, 10]),
        ] {
            assert_eq!(size(root), expected, "{root}");
        }
    }

    #[test]
    fn a_width_keeps_the_proportions() {
        let of = |text: &str| with_width(text, 60);
        for (root, expected) in [
            ("<svg width='20' height='10'/>", "<svg viewBox=\"0 0 20 10\" width=\"60\" height=\"30\"/>"),
            ("<svg viewBox='0 0 4 2'>", "<svg viewBox=\"0 0 4 2\" width=\"60\" height=\"30\">"),
            (
                "<s:svg\n a='\"' height=\"20\" viewBox='1 2 4 8' >x",
                "<s:svg a='\"' viewBox=\"1 2 4 8\" width=\"60\" height=\"120\">x",
            ),
            (
                "<?xml version='1.0'?><!-- <svg> --><svg/>",
                "<?xml version='1.0'?><!-- <svg> --><svg viewBox=\"0 0 300 150\" width=\"60\" height=\"30\"/>",
            ),
        ] {
            assert_eq!(of(root).as_deref(), Some(expected));
        }
        for text in ["<svg width='0' height='9'/>", "<svg width='9' height='0'/>", "<svg", "", "text"] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    #[test]
    fn a_document_that_ends_before_its_root_is_incomplete() {
        for text in ["<?xml version='1.0'?>", "<!-- a", "<!DOCTYPE svg [", "<svg width='3'", ""] {
            assert!(matches!(Outline::of(text), Err(Problem::Truncated)), "{text}");
        }
    }

    #[test]
    fn entities_are_accepted_where_they_cannot_fill_the_memory() {
        let document = |entities: &str, uses: &str| format!("<!DOCTYPE svg [{entities}]><svg>{uses}</svg>");
        let of = |text: &str| Outline::of(text).map(|_| ());
        assert!(of(&document("<!ENTITY ns_svg 'http://www.w3.org/2000/svg'>", "&ns_svg;")).is_ok());
        assert!(of(&document("<!ENTITY a 'b'><!ENTITY b '&a;&a;'>", "&b;")).is_err());
        assert!(of(&document(&format!("<!ENTITY a '{}'>", "b".repeat(20_000)), "&a;")).is_err());
        assert!(of(&document(&format!("<!ENTITY a '{}'>", "b".repeat(10_000)), &"&a;".repeat(10_000))).is_err());
    }
}
