//! Sample pictures, for those who want to see what a workflow does before they choose pictures of their own.

use js_sys::Array;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Blob, File, FilePropertyBag, RequestInit};

use super::draft::Draft;
use crate::browser::environment::{FileError, Installation, OwnFiles};
use crate::browser::interop::{describe, settled};
use crate::ui::services::UiError;

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
                    leptos::task::spawn_local(async move {
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
pub(crate) async fn samples() -> Result<Vec<File>, UiError> {
    let hint = "Check the connection and try again, or add pictures of your own.";
    fetch().await.map_err(|error| UiError::new(format!("The sample pictures could not be loaded: {error}."), hint))
}

async fn fetch() -> Result<Vec<File>, FileError> {
    let page = Installation::of_page();
    let (base_url, names) = page.map(|page| (page.base_url, page.files)).unwrap_or_default();
    let own = OwnFiles::new(&base_url, names);
    let mut files = Vec::with_capacity(NAMES.len());
    for name in NAMES {
        let failed = |error| FileError::Failed(name, describe(&error));
        let response = own.fetch(name, &RequestInit::new()).await?;
        let blob: Blob = settled(response.blob().map_err(failed)?).await.map_err(failed)?.unchecked_into();
        let options = FilePropertyBag::new();
        options.set_type("image/jpeg");
        let file = File::new_with_blob_sequence_and_options(&Array::of1(&blob), name, &options);
        files.push(file.map_err(failed)?);
    }
    Ok(files)
}
