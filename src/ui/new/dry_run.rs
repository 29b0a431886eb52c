//! The dry run: the workflow on a few of the pictures, to see before the whole batch runs what would be written, how much
//! space that needs and how long it takes. Nothing is stored.

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::draft::{Draft, Entry, PRIMARY};
use crate::browser::page::client;
use crate::compact::SortedSet;
use crate::file_name::{folder, split_image_extension};
use crate::protocol::{Look, Preview, PreviewOutput, Previewed};
use crate::selection::HeaderCheck;
use crate::ui::icons::{Icon, Shape};
use crate::ui::services::{Services, UiError};
use crate::ui::widgets::modal;
use crate::view_model::dry_run::{Estimate, Named, Trial, common, equal_names, estimate, representatives};
use crate::view_model::format;

/// The button, and the dialog while it is open.
#[component]
pub(crate) fn DryRun() -> impl IntoView {
    let draft = expect_context::<Draft>();
    let obstacle = draft.obstacle();
    let shown = RwSignal::new(false);
    view! {
        <button
            class="button"
            data-testid="dry-run"
            aria-describedby="run-summary"
            title="Try the workflow on a few of the pictures first"
            disabled=move || obstacle.get().is_some() || draft.starting()
            on:click=move |_| shown.set(true)
        >
            "Dry run"
        </button>
        <Show when=move || shown.get()><DryRunDialog shown/></Show>
    }
}

/// A picture that was tried, and what became of it.
#[derive(Clone)]
struct Tried {
    name: String,
    outcome: Result<Preview, UiError>,
}

impl Tried {
    /// `common` are the actions whose results are made of all pictures together.
    fn trial(&self, common: &SortedSet<String>) -> Option<Trial> {
        let preview = self.outcome.as_ref().ok()?;
        let own = preview.outputs.iter().filter(|output| !common.contains(&output.action_id));
        let (files, bytes) = own.fold((0, 0), |(files, bytes), output| (files + 1, bytes + output.bytes));
        Some(Trial { files, bytes, duration_ms: preview.duration_ms })
    }
}

/// Tries the pictures one after the other, until the dialog is closed.
fn try_pictures(draft: Draft, services: Services, pictures: Vec<(u32, String)>, tried: RwSignal<Vec<Tried>>) {
    spawn_local(async move {
        for (id, name) in pictures {
            let look = Look { sample: false, steps: false, patient: true };
            let outcome = match services.preview(draft.workflow_of(id), look).await {
                Ok((Previewed::Done(preview), _)) => Ok(preview),
                Ok((Previewed::Failed(failure), _)) => Err(UiError::new(failure.message, failure.hint)),
                Ok((Previewed::Steps(_) | Previewed::NoSample, _)) => continue,
                Err(problem) => Err(problem),
            };
            if tried.try_update(|tried| tried.push(Tried { name, outcome })).is_none() {
                return;
            }
        }
    });
}

#[component]
fn DryRunDialog(shown: RwSignal<bool>) -> impl IntoView {
    let (draft, services) = (expect_context::<Draft>(), expect_context::<Services>());
    let dialog = NodeRef::<html::Dialog>::new();
    modal(dialog, || true, || ());
    let entries = untrack(|| {
        let readable = |all: &[Entry]| all.iter().filter(|one| one.problem().is_none()).cloned().collect::<Vec<_>>();
        draft.with_pictures(PRIMARY, readable)
    });
    let sizes: Vec<u64> = entries.iter().map(|entry| entry.bytes).collect();
    let chosen: Vec<_> =
        (representatives(&sizes).into_iter()).map(|at| (entries[at].id, entries[at].name.clone())).collect();
    let (count, all) = (chosen.len(), entries.len() as u64);
    let document = draft.document_now();
    let equal = equal_names(&document, entries.iter().map(named));
    let common = common(&document);
    let is_gathered = !common.is_empty();
    let common = StoredValue::new(common);
    let tried = RwSignal::new(Vec::<Tried>::new());
    try_pictures(draft, services, chosen, tried);
    let free = RwSignal::new(None::<f64>);
    spawn_local(async move {
        let _closed_meanwhile = free.try_set(services.free_storage().await);
    });
    let is_running = Memo::new(move |_| tried.with(Vec::len) < count);
    let workers = client::workers().min(untrack(|| draft.concurrency()));
    let estimated = Memo::new(move |_| {
        let trial = |tried: &Tried| common.with_value(|common| tried.trial(common));
        let trials: Vec<Trial> = tried.with(|tried| tried.iter().filter_map(trial).collect());
        estimate(&trials, all, workers).filter(|_| !is_running.get())
    });
    let said = move || match (is_running.get(), estimated.get()) {
        (true, _) => format!("Trying picture {} of {count}…", tried.with(Vec::len) + 1),
        (false, Some(estimated)) if estimated.files == 0 && is_gathered => {
            format!("Something is made of {} together.", format::plural(all, "picture", "pictures"))
        }
        (false, Some(estimated)) if is_gathered => {
            format!("{} And something is made of all together.", sum(all, estimated))
        }
        (false, Some(estimated)) => sum(all, estimated),
        (false, None) => "None of these pictures can be processed.".to_owned(),
    };
    let lacks = move || {
        let (bytes, free) = (estimated.get()?.bytes, free.get()?);
        (bytes as f64 > free).then(|| {
            format!("The browser has only {} left: delete batches that you no longer need.", format::bytes(free as u64))
        })
    };
    let close = move || {
        if let Some(element) = dialog.get_untracked() {
            element.close();
        }
    };
    let run = move |_| {
        close();
        draft.run();
    };
    view! {
        <dialog
            node_ref=dialog
            class="dry-run"
            data-testid="dry-run-dialog"
            aria-labelledby="dry-run-title"
            on:close=move |_| shown.set(false)
        >
            <h2 id="dry-run-title">"Dry run"</h2>
            <p role="status" data-testid="dry-run-sum" aria-busy=move || is_running.get().to_string()>{said}</p>
            {move || lacks().map(|text| view! { <p class="note bad" data-testid="dry-run-space">{text}</p> })}
            {(equal > 0).then(|| view! {
                <p class="note" data-testid="dry-run-names">
                    {format!(
                        "{} the name of another one. A number is appended to it: “-2”, “-3” and so on.",
                        format::plural(equal, "result has", "results have"),
                    )}
                </p>
            })}
            <ul class="tried">
                <For each=move || tried.get().into_iter().enumerate() key=|(at, _)| *at let:entry>
                    <TriedPicture tried=entry.1/>
                </For>
            </ul>
            <div class="spread">
                <button class="button" data-testid="dry-run-close" on:click=move |_| close()>"Close"</button>
                <button class="button primary" data-testid="dry-run-start" on:click=run>
                    <Icon shape=Shape::Play/>
                    {format!("Run {}", format::plural(all, "picture", "pictures"))}
                </button>
            </div>
        </dialog>
    }
}

/// The whole batch in a sentence.
fn sum(pictures: u64, Estimate { files, bytes, duration_ms }: Estimate) -> String {
    format!(
        "{} {} about {}, {} in all, in about {}.",
        format::plural(pictures, "picture", "pictures"),
        if pictures == 1 { "becomes" } else { "become" },
        format::plural(files, "file", "files"),
        format::bytes(bytes),
        format::duration(duration_ms),
    )
}

/// A picture as far as the names of its results depend on it.
fn named(entry: &Entry) -> Named<'_> {
    Named {
        name: split_image_extension(&entry.name).0,
        folder: folder(entry.path.as_deref().unwrap_or_default()),
        format: entry.header.as_ref().and_then(HeaderCheck::format),
    }
}

#[component]
fn TriedPicture(tried: Tried) -> impl IntoView {
    let (facts, rest) = match tried.outcome {
        Ok(preview) => (Some(facts(&preview)), written(preview).into_any()),
        Err(UiError { text, hint }) => {
            (None, view! { <p class="note bad"><strong>{text}</strong> " " {hint}</p> }.into_any())
        }
    };
    view! {
        <li data-testid="dry-run-picture">
            <p class="tried-name"><span class="truncate" translate="no">{tried.name}</span> <span class="small muted numbers">{facts}</span></p>
            {rest}
        </li>
    }
}

fn facts(preview: &Preview) -> String {
    format!("{} × {}, {}", preview.input_width, preview.input_height, format::bytes(preview.input_bytes))
}

/// The files that a picture became, and the warnings about them.
fn written(preview: Preview) -> impl IntoView {
    let file = |PreviewOutput { name, width, height, bytes, .. }: PreviewOutput| {
        view! {
            <li class="spread small">
                <span class="truncate" translate="no">{name}</span>
                <span class="muted numbers push">{format!("{width} × {height}, {}", format::bytes(bytes))}</span>
            </li>
        }
    };
    let warning = |text: String| view! { <li>{text}</li> };
    view! {
        <ul class="tried-files">{preview.outputs.into_iter().map(file).collect_view()}</ul>
        <ul class="small muted">{preview.warnings.into_iter().map(warning).collect_view()}</ul>
    }
}
