//! Exporting everything that one browser stores as one archive, and importing it: a ZIP with a manifest, records as
//! JSON, and contents by their SHA-256. It works with any store; the environment reads and hashes contents.
//!
//! ```text
//! manifest.json            { format, version, engineVersion, createdAt }
//! assets.json              [{ assetId, name, mimeType, bytes }]: the contents
//! batches/<batchId>.json   { batch, progress, executions }
//! workflows/<number>.json  a workflow that the user keeps, with its versions
//! models.json              [{ kind, name, assetId, bytes, createdAt }]: models that the user has added
//! files.json               the same for fonts and lookup tables, which older readers do not know
//! blobs/<sha-256>          a content, stored uncompressed
//! ```
//!
//! Choices that apply to one browser only, such as permissions in the settings, are excluded.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::batch::records::{Batch, Execution, Millis, Progress, Subset};
use crate::batch::transitions;
use crate::compact::{SortedMap, SortedSet};
use crate::engine;
use crate::export::unzip::{self, Listed, Packing};
use crate::export::zip::{Entry, Moment, structure};
use crate::library::KeptWorkflow;
use crate::number;
use crate::store::{AssetStore, BatchStore, LibraryStore, NewAsset, StoreError, UserFile, WorkflowChange};
use crate::user_file::FileKind;

pub mod pictures;

/// The path of every manifest.
const MANIFEST: &str = "manifest.json";
/// The `format` of every manifest.
pub const FORMAT: &str = "pixelmill-archive";
/// Version of the format. A reader accepts this one and older ones. Before 2, a batch's progress had sets of its failed
/// and doubtful executions, which readers of that version need.
pub const VERSION: u32 = 2;

/// Executions read at once.
const PORTION: u32 = 500;
/// Limits of one transaction that stores contents: how many, and how many bytes.
const PORTION_FILES: usize = 64;
const PORTION_BYTES: u64 = 64 << 20;
/// Largest record file that is read, so that a corrupt archive cannot exhaust memory.
const MAX_RECORDS: u64 = 512 << 20;
/// Largest content that is read.
const MAX_CONTENT: u64 = 1 << 30;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    format: String,
    version: u32,
    engine_version: String,
    created_at: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AssetEntry {
    asset_id: String,
    name: String,
    mime_type: String,
    bytes: u64,
}

#[derive(Serialize, Deserialize)]
struct BatchFile {
    batch: Batch,
    progress: Progress,
    executions: Vec<Execution>,
}

impl BatchFile {
    fn references(&self) -> SortedSet<String> {
        let held = self.executions.iter().flat_map(Execution::references).map(str::to_owned);
        self.batch.references.iter().cloned().chain(held).collect()
    }
}

/// What reading and writing need in addition to the store.
#[allow(async_fn_in_trait, reason = "one thread: futures need not be Send")]
pub trait Surroundings<C> {
    /// The bytes of a stored content.
    ///
    /// # Errors
    /// Why it cannot be read.
    async fn bytes(&self, content: &C) -> Result<Vec<u8>, String>;
    /// Makes a content from bytes.
    ///
    /// # Errors
    /// When there is not enough memory.
    fn content(&self, bytes: &[u8], mime_type: &str) -> Result<C, String>;
    /// SHA-256 in hex.
    async fn sha256(&self, bytes: &[u8]) -> String;
}

/// An archive that can be read in parts.
#[allow(async_fn_in_trait, reason = "one thread: futures need not be Send")]
pub trait Source {
    /// Its length.
    fn size(&self) -> u64;
    /// Its bytes from `from` up to `to`, both within the archive.
    ///
    /// # Errors
    /// Why they cannot be read.
    async fn read(&self, from: u64, to: u64) -> Result<Vec<u8>, String>;
}

/// A part of an archive that is being written.
#[derive(Clone, Debug)]
pub enum Part<C> {
    /// Structure and records.
    Bytes(Vec<u8>),
    /// A stored content.
    Content(C),
}

/// Exports everything as the parts of an archive, in order. Damaged content is left out; a result that refers to it can
/// be regenerated after the import.
///
/// # Errors
/// When the store cannot be read.
pub async fn export<S: AssetStore + BatchStore + LibraryStore>(
    store: &S,
    around: &impl Surroundings<S::Content>,
    created_at: String,
    now: Moment,
) -> Result<Vec<Part<S::Content>>, StoreError> {
    let mut files = Files { entries: Vec::new(), parts: Vec::new(), now };
    let manifest = Manifest {
        format: FORMAT.to_owned(),
        version: VERSION,
        engine_version: engine::VERSION.to_owned(),
        created_at,
    };
    files.add_records(MANIFEST, &manifest)?;
    let mut needed = SortedSet::new();
    for progress in store.all_progress().await? {
        // Deleted meanwhile.
        let Some(batch) = store.batch(&progress.batch_id).await? else { continue };
        let mut executions = Vec::new();
        while (executions.len() as u32) < progress.assets.total {
            let page = store.executions(&progress.batch_id, Subset::All, executions.len() as u32, PORTION).await?;
            if page.executions.is_empty() {
                break;
            }
            executions.extend(page.executions);
        }
        let file = BatchFile { batch, progress, executions };
        needed.extend(file.references());
        files.add_records(&format!("batches/{}.json", file.progress.batch_id), &file)?;
    }
    for (number, workflow) in store.workflows().await?.into_iter().enumerate() {
        needed.extend(workflow.references.iter().cloned());
        files.add_records(&format!("workflows/{number}.json"), &workflow)?;
    }
    let user_files = store.user_files().await?;
    needed.extend(user_files.iter().map(|file| file.asset_id.clone()));
    let (models, others): (Vec<_>, Vec<_>) = user_files.into_iter().partition(|file| file.kind == FileKind::Model);
    files.add_records("models.json", &models)?;
    files.add_records("files.json", &others)?;
    let mut assets = Vec::new();
    for asset_id in needed {
        let (Some(record), Some(content)) = (store.asset(&asset_id).await?, store.content(&asset_id).await?) else {
            continue;
        };
        let Ok(bytes) = around.bytes(&content).await else { continue };
        if around.sha256(&bytes).await != asset_id {
            continue;
        }
        files.add(format!("blobs/{asset_id}"), &bytes, Part::Content(content));
        assets.push(AssetEntry { asset_id, name: record.name, mime_type: record.mime_type, bytes: record.bytes });
    }
    files.add_records("assets.json", &assets)?;
    Ok(files.finish())
}

/// The files of an archive that is being written.
struct Files<C> {
    entries: Vec<Entry>,
    parts: Vec<Part<C>>,
    now: Moment,
}

impl<C> Files<C> {
    fn add(&mut self, path: String, bytes: &[u8], part: Part<C>) {
        let (size, crc32) = (bytes.len() as u64, crc32fast::hash(bytes));
        self.entries.push(Entry { path, size, crc32, modified: self.now });
        self.parts.push(part);
    }

    fn add_records(&mut self, path: &str, records: &impl Serialize) -> Result<(), StoreError> {
        let bytes = serde_json::to_vec(records).map_err(|error| StoreError::Failed(error.to_string()))?;
        let size = bytes.len() as u64;
        self.entries.push(Entry { path: path.to_owned(), size, crc32: crc32fast::hash(&bytes), modified: self.now });
        self.parts.push(Part::Bytes(bytes));
        Ok(())
    }

    fn finish(self) -> Vec<Part<C>> {
        let structure = structure(&self.entries);
        let mut parts: Vec<_> = (structure.headers.into_iter().zip(self.parts))
            .flat_map(|(header, part)| [Part::Bytes(header), part])
            .collect();
        parts.push(Part::Bytes(structure.directory));
        parts
    }
}

/// A part of an archive that could not be imported as is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchiveProblem {
    /// Its path in the archive.
    pub entry: String,
    /// What is wrong with it, and what was done.
    pub message: String,
}

/// What was imported from an archive.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportSummary {
    /// How many batches.
    pub batches: u32,
    /// How many workflows.
    pub workflows: u32,
    /// How many models.
    pub models: u32,
    /// How many fonts and lookup tables.
    #[serde(default)]
    pub files: u32,
    /// How many files that were not stored yet.
    pub assets: u32,
    /// How many batches, workflows, models and other files already existed and were left unchanged.
    pub skipped: u32,
    /// Parts that could not be imported as they are.
    pub problems: Vec<ArchiveProblem>,
}

/// Imports whatever an archive contains and the store does not have. Damaged parts are left out and reported.
///
/// # Errors
/// A sentence, when this is not a Pixelmill archive or it is from a newer version.
pub async fn import<S: AssetStore + BatchStore + LibraryStore>(
    store: &S,
    around: &impl Surroundings<S::Content>,
    archive: &impl Source,
    now: Millis,
) -> Result<ImportSummary, String> {
    let entries = list(archive).await?;
    let manifest: Manifest = match entries.get(MANIFEST) {
        Some(entry) => {
            records(archive, entry).await.map_err(|why| format!("The archive's manifest is damaged: {why}."))?
        }
        None => return Err("This ZIP is not a Pixelmill archive: it has no manifest.".to_owned()),
    };
    if manifest.format != FORMAT {
        return Err("This ZIP is not a Pixelmill archive: its manifest belongs to something else.".to_owned());
    }
    if manifest.version > VERSION {
        return Err(format!(
            "The archive has version {}, but this page only reads versions up to {VERSION}. Use a newer page.",
            manifest.version
        ));
    }
    let mut import = ArchiveImport {
        store,
        around,
        archive,
        now,
        entries,
        names: SortedMap::new(),
        summary: ImportSummary::default(),
    };
    if let Some(assets) = import.records::<Vec<AssetEntry>>("assets.json").await {
        import.names.extend(assets.into_iter().map(|asset| (asset.asset_id.clone(), asset)));
    }
    let paths: Vec<String> = import.entries.keys().cloned().collect();
    for path in paths {
        let imported = if path.starts_with("batches/") {
            import.batch(&path).await
        } else if path.starts_with("workflows/") {
            import.workflow(&path).await
        } else if path == "models.json" || path == "files.json" {
            import.user_files(&path).await
        } else {
            Ok(())
        };
        if let Err(error) = imported {
            import.problem(&path, format!("it was not imported: {error}"));
            // The next ones would fail the same way.
            break;
        }
    }
    Ok(import.summary)
}

/// The entries of an archive by their paths.
async fn list(archive: &impl Source) -> Result<SortedMap<String, Listed>, String> {
    let size = archive.size();
    let tail = archive.read(size.saturating_sub(unzip::TAIL), size).await?;
    let place = unzip::directory(&tail, size)?;
    let bytes = archive.read(place.offset, place.offset + place.length).await?;
    Ok(unzip::entries(&bytes, place)?.into_iter().map(|entry| (entry.path.clone(), entry)).collect())
}

/// The content of an entry.
async fn content(archive: &impl Source, entry: &Listed, most: u64) -> Result<Vec<u8>, String> {
    if entry.packing != Packing::Stored {
        return Err("it is compressed: the archive was repacked by another program".to_owned());
    }
    if entry.size > most {
        return Err("it is too large".to_owned());
    }
    let within = |to: u64| if to <= archive.size() { Ok(to) } else { Err("it ends beyond the archive".to_owned()) };
    let header_end = within(entry.offset.saturating_add(unzip::LOCAL_HEADER))?;
    let from = unzip::content_offset(&archive.read(entry.offset, header_end).await?, entry)?;
    let to = within(from.saturating_add(entry.size))?;
    archive.read(from, to).await
}

/// The records of an entry.
async fn records<T: DeserializeOwned>(archive: &impl Source, entry: &Listed) -> Result<T, String> {
    let bytes = content(archive, entry, MAX_RECORDS).await?;
    if crc32fast::hash(&bytes) != entry.crc32 {
        return Err("its checksum differs".to_owned());
    }
    let mut records: Value = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
    number::round(&mut records);
    serde_json::from_value(records).map_err(|error| error.to_string())
}

/// An archive that is being imported.
struct ArchiveImport<'a, S, A, R> {
    store: &'a S,
    around: &'a A,
    archive: &'a R,
    now: Millis,
    entries: SortedMap<String, Listed>,
    /// What the archive says about its contents.
    names: SortedMap<String, AssetEntry>,
    summary: ImportSummary,
}

impl<S: AssetStore + BatchStore + LibraryStore, A: Surroundings<S::Content>, R: Source> ArchiveImport<'_, S, A, R> {
    fn problem(&mut self, entry: &str, message: impl Into<String>) {
        self.summary.problems.push(ArchiveProblem { entry: entry.to_owned(), message: message.into() });
    }

    /// The records of an entry; reports a problem if they cannot be read.
    async fn records<T: DeserializeOwned>(&mut self, path: &str) -> Option<T> {
        let read = match self.entries.get(path) {
            Some(entry) => records(self.archive, entry).await,
            None => Err("it is missing".to_owned()),
        };
        match read {
            Ok(records) => Some(records),
            Err(why) => {
                self.problem(path, format!("{why}; it was left out."));
                None
            }
        }
    }

    /// Stores the missing contents, in portions; returns which ones are stored afterwards.
    async fn contents(&mut self, wanted: SortedSet<String>) -> Result<SortedSet<String>, StoreError> {
        let mut there = SortedSet::new();
        let (mut portion, mut bytes) = (Vec::new(), 0);
        for asset_id in wanted {
            if self.store.asset(&asset_id).await?.is_some_and(|asset| !asset.damaged) {
                there.insert(asset_id);
                continue;
            }
            let path = format!("blobs/{asset_id}");
            match self.asset(&path, &asset_id).await {
                Some(Ok(asset)) => {
                    bytes += asset.bytes;
                    portion.push(asset);
                    there.insert(asset_id);
                }
                Some(Err(why)) => self.problem(&path, format!("{why}; it was left out.")),
                // Already missing in the other browser; whatever refers to it is reported.
                None => {}
            }
            if portion.len() >= PORTION_FILES || bytes >= PORTION_BYTES {
                self.store(std::mem::take(&mut portion)).await?;
                bytes = 0;
            }
        }
        self.store(portion).await?;
        Ok(there)
    }

    async fn store(&mut self, portion: Vec<NewAsset<S::Content>>) -> Result<(), StoreError> {
        let count = portion.len() as u32;
        if count > 0 {
            self.store.take_assets(portion, self.now).await?;
            self.summary.assets += count;
        }
        Ok(())
    }

    /// A content of the archive, checked; `None` if the archive does not contain it.
    async fn asset(&self, path: &str, asset_id: &str) -> Option<Result<NewAsset<S::Content>, String>> {
        let entry = self.entries.get(path)?;
        let bytes = match content(self.archive, entry, MAX_CONTENT).await {
            Ok(bytes) if self.around.sha256(&bytes).await == asset_id => bytes,
            Ok(_) => return Some(Err("its checksum differs".to_owned())),
            Err(why) => return Some(Err(why)),
        };
        let (name, mime_type) = match self.names.get(asset_id) {
            Some(asset) => (asset.name.clone(), asset.mime_type.clone()),
            None => Default::default(),
        };
        Some(self.around.content(&bytes, &mime_type).map(|content| NewAsset {
            asset_id: asset_id.to_owned(),
            name,
            mime_type,
            bytes: bytes.len() as u64,
            checksum: None,
            content,
        }))
    }

    async fn batch(&mut self, path: &str) -> Result<(), StoreError> {
        let Some(mut file) = self.records::<BatchFile>(path).await else { return Ok(()) };
        if self.store.progress(&file.progress.batch_id).await?.is_some() {
            self.summary.skipped += 1;
            return Ok(());
        }
        let there = self.contents(file.references()).await?;
        let fits = file.batch.batch_id == file.progress.batch_id;
        let adopted = if fits {
            transitions::adopt(&mut file.progress, &mut file.executions, &there, self.now)
        } else {
            Err("its records belong to different batches".to_owned())
        };
        match adopted {
            Ok(()) => {
                self.store.create_batch(file.batch, file.progress, file.executions).await?;
                self.summary.batches += 1;
            }
            Err(why) => self.problem(path, format!("{why}; it was left out.")),
        }
        Ok(())
    }

    async fn workflow(&mut self, path: &str) -> Result<(), StoreError> {
        let Some(workflow) = self.records::<KeptWorkflow>(path).await else { return Ok(()) };
        let workflow_id = workflow.workflow_id.clone();
        if self.store.workflow(&workflow_id).await?.is_some() {
            self.summary.skipped += 1;
            return Ok(());
        }
        self.contents(workflow.references.clone()).await?;
        let keep =
            move |before: Option<KeptWorkflow>| before.is_none().then_some((WorkflowChange::Stored(workflow), ()));
        match self.store.change_workflow(&workflow_id, keep).await? {
            Some(()) => self.summary.workflows += 1,
            None => self.summary.skipped += 1,
        }
        Ok(())
    }

    async fn user_files(&mut self, path: &str) -> Result<(), StoreError> {
        let files = self.records::<Vec<UserFile>>(path).await.unwrap_or_default();
        let here = self.store.user_files().await?;
        for file in files {
            if here.iter().any(|one| one.kind == file.kind && one.name == file.name) {
                self.summary.skipped += 1;
                continue;
            }
            let there = self.contents(SortedSet::from([file.asset_id.clone()])).await?;
            let (kind, name) = (file.kind, file.name.clone());
            if there.is_empty() || !self.store.add_user_file(file).await? {
                let noun = kind.noun();
                self.problem(path, format!("the file of the {noun} \"{name}\" is missing; it was left out."));
            } else if kind == FileKind::Model {
                self.summary.models += 1;
            } else {
                self.summary.files += 1;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::batch::records::{
        BatchStatus, Config, ExecutionState, ExecutionStatus, InputAsset, InputRef, OutputFile, PauseReason,
    };
    use crate::batch::transitions::{Findings, Results};
    use crate::error::Warning;
    use crate::library::sha256;
    use crate::store::{Durability, MemoryStore, Which};

    struct Native;

    impl Surroundings<Arc<[u8]>> for Native {
        async fn bytes(&self, content: &Arc<[u8]>) -> Result<Vec<u8>, String> {
            Ok(content.to_vec())
        }
        fn content(&self, bytes: &[u8], _: &str) -> Result<Arc<[u8]>, String> {
            Ok(bytes.into())
        }
        async fn sha256(&self, bytes: &[u8]) -> String {
            sha256(std::str::from_utf8(bytes).unwrap_or_default())
        }
    }

    impl Source for Vec<u8> {
        fn size(&self) -> u64 {
            self.len() as u64
        }
        async fn read(&self, from: u64, to: u64) -> Result<Vec<u8>, String> {
            Ok(self[from as usize..to as usize].to_vec())
        }
    }

    fn run<T>(future: impl Future<Output = T>) -> T {
        pollster::block_on(future)
    }

    fn file(text: &str) -> NewAsset<Arc<[u8]>> {
        NewAsset {
            asset_id: sha256(text),
            name: format!("{text}.jpg"),
            mime_type: "image/jpeg".into(),
            bytes: text.len() as u64,
            checksum: None,
            content: text.as_bytes().into(),
        }
    }

    fn output(text: &str) -> OutputFile {
        OutputFile {
            action_id: "save".into(),
            port: "outputs".into(),
            name: format!("{text}.jpg"),
            mime_type: "image/jpeg".into(),
            width: 4,
            height: 3,
            bytes: text.len() as u64,
            sha256: sha256(text),
            encoder: "e".into(),
            url: format!("asset:{}", sha256(text)),
            modules: SortedMap::new(),
        }
    }

    /// A store with a batch of four pictures: two done, one in flight, one waiting; a workflow with a logo; a model and a
    /// lookup table.
    fn filled() -> MemoryStore {
        let store = MemoryStore::default();
        let pictures = ["a", "b", "c", "d"];
        let files = pictures.iter().chain(&["logo", "network", "colours"]).map(|text| file(text)).collect();
        run(store.put_assets(files, 1.0)).expect("stored");
        let inputs = (0..).zip(pictures).map(|(index, text)| InputAsset {
            index,
            asset_id: Some(sha256(text)),
            inputs: vec![InputRef {
                action_id: "photos".into(),
                name: format!("{text}.jpg"),
                source_url: format!("asset:{}", sha256(text)),
                path: None,
                replaced: false,
                column: None,
            }],
            gathered: None,
            row: None,
        });
        let config = Config { webhook_url: Some("https://hooks.example/".into()), ..Config::default() };
        let (progress, executions) = transitions::accept("batch-1", "w", "W", config, inputs, 2.0);
        let references = pictures.iter().map(sha256).collect();
        let batch = Batch {
            batch_id: "batch-1".into(),
            workflow: json!({ "actions": [] }),
            references,
            engine_version: "1".into(),
            run: crate::actions::RunFacts::default(),
        };
        run(store.create_batch(batch, progress, executions)).expect("created");
        for index in 0..3_u32 {
            let start = |progress: &mut Progress, executions: &mut Vec<Execution>| {
                transitions::hand_out(progress, executions.first_mut()?, false, 3.0)
            };
            let which = Which::At(vec![index]);
            let attempt = run(store.change("batch-1", which.clone(), Vec::new(), Durability::Strict, start));
            let attempt = attempt.expect("written").expect("pending");
            if index == 2 {
                break;
            }
            let made = format!("made {index}");
            let results = Results { outputs: vec![output(&made)], crc32: vec![7], ..Results::default() };
            let findings = Findings { input_thumbnail: Some(sha256("thumb")), ..Findings::default() };
            let end = move |progress: &mut Progress, executions: &mut Vec<Execution>| {
                transitions::succeed(progress, executions.first_mut()?, attempt, results, findings, 4.0)
            };
            let files = vec![file(&made), file("thumb")];
            run(store.change("batch-1", which, files, Durability::Strict, end)).expect("written").expect("running");
        }
        let mut workflow = KeptWorkflow::new("mine", json!({ "actions": [] }), 5.0);
        workflow.references.insert(sha256("logo"));
        run(store.change_workflow("mine", |_| Some((WorkflowChange::Stored(workflow), ())))).expect("stored");
        for (kind, name, content) in [(FileKind::Model, "net", "network"), (FileKind::Lut, "film", "colours")] {
            let file =
                UserFile { kind, name: name.into(), asset_id: sha256(content), bytes: 7, created_at: 6.0, spec: None };
            assert!(run(store.add_user_file(file)).expect("stored"));
        }
        store
    }

    fn archive_of(store: &MemoryStore) -> Vec<u8> {
        let parts = run(export(store, &Native, "2026-01-31T12:00:00.000Z".into(), Moment::default())).expect("written");
        parts
            .into_iter()
            .flat_map(|part| match part {
                Part::Bytes(bytes) => bytes,
                Part::Content(content) => content.to_vec(),
            })
            .collect()
    }

    fn take(store: &MemoryStore, archive: &Vec<u8>) -> Result<ImportSummary, String> {
        run(import(store, &Native, archive, 100.0))
    }

    /// The position of a text in an archive.
    fn find(archive: &[u8], text: &str) -> usize {
        archive.windows(text.len()).position(|window| window == text.as_bytes()).expect("it is there")
    }

    fn executions(store: &MemoryStore) -> Vec<Execution> {
        run(store.executions("batch-1", Subset::All, 0, 100)).expect("read").executions
    }

    #[test]
    fn everything_is_restored_and_running_batches_are_paused() {
        let store = filled();
        let archive = archive_of(&store);
        let other = MemoryStore::default();
        let summary = take(&other, &archive).expect("imported");
        let expected =
            ImportSummary { batches: 1, workflows: 1, models: 1, files: 1, assets: 10, ..ImportSummary::default() };
        assert_eq!(summary, expected);
        let before = executions(&store);
        let after = executions(&other);
        assert_eq!(after[..2], before[..2]);
        assert_eq!((after[2].status(), after[2].attempts), (ExecutionStatus::Pending, 1), "it was in flight");
        let progress = run(other.progress("batch-1")).expect("read").expect("there");
        assert_eq!(
            (progress.status, progress.paused.map(|pause| pause.reason)),
            (BatchStatus::Running, Some(PauseReason::User))
        );
        assert_eq!((progress.assets.completed, progress.assets.pending, progress.assets.processing), (2, 2, 0));
        assert_eq!(run(other.workflow("mine")), run(store.workflow("mine")));
        assert_eq!(run(other.user_files()), run(store.user_files()));
        for text in ["a", "made 0", "thumb", "logo", "network", "colours"] {
            let (here, there) = (run(store.asset(&sha256(text))), run(other.asset(&sha256(text))));
            let references = |asset: &Result<Option<crate::store::AssetRecord>, _>| {
                asset.clone().ok().flatten().map(|one| one.references)
            };
            assert_eq!(references(&here), references(&there), "{text}");
        }
        // A result belongs to its batch, as it did where it was made.
        run(other.delete_batch("batch-1")).expect("deleted");
        assert_eq!(run(other.asset(&sha256("made 0"))), Ok(None));
        assert!(run(other.asset(&sha256("logo"))).is_ok_and(|logo| logo.is_some()));
    }

    #[test]
    fn records_from_before_there_were_other_kinds_are_of_models() {
        let record = json!({ "name": "net", "assetId": "9f2c", "bytes": 7, "createdAt": 6.0 });
        assert_eq!(serde_json::from_value::<UserFile>(record).expect("read").kind, FileKind::Model);
    }

    #[test]
    fn importing_never_overwrites() {
        let store = filled();
        let archive = archive_of(&store);
        let before = (executions(&store), run(store.progress("batch-1")));
        let summary = take(&store, &archive).expect("imported");
        assert_eq!(summary, ImportSummary { skipped: 4, ..ImportSummary::default() });
        assert_eq!((executions(&store), run(store.progress("batch-1"))), before);
    }

    /// An archive as version 1 had it: sets of executions in a batch's progress, and no marks.
    fn of_version_1(archive: &Vec<u8>) -> Vec<u8> {
        let mut files: Files<Arc<[u8]>> = Files { entries: Vec::new(), parts: Vec::new(), now: Moment::default() };
        for (path, entry) in run(list(archive)).expect("an archive") {
            let bytes = run(content(archive, &entry, MAX_CONTENT)).expect("there");
            if path == MANIFEST || path.starts_with("batches/") {
                let mut records: Value = serde_json::from_slice(&bytes).expect("records");
                if let Some(progress) = records.get_mut("progress").and_then(Value::as_object_mut) {
                    progress.remove("doubtfulCount").expect("a count");
                    progress.insert("failed".to_owned(), json!([]));
                    progress.insert("doubtful".to_owned(), json!([1]));
                } else {
                    records["version"] = json!(1);
                }
                for execution in records.get_mut("executions").and_then(Value::as_array_mut).into_iter().flatten() {
                    execution.as_object_mut().expect("an object").remove("mark");
                }
                files.add_records(&path, &records).expect("written");
            } else {
                files.add(path, &bytes, Part::Content(bytes.as_slice().into()));
            }
        }
        let parts = files.finish().into_iter().flat_map(|part| match part {
            Part::Bytes(bytes) => bytes,
            Part::Content(content) => content.to_vec(),
        });
        parts.collect()
    }

    #[test]
    fn an_archive_of_an_older_version_is_imported_alike() {
        let store = filled();
        let doubt = |_: &mut Progress, executions: &mut Vec<Execution>| {
            let ExecutionState::Success(success) = &mut executions[0].state else { return None };
            success.results.warnings.push(Warning::new("no_clear_subject", "No subject.", "Crop."));
            Some(())
        };
        run(store.change("batch-1", Which::At(vec![1]), Vec::new(), Durability::Strict, doubt))
            .expect("written")
            .expect("a success");
        let archive = archive_of(&store);
        let stores = [of_version_1(&archive), archive].map(|archive| {
            let other = MemoryStore::default();
            assert_eq!(take(&other, &archive).expect("imported").problems, []);
            other
        });
        let [old, new] = stores.map(|store| (run(store.progress("batch-1")), executions(&store)));
        assert_eq!(old, new);
        assert_eq!(old.0.expect("read").expect("there").doubtful_count, 1);
    }

    #[test]
    fn damaged_content_is_reported_and_its_result_fails_so_that_a_retry_regenerates_it() {
        let mut archive = archive_of(&filled());
        // Records name it with an extension.
        let content = |window: &[u8]| window.starts_with(b"made 1") && window[6..] != *b".jpg";
        let at = archive.windows(10).position(content).expect("it is there");
        archive[at] = b'M';
        let other = MemoryStore::default();
        let summary = take(&other, &archive).expect("imported");
        assert_eq!((summary.batches, summary.assets, summary.problems.len()), (1, 9, 1));
        assert_eq!(summary.problems[0].entry, format!("blobs/{}", sha256("made 1")));
        let after = executions(&other);
        let states: Vec<_> = after.iter().map(|execution| execution.status()).collect();
        use ExecutionStatus::{Failed, Pending, Success};
        assert_eq!(states, [Success, Failed, Pending, Pending]);
        let progress = run(other.progress("batch-1")).expect("read").expect("there");
        assert_eq!((progress.assets.completed, progress.assets.failed), (1, 1));
    }

    #[test]
    fn a_damaged_record_is_reported_and_the_others_are_imported() {
        let mut archive = archive_of(&filled());
        let at = find(&archive, "\"batchId\":\"batch-1\"");
        archive[at + 2] = b'B';
        let other = MemoryStore::default();
        let summary = take(&other, &archive).expect("imported");
        assert_eq!((summary.batches, summary.workflows, summary.models, summary.assets), (0, 1, 1, 3));
        assert_eq!(summary.problems[0].entry, "batches/batch-1.json");
        assert!(summary.problems[0].message.starts_with("its checksum differs"), "{:?}", summary.problems);
    }

    #[test]
    fn a_file_that_is_not_an_archive_is_refused_with_a_reason() {
        let store = MemoryStore::default();
        let refused = |archive: Vec<u8>| take(&store, &archive).expect_err("refused");
        assert!(refused(Vec::new()).contains("not a ZIP archive"));
        assert!(refused(b"no archive".to_vec()).contains("not a ZIP archive"));
        let with = |manifest: Value| {
            let mut files: Files<Arc<[u8]>> = Files { entries: Vec::new(), parts: Vec::new(), now: Moment::default() };
            files.add_records(MANIFEST, &manifest).expect("written");
            let bytes = files.finish().into_iter().flat_map(|part| match part {
                Part::Bytes(bytes) => bytes,
                Part::Content(_) => Vec::new(),
            });
            bytes.collect::<Vec<u8>>()
        };
        let manifest = |format: &str, version: u32| json!({ "format": format, "version": version, "engineVersion": "1", "createdAt": "" });
        assert!(refused(with(manifest("other", 1))).contains("something else"));
        assert!(refused(with(manifest(FORMAT, VERSION + 1))).contains("newer page"));
        assert!(take(&store, &with(manifest(FORMAT, VERSION))).is_ok());
    }

    #[test]
    fn no_damaged_byte_and_no_cut_causes_a_panic_or_imports_wrong_content() {
        let archive = archive_of(&filled());
        for at in (0..archive.len()).step_by(7) {
            let mut damaged = archive.clone();
            damaged[at] ^= 0x55;
            let other = MemoryStore::default();
            let _refused_or_told = take(&other, &damaged);
            for text in ["a", "b", "made 0", "made 1", "logo"] {
                if let Some(content) = run(other.content(&sha256(text))).expect("read") {
                    assert_eq!(&*content, text.as_bytes(), "byte {at}");
                }
            }
            let _refused = take(&other, &archive[..at].to_vec());
        }
    }
}
