//! The user's own workflows as cards, each with its menu.

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::FileList;

use super::library::Library;
use super::versions::{Versions, VersionsDialog, provide_versions};
use super::workflows::{Card, JSON};
use crate::api::{WorkflowStatus, WorkflowSummary};
use crate::ui::icons::{Icon, Shape};
use crate::ui::notices::NoticeBoard;
use crate::ui::widgets::{FilePicker, Menu, MenuItem};

/// The user's own workflows, and the button to import one.
#[component]
pub(crate) fn MyWorkflowsSection() -> impl IntoView {
    let library = expect_context::<Library>();
    let none = Memo::new(move |_| library.with_list(|list| list.is_empty()));
    view! {
        <div class="spread mine-head">
            <h3 id="mine-title">"My workflows"</h3>
            <NewButton/>
            <ImportButton/>
        </div>
        {move || match none.get() {
            true => view! {
                <p class="small muted">"Start a new workflow, or change one above and save it to keep it here."</p>
            }
            .into_any(),
            false => view! { <MyWorkflows/> }.into_any(),
        }}
    }
}

/// Starts an empty workflow.
#[component]
fn NewButton() -> impl IntoView {
    let library = expect_context::<Library>();
    view! {
        <button type="button" class="button quiet push" data-testid="new-workflow" on:click=move |_| library.create()>
            <Icon shape=Shape::Plus/>
            "New"
        </button>
    }
}

#[component]
fn ImportButton() -> impl IntoView {
    let library = expect_context::<Library>();
    let notices = expect_context::<NoticeBoard>();
    let read = move |files: FileList| {
        let Some(picked) = files.get(0) else { return };
        spawn_local(async move {
            match JsFuture::from(picked.unchecked_ref::<web_sys::Blob>().text()).await {
                Ok(text) => library.import(text.as_string().unwrap_or_default(), picked.name()),
                Err(_) => notices.failed(format!("\"{}\" could not be read.", picked.name()), "Pick it again."),
            }
        });
    };
    view! {
        <FilePicker
            label="Workflow file to import"
            accept=JSON
            testid="import-workflow"
            class="button quiet"
            on_pick=read
        >
            <Icon shape=Shape::Folder/>
            "Import JSON"
        </FilePicker>
    }
}

/// The cards.
#[component]
fn MyWorkflows() -> impl IntoView {
    let library = expect_context::<Library>();
    provide_versions();
    view! {
        <div class="cards" role="radiogroup" aria-labelledby="mine-title" data-testid="my-workflows">
            <For each=move || library.list() key=|one| one.workflow_id.clone() let:first>
                <MyCard first/>
            </For>
        </div>
        <VersionsDialog/>
    }
}

/// A workflow's state in words, its tone, and the next step.
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

/// A card, updated in place as its workflow changes: its focus and its menu stay.
#[component]
fn MyCard(first: WorkflowSummary) -> impl IntoView {
    let library = expect_context::<Library>();
    let id = StoredValue::new(first.workflow_id.clone());
    // Its last state, while the card is being removed.
    let known = Memo::new(move |before: Option<&WorkflowSummary>| {
        let found = id.with_value(|id| library.find(id));
        found.or_else(|| before.cloned()).unwrap_or_else(|| first.clone())
    });
    let published = Memo::new(move |_| known.with(|one| one.version.is_some()));
    let may_publish = Memo::new(move |_| known.with(|one| one.changed));
    let now = Memo::new(move |_| known.with(state));
    let versions = expect_context::<Versions>();
    let has_versions = Memo::new(move |_| known.with(|one| !one.versions.is_empty()));
    let act = move |act: fn(Library, &WorkflowSummary)| move || known.with_untracked(|one| act(library, one));
    view! {
        <div class="card-frame">
            <Card
                id=id.get_value()
                name=Signal::derive(move || known.with(|one| one.name.clone()))
                about=Signal::derive(move || known.with(|one| one.description.clone()))
                steps=String::new()
                on_choose=move |id| library.choose(id)
            >
                <span class="card-state">
                    <span
                        class=move || format!("badge {}", now.get().1)
                        data-testid="workflow-status"
                        data-status=move || if published.get() { "published" } else { "draft" }
                    >
                        {move || now.get().0}
                    </span>
                    {move || now.get().2.map(|note| view! { <span class="small muted">{note}</span> })}
                </span>
            </Card>
            <Menu
                label=Signal::derive(move || known.with(|one| format!("Actions for {}", one.name)))
                testid="workflow-menu"
            >
                <Show when=move || may_publish.get()>
                    <MenuItem
                        testid="workflow-publish"
                        shape=Shape::Check
                        text="Publish"
                        disabled=Signal::derive(move || known.with(|one| !one.has_run))
                        on_pick=move || library.publish(id.get_value())
                    />
                </Show>
                <Show when=move || published.get()>
                    <MenuItem
                        testid="workflow-unpublish"
                        shape=Shape::Undo
                        text="Unpublish"
                        on_pick=move || library.unpublish(id.get_value())
                    />
                </Show>
                <Show when=move || has_versions.get()>
                    <MenuItem
                        testid="workflow-versions"
                        shape=Shape::Layers
                        text="Versions…"
                        on_pick=move || known.with_untracked(|one| versions.show(one))
                    />
                </Show>
                <MenuItem testid="workflow-rename" shape=Shape::Pen text="Rename" on_pick=act(Library::rename)/>
                <MenuItem testid="workflow-duplicate" shape=Shape::Copy text="Duplicate" on_pick=act(Library::duplicate)/>
                <MenuItem
                    testid="workflow-export"
                    shape=Shape::Download
                    text="Export JSON"
                    on_pick=move || library.export(id.get_value())
                />
                <MenuItem testid="workflow-delete" shape=Shape::Trash text="Delete" on_pick=act(Library::delete)/>
            </Menu>
        </div>
    }
}
