//! The live preview: the chosen workflow, with its edits, on one of the pictures. After an edit it is first rendered on
//! reduced copies, where that gives the same picture, and then at full size, as the batch would be. Both have a worker of
//! their own, and nothing is stored.

use std::rc::Rc;
use std::time::Duration;

use leptos::leptos_dom::helpers::TimeoutHandle;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::Value;
use web_sys::{Blob, Url};

use super::draft::{Draft, Entry, PRIMARY};
use super::pinned::{Pins, Strip};
use super::placing::{Handles, OnPicture, follow_touch, moved_step};
use super::settings::Previewing;
use crate::error::Failure;
use crate::image::Size;
use crate::protocol::{Look, Preview as Rendered, PreviewOutput, Previewed};
use crate::ui::icons::{Icon, Shape};
use crate::ui::parts;
use crate::ui::servers::{Questions, track_answers};
use crate::ui::services::{Services, UiError};
use crate::ui::viewer::{OutputChoice, OutputSwitch, Viewer};
use crate::ui::widgets::{Instead, Soon, StoredImage};
use crate::view_model::placing::Placed;
use crate::view_model::{form, format};

/// How long after an edit the preview is rendered at full size if nothing else is shown: the time between two keys, or
/// two steps of a slider.
const PAUSE: Duration = Duration::from_millis(120);
/// The same while one of reduced copies is shown.
const IDLE: Duration = Duration::from_millis(300);
/// The longest side of a reduced copy.
const SAMPLE_SIDE: f64 = 1200.0;

/// A rendered preview with the addresses of its files, which are released with it.
#[derive(Debug)]
struct Shown {
    /// The picture that it was made of; while another is being rendered, it is not the chosen one.
    entry: Option<Chosen>,
    /// The step that something is moved of on it.
    moves: Option<(String, Placed)>,
    rendered: Rendered,
    /// Of the outputs, and then of the picture, if the browser does not show its file.
    urls: Vec<String>,
}

impl Shown {
    fn new(asked: Asked, rendered: Rendered, files: &[Blob]) -> Self {
        let urls = files.iter().filter_map(|file| Url::create_object_url_with_blob(file).ok()).collect();
        Self { entry: asked.entry, moves: asked.moves, rendered, urls }
    }

    /// The picture in a format that browsers show.
    fn picture(&self) -> Option<String> {
        self.urls.get(self.rendered.outputs.len()).cloned()
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        let urls = std::mem::take(&mut self.urls);
        // The browser takes milliseconds for it, and a preview often goes together with much else.
        set_timeout(
            move || {
                for url in &urls {
                    let _unknown_is_fine = Url::revoke_object_url(url);
                }
            },
            Duration::ZERO,
        );
    }
}

/// What a preview was requested for.
#[derive(Clone, Debug)]
struct Asked {
    entry: Option<Chosen>,
    moves: Option<(String, Placed)>,
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
    move || any.get().then(|| view! { <Soon>{parts::later(|later: parts::Later| (later.preview)())}</Soon> })
}

/// The same with pictures.
#[component]
pub(crate) fn Panel() -> impl IntoView {
    let (draft, services) = (expect_context::<Draft>(), expect_context::<Services>());
    // The picture by its id, so that adding and removing others does not change it.
    let chosen = RwSignal::new(None::<u32>);
    let Previewing(previewing) = expect_context();
    let place = Memo::new(move |_| {
        draft.with_pictures(PRIMARY, |all| {
            let ids: Vec<u32> = all.iter().filter(|one| one.problem().is_none()).map(|one| one.id).collect();
            let at = chosen.get().and_then(|id| ids.iter().position(|one| *one == id)).unwrap_or(0);
            (ids.get(at).copied(), at, ids.len())
        })
    });
    Effect::new(move || previewing.set(place.get().0));
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
    let progress =
        Progress { is_rendering: RwSignal::new(false), is_stale: RwSignal::new(false), scale: RwSignal::new(0.0) };
    let touched = follow_touch(draft);
    let moves = moved_step(draft, touched);
    let asked = move || Asked { entry: entry.get_untracked(), moves: moves.get_untracked() };
    let request = Memo::new(move |_| draft.preview_request(place.get().0, moves.get()));
    follow(services, request, asked, state, progress);
    let output = RwSignal::new(0_usize);
    // The view of a result stays while another takes its place, so that zoom and layout do.
    let is_done = Memo::new(move |_| state.with(|state| matches!(state, State::Done(_))));
    let shown = Signal::derive_local(move || match state.get() {
        State::Done(shown) => Some(shown),
        State::Waiting | State::Failed(_) | State::Unavailable(_) => None,
    });
    // The step whose pictures are shown, and whether they are those before it.
    let seen = Memo::new(move |_| match moves.get() {
        Some((step, placed)) => Some((placed.handle.is_on_input(), step)),
        None => draft.looked_at().map(|step| (false, step)),
    });
    let leave = move |_| {
        touched.set(None);
        draft.look_at(None);
    };
    let pins = Pins::new();
    let current = Memo::new(move |_| place.get().0);
    let is_pinned = Memo::new(move |_| pins.has(current.get()));
    let may_pin = Memo::new(move |_| is_pinned.get() || pins.has_room());
    let pin = move |_| {
        if let Some(id) = current.get_untracked() {
            pins.toggle(id);
        }
    };
    let name = move || entry.get().map(|one| one.name);
    let position = move || {
        let (_, at, count) = place.get();
        (count > 1).then(|| format!("{} of {}", format::count(at as u64 + 1), format::count(count as u64)))
    };
    view! {
        <section class="panel section preview-panel" class:stale=move || progress.is_stale.get() aria-labelledby="preview-title" data-testid="live-preview" aria-busy=move || progress.is_rendering.get().to_string()>
            <div class="spread">
                <h2 id="preview-title">"Preview"</h2>
                <span class="small muted truncate" translate="no">{name}</span>
                {move || seen.get().map(|(is_before, step)| view! {
                    <button class="chip" data-testid="look-end" title="Show the results" on:click=leave>
                        {format!("{} “{}”", if is_before { "Before" } else { "After" }, form::label(&step))}
                        <Icon shape=Shape::Close/>
                    </button>
                })}
                <Show when=move || { place.get().2 > 1 }>
                    <span class="tight push">
                        <button
                            class="button quiet square"
                            data-testid="preview-pin"
                            aria-pressed=move || is_pinned.get().to_string()
                            aria-label="Pin this picture"
                            title="Pin this picture: edits are shown on it too"
                            disabled=move || !may_pin.get()
                            on:click=pin
                        >
                            <Icon shape=Shape::Pin/>
                        </button>
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
            <Questions/>
            <Show when=move || is_done.get()>
                <Soon><Result shown output moves scale=progress.scale/></Soon>
            </Show>
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
            <Strip pins chosen=current choose=Callback::new(move |id| chosen.set(Some(id)))/>
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

/// What the panel knows of the renderings.
#[derive(Clone, Copy)]
struct Progress {
    /// Whether a preview at full size is still to come.
    is_rendering: RwSignal<bool>,
    /// Whether what is shown is older than the last edit.
    is_stale: RwSignal<bool>,
    /// Screen pixels for each pixel of the result.
    scale: RwSignal<f64>,
}

/// The requests so far.
#[derive(Clone, Copy)]
struct Requests {
    services: Services,
    state: RwSignal<State, LocalStorage>,
    progress: Progress,
    /// The number of the newest one.
    newest: StoredValue<u32>,
    /// The number of the one whose result is shown.
    shown: StoredValue<u32>,
    /// Starts the newest one at full size.
    waiting: StoredValue<Option<TimeoutHandle>>,
}

impl Requests {
    fn is_newest(self, number: u32) -> bool {
        self.newest.try_get_value() == Some(number)
    }

    /// Whether the view is still there, and nothing newer is shown.
    fn may_show(self, number: u32) -> bool {
        self.shown.try_get_value().is_some_and(|shown| number >= shown)
    }

    fn show(self, number: u32, state: State) {
        self.shown.set_value(number);
        self.state.set(state);
        if self.is_newest(number) {
            self.progress.is_stale.set(false);
        }
    }

    fn stop_waiting(self) {
        if let Some(timer) = self.waiting.try_update_value(Option::take).flatten() {
            timer.clear();
        }
    }

    /// Renders at full size after this time, unless there is a newer request by then.
    fn render_in(self, pause: Duration, number: u32, asked: Asked, document: Value) {
        self.stop_waiting();
        let render = move || {
            self.stop_waiting();
            if !self.is_newest(number) {
                return;
            }
            spawn_local(async move {
                let outcome = render(self.services, asked, document).await;
                // An older one is better than none while edits go on, but what went wrong with it is of no interest.
                let is_newest = self.is_newest(number);
                if self.may_show(number) && (is_newest || matches!(outcome, State::Done(_))) {
                    self.show(number, outcome);
                }
                if is_newest {
                    self.progress.is_rendering.try_set(false);
                }
            });
        };
        if pause.is_zero() {
            render();
        } else {
            self.waiting.set_value(set_timeout_with_handle(render, pause).ok());
        }
    }

    /// Renders reduced copies now. Where that does not help, the full size is not waited for as long.
    async fn sample(self, number: u32, asked: Asked, document: Value) {
        let look = Look { sample: true, steps: false, patient: false };
        let outcome = self.services.preview(document.clone(), look).await;
        let is_enough = match outcome {
            Ok((Previewed::Done(rendered), files)) => {
                let is_enough = !self.is_enlarged(&rendered);
                // The full size of the same request may have been faster.
                if self.may_show(number) && self.shown.get_value() < number {
                    self.show(number, State::Done(Rc::new(Shown::new(asked.clone(), rendered, &files))));
                }
                is_enough
            }
            _ => false,
        };
        let is_waiting = self.waiting.try_with_value(Option::is_some) == Some(true);
        if !is_enough && is_waiting && self.is_newest(number) {
            self.render_in(PAUSE, number, asked, document);
        }
    }

    /// Whether more of the picture is to be seen than a reduced copy has.
    fn is_enlarged(self, rendered: &Rendered) -> bool {
        let longest = rendered.outputs.iter().map(|output| output.width.max(output.height)).max().unwrap_or(0);
        let scale = self.progress.scale.try_get_untracked().unwrap_or(0.0);
        scale > 1.1 * SAMPLE_SIDE / f64::from(longest.max(1))
    }
}

/// Requests a preview whenever the workflow or the picture changes: of reduced copies at once, and at full size a moment
/// after the last edit.
fn follow(
    services: Services,
    request: Memo<Result<Value, String>>,
    asked: impl Fn() -> Asked + Copy + 'static,
    state: RwSignal<State, LocalStorage>,
    progress: Progress,
) {
    let (newest, shown, waiting) = (StoredValue::new(0), StoredValue::new(0), StoredValue::new(None));
    let requests = Requests { services, state, progress, newest, shown, waiting };
    Effect::new(move |before: Option<()>| {
        let request = request.get();
        // What failed for want of an answer may work now.
        track_answers();
        newest.update_value(|number| *number += 1);
        let number = newest.get_value();
        requests.stop_waiting();
        let document = match request {
            Ok(document) => document,
            Err(obstacle) => {
                progress.is_rendering.set(false);
                return requests.show(number, State::Unavailable(UiError::new(obstacle, "")));
            }
        };
        progress.is_rendering.set(true);
        progress.is_stale.set(true);
        let asked = untrack(asked);
        // The first one at once.
        let pause = if before.is_none() { Duration::ZERO } else { IDLE };
        requests.render_in(pause, number, asked.clone(), document.clone());
        spawn_local(requests.sample(number, asked, document));
    });
    on_cleanup(move || requests.stop_waiting());
}

async fn render(services: Services, asked: Asked, document: Value) -> State {
    match services.preview(document, Look { sample: false, steps: false, patient: false }).await {
        Ok((Previewed::Done(rendered), files)) => State::Done(Rc::new(Shown::new(asked, rendered, &files))),
        Ok((Previewed::Failed(failure), _)) => State::Failed(failure),
        Ok((Previewed::Steps(_) | Previewed::NoSample, _)) => State::Waiting,
        Err(problem) => State::Unavailable(problem),
    }
}

/// Before and after, with what the result is like.
#[component]
fn Result(
    shown: Signal<Option<Rc<Shown>>, LocalStorage>,
    output: RwSignal<usize>,
    moves: Memo<Option<(String, Placed)>>,
    scale: RwSignal<f64>,
) -> impl IntoView {
    let draft = expect_context::<Draft>();
    let entry = Memo::new(move |_| shown.get().and_then(|shown| shown.entry.clone()));
    let of = move |shown: &Shown| output.get().min(shown.rendered.outputs.len().saturating_sub(1));
    let rendered = move || shown.get().map(|shown| shown.rendered.clone());
    Effect::new(move || {
        if let Some(shown) = shown.get() {
            draft.note_columns(&shown.rendered.columns);
        }
    });
    let outputs = Memo::new(move |_| rendered().map_or_else(Vec::new, |rendered| rendered.outputs));
    let chosen = Memo::new(move |_| shown.get().and_then(|shown| shown.rendered.outputs.get(of(&shown)).cloned()));
    // Behind the addresses of the outputs is that of the picture.
    let url = move || {
        shown.get().and_then(|shown| shown.rendered.outputs.get(of(&shown)).and(shown.urls.get(of(&shown)).cloned()))
    };
    let has_none = Memo::new(move |_| rendered().is_some_and(|rendered| rendered.outputs.is_empty()));
    let before_size = Memo::new(move |_| rendered().map(|rendered| (rendered.input_width, rendered.input_height)));
    let is_sample = Memo::new(move |_| rendered().is_some_and(|rendered| rendered.is_sample));
    // What only the full size says stays until that is there.
    let known = Memo::new(move |before: Option<&(Option<String>, Vec<String>)>| {
        let Some(rendered) = rendered() else { return (None, Vec::new()) };
        if rendered.is_sample && !rendered.outputs.is_empty() {
            return before.cloned().unwrap_or_default();
        }
        let bytes = entry.get().map_or(0, |entry| entry.bytes);
        (chosen.get().map(|output| facts(&output, bytes, rendered.duration_ms)), rendered.warnings)
    });
    let facts = move || known.with(|(facts, _)| facts.clone());
    let asset_id = Memo::new(move |_| {
        // A table is no picture.
        let entry = entry.get().filter(|_| !draft.takes_file(PRIMARY));
        entry.and_then(|entry| entry.asset_id)
    });
    let instead = Instead::Url(Signal::derive_local(move || shown.get().and_then(|shown| shown.picture())));
    let before = move || {
        let instead = Some(instead.clone());
        asset_id.get().map(|asset_id| view! { <StoredImage asset_id alt="The picture as it is" instead/> })
    };
    let after = move || url().map(|url| view! { <img src=url alt="The result" decoding="async" draggable="false"/> });
    let choices = move || {
        let choice =
            |output: &PreviewOutput| OutputChoice::new(&output.name, &output.mime_type, (output.width, output.height));
        outputs.with(|outputs| outputs.iter().map(choice).collect::<Vec<_>>())
    };
    // The handle is shown once the picture is that of its step.
    let on_picture = Memo::new(move |_| {
        let (id, placed) = moves.get()?;
        let shown = shown.get().filter(|shown| shown.moves.as_ref() == Some(&(id.clone(), placed)))?;
        let picture = shown.rendered.outputs.first().map(|output| Size::new(output.width, output.height))?;
        let area = shown.rendered.placed.iter().find(|(step, _)| *step == id).map(|(_, area)| *area);
        Some(OnPicture { id, placed, picture, area })
    });
    let handles = move || view! { <Soon><Handles shown=on_picture/></Soon> };
    let warnings = move || known.with(|(_, warnings)| Some(warnings.clone()).filter(|warnings| !warnings.is_empty()));
    view! {
        <OutputSwitch choices=Signal::derive(choices) chosen=output/>
        <div hidden=has_none>
            <Soon>
            <Viewer
                before_size
                after_size=Signal::derive(move || chosen.get().map(|output| (output.width, output.height)))
                background=Signal::derive(String::new)
                before=before.clone()
                after
                layer=handles
                alone=Signal::derive(move || moves.with(Option::is_some))
                sampled=is_sample.into()
                scale
            />
            </Soon>
        </div>
        <p class="small muted numbers preview-facts" class:stale=move || is_sample.get() data-testid="preview-facts">{facts}</p>
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
