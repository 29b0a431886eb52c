//! Gaussian blur of rows of samples: the kernel behind `gaussian-blur` and `sharpen`. It knows nothing of
//! representations; the caller loads rows and stores the blurred ones.
//!
//! Up to [`DIRECT`] the kernel is sampled and applied in fixed point, or to numbers of single precision for samples of 16 bits
//! ([`Unit`]), above it R. Deriche's fourth-order recursive
//! approximation is used ("Recursively implementing the Gaussian and its derivatives", INRIA 1893, 1993), whose cost
//! does not grow with sigma. Both are within one level of an exact Gaussian; edges replicate their last sample.

use super::depth::Sample;
use super::{Deep, Image, Pixels, Size};

/// Fraction bits of a sample of 8 bits during the blur: 255 is `255 << FRACTION`, and the sum of two samples fits in 16 bits.
pub(crate) const FRACTION: u32 = 7;
/// The largest sample.
const MAX: u16 = 255 << FRACTION;
/// Fraction bits of a weight.
const WEIGHT: u32 = 15;
/// The largest sigma that is applied directly; above it the recursion is faster.
const DIRECT: f64 = 24.0;
/// Samples processed together. Row lengths are a multiple of it.
const LANES: usize = 8;
/// Columns that the vertical recursion processes together.
const STRIP: usize = 32;

/// What is blurred: samples of 8 bits with [`FRACTION`] fraction bits, or those of 16 bits as numbers.
pub(crate) trait Unit: Copy + Default {
    /// A weight of the kernel.
    type Weight;

    /// The centre's weight and one side's, which add up to one.
    fn weights(sigma: f64) -> Vec<Self::Weight>;

    /// `out = w₀·s₀ + Σ wₖ (s₋ₖ + s₊ₖ)`: `pairs` holds the two samples' rows at each distance.
    fn convolve(weights: &[Self::Weight], pairs: &[Pair<'_, Self>], out: &mut [Self]);

    fn number(self) -> f64;
    fn of(number: f64) -> Self;
}

impl Unit for u16 {
    type Weight = Self;

    fn weights(sigma: f64) -> Vec<Self> {
        weights(sigma)
    }

    fn convolve(weights: &[Self], pairs: &[Pair<'_, Self>], out: &mut [Self]) {
        convolve(weights, pairs, out);
    }

    fn number(self) -> f64 {
        f64::from(self)
    }

    fn of(number: f64) -> Self {
        (number + 0.5).clamp(0.0, f64::from(MAX)) as Self
    }
}

impl Unit for f32 {
    type Weight = Self;

    fn weights(sigma: f64) -> Vec<Self> {
        let exact = exact_weights(sigma);
        let sum = exact[0] + 2.0 * exact[1..].iter().sum::<f64>();
        exact.iter().map(|weight| (weight / sum) as Self).collect()
    }

    fn convolve(weights: &[Self], pairs: &[Pair<'_, Self>], out: &mut [Self]) {
        let (Some((centre_weight, weights)), Some(((centre, _), pairs))) = (weights.split_first(), pairs.split_first())
        else {
            return;
        };
        for (i, (out, centre)) in out.as_chunks_mut::<LANES>().0.iter_mut().zip(*centre).enumerate() {
            let mut sum = centre.map(|sample| sample * centre_weight);
            for ((before, after), weight) in pairs.iter().zip(weights) {
                let (before, after) = (&before[i], &after[i]);
                for lane in 0..LANES {
                    sum[lane] += (before[lane] + after[lane]) * weight;
                }
            }
            *out = sum;
        }
    }

    fn number(self) -> f64 {
        f64::from(self)
    }

    fn of(number: f64) -> Self {
        number as Self
    }
}

/// Rows of interleaved samples. Each row is loaded once, before it is stored, so a picture may be blurred in place.
pub(crate) trait Rows<U: Unit> {
    /// Writes row `y` into `row`.
    fn load(&mut self, y: u32, row: &mut [U]);
    /// Stores the blurred row `y`; rows come in order.
    fn store(&mut self, y: u32, blurred: &[U]);
}

/// Blurs `size.width` pixels of `channels` samples by `sigma` (horizontal, vertical), in pixels.
pub(crate) fn gaussian<U: Unit>(rows: &mut impl Rows<U>, size: Size, channels: usize, sigma: (f64, f64)) {
    if sigma.0.max(sigma.1) <= DIRECT {
        direct(rows, size, channels, (&U::weights(sigma.0), &U::weights(sigma.1)));
    } else {
        recursive(rows, size, channels, (Recursion::new(sigma.0), Recursion::new(sigma.1)));
    }
}

/// Whether a blur by `sigma` changes nothing.
pub(crate) fn is_identity(sigma: f64) -> bool {
    radius(sigma) == 0
}

/// Four standard deviations, as in SciPy.
fn radius(sigma: f64) -> usize {
    (4.0 * sigma + 0.5) as usize
}

/// The weights of the centre and of one side, of which the centre's is 1.
fn exact_weights(sigma: f64) -> Vec<f64> {
    let exact = |k: usize| if k == 0 { 1.0 } else { (-0.5 * (k as f64 / sigma).powi(2)).exp() };
    (0..=radius(sigma)).map(exact).collect()
}

/// The centre's weight and one side's, which add up to one exactly.
fn weights(sigma: f64) -> Vec<u16> {
    let exact = exact_weights(sigma);
    let radius = exact.len() - 1;
    let sum = exact[0] + 2.0 * exact[1..].iter().sum::<f64>();
    let one = f64::from(1 << WEIGHT);
    let mut weights = vec![0; radius + 1];
    // From the outside in, each weight absorbs the rounding error so far.
    let (mut sum_exact, mut sum_rounded) = (0.0, 0);
    for k in (1..=radius).rev() {
        sum_exact += exact[k] / sum * one;
        let rounded = sum_exact.round() as u32;
        weights[k] = (rounded - sum_rounded) as u16;
        sum_rounded = rounded;
    }
    weights[0] = ((1 << WEIGHT) - 2 * sum_rounded) as u16;
    weights
}

fn direct<U: Unit>(rows: &mut impl Rows<U>, size: Size, channels: usize, weights: (&[U::Weight], &[U::Weight])) {
    let height = size.height as usize;
    let samples = size.width as usize * channels;
    let length = samples.next_multiple_of(LANES);
    let (across, down) = (weights.0.len() - 1, weights.1.len() - 1);
    let pad = across * channels;

    // The rows that one result row needs, in a ring buffer.
    let window = 2 * down + 1;
    let mut ring = vec![U::default(); window * length];
    let mut loaded = 0;
    let mut padded = vec![U::default(); length + 2 * pad];
    let mut blurred = vec![U::default(); length];
    for y in 0..height {
        while loaded < height.min(y + down + 1) {
            rows.load(loaded as u32, &mut ring[loaded % window * length..][..samples]);
            loaded += 1;
        }
        let row = |y: usize| blocks(&ring[y.min(height - 1) % window * length..][..length]);
        let pairs: Vec<_> = (0..=down).map(|k| (row(y.saturating_sub(k)), row(y + k))).collect();
        U::convolve(weights.1, &pairs, &mut padded[pad..pad + length]);
        if across == 0 {
            rows.store(y as u32, &padded[..samples]);
            continue;
        }
        continue_row(&mut padded, pad, samples, channels);
        let shifted = |start: usize| blocks(&padded[start..][..length]);
        let pairs: Vec<_> = (0..=across).map(|k| (shifted(pad - k * channels), shifted(pad + k * channels))).collect();
        U::convolve(weights.0, &pairs, &mut blurred);
        rows.store(y as u32, &blurred[..samples]);
    }
}

/// Fills the margins of a row with its first and last pixel.
fn continue_row<U: Unit>(padded: &mut [U], pad: usize, samples: usize, channels: usize) {
    for i in 0..pad {
        padded[i] = padded[pad + i % channels];
        padded[pad + samples + i] = padded[pad + samples - channels + i % channels];
    }
}

/// Samples processed together.
type Block<U> = [U; LANES];

/// Two rows at the same distance on either side of another.
type Pair<'a, U> = (&'a [Block<U>], &'a [Block<U>]);

/// A row as blocks.
fn blocks<U>(row: &[U]) -> &[Block<U>] {
    row.as_chunks().0
}

/// [`Unit::convolve`] in fixed point.
fn convolve(weights: &[u16], pairs: &[Pair<'_, u16>], out: &mut [u16]) {
    let (Some((centre_weight, weights)), Some(((centre, _), pairs))) = (weights.split_first(), pairs.split_first())
    else {
        return;
    };
    for (i, (out, centre)) in out.as_chunks_mut::<LANES>().0.iter_mut().zip(*centre).enumerate() {
        let mut sum = [1u32 << (WEIGHT - 1); LANES];
        for lane in 0..LANES {
            sum[lane] += u32::from(centre[lane]) * u32::from(*centre_weight);
        }
        for ((before, after), weight) in pairs.iter().zip(weights) {
            let (before, after) = (&before[i], &after[i]);
            for lane in 0..LANES {
                sum[lane] += u32::from(before[lane] + after[lane]) * u32::from(*weight);
            }
        }
        for lane in 0..LANES {
            out[lane] = (sum[lane] >> WEIGHT) as u16;
        }
    }
}

/// One of the two parallel second-order sections: `e^(−a·n) (A cos ω·n + B sin ω·n)`.
#[derive(Clone, Copy)]
struct Section {
    /// Weights of the sample and the previous one, in the forward direction.
    causal: [f64; 2],
    /// Weights of the next two samples, in the backward direction: the sample itself is counted once.
    anticausal: [f64; 2],
    /// Weights of the last two results.
    feedback: [f64; 2],
}

impl Section {
    fn new(sigma: f64, cosine: f64, sine: f64, decay: f64, frequency: f64) -> Self {
        let (decay, frequency) = ((-decay / sigma).exp(), frequency / sigma);
        let next = decay * (sine * frequency.sin() - cosine * frequency.cos());
        let feedback = [2.0 * decay * frequency.cos(), -decay * decay];
        Self { causal: [cosine, next], anticausal: [next + cosine * feedback[0], cosine * feedback[1]], feedback }
    }

    /// The response to a constant 1 in each direction.
    fn gain(&self) -> (f64, f64) {
        let rest = 1.0 - self.feedback[0] - self.feedback[1];
        ((self.causal[0] + self.causal[1]) / rest, (self.anticausal[0] + self.anticausal[1]) / rest)
    }
}

struct Recursion([Section; 2]);

impl Recursion {
    /// The constants are Deriche's for the fourth order. `None` if there is nothing to blur.
    fn new(sigma: f64) -> Option<Self> {
        if is_identity(sigma) {
            return None;
        }
        let mut sections =
            [Section::new(sigma, 1.68, 3.735, 1.783, 0.6318), Section::new(sigma, -0.6803, -0.2598, 1.723, 1.997)];
        let gain: f64 = sections.iter().map(|section| section.gain().0 + section.gain().1).sum();
        for section in &mut sections {
            for weight in section.causal.iter_mut().chain(&mut section.anticausal) {
                *weight /= gain;
            }
        }
        Some(Self(sections))
    }

    /// Blurs along a line of `count` groups of `width` neighbouring samples, `stride` apart, starting at `start`.
    fn run<U: Unit>(
        &self,
        samples: &mut [U],
        start: usize,
        count: usize,
        stride: usize,
        width: usize,
        scratch: &mut Vec<f32>,
    ) {
        scratch.clear();
        scratch.resize(count * width, 0.0);
        let [one, two] = &self.0;
        // The line extends its first sample to infinity, so the initial state is that of a constant.
        let first: [f64; STRIP] = std::array::from_fn(|i| samples[start + i.min(width - 1)].number());
        let last_at = start + (count - 1) * stride;
        let last: [f64; STRIP] = std::array::from_fn(|i| samples[last_at + i.min(width - 1)].number());

        let mut previous = first;
        let mut ones = [first.map(|v| v * one.gain().0); 2];
        let mut twos = [first.map(|v| v * two.gain().0); 2];
        for n in 0..count {
            let line = &samples[start + n * stride..][..width];
            let partial = &mut scratch[n * width..][..width];
            for i in 0..width {
                let sample = line[i].number();
                let step = |section: &Section, state: &mut [[f64; STRIP]; 2]| {
                    let result = section.causal[0] * sample
                        + section.causal[1] * previous[i]
                        + section.feedback[0] * state[0][i]
                        + section.feedback[1] * state[1][i];
                    state[1][i] = state[0][i];
                    state[0][i] = result;
                    result
                };
                partial[i] = (step(one, &mut ones) + step(two, &mut twos)) as f32;
                previous[i] = sample;
            }
        }

        let mut next = [last; 2];
        let mut ones = [last.map(|v| v * one.gain().1); 2];
        let mut twos = [last.map(|v| v * two.gain().1); 2];
        for n in (0..count).rev() {
            let line = &mut samples[start + n * stride..][..width];
            let partial = &scratch[n * width..][..width];
            for i in 0..width {
                let sample = line[i].number();
                let step = |section: &Section, state: &mut [[f64; STRIP]; 2]| {
                    let result = section.anticausal[0] * next[0][i]
                        + section.anticausal[1] * next[1][i]
                        + section.feedback[0] * state[0][i]
                        + section.feedback[1] * state[1][i];
                    state[1][i] = state[0][i];
                    state[0][i] = result;
                    result
                };
                let sum = f64::from(partial[i]) + step(one, &mut ones) + step(two, &mut twos);
                line[i] = U::of(sum);
                next[1][i] = next[0][i];
                next[0][i] = sample;
            }
        }
    }
}

fn recursive<U: Unit>(
    rows: &mut impl Rows<U>,
    size: Size,
    channels: usize,
    recursion: (Option<Recursion>, Option<Recursion>),
) {
    let (width, height) = (size.width as usize, size.height as usize);
    let samples = width * channels;
    let mut scratch = Vec::new();
    let mut picture = vec![U::default(); samples * height];
    for (y, row) in picture.chunks_exact_mut(samples).enumerate() {
        rows.load(y as u32, row);
        if let Some(across) = &recursion.0 {
            across.run(row, 0, width, channels, channels, &mut scratch);
        }
    }
    if let Some(down) = &recursion.1 {
        for start in (0..samples).step_by(STRIP) {
            let strip = STRIP.min(samples - start);
            down.run(&mut picture, start, height, samples, strip, &mut scratch);
        }
    }
    for (y, row) in picture.chunks_exact(samples).enumerate() {
        rows.store(y as u32, row);
    }
}

/// Samples that are blurred in place: a plane, or interleaved colour without alpha.
struct Samples<'a, S> {
    data: &'a mut [S],
    /// Samples per row.
    row: usize,
}

/// Samples that can be blurred.
pub(crate) trait Blurs: Sample {
    /// Blurs interleaved samples without alpha by `sigma` (horizontal, vertical).
    fn blur(data: &mut [Self], size: Size, channels: usize, sigma: (f64, f64));
    /// Blurs straight RGBA: colour counts by its alpha.
    fn blur_straight(data: &mut [Self], size: Size, sigma: (f64, f64));
}

macro_rules! blurs {
    ($sample:ty) => {
        impl Blurs for $sample {
            fn blur(data: &mut [Self], size: Size, channels: usize, sigma: (f64, f64)) {
                gaussian(&mut Samples { data, row: size.width as usize * channels }, size, channels, sigma);
            }

            fn blur_straight(data: &mut [Self], size: Size, sigma: (f64, f64)) {
                let row = size.width as usize;
                gaussian(&mut Premultiplied { data: data.as_chunks_mut().0, row }, size, 4, sigma);
            }
        }
    };
}
blurs!(u8);
blurs!(u16);

impl Rows<f32> for Samples<'_, u16> {
    fn load(&mut self, y: u32, row: &mut [f32]) {
        for (to, from) in row.iter_mut().zip(&self.data[y as usize * self.row..]) {
            *to = f32::from(*from);
        }
    }

    fn store(&mut self, y: u32, blurred: &[f32]) {
        for (to, from) in self.data[y as usize * self.row..].iter_mut().zip(blurred) {
            *to = u16::of_number(*from);
        }
    }
}

impl Rows<u16> for Samples<'_, u8> {
    fn load(&mut self, y: u32, row: &mut [u16]) {
        for (to, from) in row.iter_mut().zip(&self.data[y as usize * self.row..]) {
            *to = u16::from(*from) << FRACTION;
        }
    }

    fn store(&mut self, y: u32, blurred: &[u16]) {
        for (to, from) in self.data[y as usize * self.row..].iter_mut().zip(blurred) {
            *to = ((from + (1 << (FRACTION - 1))) >> FRACTION) as u8;
        }
    }
}

/// A picture blurred by `sigma` pixels. Encoded values are blurred, as image editors do; colour is premultiplied by alpha
/// before and divided afterwards. A chroma plane is blurred by sigma in its own samples.
pub(crate) fn blurred(mut image: Image, sigma: f64) -> Image {
    if is_identity(sigma) {
        return image;
    }
    let (size, both) = (image.size, (sigma, sigma));
    match &mut image.pixels {
        Pixels::Gray(data) => u8::blur(data, size, 1, both),
        Pixels::Rgb(data) => u8::blur(data, size, 3, both),
        Pixels::Rgba(data) => u8::blur_straight(data, size, both),
        Pixels::Deep(Deep::Gray(data)) => u16::blur(data, size, 1, both),
        Pixels::Deep(Deep::Rgb(data)) => u16::blur(data, size, 3, both),
        Pixels::Deep(Deep::Rgba(data)) => u16::blur_straight(data, size, both),
        Pixels::Ycc(ycc) => {
            u8::blur(&mut ycc.y.data, size, 1, both);
            let sigma = (sigma / f64::from(ycc.subsampling.h), sigma / f64::from(ycc.subsampling.v));
            for plane in [&mut ycc.cb, &mut ycc.cr] {
                u8::blur(&mut plane.data, plane.size, 1, sigma);
            }
        }
    }
    image
}

/// Interleaved samples with straight alpha.
struct Premultiplied<'a, S> {
    data: &'a mut [[S; 4]],
    row: usize,
}

impl Rows<f32> for Premultiplied<'_, u16> {
    fn load(&mut self, y: u32, row: &mut [f32]) {
        for (to, [r, g, b, a]) in row.as_chunks_mut().0.iter_mut().zip(&self.data[y as usize * self.row..]) {
            let alpha = f32::from(*a);
            let weighed = |value: u16| f32::from(value) * (alpha / 65_535.0);
            *to = [weighed(*r), weighed(*g), weighed(*b), alpha];
        }
    }

    fn store(&mut self, y: u32, blurred: &[f32]) {
        let blurred = blurred.as_chunks().0;
        for (pixel, [r, g, b, a]) in self.data[y as usize * self.row..].iter_mut().zip(blurred) {
            *pixel = match u16::of_number(*a) {
                0 => [0; 4],
                alpha => {
                    let straight = |value: f32| u16::of_number(value / a * 65_535.0);
                    [straight(*r), straight(*g), straight(*b), alpha]
                }
            };
        }
    }
}

impl Rows<u16> for Premultiplied<'_, u8> {
    fn load(&mut self, y: u32, row: &mut [u16]) {
        for (to, [r, g, b, a]) in row.as_chunks_mut().0.iter_mut().zip(&self.data[y as usize * self.row..]) {
            let weighed = |value: u8| ((((u32::from(value) * u32::from(*a)) << FRACTION) + 127) / 255) as u16;
            *to = [weighed(*r), weighed(*g), weighed(*b), u16::from(*a) << FRACTION];
        }
    }

    fn store(&mut self, y: u32, blurred: &[u16]) {
        let blurred = blurred.as_chunks().0;
        for (pixel, [r, g, b, a]) in self.data[y as usize * self.row..].iter_mut().zip(blurred) {
            let alpha = (a + (1 << (FRACTION - 1))) >> FRACTION;
            *pixel = if alpha == 0 {
                [0; 4]
            } else {
                let straight =
                    |value: u16| ((u32::from(value) * 255 + u32::from(*a) / 2) / u32::from(*a)).min(255) as u8;
                [straight(*r), straight(*g), straight(*b), alpha as u8]
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blurred(data: &[u8], size: Size, channels: usize, sigma: (f64, f64)) -> Vec<u8> {
        let mut data = data.to_vec();
        u8::blur(&mut data, size, channels, sigma);
        data
    }

    #[test]
    fn samples_of_16_bits_are_blurred_far_more_exactly() {
        let line: Vec<u16> =
            (0..400).map(|x| if x == 37 || (90..210).contains(&x) || x > 390 { 65_535 } else { 77 }).collect();
        let exact_line: Vec<f64> = line.iter().map(|value| f64::from(*value)).collect();
        // Beyond the largest sigma that is applied directly, Deriche's recursion is an approximation.
        for (sigma, tolerance) in [(0.5, 12.0), (1.0, 12.0), (3.3, 12.0), (23.9, 12.0), (24.1, 30.0), (120.0, 30.0)] {
            let expected = exact(&exact_line, sigma);
            let (mut across, mut down) = (line.clone(), line.clone());
            u16::blur(&mut across, Size::new(400, 1), 1, (sigma, sigma));
            u16::blur(&mut down, Size::new(1, 400), 1, (sigma, sigma));
            for (x, expected) in expected.iter().enumerate() {
                for got in [across[x], down[x]] {
                    let difference = (f64::from(got) - expected).abs();
                    assert!(difference <= tolerance, "sigma {sigma} at {x}: {got} for {expected}");
                }
            }
        }
        for sigma in [0.7, 40.0] {
            let mut flat = vec![54_321_u16; 33 * 9];
            u16::blur(&mut flat, Size::new(33, 9), 1, (sigma, sigma));
            assert!(flat.iter().all(|sample| *sample == 54_321), "{sigma}");
        }
    }

    /// The definition: a kernel of eight standard deviations in double precision, edges replicated, one axis.
    fn exact(line: &[f64], sigma: f64) -> Vec<f64> {
        let radius = (8.0 * sigma).ceil() as i64;
        let weight = |k: i64| (-0.5 * (k as f64 / sigma).powi(2)).exp();
        let sum: f64 = (-radius..=radius).map(weight).sum();
        let at = |i: i64| line[i.clamp(0, line.len() as i64 - 1) as usize];
        (0..line.len() as i64).map(|x| (-radius..=radius).map(|k| weight(k) * at(x + k)).sum::<f64>() / sum).collect()
    }

    #[test]
    fn every_sigma_is_within_a_level_of_the_definition() {
        // Hard steps and a spike: the worst case for an approximation.
        let line: Vec<u8> =
            (0..400).map(|x| if x == 37 || (90..210).contains(&x) || x > 390 { 255 } else { 0 }).collect();
        let exact_line: Vec<f64> = line.iter().map(|v| f64::from(*v)).collect();
        for sigma in [0.2, 0.5, 1.0, 2.0, 3.3, 5.0, 8.0, 12.0, 23.9, 24.1, 50.0, 120.0, 250.0] {
            let expected = exact(&exact_line, sigma);
            let across = blurred(&line, Size::new(400, 1), 1, (sigma, sigma));
            let down = blurred(&line, Size::new(1, 400), 1, (sigma, sigma));
            for (x, expected) in expected.iter().enumerate() {
                for got in [across[x], down[x]] {
                    assert!((f64::from(got) - expected).abs() <= 0.75, "sigma {sigma} at {x}: {got} for {expected}");
                }
            }
        }
    }

    #[test]
    fn each_axis_has_its_own_sigma() {
        let mut spot = vec![0; 21 * 21];
        spot[10 * 21 + 10] = 255;
        let across = blurred(&spot, Size::new(21, 21), 1, (2.0, 0.0));
        let lit = |data: &[u8]| data.iter().enumerate().filter(|(_, v)| **v > 0).map(|(i, _)| i).collect::<Vec<_>>();
        assert!(lit(&across).len() > 5 && lit(&across).iter().all(|i| i / 21 == 10));
        let down = blurred(&spot, Size::new(21, 21), 1, (0.0, 2.0));
        assert!(lit(&down).len() > 5 && lit(&down).iter().all(|i| i % 21 == 10));
    }

    #[test]
    fn a_small_and_a_large_sigma_go_together() {
        let line: Vec<u8> = (0..90).map(|x| if (30..50).contains(&x) { 255 } else { 0 }).collect();
        let expected = exact(&line.iter().map(|v| f64::from(*v)).collect::<Vec<_>>(), 6.5);
        let out = blurred(&line, Size::new(90, 1), 1, (6.5, 26.0));
        for (got, expected) in out.iter().zip(expected) {
            assert!((f64::from(*got) - expected).abs() <= 0.75, "{got} for {expected}");
        }
        assert_eq!(blurred(&line, Size::new(90, 1), 1, (0.0, 26.0)), line);
    }

    #[test]
    fn channels_do_not_mix() {
        let data: Vec<u8> = (0..50 * 20).flat_map(|i| [(i % 7 * 30) as u8, 77, 200]).collect();
        for sigma in [1.5, 30.0] {
            let out = blurred(&data, Size::new(50, 20), 3, (sigma, sigma));
            assert!(out.chunks(3).all(|pixel| pixel[1..] == [77, 200]), "sigma {sigma}");
        }
    }

    #[test]
    fn a_constant_stays_constant() {
        for value in [0, 1, 128, 254, 255] {
            for sigma in [0.3, 1.0, 7.7, 23.0, 25.0, 250.0] {
                assert_eq!(blurred(&[value; 33 * 9], Size::new(33, 9), 1, (sigma, sigma)), [value; 33 * 9]);
            }
        }
    }

    #[test]
    fn one_pixel_is_a_picture_too() {
        assert_eq!(blurred(&[9, 8, 7], Size::new(1, 1), 3, (4.0, 4.0)), [9, 8, 7]);
        assert_eq!(blurred(&[9, 8, 7], Size::new(1, 1), 3, (40.0, 40.0)), [9, 8, 7]);
    }
}
