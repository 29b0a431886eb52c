//! File names that are safe on Windows, macOS and Linux, unique within an archive.

use std::collections::HashSet;

/// Longest part of a path in bytes; file systems allow 255.
const LONGEST: usize = 200;

/// Makes a path relative and safe: parts are sanitised one by one, `.` and `..` and empty ones go, and at least one is
/// left.
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
    // Characters that Windows forbids become an underscore; control and direction-changing ones vanish.
    let mut safe: String = part
        .chars()
        .filter(|c| !c.is_control() && !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'))
        .map(|c| if matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*') { '_' } else { c })
        .collect();
    safe.truncate(safe.trim_end_matches(|c: char| c == '.' || c.is_whitespace()).len());
    let safe = safe.trim_start();
    if safe.is_empty() {
        return "_".to_owned();
    }
    let (stem, extension) = split_extension(safe);
    let device = stem.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let numbered = |prefix: &str| {
        device.strip_prefix(prefix).is_some_and(|rest| rest.len() == 1 && rest.as_bytes()[0].is_ascii_digit())
    };
    let reserved = matches!(device.as_str(), "CON" | "PRN" | "AUX" | "NUL") || numbered("COM") || numbered("LPT");
    let stem = if reserved { format!("_{stem}") } else { stem.to_owned() };
    let extension = shortened(extension, LONGEST / 4);
    format!("{}{extension}", shortened(&stem, LONGEST - extension.len()))
}

/// At most `longest` bytes, cut between characters.
fn shortened(text: &str, longest: usize) -> &str {
    let mut end = text.len().min(longest);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// A file name and its extension with the dot; a name that begins with its only dot has none.
fn split_extension(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(dot) if dot > 0 => name.split_at(dot),
        _ => (name, ""),
    }
}

/// Safe paths for raw names, in their order; one that is taken already (case aside) gets `-2`, `-3`, … before its
/// extension.
pub fn unique_paths<'a>(raw: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut taken = HashSet::new();
    let mut next = std::collections::HashMap::<String, u32>::new();
    raw.into_iter()
        .map(|raw| {
            let path = safe_path(raw);
            if taken.insert(path.to_lowercase()) {
                return path;
            }
            let slash = path.rfind('/').map_or(0, |slash| slash + 1);
            let (stem, extension) = split_extension(&path[slash..]);
            let counter = next.entry(path.to_lowercase()).or_insert(2);
            loop {
                let candidate = format!("{}{stem}-{counter}{extension}", &path[..slash]);
                *counter += 1;
                if taken.insert(candidate.to_lowercase()) {
                    return candidate;
                }
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
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
    fn names_that_an_operating_system_forbids_are_mended() {
        for (raw, safe) in [
            ("con.jpg", "_con.jpg"),
            ("NUL", "_NUL"),
            ("com1.tar.gz", "_com1.tar.gz"),
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
    fn a_long_name_keeps_its_extension() {
        let safe = safe_path(&format!("{}.jpg", "ä".repeat(400)));
        assert!(safe.len() <= 200 && safe.ends_with(".jpg"), "{}", safe.len());
    }

    #[test]
    fn collisions_are_numbered_in_order_and_case_does_not_distinguish() {
        let names = ["a.jpg", "A.JPG", "a.jpg", "a-2.jpg", "b/a.jpg", "x", "x"];
        assert_eq!(unique_paths(names), ["a.jpg", "A-2.JPG", "a-3.jpg", "a-2-2.jpg", "b/a.jpg", "x", "x-2"]);
    }

    proptest! {
        #[test]
        fn any_names_become_unique_relative_and_stay_so(raw in prop::collection::vec("\\PC{0,12}|[ab./\\\\]{0,6}", 0..20)) {
            let paths = unique_paths(raw.iter().map(String::as_str));
            let distinct: HashSet<_> = paths.iter().map(|path| path.to_lowercase()).collect();
            prop_assert_eq!(distinct.len(), raw.len());
            for path in &paths {
                prop_assert!(!path.starts_with('/') && !path.contains('\\') && !path.contains(':'));
                prop_assert!(path.split('/').all(|part| !matches!(part, "" | "." | "..")));
                prop_assert_eq!(&safe_path(path), path);
            }
        }
    }
}
