//! The batch being prepared: pictures per input, the workflow with its edits, the options. It outlives the view, so
//! that going to the batches and back loses nothing, and its tab (`keeping`).

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::{Value, json};

use super::super::confirm::Confirm;
use super::super::embed::{Embedding, Layout};
use super::super::kept;
use super::super::notices::NoticeBoard;
use super::super::parts::{Later, Part};
use super::super::route::CurrentRoute;
use super::super::saving::Saving;
use super::super::services::{Imported, Picked, Selection, Services, Source, UiError, Unpacked, gather, text_of};
use super::super::stage::Stage;
use super::user_files::UserFiles;
use crate::actions::parameters::Field;
use crate::actions::{self, Role};
use crate::api::is_web_url;
use crate::batch::records::{Execution, Priority, Subset};
use crate::codecs::Format;
use crate::compact::SortedSet;
use crate::compact::sort_by;
use crate::data::Column;
use crate::file_name::{folder, split_image_extension};
use crate::selection::{HeaderCheck, Skipped, Why};
use crate::user_file::FileKind;
use crate::view_model::accept::{self, accepts};
use crate::view_model::archive::import_outcome;
use crate::view_model::form::NameSample;
use crate::view_model::history::History;
use crate::view_model::missing::{self, Missing, Reason};
use crate::view_model::picked::duplicates;
use crate::view_model::placing::{self, Changes, Placed};
use crate::view_model::route::Route;
use crate::view_model::saved_draft::{Item, State};
use crate::view_model::skipped::SkippedFiles;
use crate::view_model::{document, editing, form, format, places};
use crate::workflow::builtin::{self, BUILTIN};
use crate::workflow::{Diagnostic, Severity};

mod keeping;
mod last_moment;

pub(crate) use keeping::keep_draft;

use keeping::{Keeping, PORTIONS_AT_ONCE};

/// The input whose pictures the batch counts, whatever it is called in the workflow.
pub(crate) const PRIMARY: &str = "";

/// The choice of the user's own workflow as JSON.
pub(crate) const OWN: &str = "own";

/// The progress of starting a batch. A draft that has started one starts no other until its view is shown again: the
/// view changes only some time after the start, and every click or key until then belongs to the same start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Start {
    Ready,
    Starting,
    Started,
}

/// A stored picture of the draft.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// Its position among all files of the draft.
    pub(crate) id: u32,
    pub(crate) name: String,
    pub(crate) path: Option<String>,
    pub(crate) bytes: u64,
    /// `asset:` and its id, or a URL that has not been fetched yet.
    pub(crate) source_url: String,
    /// What its header says, if it was read.
    pub(crate) header: Option<HeaderCheck>,
    /// For the preview; without it, the stored file is used.
    pub(crate) file: Option<web_sys::File>,
}

impl Entry {
    /// Why it cannot be read, if it cannot.
    pub(crate) fn problem(&self) -> Option<&str> {
        self.header.as_ref().and_then(HeaderCheck::problem)
    }
}

/// The progress of an import.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Importing {
    pub(crate) done: u32,
    pub(crate) total: u32,
}

/// `batchConfig` as the options edit it, and further options of the request.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Options {
    pub(crate) concurrency_limit: u32,
    pub(crate) priority: Priority,
    pub(crate) continue_on_error: bool,
    /// May be empty.
    pub(crate) webhook_url: String,
    pub(crate) skip_unchanged: bool,
}

impl Options {
    /// If a webhook is given, whether its URL is valid.
    pub(crate) fn webhook(&self) -> Option<bool> {
        let url = self.webhook_url.trim();
        (!url.is_empty()).then(|| is_web_url(url))
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            concurrency_limit: 10,
            priority: Priority::Normal,
            continue_on_error: true,
            webhook_url: String::new(),
            skip_unchanged: false,
        }
    }
}

/// The draft.
#[derive(Clone, Copy)]
pub(crate) struct Draft {
    stage: Stage,
    services: Services,
    notices: NoticeBoard,
    confirm: Confirm,
    user_files: UserFiles,
    later: Part<Later>,
    route: CurrentRoute,
    saving: Saving,
    keeping: Keeping,
    /// By input, [`PRIMARY`] or the `actionId`; each input's by id.
    pictures: RwSignal<HashMap<String, Vec<Entry>>, LocalStorage>,
    /// Files that are being stored.
    arriving: RwSignal<Vec<Item>>,
    skipped: RwSignal<SkippedFiles>,
    missing: RwSignal<Vec<Missing>>,
    importing: RwSignal<Option<Importing>>,
    next_id: StoredValue<u32>,
    choice: RwSignal<String>,
    /// The edited documents by choice.
    documents: RwSignal<HashMap<String, History<Value>>>,
    /// The stored state of the user's own ones.
    stored: RwSignal<HashMap<String, Value>>,
    /// The text of the user's own workflow, and why it does not parse.
    own_text: RwSignal<String>,
    own_error: RwSignal<Option<String>>,
    options: RwSignal<Options>,
    start: RwSignal<Start>,
    diagnostics: Memo<Vec<Diagnostic>>,
    inputs: Memo<Vec<document::Input>>,
    /// The step whose pictures the preview shows.
    looks_at: RwSignal<Option<String>>,
}

/// Provides an empty draft with the last options; [`keep_draft`] restores the rest.
pub(crate) fn provide_draft() {
    let stage = expect_context::<Stage>();
    let documents: HashMap<String, History<Value>> = BUILTIN
        .iter()
        .map(|builtin| (builtin.id.to_owned(), History::new(builtin.document())))
        .chain([(OWN.to_owned(), History::new(Value::Null))])
        .collect();
    let choice = RwSignal::new(BUILTIN[0].id.to_owned());
    let documents = RwSignal::new(documents);
    let present = Memo::new(move |_| {
        let chosen = choice.get();
        documents.with(|documents| documents.get(&chosen).map_or(Value::Null, |history| history.present().clone()))
    });
    let later = expect_context::<Part<Later>>();
    let options = kept::read(stage, kept::Key::Options).and_then(|text| serde_json::from_str(&text).ok());
    provide_context(Draft {
        stage,
        services: expect_context(),
        notices: expect_context(),
        confirm: expect_context(),
        user_files: expect_context(),
        later,
        route: expect_context(),
        saving: expect_context(),
        keeping: Keeping::default(),
        pictures: RwSignal::new_local(HashMap::new()),
        arriving: RwSignal::new(Vec::new()),
        skipped: RwSignal::new(SkippedFiles::default()),
        missing: RwSignal::new(Vec::new()),
        importing: RwSignal::new(None),
        next_id: StoredValue::new(0),
        choice,
        documents,
        stored: RwSignal::new(HashMap::new()),
        own_text: RwSignal::new(String::new()),
        own_error: RwSignal::new(None),
        options: RwSignal::new(options.unwrap_or_default()),
        start: RwSignal::new(Start::Ready),
        // Pictures are added when it runs, so that they are missing now is expected.
        diagnostics: Memo::new(move |_| {
            let document = present.get();
            // Without the part, the service still checks what is run.
            let check = later.here().filter(|_| !document.is_null()).map(|later| later.check);
            let mut found = check.map_or_else(Vec::new, |check| check(&document));
            found.retain(|diagnostic| diagnostic.code != "no_images");
            found
        }),
        inputs: Memo::new(move |_| present.with(document::inputs)),
        looks_at: RwSignal::new(None),
    });
}

/// Pictures.
impl Draft {
    /// The key of an input's pictures.
    pub(crate) fn key(input: &document::Input) -> &str {
        if input.primary { PRIMARY } else { &input.action_id }
    }

    /// The inputs of the chosen workflow, the primary one first.
    pub(crate) fn inputs(self) -> Memo<Vec<document::Input>> {
        self.inputs
    }

    /// The pictures of an input, by reference, tracked.
    pub(crate) fn with_pictures<T>(self, key: &str, read: impl FnOnce(&[Entry]) -> T) -> T {
        self.pictures.with(|pictures| read(pictures.get(key).map_or(&[], Vec::as_slice)))
    }

    /// How many pictures were picked for all inputs together, including missing ones; tracked.
    pub(crate) fn picked(self) -> u64 {
        let picked = self.pictures.with(|pictures| pictures.values().map(Vec::len).sum::<usize>());
        (picked + self.missing.with(Vec::len)) as u64
    }

    /// Count and size of the primary pictures: the picked ones, or those in the workflow.
    pub(crate) fn primary_totals(self) -> (u64, u64) {
        let picked = self.with_pictures(PRIMARY, |entries| {
            (entries.len() as u64, entries.iter().map(|entry| entry.bytes).sum::<u64>())
        });
        if picked.0 > 0 {
            return picked;
        }
        self.inputs.with(|inputs| (inputs.first().map_or(0, |input| input.named as u64), 0))
    }

    /// The progress of the import, tracked.
    pub(crate) fn importing(self) -> Option<Importing> {
        self.importing.get()
    }

    /// The message about skipped files, tracked.
    pub(crate) fn skipped(self) -> Option<String> {
        self.skipped.with(SkippedFiles::note)
    }

    /// The pictures that cannot be read, with the inputs they belong to, tracked.
    pub(crate) fn unreadable(self) -> Vec<(String, Entry)> {
        self.pictures.with(|pictures| {
            let all = pictures.iter().flat_map(|(key, entries)| entries.iter().map(move |entry| (key, entry)));
            let bad = all.filter(|(_, entry)| entry.problem().is_some());
            let mut bad: Vec<_> = bad.map(|(key, entry)| (key.clone(), entry.clone())).collect();
            sort_by(&mut bad, |(_, one), (_, other)| one.id.cmp(&other.id));
            bad
        })
    }

    /// How many of the primary pictures are duplicates, tracked.
    pub(crate) fn duplicates(self) -> u64 {
        self.with_pictures(PRIMARY, |entries| {
            duplicates(entries.iter().map(|entry| entry.source_url.as_str())).len() as u64
        })
    }

    /// Removes the duplicates; the first of each stays.
    pub(crate) fn remove_duplicates(self) {
        self.remove_with_undo(|pictures| {
            let Some(entries) = pictures.get_mut(PRIMARY) else { return };
            let again = duplicates(entries.iter().map(|entry| entry.source_url.as_str()));
            let again: HashSet<u32> = again.into_iter().map(|at| entries[at].id).collect();
            entries.retain(|entry| !again.contains(&entry.id));
        });
    }

    /// Removes pictures that cannot be read.
    pub(crate) fn remove_unreadable(self) {
        self.remove_with_undo(|pictures| {
            pictures.values_mut().for_each(|entries| entries.retain(|entry| entry.problem().is_none()));
        });
    }

    /// Removes all pictures of an input, and offers to undo it.
    pub(crate) fn clear_with_undo(self, key: &str) {
        let missing = if key == PRIMARY { self.missing.get_untracked() } else { Vec::new() };
        self.offer_undo(missing, |pictures| {
            pictures.remove(key);
        });
        if key == PRIMARY {
            self.skipped.set(SkippedFiles::default());
            self.missing.set(Vec::new());
        }
    }

    /// Removes pictures, and offers to undo it.
    fn remove_with_undo(self, remove: impl FnOnce(&mut HashMap<String, Vec<Entry>>)) {
        self.offer_undo(Vec::new(), remove);
    }

    /// Removes pictures and their missing files, and offers to undo it. Undoing keeps what was added meanwhile.
    fn offer_undo(self, missing: Vec<Missing>, remove: impl FnOnce(&mut HashMap<String, Vec<Entry>>)) {
        let before = self.pictures.get_untracked();
        self.pictures.update(remove);
        let removed: Vec<(String, Vec<Entry>)> = self.pictures.with_untracked(|now| {
            let gone = |key: &str, entries: Vec<Entry>| -> Vec<Entry> {
                let left: HashSet<u32> = now.get(key).into_iter().flatten().map(|entry| entry.id).collect();
                entries.into_iter().filter(|entry| !left.contains(&entry.id)).collect()
            };
            before.into_iter().map(|(key, entries)| (key.clone(), gone(&key, entries))).collect()
        });
        let count: usize = removed.iter().map(|(_, entries)| entries.len()).sum();
        if count == 0 {
            return;
        }
        self.notices.undoable(format!("{} removed.", format::plural(count as u64, "picture", "pictures")), move || {
            self.pictures.update(|pictures| {
                for (key, entries) in &removed {
                    let now = pictures.entry(key.clone()).or_default();
                    let here: HashSet<u32> = now.iter().map(|entry| entry.id).collect();
                    now.extend(entries.iter().filter(|entry| !here.contains(&entry.id)).cloned());
                    sort_by(now, |one, other| one.id.cmp(&other.id));
                }
            });
            self.missing.update(|now| {
                let here: HashSet<u32> = now.iter().map(|one| one.id).collect();
                now.extend(missing.iter().filter(|one| !here.contains(&one.id)).cloned());
                sort_by(now, |one, other| one.id.cmp(&other.id));
            });
        });
    }

    /// Files that were added and could not be kept, tracked.
    pub(crate) fn missing(self) -> RwSignal<Vec<Missing>> {
        self.missing
    }

    /// Stores the files and adds them to an input; while the draft is being restored, they wait for that.
    pub(crate) fn add(self, key: String, source: Source) {
        if let Some((key, source)) = self.unless_restoring(key, source) {
            spawn_local(async move { self.add_now(&key, source).await });
        }
    }

    /// Adds the sample pictures to the primary input.
    pub(crate) async fn add_samples(self) {
        let files = match self.later.entered().await {
            Ok(later) => (later.samples)(self.services).await,
            Err(problem) => Err(problem),
        };
        match files {
            Ok(files) => self.add(PRIMARY.to_owned(), Source::Files(files)),
            Err(problem) => self.notices.failed(problem.text, problem.hint),
        }
    }

    /// Stores the files and adds them to an input; the draft must have been restored.
    pub(crate) async fn add_now(self, key: &str, source: Source) {
        match self.later.entered().await {
            Ok(later) => (later.add)(self, key.to_owned(), source).await,
            Err(problem) => self.notices.failed(problem.text, problem.hint),
        }
    }

    /// Whether an input takes a file that is no picture, tracked.
    pub(crate) fn takes_file(self, key: &str) -> bool {
        self.inputs.with(|inputs| inputs.iter().any(|input| input.is_file && Self::key(input) == key))
    }

    /// The input to which a file of this name goes that was given to another.
    pub(crate) fn input_for(self, key: String, name: Option<String>) -> String {
        let Some(name) = name.filter(|_| key == PRIMARY) else { return key };
        let Some(id) = self.with_document(|document| document::input_of(document, &name)) else { return key };
        self.inputs.with(|inputs| {
            let found = inputs.iter().find(|input| input.action_id == id);
            found.map_or(key, |input| Self::key(input).to_owned())
        })
    }

    /// Whether the chosen workflow runs the rows of a table, tracked.
    pub(crate) fn has_table(self) -> bool {
        self.with_document(document::has_table)
    }

    /// Stores the first of some files as that of an input, in place of the one before.
    pub(crate) async fn import_file(self, key: String, files: Vec<web_sys::File>) {
        let Some(file) = files.into_iter().next() else { return };
        self.clear(&key);
        self.missing.update(|missing| missing.retain(|one| one.key != key));
        let id = self.fresh_id();
        self.import(key, vec![(id, Picked { file, path: None })]).await;
    }

    /// Stores what was selected and adds it to an input.
    pub(crate) async fn import_selection(self, key: String, mut selection: Selection) {
        let mut is_told = self.open_documents(&mut selection).await;
        is_told |= self.unpack(&mut selection).await;
        untrack(|| self.admit(&key, &mut selection));
        self.skipped.update(|skipped| skipped.add(&selection.skipped));
        let unreadable = selection.unreadable.into_iter().map(|path| {
            let name = path.rsplit('/').next().unwrap_or_default().to_owned();
            let path = Some(path).filter(|path| *path != name);
            Missing { id: self.fresh_id(), key: key.clone(), name, path, reason: Reason::Unopened }
        });
        let unreadable: Vec<Missing> = unreadable.collect();
        self.tell_missing(&unreadable);
        self.missing.update(|missing| missing.extend(unreadable));
        if selection.files.is_empty() {
            let count = selection.skipped.len() as u64;
            if count > 0 && !is_told {
                self.notices.info(
                    format!("No pictures among {}.", format::plural(count, "file", "files")),
                    format!("{} can be read.", Format::names()),
                );
            }
            return;
        }
        let files = selection.files.into_iter().map(|picked| (self.fresh_id(), picked)).collect();
        self.import(key, files).await;
    }

    /// The file types that pickers ask for, tracked.
    pub(crate) fn accept(self) -> String {
        self.stage.embedding().and_then(Embedding::accept).unwrap_or_else(accept::pictures)
    }

    /// Skips the files that the page around an element does not accept.
    fn admit(self, key: &str, selection: &mut Selection) {
        let Some(embedding) = self.stage.embedding() else { return };
        let skipped = &mut selection.skipped;
        let mut skip = |picked: &Picked, why| skipped.push(Skipped { path: picked.file.name(), why });
        if let Some(accept) = embedding.accept() {
            selection.files.retain(|picked| {
                let is_accepted = accepts(&accept, &picked.file.name(), &picked.file.type_());
                if !is_accepted {
                    skip(picked, Why::NotAccepted);
                }
                is_accepted
            });
        }
        if let Some(most) = embedding.max_files().filter(|_| key == PRIMARY) {
            let room = (most as usize).saturating_sub(self.with_pictures(PRIMARY, <[Entry]>::len));
            for picked in selection.files.drain(room.min(selection.files.len())..) {
                skip(&picked, Why::TooMany);
            }
        }
    }

    /// Opens a workflow among the added JSON files and skips the others. Returns whether there was one.
    async fn open_documents(self, selection: &mut Selection) -> bool {
        let mut opened = false;
        for file in std::mem::take(&mut selection.documents) {
            let text = text_of(&file).await.unwrap_or_default();
            if document::is_workflow(&text) {
                self.set_own_text(text);
                opened = true;
                self.notices.done(format!("Opened “{}” as your own workflow.", file.name()));
            } else {
                selection.skipped.push(Skipped { path: file.name(), why: Why::NotAnImage });
            }
        }
        opened
    }

    /// Adds the pictures in added ZIPs, and asks about archives. Returns whether a message was shown.
    async fn unpack(self, selection: &mut Selection) -> bool {
        let mut is_told = false;
        for zip in std::mem::take(&mut selection.zips) {
            match self.services.unpack(&zip).await {
                Ok(Unpacked::Pictures(files, skipped)) => {
                    selection.files.extend(files);
                    selection.skipped.extend(skipped);
                }
                Ok(Unpacked::Archive) => {
                    is_told = true;
                    self.ask_for_archive(zip);
                }
                Err(problem) => {
                    is_told = true;
                    self.notices
                        .failed(format!("“{}” could not be unpacked: {}", zip.name(), problem.text), problem.hint);
                }
            }
        }
        is_told
    }

    fn ask_for_archive(self, archive: web_sys::File) {
        let title = format!("Import “{}”?", archive.name());
        let archive = StoredValue::new_local(archive);
        let text = "It is a Pixelmill archive. Its batches, workflows and other files will be added. Importing never overwrites.";
        self.confirm.ask(title, text, "Import", move || {
            spawn_local(async move {
                match self.services.import_archive(archive.get_value()).await {
                    Ok(summary) => {
                        let outcome = import_outcome(&summary);
                        if outcome.failed {
                            self.notices.failed(outcome.text, outcome.problems.join(" "));
                        } else {
                            self.notices.done(outcome.text);
                        }
                    }
                    Err(problem) => self.notices.failed(problem.text, problem.hint),
                }
            });
        });
    }

    /// Stores files, each with its id in the draft.
    async fn import(self, key: String, files: Vec<(u32, Picked)>) {
        let total = files.len() as u32;
        let before = self.importing.get_untracked().unwrap_or(Importing { done: 0, total: 0 });
        self.importing.set(Some(Importing { total: before.total + total, ..before }));
        let (ids, files): (Vec<u32>, Vec<Picked>) = files.into_iter().unzip();
        let on_their_way = ids.iter().zip(&files).map(|(id, picked)| Item {
            id: *id,
            key: key.clone(),
            name: picked.file.name(),
            path: picked.path.clone(),
            state: State::Arriving,
        });
        self.arriving.update(|arriving| arriving.extend(on_their_way));
        // If the tab ends meanwhile, the missing files are known.
        self.save(PORTIONS_AT_ONCE).await;
        let (ids, files) = (Rc::<[u32]>::from(ids), Rc::<[Picked]>::from(files));
        let report = {
            let (key, ids, files) = (key.clone(), ids.clone(), files.clone());
            move |first: usize, outcomes: Vec<Result<Imported, Reason>>| {
                let ids = ids.iter().copied().skip(first);
                let arrived = ids.zip(files.iter().skip(first).cloned()).zip(outcomes);
                self.arrive(&key, arrived.map(|((id, picked), outcome)| (id, picked, outcome)).collect());
            }
        };
        let outcome = self.services.import(files.clone(), report).await;
        if let Err(problem) = outcome {
            self.notices.failed(problem.text, problem.hint);
        }
        // Nothing was reported for the files after the import stopped.
        let left = self.arriving.with_untracked(|arriving| {
            let places = arriving.iter().filter_map(|item| ids.binary_search(&item.id).ok());
            places.map(|at| (ids[at], files[at].clone(), Err(Reason::Failed))).collect()
        });
        self.arrive(&key, left);
        let missing = self.missing.with_untracked(|missing| {
            missing.iter().filter(|one| ids.binary_search(&one.id).is_ok()).cloned().collect::<Vec<_>>()
        });
        self.tell_missing(&missing);
    }

    /// Records the outcome of files being stored; they come in the order of their ids.
    fn arrive(self, key: &str, files: Vec<(u32, Picked, Result<Imported, Reason>)>) {
        if files.is_empty() {
            return;
        }
        self.importing.update(|importing| {
            if let Some(now) = importing {
                now.done += files.len() as u32;
                if now.done >= now.total {
                    *importing = None;
                }
            }
        });
        self.arriving
            .update(|arriving| arriving.retain(|item| files.binary_search_by_key(&item.id, |(id, ..)| *id).is_err()));
        let takes_file = untrack(|| self.takes_file(key));
        let (mut stored, mut missing) = (Vec::new(), Vec::new());
        for (id, picked, outcome) in files {
            let Picked { file, path } = picked;
            match outcome {
                Ok(Imported { asset_id, name, bytes, header }) => {
                    let source_url = format!("asset:{asset_id}");
                    let header = header.filter(|_| !takes_file);
                    stored.push(Entry { id, name, path, bytes, source_url, header, file: Some(file) });
                }
                Err(reason) => missing.push(Missing { id, key: key.to_owned(), name: file.name(), path, reason }),
            }
        }
        if !stored.is_empty() {
            self.pictures.update(|pictures| {
                let entries = pictures.entry(key.to_owned()).or_default();
                for entry in stored {
                    // Files that were missing return to their positions; the others come last.
                    entries.insert(entries.partition_point(|one| one.id < entry.id), entry);
                }
            });
        }
        if !missing.is_empty() {
            self.missing.update(|all| all.extend(missing));
        }
    }

    /// Says that files are missing.
    fn tell_missing(self, files: &[Missing]) {
        let what = match files {
            [] => return,
            [one] => format!("\"{}\" is missing.", one.name),
            files => format!("{} are missing.", format::plural(files.len() as u64, "file", "files")),
        };
        self.notices.failed(what, "They are listed above the pictures with the reason. Add them again there.");
    }

    /// Stores missing files that were added again, each in its position; any other files are added as usual.
    pub(crate) fn add_missing(self, source: Source) {
        spawn_local(async move { self.replace_missing(gather(source).await) });
    }

    fn replace_missing(self, mut selection: Selection) {
        let mut files = HashMap::<String, Vec<(u32, Picked)>>::new();
        self.missing.update(|missing| {
            for picked in std::mem::take(&mut selection.files) {
                let found = missing::take(missing, &picked.file.name(), picked.path.as_deref());
                let (id, key, path) = match found {
                    Some(one) => (one.id, one.key, one.path),
                    None => (self.fresh_id(), PRIMARY.to_owned(), None),
                };
                let files = files.entry(key).or_default();
                let at = files.partition_point(|(one, _)| *one < id);
                files.insert(at, (id, Picked { path: path.or(picked.path), file: picked.file }));
            }
        });
        for (key, files) in files {
            spawn_local(self.import(key, files));
        }
        spawn_local(self.import_selection(PRIMARY.to_owned(), selection));
    }

    /// Removes a missing file from the list.
    pub(crate) fn forget_missing(self, id: u32) {
        self.missing.update(|missing| missing.retain(|one| one.id != id));
    }

    fn fresh_id(self) -> u32 {
        let id = self.next_id.get_value();
        self.next_id.set_value(id + 1);
        id
    }

    /// Copies the pictures of a batch, or those at the indices in `only`, to run them with another workflow or other
    /// settings, and shows them. They replace what was picked.
    pub(crate) fn take_inputs_of(self, batch_id: String, only: Option<SortedSet<u32>>) {
        /// Executions read at once.
        const PORTION: u32 = 500;
        if untrack(|| self.is_restoring()) {
            return self.notices.info("The page is still starting.", "Try again in a moment.");
        }
        spawn_local(async move {
            let (mut pictures, mut named) = (HashMap::<String, Vec<Entry>>::new(), HashSet::new());
            let mut offset = 0;
            loop {
                let page = match self.services.executions(&batch_id, Subset::All, offset, PORTION).await {
                    Ok(page) => page,
                    Err(problem) => return self.notices.failed(problem.text, problem.hint),
                };
                let is_wanted = |index| only.as_ref().is_none_or(|only| only.contains(&index));
                for execution in page.executions.iter().filter(|one| is_wanted(one.asset_index)) {
                    self.collect_inputs(execution, &mut pictures, &mut named);
                }
                offset += PORTION;
                if offset >= page.matching {
                    break;
                }
            }
            for (_, entries) in pictures.iter_mut().filter(|(key, _)| *key != PRIMARY) {
                // One picture for all counts once.
                if entries.iter().all(|entry| entry.source_url == entries[0].source_url) {
                    entries.truncate(1);
                }
            }
            let count = pictures.get(PRIMARY).map_or(0, Vec::len) as u64;
            self.clear(PRIMARY);
            self.pictures.set(pictures);
            self.notices.info(
                format!("{} copied from the batch.", format::plural(count, "picture", "pictures")),
                "Choose a workflow, change its settings, and run it.",
            );
            self.route.go(&Route::New);
        });
    }

    /// Copies the pictures of an execution. Those that the rows of a table have named, in `named`, are copied once, and templates are
    /// part of the workflow.
    fn collect_inputs(
        self,
        execution: &Execution,
        pictures: &mut HashMap<String, Vec<Entry>>,
        named: &mut HashSet<String>,
    ) {
        let asset = &execution.input_asset;
        let has_columns = asset.inputs.iter().any(|input| input.column.is_some());
        let copied = asset.inputs.iter().enumerate().filter(|(_, input)| input.column.is_some() == has_columns);
        for (position, input) in copied {
            if asset.row.is_some() && !named.insert(input.source_url.clone()) {
                continue;
            }
            let primary = (position == 0 && !execution.gathers()) || has_columns;
            // Pictures that have been fetched meanwhile are stored.
            let fetched = asset.asset_id.as_ref().filter(|_| position == 0 && !execution.gathers());
            let source_url = fetched.map_or_else(|| input.source_url.clone(), |asset_id| format!("asset:{asset_id}"));
            let entries = pictures.entry(if primary { PRIMARY } else { &input.action_id }.to_owned()).or_default();
            let id = self.fresh_id();
            let bytes = execution.input_size.filter(|_| position == 0).map_or(0, |size| size.bytes);
            entries.push(Entry {
                id,
                name: input.name.clone(),
                path: input.path.clone(),
                bytes,
                source_url,
                header: None,
                file: None,
            });
        }
    }

    /// Removes one picture.
    pub(crate) fn remove(self, key: &str, id: u32) {
        self.pictures.update(|pictures| {
            if let Some(entries) = pictures.get_mut(key) {
                entries.retain(|entry| entry.id != id);
            }
        });
    }

    /// Removes all pictures of an input.
    pub(crate) fn clear(self, key: &str) {
        self.pictures.update(|pictures| {
            pictures.remove(key);
        });
        if key == PRIMARY {
            self.skipped.set(SkippedFiles::default());
            self.missing.set(Vec::new());
        }
    }
}

/// The workflow.
impl Draft {
    /// The id of the chosen workflow, tracked.
    pub(crate) fn choice(self) -> String {
        self.choice.get()
    }

    /// Chooses a workflow; edits of the others are kept.
    pub(crate) fn choose(self, id: &str) {
        self.choice.set(id.to_owned());
        kept::write(self.stage, kept::Key::Workflow, id);
    }

    /// Whether a workflow can be chosen.
    pub(crate) fn knows(self, id: &str) -> bool {
        self.documents.with_untracked(|documents| documents.contains_key(id))
    }

    /// Opens a workflow under an id, with an empty history.
    pub(crate) fn put(self, id: &str, document: Value) {
        self.documents.update(|documents| {
            documents.insert(id.to_owned(), History::new(document));
        });
    }

    /// Closes a workflow; if it was chosen, the first one is chosen instead.
    pub(crate) fn forget(self, id: &str) {
        if self.choice.with_untracked(|choice| choice == id) {
            self.choose(BUILTIN[0].id);
        }
        self.documents.update(|documents| {
            documents.remove(id);
        });
    }

    /// The stored state of the user's own open workflows.
    pub(crate) fn stored(self) -> RwSignal<HashMap<String, Value>> {
        self.stored
    }

    /// An open workflow with its edits.
    pub(crate) fn document_of(self, id: &str) -> Option<Value> {
        self.documents.with_untracked(|documents| documents.get(id).map(|history| history.present().clone()))
    }

    /// The chosen workflow in the form to save: with the pictures of its further inputs, such as a logo.
    pub(crate) fn to_keep(self) -> Value {
        let mut workflow = self.with_document(Value::clone);
        for input in self.inputs.get().iter().filter(|input| !input.primary) {
            let images: Vec<Value> =
                self.with_pictures(&input.action_id, |entries| entries.iter().map(image).collect());
            if !images.is_empty() {
                workflow = document::with_images(&workflow, &input.action_id, images);
            }
        }
        workflow
    }

    /// Whether pictures of further inputs were picked, tracked.
    pub(crate) fn has_other_pictures(self) -> bool {
        self.inputs.with(|inputs| {
            inputs
                .iter()
                .any(|input| !input.primary && self.with_pictures(&input.action_id, |entries| !entries.is_empty()))
        })
    }

    /// Drops those pictures: the workflow contains them now.
    pub(crate) fn clear_other_pictures(self) {
        let inputs = self.inputs.get_untracked();
        inputs.iter().filter(|input| !input.primary).for_each(|input| self.clear(&input.action_id));
    }

    fn with_history<T>(self, read: impl FnOnce(Option<&History<Value>>) -> T) -> T {
        let choice = self.choice.get();
        self.documents.with(|documents| read(documents.get(&choice)))
    }

    /// The edited document, by reference, tracked. `null` while the user's own is missing.
    pub(crate) fn with_document<T>(self, read: impl FnOnce(&Value) -> T) -> T {
        self.with_history(|history| read(history.map_or(&Value::Null, History::present)))
    }

    fn change(self, change: impl FnOnce(&mut History<Value>)) {
        let choice = self.choice.get_untracked();
        self.documents.update(|documents| {
            if let Some(history) = documents.get_mut(&choice) {
                change(history);
            }
        });
        if choice == OWN {
            self.own_error.set(None);
            self.own_text.set(self.json());
        }
    }

    /// Sets a parameter, or removes it for `None`.
    pub(crate) fn set_parameter(self, index: usize, field: &Field, value: Option<Value>) {
        self.change(|history| {
            let next = document::with_parameter(history.present(), index, field.name, value);
            history.edit(&format!("{index}.{}", field.name), &form::field_label(field), next);
        });
    }

    /// Sets or removes an entry of the object that a parameter of the step at `index` is.
    pub(crate) fn set_entry(self, index: usize, outer: &Field, field: &Field, value: Option<Value>) {
        self.change(|history| {
            let next = document::with_entry(history.present(), index, outer.name, field.name, value);
            history.edit(&format!("{index}.{}.{}", outer.name, field.name), &form::field_label(field), next);
        });
    }

    /// Changes parameters of the step at `index`, as part of the step of the history with this tag and name.
    pub(crate) fn place(self, tag: &str, name: &str, index: usize, changes: &Changes) {
        self.change(|history| {
            let next = placing::with_changes(history.present(), index, changes);
            history.edit(tag, name, next);
        });
    }

    /// A workflow without its edits, tracked: as built in, or as stored.
    pub(crate) fn original(self, id: &str) -> Option<Value> {
        builtin::find(id)
            .map(|builtin| builtin.document())
            .or_else(|| self.stored.with(|stored| stored.get(id).cloned()))
    }

    /// Whether a workflow was edited, tracked.
    pub(crate) fn is_edited(self, id: &str) -> bool {
        self.original(id).is_some_and(|original| {
            self.documents.with(|documents| documents.get(id).is_some_and(|history| *history.present() != original))
        })
    }

    /// A sentence about a workflow with its edits, tracked: its own description, or, once that may no longer be true,
    /// one made from its parameters.
    pub(crate) fn description_of(self, id: &str) -> String {
        let edited = self.is_edited(id);
        self.documents.with(|documents| {
            let document = documents.get(id).map_or(&Value::Null, History::present);
            if edited { document::describe(document) } else { document::description(document).to_owned() }
        })
    }

    /// Undoes all edits to the chosen workflow, as one step.
    pub(crate) fn reset(self) {
        let Some(original) = untrack(|| self.original(&self.choice.get())) else { return };
        self.edit_whole("Reset", original);
    }

    /// Lists the columns that the table has in the chosen workflow, as one step, so that they can be connected.
    pub(crate) fn note_columns(self, columns: &[Column]) {
        if let Some(listed) = editing::with_columns(&self.document_now(), columns) {
            self.edit_whole("Columns of the table", listed);
        }
    }

    /// Replaces the chosen workflow, as one step with a name.
    pub(crate) fn edit_whole(self, name: &str, document: Value) {
        self.change(|history| history.replace(name, document));
    }

    /// Opens a document as the user's own workflow, as one step with a name.
    pub(crate) fn open_as_own(self, name: &str, document: Value) {
        self.choose(OWN);
        self.edit_whole(name, document);
    }

    /// The step whose pictures the preview shows instead of the results, tracked.
    pub(crate) fn looked_at(self) -> Option<String> {
        let id = self.looks_at.get()?;
        self.with_document(|document| document::index_of(document, &id)).map(|_| id)
    }

    /// Shows a step's pictures in the preview, or the results.
    pub(crate) fn look_at(self, action_id: Option<String>) {
        self.looks_at.set(action_id);
    }

    /// Chooses the workflow of a batch with the settings that it ran with, and shows it.
    pub(crate) fn take_settings(self, workflow: &Value) {
        let document = document::without_primary_images(workflow);
        let id = document::workflow_id(&document);
        if id != OWN && self.knows(&id) {
            self.choose(&id);
            self.edit_whole("Settings of a batch", document);
        } else {
            self.set_own_text(serde_json::to_string_pretty(&document).unwrap_or_default());
        }
        self.route.go(&Route::New);
    }

    /// Undoes the last edit.
    pub(crate) fn undo(self) {
        self.change(|history| {
            history.undo();
        });
    }

    /// Redoes the last undone edit.
    pub(crate) fn redo(self) {
        self.change(|history| {
            history.redo();
        });
    }

    /// What can be undone and redone, tracked.
    pub(crate) fn undo_redo(self) -> (Option<String>, Option<String>) {
        let own = |name: Option<&str>| name.map(str::to_owned);
        self.with_history(|history| history.map_or((None, None), |known| (own(known.undone()), own(known.redone()))))
    }

    /// The diagnostics of the document; pictures are not expected yet.
    pub(crate) fn diagnostics(self) -> Memo<Vec<Diagnostic>> {
        self.diagnostics
    }

    /// What the example of the file name at an `output` action is made of: the first picture, or one that there might be.
    pub(crate) fn name_sample(self, index: usize) -> NameSample {
        let first = self.with_pictures(PRIMARY, |entries| entries.first().cloned());
        let header = first.as_ref().and_then(|entry| entry.header.as_ref());
        let format = header.and_then(HeaderCheck::format).unwrap_or(Format::Jpeg);
        let extension = self.with_document(|document| document::written_extension(document, index, format));
        match first {
            Some(entry) => NameSample {
                name: split_image_extension(&entry.name).0.to_owned(),
                folder: folder(entry.path.as_deref().unwrap_or_default()).to_owned(),
                extension,
            },
            None => NameSample { name: "harbour-morning".to_owned(), folder: "summer".to_owned(), extension },
        }
    }

    /// The document as indented JSON.
    pub(crate) fn json(self) -> String {
        untrack(|| self.with_document(|document| serde_json::to_string_pretty(document).unwrap_or_default()))
    }

    /// The text of the user's own workflow, tracked.
    pub(crate) fn own_text(self) -> String {
        self.own_text.get()
    }

    /// Why that text is not valid JSON, tracked.
    pub(crate) fn own_error(self) -> Option<String> {
        self.own_error.get()
    }

    /// Updates the text of the user's own workflow as it is typed, pasted or read from a file.
    pub(crate) fn set_own_text(self, text: String) {
        self.choose(OWN);
        self.take_own_text(text);
    }

    fn take_own_text(self, text: String) {
        let parsed = serde_json::from_str::<Value>(&text);
        self.own_error.set(match &parsed {
            Err(error) if !text.trim().is_empty() => Some(format!("This is not valid JSON: {error}.")),
            _ => None,
        });
        let document = parsed.unwrap_or(Value::Null);
        self.documents.update(|documents| {
            if let Some(history) = documents.get_mut(OWN) {
                history.edit("text", "JSON", document);
            }
        });
        self.own_text.set(text);
    }

    /// Copies the chosen workflow to the user's own, to edit its JSON.
    pub(crate) fn edit_as_json(self) {
        self.set_own_text(self.json());
    }
}

/// The run.
impl Draft {
    /// The options, tracked.
    pub(crate) fn options(self) -> Options {
        self.options.get()
    }

    /// Changes the options and stores them for next time.
    pub(crate) fn set_options(self, change: impl FnOnce(&mut Options)) {
        self.options.update(change);
        if let Ok(text) = serde_json::to_string(&self.options.get_untracked()) {
            kept::write(self.stage, kept::Key::Options, &text);
        }
    }

    /// Whether a batch is being started, tracked.
    pub(crate) fn starting(self) -> bool {
        self.start.get() != Start::Ready
    }

    /// The view of the draft is shown, so it may start a batch again.
    pub(crate) fn shown(self) {
        if self.start.get_untracked() == Start::Started {
            self.start.set(Start::Ready);
        }
    }

    /// The files that the chosen workflow may need besides pictures, by kind and name, tracked.
    pub(crate) fn user_files(self) -> Vec<(FileKind, String)> {
        self.with_document(document::user_files)
    }

    /// What keeps the batch from running, in words.
    pub(crate) fn obstacle(self) -> Memo<Option<String>> {
        Memo::new(move |_| self.find_obstacle())
    }

    fn find_obstacle(self) -> Option<String> {
        if self.importing.with(Option::is_some) {
            return Some("Reading the pictures…".to_owned());
        }
        if self.own_error.with(Option::is_some) && self.choice.with(|choice| choice == OWN) {
            return Some("The workflow is not valid JSON.".to_owned());
        }
        if self.with_document(Value::is_null) {
            return Some("Choose a workflow first.".to_owned());
        }
        let errors = self
            .diagnostics
            .with(|found| found.iter().filter(|diagnostic| matches!(diagnostic.severity, Severity::Error)).count());
        if errors > 0 {
            return Some(format!("Fix {} in the settings.", format::plural(errors as u64, "problem", "problems")));
        }
        if let Some((kind, name)) = self.user_files().iter().find(|(kind, name)| self.user_files.lacks(*kind, name)) {
            return Some(format!("The {} “{name}” is not in this browser: add it, or choose another.", kind.noun()));
        }
        if self.options.with(Options::webhook) == Some(false) {
            return Some("The webhook under Options is not a valid URL.".to_owned());
        }
        let missing = self.inputs.with(|inputs| {
            inputs
                .iter()
                .find(|input| input.named == 0 && self.with_pictures(Self::key(input), <[Entry]>::is_empty))
                .map(|input| {
                    if input.primary && !input.is_file {
                        "pictures".to_owned()
                    } else {
                        input.title.to_ascii_lowercase()
                    }
                })
        });
        missing.map(|what| format!("Add {what} to run."))
    }

    /// Starts the batch and goes to its results.
    pub(crate) fn run(self) {
        if self.start.get_untracked() != Start::Ready {
            return;
        }
        match untrack(|| self.find_obstacle()) {
            Some(obstacle) => self.notices.info(obstacle, ""),
            None => {
                let started = self.launch();
                spawn_local(async move {
                    if let Err(problem) = started.await {
                        self.notices.failed(problem.text, problem.hint);
                    }
                });
            }
        }
    }

    /// Starts the batch, goes to its results, and returns its id.
    ///
    /// # Errors
    /// What keeps it from running, or why the service refused it.
    pub(crate) async fn start(self) -> Result<String, UiError> {
        if self.start.get_untracked() != Start::Ready {
            return Err(UiError::new("A batch is being started.", "Try again once it has started."));
        }
        match untrack(|| self.find_obstacle()) {
            Some(obstacle) => Err(UiError::new(obstacle, "")),
            None => self.launch().await,
        }
    }

    /// Requests the batch at once; the future is what comes of it.
    fn launch(self) -> impl Future<Output = Result<String, UiError>> {
        self.start.set(Start::Starting);
        let (request, content) = (untrack(|| self.request()), self.content());
        let embedding = self.stage.embedding();
        if let Some(embedding) = embedding {
            embedding.note_start();
        }
        async move {
            let started = self.services.execute(request).await;
            if let Some(embedding) = embedding {
                embedding.note_started(started.as_deref().ok());
            }
            match &started {
                Ok(batch_id) => {
                    self.note_run(content);
                    self.saving.note_start(batch_id);
                    self.start.set(Start::Started);
                    if embedding.is_some_and(|embedding| untrack(|| embedding.layout()) != Layout::Full) {
                        // The view of the draft may never be shown; the next pictures are another batch.
                        self.clear(PRIMARY);
                        self.start.set(Start::Ready);
                    }
                    self.route.go(&Route::Batch(batch_id.clone()));
                }
                Err(_) => self.start.set(Start::Ready),
            }
            started
        }
    }

    /// The workflow with one of the primary pictures, tracked.
    ///
    /// # Errors
    /// Why it cannot run, in words; what is wrong with the step `ignored` does not count.
    pub(crate) fn previewable(self, id: Option<u32>, ignored: Option<&str>) -> Result<Value, String> {
        let is_wrong = self.own_error.with(Option::is_some) && self.choice.with(|choice| choice == OWN);
        let counts = |one: &Diagnostic| {
            matches!(one.severity, Severity::Error) && (ignored.is_none() || one.action_id.as_deref() != ignored)
        };
        let errors = self.diagnostics.with(|found| found.iter().any(counts));
        if is_wrong || errors || self.with_document(Value::is_null) {
            return Err("The preview comes back once the workflow has no errors.".to_owned());
        }
        let missing = self.inputs.with(|inputs| {
            inputs
                .iter()
                .find(|input| {
                    !input.primary && input.named == 0 && self.with_pictures(&input.action_id, <[Entry]>::is_empty)
                })
                .map(|input| input.title.to_ascii_lowercase())
        });
        match missing {
            Some(what) => Err(format!("Add {what} to see the preview.")),
            // A step that is moved in the graph changes no picture.
            None => {
                Ok(places::without_positions(&self.workflow_with(|entry, primary| !primary || Some(entry.id) == id)))
            }
        }
    }

    /// The document for a preview of one of the primary pictures, tracked: up to the step that is looked at, or with the
    /// picture that something is moved on.
    ///
    /// # Errors
    /// Why it cannot run, in words.
    pub(crate) fn preview_request(self, id: Option<u32>, moves: Option<(String, Placed)>) -> Result<Value, String> {
        // A picture before a step can be shown whatever is wrong with the step.
        let ignored = moves.as_ref().filter(|(_, placed)| placed.handle.is_on_input()).map(|(step, _)| step.as_str());
        let workflow = self.previewable(id, ignored)?;
        let moved_on = moves.as_ref().and_then(|(step, placed)| placing::view_of(&workflow, step, placed));
        let looked_at = || self.looked_at().and_then(|step| editing::up_to(&workflow, &step));
        let shown = moved_on.or_else(looked_at).unwrap_or(workflow);
        let gathers =
            |node: &document::Node| actions::find(&node.action_type).is_some_and(|action| action.role == Role::Gather);
        Ok(if document::nodes(&shown).iter().any(gathers) { self.with_those_behind(id, &shown) } else { shown })
    }

    /// A document with one of the primary pictures and some of those behind it, for a step that gathers pictures.
    fn with_those_behind(self, id: Option<u32>, document: &Value) -> Value {
        let primary = self.inputs.with(|inputs| inputs.iter().find(|input| input.primary).cloned());
        let Some(input) = primary else { return document.clone() };
        let images: Vec<Value> = self.with_pictures(Self::key(&input), |entries| {
            let behind = entries.iter().skip_while(|entry| Some(entry.id) != id);
            behind.filter(|entry| entry.problem().is_none()).take(GATHERED).map(image).collect()
        });
        if images.is_empty() { document.clone() } else { document::with_images(document, &input.action_id, images) }
    }

    /// The chosen workflow with these of the picked pictures.
    fn workflow_with(self, takes: impl Fn(&Entry, bool) -> bool) -> Value {
        let mut workflow = self.with_document(Value::clone);
        // The rows of a table name their pictures, so all of them have to be there.
        let has_table = self.has_table();
        for input in self.inputs.get() {
            let images: Vec<Value> = self.with_pictures(Self::key(&input), |entries| {
                let taken = entries.iter().filter(|entry| takes(entry, input.primary));
                // A preview shows the row that names the first one.
                let others = entries.iter().filter(|entry| has_table && !takes(entry, input.primary));
                taken.chain(others).map(image).collect()
            });
            if !images.is_empty() {
                workflow = document::with_images(&workflow, &input.action_id, images);
            }
        }
        workflow
    }

    /// The chosen workflow with one of the primary pictures.
    pub(crate) fn workflow_of(self, id: u32) -> Value {
        untrack(|| self.workflow_with(|entry, primary| !primary || entry.id == id))
    }

    /// The chosen workflow, as it is now.
    pub(crate) fn document_now(self) -> Value {
        untrack(|| self.with_document(Value::clone))
    }

    /// How many pictures may run at the same time.
    pub(crate) fn concurrency(self) -> u32 {
        let of_element = self.stage.embedding().and_then(Embedding::concurrency);
        of_element.unwrap_or_else(|| self.options.with(|options| options.concurrency_limit))
    }

    fn request(self) -> Value {
        let workflow = self.workflow_with(|_, _| true);
        let options = self.options.get();
        json!({
            "workflowId": document::workflow_id(&workflow),
            "workflow": workflow,
            "batchConfig": {
                "concurrencyLimit": self.concurrency(),
                "priority": options.priority,
                "continueOnError": options.continue_on_error,
                "webhookUrl": options.webhook_url.trim(),
            },
            "skipUnchanged": options.skip_unchanged,
        })
    }
}

/// Most pictures that a preview gathers.
const GATHERED: usize = 12;

/// A picture as an entry of an `input-images` action.
fn image(entry: &Entry) -> Value {
    let mut image = json!({
        "name": entry.name,
        "sourceUrl": entry.source_url,
        "storageType": "local",
    });
    if let Some(path) = &entry.path {
        image["path"] = json!(path);
    }
    image
}
