//! The WebAssembly that sets text: reads fonts and paints texts in them. A worker instantiates it when a plan needs it and
//! calls the exports below (`browser/worker/lettering.rs`), without glue code.
//!
//! The protocol: `room` for the built-in font, write it there, `load`; for each other font, `room` for its name, a line
//! break and the font, write them there, `add_font`; for the font for emoji likewise, without a name, `add_emoji`; then, for each
//! text, `room` for a [`Request`](pixelmill::lettering::Request) as JSON, write it there, `set`. After that a
//! [`Report`](pixelmill::lettering::Report) as JSON is at `report`, and one byte for each painted pixel at `letters` and, if
//! there is an outline, at `outline`, and four at `colors` if there are coloured glyphs; all are valid until the next call. `unpack`
//! makes a font of a WOFF file that was written, which is then at `unpacked`. When a call fails or traps, `message` says why.

#![cfg_attr(not(target_arch = "wasm32"), allow(dead_code, reason = "only WebAssembly exports"))]

use std::cell::RefCell;

use breakdown::say;
use pixelmill::lettering::typesetting::{FontTypesetter, unpacked as unpacked_font};
use pixelmill::lettering::{Lettering, Request};

#[path = "module/breakdown.rs"]
mod breakdown;

/// The state between two calls.
#[derive(Default)]
struct State {
    written: Vec<u8>,
    typesetter: Option<FontTypesetter>,
    report: String,
    lettering: Lettering,
    unpacked: Vec<u8>,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

/// Not called: a worker calls the exports.
fn main() {}

/// Where to write this many bytes.
#[unsafe(no_mangle)]
extern "C" fn room(length: usize) -> *mut u8 {
    breakdown::note_panics();
    STATE.with_borrow_mut(|state| {
        state.written = vec![0; length];
        state.written.as_mut_ptr()
    })
}

/// Loads the font that was written; 1 when it is usable.
#[unsafe(no_mangle)]
extern "C" fn load() -> u32 {
    STATE.with_borrow_mut(|state| {
        state.typesetter = FontTypesetter::new(std::mem::take(&mut state.written));
        if state.typesetter.is_none() {
            say("the file is not a TrueType or OpenType font".to_owned());
        }
        u32::from(state.typesetter.is_some())
    })
}

/// Reads the font that was written after its name and a line break; 1 when it is usable.
#[unsafe(no_mangle)]
extern "C" fn add_font() -> u32 {
    let done = STATE.with_borrow_mut(|state| {
        let mut name = std::mem::take(&mut state.written);
        let end = name.iter().position(|byte| *byte == b'\n').ok_or("it has no name")?;
        let file = name.split_off(end + 1);
        let typesetter = state.typesetter.as_ref().ok_or("no font is loaded")?;
        typesetter.add(&String::from_utf8_lossy(&name[..end]), &file)
    });
    done.map_err(|why| say(why.to_owned())).is_ok().into()
}

/// Reads the font that was written as the one for emoji; 1 when it is usable.
#[unsafe(no_mangle)]
extern "C" fn add_emoji() -> u32 {
    let done = STATE.with_borrow_mut(|state| {
        let file = std::mem::take(&mut state.written);
        state.typesetter.as_ref().ok_or("no font is loaded")?.add_emoji(&file)
    });
    done.map_err(|why| say(why.to_owned())).is_ok().into()
}

/// Unpacks the font that was written; 1 when it is done.
#[unsafe(no_mangle)]
extern "C" fn unpack() -> u32 {
    let done = STATE.with_borrow_mut(|state| {
        let file = std::mem::take(&mut state.written);
        state.unpacked = unpacked_font(&file)?.into_owned();
        Ok(())
    });
    done.map_err(|why: &str| say(why.to_owned())).is_ok().into()
}

/// Address of the font that was unpacked.
#[unsafe(no_mangle)]
extern "C" fn unpacked() -> *const u8 {
    STATE.with_borrow(|state| state.unpacked.as_ptr())
}

/// Its length in bytes.
#[unsafe(no_mangle)]
extern "C" fn unpacked_length() -> usize {
    STATE.with_borrow(|state| state.unpacked.len())
}

/// Forgets all fonts of the user.
#[unsafe(no_mangle)]
extern "C" fn forget_fonts() {
    STATE.with_borrow(|state| {
        if let Some(typesetter) = &state.typesetter {
            typesetter.forget_own();
        }
    });
}

/// Sets the text of the request that was written; 1 when it is done.
#[unsafe(no_mangle)]
extern "C" fn set() -> u32 {
    let done = STATE.with_borrow_mut(|state| {
        let request: Request =
            serde_json::from_slice(&std::mem::take(&mut state.written)).map_err(|error| error.to_string())?;
        let typesetter = state.typesetter.as_ref().ok_or("no font is loaded")?;
        state.lettering =
            typesetter.lettering(&request).ok_or_else(|| format!("the font {} is missing", request.font))?;
        state.report = serde_json::to_string(&state.lettering.report).map_err(|error| error.to_string())?;
        Ok::<(), String>(())
    });
    done.map_err(say).is_ok().into()
}

/// Address of the report, in UTF-8.
#[unsafe(no_mangle)]
extern "C" fn report() -> *const u8 {
    STATE.with_borrow(|state| state.report.as_ptr())
}

/// Its length in bytes.
#[unsafe(no_mangle)]
extern "C" fn report_length() -> usize {
    STATE.with_borrow(|state| state.report.len())
}

/// Address of what letters cover.
#[unsafe(no_mangle)]
extern "C" fn letters() -> *const u8 {
    STATE.with_borrow(|state| state.lettering.letters.as_ptr())
}

/// Address of what the outline covers, or null if there is none.
#[unsafe(no_mangle)]
extern "C" fn outline() -> *const u8 {
    STATE.with_borrow(|state| address(&state.lettering.outline))
}

/// Address of the pixels of coloured glyphs, or null if there are none.
#[unsafe(no_mangle)]
extern "C" fn colors() -> *const u8 {
    STATE.with_borrow(|state| address(&state.lettering.colors))
}

fn address(plane: &[u8]) -> *const u8 {
    if plane.is_empty() { std::ptr::null() } else { plane.as_ptr() }
}
