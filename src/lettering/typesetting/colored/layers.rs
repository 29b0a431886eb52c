//! Glyphs that are composed of others (`COLR`): layers of one colour each (version 0), or a graph of shapes, gradients,
//! transformations and blending (version 1).

use std::collections::BTreeMap;

use skrifa::color::{Brush, Color, ColorGlyph, ColorPainter, CompositeMode, Transform};
use skrifa::instance::{LocationRef, NormalizedCoord, Size};
use skrifa::outline::{DrawSettings, OutlineGlyphCollection};
use skrifa::raw::tables::colr::{Colr, Paint};
use skrifa::raw::types::BoundingBox;
use skrifa::raw::{FontRead, TableProvider};
use skrifa::{FontRef, GlyphId, MetadataProvider};
use tiny_skia_path::{Path, PathBuilder, Rect};

use super::super::coverage::coverage;
use super::super::{Pen, joined};
use super::{Area, Place};

mod blending;
mod gradient;

use blending::composite;
use gradient::Filling;

/// The most steps that painting a glyph may take. Those of emoji take a few hundred.
const MOST_STEPS: u32 = 20_000;
/// The deepest that a graph is followed.
const MOST_DEPTH: u32 = 64;

/// Whether a font has such glyphs.
pub(super) fn are_in(font: &FontRef<'_>) -> bool {
    font.colr().is_ok()
}

/// A composed glyph.
pub(super) struct Layers<'a> {
    glyph: ColorGlyph<'a>,
    outlines: OutlineGlyphCollection<'a>,
    coordinates: &'a [NormalizedCoord],
    palette: Vec<Color>,
    /// From the font's units to pixels.
    transform: Transform,
}

impl<'a> Layers<'a> {
    /// The glyph, if it is composed, and not of more than can be painted.
    pub(super) fn find(place: &Place<'a, '_>) -> Option<Self> {
        let font = place.font;
        let glyph = font.color_glyphs().get(place.glyph)?;
        if steps(&font.colr().ok()?, place.glyph).is_none_or(|steps| steps > MOST_STEPS) {
            return None;
        }
        let palette = font.color_palettes().get(0).map(|palette| palette.colors().to_vec()).unwrap_or_default();
        let scale = Size::new(place.size).linear_scale(font.head().ok()?.units_per_em());
        let transform = Transform { xx: scale, yx: 0.0, xy: 0.0, yy: -scale, dx: place.x, dy: place.y };
        let coordinates = place.coordinates;
        Some(Self { glyph, outlines: font.outline_glyphs(), coordinates, palette, transform })
    }

    fn location(&self) -> LocationRef<'a> {
        LocationRef::new(self.coordinates)
    }

    /// What it covers at most; `None` if nothing.
    pub(super) fn bounds(&self) -> Option<Rect> {
        if let Some(clip) = self.glyph.bounding_box(self.location(), Size::unscaled()) {
            return Some(path_of(clip, &self.transform)?.bounds());
        }
        let mut bounds = Bounds { layers: self, transforms: vec![self.transform], clips: Vec::new(), found: None };
        // What was found before an error is painted too.
        let _done = self.glyph.paint(self.location(), &mut bounds);
        bounds.found
    }

    /// The pixels of an area, with colours multiplied by their opacity.
    pub(super) fn painted(&self, area: Area, foreground: [u8; 3]) -> Vec<[f32; 4]> {
        let mut painter = Painter {
            layers: self,
            foreground,
            area,
            transforms: vec![self.transform],
            clips: Vec::new(),
            canvases: vec![vec![[0.0; 4]; area.pixels()]],
        };
        // What was painted before an error stays.
        let _done = self.glyph.paint(self.location(), &mut painter);
        painter.canvases.swap_remove(0)
    }

    /// The outline of another glyph.
    fn outline(&self, glyph: GlyphId, transform: &Transform) -> Option<Path> {
        let mut path = PathBuilder::new();
        let settings = DrawSettings::unhinted(Size::unscaled(), self.location());
        let mut pen = Pen { path: &mut path, transform: *transform };
        self.outlines.get(glyph)?.draw(settings, &mut pen).ok()?;
        path.finish()
    }
}

/// How many steps it takes to paint a glyph at most; `None` if the graph is broken, too deep, or leads into itself. What is used
/// twice is painted twice, so that a small font can have a graph that takes forever.
fn steps(colr: &Colr<'_>, glyph: GlyphId) -> Option<u32> {
    match colr.v1_base_glyph(glyph) {
        Ok(Some((paint, _))) => steps_of(colr, &paint, &mut BTreeMap::new(), 0),
        _ => colr.v0_base_glyph(glyph).ok()?.map(|layers| layers.len() as u32),
    }
}

/// The steps of a part of the graph. Parts are known by their places in the file.
fn steps_of(colr: &Colr<'_>, paint: &Paint<'_>, known: &mut BTreeMap<usize, Option<u32>>, depth: u32) -> Option<u32> {
    let place = paint.offset_data().as_ref().as_ptr() as usize;
    if let Some(steps) = known.get(&place) {
        return *steps;
    }
    if depth > MOST_DEPTH {
        return None;
    }
    // What leads back here is a circle.
    known.insert(place, None);
    let mut below = |paint: &Paint<'_>| steps_of(colr, paint, known, depth + 1);
    let steps = match paint {
        Paint::ColrLayers(layers) => {
            let first = layers.first_layer_index() as usize;
            let mut layers = first..first.saturating_add(layers.num_layers().into());
            layers.try_fold(0_u32, |sum, layer| Some(sum.saturating_add(below(&colr.v1_layer(layer).ok()?.0)?)))
        }
        Paint::ColrGlyph(glyph) => match colr.v1_base_glyph(glyph.glyph_id().into()) {
            Ok(Some((paint, _))) => below(&paint),
            _ => None,
        },
        Paint::Composite(both) => match (both.source_paint(), both.backdrop_paint()) {
            (Ok(source), Ok(backdrop)) => {
                below(&source).zip(below(&backdrop)).map(|(one, other)| one.saturating_add(other))
            }
            _ => None,
        },
        Paint::Solid(_)
        | Paint::VarSolid(_)
        | Paint::LinearGradient(_)
        | Paint::VarLinearGradient(_)
        | Paint::RadialGradient(_)
        | Paint::VarRadialGradient(_)
        | Paint::SweepGradient(_)
        | Paint::VarSweepGradient(_) => Some(0),
        // What is within a shape is tried in a quick way first, and then painted in another.
        Paint::Glyph(_) => only_part(paint).and_then(|part| below(&part)).map(|steps| steps.saturating_mul(2)),
        _ => only_part(paint).and_then(|part| below(&part)),
    };
    let steps = steps.map(|steps| steps.saturating_add(1));
    known.insert(place, steps);
    steps
}

/// The part that a shape or a transformation is for: where it is stands after the number of the format.
fn only_part<'a>(paint: &Paint<'a>) -> Option<Paint<'a>> {
    let data = paint.offset_data();
    let offset = data.as_bytes().get(1..4)?.iter().fold(0, |offset, byte| offset << 8 | usize::from(*byte));
    Paint::read(data.split_off(offset)?).ok()
}

/// One transformation after another.
fn after(outer: &Transform, inner: &Transform) -> Transform {
    Transform {
        xx: outer.xx * inner.xx + outer.xy * inner.yx,
        yx: outer.yx * inner.xx + outer.yy * inner.yx,
        xy: outer.xx * inner.xy + outer.xy * inner.yy,
        yy: outer.yx * inner.xy + outer.yy * inner.yy,
        dx: outer.xx * inner.dx + outer.xy * inner.dy + outer.dx,
        dy: outer.yx * inner.dx + outer.yy * inner.dy + outer.dy,
    }
}

/// The transformations that were begun, with another in them.
fn push(transforms: &mut Vec<Transform>, inner: &Transform) {
    let outer = transforms.last().copied().unwrap_or_default();
    transforms.push(after(&outer, inner));
}

/// A box of the font as a path of pixels.
fn path_of(clip: BoundingBox<f32>, transform: &Transform) -> Option<Path> {
    let mut path = PathBuilder::new();
    let BoundingBox { x_min, y_min, x_max, y_max } = clip;
    for (at, (x, y)) in [(x_min, y_min), (x_max, y_min), (x_max, y_max), (x_min, y_max)].into_iter().enumerate() {
        let (x, y) = placed(transform, x, y);
        if at == 0 { path.move_to(x, y) } else { path.line_to(x, y) }
    }
    path.close();
    path.finish()
}

/// Where a transformation puts a point.
fn placed(transform: &Transform, x: f32, y: f32) -> (f32, f32) {
    let Transform { xx, yx, xy, yy, dx, dy } = *transform;
    (xx * x + xy * y + dx, yx * x + yy * y + dy)
}

/// Finds out what a glyph covers.
struct Bounds<'a, 'b> {
    layers: &'b Layers<'a>,
    transforms: Vec<Transform>,
    /// What can be seen; nothing if it is missing.
    clips: Vec<Option<Rect>>,
    found: Option<Rect>,
}

impl Bounds<'_, '_> {
    fn clip(&mut self, path: Option<Path>) {
        let bounds = path.map(|path| path.bounds());
        let clip = match self.clips.last() {
            Some(outer) => bounds.zip(*outer).and_then(|(bounds, outer)| bounds.intersect(&outer)),
            None => bounds,
        };
        self.clips.push(clip);
    }
}

impl ColorPainter for Bounds<'_, '_> {
    fn push_transform(&mut self, transform: Transform) {
        push(&mut self.transforms, &transform);
    }

    fn pop_transform(&mut self) {
        self.transforms.pop();
    }

    fn push_clip_glyph(&mut self, glyph: GlyphId) {
        let path = self.transforms.last().and_then(|transform| self.layers.outline(glyph, transform));
        self.clip(path);
    }

    fn push_clip_box(&mut self, clip: BoundingBox<f32>) {
        let path = self.transforms.last().and_then(|transform| path_of(clip, transform));
        self.clip(path);
    }

    fn pop_clip(&mut self) {
        self.clips.pop();
    }

    fn fill(&mut self, _: Brush<'_>) {
        if let Some(Some(clip)) = self.clips.last() {
            self.found = Some(self.found.map_or(*clip, |found| joined(found, *clip)));
        }
    }

    fn push_layer(&mut self, _: CompositeMode) {}
}

/// What can be seen of a layer: part of an area, and how much of each of its pixels.
struct Clip {
    area: Area,
    covered: Vec<u8>,
}

/// Paints a glyph.
struct Painter<'a, 'b> {
    layers: &'b Layers<'a>,
    foreground: [u8; 3],
    area: Area,
    transforms: Vec<Transform>,
    /// Nothing can be seen if it is missing.
    clips: Vec<Option<Clip>>,
    canvases: Vec<Vec<[f32; 4]>>,
}

impl Painter<'_, '_> {
    fn clip(&mut self, path: Option<Path>) {
        let clip = path.and_then(|path| self.clipped(&path));
        self.clips.push(clip);
    }

    /// What is within a path, of what could be seen before.
    fn clipped(&self, path: &Path) -> Option<Clip> {
        let outer = match self.clips.last() {
            Some(outer) => Some(outer.as_ref()?),
            None => None,
        };
        let area = outer.map_or(self.area, |outer| outer.area).common(&path.bounds())?;
        let mut covered = coverage(&[path], area.start, area.size);
        if let Some(outer) = outer {
            for (y, row) in covered.chunks_exact_mut(area.size[0] as usize).enumerate() {
                let above = &outer.covered[outer.area.index(area, y)..][..row.len()];
                for (one, other) in row.iter_mut().zip(above) {
                    *one = ((u32::from(*one) * u32::from(*other) + 127) / 255) as u8;
                }
            }
        }
        Some(Clip { area, covered })
    }

    /// A colour of the palette, with straight alpha.
    fn color(&self, index: u16, alpha: f32) -> [f32; 4] {
        let share = |level: u8| f32::from(level) / 255.0;
        let [r, g, b] = self.foreground.map(share);
        match self.layers.palette.get(usize::from(index)) {
            Some(color) => [share(color.red), share(color.green), share(color.blue), share(color.alpha) * alpha],
            None => [r, g, b, alpha],
        }
    }
}

impl ColorPainter for Painter<'_, '_> {
    fn push_transform(&mut self, transform: Transform) {
        push(&mut self.transforms, &transform);
    }

    fn pop_transform(&mut self) {
        self.transforms.pop();
    }

    fn push_clip_glyph(&mut self, glyph: GlyphId) {
        let path = self.transforms.last().and_then(|transform| self.layers.outline(glyph, transform));
        self.clip(path);
    }

    fn push_clip_box(&mut self, clip: BoundingBox<f32>) {
        let path = self.transforms.last().and_then(|transform| path_of(clip, transform));
        self.clip(path);
    }

    fn pop_clip(&mut self) {
        self.clips.pop();
    }

    fn fill(&mut self, brush: Brush<'_>) {
        let Some(transform) = self.transforms.last() else { return };
        let Some(filling) = Filling::new(&brush, transform, |index, alpha| self.color(index, alpha)) else { return };
        let (Some(Some(Clip { area, covered })), Some(canvas)) = (self.clips.last(), self.canvases.last_mut()) else {
            return;
        };
        for (y, covered) in covered.chunks_exact(area.size[0] as usize).enumerate() {
            let row = &mut canvas[self.area.index(*area, y)..];
            let line = (area.start[1] + y as i32) as f32 + 0.5;
            for (x, (under, covered)) in row.iter_mut().zip(covered).enumerate() {
                let column = (area.start[0] + x as i32) as f32 + 0.5;
                if *covered > 0
                    && let Some([r, g, b, a]) = filling.at(column, line)
                {
                    let a = a * f32::from(*covered) / 255.0;
                    *under = composite(CompositeMode::SrcOver, [r * a, g * a, b * a, a], *under);
                }
            }
        }
    }

    fn push_layer(&mut self, _: CompositeMode) {
        self.canvases.push(vec![[0.0; 4]; self.area.pixels()]);
    }

    fn pop_layer_with_mode(&mut self, mode: CompositeMode) {
        if self.canvases.len() < 2 {
            return;
        }
        let (Some(upper), Some(lower)) = (self.canvases.pop(), self.canvases.last_mut()) else { return };
        for (under, over) in lower.iter_mut().zip(upper) {
            *under = composite(mode, over, *under);
        }
    }
}
