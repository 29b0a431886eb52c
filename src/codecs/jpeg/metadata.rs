//! Metadata in application segments: EXIF and XMP in APP1, IPTC-IIM among Photoshop's resources in APP13.

use std::borrow::Cow;

use super::frame::{Segment, next_segment};
use super::strip::put;
use crate::codecs::MAX_METADATA;
use crate::codecs::metadata::{Blocks, Facts, Metadata, in_resources};

const EXIF: &[u8] = b"Exif\0\0";
pub(super) const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const PHOTOSHOP: &[u8] = b"Photoshop 3.0\0";

/// The blocks before the picture. Of a large XMP packet, only the first segment is read, which is a packet of its own.
pub(in crate::codecs) fn blocks(bytes: &[u8]) -> Blocks<'_> {
    let mut blocks = Blocks::default();
    let mut resources = Vec::new();
    let mut at = 2;
    while let Segment::Content { code, body } = next_segment(bytes, &mut at) {
        match code {
            0xda => break,
            0xe1 => {
                if let Some(block) = body.strip_prefix(EXIF) {
                    blocks.exif.get_or_insert(Cow::Borrowed(block));
                } else if let Some(packet) = body.strip_prefix(XMP) {
                    blocks.xmp.get_or_insert(Cow::Borrowed(packet));
                }
            }
            0xed => {
                if let Some(part) = body.strip_prefix(PHOTOSHOP).filter(|_| resources.len() <= MAX_METADATA) {
                    resources.extend_from_slice(part);
                }
            }
            _ => {}
        }
    }
    blocks.iptc = in_resources(&resources).map(|block| Cow::Owned(block.load().into_owned()));
    blocks
}

/// The file with segments after its JFIF segment, or after its start, as far as they fit in one segment each.
pub(in crate::codecs) fn with_metadata(file: &[u8], metadata: &Metadata, facts: Facts) -> Option<Vec<u8>> {
    let mut head = 2;
    while file.get(head..head + 2) == Some(&[0xff, 0xe0]) {
        let length = file.get(head + 2..)?.first_chunk().map(|length| usize::from(u16::from_be_bytes(*length)))?;
        head += 2 + length;
    }
    let (start, rest) = file.split_at_checked(head)?;
    let exif = metadata.versions().find_map(|metadata| segment(EXIF, &metadata.exif(facts, true)?));
    let xmp = metadata.versions().find_map(|metadata| segment(XMP, &metadata.xmp()?));
    Some([start, &exif.unwrap_or_default(), &xmp.unwrap_or_default(), rest].concat())
}

/// An APP1 segment; `None` if its content is too long for one.
fn segment(prefix: &[u8], block: &[u8]) -> Option<Vec<u8>> {
    let mut segment = Vec::new();
    put(&mut segment, 0xe1, &[prefix, block].concat())?;
    Some(segment)
}
