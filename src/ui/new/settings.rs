//! The settings of the chosen workflow: a form generated from the parameters' metadata, the diagnostics, and the
//! document as JSON.

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen_futures::JsFuture;

use super::draft::Draft;
use super::fields::{Explained, ParameterField};
use super::library::Library;
use crate::actions::{self, Role};
use crate::ui::icons::{Icon, Shape};
use crate::ui::notices::NoticeBoard;
use crate::ui::parts::{Later, Part};
use crate::ui::services::{TextKind, download_text};
use crate::view_model::document::{self, Node};
use crate::view_model::form;
use crate::workflow::{Diagnostic, Severity};

/// The panel.
#[component]
pub(crate) fn Settings() -> impl IntoView {
    let draft = expect_context::<Draft>();
    provide_context(Explained(RwSignal::new(false)));
    let name = Memo::new(move |_| draft.with_document(document::name));
    // Structure only: editing a value must not rebuild the form while the user types.
    let nodes = Memo::new(move |_| {
        let choice = draft.choice();
        draft.with_document(document::nodes).into_iter().map(|node| (choice.clone(), node)).collect::<Vec<_>>()
    });
    view! {
        <section class="section" aria-labelledby="settings-title" data-testid="form">
            <div class="spread">
                <h2 id="settings-title" class="truncate">{name}</h2>
                <div class="push tight">
                    <Explain/>
                    <History/>
                </div>
            </div>
            <Edited/>
            <Diagnostics/>
            <div class="groups">
                <For
                    each=move || nodes.get()
                    key=|(choice, node)| (choice.clone(), node.index, node.action_id.clone(), node.action_type.clone())
                    let:entry
                >
                    <Group node=entry.1/>
                </For>
            </div>
            <JsonButtons/>
        </section>
    }
}

/// Says that the chosen workflow is edited, and offers to undo all edits.
#[component]
fn Edited() -> impl IntoView {
    let draft = expect_context::<Draft>();
    let edited = Memo::new(move |_| draft.is_edited(&draft.choice()));
    view! {
        <Show when=move || edited.get()>
            <span class="badge edited" data-testid="edited">
                "Edited · "
                <button
                    class="link"
                    data-testid="reset"
                    title="Undo all edits to this workflow"
                    on:click=move |_| draft.reset()
                >
                    "Reset"
                </button>
            </span>
        </Show>
    }
}

/// Shows and hides each parameter's help.
#[component]
fn Explain() -> impl IntoView {
    let Explained(explained) = expect_context();
    view! {
        <button
            class="button quiet square"
            data-testid="explain"
            aria-label="Explain the settings"
            title="Explain the settings"
            aria-pressed=move || explained.get().to_string()
            on:click=move |_| explained.update(|shown| *shown = !*shown)
        >
            <Icon shape=Shape::Question/>
        </button>
    }
}

#[component]
fn History() -> impl IntoView {
    let draft = expect_context::<Draft>();
    view! {
            <button
                class="button quiet square"
                data-testid="undo"
                aria-label="Undo"
                title="Undo"
                disabled=move || !draft.can_undo_redo().0
                on:click=move |_| draft.undo()
            >
                <Icon shape=Shape::Undo/>
            </button>
            <button
                class="button quiet square"
                data-testid="redo"
                aria-label="Redo"
                title="Redo"
                disabled=move || !draft.can_undo_redo().1
                on:click=move |_| draft.redo()
            >
                <Icon shape=Shape::Redo/>
            </button>
    }
}

/// Whether a diagnostic is shown next to its field instead of in the list.
fn has_field(diagnostic: &Diagnostic, nodes: &[Node]) -> bool {
    let (Some(action_id), Some(field)) = (&diagnostic.action_id, &diagnostic.field) else { return false };
    nodes.iter().any(|node| {
        node.action_id == *action_id
            && actions::find(&node.action_type).is_some_and(|action| {
                action.fields.iter().any(|known| known.name == field && form::control(known).is_some())
            })
    })
}

#[component]
fn Diagnostics() -> impl IntoView {
    let draft = expect_context::<Draft>();
    let listed = Memo::new(move |_| {
        let nodes = draft.with_document(document::nodes);
        let mut found = draft.diagnostics().get();
        found.retain(|diagnostic| !has_field(diagnostic, &nodes));
        found
    });
    view! {
        <ul class="diagnostics" aria-live="polite" aria-label="Problems in the settings">
            <For each=move || listed.get() key=Clone::clone let:diagnostic>
                <li
                    class="diagnostic"
                    class:error=matches!(diagnostic.severity, Severity::Error)
                    data-testid="diagnostic"
                    data-code=diagnostic.code.clone()
                >
                    <Icon shape=Shape::Warning/>
                    <div>
                        <p>{diagnostic.message}</p>
                        <p class="hint">{form::in_words(&diagnostic.hint)}</p>
                    </div>
                </li>
            </For>
        </ul>
    }
}

/// One action, folded.
#[component]
fn Group(node: Node) -> impl IntoView {
    let draft = expect_context::<Draft>();
    let index = node.index;
    let id = StoredValue::new(node.action_id.clone());
    let Some(action) = actions::find(&node.action_type) else { return ().into_any() };
    let fields: Vec<_> = action.fields.iter().filter_map(|field| Some((field, form::control(field)?))).collect();
    let summary =
        Memo::new(move |_| draft.with_document(|now| form::summary(action.fields, document::parameters(now, index))));
    let wrong = Memo::new(move |_| {
        draft.diagnostics().with(|found| {
            id.with_value(|id| {
                found.iter().any(|one| one.action_id.as_ref() == Some(id) && matches!(one.severity, Severity::Error))
            })
        })
    });
    // Unfolds to show a problem; the user may fold it again.
    let frame = NodeRef::<html::Details>::new();
    Effect::new(move || {
        if let (Some(frame), true) = (frame.get(), wrong.get()) {
            frame.set_open(true);
        }
    });
    let title = form::label(&node.action_id);
    let kind = (!title.eq_ignore_ascii_case(action.name)).then_some(action.name);
    let rows = fields
        .into_iter()
        .map(|(field, control)| {
            view! { <ParameterField field fields=action.fields control node_index=index action_id=id/> }
        })
        .collect::<Vec<_>>();
    view! {
        <details
            node_ref=frame
            class="group"
            class:wrong=move || wrong.get()
            open=matches!(action.role, Role::Transform) && index <= 1
            data-testid=format!("form-{}", node.action_id)
        >
            <summary>
                <Icon shape=Shape::Chevron/>
                <span class="group-title">{title}</span>
                {kind.map(|kind| view! { <span class="kind">{kind}</span> })}
                <span class="group-summary truncate">{summary}</span>
            </summary>
            <p class="small muted">{action.description}</p>
            {rows}
        </details>
    }
    .into_any()
}

/// Saves the workflow: the user's own in place, any other under a new name.
#[component]
fn SaveButton() -> impl IntoView {
    let draft = expect_context::<Draft>();
    let library = expect_context::<Library>();
    let (later, notices) = (expect_context::<Part<Later>>(), expect_context::<NoticeBoard>());
    let save = move |_| {
        spawn_local(async move {
            match later.entered().await {
                Ok(later) => (later.save)(library),
                Err(problem) => notices.failed(problem.text, problem.hint),
            }
        });
    };
    // Enabled even without edits: text being typed becomes an edit only when the field loses the focus.
    view! {
        <button
            class="button quiet"
            data-testid="save-workflow"
            disabled=move || draft.with_document(serde_json::Value::is_null)
            on:click=save
        >
            <Icon shape=Shape::Check/>
            {move || match (library.is_chosen(), library.is_edited()) {
                (false, _) => "Save as…",
                (true, true) => "Save",
                (true, false) => "Saved",
            }}
        </button>
    }
}

#[component]
fn JsonButtons() -> impl IntoView {
    let draft = expect_context::<Draft>();
    let notices = expect_context::<NoticeBoard>();
    let copy = move |_| {
        let promise = window().navigator().clipboard().write_text(&draft.json());
        spawn_local(async move {
            match JsFuture::from(promise).await {
                Ok(_) => notices.done("Workflow copied to the clipboard."),
                Err(_) => notices.failed("The browser blocked access to the clipboard.", "Download the JSON instead."),
            }
        });
    };
    let download = move |_| {
        let name = untrack(|| draft.with_document(document::workflow_id));
        if let Err(problem) = download_text(&draft.json(), &name, TextKind::Json) {
            notices.failed(problem.text, problem.hint);
        }
    };
    view! {
        <div class="spread json-buttons">
            <SaveButton/>
            <button class="button quiet" data-testid="copy-json" on:click=copy><Icon shape=Shape::Copy/>"Copy JSON"</button>
            <button class="button quiet" data-testid="download-json" on:click=download>
                <Icon shape=Shape::Download/>
                "Download"
            </button>
            <button class="button quiet" data-testid="edit-json" on:click=move |_| draft.edit_as_json()>
                <Icon shape=Shape::Code/>
                "Edit"
            </button>
        </div>
    }
}
