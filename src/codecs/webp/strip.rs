//! Removing metadata from a file, without touching the coded picture.

use super::{chunks, push, sealed, tidied};

/// Flags of `VP8X` that stay: profile and alpha.
const SHOWN: u8 = 0x30;

/// Keeps header, profile, alpha and picture. `None` for animations, and if a chunk is cut off.
pub(in crate::codecs) fn strip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = b"RIFF\0\0\0\0WEBP".to_vec();
    for (kind, content) in chunks(&tidied(bytes))? {
        match &kind {
            b"VP8X" => {
                let mut extended: [u8; 10] = *content.first_chunk()?;
                extended[0] &= SHOWN;
                push(&mut out, &kind, &extended);
            }
            b"ICCP" | b"ALPH" | b"VP8 " | b"VP8L" => push(&mut out, &kind, content),
            b"ANIM" | b"ANMF" => return None,
            _ => {}
        }
    }
    Some(sealed(out))
}
