//! The store in IndexedDB: its schema, its upgrades, and the port `store::Store` over it.
//!
//! Invariant: a transaction waits for its own requests only. Everything else that must be waited for (digests, files,
//! downloads) happens before it begins. Records are plain JSON values, contents are Blobs in an object store of their
//! own, so that listing records never loads a picture.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::Array;
use wasm_bindgen::prelude::*;
use web_sys::{Blob, IdbDatabase, IdbKeyRange, IdbTransaction};

use super::environment::blob_of;
use super::interop::{from_js, property, set_property, spawn};
use crate::batch::records::{Batch, DOUBTFUL, Execution, ExecutionStatus, Millis, Progress, Subset};
use crate::batch::transitions;
use crate::compact::{SortedMap, SortedSet};
use crate::library::KeptWorkflow;
use crate::store::{
    AssetRecord, AssetStore, BatchFilter, BatchStore, Durability, ExecutionPage, HasContent, LibraryStore, NewAsset,
    ProgressPage, SettingStore, StoreError, UserFile, Which, WorkflowChange,
};
use crate::user_file::FileKind;

mod transaction;

use transaction::{Transaction, Upgrade, key_count, open};

const ASSETS: &str = "assets";
const CONTENTS: &str = "contents";
const BATCHES: &str = "batches";
const PROGRESS: &str = "progress";
const EXECUTIONS: &str = "executions";
/// The models that the user has added, by name.
const MODELS: &str = "models";
/// The files of other kinds that the user has added, by kind and name.
const USER_FILES: &str = "userFiles";
const WORKFLOWS: &str = "workflows";
const SETTINGS: &str = "settings";
/// `assets` by [references, createdAt].
const BY_REFERENCES: &str = "byReferences";
/// `progress` by createdAt.
const BY_CREATION: &str = "byCreation";
/// `executions` by [batchId, status, assetIndex], `progress` by [status, createdAt].
const BY_STATUS: &str = "byStatus";
/// `progress` by [workflowId, createdAt].
const BY_WORKFLOW: &str = "byWorkflow";

/// `executions` by [contentKey, status].
const BY_CONTENT: &str = "byContent";
/// `executions` by [batchId, mark, assetIndex]: only those that have a mark.
const BY_MARK: &str = "byMark";

/// One step of the schema per version, oldest first. Never change a published step: add one.
const UPGRADES: &[Upgrade] = &[upgrade_to_1, upgrade_to_2, upgrade_to_3, upgrade_to_4, upgrade_to_5, upgrade_to_6];

/// Requests of one transaction that are issued before waiting for an answer: keeps tasks short.
const CHUNK: usize = 200;
/// Reserved space: when storage is full only deletions succeed, but pausing, cancelling or deleting a batch must be
/// written too.
const RESERVE_BYTES: usize = 512 << 10;
/// The key of the reserve among the settings.
const RESERVE: &str = "reserve";
/// When storage is full, imports that nothing has referred to for this long are removed: 1 hour.
const KEEP_WHEN_FULL_MS: Millis = 3_600_000.0;

fn paths(names: &[&str]) -> JsValue {
    JsValue::from(names.iter().map(|name| JsValue::from_str(name)).collect::<Array>())
}

fn upgrade_to_1(database: &IdbDatabase, _: &IdbTransaction) -> Result<(), JsValue> {
    let create = |name: &str, path: Option<&str>| match path {
        Some(path) => {
            let options = web_sys::IdbObjectStoreParameters::new();
            options.set_key_path(&JsValue::from_str(path));
            database.create_object_store_with_optional_parameters(name, &options)
        }
        None => database.create_object_store(name),
    };
    let assets = create(ASSETS, Some("assetId"))?;
    assets.create_index_with_str_sequence(BY_REFERENCES, &paths(&["references", "createdAt"]))?;
    create(CONTENTS, None)?;
    create(BATCHES, Some("batchId"))?;
    create(PROGRESS, Some("batchId"))?.create_index_with_str(BY_CREATION, "createdAt")?;
    let options = web_sys::IdbObjectStoreParameters::new();
    options.set_key_path(&paths(&["batchId", "assetIndex"]));
    let executions = database.create_object_store_with_optional_parameters(EXECUTIONS, &options)?;
    executions.create_index_with_str_sequence(BY_STATUS, &paths(&["batchId", "status", "assetIndex"]))?;
    create(WORKFLOWS, Some("workflowId"))?;
    create(SETTINGS, Some("key"))?;
    Ok(())
}

/// Models that the user adds.
fn upgrade_to_2(database: &IdbDatabase, _: &IdbTransaction) -> Result<(), JsValue> {
    let options = web_sys::IdbObjectStoreParameters::new();
    options.set_key_path(&JsValue::from_str("name"));
    database.create_object_store_with_optional_parameters(MODELS, &options).map(|_| ())
}

/// Lists of batches by their filters.
fn upgrade_to_3(_: &IdbDatabase, transaction: &IdbTransaction) -> Result<(), JsValue> {
    let progress = transaction.object_store(PROGRESS)?;
    progress.create_index_with_str_sequence(BY_STATUS, &paths(&["status", "createdAt"]))?;
    progress.create_index_with_str_sequence(BY_WORKFLOW, &paths(&["workflowId", "createdAt"]))?;
    Ok(())
}

/// Finished executions by everything that determines their results.
fn upgrade_to_4(_: &IdbDatabase, transaction: &IdbTransaction) -> Result<(), JsValue> {
    let executions = transaction.object_store(EXECUTIONS)?;
    executions.create_index_with_str_sequence(BY_CONTENT, &paths(&["contentKey", "status"]))?;
    Ok(())
}

/// Executions by their marks, in place of sets of indices in each progress, which was rewritten with them whenever an
/// execution ended.
fn upgrade_to_5(_: &IdbDatabase, transaction: &IdbTransaction) -> Result<(), JsValue> {
    let executions = transaction.object_store(EXECUTIONS)?;
    executions.create_index_with_str_sequence(BY_MARK, &paths(&["batchId", "mark", "assetIndex"]))?;
    let upgrade = transaction.clone();
    // It begins before the transaction could commit, and then waits for nothing but the transaction's requests.
    spawn(async move {
        if let Err(error) = mark_doubtful(&Transaction::of_upgrade(upgrade.clone())).await {
            web_sys::console::error_2(&"The storage could not be upgraded:".into(), &error.to_string().into());
            let _already_over = upgrade.abort();
        }
    });
    Ok(())
}

/// The user's files of all other kinds.
fn upgrade_to_6(database: &IdbDatabase, _: &IdbTransaction) -> Result<(), JsValue> {
    let options = web_sys::IdbObjectStoreParameters::new();
    options.set_key_path(&paths(&["kind", "name"]));
    database.create_object_store_with_optional_parameters(USER_FILES, &options).map(|_| ())
}

/// Marks the executions of every batch that are doubtful, and counts them in its progress. A record that cannot be read
/// stays as it is: it must not lock out the others. Only what is doubtful is written: there may be no space for more.
async fn mark_doubtful(transaction: &Transaction) -> Result<(), StoreError> {
    let all = Array::from(&transaction.all_values(PROGRESS, &beginning_with("")?, u32::MAX)?.await?);
    for progress in all.iter() {
        let batch_id = property(&progress, "batchId").as_string().unwrap_or_default();
        let mut doubtful_count = 0;
        each_readable(transaction, &batch_id, &mut |execution, stored| {
            if !execution.is_doubtful() {
                return Ok(());
            }
            doubtful_count += 1;
            set_property(stored, "mark", &DOUBTFUL.into());
            transaction.put_value(EXECUTIONS, stored)
        })
        .await?;
        if doubtful_count > 0 {
            set_property(&progress, "doubtfulCount", &doubtful_count.into());
            transaction.put_value(PROGRESS, &progress)?;
        }
    }
    Ok(())
}

/// Calls `each` with the executions of a batch that can be read, and with their stored form.
async fn each_readable(
    transaction: &Transaction,
    batch_id: &str,
    each: &mut dyn FnMut(Execution, &JsValue) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut from = 0;
    loop {
        let range = range(batch_id, Subset::All, from)?;
        let page = Array::from(&transaction.all_values(EXECUTIONS, &range, key_count(CHUNK))?.await?);
        if page.length() == 0 {
            return Ok(());
        }
        for stored in page.iter() {
            from = property(&stored, "assetIndex").as_f64().unwrap_or_default() as u32 + 1;
            if let Ok(execution) = record(&stored) {
                each(execution, &stored)?;
            }
        }
    }
}

/// The database of one installation, open. Cheap to clone.
#[derive(Clone)]
pub struct Database {
    connection: Rc<Connection>,
}

pub(crate) struct Connection {
    database: IdbDatabase,
    /// Why it is closed, once it is.
    closed: RefCell<Option<StoreError>>,
    listeners: RefCell<Vec<super::interop::Listener>>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.database.close();
    }
}

impl Database {
    /// Opens the database with this name and upgrades its schema if it is older.
    ///
    /// `closed` is called once if the connection is lost later: another tab upgrades, or the browser closed it.
    /// `blocked` is called when another tab has an older schema open; opening continues when that tab is closed.
    ///
    /// # Errors
    /// No storage (private windows of some browsers), a schema newer than ours, or not enough space.
    pub async fn open(
        name: &str,
        blocked: impl Fn() + 'static,
        closed: impl FnOnce(StoreError) + 'static,
    ) -> Result<Self, StoreError> {
        let database = open(name, UPGRADES, blocked).await?;
        let connection = Rc::new(Connection { database, closed: RefCell::default(), listeners: RefCell::default() });
        let closed = Rc::new(Cell::new(Some(closed)));
        for (kind, error) in [("versionchange", StoreError::Version), ("close", StoreError::Closed)] {
            let (weak, closed) = (Rc::downgrade(&connection), closed.clone());
            let listener = super::interop::Listener::new(&connection.database, kind, move |_| {
                if let Some(connection) = weak.upgrade() {
                    connection.database.close();
                    connection.closed.borrow_mut().get_or_insert(error.clone());
                }
                if let Some(closed) = closed.take() {
                    closed(error.clone());
                }
            });
            connection.listeners.borrow_mut().push(listener);
        }
        Ok(Self { connection })
    }

    fn read(&self, stores: &[&str]) -> Result<Transaction, StoreError> {
        Transaction::begin(&self.connection, stores, None)
    }

    fn write(&self, stores: &[&str], durability: Durability) -> Result<Transaction, StoreError> {
        Transaction::begin(&self.connection, stores, Some(durability))
    }

    /// Stores files, except those that are already stored, and adds references; for use within a transaction.
    ///
    /// All questions about a chunk come before its first write: the answer to a later one would wait for that write.
    async fn put_each(
        transaction: &Transaction,
        assets: Vec<(NewAsset<Blob>, i64)>,
        imported: bool,
        now: Millis,
    ) -> Result<(), StoreError> {
        let mut assets = assets.into_iter().peekable();
        while assets.peek().is_some() {
            let chunk: Vec<_> = assets.by_ref().take(CHUNK).collect();
            let mut requests = SortedMap::new();
            for (asset, _) in &chunk {
                let key = asset.asset_id.as_str().into();
                requests.insert(asset.asset_id.clone(), transaction.get::<AssetRecord>(ASSETS, &key)?);
            }
            let mut records = SortedMap::new();
            for (asset_id, request) in requests {
                if let Some(record) = request.await? {
                    records.insert(asset_id, record);
                }
            }
            let mut requests = Vec::with_capacity(records.len());
            for asset_id in records.keys() {
                requests.push((asset_id.clone(), transaction.has(CONTENTS, &asset_id.as_str().into())?));
            }
            // If the deletion of a batch was interrupted while storage was full, a record may have lost its bytes.
            let mut kept = SortedSet::new();
            for (asset_id, request) in requests {
                if request.await? {
                    kept.insert(asset_id);
                }
            }
            for (asset, references) in chunk {
                let (new, content) = asset.into_parts(imported, now);
                let key = new.asset_id.as_str().into();
                let mut record = records.remove(&new.asset_id).unwrap_or_else(|| new.clone());
                if std::mem::take(&mut record.damaged) || kept.insert(record.asset_id.clone()) {
                    transaction.put_with_key(CONTENTS, &content, &key)?;
                }
                record.references = add(record.references, references);
                record.created_at = now;
                record.imported |= imported;
                record.checksum = record.checksum.or(new.checksum);
                transaction.put(ASSETS, &record)?;
                // The same file may come twice.
                records.insert(record.asset_id.clone(), record);
            }
        }
        Ok(())
    }

    /// Adds to the reference counts and removes what nothing refers to any more, unless it was imported on its own.
    /// Returns the ids that are not stored.
    async fn count(transaction: &Transaction, deltas: SortedMap<String, i64>) -> Result<SortedSet<String>, StoreError> {
        let mut missing = SortedSet::new();
        let deltas: Vec<_> = deltas.into_iter().filter(|(_, delta)| *delta != 0).collect();
        for chunk in deltas.chunks(CHUNK) {
            let mut requests = Vec::with_capacity(chunk.len());
            for (asset_id, delta) in chunk {
                requests.push((asset_id, *delta, transaction.get::<AssetRecord>(ASSETS, &asset_id.as_str().into())?));
            }
            for (asset_id, delta, request) in requests {
                let Some(mut record) = request.await? else {
                    missing.insert(asset_id.clone());
                    continue;
                };
                record.references = add(record.references, delta);
                if record.references == 0 && delta < 0 && !record.imported {
                    Self::remove_asset(transaction, &record.asset_id)?;
                } else {
                    transaction.put(ASSETS, &record)?;
                }
            }
        }
        Ok(missing)
    }

    /// Writes the reserve unless it exists.
    async fn keep_reserve(&self) -> Result<(), StoreError> {
        let transaction = self.write(&[SETTINGS], Durability::Relaxed)?;
        if !transaction.get_value(SETTINGS, &RESERVE.into())?.await?.is_undefined() {
            return Ok(());
        }
        let content = blob_of(&vec![0; RESERVE_BYTES], "").map_err(StoreError::Failed)?;
        let record = js_sys::Object::new();
        set_property(&record, "key", &RESERVE.into());
        set_property(&record, "content", &content);
        transaction.put_value(SETTINGS, &record)?;
        transaction.done().await
    }

    /// Deletes the reserve; false if there was none. Like everything that frees space, the transaction contains
    /// deletions only.
    async fn release_reserve(&self) -> Result<bool, StoreError> {
        let transaction = self.write(&[SETTINGS], Durability::Strict)?;
        if transaction.get_value(SETTINGS, &RESERVE.into())?.await?.is_undefined() {
            return Ok(false);
        }
        transaction.delete(SETTINGS, &RESERVE.into())?;
        transaction.done().await?;
        Ok(true)
    }

    /// Deletes the bytes that only this batch refers to, before the batch is deleted; false if there were none.
    async fn drop_contents(&self, batch_id: &str) -> Result<bool, StoreError> {
        let transaction = self.write(&[ASSETS, CONTENTS, BATCHES, EXECUTIONS], Durability::Strict)?;
        let mut dropped = false;
        for (asset_id, delta) in Self::held_by(&transaction, batch_id).await?.unwrap_or_default() {
            let record: Option<AssetRecord> = transaction.get(ASSETS, &asset_id.as_str().into())?.await?;
            if record.is_some_and(|record| !record.imported && i64::from(record.references) + delta <= 0) {
                transaction.delete(CONTENTS, &asset_id.as_str().into())?;
                dropped = true;
            }
        }
        transaction.done().await?;
        Ok(dropped)
    }

    /// What a batch and its executions refer to, as count changes for its deletion; `None` if there is no such batch.
    /// What cannot be read is skipped: it must not keep the batch from being deleted.
    async fn held_by(transaction: &Transaction, batch_id: &str) -> Result<Option<SortedMap<String, i64>>, StoreError> {
        let batch = transaction.get_value(BATCHES, &batch_id.into())?.await?;
        if batch.is_undefined() {
            return Ok(None);
        }
        let mut deltas = SortedMap::<String, i64>::new();
        if let Ok(batch) = record::<Batch>(&batch) {
            deltas.extend(batch.references.into_iter().map(|asset_id| (asset_id, -1)));
        }
        each_readable(transaction, batch_id, &mut |execution, _| {
            execution.references().for_each(|asset_id| *deltas.entry(asset_id.to_owned()).or_default() -= 1);
            Ok(())
        })
        .await?;
        Ok(Some(deltas))
    }

    async fn remove_batch(&self, batch_id: &str) -> Result<bool, StoreError> {
        let transaction = self.write(&[ASSETS, CONTENTS, BATCHES, PROGRESS, EXECUTIONS], Durability::Strict)?;
        let Some(deltas) = Self::held_by(&transaction, batch_id).await? else { return Ok(false) };
        transaction.delete(EXECUTIONS, &range(batch_id, Subset::All, 0)?.into())?;
        transaction.delete(PROGRESS, &batch_id.into())?;
        transaction.delete(BATCHES, &batch_id.into())?;
        Self::count(&transaction, deltas).await?;
        transaction.done().await?;
        Ok(true)
    }

    /// Removes what nothing has referred to since `before`; returns how many.
    async fn remove_stale(&self, before: Millis) -> Result<u32, StoreError> {
        let transaction = self.write(&[ASSETS, CONTENTS], Durability::Relaxed)?;
        let bound = |time: Millis| keys(&[0.into(), time.into()]);
        let range = IdbKeyRange::bound_with_lower_open_and_upper_open(&bound(0.0), &bound(before), false, true)
            .map_err(|error| StoreError::Failed(super::interop::describe(&error)))?;
        let stale: Vec<AssetRecord> = transaction.all_by(ASSETS, Some(BY_REFERENCES), Some(&range), u32::MAX)?.await?;
        for record in &stale {
            Self::remove_asset(&transaction, &record.asset_id)?;
        }
        transaction.done().await?;
        Ok(key_count(stale.len()))
    }

    fn remove_asset(transaction: &Transaction, asset_id: &str) -> Result<(), StoreError> {
        transaction.delete(ASSETS, &asset_id.into())?;
        transaction.delete(CONTENTS, &asset_id.into())
    }
}

fn add(references: u32, delta: i64) -> u32 {
    u32::try_from((i64::from(references) + delta).max(0)).unwrap_or(u32::MAX)
}

fn keys(parts: &[JsValue]) -> JsValue {
    parts.iter().collect::<Array>().into()
}

/// The index by which some executions of a batch are found, and their word in it; `None` for all, whose index is the
/// key.
fn index_of(subset: Subset) -> Option<(&'static str, &'static str)> {
    let status = match subset {
        Subset::All => return None,
        Subset::Doubtful => return Some((BY_MARK, DOUBTFUL)),
        Subset::Pending => ExecutionStatus::Pending,
        Subset::Running => ExecutionStatus::Running,
        Subset::Success => ExecutionStatus::Success,
        Subset::Failed => ExecutionStatus::Failed,
    };
    Some((BY_STATUS, status.name()))
}

/// Every key that begins with a text.
fn beginning_with(prefix: &str) -> Result<IdbKeyRange, StoreError> {
    // No string continues with a character beyond this one.
    IdbKeyRange::bound(&prefix.into(), &format!("{prefix}\u{ffff}").into())
        .map_err(|error| StoreError::Failed(super::interop::describe(&error)))
}

/// Some executions of a batch, starting at `from`, in their index.
fn range(batch_id: &str, subset: Subset, from: u32) -> Result<IdbKeyRange, StoreError> {
    let mut prefix = vec![JsValue::from_str(batch_id)];
    prefix.extend(index_of(subset).map(|(_, word)| JsValue::from_str(word)));
    let bound = |index: u32| {
        let mut parts = prefix.clone();
        parts.push(index.into());
        keys(&parts)
    };
    IdbKeyRange::bound(&bound(from), &bound(u32::MAX))
        .map_err(|error| StoreError::Failed(super::interop::describe(&error)))
}

/// The index and range of the batches that match a filter; `None` when no batch can. With a workflow filter, the state
/// filter is not included.
fn filtered(filter: &BatchFilter) -> Result<(&'static str, Option<IdbKeyRange>), StoreError> {
    let (index, prefix) = match (&filter.workflow_id, filter.status) {
        (Some(workflow_id), _) => (BY_WORKFLOW, Some(JsValue::from_str(workflow_id))),
        (None, Some(status)) => (BY_STATUS, Some(JsValue::from_str(status.name()))),
        (None, None) => (BY_CREATION, None),
    };
    let bound = |time: Millis| match &prefix {
        Some(prefix) => keys(&[prefix.clone(), time.into()]),
        None => time.into(),
    };
    let (from, to) = (filter.created_after.unwrap_or(f64::MIN), filter.created_before.unwrap_or(f64::MAX));
    if from >= to {
        return Ok((index, None));
    }
    IdbKeyRange::bound_with_lower_open_and_upper_open(&bound(from), &bound(to), false, true)
        .map(|range| (index, Some(range)))
        .map_err(|error| StoreError::Failed(super::interop::describe(&error)))
}

/// A slot in which a value is left for whoever reads it next.
pub(super) type Slot<T> = Rc<Cell<Option<T>>>;

/// A change of a batch that returns whether to write it.
pub(super) type Apply = Box<dyn FnOnce(&mut Progress, &mut Vec<Execution>) -> bool>;

/// A slot in which a boxed function leaves its result.
pub(super) fn slot<T>() -> (Slot<T>, Slot<T>) {
    let slot = Rc::new(Cell::new(None));
    (slot.clone(), slot)
}

/// The code of [`BatchStore::change`] and [`LibraryStore::change_workflow`]. One function serves every `apply`;
/// otherwise the page would contain a copy for each. `apply` returns whether to write anything, and so does this function.
impl Database {
    pub(super) async fn change_batch(
        &self,
        batch_id: &str,
        which: Which,
        assets: Vec<NewAsset<Blob>>,
        durability: Durability,
        apply: Apply,
    ) -> Result<bool, StoreError> {
        let written = self.write_change(batch_id, which, assets, durability, apply).await;
        if matches!(written, Err(StoreError::Quota(_))) {
            // The caller must be able to record that there was no space, now or on a retry.
            let _no_better = self.release_reserve().await;
        }
        written
    }

    async fn write_change(
        &self,
        batch_id: &str,
        which: Which,
        assets: Vec<NewAsset<Blob>>,
        durability: Durability,
        apply: Apply,
    ) -> Result<bool, StoreError> {
        let transaction = self.write(&[ASSETS, CONTENTS, PROGRESS, EXECUTIONS], durability)?;
        let progress = transaction.get::<Progress>(PROGRESS, &batch_id.into())?;
        let executions: Vec<Execution> = match which {
            Which::None => Vec::new(),
            Which::In(status) => {
                let range = range(batch_id, status.into(), 0)?;
                transaction.all_by(EXECUTIONS, Some(BY_STATUS), Some(&range), u32::MAX)?.await?
            }
            Which::At(indices) => {
                let mut found = Vec::with_capacity(indices.len());
                for chunk in indices.chunks(CHUNK) {
                    let mut requests = Vec::with_capacity(chunk.len());
                    for index in chunk {
                        let key = keys(&[batch_id.into(), (*index).into()]);
                        requests.push(transaction.get::<Execution>(EXECUTIONS, &key)?);
                    }
                    for request in requests {
                        found.extend(request.await?);
                    }
                }
                found
            }
        };
        let Some(mut progress) = progress.await? else { return Ok(false) };
        let (progress_before, before) = (progress.clone(), executions.clone());
        let mut after = executions;
        if !apply(&mut progress, &mut after) {
            return Ok(false);
        }

        if progress != progress_before {
            transaction.put(PROGRESS, &progress)?;
        }
        let mut deltas = SortedMap::<String, i64>::new();
        for execution in &before {
            execution.references().for_each(|asset_id| *deltas.entry(asset_id.to_owned()).or_default() -= 1);
        }
        for execution in &after {
            execution.references().for_each(|asset_id| *deltas.entry(asset_id.to_owned()).or_default() += 1);
        }
        let mut unchanged = SortedMap::<u32, &Execution>::new();
        unchanged.extend(before.iter().map(|one| (one.asset_index, one)));
        let changed: Vec<&Execution> =
            after.iter().filter(|one| unchanged.get(&one.asset_index) != Some(one)).collect();
        for chunk in changed.chunks(CHUNK) {
            transaction.put_all(EXECUTIONS, chunk).await?;
        }
        let now = progress.updated_at;
        let referenced = assets.into_iter().map(|asset| {
            let references = deltas.remove(&asset.asset_id).unwrap_or_default();
            (asset, references)
        });
        Self::put_each(&transaction, referenced.collect(), false, now).await?;
        Self::count(&transaction, deltas).await?;
        transaction.done().await?;
        Ok(true)
    }

    async fn put_all_assets(&self, assets: Vec<NewAsset<Blob>>, imported: bool, now: Millis) -> Result<(), StoreError> {
        let put = async || {
            let transaction = self.write(&[ASSETS, CONTENTS], Durability::Strict)?;
            let unreferenced = assets.iter().map(|asset| (asset.clone(), 0)).collect();
            Self::put_each(&transaction, unreferenced, imported, now).await?;
            transaction.done().await
        };
        match put().await {
            // Makes room by removing what nobody has used for a while.
            Err(StoreError::Quota(_)) if self.remove_stale(now - KEEP_WHEN_FULL_MS).await? > 0 => put().await,
            result => result,
        }
    }

    pub(super) async fn change_kept(
        &self,
        workflow_id: &str,
        apply: Box<dyn FnOnce(Option<KeptWorkflow>) -> Option<WorkflowChange>>,
    ) -> Result<bool, StoreError> {
        let transaction = self.write(&[ASSETS, CONTENTS, WORKFLOWS], Durability::Strict)?;
        let before: Option<KeptWorkflow> = transaction.get(WORKFLOWS, &workflow_id.into())?.await?;
        let held = before.as_ref().map(|before| before.references.clone()).unwrap_or_default();
        let Some(kept) = apply(before) else { return Ok(false) };
        let wanted = match &kept {
            WorkflowChange::Stored(workflow) => workflow.references.clone(),
            WorkflowChange::Removed => SortedSet::new(),
        };
        let mut deltas = SortedMap::<String, i64>::new();
        deltas.extend(held.difference(&wanted).map(|asset_id| (asset_id.clone(), -1)));
        deltas.extend(wanted.difference(&held).map(|asset_id| (asset_id.clone(), 1)));
        let missing = Self::count(&transaction, deltas).await?;
        match kept {
            WorkflowChange::Stored(mut workflow) => {
                workflow.references.retain(|asset_id| !missing.contains(asset_id));
                transaction.put(WORKFLOWS, &workflow)?;
            }
            WorkflowChange::Removed => transaction.delete(WORKFLOWS, &workflow_id.into())?,
        }
        transaction.done().await?;
        Ok(true)
    }
}

impl HasContent for Database {
    type Content = Blob;
}

impl AssetStore for Database {
    async fn put_assets(&self, assets: Vec<NewAsset<Blob>>, now: Millis) -> Result<(), StoreError> {
        self.put_all_assets(assets, true, now).await
    }

    async fn take_assets(&self, assets: Vec<NewAsset<Blob>>, now: Millis) -> Result<(), StoreError> {
        self.put_all_assets(assets, false, now).await
    }

    async fn are_stored(&self, asset_ids: &[String]) -> Result<Vec<bool>, StoreError> {
        let transaction = self.read(&[ASSETS])?;
        let mut found = Vec::with_capacity(asset_ids.len());
        for chunk in asset_ids.chunks(CHUNK) {
            let mut requests = Vec::with_capacity(chunk.len());
            for asset_id in chunk {
                requests.push(transaction.has(ASSETS, &asset_id.into())?);
            }
            for request in requests {
                found.push(request.await?);
            }
        }
        Ok(found)
    }

    async fn asset(&self, asset_id: &str) -> Result<Option<AssetRecord>, StoreError> {
        self.read(&[ASSETS])?.get(ASSETS, &asset_id.into())?.await
    }

    async fn content(&self, asset_id: &str) -> Result<Option<Blob>, StoreError> {
        let value = self.read(&[CONTENTS])?.get_value(CONTENTS, &asset_id.into())?.await?;
        Ok(value.dyn_into::<Blob>().ok())
    }

    async fn mark_damaged(&self, asset_id: &str) -> Result<(), StoreError> {
        let transaction = self.write(&[ASSETS], Durability::Relaxed)?;
        let found: Option<AssetRecord> = transaction.get(ASSETS, &asset_id.into())?.await?;
        if let Some(record) = found {
            transaction.put(ASSETS, &AssetRecord { damaged: true, ..record })?;
        }
        transaction.done().await
    }

    async fn sweep(&self, before: Millis) -> Result<u32, StoreError> {
        let removed = self.remove_stale(before).await?;
        match self.keep_reserve().await {
            // There is no space for it at the moment.
            Ok(()) | Err(StoreError::Quota(_)) => Ok(removed),
            Err(error) => Err(error),
        }
    }
}

impl BatchStore for Database {
    async fn create_batch(
        &self,
        mut batch: Batch,
        mut progress: Progress,
        mut executions: Vec<Execution>,
    ) -> Result<Progress, StoreError> {
        let transaction = self.write(&[ASSETS, CONTENTS, BATCHES, PROGRESS, EXECUTIONS], Durability::Strict)?;
        if transaction.has(PROGRESS, &batch.batch_id.as_str().into())?.await? {
            return Err(StoreError::Failed(format!("The batch \"{}\" already exists.", batch.batch_id)));
        }
        let mut deltas = SortedMap::<String, i64>::new();
        deltas.extend(batch.references.iter().map(|asset_id| (asset_id.clone(), 1)));
        for asset_id in executions.iter().flat_map(Execution::references) {
            *deltas.entry(asset_id.to_owned()).or_default() += 1;
        }
        // A missing file gets no reference: otherwise its count would be decremented later, after it was stored.
        let missing = Self::count(&transaction, deltas).await?;
        let given_back = transitions::return_missing(&mut progress, &mut executions, &missing);
        Self::count(&transaction, given_back).await?;
        batch.references.retain(|asset_id| !missing.contains(asset_id));
        transaction.put(BATCHES, &batch)?;
        transaction.put(PROGRESS, &progress)?;
        // As references, like those of a change: the code for writing them exists once.
        for chunk in executions.iter().collect::<Vec<_>>().chunks(CHUNK) {
            transaction.put_all(EXECUTIONS, chunk).await?;
        }
        transaction.done().await?;
        Ok(progress)
    }

    async fn finished_with(&self, content_keys: &[String]) -> Result<Vec<Option<Execution>>, StoreError> {
        let transaction = self.read(&[EXECUTIONS])?;
        let mut found = Vec::with_capacity(content_keys.len());
        for chunk in content_keys.chunks(CHUNK) {
            let mut requests = Vec::with_capacity(chunk.len());
            for key in chunk {
                let key = keys(&[key.into(), ExecutionStatus::Success.name().into()]);
                requests.push(transaction.get_by::<Execution>(EXECUTIONS, BY_CONTENT, &key)?);
            }
            for request in requests {
                found.push(request.await?);
            }
        }
        Ok(found)
    }

    async fn batch(&self, batch_id: &str) -> Result<Option<Batch>, StoreError> {
        self.read(&[BATCHES])?.get(BATCHES, &batch_id.into())?.await
    }

    async fn progress(&self, batch_id: &str) -> Result<Option<Progress>, StoreError> {
        self.read(&[PROGRESS])?.get(PROGRESS, &batch_id.into())?.await
    }

    async fn all_progress(&self) -> Result<Vec<Progress>, StoreError> {
        let transaction = self.read(&[PROGRESS])?;
        let mut all: Vec<Progress> = transaction.all_by(PROGRESS, Some(BY_CREATION), None, u32::MAX)?.await?;
        all.reverse();
        Ok(all)
    }

    async fn list_progress(&self, filter: &BatchFilter, offset: u32, limit: u32) -> Result<ProgressPage, StoreError> {
        let transaction = self.read(&[PROGRESS])?;
        let (index, range) = filtered(filter)?;
        let Some(range) = range else { return Ok(ProgressPage { progress: Vec::new(), matching: 0 }) };
        if let (Some(_), Some(status)) = (&filter.workflow_id, filter.status) {
            // A workflow has few batches, so a scan is enough.
            let mut all: Vec<Progress> = transaction.all_by(PROGRESS, Some(index), Some(&range), u32::MAX)?.await?;
            all.retain(|progress| progress.status == status);
            all.reverse();
            let matching = key_count(all.len());
            let page = all.into_iter().skip(offset as usize).take(limit as usize);
            return Ok(ProgressPage { progress: page.collect(), matching });
        }
        let matching = transaction.count(PROGRESS, Some(index), &range)?.await?;
        let progress = if limit == 0 || offset >= matching {
            Vec::new()
        } else {
            transaction.last_by(PROGRESS, index, &range, offset, limit).await?
        };
        Ok(ProgressPage { progress, matching })
    }

    async fn executions(
        &self,
        batch_id: &str,
        subset: Subset,
        offset: u32,
        limit: u32,
    ) -> Result<ExecutionPage, StoreError> {
        let transaction = self.read(&[EXECUTIONS])?;
        let index = index_of(subset).map(|(index, _)| index);
        let matching = transaction.count(EXECUTIONS, index, &range(batch_id, subset, 0)?)?.await?;
        if limit == 0 || offset >= matching {
            return Ok(ExecutionPage { executions: Vec::new(), matching });
        }
        // Without a filter the index is the key; with one, a cursor over keys finds the beginning of the page.
        let from = match (index, offset) {
            (Some(index), offset) if offset > 0 => {
                transaction.skip(EXECUTIONS, index, &range(batch_id, subset, 0)?, offset).await?
            }
            (Some(_), _) => Some(0),
            (None, offset) => Some(offset),
        };
        let executions = match from {
            Some(from) => transaction.all_by(EXECUTIONS, index, Some(&range(batch_id, subset, from)?), limit)?.await?,
            None => Vec::new(),
        };
        Ok(ExecutionPage { executions, matching })
    }

    async fn indices(&self, batch_id: &str, subset: Subset) -> Result<Option<(Progress, Vec<u32>)>, StoreError> {
        let transaction = self.read(&[PROGRESS, EXECUTIONS])?;
        let Some(progress) = transaction.get::<Progress>(PROGRESS, &batch_id.into())?.await? else { return Ok(None) };
        let indices = match index_of(subset) {
            Some((index, _)) => transaction.keys(EXECUTIONS, index, &range(batch_id, subset, 0)?)?.await?,
            None => (0..progress.assets.total).collect(),
        };
        Ok(Some((progress, indices)))
    }

    async fn change<T: 'static>(
        &self,
        batch_id: &str,
        which: Which,
        assets: Vec<NewAsset<Blob>>,
        durability: Durability,
        apply: impl FnOnce(&mut Progress, &mut Vec<Execution>) -> Option<T> + 'static,
    ) -> Result<Option<T>, StoreError> {
        let (answer, left) = slot();
        let apply = Box::new(move |progress: &mut Progress, executions: &mut Vec<Execution>| {
            let answer = apply(progress, executions);
            let write = answer.is_some();
            left.set(answer);
            write
        });
        let written = self.change_batch(batch_id, which, assets, durability, apply).await?;
        Ok(answer.take().filter(|_| written))
    }

    async fn delete_batch(&self, batch_id: &str) -> Result<bool, StoreError> {
        let mut dropped = false;
        loop {
            let result = self.remove_batch(batch_id).await;
            if !matches!(result, Err(StoreError::Quota(_))) {
                return result;
            }
            if self.release_reserve().await? {
                continue;
            }
            if dropped || !self.drop_contents(batch_id).await? {
                return result;
            }
            dropped = true;
        }
    }
}

impl LibraryStore for Database {
    async fn workflow(&self, workflow_id: &str) -> Result<Option<KeptWorkflow>, StoreError> {
        self.read(&[WORKFLOWS])?.get(WORKFLOWS, &workflow_id.into())?.await
    }

    async fn workflows(&self) -> Result<Vec<KeptWorkflow>, StoreError> {
        self.read(&[WORKFLOWS])?.all_by(WORKFLOWS, None, None, u32::MAX)?.await
    }

    async fn change_workflow<T: 'static>(
        &self,
        workflow_id: &str,
        apply: impl FnOnce(Option<KeptWorkflow>) -> Option<(WorkflowChange, T)> + 'static,
    ) -> Result<Option<T>, StoreError> {
        let (answer, left) = slot();
        let apply = Box::new(move |before: Option<KeptWorkflow>| {
            let (kept, answer) = apply(before)?;
            left.set(Some(answer));
            Some(kept)
        });
        let written = self.change_kept(workflow_id, apply).await?;
        Ok(answer.take().filter(|_| written))
    }

    async fn user_files(&self) -> Result<Vec<UserFile>, StoreError> {
        let transaction = self.read(&[USER_FILES, MODELS])?;
        let mut files: Vec<UserFile> = transaction.all_by(USER_FILES, None, None, u32::MAX)?.await?;
        files.extend(transaction.all_by::<UserFile>(MODELS, None, None, u32::MAX)?.await?);
        Ok(files)
    }

    async fn add_user_file(&self, file: UserFile) -> Result<bool, StoreError> {
        let (store, key) = place_of(file.kind, &file.name);
        let transaction = self.write(&[store, ASSETS, CONTENTS], Durability::Strict)?;
        if transaction.has(store, &key)?.await? {
            return Ok(false);
        }
        let missing = Self::count(&transaction, SortedMap::from([(file.asset_id.clone(), 1)])).await?;
        if !missing.is_empty() {
            return Ok(false);
        }
        transaction.put(store, &file)?;
        transaction.done().await?;
        Ok(true)
    }

    async fn remove_user_file(&self, kind: FileKind, name: &str) -> Result<bool, StoreError> {
        let (store, key) = place_of(kind, name);
        let transaction = self.write(&[store, ASSETS, CONTENTS], Durability::Strict)?;
        let Some(file) = transaction.get::<UserFile>(store, &key)?.await? else { return Ok(false) };
        transaction.delete(store, &key)?;
        let asset: Option<AssetRecord> = transaction.get(ASSETS, &file.asset_id.as_str().into())?.await?;
        match asset {
            Some(asset) if asset.references <= 1 => Self::remove_asset(&transaction, &file.asset_id)?,
            Some(asset) => transaction.put(ASSETS, &AssetRecord { references: asset.references - 1, ..asset })?,
            None => {}
        }
        transaction.done().await?;
        Ok(true)
    }
}

/// The object store and the key of one of the user's files. Models are where they were before there were other kinds, so
/// that an upgrade writes nothing.
fn place_of(kind: FileKind, name: &str) -> (&'static str, JsValue) {
    match kind {
        FileKind::Model => (MODELS, name.into()),
        _ => (USER_FILES, paths(&[kind.word(), name])),
    }
}

impl SettingStore for Database {
    async fn setting(&self, key: &str) -> Result<Option<String>, StoreError> {
        let found = self.read(&[SETTINGS])?.get_value(SETTINGS, &key.into())?.await?;
        Ok(property(&found, "value").as_string())
    }

    async fn settings_below(&self, prefix: &str) -> Result<Vec<(String, String)>, StoreError> {
        let found = self.read(&[SETTINGS])?.all_values(SETTINGS, &beginning_with(prefix)?, u32::MAX)?.await?;
        // Long strings are not converted to JSON again.
        let text = |setting: &JsValue, name: &str| property(setting, name).as_string();
        let settings = Array::from(&found);
        Ok(settings.iter().filter_map(|setting| Some((text(&setting, "key")?, text(&setting, "value")?))).collect())
    }

    async fn change_settings(&self, changes: Vec<(String, Option<String>)>) -> Result<(), StoreError> {
        let transaction = self.write(&[SETTINGS], Durability::Relaxed)?;
        for (key, value) in changes {
            let Some(value) = value else {
                transaction.delete(SETTINGS, &key.into())?;
                continue;
            };
            let setting = js_sys::Object::new();
            set_property(&setting, "key", &key.into());
            set_property(&setting, "value", &value.into());
            transaction.put_value(SETTINGS, &setting)?;
        }
        transaction.done().await
    }
}

/// Reads a request's result as a record.
fn record<T: serde::de::DeserializeOwned>(value: &JsValue) -> Result<T, StoreError> {
    from_js(value).map_err(|error| StoreError::Failed(format!("A record could not be read: {error}")))
}
