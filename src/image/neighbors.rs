//! Filters that look at the neighbours of a pixel, with samples of any channels. Edges replicate their last sample.

use std::ops::{AddAssign, SubAssign};

use super::Image;
use super::depth::{Sample, by_depth};

/// A picture as rows of numbers: gray, red, green and blue, or these times alpha, and alpha.
struct Samples<'a, S> {
    data: &'a [S],
    channels: usize,
    width: usize,
    height: usize,
}

impl<'a, S: Sample> Samples<'a, S> {
    /// `None` for a planar picture.
    fn of(image: &'a Image) -> Option<Self> {
        let (data, channels) = S::interleaved(&image.pixels)?;
        Some(Self { data, channels, width: image.size.width as usize, height: image.size.height as usize })
    }

    /// A row, colours times alpha if there is alpha; rows beyond the picture repeat the last one.
    fn row(&self, y: isize, row: &mut [u32]) {
        let y = y.clamp(0, self.height as isize - 1) as usize;
        let length = self.width * self.channels;
        let data = &self.data[y * length..][..length];
        if self.channels == 4 {
            for (out, [r, g, b, a]) in row.as_chunks_mut::<4>().0.iter_mut().zip(data.as_chunks::<4>().0) {
                let [r, g, b, a] = [r, g, b, a].map(|value| value.index() as u32);
                *out = [r * a, g * a, b * a, a];
            }
        } else {
            for (out, value) in row.iter_mut().zip(data) {
                *out = value.index() as u32;
            }
        }
    }
}

/// Divides sums over `count` pixels: each value is rounded half up.
fn mean<S: Sample>(sums: &[u64], channels: usize, count: u64, out: &mut [S]) {
    let sample = |value: u64| S::of_index(value as usize);
    if channels == 4 {
        for (out, [r, g, b, a]) in out.as_chunks_mut::<4>().0.iter_mut().zip(sums.as_chunks::<4>().0) {
            let colour = |sum: &u64| if *a == 0 { S::default() } else { sample((sum + a / 2) / a) };
            *out = [colour(r), colour(g), colour(b), sample((a + count / 2) / count)];
        }
    } else {
        // Half of one is further from whole numbers than the error of the product, so that this is the division.
        let (half, share) = ((count / 2) as f64 + 0.5, 1.0 / count as f64);
        for (out, sum) in out.iter_mut().zip(sums) {
            *out = sample(((*sum as f64 + half) * share) as u64);
        }
    }
}

fn with_samples<S: Sample>(image: &Image, data: Vec<S>, channels: usize) -> Image {
    image.with(image.size, S::pixels(data, channels))
}

/// The mean over the square of `2 · radius + 1` pixels a side around each pixel, exact. The cost does not grow with the
/// radius. A planar picture stays as it is.
pub(crate) fn box_mean(image: Image, radius: u32) -> Image {
    by_depth!(image, box_mean_of(image, radius))
}

fn box_mean_of<S: Sample>(image: Image, radius: u32) -> Image {
    let Some(samples) = Samples::<S>::of(&image).filter(|_| radius > 0) else { return image };
    let count = (2 * u64::from(radius) + 1).pow(2);
    let fits = samples.channels < 4 && (S::MOST.index() as u64 * count) < u64::from(u32::MAX);
    let data = match (samples.channels, fits) {
        (1, true) => boxes::<S, u32, 1>(&samples, radius as usize),
        (1, false) => boxes::<S, u64, 1>(&samples, radius as usize),
        (3, true) => boxes::<S, u32, 3>(&samples, radius as usize),
        (3, false) => boxes::<S, u64, 3>(&samples, radius as usize),
        _ => boxes::<S, u64, 4>(&samples, radius as usize),
    };
    with_samples(&image, data, samples.channels)
}

/// A number that holds the sum of a square.
trait Total: Copy + Default + AddAssign + SubAssign + From<u32> + Into<u64> {}
impl Total for u32 {}
impl Total for u64 {}

/// [`box_mean`] of pixels with `N` channels. The sums of columns move down by a row, and the sum of a square moves along them.
fn boxes<S: Sample, T: Total, const N: usize>(samples: &Samples<'_, S>, radius: usize) -> Vec<S> {
    let (width, length, reach) = (samples.width, samples.width * N, radius as isize);
    // The sums of columns, continued at both ends.
    let mut columns = vec![[T::default(); N]; width + 2 * radius + 1];
    let (mut entering, mut leaving) = (vec![0; length], vec![0; length]);
    let mut sums = vec![[0_u64; N]; width];
    let mut data = vec![S::default(); samples.data.len()];
    for y in -reach..=reach {
        samples.row(y, &mut entering);
        move_down(&mut columns[radius..][..width], &entering, &leaving);
    }
    for (y, out) in data.chunks_exact_mut(length).enumerate() {
        let (first, last) = (columns[radius], columns[radius + width - 1]);
        columns[..radius].fill(first);
        columns[radius + width..].fill(last);
        move_along(&columns, radius, &mut sums);
        mean(sums.as_flattened(), N, ((2 * radius + 1) * (2 * radius + 1)) as u64, out);
        samples.row(y as isize + reach + 1, &mut entering);
        samples.row(y as isize - reach, &mut leaving);
        move_down(&mut columns[radius..][..width], &entering, &leaving);
    }
    data
}

/// Moves the sums of columns by a row.
#[inline(never)]
fn move_down<T: Total, const N: usize>(columns: &mut [[T; N]], entering: &[u32], leaving: &[u32]) {
    for ((sum, entering), leaving) in columns.as_flattened_mut().iter_mut().zip(entering).zip(leaving) {
        *sum += T::from(*entering);
        *sum -= T::from(*leaving);
    }
}

/// The sums of the squares in a row.
#[inline(never)]
fn move_along<T: Total, const N: usize>(columns: &[[T; N]], radius: usize, sums: &mut [[u64; N]]) {
    let (before, after) = (&columns[..sums.len()], &columns[2 * radius + 1..]);
    let mut square = [T::default(); N];
    for column in &columns[..=2 * radius] {
        square.iter_mut().zip(column).for_each(|(sum, column)| *sum += *column);
    }
    for ((sums, before), after) in sums.iter_mut().zip(before).zip(after) {
        for channel in 0..N {
            sums[channel] = square[channel].into();
            square[channel] += after[channel];
            square[channel] -= before[channel];
        }
    }
}

/// The mean of each square of `side` pixels, from the top left; at the right and at the bottom of what is left. A planar
/// picture stays as it is.
pub(crate) fn blocks(image: Image, side: u32) -> Image {
    by_depth!(image, blocks_of(image, side))
}

fn blocks_of<S: Sample>(image: Image, side: u32) -> Image {
    let Some(samples) = Samples::<S>::of(&image) else { return image };
    let (side, channels, length) = (side as usize, samples.channels, samples.width * samples.channels);
    let mut row = vec![0; length];
    let mut data = vec![S::default(); samples.data.len()];
    for top in (0..samples.height).step_by(side) {
        let rows = side.min(samples.height - top);
        let mut sums = vec![0_u64; samples.width.div_ceil(side) * channels];
        for y in top..top + rows {
            samples.row(y as isize, &mut row);
            for (pixels, sums) in row.chunks(side * channels).zip(sums.chunks_exact_mut(channels)) {
                for pixel in pixels.chunks_exact(channels) {
                    sums.iter_mut().zip(pixel).for_each(|(sum, value)| *sum += u64::from(*value));
                }
            }
        }
        let first = &mut data[top * length..][..length];
        for (pixels, sums) in first.chunks_mut(side * channels).zip(sums.chunks_exact(channels)) {
            let mut value = [S::default(); 4];
            mean(sums, channels, (rows * pixels.len() / channels) as u64, &mut value[..channels]);
            pixels.chunks_exact_mut(channels).for_each(|pixel| pixel.copy_from_slice(&value[..channels]));
        }
        for y in top + 1..top + rows {
            data.copy_within(top * length..(top + 1) * length, y * length);
        }
    }
    with_samples(&image, data, channels)
}

/// A place relative to a pixel, and its weight.
pub(crate) type Tap = ([i32; 2], f32);

/// The weighted sum of the neighbours at `taps`, whose weights add up to 1. A planar picture stays as it is.
pub(crate) fn convolve(image: Image, taps: &[Tap]) -> Image {
    by_depth!(image, convolve_of(image, taps))
}

fn convolve_of<S: Sample>(image: Image, taps: &[Tap]) -> Image {
    let Some(samples) = Samples::<S>::of(&image) else { return image };
    let (channels, length) = (samples.channels, samples.width * samples.channels);
    let margin = taps.iter().map(|([x, _], _)| x.unsigned_abs()).max().unwrap_or(0) as usize * channels;
    let (low, high) = taps.iter().fold((0, 0), |(low, high), ([_, y], _)| (low.min(*y), high.max(*y)));
    let window = (high - low + 1) as usize;
    // The rows that one row of the result needs, with replicated ends, in a ring.
    let wide = length + 2 * margin;
    let (mut ring, mut row) = (vec![0.0_f32; window * wide], vec![0; length]);
    let slot = |y: isize| (y - low as isize).rem_euclid(window as isize) as usize;
    let mut load = |y: isize, ring: &mut [f32]| {
        samples.row(y, &mut row);
        let out = &mut ring[slot(y) * wide..][..wide];
        for (at, out) in out.iter_mut().enumerate() {
            let x = at as isize - margin as isize;
            let inside = if x < 0 {
                x.rem_euclid(channels as isize) as usize
            } else if x as usize >= length {
                length - channels + (x as usize - length) % channels
            } else {
                x as usize
            };
            *out = row[inside] as f32;
        }
    };
    (low as isize..high as isize).for_each(|y| load(y, &mut ring));
    let mut data = vec![S::default(); samples.data.len()];
    let mut sums = vec![0.0_f32; length];
    for (y, out) in data.chunks_exact_mut(length).enumerate() {
        load(y as isize + high as isize, &mut ring);
        sums.fill(0.0);
        for ([dx, dy], weight) in taps {
            let start = slot(y as isize + *dy as isize) * wide + margin;
            let from = (start as isize + *dx as isize * channels as isize) as usize;
            for (sum, value) in sums.iter_mut().zip(&ring[from..from + length]) {
                *sum += value * weight;
            }
        }
        if channels == 4 {
            for (out, [r, g, b, a]) in out.as_chunks_mut::<4>().0.iter_mut().zip(sums.as_chunks::<4>().0) {
                let colour = |sum: f32| if *a < 0.5 / 255.0 { S::default() } else { S::of_number(sum / a) };
                *out = [colour(*r), colour(*g), colour(*b), S::of_number(*a)];
            }
        } else {
            out.iter_mut().zip(&sums).for_each(|(out, sum)| *out = S::of_number(*sum));
        }
    }
    with_samples(&image, data, channels)
}

/// The median of each colour over the square of `2 · radius + 1` pixels a side, by a histogram that moves along the row (T. S.
/// Huang, "Two-dimensional digital signal processing II", 1981), which for 16 bits would be larger than the square: there each
/// one is found by itself. Alpha stays. A planar picture stays as it is.
pub(crate) fn median(image: Image, radius: u32) -> Image {
    if image.representation().is_deep() { deep_median(image, radius) } else { quick_median(image, radius) }
}

fn deep_median(image: Image, radius: u32) -> Image {
    let Some(samples) = Samples::<u16>::of(&image).filter(|_| radius > 0) else { return image };
    let (radius, channels) = (radius as isize, samples.channels);
    let (width, height) = (samples.width as isize, samples.height as isize);
    let mut data = samples.data.to_vec();
    let mut near = Vec::new();
    for y in 0..height {
        for x in 0..width {
            for channel in 0..channels.min(3) {
                near.clear();
                for y in y - radius..=y + radius {
                    let row = y.clamp(0, height - 1) * width;
                    let place = |x: isize| (row + x.clamp(0, width - 1)) as usize * channels + channel;
                    near.extend((x - radius..=x + radius).map(|x| samples.data[place(x)]));
                }
                let middle = near.len() / 2;
                let (_, median, _) = near.select_nth_unstable(middle);
                data[(y * width + x) as usize * channels + channel] = *median;
            }
        }
    }
    with_samples(&image, data, channels)
}

fn quick_median(image: Image, radius: u32) -> Image {
    let Some(samples) = Samples::<u8>::of(&image).filter(|_| radius > 0) else { return image };
    let (radius, channels) = (radius as isize, samples.channels);
    let half = ((2 * radius + 1) * (2 * radius + 1) / 2) as u32;
    let (width, height) = (samples.width as isize, samples.height as isize);
    let mut data = samples.data.to_vec();
    for channel in 0..channels.min(3) {
        let at = |x: isize, y: isize| {
            let (x, y) = (x.clamp(0, width - 1), y.clamp(0, height - 1));
            usize::from(samples.data[(y * width + x) as usize * channels + channel])
        };
        for y in 0..height {
            let mut counts = [0_u32; 256];
            for x in -radius..=radius {
                (y - radius..=y + radius).for_each(|y| counts[at(x, y)] += 1);
            }
            // How many values are below the median.
            let (mut middle, mut below) = (0, 0);
            for x in 0..width {
                while below > half {
                    middle -= 1;
                    below -= counts[middle];
                }
                while below + counts[middle] <= half {
                    below += counts[middle];
                    middle += 1;
                }
                data[(y * width + x) as usize * channels + channel] = middle as u8;
                for y in y - radius..=y + radius {
                    let (gone, new) = (at(x - radius, y), at(x + radius + 1, y));
                    counts[gone] -= 1;
                    counts[new] += 1;
                    below = below + u32::from(new < middle) - u32::from(gone < middle);
                }
            }
        }
    }
    with_samples(&image, data, channels)
}

/// Smooths while edges stay: neighbours within a circle count by their distance, and by how far their colour is (C. Tomasi and R.
/// Manduchi, "Bilateral filtering for gray and color images", 1998), which is the sum of the differences of its samples, as in
/// OpenCV. Alpha stays. A planar picture stays as it is.
pub(crate) fn bilateral(image: Image, radius: u32, space: f64, color: f64) -> Image {
    by_depth!(image, bilateral_of(image, radius, space, color))
}

fn bilateral_of<S: Sample>(image: Image, radius: u32, space: f64, color: f64) -> Image {
    let Some(samples) = Samples::<S>::of(&image).filter(|_| radius > 0) else { return image };
    let (radius, channels) = (radius as i32, samples.channels);
    let colors = channels.min(3);
    let weight = |distance: f64, sigma: f64| (-0.5 * (distance / sigma).powi(2)).exp() as f32;
    // By the sum of the differences in sixteenths of a level, if there are any.
    let parts = S::STEPS.min(16);
    let by_color: Vec<f32> =
        (0..=255 * 3 * parts).map(|distance| weight(f64::from(distance) / f64::from(parts), color)).collect();
    let mut near = Vec::new();
    for y in -radius..=radius {
        for x in -radius..=radius {
            let distance = f64::from(x * x + y * y).sqrt();
            if distance <= f64::from(radius) {
                near.push(([x as isize, y as isize], weight(distance, space)));
            }
        }
    }
    let (width, height) = (samples.width as isize, samples.height as isize);
    let pixel = |x: isize, y: isize| {
        let (x, y) = (x.clamp(0, width - 1), y.clamp(0, height - 1));
        &samples.data[(y * width + x) as usize * channels..][..colors]
    };
    let mut data = samples.data.to_vec();
    for y in 0..height {
        for x in 0..width {
            let own = pixel(x, y);
            let (mut sums, mut total) = ([0.0_f32; 3], 0.0_f32);
            for ([dx, dy], by_space) in &near {
                let other = pixel(x + dx, y + dy);
                let distance: usize =
                    own.iter().zip(other).map(|(own, other)| own.index().abs_diff(other.index())).sum();
                let weight = by_space * by_color[distance * parts as usize / S::STEPS as usize];
                total += weight;
                sums.iter_mut().zip(other).for_each(|(sum, value)| *sum += weight * value.number());
            }
            let out = &mut data[(y * width + x) as usize * channels..][..colors];
            out.iter_mut().zip(sums).for_each(|(out, sum)| *out = S::of_number(sum / total));
        }
    }
    with_samples(&image, data, channels)
}

/// The taps of a line through the middle of a pixel: its length in pixels, its angle clockwise from the horizontal. Every
/// quarter of a pixel of the line counts alike, shared by the four pixels around it.
pub(crate) fn line(length: f64, degrees: f64) -> Vec<Tap> {
    let (sine, cosine) = degrees.to_radians().sin_cos();
    let count = (length * 4.0).ceil() as i32 + 1;
    let mut weights = std::collections::BTreeMap::<[i32; 2], f64>::new();
    for at in 0..count {
        let along = if count == 1 { 0.0 } else { (f64::from(at) / f64::from(count - 1) - 0.5) * length };
        // To a millionth of a pixel, so that a straight line stays on its row.
        let [x, y] = [along * cosine, along * sine].map(|place| (place * 1e6).round() / 1e6);
        let ([left, top], [right, bottom]) = ([x.floor(), y.floor()], [x - x.floor(), y - y.floor()]);
        for (dx, across) in [(0, 1.0 - right), (1, right)] {
            for (dy, down) in [(0, 1.0 - bottom), (1, bottom)] {
                if across * down > 0.0 {
                    *weights.entry([left as i32 + dx, top as i32 + dy]).or_default() += across * down;
                }
            }
        }
    }
    weights.into_iter().map(|(place, weight)| (place, (weight / f64::from(count)) as f32)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Pixels;
    use crate::image::testing::{flat, noise};
    use crate::image::{Representation, Size};

    #[test]
    fn a_flat_picture_stays_flat_at_every_size() {
        for (width, height) in [(1, 1), (1, 9), (9, 1), (5, 7)] {
            for representation in [Representation::Gray, Representation::Rgb, Representation::Rgba] {
                let image = || flat(Size::new(width, height), representation, 77);
                assert_eq!(box_mean(image(), 20), image());
                assert_eq!(blocks(image(), 4), image());
                assert_eq!(convolve(image(), &line(31.0, 30.0)), image());
                assert_eq!(median(image(), 3), image());
                assert_eq!(bilateral(image(), 5, 3.0, 30.0), image());
            }
        }
    }

    #[test]
    fn a_box_is_the_mean_of_what_is_in_it() {
        for representation in [Representation::Gray, Representation::Rgb, Representation::Rgb16] {
            for (width, height, radius) in [(9, 7, 2), (5, 3, 6), (1, 4, 1), (30, 20, 130)] {
                let image = noise(Size::new(width, height), representation, radius);
                let numbers = |image: &Image| -> Vec<u64> {
                    let (deep, narrow) = (u16::interleaved(&image.pixels), u8::interleaved(&image.pixels));
                    let deep = deep.map(|(samples, _)| samples.iter().map(|sample| u64::from(*sample)).collect());
                    deep.or_else(|| Some(narrow?.0.iter().map(|sample| u64::from(*sample)).collect())).unwrap()
                };
                let data = numbers(&image);
                let channels = data.len() / image.size.pixels() as usize;
                let found = numbers(&box_mean(image, radius));
                let reach = i64::from(radius);
                let inside = |at: i64, side: u32| at.clamp(0, i64::from(side) - 1) as usize;
                for (at, found) in found.into_iter().enumerate() {
                    let (x, y) = ((at / channels) as i64 % i64::from(width), (at / channels) as i64 / i64::from(width));
                    let rows = (y - reach..=y + reach).map(|y| inside(y, height) * width as usize);
                    let sum: u64 = rows
                        .flat_map(|row| (x - reach..=x + reach).map(move |x| row + inside(x, width)))
                        .map(|pixel| data[pixel * channels + at % channels])
                        .sum();
                    let count = (2 * u64::from(radius) + 1).pow(2);
                    assert_eq!(found, (2 * sum + count) / (2 * count), "{representation:?} {width}×{height} {radius}");
                }
            }
        }
    }

    #[test]
    fn a_line_without_length_changes_nothing() {
        let image = noise(Size::new(7, 5), Representation::Rgb, 3);
        assert_eq!(line(0.0, 45.0), [([0, 0], 1.0)]);
        assert_eq!(convolve(image.clone(), &line(0.0, 45.0)), image);
        assert!(line(10.0, 0.0).iter().all(|([_, y], _)| *y == 0));
        assert!(line(10.0, 90.0).iter().all(|([x, _], _)| *x == 0));
        assert!((line(17.3, 77.0).iter().map(|(_, weight)| weight).sum::<f32>() - 1.0).abs() < 1e-6);
    }

    #[test]
    fn hidden_colour_does_not_show() {
        let image = Image::new(Size::new(2, 1), Pixels::Rgba(vec![255, 255, 255, 0, 0, 0, 0, 255]));
        let Pixels::Rgba(data) = box_mean(image, 1).pixels else { panic!("alpha") };
        assert_eq!(data, [0, 0, 0, 85, 0, 0, 0, 170]);
    }
}
