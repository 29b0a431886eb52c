//! How a batch's records change: pure functions that run inside `store::Store::change`.
//!
//! Each reads the records it was given, and either changes all of them or none. Nothing here
//! reads a clock or a store. After each, the counters add up, the counters agree with the executions' states, and a
//! batch that ended with nothing in flight has its `completed_at`.

pub use super::records::Results;
use super::records::{
    Assets, BatchStatus, Config, Execution, ExecutionState, ExecutionStatus, Failed, Flight, InputAsset, InputSize,
    Millis, Origin, PastFailure, Pause, PauseReason, Priority, Progress, Reused, Run, Success,
};
use super::webhook;
use crate::compact::{SortedMap, SortedSet};
use crate::error::{ErrorCategory, Failure, Phase};
use crate::file_name::folder;

/// An execution fails with this many worker deaths.
pub const MAX_WORKER_DEATHS: u32 = 3;
/// An execution fails with this many deaths of tabs in which it was alone in flight.
pub const MAX_TAB_DEATHS: u32 = 5;

/// The records of a new batch: everything pending, one execution per input, in order. Those that gather what others make
/// come last.
pub fn accept(
    batch_id: &str,
    workflow_id: &str,
    job_name: &str,
    config: Config,
    inputs: impl IntoIterator<Item = InputAsset>,
    now: Millis,
) -> (Progress, Vec<Execution>) {
    let executions: Vec<Execution> = (0..)
        .zip(inputs)
        .map(|(asset_index, input_asset)| Execution::new(batch_id, asset_index, input_asset))
        .collect();
    let total = executions.len() as u32;
    let gathering = executions.iter().filter(|execution| execution.gathers()).count() as u32;
    let progress = Progress {
        batch_id: batch_id.to_owned(),
        workflow_id: workflow_id.to_owned(),
        job_name: job_name.to_owned(),
        version: None,
        recipe: None,
        client_data: None,
        revision: 0,
        round: 0,
        status: BatchStatus::Pending,
        paused: None,
        config,
        assets: Assets { total, pending: total, ..Assets::default() },
        gathering,
        doubtful_count: 0,
        duration_sum_ms: 0.0,
        duration_count: 0,
        webhook: None,
        log: Vec::new(),
        created_at: now,
        updated_at: now,
        completed_at: None,
    };
    (progress, executions)
}

/// Reuses the results of a finished execution for a pending one of a batch that has not started. `names` are the names
/// of its outputs in this batch.
///
/// `None`, and nothing changes, when the executions are in other states or the numbers of names and outputs differ.
pub fn take_over(
    progress: &mut Progress,
    execution: &mut Execution,
    found: &Execution,
    names: Vec<String>,
    now: Millis,
) -> Option<()> {
    let success = found.success()?;
    let fits = execution.status() == ExecutionStatus::Pending
        && progress.status == BatchStatus::Pending
        && found.outputs().len() == names.len();
    if !fits {
        return None;
    }
    let mut results = success.results.clone();
    for (output, name) in results.outputs.iter_mut().zip(names) {
        output.name = name;
    }
    execution.input_thumbnail.clone_from(&found.input_thumbnail);
    execution.input_size = found.input_size;
    execution.state = ExecutionState::Success(Box::new(Success {
        origin: Origin::Reused(Reused { batch_id: found.batch_id.clone(), execution_id: found.execution_id() }),
        completed_at: now,
        engine_version: success.engine_version.clone(),
        results,
    }));
    progress.assets.pending -= 1;
    succeeded(progress, execution);
    conclude(progress, now);
    Some(())
}

/// Returns to pending what a new batch has reused if it refers to a file that is missing now. Returns the references
/// that are dropped with it, as count changes.
pub fn return_missing(
    progress: &mut Progress,
    executions: &mut [Execution],
    missing: &SortedSet<String>,
) -> SortedMap<String, i64> {
    let mut let_go = SortedMap::<String, i64>::new();
    for execution in executions.iter_mut().filter(|execution| execution.reused().is_some()) {
        if !execution.references().any(|asset_id| missing.contains(asset_id)) {
            continue;
        }
        execution.references().for_each(|asset_id| *let_go.entry(asset_id.to_owned()).or_default() -= 1);
        no_success(progress, execution);
        execution.input_thumbnail = None;
        execution.state = ExecutionState::Pending { suspect: false };
        progress.assets.pending += 1;
        (progress.status, progress.completed_at, progress.webhook) = (BatchStatus::Pending, None, None);
    }
    let_go
}

/// Hands an execution to a worker: pending → running, with one more attempt. `alone` says that nothing else is in
/// flight while it runs. Returns the attempt's number, which is needed to finish it.
///
/// `None`, and nothing changes, when the batch has ended or is paused, or the execution is not pending; or when it gathers what
/// others make that have not ended.
pub fn hand_out(progress: &mut Progress, execution: &mut Execution, alone: bool, now: Millis) -> Option<u32> {
    let ExecutionState::Pending { suspect } = execution.state else { return None };
    if progress.status.is_end() || progress.paused.is_some() {
        return None;
    }
    // As long as another has not ended, none of those that gather has.
    if execution.gathers() && progress.assets.unfinished() > progress.gathering {
        return None;
    }
    execution.state = ExecutionState::Running(Flight { started_at: now, alone, suspect });
    execution.attempts += 1;
    progress.status = BatchStatus::Running;
    progress.assets.pending -= 1;
    progress.assets.processing += 1;
    touched(progress, now);
    Some(execution.attempts)
}

/// What a worker found out about an execution's input, whatever the outcome.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Findings {
    /// Asset id of a primary input that was fetched from a URL.
    pub fetched: Option<String>,
    /// Asset id of the 256 px thumbnail of the primary input.
    pub input_thumbnail: Option<String>,
    /// Size of the primary input.
    pub input_size: Option<InputSize>,
    /// Version of the engine that worked on it.
    pub engine_version: Option<String>,
    /// Whether the results depend on which fonts the user has, so that they cannot be reused.
    pub uses_fonts: bool,
}

/// Records a success.
///
/// `None`, and nothing changes, unless the execution is running with this attempt.
pub fn succeed(
    progress: &mut Progress,
    execution: &mut Execution,
    attempt: u32,
    results: Results,
    findings: Findings,
    now: Millis,
) -> Option<()> {
    let flight = in_flight(execution, attempt)?;
    let engine_version = record_findings(execution, findings);
    let origin = Origin::Made(land(progress, flight, now));
    execution.state = ExecutionState::Success(Box::new(Success { origin, completed_at: now, engine_version, results }));
    succeeded(progress, execution);
    conclude(progress, now);
    Some(())
}

/// Records a failure. With `continue_on_error: false` it ends the batch.
///
/// `None`, and nothing changes, unless the execution is running with this attempt.
pub fn fail(
    progress: &mut Progress,
    execution: &mut Execution,
    attempt: u32,
    failure: Failure,
    findings: Findings,
    now: Millis,
) -> Option<()> {
    let flight = in_flight(execution, attempt)?;
    let engine_version = record_findings(execution, findings);
    fail_running(progress, execution, flight, failure, engine_version, now);
    Some(())
}

/// Why an execution is returned unfinished by a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Its worker vanished without a report.
    Vanished,
    /// Its worker exceeded its time and was stopped.
    Overdue,
    /// Its worker's panic hook reported this.
    Panic(String),
    /// Its worker ran out of memory and reported it.
    OutOfMemory,
    /// Its worker exceeded its time in a custom action of this name and was stopped.
    Hung(String),
    /// Its worker was stopped or never received it; the execution is not to blame.
    Stopped,
    /// It could not be stored: the batch pauses.
    Unstored(PauseReason),
}

/// The outcome for an execution that was returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GivenBack {
    /// It is pending again.
    Pending,
    /// It failed.
    Failed,
}

/// Returns an execution from its worker: a reported panic, memory exhaustion or a custom action without end fails it at once, a
/// vanished or overdue worker counts and the third fails it, anything else returns it to pending without counting.
///
/// `None`, and nothing changes, unless the execution is running with this attempt.
pub fn give_back(
    progress: &mut Progress,
    execution: &mut Execution,
    attempt: u32,
    cause: Cause,
    now: Millis,
) -> Option<GivenBack> {
    let flight = in_flight(execution, attempt)?;
    let failure = match cause {
        Cause::Panic(message) => Some(Failure::system(
            format!("The program failed on this image: {message}"),
            "This is a bug: please report it with the image. The other images are not affected.",
        )),
        Cause::OutOfMemory => Some(Failure::system(
            "The image needs more memory than a worker can have.",
            "Make the image or the sizes in the workflow smaller.",
        )),
        Cause::Hung(action) => Some(Failure::new(
            ErrorCategory::PollingTimeoutError,
            Phase::Execute,
            format!("The custom action \"{action}\" took too long and was stopped."),
            "Choose a smaller picture or other settings; if that does not help, ask who made the action.",
        )),
        Cause::Vanished | Cause::Overdue => {
            execution.worker_deaths += 1;
            (execution.worker_deaths >= MAX_WORKER_DEATHS).then(|| {
                let (happened, hint) = if cause == Cause::Overdue {
                    ("did not finish in time", "Make the image or the sizes in the workflow smaller, then retry it.")
                } else {
                    ("stopped without a report", "Close other tabs and programs to free memory, then retry it.")
                };
                Failure::system(
                    format!("{MAX_WORKER_DEATHS} workers were lost with this image: the last {happened}."),
                    hint,
                )
            })
        }
        Cause::Stopped => None,
        Cause::Unstored(reason) => {
            let _ = pause(progress, reason, now);
            None
        }
    };
    match failure {
        Some(failure) => {
            fail_running(progress, execution, flight, failure, None, now);
            Some(GivenBack::Failed)
        }
        None => {
            return_running(progress, execution, flight, now);
            Some(GivenBack::Pending)
        }
    }
}

/// Cancels a batch: nothing new starts, executions in flight may finish. Returns the previous state.
///
/// # Errors
/// The state of a batch that has already ended; nothing changes.
pub fn cancel(progress: &mut Progress, now: Millis) -> Result<BatchStatus, BatchStatus> {
    let previous = progress.status;
    if previous.is_end() {
        return Err(previous);
    }
    progress.status = BatchStatus::Cancelled;
    conclude(progress, now);
    Ok(previous)
}

/// Pauses a batch; an existing pause stays unchanged.
///
/// # Errors
/// The state of a batch that has ended; nothing changes.
pub fn pause(progress: &mut Progress, reason: PauseReason, now: Millis) -> Result<(), BatchStatus> {
    if progress.status.is_end() {
        return Err(progress.status);
    }
    if progress.paused.is_none() {
        progress.paused = Some(Pause { reason, since: now });
        touched(progress, now);
    }
    Ok(())
}

/// Ends a pause, whatever its reason; a batch that is not paused stays unchanged.
///
/// # Errors
/// The state of a batch that has ended; nothing changes.
pub fn resume(progress: &mut Progress, now: Millis) -> Result<(), BatchStatus> {
    if progress.status.is_end() {
        return Err(progress.status);
    }
    if progress.paused.take().is_some() {
        touched(progress, now);
    }
    Ok(())
}

/// Why a retry is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryRefusal {
    /// The batch has not ended.
    NotEnded(BatchStatus),
    /// The execution at this index has not failed.
    NotFailed(u32, ExecutionStatus),
    /// Nothing failed and nothing is left to run.
    Nothing,
    /// The execution has no such input to replace.
    NoInput,
}

/// Restarts a batch that has ended: these failed executions return to pending, along with those that never started.
/// Attempts continue counting, and each failure becomes part of the history; outputs and deaths are cleared. Returns
/// how many executions will run.
///
/// An execution whose tab died while it was alone in flight still runs alone.
///
/// `executions` must contain all that gather, failed or not: if anything runs whose pictures they gather, their results are
/// outdated, and they return to pending too.
///
/// # Errors
/// When the batch has not ended, one of the others has not failed, or nothing would run; nothing changes.
pub fn retry(progress: &mut Progress, executions: &mut [Execution], now: Millis) -> Result<u32, RetryRefusal> {
    if !progress.status.is_end() {
        return Err(RetryRefusal::NotEnded(progress.status));
    }
    if let Some(other) = executions.iter().find(|one| one.failed().is_none() && !one.gathers()) {
        return Err(RetryRefusal::NotFailed(other.asset_index, other.status()));
    }
    let gathering = executions.iter().filter(|one| one.gathers());
    let waiting = gathering.filter(|one| one.status() == ExecutionStatus::Pending).count();
    let gathers_more = progress.assets.pending as usize > waiting || executions.iter().any(|one| !one.gathers());
    let returns = |one: &Execution| one.failed().is_some() || (gathers_more && one.success().is_some());
    if !executions.iter().any(returns) && progress.assets.unfinished() == 0 {
        return Err(RetryRefusal::Nothing);
    }
    let mut returned = 0;
    for execution in executions.iter_mut().filter(|one| returns(one)) {
        returned += 1;
        progress.assets.pending += 1;
        if execution.success().is_some() {
            forget_run(progress, execution.run());
            no_success(progress, execution);
            execution.state = ExecutionState::Pending { suspect: false };
            continue;
        }
        let pending = ExecutionState::Pending { suspect: execution.tab_deaths > 0 };
        if let ExecutionState::Failed(failed) = std::mem::replace(&mut execution.state, pending) {
            let Failed { failure, run, completed_at: failed_at, .. } = *failed;
            forget_run(progress, run);
            execution.history.push(PastFailure { attempt: execution.attempts, failed_at, failure });
        }
        execution.worker_deaths = 0;
        execution.tab_deaths = 0;
        progress.assets.failed -= 1;
    }
    progress.round += 1;
    progress.status = BatchStatus::Running;
    progress.paused = None;
    progress.webhook = None;
    progress.completed_at = None;
    touched(progress, now);
    Ok(returned)
}

/// Leaves a run out of the average.
fn forget_run(progress: &mut Progress, run: Option<Run>) {
    if let Some(run) = run {
        progress.duration_sum_ms -= run.duration_ms;
        progress.duration_count -= 1;
    }
}

/// A file to take the place of an execution's input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replacement {
    /// The input's `actionId`; the primary one's when there is none.
    pub action_id: Option<String>,
    /// The file's name.
    pub name: String,
    /// The file.
    pub asset_id: String,
}

impl Replacement {
    /// The position of the input among an execution's inputs.
    fn place(&self, execution: &Execution) -> Option<usize> {
        let wanted = self.action_id.as_ref();
        let mut inputs = execution.input_asset.inputs.iter();
        inputs.position(|input| wanted.is_none_or(|action_id| input.action_id == *action_id))
    }

    /// The input keeps its folder.
    fn put(&self, execution: &mut Execution, place: usize) {
        let input = &mut execution.input_asset.inputs[place];
        input.path = input.path.take().map(|path| match folder(&path) {
            "" => self.name.clone(),
            folder => format!("{folder}/{}", self.name),
        });
        input.name.clone_from(&self.name);
        input.source_url = format!("asset:{}", self.asset_id);
        input.replaced = true;
        if place == 0 {
            execution.input_asset.asset_id = Some(self.asset_id.clone());
            (execution.input_thumbnail, execution.input_size) = (None, None);
        }
        // Its content has changed.
        execution.content_key = None;
    }
}

/// Retries failed executions, as [`retry`] does, with another file in place of one that cannot be used.
///
/// # Errors
/// As [`retry`], and when one of the executions has no such input.
pub fn retry_with(
    progress: &mut Progress,
    executions: &mut [Execution],
    replacement: &Replacement,
    now: Millis,
) -> Result<u32, RetryRefusal> {
    let own = |execution: &&Execution| !execution.gathers();
    let places: Option<Vec<usize>> = executions.iter().filter(own).map(|one| replacement.place(one)).collect();
    let places = places.filter(|places| !places.is_empty()).ok_or(RetryRefusal::NoInput)?;
    let returned = retry(progress, executions, now)?;
    let replaced = executions.iter_mut().filter(|execution| !execution.gathers());
    replaced.zip(places).for_each(|(execution, place)| replacement.put(execution, place));
    Ok(returned)
}

/// Records that results of an execution are damaged or missing (`names` says which): success → failed, so that a retry
/// regenerates them. Its outputs are dropped. How and when its batch ended stays unchanged.
///
/// `None`, and nothing changes, unless it is a success.
pub fn damage(progress: &mut Progress, execution: &mut Execution, names: &[String], now: Millis) -> Option<()> {
    let engine_version = execution.success()?.engine_version.clone();
    let named: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    let (are, they) = if names.len() == 1 { ("result", "is") } else { ("results", "are") };
    let failure = Failure::system(
        format!("The stored {are} {} {they} damaged.", named.join(", ")),
        "Retry it to regenerate the result from the original picture.",
    );
    let run = execution.run();
    no_success(progress, execution);
    execution.state = ExecutionState::Failed(Box::new(Failed { failure, run, completed_at: now, engine_version }));
    progress.assets.failed += 1;
    touched(progress, now);
    Some(())
}

/// Adapts a batch's records from another browser to this one. What was in flight becomes pending; results whose files
/// are not in `present` fail, so that a retry regenerates them; a batch that has not ended is paused; its webhook is
/// not called; counters are recounted.
///
/// # Errors
/// A sentence, when the records contradict each other.
pub fn adopt(
    progress: &mut Progress,
    executions: &mut [Execution],
    present: &SortedSet<String>,
    now: Millis,
) -> Result<(), String> {
    let batch_id = progress.batch_id.clone();
    let of_it =
        |(index, execution): (u32, &Execution)| execution.asset_index == index && execution.batch_id == batch_id;
    if executions.len() != progress.assets.total as usize || !(0..).zip(executions.iter()).all(of_it) {
        return Err("its records contradict each other".to_owned());
    }
    progress.assets = Assets { total: progress.assets.total, ..Assets::default() };
    (progress.duration_sum_ms, progress.duration_count) = (0.0, 0);
    progress.doubtful_count = 0;
    for execution in executions.iter_mut() {
        let there = |asset_id: &String| present.contains(asset_id);
        execution.input_thumbnail = execution.input_thumbnail.take().filter(there);
        let named = execution.input_asset.inputs.first().is_some_and(|input| input.source_url.starts_with("asset:"));
        if !named {
            execution.input_asset.asset_id = execution.input_asset.asset_id.take().filter(there);
        }
        match &mut execution.state {
            ExecutionState::Success(success) => {
                success.results.output_thumbnail = success.results.output_thumbnail.take().filter(there);
                succeeded(progress, execution);
            }
            ExecutionState::Failed(_) => {
                progress.assets.failed += 1;
            }
            ExecutionState::Running(Flight { suspect, .. }) | ExecutionState::Pending { suspect } => {
                execution.state = ExecutionState::Pending { suspect: *suspect };
                progress.assets.pending += 1;
            }
        }
        if let Some(duration) = execution.duration_ms() {
            progress.duration_sum_ms += duration;
            progress.duration_count += 1;
        }
    }
    for execution in executions.iter_mut() {
        let names = execution.names_of(|file| !present.contains(file));
        if !names.is_empty() {
            let _no_success_has_no_results = damage(progress, execution, &names, now);
        }
    }
    conclude(progress, now);
    progress.webhook = None;
    let _it_may_have_ended = pause(progress, PauseReason::User, now);
    Ok(())
}

/// Recovers a batch whose tab is gone: `executions` are all that were running. They return to pending.
///
/// `left` is when the tab exited normally, if it did: what it had started by then is not to blame and runs as before.
/// Everything else was in flight when the tab crashed and returns as a suspect. For an execution that was alone in
/// flight the crash counts, and the fifth fails it. Only ready workers are handed executions, so a tab that dies while
/// it starts blames nothing. Returns how many executions there were.
///
/// `None`, and nothing changes, when nothing was running.
pub fn recover(
    progress: &mut Progress,
    executions: &mut [Execution],
    left: Option<Millis>,
    now: Millis,
) -> Option<u32> {
    let mut found = 0;
    for execution in executions.iter_mut() {
        let ExecutionState::Running(mut flight) = execution.state else { continue };
        found += 1;
        let blameless = left.is_some_and(|left| flight.started_at <= left);
        if !blameless {
            flight.suspect = true;
            execution.tab_deaths += u32::from(flight.alone);
        }
        if execution.tab_deaths >= MAX_TAB_DEATHS {
            let failure = Failure::system(
                format!("The page crashed {MAX_TAB_DEATHS} times while only this image was being processed."),
                "Make the image or the sizes in the workflow smaller, then retry it.",
            );
            fail_running(progress, execution, flight, failure, None, now);
        } else {
            return_running(progress, execution, flight, now);
        }
    }
    (found > 0).then_some(found)
}

/// Changes a batch's settings, in any state.
pub fn update(progress: &mut Progress, priority: Option<Priority>, concurrency_limit: Option<u32>, now: Millis) {
    progress.config.priority = priority.unwrap_or(progress.config.priority);
    progress.config.concurrency_limit = concurrency_limit.unwrap_or(progress.config.concurrency_limit);
    touched(progress, now);
}

fn in_flight(execution: &Execution, attempt: u32) -> Option<Flight> {
    match execution.state {
        ExecutionState::Running(flight) if execution.attempts == attempt => Some(flight),
        _ => None,
    }
}

/// Records what was found, except for the engine's version, which belongs to the end.
fn record_findings(execution: &mut Execution, findings: Findings) -> Option<String> {
    if findings.fetched.is_some() {
        execution.input_asset.asset_id = findings.fetched;
    }
    execution.input_thumbnail = findings.input_thumbnail.or(execution.input_thumbnail.take());
    execution.input_size = findings.input_size.or(execution.input_size);
    if findings.uses_fonts {
        execution.content_key = None;
    }
    findings.engine_version
}

fn fail_running(
    progress: &mut Progress,
    execution: &mut Execution,
    flight: Flight,
    failure: Failure,
    engine_version: Option<String>,
    now: Millis,
) {
    let run = Some(land(progress, flight, now));
    execution.state = ExecutionState::Failed(Box::new(Failed { failure, run, completed_at: now, engine_version }));
    progress.assets.failed += 1;
    if !progress.config.continue_on_error && !progress.status.is_end() {
        progress.status = BatchStatus::Failed;
    }
    conclude(progress, now);
}

/// Counts a success, and whether there are doubts about it.
fn succeeded(progress: &mut Progress, execution: &Execution) {
    progress.assets.completed += 1;
    progress.doubtful_count += u32::from(execution.is_doubtful());
}

/// Removes a success from the counts.
fn no_success(progress: &mut Progress, execution: &Execution) {
    progress.assets.completed -= 1;
    progress.doubtful_count = progress.doubtful_count.saturating_sub(execution.is_doubtful().into());
}

/// Counts a running execution as ended, whatever the outcome.
fn land(progress: &mut Progress, flight: Flight, now: Millis) -> Run {
    let duration_ms = (now - flight.started_at).max(0.0);
    progress.duration_sum_ms += duration_ms;
    progress.duration_count += 1;
    progress.assets.processing -= 1;
    Run { started_at: flight.started_at, duration_ms }
}

fn return_running(progress: &mut Progress, execution: &mut Execution, flight: Flight, now: Millis) {
    execution.state = ExecutionState::Pending { suspect: flight.suspect };
    progress.assets.processing -= 1;
    progress.assets.pending += 1;
    conclude(progress, now);
}

/// Ends the batch when every execution has ended, and records when the last in flight has.
fn conclude(progress: &mut Progress, now: Millis) {
    let assets = &progress.assets;
    if !progress.status.is_end() && assets.unfinished() == 0 {
        let stopped = assets.failed > 0 && !progress.config.continue_on_error;
        progress.status = if stopped || assets.completed == 0 { BatchStatus::Failed } else { BatchStatus::Completed };
    }
    if progress.status.is_end() {
        progress.paused = None;
        if progress.assets.processing == 0 && progress.completed_at.is_none() {
            progress.completed_at = Some(now);
            webhook::due(progress, now);
        }
    }
    touched(progress, now);
}

fn touched(progress: &mut Progress, now: Millis) {
    debug_assert!(progress.assets.add_up(), "{:?}", progress.assets);
    debug_assert!(progress.doubtful_count <= progress.assets.completed);
    progress.revision += 1;
    progress.updated_at = now.max(progress.updated_at);
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::records::{Gathered, InputRef, OutputFile};
    use super::*;
    use crate::error::{ErrorCategory, Warning};

    /// A new batch of `count` pictures, accepted at 1,000.
    pub(crate) fn batch_of(count: u32) -> (Progress, Vec<Execution>) {
        let inputs = (0..count).map(InputAsset::empty);
        accept("batch-test-20260101-00000000", "test", "Test", Config::default(), inputs, 1_000.0)
    }

    fn broken() -> Failure {
        Failure::input("It is broken.", "Use another.")
    }

    fn start(progress: &mut Progress, execution: &mut Execution, now: Millis) -> u32 {
        hand_out(progress, execution, false, now).expect("pending")
    }

    fn end_well(progress: &mut Progress, execution: &mut Execution, now: Millis) {
        let attempt = execution.attempts;
        succeed(progress, execution, attempt, Results::default(), Findings::default(), now).expect("running");
    }

    fn end_badly(progress: &mut Progress, execution: &mut Execution, now: Millis) {
        let attempt = execution.attempts;
        fail(progress, execution, attempt, broken(), Findings::default(), now).expect("running");
    }

    #[test]
    fn a_batch_runs_from_accepted_to_completed() {
        let (mut progress, mut executions) = batch_of(2);
        assert_eq!(progress.status, BatchStatus::Pending);
        assert_eq!(start(&mut progress, &mut executions[0], 1_100.0), 1);
        assert_eq!(progress.status, BatchStatus::Running);
        start(&mut progress, &mut executions[1], 1_150.0);
        end_well(&mut progress, &mut executions[0], 1_200.0);
        assert_eq!((progress.status, progress.completed_at), (BatchStatus::Running, None));
        end_well(&mut progress, &mut executions[1], 1_350.0);
        assert_eq!((progress.status, progress.completed_at), (BatchStatus::Completed, Some(1_350.0)));
        assert_eq!((progress.duration_sum_ms, progress.duration_count), (300.0, 2));
        assert_eq!(executions[1].duration_ms(), Some(200.0));
        assert_eq!((executions[1].started_at(), executions[1].completed_at()), (Some(1_150.0), Some(1_350.0)));
    }

    #[test]
    fn only_the_running_attempt_can_finish() {
        let (mut progress, mut executions) = batch_of(1);
        let outdated = start(&mut progress, &mut executions[0], 1.0);
        give_back(&mut progress, &mut executions[0], outdated, Cause::Stopped, 2.0).expect("running");
        assert_eq!(fail(&mut progress, &mut executions[0], outdated, broken(), Findings::default(), 3.0), None);
        start(&mut progress, &mut executions[0], 4.0);
        let before = (progress.clone(), executions.clone());
        let late = succeed(&mut progress, &mut executions[0], outdated, Results::default(), Findings::default(), 5.0);
        assert_eq!(late, None);
        assert_eq!(give_back(&mut progress, &mut executions[0], outdated, Cause::Vanished, 5.0), None);
        assert_eq!((progress.clone(), executions.clone()), before, "a refused change leaves no trace");
        end_well(&mut progress, &mut executions[0], 6.0);
        assert_eq!(executions[0].attempts, 2);
    }

    #[test]
    fn a_batch_with_failures_completes_unless_all_failed() {
        for (well, expected) in [(true, BatchStatus::Completed), (false, BatchStatus::Failed)] {
            let (mut progress, mut executions) = batch_of(2);
            start(&mut progress, &mut executions[0], 1.0);
            end_badly(&mut progress, &mut executions[0], 2.0);
            assert_eq!(progress.status, BatchStatus::Running);
            start(&mut progress, &mut executions[1], 3.0);
            if well {
                end_well(&mut progress, &mut executions[1], 4.0);
            } else {
                end_badly(&mut progress, &mut executions[1], 4.0);
            }
            assert_eq!(progress.status, expected);
            assert_eq!(executions[0].status(), ExecutionStatus::Failed);
        }
    }

    #[test]
    fn without_continue_on_error_the_first_failure_ends_the_batch() {
        let (mut progress, mut executions) = batch_of(4);
        progress.config.continue_on_error = false;
        for execution in &mut executions[..2] {
            start(&mut progress, execution, 1.0);
        }
        end_badly(&mut progress, &mut executions[0], 2.0);
        assert_eq!((progress.status, progress.completed_at), (BatchStatus::Failed, None), "one is in flight");
        assert_eq!(hand_out(&mut progress, &mut executions[2], false, 3.0), None);
        end_well(&mut progress, &mut executions[1], 4.0);
        assert_eq!((progress.status, progress.completed_at), (BatchStatus::Failed, Some(4.0)));
        let assets = progress.assets;
        assert_eq!((assets.pending, assets.completed, assets.failed), (2, 1, 1));
    }

    #[test]
    fn a_cancelled_batch_starts_nothing_and_records_what_was_in_flight() {
        let (mut progress, mut executions) = batch_of(3);
        for execution in &mut executions[..2] {
            start(&mut progress, execution, 1.0);
        }
        assert_eq!(cancel(&mut progress, 2.0), Ok(BatchStatus::Running));
        assert_eq!((progress.status, progress.completed_at), (BatchStatus::Cancelled, None));
        assert_eq!(hand_out(&mut progress, &mut executions[2], false, 3.0), None);
        end_well(&mut progress, &mut executions[0], 4.0);
        let back = give_back(&mut progress, &mut executions[1], 1, Cause::Stopped, 12.0);
        assert_eq!((back, executions[1].worker_deaths), (Some(GivenBack::Pending), 0));
        assert_eq!((progress.status, progress.completed_at), (BatchStatus::Cancelled, Some(12.0)));
        assert_eq!(cancel(&mut progress, 13.0), Err(BatchStatus::Cancelled));
    }

    #[test]
    fn a_batch_that_never_started_is_cancelled_from_pending() {
        let (mut progress, _) = batch_of(3);
        assert_eq!(cancel(&mut progress, 2.0), Ok(BatchStatus::Pending));
        assert_eq!(progress.completed_at, Some(2.0));
    }

    #[test]
    fn a_paused_batch_starts_nothing_and_is_no_longer_paused_when_it_ends() {
        let (mut progress, mut executions) = batch_of(2);
        start(&mut progress, &mut executions[0], 1.0);
        pause(&mut progress, PauseReason::User, 2.0).expect("running");
        pause(&mut progress, PauseReason::Quota, 3.0).expect("running");
        assert_eq!(progress.paused, Some(Pause { reason: PauseReason::User, since: 2.0 }));
        assert_eq!(progress.status, BatchStatus::Running, "paused is not a status");
        assert_eq!(hand_out(&mut progress, &mut executions[1], false, 3.0), None);
        resume(&mut progress, 4.0).expect("running");
        start(&mut progress, &mut executions[1], 5.0);
        pause(&mut progress, PauseReason::User, 6.0).expect("running");
        for execution in &mut executions {
            end_well(&mut progress, execution, 7.0);
        }
        assert_eq!((progress.status, progress.paused), (BatchStatus::Completed, None));
        assert_eq!(pause(&mut progress, PauseReason::User, 8.0), Err(BatchStatus::Completed));
        assert_eq!(resume(&mut progress, 8.0), Err(BatchStatus::Completed));
    }

    #[test]
    fn the_third_lost_worker_fails_an_execution_with_a_hint() {
        let (mut progress, mut executions) = batch_of(1);
        for (cause, expected) in [
            (Cause::Vanished, GivenBack::Pending),
            (Cause::Overdue, GivenBack::Pending),
            (Cause::Vanished, GivenBack::Failed),
        ] {
            let attempt = start(&mut progress, &mut executions[0], 1.0);
            assert_eq!(give_back(&mut progress, &mut executions[0], attempt, cause, 2.0), Some(expected));
        }
        let failure = executions[0].failure().expect("failed");
        assert_eq!(failure.category, ErrorCategory::SystemError);
        assert!(!failure.hint.is_empty());
        assert_eq!((progress.status, executions[0].attempts), (BatchStatus::Failed, 3));
    }

    #[test]
    fn a_reported_panic_an_exhaustion_or_an_endless_action_fails_at_once() {
        for (cause, word) in [
            (Cause::Panic("index 7 out of bounds".into()), "index 7"),
            (Cause::OutOfMemory, "memory"),
            (Cause::Hung("film".into()), "\"film\" took too long"),
        ] {
            let (mut progress, mut executions) = batch_of(1);
            start(&mut progress, &mut executions[0], 1.0);
            let back = give_back(&mut progress, &mut executions[0], 1, cause, 2.0);
            assert_eq!(back, Some(GivenBack::Failed));
            assert!(executions[0].failure().expect("failed").message.contains(word));
        }
    }

    #[test]
    fn an_unstored_execution_returns_and_pauses_the_batch() {
        let (mut progress, mut executions) = batch_of(1);
        start(&mut progress, &mut executions[0], 1.0);
        let cause = Cause::Unstored(PauseReason::Quota);
        assert_eq!(give_back(&mut progress, &mut executions[0], 1, cause, 2.0), Some(GivenBack::Pending));
        assert_eq!(progress.paused, Some(Pause { reason: PauseReason::Quota, since: 2.0 }));
        assert_eq!(executions[0].worker_deaths, 0);
    }

    #[test]
    fn a_replacement_takes_the_place_of_an_input_and_is_held_by_the_execution() {
        let (mut progress, mut executions) = batch_of(1);
        let mut input = InputRef {
            action_id: "photos".to_owned(),
            name: "old.jpg".to_owned(),
            source_url: "asset:old".to_owned(),
            path: Some("day/old.jpg".to_owned()),
            replaced: false,
            column: None,
        };
        let logo = InputRef { action_id: "logo".to_owned(), path: None, ..input.clone() };
        executions[0].input_asset.inputs = vec![input.clone(), logo.clone()];
        start(&mut progress, &mut executions[0], 10.0);
        end_badly(&mut progress, &mut executions[0], 20.0);
        executions[0].content_key = Some("key".to_owned());
        let before = executions.clone();
        let with = |action_id: Option<&str>| Replacement {
            action_id: action_id.map(str::to_owned),
            name: "new.png".to_owned(),
            asset_id: "new".to_owned(),
        };
        let refused = retry_with(&mut progress, &mut executions, &with(Some("elsewhere")), 30.0);
        assert_eq!((refused, &executions), (Err(RetryRefusal::NoInput), &before));
        assert_eq!(retry_with(&mut progress, &mut executions, &with(None), 30.0), Ok(1));
        (input.name, input.source_url) = ("new.png".to_owned(), "asset:new".to_owned());
        (input.path, input.replaced) = (Some("day/new.png".to_owned()), true);
        assert_eq!(executions[0].input_asset.inputs, [input, logo]);
        assert_eq!(executions[0].input_asset.asset_id.as_deref(), Some("new"));
        assert_eq!((executions[0].status(), &executions[0].content_key), (ExecutionStatus::Pending, &None));
        assert_eq!(executions[0].references().collect::<Vec<_>>(), ["new"]);
        start(&mut progress, &mut executions[0], 40.0);
        end_badly(&mut progress, &mut executions[0], 50.0);
        assert_eq!(retry_with(&mut progress, &mut executions, &with(Some("logo")), 60.0), Ok(1));
        assert_eq!(executions[0].references().collect::<Vec<_>>(), ["new", "new"], "each input holds its own");
    }

    #[test]
    fn a_retry_returns_failures_and_attempts_continue_counting() {
        let (mut progress, mut executions) = batch_of(3);
        for (index, execution) in executions.iter_mut().enumerate() {
            start(&mut progress, execution, 10.0);
            if index == 1 {
                end_well(&mut progress, execution, 20.0)
            } else {
                end_badly(&mut progress, execution, 30.0)
            }
        }
        assert_eq!(progress.status, BatchStatus::Completed);
        assert_eq!(retry(&mut progress, &mut executions[..1], 40.0), Ok(1));
        assert_eq!((progress.status, progress.completed_at), (BatchStatus::Running, None));
        assert_eq!((executions[0].status(), &executions[0].failure()), (ExecutionStatus::Pending, &None));
        assert_eq!(executions[2].status(), ExecutionStatus::Failed);
        assert_eq!((progress.duration_sum_ms, progress.duration_count), (30.0, 2), "it is no longer finished");
        assert_eq!(start(&mut progress, &mut executions[0], 50.0), 2);
        end_well(&mut progress, &mut executions[0], 60.0);
        assert_eq!((progress.status, progress.assets.completed), (BatchStatus::Completed, 2));
    }

    #[test]
    fn every_failure_before_the_last_is_kept_with_its_attempt_and_time() {
        let (mut progress, mut executions) = batch_of(1);
        for round in 1..=3 {
            let time = f64::from(round) * 100.0;
            start(&mut progress, &mut executions[0], time);
            end_badly(&mut progress, &mut executions[0], time + 50.0);
            let earlier: Vec<_> = executions[0].history.iter().map(|past| (past.attempt, past.failed_at)).collect();
            let expected: Vec<_> = (1..round).map(|round| (round, f64::from(round) * 100.0 + 50.0)).collect();
            assert_eq!(earlier, expected, "the last one is not part of the history yet");
            retry(&mut progress, &mut executions, time + 60.0).expect("failed");
        }
        start(&mut progress, &mut executions[0], 400.0);
        end_well(&mut progress, &mut executions[0], 450.0);
        assert_eq!((executions[0].status(), executions[0].history.len()), (ExecutionStatus::Success, 3));
        assert_eq!(executions[0].history[0].failure, broken());
    }

    /// A batch of two whose first picture has an output.
    fn finished() -> Vec<Execution> {
        let (mut progress, mut executions) = batch_of(2);
        start(&mut progress, &mut executions[0], 10.0);
        let output = OutputFile {
            action_id: "out".into(),
            port: "outputs".into(),
            name: "old.jpg".into(),
            mime_type: "image/jpeg".into(),
            width: 4,
            height: 3,
            bytes: 9,
            sha256: "f00d".into(),
            encoder: "e".into(),
            url: "asset:f00d".into(),
            modules: SortedMap::new(),
        };
        let results = Results { outputs: vec![output], crc32: vec![7], ..Results::default() };
        let findings = Findings { engine_version: Some("1".into()), ..Findings::default() };
        succeed(&mut progress, &mut executions[0], 1, results, findings, 20.0).expect("running");
        executions
    }

    #[test]
    fn results_are_reused_with_their_own_names_and_their_origin() {
        let found = finished();
        let (mut progress, mut executions) = batch_of(2);
        progress.batch_id = "batch-new".into();
        for execution in &mut executions {
            execution.batch_id = "batch-new".into();
        }
        assert_eq!(
            take_over(&mut progress, &mut executions[1], &found[1], vec!["n".into()], 50.0),
            None,
            "not finished"
        );
        assert_eq!(
            take_over(&mut progress, &mut executions[1], &found[0], Vec::new(), 50.0),
            None,
            "a name is missing"
        );
        take_over(&mut progress, &mut executions[1], &found[0], vec!["new.jpg".into()], 50.0).expect("it fits");
        let taken = &executions[1];
        assert_eq!((taken.batch_id.as_str(), taken.asset_index, taken.attempts), ("batch-new", 1, 0));
        assert_eq!((taken.outputs()[0].name.as_str(), taken.outputs()[0].sha256.as_str()), ("new.jpg", "f00d"));
        assert_eq!(
            (taken.success().expect("one").results.crc32.as_slice(), taken.completed_at(), taken.duration_ms()),
            ([7].as_slice(), Some(50.0), None)
        );
        let from = Reused { batch_id: found[0].batch_id.clone(), execution_id: found[0].execution_id() };
        assert_eq!(taken.reused(), Some(&from));
        assert_eq!((progress.status, progress.assets.completed, progress.duration_count), (BatchStatus::Pending, 1, 0));
        take_over(&mut progress, &mut executions[0], &found[0], vec!["first.jpg".into()], 51.0).expect("it fits");
        assert_eq!((progress.status, progress.completed_at), (BatchStatus::Completed, Some(51.0)), "nothing is left");
    }

    #[test]
    fn reused_results_with_missing_files_are_run_after_all() {
        let found = finished();
        let (mut progress, mut executions) = batch_of(1);
        let before = (progress.clone(), executions.clone());
        take_over(&mut progress, &mut executions[0], &found[0], vec!["n.jpg".into()], 50.0).expect("it fits");
        let mut other = (progress.clone(), executions.clone());
        return_missing(&mut other.0, &mut other.1, &SortedSet::from(["cafe".to_owned()]));
        assert_eq!(other, (progress.clone(), executions.clone()), "it refers to another file");
        return_missing(&mut progress, &mut executions, &SortedSet::from(["f00d".to_owned()]));
        assert_eq!((progress.assets, progress.status, progress.completed_at), (before.0.assets, before.0.status, None));
        assert_eq!(executions, before.1);
    }

    #[test]
    fn imported_records_are_paused_recounted_and_call_no_webhook() {
        let (mut progress, mut executions) = batch_of(3);
        progress.config.webhook_url = Some("https://hooks.example/".into());
        start(&mut progress, &mut executions[0], 10.0);
        executions[0] = finished().remove(0);
        start(&mut progress, &mut executions[1], 30.0);
        progress.assets.failed = 7;
        let present = SortedSet::from(["f00d".to_owned()]);
        adopt(&mut progress, &mut executions, &present, 50.0).expect("they fit");
        assert_eq!(progress.assets, Assets { total: 3, pending: 2, completed: 1, ..Assets::default() });
        assert_eq!(progress.paused.map(|pause| pause.reason), Some(PauseReason::User));
        assert_eq!((progress.duration_sum_ms, progress.duration_count), (10.0, 1));
        assert_eq!((executions[1].status(), executions[1].is_suspect()), (ExecutionStatus::Pending, false));
        cancel(&mut progress, 60.0).expect("running");
        progress.completed_at = None;
        adopt(&mut progress, &mut executions, &SortedSet::new(), 70.0).expect("they fit");
        assert_eq!((progress.status, progress.completed_at), (BatchStatus::Cancelled, Some(70.0)));
        assert_eq!((progress.paused, progress.webhook), (None, None));
        assert_eq!(
            (executions[0].status(), progress.assets.failed),
            (ExecutionStatus::Failed, 1),
            "its file is not here"
        );
        let refused = adopt(&mut progress, &mut executions[..2], &present, 80.0);
        assert!(refused.is_err(), "one is missing");
        executions[2].batch_id = "batch-other".into();
        assert!(adopt(&mut progress, &mut executions, &present, 80.0).is_err(), "one is of another batch");
    }

    #[test]
    fn a_damaged_result_is_a_failure_that_a_retry_regenerates() {
        let (mut progress, mut executions) = batch_of(1);
        start(&mut progress, &mut executions[0], 10.0);
        assert_eq!(damage(&mut progress, &mut executions[0], &["a.jpg".into()], 15.0), None, "it has no result yet");
        executions[0] = finished().remove(0);
        executions[0].input_thumbnail = Some("cafe".into());
        progress.assets = Assets { total: 1, completed: 1, ..Assets::default() };
        (progress.status, progress.completed_at) = (BatchStatus::Completed, Some(20.0));
        (progress.duration_sum_ms, progress.duration_count) = (10.0, 1);
        damage(&mut progress, &mut executions[0], &["a.jpg".into()], 50.0).expect("a success");
        assert_eq!((progress.status, progress.completed_at), (BatchStatus::Completed, Some(20.0)), "it has ended so");
        assert_eq!((progress.assets.completed, progress.assets.failed), (0, 1));
        assert_eq!(executions[0].status(), ExecutionStatus::Failed);
        assert_eq!(executions[0].references().collect::<Vec<_>>(), ["cafe"], "the damaged file is released");
        let failure = executions[0].failure().expect("failed");
        assert!(failure.message.contains("\"a.jpg\" is damaged"), "{failure}");
        assert_eq!(damage(&mut progress, &mut executions[0], &["a.jpg".into()], 60.0), None, "it is known");
        assert_eq!(retry(&mut progress, &mut executions, 70.0), Ok(1));
        assert_eq!((progress.duration_sum_ms, progress.duration_count), (0.0, 0));
        assert_eq!(executions[0].history[0].failed_at, 50.0);
        start(&mut progress, &mut executions[0], 80.0);
        end_well(&mut progress, &mut executions[0], 90.0);
        assert_eq!((progress.status, progress.assets.completed), (BatchStatus::Completed, 1));
    }

    #[test]
    fn successes_with_doubts_are_recorded_and_hints_are_not() {
        let (mut progress, mut executions) = batch_of(3);
        let warned = |warning: Warning| Results { warnings: vec![warning], ..Results::default() };
        let results = [
            warned(Warning::hint("original_kept", "Kept.", "Look.")),
            warned(Warning::new("no_clear_subject", "None.", "Look at it.")),
            Results::default(),
        ];
        for (execution, results) in executions.iter_mut().zip(results) {
            let attempt = start(&mut progress, execution, 1.0);
            succeed(&mut progress, execution, attempt, results, Findings::default(), 2.0).expect("running");
        }
        assert_eq!(progress.doubtful_count, 1);
        let doubtful: Vec<bool> = executions.iter().map(Execution::is_doubtful).collect();
        assert_eq!(doubtful, [false, true, false]);
        let (mut other, mut taken) = batch_of(1);
        take_over(&mut other, &mut taken[0], &executions[1], Vec::new(), 3.0).expect("it fits");
        assert_eq!(other.doubtful_count, 1, "a doubt is copied too");
        progress.doubtful_count = 0;
        adopt(&mut progress, &mut executions, &SortedSet::new(), 4.0).expect("they fit");
        assert_eq!(progress.doubtful_count, 1, "from another browser, where it was not recorded yet");
        damage(&mut progress, &mut executions[1], &["a.jpg".into()], 5.0).expect("a success");
        assert_eq!((progress.doubtful_count, progress.assets.failed), (0, 1), "a missing result is no longer doubtful");
    }

    #[test]
    fn records_of_older_versions_are_still_readable() {
        let (progress, _) = batch_of(1);
        let mut record = serde_json::to_value(&progress).expect("serializes");
        let fields = record.as_object_mut().expect("an object");
        assert!(!fields.contains_key("failed") && !fields.contains_key("doubtful"), "{fields:?}");
        // Sets that versions before had in here, and no count.
        fields.remove("doubtfulCount");
        fields.insert("failed".into(), serde_json::json!([3, 5]));
        fields.insert("doubtful".into(), serde_json::json!([1]));
        assert_eq!(serde_json::from_value::<Progress>(record).expect("reads"), progress);
        let old = r#"{ "code": "no_clear_subject", "message": "None.", "hint": "Look.", "actionId": null }"#;
        assert!(serde_json::from_str::<Warning>(old).expect("reads").is_doubt());
    }

    #[test]
    fn a_retry_is_refused_while_running_of_successes_and_of_nothing() {
        let (mut progress, mut executions) = batch_of(1);
        let refused = retry(&mut progress, &mut [], 2.0);
        assert_eq!(refused, Err(RetryRefusal::NotEnded(BatchStatus::Pending)));
        start(&mut progress, &mut executions[0], 1.0);
        end_well(&mut progress, &mut executions[0], 2.0);
        let refused = retry(&mut progress, &mut executions, 3.0);
        assert_eq!(refused, Err(RetryRefusal::NotFailed(0, ExecutionStatus::Success)));
        assert_eq!(retry(&mut progress, &mut [], 3.0), Err(RetryRefusal::Nothing));
        assert_eq!(progress.status, BatchStatus::Completed);
    }

    #[test]
    fn a_retry_runs_what_a_cancelled_batch_left() {
        let (mut progress, mut executions) = batch_of(2);
        cancel(&mut progress, 1.0).expect("pending");
        assert_eq!(retry(&mut progress, &mut [], 2.0), Ok(0));
        for execution in &mut executions {
            start(&mut progress, execution, 3.0);
            end_well(&mut progress, execution, 4.0);
        }
        assert_eq!(progress.status, BatchStatus::Completed);
    }

    #[test]
    fn one_retried_success_does_not_end_a_strict_batch_that_has_other_failures() {
        let (mut progress, mut executions) = batch_of(4);
        progress.config.continue_on_error = false;
        for execution in &mut executions[..2] {
            start(&mut progress, execution, 1.0);
        }
        for execution in &mut executions[..2] {
            end_badly(&mut progress, execution, 2.0);
        }
        retry(&mut progress, &mut executions[..1], 3.0).expect("failed");
        start(&mut progress, &mut executions[0], 4.0);
        end_well(&mut progress, &mut executions[0], 5.0);
        assert_eq!(progress.status, BatchStatus::Running);
        for execution in &mut executions[2..] {
            start(&mut progress, execution, 6.0);
            end_well(&mut progress, execution, 7.0);
        }
        assert_eq!(progress.status, BatchStatus::Failed, "a failure is left");
    }

    #[test]
    fn after_a_restart_what_was_in_flight_is_pending_and_suspect() {
        let (mut progress, mut executions) = batch_of(3);
        for execution in &mut executions[..2] {
            start(&mut progress, execution, 1.0);
        }
        assert_eq!(recover(&mut progress, &mut executions, None, 5.0), Some(2));
        assert_eq!((progress.assets.pending, progress.assets.processing), (3, 0));
        let suspects: Vec<bool> = executions.iter().map(|execution| execution.is_suspect()).collect();
        assert_eq!(suspects, [true, true, false]);
        assert!(executions.iter().all(|execution| execution.tab_deaths == 0), "they were not alone");
        assert_eq!(recover(&mut progress, &mut executions, None, 6.0), None);
        start(&mut progress, &mut executions[0], 7.0);
        end_well(&mut progress, &mut executions[0], 8.0);
        assert!(!executions[0].is_suspect());
    }

    #[test]
    fn the_fifth_tab_death_alone_fails_an_execution() {
        let (mut progress, mut executions) = batch_of(2);
        for death in 1..=5 {
            hand_out(&mut progress, &mut executions[0], true, 1.0).expect("pending");
            recover(&mut progress, &mut executions[..1], None, 2.0).expect("running");
            assert_eq!(executions[0].tab_deaths, death);
        }
        assert_eq!(executions[0].status(), ExecutionStatus::Failed);
        assert_eq!(progress.status, BatchStatus::Running, "the other one is still to run");
        start(&mut progress, &mut executions[1], 3.0);
        end_well(&mut progress, &mut executions[1], 4.0);
        retry(&mut progress, &mut executions[..1], 5.0).expect("failed");
        assert!(executions[0].is_suspect(), "it still runs alone");
        assert_eq!(executions[0].tab_deaths, 0);
    }

    #[test]
    fn a_tab_that_left_in_good_order_blames_nothing_on_what_was_in_flight() {
        let (mut progress, mut executions) = batch_of(2);
        for time in 1..=20 {
            let time = f64::from(10 * time);
            hand_out(&mut progress, &mut executions[0], true, time).expect("pending");
            recover(&mut progress, &mut executions[..1], Some(time), time + 1.0).expect("running");
            assert_eq!(executions[0].status(), ExecutionStatus::Pending);
            assert_eq!((executions[0].tab_deaths, executions[0].is_suspect()), (0, false));
        }
        // A mark that is older than the start says nothing about this end.
        hand_out(&mut progress, &mut executions[0], true, 300.0).expect("pending");
        recover(&mut progress, &mut executions[..1], Some(299.0), 301.0).expect("running");
        assert_eq!((executions[0].tab_deaths, executions[0].is_suspect()), (1, true));
        // Leaving neither adds to the crashes before nor takes them back.
        hand_out(&mut progress, &mut executions[0], true, 400.0).expect("pending");
        recover(&mut progress, &mut executions[..1], Some(400.0), 401.0).expect("running");
        assert_eq!((executions[0].tab_deaths, executions[0].is_suspect()), (1, true));
    }

    #[test]
    fn a_cancelled_batch_is_over_after_a_restart() {
        let (mut progress, mut executions) = batch_of(2);
        start(&mut progress, &mut executions[0], 1.0);
        cancel(&mut progress, 2.0).expect("running");
        recover(&mut progress, &mut executions, None, 9.0).expect("running");
        assert_eq!((progress.status, progress.completed_at), (BatchStatus::Cancelled, Some(9.0)));
        assert_eq!(progress.assets.pending, 2);
    }

    #[test]
    fn an_update_changes_what_is_in_force() {
        let (mut progress, _) = batch_of(1);
        update(&mut progress, Some(Priority::High), None, 1_002.0);
        update(&mut progress, None, Some(3), 1_003.0);
        assert_eq!((progress.config.priority, progress.config.concurrency_limit), (Priority::High, 3));
        assert_eq!((progress.revision, progress.updated_at), (2, 1_003.0));
    }

    #[test]
    fn findings_of_a_failed_execution_are_kept() {
        let (mut progress, mut executions) = batch_of(1);
        let attempt = start(&mut progress, &mut executions[0], 1.0);
        let findings = Findings {
            fetched: Some("f00d".into()),
            input_thumbnail: Some("cafe".into()),
            input_size: Some(InputSize { width: 4, height: 3, bytes: 99 }),
            engine_version: Some("1.2.3".into()),
            uses_fonts: false,
        };
        fail(&mut progress, &mut executions[0], attempt, broken(), findings, 2.0).expect("running");
        let execution = &executions[0];
        assert_eq!(execution.input_asset.asset_id.as_deref(), Some("f00d"));
        assert_eq!(execution.references().collect::<Vec<_>>(), ["cafe"], "without a URL nothing was fetched");
        assert_eq!(execution.input_size.map(|size| size.bytes), Some(99));
        assert_eq!(execution.engine_version().map(String::as_str), Some("1.2.3"));
    }

    #[test]
    fn results_that_depend_on_fonts_are_not_to_be_reused() {
        for (uses_fonts, kept) in [(false, Some("key".to_owned())), (true, None)] {
            let (mut progress, mut executions) = batch_of(1);
            executions[0].content_key = Some("key".to_owned());
            let attempt = start(&mut progress, &mut executions[0], 1.0);
            let findings = Findings { uses_fonts, ..Findings::default() };
            succeed(&mut progress, &mut executions[0], attempt, Results::default(), findings, 2.0).expect("running");
            assert_eq!(executions[0].content_key, kept);
        }
    }

    /// A batch of two pictures, and of an execution that gathers what they become.
    fn gathering_batch() -> (Progress, Vec<Execution>) {
        let inputs = (0..3).map(|index| {
            let gathered = Gathered { action_id: "sheet".into(), from: 0, count: 2, part: 0 };
            InputAsset { gathered: (index == 2).then_some(gathered), ..InputAsset::empty(index) }
        });
        accept("batch-test-20260101-00000000", "test", "Test", Config::default(), inputs, 1_000.0)
    }

    fn end_all(progress: &mut Progress, executions: &mut [Execution], well: [bool; 3]) {
        for (execution, well) in executions.iter_mut().zip(well) {
            start(progress, execution, 1.0);
            if well { end_well(progress, execution, 2.0) } else { end_badly(progress, execution, 2.0) }
        }
    }

    #[test]
    fn what_gathers_is_not_handed_out_while_another_has_not_ended() {
        let (mut progress, mut executions) = gathering_batch();
        start(&mut progress, &mut executions[0], 1.0);
        end_badly(&mut progress, &mut executions[0], 2.0);
        assert_eq!(hand_out(&mut progress, &mut executions[2], false, 3.0), None);
        start(&mut progress, &mut executions[1], 3.0);
        assert_eq!(hand_out(&mut progress, &mut executions[2], false, 4.0), None);
        end_well(&mut progress, &mut executions[1], 5.0);
        assert_eq!(hand_out(&mut progress, &mut executions[2], false, 6.0), Some(1));
    }

    #[test]
    fn what_was_gathered_is_outdated_when_a_picture_is_retried() {
        let (mut progress, mut executions) = gathering_batch();
        assert_eq!(progress.gathering, 1);
        end_all(&mut progress, &mut executions, [true, false, true]);
        assert_eq!(progress.status, BatchStatus::Completed);
        assert_eq!(retry(&mut progress, &mut executions[1..], 3.0), Ok(2));
        let states: Vec<_> = executions.iter().map(Execution::status).collect();
        assert_eq!(states, [ExecutionStatus::Success, ExecutionStatus::Pending, ExecutionStatus::Pending]);
        assert!(executions[2].history.is_empty(), "it has not failed");
        assert_eq!((progress.assets.completed, progress.assets.pending, progress.duration_count), (1, 2, 1));
    }

    #[test]
    fn a_retry_of_what_gathers_keeps_the_pictures_and_its_results_stay_if_nothing_else_runs() {
        let (mut progress, mut executions) = gathering_batch();
        end_all(&mut progress, &mut executions, [true, true, false]);
        assert_eq!(retry(&mut progress, &mut executions[2..], 3.0), Ok(1));
        assert_eq!((progress.assets.completed, progress.assets.pending), (2, 1));
        let (mut progress, mut executions) = gathering_batch();
        end_all(&mut progress, &mut executions, [true, true, true]);
        assert_eq!(retry(&mut progress, &mut executions[2..], 3.0), Err(RetryRefusal::Nothing));
        assert_eq!(executions[2].status(), ExecutionStatus::Success);
    }

    #[test]
    fn what_was_cancelled_before_it_was_gathered_is_gathered_afterwards() {
        let (mut progress, mut executions) = gathering_batch();
        start(&mut progress, &mut executions[0], 1.0);
        cancel(&mut progress, 2.0).expect("running");
        end_well(&mut progress, &mut executions[0], 3.0);
        assert_eq!(retry(&mut progress, &mut executions[2..], 4.0), Ok(0));
        assert_eq!((progress.status, progress.assets.pending), (BatchStatus::Running, 2));
    }
}
