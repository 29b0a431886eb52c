//! The tab's lifecycle: whether the browser has suspended it, as it does with background tabs to save power, and
//! whether it left normally or crashed.
//!
//! A tab that leaves (reloaded, closed, navigated away, put into the back/forward cache, suspended) cannot wait for
//! anything, so the scheduling tab records the time it left in the local storage, which is written synchronously. The
//! next scheduling tab reads this mark and does not blame the images that were in flight. A crash leaves no mark. A tab
//! that comes back first removes its mark. If the browser denies local storage it denies IndexedDB too, and nothing
//! outlives the tab.

use std::cell::Cell;
use std::rc::Rc;

use web_sys::Storage;

use super::super::environment::now;
use super::super::interop::Listener;
use crate::batch::records::Millis;
use crate::names::Names;

/// Ends the watch when dropped.
#[must_use = "dropping it ends the watch"]
pub(super) struct Watch {
    _listeners: Vec<Listener>,
}

fn session_storage() -> Option<Storage> {
    web_sys::window()?.session_storage().ok().flatten()
}

fn local_storage() -> Option<Storage> {
    web_sys::window()?.local_storage().ok().flatten()
}

/// When this tab was suspended, if it was closed in that state and is now open again. Returned once.
pub(super) fn frozen_before(names: &Names) -> Option<Millis> {
    let storage = session_storage()?;
    let kept = storage.get_item(&names.frozen()).ok().flatten()?;
    let _refused = storage.remove_item(&names.frozen());
    crate::number::parse(&kept)
}

/// The mark that the scheduling tab of an installation leaves when it exits normally.
#[derive(Clone, Debug)]
pub(super) struct Departure {
    key: String,
    /// The key of the time of suspension, in case the browser closes the tab while it is suspended.
    frozen: String,
}

impl Departure {
    /// The mark of the page with these names.
    pub(super) fn of(names: &Names) -> Self {
        Self { key: names.left(), frozen: names.frozen() }
    }

    /// Notes that the scheduling tab leaves now.
    pub(super) fn note(&self) {
        if let Some(storage) = local_storage() {
            let _refused = storage.set_item(&self.key, &now().to_string());
        }
    }

    /// When the previous scheduling tab left, if it exited normally.
    pub(super) fn noted(&self) -> Option<Millis> {
        crate::number::parse(&local_storage()?.get_item(&self.key).ok().flatten()?)
    }

    /// Removes the mark.
    pub(super) fn forget(&self) {
        if let Some(storage) = local_storage() {
            let _refused = storage.remove_item(&self.key);
        }
    }
}

/// Watches the scheduling tab. Calls `woken` with the time of suspension as soon as the tab resumes. Records the tab's
/// departure, unless `leads` says that what is in flight is not its own yet.
pub(super) fn watch(
    departure: Departure,
    leads: impl Fn() -> bool + 'static,
    woken: impl Fn(Millis) + 'static,
) -> Watch {
    let Some((window, document)) = web_sys::window().and_then(|window| Some((window.clone(), window.document()?)))
    else {
        return Watch { _listeners: Vec::new() };
    };
    let (frozen_key, key) = (departure.frozen.clone(), departure.frozen.clone());
    // Only synchronous work is done when a tab is left or suspended.
    let marked = Rc::new(Cell::new(false));
    let leave = {
        let (departure, marked) = (departure.clone(), marked.clone());
        Rc::new(move || {
            if leads() {
                marked.set(true);
                departure.note();
            }
        })
    };
    let come_back = Rc::new(move || {
        if marked.take() {
            departure.forget();
        }
    });
    let frozen = Rc::new(Cell::new(None));
    let since = frozen.clone();
    let (leaves, returns) = (leave.clone(), come_back.clone());
    let freeze = Listener::new(&document, "freeze", move |_| {
        since.set(Some(now()));
        if let Some(storage) = session_storage() {
            let _refused = storage.set_item(&frozen_key, &now().to_string());
        }
        leaves();
    });
    let resume = Listener::new(&document, "resume", move |_| {
        returns();
        let Some(since) = frozen.take() else { return };
        if let Some(storage) = session_storage() {
            let _refused = storage.remove_item(&key);
        }
        woken(since);
    });
    let hide = Listener::new(&window, "pagehide", move |_| leave());
    // From the back/forward cache.
    let show = Listener::new(&window, "pageshow", move |_| come_back());
    Watch { _listeners: vec![freeze, resume, hide, show] }
}
