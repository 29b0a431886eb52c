//! `input-text`: a text that is written once and used by several actions. Before a plan is made, it is put in the place of their own
//! texts (`workflow/texts.rs`), so that this action has no kernel.

use super::checks::Condition;
use super::parameters::Kind;
use super::{Action, Category, Port, PortType, Role};

crate::parameters! {
    /// Parameters of `input-text`.
    pub struct InputText {
        /// The text, in one line or several, with the same placeholders as in `text`. They are filled in where the text is written:
        /// `{width}` is the width of the picture there.
        text: String = "{name}".to_owned(), kind Kind::Caption;
    }
}

/// The port of the text.
pub const TEXT_OUT: Port = Port { name: "text", kind: PortType::Text, required: false, description: "The text." };

/// The entry of `input-text`.
pub const ACTION: Action = Action {
    action_type: "input-text",
    version: "1.0.0",
    name: "Shared text",
    description: "A text that is written once and used by several steps: connect it to the port text of each. It takes the place of the step's own text.",
    category: Category::Input,
    role: Role::Data,
    inputs: &[],
    outputs: &[TEXT_OUT],
    fields: InputText::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &["text", "parse-data"],
    usage: "Put the same headline on pictures of several sizes: one input-text, connected to the text of each size.",
    icon: "M4 4.5h16v15H4zM8 10V8.5h8V10M12 8.5v7M10.5 15.5h3",
};

/// Whether an action of this type is one.
pub fn is_text(action_type: &str) -> bool {
    action_type == ACTION.action_type
}
