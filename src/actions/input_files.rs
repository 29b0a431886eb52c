//! `input-files`: files that are no pictures to work on, such as a table or a template.

use serde_json::{Map, Value};

use super::checks::Condition;
use super::input_images::{InputImage, InputImages};
use super::parameters::{Kind, Parameter};
use super::{Action, Category, Port, PortType, Role};

crate::parameters! {
    /// Parameters of `input-files`.
    pub struct Files {
        /// The file, as a list of one: `name`, `sourceUrl` (`asset:…`, or a URL), `storageType`.
        files: InputImages = InputImages::default();
    }
}

/// The entry of `input-files`.
pub const ACTION: Action = Action {
    action_type: "input-files",
    version: "1.0.0",
    name: "Files",
    description: "A file that a workflow needs besides pictures: a table (CSV, TSV or JSON) whose rows are run, or an SVG template.",
    category: Category::Input,
    role: Role::Source,
    inputs: &[],
    outputs: &[Port { name: "outputs", kind: PortType::File, required: false, description: "The file." }],
    fields: Files::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &["parse-data", "merge-data"],
    usage: "Connect a CSV file to parse-data, and an SVG file to merge-data.",
    icon: "M6 3.5h8l4.5 4.5v12.5H6zM14 3.5V8h4.5",
};

/// Whether an action's inputs are files, and not pictures.
pub fn is_files(action_type: &str) -> bool {
    action_type == ACTION.action_type
}

/// The parameter of an input action that lists its files.
pub fn list_of(action_type: &str) -> &'static str {
    if is_files(action_type) { "files" } else { "images" }
}

/// What an input action lists; `None` if that cannot be read.
pub fn listed(action: &Action, raw: &Map<String, Value>) -> Option<Vec<InputImage>> {
    let field = action.fields.iter().find(|field| field.kind == Kind::Images)?;
    match raw.get(field.name).filter(|list| !list.is_null()) {
        Some(list) => InputImages::read(list).map(|list| list.0),
        None => Some(Vec::new()),
    }
}
