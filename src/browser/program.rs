//! Another program of this build, to be run in a worker: fetched and compiled once, and started from that as often as
//! needed, without another request. Whoever starts it posts the module to it.

use js_sys::{Array, Promise};
use wasm_bindgen::prelude::*;
use web_sys::{Blob, BlobPropertyBag, RequestInit};

use super::environment::{FileError, OwnFiles};
use super::interop::{both, describe, settled};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = WebAssembly, js_name = compile)]
    fn compile_bytes(bytes: &JsValue) -> Promise;
    #[wasm_bindgen(js_namespace = WebAssembly, js_name = compileStreaming)]
    fn compile_streaming(response: &JsValue) -> Promise;
}

/// A program's script, and its compiled module.
#[derive(Debug)]
pub(super) struct Program {
    /// The address of the script, which waits for the module.
    pub(super) script_url: String,
    /// The module.
    pub(super) module: JsValue,
}

impl Program {
    /// Fetches and compiles a program. `glue` is its script as wasm-bindgen wrote it; `more` is script that it needs in
    /// addition.
    pub(super) async fn fetch(
        files: &OwnFiles,
        glue: &'static str,
        wasm: &'static str,
        more: impl Future<Output = Result<String, FileError>>,
    ) -> Result<Self, FileError> {
        let ((script, module), more) = both(both(text(files, glue), compiled(files, wasm)), more).await;
        let (script, module, more) = (script?, module?, more?);
        let parts = [include_str!("program/life.js"), &script, &more, include_str!("program/bootstrap.js")];
        let parts: Array = parts.iter().flat_map(|part| [JsValue::from_str(part), JsValue::from_str("\n")]).collect();
        let options = BlobPropertyBag::new();
        options.set_type("text/javascript");
        let script = Blob::new_with_str_sequence_and_options(&parts, &options).map_err(failed(glue))?;
        let script_url = web_sys::Url::create_object_url_with_blob(&script).map_err(failed(glue))?;
        Ok(Self { script_url, module })
    }
}

/// Compiles a module while it downloads, or afterwards if the host sends the wrong type for it.
pub(super) async fn compiled(files: &OwnFiles, name: &'static str) -> Result<JsValue, FileError> {
    let response = files.fetch(name, &RequestInit::new()).await?;
    if let Ok(module) = settled(compile_streaming(&response)).await {
        return Ok(module);
    }
    let response = files.fetch(name, &RequestInit::new()).await?;
    let bytes = settled(response.array_buffer().map_err(failed(name))?).await.map_err(failed(name))?;
    compile(&bytes).await.map_err(failed(name))
}

/// Compiles a module's bytes.
///
/// # Errors
/// What the browser has against them.
pub(super) async fn compile(bytes: &JsValue) -> Result<JsValue, JsValue> {
    settled(compile_bytes(bytes)).await
}

/// The text of one of the build's own files.
pub(super) async fn text(files: &OwnFiles, name: &'static str) -> Result<String, FileError> {
    let response = files.fetch(name, &RequestInit::new()).await?;
    let text = settled(response.text().map_err(failed(name))?).await.map_err(failed(name))?;
    Ok(text.as_string().unwrap_or_default())
}

fn failed(name: &'static str) -> impl FnOnce(JsValue) -> FileError {
    move |error| FileError::Failed(name, describe(&error))
}
