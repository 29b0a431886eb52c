//! Where a picture draws attention: the place of a smaller window with the most of interest in it.
//!
//! After smartcrop.js (Jonas Wagner, MIT licence): on a picture of at most [`SIDE`] pixels a side, each pixel scores by its
//! edges, and by how much it looks like skin or is saturated, most of all where there are edges too.

use super::convert::convert;
use super::depth::at_a_glance;
use super::recolor::recolor;
use super::resample::{Filter, Window, resample};
use super::{Image, Pixels, Representation, Size};
use crate::color::ColorSpace;
use crate::error::Failure;

/// The longer side of the picture that is judged.
const SIDE: u32 = 100;
/// Places that are tried along a side.
const PLACES: u32 = 200;
/// The direction of skin colours in RGB.
const SKIN: [f64; 3] = [0.78, 0.57, 0.44];

/// The upper left corner of the window in which the most of interest lies near the middle: a pixel counts for its score ×
/// (1 − p²), where p is its distance from the window's middle along the axis, 1 at the edge. If no place is better than
/// the middle, it is that.
///
/// # Errors
/// A system failure when the picture's buffers do not fit its size, which would be a bug.
pub(crate) fn best_place(image: &Image, window: Size) -> Result<(u32, u32), Failure> {
    if window == image.size {
        return Ok((0, 0));
    }
    let scored = Scored::of(image)?;
    Ok((
        along(&scored.columns(), image.size.width, window.width),
        along(&scored.rows(), image.size.height, window.height),
    ))
}

/// The best start of `inner` in `outer`, which has the given scores along it.
fn along(scores: &[f64], outer: u32, inner: u32) -> u32 {
    let room = outer.saturating_sub(inner);
    let step = f64::from(outer) / scores.len() as f64;
    let score = |start: u32| -> f64 {
        let weighed = scores.iter().enumerate().map(|(at, score)| {
            let place = ((at as f64 + 0.5) * step - f64::from(start)) / f64::from(inner) * 2.0 - 1.0;
            score * (1.0 - place * place).max(0.0)
        });
        weighed.sum()
    };
    let places = room.min(PLACES);
    let mut best = (score(room / 2), room / 2);
    for place in 0..=places {
        let start = (u64::from(room) * u64::from(place) / u64::from(places.max(1))) as u32;
        let found = score(start);
        // What rounding makes of equal scores does not count.
        if found > best.0 * (1.0 + 1e-6) {
            best = (found, start);
        }
    }
    best.1
}

/// A score for each pixel of a reduced picture.
struct Scored {
    width: usize,
    scores: Vec<f64>,
}

impl Scored {
    fn of(image: &Image) -> Result<Self, Failure> {
        let longer = image.size.width.max(image.size.height);
        let side = |side: u32| match longer {
            0..=SIDE => side,
            _ => ((f64::from(side) * f64::from(SIDE) / f64::from(longer) + 0.5) as u32).max(1),
        };
        let size = Size::new(side(image.size.width), side(image.size.height));
        let reduced = resample(image, Window::all(image.size), size, Filter::Bilinear)?;
        let reduced = recolor(at_a_glance(&reduced).into_owned(), &ColorSpace::SRGB);
        let reduced = convert(reduced, Representation::Rgba);
        let Pixels::Rgba(rgba) = &reduced.pixels else {
            return Err(Failure::system("A picture could not be judged.", "Report this as a bug."));
        };
        let pixels: Vec<[f64; 4]> =
            rgba.as_chunks::<4>().0.iter().map(|pixel| pixel.map(|value| f64::from(value) / 255.0)).collect();
        let (width, height) = (size.width as usize, size.height as usize);
        let brightness: Vec<f64> = pixels.iter().map(|[r, g, b, _]| 0.299 * r + 0.587 * g + 0.114 * b).collect();
        let at = |x: usize, y: usize| brightness[y.min(height - 1) * width + x.min(width - 1)];
        let scores = pixels.iter().enumerate().map(|(index, [r, g, b, alpha])| {
            let (x, y) = (index % width, index / width);
            let around = at(x.saturating_sub(1), y) + at(x + 1, y) + at(x, y.saturating_sub(1)) + at(x, y + 1);
            alpha * score([*r, *g, *b], brightness[index], (4.0 * brightness[index] - around).abs().min(1.0))
        });
        Ok(Self { width, scores: scores.collect() })
    }

    fn columns(&self) -> Vec<f64> {
        (0..self.width).map(|x| self.scores.iter().skip(x).step_by(self.width).sum()).collect()
    }

    fn rows(&self) -> Vec<f64> {
        self.scores.chunks_exact(self.width).map(|row| row.iter().sum()).collect()
    }
}

/// How much of interest a pixel is; the constants are those of smartcrop.js.
fn score(color: [f64; 3], brightness: f64, edge: f64) -> f64 {
    let skin = if (0.2..=1.0).contains(&brightness) { above(skin(color), 0.8) } else { 0.0 };
    let saturation = if (0.05..=0.9).contains(&brightness) { above(saturation(color), 0.4) } else { 0.0 };
    0.2 * edge + 1.8 * skin * (edge + 0.01) + 0.1 * saturation * (edge + 0.2)
}

/// What of a share is above a threshold, from 0 to 1.
fn above(share: f64, threshold: f64) -> f64 {
    ((share - threshold) / (1.0 - threshold)).max(0.0)
}

/// 1 for the colour of skin, less the further the direction of a colour is from it.
fn skin(color: [f64; 3]) -> f64 {
    let length = color.iter().map(|value| value * value).sum::<f64>().sqrt();
    if length == 0.0 {
        return 0.0;
    }
    let square = |at: usize| (color[at] / length - SKIN[at]) * (color[at] / length - SKIN[at]);
    1.0 - (square(0) + square(1) + square(2)).sqrt()
}

/// Saturation as in HSL.
fn saturation([r, g, b]: [f64; 3]) -> f64 {
    let (high, low) = (r.max(g).max(b), r.min(g).min(b));
    if high == low {
        return 0.0;
    }
    let sum = high + low;
    (high - low) / if sum > 1.0 { 2.0 - sum } else { sum }
}
