//! What the user sees of a failure, or of a success with a warning: what happened, where, and how to fix it.

use serde::{Deserialize, Serialize};

/// Who is at fault, in the contract's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCategory {
    /// The image, the document or a parameter is not usable.
    ValidationError,
    /// The device or the program failed.
    SystemError,
    /// Too much was asked at once.
    RateLimitError,
    /// A named URL could not be fetched.
    DownstreamError,
    /// A time limit was exceeded.
    PollingTimeoutError,
}

/// When it happened, in the contract's words.
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

    /// A failure with every part named; `action_id` is filled by whoever knows it.
    pub fn new(category: ErrorCategory, phase: Phase, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), category, phase, action_id: None, hint: hint.into() }
    }

    /// The same failure, placed in an action (kept if one is named already).
    pub fn at(mut self, action_id: &str) -> Self {
        self.action_id.get_or_insert_with(|| action_id.to_owned());
        self
    }
}

/// How much a warning matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WarningLevel {
    /// The result is as it should be, and there is something to know about it.
    Hint,
    /// The result may not be what was wanted: somebody should look at it.
    #[default]
    Doubt,
}

/// What was noticed about a result that was made nevertheless.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Warning {
    /// Stable code, such as `no_clear_subject`; the action's documentation lists its codes.
    pub code: String,
    /// How much it matters. A doubt if the record does not say: once, all warnings were.
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
    /// A doubt; `action_id` is filled by whoever knows it.
    pub fn new(code: &str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        let (level, code) = (WarningLevel::Doubt, code.to_owned());
        Self { code, level, message: message.into(), hint: hint.into(), action_id: None }
    }

    /// A hint; `action_id` is filled by whoever knows it.
    pub fn hint(code: &str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { level: WarningLevel::Hint, ..Self::new(code, message, hint) }
    }

    /// Whether somebody should look at the result.
    pub fn is_doubt(&self) -> bool {
        self.level == WarningLevel::Doubt
    }

    /// The same warning, placed in an action (kept if one is named already).
    pub fn at(mut self, action_id: &str) -> Self {
        self.action_id.get_or_insert_with(|| action_id.to_owned());
        self
    }
}
