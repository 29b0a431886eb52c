//! Links that contain a workflow: in the fragment, which browsers do not send to the server; compressed (RFC 1951), in
//! URL-safe base64 (RFC 4648).

use js_sys::{Array, Reflect, Uint8Array};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, ReadableStreamDefaultReader, ReadableWritablePair};

use crate::view_model::route::Route;

/// Begins the part of the fragment that contains a workflow.
const KEY: &str = "?workflow=";

/// The most bytes that a link may unfold to: far more than any workflow has, far less than a browser can bear.
const MOST: usize = 4 << 20;

/// The format's name in the browser.
const DEFLATE: &str = "deflate-raw";

// web-sys has these only as unstable interfaces.
#[wasm_bindgen]
extern "C" {
    type CompressionStream;
    #[wasm_bindgen(constructor, catch)]
    fn new(format: &str) -> Result<CompressionStream, JsValue>;

    type DecompressionStream;
    #[wasm_bindgen(constructor, catch)]
    fn new(format: &str) -> Result<DecompressionStream, JsValue>;
}

/// The link to the page with a workflow.
///
/// # Errors
/// When the browser cannot compress.
pub(super) async fn written(json: &str) -> Result<String, JsValue> {
    let stream = CompressionStream::new(DEFLATE)?;
    let bytes = through(json.as_bytes(), stream.unchecked_ref()).await?;
    // Bytes as the characters of the same numbers, which is what `btoa` takes.
    let characters: String = bytes.iter().map(|byte| char::from(*byte)).collect();
    let code = window().btoa(&characters)?.replace('+', "-").replace('/', "_");
    let address = window().location().href()?;
    let page = address.split('#').next().unwrap_or_default();
    Ok(format!("{page}{}{KEY}{}", Route::New.fragment(), code.trim_end_matches('=')))
}

/// The part of a fragment that contains a workflow.
pub(super) fn code(fragment: &str) -> Option<String> {
    fragment.strip_prefix(&Route::New.fragment())?.strip_prefix(KEY).map(str::to_owned)
}

/// Takes the workflow out of the page's address, so that a reload does not open it again.
pub(super) fn forget() {
    if let Ok(history) = window().history() {
        let state = history.state().unwrap_or_default();
        let _cannot_fail = history.replace_state_with_url(&state, "", Some(&Route::New.fragment()));
    }
}

/// The workflow's text.
///
/// # Errors
/// When it is damaged or too large.
pub(super) async fn read(code: &str) -> Result<String, JsValue> {
    let characters = window().atob(&code.replace('-', "+").replace('_', "/"))?;
    let bytes: Vec<u8> = characters.chars().filter_map(|character| u8::try_from(u32::from(character)).ok()).collect();
    let stream = DecompressionStream::new(DEFLATE)?;
    let text = through(&bytes, stream.unchecked_ref()).await?;
    String::from_utf8(text).map_err(|_| JsValue::UNDEFINED)
}

/// What a transform makes of bytes.
async fn through(bytes: &[u8], transform: &ReadableWritablePair) -> Result<Vec<u8>, JsValue> {
    let blob = Blob::new_with_u8_array_sequence(&Array::of1(&Uint8Array::from(bytes)))?;
    let reader: ReadableStreamDefaultReader = blob.stream().pipe_through(transform).get_reader().unchecked_into();
    let mut all = Vec::new();
    loop {
        let part = JsFuture::from(reader.read()).await?;
        if Reflect::get(&part, &"done".into())?.is_truthy() {
            return Ok(all);
        }
        all.extend(Reflect::get(&part, &"value".into())?.unchecked_into::<Uint8Array>().to_vec());
        if all.len() > MOST {
            return Err(JsValue::UNDEFINED);
        }
    }
}
