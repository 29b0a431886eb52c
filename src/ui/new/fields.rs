//! One parameter as a control with its label, its unit, what it is for, and what is wrong with its value.

use leptos::prelude::*;
use serde_json::Value;
use web_sys::FileList;

use super::curve::CurveEditor;
use super::draft::Draft;
use super::models::Models;
use crate::actions::parameters::Field;
use crate::ui::focus::is_composing;
use crate::ui::widgets::{FilePicker, Switch};
use crate::view_model::form::{self, Control, Piece};
use crate::view_model::{curve, document};

/// The parameter that a control edits.
#[derive(Clone, Copy)]
struct Edited {
    draft: Draft,
    index: usize,
    field: &'static Field,
    /// The current value.
    value: Memo<Value>,
    /// What is wrong with it.
    problem: Memo<Option<(String, String)>>,
    /// Its element's id; the ids of its label, help and problem derive from it.
    id: StoredValue<String>,
}

/// Whether each parameter's help is shown below it.
#[derive(Clone, Copy)]
pub(super) struct Explained(pub(super) RwSignal<bool>);

impl Edited {
    fn set(self, value: Option<Value>) {
        self.draft.set_parameter(self.index, self.field.name, value);
    }

    fn text(self) -> String {
        self.value.with(form::shown)
    }

    fn set_text(self, text: String) {
        self.set((!text.is_empty()).then_some(Value::String(text)));
    }

    fn invalid(self) -> String {
        self.problem.with(Option::is_some).to_string()
    }

    /// Ids of the elements that describe it: its help, shown or not, and its problem.
    fn described_by(self) -> String {
        let wrong = self.problem.with(Option::is_some);
        self.id.with_value(|id| if wrong { format!("{id}-problem {id}-help") } else { format!("{id}-help") })
    }
}

/// The row.
#[component]
pub(crate) fn ParameterField(
    field: &'static Field,
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
        id: StoredValue::new(id.clone()),
    };
    let label = match field.unit {
        Some(unit) => view! { {form::field_label(field)} <span class="unit">{unit}</span> }.into_any(),
        None => form::field_label(field).into_any(),
    };
    let inline = matches!(control, Control::Switch);
    let Explained(explained) = expect_context();
    let problem_id = StoredValue::new(format!("{id}-problem"));
    // A `label` cannot be for a group of controls: the group refers to it instead.
    let target = (!matches!(control, Control::Places(_) | Control::Renditions)).then(|| id.clone());
    view! {
        <div class="parameter" class:inline=inline>
            <label for=target id=format!("{id}-label")>{label}</label>
            {control_view(control, edited, action_id)}
            {move || edited.problem.get().map(|(message, hint)| view! {
                <p class="problem" role="alert" id=problem_id.get_value() data-testid="field-error">
                    {form::in_words(&message)} " " {form::in_words(&hint)}
                </p>
            })}
            <p class="small muted help" id=format!("{id}-help") hidden=move || !explained.get()>{help(field)}</p>
        </div>
    }
}

fn help(field: &Field) -> Vec<AnyView> {
    let shown = |piece| match piece {
        Piece::Text(text) => text.into_any(),
        Piece::Named(name) => view! { <b>{name}</b> }.into_any(),
        Piece::Verbatim(text) => view! { <code>{text}</code> }.into_any(),
    };
    form::pieces(&field.description()).into_iter().map(shown).collect()
}

fn control_view(control: Control, edited: Edited, action_id: StoredValue<String>) -> AnyView {
    match control {
        Control::Slider { low, high, step } => view! { <SliderControl edited low high step/> }.into_any(),
        Control::Number { step } => view! { <NumberControl edited step/> }.into_any(),
        Control::Switch => view! { <SwitchControl edited/> }.into_any(),
        Control::Select(words) => view! { <SelectControl edited words/> }.into_any(),
        Control::Places(words) => view! { <PlacesControl edited words/> }.into_any(),
        Control::Color => view! { <ColorControl edited/> }.into_any(),
        Control::Ratio => view! { <TextControl edited placeholder="4:5"/> }.into_any(),
        Control::Curve => view! { <CurveControl edited/> }.into_any(),
        Control::Text => view! { <TextControl edited placeholder=""/> }.into_any(),
        Control::Model => view! { <ModelControl edited action_id/> }.into_any(),
        Control::Renditions => view! { <RenditionsControl edited/> }.into_any(),
        Control::Pattern => view! { <PatternControl edited/> }.into_any(),
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
            on:change=move |event| edited.set(form::typed_number(&event_target_value(&event)))
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
fn ColorControl(edited: Edited) -> impl IntoView {
    let id = edited.id.get_value();
    let parts = move || form::color_parts(&edited.text());
    view! {
        <div class="color">
            <input
                type="color"
                aria-label=format!("{}, picked", form::field_label(edited.field))
                prop:value=move || parts().0
                on:input=move |event| {
                    let alpha = untrack(parts).1;
                    edited.set_text(form::color(&event_target_value(&event), alpha));
                }
            />
            <TextControl edited placeholder="#rrggbb"/>
            <input
                class="field numbers"
                type="number"
                min="0"
                max="100"
                aria-label="Opacity in percent"
                data-testid=format!("{id}-alpha")
                prop:value=move || parts().1.to_string()
                on:change=move |event| {
                    let alpha = event_target_value(&event).parse().unwrap_or(100);
                    edited.set_text(form::color(&untrack(parts).0, alpha));
                }
            />
            <span class="small muted">"%"</span>
        </div>
    }
}

#[component]
fn TextControl(edited: Edited, placeholder: &'static str) -> impl IntoView {
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

#[component]
fn CurveControl(edited: Edited) -> impl IntoView {
    let id = edited.id.get_value();
    let text = move || {
        edited.value.with(|value| value.as_str().map_or_else(|| curve::text(&curve::points(value)), str::to_owned))
    };
    view! {
        <CurveEditor
            value=edited.value.into()
            set=Callback::new(move |value| edited.set(value))
            labelled_by=format!("{id}-label")
            testid=format!("{id}-curve")
        />
        <input
            class="field numbers"
            type="text"
            autocomplete="off"
            spellcheck="false"
            id=id.clone()
            data-testid=id
            aria-invalid=move || edited.invalid()
            aria-describedby=move || edited.described_by()
            prop:value=text
            on:change=move |event| edited.set(curve::typed(&event_target_value(&event)))
        />
    }
}

#[component]
fn PatternControl(edited: Edited) -> impl IntoView {
    let id = edited.id.get_value();
    let sample = Memo::new(move |_| edited.draft.name_sample(edited.index));
    let example = move || sample.with(|sample| form::name_example(&edited.text(), sample)).ok();
    view! {
        <input
            class="field"
            type="text"
            autocomplete="off"
            spellcheck="false"
            id=id.clone()
            data-testid=id
            aria-invalid=move || edited.invalid()
            aria-describedby=move || edited.described_by()
            prop:value=move || edited.text()
            on:input=move |event| edited.set_text(event_target_value(&event))
        />
        {move || example().map(|name| view! { <p class="small muted example truncate">"Example: " <code>{name}</code></p> })}
    }
}

#[component]
fn ModelControl(edited: Edited, action_id: StoredValue<String>) -> impl IntoView {
    let models = expect_context::<Models>();
    let id = edited.id.get_value();
    // A missing model is listed too: the document names it.
    let options = move || {
        let mut options = models.names();
        let chosen = edited.text();
        if !options.iter().any(|(name, _)| *name == chosen) {
            options.push((chosen.clone(), format!("{chosen} (not in this browser)")));
        }
        options
    };
    let chosen_own = move || models.is_own(&edited.text());
    let draft = edited.draft;
    // By then another workflow may be chosen and this form gone.
    let set_later = move || {
        let (choice, action_id, name) = (untrack(|| draft.choice()), action_id.get_value(), edited.field.name);
        move |value: Value| {
            let index = untrack(|| {
                let is_chosen = draft.choice() == choice;
                draft.with_document(|now| document::index_of(now, &action_id)).filter(|_| is_chosen)
            });
            if let Some(index) = index {
                draft.set_parameter(index, name, Some(value));
            }
        }
    };
    let picked = move |files: FileList| {
        if let Some(file) = files.get(0) {
            let set = set_later();
            models.add(file, move |name| set(name.into()));
        }
    };
    let remove = move |_| {
        let (fallback, set) = (edited.field.default, set_later());
        models.remove(untrack(|| edited.text()), move || set(fallback.value()));
    };
    view! {
        <div class="model">
            <select
                class="field"
                id=id.clone()
                data-testid=id
                aria-invalid=move || edited.invalid()
                aria-describedby=move || edited.described_by()
                on:change=move |event| edited.set_text(event_target_value(&event))
            >
                {move || {
                    let chosen = edited.text();
                    let option = |(name, label): (String, String)| {
                        view! { <option prop:selected=name == chosen value=name>{label}</option> }
                    };
                    options().into_iter().map(option).collect::<Vec<_>>()
                }}
            </select>
            <FilePicker
                label="Model file"
                accept=".onnx"
                testid="model-file"
                button_testid="model-add"
                title="Add a U²-Net model from an ONNX file"
                disabled=Signal::derive(move || models.adding())
                on_pick=picked
            >
                {move || if models.adding() { "Testing…" } else { "Add…" }}
            </FilePicker>
            <Show when=chosen_own>
                <button type="button" class="button" data-testid="model-remove" on:click=remove>"Remove"</button>
            </Show>
        </div>
    }
}

#[component]
fn RenditionsControl(edited: Edited) -> impl IntoView {
    let id = edited.id.get_value();
    // Rows stay while their values change, so that the focus does.
    let count = Memo::new(move |_| edited.value.with(form::row_count));
    let add_button = NodeRef::<leptos::html::Button>::new();
    let add = move |_| edited.set(Some(edited.value.with_untracked(form::with_row)));
    let remove = Callback::new(move |row: usize| {
        edited.set(Some(edited.value.with_untracked(|list| form::without_row(list, row))));
        // The button that had the focus is gone.
        if let Some(button) = add_button.get_untracked() {
            let _it_is_visible = button.focus();
        }
    });
    view! {
        <div
            class="renditions"
            role="group"
            id=id.clone()
            data-testid=id.clone()
            aria-labelledby=format!("{id}-label")
            aria-describedby=move || edited.described_by()
        >
            {move || (0..count.get()).map(|row| view! { <RenditionRow edited row remove/> }).collect::<Vec<_>>()}
            <button type="button" class="button" node_ref=add_button data-testid=format!("{id}-add") on:click=add>
                "Add a rendition"
            </button>
        </div>
    }
}

/// Size, format and suffix of a result.
#[component]
fn RenditionRow(edited: Edited, row: usize, remove: Callback<usize>) -> impl IntoView {
    let text = move |key: &str| edited.value.with(|list| form::row_text(list, row, key));
    let set = move |key: &str, value: Option<Value>| {
        edited.set(Some(edited.value.with_untracked(|list| form::with_row_value(list, row, key, value))));
    };
    let place = row + 1;
    let testid = move |key: &str| edited.id.with_value(|id| format!("{id}-{row}-{key}"));
    let number = move |key: &'static str, label: &'static str, placeholder: &'static str| {
        view! {
            <input
                class="field numbers"
                type="text"
                inputmode="numeric"
                autocomplete="off"
                placeholder=placeholder
                title=label
                aria-label=format!("{label} of rendition {place}")
                aria-invalid=move || edited.invalid()
                data-testid=testid(key)
                prop:value=move || text(key)
                on:change=move |event| set(key, form::typed_number(&event_target_value(&event)))
            />
        }
    };
    let select = move |key: &'static str, label: &'static str, words: Vec<&'static str>| {
        // The first word is what a missing value means.
        let first = words.first().copied().unwrap_or_default();
        let options = words
            .into_iter()
            .map(|word| {
                let chosen = move || {
                    let text = text(key);
                    text == word || (text.is_empty() && word == first)
                };
                view! { <option value=word prop:selected=chosen>{form::choice(word)}</option> }
            })
            .collect::<Vec<_>>();
        view! {
            <select
                class="field"
                title=label
                aria-label=format!("{label} of rendition {place}")
                aria-invalid=move || edited.invalid()
                data-testid=testid(key)
                on:change=move |event| {
                    let word = event_target_value(&event);
                    set(key, (word != first).then_some(Value::String(word)));
                }
            >
                {options}
            </select>
        }
    };
    let fits = form::words("resize", "mode").iter().copied().filter(|word| *word != "percent").collect();
    let formats = form::words("output", "format").to_vec();
    view! {
        <div class="rendition" role="group" aria-label=format!("Rendition {place}")>
            {number("width", "Width", "Width")}
            {number("height", "Height", "Height")}
            {select("fit", "Fit", fits)}
            {select("format", "Format", formats)}
            {number("quality", "Quality", "Quality 80")}
            <input
                class="field"
                type="text"
                autocomplete="off"
                spellcheck="false"
                placeholder="No suffix"
                title="Suffix of the file name"
                aria-label=format!("Suffix of rendition {place}")
                aria-invalid=move || edited.invalid()
                data-testid=testid("suffix")
                prop:value=move || edited.value.with(|list| form::row_suffix(list, row))
                on:change=move |event| set("suffix", Some(Value::String(event_target_value(&event))))
            />
            <button
                type="button"
                class="button quiet remove"
                aria-label=format!("Remove rendition {place}")
                data-testid=testid("remove")
                on:click=move |_| remove.run(row)
            >
                "Remove"
            </button>
        </div>
    }
}
