//! Placeholders: what names of results, texts on pictures and conditions may contain in braces. They are the same in all
//! three; what only differs is whose extension, size and content is meant: in a name that of the result, otherwise that of
//! the input's file and, for the size, of the picture as it arrives there.
//!
//! Everything they stand for is in the records of a batch and its executions, or in the files, so that a retry gives the same.

use super::context::About;
use crate::compact::sort_by;
use crate::data::value_of;
use crate::date::{DAY, civil_from_days, days_from_civil};
use crate::file_name::split_image_extension;

/// What a name pattern, a text on a picture or a condition may contain in braces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placeholder<'a> {
    /// The input's name, without extension: `name`.
    Name,
    /// The extension of the format that is written; in texts and conditions, of the input's file: `ext`.
    Extension,
    /// The folder that the input came from: `folder`.
    Folder,
    /// Folder and name of the input, without extension: `path`.
    Path,
    /// The position of the input, from 0, with at least this many digits: `index`, `index:04`.
    Index(usize),
    /// The number of pictures, or rows, of the batch: `count`.
    Count,
    /// The number of a piece that `split` cut, from 1: `piece`.
    Piece,
    /// Width of the result: `width`.
    Width,
    /// Height of the result: `height`.
    Height,
    /// The first digits of the result's SHA-256; in texts and conditions, of the input's: `hash`, `hash:12`.
    Hash(usize),
    /// The time of the run, in a format as of `strftime`: `date`, `date:%Y-%m-%d`.
    Date(&'a str),
    /// The day on which the input was taken, as `2026-03-14`: `exif.date`.
    Day,
    /// The camera's model: `exif.camera`.
    Camera,
    /// A value of the row, by its column: `row.price`.
    Row(&'a str),
    /// The value of a parameter of the workflow: `param.quality`, or with the action's id `param.save.quality`.
    Param(&'a str),
}

/// The placeholders as they are written in messages.
pub const PLACEHOLDERS: &str = "{name}, {ext}, {folder}, {path}, {index}, {index:04}, {count}, {piece}, {width}, {height}, {hash:8}, {date:%Y-%m-%d}, {exif.date}, {exif.camera}, {row.column}, {param.name}";

/// How a day is written where nothing else is said.
const USUAL_DATE: &str = "%Y-%m-%d";
/// Most bytes of the format of a date.
const LONGEST_DATE: usize = 40;

impl<'a> Placeholder<'a> {
    /// Reads what stands between the braces.
    pub fn read(text: &'a str) -> Option<Self> {
        if let Some(column) = text.strip_prefix(ROW) {
            return Some(Self::Row(column)).filter(|_| !column.is_empty());
        }
        if let Some(name) = text.strip_prefix(PARAM) {
            return Some(Self::Param(name)).filter(|_| !name.is_empty());
        }
        let (key, option) = text.split_once(':').map_or((text, None), |(key, option)| (key, Some(option)));
        let count = |usual: usize, most: usize| match option {
            None => Some(usual),
            Some(digits) => digits.parse().ok().filter(|count| (1..=most).contains(count) && digits.len() <= 2),
        };
        Some(match (key, option) {
            ("index", _) => Self::Index(count(1, 9)?),
            ("hash", _) => Self::Hash(count(8, 64)?),
            ("date", None) => Self::Date(USUAL_DATE),
            ("date", Some(format)) if is_date_format(format) => Self::Date(format),
            ("name", None) => Self::Name,
            ("ext", None) => Self::Extension,
            ("folder", None) => Self::Folder,
            ("path", None) => Self::Path,
            ("count", None) => Self::Count,
            ("piece", None) => Self::Piece,
            ("width", None) => Self::Width,
            ("height", None) => Self::Height,
            ("exif.date", None) => Self::Day,
            ("exif.camera", None) => Self::Camera,
            _ => return None,
        })
    }

    /// What is missing where it has no value, for a hint.
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Day => "the day on which it was taken",
            Self::Camera => "a camera",
            Self::Row(_) => "a value for that column",
            _ => "a value for that parameter",
        }
    }
}

impl About<'_> {
    /// What a placeholder stands for where nothing has been written yet; `None` if it has no value. The size is that of a
    /// picture, which the caller knows.
    pub fn value(&self, placeholder: Placeholder<'_>) -> Option<String> {
        let stem = || match split_image_extension(self.name).0 {
            "" => "image",
            stem => stem,
        };
        Some(match placeholder {
            Placeholder::Name => stem().to_owned(),
            Placeholder::Extension => split_image_extension(self.name).1.trim_start_matches('.').to_owned(),
            Placeholder::Folder => self.folder.to_owned(),
            Placeholder::Path if self.folder.is_empty() => stem().to_owned(),
            Placeholder::Path => [self.folder, "/", stem()].concat(),
            Placeholder::Index(digits) => format!("{:0digits$}", self.index),
            Placeholder::Count => self.run.count.to_string(),
            // Where a picture was split, its number stands there already.
            Placeholder::Piece => "1".to_owned(),
            Placeholder::Hash(length) => (self.hash)().chars().take(length).collect(),
            Placeholder::Date(format) => dated(self.run.clock, format),
            Placeholder::Day => (self.day)()?,
            Placeholder::Camera => (self.camera)()?,
            Placeholder::Row(column) => value_of(self.row, column)?,
            Placeholder::Param(name) => self.params?.get(name).filter(|value| !value.is_empty())?.clone(),
            Placeholder::Width | Placeholder::Height => return None,
        })
    }
}

/// The parts of a time that a format can name: as in C's `strftime`, as far as they are numbers.
const DATE_PARTS: &str = "YymdjHMS%";

/// Whether it is a format of a time.
fn is_date_format(format: &str) -> bool {
    let mut rest = format.chars();
    let mut names_something = false;
    while let Some(one) = rest.next() {
        if one == '%' {
            if !rest.next().is_some_and(|part| DATE_PARTS.contains(part)) {
                return false;
            }
            names_something = true;
        }
    }
    names_something && format.len() <= LONGEST_DATE
}

/// A time, given in milliseconds of its own clock since 1970, in a format.
pub fn dated(clock: f64, format: &str) -> String {
    // The years 0 to 9999.
    let clock = (clock as i64).clamp(-62_167_219_200_000, 253_402_300_799_999);
    let (days, rest) = (clock.div_euclid(DAY), clock.rem_euclid(DAY));
    let (year, month, day) = civil_from_days(days);
    let mut text = String::new();
    let mut parts = format.chars();
    while let Some(one) = parts.next() {
        if one != '%' {
            text.push(one);
            continue;
        }
        let (value, digits) = match parts.next() {
            Some('Y') => (year, 4),
            Some('y') => (year % 100, 2),
            Some('m') => (month, 2),
            Some('d') => (day, 2),
            Some('j') => (days - days_from_civil(year, 1, 1) + 1, 3),
            Some('H') => (rest / 3_600_000, 2),
            Some('M') => (rest / 60_000 % 60, 2),
            Some('S') => (rest / 1000 % 60, 2),
            _ => {
                text.push('%');
                continue;
            }
        };
        text.push_str(&format!("{value:0digits$}"));
    }
    text
}

/// What placeholders of a row's values begin with.
const ROW: &str = "row.";
/// What placeholders of parameters begin with.
const PARAM: &str = "param.";

/// The placeholder for the number of a piece.
const PIECE: &str = "{piece}";

/// A name pattern, text or condition for one of several pieces, with its number in place of the placeholder; `None` if it has
/// none.
pub fn of_piece(pattern: &str, number: u32) -> Option<String> {
    pattern.contains(PIECE).then(|| pattern.replace(PIECE, &number.to_string()))
}

/// Fills a name pattern or text: `value` answers for each placeholder. A folder that is empty takes the slash behind it with
/// it.
///
/// # Errors
/// The first unknown placeholder, or the rest of a pattern whose brace is not closed.
pub fn fill(pattern: &str, value: impl Fn(Placeholder<'_>) -> String) -> Result<String, String> {
    let mut filled = String::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('{') {
        let (key, tail) = after.split_once('}').ok_or_else(|| after.to_owned())?;
        let placeholder = Placeholder::read(key).ok_or_else(|| key.to_owned())?;
        let value = value(placeholder);
        filled.push_str(before);
        filled.push_str(&value);
        let is_gap = placeholder == Placeholder::Folder && value.is_empty();
        rest = if is_gap { tail.strip_prefix('/').unwrap_or(tail) } else { tail };
    }
    filled.push_str(rest);
    Ok(filled)
}

/// The placeholders of a name pattern or text that are known.
pub fn placeholders(pattern: &str) -> impl Iterator<Item = Placeholder<'_>> {
    let named = pattern.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
    named.filter_map(|(key, _)| Placeholder::read(key))
}

/// What to do about an unknown placeholder: those that it resembles, and all there are.
pub fn hint_for(unknown: &str) -> String {
    if unknown.starts_with("date:") {
        return "Give a format of %Y, %y, %m, %d, %j, %H, %M and %S, such as {date:%Y-%m-%d}.".to_owned();
    }
    let key = unknown.split(':').next().unwrap_or_default();
    let known = PLACEHOLDERS.split(", ");
    let mut near: Vec<(usize, &str)> = known
        .map(|one| (strsim::osa_distance(key, one.trim_matches(['{', '}']).split(':').next().unwrap_or_default()), one))
        .filter(|(distance, _)| *distance <= 2)
        .collect();
    sort_by(&mut near, Ord::cmp);
    let question = near.first().map_or(String::new(), |(_, near)| ["Did you mean ", near, "? "].concat());
    [question.as_str(), "Use ", PLACEHOLDERS, "."].concat()
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
            ("count", Some(Placeholder::Count)),
            ("count:3", None),
            ("path", Some(Placeholder::Path)),
            ("param.save.quality", Some(Placeholder::Param("save.quality"))),
            ("param.", None),
            ("date", Some(Placeholder::Date("%Y-%m-%d"))),
            ("date:%H:%M", Some(Placeholder::Date("%H:%M"))),
            ("date:%Y%%", Some(Placeholder::Date("%Y%%"))),
            ("date:", None),
            ("date:today", None),
            ("date:%Q", None),
            ("date:%", None),
        ] {
            assert_eq!(Placeholder::read(text), expected, "{text}");
        }
        let named: Vec<_> = PLACEHOLDERS.split(", ").map(|one| one.trim_matches(['{', '}'])).collect();
        assert!(named.into_iter().all(|one| Placeholder::read(one).is_some()));
    }

    #[test]
    fn an_empty_folder_leaves_no_slash_behind() {
        let fill = |pattern: &str, folder: &str| {
            fill(pattern, |key| if key == Placeholder::Folder { folder.to_owned() } else { "x".to_owned() })
        };
        assert_eq!(fill("web/{folder}/{name}.{ext}", "a/b").as_deref(), Ok("web/a/b/x.x"));
        assert_eq!(fill("web/{folder}/{name}.{ext}", "").as_deref(), Ok("web/x.x"));
        assert_eq!(fill("{folder}-{name}", "").as_deref(), Ok("-x"));
        assert_eq!(fill("{folders}", ""), Err("folders".to_owned()));
    }

    #[test]
    fn a_time_is_written_as_its_format_says() {
        // By Python: datetime(2024, 12, 31, 23, 5, 9).strftime(...); 1735686309 is its timegm.
        let clock = 1_735_686_309_999.0;
        for (format, expected) in [
            ("%Y-%m-%d", "2024-12-31"),
            ("%d.%m.%y, %H:%M:%S", "31.12.24, 23:05:09"),
            ("%j of %Y", "366 of 2024"),
            ("100%% %H", "100% 23"),
        ] {
            assert_eq!(dated(clock, format), expected, "{format}");
        }
        assert_eq!(dated(0.0, "%Y-%m-%d %j"), "1970-01-01 001");
        assert_eq!(dated(-1.0, "%Y-%m-%d %H:%M:%S"), "1969-12-31 23:59:59");
        for extreme in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e308, -0.0] {
            assert_eq!(dated(extreme, "%Y").len(), 4, "{extreme}");
        }
    }

    #[test]
    fn all_that_is_known_of_a_picture_has_a_placeholder() {
        let params = [("save.quality".to_owned(), "80".to_owned()), ("empty".to_owned(), String::new())];
        let params = params.into_iter().collect();
        let about = About {
            name: "Oak.JPG",
            folder: "trees/old",
            index: 7,
            day: &|| Some("2026-03-14".to_owned()),
            hash: &|| "0123456789ab".to_owned(),
            run: crate::actions::RunFacts { clock: 1_735_686_309_999.0, count: 12 },
            params: Some(&params),
            ..About::default()
        };
        for (key, expected) in [
            ("name", Some("Oak")),
            ("ext", Some("JPG")),
            ("folder", Some("trees/old")),
            ("path", Some("trees/old/Oak")),
            ("index:03", Some("007")),
            ("count", Some("12")),
            ("piece", Some("1")),
            ("hash:4", Some("0123")),
            ("date", Some("2024-12-31")),
            ("exif.date", Some("2026-03-14")),
            ("exif.camera", None),
            ("row.price", None),
            ("param.save.quality", Some("80")),
            ("param.empty", None),
            ("param.none", None),
            ("width", None),
        ] {
            assert_eq!(about.value(Placeholder::read(key).unwrap()).as_deref(), expected, "{key}");
        }
        assert_eq!(About { name: "a.png", ..About::default() }.value(Placeholder::Path).as_deref(), Some("a"));
        assert_eq!(About::default().value(Placeholder::Path).as_deref(), Some("image"));
    }

    #[test]
    fn a_hint_names_what_an_unknown_placeholder_resembles() {
        assert!(hint_for("nmae").starts_with("Did you mean {name}? Use {name}, {ext}"));
        assert!(hint_for("cuont").starts_with("Did you mean {count}?"));
        assert!(hint_for("hsah:8").starts_with("Did you mean {hash:8}?"));
        assert!(hint_for("something").starts_with("Use {name}"));
        assert!(hint_for("date:%Q").contains("%H"));
    }
}
