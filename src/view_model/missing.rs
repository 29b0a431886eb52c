//! Files that could not be imported: how they are listed, and which of them is replaced by a file that is added
//! again.

use serde::{Deserialize, Serialize};

/// Why a file is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Reason {
    /// Its folder did not provide it.
    Unopened,
    /// Its content could not be read.
    Unreadable,
    /// The storage is full.
    NoRoom,
    /// The storage failed for another reason, or the import stopped before it.
    Failed,
    /// The page was closed before it was stored.
    TabClosed,
    /// It was stored, but has since been removed from the storage.
    Swept,
}

impl Reason {
    /// The end of a sentence that begins with the file.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Unopened => "it could not be opened",
            Self::Unreadable => "it could not be read",
            Self::NoRoom => "there is not enough space for it in the browser's storage",
            Self::Failed => "the storage failed",
            Self::TabClosed => "the tab was closed before it was stored",
            Self::Swept => "it is no longer in the browser's storage",
        }
    }
}

/// A file that is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Its position among all files of the draft.
    pub id: u32,
    /// The input it was added to.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Its path in the folder it came from, if it came from one.
    pub path: Option<String>,
    /// Why it is missing.
    pub reason: Reason,
}

/// Removes the file with this path from the list, or otherwise the first with this name.
pub fn take(missing: &mut Vec<Missing>, name: &str, path: Option<&str>) -> Option<Missing> {
    let by_path = path.and_then(|path| missing.iter().position(|one| one.path.as_deref() == Some(path)));
    let found = by_path.or_else(|| missing.iter().position(|one| one.name == name))?;
    Some(missing.remove(found))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(id: u32, name: &str, path: Option<&str>) -> Missing {
        let path = path.map(str::to_owned);
        Missing { id, key: String::new(), name: name.to_owned(), path, reason: Reason::Unreadable }
    }

    #[test]
    fn a_path_takes_precedence_over_a_name() {
        let mut all = vec![missing(1, "a.jpg", Some("one/a.jpg")), missing(2, "a.jpg", Some("two/a.jpg"))];
        assert_eq!(take(&mut all, "a.jpg", Some("two/a.jpg")).map(|one| one.id), Some(2));
        assert_eq!(take(&mut all, "b.jpg", Some("two/b.jpg")), None);
        assert_eq!(take(&mut all, "a.jpg", Some("elsewhere/a.jpg")).map(|one| one.id), Some(1));
        assert_eq!(take(&mut all, "a.jpg", None), None, "each counts once");
    }

    #[test]
    fn of_equal_names_the_first_is_replaced() {
        let mut all = vec![missing(1, "b.jpg", None), missing(2, "a.jpg", None), missing(3, "a.jpg", None)];
        assert_eq!(take(&mut all, "a.jpg", None).map(|one| one.id), Some(2));
        assert_eq!(take(&mut all, "a.jpg", None).map(|one| one.id), Some(3));
        assert_eq!(all.len(), 1);
    }
}
