//! Sample pictures, for those who want to see what a workflow does before they choose pictures of their own.

use js_sys::Array;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use web_sys::{Blob, File, FilePropertyBag, RequestInit, Url};

use super::draft::Draft;
use crate::browser::environment::{FileError, OwnFiles};
use crate::browser::interop::{describe, settled};
use crate::ui::services::{Services, UiError};

/// Their names; `cargo xtask build` puts the files from `src/samples/` beside the page.
const NAMES: [&str; 3] = ["mug.jpg", "bottle.jpg", "tulips.jpg"];

/// The button that adds them.
#[component]
pub(crate) fn Samples() -> impl IntoView {
    let draft = expect_context::<Draft>();
    let loading = RwSignal::new(false);
    view! {
        <p class="small muted">
            "No pictures at hand? "
            <button
                type="button"
                class="link"
                data-testid="samples"
                aria-busy=move || loading.get().to_string()
                disabled=move || loading.get()
                on:click=move |_| {
                    loading.set(true);
                    spawn_local(async move {
                        draft.add_samples().await;
                        loading.try_set(false);
                    });
                }
            >
                "Try three samples"
            </button>
        </p>
    }
}

/// The files of the samples.
///
/// # Errors
/// When one cannot be loaded.
pub(crate) async fn samples(services: Services) -> Result<Vec<File>, UiError> {
    let hint = "Check the connection and try again, or add pictures of your own.";
    fetch(&services.own_files())
        .await
        .map_err(|error| UiError::new(format!("The sample pictures could not be loaded: {error}."), hint))
}

async fn fetch(own: &OwnFiles) -> Result<Vec<File>, FileError> {
    let mut files = Vec::with_capacity(NAMES.len());
    for name in NAMES {
        let blob = fetched(own, name).await?;
        let options = FilePropertyBag::new();
        options.set_type("image/jpeg");
        let file = File::new_with_blob_sequence_and_options(&Array::of1(&blob), name, &options);
        files.push(file.map_err(|error| FileError::Failed(name, describe(&error)))?);
    }
    Ok(files)
}

async fn fetched(own: &OwnFiles, name: &'static str) -> Result<Blob, FileError> {
    let failed = |error| FileError::Failed(name, describe(&error));
    let response = own.fetch(name, &RequestInit::new()).await?;
    Ok(settled(response.blob().map_err(failed)?).await.map_err(failed)?.unchecked_into())
}

/// The field that searches the built-in workflows.
#[component]
pub(crate) fn WorkflowSearch(search: RwSignal<String>) -> impl IntoView {
    view! {
        <input
            type="search"
            class="workflow-search"
            placeholder="Search"
            aria-label="Search workflows"
            data-testid="workflow-search"
            prop:value=move || search.get()
            on:input:target=move |event| search.set(event.target().value())
        />
    }
}

/// Fetches the picture with a row for each built-in workflow. As an object URL it is no request of the page's own to the
/// policy of a site in which it is embedded. Where it cannot be fetched, the cards do without.
#[component]
pub(crate) fn Gallery(shown: RwSignal<Option<String>>) -> impl IntoView {
    let own = expect_context::<Services>().own_files();
    let made = StoredValue::new(None::<String>);
    spawn_local(async move {
        let Ok(picture) = fetched(&own, "gallery.webp").await else { return };
        let Ok(url) = Url::create_object_url_with_blob(&picture) else { return };
        if made.try_set_value(Some(url.clone())).is_some() {
            // It is no longer shown.
            let _may_be_gone = Url::revoke_object_url(&url);
        } else {
            shown.try_set(Some(format!("url({url})")));
        }
    });
    on_cleanup(move || {
        if let Some(url) = made.try_update_value(Option::take).flatten() {
            let _may_be_gone = Url::revoke_object_url(&url);
        }
    });
}
