//! The settings of the chosen workflow: a form generated from the parameters' metadata, and the diagnostics.

use std::collections::HashMap;

use leptos::html;
use leptos::prelude::*;

use super::draft::Draft;
use super::fields::{Explained, ParameterField, with_code};
use crate::actions::{self, Role};
use crate::ui::icons::{Icon, Shape};
use crate::ui::parts;
use crate::view_model::document::{self, Node};
use crate::view_model::editing::Place;
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
            {parts::later(|editing: parts::Editing| (editing.add_step)())}
            {parts::later_silently(|editing: parts::Editing| (editing.keep)())}
        </section>
    }
}

/// The steps that were unfolded and folded, by `actionId`: a step that moves stays as it is.
#[derive(Clone, Copy)]
pub(crate) struct Unfolded(RwSignal<HashMap<String, bool>>);

impl Unfolded {
    pub(crate) fn set(self, action_id: &str, is_open: bool) {
        self.0.update_untracked(|steps| {
            steps.insert(action_id.to_owned(), is_open);
        });
    }

    fn get(self, action_id: &str) -> Option<bool> {
        self.0.with_untracked(|steps| steps.get(action_id).copied())
    }
}

/// Where a step is being added, while the palette is open.
#[derive(Clone, Copy)]
pub(crate) struct Adding(pub(crate) RwSignal<Option<Place>>);

/// Whether the workflow is shown as a graph too.
#[derive(Clone, Copy)]
pub(crate) struct ShowsGraph(pub(crate) RwSignal<bool>);

/// The picture that the preview shows, by its entry's id.
#[derive(Clone, Copy)]
pub(crate) struct Previewing(pub(crate) RwSignal<Option<u32>>);

/// Provides what the views that edit a workflow share.
pub(super) fn provide_editing() {
    provide_context(Unfolded(RwSignal::new(HashMap::new())));
    provide_context(Adding(RwSignal::new(None)));
    provide_context(ShowsGraph(RwSignal::new(false)));
    provide_context(Previewing(RwSignal::new(None)));
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
                title=move || titled("Undo", draft.undo_redo().0)
                disabled=move || draft.undo_redo().0.is_none()
                on:click=move |_| draft.undo()
            >
                <Icon shape=Shape::Undo/>
            </button>
            <button
                class="button quiet square"
                data-testid="redo"
                aria-label="Redo"
                title=move || titled("Redo", draft.undo_redo().1)
                disabled=move || draft.undo_redo().1.is_none()
                on:click=move |_| draft.redo()
            >
                <Icon shape=Shape::Redo/>
            </button>
    }
}

/// What a button undoes or redoes.
fn titled(does: &str, what: Option<String>) -> String {
    what.map_or_else(|| does.to_owned(), |what| format!("{does}: {what}"))
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
    let unfolded = expect_context::<Unfolded>();
    let is_open = unfolded.get(&node.action_id).unwrap_or(match action.role {
        Role::Transform | Role::Gather => index <= 1,
        Role::Note => true,
        Role::Source | Role::Data | Role::Sink => false,
    });
    let toggled = move |_| {
        if let Some(frame) = frame.get_untracked() {
            id.with_value(|id| unfolded.set(id, frame.open()));
        }
    };
    let looked_at = move || id.with_value(|id| draft.looked_at().as_ref() == Some(id));
    let is_off = Memo::new(move |_| draft.with_document(|now| document::is_off(now, index)));
    view! {
        <div class="step" class:looked-at=looked_at class:off=move || is_off.get() data-step=node.action_id.clone()>
        <details
            node_ref=frame
            class="group"
            class:wrong=move || wrong.get()
            open=is_open
            data-testid=format!("form-{}", node.action_id)
            on:toggle=toggled
        >
            <summary>
                <Icon shape=Shape::Chevron/>
                <span class="group-title">{title}</span>
                {kind.map(|kind| view! { <span class="kind">{kind}</span> })}
                <span class="group-summary truncate">{move || if is_off.get() { "Off".to_owned() } else { summary.get() }}</span>
            </summary>
            <p class="small muted">{with_code(action.description)}</p>
            {parts::later_silently(move |editing: parts::Editing| (editing.plugs)(index))}
            {rows}
        </details>
        {parts::later_silently(move |editing: parts::Editing| (editing.step)(index, id, action))}
        </div>
    }
    .into_any()
}
