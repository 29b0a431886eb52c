//! The browser's locks: held for as long as a page or a worker lives, and free at once when it dies, in whatever way.
//!
//! They exist in a secure context only; each function says when there are none.

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

/// Waits for the lock `name`, then calls `granted`, whose promise says for how long it is kept. False where there are
/// no locks: then nothing is called.
pub fn request(name: &str, granted: impl FnOnce() -> Promise + 'static) -> bool {
    let Some(locks) = manager() else { return false };
    let callback = Closure::once_into_js(move |_lock: JsValue| granted());
    let turn = locks.request(name, callback.unchecked_ref());
    spawn(async move {
        if let Err(error) = settled(turn).await {
            web_sys::console::error_2(&"A lock was lost:".into(), &error);
        }
    });
    true
}

/// Whether there are locks.
pub fn are_there() -> bool {
    manager().is_some()
}

/// Calls `gone` when whoever holds the lock `name` until its end has died.
pub fn outlive(name: &str, gone: impl FnOnce() + 'static) {
    let _where_there_are_locks = request(name, move || {
        gone();
        Promise::resolve(&JsValue::UNDEFINED)
    });
}
