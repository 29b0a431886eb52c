//! Small components that several views use.

use std::ops::Range;
use std::time::Duration;

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::FileList;

use super::focus::{focus, is_composing};
use super::icons::{Icon, Shape};
use super::live::Live;
use super::services::Services;
use super::stage::Stage;
use crate::batch::records::{Priority, Progress};
use crate::view_model::{form, format, progress};

/// Whether Tab reaches the controls of an entry. In a long list it reaches only one entry; the arrow keys move to the
/// others.
#[derive(Clone, Copy)]
pub(crate) struct TabStop(pub(crate) Signal<bool>);

/// The `tabindex` of a control, depending on its entry. Outside of lists Tab reaches every control.
pub(crate) fn tab_index() -> impl Fn() -> Option<&'static str> + Copy {
    let stop = use_context::<TabStop>();
    move || stop.is_some_and(|TabStop(stop)| !stop.get()).then_some("-1")
}

/// Whether the current view is about to be taken away; its parts that came [`Soon`] go before it.
#[derive(Clone, Copy)]
pub(crate) struct Leaving(pub(crate) RwSignal<bool>);

/// A part of a view that is built in a task of its own, right after what is around it, and taken away in one of its own:
/// the page's tasks stay short, and the rest is already shown.
#[component]
pub(crate) fn Soon(children: ChildrenFn) -> impl IntoView {
    let leaving = use_context::<Leaving>();
    let is_time = RwSignal::new(false);
    next_task(move || {
        is_time.try_set(true);
    });
    move || (is_time.get() && !leaving.is_some_and(|Leaving(leaving)| leaving.get())).then(|| children())
}

/// Opens a dialog while `is_shown` says so and closes it otherwise. It is modal: the focus stays inside, and Escape closes
/// it. `opened` is called when it has been opened, and again when what `is_shown` reads has changed.
pub(crate) fn modal(dialog: NodeRef<html::Dialog>, is_shown: impl Fn() -> bool + 'static, opened: impl Fn() + 'static) {
    Effect::new(move || {
        let Some(element) = dialog.get() else { return };
        if !is_shown() {
            return element.close();
        }
        if !element.open() {
            let _shown_already = element.show_modal();
        }
        untrack(&opened);
    });
}

/// Does something in a task of its own.
pub(crate) fn next_task(work: impl FnOnce() + 'static) {
    set_timeout(work, Duration::ZERO);
}

/// What is to be built of a long list: of the `entries` in sight at first only so many, and in every task that follows as
/// many more.
pub(crate) fn gradually(
    entries: impl Fn() -> Range<u32> + Copy + Send + Sync + 'static,
    at_once: u32,
) -> Memo<Range<u32>> {
    let most = RwSignal::new(at_once);
    Effect::new(move || {
        if entries().len() > most.get() as usize {
            next_task(move || {
                most.try_update(|most| *most += at_once);
            });
        }
    });
    Memo::new(move |_| {
        let Range { start, end } = entries();
        start..end.min(start + most.get())
    })
}

/// A button that picks files, with its hidden file input. The same file can be picked again, since it may have changed.
#[component]
pub(crate) fn FilePicker(
    /// The label of the field.
    #[prop(into)]
    label: String,
    /// The file types that it asks for.
    #[prop(into)]
    accept: Signal<String>,
    /// Test id of the field.
    #[prop(into)]
    testid: String,
    #[prop(into)] on_pick: UnsyncCallback<FileList>,
    #[prop(optional)] multiple: bool,
    /// Picks a folder with everything in it.
    #[prop(optional)]
    folder: bool,
    #[prop(default = "button")] class: &'static str,
    #[prop(optional)] button_testid: Option<&'static str>,
    /// The button's name, where it has no text.
    #[prop(optional)]
    name: Option<&'static str>,
    #[prop(optional)] title: Option<&'static str>,
    #[prop(optional)] disabled: Signal<bool>,
    #[prop(optional)] pressed: Option<Signal<bool>>,
    /// Whether a click on the button opens the picker.
    #[prop(optional)]
    picks: Option<Callback<(), bool>>,
    children: Children,
) -> impl IntoView {
    let field = NodeRef::<html::Input>::new();
    Effect::new(move || {
        if let Some(field) = field.get().filter(|_| folder) {
            field.set_webkitdirectory(true);
        }
    });
    let open = move |_| {
        if let Some(field) = field.get_untracked().filter(|_| picks.is_none_or(|picks| picks.run(()))) {
            field.click();
        }
    };
    let picked = move |_| {
        let Some(field) = field.get_untracked() else { return };
        if let Some(files) = field.files() {
            on_pick.run(files);
        }
        field.set_value("");
    };
    view! {
        <button
            type="button"
            class=class
            data-testid=button_testid
            aria-label=name
            title=title
            disabled=move || disabled.get()
            tabindex=tab_index()
            aria-pressed=move || pressed.map(|pressed| pressed.get().to_string())
            on:click=open
        >
            {children()}
        </button>
        <input
            node_ref=field
            class="unseen"
            type="file"
            multiple=multiple || folder
            accept=move || (!folder).then(|| accept.get())
            tabindex="-1"
            aria-label=label
            data-testid=testid
            on:change=picked
        />
    }
    .into_any()
}

/// A switch, named by the label for its id.
#[component]
pub(crate) fn Switch(
    #[prop(into)] id: String,
    on: Signal<bool>,
    #[prop(into)] on_change: UnsyncCallback<bool>,
    /// Ids of the elements that describe it.
    #[prop(optional)]
    described_by: Option<Signal<String>>,
    #[prop(optional)] invalid: Option<Signal<bool>>,
) -> impl IntoView {
    view! {
        <input
            class="switch"
            type="checkbox"
            role="switch"
            id=id.clone()
            data-testid=id
            aria-invalid=move || invalid.map(|invalid| invalid.get().to_string())
            aria-describedby=move || described_by.map(|described_by| described_by.get())
            prop:checked=move || on.get()
            on:change=move |event| on_change.run(event_target_checked(&event))
        />
    }
}

/// The priority of a batch.
#[component]
pub(crate) fn PrioritySelect(
    id: &'static str,
    chosen: Signal<Priority>,
    #[prop(into)] on_choose: UnsyncCallback<Priority>,
) -> impl IntoView {
    let options = Priority::ALL.map(|one| {
        let text = form::label(&one.name().to_ascii_lowercase());
        view! { <option value=one.name() prop:selected=move || chosen.get() == one>{text}</option> }
    });
    let choose = move |event| {
        let word = event_target_value(&event);
        if let Some(priority) = Priority::ALL.into_iter().find(|one| one.name() == word) {
            on_choose.run(priority);
        }
    };
    view! { <select class="field" id=id data-testid=id on:change=choose>{options}</select> }
}

/// Why the batches cannot be read; nothing if the tab's note says more.
#[component]
pub(crate) fn ReadingProblem() -> impl IntoView {
    let live = expect_context::<Live>();
    let is_noted = move || live.tab_note().is_some_and(|note| note.reload_helps);
    view! {
        {move || live.problem().filter(|_| !is_noted()).map(|problem| view! {
            <div class="note bad" role="alert" data-testid="reading-problem">
                <p>{problem.text} " " {problem.hint}</p>
                <button class="button push" data-testid="read-again" on:click=move |_| live.read()>"Try again"</button>
            </div>
        })}
    }
}

/// Shown while the batches are being read.
#[component]
pub(crate) fn ReadingNote() -> impl IntoView {
    let live = expect_context::<Live>();
    let reading = Memo::new(move |_| live.with(|batches| batches.is_none()) && live.problem().is_none());
    view! {
        <Show when=move || reading.get()><p class="muted none-here reading" role="status">"Reading the batches…"</p></Show>
    }
}

/// A choice among a few options, all visible.
#[component]
pub(crate) fn Segments(
    label: &'static str,
    choices: &'static [(&'static str, &'static str)],
    chosen: RwSignal<&'static str>,
) -> impl IntoView {
    let buttons = choices
        .iter()
        .map(|(word, text)| {
            view! {
                <button
                    type="button"
                    data-testid=format!("filter-{word}")
                    aria-pressed=move || (chosen.get() == *word).to_string()
                    on:click=move |_| chosen.set(word)
                >
                    {*text}
                </button>
            }
        })
        .collect::<Vec<_>>();
    view! { <div class="segments" role="group" aria-label=label>{buttons}</div> }
}

/// A batch's progress.
#[component]
pub(crate) fn Bar(batch: Memo<Option<Progress>>) -> impl IntoView {
    let shares = Memo::new(move |_| batch.with(|batch| batch.as_ref().map_or([0.0; 3], progress::shares)));
    let width = move |part: usize| move || format!("{:.2}%", shares.get()[part]);
    let percent = move || (shares.get()[0] + shares.get()[1]).floor().to_string();
    view! {
        <div class="bar" role="progressbar" aria-label="Progress" aria-valuemin="0" aria-valuemax="100" aria-valuenow=percent>
            <span class="done" style:width=width(0)></span>
            <span class="failed" style:width=width(1)></span>
            <span class="active" style:width=width(2)></span>
        </div>
    }
}

/// The menu that an item is in.
#[derive(Clone, Copy)]
struct MenuFrame(NodeRef<html::Details>);

impl MenuFrame {
    fn close(self) {
        if let Some(frame) = self.0.get_untracked() {
            frame.set_open(false);
        }
    }

    /// Closes it, with the focus back on its button.
    fn leave(self) {
        self.close();
        focus(self.0.get_untracked().and_then(|frame| frame.query_selector("summary").ok().flatten()));
    }
}

/// A few actions behind one button. It closes on a choice and on Escape, with the focus back on the button, and
/// when the focus moves elsewhere.
#[component]
pub(crate) fn Menu(label: Signal<String>, testid: &'static str, children: ChildrenFn) -> impl IntoView {
    let frame = NodeRef::<html::Details>::new();
    let menu = MenuFrame(frame);
    provide_context(menu);
    let on_key = move |event: leptos::ev::KeyboardEvent| {
        if event.key() == "Escape" && !is_composing(&event) && frame.get_untracked().is_some_and(|frame| frame.open()) {
            event.stop_propagation();
            menu.leave();
        }
    };
    let on_leave = move |event: leptos::ev::FocusEvent| {
        let to = event.related_target().and_then(|to| to.dyn_into::<web_sys::Node>().ok());
        if !frame.get_untracked().is_some_and(|frame| frame.contains(to.as_ref())) {
            menu.close();
        }
    };
    view! {
        <details node_ref=frame class="menu" on:keydown=on_key on:focusout=on_leave>
            <summary class="button quiet square" aria-label=label title=label data-testid=testid>
                <Icon shape=Shape::More/>
            </summary>
            // Otherwise browsers that do not focus clicked buttons would close the menu before the click.
            <div class="menu-items panel" on:mousedown=|event| event.prevent_default()>{children()}</div>
        </details>
    }
}

/// One action of a [`Menu`].
#[component]
pub(crate) fn MenuItem(
    testid: &'static str,
    shape: Shape,
    text: &'static str,
    #[prop(optional)] disabled: Signal<bool>,
    on_pick: impl Fn() + 'static,
) -> impl IntoView {
    let menu = expect_context::<MenuFrame>();
    // It may open a dialog, which returns the focus to the element that had it.
    let pick = move |_| {
        menu.leave();
        on_pick();
    };
    view! {
        <button type="button" class="button quiet" data-testid=testid disabled=move || disabled.get() on:click=pick>
            <Icon shape/>
            {text}
        </button>
    }
}

/// A copy of a picture in a format that every browser shows.
#[derive(Clone)]
pub(crate) enum Instead {
    /// A stored one, by its asset id.
    Asset(String),
    /// One with an address, which may change.
    Url(Signal<Option<String>, LocalStorage>),
}

/// A stored picture, by its asset id.
#[component]
pub(crate) fn StoredImage(
    asset_id: String,
    #[prop(into)] alt: String,
    #[prop(optional)] class: &'static str,
    /// The picture to show if the browser cannot show the other: browsers do not show every format that can be read.
    #[prop(optional_no_strip)]
    instead: Option<Instead>,
) -> impl IntoView {
    let services = expect_context::<Services>();
    let source = RwSignal::new(None::<String>);
    let load = move |asset_id: String| {
        leptos::task::spawn_local(async move {
            if let Some(url) = services.url(&asset_id).await {
                // The row may have been scrolled away meanwhile.
                source.try_set(Some(url));
            }
        });
    };
    load(asset_id);
    let instead = StoredValue::new_local(instead);
    let has_failed = RwSignal::new(false);
    let failed = move |_| {
        if !has_failed.get_untracked() {
            has_failed.set(true);
            if let Some(Instead::Asset(asset_id)) = instead.get_value() {
                load(asset_id);
            }
        }
    };
    let shown = move || match instead.get_value() {
        Some(Instead::Url(url)) if has_failed.get() => url.get(),
        _ => source.get(),
    };
    view! {
        {move || shown().map(|url| {
            view! { <img class=class src=url alt=alt.clone() decoding="async" draggable="false" on:error=failed/> }
        })}
    }
}

/// The progress of downloads that pictures wait for: a model, a font, a decoder. Screen readers announce only its beginning and its end.
#[component]
pub(crate) fn LoadingNote() -> impl IntoView {
    let live = expect_context::<Live>();
    let underway = Memo::new(move |_| live.loading().is_some());
    let announced = Memo::new(move |before: Option<&&'static str>| match underway.get() {
        true => "Loading what the workflow needs…",
        false if before.is_some_and(|before| !before.is_empty()) => "What the workflow needs is no longer loading.",
        false => "",
    });
    let text = move || live.loading().map(|(loaded, total)| format::loading(LOADING, loaded, total));
    let percent = move || live.loading().map(|(loaded, total)| format::percent(loaded, total));
    view! {
        <p class="unseen" role="status">{announced}</p>
        <Show when=move || underway.get()>
            <p
                class="loading numbers"
                role="progressbar"
                aria-label=LOADING
                aria-valuemin="0"
                aria-valuemax="100"
                aria-valuenow=percent
                data-testid="network-loading"
            >
                {text}
            </p>
        </Show>
    }
}

const LOADING: &str = "Loading what the workflow needs";

/// Warns that nothing outlives this tab if the browser offers no storage.
#[component]
pub(crate) fn MemoryNote() -> impl IntoView {
    let services = expect_context::<Services>();
    services.memory().map(|why| {
        view! {
            <aside class="memory-note" role="alert" data-testid="memory-note">
                <Icon shape=Shape::Warning/>
                <p>
                    <strong>"Nothing is kept when you close or reload this tab."</strong>
                    " The page works from memory: batches, results and downloads work as usual, but only in this tab. Download what you want to keep."
                    <span class="small">{format!("{why} This happens in private windows of some browsers.")}</span>
                </p>
            </aside>
        }
    })
}

/// Reloads the page, or the element.
#[component]
pub(crate) fn ReloadButton(class: &'static str) -> impl IntoView {
    let stage = expect_context::<Stage>();
    view! {
        <button class=class data-testid="reload" on:click=move |_| stage.restart()>"Reload"</button>
    }
}

/// What the user should know about this tab; with `trouble`, only what a reload fixes.
#[component]
pub(crate) fn TabNote(#[prop(optional)] trouble: bool) -> impl IntoView {
    let live = expect_context::<Live>();
    let note = move || live.tab_note().filter(|note| note.reload_helps || !trouble);
    view! {
        {move || note().map(|note| view! {
            <div class="note plain" role="status" data-testid="tab-note">
                <p>{note.text}</p>
                {note.reload_helps.then(|| view! { <ReloadButton class="button push"/> })}
            </div>
        })}
    }
}
