//! The WebAssembly that decodes AV1, the pictures of AVIF.

#![cfg_attr(not(target_arch = "wasm32"), allow(dead_code, reason = "only WebAssembly exports"))]

#[path = "decoder/exports.rs"]
mod exports;
#[path = "decoder/series.rs"]
mod series;

use pixelmill::codecs::{begin_av1 as begin_animation, decode_av1 as decode_picture};

/// Not called: a worker calls the exports.
fn main() {}
