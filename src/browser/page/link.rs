//! The page's connection to its service: starts it, passes calls to it and what it says to the client, and starts it
//! again if it dies.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use gloo_timers::callback::Timeout;
use js_sys::Array;
use wasm_bindgen::prelude::*;
use web_sys::{Event, MessageEvent, Worker, WorkerOptions};

use super::super::environment::random;
use super::super::interop::{
    Listener, Receiver, Sender, describe, from_js, handover, property, set_property, spawn, to_js,
};
use super::super::locks;
use super::super::program::Program;
use crate::api::{ApiError, Asset};
use crate::compact::SortedMap;
use crate::protocol::{BUILD_ID, UPDATED};
use crate::selection::HeaderCheck;
use crate::service::{CALL, Call, FromService, Setup, Stopped, ToService, VERSION};

thread_local! {
    /// Keeps an uncaught exception in a worker from becoming one here. The worker reports it itself.
    static PREVENT: Closure<dyn Fn(Event)> = Closure::new(|event: Event| event.prevent_default());
}

/// Time for the service's code to start, in milliseconds.
const START_MS: u32 = 30_000;
/// Starts in a row that may fail before the page gives up.
const MAX_FAILED_STARTS: u32 = 3;

/// Receives what an import has stored since its last call, and what the header of each says.
pub type OnStored = Rc<dyn Fn(&[Asset], &[Option<HeaderCheck>])>;

/// Why a call was refused.
#[derive(Clone, Debug)]
pub(super) struct Refused {
    pub(super) error: ApiError,
    /// For an import that stopped early.
    pub(super) import: Option<Stopped>,
}

/// The answer to a call, and the files that belong to it.
pub(super) type Answered = Result<(JsValue, JsValue), Refused>;

/// What the service says, apart from answers; with the value that belongs to it.
pub(super) enum Said {
    /// A message.
    Message(FromService, JsValue),
    /// It does not run and will not be started again: why.
    Over(ApiError),
}

struct Pending {
    answer: Sender<Answered>,
    on_stored: Option<OnStored>,
}

/// A running service; stopped when dropped.
struct Running {
    worker: Worker,
    _listeners: Vec<Listener>,
    /// Until its code has started.
    start: Option<Timeout>,
    /// The workers that were started for it, by name.
    workers: SortedMap<String, Started>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.worker.terminate();
    }
}

/// A worker of the service; stopped when dropped.
struct Started {
    worker: Worker,
    _failed: Listener,
}

impl Drop for Started {
    fn drop(&mut self) {
        self.worker.terminate();
    }
}

/// The connection.
pub(super) struct Link {
    own: Weak<Self>,
    program: Program,
    setup: RefCell<Setup>,
    running: RefCell<Option<Running>>,
    /// Counts the services that were started: what an earlier one says does not matter any more.
    generation: Cell<u32>,
    failed_starts: Cell<u32>,
    /// Whether the service accepts calls.
    accepts: Cell<bool>,
    /// Why there is no service any more.
    over: RefCell<Option<ApiError>>,
    /// Calls that wait until it does, ready to be posted.
    waiting: RefCell<Vec<Array>>,
    tickets: Cell<u32>,
    pending: RefCell<SortedMap<u32, Pending>>,
    said: Box<dyn Fn(Said)>,
}

impl Link {
    /// Starts the service. `said` receives what it says.
    pub(super) fn start(program: Program, setup: Setup, said: impl Fn(Said) + 'static) -> Rc<Self> {
        let link = Rc::new_cyclic(|own| Self {
            own: own.clone(),
            program,
            setup: RefCell::new(setup),
            running: RefCell::default(),
            generation: Cell::new(0),
            failed_starts: Cell::new(0),
            accepts: Cell::new(false),
            over: RefCell::default(),
            waiting: RefCell::default(),
            tickets: Cell::new(0),
            pending: RefCell::default(),
            said: Box::new(said),
        });
        link.run();
        link
    }

    /// Requests an operation, with the files that belong to it. The service receives it in this task, unless it is
    /// being started.
    pub(super) fn call(&self, call: Call, files: &JsValue, on_stored: Option<OnStored>) -> Receiver<Answered> {
        match to_js(&call) {
            Ok(call) => self.call_by_name(&call, files, on_stored),
            Err(error) => {
                let (answer, receiver) = handover();
                answer.send(Err(unreadable(&describe(&error))));
                receiver
            }
        }
    }

    /// The same with the call as the message has it.
    pub(super) fn call_by_name(
        &self,
        call: &JsValue,
        files: &JsValue,
        on_stored: Option<OnStored>,
    ) -> Receiver<Answered> {
        let (answer, receiver) = handover();
        if let Some(error) = &*self.over.borrow() {
            answer.send(Err(Refused { error: error.clone(), import: None }));
            return receiver;
        }
        let ticket = self.tickets.get();
        self.tickets.set(ticket.wrapping_add(1));
        let message = js_sys::Object::new();
        set_property(&message, CALL, &Array::of2(&ticket.into(), call));
        let message = Array::of2(&message, files);
        if !self.accepts.get() {
            self.pending.borrow_mut().insert(ticket, Pending { answer, on_stored });
            self.waiting.borrow_mut().push(message);
            return receiver;
        }
        match self.post(&message) {
            Ok(()) => {
                self.pending.borrow_mut().insert(ticket, Pending { answer, on_stored });
            }
            Err(error) => answer.send(Err(unreadable(&describe(&error)))),
        }
        receiver
    }

    /// Tells the service something that is no call.
    pub(super) fn tell(&self, message: &ToService) {
        if let Err(error) = to_js(message).and_then(|message| self.post(&Array::of1(&message))) {
            web_sys::console::error_1(&error);
        }
    }

    fn post(&self, message: &Array) -> Result<(), JsValue> {
        match &*self.running.borrow() {
            Some(running) => running.worker.post_message(message),
            None => Ok(()),
        }
    }

    /// Starts a service in place of the one before.
    fn run(&self) {
        let generation = self.generation.get() + 1;
        self.generation.set(generation);
        self.accepts.set(false);
        let name = format!("pixelmill-service:{:08x}{:08x}", random(), random());
        let started = start_worker(&self.program.script_url, &name, |worker| worker.post_message(&self.program.module));
        let worker = match started {
            Ok(worker) => worker,
            Err(why) => return self.give_up(&why),
        };
        let own = self.own.clone();
        let messages = Listener::new(&worker, "message", move |event| {
            let data: Array = event.unchecked_into::<MessageEvent>().data().unchecked_into();
            if let Some(link) = own.upgrade().filter(|link| link.generation.get() == generation) {
                link.heard(&data, &name);
            }
        });
        let lost = |kind: &'static str| {
            let own = self.own.clone();
            Listener::new(&worker, kind, move |event: Event| died(&own, generation, message_of(&event)))
        };
        let listeners = vec![messages, lost("error"), lost("messageerror")];
        let own = self.own.clone();
        let start = Timeout::new(START_MS, move || {
            died(&own, generation, "it did not start".to_owned());
        });
        let workers = SortedMap::default();
        *self.running.borrow_mut() = Some(Running { worker, _listeners: listeners, start: Some(start), workers });
    }

    /// Starts a worker for the service and hands it the port to it.
    fn start_worker(&self, name: String, script: &str, port: &JsValue) {
        let failed = |own: &Weak<Self>, name: &str, message: String| {
            if let Some(link) = own.upgrade() {
                link.tell(&ToService::WorkerFailed { name: name.to_owned(), message });
            }
        };
        let hand_over = |worker: &Worker| worker.post_message_with_transfer(&JsValue::UNDEFINED, &Array::of1(port));
        let started = start_worker(script, &name, hand_over);
        match started {
            Ok(worker) => {
                let (own, its_name) = (self.own.clone(), name.clone());
                let _failed = Listener::new(&worker, "error", move |event: Event| {
                    failed(&own, &its_name, message_of(&event));
                });
                if let Some(running) = &mut *self.running.borrow_mut() {
                    running.workers.insert(name, Started { worker, _failed });
                }
            }
            Err(why) => failed(&self.own, &name, why),
        }
    }

    fn heard(&self, data: &Array, name: &str) {
        let (value, files) = (data.get(1), data.get(2));
        let message = match from_js::<FromService>(&data.get(0)) {
            Ok(message) => message,
            Err(error) => return web_sys::console::error_1(&error.into()),
        };
        match message {
            FromService::Alive => {
                let (own, generation) = (self.own.clone(), self.generation.get());
                locks::outlive(name, move || died(&own, generation, "it is gone".to_owned()));
            }
            FromService::Crashed { message, .. } => died(&self.own, self.generation.get(), message),
            FromService::Ready { version, build_id } if version == VERSION && build_id == BUILD_ID => {
                // From here on it waits for downloads, or for another tab to be closed, however long that takes.
                if let Some(running) = &mut *self.running.borrow_mut() {
                    running.start = None;
                }
                self.tell(&ToService::Start(self.setup.borrow().clone()));
                // It was told once.
                self.setup.borrow_mut().suspended = None;
            }
            FromService::Ready { .. } => self.end(ApiError::internal(UPDATED)),
            FromService::Failed(error) => self.end(error),
            FromService::Answer { ticket } => {
                if let Some(pending) = self.pending.borrow_mut().remove(&ticket) {
                    pending.answer.send(Ok((value, files)));
                }
            }
            FromService::Refused { ticket, error, import } => {
                if let Some(pending) = self.pending.borrow_mut().remove(&ticket) {
                    pending.answer.send(Err(Refused { error, import }));
                }
            }
            FromService::Stored { ticket, assets, headers } => {
                let on_stored = self.pending.borrow().get(&ticket).and_then(|pending| pending.on_stored.clone());
                if let Some(on_stored) = on_stored {
                    on_stored(&assets, &headers);
                }
            }
            message @ FromService::Started(_) => {
                self.failed_starts.set(0);
                self.accepts.set(true);
                (self.said)(Said::Message(message, value));
                for message in self.waiting.take() {
                    if let Err(error) = self.post(&message) {
                        web_sys::console::error_1(&error);
                    }
                }
            }
            FromService::StartWorker { name, script } => self.start_worker(name, &script, &value),
            FromService::StopWorker { name } => {
                let stopped = self.running.borrow_mut().as_mut().and_then(|running| running.workers.remove(&name));
                drop(stopped);
            }
            message @ (FromService::Blocked
            | FromService::Catalog(_)
            | FromService::Event(_)
            | FromService::State(_)
            | FromService::AsksWhenLeft
            | FromService::Announce { .. }) => (self.said)(Said::Message(message, value)),
        }
    }

    /// The service is gone: what it was asked is refused, and another is started.
    fn died(&self, why: &str) {
        web_sys::console::warn_1(&format!("The service is started again: {why}").into());
        self.running.borrow_mut().take();
        if self.accepts.replace(false) {
            let error =
                ApiError::internal("The service that runs the batches stopped and was started again. Try again.");
            self.refuse_all(&error);
        }
        self.failed_starts.set(self.failed_starts.get() + 1);
        if self.failed_starts.get() >= MAX_FAILED_STARTS {
            self.give_up(why);
        } else {
            self.run();
        }
    }

    fn give_up(&self, why: &str) {
        self.end(ApiError::internal(format!(
            "The service that runs the batches does not start: {why}. Reload the page; if that does not help, update \
             the browser."
        )));
    }

    /// Stops it for good: whatever is asked is refused.
    pub(super) fn end(&self, error: ApiError) {
        self.running.borrow_mut().take();
        self.waiting.borrow_mut().clear();
        *self.over.borrow_mut() = Some(error.clone());
        self.refuse_all(&error);
        (self.said)(Said::Over(error));
    }

    fn refuse_all(&self, error: &ApiError) {
        for pending in std::mem::take(&mut *self.pending.borrow_mut()).into_values() {
            pending.answer.send(Err(Refused { error: error.clone(), import: None }));
        }
    }
}

/// Starts a worker with this script and name, and posts its first message.
///
/// # Errors
/// Why the browser does not start it.
fn start_worker(script: &str, name: &str, post: impl FnOnce(&Worker) -> Result<(), JsValue>) -> Result<Worker, String> {
    let options = WorkerOptions::new();
    options.set_name(name);
    let started = Worker::new_with_options(script, &options).and_then(|worker| {
        // Kept for good: an error may arrive after the worker was given up.
        PREVENT.with(|prevent| worker.set_onerror(Some(prevent.as_ref().unchecked_ref())));
        post(&worker)?;
        Ok(worker)
    });
    started.map_err(|error| describe(&error))
}

/// What an event says went wrong, or else its kind.
fn message_of(event: &Event) -> String {
    property(event, "message").as_string().unwrap_or_else(|| event.type_())
}

/// Reports the death of a service, unless a later one runs. In a task of its own: what follows drops the listener or
/// timer that noticed it.
fn died(link: &Weak<Link>, generation: u32, why: String) {
    let Some(link) = link.upgrade() else { return };
    spawn(async move {
        if link.generation.get() == generation && link.running.borrow().is_some() {
            link.died(&why);
        }
    });
}

fn unreadable(why: &str) -> Refused {
    Refused { error: ApiError::invalid(format!("The call cannot be sent to the service: {why}.")), import: None }
}
