//! New batch: pictures, a workflow, its settings, and a button to run it.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::KeyboardEvent;

use super::focus::{focus, is_composing, is_text_field};
use super::icons::{Icon, Shape};
use super::parts;
use super::stage::Stage;
use super::widgets::TabNote;
use crate::view_model::format;

mod action_icon;
mod clipboard;
mod curve;
mod custom;
pub(crate) mod draft;
pub(crate) mod dry_run;
pub(crate) mod editors;
pub(crate) mod fields;
mod gradient;
pub(crate) mod graph;
pub(crate) mod keep;
pub(crate) mod library;
pub(crate) mod my_workflows;
pub(crate) mod options;
pub(crate) mod own_json;
pub(crate) mod picked;
pub(crate) mod pictures;
pub(crate) mod pinned;
mod placing;
pub(crate) mod preview;
pub(crate) mod previews;
pub(crate) mod samples;
mod settings;
pub(crate) mod steps;
pub(crate) mod user_files;
mod versions;
mod workflows;

use draft::Draft;

/// The view, once the last draft is restored.
#[component]
pub(crate) fn NewBatch() -> impl IntoView {
    let draft = expect_context::<Draft>();
    let restoring = || view! { <p class="restoring muted" role="status">"Restoring your pictures…"</p> };
    view! {
        <Show when=move || !draft.is_restoring() fallback=restoring>
            <Desk/>
        </Show>
    }
}

/// Pictures and workflow next to the settings.
#[component]
fn Desk() -> impl IntoView {
    let draft = expect_context::<Draft>();
    draft.shown();
    settings::provide_editing();
    let stage = expect_context::<Stage>();
    stage.listen("keydown", move |event: KeyboardEvent| {
        if !(event.ctrl_key() || event.meta_key()) || is_composing(&event) || stage.dialog_is_open() {
            return;
        }
        let typing = stage.active_element().filter(is_text_field);
        match event.key().as_str() {
            "Enter" => {
                event.prevent_default();
                commit(typing);
                draft.run();
            }
            "z" | "Z" if typing.is_none() => {
                event.prevent_default();
                if event.shift_key() { draft.redo() } else { draft.undo() }
            }
            _ => {}
        }
    });
    view! {
        <div class="new">
            <div class="new-main">
                <h1 class="unseen">"New batch"</h1>
                <TabNote trouble=true/>
                <pictures::Pictures/>
                <preview::Preview/>
                {parts::later_silently(|editing: parts::Editing| (editing.graph)())}
                <workflows::Workflows/>
            </div>
            <div class="new-side panel">
                <settings::Settings/>
                {parts::later_silently(|later: parts::Later| (later.options)())}
                <RunBar with_trial=true/>
            </div>
        </div>
    }
}

/// The pictures and the button alone, for an element whose workflow is chosen by the page around it.
#[component]
pub(crate) fn Drop() -> impl IntoView {
    let draft = expect_context::<Draft>();
    draft.shown();
    view! {
        <div class="new-drop">
            <TabNote trouble=true/>
            <pictures::Pictures/>
            <Show when=move || { draft.picked() > 0 }><RunBar/></Show>
        </div>
    }
}

/// Blurs and refocuses the current text field, so that it reports its text.
fn commit(typing: Option<web_sys::Element>) {
    let Some(field) = typing.and_then(|field| field.dyn_into::<web_sys::HtmlElement>().ok()) else { return };
    let _stays = field.blur();
    focus(Some(field.into()));
}

/// What will run, what prevents it, and the button; `with_trial` also the one that tries it on a few pictures.
#[component]
fn RunBar(#[prop(optional)] with_trial: bool) -> impl IntoView {
    let draft = expect_context::<Draft>();
    let obstacle = draft.obstacle();
    let summary = move || match obstacle.get() {
        Some(obstacle) => obstacle,
        None if draft.has_table() => "Each row of the table".to_owned(),
        None => {
            let (count, bytes) = draft.primary_totals();
            let what = format::plural(count, "picture", "pictures");
            if bytes == 0 { what } else { format!("{what}, {}", format::bytes(bytes)) }
        }
    };
    view! {
        <div class="run-bar">
            {parts::later_silently(|later: parts::Later| (later.module_note)())}
            <p class="small muted" id="run-summary" aria-live="polite">{summary}</p>
            {with_trial.then(|| parts::later_silently(|later: parts::Later| (later.dry_run)()))}
            <button
                class="button primary"
                data-testid="run"
                aria-describedby="run-summary"
                disabled=move || obstacle.get().is_some() || draft.starting()
                on:click=move |_| draft.run()
            >
                <Icon shape=Shape::Play/>
                {move || if draft.starting() { "Starting…" } else { "Run" }}
                <kbd>{if on_mac() { "⌘↵" } else { "Ctrl ↵" }}</kbd>
            </button>
        </div>
    }
}

fn on_mac() -> bool {
    window().navigator().user_agent().is_ok_and(|agent| agent.contains("Mac OS"))
}
