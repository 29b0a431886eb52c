//! Results that are written into a folder on the device, as they are made.

use std::time::Duration;

use gloo_timers::future::sleep;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::live::Live;
use super::notices::NoticeBoard;
use super::services::{Services, UiError};
use crate::batch::records::Subset;
use crate::browser::page::folder::Folder;
use crate::compact::{SortedMap, SortedSet};
use crate::view_model::format;

/// How often a running batch is asked for new results.
const PAUSE: Duration = Duration::from_millis(500);

/// A batch whose results are being written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Underway {
    /// The folder's name.
    pub(crate) folder: String,
    /// The files written so far.
    pub(crate) files: usize,
    /// Tells it from an earlier one of the same batch, which was stopped.
    number: u32,
}

/// Where results are written.
#[derive(Clone, Copy)]
pub(crate) struct Saving {
    services: Services,
    live: Live,
    notices: NoticeBoard,
    underway: RwSignal<SortedMap<String, Underway>>,
    count: StoredValue<u32>,
    /// The folder for the results of the batches that are started from now on.
    chosen: RwSignal<Option<Folder>, LocalStorage>,
    /// A batch that has just been started, and its folder.
    due: StoredValue<Option<(String, Folder)>, LocalStorage>,
}

/// Writes nothing yet.
pub(crate) fn provide_saving() {
    provide_context(Saving {
        services: expect_context(),
        live: expect_context(),
        notices: expect_context(),
        underway: RwSignal::default(),
        count: StoredValue::new(0),
        chosen: RwSignal::new_local(None),
        due: StoredValue::new_local(None),
    });
}

impl Saving {
    /// The name of the folder that the next batch is written into, tracked.
    pub(crate) fn chosen(self) -> Option<String> {
        self.chosen.with(|folder| folder.as_ref().map(Folder::name))
    }

    /// Writes the results of the batches that are started from now on into a folder, or into none.
    pub(crate) fn choose(self, folder: Option<Folder>) {
        self.chosen.set(folder);
    }

    /// Notes that a batch has been started; its view begins to write.
    pub(crate) fn note_start(self, batch_id: &str) {
        self.due.set_value(self.chosen.get_untracked().map(|folder| (batch_id.to_owned(), folder)));
    }

    /// Begins to write what is due of a batch.
    pub(crate) fn begin(self, batch_id: &str) {
        let due = self.due.try_update_value(|due| due.take_if(|(id, _)| id == batch_id)).flatten();
        if let Some((batch_id, folder)) = due {
            self.start(batch_id, folder);
        }
    }

    /// What is being written of a batch, tracked.
    pub(crate) fn underway(self, batch_id: &str) -> Option<Underway> {
        self.underway.with(|all| all.get(batch_id).cloned())
    }

    /// Stops writing. What is written stays.
    pub(crate) fn stop(self, batch_id: &str) {
        self.underway.update(|all| {
            all.remove(batch_id);
        });
    }

    /// Asks for a folder. Must be called inside a click.
    pub(crate) async fn pick(self) -> Option<Folder> {
        match Folder::pick().await {
            Ok(folder) => folder,
            Err(why) => {
                self.notices.failed(format!("No folder could be picked: {why}."), "Download the results as a ZIP.");
                None
            }
        }
    }

    /// Writes the results of a batch into a folder, and those to come while it runs.
    pub(crate) fn start(self, batch_id: String, folder: Folder) {
        self.count.update_value(|count| *count += 1);
        let number = self.count.get_value();
        self.underway.update(|all| {
            all.insert(batch_id.clone(), Underway { folder: folder.name(), files: 0, number });
        });
        let (written, own, seen) = Default::default();
        let mut job = Job { saving: self, batch_id, folder, number, written, own, seen };
        spawn_local(async move {
            let outcome = job.run().await;
            if job.is_wanted() {
                self.stop(&job.batch_id);
            }
            let name = job.folder.name();
            match outcome {
                Ok(End::Complete(count)) => {
                    let files = format::plural(count as u64, "file", "files");
                    self.notices.done(format!("Saved {files} in \"{name}\"."));
                }
                Ok(End::Nothing) => self.notices.info(
                    format!("Nothing was saved in \"{name}\": the batch has no results."),
                    "Retry what failed, and save again.",
                ),
                Ok(End::Stopped) => {}
                Err(problem) => self.notices.failed(problem.text, problem.hint),
            }
        });
    }
}

/// How writing ended.
enum End {
    /// All results are in the folder: how many.
    Complete(usize),
    /// The batch ended without results.
    Nothing,
    /// It is not wanted any more, or the batch was deleted.
    Stopped,
}

/// Writing the results of one batch.
struct Job {
    saving: Saving,
    batch_id: String,
    folder: Folder,
    number: u32,
    /// The id of what was written, by its path.
    written: SortedMap<String, String>,
    /// The paths of files that were not there before, which may be replaced.
    own: SortedSet<String>,
    /// The pictures whose results have been looked at.
    seen: SortedSet<u32>,
}

impl Job {
    fn is_wanted(&self) -> bool {
        let number = |all: &SortedMap<String, Underway>| all.get(&self.batch_id).map(|one| one.number);
        self.saving.underway.with_untracked(number) == Some(self.number)
    }

    async fn run(&mut self) -> Result<End, UiError> {
        let (mut was_there, mut completed) = (false, 0);
        while self.is_wanted() {
            match untrack(|| self.saving.live.batch(&self.batch_id)) {
                Some(batch) if batch.status.is_end() => return self.finish().await,
                Some(batch) => {
                    was_there = true;
                    if batch.assets.completed != completed {
                        completed = batch.assets.completed;
                        self.write_new().await?;
                    }
                }
                None if was_there => break,
                // A new batch has not been read yet.
                None => {}
            }
            sleep(PAUSE).await;
        }
        Ok(End::Stopped)
    }

    /// Writes what has been added to the results.
    async fn write_new(&mut self) -> Result<(), UiError> {
        let found = self.saving.services.indices(&self.batch_id, Subset::Success).await?;
        let new: SortedSet<u32> = found.difference(&self.seen).copied().collect();
        if new.is_empty() {
            return Ok(());
        }
        self.seen.extend(new.iter().copied());
        let found = self.saving.services.result_files(&self.batch_id, Some(new)).await?;
        for (path, asset_id, content) in found.files {
            // Which of several results of the same name keeps it is only known once all are there.
            if !self.written.contains_key(&path) {
                self.write(path, asset_id, &content).await?;
            }
            if !self.is_wanted() {
                break;
            }
        }
        Ok(())
    }

    /// Writes what is missing of all results.
    async fn finish(&mut self) -> Result<End, UiError> {
        let Self { saving, batch_id, .. } = &*self;
        if saving.services.indices(batch_id, Subset::Success).await?.is_empty() {
            return Ok(End::Nothing);
        }
        let found = saving.services.result_files(batch_id, None).await?;
        let count = found.files.len();
        for (path, asset_id, content) in found.files {
            if !self.is_wanted() {
                return Ok(End::Stopped);
            }
            if self.written.get(&path) != Some(&asset_id) {
                self.write(path, asset_id, &content).await?;
            }
        }
        found.problem.map_or(Ok(End::Complete(count)), Err)
    }

    async fn write(&mut self, path: String, asset_id: String, content: &web_sys::Blob) -> Result<(), UiError> {
        let replaces = self.own.contains(&path);
        let is_new = self.folder.write(&path, content, replaces).await.map_err(|error| {
            let hint = "Check that there is enough space and that the folder may be written to, and save again.";
            UiError::new(format!("\"{path}\" could not be written to \"{}\": {error}.", self.folder.name()), hint)
        })?;
        if is_new {
            self.own.insert(path.clone());
        }
        self.written.insert(path, asset_id);
        let count = self.written.len();
        self.saving.underway.try_update(|all| {
            if let Some(underway) = all.get_mut(&self.batch_id) {
                underway.files = count;
            }
        });
        Ok(())
    }
}
