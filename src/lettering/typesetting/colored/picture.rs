//! Glyphs that are pictures (`sbix`, `CBDT`), scaled to the size of the text.

use png::{ColorType, Decoder, Limits, Transformations};
use skrifa::FontRef;
use skrifa::bitmap::{BitmapData, BitmapFormat, BitmapGlyph, BitmapStrikes, Origin};
use skrifa::instance::Size;
use skrifa::raw::TableProvider;
use tiny_skia_path::Rect;

use super::{Area, Place};

/// The longest side of a glyph's picture.
const MOST_SIDE: u32 = 2048;

/// Whether a font has such glyphs.
pub(super) fn are_in(font: &FontRef<'_>) -> bool {
    strikes(font).is_some()
}

/// The pictures that have colours: others are for screens that have none.
fn strikes<'a>(font: &FontRef<'a>) -> Option<BitmapStrikes<'a>> {
    let formats = [BitmapFormat::Sbix, BitmapFormat::Cbdt];
    formats.into_iter().find_map(|format| BitmapStrikes::with_format(font, format))
}

/// A picture in its place.
pub(super) struct Picture {
    /// Red, green, blue and opacity from 0 to 1; colours are multiplied by their opacity.
    pixels: Vec<[f32; 4]>,
    width: u32,
    height: u32,
    /// The place of its upper left corner, and how many pixels one of its own takes.
    left: f32,
    top: f32,
    scale: [f32; 2],
}

impl Picture {
    /// The glyph, if it is a picture that can be read.
    pub(super) fn find(place: &Place<'_, '_>) -> Option<Self> {
        let found = strikes(place.font)?.glyph_for_size(Size::new(place.size), place.glyph)?;
        let (pixels, width, height) = pixels(&found)?;
        let scale = [place.size / found.ppem_x, place.size / found.ppem_y];
        if !scale.iter().all(|scale| scale.is_finite()) {
            return None;
        }
        let unit = place.size / f32::from(place.font.head().ok()?.units_per_em());
        let left = place.x + found.bearing_x * unit + found.inner_bearing_x * scale[0];
        let up = found.bearing_y * unit + found.inner_bearing_y * scale[1];
        let top = match found.placement_origin {
            Origin::TopLeft => place.y - up,
            Origin::BottomLeft => place.y - up - height as f32 * scale[1],
        };
        Some(Self { pixels, width, height, left, top, scale })
    }

    pub(super) fn bounds(&self) -> Option<Rect> {
        let (width, height) = (self.width as f32 * self.scale[0], self.height as f32 * self.scale[1]);
        // Filtering makes edges softer.
        let soft = [0, 1].map(|axis| self.scale[axis].max(1.0) / 2.0);
        Rect::from_ltrb(
            self.left - soft[0],
            self.top - soft[1],
            self.left + width + soft[0],
            self.top + height + soft[1],
        )
    }

    /// The pixels of an area.
    pub(super) fn painted(&self, area: Area) -> Vec<[f32; 4]> {
        let columns = taps(area.start[0], area.size[0], self.left, self.scale[0], self.width);
        let rows = taps(area.start[1], area.size[1], self.top, self.scale[1], self.height);
        let first = rows.iter().map(|taps| taps.first).min().unwrap_or(0);
        let end = rows.iter().map(|taps| taps.first + taps.weights.len()).max().unwrap_or(0);
        let width = self.width as usize;
        // Rows of the picture as wide as the area.
        let line = |y: usize| columns.iter().map(move |taps| taps.of(&self.pixels[y * width..][..width]));
        let lines: Vec<[f32; 4]> = (first..end).flat_map(line).collect();
        let mut painted = Vec::with_capacity(area.pixels());
        for taps in &rows {
            for x in 0..columns.len() {
                let from = |at: usize| &lines[(taps.first - first + at) * columns.len() + x];
                let mut sum = [0.0; 4];
                for (at, weight) in taps.weights.iter().enumerate() {
                    add(&mut sum, from(at), *weight);
                }
                painted.push(sum);
            }
        }
        painted
    }
}

fn add(sum: &mut [f32; 4], pixel: &[f32; 4], weight: f32) {
    sum.iter_mut().zip(pixel).for_each(|(sum, value)| *sum += value * weight);
}

/// The pixels of a picture that make one of its copy, in a row or a column, and how much of each; what is missing to 1 is
/// transparent.
struct Taps {
    first: usize,
    weights: Vec<f32>,
}

impl Taps {
    fn of(&self, row: &[[f32; 4]]) -> [f32; 4] {
        let mut sum = [0.0; 4];
        for (weight, pixel) in self.weights.iter().zip(&row[self.first..]) {
            add(&mut sum, pixel, *weight);
        }
        sum
    }
}

/// Linear interpolation, and when made smaller a mean with weights that fall linearly, along one axis.
fn taps(start: i32, length: u32, edge: f32, scale: f32, side: u32) -> Vec<Taps> {
    let reach = (1.0 / scale).max(1.0);
    let one = |at: u32| {
        let center = ((start + at as i32) as f32 + 0.5 - edge) / scale;
        let first = (center - reach).floor() as i32;
        let last = (center + reach).ceil() as i32;
        let weight = |pixel: i32| (1.0 - (pixel as f32 + 0.5 - center).abs() / reach).max(0.0);
        let sum: f32 = (first..=last).map(weight).sum();
        let within = first.clamp(0, side as i32)..(last + 1).clamp(0, side as i32);
        Taps { first: within.start as usize, weights: within.map(|pixel| weight(pixel) / sum).collect() }
    };
    (0..length).map(one).collect()
}

/// The pixels of a picture and its size.
fn pixels(glyph: &BitmapGlyph<'_>) -> Option<(Vec<[f32; 4]>, u32, u32)> {
    match &glyph.data {
        BitmapData::Png(file) => decoded(file),
        BitmapData::Bgra(data) => {
            let pixel = |&[b, g, r, a]: &[u8; 4]| [r, g, b, a].map(|level| f32::from(level) / 255.0);
            let pixels: Vec<_> = data.as_chunks().0.iter().map(pixel).collect();
            (pixels.len() == glyph.width as usize * glyph.height as usize && !pixels.is_empty()).then_some((
                pixels,
                glyph.width,
                glyph.height,
            ))
        }
        BitmapData::Mask(_) => None,
    }
}

/// A PNG file.
fn decoded(file: &[u8]) -> Option<(Vec<[f32; 4]>, u32, u32)> {
    let mut decoder = Decoder::new_with_limits(std::io::Cursor::new(file), Limits { bytes: 32 << 20 });
    decoder.set_transformations(Transformations::normalize_to_color8() | Transformations::ALPHA);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let mut reader = decoder.read_info().ok()?;
    let (width, height) = reader.info().size();
    if width.max(height) > MOST_SIDE {
        return None;
    }
    let mut data = vec![0; reader.output_buffer_size()?];
    let frame = reader.next_frame(&mut data).ok()?;
    let pixel = |[r, g, b, a]: [u8; 4]| {
        let alpha = f32::from(a) / 255.0;
        [f32::from(r) * alpha / 255.0, f32::from(g) * alpha / 255.0, f32::from(b) * alpha / 255.0, alpha]
    };
    let pixels = match frame.color_type {
        ColorType::Rgba => data.as_chunks::<4>().0.iter().map(|rgba| pixel(*rgba)).collect(),
        ColorType::GrayscaleAlpha => {
            data.as_chunks::<2>().0.iter().map(|&[gray, alpha]| pixel([gray, gray, gray, alpha])).collect()
        }
        _ => return None,
    };
    Some((pixels, width, height))
}
