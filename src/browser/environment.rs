//! The program's environment: base path, secure context, time, randomness, network. Works on the page and in a worker.

use js_sys::{ArrayBuffer, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{
    AbortSignal, Blob, BlobPropertyBag, Request, RequestCredentials, RequestInit, RequestRedirect, Response,
    StorageManager,
};

use super::interop::{describe, property, settled};
use crate::batch::records::Millis;
use crate::export::zip::Moment;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = fetch)]
    fn fetch_request(request: &Request) -> js_sys::Promise;
}

/// Now, on the wall clock.
pub fn now() -> Millis {
    js_sys::Date::now()
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
/// worker made from a `blob:` has no useful URL and receives this one.
pub fn base_url() -> String {
    let document = web_sys::window().and_then(|window| window.document());
    let base = document.and_then(|document| document.base_uri().ok().flatten()).unwrap_or_default();
    let plain = base.split(['?', '#']).next().unwrap_or_default();
    match plain.rfind('/') {
        Some(slash) => plain[..=slash].to_owned(),
        None => plain.to_owned(),
    }
}

/// The path of a base URL, such as `/tools/pixelmill/`: it distinguishes two installations on one host.
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

/// Fetches a URL without credentials and without a referrer; it must be complete within `patience_ms`.
///
/// # Errors
/// No connection, too slow, blocked by the server's CORS rules, or a status that is not a success.
pub async fn fetch_anonymously(url: &str, patience_ms: u32) -> Result<Response, String> {
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
pub async fn fetch_own(url: &str) -> Result<Response, String> {
    fetch(url, &RequestInit::new()).await
}

/// A URL as seen from a base; `None` unless it is `https:` or of the base's own origin.
pub fn resolve(base_url: &str, url: &str) -> Option<String> {
    let resolved = web_sys::Url::new_with_base(url, base_url).ok()?;
    let own = web_sys::Url::new(base_url).is_ok_and(|base| base.origin() == resolved.origin());
    (resolved.protocol() == "https:" || own).then(|| resolved.href())
}

/// Posts JSON to a URL without credentials and without a referrer; answers the status. Redirects are not followed: the
/// user allowed this URL only.
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

/// Fetches a URL with these options.
///
/// # Errors
/// As [`fetch_anonymously`].
pub(super) async fn fetch(url: &str, options: &RequestInit) -> Result<Response, String> {
    let request = Request::new_with_str_and_init(url, options).map_err(|error| describe(&error))?;
    let response = settled(fetch_request(&request)).await.map_err(|error| describe(&error))?;
    let response: Response = response.unchecked_into();
    if response.ok() {
        Ok(response)
    } else {
        Err(format!("the answer was {} {}", response.status(), response.status_text()))
    }
}

/// The browser's storage manager for this site, if it has one.
pub fn storage_manager() -> Option<StorageManager> {
    property(&property(&js_sys::global(), "navigator"), "storage").dyn_into().ok()
}

/// How many more bytes this site may store, if the browser tells.
pub async fn free_storage() -> Option<f64> {
    let estimate = settled(storage_manager()?.estimate().ok()?).await.ok()?;
    let number = |key: &str| property(&estimate, key).as_f64();
    Some(number("quota")? - number("usage")?)
}
