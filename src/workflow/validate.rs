//! Validation.
use super::{Diagnostic, Workflow};
/// Everything that is wrong.
pub fn validate(_workflow: &Workflow) -> Vec<Diagnostic> {
    Vec::new()
}
