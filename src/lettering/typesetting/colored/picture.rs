//! Glyphs that are pictures (`sbix`, `CBDT`), scaled to the size of the text.

use png::{ColorType, Decoder, Limits, Transformations};
use skrifa::raw::TableProvider;
use skrifa::raw::tables::bitmap::{BitmapContent, BitmapDataFormat, BitmapMetrics};
use skrifa::raw::types::Tag;
use skrifa::{FontRef, GlyphId};
use tiny_skia_path::Rect;

use super::{Area, Place};

/// The longest side of a glyph's picture.
const MOST_SIDE: u32 = 2048;

/// Whether a font has such glyphs.
pub(super) fn are_in(font: &FontRef<'_>) -> bool {
    font.sbix().is_ok() || font.cbdt().is_ok()
}

/// A picture as the font has it.
struct Found<'a> {
    file: &'a [u8],
    /// For which sizes it is, across and down, in pixels.
    sizes: [f32; 2],
    /// From the origin to its left, and up to its upper or lower edge, in its own pixels and in the font's units.
    left: f32,
    up: f32,
    units: [f32; 2],
    is_up_to_top: bool,
}

/// The pictures of a glyph. skrifa has this too, with all that finds the bounds of outlines.
fn all<'a>(font: &FontRef<'a>, glyph: GlyphId) -> Vec<Found<'a>> {
    match font.sbix() {
        Ok(_) => in_sbix(font, glyph),
        Err(_) => in_cbdt(font, glyph),
    }
    .unwrap_or_default()
}

/// From the lower left corner of the glyph's box, if it has one.
fn in_sbix<'a>(font: &FontRef<'a>, glyph: GlyphId) -> Option<Vec<Found<'a>>> {
    let outline = || font.loca(None).ok()?.get_glyf(glyph, &font.glyf().ok()?).ok()?;
    let bottom = outline().map_or(0.0, |outline| f32::from(outline.y_min()));
    let left = font.hmtx().ok().and_then(|table| table.side_bearing(glyph)).unwrap_or_default();
    let strikes = font.sbix().ok()?.strikes().iter().flatten().filter_map(|strike| {
        let data = strike.glyph_data(glyph).ok()??;
        (data.graphic_type() == Tag::new(b"png ")).then(|| Found {
            file: data.data(),
            sizes: [f32::from(strike.ppem()); 2],
            left: f32::from(data.origin_offset_x()),
            up: f32::from(data.origin_offset_y()),
            units: [f32::from(left), bottom],
            is_up_to_top: false,
        })
    });
    Some(strikes.collect())
}

fn in_cbdt<'a>(font: &FontRef<'a>, glyph: GlyphId) -> Option<Vec<Found<'a>>> {
    let (places, pictures) = (font.cblc().ok()?, font.cbdt().ok()?);
    let strikes = places.bitmap_sizes().iter().filter_map(|size| {
        let data = pictures.data(&size.location(places.offset_data(), glyph).ok()?).ok()?;
        let BitmapContent::Data(BitmapDataFormat::Png, file) = data.content else { return None };
        let (left, up) = match data.metrics {
            BitmapMetrics::Small(metrics) => (metrics.bearing_x(), metrics.bearing_y()),
            BitmapMetrics::Big(metrics) => (metrics.hori_bearing_x(), metrics.hori_bearing_y()),
        };
        let sizes = [size.ppem_x(), size.ppem_y()].map(f32::from);
        Some(Found { file, sizes, left: left.into(), up: up.into(), units: [0.0; 2], is_up_to_top: true })
    });
    Some(strikes.collect())
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
        // The smallest that need not be made larger, or else the largest.
        let fits = |found: &Found<'_>| (found.sizes[1] < place.size, (found.sizes[1] - place.size).abs());
        let found = all(place.font, place.glyph).into_iter().min_by(|one, other| {
            let ((one_falls_short, one), (other_falls_short, other)) = (fits(one), fits(other));
            one_falls_short.cmp(&other_falls_short).then(one.total_cmp(&other))
        })?;
        let (pixels, width, height) = decoded(found.file)?;
        let scale = found.sizes.map(|size| place.size / size);
        if !scale.iter().all(|scale| scale.is_finite()) {
            return None;
        }
        let unit = place.size / f32::from(place.font.head().ok()?.units_per_em());
        let left = place.x + found.units[0] * unit + found.left * scale[0];
        let edge = place.y - found.units[1] * unit - found.up * scale[1];
        let top = if found.is_up_to_top { edge } else { edge - height as f32 * scale[1] };
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

/// The pixels of a PNG file and its size.
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
