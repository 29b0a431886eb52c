//! Moving what a step places on its picture, on the picture itself: what can be moved, where it is, and which parameters
//! say so after a pointer or a key has moved it. Which parameters those are is declared by the action
//! ([`Spatial`], [`Kind::Point`]); nothing here is specific to one.
//!
//! Lengths are in pixels of the picture, unless they are called shares.

use serde_json::{Map, Value, json};

use super::{document, editing, form};
use crate::actions::crop::{around, inside};
use crate::actions::parameters::{Field, Gravity, Kind, Parameter, Point, Ratio, Spatial};
use crate::actions::{self, Action, Area};
use crate::image::Size;

/// What can be moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handle {
    /// A point, such as the middle of what is kept.
    Point,
    /// A frame with edges, around what is kept.
    Frame,
    /// Something that lies at one of nine places.
    Anchored,
}

impl Handle {
    /// Whether it lies on the picture that the step works on, rather than on what the step makes of it.
    pub fn is_on_input(self) -> bool {
        matches!(self, Self::Point | Self::Frame)
    }
}

/// A step with something that can be moved.
#[derive(Clone, Copy, Debug)]
pub struct Placed {
    /// What it is.
    pub handle: Handle,
    /// The action.
    pub action: &'static Action,
    /// Its place among the steps.
    pub index: usize,
}

impl PartialEq for Placed {
    fn eq(&self, other: &Self) -> bool {
        (self.handle, self.action.action_type, self.index) == (other.handle, other.action.action_type, other.index)
    }
}

/// Parameters and their new values; `None` removes one.
pub type Changes = Vec<(&'static Field, Option<Value>)>;

/// What can be moved of a step that is on.
pub fn placed(document: &Value, action_id: &str) -> Option<Placed> {
    let index = document::index_of(document, action_id).filter(|index| !document::is_off(document, *index))?;
    let node = document::nodes(document).into_iter().nth(index)?;
    let action = actions::find(&node.action_type)?;
    let none = Map::new();
    let handle = handle(action, document::parameters(document, index).unwrap_or(&none))?;
    Some(Placed { handle, action, index })
}

fn handle(action: &Action, raw: &Map<String, Value>) -> Option<Handle> {
    let at = At { action, raw };
    let sides = [Spatial::Left, Spatial::Top, Spatial::Width, Spatial::Height];
    let has_frame = sides.iter().all(|side| at.field(*side).is_some());
    let keeps_ratio = at.value(Spatial::Ratio).is_some();
    match at.point_field() {
        Some(_) if keeps_ratio || !has_frame => Some(Handle::Point),
        _ if has_frame && !keeps_ratio => Some(Handle::Frame),
        None if !has_frame && at.field(Spatial::Anchor).is_some() => Some(Handle::Anchored),
        _ => None,
    }
}

/// The document whose result is the picture on which a step's handle lies.
pub fn view_of(document: &Value, action_id: &str, placed: &Placed) -> Option<Value> {
    if !placed.handle.is_on_input() {
        return editing::up_to(document, action_id);
    }
    // What the step's parameters say does not change the picture that it works on.
    let off = editing::with_off(document, placed.index, true);
    let mut view = editing::up_to(&off, action_id)?;
    let index = document::index_of(&view, action_id)?;
    if let Some(parameters) = view.pointer_mut(&format!("/actions/{index}/parameters")) {
        *parameters = json!({});
    }
    Some(view)
}

/// A step's document with changed parameters.
pub fn with_changes(document: &Value, index: usize, changes: &Changes) -> Value {
    changes.iter().fold(document.clone(), |document, (field, value)| {
        document::with_parameter(&document, index, field.name, value.clone())
    })
}

/// A step's action with its raw parameters.
#[derive(Clone, Copy)]
pub struct At<'a> {
    /// The action.
    pub action: &'a Action,
    /// Its parameters, as written.
    pub raw: &'a Map<String, Value>,
}

/// A frame in a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// Left edge.
    pub left: f64,
    /// Upper edge.
    pub top: f64,
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
}

impl Frame {
    /// As shares of the picture.
    pub fn area(&self, picture: Size) -> Area {
        let (width, height) = (f64::from(picture.width.max(1)), f64::from(picture.height.max(1)));
        Area {
            left: self.left / width,
            top: self.top / height,
            width: self.width / width,
            height: self.height / height,
        }
    }
}

/// What of a frame is held: for each direction −1 for the edge before, 1 for the one after, 0 for neither. With neither
/// in both directions it is the frame itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grip {
    /// Across.
    pub across: i8,
    /// Down.
    pub down: i8,
}

impl Grip {
    /// The frame itself.
    pub const WHOLE: Self = Self { across: 0, down: 0 };
    /// Its edges and corners, as they are drawn.
    pub const EDGES: [Self; 8] = [
        Self { across: -1, down: -1 },
        Self { across: 0, down: -1 },
        Self { across: 1, down: -1 },
        Self { across: -1, down: 0 },
        Self { across: 1, down: 0 },
        Self { across: -1, down: 1 },
        Self { across: 0, down: 1 },
        Self { across: 1, down: 1 },
    ];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match (self.across, self.down) {
            (0, 0) => "Frame",
            (-1, 0) => "Left edge",
            (1, 0) => "Right edge",
            (0, -1) => "Upper edge",
            (0, 1) => "Lower edge",
            (-1, -1) => "Upper left corner",
            (_, -1) => "Upper right corner",
            (-1, _) => "Lower left corner",
            _ => "Lower right corner",
        }
    }

    /// Whether it is a corner.
    pub fn is_corner(self) -> bool {
        self.across != 0 && self.down != 0
    }
}

/// The share of the picture that one press of an arrow key moves by, and with Shift.
pub fn key_step(with_shift: bool) -> f64 {
    if with_shift { 0.1 } else { 0.01 }
}

impl At<'_> {
    fn field(&self, spatial: Spatial) -> Option<&'static Field> {
        self.action.fields.iter().find(|field| field.spatial == Some(spatial))
    }

    fn point_field(&self) -> Option<&'static Field> {
        self.action.fields.iter().find(|field| field.kind == Kind::Point)
    }

    /// The value of a parameter: as given, or the default.
    fn value(&self, spatial: Spatial) -> Option<Value> {
        let value = form::value(self.field(spatial)?, Some(self.raw));
        (!value.is_null()).then_some(value)
    }

    fn number(&self, spatial: Spatial) -> Option<f64> {
        self.value(spatial)?.as_f64()
    }

    fn anchor(&self) -> Option<Gravity> {
        Gravity::read(&self.value(Spatial::Anchor)?)
    }

    fn given_point(&self) -> Option<Point> {
        Point::read(self.raw.get(self.point_field()?.name)?)
    }

    /// What the point is called.
    pub fn label(&self) -> String {
        self.point_field().map(form::field_label).unwrap_or_default()
    }

    /// What moving it is called, as a step that can be undone.
    pub fn does(&self, handle: Handle, grip: Grip) -> String {
        match handle {
            Handle::Point => format!("Move {}", self.label().to_lowercase()),
            Handle::Frame if grip == Grip::WHOLE => format!("Move {}", self.action.name.to_lowercase()),
            Handle::Frame => format!("Resize {}", self.action.name.to_lowercase()),
            Handle::Anchored => format!("Move {}", self.action.name.to_lowercase()),
        }
    }

    /// The point, as shares; if none is given, the middle of what is kept, as far as that is known.
    pub fn point(&self, picture: Size) -> Point {
        self.given_point().unwrap_or_else(|| {
            let kept = self.kept(picture).map(|frame| frame.area(picture));
            kept.map_or(Point { x: 0.5, y: 0.5 }, |kept| Point {
                x: kept.left + kept.width / 2.0,
                y: kept.top + kept.height / 2.0,
            })
        })
    }

    /// The part with a ratio that is kept; `None` if it depends on what is in the picture, or nothing is cut off.
    pub fn kept(&self, picture: Size) -> Option<Frame> {
        let size = inside(picture, Ratio::read(&self.value(Spatial::Ratio)?)?);
        let (left, top) = match (self.given_point(), self.anchor()) {
            (Some(at), _) => (around(at.x, picture.width, size.width), around(at.y, picture.height, size.height)),
            (None, Some(Gravity { column, row })) => {
                (Gravity::offset(column, picture.width, size.width), Gravity::offset(row, picture.height, size.height))
            }
            (None, None) => return None,
        };
        let [left, top, width, height] = [left, top, size.width, size.height].map(f64::from);
        Some(Frame { left, top, width, height })
    }

    /// The parameters with the point at these shares, or at the nearest ones in the picture.
    pub fn with_point(&self, at: Point) -> Changes {
        let share = |share: f64| (share.clamp(0.0, 1.0) * 1000.0).round() / 1000.0;
        let point = Point { x: share(at.x), y: share(at.y) };
        self.point_field().map(|field| (field, Some(point.json()))).into_iter().collect()
    }

    /// What the frame holds of the picture; all of it if it is not given.
    pub fn frame(&self, picture: Size) -> Frame {
        let (width, height) = (f64::from(picture.width), f64::from(picture.height));
        let span = |start: Spatial, length: Spatial, side: f64| {
            let start = self.number(start).unwrap_or(0.0);
            let end = start + self.number(length).unwrap_or(side);
            let (from, to) = (start.clamp(0.0, side - 1.0), end.clamp(1.0, side));
            (from, (to - from).max(1.0))
        };
        let (left, width) = span(Spatial::Left, Spatial::Width, width);
        let (top, height) = span(Spatial::Top, Spatial::Height, height);
        Frame { left, top, width, height }
    }

    /// The parameters with this frame.
    pub fn with_frame(&self, frame: Frame) -> Changes {
        let (left, top) = (frame.left.round(), frame.top.round());
        let sides = [
            (Spatial::Left, left),
            (Spatial::Top, top),
            (Spatial::Width, ((frame.left + frame.width).round() - left).max(1.0)),
            (Spatial::Height, ((frame.top + frame.height).round() - top).max(1.0)),
        ];
        sides.into_iter().filter_map(|(side, length)| Some((self.field(side)?, Some(length.json())))).collect()
    }

    /// Where something of this size lies, as the kernel places it.
    pub fn anchored(&self, picture: Size, (width, height): (f64, f64)) -> Frame {
        let Gravity { column, row } = self.anchor().unwrap_or(Gravity::CENTER);
        let margin = self.margin_in(picture);
        let start = |place, outer: u32, inner: f64| Gravity::start(place, outer, inner.round() as u32, margin) as f64;
        Frame { left: start(column, picture.width, width), top: start(row, picture.height, height), width, height }
    }

    fn margin_in(&self, picture: Size) -> u32 {
        let shorter = f64::from(picture.width.min(picture.height));
        (self.number(Spatial::Margin).unwrap_or(0.0) * shorter).round() as u32
    }

    /// The parameters that bring it nearest to a place: one of the nine anchors, with a distance from the edges if the
    /// action has a parameter for that. `wanted` is where it should lie.
    pub fn with_anchored(&self, picture: Size, wanted: Frame) -> Changes {
        let Some(field) = self.field(Spatial::Anchor) else { return Vec::new() };
        let margin = self.field(Spatial::Margin);
        let shorter = f64::from(picture.width.min(picture.height).max(1));
        let room = (f64::from(picture.width) - wanted.width, f64::from(picture.height) - wanted.height);
        let now = self.number(Spatial::Margin).unwrap_or(0.0);
        let candidates = (0..3_u8).flat_map(|row| (0..3_u8).map(move |column| Gravity { column, row }));
        // The middle first: others reach it too.
        let nearest = std::iter::once(Gravity::CENTER)
            .chain(candidates)
            .map(|gravity| {
                let share = margin.and_then(|margin| self.margin_for(margin, gravity, room, wanted, shorter));
                // A little off is as good as what is set already.
                let share = share.map(|share| if (share - now).abs() < STICKY { now } else { share });
                let offset = |place: u8, room: f64| {
                    let margin = share.unwrap_or(now) * shorter;
                    match place {
                        _ if room < 0.0 => room / 2.0,
                        0 => margin.min(room),
                        1 => room / 2.0,
                        _ => (room - margin).max(0.0),
                    }
                };
                let (left, top) = (offset(gravity.column, room.0), offset(gravity.row, room.1));
                ((left - wanted.left).hypot(top - wanted.top), gravity, share)
            })
            .reduce(|best, other| if other.0 < best.0 { other } else { best });
        let Some((_, gravity, share)) = nearest else { return Vec::new() };
        let mut changes: Changes = vec![(field, Some(gravity.json()))];
        changes.extend(margin.zip(share).map(|(field, share)| (field, Some(share.json()))));
        changes
    }

    /// The distance from the edges at which something is nearest to where it should be, as a share of the shorter side;
    /// `None` in the middle, where no distance counts. It ends in the middle of the picture, where another anchor begins.
    fn margin_for(
        &self,
        field: &Field,
        gravity: Gravity,
        room: (f64, f64),
        wanted: Frame,
        shorter: f64,
    ) -> Option<f64> {
        let distance = |place: u8, room: f64, start: f64| match place {
            0 => Some((start, room)),
            2 => Some((room - start, room)),
            _ => None,
        };
        let across = distance(gravity.column, room.0, wanted.left);
        let down = distance(gravity.row, room.1, wanted.top);
        let all: Vec<(f64, f64)> = across.into_iter().chain(down).collect();
        if all.is_empty() {
            return None;
        }
        let mean = all.iter().map(|(distance, _)| distance).sum::<f64>() / all.len() as f64;
        let most = all.iter().map(|(_, room)| room / 2.0).fold(f64::INFINITY, f64::min).max(0.0);
        let (low, high) = field.range.unwrap_or((0.0, 1.0));
        let share = (mean.clamp(0.0, most) / shorter).clamp(low, high);
        Some((share * 1000.0).round() / 1000.0)
    }

    /// Where it is, in words.
    pub fn said(&self, handle: Handle, grip: Grip, picture: Size) -> String {
        let percent = |share: f64| format!("{} %", (share * 1000.0).round() / 10.0);
        match handle {
            Handle::Point => {
                let Point { x, y } = self.point(picture);
                format!("{} across, {} down", percent(x), percent(y))
            }
            Handle::Frame => {
                let Frame { left, top, width, height } = self.frame(picture);
                match (grip.across, grip.down) {
                    (0, 0) => format!("{width} × {height} px, {left} px from the left, {top} px from the top"),
                    (-1, 0) => format!("{left} px from the left"),
                    (_, 0) => format!("{} px from the left", left + width),
                    (0, -1) => format!("{top} px from the top"),
                    _ => format!("{} px from the top", top + height),
                }
            }
            Handle::Anchored => {
                let place = self.value(Spatial::Anchor).and_then(|word| word.as_str().map(form::choice));
                let place = place.unwrap_or_default();
                match self.number(Spatial::Margin) {
                    Some(margin) if self.anchor() != Some(Gravity::CENTER) => {
                        format!("{place}, {} from the edges", percent(margin))
                    }
                    _ => place,
                }
            }
        }
    }

    /// How far it is along, in percent: across, or down for an edge that moves down.
    pub fn percent(&self, handle: Handle, grip: Grip, area: Area, picture: Size) -> f64 {
        let share = match (handle, grip.across, grip.down) {
            (Handle::Point, ..) => self.point(picture).x,
            (Handle::Anchored, ..) | (Handle::Frame, 0, 0) => area.left + area.width / 2.0,
            (Handle::Frame, -1, _) => area.left,
            (Handle::Frame, 0, -1) => area.top,
            (Handle::Frame, 0, _) => area.top + area.height,
            (Handle::Frame, ..) => area.left + area.width,
        };
        (share * 100.0).round().clamp(0.0, 100.0)
    }
}

/// Distances from the edges that differ by less, as a share of the shorter side, count as equal.
const STICKY: f64 = 0.006;

/// A frame after one of its grips was moved by so many pixels: it stays in the picture and keeps at least one pixel.
pub fn dragged(frame: Frame, grip: Grip, (dx, dy): (f64, f64), picture: Size) -> Frame {
    let axis = |grip: i8, is_moved: bool, start: f64, length: f64, by: f64, side: f64| match grip {
        _ if is_moved => ((start + by).clamp(0.0, (side - length).max(0.0)), length),
        -1 => {
            let end = start + length;
            let start = (start + by).clamp(0.0, (end - 1.0).max(0.0));
            (start, end - start)
        }
        1 => (start, (length + by).clamp(1.0, (side - start).max(1.0))),
        _ => (start, length),
    };
    let is_moved = grip == Grip::WHOLE;
    let (left, width) = axis(grip.across, is_moved, frame.left, frame.width, dx, picture.width.into());
    let (top, height) = axis(grip.down, is_moved, frame.top, frame.height, dy, picture.height.into());
    Frame { left, top, width, height }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::actions::{Context, catalog, find};

    const PICTURE: Size = Size { width: 400, height: 300 };

    fn at<'a>(action: &str, raw: &'a Value) -> At<'a> {
        At { action: find(action).unwrap(), raw: raw.as_object().unwrap() }
    }

    fn written(changes: &Changes) -> Value {
        changes
            .iter()
            .map(|(field, value)| (field.name.to_owned(), value.clone().unwrap()))
            .collect::<Map<_, _>>()
            .into()
    }

    fn chain(action: &str, raw: &Value) -> Value {
        json!({
            "actions": [
                { "actionId": "photos", "actionType": "input-images", "parameters": {} },
                { "actionId": "flip", "actionType": "flip", "parameters": { "direction": "horizontal" } },
                { "actionId": "it", "actionType": action, "parameters": raw },
                { "actionId": "save", "actionType": "output", "parameters": {} },
            ],
            "connections": [
                { "connectionSource": "photos", "sourcePort": "outputs", "connectionTarget": "flip", "targetPort": "input-images" },
                { "connectionSource": "flip", "sourcePort": "outputs", "connectionTarget": "it", "targetPort": "input-images" },
                { "connectionSource": "it", "sourcePort": "outputs", "connectionTarget": "save", "targetPort": "input-images" },
            ],
        })
    }

    #[test]
    fn what_can_be_moved_follows_from_the_declared_parameters() {
        let of = |action: &str, raw: Value| handle(find(action).unwrap(), raw.as_object().unwrap());
        assert_eq!(of("crop", json!({ "ratio": "1:1" })), Some(Handle::Point));
        assert_eq!(of("crop", json!({})), Some(Handle::Frame));
        assert_eq!(of("watermark", json!({})), Some(Handle::Anchored));
        assert_eq!(of("text", json!({})), Some(Handle::Anchored));
        // A place that means something else: where a picture lies on a canvas.
        assert_eq!(of("pad", json!({})), None);
        let movable: Vec<_> = catalog().iter().filter(|action| of(action.action_type, json!({})).is_some()).collect();
        assert_eq!(movable.len(), 3);
    }

    #[test]
    fn a_declared_place_has_the_kind_that_it_needs() {
        for action in catalog() {
            for field in action.fields {
                let fits = match field.spatial {
                    None => true,
                    Some(Spatial::Ratio) => field.kind == Kind::Ratio,
                    Some(Spatial::Anchor) => matches!(field.kind, Kind::Choice(words) if words.contains(&"northwest")),
                    Some(Spatial::Margin) => field.kind == Kind::Number && field.range.is_some(),
                    Some(_) => field.kind == Kind::Integer && field.unit == Some("px"),
                };
                assert!(fits, "{} {}", action.action_type, field.name);
            }
        }
    }

    #[test]
    fn a_step_that_is_off_or_missing_has_nothing_to_move() {
        let document = chain("crop", &json!({ "ratio": "1:1" }));
        assert_eq!(placed(&document, "it").map(|one| (one.handle, one.index)), Some((Handle::Point, 2)));
        assert_eq!(placed(&document, "flip"), None);
        assert_eq!(placed(&document, "gone"), None);
        assert_eq!(placed(&editing::with_off(&document, 2, true), "it"), None);
    }

    #[test]
    fn what_is_cut_is_shown_before_and_what_is_laid_on_after_its_step() {
        let errors = |document: &Value| {
            crate::workflow::check(document).1.into_iter().any(|one| one.is_error() && one.code != "no_images")
        };
        // Even one that cannot run yet.
        let document = chain("crop", &json!({ "x": 5 }));
        let view = view_of(&document, "it", &placed(&document, "it").unwrap()).unwrap();
        assert!(!errors(&view), "{view}");
        let moved = document::with_parameter(&document, 2, "x", Some(json!(9)));
        assert_eq!(view_of(&moved, "it", &placed(&moved, "it").unwrap()), Some(view));
        let document = chain("text", &json!({ "text": "a" }));
        let view = view_of(&document, "it", &placed(&document, "it").unwrap()).unwrap();
        assert_eq!(document::parameters(&view, 2).unwrap()["text"], "a");
        assert!(!document::is_off(&view, 2));
    }

    #[test]
    fn a_point_is_where_it_is_given_or_in_the_middle_of_what_is_kept() {
        let point = |raw: Value| at("crop", &raw).point(PICTURE);
        assert_eq!(point(json!({ "ratio": "1:1", "focus": { "x": 0.2, "y": 0.9 } })), Point { x: 0.2, y: 0.9 });
        assert_eq!(point(json!({ "ratio": "1:1", "gravity": "west" })), Point { x: 0.375, y: 0.5 });
        assert_eq!(point(json!({ "ratio": "1:1", "gravity": "attention" })), Point { x: 0.5, y: 0.5 });
        let raw = json!({ "ratio": "1:1", "focus": { "x": 0.2, "y": 0.9 } });
        let kept = at("crop", &raw).kept(PICTURE).unwrap();
        assert_eq!(kept, Frame { left: 0.0, top: 0.0, width: 300.0, height: 300.0 });
        assert_eq!(at("crop", &json!({ "ratio": "1:1", "gravity": "attention" })).kept(PICTURE), None);
        let changes = at("crop", &raw).with_point(Point { x: -0.5, y: 0.123_456 });
        assert_eq!(written(&changes), json!({ "focus": { "x": 0, "y": 0.123 } }));
        assert_eq!(at("crop", &raw).does(Handle::Point, Grip::WHOLE), "Move focal point");
        assert_eq!(at("crop", &raw).said(Handle::Point, Grip::WHOLE, PICTURE), "20 % across, 90 % down");
    }

    #[test]
    fn a_frame_is_the_whole_picture_until_it_is_given() {
        let raw = json!({});
        let crop = at("crop", &raw);
        let all = crop.frame(PICTURE);
        assert_eq!(all, Frame { left: 0.0, top: 0.0, width: 400.0, height: 300.0 });
        let cut = dragged(all, Grip { across: -1, down: -1 }, (40.4, 30.0), PICTURE);
        assert_eq!(written(&crop.with_frame(cut)), json!({ "x": 40, "y": 30, "width": 360, "height": 270 }));
        let raw = written(&crop.with_frame(cut));
        assert_eq!(at("crop", &raw).action.check(raw.as_object().unwrap()), []);
        // A box that reaches beyond the picture counts as far as it is in it.
        let raw = json!({ "x": -10, "y": 290, "width": 50, "height": 50 });
        let frame = at("crop", &raw).frame(PICTURE);
        assert_eq!(frame, Frame { left: 0.0, top: 290.0, width: 40.0, height: 10.0 });
        let right = at("crop", &raw).said(Handle::Frame, Grip { across: 1, down: 0 }, PICTURE);
        assert_eq!(right, "40 px from the left");
    }

    #[test]
    fn an_anchored_thing_lies_where_the_kernel_puts_it() {
        use crate::image::{Representation, testing::flat};
        for position in ["northwest", "south", "center", "east"] {
            let raw = json!({ "position": position, "margin": 0.05, "scale": 0.3 });
            let run = actions::prepare("watermark", raw.as_object().unwrap()).unwrap();
            let context = Context::default();
            let picture = flat(PICTURE, Representation::Rgb, 0);
            let logo = flat(Size::new(80, 50), Representation::Rgb, 255);
            run.run(vec![Some(picture), Some(logo)], &context).unwrap();
            let area = context.area().unwrap();
            let size = (area.width * 400.0, area.height * 300.0);
            let frame = at("watermark", &raw).anchored(PICTURE, size);
            let near = |one: f64, other: f64| (one - other).abs() < 1e-9;
            let own = frame.area(PICTURE);
            assert!(near(own.left, area.left) && near(own.top, area.top), "{position}: {own:?} {area:?}");
        }
    }

    #[test]
    fn a_dragged_thing_snaps_to_the_nearest_anchor_and_sets_its_margin() {
        let raw = json!({});
        let mark = at("watermark", &raw);
        let to =
            |left: f64, top: f64| written(&mark.with_anchored(PICTURE, Frame { left, top, width: 60.0, height: 30.0 }));
        assert_eq!(to(30.0, 30.0), json!({ "position": "northwest", "margin": 0.1 }));
        // Nearly the margin that is set already.
        assert_eq!(to(10.0, 10.0), json!({ "position": "northwest", "margin": 0.03 }));
        assert_eq!(to(168.0, 250.0), json!({ "position": "south", "margin": 0.067 }));
        assert_eq!(to(170.0, 135.0), json!({ "position": "center" }));
        assert_eq!(to(900.0, -900.0), json!({ "position": "northeast", "margin": 0 }));
        let raw = json!({ "position": "southeast", "margin": 0.1 });
        assert_eq!(
            at("watermark", &raw).said(Handle::Anchored, Grip::WHOLE, PICTURE),
            "Bottom right, 10 % from the edges"
        );
    }

    proptest! {
        #[test]
        fn a_dragged_frame_stays_in_the_picture(
            grip in 0..9_usize, dx in -900.0..900.0_f64, dy in -900.0..900.0_f64,
            left in 0.0..399.0_f64, top in 0.0..299.0_f64, width in 1.0..400.0_f64, height in 1.0..300.0_f64,
        ) {
            let frame = Frame { left, top, width: width.min(400.0 - left), height: height.min(300.0 - top) };
            let grip = Grip::EDGES.get(grip).copied().unwrap_or(Grip::WHOLE);
            let now = dragged(frame, grip, (dx, dy), PICTURE);
            prop_assert!(now.left >= 0.0 && now.top >= 0.0 && now.width >= 0.99 && now.height >= 0.99, "{now:?}");
            prop_assert!(now.left + now.width <= 400.0 + 1e-6 && now.top + now.height <= 300.0 + 1e-6, "{now:?}");
            let raw = json!({});
            let written = written(&at("crop", &raw).with_frame(now));
            prop_assert!(find("crop").unwrap().check(written.as_object().unwrap()).is_empty(), "{written}");
        }

        #[test]
        fn what_is_dropped_where_it_lies_stays_there(column in 0..3_u8, row in 0..3_u8, margin in 0..300_u32) {
            let raw = json!({ "position": Gravity { column, row }.json(), "margin": f64::from(margin) / 1000.0 });
            let mark = at("watermark", &raw);
            let lies = mark.anchored(PICTURE, (60.0, 30.0));
            let mut next = raw.clone();
            for (field, value) in mark.with_anchored(PICTURE, lies) {
                next[field.name] = value.unwrap();
            }
            let now = at("watermark", &next).anchored(PICTURE, (60.0, 30.0));
            prop_assert!((now.left - lies.left).abs() <= 1.5 && (now.top - lies.top).abs() <= 1.5, "{lies:?} {now:?} {next}");
        }
    }
}
