//! What a kernel may ask of its surroundings while it works on one picture, and where it leaves its doubts.

use std::cell::RefCell;

use crate::error::{ErrorCategory, Failure, Phase, Warning};
use crate::network::{ModelSource, SaliencyNetwork};

/// The surroundings of one run of one kernel.
///
/// The default has no network and wants every output.
#[derive(Default)]
pub struct Context<'a> {
    networks: Option<&'a dyn ModelSource>,
    wanted: Option<&'a [bool]>,
    warnings: RefCell<Vec<Warning>>,
}

impl<'a> Context<'a> {
    /// Surroundings with the host's networks, and for each output port whether somebody uses it.
    pub fn new(networks: Option<&'a dyn ModelSource>, wanted: &'a [bool]) -> Self {
        Self { networks, wanted: Some(wanted), warnings: RefCell::default() }
    }

    /// The network of this name.
    ///
    /// # Errors
    /// When the host has none, or not this one.
    pub fn network(&self, model: &str) -> Result<&'a dyn SaliencyNetwork, Failure> {
        match self.networks {
            Some(networks) => networks.get(model),
            None => Err(Failure::new(
                ErrorCategory::SystemError,
                Phase::Setup,
                format!("The network \"{model}\" is not loaded."),
                "Reload the page while the server can be reached, then retry it; or choose the method \"flat-backdrop\".",
            )),
        }
    }

    /// Whether somebody uses the picture of this output port.
    pub fn wants(&self, output: usize) -> bool {
        self.wanted.is_none_or(|wanted| wanted.get(output) == Some(&true))
    }

    /// Leaves a doubt about the result.
    pub fn warn(&self, warning: Warning) {
        self.warnings.borrow_mut().push(warning);
    }

    /// The doubts left so far, in their order.
    pub fn into_warnings(self) -> Vec<Warning> {
        self.warnings.into_inner()
    }
}
