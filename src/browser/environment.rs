//! The program's environment: base path, secure context, time, randomness, network. Works on the page and in a worker.

use js_sys::{ArrayBuffer, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{
    AbortSignal, Blob, BlobPropertyBag, Request, RequestCredentials, RequestInit, RequestRedirect, Response,
    StorageManager,
};

use super::interop::{describe, property, settled};
use crate::api::ApiError;
use crate::batch::records::Millis;
use crate::compact::SortedMap;
use crate::export::zip::Moment;
use crate::names::Names;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = fetch)]
    fn fetch_request(request: &Request) -> js_sys::Promise;
}

/// Now, on the wall clock.
pub fn now() -> Millis {
    js_sys::Date::now()
}

/// By how many milliseconds the local clock was ahead of UTC at an instant.
pub fn clock_offset(millis: Millis) -> Millis {
    js_sys::Date::new(&millis.into()).get_timezone_offset() * -60_000.0
}

/// An instant with what the local clock showed then.
pub fn moment(millis: Millis) -> Moment {
    Moment { millis, ahead_of_utc: -js_sys::Date::new(&millis.into()).get_timezone_offset() }
}

/// Whether Web Locks and `crypto.subtle` may be used.
pub fn is_secure_context() -> bool {
    property(&js_sys::global(), "isSecureContext").is_truthy()
}

/// URL of the page without query, fragment and file name, such as `https://host/tools/pixelmill/`. On the page only: a
/// worker made from a `blob:` URL has no useful URL of its own and receives this one.
fn base_url() -> String {
    let document = web_sys::window().and_then(|window| window.document());
    let base = document.and_then(|document| document.base_uri().ok().flatten()).unwrap_or_default();
    let plain = base.split(['?', '#']).next().unwrap_or_default();
    match plain.rfind('/') {
        Some(slash) => plain[..=slash].to_owned(),
        None => plain.to_owned(),
    }
}

/// Which Pixelmill runs here.
#[derive(Clone, Debug)]
pub struct Installation {
    /// Where it is: the address of its page without file name, query and fragment.
    pub base_url: String,
    /// The names of its files in this build, by their plain names.
    pub files: SortedMap<String, String>,
    /// Which of its databases is used; without one, the page's own.
    pub database: Option<String>,
}

impl Installation {
    /// The one that this document is the page of; `None` if it is somebody else's document.
    pub fn of_page() -> Option<Self> {
        let document = web_sys::window()?.document()?;
        let element = document.query_selector("meta[name='pixelmill-files']").ok().flatten()?;
        let text = element.get_attribute("content").unwrap_or_default();
        let files = serde_json::from_str(&text).unwrap_or_default();
        Some(Self { base_url: base_url(), files, database: None })
    }

    /// The names under which it keeps something in the browser. A database that cannot be named like this has those of
    /// the page; the service refuses to start with it.
    pub fn names(&self) -> Names {
        let path = base_path(&self.base_url);
        Names::of_client(&path, self.database.as_deref()).unwrap_or_else(|_| Names::of_page(&path))
    }
}

/// The path of a base URL, such as `/tools/pixelmill/`: it distinguishes two installations on one host, see
/// [`Names`].
pub fn base_path(base_url: &str) -> String {
    match web_sys::Url::new(base_url) {
        Ok(url) => url.pathname(),
        Err(_) => "/".to_owned(),
    }
}

/// Thirty-two random bits, not for secrets.
pub fn random() -> u32 {
    (js_sys::Math::random() * 4_294_967_296.0) as u32
}

/// A Blob of some bytes.
///
/// # Errors
/// When the browser does not have enough room for it.
pub fn blob_of(bytes: &[u8], mime_type: &str) -> Result<Blob, String> {
    let options = BlobPropertyBag::new();
    options.set_type(mime_type);
    let parts = js_sys::Array::of1(&Uint8Array::from(bytes));
    Blob::new_with_u8_array_sequence_and_options(&parts, &options).map_err(|error| describe(&error))
}

/// A Blob of a buffer's content, which the browser copies once.
///
/// # Errors
/// When the browser has no room for it.
pub fn blob_of_buffer(buffer: &ArrayBuffer, mime_type: &str) -> Result<Blob, String> {
    let options = BlobPropertyBag::new();
    options.set_type(mime_type);
    Blob::new_with_buffer_source_sequence_and_options(&js_sys::Array::of1(buffer), &options)
        .map_err(|error| describe(&error))
}

/// The content of a Blob as a JavaScript buffer.
///
/// # Errors
/// When it cannot be read any more, for example because the file was changed or removed.
pub async fn buffer_of(blob: &Blob) -> Result<ArrayBuffer, String> {
    match settled(blob.array_buffer()).await {
        Ok(buffer) => Ok(buffer.unchecked_into()),
        Err(error) => Err(describe(&error)),
    }
}

/// The content of a Blob.
///
/// # Errors
/// As [`buffer_of`].
pub async fn bytes_of(blob: &Blob) -> Result<Vec<u8>, String> {
    Ok(Uint8Array::new(buffer_of(blob).await?.as_ref()).to_vec())
}

/// Fetches a URL without credentials and without a referrer, within `patience_ms`.
///
/// # Errors
/// No connection, too slow, blocked by the server's CORS rules, or a status that is not a success.
pub async fn fetch_anonymously(url: &str, patience_ms: u32) -> Result<Response, FetchError> {
    let options = RequestInit::new();
    options.set_signal(Some(&AbortSignal::timeout_with_u32(patience_ms)));
    options.set_credentials(RequestCredentials::Omit);
    options.set_referrer("");
    fetch(url, &options).await
}

/// Fetches one of the program's own files.
///
/// # Errors
/// As [`fetch_anonymously`].
pub async fn fetch_own(url: &str) -> Result<Response, FetchError> {
    fetch(url, &RequestInit::new()).await
}

/// A URL resolved against a base; `None` unless it is `https:` or has the base's own origin.
pub fn resolve(base_url: &str, url: &str) -> Option<String> {
    let resolved = web_sys::Url::new_with_base(url, base_url).ok()?;
    let own = web_sys::Url::new(base_url).is_ok_and(|base| base.origin() == resolved.origin());
    (resolved.protocol() == "https:" || own).then(|| resolved.href())
}

/// Posts JSON to a URL without credentials and without a referrer; returns the status. Redirects are not followed,
/// because the user allowed this URL only.
///
/// # Errors
/// No connection, blocked by the server's CORS rules, a redirect, or no answer in time.
pub async fn post_json(url: &str, body: &str, patience_ms: u32) -> Result<u16, String> {
    let options = RequestInit::new();
    options.set_method("POST");
    options.set_credentials(RequestCredentials::Omit);
    options.set_referrer("");
    options.set_redirect(RequestRedirect::Error);
    options.set_body(&body.into());
    options.set_signal(Some(&AbortSignal::timeout_with_u32(patience_ms)));
    let request = Request::new_with_str_and_init(url, &options).map_err(|error| describe(&error))?;
    request.headers().set("content-type", "application/json").map_err(|error| describe(&error))?;
    let response: Response = settled(fetch_request(&request)).await.map_err(|error| describe(&error))?.unchecked_into();
    Ok(response.status())
}

/// Sends a request with these options and returns the answer, whatever its status.
///
/// # Errors
/// What the browser throws.
pub(super) async fn send(url: &str, options: &RequestInit) -> Result<Response, JsValue> {
    let request = Request::new_with_str_and_init(url, options)?;
    Ok(settled(fetch_request(&request)).await?.unchecked_into())
}

/// Fetches a URL with these options.
///
/// # Errors
/// As [`fetch_anonymously`].
pub(super) async fn fetch(url: &str, options: &RequestInit) -> Result<Response, FetchError> {
    let response = send(url, options).await.map_err(|error| FetchError::Failed(describe(&error)))?;
    if response.ok() { Ok(response) } else { Err(FetchError::Status(response.status(), response.status_text())) }
}

/// Why something could not be fetched; reads as the end of a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The server answered with an error status.
    #[error("the server answered {0} {1}")]
    Status(u16, String),
    /// There was no answer, or it broke off.
    #[error("{0}")]
    Failed(String),
}

/// Why one of the program's own files could not be loaded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// The server no longer has this revision of it.
    #[error("{}", crate::protocol::UPDATED)]
    Updated,
    /// Anything else: the file, and why.
    #[error("{0}: {1}")]
    Failed(&'static str, String),
}

impl From<FileError> for ApiError {
    fn from(error: FileError) -> Self {
        Self::internal(match error {
            FileError::Updated => error.to_string(),
            FileError::Failed(..) => format!("The program could not be loaded: {error}. Reload the page."),
        })
    }
}

/// The program's own files. Every build gives each a name after its content, so that no cache can answer with another
/// revision of it; the page declares the names.
#[derive(Clone, Debug)]
pub struct OwnFiles {
    base_url: String,
    names: SortedMap<String, String>,
}

impl OwnFiles {
    /// Those of the page at `base_url`; a file that `names` does not name has its plain one.
    pub fn new(base_url: &str, names: SortedMap<String, String>) -> Self {
        Self { base_url: base_url.to_owned(), names }
    }

    /// Address of the page.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Fetches a file by its plain name.
    ///
    /// # Errors
    /// [`FileError`].
    pub async fn fetch(&self, file: &'static str, options: &RequestInit) -> Result<Response, FileError> {
        let name = self.names.get(file).map_or(file, String::as_str);
        match fetch(&format!("{}{name}", self.base_url), options).await {
            // Some hosts answer with a page of their own when a file is missing.
            Ok(response) if is_page(&response) => Err(FileError::Updated),
            Ok(response) => Ok(response),
            Err(FetchError::Status(404 | 410, _)) => Err(FileError::Updated),
            Err(error) => Err(FileError::Failed(file, error.to_string())),
        }
    }
}

fn is_page(response: &Response) -> bool {
    let content_type = response.headers().get("content-type").ok().flatten();
    content_type.is_some_and(|content_type| content_type.trim_start().starts_with("text/html"))
}

/// The browser's storage manager for this site, if it has one.
pub fn storage_manager() -> Option<StorageManager> {
    property(&property(&js_sys::global(), "navigator"), "storage").dyn_into().ok()
}

/// How many workers this device gets: as many as the user wants (1–8), or one fewer than it has cores, at least 2 and
/// at most 8, and no more than one per GiB of memory, if the browser reports it.
pub fn worker_count(wanted: Option<u32>) -> u32 {
    if let Some(wanted) = wanted.filter(|wanted| (1..=8).contains(wanted)) {
        return wanted;
    }
    let navigator = property(&js_sys::global(), "navigator");
    let cores = property(&navigator, "hardwareConcurrency").as_f64().unwrap_or(2.0);
    let memory = property(&navigator, "deviceMemory").as_f64().unwrap_or(8.0);
    (cores as u32).saturating_sub(1).clamp(2, 8).min((memory as u32).max(1))
}

/// What the browser says about this site's storage.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StorageState {
    /// Whether it is kept until the user deletes it; otherwise the browser may clear it when space is short.
    pub is_kept: bool,
    /// Bytes in use.
    pub usage: f64,
}

/// What the browser says about this site's storage, if anything.
pub async fn storage_state() -> Option<StorageState> {
    let manager = storage_manager()?;
    let is_kept = settled(manager.persisted().ok()?).await.ok()?.is_truthy();
    let estimate = settled(manager.estimate().ok()?).await.ok()?;
    Some(StorageState { is_kept, usage: property(&estimate, "usage").as_f64()? })
}

/// How many more bytes this site may store, if the browser reports it.
pub async fn free_storage() -> Option<f64> {
    let estimate = settled(storage_manager()?.estimate().ok()?).await.ok()?;
    let number = |key: &str| property(&estimate, key).as_f64();
    Some(number("quota")? - number("usage")?)
}
