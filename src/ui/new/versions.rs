//! The published versions of a workflow: what each does, and restoring one.

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::Value;

use super::library::Library;
use crate::api::{VersionAnswer, WorkflowSummary};
use crate::ui::icons::{Icon, Shape};
use crate::ui::services::Services;
use crate::ui::widgets::modal;
use crate::view_model::document;

/// Shows the versions of a workflow.
#[derive(Clone, Copy)]
pub(super) struct Versions(RwSignal<Option<WorkflowSummary>>);

impl Versions {
    /// Shows the versions of this workflow.
    pub(super) fn show(self, workflow: &WorkflowSummary) {
        self.0.set(Some(workflow.clone()));
    }
}

/// Provides the dialog.
pub(super) fn provide_versions() {
    provide_context(Versions(RwSignal::new(None)));
}

/// The dialog.
#[component]
pub(super) fn VersionsDialog() -> impl IntoView {
    let Versions(shown) = expect_context();
    let dialog = NodeRef::<html::Dialog>::new();
    modal(dialog, move || shown.with(Option::is_some), || ());
    let title = move || shown.with(|shown| shown.as_ref().map(|workflow| format!("Versions of “{}”", workflow.name)));
    let newest_first = move || {
        let workflow = shown.get()?;
        let (id, published) = (workflow.workflow_id, workflow.version);
        let row = |version: VersionAnswer| {
            let is_published = published == Some(version.version);
            view! { <VersionRow workflow_id=id.clone() version is_published/> }
        };
        Some(workflow.versions.into_iter().rev().map(row).collect::<Vec<_>>())
    };
    view! {
        <dialog
            node_ref=dialog
            class="versions"
            data-testid="versions-dialog"
            aria-labelledby="versions-title"
            on:close=move |_| shown.set(None)
        >
            <h2 id="versions-title">{title}</h2>
            <ul>{newest_first}</ul>
            <div class="spread">
                <button class="button" data-testid="versions-close" on:click=move |_| shown.set(None)>"Close"</button>
            </div>
        </dialog>
    }
}

#[component]
fn VersionRow(workflow_id: String, version: VersionAnswer, is_published: bool) -> impl IntoView {
    let library = expect_context::<Library>();
    let Versions(shown) = expect_context();
    let services = expect_context::<Services>();
    let number = version.version;
    let workflow = RwSignal::new(None::<Value>);
    let problem = RwSignal::new(None::<String>);
    let id = workflow_id.clone();
    spawn_local(async move {
        // The dialog may have been closed by then.
        match services.workflow_version(&id, number).await {
            Ok(read) => drop(workflow.try_set(Some(read))),
            Err(failed) => drop(problem.try_set(Some(failed.text))),
        }
    });
    let steps = move || workflow.with(|workflow| workflow.as_ref().map(document::describe)).or_else(|| problem.get());
    let unread = move || workflow.with(Option::is_none);
    let id = StoredValue::new(workflow_id);
    let restore = move |_| {
        let Some(document) = workflow.get_untracked() else { return };
        shown.set(None);
        library.restore(id.get_value(), document, number);
    };
    let export = move |_| library.export_version(id.get_value(), number);
    view! {
        <li data-testid="version-row" data-version=number>
            <p class="version-name">
                <strong>{format!("Version {number}")}</strong>
                {is_published.then(|| view! { <span class="badge good">"Published"</span> })}
                <span class="small muted push">{version.published_at.replace('T', " ").split('.').next().map(|time| format!("{time} UTC"))}</span>
            </p>
            <p class="small muted">{steps}</p>
            <div class="tight">
                <button class="button" data-testid="version-restore" disabled=unread on:click=restore>
                    <Icon shape=Shape::Undo/>
                    "Restore"
                </button>
                <button class="button quiet" data-testid="version-export" on:click=export>
                    <Icon shape=Shape::Download/>
                    "Export JSON"
                </button>
            </div>
        </li>
    }
}
