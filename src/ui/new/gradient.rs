//! A gradient that is edited by its stops: dragged along a bar, moved by the arrow keys, or typed.

use leptos::html;
use leptos::prelude::*;
use web_sys::{KeyboardEvent, PointerEvent};

use super::fields::Edited;
use crate::ui::focus::is_composing;
use crate::view_model::{document, form, gradient};

/// How far an arrow key moves a stop.
const STEP: f64 = 0.01;

#[component]
pub(super) fn GradientControl(edited: Edited) -> impl IntoView {
    let id = edited.id.get_value();
    let stops = Memo::new(move |_| edited.value.with(gradient::stops));
    // Rows stay while their values change, so that the focus does.
    let count = Memo::new(move |_| stops.with(Vec::len));
    let bar = NodeRef::<html::Div>::new();
    let dragged = StoredValue::new(None::<usize>);
    let change = move |edit: &dyn Fn(&mut Vec<gradient::Stop>)| {
        let mut now = stops.get_untracked();
        edit(&mut now);
        edited.set(gradient::value(&now));
    };
    let color = move |name: &str| {
        let of = |parameters: Option<&serde_json::Map<_, serde_json::Value>>| {
            parameters.and_then(|all| all.get(name)).and_then(|value| value.as_str().map(str::to_owned))
        };
        untrack(|| edited.draft.with_document(|now| of(document::parameters(now, edited.index))))
    };
    let add_button = NodeRef::<html::Button>::new();
    let add = move |_| {
        let from = color("color").unwrap_or_else(|| "#ffffff".to_owned());
        let to = color("color2").unwrap_or_else(|| "#d0d0d0".to_owned());
        change(&|stops| gradient::add(stops, &from, &to));
    };
    let remove = Callback::new(move |index: usize| {
        change(&|stops| gradient::remove(stops, index));
        // The button that had the focus is gone.
        if let Some(button) = add_button.get_untracked() {
            let _it_is_visible = button.focus();
        }
    });
    let place = move |event: &PointerEvent| {
        let frame = bar.get_untracked()?.get_bounding_client_rect();
        Some((f64::from(event.client_x()) - frame.left()) / frame.width().max(1.0))
    };
    let moved = move |event: PointerEvent| {
        if let (Some(index), Some(share)) = (dragged.get_value(), place(&event)) {
            change(&|stops| gradient::place(stops, index, share));
        }
    };
    let share = move |index: usize| stops.with(|stops| stops.get(index).map_or(0.0, |stop| stop.0));
    let handle = move |index: usize| {
        let typed = move |event: KeyboardEvent| {
            if is_composing(&event) {
                return;
            }
            let step = if event.shift_key() { 10.0 * STEP } else { STEP };
            let by = match event.key().as_str() {
                "ArrowLeft" | "ArrowDown" => -step,
                "ArrowRight" | "ArrowUp" => step,
                "Delete" | "Backspace" => {
                    event.prevent_default();
                    return remove.run(index);
                }
                _ => return,
            };
            event.prevent_default();
            let now = untrack(|| share(index));
            change(&|stops| gradient::place(stops, index, now + by));
        };
        let pressed = move |event: PointerEvent| {
            if event.button() == 0 {
                dragged.set_value(Some(index));
                if let Some(bar) = bar.get_untracked() {
                    // Without capture the stop is dragged within the bar only.
                    let _captured = bar.set_pointer_capture(event.pointer_id());
                }
            }
        };
        let shade = move || stops.with(|stops| stops.get(index).map(|stop| stop.1.clone()).unwrap_or_default());
        view! {
            <span
                class="gradient-stop"
                tabindex="0"
                role="slider"
                aria-label=format!("Place of stop {}", index + 1)
                aria-valuemin="0"
                aria-valuemax="100"
                aria-valuenow=move || (share(index) * 100.0).to_string()
                aria-valuetext=move || format!("{} %", share(index) * 100.0)
                style:left=move || format!("{}%", share(index) * 100.0)
                style:background-color=shade
                on:keydown=typed
                on:pointerdown=pressed
            ></span>
        }
    };
    let row = move |index: usize| {
        let text = move || stops.with(|stops| stops.get(index).map(|stop| stop.1.clone()).unwrap_or_default());
        let set_text = move |text: String| {
            change(&|stops| {
                if let Some(stop) = stops.get_mut(index) {
                    stop.1.clone_from(&text);
                }
            });
        };
        let testid = move |what: &str| edited.id.with_value(|id| format!("{id}-{index}-{what}"));
        let number = index + 1;
        view! {
            <div class="gradient-row" role="group" aria-label=format!("Stop {number}")>
                <input
                    type="color"
                    aria-label=format!("Colour of stop {number}, picked")
                    prop:value=move || form::color_parts(&text()).0
                    on:input=move |event| {
                        let alpha = form::color_parts(&untrack(text)).1;
                        set_text(form::color(&event_target_value(&event), alpha));
                    }
                />
                <input
                    class="field"
                    type="text"
                    autocomplete="off"
                    spellcheck="false"
                    placeholder="#rrggbb"
                    aria-label=format!("Colour of stop {number}")
                    aria-invalid=move || edited.invalid()
                    data-testid=testid("color")
                    prop:value=text
                    on:change=move |event| set_text(event_target_value(&event))
                />
                <input
                    class="field numbers"
                    type="text"
                    inputmode="decimal"
                    autocomplete="off"
                    aria-label=format!("Place of stop {number} in percent")
                    data-testid=testid("place")
                    prop:value=move || (share(index) * 100.0).to_string()
                    on:change=move |event| {
                        if let Ok(percent) = event_target_value(&event).trim().parse::<f64>() {
                            change(&|stops| gradient::place(stops, index, percent / 100.0));
                        }
                    }
                />
                <span class="small muted">"%"</span>
                <button
                    type="button"
                    class="button quiet remove"
                    aria-label=format!("Remove stop {number}")
                    data-testid=testid("remove")
                    on:click=move |_| remove.run(index)
                >
                    "Remove"
                </button>
            </div>
        }
    };
    view! {
        <div
            class="gradient"
            role="group"
            id=id.clone()
            data-testid=id.clone()
            aria-labelledby=format!("{id}-label")
            aria-describedby=move || edited.described_by()
        >
            <div
                class="gradient-bar checkerboard"
                node_ref=bar
                data-testid=format!("{id}-bar")
                hidden=move || count.get() == 0
                on:pointermove=moved
                on:pointerup=move |_| dragged.set_value(None)
                on:pointercancel=move |_| dragged.set_value(None)
            >
                <span class="gradient-fill" style:background-image=move || edited.value.with(gradient::css)></span>
                {move || (0..count.get()).map(handle).collect::<Vec<_>>()}
            </div>
            {move || (0..count.get()).map(row).collect::<Vec<_>>()}
            <button type="button" class="button" node_ref=add_button data-testid=format!("{id}-add") on:click=add>
                {move || if count.get() == 0 { "Use more colours" } else { "Add a stop" }}
            </button>
        </div>
    }
}
