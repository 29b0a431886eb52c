//! Trying a network's file before it is kept: in a worker of its own, whose memory goes with it.

use std::rc::Rc;

use web_sys::Blob;

use super::errand;
use super::pool::{FromPool, Program};
use crate::error::{ErrorCategory, Failure, Phase};
use crate::protocol::{FromWorker, ToWorker};

/// Time for loading a file and running it once: 5 minutes.
const TRIAL_MS: f64 = 300_000.0;

/// Loads the file and runs it once.
///
/// # Errors
/// Why it is no network for this program.
pub(super) async fn try_network(program: &Rc<Program>, file: &Blob) -> Result<(), Failure> {
    match errand::run(program, ToWorker::Try, file.into(), TRIAL_MS).await {
        Ok(FromPool::Report(FromWorker::Tried { failure })) => failure.map_or(Ok(()), Err),
        Ok(_) => Err(unusable("it was stopped")),
        Err(why) => Err(unusable(&why)),
    }
}

fn unusable(reason: &str) -> Failure {
    Failure::new(
        ErrorCategory::SystemError,
        Phase::Setup,
        format!("The network could not be tried: {reason}."),
        "Close other tabs and try again, or choose a smaller network.",
    )
}
