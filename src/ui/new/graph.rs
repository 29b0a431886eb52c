//! The workflow as a graph: steps as boxes, connections as curves between their ports. It shows and edits the same
//! document as the list of steps, with mouse, touch and keys.

mod bar;
mod frame;
mod minimap;
mod node;
mod thumbnails;
mod wire;

use std::collections::HashSet;

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, KeyboardEvent, MouseEvent, PointerEvent, WheelEvent};

use self::bar::SelectionBar;
use self::frame::FrameBox;
use self::minimap::Minimap;
use self::node::Node;
use self::thumbnails::{Thumbnails, follow_thumbnails};
use self::wire::{WireAdd, WirePath};
use super::draft::PRIMARY;
use super::settings::Adding;
use super::steps::Editor;
use crate::ui::focus::{focus, is_composing};
use crate::ui::icons::{Icon, Shape};
use crate::ui::stage::on_size;
use crate::view_model::editing::{self, Place};
use crate::view_model::graph::{self, Picture, Step, WIDTH, Way};
use crate::view_model::places;

/// A port of a step: `actionId` and name.
type End = (String, String);

/// Where the plane is in its frame, and how large.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Sight {
    x: f64,
    y: f64,
    scale: f64,
}

const SCALES: (f64, f64) = (0.2, 2.0);
/// The scale below which texts cannot be read.
const LEGIBLE: f64 = 0.65;
/// How near to a port a connection can be dropped, in pixels of the plane.
const REACH: f64 = 28.0;
/// How far a pointer moves before it drags, in pixels.
const STILL: f64 = 5.0;
/// How far a key moves a step.
const NUDGE: f64 = 16.0;

impl Sight {
    /// Shows the whole picture, at most in its own size and at least at a scale.
    fn fitting(picture: &Picture, (width, height): (f64, f64), least: f64) -> Self {
        let scale = (width / picture.width.max(1.0)).min(height / picture.height.max(1.0)).clamp(least, 1.0);
        let middle = |frame: f64, length: f64| ((frame - length * scale) / 2.0).max(0.0);
        Self { x: middle(width, picture.width), y: middle(height, picture.height), scale }
    }

    /// The same around a place in the frame, larger or smaller.
    fn scaled(self, by: f64, (x, y): (f64, f64)) -> Self {
        let scale = (self.scale * by).clamp(SCALES.0, SCALES.1);
        let ratio = scale / self.scale;
        Self { x: x - (x - self.x) * ratio, y: y - (y - self.y) * ratio, scale }
    }
}

/// What is selected.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Selected {
    Nothing,
    /// At least one step; the last one has the focus.
    Steps(Vec<String>),
    Wire(End, End),
}

impl Selected {
    fn step(action_id: &str) -> Self {
        Self::Steps(vec![action_id.to_owned()])
    }

    /// The selected steps.
    fn steps(&self) -> &[String] {
        match self {
            Self::Steps(ids) => ids,
            Self::Nothing | Self::Wire(..) => &[],
        }
    }

    /// The step that has the focus.
    fn current(&self) -> Option<&String> {
        self.steps().last()
    }

    /// These steps; nothing if there are none.
    fn of(ids: Vec<String>) -> Self {
        if ids.is_empty() { Self::Nothing } else { Self::Steps(ids) }
    }
}

/// A connection that is being made from an output port.
#[derive(Clone, Debug, PartialEq)]
struct Link {
    source: End,
    /// Where it begins, and where its other end is now.
    ends: [(f64, f64); 2],
    /// The input ports that it may lead to.
    fitting: HashSet<End>,
}

/// What a pointer that is down does.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Drag {
    Pan {
        from: (f64, f64),
        sight: Sight,
    },
    Link {
        from: (f64, f64),
    },
    /// The selected steps, by one of them that was at a place.
    Steps {
        from: (f64, f64),
        place: (f64, f64),
    },
    /// A rectangle from a corner in the plane.
    Frame {
        corner: (f64, f64),
    },
}

/// The graph's state.
#[derive(Clone, Copy)]
struct Canvas {
    editor: Editor,
    adding: RwSignal<Option<Place>>,
    frame: NodeRef<html::Div>,
    /// The size of the frame.
    extent: RwSignal<(f64, f64)>,
    picture: Memo<Picture>,
    sight: RwSignal<Sight>,
    selected: RwSignal<Selected>,
    link: RwSignal<Option<Link>>,
    drag: StoredValue<Option<Drag>>,
    /// How far the selected steps are being moved.
    shift: RwSignal<Option<(f64, f64)>>,
    /// Two corners of the rectangle that is being drawn around steps.
    rectangle: RwSignal<Option<[(f64, f64); 2]>>,
    said: RwSignal<String>,
    thumbnails: Thumbnails,
}

impl Canvas {
    fn measure(self) {
        if let Some(frame) = self.frame.get_untracked() {
            self.extent.set((f64::from(frame.client_width()), f64::from(frame.client_height())));
        }
    }

    fn fit(self, least: f64) {
        let size = self.extent.get_untracked();
        self.sight.set(self.picture.with_untracked(|picture| Sight::fitting(picture, size, least)));
    }

    fn zoom(self, by: f64) {
        let (width, height) = self.extent.get_untracked();
        self.sight.update(|sight| *sight = sight.scaled(by, (width / 2.0, height / 2.0)));
    }

    /// A pointer's place in the frame.
    fn place(self, x: i32, y: i32) -> (f64, f64) {
        let Some(frame) = self.frame.get_untracked() else { return (0.0, 0.0) };
        let edges = frame.get_bounding_client_rect();
        (f64::from(x) - edges.left(), f64::from(y) - edges.top())
    }

    /// A pointer's place in the plane.
    fn plane(self, event: &PointerEvent) -> (f64, f64) {
        let (x, y) = self.place(event.client_x(), event.client_y());
        let sight = self.sight.get_untracked();
        ((x - sight.x) / sight.scale, (y - sight.y) / sight.scale)
    }

    fn step_of(self, action_id: &str) -> Option<Step> {
        self.picture.with_untracked(|all| all.steps.iter().find(|step| step.action_id == action_id).cloned())
    }

    /// Focuses a step once it is drawn.
    fn focus(self, action_id: &str) {
        let selector = format!("[data-testid=\"node-{action_id}\"]");
        let stage = self.editor.stage;
        request_animation_frame(move || focus(stage.find(&selector)));
    }

    /// Selects a step, focuses it and brings it into sight.
    fn select(self, action_id: &str) {
        self.selected.set(Selected::step(action_id));
        self.show(action_id);
    }

    /// Selects a step too, or no longer; at least one stays selected.
    fn toggle(self, action_id: &str) {
        let mut ids = self.selected.with_untracked(|selected| selected.steps().to_vec());
        match ids.iter().position(|id| id == action_id) {
            Some(at) if ids.len() > 1 => drop(ids.remove(at)),
            Some(_) => {}
            None => ids.push(action_id.to_owned()),
        }
        self.select_all_of(ids);
    }

    /// Selects these steps and focuses the last one.
    fn select_all_of(self, ids: Vec<String>) {
        if let Some(last) = ids.last() {
            self.focus(last);
        }
        self.said.set(if ids.len() > 1 { format!("{} steps are selected.", ids.len()) } else { String::new() });
        self.selected.set(Selected::of(ids));
    }

    /// Notes that a step has the focus now.
    fn focused(self, action_id: &str) {
        let mut ids = self.selected.with_untracked(|selected| selected.steps().to_vec());
        match ids.iter().position(|id| id == action_id) {
            Some(at) => {
                let id = ids.remove(at);
                ids.push(id);
                self.selected.set(Selected::Steps(ids));
            }
            None => self.selected.set(Selected::step(action_id)),
        }
    }

    /// Focuses a step and brings it into sight.
    fn show(self, action_id: &str) {
        self.focus(action_id);
        let Some(step) = self.step_of(action_id) else { return };
        let (width, height) = self.extent.get_untracked();
        self.sight.update(|sight| {
            let within = |at: f64, length: f64, frame: f64| {
                let margin = 12.0_f64.min(frame / 4.0);
                if length + 2.0 * margin > frame { at } else { at.clamp(margin, frame - length - margin) }
            };
            let left = sight.x + step.x * sight.scale;
            let top = sight.y + step.y * sight.scale;
            sight.x += within(left, WIDTH * sight.scale, width) - left;
            sight.y += within(top, step.height * sight.scale, height) - top;
        });
    }

    fn edit(self, name: &str, edit: impl FnOnce(&serde_json::Value) -> serde_json::Value) {
        let document = self.editor.with(edit);
        self.editor.draft.edit_whole(name, document);
    }

    /// Removes what is selected.
    fn remove(self) {
        match self.selected.get_untracked() {
            Selected::Nothing => {}
            Selected::Wire(source, target) => {
                self.selected.set(Selected::Nothing);
                self.edit("Disconnect", |now| editing::disconnected(now, of(&source), of(&target)));
            }
            Selected::Steps(ids) => {
                let Some(step) = ids.last().and_then(|id| self.step_of(id)) else { return };
                let near = self.picture.with_untracked(|all| {
                    [Way::Left, Way::Right, Way::Up, Way::Down]
                        .iter()
                        .filter_map(|way| graph::neighbour(all, &step.action_id, *way))
                        .find(|step| !ids.contains(&step.action_id))
                        .map(|step| step.action_id.clone())
                });
                match ids.as_slice() {
                    [_] => self.editor.remove(step.index, &step.title),
                    several => self.editor.remove_all(several),
                }
                match near {
                    Some(near) => self.select(&near),
                    None => self.selected.set(Selected::Nothing),
                }
            }
        }
    }

    /// Copies the selected steps and selects the copies.
    fn duplicate(self) {
        let ids = self.selected.with_untracked(|selected| selected.steps().to_vec());
        if let Some((document, copies)) = self.editor.with(|now| editing::with_copies(now, &ids)) {
            self.editor.draft.edit_whole(&format!("Duplicate {}", counted(copies.len())), document);
            self.select_all_of(copies);
        }
    }

    /// Puts the selected steps that much further.
    fn shift_by(self, (across, down): (f64, f64)) {
        let ids = self.selected.with_untracked(|selected| selected.steps().to_vec());
        let moved: Vec<_> = ids
            .iter()
            .filter_map(|id| {
                let step = self.step_of(id)?;
                Some((id.clone(), places::snapped((step.x + across, step.y + down))))
            })
            .collect();
        if !moved.is_empty() {
            self.edit(&format!("Place {}", counted(moved.len())), |now| places::with_positions(now, &moved));
            self.select_all_of(ids);
        }
    }

    /// How far a step is shifted while it is moved, tracked.
    fn shift_of(self, action_id: &str) -> (f64, f64) {
        self.shift
            .get()
            .filter(|_| self.selected.with_untracked(|selected| selected.steps().iter().any(|id| id == action_id)))
            .unwrap_or_default()
    }

    /// Begins a connection at an output port.
    fn begin(self, step: &Step, port: &str) {
        let Some(row) = step.outputs.iter().find(|one| one.name == port) else { return };
        let source = (step.action_id.clone(), port.to_owned());
        let fitting = self.editor.with(|now| editing::fitting(now, of(&source)));
        let start = (step.x + WIDTH, step.y + row.y());
        self.said.set(format!(
            "Connecting from {}. Choose one of {} inputs, or press Escape.",
            step.title,
            fitting.len()
        ));
        self.link.set(Some(Link { source, ends: [start, start], fitting }));
    }

    /// Ends the connection at an input port, if it fits.
    fn end(self, target: &End) {
        let Some(link) = self.link.get_untracked().filter(|link| link.fitting.contains(target)) else { return };
        self.link.set(None);
        self.said.set(String::new());
        self.edit("Connect", |now| editing::connected(now, of(&link.source), of(target)));
        self.selected.set(Selected::step(&target.0));
    }

    fn give_up(self) {
        self.link.set(None);
        self.said.set(String::new());
    }

    /// The fitting input port near a place in the plane.
    fn near(self, link: &Link, (x, y): (f64, f64)) -> Option<End> {
        self.picture.with_untracked(|all| {
            let ports = all.steps.iter().flat_map(|step| {
                step.inputs.iter().map(move |port| {
                    let (dx, dy) = (step.x - x, step.y + port.y() - y);
                    // Anywhere on the step will do if it is beside the port.
                    let dx = if (step.x..step.x + WIDTH).contains(&x) { 0.0 } else { dx };
                    (dx.hypot(dy), (step.action_id.clone(), port.name.to_owned()))
                })
            });
            let near = ports.filter(|(far, end)| *far <= REACH && link.fitting.contains(end));
            near.reduce(|one, other| if other.0 < one.0 { other } else { one }).map(|(_, end)| end)
        })
    }
}

fn of(end: &End) -> (&str, &str) {
    (&end.0, &end.1)
}

fn capture(event: &PointerEvent) {
    if let Some(target) = event.current_target().and_then(|target| target.dyn_into::<Element>().ok()) {
        let _without_it_drags_end_at_the_edge = target.set_pointer_capture(event.pointer_id());
    }
}

/// Where a pointer is on the screen.
fn at(event: &PointerEvent) -> (f64, f64) {
    (f64::from(event.client_x()), f64::from(event.client_y()))
}

/// Whether a press selects further steps.
fn adds(event: &MouseEvent) -> bool {
    event.shift_key() || event.ctrl_key() || event.meta_key()
}

fn counted(steps: usize) -> String {
    if steps == 1 { "1 step".to_owned() } else { format!("{steps} steps") }
}

fn far((x1, y1): (f64, f64), (x2, y2): (f64, f64)) -> bool {
    (x2 - x1).hypot(y2 - y1) > STILL
}

/// The panel.
#[component]
pub(crate) fn GraphPanel() -> impl IntoView {
    let editor = Editor::here();
    let Adding(adding) = expect_context();
    let draft = editor.draft;
    let has_pictures =
        Memo::new(move |_| draft.with_pictures(PRIMARY, |all| all.iter().any(|one| one.problem().is_none())));
    let picture = Memo::new(move |_| {
        let found = draft.diagnostics().get();
        draft.with_document(|document| graph::picture(document, &found, has_pictures.get()))
    });
    let canvas = Canvas {
        editor,
        adding,
        frame: NodeRef::new(),
        extent: RwSignal::new((1.0, 1.0)),
        picture,
        sight: RwSignal::new(Sight { x: 0.0, y: 0.0, scale: 1.0 }),
        selected: RwSignal::new(Selected::Nothing),
        link: RwSignal::new(None),
        drag: StoredValue::new(None),
        shift: RwSignal::new(None),
        rectangle: RwSignal::new(None),
        said: RwSignal::new(String::new()),
        thumbnails: follow_thumbnails(draft),
    };
    // Shown as a whole whenever there are other steps, and when the frame gets another size.
    let ids =
        Memo::new(move |_| picture.with(|all| all.steps.iter().map(|step| step.action_id.clone()).collect::<Vec<_>>()));
    Effect::new(move || {
        ids.track();
        canvas.fit(LEGIBLE);
    });
    Effect::new(move || {
        if let Some(frame) = canvas.frame.get() {
            on_size(&frame, move || {
                canvas.measure();
                canvas.fit(LEGIBLE);
            });
        }
    });
    let is_empty = move || ids.with(Vec::is_empty);
    let is_by_hand = Memo::new(move |_| draft.with_document(places::has_positions));
    let scale = move || format!("{}%", (canvas.sight.get().scale * 100.0).round());
    view! {
        <section class="panel section graph-panel" aria-labelledby="graph-title" data-testid="graph-panel">
            <div class="spread">
                <h2 id="graph-title">"Graph"</h2>
                <span class="tight push">
                    <Show when=move || is_by_hand.get()>
                        <button class="button quiet square" data-testid="graph-arrange" aria-label="Arrange the steps" title="Arrange the steps" on:click=move |_| canvas.edit("Arrange the steps", places::without_positions)>
                            <Icon shape=Shape::Graph/>
                        </button>
                    </Show>
                    <button class="button quiet square" data-testid="graph-smaller" aria-label="Zoom out" title="Zoom out" on:click=move |_| canvas.zoom(0.8)>
                        <Icon shape=Shape::Minus/>
                    </button>
                    <span class="small muted numbers graph-scale">{scale}</span>
                    <button class="button quiet square" data-testid="graph-larger" aria-label="Zoom in" title="Zoom in" on:click=move |_| canvas.zoom(1.25)>
                        <Icon shape=Shape::Plus/>
                    </button>
                    <button class="button quiet square" data-testid="graph-fit" aria-label="Show all steps" title="Show all steps" on:click=move |_| canvas.fit(SCALES.0)>
                        <Icon shape=Shape::Fit/>
                    </button>
                </span>
            </div>
            <Plane canvas/>
            <p class="small muted" hidden=is_empty>
                "Drag from a port to connect it, and steps to place them. Shift selects several: by a click, by a rectangle, or with the arrow keys, which go from step to step. Enter shows the settings, Delete removes."
            </p>
            <p class="small muted" hidden=move || !is_empty()>"Nothing to draw yet: add a step, or choose a workflow."</p>
            <p class="unseen" role="status">{move || canvas.said.get()}</p>
        </section>
    }
}

/// What can be moved: the steps and their connections.
#[component]
fn Plane(canvas: Canvas) -> impl IntoView {
    let Canvas { picture, sight, selected, link, .. } = canvas;
    let pressed = move |event: PointerEvent| {
        let is_background = event.target().and_then(|target| target.dyn_into::<Element>().ok()).is_some_and(|target| {
            target.closest(".node, .wire, .wire-add, .graph-bar, .graph-frame-title, .minimap").ok().flatten().is_none()
        });
        if event.button() != 0 || !is_background {
            return;
        }
        capture(&event);
        if event.shift_key() && link.with_untracked(Option::is_none) {
            canvas.drag.set_value(Some(Drag::Frame { corner: canvas.plane(&event) }));
            return;
        }
        canvas.drag.set_value(Some(Drag::Pan { from: at(&event), sight: sight.get_untracked() }));
        if link.with_untracked(Option::is_none) {
            selected.set(Selected::Nothing);
        }
    };
    let moved = move |event: PointerEvent| {
        let at = at(&event);
        match canvas.drag.get_value() {
            Some(Drag::Pan { from, sight: start }) => {
                sight.set(Sight { x: start.x + at.0 - from.0, y: start.y + at.1 - from.1, ..start });
            }
            Some(Drag::Steps { from, place }) if canvas.shift.with_untracked(Option::is_some) || far(from, at) => {
                if canvas.shift.with_untracked(Option::is_none) {
                    // Not before: what captures the pointer gets the click.
                    capture(&event);
                }
                let scale = sight.get_untracked().scale;
                let (x, y) = places::snapped((place.0 + (at.0 - from.0) / scale, place.1 + (at.1 - from.1) / scale));
                canvas.shift.set(Some((x - place.0, y - place.1)));
            }
            Some(Drag::Frame { corner }) => {
                let corners = [corner, canvas.plane(&event)];
                canvas.rectangle.set(Some(corners));
                selected.set(Selected::of(picture.with_untracked(|all| graph::touched(all, corners))));
            }
            Some(Drag::Link { .. } | Drag::Steps { .. }) | None => {}
        }
        if link.with_untracked(Option::is_some) {
            let end = canvas.plane(&event);
            link.update(|link| {
                if let Some(link) = link {
                    link.ends[1] = end;
                }
            });
        }
    };
    let released = move |event: PointerEvent| {
        let at = at(&event);
        let shift = canvas.shift.try_update(Option::take).flatten();
        match canvas.drag.try_update_value(Option::take).flatten() {
            Some(Drag::Steps { .. }) => {
                if let Some(shift) = shift {
                    canvas.shift_by(shift);
                }
            }
            Some(Drag::Frame { .. }) => {
                canvas.rectangle.set(None);
                canvas.select_all_of(selected.with_untracked(|selected| selected.steps().to_vec()));
            }
            Some(Drag::Link { from }) if far(from, at) => {
                let Some(now) = link.get_untracked() else { return };
                match canvas.near(&now, canvas.plane(&event)) {
                    Some(target) => canvas.end(&target),
                    // Dropped on nothing: a step is added there.
                    None => {
                        canvas.give_up();
                        canvas.adding.set(Some(Place::From(now.source)));
                    }
                }
            }
            Some(Drag::Pan { from, .. }) if !far(from, at) => canvas.give_up(),
            _ => {}
        }
    };
    let wheel = move |event: WheelEvent| {
        // Without the key the page scrolls; a pinch on a touch pad comes with it.
        if event.ctrl_key() || event.meta_key() {
            event.prevent_default();
            let at = canvas.place(event.client_x(), event.client_y());
            sight.update(|sight| *sight = sight.scaled((-event.delta_y() * 0.004).exp(), at));
        }
    };
    let on_key = move |event: KeyboardEvent| {
        if is_composing(&event) {
            return;
        }
        let has_command = event.ctrl_key() || event.meta_key();
        let way = match event.key().as_str() {
            "ArrowLeft" => Some(Way::Left),
            "ArrowRight" => Some(Way::Right),
            "ArrowUp" => Some(Way::Up),
            "ArrowDown" => Some(Way::Down),
            _ => None,
        };
        let here = selected.with_untracked(|selected| selected.current().cloned());
        let is_handled = match (event.key().as_str(), way) {
            ("a" | "A", _) if has_command && !event.alt_key() => {
                let mut all: Vec<_> =
                    picture.with_untracked(|all| all.steps.iter().map(|step| step.action_id.clone()).collect());
                // The focus stays where it is.
                all.retain(|id| Some(id) != here.as_ref());
                all.extend(here);
                canvas.select_all_of(all);
                true
            }
            ("d" | "D", _) if has_command && !event.alt_key() => {
                canvas.duplicate();
                true
            }
            (_, Some(way)) if event.alt_key() && !has_command => {
                canvas.shift_by(match way {
                    Way::Left => (-NUDGE, 0.0),
                    Way::Right => (NUDGE, 0.0),
                    Way::Up => (0.0, -NUDGE),
                    Way::Down => (0.0, NUDGE),
                });
                true
            }
            _ if has_command || event.alt_key() => false,
            (_, Some(way)) => {
                let to = picture.with_untracked(|all| {
                    let first = all.steps.first().map(|step| step.action_id.clone());
                    match &here {
                        Some(id) => graph::neighbour(all, id, way).map(|step| step.action_id.clone()),
                        None => first,
                    }
                });
                match to {
                    Some(id) if event.shift_key() && here.is_some() => {
                        let mut ids = selected.with_untracked(|selected| selected.steps().to_vec());
                        ids.retain(|one| *one != id);
                        ids.push(id.clone());
                        canvas.select_all_of(ids);
                        canvas.show(&id);
                    }
                    Some(id) => canvas.select(&id),
                    None => {}
                }
                true
            }
            ("Delete" | "Backspace", _) => {
                canvas.remove();
                true
            }
            ("Escape", _) if link.with_untracked(Option::is_some) => {
                canvas.give_up();
                true
            }
            ("Escape", _) if selected.with_untracked(|selected| selected.steps().len() > 1) => {
                if let Some(id) = here {
                    canvas.select_all_of(vec![id]);
                }
                true
            }
            ("/", _) => {
                canvas.adding.set(Some(match (selected.get_untracked(), here) {
                    (Selected::Wire(source, target), _) => Place::Into(source, target),
                    (_, Some(id)) => Place::After(id),
                    (_, None) => Place::End,
                }));
                true
            }
            ("+" | "=", _) => {
                canvas.zoom(1.25);
                true
            }
            ("-", _) => {
                canvas.zoom(0.8);
                true
            }
            ("0", _) => {
                canvas.fit(SCALES.0);
                true
            }
            _ => false,
        };
        if is_handled {
            event.prevent_default();
            event.stop_propagation();
        }
    };
    // The step that Tab reaches.
    let stop = Memo::new(move |_| {
        let current = selected.with(|selected| selected.current().cloned());
        current.or_else(|| picture.with(|all| all.steps.first().map(|step| step.action_id.clone())))
    });
    let steps = move || picture.with(|all| all.steps.clone());
    let wires = move || picture.with(|all| all.wires.clone());
    let frames = move || picture.with(|all| all.frames.clone());
    let rectangle = move || {
        let [(x1, y1), (x2, y2)] = canvas.rectangle.get()?;
        Some((x1.min(x2), y1.min(y2), (x2 - x1).abs(), (y2 - y1).abs()))
    };
    let transform = move || {
        let Sight { x, y, scale } = sight.get();
        format!("translate({x}px, {y}px) scale({scale})")
    };
    view! {
        <div
            class="graph"
            class:linking=move || link.with(Option::is_some)
            node_ref=canvas.frame
            role="group"
            aria-label="Steps and their connections"
            data-testid="graph"
            on:pointerdown=pressed
            on:pointermove=moved
            on:pointerup=released
            on:pointercancel=move |_| {
                canvas.drag.set_value(None);
                canvas.shift.set(None);
                canvas.rectangle.set(None);
                canvas.give_up();
            }
            on:wheel=wheel
            on:keydown=on_key
        >
            <div class="graph-plane" style:transform=transform>
                <For each=frames key=|frame| format!("{frame:?}") let:frame>
                    <FrameBox canvas frame/>
                </For>
                <svg class="graph-wires" aria-hidden="true">
                    <For each=wires key=|wire| format!("{wire:?}") let:wire>
                        <WirePath canvas wire/>
                    </For>
                    {move || link.get().map(|link| view! { <path class="wire-path linking" d=graph::curve(link.ends)/> })}
                </svg>
                <For each=steps key=|step| format!("{step:?}") let:step>
                    <Node canvas step stop/>
                </For>
                <WireAdd canvas/>
                {move || rectangle().map(|(x, y, width, height)| view! {
                    <div
                        class="graph-rectangle"
                        style:left=format!("{x}px")
                        style:top=format!("{y}px")
                        style:width=format!("{width}px")
                        style:height=format!("{height}px")
                    ></div>
                })}
            </div>
            <Minimap canvas/>
            <SelectionBar canvas/>
        </div>
    }
}
