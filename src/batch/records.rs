//! The records of a batch as they are stored.
//!
//! A [`Batch`] holds the request and is never rewritten. [`Progress`] and [`Execution`] change only inside a
//! transaction that has read them (see `store::Store::change`), by the functions of `batch::transitions`.

use crate::compact::SortedSet;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::webhook::Delivery;
pub use crate::engine::{InputAsset, InputRef, InputSize};
use crate::error::{ErrorCategory, Failure, Phase, Warning};

/// Milliseconds since 1970-01-01 UTC.
pub type Millis = f64;

/// State of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BatchStatus {
    /// Accepted, nothing started yet.
    Pending,
    /// At least one execution was started.
    Running,
    /// Everything ended, at least one success.
    Completed,
    /// Every asset failed, or the first failure ended it.
    Failed,
    /// Cancelled by the user.
    Cancelled,
}

impl BatchStatus {
    /// The word on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing more will be started.
    pub const fn is_end(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

/// State of an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExecutionStatus {
    /// Not started, or returned to the queue.
    Pending,
    /// Handed to a worker.
    Running,
    /// Its outputs are stored.
    Success,
    /// Its error is stored.
    Failed,
}

impl ExecutionStatus {
    /// The word on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Success => "success",
            Self::Failed => "failed",
        }
    }
}

/// Weight class of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Priority {
    /// Weight 4.
    High,
    /// Weight 2.
    #[default]
    Normal,
    /// Weight 1.
    Low,
}

impl Priority {
    /// Every class, the heaviest first.
    pub const ALL: [Self; 3] = [Self::High, Self::Normal, Self::Low];

    /// The word on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::High => "HIGH",
            Self::Normal => "NORMAL",
            Self::Low => "LOW",
        }
    }

    /// Share in the stride scheduling.
    pub const fn weight(self) -> u32 {
        match self {
            Self::High => 4,
            Self::Normal => 2,
            Self::Low => 1,
        }
    }
}

/// `batchConfig` with defaults applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Config {
    /// Most executions of the batch in flight, 1…100.
    pub concurrency_limit: u32,
    /// Weight class.
    pub priority: Priority,
    /// Whether the batch continues after a failure.
    pub continue_on_error: bool,
    /// Stored, and sent only when the user's settings allow it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub webhook_url: Option<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self { concurrency_limit: 10, priority: Priority::Normal, continue_on_error: true, webhook_url: None }
    }
}

/// A batch as requested.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Batch {
    /// `batch-{slug}-{yyyymmdd}-{8 hex}`.
    pub batch_id: String,
    /// The workflow document as written.
    pub workflow: Value,
    /// Asset ids that the document names; each counts as one reference.
    pub references: SortedSet<String>,
    /// Version of the engine that accepted it.
    pub engine_version: String,
}

/// Why a batch is paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PauseReason {
    /// By the user.
    User,
    /// The browser's storage is full.
    Quota,
    /// The browser's storage is failing.
    Storage,
}

/// A pause and its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pause {
    /// Why.
    pub reason: PauseReason,
    /// Since when.
    pub since: Millis,
}

/// Counters: always pending + processing + completed + failed = total.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assets {
    /// Executions of the batch.
    pub total: u32,
    /// Not started.
    pub pending: u32,
    /// In flight.
    pub processing: u32,
    /// Successes.
    pub completed: u32,
    /// Failures.
    pub failed: u32,
}

impl Assets {
    /// Whether the counters add up to the total.
    pub const fn add_up(&self) -> bool {
        self.pending as u64 + self.processing as u64 + self.completed as u64 + self.failed as u64 == self.total as u64
    }

    /// How many have not ended.
    pub const fn unfinished(&self) -> u32 {
        self.pending + self.processing
    }
}

/// The published version of a workflow that a batch started with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PinnedVersion {
    /// From 1.
    pub version: u32,
    /// `{workflowId}@{version}`.
    pub version_id: String,
}

/// The level of a log entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Good to know.
    Info,
    /// Something went wrong and will be retried.
    Warning,
    /// Something was given up.
    Error,
}

/// Something that happened to a batch apart from its executions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogEntry {
    /// When.
    pub at: Millis,
    /// Its level.
    pub level: LogLevel,
    /// What, in a sentence.
    pub message: String,
}

/// What changes while a batch runs: enough for lists and statuses without the batch's document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// The batch.
    pub batch_id: String,
    /// Its workflow's id.
    pub workflow_id: String,
    /// `metadata.name` of its workflow.
    pub job_name: String,
    /// The published version it started with, if it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<PinnedVersion>,
    /// Recipe of its document (see `library::recipe`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipe: Option<String>,
    /// What the client asked to find again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_data: Option<Value>,
    /// Number of changes so far: of two copies, the one with more is newer.
    #[serde(default)]
    pub revision: u64,
    /// Number of retries so far: each returns executions to pending.
    #[serde(default)]
    pub round: u32,
    /// State.
    pub status: BatchStatus,
    /// Pause; a paused batch keeps its state.
    pub paused: Option<Pause>,
    /// Current concurrency, priority and other settings.
    pub config: Config,
    /// Counters.
    pub assets: Assets,
    /// Indices of the failed executions.
    pub failed: SortedSet<u32>,
    /// Indices of the successes with doubts about their results. Empty for batches that ran before this was recorded.
    #[serde(default, skip_serializing_if = "SortedSet::is_empty")]
    pub doubtful: SortedSet<u32>,
    /// Sum of `durationMs` over the finished executions that count towards the average.
    pub duration_sum_ms: f64,
    /// How many executions are in that sum.
    pub duration_count: u32,
    /// The webhook call that is still due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<Delivery>,
    /// What happened apart from its executions, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<LogEntry>,
    /// When it was accepted.
    pub created_at: Millis,
    /// When anything last changed.
    pub updated_at: Millis,
    /// When it had ended with nothing left in flight.
    pub completed_at: Option<Millis>,
}

/// One written result (contract: "an output").
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OutputFile {
    /// The action it comes from.
    pub action_id: String,
    /// Always `outputs` for now.
    pub port: String,
    /// The name pattern's raw result.
    pub name: String,
    /// Media type.
    pub mime_type: String,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// File size.
    pub bytes: u64,
    /// Of the file, hex.
    pub sha256: String,
    /// Encoder with version.
    pub encoder: String,
    /// `asset:` + sha256.
    pub url: String,
}

/// A failure before a retry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PastFailure {
    /// The attempt that failed.
    pub attempt: u32,
    /// When it failed.
    pub failed_at: Millis,
    /// What went wrong.
    pub failure: Failure,
}

/// The origin of a reused result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reused {
    /// The batch it was made in.
    pub batch_id: String,
    /// The execution that made it.
    pub execution_id: String,
}

/// One execution: one picture processed by the whole graph.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Execution {
    /// The batch.
    pub batch_id: String,
    /// Position in the batch, from 0.
    pub asset_index: u32,
    /// What it works on.
    pub input_asset: InputAsset,
    /// State.
    pub status: ExecutionStatus,
    /// How often it was started; also the fencing token of a finish.
    pub attempts: u32,
    /// Results, on success.
    pub outputs: Vec<OutputFile>,
    /// CRC-32 of each output, for the ZIP.
    pub crc32: Vec<u32>,
    /// What went wrong, on failure.
    pub failure: Option<Failure>,
    /// What went wrong before, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<PastFailure>,
    /// A hash of everything that determines its results: recipe, engine and contents. `None` if the content of an input
    /// is unknown until it is fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_key: Option<String>,
    /// Where its results were reused from, if they were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reused: Option<Reused>,
    /// What was noticed about the results, on success.
    #[serde(default)]
    pub warnings: Vec<Warning>,
    /// Last start.
    pub started_at: Option<Millis>,
    /// End.
    pub completed_at: Option<Millis>,
    /// From hand-out until the result was durable.
    pub duration_ms: Option<f64>,
    /// Asset id of the 256 px thumbnail of the primary input.
    pub input_thumbnail: Option<String>,
    /// Asset id of the 256 px thumbnail of the first output.
    pub output_thumbnail: Option<String>,
    /// Size of the primary input in pixels and bytes, once known.
    pub input_size: Option<InputSize>,
    /// Workers that died with it in flight.
    pub worker_deaths: u32,
    /// Tabs that died while it was alone in flight.
    pub tab_deaths: u32,
    /// Whether its tab died with it in flight, so that it runs first and alone.
    pub suspect: bool,
    /// Whether it was handed out alone.
    pub alone: bool,
    /// Version of the engine that finished it.
    pub engine_version: Option<String>,
    /// What its batch's client asked to find again. Kept with the batch: an execution has it only where an event tells of
    /// it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_data: Option<Value>,
}

impl Execution {
    /// `{batchId}_exec-{index}`.
    pub fn execution_id(&self) -> String {
        execution_id(&self.batch_id, self.asset_index)
    }

    /// Whether its results need review.
    pub fn is_doubtful(&self) -> bool {
        self.status == ExecutionStatus::Success && self.warnings.iter().any(Warning::is_doubt)
    }

    /// The input whose file made it fail, if the failure names one.
    pub fn failed_input(&self) -> Option<&InputRef> {
        let failure = self.failure.as_ref().filter(|failure| failure.phase != Phase::Execute)?;
        let action_id = failure.action_id.as_ref()?;
        self.input_asset.inputs.iter().find(|input| input.action_id == *action_id)
    }

    /// Whether it would fail again with the same files.
    pub fn needs_another_file(&self) -> bool {
        let by_user = |failure: &Failure| failure.category == ErrorCategory::ValidationError;
        self.failed_input().is_some() && self.failure.as_ref().is_some_and(by_user)
    }

    /// Asset ids it refers to: outputs, thumbnails, replaced inputs, and a primary input that was fetched from a URL.
    /// (Inputs that the document names as `asset:` are referred to by the batch.)
    pub fn references(&self) -> impl Iterator<Item = &str> {
        let outputs = self.outputs.iter().map(|output| output.sha256.as_str());
        let fetched =
            self.input_asset.asset_id.as_deref().filter(|_| {
                self.input_asset.inputs.first().is_some_and(|input| !input.source_url.starts_with("asset:"))
            });
        let replaced = self.input_asset.inputs.iter().filter(|input| input.replaced);
        let replaced = replaced.filter_map(|input| input.source_url.strip_prefix("asset:"));
        let thumbnails = self.input_thumbnail.as_deref().into_iter().chain(self.output_thumbnail.as_deref());
        outputs.chain(thumbnails).chain(fetched).chain(replaced)
    }
}

/// The id of an execution on the wire.
pub fn execution_id(batch_id: &str, index: u32) -> String {
    format!("{batch_id}_exec-{index}")
}
