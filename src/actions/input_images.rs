//! `input-images`: the pictures that enter the graph.

use serde_json::Value;

use super::checks::Condition;
use super::parameters::{Kind, Parameter};
use super::{Action, Category, IMAGE_OUT, Role};

/// One picture as an input action names it.
#[derive(Clone, Debug, PartialEq)]
pub struct InputImage {
    /// File name as given, may be empty.
    pub name: String,
    /// `asset:`, `blob:`, `data:`, or a URL.
    pub source_url: String,
    /// Any string.
    pub storage_type: Option<String>,
    /// Path of the file in the folder it came from.
    pub path: Option<String>,
}

/// The `images` of an input action.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InputImages(pub Vec<InputImage>);

impl Parameter for InputImages {
    const KIND: Kind = Kind::Images;
    fn read(value: &Value) -> Option<Self> {
        let list = value.as_array()?;
        list.iter()
            .map(|entry| {
                let text = |key: &str| entry.get(key).and_then(Value::as_str).map(str::to_owned);
                let source_url = text("sourceUrl").or_else(|| text("presignedUrl"))?;
                let (name, storage_type, path) = (text("name").unwrap_or_default(), text("storageType"), text("path"));
                Some(InputImage { name, source_url, storage_type, path })
            })
            .collect::<Option<_>>()
            .map(Self)
    }
    fn json(&self) -> Value {
        Value::Array(Vec::new())
    }
    fn missing() -> Option<Self> {
        Some(Self::default())
    }
}

crate::parameters! {
    /// Parameters of `input-images`.
    pub struct Input {
        /// The pictures: `name`, `sourceUrl` (`asset:…`, or a URL), `storageType`, optional `path`.
        images: InputImages = InputImages::default();
        /// Turns each picture upright by its EXIF orientation; the results have orientation 1.
        auto_orient: bool = true, as "autoOrient";
    }
}

/// The entry of `input-images`.
pub const ACTION: Action = Action {
    action_type: "input-images",
    version: "1.0.0",
    name: "Images",
    description: "The pictures a workflow starts from.",
    category: Category::Input,
    role: Role::Source,
    inputs: &[],
    outputs: &[IMAGE_OUT],
    fields: Input::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &["output"],
    usage: "Every workflow starts with one. Add a second for a logo or a background, with one picture for all.",
    icon: "M4 5h16v14H4zM4 16l4.5-4.5 4 4L15 13l5 4.5M15.5 9h.01",
};
