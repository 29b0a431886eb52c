//! `merge-data`: an SVG template with the values of a row. For the engine it is an input whose file is the template, filled
//! in (`engine/rows.rs`), so that this action has no kernel.

use super::checks::Condition;
use super::{Action, Category, IMAGE_OUT, Port, PortType, Role};

crate::parameters! {
    /// Parameters of `merge-data`.
    pub struct MergeData {
        /// Width of the result; its height follows the template's ratio. Leave empty for the template's own size.
        width: Option<u32>, range 1.0..=65500.0, unit "px";
    }
}

/// The port of the template.
pub const TEMPLATE: Port = Port {
    name: "template",
    kind: PortType::File,
    required: true,
    description: "The template: an \"input-files\" action with an SVG file.",
};
/// The port of the values.
pub const DATA: Port =
    Port { name: "data", kind: PortType::Json, required: true, description: "The port row of \"parse-data\"." };

/// The entry of `merge-data`.
pub const ACTION: Action = Action {
    action_type: "merge-data",
    version: "1.0.0",
    name: "Fill in a template",
    description: "Draws an SVG template for each row of a table. {{column}} in its texts, colours and links stands for the row's value, and for a picture in the href of an image if the column's header begins with @. Scripts never run, nothing is fetched, and templates with entities are refused. Texts are set in Roboto and your own fonts.",
    category: Category::Compose,
    role: Role::Data,
    inputs: &[TEMPLATE, DATA],
    outputs: &[IMAGE_OUT],
    fields: MergeData::FIELDS,
    rules: &[],
    adds_alpha: Condition::Always,
    related: &["parse-data", "input-files", "output"],
    usage: "Make a banner for each product: a template with {{name}}, {{price}} and <image href=\"{{photo}}\">, and a CSV with a row for each.",
    icon: "M4 5h16v14H4zM8.5 9c-1.5 0-1 3-2 3 1 0 .5 3 2 3M15.5 9c1.5 0 1 3 2 3-1 0-.5 3-2 3M11 12h2",
};
