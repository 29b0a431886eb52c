//! Connections.

use leptos::prelude::*;

use super::{Canvas, Selected};
use crate::ui::focus::focus;
use crate::ui::icons::{Icon, Shape};
use crate::view_model::editing::Place;
use crate::view_model::form;
use crate::view_model::graph::{self, Wire};

#[component]
pub(super) fn WirePath(canvas: Canvas, wire: Wire) -> impl IntoView {
    let [start, end] = wire.ends;
    let (source, target) = (wire.source.0.clone(), wire.target.0.clone());
    let path = Memo::new(move |_| {
        let (from, to) = (canvas.shift_of(&source), canvas.shift_of(&target));
        graph::curve([(start.0 + from.0, start.1 + from.1), (end.0 + to.0, end.1 + to.1)])
    });
    let testid = format!("wire-{}-{}", wire.source.0, wire.target.0);
    let own = Selected::Wire(wire.source, wire.target);
    let chosen = own.clone();
    let is_selected = Memo::new(move |_| canvas.selected.with(|selected| *selected == own));
    view! {
        <path class="wire-path" class:selected=move || is_selected.get() d=move || path.get()/>
        // A wider one to point at.
        <path
            class="wire"
            data-testid=testid
            d=move || path.get()
            on:click=move |_| {
                canvas.selected.set(chosen.clone());
                // Once the button is there.
                request_animation_frame(move || {
                    focus(canvas.frame.get_untracked().and_then(|frame| frame.query_selector(".wire-add").ok().flatten()));
                });
            }
        />
    }
}

/// The button that adds a step into the selected connection.
#[component]
pub(super) fn WireAdd(canvas: Canvas) -> impl IntoView {
    let wire = Memo::new(move |_| match canvas.selected.get() {
        Selected::Wire(source, target) => canvas
            .picture
            .with(|all| all.wires.iter().find(|wire| wire.source == source && wire.target == target).cloned()),
        Selected::Nothing | Selected::Steps(_) => None,
    });
    move || {
        wire.get().map(|wire| {
            let [(x1, y1), (x2, y2)] = wire.ends;
            let (source, target) = (wire.source, wire.target);
            let label = format!("Add a step between {} and {}", form::label(&source.0), form::label(&target.0));
            view! {
                <button
                    class="wire-add"
                    data-testid="wire-add"
                    aria-label=label.clone()
                    title=label
                    style:left=format!("{}px", (x1 + x2) / 2.0)
                    style:top=format!("{}px", (y1 + y2) / 2.0)
                    on:click=move |_| canvas.adding.set(Some(Place::Into(source.clone(), target.clone())))
                >
                    <Icon shape=Shape::Plus/>
                </button>
            }
        })
    }
}
