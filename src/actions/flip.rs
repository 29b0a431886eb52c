//! `flip`: mirrors a picture.

use serde_json::{Map, Value};

use super::parameters::unreadable;
use super::{Action, Category, IMAGE_IN, IMAGE_OUT, Operation, Role, only};
use crate::error::Failure;
use crate::image::{Image, Representations};

crate::choices! {
    /// Which way to mirror.
    pub enum Direction {
        /// Left becomes right.
        Horizontal = "horizontal",
        /// Top becomes bottom.
        Vertical = "vertical",
    }
}

crate::parameters! {
    /// Parameters of `flip`.
    pub struct Flip {
        /// Which way to mirror: `horizontal` swaps left and right, `vertical` top and bottom.
        direction: Direction = Direction::Horizontal;
    }
}

/// The entry of `flip`.
pub const ACTION: Action = Action {
    action_type: "flip",
    version: "1.0.0",
    name: "Flip",
    description: "Mirrors the picture left to right or top to bottom.",
    category: Category::Geometry,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: Flip::FIELDS,
    check: |raw| Flip::read(raw).1,
    related: &["rotate"],
    usage: "Mirror products that must all face the same way.",
};

/// Reads the parameters into what runs.
///
/// # Errors
/// When they do not read.
pub fn prepare(raw: &Map<String, Value>) -> Result<Box<dyn Operation>, Failure> {
    let (read, issues) = Flip::read(raw);
    Ok(Box::new(read.ok_or_else(|| unreadable(ACTION.action_type, &issues))?))
}

impl Operation for Flip {
    fn accepts(&self) -> Representations {
        Representations::ANY
    }

    fn run(&self, inputs: Vec<Option<Image>>) -> Result<Vec<Image>, Failure> {
        Ok(vec![only(inputs)?])
    }
}
