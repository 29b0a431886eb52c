//! Tables whose rows drive executions: reading CSV, TSV and JSON files, and what a row says.
//!
//! Delimiter and encoding are detected. What is wrong is said with the number of the row, counted from 1 below the header.
//! Everything here is pure: files come as bytes.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::workflow::Diagnostic;

mod delimited;
mod encoding;
mod json;
pub mod template;

pub use delimited::Delimiter;
pub use encoding::text;

/// Most rows of a table.
pub const MOST_ROWS: usize = 10_000;
/// Most columns of a table.
pub const MOST_COLUMNS: usize = 500;
/// Most bytes of a file.
pub const MOST_BYTES: usize = 16 << 20;
/// Most characters of an execution's name.
const LONGEST_NAME: usize = 100;
/// Most diagnostics about single rows.
pub const MOST_FOUND: usize = 100;

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Column {
    /// Its header, as it is written.
    pub header: String,
    /// The header as a name of ports and placeholders: see [`slug`]. No two columns have the same.
    pub name: String,
    /// Whether its values name pictures, which the header says by an `@` at its beginning.
    pub is_picture: bool,
}

/// A table: as many values in each row as there are columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows.
    pub rows: Vec<Vec<String>>,
}

/// What a file says, as it is written.
struct Written {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// A row, as the record of its execution contains it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Its number, from 1.
    pub number: u32,
    /// Its values by the names of their columns.
    pub values: Map<String, Value>,
}

impl Row {
    /// The value of a column, whose name may be written as in the header; `None` if there is no such column.
    pub fn get(&self, column: &str) -> Option<&str> {
        self.values.get(&slug(column))?.as_str()
    }

    /// What the execution is called: the first value that is not empty, without what would make it a path.
    pub fn name(&self) -> String {
        let first = self.values.values().filter_map(Value::as_str).map(str::trim).find(|value| !value.is_empty());
        let name = first.map(|value| value.replace(['/', '\\', '\n', '\r'], "-").chars().take(LONGEST_NAME).collect());
        name.unwrap_or_else(|| ["row-", &self.number.to_string()].concat())
    }
}

/// A value of a row, unless it is empty or there is no such column.
pub fn value_of(row: Option<&Row>, column: &str) -> Option<String> {
    row?.get(column).filter(|value| !value.is_empty()).map(str::to_owned)
}

impl Table {
    /// Reads a file.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(bytes: &[u8], delimiter: Option<Delimiter>) -> Result<Self, Vec<Diagnostic>> {
        let wrong = |message: &str, hint: &str| vec![Diagnostic::error("unreadable_data", message, hint)];
        if bytes.len() > MOST_BYTES {
            return Err(wrong("The data file is larger than 16 MiB.", "Divide it into several files."));
        }
        if bytes.starts_with(b"PK\x03\x04") {
            return Err(wrong("The data file is a spreadsheet or an archive.", "Save the table as CSV."));
        }
        let text = text(bytes).map_err(|why| wrong(why, "Save the table as CSV in UTF-8."))?;
        let is_json = delimiter.is_none() && text.trim_start().starts_with(['[', '{']);
        let Written { header, rows } = match is_json {
            true => json::read(&text),
            false => delimited::read(&text, delimiter),
        }?;
        Self::of(header, rows)
    }

    fn of(header: Vec<String>, mut rows: Vec<Vec<String>>) -> Result<Self, Vec<Diagnostic>> {
        if header.len() > MOST_COLUMNS || rows.len() > MOST_ROWS {
            let (count, what, most) = match rows.len() > MOST_ROWS {
                true => (rows.len(), "rows", "10,000"),
                false => (header.len(), "columns", "500"),
            };
            let message = format!("The data file has {count} {what}, and {most} is the most.");
            return Err(vec![Diagnostic::error("too_much_data", message, "Divide it into several files.")]);
        }
        if rows.is_empty() {
            let hint = "Its first line names the columns, and each line below it is a row.";
            return Err(vec![Diagnostic::error("no_rows", "The data file has no rows.", hint)]);
        }
        let mut found = Vec::new();
        for (index, row) in rows.iter_mut().enumerate() {
            if row.iter().skip(header.len()).any(|value| !value.trim().is_empty()) {
                let message =
                    format!("Row {} has {} values, but there are {} columns.", index + 1, row.len(), header.len());
                let hint = "Put values that contain the delimiter or line breaks in quotation marks.";
                found.push(Diagnostic::error("ragged_row", message, hint));
            }
            row.resize(header.len(), String::new());
        }
        if found.is_empty() { Ok(Self { columns: columns(header), rows }) } else { Err(shortened(found)) }
    }

    /// The index of a column by its name, which may be written as in the header.
    pub fn column(&self, name: &str) -> Option<usize> {
        let name = slug(name);
        self.columns.iter().position(|column| column.name == name)
    }

    /// The names of its columns, for a hint.
    pub fn names(&self) -> String {
        self.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// The row at an index, for the record of its execution.
    pub fn row(&self, index: usize) -> Row {
        let values = self.columns.iter().zip(self.rows.get(index).into_iter().flatten());
        let values = values.map(|(column, value)| (column.name.clone(), Value::from(value.as_str()))).collect();
        Row { number: index as u32 + 1, values }
    }
}

/// The first of many diagnostics, and how many more there are.
pub fn shortened(mut found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let more = found.len().saturating_sub(MOST_FOUND);
    if more > 0 {
        found.truncate(MOST_FOUND);
        let message = format!("The same is wrong with {more} more.");
        found.push(Diagnostic::error("more_rows", message, "Fix the data file."));
    }
    found
}

fn columns(header: Vec<String>) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::with_capacity(header.len());
    for (index, header) in header.into_iter().enumerate() {
        let is_picture = header.trim_start().starts_with('@');
        let wish = match slug(&header) {
            empty if empty.is_empty() => ["column-", &(index + 1).to_string()].concat(),
            name => name,
        };
        let is_free = |name: &String| columns.iter().all(|other| other.name != *name);
        let numbered = (2..).map(|number: u32| [&wish, "-", &number.to_string()].concat());
        let name = std::iter::once(wish.clone()).chain(numbered).find(is_free).unwrap_or_default();
        columns.push(Column { header, name, is_picture });
    }
    columns
}

/// A header as a name: letters of A–Z in lower case, digits and all beyond ASCII, with one hyphen for everything in between.
pub fn slug(header: &str) -> String {
    let mut slug = String::new();
    for letter in header.chars() {
        if letter.is_ascii_alphanumeric() || !letter.is_ascii() && !letter.is_whitespace() {
            slug.push(letter.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(slug.trim_end_matches('-').len());
    slug
}

#[cfg(test)]
mod tests;
