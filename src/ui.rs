//! The page: its views and the state behind each. Components show, state types decide. Pixels never come here; what
//! can be decided without a browser is in `view_model`.
//!
//! Every concern is one context, provided by the `provide_…` function next to its type. Storage keys and routes are
//! enums.
//!
//! # Hooks for tests
//!
//! Stable `data-testid` values. A `<…>` stands for an id or a word of the contract.
//!
//! * Frame: `blocked`, `nav-new`, `nav-batches`, `nav-api`, `theme`, `memory-note`, `notice` (with `data-kind` `info`, `good` or
//!   `bad`), `tab-note`, `reload`, `network-loading`, `confirm`, `confirm-yes`, `confirm-no`, `name-dialog`, `name-field`,
//!   `name-yes`, `name-no`, `drop-overlay`, `reading-problem`, `read-again`, `update-note`,
//!   `update`.
//! * Settings: `preferences`, `preferences-dialog`, `preferences-close`, `preference-notifications`,
//!   `preference-webhooks`, `preference-problem`, `archive-export`, `archive-import`, `archive-file`, `archive-outcome`,
//!   `storage-state`, `server` (with `data-origin`), `server-remove`.
//! * New batch: `drop-zone` and `drop-<actionId>` (each further input), `file-input`, `folder-input`, `logo-input` (the
//!   file input of the first further input) and `input-<actionId>`, `import-progress`, `picked-count`,
//!   `picked-row`, `remove-picked`, `clear-picked`, `skipped`, `missing`, `missing-row`, `missing-add`,
//!   `missing-input`, `missing-remove`, `workflow-card-<workflowId>`, `workflow-card-own`, `own-json`, `own-file`,
//!   `my-workflows`, `workflow-status` (with `data-status`), `workflow-menu` and in it `workflow-publish`,
//!   `-unpublish`, `-versions`, `-rename`, `-duplicate`, `-export`, `-delete`, `import-workflow`, `save-workflow`, `form`,
//!   `form-<actionId>`, `field-<actionId>-<parameter>` (and the same with `-alpha`), `field-error`, `model-add`,
//!   `model-file`, `model-remove`, `diagnostic` (with `data-code`), `explain`, `undo`, `redo`, `copy-json`,
//!   `download-json`, `edit-json`, `options`, `options-summary`, `option-concurrency`, `option-priority`,
//!   `option-continue`, `option-skip`, `option-webhook`, `module-note`, `run`; `live-preview` and in it `preview-facts`, `preview-warnings`,
//!   `preview-failed`, `preview-unavailable`, `server-question` (with `data-origin`), `server-allow`, `server-refuse`, `preview-before`, `preview-next`, `preview-output-<n>`.
//! * Batches: `batch-row` (with `data-batch` and `data-status`), `counts`, `status`, `filter-<status>` (`filter-all`),
//!   `pause-all`, `resume-all`, `held`, `cancel`, `pause`, `resume`, `delete`, `empty`.
//! * Results: `results` (with `data-status`), `version`, `status`, `counts`, `batch-end`, `remedy`, `remedy-resume`,
//!   `share-priority`, `share-concurrency`, `log`, `filter-<status>` (`filter-doubtful`), `cancel`, `pause`, `resume`,
//!   `retry-all`, `download-zip`, `delete`, `more-actions` and in it `run-again`, `verify`, `report-csv`, `report-json`.
//!   The list: `execution-list` (with `data-total`), `execution-row` (with `data-index` and `data-status`), `mark`,
//!   `marked-count`, `retry-marked`, `mark-all`, `clear-marks`, `output`, `download`, `retry`, `warning` (a doubt). The
//!   detail: `detail`, `before-after`, `before-after-range`, `output-switch-<n>`, `after`, `behind`,
//!   `behind-checkerboard`, `behind-white`, `behind-black`, `behind-color`, `behind-photo`, `behind-file`,
//!   `detail-warnings` (each with `data-level`), `detail-error`, `history`, `reused`, `close-detail`.
//! * API: `reference-loading`, `reference-failed`; what its script shows has those of `src/reference/`.

#![allow(unreachable_pub, reason = "the component macro widens visibility to pub")]

use leptos::prelude::*;

mod ask_name;
mod batches;
mod confirm;
mod drop;
mod embed;
mod focus;
mod header;
mod icons;
mod kept;
mod live;
mod new;
mod notices;
mod object_url;
mod offline;
mod parts;
mod preferences;
mod reference;
mod results;
mod route;
mod saving;
mod servers;
mod services;
mod stage;
mod theme;
mod viewer;
mod widgets;

use embed::{Embedding, Layout};
use icons::{Icon, Shape};
use services::{Services, Start, UiError};
use stage::{Frame, Stage};

use crate::browser::environment::Installation;
use crate::view_model::route::Route;

pub use embed::{View, mount};

/// Puts the view into the document's body, if the document is Pixelmill's own page. In any other one it is mounted by
/// the element, with [`mount`].
pub fn mount_page() {
    if let Some(installation) = Installation::of_page() {
        mount_to_body(move || App(AppProps { installation, element: None, on_start: Box::new(|_| ()) }));
    }
}

/// Receives the connection as soon as it is being made.
type OnStart = Box<dyn FnOnce(Services)>;

#[component]
fn App(installation: Installation, element: Option<(Frame, Embedding)>, on_start: OnStart) -> impl IntoView {
    let stage = Stage::provide(&installation, element);
    theme::provide_theme(stage);
    focus::keep_near(stage);
    let route = route::provide_route(stage);
    parts::provide_parts(&route.get_untracked());
    notices::provide_notices();
    confirm::provide_confirm();
    ask_name::provide_ask_name();
    let services = services::provide_services(installation, stage);
    on_start(services);
    let skip = move |event: leptos::ev::MouseEvent| {
        // Its fragment is not a view, so it moves the focus itself.
        event.prevent_default();
        stage.focus_main();
    };
    view! {
        {stage.embedding().is_none().then(|| view! {
            <a class="button skip" href="#main" on:click=skip>"Skip to content"</a>
        })}
        {move || match services.start() {
            Start::Underway => view! { <header::Header/> }.into_any(),
            Start::Blocked => view! { <Blocked/> }.into_any(),
            Start::Failed(problem) => view! { <NotStarted problem/> }.into_any(),
            Start::Ready => view! { <Views route stage/> }.into_any(),
        }}
        <notices::Notices/>
        <confirm::Confirmation/>
        <ask_name::NameQuestion/>
    }
}

/// The views, once the client has started.
#[component]
fn Views(route: route::CurrentRoute, stage: Stage) -> impl IntoView {
    live::provide_live();
    saving::provide_saving();
    new::user_files::provide_user_files();
    new::draft::provide_draft();
    new::previews::provide_previews();
    new::library::provide_library();
    new::draft::keep_draft();
    match stage.embedding() {
        None => offline::connect(),
        Some(embedding) => embed::connect(embedding),
    }
    let draft = expect_context::<new::draft::Draft>();
    Effect::new(move || {
        if !draft.is_restoring() {
            parts::fetch_all();
        }
    });
    // Opening a picture of a batch or a heading of the API does not rebuild the view.
    let view = Memo::new(move |_| route.get().view());
    let layout = Memo::new(move |_| stage.embedding().map_or(Layout::Full, Embedding::layout));
    let (shown, leaving) = (RwSignal::new(view.get_untracked()), RwSignal::new(false));
    provide_context(widgets::Leaving(leaving));
    // Taking the parts of a view away, then the rest of it, and building the next one are a task each.
    Effect::new(move |before: Option<()>| {
        let view = view.get();
        if before.is_some() {
            leaving.set(true);
            widgets::next_task(move || {
                shown.try_set(view);
                widgets::next_task(move || {
                    leaving.try_set(false);
                });
            });
        }
    });
    let is_first = StoredValue::new(true);
    view! {
        <Show when=move || layout.get() == Layout::Full><header::Header/></Show>
        <widgets::MemoryNote/>
        {stage.embedding().is_none().then(|| view! { <offline::UpdateNote/> })}
        <widgets::LoadingNote/>
        <main id="main" tabindex="-1">
            {move || match (stage.embedding(), layout.get()) {
                (Some(embedding), layout) if layout != Layout::Full => {
                    view! { <embed::Compact embedding layout route/> }.into_any()
                }
                _ => (move || {
                    let route = shown.get();
                    match is_first.try_update_value(|is_first| std::mem::replace(is_first, false)) {
                        Some(true) => view_of(route),
                        _ => view! { <widgets::Soon>{view_of(route.clone())}</widgets::Soon> }.into_any(),
                    }
                })
                .into_any(),
            }}
        </main>
        <drop::DropOverlay/>
    }
}

/// The view of a route.
fn view_of(route: Route) -> AnyView {
    match route {
        Route::New => view! { <new::NewBatch/> }.into_any(),
        Route::Api(_) => view! { <reference::Reference/> }.into_any(),
        route => view! { <parts::AboutBatches route/> }.into_any(),
    }
}

/// Shown while another tab blocks the storage upgrade.
#[component]
fn Blocked() -> impl IntoView {
    view! {
        <header::Header/>
        <main id="main" tabindex="-1">
            <div class="empty panel" role="status" data-testid="blocked">
                <Icon shape=Shape::Info/>
                <h1>"Close your other Pixelmill tabs"</h1>
                <p>"One of them runs an older version and still uses the old storage. This page continues automatically when it is closed; nothing is lost."</p>
            </div>
        </main>
    }
}

/// Shown when the page cannot start.
#[component]
fn NotStarted(problem: UiError) -> impl IntoView {
    view! {
        <header::Header/>
        <main id="main" tabindex="-1">
            <div class="empty panel" role="alert">
                <Icon shape=Shape::Warning/>
                <h1>"Pixelmill could not start"</h1>
                <p>{problem.text} " " {problem.hint}</p>
                <p>"Your stored data is safe. If a reload does not help, close the other tabs of this page and check that the server can be reached."</p>
                <widgets::ReloadButton class="button primary"/>
            </div>
        </main>
    }
}
