//! Thin futures over IndexedDB requests and transactions. No knowledge of what is stored.
//!
//! Existing wrappers offer no way to ask for strict durability, and `web-sys` keeps the option behind an unstable
//! flag.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use js_sys::{Array, JSON, Object};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::prelude::*;
use web_sys::{
    DomException, IdbCursorDirection, IdbCursorWithValue, IdbDatabase, IdbFactory, IdbIndex, IdbKeyRange,
    IdbObjectStore, IdbOpenDbRequest, IdbRequest, IdbTransaction, IdbTransactionMode, IdbVersionChangeEvent,
};

use super::super::interop::{Listener, Receiver, describe, handover, property, set_property, to_js};
use super::{Connection, record};
use crate::store::{Durability, StoreError};

#[wasm_bindgen]
extern "C" {
    /// The same database; `web-sys` has this form of the method only behind its unstable flag.
    #[wasm_bindgen(extends = IdbDatabase, extends = Object)]
    type DatabaseWithOptions;

    #[wasm_bindgen(method, catch, js_name = transaction)]
    fn transaction_with_options(
        this: &DatabaseWithOptions,
        stores: &Array,
        mode: IdbTransactionMode,
        options: &JsValue,
    ) -> Result<IdbTransaction, JsValue>;

    /// The same transaction; `web-sys` calls this method deprecated by mistake.
    #[wasm_bindgen(extends = IdbTransaction, extends = Object)]
    type CommittingTransaction;

    #[wasm_bindgen(method, catch)]
    fn commit(this: &CommittingTransaction) -> Result<(), JsValue>;
}

/// A length as IndexedDB counts it.
pub(super) fn key_count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

fn failed(error: &JsValue) -> StoreError {
    let name = error.dyn_ref::<DomException>().map(DomException::name).unwrap_or_default();
    let text = describe(error);
    match name.as_str() {
        "QuotaExceededError" => StoreError::Quota("free some space on the device or delete old batches.".into()),
        "VersionError" => StoreError::Version,
        _ => StoreError::Failed(text),
    }
}

/// One request in progress: a future of its result.
struct Requested {
    request: IdbRequest,
    /// Set by its event. `readyState` is no answer: it says `done` while an upgrade runs, too.
    answered: Rc<Cell<bool>>,
    waker: Rc<RefCell<Option<Waker>>>,
    _wake: Closure<dyn FnMut()>,
}

impl Requested {
    fn new(request: IdbRequest) -> Self {
        let waker = Rc::new(RefCell::new(None::<Waker>));
        let answered = Rc::new(Cell::new(false));
        let wake = {
            let (waker, answered) = (waker.clone(), answered.clone());
            Closure::<dyn FnMut()>::new(move || {
                answered.set(true);
                let waiting = waker.borrow_mut().take();
                if let Some(waiting) = waiting {
                    waiting.wake();
                }
            })
        };
        request.set_onsuccess(Some(wake.as_ref().unchecked_ref()));
        request.set_onerror(Some(wake.as_ref().unchecked_ref()));
        Self { request, answered, waker, _wake: wake }
    }
}

impl Drop for Requested {
    fn drop(&mut self) {
        self.request.set_onsuccess(None);
        self.request.set_onerror(None);
    }
}

impl Future for Requested {
    type Output = Result<JsValue, StoreError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if !self.answered.get() {
            *self.waker.borrow_mut() = Some(context.waker().clone());
            return Poll::Pending;
        }
        let error = match self.request.error() {
            Ok(None) => return Poll::Ready(self.request.result().map_err(|error| failed(&error))),
            Ok(Some(error)) => error.into(),
            Err(error) => error,
        };
        Poll::Ready(Err(failed(&error)))
    }
}

/// A request whose result is read as a `T`.
pub(super) struct Reading<T> {
    requested: Requested,
    /// Keeps the transaction's listeners while the request is pending.
    transaction: Rc<State>,
    read: fn(JsValue) -> Result<T, StoreError>,
    result: PhantomData<T>,
}

impl<T> Future for Reading<T> {
    type Output = Result<T, StoreError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        Pin::new(&mut this.requested).poll(context).map(|result| match result {
            Ok(value) => (this.read)(value),
            // A request that was pending when another one failed only reports that it was aborted.
            Err(error) => Err(this.transaction.transaction.error().map_or(error, |cause| failed(&cause))),
        })
    }
}

impl<T> Unpin for Reading<T> {}

struct State {
    transaction: IdbTransaction,
    finished: Cell<bool>,
    end: RefCell<Option<Receiver<Result<(), StoreError>>>>,
    listeners: RefCell<Vec<Listener>>,
}

impl Drop for State {
    fn drop(&mut self) {
        // Abandoned, because of an error or because there is nothing to write: roll back.
        if !self.finished.get() {
            let _already_over = self.transaction.abort();
        }
    }
}

/// One transaction. A write transaction that is dropped without [`Transaction::done`] is aborted.
pub(super) struct Transaction {
    state: Rc<State>,
}

impl Transaction {
    /// Begins a transaction over these object stores, for writing if a durability is given.
    pub(super) fn begin(
        connection: &Rc<Connection>,
        stores: &[&str],
        durability: Option<Durability>,
    ) -> Result<Self, StoreError> {
        if let Some(error) = &*connection.closed.borrow() {
            return Err(error.clone());
        }
        let stores: Array = stores.iter().map(|name| JsValue::from_str(name)).collect();
        let options = Object::new();
        let mode = match durability {
            None => IdbTransactionMode::Readonly,
            Some(durability) => {
                let durability = if durability == Durability::Strict { "strict" } else { "relaxed" };
                set_property(&options, "durability", &durability.into());
                IdbTransactionMode::Readwrite
            }
        };
        let database: &DatabaseWithOptions = connection.database.unchecked_ref();
        let transaction = database.transaction_with_options(&stores, mode, &options).map_err(|error| failed(&error))?;

        let (sender, receiver) = handover();
        let sender = Rc::new(sender);
        let complete = {
            let sender = sender.clone();
            Listener::new(&transaction, "complete", move |_| sender.send(Ok(())))
        };
        let abort = {
            let aborted = transaction.clone();
            Listener::new(&transaction, "abort", move |_| {
                let error = aborted.error();
                sender.send(Err(match error {
                    Some(error) => failed(&error),
                    None => StoreError::Failed("The transaction was aborted.".into()),
                }));
            })
        };
        Ok(Self {
            state: Rc::new(State {
                transaction,
                finished: Cell::new(durability.is_none()),
                end: RefCell::new(Some(receiver)),
                listeners: RefCell::new(vec![complete, abort]),
            }),
        })
    }

    /// The transaction of an upgrade, which the browser begins and commits.
    pub(super) fn of_upgrade(transaction: IdbTransaction) -> Self {
        Self {
            state: Rc::new(State {
                transaction,
                finished: Cell::new(true),
                end: RefCell::default(),
                listeners: RefCell::default(),
            }),
        }
    }

    fn store(&self, name: &str) -> Result<IdbObjectStore, StoreError> {
        self.state.transaction.object_store(name).map_err(|error| failed(&error))
    }

    fn index(&self, store: &str, index: &str) -> Result<IdbIndex, StoreError> {
        self.store(store)?.index(index).map_err(|error| failed(&error))
    }

    fn reading<T>(
        &self,
        request: Result<IdbRequest, JsValue>,
        read: fn(JsValue) -> Result<T, StoreError>,
    ) -> Result<Reading<T>, StoreError> {
        let requested = Requested::new(request.map_err(|error| failed(&error))?);
        Ok(Reading { requested, transaction: self.state.clone(), read, result: PhantomData })
    }

    /// The value at a key, `undefined` when there is none.
    pub(super) fn get_value(&self, store: &str, key: &JsValue) -> Result<Reading<JsValue>, StoreError> {
        self.reading(self.store(store)?.get(key), Ok)
    }

    /// Whether there is something at a key.
    pub(super) fn has(&self, store: &str, key: &JsValue) -> Result<Reading<bool>, StoreError> {
        self.reading(self.store(store)?.get_key(key), |found| Ok(!found.is_undefined()))
    }

    /// The values of a range in the order of their keys, at most `limit`, as an array.
    pub(super) fn all_values(
        &self,
        store: &str,
        range: &IdbKeyRange,
        limit: u32,
    ) -> Result<Reading<JsValue>, StoreError> {
        self.reading(self.store(store)?.get_all_with_key_and_limit(range, limit), Ok)
    }

    /// The last part of each key of a range of an index, without reading a record.
    pub(super) fn keys(&self, store: &str, index: &str, range: &IdbKeyRange) -> Result<Reading<Vec<u32>>, StoreError> {
        let request = self.index(store, index)?.get_all_keys_with_key(range);
        self.reading(request, |keys| Ok(Array::from(&keys).iter().filter_map(|key| last_part(&key)).collect()))
    }

    /// The record at a key.
    pub(super) fn get<T: DeserializeOwned>(
        &self,
        store: &str,
        key: &JsValue,
    ) -> Result<Reading<Option<T>>, StoreError> {
        self.reading(self.store(store)?.get(key), |value| {
            if value.is_undefined() { Ok(None) } else { record(&value).map(Some) }
        })
    }

    /// The first record at a key of an index.
    pub(super) fn get_by<T: DeserializeOwned>(
        &self,
        store: &str,
        index: &str,
        key: &JsValue,
    ) -> Result<Reading<Option<T>>, StoreError> {
        self.reading(self.index(store, index)?.get(key), |value| {
            if value.is_undefined() { Ok(None) } else { record(&value).map(Some) }
        })
    }

    /// Records in the order of an index (or of the key), from a range, at most `limit`.
    pub(super) fn all_by<T: DeserializeOwned>(
        &self,
        store: &str,
        index: Option<&str>,
        range: Option<&IdbKeyRange>,
        limit: u32,
    ) -> Result<Reading<Vec<T>>, StoreError> {
        let range = range.map_or(JsValue::UNDEFINED, JsValue::from);
        let request = match index {
            Some(index) => self.index(store, index)?.get_all_with_key_and_limit(&range, limit),
            None => self.store(store)?.get_all_with_key_and_limit(&range, limit),
        };
        self.reading(request, |value| record(&value))
    }

    /// Records of a range of an index from its end, after skipping `offset` (fewer than it has), at most `limit`.
    pub(super) async fn last_by<T: DeserializeOwned>(
        &self,
        store: &str,
        index: &str,
        range: &IdbKeyRange,
        offset: u32,
        limit: u32,
    ) -> Result<Vec<T>, StoreError> {
        let opened = self.index(store, index)?.open_cursor_with_range_and_direction(range, IdbCursorDirection::Prev);
        let request = opened.map_err(|error| failed(&error))?;
        let mut records = Vec::new();
        let mut step = offset;
        loop {
            let cursor = Requested::new(request.clone()).await?;
            let Ok(cursor) = cursor.dyn_into::<IdbCursorWithValue>() else { return Ok(records) };
            if step == 0 {
                records.push(record(&cursor.value().map_err(|error| failed(&error))?)?);
                if records.len() >= limit as usize {
                    return Ok(records);
                }
                step = 1;
            }
            cursor.advance(step).map_err(|error| failed(&error))?;
            step = 0;
        }
    }

    /// How many keys are in a range.
    pub(super) fn count(
        &self,
        store: &str,
        index: Option<&str>,
        range: &IdbKeyRange,
    ) -> Result<Reading<u32>, StoreError> {
        let request = match index {
            Some(index) => self.index(store, index)?.count_with_key(range),
            None => self.store(store)?.count_with_key(range),
        };
        self.reading(request, |value| Ok(value.as_f64().unwrap_or_default() as u32))
    }

    /// The last part of the key at position `offset` of a range of an index.
    pub(super) async fn skip(
        &self,
        store: &str,
        index: &str,
        range: &IdbKeyRange,
        offset: u32,
    ) -> Result<Option<u32>, StoreError> {
        let request = self.index(store, index)?.open_key_cursor_with_range(range).map_err(|error| failed(&error))?;
        let cursor = Requested::new(request.clone()).await?;
        let Ok(cursor) = cursor.dyn_into::<web_sys::IdbCursor>() else { return Ok(None) };
        cursor.advance(offset).map_err(|error| failed(&error))?;
        let cursor = Requested::new(request).await?;
        let Ok(cursor) = cursor.dyn_into::<web_sys::IdbCursor>() else { return Ok(None) };
        let key = cursor.key().map_err(|error| failed(&error))?;
        Ok(last_part(&key))
    }

    /// Writes a record; if it fails, the transaction aborts.
    pub(super) fn put(&self, store: &str, value: &impl Serialize) -> Result<(), StoreError> {
        let value = to_js(value).map_err(|error| failed(&error))?;
        self.store(store)?.put(&value).map_err(|error| failed(&error))?;
        Ok(())
    }

    /// Writes a value that has no JSON form.
    pub(super) fn put_value(&self, store: &str, value: &JsValue) -> Result<(), StoreError> {
        self.store(store)?.put(value).map_err(|error| failed(&error))?;
        Ok(())
    }

    /// Writes several records; completes when the last one was accepted.
    pub(super) async fn put_all(&self, store: &str, values: &[impl Serialize]) -> Result<(), StoreError> {
        let text = serde_json::to_string(values).map_err(|error| StoreError::Failed(error.to_string()))?;
        let values: Array = JSON::parse(&text).map_err(|error| failed(&error))?.unchecked_into();
        let store = self.store(store)?;
        let mut last = None;
        for value in values.iter() {
            last = Some(store.put(&value).map_err(|error| failed(&error))?);
        }
        let Some(last) = last else { return Ok(()) };
        match Requested::new(last).await {
            Ok(_) => Ok(()),
            // If there was no space for an earlier one, the last one only reports that everything was rolled back.
            Err(error) => Err(self.state.transaction.error().map_or(error, |error| failed(&error))),
        }
    }

    /// Writes a value under a key that is not part of it.
    pub(super) fn put_with_key(&self, store: &str, value: &JsValue, key: &JsValue) -> Result<(), StoreError> {
        self.store(store)?.put_with_key(value, key).map_err(|error| failed(&error))?;
        Ok(())
    }

    /// Removes the value at a key or the values in a range.
    pub(super) fn delete(&self, store: &str, key: &JsValue) -> Result<(), StoreError> {
        self.store(store)?.delete(key).map_err(|error| failed(&error))?;
        Ok(())
    }

    /// Commits, and completes when the writes are as durable as requested.
    pub(super) async fn done(self) -> Result<(), StoreError> {
        let end = self.state.end.borrow_mut().take();
        // It would commit by itself a little later. Throws if the transaction has aborted, which the listener reports.
        let _refused = self.state.transaction.unchecked_ref::<CommittingTransaction>().commit();
        self.state.finished.set(true);
        let result = match end {
            Some(end) => end.await,
            None => None,
        };
        self.state.listeners.borrow_mut().clear();
        result.unwrap_or_else(|| Err(StoreError::Failed("The transaction was abandoned.".into())))
    }
}

/// The last part of a key that is a list, as an index.
fn last_part(key: &JsValue) -> Option<u32> {
    Array::from(key).pop().as_f64().map(|index| index as u32)
}

/// One step of a schema.
pub(super) type Upgrade = fn(&IdbDatabase, &IdbTransaction) -> Result<(), JsValue>;

/// Opens a database and runs the upgrades that are still missing.
pub(super) async fn open(
    name: &str,
    upgrades: &'static [Upgrade],
    blocked: impl Fn() + 'static,
) -> Result<IdbDatabase, StoreError> {
    let factory = property(&js_sys::global(), "indexedDB")
        .dyn_into::<IdbFactory>()
        .map_err(|_| StoreError::Failed("This browser offers no storage here.".into()))?;
    let request: IdbOpenDbRequest =
        factory.open_with_u32(name, key_count(upgrades.len())).map_err(|error| failed(&error))?;
    let upgraded = {
        let request = request.clone();
        Listener::new(&request.clone(), "upgradeneeded", move |event| {
            let Ok(database) = request.result().map(JsCast::unchecked_into::<IdbDatabase>) else { return };
            let Some(transaction) = request.transaction() else { return };
            let seen = event.dyn_ref::<IdbVersionChangeEvent>().map_or(0.0, IdbVersionChangeEvent::old_version);
            for upgrade in upgrades.iter().skip(seen as usize) {
                if let Err(error) = upgrade(&database, &transaction) {
                    web_sys::console::error_2(&"The storage could not be upgraded:".into(), &error);
                    let _already_over = transaction.abort();
                    return;
                }
            }
        })
    };
    let waiting = Listener::new(&request, "blocked", move |_| blocked());
    let database = Requested::new(request.into()).await;
    drop((upgraded, waiting));
    database.map(JsCast::unchecked_into)
}
