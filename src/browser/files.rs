//! Importing and downloading files: dropped folders, downloads. Runs on the page; never changes a picture's content.

use std::collections::BTreeSet;

use gloo_timers::future::TimeoutFuture;
use js_sys::{Array, Function, Object, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{
    Blob, BlobPropertyBag, DataTransfer, File, FileSystemDirectoryEntry, FileSystemDirectoryReader, FileSystemEntry,
    FileSystemFileEntry, HtmlAnchorElement,
};

use super::interop::{describe, settled};
use super::storage::Storage;
use super::verify::{self, Found};
use crate::api::{ApiError, Host, Service};
use crate::export::names::unique_paths;
use crate::export::zip::{Entry, structure};

/// What a drop or a folder contained.
#[derive(Clone, Debug, Default)]
pub struct Gathered {
    /// The pictures, each with its path in its folder (or only its name if it was added alone), by path.
    pub files: Vec<(File, String)>,
    /// Skipped files: hidden ones and ones that are not pictures.
    pub skipped: u32,
    /// Paths that could not be opened.
    pub unreadable: Vec<String>,
}

/// Extensions of readable files, for files whose type the browser does not know.
const EXTENSIONS: &[&str] = &["jpg", "jpeg", "jpe", "jfif", "png", "webp", "gif", "bmp", "dib"];

/// Whether a file is worth importing: a picture by its type or its name, and not hidden. Its content is checked later.
fn is_picture(name: &str, mime_type: &str) -> bool {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    let hidden = name.starts_with('.') || name.eq_ignore_ascii_case("thumbs.db");
    !hidden && (mime_type.starts_with("image/") || extension.is_some_and(|one| EXTENSIONS.contains(&one.as_str())))
}

impl Gathered {
    fn sorted(mut self) -> Self {
        self.files.sort_by(|one, other| one.1.cmp(&other.1));
        self
    }

    fn add(&mut self, file: File, path: String) {
        if is_picture(&file.name(), &file.type_()) {
            self.files.push((file, path));
        } else {
            self.skipped += 1;
        }
    }
}

/// The files of a picker (`<input type="file">`, with or without `webkitdirectory`) or a paste.
pub fn from_list(list: &web_sys::FileList) -> Gathered {
    let mut gathered = Gathered::default();
    for index in 0..list.length() {
        let Some(file) = list.get(index) else { continue };
        let path = super::interop::property(&file, "webkitRelativePath").as_string().filter(|path| !path.is_empty());
        let hidden = path.as_deref().is_some_and(|path| path.split('/').any(|part| part.starts_with('.')));
        let path = path.unwrap_or_else(|| file.name());
        if hidden { gathered.skipped += 1 } else { gathered.add(file, path) }
    }
    gathered.sorted()
}

/// The files of a drop or a paste, including those in folders. Must be called during the event: the browser empties
/// `transfer` when its handlers have returned; the future may be awaited later.
pub fn from_transfer(transfer: &DataTransfer) -> impl Future<Output = Gathered> + use<> {
    let items = transfer.items();
    let mut entries: Vec<FileSystemEntry> = Vec::new();
    let mut gathered = Gathered::default();
    for index in 0..items.length() {
        let Some(item) = items.get(index) else { continue };
        if item.kind() != "file" {
            continue;
        }
        match item.webkit_get_as_entry() {
            Ok(Some(entry)) => entries.push(entry),
            _ => {
                if let Ok(Some(file)) = item.get_as_file() {
                    let name = file.name();
                    gathered.add(file, name);
                }
            }
        }
    }
    async move {
        entries.reverse();
        while let Some(entry) = entries.pop() {
            let path = entry.full_path().trim_start_matches('/').to_owned();
            if entry.name().starts_with('.') {
                gathered.skipped += 1;
            } else if entry.is_directory() {
                match read_directory(entry.unchecked_ref()).await {
                    Ok(children) => entries.extend(children.into_iter().rev()),
                    Err(_) => gathered.unreadable.push(path),
                }
            } else {
                match read_file(entry.unchecked_ref()).await {
                    Ok(file) => gathered.add(file, path),
                    Err(_) => gathered.unreadable.push(path),
                }
            }
        }
        gathered.sorted()
    }
}

#[wasm_bindgen]
extern "C" {
    /// A directory reader that takes plain functions, as a promise provides them.
    #[wasm_bindgen(extends = FileSystemDirectoryReader, extends = Object)]
    type Reader;
    #[wasm_bindgen(method, js_name = readEntries)]
    fn read_entries(this: &Reader, success: &Function, failure: &Function);

    /// A file entry that takes plain functions, as a promise provides them.
    #[wasm_bindgen(extends = FileSystemFileEntry, extends = Object)]
    type FileEntry;
    #[wasm_bindgen(method)]
    fn file(this: &FileEntry, success: &Function, failure: &Function);
}

/// A directory's entries; the browser returns them in portions until an empty one.
async fn read_directory(directory: &FileSystemDirectoryEntry) -> Result<Vec<FileSystemEntry>, JsValue> {
    let reader: Reader = directory.create_reader().unchecked_into();
    let mut entries = Vec::new();
    loop {
        let portion = settled(Promise::new(&mut |resolve, reject| reader.read_entries(&resolve, &reject))).await?;
        let portion: Array = portion.unchecked_into();
        if portion.length() == 0 {
            return Ok(entries);
        }
        entries.extend(portion.iter().map(JsCast::unchecked_into::<FileSystemEntry>));
    }
}

async fn read_file(entry: &FileSystemFileEntry) -> Result<File, JsValue> {
    let entry: &FileEntry = entry.unchecked_ref();
    let file = settled(Promise::new(&mut |resolve, reject| entry.file(&resolve, &reject))).await?;
    Ok(file.unchecked_into())
}

/// Downloads a Blob as a file named `name`.
///
/// # Errors
/// A sentence when the browser refuses.
pub fn download(blob: &Blob, name: &str) -> Result<(), String> {
    let document = web_sys::window().and_then(|window| window.document()).ok_or("There is no page.")?;
    let url = web_sys::Url::create_object_url_with_blob(blob).map_err(|error| describe(&error))?;
    let anchor: HtmlAnchorElement = document.create_element("a").map_err(|error| describe(&error))?.unchecked_into();
    anchor.set_href(&url);
    anchor.set_download(name);
    anchor.click();
    // The browser reads the Blob after the click; a minute is plenty of time to begin.
    super::interop::spawn(async move {
        TimeoutFuture::new(60_000).await;
        let _unknown_is_fine = web_sys::Url::revoke_object_url(&url);
    });
    Ok(())
}

/// Results to download.
#[derive(Clone, Debug)]
pub struct Archive {
    /// The ZIP.
    pub blob: Blob,
    /// Names of results that were damaged or missing and are not in it.
    pub missing: Vec<String>,
}

/// The successful outputs of a batch in one archive, in the order of (assetIndex, output). Each is read once to check
/// it; the archive's parts are the stored Blobs themselves.
///
/// # Errors
/// 404 when there are no results, 500 when the storage fails or every result is damaged.
pub(super) async fn zip<H: Host>(
    database: &Storage,
    service: &Service<Storage, H>,
    batch_id: &str,
) -> Result<Archive, ApiError> {
    let (mut names, mut files, mut contents) = (Vec::new(), Vec::new(), Vec::new());
    let (mut missing, mut damaged) = (Vec::new(), BTreeSet::new());
    let mut from = 0;
    while let Some(executions) = service.next_successes(batch_id, &mut from).await? {
        for execution in executions {
            let modified = execution.completed_at.unwrap_or_default();
            for (output, crc32) in execution.outputs.into_iter().zip(execution.crc32) {
                match verify::read(database, &output.sha256).await? {
                    Found::Sound(content, _) => {
                        contents.push(content);
                        names.push(output.name);
                        files.push((output.bytes, crc32, modified));
                    }
                    Found::Damaged(_) | Found::Nothing => {
                        missing.push(output.name);
                        damaged.insert(output.sha256);
                    }
                    Found::TooLarge(why) => return Err(ApiError::internal(verify::too_large(&output.name, &why))),
                }
            }
        }
    }
    service.note_damaged(&damaged).await?;
    if files.is_empty() {
        return Err(if missing.is_empty() {
            ApiError::not_found(format!("The batch \"{batch_id}\" has no results."))
        } else {
            ApiError::internal("Every stored result is damaged. Retry the batch to regenerate them.")
        });
    }
    let files: Vec<Entry> = (unique_paths(names.iter().map(String::as_str)).into_iter().zip(files))
        .map(|(path, (size, crc32, modified))| Entry { path, size, crc32, modified })
        .collect();
    let structure = structure(&files);
    let parts = Array::new();
    for (header, content) in structure.headers.iter().zip(&contents) {
        parts.push(&Uint8Array::from(header.as_slice()));
        parts.push(content);
    }
    parts.push(&Uint8Array::from(structure.directory.as_slice()));
    let options = BlobPropertyBag::new();
    options.set_type("application/zip");
    let blob = Blob::new_with_blob_sequence_and_options(&parts, &options);
    Ok(Archive { blob: blob.map_err(|error| ApiError::internal(describe(&error)))?, missing })
}
