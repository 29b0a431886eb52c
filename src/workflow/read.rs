//! Reading a document leniently: a part that cannot be read becomes a diagnostic, and everything else is kept.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Diagnostic, Workflow};

/// Reads a document; parts that cannot be read are left out and reported.
pub fn read(document: &Value) -> (Workflow, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let Some(object) = document.as_object() else {
        diagnostics.push(Diagnostic::error(
            "malformed_document",
            "The workflow is not a JSON object.",
            "Give an object with \"metadata\", \"actions\" and \"connections\".",
        ));
        return (Workflow::default(), diagnostics);
    };
    let metadata = match object.get("metadata") {
        None => Default::default(),
        Some(value) => serde_json::from_value(value.clone()).unwrap_or_else(|error| {
            diagnostics.push(
                Diagnostic::error(
                    "malformed_document",
                    format!("\"metadata\" cannot be read: {error}."),
                    "Give an object with \"workflowId\", \"name\" and \"description\" as text.",
                )
                .field("metadata"),
            );
            Default::default()
        }),
    };
    for key in object.keys().filter(|key| !matches!(key.as_str(), "metadata" | "actions" | "connections")) {
        diagnostics.push(
            Diagnostic::warning(
                "unknown_key",
                format!("\"{key}\" is not part of a workflow."),
                "It is kept and has no effect.",
            )
            .field(key),
        );
    }
    let actions = list(object.get("actions"), "actions", "an action", &mut diagnostics);
    let connections = list(object.get("connections"), "connections", "a connection", &mut diagnostics);
    (Workflow { metadata, actions, connections }, diagnostics)
}

/// Reads a list entry by entry. A missing list is empty.
fn list<T: DeserializeOwned>(
    value: Option<&Value>,
    field: &str,
    what: &str,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<T> {
    let Some(value) = value.filter(|value| !value.is_null()) else { return Vec::new() };
    let Some(entries) = value.as_array() else {
        diagnostics.push(
            Diagnostic::error("malformed_document", format!("\"{field}\" is not a list."), "Write it as [ … ].")
                .field(field),
        );
        return Vec::new();
    };
    let mut read = Vec::with_capacity(entries.len());
    for (index, entry) in entries.iter().enumerate() {
        match T::deserialize(entry) {
            Ok(one) => read.push(one),
            Err(error) => {
                let mut diagnostic = Diagnostic::error(
                    "malformed_document",
                    format!("\"{field}[{index}]\" is not {what}: {error}."),
                    "Compare it with an example workflow.",
                )
                .field(&format!("{field}[{index}]"));
                diagnostic.action_id = entry.get("actionId").and_then(Value::as_str).map(str::to_owned);
                diagnostics.push(diagnostic);
            }
        }
    }
    read
}
