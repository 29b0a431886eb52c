//! Editing the graph in the list of steps: what can be done with a step, what leads to its inputs, and the palette.

use leptos::html;
use leptos::prelude::*;
use serde_json::Value;
use wasm_bindgen::JsCast;

use super::action_icon::ActionIcon;
use super::clipboard::follow_clipboard;
use super::draft::Draft;
use super::fields::Explained;
use super::settings::{Adding, ShowsGraph, Unfolded};
use crate::actions::{Action, Category, PortType, Role, catalog};
use crate::ui::ask_name::AskName;
use crate::ui::focus::{focus, is_composing, is_text_field};
use crate::ui::icons::{Icon, Shape};
use crate::ui::parts;
use crate::ui::stage::Stage;
use crate::ui::widgets::{Menu, MenuItem, modal};
use crate::view_model::editing::{self, Direction, Place, Plug};
use crate::view_model::{document, form, frames};

/// What edits the list of steps.
#[derive(Clone, Copy)]
pub(super) struct Editor {
    pub(super) draft: Draft,
    pub(super) stage: Stage,
    unfolded: Unfolded,
    names: AskName,
}

impl Editor {
    pub(super) fn here() -> Self {
        Self { draft: expect_context(), stage: expect_context(), unfolded: expect_context(), names: expect_context() }
    }

    /// Asks for the title of a frame and puts steps into it. Steps that are all in one frame: they go on together.
    pub(super) fn ask_frame(self, ids: Vec<String>) {
        let shared = self.with(|now| frames::shared(now, &ids));
        let (question, yes, does) = match shared {
            Some(_) => ("Rename the frame", "Rename", "Rename the frame"),
            None => ("Put a frame around the steps", "Frame", "Frame"),
        };
        self.names.ask(question, shared.unwrap_or_else(|| "Frame".to_owned()), yes, move |title| {
            let document = self.with(|now| frames::with_frame(now, &ids, Some(&title)));
            self.draft.edit_whole(does, document);
        });
    }

    /// Asks which frame steps are to be in, whether or not they are in one.
    fn put_into_frame(self, ids: Vec<String>) {
        let title = self.with(|now| frames::shared(now, &ids)).unwrap_or_else(|| "Frame".to_owned());
        self.names.ask("Put into a frame", title, "Frame", move |title| {
            let document = self.with(|now| frames::with_frame(now, &ids, Some(&title)));
            self.draft.edit_whole("Frame", document);
        });
    }

    /// Takes steps out of their frames.
    pub(super) fn unframe(self, ids: &[String]) {
        let document = self.with(|now| frames::with_frame(now, ids, None));
        self.draft.edit_whole("Remove the frame", document);
    }

    pub(super) fn with<T>(self, read: impl FnOnce(&Value) -> T) -> T {
        untrack(|| self.draft.with_document(read))
    }

    /// Unfolds a step in the list and focuses it.
    pub(super) fn show(self, action_id: &str) {
        self.unfolded.set(action_id, true);
        let found = self.stage.find(&format!("[data-testid=\"form-{action_id}\"]"));
        if let Some(step) = found.and_then(|found| found.dyn_into::<web_sys::HtmlDetailsElement>().ok()) {
            step.set_open(true);
        }
        self.focus(action_id);
    }

    /// Focuses a step once the list shows it.
    pub(super) fn focus(self, action_id: &str) {
        let selector = format!("[data-testid=\"form-{action_id}\"] > summary");
        request_animation_frame(move || {
            let found = self.stage.find(&selector);
            if let Some(found) = &found {
                found.scroll_into_view_with_scroll_into_view_options(&nearest());
            }
            focus(found);
        });
    }

    fn add(self, action: &Action, place: &Place) {
        if let Some((document, id)) = self.with(|now| editing::with_step(now, action.action_type, place)) {
            self.unfolded.set(&id, true);
            self.draft.edit_whole(&format!("Add {}", action.name), document);
            self.focus(&id);
        }
    }

    pub(super) fn remove(self, index: usize, name: &str) {
        let document = self.with(|now| editing::without_step(now, index));
        self.draft.edit_whole(&format!("Remove {name}"), document);
    }

    /// Removes steps as one edit.
    pub(super) fn remove_all(self, ids: &[String]) {
        let document = self.with(|now| editing::without_steps(now, ids));
        self.draft.edit_whole(&format!("Remove {} steps", ids.len()), document);
    }

    fn turn(self, index: usize, name: &str, is_off: bool) {
        let document = self.with(|now| editing::with_off(now, index, is_off));
        let does = if is_off { "Turn off" } else { "Turn on" };
        self.draft.edit_whole(&format!("{does} {name}"), document);
    }

    fn copy(self, index: usize, action: &Action) {
        if let Some((document, id)) = self.with(|now| editing::with_copy(now, index)) {
            self.draft.edit_whole(&format!("Duplicate {}", action.name), document);
            self.focus(&id);
        }
    }

    fn shift(self, index: usize, action_id: &str, action: &Action, direction: Direction) {
        if let Some(document) = self.with(|now| editing::moved(now, index, direction)) {
            self.draft.edit_whole(&format!("Move {}", action.name), document);
            self.focus(action_id);
        }
    }
}

fn nearest() -> web_sys::ScrollIntoViewOptions {
    let options = web_sys::ScrollIntoViewOptions::new();
    options.set_block(web_sys::ScrollLogicalPosition::Nearest);
    options
}

/// The menu of a step.
#[component]
pub(crate) fn StepMenu(index: usize, action_id: StoredValue<String>, action: &'static Action) -> impl IntoView {
    let editor = Editor::here();
    let (draft, Adding(adding)) = (editor.draft, expect_context());
    let is_source = action.role == Role::Source;
    let is_note = action.role == Role::Note;
    let can_move = move |direction| {
        let possible = move || draft.with_document(|now| editing::can_move(now, index, direction));
        Memo::new(move |_| possible())
    };
    let (up, down) = (can_move(Direction::Earlier), can_move(Direction::Later));
    let shift = move |direction| move || editor.shift(index, &action_id.get_value(), action, direction);
    let looked_at = Memo::new(move |_| action_id.with_value(|id| draft.looked_at().as_ref() == Some(id)));
    let is_off = Memo::new(move |_| draft.with_document(|now| document::is_off(now, index)));
    let may_go = Memo::new(move |_| draft.with_document(|now| editing::can_turn_off(now, index)));
    let title = action_id.with_value(|id| form::label(id));
    let framed = Memo::new(move |_| draft.with_document(|now| frames::frame(now, index).map(str::to_owned)));
    let ids = move || vec![action_id.get_value()];
    view! {
        {move || framed.get().map(|frame| view! {
            <p class="small muted step-frame" data-testid="step-frame">{format!("In the frame “{frame}”")}</p>
        })}
        // Between what the step says and its menu.
        <div class="muted step-icon">
            <ActionIcon path=catalog::icon(action)/>
        </div>
        <div class="step-menu">
            <Menu label=Signal::derive(move || format!("Actions for the step {title}")) testid="step-menu">
                {(!is_source).then(|| view! {
                    <MenuItem testid="step-up" shape=Shape::Up text="Move up" disabled=Signal::derive(move || !up.get()) on_pick=shift(Direction::Earlier)/>
                    <MenuItem testid="step-down" shape=Shape::Down text="Move down" disabled=Signal::derive(move || !down.get()) on_pick=shift(Direction::Later)/>
                    <MenuItem testid="step-copy" shape=Shape::Copy text="Duplicate" on_pick=move || editor.copy(index, action)/>
                })}
                <MenuItem
                    testid="step-add-after"
                    shape=Shape::Plus
                    text="Add a step after"
                    on_pick=move || adding.set(Some(Place::After(action_id.get_value())))
                />
                {action.outputs.iter().any(|port| port.kind == PortType::Image).then(|| view! {
                    <Show
                        when=move || looked_at.get()
                        fallback=move || view! {
                            <MenuItem testid="step-look" shape=Shape::Picture text="Show the picture after it" on_pick=move || draft.look_at(Some(action_id.get_value()))/>
                        }
                    >
                        <MenuItem testid="step-look-end" shape=Shape::Picture text="Show the results" on_pick=move || draft.look_at(None)/>
                    </Show>
                })}
                {(!is_source && !is_note).then(|| view! {
                    <Show
                        when=move || is_off.get()
                        fallback=move || view! { <MenuItem testid="step-off" shape=Shape::Stop text="Turn off" disabled=Signal::derive(move || !may_go.get()) on_pick=move || editor.turn(index, action.name, true)/> }
                    >
                        <MenuItem testid="step-on" shape=Shape::Play text="Turn on" on_pick=move || editor.turn(index, action.name, false)/>
                    </Show>
                })}
                <MenuItem testid="step-frame-set" shape=Shape::Layers text="Put into a frame…" on_pick=move || editor.put_into_frame(ids())/>
                <Show when=move || framed.with(Option::is_some)>
                    <MenuItem testid="step-frame-leave" shape=Shape::Layers text="Take out of the frame" on_pick=move || editor.unframe(&ids())/>
                </Show>
                <MenuItem testid="step-remove" shape=Shape::Trash text="Remove" on_pick=move || editor.remove(index, action.name)/>
            </Menu>
        </div>
    }
}

/// What leads to the inputs of a step, where there is a choice.
#[component]
pub(crate) fn Plugs(index: usize) -> impl IntoView {
    let editor = Editor::here();
    let draft = editor.draft;
    let plugs = Memo::new(move |_| {
        let mut plugs = draft.with_document(|document| editing::plugs(document, index));
        // What a step of a chain works on is plain to see.
        plugs.retain(|plug| plug.choices.len() > 1 || plug.chosen.is_none() || !plug.required);
        plugs
    });
    let id = draft.with_document(|now| document::nodes(now).into_iter().nth(index)).map(|node| node.action_id);
    let id = StoredValue::new(id.unwrap_or_default());
    move || plugs.get().into_iter().map(|plug| view! { <PlugRow index id plug/> }).collect_view()
}

/// The value of the choice that adds an input.
const NEW_INPUT: &str = "new";

#[component]
fn PlugRow(index: usize, id: StoredValue<String>, plug: Plug) -> impl IntoView {
    let editor = Editor::here();
    let name = id.with_value(|id| format!("plug-{id}-{}", plug.port));
    let choices = plug.choices.clone();
    let (port, title) = (plug.port, plug.title.clone());
    let choose = move |event| {
        let value = event_target_value(&event);
        let document = editor.with(|now| match value.as_str() {
            NEW_INPUT => editing::with_input(now, index, port),
            place => editing::plugged(now, index, port, place.parse::<usize>().ok().and_then(|at| choices.get(at))),
        });
        editor.draft.edit_whole(&format!("Connect {title}"), document);
    };
    let options: Vec<_> = plug
        .choices
        .iter()
        .enumerate()
        .map(|(at, outlet)| {
            view! { <option value=at.to_string() prop:selected=plug.chosen == Some(at)>{outlet.title.clone()}</option> }
        })
        .collect();
    let (nothing, other) = match plug.kind {
        PortType::Image => ("Nothing", "Other pictures…"),
        PortType::Text => ("This step", "A shared text"),
        PortType::Json => ("Nothing", "Another table…"),
        PortType::File => ("Nothing", "Another file…"),
    };
    let may_be_empty = !plug.required || plug.chosen.is_none();
    let (help, Explained(explained)) = (format!("{name}-help"), expect_context());
    view! {
        <div class="parameter">
            <label for=name.clone()>{plug.title}</label>
            <select
                class="field"
                id=name.clone()
                data-testid=name
                aria-describedby=help.clone()
                aria-invalid=(plug.required && plug.chosen.is_none()).to_string()
                on:change=choose
            >
                {may_be_empty.then(|| view! { <option value="" prop:selected=plug.chosen.is_none()>{nothing}</option> })}
                {options}
                <option value=NEW_INPUT>{other}</option>
            </select>
            <p class="small muted help" id=help hidden=move || !explained.get()>{plug.description}</p>
        </div>
    }
}

/// The button that adds a step, the palette, and the keys for both.
#[component]
pub(crate) fn AddStep() -> impl IntoView {
    let editor = Editor::here();
    let (Adding(adding), ShowsGraph(shows_graph)) = (expect_context(), expect_context());
    let is_missing = move || editor.draft.with_document(Value::is_null);
    follow_clipboard(editor);
    editor.stage.listen("keydown", move |event: web_sys::KeyboardEvent| {
        if is_composing(&event) || editor.stage.dialog_is_open() {
            return;
        }
        let active = editor.stage.active_element();
        let direction = match event.key().as_str() {
            "/" if !untrack(is_missing) && !active.as_ref().is_some_and(is_text_field) => {
                event.prevent_default();
                return adding.set(Some(Place::End));
            }
            "ArrowUp" if event.alt_key() => Direction::Earlier,
            "ArrowDown" if event.alt_key() => Direction::Later,
            _ => return,
        };
        let step = active.and_then(|active| active.closest(".step").ok().flatten());
        let Some(id) = step.and_then(|step| step.get_attribute("data-step")) else { return };
        let found = editor.with(|now| {
            let index = document::index_of(now, &id)?;
            let node = document::nodes(now).into_iter().nth(index)?;
            Some((index, crate::actions::find(&node.action_type)?))
        });
        if let Some((index, action)) = found {
            event.prevent_default();
            editor.shift(index, &id, action, direction);
        }
    });
    view! {
        <div class="step-buttons">
            <button
                type="button"
                class="button add-step"
                data-testid="add-step"
                aria-haspopup="dialog"
                aria-keyshortcuts="/"
                disabled=is_missing
                on:click=move |_| adding.set(Some(Place::End))
            >
                <Icon shape=Shape::Plus/>
                "Add a step"
                <kbd>"/"</kbd>
            </button>
            <button
                type="button"
                class="button"
                data-testid="graph-switch"
                aria-pressed=move || shows_graph.get().to_string()
                on:click=move |_| shows_graph.update(|shown| *shown = !*shown)
            >
                <Icon shape=Shape::Graph/>
                "Graph"
            </button>
        </div>
        <Palette/>
    }
}

/// The graph of the workflow, while it is shown.
#[component]
pub(crate) fn GraphIfShown() -> impl IntoView {
    let ShowsGraph(shown) = expect_context();
    move || shown.get().then(parts::graph)
}

/// What a group of the palette is called.
const fn heading(category: Category) -> &'static str {
    match category {
        Category::Input => "Input",
        Category::Geometry => "Size and shape",
        Category::Color => "Light and colour",
        Category::Detail => "Detail",
        Category::Compose => "Subject and composition",
        Category::Logic => "Logic",
        Category::Output => "Output",
    }
}

/// The dialog that chooses the action of a new step.
#[component]
fn Palette() -> impl IntoView {
    let editor = Editor::here();
    let Adding(adding) = expect_context();
    let dialog = NodeRef::<html::Dialog>::new();
    let field = NodeRef::<html::Input>::new();
    let search = RwSignal::new(String::new());
    let found = Memo::new(move |_| {
        let kind =
            adding.with(|place| place.as_ref().and_then(|place| editor.with(|now| editing::kind_at(now, place))));
        search.with(|search| ByType(editing::offers(search, kind)))
    });
    let active = RwSignal::new(0_usize);
    let opened = move || {
        search.set(String::new());
        active.set(0);
        if let Some(field) = field.get_untracked() {
            let _gone = field.focus();
        }
    };
    modal(dialog, move || adding.with(Option::is_some), opened);
    let add = move |action: &'static Action| {
        let place = adding.get_untracked().unwrap_or(Place::End);
        adding.set(None);
        editor.add(action, &place);
    };
    let reveal = move || {
        request_animation_frame(move || {
            if let Some(option) = editor.stage.find(".palette [aria-selected=true]") {
                option.scroll_into_view_with_scroll_into_view_options(&nearest());
            }
        });
    };
    let on_key = move |event: web_sys::KeyboardEvent| {
        if is_composing(&event) {
            return;
        }
        let count = found.with_untracked(|found| found.0.len());
        let at = active.get_untracked();
        let to = match event.key().as_str() {
            "ArrowDown" => (at + 1).min(count.saturating_sub(1)),
            "ArrowUp" => at.saturating_sub(1),
            "PageDown" => (at + 8).min(count.saturating_sub(1)),
            "PageUp" => at.saturating_sub(8),
            "Enter" => {
                event.prevent_default();
                if let Some(action) = found.with_untracked(|found| found.0.get(at).copied()) {
                    add(action);
                }
                return;
            }
            _ => return,
        };
        event.prevent_default();
        active.set(to);
        reveal();
    };
    let options = move || {
        let is_search = search.with(|search| !search.trim().is_empty());
        let found = found.get().0;
        let mut before = None;
        let option = |(at, action): (usize, &'static Action)| {
            let begins = !is_search && before != Some(action.category);
            before = Some(action.category);
            view! {
                {begins.then(|| view! { <li class="palette-heading" role="presentation">{heading(action.category)}</li> })}
                <li
                    class="palette-option"
                    role="option"
                    id=format!("palette-{}", action.action_type)
                    data-testid=format!("palette-{}", action.action_type)
                    aria-selected=move || (active.get() == at).to_string()
                    on:click=move |_| add(action)
                    on:mousemove=move |_| if active.get_untracked() != at { active.set(at) }
                >
                    <span class="palette-name"><ActionIcon path=catalog::icon(action)/>{action.name}</span>
                    <span class="small muted">{first_sentence(action.description)}</span>
                </li>
            }
        };
        found.into_iter().enumerate().map(option).collect_view()
    };
    let chosen_id =
        move || found.with(|found| found.0.get(active.get()).map(|action| format!("palette-{}", action.action_type)));
    let backdrop = move |event: web_sys::MouseEvent| {
        let on_itself = event.target().zip(event.current_target()).is_some_and(|(target, own)| target == own);
        if on_itself {
            adding.set(None);
        }
    };
    view! {
        <dialog node_ref=dialog class="palette" aria-label="Add a step" data-testid="palette" on:close=move |_| adding.set(None) on:click=backdrop>
            <div class="palette-frame">
                <input
                    node_ref=field
                    class="field"
                    type="text"
                    role="combobox"
                    autocomplete="off"
                    spellcheck="false"
                    aria-label="Search the actions"
                    aria-expanded="true"
                    aria-controls="palette-list"
                    aria-activedescendant=chosen_id
                    placeholder="Search the actions"
                    data-testid="palette-search"
                    prop:value=move || search.get()
                    on:input=move |event| {
                        search.set(event_target_value(&event));
                        active.set(0);
                    }
                    on:keydown=on_key
                />
                <ul id="palette-list" class="palette-list" role="listbox" aria-label="Actions" tabindex="-1">{options}</ul>
                <p class="small muted" role="status" hidden=move || found.with(|found| !found.0.is_empty())>
                    "No action matches. Try another word, such as “size”, “shadow” or “colour”."
                </p>
            </div>
        </dialog>
    }
}

/// Actions that are equal if they are the same ones.
#[derive(Clone)]
struct ByType(Vec<&'static Action>);

impl PartialEq for ByType {
    fn eq(&self, other: &Self) -> bool {
        self.0.iter().map(|one| one.action_type).eq(other.0.iter().map(|one| one.action_type))
    }
}

fn first_sentence(text: &'static str) -> &'static str {
    text.split_once(". ").map_or(text, |(first, _)| first.trim_end_matches('.'))
}
