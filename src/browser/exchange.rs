//! Word between tabs and to subscribers: what is said in one tab is heard in all, after it has become durable.

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

/// What goes from tab to tab.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Word {
    /// A call has changed a batch: the scheduling tab reads its records, the others show them anew.
    Notice(Notice),
    /// A network was added or removed.
    Models,
    /// The scheduling tab: the browser had frozen it for so many milliseconds.
    Slept(f64),
    /// The scheduling tab: a batch's progress.
    Progress(Progress),
    /// The scheduling tab: an execution has ended.
    ExecutionCompleted(Box<Execution>),
    /// The scheduling tab: a batch has ended.
    BatchCompleted(Progress),
}

type Hearer = Rc<dyn Fn(&Word)>;

/// The channel between tabs, and those who listen in this one. Cheap to clone.
#[derive(Clone)]
pub struct Exchange {
    inner: Rc<Inner>,
}

struct Inner {
    channel: Option<BroadcastChannel>,
    hearers: RefCell<BTreeMap<u64, Hearer>>,
    next: Cell<u64>,
    listener: RefCell<Option<Listener>>,
}

/// Ends the hearing when dropped.
#[must_use = "dropping it ends the hearing"]
pub struct Hearing {
    inner: Weak<Inner>,
    number: u64,
}

impl Drop for Hearing {
    fn drop(&mut self) {
        if let Some(inner) = self.inner.upgrade() {
            inner.hearers.borrow_mut().remove(&self.number);
        }
    }
}

impl Exchange {
    /// Joins the tabs of the installation at `base_url`.
    pub fn join(base_url: &str) -> Self {
        Self::over(BroadcastChannel::new(&format!("pixelmill:{}", base_path(base_url))).ok())
    }

    /// An exchange within this tab.
    pub fn alone() -> Self {
        Self::over(None)
    }

    fn over(channel: Option<BroadcastChannel>) -> Self {
        let inner =
            Rc::new(Inner { channel, hearers: RefCell::default(), next: Cell::new(0), listener: RefCell::default() });
        if let Some(channel) = &inner.channel {
            let weak = Rc::downgrade(&inner);
            let listener = Listener::new(channel, "message", move |event| {
                let text = event.unchecked_into::<MessageEvent>().data().as_string().unwrap_or_default();
                // A tab of another version may say what we do not know.
                if let (Some(inner), Ok(word)) = (weak.upgrade(), serde_json::from_str::<Word>(&text)) {
                    inner.hear(&word);
                }
            });
            *inner.listener.borrow_mut() = Some(listener);
        }
        Self { inner }
    }

    /// Says it in every tab, this one among them.
    pub fn say(&self, word: &Word) {
        if let (Some(channel), Ok(text)) = (&self.inner.channel, serde_json::to_string(word))
            && let Err(error) = channel.post_message(&text.into())
        {
            web_sys::console::warn_1(&error);
        }
        self.inner.hear(word);
    }

    /// Calls `hearer` for every word, from whichever tab.
    pub fn listen(&self, hearer: impl Fn(&Word) + 'static) -> Hearing {
        let number = self.inner.next.get();
        self.inner.next.set(number + 1);
        self.inner.hearers.borrow_mut().insert(number, Rc::new(hearer));
        Hearing { inner: Rc::downgrade(&self.inner), number }
    }
}

impl Inner {
    fn hear(&self, word: &Word) {
        // A hearer may add or drop others.
        let hearers: Vec<Hearer> = self.hearers.borrow().values().cloned().collect();
        for hearer in hearers {
            hearer(word);
        }
    }
}
