//! Choosing among the files of a folder, a drop or a ZIP: what is hidden, what is a picture, and what the others are.
//! If the name does not say, the content does.

use serde::{Deserialize, Serialize};

use crate::codecs::{Content, Foreign, Format, recognize};
use crate::file_name::{file_name, split_image_extension};

/// A file that was skipped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// Its path, or its name.
    pub path: String,
    /// Why.
    pub why: Why,
}

/// Why a file was skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Why {
    /// It, or a folder above it, is hidden.
    Hidden,
    /// It is not an image.
    NotAnImage,
    /// Its type is not among those that the page around accepts.
    NotAccepted,
    /// It is beyond the number of pictures that the page around allows.
    TooMany,
    /// It is in a ZIP and too large, or beyond the limit for one ZIP.
    TooLarge,
    /// It is in a ZIP and protected by a password.
    Encrypted,
    /// It is in a ZIP and damaged there, or packed in a way that is not supported.
    Damaged,
}

/// What a file's header says, read when the file is imported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum HeaderCheck {
    /// It is a picture that can be read.
    Picture {
        /// Name of its format.
        format: String,
        /// Columns, upright.
        width: u32,
        /// Rows, upright.
        height: u32,
    },
    /// It cannot be read: why, as the end of a sentence.
    Unreadable(String),
}

impl HeaderCheck {
    /// The format of the picture, if it can be read.
    pub fn format(&self) -> Option<Format> {
        let Self::Picture { format, .. } = self else { return None };
        Format::ALL.iter().find(|one| one.name() == format).copied()
    }

    /// Why the file cannot be read, if it cannot.
    pub fn problem(&self) -> Option<&str> {
        match self {
            Self::Unreadable(why) => Some(why),
            Self::Picture { .. } => None,
        }
    }
}

/// How a dropped or picked file is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Added: a picture by its type, its name or its first bytes. The import checks whether it can be read.
    Picture,
    /// A ZIP: a Pixelmill archive, or one with pictures.
    Zip,
    /// Perhaps a workflow document.
    Json,
    /// Skipped.
    Skipped(Why),
}

/// Whether a file or a folder above it is hidden, or was added to a ZIP by macOS.
pub fn is_hidden(path: &str) -> bool {
    let is_hidden = |part: &str| part.starts_with('.') && !matches!(part, "." | "..");
    path.split(['/', '\\']).any(|part| is_hidden(part) || part == "__MACOSX")
}

/// Whether a file is a picture by its type or its name, without reading it.
pub fn is_picture_by_name(path: &str, mime_type: &str) -> bool {
    mime_type.starts_with("image/") || !split_image_extension(file_name(path)).1.is_empty()
}

/// How a file is used that is neither hidden nor a picture by its name, judging by its first
/// [`HEAD`](crate::codecs::HEAD) bytes.
pub fn role_by_content(path: &str, mime_type: &str, head: &[u8]) -> Role {
    let extension = |extension: &str| path.rsplit_once('.').is_some_and(|(_, one)| one.eq_ignore_ascii_case(extension));
    match recognize(head) {
        Content::Image(_) => Role::Picture,
        Content::Foreign(foreign) if foreign.is_picture => Role::Picture,
        // Office documents and programs are ZIPs too.
        Content::Foreign(Foreign::ZIP) if extension("zip") || mime_type.contains("zip") => Role::Zip,
        Content::Unknown if extension("json") || extension("pixelmill") || mime_type == "application/json" => {
            Role::Json
        }
        _ => Role::Skipped(Why::NotAnImage),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_with_a_dot_is_hidden_and_so_is_what_lies_below() {
        for path in [".DS_Store", "a/.cache/b.jpg", "__MACOSX/a.jpg", "a\\.b\\c.jpg"] {
            assert!(is_hidden(path), "{path}");
        }
        for path in ["a.jpg", "a.b/c", "../a.jpg", "2026.05/1.png"] {
            assert!(!is_hidden(path), "{path}");
        }
    }

    #[test]
    fn the_content_decides_where_the_name_does_not() {
        const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x10JFIF\0";
        for (path, mime_type, picture) in [
            ("a.jpg", "", true),
            ("a.heic", "", true),
            ("a", "image/x-unknown", true),
            ("photo", "", false),
            ("IMG.jpg.txt", "text/plain", false),
        ] {
            assert_eq!(is_picture_by_name(path, mime_type), picture, "{path}");
        }
        for (path, mime_type, head, role) in [
            ("photo", "", JPEG, Role::Picture),
            ("IMG_2041.jpg_", "text/plain", JPEG, Role::Picture),
            ("scan", "", b"II*\0\x08\0\0\0".as_slice(), Role::Picture),
            ("notes.txt", "text/plain", b"Dear Sir", Role::Skipped(Why::NotAnImage)),
            ("empty", "", b"", Role::Skipped(Why::NotAnImage)),
            ("a.pdf", "application/pdf", b"%PDF-1.7", Role::Skipped(Why::NotAnImage)),
            ("a.ZIP", "", b"PK\x03\x04", Role::Zip),
            ("a.docx", "", b"PK\x03\x04", Role::Skipped(Why::NotAnImage)),
            ("flow.json", "", b"{}", Role::Json),
            ("flow.pixelmill", "", b"{}", Role::Json),
        ] {
            assert_eq!(role_by_content(path, mime_type, head), role, "{path}");
        }
    }
}
