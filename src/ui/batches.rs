//! Every batch, newest first, with its progress.

use leptos::prelude::*;

use super::icons::{Icon, Shape};
use super::live::{Live, status_badge, status_word};
use super::widgets::{Bar, ReadingNote, ReadingProblem, Segments, TabNote};
use crate::batch::records::{BatchStatus, Progress};
use crate::view_model::route::Route;
use crate::view_model::{format, progress};

const FILTERS: [(&str, &str); 6] = [
    ("all", "All"),
    ("running", "Running"),
    ("pending", "Waiting"),
    ("completed", "Completed"),
    ("failed", "Failed"),
    ("cancelled", "Cancelled"),
];

/// Batches shown before "Show more".
const AT_FIRST: usize = 50;

/// The view.
#[component]
pub(crate) fn Batches() -> impl IntoView {
    let live = expect_context::<Live>();
    let filter = RwSignal::new("all");
    let most = RwSignal::new(AT_FIRST);
    let matching = move |batch: &&Progress| {
        filter.get() == "all"
            || status_word(batch.status) == filter.get()
            || filter.get() == "failed" && progress::has_failures(batch)
    };
    let ids = Memo::new(move |_| {
        live.with(|batches| {
            batches.unwrap_or(&[]).iter().filter(matching).map(|batch| batch.batch_id.clone()).collect::<Vec<_>>()
        })
    });
    let any = Memo::new(move |_| live.with(|batches| batches.map(|batches| !batches.is_empty())));
    let shown = move || ids.get().into_iter().take(most.get()).collect::<Vec<_>>();
    view! {
        <div class="spread view-head">
            <h1>"Batches"</h1>
            <PauseAllButton/>
            <a class="button primary push" href=Route::New.fragment()><Icon shape=Shape::Plus/>"New batch"</a>
        </div>
        <TabNote/>
        <AllPausedNote/>
        <ReadingProblem/>
        <ReadingNote/>
        <Show when=move || any.get() == Some(false)><NoBatches/></Show>
        <Show when=move || any.get() == Some(true)>
            <Segments label="Filter by status" choices=&FILTERS chosen=filter/>
            <ul class="batch-list" aria-label="Batches">
                <For each=shown key=Clone::clone let:batch_id>
                    <BatchRow batch_id/>
                </For>
            </ul>
            <Show when=move || ids.with(Vec::is_empty)>
                <p class="muted none-here">"No batches in this state."</p>
            </Show>
            <Show when=move || ids.with(|ids| ids.len() > most.get())>
                <button class="button" on:click=move |_| most.update(|most| *most += AT_FIRST)>"Show more"</button>
            </Show>
        </Show>
    }
}

/// Pauses or resumes all batches.
#[component]
fn PauseAllButton() -> impl IntoView {
    let live = expect_context::<Live>();
    let all_paused = move || live.is_all_paused();
    view! {
        <Show when=move || all_paused() || live.underway() != 0>
            <button
                class="button"
                data-testid=move || if all_paused() { "resume-all" } else { "pause-all" }
                on:click=move |_| live.set_all_paused(!untrack(all_paused))
            >
                {move || {
                    let (shape, text) = if all_paused() { (Shape::Play, "Resume all") } else { (Shape::Pause, "Pause all") };
                    view! { <Icon shape/>{text} }
                }}
            </button>
        </Show>
    }
}

/// Shown while everything is paused.
#[component]
pub(crate) fn AllPausedNote() -> impl IntoView {
    let live = expect_context::<Live>();
    view! {
        <Show when=move || live.is_all_paused()>
            <p class="note" role="status" data-testid="held">
                "All batches are paused, in every tab, until you resume them. Pictures already in progress will finish."
            </p>
        </Show>
    }
}

#[component]
fn NoBatches() -> impl IntoView {
    view! {
        <div class="empty panel" data-testid="empty">
            <Icon shape=Shape::Layers/>
            <h2>"Nothing has run yet"</h2>
            <p>"Drop a folder of pictures, choose what to do, and every batch you run stays here with its results."</p>
            <a class="button primary" href=Route::New.fragment()>"Start a batch"</a>
        </div>
    }
}

#[component]
fn BatchRow(batch_id: String) -> impl IntoView {
    let live = expect_context::<Live>();
    let id = batch_id.clone();
    let link = Route::Batch(batch_id.clone()).fragment();
    let batch = Memo::new(move |_| live.batch(&id));
    let word = move || batch.with(|batch| batch.as_ref().map(|batch| status_word(batch.status)));
    let name = move || batch.with(|batch| batch.as_ref().map(|batch| batch.job_name.clone()));
    let counts = move || batch.with(|batch| batch.as_ref().map(progress::counts));
    let time = move || batch.with(|batch| batch.as_ref().map(|batch| progress::time(batch, live.is_all_paused())));
    view! {
        <li class="panel batch" data-testid="batch-row" data-batch=batch_id data-status=word>
            <div class="batch-name">
                <a class="truncate" href=link>{name}</a>
                <StatusBadge batch/>
                <span class="small muted push">{move || batch.with(|batch| batch.as_ref().map(|batch| when(batch.created_at)))}</span>
            </div>
            <Bar batch/>
            <div class="batch-foot">
                <p class="small muted numbers">
                    <span data-testid="counts">{counts}</span>
                    <span class="time">{time}</span>
                </p>
                <div class="tight">
                    <BatchActions batch compact=true/>
                </div>
            </div>
        </li>
    }
}

/// When a batch was created: relative for a day, then the date.
pub(crate) fn when(created_at: f64) -> String {
    format::ago(created_at, js_sys::Date::now()).unwrap_or_else(|| {
        let date = js_sys::Date::new(&created_at.into());
        String::from(date.to_locale_date_string("default", &wasm_bindgen::JsValue::UNDEFINED))
    })
}

/// The state of a batch.
#[component]
pub(crate) fn StatusBadge(batch: Memo<Option<Progress>>) -> impl IntoView {
    let live = expect_context::<Live>();
    let badge = Memo::new(move |_| {
        batch.with(|batch| batch.as_ref().map_or(("", ""), |batch| status_badge(batch, live.is_all_paused())))
    });
    let word = move || batch.with(|batch| batch.as_ref().map(|batch| status_word(batch.status)));
    view! {
        <span class=move || format!("badge {}", badge.get().1) data-testid="status" data-status=word>
            {move || badge.get().0}
        </span>
    }
}

/// The actions that the state allows: pause, resume, cancel, delete.
#[component]
pub(crate) fn BatchActions(batch: Memo<Option<Progress>>, compact: bool) -> impl IntoView {
    let live = expect_context::<Live>();
    let id =
        move || batch.with_untracked(|batch| batch.as_ref().map(|batch| batch.batch_id.clone()).unwrap_or_default());
    // Waiting, running, paused or ended: the buttons change only with these.
    let state = Memo::new(move |_| {
        batch.with(|batch| {
            batch.as_ref().map(|batch| match batch.status {
                BatchStatus::Pending | BatchStatus::Running if batch.paused.is_some() => "paused",
                BatchStatus::Pending | BatchStatus::Running => "going",
                _ => "ended",
            })
        })
    });
    let paused = move || state.get() == Some("paused");
    let pause_word = move || if paused() { "Resume" } else { "Pause" };
    let delete = move |live: Live| {
        if let Some(batch) = batch.get_untracked() {
            live.delete(&batch);
        }
    };
    view! {
        <Show when=move || state.get() != Some("ended")>
            // One button for both, so that the focus stays on it.
            <button
                class="button"
                class:quiet=compact
                class:square=compact
                data-testid=move || if paused() { "resume" } else { "pause" }
                aria-label=move || compact.then(pause_word)
                title=move || compact.then(pause_word)
                on:click=move |_| if untrack(paused) { live.resume(id()) } else { live.pause(id()) }
            >
                {move || view! { <Icon shape=if paused() { Shape::Play } else { Shape::Pause }/> }}
                {move || (!compact).then(pause_word)}
            </button>
            <button
                class="button"
                class:quiet=compact
                class:square=compact
                data-testid="cancel"
                aria-label=compact.then_some("Cancel")
                title=compact.then_some("Cancel")
                on:click=move |_| live.cancel(id())
            >
                <Icon shape=Shape::Stop/>
                {(!compact).then_some("Cancel")}
            </button>
        </Show>
        <button
            class="button quiet square"
            data-testid="delete"
            aria-label="Delete"
            title="Delete"
            on:click=move |_| delete(live)
        >
            <Icon shape=Shape::Trash/>
        </button>
    }
}
