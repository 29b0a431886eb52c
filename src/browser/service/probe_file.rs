//! Reading a file that actions are to use before it is stored, in a worker of its own whose memory is freed afterwards.

use std::rc::Rc;

use web_sys::Blob;

use super::one_shot;
use super::pool::{FromPool, Program};
use crate::error::{ErrorCategory, Failure, Phase};
use crate::protocol::{FromWorker, ToWorker};
use crate::user_file::FileKind;

/// Time limit, which is that for loading a model and running it once: 5 minutes.
const PROBE_MS: u32 = 300_000;

/// Reads the file as what it is to be, and runs a model once.
///
/// # Errors
/// Why this program cannot use it.
pub(super) async fn probe_file(program: &Rc<Program>, kind: FileKind, file: &Blob) -> Result<(), Failure> {
    match one_shot::run(program, ToWorker::ProbeFile { kind }, file.into(), Some(PROBE_MS)).await {
        Ok(FromPool::Report(FromWorker::FileProbed { failure })) => failure.map_or(Ok(()), Err),
        Ok(_) => Err(unusable(kind, "it was stopped")),
        Err(why) => Err(unusable(kind, &why)),
    }
}

fn unusable(kind: FileKind, reason: &str) -> Failure {
    let noun = kind.noun();
    Failure::new(
        ErrorCategory::SystemError,
        Phase::Setup,
        format!("The {noun} could not be tested: {reason}."),
        format!("Close other tabs and try again, or choose a smaller {noun}."),
    )
}
