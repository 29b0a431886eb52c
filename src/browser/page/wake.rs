//! Keeping the device awake while a batch runs, with the browser's screen wake lock if it has one. Each tab requests
//! its own, because only a visible tab gets one.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use gloo_timers::callback::Timeout;
use js_sys::Promise;
use wasm_bindgen::prelude::*;

use super::super::interop::{Listener, property, settled, spawn};
use crate::api::Event;
use crate::compact::SortedSet;

#[wasm_bindgen]
extern "C" {
    type WakeLock;
    #[wasm_bindgen(method)]
    fn request(this: &WakeLock, kind: &str) -> Promise;

    type Sentinel;
    #[wasm_bindgen(method, getter)]
    fn released(this: &Sentinel) -> bool;
    #[wasm_bindgen(method)]
    fn release(this: &Sentinel) -> Promise;
}

/// How long the lock is kept when nothing runs, since the next picture usually follows at once.
const LINGER_MS: u32 = 2_000;

/// This tab's wake lock.
pub(super) struct Wake {
    own: Weak<Self>,
    manager: WakeLock,
    /// Batches that have pictures in flight.
    running: RefCell<SortedSet<String>>,
    held: RefCell<Option<Sentinel>>,
    asking: Cell<bool>,
    lingering: RefCell<Option<Timeout>>,
    listening: RefCell<Option<Listener>>,
}

impl Wake {
    /// `None` if the browser has no wake lock.
    pub(super) fn new() -> Option<Rc<Self>> {
        let manager = property(&property(&js_sys::global(), "navigator"), "wakeLock");
        let document = web_sys::window()?.document()?;
        if !manager.is_object() {
            return None;
        }
        let wake = Rc::new_cyclic(|own: &Weak<Self>| Self {
            own: own.clone(),
            manager: manager.unchecked_into(),
            running: RefCell::default(),
            held: RefCell::default(),
            asking: Cell::new(false),
            lingering: RefCell::default(),
            listening: RefCell::default(),
        });
        let own = wake.own.clone();
        // The browser releases the lock of a tab that is hidden.
        let shown = Listener::new(&document, "visibilitychange", move |_| {
            if let Some(wake) = own.upgrade() {
                wake.settle();
            }
        });
        *wake.listening.borrow_mut() = Some(shown);
        Some(wake)
    }

    /// Follows what runs.
    pub(super) fn follow(&self, event: &Event) {
        match event {
            Event::Progress(progress) => self.note(&progress.batch_id, progress.assets.processing > 0),
            Event::BatchCompleted(progress) => self.note(&progress.batch_id, false),
            Event::BatchDeleted { batch_id } => self.note(batch_id, false),
            _ => {}
        }
    }

    /// Releases the lock for good.
    pub(super) fn stop(&self) {
        self.listening.take();
        self.lingering.take();
        self.running.borrow_mut().clear();
        self.settle();
    }

    fn note(&self, batch_id: &str, runs: bool) {
        let quiet = {
            let mut running = self.running.borrow_mut();
            if runs {
                running.insert(batch_id.to_owned());
            } else if !running.remove(batch_id) {
                return;
            }
            running.is_empty()
        };
        if !quiet {
            self.lingering.borrow_mut().take();
            return self.settle();
        }
        let own = self.own.clone();
        let timer = Timeout::new(LINGER_MS, move || {
            // In a task of its own: the timer must not drop itself.
            if let Some(wake) = own.upgrade() {
                spawn(async move { wake.settle() });
            }
        });
        *self.lingering.borrow_mut() = Some(timer);
    }

    fn is_wanted(&self) -> bool {
        let hidden = web_sys::window().and_then(|window| window.document()).is_none_or(|document| document.hidden());
        !hidden && !self.running.borrow().is_empty()
    }

    /// Requests the lock or releases it, as the current state requires.
    fn settle(&self) {
        if !self.is_wanted() {
            let held = self.held.borrow_mut().take();
            if let Some(held) = held.filter(|held| !held.released()) {
                spawn(async move {
                    let _gone_anyway = settled(held.release()).await;
                });
            }
            return;
        }
        let holds = self.held.borrow().as_ref().is_some_and(|held| !held.released());
        if holds || self.asking.replace(true) {
            return;
        }
        let Some(wake) = self.own.upgrade() else { return };
        spawn(async move {
            // A refusal, for example on low battery, is not worth reporting.
            let given = settled(wake.manager.request("screen")).await;
            wake.asking.set(false);
            if let Ok(given) = given {
                *wake.held.borrow_mut() = Some(given.unchecked_into());
                if !wake.is_wanted() && wake.lingering.borrow().is_none() {
                    wake.settle();
                }
            }
        });
    }
}
