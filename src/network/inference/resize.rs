//! Bilinear resizing as in ONNX: two samples in each direction, whatever the factor.

use super::shape::{Shape, View};
use super::vector::{Floats, LANES};

/// How output samples map to input positions (ONNX: `coordinate_transformation_mode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Places {
    /// Pixel centres are aligned: (x + ½) / scale − ½.
    HalfPixel,
    /// The same, but everything is read at 0 if the output has one sample.
    PytorchHalfPixel,
    /// First and last samples are aligned.
    AlignCorners,
    /// First samples are aligned: x / scale.
    Asymmetric,
}

/// How one direction is resized.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Axis {
    pub(super) from: usize,
    pub(super) to: usize,
    /// The scale for computing positions: the quotient of both sizes, or the file's own.
    pub(super) scale: f32,
    pub(super) places: Places,
}

impl Axis {
    /// Whether this doubles the size by the half-pixel rule, which convolutions compute on the fly.
    pub(super) fn doubles(self) -> bool {
        let half_pixel = matches!(self.places, Places::HalfPixel | Places::PytorchHalfPixel);
        half_pixel && self.to == 2 * self.from && self.scale == 2.0
    }

    /// The two input samples on either side of output `at`, and its fraction of the way from the first to the second.
    fn between(self, at: usize) -> (usize, usize, f32) {
        let at = at as f32;
        let last = (self.from - 1) as f32;
        let place = match self.places {
            Places::PytorchHalfPixel if self.to == 1 => 0.0,
            Places::HalfPixel | Places::PytorchHalfPixel => (at + 0.5) / self.scale - 0.5,
            Places::AlignCorners if self.to == 1 => 0.0,
            Places::AlignCorners => at * last / (self.to - 1) as f32,
            Places::Asymmetric => at / self.scale,
        };
        // NaN becomes 0.
        let place = place.max(0.0).min(last);
        let first = place as usize;
        (first, (first + 1).min(self.from - 1), place - first as f32)
    }
}

/// Resizes a value.
pub(super) fn bilinear(source: View<'_>, (down, across): (Axis, Axis), shape: Shape, out: &mut [f32]) {
    let columns: Vec<_> = (0..shape.width).map(|x| across.between(x)).collect();
    for (y, row) in out.chunks_exact_mut(shape.row()).take(shape.height).enumerate() {
        row_of(source, down.between(y), &columns, row);
    }
}

#[inline(never)]
fn row_of(
    source: View<'_>,
    (top, bottom, lower): (usize, usize, f32),
    columns: &[(usize, usize, f32)],
    out: &mut [f32],
) {
    let stride = source.shape.stride();
    let top = &source.floats[top * source.shape.row()..][..source.shape.row()];
    let bottom = &source.floats[bottom * source.shape.row()..][..source.shape.row()];
    for (pixel, &(left, right, further)) in out.chunks_exact_mut(stride).zip(columns) {
        for channel in (0..stride).step_by(LANES) {
            let load = |row, column: usize| Floats::load(row, column * stride + channel);
            let (above, below) = (load(top, left), load(bottom, left));
            let above = above.plus(further, load(top, right) - above);
            let below = below.plus(further, load(bottom, right) - below);
            above.plus(lower, below - above).store(pixel, channel);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row of 1, 2, 4, 8 resized to `to` samples.
    fn row(to: usize, places: Places) -> Vec<f32> {
        let floats: Vec<f32> = [1.0, 2.0, 4.0, 8.0].iter().flat_map(|value| [*value, 0.0, 0.0, 0.0]).collect();
        let axis = |from, to| Axis { from, to, scale: to as f32 / from as f32, places };
        let shape = Shape::new(1, 1, to);
        let mut out = vec![7.0; shape.floats()];
        bilinear(View::new(Shape::new(1, 1, 4), &floats), (axis(1, 1), axis(4, to)), shape, &mut out);
        out.chunks_exact(4).map(|pixel| pixel[0]).collect()
    }

    #[test]
    fn each_rule_reads_between_the_samples_that_it_names() {
        // By hand: positions such as (x + ½) / 2 − ½ = −¼ (clamped to 0), ¼, ¾, 1¼ …
        assert_eq!(row(8, Places::HalfPixel), [1.0, 1.25, 1.75, 2.5, 3.5, 5.0, 7.0, 8.0]);
        assert_eq!(row(7, Places::AlignCorners), [1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0]);
        assert_eq!(row(8, Places::Asymmetric), [1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 8.0]);
        assert_eq!(row(2, Places::HalfPixel), [1.5, 6.0]);
        assert_eq!((row(1, Places::HalfPixel), row(1, Places::PytorchHalfPixel)), (vec![3.0], vec![1.0]));
    }

    #[test]
    fn only_what_convolutions_compute_on_their_way_counts_as_doubling() {
        let axis = Axis { from: 5, to: 10, scale: 2.0, places: Places::PytorchHalfPixel };
        assert!(axis.doubles());
        assert!(!Axis { places: Places::AlignCorners, ..axis }.doubles());
        assert!(!Axis { scale: 2.1, ..axis }.doubles());
    }
}
