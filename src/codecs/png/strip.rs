//! A file without its metadata, its compressed picture untouched.

use super::{SIGNATURE, chunks};

/// Chunks that have a part in how the picture looks: palette, transparency, pixels, and what its colours mean.
const SHOWN: [&[u8; 4]; 12] =
    [b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"cHRM", b"gAMA", b"iCCP", b"sRGB", b"cICP", b"mDCV", b"cLLI"];

/// The chunks that show the picture, up to the end that the file names. `None` when that is missing.
pub(in crate::codecs) fn strip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = SIGNATURE.to_vec();
    for (kind, data) in chunks(bytes) {
        if SHOWN.contains(&&kind) {
            out.extend(u32::try_from(data.len()).ok()?.to_be_bytes());
            let start = out.len();
            out.extend(kind);
            out.extend_from_slice(data);
            let checksum = crc32fast::hash(&out[start..]);
            out.extend(checksum.to_be_bytes());
        }
        if kind == *b"IEND" {
            return Some(out);
        }
    }
    None
}
