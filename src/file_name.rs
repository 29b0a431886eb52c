//! What a file's name and path say: the extension if it is an image's, the folder, and the natural order of names.
//! Says nothing about the content.

use std::cmp::Ordering;

use crate::codecs::Format;

/// Extensions of image files beside those of the formats that are read, in lower case.
const OTHER_IMAGE_EXTENSIONS: &[&str] = &[
    "jpg_large",
    "jpeg_large",
    "png_large", // as some sites save them
    "avif",
    "jxl",
    "jp2",
    "j2k",
    "jpf",
    "exr",
    "hdr",
    "pcx", // other formats
    "cr3",
    "crw",
    "x3f",
    "raw", // camera raw files
];

/// Extensions of image files, whether they can be read or not. Only these are removed from a name: "2026.05.17 Wedding"
/// has no extension.
fn image_extensions() -> impl Iterator<Item = &'static str> {
    Format::ALL.iter().flat_map(|format| format.extensions()).chain(OTHER_IMAGE_EXTENSIONS).copied()
}

/// Splits a file name before its extension (with the dot) if that is a known image extension; otherwise returns the
/// whole name and an empty extension. A name that begins with its only dot has none.
pub fn split_image_extension(name: &str) -> (&str, &str) {
    let known = |extension: &str| image_extensions().any(|one| one.eq_ignore_ascii_case(extension));
    match name.rfind('.') {
        Some(dot) if dot > 0 && known(&name[dot + 1..]) => name.split_at(dot),
        _ => (name, ""),
    }
}

/// Whether a file of so many bytes is read in pieces, judging by its name; a small one is read faster as a whole.
pub fn may_be_read_in_pieces(name: &str, bytes: u64) -> bool {
    const LEAST: u64 = 16 << 20;
    let extension = split_image_extension(name).1.trim_start_matches('.');
    let has = |format: &Format| format.extensions().iter().any(|one| one.eq_ignore_ascii_case(extension));
    bytes >= LEAST && Format::ALL.iter().any(|format| format.reads_in_pieces() && has(format))
}

/// The last part of a path.
pub fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or_default()
}

/// The folder that a path names, without a slash at its end; empty for a bare name.
pub fn folder(path: &str) -> &str {
    path.rfind(['/', '\\']).map_or("", |slash| path[..slash].trim_end_matches(['/', '\\']))
}

/// The natural order of paths: folder by folder, numbers by value (`2` before `10`), letters ignoring case. Only
/// identical paths compare as equal.
pub fn natural_order(one: &str, other: &str) -> Ordering {
    let (mut left, mut right) = (one.split('/'), other.split('/'));
    loop {
        match (left.next(), right.next()) {
            (None, None) => return one.cmp(other),
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(left), Some(right)) => match natural_order_of_names(left, right) {
                Ordering::Equal => {}
                unequal => return unequal,
            },
        }
    }
}

fn natural_order_of_names(mut one: &str, mut other: &str) -> Ordering {
    loop {
        let (left, right) = (leading_digits(one), leading_digits(other));
        let step = if left.is_empty() || right.is_empty() {
            match (one.chars().next(), other.chars().next()) {
                (None, None) => return Ordering::Equal,
                (None, Some(_)) => return Ordering::Less,
                (Some(_), None) => return Ordering::Greater,
                (Some(left), Some(right)) => {
                    (one, other) = (&one[left.len_utf8()..], &other[right.len_utf8()..]);
                    left.to_lowercase().cmp(right.to_lowercase())
                }
            }
        } else {
            (one, other) = (&one[left.len()..], &other[right.len()..]);
            let (left, right) = (left.trim_start_matches('0'), right.trim_start_matches('0'));
            // Without leading zeros, the longer number is larger.
            left.len().cmp(&right.len()).then_with(|| left.cmp(right))
        };
        if step != Ordering::Equal {
            return step;
        }
    }
}

fn leading_digits(text: &str) -> &str {
    &text[..text.bytes().take_while(u8::is_ascii_digit).count()]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn large_files_of_some_formats_may_be_read_in_pieces() {
        const LARGE: u64 = 100 << 20;
        for (name, bytes, expected) in [
            ("a.psd", LARGE, true),
            ("photos.2026/A.B.TIF", LARGE, true),
            ("a.NEF", LARGE, true),
            ("a.psd", 1 << 20, false),
            ("a.jpg", LARGE, false),
            ("psd", LARGE, false),
            ("a", LARGE, false),
            ("", LARGE, false),
        ] {
            assert_eq!(may_be_read_in_pieces(name, bytes), expected, "{name} {bytes}");
        }
    }

    #[test]
    fn only_an_image_extension_is_cut_off() {
        for (name, parts) in [
            ("IMG_1.JPG", ("IMG_1", ".JPG")),
            ("IMG_2041.jpg_large", ("IMG_2041", ".jpg_large")),
            ("DSC_1.NEF", ("DSC_1", ".NEF")),
            ("2026.05.17 Wedding", ("2026.05.17 Wedding", "")),
            ("Mr. Smith", ("Mr. Smith", "")),
            ("v1.0", ("v1.0", "")),
            ("2026.05.17 Wedding.jpeg", ("2026.05.17 Wedding", ".jpeg")),
            (".jpg", (".jpg", "")),
            ("photo", ("photo", "")),
            ("", ("", "")),
        ] {
            assert_eq!(split_image_extension(name), parts, "{name:?}");
        }
    }

    #[test]
    fn a_path_has_a_folder_and_a_name() {
        for (path, parts) in [
            ("a/b/c.jpg", ("a/b", "c.jpg")),
            ("c.jpg", ("", "c.jpg")),
            ("a\\c.jpg", ("a", "c.jpg")),
            ("a//c.jpg", ("a", "c.jpg")),
            ("", ("", "")),
        ] {
            assert_eq!((folder(path), file_name(path)), parts, "{path:?}");
        }
    }

    #[test]
    fn numbers_count_by_their_value_and_folders_stay_together() {
        let mut sorted = [
            "img 18446744073709551616.jpg",
            "sub 10/1.jpg",
            "ä",
            "sub 2/1.jpg",
            "IMG 10.jpg",
            "z",
            "sub/10.jpg",
            "IMG 2.jpg",
            "sub/2.jpg",
            "img 1.jpg",
        ];
        sorted.sort_by(|one, other| natural_order(one, other));
        let position = |path: &str| sorted.iter().position(|one| *one == path).expect("there");
        for (before, after) in [
            ("img 1.jpg", "IMG 2.jpg"),
            ("IMG 2.jpg", "IMG 10.jpg"),
            ("IMG 10.jpg", "img 18446744073709551616.jpg"),
            ("sub/2.jpg", "sub/10.jpg"),
            ("sub/10.jpg", "sub 2/1.jpg"),
            ("sub 2/1.jpg", "sub 10/1.jpg"),
            ("z", "ä"),
        ] {
            assert!(position(before) < position(after), "{before} before {after} in {sorted:?}");
        }
    }

    proptest! {
        #[test]
        fn the_natural_order_is_total(paths in prop::collection::vec("[aB0-2/ .]{0,6}", 3)) {
            let [a, b, c] = [&paths[0], &paths[1], &paths[2]];
            prop_assert_eq!(natural_order(a, b), natural_order(b, a).reverse());
            prop_assert_eq!(natural_order(a, b) == Ordering::Equal, a == b);
            if natural_order(a, b) != Ordering::Greater && natural_order(b, c) != Ordering::Greater {
                prop_assert!(natural_order(a, c) != Ordering::Greater);
            }
        }
    }
}
