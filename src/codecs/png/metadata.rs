//! Metadata in chunks: EXIF in `eXIf`, XMP and short texts in `iTXt` and `tEXt`. Files of other programs may have it
//! after the picture; here it comes first, where it is known before the pixels are.

use std::borrow::Cow;

use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;

use super::strip::put;
use super::{SIGNATURE, chunks};
use crate::codecs::MAX_METADATA;
use crate::codecs::metadata::{Blocks, Facts, Metadata, Word};

const XMP: &[u8] = b"XML:com.adobe.xmp";

/// The blocks and the texts of a file, the first of each keyword.
pub(in crate::codecs) fn blocks(bytes: &[u8]) -> Blocks<'_> {
    let mut blocks = Blocks::default();
    let mut seen = Vec::new();
    for (kind, data) in chunks(bytes) {
        if kind == *b"IEND" {
            break;
        }
        if kind == *b"eXIf" {
            blocks.exif.get_or_insert(Cow::Borrowed(data));
        }
        if !matches!(&kind, b"iTXt" | b"tEXt") {
            continue;
        }
        let Some((keyword, rest)) = split(data) else { continue };
        let word = word(keyword);
        if (word.is_none() && keyword != XMP) || seen.contains(&(kind, keyword)) {
            continue;
        }
        seen.push((kind, keyword));
        match (word, kind == *b"iTXt") {
            (None, true) => blocks.xmp = international(rest),
            (Some(word), true) => {
                let text = international(rest).map(|text| String::from_utf8_lossy(&text).into_owned());
                blocks.words.extend(text.map(|text| (word, text)));
            }
            (Some(word), false) => blocks.words.push((word, rest.iter().map(|byte| char::from(*byte)).collect())),
            (None, false) => {}
        }
    }
    blocks
}

/// What the text of a keyword says (PNG, third edition, 11.3.3.1).
fn word(keyword: &[u8]) -> Option<Word> {
    match keyword {
        b"Author" => Some(Word::Author),
        b"Copyright" => Some(Word::Copyright),
        b"Title" => Some(Word::Title),
        b"Description" => Some(Word::Description),
        _ => None,
    }
}

/// What comes before the next zero, and after it.
fn split(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = data.iter().position(|byte| *byte == 0)?;
    Some((&data[..at], &data[at + 1..]))
}

/// The text of an `iTXt` chunk, given what follows its keyword.
fn international(rest: &[u8]) -> Option<Cow<'_, [u8]>> {
    let [is_packed, _method, rest @ ..] = rest else { return None };
    let (_language, rest) = split(rest)?;
    let (_translated, text) = split(rest)?;
    match is_packed {
        0 => Some(Cow::Borrowed(text)),
        _ => decompress_to_vec_zlib_with_limit(text, MAX_METADATA).ok().map(Cow::Owned),
    }
}

/// The file with chunks after its header. The rest of it stays as it is, also of an animation.
pub(in crate::codecs) fn with_metadata(file: &[u8], metadata: &Metadata, facts: Facts) -> Option<Vec<u8>> {
    // Length, type, 13 bytes, checksum.
    const HEADER: usize = 4 + 4 + 13 + 4;
    let (start, rest) = file.split_at_checked(SIGNATURE.len() + HEADER)?;
    let mut out = Vec::with_capacity(file.len() + 4096);
    out.extend_from_slice(start);
    if let Some(block) = metadata.exif(facts, false) {
        put(&mut out, *b"eXIf", &block)?;
    }
    if let Some(packet) = metadata.xmp() {
        // Not packed, of no language, with no other keyword.
        put(&mut out, *b"iTXt", &[XMP, &[0; 5], &packet].concat())?;
    }
    out.extend_from_slice(rest);
    Some(out)
}
