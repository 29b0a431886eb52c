//! Opacity at full size: fixed where the rough mask is certain, and by a local function of colour near edges.

use super::{BEHIND, no_colour};
use crate::error::Failure;
use crate::image::depth::at_a_glance;
use crate::image::field::{Field, Map, Tap, taps};
use crate::image::{Image, Pixels, Size};

/// From this value up the rough mask counts as subject.
pub const SURE: f32 = 0.97;
/// From this value down the rough mask counts as background.
pub const SURELY_NOT: f32 = 0.03;

/// What is known about opacity at work size.
#[derive(Clone, Debug)]
pub struct Edges {
    /// The rough mask, 0 to 1: it decides where [`functions`](Self::functions) are used.
    pub rough: Map,
    /// Opacity as a function of colour, `[a_red, a_green, a_blue, b]`.
    pub functions: Field,
}

impl Edges {
    /// Stretches opacity so that `low` becomes 0 and `high` becomes 1.
    pub fn stretch(&mut self, low: f32, high: f32) {
        let scale = 1.0 / (high - low);
        for [r, g, b, constant] in &mut self.functions.data {
            (*r, *g, *b, *constant) = (*r * scale, *g * scale, *b * scale, (*constant - low) * scale);
        }
    }

    /// Opacity of every pixel of `image`, 0 to 255, row by row. The picture's own alpha is not included, but its
    /// colours are composited on [`BEHIND`], as they were when the functions were found.
    ///
    /// # Errors
    /// When the picture is not interleaved, which would be a bug.
    pub fn opacity(&self, image: &Image) -> Result<Vec<u8>, Failure> {
        match &at_a_glance(image).pixels {
            Pixels::Rgb(data) => Ok(self.evaluate(data.as_chunks().0, image.size, |pixel: &[u8; 3]| *pixel)),
            Pixels::Rgba(data) => Ok(self.evaluate(data.as_chunks().0, image.size, shown)),
            Pixels::Gray(_) | Pixels::Ycc(_) | Pixels::Deep(_) => Err(no_colour()),
        }
    }

    fn evaluate<const CHANNELS: usize>(
        &self,
        pixels: &[[u8; CHANNELS]],
        size: Size,
        colour: impl Fn(&[u8; CHANNELS]) -> [u8; 3],
    ) -> Vec<u8> {
        let (width, across) = (size.width as usize, taps(self.rough.size.width, size.width));
        let down = taps(self.rough.size.height, size.height);
        let mut opacity = vec![0; pixels.len()];
        for ((out, row), down) in opacity.chunks_exact_mut(width).zip(pixels.chunks_exact(width)).zip(down) {
            let mut x = 0;
            // All pixels between the same four samples of the rough mask: usually they agree.
            for run in across.chunk_by(|one, other| one.first == other.first) {
                let pixels = x..x + run.len();
                x = pixels.end;
                let (lowest, highest) = self.corners(run[0], down);
                if lowest >= SURE {
                    out[pixels].fill(255);
                } else if highest > SURELY_NOT {
                    for ((out, pixel), across) in out[pixels.clone()].iter_mut().zip(&row[pixels]).zip(run) {
                        *out = self.value(colour(pixel), *across, down);
                    }
                }
            }
        }
        opacity
    }

    /// The lowest and the highest of four samples of the rough mask.
    fn corners(&self, across: Tap, down: Tap) -> (f32, f32) {
        let sample = |x, y| self.rough.data[y * self.rough.size.width as usize + x];
        let (one, two) = (sample(across.first, down.first), sample(across.second, down.first));
        let (three, four) = (sample(across.first, down.second), sample(across.second, down.second));
        (one.min(two).min(three.min(four)), one.max(two).max(three.max(four)))
    }

    fn value(&self, pixel: [u8; 3], across: Tap, down: Tap) -> u8 {
        let rough = self.rough.at(across, down);
        if rough >= SURE {
            return 255;
        }
        if rough <= SURELY_NOT {
            return 0;
        }
        let [red, green, blue, constant] = self.functions.at(across, down);
        let colour = red * f32::from(pixel[0]) + green * f32::from(pixel[1]) + blue * f32::from(pixel[2]);
        // The cast saturates.
        (colour + constant * 255.0 + 0.5) as u8
    }
}

/// A pixel composited on [`BEHIND`].
fn shown([r, g, b, own]: &[u8; 4]) -> [u8; 3] {
    let mix = |(over, behind)| {
        ((u32::from(over) * u32::from(*own) + u32::from(behind) * (255 - u32::from(*own)) + 127) / 255) as u8
    };
    [(*r, BEHIND[0]), (*g, BEHIND[1]), (*b, BEHIND[2])].map(mix)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gray(size: Size, channels: usize, value: impl Fn(u32) -> u8) -> Image {
        let data = (0..size.pixels() as u32).flat_map(|i| {
            let value = value(i % size.width);
            std::iter::repeat_n(value, 3).chain(std::iter::repeat_n(128, channels - 3))
        });
        let data = data.collect();
        Image::new(size, if channels == 3 { Pixels::Rgb(data) } else { Pixels::Rgba(data) })
    }

    /// Opacity is the mean of the colours where the rough mask is uncertain: in the middle third.
    fn edges(size: Size) -> Edges {
        let rough = (0..size.pixels() as u32).map(|i| (i % size.width * 3 / size.width) as f32 / 2.0).collect();
        let third = 1.0 / 3.0;
        Edges { rough: Map { size, data: rough }, functions: Field::filled(size, [third, third, third, 0.0]) }
    }

    #[test]
    fn functions_are_used_only_where_the_rough_mask_is_uncertain() {
        let size = Size::new(9, 2);
        let alpha = edges(size).opacity(&gray(size, 3, |x| 20 * x as u8)).unwrap();
        assert_eq!(alpha[..9], [0, 0, 0, 60, 80, 100, 255, 255, 255]);
    }

    #[test]
    fn a_larger_picture_is_evaluated_pixel_by_pixel() {
        let size = Size::new(90, 20);
        let alpha = edges(Size::new(9, 2)).opacity(&gray(size, 3, |x| if x % 2 == 0 { 40 } else { 200 })).unwrap();
        assert_eq!(alpha[40..44], [40, 200, 40, 200]);
        assert_eq!((alpha[3], alpha[88]), (0, 255));
    }

    #[test]
    fn colours_are_seen_in_front_of_white() {
        let size = Size::new(9, 2);
        let opacity = edges(size).opacity(&gray(size, 4, |_| 100)).unwrap();
        // 128 of 255 of 100 in front of white: 100 × 0.502 + 255 × 0.498.
        assert_eq!(opacity[..9], [0, 0, 0, 177, 177, 177, 255, 255, 255]);
    }

    #[test]
    fn stretching_takes_haze_to_nothing() {
        let size = Size::new(9, 1);
        let mut edges = edges(size);
        edges.stretch(0.1, 0.9);
        let alpha = |value| edges.opacity(&gray(size, 3, |_| value)).unwrap()[4];
        assert_eq!((alpha(20), alpha(128), alpha(240)), (0, 128, 255));
    }
}
