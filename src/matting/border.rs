//! The border of a picture as a sample of its background: its median colour, and the smooth surface through its
//! colours. A studio backdrop is close to such a surface, graded by light and lens; a street is not.

use super::lab::{Lab, difference};
use crate::image::Size;
use crate::image::field::Field;

/// Width of the border as a share of the shorter side.
const WIDTH: f64 = 0.025;
/// Colours further from the surface than this many times the median distance are ignored in the next fit.
const OUTLIER: f32 = 3.0;
/// Number of fits, each without the outliers of the last one.
const ROUNDS: usize = 6;

/// The median of each channel along the border of interleaved R′G′B′.
pub fn median(rgb: &[u8], size: Size) -> [u8; 3] {
    let pixels = rgb.as_chunks::<3>().0;
    let places: Vec<usize> = places(size).collect();
    std::array::from_fn(|channel| {
        let mut values: Vec<u8> = places.iter().map(|at| pixels[*at][channel]).collect();
        let middle = values.len() / 2;
        *values.select_nth_unstable(middle).1
    })
}

/// The pixels of the border, by index.
pub(super) fn places(size: Size) -> impl Iterator<Item = usize> {
    let (width, height) = (size.width as usize, size.height as usize);
    let rim = ((width.min(height) as f64 * WIDTH) as usize).max(2);
    (0..width * height).filter(move |at| {
        let (x, y) = (at % width, at / width);
        x < rim || y < rim || x + rim >= width || y + rim >= height
    })
}

/// A quadratic function of position for each channel.
#[derive(Clone, Debug)]
pub(super) struct Surface {
    size: Size,
    /// For each channel, the weights of 1, x, y, x², xy and y², with x and y from −1 to 1.
    weights: [[f64; 6]; 3],
}

impl Surface {
    /// A least squares fit to the pixels at `places`, without outliers, and the median distance of the pixels from it.
    pub(super) fn through(picture: &Field, places: &[usize], lab: &Lab) -> (Self, f32) {
        let mut distances = vec![0.0; places.len()];
        let mut reach = f32::INFINITY;
        let mut median = 0.0;
        let mut surface = Self { size: picture.size, weights: [[0.0; 6]; 3] };
        for _ in 0..ROUNDS {
            let kept = places.iter().zip(&distances).filter(|(_, distance)| **distance <= reach).map(|(at, _)| *at);
            surface = Self::fit(picture, kept);
            for (distance, at) in distances.iter_mut().zip(places) {
                *distance = surface.distance(picture, *at, lab);
            }
            let mut sorted = distances.clone();
            let middle = sorted.len() / 2;
            median = *sorted.select_nth_unstable_by(middle, f32::total_cmp).1;
            reach = OUTLIER * median + 1e-3;
        }
        (surface, median)
    }

    fn fit(picture: &Field, places: impl Iterator<Item = usize>) -> Self {
        let mut matrix = [[0.0_f64; 6]; 6];
        let mut right = [[0.0_f64; 6]; 3];
        for at in places {
            let basis = basis(picture.size, at);
            for (row, one) in matrix.iter_mut().zip(basis) {
                for (entry, other) in row.iter_mut().zip(basis) {
                    *entry += one * other;
                }
            }
            for (channel, sums) in right.iter_mut().enumerate() {
                for (sum, one) in sums.iter_mut().zip(basis) {
                    *sum += one * f64::from(picture.data[at][channel]);
                }
            }
        }
        // Keeps undetermined slopes at 0, as in a picture with one row.
        let ridge = 1e-6 * (matrix[0][0] + 1.0);
        for (i, row) in matrix.iter_mut().enumerate() {
            row[i] += ridge * if i == 0 { 1e-3 } else { 1.0 };
        }
        Self { size: picture.size, weights: right.map(|right| solve(matrix, right)) }
    }

    /// Its colours along a row, from left to right.
    pub(super) fn row(&self, y: usize) -> impl Iterator<Item = [f32; 3]> {
        // For one row it is a quadratic function of x.
        let [_, _, y, ..] = basis(self.size, y * self.size.width as usize);
        let along = self
            .weights
            .map(|[one, x, of_y, xx, xy, yy]| [(one + of_y * y + yy * y * y) as f32, (x + xy * y) as f32, xx as f32]);
        let scale = 2.0 / self.size.width as f32;
        (0..self.size.width).map(move |x| {
            let x = (x as f32 + 0.5) * scale - 1.0;
            along.map(|[one, first, second]| one + x * (first + x * second))
        })
    }

    /// Its colour at a pixel.
    fn at(&self, at: usize) -> [f32; 3] {
        let basis = basis(self.size, at);
        self.weights.map(|weights| weights.iter().zip(basis).map(|(weight, one)| weight * one).sum::<f64>() as f32)
    }

    /// Root mean square distance of the pixels at `places` from it, in ΔE: outliers count.
    pub(super) fn deviation(&self, picture: &Field, places: &[usize], lab: &Lab) -> f32 {
        let squares = places.iter().map(|at| self.distance(picture, *at, lab).powi(2));
        (squares.sum::<f32>() / places.len().max(1) as f32).sqrt()
    }

    /// A pixel's distance from it, in ΔE.
    pub(super) fn distance(&self, picture: &Field, at: usize, lab: &Lab) -> f32 {
        let [r, g, b, _] = picture.data[at];
        difference(lab.of([r, g, b]), lab.of(self.at(at)))
    }
}

fn basis(size: Size, at: usize) -> [f64; 6] {
    let (width, height) = (size.width as usize, size.height as usize);
    let x = (2 * (at % width) + 1) as f64 / width as f64 - 1.0;
    let y = (2 * (at / width) + 1) as f64 / height as f64 - 1.0;
    [1.0, x, y, x * x, x * y, y * y]
}

/// Solves a symmetric positive definite system by elimination.
fn solve(mut matrix: [[f64; 6]; 6], mut right: [f64; 6]) -> [f64; 6] {
    for i in 0..6 {
        let pivot = matrix[i];
        for j in i + 1..6 {
            let factor = matrix[j][i] / pivot[i];
            for (entry, above) in matrix[j].iter_mut().zip(pivot) {
                *entry -= factor * above;
            }
            right[j] -= factor * right[i];
        }
    }
    let mut solution = [0.0; 6];
    for i in (0..6).rev() {
        let known: f64 = (i + 1..6).map(|j| matrix[i][j] * solution[j]).sum();
        solution[i] = (right[i] - known) / matrix[i][i];
    }
    solution
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size::new(120, 80);

    /// Interleaved R′G′B′ of a gray value by position, from −1 to 1.
    fn picture(value: impl Fn(f32, f32) -> f32) -> Vec<u8> {
        let place = |i: u32, side: u32| (i as f32 + 0.5) / side as f32 * 2.0 - 1.0;
        let values = (0..SIZE.pixels() as u32)
            .map(|i| value(place(i % SIZE.width, SIZE.width), place(i / SIZE.width, SIZE.height)));
        values.flat_map(|value| [(value + 0.5) as u8; 3]).collect()
    }

    /// The surface through its border, the median distance from it, and the deviation.
    fn through(picture: &[u8]) -> (Surface, f32, f32) {
        let value = |value: u8| f32::from(value) / 255.0;
        let data = picture.as_chunks().0.iter().map(|[r, g, b]: &[u8; 3]| [*r, *g, *b, 255].map(value)).collect();
        let (field, lab) = (Field { size: SIZE, data }, Lab::new());
        let places: Vec<usize> = places(SIZE).collect();
        let (surface, median) = Surface::through(&field, &places, &lab);
        let deviation = surface.deviation(&field, &places, &lab);
        (surface, median, deviation)
    }

    #[test]
    fn a_graded_backdrop_deviates_little_and_its_median_is_its_colour() {
        let picture = picture(|x, y| 200.0 - 30.0 * x + 10.0 * y - 12.0 * x * x + 5.0 * x * y);
        assert!(through(&picture).2 < 0.3);
        assert!(median(&picture, SIZE)[0].abs_diff(199) < 4);
    }

    #[test]
    fn objects_in_the_border_are_outliers() {
        let graded = |x: f32, _| 200.0 - 30.0 * x;
        let (surface, median, deviation) =
            through(&picture(|x, y| if x.abs() < 0.25 && y > 0.0 { 40.0 } else { graded(x, y) }));
        assert!(median < 0.2 && deviation > 10.0, "{median} {deviation}");
        // In the middle of the picture, where nothing was fitted.
        let middle = surface.row(40).nth(60).unwrap();
        assert!((middle[0] - 200.0 / 255.0).abs() < 0.01, "{middle:?}");
    }

    #[test]
    fn a_row_is_the_surface_along_it() {
        let surface = Surface { size: SIZE, weights: [[0.5, 0.1, -0.2, 0.05, 0.3, -0.07]; 3] };
        for (x, row) in surface.row(13).enumerate() {
            let at = surface.at(13 * SIZE.width as usize + x);
            assert!(row.iter().zip(at).all(|(row, at)| (row - at).abs() < 1e-5));
        }
    }

    #[test]
    fn the_border_of_a_small_picture_is_all_of_it() {
        assert_eq!(places(Size::new(3, 4)).count(), 12);
        assert_eq!(median(&[10, 20, 30], Size::new(1, 1)), [10, 20, 30]);
    }
}
