//! Rotation by any angle: cubic interpolation with an antialiased edge. Quarter turns, which are exact, are in
//! [`orient`](super::orient).

use super::depth::{Sample, by_depth};
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
    fn apply<S: Sample, const N: usize>(
        &self,
        data: &[S],
        background: [f32; N],
        load: impl Fn([f32; N]) -> [f32; N],
        store: impl Fn([f32; N]) -> [S; N],
    ) -> Vec<S> {
        let (width, height) = (f64::from(self.size.width), f64::from(self.size.height));
        let (cosine, sine) = self.turn;
        let pixels = data.as_chunks::<N>().0;
        let row = |y: usize| &pixels[y * self.size.width as usize..][..self.size.width as usize];
        let empty = store(background);
        let mut out = vec![S::default(); self.canvas.pixels() as usize * N];
        let lines = out.as_chunks_mut::<N>().0.chunks_exact_mut(self.canvas.width as usize);
        for (y, line) in (0..self.canvas.height).zip(lines) {
            let down = f64::from(y) + 0.5 - f64::from(self.canvas.height) / 2.0;
            for (x, out) in (0..self.canvas.width).zip(line) {
                let across = f64::from(x) + 0.5 - f64::from(self.canvas.width) / 2.0;
                let left = cosine * across + sine * down + width / 2.0;
                let top = cosine * down - sine * across + height / 2.0;
                let coverage = (overlap(left, width) * overlap(top, height)) as f32;
                if coverage == 0.0 {
                    *out = empty;
                    continue;
                }
                let (columns, along) = samples(left, self.size.width);
                let (rows, below) = samples(top, self.size.height);
                let (along, below) = (weights(along), weights(below));
                let mut sum = [0.0; N];
                for (y, below) in rows.into_iter().zip(below) {
                    let row = row(y);
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
                *out = store(sum);
            }
        }
        out
    }
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
