//! Previews: a workflow over one picture, in a worker of its own that nothing is stored by. Only the newest request
//! counts: while one is being rendered, a newer one takes the place of the one that waits. Patient requests keep their
//! place behind it, and thumbnails of steps wait for all others.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use gloo_timers::callback::Timeout;
use js_sys::Array;
use wasm_bindgen::prelude::*;

use super::super::interop::{Sender, handover, spawn};
use super::pool::{FromPool, Handle, Program};
use crate::api::ApiError;
use crate::batch::scheduler::Death;
use crate::protocol::{FromWorker, Look, Previewed, ToWorker};

/// How long the worker is kept for the next request.
const IDLE_MS: u32 = 30_000;
/// Time limit for one preview; a download of a model does not count.
const LONGEST_MS: u32 = 60_000;

/// What a preview came to, with its files as a list of Blobs.
type Outcome = Result<(Previewed, Array), ApiError>;

struct Request {
    document: String,
    look: Look,
    answer: Sender<Outcome>,
}

/// The worker, once it is ready.
struct Running {
    handle: Handle,
    ready: bool,
}

/// Renders previews, one at a time.
pub(super) struct Previewer {
    own: Weak<Self>,
    program: Rc<Program>,
    worker: RefCell<Option<Running>>,
    /// Counts the workers: what an earlier one says does not matter any more.
    generation: Cell<u32>,
    current: RefCell<Option<Request>>,
    next: RefCell<Option<Request>>,
    /// Those that are patient, in order.
    patient: RefCell<VecDeque<Request>>,
    /// Thumbnails that are made when nothing else is wanted.
    last: RefCell<Option<Request>>,
    /// The name of the custom action that the worker is in.
    in_module: RefCell<Option<String>>,
    /// Ends the worker when nothing is asked for, or takes too long.
    timer: RefCell<Option<Timeout>>,
}

impl Previewer {
    pub(super) fn new(program: Rc<Program>) -> Rc<Self> {
        Rc::new_cyclic(|own| Self {
            own: own.clone(),
            program,
            worker: RefCell::default(),
            generation: Cell::new(0),
            current: RefCell::default(),
            next: RefCell::default(),
            patient: RefCell::default(),
            last: RefCell::default(),
            in_module: RefCell::default(),
            timer: RefCell::default(),
        })
    }

    /// Renders the first picture of a document.
    ///
    /// # Errors
    /// When a newer request came first, or the worker could not do it.
    pub(super) async fn preview(&self, document: String, look: Look) -> Outcome {
        let (answer, receiver) = handover();
        let request = Request { document, look, answer };
        if self.current.borrow().is_none() {
            self.begin(request);
        } else if look.patient {
            self.patient.borrow_mut().push_back(request);
        } else {
            let place = if look.steps { &self.last } else { &self.next };
            if let Some(older) = place.replace(Some(request)) {
                older.answer.send(Err(ApiError::internal("A newer preview was requested.")));
            }
        }
        receiver.await.unwrap_or_else(|| Err(ApiError::internal("The preview was stopped.")))
    }

    fn begin(&self, request: Request) {
        *self.current.borrow_mut() = Some(request);
        self.limit(LONGEST_MS);
        let is_ready = self.worker.borrow().as_ref().map(|worker| worker.ready);
        match is_ready {
            Some(true) => self.send(),
            Some(false) => {}
            None => self.start(),
        }
    }

    fn start(&self) {
        let generation = self.generation.get() + 1;
        self.generation.set(generation);
        let own = self.own.clone();
        let spawned = Handle::spawn(&self.program, move |heard| {
            if let Some(previewer) = own.upgrade().filter(|one| one.generation.get() == generation) {
                previewer.heard(heard);
            }
        });
        match spawned {
            Ok(handle) => *self.worker.borrow_mut() = Some(Running { handle, ready: false }),
            Err(why) => self.finish(Err(failed(&why))),
        }
    }

    fn send(&self) {
        if let (Some(worker), Some(request)) = (&*self.worker.borrow(), &*self.current.borrow()) {
            let message = ToWorker::Preview { document: request.document.clone(), look: request.look };
            worker.handle.send(&message, &JsValue::UNDEFINED);
        }
    }

    fn heard(&self, heard: FromPool) {
        match heard {
            FromPool::Ready => {
                if let Some(worker) = &mut *self.worker.borrow_mut() {
                    worker.ready = true;
                }
                self.send();
            }
            FromPool::Previewed(previewed, files) => self.finish(Ok((previewed, files))),
            FromPool::Waits => drop(self.timer.take()),
            FromPool::Report(FromWorker::InModule { name }) => *self.in_module.borrow_mut() = name,
            FromPool::Report(FromWorker::TakesLong { .. }) => self.limit(LONGEST_MS),
            FromPool::Report(FromWorker::WaitsForServer { ms }) => self.limit(LONGEST_MS.saturating_add(ms)),
            FromPool::Died(Death::OutOfMemory, _) => self.died("there is not enough memory"),
            FromPool::Died(_, why) => self.died(&why),
            FromPool::Report(_) | FromPool::Archive(_) | FromPool::Probed(_) | FromPool::Unpacked(..) => {}
        }
    }

    fn died(&self, why: &str) {
        self.end_worker();
        self.finish(Err(failed(why)));
    }

    /// Answers the current request and goes on with the one that waits.
    fn finish(&self, outcome: Outcome) {
        if let Some(request) = self.current.take() {
            request.answer.send(outcome);
        }
        let next = self.next.take().or_else(|| self.patient.borrow_mut().pop_front()).or_else(|| self.last.take());
        match next {
            Some(next) => self.begin(next),
            None => self.limit(IDLE_MS),
        }
    }

    /// Ends the worker after this time.
    fn limit(&self, ms: u32) {
        let own = self.own.clone();
        let timer = Timeout::new(ms, move || {
            // In a task of its own: the timer must not drop itself.
            spawn(async move {
                let Some(previewer) = own.upgrade() else { return };
                if previewer.current.borrow().is_some() {
                    match previewer.in_module.take() {
                        Some(name) => previewer.died(&format!("the custom action \"{name}\" took too long")),
                        None => previewer.died("it took too long"),
                    }
                } else {
                    previewer.end_worker();
                }
            });
        });
        *self.timer.borrow_mut() = Some(timer);
    }

    /// Stops the worker; in a task of its own, because its handle may be the one that is calling.
    fn end_worker(&self) {
        self.generation.set(self.generation.get() + 1);
        self.in_module.take();
        let worker = self.worker.take();
        spawn(async move { drop(worker) });
    }
}

fn failed(why: &str) -> ApiError {
    ApiError::internal(format!("The preview could not be rendered: {why}."))
}
