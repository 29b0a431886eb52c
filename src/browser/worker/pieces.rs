//! Reading large inputs in pieces, in the formats that need only some of them, so that the worker's memory does not depend on
//! how long a file is. Its checksum is compared first, in pieces too.

use js_sys::{ArrayBuffer, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{Blob, FileReaderSync};

use super::super::environment::buffer_of;
use super::super::interop::describe;
use super::{Worker, damaged};
use crate::checksum;
use crate::codecs::{Bytes, Content, Pieces, RandomAccess, recognize};
use crate::engine::InputRef;
use crate::error::Failure;
use crate::file_name::may_be_read_in_pieces;
use crate::store::{AssetRecord, AssetStore, StoreError};

/// Most bytes that are read at once.
const PIECE: usize = 4 << 20;

/// A file that is read in pieces.
#[derive(Clone)]
pub(super) struct LargeFile {
    pub(super) name: String,
    pub(super) content: Blob,
}

impl LargeFile {
    pub(super) fn pieces(&self) -> Pieces {
        Pieces::new(self.clone())
    }

    fn read(&self, at: u64, buffer: &mut [u8]) -> Result<(), JsValue> {
        let part = self.content.slice_with_f64_and_f64(at as f64, (at + buffer.len() as u64) as f64)?;
        let bytes = Uint8Array::new(&FileReaderSync::new()?.read_as_array_buffer(&part)?.into());
        if bytes.length() as usize != buffer.len() {
            return Err(JsValue::from_str("a part of it is missing"));
        }
        bytes.copy_to(buffer);
        Ok(())
    }
}

impl RandomAccess for LargeFile {
    fn length(&self) -> u64 {
        self.content.size() as u64
    }

    fn read_at(&self, mut at: u64, buffer: &mut [u8]) -> Result<(), Failure> {
        for piece in buffer.chunks_mut(PIECE) {
            // The browser may only have been short of memory or handles.
            let read = self.read(at, piece).or_else(|_| self.read(at, piece));
            read.map_err(|error| damaged(&self.name, &describe(&error)))?;
            at += piece.len() as u64;
        }
        Ok(())
    }
}

/// The content of an input that is kept between runs.
#[derive(Clone)]
pub(super) enum Kept {
    Whole(ArrayBuffer),
    Large(LargeFile),
}

impl Kept {
    /// Bytes in memory. A file that is not there counts as a little, so that not every one is held on to.
    pub(super) fn length(&self) -> u64 {
        match self {
            Self::Whole(content) => u64::from(content.byte_length()),
            Self::Large(_) => PIECE as u64,
        }
    }

    pub(super) fn input(&self) -> Input {
        match self {
            Self::Whole(content) => Input::Whole(Uint8Array::new(content).to_vec()),
            Self::Large(file) => Input::Pieces(file.pieces()),
        }
    }
}

/// The content of an input of a run.
pub(super) enum Input {
    /// All of it.
    Whole(Vec<u8>),
    /// What is read when it is needed.
    Pieces(Pieces),
}

impl Input {
    pub(super) fn bytes(&self) -> Bytes<'_> {
        match self {
            Self::Whole(bytes) => bytes.into(),
            Self::Pieces(pieces) => pieces.bytes(),
        }
    }

    /// All of it, which it is then without.
    pub(super) fn take_whole(&mut self) -> Vec<u8> {
        match self {
            Self::Whole(bytes) => std::mem::take(bytes),
            Self::Pieces(pieces) => pieces.bytes().load().into_owned(),
        }
    }
}

impl Worker {
    /// An input that is stored, large, as it was stored, and in a format that is read in pieces. What is wrong with another
    /// is found when it is read as a whole.
    ///
    /// # Errors
    /// When the storage fails.
    pub(super) async fn large_file(&self, input: &InputRef) -> Result<Option<LargeFile>, StoreError> {
        let InputRef { name, source_url, .. } = input;
        let Some(asset_id) = source_url.strip_prefix("asset:").filter(|_| may_be_read_in_pieces(name, u64::MAX)) else {
            return Ok(None);
        };
        let Some(AssetRecord { bytes, checksum: Some(checksum), .. }) = self.database.asset(asset_id).await? else {
            return Ok(None);
        };
        if !may_be_read_in_pieces(name, bytes) {
            return Ok(None);
        }
        let Some(content) = self.database.content(asset_id).await? else { return Ok(None) };
        let is_sound = is_sound(&content, &checksum).await;
        Ok(is_sound.then(|| LargeFile { name: name.clone(), content }))
    }
}

/// Whether a file is in a format that is read in pieces, judging by its first bytes.
pub(super) fn is_read_in_pieces(start: &[u8]) -> bool {
    matches!(recognize(start), Content::Image(format) if format.reads_in_pieces())
}

/// Whether content is what was stored, in a format that is read in pieces.
async fn is_sound(content: &Blob, checksum: &str) -> bool {
    let mut hasher = checksum::Hasher::default();
    let (size, mut from) = (content.size(), 0.0);
    while from < size {
        let to = (from + PIECE as f64).min(size);
        let Ok(piece) = content.slice_with_f64_and_f64(from, to) else { return false };
        let Ok(buffer) = buffer_of(&piece).await else { return false };
        let bytes = Uint8Array::new(&buffer).to_vec();
        if from == 0.0 && !is_read_in_pieces(&bytes) {
            return false;
        }
        hasher.update(&bytes);
        from = to;
    }
    hasher.finish() == checksum
}
