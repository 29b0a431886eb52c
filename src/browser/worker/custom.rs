//! The worker's custom actions: modules of the user's own, each compiled once, and started for every picture in a memory of its own.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use js_sys::{ArrayBuffer, Object, Uint8Array, WebAssembly};
use serde_json::Value;
use wasm_bindgen::prelude::*;
use web_sys::Blob;

use super::super::interop::describe;
use super::super::storage::Storage;
use super::{report, user_files};
use crate::custom::module::limited;
use crate::custom::{CustomAction, CustomSource, Function, Guest, Spec, call};
use crate::error::{ErrorCategory, Failure, Phase};
use crate::protocol::FromWorker;
use crate::user_file::FileKind;

#[wasm_bindgen]
extern "C" {
    /// What a module exports, which was checked before it was compiled.
    type Exports;
    #[wasm_bindgen(method, getter)]
    fn memory(this: &Exports) -> WebAssembly::Memory;
    #[wasm_bindgen(method, catch)]
    fn pixelmill_abi(this: &Exports) -> Result<u32, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn pixelmill_describe(this: &Exports) -> Result<u32, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn pixelmill_allocate(this: &Exports, bytes: u32) -> Result<u32, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn pixelmill_run(
        this: &Exports,
        width: u32,
        height: u32,
        depth: u32,
        pixels: u32,
        settings: u32,
        length: u32,
    ) -> Result<u32, JsValue>;
}

/// A module that is running. While there is one, the service is told its name: a call cannot be interrupted, so the service
/// ends this worker if it takes too long, and says why.
struct Running {
    exports: Exports,
}

impl Running {
    fn start(module: &WebAssembly::Module, name: &str) -> Result<Box<dyn Guest>, String> {
        report(&FromWorker::InModule { name: Some(name.to_owned()) });
        match WebAssembly::Instance::new(module, &Object::new()) {
            Ok(instance) => Ok(Box::new(Self { exports: instance.exports().unchecked_into() })),
            Err(error) => {
                report(&FromWorker::InModule { name: None });
                Err(describe(&error))
            }
        }
    }

    fn bytes(&self, place: u32, length: usize) -> Uint8Array {
        let memory: ArrayBuffer = self.exports.memory().buffer().unchecked_into();
        Uint8Array::new_with_byte_offset_and_length(&memory, place, length as u32)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        report(&FromWorker::InModule { name: None });
    }
}

impl Guest for Running {
    fn call(&mut self, function: Function, arguments: &[u32]) -> Result<u32, String> {
        let exports = &self.exports;
        let returned = match (function, arguments) {
            (Function::Abi, []) => exports.pixelmill_abi(),
            (Function::Describe, []) => exports.pixelmill_describe(),
            (Function::Allocate, [bytes]) => exports.pixelmill_allocate(*bytes),
            (Function::Run, [width, height, depth, pixels, settings, length]) => {
                exports.pixelmill_run(*width, *height, *depth, *pixels, *settings, *length)
            }
            _ => Err("it takes other numbers".into()),
        };
        returned.map_err(|error| describe(&error))
    }

    fn memory(&self) -> u64 {
        let memory: ArrayBuffer = self.exports.memory().buffer().unchecked_into();
        memory.byte_length().into()
    }

    fn read(&self, place: u32, bytes: &mut [u8]) {
        self.bytes(place, bytes.len()).copy_to(bytes);
    }

    fn write(&mut self, place: u32, bytes: &[u8]) {
        self.bytes(place, bytes.len()).copy_from(bytes);
    }
}

/// A module that was compiled.
struct Compiled {
    module: WebAssembly::Module,
    /// What it says of itself, as it says it.
    json: Value,
    spec: Spec,
}

impl Compiled {
    fn read(name: &str, file: &ArrayBuffer) -> Result<Self, Failure> {
        let unusable = |why: String| {
            Failure::new(
                ErrorCategory::ValidationError,
                Phase::Setup,
                format!("The custom action \"{name}\" cannot be used. {why}"),
                "Choose a WebAssembly module for Pixelmill; the reference describes what it must export.",
            )
        };
        let bytes = limited(&Uint8Array::new(file).to_vec()).map_err(unusable)?;
        let module = WebAssembly::Module::new(&Uint8Array::from(bytes.as_slice()))
            .map_err(|error| unusable(format!("It is not valid: {}.", describe(&error))))?;
        let mut guest =
            Running::start(&module, name).map_err(|error| unusable(format!("It could not be started: {error}.")))?;
        let (json, spec) = call::describe(&mut *guest).map_err(unusable)?;
        Ok(Self { module, json, spec })
    }
}

/// A module under the name that a workflow gives it.
struct Named {
    name: String,
    id: String,
    compiled: Rc<Compiled>,
}

impl CustomAction for Named {
    fn spec(&self) -> &Spec {
        &self.compiled.spec
    }

    /// A file's id is the hash of its content.
    fn sha256(&self) -> &str {
        &self.id
    }

    fn start(&self) -> Result<Box<dyn Guest>, String> {
        Running::start(&self.compiled.module, &self.name)
    }
}

/// The custom actions of a plan, or why each is not available.
#[derive(Default)]
pub(super) struct Customs(BTreeMap<String, Result<Named, Failure>>);

impl CustomSource for Customs {
    fn get(&self, name: &str) -> Result<&dyn CustomAction, Failure> {
        match self.0.get(name) {
            Some(Ok(named)) => Ok(named),
            Some(Err(failure)) => Err(failure.clone()),
            None => Err(user_files::unreadable(FileKind::Action, name, "it was not loaded")),
        }
    }
}

/// The modules that this worker has compiled.
pub(super) struct CustomCache {
    database: Storage,
    /// By the id of their content.
    held: RefCell<BTreeMap<String, Rc<Compiled>>>,
}

impl CustomCache {
    pub(super) fn new(database: Storage) -> Self {
        Self { database, held: RefCell::default() }
    }

    /// The custom actions with these names; a later call tries again. Others are forgotten, if there are any names.
    pub(super) async fn load(&self, names: &BTreeSet<&str>) -> Customs {
        let mut customs = Customs::default();
        for name in names {
            customs.0.insert((*name).to_owned(), self.one(name).await);
        }
        if !names.is_empty() {
            let is_used = |id: &String| customs.0.values().flatten().any(|named| named.id == *id);
            self.held.borrow_mut().retain(|id, _| is_used(id));
        }
        customs
    }

    async fn one(&self, name: &str) -> Result<Named, Failure> {
        let id = user_files::find(&self.database, FileKind::Action, name).await?;
        let held = self.held.borrow().get(&id).cloned();
        let compiled = match held {
            Some(compiled) => compiled,
            None => {
                let file = user_files::read(&self.database, FileKind::Action, name, &id).await?;
                let compiled = Rc::new(Compiled::read(name, &file)?);
                self.held.borrow_mut().insert(id.clone(), compiled.clone());
                compiled
            }
        };
        Ok(Named { name: name.to_owned(), id, compiled })
    }
}

/// Reads a module that is not stored yet: what it says of itself.
///
/// # Errors
/// Why it cannot be used.
pub(super) async fn try_file(file: &Blob) -> Result<Value, Failure> {
    let (name, file) = user_files::given(FileKind::Action, file).await?;
    Ok(Compiled::read(&name, &file)?.json)
}
