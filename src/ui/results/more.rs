//! Further actions on a batch: its concurrency and priority while it runs, its log, its report, and running it again.

use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::{Value, json};

use crate::batch::records::{LogLevel, Priority, Progress};
use crate::ui::batches::when;
use crate::ui::confirm::Confirm;
use crate::ui::icons::{Icon, Shape};
use crate::ui::live::Live;
use crate::ui::new::draft::Draft;
use crate::ui::new::library::Library;
use crate::ui::notices::NoticeBoard;
use crate::ui::services::{Services, TextKind, download_text};
use crate::ui::widgets::{Menu, MenuItem, PrioritySelect};
use crate::view_model::{form, format};

/// The menu of a batch.
#[component]
pub(crate) fn MoreActions(batch_id: StoredValue<String>) -> impl IntoView {
    let draft = expect_context::<Draft>();
    let library = expect_context::<Library>();
    let confirm = expect_context::<Confirm>();
    let live = expect_context::<Live>();
    let services = expect_context::<Services>();
    let notices = expect_context::<NoticeBoard>();
    let report = move |kind: TextKind| {
        spawn_local(async move {
            let id = batch_id.get_value();
            let outcome = match services.report(&id, kind).await {
                Ok(text) => download_text(&text, &id, kind),
                Err(problem) => Err(problem),
            };
            if let Err(problem) = outcome {
                notices.failed(problem.text, problem.hint);
            }
        });
    };
    let verify = move || {
        notices.info("Checking the stored results…", "");
        spawn_local(async move {
            match services.verify(&batch_id.get_value()).await {
                Ok((0, _)) => notices.info("This batch has no stored results to check.", ""),
                Ok((checked, 0)) => notices.done(format!(
                    "{} checked: no damage found.",
                    format::plural(u64::from(checked), "result", "results"),
                )),
                Ok((checked, damaged)) => notices.failed(
                    format!(
                        "{damaged} of {} damaged in this browser's storage.",
                        format::plural(u64::from(checked), "result is", "results are"),
                    ),
                    "They are listed as failed: retry to regenerate them from the originals.",
                ),
                Err(problem) => notices.failed(problem.text, problem.hint),
            }
        });
    };
    let run_again = move || {
        let Some(batch) = untrack(|| live.batch(&batch_id.get_value())) else { return };
        let take = move || {
            library.choose_if_here(&batch.workflow_id);
            draft.take_inputs_of(batch.batch_id.clone());
        };
        match untrack(|| draft.picked()) {
            0 => take(),
            picked => confirm.ask(
                "Replace the pictures of the new batch?",
                format!(
                    "{} already picked there. This batch's pictures will replace them.",
                    format::plural(picked, "picture is", "pictures are"),
                ),
                "Replace",
                take,
            ),
        }
    };
    view! {
        <Menu label=Signal::stored("More actions".to_owned()) testid="more-actions">
            <MenuItem
                testid="run-again"
                shape=Shape::Play
                text="Run these pictures again…"
                on_pick=run_again
            />
            <MenuItem testid="verify" shape=Shape::Check text="Check stored results" on_pick=verify/>
            <MenuItem testid="report-csv" shape=Shape::Download text="Report as CSV" on_pick=move || report(TextKind::Csv)/>
            <MenuItem testid="report-json" shape=Shape::Download text="Report as JSON" on_pick=move || report(TextKind::Json)/>
        </Menu>
    }
}

/// The batch's concurrency and priority, which can be changed while it runs.
#[component]
pub(crate) fn Share(batch: Memo<Option<Progress>>) -> impl IntoView {
    let live = expect_context::<Live>();
    let running = Memo::new(move |_| batch.with(|batch| batch.as_ref().is_some_and(|batch| !batch.status.is_end())));
    let config = Memo::new(move |_| {
        batch.with(|batch| batch.as_ref().map(|batch| (batch.config.priority, batch.config.concurrency_limit)))
    });
    let update = move |change: Value| {
        if let Some(id) = batch.with_untracked(|batch| batch.as_ref().map(|batch| batch.batch_id.clone())) {
            live.update(id, change);
        }
    };
    let priority = Signal::derive(move || config.get().map_or(Priority::Normal, |(priority, _)| priority));
    view! {
        <Show when=move || running.get()>
            <div class="share" role="group" aria-label="Share of the device">
                <label class="small" for="share-priority">"Priority"</label>
                <PrioritySelect
                    id="share-priority"
                    chosen=priority
                    on_choose=move |priority| update(json!({ "priority": priority }))
                />
                <label class="small" for="share-concurrency">"Parallel"</label>
                <input
                    class="field numbers"
                    type="number"
                    min="1"
                    max="100"
                    id="share-concurrency"
                    data-testid="share-concurrency"
                    prop:value=move || config.get().map_or(10, |(_, limit)| limit).to_string()
                    on:change=move |event| {
                        let typed = form::typed_number(&event_target_value(&event)).and_then(|value| value.as_u64());
                        if let Some(limit) = typed {
                            update(json!({ "concurrencyLimit": limit.clamp(1, 100) }));
                        }
                    }
                />
            </div>
        </Show>
    }
}

/// The batch's own log entries; nothing while there are none.
#[component]
pub(crate) fn Log(batch: Memo<Option<Progress>>) -> impl IntoView {
    let log = Memo::new(move |_| batch.with(|batch| batch.as_ref().map(|batch| batch.log.clone()).unwrap_or_default()));
    let entries = move || {
        let entry = |entry: crate::batch::records::LogEntry| {
            let tone = match entry.level {
                LogLevel::Info => "",
                LogLevel::Warning => "warn",
                LogLevel::Error => "bad",
            };
            view! {
                <li class=format!("log-entry {tone}")>
                    <span class="muted numbers">{when(entry.at)}</span>
                    <span>{entry.message}</span>
                </li>
            }
        };
        log.get().into_iter().rev().map(entry).collect::<Vec<_>>()
    };
    view! {
        <Show when=move || log.with(|log| !log.is_empty())>
            <details class="group log" data-testid="log">
                <summary>
                    <Icon shape=Shape::Chevron/>
                    <span class="group-title">"Log"</span>
                    <span class="group-summary truncate">
                        {move || log.with(|log| log.last().map(|entry| entry.message.clone()))}
                    </span>
                </summary>
                <ul class="small">{entries()}</ul>
            </details>
        </Show>
    }
}
