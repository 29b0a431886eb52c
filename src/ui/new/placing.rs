//! Handles on the preview's picture, by which what a step places there is moved: with a pointer, or with the arrow keys.
//! They only draw and listen; where things lie and what moving them means is decided by `view_model/placing.rs`.

use std::sync::atomic::{AtomicU32, Ordering};

use leptos::html;
use leptos::prelude::*;
use serde_json::Map;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, KeyboardEvent, PointerEvent};

use super::draft::Draft;
use crate::actions::Area;
use crate::actions::parameters::Point;
use crate::image::Size;
use crate::ui::focus::is_composing;
use crate::ui::stage::Stage;
use crate::view_model::placing::{self, At, Frame, Grip, Handle, Placed};
use crate::view_model::{document, form};

/// The step that something is moved of, as far as its picture is shown.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct OnPicture {
    /// Its `actionId`.
    pub(super) id: String,
    /// What is moved.
    pub(super) placed: Placed,
    /// The size of the picture that is shown.
    pub(super) picture: Size,
    /// Where the step placed something on it.
    pub(super) area: Option<Area>,
}

/// The step that the user works on, by the workflow's choice and its `actionId`.
type Touched = RwSignal<Option<(String, String)>>;

/// Follows the step that the user works on: the one that has the focus, in the list while it is unfolded, or in the graph.
pub(super) fn follow_touch(draft: Draft) -> Touched {
    let touched: Touched = RwSignal::new(None);
    let stage = expect_context::<Stage>();
    let look = move || {
        // Only once a click has folded or unfolded a step.
        request_animation_frame(move || {
            let active = stage.active_element();
            let Some(step) = active.and_then(|active| active.closest("[data-step]").ok().flatten()) else { return };
            let Some(id) = step.get_attribute("data-step") else { return };
            let is_folded = step.query_selector("details.group:not([open])").is_ok_and(|found| found.is_some());
            let now = (!is_folded).then(|| (untrack(|| draft.choice()), id));
            if touched.try_with_untracked(|before| *before != now) == Some(true) {
                touched.try_set(now);
            }
        });
    };
    stage.listen("focusin", move |_: web_sys::Event| look());
    stage.listen("click", move |_: web_sys::Event| look());
    touched
}

/// The step whose handle is shown: the one that is worked on, or otherwise the one that is looked at.
pub(super) fn moved_step(draft: Draft, touched: Touched) -> Memo<Option<(String, Placed)>> {
    Memo::new(move |_| {
        let of = |id: String| draft.with_document(|now| placing::placed(now, &id)).map(|placed| (id, placed));
        let touched = touched.get().filter(|(choice, _)| *choice == draft.choice()).map(|(_, id)| id);
        touched.and_then(of).or_else(|| draft.looked_at().and_then(of))
    })
}

/// What a movement begins with, and where it leads.
#[derive(Clone, Copy)]
enum Spot {
    Point(Point),
    Frame(Frame),
}

/// A pointer that holds something: where it was taken, in the window, and what lay where then.
#[derive(Clone, Copy)]
struct Held {
    from: (f64, f64),
    start: Spot,
}

/// Moves one step's thing.
#[derive(Clone, Copy)]
struct Mover {
    draft: Draft,
    id: StoredValue<String>,
    placed: Placed,
    picture: Memo<Size>,
    /// Width and height of what lies at an anchor, in pixels of the picture.
    size: Memo<(f64, f64)>,
    layer: NodeRef<html::Div>,
    held: StoredValue<Option<Held>>,
    /// Where keys have moved it, before it snaps to an anchor.
    wanted: StoredValue<Option<Spot>>,
    /// Movements with the same number are undone together.
    movement: StoredValue<u32>,
}

/// Counts the movements of the page.
static MOVEMENTS: AtomicU32 = AtomicU32::new(0);

impl Mover {
    /// Reads the step's parameters, tracked.
    fn with<T>(self, read: impl FnOnce(At<'_>) -> T) -> T {
        let none = Map::new();
        self.draft.with_document(|now| {
            let raw = document::parameters(now, self.placed.index).unwrap_or(&none);
            read(At { action: self.placed.action, raw })
        })
    }

    /// Where it is now, tracked.
    fn spot(self) -> Spot {
        let (picture, size) = (self.picture.get(), self.size.get());
        self.with(|at| match self.placed.handle {
            Handle::Point => Spot::Point(at.point(picture)),
            Handle::Frame => Spot::Frame(at.frame(picture)),
            Handle::Anchored => Spot::Frame(at.anchored(picture, size)),
        })
    }

    /// The same as shares of the picture, tracked.
    fn area(self) -> Area {
        match self.spot() {
            Spot::Point(Point { x, y }) => Area { left: x, top: y, width: 0.0, height: 0.0 },
            Spot::Frame(frame) => frame.area(self.picture.get()),
        }
    }

    /// The part that is kept around a point, tracked.
    fn kept(self) -> Option<Area> {
        let picture = self.picture.get();
        self.with(|at| at.kept(picture)).map(|kept| kept.area(picture))
    }

    /// Begins a movement, which can be undone by itself.
    fn begin(self) {
        self.movement.set_value(MOVEMENTS.fetch_add(1, Ordering::Relaxed));
        self.wanted.set_value(None);
    }

    /// Moves it from where it was by shares of the picture, and returns where it should be.
    fn shift(self, start: Spot, grip: Grip, (across, down): (f64, f64)) -> Spot {
        let picture = self.picture.get_untracked();
        let by = (across * f64::from(picture.width), down * f64::from(picture.height));
        let to = match (start, self.placed.handle) {
            (Spot::Point(Point { x, y }), _) => Spot::Point(Point { x: x + across, y: y + down }),
            (Spot::Frame(frame), Handle::Anchored) => {
                Spot::Frame(Frame { left: frame.left + by.0, top: frame.top + by.1, ..frame })
            }
            (Spot::Frame(frame), _) => Spot::Frame(placing::dragged(frame, grip, by, picture)),
        };
        let (does, changes) = untrack(|| {
            self.with(|at| {
                let changes = match (to, self.placed.handle) {
                    (Spot::Point(point), _) => at.with_point(point),
                    (Spot::Frame(frame), Handle::Anchored) => at.with_anchored(picture, frame),
                    (Spot::Frame(frame), _) => at.with_frame(frame),
                };
                (at.does(self.placed.handle, grip), changes)
            })
        });
        let tag = self.id.with_value(|id| format!("place {id} {}", self.movement.get_value()));
        self.draft.place(&tag, &does, self.placed.index, &changes);
        to
    }

    fn press(self, event: &PointerEvent) {
        if event.button() != 0 {
            return;
        }
        event.prevent_default();
        event.stop_propagation();
        let Some(target) = event.current_target().and_then(|target| target.dyn_into::<HtmlElement>().ok()) else {
            return;
        };
        let _without_it_the_keys_are_elsewhere = target.focus();
        let _without_it_a_drag_ends_at_the_edge = target.set_pointer_capture(event.pointer_id());
        self.begin();
        let start = untrack(|| self.spot());
        self.held.set_value(Some(Held { from: place_of(event), start }));
    }

    fn drag(self, event: &PointerEvent, grip: Grip) {
        let (Some(Held { from, start }), Some(layer)) = (self.held.get_value(), self.layer.get_untracked()) else {
            return;
        };
        event.stop_propagation();
        let (edges, to) = (layer.get_bounding_client_rect(), place_of(event));
        let by = ((to.0 - from.0) / edges.width().max(1.0), (to.1 - from.1) / edges.height().max(1.0));
        self.shift(start, grip, by);
    }

    fn release(self, event: &PointerEvent) {
        if self.held.try_update_value(Option::take).flatten().is_some() {
            event.stop_propagation();
            // What keys do next is another movement.
            self.begin();
        }
    }

    fn key(self, event: &KeyboardEvent, grip: Grip) {
        if is_composing(event) || event.alt_key() || event.ctrl_key() || event.meta_key() {
            return;
        }
        let (across, down) = match event.key().as_str() {
            "ArrowLeft" => (-1.0, 0.0),
            "ArrowRight" => (1.0, 0.0),
            "ArrowUp" => (0.0, -1.0),
            "ArrowDown" => (0.0, 1.0),
            _ => return,
        };
        event.prevent_default();
        event.stop_propagation();
        let picture = self.picture.get_untracked();
        let step = placing::key_step(event.shift_key());
        // At least a pixel, which is what a frame is rounded to.
        let step = |side: u32| step.max(1.0 / f64::from(side.max(1)));
        let start = self.wanted.get_value().unwrap_or_else(|| untrack(|| self.spot()));
        let to = self.shift(start, grip, (across * step(picture.width), down * step(picture.height)));
        // Beyond the edges there is nothing to come back from.
        self.wanted.set_value((self.placed.handle == Handle::Anchored).then_some(match to {
            Spot::Point(point) => Spot::Point(point),
            Spot::Frame(frame) => Spot::Frame(placing::dragged(frame, Grip::WHOLE, (0.0, 0.0), picture)),
        }));
    }
}

fn place_of(event: &PointerEvent) -> (f64, f64) {
    (f64::from(event.client_x()), f64::from(event.client_y()))
}

fn percent(share: f64) -> String {
    format!("{}%", share * 100.0)
}

/// The handle of the step that is worked on, in a layer that lies on the picture and is as large.
#[component]
pub(super) fn Handles(
    /// The step, once its picture is there.
    shown: Memo<Option<OnPicture>>,
) -> impl IntoView {
    let draft = expect_context::<Draft>();
    let layer = NodeRef::<html::Div>::new();
    let step = Memo::new(move |_| {
        // What lies at an anchor cannot be drawn before the step has said how large it is.
        let known = |one: &OnPicture| one.placed.handle != Handle::Anchored || one.area.is_some();
        shown.with(|shown| shown.as_ref().filter(|one| known(one)).map(|one| (one.id.clone(), one.placed)))
    });
    let picture = Memo::new(move |_| shown.with(|shown| shown.as_ref().map_or(Size::new(1, 1), |one| one.picture)));
    let size = Memo::new(move |_| {
        let picture = picture.get();
        let area = shown.with(|shown| shown.as_ref().and_then(|one| one.area));
        area.map_or((1.0, 1.0), |area| (area.width * f64::from(picture.width), area.height * f64::from(picture.height)))
    });
    let handle = move || {
        step.get().map(|(id, placed)| {
            let mover = Mover {
                draft,
                id: StoredValue::new(id),
                placed,
                picture,
                size,
                layer,
                held: StoredValue::new(None),
                wanted: StoredValue::new(None),
                movement: StoredValue::new(0),
            };
            mover.begin();
            match placed.handle {
                Handle::Point => view! { <Ring mover/> }.into_any(),
                Handle::Frame => view! { <Edges mover/> }.into_any(),
                Handle::Anchored => view! { <Anchored mover/> }.into_any(),
            }
        })
    };
    view! { <div class="handles" node_ref=layer>{handle}</div> }
}

/// The rest of the picture is darkened.
#[component]
fn Kept(area: Signal<Option<Area>>) -> impl IntoView {
    let side = move |of: fn(&Area) -> f64| move || percent(area.get().as_ref().map_or(0.0, of));
    view! {
        <div class="handle-shade" hidden=move || area.get().is_none()>
            <div
                class="handle-kept"
                style:left=side(|area| area.left)
                style:top=side(|area| area.top)
                style:width=side(|area| area.width)
                style:height=side(|area| area.height)
            ></div>
        </div>
    }
}

/// Something that can be held, and moved with the arrow keys.
#[component]
fn Held(mover: Mover, grip: Grip, class: &'static str, label: String, testid: String) -> impl IntoView {
    let area = Memo::new(move |_| mover.area());
    let is_frame = mover.placed.handle != Handle::Point && grip == Grip::WHOLE;
    // A grip lies on the middle of its edge, or on its corner.
    let left = move || {
        let area = area.get();
        percent(if is_frame { area.left } else { area.left + area.width * f64::from(grip.across + 1) / 2.0 })
    };
    let top = move || {
        let area = area.get();
        percent(if is_frame { area.top } else { area.top + area.height * f64::from(grip.down + 1) / 2.0 })
    };
    let length = move |of: fn(&Area) -> f64| move || is_frame.then(|| percent(of(&area.get())));
    let handle = mover.placed.handle;
    let now = move || {
        let picture = mover.picture.get();
        mover.with(|at| at.percent(handle, grip, area.get(), picture)).to_string()
    };
    let said = move || {
        let picture = mover.picture.get();
        mover.with(|at| at.said(handle, grip, picture))
    };
    // Corners do what two edges do: no key needs them.
    let is_spoken = !grip.is_corner();
    view! {
        <div
            class=format!("handle {class}")
            role=is_spoken.then_some("slider")
            tabindex=is_spoken.then_some("0")
            aria-hidden=(!is_spoken).then_some("true")
            aria-label=is_spoken.then_some(label)
            aria-valuemin=is_spoken.then_some("0")
            aria-valuemax=is_spoken.then_some("100")
            aria-valuenow=move || is_spoken.then(now)
            aria-valuetext=move || is_spoken.then(said)
            aria-orientation=(is_spoken && grip.across == 0 && grip.down != 0).then_some("vertical")
            data-testid=testid
            data-across=grip.across.to_string()
            data-down=grip.down.to_string()
            style:left=left
            style:top=top
            style:width=length(|area| area.width)
            style:height=length(|area| area.height)
            on:focus=move |_| mover.begin()
            on:pointerdown=move |event| mover.press(&event)
            on:pointermove=move |event| mover.drag(&event, grip)
            on:pointerup=move |event| mover.release(&event)
            on:pointercancel=move |event| mover.release(&event)
            on:dblclick=move |event| event.stop_propagation()
            on:keydown=move |event| mover.key(&event, grip)
        ></div>
    }
}

#[component]
fn Ring(mover: Mover) -> impl IntoView {
    let label = mover.with(|at| at.label());
    view! {
        <Kept area=Signal::derive(move || mover.kept())/>
        <Held mover grip=Grip::WHOLE class="ring" label testid="handle-point".to_owned()/>
    }
}

#[component]
fn Edges(mover: Mover) -> impl IntoView {
    let grips = Grip::EDGES.map(|grip| {
        let testid = format!("handle-{}-{}", grip.across, grip.down);
        let class = if grip.is_corner() { "grip corner" } else { "grip" };
        view! { <Held mover grip class label=grip.name().to_owned() testid/> }
    });
    view! {
        <Kept area=Signal::derive(move || Some(mover.area()))/>
        <Held mover grip=Grip::WHOLE class="frame" label=Grip::WHOLE.name().to_owned() testid="handle-frame".to_owned()/>
        {grips.into_iter().collect_view()}
    }
}

#[component]
fn Anchored(mover: Mover) -> impl IntoView {
    let label = format!("Place of {}", mover.id.with_value(|id| form::label(id)));
    view! { <Held mover grip=Grip::WHOLE class="box" label testid="handle-box".to_owned()/> }
}
