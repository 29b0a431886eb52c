//! Metadata in the chunks `EXIF` and `XMP `, after the picture.

use std::borrow::Cow;

use super::{EXIF, XMP, chunks, extended_header, push, sealed, tidied};
use crate::codecs::metadata::{Blocks, Facts, Metadata};

/// The blocks of a file in which no chunk is cut off.
pub(in crate::codecs) fn blocks(bytes: &[u8]) -> Blocks<'static> {
    let mut blocks = Blocks::default();
    let file = tidied(bytes);
    for (kind, content) in chunks(&file).unwrap_or_default() {
        let block = match &kind {
            b"EXIF" => &mut blocks.exif,
            b"XMP " => &mut blocks.xmp,
            _ => continue,
        };
        // Some programs write what comes before a block in JPEG files.
        let content = content.strip_prefix(b"Exif\0\0").unwrap_or(content);
        block.get_or_insert_with(|| Cow::Owned(content.to_vec()));
    }
    blocks
}

/// The file with chunks at its end, and flags for them in its extended header, which it gets if it has none. The rest of it
/// stays as it is, also of an animation.
pub(in crate::codecs) fn with_metadata(file: &[u8], metadata: &Metadata, facts: Facts) -> Option<Vec<u8>> {
    let chunks = chunks(file)?;
    let (exif, xmp) = (metadata.exif(facts, false), metadata.xmp());
    let mut extended = extended_header(&chunks, facts.size)?;
    extended[0] |= exif.as_ref().map_or(0, |_| EXIF) | xmp.as_ref().map_or(0, |_| XMP);
    let mut out = b"RIFF\0\0\0\0WEBP".to_vec();
    push(&mut out, b"VP8X", &extended);
    for (kind, content) in chunks.iter().filter(|(kind, _)| kind != b"VP8X") {
        push(&mut out, kind, content);
    }
    for (kind, block) in [(b"EXIF", exif), (b"XMP ", xmp)] {
        if let Some(block) = block {
            push(&mut out, kind, &block);
        }
    }
    Some(sealed(out))
}
