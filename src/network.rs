//! The port to salient-object networks: what a host must provide so that kernels can ask for a mask.
//!
//! No network is linked here. A host loads one when a plan asks for it ([`Plan::networks`](crate::engine::Plan)), in a
//! module of its own; tests hand in their own.

use crate::error::Failure;

#[cfg(any(feature = "network", test))]
pub mod inference;

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
pub trait ModelSource {
    /// The network of this name.
    ///
    /// # Errors
    /// Why it is not available. The engine adds which action requested it.
    fn get(&self, model: &str) -> Result<&dyn SaliencyNetwork, Missing>;
}

/// Why a host cannot provide a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// It has not been loaded yet: the host can load it and run the picture again.
    NotLoaded,
    /// It is not available: unknown, no longer stored, or damaged.
    Failed(Failure),
}

/// Whether every picture needs an operation's model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// Only some pictures need it; it is loaded for the first of them.
    Perhaps,
    /// Every picture needs it.
    Always,
}

/// The network that comes with the page, and the `model` parameter's default. Its origin is in `network/u2netp/`.
pub const BUILT_IN: BuiltIn = BuiltIn {
    name: "u2netp",
    file: "u2netp.onnx",
    bytes: 2_383_187,
    sha256: "e9833ed4f2eabcd3cbc352c771f6a18f702b44e6df62e8fcc7d6fbd895499ef9",
};

/// What is known of a network file before it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BuiltIn {
    /// Its name in the `model` parameter.
    pub name: &'static str,
    /// File name beside the page.
    pub file: &'static str,
    /// Length of the file.
    pub bytes: u64,
    /// SHA-256 of the file, in lower-case hex.
    pub sha256: &'static str,
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn the_built_in_network_is_the_file_that_it_is_said_to_be() {
        let file = include_bytes!("network/u2netp/u2netp.onnx");
        let digest: String = Sha256::digest(file).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!((file.len() as u64, digest.as_str()), (BUILT_IN.bytes, BUILT_IN.sha256));
    }
}
