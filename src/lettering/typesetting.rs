//! The typesetter: parley shapes a text and breaks it into lines, skrifa reads the letters' curves from the font,
//! and tiny-skia's path library outlines them. Linked into the program `lettering` and into native builds only.
//!
//! Nothing is hinted, because letters on a picture lie between pixels anyway, and so a text that is set once can be scaled:
//! shrinking it breaks its lines again, and shapes nothing.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use parley::fontique::{Blob, Collection, CollectionOptions, FontInfoOverride, SourceCache};
use parley::{
    AlignmentOptions, FontContext, FontFamily, FontFamilyName, Layout, LayoutContext, LineHeight, OverflowWrap,
    PositionedLayoutItem, StyleProperty,
};
use skrifa::instance::{LocationRef, NormalizedCoord};
use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::{FontRef, GlyphId, MetadataProvider};
use tiny_skia_path::{LineCap, LineJoin, Path, PathBuilder, Rect, Stroke};

use super::{Alignment, Lettering, Report, Request, Typesetter};
use crate::error::Failure;

mod coverage;

use coverage::coverage;

/// Halvings of the interval in which the scale of a text is searched that must shrink.
const HALVINGS: u32 = 16;
/// The smallest font size to which a text shrinks, in pixels.
const SMALLEST: f32 = 1.0;
/// How much wider than its lines a block may be found without taking a further column.
const SLACK: f32 = 1e-3;
/// How much finer than a pixel the pen's path is.
const FINE: f32 = 4.0;

/// What the built-in font is called here, so that a font of the user that has its name is another family.
const BUILT_IN: &str = "built-in";

/// Fonts, ready to set text in.
pub struct FontTypesetter(RefCell<State>);

struct State {
    layouts: LayoutContext<()>,
    /// The content of the built-in font.
    file: Blob<u8>,
    built_in: Fonts,
    /// Those of the user, by name.
    own: BTreeMap<String, Fonts>,
}

/// A font, followed by the one that has what it lacks.
struct Fonts {
    context: FontContext,
    families: Vec<FontFamilyName<'static>>,
}

impl Fonts {
    /// The built-in font alone.
    fn built_in(file: Blob<u8>) -> Option<Self> {
        let mut collection = Collection::new(CollectionOptions { shared: false, system_fonts: false });
        let name = FontInfoOverride { family_name: Some(BUILT_IN), ..FontInfoOverride::default() };
        collection.register_fonts(file, Some(name)).first()?;
        let context = FontContext { collection, source_cache: SourceCache::default() };
        Some(Self { context, families: vec![FontFamilyName::named(BUILT_IN)] })
    }

    /// The same behind another font: the first family of a file.
    fn behind(mut self, file: Vec<u8>) -> Option<Self> {
        let added = self.context.collection.register_fonts(Blob::new(Arc::new(file)), None);
        let family = self.context.collection.family_name(added.first()?.0)?.to_owned();
        self.families.insert(0, FontFamilyName::named(&family).into_owned());
        Some(self)
    }
}

impl std::fmt::Debug for FontTypesetter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("FontTypesetter").field(&self.0.borrow().own.keys()).finish()
    }
}

impl FontTypesetter {
    /// Reads a font file, TrueType or OpenType; `None` if it is none.
    pub fn new(file: Vec<u8>) -> Option<Self> {
        let file: Blob<u8> = Blob::new(Arc::new(file));
        let built_in = Fonts::built_in(file.clone())?;
        Some(Self(RefCell::new(State { layouts: LayoutContext::new(), file, built_in, own: BTreeMap::new() })))
    }

    /// Reads another font, which requests can then name; it replaces one that has the same name.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub fn add(&self, name: &str, file: Vec<u8>) -> Result<(), &'static str> {
        if matches!(file.get(..4), Some(b"wOFF" | b"wOF2")) {
            return Err("it is a WOFF file, which is compressed for web pages");
        }
        let font = FontRef::from_index(&file, 0).ok().filter(|font| font.charmap().has_map());
        let font = font.ok_or("it is not a TrueType or OpenType font")?;
        if font.outline_glyphs().format().is_none() {
            return Err("its letters are pictures, not outlines");
        }
        let mut state = self.0.borrow_mut();
        let fonts = Fonts::built_in(state.file.clone()).and_then(|fonts| fonts.behind(file));
        let fonts = fonts.ok_or("it has no name or no characters")?;
        state.own.insert(name.to_owned(), fonts);
        Ok(())
    }

    /// Forgets all fonts but the built-in one.
    pub fn forget_own(&self) {
        self.0.borrow_mut().own.clear();
    }

    /// Sets a text; `None` if it has no font of the name that is requested.
    pub fn lettering(&self, request: &Request) -> Option<Lettering> {
        let text = plain(&request.text);
        let mut layout = self.0.borrow_mut().layout(&text, request)?;
        let scale = fit(&mut layout, request);
        let width = (layout.width() * scale - SLACK).ceil().max(0.0) as u32;
        let height = (layout.height() * scale - SLACK).ceil().max(0.0) as u32;
        let missing = missing(&layout, &text);
        let report = Report { width, height, scale, missing, ..Report::default() };
        let Some(letters) = letters(&layout, request.alignment, scale) else {
            return Some(Lettering { report, ..Lettering::default() });
        };
        let stroke = request.stroke * scale;
        let outline = (stroke > 0.0).then(|| stroked(&letters, stroke)).flatten();
        let all = outline.as_ref().map_or(letters.bounds(), |outline| joined(outline.bounds(), letters.bounds()));
        let columns = seen(all.left(), all.right(), width, request.seen[0]);
        let rows = seen(all.top(), all.bottom(), height, request.seen[1]);
        let start = [columns.0, rows.0];
        let painted = [(columns.1 - columns.0).max(0) as u32, (rows.1 - rows.0).max(0) as u32];
        let paint = |paths: &[&Path]| coverage(paths, start, painted);
        Some(Lettering {
            letters: paint(&[&letters]),
            outline: outline.map_or_else(Vec::new, |outline| paint(&[&outline, &letters])),
            report: Report { start, painted, ..report },
        })
    }
}

impl Typesetter for FontTypesetter {
    fn set(&self, request: &Request) -> Result<Lettering, Failure> {
        self.lettering(request).ok_or_else(|| {
            let message = format!("The font \"{}\" is not loaded.", request.font);
            Failure::system(message, "Retry it.")
        })
    }
}

impl State {
    /// The text in its full size, not broken into lines yet.
    fn layout(&mut self, text: &str, request: &Request) -> Option<Layout<()>> {
        let fonts = match request.font.as_str() {
            "" => &mut self.built_in,
            name => self.own.get_mut(name)?,
        };
        let mut builder = self.layouts.ranged_builder(&mut fonts.context, text, 1.0, false);
        builder.push_default(StyleProperty::FontFamily(FontFamily::List(fonts.families.as_slice().into())));
        builder.push_default(StyleProperty::FontSize(request.size));
        builder.push_default(StyleProperty::LineHeight(LineHeight::FontSizeRelative(request.line_height)));
        let wrap = if request.shrinks { OverflowWrap::Normal } else { OverflowWrap::BreakWord };
        builder.push_default(StyleProperty::OverflowWrap(wrap));
        Some(builder.build(text))
    }
}

/// The text without characters that have no width or no place in it.
fn plain(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let plain = |character: char| match character {
        '\n' => Some('\n'),
        '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some('\n'),
        '\t' => Some(' '),
        other => (!other.is_control()).then_some(other),
    };
    text.chars().filter_map(plain).collect()
}

/// Breaks a text into lines, if need be at a smaller scale, which is returned.
fn fit(layout: &mut Layout<()>, request: &Request) -> f32 {
    if breaks(layout, request, 1.0) || !request.shrinks {
        return 1.0;
    }
    let (mut low, mut high) = ((SMALLEST / request.size).min(1.0), 1.0);
    for _ in 0..HALVINGS {
        let middle = (low + high) / 2.0;
        *(if breaks(layout, request, middle) { &mut low } else { &mut high }) = middle;
    }
    breaks(layout, request, low);
    low
}

/// Breaks a text into lines at a scale; returns whether it fits.
fn breaks(layout: &mut Layout<()>, request: &Request, scale: f32) -> bool {
    let [width, height] = request.room.map(|room| (room - 2.0 * request.padding * scale).max(0.0));
    let width = width.min(request.max_width);
    layout.break_all_lines(Some(width / scale));
    layout.align(parley::Alignment::Left, AlignmentOptions { align_when_overflowing: true, ..Default::default() });
    layout.width() * scale <= width + SLACK && layout.height() * scale <= height + SLACK
}

/// The characters for which the font has no glyph, each once.
fn missing(layout: &Layout<()>, text: &str) -> String {
    let mut missing = String::new();
    let runs = layout.lines().flat_map(|line| line.runs());
    for cluster in runs.flat_map(|run| run.clusters()) {
        if cluster.glyphs().all(|glyph| glyph.id != 0) {
            continue;
        }
        let characters = text.get(cluster.text_range()).unwrap_or_default().chars();
        for character in characters.filter(|character| !character.is_whitespace()) {
            if !missing.contains(character) {
                missing.push(character);
            }
        }
    }
    missing
}

/// The curves of all letters, with lines where `alignment` has them; `None` if nothing is to be seen.
fn letters(layout: &Layout<()>, alignment: Alignment, scale: f32) -> Option<Path> {
    let mut path = PathBuilder::new();
    for line in layout.lines() {
        let metrics = line.metrics();
        let free = layout.width() - (metrics.advance - metrics.hanging_advance);
        let shift = match alignment {
            Alignment::Left => 0.0,
            Alignment::Center => free / 2.0,
            Alignment::Right => free,
        };
        for item in line.items() {
            let PositionedLayoutItem::GlyphRun(run) = item else { continue };
            let font = run.run().font();
            let Ok(font) = FontRef::from_index(font.data.as_ref(), font.index) else { continue };
            let outlines = font.outline_glyphs();
            let coordinates = run.run().normalized_coords().iter();
            let coordinates: Vec<_> = coordinates.map(|one| NormalizedCoord::from_bits(one.to_bits())).collect();
            let place = LocationRef::new(&coordinates);
            let size = skrifa::instance::Size::new(run.run().font_size() * scale);
            for glyph in run.positioned_glyphs().filter(|glyph| glyph.id != 0) {
                let Some(outline) = outlines.get(GlyphId::new(glyph.id)) else { continue };
                let mut pen = Pen { path: &mut path, x: (glyph.x + shift) * scale, y: glyph.y * scale };
                // A glyph that cannot be read is left out, as one that is empty.
                let _drawn = outline.draw(DrawSettings::unhinted(size, place), &mut pen);
            }
        }
    }
    path.finish()
}

/// Adds a glyph's curves to a path. The font's y axis points up.
struct Pen<'a> {
    path: &'a mut PathBuilder,
    x: f32,
    y: f32,
}

impl Pen<'_> {
    fn at(&self, x: f32, y: f32) -> (f32, f32) {
        (self.x + x, self.y - y)
    }
}

impl OutlinePen for Pen<'_> {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.line_to(x, y);
    }

    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        let ((cx, cy), (x, y)) = (self.at(cx, cy), self.at(x, y));
        self.path.quad_to(cx, cy, x, y);
    }

    fn curve_to(&mut self, ax: f32, ay: f32, bx: f32, by: f32, x: f32, y: f32) {
        let ((ax, ay), (bx, by), (x, y)) = (self.at(ax, ay), self.at(bx, by), self.at(x, y));
        self.path.cubic_to(ax, ay, bx, by, x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}

/// What a round pen draws along the curves, half of it inside.
fn stroked(path: &Path, width: f32) -> Option<Path> {
    let stroke =
        Stroke { width: 2.0 * width, line_cap: LineCap::Round, line_join: LineJoin::Round, ..Stroke::default() };
    path.stroke(&stroke, FINE)
}

fn joined(one: Rect, other: Rect) -> Rect {
    one.join(&other).unwrap_or(one)
}

/// The pixels from `start` to `end` that can be seen of a block of length `inner`, along one axis of length `outer`.
fn seen(start: f32, end: f32, inner: u32, outer: u32) -> (i32, i32) {
    let (first, last) = (start.floor() as i32, end.ceil() as i32);
    let (inner, outer) = (inner as i32, outer as i32);
    let (low, high) = match inner > outer {
        true => ((inner - outer) / 2 - 1, (inner + outer) / 2 + 1),
        false => (inner - outer, outer),
    };
    (first.max(low), last.min(high))
}

#[cfg(test)]
mod tests;
