//! Editing what runs a table: `parse-data` and `merge-data` stand beside the steps that pictures go through.

use serde_json::{Value, json};

use super::super::document::{Node, index_of, nodes};
use super::{Edge, Editing, action_at, action_of, edges, first_settings};
use crate::actions::{Action, Port, PortType, Role, find, input_files, input_images, input_text, parse_data};
use crate::data::Column;

/// The columns of a table that a document knows by their ports: those that are connected, and those that it lists. Where it does
/// not say what they are, they name pictures.
pub fn columns(document: &Value, id: &str) -> Vec<(String, PortType)> {
    let written = document.get("actions").and_then(Value::as_array).into_iter().flatten();
    let Some(node) = written.into_iter().find(|node| node.get("actionId").and_then(Value::as_str) == Some(id)) else {
        return Vec::new();
    };
    if node.get("actionType").and_then(Value::as_str) != Some(parse_data::ACTION.action_type) {
        return Vec::new();
    }
    let listed = node.get("outputPorts").and_then(Value::as_array).into_iter().flatten();
    let listed = listed.filter_map(|port| {
        let is_text =
            port.pointer("/mimeTypes/0").and_then(Value::as_str) == PortType::Text.mime_types().first().copied();
        let kind = if is_text { PortType::Text } else { PortType::Image };
        Some((port.get("name")?.as_str()?.to_owned(), kind))
    });
    let connected = edges(document).into_iter().filter(|edge| edge.source == id).map(|edge| {
        let target = action_of(document, &edge.target);
        let port = target.and_then(|action| action.inputs.iter().find(|port| port.name == edge.target_port));
        (edge.source_port, port.map_or(PortType::Image, |port| port.kind))
    });
    let mut columns: Vec<(String, PortType)> = Vec::new();
    for column in listed.chain(connected) {
        if column.0 != parse_data::ROW.name && columns.iter().all(|(known, _)| *known != column.0) {
            columns.push(column);
        }
    }
    columns
}

/// The document with the columns that its table has as ports of `parse-data`, so that they can be connected; `None` if it lists
/// them already.
pub fn with_columns(document: &Value, columns: &[Column]) -> Option<Value> {
    let id = tables(document).into_iter().next()?;
    let index = index_of(document, &id)?;
    let known = self::columns(document, &id);
    let kind = |column: &Column| if column.is_picture { PortType::Image } else { PortType::Text };
    if columns.iter().all(|column| known.iter().any(|(name, of)| *name == column.name && *of == kind(column))) {
        return None;
    }
    let port = |column: &Column| json!({ "name": column.name, "mimeTypes": kind(column).mime_types() });
    let row = json!({ "name": parse_data::ROW.name, "mimeTypes": parse_data::ROW.kind.mime_types() });
    let ports: Vec<Value> = [row].into_iter().chain(columns.iter().map(port)).collect();
    let mut document = document.clone();
    let node = document.pointer_mut(&format!("/actions/{index}"))?.as_object_mut()?;
    node.insert("outputPorts".to_owned(), ports.into());
    Some(document)
}

/// The action that supplies a port, if nothing else does.
pub(super) fn supplier(port: &Port) -> &'static str {
    match port.kind {
        PortType::Json => parse_data::ACTION.action_type,
        PortType::File => input_files::ACTION.action_type,
        PortType::Text => input_text::ACTION.action_type,
        PortType::Image => input_images::ACTION.action_type,
    }
}

/// Adds an action that supplies texts, or runs or uses a table, before all others, with what it needs.
pub(super) fn with_data(document: &Value, action: &'static Action) -> (Value, String) {
    let mut editing = Editing::of(document);
    if input_text::is_text(action.action_type) {
        return with_text(editing);
    }
    let photos = nodes(document).into_iter().find(|node| node.action_type == input_images::ACTION.action_type);
    let tables = nodes(document).into_iter().find(|node| node.action_type == parse_data::ACTION.action_type);
    let at = nodes(document).iter().take_while(|node| is_input(&node.action_type)).count();
    let id = editing.add(at, action.action_type, action.action_type, first_settings(action));
    if let Some(table) = tables
        && let Some(port) = action.inputs.iter().find(|port| port.kind == PortType::Json)
    {
        editing.connect((&table.action_id, parse_data::ROW.name), (&id, port.name));
    }
    if let Some(photos) = photos
        && action.inputs.iter().any(|port| port.name == parse_data::PICTURES.name)
    {
        editing.connect((&photos.action_id, "outputs"), (&id, parse_data::PICTURES.name));
    }
    editing.fill_ports(at, &id, action);
    (editing.finish(), id)
}

/// The wish for the id of a shared text.
const SHARED_TEXT: &str = "shared-text";

/// Adds a text for the last step that has a text of its own, and for those that have the same: nothing that is written changes.
fn with_text(mut editing: Editing) -> (Value, String) {
    let takers = takers(&editing.document);
    let takes = |edge: &Edge| takers.iter().any(|taker| edge.enters(&taker.action_id, taker.port));
    let taken: Vec<Edge> = editing.edges.iter().filter(|edge| takes(edge)).cloned().collect();
    let is_free = |taker: &&Taker| !taken.iter().any(|edge| edge.enters(&taker.action_id, taker.port));
    let text = takers.iter().rfind(is_free).map(|taker| taker.text.clone());
    let at = nodes(&editing.document).iter().take_while(|node| is_input(&node.action_type)).count();
    let parameters = text.iter().flatten().map(|text| (input_text::TEXT_OUT.name.to_owned(), text.clone())).collect();
    let id = editing.add(at, SHARED_TEXT, input_text::ACTION.action_type, parameters);
    for taker in takers.iter().filter(is_free).filter(|taker| Some(&taker.text) == text.as_ref()) {
        editing.connect((&id, input_text::TEXT_OUT.name), (&taker.action_id, taker.port));
    }
    (editing.finish(), id)
}

/// An input port for a text, and the text that its step has itself, if it has one.
struct Taker {
    action_id: String,
    port: &'static str,
    text: Option<Value>,
}

fn takers(document: &Value) -> Vec<Taker> {
    let of_node = |node: Node| {
        let parameters = super::super::document::parameters(document, node.index);
        let ports = find(&node.action_type).map_or(&[][..], |action| action.inputs);
        let texts = ports.iter().filter(|port| port.kind == PortType::Text);
        let taker = |port: &Port| Taker {
            action_id: node.action_id.clone(),
            port: port.name,
            text: parameters.and_then(|parameters| parameters.get(port.name)).cloned(),
        };
        texts.map(taker).collect::<Vec<_>>()
    };
    nodes(document).into_iter().flat_map(of_node).collect()
}

/// Gives the steps to which a shared text leads a copy of it, before it is removed.
pub(super) fn leave_text(editing: &mut Editing, id: &str) {
    let document = &editing.document;
    let Some(index) = index_of(document, id)
        .filter(|index| action_at(document, *index).is_some_and(|action| input_text::is_text(action.action_type)))
    else {
        return;
    };
    let text = super::super::document::parameters(document, index)
        .and_then(|parameters| parameters.get(input_text::TEXT_OUT.name))
        .cloned();
    let targets: Vec<Edge> = editing.edges.iter().filter(|edge| edge.source == id).cloned().collect();
    for edge in targets {
        let Some(index) = index_of(&editing.document, &edge.target) else { continue };
        let parameters = editing.document.pointer_mut(&format!("/actions/{index}/parameters"));
        let Some(parameters) = parameters.and_then(Value::as_object_mut) else { continue };
        match &text {
            Some(text) => parameters.insert(edge.target_port, text.clone()),
            None => parameters.shift_remove(&edge.target_port),
        };
    }
}

fn is_input(action_type: &str) -> bool {
    find(action_type).is_some_and(|action| matches!(action.role, Role::Source | Role::Data))
}

impl Editing {
    /// Adds what supplies a port of an action, with what that needs itself.
    pub(super) fn supply(&mut self, at: usize, id: &str, port: &Port) {
        let Some(supplier) = find(supplier(port)) else { return };
        let wish = if supplier.role == Role::Data { supplier.action_type } else { port.name };
        let wish = match wish {
            wish if wish == parse_data::FILE.name => "table",
            _ if port.kind == PortType::Text => SHARED_TEXT,
            wish => wish,
        };
        // A shared text begins as the one that it takes the place of.
        let own = takers(&self.document).into_iter().find(|taker| taker.action_id == id && taker.port == port.name);
        let text = own.and_then(|taker| taker.text).map(|text| (input_text::TEXT_OUT.name.to_owned(), text));
        let input = self.add(at, wish, supplier.action_type, text.into_iter().collect());
        let output = supplier.outputs.first().map_or("outputs", |port| port.name);
        self.connect((&input, output), (id, port.name));
        self.fill_ports(at, &input, supplier);
    }
}

/// The tables of a document and what leads to them: they run even if nothing is connected to them.
pub(super) fn tables(document: &Value) -> Vec<String> {
    let tables = nodes(document).into_iter().filter(|node| node.action_type == parse_data::ACTION.action_type);
    tables.map(|node| node.action_id).collect()
}

#[cfg(test)]
mod tests {
    use super::super::*;
    use crate::data::Column;
    use crate::view_model::document;
    use crate::workflow::check;

    fn errors(document: &Value) -> Vec<String> {
        check(document).1.into_iter().filter(|one| one.is_error()).map(|one| one.message).collect()
    }

    #[test]
    fn a_table_is_added_with_its_file_and_the_pictures_that_it_names() {
        let (document, id) = with_step(&blank("W"), "parse-data", &Place::End).unwrap();
        assert_eq!((id.as_str(), errors(&document)), ("parse-data", Vec::new()));
        let ends = |edge: &Edge| format!("{}.{}→{}.{}", edge.source, edge.source_port, edge.target, edge.target_port);
        let written: Vec<_> = edges(&document).iter().map(ends).collect();
        let expected = [
            "photos.outputs→save.input-images",
            "photos.outputs→parse-data.input-images",
            "table.outputs→parse-data.input-files",
        ];
        assert_eq!(written, expected);
        let (document, id) = with_step(&document, "merge-data", &Place::End).unwrap();
        assert_eq!((id.as_str(), errors(&document)), ("merge-data", Vec::new()));
        let written: Vec<_> = edges(&document).iter().skip(3).map(ends).collect();
        assert_eq!(written, ["parse-data.row→merge-data.data", "template.outputs→merge-data.template"]);
        let (document, _) = with_step(&blank("W"), "merge-data", &Place::End).unwrap();
        assert_eq!(errors(&document), Vec::<String>::new());
        assert!(index_of(&document, "table").is_some(), "with the table that it needs");
    }

    #[test]
    fn columns_that_are_listed_or_connected_can_be_connected() {
        let (mut document, _) = with_step(&blank("W"), "parse-data", &Place::End).unwrap();
        let index = index_of(&document, "parse-data").unwrap();
        document["actions"][index]["outputPorts"] = json!([{ "name": "row" }, { "name": "photo" }]);
        let document = connected(&document, ("parse-data", "front"), ("save", "input-images"));
        let names =
            |document: &Value| columns(document, "parse-data").into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(names(&document), ["photo", "front"]);
        assert!(columns(&document, "photos").is_empty());
        let save = index_of(&document, "save").unwrap();
        let plug = plugs(&document, save).remove(0);
        let choices: Vec<_> = plug.choices.iter().map(|one| one.port.as_str()).collect();
        assert_eq!((choices, plug.chosen), (vec!["outputs", "photo", "front"], Some(2)));
        assert!(errors(&document).is_empty());
        let column = |name: &str, is_picture| Column { header: name.to_uppercase(), name: name.to_owned(), is_picture };
        let [photo, back, front] = ["photo", "back", "front"].map(|name| column(name, true));
        let listed = with_columns(&document, &[photo, back.clone()]).unwrap();
        assert_eq!(names(&listed), ["photo", "back", "front"]);
        assert!(check(&listed).1.iter().all(|one| one.code == "no_images"), "{:?}", check(&listed).1);
        assert_eq!(with_columns(&listed, &[back.clone(), front]), None);
        assert_eq!(with_columns(&blank("W"), &[back]), None);
        let look = up_to(&document, "save");
        assert!(look.is_none() || errors(&look.unwrap()).is_empty());
    }

    #[test]
    fn columns_of_text_lead_to_texts() {
        let (document, _) = with_step(&blank("W"), "parse-data", &Place::End).unwrap();
        let (document, _) = with_step(&document, "text", &Place::End).unwrap();
        let column = |name: &str, is_picture| Column { header: name.to_uppercase(), name: name.to_owned(), is_picture };
        let document = with_columns(&document, &[column("price", false), column("photo", true)]).unwrap();
        assert_eq!(
            columns(&document, "parse-data"),
            [("price".to_owned(), PortType::Text), ("photo".to_owned(), PortType::Image)]
        );
        let to = |target: &str| {
            let plugs = plugs(&document, index_of(&document, "text").unwrap());
            let plug = plugs.into_iter().find(|plug| plug.port == target).unwrap();
            plug.choices.into_iter().map(|one| one.port).collect::<Vec<_>>()
        };
        assert_eq!(
            (to("input-images"), to("text")),
            (vec!["outputs".to_owned(), "photo".to_owned()], vec!["price".to_owned()])
        );
        let document = connected(&document, ("parse-data", "price"), ("text", "text"));
        assert_eq!(errors(&document), Vec::<String>::new());
        assert!(document::is_supplied(&document, index_of(&document, "text").unwrap(), "text"));
        assert!(!document::is_supplied(&document, index_of(&document, "text").unwrap(), "size"));
    }

    #[test]
    fn a_shared_text_is_that_of_the_steps_that_had_it() {
        let mut document = blank("W");
        for text in ["SALE", "SALE", "other", "SALE"] {
            let (added, id) = with_step(&document, "text", &Place::End).unwrap();
            document = added;
            let index = index_of(&document, &id).unwrap();
            document["actions"][index]["parameters"]["text"] = json!(text);
        }
        let (shared, id) = with_step(&document, "input-text", &Place::End).unwrap();
        let index = index_of(&shared, &id).unwrap();
        assert_eq!(shared["actions"][index]["parameters"], json!({ "text": "SALE" }));
        let led: Vec<_> = edges(&shared).into_iter().filter(|edge| edge.source == id).map(|edge| edge.target).collect();
        assert_eq!((led, errors(&shared)), (["text", "text-2", "text-4"].map(str::to_owned).to_vec(), Vec::new()));
        let index = index_of(&document, "text-3").unwrap();
        let own = with_input(&document, index, "text");
        let plug = plugs(&own, index_of(&own, "text-3").unwrap()).remove(1);
        assert_eq!((plug.choices[0].action_id.as_str(), plug.chosen), ("shared-text", Some(0)));
        assert_eq!(own["actions"][index]["parameters"], json!({ "text": "other" }));
        let (more, second) = with_step(&shared, "input-text", &Place::End).unwrap();
        let index = index_of(&more, &second).unwrap();
        assert_eq!(more["actions"][index]["parameters"], json!({ "text": "other" }));
        // What is written stays when it is removed.
        let mut changed = shared.clone();
        let index = index_of(&changed, &id).unwrap();
        changed["actions"][index]["parameters"]["text"] = json!("NEW");
        let left = without_step(&changed, index);
        let text = |id: &str| left["actions"][index_of(&left, id).unwrap()]["parameters"]["text"].clone();
        assert_eq!(["text", "text-2", "text-3", "text-4"].map(text), ["NEW", "NEW", "other", "NEW"].map(Value::from));
        assert_eq!((errors(&left), edges(&left).len()), (Vec::new(), edges(&document).len()));
    }
}
