//! The engine: a validated document becomes a [`Graph`], with kernels a [`Plan`], and a plan runs once per image.
//!
//! Decode once, encode once: pixels flow on connections, never encoded bytes. For each image the plan reads the
//! headers, picks the representations with the fewest conversions, and tells the decoders the smallest size that is
//! sufficient. Nothing here reads a clock, a store or the network.

mod graph;
mod inputs;
mod limits;
mod plan;
mod run;
mod thumbnail;

pub use graph::{Graph, GraphNode, GraphOutput, GraphSource};
pub use inputs::{InputAsset, InputRef, InputSize};
pub use plan::Plan;
pub use run::{Produced, ProducedOutput, Services, Source};

/// Version of the engine: records carry it. The same version gives the same bytes for the same workflow and input.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
