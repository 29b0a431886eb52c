//! The servers to which a document sends pictures, and what is wrong about them.

use serde_json::Value;

use super::{Diagnostic, Workflow, read};
use crate::submission::{ACTION_TYPE, servers};

/// Where a document names a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// The action.
    pub action_id: String,
    /// Its parameter.
    pub field: &'static str,
    /// The server.
    pub origin: String,
}

/// The servers to which a document sends pictures or from which it fetches what comes of them, each once, without those of steps
/// that are turned off.
pub fn of(document: &Value) -> Vec<Server> {
    let workflow = read(document).0;
    let mut found: Vec<Server> = Vec::new();
    for (action_id, field, address) in all(&workflow.enabled()) {
        if let Ok(origin) = address
            && !found.iter().any(|other| other.origin == origin)
        {
            found.push(Server { action_id, field, origin });
        }
    }
    found
}

/// By action and parameter, the servers that a workflow names, or why one is none.
fn all(workflow: &Workflow) -> Vec<(String, &'static str, Result<String, String>)> {
    let nodes = workflow.actions.iter().filter(|node| node.action_type == ACTION_TYPE);
    nodes
        .flat_map(|node| {
            let named = servers(&node.parameters).into_iter();
            named.map(|(field, address)| {
                (node.action_id.clone(), field, address.map(|address| address.origin().to_owned()))
            })
        })
        .collect()
}

/// What is wrong about the servers that a workflow names.
pub(super) fn check(workflow: &Workflow) -> Vec<Diagnostic> {
    let wrong = all(workflow).into_iter().filter_map(|(action_id, field, address)| {
        let message = format!("\"{field}\" is not accepted: the URL {}.", address.err()?);
        let hint = "Give one like https://api.example/submit; with http only localhost and 127.0.0.1 are accepted.";
        Some(Diagnostic::error("invalid_url", message, hint).at(&action_id).field(field))
    });
    wrong.collect()
}

/// That the user of this device has not agreed to a server.
pub fn not_allowed(server: &Server) -> Diagnostic {
    let Server { action_id, field, origin } = server;
    let message = format!("\"{action_id}\" sends pictures to {origin}, which is not allowed on this device.");
    Diagnostic::error("server_not_allowed", message, HINT).at(action_id).field(field)
}

/// What to do about a server to which the user has not agreed.
pub const HINT: &str =
    "Open the workflow in Pixelmill on this device and allow the server above the preview, or turn the step off.";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document(nodes: &[Value]) -> Value {
        let node = |(index, parameters): (usize, &Value)| json!({ "actionId": format!("send-{index}"), "actionType": "http-action", "parameters": parameters });
        json!({ "actions": nodes.iter().enumerate().map(node).collect::<Vec<_>>() })
    }

    #[test]
    fn each_server_is_found_once() {
        let document = document(&[
            json!({ "submitEndpoint": "https://A.example/x", "statusEndpoint": "https://a.example/jobs/{jobId}" }),
            json!({ "submitEndpoint": "https://a.example:443/y", "resultOrigin": "https://files.example/" }),
            json!({ "submitEndpoint": "http://plain.example/" }),
            json!({}),
        ]);
        let found = of(&document);
        let found: Vec<_> =
            found.iter().map(|server| (server.action_id.as_str(), server.field, server.origin.as_str())).collect();
        assert_eq!(
            found,
            [("send-0", "submitEndpoint", "https://a.example"), ("send-1", "resultOrigin", "https://files.example")]
        );
    }

    #[test]
    fn steps_that_are_turned_off_send_nothing() {
        let mut document = document(&[json!({ "submitEndpoint": "https://a.example/" })]);
        document["actions"][0]["disabled"] = true.into();
        assert_eq!(of(&document), []);
    }

    #[test]
    fn a_url_that_is_not_accepted_is_a_diagnostic_at_its_parameter() {
        let document = document(&[json!({ "submitEndpoint": "http://plain.example/", "statusEndpoint": "jobs" })]);
        let found = check(&read(&document).0);
        let found: Vec<_> = found.iter().map(|one| (one.code.as_str(), one.field.as_deref(), one.is_error())).collect();
        assert_eq!(
            found,
            [("invalid_url", Some("submitEndpoint"), true), ("invalid_url", Some("statusEndpoint"), true)]
        );
    }
}
