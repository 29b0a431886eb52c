//! ICC profiles: assembled from their chunks, checked by their header, never interpreted. A profile is copied from the
//! input into every output byte for byte.

use std::sync::Arc;

use super::{Finding, MAX_METADATA};

/// The marker before each chunk of a profile in a JPEG's APP2 segments (ICC.1:2022, B.4).
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

/// A file's profile, if it has one, or the reason why it was dropped.
pub(super) type Found = Result<Option<Arc<[u8]>>, Finding>;

/// Accepts a profile found in a file, unless it is too large or not a profile at all (no `acsp` in its header).
pub(super) fn accept(profile: &[u8]) -> Found {
    let sound = (HEADER..=MAX_METADATA).contains(&profile.len()) && profile[36..40] == *b"acsp";
    if sound { Ok(Some(profile.into())) } else { Err(Finding::ProfileLeftOut) }
}

/// The accepted profile. A rejected one is reported as a finding; the picture is still decoded.
pub(super) fn or_note(found: Found, findings: &mut Vec<Finding>) -> Option<Arc<[u8]>> {
    found.unwrap_or_else(|finding| {
        findings.push(finding);
        None
    })
}

/// A profile for Display P3 (SMPTE EG 432-1 primaries, D65, the sRGB curve), for files that name this color space
/// without describing it.
pub(super) fn display_p3() -> Arc<[u8]> {
    const D50: [u32; 3] = [0x0000_f6d6, 0x0001_0000, 0x0000_d32d];
    let numbers = |kind: &[u8; 4], numbers: &[u32]| {
        let mut tag = [kind, &[0; 4][..]].concat();
        numbers.iter().for_each(|number| tag.extend(number.to_be_bytes()));
        tag
    };
    let text = |text: &str| {
        let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let mut tag = numbers(b"mluc", &[1, 12]);
        tag.extend_from_slice(b"enUS");
        tag.extend((units.len() as u32).to_be_bytes());
        tag.extend(28_u32.to_be_bytes());
        tag.extend(units);
        tag.resize(tag.len().next_multiple_of(4), 0);
        tag
    };
    // g, a, b, c and d of parametric curve type 3.
    let curve = numbers(b"para", &[0x0003_0000, 0x0002_6666, 0xf2a7, 0x0d59, 0x13d0, 0x0a5b]);
    // Bradford, from D65 to D50.
    let adaptation = [0x0001_0c42, 0x05de, 0xffff_f326, 0x0793, 0xfd90, 0xffff_fba2, 0xffff_fda3, 0x03dc, 0xc06e];
    let tags: [(&[u8; 4], Vec<u8>); 10] = [
        (b"desc", text("Display P3")),
        (b"cprt", text("CC0")),
        (b"wtpt", numbers(b"XYZ ", &D50)),
        (b"chad", numbers(b"sf32", &adaptation)),
        (b"rXYZ", numbers(b"XYZ ", &[0x83df, 0x3dbf, 0xffff_ffbb])),
        (b"gXYZ", numbers(b"XYZ ", &[0x4abf, 0xb137, 0x0ab9])),
        (b"bXYZ", numbers(b"XYZ ", &[0x2838, 0x110b, 0xc8b9])),
        (b"rTRC", curve.clone()),
        (b"gTRC", curve.clone()),
        (b"bTRC", curve),
    ];

    let mut profile = vec![0; HEADER];
    profile[8..12].copy_from_slice(&[4, 0x20, 0, 0]);
    profile[12..24].copy_from_slice(b"mntrRGB XYZ ");
    profile[36..40].copy_from_slice(b"acsp");
    for (place, number) in profile[68..80].as_chunks_mut::<4>().0.iter_mut().zip(D50) {
        *place = number.to_be_bytes();
    }
    let mut at = HEADER + 4 + tags.len() * 12;
    profile.extend((tags.len() as u32).to_be_bytes());
    for (name, tag) in &tags {
        profile.extend_from_slice(*name);
        profile.extend((at as u32).to_be_bytes());
        profile.extend((tag.len() as u32).to_be_bytes());
        at += tag.len();
    }
    tags.iter().for_each(|(_, tag)| profile.extend_from_slice(tag));
    let length = profile.len() as u32;
    profile[..4].copy_from_slice(&length.to_be_bytes());
    profile.into()
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
    pub(super) fn finish(mut self) -> Found {
        if self.parts.is_empty() && !self.broken {
            return Ok(None);
        }
        self.parts.sort_by_key(|(number, _)| *number);
        let complete = self.parts.iter().map(|(number, _)| *number).eq(1..=self.total);
        if self.broken || !complete {
            return Err(Finding::ProfileLeftOut);
        }
        if self.parts.iter().map(|(_, part)| part.len()).sum::<usize>() > MAX_METADATA {
            return Err(Finding::ProfileLeftOut);
        }
        accept(&self.parts.iter().flat_map(|(_, part)| part.iter().copied()).collect::<Vec<_>>())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Bytes with a profile header that is valid enough to be accepted.
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
        ] {
            let mut chunks = Chunks::default();
            parts.iter().for_each(|part| chunks.push(part));
            assert_eq!(chunks.finish(), Err(Finding::ProfileLeftOut), "{}", parts.len());
        }
        assert_eq!(Chunks::default().finish(), Ok(None));
    }

    #[test]
    fn a_profile_over_the_limit_and_what_is_no_profile_is_left_out() {
        assert_eq!(accept(&profile(MAX_METADATA + 1, b"RGB ")), Err(Finding::ProfileLeftOut));
        assert!(accept(&profile(MAX_METADATA, b"RGB ")).expect("within").is_some());
        assert_eq!(accept(&[0; 500]), Err(Finding::ProfileLeftOut));
        assert_eq!(accept(b"short"), Err(Finding::ProfileLeftOut));
    }

    #[test]
    fn the_colour_model_is_read_from_the_header() {
        assert_eq!(model(&profile(200, b"RGB ")), ColorModel::Rgb);
        assert_eq!(model(&profile(200, b"GRAY")), ColorModel::Gray);
        assert_eq!(model(&profile(200, b"CMYK")), ColorModel::Other);
    }
}
