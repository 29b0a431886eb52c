//! A curve that is edited by its points: dragged, or moved by the arrow keys, or typed.

use leptos::prelude::*;
use serde_json::Value;
use wasm_bindgen::JsCast;
use web_sys::{DomRect, Element, KeyboardEvent, PointerEvent};

use crate::ui::focus::is_composing;
use crate::view_model::curve::{self, Point};

/// Where the picture of the curve is in the window.
fn frame(event: &PointerEvent) -> Option<DomRect> {
    Some(event.current_target()?.dyn_into::<Element>().ok()?.get_bounding_client_rect())
}

/// The place of a pointer on the curve.
fn place(event: &PointerEvent, frame: &DomRect) -> Point {
    let share = |at: f64, start: f64, length: f64| (at - start) / length.max(1.0) * 255.0;
    let x = share(f64::from(event.client_x()), frame.left(), frame.width());
    let y = share(f64::from(event.client_y()), frame.top(), frame.height());
    [x, 255.0 - y]
}

/// The picture of the curve, with its points.
#[component]
pub(super) fn CurveEditor(
    /// The parameter's value.
    value: Signal<Value>,
    /// Sets it; `None` for the default.
    set: Callback<Option<Value>>,
    /// Names the curve.
    labelled_by: String,
    testid: String,
) -> impl IntoView {
    let points = Memo::new(move |_| value.with(curve::points));
    // The point that is dragged, and where the picture was when it was picked: the form may move below the pointer.
    let dragged = StoredValue::new_local(None::<(usize, DomRect)>);
    let change = move |edit: &dyn Fn(&mut Vec<Point>)| {
        let mut edited = points.get_untracked();
        edit(&mut edited);
        set.run(curve::value(&edited));
    };
    let pressed = move |event: PointerEvent| {
        let Some(frame) = frame(&event).filter(|_| event.button() == 0) else { return };
        let at = place(&event, &frame);
        let mut edited = points.get_untracked();
        let picked = curve::picked(&edited, at).or_else(|| curve::add(&mut edited, at));
        if edited.len() != points.with_untracked(Vec::len) {
            set.run(curve::value(&edited));
        }
        dragged.set_value(picked.map(|index| (index, frame)));
        if let Some(target) = event.current_target().and_then(|target| target.dyn_into::<Element>().ok()) {
            // Without capture the point is dragged within the picture only.
            let _captured = target.set_pointer_capture(event.pointer_id());
        }
    };
    let moved = move |event: PointerEvent| {
        let at = dragged.with_value(|dragged| dragged.as_ref().map(|(index, frame)| (*index, place(&event, frame))));
        if let Some((index, at)) = at {
            change(&|points| curve::place(points, index, at));
        }
    };
    let point = move |index: usize| {
        let at = move || points.with(|points| points.get(index).copied().unwrap_or_default());
        let typed = move |event: KeyboardEvent| {
            if is_composing(&event) {
                return;
            }
            let step = if event.shift_key() { 10.0 } else { 1.0 };
            let (x, y) = match event.key().as_str() {
                "ArrowLeft" => (-step, 0.0),
                "ArrowRight" => (step, 0.0),
                "ArrowUp" => (0.0, step),
                "ArrowDown" => (0.0, -step),
                "Delete" | "Backspace" => {
                    event.prevent_default();
                    return change(&|points| curve::remove(points, index));
                }
                _ => return,
            };
            event.prevent_default();
            let now = untrack(at);
            change(&|points| curve::place(points, index, [now[0] + x, now[1] + y]));
        };
        view! {
            <circle
                r="5"
                tabindex="0"
                role="slider"
                aria-label=move || format!("Point at {}", at()[0])
                aria-valuemin="0"
                aria-valuemax="255"
                aria-valuenow=move || at()[1]
                cx=move || at()[0]
                cy=move || 255.0 - at()[1]
                on:keydown=typed
            />
        }
    };
    let count = Memo::new(move |_| points.with(Vec::len));
    view! {
        <svg
            class="curve"
            viewBox="0 0 255 255"
            role="group"
            aria-labelledby=labelled_by
            data-testid=testid
            on:pointerdown=pressed
            on:pointermove=moved
            on:pointerup=move |_| dragged.set_value(None)
            on:pointercancel=move |_| dragged.set_value(None)
            on:dblclick=move |event| {
                let index = event.target().and_then(|target| target.dyn_into::<Element>().ok()).and_then(|circle| {
                    let x: f64 = circle.get_attribute("cx")?.parse().ok()?;
                    points.with_untracked(|points| points.iter().position(|point| point[0] == x))
                });
                if let Some(index) = index {
                    change(&|points| curve::remove(points, index));
                }
            }
        >
            <path class="grid" d="M64 0V255M128 0V255M191 0V255M0 64H255M0 128H255M0 191H255M0 255L255 0"/>
            <path class="line" d=move || points.with(|points| curve::path(points))/>
            {move || (0..count.get()).map(point).collect::<Vec<_>>()}
        </svg>
    }
}
