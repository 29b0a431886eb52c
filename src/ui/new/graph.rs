//! The workflow as a graph: steps as boxes, connections as curves between their ports. It shows and edits the same
//! document as the list of steps, with mouse, touch and keys.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::time::Duration;

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use web_sys::{Element, KeyboardEvent, PointerEvent, Url, WheelEvent};

use super::draft::{Draft, PRIMARY};
use super::settings::{Adding, Previewing};
use super::steps::Editor;
use crate::protocol::{Look, Previewed};
use crate::ui::focus::{focus, is_composing};
use crate::ui::icons::{Icon, Shape};
use crate::ui::services::Services;
use crate::ui::stage::on_size;
use crate::view_model::editing::{self, Place};
use crate::view_model::form;
use crate::view_model::graph::{self, Picture, Step, WIDTH, Way, Wire};

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
    Step(String),
    Wire(End, End),
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
    Pan { from: (f64, f64), sight: Sight },
    Link { from: (f64, f64) },
}

/// The graph's state.
#[derive(Clone, Copy)]
struct Canvas {
    editor: Editor,
    adding: RwSignal<Option<Place>>,
    frame: NodeRef<html::Div>,
    picture: Memo<Picture>,
    sight: RwSignal<Sight>,
    selected: RwSignal<Selected>,
    link: RwSignal<Option<Link>>,
    drag: StoredValue<Option<Drag>>,
    said: RwSignal<String>,
    thumbnails: Thumbnails,
}

/// By `actionId`, small pictures of what the steps give.
type Thumbnails = RwSignal<HashMap<String, Rc<Thumbnail>>, LocalStorage>;

/// The address of a small picture, which is released with it.
struct Thumbnail(String);

impl Drop for Thumbnail {
    fn drop(&mut self) {
        let _unknown_is_fine = Url::revoke_object_url(&self.0);
    }
}

/// How long after an edit thumbnails are requested: the preview comes first.
const PAUSE: Duration = Duration::from_millis(500);

/// Requests thumbnails of the previewed picture after every step, some time after each edit.
fn follow_thumbnails(draft: Draft) -> Thumbnails {
    let (services, Previewing(previewing)) = (expect_context::<Services>(), expect_context());
    let thumbnails: Thumbnails = RwSignal::new_local(HashMap::new());
    let request = Memo::new(move |_| draft.previewable(previewing.get(), None).ok());
    let newest = StoredValue::new(0_u32);
    Effect::new(move || {
        let Some(document) = request.get() else { return };
        newest.update_value(|number| *number += 1);
        let mine = newest.get_value();
        let is_newest = move || newest.try_get_value() == Some(mine);
        set_timeout(
            move || {
                if !is_newest() {
                    return;
                }
                spawn_local(async move {
                    let look = |sample| Look { sample, steps: true, patient: false };
                    let mut made = services.preview(document.clone(), look(true)).await;
                    if matches!(made, Ok((Previewed::NoSample, _))) && is_newest() {
                        made = services.preview(document, look(false)).await;
                    }
                    let Ok((Previewed::Steps(ids), files)) = made else { return };
                    let url = |file| Url::create_object_url_with_blob(file).ok().map(|url| Rc::new(Thumbnail(url)));
                    let made = ids.into_iter().zip(&files).filter_map(|(id, file)| Some((id, url(file)?))).collect();
                    if is_newest() {
                        thumbnails.try_set(made);
                    }
                });
            },
            PAUSE,
        );
    });
    thumbnails
}

impl Canvas {
    fn size(self) -> (f64, f64) {
        self.frame
            .get_untracked()
            .map_or((1.0, 1.0), |frame| (f64::from(frame.client_width()), f64::from(frame.client_height())))
    }

    fn fit(self, least: f64) {
        let size = self.size();
        self.sight.set(self.picture.with_untracked(|picture| Sight::fitting(picture, size, least)));
    }

    fn zoom(self, by: f64) {
        let (width, height) = self.size();
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

    /// Selects a step, focuses it and brings it into sight.
    fn select(self, action_id: &str) {
        self.selected.set(Selected::Step(action_id.to_owned()));
        let selector = format!("[data-testid=\"node-{action_id}\"]");
        let stage = self.editor.stage;
        request_animation_frame(move || focus(stage.find(&selector)));
        let Some(step) = self.step_of(action_id) else { return };
        let (width, height) = self.size();
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
            Selected::Step(id) => {
                let Some(step) = self.step_of(&id) else { return };
                let near = self.picture.with_untracked(|all| {
                    [Way::Left, Way::Right, Way::Up, Way::Down]
                        .iter()
                        .find_map(|way| graph::neighbour(all, &id, *way).map(|step| step.action_id.clone()))
                });
                self.editor.remove(step.index, &step.title);
                match near {
                    Some(near) => self.select(&near),
                    None => self.selected.set(Selected::Nothing),
                }
            }
        }
    }

    /// Begins a connection at an output port.
    fn begin(self, step: &Step, port: &'static str) {
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
        self.selected.set(Selected::Step(target.0.clone()));
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
        picture,
        sight: RwSignal::new(Sight { x: 0.0, y: 0.0, scale: 1.0 }),
        selected: RwSignal::new(Selected::Nothing),
        link: RwSignal::new(None),
        drag: StoredValue::new(None),
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
            on_size(&frame, move || canvas.fit(LEGIBLE));
        }
    });
    let is_empty = move || ids.with(Vec::is_empty);
    let scale = move || format!("{}%", (canvas.sight.get().scale * 100.0).round());
    view! {
        <section class="panel section graph-panel" aria-labelledby="graph-title" data-testid="graph-panel">
            <div class="spread">
                <h2 id="graph-title">"Graph"</h2>
                <span class="tight push">
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
                "Drag from a port to connect it. Arrow keys go from step to step, Enter shows the settings, Delete removes."
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
        let is_background = event
            .target()
            .and_then(|target| target.dyn_into::<Element>().ok())
            .is_some_and(|target| target.closest(".node, .wire, .wire-add").ok().flatten().is_none());
        if event.button() != 0 || !is_background {
            return;
        }
        let from = (f64::from(event.client_x()), f64::from(event.client_y()));
        canvas.drag.set_value(Some(Drag::Pan { from, sight: sight.get_untracked() }));
        capture(&event);
        if link.with_untracked(Option::is_none) {
            selected.set(Selected::Nothing);
        }
    };
    let moved = move |event: PointerEvent| {
        let at = (f64::from(event.client_x()), f64::from(event.client_y()));
        if let Some(Drag::Pan { from, sight: start }) = canvas.drag.get_value() {
            sight.set(Sight { x: start.x + at.0 - from.0, y: start.y + at.1 - from.1, ..start });
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
        let at = (f64::from(event.client_x()), f64::from(event.client_y()));
        match canvas.drag.try_update_value(Option::take).flatten() {
            Some(Drag::Link { from }) if far(from, at) => {
                let Some(now) = link.get_untracked() else { return };
                match canvas.near(&now, canvas.plane(&event)) {
                    Some(target) => canvas.end(&target),
                    // Dropped on nothing: a step is added there.
                    None => {
                        canvas.give_up();
                        canvas.adding.set(Some(Place::After(now.source.0)));
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
        if is_composing(&event) || event.alt_key() || event.ctrl_key() || event.meta_key() {
            return;
        }
        let way = match event.key().as_str() {
            "ArrowLeft" => Some(Way::Left),
            "ArrowRight" => Some(Way::Right),
            "ArrowUp" => Some(Way::Up),
            "ArrowDown" => Some(Way::Down),
            _ => None,
        };
        let here = match selected.get_untracked() {
            Selected::Step(id) => Some(id),
            Selected::Nothing | Selected::Wire(..) => None,
        };
        let is_handled = match (event.key().as_str(), way) {
            (_, Some(way)) => {
                let to = picture.with_untracked(|all| {
                    let first = all.steps.first().map(|step| step.action_id.clone());
                    match &here {
                        Some(id) => graph::neighbour(all, id, way).map(|step| step.action_id.clone()),
                        None => first,
                    }
                });
                if let Some(id) = to {
                    canvas.select(&id);
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
            ("/", _) => {
                canvas.adding.set(Some(match selected.get_untracked() {
                    Selected::Nothing => Place::End,
                    Selected::Step(id) => Place::After(id),
                    Selected::Wire(source, target) => Place::Into(source, target),
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
    let stop = Memo::new(move |_| match selected.get() {
        Selected::Step(id) => Some(id),
        Selected::Nothing | Selected::Wire(..) => {
            picture.with(|all| all.steps.first().map(|step| step.action_id.clone()))
        }
    });
    let steps = move || picture.with(|all| all.steps.clone());
    let wires = move || picture.with(|all| all.wires.clone());
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
            on:pointercancel=move |_| { canvas.drag.set_value(None); canvas.give_up(); }
            on:wheel=wheel
            on:keydown=on_key
        >
            <div class="graph-plane" style:transform=transform>
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
            </div>
        </div>
    }
}

#[component]
fn WirePath(canvas: Canvas, wire: Wire) -> impl IntoView {
    let path = graph::curve(wire.ends);
    let testid = format!("wire-{}-{}", wire.source.0, wire.target.0);
    let own = Selected::Wire(wire.source, wire.target);
    let chosen = own.clone();
    let is_selected = Memo::new(move |_| canvas.selected.with(|selected| *selected == own));
    view! {
        <path class="wire-path" class:selected=move || is_selected.get() d=path.clone()/>
        // A wider one to point at.
        <path
            class="wire"
            data-testid=testid
            d=path
            on:click=move |_| {
                canvas.selected.set(chosen.clone());
                // Once the button is there.
                request_animation_frame(move || {
                    focus(canvas.frame.get_untracked().and_then(|frame| frame.query_selector(".wire-add").ok().flatten()));
                });
            }
        />
    }
}

/// The button that adds a step into the selected connection.
#[component]
fn WireAdd(canvas: Canvas) -> impl IntoView {
    let wire = Memo::new(move |_| match canvas.selected.get() {
        Selected::Wire(source, target) => canvas
            .picture
            .with(|all| all.wires.iter().find(|wire| wire.source == source && wire.target == target).cloned()),
        Selected::Nothing | Selected::Step(_) => None,
    });
    move || {
        wire.get().map(|wire| {
            let [(x1, y1), (x2, y2)] = wire.ends;
            let (source, target) = (wire.source, wire.target);
            let label = format!("Add a step between {} and {}", form::label(&source.0), form::label(&target.0));
            view! {
                <button
                    class="wire-add"
                    data-testid="wire-add"
                    aria-label=label.clone()
                    title=label
                    style:left=format!("{}px", (x1 + x2) / 2.0)
                    style:top=format!("{}px", (y1 + y2) / 2.0)
                    on:click=move |_| canvas.adding.set(Some(Place::Into(source.clone(), target.clone())))
                >
                    <Icon shape=Shape::Plus/>
                </button>
            }
        })
    }
}

/// A step with its ports.
#[component]
fn Node(canvas: Canvas, step: Step, stop: Memo<Option<String>>) -> impl IntoView {
    let id = StoredValue::new(step.action_id.clone());
    let whole = StoredValue::new(step.clone());
    let is_selected = Memo::new(move |_| {
        canvas.selected.with(|selected| matches!(selected, Selected::Step(one) if id.with_value(|id| one == id)))
    });
    let is_stop = Memo::new(move |_| stop.with(|stop| id.with_value(|id| stop.as_ref() == Some(id))));
    let is_dim = Memo::new(move |_| {
        canvas.link.with(|link| {
            link.as_ref().is_some_and(|link| {
                id.with_value(|id| link.source.0 != *id && !link.fitting.iter().any(|(step, _)| step == id))
            })
        })
    });
    let is_looked_at = move || id.with_value(|id| canvas.editor.draft.looked_at().as_ref() == Some(id));
    let stop_index = move |is_stop: bool| if is_stop { "0" } else { "-1" };
    let inputs = step.inputs.clone().into_iter().map(|port| {
        let end = (id.get_value(), port.name.to_owned());
        let (title, fits) = (step.title.clone(), end.clone());
        let state = if port.is_connected { "connected" } else { "not connected" };
        let may_end =
            Memo::new(move |_| canvas.link.with(|link| link.as_ref().map(|link| link.fitting.contains(&fits))));
        view! {
            <button
                class="port in"
                class:open=!port.is_connected
                class:wanting=port.is_required && !port.is_connected
                class:dim=move || may_end.get() == Some(false)
                style:top=format!("{}px", port.y())
                tabindex=move || stop_index(may_end.get() == Some(true))
                aria-label=format!("Input {} of {title}, {state}", port.title)
                title=port.title.clone()
                data-testid=format!("in-{}-{}", end.0, end.1)
                on:click=move |_| canvas.end(&end)
            ></button>
            <span class="port-name in" style:top=format!("{}px", port.y())>{port.title.clone()}</span>
        }
    });
    let outputs = step.outputs.clone().into_iter().map(|port| {
        let title = step.title.clone();
        let start = move || whole.with_value(|step| canvas.begin(step, port.name));
        let pressed = move |event: PointerEvent| {
            if event.button() == 0 {
                start();
                let from = (f64::from(event.client_x()), f64::from(event.client_y()));
                canvas.drag.set_value(Some(Drag::Link { from }));
            }
        };
        let clicked = move |event: web_sys::MouseEvent| {
            // Zero for keys: a pointer has begun already.
            if event.detail() == 0 {
                start();
            }
        };
        view! {
            <button
                class="port out"
                class:open=!port.is_connected
                style:top=format!("{}px", port.y())
                tabindex=move || stop_index(is_stop.get())
                aria-label=format!("Connect from {} of {title}", port.title)
                title=format!("Connect from {}", port.title)
                data-testid=format!("out-{}-{}", id.get_value(), port.name)
                on:pointerdown=pressed
                on:click=clicked
            ></button>
            <span class="port-name out" style:top=format!("{}px", port.y())>{port.title.clone()}</span>
        }
    });
    let is_off = step.is_off;
    let thumbnail = move || canvas.thumbnails.with(|all| id.with_value(|id| all.get(id).cloned())).filter(|_| !is_off);
    let state = match (step.is_off, step.is_wrong) {
        (true, _) => "Turned off.",
        (false, true) => "It has a problem.",
        (false, false) => "",
    };
    view! {
        <div
            class="node"
            data-step=step.action_id.clone()
            class:selected=move || is_selected.get()
            class:dim=move || is_dim.get()
            class:wrong=step.is_wrong
            class:off=step.is_off
            class:looked-at=is_looked_at
            style:left=format!("{}px", step.x)
            style:top=format!("{}px", step.y)
            style:width=format!("{WIDTH}px")
            style:height=format!("{}px", step.height)
        >
            <button
                class="node-head"
                data-testid=format!("node-{}", step.action_id)
                aria-pressed=move || is_selected.get().to_string()
                tabindex=move || stop_index(is_stop.get())
                on:focus=move |_| canvas.selected.set(Selected::Step(id.get_value()))
                on:click=move |event: web_sys::MouseEvent| {
                    canvas.selected.set(Selected::Step(id.get_value()));
                    // Enter, and the second click of two.
                    if event.detail() != 1 {
                        id.with_value(|id| canvas.editor.show(id));
                    }
                }
            >
                <span class="node-title truncate">{step.title.clone()}</span>
                <span class="node-about truncate">{step.about.clone()}</span>
                <span class="unseen">{state}</span>
            </button>
            {inputs.collect_view()}
            {outputs.collect_view()}
            {move || thumbnail().map(|thumbnail| view! {
                <img class="node-picture" alt="" draggable="false" data-testid=format!("thumbnail-{}", id.get_value()) src=thumbnail.0.clone()/>
            })}
        </div>
    }
}
