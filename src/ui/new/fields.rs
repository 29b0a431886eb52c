//! One parameter as a control with its label, its unit, what it is for, and what is wrong with its value.

use leptos::prelude::*;
use serde_json::{Map, Value};
use web_sys::HtmlInputElement;

use super::draft::Draft;
use crate::actions::checks::check_field;
use crate::actions::parameters::Field;
use crate::ui::focus::is_composing;
use crate::ui::parts;
use crate::ui::widgets::Switch;
use crate::view_model::document;
use crate::view_model::form::{self, Control, Piece};

/// The parameter that a control edits.
#[derive(Clone, Copy)]
pub(crate) struct Edited {
    pub(super) draft: Draft,
    pub(super) index: usize,
    pub(super) field: &'static Field,
    /// The parameter that is an object, if it is an entry of one.
    pub(super) outer: Option<&'static Field>,
    /// The current value.
    pub(super) value: Memo<Value>,
    /// What is wrong with it.
    pub(super) problem: Memo<Option<(String, String)>>,
    /// Its element's id; the ids of its label, help and problem derive from it.
    pub(super) id: StoredValue<String>,
}

/// Whether each parameter's help is shown below it.
#[derive(Clone, Copy)]
pub(super) struct Explained(pub(super) RwSignal<bool>);

impl Edited {
    pub(super) fn set(self, value: Option<Value>) {
        match self.outer {
            Some(outer) => self.draft.set_entry(self.index, outer, self.field, value),
            None => self.draft.set_parameter(self.index, self.field, value),
        }
    }

    pub(super) fn text(self) -> String {
        self.value.with(form::shown)
    }

    pub(super) fn set_text(self, text: String) {
        self.set((!text.is_empty()).then_some(Value::String(text)));
    }

    pub(super) fn invalid(self) -> String {
        self.problem.with(Option::is_some).to_string()
    }

    /// Ids of the elements that describe it: its help, shown or not, and its problem.
    pub(super) fn described_by(self) -> String {
        let wrong = self.problem.with(Option::is_some);
        self.id.with_value(|id| if wrong { format!("{id}-problem {id}-help") } else { format!("{id}-help") })
    }
}

/// The row.
#[component]
pub(crate) fn ParameterField(
    field: &'static Field,
    /// All of the action's.
    fields: &'static [Field],
    control: Control,
    node_index: usize,
    action_id: StoredValue<String>,
) -> impl IntoView {
    let draft = expect_context::<Draft>();
    let id = action_id.with_value(|action_id| format!("field-{action_id}-{}", field.name));
    let edited = Edited {
        draft,
        index: node_index,
        field,
        outer: None,
        value: Memo::new(move |_| draft.with_document(|now| form::value(field, document::parameters(now, node_index)))),
        problem: Memo::new(move |_| {
            draft.diagnostics().with(|found| {
                let own = |one: &&crate::workflow::Diagnostic| {
                    one.field.as_deref() == Some(field.name)
                        && action_id.with_value(|id| one.action_id.as_ref() == Some(id))
                };
                found.iter().find(own).map(|one| (one.message.clone(), one.hint.clone()))
            })
        }),
        id: StoredValue::new(id),
    };
    // What does not matter is left out, unless something is wrong with it.
    let matters = Memo::new(move |_| {
        draft.with_document(|now| {
            let none = Map::new();
            field.shown.holds(fields, document::parameters(now, node_index).unwrap_or(&none))
                && !document::is_supplied(now, node_index, field.name)
        })
    });
    row(edited, control, action_id, Signal::derive(move || !matters.get() && edited.problem.with(Option::is_none)))
}

/// The row of an entry of an object.
pub(super) fn entry_row(outer: Edited, field: &'static Field, action_id: StoredValue<String>) -> Option<AnyView> {
    let edited = Edited {
        field,
        outer: Some(outer.field),
        value: Memo::new(move |_| outer.value.with(|object| form::value(field, object.as_object()))),
        problem: Memo::new(move |_| {
            let issue = outer.value.with(|object| check_field(field, object.as_object()?));
            issue.map(|issue| (issue.message, issue.hint))
        }),
        id: StoredValue::new(outer.id.with_value(|id| format!("{id}-{}", field.name))),
        ..outer
    };
    Some(row(edited, form::control(field)?, action_id, Signal::stored(false)))
}

fn row(edited: Edited, control: Control, action_id: StoredValue<String>, is_left_out: Signal<bool>) -> AnyView {
    let (field, id) = (edited.field, edited.id.get_value());
    let label = match field.unit {
        Some(unit) => view! { {form::field_label(field)} <span class="unit">{unit}</span> }.into_any(),
        None => form::field_label(field).into_any(),
    };
    let inline = matches!(control, Control::Switch);
    let Explained(explained) = expect_context();
    let problem_id = StoredValue::new(format!("{id}-problem"));
    // A `label` cannot be for a group of controls: the group refers to it instead.
    let target = (!matches!(
        control,
        Control::Places(_)
            | Control::Renditions
            | Control::Point
            | Control::Gradient
            | Control::Choices(_)
            | Control::Object
    ))
    .then(|| id.clone());
    view! {
        <div class="parameter" class:inline=inline hidden=is_left_out>
            <label for=target id=format!("{id}-label")>{label}</label>
            {control_view(control, edited, action_id)}
            {move || edited.problem.get().map(|(message, hint)| view! {
                <p class="problem" role="alert" id=problem_id.get_value() data-testid="field-error">
                    {form::in_words(&message)} " " {form::in_words(&hint)}
                </p>
            })}
            <p class="small muted help" id=format!("{id}-help") hidden=move || !explained.get()>{with_code(&field.description())}</p>
        </div>
    }
    .into_any()
}

/// A text in which what is between backticks is code, or the name of a parameter.
pub(super) fn with_code(text: &str) -> Vec<AnyView> {
    let shown = |piece| match piece {
        Piece::Text(text) => text.into_any(),
        Piece::Named(name) => view! { <b>{name}</b> }.into_any(),
        Piece::Verbatim(text) => view! { <code>{text}</code> }.into_any(),
    };
    form::pieces(text).into_iter().map(shown).collect()
}

fn control_view(control: Control, edited: Edited, action_id: StoredValue<String>) -> AnyView {
    match control {
        Control::Slider { low, high, step } => view! { <SliderControl edited low high step/> }.into_any(),
        Control::Number { step } => view! { <NumberControl edited step/> }.into_any(),
        Control::Switch => view! { <SwitchControl edited/> }.into_any(),
        Control::Select(words) => view! { <SelectControl edited words/> }.into_any(),
        Control::Places(words) => view! { <PlacesControl edited words/> }.into_any(),
        Control::Ratio => view! { <TextControl edited placeholder="4:5"/> }.into_any(),
        Control::Text => view! { <TextControl edited placeholder=""/> }.into_any(),
        // What they edit is text, which can be typed without them.
        Control::Color | Control::Pattern | Control::Caption | Control::File(_) => parts::later_or(
            move |editing: parts::Editing| (editing.editor)(control, edited, action_id),
            move |_| view! { <TextControl edited placeholder=""/> }.into_any(),
        ),
        Control::Point | Control::Curve | Control::Gradient | Control::Renditions | Control::Object => {
            parts::later(move |editing: parts::Editing| (editing.editor)(control, edited, action_id))
        }
        // Every output has them: what is missing is said once, and not by each.
        Control::Choices(_) => {
            parts::later_silently(move |editing: parts::Editing| (editing.editor)(control, edited, action_id))
        }
    }
}

#[component]
fn NumberControl(edited: Edited, step: f64) -> impl IntoView {
    let id = edited.id.get_value();
    let arrow = move |event: leptos::ev::KeyboardEvent| {
        if is_composing(&event) {
            return;
        }
        let direction = match event.key().as_str() {
            "ArrowUp" => 1.0,
            "ArrowDown" => -1.0,
            _ => return,
        };
        let Some(now) = edited.value.get_untracked().as_f64() else { return };
        event.prevent_default();
        let stepped = now + direction * step * if event.shift_key() { 10.0 } else { 1.0 };
        let (low, high) = edited.field.range.unwrap_or((f64::MIN, f64::MAX));
        // Rounded to the step, so that 0.1 + 0.2 stays 0.3.
        let rounded = ((stepped / step).round() * step * 1e6).round() / 1e6;
        edited.set(form::typed_number(&rounded.clamp(low, high).to_string()));
    };
    view! {
        <input
            class="field numbers"
            type="text"
            inputmode="decimal"
            autocomplete="off"
            id=id.clone()
            data-testid=id
            placeholder=if edited.field.required { "" } else { "auto" }
            aria-invalid=move || edited.invalid()
            aria-describedby=move || edited.described_by()
            prop:value=move || edited.text()
            on:keydown=arrow
            on:change=move |event| {
                edited.set(form::typed_number(&event_target_value(&event)));
                // What is emptied has its default again, which may be what it had.
                event_target::<HtmlInputElement>(&event).set_value(&untrack(|| edited.text()));
            }
        />
    }
}

#[component]
fn SliderControl(edited: Edited, low: f64, high: f64, step: f64) -> impl IntoView {
    view! {
        <div class="slider">
            <input
                type="range"
                min=low
                max=high
                step=step
                tabindex="-1"
                aria-hidden="true"
                aria-label=form::field_label(edited.field)
                prop:value=move || edited.text()
                on:input=move |event| edited.set(form::typed_number(&event_target_value(&event)))
            />
            <NumberControl edited step/>
        </div>
    }
}

#[component]
fn SwitchControl(edited: Edited) -> impl IntoView {
    view! {
        <Switch
            id=edited.id.get_value()
            on=Signal::derive(move || edited.value.get().as_bool().unwrap_or(false))
            on_change=move |on: bool| edited.set(Some(on.into()))
            described_by=Signal::derive(move || edited.described_by())
            invalid=Signal::derive(move || edited.problem.with(Option::is_some))
        />
    }
}

#[component]
fn SelectControl(edited: Edited, words: &'static [&'static str]) -> impl IntoView {
    let id = edited.id.get_value();
    let options = words
        .iter()
        .map(|word| {
            let chosen = move || edited.value.with(|value| value.as_str() == Some(word));
            view! { <option value=*word prop:selected=chosen>{form::choice(word)}</option> }
        })
        .collect::<Vec<_>>();
    view! {
        <select
            class="field"
            id=id.clone()
            data-testid=id
            aria-invalid=move || edited.invalid()
            aria-describedby=move || edited.described_by()
            on:change=move |event| edited.set_text(event_target_value(&event))
        >
            {options}
        </select>
    }
}

#[component]
fn PlacesControl(edited: Edited, words: &'static [&'static str]) -> impl IntoView {
    let id = edited.id.get_value();
    let places = words
        .iter()
        .map(|word| {
            let chosen = move || edited.value.with(|value| value.as_str() == Some(word));
            let label = form::choice(word);
            view! {
                <input
                    type="radio"
                    name=id.clone()
                    value=*word
                    aria-label=label.clone()
                    title=label
                    prop:checked=chosen
                    on:change=move |_| edited.set_text((*word).to_owned())
                />
            }
        })
        .collect::<Vec<_>>();
    let shown = move || edited.value.with(|value| form::choice(value.as_str().unwrap_or_default()));
    view! {
        <div class="places">
            <div
                class="places-grid"
                role="radiogroup"
                id=id.clone()
                data-testid=id.clone()
                aria-labelledby=format!("{id}-label")
                aria-invalid=move || edited.invalid()
                aria-describedby=move || edited.described_by()
            >
                {places}
            </div>
            <span class="small muted">{shown}</span>
        </div>
    }
}

#[component]
pub(super) fn TextControl(edited: Edited, placeholder: &'static str) -> impl IntoView {
    let id = edited.id.get_value();
    view! {
        <input
            class="field"
            type="text"
            autocomplete="off"
            spellcheck="false"
            id=id.clone()
            data-testid=id
            placeholder=placeholder
            aria-invalid=move || edited.invalid()
            aria-describedby=move || edited.described_by()
            prop:value=move || edited.text()
            on:change=move |event| edited.set_text(event_target_value(&event))
        />
    }
}
