//! SHA-256 of contents: by the browser in a secure context, in Rust elsewhere.

use js_sys::{ArrayBuffer, Uint8Array};
use sha2::{Digest, Sha256};
use wasm_bindgen::prelude::*;
use web_sys::Crypto;

use super::interop::{property, settled};

/// SHA-256 of a buffer, in lower-case hex.
pub async fn sha256(buffer: &ArrayBuffer) -> String {
    if let Some(digest) = digest(buffer).await {
        return digest;
    }
    let mut hasher = Hasher::default();
    hasher.update(buffer);
    hasher.finish()
}

/// SHA-256 of a content that arrives in pieces. The browser's own hashes only what is in memory as a whole.
#[derive(Default)]
pub(super) struct Hasher(Sha256);

impl Hasher {
    /// The next piece.
    pub(super) fn update(&mut self, piece: &ArrayBuffer) {
        // In parts, so that a large piece is never in memory twice.
        const PART: u32 = 1 << 20;
        let bytes = Uint8Array::new(piece);
        let mut from = 0;
        while from < bytes.length() {
            let to = from.saturating_add(PART).min(bytes.length());
            self.0.update(bytes.subarray(from, to).to_vec());
            from = to;
        }
    }

    /// The hash of all pieces, in lower-case hex.
    pub(super) fn finish(self) -> String {
        hex(&self.0.finalize())
    }
}

/// SHA-256 of a buffer, by the browser only; `None` outside a secure context.
pub(super) async fn digest(buffer: &ArrayBuffer) -> Option<String> {
    if !super::environment::is_secure_context() {
        return None;
    }
    let crypto = property(&js_sys::global(), "crypto").unchecked_into::<Crypto>();
    let digest = crypto.subtle().digest_with_str_and_buffer_source("SHA-256", buffer).ok()?;
    Some(hex(&Uint8Array::new(&settled(digest).await.ok()?).to_vec()))
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(b"0123456789abcdef"[digit as usize]))
        .collect()
}
