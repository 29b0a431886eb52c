//! A batch's progress as text and as shares of a bar.

use std::collections::HashMap;

use super::format;
use crate::batch::records::{BatchStatus, PauseReason, Progress};

/// Shares of a progress bar in percent: done, failed, in flight.
pub fn shares(progress: &Progress) -> [f64; 3] {
    let assets = progress.assets;
    let total = f64::from(assets.total.max(1));
    [assets.completed, assets.failed, assets.processing].map(|count| f64::from(count) / total * 100.0)
}

/// The counts in a line: `150 of 420 done · 3 to review · 2 failed`.
pub fn counts(progress: &Progress) -> String {
    let assets = progress.assets;
    let number = |count: u32| format::count(u64::from(count));
    let mut line = format!("{} of {} done", number(assets.completed), number(assets.total));
    if progress.doubtful_count > 0 {
        line.push_str(&format!(" · {} to review", number(progress.doubtful_count)));
    }
    if assets.failed > 0 {
        line.push_str(&format!(" · {} failed", number(assets.failed)));
    }
    if progress.status.is_end() && assets.pending > 0 {
        line.push_str(&format!(" · {} not run", number(assets.pending)));
    }
    line
}

/// Whether a batch ended with failures, even if its status is completed.
pub fn has_failures(progress: &Progress) -> bool {
    progress.status.is_end() && (progress.status == BatchStatus::Failed || progress.assets.failed > 0)
}

/// The text about time: the time left while it runs, or how long its pictures took once it has ended. May be empty.
/// `all_paused` says that all batches are paused.
pub fn time(progress: &Progress, all_paused: bool) -> String {
    if let Some(pause) = progress.paused.filter(|_| !progress.status.is_end()) {
        return match pause.reason {
            PauseReason::User => "Paused by you".to_owned(),
            PauseReason::Quota => "Paused: the browser's storage is full".to_owned(),
            PauseReason::Storage => "Paused: the browser's storage is failing".to_owned(),
        };
    }
    if all_paused && !progress.status.is_end() {
        return "All batches are paused".to_owned();
    }
    let average = (progress.duration_count > 0).then(|| progress.duration_sum_ms / f64::from(progress.duration_count));
    if progress.status.is_end() {
        // The time between creation and end would count pauses, and the wait before a retry.
        let spent = |average| {
            let sum = format::duration(progress.duration_sum_ms);
            format!("{sum} of processing · {} each", format::duration(average))
        };
        return average.map(spent).unwrap_or_default();
    }
    let assets = progress.assets;
    let unfinished = f64::from(assets.pending + assets.processing);
    match average {
        Some(average) if assets.processing > 0 => {
            format::time_left(average * unfinished / f64::from(assets.processing))
        }
        _ => String::new(),
    }
}

/// What deleting a batch will do.
pub fn what_deleting_does(progress: &Progress) -> String {
    let stops = if progress.status.is_end() { "" } else { "It has not finished and will stop. " };
    let what = match u64::from(progress.assets.completed) {
        0 => "It".to_owned(),
        done => format!("The batch and its results ({})", format::plural(done, "picture", "pictures")),
    };
    format!("{stops}{what} will be deleted from this browser. Files you downloaded are kept.")
}

/// A pause that the user can fix: its cause, and what to do before resuming the batch. `None` for a pause by the user.
pub fn remedy(progress: &Progress) -> Option<(&'static str, &'static str)> {
    match progress.paused.filter(|_| !progress.status.is_end())?.reason {
        PauseReason::User => None,
        PauseReason::Quota => Some((
            "The browser's storage is full. Finished results are kept, and nothing is lost.",
            "Download what you want to keep, delete batches you no longer need or free space on the disk, then resume.",
        )),
        PauseReason::Storage => Some((
            "The browser's storage is failing. Finished results are kept, as far as the storage can be read.",
            "Check whether the disk is full or failing, close other tabs of this page and reload this one, then resume.",
        )),
    }
}

/// What was read, except for batches with a newer known state: a message may have arrived during the read.
pub fn merged(known: Option<Vec<Progress>>, mut read: Vec<Progress>) -> Vec<Progress> {
    let mut known: HashMap<_, _> = known.into_iter().flatten().map(|batch| (batch.batch_id.clone(), batch)).collect();
    for batch in &mut read {
        if let Some(newer) = known.remove(&batch.batch_id).filter(|known| known.revision > batch.revision) {
            *batch = newer;
        }
    }
    read
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::batch::records::{Assets, Config, Pause};

    fn running() -> Progress {
        Progress {
            batch_id: "batch-a-20250101-00000000".into(),
            workflow_id: "a".into(),
            job_name: "A".into(),
            version: None,
            recipe: None,
            client_data: None,
            revision: 1_198,
            round: 0,
            status: BatchStatus::Running,
            paused: None,
            config: Config::default(),
            assets: Assets { total: 1200, pending: 600, processing: 2, completed: 590, failed: 8 },
            gathering: 0,
            doubtful_count: 0,
            duration_sum_ms: 118_000.0,
            duration_count: 590,
            webhook: None,
            log: Vec::new(),
            created_at: 0.0,
            updated_at: 0.0,
            completed_at: None,
        }
    }

    #[test]
    fn a_batch_that_completed_with_failures_counts_as_one() {
        let ended = |status, failed| {
            let assets = Assets { failed, ..running().assets };
            has_failures(&Progress { status, assets, ..running() })
        };
        assert!(ended(BatchStatus::Completed, 1) && ended(BatchStatus::Failed, 0));
        assert!(!ended(BatchStatus::Completed, 0) && !ended(BatchStatus::Running, 8));
    }

    #[test]
    fn the_bar_never_overflows() {
        let sum: f64 = shares(&running()).iter().sum();
        assert!((sum - 50.0).abs() < 1e-9);
        let empty = Progress { assets: Assets::default(), ..running() };
        assert_eq!(shares(&empty), [0.0; 3]);
    }

    #[test]
    fn a_read_does_not_undo_a_message_that_arrived_meanwhile() {
        let batch = |id: &str, revision| Progress { batch_id: id.into(), revision, ..running() };
        let known = vec![batch("a", 7), batch("b", 2), batch("deleted", 9)];
        let merged = merged(Some(known), vec![batch("new", 0), batch("a", 6), batch("b", 3)]);
        let told: Vec<_> = merged.iter().map(|batch| (batch.batch_id.as_str(), batch.revision)).collect();
        assert_eq!(told, [("new", 0), ("a", 7), ("b", 3)]);
    }

    #[test]
    fn counts_name_doubts_failures_and_what_was_not_run() {
        assert_eq!(counts(&running()), "590 of 1\u{202f}200 done · 8 failed");
        let mut ended = running();
        ended.doubtful_count = 2;
        assert_eq!(counts(&ended), "590 of 1\u{202f}200 done · 2 to review · 8 failed");
        ended.doubtful_count = 0;
        ended.status = BatchStatus::Cancelled;
        assert_eq!(counts(&ended), "590 of 1\u{202f}200 done · 8 failed · 600 not run");
    }

    #[test]
    fn a_running_batch_shows_the_time_left_and_an_ended_one_the_time_worked() {
        // 200 ms each, 602 left, two workers: a minute.
        assert_eq!(time(&running(), false), "about 1 min left");
        let ended = Progress { status: BatchStatus::Completed, completed_at: Some(60_000.0), ..running() };
        let retried_much_later = Progress { completed_at: Some(86_400_000.0), ..ended.clone() };
        assert_eq!(time(&retried_much_later, false), time(&ended, false));
        assert_eq!(time(&ended, false), "1 min 58 s of processing · 200 ms each");
    }

    #[test]
    fn a_pause_that_can_be_fixed_has_a_remedy_until_the_end() {
        let paused = |reason| Progress { paused: Some(Pause { reason, since: 0.0 }), ..running() };
        assert_eq!((remedy(&running()), remedy(&paused(PauseReason::User))), (None, None));
        for (reason, word) in [(PauseReason::Quota, "delete batches"), (PauseReason::Storage, "disk")] {
            assert!(remedy(&paused(reason)).is_some_and(|(_, what)| what.contains(word)));
            assert_eq!(remedy(&Progress { status: BatchStatus::Cancelled, ..paused(reason) }), None);
        }
    }

    #[test]
    fn deleting_a_batch_that_is_not_finished_says_that_it_stops() {
        assert!(
            what_deleting_does(&running())
                .starts_with("It has not finished and will stop. The batch and its results (590")
        );
        let mut ended = running();
        (ended.status, ended.assets.completed) = (BatchStatus::Failed, 0);
        assert!(what_deleting_does(&ended).starts_with("It will be deleted"));
    }

    #[test]
    fn a_pause_shows_its_reason_until_the_end() {
        let paused = |reason| Progress { paused: Some(Pause { reason, since: 0.0 }), ..running() };
        assert_eq!(time(&paused(PauseReason::User), false), "Paused by you");
        assert!(time(&paused(PauseReason::Quota), false).contains("storage is full"));
        assert_eq!(time(&running(), true), "All batches are paused");
        assert_eq!(time(&paused(PauseReason::User), true), "Paused by you", "its own pause outlasts the other");
        let ended = Progress { status: BatchStatus::Cancelled, ..paused(PauseReason::User) };
        assert!(!time(&ended, true).contains("Paused"));
        assert!(!time(&ended, false).contains("Paused"));
    }
}
