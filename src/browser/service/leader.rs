//! The scheduling tab: recovers what a dead tab left behind, reports events to the scheduler, and carries out its
//! decisions.
//!
//! One tab at a time leads; a browser lock ensures that. The others write their commands into the records and send a
//! notice; the leader reads the records. Everything is driven by messages. Timers only end what is overdue, because
//! background tabs may get them late.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::rc::{Rc, Weak};

use gloo_timers::callback::Timeout;
use gloo_timers::future::TimeoutFuture;
use js_sys::Promise;

use super::super::environment::{free_storage, now};
use super::super::interop::spawn;
use super::super::locks;
use super::super::storage::Storage;
use super::Hub;
use super::exchange::{Exchange, Subscription};
use super::notifier::Notifier;
use super::pool::{FromPool, Handle, Program};
use super::read_ahead::ReadAhead;
use crate::api::{Event as Change, read_global_pause};
use crate::batch::records::{BatchStatus, Execution, ExecutionStatus, Millis, PauseReason, Progress, Subset};
use crate::batch::scheduler::{BatchView, Command, Death, Event, Limits, Scheduler, Waiting, WorkerId};
use crate::batch::{log, transitions};
use crate::compact::{SortedMap, SortedSet};
use crate::names::Names;
use crate::protocol::{FromWorker, ToWorker, UPDATED};
use crate::service::Note;
use crate::store::{AssetStore, BatchStore, Durability, StoreError, Which};

/// Time between two reports of a batch's progress.
const PROGRESS_MS: f64 = 250.0;
/// Time before retrying after a storage failure.
const RETRY_MS: u32 = 1_000;
/// Time before retrying to start workers.
const STUCK_MS: u32 = 10_000;
/// Time for an idle worker to confirm that it has its execution; one that does not is gone.
const TAKE_MS: u32 = 10_000;
/// Time for a worker to get the inference code and the model, however slow the connection: 10 minutes.
const NETWORK_WAIT_MS: u32 = 600_000;
/// Time for a worker to run a model or a slow encoder once: 60 times what the built-in model takes on a slow machine, 35 times
/// what the full U²-Net takes.
const LONG_MS: u32 = 120_000;
/// Executions read at once, to keep tasks short.
const PORTION: u32 = 500;
/// Free storage, in bytes, above which the reserve is written.
const AMPLE: f64 = 16e6;
/// How long an import that nothing refers to is kept: 7 days.
const KEEP_MS: Millis = 7.0 * 24.0 * 3_600_000.0;

/// Waits for its turn to schedule for this database, then calls `elected`. The turn lasts until the tab ends
/// or the returned promise settles. Calls `alone` at once if there are no locks here.
pub(super) fn campaign(names: &Names, elected: impl FnOnce() -> Promise + 'static, alone: impl FnOnce() + 'static) {
    locks::request(&names.turn(), elected, alone);
}

/// The timer that ends a worker that overruns its time or stays silent.
struct Watched {
    ticket: u64,
    ms: u32,
    _timer: Timeout,
}

/// The state of a batch's progress reports.
#[derive(Default)]
struct Reported {
    last: Millis,
    latest: Option<Progress>,
    timer: Option<Timeout>,
    ended: bool,
}

/// The scheduling tab.
pub(super) struct Leader {
    own: Weak<Self>,
    hub: Weak<Hub>,
    database: Storage,
    program: Rc<Program>,
    exchange: Exchange,
    scheduler: RefCell<Scheduler>,
    workers: RefCell<SortedMap<WorkerId, Handle>>,
    watches: RefCell<SortedMap<WorkerId, Watched>>,
    /// Names of the custom actions that workers are in.
    in_modules: RefCell<SortedMap<WorkerId, String>>,
    /// For workers that were given an execution and have not confirmed it yet.
    silent: RefCell<SortedMap<WorkerId, Watched>>,
    read_ahead: Rc<ReadAhead>,
    reported: RefCell<SortedMap<String, Reported>>,
    /// Ends of batches that wait until what other workers stored before them was told.
    held: RefCell<SortedMap<String, Progress>>,
    notifier: Rc<Notifier>,
    subscription: RefCell<Option<Subscription>>,
    /// Whether a storage or worker failure was reported that may be over by now.
    noted: Cell<bool>,
    /// Batches that this tab knew to be running when its turn came: their end may not have been announced.
    unfinished: RefCell<SortedSet<String>>,
    /// Whether executions that the previous leader left in flight are being recovered: batches wait until that is done.
    repairing: Cell<bool>,
    limits: Cell<Limits>,
    over: Cell<bool>,
    /// Ends this tab's turn.
    resign: RefCell<Option<Box<dyn FnOnce()>>>,
}

impl Leader {
    /// Begins to lead, for the service of this tab; `resign` ends the tab's turn, so that another may lead.
    pub(super) fn start(hub: &Rc<Hub>, limits: Limits, resign: impl FnOnce() + 'static) -> Rc<Self> {
        let database = hub.database.clone();
        let leader = Rc::new_cyclic(|own| Self {
            own: own.clone(),
            hub: Rc::downgrade(hub),
            notifier: {
                let own = own.clone();
                Notifier::new(database.clone(), hub.setup.base_url.clone(), move |progress| {
                    if let Some(leader) = own.upgrade() {
                        leader.progressed(progress);
                    }
                })
            },
            read_ahead: ReadAhead::new(database.clone()),
            database,
            program: hub.program.clone(),
            exchange: hub.exchange.clone(),
            scheduler: RefCell::new(Scheduler::new(limits)),
            workers: RefCell::default(),
            watches: RefCell::default(),
            in_modules: RefCell::default(),
            silent: RefCell::default(),
            reported: RefCell::default(),
            held: RefCell::default(),
            subscription: RefCell::default(),
            noted: Cell::new(false),
            unfinished: RefCell::new(hub.unfinished.take()),
            repairing: Cell::new(true),
            limits: Cell::new(limits),
            over: Cell::new(false),
            resign: RefCell::new(Some(Box::new(resign))),
        });
        let suspended = hub.suspended.take();
        leader.run(|leader| async move {
            if leader.take_over().await.is_none() {
                return;
            }
            if let Some(since) = suspended {
                leader.log_sleep(since, true).await;
            }
            leader.tidy().await;
        });
        leader
    }

    /// How many workers are on a batch.
    pub(super) fn workers_on(&self, batch_id: &str) -> u32 {
        self.scheduler.borrow().workers_on(batch_id)
    }

    /// Stops everything: another tab will lead, or none can.
    pub(super) fn stop(&self) {
        self.over.set(true);
        self.subscription.borrow_mut().take();
        self.workers.borrow_mut().clear();
        self.watches.borrow_mut().clear();
        self.silent.borrow_mut().clear();
        self.reported.borrow_mut().clear();
        self.held.borrow_mut().clear();
        self.notifier.stop();
        if let Some(resign) = self.resign.borrow_mut().take() {
            resign();
        }
    }

    fn run<F: Future<Output = ()> + 'static>(&self, task: impl FnOnce(Rc<Self>) -> F) {
        if let Some(own) = self.own.upgrade() {
            spawn(task(own));
        }
    }

    /// Recovers what the previous leader left in flight and resumes every batch that has not ended; `None` if the tab's
    /// turn ends first.
    ///
    /// Nothing starts before everything is recovered; whatever is in flight after that is this tab's own.
    async fn take_over(&self) -> Option<()> {
        // What other tabs announce meanwhile is in the records read below, or arrives after them.
        let own = self.own.clone();
        *self.subscription.borrow_mut() = Some(self.exchange.subscribe(move |change| {
            // These are the leader's own.
            let own_kind = matches!(
                change,
                Change::Progress(_) | Change::ExecutionCompleted(_) | Change::BatchCompleted(_) | Change::Slept { .. }
            );
            if let (false, Some(leader)) = (own_kind, own.upgrade()) {
                let change = change.clone();
                leader.run(|leader| async move { leader.changed(change).await });
            }
        }));
        let pause = self.retry_until_open(|| read_global_pause(&self.database)).await?;
        self.dispatch(Event::GlobalPause(pause.is_some()));
        self.retry_until_open(|| self.repair()).await?;
        self.repairing.set(false);
        if let Some(hub) = self.hub.upgrade() {
            hub.change_state(|state| state.owns = true);
        }
        let mut all = self.retry_until_open(|| self.database.all_progress()).await?;
        // Oldest first: batches of equal priority are served in order of arrival.
        all.reverse();
        for progress in all {
            // The previous leader may have died between a record and its message.
            let told = !self.unfinished.borrow_mut().remove(&progress.batch_id);
            if told && progress.completed_at.is_some() {
                self.reported.borrow_mut().entry(progress.batch_id.clone()).or_default().ended = true;
            } else if !told {
                self.progressed(&progress);
            }
            self.notifier.plan_webhook(&progress);
            self.dispatch(Event::Changed { view: BatchView::from(&progress), batch: progress.batch_id });
        }
        Some(())
    }

    /// Returns to the queue what is recorded as in flight and is on no worker: its tab has left or crashed.
    async fn repair(&self) -> Result<(), StoreError> {
        // Read after the records: by then the previous leader's last write has arrived.
        let all = self.database.all_progress().await?;
        let left = match self.hub.upgrade() {
            Some(hub) => hub.asks_when_left().await.flatten(),
            None => None,
        };
        for progress in all {
            if progress.assets.processing == 0 {
                continue;
            }
            let recover = move |progress: &mut Progress, executions: &mut Vec<Execution>| {
                transitions::recover(progress, executions, left, now())?;
                let failed = executions.iter().filter(|one| one.status() == ExecutionStatus::Failed).cloned();
                Some((progress.clone(), failed.collect::<Vec<_>>()))
            };
            let which = Which::In(ExecutionStatus::Running);
            let batch_id = &progress.batch_id;
            let repaired = self.database.change(batch_id, which, Vec::new(), Durability::Strict, recover).await?;
            if let Some((repaired, failed)) = repaired {
                failed.into_iter().for_each(|execution| self.completed(execution, &repaired));
                self.progressed(&repaired);
            }
        }
        Ok(())
    }

    /// A call in some tab has changed a batch.
    async fn changed(&self, change: Change) {
        if self.repairing.get() && !matches!(change, Change::GlobalPauseChanged) {
            return;
        }
        let changed = matches!(change, Change::BatchChanged { .. });
        let ended = || Reported { ended: true, ..Reported::default() };
        match change {
            Change::BatchDeleted { batch_id } => {
                self.reported.borrow_mut().remove(&batch_id);
                self.dispatch(Event::Deleted { batch: batch_id });
                // If space is short, leave it to what comes next: browsers are slow to return deleted space.
                if free_storage().await.is_some_and(|free| free >= AMPLE) {
                    self.tidy().await;
                }
            }
            Change::BatchCreated { batch_id } | Change::BatchChanged { batch_id } => {
                let Some(progress) = self.retry_until_open(|| self.database.progress(&batch_id)).await else { return };
                let Some(progress) = progress else {
                    return self.dispatch(Event::Deleted { batch: batch_id });
                };
                if changed && progress.completed_at.is_some() {
                    // It was imported with an archive: its end is not news.
                    self.reported.borrow_mut().entry(batch_id.clone()).or_insert_with(ended);
                }
                self.progressed(&progress);
                let view = BatchView::from(&progress);
                self.dispatch(Event::Changed { batch: batch_id, view });
            }
            Change::GlobalPauseChanged => {
                let Some(pause) = self.retry_until_open(|| read_global_pause(&self.database)).await else { return };
                self.dispatch(Event::GlobalPause(pause.is_some()));
            }
            Change::WorkflowsChanged
            | Change::UserFilesChanged
            | Change::Slept { .. }
            | Change::Progress(_)
            | Change::ExecutionCompleted(_)
            | Change::BatchCompleted(_) => {}
        }
    }

    /// Removes imports that have been unused for long, and keeps a reserve for full storage.
    async fn tidy(&self) {
        if let Err(error) = self.database.sweep(now() - KEEP_MS).await {
            web_sys::console::warn_1(&error.to_string().into());
        }
    }

    /// Tells the user of a problem, or that it is over; ignored after the tab's turn.
    fn tell(&self, note: Option<Note>) {
        if let Some(hub) = self.hub.upgrade().filter(|_| !self.over.get()) {
            hub.change_state(|state| state.note = note);
        }
    }

    /// Retries until the storage answers; `None` when the tab's turn is over.
    async fn retry_until_open<T, F: Future<Output = Result<T, StoreError>>>(
        &self,
        attempt: impl Fn() -> F,
    ) -> Option<T> {
        let mut failed = false;
        loop {
            if self.over.get() {
                return None;
            }
            match attempt().await {
                Ok(value) => {
                    if failed {
                        self.tell(None);
                    }
                    return Some(value);
                }
                Err(error) => {
                    failed = true;
                    let hopeless = error.needs_reload();
                    self.tell(Some(error.into()));
                    if hopeless {
                        self.stop();
                        return None;
                    }
                    TimeoutFuture::new(RETRY_MS).await;
                }
            }
        }
    }

    fn dispatch(&self, event: Event) {
        if self.over.get() {
            return;
        }
        let commands = self.scheduler.borrow_mut().handle(event);
        for command in commands {
            self.carry_out(command);
        }
    }

    fn carry_out(&self, command: Command) {
        match command {
            Command::Load { batch } => self.run(|leader| async move { leader.load(batch).await }),
            Command::Spawn { worker } => self.spawn_worker(worker),
            Command::Kill { worker } => self.forget_worker(worker),
            Command::HandOut { worker, batch, index, alone } => {
                self.run(move |leader| async move { leader.hand_out(worker, batch, index, alone).await });
            }
            Command::Watch { worker, ticket, ms } => self.watch(worker, ticket, ms),
            Command::GiveBack { batch, index, attempt, cause } => {
                self.run(move |leader| async move { leader.give_back(batch, index, attempt, cause).await });
            }
            Command::Stuck => {
                if self.program.outdated.get() {
                    // A retry would fail the same way.
                    return self.tell(Some(Note { text: UPDATED.to_owned(), reload_helps: true }));
                }
                self.noted.set(true);
                self.tell(Some(Note {
                    text: "The workers do not start. Retrying; if that does not help, reload the page.".to_owned(),
                    reload_helps: true,
                }));
                self.run(|leader| async move {
                    TimeoutFuture::new(STUCK_MS).await;
                    leader.dispatch(Event::Limits(leader.limits.get()));
                });
            }
        }
    }

    async fn load(&self, batch: String) {
        let read = || async {
            let Some(progress) = self.database.progress(&batch).await? else { return Ok(None) };
            if let Some(waiting) = Waiting::of_new(&progress) {
                return Ok(Some((progress, waiting)));
            }
            let mut waiting = Vec::with_capacity(progress.assets.pending as usize);
            loop {
                let offset = waiting.len() as u32;
                let page = self.database.executions(&batch, Subset::Pending, offset, PORTION).await?;
                waiting.extend(page.executions.iter().map(Waiting::from));
                if page.executions.len() < PORTION as usize {
                    return Ok(Some((progress, waiting)));
                }
            }
        };
        if let Some(loaded) = self.retry_until_open(read).await {
            let loaded = loaded.map(|(progress, waiting)| {
                // A worker that was lost with its last message may have ended it.
                self.progressed(&progress);
                (BatchView::from(&progress), waiting)
            });
            self.dispatch(Event::Loaded { batch, loaded });
        }
    }

    async fn hand_out(&self, worker: WorkerId, batch: String, index: u32, alone: bool) {
        let hand_out = move |progress: &mut Progress, executions: &mut Vec<Execution>| {
            let execution = executions.first_mut()?;
            let attempt = transitions::hand_out(progress, execution, alone, now())?;
            Some((attempt, progress.clone(), Box::new(execution.clone())))
        };
        let which = Which::At(vec![index]);
        match self.database.change(&batch, which, Vec::new(), Durability::Relaxed, hand_out).await {
            Ok(Some((attempt, progress, execution))) => {
                self.storage_works();
                if let Some(handle) = self.workers.borrow().get(&worker) {
                    handle.send_over(&ToWorker::Run { execution }, self.read_ahead.take(&batch, index));
                    self.await_word(worker);
                }
                self.dispatch(Event::Started { worker, attempt });
                self.progressed(&progress);
                let next = self.scheduler.borrow().next_in(&batch, self.limits.get().workers as usize);
                self.read_ahead.prepare(&batch, &next);
            }
            Ok(None) => self.dispatch(Event::Refused { worker }),
            Err(error) => {
                let full = matches!(error, StoreError::Quota(_));
                self.storage_fails(error.into());
                if !full || !self.pause_for_room(&batch).await {
                    TimeoutFuture::new(RETRY_MS).await;
                }
                self.dispatch(Event::Refused { worker });
            }
        }
    }

    /// Pauses a batch of which not even a start can be written; false if the pause cannot be written either.
    async fn pause_for_room(&self, batch: &str) -> bool {
        let pause = |progress: &mut Progress, _: &mut Vec<Execution>| {
            transitions::pause(progress, PauseReason::Quota, now()).ok()?;
            Some(progress.clone())
        };
        let paused = self.database.change(batch, Which::None, Vec::new(), Durability::Strict, pause).await;
        let Ok(Some(progress)) = paused else { return false };
        self.dispatch(Event::Changed { batch: batch.to_owned(), view: BatchView::from(&progress) });
        self.progressed(&progress);
        true
    }

    async fn give_back(&self, batch: String, index: u32, attempt: u32, cause: transitions::Cause) {
        let give_back = || {
            let cause = cause.clone();
            let apply = move |progress: &mut Progress, executions: &mut Vec<Execution>| {
                let execution = executions.first_mut()?;
                let given = transitions::give_back(progress, execution, attempt, cause, now())?;
                Some((given, progress.clone(), execution.clone()))
            };
            self.database.change(&batch, Which::At(vec![index]), Vec::new(), Durability::Strict, apply)
        };
        let Some(given) = self.retry_until_open(give_back).await else { return };
        let view = given.as_ref().map(|(_, progress, _)| BatchView::from(progress));
        let pending = matches!(given, Some((transitions::GivenBack::Pending, ..)));
        self.dispatch(Event::GivenBack { batch, index, pending, view });
        if let Some((_, progress, execution)) = given {
            if !pending {
                self.completed(execution, &progress);
            }
            self.progressed(&progress);
        }
    }

    // Workers.

    fn spawn_worker(&self, worker: WorkerId) {
        let own = self.own.clone();
        let handle = Handle::spawn(&self.program, move |message| {
            if let Some(leader) = own.upgrade() {
                leader.run(|leader| async move { leader.heard(worker, message) });
            }
        });
        match handle {
            Ok(handle) => {
                self.workers.borrow_mut().insert(worker, handle);
            }
            Err(error) => {
                web_sys::console::error_1(&error.into());
                self.run(move |leader| async move {
                    leader.dispatch(Event::Died { worker, death: Death::Vanished });
                });
            }
        }
    }

    fn watch(&self, worker: WorkerId, ticket: u64, ms: u32) {
        let own = self.own.clone();
        let timer = Timeout::new(ms, move || {
            if let Some(leader) = own.upgrade() {
                // In a task of its own: what follows may drop this very timer.
                leader.run(|leader| async move { leader.overdue(worker, ticket) });
            }
        });
        self.watches.borrow_mut().insert(worker, Watched { ticket, ms, _timer: timer });
    }

    /// Ends a worker whose time has passed, unless it has got more since.
    fn overdue(&self, worker: WorkerId, ticket: u64) {
        let is_current = self.watches.borrow().get(&worker).is_some_and(|watched| watched.ticket == ticket);
        let action = self.in_modules.borrow().get(&worker).filter(|_| is_current).cloned();
        match action {
            Some(action) => self.heard(worker, FromPool::Died(Death::Hung(action), "it took too long".to_owned())),
            None => self.dispatch(Event::Overdue { worker, ticket }),
        }
    }

    fn await_word(&self, worker: WorkerId) {
        let own = self.own.clone();
        let timer = Timeout::new(TAKE_MS, move || {
            if let Some(leader) = own.upgrade() {
                leader.run(|leader| async move { leader.stayed_silent(worker) });
            }
        });
        self.silent.borrow_mut().insert(worker, Watched { ticket: 0, ms: 0, _timer: timer });
    }

    /// The browser had suspended the tab and its workers: their time limits restart, and every running batch's log
    /// records it.
    pub(super) fn woken(&self, from: Millis) {
        let watched: Vec<_> =
            self.watches.borrow().iter().map(|(worker, watched)| (*worker, watched.ticket, watched.ms)).collect();
        for (worker, ticket, ms) in watched {
            self.watch(worker, ticket, ms);
        }
        let silent: Vec<WorkerId> = self.silent.borrow().keys().copied().collect();
        silent.into_iter().for_each(|worker| self.await_word(worker));
        self.exchange.broadcast(&Change::Slept { ms: now() - from });
        self.run(move |leader| async move { leader.log_sleep(from, false).await });
    }

    async fn log_sleep(&self, from: Millis, discarded: bool) {
        let to = now();
        let Some(all) = self.retry_until_open(|| self.database.all_progress()).await else { return };
        for progress in all {
            if progress.status != BatchStatus::Running {
                continue;
            }
            let note = || {
                let apply = move |progress: &mut Progress, _: &mut Vec<Execution>| {
                    log::slept(progress, from, discarded, to)?;
                    Some(progress.clone())
                };
                self.database.change(&progress.batch_id, Which::None, Vec::new(), Durability::Relaxed, apply)
            };
            if let Some(Some(progress)) = self.retry_until_open(note).await {
                self.progressed(&progress);
            }
        }
    }

    fn forget_worker(&self, worker: WorkerId) {
        self.workers.borrow_mut().remove(&worker);
        self.watches.borrow_mut().remove(&worker);
        self.silent.borrow_mut().remove(&worker);
        self.in_modules.borrow_mut().remove(&worker);
    }

    fn stayed_silent(&self, worker: WorkerId) {
        if self.silent.borrow_mut().remove(&worker).is_some() {
            self.heard(worker, FromPool::Died(Death::Vanished, "it does not answer".to_owned()));
        }
    }

    fn heard(&self, worker: WorkerId, message: FromPool) {
        match message {
            FromPool::Report(FromWorker::Accepted) => {
                self.silent.borrow_mut().remove(&worker);
            }
            FromPool::Ready => self.dispatch(Event::Ready { worker }),
            FromPool::Died(death, message) => {
                web_sys::console::warn_1(&format!("Worker {worker} is replaced: {message}").into());
                self.forget_worker(worker);
                if death == Death::OutOfMemory {
                    self.keep_fewer_workers();
                }
                self.dispatch(Event::Died { worker, death });
                self.tell_held_ends();
            }
            FromPool::Waits => self.dispatch(Event::Slow { worker, ms: NETWORK_WAIT_MS }),
            FromPool::Report(FromWorker::TakesLong { parts }) => {
                self.dispatch(Event::Slow { worker, ms: parts.saturating_mul(LONG_MS) });
            }
            FromPool::Report(FromWorker::WaitsForServer { ms }) => self.dispatch(Event::Slow { worker, ms }),
            FromPool::Report(FromWorker::InModule { name }) => {
                let mut in_modules = self.in_modules.borrow_mut();
                match name {
                    Some(name) => drop(in_modules.insert(worker, name)),
                    None => drop(in_modules.remove(&worker)),
                }
            }
            FromPool::Report(FromWorker::Measured { pixels }) => self.dispatch(Event::Measured { worker, pixels }),
            FromPool::Report(FromWorker::Finished { records, memory }) => {
                let view = records.as_ref().map(|records| BatchView::from(&records.0));
                self.watches.borrow_mut().remove(&worker);
                self.dispatch(Event::Finished { worker, view, memory });
                if let Some(records) = records {
                    let (progress, execution) = *records;
                    self.completed(execution, &progress);
                    self.stored(progress);
                }
                self.tell_held_ends();
            }
            FromPool::Report(FromWorker::Unstored { reason, message }) => {
                self.storage_fails(Note { text: message, reload_helps: false });
                self.watches.borrow_mut().remove(&worker);
                self.dispatch(Event::Unstored { worker, reason });
                self.tell_held_ends();
            }
            FromPool::Archive(_) | FromPool::Probed(_) | FromPool::Unpacked(..) | FromPool::Previewed(..) => {}
            FromPool::Report(_) => {
                web_sys::console::warn_1(&format!("Worker {worker} sent an unexpected answer.").into());
            }
        }
    }

    /// The device has less memory than it seemed: one worker fewer for the rest of this tab's turn.
    fn keep_fewer_workers(&self) {
        let mut limits = self.limits.get();
        limits.workers = limits.workers.saturating_sub(1).max(1);
        self.limits.set(limits);
        self.dispatch(Event::Limits(limits));
    }

    fn storage_fails(&self, note: Note) {
        self.noted.set(true);
        self.tell(Some(note));
    }

    fn storage_works(&self) {
        if self.noted.replace(false) {
            self.tell(None);
        }
    }

    // Broadcasts.

    fn completed(&self, mut execution: Execution, progress: &Progress) {
        execution.client_data.clone_from(&progress.client_data);
        self.exchange.broadcast(&Change::ExecutionCompleted(Box::new(execution)));
    }

    /// A worker has stored the progress of a batch. Workers store in one order and report in another: the end is told
    /// only after everything that was stored before it.
    fn stored(&self, progress: Progress) {
        if progress.completed_at.is_some() && self.workers_on(&progress.batch_id) > 0 {
            self.held.borrow_mut().insert(progress.batch_id.clone(), progress);
        } else {
            self.progressed(&progress);
        }
    }

    /// Tells the ends of batches that no worker is on any more.
    fn tell_held_ends(&self) {
        let due: Vec<String> =
            self.held.borrow().keys().filter(|batch_id| self.workers_on(batch_id) == 0).cloned().collect();
        for batch_id in due {
            let progress = self.held.borrow_mut().remove(&batch_id);
            if let Some(progress) = progress {
                self.progressed(&progress);
            }
        }
    }

    /// A batch's progress has become durable: announced at most four times a second, and at once at its end.
    fn progressed(&self, progress: &Progress) {
        let ended = progress.completed_at.is_some();
        let (say, end) = {
            let mut reported = self.reported.borrow_mut();
            let reported = reported.entry(progress.batch_id.clone()).or_default();
            // Transactions may be reported out of order, and more than once.
            if reported.latest.as_ref().is_some_and(|latest| latest.revision >= progress.revision) {
                return;
            }
            self.notifier.plan_webhook(progress);
            if ended || progress.paused.is_some() {
                self.read_ahead.forget(&progress.batch_id);
            }
            let end = ended && !reported.ended;
            reported.ended = ended;
            reported.latest = Some(progress.clone());
            // A clock that was set back is no reason to wait longer.
            let due = (reported.last + PROGRESS_MS - now()).min(PROGRESS_MS);
            if ended || due <= 0.0 {
                (true, end)
            } else {
                if reported.timer.is_none() {
                    let (own, batch_id) = (self.own.clone(), progress.batch_id.clone());
                    reported.timer = Some(Timeout::new(due as u32, move || {
                        if let Some(leader) = own.upgrade() {
                            leader.run(|leader| async move { leader.say_progress(&batch_id) });
                        }
                    }));
                }
                (false, end)
            }
        };
        if say {
            self.say_progress(&progress.batch_id);
        }
        if end {
            self.exchange.broadcast(&Change::BatchCompleted(Box::new(progress.clone())));
            self.notifier.announce(progress);
        }
    }

    fn say_progress(&self, batch_id: &str) {
        let progress = {
            let mut reported = self.reported.borrow_mut();
            let Some(reported) = reported.get_mut(batch_id) else { return };
            reported.timer = None;
            reported.last = now();
            reported.latest.clone()
        };
        if let Some(progress) = progress {
            self.exchange.broadcast(&Change::Progress(Box::new(progress)));
        }
    }
}
