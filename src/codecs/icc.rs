//! ICC profiles in files: assembled from their chunks, and read, or left out with a finding.

use super::{Finding, MAX_METADATA};
use crate::color::{ColorSpace, Model};

/// The marker before each chunk of a profile in a JPEG's APP2 segments (ICC.1:2022, B.4).
pub(super) const JPEG_MARKER: &[u8] = b"ICC_PROFILE\0";

/// The samples of a file, which its profile must be for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Samples {
    /// Gray; a profile for RGB tells what equal red, green and blue mean.
    Gray,
    /// Red, green and blue, in whatever form.
    Rgb,
    /// Inks.
    Cmyk,
}

/// A file's colour space, if it has a profile, or the reason why the profile was left out.
pub(super) type Found = Result<Option<ColorSpace>, Finding>;

/// Reads a profile found in a file, unless it is too large, damaged, or for other samples than the file's.
pub(super) fn accept(profile: &[u8], samples: Samples) -> Found {
    if profile.len() > MAX_METADATA {
        return Err(Finding::ProfileLeftOut);
    }
    let space = ColorSpace::from_icc(profile).map_err(|_| Finding::ProfileLeftOut)?;
    let fits = match (samples, space.model()) {
        (Samples::Gray, Some(Model::Gray | Model::Rgb)) => true,
        (Samples::Rgb, model) => model == Some(Model::Rgb),
        (Samples::Cmyk, model) => model == Some(Model::Cmyk),
        (Samples::Gray, _) => false,
    };
    if fits { Ok(Some(space)) } else { Err(Finding::ProfileLeftOut) }
}

/// The space that was found, sRGB if none was. A rejected profile is reported as a finding; the picture is still decoded.
pub(super) fn or_note(found: Found, findings: &mut Vec<Finding>) -> ColorSpace {
    found
        .unwrap_or_else(|finding| {
            findings.push(finding);
            None
        })
        .unwrap_or_default()
}

/// The chunks of a profile, collected from APP2 segments in any order.
#[derive(Default)]
pub(super) struct Chunks<'a> {
    total: u8,
    parts: Vec<(u8, &'a [u8])>,
    broken: bool,
}

impl<'a> Chunks<'a> {
    /// Adds one segment's content after [`JPEG_MARKER`]: number from 1, count, data.
    pub(super) fn push(&mut self, segment: &'a [u8]) {
        let [number, total, part @ ..] = segment else {
            self.broken = true;
            return;
        };
        self.broken |= (self.total != 0 && self.total != *total) || *number == 0 || number > total;
        self.total = *total;
        self.parts.push((*number, part));
    }

    /// The profile, if each chunk is present exactly once.
    pub(super) fn finish(mut self) -> Result<Option<Vec<u8>>, Finding> {
        if self.parts.is_empty() && !self.broken {
            return Ok(None);
        }
        self.parts.sort_by_key(|(number, _)| *number);
        let complete = self.parts.iter().map(|(number, _)| *number).eq(1..=self.total);
        if self.broken || !complete || self.parts.iter().map(|(_, part)| part.len()).sum::<usize>() > MAX_METADATA {
            return Err(Finding::ProfileLeftOut);
        }
        Ok(Some(self.parts.iter().flat_map(|(_, part)| part.iter().copied()).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(number: u8, total: u8, part: &[u8]) -> Vec<u8> {
        [&[number, total], part].concat()
    }

    fn some_bytes(length: usize) -> Vec<u8> {
        (0..length).map(|index| (index * 7 + index / 251) as u8).collect()
    }

    #[test]
    fn chunks_in_any_order_make_the_profile() {
        let whole = some_bytes(1000);
        let [first, second, third] =
            [(1, &whole[..400]), (2, &whole[400..800]), (3, &whole[800..])].map(|(n, part)| segment(n, 3, part));
        let mut chunks = Chunks::default();
        for part in [&third, &first, &second] {
            chunks.push(part);
        }
        assert_eq!(chunks.finish(), Ok(Some(whole)));
    }

    #[test]
    fn a_missing_doubled_or_contradictory_chunk_means_no_profile() {
        let whole = some_bytes(600);
        let part = |number, total| segment(number, total, &whole[..300]);
        for parts in [
            vec![part(1, 2)],
            vec![part(1, 2), part(1, 2)],
            vec![part(1, 2), part(2, 3)],
            vec![part(0, 1)],
            vec![part(1, 0)],
            vec![vec![1]],
        ] {
            let mut chunks = Chunks::default();
            parts.iter().for_each(|part| chunks.push(part));
            assert_eq!(chunks.finish(), Err(Finding::ProfileLeftOut), "{}", parts.len());
        }
        assert_eq!(Chunks::default().finish(), Ok(None));
    }

    #[test]
    fn a_profile_over_the_limit_and_what_is_no_profile_is_left_out() {
        let mut profile = ColorSpace::adobe_rgb().icc().expect("has one").to_vec();
        profile.resize(MAX_METADATA, 0);
        assert!(accept(&profile, Samples::Rgb).expect("within").is_some());
        profile.push(0);
        assert_eq!(accept(&profile, Samples::Rgb), Err(Finding::ProfileLeftOut));
        assert_eq!(accept(&[0; 500], Samples::Rgb), Err(Finding::ProfileLeftOut));
        assert_eq!(accept(b"short", Samples::Gray), Err(Finding::ProfileLeftOut));
    }

    #[test]
    fn a_profile_must_be_for_the_samples_of_its_file() {
        let rgb = ColorSpace::adobe_rgb();
        let gray = rgb.gray().expect("one curve");
        let fits = |space: &ColorSpace, samples| accept(space.icc().expect("has one"), samples).is_ok();
        assert!(fits(&rgb, Samples::Rgb) && fits(&rgb, Samples::Gray) && !fits(&rgb, Samples::Cmyk));
        assert!(!fits(&gray, Samples::Rgb) && fits(&gray, Samples::Gray) && !fits(&gray, Samples::Cmyk));
    }
}
