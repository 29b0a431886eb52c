//! The parts of the page: code that its first view does not need is in files of its own, which `cargo xtask build` splits
//! off the program. They are fetched once the first view is there, or earlier if one is needed.
//!
//! A part is entered through the functions that it returns. What only these functions reach is in the part's file.

use std::pin::Pin;
use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos::wasm_split::{SplitLoaderError, wasm_split};
use serde_json::Value;
use web_sys::File;

use super::icons::{Icon, Shape};
use super::new::draft::Draft;
use super::new::fields::Edited;
use super::new::library::Library;
use super::new::{dry_run, editors, graph, keep, my_workflows, options, own_json, picked, preview, samples, steps};
use super::services::{Services, Source, UiError, gather};
use super::widgets::ReloadButton;
use super::{ask_name, batches, confirm, offline, preferences, results};
use crate::actions::Action;
use crate::view_model::form::Control;
use crate::view_model::route::Route;
use crate::workflow::{Diagnostic, check};

/// Work that a part does.
pub(crate) type Work<T = ()> = Pin<Box<dyn Future<Output = T>>>;

/// What the views about batches are entered through.
#[derive(Clone, Copy)]
pub(crate) struct Batches {
    /// The view of a route.
    view: fn(Route) -> AnyView,
    /// The progress of a batch.
    progress: fn(String) -> AnyView,
}

#[wasm_split(batches, wasm_split_path = ::leptos::wasm_split, fallible)]
fn enter_batches() -> Result<Batches, SplitLoaderError> {
    Ok(Batches {
        view: |route| match route {
            Route::Batch(batch_id) | Route::Picture(batch_id, _) => view! { <results::Results batch_id/> }.into_any(),
            Route::New | Route::Batches | Route::Api(_) => view! { <batches::Batches/> }.into_any(),
        },
        progress: |batch_id| view! { <results::Progress batch_id/> }.into_any(),
    })
}

/// What is entered by using the view of a new batch: its pictures, what comes of them, dialogs, and the batch's options.
#[derive(Clone, Copy)]
pub(crate) struct Later {
    /// What is wrong with a workflow document.
    pub(crate) check: fn(&Value) -> Vec<Diagnostic>,
    /// The pictures of every input.
    pub(crate) picked: fn() -> AnyView,
    /// The live preview, once there are pictures.
    pub(crate) preview: fn() -> AnyView,
    /// Adds what was given to an input.
    pub(crate) add: fn(Draft, String, Source) -> Work,
    /// The files of the sample pictures.
    pub(crate) samples: fn(Services) -> Work<Result<Vec<File>, UiError>>,
    /// What is missing offline for the chosen workflow.
    pub(crate) module_note: fn() -> AnyView,
    /// Fetches the pictures of the built-in workflows and passes on where they are, as CSS has it.
    pub(crate) gallery: fn(RwSignal<Option<String>>) -> AnyView,
    /// The button and the dialog of a dry run.
    pub(crate) dry_run: fn() -> AnyView,
    /// The options of the batch.
    pub(crate) options: fn() -> AnyView,
    /// The settings' dialog, by whether it is shown.
    pub(crate) preferences: fn(RwSignal<bool>) -> AnyView,
    /// The dialog that asks for confirmation.
    pub(crate) confirm: fn() -> AnyView,
    /// The dialog that asks for a name.
    pub(crate) ask_name: fn() -> AnyView,
}

#[wasm_split(later, wasm_split_path = ::leptos::wasm_split, fallible)]
fn enter_later() -> Result<Later, SplitLoaderError> {
    Ok(Later {
        check: |document| check(document).1,
        picked: || view! { <picked::Picked/> }.into_any(),
        preview: || view! { <preview::Panel/> }.into_any(),
        add: |draft, key, source| {
            Box::pin(async move {
                // A table goes to its input wherever it is dropped.
                let key = untrack(|| draft.input_for(key, source.sole_name()));
                match untrack(|| draft.takes_file(&key)) {
                    true => draft.import_file(key, source.plain().await).await,
                    false => draft.import_selection(key, gather(source).await).await,
                }
            })
        },
        samples: |services| Box::pin(samples::samples(services)),
        module_note: || view! { <offline::ModuleNote/> }.into_any(),
        gallery: |shown| view! { <samples::Gallery shown/> }.into_any(),
        dry_run: || view! { <dry_run::DryRun/> }.into_any(),
        options: || view! { <options::Options/> }.into_any(),
        preferences: |shown| view! { <preferences::PreferencesDialog shown/> }.into_any(),
        confirm: || view! { <confirm::ConfirmDialog/> }.into_any(),
        ask_name: || view! { <ask_name::NameDialog/> }.into_any(),
    })
}

/// What workflows are edited and kept through.
#[derive(Clone, Copy)]
pub(crate) struct Editing {
    /// A control of a parameter, of those that the first view can do without.
    pub(crate) editor: fn(Control, Edited, StoredValue<String>) -> AnyView,
    /// The editor of the user's own workflow.
    pub(crate) own_json: fn() -> AnyView,
    /// The field that searches the built-in workflows.
    pub(crate) workflow_search: fn(RwSignal<String>) -> AnyView,
    /// The user's own workflows, and the buttons that create and import one.
    pub(crate) my_workflows: fn() -> AnyView,
    /// What can be done with a step: its place, its `actionId` and its action.
    pub(crate) step: fn(usize, StoredValue<String>, &'static Action) -> AnyView,
    /// What leads to a step's inputs.
    pub(crate) plugs: fn(usize) -> AnyView,
    /// Adding steps.
    pub(crate) add_step: fn() -> AnyView,
    /// The graph of the chosen workflow, while it is shown.
    pub(crate) graph: fn() -> AnyView,
    /// Keeping and sharing the chosen workflow.
    pub(crate) keep: fn() -> AnyView,
    /// Reads the user's own workflows once.
    pub(crate) read_library: fn(Library) -> Work,
}

#[wasm_split(editing, wasm_split_path = ::leptos::wasm_split, fallible)]
fn enter_editing() -> Result<Editing, SplitLoaderError> {
    Ok(Editing {
        editor: editors::editor,
        own_json: || view! { <own_json::OwnJson/> }.into_any(),
        workflow_search: |search| view! { <samples::WorkflowSearch search/> }.into_any(),
        my_workflows: || view! { <my_workflows::MyWorkflowsSection/> }.into_any(),
        step: |index, action_id, action| view! { <steps::StepMenu index action_id action/> }.into_any(),
        plugs: |index| view! { <steps::Plugs index/> }.into_any(),
        add_step: || view! { <steps::AddStep/> }.into_any(),
        graph: || view! { <steps::GraphIfShown/> }.into_any(),
        keep: || view! { <keep::Keep/> }.into_any(),
        read_library: |library| Box::pin(library.read_once()),
    })
}

/// What the graph of a workflow is entered through.
#[derive(Clone, Copy)]
pub(crate) struct Graph {
    view: fn() -> AnyView,
}

#[wasm_split(graph, wasm_split_path = ::leptos::wasm_split, fallible)]
fn enter_graph() -> Result<Graph, SplitLoaderError> {
    Ok(Graph { view: || view! { <graph::GraphPanel/> }.into_any() })
}

/// A part being fetched.
type Fetch<T> = Pin<Box<dyn Future<Output = Result<T, SplitLoaderError>>>>;

/// Whether a part has been fetched.
#[derive(Clone, Copy)]
enum State<T> {
    /// Not yet.
    Absent,
    /// It is being fetched.
    Fetching,
    /// It can be entered.
    Here(T),
    /// It could not be fetched.
    Failed,
}

/// A part, by what it is entered through.
pub(crate) struct Part<T: 'static> {
    fetch: fn() -> Fetch<T>,
    state: RwSignal<State<T>>,
}

impl<T> Clone for Part<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Part<T> {}

impl<T: Copy + Send + Sync> Part<T> {
    fn new(fetch: fn() -> Fetch<T>) -> Self {
        Self { fetch, state: RwSignal::new(State::Absent) }
    }

    /// Fetches it, unless that is done or being done.
    pub(crate) fn want(self) {
        // An element may have been removed meanwhile.
        if matches!(self.state.try_get_untracked(), Some(State::Absent | State::Failed)) {
            self.state.set(State::Fetching);
            spawn_local(async move {
                let _shown_where_it_is_missing = self.entered().await;
            });
        }
    }

    /// Fetches it in the background: where a view has said that it could not be fetched, its button tries again.
    fn prefetch(self) {
        if matches!(self.state.try_get_untracked(), Some(State::Absent)) {
            self.want();
        }
    }

    /// What it is entered through, if it has been fetched; tracked.
    pub(crate) fn here(self) -> Option<T> {
        match self.state.get() {
            State::Here(entry) => Some(entry),
            State::Absent | State::Fetching | State::Failed => None,
        }
    }

    /// What it is entered through, once it has been fetched.
    ///
    /// # Errors
    /// When it cannot be fetched. Another call tries again.
    pub(crate) async fn entered(self) -> Result<T, UiError> {
        if let Some(State::Here(entry)) = self.state.try_get_untracked() {
            return Ok(entry);
        }
        match (self.fetch)().await {
            Ok(entry) => {
                self.state.try_set(State::Here(entry));
                Ok(entry)
            }
            Err(_) => {
                self.state.try_set(State::Failed);
                Err(UiError::new("A part of the page could not be loaded.", HINT))
            }
        }
    }
}

/// What helps where a part is missing.
const HINT: &str = "Check the connection and try again. If the page was updated in the meantime, reload it.";

/// Time for the first view to be painted before the other parts are fetched.
const FIRST_VIEW: Duration = Duration::from_millis(100);

/// Provides the parts, and fetches at once what the view at the start consists of.
pub(crate) fn provide_parts(start: &Route) {
    let batches = Part::<Batches>::new(|| Box::pin(enter_batches()));
    provide_context(batches);
    provide_context(Part::<Later>::new(|| Box::pin(enter_later())));
    provide_context(Part::<Editing>::new(|| Box::pin(enter_editing())));
    provide_context(Part::<Graph>::new(|| Box::pin(enter_graph())));
    match start {
        Route::New | Route::Api(_) => {}
        Route::Batches | Route::Batch(_) | Route::Picture(..) => batches.want(),
    }
}

/// Fetches all parts in the background, after the first view has been shown.
pub(crate) fn fetch_all() {
    let (batches, later) = (expect_context::<Part<Batches>>(), expect_context::<Part<Later>>());
    let editing = expect_context::<Part<Editing>>();
    set_timeout(
        move || {
            later.prefetch();
            editing.prefetch();
            batches.prefetch();
        },
        FIRST_VIEW,
    );
}

/// The view of a route that is about batches.
#[component]
pub(crate) fn AboutBatches(route: Route) -> impl IntoView {
    of_batches(move |entry| (entry.view)(route.clone()))
}

/// The progress of a batch.
#[component]
pub(crate) fn ProgressOf(batch_id: String) -> impl IntoView {
    of_batches(move |entry| (entry.progress)(batch_id.clone()))
}

/// A view of the part about batches, or what is to be said until it is there.
fn of_batches(enter: impl Fn(Batches) -> AnyView + Send + 'static) -> impl IntoView {
    let part = expect_context::<Part<Batches>>();
    part.want();
    move || {
        match part.state.get() {
        State::Here(entry) => enter(entry),
        State::Absent | State::Fetching => {
            view! { <p class="restoring muted" role="status">"Loading…"</p> }.into_any()
        }
        State::Failed => view! {
            <div class="empty panel" role="alert" data-testid="not-loaded">
                <Icon shape=Shape::Warning/>
                <h1>"This view could not be loaded"</h1>
                <p>{HINT}</p>
                <div class="tight">
                    <button class="button primary" data-testid="load-again" on:click=move |_| part.want()>"Try again"</button>
                    <ReloadButton class="button"/>
                </div>
            </div>
        }
        .into_any(),
    }
    }
}

/// A view that comes later, as soon as it is there.
pub(crate) fn later<T: Copy + Send + Sync + 'static>(enter: impl Fn(T) -> AnyView + Send + 'static) -> AnyView {
    or_note(enter)
}

/// The same where another view of the part says that it could not be loaded.
pub(crate) fn later_silently<T: Copy + Send + Sync + 'static>(
    enter: impl Fn(T) -> AnyView + Send + 'static,
) -> AnyView {
    later_or(enter, |_| ().into_any())
}

/// The graph of the chosen workflow, as soon as it is there.
pub(crate) fn graph() -> AnyView {
    or_note(|graph: Graph| (graph.view)())
}

/// A view that comes later, and what stands in for it until then, given whether it could not be loaded.
pub(crate) fn later_or<T: Copy + Send + Sync + 'static>(
    enter: impl Fn(T) -> AnyView + Send + 'static,
    otherwise: impl Fn(bool) -> AnyView + Send + 'static,
) -> AnyView {
    once_here(expect_context::<Part<T>>(), enter, otherwise)
}

/// A view of a part, or a note if the part could not be loaded.
fn or_note<T: Copy + Send + Sync + 'static>(enter: impl Fn(T) -> AnyView + Send + 'static) -> AnyView {
    let part = expect_context::<Part<T>>();
    once_here(part, enter, move |is_failed| match is_failed {
        false => ().into_any(),
        true => view! {
            <div class="note bad" role="alert" data-testid="not-loaded">
                <p>"A part of the page could not be loaded. " {HINT}</p>
                <button class="button push" data-testid="load-again" on:click=move |_| part.want()>"Try again"</button>
            </div>
        }
        .into_any(),
    })
}

fn once_here<T: Copy + Send + Sync + 'static>(
    part: Part<T>,
    enter: impl Fn(T) -> AnyView + Send + 'static,
    otherwise: impl Fn(bool) -> AnyView + Send + 'static,
) -> AnyView {
    part.want();
    let shown = move || match part.state.get() {
        State::Here(entry) => enter(entry),
        State::Absent | State::Fetching => otherwise(false),
        State::Failed => otherwise(true),
    };
    shown.into_any()
}
