//! Max pooling.

use super::shape::{Shape, View};
use super::vector::{Floats, LANES};

/// How a window moves over its input, in one direction, without padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Axis {
    pub(super) kernel: usize,
    pub(super) step: usize,
    /// Whether the last window may extend beyond the input (ONNX: `ceil_mode`).
    pub(super) partial: bool,
}

impl Axis {
    /// How many windows an input has; `None` when not even one fits.
    pub(super) fn windows(self, size: usize) -> Option<usize> {
        if self.partial {
            let beyond = size.checked_sub(1)?.saturating_sub(self.kernel - 1);
            let count = beyond.checked_next_multiple_of(self.step)? / self.step + 1;
            // The last window must begin within the input.
            Some(if (count - 1).checked_mul(self.step)? >= size { count - 1 } else { count })
        } else {
            Some(size.checked_sub(self.kernel)?.checked_div(self.step)? + 1)
        }
    }
}

/// The largest value of each window, for each channel.
pub(super) fn largest(source: View<'_>, (down, across): (Axis, Axis), shape: Shape, out: &mut [f32]) {
    for (y, row) in out.chunks_exact_mut(shape.row()).take(shape.height).enumerate() {
        row_of(source, (down, across), y, shape.stride(), row);
    }
}

#[inline(never)]
fn row_of(source: View<'_>, (down, across): (Axis, Axis), y: usize, stride: usize, out: &mut [f32]) {
    let Shape { height, width, .. } = source.shape;
    let rows = y * down.step..(y * down.step + down.kernel).min(height);
    for (x, pixel) in out.chunks_exact_mut(stride).enumerate() {
        let columns = x * across.step..(x * across.step + across.kernel).min(width);
        for channel in (0..stride).step_by(LANES) {
            let mut most = Floats::splat(f32::NEG_INFINITY);
            for row in rows.clone() {
                for column in columns.clone() {
                    let at = row * source.shape.row() + column * stride + channel;
                    most = most.max(Floats::load(source.floats, at));
                }
            }
            most.store(pixel, channel);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_window_may_reach_beyond() {
        let shape = Shape::new(1, 3, 3);
        let values = [1.0, -2.0, 3.0, 4.0, 5.0, -6.0, -7.0, -8.0, -9.0];
        let floats: Vec<f32> = values.iter().flat_map(|value| [*value, 0.0, 0.0, 0.0]).collect();
        let axis = Axis { kernel: 2, step: 2, partial: true };
        let mut out = vec![7.0; 16];
        largest(View::new(shape, &floats), (axis, axis), Shape::new(1, 2, 2), &mut out);
        assert_eq!(out.chunks_exact(4).map(|pixel| pixel[0]).collect::<Vec<_>>(), [5.0, 3.0, -7.0, -9.0]);
    }

    #[test]
    fn windows_are_counted_as_onnx_has_it() {
        let axis = |kernel, step, partial| Axis { kernel, step, partial };
        for (axis, size, count) in [
            (axis(2, 2, true), 5, Some(3)),
            (axis(2, 2, false), 5, Some(2)),
            (axis(2, 2, true), 1, Some(1)),
            (axis(2, 2, false), 1, None),
            // A third window would begin beyond the input.
            (axis(1, 3, true), 5, Some(2)),
            (axis(3, 1, true), 10, Some(8)),
        ] {
            assert_eq!(axis.windows(size), count, "{axis:?}, {size}");
        }
    }
}
