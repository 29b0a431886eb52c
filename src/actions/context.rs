//! What a kernel may use while it works on one picture, and where it reports warnings.

use std::cell::RefCell;

use crate::error::{ErrorCategory, Failure, Phase, Warning};
use crate::image::resample::ChromaUse;
use crate::network::{ModelSource, SaliencyNetwork};

/// The environment of one run of one kernel.
///
/// The default has no model and wants every output.
#[derive(Default)]
pub struct Context<'a> {
    networks: Option<&'a dyn ModelSource>,
    wanted: Option<&'a [bool]>,
    chroma: ChromaUse,
    warnings: RefCell<Vec<Warning>>,
}

impl<'a> Context<'a> {
    /// An environment with the host's models, and for each output port whether it is used.
    pub fn new(networks: Option<&'a dyn ModelSource>, wanted: &'a [bool]) -> Self {
        Self { networks, wanted: Some(wanted), ..Self::default() }
    }

    /// The same surroundings, with what planar results are for.
    pub fn with_chroma(self, chroma: ChromaUse) -> Self {
        Self { chroma, ..self }
    }

    /// What the colour of a planar result is for.
    pub fn chroma(&self) -> ChromaUse {
        self.chroma
    }

    /// The model with this name.
    ///
    /// # Errors
    /// When the host has no models, or not this one.
    pub fn network(&self, model: &str) -> Result<&'a dyn SaliencyNetwork, Failure> {
        match self.networks {
            Some(networks) => networks.get(model),
            None => Err(Failure::new(
                ErrorCategory::SystemError,
                Phase::Setup,
                format!("The model \"{model}\" is not loaded."),
                "Reload the page while the server is reachable, then retry it; or choose the method \"flat-backdrop\".",
            )),
        }
    }

    /// Whether the picture of this output port is used.
    pub fn wants(&self, output: usize) -> bool {
        self.wanted.is_none_or(|wanted| wanted.get(output) == Some(&true))
    }

    /// Reports a warning about the result.
    pub fn warn(&self, warning: Warning) {
        self.warnings.borrow_mut().push(warning);
    }

    /// The warnings so far, in order.
    pub fn into_warnings(self) -> Vec<Warning> {
        self.warnings.into_inner()
    }
}
