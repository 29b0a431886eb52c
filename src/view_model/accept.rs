//! File types in the form of a file input's `accept` attribute: those that can be read, and whether a file is among those
//! that a page accepts.

use crate::codecs::Format;
use crate::file_name::file_name;

/// The pictures that can be read. Systems do not know the types of all formats, so there are extensions too.
pub fn pictures() -> String {
    let types = Format::ALL.iter().map(|format| format.media_type().to_owned());
    let extensions = Format::ALL.iter().flat_map(|format| format.extensions()).map(|extension| format!(".{extension}"));
    types.chain(extensions).collect::<Vec<_>>().join(",")
}

/// Whether a file matches one of the comma-separated entries: a type such as `image/png`, a group such as `image/*`, or
/// an extension such as `.png` (HTML standard, "attr-input-accept"). Without any entry every file does.
pub fn accepts(accept: &str, name: &str, mime_type: &str) -> bool {
    let mut entries = accept.split(',').map(str::trim).filter(|entry| !entry.is_empty()).peekable();
    if entries.peek().is_none() {
        return true;
    }
    let (name, mime_type) = (file_name(name).to_ascii_lowercase(), mime_type.to_ascii_lowercase());
    entries.any(|entry| {
        let entry = entry.to_ascii_lowercase();
        if entry.starts_with('.') {
            name.len() > entry.len() && name.ends_with(&entry)
        } else if let Some(group) = entry.strip_suffix('*') {
            mime_type.starts_with(group)
        } else {
            mime_type == entry
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_picked_by_type_or_extension() {
        for format in Format::ALL {
            assert!(accepts(&pictures(), "a", format.media_type()), "{format:?}");
            for extension in format.extensions() {
                assert!(accepts(&pictures(), &format!("a.{extension}"), ""), "{extension}");
            }
        }
        assert!(
            !accepts(&pictures(), "a.txt", "text/plain") && !accepts(&pictures(), "a.eps", "application/postscript")
        );
    }

    /// The system offers to open and to share the files that can be read.
    #[test]
    fn the_manifest_names_every_format() {
        let manifest: serde_json::Value =
            serde_json::from_str(include_str!("../offline/manifest.webmanifest")).expect("JSON");
        let opened = &manifest["file_handlers"][0]["accept"];
        let pictures = opened.as_object().expect("types").keys().filter(|media_type| media_type.starts_with("image/"));
        assert_eq!(pictures.count(), Format::ALL.len());
        let shared = manifest["share_target"]["params"]["files"][0]["accept"].as_array().expect("a list");
        for format in Format::ALL {
            let extensions: Vec<_> = format.extensions().iter().map(|extension| format!(".{extension}")).collect();
            assert_eq!(opened[format.media_type()], serde_json::json!(extensions), "{format:?}");
            for entry in extensions.iter().map(String::as_str).chain([format.media_type()]) {
                assert!(shared.iter().any(|one| one == entry), "{entry}");
            }
        }
    }

    #[test]
    fn types_groups_and_extensions_match_whatever_their_case() {
        for (accept, name, mime_type) in [
            ("image/png", "a", "image/png"),
            ("image/jpeg, IMAGE/PNG", "a.png", "image/png"),
            ("image/*", "a.webp", "image/webp"),
            (".jpg,.PNG", "Photo.JPG", ""),
            ("", "a.txt", "text/plain"),
            (" , ", "a.txt", ""),
        ] {
            assert!(accepts(accept, name, mime_type), "{accept:?} {name}");
        }
        for (accept, name, mime_type) in [
            ("image/png", "a.jpg", "image/jpeg"),
            ("image/*", "a.pdf", "application/pdf"),
            (".jpg", "jpg", "image/jpeg"),
            (".jpg", ".jpg", ""),
            (".jpg", "a.jpg.txt", "text/plain"),
            ("image/png", "a.png", ""),
        ] {
            assert!(!accepts(accept, name, mime_type), "{accept:?} {name}");
        }
    }
}
