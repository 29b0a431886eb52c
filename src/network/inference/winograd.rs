//! 3 × 3 convolutions by Winograd's F(4 × 4, 3 × 3) (Lavin and Gray 2015, arXiv:1509.09308): 36 multiplications instead
//! of 144 for each 4 × 4 tile of the result, input and output channel.
//!
//! Tiles are processed eight at a time: their 6 × 6 patches are transformed, multiplied with the transformed weights
//! position by position (36 small matrix products), and transformed back, with bias, ReLU and an addition at the end.
//! Eight, because both sides of the products then stay in the L2 cache; with 16 the whole model takes 12 % longer.
//!
//! Several sources together are the channels of the input, so that concatenations are never materialised; and a source
//! may be read at twice its size, interpolated within the patch, so that upscaled values are not materialised either.
//!
//! Each kernel is a separate function that is called many times (`#[inline(never)]`): V8 starts WebAssembly in its
//! baseline compiler and switches to a function's optimised code only at its next call.

#![allow(clippy::needless_range_loop, reason = "rows and columns of several small matrices share an index")]

use super::shape::{Shape, View};
use super::vector::{Floats, LANES};

/// Tiles processed together.
const TILES: usize = 8;
/// Side of a tile of the result.
const TILE: usize = 4;
/// Side of the patch that a tile needs.
const PATCH: usize = TILE + 2;
/// Positions in a patch, each with its own matrix product.
const POSITIONS: usize = PATCH * PATCH;
/// Weights of a channel pair.
const TAPS: usize = 9;

/// Most floats of one layer's transformed weights: 128 MB. The full U²-Net's largest has 19 million.
const LARGEST: usize = 32 << 20;

/// A source of a convolution, or a part of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a> {
    pub(super) view: View<'a>,
    /// Read at twice its size (bilinear, half-pixel centres).
    pub(super) doubled: bool,
}

/// Memory shared by convolutions, large enough for each.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    products: Vec<f32>,
    weights: Vec<f32>,
}

impl Scratch {
    /// Grows to what `layer` needs; returns by how many floats.
    pub(super) fn fit(&mut self, layer: &Winograd) -> usize {
        let before = self.products.len() + self.weights.len();
        self.products.resize(self.products.len().max(layer.scratch()), 0.0);
        self.weights.resize(self.weights.len().max(layer.expanded_on_run()), 0.0);
        self.products.len() + self.weights.len() - before
    }
}

/// The weights of a convolution.
#[derive(Debug)]
enum Weights {
    /// Transformed: [position][block of outputs][input][output within the block].
    Expanded(Vec<f32>),
    /// Untransformed, a quarter of that: [block of outputs][input][tap][output within the block]. Transformed on each
    /// run.
    Plain(Vec<f32>),
}

/// A 3 × 3 convolution with a border of zeros, one pixel on every side.
#[derive(Debug)]
pub(super) struct Winograd {
    /// Input channels, including padding channels.
    inputs: usize,
    /// Output channels, likewise.
    outputs: usize,
    /// Outputs of one block of the matrix products: 8 or 4.
    wide: usize,
    weights: Weights,
    bias: Vec<f32>,
    relu: bool,
}

impl Winograd {
    /// Floats that the transformed weights of a layer take; `None` when they are too many for this method.
    pub(super) fn expanded_size(inputs: usize, outputs: usize) -> Option<usize> {
        let size = POSITIONS.checked_mul(inputs)?.checked_mul(outputs.checked_next_multiple_of(LANES)?)?;
        (size <= LARGEST).then_some(size)
    }

    /// `weights` by output, input and tap; `places` has the position of each input channel in a pixel of the input,
    /// whose sources have `inputs` floats in total. With `expanded`, the transformed weights are kept.
    pub(super) fn new(
        weights: &[f32],
        bias: &[f32],
        places: &[usize],
        inputs: usize,
        relu: bool,
        expanded: bool,
    ) -> Self {
        let outputs = bias.len().next_multiple_of(LANES);
        let wide = if outputs.is_multiple_of(2 * LANES) { 2 * LANES } else { LANES };
        let mut plain = vec![0.0; outputs * inputs * TAPS];
        for (output, weights) in weights.chunks_exact(places.len() * TAPS).enumerate() {
            for (&place, weights) in places.iter().zip(weights.as_chunks::<TAPS>().0) {
                let to = (output / wide * inputs + place) * TAPS * wide + output % wide;
                for (tap, weight) in weights.iter().enumerate() {
                    plain[to + tap * wide] = *weight;
                }
            }
        }
        let mut padded = bias.to_vec();
        padded.resize(outputs, 0.0);
        let mut layer = Self { inputs, outputs, wide, weights: Weights::Plain(Vec::new()), bias: padded, relu };
        layer.weights = if expanded {
            let mut all = vec![0.0; POSITIONS * inputs * outputs];
            layer.expand(&plain, &mut all);
            Weights::Expanded(all)
        } else {
            Weights::Plain(plain)
        };
        layer
    }

    /// Floats of scratch for the products of eight tiles, and a patch.
    fn scratch(&self) -> usize {
        POSITIONS * (TILES * (self.inputs + self.outputs) + self.inputs)
    }

    fn expanded_on_run(&self) -> usize {
        match self.weights {
            Weights::Expanded(_) => 0,
            Weights::Plain(_) => POSITIONS * self.inputs * self.outputs,
        }
    }

    fn expand(&self, plain: &[f32], expanded: &mut [f32]) {
        let block = self.inputs * self.wide;
        let position = self.inputs * self.outputs;
        for (index, plain) in plain.chunks_exact(block * TAPS).enumerate() {
            for (at, plain) in plain.chunks_exact(TAPS * self.wide).enumerate() {
                expand(plain, self.wide, &mut expanded[index * block + at * self.wide..], position);
            }
        }
    }

    /// Runs the convolution; the sources have the result's size, or half of it if doubled. `added` is added at the end.
    pub(super) fn run(
        &self,
        sources: &[Source<'_>],
        added: Option<View<'_>>,
        shape: Shape,
        out: &mut [f32],
        scratch: &mut Scratch,
    ) {
        let (inputs, outputs) = (self.inputs, self.outputs);
        let Scratch { products, weights } = scratch;
        let (before, rest) = products.split_at_mut(POSITIONS * TILES * inputs);
        let (after, patch) = rest.split_at_mut(POSITIONS * TILES * outputs);
        let weights = match &self.weights {
            Weights::Expanded(weights) => weights,
            Weights::Plain(plain) => {
                self.expand(plain, weights);
                &*weights
            }
        };
        let across = shape.width.div_ceil(TILE);
        let all = across * shape.height.div_ceil(TILE);
        let place = |tile: usize| (tile / across * TILE, tile % across * TILE);
        for first in (0..all).step_by(TILES) {
            let count = TILES.min(all - first);
            for tile in 0..count {
                let mut to = tile * inputs;
                for source in sources {
                    read(source, shape, place(first + tile), patch, &mut before[to..], TILES * inputs);
                    to += source.view.shape.stride();
                }
            }
            let rows = count.next_multiple_of(LANES);
            for position in 0..POSITIONS {
                let before = &before[position * TILES * inputs..][..rows * inputs];
                let after = &mut after[position * TILES * outputs..][..rows * outputs];
                let weights = &weights[position * inputs * outputs..][..inputs * outputs];
                for (block, weights) in weights.chunks_exact(inputs * self.wide).enumerate() {
                    for row in (0..rows).step_by(LANES) {
                        let before = &before[row * inputs..][..LANES * inputs];
                        let after = &mut after[row * outputs + block * self.wide..];
                        if self.wide == LANES {
                            multiply_4(before, weights, after, inputs, outputs);
                        } else {
                            multiply_8(before, weights, after, inputs, outputs);
                        }
                    }
                }
            }
            for tile in 0..count {
                let after = &after[tile * outputs..];
                write(after, TILES * outputs, &self.bias, self.relu, added, shape, place(first + tile), out);
            }
        }
    }
}

/// Reads the patch of a tile and writes its transform, `position` floats from one position to the next.
fn read(
    source: &Source<'_>,
    shape: Shape,
    (y, x): (usize, usize),
    patch: &mut [f32],
    out: &mut [f32],
    position: usize,
) {
    let view = source.view;
    let stride = view.shape.stride();
    let inside = y >= 1 && x >= 1 && y + PATCH - 1 <= shape.height && x + PATCH - 1 <= shape.width;
    if !inside {
        let patch = &mut patch[..POSITIONS * stride];
        gather(source, shape, (y, x), patch);
        transform(patch, PATCH * stride, stride, out, position);
    } else if source.doubled {
        let from = (y / 2 - 1) * view.shape.row() + (x / 2 - 1) * stride;
        transform_doubled(&view.floats[from..], view.shape.row(), stride, out, position);
    } else {
        let from = (y - 1) * view.shape.row() + (x - 1) * stride;
        transform(&view.floats[from..], view.shape.row(), stride, out, position);
    }
}

/// The patch of a tile at the border, with zeros outside.
#[inline(never)]
fn gather(source: &Source<'_>, shape: Shape, (y, x): (usize, usize), patch: &mut [f32]) {
    let view = source.view;
    let stride = view.shape.stride();
    for (at, pixel) in patch.chunks_exact_mut(stride).enumerate() {
        let (row, column) = (y + at / PATCH, x + at % PATCH);
        if row == 0 || column == 0 || row > shape.height || column > shape.width {
            pixel.fill(0.0);
        } else if source.doubled {
            double(view, (row - 1, column - 1), pixel);
        } else {
            let from = (row - 1) * view.shape.row() + (column - 1) * stride;
            pixel.copy_from_slice(&view.floats[from..from + stride]);
        }
    }
}

/// One pixel of a value at twice its size, in the same steps as [`halfway`].
fn double(view: View<'_>, (y, x): (usize, usize), pixel: &mut [f32]) {
    /// The nearest sample and the second nearest one, within the value.
    fn taps(at: usize, size: usize) -> (usize, usize) {
        let near = at / 2;
        (near, if at.is_multiple_of(2) { near.saturating_sub(1) } else { (near + 1).min(size - 1) })
    }
    let ((near_y, far_y), (near_x, far_x)) = (taps(y, view.shape.height), taps(x, view.shape.width));
    let at = |y: usize, x: usize| y * view.shape.row() + x * view.shape.stride();
    for channel in (0..pixel.len()).step_by(LANES) {
        let load = |y, x| Floats::load(view.floats, at(y, x) + channel);
        let near = towards(load(near_y, near_x), load(far_y, near_x));
        let far = towards(load(near_y, far_x), load(far_y, far_x));
        towards(near, far).store(pixel, channel);
    }
}

/// A quarter of the way from `near` to `far`.
#[inline(always)]
fn towards(near: Floats, far: Floats) -> Floats {
    near.plus(0.25, far - near)
}

/// Six samples at twice the size, interpolated from four. A tile begins at a multiple of four, so the patch begins at
/// an odd sample.
#[inline(always)]
fn halfway(s: [Floats; 4]) -> [Floats; PATCH] {
    [
        towards(s[0], s[1]),
        towards(s[1], s[0]),
        towards(s[1], s[2]),
        towards(s[2], s[1]),
        towards(s[2], s[3]),
        towards(s[3], s[2]),
    ]
}

/// Bᵀ · d: the transform of the input in one direction.
#[inline(always)]
fn forward(d: [Floats; PATCH]) -> [Floats; PATCH] {
    let (even, odd) = (d[4].plus(-4.0, d[2]), d[3].plus(-4.0, d[1]));
    let (outer, twice) = (d[4] - d[2], Floats::splat(2.0) * (d[3] - d[1]));
    [
        d[4].plus(-5.0, d[2]).plus(4.0, d[0]),
        even + odd,
        even - odd,
        outer + twice,
        outer - twice,
        d[5].plus(-5.0, d[3]).plus(4.0, d[1]),
    ]
}

/// Bᵀ · d · B of a patch, for all channels.
#[inline(never)]
fn transform(patch: &[f32], row: usize, stride: usize, out: &mut [f32], position: usize) {
    for channel in (0..stride).step_by(LANES) {
        let mut columns = [[Floats::splat(0.0); PATCH]; PATCH];
        for (x, column) in columns.iter_mut().enumerate() {
            let at = x * stride + channel;
            let load = |y: usize| Floats::load(patch, at + y * row);
            *column = forward([load(0), load(1), load(2), load(3), load(4), load(5)]);
        }
        across(&columns, out, position, channel);
    }
}

/// The same for a patch that is interpolated from 4 × 4 pixels.
#[inline(never)]
fn transform_doubled(patch: &[f32], row: usize, stride: usize, out: &mut [f32], position: usize) {
    for channel in (0..stride).step_by(LANES) {
        let mut rows = [[Floats::splat(0.0); PATCH]; 4];
        for x in 0..4 {
            let at = x * stride + channel;
            let load = |y: usize| Floats::load(patch, at + y * row);
            rows[x] = forward(halfway([load(0), load(1), load(2), load(3)]));
        }
        for y in 0..PATCH {
            let values = forward(halfway([rows[0][y], rows[1][y], rows[2][y], rows[3][y]]));
            for (x, value) in values.into_iter().enumerate() {
                value.store(out, (y * PATCH + x) * position + channel);
            }
        }
    }
}

#[inline(always)]
fn across(columns: &[[Floats; PATCH]; PATCH], out: &mut [f32], position: usize, channel: usize) {
    for y in 0..PATCH {
        let values = forward(std::array::from_fn(|x| columns[x][y]));
        for (x, value) in values.into_iter().enumerate() {
            value.store(out, (y * PATCH + x) * position + channel);
        }
    }
}

/// G · g · Gᵀ: the weights of one input channel and a block of outputs, transformed.
#[inline(never)]
fn expand(plain: &[f32], wide: usize, out: &mut [f32], position: usize) {
    /// G · g in one direction.
    #[inline(always)]
    fn spread(g: [Floats; 3]) -> [Floats; PATCH] {
        let by = |factor: f32, value: Floats| Floats::splat(factor) * value;
        let sum = by(-1.0 / 6.0, g[0] + g[2]);
        let outer = by(1.0 / 24.0, g[0]) + by(1.0 / 6.0, g[2]);
        let (sixth, twelfth) = (by(1.0 / 6.0, g[1]), by(1.0 / 12.0, g[1]));
        [by(0.25, g[0]), sum - sixth, sum + sixth, outer + twelfth, outer - twelfth, g[2]]
    }
    for lane in (0..wide).step_by(LANES) {
        let load = |tap: usize| Floats::load(plain, tap * wide + lane);
        let columns: [[Floats; PATCH]; 3] = std::array::from_fn(|x| spread([load(x), load(3 + x), load(6 + x)]));
        for y in 0..PATCH {
            let values = spread([columns[0][y], columns[1][y], columns[2][y]]);
            for (x, value) in values.into_iter().enumerate() {
                value.store(out, (y * PATCH + x) * position + lane);
            }
        }
    }
}

/// Four tiles by eight outputs, in registers.
#[inline(never)]
fn multiply_8(before: &[f32], weights: &[f32], after: &mut [f32], inputs: usize, outputs: usize) {
    let zero = Floats::splat(0.0);
    let (mut a0, mut a1, mut b0, mut b1, mut c0, mut c1, mut d0, mut d1) =
        (zero, zero, zero, zero, zero, zero, zero, zero);
    let (a, rest) = before.split_at(inputs);
    let (b, rest) = rest.split_at(inputs);
    let (c, d) = rest.split_at(inputs);
    for ((((weights, a), b), c), d) in weights.as_chunks::<8>().0.iter().zip(a).zip(b).zip(c).zip(d) {
        let (low, high) = (Floats::load(weights, 0), Floats::load(weights, LANES));
        (a0, a1) = (a0.plus(*a, low), a1.plus(*a, high));
        (b0, b1) = (b0.plus(*b, low), b1.plus(*b, high));
        (c0, c1) = (c0.plus(*c, low), c1.plus(*c, high));
        (d0, d1) = (d0.plus(*d, low), d1.plus(*d, high));
    }
    for (row, (low, high)) in [(a0, a1), (b0, b1), (c0, c1), (d0, d1)].into_iter().enumerate() {
        low.store(after, row * outputs);
        high.store(after, row * outputs + LANES);
    }
}

/// Four tiles by four outputs.
#[inline(never)]
fn multiply_4(before: &[f32], weights: &[f32], after: &mut [f32], inputs: usize, outputs: usize) {
    let mut sums = [Floats::splat(0.0); LANES];
    for (input, weights) in weights.as_chunks::<LANES>().0.iter().enumerate() {
        let weights = Floats::load(weights, 0);
        for (row, sum) in sums.iter_mut().enumerate() {
            *sum = sum.plus(before[row * inputs + input], weights);
        }
    }
    for (row, sum) in sums.into_iter().enumerate() {
        sum.store(after, row * outputs);
    }
}

/// Aᵀ · m: the transform of the result in one direction.
#[inline(always)]
fn backward(m: [Floats; PATCH]) -> [Floats; TILE] {
    let (near, near_difference) = (m[1] + m[2], m[1] - m[2]);
    let (far, far_difference) = (m[3] + m[4], m[3] - m[4]);
    [
        m[0] + near + far,
        near_difference.plus(2.0, far_difference),
        near.plus(4.0, far),
        near_difference.plus(8.0, far_difference) + m[5],
    ]
}

/// Aᵀ · m · A of a tile, with bias, ReLU and the added value, as far as it is within the result.
#[inline(never)]
#[allow(clippy::too_many_arguments, reason = "the kernel's operands, all of which it needs")]
fn write(
    after: &[f32],
    position: usize,
    bias: &[f32],
    relu: bool,
    added: Option<View<'_>>,
    shape: Shape,
    (top, left): (usize, usize),
    out: &mut [f32],
) {
    let (down, across) = (TILE.min(shape.height - top), TILE.min(shape.width - left));
    for channel in (0..shape.stride()).step_by(LANES) {
        let columns: [[Floats; TILE]; PATCH] = std::array::from_fn(|x| {
            let load = |y: usize| Floats::load(after, (y * PATCH + x) * position + channel);
            backward([load(0), load(1), load(2), load(3), load(4), load(5)])
        });
        let bias = Floats::load(bias, channel);
        for y in 0..down {
            let row = backward(std::array::from_fn(|x| columns[x][y]));
            let from = (top + y) * shape.row() + left * shape.stride() + channel;
            for (x, value) in row.into_iter().take(across).enumerate() {
                let at = from + x * shape.stride();
                let value = value + bias;
                let value = if relu { value.relu() } else { value };
                let value = added.map_or(value, |added| value + Floats::load(added.floats, at));
                value.store(out, at);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::resize;
    use super::*;

    /// Pseudo-random numbers between −1 and 1.
    pub(in super::super) fn numbers(count: usize, seed: u32) -> Vec<f32> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        (0..count).map(|_| next()).collect()
    }

    /// A value with numbers in its channels and zeros in its padding.
    fn value(shape: Shape, seed: u32) -> Vec<f32> {
        let mut floats = numbers(shape.floats(), seed);
        for pixel in floats.chunks_exact_mut(shape.stride()) {
            pixel[shape.channels..].fill(0.0);
        }
        floats
    }

    /// The convolution by definition, in 64 bits.
    fn expected(
        sources: &[View<'_>],
        weights: &[f32],
        bias: &[f32],
        shape: Shape,
        at: (usize, usize),
        output: usize,
    ) -> f64 {
        let channels: usize = sources.iter().map(|source| source.shape.channels).sum();
        let (mut sum, mut before) = (f64::from(bias[output]), 0);
        for source in sources {
            for channel in 0..source.shape.channels {
                for tap in 0..TAPS {
                    let (y, x) = (at.0 + tap / 3, at.1 + tap % 3);
                    if y == 0 || x == 0 || y > shape.height || x > shape.width {
                        continue;
                    }
                    let value = source.floats[(y - 1) * source.shape.row() + (x - 1) * source.shape.stride() + channel];
                    let weight = weights[(output * channels + before + channel) * TAPS + tap];
                    sum += f64::from(value) * f64::from(weight);
                }
            }
            before += source.shape.channels;
        }
        sum
    }

    #[test]
    fn results_are_those_of_the_definition_for_all_sizes_parts_and_ways() {
        // Sizes that are and are not multiples of a tile; outputs for blocks of 8 and of 4, and some that do not fill a
        // vector.
        for (height, width, outputs, parts) in
            [(8, 12, 8, &[4][..]), (9, 7, 4, &[3, 8]), (1, 1, 16, &[5]), (18, 22, 6, &[1, 4, 2]), (40, 36, 16, &[16])]
        {
            let shape = Shape::new(outputs, height, width);
            let shapes: Vec<Shape> = parts.iter().map(|channels| Shape::new(*channels, height, width)).collect();
            let floats: Vec<Vec<f32>> = shapes.iter().zip(1..).map(|(shape, seed)| value(*shape, seed)).collect();
            let views: Vec<View<'_>> =
                shapes.iter().zip(&floats).map(|(shape, floats)| View::new(*shape, floats)).collect();
            let (mut places, mut from) = (Vec::new(), 0);
            for shape in &shapes {
                places.extend(from..from + shape.channels);
                from += shape.stride();
            }
            let weights = numbers(outputs * places.len() * TAPS, 77);
            let bias = numbers(outputs, 78);
            let added = value(shape, 79);
            for (relu, expanded) in [(false, true), (true, false)] {
                let layer = Winograd::new(&weights, &bias, &places, from, relu, expanded);
                let mut scratch = Scratch::default();
                scratch.fit(&layer);
                let sources: Vec<_> = views.iter().map(|view| Source { view: *view, doubled: false }).collect();
                let mut out = vec![7.0; shape.floats()];
                layer.run(&sources, relu.then(|| View::new(shape, &added)), shape, &mut out, &mut scratch);
                for (at, pixel) in out.chunks_exact(shape.stride()).enumerate() {
                    for (output, own) in pixel.iter().enumerate() {
                        let wanted = if output < outputs {
                            let sum = expected(&views, &weights, &bias, shape, (at / width, at % width), output);
                            if relu { sum.max(0.0) + f64::from(added[at * shape.stride() + output]) } else { sum }
                        } else {
                            0.0
                        };
                        assert!((f64::from(*own) - wanted).abs() < 2e-4, "{shape:?}, {parts:?}, {at}: {own}, {wanted}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_source_at_twice_its_size_is_read_as_if_it_were_resized_before() {
        let (from, shape) = (Shape::new(8, 10, 7), Shape::new(8, 20, 14));
        let small = value(from, 5);
        let axis = |from| resize::Axis { from, to: 2 * from, scale: 2.0, places: resize::Places::HalfPixel };
        let mut large = vec![0.0; shape.floats()];
        resize::bilinear(View::new(from, &small), (axis(10), axis(7)), shape, &mut large);
        let (weights, bias) = (numbers(8 * 8 * TAPS, 6), numbers(8, 7));
        let layer = Winograd::new(&weights, &bias, &(0..8).collect::<Vec<_>>(), 8, false, true);
        let mut scratch = Scratch::default();
        scratch.fit(&layer);
        let (mut one, mut other) = (vec![0.0; shape.floats()], vec![0.0; shape.floats()]);
        layer.run(&[Source { view: View::new(from, &small), doubled: true }], None, shape, &mut one, &mut scratch);
        layer.run(&[Source { view: View::new(shape, &large), doubled: false }], None, shape, &mut other, &mut scratch);
        for (at, (one, other)) in one.iter().zip(&other).enumerate() {
            assert!((one - other).abs() < 1e-4, "{at}: {one}, {other}");
        }
    }

    #[test]
    fn too_many_weights_for_the_method_are_told() {
        assert_eq!(Winograd::expanded_size(64, 62), Some(36 * 64 * 64));
        assert_eq!(Winograd::expanded_size(8192, 8192), None);
        assert_eq!(Winograd::expanded_size(usize::MAX, 4), None);
    }
}
