//! A picture before and after, and the switch between its results. Before and after are shown on top of each other with a divider, side by side, or the result alone. Both are enlarged
//! and moved together, by wheel, pinch, dragging, double click, buttons and keys.

mod pixels;

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::prelude::*;
use web_sys::{Element, HtmlImageElement, KeyboardEvent, MouseEvent, PointerEvent, WheelEvent};

use self::pixels::Picker;
use crate::browser::interop::Listener;
use crate::ui::icons::{Icon, Shape};
use crate::ui::stage::{keep, on_size};
use crate::ui::widgets::Soon;
use crate::view_model::format;
use crate::view_model::histogram::{HEIGHT, Histogram};
use crate::view_model::zoom::{Frame, Place, Zoom};

/// One of several results to choose from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OutputChoice {
    /// Format and size.
    text: String,
    /// The file's name.
    name: String,
}

impl OutputChoice {
    /// A result by its file's name, media type, columns and rows.
    pub(crate) fn new(name: &str, mime_type: &str, (width, height): Pixels) -> Self {
        Self { text: format!("{} {width} × {height}", format::media_type(mime_type)), name: name.to_owned() }
    }
}

/// The switch between several results; nothing for one.
#[component]
pub(crate) fn OutputSwitch(#[prop(into)] choices: Signal<Vec<OutputChoice>>, chosen: RwSignal<usize>) -> impl IntoView {
    let choices = Memo::new(move |_| choices.get());
    let buttons = move || {
        let button = |(index, choice): (usize, OutputChoice)| {
            view! {
                <button
                    type="button"
                    data-testid=format!("output-switch-{index}")
                    aria-pressed=move || (chosen.get() == index).to_string()
                    title=choice.name
                    on:click=move |_| chosen.set(index)
                >
                    {choice.text}
                </button>
            }
        };
        choices.get().into_iter().enumerate().map(button).collect_view()
    };
    view! {
        <Show when=move || { choices.with(Vec::len) > 1 }>
            <div class="segments" role="group" aria-label="Output">{buttons}</div>
        </Show>
    }
}

/// How the two pictures are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    Slider,
    Side,
    Result,
}

impl Layout {
    const ALL: [Self; 3] = [Self::Slider, Self::Side, Self::Result];

    const fn word(self) -> &'static str {
        match self {
            Self::Slider => "slider",
            Self::Side => "side",
            Self::Result => "result",
        }
    }

    const fn label(self) -> &'static str {
        match self {
            Self::Slider => "Slider",
            Self::Side => "Side by side",
            Self::Result => "Result",
        }
    }
}

/// How far an arrow key moves the picture, in CSS pixels.
const KEY_STEP: f64 = 48.0;
/// Pixels are shown as squares from this scale on.
const SQUARES_FROM: f64 = 2.0;

/// Columns and rows.
type Pixels = (u32, u32);

/// A pointer that is down: its id, and where it was last in the window.
type Finger = (i32, (f64, f64));

/// What belongs to one viewer.
#[derive(Clone, Copy)]
struct View {
    frame: NodeRef<html::Div>,
    pane: NodeRef<html::Div>,
    before: Signal<Option<Pixels>>,
    after: Signal<Option<Pixels>>,
    /// The chosen layout.
    chosen: RwSignal<Layout>,
    alone: Option<Signal<bool>>,
    sampled: Option<Signal<bool>>,
    zoom: RwSignal<Zoom>,
    /// Where the divider is, in percent of the width.
    split: RwSignal<f64>,
    /// The size of a pane, once it is known.
    pane_size: RwSignal<(f64, f64)>,
    fingers: StoredValue<Vec<Finger>>,
    /// The pixel under the pointer, with its colours.
    readout: RwSignal<Option<String>>,
    picker: StoredValue<Option<Picker>, LocalStorage>,
}

/// The pictures, with what controls them.
#[component]
pub(crate) fn Viewer(
    /// The size of the picture before.
    #[prop(into)]
    before_size: Signal<Option<Pixels>>,
    /// The size of the result.
    #[prop(into)]
    after_size: Signal<Option<Pixels>>,
    /// What is behind the result; the checkerboard if empty.
    #[prop(into)]
    background: Signal<String>,
    /// The picture before, which may change.
    #[prop(into)]
    before: ViewFn,
    /// The result, which may change.
    #[prop(into)]
    after: ViewFn,
    /// What lies on the result and moves with it.
    #[prop(optional, into)]
    layer: Option<ViewFn>,
    /// Whether the result is shown alone for now, whatever was chosen.
    #[prop(optional)]
    alone: Option<Signal<bool>>,
    /// Whether the result has fewer pixels than it should, for now.
    #[prop(optional)]
    sampled: Option<Signal<bool>>,
    /// Told how many screen pixels there are for each pixel of the result.
    #[prop(optional)]
    scale: Option<RwSignal<f64>>,
) -> impl IntoView {
    let view = View {
        frame: NodeRef::new(),
        pane: NodeRef::new(),
        before: before_size,
        after: after_size,
        chosen: RwSignal::new(Layout::Slider),
        alone,
        sampled,
        zoom: RwSignal::new(Zoom::FIT),
        split: RwSignal::new(50.0),
        pane_size: RwSignal::new((0.0, 0.0)),
        fingers: StoredValue::new(Vec::new()),
        readout: RwSignal::new(None),
        picker: StoredValue::new_local(Picker::new()),
    };
    view.pane.on_load(move |pane| {
        on_size(&pane.clone().into(), move || {
            view.pane_size.try_set((f64::from(pane.client_width()), f64::from(pane.client_height())));
        });
    });
    // A result of another shape is seen whole.
    let shape = Memo::new(move |_| after_size.get().map(|(width, height)| f64::from(width) / f64::from(height.max(1))));
    Effect::new(move |before: Option<Option<f64>>| {
        let now = shape.get();
        if before.flatten().zip(now).is_some_and(|(before, now)| (before - now).abs() > 0.01) {
            view.zoom.set(Zoom::FIT);
        }
        now
    });
    let is_cut = Memo::new(move |_| view.zoom.get().is_cut(&view.geometry()));
    if let Some(scale) = scale {
        Effect::new(move || scale.set(view.zoom.get().scale_in(&view.geometry())));
    }
    let squares = move || view.zoom.get().scale_in(&view.geometry()) >= SQUARES_FROM;
    let tag = |size: Signal<Option<Pixels>>| {
        move || size.get().map(|(width, height)| view! { <i>{format!("{width} × {height}")}</i> })
    };
    let place = Memo::new(move |_| {
        let zoom = view.zoom.get();
        zoom.scale.map(|_| zoom.place(&view.geometry()))
    });
    let length = move |of: fn(Place) -> f64, whole: &'static str| {
        move || place.get().map_or(whole.to_owned(), |place| format!("{}px", of(place)))
    };
    view! {
        <div class="viewer" data-testid="viewer" on:keydown=move |event| view.key(&event)>
            <div class="compare-frame">
                <div
                    class="compare"
                    class:cut=is_cut
                    class:squares=squares
                    data-layout=move || view.layout().word()
                    data-testid="before-after"
                    node_ref=view.frame
                    style=("--split", move || format!("{}%", view.split.get()))
                    style=("--ratio", move || shape.get().unwrap_or(1.5).to_string())
                    style=("--left", length(|place| place.left, "0"))
                    style=("--top", length(|place| place.top, "0"))
                    style=("--width", length(|place| place.width, "100%"))
                    style=("--height", length(|place| place.height, "100%"))
                    on:pointerdown=move |event| view.press(&event)
                    on:pointermove=move |event| view.drag(&event)
                    on:pointerup=move |event| view.release(&event)
                    on:pointercancel=move |event| view.release(&event)
                    on:pointerleave=move |event| view.leave(&event)
                    on:wheel=move |event| view.wheel(&event)
                    on:dblclick=move |event| view.double_click(&event)
                >
                    <div class="pane after" data-testid="after" node_ref=view.pane style:background=background>
                        <div class="stage">{move || after.run()}</div>
                        {layer.map(|layer| view! { <div class="stage above">{move || layer.run()}</div> })}
                        <span class="tag right">"After" {tag(after_size)}</span>
                    </div>
                    <div class="pane before checkerboard" data-testid="before">
                        <div class="stage">{move || before.run()}</div>
                        <span class="tag left">"Before" {tag(before_size)}</span>
                    </div>
                    <Show when=move || view.layout() == Layout::Slider>
                        <input
                            type="range"
                            min="0"
                            max="100"
                            step="0.5"
                            aria-label="Divider between before and after"
                            data-testid="before-after-range"
                            prop:value=move || view.split.get().to_string()
                            on:input=move |event| {
                                view.split.set(crate::number::parse(&event_target_value(&event)).unwrap_or(50.0));
                            }
                        />
                        <span
                            class="divider"
                            aria-hidden="true"
                            on:pointerdown=move |event| view.hold_divider(&event)
                            on:pointermove=move |event| view.move_divider(&event)
                        ></span>
                    </Show>
                </div>
            </div>
            <Soon><Controls view/></Soon>
        </div>
    }
}

/// The buttons below the pictures, the pixel under the pointer and the histogram.
#[component]
fn Controls(view: View) -> impl IntoView {
    let scale = move || view.zoom.get().scale_in(&view.geometry());
    let percent = move || {
        let percent = scale() * 100.0;
        if percent < 10.0 { format!("{percent:.1} %") } else { format!("{percent:.0} %") }
    };
    let shown = RwSignal::new(false);
    view! {
        <div class="viewer-controls">
            <div class="segments" role="group" aria-label="Show">
                {Layout::ALL.map(|layout| view! {
                    <button
                        type="button"
                        data-testid=format!("viewer-{}", layout.word())
                        aria-pressed=move || (view.layout() == layout).to_string()
                        disabled=move || view.is_alone()
                        on:click=move |_| view.chosen.set(layout)
                    >
                        {layout.label()}
                    </button>
                }).collect_view()}
            </div>
            <div class="tight" role="group" aria-label="Zoom">
                <button type="button" class="button quiet square" data-testid="zoom-out" aria-label="Zoom out" title="Zoom out (−)" on:click=move |_| view.step(false)>
                    <Icon shape=Shape::Minus/>
                </button>
                <output class="small numbers zoom-scale" data-testid="zoom-scale" aria-live="off">{percent}</output>
                <button type="button" class="button quiet square" data-testid="zoom-in" aria-label="Zoom in" title="Zoom in (+)" on:click=move |_| view.step(true)>
                    <Icon shape=Shape::Plus/>
                </button>
                <button type="button" class="button quiet" data-testid="zoom-fit" title="Show the whole picture (0)" aria-pressed=move || view.zoom.get().scale.is_none().to_string() on:click=move |_| view.zoom.set(Zoom::FIT)>
                    "Fit"
                </button>
                <button type="button" class="button quiet" data-testid="zoom-full" title="One pixel of the picture for each of the screen (1)" on:click=move |_| view.full()>
                    "1:1"
                </button>
                <button type="button" class="button quiet" data-testid="histogram-switch" aria-pressed=move || shown.get().to_string() on:click=move |_| shown.update(|shown| *shown = !*shown)>
                    "Histogram"
                </button>
            </div>
        </div>
        <p class="small muted numbers readout" data-testid="readout">
            {move || view.readout.get().unwrap_or_else(|| "Double-click, pinch or Ctrl + wheel to zoom; drag to move.".to_owned())}
        </p>
        <Show when=move || shown.get()><HistogramFigure view/></Show>
    }
}

/// What a histogram can be drawn of.
#[derive(Clone)]
enum Levels {
    /// Nothing yet.
    Unknown,
    /// A thumbnail is shown in the result's place.
    OfThumbnail,
    Known {
        before: Option<Histogram>,
        after: Histogram,
    },
}

/// The histogram of the result, with the outline of the picture before behind it.
#[component]
fn HistogramFigure(view: View) -> impl IntoView {
    let levels = RwSignal::new(Levels::Unknown);
    let read = move || {
        let of = |selector: &str, size: Signal<Option<Pixels>>| {
            let image = view.image(selector).filter(|image| image.complete() && image.natural_width() > 0)?;
            let is_sample = view.sampled.is_some_and(|sampled| sampled.get_untracked());
            let is_whole = is_sample || size.get_untracked().is_some_and(|size| pixels::shows(&image, size));
            Some(if is_whole { pixels::histogram(&image) } else { None })
        };
        levels.try_set(match of(".after img", view.after) {
            None => Levels::Unknown,
            Some(None) => Levels::OfThumbnail,
            Some(Some(after)) => Levels::Known { before: of(".before img", view.before).flatten(), after },
        });
    };
    read();
    // Whenever another picture is there. The event does not bubble.
    if let Some(frame) = view.frame.get_untracked() {
        keep(Listener::capturing(&frame, "load", move |_| read()));
    }
    move || match levels.get() {
        Levels::Unknown => ().into_any(),
        Levels::OfThumbnail => view! {
            <p class="small muted readout">"No histogram: browsers show only a thumbnail of this format."</p>
        }
        .into_any(),
        Levels::Known { before, after } => view! {
            <figure class="levels" data-testid="histogram">
                <svg viewBox=format!("0 0 256 {HEIGHT}") preserveAspectRatio="none" aria-hidden="true">
                    {["red", "green", "blue"].into_iter().enumerate().map(|(channel, class)| {
                        view! { <path class=class d=after.path(channel)/> }
                    }).collect_view()}
                    {before.as_ref().map(|before| view! { <path class="line" d=before.path(3)/> })}
                </svg>
                <figcaption class="small muted numbers">
                    {after.summary()} {before.map(|_| " The line is the brightness before.")}
                </figcaption>
            </figure>
        }
        .into_any(),
    }
}

impl View {
    /// Whether the result is shown alone for now, tracked.
    fn is_alone(self) -> bool {
        self.alone.is_some_and(|alone| alone.get())
    }

    /// How the pictures are shown, tracked.
    fn layout(self) -> Layout {
        if self.is_alone() { Layout::Result } else { self.chosen.get() }
    }

    /// The pane and the result in it.
    fn geometry(self) -> Frame {
        let (width, height) = self.after.get().unwrap_or((3, 2));
        Frame {
            size: self.pane_size.get(),
            picture: (f64::from(width), f64::from(height)),
            density: window().device_pixel_ratio(),
        }
    }

    fn known_geometry(self) -> Frame {
        untrack(|| self.geometry())
    }

    fn image(self, selector: &str) -> Option<HtmlImageElement> {
        let frame = self.frame.get_untracked()?;
        frame.query_selector(selector).ok()??.dyn_into().ok()
    }

    /// A point of the window in the pane that it is in.
    fn in_pane(self, (x, y): (f64, f64)) -> Option<(f64, f64)> {
        let frame = self.frame.get_untracked()?;
        let inside = |pane: Element| {
            let edges = pane.get_bounding_client_rect();
            let inside = (edges.left()..edges.right()).contains(&x) && (edges.top()..edges.bottom()).contains(&y);
            inside.then(|| (x - edges.left(), y - edges.top()))
        };
        [".after", ".before"].iter().find_map(|pane| frame.query_selector(pane).ok().flatten().and_then(inside))
    }

    fn step(self, larger: bool) {
        let geometry = self.known_geometry();
        self.zoom.update(|zoom| *zoom = zoom.stepped(&geometry, larger));
    }

    /// A pixel of the screen for each of the picture, around the middle.
    fn full(self) {
        let geometry = self.known_geometry();
        let middle = (geometry.size.0 / 2.0, geometry.size.1 / 2.0);
        self.zoom.update(|zoom| *zoom = zoom.scaled_to(&geometry, 1.0, middle));
    }

    fn pan(self, by: (f64, f64)) {
        let geometry = self.known_geometry();
        self.zoom.update(|zoom| *zoom = zoom.moved(&geometry, by));
    }

    fn is_cut(self) -> bool {
        self.zoom.get_untracked().is_cut(&self.known_geometry())
    }

    fn key(self, event: &KeyboardEvent) {
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        // The divider has the arrows, while it is there, unless Shift is held.
        let moves = event.shift_key() || untrack(|| self.layout()) != Layout::Slider;
        match event.key().as_str() {
            "+" | "=" => self.step(true),
            "-" => self.step(false),
            "0" => self.zoom.set(Zoom::FIT),
            "1" => self.full(),
            "ArrowLeft" if moves && self.is_cut() => self.pan((KEY_STEP, 0.0)),
            "ArrowRight" if moves && self.is_cut() => self.pan((-KEY_STEP, 0.0)),
            "ArrowUp" if moves && self.is_cut() => self.pan((0.0, KEY_STEP)),
            "ArrowDown" if moves && self.is_cut() => self.pan((0.0, -KEY_STEP)),
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    }

    /// The wheel with Ctrl, which is also what a pinch on a touchpad sends. Without, the page scrolls.
    fn wheel(self, event: &WheelEvent) {
        if !event.ctrl_key() && !event.meta_key() {
            return;
        }
        event.prevent_default();
        let lines = if event.delta_mode() == WheelEvent::DOM_DELTA_PIXEL { 1.0 } else { 33.0 };
        let factor = (-event.delta_y() * lines * 0.005).clamp(-1.0, 1.0).exp();
        self.scale_by(factor, place_of(event));
    }

    fn scale_by(self, factor: f64, at: (f64, f64)) {
        let Some(at) = self.in_pane(at) else { return };
        let geometry = self.known_geometry();
        self.zoom.update(|zoom| *zoom = zoom.scaled_to(&geometry, zoom.scale_in(&geometry) * factor, at));
    }

    fn double_click(self, event: &MouseEvent) {
        let Some(at) = self.in_pane(place_of(event)) else { return };
        let geometry = self.known_geometry();
        self.zoom.update(|zoom| {
            *zoom = match zoom.scale {
                Some(_) => Zoom::FIT,
                None => zoom.scaled_to(&geometry, 1.0, at),
            };
        });
    }

    fn press(self, event: &PointerEvent) {
        if event.button() != 0 {
            return;
        }
        let (id, place) = (event.pointer_id(), place_of(event));
        self.fingers.update_value(|fingers| {
            fingers.retain(|(other, _)| *other != id);
            fingers.push((id, place));
        });
        // Moving the picture must not end where the frame does.
        if self.is_cut()
            && let Some(frame) = self.frame.get_untracked()
        {
            let _gone = frame.set_pointer_capture(id);
        }
    }

    fn release(self, event: &PointerEvent) {
        let id = event.pointer_id();
        self.fingers.update_value(|fingers| fingers.retain(|(other, _)| *other != id));
    }

    /// A pointer that is not captured may be released elsewhere.
    fn leave(self, event: &PointerEvent) {
        self.readout.set(None);
        let frame = self.frame.get_untracked();
        if !frame.is_some_and(|frame| frame.has_pointer_capture(event.pointer_id())) {
            self.release(event);
        }
    }

    fn drag(self, event: &PointerEvent) {
        let (id, place) = (event.pointer_id(), place_of(event));
        if event.buttons() == 0 {
            self.release(event);
        }
        let before = self.fingers.get_value();
        self.fingers.update_value(|fingers| {
            for finger in fingers.iter_mut().filter(|(other, _)| *other == id) {
                finger.1 = place;
            }
        });
        let after = self.fingers.get_value();
        match (before.as_slice(), after.as_slice()) {
            ([(_, from)], [(_, to)]) if self.is_cut() => self.pan((to.0 - from.0, to.1 - from.1)),
            ([(_, from_a), (_, from_b), ..], [(_, to_a), (_, to_b), ..]) => {
                let distance = |a: &(f64, f64), b: &(f64, f64)| (a.0 - b.0).hypot(a.1 - b.1).max(1.0);
                let middle = |a: &(f64, f64), b: &(f64, f64)| (f64::midpoint(a.0, b.0), f64::midpoint(a.1, b.1));
                let (from, to) = (middle(from_a, from_b), middle(to_a, to_b));
                self.pan((to.0 - from.0, to.1 - from.1));
                self.scale_by(distance(to_a, to_b) / distance(from_a, from_b), to);
            }
            _ => {}
        }
        self.readout.set(self.read(place));
    }

    /// The pixel at a point of the window, with its colour before and after.
    fn read(self, at: (f64, f64)) -> Option<String> {
        let at = self.in_pane(at)?;
        let geometry = self.known_geometry();
        let (x, y) = self.zoom.get_untracked().pixel(&geometry, at)?;
        let (width, height) = geometry.picture;
        let part = ((f64::from(x) + 0.5) / width, (f64::from(y) + 0.5) / height);
        let color = |selector: &str, size: Pixels, part: (f64, f64)| {
            let image = self.image(selector).filter(|image| pixels::shows(image, size))?;
            let [red, green, blue, alpha] =
                self.picker.with_value(|picker| picker.as_ref().and_then(|picker| picker.pick(&image, part)))?;
            let alpha = if alpha == 255 { String::new() } else { format!("{alpha:02x}") };
            Some(format!("#{red:02x}{green:02x}{blue:02x}{alpha}"))
        };
        let before = self.before.get_untracked();
        let before = before.and_then(|size| color(".before img", size, contained(part, (width, height), size)));
        let after = self.after.get_untracked().and_then(|size| color(".after img", size, part));
        let colors: Vec<String> = [("before", before), ("after", after)]
            .into_iter()
            .filter_map(|(word, color)| color.map(|color| format!(" · {word} {color}")))
            .collect();
        Some(format!("{x}, {y}{}", colors.concat()))
    }

    fn hold_divider(self, event: &PointerEvent) {
        event.prevent_default();
        event.stop_propagation();
        if let Some(divider) = event.current_target().and_then(|target| target.dyn_into::<Element>().ok()) {
            let _gone = divider.set_pointer_capture(event.pointer_id());
        }
    }

    fn move_divider(self, event: &PointerEvent) {
        let is_held = event
            .current_target()
            .and_then(|target| target.dyn_into::<Element>().ok())
            .is_some_and(|divider| divider.has_pointer_capture(event.pointer_id()));
        if let Some(frame) = self.frame.get_untracked().filter(|_| is_held) {
            event.stop_propagation();
            let edges = frame.get_bounding_client_rect();
            let part = (f64::from(event.client_x()) - edges.left()) / edges.width().max(1.0);
            self.split.set((part * 100.0).clamp(0.0, 100.0));
        }
    }
}

fn place_of(event: &MouseEvent) -> (f64, f64) {
    (f64::from(event.client_x()), f64::from(event.client_y()))
}

/// A point of the frame's picture in a picture of another shape that is shown as large as fits into it, both as parts of
/// width and height.
fn contained(at: (f64, f64), frame: (f64, f64), picture: Pixels) -> (f64, f64) {
    let (width, height) = (f64::from(picture.0.max(1)), f64::from(picture.1.max(1)));
    let scale = (frame.0 / width).min(frame.1 / height);
    let part = |at: f64, frame: f64, length: f64| (at * frame - (frame - length * scale) / 2.0) / (length * scale);
    (part(at.0, frame.0, width), part(at.1, frame.1, height))
}
