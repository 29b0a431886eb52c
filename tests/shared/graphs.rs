//! Documents for tests of whole workflows.

use pixelmill::engine::Plan;
use pixelmill::workflow::check;
use serde_json::{Value, json};

/// An action of a document.
pub(crate) fn action(id: &str, kind: &str, parameters: Value) -> Value {
    json!({ "actionId": id, "actionType": kind, "parameters": parameters })
}

/// The inputs `photos` and `other`, these actions, and edges such as `size.then>small` and `other>mark.overlay`.
pub(crate) fn plan(actions: &[Value], edges: &str) -> Plan {
    let image = |asset: &str| json!({ "images": [{ "name": "a.jpg", "sourceUrl": asset }] });
    let mut all =
        vec![action("photos", "input-images", image("asset:1")), action("other", "input-images", image("asset:2"))];
    all.extend_from_slice(actions);
    let port = |end: &str, usual: &str| {
        let (id, port) = end.split_once('.').unwrap_or((end, usual));
        (id.to_owned(), port.to_owned())
    };
    let edges = edges.split_whitespace().map(|edge| {
        let (from, to) = edge.split_once('>').unwrap();
        let ((source, output), (target, input)) = (port(from, "outputs"), port(to, "input-images"));
        json!({ "connectionSource": source, "sourcePort": output, "connectionTarget": target, "targetPort": input })
    });
    let document = json!({ "metadata": {}, "actions": all, "connections": edges.collect::<Value>() });
    let (workflow, found) = check(&document);
    Plan::build(&workflow).unwrap_or_else(|_| panic!("{found:#?}"))
}
