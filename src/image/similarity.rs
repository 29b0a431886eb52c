//! How similar two pictures look: MS-SSIM (Wang, Simoncelli, Bovik: Multiscale structural similarity for image quality
//! assessment, 2003), of brightness. 1 is equal; JPEG of quality 60 has about 0.995.

use std::borrow::Cow;

use super::convert::{composite, convert};
use super::depth::at_a_glance;
use super::{Image, Pixels, Representation, Size};

/// How much each scale counts, the finest first (table 1 there).
const WEIGHTS: [f64; 5] = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333];
/// Side of the window.
const WINDOW: usize = 11;
const SIGMA: f64 = 1.5;
/// What keeps the quotients steady where there is little to compare: (K₁ · 255)² and (K₂ · 255)².
const STEADY: (f64, f64) = ((0.01 * 255.0) * (0.01 * 255.0), (0.03 * 255.0) * (0.03 * 255.0));
/// What translucent pixels are seen on: neither white nor black hides in it.
const GROUND: [u8; 3] = [128; 3];

/// The brightness of a picture, 0…255, in encoded values (BT.601).
#[derive(Clone, Debug)]
pub struct Luma {
    size: Size,
    values: Vec<f32>,
}

impl Luma {
    /// Of a picture; transparent parts are seen on gray.
    pub fn of(image: &Image) -> Self {
        let image = &*at_a_glance(image);
        let values = match &image.pixels {
            Pixels::Gray(gray) => gray.iter().map(|value| f32::from(*value)).collect(),
            Pixels::Ycc(ycc) => ycc.y.data.iter().map(|value| f32::from(*value)).collect(),
            Pixels::Deep(_) => Vec::new(),
            Pixels::Rgb(_) | Pixels::Rgba(_) => {
                let rgb = convert(composite(image.clone(), GROUND), Representation::Rgb);
                let Pixels::Rgb(rgb) = rgb.pixels else { return Self { size: image.size, values: Vec::new() } };
                let luma = |[red, green, blue]: &[u8; 3]| {
                    0.299 * f32::from(*red) + 0.587 * f32::from(*green) + 0.114 * f32::from(*blue)
                };
                rgb.as_chunks().0.iter().map(luma).collect()
            }
        };
        Self { size: image.size, values }
    }

    fn row(&self, y: usize) -> &[f32] {
        let width = self.size.width as usize;
        &self.values[y * width..][..width]
    }

    /// Half as large: the mean of each four pixels. An odd row or column at the end is left out.
    fn halved(&self) -> Self {
        let size = Size::new(self.size.width / 2, self.size.height / 2);
        let mut values = Vec::with_capacity(size.pixels() as usize);
        for y in 0..size.height as usize {
            let (upper, lower) = (self.row(2 * y).as_chunks::<2>().0, self.row(2 * y + 1).as_chunks::<2>().0);
            values.extend(upper.iter().zip(lower).map(|([a, b], [c, d])| (a + b + c + d) / 4.0));
        }
        Self { size, values }
    }
}

/// The similarity of two pictures of the same size, 0…1.
///
/// Small pictures have fewer scales: none at which the window does not fit, except the first one, whose window is smaller then.
///
/// # Panics
/// If the sizes differ.
pub fn similarity(one: &Luma, other: &Luma) -> f64 {
    assert_eq!(one.size, other.size);
    let shorter = one.size.width.min(one.size.height) as usize;
    let scales = (1..WEIGHTS.len()).take_while(|scale| shorter >> scale >= WINDOW).count() + 1;
    let total: f64 = WEIGHTS[..scales].iter().sum();
    let (mut one, mut other) = (Cow::Borrowed(one), Cow::Borrowed(other));
    let mut product = 1.0;
    for (scale, weight) in WEIGHTS[..scales].iter().enumerate() {
        let (whole, structure) = means(&one, &other);
        let is_last = scale + 1 == scales;
        product *= if is_last { whole } else { structure }.max(0.0).powf(weight / total);
        if !is_last {
            (one, other) = (Cow::Owned(one.halved()), Cow::Owned(other.halved()));
        }
    }
    product.min(1.0)
}

/// A normalised Gaussian window.
fn window(length: usize) -> Vec<f32> {
    let middle = (length as f64 - 1.0) / 2.0;
    let values: Vec<f64> =
        (0..length).map(|at| (-(at as f64 - middle).powi(2) / (2.0 * SIGMA * SIGMA)).exp()).collect();
    let sum: f64 = values.iter().sum();
    values.iter().map(|value| (value / sum) as f32).collect()
}

/// The sums of products that a window needs: both means, both mean squares, and the mean product.
const MAPS: usize = 5;

/// The mean over all windows of SSIM, and of its part for contrast and structure.
fn means(one: &Luma, other: &Luma) -> (f64, f64) {
    let (width, height) = (one.size.width as usize, one.size.height as usize);
    let window = window(WINDOW.min(width).min(height));
    let across = width - window.len() + 1;
    // The last rows, filtered across.
    let mut rows: Vec<[Vec<f32>; MAPS]> = vec![std::array::from_fn(|_| vec![0.0; across]); window.len()];
    let mut products = vec![0.0; width];
    let mut sums: [Vec<f32>; MAPS] = std::array::from_fn(|_| vec![0.0; across]);
    let (mut whole, mut structure) = (0.0, 0.0);
    for y in 0..height {
        let (a, b) = (one.row(y), other.row(y));
        let filtered = &mut rows[y % window.len()];
        for (map, filtered) in filtered.iter_mut().enumerate() {
            let (left, right) = [(a, None), (b, None), (a, Some(a)), (b, Some(b)), (a, Some(b))][map];
            match right {
                None => products.copy_from_slice(left),
                Some(right) => {
                    for ((product, left), right) in products.iter_mut().zip(left).zip(right) {
                        *product = left * right;
                    }
                }
            }
            filtered.fill(0.0);
            for (shift, weight) in window.iter().enumerate() {
                add(filtered, &products[shift..], *weight);
            }
        }
        let Some(first) = (y + 1).checked_sub(window.len()) else { continue };
        for (map, sum) in sums.iter_mut().enumerate() {
            sum.fill(0.0);
            for (shift, weight) in window.iter().enumerate() {
                add(sum, &rows[(first + shift) % window.len()][map], *weight);
            }
        }
        let [means_a, means_b, squares_a, squares_b, products] = &sums;
        let windows = means_a.iter().zip(means_b).zip(squares_a).zip(squares_b).zip(products);
        for ((((mean_a, mean_b), square_a), square_b), product) in windows {
            let [mean_a, mean_b, square_a, square_b, product] =
                [mean_a, mean_b, square_a, square_b, product].map(|value| f64::from(*value));
            let (variance_a, variance_b) = (square_a - mean_a * mean_a, square_b - mean_b * mean_b);
            let covariance = product - mean_a * mean_b;
            let part = (2.0 * covariance + STEADY.1) / (variance_a + variance_b + STEADY.1);
            let light = (2.0 * mean_a * mean_b + STEADY.0) / (mean_a * mean_a + mean_b * mean_b + STEADY.0);
            structure += part;
            whole += light * part;
        }
    }
    let count = (across * (height - window.len() + 1)) as f64;
    (whole / count, structure / count)
}

fn add(sums: &mut [f32], values: &[f32], weight: f32) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += weight * value;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::codecs::DecodeRequest;

    /// Pictures and what `tests/oracles/similarity.py` (NumPy and SciPy, checked against scikit-image) measures between them.
    #[test]
    fn similarities_are_those_of_numpy_and_scikit_image() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/similarity");
        let cases: Value = serde_json::from_slice(&std::fs::read(folder.join("expected.json")).unwrap()).unwrap();
        let read = |name: &Value| {
            let bytes = std::fs::read(folder.join(name.as_str().unwrap())).unwrap();
            let header = crate::codecs::probe(&bytes, "test").unwrap();
            let request = DecodeRequest::whole(&header);
            Luma::of(&crate::codecs::decode(&bytes, &header, &request, "test").unwrap().image)
        };
        let cases = cases.as_array().unwrap();
        assert!(cases.len() >= 12);
        for case in cases {
            let found = similarity(&read(&case["one"]), &read(&case["other"]));
            let expected = case["similarity"].as_f64().unwrap();
            assert!((found - expected).abs() < 2e-4, "{case}: {found}");
        }
    }

    #[test]
    fn equal_pictures_of_any_size_are_equal_and_others_are_not() {
        for (width, height) in [(1, 1), (1, 40), (10, 11), (11, 300), (64, 64)] {
            let size = Size::new(width, height);
            let gray = |by: u32| {
                let values = (0..width * height).map(|at| ((at * 37) % 211 / by) as u8).collect();
                Luma::of(&Image::new(size, Pixels::Gray(values)))
            };
            assert!((similarity(&gray(1), &gray(1)) - 1.0).abs() < 1e-6);
            if width * height > 1 {
                assert!(similarity(&gray(1), &gray(3)) < 0.95, "{width} × {height}");
            }
        }
    }

    #[test]
    fn transparent_parts_are_seen_on_gray() {
        let size = Size::new(2, 1);
        let hidden = Luma::of(&Image::new(size, Pixels::Rgba(vec![255, 0, 0, 0, 9, 9, 9, 255])));
        assert_eq!(hidden.values[0], 128.0);
        assert!((hidden.values[1] - 9.0).abs() < 1e-3);
    }
}
