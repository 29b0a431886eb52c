//! Testing a model before it is stored, in a worker of its own whose memory is freed afterwards.

use std::rc::Rc;

use web_sys::Blob;

use super::one_shot;
use super::pool::{FromPool, Program};
use crate::error::{ErrorCategory, Failure, Phase};
use crate::protocol::{FromWorker, ToWorker};

/// Time limit for loading a model and running it once: 5 minutes.
const PROBE_MS: u32 = 300_000;

/// Loads the model and runs it once.
///
/// # Errors
/// Why this program cannot use it.
pub(super) async fn probe_model(program: &Rc<Program>, file: &Blob) -> Result<(), Failure> {
    match one_shot::run(program, ToWorker::ProbeModel, file.into(), Some(PROBE_MS)).await {
        Ok(FromPool::Report(FromWorker::ModelProbed { failure })) => failure.map_or(Ok(()), Err),
        Ok(_) => Err(unusable("it was stopped")),
        Err(why) => Err(unusable(&why)),
    }
}

fn unusable(reason: &str) -> Failure {
    Failure::new(
        ErrorCategory::SystemError,
        Phase::Setup,
        format!("The model could not be tested: {reason}."),
        "Close other tabs and try again, or choose a smaller model.",
    )
}
