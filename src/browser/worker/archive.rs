//! Exporting and importing archives in a worker: contents are read one at a time, and archives in parts.

use js_sys::Array;
use wasm_bindgen::prelude::*;
use web_sys::{Blob, BlobPropertyBag};

use super::super::environment::{blob_of, bytes_of, moment, now};
use super::super::hash::sha256;
use super::super::interop::describe;
use super::super::storage::Storage;
use crate::api::iso_time;
use crate::archive::pictures::{self, Contents, Limits};
use crate::archive::{ImportSummary, Part, Source, Surroundings, export, import};
use crate::file_name::file_name;

struct InBrowser;

impl Surroundings<Blob> for InBrowser {
    async fn bytes(&self, content: &Blob) -> Result<Vec<u8>, String> {
        bytes_of(content).await
    }

    fn content(&self, bytes: &[u8], mime_type: &str) -> Result<Blob, String> {
        blob_of(bytes, mime_type)
    }

    async fn sha256(&self, bytes: &[u8]) -> String {
        sha256(&js_sys::Uint8Array::from(bytes).buffer()).await
    }
}

struct File(Blob);

impl Source for File {
    fn size(&self) -> u64 {
        self.0.size() as u64
    }

    async fn read(&self, from: u64, to: u64) -> Result<Vec<u8>, String> {
        let slice = self.0.slice_with_f64_and_f64(from as f64, to as f64).map_err(|error| describe(&error))?;
        bytes_of(&slice).await
    }
}

/// Everything that is stored, as one ZIP.
///
/// # Errors
/// When the storage cannot be read.
pub(super) async fn write(storage: &Storage) -> Result<Blob, String> {
    let now = now();
    let pieces = export(storage, &InBrowser, iso_time(now), moment(now)).await.map_err(|error| error.to_string())?;
    let parts: Array = pieces
        .into_iter()
        .map(|piece| match piece {
            Part::Bytes(bytes) => JsValue::from(js_sys::Uint8Array::from(bytes.as_slice())),
            Part::Content(blob) => blob.into(),
        })
        .collect();
    let options = BlobPropertyBag::new();
    options.set_type("application/zip");
    Blob::new_with_blob_sequence_and_options(&parts, &options).map_err(|error| describe(&error))
}

/// Unpacks the pictures in a ZIP: returns what it contains, and the pictures as a list of `File`.
pub(super) async fn unpack(zip: Blob) -> (Result<Contents, String>, Array) {
    let (zip, files) = (File(zip), Array::new());
    let result = pictures::unpack(&zip, Limits::default(), |path, bytes| {
        let parts = Array::of1(&js_sys::Uint8Array::from(bytes.as_slice()));
        let file = web_sys::File::new_with_u8_array_sequence(&parts, file_name(path));
        files.push(&file.map_err(|error| describe(&error))?.into());
        Ok(())
    });
    (result.await, files)
}

/// Imports whatever an archive contains and the storage does not have.
///
/// # Errors
/// When it is not a Pixelmill archive.
pub(super) async fn import_archive(storage: &Storage, archive: Blob) -> Result<ImportSummary, String> {
    import(storage, &InBrowser, &File(archive), now()).await
}
