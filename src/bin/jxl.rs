//! The WebAssembly that decodes JPEG XL.

#![cfg_attr(not(target_arch = "wasm32"), allow(dead_code, reason = "only WebAssembly exports"))]

#[path = "decoder/exports.rs"]
mod exports;
#[path = "decoder/series.rs"]
mod series;

use pixelmill::codecs::{begin_jxl as begin_animation, decode_jxl as decode_picture};

/// Not called: a worker calls the exports.
fn main() {}
