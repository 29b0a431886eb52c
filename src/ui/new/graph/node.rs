//! Steps.

use leptos::prelude::*;
use web_sys::{MouseEvent, PointerEvent};

use super::super::action_icon::ActionIcon;
use super::{Canvas, Drag, Selected, adds, at};
use crate::view_model::graph::{Step, WIDTH};

/// A step with its ports.
#[component]
pub(super) fn Node(canvas: Canvas, step: Step, stop: Memo<Option<String>>) -> impl IntoView {
    let id = StoredValue::new(step.action_id.clone());
    let whole = StoredValue::new(step.clone());
    let is_selected =
        Memo::new(move |_| canvas.selected.with(|selected| id.with_value(|id| selected.steps().contains(id))));
    let is_stop = Memo::new(move |_| stop.with(|stop| id.with_value(|id| stop.as_ref() == Some(id))));
    let is_dim = Memo::new(move |_| {
        canvas.link.with(|link| {
            link.as_ref().is_some_and(|link| {
                id.with_value(|id| link.source.0 != *id && !link.fitting.iter().any(|(step, _)| step == id))
            })
        })
    });
    let is_looked_at = move || id.with_value(|id| canvas.editor.draft.looked_at().as_ref() == Some(id));
    let stop_index = move |is_stop: bool| if is_stop { "0" } else { "-1" };
    let inputs = step.inputs.clone().into_iter().map(|port| {
        let end = (id.get_value(), port.name.to_owned());
        let (title, fits) = (step.title.clone(), end.clone());
        let state = if port.is_connected { "connected" } else { "not connected" };
        let may_end =
            Memo::new(move |_| canvas.link.with(|link| link.as_ref().map(|link| link.fitting.contains(&fits))));
        view! {
            <button
                class="port in"
                data-kind=port.kind.word()
                class:open=!port.is_connected
                class:wanting=port.is_required && !port.is_connected
                class:dim=move || may_end.get() == Some(false)
                style:top=format!("{}px", port.y())
                tabindex=move || stop_index(may_end.get() == Some(true))
                aria-label=format!("Input {} of {title}, {state}", port.title)
                title=port.title.clone()
                data-testid=format!("in-{}-{}", end.0, end.1)
                on:click=move |_| canvas.end(&end)
            ></button>
            <span class="port-name in" style:top=format!("{}px", port.y())>{port.title.clone()}</span>
        }
    });
    let outputs = step.outputs.clone().into_iter().map(|port| {
        let title = step.title.clone();
        let name = StoredValue::new(port.name.clone());
        let start = move || whole.with_value(|step| name.with_value(|name| canvas.begin(step, name)));
        let pressed = move |event: PointerEvent| {
            if event.button() == 0 {
                start();
                canvas.drag.set_value(Some(Drag::Link { from: at(&event) }));
            }
        };
        let clicked = move |event: MouseEvent| {
            // Zero for keys: a pointer has begun already.
            if event.detail() == 0 {
                start();
            }
        };
        view! {
            <button
                class="port out"
                data-kind=port.kind.word()
                class:open=!port.is_connected
                style:top=format!("{}px", port.y())
                tabindex=move || stop_index(is_stop.get())
                aria-label=format!("Connect from {} of {title}", port.title)
                title=format!("Connect from {}", port.title)
                data-testid=format!("out-{}-{}", id.get_value(), port.name)
                on:pointerdown=pressed
                on:click=clicked
            ></button>
            <span class="port-name out" style:top=format!("{}px", port.y())>{port.title.clone()}</span>
        }
    });
    let is_off = step.is_off;
    let thumbnail = move || canvas.thumbnails.with(|all| id.with_value(|id| all.get(id).cloned())).filter(|_| !is_off);
    let shift = move || {
        let (across, down) = id.with_value(|id| canvas.shift_of(id));
        format!("translate({across}px, {down}px)")
    };
    let place = (step.x, step.y);
    let grabbed = move |event: PointerEvent| {
        // A port has begun a connection before.
        let is_free = canvas.drag.with_value(Option::is_none);
        if event.button() == 0 && is_free && !adds(&event) {
            // What is not selected yet is moved alone.
            id.with_value(|id| {
                canvas.focused(id);
                canvas.focus(id);
            });
            canvas.drag.set_value(Some(Drag::Steps { from: at(&event), place }));
        }
    };
    let clicked_head = move |event: MouseEvent| {
        if adds(&event) {
            return id.with_value(|id| canvas.toggle(id));
        }
        id.with_value(|id| canvas.selected.set(Selected::step(id)));
        // Enter, and the second click of two.
        if event.detail() != 1 {
            id.with_value(|id| canvas.editor.show(id));
        }
    };
    let state = match (step.is_off, step.is_wrong) {
        (true, _) => "Turned off.",
        (false, true) => "It has a problem.",
        (false, false) => "",
    };
    view! {
        <div
            class="node"
            data-step=step.action_id.clone()
            class:selected=move || is_selected.get()
            class:dim=move || is_dim.get()
            class:wrong=step.is_wrong
            class:off=step.is_off
            class:note-node=step.note.is_some()
            class:looked-at=is_looked_at
            style:left=format!("{}px", step.x)
            style:top=format!("{}px", step.y)
            style:transform=shift
            on:pointerdown=grabbed
            style:width=format!("{WIDTH}px")
            style:height=format!("{}px", step.height)
        >
            <button
                class="node-head"
                data-testid=format!("node-{}", step.action_id)
                aria-pressed=move || is_selected.get().to_string()
                tabindex=move || stop_index(is_stop.get())
                on:focus=move |_| id.with_value(|id| canvas.focused(id))
                on:mousedown=move |event: MouseEvent| {
                    // The focus would end the selection of others.
                    if adds(&event) {
                        event.prevent_default();
                    }
                }
                on:click=clicked_head
            >
                <span class="node-title truncate"><ActionIcon path=step.icon/>{step.title.clone()}</span>
                <span class="node-about truncate">{step.about.clone()}</span>
                <span class="unseen">{state}</span>
            </button>
            {step.note.clone().map(|note| view! { <p class="node-note">{note}</p> })}
            {inputs.collect_view()}
            {outputs.collect_view()}
            {move || thumbnail().map(|thumbnail| view! {
                <img class="node-picture" alt="" draggable="false" data-testid=format!("thumbnail-{}", id.get_value()) src=thumbnail.text()/>
            })}
        </div>
    }
}
