//! Fonts that are packed for web pages: WOFF (deflate) and WOFF2 (brotli).

use std::borrow::Cow;

use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;

/// The most bytes to which a font is unpacked.
const MOST: usize = 128 << 20;
/// What precedes the directory of a WOFF file, and an entry of it.
const HEADER: usize = 44;
const ENTRY: usize = 20;

/// A font as it was before it was packed; one that is not packed as it is.
///
/// # Errors
/// Why it cannot be unpacked.
pub fn unpacked(file: &[u8]) -> Result<Cow<'_, [u8]>, &'static str> {
    let unpacked = match file.get(..4) {
        Some(b"wOFF") => {
            if promised(file) > MOST {
                return Err("it is a WOFF file that would unpack to more than 128 MB");
            }
            wuff::decompress_woff1_with_custom_z(file, &mut |data, length| {
                decompress_to_vec_zlib_with_limit(data, length).map_err(|error| error.to_string().into())
            })
        }
        Some(b"wOF2") => wuff::decompress_woff2(file),
        _ => return Ok(Cow::Borrowed(file)),
    };
    unpacked.map(Cow::Owned).map_err(|_| "it is a WOFF file that is damaged, or would unpack to more than 128 MB")
}

/// How long the tables of a WOFF file say that they are, packed or unpacked.
fn promised(file: &[u8]) -> usize {
    let number = |at: usize| {
        file.get(at..at + 4).map_or(0, |bytes| bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)))
    };
    let tables = number(12) >> 16;
    let table = |table: usize| [8, 12].map(|field| number(HEADER + table * ENTRY + field)).into_iter().max();
    (0..tables).filter_map(table).fold(0, usize::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fonts() -> [(&'static [u8], &'static [u8]); 2] {
        [
            (
                include_bytes!("../../../tests/data/fonts/hebrew.woff"),
                include_bytes!("../../../tests/data/fonts/hebrew.ttf"),
            ),
            (
                include_bytes!("../../../tests/data/fonts/hebrew.woff2"),
                include_bytes!("../../../tests/data/fonts/hebrew.ttf"),
            ),
        ]
    }

    /// The tables of a font file by their names. What the whole file sums up to is in `head`.
    fn tables(file: &[u8]) -> Vec<(String, Vec<u8>)> {
        let font = skrifa::FontRef::new(file).unwrap();
        let records = font.table_directory().table_records().iter();
        let table = |tag| font.table_data(tag).unwrap().as_bytes().to_vec();
        let mut tables: Vec<_> = records.map(|record| (record.tag().to_string(), table(record.tag()))).collect();
        for (_, head) in tables.iter_mut().filter(|(name, _)| name == "head") {
            head[8..12].fill(0);
        }
        tables
    }

    #[test]
    fn a_packed_font_is_what_it_was() {
        for (packed, font) in fonts() {
            assert!(packed.len() < font.len());
            let (unpacked, font) = (tables(&unpacked(packed).unwrap()), tables(font));
            for ((name, unpacked), (other, original)) in unpacked.iter().zip(&font) {
                assert_eq!(name, other);
                // The glyphs are encoded again; another test compares their shapes. fontTools records that in `head`.
                if !["glyf", "loca", "head"].contains(&name.as_str()) {
                    assert!(unpacked == original, "{name}");
                }
            }
            assert_eq!(unpacked.len(), font.len());
        }
    }

    #[test]
    fn a_font_that_is_not_packed_stays_as_it_is() {
        let (_, font) = fonts()[0];
        assert!(matches!(unpacked(font), Ok(Cow::Borrowed(same)) if same == font));
        assert_eq!(unpacked(b"").unwrap(), b"".as_slice());
    }

    /// Damage of every byte of the header and the directory, of many others, and every length.
    #[test]
    fn what_is_damaged_is_refused_or_unpacked_but_never_ends_the_program() {
        for (packed, _) in fonts() {
            for at in (0..400.min(packed.len())).chain((400..packed.len()).step_by(61)) {
                for change in [1, 0x80, 0xff] {
                    let mut damaged = packed.to_vec();
                    damaged[at] ^= change;
                    let _either = unpacked(&damaged);
                }
            }
            for length in (4..packed.len()).step_by(37) {
                assert!(unpacked(&packed[..length]).is_err(), "{length}");
            }
        }
    }

    #[test]
    fn a_bomb_is_refused_before_it_is_unpacked() {
        let (packed, _) = fonts()[0];
        let mut bomb = packed.to_vec();
        bomb[HEADER + 12..HEADER + 16].fill(0xff);
        assert!(unpacked(&bomb).unwrap_err().contains("more than 128 MB"));
    }
}
