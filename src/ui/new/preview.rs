//! The live preview: the chosen workflow, with its edits, on one of the pictures. It is rendered at full size by a worker
//! of its own, as the batch would be, and nothing of it is stored.

use std::rc::Rc;
use std::time::Duration;

use leptos::leptos_dom::helpers::TimeoutHandle;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::Value;
use web_sys::{Blob, Url};

use super::draft::{Draft, Entry, PRIMARY};
use crate::error::Failure;
use crate::protocol::{Preview as Rendered, PreviewOutput, Previewed};
use crate::ui::icons::{Icon, Shape};
use crate::ui::parts;
use crate::ui::services::{Services, UiError};
use crate::ui::viewer::{OutputChoice, OutputSwitch, Viewer};
use crate::ui::widgets::{Instead, StoredImage};
use crate::view_model::format;

/// How long after an edit the preview is requested: the time between two keys, or two steps of a slider.
const PAUSE: Duration = Duration::from_millis(120);

/// A rendered preview with the addresses of its files, which are released with it.
#[derive(Debug)]
struct Shown {
    /// The picture that it was made of; while another is being rendered, it is not the chosen one.
    entry: Option<Chosen>,
    rendered: Rendered,
    /// Of the outputs, and then of the picture, if the browser does not show its file.
    urls: Vec<String>,
}

impl Shown {
    fn new(entry: Option<Chosen>, rendered: Rendered, files: &[Blob]) -> Self {
        let urls = files.iter().filter_map(|file| Url::create_object_url_with_blob(file).ok()).collect();
        Self { entry, rendered, urls }
    }

    /// The picture in a format that browsers show.
    fn picture(&self) -> Option<String> {
        self.urls.get(self.rendered.outputs.len()).cloned()
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        for url in &self.urls {
            let _unknown_is_fine = Url::revoke_object_url(url);
        }
    }
}

/// What the panel shows.
#[derive(Clone)]
enum State {
    /// Nothing has been rendered yet.
    Waiting,
    Done(Rc<Shown>),
    /// The workflow fails on this picture.
    Failed(Failure),
    /// There is no preview, for another reason.
    Unavailable(UiError),
}

/// The panel; nothing while there are no pictures.
#[component]
pub(crate) fn Preview() -> impl IntoView {
    let draft = expect_context::<Draft>();
    let any = Memo::new(move |_| draft.with_pictures(PRIMARY, |all| all.iter().any(|one| one.problem().is_none())));
    move || any.get().then(|| parts::later(|later| (later.preview)()))
}

/// The same with pictures.
#[component]
pub(crate) fn Panel() -> impl IntoView {
    let (draft, services) = (expect_context::<Draft>(), expect_context::<Services>());
    // The picture by its id, so that adding and removing others does not change it.
    let chosen = RwSignal::new(None::<u32>);
    let place = Memo::new(move |_| {
        draft.with_pictures(PRIMARY, |all| {
            let ids: Vec<u32> = all.iter().filter(|one| one.problem().is_none()).map(|one| one.id).collect();
            let at = chosen.get().and_then(|id| ids.iter().position(|one| *one == id)).unwrap_or(0);
            (ids.get(at).copied(), at, ids.len())
        })
    });
    let entry = Memo::new(move |_| {
        let (id, ..) = place.get();
        draft.with_pictures(PRIMARY, |all| all.iter().find(|one| Some(one.id) == id).map(Chosen::of))
    });
    let step = move |by: isize| {
        let (_, at, count) = place.get_untracked();
        let to = (at as isize + by).rem_euclid(count.max(1) as isize) as usize;
        let id = draft
            .with_pictures(PRIMARY, |all| all.iter().filter(|one| one.problem().is_none()).nth(to).map(|one| one.id));
        chosen.set(id);
    };
    let state = RwSignal::new_local(State::Waiting);
    let is_rendering = RwSignal::new(false);
    follow(draft, services, place, entry, state, is_rendering);
    let output = RwSignal::new(0_usize);
    // The view of a result stays while another takes its place, so that zoom and layout do.
    let is_done = Memo::new(move |_| state.with(|state| matches!(state, State::Done(_))));
    let shown = Signal::derive_local(move || match state.get() {
        State::Done(shown) => Some(shown),
        State::Waiting | State::Failed(_) | State::Unavailable(_) => None,
    });
    let name = move || entry.get().map(|one| one.name);
    let position = move || {
        let (_, at, count) = place.get();
        (count > 1).then(|| format!("{} of {}", format::count(at as u64 + 1), format::count(count as u64)))
    };
    view! {
        <section class="panel section preview-panel" aria-labelledby="preview-title" data-testid="live-preview" aria-busy=move || is_rendering.get().to_string()>
            <div class="spread">
                <h2 id="preview-title">"Preview"</h2>
                <span class="small muted truncate">{name}</span>
                <Show when=move || { place.get().2 > 1 }>
                    <span class="tight push">
                        <button class="button quiet square" data-testid="preview-before" aria-label="Previous picture" title="Previous picture" on:click=move |_| step(-1)>
                            <Icon shape=Shape::Back/>
                        </button>
                        <span class="small muted numbers">{position}</span>
                        <button class="button quiet square next" data-testid="preview-next" aria-label="Next picture" title="Next picture" on:click=move |_| step(1)>
                            <Icon shape=Shape::Back/>
                        </button>
                    </span>
                </Show>
            </div>
            <Show when=move || is_done.get()><Result shown output/></Show>
            {move || match state.get() {
                State::Done(_) => ().into_any(),
                State::Waiting => view! { <p class="small muted preview-wait" role="status">"Rendering…"</p> }.into_any(),
                State::Failed(failure) => view! {
                    <div class="note bad" role="status" data-testid="preview-failed">
                        <p><strong>{failure.message.clone()}</strong> " " {failure.hint.clone()}</p>
                    </div>
                }
                .into_any(),
                State::Unavailable(problem) => view! {
                    <p class="small muted" role="status" data-testid="preview-unavailable">{problem.text} " " {problem.hint}</p>
                }
                .into_any(),
            }}
        </section>
    }
}

/// What the panel needs of a picture.
#[derive(Clone, Debug, PartialEq)]
struct Chosen {
    name: String,
    asset_id: Option<String>,
    bytes: u64,
}

impl Chosen {
    fn of(entry: &Entry) -> Self {
        let asset_id = entry.source_url.strip_prefix("asset:").map(str::to_owned);
        Self { name: entry.name.clone(), asset_id, bytes: entry.bytes }
    }
}

/// Requests a preview whenever the workflow or the picture changes, a moment after the last edit.
fn follow(
    draft: Draft,
    services: Services,
    place: Memo<(Option<u32>, usize, usize)>,
    entry: Memo<Option<Chosen>>,
    state: RwSignal<State, LocalStorage>,
    is_rendering: RwSignal<bool>,
) {
    let request = Memo::new(move |_| draft.preview_request(place.get().0));
    let generation = StoredValue::new(0_u32);
    let waiting = StoredValue::new(None::<TimeoutHandle>);
    Effect::new(move |before: Option<()>| {
        let request = request.get();
        let mine = generation.try_update_value(|number| {
            *number += 1;
            *number
        });
        if let Some(timer) = waiting.try_update_value(Option::take).flatten() {
            timer.clear();
        }
        let document = match request {
            Ok(document) => document,
            Err(obstacle) => {
                is_rendering.set(false);
                return state.set(State::Unavailable(UiError::new(obstacle, "")));
            }
        };
        let render = move || {
            is_rendering.try_set(true);
            let entry = entry.get_untracked();
            spawn_local(async move {
                let outcome = render(services, entry, document).await;
                if generation.try_get_value() == mine {
                    is_rendering.try_set(false);
                    state.try_set(outcome);
                }
            });
        };
        // The first one at once.
        match before {
            None => render(),
            Some(()) => waiting.set_value(set_timeout_with_handle(render, PAUSE).ok()),
        }
    });
    on_cleanup(move || {
        if let Some(timer) = waiting.try_update_value(Option::take).flatten() {
            timer.clear();
        }
    });
}

async fn render(services: Services, entry: Option<Chosen>, document: Value) -> State {
    match services.preview(document).await {
        Ok((Previewed::Done(rendered), files)) => State::Done(Rc::new(Shown::new(entry, rendered, &files))),
        Ok((Previewed::Failed(failure), _)) => State::Failed(failure),
        Err(problem) => State::Unavailable(problem),
    }
}

/// Before and after, with what the result is like.
#[component]
fn Result(shown: Signal<Option<Rc<Shown>>, LocalStorage>, output: RwSignal<usize>) -> impl IntoView {
    let entry = Memo::new(move |_| shown.get().and_then(|shown| shown.entry.clone()));
    let of = move |shown: &Shown| output.get().min(shown.rendered.outputs.len().saturating_sub(1));
    let rendered = move || shown.get().map(|shown| shown.rendered.clone());
    let outputs = Memo::new(move |_| rendered().map_or_else(Vec::new, |rendered| rendered.outputs));
    let chosen = Memo::new(move |_| shown.get().and_then(|shown| shown.rendered.outputs.get(of(&shown)).cloned()));
    let url = move || shown.get().and_then(|shown| shown.urls.get(of(&shown)).cloned());
    let before_size = Memo::new(move |_| rendered().map(|rendered| (rendered.input_width, rendered.input_height)));
    let facts = move || {
        let duration = rendered().map_or(0.0, |rendered| rendered.duration_ms);
        chosen.get().map(|output| facts(&output, entry.get().map_or(0, |entry| entry.bytes), duration))
    };
    let asset_id = Memo::new(move |_| entry.get().and_then(|entry| entry.asset_id));
    let instead = Instead::Url(Signal::derive_local(move || shown.get().and_then(|shown| shown.picture())));
    let before = (move || {
        let instead = Some(instead.clone());
        asset_id.get().map(|asset_id| view! { <StoredImage asset_id alt="The picture as it is" instead/> })
    })
    .into_any();
    let after = (move || url().map(|url| view! { <img src=url alt="The result" decoding="async" draggable="false"/> }))
        .into_any();
    let choices = move || {
        let choice =
            |output: &PreviewOutput| OutputChoice::new(&output.name, &output.mime_type, (output.width, output.height));
        outputs.with(|outputs| outputs.iter().map(choice).collect::<Vec<_>>())
    };
    let warnings = move || rendered().map(|rendered| rendered.warnings).filter(|warnings| !warnings.is_empty());
    view! {
        <OutputSwitch choices=Signal::derive(choices) chosen=output/>
        <Viewer
            before_size
            after_size=Signal::derive(move || chosen.get().map(|output| (output.width, output.height)))
            background=Signal::derive(String::new)
            before
            after
        />
        <p class="small muted numbers preview-facts" data-testid="preview-facts">{facts}</p>
        {move || warnings().map(|warnings| view! {
            <ul class="small preview-warnings" data-testid="preview-warnings">
                {warnings.into_iter().map(|warning| view! { <li><Icon shape=Shape::Warning/>{warning}</li> }).collect_view()}
            </ul>
        })}
    }
}

/// The result's name, format, size, how it compares with the original, and the time it took.
fn facts(output: &PreviewOutput, before: u64, duration_ms: f64) -> String {
    let change = format::change(before, output.bytes).map(|change| format!(" ({change})")).unwrap_or_default();
    let kind = format::media_type(&output.mime_type);
    format!("{} · {kind} · {}{change} · {}", output.name, format::bytes(output.bytes), format::duration(duration_ms))
}
