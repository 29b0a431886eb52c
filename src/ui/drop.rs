//! Drops and pastes anywhere in the view. A field marked by `data-slot` receives what is dropped on it; everything
//! else goes to the primary input.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{ClipboardEvent, DataTransfer, DragEvent};

use super::focus::is_text_field;
use super::new::draft::{Draft, PRIMARY};
use super::route::CurrentRoute;
use super::services::Source;
use super::stage::Stage;
use crate::view_model::route::Route;

fn has_files(transfer: Option<&DataTransfer>) -> bool {
    transfer.is_some_and(|transfer| transfer.types().includes(&"Files".into(), 0))
}

fn slot_of(event: &DragEvent) -> String {
    let element = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let field = element.and_then(|element| element.closest("[data-slot]").ok().flatten());
    field.and_then(|field| field.get_attribute("data-slot")).unwrap_or_else(|| PRIMARY.to_owned())
}

/// The overlay while files are dragged over the window, and the listeners.
#[component]
pub(crate) fn DropOverlay() -> impl IntoView {
    let draft = expect_context::<Draft>();
    let route = expect_context::<CurrentRoute>();
    let stage = expect_context::<Stage>();
    let over = RwSignal::new(None::<String>);
    stage.listen("dragover", move |event: DragEvent| {
        if has_files(event.data_transfer().as_ref()) {
            event.prevent_default();
            let slot = slot_of(&event);
            if over.with_untracked(|now| now.as_ref() != Some(&slot)) {
                over.set(Some(slot));
            }
        }
    });
    stage.listen("dragleave", move |event: DragEvent| {
        // Leaving the window has no related element.
        let to = event.related_target().and_then(|to| to.dyn_into::<web_sys::Node>().ok());
        if to.is_none_or(|to| stage.is_outside(&to)) {
            over.set(None);
        }
    });
    stage.listen("drop", move |event: DragEvent| {
        over.set(None);
        let Some(transfer) = event.data_transfer().filter(|transfer| has_files(Some(transfer))) else { return };
        event.prevent_default();
        route.go(&Route::New);
        draft.add(slot_of(&event), Source::of_transfer(&transfer));
    });
    stage.listen("paste", move |event: ClipboardEvent| {
        let Some(transfer) = event.clipboard_data().filter(|transfer| has_files(Some(transfer))) else { return };
        // Spreadsheets also copy a picture of the text: whatever is pasted into a field belongs to the field.
        let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        if target.is_some_and(|target| is_text_field(&target)) {
            return;
        }
        event.prevent_default();
        route.go(&Route::New);
        draft.add(PRIMARY.to_owned(), Source::of_transfer(&transfer));
    });
    let text = move || match over.get() {
        Some(slot) if slot != PRIMARY => format!("Drop for “{}”", crate::view_model::form::label(&slot)),
        _ => "Drop pictures to add them".to_owned(),
    };
    view! {
        <Show when=move || over.with(Option::is_some)>
            <div class="drop-overlay" data-testid="drop-overlay" aria-hidden="true">{text}</div>
        </Show>
    }
}
