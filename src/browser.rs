//! Everything that talks to the browser, on wasm32 only.
//!
//! There is a folder for each program that runs there: [`page`] speaks to the service and to the user's surroundings,
//! [`service`] runs batches, [`worker`] runs pictures. The modules beside them are shared. What a batch does next is
//! decided in `batch`, what an answer looks like in `api`, and what page and service say to each other in `service`.

pub mod database;
pub mod environment;
pub mod hash;
pub mod interop;
pub mod locks;
#[cfg(feature = "app")]
pub mod page;
#[cfg(any(feature = "app", feature = "service"))]
mod program;
#[cfg(feature = "service")]
pub mod service;
pub mod storage;
#[cfg(any(feature = "service", feature = "worker"))]
mod verify;
#[cfg(feature = "worker")]
pub mod worker;
