//! Values over a picture of reduced size: four per pixel ([`Field`]) or one ([`Map`]), box means over them, and reading
//! them at the pixels of a larger picture.
//!
//! Four values per pixel are one vector register, so that a box mean of colour and opacity costs what one plane would.

use super::Size;

/// One value per pixel, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Map {
    /// Size in pixels.
    pub size: Size,
    /// `width × height` values.
    pub data: Vec<f32>,
}

/// Four values per pixel, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Size in pixels.
    pub size: Size,
    /// `width × height` quadruples.
    pub data: Vec<[f32; 4]>,
}

impl Field {
    /// A field of one value.
    pub fn filled(size: Size, value: [f32; 4]) -> Self {
        Self { size, data: vec![value; size.pixels() as usize] }
    }

    /// Replaces every value with the mean over the square of `2 · radius + 1` pixels a side around it, or over the part
    /// of the square within the picture. `scratch` is any buffer that can be reused.
    ///
    /// Running sums in single precision: for values up to 1 the error stays below 10⁻⁵.
    pub fn box_mean(&mut self, radius: usize, scratch: &mut Vec<[f32; 4]>) {
        let (width, height) = (self.size.width as usize, self.size.height as usize);
        scratch.clear();
        scratch.resize(self.data.len(), [0.0; 4]);
        for (row, out) in self.data.chunks_exact(width).zip(scratch.chunks_exact_mut(width)) {
            mean_of_row(row, out, radius);
        }
        // Down: one running sum per column.
        let mut sums = vec![[0.0_f32; 4]; width];
        for row in scratch.chunks_exact(width).take(radius) {
            add(&mut sums, row);
        }
        for (y, out) in self.data.chunks_exact_mut(width).enumerate() {
            if y + radius < height {
                add(&mut sums, &scratch[(y + radius) * width..][..width]);
            }
            if y > radius {
                subtract(&mut sums, &scratch[(y - radius - 1) * width..][..width]);
            }
            let count = (y + radius).min(height - 1) + 1 - y.saturating_sub(radius);
            let scale = 1.0 / count as f32;
            for (out, sum) in out.iter_mut().zip(&sums) {
                *out = sum.map(|value| value * scale);
            }
        }
    }
}

fn mean_of_row(row: &[[f32; 4]], out: &mut [[f32; 4]], radius: usize) {
    let width = row.len();
    let mut sum = [0.0_f32; 4];
    for value in row.iter().take(radius) {
        add_one(&mut sum, value);
    }
    for x in 0..width {
        if x + radius < width {
            add_one(&mut sum, &row[x + radius]);
        }
        if x > radius {
            let gone = &row[x - radius - 1];
            for channel in 0..4 {
                sum[channel] -= gone[channel];
            }
        }
        let count = (x + radius).min(width - 1) + 1 - x.saturating_sub(radius);
        let scale = 1.0 / count as f32;
        out[x] = sum.map(|value| value * scale);
    }
}

fn add_one(sum: &mut [f32; 4], value: &[f32; 4]) {
    for channel in 0..4 {
        sum[channel] += value[channel];
    }
}

fn add(sums: &mut [[f32; 4]], row: &[[f32; 4]]) {
    for (sum, value) in sums.iter_mut().zip(row) {
        add_one(sum, value);
    }
}

fn subtract(sums: &mut [[f32; 4]], row: &[[f32; 4]]) {
    for (sum, value) in sums.iter_mut().zip(row) {
        for channel in 0..4 {
            sum[channel] -= value[channel];
        }
    }
}

/// The position of a pixel of a larger picture between two samples of a smaller one, along one axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tap {
    /// The sample before.
    pub first: usize,
    /// The sample after; the same one at the end.
    pub second: usize,
    /// Share of the sample after, 0 to 1.
    pub share: f32,
}

/// The taps of `to` pixels on `from` samples that cover the same length, centres aligned, ends replicated.
pub fn taps(from: u32, to: u32) -> Vec<Tap> {
    let scale = f64::from(from) / f64::from(to);
    let last = from as usize - 1;
    (0..to)
        .map(|i| {
            let place = ((f64::from(i) + 0.5) * scale - 0.5).clamp(0.0, last as f64);
            let first = place as usize;
            Tap { first, second: (first + 1).min(last), share: (place - first as f64) as f32 }
        })
        .collect()
}

/// The value at `share` of the way from `one` to `other`.
fn between(one: f32, other: f32, share: f32) -> f32 {
    one + (other - one) * share
}

impl Map {
    /// The value between four samples.
    pub fn at(&self, across: Tap, down: Tap) -> f32 {
        let width = self.size.width as usize;
        let (above, below) = (&self.data[down.first * width..], &self.data[down.second * width..]);
        let above = between(above[across.first], above[across.second], across.share);
        let below = between(below[across.first], below[across.second], across.share);
        between(above, below, down.share)
    }

    /// The map at another size, by linear interpolation between samples.
    pub fn scaled(&self, size: Size) -> Self {
        if size == self.size {
            return self.clone();
        }
        let across = taps(self.size.width, size.width);
        let down = taps(self.size.height, size.height);
        let data = down.iter().flat_map(|down| across.iter().map(|across| self.at(*across, *down))).collect();
        Self { size, data }
    }
}

impl Field {
    /// The values between four samples.
    pub fn at(&self, across: Tap, down: Tap) -> [f32; 4] {
        let width = self.size.width as usize;
        let (above, below) = (&self.data[down.first * width..], &self.data[down.second * width..]);
        let corners = [above[across.first], above[across.second], below[across.first], below[across.second]];
        std::array::from_fn(|i| {
            let above = between(corners[0][i], corners[1][i], across.share);
            let below = between(corners[2][i], corners[3][i], across.share);
            between(above, below, down.share)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(size: Size) -> Field {
        let data = (0..size.pixels() as u32)
            .map(|i| {
                [0.1, 0.5, 0.9, 0.3].map(|v: f32| (v + (i.wrapping_mul(2_654_435_761) >> 20) as f32 / 4096.0) / 2.0)
            })
            .collect();
        Field { size, data }
    }

    /// The definition, in double precision.
    fn mean(field: &Field, x: usize, y: usize, radius: usize, channel: usize) -> f64 {
        let (width, height) = (field.size.width as usize, field.size.height as usize);
        let rows = y.saturating_sub(radius)..(y + radius + 1).min(height);
        let columns = x.saturating_sub(radius)..(x + radius + 1).min(width);
        let count = (rows.len() * columns.len()) as f64;
        let values = rows.flat_map(|y| columns.clone().map(move |x| (x, y)));
        values.map(|(x, y)| f64::from(field.data[y * width + x][channel])).sum::<f64>() / count
    }

    #[test]
    fn a_box_mean_counts_what_lies_inside_the_picture() {
        for (size, radius) in [((31, 17), 3), ((5, 40), 9), ((1, 1), 4), ((3, 2), 45), ((20, 20), 0)] {
            let size = Size::new(size.0, size.1);
            let field = ramp(size);
            let mut blurred = field.clone();
            blurred.box_mean(radius, &mut Vec::new());
            for y in 0..size.height as usize {
                for x in 0..size.width as usize {
                    for channel in 0..4 {
                        let got = f64::from(blurred.data[y * size.width as usize + x][channel]);
                        let expected = mean(&field, x, y, radius, channel);
                        assert!((got - expected).abs() < 1e-5, "{size:?} {radius} at {x},{y}: {got} for {expected}");
                    }
                }
            }
        }
    }

    #[test]
    fn taps_keep_centres_where_they_are() {
        assert_eq!(
            taps(3, 3).iter().map(|tap| (tap.first, tap.share)).collect::<Vec<_>>(),
            [(0, 0.0), (1, 0.0), (2, 0.0)]
        );
        // Four pixels on two samples: centres at −0.25, 0.25, 0.75 and 1.25 samples.
        let places: Vec<_> = taps(2, 4).iter().map(|tap| tap.first as f32 + tap.share).collect();
        assert_eq!(places, [0.0, 0.25, 0.75, 1.0]);
        assert_eq!(taps(1, 5), vec![Tap { first: 0, second: 0, share: 0.0 }; 5]);
    }

    #[test]
    fn a_linear_map_stays_linear_when_scaled() {
        let map =
            Map { size: Size::new(5, 4), data: (0..20).map(|i| (i % 5) as f32 + 10.0 * (i / 5) as f32).collect() };
        let large = map.scaled(Size::new(20, 16));
        for (y, x) in [(6, 7), (2, 2), (13, 17)] {
            let expected = (x as f32 + 0.5) / 4.0 - 0.5 + 10.0 * ((y as f32 + 0.5) / 4.0 - 0.5);
            assert!((large.data[y * 20 + x] - expected).abs() < 1e-4);
        }
    }
}
