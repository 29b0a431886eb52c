//! Reading stored content and checking that it is what was stored: an asset's id is the SHA-256 of its content.

use gloo_timers::future::TimeoutFuture;
use js_sys::ArrayBuffer;
use web_sys::Blob;

use super::environment::buffer_of;
use super::hash::sha256;
use crate::store::{AssetStore, StoreError};

/// Wait before the one retry of a failed read.
const AGAIN_MS: u32 = 200;

/// What is stored under an asset's id.
pub(super) enum Found {
    /// Its content, as it was stored.
    #[cfg_attr(
        not(all(feature = "service", feature = "worker")),
        allow(dead_code, reason = "the service needs the one, the worker the other")
    )]
    Sound(Blob, ArrayBuffer),
    /// Content that cannot be read or differs from what was stored, and how that was noticed.
    Damaged(String),
    /// Content that could be read with more memory, and the browser's message.
    TooLarge(String),
    /// No content.
    Nothing,
}

/// Reads an asset's content and checks it.
///
/// # Errors
/// When the storage fails.
pub(super) async fn read(assets: &impl AssetStore<Content = Blob>, asset_id: &str) -> Result<Found, StoreError> {
    let mut tried = false;
    loop {
        let Some(blob) = assets.content(asset_id).await? else { return Ok(Found::Nothing) };
        match buffer_of(&blob).await {
            Ok(buffer) if sha256(&buffer).await == asset_id => return Ok(Found::Sound(blob, buffer)),
            Ok(_) => return Ok(Found::Damaged("its checksum differs".to_owned())),
            // The browser may only have been short of memory or handles.
            Err(_) if !tried => {
                tried = true;
                TimeoutFuture::new(AGAIN_MS).await;
            }
            Err(error) if can_be_read(&blob).await => return Ok(Found::TooLarge(error)),
            Err(error) => return Ok(Found::Damaged(error)),
        }
    }
}

/// Why an intact file could not be read, as a sentence.
pub(super) fn too_large(name: &str, error: &str) -> String {
    format!("\"{name}\" could not be read as a whole: {error}.")
}

/// Whether content can be read in pieces: then there was not enough memory.
async fn can_be_read(blob: &Blob) -> bool {
    /// Bytes read at once.
    const PIECE: f64 = 1_048_576.0;
    let mut from = 0.0;
    while from < blob.size() {
        let Ok(piece) = blob.slice_with_f64_and_f64(from, (from + PIECE).min(blob.size())) else { return false };
        if buffer_of(&piece).await.is_err() {
            return false;
        }
        from += PIECE;
    }
    true
}
