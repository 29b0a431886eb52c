//! `note`: words for whoever reads the workflow. It takes no part in it.

use super::checks::Condition;
use super::parameters::Kind;
use super::{Action, Category, Role};

crate::parameters! {
    /// Parameters of `note`.
    pub struct Note {
        /// What it says.
        text: String = String::new(), kind Kind::Lines;
    }
}

/// The entry of `note`.
pub const ACTION: Action = Action {
    action_type: "note",
    version: "1.0.0",
    name: "Note",
    description: "Says something about the workflow to whoever reads it. It does nothing to pictures.",
    category: Category::Logic,
    role: Role::Note,
    inputs: &[],
    outputs: &[],
    fields: Note::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &[],
    usage: "Say why a step is there: the shop crops everything that is wider than 4:3.",
    icon: "M5 4h14v11l-5 5H5zM14 20v-5h5M8.5 8.5h7M8.5 12h5",
};
