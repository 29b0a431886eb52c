//! EXIF: the orientation, and nothing else. All other metadata is dropped when a picture is written.

/// Tag 0x0112 of TIFF 6.0 and EXIF 2.32.
const ORIENTATION: u16 = 0x0112;
const SHORT: u16 = 3;
const LONG: u16 = 4;
const ENTRY: usize = 12;

/// Orientation 1…8 from a TIFF structure as in EXIF (`II*\0…` or `MM\0*…`; a leading `Exif\0\0` is skipped); `None` if
/// it has no valid orientation. Only the first directory counts: the second describes the thumbnail. If a file has
/// several blocks, use the first that returns an orientation.
pub(super) fn orientation(block: &[u8]) -> Option<u8> {
    read(block.strip_prefix(b"Exif\0\0").unwrap_or(block)).filter(|value| (1..=8).contains(value))
}

fn read(tiff: &[u8]) -> Option<u8> {
    let little = match tiff.get(..4)? {
        b"II*\0" => true,
        b"MM\0*" => false,
        _ => return None,
    };
    let short = |at: usize| {
        let bytes = tiff.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    };
    let long = |at: usize| {
        let bytes = tiff.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    };

    let directory = long(4)? as usize;
    let entries = usize::from(short(directory)?);
    (0..entries)
        .map_while(|index| directory.checked_add(2 + index * ENTRY))
        .find(|&entry| short(entry) == Some(ORIENTATION))
        .filter(|&entry| long(entry + 4) == Some(1))
        .and_then(|entry| match short(entry + 2)? {
            SHORT => u8::try_from(short(entry + 8)?).ok(),
            // The standard allows only SHORT, but some programs write LONG and most readers accept it.
            LONG => u8::try_from(long(entry + 8)?).ok(),
            _ => None,
        })
}

#[cfg(test)]
mod tests {
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
        tiff.extend([short(ORIENTATION), short(kind)].concat());
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
}
