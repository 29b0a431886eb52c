//! IPTC-IIM (4.2), as Photoshop and older programs write it: only read, and only for what EXIF and XMP do not say. Results
//! have XMP instead, so that no two copies can disagree.

use std::collections::BTreeMap;

use super::properties::{Key, Properties, from_latin_1};
use crate::codecs::reader::Reader;
use crate::codecs::{Bytes, psd};

/// Record 1, data set 90: the character set of record 2.
const CHARACTER_SET: (u8, u8) = (1, 90);

/// The block of IPTC-IIM among Photoshop's resources.
pub(in crate::codecs) fn in_resources<'a>(resources: impl Into<Bytes<'a>>) -> Option<Bytes<'a>> {
    let mut resources = Reader(resources.into());
    std::iter::from_fn(|| psd::next_resource(&mut resources))
        .find(|(id, _)| *id == psd::resource::IPTC)
        .map(|(_, content)| content)
}

/// Where the data sets of record 2 go.
const fn key(number: u8) -> Option<Key> {
    Some(match number {
        5 => Key::Title,
        25 => Key::Keywords,
        80 => Key::Creator,
        90 => Key::City,
        92 => Key::Sublocation,
        95 => Key::Region,
        100 => Key::CountryCode,
        101 => Key::Country,
        105 => Key::Headline,
        110 => Key::Credit,
        115 => Key::Source,
        116 => Key::Rights,
        120 => Key::Description,
        _ => return None,
    })
}

/// Adds what a block says to the properties that have no values.
pub(super) fn read(block: &[u8], properties: &mut Properties) {
    let mut is_utf_8 = false;
    let mut found: BTreeMap<Key, Vec<String>> = BTreeMap::new();
    for (number, content) in data_sets(block) {
        if number == CHARACTER_SET {
            // ISO 2022 escapes to UTF-8, of any level.
            is_utf_8 = matches!(content, [0x1b, b'%', b'G'] | [0x1b, b'%', b'/', b'G'..=b'I']);
        } else if let (2, Some(key)) = (number.0, key(number.1)) {
            let text = if is_utf_8 { String::from_utf8_lossy(content).into_owned() } else { from_latin_1(content) };
            found.entry(key).or_default().push(text);
        }
    }
    for (key, texts) in found {
        if !properties.has(key) {
            properties.set_texts(key, texts.iter().map(String::as_str));
        }
    }
}

/// The data sets up to the first that is broken: record, number, and content.
fn data_sets(block: &[u8]) -> impl Iterator<Item = ((u8, u8), &[u8])> {
    let mut rest = block;
    std::iter::from_fn(move || {
        let &[0x1c, record, number, high, low, ref after @ ..] = rest else { return None };
        let length = u16::from_be_bytes([high, low]);
        // With the highest bit set, it is the length of a length.
        let (length, after) = if length & 0x8000 == 0 {
            (usize::from(length), after)
        } else {
            let (digits, after) = after.split_at_checked(usize::from(length & 0x7fff))?;
            let join = |length: usize, digit: &u8| length.checked_mul(256)?.checked_add(usize::from(*digit));
            (digits.iter().try_fold(0, join)?, after)
        };
        let (content, after) = after.split_at_checked(length)?;
        rest = after;
        Some(((record, number), content))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data_set(record: u8, number: u8, content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len()).unwrap_or(0).to_be_bytes();
        [&[0x1c, record, number][..], &length, content].concat()
    }

    fn joined(blocks: &[Vec<u8>], key: Key) -> Option<String> {
        let mut properties = Properties::default();
        read(&blocks.concat(), &mut properties);
        properties.joined(key)
    }

    #[test]
    fn texts_are_latin_1_unless_the_block_says_utf_8() {
        let latin_1 = [data_set(2, 80, b"Ren\xe9e")];
        assert_eq!(joined(&latin_1, Key::Creator).as_deref(), Some("Renée"));
        let utf_8 = [data_set(1, 90, b"\x1b%G"), data_set(2, 80, "Renée".as_bytes())];
        assert_eq!(joined(&utf_8, Key::Creator).as_deref(), Some("Renée"));
    }

    #[test]
    fn repeated_data_sets_are_a_list_and_long_ones_have_a_longer_length() {
        let keywords = [data_set(2, 25, b"sea"), data_set(2, 25, b"sky"), data_set(2, 25, b" ")];
        assert_eq!(joined(&keywords, Key::Keywords).as_deref(), Some("sea; sky"));
        let extended = [[&[0x1c, 2, 120, 0x80, 4, 0, 0, 0, 3][..], b"sky"].concat(), data_set(2, 25, b"sea")];
        assert_eq!(joined(&extended, Key::Description).as_deref(), Some("sky"));
        assert_eq!(joined(&extended, Key::Keywords).as_deref(), Some("sea"));
    }

    #[test]
    fn what_is_known_already_stays() {
        let mut properties = Properties::default();
        properties.set_texts(Key::Creator, ["From XMP"]);
        read(&[data_set(2, 80, b"Other"), data_set(2, 110, b"Agency")].concat(), &mut properties);
        assert_eq!(properties.joined(Key::Creator).as_deref(), Some("From XMP"));
        assert_eq!(properties.joined(Key::Credit).as_deref(), Some("Agency"));
    }
}
