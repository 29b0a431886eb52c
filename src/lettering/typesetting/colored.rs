//! Glyphs with colours of their own: compositions of outlines (`COLR`) and pictures (`sbix`, `CBDT`).

use skrifa::instance::NormalizedCoord;
use skrifa::{FontRef, GlyphId};
use tiny_skia_path::Rect;

use crate::image::compose::over;

mod layers;
mod picture;

/// The most pixels that are painted at once, so that large glyphs take little memory.
const BAND: u32 = 1 << 18;

/// A glyph, and where it is.
pub(super) struct Place<'a, 'b> {
    /// Its font, and where in the font's variations.
    pub(super) font: &'b FontRef<'a>,
    pub(super) coordinates: &'a [NormalizedCoord],
    pub(super) glyph: GlyphId,
    /// Font size in pixels.
    pub(super) size: f32,
    /// Its origin, in pixels.
    pub(super) x: f32,
    pub(super) y: f32,
}

/// A glyph that has colours of its own.
pub(super) struct Colored<'a> {
    drawing: Drawing<'a>,
    /// What it covers at most.
    pub(super) bounds: Rect,
}

enum Drawing<'a> {
    Layers(Box<layers::Layers<'a>>),
    Picture(picture::Picture),
}

/// Whether a font has glyphs that may have colours.
pub(super) fn has_colors(font: &FontRef<'_>) -> bool {
    layers::are_in(font) || picture::are_in(font)
}

impl<'a> Colored<'a> {
    /// The glyph as its font colours it; `None` if it has no colours of its own.
    pub(super) fn find(place: &Place<'a, '_>) -> Option<Self> {
        if let Some(layers) = layers::Layers::find(place) {
            return layers.bounds().map(|bounds| Self { drawing: Drawing::Layers(Box::new(layers)), bounds });
        }
        let picture = picture::Picture::find(place)?;
        picture.bounds().map(|bounds| Self { drawing: Drawing::Picture(picture), bounds })
    }

    /// Lays the glyph on a canvas.
    pub(super) fn paint(&self, canvas: &mut Canvas, foreground: [u8; 3]) {
        let Some(Area { start: [left, top], size: [width, height] }) = canvas.area.common(&self.bounds) else { return };
        let rows = (BAND / width).max(1);
        for first in (0..height).step_by(rows as usize) {
            let area = Area { start: [left, top + first as i32], size: [width, rows.min(height - first)] };
            let painted = match &self.drawing {
                Drawing::Layers(layers) => layers.painted(area, foreground),
                Drawing::Picture(picture) => picture.painted(area),
            };
            canvas.lay(area, &painted);
        }
    }
}

/// A rectangle of pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Area {
    pub(super) start: [i32; 2],
    pub(super) size: [u32; 2],
}

impl Area {
    /// The pixels of it that a rectangle touches.
    fn common(&self, bounds: &Rect) -> Option<Self> {
        let side = |axis: usize, low: f32, high: f32| {
            let (start, length) = (self.start[axis], self.size[axis]);
            let first = (low.floor() as i32).max(start);
            let end = (high.ceil() as i32).min(start + length as i32);
            (end > first).then_some((first, (end - first) as u32))
        };
        let across = side(0, bounds.left(), bounds.right())?;
        let down = side(1, bounds.top(), bounds.bottom())?;
        Some(Self { start: [across.0, down.0], size: [across.1, down.1] })
    }

    fn pixels(&self) -> usize {
        self.size[0] as usize * self.size[1] as usize
    }

    /// Where the row `y` of a part of it begins among its own pixels.
    fn index(&self, part: Self, y: usize) -> usize {
        let [left, top] = [0, 1].map(|axis| (part.start[axis] - self.start[axis]) as usize);
        (top + y) * self.size[0] as usize + left
    }
}

/// RGBA pixels on which glyphs lie, with straight alpha.
pub(super) struct Canvas {
    pub(super) area: Area,
    pub(super) pixels: Vec<u8>,
}

impl Canvas {
    pub(super) fn new(area: Area) -> Self {
        Self { area, pixels: vec![0; 4 * area.pixels()] }
    }

    /// Lays pixels of a part of it over what is there; their colours are from 0 to 1 and multiplied by their opacity.
    fn lay(&mut self, part: Area, painted: &[[f32; 4]]) {
        for (y, row) in painted.chunks_exact(part.size[0] as usize).enumerate() {
            let under = self.pixels[4 * self.area.index(part, y)..].as_chunks_mut::<4>().0;
            for (under, [r, g, b, a]) in under.iter_mut().zip(row).filter(|(_, pixel)| pixel[3] > 0.0) {
                let level = |share: f32| (share * 255.0 + 0.5).clamp(0.0, 255.0) as u8;
                *under = over([level(r / a), level(g / a), level(b / a), level(*a)], *under);
            }
        }
    }
}

#[cfg(test)]
mod tests;
