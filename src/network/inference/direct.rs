//! Direct convolution, for cases that Winograd's method does not cover: dilations, other sizes and strides, and a
//! single output.

use super::shape::{Shape, View};
use super::vector::{Floats, LANES};

/// How a window moves over its input, in one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Axis {
    /// Samples of the window.
    pub(super) kernel: usize,
    /// From one window to the next.
    pub(super) step: usize,
    /// From one of the window's samples to the next.
    pub(super) dilation: usize,
    /// Zeros before the first sample.
    pub(super) before: usize,
    /// Zeros after the last one.
    pub(super) after: usize,
}

impl Axis {
    /// Three samples one after another, with a border of one.
    pub(super) const PLAIN: Self = Self { kernel: 3, step: 1, dilation: 1, before: 1, after: 1 };

    /// How many windows an input has; `None` when not even one fits.
    pub(super) fn windows(self, size: usize) -> Option<usize> {
        let reach = self.kernel.checked_sub(1)?.checked_mul(self.dilation)?.checked_add(1)?;
        let padded = size.checked_add(self.before)?.checked_add(self.after)?;
        Some(padded.checked_sub(reach)?.checked_div(self.step)? + 1)
    }

    /// The window's samples that are within the input: their index in the window, and their position.
    #[inline(always)]
    fn inside(self, window: usize, size: usize) -> impl Iterator<Item = (usize, usize)> {
        let start = window * self.step;
        (0..self.kernel).filter_map(move |tap| {
            let at = (start + tap * self.dilation).checked_sub(self.before)?;
            (at < size).then_some((tap, at))
        })
    }
}

/// Outputs that are computed together, in registers.
const WIDE: usize = 4 * LANES;

/// A convolution.
#[derive(Debug)]
pub(super) struct Direct {
    down: Axis,
    across: Axis,
    /// Input channels, including padding channels.
    inputs: usize,
    /// [tap][input][output], or [tap][input] for one output.
    weights: Vec<f32>,
    bias: Vec<f32>,
    single: bool,
    relu: bool,
}

impl Direct {
    /// `weights` by output, input and tap; `places` has the position of each input channel in a pixel of the input,
    /// whose sources have `inputs` floats in total.
    pub(super) fn new(
        weights: &[f32],
        bias: &[f32],
        places: &[usize],
        inputs: usize,
        (down, across): (Axis, Axis),
        relu: bool,
    ) -> Self {
        let taps = down.kernel * across.kernel;
        let single = bias.len() == 1;
        let outputs = if single { 1 } else { bias.len().next_multiple_of(LANES) };
        let mut own = vec![0.0; taps * inputs * outputs];
        for (output, weights) in weights.chunks_exact(places.len() * taps).enumerate() {
            for (&place, weights) in places.iter().zip(weights.chunks_exact(taps)) {
                for (tap, weight) in weights.iter().enumerate() {
                    own[(tap * inputs + place) * outputs + output] = *weight;
                }
            }
        }
        let mut padded = bias.to_vec();
        padded.resize(bias.len().next_multiple_of(LANES), 0.0);
        Self { down, across, inputs, weights: own, bias: padded, single, relu }
    }

    /// Runs the convolution; the concatenated sources, all of the same size, are the channels of the input.
    pub(super) fn run(&self, sources: &[View<'_>], shape: Shape, out: &mut [f32]) {
        for (y, row) in out.chunks_exact_mut(shape.row()).take(shape.height).enumerate() {
            for (x, pixel) in row.chunks_exact_mut(shape.stride()).enumerate() {
                if self.single { self.one(sources, (y, x), pixel) } else { self.pixel(sources, (y, x), pixel) }
            }
        }
    }

    /// A pixel with several outputs: a vector holds outputs.
    #[inline(never)]
    fn pixel(&self, sources: &[View<'_>], (y, x): (usize, usize), out: &mut [f32]) {
        let outputs = out.len();
        for first in (0..outputs).step_by(WIDE) {
            let vectors = (outputs - first).min(WIDE) / LANES;
            let mut sums = [Floats::splat(0.0); WIDE / LANES];
            for (vector, sum) in sums.iter_mut().take(vectors).enumerate() {
                *sum = Floats::load(&self.bias, first + vector * LANES);
            }
            let mut place = 0;
            for source in sources {
                let stride = source.shape.stride();
                for (tap_y, at_y) in self.down.inside(y, source.shape.height) {
                    for (tap_x, at_x) in self.across.inside(x, source.shape.width) {
                        let from = (tap_y * self.across.kernel + tap_x) * self.inputs + place;
                        let weights = &self.weights[from * outputs..(from + stride) * outputs];
                        let pixel = &source.floats[at_y * source.shape.row() + at_x * stride..][..stride];
                        for (value, weights) in pixel.iter().zip(weights.chunks_exact(outputs)) {
                            for (vector, sum) in sums.iter_mut().take(vectors).enumerate() {
                                *sum = sum.plus(*value, Floats::load(weights, first + vector * LANES));
                            }
                        }
                    }
                }
                place += stride;
            }
            for (vector, sum) in sums.into_iter().take(vectors).enumerate() {
                let sum = if self.relu { sum.relu() } else { sum };
                sum.store(out, first + vector * LANES);
            }
        }
    }

    /// A pixel with one output: a vector holds inputs.
    #[inline(never)]
    fn one(&self, sources: &[View<'_>], (y, x): (usize, usize), out: &mut [f32]) {
        let (mut even, mut odd) = (Floats::splat(0.0), Floats::splat(0.0));
        let mut place = 0;
        for source in sources {
            let stride = source.shape.stride();
            for (tap_y, at_y) in self.down.inside(y, source.shape.height) {
                for (tap_x, at_x) in self.across.inside(x, source.shape.width) {
                    let from = (tap_y * self.across.kernel + tap_x) * self.inputs + place;
                    let weights = self.weights[from..from + stride].as_chunks::<{ 2 * LANES }>();
                    let pixel = source.floats[at_y * source.shape.row() + at_x * stride..][..stride]
                        .as_chunks::<{ 2 * LANES }>();
                    for (pixel, weights) in pixel.0.iter().zip(weights.0) {
                        even = even + Floats::load(pixel, 0) * Floats::load(weights, 0);
                        odd = odd + Floats::load(pixel, LANES) * Floats::load(weights, LANES);
                    }
                    if !pixel.1.is_empty() {
                        even = even + Floats::load(pixel.1, 0) * Floats::load(weights.1, 0);
                    }
                }
            }
            place += stride;
        }
        let sum = self.bias[0] + (even + odd).sum();
        out.fill(0.0);
        out[0] = if !self.relu || sum > 0.0 { sum } else { 0.0 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The input's samples are 1, 2, 3 … row by row in channel 0, and ten times that in channel 1.
    fn counted(height: usize, width: usize) -> (Shape, Vec<f32>) {
        let shape = Shape::new(2, height, width);
        let pixel = |at: usize| [at as f32, 10.0 * at as f32, 0.0, 0.0];
        (shape, (1..=height * width).flat_map(pixel).collect())
    }

    fn run(outputs: usize, weights: &[f32], bias: &[f32], window: (Axis, Axis), relu: bool) -> Vec<Vec<f32>> {
        let (from, floats) = counted(3, 4);
        let size = |axis: Axis, size| axis.windows(size).unwrap();
        let shape = Shape::new(outputs, size(window.0, 3), size(window.1, 4));
        let mut out = vec![7.0; shape.floats()];
        Direct::new(weights, bias, &[0, 1], 4, window, relu).run(&[View::new(from, &floats)], shape, &mut out);
        out.chunks_exact(4).map(<[f32]>::to_vec).collect()
    }

    #[test]
    fn one_output_is_the_sum_by_hand_with_zeros_outside() {
        // 1  2  3  4
        // 5  6  7  8     the left and the right neighbour of channel 0, less a tenth of channel 1
        // 9 10 11 12
        let weights = [0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, -0.1, 0.0, 0.0, 0.0, 0.0];
        let out = run(1, &weights, &[0.5], (Axis::PLAIN, Axis::PLAIN), false);
        let firsts: Vec<f32> = out.iter().map(|pixel| pixel[0]).collect();
        assert_eq!(firsts, [1.5, 2.5, 3.5, -0.5, 1.5, 6.5, 7.5, -0.5, 1.5, 10.5, 11.5, -0.5]);
        assert!(out.iter().all(|pixel| pixel[1..] == [0.0; 3]));
        let relu = run(1, &weights, &[0.5], (Axis::PLAIN, Axis::PLAIN), true);
        assert_eq!(relu[3][0], 0.0);
    }

    #[test]
    fn gaps_and_steps_are_kept() {
        // Samples two apart, from two before to two after, in one direction; every second row in the other.
        let across = Axis { kernel: 3, step: 1, dilation: 2, before: 2, after: 2 };
        let down = Axis { kernel: 1, step: 2, dilation: 1, before: 0, after: 0 };
        // Output 0: left and right of channel 0; output 1: the middle of channel 1.
        let weights = [1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0];
        let out = run(2, &weights, &[0.0, -20.0], (down, across), true);
        let pairs: Vec<[f32; 2]> = out.iter().map(|pixel| [pixel[0], pixel[1]]).collect();
        let by_hand =
            [[3.0, 0.0], [4.0, 0.0], [1.0, 10.0], [2.0, 20.0], [11.0, 70.0], [12.0, 80.0], [9.0, 90.0], [10.0, 100.0]];
        assert_eq!(pairs, by_hand);
    }

    #[test]
    fn windows_are_counted_without_overflow() {
        assert_eq!(Axis::PLAIN.windows(320), Some(320));
        assert_eq!(Axis { kernel: 5, step: 3, dilation: 1, before: 2, after: 2 }.windows(160), Some(54));
        assert_eq!(Axis { kernel: 3, step: 1, dilation: 2, before: 0, after: 0 }.windows(4), None);
        assert_eq!(Axis { kernel: usize::MAX, step: 1, dilation: 3, before: 0, after: 0 }.windows(4), None);
    }
}
