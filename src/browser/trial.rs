//! Trying a network's file before it is kept: in a worker of its own, whose memory goes with it.

use std::cell::RefCell;
use std::rc::Rc;

use web_sys::Blob;

use super::interop::{Timer, handover};
use super::pool::{FromPool, Handle, Program};
use crate::batch::scheduler::Death;
use crate::error::{ErrorCategory, Failure, Phase};
use crate::protocol::{FromWorker, ToWorker};

/// Time for loading a file and running it once: 5 minutes.
const TRIAL_MS: f64 = 300_000.0;

/// Loads the file and runs it once.
///
/// # Errors
/// Why it is no network for this program.
pub(super) async fn try_network(program: &Rc<Program>, file: &Blob) -> Result<(), Failure> {
    let (sender, receiver) = handover();
    let sender = Rc::new(sender);
    let worker: Rc<RefCell<Option<Handle>>> = Rc::default();
    let (own, file, answer) = (worker.clone(), file.clone(), sender.clone());
    let handle = Handle::spawn(program, move |message| match message {
        FromPool::Ready => {
            if let Some(handle) = &*own.borrow() {
                handle.send(&ToWorker::Try, &file);
            }
        }
        FromPool::Report(FromWorker::Tried { failure }) => answer.send(failure.map_or(Ok(()), Err)),
        FromPool::Died(Death::OutOfMemory, _) => answer.send(Err(unusable("the memory does not suffice"))),
        FromPool::Died(_, message) => answer.send(Err(unusable(&message))),
        FromPool::Report(_) | FromPool::Waits => {}
    });
    *worker.borrow_mut() = Some(handle.map_err(|error| unusable(&error))?);
    let _timer = Timer::new(TRIAL_MS, move || sender.send(Err(unusable("it takes too long"))));
    let answer = receiver.await;
    // The worker ends; it and its listener hold each other until then.
    drop(worker.borrow_mut().take());
    answer.unwrap_or_else(|| Err(unusable("the trial was stopped")))
}

fn unusable(reason: &str) -> Failure {
    Failure::new(
        ErrorCategory::SystemError,
        Phase::Setup,
        format!("The network could not be tried: {reason}."),
        "Close other tabs and try again, or choose a smaller network.",
    )
}
