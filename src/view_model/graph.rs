//! A workflow as a picture of its graph: where each step, port and connection is. The layout follows from the document:
//! columns from the inputs to the outputs, each step beside what it gets its pictures from. Steps that were put somewhere by
//! hand stay there, and what follows them is beside them.

use std::collections::HashMap;

use serde_json::Value;

use super::document::nodes;
use super::editing::{self, Edge};
use super::form;
use super::frames;
use super::places;
use crate::actions::input_text::is_text;
use crate::actions::{self, Action, Port, PortType, Role};
use crate::workflow::Diagnostic;

/// Width of a step, in pixels.
pub const WIDTH: f64 = 184.0;
/// Height of a step's title.
pub const HEAD: f64 = 50.0;
/// Height of a row with ports.
pub const ROW: f64 = 24.0;
/// Height of the text in a note.
const TEXT: f64 = 84.0;
/// Height of the picture in a step.
const THUMBNAIL: f64 = 92.0;
const GAP_ACROSS: f64 = 64.0;
const GAP_DOWN: f64 = 24.0;
const MARGIN: f64 = 24.0;
/// Height of the title of a frame.
pub const FRAME_HEAD: f64 = 26.0;
/// Distance of a frame from the steps in it.
const FRAME_GAP: f64 = 10.0;

/// A step in the picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Its index in the document's `actions`.
    pub index: usize,
    /// Its `actionId`.
    pub action_id: String,
    /// Its label.
    pub title: String,
    /// What its action is called, and what is set of it.
    pub about: String,
    /// The icon of its action; empty for an action that does not exist.
    pub icon: &'static str,
    /// Distance from the left edge.
    pub x: f64,
    /// Distance from the top.
    pub y: f64,
    /// Its height.
    pub height: f64,
    /// What it says, if it is a note.
    pub note: Option<String>,
    /// Its input ports, from top to bottom.
    pub inputs: Vec<PortOf>,
    /// Its output ports, from top to bottom.
    pub outputs: Vec<PortOf>,
    /// Its role; `None` for an action that does not exist.
    pub role: Option<Role>,
    /// Whether something is wrong with it.
    pub is_wrong: bool,
    /// Whether it is turned off.
    pub is_off: bool,
}

/// A port in the picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortOf {
    /// Its name in the document.
    pub name: String,
    /// Its name in the form.
    pub title: String,
    /// What flows through it.
    pub kind: PortType,
    /// Its row below the title.
    pub row: usize,
    /// Whether something is connected to it.
    pub is_connected: bool,
    /// Whether something must be.
    pub is_required: bool,
}

impl PortOf {
    /// The distance of its middle from the top of its step.
    pub fn y(&self) -> f64 {
        HEAD + ROW * (self.row as f64 + 0.5)
    }
}

/// A connection in the picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Wire {
    /// The step and port that it leaves.
    pub source: (String, String),
    /// The step and port that it enters.
    pub target: (String, String),
    /// Its two ends.
    pub ends: [(f64, f64); 2],
}

/// A frame around steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// Its title.
    pub title: String,
    /// The steps in it, in document order.
    pub action_ids: Vec<String>,
    /// Distance from the left edge.
    pub x: f64,
    /// Distance from the top.
    pub y: f64,
    /// Its width.
    pub width: f64,
    /// Its height.
    pub height: f64,
}

/// The picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Picture {
    /// The steps, in document order.
    pub steps: Vec<Step>,
    /// The frames around them, in the order of their first steps.
    pub frames: Vec<Frame>,
    /// The connections.
    pub wires: Vec<Wire>,
    /// Its width.
    pub width: f64,
    /// Its height.
    pub height: f64,
}

/// A curve from one point to another that leaves and enters horizontally, as the `d` of an SVG path.
pub fn curve([(x1, y1), (x2, y2)]: [(f64, f64); 2]) -> String {
    let bend = ((x2 - x1).abs() / 2.0).max(32.0);
    format!("M{x1:.1} {y1:.1}C{:.1} {y1:.1} {:.1} {y2:.1} {x2:.1} {y2:.1}", x1 + bend, x2 - bend)
}

/// The picture of a document; `found` is what is wrong with it. With thumbnails there is room in steps for a picture of what
/// they give.
pub fn picture(document: &Value, found: &[Diagnostic], has_thumbnails: bool) -> Picture {
    let edges = editing::edges(document);
    let all = nodes(document);
    let ids: Vec<&str> = all.iter().map(|node| node.action_id.as_str()).collect();
    let columns = columns(&ids, &edges, |at| {
        let is_source = |action: &Action| action.role == Role::Source || is_text(action.action_type);
        actions::find(&all[at].action_type).is_some_and(is_source)
    });
    let mut steps: Vec<Step> = all
        .iter()
        .map(|node| {
            let action = actions::find(&node.action_type);
            let parameters = super::document::parameters(document, node.index);
            let (inputs, mut outputs) = ports(action, &node.action_id, &edges);
            outputs.extend(columns_of(document, &node.action_id, outputs.len(), &edges));
            let rows = inputs.len().max(outputs.len());
            let is_note = action.is_some_and(|action| action.role == Role::Note);
            let said = || parameters?.get("text")?.as_str().map(str::to_owned);
            let title = form::label(&node.action_id);
            let about = match action {
                Some(_) if is_note => String::new(),
                Some(action) => {
                    let set = form::summary(action.fields, parameters);
                    let kind = Some(action.name).filter(|name| !name.eq_ignore_ascii_case(&title)).map(str::to_owned);
                    kind.into_iter().chain(Some(set).filter(|set| !set.is_empty())).collect::<Vec<_>>().join(" · ")
                }
                None => "Unknown action".to_owned(),
            };
            let is_wrong =
                found.iter().any(|one| one.is_error() && one.action_id.as_deref() == Some(node.action_id.as_str()));
            let is_off = super::document::is_off(document, node.index);
            Step {
                index: node.index,
                action_id: node.action_id.clone(),
                title,
                about,
                icon: action.map_or("", actions::catalog::icon),
                x: 0.0,
                y: 0.0,
                height: HEAD
                    + ROW * rows as f64
                    + if rows > 0 { 8.0 } else { 0.0 }
                    + match is_note {
                        true => TEXT,
                        false if has_thumbnails && !is_off && action.is_none_or(shows_pictures) => THUMBNAIL,
                        false => 0.0,
                    },
                note: is_note.then(|| said().unwrap_or_default()),
                inputs,
                outputs,
                role: action.map(|action| action.role),
                is_wrong,
                is_off,
            }
        })
        .collect();
    let by_hand: Vec<_> = steps.iter().map(|step| places::position(document, step.index)).collect();
    let titles: Vec<_> = steps.iter().map(|step| frames::frame(document, step.index)).collect();
    // The titles of frames need room above their steps.
    let room = if titles.iter().any(Option::is_some) { FRAME_HEAD } else { 0.0 };
    place(&mut steps, &columns, &edges, &by_hand, room);
    let frames = framed(&steps, &titles);
    let wires = edges.iter().filter_map(|edge| wire(&steps, edge)).collect();
    let far = |far: fn(&Step) -> f64| steps.iter().map(far).fold(0.0, f64::max) + MARGIN;
    Picture { width: far(|step| step.x + WIDTH), height: far(|step| step.y + step.height), steps, frames, wires }
}

/// Whether there may be pictures of what an action gives: not of texts and files.
fn shows_pictures(action: &'static Action) -> bool {
    let is_other = |port: &Port| matches!(port.kind, PortType::Text | PortType::File);
    action.outputs.is_empty() || !action.outputs.iter().all(is_other)
}

/// The frames with these titles, one for each step.
fn framed(steps: &[Step], titles: &[Option<&str>]) -> Vec<Frame> {
    let mut frames: Vec<Frame> = Vec::new();
    for (step, title) in steps.iter().zip(titles) {
        let Some(title) = *title else { continue };
        let (left, top) = (step.x - FRAME_GAP, step.y - FRAME_GAP - FRAME_HEAD);
        let (right, bottom) = (step.x + WIDTH + FRAME_GAP, step.y + step.height + FRAME_GAP);
        match frames.iter_mut().find(|frame| frame.title == title) {
            Some(frame) => {
                let (far, low) = ((frame.x + frame.width).max(right), (frame.y + frame.height).max(bottom));
                (frame.x, frame.y) = (frame.x.min(left), frame.y.min(top));
                (frame.width, frame.height) = (far - frame.x, low - frame.y);
                frame.action_ids.push(step.action_id.clone());
            }
            None => frames.push(Frame {
                title: title.to_owned(),
                action_ids: vec![step.action_id.clone()],
                x: left,
                y: top,
                width: right - left,
                height: bottom - top,
            }),
        }
    }
    frames
}

/// The ports of a table's columns, below those that are there.
fn columns_of(document: &Value, id: &str, below: usize, edges: &[Edge]) -> Vec<PortOf> {
    let named = |(at, (name, kind)): (usize, (String, PortType))| PortOf {
        title: form::label(&name),
        kind,
        row: below + at,
        is_connected: edges.iter().any(|edge| edge.leaves(id, &name)),
        is_required: false,
        name,
    };
    editing::columns(document, id).into_iter().enumerate().map(named).collect()
}

fn ports(action: Option<&'static Action>, id: &str, edges: &[Edge]) -> (Vec<PortOf>, Vec<PortOf>) {
    let Some(action) = action else { return (Vec::new(), Vec::new()) };
    let of = |ports: &'static [Port], is_input: bool| {
        let named = |(row, port): (usize, &'static Port)| {
            let is_connected =
                edges.iter().any(|edge| if is_input { edge.enters(id, port.name) } else { edge.leaves(id, port.name) });
            let title = match (port.name, port.kind) {
                ("outputs", PortType::File) => "File".to_owned(),
                ("input-images" | "outputs", _) => "Pictures".to_owned(),
                (other, _) => form::label(other),
            };
            PortOf { name: port.name.to_owned(), title, kind: port.kind, row, is_connected, is_required: port.required }
        };
        ports.iter().enumerate().map(named).collect()
    };
    (of(action.inputs, true), of(action.outputs, false))
}

/// The column of every step: as many as the longest way from an input has; inputs are just before what uses them.
fn columns(ids: &[&str], edges: &[Edge], is_source: impl Fn(usize) -> bool) -> Vec<usize> {
    let at: HashMap<&str, usize> = ids.iter().enumerate().map(|(index, id)| (*id, index)).collect();
    let ways: Vec<(usize, usize)> = edges
        .iter()
        .filter_map(|edge| Some((*at.get(edge.source.as_str())?, *at.get(edge.target.as_str())?)))
        .collect();
    let mut columns = vec![0_usize; ids.len()];
    // In a cycle the columns would grow without end.
    for _ in 0..ids.len() {
        let before = columns.clone();
        for (from, to) in &ways {
            columns[*to] = columns[*to].max(before[*from] + 1).min(ids.len().saturating_sub(1));
        }
        if columns == before {
            break;
        }
    }
    for index in (0..ids.len()).filter(|index| is_source(*index)) {
        let first = ways.iter().filter(|(from, _)| *from == index).map(|(_, to)| columns[*to]).min();
        columns[index] = first.map_or(0, |first| first.saturating_sub(1));
    }
    columns
}

/// Places the steps: each beside the first of those it gets pictures from, below what is there already. Those in `by_hand`
/// have a place; what gets pictures from them follows them there instead of being in its column. `room`
/// is left above every step, besides the usual gap.
fn place(steps: &mut [Step], columns: &[usize], edges: &[Edge], by_hand: &[Option<(f64, f64)>], room: f64) {
    let (top, gap) = (MARGIN + room, GAP_DOWN + room);
    let mut is_placed = vec![false; steps.len()];
    let mut follows_hand = vec![false; steps.len()];
    for (index, place) in by_hand.iter().enumerate() {
        if let Some((x, y)) = *place {
            (steps[index].x, steps[index].y) = (x, y);
            (is_placed[index], follows_hand[index]) = (true, true);
        }
    }
    let last = columns.iter().copied().max().unwrap_or(0);
    for column in 0..=last {
        let members: Vec<usize> =
            (0..steps.len()).filter(|index| columns[*index] == column && by_hand[*index].is_none()).collect();
        let mut wished: Vec<(usize, Option<f64>)> = Vec::new();
        for index in members {
            let id = &steps[index].action_id;
            let before: Vec<usize> = edges
                .iter()
                .filter(|edge| edge.target == *id)
                .filter_map(|edge| steps.iter().position(|step| step.action_id == edge.source))
                .filter(|from| columns[*from] < column)
                .collect();
            let led = before.iter().filter(|from| follows_hand[**from]).map(|from| steps[*from].x).reduce(f64::max);
            let least = before.iter().map(|from| steps[*from].y).reduce(f64::min);
            steps[index].x = led.unwrap_or(MARGIN + (column as f64 - 1.0) * (WIDTH + GAP_ACROSS)) + WIDTH + GAP_ACROSS;
            follows_hand[index] = led.is_some();
            wished.push((index, least));
        }
        // Those without a wish come last, below the others.
        crate::compact::sort_by(&mut wished, |one, other| {
            let key = |wish: Option<f64>| wish.unwrap_or(f64::MAX);
            key(one.1).total_cmp(&key(other.1))
        });
        let mut free = top;
        for (index, wish) in wished {
            let floor = if follows_hand[index] { top } else { free };
            steps[index].y = wish.unwrap_or(floor).max(floor);
            while let Some(below) = (0..steps.len())
                .find(|other| is_placed[*other] && overlap(&steps[index], &steps[*other]))
                .map(|other| steps[other].y + steps[other].height + gap)
            {
                steps[index].y = below;
            }
            is_placed[index] = true;
            if !follows_hand[index] {
                free = steps[index].y + steps[index].height + gap;
            }
        }
    }
}

fn overlap(one: &Step, other: &Step) -> bool {
    one.x < other.x + WIDTH && other.x < one.x + WIDTH && one.y < other.y + other.height && other.y < one.y + one.height
}

/// The steps that a rectangle between two corners touches.
pub fn touched(picture: &Picture, [(x1, y1), (x2, y2)]: [(f64, f64); 2]) -> Vec<String> {
    let (left, right) = (x1.min(x2), x1.max(x2));
    let (top, bottom) = (y1.min(y2), y1.max(y2));
    let is_touched =
        |step: &&Step| step.x < right && left < step.x + WIDTH && step.y < bottom && top < step.y + step.height;
    picture.steps.iter().filter(is_touched).map(|step| step.action_id.clone()).collect()
}

fn wire(steps: &[Step], edge: &Edge) -> Option<Wire> {
    let from = steps.iter().find(|step| step.action_id == edge.source)?;
    let to = steps.iter().find(|step| step.action_id == edge.target)?;
    // An unknown port is at the title.
    let y = |step: &Step, ports: &[PortOf], name: &str| {
        step.y + ports.iter().find(|port| port.name == name).map_or(HEAD / 2.0, PortOf::y)
    };
    Some(Wire {
        source: (edge.source.clone(), edge.source_port.clone()),
        target: (edge.target.clone(), edge.target_port.clone()),
        ends: [
            (from.x + WIDTH, y(from, &from.outputs, &edge.source_port)),
            (to.x, y(to, &to.inputs, &edge.target_port)),
        ],
    })
}

/// Where an arrow key leads from a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// To what it gets pictures from.
    Left,
    /// To what gets its pictures.
    Right,
    /// To the step above.
    Up,
    /// To the step below.
    Down,
}

/// The next step in a direction: the nearest one there.
pub fn neighbour<'a>(picture: &'a Picture, action_id: &str, way: Way) -> Option<&'a Step> {
    let here = picture.steps.iter().find(|step| step.action_id == action_id)?;
    let distance = |step: &Step| {
        let (across, down) = (step.x - here.x, step.y - here.y);
        let (along, aside) = match way {
            Way::Left => (-across, down.abs()),
            Way::Right => (across, down.abs()),
            Way::Up => (-down, across.abs()),
            Way::Down => (down, across.abs()),
        };
        (along > 0.5).then_some(along + 2.0 * aside)
    };
    let near = picture.steps.iter().filter_map(|step| Some((distance(step)?, step)));
    near.reduce(|one, other| if other.0 < one.0 { other } else { one }).map(|(_, step)| step)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::view_model::editing::{Place, blank, with_step};
    use crate::workflow::builtin::BUILTIN;
    use crate::workflow::check;

    fn of(document: &Value) -> Picture {
        picture(document, &check(document).1, false)
    }

    fn step<'a>(picture: &'a Picture, id: &str) -> &'a Step {
        picture.steps.iter().find(|step| step.action_id == id).unwrap()
    }

    #[test]
    fn texts_and_files_have_no_room_for_a_picture() {
        let mut document = blank("W");
        for wish in ["text", "input-text", "parse-data"] {
            document = with_step(&document, wish, &Place::End).unwrap().0;
        }
        let (plain, shown) = (of(&document), picture(&document, &[], true));
        let more = |id: &str| step(&shown, id).height - step(&plain, id).height;
        let ids = ["photos", "text", "parse-data", "save", "shared-text", "table"];
        assert_eq!(ids.map(more), [THUMBNAIL, THUMBNAIL, THUMBNAIL, THUMBNAIL, 0.0, 0.0]);
        assert_eq!(
            (&*step(&plain, "table").outputs[0].title, &*step(&plain, "photos").outputs[0].title),
            ("File", "Pictures")
        );
    }

    #[test]
    fn no_two_steps_overlap_and_pictures_flow_to_the_right() {
        let mut documents: Vec<Value> = BUILTIN.iter().map(|builtin| builtin.document()).collect();
        let mut large = blank("Large");
        for round in 0..40 {
            let wish = ["watermark", "blend", "output", "grayscale", "mask"][round % 5];
            large = with_step(&large, wish, &Place::End).unwrap().0;
        }
        documents.push(large);
        for document in documents {
            let picture = of(&document);
            for (at, one) in picture.steps.iter().enumerate() {
                assert!(one.x >= 0.0 && one.x + WIDTH <= picture.width && one.y + one.height <= picture.height);
                for other in &picture.steps[at + 1..] {
                    assert!(are_apart(one, other), "{} and {} overlap", one.action_id, other.action_id);
                }
            }
            assert_eq!(picture.wires.len(), document["connections"].as_array().unwrap().len());
            for wire in &picture.wires {
                assert!(wire.ends[0].0 < wire.ends[1].0, "{wire:?}");
            }
        }
    }

    fn are_apart(one: &Step, other: &Step) -> bool {
        one.x + WIDTH <= other.x
            || other.x + WIDTH <= one.x
            || one.y + one.height <= other.y
            || other.y + other.height <= one.y
    }

    #[test]
    fn a_step_stays_where_it_was_put_and_what_follows_it_is_beside_it() {
        let chain = ["resize", "sharpen", "grayscale"]
            .iter()
            .fold(blank("Chain"), |document, action| with_step(&document, action, &Place::End).unwrap().0);
        let put = places::with_positions(&chain, &[("sharpen".to_owned(), (480.0, 304.0))]);
        let (before, after) = (of(&chain), of(&put));
        assert_eq!((step(&after, "sharpen").x, step(&after, "sharpen").y), (480.0, 304.0));
        assert_eq!(step(&after, "resize"), step(&before, "resize"), "what comes before stays");
        for (id, columns) in [("grayscale", 1.0), ("save", 2.0)] {
            let place = (step(&after, id).x, step(&after, id).y);
            assert_eq!(place, (480.0 + columns * (WIDTH + GAP_ACROSS), 304.0), "{id}");
        }
        // On top of another one: the other one makes way.
        let resize = step(&before, "resize");
        let onto = places::with_positions(&chain, &[("save".to_owned(), (resize.x.round(), resize.y.round()))]);
        let onto = of(&onto);
        assert!(are_apart(step(&onto, "resize"), step(&onto, "save")));
        assert_eq!(step(&onto, "save").x, resize.x.round());
    }

    #[test]
    fn a_frame_is_around_its_steps_wherever_they_are() {
        let (document, pad) = with_step(&blank("Framed"), "pad", &Place::End).unwrap();
        assert_eq!(picture(&document, &[], false).frames, []);
        let both = [pad.clone(), "save".to_owned()];
        let framed = frames::with_frame(&document, &both, Some("Shop"));
        let around = |document: &Value| {
            let all = picture(document, &[], false);
            for id in &both {
                let (step, frame) = (step(&all, id), &all.frames[0]);
                assert!(frame.x < step.x && step.x + WIDTH < frame.x + frame.width, "{frame:?} {step:?}");
                assert!(frame.y + FRAME_HEAD < step.y && step.y + step.height < frame.y + frame.height);
            }
            all
        };
        let all = around(&framed);
        assert_eq!((all.frames.len(), all.frames[0].title.as_str()), (1, "Shop"));
        assert_eq!(all.frames[0].action_ids, both);
        assert!(all.frames[0].y > 0.0, "its title is in sight");
        let photos = step(&all, "photos");
        assert!(photos.x + WIDTH < all.frames[0].x, "the input is outside");
        around(&places::with_positions(&framed, &[(pad, (400.0, 560.0))]));
        // A frame around the lower of two branches leaves the upper one alone.
        let branches = BUILTIN.iter().find(|one| one.id == "portrait-and-landscape").unwrap().document();
        let lower = ["portrait".to_owned(), "save-portrait".to_owned()];
        let all = picture(&frames::with_frame(&branches, &lower, Some("Shop")), &[], true);
        for id in ["landscape", "save-landscape"] {
            let step = step(&all, id);
            assert!(step.y + step.height <= all.frames[0].y, "{id} covers the frame");
        }
    }

    #[test]
    fn a_note_has_room_for_its_text_and_no_ports() {
        let (mut document, id) = with_step(&blank("Noted"), "note", &Place::End).unwrap();
        assert_eq!(id, "note");
        let index = super::super::document::index_of(&document, "note").unwrap();
        document["actions"][index]["parameters"] = json!({ "text": "Ask Ana\nfirst." });
        let picture = of(&document);
        let note = step(&picture, "note");
        assert_eq!((note.note.as_deref(), note.inputs.len(), note.outputs.len()), (Some("Ask Ana\nfirst."), 0, 0));
        assert_eq!((note.height, picture.wires.len(), note.is_wrong), (HEAD + TEXT, 1, false));
    }

    #[test]
    fn a_rectangle_selects_what_it_touches() {
        let picture = of(&with_step(&blank("Chain"), "resize", &Place::End).unwrap().0);
        let middle = step(&picture, "resize");
        let corner = (middle.x + WIDTH + 10.0, middle.y + 1.0);
        assert_eq!(touched(&picture, [corner, (middle.x + 5.0, middle.y - 10.0)]), ["resize"]);
        assert_eq!(touched(&picture, [(0.0, 0.0), (5000.0, 5000.0)]), ["photos", "resize", "save"]);
        assert!(touched(&picture, [(0.0, 0.0), (5.0, 5.0)]).is_empty());
    }

    #[test]
    fn a_chain_is_a_row_and_a_logo_is_below_it_beside_its_use() {
        let chain = ["resize", "watermark", "sharpen"]
            .iter()
            .fold(blank("Chain"), |document, action| with_step(&document, action, &Place::End).unwrap().0);
        let picture = of(&chain);
        let row: Vec<f64> =
            ["photos", "resize", "watermark", "sharpen", "save"].iter().map(|id| step(&picture, id).y).collect();
        assert!(row.iter().all(|y| *y == row[0]), "{row:?}");
        let logo = step(&picture, "overlay");
        assert!(logo.y > row[0]);
        assert_eq!(logo.x, step(&picture, "resize").x, "the column before the watermark's");
        let next = |id: &str, way| neighbour(&picture, id, way).map(|step| step.action_id.as_str());
        assert_eq!(next("resize", Way::Right), Some("watermark"));
        assert_eq!(next("watermark", Way::Left), Some("resize"));
        assert_eq!(next("resize", Way::Down), Some("overlay"));
        assert_eq!(next("overlay", Way::Up), Some("resize"));
        assert_eq!((next("photos", Way::Left), next("photos", Way::Up)), (None, None));
    }

    #[test]
    fn what_is_wrong_is_marked_and_a_broken_document_is_still_drawn() {
        let mut document = with_step(&blank("Wrong"), "resize", &Place::End).unwrap().0;
        document["actions"][1]["parameters"] = json!({ "width": -1 });
        assert!(step(&of(&document), "resize").is_wrong && !step(&of(&document), "save").is_wrong);
        let cycle = json!({
            "actions": [
                { "actionId": "a", "actionType": "resize" },
                { "actionId": "b", "actionType": "nothing" },
                { "actionId": "c" },
            ],
            "connections": [
                { "connectionSource": "a", "sourcePort": "outputs", "connectionTarget": "b", "targetPort": "x" },
                { "connectionSource": "b", "sourcePort": "y", "connectionTarget": "a", "targetPort": "input-images" },
                { "connectionSource": "gone", "connectionTarget": "a" },
            ],
        });
        let picture = of(&cycle);
        assert_eq!((picture.steps.len(), picture.wires.len()), (3, 2));
        for document in [json!(null), json!([1]), json!({ "actions": 3 })] {
            assert!(of(&document).steps.is_empty());
        }
    }

    #[test]
    fn a_hundred_steps_are_laid_out() {
        let document =
            (0..98).fold(blank("Long"), |document, _| with_step(&document, "grayscale", &Place::End).unwrap().0);
        let picture = of(&document);
        assert_eq!(picture.steps.len(), 100);
        assert!(picture.width > 99.0 * WIDTH);
    }
}
