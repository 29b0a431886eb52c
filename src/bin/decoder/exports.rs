//! What the programs that decode pictures export. A worker instantiates one when a picture needs it and calls the exports
//! (`browser/worker/decoders.rs`), without glue code.
//!
//! The protocol: `room` for the data, write it there, `decode`. After that a report as JSON is at `report`, and what it
//! describes is at `data`; both are valid until the next call. When a call traps, `message` says why.

use std::cell::RefCell;

use pixelmill::codecs::Product;

#[path = "../module/breakdown.rs"]
mod breakdown;

/// The state between two calls.
#[derive(Default)]
struct State {
    written: Vec<u8>,
    product: Product,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

/// Where to write this many bytes. What was decoded before is gone.
#[unsafe(no_mangle)]
extern "C" fn room(length: usize) -> *mut u8 {
    breakdown::note_panics();
    STATE.with_borrow_mut(|state| {
        *state = State::default();
        state.written = vec![0; length];
        state.written.as_mut_ptr()
    })
}

/// What was written, for another export.
#[allow(dead_code, reason = "not all of these programs are given more than pictures")]
pub(super) fn written() -> Vec<u8> {
    STATE.with_borrow_mut(|state| std::mem::take(&mut state.written))
}

/// Decodes what was written.
#[unsafe(no_mangle)]
extern "C" fn decode() {
    STATE.with_borrow_mut(|state| state.product = super::decode_picture(&std::mem::take(&mut state.written)));
}

/// Keeps what another export decoded, for the next calls.
#[allow(dead_code, reason = "not all of these programs decode more than pictures")]
pub(super) fn give(product: Product) {
    STATE.with_borrow_mut(|state| state.product = product);
}

/// Address of the report, in UTF-8.
#[unsafe(no_mangle)]
extern "C" fn report() -> *const u8 {
    STATE.with_borrow(|state| state.product.report().as_ptr())
}

/// Its length in bytes.
#[unsafe(no_mangle)]
extern "C" fn report_length() -> usize {
    STATE.with_borrow(|state| state.product.report().len())
}

/// Address of what the report describes.
#[unsafe(no_mangle)]
extern "C" fn data() -> *const u8 {
    STATE.with_borrow(|state| state.product.data().as_ptr())
}

/// Its length in bytes.
#[unsafe(no_mangle)]
extern "C" fn data_length() -> usize {
    STATE.with_borrow(|state| state.product.data().len())
}
