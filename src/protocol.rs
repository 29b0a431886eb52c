//! The messages between the service and its workers. They are small: pictures go through the store.
//!
//! A message is posted as an array: its value first, then what has no form here (files for [`ToWorker::Import`],
//! libwebp's module for [`ToWorker::Start`], the code of another program for [`ToWorker::Module`], file contents for
//! [`FromWorker::Ask`] and its answer). A worker sends first, [`FromWorker::Alive`] and then [`FromWorker::Ready`];
//! anything sent to it before that is lost.
//!
//! A variant's name is the key of its content: with a tag field, the service would contain the code that reads every
//! record twice (40 kB).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::actions::Area;
use crate::archive::ImportSummary;
use crate::archive::pictures::Contents;
use crate::batch::records::{Batch, Execution, Millis, PauseReason, Progress};
use crate::data::Column;
use crate::engine::InputAsset;
use crate::error::Failure;
use crate::selection::HeaderCheck;
use crate::store::{AssetRecord, UserFile};
use crate::user_file::FileKind;

/// Incremented with every change of the messages.
pub const VERSION: u32 = 16;

/// The page, its service and its workers must have the same one: all are built from the same sources.
pub const BUILD_ID: &str = match option_env!("PIXELMILL_BUILD_ID") {
    Some(id) => id,
    None => "development",
};

/// What the user reads when they are of different builds.
pub const UPDATED: &str = "This page was updated on its server while it was open. Reload the page to continue.";

/// A worker's request to the service's memory, if there is no other storage. File contents are attached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum StoreRequest {
    /// A file's record.
    Asset {
        /// The file.
        asset_id: String,
    },
    /// A file's content.
    Content {
        /// The file.
        asset_id: String,
    },
    /// A batch as requested.
    Batch {
        /// The batch.
        batch_id: String,
    },
    /// The files that the user has added for actions to use.
    UserFiles,
    /// A small setting.
    Setting {
        /// Its key.
        key: String,
    },
    /// Store files.
    Put {
        /// Their records.
        assets: Vec<AssetRecord>,
        /// When they were imported.
        now: Millis,
    },
    /// An execution, and the progress of its batch.
    Records {
        /// The batch.
        batch_id: String,
        /// The execution's `assetIndex`.
        index: u32,
    },
    /// Write both, unless the batch has changed since they were read.
    Write {
        /// The revision that was read.
        revision: u64,
        /// The new records.
        records: Box<(Progress, Execution)>,
        /// Records of the files they refer to.
        assets: Vec<AssetRecord>,
    },
}

/// Answer to a [`StoreRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum StoreAnswer {
    /// To `Asset`.
    Asset(Option<AssetRecord>),
    /// To `Batch`.
    Batch(Option<Box<Batch>>),
    /// To `UserFiles`.
    UserFiles(Vec<UserFile>),
    /// To `Setting`.
    Setting(Option<String>),
    /// To `Records`.
    Records(Option<Box<(Progress, Execution)>>),
    /// To `Write`: whether they were written.
    Written(bool),
    /// To the others. Requested content is attached.
    Done,
    /// It was not done.
    Failed(String),
}

/// Service to worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ToWorker {
    /// Answer to [`FromWorker::Ready`]: what the worker cannot know by itself. libwebp's module is attached.
    Start {
        /// The name of the database.
        database: String,
        /// Whether it must ask the service for stored data, because there is no other storage.
        #[serde(default)]
        from_memory: bool,
    },
    /// Answer to [`FromWorker::Ask`]. Requested content is attached.
    Stored {
        /// The question's.
        ticket: u32,
        /// The answer.
        answer: StoreAnswer,
    },
    /// Runs an execution whose hand-out is durable. Contents of its inputs that were read ahead are attached, in order.
    Run {
        /// As handed out; only this attempt can finish it.
        execution: Box<Execution>,
    },
    /// Answer to [`FromWorker::NeedsModule`]. The compiled code is attached and, if requested, the file that comes with it, or
    /// the file that was requested; nothing is attached when they are not available.
    Module {
        /// Why not.
        failure: Option<Failure>,
    },
    /// Export everything that is stored as an archive.
    Export,
    /// Import an archive, which is attached.
    ImportArchive,
    /// Read a file that actions are to use, which is attached; a model is run once.
    ProbeFile {
        /// What it is to be.
        kind: FileKind,
    },
    /// Store files, which are attached (`File` or `Blob`).
    Import {
        /// Returned with every report on it.
        ticket: u32,
        /// Whether to read their headers, too.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        check: bool,
    },
    /// Unpack the pictures in a ZIP, which is attached.
    Unpack,
    /// Read the table that a document runs, and its templates.
    ReadRows {
        /// The document, as JSON text.
        document: String,
    },
    /// Run a document over the first picture of each input. Nothing is stored.
    Preview {
        /// The document, as JSON text.
        document: String,
        /// Which.
        look: Look,
    },
}

/// What a preview shows, and of which pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Look {
    /// Whether the pictures are reduced copies, if that gives the same picture with fewer pixels.
    pub sample: bool,
    /// Whether thumbnails of all steps are made, instead of the results.
    pub steps: bool,
    /// Whether it lets later requests pass, and none takes its place.
    pub patient: bool,
}

/// A program that a worker starts when a plan needs it, or a file for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Module {
    /// The inference code.
    Network,
    /// The inference code with the built-in model.
    NetworkWithModel,
    /// What sets text, with its font.
    Lettering,
    /// The decoder of JPEG XL.
    Jxl,
    /// The decoder of AV1, for AVIF.
    Av1,
    /// The decoder of HEVC, for HEIC.
    Hevc,
    /// What draws SVG.
    Svg,
    /// The encoder of AVIF, whose glue code is in the worker's script.
    Libavif,
    /// The encoder of JPEG XL, whose glue code is in the worker's script.
    Libjxl,
    /// The built-in font alone, for drawings with text.
    Font,
    /// The font for emoji.
    Emoji,
}

/// Worker to service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum FromWorker {
    /// It holds the lock with its name, which lets the service notice its death; sent by its script, before anything else.
    Alive,
    /// Its WebAssembly has started.
    Ready {
        /// Its [`VERSION`].
        version: u32,
        /// Its [`BUILD_ID`].
        build_id: String,
    },
    /// It has its storage and can take executions.
    Started,
    /// It cannot work: no storage.
    Unable {
        /// Why.
        message: String,
    },
    /// It requests stored data, or wants something stored: [`ToWorker::Stored`]. File contents are attached.
    Ask {
        /// Returned with the answer.
        ticket: u32,
        /// The request.
        request: StoreRequest,
    },
    /// It has received its execution and starts on it.
    Accepted,
    /// It has read the headers of its inputs.
    Measured {
        /// Pixels of all of them.
        pixels: u64,
    },
    /// It waits for the code of another program: [`ToWorker::Module`].
    NeedsModule {
        /// Which one.
        module: Module,
    },
    /// It is about to run models or slow encoders, which takes longer than the number of pixels suggests.
    TakesLong {
        /// How often.
        parts: u32,
    },
    /// It waits for a server of the user's choice, or has stopped to.
    WaitsForServer {
        /// For how long at most, in milliseconds.
        ms: u32,
    },
    /// It calls a module of the user's own, which it cannot interrupt, or has left it.
    InModule {
        /// The name of the custom action, if it calls one.
        name: Option<String>,
    },
    /// Answer to [`ToWorker::Export`]. The archive is attached.
    Exported {
        /// Why there is none.
        failure: Option<String>,
    },
    /// Answer to [`ToWorker::ImportArchive`].
    ArchiveImported {
        /// What was imported, or why nothing was.
        result: Result<ImportSummary, String>,
    },
    /// Answer to [`ToWorker::ProbeFile`]. A file that is to be stored in another form is attached in that.
    FileProbed {
        /// Why this program cannot use the file, if it cannot.
        failure: Option<Failure>,
        /// What a custom action says of itself.
        #[serde(default)]
        spec: Option<Value>,
    },
    /// Answer to [`ToWorker::ReadRows`].
    RowsRead {
        /// What each row's execution works on.
        rows: Vec<InputAsset>,
        /// What is wrong: of each diagnostic the code, the action, the field, the message and the hint. Texts are what the service can
        /// read anyway.
        problems: Vec<String>,
    },
    /// Its execution has ended, and the record is durable.
    Finished {
        /// The records as stored; `None` when the attempt was outdated and nothing was stored.
        records: Option<Box<(Progress, Execution)>>,
        /// Bytes of its memory.
        memory: u64,
    },
    /// Its execution has ended but could not be stored; none of it was.
    Unstored {
        /// Why the batch pauses.
        reason: PauseReason,
        /// The storage's message.
        message: String,
    },
    /// Its panic hook ran: it is about to trap.
    Panicked {
        /// The panic's message and place.
        message: String,
    },
    /// It trapped, or threw an uncaught exception.
    Crashed {
        /// What was thrown.
        message: String,
        /// Whether an allocation had failed before.
        exhausted: bool,
    },
    /// Some files of an import are durable.
    Imported {
        /// The import's.
        ticket: u32,
        /// The next ones, in order.
        assets: Vec<AssetRecord>,
        /// What the header of each says; empty unless requested.
        headers: Vec<Option<HeaderCheck>>,
    },
    /// Answer to [`ToWorker::Unpack`]. The pictures are attached, as a list of `File`.
    Unpacked {
        /// What it contains, or why it cannot be read.
        result: Result<Contents, String>,
    },
    /// Answer to [`ToWorker::Preview`]. The files are attached, as a list of Blobs in the order of the outputs.
    Previewed {
        /// What came of it.
        previewed: Previewed,
    },
    /// An import is over.
    ImportEnded {
        /// The import's.
        ticket: u32,
        /// Why it stopped early, if it did.
        failure: Option<ImportStop>,
    },
}

/// What came of a preview.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Previewed {
    /// It was rendered.
    Done(Preview),
    /// Thumbnails of these steps, by `actionId`.
    Steps(Vec<String>),
    /// No reduced copies can be used.
    NoSample,
    /// The workflow fails on this picture.
    Failed(Failure),
}

/// A workflow's results for one picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Preview {
    /// The results, in document order.
    pub outputs: Vec<PreviewOutput>,
    /// The messages of the warnings about them.
    pub warnings: Vec<String>,
    /// By `actionId`, where actions placed something on their pictures.
    pub placed: Vec<(String, Area)>,
    /// The columns of the table that is run.
    pub columns: Vec<Column>,
    /// Size of the primary input's file.
    pub input_bytes: u64,
    /// Its columns, upright.
    pub input_width: u32,
    /// Its rows, upright.
    pub input_height: u32,
    /// How long it took, from the bytes of the inputs to those of the results.
    pub duration_ms: f64,
    /// Whether it was made of reduced copies. Its sizes in pixels are those of the results that it stands for, but its sizes in bytes and its
    /// duration say nothing.
    pub is_sample: bool,
}

/// One result of a preview.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PreviewOutput {
    /// The action it comes from.
    pub action_id: String,
    /// The file's name.
    pub name: String,
    /// Its media type.
    pub mime_type: String,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Size of the file.
    pub bytes: u64,
}

/// Why an import stopped early.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportStop {
    /// A sentence.
    pub message: String,
    /// Whether the files after it may still succeed.
    pub reason: StopReason,
}

/// What stopped an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum StopReason {
    /// The first file that is not stored cannot be read; later ones may be readable.
    Unreadable,
    /// There is no space for the first file that is not stored; there may be for smaller ones.
    NoRoom,
    /// A problem that every later file would have as well.
    General,
}

impl ImportStop {
    /// A problem that every later file would have as well.
    pub fn general(message: impl Into<String>) -> Self {
        Self { message: message.into(), reason: StopReason::General }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_keep_their_frozen_form() {
        let import = |check| serde_json::to_string(&ToWorker::Import { ticket: 7, check }).unwrap();
        assert_eq!(import(false), r#"{"import":{"ticket":7}}"#);
        assert_eq!(import(true), r#"{"import":{"ticket":7,"check":true}}"#);
        let start = r#"{"start":{"database":"pixelmill:/app/"}}"#;
        assert_eq!(
            serde_json::from_str::<ToWorker>(start).unwrap(),
            ToWorker::Start { database: "pixelmill:/app/".into(), from_memory: false }
        );
    }

    #[test]
    fn a_sign_of_life_reads_as_the_workers_script_writes_it() {
        let script = include_str!("browser/program/bootstrap.js");
        let text =
            script.split_once("postMessage([\"").and_then(|(_, rest)| rest.split_once("\"])")).expect("it says so");
        assert_eq!(serde_json::from_value::<FromWorker>(text.0.into()).unwrap(), FromWorker::Alive);
    }

    #[test]
    fn a_crash_reads_as_the_workers_script_writes_it() {
        let text = r#"{"crashed":{"message":"RuntimeError: unreachable","exhausted":false}}"#;
        let crashed = FromWorker::Crashed { message: "RuntimeError: unreachable".into(), exhausted: false };
        assert_eq!(serde_json::from_str::<FromWorker>(text).unwrap(), crashed);
    }
}
