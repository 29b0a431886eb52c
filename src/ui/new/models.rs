//! The networks that a workflow can name: those that are there, adding one from a file, removing one.

use leptos::prelude::*;
use leptos::task::spawn_local;
use web_sys::File;

use super::super::confirm::Confirm;
use super::super::notices::NoticeBoard;
use super::super::services::{Change, Services};
use crate::api::ModelAnswer;
use crate::view_model::format;

/// The networks.
#[derive(Clone, Copy)]
pub(crate) struct Models {
    services: Services,
    notices: NoticeBoard,
    confirm: Confirm,
    all: RwSignal<Vec<ModelAnswer>>,
    adding: RwSignal<bool>,
}

/// Reads the networks and follows what other tabs do to them.
pub(crate) fn provide_models() {
    let models = Models {
        services: expect_context(),
        notices: expect_context(),
        confirm: expect_context(),
        all: RwSignal::new(vec![ModelAnswer::built_in()]),
        adding: RwSignal::new(false),
    };
    models.services.on_change(move |change| {
        if matches!(change, Change::Models) {
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

    /// Whether a file is being tried, tracked.
    pub(crate) fn adding(self) -> bool {
        self.adding.get()
    }

    fn read(self) {
        spawn_local(async move {
            match self.services.models().await {
                Ok(all) => self.all.set(all),
                Err(problem) => self.notices.failed(problem.text, problem.hint),
            }
        });
    }

    /// Tries a file and keeps it; `added` is told its name.
    pub(crate) fn add(self, file: File, added: impl FnOnce(String) + 'static) {
        self.adding.set(true);
        spawn_local(async move {
            let result = self.services.import_model(file).await;
            self.adding.set(false);
            match result {
                Ok(model) => {
                    self.notices.done(format!("The network \"{}\" is ready.", model.name));
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

    /// Asks, then removes a network of the user's own; `removed` is called when it is gone.
    pub(crate) fn remove(self, name: String, removed: impl Fn() + Send + Sync + Copy + 'static) {
        self.confirm.ask(
            format!("Remove the network “{name}”?"),
            "Its file is deleted from this browser. Batches that still need it will fail.",
            "Remove",
            move || {
                let name = name.clone();
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
