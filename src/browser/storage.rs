//! The storage of this browser: IndexedDB or, if that is not available, the page's memory, which workers access through
//! messages.

#[cfg(feature = "worker")]
use std::rc::Rc;

use web_sys::Blob;

use super::database::{Apply, Database, slot};
#[cfg(feature = "worker")]
use super::environment::now;
use super::interop::boxed;
#[cfg(feature = "worker")]
use super::worker::Remote;
use crate::batch::records::{Batch, Execution, Millis, Progress, Subset};
#[cfg(feature = "worker")]
use crate::batch::transitions::{Findings, Results, fail, succeed};
#[cfg(feature = "worker")]
use crate::error::Failure;
use crate::library::KeptWorkflow;
use crate::store::{
    AssetRecord, AssetStore, BatchFilter, BatchStore, Durability, ExecutionPage, HasContent, LibraryStore, MemoryStore,
    NewAsset, ProgressPage, SettingStore, StoreError, UserFile, Which, WorkflowChange,
};
use crate::user_file::FileKind;

/// The store of this page or worker. Cheap to clone.
#[derive(Clone)]
pub enum Storage {
    /// In IndexedDB.
    Kept(Database),
    /// In this page's memory, and gone with it.
    Memory(MemoryStore<Blob>),
    /// In the memory of this worker's page: only what a worker needs.
    #[cfg(feature = "worker")]
    Asked(Rc<Remote>),
}

/// The end of an execution's attempt, as the worker knows it.
#[cfg(feature = "worker")]
#[derive(Clone, Debug)]
pub struct End {
    /// The batch.
    pub batch_id: String,
    /// The execution's `assetIndex`.
    pub index: u32,
    /// The attempt.
    pub attempt: u32,
    /// Its outcome.
    pub result: Result<Results, Failure>,
    /// What was found, whatever the outcome.
    pub findings: Findings,
}

#[cfg(feature = "worker")]
impl End {
    /// Changes the records accordingly; `None`, without a change, if the attempt is outdated.
    pub(super) fn apply(self, progress: &mut Progress, execution: &mut Execution) -> Option<()> {
        match self.result {
            Ok(results) => succeed(progress, execution, self.attempt, results, self.findings, now()),
            Err(failure) => fail(progress, execution, self.attempt, failure, self.findings, now()),
        }
    }
}

impl Storage {
    /// Executions of a batch by index, from `from`, at most `count`.
    ///
    /// # Errors
    /// When they cannot be read.
    #[cfg(feature = "worker")]
    pub async fn records(&self, batch_id: &str, from: u32, count: u32) -> Result<Vec<Execution>, StoreError> {
        match self {
            Self::Asked(remote) => remote.records(batch_id, from, count).await,
            _ => Ok(self.executions(batch_id, Subset::All, from, count).await?.executions),
        }
    }

    /// Records the end of an attempt with its files, with strict durability; `None` if the attempt is outdated.
    ///
    /// # Errors
    /// When it cannot be written.
    #[cfg(feature = "worker")]
    pub async fn finish(
        &self,
        end: End,
        assets: Vec<NewAsset<Blob>>,
    ) -> Result<Option<(Progress, Execution)>, StoreError> {
        if let Self::Asked(remote) = self {
            return remote.finish(end, assets).await;
        }
        let (batch_id, which) = (end.batch_id.clone(), Which::At(vec![end.index]));
        let apply = move |progress: &mut Progress, executions: &mut Vec<Execution>| {
            let execution = executions.first_mut()?;
            end.apply(progress, execution)?;
            Some((progress.clone(), execution.clone()))
        };
        self.change(&batch_id, which, assets, Durability::Strict, apply).await
    }
}

#[cfg(feature = "worker")]
fn not_here() -> StoreError {
    StoreError::Failed("A worker cannot do this while the page works from memory.".to_owned())
}

/// Asks whichever store it is.
macro_rules! ask {
    ($storage:ident, $store:ident => $answer:expr) => {
        match $storage {
            Self::Kept($store) => boxed($answer),
            Self::Memory($store) => boxed($answer),
            #[cfg(feature = "worker")]
            Self::Asked($store) => boxed($answer),
        }
        .await
    };
    ($storage:ident, page $store:ident => $answer:expr) => {
        match $storage {
            Self::Kept($store) => boxed($answer),
            Self::Memory($store) => boxed($answer),
            #[cfg(feature = "worker")]
            Self::Asked(_) => boxed(async { Err(not_here()) }),
        }
        .await
    };
}

impl HasContent for Storage {
    type Content = Blob;
}

impl AssetStore for Storage {
    async fn put_assets(&self, assets: Vec<NewAsset<Blob>>, now: Millis) -> Result<(), StoreError> {
        ask!(self, store => store.put_assets(assets, now))
    }

    async fn take_assets(&self, assets: Vec<NewAsset<Blob>>, now: Millis) -> Result<(), StoreError> {
        ask!(self, page store => store.take_assets(assets, now))
    }

    async fn are_stored(&self, asset_ids: &[String]) -> Result<Vec<bool>, StoreError> {
        ask!(self, page store => store.are_stored(asset_ids))
    }

    async fn asset(&self, asset_id: &str) -> Result<Option<AssetRecord>, StoreError> {
        ask!(self, store => store.asset(asset_id))
    }

    async fn content(&self, asset_id: &str) -> Result<Option<Blob>, StoreError> {
        ask!(self, store => store.content(asset_id))
    }

    async fn mark_damaged(&self, asset_id: &str) -> Result<(), StoreError> {
        match self {
            Self::Kept(database) => database.mark_damaged(asset_id).await,
            // Memory does not get damaged.
            Self::Memory(_) => Ok(()),
            #[cfg(feature = "worker")]
            Self::Asked(_) => Ok(()),
        }
    }

    async fn sweep(&self, before: Millis) -> Result<u32, StoreError> {
        ask!(self, page store => store.sweep(before))
    }
}

impl BatchStore for Storage {
    async fn create_batch(
        &self,
        batch: Batch,
        progress: Progress,
        executions: Vec<Execution>,
    ) -> Result<Progress, StoreError> {
        ask!(self, page store => store.create_batch(batch, progress, executions))
    }

    async fn finished_with(&self, content_keys: &[String]) -> Result<Vec<Option<Execution>>, StoreError> {
        ask!(self, page store => store.finished_with(content_keys))
    }

    async fn batch(&self, batch_id: &str) -> Result<Option<Batch>, StoreError> {
        ask!(self, store => store.batch(batch_id))
    }

    async fn progress(&self, batch_id: &str) -> Result<Option<Progress>, StoreError> {
        ask!(self, page store => store.progress(batch_id))
    }

    async fn all_progress(&self) -> Result<Vec<Progress>, StoreError> {
        ask!(self, page store => store.all_progress())
    }

    async fn list_progress(&self, filter: &BatchFilter, offset: u32, limit: u32) -> Result<ProgressPage, StoreError> {
        ask!(self, page store => store.list_progress(filter, offset, limit))
    }

    async fn executions(
        &self,
        batch_id: &str,
        subset: Subset,
        offset: u32,
        limit: u32,
    ) -> Result<ExecutionPage, StoreError> {
        ask!(self, page store => store.executions(batch_id, subset, offset, limit))
    }

    async fn indices(&self, batch_id: &str, subset: Subset) -> Result<Option<(Progress, Vec<u32>)>, StoreError> {
        ask!(self, page store => store.indices(batch_id, subset))
    }

    async fn change<T: 'static>(
        &self,
        batch_id: &str,
        which: Which,
        assets: Vec<NewAsset<Blob>>,
        durability: Durability,
        apply: impl FnOnce(&mut Progress, &mut Vec<Execution>) -> Option<T> + 'static,
    ) -> Result<Option<T>, StoreError> {
        // One function for every `apply`, as in `Database`.
        let (answer, left) = slot();
        let apply: Apply = Box::new(move |progress, executions| {
            let answer = apply(progress, executions);
            let write = answer.is_some();
            left.set(answer);
            write
        });
        let written = boxed(self.change_boxed(batch_id, which, assets, durability, apply)).await?;
        Ok(answer.take().filter(|_| written))
    }

    async fn delete_batch(&self, batch_id: &str) -> Result<bool, StoreError> {
        ask!(self, page store => store.delete_batch(batch_id))
    }
}

impl LibraryStore for Storage {
    async fn workflow(&self, workflow_id: &str) -> Result<Option<KeptWorkflow>, StoreError> {
        ask!(self, page store => store.workflow(workflow_id))
    }

    async fn workflows(&self) -> Result<Vec<KeptWorkflow>, StoreError> {
        ask!(self, page store => store.workflows())
    }

    async fn change_workflow<T: 'static>(
        &self,
        workflow_id: &str,
        apply: impl FnOnce(Option<KeptWorkflow>) -> Option<(WorkflowChange, T)> + 'static,
    ) -> Result<Option<T>, StoreError> {
        let (answer, left) = slot();
        let apply: Box<dyn FnOnce(Option<KeptWorkflow>) -> Option<WorkflowChange>> = Box::new(move |before| {
            let (kept, answer) = apply(before)?;
            left.set(Some(answer));
            Some(kept)
        });
        let written = boxed(self.change_workflow_boxed(workflow_id, apply)).await?;
        Ok(answer.take().filter(|_| written))
    }

    async fn user_files(&self) -> Result<Vec<UserFile>, StoreError> {
        ask!(self, store => store.user_files())
    }

    async fn add_user_file(&self, file: UserFile) -> Result<bool, StoreError> {
        ask!(self, page store => store.add_user_file(file))
    }

    async fn remove_user_file(&self, kind: FileKind, name: &str) -> Result<bool, StoreError> {
        ask!(self, page store => store.remove_user_file(kind, name))
    }
}

impl SettingStore for Storage {
    async fn setting(&self, key: &str) -> Result<Option<String>, StoreError> {
        ask!(self, store => store.setting(key))
    }

    async fn settings_below(&self, prefix: &str) -> Result<Vec<(String, String)>, StoreError> {
        ask!(self, page store => store.settings_below(prefix))
    }

    async fn change_settings(&self, changes: Vec<(String, Option<String>)>) -> Result<(), StoreError> {
        ask!(self, page store => store.change_settings(changes))
    }
}

impl Storage {
    pub(super) async fn change_boxed(
        &self,
        batch_id: &str,
        which: Which,
        assets: Vec<NewAsset<Blob>>,
        durability: Durability,
        apply: Apply,
    ) -> Result<bool, StoreError> {
        match self {
            Self::Kept(database) => database.change_batch(batch_id, which, assets, durability, apply).await,
            Self::Memory(memory) => {
                let apply = move |progress: &mut Progress, executions: &mut Vec<Execution>| {
                    apply(progress, executions).then_some(())
                };
                Ok(memory.change(batch_id, which, assets, durability, apply).await?.is_some())
            }
            #[cfg(feature = "worker")]
            Self::Asked(_) => Err(not_here()),
        }
    }

    async fn change_workflow_boxed(
        &self,
        workflow_id: &str,
        apply: Box<dyn FnOnce(Option<KeptWorkflow>) -> Option<WorkflowChange>>,
    ) -> Result<bool, StoreError> {
        match self {
            Self::Kept(database) => database.change_kept(workflow_id, apply).await,
            Self::Memory(memory) => {
                let apply = move |before| apply(before).map(|kept| (kept, ()));
                Ok(memory.change_workflow(workflow_id, apply).await?.is_some())
            }
            #[cfg(feature = "worker")]
            Self::Asked(_) => Err(not_here()),
        }
    }
}
