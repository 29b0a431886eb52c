//! The browser's locks: held for as long as a page or a worker lives, and free as soon as it dies, for any reason.
//!
//! They exist in a secure context only, and a browser that denies a site all storage denies them too.

use std::cell::Cell;
use std::rc::Rc;

use js_sys::{Function, Object, Promise};
use wasm_bindgen::prelude::*;
use web_sys::AbortSignal;

use super::environment::is_secure_context;
use super::interop::{handover, property, set_property, settled, spawn};

#[wasm_bindgen]
extern "C" {
    type LockManager;
    #[wasm_bindgen(method)]
    fn request(this: &LockManager, name: &str, callback: &Function) -> Promise;
    #[wasm_bindgen(method, js_name = request)]
    fn request_with_options(this: &LockManager, name: &str, options: &JsValue, callback: &Function) -> Promise;
}

fn manager() -> Option<LockManager> {
    let locks = property(&property(&js_sys::global(), "navigator"), "locks");
    (is_secure_context() && !locks.is_undefined()).then(|| locks.unchecked_into())
}

/// Waits for the lock `name`, then calls `granted` and holds the lock until the returned promise settles. Calls
/// `denied` instead if there are no locks, or if the browser denies them together with all storage.
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

/// Calls `gone` when the page or worker that holds the lock `name` has died; never if there are no locks.
pub fn outlive(name: &str, gone: impl FnOnce() + 'static) {
    let ended = move || {
        gone();
        Promise::resolve(&JsValue::UNDEFINED)
    };
    request(name, ended, || ());
}

/// A lock that this page holds: released when this is dropped or the page dies.
#[must_use = "dropping it releases the lock"]
#[derive(Debug)]
pub struct LockGuard {
    /// `None` if there are no locks.
    free: Option<Function>,
}

impl Drop for LockGuard {
    fn drop(&mut self) {
        if let Some(free) = &self.free {
            let _answered = free.call0(&JsValue::UNDEFINED);
        }
    }
}

/// Acquires the lock `name` if it is free or becomes free within `patience_ms`. Without locks it always succeeds, since
/// no other tab can have it.
pub async fn acquire(name: &str, patience_ms: u32) -> Option<LockGuard> {
    let Some(locks) = manager() else { return Some(LockGuard { free: None }) };
    let options = Object::new();
    if patience_ms == 0 {
        set_property(&options, "ifAvailable", &true.into());
    } else {
        set_property(&options, "signal", &AbortSignal::timeout_with_u32(patience_ms));
    }
    let (answer, answered) = handover();
    let answer = Rc::new(answer);
    let granted = answer.clone();
    let callback = Closure::once_into_js(move |lock: JsValue| {
        if lock.is_null() {
            return Promise::resolve(&JsValue::UNDEFINED);
        }
        Promise::new(&mut |free, _| granted.send(Some(LockGuard { free: Some(free) })))
    });
    let turn = locks.request_with_options(name, &options, callback.unchecked_ref());
    spawn(async move {
        // Refused or released; only the first result counts.
        let _either_way = settled(turn).await;
        answer.send(None);
    });
    answered.await.flatten()
}
