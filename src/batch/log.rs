//! A batch's log: what happened to it apart from its executions. Pure.

use super::records::{BatchStatus, LogEntry, LogLevel, Millis, Progress};

/// Entries that a batch's log keeps; older ones are dropped.
const MAX_LOG: usize = 100;

/// Writes into a batch's log.
pub(super) fn write(progress: &mut Progress, level: LogLevel, message: String, now: Millis) {
    progress.log.push(LogEntry { at: now, level, message });
    let over = progress.log.len().saturating_sub(MAX_LOG);
    progress.log.drain(..over);
    progress.revision += 1;
    progress.updated_at = now.max(progress.updated_at);
}

/// Records that the browser suspended the scheduling tab from then to now; `discarded` says that the tab was lost.
///
/// `None`, and nothing changes, unless the batch is running.
pub fn slept(progress: &mut Progress, from: Millis, discarded: bool, now: Millis) -> Option<()> {
    if progress.status != BatchStatus::Running || progress.paused.is_some() {
        return None;
    }
    let froze = "The browser suspended this tab, as it does with background tabs: no work was done.";
    write(progress, LogLevel::Warning, froze.to_owned(), from);
    let seconds = ((now - from) / 1000.0).max(0.0).round();
    let message = if discarded {
        format!("The browser closed the suspended tab; the batch resumed after {seconds} s.")
    } else {
        format!("The tab resumed after {seconds} s.")
    };
    write(progress, LogLevel::Info, message, now);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::records::PauseReason;
    use crate::batch::transitions::tests::batch_of;
    use crate::batch::transitions::{hand_out, pause, resume};

    #[test]
    fn a_log_keeps_its_latest_entries() {
        let (mut progress, _) = batch_of(1);
        for index in 0..250 {
            write(&mut progress, LogLevel::Info, index.to_string(), 1.0);
        }
        assert_eq!(progress.log.len(), 100);
        assert_eq!(progress.log.last().map(|entry| entry.message.as_str()), Some("249"));
    }

    #[test]
    fn a_running_batch_records_that_its_tab_was_suspended() {
        let (mut progress, mut executions) = batch_of(2);
        assert_eq!(slept(&mut progress, 1.0, false, 2.0), None, "nothing of it runs");
        hand_out(&mut progress, &mut executions[0], false, 1_000.0).expect("pending");
        slept(&mut progress, 2_000.0, false, 14_000.0).expect("running");
        let entries: Vec<_> = progress.log.iter().map(|entry| (entry.at, entry.level)).collect();
        assert_eq!(entries, [(2_000.0, LogLevel::Warning), (14_000.0, LogLevel::Info)]);
        assert_eq!(progress.log[1].message, "The tab resumed after 12 s.");
        pause(&mut progress, PauseReason::User, 15_000.0).expect("running");
        assert_eq!(slept(&mut progress, 16_000.0, false, 17_000.0), None, "nothing was to go on");
        resume(&mut progress, 18_000.0).expect("paused");
        slept(&mut progress, 20_000.0, true, 25_000.0).expect("running");
        assert!(progress.log[3].message.starts_with("The browser closed the suspended tab"));
    }
}
