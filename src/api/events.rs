//! What the service tells its clients and the services of other tabs. Everything an event reports is already durable.

use serde::{Deserialize, Serialize};

use crate::batch::records::{Execution, Millis, Progress};

/// Something that has changed. Receivers read the records it refers to, because events from several tabs may arrive in
/// a different order than their changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Event {
    /// A batch was created, with everything pending.
    BatchCreated {
        /// The batch.
        batch_id: String,
    },
    /// A call has changed its progress: cancelled, paused, resumed, updated, retried, imported.
    BatchChanged {
        /// The batch.
        batch_id: String,
    },
    /// It was deleted.
    BatchDeleted {
        /// The batch.
        batch_id: String,
    },
    /// The user's own workflows have changed.
    WorkflowsChanged,
    /// All batches were paused or resumed.
    GlobalPauseChanged,
    /// A file that actions use was added or removed: a model, a font, a lookup table. Called as it was when there were only
    /// models, for tabs of other builds.
    #[serde(rename = "modelsChanged")]
    UserFilesChanged,
    /// The browser had suspended the scheduling tab.
    Slept {
        /// For how long.
        ms: Millis,
    },
    /// A batch's progress: at most four times a second per batch, and once at its end.
    Progress(Box<Progress>),
    /// An execution has ended, successfully or not.
    ExecutionCompleted(Box<Execution>),
    /// A batch has ended.
    BatchCompleted(Box<Progress>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_keep_the_form_in_which_tabs_of_other_builds_read_them() {
        let text = |event: Event| serde_json::to_string(&event).unwrap();
        assert_eq!(text(Event::BatchCreated { batch_id: "b".into() }), r#"{"batchCreated":{"batchId":"b"}}"#);
        assert_eq!(text(Event::UserFilesChanged), r#""modelsChanged""#);
        assert_eq!(text(Event::WorkflowsChanged), r#""workflowsChanged""#);
        assert_eq!(text(Event::Slept { ms: 5.0 }), r#"{"slept":{"ms":5.0}}"#);
    }
}
