//! File names that are safe on Windows, macOS and Linux, unique within an archive.

use crate::compact::{SortedMap, SortedSet};
use crate::file_name::{folder, split_image_extension};

/// Longest part of a path in bytes; file systems allow 255.
const LONGEST: usize = 200;

/// Makes a path relative and safe: parts are sanitised one by one; `.`, `..` and empty parts are removed; at least one
/// part remains.
pub fn safe_path(raw: &str) -> String {
    let parts: Vec<String> =
        raw.split(['/', '\\']).map(str::trim).filter(|part| !matches!(*part, "" | "." | "..")).map(safe_part).collect();
    if parts.is_empty() { "_".to_owned() } else { parts.join("/") }
}

/// The file name of a path, safe.
pub fn safe_file_name(raw: &str) -> String {
    let path = safe_path(raw);
    path.rsplit('/').next().unwrap_or("_").to_owned()
}

/// Makes one part of a path safe.
fn safe_part(part: &str) -> String {
    // Characters that Windows forbids become underscores; control characters and text direction marks are removed.
    let mut safe: String = part
        .chars()
        .filter(|c| !c.is_control() && !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'))
        .map(|c| if matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*') { '_' } else { c })
        .collect();
    safe.truncate(without_bad_end(&safe).len());
    let safe = safe.trim_start();
    if safe.is_empty() {
        return "_".to_owned();
    }
    let (stem, extension) = split_extension(safe);
    let stem = if is_device(stem) { format!("_{stem}") } else { stem.to_owned() };
    let extension = shortened(extension, LONGEST / 4);
    let stem = shortened(&stem, LONGEST - extension.len());
    // Cutting may leave a dot or a space at the end.
    without_bad_end(&format!("{stem}{extension}")).to_owned()
}

/// Removes trailing dots and spaces, as Windows does.
fn without_bad_end(part: &str) -> &str {
    part.trim_end_matches(|c: char| c == '.' || c.is_whitespace())
}

/// Whether Windows treats a file with this name as a device, whatever its extension. Superscript digits count as digits
/// there: `COM¹` is a device.
fn is_device(stem: &str) -> bool {
    let device = stem.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let numbered = |prefix: &str| {
        let mut rest = device.strip_prefix(prefix).unwrap_or_default().chars();
        matches!((rest.next(), rest.next()), (Some('0'..='9' | '¹' | '²' | '³'), None))
    };
    matches!(device.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$")
        || numbered("COM")
        || numbered("LPT")
}

/// At most `longest` bytes, cut between characters.
fn shortened(text: &str, longest: usize) -> &str {
    let mut end = text.len().min(longest);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Extensions of other exported files.
const OTHER_EXTENSIONS: [&str; 4] = [".zip", ".json", ".csv", ".onnx"];

/// Splits a file name before its extension (with the dot), if that belongs to an image or another exported file.
fn split_extension(name: &str) -> (&str, &str) {
    let stem = OTHER_EXTENSIONS.iter().find_map(|extension| name.strip_suffix(extension));
    match stem.filter(|stem| !stem.is_empty()) {
        Some(stem) => name.split_at(stem.len()),
        None => split_image_extension(name),
    }
}

/// A file name with a number before its extension: `cat.jpg` as `cat-2.jpg`.
pub fn numbered(name: &str, number: u32) -> String {
    let (stem, extension) = split_extension(name);
    format!("{stem}-{number}{extension}")
}

/// Makes names equal that some file system treats as the same: some ignore case, some ignore whether an accent is a
/// separate character. It is the composed form (NFC) of the lower case of the upper case of the composed form: upper case
/// and back also folds letters with several lower-case forms, ß and ss, σ and ς. A browser has all of that.
pub type Fold<'a> = &'a dyn Fn(&str) -> String;

/// Safe paths for raw names, in the same order. A name that is already taken, by a file or a folder, gets `-2`, `-3`, …
/// before its extension. Case and the composition of accents do not make names different.
pub fn unique_paths<'a>(raw: impl IntoIterator<Item = &'a str>, fold: Fold<'_>) -> Vec<String> {
    let paths: Vec<String> = raw.into_iter().map(safe_path).collect();
    let mut taken = SortedSet::new();
    for path in &paths {
        let mut folder = folder(path);
        while !folder.is_empty() && taken.insert(fold(folder)) {
            folder = crate::file_name::folder(folder);
        }
    }
    let mut next = SortedMap::<String, u32>::new();
    paths
        .into_iter()
        .map(|path| {
            let own = fold(&path);
            if taken.insert(own.clone()) {
                return path;
            }
            let slash = path.rfind('/').map_or(0, |slash| slash + 1);
            let (stem, extension) = split_extension(&path[slash..]);
            let counter = next.entry(own).or_insert_with(|| 2);
            loop {
                let candidate = format!("{}{stem}-{counter}{extension}", &path[..slash]);
                *counter += 1;
                if taken.insert(fold(&candidate)) {
                    return candidate;
                }
            }
        })
        .collect()
}

/// The raw path of a result in an archive: in the folder that its picture came from, unless its name pattern sets the
/// folder.
pub fn archived_path(folder: &str, name: &str, places_itself: bool) -> String {
    if folder.is_empty() || places_itself { name.to_owned() } else { format!("{folder}/{name}") }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_path_cannot_leave_its_folder() {
        for (raw, safe) in [
            ("../../x.jpg", "x.jpg"),
            ("/etc/passwd", "etc/passwd"),
            ("..\\..\\x.jpg", "x.jpg"),
            ("C:\\photos\\x.jpg", "C_/photos/x.jpg"),
            ("web/./small/../x.jpg", "web/small/x.jpg"),
            ("..", "_"),
            ("", "_"),
            (" . / .. ", "_"),
        ] {
            assert_eq!(safe_path(raw), safe, "{raw:?}");
        }
    }

    #[test]
    fn names_that_an_operating_system_forbids_are_changed() {
        for (raw, safe) in [
            ("con.jpg", "_con.jpg"),
            ("NUL", "_NUL"),
            ("com1.tar.gz", "_com1.tar.gz"),
            ("COM\u{b9}.jpg", "_COM\u{b9}.jpg"),
            ("lpt\u{b3}", "_lpt\u{b3}"),
            ("com\u{b2} .png", "_com\u{b2} .png"),
            ("CONIN$.jpg", "_CONIN$.jpg"),
            ("com\u{b9}\u{b2}.jpg", "com\u{b9}\u{b2}.jpg"),
            ("com12.jpg", "com12.jpg"),
            ("common.jpg", "common.jpg"),
            ("a<b>:\"c|?*.png", "a_b___c___.png"),
            ("name. . .", "name"),
            ("name\u{2000}.", "name"),
            ("tab\there\u{0}.png", "tabhere.png"),
            ("photo\u{202e}gpj.exe", "photogpj.exe"),
            ("...", "_"),
            (".hidden", ".hidden"),
            ("Größe 4×5.webp", "Größe 4×5.webp"),
        ] {
            assert_eq!(safe_path(raw), safe, "{raw:?}");
        }
    }

    #[test]
    fn a_number_comes_before_the_extension() {
        let numbers = ["cat.jpg", "cat", ".jpg", "cat.v1.webp", "cat.raw data"].map(|name| numbered(name, 2));
        assert_eq!(numbers, ["cat-2.jpg", "cat-2", ".jpg-2", "cat.v1-2.webp", "cat.raw data-2"]);
    }

    #[test]
    fn a_long_name_keeps_its_extension() {
        let safe = safe_path(&format!("{}.jpg", "ä".repeat(400)));
        assert!(safe.len() <= 200 && safe.ends_with(".jpg"), "{}", safe.len());
    }

    fn fold(path: &str) -> String {
        let nfc = |text: &str| icu_normalizer::ComposingNormalizerBorrowed::new_nfc().normalize(text).into_owned();
        let folded = nfc(path).chars().flat_map(char::to_uppercase).collect::<String>();
        nfc(&folded.chars().flat_map(char::to_lowercase).collect::<String>())
    }

    fn unique<'a>(raw: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        unique_paths(raw, &fold)
    }

    #[test]
    fn what_is_cut_off_leaves_no_dot_or_space_at_the_end() {
        let safe = safe_path(&format!("{}. . x", "a".repeat(198)));
        assert_eq!(safe, "a".repeat(198));
    }

    #[test]
    fn collisions_are_numbered_in_order_and_case_does_not_distinguish() {
        let names = ["a.jpg", "A.JPG", "a.jpg", "a-2.jpg", "b/a.jpg", "x", "x"];
        assert_eq!(unique(names), ["a.jpg", "A-2.JPG", "a-3.jpg", "a-2-2.jpg", "b/a.jpg", "x", "x-2"]);
    }

    #[test]
    fn names_that_differ_in_composition_or_folding_alone_are_told_apart() {
        let names = ["Caf\u{e9}.jpg", "Cafe\u{301}.jpg", "CAFE\u{301}.jpg"];
        assert_eq!(unique(names), ["Caf\u{e9}.jpg", "Cafe\u{301}-2.jpg", "CAFE\u{301}-3.jpg"]);
        assert_eq!(unique(["Straße.png", "STRASSE.png"]), ["Straße.png", "STRASSE-2.png"]);
        assert_eq!(unique(["ΟΔΟΣ.png", "οδος.png", "οδοσ.png"]), ["ΟΔΟΣ.png", "οδος-2.png", "οδοσ-3.png"]);
        assert_eq!(unique(["\u{212a}.png", "k.png"]), ["\u{212a}.png", "k-2.png"], "the Kelvin sign");
    }

    #[test]
    fn nothing_is_both_a_file_and_a_folder() {
        for (names, expected) in [
            (["shoe", "shoe/small.png"], ["shoe-2", "shoe/small.png"]),
            (["shoe/small.png", "SHOE"], ["shoe/small.png", "SHOE-2"]),
            (["a.jpg", "a.jpg/b/c.png"], ["a-2.jpg", "a.jpg/b/c.png"]),
            (["a/b", "a/b/c"], ["a/b-2", "a/b/c"]),
        ] {
            assert_eq!(unique(names), expected);
        }
        assert_eq!(unique(["s", "s", "s/a", "s-2/a"]), ["s-3", "s-4", "s/a", "s-2/a"]);
    }

    #[test]
    fn only_an_image_extension_stays_at_the_end() {
        let names = ["2026.05.17 Wedding", "2026.05.17 Wedding", "a.jpg", "a.jpg", "r.json", "r.json"];
        let expected = ["2026.05.17 Wedding", "2026.05.17 Wedding-2", "a.jpg", "a-2.jpg", "r.json", "r-2.json"];
        assert_eq!(unique(names), expected);
    }

    #[test]
    fn an_archive_keeps_the_folders_that_the_pictures_came_from() {
        assert_eq!(archived_path("", "IMG.jpg", false), "IMG.jpg");
        assert_eq!(archived_path("sub/deep", "IMG.jpg", false), "sub/deep/IMG.jpg");
        assert_eq!(archived_path("sub", "web/sub/IMG.jpg", true), "web/sub/IMG.jpg");
    }

    proptest! {
        #[test]
        fn any_names_become_unique_relative_and_stay_so(
            raw in prop::collection::vec("\\PC{0,12}|[ab./\\\\]{0,6}|[aAeE\u{301}é/]{0,5}", 0..20),
        ) {
            let paths = unique(raw.iter().map(String::as_str));
            let distinct: HashSet<_> = paths.iter().map(|path| fold(path)).collect();
            prop_assert_eq!(distinct.len(), raw.len());
            for path in &paths {
                prop_assert!(!path.starts_with('/') && !path.contains('\\') && !path.contains(':'));
                prop_assert!(path.split('/').all(|part| !matches!(part, "" | "." | "..")));
                prop_assert_eq!(&safe_path(path), path);
                let mut folder = folder(path);
                while !folder.is_empty() {
                    prop_assert!(!distinct.contains(&fold(folder)), "{} is a file and a folder", folder);
                    folder = crate::file_name::folder(folder);
                }
            }
        }
    }
}
