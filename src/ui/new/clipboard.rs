//! Copying, cutting and pasting the focused step, or those that are selected in the graph, also from one workflow into
//! another.

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
    editor.stage.listen("cut", move |event: ClipboardEvent| match copy(editor, &event) {
        Some(Copied::One(index, name)) => editor.remove(index, name),
        Some(Copied::Several(ids)) => editor.remove_all(&ids),
        None => {}
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

/// The steps that are selected in the graph that an element belongs to.
fn selected_beside(element: &Element) -> Vec<String> {
    let Some(graph) = element.closest(".graph").ok().flatten() else { return Vec::new() };
    let found = graph.get_elements_by_class_name("node selected");
    (0..found.length()).filter_map(|at| found.item(at)?.get_attribute("data-step")).collect()
}

/// What was copied.
enum Copied {
    /// A step: its place in the document and its action's name.
    One(usize, &'static str),
    /// Steps, by their ids.
    Several(Vec<String>),
}

/// Copies the focused step, or those that are selected with it.
fn copy(editor: Editor, event: &ClipboardEvent) -> Option<Copied> {
    let focused = focused(editor)?;
    let several = selected_beside(&focused);
    if several.len() > 1 {
        let text = editor.with(|now| editing::copied_steps(now, &several))?;
        event.clipboard_data()?.set_data(TEXT, &text).ok()?;
        event.prevent_default();
        return Some(Copied::Several(several));
    }
    let id = step_of(&focused)?;
    let index = editor.with(|now| document::index_of(now, &id))?;
    let (text, action) = editor.with(|now| editing::copied(now, index))?;
    event.clipboard_data()?.set_data(TEXT, &text).ok()?;
    event.prevent_default();
    Some(Copied::One(index, action.name))
}

/// Adds the steps in the clipboard after the focused one, or at the end.
fn paste(editor: Editor, event: &ClipboardEvent) -> Option<()> {
    let near = match editor.stage.active_element() {
        Some(_) => Some(focused(editor)?),
        None => None,
    };
    let text = event.clipboard_data()?.get_data(TEXT).ok()?;
    let place = near.as_ref().and_then(step_of).map_or(Place::End, Place::After);
    let one = editor.with(|now| editing::with_pasted(now, &text, &place));
    let (document, id, name) = match one {
        Some((document, id, action)) => (document, id, action.name.to_owned()),
        None => {
            let (document, ids) = editor.with(|now| editing::with_pasted_steps(now, &text, &place))?;
            (document, ids.last()?.clone(), format!("{} steps", ids.len()))
        }
    };
    event.prevent_default();
    editor.draft.edit_whole(&format!("Paste {name}"), document);
    if near.is_some_and(|near| near.closest(".node").ok().flatten().is_some()) {
        let selector = format!("[data-testid=\"node-{id}\"]");
        request_animation_frame(move || focus(editor.stage.find(&selector)));
    } else {
        editor.focus(&id);
    }
    Some(())
}
