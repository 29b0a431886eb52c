//! The guided filter (K. He, J. Sun and X. Tang, "Guided image filtering", 2010) with the luma of a picture as its guide: it
//! smooths values while the edges of the picture stay. It works on a reduced picture, as in "Fast guided filter" (K. He and J.
//! Sun, 2015), and answers for the pixels of the whole one.

use super::depth::at_a_glance;
use super::field::{Field, Tap, taps};
use super::{Image, Pixels, Size};

/// The means of what `values` makes of each pixel, over squares of `step` pixels from the top left.
pub(crate) fn reduced(image: &Image, step: u32, values: impl Fn([u8; 3]) -> [f32; 3]) -> Field {
    let size = image.size;
    let small = Size::new(size.width.div_ceil(step), size.height.div_ceil(step));
    let mut field = Field::filled(small, [0.0; 4]);
    let mut add = |at: usize, rgb: [u8; 3]| {
        let (x, y) = (at as u32 % size.width / step, at as u32 / size.width / step);
        let cell = &mut field.data[(y * small.width + x) as usize];
        let [a, b, c] = values(rgb);
        *cell = [cell[0] + a, cell[1] + b, cell[2] + c, cell[3] + 1.0];
    };
    match &at_a_glance(image).pixels {
        Pixels::Gray(data) => data.iter().enumerate().for_each(|(at, value)| add(at, [*value; 3])),
        Pixels::Ycc(ycc) => ycc.y.data.iter().enumerate().for_each(|(at, value)| add(at, [*value; 3])),
        Pixels::Rgb(data) => data.as_chunks().0.iter().enumerate().for_each(|(at, rgb)| add(at, *rgb)),
        Pixels::Rgba(data) => {
            data.as_chunks().0.iter().enumerate().for_each(|(at, [r, g, b, _])| add(at, [*r, *g, *b]));
        }
        Pixels::Deep(_) => {}
    }
    for [a, b, c, count] in &mut field.data {
        (*a, *b, *c) = (*a / *count, *b / *count, *c / *count);
    }
    field
}

/// Filtered values, by the luma of a pixel.
pub(crate) struct Guided {
    /// Factor and offset from a pixel's luma to its value, in the first two places.
    functions: Field,
    across: Vec<Tap>,
    down: Vec<Tap>,
}

impl Guided {
    /// Filters values of a reduced picture, given as pairs of luma and value, over squares of `2 · radius + 1` of its pixels.
    /// Where luma varies by less than the root of `even`, values are smoothed. `whole` is the size of the whole picture.
    pub(crate) fn new(
        pairs: impl Iterator<Item = (f32, f32)>,
        small: Size,
        whole: Size,
        radius: usize,
        even: f32,
    ) -> Self {
        let data = pairs.map(|(luma, value)| [luma, value, luma * luma, luma * value]).collect();
        let (mut functions, mut scratch) = (Field { size: small, data }, Vec::new());
        functions.box_mean(radius, &mut scratch);
        for cell in &mut functions.data {
            let [luma, value, square, product] = *cell;
            let factor = (product - luma * value) / ((square - luma * luma).max(0.0) + even);
            *cell = [factor, value - factor * luma, 0.0, 0.0];
        }
        functions.box_mean(radius, &mut scratch);
        Self { functions, across: taps(small.width, whole.width), down: taps(small.height, whole.height) }
    }

    /// The value of a pixel with this luma.
    pub(crate) fn at(&self, x: usize, y: usize, luma: f32) -> f32 {
        let [factor, offset, ..] = self.functions.at(self.across[x], self.down[y]);
        factor * luma + offset
    }
}
