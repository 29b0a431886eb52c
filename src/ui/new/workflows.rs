//! Choosing a workflow: a built-in one, one of the user's own, or any as JSON.

use leptos::prelude::*;

use super::draft::{Draft, OWN};
use crate::actions::Role;
use crate::ui::parts;
use crate::view_model::document;
use crate::workflow::builtin::BUILTIN;

/// How many of the built-in ones are shown before the others are asked for.
const FIRST: usize = 4;

/// The cards.
#[component]
pub(crate) fn Workflows() -> impl IntoView {
    let draft = expect_context::<Draft>();
    let shows_all = RwSignal::new(false);
    // A picture of a row for each of them, once it has been fetched.
    let gallery = RwSignal::new(None::<String>);
    let search = RwSignal::new(String::new());
    let cards = BUILTIN
        .iter()
        .enumerate()
        .map(|(index, builtin)| {
            let document = builtin.document();
            let steps = document::nodes(&document)
                .into_iter()
                .filter_map(|node| crate::actions::find(&node.action_type))
                .filter(|action| matches!(action.role, Role::Transform | Role::Gather))
                .map(|action| action.name)
                .collect::<Vec<_>>()
                .join(" · ");
            let name = document::name(&document);
            let about = Memo::new(move |_| draft.description_of(builtin.id));
            let told = format!("{name} {steps}").to_ascii_lowercase();
            // The chosen one is always shown.
            let is_left_out = move || {
                let is_wanted = match shows_all.get() {
                    true => search.with(|search| is_found(search, &[&told, &about.get().to_ascii_lowercase()])),
                    false => index < FIRST,
                };
                !is_wanted && draft.choice() != builtin.id
            };
            let edited = Memo::new(move |_| draft.is_edited(builtin.id));
            view! {
                <Card
                    id=builtin.id.to_owned()
                    name=Signal::stored(name)
                    about=about.into()
                    steps
                    hidden=Signal::derive(is_left_out)
                    row=index
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
            <div class="spread">
                <h2 id="workflow-title">"Workflow"</h2>
                {move || shows_all.get().then(|| parts::later_silently(move |editing: parts::Editing| (editing.workflow_search)(search)))}
            </div>
            <div
                class="cards gallery"
                role="radiogroup"
                aria-labelledby="workflow-title"
                style=("--gallery", move || gallery.get().unwrap_or_else(|| "none".to_owned()))
                style=("--rows", BUILTIN.len().to_string())
            >
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
                on:click=move |_| {
                    search.set(String::new());
                    shows_all.update(|all| *all = !*all);
                }
            >
                {move || if shows_all.get() { "Show fewer".to_owned() } else { format!("Show all {}", BUILTIN.len()) }}
            </button>
            {move || chose_own.get().then(|| parts::later(|editing: parts::Editing| (editing.own_json)()))}
            {parts::later_silently(|editing: parts::Editing| (editing.my_workflows)())}
            {parts::later_silently(move |later: parts::Later| (later.gallery)(gallery))}
        </section>
    }
}

/// Whether every word of a search is in one of the texts, which are in lower case. For English texts ASCII does, and the first
/// view needs no tables of Unicode.
fn is_found(search: &str, texts: &[&str]) -> bool {
    search.to_ascii_lowercase().split_whitespace().all(|word| texts.iter().any(|text| text.contains(word)))
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
    /// Its row of the picture of all of them.
    #[prop(optional)]
    row: Option<usize>,
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
            {row.map(|row| view! { <span class="card-picture" style=("--row", row.to_string())></span> })}
            <span class="card-name">{name}</span>
            {move || Some(about.get()).filter(|about| !about.is_empty()).map(|about| view! { <span class="small muted">{about}</span> })}
            {children.map(|children| children())}
            {(!steps.is_empty()).then(|| view! { <span class="steps">{steps}</span> })}
        </label>
    }
}

/// The file types that workflow pickers ask for.
pub(super) const JSON: &str = "application/json,.json";
