//! The message about skipped files: how many, which, and why.

use serde::{Deserialize, Serialize};

use super::format;
use crate::file_name::file_name;
use crate::selection::{Skipped, Why};

/// How many names are kept for each reason.
const NAMED: usize = 3;

/// Skipped files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkippedFiles(Vec<Group>);

/// Files that were skipped for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Group {
    why: Why,
    count: u64,
    /// The first of them.
    names: Vec<String>,
}

impl SkippedFiles {
    /// Adds some.
    pub fn add(&mut self, files: &[Skipped]) {
        for Skipped { path, why } in files {
            let at = match self.0.iter().position(|group| group.why == *why) {
                Some(at) => at,
                None => {
                    self.0.push(Group { why: *why, count: 0, names: Vec::new() });
                    self.0.len() - 1
                }
            };
            let group = &mut self.0[at];
            group.count += 1;
            if group.names.len() < NAMED {
                group.names.push(file_name(path).to_owned());
            }
        }
    }

    /// The message: `Skipped 2 non-images: notes.txt, Thumbs.db.`; `None` if there are none.
    pub fn note(&self) -> Option<String> {
        let parts: Vec<String> = self.0.iter().map(Group::text).collect();
        (!parts.is_empty()).then(|| format!("Skipped {}.", parts.join("; ")))
    }
}

impl Group {
    fn text(&self) -> String {
        let (one, many, behind) = match self.why {
            Why::NotAnImage => ("non-image", "non-images", ""),
            Why::Hidden => ("hidden file", "hidden files", ""),
            Why::NotAccepted => ("picture", "pictures", " of a type that is not accepted here"),
            Why::TooMany => ("picture", "pictures", " beyond the limit"),
            Why::TooLarge => ("picture", "pictures", " too large to unpack"),
            Why::Encrypted => ("picture", "pictures", " protected by a password"),
            Why::Damaged => ("picture", "pictures", " damaged in the ZIP"),
        };
        let mut names = self.names.join(", ");
        if self.count > self.names.len() as u64 {
            names += &format!(" and {} more", format::count(self.count - self.names.len() as u64));
        }
        format!("{}{behind}: {names}", format::plural(self.count, one, many))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skipped(path: &str, why: Why) -> Skipped {
        Skipped { path: path.to_owned(), why }
    }

    #[test]
    fn the_note_names_the_files_and_says_why() {
        let mut files = SkippedFiles::default();
        assert_eq!(files.note(), None);
        files.add(&[skipped("notes.txt", Why::NotAnImage), skipped("a/Thumbs.db", Why::NotAnImage)]);
        assert_eq!(files.note().as_deref(), Some("Skipped 2 non-images: notes.txt, Thumbs.db."));
        files.add(&[skipped("a/.DS_Store", Why::Hidden)]);
        files.add(&[skipped("b", Why::NotAnImage), skipped("c", Why::NotAnImage)]);
        let expected = "Skipped 4 non-images: notes.txt, Thumbs.db, b and 1 more; 1 hidden file: .DS_Store.";
        assert_eq!(files.note().as_deref(), Some(expected));
        let mut zipped = SkippedFiles::default();
        zipped.add(&[skipped("a.jpg", Why::Encrypted)]);
        assert_eq!(zipped.note().as_deref(), Some("Skipped 1 picture protected by a password: a.jpg."));
    }
}
