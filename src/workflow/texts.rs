//! Texts that lead to actions by connections: those of `input-text`, and the columns of a table.

use std::borrow::Cow;

use serde_json::Value;

use super::{ActionNode, Connection, Workflow};
use crate::actions::parameters::Field;
use crate::actions::{self, PortType, input_text, parse_data};

/// The parameter that a connection supplies, if what flows through it is text: it is called like the port.
fn supplied(target: &ActionNode, connection: &Connection) -> Option<&'static Field> {
    let action = actions::find(&target.action_type)?;
    let is_port = |port: &actions::Port| port.kind == PortType::Text && port.name == connection.target_port;
    action
        .inputs
        .iter()
        .any(is_port)
        .then(|| action.fields.iter().find(|field| field.name == connection.target_port))?
}

/// The text that leaves a port.
fn text(source: &ActionNode, port: &str) -> Option<Value> {
    match source.action_type.as_str() {
        kind if kind == parse_data::ACTION.action_type => Some(["{row.", port, "}"].concat().into()),
        kind if input_text::is_text(kind) => {
            let field = actions::find(kind)?.fields.first()?;
            Some(source.parameters.get(field.name).cloned().unwrap_or_else(|| field.default.value()))
        }
        _ => None,
    }
}

impl Workflow {
    /// The workflow with connected texts in the parameters of those that they lead to, and without these connections.
    pub fn with_texts(&self) -> Cow<'_, Self> {
        let find = |id: &str| self.actions.iter().position(|node| node.action_id == id);
        let supplies = |connection: &Connection| {
            let target = find(&connection.connection_target)?;
            let field = supplied(&self.actions[target], connection)?;
            let source = &self.actions[find(&connection.connection_source)?];
            Some((target, field.name, text(source, &connection.source_port)))
        };
        let found: Vec<_> = self.connections.iter().map(supplies).collect();
        if found.iter().all(Option::is_none) {
            return Cow::Borrowed(self);
        }
        let mut workflow = self.clone();
        let mut is_text = found.iter().map(Option::is_some);
        workflow.connections.retain(|_| !is_text.next().unwrap_or(false));
        for (target, name, text) in found.into_iter().flatten() {
            if let Some(text) = text {
                workflow.actions[target].parameters.insert(name.to_owned(), text);
            }
        }
        Cow::Owned(workflow)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::check;
    use super::*;

    fn document(text: &Value) -> Value {
        let edge = |source: [&str; 2], target: [&str; 2]| json!({ "connectionSource": source[0], "sourcePort": source[1], "connectionTarget": target[0], "targetPort": target[1] });
        json!({
            "actions": [
                { "actionId": "photos", "actionType": "input-images", "parameters": {} },
                { "actionId": "headline", "actionType": "input-text", "parameters": text },
                { "actionId": "one", "actionType": "text", "parameters": { "text": "its own", "size": 0.1 } },
                { "actionId": "two", "actionType": "text", "parameters": {} },
                { "actionId": "save", "actionType": "output", "parameters": {} },
            ],
            "connections": [
                edge(["photos", "outputs"], ["one", "input-images"]),
                edge(["headline", "text"], ["one", "text"]),
                edge(["one", "outputs"], ["two", "input-images"]),
                edge(["headline", "text"], ["two", "text"]),
                edge(["two", "outputs"], ["save", "input-images"]),
            ],
        })
    }

    fn errors(document: &Value) -> Vec<(String, Option<String>)> {
        check(document).1.into_iter().filter(|one| one.is_error()).map(|one| (one.code, one.action_id)).collect()
    }

    #[test]
    fn a_text_takes_the_place_of_those_of_the_actions_that_it_leads_to() {
        for (parameters, expected) in [(json!({ "text": "SALE {width}" }), "SALE {width}"), (json!({}), "{name}")] {
            let (workflow, found) = check(&document(&parameters));
            assert!(found.iter().all(|one| !one.is_error()), "{found:?}");
            let plain = workflow.with_texts();
            let texts: Vec<_> = plain.actions.iter().map(|node| node.parameters.get("text")).collect();
            assert_eq!(texts[2..4], [Some(&json!(expected)); 2]);
            assert_eq!(plain.actions[2].parameters["size"], json!(0.1));
            let left: Vec<_> = plain.connections.iter().map(|edge| edge.target_port.as_str()).collect();
            assert_eq!(left, ["input-images"; 3]);
        }
    }

    #[test]
    fn a_workflow_without_connected_texts_stays_as_it_is() {
        let mut document = document(&json!({}));
        document["connections"].as_array_mut().unwrap().retain(|edge| edge["targetPort"] != "text");
        let (workflow, found) = check(&document);
        assert!(found.iter().all(|one| !one.is_error()), "{found:?}");
        assert!(matches!(workflow.with_texts(), Cow::Borrowed(_)));
    }

    #[test]
    fn a_text_is_checked_where_it_is_written() {
        assert_eq!(
            errors(&document(&json!({ "text": "{nam}" }))),
            [("unknown_placeholder".to_owned(), Some("headline".to_owned()))]
        );
        assert_eq!(
            errors(&document(&json!({ "text": "{row.price}" }))),
            [("no_data".to_owned(), Some("headline".to_owned()))]
        );
        // Pictures are no text, and text is no picture.
        for (edge, port) in [(0, "input-images"), (1, "text")] {
            let mut document = document(&json!({}));
            let source = if edge == 0 { ("headline", "text") } else { ("photos", "outputs") };
            document["connections"][edge]["connectionSource"] = json!(source.0);
            document["connections"][edge]["sourcePort"] = json!(source.1);
            let found = check(&document).1;
            let mismatch = found.iter().find(|one| one.code == "port_type_mismatch").unwrap();
            assert_eq!((mismatch.action_id.as_deref(), mismatch.field.as_deref()), (Some("one"), Some(port)));
        }
    }
}
