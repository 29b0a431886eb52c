//! Collecting files from drops and pickers, and downloading results. Runs on the page and never changes a picture's
//! content.

use gloo_timers::future::TimeoutFuture;
use js_sys::{Array, ArrayBuffer, Function, Object, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{
    Blob, DataTransfer, File, FileSystemDirectoryEntry, FileSystemDirectoryReader, FileSystemEntry,
    FileSystemFileEntry, HtmlAnchorElement,
};

use super::super::interop::{describe, property, settled, spawn};
use crate::codecs::HEAD;
use crate::compact::sort_by;
use crate::file_name::natural_order;
use crate::selection::{Role, Skipped, Why, is_hidden, is_picture_by_name, role_by_content};

/// What a drop, a paste or a picker contained.
#[derive(Clone, Debug, Default)]
pub struct Gathered {
    /// The pictures, each with its path in the folder it came from (or just its name): in the picker's own order, and
    /// in natural order within a folder.
    pub files: Vec<(File, String)>,
    /// ZIPs outside any folder.
    pub zips: Vec<File>,
    /// JSON files outside any folder.
    pub documents: Vec<File>,
    /// Files that were skipped.
    pub skipped: Vec<Skipped>,
    /// Paths of what could not be opened.
    pub unreadable: Vec<String>,
}

/// Number of files whose names are read at once.
const NAMES_AT_ONCE: usize = 250;
/// Number of files whose first bytes are read at once.
const HEADS_AT_ONCE: usize = 64;

impl Gathered {
    /// Separates pictures from other files, by their first bytes if their names do not say.
    async fn with(mut self, files: Vec<(File, String)>) -> Self {
        let role_by_name = |(file, path): &(File, String)| {
            let picture = || is_picture_by_name(path, &file.type_()).then_some(Role::Picture);
            if is_hidden(path) { Some(Role::Skipped(Why::Hidden)) } else { picture() }
        };
        let mut roles: Vec<Option<Role>> = files.iter().map(role_by_name).collect();
        let unknown: Vec<usize> = (0..files.len()).filter(|at| roles[*at].is_none()).collect();
        for places in unknown.chunks(HEADS_AT_ONCE) {
            let heads = heads(places.iter().map(|at| &files[*at].0)).await;
            for (at, head) in places.iter().zip(heads) {
                let (file, path) = &files[*at];
                roles[*at] = head.map(|head| match role_by_content(path, &file.type_(), &head) {
                    // Inside a folder of pictures, ZIPs and JSON files were hardly dropped on purpose.
                    Role::Zip | Role::Json if path.contains('/') => Role::Skipped(Why::NotAnImage),
                    role => role,
                });
            }
        }
        for ((file, path), role) in files.into_iter().zip(roles) {
            match role {
                Some(Role::Picture) => self.files.push((file, path)),
                Some(Role::Zip) => self.zips.push(file),
                Some(Role::Json) => self.documents.push(file),
                Some(Role::Skipped(why)) => self.skipped.push(Skipped { path, why }),
                None => self.unreadable.push(path),
            }
        }
        self
    }
}

/// The first bytes of files; empty for one that cannot be read.
async fn heads<'a>(files: impl Iterator<Item = &'a File>) -> Vec<Option<Vec<u8>>> {
    let reading: Array = files
        .map(|file| match file.slice_with_f64_and_f64(0.0, HEAD as f64) {
            Ok(head) => JsValue::from(head.array_buffer()),
            Err(error) => Promise::reject(&error).into(),
        })
        .collect();
    let Ok(outcomes) = settled(Promise::all_settled(&reading)).await else { return Vec::new() };
    let head = |outcome: JsValue| {
        let buffer = property(&outcome, "value").dyn_into::<ArrayBuffer>().ok()?;
        Some(Uint8Array::new(&buffer).to_vec())
    };
    Array::from(&outcomes).iter().map(head).collect()
}

/// What a drop, a paste or a picker gave, before it is looked at.
pub enum Source {
    /// Files in the order of a picker.
    Files(Vec<File>),
    /// Files and folders in the order of a drop.
    Dropped(Vec<Dropped>),
}

/// One thing that was dropped or pasted.
pub enum Dropped {
    /// A file or folder.
    Entry(FileSystemEntry),
    /// A file that is in no file system.
    File(File),
}

impl Source {
    /// The files of a picker (`<input type="file">`, with or without `webkitdirectory`). Must be called inside the event,
    /// since the field may be cleared afterwards.
    pub fn of_list(list: &web_sys::FileList) -> Self {
        Self::Files((0..list.length()).filter_map(|index| list.get(index)).collect())
    }

    /// The files of a drop or a paste, including everything in folders. Must be called inside the event, since the browser
    /// empties `transfer` when the handlers have returned.
    pub fn of_transfer(transfer: &DataTransfer) -> Self {
        let items = transfer.items();
        let mut dropped: Vec<Dropped> = Vec::new();
        for item in (0..items.length()).filter_map(|index| items.get(index)) {
            if item.kind() != "file" {
                continue;
            }
            match item.webkit_get_as_entry() {
                Ok(Some(entry)) => dropped.push(Dropped::Entry(entry)),
                _ => dropped.extend(item.get_as_file().ok().flatten().map(Dropped::File)),
            }
        }
        Self::Dropped(dropped)
    }

    /// The name of what was given, if it is one thing only.
    pub fn sole_name(&self) -> Option<String> {
        match self {
            Self::Files(all) => Some(all.first().filter(|_| all.len() == 1)?.name()),
            Self::Dropped(all) => match all.as_slice() {
                [Dropped::File(file)] => Some(file.name()),
                [Dropped::Entry(entry)] => Some(entry.name()),
                _ => None,
            },
        }
    }

    /// The files as they are, whatever they are; folders are left out.
    pub async fn plain(self) -> Vec<File> {
        let dropped = match self {
            Self::Files(all) => return all,
            Self::Dropped(dropped) => dropped,
        };
        let mut files = Vec::new();
        for one in dropped {
            match one {
                Dropped::File(file) => files.push(file),
                Dropped::Entry(entry) if entry.is_file() => files.extend(read_file(entry.unchecked_ref()).await.ok()),
                Dropped::Entry(_) => {}
            }
        }
        files
    }

    /// Opens folders, and separates pictures from other files.
    pub async fn gather(self) -> Gathered {
        match self {
            Self::Files(all) => gather_files(all).await,
            Self::Dropped(dropped) => gather_dropped(dropped).await,
        }
    }
}

async fn gather_files(all: Vec<File>) -> Gathered {
    let mut is_folder = false;
    let mut files = Vec::with_capacity(all.len());
    for portion in all.chunks(NAMES_AT_ONCE) {
        for file in portion {
            let path = property(file, "webkitRelativePath").as_string().filter(|path| !path.is_empty());
            is_folder |= path.is_some();
            let path = path.unwrap_or_else(|| file.name());
            files.push((file.clone(), path));
        }
        // So that the page stays responsive while thousands are picked.
        TimeoutFuture::new(0).await;
    }
    // A folder is listed in no particular order.
    if is_folder {
        sort_by(&mut files, |one, other| natural_order(&one.1, &other.1));
    }
    Gathered::default().with(files).await
}

async fn gather_dropped(mut dropped: Vec<Dropped>) -> Gathered {
    let mut gathered = Gathered::default();
    let mut files = Vec::new();
    dropped.reverse();
    while let Some(next) = dropped.pop() {
        let entry = match next {
            Dropped::Entry(entry) => entry,
            Dropped::File(file) => {
                let name = file.name();
                files.push((file, name));
                continue;
            }
        };
        let path = entry.full_path().trim_start_matches('/').to_owned();
        if is_hidden(&entry.name()) {
            gathered.skipped.push(Skipped { path, why: Why::Hidden });
        } else if entry.is_directory() {
            match read_directory(entry.unchecked_ref()).await {
                Ok(mut children) => {
                    sort_by(&mut children, |one, other| natural_order(&other.name(), &one.name()));
                    dropped.extend(children.into_iter().map(Dropped::Entry));
                }
                Err(_) => gathered.unreadable.push(path),
            }
        } else {
            match read_file(entry.unchecked_ref()).await {
                Ok(file) => files.push((file, path)),
                Err(_) => gathered.unreadable.push(path),
            }
        }
    }
    gathered.with(files).await
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

/// A directory's entries; the browser returns them in portions, the last one empty.
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
    // The browser reads the Blob after the click; a minute is plenty of time to start.
    spawn(async move {
        TimeoutFuture::new(60_000).await;
        let _unknown_is_fine = web_sys::Url::revoke_object_url(&url);
    });
    Ok(())
}
