//! The worker: runs one execution at a time: reads its bytes from the store, runs the plan, writes the results.
//!
//! It decides nothing: the service says what to run, and the record says whether it may still be finished.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use gloo_timers::future::TimeoutFuture;
use js_sys::{Array, ArrayBuffer, Uint8Array};
use serde_json::Value;
use wasm_bindgen::prelude::*;
use web_sys::{Blob, File, MessageEvent, MessagePort};

use super::database::Database;
use super::environment::{blob_of_buffer, buffer_of, fetch_anonymously};
use super::hash::sha256;
use super::interop::{Listener, both, boxed, describe, from_js, property, settled, spawn, to_js};
use super::storage::{End, Storage};
use super::verify::{self, Found};
use crate::actions::{RunFacts, Stop};
use crate::batch::records::{Execution, OutputFile, PauseReason, Progress, StagedFile};
use crate::batch::transitions::{Findings, Results};
use crate::checksum;
use crate::codecs::{self, Encoded, Format};
use crate::engine::{self, InputRef, Plan, Produced, Returned, Services, Source, StagedPlan, Steps};
use crate::error::{ErrorCategory, Failure, Phase};
use crate::lettering::Typesetter;
use crate::protocol::{BUILD_ID, FromWorker, Look, ToWorker, VERSION};
use crate::store::{AssetStore, BatchStore, NewAsset, StoreError};
use crate::user_file::FileKind;
use crate::workflow::{Diagnostic, Workflow};

pub use memory::pixelmill_memory_exhausted;
pub use remote::Remote;

mod archive;
mod custom;
mod decoders;
mod encoders;
mod gather;
mod import;
mod instance;
mod lettering;
mod memory;
mod network;
mod pieces;
mod preview;
mod remote;
mod rows;
mod servers;
mod user_files;

use custom::CustomCache;
use decoders::DecoderCache;
use encoders::EncoderCache;
use instance::Requests;
use lettering::TypesetterCache;
use network::ModelCache;
use pieces::Input;
use user_files::LutCache;

/// Plans kept, so that a batch's document is read once per worker.
const KEPT_PLANS: usize = 4;
/// Wait before a result that could not be stored is tried once more.
const AGAIN_MS: u32 = 200;
/// Time for a URL to be downloaded: less than the watchdog allows an execution, so that the server is blamed.
const FETCH_MS: u32 = 20_000;

/// The port to the service, which the worker's script received.
fn service() -> MessagePort {
    property(&js_sys::global(), "service").unchecked_into()
}

/// Posts a report to the service.
pub(super) fn report(report: &FromWorker) {
    report_with(report, &JsValue::UNDEFINED);
}

/// Posts a report to the service, with an attachment that has no JSON form.
pub(super) fn report_with(report: &FromWorker, attachment: &JsValue) {
    let posted = to_js(report).and_then(|report| service().post_message(&Array::of2(&report, attachment)));
    if let Err(error) = posted {
        web_sys::console::error_1(&error);
    }
}

/// What was found of a file that actions are to use.
enum Tried {
    /// What a custom action says of itself.
    Says(Option<Value>),
    /// It is to be stored in this form instead.
    Is(File),
}

/// Serves its service until that stops this worker. Called once, by the worker's `main`.
pub fn serve() {
    std::panic::set_hook(Box::new(|panic| {
        report(&FromWorker::Panicked { message: panic.to_string() });
    }));
    let worker: Rc<RefCell<Option<Rc<Worker>>>> = Rc::default();
    let listener = Listener::new(&service(), "message", move |event| {
        let data: Array = event.unchecked_into::<MessageEvent>().data().unchecked_into();
        let message = match from_js::<ToWorker>(&data.get(0)) {
            Ok(message) => message,
            Err(error) => return web_sys::console::error_1(&error.into()),
        };
        let attachment = data.get(1);
        match message {
            ToWorker::Start { database, from_memory } => {
                let worker = worker.clone();
                spawn(async move {
                    let opened = if from_memory {
                        Ok(Storage::Asked(Rc::default()))
                    } else {
                        Database::open(&database, || (), |_| ()).await.map(Storage::Kept)
                    };
                    match opened {
                        Ok(database) => {
                            *worker.borrow_mut() = Some(Rc::new(Worker::new(database, attachment)));
                            report(&FromWorker::Started);
                        }
                        Err(error) => report(&FromWorker::Unable { message: error.to_string() }),
                    }
                });
            }
            ToWorker::Run { execution } => {
                let Some(worker) = worker.borrow().clone() else { return };
                report(&FromWorker::Accepted);
                spawn(async move { worker.run(&execution, &Given::ReadAhead(Array::from(&attachment))).await });
            }
            ToWorker::Module { failure } => {
                let Some(worker) = worker.borrow().clone() else { return };
                worker.requests.answered(failure, attachment);
            }
            ToWorker::Stored { ticket, answer } => {
                let Some(worker) = worker.borrow().clone() else { return };
                if let Storage::Asked(remote) = &worker.database {
                    remote.answered(ticket, answer, attachment);
                }
            }
            ToWorker::Export => {
                let Some(worker) = worker.borrow().clone() else { return };
                spawn(async move {
                    let (failure, archive) = match archive::write(&worker.database).await {
                        Ok(archive) => (None, archive.into()),
                        Err(why) => (Some(why), JsValue::UNDEFINED),
                    };
                    report_with(&FromWorker::Exported { failure }, &archive);
                });
            }
            ToWorker::ImportArchive => {
                let Some(worker) = worker.borrow().clone() else { return };
                spawn(async move {
                    let result = archive::import_archive(&worker.database, attachment.unchecked_into()).await;
                    report(&FromWorker::ArchiveImported { result });
                });
            }
            ToWorker::ProbeFile { kind } => {
                let Some(worker) = worker.borrow().clone() else { return };
                let file: Blob = attachment.unchecked_into();
                spawn(async move {
                    let (spec, attachment, failure) = match worker.try_file(kind, &file).await {
                        Ok(Tried::Says(spec)) => (spec, JsValue::UNDEFINED, None),
                        Ok(Tried::Is(other)) => (None, other.into(), None),
                        Err(failure) => (None, JsValue::UNDEFINED, Some(failure)),
                    };
                    report_with(&FromWorker::FileProbed { failure, spec }, &attachment);
                });
            }
            ToWorker::ReadRows { document } => {
                let Some(worker) = worker.borrow().clone() else { return };
                spawn(async move {
                    let (rows, found) = match worker.read_rows(&document).await {
                        Ok(rows) => (rows, Vec::new()),
                        Err(found) => (Vec::new(), found),
                    };
                    let problems = found.into_iter().flat_map(Diagnostic::into_texts).collect();
                    report(&FromWorker::RowsRead { rows, problems });
                });
            }
            ToWorker::Unpack => {
                let zip: Blob = attachment.unchecked_into();
                spawn(async move {
                    let (result, pictures) = archive::unpack(zip).await;
                    report_with(&FromWorker::Unpacked { result }, &pictures);
                });
            }
            ToWorker::Preview { document, look } => {
                let Some(worker) = worker.borrow().clone() else { return };
                spawn(async move {
                    let (previewed, files) = preview::preview(&worker, &document, look).await;
                    report_with(&FromWorker::Previewed { previewed }, &files);
                });
            }
            ToWorker::Import { ticket, check } => {
                let Some(worker) = worker.borrow().clone() else { return };
                let files: Vec<Blob> =
                    attachment.unchecked_into::<Array>().iter().map(JsCast::unchecked_into).collect();
                spawn(async move {
                    let failure = import::run(&worker.database, ticket, files, check).await.err();
                    report(&FromWorker::ImportEnded { ticket, failure });
                });
            }
        }
    });
    // As long as the worker lives.
    std::mem::forget(listener);
    report(&FromWorker::Ready { version: VERSION, build_id: BUILD_ID.to_owned() });
}

struct Worker {
    database: Storage,
    requests: Rc<Requests>,
    networks: ModelCache,
    typesetter: TypesetterCache,
    luts: LutCache,
    customs: CustomCache,
    decoders: DecoderCache,
    encoders: EncoderCache,
    plans: RefCell<VecDeque<(String, Rc<StagedPlan>)>>,
    /// What is kept from one preview to the next, once there was one.
    previews: preview::Kept,
}

/// What a run learned, whatever the outcome.
struct Outcome {
    result: Result<Produced, Failure>,
    findings: Findings,
    /// Files to be stored with the record.
    assets: Vec<NewAsset<Blob>>,
}

impl Default for Outcome {
    fn default() -> Self {
        Self { result: Err(never_run()), findings: Findings::default(), assets: Vec::new() }
    }
}

impl Worker {
    fn new(database: Storage, libwebp: JsValue) -> Self {
        let requests = Rc::<Requests>::default();
        let networks = ModelCache::new(database.clone(), requests.clone());
        let typesetter = TypesetterCache::new(database.clone(), requests.clone());
        let luts = LutCache::new(database.clone());
        let customs = CustomCache::new(database.clone());
        Self {
            database,
            requests,
            networks,
            typesetter,
            luts,
            customs,
            decoders: DecoderCache::default(),
            encoders: EncoderCache::new(libwebp),
            plans: RefCell::default(),
            previews: preview::Kept::default(),
        }
    }

    /// Reads a file as what actions would use it for, for a worker that is thrown away afterwards. A custom action says what it
    /// is.
    ///
    /// # Errors
    /// Why it cannot be used.
    async fn try_file(&self, kind: FileKind, file: &Blob) -> Result<Tried, Failure> {
        match kind {
            FileKind::Model => self.networks.try_file(file).await?,
            FileKind::Font => {
                if let Some(unpacked) = self.typesetter.try_file(file).await? {
                    return Ok(Tried::Is(unpacked));
                }
            }
            FileKind::Lut => {
                let (name, file) = user_files::given(kind, file).await?;
                user_files::read_lut(&name, &file).map(drop)?;
            }
            FileKind::Action => return custom::try_file(file).await.map(|spec| Tried::Says(Some(spec))),
        }
        Ok(Tried::Says(None))
    }

    async fn run(&self, execution: &Execution, given: &Given) {
        let message = match self.finish(execution, given).await {
            Ok(records) => {
                let programs = self.networks.memory() + self.typesetter.memory() + self.coders_memory();
                let memory = memory::size() + programs;
                FromWorker::Finished { records: records.map(Box::new), memory }
            }
            Err(error) => {
                let reason =
                    if matches!(error, StoreError::Quota(_)) { PauseReason::Quota } else { PauseReason::Storage };
                FromWorker::Unstored { reason, message: error.to_string() }
            }
        };
        report(&message);
    }

    /// Runs one execution and stores its outcome; answers the records as stored, or nothing when it was outdated.
    async fn finish(&self, execution: &Execution, given: &Given) -> Result<Option<(Progress, Execution)>, StoreError> {
        let Execution { batch_id, asset_index, attempts: attempt, .. } = execution;
        let attempt = *attempt;
        let mut outcome = Outcome::default();
        outcome.result = match boxed(self.plan(batch_id)).await? {
            Ok(plan) => match &execution.input_asset.gathered {
                Some(gathered) => boxed(self.gather(&plan, execution, gathered, &mut outcome)).await?,
                None => {
                    outcome.findings.engine_version = Some(plan.each.version());
                    let produced = self.produce(&plan.each, execution, given, None, &mut outcome).await?;
                    produced.and_then(|produced| produced.ok_or_else(never_run))
                }
            },
            Err(failure) => Err(failure),
        };
        let Outcome { result, mut findings, mut assets } = outcome;
        let result = match result {
            Ok(produced) => boxed(collect_results(produced, &mut findings, &mut assets)).await,
            Err(failure) => Err(failure),
        };
        if execution.gathers() {
            // That of what it gathered is of no interest.
            findings.input_size = None;
        }
        let end = End { batch_id: batch_id.clone(), index: *asset_index, attempt, result, findings };
        match self.database.finish(end.clone(), assets.clone()).await {
            // A transaction may fail through no fault of ours. If it was written nevertheless, this one is refused as
            // outdated.
            Err(StoreError::Failed(_)) => {
                TimeoutFuture::new(AGAIN_MS).await;
                self.database.finish(end, assets).await
            }
            stored => stored,
        }
    }

    /// The plan of a batch; a failure when its document cannot run, which should have been found when it was accepted.
    async fn plan(&self, batch_id: &str) -> Result<Result<Rc<StagedPlan>, Failure>, StoreError> {
        if let Some((_, plan)) = self.plans.borrow().iter().find(|(id, _)| id == batch_id) {
            return Ok(Ok(plan.clone()));
        }
        let stored = self.database.batch(batch_id).await?;
        let run = stored.as_ref().map_or_else(RunFacts::default, |batch| batch.run);
        let document = stored.map_or(Value::Null, |batch| batch.workflow);
        Ok(read(document, StagedPlan::build).map(|plan| {
            let plan = Rc::new(plan.for_run(run));
            let mut plans = self.plans.borrow_mut();
            plans.push_back((batch_id.to_owned(), plan.clone()));
            if plans.len() > KEPT_PLANS {
                plans.pop_front();
            }
            plan
        }))
    }

    /// Runs an execution; for a preview with what is kept of earlier ones. `None` if a sample is wanted and there is none.
    async fn produce(
        &self,
        plan: &Plan,
        execution: &Execution,
        given: &Given,
        preview: Option<(&RefCell<Steps>, Look)>,
        outcome: &mut Outcome,
    ) -> Result<Result<Option<Produced>, Failure>, StoreError> {
        Ok(match boxed(self.contents(execution, given, outcome)).await? {
            Ok(contents) => boxed(self.run_plan(plan, execution, contents, preview, outcome)).await,
            Err(failure) => Err(failure),
        })
    }

    /// The contents of an execution's inputs.
    async fn contents(
        &self,
        execution: &Execution,
        given: &Given,
        outcome: &mut Outcome,
    ) -> Result<Result<Vec<Input>, Failure>, StoreError> {
        let inputs = &execution.input_asset.inputs;
        let mut contents = Vec::with_capacity(inputs.len());
        for (position, input) in inputs.iter().enumerate() {
            if let Some(content) = given.content(position) {
                contents.push(content);
                continue;
            }
            if let Some(file) = boxed(self.large_file(input)).await? {
                contents.push(Input::Pieces(file.pieces()));
                continue;
            }
            match boxed(self.input(input)).await? {
                Ok((bytes, fetched)) => {
                    contents.push(Input::Whole(bytes));
                    if let Some(asset) = fetched {
                        if position == 0 {
                            outcome.findings.fetched = Some(asset.asset_id.clone());
                        }
                        outcome.assets.push(asset);
                    }
                }
                Err(failure) => return Ok(Err(failure.at(&input.action_id))),
            }
        }
        Ok(Ok(contents))
    }

    /// Makes ready what a plan needs for these contents, and runs it.
    async fn run_plan(
        &self,
        plan: &Plan,
        execution: &Execution,
        mut contents: Vec<Input>,
        preview: Option<(&RefCell<Steps>, Look)>,
        outcome: &mut Outcome,
    ) -> Result<Option<Produced>, Failure> {
        let inputs = &execution.input_asset.inputs;
        let plan = &plan.for_execution(execution.asset_index, execution.input_asset.row.as_ref());
        let hints = boxed(self.fill_templates(plan, execution, &mut contents)).await?;
        // A Blob has no name; messages and `{name}` need one.
        let nameless = format!("image-{}", execution.asset_index + 1);
        let sources: Vec<Source<'_>> = (inputs.iter().zip(&contents))
            .map(|(input, content)| Source {
                name: if input.name.is_empty() { &nameless } else { &input.name },
                folder: input.folder(),
                bytes: content.bytes(),
            })
            .collect();
        // What conditions leave out needs no decoder, model or font.
        let decided = plan.decided(&sources);
        let plan = &*decided;
        let headers: Vec<_> = sources.iter().map(|source| codecs::probe(source.bytes, source.name)).collect();
        report(&FromWorker::Measured { pixels: headers.iter().flatten().map(|header| header.size.pixels()).sum() });
        if let (Some(Ok(header)), Some(source)) = (headers.first(), sources.first()) {
            let size = if header.orientation >= 5 { header.size.transposed() } else { header.size };
            outcome.findings.input_size =
                Some(engine::InputSize { width: size.width, height: size.height, bytes: source.bytes.len() });
        }
        // A picture whose header cannot be read fails without its decoder.
        let used = inputs.iter().zip(&headers).enumerate().filter(|(position, _)| plan.uses_input(*position));
        for (position, (input, header)) in used {
            let Ok(header) = header else { continue };
            let texts = sources[position].bytes.whole().filter(|bytes| codecs::needs_fonts(bytes, header));
            outcome.findings.uses_fonts |= texts.is_some();
            let ready = boxed(self.ready_to_decode(header.format, texts)).await;
            ready.map_err(|failure| failure.at(&input.action_id))?;
        }
        let (steps, look) = preview.unzip();
        let sample = match look.filter(|look| look.sample) {
            Some(_) => match plan.sample(&sources)? {
                Some(sample) => Some(sample),
                None => return Ok(None),
            },
            None => {
                boxed(self.ready_to_encode(plan, &sources)).await?;
                None
            }
        };
        let mut typesetter = match plan.needs_typesetter() {
            Some(action_id) => {
                let typesetter = boxed(self.typesetter.get(&plan.user_files(FileKind::Font))).await;
                Some(typesetter.map_err(|failure| failure.at(action_id))?)
            }
            None => None,
        };
        let luts = boxed(self.luts.load(&plan.user_files(FileKind::Lut))).await;
        let customs = boxed(self.customs.load(&plan.user_files(FileKind::Action))).await;
        let mut networks = boxed(self.networks.load(&plan.networks())).await;
        let mut returned = Returned::default();
        let slow_writes = if sample.is_none() { plan.slow_writes(&sources) } else { 0 };
        loop {
            let parts = networks.count() + slow_writes;
            if parts > 0 {
                report(&FromWorker::TakesLong { parts });
            }
            let thumbnails = look.is_some_and(|look| look.steps);
            let services = Services {
                encoders: Some(&self.encoders),
                networks: Some(&networks),
                typesetter: typesetter.as_ref().map(|typesetter| typesetter as &dyn Typesetter),
                luts: Some(&luts),
                customs: Some(&customs),
                decoders: Some(&self.decoders),
                returned: Some(&returned),
                steps,
                thumbnails,
            };
            let ran = match &sample {
                Some(sample) => sample.run(execution.asset_index, &sources, services),
                None => plan.run(execution.asset_index, &sources, services),
            };
            match ran {
                Ok(mut produced) => {
                    produced.warnings.splice(0..0, hints);
                    return Ok(Some(produced));
                }
                Err(Stop::Failed(failure)) => return Err(failure),
                // The first picture that needs it. From now on the model, or why it is not available, is there.
                Err(Stop::NeedsModel(name)) => boxed(networks.add(&self.networks, &name)).await,
                Err(Stop::NeedsServer(submission)) => match boxed(self.submit(*submission)).await {
                    Ok(file) => returned.add(file),
                    Err(failure) => return Err(failure.at(returned.awaited_by(plan))),
                },
                Err(Stop::NeedsEmoji) => {
                    if let Some(typesetter) = &mut typesetter {
                        boxed(typesetter.load_emoji(&self.requests)).await;
                    }
                }
            }
        }
    }

    /// The bytes of an input, and the file to be stored if it was fetched.
    #[allow(clippy::type_complexity, reason = "two kinds of failure, which must not be mixed")]
    async fn input(&self, input: &InputRef) -> Result<Result<(Vec<u8>, Option<NewAsset<Blob>>), Failure>, StoreError> {
        let InputRef { name, source_url, .. } = input;
        if let Some(asset_id) = source_url.strip_prefix("asset:") {
            return Ok(match verify::read(&self.database, asset_id).await? {
                Found::Sound(_, buffer) => Ok((Uint8Array::new(&buffer).to_vec(), None)),
                Found::Damaged(why) => {
                    self.database.mark_damaged(asset_id).await?;
                    Err(damaged(name, &why))
                }
                Found::TooLarge(why) => Err(Failure::system(
                    verify::too_large(name, &why),
                    "Close other tabs and programs to free memory, then retry it.",
                )),
                Found::Nothing if self.database.asset(asset_id).await?.is_some() => {
                    self.database.mark_damaged(asset_id).await?;
                    Err(damaged(name, "its content is missing"))
                }
                Found::Nothing => Err(Failure::new(
                    ErrorCategory::ValidationError,
                    Phase::Setup,
                    format!("\"{name}\" is not stored (any more): {source_url}."),
                    "Import the file again and start a new batch.",
                )),
            });
        }
        let fetched = async {
            let response = fetch_anonymously(source_url, FETCH_MS).await.map_err(|error| error.to_string())?;
            let blob: Blob = settled(response.blob().map_err(|error| describe(&error))?)
                .await
                .map_err(|error| describe(&error))?
                .unchecked_into();
            let buffer = buffer_of(&blob).await?;
            Ok::<_, String>((blob, buffer))
        };
        Ok(match fetched.await {
            Ok((blob, buffer)) => {
                let bytes = Uint8Array::new(&buffer).to_vec();
                let asset = NewAsset {
                    asset_id: sha256(&buffer).await,
                    name: name.clone(),
                    mime_type: blob.type_(),
                    bytes: bytes.len() as u64,
                    checksum: Some(checksum::of(&bytes)),
                    content: blob,
                };
                Ok((bytes, Some(asset)))
            }
            Err(error) => Err(Failure::new(
                ErrorCategory::DownstreamError,
                Phase::Setup,
                format!("\"{name}\" could not be fetched from {source_url}: {error}."),
                "Check the URL, your connection, and that the other site allows it (CORS); then retry.",
            )),
        })
    }

    /// Loads the decoder of a format and, for a drawing with `texts`, the fonts.
    async fn ready_to_decode(&self, format: Format, texts: Option<&[u8]>) -> Result<(), Failure> {
        self.decoder(Some(format)).await?;
        if let Some(drawing) = texts {
            let with_emoji = codecs::needs_emoji(drawing);
            let given = self.decoders.give_fonts(&self.requests, &self.database, &self.typesetter, with_emoji);
            if given.await? {
                self.previews.forget();
            }
        }
        Ok(())
    }

    /// Loads the encoders that a plan needs, and the decoders by which it compares what they write.
    async fn ready_to_encode(&self, plan: &Plan, sources: &[Source<'_>]) -> Result<(), Failure> {
        for encoder in plan.encoders(sources) {
            self.encoders.load(&self.requests, encoder).await?;
        }
        for coding in plan.comparing() {
            self.decoders.load(&self.requests, coding).await?;
        }
        Ok(())
    }

    /// Bytes of the memories of decoders and encoders.
    fn coders_memory(&self) -> u64 {
        self.decoders.memory() + self.encoders.memory()
    }

    /// Loads the decoder of a format, if it is a program of its own.
    async fn decoder(&self, format: Option<Format>) -> Result<(), Failure> {
        match format.and_then(Format::coding) {
            Some(coding) => self.decoders.load(&self.requests, coding).await,
            None => Ok(()),
        }
    }
}

/// Contents of an execution's inputs that are in memory before it runs.
enum Given {
    /// Read ahead by the service: for each input its content and its checksum, or twice `undefined` (`service/read_ahead.rs`).
    ReadAhead(Array),
    /// Kept from an earlier preview.
    Kept(Vec<pieces::Kept>),
    /// Made of the pictures of other executions: one of the inputs.
    Made {
        /// Its position.
        place: usize,
        /// The file.
        content: ArrayBuffer,
    },
}

impl Given {
    /// The content of the input at this position, if it is there and as it was stored.
    fn content(&self, position: usize) -> Option<Input> {
        match self {
            Self::ReadAhead(contents) => {
                let at = 2 * position as u32;
                let content: ArrayBuffer = contents.get(at).dyn_into().ok()?;
                let bytes = Uint8Array::new(&content).to_vec();
                (contents.get(at + 1).as_string()? == checksum::of(&bytes)).then_some(Input::Whole(bytes))
            }
            Self::Kept(contents) => contents.get(position).map(pieces::Kept::input),
            Self::Made { place, content } => {
                (*place == position).then(|| Input::Whole(Uint8Array::new(content).to_vec()))
            }
        }
    }
}

/// What a document becomes.
fn read<T>(document: Value, build: fn(&Workflow) -> Result<T, Vec<Diagnostic>>) -> Result<T, Failure> {
    match serde_json::from_value::<Workflow>(document) {
        Ok(workflow) => build(&workflow).map_err(|diagnostics| {
            let first = diagnostics.into_iter().next();
            let (message, hint) = first.map(|one| (one.message, one.hint)).unwrap_or_default();
            Failure::new(ErrorCategory::ValidationError, Phase::Setup, message, hint)
        }),
        Err(error) => Err(Failure::new(
            ErrorCategory::ValidationError,
            Phase::Setup,
            format!("The workflow cannot be read: {error}."),
            "Start the batch again.",
        )),
    }
}

fn never_run() -> Failure {
    Failure::system("The execution was not run.", "Retry it.")
}

fn no_room(error: &str) -> Failure {
    Failure::system(format!("The browser has no room for the result: {error}."), "Close other tabs, then retry it.")
}

fn damaged(name: &str, why: &str) -> Failure {
    Failure::new(
        ErrorCategory::SystemError,
        Phase::Setup,
        format!("\"{name}\" is damaged in the browser's storage: {why}."),
        "Add the picture again to replace it, then retry this one.",
    )
}

/// Turns a run's results into records and files. The browser computes their checksums at the same time.
async fn collect_results(
    produced: Produced,
    findings: &mut Findings,
    assets: &mut Vec<NewAsset<Blob>>,
) -> Result<Results, Failure> {
    let Produced { outputs, warnings, input_thumbnail, output_thumbnail, input_size, .. } = produced;
    let mut results = Results { warnings, ..Results::default() };
    let stored = async |thumbnail: Option<Encoded>| match &thumbnail {
        Some(thumbnail) => asset_of(thumbnail, "").await.map(Some),
        None => Ok(None),
    };
    let files = async {
        for output in outputs {
            let asset = asset_of(&output.encoded, &output.name).await?;
            if output.is_staged {
                results.staged.push(StagedFile {
                    action_id: output.action_id,
                    width: output.size.width,
                    height: output.size.height,
                    sha256: asset.asset_id.clone(),
                    modules: output.modules,
                });
                assets.push(asset);
                continue;
            }
            let crc32 = crc32fast::hash(&output.encoded.bytes);
            results.outputs.push(OutputFile {
                action_id: output.action_id,
                port: output.port.to_owned(),
                name: output.name,
                mime_type: asset.mime_type.clone(),
                width: output.size.width,
                height: output.size.height,
                bytes: asset.bytes,
                sha256: asset.asset_id.clone(),
                encoder: output.encoded.encoder.to_owned(),
                url: format!("asset:{}", asset.asset_id),
                modules: output.modules,
            });
            results.crc32.push(crc32);
            assets.push(asset);
        }
        Ok::<(), Failure>(())
    };
    let (files, (input, output)) = both(files, both(stored(input_thumbnail), stored(output_thumbnail))).await;
    files?;
    findings.input_size = Some(input_size);
    if let Some(input) = input? {
        findings.input_thumbnail = Some(input.asset_id.clone());
        assets.push(input);
    }
    if let Some(output) = output? {
        results.output_thumbnail = Some(output.asset_id.clone());
        assets.push(output);
    }
    Ok(results)
}

async fn asset_of(file: &Encoded, name: &str) -> Result<NewAsset<Blob>, Failure> {
    let bytes = Uint8Array::from(file.bytes.as_slice());
    let asset_id = sha256(&bytes.buffer()).await;
    let mime_type = file.format.media_type();
    let content = blob_of_buffer(&bytes.buffer(), mime_type).map_err(|error| no_room(&error))?;
    Ok(NewAsset {
        asset_id,
        name: name.to_owned(),
        mime_type: mime_type.to_owned(),
        bytes: file.bytes.len() as u64,
        checksum: Some(checksum::of(&file.bytes)),
        content,
    })
}
