//! How much a picture is tilted: the angle of its longest straight edges from horizontal and vertical.
//!
//! A Hough transform (Duda and Hart, "Use of the Hough transformation to detect lines and curves in pictures", 1972) on a
//! picture of at most [`SIDE`] pixels a side, blurred a little. For each angle, every pixel on an edge of about that
//! direction votes for its distance from the middle across that direction; along a straight edge all votes fall together,
//! so an angle scores by the sum of its squared votes. Horizontal and vertical edges count for the same angle.

use super::base::luma;
use super::blur::blurred;
use super::convert::convert;
use super::depth::at_a_glance;
use super::resample::{Filter, Window, resample};
use super::warp::turn;
use super::{Image, Pixels, Representation, Size};
use crate::error::Failure;

/// The longer side of the picture that is judged.
const SIDE: u32 = 512;
/// Pictures with a shorter side have no direction.
const LEAST_SIDE: u32 = 16;
/// The most pixels that vote: those with the strongest edges.
const VOTES: usize = 20_000;
/// An edge weaker than this does not vote; a step from black to white is about 1.
const WEAKEST: f32 = 0.02;
/// Steps of the angle in degrees, in the first and in the second search.
const STEPS: [f64; 2] = [0.5, 0.05];
/// An edge votes for directions up to this far from its own: the tangent of 4°.
const NEAR: f32 = 0.07;
/// How many times the median score the best one has at least, if it is clear.
const CLEAR: f64 = 2.5;
/// The length of the weakest edge that is clear, as a share of half the diagonal.
const SHORTEST: f32 = 0.1;

/// The clockwise angle in degrees, up to ±45, by which the picture's horizontal and vertical edges are tilted. `None` if no
/// direction is clear, or the clearest one is tilted by more than `most`.
///
/// # Errors
/// A system failure when the picture's buffers do not fit its size, which would be a bug.
pub(crate) fn tilt(image: &Image, most: f64) -> Result<Option<f64>, Failure> {
    let edges = Edges::of(image)?;
    if edges.list.is_empty() {
        return Ok(None);
    }
    // Wide enough for the median to be that of other directions.
    let reach = (most + 2.0).clamp(12.0, 45.0);
    let count = (reach / STEPS[0]) as i32;
    let scores: Vec<(f64, f64)> = (-count..=count)
        .map(|step| {
            let angle = f64::from(step) * STEPS[0];
            (edges.score(angle), angle)
        })
        .collect();
    let rough = greatest(&scores);
    let mut sorted: Vec<f64> = scores.iter().map(|(score, _)| *score).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let least = f64::from(SHORTEST * edges.reach * WEAKEST);
    if rough.0 < CLEAR * sorted[sorted.len() / 2] || rough.0 < least * least {
        return Ok(None);
    }
    let count = (STEPS[0] / STEPS[1]) as i32;
    let fine: Vec<(f64, f64)> = (-count..=count)
        .map(|step| {
            let angle = rough.1 + f64::from(step) * STEPS[1];
            (edges.score(angle), angle)
        })
        .collect();
    let angle = peak(&fine);
    Ok((angle.abs() <= most).then_some(angle))
}

/// The greatest score with its angle; of equal ones, that with the smallest angle.
fn greatest(scores: &[(f64, f64)]) -> (f64, f64) {
    let start = (0.0, f64::MAX);
    scores.iter().fold(start, |best, one| {
        let is_better = one.0 > best.0 || (one.0 == best.0 && one.1.abs() < best.1.abs());
        if is_better { *one } else { best }
    })
}

/// The middle of the angles with the greatest scores: near a peak, noise decides which one is the greatest.
fn peak(scores: &[(f64, f64)]) -> f64 {
    let floor = 0.85 * greatest(scores).0;
    let (mut sum, mut weighed) = (0.0, 0.0);
    for (score, angle) in scores {
        let weight = (score - floor).max(0.0);
        sum += weight;
        weighed += weight * angle;
    }
    weighed / sum
}

/// A pixel on an edge.
struct Edge {
    /// Its place, from the middle.
    x: f32,
    y: f32,
    /// The gradient, and its length.
    across: f32,
    down: f32,
    strength: f32,
}

struct Edges {
    list: Vec<Edge>,
    /// More than the distance of any edge from the middle.
    reach: f32,
}

impl Edges {
    fn of(image: &Image) -> Result<Self, Failure> {
        let longer = image.size.width.max(image.size.height);
        let side = |side: u32| match longer {
            0..=SIDE => side,
            _ => ((f64::from(side) * f64::from(SIDE) / f64::from(longer) + 0.5) as u32).max(1),
        };
        let size = Size::new(side(image.size.width), side(image.size.height));
        let reach =
            (size.width as f32 * size.width as f32 + size.height as f32 * size.height as f32).sqrt() / 2.0 + 2.0;
        if size.width.min(size.height) < LEAST_SIDE {
            return Ok(Self { list: Vec::new(), reach });
        }
        let reduced = resample(image, Window::all(image.size), size, Filter::Bilinear)?;
        let gray = Image::new(size, Pixels::Gray(brightness(at_a_glance(&reduced).into_owned())));
        let Pixels::Gray(gray) = blurred(gray, 1.0).pixels else { return Ok(Self { list: Vec::new(), reach }) };
        let width = size.width as usize;
        let at = |x: usize, y: usize| f32::from(gray[y * width + x]) / 255.0;
        let mut list = Vec::new();
        for y in 1..size.height as usize - 1 {
            for x in 1..width - 1 {
                // The operator of Scharr, whose directions are exact to 0.2°.
                let sides = |x: usize| 3.0 * (at(x, y - 1) + at(x, y + 1)) + 10.0 * at(x, y);
                let rows = |y: usize| 3.0 * (at(x - 1, y) + at(x + 1, y)) + 10.0 * at(x, y);
                let (across, down) = ((sides(x + 1) - sides(x - 1)) / 16.0, (rows(y + 1) - rows(y - 1)) / 16.0);
                let strength = (across * across + down * down).sqrt();
                if strength > WEAKEST {
                    let (x, y) = (x as f32 + 0.5 - size.width as f32 / 2.0, y as f32 + 0.5 - size.height as f32 / 2.0);
                    list.push(Edge { x, y, across, down, strength });
                }
            }
        }
        if list.len() > VOTES {
            list.select_nth_unstable_by(VOTES, |one, other| other.strength.total_cmp(&one.strength));
            list.truncate(VOTES);
        }
        Ok(Self { list, reach })
    }

    /// How well straight edges have this angle, or are at right angles to it.
    fn score(&self, degrees: f64) -> f64 {
        let (cosine, sine) = turn(degrees);
        let (cosine, sine) = (cosine as f32, sine as f32);
        let bins = (2.0 * self.reach) as usize + 2;
        let mut votes = [vec![0.0_f32; bins], vec![0.0_f32; bins]];
        for edge in &self.list {
            // The gradient along and across the direction.
            let along = edge.across * cosine + edge.down * sine;
            let across = edge.down * cosine - edge.across * sine;
            let (votes, distance) = if along.abs() < NEAR * across.abs() {
                (&mut votes[0], edge.y * cosine - edge.x * sine)
            } else if across.abs() < NEAR * along.abs() {
                (&mut votes[1], edge.x * cosine + edge.y * sine)
            } else {
                continue;
            };
            // Shared by the two nearest distances, so that no angle gains by the grid of pixels.
            let place = distance + self.reach;
            let (bin, share) = (place as usize, place.fract());
            votes[bin] += edge.strength * (1.0 - share);
            votes[bin + 1] += edge.strength * share;
        }
        votes.iter().flatten().map(|vote| f64::from(*vote) * f64::from(*vote)).sum()
    }
}

/// The brightness of each pixel; transparent ones are black.
fn brightness(image: Image) -> Vec<u8> {
    let round = |value: f32| (value * 255.0 + 0.5) as u8;
    match convert(image, Representation::Rgba).pixels {
        Pixels::Rgba(rgba) => {
            let pixels = rgba.as_chunks::<4>().0.iter();
            pixels.map(|[r, g, b, a]| round(luma([*r, *g, *b]) * f32::from(*a) / 255.0)).collect()
        }
        Pixels::Gray(gray) => gray,
        Pixels::Rgb(rgb) => rgb.as_chunks::<3>().0.iter().map(|pixel| round(luma(*pixel))).collect(),
        Pixels::Ycc(ycc) => ycc.y.data,
        Pixels::Deep(_) => Vec::new(),
    }
}
