//! The worker's typesetter: an instance of the WebAssembly that sets text, made when a plan first needs it and kept with its
//! fonts. The service provides the code and the built-in font; the user's own fonts are in the store.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use js_sys::{Array, ArrayBuffer, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{Blob, File};

use super::super::environment::buffer_of;
use super::super::interop::describe;
use super::super::storage::Storage;
use super::instance::{Instance, Requests};
use super::user_files;
use crate::error::{ErrorCategory, Failure, Phase};
use crate::lettering::{EMOJI_FONT, Lettering, Report, Request, Typesetter};
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
    #[wasm_bindgen(method, catch)]
    fn colors(this: &Exports) -> Result<u32, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn add_emoji(this: &Exports) -> Result<u32, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn unpack(this: &Exports) -> Result<u32, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn unpacked(this: &Exports) -> Result<u32, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn unpacked_length(this: &Exports) -> Result<u32, JsValue>;
}

/// The program that sets text, with the fonts that it has read.
struct Program {
    instance: Instance,
    /// The user's fonts by name, each with the id of its content.
    fonts: RefCell<BTreeMap<String, String>>,
    /// Whether it has the font for emoji.
    has_emoji: Cell<bool>,
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
        Ok(Self { instance, fonts: RefCell::default(), has_emoji: Cell::default() })
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
        Err(self.refused(name))
    }

    fn refused(&self, name: &str) -> Failure {
        Failure::new(
            ErrorCategory::ValidationError,
            Phase::Setup,
            format!("The font \"{name}\" cannot be used: {}.", self.instance.last_message()),
            "Choose a TrueType or OpenType font: a file that ends with .ttf, .otf, .ttc, .woff or .woff2.",
        )
    }

    /// Reads the font for emoji.
    async fn add_emoji(&self, requests: &Requests) -> Result<(), Failure> {
        let font = buffer_of(&requests.file(Module::Emoji).await?).await.map_err(|error| unusable(&error))?;
        self.instance.write(&Uint8Array::new(&font))?;
        let exports: &Exports = self.instance.exports();
        if exports.add_emoji().map_err(|error| self.instance.trapped(&error))? == 0 {
            return Err(unusable(&self.instance.last_message()));
        }
        self.has_emoji.set(true);
        Ok(())
    }

    /// A font as it was before it was packed.
    fn unpacked(&self, name: &str, file: &ArrayBuffer) -> Result<Uint8Array, Failure> {
        let (instance, trapped) = (&self.instance, |error: JsValue| self.instance.trapped(&error));
        instance.write(&Uint8Array::new(file))?;
        let exports: &Exports = instance.exports();
        if exports.unpack().map_err(trapped)? == 0 {
            return Err(self.refused(name));
        }
        let (place, length) = (exports.unpacked().map_err(trapped)?, exports.unpacked_length().map_err(trapped)?);
        Ok(Uint8Array::new_with_byte_offset_and_length(&instance.buffer(), place, length).slice(0, length))
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
    /// Why that for emoji is not.
    no_emoji: Option<Failure>,
}

impl ReadyTypesetter {
    /// Loads the font for emoji. If that fails, texts that need it fail.
    pub(super) async fn load_emoji(&mut self, requests: &Requests) {
        self.no_emoji = self.program.add_emoji(requests).await.err();
    }
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
        if let Some(failure) = self.no_emoji.as_ref().filter(|_| report.lacks_emoji) {
            return Err(failure.clone());
        }
        let pixels = report.painted[0] * report.painted[1];
        let letters = instance.read(exports.letters().map_err(trapped)?, pixels);
        let plane = |place: Result<u32, JsValue>, length: u32| match place.map_err(trapped)? {
            0 => Ok(Vec::new()),
            place => Ok::<_, Failure>(instance.read(place, length)),
        };
        let (outline, colors) = (plane(exports.outline(), pixels)?, plane(exports.colors(), 4 * pixels)?);
        Ok(Lettering { report, letters, outline, colors })
    }

    fn can_load_emoji(&self) -> bool {
        self.no_emoji.is_none() && !self.program.has_emoji.get()
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
        Ok(ReadyTypesetter { program, missing, no_emoji: None })
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

    /// The font for emoji, unpacked for a program that reads no packed fonts.
    pub(super) async fn unpacked_emoji(&self) -> Result<Uint8Array, Failure> {
        let program = self.program().await?;
        let font = self.requests.file(Module::Emoji).await?;
        program.unpacked(EMOJI_FONT.name, &buffer_of(&font).await.map_err(|error| unusable(&error))?)
    }

    /// Reads a font, for a worker that is thrown away afterwards. One that is packed is returned unpacked.
    ///
    /// # Errors
    /// Why this program cannot use it.
    pub(super) async fn try_file(&self, file: &Blob) -> Result<Option<File>, Failure> {
        let (name, file) = user_files::given(FileKind::Font, file).await?;
        let (program, name) = (self.program().await?, name.replace('\n', " "));
        let start = Uint8Array::new(&file).subarray(0, 4).to_vec();
        if ![b"wOFF", b"wOF2"].iter().any(|packed| start == *packed) {
            return program.add(&name, &file).map(|()| None);
        }
        let unpacked = program.unpacked(&name, &file)?;
        program.add(&name, &unpacked.buffer())?;
        let named = format!("{}.ttf", FileKind::Font.stem(&name));
        let file = File::new_with_u8_array_sequence(&Array::of1(&unpacked), &named);
        file.map(Some).map_err(|error| unusable(&describe(&error)))
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
