//! Metadata in chunks: EXIF in `eXIf`, XMP and short texts in `iTXt` and `tEXt`. Files of other programs may have it
//! after the picture; here it comes first, where it is known before the pixels are.

use std::borrow::Cow;

use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;

use super::strip::put;
use super::{SIGNATURE, chunks};
use crate::codecs::MAX_METADATA;
use crate::codecs::metadata::{Blocks, Facts, Metadata, Word};

const XMP: &[u8] = b"XML:com.adobe.xmp";

/// The blocks and the texts of a file.
pub(in crate::codecs) fn blocks(bytes: &[u8]) -> Blocks<'_> {
    let mut blocks = Blocks::default();
    for (kind, data) in chunks(bytes) {
        match &kind {
            b"eXIf" => {
                blocks.exif.get_or_insert(Cow::Borrowed(data));
            }
            b"iTXt" => match international(data) {
                Some((XMP, packet)) => {
                    blocks.xmp.get_or_insert(packet);
                }
                Some((keyword, text)) => {
                    let text = String::from_utf8_lossy(&text).into_owned();
                    blocks.words.extend(word(keyword).map(|word| (word, text)));
                }
                None => {}
            },
            b"tEXt" => {
                if let Some((keyword, text)) = split(data) {
                    let text = text.iter().map(|byte| char::from(*byte)).collect();
                    blocks.words.extend(word(keyword).map(|word| (word, text)));
                }
            }
            b"IEND" => break,
            _ => {}
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

/// Keyword and text of an `iTXt` chunk.
fn international(data: &[u8]) -> Option<(&[u8], Cow<'_, [u8]>)> {
    let (keyword, rest) = split(data)?;
    let [is_packed, _method, rest @ ..] = rest else { return None };
    let (_language, rest) = split(rest)?;
    let (_translated, text) = split(rest)?;
    match is_packed {
        0 => Some((keyword, Cow::Borrowed(text))),
        _ => Some((keyword, Cow::Owned(decompress_to_vec_zlib_with_limit(text, MAX_METADATA).ok()?))),
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
