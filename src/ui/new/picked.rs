//! The picked files, those that are missing or cannot be read, and the further inputs with theirs.

use leptos::html;
use leptos::prelude::*;
use web_sys::FileList;

use super::draft::{Draft, Entry, PRIMARY};
use super::previews::PickedPreview;
use crate::selection::HeaderCheck;
use crate::ui::focus::{focus, is_composing};
use crate::ui::icons::{Icon, Shape};
use crate::ui::services::Source;
use crate::ui::stage::Stage;
use crate::ui::widgets::{FilePicker, TabStop, gradually, next_task, tab_index};
use crate::view_model::document::Input;
use crate::view_model::missing::Missing;
use crate::view_model::window::{self, Window};
use crate::view_model::{accept, format};

/// The pictures of every input.
#[component]
pub(crate) fn Picked() -> impl IntoView {
    let draft = expect_context::<Draft>();
    let takes_file = Memo::new(move |_| draft.takes_file(PRIMARY));
    let others = move || {
        let skipped = usize::from(!takes_file.get());
        draft.inputs().get().into_iter().skip(skipped).enumerate().collect::<Vec<_>>()
    };
    view! {
        <Duplicates/>
        <UnreadablePictures/>
        <MissingFiles/>
        <Show when=move || !takes_file.get()>
            <PickedList key=PRIMARY.to_owned() fewest=1/>
        </Show>
        <For each=others key=|(index, input)| (*index, input.clone()) let:other>
            <OtherDrop first={other.0 == 0} input=other.1/>
        </For>
    }
}

/// How many pictures are duplicates, and a button to remove them.
#[component]
fn Duplicates() -> impl IntoView {
    let draft = expect_context::<Draft>();
    let count = Memo::new(move |_| draft.duplicates());
    let any = Memo::new(move |_| count.get() > 0);
    view! {
        <Show when=move || any.get()>
            <p class="small muted spread" data-testid="duplicates">
                {move || format::plural(count.get(), "duplicate", "duplicates")}
                <button class="button quiet" data-testid="remove-duplicates" on:click=move |_| draft.remove_duplicates()>
                    {move || if count.get() == 1 { "Remove it" } else { "Remove them" }}
                </button>
            </p>
        </Show>
    }
}

/// Most missing or unreadable files that are listed one by one.
const LISTED: usize = 100;

/// Added pictures that cannot be read, by name and with the reason.
#[component]
fn UnreadablePictures() -> impl IntoView {
    let draft = expect_context::<Draft>();
    let ids = |entries: &[(String, Entry)]| entries.iter().map(|(_, entry)| entry.id).collect::<Vec<_>>();
    // Rebuilt only when the set of pictures changes.
    let unreadable = RwSignal::new_local(Vec::<(String, Entry)>::new());
    Effect::new(move || {
        let now = draft.unreadable();
        if unreadable.with_untracked(|before| ids(before)) != ids(&now) {
            unreadable.set(now);
        }
    });
    let any = Memo::new(move |_| unreadable.with(|unreadable| !unreadable.is_empty()));
    let count = move || unreadable.with(|unreadable| unreadable.len() as u64);
    let listed = move || unreadable.with(|unreadable| unreadable.iter().take(LISTED).cloned().collect::<Vec<_>>());
    view! {
        <Show when=move || any.get()>
            <section class="missing small" data-testid="unreadable" aria-label="Pictures that cannot be read">
                <div class="spread">
                    <Icon shape=Shape::Warning/>
                    <p class="missing-title" role="status">
                        {move || format!("{} cannot be read", format::plural(count(), "picture", "pictures"))}
                    </p>
                    <button class="button push" data-testid="remove-unreadable" on:click=move |_| draft.remove_unreadable()>
                        {move || if count() == 1 { "Remove it" } else { "Remove them" }}
                    </button>
                </div>
                <ul>
                    <For each=listed key=|(_, entry)| entry.id let:one>
                        {unreadable_row(draft, one)}
                    </For>
                    {move || beyond(count())}
                </ul>
            </section>
        </Show>
    }
}

/// A file with what is wrong with it, and the button that takes it off the list.
#[component]
fn FileRow(
    testid: &'static str,
    name: String,
    reason: String,
    remove_label: String,
    on_remove: impl Fn() + 'static,
) -> impl IntoView {
    view! {
        <li data-testid=format!("{testid}-row")>
            <span class="missing-name">
                <span translate="no">{name}</span>
                <span class="muted">{reason}</span>
            </span>
            <button
                class="button quiet square"
                data-testid=format!("{testid}-remove")
                aria-label=remove_label.clone()
                title=remove_label
                on:click=move |_| on_remove()
            >
                <Icon shape=Shape::Close/>
            </button>
        </li>
    }
}

fn unreadable_row(draft: Draft, (key, entry): (String, Entry)) -> impl IntoView {
    let (id, remove_label) = (entry.id, format!("Remove {}", entry.name));
    let reason = format!("Could not be read: {}.", entry.problem().unwrap_or_default());
    let name = entry.path.unwrap_or(entry.name);
    view! { <FileRow testid="unreadable" name reason remove_label on_remove=move || draft.remove(&key, id)/> }
}

fn missing_row(draft: Draft, one: Missing) -> impl IntoView {
    let (id, remove_label) = (one.id, format!("Remove {} from the list", one.name));
    let (name, reason) = (one.path.unwrap_or(one.name), one.reason.text().to_owned());
    view! { <FileRow testid="missing" name reason remove_label on_remove=move || draft.forget_missing(id)/> }
}

/// How many files there are beyond those that are listed.
fn beyond(count: u64) -> impl IntoView {
    let beyond = count.saturating_sub(LISTED as u64);
    (beyond > 0).then(|| view! { <li class="muted">{format!("and {} more", format::count(beyond))}</li> })
}

/// Files that could not be kept: the user adds them again or drops them from the list.
#[component]
fn MissingFiles() -> impl IntoView {
    let draft = expect_context::<Draft>();
    let missing = draft.missing();
    let any = Memo::new(move |_| missing.with(|missing| !missing.is_empty()));
    let count = move || missing.with(|missing| missing.len() as u64);
    let listed = move || missing.with(|missing| missing.iter().take(LISTED).cloned().collect::<Vec<_>>());
    let picked = move |files: FileList| draft.add_missing(Source::of_list(&files));
    view! {
        <Show when=move || any.get()>
            <section class="missing small" data-testid="missing" aria-label="Missing files">
                <div class="spread">
                    <Icon shape=Shape::Warning/>
                    <p class="missing-title">
                        {move || format!("{} missing", format::plural(count(), "file is", "files are"))}
                    </p>
                    <FilePicker
                        label="Missing files to add again"
                        accept=accept::pictures()
                        testid="missing-input"
                        class="button push"
                        button_testid="missing-add"
                        multiple=true
                        on_pick=picked
                    >
                        <Icon shape=Shape::Plus/>
                        "Add again"
                    </FilePicker>
                </div>
                <ul>
                    <For each=listed key=|one| one.id let:one>
                        {missing_row(draft, one)}
                    </For>
                    {move || beyond(count())}
                </ul>
            </section>
        </Show>
    }
}

/// Height and minimum width of a tile with its gap, as in the style sheet.
const TILE_ROW: f64 = 124.0;
const TILE_WIDTH: f64 = 112.0;
/// Tiles that are built at once when a list is first shown; the others follow in tasks of their own.
const TILES_AT_ONCE: u32 = 6;

/// The visible pictures of an input; nothing if there are fewer than `fewest`.
#[component]
fn PickedList(key: String, fewest: u32) -> impl IntoView {
    let draft = expect_context::<Draft>();
    let key = StoredValue::new(key);
    let frame = NodeRef::<html::Div>::new();
    let place = RwSignal::new((0.0, 360.0, 1_u32));
    let measure = move || {
        if let Some(frame) = frame.try_get_untracked().flatten() {
            let columns = (f64::from(frame.client_width()) / TILE_WIDTH).floor().max(1.0) as u32;
            place.set((f64::from(frame.scroll_top()), 360.0, columns));
        }
    };
    expect_context::<Stage>().on_resize(measure);
    let total = Memo::new(move |_| {
        let count = key.with_value(|key| draft.with_pictures(key, <[Entry]>::len)) as u32;
        if count < fewest { 0 } else { count }
    });
    Effect::new(move || {
        total.track();
        frame.track();
        next_task(measure);
    });
    let list = Memo::new(move |_| {
        let (scrolled, viewport, columns) = place.get();
        Window { scrolled, viewport, row: TILE_ROW, columns, total: total.get() }
    });
    let entries = gradually(move || list.get().entries(), TILES_AT_ONCE);
    let tiles = move || {
        let range = entries.get();
        let shown = |all: &[Entry]| {
            all.get(range.start as usize..(range.end as usize).min(all.len())).map_or_else(Vec::new, <[Entry]>::to_vec)
        };
        key.with_value(|key| draft.with_pictures(key, shown))
    };
    // The current tile for the keyboard; Tab reaches only this one, or the first visible one.
    let current = RwSignal::new(None::<u32>);
    let tab_stop = Memo::new(move |_| {
        let range = entries.get();
        let in_sight = |all: &[Entry]| {
            let shown = all.get(range.start as usize..(range.end as usize).min(all.len())).unwrap_or_default();
            current.get().filter(|id| shown.iter().any(|one| one.id == *id)).or(shown.first().map(|one| one.id))
        };
        key.with_value(|key| draft.with_pictures(key, in_sight))
    });
    provide_context(TileFocus { current, tab_stop });
    let focus_tile = move |at: u32| {
        let id = key
            .with_value(|key| untrack(|| draft.with_pictures(key, |all| all.get(at as usize).map(|entry| entry.id))));
        let (Some(id), Some(scrolled)) = (id, frame.get_untracked()) else { return };
        current.set(Some(id));
        if let Some(to) = list.get_untracked().reveal(at) {
            scrolled.set_scroll_top(to as i32);
            measure();
        }
        // It may only be built now.
        request_animation_frame(move || {
            let button = frame
                .try_get_untracked()
                .flatten()
                .and_then(|frame| frame.query_selector(&format!("[data-picture=\"{id}\"] .remove")).ok().flatten());
            focus(button);
        });
    };
    let on_key = move |event: leptos::ev::KeyboardEvent| {
        let Some(id) = tab_stop.get_untracked().filter(|_| !is_composing(&event)) else { return };
        let place = |all: &[Entry]| all.iter().position(|entry| entry.id == id);
        let Some(at) = key.with_value(|key| untrack(|| draft.with_pictures(key, place))) else { return };
        let (total, columns) = (total.get_untracked(), list.get_untracked().columns);
        if let Some(to) = window::step(event.key().as_str(), at as u32, columns, total) {
            event.prevent_default();
            focus_tile(to);
        } else if event.key() == "Delete" {
            event.prevent_default();
            key.with_value(|key| draft.remove(key, id));
            focus_tile((at as u32).min(total.saturating_sub(2)));
        }
    };
    view! {
        <div
            class="picked"
            class:none=move || total.get() == 0
            node_ref=frame
            on:scroll=move |_| measure()
        >
            <div style:height=move || format!("{}px", list.get().height())>
                <ul
                    aria-label="Picked pictures"
                    on:keydown=on_key
                    style:transform=move || format!("translateY({}px)", list.get().top(entries.get().start))
                    style:grid-template-columns=move || format!("repeat({},1fr)", list.get().columns)
                >
                    <For each=tiles key=|entry| entry.id let:entry>
                        <Tile entry key=key.get_value()/>
                    </For>
                </ul>
            </div>
        </div>
    }
}

/// The current tile for the keyboard, by its entry's id.
#[derive(Clone, Copy)]
struct TileFocus {
    current: RwSignal<Option<u32>>,
    tab_stop: Memo<Option<u32>>,
}

#[component]
fn Tile(entry: Entry, key: String) -> impl IntoView {
    let draft = expect_context::<Draft>();
    let tiles = use_context::<TileFocus>();
    let id = entry.id;
    if let Some(TileFocus { tab_stop, .. }) = tiles {
        provide_context(TabStop(Signal::derive(move || tab_stop.get() == Some(id))));
    }
    let here = move |_| {
        if let Some(TileFocus { current, .. }) = tiles {
            current.set(Some(id));
        }
    };
    let what = match &entry.header {
        Some(HeaderCheck::Picture { format, width, height }) => format!(", {width} × {height}, {format}"),
        Some(HeaderCheck::Unreadable(why)) => format!(". Could not be read: {why}."),
        None => String::new(),
    };
    let title = format!("{}, {}{what}", entry.path.as_deref().unwrap_or(&entry.name), format::bytes(entry.bytes));
    let is_bad = entry.problem().is_some();
    let label = format!("Remove {}", entry.name);
    view! {
        <li class="tile" class:bad=is_bad data-testid="picked-row" data-picture=id title=title on:focusin=here>
            <PickedPreview entry=entry.clone()/>
            {is_bad.then(|| view! { <span class="bad-sign"><Icon shape=Shape::Warning/></span> })}
            <span class="truncate" translate="no">{entry.name}</span>
            <button
                class="remove"
                data-testid="remove-picked"
                aria-label=label
                tabindex=tab_index()
                on:click=move |_| draft.remove(&key, id)
            >
                <Icon shape=Shape::Close/>
            </button>
        </li>
    }
}

/// From this many pictures on, a further input lists them; fewer are shown next to its name.
const MANY: u32 = 4;

/// What is picked for an input of a file that is no picture.
const FILES: &str = ".csv,.tsv,.txt,.json,.svg";

/// A further input, such as the logo or a table.
#[component]
fn OtherDrop(first: bool, input: Input) -> impl IntoView {
    let draft = expect_context::<Draft>();
    let key = StoredValue::new(Draft::key(&input).to_owned());
    let count = Memo::new(move |_| key.with_value(|key| draft.with_pictures(key, <[Entry]>::len)) as u32);
    let beside = move || match count.get() {
        1..MANY => key.with_value(|key| draft.with_pictures(key, <[Entry]>::to_vec)),
        _ => Vec::new(),
    };
    let clear = move |_| key.with_value(|key| draft.clear_with_undo(key));
    let hint = match input.named {
        0 if input.is_file => "A table (CSV, TSV, JSON) or an SVG template.".to_owned(),
        0 => "One for all pictures, or one for each.".to_owned(),
        _ if input.is_file => "Set by the workflow; drop to replace.".to_owned(),
        named => {
            format!("{} set by the workflow; drop to replace.", format::plural(named as u64, "picture", "pictures"))
        }
    };
    let picked = move |files: FileList| {
        draft.add(key.get_value(), Source::of_list(&files));
    };
    let (accept, multiple) = match input.is_file {
        true => (FILES.to_owned(), false),
        false => (accept::pictures(), true),
    };
    let testid = if first && !input.is_file { "logo-input".to_owned() } else { format!("input-{}", input.action_id) };
    view! {
        <div class="drop-zone other" data-testid=format!("drop-{}", input.action_id) data-slot=key.get_value()>
            <Icon shape=Shape::Layers/>
            <div>
                <p class="drop-title">{input.title.clone()}</p>
                <p class="small muted">{hint}</p>
            </div>
            <ul class="other-list" aria-label=input.title.clone()>
                <For each=beside key=|entry| entry.id let:entry>
                    <Tile entry key=key.get_value()/>
                </For>
            </ul>
            <FilePicker label=input.title.clone() accept testid=testid multiple on_pick=picked>
                <Icon shape=Shape::Plus/>
                "Pick"
            </FilePicker>
        </div>
        <Show when=move || { count.get() >= MANY }>
            <div class="spread">
                <span class="small muted numbers">{move || format::plural(u64::from(count.get()), "picture", "pictures")}</span>
                <button class="button quiet push" on:click=clear>"Clear"</button>
            </div>
        </Show>
        <PickedList key=key.get_value() fewest=MANY/>
    }
}
