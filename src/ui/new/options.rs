//! The options of the batch: how many at a time, how urgent, and what a failure does.

use leptos::prelude::*;

use super::draft::Draft;
use crate::ui::icons::{Icon, Shape};
use crate::view_model::form;

/// The folded section.
#[component]
pub(crate) fn Options() -> impl IntoView {
    let draft = expect_context::<Draft>();
    let summary = move || {
        let options = draft.options();
        let going_on = if options.continue_on_error { "" } else { " · stops at a failure" };
        format!("up to {} at a time{going_on}", options.concurrency_limit)
    };
    let priorities = [("HIGH", "High"), ("NORMAL", "Normal"), ("LOW", "Low")].map(|(word, label)| {
        view! { <option value=word prop:selected=move || draft.options().priority == word>{label}</option> }
    });
    view! {
        <section class="section options" aria-label="Options">
            <details class="group" data-testid="options">
                <summary>
                    <Icon shape=Shape::Chevron/>
                    <span class="group-title">"Options"</span>
                    <span class="group-summary truncate">{summary}</span>
                </summary>
                <div class="parameter">
                    <label for="option-concurrency">"Pictures at a time"</label>
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
                    <p class="small muted example" id="option-concurrency-help">"At most 100; this device's workers are the other limit."</p>
                </div>
                <div class="parameter">
                    <label for="option-priority">"Priority"</label>
                    <select
                        class="field"
                        id="option-priority"
                        data-testid="option-priority"
                        on:change=move |event| {
                            let word = event_target_value(&event);
                            draft.set_options(|options| options.priority = word);
                        }
                    >
                        {priorities}
                    </select>
                </div>
                <div class="parameter inline">
                    <label for="option-continue">"Go on when a picture fails"</label>
                    <input
                        class="switch"
                        type="checkbox"
                        role="switch"
                        id="option-continue"
                        data-testid="option-continue"
                        prop:checked=move || draft.options().continue_on_error
                        on:change=move |event| {
                            let on = event_target_checked(&event);
                            draft.set_options(|options| options.continue_on_error = on);
                        }
                    />
                </div>
            </details>
        </section>
    }
}
