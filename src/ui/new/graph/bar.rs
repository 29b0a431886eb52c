//! What can be done with several selected steps.

use leptos::prelude::*;

use super::{Canvas, counted};
use crate::ui::icons::{Icon, Shape};
use crate::view_model::{editing, frames};

/// A bar with the edits of the selected steps, while there are several.
#[component]
pub(super) fn SelectionBar(canvas: Canvas) -> impl IntoView {
    let ids = Memo::new(move |_| canvas.selected.with(|selected| selected.steps().to_vec()));
    let draft = canvas.editor.draft;
    let framed = Memo::new(move |_| ids.with(|ids| draft.with_document(|now| frames::shared(now, ids))));
    let is_shown = Memo::new(move |_| ids.with(Vec::len) > 1 || framed.with(Option::is_some));
    let any_framed = Memo::new(move |_| ids.with(|ids| draft.with_document(|now| frames::any(now, ids))));
    let can_turn = Memo::new(move |_| ids.with(|ids| draft.with_document(|now| editing::on_and_off(now, ids))));
    let turn = move |off: bool| {
        let ids = ids.get_untracked();
        let does = if off { "Turn off" } else { "Turn on" };
        canvas.edit(&format!("{does} {}", counted(ids.len())), |now| editing::with_steps_off(now, &ids, off));
    };
    view! {
        <Show when=move || is_shown.get()>
            <div class="graph-bar" role="toolbar" aria-label="Selected steps" data-testid="graph-bar">
                <span class="small numbers">{move || counted(ids.with(Vec::len))}</span>
                <button class="button quiet small" data-testid="graph-duplicate" on:click=move |_| canvas.duplicate()>
                    <Icon shape=Shape::Copy/>"Duplicate"
                </button>
                <Show when=move || can_turn.get().0>
                    <button class="button quiet small" data-testid="graph-off" on:click=move |_| turn(true)>
                        <Icon shape=Shape::Stop/>"Turn off"
                    </button>
                </Show>
                <Show when=move || can_turn.get().1>
                    <button class="button quiet small" data-testid="graph-on" on:click=move |_| turn(false)>
                        <Icon shape=Shape::Play/>"Turn on"
                    </button>
                </Show>
                <button class="button quiet small" data-testid="graph-frame" on:click=move |_| canvas.editor.ask_frame(ids.get_untracked())>
                    <Icon shape=Shape::Layers/>
                    {move || if framed.with(Option::is_some) { "Rename the frame" } else { "Frame" }}
                </button>
                <Show when=move || any_framed.get()>
                    <button class="button quiet small" data-testid="graph-unframe" on:click=move |_| canvas.editor.unframe(&ids.get_untracked())>
                        "No frame"
                    </button>
                </Show>
                <button class="button quiet small" data-testid="graph-remove" on:click=move |_| canvas.remove()>
                    <Icon shape=Shape::Trash/>"Remove"
                </button>
            </div>
        </Show>
    }
}
