//! Installed and offline: the notice of a new version, files that the system opens with the app or shares with it, and
//! what a workflow lacks without a connection.
//!
//! `src/offline/offline.js` runs before this program and speaks with the browser; the two exchange events on the window,
//! which are described there.

use js_sys::Array;
use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CustomEvent, CustomEventInit, File};

use super::icons::{Icon, Shape};
use super::live::Live;
use super::new::draft::{Draft, PRIMARY};
use super::new::user_files::UserFiles;
use super::notices::NoticeBoard;
use super::route::CurrentRoute;
use super::services::{Services, Source, property};
use crate::network::BUILT_IN;
use crate::protocol::Module;
use crate::user_file::FileKind;
use crate::view_model::route::Route;

/// Calls back with the detail of an event from the script, until the current reactive owner is disposed.
fn receive(name: &'static str, callback: impl Fn(JsValue) + 'static) {
    let listener = window_event_listener_untyped(name, move |event| callback(property(&event, "detail")));
    on_cleanup(move || listener.remove());
}

/// Sends an event to the script.
pub(crate) fn send(name: &str, detail: JsValue) {
    let options = CustomEventInit::new();
    options.set_detail(&detail);
    if let Ok(event) = CustomEvent::new_with_event_init_dict(name, &options) {
        let _not_cancelled = window().dispatch_event(&event);
    }
}

/// Tells the script whether a reload would lose something, and accepts the files that it received.
pub(crate) fn connect() {
    let (services, live) = (expect_context::<Services>(), expect_context::<Live>());
    let user_files = expect_context::<UserFiles>();
    let (draft, route, notices) =
        (expect_context::<Draft>(), expect_context::<CurrentRoute>(), expect_context::<NoticeBoard>());
    let in_memory = services.memory().is_some();
    let is_busy = Memo::new(move |_| {
        let working = live.is_working() || draft.importing().is_some() || user_files.adding().is_some();
        working || in_memory && (draft.picked() > 0 || live.with(|batches| batches.is_some_and(|all| !all.is_empty())))
    });
    Effect::new(move || send("pixelmill-busy", is_busy.get().into()));
    receive("pixelmill-opened", move |files| {
        let files: Vec<File> = Array::from(&files).iter().map(JsCast::unchecked_into).collect();
        if files.is_empty() {
            return notices.failed("The shared files did not arrive.", "Share them again, or add them here.");
        }
        route.go(&Route::New);
        draft.add(PRIMARY.to_owned(), Source::Files(files));
    });
}

/// Says that a new version is ready, and changes to it when the user asks for that.
#[component]
pub(crate) fn UpdateNote() -> impl IntoView {
    let state = RwSignal::new(String::new());
    receive("pixelmill-update", move |word| state.set(word.as_string().unwrap_or_default()));
    // This component is the last that listens.
    Effect::new(|| send("pixelmill-ready", JsValue::NULL));
    let is_postponed = move || state.with(|state| state == "postponed");
    let text = move || match is_postponed() {
        true => "The new version starts as soon as the batches and imports that are running have finished.",
        false => "A new version is ready.",
    };
    view! {
        <Show when=move || state.with(|state| !state.is_empty())>
            <aside class="memory-note update-note" role="status" data-testid="update-note">
                <Icon shape=Shape::Info/>
                <p>{text}</p>
                <Show when=move || !is_postponed()>
                    <button
                        class="button push"
                        data-testid="update"
                        on:click=|_| send("pixelmill-apply", JsValue::NULL)
                    >
                        "Update"
                    </button>
                </Show>
            </aside>
        </Show>
    }
}

/// Says, while there is no connection, that the chosen workflow needs a program that has never been downloaded.
#[component]
pub(crate) fn ModuleNote() -> impl IntoView {
    let (draft, live, services) = (expect_context::<Draft>(), expect_context::<Live>(), expect_context::<Services>());
    let is_online = RwSignal::new(window().navigator().on_line());
    let listeners = [
        window_event_listener(ev::online, move |_| is_online.set(true)),
        window_event_listener(ev::offline, move |_| is_online.set(false)),
    ];
    on_cleanup(move || listeners.into_iter().for_each(|listener| listener.remove()));
    let needed = Memo::new(move |_| needed(&draft.user_files()));
    let is_loading = Memo::new(move |_| live.loading().is_some());
    let missing = RwSignal::new(Vec::<Need>::new());
    Effect::new(move || {
        let needed = needed.get();
        if is_online.get() || is_loading.get() || needed.is_empty() {
            return missing.set(Vec::new());
        }
        spawn_local(async move {
            let mut found = Vec::new();
            for need in needed {
                if !services.are_downloaded(vec![need.module]).await {
                    found.push(need);
                }
            }
            let _view_is_gone = missing.try_set(found);
        });
    });
    let what = move || missing.with(|missing| missing.iter().map(|need| need.what).collect::<Vec<_>>().join(" and "));
    view! {
        <Show when=move || missing.with(|missing| !missing.is_empty())>
            <p class="small module-note" role="status" data-testid="module-note">
                "You are offline. This workflow needs "
                {what}
                ", which this browser has not downloaded yet: go online once to load it."
            </p>
        </Show>
    }
}

/// A program that a workflow needs, and what people call it.
#[derive(Clone, Copy, PartialEq)]
struct Need {
    module: Module,
    what: &'static str,
}

/// What is needed for the files that a workflow's actions use.
fn needed(files: &[(FileKind, String)]) -> Vec<Need> {
    let names = |kind| files.iter().filter(move |(other, _)| *other == kind).map(|(_, name)| name);
    let mut needed = Vec::new();
    if names(FileKind::Model).next().is_some() {
        let has_built_in = names(FileKind::Model).any(|name| name == BUILT_IN.name);
        let module = if has_built_in { Module::NetworkWithModel } else { Module::Network };
        needed.push(Need { module, what: "the model" });
    }
    if names(FileKind::Font).next().is_some() {
        needed.push(Need { module: Module::Lettering, what: "the font" });
    }
    needed
}
