//! What the user allows beyond the page itself: notifications of the system, and webhooks.

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::icons::{Icon, Shape};
use super::notices::NoticeBoard;
use super::services::{Preference, Services};

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
            <div class="spread">
                <button class="button primary" data-testid="preferences-close" on:click=close>"Done"</button>
            </div>
        </dialog>
    }
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
