//! The settings of a custom action: a control for each that its module says it has, or JSON where that is not known.

use leptos::prelude::*;
use serde_json::Value;

use super::fields::{Edited, Explained};
use super::user_files::UserFiles;
use crate::custom::Spec;
use crate::custom::spec::{Setting, SettingKind};
use crate::ui::widgets::Switch;
use crate::view_model::{custom, form};

#[component]
pub(super) fn CustomSettings(edited: Edited) -> impl IntoView {
    let files = expect_context::<UserFiles>();
    let spec = Memo::new(move |_| {
        let name = edited.draft.with_document(|now| custom::action_name(now, edited.index))?;
        Spec::read(&files.spec(&name)?).ok()
    });
    // What was typed as JSON and is none is shown as it was typed.
    let is_object = Memo::new(move |_| edited.value.with(Value::is_object));
    move || match spec.get().filter(|_| is_object.get()) {
        Some(spec) => view! { <Settings edited spec/> }.into_any(),
        None => view! { <AsText edited/> }.into_any(),
    }
}

/// The settings as JSON.
#[component]
fn AsText(edited: Edited) -> impl IntoView {
    let id = edited.id.get_value();
    view! {
        <textarea
            class="field code"
            rows="3"
            spellcheck="false"
            autocomplete="off"
            placeholder="{}"
            id=id.clone()
            data-testid=id.clone()
            aria-labelledby=format!("{id}-label")
            aria-invalid=move || edited.invalid()
            aria-describedby=move || edited.described_by()
            prop:value=move || edited.value.with(form::object_text)
            on:change=move |event| edited.set(form::typed_object(&event_target_value(&event)))
        ></textarea>
    }
}

/// The settings one by one.
#[component]
fn Settings(edited: Edited, spec: Spec) -> impl IntoView {
    let id = edited.id.get_value();
    let rows = spec.settings.iter().map(|setting| view! { <Row edited setting=setting.clone()/> }).collect::<Vec<_>>();
    let is_empty = rows.is_empty();
    let unknown_id = format!("{id}-unknown");
    let spec = StoredValue::new(spec);
    let unknown = Memo::new(move |_| edited.value.with(|now| spec.with_value(|spec| custom::unknown(now, spec))));
    let remove = move |_| {
        edited.set(edited.value.with_untracked(|now| spec.with_value(|spec| custom::without_unknown(now, spec))));
    };
    view! {
        <div
            class="own-settings"
            role="group"
            id=id.clone()
            data-testid=id.clone()
            aria-labelledby=format!("{id}-label")
            aria-describedby=move || edited.described_by()
        >
            {is_empty.then(|| view! { <p class="small muted">"This action has no settings."</p> })}
            {rows}
            <Show when=move || !unknown.with(Vec::is_empty)>
                <p class="problem" role="alert" data-testid=unknown_id.clone()>
                    "The action has no setting " {move || unknown.with(|names| names.join(", "))} ". "
                    <button type="button" class="button quiet" on:click=remove>"Remove"</button>
                </p>
            </Show>
        </div>
    }
}

/// One setting.
#[component]
fn Row(edited: Edited, setting: Setting) -> impl IntoView {
    let id = edited.id.with_value(|id| format!("{id}-{}", setting.name));
    let Explained(explained) = expect_context();
    let Setting { name, description, unit, kind, .. } = setting.clone();
    let setting = StoredValue::new(setting);
    let value = Memo::new(move |_| edited.value.with(|now| setting.with_value(|one| custom::value(now, one))));
    let problem = Memo::new(move |_| edited.value.with(|now| setting.with_value(|one| custom::problem(now, one))));
    let own = Own { edited, setting, value, problem, id: StoredValue::new(id.clone()) };
    view! {
        <div class="parameter" class:inline=kind == SettingKind::Boolean>
            <label for=id.clone()>
                {form::label(&name)} {unit.map(|unit| view! { " " <span class="unit">{unit}</span> })}
            </label>
            {own.control(&kind)}
            {move || problem.get().map(|problem| view! {
                <p class="problem" role="alert" id=own.problem_id() data-testid="field-error">{problem}</p>
            })}
            {(!description.is_empty()).then(|| view! {
                <p class="small muted help" hidden=move || !explained.get()>{description}</p>
            })}
        </div>
    }
}

/// A setting that is edited.
#[derive(Clone, Copy)]
struct Own {
    edited: Edited,
    setting: StoredValue<Setting>,
    value: Memo<Value>,
    problem: Memo<Option<String>>,
    id: StoredValue<String>,
}

impl Own {
    fn set(self, value: Option<Value>) {
        let all = self.edited.value.with_untracked(|now| self.setting.with_value(|one| custom::with(now, one, value)));
        self.edited.set(all);
    }

    fn set_typed(self, text: String) {
        self.set(self.setting.with_value(|setting| custom::typed(setting, text)));
    }

    fn problem_id(self) -> String {
        self.id.with_value(|id| format!("{id}-problem"))
    }

    fn described_by(self) -> Option<String> {
        self.problem.with(Option::is_some).then(|| self.problem_id())
    }

    fn control(self, kind: &SettingKind) -> AnyView {
        match kind {
            SettingKind::Boolean => view! {
                <Switch
                    id=self.id.get_value()
                    on=Signal::derive(move || self.value.with(|value| value == true))
                    on_change=move |on: bool| self.set(Some(on.into()))
                    invalid=Signal::derive(move || self.problem.with(Option::is_some))
                />
            }
            .into_any(),
            SettingKind::Choice(words) => self.select(words.clone()),
            SettingKind::Color => view! {
                <div class="color">
                    <input
                        type="color"
                        aria-label=self.setting.with_value(|one| format!("{}, picked", form::label(&one.name)))
                        prop:value=move || self.value.with(|value| form::color_parts(&form::shown(value)).0)
                        on:input=move |event| self.set_typed(event_target_value(&event))
                    />
                    {self.text("field", "text")}
                </div>
            }
            .into_any(),
            SettingKind::Number(_) | SettingKind::Integer(_) => self.text("field numbers", "decimal"),
            SettingKind::Text => self.text("field", "text"),
        }
    }

    fn select(self, words: Vec<String>) -> AnyView {
        let id = self.id.get_value();
        let option = |word: String| {
            let chosen = word.clone();
            let is_chosen = move || self.value.with(|value| *value == *chosen);
            view! { <option value=word.clone() prop:selected=is_chosen>{form::choice(&word)}</option> }
        };
        let options = words.into_iter().map(option).collect::<Vec<_>>();
        view! {
            <select
                class="field"
                id=id.clone()
                data-testid=id
                aria-invalid=move || self.problem.with(Option::is_some).to_string()
                aria-describedby=move || self.described_by()
                on:change=move |event| self.set_typed(event_target_value(&event))
            >
                {options}
            </select>
        }
        .into_any()
    }

    fn text(self, class: &'static str, mode: &'static str) -> AnyView {
        let id = self.id.get_value();
        view! {
            <input
                class=class
                type="text"
                inputmode=mode
                autocomplete="off"
                spellcheck="false"
                id=id.clone()
                data-testid=id
                aria-invalid=move || self.problem.with(Option::is_some).to_string()
                aria-describedby=move || self.described_by()
                prop:value=move || self.value.with(form::shown)
                on:change=move |event| self.set_typed(event_target_value(&event))
            />
        }
        .into_any()
    }
}
