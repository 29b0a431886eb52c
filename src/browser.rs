//! Everything that talks to the browser, on wasm32 only: storage, workers, locks, files, and the client for pages.
//!
//! The page and the worker are separate binaries that share this module: [`client`], [`pool`], [`leader`], [`network`]
//! and [`files`] run on the page, [`worker`] and `import` run in a worker, the rest in both. What a batch does next is
//! decided in `batch`, and what an answer looks like in `api`.

pub mod client;
pub mod database;
pub mod environment;
pub mod exchange;
pub mod files;
pub mod hash;
#[cfg(feature = "worker")]
mod import;
mod importer;
pub mod interop;
mod javascript;
pub mod leader;
mod lifecycle;
pub mod locks;
mod memory;
pub mod network;
pub mod notifier;
mod one_shot;
pub mod pool;
pub mod preferences;
mod probe_model;
pub mod storage;
mod verify;
mod wake;
#[cfg(feature = "worker")]
pub mod worker;
