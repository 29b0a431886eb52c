//! The saved draft of a batch, which outlives its tab: the format, what is written when, which draft a new tab opens,
//! and how files are listed that were not stored or are gone. `ui::new::draft` reads and writes it.
//!
//! # Format
//!
//! A draft is stored in the settings: a [`Head`] under [`head_key`], and below [`portions_below`] portions of its
//! [`Item`]s. An item's id determines its portion, so that a change among ten thousand pictures rewrites one portion.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::format;
use super::history::Steps;
use super::missing::{Missing, Reason};
use super::skipped::SkippedFiles;
use crate::batch::records::Millis;
use crate::compact::SortedMap;
use crate::selection::HeaderCheck;

/// The version of the format; other versions are not read.
const VERSION: u32 = 1;

/// Number of ids in a portion.
const PORTION: u32 = 256;

/// Drafts without a tab that are kept in addition to the open one.
const KEPT: usize = 8;

/// Prefix of every head's key.
pub const HEADS: &str = "draft:";

/// The key of a draft's head.
pub fn head_key(draft_id: &str) -> String {
    format!("{HEADS}{draft_id}")
}

/// Prefix of the keys of a draft's portions.
pub fn portions_below(draft_id: &str) -> String {
    format!("draft-files:{draft_id}:")
}

fn portion_key(draft_id: &str, portion: u32) -> String {
    // Padded, so that they are sorted by number.
    format!("{}{portion:08}", portions_below(draft_id))
}

/// The state of a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum State {
    /// It is stored, or its URL is known.
    Stored {
        /// Its size, 0 if it is not known.
        bytes: u64,
        /// `asset:` and its id, or a URL that has not been fetched yet.
        source_url: String,
        /// What its header says, if it was read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        header: Option<HeaderCheck>,
    },
    /// It is being stored.
    Arriving,
    /// It is missing.
    Missing(Reason),
}

/// A file of the draft. Everything but its state is determined by its id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// Its position among all files of the draft.
    pub id: u32,
    /// The input it was added to; the primary one's is empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub key: String,
    /// Its name.
    pub name: String,
    /// Its path in the folder it came from, if it came from one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Its state.
    pub state: State,
}

/// What distinguishes two written versions of an item: its id, and its state without what the id determines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The item's id.
    pub id: u32,
    /// `None` for a stored one.
    pub absent: Option<Absent>,
}

/// The state of an item that is not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absent {
    /// Being stored.
    Arriving,
    /// Missing.
    Missing(Reason),
}

impl Mark {
    fn of(item: &Item) -> Self {
        let absent = match item.state {
            State::Stored { .. } => None,
            State::Arriving => Some(Absent::Arriving),
            State::Missing(reason) => Some(Absent::Missing(reason)),
        };
        Self { id: item.id, absent }
    }
}

/// What a draft contains apart from its files.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Setup {
    /// Files that were skipped. (In drafts of earlier versions, `skipped` was just their number.)
    #[serde(rename = "leftOut", default)]
    pub skipped: SkippedFiles,
    /// The id of the chosen workflow.
    pub choice: String,
    /// The edited workflows, by their ids, in their current form.
    pub documents: Map<String, Value>,
    /// What can be undone and redone in the workflows, by their ids.
    #[serde(default, skip_serializing_if = "SortedMap::is_empty")]
    pub steps: SortedMap<String, Steps<Value>>,
    /// The text of the user's own workflow.
    pub own_text: String,
}

impl Setup {
    /// Whether there are edits of a workflow.
    pub fn has_edits(&self) -> bool {
        !self.documents.is_empty() || !self.own_text.trim().is_empty()
    }
}

/// A draft without its files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Head {
    version: u32,
    /// When it was written.
    pub saved_at: Millis,
    /// Whether it was run in this form.
    pub ran: bool,
    /// Its content.
    pub setup: Setup,
}

impl Head {
    /// Parses a head; `None` if it is damaged or has another version.
    pub fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok().filter(|head: &Self| head.version == VERSION)
    }
}

/// A draft's current content, for comparison with another.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Content {
    /// Its content apart from its files.
    pub setup: Setup,
    /// Its files, by id.
    pub marks: Vec<Mark>,
}

impl Content {
    /// Whether its loss would be noticed.
    pub fn is_worth_keeping(&self) -> bool {
        !self.marks.is_empty() || self.setup.has_edits()
    }

    /// Whether every file is stored.
    pub fn is_whole(&self) -> bool {
        self.marks.iter().all(|mark| mark.absent.is_none())
    }

    /// The marks by portion.
    fn portions(&self) -> impl Iterator<Item = (u32, &[Mark])> {
        self.marks
            .chunk_by(|one, next| one.id / PORTION == next.id / PORTION)
            .map(|marks| (marks[0].id / PORTION, marks))
    }
}

/// Keys with the values to write, or `None` to remove them.
pub type Changes = Vec<(String, Option<String>)>;

/// What has been written of a draft.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Written {
    /// Whether there is a head, whatever its content.
    has_head: bool,
    /// The head's content: whether the draft was run, and what it contains.
    head: Option<(bool, Setup)>,
    /// By number. Few enough for a linear search.
    portions: Vec<(u32, Vec<Mark>)>,
}

impl Written {
    /// The changes that store `content`, in at most `most` portions; the rest comes with the next call. `items` returns
    /// the items with ids in a range, given by its first and last id. From then on the changes count as written.
    pub fn change_to(
        &mut self,
        draft_id: &str,
        content: &Content,
        ran: bool,
        now: Millis,
        most: usize,
        items: impl Fn(u32, u32) -> Vec<Item>,
    ) -> Changes {
        if !content.is_worth_keeping() {
            return self.removal(draft_id);
        }
        let mut changes = Vec::new();
        if self.head.as_ref() != Some(&(ran, content.setup.clone())) {
            let head = Head { version: VERSION, saved_at: now, ran, setup: content.setup.clone() };
            changes.push((head_key(draft_id), serde_json::to_string(&head).ok()));
            (self.has_head, self.head) = (true, Some((ran, head.setup)));
        }
        self.portions.retain(|(portion, _)| {
            let is_left = content.portions().any(|(one, _)| one == *portion);
            if !is_left {
                changes.push((portion_key(draft_id, *portion), None));
            }
            is_left
        });
        let mut left = most;
        for (portion, marks) in content.portions() {
            let known = self.portions.iter_mut().find(|(one, _)| *one == portion);
            if known.as_ref().is_some_and(|(_, written)| written == marks) {
                continue;
            }
            if left == 0 {
                break;
            }
            left -= 1;
            match known {
                Some((_, written)) => *written = marks.to_vec(),
                None => self.portions.push((portion, marks.to_vec())),
            }
            let (first, last) = (portion * PORTION, portion * PORTION + (PORTION - 1));
            changes.push((portion_key(draft_id, portion), serde_json::to_string(&items(first, last)).ok()));
        }
        changes
    }

    /// The changes were not written, or it is unknown whether they were: everything must be written again.
    pub fn doubt(&mut self) {
        self.head = None;
        self.portions.iter_mut().for_each(|(_, marks)| marks.clear());
    }

    /// The changes that remove the draft.
    fn removal(&mut self, draft_id: &str) -> Changes {
        let Self { has_head, portions, .. } = std::mem::take(self);
        let head = has_head.then(|| head_key(draft_id));
        let portions = portions.into_iter().map(|(portion, _)| portion_key(draft_id, portion));
        head.into_iter().chain(portions).map(|key| (key, None)).collect()
    }
}

/// A draft as it was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Read {
    /// Its content apart from its files.
    pub setup: Setup,
    /// Its files, by id.
    pub items: Vec<Item>,
    /// Whether it was run in this form.
    pub ran: bool,
    /// What has been written of it.
    pub written: Written,
}

impl Read {
    /// Starts with the head.
    pub fn new(head: Head) -> Self {
        let written = Written { has_head: true, head: Some((head.ran, head.setup.clone())), portions: Vec::new() };
        Self { setup: head.setup, items: Vec::new(), ran: head.ran, written }
    }

    /// Reads the text at a portion's key; call it in the order of the keys. Returns the ids of the assets that it
    /// names, in order, to look up in the storage. A portion that cannot be read is skipped, and overwritten later.
    pub fn take(&mut self, key: &str, text: &str) -> Vec<String> {
        let number = key.rsplit(':').next().and_then(|number| number.parse::<u32>().ok());
        let Some(portion) = number else { return Vec::new() };
        let mut items: Vec<Item> = serde_json::from_str(text).unwrap_or_default();
        let is_sound = items.iter().all(|item| item.id / PORTION == portion)
            && items.is_sorted_by(|one, next| one.id < next.id)
            && self.next_id() <= portion * PORTION;
        if !is_sound {
            items.clear();
        }
        self.written.portions.push((portion, items.iter().map(Mark::of).collect()));
        let asset_ids = items.iter().filter_map(asset_id).map(str::to_owned).collect();
        self.items.extend(items);
        asset_ids
    }

    /// Ends the reading. Files that were being stored are missing, and so are those whose assets are gone according to
    /// `stored`, which answers for every id that [`Read::take`] returned. Returns the missing files; if there are any,
    /// this is no longer the draft that was run.
    pub fn settle(&mut self, stored: &[bool]) -> Vec<Missing> {
        let mut stored = stored.iter();
        let mut lost = Vec::new();
        for item in &mut self.items {
            let reason = match item.state {
                State::Arriving => Some(Reason::TabClosed),
                State::Stored { .. } if asset_id(item).is_some() && stored.next() == Some(&false) => {
                    Some(Reason::Swept)
                }
                _ => None,
            };
            if let Some(reason) = reason {
                item.state = State::Missing(reason);
                lost.extend(item.as_missing());
            }
        }
        self.ran &= lost.is_empty();
        lost
    }

    /// The first unused id.
    pub fn next_id(&self) -> u32 {
        self.items.last().map_or(0, |item| item.id.saturating_add(1))
    }

    /// The message for a new tab that opens it: what was restored.
    pub fn summary(&self) -> Option<String> {
        let stored = self.items.iter().filter(|item| matches!(item.state, State::Stored { .. })).count() as u64;
        match stored {
            0 if self.setup.has_edits() => Some("Restored the workflow from your last visit.".to_owned()),
            0 => None,
            1 => Some("Restored 1 picture from your last visit.".to_owned()),
            _ => Some(format!("Restored {} pictures from your last visit.", format::count(stored))),
        }
    }
}

fn asset_id(item: &Item) -> Option<&str> {
    match &item.state {
        State::Stored { source_url, .. } => source_url.strip_prefix("asset:"),
        _ => None,
    }
}

impl From<&Missing> for Item {
    fn from(missing: &Missing) -> Self {
        let Missing { id, key, name, path, reason } = missing.clone();
        Self { id, key, name, path, state: State::Missing(reason) }
    }
}

impl Item {
    /// The item as a missing file, if it is one.
    pub fn as_missing(&self) -> Option<Missing> {
        let State::Missing(reason) = self.state else { return None };
        let Self { id, key, name, path, .. } = self.clone();
        Some(Missing { id, key, name, path, reason })
    }
}

/// A draft in the storage.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// Its id.
    pub draft_id: String,
    /// Its head, unless that is damaged or has another version.
    pub head: Option<Head>,
}

impl Known {
    /// The drafts among settings below [`HEADS`], the most recently written first; unreadable ones are the last.
    pub fn all(settings: Vec<(String, String)>) -> Vec<Self> {
        let read = |(key, text): (String, String)| {
            let draft_id = key.strip_prefix(HEADS)?.to_owned();
            Some(Self { draft_id, head: Head::parse(&text) })
        };
        let mut all = Vec::<Self>::new();
        for one in settings.into_iter().filter_map(read) {
            all.insert(all.partition_point(|other| other.written_at() >= one.written_at()), one);
        }
        all
    }

    fn written_at(&self) -> Millis {
        self.head.as_ref().map_or(f64::NEG_INFINITY, |head| head.saved_at)
    }
}

/// Which drafts a new tab tries to open, in this order: the one that it had before, then those of dead tabs, unless
/// they were run and not changed since. Each is paired with whether it is the tab's own. A tab whose own draft does not
/// exist had an empty one, and stays empty.
pub fn candidates<'a>(known: &'a [Known], own: Option<&str>) -> Vec<(&'a str, bool)> {
    let is_own = |one: &&Known| Some(one.draft_id.as_str()) == own;
    let Some(first) = known.iter().find(is_own).map(|one| (one.draft_id.as_str(), true)) else {
        return if own.is_some() { Vec::new() } else { abandoned(known).collect() };
    };
    std::iter::once(first).chain(abandoned(known).filter(|(id, _)| *id != first.0)).collect()
}

fn abandoned(known: &[Known]) -> impl Iterator<Item = (&str, bool)> {
    let wanted = |one: &&Known| one.head.as_ref().is_some_and(|head| !head.ran);
    known.iter().filter(wanted).map(|one| (one.draft_id.as_str(), false))
}

/// The surplus drafts once `taken` is this tab's: unreadable ones, and the oldest. Some of them may be open in other
/// tabs.
pub fn surplus<'a>(known: &'a [Known], taken: &str) -> Vec<&'a str> {
    let mut kept = 0;
    let is_too_many = |one: &&Known| {
        kept += usize::from(one.head.is_some());
        one.head.is_none() || kept > KEPT
    };
    known.iter().filter(|one| one.draft_id != taken).filter(is_too_many).map(|one| one.draft_id.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::selection::{Skipped, Why};

    fn stored(id: u32, asset: &str) -> Item {
        let state = State::Stored { bytes: 3, source_url: format!("asset:{asset}"), header: None };
        Item { id, key: String::new(), name: format!("{id}.jpg"), path: None, state }
    }

    fn skipped() -> SkippedFiles {
        let mut skipped = SkippedFiles::default();
        skipped.add(&[Skipped { path: "notes.txt".to_owned(), why: Why::NotAnImage }]);
        skipped
    }

    #[test]
    fn a_draft_of_an_earlier_version_is_read() {
        let head = r#"{"version":1,"savedAt":5,"ran":false,"setup":{"skipped":2,"choice":"web-gallery","documents":{},"ownText":""}}"#;
        let head = Head::parse(head).expect("a head");
        assert_eq!((head.setup.choice.as_str(), head.setup.skipped), ("web-gallery", SkippedFiles::default()));
        let stored = r#"{"stored":{"bytes":3,"sourceUrl":"asset:aa"}}"#;
        let expected = State::Stored { bytes: 3, source_url: "asset:aa".to_owned(), header: None };
        assert_eq!(serde_json::from_str::<State>(stored).expect("a state"), expected);
    }

    #[test]
    fn what_a_header_said_comes_back() {
        let header = Some(HeaderCheck::Unreadable("HEIC is not supported".to_owned()));
        let state = State::Stored { bytes: 3, source_url: "asset:aa".to_owned(), header };
        let text = serde_json::to_string(&state).expect("text");
        assert_eq!(serde_json::from_str::<State>(&text).expect("a state"), state);
    }

    fn with_state(id: u32, state: State) -> Item {
        Item { state, ..stored(id, "") }
    }

    fn content(items: &[Item]) -> Content {
        let setup = Setup { choice: "web-gallery".to_owned(), ..Setup::default() };
        Content { setup, marks: items.iter().map(Mark::of).collect() }
    }

    fn write(written: &mut Written, items: &[Item], most: usize) -> Changes {
        let between = |first: u32, last: u32| {
            items.iter().filter(|item| (first..=last).contains(&item.id)).cloned().collect::<Vec<_>>()
        };
        written.change_to("d", &content(items), false, 1.0, most, between)
    }

    fn keys(changes: &Changes) -> Vec<(&str, bool)> {
        changes.iter().map(|(key, value)| (key.as_str(), value.is_some())).collect()
    }

    /// The settings after these changes.
    fn apply(settings: &mut BTreeMap<String, String>, changes: Changes) {
        for (key, value) in changes {
            match value {
                Some(value) => settings.insert(key, value),
                None => settings.remove(&key),
            };
        }
    }

    fn read(settings: &BTreeMap<String, String>) -> (Read, Vec<String>) {
        let mut read = Read::new(Head::parse(&settings[&head_key("d")]).expect("a head"));
        let mut asset_ids = Vec::new();
        for (key, text) in settings.iter().filter(|(key, _)| key.starts_with(&portions_below("d"))) {
            asset_ids.extend(read.take(key, text));
        }
        (read, asset_ids)
    }

    #[test]
    fn a_draft_is_restored_as_it_was_written() {
        let mut logo = stored(1, "bb");
        (logo.key, logo.path) = ("logo".to_owned(), Some("brand/1.jpg".to_owned()));
        let items = vec![stored(0, "aa"), logo, with_state(2, State::Missing(Reason::NoRoom)), stored(600, "cc")];
        let (mut written, mut settings) = (Written::default(), BTreeMap::new());
        let mut now = content(&items);
        now.setup.skipped = skipped();
        now.setup.own_text = "{ \"not\": JSON".to_owned();
        now.setup.documents.insert("web-gallery".to_owned(), json!({ "actions": [] }));
        let changes = written.change_to("d", &now, true, 5.0, 9, |first, last| {
            items.iter().filter(|item| (first..=last).contains(&item.id)).cloned().collect()
        });
        apply(&mut settings, changes);
        let (mut read, asset_ids) = read(&settings);
        assert_eq!(asset_ids.len(), 3);
        assert_eq!(read.settle(&[true; 3]), []);
        assert_eq!((&read.items, &read.setup, read.ran), (&items, &now.setup, true));
        assert_eq!(read.next_id(), 601);
        assert_eq!(read.written, written, "what was read need not be written again");
    }

    #[test]
    fn a_change_writes_its_portion_and_no_other() {
        let mut items: Vec<Item> = (0..1000).map(|id| stored(id, "aa")).collect();
        let mut written = Written::default();
        assert_eq!(write(&mut written, &items, 9).len(), 5, "the head and four portions");
        assert_eq!(write(&mut written, &items, 9), Vec::new());
        items[300].state = State::Missing(Reason::Swept);
        items.remove(10);
        assert_eq!(
            keys(&write(&mut written, &items, 9)),
            [("draft-files:d:00000000", true), ("draft-files:d:00000001", true)]
        );
        items[299].state = State::Missing(Reason::NoRoom);
        assert_eq!(keys(&write(&mut written, &items, 9)), [("draft-files:d:00000001", true)], "another reason");
        items.retain(|item| item.id >= PORTION);
        assert_eq!(keys(&write(&mut written, &items, 9)), [("draft-files:d:00000000", false)]);
    }

    #[test]
    fn a_large_draft_is_written_in_several_steps_and_the_head_with_the_first() {
        let items: Vec<Item> = (0..1000).map(|id| stored(id, "aa")).collect();
        let (mut written, mut settings) = (Written::default(), BTreeMap::new());
        let first = write(&mut written, &items, 3);
        assert_eq!(keys(&first)[0], ("draft:d", true));
        assert_eq!(first.len(), 4);
        apply(&mut settings, first);
        let second = write(&mut written, &items, 3);
        assert_eq!(second.len(), 1);
        apply(&mut settings, second);
        assert_eq!(write(&mut written, &items, 3), Vec::new());
        let (mut read, asset_ids) = read(&settings);
        read.settle(&vec![true; asset_ids.len()]);
        assert_eq!(read.items, items);
    }

    #[test]
    fn failed_writes_are_repeated() {
        let items = [stored(0, "aa"), stored(999, "bb")];
        let mut written = Written::default();
        let before = write(&mut written, &items, 9);
        written.doubt();
        assert_eq!(write(&mut written, &items, 9), before);
        written.doubt();
        let removed: Changes = write(&mut written, &[], 9);
        assert_eq!(removed.len(), 3, "even then nothing may be left: {removed:?}");
    }

    #[test]
    fn an_empty_draft_leaves_no_records() {
        let mut written = Written::default();
        assert_eq!(write(&mut written, &[], 9), Vec::new(), "nothing was there");
        write(&mut written, &[stored(0, "aa")], 9);
        let mut removed = write(&mut written, &[], 9);
        removed.sort();
        assert_eq!(keys(&removed), [("draft-files:d:00000000", false), ("draft:d", false)]);
        assert_eq!(write(&mut written, &[], 9), Vec::new());
    }

    #[test]
    fn a_choice_alone_is_not_stored_but_an_edit_is() {
        let mut now = content(&[]);
        now.setup.skipped = skipped();
        now.setup.own_text = " \n".to_owned();
        assert!(!now.is_worth_keeping());
        now.setup.own_text = "{".to_owned();
        assert!(now.is_worth_keeping());
        now.setup = Setup::default();
        now.setup.documents.insert("web-gallery".to_owned(), json!({}));
        assert!(now.is_worth_keeping());
        let missing = content(&[with_state(0, State::Missing(Reason::NoRoom))]);
        assert!(missing.is_worth_keeping() && !missing.is_whole());
        assert!(content(&[stored(0, "aa")]).is_whole());
    }

    #[test]
    fn what_was_on_its_way_and_what_was_swept_is_missing_with_its_reason() {
        let elsewhere = State::Stored { bytes: 0, source_url: "https://example.org/a.jpg".to_owned(), header: None };
        let items = vec![
            stored(0, "aa"),
            with_state(1, State::Arriving),
            with_state(2, elsewhere.clone()),
            stored(3, "swept"),
            stored(4, "bb"),
        ];
        let mut written = Written::default();
        let mut settings = BTreeMap::new();
        apply(&mut settings, write(&mut written, &items, 9));
        let (mut read, asset_ids) = read(&settings);
        assert_eq!(asset_ids, ["aa", "swept", "bb"], "a URL is not looked up");
        let lost = read.settle(&[true, false, true]);
        assert_eq!(read.items[1].state, State::Missing(Reason::TabClosed));
        assert_eq!(read.items[2].state, elsewhere);
        let missing: Vec<_> = read.items.iter().filter_map(Item::as_missing).map(|one| (one.id, one.reason)).collect();
        assert_eq!(missing, [(1, Reason::TabClosed), (3, Reason::Swept)]);
        assert_eq!(lost.len(), 2);
        assert_eq!(read.summary().as_deref(), Some("Restored 3 pictures from your last visit."));
    }

    #[test]
    fn damaged_and_foreign_records_are_ignored() {
        let head = serde_json::to_value(Head { version: VERSION, saved_at: 1.0, ran: false, setup: Setup::default() });
        let mut head = head.expect("JSON");
        assert!(Head::parse(&head.to_string()).is_some());
        head["version"] = json!(VERSION + 1);
        for foreign in [head.to_string(), String::new(), "on".to_owned(), "{}".to_owned(), "[1".to_owned()] {
            assert_eq!(Head::parse(&foreign), None, "{foreign}");
        }
        let (mut written, mut settings) = (Written::default(), BTreeMap::new());
        let mut items = vec![stored(0, "aa"), stored(300, "bb"), stored(301, "cc")];
        apply(&mut settings, write(&mut written, &items, 9));
        settings.insert("draft-files:d:00000001".to_owned(), "[{ \"id\": 3".to_owned());
        let (mut read, asset_ids) = read(&settings);
        read.settle(&vec![true; asset_ids.len()]);
        assert_eq!(read.items, [stored(0, "aa")]);
        items.truncate(1);
        assert_eq!(keys(&write(&mut read.written, &items, 9)), [("draft-files:d:00000001", false)], "it is removed");
    }

    fn known(draft_id: &str, saved_at: Millis, ran: bool) -> (String, String) {
        let head = Head { version: VERSION, saved_at, ran, setup: Setup::default() };
        (head_key(draft_id), serde_json::to_string(&head).expect("JSON"))
    }

    fn ids<'a>(candidates: &[(&'a str, bool)]) -> Vec<&'a str> {
        candidates.iter().map(|(id, _)| *id).collect()
    }

    #[test]
    fn a_tab_takes_its_own_draft_first_and_a_new_one_the_newest() {
        let settings = vec![known("old", 1.0, false), known("new", 3.0, false), known("ran", 4.0, true)];
        let all = Known::all(settings);
        assert_eq!(candidates(&all, None), [("new", false), ("old", false)]);
        assert_eq!(candidates(&all, Some("old")), [("old", true), ("new", false)]);
        assert_eq!(candidates(&all, Some("ran")), [("ran", true), ("new", false), ("old", false)]);
        assert_eq!(candidates(&all, Some("empty")), [], "it was empty and stays empty");
    }

    #[test]
    fn unreadable_drafts_and_the_oldest_are_surplus() {
        let mut settings: Vec<_> = (0..12).map(|at| known(&format!("d{at}"), f64::from(at), at % 2 == 0)).collect();
        settings.push((head_key("damaged"), "{".to_owned()));
        let all = Known::all(settings);
        assert_eq!(surplus(&all, "d11"), ["d2", "d1", "d0", "damaged"]);
        assert_eq!(surplus(&all, "other"), ["d3", "d2", "d1", "d0", "damaged"]);
        assert!(!ids(&candidates(&all, None)).contains(&"damaged"));
    }

    #[test]
    fn the_restored_draft_is_summarised() {
        let read = |items: Vec<Item>, own_text: &str| Read {
            items,
            setup: Setup { own_text: own_text.to_owned(), ..Setup::default() },
            ..Read::default()
        };
        assert_eq!(read(Vec::new(), "").summary(), None);
        let workflow = read(Vec::new(), "{}").summary();
        assert_eq!(workflow.as_deref(), Some("Restored the workflow from your last visit."));
        let one = read(vec![stored(0, "aa")], "{}").summary();
        assert_eq!(one.as_deref(), Some("Restored 1 picture from your last visit."));
    }
}
