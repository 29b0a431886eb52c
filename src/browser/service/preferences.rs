//! What the user allows outside the page: stored, valid in every tab, off until switched on.

use crate::service::Preference;
use crate::store::{SettingStore, StoreError};

const fn key(preference: Preference) -> &'static str {
    match preference {
        Preference::Notifications => "notifications",
        Preference::Webhooks => "webhooks",
    }
}

/// Whether it is allowed.
///
/// # Errors
/// When it cannot be read.
pub(super) async fn is_allowed(settings: &impl SettingStore, preference: Preference) -> Result<bool, StoreError> {
    Ok(settings.setting(key(preference)).await?.as_deref() == Some("on"))
}

/// Allows or forbids it.
///
/// # Errors
/// When it cannot be stored.
pub(super) async fn allow(
    settings: &impl SettingStore,
    preference: Preference,
    allowed: bool,
) -> Result<(), StoreError> {
    settings.set_setting(key(preference), if allowed { "on" } else { "off" }).await
}
