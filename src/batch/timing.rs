//! How long the rest of a batch will take, estimated from what has finished. Times are passed in; no clock is read.

use serde::{Deserialize, Serialize};

use super::records::{Pause, Progress};

/// `timing` of a status.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Timing {
    /// Average × unfinished ÷ workers currently on it; null before the first end, while paused, and while no worker is
    /// on it.
    pub estimated_time_remaining_ms: Option<f64>,
    /// Mean `durationMs` of the finished; null before the first end.
    pub average_execution_time_ms: Option<f64>,
}

/// The timing of a batch with `workers` on it; `paused` is the pause that applies, its own or the global one.
pub fn timing(progress: &Progress, paused: Option<Pause>, workers: u32) -> Timing {
    let average = (progress.duration_count > 0)
        .then(|| (progress.duration_sum_ms / f64::from(progress.duration_count)).max(0.0).round());
    let unfinished = progress.assets.unfinished();
    let remaining = match (average, workers) {
        _ if paused.is_some() => None,
        (Some(_), _) if unfinished == 0 => Some(0.0),
        (None, _) | (_, 0) => None,
        (Some(average), workers) => Some((average * f64::from(unfinished) / f64::from(workers)).round()),
    };
    Timing { estimated_time_remaining_ms: remaining, average_execution_time_ms: average }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::records::PauseReason;
    use crate::batch::transitions::tests::batch_of;

    #[test]
    fn the_rest_is_average_times_unfinished_over_workers() {
        let (mut progress, _) = batch_of(10);
        progress.assets.pending = 6;
        progress.assets.processing = 2;
        progress.assets.completed = 2;
        progress.duration_sum_ms = 300.0;
        progress.duration_count = 2;
        let timing = timing(&progress, None, 2);
        assert_eq!(timing.average_execution_time_ms, Some(150.0));
        assert_eq!(timing.estimated_time_remaining_ms, Some(600.0));
    }

    #[test]
    fn nothing_is_estimated_before_the_first_end_while_paused_or_without_workers() {
        let (mut progress, _) = batch_of(10);
        assert_eq!(
            timing(&progress, None, 2),
            Timing { estimated_time_remaining_ms: None, average_execution_time_ms: None }
        );
        progress.duration_sum_ms = 300.0;
        progress.duration_count = 2;
        assert_eq!(timing(&progress, None, 0).estimated_time_remaining_ms, None);
        let paused = Some(Pause { reason: PauseReason::User, since: 0.0 });
        assert_eq!(timing(&progress, paused, 2).estimated_time_remaining_ms, None);
        assert_eq!(timing(&progress, paused, 2).average_execution_time_ms, Some(150.0));
    }

    #[test]
    fn nothing_left_takes_no_time() {
        let (mut progress, _) = batch_of(1);
        progress.assets.pending = 0;
        progress.assets.completed = 1;
        progress.duration_sum_ms = 80.0;
        progress.duration_count = 1;
        assert_eq!(timing(&progress, None, 0).estimated_time_remaining_ms, Some(0.0));
    }
}
