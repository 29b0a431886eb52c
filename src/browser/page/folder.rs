//! A folder on the device that the user picks and files are written to, in browsers that offer it (Chromium's).

use wasm_bindgen::prelude::*;
use web_sys::{
    Blob, FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetDirectoryOptions, FileSystemGetFileOptions,
    FileSystemWritableFileStream,
};

use super::super::interop::{describe, property, settled};

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

    /// Writes a file at a path below it, in place of what is there. Folders on the way are created.
    ///
    /// # Errors
    /// Why it cannot be written; what was there before is kept then.
    pub async fn write(&self, path: &str, content: &Blob) -> Result<(), String> {
        self.put(path, content).await.map_err(|error| describe(&error))
    }

    async fn put(&self, path: &str, content: &Blob) -> Result<(), JsValue> {
        let mut folder = self.0.clone();
        let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
        for part in folders.split('/').filter(|part| !part.is_empty()) {
            let create = FileSystemGetDirectoryOptions::new();
            create.set_create(true);
            folder = settled(folder.get_directory_handle_with_options(part, &create)).await?.unchecked_into();
        }
        let create = FileSystemGetFileOptions::new();
        create.set_create(true);
        let file: FileSystemFileHandle =
            settled(folder.get_file_handle_with_options(name, &create)).await?.unchecked_into();
        let stream: FileSystemWritableFileStream = settled(file.create_writable()).await?.unchecked_into();
        settled(stream.write_with_blob(content)?).await?;
        // Only now it takes the place of what was there.
        settled(stream.close()).await?;
        Ok(())
    }
}
