//! The pictures of an execution, as records and answers contain them.

use serde::{Deserialize, Serialize};

use crate::actions::input_images::InputImage;
use crate::data::Row;
use crate::file_name::folder;

/// One input picture of an execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InputRef {
    /// The `input-images` action it belongs to.
    pub action_id: String,
    /// File name as given.
    pub name: String,
    /// `asset:<id>` or an `https:` URL.
    pub source_url: String,
    /// Path in the folder it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Whether a retry replaced the document's file. Its asset is then referenced by the execution, because the batch
    /// only references those in its document.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replaced: bool,
    /// The column of the table that names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
}

impl InputRef {
    /// A picture of an input.
    pub fn of(action_id: &str, image: &InputImage) -> Self {
        let InputImage { name, source_url, path, .. } = image.clone();
        Self { action_id: action_id.to_owned(), name, source_url, path, replaced: false, column: None }
    }

    /// The folder it came from, according to its path; empty if there is none.
    pub fn folder(&self) -> &str {
        self.path.as_deref().map_or("", folder)
    }
}

/// Which pictures an execution works on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InputAsset {
    /// Index in the primary input, from 0.
    pub index: u32,
    /// Asset id of the primary picture; null while a URL has not been fetched.
    pub asset_id: Option<String>,
    /// All pictures, the primary one first.
    pub inputs: Vec<InputRef>,
    /// The row of the table that is run, if one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<Row>,
    /// What it gathers, if it works on what other executions of its batch made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gathered: Option<Gathered>,
}

impl InputAsset {
    /// One without pictures.
    pub fn empty(index: u32) -> Self {
        Self { index, asset_id: None, inputs: Vec::new(), row: None, gathered: None }
    }
}

/// The executions whose pictures another one of the same batch gathers, such as those on a contact sheet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Gathered {
    /// The action that gathers them.
    pub action_id: String,
    /// The `assetIndex` of the first.
    pub from: u32,
    /// How many there are.
    pub count: u32,
    /// Which of the action's results this is, from 0.
    pub part: u32,
}

/// Measurements of the primary input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputSize {
    /// Columns, upright.
    pub width: u32,
    /// Rows, upright.
    pub height: u32,
    /// File size.
    pub bytes: u64,
}
