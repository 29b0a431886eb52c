//! New batch: pictures, a workflow, its settings, and off it goes.

use leptos::prelude::*;

use super::icons::{Icon, Shape};
use crate::view_model::format;

pub(crate) mod draft;
mod fields;
pub(crate) mod library;
pub(crate) mod models;
mod my_workflows;
mod options;
mod pictures;
mod previews;
mod settings;
mod workflows;

use draft::Draft;

/// The view, once the draft of last time is there.
#[component]
pub(crate) fn NewBatch() -> impl IntoView {
    let draft = expect_context::<Draft>();
    let restoring = || view! { <p class="restoring muted" role="status">"Bringing your pictures back…"</p> };
    view! {
        <Show when=move || !draft.is_restoring() fallback=restoring>
            <Desk/>
        </Show>
    }
}

/// Pictures and workflow side by side with what is set.
#[component]
fn Desk() -> impl IntoView {
    let draft = expect_context::<Draft>();
    let on_key = window_event_listener(leptos::ev::keydown, move |event| {
        let command = event.ctrl_key() || event.meta_key();
        match event.key().as_str() {
            "Enter" if command => {
                event.prevent_default();
                draft.run();
            }
            "z" | "Z" if command && !is_text_field(&event) => {
                event.prevent_default();
                if event.shift_key() { draft.redo() } else { draft.undo() }
            }
            _ => {}
        }
    });
    on_cleanup(move || on_key.remove());
    view! {
        <div class="new">
            <div class="new-main">
                <h1 class="unseen">"New batch"</h1>
                <pictures::Pictures/>
                <workflows::Workflows/>
            </div>
            <div class="new-side panel">
                <settings::Settings/>
                <options::Options/>
                <RunBar/>
            </div>
        </div>
    }
}

/// Fields that undo typing themselves.
fn is_text_field(event: &web_sys::KeyboardEvent) -> bool {
    use wasm_bindgen::JsCast;
    let element = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    element.is_some_and(|element| element.matches("textarea, input[type=text]").unwrap_or(false))
}

/// What will run, what keeps it from running, and the button.
#[component]
fn RunBar() -> impl IntoView {
    let draft = expect_context::<Draft>();
    let obstacle = draft.obstacle();
    let summary = move || match obstacle.get() {
        Some(obstacle) => obstacle,
        None => {
            let (count, bytes) = draft.primary_totals();
            let what = format::plural(count, "picture", "pictures");
            if bytes == 0 { what } else { format!("{what}, {}", format::bytes(bytes)) }
        }
    };
    view! {
        <div class="run-bar">
            <p class="small muted" id="run-summary" aria-live="polite">{summary}</p>
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
