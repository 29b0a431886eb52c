//! Saves the draft and restores it, so that it outlives its tab. It is saved as it changes, and at once when the page
//! is hidden. A new tab restores its own draft, or that of a tab that died. `view_model::saved_draft` decides what is
//! written and which draft is restored.

use std::collections::HashMap;
use std::time::Duration;

use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::{Map, Value};

use super::last_moment;
use super::{Draft, Entry, OWN};
use crate::compact::{SortedMap, sort_by};
use crate::ui::kept;
use crate::ui::new::library::Library;
use crate::ui::services::{DraftLock, Source, UiError, fresh_id, now};
use crate::view_model::history::Steps;
use crate::view_model::missing::Missing;
use crate::view_model::saved_draft::{
    Absent, Content, HEADS, Head, Item, Known, Mark, Read, Setup, State, Written, candidates, head_key, portions_below,
    surplus,
};
use crate::workflow::builtin;

/// Delay between a change and writing it.
const PAUSE: Duration = Duration::from_millis(400);
/// Portions of files written at once, to keep the page's tasks short.
pub(super) const PORTIONS_AT_ONCE: usize = 8;
/// After a reload: how long to wait for the previous page to release its draft.
const LETTING_GO_MS: u32 = 1_000;

/// Where this tab's draft is stored, and which parts are written.
#[derive(Clone, Copy)]
pub(super) struct Keeping {
    /// While this is set, the draft is neither shown nor written.
    restoring: RwSignal<bool>,
    /// What was added while restoring, by input.
    early: StoredValue<Vec<(String, Source)>, LocalStorage>,
    /// The draft's id and the lock that makes it this tab's; `None` if nothing outlives the page.
    own: StoredValue<Option<(String, DraftLock)>, LocalStorage>,
    written: StoredValue<Written>,
    /// The draft as it was when it was run.
    ran: StoredValue<Option<Content>>,
    /// Whether a write is scheduled.
    waiting: StoredValue<bool>,
    /// Whether the user has been told that the draft cannot be written.
    told: StoredValue<bool>,
}

impl Default for Keeping {
    fn default() -> Self {
        Self {
            restoring: RwSignal::new(true),
            early: StoredValue::new_local(Vec::new()),
            own: StoredValue::new_local(None),
            written: StoredValue::new(Written::default()),
            ran: StoredValue::new(None),
            waiting: StoredValue::new(false),
            told: StoredValue::new(false),
        }
    }
}

/// Continues in another task, to keep each one short.
async fn new_task() {
    TimeoutFuture::new(0).await;
}

/// What was found for this tab.
struct Found {
    draft_id: String,
    /// `None` if nothing outlives the page.
    lock: Option<DraftLock>,
    read: Read,
    /// Files that were being imported when its tab ended, or were deleted since.
    lost: Vec<Missing>,
    /// Whether it was this tab's own draft.
    own: bool,
}

/// Restores the draft that belongs to this tab, with the chosen workflow, and saves it from then on.
pub(crate) fn keep_draft() {
    let (draft, library) = (expect_context::<Draft>(), expect_context::<Library>());
    draft.follow();
    spawn_local(async move {
        let found = if draft.services.memory().is_some() { Ok(None) } else { draft.find().await };
        let found = found.unwrap_or_else(|problem| {
            let what = format!("Your last draft could not be restored: {}", problem.text);
            draft.notices.failed(what, problem.hint);
            None
        });
        let found = match found {
            Some(found) => found,
            None => draft.begin().await,
        };
        new_task().await;
        draft.restore(library, found).await;
    });
}

/// Restoring.
impl Draft {
    /// Whether the draft is still being restored, tracked.
    pub(crate) fn is_restoring(self) -> bool {
        self.keeping.restoring.get()
    }

    /// While the draft is being restored, sets aside what is added to an input; otherwise returns it.
    pub(super) fn unless_restoring(self, key: String, source: Source) -> Option<(String, Source)> {
        if !self.keeping.restoring.get_untracked() {
            return Some((key, source));
        }
        self.keeping.early.update_value(|early| early.push((key, source)));
        None
    }

    /// Finds and locks the draft that belongs to this tab, if there is one.
    async fn find(self) -> Result<Option<Found>, UiError> {
        let before = kept::read(self.stage, kept::Key::Draft);
        self.write_what_was_left(before.as_deref()).await?;
        let known = Known::all(self.services.settings_below(HEADS).await?);
        for (draft_id, own) in candidates(&known, before.as_deref()) {
            let patience = if own { LETTING_GO_MS } else { 0 };
            let Some(lock) = self.services.take_draft(draft_id, patience).await else { continue };
            // Read again: under the lock nobody else writes it.
            let head = self.services.settings_below(&head_key(draft_id)).await?.pop();
            let Some(head) = head.and_then(|(_, text)| Head::parse(&text)) else { continue };
            let mut read = Read::new(head);
            let mut stored = Vec::new();
            for (key, text) in self.services.settings_below(&portions_below(draft_id)).await? {
                let asset_ids = read.take(&key, &text);
                stored.extend(self.services.are_stored(&asset_ids).await?);
            }
            let lost = read.settle(&stored);
            return Ok(Some(Found { draft_id: draft_id.to_owned(), lock: Some(lock), read, lost, own }));
        }
        Ok(None)
    }

    /// Writes what pages that ended could not write any more.
    async fn write_what_was_left(self, own: Option<&str>) -> Result<(), UiError> {
        for (draft_id, changes) in last_moment::left(&self.stage.names()) {
            let patience = if own == Some(&*draft_id) { LETTING_GO_MS } else { 0 };
            // Its tab may still be open.
            let Some(_lock) = self.services.take_draft(&draft_id, patience).await else { continue };
            self.services.change_settings(changes).await?;
            last_moment::forget(&self.stage.names(), &draft_id);
        }
        Ok(())
    }

    /// Makes a draft this tab's own, across reloads, and removes surplus drafts.
    async fn make_own(self, draft_id: String, lock: Option<DraftLock>) {
        kept::write(self.stage, kept::Key::Draft, &draft_id);
        self.keeping.own.set_value(lock.map(|lock| (draft_id.clone(), lock)));
        if let Err(problem) = self.remove_surplus(&draft_id).await {
            // The next tab tries again.
            leptos::logging::warn!("Old drafts could not be removed: {}", problem.text);
        }
    }

    async fn remove_surplus(self, own: &str) -> Result<(), UiError> {
        let known = Known::all(self.services.settings_below(HEADS).await?);
        for draft_id in surplus(&known, own) {
            // A draft that another tab has open is never surplus.
            let Some(_lock) = self.services.take_draft(draft_id, 0).await else { continue };
            self.remove_draft(draft_id).await?;
        }
        Ok(())
    }

    async fn remove_draft(self, draft_id: &str) -> Result<(), UiError> {
        let portions = self.services.settings_below(&portions_below(draft_id)).await?;
        let keys = portions.into_iter().map(|(key, _)| key).chain([head_key(draft_id)]);
        self.services.change_settings(keys.map(|key| (key, None)).collect()).await
    }

    /// An empty draft with the last chosen workflow.
    async fn begin(self) -> Found {
        let draft_id = fresh_id();
        let outlives = self.services.memory().is_none();
        let lock = if outlives { self.services.take_draft(&draft_id, 0).await } else { None };
        let choice = kept::read(self.stage, kept::Key::Workflow).unwrap_or_default();
        let read = Read { setup: Setup { choice, ..Setup::default() }, ..Read::default() };
        Found { draft_id, lock, read, lost: Vec::new(), own: true }
    }

    /// Shows what was found, with a notice if there is anything to say, and saves it from then on.
    async fn restore(self, library: Library, found: Found) {
        let Found { draft_id, lock, read, lost, own } = found;
        let summary = if own { None } else { read.summary() };
        self.next_id.set_value(read.next_id());
        let Read { setup, items, ran, written } = read;
        self.keeping.written.set_value(written);
        let Setup { skipped, choice, documents, steps, own_text } = setup;
        let has_pictures = items.iter().any(|item| item.as_missing().is_none());
        self.put_back(items);
        new_task().await;
        self.skipped.set(skipped);
        if !own_text.is_empty() {
            self.take_own_text(own_text);
        }
        // Whatever is not built in is the user's own.
        let mut open = vec![(choice.clone(), None)];
        for (id, document) in documents {
            if builtin::is_builtin(&id) {
                self.put(&id, document);
            } else {
                open.retain(|(one, _)| *one != id);
                open.push((id, Some(document)));
            }
        }
        open.retain(|(id, _)| !id.is_empty() && !self.knows(id));
        library.reopen(open).await;
        self.documents.update(|documents| {
            for (id, steps) in steps {
                if let Some(history) = documents.get_mut(&id) {
                    history.set_steps(steps);
                }
            }
        });
        if self.knows(&choice) {
            self.choice.set(choice);
        }
        if ran {
            self.keeping.ran.set_value(Some(self.content()));
        }
        new_task().await;
        self.keeping.restoring.set(false);
        if let Some(summary) = summary {
            let hint = if has_pictures {
                "To remove them, press “Clear” above the pictures."
            } else {
                "Its settings are restored too."
            };
            self.notices.info(summary, hint);
        }
        self.tell_missing(&lost);
        for (key, source) in self.keeping.early.try_update_value(std::mem::take).unwrap_or_default() {
            self.add(key, source);
        }
        if lock.is_some() {
            self.make_own(draft_id, lock).await;
        }
    }

    fn put_back(self, items: Vec<Item>) {
        let mut pictures = HashMap::<String, Vec<Entry>>::new();
        let mut missing = Vec::new();
        for item in items {
            missing.extend(item.as_missing());
            let Item { id, key, name, path, state: State::Stored { bytes, source_url, header } } = item else {
                continue;
            };
            let entry = Entry { id, name, path, bytes, source_url, header, file: None };
            pictures.entry(key).or_default().push(entry);
        }
        self.pictures.set(pictures);
        self.missing.set(missing);
    }
}

/// Saving.
impl Draft {
    /// Writes the draft as it changes.
    fn follow(self) {
        Effect::new(move || {
            self.pictures.track();
            self.arriving.track();
            self.missing.track();
            self.skipped.track();
            self.choice.track();
            self.documents.track();
            self.stored.track();
            self.own_text.track();
            if self.is_restoring() || self.keeping.waiting.get_value() {
                return;
            }
            self.keeping.waiting.set_value(true);
            set_timeout(
                move || {
                    if self.keeping.restoring.is_disposed() {
                        return;
                    }
                    self.keeping.waiting.set_value(false);
                    spawn_local(self.save(PORTIONS_AT_ONCE));
                },
                PAUSE,
            );
        });
        // The page may end after this event.
        let listeners = ["pagehide", "visibilitychange"].map(|kind| {
            window_event_listener_untyped(kind, move |event| {
                if event.type_() == "pagehide" || document().hidden() {
                    spawn_local(self.save(usize::MAX));
                }
            })
        });
        on_cleanup(move || listeners.into_iter().for_each(|listener| listener.remove()));
    }

    /// Writes what has changed, at most `most` portions of files at a time.
    pub(super) async fn save(self, most: usize) {
        let Keeping { restoring, own, written, ran, told, .. } = self.keeping;
        loop {
            if restoring.get_untracked() {
                return;
            }
            let Some(draft_id) = own.with_value(|own| own.as_ref().map(|(draft_id, _)| draft_id.clone())) else {
                return;
            };
            let content = self.content();
            let ran = ran.with_value(|ran| ran.as_ref() == Some(&content));
            let items = |first, last| self.items(first, last);
            let changes = written
                .try_update_value(|written| written.change_to(&draft_id, &content, ran, now(), most, items))
                .unwrap_or_default();
            if changes.is_empty() {
                return;
            }
            if most == usize::MAX {
                last_moment::put(&self.stage.names(), &draft_id, &changes);
            }
            let outcome = self.services.change_settings(changes).await;
            let Err(problem) = outcome else {
                last_moment::forget(&self.stage.names(), &draft_id);
                told.set_value(false);
                continue;
            };
            written.update_value(Written::doubt);
            if !told.get_value() {
                told.set_value(true);
                self.notices.failed(
                    "Your draft could not be saved and will be lost with this tab.",
                    format!("{} Saving is retried on the next change.", problem.text),
                );
            }
            return;
        }
    }

    /// Records that the draft was run in this state, if all of it was.
    pub(super) fn note_run(self, content: Content) {
        if content.is_whole() {
            self.keeping.ran.set_value(Some(content));
            spawn_local(self.save(PORTIONS_AT_ONCE));
        }
    }

    /// The current draft, reduced to what distinguishes it from others.
    pub(super) fn content(self) -> Content {
        let mut marks = Vec::new();
        self.pictures.with_untracked(|pictures| {
            marks.extend(pictures.values().flatten().map(|entry| Mark { id: entry.id, absent: None }));
        });
        self.arriving.with_untracked(|arriving| {
            marks.extend(arriving.iter().map(|item| Mark { id: item.id, absent: Some(Absent::Arriving) }));
        });
        self.missing.with_untracked(|missing| {
            marks.extend(missing.iter().map(|one| Mark { id: one.id, absent: Some(Absent::Missing(one.reason)) }));
        });
        sort_by(&mut marks, |one, other| one.id.cmp(&other.id));
        let setup = Setup {
            skipped: self.skipped.get_untracked(),
            choice: self.choice.get_untracked(),
            documents: self.edited(),
            steps: self.steps(),
            own_text: self.own_text.get_untracked(),
        };
        Content { setup, marks }
    }

    /// The workflows that differ from their originals, except the user's own text.
    fn edited(self) -> Map<String, Value> {
        let is_edited = |id: &str, document: &Value| match builtin::find(id) {
            Some(builtin) => *document != builtin.document(),
            None => self.stored.with_untracked(|stored| stored.get(id).is_some_and(|stored| stored != document)),
        };
        self.documents.with_untracked(|documents| {
            let open = documents.iter().filter(|(id, _)| *id != OWN).map(|(id, history)| (id, history.present()));
            open.filter(|(id, document)| is_edited(id, document))
                .map(|(id, document)| (id.clone(), document.clone()))
                .collect()
        })
    }

    /// What can be undone and redone in each workflow.
    fn steps(self) -> SortedMap<String, Steps<Value>> {
        self.documents.with_untracked(|documents| {
            let steps = documents.iter().map(|(id, history)| (id, history.steps()));
            steps.filter(|(_, steps)| !steps.is_empty()).map(|(id, steps)| (id.clone(), steps.clone())).collect()
        })
    }

    /// The files with ids `first..=last`, by id.
    fn items(self, first: u32, last: u32) -> Vec<Item> {
        let mut places: Vec<Option<Item>> = Vec::new();
        places.resize_with((last - first) as usize + 1, || None);
        let mut put = |item: Item| {
            let place = item.id.checked_sub(first).and_then(|at| places.get_mut(at as usize));
            if let Some(place) = place {
                *place = Some(item);
            }
        };
        self.pictures.with_untracked(|pictures| {
            for (key, entries) in pictures {
                let from = entries.partition_point(|entry| entry.id < first);
                let asked = entries[from..].iter().take_while(|entry| entry.id <= last);
                asked.for_each(|entry| put(entry.as_item(key.clone())));
            }
        });
        self.arriving.with_untracked(|arriving| arriving.iter().cloned().for_each(&mut put));
        self.missing.with_untracked(|missing| missing.iter().map(Item::from).for_each(&mut put));
        places.into_iter().flatten().collect()
    }
}

impl Entry {
    fn as_item(&self, key: String) -> Item {
        let Self { id, name, path, bytes, source_url, header, file: _ } = self.clone();
        Item { id, key, name, path, state: State::Stored { bytes, source_url, header } }
    }
}
