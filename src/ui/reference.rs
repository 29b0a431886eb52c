//! The API page. What it shows is an element of a script of its own (`src/reference/`), so that the page's program does
//! not contain it. The script is fetched when the view is first opened.

use leptos::prelude::*;

use super::icons::{Icon, Shape};
use super::route::CurrentRoute;
use crate::browser::environment::Installation;
use crate::view_model::route::Route;

/// The script, as `cargo xtask build` names it in the page.
const SCRIPT: &str = "reference.js";

/// How far the script is.
#[derive(Clone, Copy, PartialEq)]
enum Loading {
    /// The browser fetches it, for the given time after the first.
    Underway(u32),
    Failed(u32),
    Done,
}

/// Loads the script and shows its element, which follows the route's heading.
#[component]
pub(crate) fn Reference() -> impl IntoView {
    let route = expect_context::<CurrentRoute>();
    let loading = RwSignal::new(Loading::Underway(0));
    // A browser may remember that an address failed.
    let address = |attempt: u32| {
        let files = Installation::of_page().map(|page| page.files).unwrap_or_default();
        let name = files.get(SCRIPT).map_or("reference/reference.js", String::as_str);
        if attempt == 0 { format!("./{name}") } else { format!("./{name}?attempt={attempt}") }
    };
    let heading = move || match route.get() {
        Route::Api(heading) => heading,
        _ => String::new(),
    };
    move || match loading.get() {
        Loading::Underway(attempt) => view! {
            <script
                type="module"
                src=address(attempt)
                on:load=move |_| loading.set(Loading::Done)
                on:error=move |_| loading.set(Loading::Failed(attempt))
            ></script>
            <p class="reading muted" role="status" data-testid="reference-loading">"Loading the API reference…"</p>
        }
        .into_any(),
        Loading::Failed(attempt) => view! {
            <div class="empty panel" role="alert" data-testid="reference-failed">
                <Icon shape=Shape::Warning/>
                <h1>"The API reference could not be loaded"</h1>
                <p>"Check that the server can be reached, then try again. If that does not help, reload the page."</p>
                <button class="button primary" on:click=move |_| loading.set(Loading::Underway(attempt + 1))>
                    <Icon shape=Shape::Retry/>
                    "Try again"
                </button>
            </div>
        }
        .into_any(),
        Loading::Done => {
            view! { <pixelmill-reference heading=heading lang="en" dir="ltr" translate="no"></pixelmill-reference> }
                .into_any()
        }
    }
}
