//! What the page and its workers say to each other. Messages are small: pictures go through the store.
//!
//! A message on its way is an array: its JSON text first, then what has no JSON form ([`ToWorker::Import`] brings its
//! files so, [`ToWorker::Start`] libwebp's module, [`ToWorker::Network`] the networks' code, [`FromWorker::Ask`] and its
//! answer contents of files). A worker speaks first, with [`FromWorker::Alive`] and then [`FromWorker::Ready`]; whatever
//! is sent to it before that is lost.
//!
//! A variant's name is the key of what it carries: with a field for the name, the page would hold the reading of every
//! record twice (40 kB).

use serde::{Deserialize, Serialize};

use crate::archive::ImportSummary;
use crate::batch::records::{Batch, Execution, Millis, PauseReason, Progress};
use crate::error::Failure;
use crate::store::{AssetRecord, ModelRecord};

/// Raised with every change of the messages.
pub const VERSION: u32 = 4;

/// What page and worker must agree on: both come from the same sources.
pub const BUILD_ID: &str = match option_env!("PIXELMILL_BUILD_ID") {
    Some(id) => id,
    None => "development",
};

/// What a worker asks of the page's memory, where there is no other storage. Contents of files go beside it.
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
    /// The networks that the user has added.
    Models,
    /// Store files.
    Put {
        /// Their records.
        assets: Vec<AssetRecord>,
        /// When they came in.
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
        /// As they are to be.
        records: Box<(Progress, Execution)>,
        /// Records of the files that go with them.
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
    /// To `Models`.
    Models(Vec<ModelRecord>),
    /// To `Records`.
    Records(Option<Box<(Progress, Execution)>>),
    /// To `Write`: whether they were written.
    Written(bool),
    /// To the others. The content that was asked for comes beside it.
    Done,
    /// It was not done.
    Failed(String),
}

/// Page to worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ToWorker {
    /// Answer to [`FromWorker::Ready`]: what the worker cannot know by itself. With it comes libwebp's module.
    Start {
        /// Address of the page, which names its database.
        base_url: String,
        /// Whether it is to ask the page for what is stored: there is no other storage.
        #[serde(default)]
        from_memory: bool,
    },
    /// Answer to [`FromWorker::Ask`]. With it comes the content that was asked for.
    Stored {
        /// The question's.
        ticket: u32,
        /// The answer.
        answer: StoreAnswer,
    },
    /// Run an execution whose hand-out is durable.
    Run {
        /// As handed out; it can be finished with this very attempt only.
        execution: Box<Execution>,
    },
    /// Answer to [`FromWorker::NeedsNetwork`]. With it come the networks' module and, where it was asked for, the file of
    /// the built-in network; or nothing, when they are not to be had.
    Network {
        /// Why not.
        failure: Option<Failure>,
    },
    /// Put everything that is stored into an archive.
    Export,
    /// Take in what an archive holds. With it comes the archive.
    ImportArchive,
    /// Load a network's file and run it once. With it comes the file.
    ProbeModel,
    /// Store files. With it come the files (`File` or `Blob`).
    Import {
        /// Returned with every report on it.
        ticket: u32,
    },
}

/// Worker to page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum FromWorker {
    /// It has the lock of its name, by which the page sees its death; said by its script, before all else.
    Alive,
    /// Its WebAssembly is up.
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
    /// It asks for what is stored, or for something to be stored: [`ToWorker::Stored`]. With it come the contents of files.
    Ask {
        /// Returned with the answer.
        ticket: u32,
        /// What it asks.
        request: StoreRequest,
    },
    /// It has its execution and begins.
    Accepted,
    /// It has read the headers of its inputs.
    Measured {
        /// Pixels of all of them.
        pixels: u64,
    },
    /// It waits for the networks' code: [`ToWorker::Network`].
    NeedsNetwork {
        /// Whether for the built-in network's file too.
        built_in: bool,
    },
    /// It is about to run networks, which takes longer than pixels tell.
    Infers {
        /// How many.
        networks: u32,
    },
    /// Answer to [`ToWorker::Export`]. With it comes the archive.
    Exported {
        /// Why there is none.
        failure: Option<String>,
    },
    /// Answer to [`ToWorker::ImportArchive`].
    ArchiveImported {
        /// What was taken in, or why nothing was.
        result: Result<ImportSummary, String>,
    },
    /// Answer to [`ToWorker::ProbeModel`].
    ModelProbed {
        /// Why the file is no network for this program, if it is none.
        failure: Option<Failure>,
    },
    /// Its execution has ended, and the record is durable.
    Finished {
        /// The records as stored; none when the attempt was outdated and nothing was stored.
        records: Option<Box<(Progress, Execution)>>,
        /// Bytes of its memory.
        memory: u64,
    },
    /// Its execution's end could not be stored; nothing of it was.
    Unstored {
        /// What the batch pauses for.
        reason: PauseReason,
        /// What the storage said.
        message: String,
    },
    /// Its panic hook ran: it is about to trap.
    Panicked {
        /// The panic's message and place.
        message: String,
    },
    /// It trapped, or something was thrown that nobody caught.
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
    },
    /// An import is over.
    ImportEnded {
        /// The import's.
        ticket: u32,
        /// Why it broke off before its end, if it did.
        failure: Option<ImportStop>,
    },
}

/// Why an import broke off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportStop {
    /// A sentence.
    pub message: String,
    /// Whether those after it may fare better.
    pub reason: StopReason,
}

/// What an import broke off for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum StopReason {
    /// The first file that is not stored cannot be read; those after it perhaps can.
    Unreadable,
    /// There is no room for the first file that is not stored; for smaller ones perhaps there is.
    NoRoom,
    /// Something that every file after it would meet as well.
    General,
}

impl ImportStop {
    /// Something that every file after it would meet as well.
    pub fn general(message: impl Into<String>) -> Self {
        Self { message: message.into(), reason: StopReason::General }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_keep_their_frozen_form() {
        let import = ToWorker::Import { ticket: 7 };
        assert_eq!(serde_json::to_string(&import).unwrap(), r#"{"import":{"ticket":7}}"#);
        let start = r#"{"start":{"baseUrl":"https://host/app/"}}"#;
        assert_eq!(
            serde_json::from_str::<ToWorker>(start).unwrap(),
            ToWorker::Start { base_url: "https://host/app/".into(), from_memory: false }
        );
    }

    #[test]
    fn a_sign_of_life_reads_as_the_workers_script_writes_it() {
        let script = include_str!("browser/life.js");
        let text =
            script.split_once("postMessage(['").and_then(|(_, rest)| rest.split_once("'])")).expect("it says so");
        assert_eq!(serde_json::from_str::<FromWorker>(text.0).unwrap(), FromWorker::Alive);
    }

    #[test]
    fn a_crash_reads_as_the_workers_script_writes_it() {
        let text = r#"{"crashed":{"message":"RuntimeError: unreachable","exhausted":false}}"#;
        let crashed = FromWorker::Crashed { message: "RuntimeError: unreachable".into(), exhausted: false };
        assert_eq!(serde_json::from_str::<FromWorker>(text).unwrap(), crashed);
    }
}
