//! The encoding of a text: by its byte order mark, or else by what it contains.

use std::borrow::Cow;

/// How much of a file is looked at to find the zeros of UTF-16.
const BEGINNING: usize = 1024;

/// What Windows-1252 has in place of the control characters of ISO 8859-1, from 0x80; U+FFFD where it has nothing.
const WINDOWS_1252: &str = "€\u{fffd}‚ƒ„…†‡ˆ‰Š‹Œ\u{fffd}Ž\u{fffd}\u{fffd}‘’“”•–—˜™š›œ\u{fffd}žŸ";

/// The text of a file in UTF-8, UTF-16 or, if it is neither, Windows-1252.
///
/// # Errors
/// A sentence about what is wrong.
pub fn text(bytes: &[u8]) -> Result<Cow<'_, str>, &'static str> {
    let beginning = &bytes[..bytes.len().min(BEGINNING)];
    let zeros = |remainder: usize| beginning.iter().skip(remainder).step_by(2).filter(|byte| **byte == 0).count();
    let text = match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => Cow::Borrowed(
            std::str::from_utf8(rest).map_err(|_| "The data file is not valid UTF-8, as which it is marked.")?,
        ),
        [0xff, 0xfe, rest @ ..] => utf_16(rest, u16::from_le_bytes)?,
        [0xfe, 0xff, rest @ ..] => utf_16(rest, u16::from_be_bytes)?,
        // ASCII in UTF-16 has a zero in every other byte, and no other encoding has any.
        _ if beginning.contains(&0) => match zeros(0) > zeros(1) {
            true => utf_16(bytes, u16::from_be_bytes)?,
            false => utf_16(bytes, u16::from_le_bytes)?,
        },
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => Cow::Owned(bytes.iter().map(windows_1252).collect()),
        },
    };
    if text.contains('\0') { Err("The data file is not a text.") } else { Ok(text) }
}

fn utf_16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Cow<'static, str>, &'static str> {
    let (units, rest) = bytes.as_chunks();
    let text: Result<String, _> = char::decode_utf16(units.iter().map(|pair| unit(*pair))).collect();
    text.ok().filter(|_| rest.is_empty()).map(Cow::Owned).ok_or("The data file is not valid UTF-16.")
}

fn windows_1252(byte: &u8) -> char {
    match byte.checked_sub(0x80) {
        Some(place @ ..32) => WINDOWS_1252.chars().nth(usize::from(place)).unwrap_or_default(),
        _ => char::from(*byte),
    }
}
