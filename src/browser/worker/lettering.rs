//! The worker's typesetter: an instance of the WebAssembly that sets text, made when a plan first needs it and kept with its
//! fonts. The service provides the code and the built-in font; the user's own fonts are in the store.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use js_sys::{ArrayBuffer, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::Blob;

use super::super::environment::buffer_of;
use super::super::storage::Storage;
use super::instance::{Instance, Requests};
use super::user_files;
use crate::error::{ErrorCategory, Failure, Phase};
use crate::lettering::{Lettering, Report, Request, Typesetter};
use crate::protocol::Module;
use crate::user_file::FileKind;

#[wasm_bindgen]
extern "C" {
    /// What `bin/lettering.rs` exports besides.
    type Exports;
    #[wasm_bindgen(method, catch)]
    fn add_font(this: &Exports) -> Result<u32, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn forget_fonts(this: &Exports) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn set(this: &Exports) -> Result<u32, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn report(this: &Exports) -> Result<u32, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn report_length(this: &Exports) -> Result<u32, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn letters(this: &Exports) -> Result<u32, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn outline(this: &Exports) -> Result<u32, JsValue>;
}

/// The program that sets text, with the fonts that it has read.
struct Program {
    instance: Instance,
    /// The user's fonts by name, each with the id of its content.
    fonts: RefCell<BTreeMap<String, String>>,
}

impl Program {
    /// Starts the code with the built-in font.
    async fn start(requests: &Requests) -> Result<Self, Failure> {
        let given = requests.get(Module::Lettering).await?;
        let font = given.file.ok_or_else(|| unusable("its font is missing"))?;
        let font = buffer_of(&font).await.map_err(|error| unusable(&error))?;
        let instance = Instance::start(&given.module, "typesetter".to_owned())?;
        if !instance.load(&font)? {
            return Err(unusable(&instance.last_message()));
        }
        Ok(Self { instance, fonts: RefCell::default() })
    }

    /// Reads a font, which texts can then name.
    ///
    /// # Errors
    /// When it is not one.
    fn add(&self, name: &str, file: &ArrayBuffer) -> Result<(), Failure> {
        let head = format!("{name}\n");
        let content = Uint8Array::new_with_length(head.len() as u32 + file.byte_length());
        content.set(&Uint8Array::from(head.as_bytes()), 0);
        content.set(&Uint8Array::new(file), head.len() as u32);
        self.instance.write(&content)?;
        let exports: &Exports = self.instance.exports();
        if exports.add_font().map_err(|error| self.instance.trapped(&error))? != 0 {
            return Ok(());
        }
        Err(Failure::new(
            ErrorCategory::ValidationError,
            Phase::Setup,
            format!("The font \"{name}\" cannot be used: {}.", self.instance.last_message()),
            "Choose a TrueType or OpenType font: a file that ends with .ttf, .otf or .ttc.",
        ))
    }

    /// Reads one of the user's fonts, unless it has that one.
    async fn load(&self, database: &Storage, name: &str) -> Result<(), Failure> {
        let id = user_files::find(database, FileKind::Font, name).await?;
        if self.fonts.borrow().get(name) == Some(&id) {
            return Ok(());
        }
        let file = user_files::read(database, FileKind::Font, name, &id).await?;
        self.add(name, &file)?;
        self.fonts.borrow_mut().insert(name.to_owned(), id);
        Ok(())
    }

    /// Forgets all fonts of the user if there are others than these.
    fn forget_others(&self, names: &BTreeSet<&str>) -> Result<(), Failure> {
        if self.fonts.borrow().keys().all(|name| names.contains(name.as_str())) {
            return Ok(());
        }
        self.fonts.borrow_mut().clear();
        self.instance.exports::<Exports>().forget_fonts().map_err(|error| self.instance.trapped(&error))
    }
}

/// The typesetter for the texts of a plan.
pub(super) struct ReadyTypesetter {
    program: Rc<Program>,
    /// Why fonts are not available, by name.
    missing: BTreeMap<String, Failure>,
}

impl Typesetter for ReadyTypesetter {
    fn set(&self, request: &Request) -> Result<Lettering, Failure> {
        if let Some(failure) = self.missing.get(&request.font) {
            return Err(failure.clone());
        }
        let instance = &self.program.instance;
        let trapped = |error: JsValue| instance.trapped(&error);
        let exports: &Exports = instance.exports();
        let text = serde_json::to_string(request).map_err(|error| unusable(&error.to_string()))?;
        instance.write(&Uint8Array::from(text.as_bytes()))?;
        if exports.set().map_err(trapped)? == 0 {
            return Err(unusable(&instance.last_message()));
        }
        let report = instance.read(exports.report().map_err(trapped)?, exports.report_length().map_err(trapped)?);
        let report: Report = serde_json::from_slice(&report).map_err(|error| unusable(&error.to_string()))?;
        let pixels = report.painted[0] * report.painted[1];
        let letters = instance.read(exports.letters().map_err(trapped)?, pixels);
        let outline = match exports.outline().map_err(trapped)? {
            0 => Vec::new(),
            place => instance.read(place, pixels),
        };
        Ok(Lettering { report, letters, outline })
    }
}

/// The typesetter, once it was needed.
pub(super) struct TypesetterCache {
    database: Storage,
    requests: Rc<Requests>,
    held: RefCell<Option<Rc<Program>>>,
}

impl TypesetterCache {
    pub(super) fn new(database: Storage, requests: Rc<Requests>) -> Self {
        Self { database, requests, held: RefCell::default() }
    }

    /// The typesetter with the fonts of these names; a later call tries again if it is not available. Other fonts of the
    /// user are forgotten.
    pub(super) async fn get(&self, fonts: &BTreeSet<&str>) -> Result<ReadyTypesetter, Failure> {
        let program = self.program().await?;
        program.forget_others(fonts)?;
        let mut missing = BTreeMap::new();
        for name in fonts {
            if let Err(failure) = program.load(&self.database, name).await {
                missing.insert((*name).to_owned(), failure);
            }
        }
        Ok(ReadyTypesetter { program, missing })
    }

    async fn program(&self) -> Result<Rc<Program>, Failure> {
        let held = self.held.borrow().clone();
        if let Some(program) = held.filter(|program| !program.instance.is_broken()) {
            return Ok(program);
        }
        let program = Rc::new(Program::start(&self.requests).await?);
        *self.held.borrow_mut() = Some(program.clone());
        Ok(program)
    }

    /// Reads a font, for a worker that is thrown away afterwards.
    ///
    /// # Errors
    /// Why this program cannot use it.
    pub(super) async fn try_file(&self, file: &Blob) -> Result<(), Failure> {
        let (name, file) = user_files::given(FileKind::Font, file).await?;
        self.program().await?.add(&name.replace('\n', " "), &file)
    }

    /// Bytes of its memory, as [`Instance::memory`].
    pub(super) fn memory(&self) -> u64 {
        self.held.borrow().as_ref().map_or(0, |program| program.instance.memory())
    }
}

fn unusable(error: &str) -> Failure {
    Failure::new(
        ErrorCategory::SystemError,
        Phase::Setup,
        format!("Text could not be set: {error}."),
        "Reload the page, then retry it.",
    )
}
