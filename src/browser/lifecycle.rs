//! Whether the browser has suspended this tab, as it does with background tabs to save power.

use std::cell::Cell;
use std::rc::Rc;

use web_sys::Storage;

use super::environment::now;
use super::interop::Listener;
use crate::batch::records::Millis;

/// Where the time of the suspension is kept in case the browser closes the tab during it.
const KEY: &str = "pixelmill.frozen";

/// Ends the watch when dropped.
#[must_use = "dropping it ends the watch"]
pub(super) struct Watch {
    _listeners: Vec<Listener>,
}

fn storage() -> Option<Storage> {
    web_sys::window()?.session_storage().ok().flatten()
}

/// When this tab was suspended, if it was closed in that state and is open again now. Answered once.
pub(super) fn frozen_before() -> Option<Millis> {
    let storage = storage()?;
    let kept = storage.get_item(KEY).ok().flatten()?;
    let _refused = storage.remove_item(KEY);
    kept.parse().ok()
}

/// Calls `woken` with the time of the suspension, as the first thing when the tab resumes.
pub(super) fn watch(woken: impl Fn(Millis) + 'static) -> Watch {
    let Some(document) = web_sys::window().and_then(|window| window.document()) else {
        return Watch { _listeners: Vec::new() };
    };
    let frozen = Rc::new(Cell::new(None));
    let since = frozen.clone();
    let freeze = Listener::new(&document, "freeze", move |_| {
        // Only synchronous work is done at all.
        since.set(Some(now()));
        if let Some(storage) = storage() {
            let _refused = storage.set_item(KEY, &now().to_string());
        }
    });
    let resume = Listener::new(&document, "resume", move |_| {
        let Some(since) = frozen.take() else { return };
        if let Some(storage) = storage() {
            let _refused = storage.remove_item(KEY);
        }
        woken(since);
    });
    Watch { _listeners: vec![freeze, resume] }
}
