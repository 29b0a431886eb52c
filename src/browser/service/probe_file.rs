//! Reading a file that actions are to use before it is stored, in a worker of its own whose memory is freed afterwards.

use std::rc::Rc;

use serde_json::Value;
use web_sys::Blob;

use super::one_shot;
use super::pool::{FromPool, Program};
use crate::error::{ErrorCategory, Failure, Phase};
use crate::protocol::{FromWorker, ToWorker};
use crate::user_file::FileKind;

/// Time limit for loading a model and running it once: 5 minutes.
const MODEL_MS: u32 = 300_000;
/// Time limit for anything else.
const PROBE_MS: u32 = 30_000;

/// Reads the file as what it is to be, and runs a model once. A custom action says what it is. Returns the file as it is to be
/// stored too: a font may be packed.
///
/// # Errors
/// Why this program cannot use it.
pub(super) async fn probe_file(
    program: &Rc<Program>,
    kind: FileKind,
    file: Blob,
) -> Result<(Option<Value>, Blob), Failure> {
    let patience_ms = if kind == FileKind::Model { MODEL_MS } else { PROBE_MS };
    match one_shot::run(program, ToWorker::ProbeFile { kind }, file.clone().into(), Some(patience_ms)).await {
        Ok(FromPool::Probed(unpacked)) => Ok((None, unpacked)),
        Ok(FromPool::Report(FromWorker::FileProbed { failure, spec })) => failure.map_or(Ok((spec, file)), Err),
        Ok(_) => Err(unusable(kind, "it was stopped")),
        Err(why) => Err(unusable(kind, &why)),
    }
}

fn unusable(kind: FileKind, reason: &str) -> Failure {
    let noun = kind.noun();
    let hint = match kind {
        FileKind::Action => "Try again. If that does not help, its module does not say what it is.".to_owned(),
        _ => format!("Close other tabs and try again, or choose a smaller {noun}."),
    };
    let message = format!("The {noun} could not be tested: {reason}.");
    Failure::new(ErrorCategory::SystemError, Phase::Setup, message, hint)
}
