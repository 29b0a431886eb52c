//! The store in memory: the simplest implementation of the port. For tests, and for pages that need not keep anything.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use serde::Serialize;

use super::{
    AssetRecord, AssetStore, BatchFilter, BatchStore, Durability, ExecutionPage, HasContent, LibraryStore, NewAsset,
    ProgressPage, SettingStore, StoreError, UserFile, Which, WorkflowChange,
};
use crate::batch::records::{Batch, Execution, ExecutionStatus, Millis, Progress, Subset};
use crate::batch::transitions;
use crate::compact::SortedSet;
use crate::library::KeptWorkflow;
use crate::user_file::FileKind;

mod table;

use table::Table;

/// A store in memory. A clone is another handle on the same records, as another tab would have.
#[derive(Debug)]
pub struct MemoryStore<C = Arc<[u8]>> {
    records: Rc<RefCell<Tables<C>>>,
}

#[derive(Debug)]
struct Tables<C> {
    assets: Table<(AssetRecord, C)>,
    batches: Table<StoredBatch>,
    workflows: Table<KeptWorkflow>,
    user_files: Table<UserFile>,
    settings: Table<String>,
    #[cfg(test)]
    traffic: tests::Traffic,
}

#[derive(Debug)]
struct StoredBatch {
    batch: Batch,
    progress: Progress,
    /// By index.
    executions: Vec<Execution>,
}

impl StoredBatch {
    fn matching(&self, subset: Subset) -> Vec<&Execution> {
        self.executions.iter().filter(|execution| subset.matches(execution)).collect()
    }

    fn place(&self, index: u32) -> Option<usize> {
        self.executions.binary_search_by_key(&index, |execution| execution.asset_index).ok()
    }
}

impl<C> Default for MemoryStore<C> {
    fn default() -> Self {
        let records = Tables {
            assets: Table::default(),
            batches: Table::default(),
            workflows: Table::default(),
            user_files: Table::default(),
            settings: Table::default(),
            #[cfg(test)]
            traffic: tests::Traffic::default(),
        };
        Self { records: Rc::new(RefCell::new(records)) }
    }
}

impl<C> Clone for MemoryStore<C> {
    fn clone(&self) -> Self {
        Self { records: self.records.clone() }
    }
}

impl<C: Clone> Tables<C> {
    /// Tests count what a change reads.
    fn note_read(&mut self, _record: &impl Serialize) {
        #[cfg(test)]
        self.traffic.read.add(_record);
    }

    /// And what it writes.
    fn note_written(&mut self, _record: &impl Serialize) {
        #[cfg(test)]
        self.traffic.written.add(_record);
    }

    fn put(&mut self, asset: NewAsset<C>, imported: bool, now: Millis) {
        let (new, content) = asset.into_parts(imported, now);
        let Some((record, kept)) = self.assets.get_mut(&new.asset_id) else {
            self.note_written(&new);
            let asset_id = new.asset_id.clone();
            return self.assets.insert(&asset_id, (new, content));
        };
        if std::mem::take(&mut record.damaged) {
            *kept = content;
        }
        record.created_at = now;
        record.imported |= imported;
        record.checksum = record.checksum.take().or(new.checksum);
    }

    fn add_reference(&mut self, asset_id: &str) {
        if let Some((record, _)) = self.assets.get_mut(asset_id) {
            record.references += 1;
        }
    }

    /// Drops references, then content that has none left. Callers that also add references do so first.
    fn drop_references<'a>(&mut self, asset_ids: impl Iterator<Item = &'a str>) {
        for asset_id in asset_ids {
            if let Some((record, _)) = self.assets.get_mut(asset_id) {
                record.references = record.references.saturating_sub(1);
                if record.references == 0 && !record.imported {
                    self.assets.remove(asset_id);
                }
            }
        }
    }
}

impl<C: Clone + 'static> HasContent for MemoryStore<C> {
    type Content = C;
}

impl<C: Clone + 'static> AssetStore for MemoryStore<C> {
    async fn put_assets(&self, assets: Vec<NewAsset<C>>, now: Millis) -> Result<(), StoreError> {
        let mut records = self.records.borrow_mut();
        assets.into_iter().for_each(|asset| records.put(asset, true, now));
        Ok(())
    }

    async fn take_assets(&self, assets: Vec<NewAsset<C>>, now: Millis) -> Result<(), StoreError> {
        let mut records = self.records.borrow_mut();
        assets.into_iter().for_each(|asset| records.put(asset, false, now));
        Ok(())
    }

    async fn are_stored(&self, asset_ids: &[String]) -> Result<Vec<bool>, StoreError> {
        let records = self.records.borrow();
        Ok(asset_ids.iter().map(|asset_id| records.assets.contains(asset_id)).collect())
    }

    async fn asset(&self, asset_id: &str) -> Result<Option<AssetRecord>, StoreError> {
        Ok(self.records.borrow().assets.get(asset_id).map(|(record, _)| record.clone()))
    }

    async fn content(&self, asset_id: &str) -> Result<Option<C>, StoreError> {
        Ok(self.records.borrow().assets.get(asset_id).map(|(_, content)| content.clone()))
    }

    async fn mark_damaged(&self, asset_id: &str) -> Result<(), StoreError> {
        if let Some((record, _)) = self.records.borrow_mut().assets.get_mut(asset_id) {
            record.damaged = true;
        }
        Ok(())
    }

    async fn sweep(&self, before: Millis) -> Result<u32, StoreError> {
        let mut records = self.records.borrow_mut();
        let count = records.assets.len();
        records.assets.retain(|(record, _)| record.references > 0 || record.created_at >= before);
        Ok((count - records.assets.len()) as u32)
    }
}

impl<C: Clone + 'static> BatchStore for MemoryStore<C> {
    async fn create_batch(
        &self,
        mut batch: Batch,
        mut progress: Progress,
        mut executions: Vec<Execution>,
    ) -> Result<Progress, StoreError> {
        let mut records = self.records.borrow_mut();
        if records.batches.contains(&batch.batch_id) {
            return Err(StoreError::Failed(format!("the batch \"{}\" already exists", batch.batch_id)));
        }
        let held = executions.iter().flat_map(Execution::references);
        let missing: SortedSet<String> =
            held.filter(|asset_id| !records.assets.contains(asset_id)).map(str::to_owned).collect();
        // Nothing is counted yet, so no reference is dropped.
        transitions::return_missing(&mut progress, &mut executions, &missing);
        batch.references.retain(|asset_id| records.assets.contains(asset_id));
        batch.references.iter().for_each(|asset_id| records.add_reference(asset_id));
        for asset_id in executions.iter().flat_map(Execution::references) {
            records.add_reference(asset_id);
        }
        debug_assert!(executions.is_sorted_by_key(|execution| execution.asset_index));
        let stored = StoredBatch { batch, progress: progress.clone(), executions };
        records.batches.insert(&progress.batch_id, stored);
        Ok(progress)
    }

    async fn finished_with(&self, content_keys: &[String]) -> Result<Vec<Option<Execution>>, StoreError> {
        let records = self.records.borrow();
        let all = || records.batches.values().flat_map(|stored| stored.executions.iter());
        let of = |key: &String| {
            let mut finished = all().filter(|execution| execution.status() == ExecutionStatus::Success);
            finished.find(|execution| execution.content_key.as_ref() == Some(key)).cloned()
        };
        Ok(content_keys.iter().map(of).collect())
    }

    async fn batch(&self, batch_id: &str) -> Result<Option<Batch>, StoreError> {
        Ok(self.records.borrow().batches.get(batch_id).map(|stored| stored.batch.clone()))
    }

    async fn progress(&self, batch_id: &str) -> Result<Option<Progress>, StoreError> {
        Ok(self.records.borrow().batches.get(batch_id).map(|stored| stored.progress.clone()))
    }

    async fn all_progress(&self) -> Result<Vec<Progress>, StoreError> {
        let mut all = Vec::<Progress>::new();
        for stored in self.records.borrow().batches.values() {
            let progress = &stored.progress;
            let newer = |other: &Progress| {
                other.created_at > progress.created_at
                    || (other.created_at == progress.created_at && other.batch_id > progress.batch_id)
            };
            all.insert(all.partition_point(newer), progress.clone());
        }
        Ok(all)
    }

    async fn list_progress(&self, filter: &BatchFilter, offset: u32, limit: u32) -> Result<ProgressPage, StoreError> {
        let mut all = self.all_progress().await?;
        all.retain(|progress| filter.matches(progress));
        let matching = all.len() as u32;
        Ok(ProgressPage { progress: all.into_iter().skip(offset as usize).take(limit as usize).collect(), matching })
    }

    async fn executions(
        &self,
        batch_id: &str,
        subset: Subset,
        offset: u32,
        limit: u32,
    ) -> Result<ExecutionPage, StoreError> {
        let records = self.records.borrow();
        let matching = records.batches.get(batch_id).map(|stored| stored.matching(subset)).unwrap_or_default();
        let page = matching.iter().skip(offset as usize).take(limit as usize);
        Ok(ExecutionPage { executions: page.map(|one| (*one).clone()).collect(), matching: matching.len() as u32 })
    }

    async fn indices(&self, batch_id: &str, subset: Subset) -> Result<Option<(Progress, Vec<u32>)>, StoreError> {
        let records = self.records.borrow();
        let Some(stored) = records.batches.get(batch_id) else { return Ok(None) };
        let indices = stored.matching(subset).into_iter().map(|execution| execution.asset_index).collect();
        Ok(Some((stored.progress.clone(), indices)))
    }

    async fn change<T: 'static>(
        &self,
        batch_id: &str,
        which: Which,
        assets: Vec<NewAsset<C>>,
        _durability: Durability,
        apply: impl FnOnce(&mut Progress, &mut Vec<Execution>) -> Option<T> + 'static,
    ) -> Result<Option<T>, StoreError> {
        let mut records = self.records.borrow_mut();
        let Some(stored) = records.batches.get(batch_id) else { return Ok(None) };
        let mut progress = stored.progress.clone();
        let before: Vec<Execution> = match which {
            Which::None => Vec::new(),
            Which::At(indices) => {
                let places = indices.iter().filter_map(|index| stored.place(*index));
                places.map(|at| stored.executions[at].clone()).collect()
            }
            Which::In(status) => {
                stored.executions.iter().filter(|execution| execution.status() == status).cloned().collect()
            }
        };
        records.note_read(&progress);
        before.iter().for_each(|execution| records.note_read(execution));
        let mut after = before.clone();
        let Some(answer) = apply(&mut progress, &mut after) else { return Ok(None) };
        records.note_written(&progress);
        after.iter().for_each(|execution| records.note_written(execution));
        let now = progress.updated_at;
        assets.into_iter().for_each(|asset| records.put(asset, false, now));
        for asset_id in after.iter().flat_map(Execution::references) {
            records.add_reference(asset_id);
        }
        records.drop_references(before.iter().flat_map(Execution::references));
        if let Some(stored) = records.batches.get_mut(batch_id) {
            stored.progress = progress;
            for execution in after {
                if let Some(at) = stored.place(execution.asset_index) {
                    stored.executions[at] = execution;
                }
            }
        }
        Ok(Some(answer))
    }

    async fn delete_batch(&self, batch_id: &str) -> Result<bool, StoreError> {
        let mut records = self.records.borrow_mut();
        let Some(stored) = records.batches.remove(batch_id) else { return Ok(false) };
        records.drop_references(stored.batch.references.iter().map(String::as_str));
        records.drop_references(stored.executions.iter().flat_map(Execution::references));
        Ok(true)
    }
}

impl<C: Clone + 'static> LibraryStore for MemoryStore<C> {
    async fn workflow(&self, workflow_id: &str) -> Result<Option<KeptWorkflow>, StoreError> {
        Ok(self.records.borrow().workflows.get(workflow_id).cloned())
    }

    async fn workflows(&self) -> Result<Vec<KeptWorkflow>, StoreError> {
        Ok(self.records.borrow().workflows.values().cloned().collect())
    }

    async fn change_workflow<T: 'static>(
        &self,
        workflow_id: &str,
        apply: impl FnOnce(Option<KeptWorkflow>) -> Option<(WorkflowChange, T)> + 'static,
    ) -> Result<Option<T>, StoreError> {
        let mut records = self.records.borrow_mut();
        let before = records.workflows.get(workflow_id).cloned();
        let Some((kept, answer)) = apply(before.clone()) else { return Ok(None) };
        match kept {
            WorkflowChange::Removed => {
                records.workflows.remove(workflow_id);
            }
            WorkflowChange::Stored(mut workflow) => {
                workflow.references.retain(|asset_id| records.assets.contains(asset_id));
                workflow.references.iter().for_each(|asset_id| records.add_reference(asset_id));
                records.workflows.insert(workflow_id, workflow);
            }
        }
        let dropped = before.map(|before| before.references).unwrap_or_default();
        records.drop_references(dropped.iter().map(String::as_str));
        Ok(Some(answer))
    }

    async fn user_files(&self) -> Result<Vec<UserFile>, StoreError> {
        Ok(self.records.borrow().user_files.values().cloned().collect())
    }

    async fn add_user_file(&self, file: UserFile) -> Result<bool, StoreError> {
        let mut records = self.records.borrow_mut();
        let key = user_file_key(file.kind, &file.name);
        if records.user_files.contains(&key) || !records.assets.contains(&file.asset_id) {
            return Ok(false);
        }
        records.add_reference(&file.asset_id);
        records.user_files.insert(&key, file);
        Ok(true)
    }

    async fn remove_user_file(&self, kind: FileKind, name: &str) -> Result<bool, StoreError> {
        let mut records = self.records.borrow_mut();
        let Some(file) = records.user_files.remove(&user_file_key(kind, name)) else { return Ok(false) };
        if let Some((asset, _)) = records.assets.get_mut(&file.asset_id) {
            asset.references = asset.references.saturating_sub(1);
            if asset.references == 0 {
                records.assets.remove(&file.asset_id);
            }
        }
        Ok(true)
    }
}

/// No name contains a control character.
fn user_file_key(kind: FileKind, name: &str) -> String {
    format!("{}\n{name}", kind.word())
}

impl<C: Clone + 'static> SettingStore for MemoryStore<C> {
    async fn setting(&self, key: &str) -> Result<Option<String>, StoreError> {
        Ok(self.records.borrow().settings.get(key).cloned())
    }

    async fn settings_below(&self, prefix: &str) -> Result<Vec<(String, String)>, StoreError> {
        let records = self.records.borrow();
        let below = records.settings.entries().filter(|(key, _)| key.starts_with(prefix));
        Ok(below.map(|(key, value)| (key.to_owned(), value.clone())).collect())
    }

    async fn change_settings(&self, changes: Vec<(String, Option<String>)>) -> Result<(), StoreError> {
        let settings = &mut self.records.borrow_mut().settings;
        for (key, value) in changes {
            match value {
                Some(value) => settings.insert(&key, value),
                None => {
                    settings.remove(&key);
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Event;
    use crate::batch::records::{Config, InputAsset};
    use crate::batch::transitions::{Findings, Results};
    use crate::error::{Failure, Warning};
    use crate::store::conformance::{self, Fixture};

    /// Records that were read or written, as they are stored.
    #[derive(Clone, Copy, Debug, Default, PartialEq)]
    pub(super) struct Amount {
        records: u32,
        bytes: usize,
    }

    impl Amount {
        pub(super) fn add(&mut self, record: &impl Serialize) {
            self.records += 1;
            self.bytes += serde_json::to_string(record).expect("serializes").len();
        }
    }

    /// What the changes of a store have read and written.
    #[derive(Clone, Copy, Debug, Default)]
    pub(super) struct Traffic {
        pub(super) read: Amount,
        pub(super) written: Amount,
    }

    /// What is read, written and sent when one picture of a batch is finished, all others but one having ended: every
    /// other one failed, the others with doubts.
    fn traffic_of_a_finish(total: u32) -> [Amount; 3] {
        let warning = Warning::new("no_clear_subject", "No subject.", "Crop.");
        let results = Results { warnings: vec![warning], ..Results::default() };
        let inputs = (0..total).map(InputAsset::empty);
        let (mut progress, mut executions) =
            transitions::accept("b", "workflow", "Workflow", Config::default(), inputs, 1.0);
        for execution in &mut executions[2..] {
            let attempt = transitions::hand_out(&mut progress, execution, false, 2.0).expect("pending");
            if execution.asset_index % 2 == 0 {
                let failure = Failure::input("It is broken.", "Use another.");
                transitions::fail(&mut progress, execution, attempt, failure, Findings::default(), 3.0).expect("fails");
            } else {
                transitions::succeed(&mut progress, execution, attempt, results.clone(), Findings::default(), 3.0)
                    .expect("succeeds");
            }
        }
        let attempt = transitions::hand_out(&mut progress, &mut executions[0], false, 4.0).expect("pending");
        let batch = Batch {
            batch_id: "b".to_owned(),
            workflow: serde_json::Value::Null,
            references: SortedSet::new(),
            engine_version: "0".to_owned(),
            run: crate::actions::RunFacts::default(),
        };
        let store = MemoryStore::default();
        pollster::block_on(store.create_batch(batch, progress, executions)).expect("created");
        store.records.borrow_mut().traffic = Traffic::default();

        let findings = Findings { input_thumbnail: Some("thumb".to_owned()), ..Findings::default() };
        let thumbnail = NewAsset {
            asset_id: "thumb".to_owned(),
            name: String::new(),
            mime_type: "image/jpeg".to_owned(),
            bytes: 5,
            checksum: None,
            content: Memory.content("thumb"),
        };
        let end = move |progress: &mut Progress, executions: &mut Vec<Execution>| {
            let execution = executions.first_mut()?;
            transitions::succeed(progress, execution, attempt, results, findings, 5.0)?;
            Some((progress.clone(), execution.clone()))
        };
        let finished = store.change("b", Which::At(vec![0]), vec![thumbnail], Durability::Strict, end);
        let (progress, execution) = pollster::block_on(finished).expect("written").expect("running");
        let mut sent = Amount::default();
        sent.add(&Event::Progress(progress.into()));
        sent.add(&Event::ExecutionCompleted(execution.into()));
        let Traffic { read, written } = store.records.borrow().traffic;
        [read, written, sent]
    }

    #[test]
    fn finishing_a_picture_costs_the_same_in_a_batch_of_ten_and_of_ten_thousand() {
        let (small, large) = (traffic_of_a_finish(10), traffic_of_a_finish(10_000));
        assert_eq!(small.map(|amount| amount.records), [2, 3, 2]);
        for (small, large) in small.into_iter().zip(large) {
            assert_eq!(small.records, large.records);
            // Counters have more digits.
            assert!(large.bytes - small.bytes < 50, "{small:?} {large:?}");
        }
    }

    struct Memory;

    impl Fixture for Memory {
        type Store = MemoryStore;
        async fn fresh(&self) -> MemoryStore {
            MemoryStore::default()
        }
        fn content(&self, text: &str) -> Arc<[u8]> {
            text.as_bytes().into()
        }
        async fn text(&self, content: &Arc<[u8]>) -> String {
            String::from_utf8_lossy(content).into_owned()
        }
    }

    macro_rules! conforms {
        ($($check:ident)*) => { $(
            #[test]
            fn $check() {
                pollster::block_on(conformance::$check(&Memory));
            }
        )* };
    }

    conformance::each!(conforms);
}
