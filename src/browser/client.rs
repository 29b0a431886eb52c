//! The client: what the page itself and `window.pixelmill` call. Cheap to clone; every call works in every tab.
//!
//! Reads come from the store, writes are durable records that the scheduling tab follows.

use std::rc::Rc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use web_sys::Blob;

use super::database::Database;
use crate::batch::records::{Execution, ExecutionStatus, Progress};
use crate::store::{ExecutionPage, StoreError};
use crate::workflow::{Diagnostic, Workflow};

/// The contract's error object: what a call is refused with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClientError {
    /// Short name, such as `Bad Request`.
    pub error: String,
    /// What is wrong and how to mend it.
    pub message: String,
    /// `failed` or `error`.
    pub status: String,
    /// 400, 404 or 500.
    pub code: u16,
    /// What validation said, where that is the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub diagnostics: Vec<Diagnostic>,
}

/// A stored file, as `importAssets` answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Asset {
    /// SHA-256 of the content, hex.
    pub asset_id: String,
    /// File name, empty for a Blob without one.
    pub name: String,
    /// Media type as the browser guessed it, may be empty.
    pub mime_type: String,
    /// Size of the content.
    pub bytes: u64,
    /// `asset:` + assetId: a workflow's `sourceUrl`.
    pub url: String,
}

/// How far an import has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportProgress {
    /// Files stored durably.
    pub files: u32,
    /// Files asked for.
    pub total: u32,
    /// Bytes of the stored files.
    pub bytes: u64,
}

/// An import that broke off.
#[derive(Clone, Debug)]
pub struct ImportFailure {
    /// Why.
    pub error: ClientError,
    /// The files that were stored before, in order.
    pub imported: Vec<Asset>,
}

/// What a subscriber is told. Whatever it says is durable already.
#[derive(Clone, Debug)]
pub enum ClientEvent {
    /// A batch's progress changed: at most four times a second per batch, and once at its end.
    Progress(Progress),
    /// An execution ended, well or badly.
    ExecutionCompleted(Box<Execution>),
    /// A batch ended.
    BatchCompleted(Progress),
    /// A batch was accepted, deleted or changed by a call, perhaps in another tab: its id.
    BatchChanged(String),
    /// [`Client::state`] has a new answer.
    State(ClientState),
}

/// Which part this tab plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It schedules and runs the workers.
    Leader,
    /// Another tab does; this one shows and commands.
    Follower,
    /// No secure context, so no locks: it schedules, and a second tab must not be opened.
    SingleTab,
}

/// How the client is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientState {
    /// This tab's part.
    pub role: Role,
    /// Workers that this tab keeps for pictures (0 in a follower).
    pub workers: u32,
    /// Something the user should know: storage lost to an upgrade, workers that do not start, and the like.
    pub note: Option<String>,
}

/// Ends the subscription when dropped.
#[must_use = "dropping it ends the subscription"]
pub struct Subscription {
    _end: Box<dyn std::any::Any>,
}

struct Inner {
    database: Database,
}

/// The one way to the product's operations.
#[derive(Clone)]
pub struct Client {
    inner: Rc<Inner>,
}

impl Client {
    /// Opens the storage, fetches what workers need, takes part in the election, publishes `window.pixelmill`.
    ///
    /// # Errors
    /// When there is no storage or the program's own files cannot be fetched.
    pub async fn start() -> Result<Self, ClientError> {
        let database = Database::open(&super::environment::base_url(), || (), |_| ()).await?;
        Ok(Self { inner: Rc::new(Inner { database }) })
    }

    /// Stores files (a `File` is a `Blob`); judges nothing. One entry per file, in order.
    pub async fn import_assets(
        &self,
        files: Vec<Blob>,
        on_progress: impl Fn(ImportProgress) + 'static,
    ) -> Result<Vec<Asset>, ImportFailure> {
        let _ = (files, on_progress);
        Err(ImportFailure { error: ClientError::not_found("not connected yet"), imported: Vec::new() })
    }

    /// Accepts a batch: the contract's request in, its 202 answer out.
    pub async fn execute_batch(&self, request: Value) -> Result<Value, ClientError> {
        let _ = request;
        Err(ClientError::not_found("not connected yet"))
    }

    /// The contract's list of batches; `query` is an object.
    pub async fn list_batches(&self, query: Value) -> Result<Value, ClientError> {
        let _ = query;
        Err(ClientError::not_found("not connected yet"))
    }

    /// The contract's status of a batch.
    pub async fn batch_status(&self, batch_id: &str) -> Result<Value, ClientError> {
        Err(ClientError::not_found(batch_id))
    }

    /// The contract's results of a batch; `query` is an object.
    pub async fn executions(&self, batch_id: &str, query: Value) -> Result<Value, ClientError> {
        let _ = query;
        Err(ClientError::not_found(batch_id))
    }

    /// Cancels a batch.
    pub async fn cancel(&self, batch_id: &str) -> Result<Value, ClientError> {
        Err(ClientError::not_found(batch_id))
    }

    /// Runs failed executions again: all, or the ones with these ids.
    pub async fn retry(&self, batch_id: &str, execution_ids: Option<Vec<String>>) -> Result<Value, ClientError> {
        let _ = execution_ids;
        Err(ClientError::not_found(batch_id))
    }

    /// Removes a batch and what only it refers to.
    pub async fn delete(&self, batch_id: &str) -> Result<Value, ClientError> {
        Err(ClientError::not_found(batch_id))
    }

    /// Hands nothing more of a batch out until it is resumed.
    pub async fn pause(&self, batch_id: &str) -> Result<Value, ClientError> {
        Err(ClientError::not_found(batch_id))
    }

    /// Goes on with a paused batch.
    pub async fn resume(&self, batch_id: &str) -> Result<Value, ClientError> {
        Err(ClientError::not_found(batch_id))
    }

    /// Changes `priority` or `concurrencyLimit` of a batch; `change` is an object with either.
    pub async fn update(&self, batch_id: &str, change: Value) -> Result<Value, ClientError> {
        let _ = change;
        Err(ClientError::not_found(batch_id))
    }

    /// The content at an `asset:` URL.
    pub async fn read_asset(&self, url: &str) -> Result<Blob, ClientError> {
        use crate::store::Store;
        let asset_id = url.strip_prefix("asset:").unwrap_or(url);
        self.inner.database.content(asset_id).await?.ok_or_else(|| ClientError::not_found(url))
    }

    /// The catalog, as the contract describes an entry.
    pub fn list_actions(&self) -> Value {
        Value::Null
    }

    /// Everything that is wrong with a workflow.
    pub fn validate(&self, workflow: &Workflow) -> Vec<Diagnostic> {
        crate::workflow::validate(workflow)
    }

    /// A page of a batch's execution records, for the page's own views.
    pub async fn execution_records(
        &self,
        batch_id: &str,
        status: Option<ExecutionStatus>,
        offset: u32,
        limit: u32,
    ) -> Result<ExecutionPage, ClientError> {
        use crate::store::Store;
        Ok(self.inner.database.executions(batch_id, status, offset, limit).await?)
    }

    /// A batch's progress record.
    pub async fn progress(&self, batch_id: &str) -> Result<Option<Progress>, ClientError> {
        use crate::store::Store;
        Ok(self.inner.database.progress(batch_id).await?)
    }

    /// Every batch's progress record, newest first.
    pub async fn all_progress(&self) -> Result<Vec<Progress>, ClientError> {
        use crate::store::Store;
        Ok(self.inner.database.all_progress().await?)
    }

    /// Calls `callback` for every event until the subscription is dropped.
    pub fn subscribe(&self, callback: impl Fn(&ClientEvent) + 'static) -> Subscription {
        Subscription { _end: Box::new(callback) }
    }

    /// An object URL of a stored picture, for `<img src>`. Cached: the same asset gives the same URL; old ones are
    /// revoked when many newer ones were asked for.
    pub async fn thumbnail_url(&self, asset_id: &str) -> Result<String, ClientError> {
        let blob = self.read_asset(asset_id).await?;
        web_sys::Url::create_object_url_with_blob(&blob).map_err(|_| ClientError::not_found(asset_id))
    }

    /// This tab's part, its workers, and what the user should know.
    pub fn state(&self) -> ClientState {
        ClientState { role: Role::Follower, workers: 0, note: None }
    }

    /// A small setting that outlives the page.
    pub async fn setting(&self, key: &str) -> Result<Option<String>, ClientError> {
        use crate::store::Store;
        Ok(self.inner.database.setting(key).await?)
    }

    /// Keeps a small setting.
    pub async fn set_setting(&self, key: &str, value: &str) -> Result<(), ClientError> {
        use crate::store::Store;
        Ok(self.inner.database.set_setting(key, value).await?)
    }
}

impl ClientError {
    fn not_found(what: &str) -> Self {
        Self {
            error: "Not Found".into(),
            message: format!("There is no {what}."),
            status: "failed".into(),
            code: 404,
            diagnostics: Vec::new(),
        }
    }
}

impl From<StoreError> for ClientError {
    fn from(error: StoreError) -> Self {
        Self {
            error: "Internal Server Error".into(),
            message: error.to_string(),
            status: "failed".into(),
            code: 500,
            diagnostics: Vec::new(),
        }
    }
}
