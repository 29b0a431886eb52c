//! What the user allows outside the page: stored, valid in every tab, off until switched on.

use super::storage::Storage;
use crate::store::{Store, StoreError};

/// Something the user may allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preference {
    /// A system notification when a batch ends.
    Notifications,
    /// Calling the webhook that a batch's request names when the batch ends.
    Webhooks,
}

impl Preference {
    const fn key(self) -> &'static str {
        match self {
            Self::Notifications => "notifications",
            Self::Webhooks => "webhooks",
        }
    }
}

/// Whether it is allowed.
///
/// # Errors
/// When it cannot be read.
pub async fn is_allowed(database: &Storage, preference: Preference) -> Result<bool, StoreError> {
    Ok(database.setting(preference.key()).await?.as_deref() == Some("on"))
}

/// Allows or forbids it.
///
/// # Errors
/// When it cannot be stored.
pub async fn allow(database: &Storage, preference: Preference, allowed: bool) -> Result<(), StoreError> {
    database.set_setting(preference.key(), if allowed { "on" } else { "off" }).await
}
