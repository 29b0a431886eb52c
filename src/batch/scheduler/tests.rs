//! One behaviour of the scheduler at a time, and the fair-share bound under random loads.

use crate::compact::SortedMap;
use proptest::prelude::*;

use super::*;

/// Answers every command at once, like a well-behaved browser, and records the commands.
struct Desk {
    scheduler: Scheduler,
    /// By worker: batch, index, alone.
    busy: SortedMap<WorkerId, (String, u32, bool)>,
    /// Every hand-out in order.
    starts: Vec<(String, u32, bool)>,
    /// Commands that it leaves unanswered.
    told: Vec<Command>,
    revision: u64,
}

impl Desk {
    fn new(limits: Limits) -> Self {
        let scheduler = Scheduler::new(limits);
        Self { scheduler, busy: SortedMap::new(), starts: Vec::new(), told: Vec::new(), revision: 0 }
    }

    fn send(&mut self, event: Event) {
        let mut commands: std::collections::VecDeque<Command> = self.scheduler.handle(event).into();
        while let Some(command) = commands.pop_front() {
            let answer = match command {
                Command::Spawn { worker } => Event::Ready { worker },
                Command::HandOut { worker, batch, index, alone } => {
                    self.starts.push((batch.clone(), index, alone));
                    self.busy.insert(worker, (batch, index, alone));
                    Event::Started { worker, attempt: 1 }
                }
                Command::Kill { worker } => {
                    self.busy.remove(&worker);
                    self.told.push(Command::Kill { worker });
                    continue;
                }
                other => {
                    self.told.push(other);
                    continue;
                }
            };
            commands.extend(self.scheduler.handle(answer));
        }
    }

    fn view(&mut self, priority: Priority, concurrency_limit: u32, activity: Activity) -> BatchView {
        self.revision += 1;
        BatchView { priority, concurrency_limit, activity, revision: self.revision, round: 0 }
    }

    fn add(&mut self, batch: &str, priority: Priority, concurrency_limit: u32, count: u32) {
        let waiting = (0..count).map(Waiting::fresh).collect();
        self.add_waiting(batch, priority, concurrency_limit, waiting);
    }

    fn add_waiting(&mut self, batch: &str, priority: Priority, concurrency_limit: u32, waiting: Vec<Waiting>) {
        let view = self.view(priority, concurrency_limit, Activity::Active);
        self.send(Event::Loaded { batch: batch.into(), loaded: Some((view, waiting)) });
    }

    fn change(&mut self, batch: &str, priority: Priority, concurrency_limit: u32, activity: Activity) {
        let view = self.view(priority, concurrency_limit, activity);
        self.send(Event::Changed { batch: batch.into(), view });
    }

    fn finish(&mut self, worker: WorkerId) {
        let (batch, ..) = self.busy.remove(&worker).expect("busy");
        let view = self.scheduler.batches.get(&batch).map(|batch| batch.view);
        self.send(Event::Finished { worker, view, memory: 0 });
    }

    fn worker_of(&self, batch: &str) -> WorkerId {
        *self.busy.iter().find(|(_, (id, ..))| id == batch).expect("in flight").0
    }

    /// The latest watch of a worker.
    fn watch(&self, of: WorkerId) -> Option<(u64, u32)> {
        self.told.iter().rev().find_map(|command| match command {
            Command::Watch { worker, ticket, ms } if *worker == of => Some((*ticket, *ms)),
            _ => None,
        })
    }

    fn given_back(&self) -> Vec<(u32, Cause)> {
        let causes = self.told.iter().filter_map(|command| match command {
            Command::GiveBack { index, cause, .. } => Some((*index, cause.clone())),
            _ => None,
        });
        causes.collect()
    }
}

fn limits(workers: u32) -> Limits {
    Limits { workers, ..Limits::default() }
}

#[test]
fn a_batch_fills_the_pool_and_not_more() {
    let mut desk = Desk::new(limits(3));
    desk.add("a", Priority::Normal, 10, 5);
    assert_eq!(desk.busy.len(), 3);
    let worker = desk.worker_of("a");
    desk.finish(worker);
    assert_eq!(desk.busy.len(), 3);
    let started: Vec<u32> = desk.starts.iter().map(|(_, index, _)| *index).collect();
    assert_eq!(started, [0, 1, 2, 3]);
}

#[test]
fn what_gathers_starts_when_the_others_have_ended() {
    let mut desk = Desk::new(limits(2));
    let gathers = |index| Waiting { gathers: true, ..Waiting::fresh(index) };
    desk.add_waiting("a", Priority::Normal, 10, vec![gathers(3), Waiting::fresh(0), Waiting::fresh(1), gathers(2)]);
    let started = |desk: &Desk| desk.starts.iter().map(|(_, index, _)| *index).collect::<Vec<_>>();
    let first = desk.worker_of("a");
    desk.finish(first);
    assert_eq!(started(&desk), [0, 1], "one is in flight");
    let second = desk.worker_of("a");
    // It is given back, and ends with its second worker.
    desk.send(Event::Died { worker: second, death: Death::Vanished });
    assert_eq!(started(&desk), [0, 1], "one is being given back");
    let view = desk.scheduler.batches.get("a").map(|batch| batch.view);
    desk.busy.remove(&second);
    desk.send(Event::GivenBack { batch: "a".into(), index: 1, pending: true, view });
    assert_eq!(started(&desk), [0, 1, 1]);
    let second = desk.worker_of("a");
    desk.finish(second);
    assert_eq!(started(&desk), [0, 1, 1, 2, 3], "both at once");
}

#[test]
fn a_batch_keeps_its_own_limit() {
    let mut desk = Desk::new(limits(4));
    desk.add("a", Priority::Normal, 2, 5);
    assert_eq!(desk.scheduler.workers_on("a"), 2);
    desk.add("b", Priority::Low, 10, 5);
    assert_eq!((desk.scheduler.workers_on("a"), desk.scheduler.workers_on("b")), (2, 2));
    desk.change("a", Priority::Normal, 3, Activity::Active);
    let worker = desk.worker_of("b");
    desk.finish(worker);
    assert_eq!((desk.scheduler.workers_on("a"), desk.scheduler.workers_on("b")), (3, 1));
}

#[test]
fn no_more_workers_are_started_than_there_is_work() {
    let mut desk = Desk::new(limits(8));
    desk.add("a", Priority::Normal, 10, 2);
    assert_eq!(desk.scheduler.workers.len(), 2);
    desk.add("b", Priority::Normal, 1, 100);
    assert_eq!(desk.scheduler.workers.len(), 3);
}

#[test]
fn shares_are_four_to_two_to_one() {
    let mut desk = Desk::new(limits(2));
    // The pool is full before the others are added.
    desk.add("high", Priority::High, 10, 1_000);
    desk.add("normal", Priority::Normal, 10, 1_000);
    desk.add("low", Priority::Low, 10, 1_000);
    desk.starts.clear();
    for _ in 0..700 {
        let worker = *desk.busy.keys().next().expect("busy");
        desk.finish(worker);
    }
    let share = |id: &str| desk.starts.iter().filter(|(batch, ..)| batch == id).count() as i64;
    for (id, expected) in [("high", 400), ("normal", 200), ("low", 100)] {
        assert!((share(id) - expected).abs() <= 2, "{id}: {}", share(id));
    }
}

#[test]
fn a_new_priority_counts_at_once() {
    let mut desk = Desk::new(limits(1));
    desk.add("a", Priority::Low, 10, 1_000);
    desk.add("b", Priority::Low, 10, 1_000);
    for _ in 0..20 {
        let worker = *desk.busy.keys().next().expect("busy");
        desk.finish(worker);
    }
    desk.change("b", Priority::High, 10, Activity::Active);
    desk.starts.clear();
    for _ in 0..100 {
        let worker = *desk.busy.keys().next().expect("busy");
        desk.finish(worker);
    }
    let share = desk.starts.iter().filter(|(batch, ..)| batch == "b").count() as i64;
    assert!((share - 80).abs() <= 2, "{share}");
}

#[test]
fn one_high_batch_is_not_kept_waiting_by_a_hundred_low_ones() {
    let mut desk = Desk::new(limits(1));
    for index in 0..100 {
        desk.add(&format!("low-{index}"), Priority::Low, 10, 100);
    }
    desk.add("high", Priority::High, 10, 100);
    desk.starts.clear();
    for _ in 0..520 {
        let worker = *desk.busy.keys().next().expect("busy");
        desk.finish(worker);
    }
    let at: Vec<usize> = (0..520).filter(|start| desk.starts[*start].0 == "high").collect();
    assert!(at.len() >= 19, "{at:?}");
    // W is 104, w is 4: 26 starts, and the pool.
    assert!(at.windows(2).all(|pair| pair[1] - pair[0] <= 27), "{at:?}");
}

#[test]
fn a_paused_batch_starts_nothing_until_it_is_resumed() {
    let mut desk = Desk::new(limits(2));
    desk.add("a", Priority::Normal, 10, 10);
    desk.change("a", Priority::Normal, 10, Activity::Paused);
    for _ in 0..2 {
        let worker = desk.worker_of("a");
        desk.finish(worker);
    }
    assert_eq!(desk.scheduler.in_flight(), 0);
    desk.change("a", Priority::Normal, 10, Activity::Active);
    assert_eq!(desk.starts.len(), 4);
}

#[test]
fn everything_is_paused_and_resumed() {
    let mut desk = Desk::new(limits(2));
    desk.send(Event::GlobalPause(true));
    desk.add("a", Priority::Normal, 10, 10);
    assert_eq!((desk.starts.len(), desk.scheduler.workers.len()), (0, 0));
    desk.send(Event::GlobalPause(false));
    assert_eq!(desk.starts.len(), 2);
}

#[test]
fn executions_in_flight_get_ten_seconds_when_their_batch_is_cancelled() {
    let mut desk = Desk::new(limits(1));
    desk.add("a", Priority::Normal, 10, 10);
    let worker = desk.worker_of("a");
    let (outdated, usual) = desk.watch(worker).expect("watched");
    assert_eq!(usual, 30_000 + 16 * 2_500, "16 megapixels are the guess");
    desk.change("a", Priority::Normal, 10, Activity::Ended);
    let (ticket, ms) = desk.watch(worker).expect("watched");
    assert_eq!(ms, 10_000);
    desk.send(Event::Overdue { worker, ticket: outdated });
    assert!(desk.given_back().is_empty(), "the usual watch is outdated");
    desk.send(Event::Overdue { worker, ticket });
    assert!(desk.told.contains(&Command::Kill { worker }));
    assert_eq!(desk.given_back(), [(0, Cause::Stopped)]);
    let view = desk.view(Priority::Normal, 10, Activity::Ended);
    desk.send(Event::GivenBack { batch: "a".into(), index: 0, pending: true, view: Some(view) });
    assert!(desk.scheduler.is_idle());
    assert_eq!(desk.starts.len(), 1);
}

#[test]
fn a_retry_within_the_ten_seconds_gives_the_usual_time_again() {
    let mut desk = Desk::new(limits(1));
    desk.add("a", Priority::Normal, 10, 10);
    let worker = desk.worker_of("a");
    desk.change("a", Priority::Normal, 10, Activity::Ended);
    let view = BatchView { round: 1, ..desk.view(Priority::Normal, 10, Activity::Active) };
    desk.send(Event::Changed { batch: "a".into(), view });
    assert_eq!(desk.watch(worker).expect("watched").1, 70_000);
    assert!(desk.told.contains(&Command::Load { batch: "a".into() }), "the store knows what is pending again");
}

#[test]
fn an_older_view_is_ignored() {
    let mut desk = Desk::new(limits(1));
    desk.add("a", Priority::Normal, 10, 10);
    let paused = desk.view(Priority::Normal, 10, Activity::Paused);
    desk.change("a", Priority::Normal, 10, Activity::Active);
    let worker = desk.worker_of("a");
    desk.busy.clear();
    desk.send(Event::Finished { worker, view: Some(paused), memory: 0 });
    assert_eq!(desk.starts.len(), 2);
}

#[test]
fn a_refused_hand_out_has_the_batch_read_again_before_it_starts_more() {
    let mut scheduler = Scheduler::new(limits(1));
    let view = BatchView {
        priority: Priority::Normal,
        concurrency_limit: 10,
        activity: Activity::Active,
        revision: 1,
        round: 0,
    };
    let waiting = vec![Waiting::fresh(0), Waiting::fresh(1)];
    scheduler.handle(Event::Loaded { batch: "a".into(), loaded: Some((view, waiting)) });
    let commands = scheduler.handle(Event::Ready { worker: 1 });
    let hand_out = |index| Command::HandOut { worker: 1, batch: "a".into(), index, alone: false };
    assert_eq!(commands, [hand_out(0)]);
    assert_eq!(scheduler.handle(Event::Refused { worker: 1 }), [Command::Load { batch: "a".into() }]);
    let loaded = Some((view, vec![Waiting::fresh(1)]));
    assert_eq!(scheduler.handle(Event::Loaded { batch: "a".into(), loaded }), [hand_out(1)]);
}

#[test]
fn pending_executions_read_before_a_change_are_read_again() {
    let mut scheduler = Scheduler::new(limits(1));
    let old = BatchView {
        priority: Priority::Normal,
        concurrency_limit: 10,
        activity: Activity::Active,
        revision: 1,
        round: 0,
    };
    let new = BatchView { revision: 2, round: 1, ..old };
    let load = [Command::Load { batch: "a".into() }];
    assert_eq!(scheduler.handle(Event::Changed { batch: "a".into(), view: old }), load);
    scheduler.handle(Event::Changed { batch: "a".into(), view: new });
    let loaded = |view| Event::Loaded { batch: "a".into(), loaded: Some((view, vec![Waiting::fresh(0)])) };
    assert_eq!(scheduler.handle(loaded(old)), load);
    assert!(matches!(scheduler.handle(loaded(new))[..], [Command::Spawn { .. }, Command::Watch { .. }]));
}

#[test]
fn a_retry_that_overtakes_the_previous_end_loses_nothing() {
    let mut scheduler = Scheduler::new(limits(1));
    let on = BatchView {
        priority: Priority::Normal,
        concurrency_limit: 10,
        activity: Activity::Active,
        revision: 1,
        round: 0,
    };
    let loaded = |view| Event::Loaded { batch: "a".into(), loaded: Some((view, vec![Waiting::fresh(0)])) };
    scheduler.handle(loaded(on));
    scheduler.handle(Event::Ready { worker: 1 });
    scheduler.handle(Event::Started { worker: 1, attempt: 1 });
    // It fails, is retried, and only then the end of the first attempt is reported.
    let retried = BatchView { revision: 4, round: 1, ..on };
    scheduler.handle(Event::Changed { batch: "a".into(), view: retried });
    scheduler.handle(loaded(retried));
    let ended = BatchView { revision: 3, activity: Activity::Ended, ..on };
    let commands = scheduler.handle(Event::Finished { worker: 1, view: Some(ended), memory: 0 });
    assert_eq!(commands, [Command::Load { batch: "a".into() }]);
    let hand_out = Command::HandOut { worker: 1, batch: "a".into(), index: 0, alone: false };
    assert_eq!(scheduler.handle(loaded(retried)), [hand_out]);
}

#[test]
fn suspects_run_first_and_alone() {
    let mut desk = Desk::new(limits(2));
    desk.add("other", Priority::High, 10, 10);
    let suspect = |index| Waiting { suspect: true, ..Waiting::fresh(index) };
    let waiting = vec![Waiting::fresh(0), suspect(4), suspect(7), Waiting::fresh(8)];
    desk.add_waiting("a", Priority::Low, 10, waiting);
    for _ in 0..2 {
        let worker = desk.worker_of("other");
        desk.finish(worker);
    }
    assert_eq!(desk.starts[2..], [("a".into(), 4, true)]);
    let worker = desk.worker_of("a");
    desk.finish(worker);
    assert_eq!(desk.starts[3..], [("a".into(), 7, true)]);
    let worker = desk.worker_of("a");
    desk.finish(worker);
    assert_eq!(desk.busy.len(), 2, "then everything goes on");
    assert!(desk.starts[4..].iter().all(|(_, _, alone)| !alone));
}

#[test]
fn suspects_of_a_paused_batch_do_not_block_others() {
    let mut desk = Desk::new(limits(2));
    let view = desk.view(Priority::Normal, 10, Activity::Paused);
    let waiting = vec![Waiting { suspect: true, ..Waiting::fresh(0) }];
    desk.send(Event::Loaded { batch: "a".into(), loaded: Some((view, waiting)) });
    desk.add("b", Priority::Normal, 10, 4);
    assert_eq!(desk.busy.len(), 2);
}

#[test]
fn pixels_in_flight_are_bounded_and_a_larger_picture_runs_alone() {
    let mut desk = Desk::new(Limits { pixels: 100, guess: 10, ..limits(4) });
    let sized = |index, pixels| Waiting { pixels: Some(pixels), ..Waiting::fresh(index) };
    desk.add_waiting("a", Priority::Normal, 10, vec![sized(0, 60), sized(1, 60), sized(2, 500), sized(3, 10)]);
    let started = |desk: &Desk| desk.starts.iter().map(|(_, index, alone)| (*index, *alone)).collect::<Vec<_>>();
    assert_eq!(started(&desk), [(0, false)]);
    for _ in 0..2 {
        let worker = desk.worker_of("a");
        desk.finish(worker);
    }
    assert_eq!(started(&desk), [(0, false), (1, false), (2, true)]);
    let worker = desk.worker_of("a");
    desk.finish(worker);
    assert_eq!(started(&desk)[3..], [(3, false)]);
}

#[test]
fn a_picture_that_turns_out_large_gets_more_time_and_delays_others() {
    let mut desk = Desk::new(Limits { pixels: 100_000_000, guess: 10_000_000, ..limits(2) });
    desk.add("a", Priority::Normal, 1, 2);
    let worker = desk.worker_of("a");
    desk.send(Event::Measured { worker, pixels: 96_000_000 });
    assert_eq!(desk.watch(worker).expect("watched").1, 30_000 + 96 * 2_500);
    desk.add("b", Priority::Normal, 1, 1);
    assert_eq!(desk.busy.len(), 1, "it does not fit next to the other");
    desk.finish(worker);
    assert_eq!(desk.starts[1..], [("a".into(), 1, false)]);
    assert_eq!(desk.busy.len(), 1, "an unknown size is assumed to be like the others in its batch");
}

#[test]
fn extra_waiting_is_added_to_a_workers_time_until_its_batch_ends() {
    let mut desk = Desk::new(limits(1));
    desk.add("a", Priority::Normal, 1, 2);
    let worker = desk.worker_of("a");
    let ms = |desk: &Desk| desk.watch(worker).expect("watched").1;
    desk.send(Event::Slow { worker, ms: 600_000 });
    desk.send(Event::Measured { worker, pixels: 12_000_000 });
    assert_eq!(ms(&desk), 30_000 + 12 * 2_500 + 600_000);
    desk.send(Event::Slow { worker, ms: 120_000 });
    assert_eq!(ms(&desk), 30_000 + 12 * 2_500 + 120_000);
    desk.change("a", Priority::Normal, 1, Activity::Ended);
    desk.send(Event::Slow { worker, ms: 120_000 });
    assert_eq!(ms(&desk), 10_000);
}

#[test]
fn a_death_gives_the_execution_back_and_replaces_the_worker() {
    for (death, cause) in [
        (Death::Vanished, Cause::Vanished),
        (Death::Panic("out of bounds".into()), Cause::Panic("out of bounds".into())),
        (Death::OutOfMemory, Cause::OutOfMemory),
        (Death::Hung("film".into()), Cause::Hung("film".into())),
    ] {
        let mut desk = Desk::new(limits(1));
        desk.add("a", Priority::Normal, 10, 2);
        let worker = desk.worker_of("a");
        desk.busy.clear();
        desk.send(Event::Died { worker, death });
        assert_eq!(desk.given_back(), [(0, cause)]);
        assert_eq!(desk.starts.len(), 1, "it counts as in flight until it is given back");
        let view = desk.view(Priority::Normal, 10, Activity::Active);
        desk.send(Event::GivenBack { batch: "a".into(), index: 0, pending: true, view: Some(view) });
        assert_eq!(desk.starts[1..], [("a".into(), 0, false)]);
        assert_ne!(desk.worker_of("a"), worker);
    }
}

#[test]
fn a_custom_action_that_is_stopped_with_its_batch_is_not_to_blame() {
    let mut desk = Desk::new(limits(1));
    desk.add("a", Priority::Normal, 10, 2);
    let worker = desk.worker_of("a");
    desk.busy.clear();
    desk.change("a", Priority::Normal, 1, Activity::Ended);
    desk.send(Event::Died { worker, death: Death::Hung("film".into()) });
    assert_eq!(desk.given_back(), [(0, Cause::Stopped)]);
}

#[test]
fn a_worker_that_dies_before_its_hand_out_is_durable_costs_nothing() {
    let mut scheduler = Scheduler::new(limits(1));
    let view = BatchView {
        priority: Priority::Normal,
        concurrency_limit: 10,
        activity: Activity::Active,
        revision: 1,
        round: 0,
    };
    let loaded = Some((view, vec![Waiting::fresh(0)]));
    scheduler.handle(Event::Loaded { batch: "a".into(), loaded });
    scheduler.handle(Event::Ready { worker: 1 });
    let commands = scheduler.handle(Event::Died { worker: 1, death: Death::Vanished });
    assert!(!commands.iter().any(|command| matches!(command, Command::GiveBack { .. })), "no attempt is known yet");
    let commands = scheduler.handle(Event::Started { worker: 1, attempt: 1 });
    let expected = Command::GiveBack { batch: "a".into(), index: 0, attempt: 1, cause: Cause::Stopped };
    assert!(commands.contains(&expected), "{commands:?}");
}

#[test]
fn an_overdue_worker_is_killed_and_its_execution_counted() {
    let mut desk = Desk::new(limits(1));
    desk.add("a", Priority::Normal, 10, 1);
    let worker = desk.worker_of("a");
    let (ticket, _) = desk.watch(worker).expect("watched");
    desk.send(Event::Overdue { worker, ticket });
    assert!(desk.told.contains(&Command::Kill { worker }));
    assert_eq!(desk.given_back(), [(0, Cause::Overdue)]);
}

#[test]
fn a_worker_is_replaced_after_the_memory_mark() {
    let mut desk = Desk::new(limits(1));
    desk.add("a", Priority::Normal, 10, 3);
    let worker = desk.worker_of("a");
    let view = desk.scheduler.batches.get("a").expect("there").view;
    desk.send(Event::Finished { worker, view: Some(view), memory: 2 << 30 });
    assert!(desk.told.contains(&Command::Kill { worker }));
    assert_eq!(desk.starts.len(), 2);
    assert_ne!(desk.worker_of("a"), worker);
}

#[test]
fn a_full_storage_pauses_and_the_worker_lives() {
    let mut desk = Desk::new(limits(1));
    desk.add("a", Priority::Normal, 10, 3);
    desk.add("b", Priority::Normal, 10, 3);
    let worker = desk.worker_of("a");
    desk.send(Event::Unstored { worker, reason: PauseReason::Quota });
    assert_eq!(desk.given_back(), [(0, Cause::Unstored(PauseReason::Quota))]);
    assert!(!desk.told.contains(&Command::Kill { worker }));
    let view = desk.view(Priority::Normal, 10, Activity::Paused);
    desk.send(Event::GivenBack { batch: "a".into(), index: 0, pending: true, view: Some(view) });
    assert_eq!(desk.starts[1..], [("b".into(), 0, false)]);
}

#[test]
fn workers_that_never_start_are_reported_and_tried_again_later() {
    let mut scheduler = Scheduler::new(limits(1));
    let view = BatchView {
        priority: Priority::Normal,
        concurrency_limit: 10,
        activity: Activity::Active,
        revision: 1,
        round: 0,
    };
    let loaded = || Event::Loaded { batch: "a".into(), loaded: Some((view, vec![Waiting::fresh(0)])) };
    let mut commands = scheduler.handle(loaded());
    for worker in 1..=3 {
        assert!(commands.contains(&Command::Spawn { worker }));
        commands = scheduler.handle(Event::Died { worker, death: Death::Vanished });
    }
    assert_eq!(commands, [Command::Stuck]);
    assert!(scheduler.handle(loaded()).contains(&Command::Spawn { worker: 4 }));
}

#[test]
fn a_worker_that_is_too_slow_to_start_is_replaced() {
    let mut scheduler = Scheduler::new(limits(1));
    let view = BatchView {
        priority: Priority::Normal,
        concurrency_limit: 10,
        activity: Activity::Active,
        revision: 1,
        round: 0,
    };
    let loaded = Some((view, vec![Waiting::fresh(0)]));
    let commands = scheduler.handle(Event::Loaded { batch: "a".into(), loaded });
    let watch = Command::Watch { worker: 1, ticket: 1, ms: 60_000 };
    assert_eq!(commands, [Command::Spawn { worker: 1 }, watch]);
    let commands = scheduler.handle(Event::Overdue { worker: 1, ticket: 1 });
    assert_eq!(commands[..2], [Command::Kill { worker: 1 }, Command::Spawn { worker: 2 }]);
}

#[test]
fn a_deleted_batch_starts_nothing_and_its_worker_gets_ten_seconds() {
    let mut desk = Desk::new(limits(1));
    desk.add("a", Priority::Normal, 10, 3);
    let worker = desk.worker_of("a");
    desk.send(Event::Deleted { batch: "a".into() });
    assert_eq!(desk.watch(worker).expect("watched").1, 10_000);
    desk.busy.clear();
    desk.send(Event::Finished { worker, view: None, memory: 0 });
    assert_eq!(desk.starts.len(), 1);
    assert!(desk.scheduler.is_idle());
}

#[test]
fn a_smaller_pool_lets_workers_go_as_they_finish() {
    let mut desk = Desk::new(limits(3));
    desk.add("a", Priority::Normal, 10, 10);
    desk.send(Event::Limits(limits(1)));
    assert_eq!(desk.busy.len(), 3);
    for _ in 0..3 {
        let worker = desk.worker_of("a");
        desk.finish(worker);
    }
    assert_eq!((desk.busy.len(), desk.scheduler.workers.len()), (1, 1));
}

#[test]
fn ten_thousand_pending_are_cheap() {
    let mut desk = Desk::new(limits(8));
    let begun = std::time::Instant::now();
    for batch in 0..20 {
        desk.add(&format!("batch-{batch}"), Priority::Normal, 100, 10_000);
    }
    for _ in 0..5_000 {
        let worker = *desk.busy.keys().next().expect("busy");
        desk.finish(worker);
    }
    // 0.1 s on an idle machine: the bound detects a quadratic algorithm, not a slow machine.
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
}

fn priorities() -> impl Strategy<Value = Priority> {
    prop_oneof![Just(Priority::High), Just(Priority::Normal), Just(Priority::Low)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// The same while the user changes priorities and limits, pauses and resumes: from each change on, the bound holds
    /// for every batch. So with c changes no batch waits for more than c + 1 times the bound.
    #[test]
    fn no_batch_waits_longer_than_its_share_allows_while_shares_change(
        pool in 1_u32..=8,
        batches in prop::collection::vec((priorities(), 1_u32..=12, 20_u32..80, 0_usize..100), 1..10),
        changes in prop::collection::vec((0_usize..300, any::<u16>(), priorities(), 1_u32..=12, 0_u8..5), 1..60),
        ends in prop::collection::vec(any::<u16>(), 200..400),
    ) {
        let mut desk = Desk::new(limits(pool));
        // By batch: starts it has waited for, and the largest total weight meanwhile.
        let mut waits: SortedMap<String, (u32, u32)> = SortedMap::new();
        for (step, end) in ends.iter().enumerate() {
            for (index, (priority, limit, count, _)) in
                batches.iter().enumerate().filter(|(_, batch)| batch.3 == step)
            {
                observe(&mut desk, &mut waits, pool, |desk| {
                    desk.add(&format!("{index:02}"), *priority, *limit, *count);
                })?;
            }
            for (_, which, priority, limit, activity) in changes.iter().filter(|change| change.0 == step) {
                let ids: Vec<String> = desk.scheduler.batches.keys().cloned().collect();
                let Some(id) = ids.get(*which as usize % ids.len().max(1)) else { continue };
                let activity = if *activity == 0 { Activity::Paused } else { Activity::Active };
                waits.clear();
                observe(&mut desk, &mut waits, pool, |desk| desk.change(id, *priority, *limit, activity))?;
            }
            let busy: Vec<WorkerId> = desk.busy.keys().copied().collect();
            if let Some(worker) = busy.get(*end as usize % busy.len().max(1)).copied() {
                observe(&mut desk, &mut waits, pool, |desk| desk.finish(worker))?;
            }
            // No idle worker while something may start: nothing is delayed unnecessarily.
            let startable = desk.scheduler.batches.iter().any(|(id, batch)| {
                batch.may_start() && desk.scheduler.batch_in_flight(id) < batch.view.concurrency_limit
            });
            prop_assert!(!startable || desk.busy.len() as u32 == pool, "{} of {pool} are busy", desk.busy.len());
        }
    }

    /// A batch of weight w among total W waits for at most ceil(W/w) starts plus the pool, whichever batches are added,
    /// limited, or finish, in any order. When one leaves, W changes, and the new bound applies from then on.
    #[test]
    fn no_batch_waits_longer_than_its_share_allows(
        pool in 1_u32..=8,
        batches in prop::collection::vec((priorities(), 1_u32..=12, 1_u32..60, 0_usize..150), 1..14),
        ends in prop::collection::vec(any::<u16>(), 200..400),
    ) {
        let mut desk = Desk::new(limits(pool));
        let mut waits: SortedMap<String, (u32, u32)> = SortedMap::new();
        for (step, end) in ends.iter().enumerate() {
            for (index, (priority, limit, count, _)) in
                batches.iter().enumerate().filter(|(_, batch)| batch.3 == step)
            {
                observe(&mut desk, &mut waits, pool, |desk| {
                    desk.add(&format!("{index:02}"), *priority, *limit, *count);
                })?;
            }
            let busy: Vec<WorkerId> = desk.busy.keys().copied().collect();
            if let Some(worker) = busy.get(*end as usize % busy.len().max(1)).copied() {
                observe(&mut desk, &mut waits, pool, |desk| desk.finish(worker))?;
            }
        }
    }
}

/// Does something, and counts for each batch the starts of others it had to wait for.
fn observe(
    desk: &mut Desk,
    waits: &mut SortedMap<String, (u32, u32)>,
    pool: u32,
    act: impl FnOnce(&mut Desk),
) -> Result<(), TestCaseError> {
    let before = desk.starts.len();
    let weigh = |desk: &Desk| {
        let active = desk.scheduler.batches.values().filter(|batch| batch.may_start());
        active.map(|batch| batch.view.priority.weight()).sum::<u32>()
    };
    let total_before = weigh(desk);
    act(desk);
    let total = weigh(desk);
    if total < total_before {
        waits.clear();
        return Ok(());
    }
    for (id, batch) in &desk.scheduler.batches {
        let could_start = batch.may_start() && desk.scheduler.batch_in_flight(id) < batch.view.concurrency_limit;
        if !could_start {
            waits.remove(id);
            continue;
        }
        let (waited, most) = waits.entry(id.clone()).or_default();
        *most = total.max(*most);
        for (started, ..) in &desk.starts[before..] {
            if started == id {
                (*waited, *most) = (0, total);
            } else {
                *waited += 1;
            }
        }
        let bound = most.div_ceil(batch.view.priority.weight()) + pool;
        prop_assert!(*waited <= bound, "{id} waited for {waited} starts; at most {bound} are fair");
    }
    Ok(())
}

#[test]
fn what_is_read_ahead_is_what_starts_next() {
    let mut desk = Desk::new(limits(2));
    desk.add_waiting(
        "a",
        Priority::Normal,
        10,
        (0..6).map(|index| Waiting { suspect: index == 4, ..Waiting::fresh(index) }).collect(),
    );
    // The suspect runs alone, and first.
    assert_eq!(desk.starts, [("a".to_owned(), 4, true)]);
    let foretold = desk.scheduler.next_in("a", 3);
    assert_eq!(foretold, [0, 1, 2]);
    for _ in 0..2 {
        let worker = desk.worker_of("a");
        desk.finish(worker);
    }
    let started: Vec<u32> = desk.starts[1..].iter().map(|(_, index, _)| *index).collect();
    assert_eq!(started, foretold);
    desk.change("a", Priority::Normal, 10, Activity::Paused);
    assert!(desk.scheduler.next_in("a", 3).is_empty(), "nothing starts in a paused batch");
    assert!(desk.scheduler.next_in("none", 3).is_empty());
}
