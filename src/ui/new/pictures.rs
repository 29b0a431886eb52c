//! The pictures: a drop field per input, and what was picked.

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::draft::{Draft, Entry, PRIMARY};
use super::previews::PickedPreview;
use crate::ui::icons::{Icon, Shape};
use crate::ui::services::selection_of_list;
use crate::view_model::document::Input;
use crate::view_model::format;
use crate::view_model::missing::Missing;
use crate::view_model::window::Window;

/// Every input of the workflow with its pictures.
#[component]
pub(crate) fn Pictures() -> impl IntoView {
    let draft = expect_context::<Draft>();
    let others = move || draft.inputs().get().into_iter().skip(1).enumerate().collect::<Vec<_>>();
    view! {
        <section class="panel section" aria-labelledby="pictures-title">
            <div class="spread">
                <h2 id="pictures-title">"Pictures"</h2>
                <Totals/>
            </div>
            <PrimaryDrop/>
            <ImportProgress/>
            <PickedList key=PRIMARY.to_owned() fewest=1/>
            <For each=others key=|(index, input)| (*index, input.clone()) let:other>
                <OtherDrop first={other.0 == 0} input=other.1/>
            </For>
        </section>
    }
}

#[component]
fn Totals() -> impl IntoView {
    let draft = expect_context::<Draft>();
    let picked = Memo::new(move |_| draft.with_pictures(PRIMARY, |entries| !entries.is_empty()));
    let text = move || {
        let (count, bytes) = draft.primary_totals();
        format!("{} · {}", format::plural(count, "picture", "pictures"), format::bytes(bytes))
    };
    view! {
        <Show when=move || picked.get()>
            <span class="small muted numbers" data-testid="picked-count">{text}</span>
            <button class="button quiet push" data-testid="clear-picked" on:click=move |_| draft.clear(PRIMARY)>
                "Clear"
            </button>
        </Show>
    }
}

/// The files of a file input, and the input ready for the same files again.
fn take(event: &leptos::ev::Event) -> Option<web_sys::FileList> {
    event.target()?.dyn_into::<web_sys::HtmlInputElement>().ok()?.files()
}

fn reset(event: &leptos::ev::Event) {
    if let Some(input) = event.target().and_then(|target| target.dyn_into::<web_sys::HtmlInputElement>().ok()) {
        input.set_value("");
    }
}

const ACCEPT: &str = "image/jpeg,image/png,image/webp,image/gif,image/bmp";

#[component]
fn PrimaryDrop() -> impl IntoView {
    let draft = expect_context::<Draft>();
    let (files, folder) = (NodeRef::<html::Input>::new(), NodeRef::<html::Input>::new());
    let empty = Memo::new(move |_| draft.with_pictures(PRIMARY, <[Entry]>::is_empty));
    let picked = move |event: leptos::ev::Event| {
        if let Some(list) = take(&event) {
            let selection = selection_of_list(&list);
            draft.add(PRIMARY.to_owned(), async move { selection });
        }
        reset(&event);
    };
    Effect::new(move || {
        if let Some(folder) = folder.get() {
            folder.set_webkitdirectory(true);
        }
    });
    let open = |input: NodeRef<html::Input>| {
        move |_| {
            if let Some(input) = input.get() {
                input.click();
            }
        }
    };
    view! {
        <div class="drop-zone" class:compact=move || !empty.get() data-testid="drop-zone" data-slot=PRIMARY>
            <Icon shape=Shape::Picture/>
            <div>
                <p class="drop-title">"Drop pictures or a folder anywhere"</p>
                <p class="small muted">"or paste them. JPEG, PNG, WebP, GIF, BMP. They stay on this device."</p>
            </div>
            <div class="spread">
                <button class="button" on:click=open(files)><Icon shape=Shape::Plus/>"Pick files"</button>
                <button class="button" on:click=open(folder)><Icon shape=Shape::Folder/>"Pick a folder"</button>
            </div>
            <input
                node_ref=files
                class="unseen"
                type="file"
                multiple
                accept=ACCEPT
                tabindex="-1"
                aria-label="Pictures"
                data-testid="file-input"
                on:change=picked
            />
            <input
                node_ref=folder
                class="unseen"
                type="file"
                multiple
                tabindex="-1"
                aria-label="Folder of pictures"
                data-testid="folder-input"
                on:change=picked
            />
        </div>
    }
}

#[component]
fn ImportProgress() -> impl IntoView {
    let draft = expect_context::<Draft>();
    let importing = Memo::new(move |_| draft.importing());
    let skipped = move || {
        let skipped = u64::from(draft.skipped());
        (skipped > 0).then(|| format!("{} left out: hidden, or no pictures.", format::plural(skipped, "file", "files")))
    };
    view! {
        <Show when=move || importing.with(Option::is_some)>
            {move || importing.get().map(|importing| {
                let share = f64::from(importing.done) / f64::from(importing.total.max(1)) * 100.0;
                view! {
                    <div class="importing" data-testid="import-progress">
                        <p class="small muted numbers" role="status">
                            {format!(
                                "Reading {} of {}…",
                                format::count(u64::from(importing.done)),
                                format::plural(u64::from(importing.total), "file", "files"),
                            )}
                        </p>
                        <div class="bar"><span class="active" style=format!("width:{share:.1}%")></span></div>
                    </div>
                }
            })}
        </Show>
        {move || skipped().map(|text| view! { <p class="small muted" data-testid="skipped">{text}</p> })}
        <MissingFiles/>
    }
}

/// Missing files that are listed one by one.
const LISTED: usize = 100;

/// Files that could not be kept, to be added again or let go.
#[component]
fn MissingFiles() -> impl IntoView {
    let draft = expect_context::<Draft>();
    let field = NodeRef::<html::Input>::new();
    let missing = draft.missing();
    let any = Memo::new(move |_| missing.with(|missing| !missing.is_empty()));
    let count = move || missing.with(|missing| missing.len() as u64);
    let listed = move || missing.with(|missing| missing.iter().take(LISTED).cloned().collect::<Vec<_>>());
    let beyond = move || {
        let beyond = count().saturating_sub(LISTED as u64);
        (beyond > 0).then(|| view! { <li class="muted">{format!("and {} more", format::count(beyond))}</li> })
    };
    let picked = move |event: leptos::ev::Event| {
        if let Some(list) = take(&event) {
            draft.add_missing(selection_of_list(&list));
        }
        reset(&event);
    };
    view! {
        <Show when=move || any.get()>
            <section class="missing small" data-testid="missing" aria-label="Missing files">
                <div class="spread">
                    <Icon shape=Shape::Warning/>
                    <p class="missing-title">
                        {move || format!("{} missing", format::plural(count(), "file is", "files are"))}
                    </p>
                    <button
                        class="button push"
                        data-testid="missing-add"
                        on:click=move |_| if let Some(field) = field.get() { field.click() }
                    >
                        <Icon shape=Shape::Plus/>
                        "Add again"
                    </button>
                    <input
                        node_ref=field
                        class="unseen"
                        type="file"
                        multiple
                        accept=ACCEPT
                        tabindex="-1"
                        aria-label="Files that are missing"
                        data-testid="missing-input"
                        on:change=picked
                    />
                </div>
                <ul>
                    <For each=listed key=|one| one.id let:one>
                        <MissingRow one/>
                    </For>
                    {beyond}
                </ul>
            </section>
        </Show>
    }
}

#[component]
fn MissingRow(one: Missing) -> impl IntoView {
    let draft = expect_context::<Draft>();
    let label = format!("Remove {} from the list", one.name);
    let id = one.id;
    view! {
        <li data-testid="missing-row">
            <span class="missing-name">
                <span>{one.path.unwrap_or(one.name)}</span>
                <span class="muted">{one.reason.text()}</span>
            </span>
            <button
                class="button quiet square"
                data-testid="missing-remove"
                aria-label=label.clone()
                title=label
                on:click=move |_| draft.forget_missing(id)
            >
                <Icon shape=Shape::Close/>
            </button>
        </li>
    }
}

/// Height of a tile with its gap, and its least width with its gap: as in the style sheet.
const TILE_ROW: f64 = 124.0;
const TILE_WIDTH: f64 = 112.0;

/// The pictures of an input, those in sight: nothing while there are less than `fewest`.
#[component]
fn PickedList(key: String, fewest: u32) -> impl IntoView {
    let draft = expect_context::<Draft>();
    let key = StoredValue::new(key);
    let frame = NodeRef::<html::Div>::new();
    let place = RwSignal::new((0.0, 360.0, 1_u32));
    let measure = move || {
        if let Some(frame) = frame.get_untracked() {
            let columns = (f64::from(frame.client_width()) / TILE_WIDTH).floor().max(1.0) as u32;
            place.set((f64::from(frame.scroll_top()), 360.0, columns));
        }
    };
    let on_resize = window_event_listener(leptos::ev::resize, move |_| measure());
    on_cleanup(move || on_resize.remove());
    let total = Memo::new(move |_| {
        let count = key.with_value(|key| draft.with_pictures(key, <[Entry]>::len)) as u32;
        if count < fewest { 0 } else { count }
    });
    Effect::new(move || {
        total.track();
        frame.track();
        measure();
    });
    let list = Memo::new(move |_| {
        let (scrolled, viewport, columns) = place.get();
        Window { scrolled, viewport, row: TILE_ROW, columns, total: total.get() }
    });
    let entries = Memo::new(move |_| list.get().entries());
    let tiles = move || {
        let range = entries.get();
        let shown = |all: &[Entry]| {
            all.get(range.start as usize..(range.end as usize).min(all.len())).map_or_else(Vec::new, <[Entry]>::to_vec)
        };
        key.with_value(|key| draft.with_pictures(key, shown))
    };
    view! {
        <div
            class="picked"
            class:none=move || total.get() == 0
            node_ref=frame
            on:scroll=move |_| measure()
        >
            <div style=move || format!("height:{}px", list.get().height())>
                <ul
                    aria-label="Picked pictures"
                    style=move || format!(
                        "transform:translateY({}px);grid-template-columns:repeat({},1fr)",
                        list.get().top(entries.get().start),
                        list.get().columns,
                    )
                >
                    <For each=tiles key=|entry| entry.id let:entry>
                        <Tile entry key=key.get_value()/>
                    </For>
                </ul>
            </div>
        </div>
    }
}

#[component]
fn Tile(entry: Entry, key: String) -> impl IntoView {
    let draft = expect_context::<Draft>();
    let id = entry.id;
    let title = format!("{}, {}", entry.path.as_deref().unwrap_or(&entry.name), format::bytes(entry.bytes));
    let label = format!("Remove {}", entry.name);
    view! {
        <li class="tile" data-testid="picked-row" title=title>
            <PickedPreview entry=entry.clone()/>
            <span class="truncate">{entry.name}</span>
            <button class="remove" data-testid="remove-picked" aria-label=label on:click=move |_| draft.remove(&key, id)>
                <Icon shape=Shape::Close/>
            </button>
        </li>
    }
}

/// Pictures of a further input from which on they have a list of their own; fewer stand beside its name.
const MANY: u32 = 4;

/// A further input, such as the logo.
#[component]
fn OtherDrop(first: bool, input: Input) -> impl IntoView {
    let draft = expect_context::<Draft>();
    let field = NodeRef::<html::Input>::new();
    let key = StoredValue::new(input.action_id.clone());
    let count = Memo::new(move |_| key.with_value(|key| draft.with_pictures(key, <[Entry]>::len)) as u32);
    let beside = move || match count.get() {
        1..MANY => key.with_value(|key| draft.with_pictures(key, <[Entry]>::to_vec)),
        _ => Vec::new(),
    };
    let clear = move |_| key.with_value(|key| draft.clear(key));
    let hint = match input.named {
        0 => "One picture for all, or as many as there are pictures.".to_owned(),
        named => {
            format!("{} named by the workflow; dropping replaces.", format::plural(named as u64, "picture", "pictures"))
        }
    };
    let picked = move |event: leptos::ev::Event| {
        if let Some(list) = take(&event) {
            let selection = selection_of_list(&list);
            draft.add(key.get_value(), async move { selection });
        }
        reset(&event);
    };
    let testid = if first { "logo-input".to_owned() } else { format!("input-{}", input.action_id) };
    view! {
        <div class="drop-zone other" data-testid=format!("drop-{}", input.action_id) data-slot=input.action_id.clone()>
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
            <button class="button" on:click=move |_| if let Some(field) = field.get() { field.click() }>
                <Icon shape=Shape::Plus/>
                "Pick"
            </button>
            <input
                node_ref=field
                class="unseen"
                type="file"
                multiple
                accept=ACCEPT
                tabindex="-1"
                aria-label=input.title.clone()
                data-testid=testid
                on:change=picked
            />
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
