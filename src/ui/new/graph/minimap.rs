//! The whole graph, small, while not all of it is in sight.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, PointerEvent};

use super::{Canvas, Sight, at, capture};
use crate::view_model::graph::WIDTH;

/// Largest size, in pixels.
const LARGEST: (f64, f64) = (150.0, 90.0);

/// Shows what is in sight, and brings into sight what is pressed. Keys need no map: they go from step to step.
#[component]
pub(super) fn Minimap(canvas: Canvas) -> impl IntoView {
    let Canvas { picture, sight, extent, .. } = canvas;
    let whole = Memo::new(move |_| picture.with(|all| (all.width.max(1.0), all.height.max(1.0))));
    let scale = move || {
        let (width, height) = whole.get();
        (LARGEST.0 / width).min(LARGEST.1 / height)
    };
    let is_needed = Memo::new(move |_| {
        let (Sight { x, y, scale }, (width, height), frame) = (sight.get(), whole.get(), extent.get());
        // A margin is no loss.
        let slack = 16.0;
        x < -slack || y < -slack || x + width * scale > frame.0 + slack || y + height * scale > frame.1 + slack
    });
    let look = move |event: &PointerEvent| {
        let Some(map) = event.current_target().and_then(|target| target.dyn_into::<Element>().ok()) else { return };
        let (edges, (x, y), (width, height)) = (map.get_bounding_client_rect(), at(event), whole.get_untracked());
        let share = |place: f64, from: f64, length: f64| ((place - from) / length.max(1.0)).clamp(0.0, 1.0);
        let middle = (share(x, edges.left(), edges.width()) * width, share(y, edges.top(), edges.height()) * height);
        let frame = extent.get_untracked();
        sight.update(|sight| {
            sight.x = frame.0 / 2.0 - middle.0 * sight.scale;
            sight.y = frame.1 / 2.0 - middle.1 * sight.scale;
        });
    };
    let boxes = move || {
        let steps = picture.with(|all| all.steps.clone());
        steps
            .into_iter()
            .map(|step| {
                let id = step.action_id.clone();
                let is_selected = move || canvas.selected.with(|selected| selected.steps().contains(&id));
                view! {
                    <rect
                        class="minimap-step"
                        class:selected=is_selected
                        class:wrong=step.is_wrong
                        x=step.x.to_string()
                        y=step.y.to_string()
                        width=WIDTH.to_string()
                        height=step.height.to_string()
                    ></rect>
                }
            })
            .collect_view()
    };
    let view_of = move |length: fn(Sight, (f64, f64)) -> f64| move || length(sight.get(), extent.get()).to_string();
    view! {
        <Show when=move || is_needed.get()>
            <svg
                class="minimap"
                aria-hidden="true"
                data-testid="minimap"
                viewBox=move || { let (width, height) = whole.get(); format!("0 0 {width} {height}") }
                style:width=move || format!("{}px", whole.get().0 * scale())
                style:height=move || format!("{}px", whole.get().1 * scale())
                on:pointerdown=move |event| { capture(&event); look(&event); }
                on:pointermove=move |event| if event.buttons() & 1 == 1 { look(&event) }
            >
                {boxes}
                <rect
                    class="minimap-sight"
                    x=view_of(|sight, _| -sight.x / sight.scale)
                    y=view_of(|sight, _| -sight.y / sight.scale)
                    width=view_of(|sight, frame| frame.0 / sight.scale)
                    height=view_of(|sight, frame| frame.1 / sight.scale)
                ></rect>
            </svg>
        </Show>
    }
}
