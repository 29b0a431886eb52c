//! Calling a batch's webhook when the batch ends: when to try, when to retry, and what the batch's log says about it.
//! Pure: the sender is in `browser`.

use serde::{Deserialize, Serialize};

use super::log::write as log;
use super::records::{LogLevel, Millis, Progress};

/// Delays between attempts, in milliseconds: 10 s, 1 min, 5 min, 30 min, 2 h. After the last it gives up.
const BACK_OFF_MS: [Millis; 5] = [10_000.0, 60_000.0, 300_000.0, 1_800_000.0, 7_200_000.0];

/// A delivery that is still due.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// Attempts so far; also the fencing token for the outcome of the next one.
    pub attempts: u32,
    /// When the next one is due.
    pub next_at: Millis,
}

/// The outcome of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The server answered with this HTTP status.
    Answered(u16),
    /// There was no answer, for this reason.
    Failed(String),
}

/// The batch has ended: a call to its webhook is due now.
pub(super) fn due(progress: &mut Progress, now: Millis) {
    progress.webhook = progress.config.webhook_url.is_some().then_some(Delivery { attempts: 0, next_at: now });
}

/// Records in the log why nothing is sent.
///
/// `None`, and nothing changes, when nothing is due.
pub fn leave(progress: &mut Progress, why: &str, now: Millis) -> Option<()> {
    progress.webhook.take()?;
    log(progress, LogLevel::Info, format!("Webhook not sent: {why}"), now);
    Some(())
}

/// Records the outcome of an attempt: the delivery is done, or due again later.
///
/// `None`, and nothing changes, unless this attempt is due.
pub fn tried(progress: &mut Progress, attempts: u32, outcome: Outcome, now: Millis) -> Option<()> {
    let delivery = progress.webhook.filter(|delivery| delivery.attempts == attempts)?;
    let made = delivery.attempts + 1;
    let what = match &outcome {
        Outcome::Answered(status) => format!("the server answered {status}"),
        Outcome::Failed(why) => why.clone(),
    };
    let (final_refusal, success) = match outcome {
        Outcome::Answered(status) => (is_final(status), (200..300).contains(&status)),
        Outcome::Failed(_) => (false, false),
    };
    let again = BACK_OFF_MS.get(delivery.attempts as usize).filter(|_| !success && !final_refusal);
    progress.webhook = again.map(|wait| Delivery { attempts: made, next_at: now + wait });
    let (level, text) = match again {
        _ if success => (LogLevel::Info, format!("Webhook sent: {what}.")),
        Some(wait) => {
            let wait = waiting(*wait);
            (LogLevel::Warning, format!("Webhook not delivered in attempt {made}: {what}. Next attempt in {wait}."))
        }
        None => (LogLevel::Error, format!("Webhook not delivered after {made} attempts: {what}. Giving up.")),
    };
    log(progress, level, text, now);
    Some(())
}

/// Whether an HTTP status means that a retry is useless because the request itself is refused.
const fn is_final(status: u16) -> bool {
    status >= 400 && status < 500 && !matches!(status, 408 | 425 | 429)
}

fn waiting(ms: Millis) -> String {
    let minutes = ms / 60_000.0;
    if minutes < 1.0 {
        format!("{} s", ms / 1_000.0)
    } else if minutes < 60.0 {
        format!("{minutes} min")
    } else {
        format!("{} h", minutes / 60.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::transitions::tests::batch_of;
    use crate::batch::transitions::{cancel, retry};

    /// A batch with a webhook that has ended at 10.
    fn ended() -> Progress {
        let (mut progress, _) = batch_of(1);
        progress.config.webhook_url = Some("https://hooks.example/".into());
        cancel(&mut progress, 10.0).expect("pending");
        progress
    }

    fn last(progress: &Progress) -> (LogLevel, &str) {
        progress.log.last().map_or((LogLevel::Info, ""), |entry| (entry.level, &entry.message))
    }

    #[test]
    fn the_end_of_a_batch_makes_its_webhook_due_and_a_retry_makes_it_wait_for_the_next() {
        let mut progress = ended();
        assert_eq!(progress.webhook, Some(Delivery { attempts: 0, next_at: 10.0 }));
        retry(&mut progress, &mut [], 20.0).expect("something is left");
        assert_eq!(progress.webhook, None);
        cancel(&mut progress, 30.0).expect("running");
        assert_eq!(progress.webhook.map(|delivery| delivery.next_at), Some(30.0));
        let (mut without, _) = batch_of(1);
        cancel(&mut without, 10.0).expect("pending");
        assert_eq!(without.webhook, None);
    }

    #[test]
    fn a_success_ends_the_delivery() {
        let mut progress = ended();
        let revision = progress.revision;
        tried(&mut progress, 0, Outcome::Answered(204), 20.0).expect("due");
        assert_eq!(
            (progress.webhook, last(&progress)),
            (None, (LogLevel::Info, "Webhook sent: the server answered 204."))
        );
        assert_eq!(progress.revision, revision + 1);
        assert_eq!(tried(&mut progress, 0, Outcome::Answered(204), 21.0), None, "it is not called twice");
    }

    #[test]
    fn temporary_errors_are_retried_with_growing_delays_and_then_given_up() {
        let mut progress = ended();
        let mut now = 10.0;
        for (attempt, wait) in BACK_OFF_MS.iter().enumerate() {
            tried(&mut progress, attempt as u32, Outcome::Answered(503), now).expect("due");
            assert_eq!(progress.webhook, Some(Delivery { attempts: attempt as u32 + 1, next_at: now + wait }));
            assert_eq!(tried(&mut progress, attempt as u32, Outcome::Answered(200), now), None, "that attempt is over");
            now += wait;
        }
        assert!(last(&progress).1.ends_with("Next attempt in 2 h."), "{:?}", last(&progress));
        tried(&mut progress, 5, Outcome::Failed("no connection".into()), now).expect("due");
        let expected = (LogLevel::Error, "Webhook not delivered after 6 attempts: no connection. Giving up.");
        assert_eq!((progress.webhook, last(&progress)), (None, expected));
        assert_eq!(progress.log.len(), 6);
    }

    #[test]
    fn a_refused_request_is_not_retried() {
        for (status, again) in
            [(400, false), (404, false), (410, false), (408, true), (429, true), (500, true), (302, true)]
        {
            let mut progress = ended();
            tried(&mut progress, 0, Outcome::Answered(status), 20.0).expect("due");
            assert_eq!(progress.webhook.is_some(), again, "{status}");
        }
    }

    #[test]
    fn an_unsent_call_is_logged_with_its_reason() {
        let mut progress = ended();
        leave(&mut progress, "sending is off in the settings.", 20.0).expect("due");
        assert_eq!(last(&progress), (LogLevel::Info, "Webhook not sent: sending is off in the settings."));
        assert_eq!((progress.webhook, leave(&mut progress, "twice", 21.0)), (None, None));
    }
}
