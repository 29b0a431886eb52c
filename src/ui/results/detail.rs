//! The selected execution: before and after, its outputs, or its error.

use std::sync::Arc;

use leptos::html;
use leptos::prelude::*;

use super::compare::Compare;
use super::list::focus_row;
use super::row::{OutputLine, Replace, Retry, name, status};
use super::state::ExecutionList;
use crate::batch::records::{Execution, ExecutionStatus};
use crate::error::{ErrorCategory, Failure, Phase, Warning};
use crate::ui::batches::when;
use crate::ui::focus::focus;
use crate::ui::icons::{Icon, Shape};
use crate::ui::stage::Stage;
use crate::ui::widgets::StoredImage;
use crate::view_model::route::Route;
use crate::view_model::{form, format};

/// The panel. It takes the focus when it opens and returns it to the row when it closes.
#[component]
pub(crate) fn Detail() -> impl IntoView {
    let list = expect_context::<ExecutionList>();
    let stage = expect_context::<Stage>();
    let panel = NodeRef::<html::Aside>::new();
    // Rebuilt only for another picture or another state, not on every read.
    let shown = Memo::new(move |_| list.detail().get());
    let label = move || shown.with(|shown| shown.as_ref().map_or_else(|| "Picture".to_owned(), |one| name(one)));
    // Also called in a later frame, when the panel may have been closed.
    let focus = move || focus(panel.try_get_untracked().flatten().map(Into::into));
    Effect::new(move || {
        panel.track();
        focus();
    });
    let content = move || {
        let within = panel.get_untracked().is_some_and(|panel| panel.contains(stage.active_element().as_deref()));
        if within {
            request_animation_frame(move || {
                // The focused element may have been removed with the content; an element focused since keeps the focus.
                if stage.is_focus_lost() {
                    focus();
                }
            });
        }
        shown.get().map(|execution| view! { <Shown execution/> })
    };
    view! {
        <aside node_ref=panel class="detail panel" tabindex="-1" data-testid="detail" aria-label=label>
            {content}
        </aside>
    }
}

/// Closes the panel; the focus goes back to the row.
pub(crate) fn leave(list: ExecutionList, stage: Stage) {
    if let Some(index) = list.selected() {
        list.close();
        // In the next frame, when the list can receive it.
        request_animation_frame(move || focus_row(stage, index));
    }
}

#[component]
fn Shown(execution: Arc<Execution>) -> impl IntoView {
    let (list, stage) = (expect_context::<ExecutionList>(), expect_context::<Stage>());
    let (_, text, tone) = status(execution.status());
    let input = execution.input_asset.inputs.first();
    let path = input.and_then(|input| input.path.clone()).filter(|path| *path != name(&execution));
    let row = execution.input_asset.row.as_ref().map(|row| format!("Row {} of the table", row.number));
    let history = view! { <Earlier execution=execution.clone()/> };
    view! {
        <header class="detail-head">
            <div class="row-name">
                <h2 class="truncate" translate="no">{name(&execution)}</h2>
                {path.into_iter().chain(row).map(|text| view! { <span class="small muted truncate" translate="no">{text}</span> }).collect_view()}
            </div>
            <span class=format!("badge {tone}")>{text}</span>
            <button class="button quiet square" data-testid="close-detail" aria-label="Close" on:click=move |_| leave(list, stage)>
                <Icon shape=Shape::Close/>
            </button>
        </header>
        {match execution.status() {
            ExecutionStatus::Success => view! { <Success execution/> }.into_any(),
            ExecutionStatus::Failed => view! { <Failed execution/> }.into_any(),
            _ => view! { <Unfinished execution/> }.into_any(),
        }}
        {history}
    }
}

/// Where reused results came from, if any were.
#[component]
fn TakenOver(execution: Arc<Execution>) -> impl IntoView {
    execution.reused().map(|reused| {
        let link = Route::Batch(reused.batch_id.clone()).fragment();
        view! {
            <p class="small muted" data-testid="reused">
                "Nothing has changed: reused from " <a href=link>{reused.batch_id.clone()}</a> "."
            </p>
        }
    })
}

/// Failures of earlier attempts, latest first; nothing if there are none.
#[component]
fn Earlier(execution: Arc<Execution>) -> impl IntoView {
    let count = execution.history.len() as u64;
    (count > 0).then(|| {
        let entries = execution.history.iter().rev().map(|past| {
            view! {
                <li>
                    <p class="small muted">{format!("Attempt {}, {}", past.attempt, when(past.failed_at))}</p>
                    <p>{past.failure.message.clone()}</p>
                    <p class="small muted">{place(&past.failure)}</p>
                </li>
            }
        });
        view! {
            <details class="group earlier" data-testid="history">
                <summary>
                    <Icon shape=Shape::Chevron/>
                    <span class="group-title">{format::plural(count, "earlier failure", "earlier failures")}</span>
                </summary>
                <ul>{entries.collect::<Vec<_>>()}</ul>
            </details>
        }
    })
}

#[component]
fn Success(execution: Arc<Execution>) -> impl IntoView {
    let before = execution.input_size.map_or(0, |size| size.bytes);
    let lines = execution
        .outputs()
        .iter()
        .map(|output| view! { <OutputLine output=output.clone() before/> })
        .collect::<Vec<_>>();
    view! {
        {(!execution.outputs().is_empty()).then(|| view! { <Compare execution=execution.clone()/> })}
        <Doubts execution=execution.clone()/>
        <TakenOver execution/>
        <div class="detail-outputs">{lines}</div>
    }
}

fn level(warning: &Warning) -> &'static str {
    if warning.is_doubt() { "doubt" } else { "hint" }
}

/// Warnings about the results and what to do about them: doubts before hints.
#[component]
fn Doubts(execution: Arc<Execution>) -> impl IntoView {
    (!execution.warnings().is_empty()).then(|| {
        let of = |doubts: bool| execution.warnings().iter().filter(move |warning| warning.is_doubt() == doubts);
        let notes = of(true).chain(of(false)).map(|warning| {
            view! {
                <li class:hint=!warning.is_doubt() data-level=level(warning)>
                    <Icon shape=if warning.is_doubt() { Shape::Warning } else { Shape::Info }/>
                    <p><span class="doubt-text">{warning.message.clone()}</span> " " {form::in_words(&warning.hint)}</p>
                </li>
            }
        });
        view! {
            <ul class="doubts" data-testid="detail-warnings" aria-label="Notes on this result">
                {notes.collect::<Vec<_>>()}
            </ul>
        }
    })
}

#[component]
fn Unfinished(execution: Arc<Execution>) -> impl IntoView {
    let text = if execution.status() == ExecutionStatus::Running { "Working on it…" } else { "Not run yet." };
    view! {
        <div class="detail-picture checkerboard">
            {execution.input_asset.asset_id.clone().map(|asset_id| view! { <StoredImage asset_id alt=name(&execution)/> })}
        </div>
        <p class="muted">{text}</p>
    }
}

/// What went wrong, where, and how to fix it.
#[component]
fn Failed(execution: Arc<Execution>) -> impl IntoView {
    let failure = execution.failure().cloned();
    let (can_replace, can_retry) = (execution.failed_input().is_some(), !execution.needs_another_file());
    let tries = (execution.attempts > 1).then(|| format!("Tried {} times.", execution.attempts));
    view! {
        <div class="failure" role="group" aria-label="Error" data-testid="detail-error">
            {failure.map(|failure| {
                let place = place(&failure);
                view! {
                    <p class="failure-text">{failure.message}</p>
                    <p>{form::in_words(&failure.hint)}</p>
                    <p class="small muted">{place} " " {tries}</p>
                }
            })}
            <div class="spread">
                {can_replace.then(|| view! { <Replace execution=execution.clone()/> })}
                {can_retry.then(|| view! { <Retry execution/> })}
            </div>
        </div>
    }
}

/// Where it failed, in words.
pub(super) fn place(failure: &Failure) -> String {
    let what = match failure.phase {
        Phase::Validation => "Could not be read",
        Phase::Setup => "Could not be loaded",
        Phase::Execute => "Could not be processed",
    };
    let why = match failure.category {
        ErrorCategory::ValidationError => "",
        ErrorCategory::SystemError => ": device or program error",
        ErrorCategory::RateLimitError => ": too many requests",
        ErrorCategory::DownstreamError => ": not reachable",
        ErrorCategory::PollingTimeoutError => ": timed out",
    };
    match &failure.action_id {
        Some(action) => format!("{what}{why} (step “{}”).", form::label(action)),
        None => format!("{what}{why}."),
    }
}
