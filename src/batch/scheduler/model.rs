//! The scheduler tested with a model of the browser: the store in memory, the real transitions, workers that finish,
//! fail, vanish, panic and hang, a user who acts in any tab, and tabs that die. Each step is chosen at random, and
//! messages overtake each other.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::batch::records::{Batch, Config, ExecutionStatus, Gathered, InputAsset, Subset};
use crate::batch::transitions::{self, Findings, Results};
use crate::compact::SortedSet;
use crate::error::Failure;
use crate::store::{BatchStore, Durability, MemoryStore, Which};

/// What is in progress in the browser, in no order.
#[derive(Clone, Debug)]
enum Op {
    /// Delivers an event to the scheduler.
    Deliver(Event),
    /// Delivers the batch's state at that time to the scheduler.
    Notice(String),
    Load(String),
    HandOut {
        worker: WorkerId,
        batch: String,
        index: u32,
        alone: bool,
    },
    GiveBack {
        batch: String,
        index: u32,
        attempt: u32,
        cause: Cause,
    },
    Work {
        worker: WorkerId,
        batch: String,
        index: u32,
        attempt: u32,
    },
}

struct World {
    store: MemoryStore,
    scheduler: Scheduler,
    pool: u32,
    ops: Vec<Op>,
    alive: BTreeSet<WorkerId>,
    timers: BTreeMap<WorkerId, u64>,
    now: f64,
    created: u32,
    /// Largest limit that ever applied, by batch.
    limits: BTreeMap<String, u32>,
    successes: BTreeSet<(String, u32)>,
    worker_deaths: u32,
}

/// Random choices; when they run out, everything goes well.
struct Tape<'a>(std::slice::Iter<'a, u16>);

impl Tape<'_> {
    fn pick(&mut self, of: usize) -> usize {
        self.0.next().map_or(0, |choice| *choice as usize % of.max(1))
    }
    fn is_empty(&self) -> bool {
        self.0.len() == 0
    }
}

fn now<T>(future: impl Future<Output = T>) -> T {
    pollster::block_on(future)
}

impl World {
    fn new(pool: u32) -> Self {
        Self {
            store: MemoryStore::default(),
            scheduler: Scheduler::new(Limits { workers: pool, ..Limits::default() }),
            pool,
            ops: Vec::new(),
            alive: BTreeSet::new(),
            timers: BTreeMap::new(),
            now: 0.0,
            created: 0,
            limits: BTreeMap::new(),
            successes: BTreeSet::new(),
            worker_deaths: 0,
        }
    }

    fn change<T: 'static>(
        &mut self,
        batch: &str,
        which: Which,
        apply: impl FnOnce(&mut Progress, &mut Vec<Execution>, f64) -> Option<T> + 'static,
    ) -> Option<(T, BatchView)> {
        self.now += 1.0;
        let time = self.now;
        let change = self.store.change(batch, which, Vec::new(), Durability::Relaxed, move |progress, executions| {
            let answer = apply(progress, executions, time)?;
            Some((answer, BatchView::from(&*progress)))
        });
        now(change).expect("the store in memory works")
    }

    fn ids(&self) -> Vec<String> {
        now(self.store.all_progress()).expect("read").into_iter().map(|progress| progress.batch_id).collect()
    }

    fn executions(&self, batch: &str, status: Option<ExecutionStatus>) -> Vec<Execution> {
        now(self.store.executions(batch, status.map_or(Subset::All, Subset::from), 0, u32::MAX))
            .expect("read")
            .executions
    }

    fn tell(&mut self, event: Event) {
        let commands = self.scheduler.handle(event);
        self.obey(commands);
    }

    fn obey(&mut self, commands: Vec<Command>) {
        for command in commands {
            match command {
                Command::Load { batch } => self.ops.push(Op::Load(batch)),
                Command::Spawn { worker } => {
                    assert!(self.alive.insert(worker), "a worker's name is used once");
                    assert!(self.alive.len() as u32 <= self.pool, "more workers than the pool has");
                    self.ops.push(Op::Deliver(Event::Ready { worker }));
                }
                Command::Kill { worker } => self.kill(worker),
                Command::HandOut { worker, batch, index, alone } => {
                    let others = self.scheduler.in_flight();
                    assert!(!alone || others == 1, "alone means alone");
                    self.ops.push(Op::HandOut { worker, batch, index, alone });
                }
                Command::Watch { worker, ticket, .. } => {
                    self.timers.insert(worker, ticket);
                }
                Command::GiveBack { batch, index, attempt, cause } => {
                    self.ops.push(Op::GiveBack { batch, index, attempt, cause });
                }
                Command::Stuck => {
                    self.ops.push(Op::Deliver(Event::Limits(Limits { workers: self.pool, ..Limits::default() })))
                }
            }
        }
    }

    fn kill(&mut self, worker: WorkerId) {
        self.alive.remove(&worker);
        self.timers.remove(&worker);
        self.ops.retain(|op| !matches!(op, Op::Work { worker: other, .. } if *other == worker));
    }

    fn run(&mut self, op: Op, tape: &mut Tape<'_>) {
        match op {
            Op::Deliver(Event::Started { worker, attempt }) => {
                let job = self.scheduler.job(worker).map(|(batch, index, _)| (batch.to_owned(), index));
                self.tell(Event::Started { worker, attempt });
                if let Some((batch, index)) = job.filter(|_| self.alive.contains(&worker)) {
                    self.ops.push(Op::Work { worker, batch, index, attempt });
                }
            }
            Op::Deliver(event) => self.tell(event),
            Op::Notice(batch) => {
                if let Some(progress) = now(self.store.progress(&batch)).expect("read") {
                    self.tell(Event::Changed { batch, view: BatchView::from(&progress) });
                } else {
                    self.tell(Event::Deleted { batch });
                }
            }
            Op::Load(batch) => {
                let loaded = self.change(&batch, Which::In(ExecutionStatus::Pending), |progress, executions, _| {
                    let read = || executions.iter().map(Waiting::from).collect();
                    Some(Waiting::of_new(progress).unwrap_or_else(read))
                });
                let loaded = loaded.map(|(waiting, view)| (view, waiting));
                self.ops.push(Op::Deliver(Event::Loaded { batch, loaded }));
            }
            Op::HandOut { worker, batch, index, alone } => {
                let started = self.change(&batch, Which::At(vec![index]), move |progress, executions, now| {
                    transitions::hand_out(progress, executions.first_mut()?, alone, now)
                });
                if started.is_some() {
                    let all = self.executions(&batch, None);
                    let has_ended = |one: &Execution| one.gathers() || one.completed_at().is_some();
                    let gathers = all.iter().any(|one| one.asset_index == index && one.gathers());
                    assert!(!gathers || all.iter().all(has_ended), "it gathers what is still being made");
                }
                let event = match started {
                    Some((attempt, _)) => Event::Started { worker, attempt },
                    None => Event::Refused { worker },
                };
                self.ops.push(Op::Deliver(event));
            }
            Op::GiveBack { batch, index, attempt, cause } => {
                let back = self.change(&batch, Which::At(vec![index]), move |progress, executions, now| {
                    transitions::give_back(progress, executions.first_mut()?, attempt, cause, now)
                });
                let pending = back.is_some_and(|(back, _)| back == transitions::GivenBack::Pending);
                let view = back.map(|(_, view)| view);
                self.ops.push(Op::Deliver(Event::GivenBack { batch, index, pending, view }));
            }
            Op::Work { worker, batch, index, attempt } => self.work(worker, batch, index, attempt, tape),
        }
    }

    fn work(&mut self, worker: WorkerId, batch: String, index: u32, attempt: u32, tape: &mut Tape<'_>) {
        match tape.pick(12) {
            5 => {
                self.ops.push(Op::Work { worker, batch, index, attempt });
                let pixels = 1_000_000 * (1 + tape.pick(150) as u64);
                self.tell(Event::Measured { worker, pixels });
                self.tell(Event::Slow { worker, ms: 120_000 * tape.pick(2) as u32 });
            }
            6 => self.die(worker, Death::Vanished),
            7 => self.die(worker, Death::Panic("index out of bounds".into())),
            8 => self.die(worker, Death::OutOfMemory),
            // It hangs: only its timer is still running.
            9 => {}
            10 => self.ops.push(Op::Deliver(Event::Unstored { worker, reason: PauseReason::Quota })),
            choice => {
                let fails = choice == 3 || choice == 4;
                let finished = self.change(&batch, Which::At(vec![index]), move |progress, executions, now| {
                    let execution = executions.first_mut()?;
                    if fails {
                        let failure = Failure::input("It is broken.", "Use another.");
                        transitions::fail(progress, execution, attempt, failure, Findings::default(), now)
                    } else {
                        transitions::succeed(progress, execution, attempt, Results::default(), Findings::default(), now)
                    }
                });
                if finished.is_some() && !fails {
                    assert!(self.successes.insert((batch, index)), "finished twice");
                }
                let view = finished.map(|(_, view)| view);
                if choice == 11 {
                    // It dies after its record is durable and before it could report it.
                    self.die(worker, Death::Vanished);
                } else {
                    let memory = if choice == 2 { 2 << 30 } else { 0 };
                    self.ops.push(Op::Deliver(Event::Finished { worker, view, memory }));
                }
            }
        }
    }

    fn die(&mut self, worker: WorkerId, death: Death) {
        self.kill(worker);
        self.worker_deaths += 1;
        self.ops.push(Op::Deliver(Event::Died { worker, death }));
    }

    fn create(&mut self, tape: &mut Tape<'_>) {
        self.created += 1;
        self.now += 1.0;
        let batch_id = format!("b{}", self.created);
        let config = Config {
            concurrency_limit: 1 + tape.pick(4) as u32,
            priority: [Priority::High, Priority::Normal, Priority::Low][tape.pick(3)],
            continue_on_error: tape.pick(3) > 0,
            webhook_url: None,
        };
        self.limits.insert(batch_id.clone(), config.concurrency_limit);
        let count = 1 + tape.pick(7) as u32;
        let gathering = tape.pick(3) as u32;
        let gathered = move |index| Gathered { action_id: "g".into(), from: 0, count, part: index - count };
        let inputs = (0..count + gathering).map(move |index| {
            let gathered = (index >= count).then(|| gathered(index));
            InputAsset { gathered, ..InputAsset::empty(index) }
        });
        let (progress, executions) = transitions::accept(&batch_id, "w", "W", config, inputs, self.now);
        let batch = Batch {
            batch_id: batch_id.clone(),
            workflow: serde_json::Value::Null,
            references: SortedSet::new(),
            engine_version: "0".into(),
            run: crate::actions::RunFacts::default(),
        };
        now(self.store.create_batch(batch, progress, executions)).expect("created");
        self.ops.push(Op::Notice(batch_id));
    }

    /// The user does something, in any tab.
    fn command(&mut self, tape: &mut Tape<'_>) {
        let ids = self.ids();
        let Some(id) = ids.get(tape.pick(ids.len())).cloned() else { return self.create(tape) };
        match tape.pick(8) {
            0 => {
                self.change(&id, Which::None, |progress, _, now| {
                    transitions::pause(progress, PauseReason::User, now).ok()
                });
            }
            1 => {
                self.change(&id, Which::None, |progress, _, now| transitions::resume(progress, now).ok());
            }
            2 => {
                self.change(&id, Which::None, |progress, _, now| transitions::cancel(progress, now).ok());
            }
            3 | 4 => {
                let all = self.executions(&id, None).into_iter();
                let returned = all.filter(|one| one.gathers() || one.failed().is_some()).map(|one| one.asset_index);
                let retried = self.change(&id, Which::At(returned.collect()), |progress, executions, now| {
                    transitions::retry(progress, executions, now).ok()
                });
                if retried.is_some() {
                    // Those that gather may succeed again.
                    let pending = self.executions(&id, Some(ExecutionStatus::Pending));
                    for one in pending {
                        self.successes.remove(&(id.clone(), one.asset_index));
                    }
                }
            }
            5 => {
                let limit = 1 + tape.pick(4) as u32;
                let priority = [Priority::High, Priority::Low][tape.pick(2)];
                self.change(&id, Which::None, move |progress, _, now| {
                    transitions::update(progress, Some(priority), Some(limit), now);
                    Some(())
                });
                let most = self.limits.entry(id.clone()).or_default();
                *most = limit.max(*most);
            }
            6 => {
                now(self.store.delete_batch(&id)).expect("deleted");
            }
            _ => return self.create(tape),
        }
        self.ops.push(Op::Notice(id));
    }

    /// The scheduling tab dies and another takes over.
    fn tab_dies(&mut self) {
        self.ops.clear();
        self.alive.clear();
        self.timers.clear();
        self.scheduler = Scheduler::new(Limits { workers: self.pool, ..Limits::default() });
        for id in self.ids() {
            let running = Which::In(ExecutionStatus::Running);
            self.change(&id, running, |progress, executions, now| {
                transitions::recover(progress, executions, None, now)
            });
            assert!(self.executions(&id, Some(ExecutionStatus::Running)).is_empty());
            self.ops.push(Op::Notice(id));
        }
    }

    fn fire_a_timer(&mut self, tape: &mut Tape<'_>) -> bool {
        let timers: Vec<(WorkerId, u64)> = self.timers.iter().map(|(worker, ticket)| (*worker, *ticket)).collect();
        let Some((worker, ticket)) = timers.get(tape.pick(timers.len())).copied() else { return false };
        self.timers.remove(&worker);
        self.tell(Event::Overdue { worker, ticket });
        true
    }

    fn step(&mut self, tape: &mut Tape<'_>) {
        match tape.pick(40) {
            0..=3 => self.command(tape),
            4 if tape.pick(4) == 0 => self.tab_dies(),
            5 => {
                self.fire_a_timer(tape);
            }
            6 => {
                let alive: Vec<WorkerId> = self.alive.iter().copied().collect();
                if let Some(worker) = alive.get(tape.pick(alive.len())).copied() {
                    self.die(worker, Death::Vanished);
                }
            }
            _ if self.ops.is_empty() => self.command(tape),
            _ => {
                let op = self.ops.swap_remove(tape.pick(self.ops.len()));
                self.run(op, tape);
            }
        }
        self.check();
    }

    /// What must hold after every step.
    fn check(&self) {
        let mut in_flight = 0;
        for progress in now(self.store.all_progress()).expect("read") {
            let executions = self.executions(&progress.batch_id, None);
            let count = |status| executions.iter().filter(|one| one.status() == status).count() as u32;
            let assets = progress.assets;
            assert!(assets.add_up());
            assert_eq!(assets.pending, count(ExecutionStatus::Pending));
            assert_eq!(assets.processing, count(ExecutionStatus::Running));
            assert_eq!(assets.completed, count(ExecutionStatus::Success));
            assert_eq!(assets.failed, count(ExecutionStatus::Failed));
            assert_eq!(assets.total as usize, executions.len());
            let doubtful = executions.iter().filter(|one| one.is_doubtful()).count() as u32;
            assert_eq!(progress.doubtful_count, doubtful);
            assert_eq!(progress.completed_at.is_some(), progress.status.is_end() && assets.processing == 0);
            assert_eq!(progress.duration_count, assets.completed + assets.failed);
            let durations: f64 = executions.iter().filter_map(|one| one.duration_ms()).sum();
            assert!((progress.duration_sum_ms - durations).abs() < 1e-6);
            assert!(assets.processing <= self.limits[&progress.batch_id], "more in flight than the batch allows");
            assert!(executions.iter().all(|one| one.worker_deaths <= transitions::MAX_WORKER_DEATHS));
            in_flight += assets.processing;
        }
        // The execution of a hung or killed worker counts until it is given back, so this is not as loose as it looks.
        assert!(in_flight <= self.pool, "more in flight than the pool allows");
    }

    /// From here on everything succeeds: does every batch end?
    fn settle(&mut self) {
        let mut tape = Tape([].iter());
        for id in self.ids() {
            self.change(&id, Which::None, |progress, _, now| transitions::resume(progress, now).ok());
            self.ops.push(Op::Notice(id));
        }
        let mut steps = 0;
        loop {
            steps += 1;
            assert!(steps < 100_000, "it does not terminate: {:?}", self.ops);
            if self.ops.is_empty() {
                // Only hung executions are left. An idle worker's timer has no effect.
                if self.fire_a_timer(&mut tape) {
                    continue;
                }
                let paused = |world: &Self| {
                    let all = now(world.store.all_progress()).expect("read");
                    all.into_iter().filter(|progress| progress.paused.is_some()).map(|progress| progress.batch_id)
                };
                let paused: Vec<String> = paused(self).collect();
                if paused.is_empty() {
                    break;
                }
                for id in paused {
                    self.change(&id, Which::None, |progress, _, now| transitions::resume(progress, now).ok());
                    self.ops.push(Op::Notice(id));
                }
                continue;
            }
            let op = self.ops.remove(0);
            self.run(op, &mut tape);
            self.check();
        }
        for progress in now(self.store.all_progress()).expect("read") {
            assert!(progress.status.is_end(), "{progress:?} {:?}", self.scheduler);
            assert_eq!(progress.assets.processing, 0);
            if progress.status == BatchStatus::Completed {
                assert_eq!(progress.assets.pending, 0);
            }
        }
        assert!(self.scheduler.is_idle(), "{:?}", self.scheduler);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn in_any_order_of_events_counts_add_up_and_everything_ends(
        pool in 1_u32..=4,
        tape in prop::collection::vec(any::<u16>(), 0..500),
    ) {
        let mut world = World::new(pool);
        let mut tape = Tape(tape.iter());
        while !tape.is_empty() {
            world.step(&mut tape);
        }
        world.settle();
    }
}

#[test]
fn five_tab_deaths_alone_in_flight_fail_an_execution_and_the_others_go_on() {
    let mut world = World::new(2);
    let mut tape = Tape([].iter());
    world.create(&mut Tape([3, 1, 1, 5].iter()));
    let id = world.ids().remove(0);
    // Until index 0 is in flight; then the tab dies, each time.
    for death in 0..20 {
        while let Some(op) = (!world.ops.is_empty()).then(|| world.ops.remove(0)) {
            world.run(op, &mut tape);
            let execution = world.executions(&id, None).remove(0);
            if execution.status() == ExecutionStatus::Running {
                break;
            }
        }
        let execution = world.executions(&id, None).remove(0);
        if execution.status() == ExecutionStatus::Failed {
            assert_eq!((execution.tab_deaths, execution.attempts), (5, 6), "the first death was not alone");
            assert_eq!(death, 6);
            world.settle();
            let rest = world.executions(&id, Some(ExecutionStatus::Success));
            assert_eq!(rest.len(), world.executions(&id, None).len() - 1);
            return;
        }
        assert_eq!(execution.status(), ExecutionStatus::Running);
        world.tab_dies();
    }
    panic!("it never failed");
}

#[test]
fn the_third_worker_death_fails_an_execution_and_the_others_go_on() {
    let mut world = World::new(2);
    let mut tape = Tape([].iter());
    world.create(&mut Tape([3, 1, 1, 5].iter()));
    let id = world.ids().remove(0);
    for _ in 0..1_000 {
        let Some(op) = (!world.ops.is_empty()).then(|| world.ops.remove(0)) else { break };
        match op {
            Op::Work { worker, index: 0, .. } => world.die(worker, Death::Vanished),
            op => world.run(op, &mut tape),
        }
    }
    let executions = world.executions(&id, None);
    assert_eq!((executions[0].status(), executions[0].attempts), (ExecutionStatus::Failed, 3));
    assert_eq!(world.worker_deaths, 3);
    assert!(executions[1..].iter().all(|one| one.status() == ExecutionStatus::Success && one.attempts == 1));
    world.settle();
}
