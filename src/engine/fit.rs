//! Writing a picture as a file of at most so many bytes: first by a lower quality, then, if it is allowed, by fewer pixels.
//!
//! Files are only written and measured. Their sizes are predicted from those that were written: the logarithm of a size is
//! about linear in the logarithm of the quantiser's step, and of the sides. The prediction only chooses what is tried next,
//! and never so that halving could not find the rest with the attempts that are left.

use super::steps::Written;
use crate::error::{Failure, Warning};
use crate::image::Size;

/// The lowest quality that is chosen.
const LOWEST_QUALITY: u8 = 30;
/// How often a picture is written at most to find its quality.
const QUALITY_ATTEMPTS: u32 = 6;
/// How often a picture is written at most.
const ATTEMPTS: u32 = 12;
/// The smallest picture, in thousandths of its sides.
const SMALLEST: u32 = 100;
/// All of it.
const WHOLE: u32 = 1000;

/// How a picture is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Attempt {
    /// 1…100, for lossy formats.
    pub(super) quality: u8,
    /// Thousandths of the picture's sides.
    pub(super) sides: u32,
}

impl Attempt {
    /// The size of the result.
    pub(super) fn size(self, whole: Size) -> Size {
        let side = |side: u32| {
            let scaled = (u64::from(side) * u64::from(self.sides) + u64::from(WHOLE / 2)) / u64::from(WHOLE);
            (scaled as u32).max(1)
        };
        Size::new(side(whole.width), side(whole.height))
    }
}

/// What is wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    /// The size of the file in bytes.
    pub(super) most: u64,
    /// The highest quality.
    pub(super) quality: u8,
    /// Whether quality matters.
    pub(super) is_lossy: bool,
    /// Whether the picture may become smaller.
    pub(super) shrinks: bool,
}

/// Finds a file of at most [`Wanted::most`] bytes, or else the smallest there is, given the file at the wanted quality and
/// whole size. `write` writes one in another way.
///
/// # Errors
/// Those of `write`.
pub(super) fn fit(
    wanted: Wanted,
    first: Written,
    mut write: impl FnMut(Attempt) -> Result<Written, Failure>,
) -> Result<(Attempt, Written), Failure> {
    let mut best = (Attempt { quality: wanted.quality, sides: WHOLE }, first);
    let mut left = ATTEMPTS - 1;
    if bytes(&best.1) > wanted.most && wanted.is_lossy && wanted.quality > LOWEST_QUALITY {
        let above = (u32::from(wanted.quality), bytes(&best.1));
        let lowest = u32::from(LOWEST_QUALITY);
        let mut search = Search::new(wanted.most, lowest, above, fineness, 0.8, QUALITY_ATTEMPTS - 1);
        left -= search.run(&mut best, |quality| {
            let attempt = Attempt { quality: quality as u8, sides: WHOLE };
            Ok((attempt, write(attempt)?))
        })?;
    }
    if bytes(&best.1) > wanted.most && wanted.shrinks {
        let (quality, above) = (best.0.quality, (WHOLE, bytes(&best.1)));
        let mut search = Search::new(wanted.most, SMALLEST, above, |sides| f64::from(sides).ln(), 1.8, left);
        // A side of a few pixels more is not worth another attempt.
        search.enough = wanted.most - wanted.most / 20;
        search.run(&mut best, |sides| {
            let attempt = Attempt { quality, sides };
            Ok((attempt, write(attempt)?))
        })?;
    }
    Ok(best)
}

fn bytes(written: &Written) -> u64 {
    written.encoded.bytes.len() as u64
}

/// Where a quality lies on a scale on which the logarithm of a file's size is about linear: the negative logarithm of the
/// factor of libjpeg's quantiser steps.
fn fineness(quality: u32) -> f64 {
    let quality = f64::from(quality);
    let factor = if quality < 50.0 { 5000.0 / quality } else { 200.0 - 2.0 * quality };
    -factor.max(1.0).ln()
}

fn logarithm(bytes: u64) -> f64 {
    (bytes.max(1) as f64).ln()
}

/// The search for the highest setting whose file fits.
struct Search {
    most: u64,
    /// A file of this size ends the search.
    enough: u64,
    /// The lowest setting.
    lowest: u32,
    /// The lowest setting whose file is known to be too large, with its size.
    above: (u32, u64),
    /// The highest setting whose file is known to fit, with its size.
    below: Option<(u32, u64)>,
    /// Where a setting lies on a scale on which the logarithm of the size is about linear.
    scale: fn(u32) -> f64,
    /// By how much the logarithm grows on it, as long as no file is known to fit.
    slope: f64,
    /// How many attempts are left.
    left: u32,
}

impl Search {
    const fn new(most: u64, lowest: u32, above: (u32, u64), scale: fn(u32) -> f64, slope: f64, left: u32) -> Self {
        Self { most, enough: most, lowest, above, below: None, scale, slope, left }
    }

    /// Searches to the end, and returns the number of attempts. `best` becomes the best file that is written: the one with the
    /// highest setting of those that fit, or else the smallest.
    fn run(
        &mut self,
        best: &mut (Attempt, Written),
        mut write: impl FnMut(u32) -> Result<(Attempt, Written), Failure>,
    ) -> Result<u32, Failure> {
        let mut count = 0;
        while let Some(setting) = self.next() {
            let (attempt, written) = write(setting)?;
            let size = bytes(&written);
            count += 1;
            self.learn(setting, size);
            // A later file that fits has a higher setting than an earlier one.
            if size <= self.most || size < bytes(&best.1) {
                *best = (attempt, written);
            }
        }
        Ok(count)
    }

    /// The setting to try next; `None` if the search is over.
    fn next(&self) -> Option<u32> {
        let (above, size_above) = self.above;
        let first = self.below.map_or(self.lowest, |(below, _)| below + 1);
        if self.left == 0 || first >= above || self.below.is_some_and(|(_, size)| size >= self.enough) {
            return None;
        }
        if self.left == 1 && self.below.is_none() {
            return Some(self.lowest);
        }
        let excess = logarithm(size_above) - logarithm(self.most);
        let from = (self.scale)(above);
        let slope = self.below.map_or(self.slope, |below| self.slope_between(below));
        // With room for rounding: sizes that are predicted exactly do occur.
        let place = from - excess / slope + 1e-6;
        let guess = (first..above).rev().find(|setting| (self.scale)(*setting) <= place).unwrap_or(first);
        // With so many settings on a side, halving finds the one in the attempts that are left after this.
        let room = (1 << (self.left - 1).min(20)) - 1;
        let (low, high) = ((above - 1).saturating_sub(room).max(first), (first + room).min(above - 1));
        Some(if low <= high { guess.clamp(low, high) } else { guess })
    }

    /// How the logarithm of the size grows between a lower setting and [`Self::above`].
    fn slope_between(&self, (setting, size): (u32, u64)) -> f64 {
        let (above, size_above) = self.above;
        let slope = (logarithm(size_above) - logarithm(size)) / ((self.scale)(above) - (self.scale)(setting));
        // Sizes may be the same, or fall.
        slope.max(0.05)
    }

    /// Takes note of the size of a file.
    fn learn(&mut self, setting: u32, size: u64) {
        self.left = self.left.saturating_sub(1);
        if size <= self.most {
            self.below = Some((setting, size));
        } else {
            self.slope = self.slope_between((setting, size));
            self.above = (setting, size);
        }
    }
}

/// What is said of a result of at most `most` bytes that was not written as it would have been without that limit.
pub(super) fn note(wanted: &Wanted, (attempt, written): (Attempt, &Written), whole: Size) -> Option<Warning> {
    let (most, bytes) = (shown_bytes(wanted.most), written.encoded.bytes.len() as u64);
    if bytes > wanted.most {
        let hint = match (wanted.shrinks, wanted.is_lossy) {
            (true, _) => "Raise \"maxBytes\", or make the picture smaller.",
            (false, true) => "Turn \"shrinkToFit\" on, make the picture smaller, or raise \"maxBytes\".",
            (false, false) => {
                "Turn \"shrinkToFit\" on, or choose JPEG, or WebP, AVIF or JPEG XL without \"lossless\", as the format."
            }
        };
        return Some(over(bytes, wanted.most, hint));
    }
    let quality = (attempt.quality != wanted.quality)
        .then(|| format!("quality {} instead of {}", attempt.quality, wanted.quality));
    let size = (written.size != whole).then(|| format!("{} instead of {} pixels", shown(written.size), shown(whole)));
    let done: Vec<String> = quality.into_iter().chain(size).collect();
    if done.is_empty() {
        return None;
    }
    let mut message = format!("{}, to stay within {most}.", done.join(" and "));
    if let Some(first) = message.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    Some(Warning::hint("fitted", message, "Raise \"maxBytes\" for a better picture."))
}

/// Says that a file is larger than wanted.
pub(super) fn over(bytes: u64, most: u64, hint: &str) -> Warning {
    let message = format!("The file has {}, more than the {} that it may have.", shown_bytes(bytes), shown_bytes(most));
    Warning::new("over_max_bytes", message, hint)
}

fn shown(size: Size) -> String {
    format!("{} × {}", size.width, size.height)
}

/// `200 kB`, `204.8 kB`, `1.25 MB`. Rounded down, so that a limit is not shown as more than it is.
pub(super) fn shown_bytes(bytes: u64) -> String {
    let decimal = |hundredths: u64, unit: &str| {
        let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
        format!("{} {unit}", text.trim_end_matches('0').trim_end_matches('.'))
    };
    match bytes {
        0..1000 => format!("{bytes} bytes"),
        1000..1_000_000 => decimal(bytes / 100 * 10, "kB"),
        _ => decimal(bytes / 10_000, "MB"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codecs::{Encoded, Format};

    fn written(bytes: u64, size: Size) -> Written {
        let encoded = Encoded { bytes: vec![0; bytes as usize], format: Format::Jpeg, encoder: "test" };
        Written { size, format: encoded.format, encoded, warnings: Vec::new() }
    }

    /// The result of fitting, and how often `bytes` was asked for a size, the first time included.
    fn fitted(wanted: Wanted, bytes: impl Fn(Attempt) -> u64) -> (Attempt, u64, u32) {
        let whole = Size::new(1000, 500);
        let mut count = 1;
        let first = Attempt { quality: wanted.quality, sides: WHOLE };
        let (attempt, result) = fit(wanted, written(bytes(first), whole), |attempt| {
            count += 1;
            Ok(written(bytes(attempt), attempt.size(whole)))
        })
        .unwrap();
        (attempt, result.encoded.bytes.len() as u64, count)
    }

    fn wanted(most: u64, quality: u8, shrinks: bool) -> Wanted {
        Wanted { most, quality, is_lossy: true, shrinks }
    }

    /// Sizes as encoders make them: with different slopes, and with a fixed part.
    fn curves() -> Vec<impl Fn(u32) -> u64> {
        let mut all = Vec::new();
        for slope in [0.5, 0.65, 0.8, 1.0] {
            for fixed in [0.0, 700.0, 9000.0] {
                all.push(move |quality: u32| (fixed + 4e5 * (slope * fineness(quality)).exp()) as u64);
            }
        }
        all
    }

    #[test]
    fn the_highest_quality_that_fits_is_found_in_six_attempts() {
        let (mut cases, mut missed) = (0, 0);
        for curve in curves() {
            for quality in [40, 62, 80, 92, 100] {
                for exact in 30..=quality {
                    let most = curve(u32::from(exact));
                    let (attempt, bytes, count) =
                        fitted(wanted(most, quality, false), |attempt| curve(u32::from(attempt.quality)));
                    assert!(bytes <= most && count <= 6, "{count}");
                    let found = attempt.quality;
                    assert!(attempt.sides == WHOLE && found <= exact && found + 3 >= exact, "{found}, not {exact}");
                    cases += 1;
                    missed += u32::from(found < exact);
                }
            }
        }
        assert!(missed * 20 < cases, "{missed} of {cases}");
    }

    #[test]
    fn steps_and_dips_in_the_sizes_do_no_harm() {
        // Constant over some qualities, and 3 % up and down.
        let size = |attempt: Attempt| {
            let quality = u32::from(attempt.quality);
            let noise = u64::from(quality.wrapping_mul(2_654_435_761) >> 26);
            (4e5 * (0.7 * fineness(quality / 4 * 4)).exp()) as u64 * (970 + noise) / 1000
        };
        for most in (4000..60_000).step_by(617) {
            let (attempt, bytes, count) = fitted(wanted(most, 85, false), size);
            let fits = (30..=85).rev().find(|quality| size(Attempt { quality: *quality, sides: WHOLE }) <= most);
            assert!(count <= 6);
            match fits {
                Some(best) => assert!(bytes <= most && attempt.quality + 8 >= best, "{most}: {attempt:?}, not {best}"),
                None => assert_eq!(attempt.quality, 30),
            }
        }
    }

    #[test]
    fn the_picture_becomes_smaller_only_where_the_lowest_quality_is_not_enough() {
        let size = |attempt: Attempt| {
            let area = (f64::from(attempt.sides) / 1000.0).powf(1.7);
            (600.0 + 4e6 * area * (0.7 * fineness(u32::from(attempt.quality))).exp()) as u64
        };
        let at = |quality| size(Attempt { quality, sides: WHOLE });
        let (attempt, ..) = fitted(wanted(at(30), 80, true), size);
        assert_eq!(attempt, Attempt { quality: 30, sides: WHOLE });
        for most in [at(30) - 1, at(30) / 2, at(30) / 10, at(30) / 30] {
            let (attempt, bytes, count) = fitted(wanted(most, 80, true), size);
            assert!(attempt.quality == 30 && attempt.sides < WHOLE, "{attempt:?}");
            assert!(bytes <= most && bytes * 10 >= most * 9, "{bytes} of {most}");
            assert!(count <= 12, "{count}");
            let (attempt, bytes, count) = fitted(wanted(most, 80, false), size);
            assert_eq!((attempt.quality, attempt.sides, bytes), (30, WHOLE, at(30)), "not allowed");
            assert!(count <= 6);
        }
        // Not even a tenth of the sides: the smallest there is.
        let (attempt, bytes, count) = fitted(wanted(700, 80, true), size);
        assert_eq!((attempt, bytes), (Attempt { quality: 30, sides: SMALLEST }, size(attempt)));
        assert!(count <= 12);
    }

    #[test]
    fn a_lossless_file_keeps_its_quality_and_a_low_quality_is_kept() {
        let size = |attempt: Attempt| u64::from(attempt.sides) * u64::from(attempt.sides) / 5 + 90;
        let lossless = Wanted { is_lossy: false, ..wanted(100_000, 80, true) };
        let (attempt, bytes, count) = fitted(lossless, size);
        assert!(attempt.quality == 80 && (650..=707).contains(&attempt.sides), "{attempt:?}");
        assert!(bytes <= 100_000 && count <= 12);
        let (attempt, _, count) = fitted(Wanted { shrinks: false, ..lossless }, size);
        assert_eq!((attempt, count), (Attempt { quality: 80, sides: WHOLE }, 1));
        let (attempt, ..) = fitted(wanted(100_000, 20, true), size);
        assert_eq!(attempt.quality, 20);
    }

    #[test]
    fn a_note_says_what_was_done() {
        let whole = Size::new(1600, 1200);
        let limit = wanted(200_000, 80, true);
        let noted = |quality, size, bytes| {
            let attempt = Attempt { quality, sides: WHOLE };
            note(&limit, (attempt, &written(bytes, size)), whole)
        };
        assert_eq!(noted(80, whole, 200_000), None);
        let told = noted(62, whole, 199_000).unwrap();
        assert_eq!(told.message, "Quality 62 instead of 80, to stay within 200 kB.");
        assert!(!told.is_doubt() && told.code == "fitted");
        let told = noted(30, Size::new(800, 600), 199_000).unwrap();
        let expected = "Quality 30 instead of 80 and 800 × 600 instead of 1600 × 1200 pixels, to stay within 200 kB.";
        assert_eq!(told.message, expected);
        assert_eq!(
            noted(80, Size::new(8, 6), 9).unwrap().message,
            "8 × 6 instead of 1600 × 1200 pixels, to stay within 200 kB."
        );
        let told = noted(30, Size::new(160, 120), 204_857).unwrap();
        assert_eq!(told.message, "The file has 204.8 kB, more than the 200 kB that it may have.");
        assert!(told.is_doubt() && told.code == "over_max_bytes");
    }

    #[test]
    fn sizes_are_shown_in_few_digits() {
        for (bytes, text) in [
            (999, "999 bytes"),
            (1000, "1 kB"),
            (204_857, "204.8 kB"),
            (999_999, "999.9 kB"),
            (1_000_000, "1 MB"),
            (1_250_000, "1.25 MB"),
            (100_000_000, "100 MB"),
        ] {
            assert_eq!(shown_bytes(bytes), text);
        }
    }
}
