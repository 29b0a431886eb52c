//! Answers, field by field as in the contract.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::time::iso_time;
use crate::batch::records::{
    Assets, BatchStatus, Config, Execution, ExecutionStatus, InputAsset, LogEntry, LogLevel, OutputFile, PastFailure,
    Pause, PauseReason, PinnedVersion, Progress, Reused, execution_id,
};
use crate::batch::timing::{Timing, timing};
use crate::error::{ErrorCategory, Failure, Phase, Warning};
use crate::store::AssetRecord;

/// A link to a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Absolute.
    pub href: String,
}

/// The links of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Links {
    /// Its status.
    pub status: Link,
    /// Cancels it.
    pub cancel: Link,
    /// Its executions.
    pub executions: Link,
    /// Its status as a preview.
    pub result: Link,
}

impl Links {
    /// The links of a batch, from the document's base URL: where the service worker answers.
    pub fn of(batch_id: &str, base_url: &str) -> Self {
        let document = base_url.split(['#', '?']).next().unwrap_or_default();
        let host = document.find("://").map_or(0, |at| at + 3);
        let base = match document[host..].rfind('/') {
            Some(slash) => document[..=host + slash].to_owned(),
            None => format!("{document}/"),
        };
        let link = |rest: &str| Link { href: format!("{base}api/batch/{batch_id}/{rest}") };
        Self {
            status: link("status"),
            cancel: link("cancel"),
            executions: link("executions"),
            result: link("status?format=preview"),
        }
    }
}

/// Answer to execute. `workflowVersion` is present when the batch runs a published version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the contract's fields")]
pub struct Accepted {
    pub batch_id: String,
    pub workflow_id: String,
    pub job_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow_version: Option<PinnedVersion>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_data: Option<Value>,
    pub status: BatchStatus,
    pub assets: Assets,
    pub config: Config,
    pub created_at: String,
    pub links: Links,
}

impl Accepted {
    pub(super) fn of(progress: &Progress, base_url: &str) -> Self {
        Self {
            batch_id: progress.batch_id.clone(),
            workflow_id: progress.workflow_id.clone(),
            job_name: progress.job_name.clone(),
            workflow_version: progress.version.clone(),
            client_data: progress.client_data.clone(),
            status: progress.status,
            assets: progress.assets,
            config: progress.config.clone(),
            created_at: iso_time(progress.created_at),
            links: Links::of(&progress.batch_id, base_url),
        }
    }
}

/// A pause on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PauseAnswer {
    /// Why.
    pub reason: PauseReason,
    /// Since when, ISO 8601.
    pub since: String,
}

impl From<Pause> for PauseAnswer {
    fn from(pause: Pause) -> Self {
        Self { reason: pause.reason, since: iso_time(pause.since) }
    }
}

/// What a status needs in addition to its batch's records.
pub(super) struct Around<'a> {
    /// The document's base.
    pub base_url: &'a str,
    /// Workers that are currently on the batch.
    pub workers: u32,
    /// The global pause.
    pub global_pause: Option<Pause>,
}

/// An entry of a batch's log on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "says it by its names")]
pub struct LogEntryAnswer {
    pub at: String,
    pub level: LogLevel,
    pub message: String,
}

/// What happened to a batch apart from its executions, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "says it by its names")]
pub struct BatchLog {
    pub batch_id: String,
    pub entries: Vec<LogEntryAnswer>,
}

impl From<&Progress> for BatchLog {
    fn from(progress: &Progress) -> Self {
        let entry = |entry: &LogEntry| LogEntryAnswer {
            at: iso_time(entry.at),
            level: entry.level,
            message: entry.message.clone(),
        };
        Self { batch_id: progress.batch_id.clone(), entries: progress.log.iter().map(entry).collect() }
    }
}

/// How many executions there are and how many have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecutionCounts {
    /// Of the batch.
    pub total: u32,
    /// Successes and failures.
    pub completed: u32,
    /// Failures.
    pub failed: u32,
}

/// The same with their ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionIds {
    /// The counts.
    #[serde(flatten)]
    pub counts: ExecutionCounts,
    /// Of the batch, in order.
    pub all_execution_ids: Vec<String>,
    /// Of the failures, in order.
    pub failed_execution_ids: Vec<String>,
}

/// A status with either kind of `executions`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the contract's fields")]
pub struct StatusWith<E> {
    pub batch_id: String,
    pub workflow_id: String,
    pub job_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow_version: Option<PinnedVersion>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_data: Option<Value>,
    pub status: BatchStatus,
    pub paused: Option<PauseAnswer>,
    pub config: Config,
    pub assets: Assets,
    pub executions: E,
    pub timing: Timing,
    pub endpoint: String,
    pub created_at: String,
    pub updated_at: String,
    pub completed_at: Option<String>,
    pub links: Links,
}

/// Answer to status.
pub type Status = StatusWith<ExecutionIds>;
/// A status without id lists: the detail of events, and an entry of a list.
pub type BatchSummary = StatusWith<ExecutionCounts>;

impl<E> StatusWith<E> {
    fn with(progress: &Progress, surroundings: &Around<'_>, executions: E) -> Self {
        // A batch that has ended is never paused, not even by the global pause.
        let paused = progress.paused.or(surroundings.global_pause.filter(|_| !progress.status.is_end()));
        Self {
            batch_id: progress.batch_id.clone(),
            workflow_id: progress.workflow_id.clone(),
            job_name: progress.job_name.clone(),
            workflow_version: progress.version.clone(),
            client_data: progress.client_data.clone(),
            status: progress.status,
            paused: paused.map(PauseAnswer::from),
            config: progress.config.clone(),
            assets: progress.assets,
            executions,
            timing: timing(progress, paused, surroundings.workers),
            endpoint: "execute".to_owned(),
            created_at: iso_time(progress.created_at),
            updated_at: iso_time(progress.updated_at),
            completed_at: progress.completed_at.map(iso_time),
            links: Links::of(&progress.batch_id, surroundings.base_url),
        }
    }
}

fn counts(progress: &Progress) -> ExecutionCounts {
    let Assets { total, completed, failed, .. } = progress.assets;
    ExecutionCounts { total, completed: completed + failed, failed }
}

impl Status {
    pub(super) fn of(progress: &Progress, surroundings: &Around<'_>) -> Self {
        let id = |index| execution_id(&progress.batch_id, index);
        let executions = ExecutionIds {
            counts: counts(progress),
            all_execution_ids: (0..progress.assets.total).map(id).collect(),
            failed_execution_ids: progress.failed.iter().copied().map(id).collect(),
        };
        Self::with(progress, surroundings, executions)
    }
}

impl BatchSummary {
    pub(super) fn of(progress: &Progress, surroundings: &Around<'_>) -> Self {
        Self::with(progress, surroundings, counts(progress))
    }
}

/// Which part of a filtered list a page shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Paging {
    /// Most entries of the page.
    pub limit: u32,
    /// Entries before it.
    pub offset: u32,
    /// Entries of the page itself.
    pub count: u32,
    /// Whether the filtered list has entries after it.
    pub has_more: bool,
}

impl Paging {
    /// The page of `limit` entries from `offset` on, out of the `matching` entries of the filtered list.
    pub(super) fn of(limit: u32, offset: u32, matching: usize) -> Self {
        let rest = matching.saturating_sub(offset as usize);
        let count = rest.min(limit as usize);
        Self { limit, offset, count: u32::try_from(count).unwrap_or(limit), has_more: count < rest }
    }
}

/// The filters that were applied; others are absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "the contract's fields")]
pub struct Filters {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<BatchStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workflow_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_after: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_before: Option<String>,
}

/// Answer to list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the contract's fields")]
pub struct BatchList {
    pub org_id: String,
    pub batches: Vec<BatchSummary>,
    pub pagination: Paging,
    pub filters: Filters,
}

/// Answer to executions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the contract's fields")]
pub struct ExecutionList {
    pub batch_id: String,
    pub total: u32,
    pub executions: Vec<ExecutionAnswer>,
    pub pagination: Paging,
}

/// Answer to cancel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the contract's fields")]
pub struct Cancelled {
    pub batch_id: String,
    pub status: BatchStatus,
    pub message: String,
    pub previous_status: BatchStatus,
    pub assets: Assets,
}

impl Cancelled {
    pub(super) fn of(progress: &Progress, previous_status: BatchStatus) -> Self {
        let Assets { processing, pending, .. } = progress.assets;
        let message = match (processing, pending) {
            (0, pending) => format!("The batch is cancelled; {pending} not run."),
            (processing, pending) => {
                format!("The batch is cancelled; {processing} in flight may still finish, {pending} not run.")
            }
        };
        Self {
            batch_id: progress.batch_id.clone(),
            status: progress.status,
            message,
            previous_status,
            assets: progress.assets,
        }
    }
}

/// Answer to delete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "says it by its names")]
pub struct Deleted {
    pub batch_id: String,
    pub deleted: bool,
}

/// The additional fields of a failed execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the contract's fields")]
pub struct ExecutionFailure {
    pub error: String,
    pub error_category: ErrorCategory,
    pub phase: Phase,
    pub action_id: Option<String>,
    pub hint: String,
}

/// A failure before a retry, on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PastFailureAnswer {
    /// The attempt that failed.
    pub attempt: u32,
    /// When it failed.
    pub failed_at: String,
    /// What went wrong.
    #[serde(flatten)]
    pub failure: ExecutionFailure,
}

impl From<&Failure> for ExecutionFailure {
    fn from(failure: &Failure) -> Self {
        Self {
            error: failure.message.clone(),
            error_category: failure.category,
            phase: failure.phase,
            action_id: failure.action_id.clone(),
            hint: failure.hint.clone(),
        }
    }
}

impl From<&PastFailure> for PastFailureAnswer {
    fn from(past: &PastFailure) -> Self {
        let failure = ExecutionFailure::from(&past.failure);
        Self { attempt: past.attempt, failed_at: iso_time(past.failed_at), failure }
    }
}

/// An execution on the wire: `outputs` and `warnings` are present on success, the failure's fields on failure;
/// `startedAt`, `completedAt` and `durationMs` are null until they are known. `history` is present if it was retried,
/// `reused` if its results were reused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the contract's fields")]
pub struct ExecutionAnswer {
    pub execution_id: String,
    pub batch_id: String,
    pub asset_index: u32,
    pub input_asset: InputAsset,
    pub status: ExecutionStatus,
    pub attempts: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outputs: Option<Vec<OutputFile>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warnings: Option<Vec<Warning>>,
    #[serde(flatten)]
    pub failure: Option<ExecutionFailure>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<PastFailureAnswer>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reused: Option<Reused>,
    pub started_at: Option<String>,
    pub completed_at: Option<String>,
    pub duration_ms: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_data: Option<Value>,
}

impl From<&Execution> for ExecutionAnswer {
    fn from(execution: &Execution) -> Self {
        let success = execution.status == ExecutionStatus::Success;
        let failure = (execution.status == ExecutionStatus::Failed).then_some(execution.failure.as_ref()).flatten();
        Self {
            execution_id: execution.execution_id(),
            batch_id: execution.batch_id.clone(),
            asset_index: execution.asset_index,
            input_asset: execution.input_asset.clone(),
            status: execution.status,
            attempts: execution.attempts,
            outputs: success.then(|| execution.outputs.clone()),
            warnings: success.then(|| execution.warnings.clone()),
            failure: failure.map(ExecutionFailure::from),
            history: execution.history.iter().map(PastFailureAnswer::from).collect(),
            reused: execution.reused.clone(),
            started_at: execution.started_at.map(iso_time),
            completed_at: execution.completed_at.map(iso_time),
            duration_ms: execution.duration_ms,
            client_data: execution.client_data.clone(),
        }
    }
}

/// An imported file on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the contract's fields")]
pub struct Asset {
    pub asset_id: String,
    pub name: String,
    pub mime_type: String,
    pub bytes: u64,
    pub url: String,
}

impl From<&AssetRecord> for Asset {
    fn from(record: &AssetRecord) -> Self {
        Self {
            asset_id: record.asset_id.clone(),
            name: record.name.clone(),
            mime_type: record.mime_type.clone(),
            bytes: record.bytes,
            url: format!("asset:{}", record.asset_id),
        }
    }
}
