//! The port to salient-object networks: what a host must provide so that kernels can ask for a mask.
//!
//! No network is linked here. A host loads one when a plan asks for it ([`Plan::networks`](crate::engine::Plan)), in a
//! module of its own; tests hand in their own.

use crate::error::Failure;

/// Side of a network's square input and output, in pixels: that of U²-Net (Qin et al. 2020, arXiv:2005.09007).
pub const SIDE: u32 = 320;

/// A salient-object network of the U²-Net family, ready to run.
pub trait SaliencyNetwork {
    /// Runs the network. `input` is NCHW, 1 × 3 × [`SIDE`] × [`SIDE`], already normalised; the answer is the first
    /// output, [`SIDE`] × [`SIDE`], row by row, raw.
    ///
    /// # Errors
    /// When it cannot be run on this device.
    fn infer(&self, input: &[f32]) -> Result<Vec<f32>, Failure>;

    /// Name and version, for messages.
    fn name(&self) -> &str;
}

/// The networks that a host holds, by the name that the `model` parameter has.
pub trait Networks {
    /// The network of this name.
    ///
    /// # Errors
    /// Why it is not there: unknown, not stored (any more), damaged. The engine adds which action wanted it.
    fn get(&self, model: &str) -> Result<&dyn SaliencyNetwork, Failure>;
}
