//! Non-local means: noise is removed by the mean of pixels whose surroundings look alike (A. Buades, B. Coll and J.-M. Morel, "A
//! non-local algorithm for image denoising", 2005), as OpenCV has it.
//!
//! For each distance between two pixels, the differences of whole rows are squared, and sums over the surroundings move down
//! with the rows; both pixels of a pair share one weight. So the cost does not grow with the surroundings. Rows are processed in
//! bands, which bounds the memory.

use super::Image;
use super::depth::{Sample, by_depth};

/// Half the side of the surroundings that are compared: 5 × 5 pixels.
const PATCH: usize = 2;
/// Half the side of the square that is searched: 15 × 15 pixels.
const SEARCH: usize = 7;
/// Rows of the picture that are read above and below a band.
const REACH: usize = SEARCH + PATCH;
/// Columns to the left and the right of the picture: a pair may start and end there.
const MARGIN: usize = 2 * SEARCH + PATCH;
/// Rows that are processed together.
const BAND: usize = 64;
/// Weights below this count as none.
const LEAST: f32 = 0.001;

/// Removes noise up to a standard deviation of about `strength` levels. Alpha stays; a planar picture stays as it is.
pub(crate) fn non_local_means(image: Image, strength: f64) -> Image {
    by_depth!(image, means_of(image, strength))
}

fn means_of<S: Sample>(mut image: Image, strength: f64) -> Image {
    let (width, height) = (image.size.width as usize, image.size.height as usize);
    let Some((data, channels)) = S::interleaved_mut(&mut image.pixels) else { return image };
    let source = data.to_vec();
    for top in (0..height).step_by(BAND) {
        let rows = BAND.min(height - top);
        let mut band = Band::new(&source, (width, height), channels, top, rows);
        band.compare(strength);
        band.store(&mut data[top * width * channels..][..rows * width * channels], channels);
    }
    image
}

/// A place in a side of a picture that is mirrored at its ends, which are not repeated.
fn mirrored(at: isize, side: usize) -> usize {
    let period = (2 * side as isize - 2).max(1);
    let at = at.rem_euclid(period) as usize;
    if at < side { at } else { period as usize - at }
}

/// Some rows of a picture with their surroundings.
struct Band {
    width: usize,
    rows: usize,
    /// Samples of a row with its margins.
    stride: usize,
    /// For each colour, the samples of all rows, also of those around the band.
    planes: Vec<Vec<f32>>,
    /// For each colour, the weighted sums of the band's rows; then the sums of the weights.
    sums: Vec<Vec<f32>>,
}

impl Band {
    fn new<S: Sample>(data: &[S], (width, height): (usize, usize), channels: usize, top: usize, rows: usize) -> Self {
        let stride = width + 2 * MARGIN;
        let columns: Vec<_> = (0..stride).map(|x| mirrored(x as isize - MARGIN as isize, width)).collect();
        let plane = |channel: usize| {
            let mut plane = Vec::with_capacity((rows + 2 * REACH) * stride);
            for y in 0..rows + 2 * REACH {
                let row = mirrored((top + y) as isize - REACH as isize, height) * width;
                plane.extend(columns.iter().map(|x| data[(row + x) * channels + channel].level()));
            }
            plane
        };
        let planes: Vec<_> = (0..channels.min(3)).map(plane).collect();
        // Each pixel is like itself.
        let own = planes.iter().map(|plane| plane[REACH * stride..][..rows * stride].to_vec());
        let sums = own.chain([vec![1.0; rows * stride]]).collect();
        Self { width, rows, stride, planes, sums }
    }

    /// Adds each pixel that may be alike to the sums of the other.
    fn compare(&mut self, strength: f64) {
        let side = (2 * PATCH + 1) as f64;
        let scale = (1.0 / (side * side * self.planes.len() as f64 * strength * strength)) as f32;
        let mut scratch = Scratch::new(self.width + 2 * REACH);
        let search = SEARCH as isize;
        for down in 0..=SEARCH {
            for across in if down == 0 { 1 } else { -search }..=search {
                self.compare_at((across, down), scale, &mut scratch);
            }
        }
    }

    /// All pairs of pixels that are so far apart.
    fn compare_at(&mut self, (across, down): (isize, usize), scale: f32, scratch: &mut Scratch) {
        scratch.clear();
        let first = MARGIN - REACH;
        let far = (down * self.stride).wrapping_add_signed(across);
        for (step, row) in (REACH - down - PATCH..REACH + self.rows + PATCH).enumerate() {
            let start = row * self.stride + first;
            scratch.push(step, self.planes.iter().map(|plane| (&plane[start..], &plane[start + far..])));
            if step < 2 * PATCH {
                continue;
            }
            scratch.weigh(scale);
            let (one, start) = (row - PATCH, first + PATCH);
            let other = one + down;
            if one >= REACH {
                let from = other * self.stride + start.wrapping_add_signed(across);
                self.add((one - REACH) * self.stride + start, from, &scratch.weights);
            }
            if other < REACH + self.rows {
                let to = (other - REACH) * self.stride + start.wrapping_add_signed(across);
                self.add(to, one * self.stride + start, &scratch.weights);
            }
        }
    }

    /// Adds weighted samples that start at `from` to the sums that start at `to`.
    fn add(&mut self, to: usize, from: usize, weights: &[f32]) {
        for (sums, plane) in self.sums.iter_mut().zip(&self.planes) {
            for ((sum, sample), weight) in sums[to..].iter_mut().zip(&plane[from..]).zip(weights) {
                *sum += sample * weight;
            }
        }
        if let Some(sums) = self.sums.last_mut() {
            sums[to..].iter_mut().zip(weights).for_each(|(sum, weight)| *sum += weight);
        }
    }

    /// Replaces the colours of the band's rows by their means.
    fn store<S: Sample>(&self, data: &mut [S], channels: usize) {
        let Some((totals, sums)) = self.sums.split_last() else { return };
        for (y, row) in data.chunks_exact_mut(self.width * channels).enumerate() {
            let start = y * self.stride + MARGIN;
            for (x, pixel) in row.chunks_exact_mut(channels).enumerate() {
                for (value, sums) in pixel.iter_mut().zip(sums) {
                    *value = S::of_level(sums[start + x] / totals[start + x]);
                }
            }
        }
    }
}

/// What is known of the rows of pairs.
struct Scratch {
    /// The squared differences of the last rows. They are whole numbers, and so are sums of them.
    rows: [Vec<f32>; 2 * PATCH + 1],
    /// Their sums down.
    columns: Vec<f32>,
    /// The weight of each pair.
    weights: Vec<f32>,
}

impl Scratch {
    fn new(length: usize) -> Self {
        let row = || vec![0.0; length];
        Self { rows: std::array::from_fn(|_| row()), columns: row(), weights: vec![0.0; length - 2 * PATCH] }
    }

    fn clear(&mut self) {
        self.rows.iter_mut().chain([&mut self.columns]).for_each(|row| row.fill(0.0));
    }

    /// Moves the sums down by a row, given its samples and those that they are compared with, for each colour.
    fn push<'a>(&mut self, step: usize, planes: impl Iterator<Item = (&'a [f32], &'a [f32])>) {
        let row = &mut self.rows[step % (2 * PATCH + 1)];
        self.columns.iter_mut().zip(row.iter()).for_each(|(sum, gone)| *sum -= gone);
        row.fill(0.0);
        for (one, other) in planes {
            for ((square, one), other) in row.iter_mut().zip(one).zip(other) {
                *square += (one - other) * (one - other);
            }
        }
        self.columns.iter_mut().zip(row.iter()).for_each(|(sum, new)| *sum += new);
    }

    /// The weights of the pairs in the middle one of the rows: e to the power of minus the mean difference.
    fn weigh(&mut self, scale: f32) {
        for (weight, columns) in self.weights.iter_mut().zip(self.columns.windows(2 * PATCH + 1)) {
            let sum = columns[0] + columns[1] + columns[2] + columns[3] + columns[4];
            // (1 − x / 256)^256, which needs no call for each pixel.
            let mut power = (1.0 - sum * scale * (1.0 / 256.0)).max(0.0);
            for _ in 0..8 {
                power *= power;
            }
            *weight = if power < LEAST { 0.0 } else { power };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Pixels;
    use crate::image::testing::{flat, noise};
    use crate::image::{Representation, Size};

    #[test]
    fn an_even_picture_stays_and_the_smallest_finish() {
        for representation in [Representation::Gray, Representation::Rgb, Representation::Rgba] {
            let image = flat(Size::new(40, 70), representation, 77);
            assert_eq!(non_local_means(image.clone(), 9.0), image);
            for size in [Size::new(1, 1), Size::new(2, 3), Size::new(300, 1), Size::new(1, 200)] {
                assert!(non_local_means(noise(size, representation, 4), 30.0).is_consistent());
            }
        }
    }

    #[test]
    fn bands_leave_no_seams() {
        // The same rows, in the middle of a band and across its end.
        let image = noise(Size::new(20, 200), Representation::Gray, 8);
        let Pixels::Gray(data) = &image.pixels else { panic!("gray") };
        let part = Image::new(Size::new(20, 100), Pixels::Gray(data[20 * 50..20 * 150].to_vec()));
        let (Pixels::Gray(all), Pixels::Gray(part)) =
            (non_local_means(image, 60.0).pixels, non_local_means(part, 60.0).pixels)
        else {
            panic!("gray")
        };
        let near =
            all[20 * 60..20 * 140].iter().zip(&part[20 * 10..20 * 90]).all(|(one, other)| one.abs_diff(*other) <= 1);
        assert!(near);
    }

    #[test]
    fn alpha_stays_and_weighs_nothing() {
        let rgb = noise(Size::new(30, 20), Representation::Rgb, 2);
        let mut rgba = crate::image::convert::convert(rgb.clone(), Representation::Rgba);
        if let Pixels::Rgba(data) = &mut rgba.pixels {
            data.as_chunks_mut::<4>().0.iter_mut().enumerate().for_each(|(at, pixel)| pixel[3] = at as u8);
        }
        let (Pixels::Rgb(rgb), Pixels::Rgba(rgba)) =
            (non_local_means(rgb, 50.0).pixels, non_local_means(rgba, 50.0).pixels)
        else {
            panic!("both keep their representation")
        };
        for (at, (rgb, [r, g, b, a])) in rgb.as_chunks::<3>().0.iter().zip(rgba.as_chunks().0).enumerate() {
            assert_eq!((*rgb, at as u8), ([*r, *g, *b], *a));
        }
    }
}
