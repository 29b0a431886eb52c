//! Which execution runs where and when: a state machine that takes events and returns commands. No clock, no storage,
//! no workers: the browser code turns what happens into [`Event`]s and carries out [`Command`]s.
//!
//! The store is the source of truth, and the scheduler's sets are a cache of it. A hand-out is durable before its
//! worker receives it, and the store may refuse it (cancelled, paused or taken meanwhile, by any tab). Whenever the
//! scheduler learns that its cache may be outdated, it reloads the batch's pending executions ([`Command::Load`]) and
//! starts nothing in that batch until it has them.
//!
//! A worker's life: `Spawn` → `Ready` → (`HandOut` → `Started` → `Finished`)… → `Kill` or `Died`. An execution whose
//! worker is lost: `GiveBack` → `GivenBack`; until then it counts as in flight.

use std::cmp::Reverse;

use super::records::{BatchStatus, Execution, PauseReason, Priority, Progress};
use super::transitions::Cause;
use crate::compact::{SortedMap, SortedSet};

mod fair;

use fair::{Contender, FairShare};

/// A worker's id; never reused.
pub type WorkerId = u32;

/// What the device allows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Most workers, and most executions in flight.
    pub workers: u32,
    /// Most pixels of inputs in flight; a larger input runs alone.
    pub pixels: u64,
    /// Memory in bytes at which a worker is replaced after its execution: wasm memory never shrinks.
    pub memory_mark: u64,
    /// Pixels assumed for an input of unknown size.
    pub guess: u64,
    /// Time for a worker to get ready.
    pub start_ms: u32,
    /// Time for an execution, whatever its size.
    pub base_ms: u32,
    /// Additional time for each million pixels of its input.
    pub ms_per_megapixel: u32,
    /// Time for executions in flight when their batch ends early.
    pub stop_ms: u32,
}

impl Default for Limits {
    /// Two workers; memory for 16 pictures of 12 megapixels; 30 s plus 2.5 s per megapixel, which is 400 times as long
    /// as a 12-megapixel picture takes on a slow machine.
    fn default() -> Self {
        Self {
            workers: 2,
            pixels: 200_000_000,
            memory_mark: 1 << 30,
            guess: 16_000_000,
            start_ms: 60_000,
            base_ms: 30_000,
            ms_per_megapixel: 2_500,
            stop_ms: 10_000,
        }
    }
}

/// Whether a batch's executions are handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// They are handed out.
    Active,
    /// Not at the moment.
    Paused,
    /// No longer; executions in flight have a little time left.
    Ended,
}

/// What the scheduler needs to know about a batch's progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchView {
    /// Weight class.
    pub priority: Priority,
    /// Most executions in flight.
    pub concurrency_limit: u32,
    /// Whether its executions are handed out.
    pub activity: Activity,
    /// The progress's revision: messages from tabs and workers may overtake each other, and older ones are ignored.
    pub revision: u64,
    /// The progress's round: a new one means that executions have returned to pending.
    pub round: u32,
}

impl From<&Progress> for BatchView {
    fn from(progress: &Progress) -> Self {
        let activity = match (progress.status, progress.paused) {
            (BatchStatus::Completed | BatchStatus::Failed | BatchStatus::Cancelled, _) => Activity::Ended,
            (_, Some(_)) => Activity::Paused,
            (_, None) => Activity::Active,
        };
        Self {
            priority: progress.config.priority,
            concurrency_limit: progress.config.concurrency_limit.max(1),
            activity,
            revision: progress.revision,
            round: progress.round,
        }
    }
}

/// A pending execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Position in the batch.
    pub index: u32,
    /// Whether it runs first and alone.
    pub suspect: bool,
    /// Pixels of its inputs, if known.
    pub pixels: Option<u64>,
    /// Whether it gathers what the others make, so that it starts after they have ended.
    pub gathers: bool,
}

impl Waiting {
    /// An execution that was never started.
    pub const fn fresh(index: u32) -> Self {
        Self { index, suspect: false, pixels: None, gathers: false }
    }

    /// All executions of a batch, without reading them, if none of it was ever started or reused.
    pub fn of_new(progress: &Progress) -> Option<Vec<Self>> {
        let total = progress.assets.total;
        let is_new = progress.status == BatchStatus::Pending && progress.assets.pending == total;
        let first = total.saturating_sub(progress.gathering);
        is_new.then(|| (0..total).map(|index| Self { gathers: index >= first, ..Self::fresh(index) }).collect())
    }
}

impl From<&Execution> for Waiting {
    fn from(execution: &Execution) -> Self {
        Self {
            index: execution.asset_index,
            suspect: execution.is_suspect(),
            pixels: execution.input_size.map(|size| u64::from(size.width) * u64::from(size.height)),
            gathers: execution.gathers(),
        }
    }
}

/// How a worker died.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Death {
    /// Without a report: an `error` event, or it is just gone.
    Vanished,
    /// Its panic hook reported this.
    Panic(String),
    /// It ran out of memory and reported it.
    OutOfMemory,
    /// It exceeded its time in a custom action of this name, and was stopped.
    Hung(String),
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// What the device allows has changed.
    Limits(Limits),
    /// All batches are paused (true) or resumed; executions in flight finish. This is independent of each batch's own
    /// pause.
    GlobalPause(bool),
    /// A batch's progress has changed, by any tab: created, paused, resumed, updated, cancelled, retried, ended.
    Changed {
        /// The batch.
        batch: String,
        /// As the store now has it.
        view: BatchView,
    },
    /// Answer to [`Command::Load`], also sent right away for a new batch: all its pending executions; `None` if there
    /// is no such batch. If reading fails, answer later.
    Loaded {
        /// The batch.
        batch: String,
        /// As stored.
        loaded: Option<(BatchView, Vec<Waiting>)>,
    },
    /// A batch is gone.
    Deleted {
        /// The batch.
        batch: String,
    },
    /// A worker can take executions.
    Ready {
        /// The worker.
        worker: WorkerId,
    },
    /// A hand-out is durable, and its worker (if it still lives) has it.
    Started {
        /// The worker.
        worker: WorkerId,
        /// The attempt's number.
        attempt: u32,
    },
    /// The store refused a hand-out.
    Refused {
        /// The worker.
        worker: WorkerId,
    },
    /// A worker has read its inputs' headers.
    Measured {
        /// The worker.
        worker: WorkerId,
        /// Pixels of its inputs.
        pixels: u64,
    },
    /// A worker has more to do than the number of pixels suggests, such as a download or running a model.
    Slow {
        /// The worker.
        worker: WorkerId,
        /// Additional time from now, on top of the time for pixels; replaces an earlier value.
        ms: u32,
    },
    /// A worker's execution has ended, and its record is durable (or was refused as outdated).
    Finished {
        /// The worker.
        worker: WorkerId,
        /// The batch afterwards, if known.
        view: Option<BatchView>,
        /// The worker's memory in bytes.
        memory: u64,
    },
    /// A worker's execution could not be stored; the worker itself is fine.
    Unstored {
        /// The worker.
        worker: WorkerId,
        /// Why the batch pauses.
        reason: PauseReason,
    },
    /// A worker is gone, or unusable and stopped.
    Died {
        /// The worker.
        worker: WorkerId,
        /// How.
        death: Death,
    },
    /// The time of a [`Command::Watch`] has passed.
    Overdue {
        /// The worker.
        worker: WorkerId,
        /// The ticket of that command.
        ticket: u64,
    },
    /// A [`Command::GiveBack`] is durable (or was refused as outdated).
    GivenBack {
        /// The batch.
        batch: String,
        /// The execution.
        index: u32,
        /// Whether it is pending again.
        pending: bool,
        /// The batch afterwards, if known.
        view: Option<BatchView>,
    },
}

/// What to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Read a batch's progress and all its pending executions, in one transaction: [`Event::Loaded`].
    Load {
        /// The batch.
        batch: String,
    },
    /// Start a worker: [`Event::Ready`] or [`Event::Died`].
    Spawn {
        /// Its id.
        worker: WorkerId,
    },
    /// Stop a worker at once and forget it; there is no answer.
    Kill {
        /// The worker.
        worker: WorkerId,
    },
    /// Record the hand-out (`transitions::hand_out`, relaxed), then send it to the worker: [`Event::Started`] or
    /// [`Event::Refused`]. Answer even if the worker has died meanwhile.
    HandOut {
        /// The worker.
        worker: WorkerId,
        /// The batch.
        batch: String,
        /// The execution.
        index: u32,
        /// Whether nothing else is in flight while it runs.
        alone: bool,
    },
    /// Restart the worker's only timer, for [`Event::Overdue`] with this ticket. Late events are ignored.
    Watch {
        /// The worker.
        worker: WorkerId,
        /// Returned in the event.
        ticket: u64,
        /// From now.
        ms: u32,
    },
    /// Record that an execution is returned unfinished (`transitions::give_back`): [`Event::GivenBack`].
    GiveBack {
        /// The batch.
        batch: String,
        /// The execution.
        index: u32,
        /// The attempt that is over.
        attempt: u32,
        /// Why.
        cause: Cause,
    },
    /// Workers do not start: tell the user. The next [`Event::Loaded`] or [`Event::Limits`] retries.
    Stuck,
}

/// Consecutive workers that may fail to start before their user (scheduler, import, single task) gives up.
pub const MAX_FAILED_STARTS: u32 = 3;

#[derive(Debug)]
struct BatchQueue {
    view: BatchView,
    /// In reverse like the next two: what starts next is taken from the end, so that nothing has to move.
    pending: SortedSet<Reverse<u32>>,
    suspects: SortedSet<Reverse<u32>>,
    /// Those that gather what others make, until the others have ended.
    gathering: Vec<Waiting>,
    /// Pixels of the pending executions, as far as known.
    pixels: SortedMap<Reverse<u32>, u64>,
    loading: LoadState,
    /// The round that was loaded.
    round: u32,
    /// The device's start counter at this batch's last start, or when it was added.
    last_start: u64,
    measured_sum: u64,
    measured_count: u64,
}

/// Whether the sets are being loaded from the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LoadState {
    No,
    /// Requested.
    Asked,
    /// Requested, and something has changed since: the answer may be outdated.
    Outdated,
}

impl BatchQueue {
    fn waiting(&self) -> u32 {
        (self.pending.len() + self.suspects.len()) as u32
    }

    fn may_start(&self) -> bool {
        self.view.activity == Activity::Active && self.loading == LoadState::No && self.waiting() > 0
    }

    /// Pixels of an execution: known, or the batch's average, or the assumed value.
    fn cost(&self, index: u32, guess: u64) -> u64 {
        let like_others = self.measured_sum.checked_div(self.measured_count).unwrap_or(guess);
        self.pixels.get(&Reverse(index)).copied().unwrap_or(like_others).max(1)
    }

    fn take(&mut self, index: u32) -> bool {
        let suspect = self.suspects.remove(&Reverse(index));
        self.pending.remove(&Reverse(index));
        self.pixels.remove(&Reverse(index));
        suspect
    }

    /// Lets those start that gather what others made.
    fn gather(&mut self) {
        for waiting in std::mem::take(&mut self.gathering) {
            self.put(Waiting { gathers: false, ..waiting });
        }
    }

    fn put(&mut self, waiting: Waiting) {
        if waiting.gathers {
            return self.gathering.push(waiting);
        }
        let set = if waiting.suspect { &mut self.suspects } else { &mut self.pending };
        set.insert(Reverse(waiting.index));
        self.pixels.extend(waiting.pixels.map(|pixels| (Reverse(waiting.index), pixels)));
    }
}

/// An execution in flight, by its worker.
#[derive(Clone, Debug)]
struct Job {
    batch: String,
    index: u32,
    /// `None` until the hand-out is durable.
    attempt: Option<u32>,
    pixels: u64,
    /// Time in addition to the time for pixels.
    extra_ms: u32,
    suspect: bool,
    alone: bool,
    /// Whether its batch has ended.
    stopping: bool,
    /// Whether the store reported it as pending meanwhile: its hand-out was not durable yet, or it failed and was
    /// retried before its end was reported. Its end must then not remove it from the pending set.
    read_as_pending: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WorkerState {
    Starting,
    Idle,
    Busy,
}

#[derive(Clone, Copy, Debug)]
struct Worker {
    state: WorkerState,
    /// Of the current watch.
    ticket: Option<u64>,
}

/// The state machine.
#[derive(Debug)]
pub struct Scheduler {
    limits: Limits,
    paused: bool,
    batches: SortedMap<String, BatchQueue>,
    /// Deleted batches: later messages about them are ignored. Ids are not reused.
    gone: SortedSet<String>,
    workers: SortedMap<WorkerId, Worker>,
    /// By worker; a worker that died before its hand-out was durable still has its execution here.
    jobs: SortedMap<WorkerId, Job>,
    /// Lost with their workers and not yet given back.
    giving_back: Vec<Job>,
    fair: FairShare,
    starts: u64,
    last_worker: WorkerId,
    last_ticket: u64,
    failed_starts: u32,
    commands: Vec<Command>,
}

impl Scheduler {
    /// A scheduler without batches.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            paused: false,
            batches: SortedMap::new(),
            gone: SortedSet::new(),
            workers: SortedMap::new(),
            jobs: SortedMap::new(),
            giving_back: Vec::new(),
            fair: FairShare::default(),
            starts: 0,
            last_worker: 0,
            last_ticket: 0,
            failed_starts: 0,
            commands: Vec::new(),
        }
    }

    /// Handles an event; returns what to do, in this order.
    pub fn handle(&mut self, event: Event) -> Vec<Command> {
        match event {
            Event::Limits(limits) => {
                self.limits = limits;
                self.failed_starts = 0;
            }
            Event::GlobalPause(paused) => self.paused = paused,
            Event::Changed { batch, view } => self.changed(&batch, view),
            Event::Loaded { batch, loaded } => self.loaded(&batch, loaded),
            Event::Deleted { batch } => self.deleted(&batch),
            Event::Ready { worker } => self.ready(worker),
            Event::Started { worker, attempt } => self.started(worker, attempt),
            Event::Refused { worker } => self.refused(worker),
            Event::Measured { worker, pixels } => self.measured(worker, pixels),
            Event::Slow { worker, ms } => self.slow(worker, ms),
            Event::Finished { worker, view, memory } => self.finished(worker, view, memory),
            Event::Unstored { worker, reason } => self.unstored(worker, reason),
            Event::Died { worker, death } => {
                let cause = match death {
                    Death::Vanished => Cause::Vanished,
                    Death::Panic(message) => Cause::Panic(message),
                    Death::OutOfMemory => Cause::OutOfMemory,
                    // There was less time than the action may have.
                    Death::Hung(_) if self.jobs.get(&worker).is_some_and(|job| job.stopping) => Cause::Stopped,
                    Death::Hung(action) => Cause::Hung(action),
                };
                self.lost(worker, cause);
            }
            Event::Overdue { worker, ticket } => self.overdue(worker, ticket),
            Event::GivenBack { batch, index, pending, view } => self.given_back(&batch, index, pending, view),
        }
        self.dispatch();
        std::mem::take(&mut self.commands)
    }

    /// How many workers are on a batch.
    pub fn workers_on(&self, batch: &str) -> u32 {
        self.jobs.values().filter(|job| job.batch == batch).count() as u32
    }

    /// What a worker works on: batch, index, and attempt once it is durable.
    pub fn job(&self, worker: WorkerId) -> Option<(&str, u32, Option<u32>)> {
        self.jobs.get(&worker).map(|job| (job.batch.as_str(), job.index, job.attempt))
    }

    /// The next executions of a batch, at most `count`, as far as nothing changes their order.
    pub fn next_in(&self, batch: &str, count: usize) -> Vec<u32> {
        let Some(batch) = self.batches.get(batch).filter(|batch| batch.may_start()) else { return Vec::new() };
        let in_order = batch.suspects.iter().rev().chain(batch.pending.iter().rev());
        in_order.take(count).map(|Reverse(index)| *index).collect()
    }

    /// How many executions are in flight on the device.
    pub fn in_flight(&self) -> u32 {
        (self.jobs.len() + self.giving_back.len()) as u32
    }

    /// Whether nothing is in flight and nothing can start.
    pub fn is_idle(&self) -> bool {
        self.in_flight() == 0 && !self.batches.values().any(|batch| batch.view.activity == Activity::Active)
    }

    // Batches.

    fn changed(&mut self, id: &str, view: BatchView) {
        match self.batches.get_mut(id) {
            None if view.activity == Activity::Ended || self.gone.contains(id) => {}
            None => {
                self.insert(id, view);
                self.load(id);
            }
            Some(batch) if view.revision < batch.view.revision => {}
            Some(batch) => {
                batch.view = view;
                if batch.round != view.round {
                    self.load(id);
                }
                self.stop(id, view.activity == Activity::Ended);
                self.forget_ended(id);
            }
        }
    }

    fn insert(&mut self, id: &str, view: BatchView) -> &mut BatchQueue {
        let last_start = self.starts;
        self.batches.entry(id.to_owned()).or_insert_with(|| BatchQueue {
            view,
            pending: SortedSet::new(),
            suspects: SortedSet::new(),
            gathering: Vec::new(),
            pixels: SortedMap::new(),
            loading: LoadState::No,
            round: view.round,
            last_start,
            measured_sum: 0,
            measured_count: 0,
        })
    }

    /// Requests a batch's pending executions, unless a request is in progress.
    fn load(&mut self, id: &str) {
        if let Some(batch) = self.batches.get_mut(id) {
            if batch.loading == LoadState::No {
                batch.loading = LoadState::Asked;
                self.commands.push(Command::Load { batch: id.to_owned() });
            } else {
                batch.loading = LoadState::Outdated;
            }
        }
    }

    /// Marks a pending request: its answer may be outdated when it arrives.
    fn moved(&mut self, id: &str) {
        if let Some(batch) = self.batches.get_mut(id)
            && batch.loading == LoadState::Asked
        {
            batch.loading = LoadState::Outdated;
        }
    }

    fn loaded(&mut self, id: &str, loaded: Option<(BatchView, Vec<Waiting>)>) {
        self.failed_starts = 0;
        let Some((view, waiting)) = loaded else { return self.deleted(id) };
        // Late: the batch was deleted, or it ended and was forgotten, so that there may be nothing left to refuse.
        if self.gone.contains(id) || (waiting.is_empty() && !self.batches.contains_key(id)) {
            return;
        }
        if let Some(batch) = self.batches.get_mut(id)
            && (batch.loading == LoadState::Outdated || view.revision < batch.view.revision)
        {
            batch.loading = LoadState::Asked;
            self.commands.push(Command::Load { batch: id.to_owned() });
            return;
        }
        let mut taken = SortedSet::new();
        for job in self.jobs.values_mut().chain(&mut self.giving_back).filter(|job| job.batch == id) {
            taken.insert(job.index);
            job.read_as_pending |= waiting.iter().any(|one| one.index == job.index);
        }
        let batch = self.insert(id, view);
        batch.loading = LoadState::No;
        batch.round = view.round;
        batch.pending.clear();
        batch.suspects.clear();
        batch.gathering.clear();
        batch.pixels.clear();
        for one in waiting.into_iter().rev().filter(|one| !taken.contains(&one.index)) {
            batch.put(one);
        }
        self.changed(id, view);
    }

    fn deleted(&mut self, id: &str) {
        self.stop(id, true);
        self.batches.remove(id);
        self.gone.insert(id.to_owned());
    }

    /// Gives a batch's executions in flight a short time to finish, or the usual time again.
    fn stop(&mut self, id: &str, stopping: bool) {
        let workers: Vec<WorkerId> = (self.jobs.iter_mut())
            .filter(|(_, job)| job.batch == id && job.stopping != stopping)
            .map(|(worker, job)| {
                job.stopping = stopping;
                *worker
            })
            .collect();
        for worker in workers {
            self.watch_job(worker);
        }
    }

    /// Forgets a batch that has ended and has nothing in flight.
    fn forget_ended(&mut self, id: &str) {
        let ended = self.batches.get(id).is_some_and(|batch| batch.view.activity == Activity::Ended);
        if ended && self.batch_in_flight(id) == 0 {
            self.batches.remove(id);
        }
    }

    fn batch_in_flight(&self, id: &str) -> u32 {
        self.jobs.values().chain(&self.giving_back).filter(|job| job.batch == id).count() as u32
    }

    // Workers and their executions.

    fn ready(&mut self, id: WorkerId) {
        if let Some(worker) = self.workers.get_mut(&id)
            && worker.state == WorkerState::Starting
        {
            *worker = Worker { state: WorkerState::Idle, ticket: None };
            self.failed_starts = 0;
        }
    }

    fn started(&mut self, worker: WorkerId, attempt: u32) {
        let Some(job) = self.jobs.get_mut(&worker) else { return };
        job.attempt = Some(attempt);
        if self.workers.contains_key(&worker) {
            self.watch_job(worker);
        } else if let Some(job) = self.jobs.remove(&worker) {
            // Its worker died before it received the execution.
            self.give_back(job, Cause::Stopped);
        }
    }

    fn refused(&mut self, worker: WorkerId) {
        if let Some(job) = self.jobs.remove(&worker) {
            self.rest(worker);
            self.load(&job.batch);
            self.forget_ended(&job.batch);
        }
    }

    fn measured(&mut self, worker: WorkerId, pixels: u64) {
        let Some(job) = self.jobs.get_mut(&worker) else { return };
        job.pixels = pixels.max(1);
        if let Some(batch) = self.batches.get_mut(&job.batch) {
            batch.measured_sum = batch.measured_sum.saturating_add(pixels);
            batch.measured_count += 1;
        }
        if !job.stopping {
            self.watch_job(worker);
        }
    }

    fn slow(&mut self, worker: WorkerId, ms: u32) {
        let Some(job) = self.jobs.get_mut(&worker) else { return };
        job.extra_ms = ms;
        if !job.stopping {
            self.watch_job(worker);
        }
    }

    fn finished(&mut self, worker: WorkerId, view: Option<BatchView>, memory: u64) {
        if !self.workers.contains_key(&worker) {
            return;
        }
        let Some(job) = self.jobs.remove(&worker) else { return };
        self.rest(worker);
        if memory >= self.limits.memory_mark {
            self.kill(worker);
        }
        self.after(&job.batch, view);
        if job.read_as_pending {
            self.load(&job.batch);
        }
    }

    fn unstored(&mut self, worker: WorkerId, reason: PauseReason) {
        if self.workers.contains_key(&worker)
            && let Some(job) = self.jobs.remove(&worker)
        {
            self.rest(worker);
            self.give_back(job, Cause::Unstored(reason));
        }
    }

    /// A worker is gone, together with its execution in flight.
    fn lost(&mut self, id: WorkerId, cause: Cause) {
        let Some(worker) = self.workers.remove(&id) else { return };
        if worker.state == WorkerState::Starting {
            self.failed_starts += 1;
            if self.failed_starts == MAX_FAILED_STARTS {
                self.commands.push(Command::Stuck);
            }
        }
        if self.jobs.get(&id).is_some_and(|job| job.attempt.is_some())
            && let Some(job) = self.jobs.remove(&id)
        {
            self.give_back(job, cause);
        }
    }

    fn overdue(&mut self, id: WorkerId, ticket: u64) {
        if self.workers.get(&id).is_none_or(|worker| worker.ticket != Some(ticket)) {
            return;
        }
        let stopping = self.jobs.get(&id).is_some_and(|job| job.stopping);
        self.commands.push(Command::Kill { worker: id });
        self.lost(id, if stopping { Cause::Stopped } else { Cause::Overdue });
    }

    fn given_back(&mut self, id: &str, index: u32, pending: bool, view: Option<BatchView>) {
        let Some(at) = self.giving_back.iter().position(|job| job.batch == id && job.index == index) else { return };
        let job = self.giving_back.swap_remove(at);
        if pending && let Some(batch) = self.batches.get_mut(id) {
            batch.put(Waiting { suspect: job.suspect, pixels: Some(job.pixels), ..Waiting::fresh(index) });
        }
        self.after(id, view);
        if job.read_as_pending {
            self.load(id);
        }
    }

    /// An execution of a batch has ended or was given back.
    fn after(&mut self, id: &str, view: Option<BatchView>) {
        self.moved(id);
        match view {
            Some(view) => self.changed(id, view),
            None => self.load(id),
        }
        self.forget_ended(id);
    }

    /// Requests that an execution whose worker is gone is given back.
    fn give_back(&mut self, job: Job, cause: Cause) {
        if !self.batches.contains_key(&job.batch) {
            return;
        }
        self.commands.push(Command::GiveBack {
            batch: job.batch.clone(),
            index: job.index,
            attempt: job.attempt.unwrap_or_default(),
            cause,
        });
        self.giving_back.push(job);
    }

    fn rest(&mut self, id: WorkerId) {
        if let Some(worker) = self.workers.get_mut(&id) {
            *worker = Worker { state: WorkerState::Idle, ticket: None };
        }
    }

    fn kill(&mut self, id: WorkerId) {
        self.workers.remove(&id);
        self.commands.push(Command::Kill { worker: id });
    }

    fn watch(&mut self, id: WorkerId, ms: u32) {
        if let Some(worker) = self.workers.get_mut(&id) {
            self.last_ticket += 1;
            worker.ticket = Some(self.last_ticket);
            self.commands.push(Command::Watch { worker: id, ticket: self.last_ticket, ms });
        }
    }

    /// Watches a worker for as long as its execution may take.
    fn watch_job(&mut self, id: WorkerId) {
        let Some(job) = self.jobs.get(&id) else { return };
        if job.attempt.is_none() {
            return;
        }
        let megapixels = u32::try_from(job.pixels.div_ceil(1_000_000)).unwrap_or(u32::MAX);
        let ms = if job.stopping {
            self.limits.stop_ms
        } else {
            let for_pixels = self.limits.ms_per_megapixel.saturating_mul(megapixels);
            self.limits.base_ms.saturating_add(for_pixels).saturating_add(job.extra_ms)
        };
        self.watch(id, ms);
    }

    // Starting.

    /// Starts every execution that can start, and the workers for more.
    fn dispatch(&mut self) {
        self.open_gathering();
        while let Some(idle) = self.surplus() {
            self.kill(idle);
        }
        while let Some(worker) = self.idle() {
            let Some(choice) = self.choose() else { break };
            self.hand_out(worker, choice);
        }
        self.spawn();
    }

    /// Lets executions start whose others have ended: none is pending or in flight.
    fn open_gathering(&mut self) {
        for (id, batch) in self.batches.iter_mut().filter(|(_, batch)| !batch.gathering.is_empty()) {
            let is_flying = self.jobs.values().chain(&self.giving_back).any(|job| job.batch == *id);
            if batch.loading == LoadState::No && batch.waiting() == 0 && !is_flying {
                batch.gather();
            }
        }
    }

    fn idle(&self) -> Option<WorkerId> {
        self.workers.iter().find(|(_, worker)| worker.state == WorkerState::Idle).map(|(id, _)| *id)
    }

    /// A surplus idle worker.
    fn surplus(&self) -> Option<WorkerId> {
        if self.workers.len() as u32 > self.limits.workers { self.idle() } else { None }
    }

    /// What starts next, and whether alone.
    ///
    /// An execution that does not fit next to those in flight is not overtaken by others; otherwise large pictures
    /// would starve.
    fn choose(&mut self) -> Option<Choice> {
        let in_flight = self.in_flight();
        let alone_in_flight = self.jobs.values().chain(&self.giving_back).any(|job| job.alone);
        if self.paused || alone_in_flight || in_flight >= self.limits.workers {
            return None;
        }
        let suspects = self.batches.values().any(|batch| batch.may_start() && !batch.suspects.is_empty());
        if suspects && in_flight > 0 {
            return None;
        }
        let mut flying: SortedMap<&str, u32> = SortedMap::new();
        for job in self.jobs.values().chain(&self.giving_back) {
            *flying.entry(job.batch.as_str()).or_default() += 1;
        }
        let contenders = self.batches.iter().filter(|(_, batch)| batch.may_start()).map(|(id, batch)| Contender {
            id: id.as_str(),
            priority: batch.view.priority,
            last_start: batch.last_start,
            eligible: (!suspects || !batch.suspects.is_empty())
                && flying.get(id.as_str()).copied().unwrap_or(0) < batch.view.concurrency_limit,
        });
        let id = self.fair.choose(contenders)?.to_owned();
        let batch = self.batches.get(&id)?;
        let Reverse(index) = *if suspects { batch.suspects.last() } else { batch.pending.last() }?;
        let pixels = batch.cost(index, self.limits.guess);
        let busy: u64 = self.jobs.values().chain(&self.giving_back).map(|job| job.pixels).sum();
        if in_flight > 0 && busy.saturating_add(pixels) > self.limits.pixels {
            return None;
        }
        Some(Choice { batch: id, index, pixels, alone: suspects || pixels > self.limits.pixels })
    }

    fn hand_out(&mut self, worker: WorkerId, choice: Choice) {
        let Choice { batch: id, index, pixels, alone } = choice;
        self.starts += 1;
        let Some(batch) = self.batches.get_mut(&id) else { return };
        let suspect = batch.take(index);
        batch.last_start = self.starts;
        self.fair.started(batch.view.priority);
        let job = Job {
            batch: id.clone(),
            index,
            attempt: None,
            pixels,
            extra_ms: 0,
            suspect,
            alone,
            stopping: false,
            read_as_pending: false,
        };
        self.jobs.insert(worker, job);
        self.workers.insert(worker, Worker { state: WorkerState::Busy, ticket: None });
        self.commands.push(Command::HandOut { worker, batch: id, index, alone });
    }

    /// Starts as many workers as there is work for.
    fn spawn(&mut self) {
        if self.paused || self.failed_starts >= MAX_FAILED_STARTS {
            return;
        }
        let startable: u32 = (self.batches.iter())
            .filter(|(_, batch)| batch.may_start())
            .map(|(id, batch)| {
                batch.waiting().min(batch.view.concurrency_limit.saturating_sub(self.batch_in_flight(id)))
            })
            .fold(0, u32::saturating_add);
        let busy = self.workers.values().filter(|worker| worker.state == WorkerState::Busy).count() as u32;
        let wanted = self.limits.workers.min(startable.saturating_add(busy));
        while (self.workers.len() as u32) < wanted {
            self.last_worker += 1;
            self.workers.insert(self.last_worker, Worker { state: WorkerState::Starting, ticket: None });
            self.commands.push(Command::Spawn { worker: self.last_worker });
            self.watch(self.last_worker, self.limits.start_ms);
        }
    }
}

/// What starts next.
struct Choice {
    batch: String,
    index: u32,
    pixels: u64,
    alone: bool,
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
