//! The view as an element in somebody else's page. `src/embed/element.js` is the element; it calls [`mount`] with the
//! parts that the view is shown in, and is told what happens through one function.

use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

use gloo_timers::future::TimeoutFuture;
use js_sys::{Array, Function, Promise};
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde::Deserialize;
use serde_json::{Value, json};
use wasm_bindgen::prelude::*;
use web_sys::{File, HtmlElement, ShadowRoot};

use super::App;
use super::live::Live;
use super::new::draft::{Draft, OWN, PRIMARY};
use super::new::library::Library;
use super::services::{Heard, Services, Source, UiError};
use super::stage::Frame;
use super::theme::Choice;
use crate::api::Event;
use crate::browser::environment::Installation;
use crate::browser::interop::{from_js, to_js};
use crate::compact::SortedMap;
use crate::workflow::builtin;

mod compact;

pub(crate) use compact::Compact;

/// What of the view an element shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Layout {
    /// All of it.
    #[default]
    Full,
    /// A place to drop pictures; the workflow is the one that the page around it has chosen.
    Drop,
    /// How far the current batch is.
    Progress,
    /// The results of the current batch.
    Results,
}

/// The element's attributes and properties.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Settings {
    layout: Layout,
    /// `auto`, `light` or `dark`.
    theme: String,
    /// The id of a workflow, or a document.
    workflow: Value,
    /// As a file input's `accept`.
    accept: Option<String>,
    max_files: Option<u32>,
    concurrency: Option<u32>,
    /// Whether a batch starts as soon as pictures have been added.
    autostart: bool,
}

/// What the element says once, when it mounts the view.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Mounting {
    base_url: String,
    files: SortedMap<String, String>,
    database: Option<String>,
    /// Distinguishes it from other elements in the page.
    slot: String,
}

/// What the page around the element is told. The names are the element's events without their prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// The view accepts calls; with the client.
    Started,
    /// It cannot start: why.
    Failed,
    FilesAdded,
    Progress,
    ExecutionCompleted,
    BatchCompleted,
    /// A batch of the element has been started.
    BatchStarted,
    /// Something that the user is told too has failed.
    Error,
    /// The user asks to start the view again.
    Restart,
}

impl Told {
    const fn name(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Failed => "failed",
            Self::FilesAdded => "filesadded",
            Self::Progress => "progress",
            Self::ExecutionCompleted => "executioncompleted",
            Self::BatchCompleted => "batchcompleted",
            Self::BatchStarted => "batchstarted",
            Self::Error => "error",
            Self::Restart => "restart",
        }
    }
}

/// An event of a batch, until it is known whether the element has started that batch.
struct Early {
    batch_id: String,
    told: Told,
    detail: JsValue,
}

/// How the view is embedded.
#[derive(Clone, Copy)]
pub(crate) struct Embedding {
    settings: RwSignal<Settings>,
    slot: StoredValue<String>,
    tell: StoredValue<Function, LocalStorage>,
    draft: StoredValue<Option<Draft>, LocalStorage>,
    /// The batches that the element has started; the last one is the current one.
    own: RwSignal<Vec<String>>,
    /// Batches that are being started.
    starting: StoredValue<u32>,
    early: StoredValue<Vec<Early>, LocalStorage>,
}

impl Embedding {
    fn new(settings: Settings, slot: String, tell: Function) -> Self {
        Self {
            settings: RwSignal::new(settings),
            slot: StoredValue::new(slot),
            tell: StoredValue::new_local(tell),
            draft: StoredValue::new_local(None),
            own: RwSignal::new(Vec::new()),
            starting: StoredValue::new(0),
            early: StoredValue::new_local(Vec::new()),
        }
    }

    /// What of the view is shown, tracked.
    pub(crate) fn layout(self) -> Layout {
        self.settings.with(|settings| settings.layout)
    }

    /// The theme that the page around has chosen, tracked.
    pub(crate) fn theme(self) -> Choice {
        self.settings.with(|settings| Choice::of(&settings.theme))
    }

    /// The file types that pictures are limited to, if they are, tracked.
    pub(crate) fn accept(self) -> Option<String> {
        self.settings.with(|settings| settings.accept.clone())
    }

    /// How many pictures a batch may have, if that is limited, tracked.
    pub(crate) fn max_files(self) -> Option<u32> {
        self.settings.with(|settings| settings.max_files)
    }

    /// The concurrency that the page around has chosen, tracked.
    pub(crate) fn concurrency(self) -> Option<u32> {
        self.settings.with(|settings| settings.concurrency)
    }

    /// What distinguishes the element from others in the page.
    pub(crate) fn slot(self) -> String {
        self.slot.get_value()
    }

    /// The current batch: the one that the element started last, or the newest one here; tracked.
    pub(crate) fn current(self, live: Live) -> Option<String> {
        let own = self.own.with(|own| own.last().cloned());
        own.or_else(|| live.with(|all| all.and_then(<[_]>::first).map(|batch| batch.batch_id.clone())))
    }

    fn tell(self, told: Told, detail: &JsValue) {
        if let Some(tell) = self.tell.try_get_value() {
            let _its_own_matter = tell.call2(&JsValue::NULL, &told.name().into(), detail);
        }
    }

    /// Tells the page around that something has failed.
    pub(crate) fn tell_error(self, text: &str, hint: &str) {
        if let Ok(detail) = to_js(&json!({ "message": text, "hint": hint })) {
            self.tell(Told::Error, &detail);
        }
    }

    /// Hands over the client, or says why there is none.
    pub(crate) fn tell_start(self, outcome: Result<&JsValue, &UiError>) {
        match outcome {
            Ok(client) => self.tell(Told::Started, client),
            Err(UiError { text, hint }) => {
                if let Ok(detail) = to_js(&json!({ "message": text, "hint": hint })) {
                    self.tell(Told::Failed, &detail);
                }
            }
        }
    }

    /// Asks the element to mount the view again.
    pub(crate) fn restart(self) {
        self.tell(Told::Restart, &JsValue::UNDEFINED);
    }

    /// A batch is being started.
    pub(crate) fn note_start(self) {
        self.starting.update_value(|starting| *starting += 1);
    }

    /// It has been started, or could not be.
    pub(crate) fn note_started(self, batch_id: Option<&str>) {
        self.starting.update_value(|starting| *starting -= 1);
        if let Some(batch_id) = batch_id {
            self.own.update(|own| own.push(batch_id.to_owned()));
            if let Ok(detail) = to_js(&json!({ "batchId": batch_id })) {
                self.tell(Told::BatchStarted, &detail);
            }
        }
        let is_over = self.starting.get_value() == 0;
        let early = self.early.try_update_value(|early| {
            let (own, others) = early.drain(..).partition(|one| Some(&*one.batch_id) == batch_id);
            *early = if is_over { Vec::new() } else { others };
            own
        });
        let early: Vec<Early> = early.unwrap_or_default();
        early.into_iter().for_each(|one| self.tell(one.told, &one.detail));
    }

    /// Passes on what happens to the batches that the element has started.
    fn forward(self, services: Services) {
        services.on_change(move |heard| {
            let Heard::Event(event, detail) = heard else { return };
            let (told, batch_id) = match event {
                Event::Progress(progress) => (Told::Progress, &progress.batch_id),
                Event::ExecutionCompleted(execution) => (Told::ExecutionCompleted, &execution.batch_id),
                Event::BatchCompleted(progress) => (Told::BatchCompleted, &progress.batch_id),
                _ => return,
            };
            if self.own.with_untracked(|own| own.contains(batch_id)) {
                self.tell(told, detail);
            } else if self.starting.get_value() > 0 {
                let early = Early { batch_id: batch_id.clone(), told, detail: detail.clone() };
                self.early.update_value(|all| all.push(early));
            }
        });
    }

    /// Follows the draft: the chosen workflow, and pictures that have been added.
    fn follow(self, draft: Draft, library: Library) {
        self.draft.set_value(Some(draft));
        let workflow = Memo::new(move |_| self.settings.with(|settings| settings.workflow.clone()));
        Effect::new(move || {
            // What is restored first must not replace it.
            if !draft.is_restoring() {
                self.choose(draft, library, workflow.get());
            }
        });
        let is_importing = Memo::new(move |_| draft.importing().is_some());
        Effect::new(move |before: Option<bool>| {
            let now = is_importing.get();
            if before == Some(true) && !now {
                let (count, bytes) = untrack(|| draft.primary_totals());
                if let Ok(detail) = to_js(&json!({ "count": count, "bytes": bytes })) {
                    self.tell(Told::FilesAdded, &detail);
                }
                if count > 0 && self.settings.with_untracked(|settings| settings.autostart) {
                    draft.run();
                }
            }
            now
        });
    }

    fn choose(self, draft: Draft, library: Library, workflow: Value) {
        match workflow {
            Value::Null => {}
            Value::String(id) if builtin::is_builtin(&id) => draft.choose(&id),
            Value::String(id) => library.choose(id),
            document => {
                let text = serde_json::to_string_pretty(&document).unwrap_or_default();
                if untrack(|| draft.choice()) != OWN || untrack(|| draft.own_text()) != text {
                    draft.set_own_text(text);
                }
            }
        }
    }
}

/// Follows what the views share, once they exist.
pub(crate) fn connect(embedding: Embedding) {
    embedding.forward(expect_context());
    embedding.follow(expect_context(), expect_context());
}

/// What the element holds of the view while it is mounted.
struct Mounted {
    embedding: Embedding,
    services: Services,
    /// Unmounts the view when dropped.
    _view: Box<dyn Any>,
}

/// A mounted view.
#[wasm_bindgen]
#[derive(Clone)]
pub struct View {
    mounted: Rc<RefCell<Option<Mounted>>>,
}

impl std::fmt::Debug for View {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("View").finish_non_exhaustive()
    }
}

/// Mounts the view. `scroller` is inside `outer`, which is inside the element's `root`; `mounting` says which
/// installation runs, `settings` has the element's attributes, and `tell(name, detail)` is called with what happens.
///
/// # Errors
/// When the arguments cannot be read.
#[wasm_bindgen]
pub fn mount(
    root: ShadowRoot,
    outer: HtmlElement,
    scroller: HtmlElement,
    mounting: JsValue,
    settings: JsValue,
    tell: Function,
) -> Result<View, JsValue> {
    let Mounting { base_url, files, database, slot } = from_js(&mounting)?;
    let settings = from_js(&settings)?;
    let installation = Installation { base_url, files, database };
    let parts = Rc::new(RefCell::new(None));
    let made = parts.clone();
    let frame = Frame { root, outer, scroller: scroller.clone() };
    let view = mount_to(scroller, move || {
        let embedding = Embedding::new(settings, slot, tell);
        let on_start = move |services: Services| *made.borrow_mut() = Some((embedding, services));
        App(super::AppProps { installation, element: Some((frame, embedding)), on_start: Box::new(on_start) })
    });
    let mounted = parts.take().map(|(embedding, services)| Mounted { embedding, services, _view: Box::new(view) });
    Ok(View { mounted: Rc::new(RefCell::new(mounted)) })
}

/// How long the view outlives its service, so that what waits for answers ends first; in milliseconds.
const UNMOUNT_MS: u32 = 50;

#[wasm_bindgen]
impl View {
    /// Changes the settings.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn configure(&self, settings: JsValue) -> Result<(), JsValue> {
        let settings = from_js::<Settings>(&settings)?;
        if let Some(Mounted { embedding, .. }) = &*self.mounted.borrow()
            && embedding.settings.with_untracked(|before| *before != settings)
        {
            embedding.settings.set(settings);
        }
        Ok(())
    }

    /// Adds pictures; resolves once they are stored. The view must have started.
    #[wasm_bindgen(js_name = addFiles)]
    pub fn add_files(&self, files: Array) -> Promise {
        let view = self.clone();
        wasm_bindgen_futures::future_to_promise(async move {
            let draft = view.draft().await?;
            let files: Vec<File> = files.iter().map(JsCast::unchecked_into).collect();
            draft.add_now(PRIMARY, Source::Files(files)).await;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// Runs the workflow over the pictures; resolves with the batch's id once it has been accepted. The view must have
    /// started.
    pub fn run(&self) -> Promise {
        let view = self.clone();
        wasm_bindgen_futures::future_to_promise(async move {
            let draft = view.draft().await?;
            draft.start().await.map(JsValue::from).map_err(|UiError { text, hint }| {
                to_js(&json!({ "message": text, "hint": hint })).unwrap_or_else(|error| error)
            })
        })
    }

    /// Stops everything that it started, and removes the view. Batches that run go on when one of their installation's
    /// pages is open again.
    pub fn close(&self) {
        let Some(mounted) = self.mounted.borrow_mut().take() else { return };
        mounted.services.close();
        spawn_local(async move {
            TimeoutFuture::new(UNMOUNT_MS).await;
            drop(mounted);
        });
    }
}

impl View {
    /// The draft, once it has been restored.
    async fn draft(&self) -> Result<Draft, JsValue> {
        loop {
            let closed = || JsValue::from_str("The view is closed.");
            let embedding = self.mounted.borrow().as_ref().map(|mounted| mounted.embedding).ok_or_else(closed)?;
            if let Some(draft) = embedding.draft.try_get_value().flatten()
                && !untrack(|| draft.is_restoring())
            {
                return Ok(draft);
            }
            TimeoutFuture::new(20).await;
        }
    }
}
