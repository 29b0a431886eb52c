//! Events between the services of all tabs, and to subscribers in this one: what one tab broadcasts reaches all of them, once it is durable.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use wasm_bindgen::prelude::*;
use web_sys::{BroadcastChannel, MessageEvent};

use super::super::interop::{Listener, from_js, to_js};
use crate::api::Event;
use crate::compact::SortedMap;
use crate::names::Names;

type Subscriber = Rc<dyn Fn(&Event)>;

/// The channel between tabs, and the subscribers in this one. Cheap to clone.
#[derive(Clone)]
pub(super) struct Exchange {
    inner: Rc<Inner>,
}

struct Inner {
    channel: Option<BroadcastChannel>,
    subscribers: RefCell<SortedMap<u64, Subscriber>>,
    next: Cell<u64>,
    listener: RefCell<Option<Listener>>,
}

/// Ends the subscription when dropped.
#[must_use = "dropping it ends the subscription"]
pub(super) struct Subscription {
    inner: Weak<Inner>,
    number: u64,
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(inner) = self.inner.upgrade() {
            inner.subscribers.borrow_mut().remove(&self.number);
        }
    }
}

impl Exchange {
    /// Connects to the other tabs with this database.
    pub(super) fn join(names: &Names) -> Self {
        Self::over(BroadcastChannel::new(&names.channel()).ok())
    }

    /// An exchange within this tab.
    pub(super) fn alone() -> Self {
        Self::over(None)
    }

    fn over(channel: Option<BroadcastChannel>) -> Self {
        let inner = Rc::new(Inner {
            channel,
            subscribers: RefCell::default(),
            next: Cell::new(0),
            listener: RefCell::default(),
        });
        if let Some(channel) = &inner.channel {
            let weak = Rc::downgrade(&inner);
            let listener = Listener::new(channel, "message", move |event| {
                let data = event.unchecked_into::<MessageEvent>().data();
                // A tab of another build may send events that this one does not know.
                if let (Some(inner), Ok(event)) = (weak.upgrade(), from_js::<Event>(&data)) {
                    inner.deliver(&event);
                }
            });
            *inner.listener.borrow_mut() = Some(listener);
        }
        Self { inner }
    }

    /// Delivers an event in every tab, this one included.
    pub(super) fn broadcast(&self, event: &Event) {
        if let Some(channel) = &self.inner.channel
            && let Err(error) = to_js(event).and_then(|event| channel.post_message(&event))
        {
            web_sys::console::warn_1(&error);
        }
        self.inner.deliver(event);
    }

    /// Calls `subscriber` for every event from any tab.
    pub(super) fn subscribe(&self, subscriber: impl Fn(&Event) + 'static) -> Subscription {
        let number = self.inner.next.get();
        self.inner.next.set(number + 1);
        self.inner.subscribers.borrow_mut().insert(number, Rc::new(subscriber));
        Subscription { inner: Rc::downgrade(&self.inner), number }
    }
}

impl Inner {
    fn deliver(&self, event: &Event) {
        // A subscriber may add or drop others.
        let subscribers: Vec<Subscriber> = self.subscribers.borrow().values().cloned().collect();
        for subscriber in subscribers {
            subscriber(event);
        }
    }
}
