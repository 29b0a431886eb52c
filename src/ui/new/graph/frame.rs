//! Frames around steps.

use leptos::prelude::*;
use web_sys::{MouseEvent, PointerEvent};

use super::{Canvas, Drag, at};
use crate::view_model::graph::{FRAME_HEAD, Frame};

/// A frame. Its title selects its steps and moves them.
#[component]
pub(super) fn FrameBox(canvas: Canvas, frame: Frame) -> impl IntoView {
    let ids = StoredValue::new(frame.action_ids.clone());
    let first = frame.action_ids.first().cloned().unwrap_or_default();
    let shift = {
        let first = first.clone();
        move || {
            // Its steps may be moved without it.
            let is_whole = canvas
                .selected
                .with(|selected| ids.with_value(|ids| ids.iter().all(|id| selected.steps().contains(id))));
            let (across, down) = if is_whole { canvas.shift_of(&first) } else { (0.0, 0.0) };
            format!("translate({across}px, {down}px)")
        }
    };
    let select = move || canvas.select_all_of(ids.get_value());
    let grabbed = move |event: PointerEvent| {
        let place = canvas.step_of(&first).map(|step| (step.x, step.y));
        if let Some(place) = place.filter(|_| event.button() == 0) {
            select();
            canvas.drag.set_value(Some(Drag::Steps { from: at(&event), place }));
        }
    };
    let clicked = move |event: MouseEvent| match event.detail() {
        // A key.
        0 => select(),
        1 => {}
        _ => canvas.editor.ask_frame(ids.get_value()),
    };
    view! {
        <div
            class="graph-frame"
            data-testid="graph-frame-box"
            style:left=format!("{}px", frame.x)
            style:top=format!("{}px", frame.y)
            style:width=format!("{}px", frame.width)
            style:height=format!("{}px", frame.height)
            style:transform=shift
        >
            <button
                class="graph-frame-title truncate"
                data-testid="graph-frame-title"
                style:height=format!("{FRAME_HEAD}px")
                aria-label=format!("Select the steps in the frame “{}”", frame.title)
                on:pointerdown=grabbed
                on:click=clicked
            >
                {frame.title.clone()}
            </button>
        </div>
    }
}
