//! The worker's encoders that are programs of their own: an instance of each, made when a plan first needs it and kept. Each has a
//! loader in the worker's script. The code of libwebp comes when the worker starts, those of libaom and libjxl when they are requested.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::{Promise, Uint8Array, WebAssembly};
use wasm_bindgen::prelude::*;

use super::super::interop::{describe, property, settled};
use super::instance::Requests;
use crate::codecs::{AvifPlanes, Encoder, Encoders, Encoding, Raster};
use crate::compact::SortedMap;
use crate::error::{ErrorCategory, Failure, Phase};
use crate::image::Size;
use crate::protocol::Module;

#[wasm_bindgen]
extern "C" {
    /// What the script of an encoder declares.
    type Loader;
    #[wasm_bindgen(method)]
    fn load(this: &Loader, module: &WebAssembly::Module) -> Promise;
    #[wasm_bindgen(method, getter)]
    fn name(this: &Loader) -> String;

    /// What its loader makes.
    type Instance;
    #[wasm_bindgen(method)]
    fn memory(this: &Instance) -> f64;

    /// The one of `codecs/libwebp/libwebp.js`.
    #[wasm_bindgen(extends = Instance)]
    type Libwebp;
    #[wasm_bindgen(method, catch)]
    fn encode(
        this: &Libwebp,
        rgba: &[u8],
        width: u32,
        height: u32,
        quality: u8,
        lossless: bool,
    ) -> Result<Option<Uint8Array>, JsValue>;

    /// The one of `codecs/libavif/libavif.js`.
    #[wasm_bindgen(extends = Instance)]
    type Libavif;
    #[wasm_bindgen(method, catch)]
    #[allow(clippy::too_many_arguments, reason = "an object of settings would have to be made here and read there")]
    fn encode(
        this: &Libavif,
        rgba: &[u8],
        width: u32,
        height: u32,
        depth: u8,
        quality: u8,
        alpha_quality: u8,
        planes: u8,
        speed: u8,
    ) -> Result<Option<Uint8Array>, JsValue>;

    /// The one of `codecs/libjxl/libjxl.js`.
    #[wasm_bindgen(extends = Instance)]
    type Libjxl;
    #[wasm_bindgen(method, catch)]
    fn encode(
        this: &Libjxl,
        rgba: &[u8],
        width: u32,
        height: u32,
        quality: u8,
        effort: u8,
    ) -> Result<Option<Uint8Array>, JsValue>;
}

/// A running encoder with a memory of its own.
struct Program {
    instance: Instance,
    name: &'static str,
    /// Whether its memory cannot be trusted any more: it has thrown, or had too little of it.
    broken: Cell<bool>,
}

/// The encoders, once they were needed.
pub(super) struct EncoderCache {
    /// libwebp's compiled module, or nothing if it could not be loaded.
    libwebp: JsValue,
    held: RefCell<SortedMap<Encoder, Rc<Program>>>,
}

impl EncoderCache {
    pub(super) fn new(libwebp: JsValue) -> Self {
        Self { libwebp, held: RefCell::default() }
    }

    /// Loads an encoder, unless it is there; a later call tries again if it is not available.
    pub(super) async fn load(&self, requests: &Requests, encoder: Encoder) -> Result<(), Failure> {
        if self.held(encoder).is_some() {
            return Ok(());
        }
        let loader = property(&js_sys::global(), script(encoder));
        if loader.is_undefined() {
            return Err(missing(encoder));
        }
        let module = match encoder {
            Encoder::Webp => self.libwebp.clone().dyn_into().map_err(|_| missing(encoder))?,
            Encoder::Avif => requests.get(Module::Libavif).await?.module,
            Encoder::Jxl => requests.get(Module::Libjxl).await?.module,
        };
        let loader: Loader = loader.unchecked_into();
        let instance = settled(loader.load(&module)).await.map_err(|error| not_started(encoder, &describe(&error)))?;
        let program = Program {
            instance: instance.unchecked_into(),
            // Leaked once per encoder, which is hardly ever more than three.
            name: Box::leak(loader.name().into_boxed_str()),
            broken: Cell::new(false),
        };
        self.held.borrow_mut().insert(encoder, Rc::new(program));
        Ok(())
    }

    /// One that can be used.
    fn held(&self, encoder: Encoder) -> Option<Rc<Program>> {
        self.held.borrow().get(&encoder).filter(|program| !program.broken.get()).cloned()
    }

    /// Bytes of their memories; more than any limit if one has broken down, because the worker must be replaced then.
    pub(super) fn memory(&self) -> u64 {
        let of = |program: &Rc<Program>| match program.broken.get() {
            true => u64::from(u32::MAX),
            false => program.instance.memory() as u64,
        };
        self.held.borrow().values().map(of).sum()
    }
}

impl Encoders for EncoderCache {
    fn name(&self, encoder: Encoder) -> Option<&'static str> {
        self.held(encoder).map(|program| program.name)
    }

    fn encode(&self, picture: Raster<'_>, encoding: Encoding) -> Result<Vec<u8>, Failure> {
        let encoder = encoding.encoder();
        let program = self.held(encoder).ok_or_else(|| missing(encoder))?;
        let Raster { rgba, size: Size { width, height }, depth } = picture;
        let file = match encoding {
            Encoding::Webp { quality, lossless } => {
                let libwebp: &Libwebp = program.instance.unchecked_ref();
                libwebp.encode(rgba, width, height, quality, lossless)
            }
            Encoding::Avif { quality, alpha_quality, planes, speed } => {
                let libavif: &Libavif = program.instance.unchecked_ref();
                libavif.encode(rgba, width, height, depth, quality, alpha_quality, code(planes), speed)
            }
            Encoding::Jxl { quality, effort } => {
                let libjxl: &Libjxl = program.instance.unchecked_ref();
                libjxl.encode(rgba, width, height, quality, effort)
            }
        };
        match file {
            Ok(Some(file)) => Ok(file.to_vec()),
            Ok(None) => Err(match encoder {
                Encoder::Webp => Failure::execute(
                    format!("WebP does not support {width} × {height} pixels."),
                    "Make the picture smaller (at most 16,383 per side), or choose another format.",
                ),
                Encoder::Avif | Encoder::Jxl => {
                    program.broken.set(true);
                    too_large(encoder, width, height)
                }
            }),
            Err(error) => {
                program.broken.set(true);
                let (name, error) = (encoder.format().name(), describe(&error));
                Err(Failure::system(format!("The {name} encoder failed: {error}."), "Retry it."))
            }
        }
    }
}

/// The name that the script of an encoder declares.
const fn script(encoder: Encoder) -> &'static str {
    match encoder {
        Encoder::Webp => "libwebp",
        Encoder::Avif => "libavif",
        Encoder::Jxl => "libjxl",
    }
}

/// As libavif numbers them.
const fn code(planes: AvifPlanes) -> u8 {
    match planes {
        AvifPlanes::Gray => 0,
        AvifPlanes::Halved => 1,
        AvifPlanes::Full => 3,
    }
}

fn too_large(encoder: Encoder, width: u32, height: u32) -> Failure {
    let hint = match encoder {
        Encoder::Jxl => {
            "Make the picture smaller: about 16 megapixels are possible. Or turn \"lossless\" on, or choose another format."
        }
        _ => {
            "Make the picture smaller: about 50 megapixels are possible, or 35 with colour at full size. Or choose another format."
        }
    };
    Failure::execute(
        format!("The {} encoder has not enough memory for {width} × {height} pixels.", encoder.format().name()),
        hint,
    )
}

fn missing(encoder: Encoder) -> Failure {
    not_started(encoder, "its files were missing when the page was loaded")
}

fn not_started(encoder: Encoder, reason: &str) -> Failure {
    Failure::new(
        ErrorCategory::SystemError,
        Phase::Setup,
        format!("The {} encoder could not be started: {reason}.", encoder.format().name()),
        "Reload the page, or choose another format.",
    )
}
