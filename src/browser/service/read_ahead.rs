//! Reading the pictures that run next while the workers are busy with others: a worker then receives its picture's
//! bytes with its execution instead of waiting for the storage, and their checksum, which it compares. What is not here
//! in time, has no checksum, is read in pieces, or would need too much memory, the worker reads itself.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use js_sys::Array;
use wasm_bindgen::prelude::*;

use super::super::environment::buffer_of;
use super::super::interop::spawn;
use super::super::storage::Storage;
use crate::batch::records::Subset;
use crate::compact::SortedMap;
use crate::engine::InputRef;
use crate::file_name::may_be_read_in_pieces;
use crate::store::{AssetRecord, AssetStore, BatchStore, StoreError};

/// Most bytes that are kept.
const MOST_BYTES: u64 = 96 << 20;

/// An execution: its batch and its index there.
type Key = (String, u32);

/// The inputs of an execution.
#[derive(Debug)]
enum Inputs {
    /// They are being read.
    Reading,
    /// Two values for each, in order: its content as an `ArrayBuffer` and its checksum, or `undefined` twice for one that
    /// the worker has to read.
    Read(Array),
}

/// Inputs that were read ahead, and those that are being read.
pub(super) struct ReadAhead {
    own: Weak<Self>,
    database: Storage,
    entries: RefCell<SortedMap<Key, Inputs>>,
}

impl ReadAhead {
    pub(super) fn new(database: Storage) -> Rc<Self> {
        Rc::new_cyclic(|own| Self { own: own.clone(), database, entries: RefCell::default() })
    }

    /// What was read of an execution's inputs; nothing if it has not arrived.
    pub(super) fn take(&self, batch: &str, index: u32) -> Option<Array> {
        match self.entries.borrow_mut().remove(&(batch.to_owned(), index))? {
            Inputs::Read(contents) => Some(contents),
            Inputs::Reading => None,
        }
    }

    /// Drops what was read for a batch: none of it runs next.
    pub(super) fn forget(&self, batch: &str) {
        self.entries.borrow_mut().retain(|(id, _), _| id != batch);
    }

    /// Reads the inputs of these executions of a batch, and drops those of others.
    pub(super) fn prepare(&self, batch: &str, indices: &[u32]) {
        self.entries.borrow_mut().retain(|(id, index), _| id == batch && indices.contains(index));
        let most = MOST_BYTES / indices.len().max(1) as u64;
        for index in indices {
            let key = (batch.to_owned(), *index);
            if self.entries.borrow().contains_key(&key) {
                continue;
            }
            self.entries.borrow_mut().insert(key.clone(), Inputs::Reading);
            let Some(own) = self.own.upgrade() else { return };
            spawn(async move {
                // A failure is the worker's to report.
                let read = own.read(&key, most).await.ok().flatten();
                let mut entries = own.entries.borrow_mut();
                if let (Some(entry @ Inputs::Reading), Some(contents)) = (entries.get_mut(&key), read) {
                    *entry = Inputs::Read(contents);
                }
            });
        }
    }

    /// The contents of an execution's inputs, as far as they have at most `most` bytes together.
    async fn read(&self, (batch, index): &Key, most: u64) -> Result<Option<Array>, StoreError> {
        let page = self.database.executions(batch, Subset::All, *index, 1).await?;
        let Some(execution) = page.executions.into_iter().find(|execution| execution.asset_index == *index) else {
            return Ok(None);
        };
        let (contents, mut left) = (Array::new(), most);
        for InputRef { source_url, name, .. } in &execution.input_asset.inputs {
            let mut read = (JsValue::UNDEFINED, JsValue::UNDEFINED);
            if let Some(asset_id) = source_url.strip_prefix("asset:")
                && let Some(AssetRecord { bytes, checksum: Some(checksum), .. }) = self.database.asset(asset_id).await?
                && bytes <= left
                && !may_be_read_in_pieces(name, bytes)
                && let Some(content) = self.database.content(asset_id).await?
                && let Ok(buffer) = buffer_of(&content).await
            {
                left -= bytes;
                read = (buffer.into(), checksum.into());
            }
            contents.push(&read.0);
            contents.push(&read.1);
        }
        Ok(Some(contents))
    }
}
