//! The records of a batch as they are stored.
//!
//! A [`Batch`] holds the request and is never rewritten. [`Progress`] and [`Execution`] change only inside a
//! transaction that has read them (see `store::Store::change`), by the functions of `batch::transitions`.

use crate::actions::RunFacts;
use crate::compact::{SortedMap, SortedSet};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use super::webhook::Delivery;
pub use crate::engine::{Gathered, InputAsset, InputRef, InputSize};
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
#[serde(rename_all = "lowercase", try_from = "Subset")]
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

/// Some of a batch's executions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Subset {
    /// All.
    All,
    /// Those that are pending.
    Pending,
    /// Those in flight.
    Running,
    /// Those with results.
    Success,
    /// Those that failed.
    Failed,
    /// Successes with doubts about their results.
    Doubtful,
}

impl Subset {
    /// Whether it contains an execution.
    pub fn matches(self, execution: &Execution) -> bool {
        match self {
            Self::All => true,
            Self::Doubtful => execution.is_doubtful(),
            subset => Self::from(execution.status()) == subset,
        }
    }
}

impl TryFrom<Subset> for ExecutionStatus {
    type Error = &'static str;

    fn try_from(subset: Subset) -> Result<Self, Self::Error> {
        match subset {
            Subset::Pending => Ok(Self::Pending),
            Subset::Running => Ok(Self::Running),
            Subset::Success => Ok(Self::Success),
            Subset::Failed => Ok(Self::Failed),
            Subset::All | Subset::Doubtful => Err(CONTRADICTION),
        }
    }
}

impl From<ExecutionStatus> for Subset {
    fn from(status: ExecutionStatus) -> Self {
        match status {
            ExecutionStatus::Pending => Self::Pending,
            ExecutionStatus::Running => Self::Running,
            ExecutionStatus::Success => Self::Success,
            ExecutionStatus::Failed => Self::Failed,
        }
    }
}

/// Why the record of an execution is refused.
const CONTRADICTION: &str = "an execution contradicts its state";

/// The mark of a stored execution with doubts about its results.
pub const DOUBTFUL: &str = "doubtful";

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
    /// What placeholders say of it.
    #[serde(default)]
    pub run: RunFacts,
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

fn is_zero(count: &u32) -> bool {
    *count == 0
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
    /// How many of its executions gather what the others made; they are the last ones.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub gathering: u32,
    /// How many successes have doubts about their results. Which ones, and which executions failed, the store lists: a
    /// set in here would be rewritten whenever an execution ends.
    #[serde(default)]
    pub doubtful_count: u32,
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
    /// The custom actions that had a part in it, each with the SHA-256 of its module in hexadecimal digits.
    #[serde(default, skip_serializing_if = "SortedMap::is_empty")]
    pub modules: SortedMap<String, String>,
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

/// What a successful execution produced.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Results {
    /// The written results.
    pub outputs: Vec<OutputFile>,
    /// CRC-32 of each, for the ZIP.
    pub crc32: Vec<u32>,
    /// Asset id of the 256 px thumbnail of the first.
    pub output_thumbnail: Option<String>,
    /// What was noticed about them.
    pub warnings: Vec<Warning>,
    /// The pictures that it made for executions that gather them.
    pub staged: Vec<StagedFile>,
}

/// A picture that an execution made for another one, which gathers those of many: a lossless file that is no result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StagedFile {
    /// The action that gathers it.
    pub action_id: String,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Of the file, hex: its asset id.
    pub sha256: String,
    /// The custom actions that had a part in it, each with the SHA-256 of its module.
    #[serde(default, skip_serializing_if = "SortedMap::is_empty")]
    pub modules: SortedMap<String, String>,
}

/// When an attempt was handed to its worker, and how long it took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Run {
    /// Its start.
    pub started_at: Millis,
    /// From hand-out until the result was durable.
    pub duration_ms: f64,
}

/// Where results came from.
#[derive(Clone, Debug, PartialEq)]
pub enum Origin {
    /// This execution ran.
    Made(Run),
    /// An execution of an earlier batch.
    Reused(Reused),
}

/// An execution in flight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flight {
    /// When it was handed out.
    pub started_at: Millis,
    /// Whether it was handed out alone.
    pub alone: bool,
    /// Whether it was a suspect before.
    pub suspect: bool,
}

/// The end of an execution with results.
#[derive(Clone, Debug, PartialEq)]
pub struct Success {
    /// Where they came from.
    pub origin: Origin,
    /// When they were stored.
    pub completed_at: Millis,
    /// Version of the engine that made them.
    pub engine_version: Option<String>,
    /// The results.
    pub results: Results,
}

/// The end of an execution without results.
#[derive(Clone, Debug, PartialEq)]
pub struct Failed {
    /// What went wrong.
    pub failure: Failure,
    /// The attempt, unless what failed is a reused result that was lost.
    pub run: Option<Run>,
    /// When it failed.
    pub completed_at: Millis,
    /// Version of the engine that worked on it, if it could still report that.
    pub engine_version: Option<String>,
}

/// An execution's state, with what only this state has.
#[derive(Clone, Debug, PartialEq)]
pub enum ExecutionState {
    /// Not started, or returned to the queue.
    Pending {
        /// Whether its tab died with it in flight, so that it runs first and alone.
        suspect: bool,
    },
    /// Handed to a worker.
    Running(Flight),
    /// Its outputs are stored.
    Success(Box<Success>),
    /// Its error is stored.
    Failed(Box<Failed>),
}

/// One execution: one picture processed by the whole graph. Stored and sent as one flat object (`Flat`), whatever its
/// state.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Flat")]
pub struct Execution {
    /// The batch.
    pub batch_id: String,
    /// Position in the batch, from 0.
    pub asset_index: u32,
    /// What it works on.
    pub input_asset: InputAsset,
    /// How often it was started; also the fencing token of a finish.
    pub attempts: u32,
    /// What went wrong before, oldest first.
    pub history: Vec<PastFailure>,
    /// A hash of everything that determines its results: recipe, engine and contents. `None` if the content of an input
    /// is unknown until it is fetched.
    pub content_key: Option<String>,
    /// Asset id of the 256 px thumbnail of the primary input.
    pub input_thumbnail: Option<String>,
    /// Size of the primary input in pixels and bytes, once known.
    pub input_size: Option<InputSize>,
    /// Workers that died with it in flight.
    pub worker_deaths: u32,
    /// Tabs that died while it was alone in flight.
    pub tab_deaths: u32,
    /// What its batch's client asked to find again. Kept with the batch: an execution has it only where an event tells of
    /// it.
    pub client_data: Option<Value>,
    /// Its state.
    pub state: ExecutionState,
}

impl Execution {
    /// A new one: pending, never started.
    pub fn new(batch_id: &str, asset_index: u32, input_asset: InputAsset) -> Self {
        Self {
            batch_id: batch_id.to_owned(),
            asset_index,
            input_asset,
            attempts: 0,
            history: Vec::new(),
            content_key: None,
            input_thumbnail: None,
            input_size: None,
            worker_deaths: 0,
            tab_deaths: 0,
            client_data: None,
            state: ExecutionState::Pending { suspect: false },
        }
    }

    /// `{batchId}_exec-{index}`.
    pub fn execution_id(&self) -> String {
        execution_id(&self.batch_id, self.asset_index)
    }

    /// The name of its state.
    pub const fn status(&self) -> ExecutionStatus {
        match self.state {
            ExecutionState::Pending { .. } => ExecutionStatus::Pending,
            ExecutionState::Running(_) => ExecutionStatus::Running,
            ExecutionState::Success(_) => ExecutionStatus::Success,
            ExecutionState::Failed(_) => ExecutionStatus::Failed,
        }
    }

    /// Its success, if it is one.
    pub fn success(&self) -> Option<&Success> {
        match &self.state {
            ExecutionState::Success(success) => Some(success),
            _ => None,
        }
    }

    /// Its failure with what belongs to it, if it failed.
    pub fn failed(&self) -> Option<&Failed> {
        match &self.state {
            ExecutionState::Failed(failed) => Some(failed),
            _ => None,
        }
    }

    /// What went wrong, if it failed.
    pub fn failure(&self) -> Option<&Failure> {
        self.failed().map(|failed| &failed.failure)
    }

    /// Its results; none unless it is a success.
    pub fn outputs(&self) -> &[OutputFile] {
        self.success().map_or(&[], |success| &success.results.outputs)
    }

    /// The pictures that it made for executions that gather them; none unless it is a success.
    pub fn staged(&self) -> &[StagedFile] {
        self.success().map_or(&[], |success| &success.results.staged)
    }

    /// Whether it works on what other executions of its batch made.
    pub const fn gathers(&self) -> bool {
        self.input_asset.gathered.is_some()
    }

    /// What it made: the asset ids of its results and of its pictures for others, with their names. The latter have none but
    /// that of the action that gathers them.
    pub fn files(&self) -> impl Iterator<Item = (&String, &String)> {
        let outputs = self.outputs().iter().map(|output| (&output.sha256, &output.name));
        outputs.chain(self.staged().iter().map(|staged| (&staged.sha256, &staged.action_id)))
    }

    /// The names of its files among these.
    pub fn names_of(&self, files: impl Fn(&str) -> bool) -> Vec<String> {
        self.files().filter(|(file, _)| files(file)).map(|(_, name)| name.clone()).collect()
    }

    /// What was noticed about its results.
    pub fn warnings(&self) -> &[Warning] {
        self.success().map_or(&[], |success| &success.results.warnings)
    }

    /// Asset id of the 256 px thumbnail of its first output.
    pub fn output_thumbnail(&self) -> Option<&String> {
        self.success()?.results.output_thumbnail.as_ref()
    }

    /// Where its results were reused from, if they were.
    pub fn reused(&self) -> Option<&Reused> {
        match &self.success()?.origin {
            Origin::Reused(reused) => Some(reused),
            Origin::Made(_) => None,
        }
    }

    /// The attempt that ended, if one did.
    pub fn run(&self) -> Option<Run> {
        match &self.state {
            ExecutionState::Success(success) => match success.origin {
                Origin::Made(run) => Some(run),
                Origin::Reused(_) => None,
            },
            ExecutionState::Failed(failed) => failed.run,
            _ => None,
        }
    }

    /// How long that attempt took.
    pub fn duration_ms(&self) -> Option<f64> {
        self.run().map(|run| run.duration_ms)
    }

    /// When the attempt started that runs or has ended.
    pub fn started_at(&self) -> Option<Millis> {
        match self.state {
            ExecutionState::Running(flight) => Some(flight.started_at),
            _ => self.run().map(|run| run.started_at),
        }
    }

    /// When it ended, and the version of the engine that worked on it.
    fn end(&self) -> Option<(Millis, Option<&String>)> {
        match &self.state {
            ExecutionState::Success(success) => Some((success.completed_at, success.engine_version.as_ref())),
            ExecutionState::Failed(failed) => Some((failed.completed_at, failed.engine_version.as_ref())),
            _ => None,
        }
    }

    /// When it ended.
    pub fn completed_at(&self) -> Option<Millis> {
        self.end().map(|(completed_at, _)| completed_at)
    }

    /// Version of the engine that ended it.
    pub fn engine_version(&self) -> Option<&String> {
        self.end()?.1
    }

    /// Whether its tab died with it in flight, and it has not ended since.
    pub const fn is_suspect(&self) -> bool {
        match self.state {
            ExecutionState::Pending { suspect } | ExecutionState::Running(Flight { suspect, .. }) => suspect,
            _ => false,
        }
    }

    /// Whether its results need review.
    pub fn is_doubtful(&self) -> bool {
        self.warnings().iter().any(Warning::is_doubt)
    }

    /// The input whose file made it fail, if the failure names one.
    pub fn failed_input(&self) -> Option<&InputRef> {
        let failure = self.failure().filter(|failure| failure.phase != Phase::Execute)?;
        let action_id = failure.action_id.as_ref()?;
        self.input_asset.inputs.iter().find(|input| input.action_id == *action_id)
    }

    /// Whether it would fail again with the same files.
    pub fn needs_another_file(&self) -> bool {
        let by_user = |failure: &Failure| failure.category == ErrorCategory::ValidationError;
        self.failed_input().is_some() && self.failure().is_some_and(by_user)
    }

    /// Asset ids it refers to: outputs, what it made for others, thumbnails, replaced inputs, and a primary input that was fetched from a URL.
    /// (Inputs that the document names as `asset:` are referred to by the batch.)
    pub fn references(&self) -> impl Iterator<Item = &str> {
        // A list, because a chain of iterators would be compiled once for every use.
        let mut held: Vec<&str> = self.outputs().iter().map(|output| output.sha256.as_str()).collect();
        held.extend(self.staged().iter().map(|staged| staged.sha256.as_str()));
        held.extend(self.input_thumbnail.as_deref());
        held.extend(self.output_thumbnail().map(String::as_str));
        let inputs = &self.input_asset.inputs;
        if inputs.first().is_some_and(|input| !input.source_url.starts_with("asset:")) {
            held.extend(self.input_asset.asset_id.as_deref());
        }
        for input in inputs.iter().filter(|input| input.replaced) {
            held.extend(input.source_url.strip_prefix("asset:"));
        }
        held.into_iter()
    }
}

/// The form of an execution wherever it is stored or sent. Its fields are frozen; those that the state does not have
/// are empty. It is written by hand from the state: see [`Execution::serialize`], which adds a mark for the store to list
/// doubtful executions by.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Flat {
    batch_id: String,
    asset_index: u32,
    input_asset: InputAsset,
    status: ExecutionStatus,
    attempts: u32,
    outputs: Vec<OutputFile>,
    crc32: Vec<u32>,
    #[serde(default)]
    staged: Vec<StagedFile>,
    failure: Option<Failure>,
    #[serde(default)]
    history: Vec<PastFailure>,
    content_key: Option<String>,
    reused: Option<Reused>,
    #[serde(default)]
    warnings: Vec<Warning>,
    started_at: Option<Millis>,
    completed_at: Option<Millis>,
    duration_ms: Option<f64>,
    input_thumbnail: Option<String>,
    output_thumbnail: Option<String>,
    input_size: Option<InputSize>,
    worker_deaths: u32,
    tab_deaths: u32,
    suspect: bool,
    alone: bool,
    engine_version: Option<String>,
    client_data: Option<Value>,
}

impl Flat {
    /// The attempt that ended.
    fn run(&self) -> Option<Run> {
        let (started_at, duration_ms) = self.started_at.zip(self.duration_ms)?;
        Some(Run { started_at, duration_ms })
    }

    /// Whether its state has what belongs to it, and nothing that only another state has.
    fn is_consistent(&self) -> bool {
        let has_files = !self.outputs.is_empty() || !self.staged.is_empty();
        let has_results = has_files || self.output_thumbnail.is_some() || self.reused.is_some();
        let fits_state = match self.status {
            ExecutionStatus::Pending => !has_results,
            ExecutionStatus::Running => !has_results && self.started_at.is_some(),
            ExecutionStatus::Failed => !has_results && self.completed_at.is_some(),
            ExecutionStatus::Success => {
                let has_origin = self.reused.is_some() || self.run().is_some();
                self.completed_at.is_some() && self.outputs.len() == self.crc32.len() && has_origin
            }
        };
        fits_state && (self.status == ExecutionStatus::Failed) == self.failure.is_some()
    }
}

/// Refuses what contradicts the state and would get lost: results without a success (their files would keep their
/// references), a failure that is none, and an end without what belongs to it. What an earlier attempt left behind and
/// nobody reads, such as a version, is dropped.
impl TryFrom<Flat> for Execution {
    type Error = &'static str;

    fn try_from(flat: Flat) -> Result<Self, Self::Error> {
        // All of it before anything is moved: an early return drops what is left, each in its own way.
        if !flat.is_consistent() {
            return Err(CONTRADICTION);
        }
        let run = flat.run();
        let completed_at = flat.completed_at.unwrap_or_default();
        let state = match (flat.status, flat.failure) {
            (ExecutionStatus::Pending, _) => ExecutionState::Pending { suspect: flat.suspect },
            (ExecutionStatus::Running, _) => ExecutionState::Running(Flight {
                started_at: flat.started_at.unwrap_or_default(),
                alone: flat.alone,
                suspect: flat.suspect,
            }),
            (_, Some(failure)) => ExecutionState::Failed(Box::new(Failed {
                failure,
                run,
                completed_at,
                engine_version: flat.engine_version,
            })),
            (_, None) => ExecutionState::Success(Box::new(Success {
                origin: match (flat.reused, run) {
                    (Some(reused), _) => Origin::Reused(reused),
                    (None, run) => Origin::Made(run.unwrap_or(Run { started_at: completed_at, duration_ms: 0.0 })),
                },
                completed_at,
                engine_version: flat.engine_version,
                results: Results {
                    outputs: flat.outputs,
                    crc32: flat.crc32,
                    output_thumbnail: flat.output_thumbnail,
                    warnings: flat.warnings,
                    staged: flat.staged,
                },
            })),
        };
        Ok(Self {
            batch_id: flat.batch_id,
            asset_index: flat.asset_index,
            input_asset: flat.input_asset,
            attempts: flat.attempts,
            history: flat.history,
            content_key: flat.content_key,
            input_thumbnail: flat.input_thumbnail,
            input_size: flat.input_size,
            worker_deaths: flat.worker_deaths,
            tab_deaths: flat.tab_deaths,
            client_data: flat.client_data,
            state,
        })
    }
}

impl Serialize for Execution {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let alone = matches!(self.state, ExecutionState::Running(Flight { alone: true, .. }));
        // Each as the type that answers have, too: any other is another copy of its code.
        let none = Results::default();
        let results = self.success().map_or(&none, |success| &success.results);
        let mut flat = serializer.serialize_struct("Execution", 26)?;
        flat.serialize_field("batchId", &self.batch_id)?;
        flat.serialize_field("assetIndex", &self.asset_index)?;
        flat.serialize_field("inputAsset", &self.input_asset)?;
        flat.serialize_field("status", &self.status())?;
        flat.serialize_field("attempts", &self.attempts)?;
        flat.serialize_field("outputs", &results.outputs)?;
        flat.serialize_field("crc32", &results.crc32)?;
        if !results.staged.is_empty() {
            flat.serialize_field("staged", &results.staged)?;
        }
        flat.serialize_field("failure", &self.failure())?;
        if !self.history.is_empty() {
            flat.serialize_field("history", &self.history)?;
        }
        if self.content_key.is_some() {
            flat.serialize_field("contentKey", &self.content_key)?;
        }
        if let Some(reused) = self.reused() {
            flat.serialize_field("reused", reused)?;
        }
        flat.serialize_field("warnings", &results.warnings)?;
        if self.is_doubtful() {
            flat.serialize_field("mark", DOUBTFUL)?;
        }
        flat.serialize_field("startedAt", &self.started_at())?;
        flat.serialize_field("completedAt", &self.completed_at())?;
        flat.serialize_field("durationMs", &self.duration_ms())?;
        flat.serialize_field("inputThumbnail", &self.input_thumbnail)?;
        flat.serialize_field("outputThumbnail", &results.output_thumbnail)?;
        flat.serialize_field("inputSize", &self.input_size)?;
        flat.serialize_field("workerDeaths", &self.worker_deaths)?;
        flat.serialize_field("tabDeaths", &self.tab_deaths)?;
        flat.serialize_field("suspect", &self.is_suspect())?;
        flat.serialize_field("alone", &alone)?;
        flat.serialize_field("engineVersion", &self.engine_version())?;
        if self.client_data.is_some() {
            flat.serialize_field("clientData", &self.client_data)?;
        }
        flat.end()
    }
}

/// The id of an execution on the wire.
pub fn execution_id(batch_id: &str, index: u32) -> String {
    format!("{batch_id}_exec-{index}")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// What every execution has, as it is stored.
    fn stored(state: Value) -> Value {
        let mut all = json!({
            "batchId": "b", "assetIndex": 2, "inputAsset": { "index": 2, "assetId": "aa", "inputs": [] },
            "status": "pending", "attempts": 3, "outputs": [], "crc32": [], "failure": null, "warnings": [],
            "startedAt": null, "completedAt": null, "durationMs": null, "inputThumbnail": "bb", "outputThumbnail": null,
            "inputSize": { "width": 4, "height": 3, "bytes": 99 }, "workerDeaths": 1, "tabDeaths": 2, "suspect": false,
            "alone": false, "engineVersion": null
        });
        let fields = all.as_object_mut().expect("an object");
        fields.extend(state.as_object().expect("an object").clone());
        all
    }

    fn failure() -> Value {
        json!({
            "category": "validation_error", "phase": "validation", "message": "It is broken.", "hint": "Use another.",
            "actionId": null
        })
    }

    fn results(level: &str) -> Value {
        json!({
            "status": "success", "completedAt": 9.5, "engineVersion": "1.0", "outputThumbnail": "dd", "crc32": [7],
            "warnings": [{ "code": "c", "level": level, "message": "m", "hint": "h", "actionId": null }],
            "outputs": [{
                "actionId": "out", "port": "outputs", "name": "n.jpg", "mimeType": "image/jpeg", "width": 4, "height": 3,
                "bytes": 5, "sha256": "cc", "encoder": "e", "url": "asset:cc"
            }]
        })
    }

    fn with(mut object: Value, more: Value) -> Value {
        let fields = object.as_object_mut().expect("an object");
        fields.extend(more.as_object().expect("an object").clone());
        object
    }

    fn read(record: &Value) -> Result<Execution, String> {
        serde_json::from_value(record.clone()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_stored_form_of_every_state_is_frozen() {
        let ran = json!({ "startedAt": 7.5, "durationMs": 2.0 });
        let reused = json!({ "reused": { "batchId": "old", "executionId": "old_exec-1" } });
        let states = [
            json!({}),
            json!({ "suspect": true, "contentKey": "k", "clientData": { "order": 1 } }),
            json!({ "status": "running", "startedAt": 7.5, "alone": true }),
            json!({ "status": "running", "startedAt": 7.5, "suspect": true }),
            with(results("hint"), ran.clone()),
            with(with(results("doubt"), json!({ "mark": "doubtful" })), ran.clone()),
            with(results("hint"), reused),
            with(json!({ "status": "failed", "failure": failure(), "completedAt": 9.5 }), ran.clone()),
            json!({ "status": "failed", "failure": failure(), "completedAt": 9.5, "engineVersion": "1.0" }),
            with(
                with(
                    results("hint"),
                    json!({ "staged": [
                { "actionId": "sheet", "width": 4, "height": 3, "sha256": "ee" }
            ] }),
                ),
                ran.clone(),
            ),
            json!({ "inputAsset": { "index": 2, "assetId": null, "inputs": [],
                "gathered": { "actionId": "sheet", "from": 0, "count": 2, "part": 0 } } }),
            json!({ "history": [{ "attempt": 1, "failedAt": 3.0, "failure": failure() }] }),
        ];
        for state in states {
            let record = stored(state);
            let execution = read(&record).expect("reads");
            assert_eq!(serde_json::to_value(&execution).expect("writes"), record);
            assert_eq!(Value::from(execution.status().name()), record["status"]);
        }
    }

    #[test]
    fn a_record_without_newer_fields_is_readable() {
        let mut record = stored(json!({}));
        record.as_object_mut().expect("an object").remove("warnings");
        assert_eq!(read(&record).expect("reads").warnings(), []);
    }

    #[test]
    fn what_an_earlier_attempt_left_behind_is_dropped() {
        let record = stored(json!({ "engineVersion": "1.0", "alone": true }));
        let written = serde_json::to_value(read(&record).expect("reads")).expect("writes");
        assert_eq!(written, stored(json!({})));
    }

    #[test]
    fn a_record_that_contradicts_itself_is_refused() {
        let ran = json!({ "startedAt": 7.5, "durationMs": 2.0 });
        let success = with(results("hint"), ran.clone());
        let contradictions = [
            json!({ "status": "running" }),
            json!({ "status": "failed", "completedAt": 9.5 }),
            json!({ "status": "failed", "failure": failure() }),
            json!({ "failure": failure() }),
            json!({ "outputThumbnail": "dd" }),
            json!({ "staged": [{ "actionId": "sheet", "width": 4, "height": 3, "sha256": "ee" }] }),
            with(success.clone(), json!({ "status": "pending" })),
            with(success.clone(), json!({ "status": "failed", "failure": failure() })),
            with(success.clone(), json!({ "failure": failure() })),
            with(success.clone(), json!({ "completedAt": null })),
            with(success.clone(), json!({ "crc32": [] })),
            results("hint"),
        ];
        for state in contradictions {
            assert!(read(&stored(state.clone())).is_err(), "{state}");
        }
        assert!(read(&stored(success)).is_ok());
    }
}
