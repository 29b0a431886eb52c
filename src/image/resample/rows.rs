//! Resampling of one plane whose rows arrive from top to bottom: vertically first, then horizontally.
//!
//! A row of the result takes two steps, both within the L1 cache: the rows that contribute to it are combined into one line
//! of 16-bit samples with [`FRACTION`] fraction bits, and that line is resampled horizontally. Samples are rounded to bytes
//! only once, at the end. Neither the plane nor the intermediate result has to be in memory: only as many rows are kept as
//! contribute to one row of the result.
//!
//! All arithmetic is on integers and saturates the same way in vectors and in plain code, so that every machine produces the
//! same bytes.

use std::ops::Range;
use std::rc::Rc;

use super::taps::{LANES, Taps, WEIGHT};
use crate::image::lanes::{I16x8, I32x4, U8x16};
use crate::image::{Plane, Size};

/// Fraction bits of the samples between the passes. 16 bits then leave room for a filter's overshoot, up to twice the range
/// of a byte.
const FRACTION: u32 = 6;
/// How far a sum is shifted between the passes.
const DOWN_SHIFT: u32 = WEIGHT - FRACTION;
/// How far a sum is shifted at the end.
const ACROSS_SHIFT: u32 = WEIGHT + FRACTION;
/// Samples of a row that are combined vertically at a time.
const BLOCK: usize = 16;

/// Resamples one plane, whose rows arrive in bands of any height.
pub(crate) struct PlaneResampler {
    across: Rc<Taps>,
    down: Rc<Taps>,
    /// Samples of an arriving row.
    width: usize,
    /// The columns that contribute to the result.
    columns: Range<usize>,
    /// Those columns of the last rows, each padded to whole blocks.
    ring: Vec<u8>,
    stride: usize,
    kept: usize,
    /// Rows that have arrived.
    seen: usize,
    /// Rows of the result that are done. A mirrored result is made from bottom to top.
    made: usize,
    line: Vec<i16>,
    result: Vec<u8>,
}

impl PlaneResampler {
    /// For rows of `width` samples.
    pub(super) fn new(width: usize, across: Rc<Taps>, down: Rc<Taps>) -> Self {
        let columns = across.all();
        let stride = columns.len().next_multiple_of(BLOCK);
        let kept = Order::of(&down).rows_kept();
        Self {
            width,
            // A vector of weights may extend past the columns; it is 0 there.
            line: vec![0; stride + across.length()],
            ring: vec![0; kept * stride],
            result: vec![0; across.len() * down.len()],
            seen: 0,
            made: 0,
            across,
            down,
            columns,
            stride,
            kept,
        }
    }

    /// Samples of an arriving row.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// Starts over: the next row is the first.
    pub(crate) fn restart(&mut self) {
        (self.seen, self.made) = (0, 0);
    }

    /// Processes the next rows, which must be complete.
    pub(crate) fn push(&mut self, band: &[u8]) {
        let order = Order::of(&self.down);
        for row in band.chunks_exact(self.width) {
            let at = self.seen % self.kept * self.stride;
            self.ring[at..][..self.columns.len()].copy_from_slice(&row[self.columns.clone()]);
            self.seen += 1;
            while self.made < self.down.len() && self.down.range(order.place(self.made)).end <= self.seen {
                let place = order.place(self.made);
                combine(
                    &self.ring,
                    self.stride,
                    self.kept,
                    self.down.range(place),
                    self.down.weights(place),
                    &mut self.line,
                );
                let width = self.across.len();
                resample_line(&self.line, self.columns.start, &self.across, &mut self.result[place * width..][..width]);
                self.made += 1;
            }
        }
    }

    /// The result, once all rows have arrived.
    pub(crate) fn finish(self) -> Plane {
        debug_assert_eq!(self.made, self.down.len(), "rows are missing");
        Plane { size: Size::new(self.across.len() as u32, self.down.len() as u32), data: self.result }
    }

    /// The result for all rows at once.
    pub(crate) fn whole(mut self, rows: &[u8]) -> Plane {
        self.push(rows);
        self.finish()
    }
}

/// The order in which the rows of a result are made, which is the order in which their sources arrive.
#[derive(Clone, Copy)]
struct Order<'a> {
    down: &'a Taps,
    mirrored: bool,
}

impl<'a> Order<'a> {
    fn of(down: &'a Taps) -> Self {
        Self { down, mirrored: down.range(0).start > down.range(down.len() - 1).start }
    }

    /// Which row of the result is made after `made` others.
    fn place(self, made: usize) -> usize {
        if self.mirrored { self.down.len() - 1 - made } else { made }
    }

    /// How many rows must be kept. A row is never made before those that precede it in order.
    fn rows_kept(self) -> usize {
        let mut arrived = 0;
        let kept = (0..self.down.len()).map(|made| {
            let range = self.down.range(self.place(made));
            arrived = range.end.max(arrived);
            arrived - range.start
        });
        kept.max().unwrap_or(1)
    }
}

/// Combines rows of the ring into one line. Two rows are interleaved, so that one dot product weights both.
#[inline(never)]
fn combine(ring: &[u8], stride: usize, kept: usize, range: Range<usize>, weights: &[i16], line: &mut [i16]) {
    type Row<'a> = &'a [[u8; BLOCK]];
    let row = |at: usize| -> Row<'_> { ring[at % kept * stride..][..stride].as_chunks().0 };
    let pairs: Vec<(Row<'_>, Row<'_>, I16x8)> = range
        .step_by(2)
        .zip(weights.chunks(2))
        .map(|(at, weights)| match *weights {
            [above, below] => (row(at), row(at + 1), I16x8::pairs(above, below)),
            _ => (row(at), row(at), I16x8::pairs(weights[0], 0)),
        })
        .collect();
    let round = I32x4::splat(1 << (DOWN_SHIFT - 1));
    for (block, to) in line[..stride].as_chunks_mut::<BLOCK>().0.iter_mut().enumerate() {
        let mut sums = [round; 4];
        for (above, below, weights) in &pairs {
            let samples = U8x16::load(&above[block]).pairs(U8x16::load(&below[block]));
            sums = std::array::from_fn(|part| sums[part].add(samples[part].dot(*weights)));
        }
        let [left, right] = to.as_chunks_mut::<8>().0 else { continue };
        sums[0].narrow::<DOWN_SHIFT>(sums[1]).store(left);
        sums[2].narrow::<DOWN_SHIFT>(sums[3]).store(right);
    }
}

/// Resamples a line, which begins with the plane's column `first`, horizontally.
fn resample_line(line: &[i16], first: usize, taps: &Taps, out: &mut [u8]) {
    // A constant number of vectors keeps the innermost loop free of branches.
    match taps.length() / LANES {
        1 => resample_vectors::<1>(line, first, taps, out),
        2 => resample_vectors::<2>(line, first, taps, out),
        3 => resample_vectors::<3>(line, first, taps, out),
        _ => resample_vectors::<0>(line, first, taps, out),
    }
}

/// The same for a constant number of vectors of weights per sample, or any number if it is 0. Four samples are made at a
/// time, because their sums are added up across lanes together.
#[inline(never)]
fn resample_vectors<const VECTORS: usize>(line: &[i16], first: usize, taps: &Taps, out: &mut [u8]) {
    let length = if VECTORS == 0 { taps.length() } else { VECTORS * LANES };
    let sum = |start: usize, weights: &[i16]| {
        let weights = weights.as_chunks().0;
        let samples = line[start - first..][..weights.len() * LANES].as_chunks().0;
        let vectors = samples.iter().zip(weights);
        vectors.fold(I32x4::splat(0), |sum, (samples, weights)| sum.add(I16x8::load(samples).dot(I16x8::load(weights))))
    };
    let (fours, rest) = out.as_chunks_mut::<4>();
    let (starts, last_starts) = taps.starts().as_chunks::<4>();
    let (weights, last_weights) = taps.padded().split_at(starts.len() * 4 * length);
    for ((to, starts), weights) in fours.iter_mut().zip(starts).zip(weights.chunks_exact(4 * length)) {
        let sums = std::array::from_fn(|i| sum(starts[i], &weights[i * length..][..length]));
        *to = I32x4::sums(sums).bytes::<ACROSS_SHIFT>();
    }
    for ((to, &start), weights) in rest.iter_mut().zip(last_starts).zip(last_weights.chunks_exact(length)) {
        [*to, ..] = I32x4::sums([sum(start, weights); 4]).bytes::<ACROSS_SHIFT>();
    }
}

#[cfg(test)]
mod tests {
    use super::super::taps::Side;
    use super::super::{Filter, Laid, Scaling, Window};
    use super::*;
    use crate::image::orient::Turn;
    use crate::image::resample::ChromaUse;

    fn noise(size: Size) -> Plane {
        let mut state = 9u32;
        let data = (0..size.pixels()).map(|index| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((state >> 26) + (index % u64::from(size.width)) as u32 % 190) as u8
        });
        Plane { size, data: data.collect() }
    }

    fn resampler(from: Size, window: Window, to: Size, filter: Filter) -> PlaneResampler {
        let laid = Laid { size: from, window, turn: Turn::default() };
        Scaling { size: to, filter, chroma: ChromaUse::Whole }.luma(laid)
    }

    /// The definition, in floating point.
    fn expected(plane: &Plane, window: Window, to: Size, filter: Filter) -> Vec<f64> {
        let line = |samples: &dyn Fn(usize) -> f64, from: usize, start: f64, extent: f64, to: usize, index: usize| {
            let scale = extent / to as f64;
            let centre = start + (index as f64 + 0.5) * scale;
            let weight = |at: usize| filter.weight((at as f64 + 0.5 - centre) / scale.max(1.0));
            let sum: f64 = (0..from).map(|at| weight(at) * samples(at)).sum();
            sum / (0..from).map(weight).sum::<f64>()
        };
        let (width, height) = (plane.size.width as usize, plane.size.height as usize);
        let row = |y: usize| -> Vec<f64> {
            let column = |x: usize| {
                let sample = |at: usize| f64::from(plane.data[at * width + x]);
                line(&sample, height, window.top, window.height, to.height as usize, y)
            };
            let columns: Vec<f64> = (0..width).map(column).collect();
            let sample = |at: usize| columns[at];
            (0..to.width as usize)
                .map(|x| line(&sample, width, window.left, window.width, to.width as usize, x))
                .collect()
        };
        (0..to.height as usize).flat_map(row).collect()
    }

    #[test]
    fn samples_are_those_of_the_definition() {
        let plane = noise(Size::new(67, 41));
        let part = Window { left: 3.3, top: 7.8, width: 40.5, height: 21.25 };
        for filter in [Filter::Bilinear, Filter::Bicubic, Filter::Mitchell, Filter::Lanczos3] {
            for window in [Window::all(plane.size), part] {
                for to in [Size::new(20, 13), Size::new(1, 1), Size::new(67, 41), Size::new(100, 90), Size::new(3, 60)]
                {
                    let result = resampler(plane.size, window, to, filter).whole(&plane.data);
                    assert_eq!((result.size, result.data.len() as u64), (to, to.pixels()));
                    for (got, wanted) in result.data.iter().zip(expected(&plane, window, to, filter)) {
                        let difference = (f64::from(*got) - wanted.clamp(0.0, 255.0)).abs();
                        assert!(difference < 0.56, "{filter:?} {window:?} {to:?}: {got} for {wanted}");
                    }
                }
            }
        }
    }

    #[test]
    fn bands_of_any_height_give_the_same() {
        let plane = noise(Size::new(50, 77));
        let window = Window { left: 0.0, top: 3.5, width: 49.5, height: 70.0 };
        for to in [Size::new(21, 30), Size::new(7, 2), Size::new(90, 110)] {
            for mirrored in [false, true] {
                let turn = Turn { columns_mirrored: mirrored, rows_mirrored: mirrored, transposed: false };
                let laid = Laid { size: plane.size, window, turn };
                let scaling = Scaling { size: to, filter: Filter::Lanczos3, chroma: ChromaUse::Whole };
                let whole = scaling.luma(laid).whole(&plane.data);
                for band in [1, 7, 8, 16, 64] {
                    let mut resampler = scaling.luma(laid);
                    // What came before a restart does not matter.
                    resampler.push(&plane.data[..50 * 9]);
                    resampler.restart();
                    plane.data.chunks(band * 50).for_each(|rows| resampler.push(rows));
                    assert_eq!(resampler.finish(), whole, "{band}");
                }
            }
        }
    }

    #[test]
    fn a_mirrored_result_is_the_result_mirrored() {
        let plane = noise(Size::new(61, 43));
        let window = Window { left: 0.0, top: 0.0, width: 60.5, height: 42.5 };
        let to = Size::new(23, 17);
        let scaling = Scaling { size: to, filter: Filter::Lanczos3, chroma: ChromaUse::Whole };
        let made = |columns_mirrored: bool, rows_mirrored: bool| {
            let turn = Turn { columns_mirrored, rows_mirrored, transposed: false };
            scaling.luma(Laid { size: plane.size, window, turn }).whole(&plane.data)
        };
        let plain = made(false, false);
        for (columns, rows) in [(true, false), (false, true), (true, true)] {
            let mirrored = made(columns, rows);
            for y in 0..to.height {
                let mut row = mirrored.row(if rows { to.height - 1 - y } else { y }).to_vec();
                if columns {
                    row.reverse();
                }
                assert_eq!(row, plain.row(y));
            }
        }
    }

    #[test]
    fn one_value_stays_itself_however_much_it_shrinks() {
        for value in [0, 1, 127, 254, 255] {
            let plane = Plane::filled(Size::new(900, 700), value);
            let result = resampler(plane.size, Window::all(plane.size), Size::new(7, 3), Filter::Lanczos3);
            assert!(result.whole(&plane.data).data.iter().all(|&sample| sample == value), "{value}");
        }
    }

    #[test]
    fn only_the_rows_of_one_result_are_kept() {
        let side = |from: u32, to: u32| Side {
            from,
            ratio: 1,
            start: 0.0,
            length: f64::from(from),
            to,
            to_ratio: 1,
            mirrored: false,
        };
        let taps = |from, to| Taps::of(side(from, to), Filter::Lanczos3);
        let resampler = PlaneResampler::new(4000, taps(4000, 1600), taps(3000, 1200));
        assert!(resampler.ring.len() <= 16 * 4000, "{}", resampler.ring.len());
    }
}
