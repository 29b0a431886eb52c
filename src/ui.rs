//! The page. Views, and the state behind each: a component shows, a state type decides. Pixels never come here; what
//! can be decided without a browser is in `view_model`.
//!
//! Every concern is one context, provided by the `provide_…` function beside its type. Keys under which things are
//! kept and routes are enums.
//!
//! # Hooks for tests
//!
//! Stable `data-testid` values. A `<…>` stands for an id or a word of the contract.
//!
//! * Frame: `nav-new`, `nav-batches`, `theme`, `notice` (with `data-kind` `info`, `good` or `bad`), `tab-note`,
//!   `confirm`, `confirm-yes`, `confirm-no`, `drop-overlay`.
//! * New batch: `drop-zone` and `drop-<actionId>` (each further input), `file-input`, `folder-input`, `logo-input` (the
//!   file input of the first further input) and `input-<actionId>`, `import-progress`, `picked-count`,
//!   `picked-row`, `remove-picked`, `clear-picked`, `skipped`, `workflow-card-<workflowId>`, `workflow-card-own`, `own-json`, `own-file`,
//!   `form`, `form-<actionId>`, `field-<actionId>-<parameter>`, `field-error`, `diagnostic` (with `data-code`), `undo`,
//!   `redo`, `copy-json`, `download-json`, `options`, `option-concurrency`, `option-priority`, `option-continue`,
//!   `run`.
//! * Batches: `batch-row` (with `data-batch` and `data-status`), `status`, `filter-<status>` (`filter-all`), `cancel`,
//!   `pause`, `resume`, `delete`, `empty`.
//! * Results: `results` (with `data-status`), `status`, `counts`, `filter-<status>`, `cancel`, `pause`, `resume`,
//!   `retry-all`, `download-zip`, `delete`, `execution-list` (with `data-total`), `execution-row` (with `data-index`
//!   and `data-status`), `output`, `download`, `retry`, `detail`, `before-after`, `before-after-range`,
//!   `output-switch-<n>`, `detail-error`, `close-detail`.

#![allow(unreachable_pub, reason = "the component macro widens visibility to pub")]

use leptos::prelude::*;

mod confirm;
mod header;
mod icons;
mod kept;
mod notices;
mod route;
mod theme;

use crate::view_model::route::Route;

/// Puts the page into the document's body.
pub fn mount() {
    leptos::mount::mount_to_body(App);
}

#[component]
fn App() -> impl IntoView {
    theme::provide_theme();
    let route = route::provide_route();
    notices::provide_notices();
    confirm::provide_confirm();
    view! {
        <a class="button skip" href="#main" on:click=route::skip_to_main>"Skip to content"</a>
        <header::Header/>
        <main id="main" tabindex="-1">
            {move || match route.get() {
                Route::New => view! { <h1>"New batch"</h1> }.into_any(),
                Route::Batches => view! { <h1>"Batches"</h1> }.into_any(),
                Route::Batch(_) => view! { <h1>"Results"</h1> }.into_any(),
            }}
        </main>
        <notices::Notices/>
        <confirm::ConfirmDialog/>
    }
}
