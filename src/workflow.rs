//! The workflow document as written: parameters stay raw, unknown keys are kept, nothing is checked while parsing.
//!
//! Reading never fails on a bad node; [`validate`] reports everything that is wrong at once. What runs is an
//! `engine::Plan`, made from a document without errors.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::actions::{self, Role};
use crate::compact::SortedSet;

pub mod builtin;
pub mod params;
mod read;
pub mod rows;
pub mod servers;
mod texts;
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

impl Workflow {
    /// What follows an action on any way; itself only if it is on a cycle.
    pub fn followers<'a>(&'a self, action_id: &'a str) -> SortedSet<&'a str> {
        self.reached(action_id, |id| {
            let leaving = self.connections.iter().filter(move |way| way.connection_source == id);
            leaving.map(|way| way.connection_target.as_str())
        })
    }

    /// What can be reached from an action.
    pub fn reached<'a, I: Iterator<Item = &'a str>>(
        &'a self,
        from: &'a str,
        next: impl Fn(&'a str) -> I,
    ) -> SortedSet<&'a str> {
        let mut found = SortedSet::new();
        let mut open = vec![from];
        while let Some(id) = open.pop() {
            open.extend(next(id).filter(|next| found.insert(*next)));
        }
        found
    }

    /// The workflow without notes and what is turned off: what follows such an action follows the one before it, and inputs that
    /// only it used are left out.
    pub fn enabled(&self) -> Cow<'_, Self> {
        let off = |node: &ActionNode| match actions::find(&node.action_type).map(|action| action.role) {
            Some(Role::Source | Role::Data) => false,
            Some(Role::Note) => true,
            _ => node.disabled,
        };
        if !self.actions.iter().any(off) {
            return Cow::Borrowed(self);
        }
        let mut workflow = self.clone();
        for node in self.actions.iter().filter(|node| off(node)) {
            let id = &node.action_id;
            let enters = |edge: &&Connection| edge.connection_target == *id && edge.target_port == "input-images";
            let before = workflow.connections.iter().find(enters).cloned();
            let goes_to = |edge: &Connection| edge.connection_target == *id;
            let fed: Vec<String> = workflow
                .connections
                .iter()
                .filter(|edge| goes_to(edge))
                .map(|edge| edge.connection_source.clone())
                .collect();
            workflow.connections.retain(|edge| !goes_to(edge));
            match &before {
                Some(before) => {
                    for edge in workflow.connections.iter_mut().filter(|edge| edge.connection_source == *id) {
                        edge.connection_source.clone_from(&before.connection_source);
                        edge.source_port.clone_from(&before.source_port);
                    }
                }
                None => workflow.connections.retain(|edge| edge.connection_source != *id),
            }
            let connections = &workflow.connections;
            workflow.actions.retain(|other| {
                let is_input = actions::find(&other.action_type).is_some_and(|action| action.role == Role::Source);
                let served_it = is_input && fed.contains(&other.action_id);
                other.action_id != *id
                    && (!served_it || connections.iter().any(|edge| edge.connection_source == other.action_id))
            });
        }
        Cow::Owned(workflow)
    }
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
    /// Whether it is turned off: pictures pass it unchanged, and an output writes nothing. Inputs cannot be turned off.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disabled: bool,
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

    /// An error as texts: code, action, field, message and hint.
    pub fn into_texts(self) -> [String; 5] {
        [self.code, self.action_id.unwrap_or_default(), self.field.unwrap_or_default(), self.message, self.hint]
    }

    /// Errors of which each is five texts, as [`into_texts`](Self::into_texts) gives them.
    pub fn of_texts(texts: &[String]) -> Vec<Self> {
        let given = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        let of = |[code, action_id, field, message, hint]: &[String; 5]| Self {
            severity: Severity::Error,
            code: code.clone(),
            action_id: given(action_id),
            field: given(field),
            message: message.clone(),
            hint: hint.clone(),
        };
        texts.as_chunks().0.iter().map(of).collect()
    }

    /// Whether it keeps the workflow from running.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// `photos→resize→watermark→save`, and a logo.
    fn marked(off: &[&str]) -> Workflow {
        let action = |id: &str, kind: &str| {
            let parameters = if kind == "resize" { json!({ "width": 9, "mode": "long-side" }) } else { json!({}) };
            let mut action = json!({ "actionId": id, "actionType": kind, "parameters": parameters });
            if off.contains(&id) {
                action["disabled"] = json!(true);
            }
            action
        };
        let edge = |source: &str, target: &str, port: &str| json!({ "connectionSource": source, "sourcePort": "outputs", "connectionTarget": target, "targetPort": port });
        let document = json!({
            "actions": [
                action("photos", "input-images"), action("logo", "input-images"), action("resize", "resize"),
                action("watermark", "watermark"), action("save", "output"),
            ],
            "connections": [
                edge("photos", "resize", "input-images"), edge("resize", "watermark", "input-images"),
                edge("logo", "watermark", "overlay"), edge("watermark", "save", "input-images"),
            ],
        });
        serde_json::from_value(document).unwrap()
    }

    fn shape(workflow: &Workflow) -> String {
        let workflow = workflow.enabled();
        let ids = workflow.actions.iter().map(|node| node.action_id.clone());
        let edges =
            workflow.connections.iter().map(|edge| format!("{}→{}", edge.connection_source, edge.connection_target));
        ids.chain(edges).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn pictures_pass_what_is_turned_off() {
        let all = "photos logo resize watermark save photos→resize resize→watermark logo→watermark watermark→save";
        assert_eq!(shape(&marked(&[])), all);
        assert_eq!(shape(&marked(&["photos", "logo"])), all, "inputs cannot be turned off");
        assert_eq!(shape(&marked(&["watermark"])), "photos resize save photos→resize resize→save");
        assert_eq!(shape(&marked(&["resize", "watermark"])), "photos save photos→save");
        assert_eq!(validate(&marked(&["resize", "watermark"])).iter().filter(|one| one.is_error()).count(), 0);
        assert_eq!(
            shape(&marked(&["save"])),
            "photos logo resize watermark photos→resize resize→watermark logo→watermark"
        );
    }

    #[test]
    fn an_error_is_the_same_as_texts() {
        let found = [Diagnostic::error("a", "b", "c"), Diagnostic::error("d", "e", "f").at("g").field("h")];
        let texts: Vec<String> = found.iter().cloned().flat_map(Diagnostic::into_texts).collect();
        assert_eq!(Diagnostic::of_texts(&texts), found);
    }

    #[test]
    fn what_is_turned_off_stays_so_in_the_document() {
        let text = serde_json::to_string(&marked(&["resize"])).unwrap();
        assert_eq!(text.matches("\"disabled\":true").count(), 1);
        assert_eq!(text.matches("disabled").count(), 1, "and nothing is said of the others");
        let back: Workflow = serde_json::from_str(&text).unwrap();
        assert_eq!(back, marked(&["resize"]));
    }

    #[test]
    fn notes_take_no_part() {
        let mut workflow = marked(&[]);
        let without = workflow.clone();
        workflow
            .actions
            .insert(1, ActionNode { action_id: "note".into(), action_type: "note".into(), ..ActionNode::default() });
        assert_eq!(*workflow.enabled(), without);
        let document = serde_json::to_value(&workflow).unwrap_or_default();
        assert!(check(&document).1.iter().all(|found| !found.is_error()), "{:?}", check(&document).1);
    }
}
