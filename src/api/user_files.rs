//! The files that actions use besides pictures, on the wire: models, fonts, lookup tables and custom actions.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ApiError;
use crate::store::UserFile;
use crate::user_file::FileKind;

/// Longest name of a file.
const MAX_NAME: usize = 60;

/// A file on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FileAnswer {
    /// What it is.
    pub kind: FileKind,
    /// Its name in parameters.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// Whether it is built in and cannot be deleted.
    pub built_in: bool,
    /// The id of its content; none if it is built in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asset_id: Option<String>,
    /// What a custom action says of itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec: Option<Value>,
}

impl FileAnswer {
    /// The built-in file of a kind.
    pub fn built_in(kind: FileKind) -> Option<Self> {
        let known = kind.built_in()?;
        Some(Self { kind, name: known.name.to_owned(), bytes: known.bytes, built_in: true, asset_id: None, spec: None })
    }

    /// All files of a kind, or of every kind: of each the built-in one first, then the user's own by name.
    pub fn list(kind: Option<FileKind>, own: Vec<UserFile>) -> Vec<Self> {
        let mut own: Vec<Self> = own.into_iter().map(Self::from).collect();
        let mut all = Vec::new();
        for kind in FileKind::ALL.into_iter().filter(|one| kind.is_none_or(|kind| kind == *one)) {
            all.extend(Self::built_in(kind));
            all.extend(own.extract_if(.., |file| file.kind == kind));
        }
        all
    }
}

impl From<UserFile> for FileAnswer {
    fn from(file: UserFile) -> Self {
        let UserFile { kind, name, asset_id, bytes, spec, .. } = file;
        Self { kind, name, bytes, built_in: false, asset_id: Some(asset_id), spec }
    }
}

/// A model on the wire, for the calls that know no other kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelAnswer {
    /// Its name in the `model` parameter.
    pub name: String,
    /// Length of its file.
    pub bytes: u64,
    /// Whether it is built in and cannot be deleted.
    pub built_in: bool,
}

impl From<FileAnswer> for ModelAnswer {
    fn from(file: FileAnswer) -> Self {
        let FileAnswer { name, bytes, built_in, .. } = file;
        Self { name, bytes, built_in }
    }
}

/// A name for a file, without surrounding whitespace.
///
/// # Errors
/// 400 when it is empty or too long, or has control characters.
pub fn user_file_name(kind: FileKind, text: &str) -> Result<String, ApiError> {
    let name = text.trim();
    if name.is_empty() || name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
        return Err(ApiError::invalid(format!(
            "The name of a {} has 1 to {MAX_NAME} characters; \"{name}\" is not valid.",
            kind.noun()
        )));
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_name_is_short_and_on_one_line() {
        assert_eq!(user_file_name(FileKind::Model, " U²-Net ").unwrap(), "U²-Net");
        for wrong in ["", "  ", "a\nb", &"x".repeat(61)] {
            assert_eq!(user_file_name(FileKind::Lut, wrong).unwrap_err().code, 400, "{wrong:?}");
        }
    }

    #[test]
    fn files_have_their_form_on_the_wire() {
        let own = |kind, name: &str| UserFile {
            kind,
            name: name.to_owned(),
            asset_id: "9f2c".to_owned(),
            bytes: 7,
            created_at: 1.0,
            spec: None,
        };
        let own = vec![own(FileKind::Font, "Frank"), own(FileKind::Lut, "Film"), own(FileKind::Model, "studio")];
        let written = |kind: Option<FileKind>| serde_json::to_value(FileAnswer::list(kind, own.clone())).unwrap();
        let mine = |kind: &str, name: &str| json!({ "kind": kind, "name": name, "bytes": 7, "builtIn": false, "assetId": "9f2c" });
        let model = json!({ "kind": "model", "name": "u2netp", "bytes": 2_383_187, "builtIn": true });
        let font = json!({ "kind": "font", "name": "Roboto", "bytes": 305_608, "builtIn": true });
        assert_eq!(written(Some(FileKind::Font)), json!([font, mine("font", "Frank")]));
        assert_eq!(written(Some(FileKind::Lut)), json!([mine("lut", "Film")]));
        let models = [model, mine("model", "studio")];
        let fonts = [font, mine("font", "Frank")];
        let all: Value = models.into_iter().chain(fonts).chain([mine("lut", "Film")]).collect();
        assert_eq!(written(None), all);
    }

    #[test]
    fn a_model_keeps_its_form_on_the_wire() {
        let built_in = FileAnswer::built_in(FileKind::Model).map(ModelAnswer::from);
        let written = serde_json::to_value(built_in).unwrap();
        assert_eq!(written, json!({ "name": "u2netp", "bytes": 2_383_187, "builtIn": true }));
    }
}
