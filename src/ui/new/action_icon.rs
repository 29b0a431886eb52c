//! The icons of actions, which the catalog has. What shows them is fetched after the first view.

use leptos::prelude::*;

/// The icon of an action as decoration: its name next to it carries the meaning.
#[component]
pub(super) fn ActionIcon(
    /// Strokes on a grid of 24.
    path: &'static str,
) -> impl IntoView {
    view! {
        <svg
            class="icon action-icon"
            viewBox="0 0 24 24"
            fill="none"
            stroke="currentColor"
            stroke-width="1.75"
            stroke-linecap="round"
            stroke-linejoin="round"
            aria-hidden="true"
        >
            <path d=path/>
        </svg>
    }
}
