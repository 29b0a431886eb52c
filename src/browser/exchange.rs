//! Messages between tabs and to subscribers: what one tab broadcasts reaches all of them, once it is durable.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};

use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;
use web_sys::{BroadcastChannel, MessageEvent};

use super::environment::base_path;
use super::interop::Listener;
use crate::api::Notice;
use crate::batch::records::{Execution, Progress};

/// What tabs send to each other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Message {
    /// A call has changed a batch: the scheduling tab reads its records, the others refresh what they show.
    Notice(Notice),
    /// A model was added or removed.
    Models,
    /// The scheduling tab: the browser had frozen it for this many milliseconds.
    Slept(f64),
    /// The scheduling tab: a batch's progress.
    Progress(Progress),
    /// The scheduling tab: an execution has ended.
    ExecutionCompleted(Box<Execution>),
    /// The scheduling tab: a batch has ended.
    BatchCompleted(Progress),
}

type Subscriber = Rc<dyn Fn(&Message)>;

/// The channel between tabs, and the subscribers in this one. Cheap to clone.
#[derive(Clone)]
pub struct Exchange {
    inner: Rc<Inner>,
}

struct Inner {
    channel: Option<BroadcastChannel>,
    subscribers: RefCell<BTreeMap<u64, Subscriber>>,
    next: Cell<u64>,
    listener: RefCell<Option<Listener>>,
}

/// Ends the subscription when dropped.
#[must_use = "dropping it ends the subscription"]
pub struct Subscription {
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
    /// Connects to the other tabs of the installation at `base_url`.
    pub fn join(base_url: &str) -> Self {
        Self::over(BroadcastChannel::new(&format!("pixelmill:{}", base_path(base_url))).ok())
    }

    /// An exchange within this tab.
    pub fn alone() -> Self {
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
                let text = event.unchecked_into::<MessageEvent>().data().as_string().unwrap_or_default();
                // A tab of another version may send messages that this one does not know.
                if let (Some(inner), Ok(message)) = (weak.upgrade(), serde_json::from_str::<Message>(&text)) {
                    inner.deliver(&message);
                }
            });
            *inner.listener.borrow_mut() = Some(listener);
        }
        Self { inner }
    }

    /// Delivers a message in every tab, this one included.
    pub fn broadcast(&self, message: &Message) {
        if let (Some(channel), Ok(text)) = (&self.inner.channel, serde_json::to_string(message))
            && let Err(error) = channel.post_message(&text.into())
        {
            web_sys::console::warn_1(&error);
        }
        self.inner.deliver(message);
    }

    /// Calls `subscriber` for every message from any tab.
    pub fn subscribe(&self, subscriber: impl Fn(&Message) + 'static) -> Subscription {
        let number = self.inner.next.get();
        self.inner.next.set(number + 1);
        self.inner.subscribers.borrow_mut().insert(number, Rc::new(subscriber));
        Subscription { inner: Rc::downgrade(&self.inner), number }
    }
}

impl Inner {
    fn deliver(&self, message: &Message) {
        // A subscriber may add or drop others.
        let subscribers: Vec<Subscriber> = self.subscribers.borrow().values().cloned().collect();
        for subscriber in subscribers {
            subscriber(message);
        }
    }
}
