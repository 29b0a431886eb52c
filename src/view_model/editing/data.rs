//! Editing what runs a table: `parse-data` and `merge-data` stand beside the steps that pictures go through.

use serde_json::{Map, Value, json};

use super::super::document::{index_of, nodes};
use super::{Editing, edges, first_settings};
use crate::actions::{Action, Port, PortType, Role, find, input_files, input_images, parse_data};

/// The columns of a table that a document knows by their ports: those that are connected, and those that it lists.
pub fn columns(document: &Value, id: &str) -> Vec<String> {
    let written = document.get("actions").and_then(Value::as_array).into_iter().flatten();
    let Some(node) = written.into_iter().find(|node| node.get("actionId").and_then(Value::as_str) == Some(id)) else {
        return Vec::new();
    };
    if node.get("actionType").and_then(Value::as_str) != Some(parse_data::ACTION.action_type) {
        return Vec::new();
    }
    let listed = node.get("outputPorts").and_then(Value::as_array).into_iter().flatten();
    let listed = listed.filter_map(|port| port.get("name")?.as_str().map(str::to_owned));
    let connected = edges(document).into_iter().filter(|edge| edge.source == id).map(|edge| edge.source_port);
    let mut columns: Vec<String> = Vec::new();
    for column in listed.chain(connected) {
        if column != parse_data::ROW.name && !columns.contains(&column) {
            columns.push(column);
        }
    }
    columns
}

/// The document with the columns of pictures that its table has as ports of `parse-data`, so that they can be connected; `None` if
/// it lists them already.
pub fn with_columns(document: &Value, columns: &[String]) -> Option<Value> {
    let id = tables(document).into_iter().next()?;
    let index = index_of(document, &id)?;
    let known = self::columns(document, &id);
    if columns.iter().all(|column| known.contains(column)) {
        return None;
    }
    let names = [parse_data::ROW.name].into_iter().chain(columns.iter().map(String::as_str));
    let mut document = document.clone();
    let node = document.pointer_mut(&format!("/actions/{index}"))?.as_object_mut()?;
    node.insert("outputPorts".to_owned(), names.map(|name| json!({ "name": name })).collect());
    Some(document)
}

/// The action that supplies a port, if nothing else does.
pub(super) fn supplier(port: &Port) -> &'static str {
    match port.kind {
        PortType::Json => parse_data::ACTION.action_type,
        PortType::File => input_files::ACTION.action_type,
        PortType::Image | PortType::Text => input_images::ACTION.action_type,
    }
}

/// Adds an action that runs or uses a table before all others, with what it needs.
pub(super) fn with_data(document: &Value, action: &'static Action) -> (Value, String) {
    let mut editing = Editing::of(document);
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

fn is_input(action_type: &str) -> bool {
    find(action_type).is_some_and(|action| matches!(action.role, Role::Source | Role::Data))
}

impl Editing {
    /// Adds what supplies a port of an action, with what that needs itself.
    pub(super) fn supply(&mut self, at: usize, id: &str, port: &Port) {
        let Some(supplier) = find(supplier(port)) else { return };
        let wish = if supplier.role == Role::Data { supplier.action_type } else { port.name };
        let wish = if wish == parse_data::FILE.name { "table" } else { wish };
        let input = self.add(at, wish, supplier.action_type, Map::new());
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
        assert_eq!(columns(&document, "parse-data"), ["photo", "front"]);
        assert!(columns(&document, "photos").is_empty());
        let save = index_of(&document, "save").unwrap();
        let plug = plugs(&document, save).remove(0);
        let choices: Vec<_> = plug.choices.iter().map(|one| one.port.as_str()).collect();
        assert_eq!((choices, plug.chosen), (vec!["outputs", "photo", "front"], Some(2)));
        assert!(errors(&document).is_empty());
        let listed = with_columns(&document, &["photo".to_owned(), "back".to_owned()]).unwrap();
        assert_eq!(columns(&listed, "parse-data"), ["photo", "back", "front"]);
        assert!(check(&listed).1.iter().all(|one| one.code == "no_images"), "{:?}", check(&listed).1);
        assert_eq!(with_columns(&listed, &["back".to_owned(), "front".to_owned()]), None);
        assert_eq!(with_columns(&blank("W"), &["back".to_owned()]), None);
        let look = up_to(&document, "save");
        assert!(look.is_none() || errors(&look.unwrap()).is_empty());
    }
}
