//! The container of JPEG XL files (ISO/IEC 18181-2): boxes with the codestream, whole or in parts, and metadata.

use std::borrow::Cow;

use super::CODESTREAM;
use crate::codecs::boxes::next;

/// The first bytes of a container.
pub(super) const SIGNATURE: &[u8] = &[0, 0, 0, 12, b'J', b'X', b'L', b' ', 13, 10, 0x87, 10];

/// As much of the codestream as its header can take, with the names of a few dozen channels.
const START: usize = 16 << 10;

/// What is read here of a file.
#[derive(Debug, Default)]
pub(super) struct Content<'a> {
    /// The beginning of the codestream.
    pub(super) start: Cow<'a, [u8]>,
    /// A TIFF structure.
    pub(super) exif: Option<&'a [u8]>,
    pub(super) xmp: Option<&'a [u8]>,
    /// Whether there is a gain map (ISO/IEC 18181-2, `jhgm`).
    pub(super) has_gain_map: bool,
}

impl<'a> Content<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        let mut content = Self::default();
        if bytes.starts_with(CODESTREAM) {
            content.start = Cow::Borrowed(first(bytes, START));
            return content;
        }
        let mut rest = bytes;
        while let Some((kind, body, after)) = next(rest) {
            rest = after;
            match &kind {
                b"jxlc" if content.start.is_empty() => content.start = Cow::Borrowed(first(body, START)),
                // The number of the part comes first. Parts are in order.
                b"jxlp" => {
                    let room = START - content.start.len();
                    let part = first(body.get(4..).unwrap_or_default(), room);
                    if !part.is_empty() {
                        content.start.to_mut().extend_from_slice(part);
                    }
                }
                b"Exif" if content.exif.is_none() => content.exif = tiff(body),
                b"jhgm" => content.has_gain_map = true,
                b"xml " if content.xmp.is_none() => content.xmp = Some(body),
                _ => {}
            }
        }
        content
    }
}

/// Adds a box.
pub(super) fn put(out: &mut Vec<u8>, kind: &[u8; 4], body: &[&[u8]]) -> Option<()> {
    let length: usize = body.iter().map(|part| part.len()).sum();
    out.extend(u32::try_from(length + 8).ok()?.to_be_bytes());
    out.extend(kind);
    body.iter().for_each(|part| out.extend_from_slice(part));
    Some(())
}

/// The TIFF structure in a box, whose place comes first.
fn tiff(body: &[u8]) -> Option<&[u8]> {
    let (offset, rest) = body.split_first_chunk()?;
    rest.get(u32::from_be_bytes(*offset) as usize..)
}

fn first(bytes: &[u8], most: usize) -> &[u8] {
    &bytes[..bytes.len().min(most)]
}
