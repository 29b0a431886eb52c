//! Copying, cutting and pasting the focused step, in the list and in the graph, also from one workflow into another.

use leptos::prelude::*;
use web_sys::{ClipboardEvent, Element};

use super::steps::Editor;
use crate::ui::focus::{focus, is_text_field};
use crate::view_model::document;
use crate::view_model::editing::{self, Place};

/// What the clipboard has of a step.
const TEXT: &str = "text/plain";

/// Listens to what the browser's own keys and menus do with the clipboard.
pub(super) fn follow_clipboard(editor: Editor) {
    editor.stage.listen("copy", move |event: ClipboardEvent| {
        copy(editor, &event);
    });
    editor.stage.listen("cut", move |event: ClipboardEvent| {
        if let Some((index, name)) = copy(editor, &event) {
            editor.remove(index, name);
        }
    });
    editor.stage.listen("paste", move |event: ClipboardEvent| {
        paste(editor, &event);
    });
}

/// The focused element, unless the clipboard is for the text in it or for what is selected on the page.
fn focused(editor: Editor) -> Option<Element> {
    let has_selection = window().get_selection().ok().flatten().is_some_and(|selection| !selection.is_collapsed());
    let is_free = !has_selection && !editor.stage.dialog_is_open();
    editor.stage.active_element().filter(|element| is_free && !is_text_field(element))
}

/// The step that an element belongs to.
fn step_of(element: &Element) -> Option<String> {
    element.closest(".step, .node").ok().flatten()?.get_attribute("data-step")
}

/// Copies the focused step; returns its place in the document and its action's name.
fn copy(editor: Editor, event: &ClipboardEvent) -> Option<(usize, &'static str)> {
    let id = step_of(&focused(editor)?)?;
    let index = editor.with(|now| document::index_of(now, &id))?;
    let (text, action) = editor.with(|now| editing::copied(now, index))?;
    event.clipboard_data()?.set_data(TEXT, &text).ok()?;
    event.prevent_default();
    Some((index, action.name))
}

/// Adds the step in the clipboard after the focused one, or at the end.
fn paste(editor: Editor, event: &ClipboardEvent) -> Option<()> {
    let near = match editor.stage.active_element() {
        Some(_) => Some(focused(editor)?),
        None => None,
    };
    let text = event.clipboard_data()?.get_data(TEXT).ok()?;
    let place = near.as_ref().and_then(step_of).map_or(Place::End, Place::After);
    let (document, id, action) = editor.with(|now| editing::with_pasted(now, &text, &place))?;
    event.prevent_default();
    editor.draft.edit_whole(&format!("Paste {}", action.name), document);
    if near.is_some_and(|near| near.closest(".node").ok().flatten().is_some()) {
        let selector = format!("[data-testid=\"node-{id}\"]");
        request_animation_frame(move || focus(editor.stage.find(&selector)));
    } else {
        editor.focus(&id);
    }
    Some(())
}
