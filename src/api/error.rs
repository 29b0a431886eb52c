//! The error object of refused calls.

use serde::{Deserialize, Serialize};

use crate::store::StoreError;
use crate::workflow::Diagnostic;

/// The error object of the contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// Its kind: `invalid_request`, `not_found`, `unsupported_api_version`, `internal_error`.
    pub error: String,
    /// What is wrong, and how to fix it.
    pub message: String,
    /// `failed`; `error` for an unsupported api-version.
    pub status: String,
    /// As an HTTP status: 400, 404, 500.
    pub code: u16,
    /// The workflow's diagnostics, if it is at fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diagnostics: Option<Vec<Diagnostic>>,
}

impl ApiError {
    fn new(error: &str, code: u16, message: impl Into<String>) -> Self {
        Self { error: error.to_owned(), message: message.into(), status: "failed".to_owned(), code, diagnostics: None }
    }

    /// 400: the request is at fault.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new("invalid_request", 400, message)
    }

    /// 400: the workflow is at fault.
    pub fn diagnosed(message: impl Into<String>, diagnostics: Vec<Diagnostic>) -> Self {
        Self { diagnostics: Some(diagnostics), ..Self::invalid(message) }
    }

    /// 400: the table that the workflow runs is at fault, or a template.
    pub fn of_table(diagnostics: Vec<Diagnostic>) -> Self {
        Self::diagnosed("The table cannot be run: see the diagnostics.", diagnostics)
    }

    /// 400: an unsupported version of this interface was requested.
    pub fn unsupported_version(version: &str) -> Self {
        let message = format!("The api-version \"{version}\" is not supported. Use \"1.0\" or omit it.");
        Self { status: "error".to_owned(), ..Self::new("unsupported_api_version", 400, message) }
    }

    /// 404: it does not exist.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new("not_found", 404, message)
    }

    /// 404 for a batch.
    pub fn no_batch(batch_id: &str) -> Self {
        Self::not_found(format!("There is no batch \"{batch_id}\"."))
    }

    /// 500: the device or the program failed.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new("internal_error", 500, message)
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let hint = match error {
            StoreError::Quota(_) => " Delete batches you no longer need, or free space on the device.",
            // These already say so.
            StoreError::Version | StoreError::Closed => "",
            StoreError::Failed(_) => " Try again; if that does not help, reload the page.",
        };
        Self::internal(format!("{error}{hint}"))
    }
}
