//! Programs without glue code inside the worker: an instance of one, and the request for its code to the service.

use std::cell::{Cell, RefCell};

use js_sys::{ArrayBuffer, Object, Uint8Array, WebAssembly};
use wasm_bindgen::prelude::*;
use web_sys::Blob;

use super::super::interop::{Sender, describe, handover, property};
use super::report;
use crate::error::{ErrorCategory, Failure, Phase};
use crate::protocol::{FromWorker, Module};

#[wasm_bindgen]
extern "C" {
    /// What all of them export. Addresses are within their own memory.
    type Exports;
    #[wasm_bindgen(method, getter)]
    fn memory(this: &Exports) -> WebAssembly::Memory;
    #[wasm_bindgen(method, catch)]
    fn room(this: &Exports, length: u32) -> Result<u32, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn load(this: &Exports) -> Result<u32, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn message(this: &Exports) -> Result<u32, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn message_length(this: &Exports) -> Result<u32, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn exhausted(this: &Exports) -> Result<u32, JsValue>;
}

/// A running program with a memory of its own.
pub(super) struct Instance {
    exports: Exports,
    /// What it is, for messages, to follow "the".
    what: String,
    /// Set by a trap: its memory cannot be trusted any more.
    broken: Cell<bool>,
}

impl Instance {
    /// Starts the code, without a file.
    pub(super) fn start(module: &WebAssembly::Module, what: String) -> Result<Self, Failure> {
        let instance = WebAssembly::Instance::new(module, &Object::new()).map_err(|error| {
            Failure::new(
                ErrorCategory::SystemError,
                Phase::Setup,
                format!("The code of the {what} could not be started: {}.", describe(&error)),
                "Close other tabs and retry it.",
            )
        })?;
        Ok(Self { exports: instance.exports().unchecked_into(), what, broken: Cell::new(false) })
    }

    /// All of its exports.
    pub(super) fn exports<T: JsCast>(&self) -> &T {
        self.exports.unchecked_ref()
    }

    pub(super) fn is_broken(&self) -> bool {
        self.broken.get()
    }

    pub(super) fn buffer(&self) -> ArrayBuffer {
        self.exports.memory().buffer().unchecked_into()
    }

    /// Writes into its memory what the next call reads.
    pub(super) fn write(&self, content: &Uint8Array) -> Result<(), Failure> {
        let place = self.exports.room(content.byte_length()).map_err(|error| self.trapped(&error))?;
        Uint8Array::new_with_byte_offset_and_length(&self.buffer(), place, content.byte_length()).set(content, 0);
        Ok(())
    }

    /// Loads the file that it works with; whether it can use it.
    pub(super) fn load(&self, file: &ArrayBuffer) -> Result<bool, Failure> {
        self.write(&Uint8Array::new(file))?;
        Ok(self.exports.load().map_err(|error| self.trapped(&error))? != 0)
    }

    /// A copy of bytes in its memory.
    pub(super) fn read(&self, place: u32, length: u32) -> Vec<u8> {
        Uint8Array::new_with_byte_offset_and_length(&self.buffer(), place, length).to_vec()
    }

    /// Why the last call failed.
    pub(super) fn last_message(&self) -> String {
        let (Ok(place), Ok(length)) = (self.exports.message(), self.exports.message_length()) else {
            return String::new();
        };
        String::from_utf8_lossy(&self.read(place, length)).into_owned()
    }

    /// The failure of a call that threw.
    pub(super) fn trapped(&self, error: &JsValue) -> Failure {
        self.broken.set(true);
        let what = &self.what;
        if self.exports.exhausted().is_ok_and(|exhausted| exhausted != 0) {
            return Failure::system(
                format!("Not enough memory for the {what}."),
                "Close other tabs and retry it, or choose something smaller.",
            );
        }
        let reason = Some(self.last_message()).filter(|text| !text.is_empty()).unwrap_or_else(|| describe(error));
        Failure::system(format!("The {what} broke down: {reason}."), "Retry it.")
    }

    /// Bytes of its memory; more than any limit if it has broken down, because the worker must be replaced then.
    pub(super) fn memory(&self) -> u64 {
        if self.is_broken() { u64::from(u32::MAX) } else { u64::from(self.buffer().byte_length()) }
    }
}

/// What the service provides: the compiled code and the file that comes with it, if that was requested.
#[derive(Clone)]
pub(super) struct Given {
    pub(super) module: WebAssembly::Module,
    pub(super) file: Option<Blob>,
}

/// Requests to the service, one at a time: a worker runs one picture at a time.
#[derive(Default)]
pub(super) struct Requests {
    waiting: RefCell<Option<Sender<Result<JsValue, Failure>>>>,
}

impl Requests {
    /// A program, and the file that comes with it.
    pub(super) async fn get(&self, module: Module) -> Result<Given, Failure> {
        let given = self.ask(module).await?;
        match property(&given, "0").dyn_into::<WebAssembly::Module>() {
            Ok(module) => Ok(Given { module, file: property(&given, "1").dyn_into().ok() }),
            Err(_) => Err(nothing("Reload the page.")),
        }
    }

    /// A file that is no program.
    pub(super) async fn file(&self, module: Module) -> Result<Blob, Failure> {
        property(&self.ask(module).await?, "0").dyn_into().map_err(|_| nothing("Reload the page."))
    }

    async fn ask(&self, module: Module) -> Result<JsValue, Failure> {
        let (sender, receiver) = handover();
        *self.waiting.borrow_mut() = Some(sender);
        report(&FromWorker::NeedsModule { module });
        receiver.await.unwrap_or_else(|| Err(nothing("Retry it.")))
    }

    /// The service's answer: `attachment` is [module, file], each if available, or [file].
    pub(super) fn answered(&self, failure: Option<Failure>, attachment: JsValue) {
        let Some(waiting) = self.waiting.borrow_mut().take() else { return };
        waiting.send(failure.map_or(Ok(attachment), Err));
    }
}

fn nothing(hint: &str) -> Failure {
    Failure::system("The service provided no code.", hint)
}
