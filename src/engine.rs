//! The engine: a validated document becomes a [`Graph`], with kernels a [`Plan`], and a plan runs once per image.
//!
//! Decode once, encode once: pixels flow on connections, never encoded bytes. For each image the plan reads the
//! headers, chooses the representations with the fewest conversions, and asks the decoders for the smallest sufficient
//! size. Nothing here reads a clock, a store or the network.

mod bind;
mod fit;
mod fold;
mod graph;
mod inputs;
mod limits;
mod merge;
mod plan;
mod rows;
mod run;
mod sample;
mod smallest;
mod staged;
mod stages;
mod steps;
mod thumbnail;

pub use bind::Wanted;
pub use graph::{Graph, GraphNode, GraphOutput, GraphSource, Named};
pub use inputs::{Gathered, InputAsset, InputRef, InputSize};
pub use plan::Plan;
pub use rows::{Rows, Supply};
pub use run::{Produced, ProducedOutput, Returned, Services, Source};
pub use sample::Sample;
pub use staged::{GatheringPlan, StagedPlan};
pub use stages::{GatheringStage, Stages};
pub use steps::Steps;

/// Version of the program. Records carry a [`Graph::version`], which begins with it.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
