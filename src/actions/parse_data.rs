//! `parse-data`: a table whose rows are run, one after the other. The engine takes it apart before it plans
//! (`engine/rows.rs`), so that this action has no kernel.

use super::checks::Condition;
use super::{Action, Category, Port, PortType, Role};
use crate::data::Delimiter;

crate::choices! {
    /// What separates the values of a line, or that this is found out.
    pub enum Separator {
        /// Found out.
        Auto = "auto",
        /// A comma.
        Comma = "comma",
        /// A semicolon.
        Semicolon = "semicolon",
        /// A tab.
        Tab = "tab",
        /// A vertical line.
        Pipe = "pipe",
    }
}

crate::parameters! {
    /// Parameters of `parse-data`.
    pub struct ParseData {
        /// What separates the values of a line; `auto` finds it out, as well as JSON and the encoding.
        delimiter: Separator = Separator::Auto;
    }
}

impl ParseData {
    /// The delimiter, if one is given.
    pub fn given(&self) -> Option<Delimiter> {
        Delimiter::of_word(self.delimiter.word())
    }
}

/// The port of the table.
pub const FILE: Port = Port {
    name: "input-files",
    kind: PortType::File,
    required: true,
    description: "The table: an \"input-files\" action with a CSV, TSV or JSON file.",
};
/// The port of the pictures that rows may name.
pub const PICTURES: Port = Port {
    name: "input-images",
    kind: PortType::Image,
    required: false,
    description: "The pictures that rows name in columns whose header begins with @: an \"input-images\" action.",
};
/// The port of whole rows. Besides it, each column has a port with the column's name, of pictures or of text.
pub const ROW: Port =
    Port { name: "row", kind: PortType::Json, required: false, description: "The row: the values of all columns." };

/// The entry of `parse-data`.
pub const ACTION: Action = Action {
    action_type: "parse-data",
    version: "1.1.0",
    name: "Rows of a table",
    description: "Runs the workflow once for each row of a table: CSV, TSV or JSON, at most 10,000 rows and 16 MiB. Names, texts and conditions use a row's values as {row.column}, with the column's header in lower case and hyphens. Each column has an output port of its own, called like the column: of text, or of pictures if its header begins with @ and it names imported ones. A picture that is missing is said before anything runs, with the number of its row.",
    category: Category::Input,
    role: Role::Data,
    inputs: &[FILE, PICTURES],
    outputs: &[ROW],
    fields: ParseData::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &["input-files", "merge-data", "text", "condition"],
    usage: "Write each product's price on its picture: a CSV with the columns @photo and price, and connect the ports photo and price to text.",
    icon: "M4 5h16v14H4zM4 9.7h16M4 14.3h16M9.5 5v14",
};
