//! The models that a workflow can name: listing them, adding one from a file, removing one.

use leptos::prelude::*;
use leptos::task::spawn_local;
use web_sys::File;

use super::super::ask_name::AskName;
use super::super::confirm::Confirm;
use super::super::notices::NoticeBoard;
use super::super::services::{Heard, Services};
use crate::api::{Event, ModelAnswer};
use crate::view_model::format;

/// The models.
#[derive(Clone, Copy)]
pub(crate) struct Models {
    services: Services,
    notices: NoticeBoard,
    confirm: Confirm,
    names: AskName,
    all: RwSignal<Vec<ModelAnswer>>,
    /// Whether they have been read: only then is a model that is not listed known to be missing.
    read: RwSignal<bool>,
    adding: RwSignal<bool>,
}

/// Reads the models and follows changes in other tabs.
pub(crate) fn provide_models() {
    let models = Models {
        services: expect_context(),
        notices: expect_context(),
        confirm: expect_context(),
        names: expect_context(),
        read: RwSignal::new(false),
        all: RwSignal::new(vec![ModelAnswer::built_in()]),
        adding: RwSignal::new(false),
    };
    models.services.on_change(move |heard| {
        if matches!(heard, Heard::Event(Event::ModelsChanged, _)) {
            models.read();
        }
    });
    models.read();
    provide_context(models);
}

impl Models {
    /// Name and label of each, tracked.
    pub(crate) fn names(self) -> Vec<(String, String)> {
        let label = |model: &ModelAnswer| {
            let note = if model.built_in { "built in".to_owned() } else { format::bytes(model.bytes) };
            format!("{} ({note})", model.name)
        };
        self.all.with(|all| all.iter().map(|model| (model.name.clone(), label(model))).collect())
    }

    /// Whether the user has added this one, tracked.
    pub(crate) fn is_own(self, name: &str) -> bool {
        self.all.with(|all| all.iter().any(|model| model.name == name && !model.built_in))
    }

    /// Whether there is known to be no model with this name, tracked.
    pub(crate) fn lacks(self, name: &str) -> bool {
        self.read.get() && !self.all.with(|all| all.iter().any(|model| model.name == name))
    }

    /// Whether a file is being tested, tracked.
    pub(crate) fn adding(self) -> bool {
        self.adding.get()
    }

    fn read(self) {
        spawn_local(async move {
            match self.services.models().await {
                Ok(all) => {
                    self.all.set(all);
                    self.read.set(true);
                }
                Err(problem) => self.notices.failed(problem.text, problem.hint),
            }
        });
    }

    /// Asks for a name, tests a file and stores it; `added` receives its name. The test may take minutes.
    pub(crate) fn add(self, file: File, added: impl Fn(String) + Clone + Send + Sync + 'static) {
        let file_name = file.name();
        let stem = file_name.strip_suffix(".onnx").unwrap_or(&file_name).to_owned();
        self.ask_name("Name this model", stem, StoredValue::new_local(file), added);
    }

    fn ask_name(
        self,
        title: &'static str,
        name: String,
        file: StoredValue<File, LocalStorage>,
        added: impl Fn(String) + Clone + Send + Sync + 'static,
    ) {
        self.names.ask(title, name, "Add", move |name| {
            if untrack(|| self.read.get() && !self.lacks(&name)) {
                let taken = "That name is taken. Choose another";
                return self.ask_name(taken, name, file, added.clone());
            }
            self.try_file(name, file.get_value(), added.clone());
        });
    }

    fn try_file(self, name: String, file: File, added: impl FnOnce(String) + 'static) {
        self.adding.set(true);
        spawn_local(async move {
            let result = self.services.import_model(file, &name).await;
            self.adding.set(false);
            match result {
                Ok(model) => {
                    self.notices.done(format!("The model \"{}\" is ready.", model.name));
                    self.all.update(|all| {
                        if !all.contains(&model) {
                            all.push(model.clone());
                        }
                    });
                    added(model.name);
                }
                Err(problem) => self.notices.failed(problem.text, problem.hint),
            }
        });
    }

    /// Removes one of the user's models after asking; `removed` is called when it is gone.
    pub(crate) fn remove(self, name: String, removed: impl Fn() + Clone + Send + Sync + 'static) {
        self.confirm.ask(
            format!("Remove the model “{name}”?"),
            "Its file is deleted from this browser. Batches that still need it will fail.",
            "Remove",
            move || {
                let (name, removed) = (name.clone(), removed.clone());
                spawn_local(async move {
                    match self.services.delete_model(&name).await {
                        Ok(()) => removed(),
                        Err(problem) => self.notices.failed(problem.text, problem.hint),
                    }
                });
            },
        );
    }
}
