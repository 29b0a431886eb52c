//! Rotation by any angle: cubic interpolation with an antialiased edge. Quarter turns, which are exact, are in
//! [`orient`](super::orient).

use super::depth::{Sample, by_depth};
use super::lanes::{I16x8, I32x4, U8x16};
use super::{Image, Pixels, Size};

/// The cosine and sine of a clockwise angle in degrees. Both are rounded to 2⁻³⁰, because their last bits depend on the
/// machine.
pub(crate) fn turn(degrees: f64) -> (f64, f64) {
    const ONE: f64 = (1u32 << 30) as f64;
    let (sine, cosine) = degrees.rem_euclid(360.0).to_radians().sin_cos();
    ((cosine * ONE).round() / ONE, (sine * ONE).round() / ONE)
}

/// The smallest canvas that holds a rotated picture.
pub(crate) fn rotated_size(size: Size, degrees: f64) -> Size {
    let (cosine, sine) = turn(degrees);
    let (width, height) = (f64::from(size.width), f64::from(size.height));
    // A millionth of a pixel is not worth a column.
    let side = |across: f64, down: f64| (width * across.abs() + height * down.abs() - 1e-6).ceil().max(1.0) as u32;
    Size::new(side(cosine, sine), side(sine, cosine))
}

/// Rotates a picture clockwise around its middle, which is the middle of the canvas. `background` fills what is left of
/// the canvas, in the picture's own space.
///
/// Interpolation is by cubic convolution with a = −0.5 (Keys, "Cubic convolution interpolation for digital image
/// processing", 1981; also known as Catmull-Rom), on colour premultiplied by alpha. The picture continues beyond its edges
/// for that. At the edges, picture and background are mixed by the share of the pixel that the picture covers.
///
/// A planar picture is returned unchanged.
pub(crate) fn rotated(image: &Image, degrees: f64, canvas: Size, background: [u8; 4]) -> Image {
    let rotation = Rotation { turn: turn(degrees), size: image.size, canvas };
    if let (Pixels::Rgb(data), [background @ .., _]) = (&image.pixels, background) {
        return image.with(canvas, Pixels::Rgb(rotation.rgb(data, background)));
    }
    let pixels = by_depth!(image, rotated_pixels(&image.pixels, &rotation, background));
    pixels.map_or_else(|| image.clone(), |pixels| image.with(canvas, pixels))
}

/// The same for interleaved samples.
fn rotated_pixels<S: Sample>(pixels: &Pixels, rotation: &Rotation, background: [u8; 4]) -> Option<Pixels> {
    let (data, channels) = S::interleaved(pixels)?;
    let [r, g, b, a] = background.map(|value| S::of_byte(value).number());
    let samples = match channels {
        1 => rotation.apply::<S, 1>(data, [r], std::convert::identity, |pixel| pixel.map(S::of_number)),
        3 => rotation.apply::<S, 3>(data, [r, g, b], std::convert::identity, |pixel| pixel.map(S::of_number)),
        _ => rotation.apply::<S, 4>(data, premultiplied([r, g, b, a]), premultiplied, straight),
    };
    Some(S::pixels(samples, channels))
}

/// Colour times alpha.
fn premultiplied([r, g, b, a]: [f32; 4]) -> [f32; 4] {
    [r * a, g * a, b * a, a]
}

fn straight<S: Sample>([r, g, b, a]: [f32; 4]) -> [S; 4] {
    if a < 0.5 { [S::default(); 4] } else { [r / a, g / a, b / a, a].map(S::of_number) }
}

/// The weights of the four samples around a place that lies `t` after the second one.
fn weights(t: f32) -> [f32; 4] {
    let square = t * t;
    let cube = square * t;
    [
        -0.5 * cube + square - 0.5 * t,
        1.5 * cube - 2.5 * square + 1.0,
        -1.5 * cube + 2.0 * square + 0.5 * t,
        0.5 * cube - 0.5 * square,
    ]
}

/// How much of the pixel around `at` lies between 0 and `side`.
fn overlap(at: f64, side: f64) -> f64 {
    ((at + 0.5).min(side) - (at - 0.5).max(0.0)).max(0.0)
}

/// The four samples around `at`, of which none is beyond the edge, and the place between the second and the third. `at` is
/// no more than half a pixel outside the picture.
fn samples(at: f64, side: u32) -> ([usize; 4], f32) {
    // Rounded down, of a number that is not negative.
    let second = (at + 0.5) as i32 - 1;
    let last = side as i32 - 1;
    let places = [-1, 0, 1, 2].map(|step| (second + step).clamp(0, last) as usize);
    (places, (at - 0.5 - f64::from(second)) as f32)
}

struct Rotation {
    /// Cosine and sine.
    turn: (f64, f64),
    size: Size,
    canvas: Size,
}

impl Rotation {
    /// The place in the picture of the middle of a pixel of the canvas.
    fn place(&self, x: u32, y: u32) -> (f64, f64) {
        let (cosine, sine) = self.turn;
        let across = f64::from(x) + 0.5 - f64::from(self.canvas.width) / 2.0;
        let down = f64::from(y) + 0.5 - f64::from(self.canvas.height) / 2.0;
        let left = cosine * across + sine * down + f64::from(self.size.width) / 2.0;
        let top = cosine * down - sine * across + f64::from(self.size.height) / 2.0;
        (left, top)
    }

    /// What is at a place, with the background where the picture ends; `None` where there is only background.
    fn value<S: Sample, const N: usize>(
        &self,
        pixels: &[[S; N]],
        (left, top): (f64, f64),
        background: [f32; N],
        load: impl Fn([f32; N]) -> [f32; N],
    ) -> Option<[f32; N]> {
        let (width, height) = (f64::from(self.size.width), f64::from(self.size.height));
        let coverage = (overlap(left, width) * overlap(top, height)) as f32;
        if coverage == 0.0 {
            return None;
        }
        let (columns, along) = samples(left, self.size.width);
        let (rows, below) = samples(top, self.size.height);
        let (along, below) = (weights(along), weights(below));
        let mut sum = [0.0; N];
        for (y, below) in rows.into_iter().zip(below) {
            let row = &pixels[y * self.size.width as usize..][..self.size.width as usize];
            for (x, along) in columns.into_iter().zip(along) {
                let pixel = load(row[x].map(S::number));
                let weight = along * below;
                for channel in 0..N {
                    sum[channel] += pixel[channel] * weight;
                }
            }
        }
        if coverage < 1.0 {
            for channel in 0..N {
                sum[channel] += (background[channel] - sum[channel]) * (1.0 - coverage);
            }
        }
        Some(sum)
    }

    fn apply<S: Sample, const N: usize>(
        &self,
        data: &[S],
        background: [f32; N],
        load: impl Fn([f32; N]) -> [f32; N],
        store: impl Fn([f32; N]) -> [S; N],
    ) -> Vec<S> {
        let (pixels, _) = data.as_chunks::<N>();
        let empty = store(background);
        let mut out = vec![S::default(); self.canvas.pixels() as usize * N];
        let lines = out.as_chunks_mut::<N>().0.chunks_exact_mut(self.canvas.width as usize);
        for (y, line) in (0..self.canvas.height).zip(lines) {
            for (x, out) in (0..self.canvas.width).zip(line) {
                *out = self.value(pixels, self.place(x, y), background, &load).map_or(empty, &store);
            }
        }
        out
    }

    /// [`apply`](Self::apply) for RGB of 8 bits. Away from the edges, which is nearly everywhere, it works on integers: places are
    /// rounded to 1/[`PLACES`] of a pixel, weights have [`WEIGHT`] fraction bits and the sums of rows [`FRACTION`]. No result is off by
    /// more than a tenth of a level.
    fn rgb(&self, data: &[u8], background: [u8; 3]) -> Vec<u8> {
        let (pixels, _) = data.as_chunks::<3>();
        let inside = Inside::new(self, data);
        let numbers = background.map(f32::from);
        let mut out = vec![0; self.canvas.pixels() as usize * 3];
        let lines = out.as_chunks_mut::<3>().0.chunks_exact_mut(self.canvas.width as usize);
        for (y, line) in (0..self.canvas.height).zip(lines) {
            inside.line(self.place(0, y), line, |x| {
                let value = self.value(pixels, self.place(x, y), numbers, std::convert::identity);
                value.map_or(background, |value| value.map(u8::of_number))
            });
        }
        out
    }
}

/// Places within a pixel that are told apart.
const PLACES: usize = 1 << 11;
/// Fraction bits of a weight.
const WEIGHT: u32 = 14;
/// Fraction bits of the sum of a row. 16 bits have room for a quarter more than the range of a byte, which cubic weights reach.
const FRACTION: u32 = 6;

/// The places of an RGB picture around which all samples are inside it.
struct Inside<'a> {
    data: &'a [u8],
    size: Size,
    /// From one pixel of a line to the next, with 32 fraction bits.
    step: (i64, i64),
    /// The weights at each of [`PLACES`], as neighbours are multiplied.
    weights: Vec<[[i16; 2]; 2]>,
}

impl<'a> Inside<'a> {
    fn new(rotation: &Rotation, data: &'a [u8]) -> Self {
        let (cosine, sine) = rotation.turn;
        let weights = (0..PLACES).map(|place| {
            let [a, _, c, d] = weights((place as f32 + 0.5) / PLACES as f32);
            let [a, c, d] = [a, c, d].map(|weight| (weight * (1 << WEIGHT) as f32).round() as i16);
            // They add up to one.
            [[a, (1 << WEIGHT) - a - c - d], [c, d]]
        });
        Self { data, size: rotation.size, step: (fixed(cosine), fixed(-sine)), weights: weights.collect() }
    }

    /// Makes a line of the result from the place of its first pixel on; `other` makes what is not inside.
    #[inline(never)]
    fn line(&self, (left, top): (f64, f64), line: &mut [[u8; 3]], other: impl Fn(u32) -> [u8; 3]) {
        // Of the sample left of and above a place.
        let (mut column, mut row) = (fixed(left - 0.5), fixed(top - 0.5));
        // The last four columns are as far away as the end of the vector that is read.
        let (columns, rows) = (i64::from(self.size.width) - 5, i64::from(self.size.height) - 3);
        for (x, out) in (0..).zip(line) {
            let (x_at, y_at) = (column >> 32, row >> 32);
            *out = if (1..=columns).contains(&x_at) && (1..=rows).contains(&y_at) {
                self.pixel(x_at as usize, y_at as usize, place(column), place(row))
            } else {
                other(x)
            };
            column += self.step.0;
            row += self.step.1;
        }
    }

    /// The pixel that lies between a column and a row and the next ones.
    #[inline(always)]
    fn pixel(&self, column: usize, row: usize, across: usize, down: usize) -> [u8; 3] {
        let stride = self.size.width as usize * 3;
        let start = (row - 1) * stride + (column - 1) * 3;
        let [first, second] = self.weights[across].map(I16x8::repeated);
        let half = I32x4::splat(1 << (WEIGHT - FRACTION - 1));
        let sum = |line: usize| {
            let Some(samples) = self.data[start + line * stride..].first_chunk() else { return half };
            let [left, right] = U8x16::load(samples).neighbours();
            left.dot(first).add(right.dot(second)).add(half)
        };
        let [upper, lower] = self.weights[down].map(I16x8::repeated);
        let rows = |first: I32x4, second: I32x4| first.narrow::<{ WEIGHT - FRACTION }>(second).halves_paired();
        let sum = rows(sum(0), sum(1)).dot(upper).add(rows(sum(2), sum(3)).dot(lower));
        let [r, g, b, _] = sum.bytes::<{ WEIGHT + FRACTION }>();
        [r, g, b]
    }
}

/// With 32 fraction bits.
fn fixed(number: f64) -> i64 {
    (number * (1_i64 << 32) as f64).floor() as i64
}

/// Which of [`PLACES`] a number is nearest to.
fn place(fixed: i64) -> usize {
    (fixed >> (32 - PLACES.ilog2())) as usize % PLACES
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::image::Representation;
    use crate::image::orient::rotate;
    use crate::image::testing::{flat, noise};

    #[test]
    fn quarter_turns_equal_the_exact_ones() {
        for representation in [Representation::Gray, Representation::Rgb] {
            let image = noise(Size::new(13, 8), representation, 3);
            for quarters in 0..4 {
                let degrees = 90.0 * f64::from(quarters);
                let canvas = rotated_size(image.size, degrees);
                let expected = rotate(image.clone(), quarters.into());
                assert_eq!(rotated(&image, degrees, canvas, [0; 4]), expected, "{degrees}");
            }
        }
    }

    #[test]
    fn integers_give_what_numbers_give() {
        for (size, degrees) in
            [((90, 70), 7.0), ((61, 95), -33.3), ((80, 80), 45.0), ((40, 130), 181.0), ((5, 9), 20.0)]
        {
            let image = noise(Size::new(size.0, size.1), Representation::Rgb, size.0);
            let canvas = rotated_size(image.size, degrees);
            let rotation = Rotation { turn: turn(degrees), size: image.size, canvas };
            let Pixels::Rgb(data) = &image.pixels else { panic!("RGB") };
            let of_numbers =
                rotation.apply::<u8, 3>(data, [9.0; 3], std::convert::identity, |pixel| pixel.map(u8::of_number));
            let of_integers = rotation.rgb(data, [9; 3]);
            let apart: Vec<_> = of_numbers.iter().zip(&of_integers).map(|(one, other)| one.abs_diff(*other)).collect();
            assert!(apart.iter().all(|apart| *apart <= 1), "{size:?} {degrees}");
            let differing = apart.iter().filter(|apart| **apart > 0).count();
            assert!(differing * 10 < apart.len(), "{size:?} {degrees}: {differing} of {}", apart.len());
        }
    }

    #[test]
    fn the_canvas_holds_the_picture_exactly() {
        assert_eq!(rotated_size(Size::new(100, 50), 0.0), Size::new(100, 50));
        assert_eq!(rotated_size(Size::new(100, 50), 270.0), Size::new(50, 100));
        assert_eq!(rotated_size(Size::new(100, 100), 45.0), Size::new(142, 142));
        assert_eq!(rotated_size(Size::new(1, 1), 30.0), Size::new(2, 2));
    }

    proptest! {
        #[test]
        fn no_light_is_lost(degrees in -400.0..400.0, (width, height) in (1u32..30, 1u32..30)) {
            let size = Size::new(width, height);
            let canvas = rotated_size(size, degrees);
            let image = flat(size, Representation::Rgba, 200);
            let out = rotated(&image, degrees, canvas, [0; 4]);
            prop_assert!(out.is_consistent());
            let Pixels::Rgba(data) = out.pixels else { panic!("alpha stays") };
            let (mut sum, pixels) = (0.0, data.as_chunks::<4>().0);
            for [r, g, b, a] in pixels {
                prop_assert!(*a == 0 || [*r, *g, *b] == [200; 3]);
                sum += f64::from(*a) / 255.0;
            }
            // Near 45 degrees, all pixels of an edge are rounded the same way.
            let edges = 2.0 * f64::from(width + height);
            prop_assert!((sum - size.pixels() as f64).abs() < 1.0 + 0.06 * edges, "{}", sum);
        }
    }
}
