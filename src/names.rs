//! The names under which an installation keeps something in the browser. Databases, locks, channels and the small
//! storages belong to a whole host, so that two installations on it need names of their own, and so do two databases of
//! one installation. All of them are derived here.

/// The longest name of a database that a client may choose, in characters: an origin fits in it.
const LONGEST: usize = 300;

/// Why a client may not name a database like this.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" cannot be the name of a database. Use 1 to {LONGEST} letters, digits, \".\", \"_\" or \"-\".")]
pub struct InvalidName(String);

/// The names of an installation, or of one of its databases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The path of the installation, with its slashes.
    path: String,
    /// What distinguishes its data: the path, or the name that a client chose. That contains no slash, so no client's
    /// database is the page's.
    key: String,
}

impl Names {
    /// Those of the page at a path such as `/tools/pixelmill/`.
    pub fn of_page(path: &str) -> Self {
        Self { path: path.to_owned(), key: path.to_owned() }
    }

    /// Those of a client of the installation at this path; without a `database` they are the page's.
    ///
    /// # Errors
    /// When the name could be mistaken for another one.
    pub fn of_client(path: &str, database: Option<&str>) -> Result<Self, InvalidName> {
        let Some(database) = database else { return Ok(Self::of_page(path)) };
        let is_allowed = |character: char| character.is_ascii_alphanumeric() || matches!(character, '.' | '_' | '-');
        if !(1..=LONGEST).contains(&database.len()) || !database.chars().all(is_allowed) {
            return Err(InvalidName(database.to_owned()));
        }
        Ok(Self { path: path.to_owned(), key: database.to_owned() })
    }

    /// The database in IndexedDB.
    pub fn database(&self) -> String {
        self.shared()
    }

    /// The lock of the tab that schedules.
    pub fn turn(&self) -> String {
        self.shared()
    }

    /// The channel on which tabs tell each other what has changed.
    pub fn channel(&self) -> String {
        self.shared()
    }

    /// The cache of downloaded models and inference code. They are the same for all databases of an installation.
    pub fn cache(&self) -> String {
        format!("pixelmill:{}", self.path)
    }

    /// The lock of the tab that edits a draft.
    pub fn draft(&self, draft_id: &str) -> String {
        format!("{}:draft:{draft_id}", self.shared())
    }

    /// The key prefix, in the local storage, of draft changes that may not have been stored; a draft's id follows.
    pub fn draft_changes(&self) -> String {
        format!("pixelmill.draft-changes:{}:", self.key)
    }

    /// The key, in the local storage, of the time at which the scheduling tab left.
    pub fn left(&self) -> String {
        format!("pixelmill.left:{}", self.key)
    }

    /// The key, in the session's storage, of the time at which the browser suspended the tab.
    pub fn frozen(&self) -> String {
        format!("pixelmill.frozen:{}", self.key)
    }

    /// The key of a choice that is remembered for one of the elements in a page.
    pub fn choice(&self, word: &str, slot: &str) -> String {
        format!("pixelmill.{word}:{}:{slot}", self.key)
    }

    fn shared(&self) -> String {
        format!("pixelmill:{}", self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_names_keep_their_frozen_form() {
        let names = Names::of_client("/tools/pixelmill/", None).unwrap();
        assert_eq!(names, Names::of_page("/tools/pixelmill/"));
        assert_eq!(names.database(), "pixelmill:/tools/pixelmill/");
        assert_eq!(names.turn(), "pixelmill:/tools/pixelmill/");
        assert_eq!(names.channel(), "pixelmill:/tools/pixelmill/");
        assert_eq!(names.cache(), "pixelmill:/tools/pixelmill/");
        assert_eq!(names.draft("d1"), "pixelmill:/tools/pixelmill/:draft:d1");
        assert_eq!(names.draft_changes(), "pixelmill.draft-changes:/tools/pixelmill/:");
        assert_eq!(names.left(), "pixelmill.left:/tools/pixelmill/");
        assert_eq!(names.frozen(), "pixelmill.frozen:/tools/pixelmill/");
    }

    #[test]
    fn databases_share_only_what_was_downloaded() {
        let (page, shop) = (Names::of_page("/"), Names::of_client("/", Some("shop")).unwrap());
        let all = |names: &Names| -> Vec<String> {
            let shared = [names.database(), names.turn(), names.channel()];
            let of_tabs = [names.left(), names.frozen(), names.choice("draft", "1")];
            [&shared[..], &[names.draft("d"), names.draft_changes()], &of_tabs].concat()
        };
        for (own, other) in all(&page).iter().zip(all(&shop)) {
            assert_ne!(*own, other);
        }
        assert_eq!(page.cache(), shop.cache());
    }

    #[test]
    fn a_database_cannot_be_named_as_something_else_already_is() {
        for name in ["", "/", "/tools/pixelmill/", "shop:draft:d1", "two words", "größe", &"x".repeat(LONGEST + 1)] {
            let error = Names::of_client("/", Some(name)).unwrap_err();
            assert!(error.to_string().starts_with(&format!("\"{name}\" cannot")), "{error}");
        }
        for name in ["shop", "Shop_2.images-b", &"x".repeat(LONGEST)] {
            assert_eq!(Names::of_client("/", Some(name)).unwrap().database(), format!("pixelmill:{name}"));
        }
    }
}
