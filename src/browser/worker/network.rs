//! The worker's models: an instance of the inference WebAssembly for each, made when a plan first needs it and kept. The
//! service provides the code and the built-in model; the user's own models are in the store.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use js_sys::{ArrayBuffer, Float32Array, Object, Uint8Array, WebAssembly};
use wasm_bindgen::prelude::*;
use web_sys::Blob;

use super::super::environment::buffer_of;
use super::super::interop::{Sender, describe, handover, property};
use super::super::storage::Storage;
use super::super::verify::{self, Found};
use super::report;
use crate::error::{ErrorCategory, Failure, Phase};
use crate::network::{self, BUILT_IN, Missing, Need, SIDE, SaliencyNetwork};
use crate::protocol::FromWorker;
use crate::store::LibraryStore;

#[wasm_bindgen]
extern "C" {
    /// What `bin/network.rs` exports. Addresses are within its own memory.
    type Exports;
    #[wasm_bindgen(method, getter)]
    fn memory(this: &Exports) -> WebAssembly::Memory;
    #[wasm_bindgen(method, catch)]
    fn room(this: &Exports, length: u32) -> Result<u32, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn load(this: &Exports) -> Result<u32, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn input(this: &Exports) -> Result<u32, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn run(this: &Exports) -> Result<u32, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn message(this: &Exports) -> Result<u32, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn message_length(this: &Exports) -> Result<u32, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn exhausted(this: &Exports) -> Result<u32, JsValue>;
}

/// A model in an instance of its own.
struct Instance {
    exports: Exports,
    name: String,
    /// Set by a trap: its memory cannot be trusted any more.
    broken: Cell<bool>,
}

impl Instance {
    /// Starts the code, without a model.
    fn start(module: &WebAssembly::Module, name: &str) -> Result<Self, Failure> {
        let instance = WebAssembly::Instance::new(module, &Object::new()).map_err(|error| not_started(&error))?;
        let exports = instance.exports().unchecked_into();
        Ok(Self { exports, name: name.to_owned(), broken: Cell::new(false) })
    }

    /// Loads a file.
    ///
    /// # Errors
    /// When the file is not a model, or there is not enough memory.
    fn load(&self, file: &ArrayBuffer) -> Result<(), Failure> {
        let place = self.exports.room(file.byte_length()).map_err(|error| self.trapped(&error))?;
        let room = Uint8Array::new_with_byte_offset_and_length(&self.buffer(), place, file.byte_length());
        room.set(&Uint8Array::new(file), 0);
        match self.exports.load().map_err(|error| self.trapped(&error))? {
            0 => Err(Failure::new(
                ErrorCategory::ValidationError,
                Phase::Setup,
                format!("The model \"{}\" cannot be used: {}.", self.name, self.last_message()),
                "Choose an ONNX file of the U²-Net family: one input of 1 × 3 × 320 × 320, first output 320 × 320.",
            )),
            _ => Ok(()),
        }
    }

    fn buffer(&self) -> ArrayBuffer {
        self.exports.memory().buffer().unchecked_into()
    }

    fn last_message(&self) -> String {
        let (Ok(place), Ok(length)) = (self.exports.message(), self.exports.message_length()) else {
            return String::new();
        };
        let bytes = Uint8Array::new_with_byte_offset_and_length(&self.buffer(), place, length).to_vec();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The failure of a call that threw.
    fn trapped(&self, error: &JsValue) -> Failure {
        self.broken.set(true);
        let name = &self.name;
        if self.exports.exhausted().is_ok_and(|exhausted| exhausted != 0) {
            return Failure::system(
                format!("Not enough memory for the model \"{name}\"."),
                "Close other tabs and retry it, or choose a smaller model.",
            );
        }
        let reason = Some(self.last_message()).filter(|text| !text.is_empty()).unwrap_or_else(|| describe(error));
        Failure::system(format!("The model \"{name}\" broke down: {reason}."), "Retry it.")
    }
}

impl SaliencyNetwork for Instance {
    fn infer(&self, input: &[f32]) -> Result<Vec<f32>, Failure> {
        let place = self.exports.input().map_err(|error| self.trapped(&error))?;
        let samples = 3 * SIDE * SIDE;
        Float32Array::new_with_byte_offset_and_length(&self.buffer(), place, samples).copy_from(input);
        match self.exports.run().map_err(|error| self.trapped(&error))? {
            0 => Err(Failure::execute(
                format!("The model \"{}\" cannot be used: {}.", self.name, self.last_message()),
                "Choose another model.",
            )),
            place => {
                let output = Float32Array::new_with_byte_offset_and_length(&self.buffer(), place, SIDE * SIDE);
                Ok(output.to_vec())
            }
        }
    }

    fn name(&self) -> &str {
        &self.name
    }
}

/// What the service provides: the compiled code and, if requested, the built-in model.
#[derive(Clone)]
struct Given {
    module: WebAssembly::Module,
    built_in: Option<Blob>,
}

/// The models that one run may request, as far as they have been loaded.
#[derive(Default)]
pub(super) struct Loaded {
    networks: BTreeMap<String, Result<Rc<Instance>, Failure>>,
}

impl Loaded {
    /// How many there are.
    pub(super) fn count(&self) -> u32 {
        self.networks.len() as u32
    }

    /// Loads the model with this name, or notes why it is not available.
    pub(super) async fn add(&mut self, cache: &ModelCache, name: &str) {
        self.networks.insert(name.to_owned(), cache.one(name).await);
    }
}

impl network::ModelSource for Loaded {
    fn get(&self, model: &str) -> Result<&dyn SaliencyNetwork, Missing> {
        match self.networks.get(model) {
            Some(Ok(network)) => Ok(&**network),
            Some(Err(failure)) => Err(Missing::Failed(failure.clone())),
            None => Err(Missing::NotLoaded),
        }
    }
}

/// The models that this worker has loaded.
pub(super) struct ModelCache {
    database: Storage,
    given: RefCell<Option<Given>>,
    waiting: RefCell<Option<Sender<Result<Given, Failure>>>>,
    /// By name, with the id of the file.
    held: RefCell<BTreeMap<String, (String, Rc<Instance>)>>,
}

impl ModelCache {
    pub(super) fn new(database: Storage) -> Self {
        let (given, waiting, held) = Default::default();
        Self { database, given, waiting, held }
    }

    /// The models with these names, or why each is not available; a later call tries again. One that only some
    /// pictures need is included only if it was loaded before. Other models are unloaded.
    pub(super) async fn load(&self, networks: &BTreeMap<&str, Need>) -> Loaded {
        if !networks.is_empty() {
            self.held.borrow_mut().retain(|name, _| networks.contains_key(name.as_str()));
        }
        let mut loaded = Loaded::default();
        for (name, need) in networks {
            let held = self.held.borrow().contains_key(*name);
            if held || *need == Need::Always {
                loaded.add(self, name).await;
            }
        }
        loaded
    }

    async fn one(&self, name: &str) -> Result<Rc<Instance>, Failure> {
        let own = if name == BUILT_IN.name { None } else { Some(self.own_file(name).await?) };
        let id = own.as_deref().unwrap_or(BUILT_IN.sha256);
        let held = self.held.borrow().get(name).cloned();
        if let Some((_, instance)) = held.filter(|(held, instance)| held == id && !instance.broken.get()) {
            return Ok(instance);
        }
        let given = self.given(own.is_none()).await?;
        let file = match &own {
            Some(asset_id) => {
                let read = verify::read(&self.database, asset_id).await;
                match read.map_err(|error| unreadable(name, &error.to_string()))? {
                    Found::Sound(_, file) => file,
                    Found::Damaged(why) => return Err(unreadable(name, &format!("its file is damaged, {why}"))),
                    Found::TooLarge(why) => return Err(unreadable(name, &why)),
                    Found::Nothing => return Err(unreadable(name, "its file is missing")),
                }
            }
            None => {
                let file = given.built_in.ok_or_else(|| unreadable(name, "its file is missing"))?;
                buffer_of(&file).await.map_err(|error| unreadable(name, &error))?
            }
        };
        let instance = Rc::new(Instance::start(&given.module, name)?);
        self.held.borrow_mut().insert(name.to_owned(), (id.to_owned(), instance.clone()));
        let loaded = instance.load(&file);
        if loaded.is_err() && !instance.broken.get() {
            self.held.borrow_mut().remove(name);
        }
        loaded.map(|()| instance)
    }

    /// The asset of one of the user's own models.
    async fn own_file(&self, name: &str) -> Result<String, Failure> {
        let models = self.database.models().await.map_err(|error| unreadable(name, &error.to_string()))?;
        let found = models.into_iter().find(|model| model.name == name);
        found.map(|model| model.asset_id).ok_or_else(|| {
            Failure::new(
                ErrorCategory::ValidationError,
                Phase::Setup,
                format!("There is no model \"{name}\" in this browser."),
                format!("Add its file under this name and retry, or choose \"{}\", which is built in.", BUILT_IN.name),
            )
        })
    }

    /// What the service provides, requested once.
    async fn given(&self, built_in: bool) -> Result<Given, Failure> {
        let given = self.given.borrow().clone();
        if let Some(given) = given.filter(|given| given.built_in.is_some() || !built_in) {
            return Ok(given);
        }
        let (sender, receiver) = handover();
        *self.waiting.borrow_mut() = Some(sender);
        report(&FromWorker::NeedsNetwork { built_in });
        let given =
            receiver.await.unwrap_or_else(|| Err(Failure::system("The service provided no model.", "Retry it.")))?;
        *self.given.borrow_mut() = Some(given.clone());
        Ok(given)
    }

    /// The service's answer: `attachment` is [module, built-in model], each if available.
    pub(super) fn answered(&self, failure: Option<Failure>, attachment: &JsValue) {
        let Some(waiting) = self.waiting.borrow_mut().take() else { return };
        waiting.send(match failure {
            Some(failure) => Err(failure),
            None => match property(attachment, "0").dyn_into::<WebAssembly::Module>() {
                Ok(module) => Ok(Given { module, built_in: property(attachment, "1").dyn_into().ok() }),
                Err(_) => Err(Failure::system("The service provided no inference code.", "Reload the page.")),
            },
        });
    }

    /// Loads a file and runs it once, on nothing; for a worker that is thrown away afterwards.
    ///
    /// # Errors
    /// Why this program cannot use it.
    pub(super) async fn try_file(&self, file: &Blob) -> Result<(), Failure> {
        let given = self.given(false).await?;
        let name = file.dyn_ref::<web_sys::File>().map_or_else(|| "the file".to_owned(), web_sys::File::name);
        let file = buffer_of(file).await.map_err(|error| unreadable(&name, &error))?;
        let network = Instance::start(&given.module, &name)?;
        network.load(&file)?;
        network.infer(&vec![0.0; 3 * (SIDE * SIDE) as usize]).map(|_| ())
    }

    /// Bytes of their memories; more than any limit if one has broken down, because the worker must be replaced then.
    pub(super) fn memory(&self) -> u64 {
        let held = self.held.borrow();
        let size = |instance: &Instance| {
            if instance.broken.get() { u64::from(u32::MAX) } else { u64::from(instance.buffer().byte_length()) }
        };
        held.values().map(|(_, instance)| size(instance)).sum()
    }
}

fn not_started(error: &JsValue) -> Failure {
    Failure::new(
        ErrorCategory::SystemError,
        Phase::Setup,
        format!("The inference code could not be started: {}.", describe(error)),
        "Close other tabs and retry it.",
    )
}

fn unreadable(name: &str, error: &str) -> Failure {
    Failure::new(
        ErrorCategory::SystemError,
        Phase::Setup,
        format!("The model \"{name}\" could not be read: {error}."),
        "Retry it; if that does not help, remove the model and add it again.",
    )
}
