//! The WebAssembly that decodes HEIC: HEVC, and what its pictures are made of.

#![cfg_attr(not(target_arch = "wasm32"), allow(dead_code, reason = "only WebAssembly exports"))]

#[path = "decoder/exports.rs"]
mod exports;

use pixelmill::codecs::decode_heic as decode_picture;

/// Not called: a worker calls the exports.
fn main() {}
