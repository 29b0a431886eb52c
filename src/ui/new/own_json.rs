//! The editor of the user's own workflow as JSON.

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::FileList;

use super::draft::Draft;
use super::workflows::JSON;
use crate::ui::icons::{Icon, Shape};
use crate::ui::notices::NoticeBoard;
use crate::ui::widgets::FilePicker;

/// The user's own workflow, as text or from a file.
#[component]
pub(crate) fn OwnJson() -> impl IntoView {
    let draft = expect_context::<Draft>();
    let notices = expect_context::<NoticeBoard>();
    let read_file = move |files: FileList| {
        let Some(picked) = files.get(0) else { return };
        spawn_local(async move {
            match JsFuture::from(picked.unchecked_ref::<web_sys::Blob>().text()).await {
                Ok(text) => draft.set_own_text(text.as_string().unwrap_or_default()),
                Err(_) => notices.failed(format!("\"{}\" could not be read.", picked.name()), "Pick it again."),
            }
        });
    };
    view! {
        <div class="own">
            <textarea
                class="field code"
                rows="12"
                spellcheck="false"
                aria-label="Workflow as JSON"
                aria-invalid=move || draft.own_error().is_some().to_string()
                aria-describedby=move || draft.own_error().map(|_| "own-error")
                placeholder="{ \"metadata\": …, \"actions\": […], \"connections\": […] }"
                data-testid="own-json"
                prop:value=move || draft.own_text()
                on:input=move |event| draft.set_own_text(event_target_value(&event))
            ></textarea>
            {move || draft.own_error().map(|text| view! { <p class="problem" role="alert" id="own-error" data-testid="field-error">{text}</p> })}
            <div>
                <FilePicker label="Workflow file" accept=JSON testid="own-file" on_pick=read_file>
                    <Icon shape=Shape::Code/>
                    "Open a file"
                </FilePicker>
            </div>
        </div>
    }
}
