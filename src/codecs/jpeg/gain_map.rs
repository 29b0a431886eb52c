//! Whether a file also has a gain map, which makes a picture of high dynamic range of its picture. The map is a JPEG file behind the first,
//! which the first names in XMP (Google's "Ultra HDR") or a segment (ISO 21496-1), or only lists among its pictures (CIPA DC-007, the
//! Multi-Picture Format), as Apple's cameras do: what such a picture is, it says itself.

use super::frame::{Segment, next_segment};
use super::metadata::XMP;
use crate::codecs::directory::Tiff;

/// What a segment begins with that says so.
const SEGMENT: &[u8] = b"urn:iso:std:iso:ts:21496:-1\0";
/// What a list of pictures begins with.
const LIST: &[u8] = b"MPF\0";
/// The tag of its entries, and how long each is.
const ENTRIES: u16 = 0xb002;
const ENTRY: usize = 16;
/// So many pictures are looked at; cameras write up to four.
const MOST: usize = 8;

/// What XMP packets contain that say so of their picture, or of themselves: Google's, a list of what follows a picture, and Apple's.
const NAMES: [&[u8]; 4] =
    [b"hdrgm:Version", b"Semantic=\"GainMap\"", b"HDRGainMapVersion", b"urn:com:apple:photo:2020:aux:hdrgainmap"];

/// Whether an XMP packet says so.
pub(super) fn is_named(packet: &[u8]) -> bool {
    NAMES.iter().any(|name| packet.windows(name.len()).any(|part| part == *name))
}

/// Whether an APP2 segment says so.
pub(super) fn is_said(segment: &[u8]) -> bool {
    segment.starts_with(SEGMENT)
}

/// Whether an APP2 segment at this place of a file lists a picture that is a gain map.
pub(super) fn is_listed(file: &[u8], at: usize, segment: &[u8]) -> bool {
    let Some(list) = segment.strip_prefix(LIST) else { return false };
    let entries = || Tiff::of(list).and_then(|tiff| tiff.directory(tiff.first()?)?.entry(ENTRIES));
    let Some(entries) = entries() else { return false };
    let is_little = list.starts_with(b"II");
    // Of each: what it is, how long, and where, counted from behind the name of the list; 0 for the first.
    entries.bytes().chunks_exact(ENTRY).take(MOST).any(|entry| {
        let Some(place) = entry[8..].first_chunk() else { return false };
        let place = if is_little { u32::from_le_bytes(*place) } else { u32::from_be_bytes(*place) };
        let picture = file.get(at + LIST.len() + place as usize..);
        place > 0 && picture.is_some_and(|picture| picture.starts_with(&[0xff, 0xd8]) && is_gain_map(picture))
    })
}

/// Whether a picture says of itself that it is a gain map.
fn is_gain_map(picture: &[u8]) -> bool {
    let mut at = 2;
    while let Segment::Content { code, body } = next_segment(picture, &mut at) {
        match code {
            0xda => return false,
            0xe1 if body.starts_with(XMP) && is_named(body) => return true,
            0xe2 if is_said(body) => return true,
            _ => {}
        }
    }
    false
}
