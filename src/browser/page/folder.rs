//! A folder on the device that the user picks and files are written to, in browsers that offer it (Chromium's).

use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;
use web_sys::{
    Blob, File, FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetDirectoryOptions,
    FileSystemGetFileOptions, FileSystemWritableFileStream,
};

use super::super::environment::buffer_of;
use super::super::interop::{describe, property, settled};
use crate::export::names::numbered;

/// What lets the user pick a folder.
const PICKER: &str = "showDirectoryPicker";

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = showDirectoryPicker)]
    fn show_directory_picker(options: &JsValue) -> js_sys::Promise;
}

/// Whether this browser can write into a folder. It lets no page do so in a frame of another site.
pub fn is_offered() -> bool {
    property(&js_sys::global(), PICKER).is_function()
}

/// A folder on the device.
#[derive(Clone, Debug)]
pub struct Folder(FileSystemDirectoryHandle);

impl Folder {
    /// Asks the user for a folder and the permission to write into it. Must be called inside a click. `None` if the user
    /// does not give one.
    ///
    /// # Errors
    /// Why the browser refuses to ask.
    pub async fn pick() -> Result<Option<Self>, String> {
        let options = js_sys::Object::new();
        for (key, value) in [("mode", "readwrite"), ("startIn", "pictures"), ("id", "pixelmill-results")] {
            js_sys::Reflect::set(&options, &key.into(), &value.into()).map_err(|error| describe(&error))?;
        }
        match settled(show_directory_picker(&options)).await {
            Ok(handle) => Ok(Some(Self(handle.unchecked_into()))),
            Err(error) if property(&error, "name") == "AbortError" => Ok(None),
            Err(error) => Err(describe(&error)),
        }
    }

    /// Its name.
    pub fn name(&self) -> String {
        self.0.name()
    }

    /// Writes a file at a path below it. Folders on the way are created. Another file that is there already stays unless
    /// `replaces`: then the new one gets a number. One with the same content is not written again. Returns whether the
    /// file at this path is a new one.
    ///
    /// # Errors
    /// Why it cannot be written; what was there before is kept then.
    pub async fn write(&self, path: &str, content: &Blob, replaces: bool) -> Result<bool, String> {
        self.put(path, content, replaces).await.map_err(|error| describe(&error))
    }

    async fn put(&self, path: &str, content: &Blob, replaces: bool) -> Result<bool, JsValue> {
        let mut folder = self.0.clone();
        let (folders, wanted) = path.rsplit_once('/').unwrap_or(("", path));
        for part in folders.split('/').filter(|part| !part.is_empty()) {
            let create = FileSystemGetDirectoryOptions::new();
            create.set_create(true);
            folder = settled(folder.get_directory_handle_with_options(part, &create)).await?.unchecked_into();
        }
        let (mut name, mut number) = (wanted.to_owned(), 1);
        loop {
            let found = if replaces { InPlace::Nothing } else { in_place(&folder, &name, content).await? };
            match found {
                InPlace::Nothing => break,
                InPlace::Same => return Ok(false),
                InPlace::Other => {
                    number += 1;
                    name = numbered(wanted, number);
                }
            }
        }
        let create = FileSystemGetFileOptions::new();
        create.set_create(true);
        let file: FileSystemFileHandle =
            settled(folder.get_file_handle_with_options(&name, &create)).await?.unchecked_into();
        let stream: FileSystemWritableFileStream = settled(file.create_writable()).await?.unchecked_into();
        settled(stream.write_with_blob(content)?).await?;
        // Only now it takes the place of what was there.
        settled(stream.close()).await?;
        Ok(number == 1)
    }
}

/// What has a name in a folder already.
enum InPlace {
    Nothing,
    /// A file with the content that is to be written.
    Same,
    /// Another file, or a folder.
    Other,
}

async fn in_place(folder: &FileSystemDirectoryHandle, name: &str, content: &Blob) -> Result<InPlace, JsValue> {
    let handle: FileSystemFileHandle = match settled(folder.get_file_handle(name)).await {
        Ok(handle) => handle.unchecked_into(),
        Err(error) if property(&error, "name") == "NotFoundError" => return Ok(InPlace::Nothing),
        Err(error) if property(&error, "name") == "TypeMismatchError" => return Ok(InPlace::Other),
        Err(error) => return Err(error),
    };
    let file: File = settled(handle.get_file()).await?.unchecked_into();
    if file.size() != content.size() {
        return Ok(InPlace::Other);
    }
    let bytes = async |blob: &Blob| buffer_of(blob).await.map(|buffer| Uint8Array::new(&buffer).to_vec());
    let is_same = bytes(&file).await? == bytes(content).await?;
    Ok(if is_same { InPlace::Same } else { InPlace::Other })
}
