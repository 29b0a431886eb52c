//! The user's own files that actions use besides pictures: which content has a name, and its bytes.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use js_sys::{ArrayBuffer, Uint8Array};
use wasm_bindgen::JsCast;
use web_sys::Blob;

use super::super::environment::buffer_of;
use super::super::storage::Storage;
use super::super::verify::{self, Found};
use crate::error::{ErrorCategory, Failure, Phase};
use crate::lut::{Lut, LutSource};
use crate::store::LibraryStore;
use crate::user_file::FileKind;

/// The id of the content that has a name.
///
/// # Errors
/// When there is no file of this kind and name.
pub(super) async fn find(database: &Storage, kind: FileKind, name: &str) -> Result<String, Failure> {
    let files = database.user_files().await.map_err(|error| unreadable(kind, name, &error.to_string()))?;
    let found = files.into_iter().find(|file| file.kind == kind && file.name == name);
    found.map(|file| file.asset_id).ok_or_else(|| {
        let or_built_in = match kind.built_in() {
            Some(file) => format!(", or choose \"{}\", which is built in", file.name),
            None => String::new(),
        };
        Failure::new(
            ErrorCategory::ValidationError,
            Phase::Setup,
            format!("There is no {} \"{name}\" in this browser.", kind.noun()),
            format!("Add its file under this name and retry{or_built_in}."),
        )
    })
}

/// All files of a kind, each by its name and the id of its content, in the order of their names.
///
/// # Errors
/// When it cannot be found out which there are.
pub(super) async fn all(database: &Storage, kind: FileKind) -> Result<Vec<(String, String)>, Failure> {
    let files = database.user_files().await.map_err(|error| {
        let message = format!("It could not be found out which {}s are in this browser: {error}.", kind.noun());
        Failure::new(ErrorCategory::SystemError, Phase::Setup, message, "Retry it.")
    })?;
    let files = files.into_iter().filter(|file| file.kind == kind);
    let mut found: Vec<_> = files.map(|file| (file.name, file.asset_id)).collect();
    found.sort();
    Ok(found)
}

/// The content with an id that [`find`] or [`all`] returned.
///
/// # Errors
/// When it is missing or damaged.
pub(super) async fn read(
    database: &Storage,
    kind: FileKind,
    name: &str,
    asset_id: &str,
) -> Result<ArrayBuffer, Failure> {
    let found = verify::read(database, asset_id).await;
    match found.map_err(|error| unreadable(kind, name, &error.to_string()))? {
        Found::Sound(_, file) => Ok(file),
        Found::Damaged(why) => Err(unreadable(kind, name, &format!("its file is damaged, {why}"))),
        Found::TooLarge(why) => Err(unreadable(kind, name, &why)),
        Found::Nothing => Err(unreadable(kind, name, "its file is missing")),
    }
}

/// The failure of a file that is here but cannot be read.
pub(super) fn unreadable(kind: FileKind, name: &str, error: &str) -> Failure {
    let noun = kind.noun();
    Failure::new(
        ErrorCategory::SystemError,
        Phase::Setup,
        format!("The {noun} \"{name}\" could not be read: {error}."),
        format!("Retry it; if that does not help, remove the {noun} and add it again."),
    )
}

/// The name and the bytes of a file that is not stored yet.
pub(super) async fn given(kind: FileKind, file: &Blob) -> Result<(String, ArrayBuffer), Failure> {
    let name = file.dyn_ref::<web_sys::File>().map_or_else(|| "the file".to_owned(), web_sys::File::name);
    let bytes = buffer_of(file).await.map_err(|error| unreadable(kind, &name, &error))?;
    Ok((name, bytes))
}

/// Reads a LUT.
pub(super) fn read_lut(name: &str, file: &ArrayBuffer) -> Result<Lut, Failure> {
    Lut::read(&Uint8Array::new(file).to_vec()).map_err(|why| {
        Failure::new(
            ErrorCategory::ValidationError,
            Phase::Setup,
            format!("The LUT \"{name}\" cannot be used. {why}"),
            "Choose a .cube file with a 1D table or a 3D table of at most 65 entries a side.",
        )
    })
}

/// The LUTs of a plan, or why each is not available.
#[derive(Default)]
pub(super) struct Luts(BTreeMap<String, Result<Rc<Lut>, Failure>>);

impl LutSource for Luts {
    fn get(&self, name: &str) -> Result<&Lut, Failure> {
        match self.0.get(name) {
            Some(Ok(lut)) => Ok(lut),
            Some(Err(failure)) => Err(failure.clone()),
            None => Err(unreadable(FileKind::Lut, name, "it was not loaded")),
        }
    }
}

/// The LUTs that this worker has read.
pub(super) struct LutCache {
    database: Storage,
    /// By name, with the id of the content.
    held: RefCell<BTreeMap<String, (String, Rc<Lut>)>>,
}

impl LutCache {
    pub(super) fn new(database: Storage) -> Self {
        Self { database, held: RefCell::default() }
    }

    /// The LUTs with these names; a later call tries again. Others are forgotten, if there are any names.
    pub(super) async fn load(&self, names: &BTreeSet<&str>) -> Luts {
        if !names.is_empty() {
            self.held.borrow_mut().retain(|name, _| names.contains(name.as_str()));
        }
        let mut luts = Luts::default();
        for name in names {
            luts.0.insert((*name).to_owned(), self.one(name).await);
        }
        luts
    }

    async fn one(&self, name: &str) -> Result<Rc<Lut>, Failure> {
        let id = find(&self.database, FileKind::Lut, name).await?;
        let held = self.held.borrow().get(name).cloned();
        if let Some((_, lut)) = held.filter(|(held, _)| *held == id) {
            return Ok(lut);
        }
        let file = read(&self.database, FileKind::Lut, name, &id).await?;
        let lut = Rc::new(read_lut(name, &file)?);
        self.held.borrow_mut().insert(name.to_owned(), (id, lut.clone()));
        Ok(lut)
    }
}
