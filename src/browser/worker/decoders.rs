//! The worker's decoders of pictures that are programs of their own: an instance of each, made when a picture first needs it
//! and kept. The service provides the code.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;

use super::instance::{Instance, Requests};
use crate::codecs::{Coding, Decoders, Product};
use crate::compact::SortedMap;
use crate::error::Failure;
use crate::protocol::Module;

#[wasm_bindgen]
extern "C" {
    /// What `bin/decoder/exports.rs` exports besides.
    type Exports;
    #[wasm_bindgen(method, catch)]
    fn decode(this: &Exports) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn report(this: &Exports) -> Result<u32, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn report_length(this: &Exports) -> Result<u32, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn data(this: &Exports) -> Result<u32, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn data_length(this: &Exports) -> Result<u32, JsValue>;
}

/// The program that decodes a coding.
const fn module(coding: Coding) -> Module {
    match coding {
        Coding::JpegXl => Module::Jxl,
        Coding::Av1 => Module::Av1,
        Coding::Svg => Module::Svg,
    }
}

/// The decoders, once they were needed.
#[derive(Default)]
pub(super) struct DecoderCache {
    held: RefCell<SortedMap<Coding, Rc<Instance>>>,
}

impl DecoderCache {
    /// Loads a decoder, unless it is there; a later call tries again if it is not available.
    pub(super) async fn load(&self, requests: &Requests, coding: Coding) -> Result<(), Failure> {
        if self.held(coding).is_some_and(|instance| !instance.is_broken()) {
            return Ok(());
        }
        let given = requests.get(module(coding)).await?;
        let instance = Instance::start(&given.module, format!("{} decoder", coding.name()))?;
        self.held.borrow_mut().insert(coding, Rc::new(instance));
        Ok(())
    }

    fn held(&self, coding: Coding) -> Option<Rc<Instance>> {
        self.held.borrow().get(&coding).cloned()
    }

    /// Bytes of their memories, as [`Instance::memory`].
    pub(super) fn memory(&self) -> u64 {
        self.held.borrow().values().map(|instance| instance.memory()).sum()
    }
}

impl Decoders for DecoderCache {
    fn decode(&self, coding: Coding, data: &[u8]) -> Result<Product, Failure> {
        let unavailable = || Failure::system(format!("The {} decoder is not loaded.", coding.name()), "Retry it.");
        let instance = self.held(coding).ok_or_else(unavailable)?;
        let trapped = |error: JsValue| instance.trapped(&error);
        let exports: &Exports = instance.exports();
        instance.write(&Uint8Array::from(data))?;
        exports.decode().map_err(trapped)?;
        let report = instance.read(exports.report().map_err(trapped)?, exports.report_length().map_err(trapped)?);
        let data = instance.read(exports.data().map_err(trapped)?, exports.data_length().map_err(trapped)?);
        Ok(Product::new(report, data))
    }
}
