//! The weights from which each sample of a resampled line is computed.
//!
//! A planar picture should be resampled like the same picture in RGB: chroma is upsampled to luma size, filtered there, and
//! averaged if the result is subsampled. All three steps are linear, so they are combined: the filter's weights are computed
//! for luma positions, averaged over the result's blocks, and distributed to the chroma samples from which each luma position
//! is interpolated. For luma, only the filter remains.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::ops::Range;
use std::rc::Rc;

use super::Filter;
use crate::image::convert::interpolation;

/// Fraction bits of a weight; the weights of a sample add up to one exactly.
pub(super) const WEIGHT: u32 = 14;
/// Weights of a line are padded with zeros to a multiple of it.
pub(super) const LANES: usize = 8;
/// Weights of sides that are kept: those of both directions of luma and chroma, of pictures in two orientations.
const KEPT: usize = 8;
/// Most weights of a side that is kept.
const MOST_KEPT: usize = 1 << 18;

thread_local! {
    /// The weights that were used last: the pictures of a batch often have the same size, and computing them takes 3 % of the time
    /// of such a picture.
    static LAST: RefCell<VecDeque<(Side, Filter, Rc<Taps>)>> = RefCell::default();
}

/// One direction of a plane that is resampled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Side {
    /// Luma samples of the picture.
    pub(super) from: u32,
    /// Luma samples that share a sample of the plane.
    pub(super) ratio: u8,
    /// Where the window begins, in luma samples.
    pub(super) start: f64,
    /// Its length.
    pub(super) length: f64,
    /// Luma samples of the result.
    pub(super) to: u32,
    /// How many of them share a sample of the result.
    pub(super) to_ratio: u8,
    /// Whether the result is mirrored. Its blocks are then counted from the mirrored start.
    pub(super) mirrored: bool,
}

impl Side {
    /// Samples of the plane.
    pub(super) fn samples(self) -> usize {
        self.from.div_ceil(self.ratio.into()) as usize
    }

    /// The luma positions that contribute to a luma sample of the result, and the position of its centre.
    fn reach(self, pixel: u32, filter: Filter) -> (Range<u32>, f64) {
        let scale = self.length / f64::from(self.to);
        let place = if self.mirrored { self.to - 1 - pixel } else { pixel };
        let centre = self.start + (f64::from(place) + 0.5) * scale;
        let last = self.from - 1;
        let range = match filter.support() {
            None => {
                let nearest = (centre.max(0.0) as u32).min(last);
                nearest..nearest + 1
            }
            Some(support) => {
                let reach = support * scale.max(1.0);
                let low = ((centre - reach).floor().max(0.0) as u32).min(last);
                low..((centre + reach).ceil().max(1.0) as u32).min(self.from)
            }
        };
        (range, centre)
    }
}

/// The weights of every result sample in one direction.
pub(super) struct Taps {
    /// For each, the first sample that contributes to it, and how many do. Weights at both ends are not zero.
    starts: Vec<usize>,
    counts: Vec<usize>,
    /// All weights, [`length`](Self::length) per result, padded with zeros.
    weights: Vec<i16>,
    /// The longest range, rounded up to a multiple of [`LANES`].
    length: usize,
}

impl Taps {
    /// The weights of a side, from those that were used last if they are among them.
    pub(super) fn of(side: Side, filter: Filter) -> Rc<Self> {
        let is_it = |(other, by, _): &(Side, Filter, Rc<Self>)| (*other, *by) == (side, filter);
        LAST.with_borrow_mut(|last| {
            let found = last.iter().position(is_it).and_then(|at| last.remove(at));
            let taps = found.map_or_else(|| Rc::new(Self::new(side, filter)), |(.., taps)| taps);
            if taps.weights.len() <= MOST_KEPT {
                last.truncate(KEPT - 1);
                last.push_front((side, filter, taps.clone()));
            }
            taps
        })
    }

    fn new(side: Side, filter: Filter) -> Self {
        let mut sums = Sums { first: 0, values: Vec::new(), luma: Vec::new() };
        let results = side.to.div_ceil(side.to_ratio.into());
        let rows: Vec<(usize, Vec<i16>)> = (0..results)
            .map(|result| {
                let block = u32::from(side.to_ratio);
                // A block that extends past the last pixel repeats it.
                let pixels = (result * block..(result + 1) * block).map(|pixel| pixel.min(side.to - 1));
                sums.collect(pixels, side, filter);
                sums.rounded()
            })
            .collect();
        let longest = rows.iter().map(|(_, row)| row.len()).max().unwrap_or(1);
        let length = longest.next_multiple_of(LANES);
        let mut weights = vec![0; rows.len() * length];
        for ((_, row), padded) in rows.iter().zip(weights.chunks_exact_mut(length)) {
            padded[..row.len()].copy_from_slice(row);
        }
        let (starts, counts) = rows.iter().map(|(first, row)| (*first, row.len())).unzip();
        Self { starts, counts, weights, length }
    }

    /// Samples of the result.
    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    /// Number of weights per result, including padding.
    pub(super) fn length(&self) -> usize {
        self.length
    }

    /// The samples that contribute to one sample of the result.
    pub(super) fn range(&self, result: usize) -> Range<usize> {
        self.starts[result]..self.starts[result] + self.counts[result]
    }

    /// Weights of one sample of the result, one for each of its range.
    pub(super) fn weights(&self, result: usize) -> &[i16] {
        &self.weights[result * self.length..][..self.counts[result]]
    }

    /// The first sample of every range.
    pub(super) fn starts(&self) -> &[usize] {
        &self.starts
    }

    /// All weights, [`length`](Self::length) per result; those past a range's end are 0.
    pub(super) fn padded(&self) -> &[i16] {
        &self.weights
    }

    /// The samples that contribute to any result.
    pub(super) fn all(&self) -> Range<usize> {
        let ends = self.starts.iter().zip(&self.counts).map(|(start, count)| start + count);
        self.starts.iter().copied().min().unwrap_or(0)..ends.max().unwrap_or(0)
    }
}

/// Weights of one result sample while they are summed up, for the plane's samples from `first` on.
struct Sums {
    first: usize,
    values: Vec<f64>,
    /// Weights of the luma positions that contribute to one luma sample.
    luma: Vec<f64>,
}

impl Sums {
    /// Averages the weights of the luma samples of the result that share one sample.
    fn collect(&mut self, pixels: impl ExactSizeIterator<Item = u32> + Clone, side: Side, filter: Filter) {
        let share = 1.0 / pixels.len() as f64;
        let ratio = u32::from(side.ratio);
        let last = side.samples() - 1;
        let reaches = pixels.map(|pixel| side.reach(pixel, filter));
        let low = reaches.clone().map(|(range, _)| range.start).min().unwrap_or(0);
        let high = reaches.clone().map(|(range, _)| range.end).max().unwrap_or(1);
        // A luma position is interpolated from its own sample and a neighbour of that.
        self.first = ((low / ratio) as usize).saturating_sub(1);
        let end = ((high - 1) / ratio) as usize + 1;
        self.values.clear();
        self.values.resize(end.min(last) + 1 - self.first, 0.0);

        let widened = (side.length / f64::from(side.to)).max(1.0);
        for (range, centre) in reaches {
            self.luma.clear();
            self.luma.resize(range.len(), 1.0);
            if filter != Filter::Nearest {
                let first = (f64::from(range.start) + 0.5 - centre) / widened;
                filter.weights(first, 1.0 / widened, &mut self.luma);
            }
            let sum: f64 = self.luma.iter().sum();
            for (x, weight) in range.zip(&self.luma) {
                let weight = weight / sum * share;
                let own = i64::from(x / ratio);
                let (lean, parts) = interpolation(side.ratio, (x % ratio) as usize);
                let whole = f64::from(parts[0] + parts[1]);
                for (at, part) in [(own, parts[0]), ((own + lean).clamp(0, last as i64), parts[1])] {
                    if part > 0 {
                        self.values[at as usize - self.first] += weight * f64::from(part) / whole;
                    }
                }
            }
        }
    }

    /// Fixed point, with a sum of exactly one and without zeros at the ends. The rounding error of each weight is carried to
    /// the next, so that it does not accumulate over thousands of small weights.
    fn rounded(&self) -> (usize, Vec<i16>) {
        let one = f64::from(1u32 << WEIGHT);
        let total: f64 = self.values.iter().sum();
        let (mut exact, mut given) = (0.0, 0);
        let mut weights: Vec<i16> = self
            .values
            .iter()
            .map(|value| {
                exact += value / total * one;
                let next = (exact + 0.5).floor() as i32;
                let weight = next - given;
                given = next;
                weight as i16
            })
            .collect();
        let end = weights.iter().rposition(|weight| *weight != 0).map_or(1, |last| last + 1);
        weights.truncate(end);
        let start = weights.iter().position(|weight| *weight != 0).unwrap_or(0);
        weights.drain(..start);
        (self.first + start, weights)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(from: u32, ratio: u8, to: u32, to_ratio: u8) -> Side {
        Side { from, ratio, start: 0.0, length: f64::from(from), to, to_ratio, mirrored: false }
    }

    /// Each step by itself, in floating point: linear interpolation, the filter, the mean of each block.
    fn in_three_steps(plane: &[f64], side: Side, filter: Filter) -> Vec<f64> {
        let ratio = f64::from(side.ratio);
        let luma: Vec<f64> = (0..side.from)
            .map(|x| {
                let at = ((f64::from(x) + 0.5) / ratio - 0.5).clamp(0.0, plane.len() as f64 - 1.0);
                let low = at.floor() as usize;
                plane[low] + (plane[(low + 1).min(plane.len() - 1)] - plane[low]) * at.fract()
            })
            .collect();
        let scale = side.length / f64::from(side.to);
        let pixels: Vec<f64> = (0..side.to)
            .map(|pixel| {
                let centre = side.start + (f64::from(pixel) + 0.5) * scale;
                let weight = |x: usize| filter.weight((x as f64 + 0.5 - centre) / scale.max(1.0));
                let sum: f64 = (0..luma.len()).map(weight).sum();
                luma.iter().enumerate().map(|(x, value)| value * weight(x)).sum::<f64>() / sum
            })
            .collect();
        let block = side.to_ratio as usize;
        (0..pixels.len().div_ceil(block))
            .map(|at| (0..block).map(|i| pixels[(at * block + i).min(pixels.len() - 1)]).sum::<f64>() / block as f64)
            .collect()
    }

    #[test]
    fn one_step_is_the_three_it_stands_for() {
        let part = Side { start: 7.25, length: 83.5, ..side(120, 2, 33, 2) };
        let sides = [
            side(201, 2, 80, 1),
            side(200, 2, 81, 2),
            side(67, 1, 33, 2),
            side(90, 4, 40, 2),
            side(31, 2, 70, 2),
            side(90, 1, 31, 1),
            side(20, 1, 33, 1),
            side(1, 1, 3, 1),
            side(5, 2, 1, 2),
            part,
            Side { ratio: 1, to_ratio: 1, ..part },
        ];
        for side in sides {
            for filter in [Filter::Bilinear, Filter::Bicubic, Filter::Mitchell, Filter::Lanczos3] {
                let data: Vec<f64> =
                    (0..side.samples() as u32).map(|i| f64::from(100 + i.wrapping_mul(2_654_435_761) % 56)).collect();
                let expected = in_three_steps(&data, side, filter);
                let taps = Taps::new(side, filter);
                assert_eq!(taps.len(), expected.len());
                for (result, expected) in expected.iter().enumerate() {
                    let weights = taps.weights(result);
                    assert_eq!(weights.iter().copied().map(i32::from).sum::<i32>(), 1 << WEIGHT);
                    let samples = &data[taps.range(result)];
                    let sum: f64 = samples.iter().zip(weights).map(|(value, weight)| value * f64::from(*weight)).sum();
                    let got = sum / f64::from(1 << WEIGHT);
                    assert!((got - expected).abs() < 0.05, "{side:?} {filter:?}: {got} {expected}");
                }
            }
        }
    }

    #[test]
    fn weights_that_are_kept_are_those_of_their_side_and_filter() {
        let sides: Vec<_> = (1..2 * KEPT as u32).map(|to| side(40, 2, to, 1)).collect();
        let sides: Vec<_> = sides.iter().flat_map(|one| [*one, Side { mirrored: true, ..*one }, *one]).collect();
        for side in sides.iter().chain(sides.iter().rev()) {
            for filter in [Filter::Bilinear, Filter::Lanczos3] {
                let (kept, new) = (Taps::of(*side, filter), Taps::new(*side, filter));
                assert_eq!((&kept.starts, &kept.weights), (&new.starts, &new.weights), "{side:?} {filter:?}");
            }
        }
        LAST.with_borrow(|last| assert_eq!(last.len(), KEPT));
    }

    #[test]
    fn a_mirrored_result_is_that_of_mirrored_samples() {
        for (from, ratio, to, to_ratio) in [(200, 2, 80, 2), (200, 2, 81, 2), (202, 2, 81, 1), (90, 1, 31, 2)] {
            let side = side(from, ratio, to, to_ratio);
            let data: Vec<f64> =
                (0..side.samples() as u32).map(|i| f64::from(i.wrapping_mul(2_654_435_761) >> 24)).collect();
            let turned: Vec<f64> = data.iter().rev().copied().collect();
            let results = |data: &[f64], side: Side| -> Vec<f64> {
                let taps = Taps::new(side, Filter::Lanczos3);
                let sum = |result: usize| {
                    let samples = data[taps.range(result)].iter().zip(taps.weights(result));
                    samples.map(|(value, weight)| value * f64::from(*weight)).sum::<f64>() / f64::from(1 << WEIGHT)
                };
                (0..taps.len()).map(sum).collect()
            };
            let mirrored = results(&data, Side { mirrored: true, ..side });
            for (got, expected) in mirrored.iter().zip(results(&turned, side)) {
                assert!((got - expected).abs() < 0.2, "{side:?}: {got} {expected}");
            }
        }
    }
}
