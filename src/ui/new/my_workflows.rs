//! The user's own workflows as cards, each with its menu.

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;

use super::library::Library;
use super::workflows::Card;
use crate::api::{WorkflowStatus, WorkflowSummary};
use crate::ui::icons::{Icon, Shape};
use crate::ui::notices::NoticeBoard;
use crate::ui::widgets::{Menu, MenuItem};

/// The cards, with the way to bring one in.
#[component]
pub(crate) fn MyWorkflows() -> impl IntoView {
    let library = expect_context::<Library>();
    // A card is made anew when anything of it has changed.
    let cards = move || library.list();
    view! {
        <div class="spread mine-head">
            <h3 id="mine-title">"My workflows"</h3>
            <ImportButton/>
        </div>
        <Show when=move || library.list().is_empty()>
            <p class="small muted">"Change the settings of a workflow and save it: it is kept here."</p>
        </Show>
        <div class="cards" role="radiogroup" aria-labelledby="mine-title" data-testid="my-workflows">
            <For
                each=cards
                key=|one| (one.workflow_id.clone(), one.updated_at.clone(), one.has_run, one.version)
                let:workflow
            >
                <MyCard workflow/>
            </For>
        </div>
    }
}

#[component]
fn ImportButton() -> impl IntoView {
    let library = expect_context::<Library>();
    let notices = expect_context::<NoticeBoard>();
    let file = NodeRef::<html::Input>::new();
    let read = move |_| {
        let Some(input) = file.get() else { return };
        let Some(picked) = input.files().and_then(|files| files.get(0)) else { return };
        input.set_value("");
        spawn_local(async move {
            match JsFuture::from(picked.unchecked_ref::<web_sys::Blob>().text()).await {
                Ok(text) => library.import(text.as_string().unwrap_or_default(), picked.name()),
                Err(_) => notices.failed(format!("\"{}\" could not be read.", picked.name()), "Pick it again."),
            }
        });
    };
    view! {
        <button class="button quiet push" on:click=move |_| if let Some(file) = file.get() { file.click() }>
            <Icon shape=Shape::Plus/>
            "Import JSON"
        </button>
        <input
            node_ref=file
            class="unseen"
            type="file"
            accept="application/json,.json"
            tabindex="-1"
            aria-label="Workflow file to import"
            data-testid="import-workflow"
            on:change=read
        />
    }
}

/// What a workflow's state is in words, its tone, and what may be done about it.
fn state(workflow: &WorkflowSummary) -> (String, &'static str, Option<&'static str>) {
    match (workflow.status, workflow.version) {
        (WorkflowStatus::Published, Some(version)) if workflow.changed => {
            (format!("Published v{version}"), "good", Some("edited since"))
        }
        (WorkflowStatus::Published, Some(version)) => (format!("Published v{version}"), "good", None),
        _ if workflow.has_run => ("Draft".to_owned(), "", Some("ready to publish")),
        _ => ("Draft".to_owned(), "", Some("run it once to publish")),
    }
}

#[component]
fn MyCard(workflow: WorkflowSummary) -> impl IntoView {
    let library = expect_context::<Library>();
    let (text, tone, note) = state(&workflow);
    let status = if workflow.version.is_some() { "published" } else { "draft" };
    let id = StoredValue::new(workflow.workflow_id.clone());
    let known = StoredValue::new(workflow.clone());
    let published = workflow.version.is_some();
    let may_publish = workflow.changed;
    let has_run = workflow.has_run;
    view! {
        <div class="card-frame">
            <Card
                id=workflow.workflow_id.clone()
                name=workflow.name.clone()
                about=workflow.description.clone()
                steps=String::new()
                on_choose=move |id| library.choose(id)
            >
                <span class="card-state">
                    <span class=format!("badge {tone}") data-testid="workflow-status" data-status=status>{text}</span>
                    {note.map(|note| view! { <span class="small muted">{note}</span> })}
                </span>
            </Card>
            <Menu label=format!("Actions for {}", workflow.name) testid="workflow-menu">
                <Show when=move || may_publish>
                    <MenuItem
                        testid="workflow-publish"
                        shape=Shape::Check
                        text="Publish"
                        disabled=!has_run
                        on_pick=move || library.publish(id.get_value())
                    />
                </Show>
                <Show when=move || published>
                    <MenuItem
                        testid="workflow-unpublish"
                        shape=Shape::Undo
                        text="Unpublish"
                        on_pick=move || library.unpublish(id.get_value())
                    />
                </Show>
                <MenuItem
                    testid="workflow-rename"
                    shape=Shape::Pen
                    text="Rename"
                    on_pick=move || known.with_value(|one| library.rename(one))
                />
                <MenuItem
                    testid="workflow-duplicate"
                    shape=Shape::Copy
                    text="Duplicate"
                    on_pick=move || known.with_value(|one| library.duplicate(one))
                />
                <MenuItem
                    testid="workflow-export"
                    shape=Shape::Download
                    text="Export JSON"
                    on_pick=move || library.export(id.get_value())
                />
                <MenuItem
                    testid="workflow-delete"
                    shape=Shape::Trash
                    text="Delete"
                    on_pick=move || known.with_value(|one| library.delete(one))
                />
            </Menu>
        </div>
    }
}
