//! What the batch service and its clients say to each other. The service is a program of its own, in a worker of each
//! tab; a client is the page, or anything else that speaks to it.
//!
//! A message is posted as an array: its value first, then what belongs to it and has no form here (files, and the
//! answer to a call). The service speaks first, with [`FromService::Ready`]; anything sent to it before that is lost.
//!
//! Every operation is a row in `with_calls`: it becomes a variant of [`Call`] and of [`Answer`], a method of the
//! client and, if it is public, one of `window.pixelmill`. Adding one takes its row, its arm in the service, and its
//! entry in `tests/contract/schema.json` if it is public.

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::api::{
    Accepted, ApiError, Asset, BatchList, BatchLog, Cancelled, Deleted, Event, ExecutionList, FileAnswer,
    GlobalPauseAnswer, ModelAnswer, Status, VerifyAnswer, WorkflowAnswer, WorkflowDeleted, WorkflowList,
};
use crate::archive::ImportSummary;
use crate::archive::pictures::Contents;
use crate::batch::records::{Millis, Progress, Subset};
use crate::compact::{SortedMap, SortedSet};
use crate::number;
use crate::protocol::{Look, Module, Previewed, StopReason};
use crate::selection::HeaderCheck;
use crate::store::{ExecutionPage, StoreError};
use crate::workflow::Diagnostic;

/// Incremented with every change of the messages.
pub const VERSION: u32 = 6;

/// A JSON value in a message. It travels as text, whose depth the reader limits: a document from outside may be nested
/// more deeply than a stack is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Json(pub Value);

impl From<Value> for Json {
    fn from(value: Value) -> Self {
        Self(value)
    }
}

impl From<&Value> for Json {
    fn from(value: &Value) -> Self {
        Self(value.clone())
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut document = serde_json::from_str(&text).map_err(D::Error::custom)?;
        number::round(&mut document);
        Ok(Self(document))
    }
}

/// Something the user may allow outside the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Preference {
    /// A system notification when a batch ends.
    Notifications,
    /// Calling the webhook that a batch's request names when the batch ends.
    Webhooks,
}

/// The kind of a public call's parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text; it is required.
    Text,
    /// Any JSON value, `null` if it is left out.
    Json,
}

/// What a parameter of a public call can be.
pub trait Parameter {
    /// Its kind.
    const KIND: Kind;
}

impl Parameter for String {
    const KIND: Kind = Kind::Text;
}

impl Parameter for Json {
    const KIND: Kind = Kind::Json;
}

/// The fields of a call in a message.
pub trait Fields {
    /// One of them.
    ///
    /// # Errors
    /// What is wrong with it.
    fn field<T: DeserializeOwned>(&self, name: &str) -> Result<T, String>;
}

/// A public call: its name, and its parameters in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Its name, which is also the key of its variant in a message.
    pub name: &'static str,
    /// Names, as in Rust, and kinds.
    pub parameters: &'static [(&'static str, Kind)],
}

/// A parameter's name as messages have it: `batch_id` as `batchId`.
pub fn field_name(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |text, word| {
        let (initial, rest) = word.split_at(word.len().min(1));
        text + &initial.to_ascii_uppercase() + rest
    })
}

/// Passes the table of calls to a macro: public ones, those for the page's own views, and those that files travel
/// with, whose methods are written by hand.
macro_rules! with_calls {
    ($receive:ident) => {
        $receive! {
            public {
                /// Accepts a batch: the contract's request, and its 202 answer.
                "executeBatch" ExecuteBatch execute_batch { request: Json } -> Accepted;
                /// The contract's list of batches; `query` is an object or null.
                "listBatches" ListBatches list_batches { query: Json } -> BatchList;
                /// The contract's status of a batch; `query` is an object or null.
                "getBatchStatus" GetBatchStatus batch_status { batch_id: String, query: Json } -> Status;
                /// Cancels a batch.
                "cancelBatch" CancelBatch cancel { batch_id: String } -> Cancelled;
                /// The contract's results of a batch; `query` is an object or null.
                "listExecutions" ListExecutions executions { batch_id: String, query: Json } -> ExecutionList;
                /// Retries executions as the request says, which may name them or replace a file.
                "retryExecutions" RetryExecutions retry { batch_id: String, request: Json } -> Status;
                /// Removes a batch and everything that only it refers to.
                "deleteBatch" DeleteBatch delete { batch_id: String } -> Deleted;
                /// Starts no more executions of a batch until it is resumed.
                "pauseBatch" PauseBatch pause { batch_id: String } -> Status;
                /// Resumes a paused batch.
                "resumeBatch" ResumeBatch resume { batch_id: String } -> Status;
                /// Changes the `priority` or `concurrencyLimit` of a batch; `change` is an object with one or both.
                "updateBatch" UpdateBatch update { batch_id: String, change: Json } -> Status;
                /// Pauses all batches, in every tab and across reloads.
                "pauseAll" PauseAll pause_all {} -> GlobalPauseAnswer;
                /// Ends the global pause.
                "resumeAll" ResumeAll resume_all {} -> GlobalPauseAnswer;
                /// What happened to a batch apart from its executions.
                "getBatchLog" GetBatchLog log { batch_id: String } -> BatchLog;
                /// Checks every stored result of a batch. Executions with damaged or missing results fail, so that a
                /// retry regenerates them.
                "verifyBatch" VerifyBatch verify { batch_id: String } -> VerifyAnswer;
                /// A batch's report: an object, or CSV as text for `format: "csv"`.
                "getReport" GetReport report { batch_id: String, query: Json } -> Value;
                /// The user's own workflows; `query` is an object or null.
                "listWorkflows" ListWorkflows list_workflows { query: Json } -> WorkflowList;
                /// One of them, with its draft or the version that `query` requests.
                "getWorkflow" GetWorkflow workflow { workflow_id: String, query: Json } -> WorkflowAnswer;
                /// Stores a document as a draft; `options` may contain its `workflowId`.
                "saveWorkflow" SaveWorkflow save_workflow { document: Json, options: Json } -> WorkflowAnswer;
                /// Freezes the draft as a version that may be run by the workflow's id.
                "publishWorkflow" PublishWorkflow publish_workflow { workflow_id: String } -> WorkflowAnswer;
                /// Turns a published workflow back into a draft.
                "unpublishWorkflow" UnpublishWorkflow unpublish_workflow { workflow_id: String } -> WorkflowAnswer;
                /// A new draft with the same content; `options` may contain its name.
                "duplicateWorkflow" DuplicateWorkflow duplicate_workflow { workflow_id: String, options: Json } -> WorkflowAnswer;
                /// Removes a workflow with its versions.
                "deleteWorkflow" DeleteWorkflow delete_workflow { workflow_id: String } -> WorkflowDeleted;
                /// The document of a workflow, or of a version, for another browser or program.
                "exportWorkflow" ExportWorkflow export_workflow { workflow_id: String, query: Json } -> Value;
                /// Stores a document as a new draft.
                "importWorkflow" ImportWorkflow import_workflow { document: Json } -> WorkflowAnswer;
                /// The models that `remove-background` can use: the built-in one first, then the user's own by name.
                "listModels" ListModels models {} -> Vec<ModelAnswer>;
                /// Removes one of the user's models and its file. Batches that use it fail where they need it.
                "deleteModel" DeleteModel delete_model { name: String } -> ();
                /// The files that actions can use besides pictures, of each kind the built-in one first; `query` is an
                /// object, which may contain a `kind`, or null.
                "listFiles" ListFiles list_files { query: Json } -> Vec<FileAnswer>;
                /// Removes one of the user's files, by an object with its `kind` and `name`. Batches that use it fail where
                /// they need it.
                "deleteFile" DeleteFile delete_file { file: Json } -> ();
                /// The catalog, as the contract describes an entry.
                "listActions" ListActions actions {} -> Value;
                /// Everything that is wrong with a workflow document.
                "validateWorkflow" ValidateWorkflow validate { document: Json } -> Vec<Diagnostic>;
            }
            private {
                /// The workflow that a batch ran, with the pictures it named.
                "batchWorkflow" BatchWorkflow batch_workflow { batch_id: String } -> Value;
                /// Every batch's progress record, newest first.
                "allProgress" AllProgress all_progress {} -> Vec<Progress>;
                /// A page of a batch's execution records, by index.
                "executionRecords" ExecutionRecords execution_records { batch_id: String, subset: Subset, offset: u32, limit: u32 } -> ExecutionPage;
                /// The indices of some of a batch's executions.
                "executionIndices" ExecutionIndices execution_indices { batch_id: String, subset: Subset } -> Vec<u32>;
                /// Whether all batches are paused.
                "isAllPaused" IsAllPaused is_all_paused {} -> bool;
                /// Whether the user allows an effect outside the page.
                "isAllowed" IsAllowed is_allowed { preference: Preference } -> bool;
                /// Allows or forbids it. Scripts cannot grant themselves a permission.
                "allow" Allow allow { preference: Preference, allowed: bool } -> ();
                /// The small settings whose keys begin with `prefix`, by key.
                "settingsBelow" SettingsBelow settings_below { prefix: String } -> Vec<(String, String)>;
                /// Stores and removes (for `None`) several small settings, all or none of them.
                "changeSettings" ChangeSettings change_settings { changes: Vec<(String, Option<String>)> } -> ();
                /// For each of these assets, whether it is stored.
                "areStored" AreStored are_stored { asset_ids: Vec<String> } -> Vec<bool>;
                /// Whether these programs and the files that come with them are in this browser, so that they need no
                /// server.
                "areDownloaded" AreDownloaded are_downloaded { modules: Vec<Module> } -> bool;
            }
            with_files {
                /// Stores the attached files, whatever they contain. With `report`, [`FromService::Stored`] announces
                /// those that are durable, with what their headers say.
                "importAssets" ImportAssets { report: bool } -> Vec<Asset>;
                /// Adds a model of the U²-Net family from the attached ONNX file, after running it once. Without a
                /// name it takes the file's name.
                "importModel" ImportModel { name: Option<String> } -> ModelAnswer;
                /// Adds the attached file for actions to use, after reading it once as what `options` says: an object
                /// with a `kind` and perhaps a `name`.
                "importFile" ImportFile { options: Json } -> FileAnswer;
                /// Everything that is stored as one ZIP, which is attached to the answer.
                "exportArchive" ExportArchive {} -> ();
                /// Imports whatever the attached archive contains and this browser does not have.
                "importArchive" ImportArchive {} -> ImportSummary;
                /// The content at an `asset:` URL (or of an asset id), which is attached to the answer.
                "readAsset" ReadAsset { url: String } -> ();
                /// The successful outputs of a batch, or of the pictures in `only`, as one ZIP, which is attached to
                /// the answer. Names of damaged results, which it does not contain.
                "zip" Zip { batch_id: String, only: Option<SortedSet<u32>> } -> Vec<String>;
                /// The successful outputs of a batch, or of the pictures in `only`. They are attached to the answer, as a
                /// list of Blobs in the order of its paths.
                "files" Files { batch_id: String, only: Option<SortedSet<u32>> } -> ResultFiles;
                /// Unpacks the pictures in the attached ZIP, unless it is a Pixelmill archive. They are attached to the
                /// answer, as a list of `File`.
                "unpack" Unpack {} -> Contents;
                /// Runs a document over the first picture of each input without storing anything. The results are
                /// attached to the answer, as a list of Blobs in formats that browsers show, followed by the first picture
                /// if they do not show its file. A newer call takes the place of those that wait. Calls for reduced copies and
                /// for the pictures themselves do not wait for each other.
                "preview" Preview { document: Json, look: Look } -> Previewed;
            }
        }
    };
}

macro_rules! vocabulary {
    (
        public { $($(#[$doc:meta])* $name:literal $variant:ident $method:ident { $($field:ident: $type:ty),* } -> $answer:ty;)* }
        private { $($(#[$own_doc:meta])* $own_name:literal $own_variant:ident $own_method:ident { $($own_field:ident: $own_type:ty),* } -> $own_answer:ty;)* }
        with_files { $($(#[$file_doc:meta])* $file_name:literal $file_variant:ident { $($file_field:ident: $file_type:ty),* } -> $file_answer:ty;)* }
    ) => {
        /// An operation of the service.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all_fields = "camelCase")]
        #[allow(missing_docs, reason = "the fields say it by their names")]
        pub enum Call {
            $($(#[$doc])* #[serde(rename = $name)] $variant { $($field: $type),* },)*
            $($(#[$own_doc])* #[serde(rename = $own_name)] $own_variant { $($own_field: $own_type),* },)*
            $($(#[$file_doc])* #[serde(rename = $file_name)] $file_variant { $($file_field: $file_type),* },)*
        }

        impl Call {
            /// Reads a call from its name and its fields. The derived code would be a reader for each call.
            ///
            /// # Errors
            /// What is wrong with it.
            pub fn read(name: &str, fields: &impl Fields) -> Result<Self, String> {
                Ok(match name {
                    $($name => Self::$variant { $($field: fields.field(&field_name(stringify!($field)))?),* },)*
                    $($own_name => Self::$own_variant { $($own_field: fields.field(&field_name(stringify!($own_field)))?),* },)*
                    $($file_name => Self::$file_variant { $($file_field: fields.field(&field_name(stringify!($file_field)))?),* },)*
                    _ => return Err(format!("there is no call \"{name}\"")),
                })
            }
        }

        /// What a call answers. On the wire it has no tag: whoever called knows the type.
        #[derive(Clone, Debug, PartialEq, Serialize)]
        #[serde(untagged)]
        #[allow(missing_docs, reason = "as the variants of `Call`")]
        #[allow(clippy::large_enum_variant, reason = "one at a time")]
        pub enum Answer {
            $($variant($answer),)*
            $($own_variant($own_answer),)*
            $($file_variant($file_answer),)*
        }

        /// The calls that `window.pixelmill` has and that no files travel with.
        pub const PUBLIC: &[Signature] = &[
            $(Signature { name: $name, parameters: &[$((stringify!($field), <$type as Parameter>::KIND)),*] },)*
        ];
    };
}

with_calls!(vocabulary);
#[cfg(all(target_arch = "wasm32", feature = "app"))]
pub(crate) use with_calls;

/// The key of a call in a message to the service.
pub const CALL: &str = "call";

/// What the service cannot know by itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Setup {
    /// Address of the page without query, fragment and file name.
    pub base_url: String,
    /// The database that a client has chosen; otherwise it is the page's.
    #[serde(default)]
    pub database: Option<String>,
    /// The program's own files, by their plain names.
    pub files: SortedMap<String, String>,
    /// How many workers the user wants, if not as many as the device suggests.
    pub workers: Option<u32>,
    /// When this tab was suspended, if the browser closed it in that state and it is open again.
    pub suspended: Option<Millis>,
}

/// Client to service, apart from calls: a [`Call`] is posted as `{ call: [ticket, { name: fields }] }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::large_enum_variant, reason = "one at a time")]
pub enum ToService {
    /// Answer to [`FromService::Ready`].
    Start(Setup),
    /// Answer to [`FromService::AsksWhenLeft`].
    Left(Option<Millis>),
    /// The browser had suspended the tab since then.
    Woken(Millis),
    /// A worker that [`FromService::StartWorker`] asked for could not be started, or its script threw.
    WorkerFailed {
        /// Its name.
        name: String,
        /// Why.
        message: String,
    },
}

/// Service to client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
#[allow(clippy::large_enum_variant, reason = "one at a time")]
pub enum FromService {
    /// It holds the lock with its name, which lets the page notice its death; sent by its script.
    Alive,
    /// It trapped, or threw an uncaught exception; sent by its script.
    Crashed {
        /// What was thrown.
        message: String,
        /// Whether an allocation had failed before.
        exhausted: bool,
    },
    /// Its WebAssembly has started.
    Ready {
        /// Its [`VERSION`].
        version: u32,
        /// Its build.
        build_id: String,
    },
    /// The storage has to be upgraded while a tab with an older version of the page is open; it starts once that one is
    /// closed.
    Blocked,
    /// The catalog of actions (`actions::catalog`), for a client that has views. Comes before [`Started`](Self::Started).
    Catalog(String),
    /// It accepts calls.
    Started(State),
    /// It cannot start.
    Failed(ApiError),
    /// The answer to a call is attached, and its files after it.
    Answer {
        /// The call's.
        ticket: u32,
    },
    /// A call was refused.
    Refused {
        /// The call's.
        ticket: u32,
        /// Why.
        error: ApiError,
        /// For an import that stopped early.
        import: Option<Stopped>,
    },
    /// Some files of an import are durable.
    Stored {
        /// The call's.
        ticket: u32,
        /// The next ones, in order.
        assets: Vec<Asset>,
        /// What the header of each says.
        headers: Vec<Option<HeaderCheck>>,
    },
    /// Something has changed. The detail of `window.pixelmill`'s event is attached, if there is one.
    Event(Event),
    /// Its state has changed.
    State(State),
    /// It needs to know when the previous scheduling tab left, if that exited in good order.
    AsksWhenLeft,
    /// Start a worker for the service; the port to hand to it is attached. The service does not do so itself: in Firefox
    /// a worker that starts another now and then waits for good (the constructor misses that the browser's debugger knows
    /// the new one).
    StartWorker {
        /// Its name.
        name: String,
        /// The address of its script.
        script: String,
    },
    /// Stop one of them.
    StopWorker {
        /// Its name.
        name: String,
    },
    /// A batch has ended, and the user wants to be notified.
    Announce {
        /// The notification's title.
        title: String,
        /// Its text.
        body: String,
        /// The batch.
        batch_id: String,
    },
}

/// The results of a batch as files, whose contents are attached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResultFiles {
    /// Where each belongs, relative to a folder.
    pub paths: Vec<String>,
    /// The id of each one's content.
    pub asset_ids: Vec<String>,
    /// Names of results that were damaged or missing and are left out.
    pub missing: Vec<String>,
}

/// How an import ended that stopped early.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stopped {
    /// The files that were stored before it stopped, in order.
    pub imported: Vec<Asset>,
    /// Whether only the next file is at fault, so that later ones may succeed.
    pub reason: StopReason,
}

/// A tab's role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// It schedules and runs the workers.
    Leader,
    /// Another tab schedules; this one shows the batches and controls them.
    Follower,
    /// It works from memory, which no other tab can see, and schedules for itself only.
    Alone,
    /// No secure context, so no locks: it schedules, and a second tab must not be opened.
    SingleTab,
}

/// The progress of a download.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DownloadProgress {
    /// Bytes received so far.
    pub loaded: u64,
    /// Bytes in total.
    pub total: u64,
}

/// The state of a tab's service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    /// The tab's role.
    pub role: Role,
    /// Whether what is in flight is this tab's own: then leaving it in good order has to be recorded.
    pub owns: bool,
    /// Most workers that this tab keeps for executions (0 in a follower).
    pub workers: u32,
    /// The download of the model or the inference code, while one is in progress in this tab.
    pub loading: Option<DownloadProgress>,
    /// Why this tab works from memory, if it does: nothing outlives it.
    pub memory: Option<String>,
    /// Something the user should know: storage lost to an upgrade, workers that do not start, and the like.
    pub note: Option<Note>,
}

impl Default for State {
    fn default() -> Self {
        Self { role: Role::Follower, owns: false, workers: 0, loading: None, memory: None, note: None }
    }
}

/// Something the user should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Note {
    /// One or more sentences.
    pub text: String,
    /// Whether reloading the page helps.
    pub reload_helps: bool,
}

impl From<StoreError> for Note {
    fn from(error: StoreError) -> Self {
        Self { text: error.to_string(), reload_helps: error.needs_reload() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Fields as JSON.
    struct Written<'a>(&'a Value);

    impl Fields for Written<'_> {
        fn field<T: DeserializeOwned>(&self, name: &str) -> Result<T, String> {
            serde_json::from_value(self.0.get(name).cloned().unwrap_or_default()).map_err(|error| error.to_string())
        }
    }

    #[test]
    fn a_call_is_read_as_it_is_written() {
        let calls = [
            Call::ExecuteBatch { request: json!({ "a": [1, null] }).into() },
            Call::PauseAll {},
            Call::ExecutionRecords { batch_id: "b".into(), subset: Subset::Failed, offset: 3, limit: 4 },
            Call::ExecutionIndices { batch_id: "b".into(), subset: Subset::Doubtful },
            Call::Allow { preference: Preference::Webhooks, allowed: true },
            Call::ChangeSettings { changes: vec![("a".into(), None), ("b".into(), Some("c".into()))] },
            Call::ImportModel { name: None },
            Call::Zip { batch_id: "b".into(), only: Some(SortedSet::from([2, 5])) },
            Call::Files { batch_id: "b".into(), only: None },
            Call::Unpack {},
        ];
        for call in calls {
            let written = serde_json::to_value(&call).unwrap();
            let (name, fields) = written.as_object().and_then(|call| call.iter().next()).expect("one key");
            assert_eq!(Call::read(name, &Written(fields)), Ok(call));
        }
        assert!(Call::read("noCall", &Written(&json!({}))).is_err());
        let incomplete = Call::read("getBatchStatus", &Written(&json!({ "query": "null" })));
        assert!(incomplete.is_err(), "{incomplete:?}");
    }

    #[test]
    fn messages_keep_their_frozen_form() {
        let call = Call::GetBatchStatus { batch_id: "b".into(), query: json!({ "format": "preview" }).into() };
        let written = serde_json::to_value(&call).unwrap();
        let fields = json!({ "batchId": "b", "query": "{\"format\":\"preview\"}" });
        assert_eq!(written, json!({ "getBatchStatus": fields }));
        assert_eq!(Call::read("getBatchStatus", &Written(&fields)), Ok(call));
        assert_eq!(CALL, "call");
        assert_eq!(serde_json::to_value(ToService::Left(None)).unwrap(), json!({ "left": null }));
        assert_eq!(
            serde_json::to_value(Answer::IsAllPaused(true)).unwrap(),
            json!(true),
            "an answer is its content alone"
        );
        let event = FromService::Event(Event::WorkflowsChanged);
        assert_eq!(serde_json::to_value(event).unwrap(), json!({ "event": "workflowsChanged" }));
    }

    #[test]
    fn a_document_that_is_nested_too_deeply_is_refused_and_not_followed() {
        let depth = 100_000;
        let text = "[".repeat(depth) + &"]".repeat(depth);
        let call = json!({ "executeBatch": { "request": text } });
        assert!(serde_json::from_value::<Call>(call).unwrap_err().to_string().contains("recursion"));
    }

    /// The script of the npm client, which has the calls, the version and the events once more.
    const CLIENT: &str = include_str!("client/pixelmill.js");

    #[test]
    fn the_npm_client_has_every_public_call() {
        let calls: String = PUBLIC
            .iter()
            .map(|call| {
                let parameters: Vec<String> = (call.parameters.iter())
                    .map(|(name, kind)| field_name(name) + if *kind == Kind::Json { "=" } else { "" })
                    .collect();
                format!("  {}: \"{}\",\n", call.name, parameters.join(" "))
            })
            .collect();
        let table = CLIENT.split_once("const CALLS = {\n").and_then(|(_, rest)| rest.split_once("};"));
        assert_eq!(
            table.map(|(table, _)| table),
            Some(calls.as_str()),
            "src/client/pixelmill.js needs this table:\n{calls}"
        );
    }

    #[test]
    fn the_npm_client_speaks_this_version() {
        assert!(CLIENT.contains(&format!("\nconst VERSION = {VERSION};\n")));
    }

    #[test]
    fn a_public_call_is_named_as_its_message() {
        let status = PUBLIC.iter().find(|call| call.name == "getBatchStatus").unwrap();
        assert_eq!(status.parameters, [("batch_id", Kind::Text), ("query", Kind::Json)]);
        for (position, call) in PUBLIC.iter().enumerate() {
            assert!(PUBLIC[..position].iter().all(|other| other.name != call.name), "{}", call.name);
        }
    }
}
