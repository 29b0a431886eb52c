//! The options of the batch: its concurrency and priority, what a failure does, reuse, and its webhook.

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::draft::{self, Draft};
use crate::api::WEBHOOK_HINT;
use crate::batch::records::Priority;
use crate::browser::page::folder;
use crate::ui::icons::{Icon, Shape};
use crate::ui::saving::Saving;
use crate::ui::widgets::{PrioritySelect, Switch};
use crate::view_model::form;

/// The options in one line, shown while they are folded.
fn summary(options: &draft::Options, folder: Option<String>) -> String {
    let priority = match options.priority {
        Priority::High => Some("high priority"),
        Priority::Normal => None,
        Priority::Low => Some("low priority"),
    };
    let webhook = options.webhook().map(|right| if right { "calls a webhook" } else { "webhook URL is not valid" });
    let folder = folder.map(|name| format!("saves in \"{name}\""));
    let words = [
        folder.as_deref(),
        priority,
        (!options.continue_on_error).then_some("stops on failure"),
        options.skip_unchanged.then_some("reuses unchanged results"),
        webhook,
    ];
    let number = format!("up to {} in parallel", options.concurrency_limit);
    std::iter::once(number.as_str()).chain(words.into_iter().flatten()).collect::<Vec<_>>().join(" · ")
}

/// The folded section.
#[component]
pub(crate) fn Options() -> impl IntoView {
    let draft = expect_context::<Draft>();
    let saving = expect_context::<Saving>();
    let wrong = Memo::new(move |_| draft.options().webhook() == Some(false));
    // Unfolds to show a problem; the user may fold it again.
    let frame = NodeRef::<html::Details>::new();
    Effect::new(move || {
        if let (Some(frame), true) = (frame.get(), wrong.get()) {
            frame.set_open(true);
        }
    });
    let described_by =
        move || if wrong.get() { "option-webhook-problem option-webhook-help" } else { "option-webhook-help" };
    view! {
        <section class="section options" aria-label="Options">
            <details node_ref=frame class="group" class:wrong=move || wrong.get() data-testid="options">
                <summary>
                    <Icon shape=Shape::Chevron/>
                    <span class="group-title">"Options"</span>
                    <span class="group-summary truncate" data-testid="options-summary">{move || summary(&draft.options(), saving.chosen())}</span>
                </summary>
                {folder::is_offered().then(|| view! { <ResultsFolder/> })}
                <div class="parameter">
                    <label for="option-concurrency">"Pictures in parallel"</label>
                    <input
                        class="field numbers"
                        type="number"
                        min="1"
                        max="100"
                        id="option-concurrency"
                        aria-describedby="option-concurrency-help"
                        data-testid="option-concurrency"
                        prop:value=move || draft.options().concurrency_limit.to_string()
                        on:change=move |event| {
                            let limit = form::typed_number(&event_target_value(&event)).and_then(|value| value.as_u64());
                            let limit = limit.unwrap_or(10).clamp(1, 100) as u32;
                            draft.set_options(|options| options.concurrency_limit = limit);
                        }
                    />
                    <p class="small muted example" id="option-concurrency-help">"At most 100; also limited by this device's workers."</p>
                </div>
                <div class="parameter">
                    <label for="option-priority">"Priority"</label>
                    <PrioritySelect
                        id="option-priority"
                        chosen=Signal::derive(move || draft.options().priority)
                        on_choose=move |priority| draft.set_options(|options| options.priority = priority)
                    />
                </div>
                <div class="parameter inline">
                    <label for="option-continue">"Continue if a picture fails"</label>
                    <Switch
                        id="option-continue"
                        on=Signal::derive(move || draft.options().continue_on_error)
                        on_change=move |on| draft.set_options(|options| options.continue_on_error = on)
                    />
                </div>
                <div class="parameter inline">
                    <label for="option-skip">"Reuse results of unchanged pictures"</label>
                    <Switch
                        id="option-skip"
                        on=Signal::derive(move || draft.options().skip_unchanged)
                        on_change=move |on| draft.set_options(|options| options.skip_unchanged = on)
                    />
                </div>
                <div class="parameter">
                    <label for="option-webhook">"Webhook"</label>
                    <input
                        class="field"
                        type="url"
                        placeholder="https://"
                        id="option-webhook"
                        aria-describedby=described_by
                        aria-invalid=move || wrong.get().to_string()
                        data-testid="option-webhook"
                        prop:value=move || draft.options().webhook_url
                        on:change=move |event| {
                            let url = event_target_value(&event);
                            draft.set_options(|options| options.webhook_url = url);
                        }
                    />
                    {move || wrong.get().then(|| view! {
                        <p class="problem" role="alert" id="option-webhook-problem" data-testid="field-error">
                            "This is not a valid URL. " {WEBHOOK_HINT}
                        </p>
                    })}
                    <p class="small muted example" id="option-webhook-help">
                        "Receives the status when the batch ends, if webhooks are on in Settings."
                    </p>
                </div>
            </details>
        </section>
    }
}

/// The folder that results are written into as they are made.
#[component]
fn ResultsFolder() -> impl IntoView {
    let saving = expect_context::<Saving>();
    let pick = move |_| {
        spawn_local(async move {
            if let Some(folder) = saving.pick().await {
                saving.choose(Some(folder));
            }
        });
    };
    let is_chosen = Memo::new(move |_| saving.chosen().is_some());
    let text = move || saving.chosen().unwrap_or_else(|| "Choose a folder…".to_owned());
    view! {
        <div class="parameter">
            <span class="small" id="option-folder">"Save results in"</span>
            <div class="tight">
                <button
                    class="button truncate"
                    aria-labelledby="option-folder option-folder-name"
                    aria-describedby="option-folder-help"
                    data-testid="option-folder"
                    on:click=pick
                >
                    <Icon shape=Shape::Folder/>
                    <span class="truncate" id="option-folder-name">{text}</span>
                </button>
                <Show when=move || is_chosen.get()>
                    <button
                        class="button quiet square"
                        aria-label="Do not save in a folder"
                        title="Do not save in a folder"
                        data-testid="option-folder-none"
                        on:click=move |_| saving.choose(None)
                    >
                        <Icon shape=Shape::Close/>
                    </button>
                </Show>
            </div>
            <p class="small muted example" id="option-folder-help">
                "Results are written there as they finish, while this tab is open. They also stay in this browser."
            </p>
        </div>
    }
}
