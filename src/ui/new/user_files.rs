//! The files that a workflow can name besides pictures, such as models: listing them, adding one, removing one.

use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::Value;
use web_sys::File;

use super::super::ask_name::AskName;
use super::super::confirm::Confirm;
use super::super::notices::NoticeBoard;
use super::super::services::{Heard, Services};
use crate::api::{Event, FileAnswer};
use crate::user_file::FileKind;
use crate::view_model::format;

/// The files.
#[derive(Clone, Copy)]
pub(crate) struct UserFiles {
    services: Services,
    notices: NoticeBoard,
    confirm: Confirm,
    names: AskName,
    all: RwSignal<Vec<FileAnswer>>,
    /// Whether they have been read: only then is a file that is not listed known to be missing.
    read: RwSignal<bool>,
    adding: RwSignal<Option<FileKind>>,
}

/// Reads the files and follows changes in other tabs.
pub(crate) fn provide_user_files() {
    let files = UserFiles {
        services: expect_context(),
        notices: expect_context(),
        confirm: expect_context(),
        names: expect_context(),
        read: RwSignal::new(false),
        all: RwSignal::new(FileKind::ALL.into_iter().filter_map(FileAnswer::built_in).collect()),
        adding: RwSignal::new(None),
    };
    files.services.on_change(move |heard| {
        if matches!(heard, Heard::Event(Event::UserFilesChanged, _)) {
            files.read();
        }
    });
    files.read();
    provide_context(files);
}

impl UserFiles {
    /// Name and label of each file of a kind, tracked.
    pub(crate) fn names(self, kind: FileKind) -> Vec<(String, String)> {
        let label = |file: &FileAnswer| {
            let note = if file.built_in { "built in".to_owned() } else { format::bytes(file.bytes) };
            format!("{} ({note})", file.name)
        };
        let of_kind = |file: &&FileAnswer| file.kind == kind;
        self.all.with(|all| all.iter().filter(of_kind).map(|file| (file.name.clone(), label(file))).collect())
    }

    fn find<T>(self, kind: FileKind, name: &str, found: impl FnOnce(Option<&FileAnswer>) -> T) -> T {
        self.all.with(|all| found(all.iter().find(|file| file.kind == kind && file.name == name)))
    }

    /// What a custom action says of itself, tracked.
    pub(crate) fn spec(self, name: &str) -> Option<Value> {
        self.find(FileKind::Action, name, |found| found.and_then(|file| file.spec.clone()))
    }

    /// Whether the user has added this one, tracked.
    pub(crate) fn is_own(self, kind: FileKind, name: &str) -> bool {
        self.find(kind, name, |found| found.is_some_and(|file| !file.built_in))
    }

    /// Whether there is known to be no file of this kind and name, tracked.
    pub(crate) fn lacks(self, kind: FileKind, name: &str) -> bool {
        self.read.get() && self.find(kind, name, |found| found.is_none())
    }

    /// The kind of the file that is being tested, if one is, tracked.
    pub(crate) fn adding(self) -> Option<FileKind> {
        self.adding.get()
    }

    fn read(self) {
        spawn_local(async move {
            match self.services.user_files().await {
                Ok(all) => {
                    self.all.set(all);
                    self.read.set(true);
                }
                Err(problem) => self.notices.failed(problem.text, problem.hint),
            }
        });
    }

    /// Asks for a name, tests a file and stores it; `added` receives its name. A model's test may take minutes.
    pub(crate) fn add(self, kind: FileKind, file: File, added: impl Fn(String) + Clone + Send + Sync + 'static) {
        let title = match kind {
            FileKind::Model => "Name this model",
            FileKind::Font => "Name this font",
            FileKind::Lut => "Name this LUT",
            FileKind::Action => "Name this custom action",
        };
        let stem = kind.stem(&file.name()).to_owned();
        self.ask_name(kind, title, stem, StoredValue::new_local(file), added);
    }

    fn ask_name(
        self,
        kind: FileKind,
        title: &'static str,
        name: String,
        file: StoredValue<File, LocalStorage>,
        added: impl Fn(String) + Clone + Send + Sync + 'static,
    ) {
        self.names.ask(title, name, "Add", move |name| {
            if untrack(|| self.read.get() && !self.lacks(kind, &name)) {
                let taken = "That name is taken. Choose another";
                return self.ask_name(kind, taken, name, file, added.clone());
            }
            self.try_file(kind, name, file.get_value(), added.clone());
        });
    }

    fn try_file(self, kind: FileKind, name: String, file: File, added: impl FnOnce(String) + 'static) {
        self.adding.set(Some(kind));
        spawn_local(async move {
            let result = self.services.import_file(kind, file, &name).await;
            self.adding.set(None);
            match result {
                Ok(file) => {
                    self.notices.done(format!("The {} \"{}\" is ready.", kind.noun(), file.name));
                    self.all.update(|all| {
                        if !all.contains(&file) {
                            all.push(file.clone());
                        }
                    });
                    added(file.name);
                }
                Err(problem) => self.notices.failed(problem.text, problem.hint),
            }
        });
    }

    /// Removes one of the user's files after asking; `removed` is called when it is gone.
    pub(crate) fn remove(self, kind: FileKind, name: String, removed: impl Fn() + Clone + Send + Sync + 'static) {
        self.confirm.ask(
            format!("Remove the {} “{name}”?", kind.noun()),
            "Its file is deleted from this browser. Batches that still need it will fail.",
            "Remove",
            move || {
                let (name, removed) = (name.clone(), removed.clone());
                spawn_local(async move {
                    match self.services.delete_file(kind, &name).await {
                        Ok(()) => removed(),
                        Err(problem) => self.notices.failed(problem.text, problem.hint),
                    }
                });
            },
        );
    }
}
