//! Removing metadata from a file, without touching the coded picture.

use super::frame::{Frame, Process, Segment, is_frame, next_marker, next_segment};
use crate::codecs::icc::JPEG_MARKER;

/// Bytes of a `JFIF` segment without its thumbnail: name, version, density, and the thumbnail's size, which becomes 0.
const JFIF: usize = 14;

/// Keeps what the picture needs: tables, frame, scans, profile, and the segments that tell how colours are coded. `None`
/// if there is no scan, for arithmetic coding, which browsers do not support, and for inks, of which results have none.
pub(super) fn strip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = vec![0xff, 0xd8];
    let mut at = 2;
    let mut has_scan = false;
    // Without an end marker the file ends after its last scan; decoding reports a scan that is incomplete.
    while let Segment::Content { code, body } = next_segment(bytes, &mut at) {
        match code {
            0xe0 if body.starts_with(b"JFIF\0") => {
                let mut body = body.get(..JFIF)?.to_vec();
                body[JFIF - 2..].fill(0);
                put(&mut out, code, &body)?;
            }
            0xe2 if body.starts_with(JPEG_MARKER) => put(&mut out, code, body)?,
            0xee if body.starts_with(b"Adobe") => put(&mut out, code, body)?,
            // Other application data, and comments.
            0xe0..=0xef | 0xfe => {}
            0xda => {
                put(&mut out, code, body)?;
                let end = end_of_scan(bytes, at);
                out.extend_from_slice(&bytes[at..end]);
                (at, has_scan) = (end, true);
            }
            _ if is_frame(code) => {
                let frame = Frame::read(code, body).ok()?;
                if frame.process == Process::Arithmetic || frame.components.len() > 3 {
                    return None;
                }
                put(&mut out, code, body)?;
            }
            _ => put(&mut out, code, body)?,
        }
    }
    out.extend([0xff, 0xd9]);
    has_scan.then_some(out)
}

/// Adds a segment; `None` if its content is too long.
pub(super) fn put(out: &mut Vec<u8>, code: u8, body: &[u8]) -> Option<()> {
    let length = u16::try_from(body.len() + 2).ok()?;
    out.extend([0xff, code]);
    out.extend(length.to_be_bytes());
    out.extend_from_slice(body);
    Some(())
}

/// Where the entropy-coded data that begins at `at` ends: at the next marker that does not belong to it.
fn end_of_scan(bytes: &[u8], mut at: usize) -> usize {
    while let Some((code, after)) = next_marker(bytes, at) {
        if !matches!(code, 0xd0..=0xd7) {
            return after - 2;
        }
        at = after;
    }
    bytes.len()
}
