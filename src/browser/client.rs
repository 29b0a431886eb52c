//! The client: what the page itself and `window.pixelmill` call. Cheap to clone; every call works in every tab.
//!
//! Reads come from the store; writes are durable records that the scheduling tab follows.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, VecDeque};
use std::rc::{Rc, Weak};

use js_sys::{Array, Promise};
use serde_json::{Value, json};
use wasm_bindgen::prelude::*;
use web_sys::Blob;

use super::database::Database;
use super::environment::{FileError, base_path, base_url, now, random, storage_manager};
use super::exchange::{Exchange, Message, Subscription};
use super::files::Archive;
use super::importer::{Importer, OnStored};
use super::interop::{describe, settled, spawn};
use super::leader::{self, Leader};
use super::locks;
use super::network::DownloadProgress;
use super::one_shot;
use super::pool::{self, FromPool, Program};
use super::preferences::{self, Preference};
use super::storage::Storage;
use super::verify::{self, Found};
use super::wake::Wake;
use crate::api::{
    Accepted, ActionDescriptor, ApiError, Asset, BatchList, BatchLog, BatchSummary, Cancelled, Deleted, ExecutionList,
    GlobalPauseAnswer, Host, ImportRefusal, ModelAnswer, Notice, Service, Status, VerifyAnswer, WorkflowAnswer,
    WorkflowDeleted, WorkflowList, model_name,
};
use crate::archive::ImportSummary;
use crate::archive::pictures::Contents;
use crate::batch::records::{Execution, ExecutionStatus, Millis, Progress};
use crate::batch::scheduler::Limits;
use crate::network::BUILT_IN;
use crate::protocol::{FromWorker, ImportStop, StopReason, ToWorker};
use crate::store::{ExecutionPage, MemoryStore, ModelRecord, Store, StoreError};
use crate::workflow::Diagnostic;

/// An import that stopped early.
#[derive(Clone, Debug)]
pub struct ImportFailure {
    /// Why.
    pub error: ApiError,
    /// The files that were stored before it stopped, in order.
    pub imported: Vec<Asset>,
    /// Whether only the next file is at fault, so that later ones may succeed.
    pub reason: StopReason,
}

/// What a subscriber receives. Everything it reports is already durable.
#[derive(Clone, Debug)]
pub enum ClientEvent {
    /// A batch's progress changed: at most four times a second per batch, and once at its end.
    Progress(Progress),
    /// An execution ended, successfully or not.
    ExecutionCompleted(Box<Execution>),
    /// A batch ended.
    BatchCompleted(Progress),
    /// A batch was accepted, deleted or changed by a call, perhaps in another tab: its id.
    BatchChanged(String),
    /// The user's own workflows have changed, perhaps in another tab.
    WorkflowsChanged,
    /// All batches were paused or resumed: [`Client::is_all_paused`] has a new answer.
    GlobalPauseChanged,
    /// The browser had suspended the scheduling tab for this many milliseconds.
    Slept(f64),
    /// [`Client::models`] has a new answer.
    Models,
    /// [`Client::state`] has a new answer.
    State(ClientState),
}

/// This tab's role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It schedules and runs the workers.
    Leader,
    /// Another tab schedules; this one shows the batches and controls them.
    Follower,
    /// It works from memory, which no other tab can see, and schedules for itself only.
    Alone,
    /// No secure context, so no locks: it schedules, and a second tab must not be opened.
    SingleTab,
}

/// The client's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientState {
    /// This tab's role.
    pub role: Role,
    /// Most workers that this tab keeps for executions (0 in a follower).
    pub workers: u32,
    /// The download of the model or the inference code, while one is in progress in this tab.
    pub loading: Option<DownloadProgress>,
    /// Why this tab works from memory, if it does: nothing outlives it.
    pub memory: Option<String>,
    /// Something the user should know: storage lost to an upgrade, workers that do not start, and the like.
    pub note: Option<Note>,
}

/// Something the user should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// One or more sentences.
    pub text: String,
    /// Whether reloading the page helps.
    pub reload_helps: bool,
}

impl From<StoreError> for Note {
    fn from(error: StoreError) -> Self {
        Self { text: error.to_string(), reload_helps: error.needs_reload() }
    }
}

/// Ends the subscription when dropped.
#[must_use = "dropping it ends the subscription"]
pub struct EventSubscription {
    _ends: (Subscription, StateSubscription),
}

struct StateSubscription {
    shared: Weak<Shared>,
    number: u64,
}

impl Drop for StateSubscription {
    fn drop(&mut self) {
        if let Some(shared) = self.shared.upgrade() {
            shared.state_callbacks.borrow_mut().retain(|(number, _)| *number != self.number);
        }
    }
}

type EventCallback = Rc<dyn Fn(&ClientEvent)>;

/// What the client and the service's host share.
struct Shared {
    base_url: String,
    exchange: Exchange,
    importer: Rc<Importer>,
    leader: RefCell<Option<Rc<Leader>>>,
    /// Whether this tab has lost the storage, for good.
    closed: Cell<bool>,
    state: RefCell<ClientState>,
    state_callbacks: RefCell<Vec<(u64, EventCallback)>>,
    next: Cell<u64>,
    /// Batches known to be running, in case this tab becomes the scheduling tab.
    unfinished: RefCell<BTreeSet<String>>,
    exchange_subscription: RefCell<Option<Subscription>>,
}

impl Shared {
    fn change_state(&self, change: impl FnOnce(&mut ClientState)) {
        let state = {
            let mut state = self.state.borrow_mut();
            let before = state.clone();
            change(&mut state);
            if *state == before {
                return;
            }
            state.clone()
        };
        let callbacks: Vec<EventCallback> =
            self.state_callbacks.borrow().iter().map(|(_, callback)| callback.clone()).collect();
        for callback in callbacks {
            callback(&ClientEvent::State(state.clone()));
        }
    }

    /// Tracks what runs, as far as this tab is told.
    fn follow(self: &Rc<Self>) {
        let weak = Rc::downgrade(self);
        let subscription = self.exchange.subscribe(move |message| {
            let Some(shared) = weak.upgrade() else { return };
            let mut unfinished = shared.unfinished.borrow_mut();
            match message {
                Message::Progress(progress) if progress.completed_at.is_none() => {
                    unfinished.insert(progress.batch_id.clone());
                }
                Message::Notice(Notice::Created { batch_id }) => {
                    unfinished.insert(batch_id.clone());
                }
                Message::BatchCompleted(Progress { batch_id, .. }) | Message::Notice(Notice::Deleted { batch_id }) => {
                    unfinished.remove(batch_id);
                }
                Message::Progress(_)
                | Message::Notice(Notice::Changed { .. } | Notice::Workflows | Notice::GlobalPause)
                | Message::ExecutionCompleted(_)
                | Message::Slept(_)
                | Message::Models => {}
            }
        });
        *self.exchange_subscription.borrow_mut() = Some(subscription);
    }

    async fn import(&self, files: Vec<Blob>, on_stored: Option<OnStored>) -> Result<Vec<Asset>, ImportFailure> {
        if files.is_empty() {
            return Ok(Vec::new());
        }
        match self.importer.import(files, on_stored).await {
            Some((imported, None)) => Ok(imported),
            Some((imported, Some(ImportStop { message, reason }))) => {
                Err(ImportFailure { error: ApiError::internal(message), imported, reason })
            }
            None => {
                let error = ApiError::internal("The import was stopped.");
                Err(ImportFailure { error, imported: Vec::new(), reason: StopReason::General })
            }
        }
    }
}

/// The service's host in the browser.
struct Surroundings {
    shared: Rc<Shared>,
}

impl Host for Surroundings {
    fn now(&self) -> Millis {
        now()
    }

    fn random_u32(&self) -> u32 {
        random()
    }

    fn base_url(&self) -> String {
        self.shared.base_url.clone()
    }

    fn workers(&self, batch_id: &str) -> Option<u32> {
        self.shared.leader.borrow().as_ref().map(|leader| leader.workers_on(batch_id))
    }

    fn notify(&self, notice: Notice) {
        self.shared.exchange.broadcast(&Message::Notice(notice));
    }

    fn resolve(&self, url: &str) -> Option<String> {
        super::environment::resolve(&self.shared.base_url, url)
    }

    async fn import(&self, url: &str, _name: &str) -> Result<String, ImportRefusal> {
        let read = async {
            let response = super::environment::fetch_own(url).await.map_err(|error| error.to_string())?;
            let blob = settled(response.blob().map_err(|error| describe(&error))?).await;
            blob.map_err(|error| describe(&error))
        };
        let blob = read.await.map_err(ImportRefusal::Unreadable)?.unchecked_into::<Blob>();
        let imported = self.shared.import(vec![blob], None).await.map_err(|failure| match failure.reason {
            StopReason::Unreadable => ImportRefusal::Unreadable(failure.error.message),
            StopReason::NoRoom | StopReason::General => ImportRefusal::NotStored(failure.error.message),
        })?;
        let stored = imported.into_iter().next().map(|asset| asset.asset_id);
        stored.ok_or_else(|| ImportRefusal::NotStored("Nothing was stored.".to_owned()))
    }
}

/// Object URLs kept at once; beyond that, the least recently used one is revoked.
const KEPT_URLS: usize = 600;

struct Inner {
    database: Storage,
    service: Service<Storage, Surroundings>,
    shared: Rc<Shared>,
    program: Rc<Program>,
    /// Asset id and object URL, the most recently used one last.
    urls: RefCell<VecDeque<(String, String)>>,
    /// Ids of files that were found damaged.
    damaged: RefCell<BTreeSet<String>>,
    _global_pause: Subscription,
    _wake: Option<Rc<Wake>>,
}

/// The only entry point to the product's operations.
#[derive(Clone)]
pub struct Client {
    inner: Rc<Inner>,
}

impl Client {
    /// Opens the storage, fetches what workers need, joins the leader election and publishes `window.pixelmill`.
    ///
    /// `blocked` is called when the storage has to be upgraded while a tab with an older version of the page is open;
    /// this tab starts once that one is closed.
    ///
    /// # Errors
    /// When another tab has upgraded the storage, or the program's own files cannot be fetched. Without any storage the
    /// client works from memory.
    pub async fn start(blocked: impl Fn() + 'static) -> Result<Self, ApiError> {
        let base_url = base_url();
        let program = Rc::new(Program::fetch(&base_url).await.map_err(|error| match error {
            FileError::Updated => ApiError::internal(error.to_string()),
            FileError::Failed(..) => {
                ApiError::internal(format!("The program could not be loaded: {error}. Reload the page."))
            }
        })?);
        let late: Rc<RefCell<Weak<Shared>>> = Rc::default();
        let closed = late.clone();
        let opened = Database::open(&base_url, blocked, move |error| {
            if let Some(shared) = closed.borrow().upgrade() {
                shared.closed.set(true);
                if let Some(leader) = shared.leader.borrow_mut().take() {
                    leader.stop();
                }
                shared.change_state(|state| {
                    state.workers = 0;
                    state.role = Role::Follower;
                    state.note = Some(error.into());
                });
            }
        })
        .await;
        let (database, memory) = match opened {
            Ok(database) => (Storage::Kept(database), None),
            Err(error @ StoreError::Version) => return Err(error.into()),
            Err(error) => {
                let memory = program.memory.get_or_init(MemoryStore::default);
                (Storage::Memory(memory.clone()), Some(error.to_string()))
            }
        };
        let shared = Rc::new(Shared {
            exchange: if memory.is_some() { Exchange::alone() } else { Exchange::join(&base_url) },
            importer: Importer::new(program.clone()),
            leader: RefCell::default(),
            closed: Cell::new(false),
            state: RefCell::new(ClientState { role: Role::Follower, workers: 0, loading: None, note: None, memory }),
            state_callbacks: RefCell::default(),
            next: Cell::new(0),
            unfinished: RefCell::default(),
            exchange_subscription: RefCell::default(),
            base_url,
        });
        shared.follow();
        *late.borrow_mut() = Rc::downgrade(&shared);
        let weak = Rc::downgrade(&shared);
        program.networks.on_progress(move |loading| {
            if let Some(shared) = weak.upgrade() {
                shared.change_state(|state| state.loading = loading);
            }
        });
        let service = Service::new(database.clone(), Surroundings { shared: shared.clone() });
        service.refresh_global_pause().await?;
        let inner = Rc::new_cyclic(|inner: &Weak<Inner>| {
            let inner = inner.clone();
            // Events contain the global pause as it was last read.
            let global_pause = shared.exchange.subscribe(move |message| {
                if let (Message::Notice(Notice::GlobalPause), Some(inner)) = (message, inner.upgrade()) {
                    spawn(async move {
                        if let Err(error) = inner.service.refresh_global_pause().await {
                            web_sys::console::warn_1(&error.to_string().into());
                        }
                    });
                }
            });
            let (urls, damaged) = Default::default();
            let wake = Wake::follow(&shared.exchange);
            Inner {
                database,
                service,
                shared,
                program: program.clone(),
                urls,
                damaged,
                _global_pause: global_pause,
                _wake: wake,
            }
        });
        let client = Self { inner };
        client.stand_for_election(program);
        super::javascript::publish(&client);
        Ok(client)
    }

    fn stand_for_election(&self, program: Rc<Program>) {
        let shared = self.inner.shared.clone();
        let database = self.inner.database.clone();
        let lead = move |role: Role, resign: Box<dyn FnOnce()>| {
            let workers = pool::size();
            let limits = Limits { workers, ..Limits::default() };
            let weak = Rc::downgrade(&shared);
            let note = move |note: Option<Note>| {
                if let Some(shared) = weak.upgrade() {
                    shared.change_state(|state| state.note = note);
                }
            };
            let unfinished = shared.unfinished.take();
            let leader = Leader::start(database, program, shared.exchange.clone(), limits, unfinished, note, resign);
            *shared.leader.borrow_mut() = Some(leader);
            shared.change_state(|state| {
                state.role = role;
                state.workers = workers;
            });
        };
        if matches!(self.inner.database, Storage::Memory(_)) {
            return lead(Role::Alone, Box::new(|| ()));
        }
        let lead = Rc::new(RefCell::new(Some(lead)));
        let elected = lead.clone();
        let shared = self.inner.shared.clone();
        let elected = move || {
            // Held while the tab lives and can lead; without storage it cannot.
            Promise::new(&mut |resolve, _| {
                let resign = move || {
                    let _answered = resolve.call0(&JsValue::UNDEFINED);
                };
                match elected.borrow_mut().take().filter(|_| !shared.closed.get()) {
                    Some(lead) => lead(Role::Leader, Box::new(resign)),
                    None => resign(),
                }
            })
        };
        leader::campaign(&self.inner.shared.base_url, elected, move || {
            if let Some(lead) = lead.borrow_mut().take() {
                lead(Role::SingleTab, Box::new(|| ()));
            }
        });
    }

    /// Stores files (a `File` is a `Blob`), whatever they contain. Returns one entry per file, in order. `on_stored`
    /// receives every entry as soon as its file is durable, with what its header says; files that were stored together
    /// arrive together.
    ///
    /// # Errors
    /// When the browser's storage is full or a file cannot be read; includes what was stored before.
    pub async fn import_assets(
        &self,
        files: Vec<Blob>,
        on_stored: Option<OnStored>,
    ) -> Result<Vec<Asset>, ImportFailure> {
        ask_to_persist();
        self.inner.shared.import(files, on_stored).await
    }

    /// Accepts a batch: takes the contract's request and returns its 202 answer.
    ///
    /// # Errors
    /// As `api::Service::execute`; likewise for the other methods of the same name.
    pub async fn execute_batch(&self, request: &Value) -> Result<Accepted, ApiError> {
        self.inner.service.execute(request).await
    }

    /// The contract's list of batches; `query` is an object or null.
    ///
    /// # Errors
    /// As `api::Service::list`.
    pub async fn list_batches(&self, query: &Value) -> Result<BatchList, ApiError> {
        self.inner.service.list(query).await
    }

    /// The contract's status of a batch; `query` is an object or null.
    ///
    /// # Errors
    /// As `api::Service::status`.
    pub async fn batch_status(&self, batch_id: &str, query: &Value) -> Result<Status, ApiError> {
        self.inner.service.status(batch_id, query).await
    }

    /// The contract's results of a batch; `query` is an object or null.
    ///
    /// # Errors
    /// As `api::Service::executions`.
    pub async fn executions(&self, batch_id: &str, query: &Value) -> Result<ExecutionList, ApiError> {
        self.inner.service.executions(batch_id, query).await
    }

    /// Cancels a batch.
    ///
    /// # Errors
    /// As `api::Service::cancel`.
    pub async fn cancel(&self, batch_id: &str) -> Result<Cancelled, ApiError> {
        self.inner.service.cancel(batch_id).await
    }

    /// The workflow that a batch ran, with the pictures it named.
    ///
    /// # Errors
    /// As `api::Service::batch_workflow`.
    pub async fn batch_workflow(&self, batch_id: &str) -> Result<Value, ApiError> {
        self.inner.service.batch_workflow(batch_id).await
    }

    /// Retries failed executions: all, or the ones with these ids.
    ///
    /// # Errors
    /// As `api::Service::retry`.
    pub async fn retry(&self, batch_id: &str, execution_ids: Option<Vec<String>>) -> Result<Status, ApiError> {
        self.retry_as_asked(batch_id, &json!({ "executionIds": execution_ids })).await
    }

    /// Retries as a contract request says; the request may replace a file.
    ///
    /// # Errors
    /// As `api::Service::retry`.
    pub async fn retry_as_asked(&self, batch_id: &str, request: &Value) -> Result<Status, ApiError> {
        self.inner.service.retry(batch_id, request).await
    }

    /// Removes a batch and everything that only it refers to.
    ///
    /// # Errors
    /// As `api::Service::delete`.
    pub async fn delete(&self, batch_id: &str) -> Result<Deleted, ApiError> {
        self.inner.service.delete(batch_id).await
    }

    /// Starts no more executions of a batch until it is resumed.
    ///
    /// # Errors
    /// As `api::Service::pause`.
    pub async fn pause(&self, batch_id: &str) -> Result<Status, ApiError> {
        self.inner.service.pause(batch_id).await
    }

    /// Resumes a paused batch.
    ///
    /// # Errors
    /// As `api::Service::resume`.
    pub async fn resume(&self, batch_id: &str) -> Result<Status, ApiError> {
        self.inner.service.resume(batch_id).await
    }

    /// Changes the `priority` or `concurrencyLimit` of a batch; `change` is an object with one or both.
    ///
    /// # Errors
    /// As `api::Service::update`.
    pub async fn update(&self, batch_id: &str, change: &Value) -> Result<Status, ApiError> {
        self.inner.service.update(batch_id, change).await
    }

    /// Pauses all batches, in every tab and across reloads.
    ///
    /// # Errors
    /// As `api::Service::pause_all`.
    pub async fn pause_all(&self) -> Result<GlobalPauseAnswer, ApiError> {
        self.inner.service.pause_all().await
    }

    /// Ends the global pause.
    ///
    /// # Errors
    /// As `api::Service::resume_all`.
    pub async fn resume_all(&self) -> Result<GlobalPauseAnswer, ApiError> {
        self.inner.service.resume_all().await
    }

    /// Whether all batches are paused.
    ///
    /// # Errors
    /// When the storage fails.
    pub async fn is_all_paused(&self) -> Result<bool, ApiError> {
        Ok(self.inner.service.refresh_global_pause().await?.is_some())
    }

    /// What happened to a batch apart from its executions.
    ///
    /// # Errors
    /// As `api::Service::log`.
    pub async fn log(&self, batch_id: &str) -> Result<BatchLog, ApiError> {
        self.inner.service.log(batch_id).await
    }

    /// A batch's report: an object, or CSV as text for `format: "csv"`.
    ///
    /// # Errors
    /// As `api::Service::report`.
    pub async fn report(&self, batch_id: &str, query: &Value) -> Result<Value, ApiError> {
        self.inner.service.report(batch_id, query).await
    }

    /// Whether the user allows an effect outside the page.
    ///
    /// # Errors
    /// When the storage fails.
    pub async fn is_allowed(&self, preference: Preference) -> Result<bool, ApiError> {
        Ok(preferences::is_allowed(&self.inner.database, preference).await?)
    }

    /// Allows or forbids it. For the page's own switches only: scripts cannot grant themselves a permission.
    ///
    /// # Errors
    /// When the storage fails.
    pub async fn allow(&self, preference: Preference, allowed: bool) -> Result<(), ApiError> {
        Ok(preferences::allow(&self.inner.database, preference, allowed).await?)
    }

    /// The user's own workflows; `query` is an object or null.
    ///
    /// # Errors
    /// As `api::Service::list_workflows`.
    pub async fn list_workflows(&self, query: &Value) -> Result<WorkflowList, ApiError> {
        self.inner.service.list_workflows(query).await
    }

    /// One of them, with its draft or the version that `query` requests.
    ///
    /// # Errors
    /// As `api::Service::workflow`.
    pub async fn workflow(&self, workflow_id: &str, query: &Value) -> Result<WorkflowAnswer, ApiError> {
        self.inner.service.workflow(workflow_id, query).await
    }

    /// Stores a document as a draft; `options` may contain its `workflowId`.
    ///
    /// # Errors
    /// As `api::Service::save_workflow`.
    pub async fn save_workflow(&self, document: &Value, options: &Value) -> Result<WorkflowAnswer, ApiError> {
        self.inner.service.save_workflow(document, options).await
    }

    /// Freezes the draft as a version that may be run by the workflow's id.
    ///
    /// # Errors
    /// As `api::Service::publish_workflow`.
    pub async fn publish_workflow(&self, workflow_id: &str) -> Result<WorkflowAnswer, ApiError> {
        self.inner.service.publish_workflow(workflow_id).await
    }

    /// Turns a published workflow back into a draft.
    ///
    /// # Errors
    /// As `api::Service::unpublish_workflow`.
    pub async fn unpublish_workflow(&self, workflow_id: &str) -> Result<WorkflowAnswer, ApiError> {
        self.inner.service.unpublish_workflow(workflow_id).await
    }

    /// A new draft with the same content; `options` may contain its name.
    ///
    /// # Errors
    /// As `api::Service::duplicate_workflow`.
    pub async fn duplicate_workflow(&self, workflow_id: &str, options: &Value) -> Result<WorkflowAnswer, ApiError> {
        self.inner.service.duplicate_workflow(workflow_id, options).await
    }

    /// Removes a workflow with its versions.
    ///
    /// # Errors
    /// As `api::Service::delete_workflow`.
    pub async fn delete_workflow(&self, workflow_id: &str) -> Result<WorkflowDeleted, ApiError> {
        self.inner.service.delete_workflow(workflow_id).await
    }

    /// The document of a workflow, or of a version, for another browser or program.
    ///
    /// # Errors
    /// As `api::Service::export_workflow`.
    pub async fn export_workflow(&self, workflow_id: &str, query: &Value) -> Result<Value, ApiError> {
        self.inner.service.export_workflow(workflow_id, query).await
    }

    /// Stores a document as a new draft.
    ///
    /// # Errors
    /// As `api::Service::import_workflow`.
    pub async fn import_workflow(&self, document: &Value) -> Result<WorkflowAnswer, ApiError> {
        self.inner.service.import_workflow(document).await
    }

    /// The content at an `asset:` URL (or of an asset id), as it was stored.
    ///
    /// # Errors
    /// 404 when it is not stored, 500 when it is damaged or the storage fails. Executions with damaged results fail
    /// then, so that a retry regenerates them.
    pub async fn read_asset(&self, url: &str) -> Result<Blob, ApiError> {
        let asset_id = url.strip_prefix("asset:").unwrap_or(url);
        let database = &self.inner.database;
        let why = match verify::read(database, asset_id).await? {
            Found::Sound(blob, _) => {
                self.inner.damaged.borrow_mut().remove(asset_id);
                return Ok(blob);
            }
            Found::Damaged(why) => why,
            Found::TooLarge(why) => return Err(ApiError::internal(verify::too_large(url, &why))),
            Found::Nothing => "its content is missing".to_owned(),
        };
        let record = database.asset(asset_id).await?;
        // The executions that produced it are searched for only once.
        let failed = if self.inner.damaged.borrow_mut().insert(asset_id.to_owned()) {
            self.inner.service.note_damaged(&BTreeSet::from([asset_id.to_owned()])).await?
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
    pub async fn verify(&self, batch_id: &str) -> Result<VerifyAnswer, ApiError> {
        let Inner { database, service, .. } = &*self.inner;
        let (mut checked, mut bad, mut from) = (0, BTreeSet::new(), 0);
        while let Some(executions) = service.next_successes(batch_id, &mut from).await? {
            checked += executions.len() as u32;
            for output in executions.into_iter().flat_map(|execution| execution.outputs) {
                match verify::read(database, &output.sha256).await? {
                    Found::Sound(..) => {}
                    Found::Damaged(_) | Found::Nothing => {
                        bad.insert(output.sha256);
                    }
                    Found::TooLarge(why) => return Err(ApiError::internal(verify::too_large(&output.name, &why))),
                }
            }
        }
        let mut damaged = service.note_damaged(&bad).await?;
        let own = format!("{batch_id}_exec-");
        damaged.retain(|id| id.starts_with(&own));
        Ok(VerifyAnswer { batch_id: batch_id.to_owned(), checked, damaged })
    }

    /// The catalog, as the contract describes an entry.
    pub fn list_actions(&self) -> Vec<ActionDescriptor> {
        crate::api::catalog()
    }

    /// Everything that is wrong with a workflow document.
    pub fn validate(&self, document: &Value) -> Vec<Diagnostic> {
        self.inner.service.validate_workflow(document)
    }

    /// A page of a batch's execution records, for the page's own views.
    ///
    /// # Errors
    /// When the storage fails.
    pub async fn execution_records(
        &self,
        batch_id: &str,
        status: Option<ExecutionStatus>,
        offset: u32,
        limit: u32,
    ) -> Result<ExecutionPage, ApiError> {
        Ok(self.inner.database.executions(batch_id, status, offset, limit).await?)
    }

    /// A page of a batch's execution records with doubts about their results.
    ///
    /// # Errors
    /// When the storage fails.
    pub async fn doubtful_records(&self, batch_id: &str, offset: u32, limit: u32) -> Result<ExecutionPage, ApiError> {
        Ok(self.inner.database.doubtful_executions(batch_id, offset, limit).await?)
    }

    /// A batch's progress record.
    ///
    /// # Errors
    /// When the storage fails.
    pub async fn progress(&self, batch_id: &str) -> Result<Option<Progress>, ApiError> {
        Ok(self.inner.database.progress(batch_id).await?)
    }

    /// Every batch's progress record, newest first.
    ///
    /// # Errors
    /// When the storage fails.
    pub async fn all_progress(&self) -> Result<Vec<Progress>, ApiError> {
        Ok(self.inner.database.all_progress().await?)
    }

    /// A batch's progress as the contract's status without id lists, with its timing.
    pub fn summary(&self, progress: &Progress) -> BatchSummary {
        self.inner.service.status_event(progress)
    }

    /// Calls `callback` for every event until the subscription is dropped.
    pub fn subscribe(&self, callback: impl Fn(&ClientEvent) + 'static) -> EventSubscription {
        let callback: EventCallback = Rc::new(callback);
        let shared = &self.inner.shared;
        let subscription = {
            let callback = callback.clone();
            shared.exchange.subscribe(move |message| {
                callback(&match message.clone() {
                    Message::Progress(progress) => ClientEvent::Progress(progress),
                    Message::ExecutionCompleted(execution) => ClientEvent::ExecutionCompleted(execution),
                    Message::BatchCompleted(progress) => ClientEvent::BatchCompleted(progress),
                    Message::Notice(
                        Notice::Created { batch_id } | Notice::Changed { batch_id } | Notice::Deleted { batch_id },
                    ) => ClientEvent::BatchChanged(batch_id),
                    Message::Notice(Notice::Workflows) => ClientEvent::WorkflowsChanged,
                    Message::Notice(Notice::GlobalPause) => ClientEvent::GlobalPauseChanged,
                    Message::Models => ClientEvent::Models,
                    Message::Slept(ms) => ClientEvent::Slept(ms),
                });
            })
        };
        let number = shared.next.get();
        shared.next.set(number + 1);
        shared.state_callbacks.borrow_mut().push((number, callback));
        EventSubscription { _ends: (subscription, StateSubscription { shared: Rc::downgrade(shared), number }) }
    }

    /// An object URL of a stored picture, for `<img src>`. Cached: the same asset gives the same URL; old URLs are
    /// revoked when many newer ones were requested.
    ///
    /// # Errors
    /// As [`Client::read_asset`].
    pub async fn thumbnail_url(&self, asset_id: &str) -> Result<String, ApiError> {
        let asset_id = asset_id.strip_prefix("asset:").unwrap_or(asset_id);
        if let Some(url) = self.kept_url(asset_id) {
            return Ok(url);
        }
        let blob = self.read_asset(asset_id).await?;
        // Another caller may have requested it meanwhile.
        if let Some(url) = self.kept_url(asset_id) {
            return Ok(url);
        }
        let url =
            web_sys::Url::create_object_url_with_blob(&blob).map_err(|error| ApiError::internal(describe(&error)))?;
        let mut urls = self.inner.urls.borrow_mut();
        urls.push_back((asset_id.to_owned(), url.clone()));
        if urls.len() > KEPT_URLS
            && let Some((_, old)) = urls.pop_front()
        {
            let _unknown_is_fine = web_sys::Url::revoke_object_url(&old);
        }
        Ok(url)
    }

    fn kept_url(&self, asset_id: &str) -> Option<String> {
        let mut urls = self.inner.urls.borrow_mut();
        let position = urls.iter().rposition(|(id, _)| id == asset_id)?;
        let kept = urls.remove(position)?;
        let url = kept.1.clone();
        urls.push_back(kept);
        Some(url)
    }

    /// The models that `remove-background` can use: the built-in one first, then the user's own by name.
    ///
    /// # Errors
    /// When the storage fails.
    pub async fn models(&self) -> Result<Vec<ModelAnswer>, ApiError> {
        let own = self.inner.database.models().await?;
        Ok(std::iter::once(ModelAnswer::built_in()).chain(own.into_iter().map(ModelAnswer::from)).collect())
    }

    /// Adds a model of the U²-Net family from its ONNX file, after loading and running it once in a worker of its own.
    /// Without a name it takes the file's name.
    ///
    /// # Errors
    /// 400 when the name is taken or invalid, or when the model does not run here, with the reason; 500 when it cannot
    /// be stored.
    pub async fn import_model(&self, file: Blob, name: Option<&str>) -> Result<ModelAnswer, ApiError> {
        let file_name = file.dyn_ref::<web_sys::File>().map(web_sys::File::name).unwrap_or_default();
        let name = model_name(name.unwrap_or_else(|| file_name.strip_suffix(".onnx").unwrap_or(&file_name)))?;
        let taken =
            || ApiError::invalid(format!("The name \"{name}\" is taken. Choose another, or delete that model first."));
        if self.models().await?.iter().any(|model| model.name == name) {
            return Err(taken());
        }
        super::probe_model::probe_model(&self.inner.program, &file)
            .await
            .map_err(|failure| ApiError::invalid(format!("{} {}", failure.message, failure.hint)))?;
        ask_to_persist();
        let imported = self.inner.shared.import(vec![file], None).await.map_err(|failure| failure.error)?;
        let asset = imported.into_iter().next().ok_or_else(|| ApiError::internal("The file was not stored."))?;
        let model = ModelRecord { name: name.clone(), asset_id: asset.asset_id, bytes: asset.bytes, created_at: now() };
        if !self.inner.database.add_model(model.clone()).await? {
            return Err(taken());
        }
        self.inner.shared.exchange.broadcast(&Message::Models);
        Ok(model.into())
    }

    /// Removes one of the user's models and its file. Batches that use it fail where they need it.
    ///
    /// # Errors
    /// 400 for the built-in model, 404 when there is none of this name, 500 when the storage fails.
    pub async fn delete_model(&self, name: &str) -> Result<(), ApiError> {
        if name == BUILT_IN.name {
            return Err(ApiError::invalid(format!("\"{name}\" is built in and cannot be deleted.")));
        }
        if !self.inner.database.remove_model(name).await? {
            return Err(ApiError::not_found(format!("There is no model \"{name}\".")));
        }
        self.inner.shared.exchange.broadcast(&Message::Models);
        Ok(())
    }

    /// Everything that is stored as one ZIP (see `archive`): batches with pictures and results, workflows, models.
    ///
    /// # Errors
    /// 400 if the page works from memory, 500 when the storage fails.
    pub async fn export_archive(&self) -> Result<Blob, ApiError> {
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
    pub async fn import_archive(&self, archive: Blob) -> Result<ImportSummary, ApiError> {
        ask_to_persist();
        let ids = |all: Vec<Progress>| all.into_iter().map(|progress| progress.batch_id).collect::<BTreeSet<_>>();
        let before = ids(self.all_progress().await?);
        let summary = match self.run_one_shot(ToWorker::ImportArchive, archive.into()).await? {
            FromPool::Report(FromWorker::ArchiveImported { result }) => result.map_err(ApiError::invalid)?,
            _ => return Err(ApiError::internal("The archive was not imported. Try again.")),
        };
        let exchange = &self.inner.shared.exchange;
        for batch_id in ids(self.all_progress().await?).difference(&before) {
            exchange.broadcast(&Message::Notice(Notice::Changed { batch_id: batch_id.clone() }));
        }
        exchange.broadcast(&Message::Notice(Notice::Workflows));
        exchange.broadcast(&Message::Models);
        Ok(summary)
    }

    /// Unpacks the pictures in a ZIP, unless it is a Pixelmill archive. Returns what the ZIP contains, and the pictures
    /// as a list of `File`.
    ///
    /// # Errors
    /// 400 when it is not a ZIP, 500 when it cannot be read.
    pub async fn unpack(&self, zip: Blob) -> Result<(Contents, Array), ApiError> {
        match one_shot::run(&self.inner.program, ToWorker::Unpack, zip.into(), None).await {
            Ok(FromPool::Unpacked(contents, pictures)) => Ok((contents, pictures)),
            Ok(FromPool::Report(FromWorker::Unpacked { result: Err(why) })) => Err(ApiError::invalid(why)),
            Ok(_) => Err(ApiError::internal("The ZIP was not unpacked. Try again.")),
            Err(why) => Err(ApiError::internal(format!("The ZIP was not unpacked: {why}."))),
        }
    }

    async fn run_one_shot(&self, message: ToWorker, attachment: JsValue) -> Result<FromPool, ApiError> {
        if matches!(self.inner.database, Storage::Memory(_)) {
            return Err(ApiError::invalid(
                "The page works from memory, without archives. Download results one by one or as a ZIP.",
            ));
        }
        let answer = one_shot::run(&self.inner.program, message, attachment, None).await;
        answer.map_err(|why| ApiError::internal(format!("The worker did not finish: {why}. Try again.")))
    }

    /// This tab's role, its workers, and any note for the user.
    pub fn state(&self) -> ClientState {
        self.inner.shared.state.borrow().clone()
    }

    /// A small setting that outlives the page.
    ///
    /// # Errors
    /// When the storage fails.
    pub async fn setting(&self, key: &str) -> Result<Option<String>, ApiError> {
        Ok(self.inner.database.setting(key).await?)
    }

    /// Stores a small setting.
    ///
    /// # Errors
    /// When the storage fails.
    pub async fn set_setting(&self, key: &str, value: &str) -> Result<(), ApiError> {
        Ok(self.inner.database.set_setting(key, value).await?)
    }

    /// The small settings whose keys begin with `prefix`, by key.
    ///
    /// # Errors
    /// When the storage fails.
    pub async fn settings_below(&self, prefix: &str) -> Result<Vec<(String, String)>, ApiError> {
        Ok(self.inner.database.settings_below(prefix).await?)
    }

    /// Stores and removes (for `None`) several small settings, all or none of them; see [`Store::change_settings`].
    ///
    /// # Errors
    /// When the storage fails.
    pub async fn change_settings(&self, changes: Vec<(String, Option<String>)>) -> Result<(), ApiError> {
        Ok(self.inner.database.change_settings(changes).await?)
    }

    /// For each of these assets, whether it is stored.
    ///
    /// # Errors
    /// When the storage fails.
    pub async fn are_stored(&self, asset_ids: &[String]) -> Result<Vec<bool>, ApiError> {
        Ok(self.inner.database.are_stored(asset_ids).await?)
    }

    /// Locks a batch draft for this tab, for as long as the returned lock and the tab live; `None` when another tab
    /// still has it after `patience_ms`.
    pub async fn take_draft(&self, draft_id: &str, patience_ms: u32) -> Option<locks::LockGuard> {
        let name = format!("pixelmill:{}:draft:{draft_id}", base_path(&self.inner.shared.base_url));
        locks::acquire(&name, patience_ms).await
    }

    /// The successful outputs of a batch, or of the pictures in `only`, in one ZIP, ready to download. Damaged results are left out and listed, and
    /// their executions fail, so that a retry regenerates them.
    ///
    /// # Errors
    /// 404 when there are no results, 500 when the storage fails or every result is damaged.
    pub async fn zip(&self, batch_id: &str, only: Option<BTreeSet<u32>>) -> Result<Archive, ApiError> {
        super::files::zip(&self.inner.database, &self.inner.service, batch_id, only.as_ref()).await
    }
}

/// Asks the browser not to evict our storage when the device runs short; it may refuse, and nothing depends on it.
fn ask_to_persist() {
    if let Some(Ok(asked)) = storage_manager().map(|manager| manager.persist()) {
        spawn(async move {
            let _either_way = settled(asked).await;
        });
    }
}
