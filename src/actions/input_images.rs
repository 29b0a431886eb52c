//! `input-images`: the pictures that enter the graph.

use serde_json::{Map, Value};

use super::parameters::{Issue, Kind, Parameter};
use super::{Action, Category, IMAGE_OUT, Role, never_adds_alpha};

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
    fn read(value: &Value) -> Result<Self, String> {
        let expected = || "a list of { name, sourceUrl, storageType }".to_owned();
        let list = value.as_array().ok_or_else(expected)?;
        list.iter()
            .map(|entry| {
                let text = |key: &str| entry.get(key).and_then(Value::as_str).map(str::to_owned);
                let source_url = text("sourceUrl").or_else(|| text("presignedUrl")).ok_or_else(expected)?;
                let (name, storage_type, path) = (text("name").unwrap_or_default(), text("storageType"), text("path"));
                Ok(InputImage { name, source_url, storage_type, path })
            })
            .collect::<Result<_, _>>()
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
    adds_alpha: never_adds_alpha,
    related: &["output"],
    usage: "Every workflow starts with one. Add a second for a logo or a background, with one picture for all.",
};

/// Checks raw parameters: every field, then rules between fields.
pub fn check(raw: &Map<String, Value>) -> Vec<Issue> {
    Input::read(raw).1
}
