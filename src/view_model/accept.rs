//! Whether a file's type is among those that a page accepts, in the form of a file input's `accept` attribute.

use crate::file_name::file_name;

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
