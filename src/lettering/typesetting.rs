//! The typesetter: parley shapes a text and breaks it into lines, skrifa reads the letters' curves from the font,
//! and tiny-skia's path library outlines them. Glyphs with colours of their own are painted by `colored.rs`. Linked into the program
//! `lettering` and into native builds only.
//!
//! Nothing is hinted, because letters on a picture lie between pixels anyway, and so a text that is set once can be scaled:
//! shrinking it breaks its lines again, and shapes nothing.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use parley::fontique::{Blob, Collection, CollectionOptions, FontInfoOverride, SourceCache};
use parley::{
    AlignmentOptions, FontContext, FontData, FontFamily, FontFamilyName, Layout, LayoutContext, LineHeight,
    OverflowWrap, PositionedLayoutItem, StyleProperty,
};
use skrifa::color::Transform;
use skrifa::instance::{LocationRef, NormalizedCoord};
use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::{FontRef, GlyphId, MetadataProvider};
use tiny_skia_path::{LineCap, LineJoin, Path, PathBuilder, Rect, Stroke};

use super::emoji::{self, Form};
use super::{Alignment, Lettering, Report, Request, Typesetter};
use crate::error::Failure;
use crate::image::Size;
use crate::image::distance::nearest;

mod colored;
mod coverage;
mod glyphs;
mod woff;

use colored::{Area, Canvas, Colored, Place};
use coverage::coverage;
pub use woff::unpacked;

/// Halvings of the interval in which the scale of a text is searched that must shrink.
const HALVINGS: u32 = 16;
/// The smallest font size to which a text shrinks, in pixels.
const SMALLEST: f32 = 1.0;
/// How much wider than its lines a block may be found without taking a further column.
const SLACK: f32 = 1e-3;
/// How much finer than a pixel the pen's path is.
const FINE: f32 = 4.0;

/// What the built-in fonts are called here, so that a font of the user that has the name of one is another family.
const BUILT_IN: &str = "built-in";
const EMOJI: &str = "built-in emoji";

/// Fonts, ready to set text in.
pub struct FontTypesetter(RefCell<State>);

struct State {
    layouts: LayoutContext<()>,
    /// The content of the built-in font, and of that for emoji if it was loaded.
    file: Blob<u8>,
    emoji: Option<Blob<u8>>,
    built_in: Fonts,
    /// Those of the user, by name.
    own: BTreeMap<String, Fonts>,
}

type Family = FontFamilyName<'static>;

/// A font, with those that have what it lacks.
struct Fonts {
    context: FontContext,
    /// The font itself, if it is the user's, and whether its glyphs may have colours.
    own: Option<(Family, bool)>,
    has_emoji: bool,
}

impl Fonts {
    /// The built-in font alone.
    fn built_in(file: Blob<u8>) -> Option<Self> {
        let mut collection = Collection::new(CollectionOptions { shared: false, system_fonts: false });
        collection.register_fonts(file, Some(named(BUILT_IN))).first()?;
        let context = FontContext { collection, source_cache: SourceCache::default() };
        Some(Self { context, own: None, has_emoji: false })
    }

    /// The same behind another font: the first family of a file.
    fn behind(mut self, file: Vec<u8>) -> Option<Self> {
        let has_colors = FontRef::from_index(&file, 0).is_ok_and(|font| colored::has_colors(&font));
        let added = self.context.collection.register_fonts(Blob::new(Arc::new(file)), None);
        let family = self.context.collection.family_name(added.first()?.0)?.to_owned();
        self.own = Some((FontFamilyName::named(&family).into_owned(), has_colors));
        Some(self)
    }

    /// Adds the font for emoji behind all others.
    fn add_emoji(&mut self, file: Blob<u8>) {
        self.has_emoji = !self.context.collection.register_fonts(file, Some(named(EMOJI))).is_empty();
    }

    /// The families in which to look for a glyph, one after the other: for characters that are to be in a certain form first in
    /// those that have it.
    fn families(&self, form: Option<Form>) -> Vec<Family> {
        let (own, is_colored) =
            self.own.clone().map_or((None, false), |(family, is_colored)| (Some(family), is_colored));
        let (built_in, emoji) = (Family::named(BUILT_IN), self.has_emoji.then(|| Family::named(EMOJI)));
        match form {
            Some(Form::Emoji) if !is_colored => emoji.into_iter().chain(own).chain([built_in]).collect(),
            Some(Form::Text) if is_colored => [built_in].into_iter().chain(own).chain(emoji).collect(),
            _ => own.into_iter().chain([built_in]).chain(emoji).collect(),
        }
    }
}

fn named(family: &str) -> FontInfoOverride<'_> {
    FontInfoOverride { family_name: Some(family), ..FontInfoOverride::default() }
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
        let (layouts, own) = Default::default();
        Some(Self(RefCell::new(State { layouts, file, emoji: None, built_in, own })))
    }

    /// Takes a font file, packed or not, as the one for emoji that other fonts lack.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub fn add_emoji(&self, file: &[u8]) -> Result<(), &'static str> {
        let file: Blob<u8> = Blob::new(Arc::new(usable(file)?));
        let mut state = self.0.borrow_mut();
        let State { emoji, built_in, own, .. } = &mut *state;
        for fonts in own.values_mut().chain([built_in]) {
            fonts.add_emoji(file.clone());
        }
        *emoji = Some(file);
        Ok(())
    }

    /// Reads another font, packed or not, which requests can then name; it replaces one that has the same name.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub fn add(&self, name: &str, file: &[u8]) -> Result<(), &'static str> {
        let file = usable(file)?;
        let mut state = self.0.borrow_mut();
        let fonts = Fonts::built_in(state.file.clone()).and_then(|fonts| fonts.behind(file));
        let mut fonts = fonts.ok_or("it has no name or no characters")?;
        if let Some(emoji) = state.emoji.clone() {
            fonts.add_emoji(emoji);
        }
        state.own.insert(name.to_owned(), fonts);
        Ok(())
    }

    /// Forgets all fonts but the built-in ones.
    pub fn forget_own(&self) {
        self.0.borrow_mut().own.clear();
    }

    /// Sets a text; `None` if it has no font of the name that is requested.
    pub fn lettering(&self, request: &Request) -> Option<Lettering> {
        let text = plain(&request.text);
        let mut state = self.0.borrow_mut();
        let mut layout = state.layout(&text, request)?;
        let scale = fit(&mut layout, request);
        let width = (layout.width() * scale - SLACK).ceil().max(0.0) as u32;
        let height = (layout.height() * scale - SLACK).ceil().max(0.0) as u32;
        let missing = missing(&layout, &text);
        let lacks_emoji = state.emoji.is_none() && state.lacks_emoji(&text, &missing, request);
        let report = Report { width, height, scale, missing, lacks_emoji, ..Report::default() };
        let runs = runs(&layout, request.alignment, scale);
        let (letters, colored) = drawn(&runs);
        let stroke = request.stroke * scale;
        let outline = letters.as_ref().filter(|_| stroke > 0.0).and_then(|letters| stroked(letters, stroke));
        let paths = letters.iter().chain(&outline).map(Path::bounds);
        let pictures = colored.iter().filter_map(|glyph| glyph.bounds.outset(stroke, stroke));
        let Some(all) = paths.chain(pictures).reduce(joined) else {
            return Some(Lettering { report, ..Lettering::default() });
        };
        let columns = seen(all.left(), all.right(), width, request.seen[0]);
        let rows = seen(all.top(), all.bottom(), height, request.seen[1]);
        let start = [columns.0, rows.0];
        let painted = [(columns.1 - columns.0).max(0) as u32, (rows.1 - rows.0).max(0) as u32];
        let paint = |paths: &[&Path]| coverage(paths, start, painted);
        let mut canvas = Canvas::new(Area { start, size: if colored.is_empty() { [0, 0] } else { painted } });
        colored.iter().for_each(|glyph| glyph.paint(&mut canvas, request.color));
        let mut outline = match (&outline, &letters) {
            (Some(outline), Some(letters)) => paint(&[outline, letters]),
            _ if stroke > 0.0 => paint(&[]),
            _ => Vec::new(),
        };
        if !outline.is_empty() {
            surround(&mut outline, &canvas, stroke);
        }
        Some(Lettering {
            letters: letters.map_or_else(|| paint(&[]), |letters| paint(&[&letters])),
            outline,
            colors: canvas.pixels,
            report: Report { start, painted, ..report },
        })
    }
}

/// A font file that texts can be set in, unpacked.
///
/// # Errors
/// Why it cannot be used.
fn usable(file: &[u8]) -> Result<Vec<u8>, &'static str> {
    let mut file = unpacked(file)?.into_owned();
    glyphs::repair(&mut file)?;
    let font = FontRef::from_index(&file, 0).ok().filter(|font| font.charmap().has_map());
    let font = font.ok_or("it is not a TrueType or OpenType font")?;
    if font.outline_glyphs().format().is_none() && !colored::has_colors(&font) {
        return Err("its letters are neither outlines nor coloured pictures");
    }
    Ok(file)
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
        let families = fonts.families(None);
        let selected: Vec<_> =
            emoji::selected(text).into_iter().map(|(range, form)| (range, fonts.families(Some(form)))).collect();
        let mut builder = self.layouts.ranged_builder(&mut fonts.context, text, 1.0, false);
        builder.push_default(StyleProperty::FontFamily(FontFamily::List(families.as_slice().into())));
        builder.push_default(StyleProperty::FontSize(request.size));
        builder.push_default(StyleProperty::LineHeight(LineHeight::FontSizeRelative(request.line_height)));
        let wrap = if request.shrinks { OverflowWrap::Normal } else { OverflowWrap::BreakWord };
        builder.push_default(StyleProperty::OverflowWrap(wrap));
        for (range, families) in &selected {
            builder.push(StyleProperty::FontFamily(FontFamily::List(families.as_slice().into())), range.clone());
        }
        Some(builder.build(text))
    }

    /// Whether the font for emoji would have what is missing, or what the text wants to be coloured.
    fn lacks_emoji(&self, text: &str, missing: &str, request: &Request) -> bool {
        let is_colored =
            self.own.get(&request.font).and_then(|fonts| fonts.own.as_ref()).is_some_and(|(_, colored)| *colored);
        let wanted = |form: Form| form == Form::Emoji && !is_colored;
        missing.chars().any(emoji::is_emoji) || emoji::selected(text).into_iter().any(|(_, form)| wanted(form))
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
        for character in characters.filter(|one| !one.is_whitespace() && !emoji::is_selector(*one)) {
            if !missing.contains(character) {
                missing.push(character);
            }
        }
    }
    missing
}

/// Glyphs of one font.
struct Run {
    font: FontData,
    coordinates: Vec<NormalizedCoord>,
    /// Font size in pixels.
    size: f32,
    /// Each with its origin in pixels.
    glyphs: Vec<(GlyphId, f32, f32)>,
}

/// The glyphs of a text, with lines where `alignment` has them.
fn runs(layout: &Layout<()>, alignment: Alignment, scale: f32) -> Vec<Run> {
    let mut runs = Vec::new();
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
            let glyphs = run.positioned_glyphs().filter(|glyph| glyph.id != 0);
            let placed = glyphs.map(|glyph| (GlyphId::new(glyph.id), (glyph.x + shift) * scale, glyph.y * scale));
            let coordinates = run.run().normalized_coords().iter();
            runs.push(Run {
                font: run.run().font().clone(),
                coordinates: coordinates.map(|one| NormalizedCoord::from_bits(one.to_bits())).collect(),
                size: run.run().font_size() * scale,
                glyphs: placed.collect(),
            });
        }
    }
    runs
}

/// The curves of all letters, and the glyphs that have colours of their own.
fn drawn(runs: &[Run]) -> (Option<Path>, Vec<Colored<'_>>) {
    let (mut path, mut colored) = (PathBuilder::new(), Vec::new());
    for run in runs {
        let Ok(font) = FontRef::from_index(run.font.data.as_ref(), run.font.index) else { continue };
        let (outlines, has_colors) = (font.outline_glyphs(), colored::has_colors(&font));
        for &(glyph, x, y) in &run.glyphs {
            if has_colors {
                let place = Place { font: &font, coordinates: &run.coordinates, glyph, size: run.size, x, y };
                if let Some(found) = Colored::find(&place) {
                    colored.push(found);
                    continue;
                }
            }
            let Some(outline) = outlines.get(glyph) else { continue };
            let transform = Transform { yy: -1.0, dx: x, dy: y, ..Transform::default() };
            let place = LocationRef::new(&run.coordinates);
            let settings = DrawSettings::unhinted(skrifa::instance::Size::new(run.size), place);
            // A glyph that cannot be read is left out, as one that is empty.
            let _drawn = outline.draw(settings, &mut Pen { path: &mut path, transform });
        }
    }
    (path.finish(), colored)
}

/// Adds a glyph's curves to a path, where a transformation puts them.
struct Pen<'a> {
    path: &'a mut PathBuilder,
    transform: Transform,
}

impl Pen<'_> {
    fn at(&self, x: f32, y: f32) -> (f32, f32) {
        let Transform { xx, yx, xy, yy, dx, dy } = self.transform;
        (xx * x + xy * y + dx, yx * x + yy * y + dy)
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

/// Adds to what an outline covers what is no further from coloured pixels than it is wide. Those that are half opaque count.
fn surround(outline: &mut [u8], canvas: &Canvas, width: f32) {
    let [columns, rows] = canvas.area.size;
    if canvas.pixels.is_empty() {
        return;
    }
    let seeds: Vec<bool> = canvas.pixels.iter().skip(3).step_by(4).map(|alpha| *alpha >= 128).collect();
    nearest(&seeds, Size::new(columns, rows), |y, row| {
        let outline = &mut outline[y * columns as usize..][..columns as usize];
        for (x, (covered, seed)) in outline.iter_mut().zip(row).enumerate() {
            let Some((column, line)) = *seed else { continue };
            let distance = (column.abs_diff(x) as f32).hypot(line.abs_diff(y) as f32);
            // From the middle of a pixel, whose edge is half a pixel away.
            *covered = (*covered).max(((width + 1.0 - distance).clamp(0.0, 1.0) * 255.0 + 0.5) as u8);
        }
    });
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
