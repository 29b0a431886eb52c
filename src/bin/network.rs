//! The WebAssembly that runs models: loads one ONNX file and runs it. A worker instantiates it when a plan needs it and
//! calls the exports below (`browser/worker/network.rs`), without glue code.
//!
//! The protocol: `room` for the file, write it there, `load`; then, for each picture, write the samples at `input` and
//! call `run`. When a call fails or traps, `message` says why.

#![cfg_attr(not(target_arch = "wasm32"), allow(dead_code, reason = "only WebAssembly exports"))]

use std::sync::{Mutex, MutexGuard, PoisonError};

use breakdown::say;
use pixelmill::network::inference::{INPUT_LENGTH, Inference};

#[path = "module/breakdown.rs"]
mod breakdown;

/// The state between two calls. WebAssembly has one thread here, so the lock is never contended.
struct State {
    file: Vec<u8>,
    network: Option<Inference>,
    input: Vec<f32>,
    output: Vec<f32>,
}

static STATE: Mutex<State> =
    Mutex::new(State { file: Vec::new(), network: None, input: Vec::new(), output: Vec::new() });

fn state_lock() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Not called: a worker calls the exports.
fn main() {}

/// Where to write a file of this length.
#[unsafe(no_mangle)]
extern "C" fn room(length: usize) -> *mut u8 {
    breakdown::note_panics();
    let mut state = state_lock();
    state.file = vec![0; length];
    state.file.as_mut_ptr()
}

/// Loads the file that was written; 1 when it is a usable model.
#[unsafe(no_mangle)]
extern "C" fn load() -> u32 {
    let mut state = state_lock();
    let file = std::mem::take(&mut state.file);
    match Inference::load(&file) {
        Ok(network) => {
            state.network = Some(network);
            1
        }
        Err(error) => {
            say(error.to_string());
            0
        }
    }
}

/// Where to write the samples of a picture, [`INPUT_LENGTH`] floats.
#[unsafe(no_mangle)]
extern "C" fn input() -> *mut f32 {
    let mut state = state_lock();
    state.input.resize(INPUT_LENGTH, 0.0);
    state.input.as_mut_ptr()
}

/// Runs the model on the samples that were written; returns the address of the mask, valid until the next call, or null.
#[unsafe(no_mangle)]
extern "C" fn run() -> *const f32 {
    let mut state = state_lock();
    let State { network, input, output, .. } = &mut *state;
    match network {
        Some(network) if input.len() == INPUT_LENGTH => {
            *output = network.run(input);
            output.as_ptr()
        }
        _ => {
            say("no model is loaded, or no input is written".to_owned());
            std::ptr::null()
        }
    }
}
