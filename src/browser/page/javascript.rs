//! `window.pixelmill`: the client as JavaScript sees it. Arguments in, plain JSON values out; a refused call rejects
//! with the contract's error object. Its methods are the public calls of `service`.
//!
//! In addition to the contract's calls, for the files that actions use besides pictures: `importFile(file, { kind, name })`
//! reads a model, a font, a lookup table or a custom action (`kind` is `model`, `font`, `lut` or `action`) and stores it, `listFiles({ kind })` returns
//! `[{ kind, name, bytes, builtIn, assetId }]`, `deleteFile({ kind, name })` removes one. The same for models alone:
//! `importModel(file, name?)`, `listModels()`, `deleteModel(name)`. For the storage: `verifyBatch(batchId)` checks every stored result and returns `{ batchId, checked, damaged }`; damaged
//! executions then fail, so that a retry regenerates them. `exportArchive()` returns everything as one ZIP (a Blob),
//! and `importArchive(blob)` imports whatever such a ZIP contains and this browser does not have: `{ batches,
//! workflows, models, files, assets, skipped, problems: [{ entry, message }] }`. A batch that had not ended is imported as
//! paused.

use std::future::Future;
use std::pin::Pin;

use js_sys::{Object, Promise};
use serde_json::Value;
use wasm_bindgen::prelude::*;
use web_sys::{Blob, CustomEvent, CustomEventInit, EventTarget};

use super::super::interop::{describe, json_text, property, set_property, to_js};
use super::client::{Client, Heard};
use crate::api::{ApiError, Event, check_version};
use crate::service::{Kind, PUBLIC, Signature, field_name};

/// Creates the object.
pub(super) fn object(client: &Client) -> JsValue {
    let Ok(target) = EventTarget::new() else { return JsValue::UNDEFINED };
    publish_methods(&target, client);
    forward_events(&target, client);
    target.into()
}

fn publish_methods(target: &EventTarget, client: &Client) {
    /// A method with up to three arguments.
    fn method<F: Future<Output = Result<JsValue, JsValue>> + 'static>(
        target: &EventTarget,
        client: &Client,
        name: &str,
        call: impl Fn(Client, [JsValue; 3]) -> F + 'static,
    ) {
        let client = client.clone();
        let call: Closure<dyn FnMut(JsValue, JsValue, JsValue) -> Promise> =
            Closure::new(move |first: JsValue, second: JsValue, third: JsValue| {
                promise(call(client.clone(), [first, second, third]))
            });
        set_property(target, name, &call.into_js_value());
    }
    for signature in PUBLIC {
        method(target, client, signature.name, move |client, arguments| async move {
            check(&arguments).map_err(rejection)?;
            let call = message(signature, &arguments).map_err(rejection)?;
            client.request_by_name(&call).await.map_err(rejection)
        });
    }
    method(target, client, "importAssets", |client, [files, options, _]| async move {
        check(&[options]).map_err(rejection)?;
        let files = blobs(&files).map_err(rejection)?;
        match client.import_assets(files, None).await {
            Ok(assets) => to_js(&assets),
            Err(failure) => {
                let error = rejection(failure.error);
                set_property(&error, "imported", &to_js(&failure.imported)?);
                Err(error)
            }
        }
    });
    method(target, client, "importModel", |client, [file, name, options]| async move {
        check(&[name.clone(), options]).map_err(rejection)?;
        let file = blob(file).map_err(rejection)?;
        to_js(&client.import_model(file, name.as_string().as_deref()).await.map_err(rejection)?)
    });
    method(target, client, "importFile", |client, [file, options, _]| async move {
        check(std::slice::from_ref(&options)).map_err(rejection)?;
        let file = blob(file).map_err(rejection)?;
        let options = json_of(&options).map_err(rejection)?;
        let options: Value = serde_json::from_str(&options).map_err(|error| rejection(unreadable(&error)))?;
        to_js(&client.import_file(file, options).await.map_err(rejection)?)
    });
    method(target, client, "exportArchive", |client, [options, ..]| async move {
        check(&[options]).map_err(rejection)?;
        client.export_archive().await.map(JsValue::from).map_err(rejection)
    });
    method(target, client, "importArchive", |client, [archive, options, _]| async move {
        check(&[options]).map_err(rejection)?;
        let archive = blob(archive).map_err(rejection)?;
        to_js(&client.import_archive(archive).await.map_err(rejection)?)
    });
    method(target, client, "readAsset", |client, [url, options, _]| async move {
        check(&[options]).map_err(rejection)?;
        let url = text(&url).map_err(rejection)?;
        client.read_asset(&url).await.map(JsValue::from).map_err(rejection)
    });
}

/// The call that a method's arguments make, as the message has it.
fn message(signature: &Signature, arguments: &[JsValue; 3]) -> Result<JsValue, ApiError> {
    let parameters = Object::new();
    for ((name, kind), argument) in signature.parameters.iter().zip(arguments) {
        let value = match kind {
            Kind::Text => text(argument)?,
            Kind::Json => json_of(argument)?,
        };
        set_property(&parameters, &field_name(name), &value.into());
    }
    let call = Object::new();
    set_property(&call, signature.name, &parameters);
    Ok(call.into())
}

fn forward_events(target: &EventTarget, client: &Client) {
    let target = target.clone();
    let subscription = client.subscribe(move |heard| {
        let (kind, detail) = match heard {
            Heard::Event(Event::Progress(_), detail) => ("progress", detail),
            Heard::Event(Event::ExecutionCompleted(_), detail) => ("executioncompleted", detail),
            Heard::Event(Event::BatchCompleted(_), detail) => ("batchcompleted", detail),
            Heard::State => ("statechange", &JsValue::UNDEFINED),
            Heard::Event(..) => return,
        };
        let options = CustomEventInit::new();
        options.set_detail(detail);
        if let Ok(event) = CustomEvent::new_with_event_init_dict(kind, &options) {
            let _not_cancelable = target.dispatch_event(&event);
        }
    });
    // It lives as long as the page, like the object itself.
    std::mem::forget(subscription);
}

fn promise(task: impl Future<Output = Result<JsValue, JsValue>> + 'static) -> Promise {
    // Boxed: otherwise the page would contain the code that makes a promise once per method.
    let task: Pin<Box<dyn Future<Output = Result<JsValue, JsValue>>>> = Box::pin(task);
    wasm_bindgen_futures::future_to_promise(task)
}

fn rejection(error: ApiError) -> JsValue {
    to_js(&error).unwrap_or_else(|error| error)
}

fn json_of(value: &JsValue) -> Result<String, ApiError> {
    json_text(value).map_err(|error| unreadable(&error))
}

fn unreadable(error: &dyn std::fmt::Display) -> ApiError {
    ApiError::invalid(format!("An argument is not a JSON value: {error}."))
}

fn text(value: &JsValue) -> Result<String, ApiError> {
    match value.as_string() {
        Some(text) => Ok(text),
        None => Err(ApiError::invalid(format!("The first argument is {}. Give it as text.", json_of(value)?))),
    }
}

fn blob(value: JsValue) -> Result<Blob, ApiError> {
    value.dyn_into().map_err(|_| ApiError::invalid("The first argument is not a file. Give a File or Blob."))
}

/// The last argument may be `{ apiVersion }`. It is optional, and so is the one before it: each is inspected.
fn check(arguments: &[JsValue]) -> Result<(), ApiError> {
    for value in arguments.iter().filter(|value| value.is_object()) {
        let version = property(value, "apiVersion");
        if !version.is_undefined() {
            let version: Value = serde_json::from_str(&json_of(&version)?).unwrap_or_default();
            check_version(&serde_json::json!({ "apiVersion": version }))?;
        }
    }
    Ok(())
}

/// The files in an iterable.
fn blobs(files: &JsValue) -> Result<Vec<Blob>, ApiError> {
    let wrong = |what: &str| ApiError::invalid(format!("{what} Give a list of File or Blob objects."));
    // An iterator's exception becomes a rejection; otherwise the promise would never settle.
    let Ok(Some(iterator)) = js_sys::try_iter(files) else { return Err(wrong("The files are not a list.")) };
    let mut blobs = Vec::new();
    for (position, file) in iterator.enumerate() {
        let file =
            file.map_err(|error| wrong(&format!("The list of files ends with an error: {}.", describe(&error))))?;
        blobs.push(
            file.dyn_into::<Blob>().map_err(|_| wrong(&format!("Entry {position} of the files is not a file.")))?,
        );
    }
    Ok(blobs)
}
