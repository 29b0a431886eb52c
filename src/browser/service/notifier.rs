//! Reports the end of a batch outside the page, where the user allows it: as a system notification, and to the batch's
//! webhook. `batch::webhook` decides when a webhook is retried and what the log says.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use gloo_timers::callback::Timeout;

use super::super::environment::{now, post_json, resolve};
use super::super::interop::spawn;
use super::super::storage::Storage;
use super::post;
use super::preferences::is_allowed;
use crate::api::webhook_body;
use crate::batch::records::{BatchStatus, Progress};
use crate::batch::webhook::{self, Outcome};
use crate::service::{FromService, Preference};
use crate::store::{BatchStore, Durability, StoreError, Which};
use crate::view_model::progress::counts;

/// Longest wait for an attempt, whatever the clock has done since it was scheduled: 2 h.
const LONGEST_MS: f64 = 7_200_000.0;
/// Time limit for an answer.
const PATIENCE_MS: u32 = 30_000;
/// Wait before retrying after a storage failure.
const RETRY_MS: f64 = 10_000.0;

/// Sends the scheduling tab's notifications and webhook calls.
pub(super) struct Notifier {
    own: Weak<Self>,
    database: Storage,
    base_url: String,
    /// By batch: the time of its next webhook call.
    planned: RefCell<Vec<(String, Timeout)>>,
    /// Batches whose webhook is being called.
    underway: RefCell<Vec<String>>,
    changed: Box<dyn Fn(&Progress)>,
    over: Cell<bool>,
}

impl Notifier {
    /// A notifier; `changed` is called with every progress record that it changes.
    pub(super) fn new(database: Storage, base_url: String, changed: impl Fn(&Progress) + 'static) -> Rc<Self> {
        Rc::new_cyclic(|own| Self {
            own: own.clone(),
            database,
            base_url,
            planned: RefCell::default(),
            underway: RefCell::default(),
            changed: Box::new(changed),
            over: Cell::new(false),
        })
    }

    /// Stops: another tab takes over.
    pub(super) fn stop(&self) {
        self.over.set(true);
        self.planned.borrow_mut().clear();
    }

    /// Schedules the batch's next webhook call, if one is due.
    pub(super) fn plan_webhook(&self, progress: &Progress) {
        let id = &progress.batch_id;
        self.planned.borrow_mut().retain(|(planned, _)| planned != id);
        let Some(delivery) = progress.webhook else { return };
        if !self.underway.borrow().contains(id) {
            self.plan(id.clone(), delivery.next_at - now());
        }
    }

    fn plan(&self, batch_id: String, ms: f64) {
        if self.over.get() {
            return;
        }
        let (own, id) = (self.own.clone(), batch_id.clone());
        let timer = Timeout::new(ms.clamp(0.0, LONGEST_MS) as u32, move || {
            let Some(notifier) = own.upgrade() else { return };
            spawn(async move { notifier.call_webhook(id).await });
        });
        self.planned.borrow_mut().push((batch_id, timer));
    }

    async fn call_webhook(&self, batch_id: String) {
        self.planned.borrow_mut().retain(|(planned, _)| *planned != batch_id);
        self.underway.borrow_mut().push(batch_id.clone());
        let told = self.try_webhook(&batch_id).await;
        self.underway.borrow_mut().retain(|underway| *underway != batch_id);
        match told {
            Ok(Some(progress)) => (self.changed)(&progress),
            Ok(None) => {}
            Err(error) => {
                web_sys::console::warn_1(&error.to_string().into());
                self.plan(batch_id, RETRY_MS);
            }
        }
    }

    /// One attempt; returns the progress after it, if a call was due.
    async fn try_webhook(&self, batch_id: &str) -> Result<Option<Progress>, StoreError> {
        let Some(progress) = self.database.progress(batch_id).await? else { return Ok(None) };
        let (Some(delivery), Some(url)) = (progress.webhook, &progress.config.webhook_url) else { return Ok(None) };
        let refusal = if !is_allowed(&self.database, Preference::Webhooks).await? {
            Some("the settings do not allow it.")
        } else if resolve(&self.base_url, url).is_none() {
            Some("only https URLs may be called.")
        } else {
            None
        };
        let outcome = match refusal {
            Some(_) => None,
            None => Some(match post_json(url, &webhook_body(&progress, &self.base_url), PATIENCE_MS).await {
                Ok(status) => Outcome::Answered(status),
                Err(error) => Outcome::Failed(format!(
                    "no answer ({error}); the server must be reachable and allow this page by CORS"
                )),
            }),
        };
        let apply = move |progress: &mut Progress, _: &mut Vec<_>| {
            match outcome {
                Some(outcome) => webhook::tried(progress, delivery.attempts, outcome, now())?,
                None => webhook::leave(progress, refusal.unwrap_or_default(), now())?,
            }
            Some(progress.clone())
        };
        self.database.change(batch_id, Which::None, Vec::new(), Durability::Strict, apply).await
    }

    /// Has the user notified that a batch has ended, if allowed.
    pub(super) fn announce(&self, progress: &Progress) {
        let (database, progress) = (self.database.clone(), progress.clone());
        spawn(async move {
            if matches!(is_allowed(&database, Preference::Notifications).await, Ok(true)) {
                let word = match progress.status {
                    BatchStatus::Failed => "failed",
                    BatchStatus::Cancelled => "cancelled",
                    _ => "done",
                };
                let title = format!("{}: {word}", progress.job_name);
                post(&FromService::Announce { title, body: counts(&progress), batch_id: progress.batch_id });
            }
        });
    }
}
