//! What a document says of the table that it runs: the columns that its actions name, and what is wrong about that.

use super::params::each_placeholder;
use super::{ActionNode, Diagnostic, Workflow};
use crate::actions::placeholders::Placeholder;
use crate::actions::{input_files, input_images, parse_data};

/// Where a column is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// The action.
    pub action_id: String,
    /// Its parameter or port.
    pub field: String,
    /// The column.
    pub column: String,
}

/// Whether an action runs a table.
pub fn is_table(node: &ActionNode) -> bool {
    node.action_type == parse_data::ACTION.action_type
}

/// The columns that names, texts and conditions ask for.
pub fn uses(workflow: &Workflow) -> Vec<Use> {
    let mut uses = Vec::new();
    each_placeholder(workflow, &mut |node, field, placeholder| {
        if let Placeholder::Row(column) = placeholder {
            let (action_id, field) = (node.action_id.clone(), field.to_owned());
            uses.push(Use { action_id, field, column: column.to_owned() });
        }
    });
    uses
}

/// What is wrong about tables, as far as it can be told without reading one.
pub(super) fn check(workflow: &Workflow) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut tables = workflow.actions.iter().filter(|node| is_table(node));
    let Some(table) = tables.next() else {
        for Use { action_id, field, column } in uses(workflow) {
            let message = format!("\"row.{column}\" is used, but no table is run.");
            let hint = "Add \"parse-data\" with a table, or use something else.";
            found.push(Diagnostic::error("no_data", message, hint).at(&action_id).field(&field));
        }
        return found;
    };
    for other in tables {
        let message = format!("\"{}\" would run a second table.", other.action_id);
        found.push(Diagnostic::error("several_tables", message, "Use one table.").at(&other.action_id));
    }
    let is_many = |node: &&ActionNode| {
        let listed = node.parameters.get("files").and_then(serde_json::Value::as_array);
        input_files::is_files(&node.action_type) && listed.is_some_and(|files| files.len() > 1)
    };
    for node in workflow.actions.iter().filter(is_many) {
        let message = format!("\"{}\" has more than one file.", node.action_id);
        found.push(Diagnostic::error("several_files", message, "Keep one.").at(&node.action_id).field("files"));
    }
    for connection in &workflow.connections {
        let (from, to) = (&connection.connection_source, &connection.connection_target);
        if *to == table.action_id && connection.target_port == parse_data::PICTURES.name {
            let is_input =
                |node: &ActionNode| node.action_id == *from && node.action_type == input_images::ACTION.action_type;
            if !workflow.actions.iter().any(is_input) {
                let message = format!("\"{to}\" names pictures by their files, and gets some of \"{from}\".");
                let hint = "Connect an \"input-images\" action.";
                found
                    .push(Diagnostic::error("port_type_mismatch", message, hint).at(to).field(&connection.target_port));
            }
        }
    }
    found
}
