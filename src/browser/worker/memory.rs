//! The worker's memory: its size, and whether an allocation has failed, which a trap alone does not show.

use js_sys::{ArrayBuffer, WebAssembly};
use wasm_bindgen::prelude::*;

/// Whether an allocation has failed; the worker's script checks this after a trap.
#[wasm_bindgen]
pub fn pixelmill_memory_exhausted() -> bool {
    crate::allocator::exhausted()
}

/// Bytes of this instance's memory.
pub(super) fn size() -> u64 {
    let memory: WebAssembly::Memory = wasm_bindgen::memory().unchecked_into();
    u64::from(memory.buffer().unchecked_into::<ArrayBuffer>().byte_length())
}
