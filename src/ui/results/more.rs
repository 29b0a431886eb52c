//! Further actions on a batch: its concurrency and priority while it runs, its log, its report, and running it again.

use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::{Value, json};

use crate::batch::records::{LogLevel, Priority, Progress};
use crate::compact::SortedSet;
use crate::ui::batches::when;
use crate::ui::confirm::Confirm;
use crate::ui::icons::{Icon, Shape};
use crate::ui::live::Live;
use crate::ui::new::draft::Draft;
use crate::ui::new::library::Library;
use crate::ui::notices::NoticeBoard;
use crate::ui::services::{Services, TextKind, download_text};
use crate::ui::widgets::{Menu, MenuItem, PrioritySelect};
use crate::view_model::{document, form, format};

/// Copies pictures of a batch to the New batch view, to run them with other settings.
#[derive(Clone, Copy)]
pub(super) struct RunAgain {
    draft: Draft,
    library: Library,
    confirm: Confirm,
    live: Live,
}

impl RunAgain {
    /// Call it while a component is being built.
    pub(super) fn here() -> Self {
        Self { draft: expect_context(), library: expect_context(), confirm: expect_context(), live: expect_context() }
    }

    /// Copies the pictures of a batch, or `only` some; asks first if others would be replaced.
    pub(super) fn ask(self, batch_id: &str, only: Option<SortedSet<u32>>) {
        let Some(batch) = untrack(|| self.live.batch(batch_id)) else { return };
        let take = move || {
            self.library.choose_if_here(&batch.workflow_id);
            self.draft.take_inputs_of(batch.batch_id.clone(), only.clone());
        };
        match untrack(|| self.draft.picked()) {
            0 => take(),
            picked => self.confirm.ask(
                "Replace the pictures of the new batch?",
                format!(
                    "{} already picked there. This batch's pictures will replace them.",
                    format::plural(picked, "picture is", "pictures are"),
                ),
                "Replace",
                take,
            ),
        }
    }
}

/// The menu of a batch.
#[component]
pub(crate) fn MoreActions(batch_id: StoredValue<String>) -> impl IntoView {
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
    let again = RunAgain::here();
    let run_again = move || again.ask(&batch_id.get_value(), None);
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

/// The settings that the batch ran with, read when first shown.
#[component]
pub(crate) fn SettingsUsed(batch_id: StoredValue<String>) -> impl IntoView {
    let draft = expect_context::<Draft>();
    let services = expect_context::<Services>();
    let notices = expect_context::<NoticeBoard>();
    let workflow = RwSignal::new(None::<Value>);
    let read = move |_| {
        if workflow.with_untracked(Option::is_some) {
            return;
        }
        spawn_local(async move {
            match services.batch_workflow(&batch_id.get_value()).await {
                Ok(read) => drop(workflow.try_set(Some(read))),
                Err(problem) => notices.failed(problem.text, problem.hint),
            }
        });
    };
    let steps = move || {
        let steps = workflow.with(|workflow| workflow.as_ref().map(document::steps)).unwrap_or_default();
        let row = |step: document::Step| {
            view! { <dt>{step.title}</dt><dd class="muted">{Some(step.settings).filter(|text| !text.is_empty()).unwrap_or_else(|| "defaults".to_owned())}</dd> }
        };
        steps.into_iter().map(row).collect::<Vec<_>>()
    };
    let take = move |_| {
        let Some(workflow) = workflow.get_untracked() else { return };
        draft.take_settings(&workflow);
    };
    view! {
        <details class="group settings-used" data-testid="settings-used" on:toggle=read>
            <summary>
                <Icon shape=Shape::Chevron/>
                <span class="group-title">"Settings used"</span>
            </summary>
            <dl class="small">{steps}</dl>
            <Show when=move || workflow.with(Option::is_some)>
                <button class="button" data-testid="use-settings" on:click=take>"Use for a new batch"</button>
            </Show>
        </details>
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
