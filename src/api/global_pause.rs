//! Pausing and resuming all batches at once: a setting in addition to each batch's own pause, for all tabs and across
//! reloads.

use serde::{Deserialize, Serialize};

use super::answers::PauseAnswer;
use super::error::ApiError;
use super::{Event, Host, Service};
use crate::batch::records::{Pause, PauseReason};
use crate::store::{SettingStore, StoreError};

/// The setting's key; its value is a pause, or empty.
const KEY: &str = "hold";

/// Whether all batches are paused, and since when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GlobalPauseAnswer {
    /// The pause.
    pub paused: Option<PauseAnswer>,
}

/// The global pause, if there is one.
///
/// # Errors
/// When it cannot be read.
pub async fn read_global_pause<S: SettingStore>(store: &S) -> Result<Option<Pause>, StoreError> {
    let kept = store.setting(KEY).await?;
    Ok(kept.and_then(|text| serde_json::from_str(&text).ok()))
}

impl<S: SettingStore, H: Host> Service<S, H> {
    /// Pauses all batches: nothing new starts, executions in flight finish. An existing pause stays unchanged.
    ///
    /// # Errors
    /// 500 when it cannot be stored.
    pub async fn pause_all(&self) -> Result<GlobalPauseAnswer, ApiError> {
        let pause = match read_global_pause(&self.store).await? {
            Some(pause) => pause,
            None => Pause { reason: PauseReason::User, since: self.host.now() },
        };
        self.set_global_pause(Some(pause)).await
    }

    /// Ends the global pause; batches with a pause of their own stay paused.
    ///
    /// # Errors
    /// 500 when it cannot be stored.
    pub async fn resume_all(&self) -> Result<GlobalPauseAnswer, ApiError> {
        self.set_global_pause(None).await
    }

    /// Rereads whether all batches are paused.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn refresh_global_pause(&self) -> Result<Option<Pause>, StoreError> {
        let pause = read_global_pause(&self.store).await?;
        self.global_pause.set(pause);
        Ok(pause)
    }

    async fn set_global_pause(&self, pause: Option<Pause>) -> Result<GlobalPauseAnswer, ApiError> {
        let text = match pause {
            Some(pause) => serde_json::to_string(&pause).map_err(|error| ApiError::internal(error.to_string()))?,
            None => String::new(),
        };
        self.store.set_setting(KEY, &text).await?;
        self.global_pause.set(pause);
        self.host.notify(Event::GlobalPauseChanged);
        Ok(GlobalPauseAnswer { paused: pause.map(PauseAnswer::from) })
    }
}
