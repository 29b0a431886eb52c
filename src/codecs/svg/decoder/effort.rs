//! What it takes to lay out the texts of a drawing, estimated before it is done. `usvg` compares all parts of a text with all of its
//! characters, shapes it again for every place, and looks for places on a path with a precision that extreme lengths never reach.

use std::str::FromStr;

use resvg::usvg::roxmltree::Node;
use svgtypes::{Length, PointsParser, SimplePathSegment, SimplifyingPathParser, Transform, ViewBox};

/// The most steps of about 0.6 µs that laying out the texts of a drawing may take: less than ten seconds.
pub(super) const MOST_STEPS: u64 = 15_000_000;
/// The longest path with text on it, in pixels: beyond any picture, and not beyond any precision.
pub(super) const LONGEST_PATH: f64 = 1e12;

/// Steps that shaping takes, whatever the text.
const SHAPING: u64 = 200;
/// Characters of a declaration that are read for every run of text and do not count.
const DECLARED: u64 = 1000;
/// Characters that take one step to be counted.
const COUNTED: u64 = 100;
/// Steps that finding a character's place on a path takes, even a pointed one.
const PLACING: u64 = 1000;
/// How much larger parts of a drawing may become whose units are the size of something else, or the width of a line.
const OTHER_UNITS: f64 = 1e3;
/// The most pixels of a unit of length.
const UNIT: f64 = 96.0;

/// What is known of the texts in an element.
#[derive(Clone, Copy, Default)]
pub(super) struct Texts {
    /// Characters, whether they are drawn or not.
    pub(super) characters: u64,
    /// Runs of them without an element in between.
    pub(super) runs: u64,
    /// Places that are given for characters.
    pub(super) places: u64,
    /// Steps for the texts that are complete.
    pub(super) steps: u64,
    /// Length of the longest path with text on it.
    pub(super) path: f64,
}

impl Texts {
    /// What an element says itself.
    pub(super) fn of(node: Node<'_, '_>) -> Self {
        let mut texts = Self::default();
        for text in node.children().filter(Node::is_text).filter_map(|node| node.text()) {
            texts.characters += text.chars().count() as u64;
            texts.runs += 1;
        }
        let places = ["x", "y"].iter().filter_map(|name| node.attribute(*name));
        texts.places = places.map(|list| list.len() as u64 / 2 + 1).sum();
        texts
    }

    /// Adds what is part of it.
    pub(super) fn contain(&mut self, part: Self) {
        self.characters += part.characters;
        self.runs += part.runs;
        self.places += part.places;
        self.steps = self.steps.saturating_add(part.steps);
        self.path = self.path.max(part.path);
    }

    /// Adds what is drawn with it, this often.
    pub(super) fn use_often(&mut self, other: Self, times: u64) {
        self.steps = self.steps.saturating_add(other.steps.saturating_mul(times));
        self.path = self.path.max(other.path);
    }

    /// Counts it as a text that is laid out. `declared` are the characters of the longest declaration that it may have.
    pub(super) fn lay_out(&mut self, declared: u64) {
        let shaped = (self.runs + self.places).saturating_mul(SHAPING + declared.saturating_sub(DECLARED));
        let compared = self.characters.saturating_mul(self.runs + self.characters / COUNTED + 1);
        self.steps = self.steps.saturating_add(shaped).saturating_add(compared);
    }

    /// Counts it as lying along a path.
    pub(super) fn lay_along(&mut self, path: Node<'_, '_>) {
        let outline = ["d", "points"].iter().find_map(|name| path.attribute(*name)).unwrap_or_default();
        let points = outline.len() as u64 / 2 + 1;
        let walks = self.runs + self.places + self.characters / COUNTED + 1;
        let steps = points.saturating_mul(walks).saturating_add(self.characters.saturating_mul(PLACING));
        self.steps = self.steps.saturating_add(steps);
        self.path = self.path.max(length(path, outline) * scale(path, 0.0));
    }
}

/// At least the length of an outline, or of the shape that an element is.
fn length(shape: Node<'_, '_>, outline: &str) -> f64 {
    let mut points = Vec::new();
    match shape.tag_name().name() {
        "path" => {
            for segment in SimplifyingPathParser::from(outline).flatten() {
                match segment {
                    SimplePathSegment::MoveTo { x, y } | SimplePathSegment::LineTo { x, y } => points.push((x, y)),
                    SimplePathSegment::CurveTo { x1, y1, x2, y2, x, y } => {
                        points.extend([(x1, y1), (x2, y2), (x, y)]);
                    }
                    SimplePathSegment::Quadratic { x1, y1, x, y } => points.extend([(x1, y1), (x, y)]),
                    SimplePathSegment::ClosePath => {}
                }
            }
        }
        "polyline" | "polygon" => points.extend(PointsParser::from(outline)),
        _ => {
            let lengths = shape.attributes().filter_map(|attribute| Length::from_str(attribute.value().trim()).ok());
            return lengths.map(|length| 8.0 * UNIT * length.number.abs()).sum();
        }
    }
    // Twice, because it may be closed.
    2.0 * points.windows(2).map(|pair| (pair[1].0 - pair[0].0).hypot(pair[1].1 - pair[0].1)).sum::<f64>()
}

/// How much larger an element's content may be drawn than it is, at most. `largest` is the largest length in the document.
pub(super) fn scale(node: Node<'_, '_>, largest: f64) -> f64 {
    let mut scale = 1.0;
    for attribute in node.attributes() {
        let value = attribute.value();
        scale *= match attribute.name() {
            "transform" | "patternTransform" => stretch(value),
            "style" => styled(value),
            "viewBox" => match ViewBox::from_str(value) {
                Ok(view) => (largest / view.w.min(view.h)).max(1.0),
                Err(_) => 1.0,
            },
            _ if value == "objectBoundingBox" => largest.max(1.0),
            _ => 1.0,
        };
    }
    if node.tag_name().name() == "marker" { scale * OTHER_UNITS } else { scale }
}

/// How much larger a declaration of style makes something, at most.
pub(super) fn styled(says: &str) -> f64 {
    let transforms = says.split(';').filter_map(|part| part.split_once(':'));
    transforms.filter(|(name, _)| name.trim() == "transform").map(|(_, value)| stretch(value)).product()
}

/// How much longer a line becomes at most, but not shorter.
fn stretch(transform: &str) -> f64 {
    let Ok(Transform { a, b, c, d, .. }) = Transform::from_str(transform.trim()) else { return 1.0 };
    let (sum, area) = (a * a + b * b + c * c + d * d, a * d - b * c);
    let longest = (sum + (sum * sum - 4.0 * area * area).max(0.0).sqrt()) / 2.0;
    longest.sqrt().max(1.0)
}

/// The characters of the longest declaration that an element makes for texts in it.
pub(super) fn declared(node: Node<'_, '_>) -> u64 {
    let names = ["font-family", "font-variation-settings", "stroke-dasharray", "style"];
    names.iter().filter_map(|name| node.attribute(*name)).map(str::len).max().unwrap_or(0) as u64
}

/// The largest length that an element gives for itself.
pub(super) fn largest(node: Node<'_, '_>) -> f64 {
    let given = |name: &str| Some(UNIT * Length::from_str(node.attribute(name)?.trim()).ok()?.number);
    let lengths = ["width", "height", "markerWidth", "markerHeight"].iter().filter_map(|name| given(name));
    let view = node.attribute("viewBox").and_then(|text| ViewBox::from_str(text).ok());
    lengths.chain(view.into_iter().flat_map(|view| [view.w, view.h])).fold(0.0, f64::max)
}
