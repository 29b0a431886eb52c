//! Placeholders: what names of results and texts on pictures may contain in braces.

/// What a name pattern, or a text on a picture, may contain in braces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placeholder<'a> {
    /// The input's name, without extension: `name`.
    Name,
    /// The extension of the format that is written: `ext`.
    Extension,
    /// The folder that the input came from: `folder`.
    Folder,
    /// The position of the input, from 0, with at least this many digits: `index`, `index:04`.
    Index(usize),
    /// The number of a piece that `split` cut, from 1: `piece`.
    Piece,
    /// Width of the result: `width`.
    Width,
    /// Height of the result: `height`.
    Height,
    /// The first digits of the result's SHA-256: `hash`, `hash:12`.
    Hash(usize),
    /// The day on which the input was taken, as `2026-03-14`: `exif.date`.
    Day,
    /// The camera's model: `exif.camera`.
    Camera,
    /// A value of the row, by its column: `row.price`.
    Row(&'a str),
}

/// The placeholders as they are written in messages.
pub const PLACEHOLDERS: &str = "{name}, {ext}, {folder}, {index}, {index:04}, {piece}, {width}, {height}, {hash:8}, {exif.date}, {exif.camera}, {row.column}";

impl<'a> Placeholder<'a> {
    /// Reads what stands between the braces.
    pub fn read(text: &'a str) -> Option<Self> {
        if let Some(column) = text.strip_prefix(ROW).filter(|column| !column.is_empty()) {
            return Some(Self::Row(column));
        }
        let (key, option) = text.split_once(':').map_or((text, None), |(key, option)| (key, Some(option)));
        let count = |usual: usize, most: usize| match option {
            None => Some(usual),
            Some(digits) => digits.parse().ok().filter(|count| (1..=most).contains(count) && digits.len() <= 2),
        };
        Some(match (key, option) {
            ("index", _) => Self::Index(count(1, 9)?),
            ("hash", _) => Self::Hash(count(8, 64)?),
            ("name", None) => Self::Name,
            ("ext", None) => Self::Extension,
            ("folder", None) => Self::Folder,
            ("piece", None) => Self::Piece,
            ("width", None) => Self::Width,
            ("height", None) => Self::Height,
            ("exif.date", None) => Self::Day,
            ("exif.camera", None) => Self::Camera,
            _ => return None,
        })
    }
}

/// The placeholders that a text on a picture may contain, as they are written in messages. What only a written result has is
/// not known yet when text is set.
pub const PLACEHOLDERS_IN_TEXT: &str =
    "{name}, {folder}, {index}, {index:04}, {piece}, {width}, {height}, {exif.date}, {exif.camera}, {row.column}";

/// What placeholders of a row's values begin with.
const ROW: &str = "row.";

/// The placeholder for the number of a piece.
const PIECE: &str = "{piece}";

/// A name pattern or text for one of several pieces, with its number in place of the placeholder; `None` if it has none.
pub fn of_piece(pattern: &str, number: u32) -> Option<String> {
    pattern.contains(PIECE).then(|| pattern.replace(PIECE, &number.to_string()))
}

/// Fills a name pattern: `value` answers for each placeholder. A folder that is empty takes the slash behind it with it.
///
/// # Errors
/// The first unknown placeholder, or the rest of a pattern whose brace is not closed.
pub fn fill_name(pattern: &str, value: impl Fn(Placeholder<'_>) -> String) -> Result<String, String> {
    fill(pattern, |placeholder| Some(value(placeholder)))
}

/// Fills a text for a picture: `value` answers for each placeholder that is known before a result is written.
///
/// # Errors
/// As [`fill_name`].
pub fn fill_text(text: &str, value: impl Fn(Placeholder<'_>) -> String) -> Result<String, String> {
    fill(text, |placeholder| {
        let is_later = matches!(placeholder, Placeholder::Extension | Placeholder::Hash(_));
        (!is_later).then(|| value(placeholder))
    })
}

/// The columns that a name pattern or text names.
pub fn columns(pattern: &str) -> impl Iterator<Item = &str> {
    let named = pattern.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
    named.filter_map(|(key, _)| key.strip_prefix(ROW))
}

fn fill(pattern: &str, value: impl Fn(Placeholder<'_>) -> Option<String>) -> Result<String, String> {
    let mut filled = String::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('{') {
        let (key, tail) = after.split_once('}').ok_or_else(|| after.to_owned())?;
        let placeholder = Placeholder::read(key).ok_or_else(|| key.to_owned())?;
        let value = value(placeholder).ok_or_else(|| key.to_owned())?;
        filled.push_str(before);
        filled.push_str(&value);
        let is_gap = placeholder == Placeholder::Folder && value.is_empty();
        rest = if is_gap { tail.strip_prefix('/').unwrap_or(tail) } else { tail };
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_have_options_where_they_make_sense() {
        for (text, expected) in [
            ("index", Some(Placeholder::Index(1))),
            ("index:04", Some(Placeholder::Index(4))),
            ("index:12", None),
            ("index:0", None),
            ("index:x", None),
            ("hash", Some(Placeholder::Hash(8))),
            ("hash:64", Some(Placeholder::Hash(64))),
            ("hash:065", None),
            ("name:3", None),
            ("exif.date", Some(Placeholder::Day)),
            ("exif.gps", None),
            ("piece", Some(Placeholder::Piece)),
            ("piece:2", None),
            ("row.price", Some(Placeholder::Row("price"))),
            ("row.a: b", Some(Placeholder::Row("a: b"))),
            ("row.", None),
        ] {
            assert_eq!(Placeholder::read(text), expected, "{text}");
        }
        let named: Vec<_> = PLACEHOLDERS.split(", ").map(|one| one.trim_matches(['{', '}'])).collect();
        assert!(named.into_iter().all(|one| Placeholder::read(one).is_some()));
    }

    #[test]
    fn an_empty_folder_leaves_no_slash_behind() {
        let fill = |pattern: &str, folder: &str| {
            fill_name(pattern, |key| if key == Placeholder::Folder { folder.to_owned() } else { "x".to_owned() })
        };
        assert_eq!(fill("web/{folder}/{name}.{ext}", "a/b").as_deref(), Ok("web/a/b/x.x"));
        assert_eq!(fill("web/{folder}/{name}.{ext}", "").as_deref(), Ok("web/x.x"));
        assert_eq!(fill("{folder}-{name}", "").as_deref(), Ok("-x"));
        assert_eq!(fill("{folders}", ""), Err("folders".to_owned()));
    }

    #[test]
    fn a_text_names_nothing_that_only_a_result_has() {
        let fill = |text: &str| fill_text(text, |_| "x".to_owned());
        assert_eq!(fill("{name}, {exif.date}").as_deref(), Ok("x, x"));
        assert_eq!(fill("{name}.{ext}"), Err("ext".to_owned()));
        assert_eq!(fill("{hash:4}"), Err("hash:4".to_owned()));
        let named: Vec<_> = PLACEHOLDERS_IN_TEXT.split(", ").collect();
        assert!(named.into_iter().all(|one| fill(one).is_ok()));
    }
}
