//! Resampling of chroma planes. A planar picture's colour should come out as that of its RGB twin does: brought to luma
//! size, filtered there, and averaged where the result is subsampled. All three are linear, so they are done as one: the
//! filter's weights are worked out for luma positions, averaged over the result's blocks and carried back to the chroma
//! samples that each luma position is interpolated from.

use super::convert::interpolation;
use super::resample::Filter;
use super::{Plane, Size, Subsampling};

/// Fraction bits of a weight.
const WEIGHT: u32 = 14;
/// Fraction bits of a sample between the two passes: enough for two roundings to be one, and room for overshoot.
const FRACTION: u32 = 6;
/// Weights of a row of the horizontal pass come in multiples of it.
const LANES: usize = 8;

/// One direction of a picture that is resampled.
#[derive(Clone, Copy, Debug)]
pub(super) struct Side {
    /// Luma samples.
    pub from: u32,
    /// Luma samples that share a chroma sample.
    pub ratio: u8,
    /// Where the part that is read begins, in luma samples.
    pub start: f64,
    /// Its length.
    pub length: f64,
    /// Luma samples of the result.
    pub to: u32,
    /// How many of them share a chroma sample of the result.
    pub to_ratio: u8,
}

/// The weights of every result sample in one direction, each row as long as the longest.
struct Weights {
    /// Where each row starts.
    starts: Vec<usize>,
    /// Weights of all rows; those behind a row's end are 0.
    weights: Vec<i16>,
    /// Length of a row, a multiple of [`LANES`].
    length: usize,
}

impl Weights {
    fn new(side: Side, filter: Filter) -> Self {
        let samples = side.from.div_ceil(side.ratio.into()) as usize;
        let results = side.to.div_ceil(side.to_ratio.into());
        let rows: Vec<(usize, Vec<i16>)> = (0..results)
            .map(|result| {
                let mut sums = Sums { first: samples, values: vec![0.0; samples], last: 0 };
                let share = 1.0 / f64::from(side.to_ratio);
                for pixel in 0..u32::from(side.to_ratio) {
                    // The last pixels are continued where a block reaches past them.
                    sums.add((result * u32::from(side.to_ratio) + pixel).min(side.to - 1), side, share, filter);
                }
                (sums.first, sums.rounded())
            })
            .collect();
        let length = rows.iter().map(|(_, row)| row.len()).max().unwrap_or(0).next_multiple_of(LANES);
        let mut weights = Vec::with_capacity(rows.len() * length);
        for (_, row) in &rows {
            weights.extend_from_slice(row);
            weights.resize(weights.len().next_multiple_of(length), 0);
        }
        Self { starts: rows.into_iter().map(|(start, _)| start).collect(), weights, length }
    }

    fn rows(&self) -> impl Iterator<Item = (usize, &[i16])> {
        self.starts.iter().copied().zip(self.weights.chunks_exact(self.length))
    }
}

/// Weights of chroma samples while they are added up.
struct Sums {
    first: usize,
    values: Vec<f64>,
    last: usize,
}

impl Sums {
    /// Adds `share` of the weights of one luma sample of the result.
    fn add(&mut self, pixel: u32, side: Side, share: f64, filter: Filter) {
        let scale = side.length / f64::from(side.to);
        let centre = side.start + (f64::from(pixel) + 0.5) * scale;
        let last = side.from - 1;
        let weigh = |reach: f64, widened: f64| {
            let low = ((centre - reach).floor().max(0.0) as u32).min(last);
            let high = ((centre + reach).ceil().max(1.0) as u32).min(side.from);
            (low..high).map(move |x| (x, filter.weight((f64::from(x) + 0.5 - centre) / widened)))
        };
        let weights: Vec<(u32, f64)> = match filter.support() {
            None => vec![((centre.max(0.0) as u32).min(last), 1.0)],
            Some(support) => weigh(support * scale.max(1.0), scale.max(1.0)).collect(),
        };
        let sum: f64 = weights.iter().map(|(_, weight)| weight).sum();
        let most = self.values.len() as i64 - 1;
        for (x, weight) in weights {
            let weight = weight / sum * share;
            let own = i64::from(x / u32::from(side.ratio));
            let (lean, parts) = interpolation(side.ratio, (x % u32::from(side.ratio)) as usize);
            let whole = f64::from(parts[0] + parts[1]);
            for (at, part) in [(own, parts[0]), ((own + lean).clamp(0, most), parts[1])] {
                if part > 0 {
                    let at = at as usize;
                    self.first = self.first.min(at);
                    self.last = self.last.max(at);
                    self.values[at] += weight * f64::from(part) / whole;
                }
            }
        }
    }

    /// Fixed point, adding up to one exactly.
    fn rounded(&self) -> Vec<i16> {
        let exact = &self.values[self.first..=self.last];
        let one = f64::from(1 << WEIGHT);
        let mut rounded: Vec<i16> = exact.iter().map(|value| (value * one).round() as i16).collect();
        let missing = (1 << WEIGHT) - rounded.iter().copied().map(i32::from).sum::<i32>();
        if let Some(largest) = rounded.iter_mut().max() {
            *largest += missing as i16;
        }
        rounded
    }
}

/// Resamples the two chroma planes of a picture, which are as large as `across` and `down` say.
pub(super) fn resample(planes: [&Plane; 2], across: Side, down: Side, filter: Filter) -> [Plane; 2] {
    let size = Subsampling { h: across.to_ratio, v: down.to_ratio }.chroma_size(Size::new(across.to, down.to));
    let (across, down) = (Weights::new(across, filter), Weights::new(down, filter));
    planes.map(|plane| convolve(plane, &across, &down, size))
}

fn convolve(plane: &Plane, across: &Weights, down: &Weights, size: Size) -> Plane {
    let width = plane.size.width as usize;
    // The columns that any result sample is made of.
    let left = across.starts.iter().copied().min().unwrap_or(0);
    let right = across.starts.iter().map(|start| start + across.length).max().unwrap_or(width).min(width);

    let mut data = Vec::with_capacity(size.pixels() as usize);
    let mut sums = vec![0i32; right - left];
    // Rows of weights may be longer than what is left of the samples; they are 0 there.
    let mut blended = vec![0i16; width + across.length];
    for (top, weights) in down.rows() {
        sums.fill(0);
        let used = weights.iter().rposition(|weight| *weight != 0).map_or(0, |last| last + 1);
        for (y, &weight) in (top..).zip(&weights[..used]) {
            let row = &plane.data[y * width + left..y * width + right];
            for (sum, &sample) in sums.iter_mut().zip(row) {
                *sum += i32::from(i16::from(sample)) * i32::from(weight);
            }
        }
        for (blended, sum) in blended[left..right].iter_mut().zip(&sums) {
            *blended = ((sum + (1 << (WEIGHT - FRACTION - 1))) >> (WEIGHT - FRACTION)) as i16;
        }
        data.extend(across.rows().map(|(start, weights)| {
            let samples = blended[start..start + weights.len()].as_chunks::<LANES>().0;
            let mut sums = [0i32; LANES];
            for (samples, weights) in samples.iter().zip(weights.as_chunks::<LANES>().0) {
                for lane in 0..LANES {
                    sums[lane] += i32::from(samples[lane]) * i32::from(weights[lane]);
                }
            }
            let sum: i32 = sums.iter().sum();
            ((sum + (1 << (WEIGHT + FRACTION - 1))) >> (WEIGHT + FRACTION)).clamp(0, 255) as u8
        }));
    }
    Plane { size, data }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(from: u32, ratio: u8, to: u32, to_ratio: u8) -> Side {
        Side { from, ratio, start: 0.0, length: f64::from(from), to, to_ratio }
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
        let sides = [
            side(201, 2, 80, 1),
            side(200, 2, 81, 2),
            side(67, 1, 33, 2),
            side(90, 4, 40, 2),
            side(31, 2, 70, 2),
            Side { from: 120, ratio: 2, start: 7.25, length: 83.5, to: 33, to_ratio: 2 },
        ];
        for side in sides {
            for filter in [Filter::Bilinear, Filter::Bicubic, Filter::Mitchell, Filter::Lanczos3] {
                let samples = side.from.div_ceil(side.ratio.into());
                let data: Vec<u8> = (0..samples).map(|i| (100 + i.wrapping_mul(2_654_435_761) % 56) as u8).collect();
                let expected = in_three_steps(&data.iter().copied().map(f64::from).collect::<Vec<_>>(), side, filter);
                let flat = Side { from: 1, ratio: 1, start: 0.0, length: 1.0, to: 1, to_ratio: 1 };
                let plane = |size: Size| Plane { size, data: data.clone() };
                let [row, _] = resample([&plane(Size::new(samples, 1)); 2], side, flat, filter);
                let [column, _] = resample([&plane(Size::new(1, samples)); 2], flat, side, filter);
                assert_eq!(row.data, column.data);
                assert_eq!(row.data.len(), expected.len());
                for (got, expected) in row.data.iter().zip(&expected) {
                    assert!((f64::from(*got) - expected).abs() < 0.6, "{side:?} {filter:?}: {got} {expected}");
                }
            }
        }
    }
}
