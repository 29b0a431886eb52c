//! ICC profiles: put together from their chunks, judged by their header, never interpreted. A profile is carried from
//! the input into every output byte for byte.

use std::sync::Arc;

use super::{MAX_METADATA, Problem};

/// What stands before each chunk of a profile in a JPEG's APP2 segments (ICC.1:2022, B.4).
pub(super) const JPEG_MARKER: &[u8] = b"ICC_PROFILE\0";
/// Length of a profile's header.
const HEADER: usize = 128;

/// Colour model that a profile describes, by the signature in its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ColorModel {
    /// `GRAY`.
    Gray,
    /// `RGB `.
    Rgb,
    /// Any other.
    Other,
}

/// The colour model of a profile.
pub(super) fn model(profile: &[u8]) -> ColorModel {
    match profile.get(16..20) {
        Some(b"GRAY") => ColorModel::Gray,
        Some(b"RGB ") => ColorModel::Rgb,
        _ => ColorModel::Other,
    }
}

/// Takes a profile as found in a file: too large is a failure, no profile at all (no `acsp` in its header) is none.
pub(super) fn accept(profile: &[u8]) -> Result<Option<Arc<[u8]>>, Problem> {
    if profile.len() > MAX_METADATA {
        return Err(Problem::ProfileTooLarge);
    }
    let sound = profile.len() >= HEADER && profile[36..40] == *b"acsp";
    Ok(sound.then(|| profile.into()))
}

/// The chunks of a profile, collected from APP2 segments in any order.
#[derive(Default)]
pub(super) struct Chunks<'a> {
    total: u8,
    parts: Vec<(u8, &'a [u8])>,
    broken: bool,
}

impl<'a> Chunks<'a> {
    /// Takes one segment's content after [`JPEG_MARKER`]: number from 1, count, data.
    pub(super) fn push(&mut self, segment: &'a [u8]) {
        let [number, total, part @ ..] = segment else {
            self.broken = true;
            return;
        };
        self.broken |= (self.total != 0 && self.total != *total) || *number == 0 || number > total;
        self.total = *total;
        self.parts.push((*number, part));
    }

    /// The profile, when each chunk is there once.
    pub(super) fn finish(mut self) -> Result<Option<Arc<[u8]>>, Problem> {
        self.parts.sort_by_key(|(number, _)| *number);
        let complete = self.parts.iter().map(|(number, _)| *number).eq(1..=self.total);
        if self.broken || !complete {
            return Ok(None);
        }
        if self.parts.iter().map(|(_, part)| part.len()).sum::<usize>() > MAX_METADATA {
            return Err(Problem::ProfileTooLarge);
        }
        accept(&self.parts.iter().flat_map(|(_, part)| part.iter().copied()).collect::<Vec<_>>())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Bytes with the header of a profile, sound enough to be carried.
    pub(in crate::codecs) fn profile(length: usize, model: &[u8; 4]) -> Vec<u8> {
        let mut bytes: Vec<u8> = (0..length).map(|index| (index * 7 + index / 251) as u8).collect();
        bytes[16..20].copy_from_slice(model);
        bytes[36..40].copy_from_slice(b"acsp");
        bytes
    }

    fn segment(number: u8, total: u8, part: &[u8]) -> Vec<u8> {
        [&[number, total], part].concat()
    }

    #[test]
    fn chunks_in_any_order_make_the_profile() {
        let whole = profile(1000, b"RGB ");
        let [first, second, third] =
            [(1, &whole[..400]), (2, &whole[400..800]), (3, &whole[800..])].map(|(n, part)| segment(n, 3, part));
        let mut chunks = Chunks::default();
        for part in [&third, &first, &second] {
            chunks.push(part);
        }
        assert_eq!(chunks.finish().expect("small").as_deref(), Some(&whole[..]));
    }

    #[test]
    fn a_missing_doubled_or_contradictory_chunk_means_no_profile() {
        let whole = profile(600, b"RGB ");
        let part = |number, total| segment(number, total, &whole[..300]);
        for parts in [
            vec![part(1, 2)],
            vec![part(1, 2), part(1, 2)],
            vec![part(1, 2), part(2, 3)],
            vec![part(0, 1)],
            vec![part(1, 0)],
            vec![vec![1]],
            vec![],
        ] {
            let mut chunks = Chunks::default();
            parts.iter().for_each(|part| chunks.push(part));
            assert_eq!(chunks.finish().expect("small"), None, "{}", parts.len());
        }
    }

    #[test]
    fn a_profile_over_the_limit_is_refused_and_no_profile_is_none() {
        assert!(matches!(accept(&profile(MAX_METADATA + 1, b"RGB ")), Err(Problem::ProfileTooLarge)));
        assert!(accept(&profile(MAX_METADATA, b"RGB ")).expect("within").is_some());
        assert_eq!(accept(&[0; 500]).expect("within"), None);
        assert_eq!(accept(b"short").expect("within"), None);
    }

    #[test]
    fn the_colour_model_is_read_from_the_header() {
        assert_eq!(model(&profile(200, b"RGB ")), ColorModel::Rgb);
        assert_eq!(model(&profile(200, b"GRAY")), ColorModel::Gray);
        assert_eq!(model(&profile(200, b"CMYK")), ColorModel::Other);
    }
}
