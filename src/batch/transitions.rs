//! How a batch's records change: pure functions that run inside `store::Store::change`.
//!
//! Each reads the records it was given, and either changes them as a whole or leaves them untouched. Nothing here
//! reads a clock or a store. After each, the counters add up, the counters agree with the executions' states, and a
//! batch that ended with nothing in flight has its `completed_at`.

use std::collections::BTreeSet;

use super::records::{
    Assets, BatchStatus, Config, Execution, ExecutionStatus, InputAsset, InputSize, Millis, Output, Pause, PauseReason,
    Priority, Progress,
};
use crate::error::Failure;

/// The worker death with which an execution fails.
pub const MAX_WORKER_DEATHS: u32 = 3;
/// The death of a tab, alone in flight, with which an execution fails.
pub const MAX_TAB_DEATHS: u32 = 5;

/// The records of a new batch: everything pending, one execution per input, in order.
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
        .map(|(asset_index, input_asset)| Execution {
            batch_id: batch_id.to_owned(),
            asset_index,
            input_asset,
            status: ExecutionStatus::Pending,
            attempts: 0,
            outputs: Vec::new(),
            crc32: Vec::new(),
            failure: None,
            started_at: None,
            completed_at: None,
            duration_ms: None,
            input_thumbnail: None,
            output_thumbnail: None,
            input_size: None,
            worker_deaths: 0,
            tab_deaths: 0,
            suspect: false,
            alone: false,
            engine_version: None,
        })
        .collect();
    let total = executions.len() as u32;
    let progress = Progress {
        batch_id: batch_id.to_owned(),
        workflow_id: workflow_id.to_owned(),
        job_name: job_name.to_owned(),
        status: BatchStatus::Pending,
        paused: None,
        config,
        assets: Assets { total, pending: total, ..Assets::default() },
        failed: BTreeSet::new(),
        duration_sum_ms: 0.0,
        duration_count: 0,
        created_at: now,
        updated_at: now,
        completed_at: None,
    };
    (progress, executions)
}

/// Hands an execution to a worker: pending → running, one attempt more. `alone` says that nothing else is in flight
/// for as long as it runs. Answers the attempt's number, with which alone it can be finished.
///
/// `None`, and nothing changes, when the batch has ended or is paused, or the execution is not pending.
pub fn hand_out(progress: &mut Progress, execution: &mut Execution, alone: bool, now: Millis) -> Option<u32> {
    if progress.status.is_end() || progress.paused.is_some() || execution.status != ExecutionStatus::Pending {
        return None;
    }
    execution.status = ExecutionStatus::Running;
    execution.attempts += 1;
    execution.started_at = Some(now);
    execution.completed_at = None;
    execution.duration_ms = None;
    execution.alone = alone;
    progress.status = BatchStatus::Running;
    progress.assets.pending -= 1;
    progress.assets.processing += 1;
    touched(progress, now);
    Some(execution.attempts)
}

/// What a worker learned of an execution's input, whatever came of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Findings {
    /// Asset id of a primary input that was fetched from a URL.
    pub fetched: Option<String>,
    /// Asset id of the 256 px thumbnail of the primary input.
    pub input_thumbnail: Option<String>,
    /// What the primary input measured.
    pub input_size: Option<InputSize>,
    /// Version of the engine that worked on it.
    pub engine_version: Option<String>,
}

/// What a successful execution made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Results {
    /// The written results.
    pub outputs: Vec<Output>,
    /// CRC-32 of each.
    pub crc32: Vec<u32>,
    /// Asset id of the 256 px thumbnail of the first.
    pub output_thumbnail: Option<String>,
}

/// Records a success.
///
/// `None`, and nothing changes, unless the execution is running with this very attempt.
pub fn succeed(
    progress: &mut Progress,
    execution: &mut Execution,
    attempt: u32,
    results: Results,
    findings: Findings,
    now: Millis,
) -> Option<()> {
    in_flight(execution, attempt)?;
    execution.status = ExecutionStatus::Success;
    execution.outputs = results.outputs;
    execution.crc32 = results.crc32;
    execution.output_thumbnail = results.output_thumbnail;
    execution.failure = None;
    keep(execution, findings);
    progress.assets.completed += 1;
    end(progress, execution, now);
    Some(())
}

/// Records a failure. With `continue_on_error: false` it ends the batch.
///
/// `None`, and nothing changes, unless the execution is running with this very attempt.
pub fn fail(
    progress: &mut Progress,
    execution: &mut Execution,
    attempt: u32,
    failure: Failure,
    findings: Findings,
    now: Millis,
) -> Option<()> {
    in_flight(execution, attempt)?;
    keep(execution, findings);
    fail_running(progress, execution, failure, now);
    Some(())
}

/// Why an execution comes back from a worker unfinished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Its worker is gone without a word.
    Vanished,
    /// Its worker overran its time and was stopped.
    Overdue,
    /// Its worker's panic hook told this.
    Panic(String),
    /// Its worker ran out of memory and told.
    OutOfMemory,
    /// Its worker was stopped, or never got it, through no fault of the execution's.
    Stopped,
    /// It could not be stored: the batch pauses.
    Unstored(PauseReason),
}

/// Where an execution went that came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GivenBack {
    /// It is pending again.
    Pending,
    /// It failed.
    Failed,
}

/// Takes an execution back from its worker: a reported panic or exhaustion fails it at once, a vanished or overdue
/// worker counts and the third fails it, anything else returns it to pending without counting.
///
/// `None`, and nothing changes, unless the execution is running with this very attempt.
pub fn give_back(
    progress: &mut Progress,
    execution: &mut Execution,
    attempt: u32,
    cause: Cause,
    now: Millis,
) -> Option<GivenBack> {
    in_flight(execution, attempt)?;
    let failure = match cause {
        Cause::Panic(message) => Some(Failure::system(
            format!("The program failed on this image: {message}"),
            "This is a fault of ours: please report it with the image. The other images are unaffected.",
        )),
        Cause::OutOfMemory => Some(Failure::system(
            "The image needs more memory than a worker may have.",
            "Make the image or the sizes in the workflow smaller.",
        )),
        Cause::Vanished | Cause::Overdue => {
            execution.worker_deaths += 1;
            (execution.worker_deaths >= MAX_WORKER_DEATHS).then(|| {
                let (happened, hint) = if cause == Cause::Overdue {
                    ("did not finish in time", "Make the image or the sizes in the workflow smaller, then retry it.")
                } else {
                    ("stopped without a word", "Close other tabs and programs to free memory, then retry it.")
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
            fail_running(progress, execution, failure, now);
            Some(GivenBack::Failed)
        }
        None => {
            return_running(progress, execution, now);
            Some(GivenBack::Pending)
        }
    }
}

/// Cancels a batch: nothing new starts, what is in flight may end. Answers the state before.
///
/// # Errors
/// The state of a batch that has ended already; nothing changes.
pub fn cancel(progress: &mut Progress, now: Millis) -> Result<BatchStatus, BatchStatus> {
    let previous = progress.status;
    if previous.is_end() {
        return Err(previous);
    }
    progress.status = BatchStatus::Cancelled;
    settle(progress, now);
    Ok(previous)
}

/// Pauses a batch; a pause that is there already stays as it is.
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

/// Ends a pause, whatever its reason; a batch that is not paused stays as it is.
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
    /// Nothing failed and nothing was left.
    Nothing,
}

/// Starts a batch that has ended again: these failed executions return to pending, with what never started. Attempts
/// go on counting; outputs, failure and deaths are forgotten. Answers how many returned.
///
/// An execution that a tab died with, alone in flight, still runs alone.
///
/// # Errors
/// When the batch has not ended, one of the executions has not failed, or nothing would run; nothing changes.
pub fn retry(progress: &mut Progress, executions: &mut [Execution], now: Millis) -> Result<u32, RetryRefusal> {
    if !progress.status.is_end() {
        return Err(RetryRefusal::NotEnded(progress.status));
    }
    if let Some(other) = executions.iter().find(|execution| execution.status != ExecutionStatus::Failed) {
        return Err(RetryRefusal::NotFailed(other.asset_index, other.status));
    }
    if executions.is_empty() && progress.assets.unfinished() == 0 {
        return Err(RetryRefusal::Nothing);
    }
    for execution in executions.iter_mut() {
        if let Some(duration) = execution.duration_ms.take() {
            progress.duration_sum_ms -= duration;
            progress.duration_count -= 1;
        }
        execution.status = ExecutionStatus::Pending;
        execution.outputs.clear();
        execution.crc32.clear();
        execution.output_thumbnail = None;
        execution.failure = None;
        execution.started_at = None;
        execution.completed_at = None;
        execution.suspect = execution.tab_deaths > 0;
        execution.worker_deaths = 0;
        execution.tab_deaths = 0;
        execution.alone = false;
        progress.failed.remove(&execution.asset_index);
        progress.assets.failed -= 1;
        progress.assets.pending += 1;
    }
    progress.status = BatchStatus::Running;
    progress.paused = None;
    progress.completed_at = None;
    touched(progress, now);
    Ok(executions.len() as u32)
}

/// Mends a batch whose tab died: `executions` are all that were running. They return to pending as suspects; one that
/// was alone in flight counts the tab's death, and the fifth fails it. Answers how many there were.
///
/// `None`, and nothing changes, when nothing was running.
pub fn recover(progress: &mut Progress, executions: &mut [Execution], now: Millis) -> Option<u32> {
    let mut found = 0;
    for execution in executions.iter_mut().filter(|execution| execution.status == ExecutionStatus::Running) {
        found += 1;
        execution.suspect = true;
        execution.tab_deaths += u32::from(execution.alone);
        if execution.tab_deaths >= MAX_TAB_DEATHS {
            let failure = Failure::system(
                format!("The page was lost {MAX_TAB_DEATHS} times while this image alone was worked on."),
                "Make the image or the sizes in the workflow smaller, then retry it.",
            );
            fail_running(progress, execution, failure, now);
        } else {
            return_running(progress, execution, now);
        }
    }
    (found > 0).then_some(found)
}

/// Changes what is in force for a batch, in any state.
pub fn update(progress: &mut Progress, priority: Option<Priority>, concurrency_limit: Option<u32>, now: Millis) {
    progress.config.priority = priority.unwrap_or(progress.config.priority);
    progress.config.concurrency_limit = concurrency_limit.unwrap_or(progress.config.concurrency_limit);
    touched(progress, now);
}

fn in_flight(execution: &Execution, attempt: u32) -> Option<()> {
    (execution.status == ExecutionStatus::Running && execution.attempts == attempt).then_some(())
}

fn keep(execution: &mut Execution, findings: Findings) {
    if findings.fetched.is_some() {
        execution.input_asset.asset_id = findings.fetched;
    }
    execution.input_thumbnail = findings.input_thumbnail.or(execution.input_thumbnail.take());
    execution.input_size = findings.input_size.or(execution.input_size);
    execution.engine_version = findings.engine_version;
}

fn fail_running(progress: &mut Progress, execution: &mut Execution, failure: Failure, now: Millis) {
    execution.status = ExecutionStatus::Failed;
    execution.failure = Some(failure);
    progress.assets.failed += 1;
    progress.failed.insert(execution.asset_index);
    if !progress.config.continue_on_error && !progress.status.is_end() {
        progress.status = BatchStatus::Failed;
    }
    end(progress, execution, now);
}

/// What every end of a running execution has in common.
fn end(progress: &mut Progress, execution: &mut Execution, now: Millis) {
    let duration = (now - execution.started_at.unwrap_or(now)).max(0.0);
    execution.completed_at = Some(now);
    execution.duration_ms = Some(duration);
    execution.suspect = false;
    execution.alone = false;
    progress.duration_sum_ms += duration;
    progress.duration_count += 1;
    progress.assets.processing -= 1;
    settle(progress, now);
}

fn return_running(progress: &mut Progress, execution: &mut Execution, now: Millis) {
    execution.status = ExecutionStatus::Pending;
    execution.started_at = None;
    execution.alone = false;
    progress.assets.processing -= 1;
    progress.assets.pending += 1;
    settle(progress, now);
}

/// Ends the batch when everything has ended, and notes when the last in flight has.
fn settle(progress: &mut Progress, now: Millis) {
    let assets = &progress.assets;
    if !progress.status.is_end() && assets.unfinished() == 0 {
        let stopped = assets.failed > 0 && !progress.config.continue_on_error;
        progress.status = if stopped || assets.completed == 0 { BatchStatus::Failed } else { BatchStatus::Completed };
    }
    if progress.status.is_end() {
        progress.paused = None;
        if progress.assets.processing == 0 && progress.completed_at.is_none() {
            progress.completed_at = Some(now);
        }
    }
    touched(progress, now);
}

fn touched(progress: &mut Progress, now: Millis) {
    debug_assert!(progress.assets.add_up(), "{:?}", progress.assets);
    debug_assert_eq!(progress.failed.len(), progress.assets.failed as usize);
    progress.updated_at = now.max(progress.updated_at);
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A new batch of `count` pictures, accepted at 1,000.
    pub(crate) fn batch_of(count: u32) -> (Progress, Vec<Execution>) {
        let inputs = (0..count).map(|index| InputAsset { index, asset_id: None, inputs: Vec::new() });
        accept("batch-test-20260101-00000000", "test", "Test", Config::default(), inputs, 1_000.0)
    }
}
