//! Camera raw files, by the preview that the camera stored in them: the largest JPEG. Most have the structure of TIFF (DNG,
//! NEF, CR2, ARW, PEF, SRW and others), some with a signature of their own (ORF, RW2); RAF has a header with the preview's
//! place. What the sensor recorded is not developed.

use std::borrow::Cow;
use std::collections::HashSet;

use super::directory::{Directory, Tiff};
use super::metadata::Blocks;
use super::{Bytes, Codec, DecodeRequest, Finding, Format, Header, Picture, Problem, Reading, exif, jpeg, tiff};
use crate::color::ColorSpace;
use crate::image::Size;

pub(super) const CODEC: Codec =
    Codec { reading: Reading::Pieces { probe, decode }, encode: None, strip: None, animation: None };
/// Raise it when any decoded pixel or written byte changes.
pub(super) const VERSION: &str = "1.0.0";

/// Tags of TIFF 6.0, EXIF, DNG, RW2, and of the notes in ORF.
mod tag {
    pub(super) const RW2_WIDTH: u16 = 2;
    pub(super) const RW2_HEIGHT: u16 = 3;
    pub(super) const RW2_PREVIEW: u16 = 46;
    pub(super) const SUBFILE: u16 = 254;
    pub(super) const WIDTH: u16 = 256;
    pub(super) const HEIGHT: u16 = 257;
    pub(super) const COMPRESSION: u16 = 259;
    pub(super) const PHOTOMETRIC: u16 = 262;
    pub(super) const MAKE: u16 = 271;
    pub(super) const STRIP_OFFSETS: u16 = 273;
    pub(super) const ORIENTATION: u16 = 274;
    pub(super) const STRIP_LENGTHS: u16 = 279;
    pub(super) const SUB_DIRECTORIES: u16 = 330;
    pub(super) const JPEG_OFFSET: u16 = 513;
    pub(super) const JPEG_LENGTH: u16 = 514;
    pub(super) const EXIF: u16 = 34_665;
    pub(super) const NOTES: u16 = 37_500;
    pub(super) const DNG_VERSION: u16 = 50_706;
    pub(super) const OLYMPUS_SETTINGS: u16 = 0x2020;
    pub(super) const OLYMPUS_PREVIEW_OFFSET: u16 = 0x0101;
    pub(super) const OLYMPUS_PREVIEW_LENGTH: u16 = 0x0102;
}

/// Those with the structure of TIFF have its signature: [`is_camera_raw`].
pub(super) fn sniff(bytes: &[u8]) -> bool {
    bytes.starts_with(RAF) || Tiff::of_camera(bytes).is_some()
}

/// The signature of Fujifilm's files.
const RAF: &[u8] = b"FUJIFILMCCD-RAW ";

/// Whether a file with the structure of TIFF is one that a camera made of its sensor's data, as far as the part that is
/// given tells.
pub(super) fn is_camera_raw(bytes: Bytes<'_>) -> bool {
    if matches!(bytes.array(0), Some([b'I', b'I', 42, 0, _, _, _, _, b'C', b'R'])) {
        return true;
    }
    let Some(first) = Tiff::of(bytes).and_then(|tiff| tiff.directory(tiff.first()?)) else { return false };
    let has = |tag| first.entry(tag).is_some();
    // The raw picture is in another directory, and a preview comes first (Nikon, Sony, Canon, and others).
    let is_preview = first.number(tag::SUBFILE).is_some_and(|kind| kind & 1 != 0);
    has(tag::DNG_VERSION)
        || (is_preview && has(tag::MAKE) && has(tag::SUB_DIRECTORIES))
        // A color filter array, linear sensor data; and what Sony, Samsung, Nikon and Pentax compress with.
        || matches!(first.number(tag::PHOTOMETRIC), Some(32_803 | 34_892))
        || matches!(first.number(tag::COMPRESSION), Some(32_767 | 32_770 | 34_713 | 65_535))
}

fn probe(bytes: Bytes<'_>) -> Result<Header, Problem> {
    Ok(largest_preview(bytes)?.1)
}

fn decode(bytes: Bytes<'_>, header: &Header, request: &DecodeRequest) -> Result<Picture, Problem> {
    jpeg::decode(&largest_preview(bytes)?.0, header, request)
}

/// What a file says about its pictures.
#[derive(Default)]
struct Found<'a> {
    /// What may be previews.
    parts: Vec<Bytes<'a>>,
    orientation: Option<u8>,
    /// Pixels of the largest picture, whatever it is.
    pixels: u64,
    /// Whether some of what may be previews is not there.
    is_cut: bool,
}

/// The largest JPEG, and the header of the file as if it were all of it.
fn largest_preview(bytes: Bytes<'_>) -> Result<(Cow<'_, [u8]>, Header), Problem> {
    let found = if bytes.starts_with(RAF) { in_raf(bytes)? } else { in_directories(bytes)? };
    let Some((part, mut header)) = largest(&found.parts) else {
        if found.is_cut {
            return Err(Problem::Truncated);
        }
        return Err(Problem::Unsupported("a camera raw file without a preview"));
    };
    header.format = Format::Raw;
    // Most previews say nothing themselves.
    if let (1, Some(orientation)) = (header.orientation, found.orientation) {
        header.orientation = orientation;
    }
    if header.space == ColorSpace::SRGB && exif::is_adobe_rgb(bytes) {
        header.space = ColorSpace::adobe_rgb();
    }
    let Size { width, height } = header.upright(true);
    let is_small = header.size.pixels().saturating_mul(4) < found.pixels;
    if found.is_cut {
        header.findings.push(Finding::DetailMissing);
    }
    header.findings.push(Finding::CameraPreview { width, height, is_small });
    Ok((part, header))
}

/// The largest of some JPEGs, of several the last, and its header.
fn largest<'a>(parts: &[Bytes<'a>]) -> Option<(Cow<'a, [u8]>, Header)> {
    // What the sensor recorded may be a JPEG too, a lossless one, which has no header here.
    let mut previews: Vec<_> = parts.iter().filter_map(|part| Some((size_of(*part)?.pixels(), *part))).collect();
    previews.sort_by_key(|(pixels, _)| *pixels);
    previews.into_iter().rev().find_map(|(_, part)| {
        let part = part.load();
        let header = jpeg::probe(&part).ok()?;
        Some((part, header))
    })
}

/// The size of a JPEG, of which no more is read than tells it. If something behind that is damaged, it has one too.
fn size_of(part: Bytes<'_>) -> Option<Size> {
    /// Bytes that are read first: in most previews, all before the picture.
    const START: u64 = 64 << 10;
    if !jpeg::sniff(&part.head(3)) {
        return None;
    }
    let mut length = START;
    loop {
        match jpeg::probe(&part.head(length)) {
            Ok(header) => return Some(header.size),
            Err(Problem::Truncated) if length < part.len() => length *= 4,
            Err(_) => return None,
        }
    }
}

/// The metadata of the file, which in Fujifilm's is that of the preview.
pub(super) fn blocks(bytes: Bytes<'_>) -> Blocks<'_> {
    if !bytes.starts_with(RAF) {
        return tiff::metadata::blocks(bytes);
    }
    let preview = in_raf(bytes).ok().and_then(|found| found.parts.first().copied());
    match preview.map(Bytes::load) {
        Some(Cow::Borrowed(preview)) => jpeg::metadata::blocks(preview),
        Some(Cow::Owned(preview)) => jpeg::metadata::blocks(&preview).into_owned(),
        None => tiff::metadata::blocks(bytes),
    }
}

fn in_raf(bytes: Bytes<'_>) -> Result<Found<'_>, Problem> {
    let number = |at| bytes.array(at).map(u32::from_be_bytes).map(u64::from);
    let (Some(start), Some(length)) = (number(84), number(88)) else { return Err(Problem::Truncated) };
    let part = bytes.get(start, length).ok_or(Problem::Truncated)?;
    Ok(Found { parts: vec![part], ..Found::default() })
}

fn in_directories<'a>(bytes: Bytes<'a>) -> Result<Found<'a>, Problem> {
    /// More directories than any camera writes.
    const MOST: usize = 64;
    let tiff = Tiff::of(bytes).or_else(|| Tiff::of_camera(bytes)).ok_or(Problem::Truncated)?;
    let add = |found: &mut Found<'a>, at: u64, length: u64| {
        let part = tiff.part(at, length);
        if part.len() == length { found.parts.push(part) } else { found.is_cut = true }
    };
    let mut found = Found::default();
    let mut waiting: Vec<u64> = vec![tiff.first().ok_or(Problem::Truncated)?];
    let mut seen = HashSet::new();
    while let Some(at) = waiting.pop() {
        if seen.len() == MOST || !seen.insert(at) {
            continue;
        }
        let directory = tiff.directory(at).filter(Directory::is_complete).ok_or(Problem::Truncated)?;
        let number = |tag| directory.number(tag);
        if seen.len() == 1 {
            let orientation = number(tag::ORIENTATION).and_then(|value| u8::try_from(value).ok());
            found.orientation = orientation.filter(|value| (1..=8).contains(value));
        }
        let sides = number(tag::WIDTH).zip(number(tag::HEIGHT));
        let sides = sides.or_else(|| number(tag::RW2_WIDTH).zip(number(tag::RW2_HEIGHT)));
        found.pixels = sides.map_or(0, |(width, height)| width.saturating_mul(height)).max(found.pixels);
        if let Some((at, length)) = number(tag::JPEG_OFFSET).zip(number(tag::JPEG_LENGTH)) {
            add(&mut found, at, length);
        }
        if let (Some(6 | 7), Some((at, length))) =
            (number(tag::COMPRESSION), number(tag::STRIP_OFFSETS).zip(number(tag::STRIP_LENGTHS)))
        {
            add(&mut found, at, length);
        }
        if [tag::RW2_PREVIEW, tag::SUB_DIRECTORIES].iter().any(|tag| directory.lacks_values(*tag)) {
            return Err(Problem::Truncated);
        }
        found.parts.extend(directory.entry(tag::RW2_PREVIEW).map(|preview| preview.value));
        let exif = number(tag::EXIF).and_then(|at| tiff.directory(at));
        found.parts.extend(exif.and_then(|exif| in_notes(exif.rest_from(tag::NOTES)?)));
        let parts = directory.entry(tag::SUB_DIRECTORIES).and_then(|entry| entry.numbers());
        waiting.extend(parts.into_iter().flatten().take(MOST));
        // Some cameras leave anything there.
        waiting.extend(directory.next().filter(|at| tiff.directory(*at).is_some_and(|next| next.is_complete())));
    }
    Ok(found)
}

/// The preview in the notes of a camera by Olympus or OM System; places are relative to where they begin, and the
/// preview may lie behind them.
fn in_notes(notes: Bytes<'_>) -> Option<Bytes<'_>> {
    let signature = [&b"OLYMPUS\0"[..], b"OM SYSTEM\0\0\0"].into_iter().find(|start| notes.starts_with(start))?;
    // Byte order and version come before the directory.
    let order = signature.len() as u64;
    let tiff = Tiff::of_notes(notes, order)?;
    let settings = tiff.directory(tiff.directory(order + 4)?.number(tag::OLYMPUS_SETTINGS)?)?;
    let (at, length) =
        settings.number(tag::OLYMPUS_PREVIEW_OFFSET).zip(settings.number(tag::OLYMPUS_PREVIEW_LENGTH))?;
    Some(tiff.part(at, length))
}

#[cfg(test)]
mod tests {
    use super::super::sniff;
    use super::Format;

    #[test]
    fn files_with_signatures_of_their_own_are_known() {
        for (bytes, is_raw) in [
            (&b"II*\0\x10\0\0\0CR\x02\0"[..], true),
            (b"IIU\0\x18\0\0\0", true),
            (b"IIRO\x08\0\0\0", true),
            (b"FUJIFILMCCD-RAW 0201", true),
            (b"MM\0*\0\0\0\x08", false),
        ] {
            assert_eq!(sniff(bytes) == Some(Format::Raw), is_raw, "{bytes:?}");
        }
    }

    /// A file of one directory.
    fn tiff_with(entries: &[(u16, u32)]) -> Vec<u8> {
        let mut file = b"II*\0\x08\0\0\0".to_vec();
        file.extend((entries.len() as u16).to_le_bytes());
        for (tag, value) in entries {
            file.extend([&tag.to_le_bytes()[..], &[4, 0, 1, 0, 0, 0], &value.to_le_bytes()].concat());
        }
        file.extend([0; 4]);
        file
    }

    #[test]
    fn raw_files_are_told_from_tiff_by_their_first_directory() {
        let (subfile, compression, photometric, make, parts, dng) = (254, 259, 262, 271, 330, 50_706);
        for (entries, is_raw) in [
            (&[(photometric, 2), (dng, 0x401)][..], true),
            (&[(subfile, 1), (compression, 1), (make, 0), (parts, 99)], true),
            (&[(photometric, 32_803)], true),
            (&[(compression, 34_713)], true),
            (&[(subfile, 0), (make, 0), (parts, 99), (photometric, 2), (compression, 5)], false),
            (&[(subfile, 1), (photometric, 2)], false),
        ] {
            let file = tiff_with(entries);
            let expected = if is_raw { Format::Raw } else { Format::Tiff };
            assert_eq!(sniff(&file), Some(expected), "{entries:?}");
        }
    }
}
