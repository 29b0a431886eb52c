//! Keeping and sharing the chosen workflow: saved, as JSON, or as a link that contains it.

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen_futures::JsFuture;

use super::draft::Draft;
use super::library::Library;
use crate::ui::icons::{Icon, Shape};
use crate::ui::notices::NoticeBoard;
use crate::ui::services::{TextKind, download_text};
use crate::ui::stage::Stage;
use crate::view_model::document;

mod link;

/// Saves the workflow: the user's own in place, any other under a new name.
#[component]
fn SaveButton() -> impl IntoView {
    let draft = expect_context::<Draft>();
    let library = expect_context::<Library>();
    // Enabled even without edits: text being typed becomes an edit only when the field loses the focus.
    view! {
        <button
            class="button quiet"
            data-testid="save-workflow"
            disabled=move || draft.with_document(serde_json::Value::is_null)
            on:click=move |_| library.save()
        >
            <Icon shape=Shape::Check/>
            {move || match (library.is_chosen(), library.is_edited()) {
                (false, _) => "Save as…",
                (true, true) => "Save",
                (true, false) => "Saved",
            }}
        </button>
    }
}

/// Saves, copies, downloads and shares the chosen workflow, and opens the one that the page's address contains.
#[component]
pub(crate) fn Keep() -> impl IntoView {
    let draft = expect_context::<Draft>();
    let notices = expect_context::<NoticeBoard>();
    let stage = expect_context::<Stage>();
    let is_page = stage.embedding().is_none();
    if is_page {
        open_linked(draft, notices);
        let again = window_event_listener(leptos::ev::hashchange, move |_| open_linked(draft, notices));
        on_cleanup(move || again.remove());
    }
    let copy = move |_| {
        let promise = window().navigator().clipboard().write_text(&draft.json());
        spawn_local(async move {
            match JsFuture::from(promise).await {
                Ok(_) => notices.done("Workflow copied to the clipboard."),
                Err(_) => notices.failed("The browser blocked access to the clipboard.", "Download the JSON instead."),
            }
        });
    };
    let share = move |_| {
        let document = untrack(|| draft.with_document(document::for_link));
        spawn_local(async move {
            let written = match link::written(&document.to_string()).await {
                Ok(link) => JsFuture::from(window().navigator().clipboard().write_text(&link)).await,
                Err(problem) => Err(problem),
            };
            match written {
                Ok(_) => notices.done("Link copied. It contains the whole workflow, and no pictures."),
                Err(_) => notices.failed("The link could not be copied.", "Download the JSON instead."),
            }
        });
    };
    let download = move |_| {
        let name = untrack(|| draft.with_document(document::workflow_id));
        if let Err(problem) = download_text(&draft.json(), &name, TextKind::Json) {
            notices.failed(problem.text, problem.hint);
        }
    };
    view! {
        <div class="spread json-buttons">
            <SaveButton/>
            <button class="button quiet" data-testid="copy-json" on:click=copy><Icon shape=Shape::Copy/>"Copy JSON"</button>
            <button class="button quiet" data-testid="download-json" on:click=download>
                <Icon shape=Shape::Download/>
                "Download"
            </button>
            {is_page.then(|| view! {
                <button class="button quiet" data-testid="copy-link" on:click=share><Icon shape=Shape::Link/>"Copy link"</button>
            })}
            <button class="button quiet" data-testid="edit-json" on:click=move |_| draft.edit_as_json()>
                <Icon shape=Shape::Code/>
                "Edit"
            </button>
        </div>
    }
}

/// Opens the workflow that the page's address contains, if it does, and takes it out of the address.
fn open_linked(draft: Draft, notices: NoticeBoard) {
    let Some(code) = link::code(&window().location().hash().unwrap_or_default()) else { return };
    link::forget();
    spawn_local(async move {
        let read = link::read(&code).await.ok().and_then(|text| serde_json::from_str(&text).ok());
        match read.filter(document::has_actions) {
            Some(workflow) => {
                // A link must not make this browser fetch what its author chose.
                let workflow = document::for_link(&workflow);
                let name = document::name(&workflow);
                draft.open_as_own("Workflow from a link", workflow);
                notices.info(format!("“{name}” was opened from a link."), "Save it to keep it, or undo.");
            }
            None => notices.failed(
                "The link contains no workflow that can be read.",
                "It may have been cut short: ask for it again, or for the workflow as a file.",
            ),
        }
    });
}
