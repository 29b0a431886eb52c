//! The client: what the page itself and `window.pixelmill` call. Cheap to clone; every call works in every tab. It only
//! passes messages: what they do is decided in the service.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use js_sys::Array;
use serde::de::DeserializeOwned;
use serde_json::Value;
use wasm_bindgen::prelude::*;
use web_sys::Blob;

use super::super::environment::{Installation, OwnFiles, storage_manager, worker_count};
use super::super::interop::{describe, from_js, handover, settled, spawn};
use super::super::locks;
use super::super::program::Program;
use super::lifecycle::{self, Departure};
use super::link::{Answered, Link, OnStored, Refused, Said};
use super::notification;
use super::wake::Wake;
use crate::actions::catalog;
use crate::api::{
    Accepted, ApiError, Asset, BatchList, BatchLog, Cancelled, Deleted, Event, ExecutionList, FileAnswer,
    GlobalPauseAnswer, ModelAnswer, Status, VerifyAnswer, WorkflowAnswer, WorkflowDeleted, WorkflowList,
};
use crate::archive::ImportSummary;
use crate::archive::pictures::Contents;
use crate::batch::records::{Progress, Subset};
use crate::compact::SortedSet;
use crate::names::Names;
use crate::protocol::{Look, Module, Previewed, StopReason};
use crate::service::{
    Call, FromService, Json, Note, Preference, ResultFiles, Setup, State, Stopped, ToService, with_calls,
};
use crate::store::ExecutionPage;
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

impl From<Refused> for ImportFailure {
    fn from(Refused { error, import }: Refused) -> Self {
        let Stopped { imported, reason } =
            import.unwrap_or(Stopped { imported: Vec::new(), reason: StopReason::General });
        Self { error, imported, reason }
    }
}

/// What a subscriber receives.
pub enum Heard<'a> {
    /// Something has changed, perhaps in another tab; with the detail of `window.pixelmill`'s event, if there is one.
    Event(&'a Event, &'a JsValue),
    /// [`Client::state`] has a new answer.
    State,
}

type Callback = Rc<dyn Fn(Heard<'_>)>;

/// Ends the subscription when dropped.
#[must_use = "dropping it ends the subscription"]
pub struct Subscription {
    inner: Weak<Inner>,
    number: u64,
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(inner) = self.inner.upgrade() {
            inner.callbacks.borrow_mut().retain(|(number, _)| *number != self.number);
        }
    }
}

/// The results of a batch, to be downloaded.
#[derive(Clone, Debug)]
pub struct Archive {
    /// The ZIP.
    pub blob: Blob,
    /// Names of results that were damaged or missing and are not in it.
    pub missing: Vec<String>,
}

/// Object URLs kept at once; beyond that, the least recently used one is revoked.
const KEPT_URLS: usize = 600;

struct Inner {
    names: Names,
    /// The address of the page, if the view is the whole page.
    home: Option<String>,
    link: RefCell<Option<Rc<Link>>>,
    state: RefCell<State>,
    was_started: Cell<bool>,
    departure: Departure,
    callbacks: RefCell<Vec<(u64, Callback)>>,
    next: Cell<u64>,
    /// Asset id and object URL, the most recently used one last.
    urls: RefCell<VecDeque<(String, String)>>,
    lifecycle: RefCell<Option<lifecycle::Watch>>,
    wake: RefCell<Option<Rc<Wake>>>,
}

impl Inner {
    /// Whether leaving the tab in good order has to be recorded.
    fn owns(&self) -> bool {
        let state = self.state.borrow();
        state.owns && state.memory.is_none()
    }

    fn tell(&self, message: &ToService) {
        if let Some(link) = &*self.link.borrow() {
            link.tell(message);
        }
    }

    fn set_state(&self, state: State) {
        let owned = self.owns();
        *self.state.borrow_mut() = state;
        match (owned, self.owns()) {
            // Everything that the tab before had in flight is recovered.
            (false, true) => self.departure.forget(),
            // What is in flight ends here with its workers; the next tab must not count that as a crash.
            (true, false) => self.departure.note(),
            _ => {}
        }
        self.report(|| Heard::State);
    }

    fn report<'a>(&self, heard: impl Fn() -> Heard<'a>) {
        // A subscriber may add or drop others.
        let callbacks: Vec<Callback> = self.callbacks.borrow().iter().map(|(_, callback)| callback.clone()).collect();
        for callback in callbacks {
            callback(heard());
        }
    }

    fn heard(&self, message: FromService, value: &JsValue) {
        match message {
            FromService::Event(event) => {
                if let Some(wake) = &*self.wake.borrow() {
                    wake.follow(&event);
                }
                self.report(|| Heard::Event(&event, value));
            }
            FromService::Started(mut state) => {
                // It was started again.
                if self.was_started.replace(true) && state.memory.is_some() {
                    let text = "The service stopped, and with it everything that was kept in memory.".to_owned();
                    state.note = Some(Note { text, reload_helps: false });
                }
                self.set_state(state);
            }
            FromService::State(state) => self.set_state(state),
            FromService::Catalog(text) => {
                if let Err(error) = catalog::install(&text) {
                    web_sys::console::error_1(&error.into());
                }
            }
            FromService::AsksWhenLeft => self.tell(&ToService::Left(self.departure.noted())),
            FromService::Announce { title, body, batch_id } => {
                let address = self.home.as_ref().map(|home| format!("{home}#/batches/{batch_id}"));
                notification::show(&title, &body, &batch_id, address);
            }
            _ => {}
        }
    }
}

/// The only entry point to the product's operations.
#[derive(Clone)]
pub struct Client {
    inner: Rc<Inner>,
}

/// A method for each call whose answer has no files.
macro_rules! methods {
    (
        public { $($(#[$doc:meta])* $name:literal $variant:ident $method:ident { $($field:ident: $type:ty),* } -> $answer:ty;)* }
        private { $($(#[$own_doc:meta])* $own_name:literal $own_variant:ident $own_method:ident { $($own_field:ident: $own_type:ty),* } -> $own_answer:ty;)* }
        with_files { $($files:tt)* }
    ) => {
        impl Client {
            $(
                $(#[$doc])*
                ///
                /// # Errors
                /// Why the service refused it.
                pub async fn $method(&self, $($field: impl Into<$type>),*) -> Result<$answer, ApiError> {
                    self.ask(Call::$variant { $($field: $field.into()),* }).await
                }
            )*
            $(
                $(#[$own_doc])*
                ///
                /// # Errors
                /// Why the service refused it.
                pub async fn $own_method(&self, $($own_field: impl Into<$own_type>),*) -> Result<$own_answer, ApiError> {
                    self.ask(Call::$own_variant { $($own_field: $own_field.into()),* }).await
                }
            )*
        }
    };
}

with_calls!(methods);

impl Client {
    /// Starts the service of an installation.
    ///
    /// `blocked` is called when the storage has to be upgraded while a tab with an older version of the page is open;
    /// this tab starts once that one is closed.
    ///
    /// # Errors
    /// Why the service does not start.
    pub async fn start(installation: Installation, blocked: impl Fn() + 'static) -> Result<Self, ApiError> {
        let names = installation.names();
        let Installation { base_url, files: own_files, database } = installation;
        let files = OwnFiles::new(&base_url, own_files.clone());
        // A database of an embedding page is none of the page's business, and neither are its addresses.
        let home = Installation::of_page().filter(|page| page.base_url == base_url).map(|page| page.base_url);
        let nothing = async { Ok(String::new()) };
        let program = Program::fetch(&files, "service.js", "service_bg.wasm", nothing).await?;
        let setup = Setup {
            base_url,
            database,
            files: own_files,
            workers: wanted_workers(),
            suspended: lifecycle::frozen_before(&names),
        };
        let inner = Rc::new(Inner {
            departure: Departure::of(&names),
            home,
            names,
            link: RefCell::default(),
            state: RefCell::default(),
            was_started: Cell::default(),
            callbacks: RefCell::default(),
            next: Cell::new(0),
            urls: RefCell::default(),
            lifecycle: RefCell::default(),
            wake: RefCell::new(Wake::new()),
        });
        let (started, has_started) = handover();
        let weak = Rc::downgrade(&inner);
        let link = Link::start(program, setup, move |said| {
            let Some(inner) = weak.upgrade() else { return };
            match said {
                Said::Message(FromService::Blocked, _) => blocked(),
                Said::Message(message, value) => {
                    let is_start = matches!(message, FromService::Started(_));
                    inner.heard(message, &value);
                    if is_start {
                        started.send(Ok(()));
                    }
                }
                Said::Over(error) => {
                    let note = Note { text: error.message.clone(), reload_helps: true };
                    started.send(Err(error));
                    let state = State { note: Some(note), ..State::default() };
                    inner.set_state(state);
                }
            }
        });
        *inner.link.borrow_mut() = Some(link);
        has_started.await.unwrap_or_else(|| Err(ApiError::internal("The page is closing.")))?;
        let (owns, woken) = (Rc::downgrade(&inner), Rc::downgrade(&inner));
        let watch = lifecycle::watch(
            inner.departure.clone(),
            move || owns.upgrade().is_some_and(|inner| inner.owns()),
            move |since| {
                if let Some(inner) = woken.upgrade() {
                    inner.tell(&ToService::Woken(since));
                }
            },
        );
        *inner.lifecycle.borrow_mut() = Some(watch);
        Ok(Self { inner })
    }

    /// The client as JavaScript sees it, as `window.pixelmill` on the page.
    pub fn for_javascript(&self) -> JsValue {
        super::javascript::object(self)
    }

    /// Stops the service and its workers. Calls under way are refused; what was in flight is taken up by the next one.
    pub fn close(&self) {
        if self.inner.owns() {
            self.inner.departure.note();
        }
        self.inner.lifecycle.take();
        if let Some(wake) = self.inner.wake.take() {
            wake.stop();
        }
        if let Some(link) = self.inner.link.take() {
            link.end(ApiError::internal("The view was closed."));
        }
        for (_, url) in self.inner.urls.take() {
            let _unknown_is_fine = web_sys::Url::revoke_object_url(&url);
        }
    }

    /// Requests an operation.
    async fn ask<T: DeserializeOwned>(&self, call: Call) -> Result<T, ApiError> {
        let (value, _) = self.request(call, &JsValue::UNDEFINED, None).await.map_err(|refused| refused.error)?;
        read(&value)
    }

    /// The document of one of the user's workflows, as `workflow` answers it beside everything else about it.
    ///
    /// # Errors
    /// Why the service refused it.
    pub async fn workflow_document(&self, workflow_id: &str, query: &Value) -> Result<Value, ApiError> {
        #[derive(serde::Deserialize)]
        struct Document {
            workflow: Value,
        }
        let call = Call::GetWorkflow { workflow_id: workflow_id.to_owned(), query: query.into() };
        Ok(self.ask::<Document>(call).await?.workflow)
    }

    /// The same with files, as the messages have it.
    fn request(
        &self,
        call: Call,
        files: &JsValue,
        on_stored: Option<OnStored>,
    ) -> impl Future<Output = Answered> + use<> {
        // Posted at once, so that it also works in the page's last moment.
        let link = self.inner.link.borrow().clone();
        let answer = link.map(|link| link.call(call, files, on_stored));
        answered(answer)
    }

    /// A public call by its name, with its parameters as the message has them; its answer as JavaScript has it.
    pub(super) fn request_by_name(&self, call: &JsValue) -> impl Future<Output = Result<JsValue, ApiError>> + use<> {
        let link = self.inner.link.borrow().clone();
        let answer = link.map(|link| link.call_by_name(call, &JsValue::UNDEFINED, None));
        async move { answered(answer).await.map(|(value, _)| value).map_err(|refused| refused.error) }
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
        let call = Call::ImportAssets { report: on_stored.is_some() };
        let files: Array = files.iter().collect();
        let (value, _) = self.request(call, &files, on_stored).await?;
        read(&value).map_err(|error| Refused { error, import: None }.into())
    }

    /// Adds a model of the U²-Net family from its ONNX file, after loading and running it once in a worker of its own.
    /// Without a name it takes the file's name.
    ///
    /// # Errors
    /// 400 when the name is taken or invalid, or when the model does not run here, with the reason; 500 when it cannot
    /// be stored.
    pub async fn import_model(&self, file: Blob, name: Option<&str>) -> Result<ModelAnswer, ApiError> {
        ask_to_persist();
        let call = Call::ImportModel { name: name.map(str::to_owned) };
        let (value, _) = self.request(call, &file, None).await.map_err(|refused| refused.error)?;
        read(&value)
    }

    /// Adds a file for actions to use, after reading it once in a worker of its own. `options` are the contract's: `kind`
    /// and perhaps `name`.
    ///
    /// # Errors
    /// 400 when the name is taken or invalid, or when the file cannot be used, with the reason; 500 when it cannot be
    /// stored.
    pub async fn import_file(&self, file: Blob, options: impl Into<Json>) -> Result<FileAnswer, ApiError> {
        ask_to_persist();
        let call = Call::ImportFile { options: options.into() };
        let (value, _) = self.request(call, &file, None).await.map_err(|refused| refused.error)?;
        read(&value)
    }

    /// Everything that is stored as one ZIP (see `archive`): batches with pictures and results, workflows, models.
    ///
    /// # Errors
    /// 400 if the page works from memory, 500 when the storage fails.
    pub async fn export_archive(&self) -> Result<Blob, ApiError> {
        let answered = self.request(Call::ExportArchive {}, &JsValue::UNDEFINED, None).await;
        answered.map(|(_, archive)| archive.unchecked_into()).map_err(|refused| refused.error)
    }

    /// Imports whatever an archive contains and this browser does not have. Damaged parts are skipped and reported.
    ///
    /// # Errors
    /// 400 when it is not a Pixelmill archive or the page works from memory, 500 when the storage fails.
    pub async fn import_archive(&self, archive: Blob) -> Result<ImportSummary, ApiError> {
        ask_to_persist();
        let answered = self.request(Call::ImportArchive {}, &archive, None).await;
        read(&answered.map_err(|refused| refused.error)?.0)
    }

    /// Unpacks the pictures in a ZIP, unless it is a Pixelmill archive. Returns what the ZIP contains, and the pictures
    /// as a list of `File`.
    ///
    /// # Errors
    /// 400 when it is not a ZIP, 500 when it cannot be read.
    pub async fn unpack(&self, zip: Blob) -> Result<(Contents, Array), ApiError> {
        let answered = self.request(Call::Unpack {}, &zip, None).await;
        let (contents, pictures) = answered.map_err(|refused| refused.error)?;
        Ok((read(&contents)?, pictures.unchecked_into()))
    }

    /// Renders the first picture of a document without storing anything; the results' files come in the order of the
    /// outputs, in formats that browsers show, and then that of the picture if they do not show its own.
    ///
    /// # Errors
    /// When a newer preview was requested, or the worker could not render it.
    pub async fn preview(&self, document: Value, look: Look) -> Result<(Previewed, Vec<Blob>), ApiError> {
        let answered = self.request(Call::Preview { document: Json(document), look }, &JsValue::UNDEFINED, None).await;
        let (previewed, files) = answered.map_err(|refused| refused.error)?;
        let files = if Array::is_array(&files) { Array::from(&files) } else { Array::new() };
        Ok((read(&previewed)?, files.iter().map(JsCast::unchecked_into).collect()))
    }

    /// The content at an `asset:` URL (or of an asset id), as it was stored.
    ///
    /// # Errors
    /// 404 when it is not stored, 500 when it is damaged or the storage fails. Executions with damaged results fail
    /// then, so that a retry regenerates them.
    pub async fn read_asset(&self, url: &str) -> Result<Blob, ApiError> {
        let answered = self.request(Call::ReadAsset { url: url.to_owned() }, &JsValue::UNDEFINED, None).await;
        answered.map(|(_, content)| content.unchecked_into()).map_err(|refused| refused.error)
    }

    /// The successful outputs of a batch, or of the pictures in `only`, in one ZIP, ready to download. Damaged results
    /// are left out and listed, and their executions fail, so that a retry regenerates them.
    ///
    /// # Errors
    /// 404 when there are no results, 500 when the storage fails or every result is damaged.
    pub async fn zip(&self, batch_id: &str, only: Option<SortedSet<u32>>) -> Result<Archive, ApiError> {
        let call = Call::Zip { batch_id: batch_id.to_owned(), only };
        let (missing, archive) =
            self.request(call, &JsValue::UNDEFINED, None).await.map_err(|refused| refused.error)?;
        Ok(Archive { blob: archive.unchecked_into(), missing: read(&missing)? })
    }

    /// The same as single files, each with its path: in the folder that its picture came from, under a name that is safe
    /// in any file system.
    ///
    /// # Errors
    /// Those of [`Self::zip`].
    pub async fn files(
        &self,
        batch_id: &str,
        only: Option<SortedSet<u32>>,
    ) -> Result<(ResultFiles, Vec<Blob>), ApiError> {
        let call = Call::Files { batch_id: batch_id.to_owned(), only };
        let (found, contents) = self.request(call, &JsValue::UNDEFINED, None).await.map_err(|refused| refused.error)?;
        Ok((read(&found)?, Array::from(&contents).iter().map(JsCast::unchecked_into).collect()))
    }

    /// Calls `callback` for everything that changes until the subscription is dropped.
    pub fn subscribe(&self, callback: impl Fn(Heard<'_>) + 'static) -> Subscription {
        let number = self.inner.next.get();
        self.inner.next.set(number + 1);
        self.inner.callbacks.borrow_mut().push((number, Rc::new(callback)));
        Subscription { inner: Rc::downgrade(&self.inner), number }
    }

    /// This tab's role, its workers, and any note for the user.
    pub fn state(&self) -> State {
        self.inner.state.borrow().clone()
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

    /// Locks a batch draft for this tab, for as long as the returned lock and the tab live; `None` when another tab
    /// still has it after `patience_ms`.
    pub async fn take_draft(&self, draft_id: &str, patience_ms: u32) -> Option<locks::LockGuard> {
        locks::acquire(&self.inner.names.draft(draft_id), patience_ms).await
    }
}

async fn answered(answer: Option<super::super::interop::Receiver<Answered>>) -> Answered {
    let stopped = || Refused { error: ApiError::internal("The service was stopped."), import: None };
    match answer {
        Some(answer) => answer.await.unwrap_or_else(|| Err(stopped())),
        None => Err(stopped()),
    }
}

fn read<T: DeserializeOwned>(value: &JsValue) -> Result<T, ApiError> {
    from_js(value).map_err(|error| ApiError::internal(format!("The service's answer was not understood: {error}.")))
}

/// How many workers this tab's service gets.
pub fn workers() -> u32 {
    worker_count(wanted_workers())
}

/// How many workers the user wants: `pixelmill.workers` in the local storage.
fn wanted_workers() -> Option<u32> {
    let storage = web_sys::window()?.local_storage().ok().flatten()?;
    storage.get_item("pixelmill.workers").ok().flatten()?.trim().parse().ok()
}

/// Asks the browser not to evict our storage when the device runs short; it may refuse, and nothing depends on it.
fn ask_to_persist() {
    if let Some(Ok(asked)) = storage_manager().map(|manager| manager.persist()) {
        spawn(async move {
            let _either_way = settled(asked).await;
        });
    }
}
