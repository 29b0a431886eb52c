//! EXIF: the orientation and the colour space, and nothing else. All other metadata is dropped when a picture is written.

use super::Bytes;
use super::directory::{ASCII, Tiff};

/// Tags of TIFF 6.0, EXIF 2.32 and DCF 2.0.
mod tag {
    pub(super) const ORIENTATION: u16 = 0x0112;
    /// Where the directories of EXIF and, within, of interoperability begin.
    pub(super) const EXIF: u16 = 0x8769;
    pub(super) const INTEROPERABILITY: u16 = 0xa005;
    pub(super) const COLOR_SPACE: u16 = 0xa001;
    pub(super) const INTEROPERABILITY_INDEX: u16 = 0x0001;
}

/// Orientation 1…8 from a TIFF structure as in EXIF (`II*\0…` or `MM\0*…`; a leading `Exif\0\0` is skipped); `None` if
/// it has no valid orientation. Only the first directory counts: the second describes the thumbnail. If a file has
/// several blocks, use the first that returns an orientation.
pub(super) fn orientation(block: &[u8]) -> Option<u8> {
    let tiff = Tiff::of(without_prefix(block.into()))?;
    let value = tiff.directory(tiff.first()?)?.number(tag::ORIENTATION)?;
    u8::try_from(value).ok().filter(|value| (1..=8).contains(value))
}

/// Whether a camera says that the picture is in Adobe RGB: by the interoperability index `R03` of DCF and no claim of sRGB,
/// or by the value 2, which some cameras write for the colour space.
pub(super) fn is_adobe_rgb<'a>(block: impl Into<Bytes<'a>>) -> bool {
    says_adobe_rgb(without_prefix(block.into()))
}

fn says_adobe_rgb(block: Bytes<'_>) -> bool {
    const SRGB: u64 = 1;
    const ADOBE_RGB: u64 = 2;
    let read = || {
        let tiff = Tiff::of(block).or_else(|| Tiff::of_camera(block))?;
        let exif = tiff.directory(tiff.directory(tiff.first()?)?.number(tag::EXIF)?)?;
        let space = exif.number(tag::COLOR_SPACE);
        let index = || {
            let directory = tiff.directory(exif.number(tag::INTEROPERABILITY)?)?;
            directory.entry(tag::INTEROPERABILITY_INDEX).filter(|entry| entry.kind == ASCII)?.value.array(0)
        };
        Some(space == Some(ADOBE_RGB) || (space != Some(SRGB) && index() == Some(*b"R03")))
    };
    read().unwrap_or(false)
}

fn without_prefix(block: Bytes<'_>) -> Bytes<'_> {
    const PREFIX: &[u8] = b"Exif\0\0";
    if block.starts_with(PREFIX) { block.part(PREFIX.len() as u64, u64::MAX) } else { block }
}

#[cfg(test)]
mod tests {
    use super::super::directory::{LONG, SHORT};
    use super::*;

    fn block(little: bool, kind: u16, value: u16) -> Vec<u8> {
        let short = |value: u16| if little { value.to_le_bytes() } else { value.to_be_bytes() };
        let long = |value: u32| if little { value.to_le_bytes() } else { value.to_be_bytes() };
        let mut tiff = if little { b"II*\0".to_vec() } else { b"MM\0*".to_vec() };
        tiff.extend(long(8));
        tiff.extend(short(2));
        // Make, with an offset outside the block.
        tiff.extend([short(0x010f), short(2)].concat());
        tiff.extend([long(40), long(9999)].concat());
        tiff.extend([short(tag::ORIENTATION), short(kind)].concat());
        tiff.extend(long(1));
        tiff.extend([short(value), short(0)].concat());
        tiff.extend(long(0));
        tiff
    }

    #[test]
    fn both_byte_orders_are_read_with_and_without_the_exif_prefix() {
        for little in [true, false] {
            for value in 1..=8 {
                let tiff = block(little, SHORT, value);
                let value = u8::try_from(value).ok();
                assert_eq!(orientation(&tiff), value);
                assert_eq!(orientation(&[b"Exif\0\0", &tiff[..]].concat()), value);
            }
        }
    }

    #[test]
    fn an_orientation_written_as_long_is_read() {
        // The value and the zero after it are a little-endian LONG.
        assert_eq!(orientation(&block(true, LONG, 6)), Some(6));
    }

    #[test]
    fn nonsense_says_nothing() {
        assert_eq!(orientation(&block(true, SHORT, 0)), None);
        assert_eq!(orientation(&block(true, SHORT, 9)), None);
        assert_eq!(orientation(&block(true, SHORT, 262)), None);
        assert_eq!(orientation(&block(true, 2, 6)), None);
        assert_eq!(orientation(b""), None);
        assert_eq!(orientation(b"II*\0\xff\xff\xff\xff"), None);
    }

    #[test]
    fn the_directory_of_the_thumbnail_does_not_count() {
        let mut tiff = b"II*\0\x08\0\0\0\0\0\x0e\0\0\0".to_vec();
        tiff.extend_from_slice(b"\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0");
        assert_eq!(orientation(&tiff), None);
    }

    #[test]
    fn a_block_cut_anywhere_never_panics() {
        let tiff = block(false, SHORT, 6);
        for length in 0..tiff.len() {
            orientation(&tiff[..length]);
        }
    }

    /// A block with a colour space and an interoperability index.
    fn with_space(space: Option<u16>, index: &[u8; 4]) -> Vec<u8> {
        let entry = |tag: u16, kind: u16, count: u32, value: [u8; 4]| {
            [&tag.to_be_bytes()[..], &kind.to_be_bytes(), &count.to_be_bytes(), &value].concat()
        };
        let mut tiff = b"MM\0*\0\0\0\x08\0\x01".to_vec();
        tiff.extend(entry(tag::EXIF, LONG, 1, 26_u32.to_be_bytes()));
        tiff.extend([0; 4]);
        tiff.extend([0, 2]);
        let [high, low] = space.unwrap_or_default().to_be_bytes();
        tiff.extend(entry(if space.is_some() { tag::COLOR_SPACE } else { 7 }, SHORT, 1, [high, low, 0, 0]));
        tiff.extend(entry(tag::INTEROPERABILITY, LONG, 1, 56_u32.to_be_bytes()));
        tiff.extend([0; 4]);
        tiff.extend([0, 1]);
        tiff.extend(entry(tag::INTEROPERABILITY_INDEX, ASCII, 4, *index));
        tiff
    }

    #[test]
    fn adobe_rgb_is_named_by_cameras_in_two_ways() {
        const UNCALIBRATED: u16 = 0xffff;
        for (space, index, expected) in [
            (Some(UNCALIBRATED), b"R03\0", true),
            (None, b"R03\0", true),
            (Some(UNCALIBRATED), b"R98\0", false),
            (Some(1), b"R03\0", false),
            (Some(1), b"R98\0", false),
            (Some(2), b"R98\0", true),
            (None, b"\0\0\0\0", false),
        ] {
            let tiff = with_space(space, index);
            assert_eq!(is_adobe_rgb(&tiff), expected, "{space:?} {index:?}");
            assert_eq!(is_adobe_rgb(&[b"MMOR", &tiff[4..]].concat()), expected, "{space:?} {index:?}");
            for length in 0..tiff.len() {
                is_adobe_rgb(&tiff[..length]);
            }
        }
        assert!(!is_adobe_rgb(&block(true, SHORT, 6)));
    }
}
