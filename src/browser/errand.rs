//! One errand for a worker of its own, whose memory goes with it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use wasm_bindgen::prelude::*;

use super::interop::{Timer, handover};
use super::pool::{FromPool, Handle, Program};
use crate::batch::scheduler::Death;
use crate::protocol::{FromWorker, ToWorker};

/// Workers that are tried, when they die before they have heard of the errand.
const TRIES: u32 = 3;

/// Sends a worker off and waits for what it brings; at most so long.
///
/// # Errors
/// What came between, as the end of a sentence.
pub(super) async fn run(
    program: &Rc<Program>,
    message: ToWorker,
    attachment: JsValue,
    patience_ms: f64,
) -> Result<FromPool, String> {
    let begun = Rc::new(Cell::new(false));
    let mut tries = 0;
    loop {
        tries += 1;
        let answer = send_off(program, message.clone(), attachment.clone(), patience_ms, begun.clone()).await;
        if answer.is_ok() || begun.get() || tries == TRIES {
            return answer;
        }
    }
}

/// One worker; `begun` tells whether it has heard of the errand.
async fn send_off(
    program: &Rc<Program>,
    message: ToWorker,
    attachment: JsValue,
    patience_ms: f64,
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
        | FromPool::Report(FromWorker::Tried { .. } | FromWorker::Exported { .. } | FromWorker::TakenIn { .. }) => {
            answer.send(Ok(heard));
        }
        FromPool::Died(Death::OutOfMemory, _) => answer.send(Err("the memory does not suffice".to_owned())),
        FromPool::Died(_, message) => answer.send(Err(message)),
        FromPool::Report(_) | FromPool::Waits => {}
    });
    *worker.borrow_mut() = Some(handle?);
    let _timer = Timer::new(patience_ms, move || sender.send(Err("it takes too long".to_owned())));
    let answer = receiver.await;
    // The worker ends; it and its listener hold each other until then.
    drop(worker.borrow_mut().take());
    answer.unwrap_or_else(|| Err("it was stopped".to_owned()))
}
