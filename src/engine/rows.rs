//! Running the rows of a table. A graph knows only pictures: before it is made, `parse-data` and `merge-data` are replaced by
//! inputs, one for each column whose pictures are used and one for each template. Once the table is known, each row is an
//! execution, whose record contains what the row says and names its pictures. So running one needs neither the table nor the
//! other rows, and a retry reads nothing again.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::graph::Graph;
use super::inputs::InputRef;
use crate::actions::input_images::{InputImage, InputImages};
use crate::actions::parameters::Parameter;
use crate::actions::parse_data::{self, ParseData};
use crate::actions::{IMAGE_OUT, input_files, input_images, merge_data};
use crate::data::{Delimiter, Table};
use crate::workflow::rows::{Use, is_table, uses};
use crate::workflow::{ActionNode, Connection, Workflow};

/// What a source of a graph stands for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Supply {
    /// An `input-images` action.
    #[default]
    Images,
    /// A column of a table, by its name: each row names its picture.
    Column(String),
    /// A template, and the width of what is made of it, if one is given.
    Template(Option<u32>),
}

/// The table that a graph runs.
#[derive(Clone, Debug)]
pub struct Rows {
    /// The `parse-data` action.
    pub action_id: String,
    /// The file.
    pub file: Option<InputImage>,
    /// What separates its values, if that is not to be found out.
    pub delimiter: Option<Delimiter>,
    /// The pictures that rows may name.
    pub pool: Vec<InputImage>,
    pub(super) uses: Vec<Use>,
    pub(super) table: Table,
    /// Pictures that only templates name: the column, and the picture of each row.
    pub(super) embedded: Vec<(String, Vec<Option<InputImage>>)>,
}

/// What separates the id of a `parse-data` action from a column in the id of the input that stands for it.
const MARK: char = '\0';

/// A document in which inputs stand for tables and templates, and the table that it runs.
pub(super) fn lowered(workflow: &Workflow) -> (Cow<'_, Workflow>, Option<Rows>) {
    let Some(table) = workflow.actions.iter().find(|node| is_table(node)) else {
        return (Cow::Borrowed(workflow), None);
    };
    // The list of the input that leads to a port.
    let given = |target: &str, port: &str| {
        let mut edges = workflow.connections.iter();
        let edge = edges.find(|edge| edge.connection_target == target && edge.target_port == port)?;
        let node = workflow.actions.iter().find(|node| node.action_id == edge.connection_source)?;
        node.parameters.get(input_files::list_of(&node.action_type))
    };
    let input = |action_id: String, images: Option<&Value>| {
        let mut parameters = Map::new();
        parameters.extend(images.map(|images| ("images".to_owned(), images.clone())));
        let action_type = input_images::ACTION.action_type.to_owned();
        ActionNode { action_id, action_type, parameters, ..ActionNode::default() }
    };
    let listed = |images: Option<&Value>| images.and_then(InputImages::read).unwrap_or_default().0;
    let pool = given(&table.action_id, parse_data::PICTURES.name);
    let rows = Rows {
        action_id: table.action_id.clone(),
        file: listed(given(&table.action_id, parse_data::FILE.name)).into_iter().next(),
        delimiter: ParseData::read(&table.parameters).and_then(|parameters| parameters.given()),
        pool: listed(pool),
        uses: uses(workflow),
        table: Table::default(),
        embedded: Vec::new(),
    };
    let mut plain = workflow.clone();
    let is_template = |node: &ActionNode| node.action_type == merge_data::ACTION.action_type;
    let replaced: Vec<&str> = (workflow.actions.iter())
        .filter(|node| is_table(node) || is_template(node))
        .map(|node| node.action_id.as_str())
        .collect();
    plain.connections.retain(|edge| !replaced.contains(&edge.connection_target.as_str()));
    let mut columns: Vec<String> = Vec::new();
    for edge in plain.connections.iter_mut().filter(|edge| edge.connection_source == table.action_id) {
        let port = std::mem::replace(&mut edge.source_port, IMAGE_OUT.name.to_owned());
        edge.connection_source = format!("{}{MARK}{port}", table.action_id);
        if !columns.contains(&edge.connection_source) {
            columns.push(edge.connection_source.clone());
        }
    }
    plain.actions.clear();
    for node in &workflow.actions {
        if is_table(node) {
            plain.actions.extend(columns.drain(..).map(|id| input(id, pool)));
        } else if is_template(node) {
            let template = given(&node.action_id, merge_data::TEMPLATE.name);
            plain.actions.push(input(node.action_id.clone(), template));
        } else if is_left(node, workflow, &plain) {
            plain.actions.push(node.clone());
        }
    }
    (Cow::Owned(plain), Some(rows))
}

/// Whether an action is part of what is run, and not only of what is read before.
fn is_left(node: &ActionNode, workflow: &Workflow, plain: &Workflow) -> bool {
    let leads = |edge: &Connection| edge.connection_source == node.action_id;
    let served = workflow.connections.iter().any(leads) && !plain.connections.iter().any(leads);
    let is_input = node.action_type == input_images::ACTION.action_type;
    !(input_files::is_files(&node.action_type) || is_input && served)
}

impl Graph {
    /// The graph of a document of which [`lowered`] made the one that was resolved.
    pub(super) fn with_rows(mut self, workflow: &Workflow, rows: Option<Rows>) -> Self {
        if rows.is_none() {
            return self;
        }
        let width = |id: &str| {
            let node = workflow.actions.iter().find(|node| node.action_id == id)?;
            let is_template = node.action_type == merge_data::ACTION.action_type;
            is_template.then(|| node.parameters.get("width").and_then(Value::as_u64).map(|width| width as u32))
        };
        for source in Arc::get_mut(&mut self.sources).into_iter().flatten() {
            if let Some((id, column)) = source.action_id.split_once(MARK) {
                (source.supply, source.action_id) = (Supply::Column(column.to_owned()), id.to_owned());
            } else if let Some(width) = width(&source.action_id) {
                source.supply = Supply::Template(width);
            }
        }
        for node in &mut self.nodes {
            node.action_id.truncate(node.action_id.find(MARK).unwrap_or(node.action_id.len()));
        }
        self.rows = rows;
        self
    }

    /// Adds what a row says to the inputs of its execution.
    pub(super) fn add_row(&self, index: u32, inputs: &mut Vec<InputRef>) -> Option<crate::data::Row> {
        let rows = self.rows.as_ref()?;
        let row = rows.table.row(index as usize);
        for (input, source) in inputs.iter_mut().zip(self.source_order().map(|source| &self.sources[source])) {
            match &source.supply {
                Supply::Images => {}
                Supply::Column(name) => input.column = Some(name.clone()),
                Supply::Template(_) => input.name = row.name(),
            }
        }
        for (column, pictures) in &rows.embedded {
            let Some(picture) = pictures.get(index as usize).and_then(Option::as_ref) else { continue };
            let column = Some(column.clone());
            inputs.push(InputRef { column, ..InputRef::of(&rows.action_id, picture) });
        }
        Some(row)
    }

    /// How many rows it runs, if a table is.
    pub(super) fn row_count(&self) -> Option<usize> {
        self.rows.as_ref().map(|rows| rows.table.rows.len()).filter(|count| *count > 0)
    }
}
