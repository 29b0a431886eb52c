//! One task in a worker of its own, which is stopped afterwards and frees its memory.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gloo_timers::callback::Timeout;
use wasm_bindgen::prelude::*;

use super::super::interop::handover;
use super::pool::{FromPool, Handle, Program};
use crate::batch::scheduler::{Death, MAX_FAILED_STARTS};
use crate::protocol::{FromWorker, ToWorker};

/// Runs a task in a new worker and waits for its answer, at most `patience_ms` if given.
///
/// # Errors
/// Why there is no answer, as the end of a sentence.
pub(super) async fn run(
    program: &Rc<Program>,
    message: ToWorker,
    attachment: JsValue,
    patience_ms: Option<u32>,
) -> Result<FromPool, String> {
    let begun = Rc::new(Cell::new(false));
    let mut tries = 0;
    loop {
        tries += 1;
        let answer = run_once(program, message.clone(), attachment.clone(), patience_ms, begun.clone()).await;
        if answer.is_ok() || begun.get() || program.outdated.get() || tries == MAX_FAILED_STARTS {
            return answer;
        }
    }
}

/// One worker; `begun` is set once it has received the task.
async fn run_once(
    program: &Rc<Program>,
    message: ToWorker,
    attachment: JsValue,
    patience_ms: Option<u32>,
    begun: Rc<Cell<bool>>,
) -> Result<FromPool, String> {
    let (sender, receiver) = handover();
    let sender = Rc::new(sender);
    let worker: Rc<RefCell<Option<Handle>>> = Rc::default();
    let (own, answer) = (worker.clone(), sender.clone());
    let handle = Handle::spawn(program, move |heard| match heard {
        FromPool::Ready => {
            begun.set(true);
            if let Some(handle) = &*own.borrow() {
                handle.send(&message, &attachment);
            }
        }
        FromPool::Archive(_)
        | FromPool::Probed(_)
        | FromPool::Unpacked(..)
        | FromPool::Report(
            FromWorker::FileProbed { .. }
            | FromWorker::RowsRead { .. }
            | FromWorker::Exported { .. }
            | FromWorker::ArchiveImported { .. }
            | FromWorker::Unpacked { .. },
        ) => {
            answer.send(Ok(heard));
        }
        FromPool::Died(Death::OutOfMemory, _) => answer.send(Err("there is not enough memory".to_owned())),
        FromPool::Died(_, message) => answer.send(Err(message)),
        FromPool::Report(_) | FromPool::Previewed(..) | FromPool::Waits => {}
    });
    *worker.borrow_mut() = Some(handle?);
    let _timer = patience_ms.map(|ms| Timeout::new(ms, move || sender.send(Err("it took too long".to_owned()))));
    let answer = receiver.await;
    // Stops the worker; until then it and its listener keep each other alive.
    drop(worker.borrow_mut().take());
    answer.unwrap_or_else(|| Err("it was stopped".to_owned()))
}
