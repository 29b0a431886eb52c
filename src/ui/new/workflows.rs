//! Choosing a workflow: a built-in one, one of the user's own, or any as JSON.

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::FileList;

use super::draft::{Draft, OWN};
use super::library::Library;
use crate::actions::Role;
use crate::ui::icons::{Icon, Shape};
use crate::ui::notices::NoticeBoard;
use crate::ui::parts::{self, Later, Part};
use crate::ui::widgets::FilePicker;
use crate::view_model::document;
use crate::workflow::builtin::BUILTIN;

/// How many of the built-in ones are shown before the others are asked for.
const FIRST: usize = 4;

/// The cards.
#[component]
pub(crate) fn Workflows() -> impl IntoView {
    let draft = expect_context::<Draft>();
    let shows_all = RwSignal::new(false);
    let cards = BUILTIN
        .iter()
        .enumerate()
        .map(|(index, builtin)| {
            // The chosen one is always shown.
            let is_left_out = move || index >= FIRST && !shows_all.get() && draft.choice() != builtin.id;
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
                    hidden=Signal::derive(is_left_out)
                    on_choose=move |id| draft.choose(&id)
                >
                    <Show when=move || edited.get()>
                        <span class="card-state"><span class="badge">"Edited"</span></span>
                    </Show>
                </Card>
            }
        })
        .collect::<Vec<_>>();
    let chose_own = Memo::new(move |_| draft.choice() == OWN);
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
            <button
                type="button"
                class="button quiet"
                aria-expanded=move || shows_all.get().to_string()
                data-testid="workflows-all"
                on:click=move |_| shows_all.update(|all| *all = !*all)
            >
                {move || if shows_all.get() { "Show fewer".to_owned() } else { format!("Show all {}", BUILTIN.len()) }}
            </button>
            {move || chose_own.get().then(|| parts::later(|later| (later.own_json)()))}
            <MyWorkflowsSection/>
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
    #[prop(default = Signal::stored(false))] hidden: Signal<bool>,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    let draft = expect_context::<Draft>();
    let (testid, own, chosen) = (format!("workflow-card-{id}"), id.clone(), id.clone());
    view! {
        <label class="card" data-testid=testid hidden=move || hidden.get()>
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

/// The user's own workflows, and the button to import one.
#[component]
fn MyWorkflowsSection() -> impl IntoView {
    let library = expect_context::<Library>();
    let none = Memo::new(move |_| library.with_list(|list| list.is_empty()));
    view! {
        <div class="spread mine-head">
            <h3 id="mine-title">"My workflows"</h3>
            <ImportButton/>
        </div>
        {move || match none.get() {
            true => view! {
                <p class="small muted">"Change a workflow's settings and save it to keep it here."</p>
            }
            .into_any(),
            false => parts::later(|later| (later.my_workflows)()),
        }}
    }
}

#[component]
fn ImportButton() -> impl IntoView {
    let library = expect_context::<Library>();
    let notices = expect_context::<NoticeBoard>();
    let later = expect_context::<Part<Later>>();
    let read = move |files: FileList| {
        let Some(picked) = files.get(0) else { return };
        spawn_local(async move {
            let later = match later.entered().await {
                Ok(later) => later,
                Err(problem) => return notices.failed(problem.text, problem.hint),
            };
            match JsFuture::from(picked.unchecked_ref::<web_sys::Blob>().text()).await {
                Ok(text) => (later.import_workflow)(library, text.as_string().unwrap_or_default(), picked.name()),
                Err(_) => notices.failed(format!("\"{}\" could not be read.", picked.name()), "Pick it again."),
            }
        });
    };
    view! {
        <FilePicker
            label="Workflow file to import"
            accept=JSON
            testid="import-workflow"
            class="button quiet push"
            on_pick=read
        >
            <Icon shape=Shape::Plus/>
            "Import JSON"
        </FilePicker>
    }
}
