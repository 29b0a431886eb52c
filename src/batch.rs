//! Batches: their stored records, the transitions of these, and the scheduler that hands out executions.
//!
//! Everything here is pure: no clock, no storage, no workers. Code that waits, stores or spawns is in `browser`.

pub mod log;
pub mod records;
pub mod scheduler;
pub mod timing;
pub mod transitions;
pub mod webhook;
