//! A preview: a document over the first picture of each input. Nothing is stored; in memory the pictures and the results
//! of the steps are kept for the next one, which differs by an edit.

use std::cell::RefCell;

use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::Blob;

use super::super::environment::{blob_of_buffer, clock_offset, now};
use super::pieces::Kept as Content;
use super::rows::first_of;
use super::{Given, Outcome, Worker, no_room, read};
use crate::actions::RunFacts;
use crate::actions::gather::staged_picture;
use crate::batch::records::Execution;
use crate::codecs::{self, Encoded};
use crate::data::Column;
use crate::engine::{InputRef, InputSize, Plan, Produced, ProducedOutput, StagedPlan, Steps};
use crate::error::Failure;
use crate::protocol::{Look, Preview, PreviewOutput, Previewed};
use crate::store::StoreError;

/// Most bytes of pictures and files that steps keep: half a dozen results of a photograph.
const STEPS_BYTES: u64 = 256 << 20;

/// Most bytes of contents that are kept besides those of the last preview: pinned pictures take turns.
const CONTENTS_BYTES: u64 = 64 << 20;

/// Most pictures that a preview gathers.
const TOGETHER: u32 = 12;

/// What is kept from one preview to the next.
pub(super) struct Kept {
    steps: RefCell<Steps>,
    /// The contents of inputs by their address, the last used ones last.
    contents: RefCell<Vec<(String, Content)>>,
    /// The last one's picture in a format that browsers show, by its address.
    shown: RefCell<Option<(String, Blob)>>,
}

impl Default for Kept {
    fn default() -> Self {
        Self { steps: RefCell::new(Steps::new(STEPS_BYTES)), contents: RefCell::default(), shown: RefCell::default() }
    }
}

impl Kept {
    /// Forgets what was made of pictures, because drawings look different now.
    pub(super) fn forget(&self) {
        *self.steps.borrow_mut() = Steps::new(STEPS_BYTES);
        self.shown.take();
    }

    /// The contents of these inputs.
    async fn contents(&self, worker: &Worker, inputs: &[InputRef]) -> Result<Vec<Content>, Failure> {
        let mut before = self.contents.take();
        before.retain(|(address, _)| address.starts_with("asset:"));
        let mut found = Vec::with_capacity(inputs.len());
        for input in inputs {
            let address = &input.source_url;
            let known = before.iter().position(|(other, _)| other == address).map(|at| before.remove(at).1);
            let content = match known {
                Some(content) => content,
                None => match worker.large_file(input).await.map_err(|error| unstored(&error))? {
                    Some(file) => Content::Large(file),
                    None => {
                        let read = worker.input(input).await.map_err(|error| unstored(&error))?;
                        let (bytes, _) = read.map_err(|failure| failure.at(&input.action_id))?;
                        Content::Whole(Uint8Array::from(bytes.as_slice()).buffer())
                    }
                },
            };
            found.push(content);
        }
        let mut room = CONTENTS_BYTES;
        let mut fits = |content: &Content| {
            let left = room.checked_sub(content.length());
            room = left.unwrap_or(0);
            left.is_some()
        };
        let mut kept: Vec<_> = before.into_iter().rev().take_while(|(_, content)| fits(content)).collect();
        kept.reverse();
        kept.extend(inputs.iter().map(|input| input.source_url.clone()).zip(found.iter().cloned()));
        *self.contents.borrow_mut() = kept;
        Ok(found)
    }

    /// The first input in a format that browsers show, if they do not show the file.
    fn shown(&self, worker: &Worker, input: &InputRef, content: &Content) -> Option<Blob> {
        let address = &input.source_url;
        let known = self.shown.take().filter(|(other, _)| other == address && other.starts_with("asset:"));
        let blob = match known {
            Some((_, blob)) => blob,
            None => {
                let needs_copy = match content {
                    Content::Whole(content) => {
                        needs_copy(&Uint8Array::new(content).subarray(0, codecs::HEAD as u32).to_vec())
                    }
                    Content::Large(file) => needs_copy(&file.pieces().bytes().head(codecs::HEAD)),
                };
                if !needs_copy {
                    return None;
                }
                let content = content.input();
                blob_of(&codecs::to_show(content.bytes(), Some(&worker.decoders), &input.name).ok()?).ok()?
            }
        };
        self.shown.replace(Some((address.clone(), blob.clone())));
        Some(blob)
    }
}

fn unstored(error: &StoreError) -> Failure {
    Failure::system(error.to_string(), "Try again.")
}

/// Whether these are the first bytes of a file that browsers do not show.
fn needs_copy(head: &[u8]) -> bool {
    codecs::sniff(head).is_some_and(|format| !format.is_shown_by_browsers())
}

fn blob_of(file: &Encoded) -> Result<Blob, Failure> {
    let bytes = Uint8Array::from(file.bytes.as_slice());
    blob_of_buffer(&bytes.buffer(), file.format.media_type()).map_err(|error| no_room(&error))
}

/// What came of it, with the files of the outputs in formats that browsers show, and then, unless it is patient, that of the
/// first picture if they do not show its file.
pub(super) async fn preview(worker: &Worker, document: &str, look: Look) -> (Previewed, JsValue) {
    match render(worker, document, look).await {
        Ok((previewed, files)) => (previewed, files.into()),
        Err(failure) => (Previewed::Failed(failure), JsValue::UNDEFINED),
    }
}

async fn render(worker: &Worker, document: &str, look: Look) -> Result<(Previewed, Array), Failure> {
    let read_document = || serde_json::from_str(document).unwrap_or_default();
    let mut plan = read(read_document(), Plan::build)?;
    worker.bind_rows(&mut plan).await.map_err(first_of)?;
    let time = now();
    let facts = RunFacts { clock: time + clock_offset(time), count: plan.graph().execution_count() };
    let plan = plan.for_run(facts);
    if plan.graph().gathers() && plan.graph().execution_count() > 1 && !look.sample && !look.steps {
        return together(worker, read(read_document(), StagedPlan::build)?.for_run(facts), look).await;
    }
    let (execution, given) = execution_of(worker, &plan, plan.graph().shown_row()).await?;
    let started = now();
    // What was made before would make a trial of the whole workflow look faster than it is.
    let preview = (!look.patient).then_some((&worker.previews.steps, look));
    let produced = worker.produce(&plan, &execution, &given, preview, &mut Outcome::default()).await;
    let Some(produced) = produced.map_err(|error| unstored(&error))?? else {
        return Ok((Previewed::NoSample, Array::new()));
    };
    let duration_ms = now() - started;
    if look.steps {
        let files = Array::new();
        let mut steps = Vec::with_capacity(produced.thumbnails.len());
        for (action_id, thumbnail) in produced.thumbnails {
            files.push(&JsValue::from(blob_of(&thumbnail)?));
            steps.push(action_id);
        }
        return Ok((Previewed::Steps(steps), files));
    }
    let columns = plan.graph().columns().to_vec();
    shown(worker, (&execution, &given), produced, columns, look, duration_ms).await
}

/// An execution of a plan, and the contents of its inputs.
async fn execution_of(worker: &Worker, plan: &Plan, index: u32) -> Result<(Execution, Given), Failure> {
    let execution = Execution::new("preview", index, plan.graph().input_asset(index));
    let contents = worker.previews.contents(worker, &execution.input_asset.inputs).await?;
    Ok((execution, Given::Kept(contents)))
}

/// What a workflow that gathers pictures makes of several, as far as one result has room for them. A picture that fails is
/// missing in it, unless it is the first.
async fn together(worker: &Worker, mut plan: StagedPlan, look: Look) -> Result<(Previewed, Array), Failure> {
    worker.bind_rows(&mut plan.each).await.map_err(first_of)?;
    let started = now();
    let preview = Some((&worker.previews.steps, look));
    let most = plan.gatherings().iter().filter_map(|gathering| gathering.most).max();
    let count = plan.each.graph().execution_count().min(most.unwrap_or(TOGETHER)).clamp(1, TOGETHER);
    let mut first = None;
    let mut staged = Vec::new();
    for index in 0..count {
        let (execution, given) = execution_of(worker, &plan.each, index).await?;
        let produced = worker.produce(&plan.each, &execution, &given, preview, &mut Outcome::default()).await;
        let mut produced = match produced.map_err(|error| unstored(&error))? {
            Ok(Some(produced)) => produced,
            Ok(None) => return Ok((Previewed::NoSample, Array::new())),
            Err(failure) if index == 0 => return Err(failure),
            Err(_) => continue,
        };
        let (own, others) = produced.outputs.into_iter().partition(|output| !output.is_staged);
        produced.outputs = own;
        staged.extend(Vec::from_iter::<Vec<ProducedOutput>>(others));
        first.get_or_insert((execution, given, produced));
    }
    let Some((execution, given, mut produced)) = first else { return Ok((Previewed::NoSample, Array::new())) };
    for gathering in plan.gatherings() {
        let own: Vec<_> = staged.iter().filter(|output| output.action_id == gathering.action_id).collect();
        let mut made = gathering.begin(own.len() as u32, own.first().map(|output| output.size))?;
        for output in own {
            staged_picture(&output.encoded.bytes, "").and_then(|picture| made.add(picture))?;
        }
        let content = Uint8Array::from(made.finish()?.bytes.as_slice()).buffer();
        let mut whole = Execution::new("preview", 0, gathering.after.graph().input_asset(0));
        let place = gathering.place;
        whole.input_asset.inputs[place].name = gathering.name.to_owned();
        let made = Given::Made { place, content };
        let after = worker.produce(&gathering.after, &whole, &made, preview, &mut Outcome::default()).await;
        if let Some(after) = after.map_err(|error| unstored(&error))?? {
            produced.outputs.extend(after.outputs);
            produced.warnings.extend(after.warnings);
            produced.placed.extend(after.placed);
        }
    }
    let columns = plan.each.graph().columns().to_vec();
    shown(worker, (&execution, &given), produced, columns, look, now() - started).await
}

/// What came of it, with the files in formats that browsers show.
async fn shown(
    worker: &Worker,
    (execution, given): (&Execution, &Given),
    produced: Produced,
    columns: Vec<Column>,
    look: Look,
    duration_ms: f64,
) -> Result<(Previewed, Array), Failure> {
    let files = Array::new();
    let mut outputs = Vec::with_capacity(produced.outputs.len());
    for output in produced.outputs {
        let mime_type = output.format.media_type();
        let file = match output.encoded.format.is_shown_by_browsers() {
            true => blob_of(&output.encoded)?,
            false => {
                worker.decoder(Some(output.encoded.format)).await?;
                blob_of(&codecs::to_show(&output.encoded.bytes, Some(&worker.decoders), &output.name)?)?
            }
        };
        files.push(&file);
        outputs.push(PreviewOutput {
            action_id: output.action_id,
            name: output.name,
            mime_type: mime_type.to_owned(),
            width: output.size.width,
            height: output.size.height,
            bytes: output.encoded.bytes.len() as u64,
        });
    }
    if let (Given::Kept(contents), Some(input), false) = (given, execution.input_asset.inputs.first(), look.patient)
        && let Some(shown) = contents.first().and_then(|content| worker.previews.shown(worker, input, content))
    {
        files.push(&shown);
    }
    let InputSize { width, height, bytes } = produced.input_size;
    let warnings = produced.warnings.into_iter().map(|warning| warning.message).collect();
    let preview = Preview {
        outputs,
        warnings,
        placed: produced.placed,
        columns,
        input_bytes: bytes,
        input_width: width,
        input_height: height,
        duration_ms,
        is_sample: look.sample,
    };
    Ok((Previewed::Done(preview), files))
}
