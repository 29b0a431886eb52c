//! The large shapes of a picture's brightness, without its texture: what actions that change light by regions, and those that
//! change texture, look at.
//!
//! The guided filter with the picture as its own guide (K. He, J. Sun and X. Tang, "Guided image filtering", 2010), which
//! keeps edges, on a reduced picture as in "Fast guided filter" (K. He and J. Sun, 2015).

use super::{Image, Pixels, Size};
use crate::image::field::{Field, Tap, taps};

/// Contrast, squared, below which a region counts as even. Brightness goes from 0 to 1.
const EVEN: f32 = 0.01;

/// The large shapes of a picture.
pub(crate) struct Base {
    /// Factor and offset from a pixel's brightness to its base, in the first two places.
    functions: Field,
    across: Vec<Tap>,
    down: Vec<Tap>,
}

/// Luma (BT.601), from 0 to 1.
pub(crate) fn luma([r, g, b]: [u8; 3]) -> f32 {
    (0.299 * f32::from(r) + 0.587 * f32::from(g) + 0.114 * f32::from(b)) / 255.0
}

impl Base {
    /// Shapes that are larger than `radius` pixels.
    pub(crate) fn of(image: &Image, radius: u32) -> Self {
        let step = (radius / 8).max(1);
        let size = image.size;
        let small = Size::new(size.width.div_ceil(step), size.height.div_ceil(step));
        let mut field = Field::filled(small, [0.0; 4]);
        let mut add = |at: usize, value: f32| {
            let (x, y) = (at as u32 % size.width / step, at as u32 / size.width / step);
            let cell = &mut field.data[(y * small.width + x) as usize];
            *cell = [cell[0] + value, 0.0, cell[2] + 1.0, 0.0];
        };
        match &image.pixels {
            Pixels::Gray(data) => data.iter().enumerate().for_each(|(at, value)| add(at, luma([*value; 3]))),
            Pixels::Ycc(ycc) => ycc.y.data.iter().enumerate().for_each(|(at, value)| add(at, luma([*value; 3]))),
            Pixels::Rgb(data) => data.as_chunks().0.iter().enumerate().for_each(|(at, rgb)| add(at, luma(*rgb))),
            Pixels::Rgba(data) => {
                data.as_chunks().0.iter().enumerate().for_each(|(at, [r, g, b, _])| add(at, luma([*r, *g, *b])));
            }
        }
        for [value, square, count, _] in &mut field.data {
            *value /= *count;
            (*square, *count) = (*value * *value, 0.0);
        }
        let (radius, mut scratch) = ((radius / step).max(1) as usize, Vec::new());
        field.box_mean(radius, &mut scratch);
        for cell in &mut field.data {
            let [mean, square, ..] = *cell;
            let variance = (square - mean * mean).max(0.0);
            let factor = variance / (variance + EVEN);
            *cell = [factor, mean - factor * mean, 0.0, 0.0];
        }
        field.box_mean(radius, &mut scratch);
        Self { functions: field, across: taps(small.width, size.width), down: taps(small.height, size.height) }
    }

    /// The base, from 0 to 1, of a pixel with this luma.
    pub(crate) fn at(&self, x: usize, y: usize, luma: f32) -> f32 {
        let [factor, offset, ..] = self.functions.at(self.across[x], self.down[y]);
        (factor * luma + offset).clamp(0.0, 1.0)
    }
}

/// Replaces every colour by what `color` makes of it and of its base. Alpha stays; a planar picture stays as it is.
pub(crate) fn by_base(mut image: Image, radius: u32, color: impl Fn([u8; 3], f32) -> [u8; 3]) -> Image {
    let base = Base::of(&image, radius);
    let width = image.size.width as usize;
    let changed = |at: usize, rgb: [u8; 3]| color(rgb, base.at(at % width, at / width, luma(rgb)));
    match &mut image.pixels {
        Pixels::Gray(data) => {
            data.iter_mut().enumerate().for_each(|(at, value)| [*value, ..] = changed(at, [*value; 3]));
        }
        Pixels::Rgb(data) => {
            data.as_chunks_mut().0.iter_mut().enumerate().for_each(|(at, rgb)| *rgb = changed(at, *rgb));
        }
        Pixels::Rgba(data) => {
            for (at, [r, g, b, _]) in data.as_chunks_mut().0.iter_mut().enumerate() {
                [*r, *g, *b] = changed(at, [*r, *g, *b]);
            }
        }
        Pixels::Ycc(_) => {}
    }
    image
}
