//! The worker's decoders of pictures that are programs of their own: an instance of each, made when a picture first needs it
//! and kept. The service provides the code.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;

use super::super::environment::buffer_of;
use super::super::storage::Storage;
use super::instance::{Instance, Requests};
use super::lettering::TypesetterCache;
use super::user_files;
use crate::codecs::{Coding, Decoders, Product, Series};
use crate::compact::SortedMap;
use crate::error::{ErrorCategory, Failure, Phase};
use crate::lettering::EMOJI_FONT;
use crate::protocol::Module;
use crate::user_file::FileKind;

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

    /// What `bin/decoder/series.rs` exports besides.
    #[wasm_bindgen(extends = Exports)]
    type SeriesExports;
    #[wasm_bindgen(method, catch)]
    fn begin_series(this: &SeriesExports) -> Result<u32, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn next_picture(this: &SeriesExports, handle: u32) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn end_series(this: &SeriesExports, handle: u32) -> Result<(), JsValue>;

    /// What `bin/svg.rs` exports besides.
    #[wasm_bindgen(extends = Exports)]
    type DrawingExports;
    #[wasm_bindgen(method, catch)]
    fn add_font(this: &DrawingExports) -> Result<u32, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn forget_fonts(this: &DrawingExports) -> Result<(), JsValue>;
}

/// The program that decodes a coding.
const fn module(coding: Coding) -> Module {
    match coding {
        Coding::JpegXl => Module::Jxl,
        Coding::Av1 => Module::Av1,
        Coding::Hevc => Module::Hevc,
        Coding::Svg => Module::Svg,
    }
}

/// The font for emoji, behind those of the user.
fn emoji() -> (String, String) {
    (EMOJI_FONT.name.to_owned(), EMOJI_FONT.sha256.to_owned())
}

/// A decoder.
struct Program {
    instance: Instance,
    /// The user's fonts that it was given after the built-in one, if it was given any: names, with the ids of their contents.
    fonts: RefCell<Option<Vec<(String, String)>>>,
}

impl Program {
    /// Gives it the built-in font and these ones, among which that for emoji is `unpacked`. One of the user that cannot be read is left
    /// out, as if it was not there.
    async fn give(
        &self,
        requests: &Requests,
        database: &Storage,
        fonts: Vec<(String, String)>,
        unpacked: Option<&Uint8Array>,
    ) -> Result<(), Failure> {
        let (instance, trapped) = (&self.instance, |error: JsValue| self.instance.trapped(&error));
        if self.fonts.take().is_none() {
            let font = buffer_of(&requests.file(Module::Font).await?).await.map_err(|error| no_font(&error))?;
            if !instance.load(&font)? {
                return Err(no_font("it is not a font"));
            }
        }
        let exports: &DrawingExports = instance.exports();
        exports.forget_fonts().map_err(trapped)?;
        let mut given = Vec::with_capacity(fonts.len());
        for (name, id) in fonts {
            if let Some(unpacked) = unpacked.filter(|_| id == EMOJI_FONT.sha256) {
                instance.write(unpacked)?;
                exports.add_font().map_err(trapped)?;
                given.push((name, id));
            } else if let Ok(file) = user_files::read(database, FileKind::Font, &name, &id).await {
                instance.write(&Uint8Array::new(&file))?;
                exports.add_font().map_err(trapped)?;
                given.push((name, id));
            }
        }
        *self.fonts.borrow_mut() = Some(given);
        Ok(())
    }
}

/// The decoders, once they were needed.
#[derive(Default)]
pub(super) struct DecoderCache {
    held: RefCell<SortedMap<Coding, Rc<Program>>>,
}

impl DecoderCache {
    /// Loads a decoder, unless it is there; a later call tries again if it is not available.
    pub(super) async fn load(&self, requests: &Requests, coding: Coding) -> Result<(), Failure> {
        if self.held(coding).is_some_and(|program| !program.instance.is_broken()) {
            return Ok(());
        }
        let given = requests.get(module(coding)).await?;
        let instance = Instance::start(&given.module, format!("{} decoder", coding.name()))?;
        self.held.borrow_mut().insert(coding, Rc::new(Program { instance, fonts: RefCell::default() }));
        Ok(())
    }

    /// Gives what draws SVG, which is loaded, the built-in font and all of the user's, and that for emoji if it is needed or was before;
    /// returns whether it had others before.
    pub(super) async fn give_fonts(
        &self,
        requests: &Requests,
        database: &Storage,
        typesetter: &TypesetterCache,
        with_emoji: bool,
    ) -> Result<bool, Failure> {
        let program = self.held(Coding::Svg).ok_or_else(|| unavailable(Coding::Svg))?;
        let mut fonts = user_files::all(database, FileKind::Font).await?;
        let had_emoji = program.fonts.borrow().as_ref().is_some_and(|fonts| fonts.contains(&emoji()));
        if with_emoji || had_emoji {
            fonts.push(emoji());
        }
        if program.fonts.borrow().as_ref() == Some(&fonts) {
            return Ok(false);
        }
        let unpacked = if fonts.contains(&emoji()) { Some(typesetter.unpacked_emoji().await?) } else { None };
        program.give(requests, database, fonts, unpacked.as_ref()).await?;
        Ok(true)
    }

    fn held(&self, coding: Coding) -> Option<Rc<Program>> {
        self.held.borrow().get(&coding).cloned()
    }

    /// Bytes of their memories, as [`Instance::memory`].
    pub(super) fn memory(&self) -> u64 {
        self.held.borrow().values().map(|program| program.instance.memory()).sum()
    }
}

fn unavailable(coding: Coding) -> Failure {
    Failure::system(format!("The {} decoder is not loaded.", coding.name()), "Retry it.")
}

fn no_font(error: &str) -> Failure {
    Failure::new(
        ErrorCategory::SystemError,
        Phase::Setup,
        format!("The font for drawings could not be used: {error}."),
        "Reload the page, then retry it.",
    )
}

/// What a program decoded.
fn product(instance: &Instance) -> Result<Product, Failure> {
    let trapped = |error: JsValue| instance.trapped(&error);
    let exports: &Exports = instance.exports();
    let report = instance.read(exports.report().map_err(trapped)?, exports.report_length().map_err(trapped)?);
    let data = instance.read(exports.data().map_err(trapped)?, exports.data_length().map_err(trapped)?);
    Ok(Product::new(report, data))
}

impl Decoders for DecoderCache {
    fn decode(&self, coding: Coding, data: &[u8]) -> Result<Product, Failure> {
        let program = self.held(coding).ok_or_else(|| unavailable(coding))?;
        let instance = &program.instance;
        instance.write(&Uint8Array::from(data))?;
        instance.exports::<Exports>().decode().map_err(|error| instance.trapped(&error))?;
        product(instance)
    }

    fn begin(&self, coding: Coding, data: &[u8]) -> Result<Box<dyn Series + '_>, Failure> {
        let program = self.held(coding).ok_or_else(|| unavailable(coding))?;
        let instance = &program.instance;
        instance.write(&Uint8Array::from(data))?;
        let begun = instance.exports::<SeriesExports>().begin_series();
        let handle = begun.map_err(|error| instance.trapped(&error))?;
        Ok(Box::new(Open { program, handle }))
    }
}

/// An animation that is open in a program. A program that broke down is not called again.
struct Open {
    program: Rc<Program>,
    handle: u32,
}

impl Series for Open {
    fn next(&mut self, data: &[u8]) -> Result<Product, Failure> {
        let instance = &self.program.instance;
        instance.write(&Uint8Array::from(data))?;
        let decoded = instance.exports::<SeriesExports>().next_picture(self.handle);
        decoded.map_err(|error| instance.trapped(&error))?;
        product(instance)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let instance = &self.program.instance;
        if !instance.is_broken()
            && let Err(error) = instance.exports::<SeriesExports>().end_series(self.handle)
        {
            // That marks it as broken.
            instance.trapped(&error);
        }
    }
}
