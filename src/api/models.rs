//! The models for `remove-background`, on the wire.

use serde::{Deserialize, Serialize};

use super::ApiError;
use crate::network::BUILT_IN;
use crate::store::ModelRecord;

/// Longest name of a model.
const MAX_NAME: usize = 60;

/// A model on the wire.
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

impl ModelAnswer {
    /// The built-in model.
    pub fn built_in() -> Self {
        Self { name: BUILT_IN.name.to_owned(), bytes: BUILT_IN.bytes, built_in: true }
    }
}

impl From<ModelRecord> for ModelAnswer {
    fn from(model: ModelRecord) -> Self {
        Self { name: model.name, bytes: model.bytes, built_in: false }
    }
}

/// A name for a model, without surrounding whitespace.
///
/// # Errors
/// 400 when it is empty or too long, or has control characters.
pub fn model_name(text: &str) -> Result<String, ApiError> {
    let name = text.trim();
    if name.is_empty() || name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
        return Err(ApiError::invalid(format!(
            "A model's name has 1 to {MAX_NAME} characters; \"{name}\" is not valid."
        )));
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_and_on_one_line() {
        assert_eq!(model_name(" U²-Net ").unwrap(), "U²-Net");
        for wrong in ["", "  ", "a\nb", &"x".repeat(61)] {
            assert_eq!(model_name(wrong).unwrap_err().code, 400, "{wrong:?}");
        }
    }

    #[test]
    fn a_model_has_its_form_on_the_wire() {
        let built_in = serde_json::to_value(ModelAnswer::built_in()).unwrap();
        assert_eq!(built_in, serde_json::json!({ "name": "u2netp", "bytes": 2_383_187, "builtIn": true }));
    }
}
