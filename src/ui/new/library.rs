//! The user's own workflows as the page knows them: the list, the stored state of those that are open, and the actions
//! on one.

use std::collections::HashMap;

use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::Value;

use super::draft::Draft;
use crate::api::{Event, WorkflowSummary};
use crate::ui::ask_name::AskName;
use crate::ui::confirm::Confirm;
use crate::ui::notices::NoticeBoard;
use crate::ui::parts::{Editing, Part};
use crate::ui::services::{Heard, Services, TextKind, UiError, download_text};
use crate::view_model::reading::{Extent, Readings};
use crate::view_model::{document, editing};
use crate::workflow::builtin;

/// The user's own workflows.
#[derive(Clone, Copy)]
pub(crate) struct Library {
    services: Services,
    notices: NoticeBoard,
    confirm: Confirm,
    names: AskName,
    draft: Draft,
    editing: Part<Editing>,
    list: RwSignal<Vec<WorkflowSummary>>,
    /// The open drafts, as stored.
    stored: RwSignal<HashMap<String, Value>>,
    readings: StoredValue<Readings>,
}

/// Reads the workflows and follows them.
pub(crate) fn provide_library() {
    let library = Library {
        services: expect_context(),
        notices: expect_context(),
        confirm: expect_context(),
        names: expect_context(),
        draft: expect_context(),
        editing: expect_context(),
        list: RwSignal::new(Vec::new()),
        stored: expect_context::<Draft>().stored(),
        readings: StoredValue::new(Readings::default()),
    };
    library.services.on_change(move |heard| match heard {
        Heard::Event(Event::WorkflowsChanged, _) => library.read(),
        // A successful run may make a draft publishable.
        Heard::Event(Event::Progress(progress) | Event::BatchCompleted(progress), _)
            if progress.status.is_end() && library.has(&progress.workflow_id) =>
        {
            library.read();
        }
        _ => {}
    });
    // The first view does not wait for them.
    let editing = library.editing;
    Effect::new(move || {
        if editing.here().is_some() {
            library.read();
        }
    });
    provide_context(library);
}

impl Library {
    /// Every workflow, most recently changed first, tracked.
    pub(crate) fn list(self) -> Vec<WorkflowSummary> {
        self.list.get()
    }

    /// The same by reference, tracked.
    pub(crate) fn with_list<T>(self, read: impl FnOnce(&[WorkflowSummary]) -> T) -> T {
        self.list.with(|list| read(list))
    }

    /// One of them, tracked.
    pub(crate) fn find(self, id: &str) -> Option<WorkflowSummary> {
        self.list.with(|list| list.iter().find(|one| one.workflow_id == id).cloned())
    }

    fn has(self, id: &str) -> bool {
        self.list.with_untracked(|list| list.iter().any(|one| one.workflow_id == id))
    }

    /// Whether the chosen workflow is one of the user's own, tracked.
    pub(crate) fn is_chosen(self) -> bool {
        let choice = self.draft.choice();
        self.stored.with(|stored| stored.contains_key(&choice))
    }

    /// Whether the chosen workflow has unsaved edits, tracked.
    pub(crate) fn is_edited(self) -> bool {
        let choice = self.draft.choice();
        let edited = self.stored.with(|stored| {
            stored.get(&choice).is_some_and(|stored| self.draft.with_document(|document| document != stored))
        });
        edited || self.draft.has_other_pictures()
    }

    /// Reads the list; calls during a read trigger one more.
    fn read(self) {
        if self.readings.try_update_value(|readings| readings.ask(Extent::All)) != Some(true) {
            return;
        }
        spawn_local(async move {
            loop {
                match self.editing.entered().await {
                    Ok(editing) => (editing.read_library)(self).await,
                    Err(problem) => self.failed(problem),
                }
                if self.readings.try_update_value(Readings::end).flatten().is_none() {
                    return;
                }
            }
        });
    }

    /// Reads the list, in the part.
    pub(crate) async fn read_once(self) {
        match self.services.workflows().await {
            Ok(list) => {
                self.refresh_open(&list).await;
                self.list.set(list);
            }
            Err(problem) => self.failed(problem),
        }
    }

    /// Adopts what another tab stored, for workflows that are open here without edits.
    async fn refresh_open(self, list: &[WorkflowSummary]) {
        let open: Vec<String> = self.stored.with_untracked(|stored| stored.keys().cloned().collect());
        for id in open {
            if !list.iter().any(|one| one.workflow_id == id) {
                self.stored.update(|stored| {
                    stored.remove(&id);
                });
                self.draft.forget(&id);
                continue;
            }
            let Ok(document) = self.services.workflow(&id).await else { continue };
            let before = self.stored.with_untracked(|stored| stored.get(&id).cloned());
            if before.as_ref() == Some(&document) {
                continue;
            }
            if self.draft.document_of(&id) == before {
                self.draft.put(&id, document.clone());
            }
            self.stored.update(|stored| {
                stored.insert(id, document);
            });
        }
    }

    /// Reopens workflows with their edits; deleted ones stay closed.
    pub(crate) async fn reopen(self, workflows: Vec<(String, Option<Value>)>) {
        for (id, edited) in workflows {
            let Ok(document) = self.services.workflow(&id).await else { continue };
            self.draft.put(&id, edited.unwrap_or_else(|| document.clone()));
            self.stored.update(|stored| {
                stored.insert(id, document);
            });
        }
    }

    fn open(self, id: &str, document: Value) {
        self.stored.update(|stored| {
            stored.insert(id.to_owned(), document.clone());
        });
        self.draft.put(id, document);
        self.draft.choose(id);
    }

    fn failed(self, problem: UiError) {
        self.notices.failed(problem.text, problem.hint);
    }

    fn act(self, act: impl Future<Output = Result<(), UiError>> + 'static) {
        spawn_local(async move {
            if let Err(problem) = act.await {
                self.failed(problem);
            }
        });
    }

    /// Chooses one; edits to the others are kept.
    pub(crate) fn choose(self, id: String) {
        if self.stored.with_untracked(|stored| stored.contains_key(&id)) {
            self.draft.choose(&id);
            return;
        }
        self.act(async move {
            let document = self.services.workflow(&id).await?;
            self.open(&id, document);
            Ok(())
        });
    }

    /// Chooses the workflow with this id, the user's own or built in, if it exists here.
    pub(crate) fn choose_if_here(self, id: &str) {
        if self.has(id) {
            self.choose(id.to_owned());
        } else if builtin::is_builtin(id) {
            self.draft.choose(id);
        }
    }

    /// Stores the chosen workflow with its edits: the user's own under its id, any other under a name that the user
    /// enters.
    pub(crate) fn save(self) {
        let document = untrack(|| self.draft.to_keep());
        if untrack(|| self.is_chosen()) {
            let id = untrack(|| self.draft.choice());
            return self.act(async move {
                let document = self.services.save_workflow(document, Some(&id)).await?.1;
                self.draft.clear_other_pictures();
                self.open(&id, document);
                self.notices.done("Workflow saved.");
                Ok(())
            });
        }
        let name = document::name(&document);
        // The built-in workflow's description may not fit the copy.
        let document = match untrack(|| self.draft.is_edited(&self.draft.choice())) {
            true => document::described(&document, &document::describe(&document)),
            false => document,
        };
        self.names.ask("Save as a new workflow", name, "Save", move |name| {
            let document = document::named(&document, &name);
            self.act(async move {
                let (id, document) = self.services.save_workflow(document, None).await?;
                self.draft.clear_other_pictures();
                self.open(&id, document);
                self.notices.done(format!("“{name}” is saved. Run it once before you publish it."));
                Ok(())
            });
        });
    }

    /// Creates an empty workflow under a name that the user enters, and chooses it.
    pub(crate) fn create(self) {
        let taken: Vec<String> = self.list.with_untracked(|list| list.iter().map(|one| one.name.clone()).collect());
        let name = document::distinct_name("My workflow", &taken);
        self.names.ask("New workflow", name, "Create", move |name| {
            self.act(async move {
                let (id, document) = self.services.save_workflow(editing::blank(&name), None).await?;
                self.open(&id, document);
                self.notices.done(format!("“{name}” is created. Add steps to it in the settings."));
                Ok(())
            });
        });
    }

    /// Asks for a new name.
    pub(crate) fn rename(self, workflow: &WorkflowSummary) {
        let id = workflow.workflow_id.clone();
        self.names.ask("Rename the workflow", workflow.name.clone(), "Rename", move |name| {
            let id = id.clone();
            self.act(async move {
                let document = self.services.workflow(&id).await?;
                self.services.save_workflow(document::named(&document, &name), Some(&id)).await?;
                Ok(())
            });
        });
    }

    /// Makes a copy under a name that the user enters.
    pub(crate) fn duplicate(self, workflow: &WorkflowSummary) {
        let id = workflow.workflow_id.clone();
        self.names.ask("Duplicate the workflow", format!("{} copy", workflow.name), "Duplicate", move |name| {
            let id = id.clone();
            self.act(async move { self.services.duplicate_workflow(&id, &name).await });
        });
    }

    /// Publishes the draft as the next version.
    pub(crate) fn publish(self, id: String) {
        self.act(async move {
            let version = self.services.publish_workflow(&id).await?;
            self.notices.done(format!("Published as version {version}. Scripts can run it as “{id}”."));
            Ok(())
        });
    }

    /// Restores the document of a version as an edit of the draft, which the user may save or undo.
    pub(crate) fn restore(self, id: String, document: Value, version: u32) {
        self.act(async move {
            if !self.stored.with_untracked(|stored| stored.contains_key(&id)) {
                let stored = self.services.workflow(&id).await?;
                self.open(&id, stored);
            }
            self.draft.choose(&id);
            self.draft.edit_whole(&format!("Version {version}"), document);
            self.notices.done(format!("Version {version} is restored to the settings. Save it to keep it, or undo."));
            Ok(())
        });
    }

    /// Turns it back into a draft.
    pub(crate) fn unpublish(self, id: String) {
        self.act(async move { self.services.unpublish_workflow(&id).await });
    }

    /// Downloads one as a file.
    pub(crate) fn export(self, id: String) {
        self.act(async move {
            let document = self.services.export_workflow(&id).await?;
            let text = serde_json::to_string_pretty(&document).unwrap_or_default();
            download_text(&text, &id, TextKind::Json)
        });
    }

    /// Downloads a version as a file.
    pub(crate) fn export_version(self, id: String, version: u32) {
        self.act(async move {
            let document = self.services.workflow_version(&id, version).await?;
            let text = serde_json::to_string_pretty(&document).unwrap_or_default();
            download_text(&text, &format!("{id}-v{version}"), TextKind::Json)
        });
    }

    /// Stores the text of a file as a new workflow and chooses it.
    pub(crate) fn import(self, text: String, file: String) {
        self.act(async move {
            let parsed = serde_json::from_str::<Value>(&text);
            let document = parsed.map_err(|error| {
                UiError::new(
                    format!("“{file}” is not valid JSON: {error}."),
                    "Pick a workflow that was exported as JSON.",
                )
            })?;
            let taken: Vec<String> = self.services.workflows().await?.into_iter().map(|one| one.name).collect();
            let name = document::name(&document);
            let distinct = document::distinct_name(&name, &taken);
            let document = if distinct == name { document } else { document::named(&document, &distinct) };
            let (id, document) = self.services.import_workflow(document).await?;
            self.open(&id, document);
            Ok(())
        });
    }

    /// Removes one after asking.
    pub(crate) fn delete(self, workflow: &WorkflowSummary) {
        let id = workflow.workflow_id.clone();
        self.confirm.ask(
            format!("Delete “{}”?", workflow.name),
            "The workflow and its published versions will be deleted from this browser. Batches that used it are kept.",
            "Delete",
            move || {
                let id = id.clone();
                self.act(async move { self.services.delete_workflow(&id).await });
            },
        );
    }
}
