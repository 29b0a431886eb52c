//! The settings of a custom action: a control for each that its module says it has, or JSON where that is not known.

use leptos::prelude::*;
use serde_json::Value;

use super::fields::{Edited, entry_row};
use super::user_files::UserFiles;
use crate::view_model::{custom, form};

#[component]
pub(super) fn CustomSettings(edited: Edited, action_id: StoredValue<String>) -> impl IntoView {
    let files = expect_context::<UserFiles>();
    let spec = Memo::new(move |_| {
        let name = edited.draft.with_document(|now| custom::action_name(now, edited.index))?;
        files.spec(&name)
    });
    // What was typed as JSON and is none is shown as it was typed.
    let is_object = Memo::new(move |_| edited.value.with(Value::is_object));
    move || match spec.get().filter(|_| is_object.get()) {
        Some(spec) => by_spec(edited, action_id, &spec),
        None => as_text(edited),
    }
}

/// The settings one by one.
fn by_spec(edited: Edited, action_id: StoredValue<String>, spec: &Value) -> AnyView {
    let id = edited.id.get_value();
    let fields = custom::fields(spec);
    let rows = fields.iter().filter_map(|field| entry_row(edited, field, action_id)).collect::<Vec<_>>();
    let none = rows.is_empty().then_some("This action has no settings.");
    let fields = StoredValue::new(fields);
    let unknown = move || edited.value.with(|now| fields.with_value(|fields| custom::unknown(now, fields))).join(", ");
    let remove = move |_| {
        edited.set(edited.value.with_untracked(|now| fields.with_value(|all| custom::without_unknown(now, all))));
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
            <span class="small muted">{none}</span>
            {rows}
            <p class="problem" role="alert" hidden=move || unknown().is_empty() data-testid=format!("{id}-unknown")>
                "The action has no setting " {unknown} ". "
                <button type="button" class="button quiet" on:click=remove>"Remove"</button>
            </p>
        </div>
    }
    .into_any()
}

/// The settings as JSON.
fn as_text(edited: Edited) -> AnyView {
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
    .into_any()
}
