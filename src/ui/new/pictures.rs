//! The pictures: the drop zone, and the progress of an import.

use leptos::prelude::*;
use web_sys::FileList;

use super::draft::{Draft, Entry, PRIMARY};
use super::samples::Samples;
use crate::codecs::Format;
use crate::ui::icons::{Icon, Shape};
use crate::ui::parts;
use crate::ui::services::Source;
use crate::ui::stage::Stage;
use crate::ui::widgets::{FilePicker, Soon};
use crate::view_model::format;

/// Every input of the workflow with its pictures.
#[component]
pub(crate) fn Pictures() -> impl IntoView {
    let draft = expect_context::<Draft>();
    let takes_file = Memo::new(move |_| draft.takes_file(PRIMARY));
    let shows_more =
        Memo::new(move |_| draft.picked() > 0 || takes_file.get() || draft.inputs().with(|inputs| inputs.len() > 1));
    view! {
        <section class="panel section" aria-labelledby="pictures-title">
            <div class="spread">
                <h2 id="pictures-title">"Pictures"</h2>
                <Totals/>
            </div>
            <Show when=move || !takes_file.get()><PrimaryDrop/></Show>
            <ImportProgress/>
            {move || shows_more.get().then(|| view! { <Soon>{parts::later(|later: parts::Later| (later.picked)())}</Soon> })}
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
            <button class="button quiet push" data-testid="clear-picked" on:click=move |_| draft.clear_with_undo(PRIMARY)>
                "Clear"
            </button>
        </Show>
    }
}

#[component]
fn PrimaryDrop() -> impl IntoView {
    let draft = expect_context::<Draft>();
    let empty = Memo::new(move |_| draft.with_pictures(PRIMARY, <[Entry]>::is_empty));
    let picked = move |files: FileList| {
        draft.add(PRIMARY.to_owned(), Source::of_list(&files));
    };
    let accept = Signal::derive(move || draft.accept());
    let is_page = expect_context::<Stage>().embedding().is_none();
    view! {
        <div class="drop-zone" class:compact=move || !empty.get() data-testid="drop-zone" data-slot=PRIMARY>
            <Icon shape=Shape::Picture/>
            <div>
                <p class="drop-title">{if is_page { "Drop pictures or a folder anywhere" } else { "Drop pictures or a folder here" }}</p>
                <p class="small muted" title=Format::names()>
                    "or paste them: JPEG, PNG, WebP, HEIC, TIFF, camera raw and more. They stay on this device."
                </p>
            </div>
            <div class="spread">
                <FilePicker label="Pictures" accept testid="file-input" multiple=true on_pick=picked>
                    <Icon shape=Shape::Plus/>
                    "Pick files"
                </FilePicker>
                <FilePicker label="Folder of pictures" accept testid="folder-input" folder=true on_pick=picked>
                    <Icon shape=Shape::Folder/>
                    "Pick a folder"
                </FilePicker>
            </div>
            <Show when=move || is_page && empty.get()><Samples/></Show>
        </div>
    }
}

#[component]
fn ImportProgress() -> impl IntoView {
    let draft = expect_context::<Draft>();
    let importing = Memo::new(move |_| draft.importing());
    let underway = Memo::new(move |_| importing.with(Option::is_some));
    let total =
        Memo::new(move |_| importing.with(|importing| importing.map_or(0, |importing| u64::from(importing.total))));
    // Screen readers announce only the beginning and the end.
    let announced = Memo::new(move |before: Option<&String>| match (underway.get(), before) {
        (true, _) => format!("Reading {}…", format::plural(total.get(), "file", "files")),
        (false, Some(before)) if !before.is_empty() => "All files have been read.".to_owned(),
        (false, _) => String::new(),
    });
    let text = move || {
        importing.get().map(|importing| {
            let total = format::plural(u64::from(importing.total), "file", "files");
            format!("Reading {} of {total}…", format::count(u64::from(importing.done)))
        })
    };
    let percent = move || importing.get().map_or(0, |now| format::percent(u64::from(now.done), u64::from(now.total)));
    view! {
        <p class="unseen" role="status">{announced}</p>
        <Show when=move || underway.get()>
            <div class="importing" data-testid="import-progress">
                <p class="small muted numbers">{text}</p>
                <div
                    class="bar"
                    role="progressbar"
                    aria-label="Reading files"
                    aria-valuemin="0"
                    aria-valuemax="100"
                    aria-valuenow=percent
                >
                    <span class="active" style:width=move || format!("{}%", percent())></span>
                </div>
            </div>
        </Show>
        {move || draft.skipped().map(|text| view! { <p class="small muted" data-testid="skipped">{text}</p> })}
    }
}
