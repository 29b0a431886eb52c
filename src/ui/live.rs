//! The current state of the batches: read from the store once, then kept up to date by the client's events.

use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::Value;

use super::confirm::Confirm;
use super::notices::NoticeBoard;
use super::route::CurrentRoute;
use super::services::{Heard, Services, TabNote, UiError};
use crate::api::Event;
use crate::batch::records::{BatchStatus, Execution, Progress};
use crate::view_model::format;
use crate::view_model::progress;
use crate::view_model::reading::{Extent, Readings};
use crate::view_model::route::Route;

/// Every batch, newest first.
#[derive(Clone, Copy)]
pub(crate) struct Live {
    services: Services,
    notices: NoticeBoard,
    confirm: Confirm,
    route: CurrentRoute,
    /// `None` until they have been read.
    batches: RwSignal<Option<Vec<Progress>>>,
    problem: RwSignal<Option<UiError>>,
    tab: RwSignal<Option<TabNote>>,
    /// Bytes of a model downloaded so far, and in total.
    loading: RwSignal<Option<(u64, u64)>>,
    /// Whether everything is paused.
    all_paused: RwSignal<bool>,
    readings: StoredValue<Readings>,
}

/// Reads the batches and follows them.
pub(crate) fn provide_live() {
    let live = Live {
        services: expect_context(),
        notices: expect_context(),
        confirm: expect_context(),
        route: expect_context(),
        batches: RwSignal::new(None),
        problem: RwSignal::new(None),
        tab: RwSignal::new(None),
        loading: RwSignal::new(None),
        all_paused: RwSignal::new(false),
        readings: StoredValue::new(Readings::default()),
    };
    live.services.on_change(move |heard| match heard {
        Heard::Event(event, _) => live.heard(event),
        // When another tab dies and this one takes over, that tab's last messages may not have arrived.
        Heard::State => {
            live.tab.set(live.services.tab_note());
            live.loading.set(live.services.loading().map(|loading| (loading.loaded, loading.total)));
            live.read();
        }
    });
    live.tab.set(live.services.tab_note());
    live.read_all_paused();
    live.read();
    provide_context(live);
}

impl Live {
    /// Every batch, newest first, by reference, tracked; `None` until they have been read.
    pub(crate) fn with<T>(self, read: impl FnOnce(Option<&[Progress]>) -> T) -> T {
        self.batches.with(|batches| read(batches.as_deref()))
    }

    /// One batch, tracked.
    pub(crate) fn batch(self, batch_id: &str) -> Option<Progress> {
        self.with(|batches| batches?.iter().find(|batch| batch.batch_id == batch_id).cloned())
    }

    /// Why the batches could not be read, tracked.
    pub(crate) fn problem(self) -> Option<UiError> {
        self.problem.get()
    }

    /// What the page should know about its tab, tracked.
    pub(crate) fn tab_note(self) -> Option<TabNote> {
        self.tab.get()
    }

    /// Bytes of a model downloaded so far, and in total, during a download in this tab; tracked.
    pub(crate) fn loading(self) -> Option<(u64, u64)> {
        self.loading.get()
    }

    /// How many batches are still open, tracked.
    pub(crate) fn underway(self) -> usize {
        self.with(|batches| batches.map_or(0, |all| all.iter().filter(|batch| !batch.status.is_end()).count()))
    }

    /// Whether a batch runs or is about to, tracked.
    pub(crate) fn is_working(self) -> bool {
        let all_paused = self.all_paused.get();
        let works = |batch: &Progress| {
            let is_due = !batch.status.is_end() && batch.paused.is_none() && !all_paused;
            is_due || batch.assets.processing > 0
        };
        self.with(|batches| batches.is_some_and(|all| all.iter().any(works)))
    }

    /// Whether everything is paused, tracked.
    pub(crate) fn is_all_paused(self) -> bool {
        self.all_paused.get()
    }

    fn heard(self, event: &Event) {
        match event {
            Event::Progress(progress) | Event::BatchCompleted(progress) => self.take((**progress).clone()),
            Event::BatchCreated { .. } | Event::BatchChanged { .. } | Event::BatchDeleted { .. } => self.read(),
            Event::GlobalPauseChanged => self.read_all_paused(),
            Event::Slept { ms } if untrack(|| self.underway()) > 0 => self.notices.info(
                format!("The browser suspended the working tab for {}. Work has resumed.", format::duration(*ms)),
                "Browsers do this to background tabs. Keep that tab visible while it works.",
            ),
            Event::ExecutionCompleted(_) | Event::UserFilesChanged | Event::WorkflowsChanged | Event::Slept { .. } => {}
        }
    }

    fn read_all_paused(self) {
        spawn_local(async move {
            match self.services.is_all_paused().await {
                Ok(all_paused) => self.all_paused.set(all_paused),
                Err(problem) => self.problem.set(Some(problem)),
            }
        });
    }

    /// Reads the batches; calls during a read trigger one more.
    pub(crate) fn read(self) {
        if self.readings.try_update_value(|readings| readings.ask(Extent::All)) != Some(true) {
            return;
        }
        spawn_local(async move {
            loop {
                match self.services.all_progress().await {
                    Ok(read) => {
                        self.problem.set(None);
                        self.batches.update(|batches| *batches = Some(progress::merged(batches.take(), read)));
                    }
                    Err(problem) => self.problem.set(Some(problem)),
                }
                if self.readings.try_update_value(Readings::end).flatten().is_none() {
                    return;
                }
            }
        });
    }

    fn take(self, fresh: Progress) {
        let known = self.batches.with_untracked(|batches| {
            batches.as_ref()?.iter().find(|batch| batch.batch_id == fresh.batch_id).map(|batch| batch.revision)
        });
        match known {
            // A late message must not replace a newer state.
            Some(revision) if revision > fresh.revision => {}
            Some(_) => self.batches.update(|batches| {
                if let Some(known) = batches.iter_mut().flatten().find(|batch| batch.batch_id == fresh.batch_id) {
                    *known = fresh;
                }
            }),
            None => self.read(),
        }
    }
}

/// The commands for a batch. Failures are reported; a success is visible.
impl Live {
    fn act<F: Future<Output = Result<(), UiError>> + 'static>(self, act: F) {
        spawn_local(async move {
            if let Err(problem) = act.await {
                self.notices.failed(problem.text, problem.hint);
            }
            self.read();
        });
    }

    /// Cancels a batch.
    pub(crate) fn cancel(self, batch_id: String) {
        self.act(async move { self.services.cancel(&batch_id).await });
    }

    /// Pauses a batch.
    pub(crate) fn pause(self, batch_id: String) {
        self.act(async move { self.services.pause(&batch_id).await });
    }

    /// Resumes a paused batch.
    pub(crate) fn resume(self, batch_id: String) {
        self.act(async move { self.services.resume(&batch_id).await });
    }

    /// Pauses or resumes all batches.
    pub(crate) fn set_all_paused(self, paused: bool) {
        self.act(async move { self.services.set_all_paused(paused).await });
    }

    /// Changes a batch's priority or concurrency.
    pub(crate) fn update(self, batch_id: String, change: Value) {
        self.act(async move { self.services.update(&batch_id, &change).await });
    }

    /// Retries failed executions: all, or these.
    pub(crate) fn retry(self, batch_id: String, execution_ids: Option<Vec<String>>) {
        self.act(async move { self.services.retry(&batch_id, execution_ids).await });
    }

    /// Runs what a batch left undone when it ended early; failed executions stay failed.
    pub(crate) fn run_remaining(self, batch_id: String) {
        self.act(async move { self.services.run_remaining(&batch_id).await });
    }

    /// Retries a failed execution with another file in place of the one that made it fail.
    pub(crate) fn retry_with(self, execution: Arc<Execution>, file: web_sys::File) {
        self.act(async move {
            let action_id = execution.failed_input().map(|input| input.action_id.as_str());
            self.services.retry_with(&execution, action_id, file).await
        });
    }

    /// Asks, then deletes a batch with its results.
    pub(crate) fn delete(self, progress: &Progress) {
        let (name, batch_id) = (progress.job_name.clone(), progress.batch_id.clone());
        self.confirm.ask(
            format!("Delete “{name}”?"),
            progress::what_deleting_does(progress),
            "Delete",
            move || {
                let batch_id = batch_id.clone();
                self.act(async move {
                    self.services.delete(&batch_id).await?;
                    if untrack(|| self.route.get()).view() == Route::Batch(batch_id) {
                        self.route.go(&Route::Batches);
                    }
                    Ok(())
                });
            },
        );
    }
}

/// The label and tone of a batch's state. A pause is shown as a state, although it is a flag.
pub(crate) fn status_badge(progress: &Progress, all_paused: bool) -> (&'static str, &'static str) {
    match progress.status {
        status if (all_paused || progress.paused.is_some()) && !status.is_end() => ("Paused", "warn"),
        BatchStatus::Pending => ("Waiting", ""),
        BatchStatus::Running => ("Running", "running"),
        BatchStatus::Completed if progress.assets.failed > 0 => ("Completed with failures", "warn"),
        BatchStatus::Completed => ("Completed", "good"),
        BatchStatus::Failed => ("Failed", "bad"),
        BatchStatus::Cancelled => ("Cancelled", ""),
    }
}

/// The state's name in the contract.
pub(crate) const fn status_word(status: BatchStatus) -> &'static str {
    match status {
        BatchStatus::Pending => "pending",
        BatchStatus::Running => "running",
        BatchStatus::Completed => "completed",
        BatchStatus::Failed => "failed",
        BatchStatus::Cancelled => "cancelled",
    }
}
