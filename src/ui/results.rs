//! The results of one batch: its state, every picture with its outcome, and before and after.

use leptos::prelude::*;
use leptos::task::spawn_local;
use web_sys::KeyboardEvent;

use super::batches::{AllPausedNote, BatchActions, StatusBadge, when};
use super::embed::{Embedding, Layout};
use super::focus::is_composing;
use super::icons::{Icon, Shape};
use super::live::{Live, status_badge, status_word};
use super::notices::NoticeBoard;
use super::saving::Saving;
use super::services::Services;
use super::stage::Stage;
use super::widgets::{Bar, ReadingNote, ReadingProblem, Soon, TabNote};
use crate::batch::records::{Assets, Progress as BatchProgress};
use crate::browser::page::folder;
use crate::view_model::route::Route;
use crate::view_model::{format, progress};

mod behind;
mod compare;
mod detail;
mod failures;
mod list;
mod marks;
mod more;
mod row;
mod state;

/// The view.
#[component]
pub(crate) fn Results(batch_id: String) -> impl IntoView {
    let live = expect_context::<Live>();
    let id = batch_id.clone();
    let batch = Memo::new(move |_| live.batch(&id));
    let list = state::provide_execution_list(batch_id.clone());
    let marking = marks::provide_marking(batch_id.clone(), list);
    behind::provide_behind();
    let loaded = Memo::new(move |_| live.with(|batches| batches.is_some()));
    let known = Memo::new(move |_| batch.with(Option::is_some));
    let word = move || batch.with(|batch| batch.as_ref().map(|batch| status_word(batch.status)));
    let stage = expect_context::<Stage>();
    stage.listen("keydown", move |event: KeyboardEvent| {
        // In the dialog, Escape answers the question.
        if event.key() == "Escape" && !is_composing(&event) && !stage.dialog_is_open() && !marking.clear() {
            detail::leave(list, stage);
        }
    });
    let covered = covered(list, stage);
    view! {
        <Show when=move || !loaded.get()>
            <Back/>
            <h1 class="view-head">"Results"</h1>
            <TabNote/>
            <ReadingProblem/>
            <ReadingNote/>
        </Show>
        <Show when=move || known.get()>
            <div class="results" data-testid="results" data-status=word>
                <div prop:inert=move || covered.get()>
                    <Back/>
                    <Head batch_id=StoredValue::new(batch_id.clone())/>
                    <TabNote/>
                    <ReadingProblem/>
                    <AllPausedNote/>
                </div>
                <div class="results-body" class:split=move || list.is_open()>
                    <Soon>
                        <list::ExecutionListView covered/>
                        <Show when=move || list.is_open()><detail::Detail/></Show>
                    </Soon>
                </div>
            </div>
        </Show>
        <Show when=move || loaded.get() && !known.get()>
            <div class="empty panel" data-testid="empty">
                <Icon shape=Shape::Layers/>
                <h1>"Batch not found"</h1>
                <p>"It was deleted, or it ran in another browser. Batches stay in the browser that ran them."</p>
                <a class="button primary" href=Route::Batches.fragment()>"See all batches"</a>
            </div>
        </Show>
    }
}

/// How far one batch is, without its pictures.
#[component]
pub(crate) fn Progress(batch_id: String) -> impl IntoView {
    let live = expect_context::<Live>();
    let id = batch_id.clone();
    let known = Memo::new(move |_| live.batch(&id).is_some());
    view! {
        <Show when=move || known.get() fallback=|| view! { <ReadingProblem/><ReadingNote/> }>
            <div class="results" data-testid="progress">
                <Head batch_id=StoredValue::new(batch_id.clone()) brief=true/>
            </div>
        </Show>
    }
}

/// The way back to the view behind: the batches, or, in an element that shows one thing at a time, the pictures.
#[component]
fn Back() -> impl IntoView {
    let stage = expect_context::<Stage>();
    let to = move || match stage.embedding().map(Embedding::layout) {
        None | Some(Layout::Full) => Some((Route::Batches, "Batches")),
        Some(Layout::Drop) => Some((Route::New, "New pictures")),
        Some(Layout::Progress | Layout::Results) => None,
    };
    move || {
        to().map(|(route, text)| {
            view! {
                <a class="back small" data-testid="back" href=route.fragment()><Icon shape=Shape::Back/>{text}</a>
            }
        })
    }
}

/// Whether the detail covers the rest of the view, as it does in a narrow window; nothing below it takes the focus
/// then.
fn covered(list: state::ExecutionList, stage: Stage) -> Memo<bool> {
    let now = RwSignal::new(stage.is_narrow(960));
    stage.on_resize(move || now.set(stage.is_narrow(960)));
    Memo::new(move |_| list.is_open() && now.get())
}

/// A batch's name, state and actions; `brief` without what it is made of.
#[component]
fn Head(batch_id: StoredValue<String>, #[prop(optional)] brief: bool) -> impl IntoView {
    let live = expect_context::<Live>();
    let batch = Memo::new(move |_| batch_id.with_value(|id| live.batch(id)));
    let name = move || batch.with(|batch| batch.as_ref().map(|batch| batch.job_name.clone()));
    let counts = move || batch.with(|batch| batch.as_ref().map(progress::counts));
    let time = move || batch.with(|batch| batch.as_ref().map(|batch| progress::time(batch, live.is_all_paused())));
    let version =
        move || batch.with(|batch| batch.as_ref()?.version.as_ref().map(|version| format!("v{}", version.version)));
    let began = move || batch.with(|batch| batch.as_ref().map(|batch| when(batch.created_at)));
    let ended = Memo::new(move |_| batch.with(|batch| batch.as_ref().map(|batch| batch.status.is_end())));
    let announced = RwSignal::new(String::new());
    // The end is announced once, and only to users who saw the batch run.
    Effect::new(move |before: Option<Option<bool>>| {
        let now = ended.get();
        match (before.flatten(), now) {
            (Some(false), Some(true)) => batch.with_untracked(|batch| {
                if let Some(batch) = batch {
                    announced.set(format!("{}: {}", status_badge(batch, false).0, progress::counts(batch)));
                }
            }),
            (_, Some(false)) => announced.set(String::new()),
            _ => {}
        }
        now
    });
    view! {
        <p class="unseen" role="status" data-testid="batch-end">{announced}</p>
        <div class="results-head">
            <div class="results-title">
                <h1 class="truncate">{name}</h1>
                {move || version().map(|text| view! { <span class="badge" data-testid="version">{text}</span> })}
                <StatusBadge batch/>
                <span class="small muted">{began}</span>
            </div>
            <div class="results-actions">
                <Soon>
                    <RetryAll batch_id/>
                    <RunRemaining batch_id/>
                    <DownloadAll batch_id/>
                    <SaveToFolder batch_id/>
                    <BatchActions batch compact=false/>
                    <more::MoreActions batch_id/>
                </Soon>
            </div>
        </div>
        <Bar batch/>
        <p class="small muted numbers results-counts">
            <span data-testid="counts">{counts}</span>
            <span class="time">{time}</span>
        </p>
        <Remedy batch/>
        {(!brief).then(|| view! {
            <Soon>
                <failures::Failures batch_id batch/>
                <more::Share batch/>
                <more::SettingsUsed batch_id/>
                <more::Log batch/>
            </Soon>
        })}
    }
}

/// Why the batch is stopped, if the user can fix it.
#[component]
fn Remedy(batch: Memo<Option<BatchProgress>>) -> impl IntoView {
    let live = expect_context::<Live>();
    let remedy = Memo::new(move |_| batch.with(|batch| batch.as_ref().and_then(progress::remedy)));
    let resume = move |_| {
        if let Some(id) = batch.with_untracked(|batch| batch.as_ref().map(|batch| batch.batch_id.clone())) {
            live.resume(id);
        }
    };
    view! {
        {move || remedy.get().map(|(what, fix)| view! {
            <div class="note" role="status" data-testid="remedy">
                <p><strong>{what}</strong> " " {fix}</p>
                <div class="tight push">
                    <a class="button quiet" href=Route::Batches.fragment()>"All batches"</a>
                    <button class="button" data-testid="remedy-resume" on:click=resume>"Resume"</button>
                </div>
            </div>
        })}
    }
}

/// Retries what failed.
#[component]
fn RetryAll(batch_id: StoredValue<String>) -> impl IntoView {
    let live = expect_context::<Live>();
    let act = move || live.retry(batch_id.get_value(), None);
    view! { <Restart batch_id testid="retry-all" shape=Shape::Retry count=|assets| assets.failed text=("Retry", "failed") act/> }
}

/// Runs what a batch left undone when it was cancelled or stopped at its first failure.
#[component]
fn RunRemaining(batch_id: StoredValue<String>) -> impl IntoView {
    let live = expect_context::<Live>();
    let act = move || live.run_remaining(batch_id.get_value());
    view! { <Restart batch_id testid="run-remaining" shape=Shape::Play count=|assets| assets.pending text=("Run", "remaining") act/> }
}

/// Restarts a batch that has ended, for the pictures that `count` counts; nothing if there are none. `text` is what comes
/// before and after their number.
#[component]
fn Restart(
    batch_id: StoredValue<String>,
    testid: &'static str,
    shape: Shape,
    count: fn(Assets) -> u32,
    text: (&'static str, &'static str),
    act: impl Fn() + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let live = expect_context::<Live>();
    let counted = Memo::new(move |_| {
        let batch = batch_id.with_value(|id| live.batch(id)).filter(|batch| batch.status.is_end());
        batch.map_or(0, |batch| count(batch.assets))
    });
    view! {
        <Show when=move || { counted.get() > 0 }>
            <button class="button" data-testid=testid on:click=move |_| act()>
                <Icon shape/>
                {move || format!("{} {} {}", text.0, format::count(u64::from(counted.get())), text.1)}
            </button>
        </Show>
    }
}

#[component]
fn DownloadAll(batch_id: StoredValue<String>) -> impl IntoView {
    let live = expect_context::<Live>();
    let services = expect_context::<Services>();
    let notices = expect_context::<NoticeBoard>();
    let busy = RwSignal::new(false);
    let batch = move || batch_id.with_value(|id| live.batch(id));
    let any = Memo::new(move |_| batch().is_some_and(|batch| batch.assets.completed > 0));
    let download = move |_| {
        let Some(batch) = untrack(batch) else { return };
        busy.set(true);
        spawn_local(async move {
            if let Err(problem) = services.download_zip(&batch.batch_id, None).await {
                notices.failed(problem.text, problem.hint);
            }
            busy.try_set(false);
        });
    };
    view! {
        <Show when=move || any.get()>
            <button class="button primary" data-testid="download-zip" disabled=move || busy.get() on:click=download>
                <Icon shape=Shape::Download/>
                {move || if busy.get() { "Preparing…" } else { "Download ZIP" }}
            </button>
        </Show>
    }
}

/// Writes the results into a folder that the user picks, where the browser can do that; while the batch runs, those to come
/// too.
#[component]
fn SaveToFolder(batch_id: StoredValue<String>) -> impl IntoView {
    let live = expect_context::<Live>();
    let saving = expect_context::<Saving>();
    batch_id.with_value(|id| saving.begin(id));
    let has_any = Memo::new(move |_| {
        let batch = batch_id.with_value(|id| live.batch(id));
        folder::is_offered() && batch.is_some_and(|batch| batch.assets.completed > 0 || !batch.status.is_end())
    });
    let underway = Memo::new(move |_| batch_id.with_value(|id| saving.underway(id)));
    let act = move |_| {
        if underway.with_untracked(Option::is_some) {
            return batch_id.with_value(|id| saving.stop(id));
        }
        let batch_id = batch_id.get_value();
        spawn_local(async move {
            if let Some(folder) = saving.pick().await {
                saving.start(batch_id, folder);
            }
        });
    };
    let title = move || underway.get().map(|underway| format!("Results are being saved in \"{}\"", underway.folder));
    let text = move || match underway.get() {
        None => "Save to a folder…".to_owned(),
        Some(underway) => format!("Stop saving ({} saved)", format::count(underway.files as u64)),
    };
    view! {
        <Show when=move || has_any.get()>
            <button class="button" data-testid="save-to-folder" aria-pressed=move || underway.with(Option::is_some).to_string() title=title on:click=act>
                <Icon shape=Shape::Folder/>
                {text}
            </button>
        </Show>
    }
}
