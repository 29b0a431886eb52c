//! Removing metadata from a file, without touching the compressed picture.

use super::{SIGNATURE, chunks};

/// Chunks that affect how the picture looks: palette, transparency, pixels, and the meaning of its colours.
const SHOWN: [&[u8; 4]; 12] =
    [b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"cHRM", b"gAMA", b"iCCP", b"sRGB", b"cICP", b"mDCV", b"cLLI"];

/// Keeps the chunks that the picture needs, up to `IEND`. `None` if that is missing.
pub(in crate::codecs) fn strip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = SIGNATURE.to_vec();
    for (kind, data) in chunks(bytes) {
        if SHOWN.contains(&&kind) {
            put(&mut out, kind, data)?;
        }
        if kind == *b"IEND" {
            return Some(out);
        }
    }
    None
}

/// Adds a chunk; `None` if its content is too long.
pub(super) fn put(out: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) -> Option<()> {
    out.extend(u32::try_from(data.len()).ok()?.to_be_bytes());
    let start = out.len();
    out.extend(kind);
    out.extend_from_slice(data);
    let checksum = crc32fast::hash(&out[start..]);
    out.extend(checksum.to_be_bytes());
    Some(())
}
