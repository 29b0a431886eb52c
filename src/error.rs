//! Failures and warnings as the user sees them: what happened, where, and how to fix it.

use serde::{Deserialize, Serialize};

/// Who is at fault, in the contract's terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCategory {
    /// The image, the document or a parameter is not usable.
    ValidationError,
    /// The device or the program failed.
    SystemError,
    /// Too many requests at once.
    RateLimitError,
    /// A named URL could not be fetched.
    DownstreamError,
    /// A time limit was exceeded.
    PollingTimeoutError,
}

/// When it happened, in the contract's terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// While the inputs were checked: sniffing, header, limits, decoding.
    Validation,
    /// While the inputs or the codecs were fetched.
    Setup,
    /// While an action ran or the result was written.
    Execute,
}

/// The failure of one execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// What failed, naming the file or value.
    pub message: String,
    /// Who is at fault.
    pub category: ErrorCategory,
    /// When it happened.
    pub phase: Phase,
    /// The action it happened in, if any.
    pub action_id: Option<String>,
    /// What to do about it.
    pub hint: String,
}

impl Failure {
    /// A failure of the input: the user can fix it with another file or value.
    pub fn input(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(ErrorCategory::ValidationError, Phase::Validation, message, hint)
    }

    /// A failure of an action or encoder on a valid input.
    pub fn execute(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(ErrorCategory::ValidationError, Phase::Execute, message, hint)
    }

    /// A failure of the device or the program.
    pub fn system(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(ErrorCategory::SystemError, Phase::Execute, message, hint)
    }

    /// A failure with every part given; the caller that knows the action sets `action_id`.
    pub fn new(category: ErrorCategory, phase: Phase, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), category, phase, action_id: None, hint: hint.into() }
    }

    /// The same failure, placed in an action (unless it already names one).
    pub fn at(mut self, action_id: &str) -> Self {
        self.action_id.get_or_insert_with(|| action_id.to_owned());
        self
    }
}

/// The level of a warning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WarningLevel {
    /// The result is fine, but there is something to know about it.
    Hint,
    /// The result may not be what was wanted and needs review.
    #[default]
    Doubt,
}

/// Something noticed about a result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Warning {
    /// Stable code, such as `no_clear_subject`; the action's documentation lists its codes.
    pub code: String,
    /// Its level. Old records do not have it; their warnings are all doubts.
    #[serde(default)]
    pub level: WarningLevel,
    /// What was noticed.
    pub message: String,
    /// What to do about it.
    pub hint: String,
    /// The action it was noticed in.
    pub action_id: Option<String>,
}

impl Warning {
    /// A doubt; the caller that knows the action sets `action_id`.
    pub fn new(code: &str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        let (level, code) = (WarningLevel::Doubt, code.to_owned());
        Self { code, level, message: message.into(), hint: hint.into(), action_id: None }
    }

    /// A hint; the caller that knows the action sets `action_id`.
    pub fn hint(code: &str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { level: WarningLevel::Hint, ..Self::new(code, message, hint) }
    }

    /// Whether the result needs review.
    pub fn is_doubt(&self) -> bool {
        self.level == WarningLevel::Doubt
    }

    /// The same warning, placed in an action (unless it already names one).
    pub fn at(mut self, action_id: &str) -> Self {
        self.action_id.get_or_insert_with(|| action_id.to_owned());
        self
    }
}
