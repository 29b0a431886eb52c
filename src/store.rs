//! The storage ports, one for each concern, and an implementation in memory. The browser's implementation is in
//! `browser`.
//!
//! A method is one transaction. Bytes and the records that refer to them become durable together, and references are
//! counted in the transaction that adds or drops them.

pub mod conformance;
mod memory;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::batch::records::{Batch, BatchStatus, Execution, ExecutionStatus, Millis, Progress, Subset};
use crate::library::KeptWorkflow;
use crate::user_file::FileKind;

pub use memory::MemoryStore;

/// Why the store failed; displays as a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// No space: the browser's quota is used up.
    #[error("The browser's storage is full: {}.", .0.trim_end_matches('.'))]
    Quota(String),
    /// Another tab is upgrading or has upgraded the schema.
    #[error("The storage was upgraded by another tab. Reload the page to continue.")]
    Version,
    /// The browser closed the connection.
    #[error("The browser closed the storage. Reload the page to continue.")]
    Closed,
    /// The transaction was aborted.
    #[error("The browser's storage failed: {}.", .0.trim_end_matches('.'))]
    Failed(String),
}

impl StoreError {
    /// Whether only reloading the page helps.
    pub const fn needs_reload(&self) -> bool {
        matches!(self, Self::Version | Self::Closed)
    }
}

/// A stored file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AssetRecord {
    /// SHA-256 of the content, hex.
    pub asset_id: String,
    /// Its name when first imported; may be empty.
    pub name: String,
    /// Its media type when first imported; may be empty.
    pub mime_type: String,
    /// Size of the content.
    pub bytes: u64,
    /// How many records refer to it.
    pub references: u32,
    /// When it was last imported.
    pub created_at: Millis,
    /// Whether it was ever imported on its own, rather than with the record of a result. It then outlives its last
    /// reference, because its importer may be about to use it again; the sweep removes it later.
    #[serde(default)]
    pub imported: bool,
    /// Whether its content was found damaged or missing: it is replaced when the same file is imported again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub damaged: bool,
    /// A quick checksum of the content ([`checksum`](crate::checksum)), where one was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<String>,
}

impl AssetRecord {
    /// The file of this record with its content, to be stored.
    pub fn with_content<B>(self, content: B) -> NewAsset<B> {
        let Self { asset_id, name, mime_type, bytes, checksum, .. } = self;
        NewAsset { asset_id, name, mime_type, bytes, checksum, content }
    }
}

/// A file to store. `B` is its content: a Blob in the browser.
#[derive(Clone, Debug)]
pub struct NewAsset<B> {
    /// SHA-256 of the content, hex.
    pub asset_id: String,
    /// File name, may be empty.
    pub name: String,
    /// Media type, may be empty.
    pub mime_type: String,
    /// Size of the content.
    pub bytes: u64,
    /// See [`AssetRecord::checksum`].
    pub checksum: Option<String>,
    /// The content.
    pub content: B,
}

impl<B> NewAsset<B> {
    /// The record of this file when it is stored for the first time, without references, and its content.
    pub fn into_parts(self, imported: bool, now: Millis) -> (AssetRecord, B) {
        let Self { asset_id, name, mime_type, bytes, checksum, content } = self;
        let record = AssetRecord {
            asset_id,
            name,
            mime_type,
            bytes,
            references: 0,
            created_at: now,
            imported,
            damaged: false,
            checksum,
        };
        (record, content)
    }
}

/// A file that the user has added for actions to use: a name for an asset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserFile {
    /// What it is; a model in records from before there were other kinds.
    #[serde(default)]
    pub kind: FileKind,
    /// Its name in parameters; no other file of this kind has it.
    pub name: String,
    /// Its file.
    pub asset_id: String,
    /// Length of the file.
    pub bytes: u64,
    /// When it was added.
    pub created_at: Millis,
    /// What a custom action says of itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec: Option<Value>,
}

/// Which executions a change reads (and may write).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// Only the progress.
    None,
    /// The ones at these indices; missing ones are skipped.
    At(Vec<u32>),
    /// All in this state, in order.
    In(ExecutionStatus),
}

/// How durable a write must be before it is reported as done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Handed to the operating system.
    Relaxed,
    /// Flushed to the disk.
    Strict,
}

/// A page of executions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExecutionPage {
    /// The requested ones, by index.
    pub executions: Vec<Execution>,
    /// How many the filter matches in total.
    pub matching: u32,
}

/// Which batches are listed; a field that is `None` does not filter.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BatchFilter {
    /// In this state.
    pub status: Option<BatchStatus>,
    /// Of this workflow.
    pub workflow_id: Option<String>,
    /// Accepted then or later.
    pub created_after: Option<Millis>,
    /// Accepted earlier.
    pub created_before: Option<Millis>,
}

impl BatchFilter {
    /// Whether a batch matches.
    pub fn matches(&self, progress: &Progress) -> bool {
        self.status.is_none_or(|status| progress.status == status)
            && self.workflow_id.as_ref().is_none_or(|id| progress.workflow_id == *id)
            && self.created_after.is_none_or(|after| progress.created_at >= after)
            && self.created_before.is_none_or(|before| progress.created_at < before)
    }
}

/// A page of batches.
#[derive(Clone, Debug, PartialEq)]
pub struct ProgressPage {
    /// The requested ones, newest first.
    pub progress: Vec<Progress>,
    /// How many the filter matches in total.
    pub matching: u32,
}

/// How a stored workflow changes.
#[derive(Clone, Debug, PartialEq)]
pub enum WorkflowChange {
    /// It is stored in this form.
    Stored(KeptWorkflow),
    /// It is removed.
    Removed,
}

/// What a file's content is.
pub trait HasContent {
    /// A Blob in the browser, bytes natively.
    type Content: Clone + 'static;
}

/// The port for files. Their references are counted by whatever refers to them.
#[allow(async_fn_in_trait, reason = "one thread: futures need not be Send")]
pub trait AssetStore: HasContent {
    /// Stores files by content hash. A file that is already stored keeps its record with a new time, unless it is
    /// marked as damaged. References start at 0.
    async fn put_assets(&self, assets: Vec<NewAsset<Self::Content>>, now: Millis) -> Result<(), StoreError>;
    /// The same, but not as imports of their own: each is removed with its last reference.
    async fn take_assets(&self, assets: Vec<NewAsset<Self::Content>>, now: Millis) -> Result<(), StoreError>;
    /// For each of these ids, whether the file is stored.
    async fn are_stored(&self, asset_ids: &[String]) -> Result<Vec<bool>, StoreError>;
    /// A file's record.
    async fn asset(&self, asset_id: &str) -> Result<Option<AssetRecord>, StoreError>;
    /// A file's content as stored; the caller checks whether it is intact.
    async fn content(&self, asset_id: &str) -> Result<Option<Self::Content>, StoreError>;
    /// Marks a file as damaged: its content is replaced when the same file is stored again, however that happens.
    async fn mark_damaged(&self, asset_id: &str) -> Result<(), StoreError>;
    /// Removes content that nothing refers to and that was last imported before `before`; returns how many.
    async fn sweep(&self, before: Millis) -> Result<u32, StoreError>;
}

/// The port for batches.
#[allow(async_fn_in_trait, reason = "one thread: futures need not be Send")]
pub trait BatchStore: HasContent {
    /// Stores a new batch with all its executions and counts its references, with strict durability. References to
    /// files that are not stored are left out of the stored batch, so that exactly the counted ones are dropped later.
    /// Reused results whose files are missing become pending again (`transitions::return_missing`). Returns the
    /// progress as stored.
    ///
    /// # Errors
    /// When a batch with this id exists, and when it cannot be written.
    async fn create_batch(
        &self,
        batch: Batch,
        progress: Progress,
        executions: Vec<Execution>,
    ) -> Result<Progress, StoreError>;
    /// For each content key, a finished execution that has it, if any.
    async fn finished_with(&self, content_keys: &[String]) -> Result<Vec<Option<Execution>>, StoreError>;
    /// A batch as requested.
    async fn batch(&self, batch_id: &str) -> Result<Option<Batch>, StoreError>;
    /// A batch's progress.
    async fn progress(&self, batch_id: &str) -> Result<Option<Progress>, StoreError>;
    /// Every batch's progress, newest first.
    async fn all_progress(&self) -> Result<Vec<Progress>, StoreError>;
    /// Batches that match a filter, newest first, from `offset`, at most `limit`.
    async fn list_progress(&self, filter: &BatchFilter, offset: u32, limit: u32) -> Result<ProgressPage, StoreError>;
    /// Executions by index, from `offset`, at most `limit`.
    async fn executions(
        &self,
        batch_id: &str,
        subset: Subset,
        offset: u32,
        limit: u32,
    ) -> Result<ExecutionPage, StoreError>;

    /// A batch's progress with the indices of some of its executions, both as of the same moment.
    async fn indices(&self, batch_id: &str, subset: Subset) -> Result<Option<(Progress, Vec<u32>)>, StoreError>;

    /// The only way to change a batch: reads its progress and the requested executions, lets `apply` change them, and
    /// writes what differs, all in one transaction. If `apply` says so, the transaction also stores `assets` and counts
    /// references.
    ///
    /// `apply` returns `Some(answer)` to write, or `None` to leave everything unchanged (`assets` included). It must
    /// not wait. The result is also `None` when there is no such batch. Content is removed with its last reference.
    async fn change<T: 'static>(
        &self,
        batch_id: &str,
        which: Which,
        assets: Vec<NewAsset<Self::Content>>,
        durability: Durability,
        apply: impl FnOnce(&mut Progress, &mut Vec<Execution>) -> Option<T> + 'static,
    ) -> Result<Option<T>, StoreError>;

    /// Removes a batch with its executions and drops its references; content that nothing else refers to is removed
    /// too. False when there is no such batch.
    async fn delete_batch(&self, batch_id: &str) -> Result<bool, StoreError>;
}

/// The port for what the user keeps: workflows, and files that actions use.
#[allow(async_fn_in_trait, reason = "one thread: futures need not be Send")]
pub trait LibraryStore {
    /// A workflow that the user keeps.
    async fn workflow(&self, workflow_id: &str) -> Result<Option<KeptWorkflow>, StoreError>;
    /// Every workflow that the user keeps, by its id.
    async fn workflows(&self) -> Result<Vec<KeptWorkflow>, StoreError>;
    /// The only way to change a stored workflow: reads it, lets `apply` decide, writes the result and counts its
    /// references, in one strict transaction. References to files that are not stored are left out.
    ///
    /// `apply` returns `None` to leave everything unchanged; the result is then `None` too.
    async fn change_workflow<T: 'static>(
        &self,
        workflow_id: &str,
        apply: impl FnOnce(Option<KeptWorkflow>) -> Option<(WorkflowChange, T)> + 'static,
    ) -> Result<Option<T>, StoreError>;
    /// The files that the user has added, by the words of their kinds, then by name.
    async fn user_files(&self) -> Result<Vec<UserFile>, StoreError>;
    /// Adds a file and a reference to its content, with strict durability. False when the name is taken or the content
    /// is not stored.
    async fn add_user_file(&self, file: UserFile) -> Result<bool, StoreError>;
    /// Removes a file and its reference. The content is removed with its last reference, since nobody selects it as a
    /// picture. False when there is no file of this kind and name.
    async fn remove_user_file(&self, kind: FileKind, name: &str) -> Result<bool, StoreError>;
}

/// The port for small settings.
#[allow(async_fn_in_trait, reason = "one thread: futures need not be Send")]
pub trait SettingStore {
    /// A small setting by key.
    async fn setting(&self, key: &str) -> Result<Option<String>, StoreError>;
    /// Stores a small setting.
    async fn set_setting(&self, key: &str, value: &str) -> Result<(), StoreError> {
        self.change_settings(vec![(key.to_owned(), Some(value.to_owned()))]).await
    }
    /// The settings whose keys begin with `prefix`, by key.
    async fn settings_below(&self, prefix: &str) -> Result<Vec<(String, String)>, StoreError>;
    /// Stores and removes (for `None`) several settings, all or none of them.
    async fn change_settings(&self, changes: Vec<(String, Option<String>)>) -> Result<(), StoreError>;
}

/// A whole storage. Code that needs only one concern asks for its port alone.
pub trait Store: AssetStore + BatchStore + LibraryStore + SettingStore {}

impl<S: AssetStore + BatchStore + LibraryStore + SettingStore> Store for S {}
