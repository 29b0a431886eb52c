//! The browser's locks: held for as long as a page or a worker lives, and free at once when it dies, in whatever way.
//!
//! They exist in a secure context only, and a browser that lets a site keep nothing denies them.

use std::cell::Cell;
use std::rc::Rc;

use js_sys::Promise;
use wasm_bindgen::prelude::*;

use super::environment::is_secure_context;
use super::interop::{property, settled, spawn};

#[wasm_bindgen]
extern "C" {
    type LockManager;
    #[wasm_bindgen(method)]
    fn request(this: &LockManager, name: &str, callback: &js_sys::Function) -> Promise;
}

fn manager() -> Option<LockManager> {
    let locks = property(&property(&js_sys::global(), "navigator"), "locks");
    (is_secure_context() && !locks.is_undefined()).then(|| locks.unchecked_into())
}

/// Waits for the lock `name`, then calls `granted`, whose promise says for how long it is kept. Calls `denied` instead
/// where there are no locks, or where the browser denies them with all that a site may keep.
pub fn request(name: &str, granted: impl FnOnce() -> Promise + 'static, denied: impl FnOnce() + 'static) {
    let Some(locks) = manager() else { return denied() };
    let held = Rc::new(Cell::new(false));
    let here = held.clone();
    let callback = Closure::once_into_js(move |_lock: JsValue| {
        here.set(true);
        granted()
    });
    let turn = locks.request(name, callback.unchecked_ref());
    spawn(async move {
        match settled(turn).await {
            Err(error) if held.get() => web_sys::console::error_2(&"A lock was lost:".into(), &error),
            Err(_) => denied(),
            Ok(_) => {}
        }
    });
}

/// Whether there are locks.
pub fn are_there() -> bool {
    manager().is_some()
}

/// Calls `gone` when whoever holds the lock `name` until its end has died; never where there are no locks.
pub fn outlive(name: &str, gone: impl FnOnce() + 'static) {
    let ended = move || {
        gone();
        Promise::resolve(&JsValue::UNDEFINED)
    };
    request(name, ended, || ());
}
