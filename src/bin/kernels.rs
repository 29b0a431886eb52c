//! Codecs and kernels for the benchmark, as WebAssembly without glue code: each export does one thing to what the calls
//! before it left, so that a script can time it alone. It is no part of the product.
//!
//! The protocol: `room` for a file, write it there; then `decode`, `resize`, `encode` or `chain` in any order. `room` for
//! parameters of `output`, written there as JSON, and `wish` say what is written; without them it is JPEG. For an action: `decode`,
//! `room` for its name and parameters, `ready`, `act`.
//!
//! The decoders that are programs of their own in the product are linked.

#![cfg_attr(not(target_arch = "wasm32"), allow(dead_code, reason = "only WebAssembly exports"))]

use std::sync::{Mutex, MutexGuard, PoisonError};

use pixelmill::actions::{self, Context, Operation};
use pixelmill::codecs::{
    self, Coding, DecodeRequest, Decoders, EncodeRequest, Fonts, Format, Palette, Product, decode_av1, decode_heic,
    decode_jxl, decode_svg,
};
use pixelmill::engine::{Plan, Services, Source};
use pixelmill::error::Failure;
use pixelmill::image::convert::convert;
use pixelmill::image::{Image, Representation};
use pixelmill::workflow::Workflow;
use serde::Deserialize;
use serde_json::{Value, json};

/// The linked decoders. Drawings have no fonts.
struct Linked;

impl Decoders for Linked {
    fn decode(&self, coding: Coding, data: &[u8]) -> Result<Product, Failure> {
        Ok(match coding {
            Coding::JpegXl => decode_jxl(data),
            Coding::Av1 => decode_av1(data),
            Coding::Hevc => decode_heic(data),
            Coding::Svg => decode_svg(data, &Fonts::default()),
        })
    }
}

/// What is written, by the names of `output`'s parameters.
#[derive(Deserialize)]
#[serde(default)]
struct Wish {
    format: String,
    quality: u8,
    lossless: bool,
    effort: Option<u8>,
    colors: Option<u16>,
}

impl Default for Wish {
    fn default() -> Self {
        Self { format: "jpeg".to_owned(), quality: 80, lossless: false, effort: None, colors: None }
    }
}

impl Wish {
    fn request(&self) -> Option<EncodeRequest> {
        let is_it = |format: &&Format| format.extensions().contains(&&*self.format);
        let format = Format::ALL.iter().copied().find(|format| is_it(&format))?;
        let palette = self.colors.map(|colors| Palette { colors, dithers: true });
        let Self { quality, lossless, effort, .. } = *self;
        Some(EncodeRequest { quality, lossless, effort, palette, ..EncodeRequest::new(format) })
    }
}

/// The state between two calls. WebAssembly has one thread here, so the lock is never contended.
struct State {
    file: Vec<u8>,
    picture: Option<Image>,
    /// Parameters of `output`.
    wish: Option<Value>,
    result: Vec<u8>,
    /// An action that is ready to run, and its pictures.
    ready: Option<Ready>,
}

/// An action, and a picture for each of its ports.
struct Ready {
    operation: Box<dyn Operation>,
    inputs: Vec<Option<Image>>,
}

static STATE: Mutex<State> =
    Mutex::new(State { file: Vec::new(), picture: None, wish: None, result: Vec::new(), ready: None });

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

/// Takes what was written as parameters of `output`; answers 1, or 0 if they are none.
#[unsafe(no_mangle)]
extern "C" fn wish() -> u32 {
    let mut state = state();
    state.wish = serde_json::from_slice(&state.file).ok();
    state.wish.is_some().into()
}

/// Decodes the file to what it has, at 1/`part` of its size; answers the number of rows, or 0.
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
    let decoded = codecs::decode_by(&state.file, &header, &request, Some(&Linked), "file");
    state.picture = decoded.ok().map(|decoded| decoded.image);
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

/// Encodes the decoded picture as wished; answers the number of bytes, or 0.
#[unsafe(no_mangle)]
extern "C" fn encode() -> usize {
    let mut state = state();
    let wish = state.wish.clone().map_or_else(|| Some(Wish::default()), |wish| serde_json::from_value(wish).ok());
    let (Some(picture), Some(request)) = (state.picture.clone(), wish.and_then(|wish| wish.request())) else {
        return 0;
    };
    state.result = codecs::encode(picture, &request, None).map_or_else(|_| Vec::new(), |encoded| encoded.bytes);
    state.result.len()
}

/// The engine's whole way of a picture: decoded as its plan asks, fitted into a square, and written as wished. Answers the number
/// of bytes, or 0.
#[unsafe(no_mangle)]
extern "C" fn chain(side: u32) -> usize {
    let mut state = state();
    let wish = state.wish.clone().unwrap_or_else(|| json!({ "format": "jpeg", "quality": 80 }));
    let document = json!({
        "metadata": { "workflowId": "chain", "name": "Chain" },
        "actions": [
            { "actionId": "in", "actionType": "input-images", "parameters": {
                "images": [{ "name": "file", "sourceUrl": "asset:file", "storageType": "local" }]
            } },
            { "actionId": "size", "actionType": "resize", "parameters": { "width": side, "height": side } },
            { "actionId": "out", "actionType": "output", "parameters": wish }
        ],
        "connections": [
            { "connectionSource": "in", "sourcePort": "outputs", "connectionTarget": "size", "targetPort": "input-images" },
            { "connectionSource": "size", "sourcePort": "outputs", "connectionTarget": "out", "targetPort": "input-images" }
        ]
    });
    let plan = serde_json::from_value::<Workflow>(document).ok().and_then(|workflow| Plan::build(&workflow).ok());
    let Some(plan) = plan else { return 0 };
    let source = Source { name: "file", folder: "", bytes: (&state.file).into() };
    let produced = plan.run(0, &[source], Services { decoders: Some(&Linked), ..Services::default() });
    let outputs = produced.map(|produced| produced.outputs).unwrap_or_default();
    state.result = outputs.into_iter().next().map(|output| output.encoded.bytes).unwrap_or_default();
    state.result.len()
}

/// Makes an action ready, which the file names as `[actionType, parameters]`: with the decoded picture in RGB, or with alpha if it
/// must have it, at all ports. Answers 1, or 0 if there is no such action.
#[unsafe(no_mangle)]
extern "C" fn ready() -> u32 {
    let mut state = state();
    let Ok((name, parameters)) = serde_json::from_slice::<(String, Value)>(&state.file) else { return 0 };
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
