//! Choosing a workflow: a built-in one, or the user's own as JSON.

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::FileList;

use super::draft::{Draft, OWN};
use super::my_workflows::MyWorkflows;
use crate::actions::Role;
use crate::ui::icons::{Icon, Shape};
use crate::ui::notices::NoticeBoard;
use crate::ui::widgets::FilePicker;
use crate::view_model::document;
use crate::workflow::builtin::BUILTIN;

/// The cards.
#[component]
pub(crate) fn Workflows() -> impl IntoView {
    let draft = expect_context::<Draft>();
    let cards = BUILTIN
        .iter()
        .map(|builtin| {
            let document = builtin.document();
            let steps = document::nodes(&document)
                .into_iter()
                .filter_map(|node| crate::actions::find(&node.action_type))
                .filter(|action| matches!(action.role, Role::Transform))
                .map(|action| action.name)
                .collect::<Vec<_>>()
                .join(" · ");
            let name = document::name(&document);
            let about = Memo::new(move |_| draft.description_of(builtin.id));
            let edited = Memo::new(move |_| draft.is_edited(builtin.id));
            view! {
                <Card
                    id=builtin.id.to_owned()
                    name=Signal::stored(name)
                    about=about.into()
                    steps
                    on_choose=move |id| draft.choose(&id)
                >
                    <Show when=move || edited.get()>
                        <span class="card-state"><span class="badge">"Edited"</span></span>
                    </Show>
                </Card>
            }
        })
        .collect::<Vec<_>>();
    view! {
        <section class="panel section" aria-labelledby="workflow-title">
            <h2 id="workflow-title">"Workflow"</h2>
            <div class="cards" role="radiogroup" aria-labelledby="workflow-title">
                {cards}
                <Card
                    id=OWN.to_owned()
                    name=Signal::stored("As JSON".to_owned())
                    about=Signal::stored("Any workflow as JSON, from a file or pasted.".to_owned())
                    steps=String::new()
                    on_choose=move |id| draft.choose(&id)
                />
            </div>
            <Show when=move || draft.choice() == OWN>
                <OwnJson/>
            </Show>
            <MyWorkflows/>
        </section>
    }
}

/// One workflow to choose.
#[component]
pub(super) fn Card(
    id: String,
    name: Signal<String>,
    about: Signal<String>,
    steps: String,
    on_choose: impl Fn(String) + 'static,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    let draft = expect_context::<Draft>();
    let (testid, own, chosen) = (format!("workflow-card-{id}"), id.clone(), id.clone());
    view! {
        <label class="card" data-testid=testid>
            <input
                type="radio"
                name="workflow"
                value=id
                prop:checked=move || draft.choice() == own
                on:change=move |_| on_choose(chosen.clone())
            />
            <span class="card-name">{name}</span>
            {move || Some(about.get()).filter(|about| !about.is_empty()).map(|about| view! { <span class="small muted">{about}</span> })}
            {children.map(|children| children())}
            {(!steps.is_empty()).then(|| view! { <span class="steps">{steps}</span> })}
        </label>
    }
}

/// The file types that workflow pickers ask for.
pub(super) const JSON: &str = "application/json,.json";

/// The user's own workflow, as text or from a file.
#[component]
fn OwnJson() -> impl IntoView {
    let draft = expect_context::<Draft>();
    let notices = expect_context::<NoticeBoard>();
    let read_file = move |files: FileList| {
        let Some(picked) = files.get(0) else { return };
        spawn_local(async move {
            match JsFuture::from(picked.unchecked_ref::<web_sys::Blob>().text()).await {
                Ok(text) => draft.set_own_text(text.as_string().unwrap_or_default()),
                Err(_) => notices.failed(format!("\"{}\" could not be read.", picked.name()), "Pick it again."),
            }
        });
    };
    view! {
        <div class="own">
            <textarea
                class="field code"
                rows="12"
                spellcheck="false"
                aria-label="Workflow as JSON"
                aria-invalid=move || draft.own_error().is_some().to_string()
                aria-describedby=move || draft.own_error().map(|_| "own-error")
                placeholder="{ \"metadata\": …, \"actions\": […], \"connections\": […] }"
                data-testid="own-json"
                prop:value=move || draft.own_text()
                on:input=move |event| draft.set_own_text(event_target_value(&event))
            ></textarea>
            {move || draft.own_error().map(|text| view! { <p class="problem" role="alert" id="own-error" data-testid="field-error">{text}</p> })}
            <div>
                <FilePicker label="Workflow file" accept=JSON testid="own-file" on_pick=read_file>
                    <Icon shape=Shape::Code/>
                    "Open a file"
                </FilePicker>
            </div>
        </div>
    }
}
