//! The worker's models: an instance of the inference WebAssembly for each, made when a plan first needs it and kept. The
//! service provides the code and the built-in model; the user's own models are in the store.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use js_sys::{ArrayBuffer, Float32Array, WebAssembly};
use wasm_bindgen::prelude::*;
use web_sys::Blob;

use super::super::environment::buffer_of;
use super::super::storage::Storage;
use super::instance::{Given, Instance, Requests};
use super::user_files;
use crate::error::{ErrorCategory, Failure, Phase};
use crate::network::{self, BUILT_IN, Missing, Need, SIDE, SaliencyNetwork};
use crate::protocol::Module;
use crate::user_file::FileKind;

#[wasm_bindgen]
extern "C" {
    /// What `bin/network.rs` exports besides.
    type Exports;
    #[wasm_bindgen(method, catch)]
    fn input(this: &Exports) -> Result<u32, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn run(this: &Exports) -> Result<u32, JsValue>;
}

/// A model in an instance of its own.
struct Model {
    instance: Instance,
    name: String,
}

impl Model {
    /// Starts the code, without a model.
    fn start(module: &WebAssembly::Module, name: &str) -> Result<Self, Failure> {
        let instance = Instance::start(module, format!("model \"{name}\""))?;
        Ok(Self { instance, name: name.to_owned() })
    }

    /// Loads a file.
    ///
    /// # Errors
    /// When the file is not a model, or there is not enough memory.
    fn load(&self, file: &ArrayBuffer) -> Result<(), Failure> {
        if self.instance.load(file)? {
            return Ok(());
        }
        Err(Failure::new(
            ErrorCategory::ValidationError,
            Phase::Setup,
            format!("The model \"{}\" cannot be used: {}.", self.name, self.instance.last_message()),
            "Choose an ONNX file of the U²-Net family: one input of 1 × 3 × 320 × 320, first output 320 × 320.",
        ))
    }
}

impl SaliencyNetwork for Model {
    fn infer(&self, input: &[f32]) -> Result<Vec<f32>, Failure> {
        let exports: &Exports = self.instance.exports();
        let place = exports.input().map_err(|error| self.instance.trapped(&error))?;
        let samples = 3 * SIDE * SIDE;
        Float32Array::new_with_byte_offset_and_length(&self.instance.buffer(), place, samples).copy_from(input);
        match exports.run().map_err(|error| self.instance.trapped(&error))? {
            0 => Err(Failure::execute(
                format!("The model \"{}\" cannot be used: {}.", self.name, self.instance.last_message()),
                "Choose another model.",
            )),
            place => {
                let buffer = self.instance.buffer();
                Ok(Float32Array::new_with_byte_offset_and_length(&buffer, place, SIDE * SIDE).to_vec())
            }
        }
    }

    fn name(&self) -> &str {
        &self.name
    }
}

/// The models that one run may request, as far as they have been loaded.
#[derive(Default)]
pub(super) struct Loaded {
    networks: BTreeMap<String, Result<Rc<Model>, Failure>>,
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
    requests: Rc<Requests>,
    given: RefCell<Option<Given>>,
    /// By name, with the id of the file.
    held: RefCell<BTreeMap<String, (String, Rc<Model>)>>,
}

impl ModelCache {
    pub(super) fn new(database: Storage, requests: Rc<Requests>) -> Self {
        let (given, held) = Default::default();
        Self { database, requests, given, held }
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

    async fn one(&self, name: &str) -> Result<Rc<Model>, Failure> {
        let own = if name == BUILT_IN.name {
            None
        } else {
            Some(user_files::find(&self.database, FileKind::Model, name).await?)
        };
        let id = own.as_deref().unwrap_or(BUILT_IN.sha256);
        let held = self.held.borrow().get(name).cloned();
        if let Some((_, instance)) = held.filter(|(held, instance)| held == id && !instance.instance.is_broken()) {
            return Ok(instance);
        }
        let given = self.given(own.is_none()).await?;
        let file = match &own {
            Some(asset_id) => user_files::read(&self.database, FileKind::Model, name, asset_id).await?,
            None => {
                let unreadable = |error: &str| user_files::unreadable(FileKind::Model, name, error);
                let file = given.file.ok_or_else(|| unreadable("its file is missing"))?;
                buffer_of(&file).await.map_err(|error| unreadable(&error))?
            }
        };
        let instance = Rc::new(Model::start(&given.module, name)?);
        self.held.borrow_mut().insert(name.to_owned(), (id.to_owned(), instance.clone()));
        let loaded = instance.load(&file);
        if loaded.is_err() && !instance.instance.is_broken() {
            self.held.borrow_mut().remove(name);
        }
        loaded.map(|()| instance)
    }

    /// What the service provides, requested once.
    async fn given(&self, built_in: bool) -> Result<Given, Failure> {
        let given = self.given.borrow().clone();
        if let Some(given) = given.filter(|given| given.file.is_some() || !built_in) {
            return Ok(given);
        }
        let module = if built_in { Module::NetworkWithModel } else { Module::Network };
        let given = self.requests.get(module).await?;
        *self.given.borrow_mut() = Some(given.clone());
        Ok(given)
    }

    /// Loads a file and runs it once, on nothing; for a worker that is thrown away afterwards.
    ///
    /// # Errors
    /// Why this program cannot use it.
    pub(super) async fn try_file(&self, file: &Blob) -> Result<(), Failure> {
        let given = self.given(false).await?;
        let (name, file) = user_files::given(FileKind::Model, file).await?;
        let network = Model::start(&given.module, &name)?;
        network.load(&file)?;
        network.infer(&vec![0.0; 3 * (SIDE * SIDE) as usize]).map(|_| ())
    }

    /// Bytes of their memories, as [`Instance::memory`].
    pub(super) fn memory(&self) -> u64 {
        self.held.borrow().values().map(|(_, model)| model.instance.memory()).sum()
    }
}
