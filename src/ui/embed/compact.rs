//! What an element shows with a layout of its own: a part of the views, without the frame around them.

use leptos::prelude::*;

use super::{Embedding, Layout};
use crate::ui::icons::{Icon, Shape};
use crate::ui::live::Live;
use crate::ui::new::Drop;
use crate::ui::parts::{AboutBatches, ProgressOf};
use crate::ui::route::CurrentRoute;
use crate::ui::widgets::{ReadingNote, ReadingProblem};
use crate::view_model::route::Route;

/// The view in a layout other than the full one.
#[component]
pub(crate) fn Compact(embedding: Embedding, layout: Layout, route: CurrentRoute) -> impl IntoView {
    let live = expect_context::<Live>();
    let view = Memo::new(move |_| route.get().view());
    let current = Memo::new(move |_| embedding.current(live));
    match layout {
        Layout::Full | Layout::Drop => (move || match view.get() {
            about @ (Route::Batch(_) | Route::Picture(..)) => view! { <AboutBatches route=about/> }.into_any(),
            _ => view! { <Drop/> }.into_any(),
        })
        .into_any(),
        Layout::Progress => (move || match current.get() {
            Some(batch_id) => view! { <ProgressOf batch_id/> }.into_any(),
            None => view! { <Nothing text="Nothing is running."/> }.into_any(),
        })
        .into_any(),
        Layout::Results => (move || match current.get() {
            Some(batch_id) => view! { <AboutBatches route=Route::Batch(batch_id)/> }.into_any(),
            None => view! { <Nothing text="There are no results yet."/> }.into_any(),
        })
        .into_any(),
    }
}

/// Shown until there is a batch.
#[component]
fn Nothing(text: &'static str) -> impl IntoView {
    let live = expect_context::<Live>();
    view! {
        <ReadingProblem/>
        <ReadingNote/>
        <Show when=move || live.with(|batches| batches.is_some())>
            <div class="empty" data-testid="empty">
                <Icon shape=Shape::Layers/>
                <p class="muted">{text}</p>
            </div>
        </Show>
    }
}
