//! Results whose stored files are damaged or missing: they become failures, so that a retry regenerates them.

use serde::{Deserialize, Serialize};

use super::error::ApiError;
use super::{Host, Service};
use crate::batch::records::{Execution, ExecutionStatus, Progress, Subset, execution_id};
use crate::batch::transitions;
use crate::compact::SortedSet;
use crate::store::{AssetStore, BatchStore, Which};

/// Executions read at once, to keep tasks short.
const PORTION: u32 = 500;

/// The outcome of checking a batch's stored results.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VerifyAnswer {
    /// The batch.
    pub batch_id: String,
    /// How many executions had results to check.
    pub checked: u32,
    /// Ids of those whose results are damaged or missing; they have failed now.
    pub damaged: Vec<String>,
}

impl<S: AssetStore + BatchStore, H: Host> Service<S, H> {
    /// The successes among the next executions of a batch, in order; `None` after its end. `from` starts at 0 and is
    /// advanced by each call.
    ///
    /// # Errors
    /// 404, 500.
    pub async fn next_successes(&self, batch_id: &str, from: &mut u32) -> Result<Option<Vec<Execution>>, ApiError> {
        if *from >= self.progress(batch_id).await?.assets.total {
            return Ok(None);
        }
        // By index rather than by position among the successes, whose number may change meanwhile.
        let mut executions = self.store.executions(batch_id, Subset::All, *from, PORTION).await?.executions;
        *from += PORTION;
        executions.retain(|execution| execution.status() == ExecutionStatus::Success);
        Ok(Some(executions))
    }

    /// Records that stored files are damaged or missing: each is replaced when it is stored again, and every execution,
    /// in any batch, that has one among its results fails. Returns the ids of those executions.
    ///
    /// # Errors
    /// 500.
    pub async fn note_damaged(&self, asset_ids: &SortedSet<String>) -> Result<Vec<String>, ApiError> {
        let mut damaged = Vec::new();
        if asset_ids.is_empty() {
            return Ok(damaged);
        }
        for asset_id in asset_ids {
            self.store.mark_damaged(asset_id).await?;
        }
        for progress in self.store.all_progress().await? {
            if progress.assets.completed == 0 {
                continue;
            }
            let batch_id = progress.batch_id;
            let mut found = Vec::<(u32, Vec<String>)>::new();
            let mut from = 0;
            loop {
                let executions = match self.next_successes(&batch_id, &mut from).await {
                    Ok(Some(executions)) => executions,
                    Ok(None) => break,
                    // It was deleted meanwhile.
                    Err(error) if error.code == 404 => break found.clear(),
                    Err(error) => return Err(error),
                };
                for execution in executions {
                    let names = execution.names_of(|file| asset_ids.contains(file));
                    if !names.is_empty() {
                        found.push((execution.asset_index, names));
                    }
                }
            }
            if found.is_empty() {
                continue;
            }
            let now = self.host.now();
            let asset_ids = asset_ids.clone();
            let which = Which::At(found.iter().map(|(index, _)| *index).collect());
            let damage = move |progress: &mut Progress, executions: &mut Vec<Execution>| {
                let mut changed = Vec::new();
                for execution in executions {
                    // Its current state: it may have been regenerated meanwhile.
                    let still = !execution.names_of(|file| asset_ids.contains(file)).is_empty();
                    let place = found.binary_search_by_key(&execution.asset_index, |(index, _)| *index).ok();
                    let names = place.filter(|_| still).map(|at| &found[at].1);
                    if names.and_then(|names| transitions::damage(progress, execution, names, now)).is_some() {
                        changed.push(execution.asset_index);
                    }
                }
                Ok::<_, ()>(changed)
            };
            let (changed, _) = self.change(&batch_id, which, damage).await?;
            damaged.extend(changed.into_iter().flatten().map(|index| execution_id(&batch_id, index)));
        }
        Ok(damaged)
    }
}
