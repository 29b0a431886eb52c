//! The failures of a batch by their reason: what helps one picture helps all that failed for the same reason.

use crate::batch::records::Execution;
use crate::compact::sort_by;
use crate::error::Failure;

/// Executions that failed for the same reason.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// What happened to the first of them.
    pub failure: Failure,
    /// The ids of all of them, in order.
    pub execution_ids: Vec<String>,
    /// Whether they can succeed without other files.
    pub can_retry: bool,
}

impl Group {
    /// Whether another failure has the same reason: the place, who is at fault, and what helps. The message names the file.
    fn has(&self, failure: &Failure, can_retry: bool) -> bool {
        let reason = |one: &Failure| (one.category, one.phase, one.action_id.clone(), one.hint.clone());
        self.can_retry == can_retry && reason(&self.failure) == reason(failure)
    }
}

/// Groups failed executions, the largest group first; others are ignored.
pub fn groups<'a>(executions: impl IntoIterator<Item = &'a Execution>) -> Vec<Group> {
    let mut groups = Vec::<Group>::new();
    for execution in executions {
        let Some(failure) = execution.failure() else { continue };
        let can_retry = !execution.needs_another_file();
        match groups.iter_mut().find(|group| group.has(failure, can_retry)) {
            Some(group) => group.execution_ids.push(execution.execution_id()),
            None => groups.push(Group {
                failure: failure.clone(),
                execution_ids: vec![execution.execution_id()],
                can_retry,
            }),
        }
    }
    sort_by(&mut groups, |one, other| other.execution_ids.len().cmp(&one.execution_ids.len()));
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::records::{ExecutionState, Failed};
    use crate::engine::{InputAsset, InputRef};

    fn failed(index: u32, failure: &Failure) -> Execution {
        let mut execution = waiting(index);
        let failed = Failed { failure: failure.clone(), run: None, completed_at: 0.0, engine_version: None };
        execution.state = ExecutionState::Failed(Box::new(failed));
        execution
    }

    fn waiting(index: u32) -> Execution {
        let input = InputRef {
            action_id: "input".to_owned(),
            name: "a.jpg".to_owned(),
            source_url: "asset:a".to_owned(),
            path: None,
            replaced: false,
            column: None,
        };
        Execution::new("b", index, InputAsset { inputs: vec![input], ..InputAsset::empty(index) })
    }

    #[test]
    fn failures_with_the_same_reason_are_one_group_and_the_largest_is_first() {
        let broken = |name: &str| Failure::input(format!("\"{name}\" is broken."), "Use another file.").at("input");
        let memory = |step: &str| Failure::system("There is not enough memory.", "Make it smaller.").at(step);
        let executions = [
            failed(0, &memory("resize")),
            failed(1, &broken("a.jpg")),
            waiting(2),
            failed(3, &broken("b.jpg")),
            failed(4, &memory("crop")),
        ];
        let groups = groups(&executions);
        let of: Vec<_> = groups.iter().map(|one| (one.execution_ids.len(), one.can_retry)).collect();
        assert_eq!(of, [(2, false), (1, true), (1, true)]);
        assert_eq!(groups[0].failure.message, "\"a.jpg\" is broken.");
        assert_eq!(groups[0].execution_ids, ["b_exec-1", "b_exec-3"]);
    }
}
