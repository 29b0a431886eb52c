//! Reading the table that a graph runs and its templates, which gives each row its pictures. Only workers do: the service
//! receives what comes of it.

use std::sync::Arc;

use super::graph::Graph;
use super::inputs::InputAsset;
use super::plan::Plan;
use super::rows::{Rows, Supply};
use crate::actions::input_images::InputImage;
use crate::compact::SortedMap;
use crate::data::{Column, Table, shortened, template, text};
use crate::file_name::file_name;
use crate::workflow::Diagnostic;
use crate::workflow::rows::Use;

/// A file that is read before anything runs, and the action that it is for.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// The action.
    pub action_id: String,
    /// The file.
    pub file: InputImage,
}

impl Plan {
    /// See [`Graph::bind_files`]; only before it is copied.
    ///
    /// # Errors
    /// As there.
    pub fn bind_files(&mut self, contents: &[Vec<u8>]) -> Result<(), Vec<Diagnostic>> {
        Arc::get_mut(&mut self.graph).map_or(Ok(()), |graph| graph.bind_files(contents))
    }

    /// See [`Graph::bind`]; only before it is copied.
    ///
    /// # Errors
    /// As there.
    pub fn bind(&mut self, table: Table, templates: &[(String, String)]) -> Result<(), Vec<Diagnostic>> {
        Arc::get_mut(&mut self.graph).map_or(Ok(()), |graph| graph.bind(table, templates))
    }
}

impl Graph {
    /// The files that are read before anything runs: the table, and then the templates. None if it runs no table.
    ///
    /// # Errors
    /// When one of them is not given.
    pub fn wanted(&self) -> Result<Vec<Wanted>, Vec<Diagnostic>> {
        let Some(Rows { action_id, file, .. }) = &self.rows else { return Ok(Vec::new()) };
        let missing = |action_id: &str, field: &str, what: &str| {
            let hint = "Add a file to the \"input-files\" action that leads there.";
            let found = Diagnostic::error("no_images", format!("\"{action_id}\" has no {what}."), hint);
            vec![found.at(action_id).field(field)]
        };
        let table = file.clone().ok_or_else(|| missing(action_id, "input-files", "table"))?;
        let mut wanted = vec![Wanted { action_id: action_id.clone(), file: table }];
        for source in self.sources.iter().filter(|source| matches!(source.supply, Supply::Template(_))) {
            let file = source.images.first().cloned();
            let file = file.ok_or_else(|| missing(&source.action_id, "template", "template"))?;
            wanted.push(Wanted { action_id: source.action_id.clone(), file });
        }
        Ok(wanted)
    }

    /// Gives it the contents of the files that it [`wanted`](Self::wanted): from now on each row is an execution.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn bind_files(&mut self, contents: &[Vec<u8>]) -> Result<(), Vec<Diagnostic>> {
        let (Some(rows), Some((table, contents))) = (&self.rows, contents.split_first()) else { return Ok(()) };
        let table = Table::read(table, rows.delimiter)
            .map_err(|found| found.into_iter().map(|one| one.at(&rows.action_id)).collect::<Vec<_>>())?;
        let mut templates = Vec::new();
        for (Wanted { action_id, file }, content) in self.wanted()?.into_iter().skip(1).zip(contents) {
            let text = text(content).map_err(|_| {
                let message = format!("\"{}\" is not an SVG file, or compressed.", file.name);
                vec![Diagnostic::error("unsupported_template", message, "Save it as plain SVG.").at(&action_id)]
            })?;
            templates.push((action_id, text.into_owned()));
        }
        self.bind(table, &templates)
    }

    /// What each of its executions works on.
    pub fn input_assets(&self) -> Vec<InputAsset> {
        (0..self.execution_count()).map(|index| self.input_asset(index)).collect()
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

    /// The columns of its table.
    pub fn columns(&self) -> &[Column] {
        self.rows.as_ref().map_or(&[], |rows| &rows.table.columns)
    }

    /// The execution that a preview shows: of the first row that names the first of the pictures, or else of the first row.
    pub fn shown_row(&self) -> u32 {
        let Some(Rows { table, pool, .. }) = &self.rows else { return 0 };
        let Some(first) = pool.first() else { return 0 };
        let names = |value: &String| {
            let is = |name: &str| value.trim().eq_ignore_ascii_case(name);
            is(file_name(&first.name)) || first.path.as_deref().is_some_and(is)
        };
        let shows =
            |row: &Vec<String>| row.iter().zip(&table.columns).any(|(value, column)| column.is_picture && names(value));
        table.rows.iter().position(shows).unwrap_or(0) as u32
    }
}

/// The pictures that rows may name, by their names and paths: of several with the same the first, and how many files they are.
struct Pool<'a>(SortedMap<String, (&'a InputImage, u32)>);

impl<'a> Pool<'a> {
    fn of(pictures: &'a [InputImage]) -> Self {
        let mut known: SortedMap<String, (&InputImage, u32)> = SortedMap::new();
        let mut add = |key: &str, picture: &'a InputImage| {
            let key = key.to_ascii_lowercase();
            let found = match known.get(&key) {
                Some((first, count)) => (*first, count + u32::from(first.source_url != picture.source_url)),
                None => (picture, 1),
            };
            known.insert(key, found);
        };
        for picture in pictures.iter().filter(|picture| !picture.name.is_empty()) {
            add(file_name(&picture.name), picture);
            if let Some(path) = picture.path.as_deref().filter(|path| *path != picture.name) {
                add(path, picture);
            }
        }
        Self(known)
    }

    /// What is called so: by its path, or else by the last part of it.
    fn find(&self, wanted: &str) -> Option<&(&'a InputImage, u32)> {
        let path = wanted.to_ascii_lowercase().replace('\\', "/");
        self.0.get(&path).or_else(|| self.0.get(file_name(&path)))
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
            let known = self.find(wanted);
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
