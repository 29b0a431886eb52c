//! The list of executions. Only visible rows exist.

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::KeyboardEvent;

use super::marks::{MarkBar, Marking};
use super::row::{Row, WaitingRow};
use super::state::ExecutionList;
use crate::ui::focus::{focus, is_composing};
use crate::ui::stage::Stage;
use crate::ui::widgets::{Segments, gradually};
use crate::view_model::format;
use crate::view_model::window::Window;

/// Height of a row and of the page's header, as in the style sheet.
const ROW: f64 = 76.0;
const HEADER: f64 = 56.0;
/// Rows that are built at once when the list is first shown; the others follow in tasks of their own.
const ROWS_AT_ONCE: u32 = 8;

const FILTERS: [(&str, &str); 6] = [
    ("all", "All"),
    ("success", "Done"),
    ("doubtful", "Needs review"),
    ("failed", "Failed"),
    ("running", "Running"),
    ("pending", "Waiting"),
];

/// The list with its filter; `covered` while the detail is on top of it.
#[component]
pub(crate) fn ExecutionListView(covered: Memo<bool>) -> impl IntoView {
    let (list, stage) = (expect_context::<ExecutionList>(), expect_context::<Stage>());
    let frame = NodeRef::<html::Div>::new();
    let place = RwSignal::new((0.0, 800.0));
    let window_of = move |place: (f64, f64), total: u32| Window {
        scrolled: place.0,
        viewport: place.1,
        row: ROW,
        columns: 1,
        total,
    };
    let measure = move || {
        // By the next frame the view may be gone.
        if let Some(frame) = frame.try_get_untracked().flatten() {
            let (top, height) = stage.sight();
            place.set((top + HEADER - frame.get_bounding_client_rect().top(), height - HEADER));
        }
    };
    stage.on_scroll(measure);
    stage.on_resize(measure);
    let total = Memo::new(move |_| list.matching().unwrap_or(0));
    let window_now = Memo::new(move |_| window_of(place.get(), total.get()));
    Effect::new(move || {
        frame.track();
        total.track();
        list.is_open();
        request_animation_frame(measure);
    });
    let entries = gradually(move || window_now.get().entries(), ROWS_AT_ONCE);
    Effect::new(move || list.want(entries.get()));
    // A new filter starts at the top.
    Effect::new(move |before: Option<&'static str>| {
        let filter = list.filter().get();
        if before.is_some_and(|before| before != filter) {
            list.start_over();
        }
        filter
    });
    let marking = expect_context::<Marking>();
    // In the list and in the detail: the picture before and after the current one. If the detail is open, it shows that
    // picture.
    stage.listen("keydown", move |event: KeyboardEvent| {
        if is_composing(&event) {
            return;
        }
        let step = match event.key().as_str() {
            "ArrowDown" => 1,
            "ArrowUp" => -1,
            "a" | "A" if event.ctrl_key() || event.meta_key() => 0,
            _ => return,
        };
        let Some(place) = element_of(&event).filter(|element| !element.matches(FIELDS).unwrap_or(true)) else { return };
        let Ok(Some(place)) = place.closest(".rows, .detail") else { return };
        if step == 0 {
            if marking.mark_all() {
                event.prevent_default();
            }
            return;
        }
        let Some((at, execution)) = list.neighbour(step) else { return };
        event.prevent_default();
        let index = execution.asset_index;
        if event.shift_key() {
            for one in list.current().into_iter().chain([index]).filter(|one| !untrack(|| marking.is_marked(*one))) {
                marking.toggle(one, false);
            }
        }
        if list.selected().is_some() {
            list.select(execution);
        } else {
            list.set_current(index);
        }
        reveal(stage, window_now.get_untracked(), at, frame);
        if place.matches(".rows").unwrap_or(false) {
            request_animation_frame(move || focus_row(stage, index));
        }
    });
    let offset = move || window_now.get().top(window_now.get().entries().start);
    view! {
        <section class="results-list" aria-label="Pictures" prop:inert=move || covered.get()>
            <Segments label="Filter pictures" choices=&FILTERS chosen=list.filter()/>
            <MarkBar/>
            {move || list.problem().map(|problem| {
                view! { <p class="note bad" role="alert">{problem.text} " " {problem.hint}</p> }
            })}
            <div
                class="rows"
                class:marking=move || marking.any()
                node_ref=frame
                data-testid="execution-list"
                data-total=move || total.get()
                style:height=move || format!("{}px", window_now.get().height())
            >
                <ul aria-label="Pictures" style:transform=move || format!("translateY({}px)", offset())>
                    <For
                        each=move || list.entries()
                        key=|(at, execution)| execution.as_ref().map_or((false, *at), |one| (true, one.asset_index))
                        let:entry
                    >
                        {match entry.1 {
                            Some(first) => view! { <Row first at=entry.0 total/> }.into_any(),
                            None => view! { <WaitingRow/> }.into_any(),
                        }}
                    </For>
                </ul>
            </div>
            <Show when=move || list.matching() == Some(0)>
                <p class="muted none-here">"No pictures in this state."</p>
            </Show>
            <p class="unseen" aria-live="polite">{move || format::plural(u64::from(total.get()), "picture", "pictures")}</p>
        </section>
    }
}

fn reveal(stage: Stage, list: Window, at: u32, frame: NodeRef<html::Div>) {
    let (Some(to), Some(frame)) = (list.reveal(at), frame.get_untracked()) else { return };
    let by = to + frame.get_bounding_client_rect().top() - stage.sight().0 - HEADER;
    stage.scroll_by(by);
}

/// Elements that use the arrow keys themselves.
const FIELDS: &str = "input:not(.mark), select, textarea";

fn element_of(event: &web_sys::Event) -> Option<web_sys::Element> {
    event.target().and_then(|target| target.dyn_into().ok())
}

/// Focuses a row's button, or the page's main part if the row is not visible.
pub(crate) fn focus_row(stage: Stage, asset_index: u32) {
    let selector = format!("[data-testid=execution-row][data-index=\"{asset_index}\"] .open");
    match stage.find(&selector).and_then(|button| button.dyn_into::<web_sys::HtmlElement>().ok()) {
        // A row at the edge scrolls into view.
        Some(button) => drop(button.focus()),
        None => stage.focus_main(),
    }
}

/// Focuses the detail if the event came from there, otherwise the row.
pub(crate) fn focus_around(stage: Stage, event: &web_sys::Event, asset_index: u32) {
    let detail = element_of(event).and_then(|element| element.closest(".detail").ok().flatten());
    if detail.is_some() { focus(detail) } else { focus_row(stage, asset_index) }
}
