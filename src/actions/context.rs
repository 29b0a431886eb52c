//! What a kernel may use while it works on one picture, and where it reports warnings.

use std::cell::RefCell;

use crate::error::{ErrorCategory, Failure, Phase, Warning};
use crate::image::resample::ChromaUse;
use crate::network::{Missing, ModelSource, SaliencyNetwork};

/// Why a run ended without results.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stop {
    /// It failed.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// It needs the model with this name, which the host has not loaded yet. This is not a failure: the host loads it
    /// and runs the picture again.
    #[error("the model \"{0}\" has not been loaded")]
    NeedsModel(String),
}

impl Stop {
    /// The same, placed in an action if it is a failure (kept if one is named already).
    pub fn at(self, action_id: &str) -> Self {
        match self {
            Self::Failed(failure) => Self::Failed(failure.at(action_id)),
            Self::NeedsModel(_) => self,
        }
    }

    /// As a failure, for a host that does not load models while it runs.
    pub fn into_failure(self) -> Failure {
        match self {
            Self::Failed(failure) => failure,
            Self::NeedsModel(model) => not_loaded(&model),
        }
    }
}

fn not_loaded(model: &str) -> Failure {
    Failure::new(
        ErrorCategory::SystemError,
        Phase::Setup,
        format!("The model \"{model}\" is not loaded."),
        "Reload the page while the server is reachable, then retry it; or choose the method \"flat-backdrop\".",
    )
}

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
    pub fn network(&self, model: &str) -> Result<&'a dyn SaliencyNetwork, Stop> {
        let Some(networks) = self.networks else { return Err(not_loaded(model).into()) };
        networks.get(model).map_err(|missing| match missing {
            Missing::NotLoaded => Stop::NeedsModel(model.to_owned()),
            Missing::Failed(failure) => Stop::Failed(failure),
        })
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
