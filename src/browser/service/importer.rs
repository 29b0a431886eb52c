//! Imports on the service's side: one worker, separate from the scheduler's, reads, hashes and stores files.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use js_sys::Array;
use web_sys::Blob;

use super::super::interop::{Receiver, Sender, handover};
use super::pool::{FromPool, Handle, Program};
use crate::api::Asset;
use crate::batch::scheduler::MAX_FAILED_STARTS;
use crate::compact::SortedMap;
use crate::protocol::{FromWorker, ImportStop, ToWorker};
use crate::selection::HeaderCheck;

/// The outcome of an import: what is stored, and why it stopped early, if it did.
pub(super) type Ended = (Vec<Asset>, Option<ImportStop>);

/// Receives what was stored since its last call, and what the header of each says.
pub(super) type OnStored = Rc<dyn Fn(&[Asset], &[Option<HeaderCheck>])>;

struct Import {
    imported: Vec<Asset>,
    on_stored: Option<OnStored>,
    ended: Sender<Ended>,
}

struct Waiting {
    ticket: u32,
    check: bool,
    files: Vec<Blob>,
}

/// The service's connection to the import worker, which is started when it is first needed.
pub(super) struct Importer {
    own: Weak<Self>,
    program: Rc<Program>,
    worker: RefCell<Option<Handle>>,
    ready: Cell<bool>,
    failed_starts: Cell<u32>,
    /// Imports that wait for the worker to start.
    waiting: RefCell<Vec<Waiting>>,
    imports: RefCell<SortedMap<u32, Import>>,
    tickets: Cell<u32>,
}

impl Importer {
    pub(super) fn new(program: Rc<Program>) -> Rc<Self> {
        Rc::new_cyclic(|own| Self {
            own: own.clone(),
            program,
            worker: RefCell::default(),
            ready: Cell::new(false),
            failed_starts: Cell::new(0),
            waiting: RefCell::default(),
            imports: RefCell::default(),
            tickets: Cell::new(0),
        })
    }

    /// Stores files in order. If `on_stored` is given, their headers are read for it.
    pub(super) fn import(&self, files: Vec<Blob>, on_stored: Option<OnStored>) -> Receiver<Ended> {
        let ticket = self.tickets.get();
        self.tickets.set(ticket.wrapping_add(1));
        let (ended, receiver) = handover();
        let waiting = Waiting { ticket, check: on_stored.is_some(), files };
        let import = Import { imported: Vec::new(), on_stored, ended };
        self.imports.borrow_mut().insert(ticket, import);
        if self.ready.get() {
            self.send(waiting);
            return receiver;
        }
        self.waiting.borrow_mut().push(waiting);
        if self.worker.borrow().is_none() {
            self.start();
        }
        receiver
    }

    fn start(&self) {
        let own = self.own.clone();
        let worker = Handle::spawn(&self.program, move |message| {
            if let Some(importer) = own.upgrade() {
                super::super::interop::spawn(async move { importer.heard(message) });
            }
        });
        match worker {
            Ok(worker) => *self.worker.borrow_mut() = Some(worker),
            Err(error) => self.lost(&error),
        }
    }

    fn send(&self, Waiting { ticket, check, files }: Waiting) {
        let files: Array = files.iter().collect();
        if let Some(worker) = &*self.worker.borrow() {
            worker.send(&ToWorker::Import { ticket, check }, &files);
        }
    }

    fn heard(&self, message: FromPool) {
        match message {
            FromPool::Ready => {
                self.ready.set(true);
                self.failed_starts.set(0);
                self.waiting.take().into_iter().for_each(|waiting| self.send(waiting));
            }
            FromPool::Died(_, message) => self.died(&message),
            FromPool::Report(FromWorker::Imported { ticket, assets, headers }) => {
                let stored: Vec<Asset> = assets.iter().map(Asset::from).collect();
                let on_stored = {
                    let mut imports = self.imports.borrow_mut();
                    let Some(import) = imports.get_mut(&ticket) else { return };
                    import.imported.extend_from_slice(&stored);
                    import.on_stored.clone()
                };
                if let Some(on_stored) = on_stored {
                    on_stored(&stored, &headers);
                }
            }
            FromPool::Report(FromWorker::ImportEnded { ticket, failure }) => {
                let import = self.imports.borrow_mut().remove(&ticket);
                if let Some(import) = import {
                    import.ended.send((import.imported, failure));
                }
            }
            FromPool::Report(_)
            | FromPool::Archive(_)
            | FromPool::Probed(_)
            | FromPool::Unpacked(..)
            | FromPool::Previewed(..)
            | FromPool::Waits => {}
        }
    }

    /// The worker is gone. It is replaced if it had not started on anything yet.
    fn died(&self, why: &str) {
        self.worker.borrow_mut().take();
        self.failed_starts.set(self.failed_starts.get() + 1);
        if self.ready.get() || self.program.outdated.get() || self.failed_starts.get() >= MAX_FAILED_STARTS {
            self.lost(why);
        } else {
            self.start();
        }
    }

    /// Ends the current imports; the next import starts a new worker.
    fn lost(&self, why: &str) {
        self.worker.borrow_mut().take();
        self.ready.set(false);
        self.failed_starts.set(0);
        self.waiting.borrow_mut().clear();
        let imports = std::mem::take(&mut *self.imports.borrow_mut());
        for import in imports.into_values() {
            let stop = ImportStop::general(format!("The import stopped: {why}"));
            import.ended.send((import.imported, Some(stop)));
        }
    }
}
