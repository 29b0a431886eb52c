//! The few bridges between Rust and JavaScript that everything in `browser` uses: JSON values, promises, listeners,
//! deadlines. No knowledge of Pixelmill.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use js_sys::{JSON, Promise, Reflect};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::prelude::*;
use web_sys::{Event, EventTarget};

/// Converts a serialisable value to a plain JavaScript one: no `Map`, no `BigInt`, `null` for `None`.
///
/// # Errors
/// When the value has no such form, for example a map whose keys are not strings, or an integer that JavaScript cannot
/// represent (`number::round` leaves none in a document).
pub fn to_js(value: &impl Serialize) -> Result<JsValue, JsValue> {
    value.serialize(&serde_wasm_bindgen::Serializer::json_compatible()).map_err(JsValue::from)
}

/// Converts a plain JavaScript value to a Rust one. `undefined` reads as `null`. Only for values that this build has
/// made: one from outside may be nested more deeply than the stack is ([`json_text`]).
///
/// # Errors
/// A sentence saying what did not match.
pub fn from_js<T: DeserializeOwned>(value: &JsValue) -> Result<T, String> {
    serde_wasm_bindgen::from_value(value.clone()).map_err(|error| error.to_string())
}

/// The JSON text of any JavaScript value; `undefined` is `null`.
///
/// # Errors
/// Why it has none, for example because it contains itself.
pub fn json_text(value: &JsValue) -> Result<String, String> {
    match JSON::stringify(value) {
        Ok(text) if JsValue::from(text.clone()).is_string() => Ok(String::from(text)),
        Ok(_) => Ok("null".to_owned()),
        Err(error) => Err(describe(&error)),
    }
}

/// The text of a thrown value, with its name if it has one.
pub fn describe(error: &JsValue) -> String {
    let text = |key: &str| Reflect::get(error, &key.into()).ok().and_then(|value| value.as_string());
    match (text("name"), text("message")) {
        (Some(name), Some(message)) if !message.is_empty() => format!("{name}: {message}"),
        (Some(name), _) => name,
        (None, Some(message)) => message,
        (None, None) => error.as_string().unwrap_or_else(|| format!("{error:?}")),
    }
}

/// A property of an object, or `undefined`.
pub fn property(object: &JsValue, key: &str) -> JsValue {
    if !object.is_object() && !object.is_function() {
        return JsValue::UNDEFINED;
    }
    Reflect::get(object, &key.into()).unwrap_or(JsValue::UNDEFINED)
}

/// Sets a property of an object that we created; it accepts any property.
pub fn set_property(object: &JsValue, key: &str, value: &JsValue) {
    let taken = Reflect::set(object, &key.into(), value);
    debug_assert!(taken.is_ok(), "property {key} was refused");
}

struct Shared<T> {
    value: Option<T>,
    waker: Option<Waker>,
    abandoned: bool,
}

/// The sending end. Dropping it without sending wakes the other end with `None`.
pub struct Sender<T>(Rc<RefCell<Shared<T>>>);

/// The receiving end: a future of the value, `None` when it will never come.
pub struct Receiver<T>(Rc<RefCell<Shared<T>>>);

/// A channel for one value.
pub fn handover<T>() -> (Sender<T>, Receiver<T>) {
    let shared = Rc::new(RefCell::new(Shared { value: None, waker: None, abandoned: false }));
    (Sender(shared.clone()), Receiver(shared))
}

impl<T> Sender<T> {
    /// Sends the value; only the first one counts.
    pub fn send(&self, value: T) {
        let waker = {
            let mut shared = self.0.borrow_mut();
            shared.value.get_or_insert(value);
            shared.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let waker = {
            let mut shared = self.0.borrow_mut();
            shared.abandoned = true;
            shared.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> Future for Receiver<T> {
    type Output = Option<T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        let mut shared = self.0.borrow_mut();
        if shared.value.is_some() || shared.abandoned {
            return Poll::Ready(shared.value.take());
        }
        shared.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

/// A listener that removes itself when dropped.
pub struct Listener {
    target: EventTarget,
    kind: &'static str,
    captures: bool,
    callback: Closure<dyn FnMut(Event)>,
}

impl Listener {
    /// Calls `callback` for every event of this kind until the listener is dropped.
    pub fn new(target: &EventTarget, kind: &'static str, callback: impl FnMut(Event) + 'static) -> Self {
        Self::add(target, kind, false, Closure::new(callback))
    }

    /// The same on the way down to what the event happens to, for events that do not bubble.
    pub fn capturing(target: &EventTarget, kind: &'static str, callback: impl FnMut(Event) + 'static) -> Self {
        Self::add(target, kind, true, Closure::new(callback))
    }

    fn add(target: &EventTarget, kind: &'static str, captures: bool, callback: Closure<dyn FnMut(Event)>) -> Self {
        let function = callback.as_ref().unchecked_ref();
        let added = target.add_event_listener_with_callback_and_bool(kind, function, captures);
        debug_assert!(added.is_ok());
        Self { target: target.clone(), kind, captures, callback }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let callback = self.callback.as_ref().unchecked_ref();
        let removed = self.target.remove_event_listener_with_callback_and_bool(self.kind, callback, self.captures);
        debug_assert!(removed.is_ok());
    }
}

/// Starts a task that nobody awaits.
pub fn spawn(task: impl Future<Output = ()> + 'static) {
    wasm_bindgen_futures::spawn_local(task);
}

/// Waits for a promise.
///
/// # Errors
/// The reason of its rejection.
pub async fn settled(promise: Promise) -> Result<JsValue, JsValue> {
    wasm_bindgen_futures::JsFuture::from(promise).await
}

/// A future on the heap, whose code is a function of its own. It costs a pointer instead of another copy of the code in every caller:
/// without it the page would be a quarter larger. And V8 optimises whole functions, the sooner the larger they are, while the first
/// pictures run: without it what hardly ever runs would be optimised together with what runs for every picture.
pub fn boxed<'a, T>(future: impl Future<Output = T> + 'a) -> Pin<Box<dyn Future<Output = T> + 'a>> {
    Box::pin(future)
}

/// Runs two futures at the same time.
pub async fn both<A, B>(first: impl Future<Output = A>, second: impl Future<Output = B>) -> (A, B) {
    let (mut first, mut second) = (std::pin::pin!(first), std::pin::pin!(second));
    let (mut one, mut two) = (None, None);
    std::future::poll_fn(move |context| {
        if one.is_none()
            && let Poll::Ready(value) = first.as_mut().poll(context)
        {
            one = Some(value);
        }
        if two.is_none()
            && let Poll::Ready(value) = second.as_mut().poll(context)
        {
            two = Some(value);
        }
        match (one.take(), two.take()) {
            (Some(first), Some(second)) => Poll::Ready((first, second)),
            (first, second) => {
                (one, two) = (first, second);
                Poll::Pending
            }
        }
    })
    .await
}
