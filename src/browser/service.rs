//! The service: what a tab's clients call, and what runs their batches. It is a program of its own, in a worker of the
//! tab.
//!
//! Reads come from the store; writes are durable records that the scheduling tab follows.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use gloo_timers::future::TimeoutFuture;
use js_sys::{Array, Object, Promise};
use serde::de::DeserializeOwned;
use serde_json::Value;
use wasm_bindgen::prelude::*;
use web_sys::{Blob, DedicatedWorkerGlobalScope, MessageEvent, MessagePort};

use super::database::Database;
use super::environment::{
    OwnFiles, base_path, clock_offset, fetch_anonymously, fetch_own, now, random, resolve, worker_count,
};
use super::interop::{
    Listener, Receiver, Sender, both, boxed, describe, from_js, handover, property, settled, spawn, to_js,
};
use super::program;
use super::storage::Storage;
use super::verify::{self, Found};
use crate::actions;
use crate::api::{
    ApiError, Asset, Event, ExecutionAnswer, FileAnswer, FileRequest, FilesQuery, Host, ImportRefusal, ModelAnswer,
    Service, VerifyAnswer, user_file_name,
};
use crate::archive::ImportSummary;
use crate::archive::pictures::Contents;
use crate::batch::records::{Execution, Millis, Progress};
use crate::batch::scheduler::Limits;
use crate::compact::SortedSet;
use crate::engine::InputAsset;
use crate::names::Names;
use crate::protocol::{BUILD_ID, FromWorker, ImportStop, StopReason, ToWorker};
use crate::service::{
    Answer, CALL, Call, Fields, FromService, ResultFiles, Role, Setup, State, Stopped, ToService, VERSION,
};
use crate::store::{AssetStore, BatchStore, LibraryStore, MemoryStore, SettingStore, StoreError, UserFile};
use crate::user_file::FileKind;

mod exchange;
mod importer;
mod leader;
mod memory;
mod modules;
mod notifier;
mod one_shot;
mod pool;
mod preferences;
mod previewer;
mod probe_file;
mod read_ahead;
mod rows;
mod zip;

use exchange::{Exchange, Subscription};
use importer::{Importer, OnStored};
use leader::Leader;
use pool::{FromPool, Program};
use previewer::Previewer;

/// Time for the client to say when the previous scheduling tab left; without an answer that counts as a crash.
const LEFT_MS: u32 = 5_000;
/// Time for a file to be downloaded that is read before a batch is accepted.
const FETCH_MS: u32 = 20_000;

/// Waits to learn when the previous scheduling tab left.
type WaitsForLeft = Rc<Sender<Option<Millis>>>;

fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

/// Posts a message to the client.
fn post(message: &FromService) {
    post_with(message, &JsValue::UNDEFINED, &JsValue::UNDEFINED);
}

/// Posts a message to the client, with the value and the files that belong to it.
fn post_with(message: &FromService, value: &JsValue, files: &JsValue) {
    let posted = to_js(message).and_then(|message| scope().post_message(&Array::of3(&message, value, files)));
    if let Err(error) = posted {
        web_sys::console::error_1(&error);
    }
}

/// Posts a message to the client, with a port for a worker.
fn post_port(message: &FromService, port: &MessagePort) -> Result<(), JsValue> {
    scope().post_message_with_transfer(&Array::of2(&to_js(message)?, port), &Array::of1(port))
}

/// Serves the client until the tab ends. Called once, by the service's `main`.
pub fn serve() {
    let hub: Rc<RefCell<Option<Rc<Hub>>>> = Rc::default();
    let left: Rc<RefCell<Vec<WaitsForLeft>>> = Rc::default();
    let listener = Listener::new(&scope(), "message", move |event| {
        let data: Array = event.unchecked_into::<MessageEvent>().data().unchecked_into();
        if let Some((ticket, call)) = call_in(&data.get(0)) {
            let Some(hub) = hub.borrow().clone() else { return };
            let files = data.get(1);
            match call {
                Ok(call) => spawn(async move { hub.call(ticket, call, files).await }),
                Err(why) => {
                    let error = ApiError::invalid(format!("The call could not be read: {why}."));
                    post(&FromService::Refused { ticket, error, import: None });
                }
            }
            return;
        }
        let message = match from_js::<ToService>(&data.get(0)) {
            Ok(message) => message,
            Err(error) => return web_sys::console::error_1(&error.into()),
        };
        match message {
            ToService::Start(setup) => {
                let (hub, left) = (hub.clone(), left.clone());
                spawn(async move {
                    match Hub::start(setup, left).await {
                        Ok((started, catalog)) => {
                            post(&FromService::Catalog(catalog));
                            *hub.borrow_mut() = Some(started.clone());
                            post(&FromService::Started(started.state.borrow().clone()));
                            started.stand_for_election();
                        }
                        Err(error) => post(&FromService::Failed(error)),
                    }
                });
            }
            ToService::Left(at) => left.take().into_iter().for_each(|waiting| waiting.send(at)),
            ToService::Woken(since) => {
                let leader = hub.borrow().as_ref().and_then(|hub| hub.leader.borrow().clone());
                if let Some(leader) = leader {
                    leader.woken(since);
                }
            }
            ToService::WorkerFailed { name, message } => {
                if let Some(hub) = hub.borrow().clone() {
                    hub.program.failed(&name, message);
                }
            }
        }
    });
    // The service serves until its tab ends.
    std::mem::forget(listener);
    post(&FromService::Ready { version: VERSION, build_id: BUILD_ID.to_owned() });
}

/// The fields of a call, as a message has them.
struct Posted(JsValue);

impl Fields for Posted {
    fn field<T: DeserializeOwned>(&self, name: &str) -> Result<T, String> {
        from_js(&property(&self.0, name))
    }
}

/// The call in a message, with its ticket; or why it cannot be read, such as a document that is nested too deeply.
fn call_in(message: &JsValue) -> Option<(u32, Result<Call, String>)> {
    let parts = property(message, CALL);
    if !Array::is_array(&parts) {
        return None;
    }
    let parts: Array = parts.unchecked_into();
    let (ticket, call) = (parts.get(0).as_f64()? as u32, parts.get(1));
    let name = call.dyn_ref::<Object>().and_then(|call| Object::keys(call).get(0).as_string()).unwrap_or_default();
    let fields = Posted(property(&call, &name));
    Some((ticket, Call::read(&name, &fields)))
}

/// An import that stopped early.
struct ImportFailure {
    error: ApiError,
    stopped: Stopped,
}

/// Why a call was refused.
struct Refusal {
    error: ApiError,
    import: Option<Stopped>,
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        Self { error, import: None }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        ApiError::from(error).into()
    }
}

impl From<ImportFailure> for Refusal {
    fn from(ImportFailure { error, stopped }: ImportFailure) -> Self {
        Self { error, import: Some(stopped) }
    }
}

/// The `api`'s host in the browser.
struct Surroundings {
    base_url: String,
    exchange: Exchange,
    importer: Rc<Importer>,
    program: Rc<Program>,
    leader: Rc<RefCell<Option<Rc<Leader>>>>,
}

impl Surroundings {
    async fn import(&self, files: Vec<Blob>, on_stored: Option<OnStored>) -> Result<Vec<Asset>, ImportFailure> {
        if files.is_empty() {
            return Ok(Vec::new());
        }
        match self.importer.import(files, on_stored).await {
            Some((imported, None)) => Ok(imported),
            Some((imported, Some(ImportStop { message, reason }))) => {
                Err(ImportFailure { error: ApiError::internal(message), stopped: Stopped { imported, reason } })
            }
            None => {
                let stopped = Stopped { imported: Vec::new(), reason: StopReason::General };
                Err(ImportFailure { error: ApiError::internal("The import was stopped."), stopped })
            }
        }
    }
}

impl Host for Surroundings {
    fn now(&self) -> Millis {
        now()
    }

    fn clock_offset(&self, at: Millis) -> Millis {
        clock_offset(at)
    }

    fn random_u32(&self) -> u32 {
        random()
    }

    fn base_url(&self) -> String {
        self.base_url.clone()
    }

    fn workers(&self, batch_id: &str) -> Option<u32> {
        self.leader.borrow().as_ref().map(|leader| leader.workers_on(batch_id))
    }

    fn notify(&self, event: Event) {
        self.exchange.broadcast(&event);
    }

    async fn rows(&self, document: &Value) -> Result<Vec<InputAsset>, ApiError> {
        rows::read(&self.program, document).await
    }

    fn resolve(&self, url: &str) -> Option<String> {
        resolve(&self.base_url, url)
    }

    async fn import(&self, url: &str, _name: &str) -> Result<String, ImportRefusal> {
        let read = async {
            let response = match url.starts_with("http") {
                true => fetch_anonymously(url, FETCH_MS).await,
                false => fetch_own(url).await,
            }
            .map_err(|error| error.to_string())?;
            let blob = settled(response.blob().map_err(|error| describe(&error))?).await;
            blob.map_err(|error| describe(&error))
        };
        let blob = read.await.map_err(ImportRefusal::Unreadable)?.unchecked_into::<Blob>();
        let imported = self.import(vec![blob], None).await.map_err(|failure| match failure.stopped.reason {
            StopReason::Unreadable => ImportRefusal::Unreadable(failure.error.message),
            StopReason::NoRoom | StopReason::General => ImportRefusal::NotStored(failure.error.message),
        })?;
        let stored = imported.into_iter().next().map(|asset| asset.asset_id);
        stored.ok_or_else(|| ImportRefusal::NotStored("Nothing was stored.".to_owned()))
    }
}

/// Everything that a tab's service consists of.
struct Hub {
    setup: Setup,
    names: Names,
    database: Storage,
    service: Service<Storage, Surroundings>,
    program: Rc<Program>,
    previewer: Rc<Previewer>,
    /// Renders reduced copies meanwhile.
    sampler: Rc<Previewer>,
    exchange: Exchange,
    leader: Rc<RefCell<Option<Rc<Leader>>>>,
    /// When this tab was suspended, if the browser closed it in that state; for the first turn as the scheduling tab.
    suspended: Cell<Option<Millis>>,
    /// Whether this tab has lost the storage, for good.
    closed: Cell<bool>,
    state: RefCell<State>,
    /// Those that wait to learn when the previous scheduling tab left.
    left: Rc<RefCell<Vec<WaitsForLeft>>>,
    /// Batches known to be running, in case this tab becomes the scheduling tab.
    unfinished: RefCell<SortedSet<String>>,
    /// Ids of files that were found damaged.
    damaged: RefCell<SortedSet<String>>,
    subscription: RefCell<Option<Subscription>>,
}

impl Hub {
    /// Opens the storage and fetches what workers need, and the catalog of actions, whose text is also returned.
    ///
    /// # Errors
    /// When the setup names no possible database, another tab has upgraded the storage, or the program's own files cannot be fetched. Without any storage the
    /// service works from memory.
    async fn start(setup: Setup, left: Rc<RefCell<Vec<WaitsForLeft>>>) -> Result<(Rc<Self>, String), ApiError> {
        let base_url = setup.base_url.clone();
        let files = OwnFiles::new(&base_url, setup.files.clone());
        let names = Names::of_client(&base_path(&base_url), setup.database.as_deref())
            .map_err(|error| ApiError::invalid(error.to_string()))?;
        let database = names.database();
        let late: Rc<RefCell<Weak<Self>>> = Rc::default();
        let closed = late.clone();
        let opened = Database::open(
            &database,
            || post(&FromService::Blocked),
            move |error| {
                if let Some(hub) = closed.borrow().upgrade() {
                    hub.close(error);
                }
            },
        );
        let catalog = program::text(&files, "catalog.json");
        let ((fetched, catalog), opened) = both(both(Program::fetch(files.clone(), &names), catalog), opened).await;
        let (program, catalog) = (Rc::new(fetched?), catalog?);
        actions::catalog::install(&catalog).map_err(ApiError::internal)?;
        let (database, memory) = match opened {
            Ok(database) => (Storage::Kept(database), None),
            Err(error @ StoreError::Version) => return Err(error.into()),
            Err(error) => {
                let memory = program.memory.get_or_init(MemoryStore::default);
                (Storage::Memory(memory.clone()), Some(error.to_string()))
            }
        };
        let exchange = if memory.is_some() { Exchange::alone() } else { Exchange::join(&names) };
        let leader = Rc::default();
        let surroundings = Surroundings {
            base_url,
            exchange: exchange.clone(),
            importer: Importer::new(program.clone()),
            program: program.clone(),
            leader: Rc::clone(&leader),
        };
        let service = Service::new(database.clone(), surroundings);
        service.refresh_global_pause().await?;
        let hub = Rc::new(Self {
            suspended: Cell::new(setup.suspended),
            setup,
            names,
            database,
            service,
            previewer: Previewer::new(program.clone()),
            sampler: Previewer::new(program.clone()),
            program,
            exchange,
            leader,
            closed: Cell::new(false),
            state: RefCell::new(State { memory, ..State::default() }),
            left,
            unfinished: RefCell::default(),
            damaged: RefCell::default(),
            subscription: RefCell::default(),
        });
        *late.borrow_mut() = Rc::downgrade(&hub);
        let weak = Rc::downgrade(&hub);
        hub.program.modules.on_progress(move |loading| {
            if let Some(hub) = weak.upgrade() {
                hub.change_state(|state| state.loading = loading);
            }
        });
        let weak = Rc::downgrade(&hub);
        let subscription = hub.exchange.subscribe(move |event| {
            if let Some(hub) = weak.upgrade() {
                hub.follow(event);
            }
        });
        *hub.subscription.borrow_mut() = Some(subscription);
        Ok((hub, catalog))
    }

    /// The storage is gone for good.
    fn close(&self, error: StoreError) {
        self.closed.set(true);
        let leader = self.leader.borrow_mut().take();
        if let Some(leader) = leader {
            leader.stop();
        }
        self.change_state(|state| {
            state.workers = 0;
            state.role = Role::Follower;
            state.owns = false;
            state.note = Some(error.into());
        });
    }

    fn change_state(&self, change: impl FnOnce(&mut State)) {
        let state = {
            let mut state = self.state.borrow_mut();
            let before = state.clone();
            change(&mut state);
            if *state == before {
                return;
            }
            state.clone()
        };
        post(&FromService::State(state));
    }

    /// Passes an event on to the client, and tracks what runs as far as this tab is told.
    fn follow(self: &Rc<Self>, event: &Event) {
        match event {
            Event::Progress(progress) if progress.completed_at.is_none() => {
                self.unfinished.borrow_mut().insert(progress.batch_id.clone());
            }
            Event::BatchCreated { batch_id } => {
                self.unfinished.borrow_mut().insert(batch_id.clone());
            }
            Event::BatchDeleted { batch_id } => {
                self.unfinished.borrow_mut().remove(batch_id);
            }
            Event::BatchCompleted(progress) => {
                self.unfinished.borrow_mut().remove(&progress.batch_id);
            }
            Event::GlobalPauseChanged => {
                // Statuses contain the global pause as it was last read.
                let hub = self.clone();
                let event = event.clone();
                return spawn(async move {
                    if let Err(error) = hub.service.refresh_global_pause().await {
                        web_sys::console::warn_1(&error.to_string().into());
                    }
                    post(&FromService::Event(event));
                });
            }
            Event::Progress(_)
            | Event::BatchChanged { .. }
            | Event::WorkflowsChanged
            | Event::UserFilesChanged
            | Event::ExecutionCompleted(_)
            | Event::Slept { .. } => {}
        }
        let detail = match event {
            Event::Progress(progress) | Event::BatchCompleted(progress) => to_js(&self.service.status_event(progress)),
            Event::ExecutionCompleted(execution) => to_js(&ExecutionAnswer::from(&**execution)),
            _ => Ok(JsValue::UNDEFINED),
        };
        let detail = detail.unwrap_or(JsValue::UNDEFINED);
        post_with(&FromService::Event(event.clone()), &detail, &JsValue::UNDEFINED);
    }

    fn stand_for_election(self: &Rc<Self>) {
        let hub = self.clone();
        let lead = move |role: Role, resign: Box<dyn FnOnce()>| {
            let workers = worker_count(hub.setup.workers);
            hub.change_state(|state| {
                state.role = role;
                state.workers = workers;
            });
            let limits = Limits { workers, ..Limits::default() };
            let leader = Leader::start(&hub, limits, resign);
            *hub.leader.borrow_mut() = Some(leader);
        };
        if matches!(self.database, Storage::Memory(_)) {
            return lead(Role::Alone, Box::new(|| ()));
        }
        let lead = Rc::new(RefCell::new(Some(lead)));
        let elected = lead.clone();
        let hub = self.clone();
        let elected = move || {
            // Held while the tab lives and can lead; without storage it cannot.
            Promise::new(&mut |resolve, _| {
                let resign = move || {
                    let _answered = resolve.call0(&JsValue::UNDEFINED);
                };
                match elected.borrow_mut().take().filter(|_| !hub.closed.get()) {
                    Some(lead) => lead(Role::Leader, Box::new(resign)),
                    None => resign(),
                }
            })
        };
        leader::campaign(&self.names, elected, move || {
            if let Some(lead) = lead.borrow_mut().take() {
                lead(Role::SingleTab, Box::new(|| ()));
            }
        });
    }

    /// When the previous scheduling tab left, if it exited in good order.
    fn asks_when_left(&self) -> Receiver<Option<Millis>> {
        let (sender, receiver) = handover();
        let sender = Rc::new(sender);
        self.left.borrow_mut().push(sender.clone());
        post(&FromService::AsksWhenLeft);
        spawn(async move {
            TimeoutFuture::new(LEFT_MS).await;
            sender.send(None);
        });
        receiver
    }

    // Calls.

    async fn call(self: Rc<Self>, ticket: u32, call: Call, files: JsValue) {
        let answered = self.answer(ticket, call, files).await.and_then(|(answer, files)| {
            let value = to_js(&answer).map_err(|error| ApiError::internal(describe(&error)))?;
            Ok((value, files))
        });
        match answered {
            Ok((value, files)) => post_with(&FromService::Answer { ticket }, &value, &files),
            Err(Refusal { error, import }) => post(&FromService::Refused { ticket, error, import }),
        }
    }

    /// Carries out a call. Returns its answer, and the files that belong to it.
    async fn answer(&self, ticket: u32, call: Call, files: JsValue) -> Result<(Answer, JsValue), Refusal> {
        let Self { service, database, .. } = self;
        let answer = match call {
            Call::ExecuteBatch { request } => Answer::ExecuteBatch(boxed(service.execute(&request.0)).await?),
            Call::ListBatches { query } => Answer::ListBatches(boxed(service.list(&query.0)).await?),
            Call::GetBatchStatus { batch_id, query } => {
                Answer::GetBatchStatus(boxed(service.status(&batch_id, &query.0)).await?)
            }
            Call::CancelBatch { batch_id } => Answer::CancelBatch(boxed(service.cancel(&batch_id)).await?),
            Call::ListExecutions { batch_id, query } => {
                Answer::ListExecutions(boxed(service.executions(&batch_id, &query.0)).await?)
            }
            Call::RetryExecutions { batch_id, request } => {
                Answer::RetryExecutions(boxed(service.retry(&batch_id, &request.0)).await?)
            }
            Call::DeleteBatch { batch_id } => Answer::DeleteBatch(boxed(service.delete(&batch_id)).await?),
            Call::PauseBatch { batch_id } => Answer::PauseBatch(boxed(service.pause(&batch_id)).await?),
            Call::ResumeBatch { batch_id } => Answer::ResumeBatch(boxed(service.resume(&batch_id)).await?),
            Call::UpdateBatch { batch_id, change } => {
                Answer::UpdateBatch(boxed(service.update(&batch_id, &change.0)).await?)
            }
            Call::PauseAll {} => Answer::PauseAll(boxed(service.pause_all()).await?),
            Call::ResumeAll {} => Answer::ResumeAll(boxed(service.resume_all()).await?),
            Call::GetBatchLog { batch_id } => Answer::GetBatchLog(boxed(service.log(&batch_id)).await?),
            Call::VerifyBatch { batch_id } => Answer::VerifyBatch(boxed(self.verify(&batch_id)).await?),
            Call::GetReport { batch_id, query } => Answer::GetReport(boxed(service.report(&batch_id, &query.0)).await?),
            Call::ListWorkflows { query } => Answer::ListWorkflows(boxed(service.list_workflows(&query.0)).await?),
            Call::GetWorkflow { workflow_id, query } => {
                Answer::GetWorkflow(boxed(service.workflow(&workflow_id, &query.0)).await?)
            }
            Call::SaveWorkflow { document, options } => {
                Answer::SaveWorkflow(boxed(service.save_workflow(&document.0, &options.0)).await?)
            }
            Call::PublishWorkflow { workflow_id } => {
                Answer::PublishWorkflow(boxed(service.publish_workflow(&workflow_id)).await?)
            }
            Call::UnpublishWorkflow { workflow_id } => {
                Answer::UnpublishWorkflow(boxed(service.unpublish_workflow(&workflow_id)).await?)
            }
            Call::DuplicateWorkflow { workflow_id, options } => {
                Answer::DuplicateWorkflow(boxed(service.duplicate_workflow(&workflow_id, &options.0)).await?)
            }
            Call::DeleteWorkflow { workflow_id } => {
                Answer::DeleteWorkflow(boxed(service.delete_workflow(&workflow_id)).await?)
            }
            Call::ExportWorkflow { workflow_id, query } => {
                Answer::ExportWorkflow(boxed(service.export_workflow(&workflow_id, &query.0)).await?)
            }
            Call::ImportWorkflow { document } => {
                Answer::ImportWorkflow(boxed(service.import_workflow(&document.0)).await?)
            }
            Call::ListModels {} => {
                let models = boxed(self.user_files(Some(FileKind::Model))).await?;
                Answer::ListModels(models.into_iter().map(ModelAnswer::from).collect())
            }
            Call::DeleteModel { name } => Answer::DeleteModel(boxed(self.delete_file(FileKind::Model, &name)).await?),
            Call::ListFiles { query } => {
                Answer::ListFiles(boxed(self.user_files(FilesQuery::read(&query.0)?.kind)).await?)
            }
            Call::DeleteFile { file } => {
                let FileRequest { kind, name } = FileRequest::read(&file.0)?;
                Answer::DeleteFile(boxed(self.delete_file(kind, &name.unwrap_or_default())).await?)
            }
            Call::ListActions {} => {
                Answer::ListActions(serde_json::to_value(crate::api::catalog()).unwrap_or_default())
            }
            Call::ValidateWorkflow { document } => Answer::ValidateWorkflow(service.validate_workflow(&document.0)),
            Call::BatchWorkflow { batch_id } => Answer::BatchWorkflow(boxed(service.batch_workflow(&batch_id)).await?),
            Call::AllProgress {} => Answer::AllProgress(database.all_progress().await?),
            Call::ExecutionRecords { batch_id, subset, offset, limit } => {
                Answer::ExecutionRecords(database.executions(&batch_id, subset, offset, limit).await?)
            }
            Call::ExecutionIndices { batch_id, subset } => {
                let found = database.indices(&batch_id, subset).await?;
                Answer::ExecutionIndices(found.map(|(_, indices)| indices).unwrap_or_default())
            }
            Call::IsAllPaused {} => Answer::IsAllPaused(boxed(service.refresh_global_pause()).await?.is_some()),
            Call::IsAllowed { preference } => {
                Answer::IsAllowed(boxed(preferences::is_allowed(database, preference)).await?)
            }
            Call::Allow { preference, allowed } => {
                Answer::Allow(boxed(preferences::allow(database, preference, allowed)).await?)
            }
            Call::SettingsBelow { prefix } => Answer::SettingsBelow(database.settings_below(&prefix).await?),
            Call::ChangeSettings { changes } => Answer::ChangeSettings(database.change_settings(changes).await?),
            Call::AreStored { asset_ids } => Answer::AreStored(database.are_stored(&asset_ids).await?),
            Call::AreDownloaded { modules } => {
                Answer::AreDownloaded(boxed(modules::are_downloaded(&self.names, &self.setup.base_url, &modules)).await)
            }
            Call::ImportAssets { report } => {
                Answer::ImportAssets(boxed(self.import_assets(ticket, report, &files)).await?)
            }
            Call::ImportModel { name } => {
                let request = FileRequest { kind: FileKind::Model, name };
                Answer::ImportModel(boxed(self.import_file(file(&files)?, request)).await?.into())
            }
            Call::ImportFile { options } => {
                Answer::ImportFile(boxed(self.import_file(file(&files)?, FileRequest::read(&options.0)?)).await?)
            }
            Call::ImportArchive {} => Answer::ImportArchive(boxed(self.import_archive(file(&files)?)).await?),
            Call::ExportArchive {} => {
                return Ok((Answer::ExportArchive(()), boxed(self.export_archive()).await?.into()));
            }
            Call::ReadAsset { url } => return Ok((Answer::ReadAsset(()), boxed(self.read_asset(&url)).await?.into())),
            Call::Zip { batch_id, only } => {
                let archive = boxed(zip::zip(database, service, &batch_id, only.as_ref())).await?;
                return Ok((Answer::Zip(archive.missing), archive.blob.into()));
            }
            Call::Files { batch_id, only } => {
                let zip::Collected { paths, asset_ids, contents, missing, .. } =
                    boxed(zip::collect(database, service, &batch_id, only.as_ref())).await?;
                let contents: Array = contents.into_iter().collect();
                return Ok((Answer::Files(ResultFiles { paths, asset_ids, missing }), contents.into()));
            }
            Call::Preview { document, look } => {
                let previewer = if look.sample { &self.sampler } else { &self.previewer };
                let (previewed, files) = boxed(previewer.preview(document.0.to_string(), look)).await?;
                return Ok((Answer::Preview(previewed), files.into()));
            }
            Call::Unpack {} => {
                let (contents, pictures) = boxed(self.unpack(file(&files)?)).await?;
                return Ok((Answer::Unpack(contents), pictures.into()));
            }
        };
        Ok((answer, JsValue::UNDEFINED))
    }

    async fn import_assets(&self, ticket: u32, report: bool, files: &JsValue) -> Result<Vec<Asset>, Refusal> {
        let files = Array::from(files).iter().map(JsCast::unchecked_into).collect();
        let on_stored = report.then(|| -> OnStored {
            Rc::new(move |assets, headers| {
                post(&FromService::Stored { ticket, assets: assets.to_vec(), headers: headers.to_vec() });
            })
        });
        Ok(self.service.host().import(files, on_stored).await?)
    }

    /// The content at an `asset:` URL (or of an asset id), as it was stored.
    ///
    /// # Errors
    /// 404 when it is not stored, 500 when it is damaged or the storage fails. Executions with damaged results fail
    /// then, so that a retry regenerates them.
    async fn read_asset(&self, url: &str) -> Result<Blob, ApiError> {
        let asset_id = url.strip_prefix("asset:").unwrap_or(url);
        let database = &self.database;
        let why = match verify::read(database, asset_id).await? {
            Found::Sound(blob, _) => {
                self.damaged.borrow_mut().remove(asset_id);
                return Ok(blob);
            }
            Found::Damaged(why) => why,
            Found::TooLarge(why) => return Err(ApiError::internal(verify::too_large(url, &why))),
            Found::Nothing => "its content is missing".to_owned(),
        };
        let record = database.asset(asset_id).await?;
        // The executions that produced it are searched for only once.
        let failed = if self.damaged.borrow_mut().insert(asset_id.to_owned()) {
            self.service.note_damaged(&SortedSet::from([asset_id.to_owned()])).await?
        } else {
            Vec::new()
        };
        if record.is_none() && failed.is_empty() {
            return Err(ApiError::not_found(format!("There is no file \"{url}\".")));
        }
        let hint = match failed.first() {
            Some(execution) => format!("Retry the execution \"{execution}\" to regenerate it."),
            None => "Add the file again to replace it; retry a result to regenerate it.".to_owned(),
        };
        Err(ApiError::internal(format!("The stored file \"{url}\" is damaged: {why}. {hint}")))
    }

    /// Checks every stored result of a batch. Executions with damaged or missing results fail, so that a retry
    /// regenerates them.
    ///
    /// # Errors
    /// 404, 500.
    async fn verify(&self, batch_id: &str) -> Result<VerifyAnswer, ApiError> {
        let Self { database, service, .. } = self;
        let (mut checked, mut bad, mut from) = (0, SortedSet::new(), 0);
        while let Some(executions) = service.next_successes(batch_id, &mut from).await? {
            checked += executions.len() as u32;
            for (file, name) in executions.iter().flat_map(Execution::files) {
                match verify::read(database, file).await? {
                    Found::Sound(..) => {}
                    Found::Damaged(_) | Found::Nothing => {
                        bad.insert(file.clone());
                    }
                    Found::TooLarge(why) => return Err(ApiError::internal(verify::too_large(name, &why))),
                }
            }
        }
        let mut damaged = service.note_damaged(&bad).await?;
        let own = format!("{batch_id}_exec-");
        damaged.retain(|id| id.starts_with(&own));
        Ok(VerifyAnswer { batch_id: batch_id.to_owned(), checked, damaged })
    }

    /// The files that actions can use besides pictures: of each kind the built-in one first, then the user's own by name.
    ///
    /// # Errors
    /// When the storage fails.
    async fn user_files(&self, kind: Option<FileKind>) -> Result<Vec<FileAnswer>, ApiError> {
        Ok(FileAnswer::list(kind, self.database.user_files().await?))
    }

    /// Adds a file for actions to use, after reading it once in a worker of its own; a model is run. Without a name it
    /// takes the file's name.
    ///
    /// # Errors
    /// 400 when the name is taken or invalid, or when the file cannot be used, with the reason; 500 when it cannot be
    /// stored.
    async fn import_file(&self, file: Blob, request: FileRequest) -> Result<FileAnswer, ApiError> {
        let FileRequest { kind, name } = request;
        let file_name = file.dyn_ref::<web_sys::File>().map(web_sys::File::name).unwrap_or_default();
        let name = user_file_name(kind, name.as_deref().unwrap_or_else(|| kind.stem(&file_name)))?;
        let taken = || {
            let noun = kind.noun();
            ApiError::invalid(format!("The name \"{name}\" is taken. Choose another, or delete that {noun} first."))
        };
        if self.user_files(Some(kind)).await?.iter().any(|other| other.name == name) {
            return Err(taken());
        }
        let (spec, file) = probe_file::probe_file(&self.program, kind, file)
            .await
            .map_err(|failure| ApiError::invalid(format!("{} {}", failure.message, failure.hint)))?;
        let imported = self.service.host().import(vec![file], None).await.map_err(|failure| failure.error)?;
        let asset = imported.into_iter().next().ok_or_else(|| ApiError::internal("The file was not stored."))?;
        let Asset { asset_id, bytes, .. } = asset;
        let file = UserFile { kind, name: name.clone(), asset_id, bytes, created_at: now(), spec };
        if !self.database.add_user_file(file.clone()).await? {
            return Err(taken());
        }
        self.exchange.broadcast(&Event::UserFilesChanged);
        Ok(file.into())
    }

    /// Removes one of the user's files. Batches that use it fail where they need it.
    ///
    /// # Errors
    /// 400 for a built-in file, 404 when there is none of this kind and name, 500 when the storage fails.
    async fn delete_file(&self, kind: FileKind, name: &str) -> Result<(), ApiError> {
        if kind.is_built_in(name) {
            return Err(ApiError::invalid(format!("\"{name}\" is built in and cannot be deleted.")));
        }
        if !self.database.remove_user_file(kind, name).await? {
            return Err(ApiError::not_found(format!("There is no {} \"{name}\".", kind.noun())));
        }
        self.exchange.broadcast(&Event::UserFilesChanged);
        Ok(())
    }

    /// Everything that is stored as one ZIP (see `archive`): batches with pictures and results, workflows,
    /// models and other files.
    ///
    /// # Errors
    /// 400 if the page works from memory, 500 when the storage fails.
    async fn export_archive(&self) -> Result<Blob, ApiError> {
        match self.run_one_shot(ToWorker::Export, JsValue::UNDEFINED).await? {
            FromPool::Archive(archive) => Ok(archive),
            FromPool::Report(FromWorker::Exported { failure: Some(why) }) => Err(ApiError::internal(why)),
            _ => Err(ApiError::internal("The archive was not exported. Try again.")),
        }
    }

    /// Imports whatever an archive contains and this browser does not have. Damaged parts are skipped and reported.
    ///
    /// # Errors
    /// 400 when it is not a Pixelmill archive or the page works from memory, 500 when the storage fails.
    async fn import_archive(&self, archive: Blob) -> Result<ImportSummary, ApiError> {
        let ids = |all: Vec<Progress>| all.into_iter().map(|progress| progress.batch_id).collect::<SortedSet<_>>();
        let before = ids(self.database.all_progress().await?);
        let summary = match self.run_one_shot(ToWorker::ImportArchive, archive.into()).await? {
            FromPool::Report(FromWorker::ArchiveImported { result }) => result.map_err(ApiError::invalid)?,
            _ => return Err(ApiError::internal("The archive was not imported. Try again.")),
        };
        for batch_id in ids(self.database.all_progress().await?).iter().filter(|id| !before.contains(*id)) {
            self.exchange.broadcast(&Event::BatchChanged { batch_id: batch_id.clone() });
        }
        self.exchange.broadcast(&Event::WorkflowsChanged);
        self.exchange.broadcast(&Event::UserFilesChanged);
        Ok(summary)
    }

    /// Unpacks the pictures in a ZIP, unless it is a Pixelmill archive. Returns what the ZIP contains, and the pictures
    /// as a list of `File`.
    ///
    /// # Errors
    /// 400 when it is not a ZIP, 500 when it cannot be read.
    async fn unpack(&self, zip: Blob) -> Result<(Contents, Array), ApiError> {
        match one_shot::run(&self.program, ToWorker::Unpack, zip.into(), None).await {
            Ok(FromPool::Unpacked(contents, pictures)) => Ok((contents, pictures)),
            Ok(FromPool::Report(FromWorker::Unpacked { result: Err(why) })) => Err(ApiError::invalid(why)),
            Ok(_) => Err(ApiError::internal("The ZIP was not unpacked. Try again.")),
            Err(why) => Err(ApiError::internal(format!("The ZIP was not unpacked: {why}."))),
        }
    }

    async fn run_one_shot(&self, message: ToWorker, attachment: JsValue) -> Result<FromPool, ApiError> {
        if matches!(self.database, Storage::Memory(_)) {
            return Err(ApiError::invalid(
                "The page works from memory, without archives. Download results one by one or as a ZIP.",
            ));
        }
        let answer = one_shot::run(&self.program, message, attachment, None).await;
        answer.map_err(|why| ApiError::internal(format!("The worker did not finish: {why}. Try again.")))
    }
}

/// The file of a call that needs one.
fn file(files: &JsValue) -> Result<Blob, ApiError> {
    let file = files.dyn_ref::<Blob>().cloned();
    file.ok_or_else(|| ApiError::invalid("The first argument is not a file. Give a File or Blob."))
}
