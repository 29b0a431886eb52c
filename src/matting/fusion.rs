//! The subject's colours without the old background: blur fusion.
//!
//! M. Forte, "Approximate fast foreground colour estimation" (ICIP 2021), in two passes: the mean colour of subject and
//! background around every pixel, weighted by opacity, then corrected so that both composite to the picture. The means
//! are computed at work size, where they lose nothing; the correction applies to every pixel.

use crate::image::Size;
use crate::image::depth::Sample;
use crate::image::field::{Field, Tap, taps};

/// Half the side of the first pass's and the second pass's window: the paper's 90 and 6 pixels, made odd.
pub const RADII: [usize; 2] = [45, 3];

/// Keeps a mean finite where all weights are zero, as in the paper.
const EPSILON: f32 = 1e-5;

/// Mean colours around every pixel at work size.
#[derive(Clone, Debug)]
pub struct Colours {
    /// Of the subject.
    pub subject: Field,
    /// Of the background.
    pub background: Field,
}

/// Estimates mean colours from the picture `guide`, the subject's opacity in it, 0 to 1, and the picture's alpha, if
/// any; all at work size. Hidden parts of the picture count neither as subject nor as background.
pub fn estimate(guide: &Field, alpha: &[f32], own: Option<&[f32]>) -> Colours {
    let mut scratch = Vec::new();
    let (mut subject, mut background) = (guide.clone(), guide.clone());
    for (pass, radius) in RADII.into_iter().enumerate() {
        weighted_mean(&mut subject, alpha, own, radius, &mut scratch, |alpha| alpha);
        weighted_mean(&mut background, alpha, own, radius, &mut scratch, |alpha| 1.0 - alpha);
        if pass + 1 == RADII.len() {
            break;
        }
        let fields = subject.data.iter_mut().zip(&background.data);
        for ((subject, background), (pixel, alpha)) in fields.zip(guide.data.iter().zip(alpha)) {
            *subject = corrected(*subject, *background, *pixel, *alpha);
        }
    }
    Colours { subject, background }
}

fn weighted_mean(
    field: &mut Field,
    alpha: &[f32],
    own: Option<&[f32]>,
    radius: usize,
    scratch: &mut Vec<[f32; 4]>,
    weight: impl Fn(f32) -> f32,
) {
    for (at, (value, alpha)) in field.data.iter_mut().zip(alpha).enumerate() {
        let weight = weight(*alpha) * own.map_or(1.0, |own| own[at]);
        *value = [value[0] * weight, value[1] * weight, value[2] * weight, weight];
    }
    field.box_mean(radius, scratch);
    for value in &mut field.data {
        let scale = 1.0 / (value[3] + EPSILON);
        *value = [value[0] * scale, value[1] * scale, value[2] * scale, 1.0];
    }
}

/// Corrects the subject's colour, in proportion to opacity, so that subject over background gives the pixel.
fn corrected(subject: [f32; 4], background: [f32; 4], pixel: [f32; 4], alpha: f32) -> [f32; 4] {
    std::array::from_fn(|i| {
        let composed = alpha * subject[i] + (1.0 - alpha) * background[i];
        (subject[i] + alpha * (pixel[i] - composed)).clamp(0.0, 1.0)
    })
}

impl Colours {
    /// Prepares sampling them at the pixels of the full picture of `size`.
    pub fn reader(&self, size: Size) -> Reader<'_> {
        let from = self.subject.size;
        Reader { colours: self, across: taps(from.width, size.width), down: taps(from.height, size.height) }
    }
}

/// Samples [`Colours`] at the pixels of a picture.
#[derive(Debug)]
pub struct Reader<'a> {
    colours: &'a Colours,
    across: Vec<Tap>,
    down: Vec<Tap>,
}

impl Reader<'_> {
    /// The subject's colour in the pixel at (`x`, `y`) that has this colour and opacity.
    pub fn colour<S: Sample>(&self, x: usize, y: usize, pixel: [S; 3], alpha: u8) -> [S; 3] {
        let (across, down) = (self.across[x], self.down[y]);
        let [r, g, b] = pixel.map(Sample::share);
        let subject = self.colours.subject.at(across, down);
        let background = self.colours.background.at(across, down);
        let [r, g, b, _] = corrected(subject, background, [r, g, b, 1.0], alpha.share());
        [r, g, b].map(|value| S::of_level(value * 255.0))
    }
}
