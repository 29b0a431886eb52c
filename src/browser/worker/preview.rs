//! A preview: a document over the first picture of each input. Nothing is stored; in memory the pictures and the results
//! of the steps are kept for the next one, which differs by an edit.

use std::cell::RefCell;

use js_sys::{Array, ArrayBuffer, Uint8Array};
use wasm_bindgen::prelude::*;

use super::super::environment::{blob_of_buffer, now};
use super::{Outcome, Worker, no_room, plan_of};
use crate::batch::records::Config;
use crate::batch::transitions;
use crate::engine::{InputRef, InputSize, Steps};
use crate::error::Failure;
use crate::protocol::{Preview, PreviewOutput, Previewed};

/// Most bytes of pictures and files that steps keep: a dozen results of a photograph.
const STEPS_BYTES: u64 = 384 << 20;

/// What is kept from one preview to the next.
pub(super) struct Kept {
    steps: RefCell<Steps>,
    /// The contents of the last one's inputs, by their address.
    contents: RefCell<Vec<(String, ArrayBuffer)>>,
}

impl Default for Kept {
    fn default() -> Self {
        Self { steps: RefCell::new(Steps::new(STEPS_BYTES)), contents: RefCell::default() }
    }
}

impl Kept {
    /// The contents of these inputs as far as they can be read; for what cannot be, the run says why.
    async fn contents(&self, worker: &Worker, inputs: &[InputRef]) -> Array {
        let before = self.contents.take();
        let found = Array::new();
        for (position, input) in inputs.iter().enumerate() {
            let address = &input.source_url;
            let known = before.iter().find(|(other, _)| other == address && other.starts_with("asset:"));
            let content = match known {
                Some((_, content)) => Some(content.clone()),
                None => match worker.input(input).await {
                    Ok(Ok((bytes, _))) => Some(Uint8Array::from(bytes.as_slice()).buffer()),
                    Ok(Err(_)) | Err(_) => None,
                },
            };
            if let Some(content) = content {
                found.set(position as u32, content.clone().into());
                self.contents.borrow_mut().push((address.clone(), content));
            }
        }
        found
    }
}

/// What came of it, with the files of the outputs, and the thumbnails of the first picture and of the first output.
pub(super) async fn preview(worker: &Worker, document: &str) -> (Previewed, JsValue) {
    match render(worker, document).await {
        Ok((preview, files)) => (Previewed::Done(preview), files.into()),
        Err(failure) => (Previewed::Failed(failure), JsValue::UNDEFINED),
    }
}

async fn render(worker: &Worker, document: &str) -> Result<(Preview, Array), Failure> {
    let plan = plan_of(serde_json::from_str(document).unwrap_or_default())?;
    let input = plan.graph().input_asset(0);
    let (_, executions) = transitions::accept("preview", "preview", "preview", Config::default(), [input], now());
    let mut outcome = Outcome::default();
    let kept = &worker.previews;
    let contents = kept.contents(worker, &executions[0].input_asset.inputs).await;
    let started = now();
    let produced = worker.produce(&plan, &executions[0], &contents, Some(&kept.steps), &mut outcome).await;
    let produced = produced.map_err(|error| Failure::system(error.to_string(), "Try again."))??;
    let duration_ms = now() - started;
    let files = Array::new();
    let mut outputs = Vec::with_capacity(produced.outputs.len());
    for output in produced.outputs {
        let bytes = Uint8Array::from(output.encoded.bytes.as_slice());
        let mime_type = output.encoded.format.media_type();
        let file = blob_of_buffer(&bytes.buffer(), mime_type).map_err(|error| no_room(&error))?;
        files.push(&file);
        outputs.push(PreviewOutput {
            name: output.name,
            mime_type: mime_type.to_owned(),
            width: output.size.width,
            height: output.size.height,
            bytes: output.encoded.bytes.len() as u64,
        });
    }
    for thumbnail in [Some(&produced.input_thumbnail), produced.output_thumbnail.as_ref()].into_iter().flatten() {
        let bytes = Uint8Array::from(thumbnail.bytes.as_slice());
        let file = blob_of_buffer(&bytes.buffer(), thumbnail.format.media_type()).map_err(|error| no_room(&error))?;
        files.push(&file);
    }
    let InputSize { width, height, bytes } = produced.input_size;
    let warnings = produced.warnings.into_iter().map(|warning| warning.message).collect();
    let preview =
        Preview { outputs, warnings, input_bytes: bytes, input_width: width, input_height: height, duration_ms };
    Ok((preview, files))
}
