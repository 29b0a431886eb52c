//! The WebAssembly that draws SVG.
//!
//! Besides what all decoders export, it takes fonts, which it keeps: `room` for the built-in font, write it there, `load`; for
//! each other font, `room` for it, write it there, `add_font`. A drawing with text needs the built-in one at least.

#![cfg_attr(not(target_arch = "wasm32"), allow(dead_code, reason = "only WebAssembly exports"))]

#[path = "decoder/exports.rs"]
mod exports;

use std::cell::RefCell;

use exports::written;
use pixelmill::codecs::{Fonts, Product, decode_svg};

thread_local! {
    static FONTS: RefCell<Fonts> = RefCell::default();
}

/// Not called: a worker calls the exports.
fn main() {}

fn decode_picture(file: &[u8]) -> Product {
    FONTS.with_borrow(|fonts| decode_svg(file, fonts))
}

/// Takes what was written as the built-in font; 1 when it is usable.
#[unsafe(no_mangle)]
extern "C" fn load() -> u32 {
    FONTS.with_borrow_mut(|fonts| fonts.load(written()).into())
}

/// Takes what was written as another font; 1 when it is usable.
#[unsafe(no_mangle)]
extern "C" fn add_font() -> u32 {
    FONTS.with_borrow_mut(|fonts| fonts.add(written()).into())
}

/// Forgets all fonts but the built-in one.
#[unsafe(no_mangle)]
extern "C" fn forget_fonts() {
    FONTS.with_borrow_mut(Fonts::forget_own);
}
