//! What the user allows beyond the page itself (notifications of the system, webhooks), and everything as one archive.

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;

use super::icons::{Icon, Shape};
use super::notices::NoticeBoard;
use super::services::{Preference, Services};
use crate::archive::Taken;
use crate::view_model::format;

/// The button in the header, and its dialog.
#[component]
pub(crate) fn Preferences() -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    let open = move |_| {
        if let Some(dialog) = dialog.get_untracked() {
            let _shown_already = dialog.show_modal();
        }
    };
    let close = move |_| {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    view! {
        <button class="button quiet square" data-testid="preferences" aria-label="Settings" title="Settings" on:click=open>
            <Icon shape=Shape::Sliders/>
        </button>
        <dialog node_ref=dialog class="preferences" data-testid="preferences-dialog" aria-labelledby="preferences-title">
            <h2 id="preferences-title">"When a batch ends"</h2>
            <Switch
                preference=Preference::Notifications
                id="preference-notifications"
                text="Notify me"
                help="A notification of your system, also while this tab is in the background."
            />
            <Switch
                preference=Preference::Webhooks
                id="preference-webhooks"
                text="Tell webhooks"
                help="Sends the batch's status, without pictures or their names, to the address that the batch was started with. Nothing is sent otherwise."
            />
            <Everything/>
            <div class="spread">
                <button class="button primary" data-testid="preferences-close" on:click=close>"Done"</button>
            </div>
        </dialog>
    }
}

/// Everything in this browser as one archive, and back.
#[component]
fn Everything() -> impl IntoView {
    let services = expect_context::<Services>();
    let notices = expect_context::<NoticeBoard>();
    let field = NodeRef::<html::Input>::new();
    let busy = RwSignal::new(None::<&'static str>);
    let export = move |_| {
        busy.set(Some("Packing everything…"));
        spawn_local(async move {
            if let Err(problem) = services.export_archive().await {
                notices.failed(problem.text, problem.hint);
            }
            busy.set(None);
        });
    };
    let picked = move |event: leptos::ev::Event| {
        let Some(input) = event.target().and_then(|to| to.dyn_into::<web_sys::HtmlInputElement>().ok()) else { return };
        let file = input.files().and_then(|files| files.get(0));
        input.set_value("");
        let Some(file) = file else { return };
        busy.set(Some("Taking the archive in…"));
        spawn_local(async move {
            match services.import_archive(file).await {
                Ok(taken) => {
                    let (said, told) = taken_in(&taken);
                    match told {
                        Some(told) => notices.failed(said, told),
                        None => notices.done(said),
                    }
                }
                Err(problem) => notices.failed(problem.text, problem.hint),
            }
            busy.set(None);
        });
    };
    let is_busy = move || busy.with(Option::is_some);
    view! {
        <section class="everything" aria-labelledby="everything-title">
            <h2 id="everything-title">"Everything in this browser"</h2>
            <p class="small muted">
                "Batches with their pictures and results, your workflows and your networks, as one ZIP: as a backup, or for another browser. What is here already stays when one is added."
            </p>
            <div class="spread">
                <button class="button" data-testid="archive-export" disabled=is_busy on:click=export>
                    <Icon shape=Shape::Download/>
                    "Save as ZIP"
                </button>
                <button
                    class="button"
                    data-testid="archive-import"
                    disabled=is_busy
                    on:click=move |_| if let Some(field) = field.get() { field.click() }
                >
                    <Icon shape=Shape::Plus/>
                    "Add from ZIP…"
                </button>
                <input
                    node_ref=field
                    class="unseen"
                    type="file"
                    accept=".zip,application/zip"
                    tabindex="-1"
                    aria-label="Archive"
                    data-testid="archive-file"
                    on:change=picked
                />
            </div>
            <p class="small muted" role="status">{move || busy.get()}</p>
        </section>
    }
}

/// What is said of an archive, and what is told of its faults.
fn taken_in(taken: &Taken) -> (String, Option<String>) {
    let counts = [
        (taken.batches, "batch", "batches"),
        (taken.workflows, "workflow", "workflows"),
        (taken.models, "network", "networks"),
    ];
    let parts: Vec<String> = (counts.into_iter())
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, many)| format::plural(u64::from(count), one, many))
        .collect();
    let mut said = if parts.is_empty() {
        "Nothing new in the archive.".to_owned()
    } else {
        format!("Added: {}.", parts.join(", "))
    };
    if taken.skipped > 0 {
        said += &format!(" {} here already.", format::plural(u64::from(taken.skipped), "was", "were"));
    }
    let told = taken.problems.first().map(|first| {
        let count = format::plural(taken.problems.len() as u64, "part", "parts");
        format!("{count} not taken in as it was: {}: {}", first.entry, first.message)
    });
    (said, told)
}

#[component]
fn Switch(preference: Preference, id: &'static str, text: &'static str, help: &'static str) -> impl IntoView {
    let services = expect_context::<Services>();
    let notices = expect_context::<NoticeBoard>();
    let on = RwSignal::new(false);
    spawn_local(async move {
        if let Ok(allowed) = services.is_allowed(preference).await {
            on.try_set(allowed);
        }
    });
    let change = move |event: leptos::ev::Event| {
        let wanted = event_target_checked(&event);
        // The browser may ask the user only now, in answer to the click.
        let asked = services.ask_for(preference, wanted);
        spawn_local(async move {
            let outcome = match asked.await {
                Ok(()) => services.allow(preference, wanted).await,
                Err(problem) => Err(problem),
            };
            match outcome {
                Ok(()) => on.set(wanted),
                Err(problem) => {
                    // The box shows what holds.
                    on.set(wanted);
                    on.set(!wanted);
                    notices.failed(problem.text, problem.hint);
                }
            }
        });
    };
    let help_id = format!("{id}-help");
    view! {
        <div class="parameter inline">
            <label for=id>{text}</label>
            <input
                class="switch"
                type="checkbox"
                role="switch"
                id=id
                data-testid=id
                aria-describedby=help_id.clone()
                prop:checked=move || on.get()
                on:change=change
            />
            <p class="small muted" id=help_id>{help}</p>
        </div>
    }
}
