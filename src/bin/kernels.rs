//! Codecs and kernels for the benchmark, as WebAssembly without glue code: each export does one thing to what the calls
//! before it left, so that a script can time it alone. It is no part of the product.
//!
//! The protocol: `room` for a JPEG file, write it there; then `decode`, `resize`, `encode` or `chain` in any order. For an
//! action: `decode`, `room` for its name and parameters, `ready`, `act`.

#![cfg_attr(not(target_arch = "wasm32"), allow(dead_code, reason = "only WebAssembly exports"))]

use std::sync::{Mutex, MutexGuard, PoisonError};

use pixelmill::actions::{self, Context, Operation};
use pixelmill::codecs::{self, DecodeRequest, EncodeRequest, Format};
use pixelmill::engine::{Plan, Services, Source};
use pixelmill::image::convert::convert;
use pixelmill::image::{Image, Representation};
use pixelmill::workflow::Workflow;
use serde_json::json;

/// The state between two calls. WebAssembly has one thread here, so the lock is never contended.
struct State {
    file: Vec<u8>,
    picture: Option<Image>,
    result: Vec<u8>,
    /// An action that is ready to run, and its pictures.
    ready: Option<Ready>,
}

/// An action, and a picture for each of its ports.
struct Ready {
    operation: Box<dyn Operation>,
    inputs: Vec<Option<Image>>,
}

static STATE: Mutex<State> = Mutex::new(State { file: Vec::new(), picture: None, result: Vec::new(), ready: None });

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Not called: a script calls the exports.
fn main() {}

/// Where to write a file of this length.
#[unsafe(no_mangle)]
extern "C" fn room(length: usize) -> *mut u8 {
    let mut state = state();
    state.file = vec![0; length];
    state.file.as_mut_ptr()
}

/// Decodes the file to the planes that it has, at 1/`part` of its size; answers the number of rows, or 0.
#[unsafe(no_mangle)]
extern "C" fn decode(part: u32) -> u32 {
    let mut state = state();
    let Ok(header) = codecs::probe(&state.file, "file") else { return 0 };
    let Some(representation) = header.native.iter().next() else { return 0 };
    let mut at_least = header.size;
    at_least.width = at_least.width.div_ceil(part.max(1));
    at_least.height = at_least.height.div_ceil(part.max(1));
    let request =
        DecodeRequest { representation, at_least, chroma_at_least: at_least, scaling: None, auto_orient: false };
    state.picture = codecs::decode(&state.file, &header, &request, "file").ok().map(|decoded| decoded.image);
    state.picture.as_ref().map_or(0, |picture| picture.size.height)
}

/// Fits the decoded picture into a square; it stays as it was. Answers the number of rows, or 0.
#[unsafe(no_mangle)]
extern "C" fn resize(side: u32) -> u32 {
    let state = state();
    let Some(picture) = &state.picture else { return 0 };
    let parameters = json!({ "width": side, "height": side });
    let Some(Ok(operation)) = parameters.as_object().map(|parameters| actions::prepare("resize", parameters)) else {
        return 0;
    };
    let results = operation.run(vec![Some(picture.clone())], &Context::new(None, &[true]));
    results.ok().and_then(|results| results.into_iter().next()).map_or(0, |picture| picture.size.height)
}

/// Encodes the decoded picture as JPEG; answers the number of bytes, or 0.
#[unsafe(no_mangle)]
extern "C" fn encode(quality: u32) -> usize {
    let mut state = state();
    let Some(picture) = state.picture.clone() else { return 0 };
    let quality = quality.clamp(1, 100) as u8;
    let request = EncodeRequest {
        format: Format::Jpeg,
        quality,
        lossless: false,
        background: [255; 3],
        ..EncodeRequest::new(Format::Jpeg)
    };
    state.result = codecs::encode(picture, &request, None).map_or_else(|_| Vec::new(), |encoded| encoded.bytes);
    state.result.len()
}

/// The engine's whole way of a picture: decoded as its plan asks, fitted into a square, and written as JPEG of quality 80
/// or lower. Answers the number of bytes, or 0.
#[unsafe(no_mangle)]
extern "C" fn chain(side: u32, quality: u32) -> usize {
    let mut state = state();
    let document = json!({
        "metadata": { "workflowId": "chain", "name": "Chain" },
        "actions": [
            { "actionId": "in", "actionType": "input-images", "parameters": {
                "images": [{ "name": "file", "sourceUrl": "asset:file", "storageType": "local" }]
            } },
            { "actionId": "size", "actionType": "resize", "parameters": { "width": side, "height": side } },
            { "actionId": "out", "actionType": "output", "parameters": { "format": "jpeg", "quality": quality } }
        ],
        "connections": [
            { "connectionSource": "in", "sourcePort": "outputs", "connectionTarget": "size", "targetPort": "input-images" },
            { "connectionSource": "size", "sourcePort": "outputs", "connectionTarget": "out", "targetPort": "input-images" }
        ]
    });
    let plan = serde_json::from_value::<Workflow>(document).ok().and_then(|workflow| Plan::build(&workflow).ok());
    let Some(plan) = plan else { return 0 };
    let source = Source { name: "file", folder: "", bytes: (&state.file).into() };
    let produced = plan.run(0, &[source], Services::default());
    let outputs = produced.map(|produced| produced.outputs).unwrap_or_default();
    state.result = outputs.into_iter().next().map(|output| output.encoded.bytes).unwrap_or_default();
    state.result.len()
}

/// Makes an action ready, which the file names as `[actionType, parameters]`: with the decoded picture in RGB, or with alpha if it
/// must have it, at all ports. Answers 1, or 0 if there is no such action.
#[unsafe(no_mangle)]
extern "C" fn ready() -> u32 {
    let mut state = state();
    let Ok((name, parameters)) = serde_json::from_slice::<(String, serde_json::Value)>(&state.file) else { return 0 };
    let (Some(action), Some(parameters)) = (actions::find(&name), parameters.as_object()) else { return 0 };
    let (Ok(operation), Some(picture)) = (actions::prepare(&name, parameters), state.picture.clone()) else { return 0 };
    let representation = match operation.accepts().contains(Representation::Rgb) {
        true => Representation::Rgb,
        false => Representation::Rgba,
    };
    let picture = convert(picture, representation);
    let inputs = action.inputs.iter().map(|port| port.required.then(|| picture.clone())).collect();
    state.ready = Some(Ready { operation, inputs });
    1
}

/// Runs the action that is ready; answers the number of rows of its result, or 0.
#[unsafe(no_mangle)]
extern "C" fn act() -> u32 {
    let Some(Ready { operation, inputs }) = state().ready.take() else { return 0 };
    let results = operation.run(inputs, &Context::new(None, &[true]));
    results.ok().and_then(|results| results.into_iter().next()).map_or(0, |picture| picture.size.height)
}

/// Address of the file that was written last.
#[unsafe(no_mangle)]
extern "C" fn result() -> *const u8 {
    state().result.as_ptr()
}
