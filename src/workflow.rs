//! The workflow document as written: parameters stay raw, unknown keys are kept, nothing is checked while parsing.
//!
//! Reading never fails on a bad node; [`validate`] reports everything that is wrong at once. What runs is an
//! `engine::Plan`, made from a document without errors.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub mod builtin;
mod read;
mod validate;

pub use read::read;
pub use validate::{check, validate};

/// A workflow document (contract section 1).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Workflow {
    /// Id, name, description.
    #[serde(default)]
    pub metadata: Metadata,
    /// The nodes of the graph.
    #[serde(default)]
    pub actions: Vec<ActionNode>,
    /// The edges of the graph.
    #[serde(default)]
    pub connections: Vec<Connection>,
}

/// Name and description of a workflow.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    /// Stable id of the workflow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow_id: Option<String>,
    /// Display name; the batch's `jobName`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A sentence or two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Unknown keys; kept, with a warning.
    #[serde(flatten)]
    pub unknown: Map<String, Value>,
}

/// One action of the graph, its parameters raw.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ActionNode {
    /// Unique in the document.
    #[serde(default)]
    pub action_id: String,
    /// Id in the catalog.
    #[serde(default)]
    pub action_type: String,
    /// As written; if it is missing it is written as `{}`, as in the contract's own example.
    #[serde(default)]
    pub parameters: Map<String, Value>,
    /// Optional: the catalog has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_ports: Option<Vec<PortNote>>,
    /// Optional: the catalog has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_ports: Option<Vec<PortNote>>,
    /// Unknown keys; kept.
    #[serde(flatten)]
    pub unknown: Map<String, Value>,
}

/// A port as a document describes it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PortNote {
    /// Name on the wire.
    #[serde(default)]
    pub name: String,
    /// Media types; narrower ones than the catalog's give a warning and are never enforced.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mime_types: Vec<String>,
    /// Unknown keys, `required` among them; kept.
    #[serde(flatten)]
    pub unknown: Map<String, Value>,
}

/// One edge of the graph.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Connection {
    /// `actionId` it comes from.
    #[serde(default)]
    pub connection_source: String,
    /// Output port it comes from.
    #[serde(default)]
    pub source_port: String,
    /// `actionId` it goes to.
    #[serde(default)]
    pub connection_target: String,
    /// Input port it goes to.
    #[serde(default)]
    pub target_port: String,
}

/// How bad a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The workflow cannot run.
    Error,
    /// It runs, but perhaps not as intended.
    Warning,
}

/// One finding of the validation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Stable code, such as `unknown_action_type` or `cycle`.
    pub code: String,
    /// The action it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action_id: Option<String>,
    /// The parameter, port or metadata key it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What is wrong.
    pub message: String,
    /// How to fix it.
    pub hint: String,
}

impl Diagnostic {
    /// Something that keeps the workflow from running.
    pub fn error(code: &str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message, hint)
    }

    /// Something that may not be intended.
    pub fn warning(code: &str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, message, hint)
    }

    fn new(severity: Severity, code: &str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { severity, code: code.into(), action_id: None, field: None, message: message.into(), hint: hint.into() }
    }

    /// The same, placed in an action.
    pub fn at(mut self, action_id: &str) -> Self {
        self.action_id = Some(action_id.to_owned());
        self
    }

    /// The same, placed in a parameter, port or key.
    pub fn field(mut self, field: &str) -> Self {
        self.field = Some(field.to_owned());
        self
    }

    /// Whether it keeps the workflow from running.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}
