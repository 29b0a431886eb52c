//! What a workflow does, as a hash: two documents with the same recipe make the same results from the same pictures.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::runs::role;
use crate::actions::Role;
use crate::compact::sort_by;

/// SHA-256, in hex, of what a document does: its actions with their parameters, in order, whether they are turned off, and its
/// connections.
///
/// Everything that makes no difference to a result is excluded: pictures, names and descriptions, port notes, places in the
/// graph, frames, notes, the order of keys and of connections.
pub fn recipe(document: &Value) -> String {
    let list = |key: &str| document.get(key).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let mut text = String::new();
    for action in list("actions") {
        let role = role(action);
        if role == Some(Role::Note) {
            continue;
        }
        let source = role == Some(Role::Source);
        write(&mut text, action.get("actionId").unwrap_or(&Value::Null), &|_| true);
        write(&mut text, action.get("actionType").unwrap_or(&Value::Null), &|_| true);
        let empty = Value::Object(Default::default());
        write(&mut text, action.get("parameters").unwrap_or(&empty), &|key| {
            !(source && matches!(key, "images" | "files"))
        });
        if action.get("disabled") == Some(&Value::Bool(true)) {
            text.push_str(" disabled");
        }
        text.push('\n');
    }
    let mut connections: Vec<String> = list("connections")
        .iter()
        .map(|connection| {
            let mut line = String::new();
            for key in ["connectionSource", "sourcePort", "connectionTarget", "targetPort"] {
                write(&mut line, connection.get(key).unwrap_or(&Value::Null), &|_| true);
            }
            line
        })
        .collect();
    sort_by(&mut connections, String::cmp);
    text.push_str(&connections.join("\n"));
    sha256(&text)
}

/// SHA-256, in hex, of a text.
pub fn sha256(content: impl AsRef<[u8]>) -> String {
    hex(&Sha256::digest(content.as_ref()))
}

/// SHA-256, in hex, of what comes in parts.
pub fn sha256_of_parts(parts: impl Iterator<Item = impl AsRef<[u8]>>) -> String {
    let mut hasher = Sha256::new();
    parts.for_each(|part| hasher.update(part.as_ref()));
    hex(&hasher.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes a value in a canonical form: keys sorted, the outermost object's keys filtered, numbers as in JavaScript.
fn write(text: &mut String, value: &Value, wanted: &dyn Fn(&str) -> bool) {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().filter(|(key, _)| wanted(key)).collect();
            sort_by(&mut entries, |(one, _), (other, _)| one.cmp(other));
            text.push('{');
            for (key, value) in entries {
                text.push_str(&Value::from(key.as_str()).to_string());
                write(text, value, &|_| true);
            }
            text.push('}');
        }
        Value::Array(list) => {
            text.push('[');
            list.iter().for_each(|value| write(text, value, &|_| true));
            text.push(']');
        }
        Value::Number(number) => text.push_str(&format!("{},", number.as_f64().unwrap_or_default())),
        other => {
            text.push_str(&other.to_string());
            text.push(',');
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document() -> Value {
        json!({
            "metadata": { "workflowId": "w", "name": "A" },
            "actions": [
                { "actionId": "in", "actionType": "input-images", "parameters": { "images": [{ "sourceUrl": "asset:1" }], "autoOrient": true } },
                { "actionId": "small", "actionType": "resize", "parameters": { "width": 100, "mode": "fit" } },
                { "actionId": "out", "actionType": "output" }
            ],
            "connections": [
                { "connectionSource": "in", "sourcePort": "outputs", "connectionTarget": "small", "targetPort": "input-images" },
                { "connectionSource": "small", "sourcePort": "outputs", "connectionTarget": "out", "targetPort": "input-images" }
            ]
        })
    }

    #[test]
    fn irrelevant_differences_do_not_change_the_recipe() {
        let same = json!({
            "actions": [
                { "actionType": "input-images", "actionId": "in", "parameters": { "autoOrient": true, "images": [] } },
                { "actionId": "small", "actionType": "resize", "parameters": { "mode": "fit", "width": 100.0 }, "inputPorts": [], "position": { "x": 8, "y": 8 }, "frame": "Sizes" },
                { "actionId": "out", "actionType": "output", "parameters": {}, "disabled": false },
                { "actionId": "note", "actionType": "note", "parameters": { "text": "Not for the shop." } }
            ],
            "connections": [
                { "targetPort": "input-images", "connectionSource": "small", "sourcePort": "outputs", "connectionTarget": "out" },
                { "connectionSource": "in", "sourcePort": "outputs", "connectionTarget": "small", "targetPort": "input-images" }
            ]
        });
        assert_eq!(recipe(&document()), recipe(&same));
    }

    #[test]
    fn every_other_change_changes_the_recipe() {
        let mut seen = crate::compact::SortedSet::from([recipe(&document())]);
        for (pointer, value) in [
            ("/actions/0/parameters/autoOrient", json!(false)),
            ("/actions/1/actionId", json!("smaller")),
            ("/actions/1/actionType", json!("crop")),
            ("/actions/1/parameters/width", json!(101)),
            ("/actions/1/parameters/width", json!("100")),
            ("/actions/1/parameters/mode", json!("fill")),
            ("/actions/1/parameters", json!({ "width": 100 })),
            (
                "/actions/1",
                json!({ "actionId": "small", "actionType": "resize", "parameters": { "width": 100, "mode": "fit" }, "disabled": true }),
            ),
            // Only an input's images are pictures.
            ("/actions/1/parameters", json!({ "images": [1] })),
            ("/actions/2", json!({ "actionId": "out", "actionType": "output", "parameters": { "quality": 90 } })),
            ("/connections/1/sourcePort", json!("mask")),
            ("/connections/0", json!({})),
        ] {
            let mut other = document();
            *other.pointer_mut(pointer).expect("there") = value;
            assert!(seen.insert(recipe(&other)), "{pointer}");
        }
        let mut swapped = document();
        swapped["actions"].as_array_mut().expect("list").swap(1, 2);
        assert!(seen.insert(recipe(&swapped)), "outputs come in document order");
    }

    #[test]
    fn anything_has_a_recipe() {
        for document in
            [json!(null), json!([1]), json!({ "actions": 3 }), json!({ "actions": [7], "connections": [[]] })]
        {
            assert_eq!(recipe(&document).len(), 64);
        }
    }
}
