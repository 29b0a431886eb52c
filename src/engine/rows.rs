//! Running the rows of a table. A graph knows only pictures: before it is made, `parse-data` and `merge-data` are replaced by
//! inputs, one for each column whose pictures are used and one for each template. Once the table is known, each row is an
//! execution, whose record contains what the row says and names its pictures. So running one needs neither the table nor the
//! other rows, and a retry reads nothing again.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Map, json};

use super::graph::Graph;
use super::inputs::InputRef;
use crate::actions::input_images::InputImage;
use crate::actions::parse_data::{self, ParseData};
use crate::actions::{self, IMAGE_OUT, input_files, input_images, merge_data};
use crate::compact::SortedMap;
use crate::data::{Delimiter, Table, shortened, template};
use crate::file_name::file_name;
use crate::workflow::rows::{Use, is_table, uses};
use crate::workflow::{ActionNode, Connection, Diagnostic, Workflow};

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
    uses: Vec<Use>,
    table: Table,
    /// Pictures that only templates name: the column, and the picture of each row.
    embedded: Vec<(String, Vec<Option<InputImage>>)>,
}

/// What separates the id of a `parse-data` action from a column in the id of the input that stands for it.
const MARK: char = '\0';

/// A document in which inputs stand for tables and templates, and the table that it runs.
pub(super) fn lowered(workflow: &Workflow) -> (Cow<'_, Workflow>, Option<Rows>) {
    let Some(table) = workflow.actions.iter().find(|node| is_table(node)) else {
        return (Cow::Borrowed(workflow), None);
    };
    let list = |from: &Connection| {
        let node = workflow.actions.iter().find(|node| node.action_id == from.connection_source)?;
        input_files::listed(actions::find(&node.action_type)?, &node.parameters)
    };
    let given = |target: &str, port: &str| {
        let enters = |edge: &&Connection| edge.connection_target == target && edge.target_port == port;
        workflow.connections.iter().find(enters).and_then(list).unwrap_or_default()
    };
    let input = |action_id: String, images: &[InputImage]| ActionNode {
        action_id,
        action_type: input_images::ACTION.action_type.to_owned(),
        parameters: Map::from_iter([("images".to_owned(), images.iter().map(written).collect())]),
        ..ActionNode::default()
    };
    let pool = given(&table.action_id, parse_data::PICTURES.name);
    let rows = Rows {
        action_id: table.action_id.clone(),
        file: given(&table.action_id, parse_data::FILE.name).into_iter().next(),
        delimiter: ParseData::read(&table.parameters).and_then(|parameters| parameters.given()),
        pool: pool.clone(),
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
            plain.actions.extend(columns.drain(..).map(|id| input(id, &pool)));
        } else if is_template(node) {
            let template = given(&node.action_id, merge_data::TEMPLATE.name);
            plain.actions.push(input(node.action_id.clone(), &template[..template.len().min(1)]));
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

fn written(image: &InputImage) -> serde_json::Value {
    let mut entry = json!({ "name": image.name, "sourceUrl": image.source_url });
    if let Some(path) = &image.path {
        entry["path"] = path.as_str().into();
    }
    entry
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
            is_template
                .then(|| node.parameters.get("width").and_then(serde_json::Value::as_u64).map(|width| width as u32))
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

    /// The files that it draws as templates, with the actions that do.
    pub fn templates(&self) -> impl Iterator<Item = (&str, &InputImage)> {
        let templates = self.sources.iter().filter(|source| matches!(source.supply, Supply::Template(_)));
        templates.filter_map(|source| Some((source.action_id.as_str(), source.images.first()?)))
    }

    /// All stored files that an execution may need.
    pub fn files(&self) -> impl Iterator<Item = &InputImage> {
        let read_before = self.rows.iter().flat_map(|rows| rows.file.iter().chain(&rows.pool));
        self.sources.iter().flat_map(|source| &source.images).chain(read_before)
    }

    /// Gives it the table, and the texts of its templates by their actions: from now on each row is an execution.
    ///
    /// # Errors
    /// What does not fit: columns and pictures that do not exist.
    pub fn bind(&mut self, table: Table, templates: &[(String, String)]) -> Result<(), Vec<Diagnostic>> {
        let (Some(rows), Some(sources)) = (&mut self.rows, Arc::get_mut(&mut self.sources)) else { return Ok(()) };
        let mut found = Vec::new();
        let unknown = |named: &Use| {
            let message = format!("The table has no column \"{}\".", named.column);
            let hint = format!("Its columns are: {}.", table.names());
            Diagnostic::error("unknown_column", message, hint).at(&named.action_id).field(&named.field)
        };
        found.extend(rows.uses.iter().filter(|named| table.column(&named.column).is_none()).map(unknown));
        let pool = Pool::of(&rows.pool);
        for source in sources.iter_mut() {
            match &source.supply {
                Supply::Column(name) => {
                    let (action_id, column) = (rows.action_id.clone(), name.clone());
                    match table.column(name) {
                        None => found.push(unknown(&Use { action_id, field: column.clone(), column })),
                        Some(at) if !table.columns[at].is_picture => {
                            let message = format!("The column \"{name}\" does not name pictures.");
                            let hint = "Begin its header with @, or connect another port.";
                            found.push(Diagnostic::error("no_pictures", message, hint).at(&action_id).field(name));
                        }
                        Some(at) => {
                            let pictures = pool.of_column(&table, at, true, &rows.action_id, &mut found);
                            source.images = pictures.into_iter().flatten().collect();
                        }
                    }
                }
                Supply::Images if source.images.len() > 1 && source.images.len() != table.rows.len() => {
                    let (id, count) = (&source.action_id, source.images.len());
                    let message = format!("\"{id}\" has {count} images, and the table has {} rows.", table.rows.len());
                    let hint = "Give it 1 image for all rows, one for each, or connect it to \"parse-data\".";
                    found.push(Diagnostic::error("image_count_mismatch", message, hint).at(id).field("images"));
                }
                Supply::Images | Supply::Template(_) => {}
            }
        }
        for (action_id, text) in templates {
            if text.contains("<!ENTITY") {
                let message = "The template declares entities, which are not read.";
                let hint = "Save it without them, for example as plain SVG.";
                found.push(Diagnostic::error("unsupported_template", message, hint).at(action_id));
            }
            for name in template::names(text) {
                let Some(at) = table.column(name) else {
                    let (action_id, field, column) = (action_id.clone(), "template".to_owned(), name.to_owned());
                    found.push(unknown(&Use { action_id, field, column }));
                    continue;
                };
                let column = &table.columns[at];
                let is_known = rows.embedded.iter().any(|(known, _)| *known == column.name)
                    || sources.iter().any(|source| source.supply == Supply::Column(column.name.clone()));
                if column.is_picture && !is_known {
                    let pictures = pool.of_column(&table, at, false, &rows.action_id, &mut found);
                    rows.embedded.push((column.name.clone(), pictures));
                }
            }
        }
        rows.table = table;
        if found.is_empty() { Ok(()) } else { Err(shortened(found)) }
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

/// The pictures that rows may name, by their names and paths; of several with the same the first, and how many there are.
struct Pool<'a>(SortedMap<String, (&'a InputImage, u32)>);

impl<'a> Pool<'a> {
    fn of(pictures: &'a [InputImage]) -> Self {
        let mut known: SortedMap<String, (&InputImage, u32)> = SortedMap::new();
        let mut add = |key: &str, picture| {
            let key = key.to_ascii_lowercase();
            let count = known.get(&key).map_or(0, |(_, count)| *count);
            let first = known.get(&key).map_or(picture, |(first, _)| *first);
            known.insert(key, (first, count + 1));
        };
        for picture in pictures {
            add(file_name(&picture.name), picture);
            if let Some(path) = picture.path.as_deref().filter(|path| *path != picture.name) {
                add(path, picture);
            }
        }
        Self(known)
    }

    /// The pictures that a column names, row by row.
    fn of_column(
        &self,
        table: &Table,
        column: usize,
        is_required: bool,
        action_id: &str,
        found: &mut Vec<Diagnostic>,
    ) -> Vec<Option<InputImage>> {
        let name = &table.columns[column].name;
        let mut pictures = Vec::with_capacity(table.rows.len());
        for (index, row) in table.rows.iter().enumerate() {
            let wanted = row[column].trim();
            let known = self.0.get(&wanted.to_ascii_lowercase());
            let wrong = match known {
                Some((_, 1)) => None,
                Some((_, count)) => Some(format!("names \"{wanted}\", and {count} pictures are called so")),
                None if wanted.is_empty() && is_required => Some("names no picture".to_owned()),
                None if wanted.is_empty() => None,
                None => Some(format!("names \"{wanted}\", and no picture is called so")),
            };
            if let Some(wrong) = wrong {
                let message = format!("Row {} {wrong} (column \"{name}\").", index + 1);
                let hint = "Add the picture, or fix the row. A path tells pictures of the same name apart.";
                found.push(Diagnostic::error("missing_picture", message, hint).at(action_id).field(name));
            }
            pictures.push(known.map(|(picture, _)| (*picture).clone()));
        }
        pictures
    }
}
