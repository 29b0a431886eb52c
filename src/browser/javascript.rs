//! `window.pixelmill`: the client as JavaScript sees it. Arguments in, plain JSON values out; a refused call rejects
//! with the contract's error object.
//!
//! In addition to the contract's calls, for the models of `remove-background`: `importModel(file, name?)` tests an ONNX
//! file and stores it, `listModels()` returns `[{ name, bytes, builtIn }]`, `deleteModel(name)` removes one. For the
//! storage: `verifyBatch(batchId)` checks every stored result and returns `{ batchId, checked, damaged }`; damaged
//! executions then fail, so that a retry regenerates them. `exportArchive()` returns everything as one ZIP (a Blob),
//! and `importArchive(blob)` imports whatever such a ZIP contains and this browser does not have: `{ batches,
//! workflows, models, assets, skipped, problems: [{ entry, message }] }`. A batch that had not ended is imported as
//! paused.

use std::future::Future;
use std::pin::Pin;

use js_sys::Promise;
use serde::Serialize;
use serde_json::Value;
use wasm_bindgen::prelude::*;
use web_sys::{Blob, CustomEvent, CustomEventInit, EventTarget};

use super::client::{Client, ClientEvent};
use super::interop::{describe, from_js, set_property, to_js};
use crate::api::{ApiError, ExecutionAnswer, check_version};

/// Creates `window.pixelmill`; from now on calls can be made.
pub(super) fn publish(client: &Client) {
    let Ok(target) = EventTarget::new() else { return };
    publish_methods(&target, client);
    forward_events(&target, client);
    set_property(&js_sys::global(), "pixelmill", &target);
}

fn publish_methods(target: &EventTarget, client: &Client) {
    let method = |name: &str, call: Closure<dyn FnMut(JsValue, JsValue, JsValue) -> Promise>| {
        set_property(target, name, &call.into_js_value());
    };

    let own = client.clone();
    method(
        "importAssets",
        Closure::new(move |files: JsValue, options: JsValue, _| {
            let client = own.clone();
            promise(async move {
                check(&[&options]).map_err(rejection)?;
                let files = blobs(&files).map_err(rejection)?;
                match client.import_assets(files, None).await {
                    Ok(assets) => answer(&assets),
                    Err(failure) => {
                        let error = rejection(failure.error);
                        set_property(&error, "imported", &answer(&failure.imported)?);
                        Err(error)
                    }
                }
            })
        }),
    );

    let own = client.clone();
    method(
        "importModel",
        Closure::new(move |file: JsValue, name: JsValue, options: JsValue| {
            let client = own.clone();
            promise(async move {
                check(&[&name, &options]).map_err(rejection)?;
                let file = file.dyn_into::<Blob>().map_err(|_| {
                    rejection(ApiError::invalid("The first argument is not a file. Give a File or Blob."))
                })?;
                match client.import_model(file, name.as_string().as_deref()).await {
                    Ok(model) => answer(&model),
                    Err(error) => Err(rejection(error)),
                }
            })
        }),
    );

    let own = client.clone();
    method(
        "exportArchive",
        Closure::new(move |options: JsValue, _, _| {
            let client = own.clone();
            promise(async move {
                check(&[&options]).map_err(rejection)?;
                client.export_archive().await.map(JsValue::from).map_err(rejection)
            })
        }),
    );

    let own = client.clone();
    method(
        "importArchive",
        Closure::new(move |archive: JsValue, options: JsValue, _| {
            let client = own.clone();
            promise(async move {
                check(&[&options]).map_err(rejection)?;
                let archive = archive.dyn_into::<Blob>().map_err(|_| {
                    rejection(ApiError::invalid("The first argument is not a file. Give a File or Blob."))
                })?;
                answer(&client.import_archive(archive).await.map_err(rejection)?)
            })
        }),
    );

    /// A method that takes JSON values and returns one.
    macro_rules! json_methods {
        ($($name:literal => |$client:ident, $first:ident, $second:ident| $call:expr;)*) => { $(
            let own = client.clone();
            method($name, Closure::new(move |first: JsValue, second: JsValue, third: JsValue| {
                let $client = own.clone();
                promise(async move {
                    check(&[&first, &second, &third]).map_err(rejection)?;
                    let ($first, $second) = (argument(&first).map_err(rejection)?, argument(&second).map_err(rejection)?);
                    answer(&$call.map_err(rejection)?)
                })
            }));
        )* };
    }
    json_methods! {
        "executeBatch" => |client, request, _second| client.execute_batch(&request).await;
        "listBatches" => |client, query, _second| client.list_batches(&query).await;
        "getBatchStatus" => |client, id, query| client.batch_status(text(&id)?, &query).await;
        "cancelBatch" => |client, id, _second| client.cancel(text(&id)?).await;
        "listExecutions" => |client, id, query| client.executions(text(&id)?, &query).await;
        "retryExecutions" => |client, id, request| client.retry_as_asked(text(&id)?, &request).await;
        "deleteBatch" => |client, id, _second| client.delete(text(&id)?).await;
        "pauseBatch" => |client, id, _second| client.pause(text(&id)?).await;
        "resumeBatch" => |client, id, _second| client.resume(text(&id)?).await;
        "updateBatch" => |client, id, change| client.update(text(&id)?, &change).await;
        "pauseAll" => |client, _first, _second| client.pause_all().await;
        "resumeAll" => |client, _first, _second| client.resume_all().await;
        "getBatchLog" => |client, id, _second| client.log(text(&id)?).await;
        "verifyBatch" => |client, id, _second| client.verify(text(&id)?).await;
        "getReport" => |client, id, query| client.report(text(&id)?, &query).await;
        "listWorkflows" => |client, query, _second| client.list_workflows(&query).await;
        "getWorkflow" => |client, id, query| client.workflow(text(&id)?, &query).await;
        "saveWorkflow" => |client, document, options| client.save_workflow(&document, &options).await;
        "publishWorkflow" => |client, id, _second| client.publish_workflow(text(&id)?).await;
        "unpublishWorkflow" => |client, id, _second| client.unpublish_workflow(text(&id)?).await;
        "duplicateWorkflow" => |client, id, options| client.duplicate_workflow(text(&id)?, &options).await;
        "deleteWorkflow" => |client, id, _second| client.delete_workflow(text(&id)?).await;
        "exportWorkflow" => |client, id, query| client.export_workflow(text(&id)?, &query).await;
        "importWorkflow" => |client, document, _second| client.import_workflow(&document).await;
        "listModels" => |client, _first, _second| client.models().await;
        "deleteModel" => |client, name, _second| client.delete_model(text(&name)?).await;
        "listActions" => |client, _first, _second| Ok::<_, ApiError>(client.list_actions());
        "validateWorkflow" => |client, document, _second| Ok::<_, ApiError>(client.validate(&document));
    }

    let own = client.clone();
    method(
        "readAsset",
        Closure::new(move |url: JsValue, options: JsValue, _| {
            let client = own.clone();
            promise(async move {
                check(&[&options]).map_err(rejection)?;
                let url = argument(&url).map_err(rejection)?;
                client.read_asset(text(&url)?).await.map(JsValue::from).map_err(rejection)
            })
        }),
    );
}

fn forward_events(target: &EventTarget, client: &Client) {
    let (own, target) = (client.clone(), target.clone());
    let subscription = client.subscribe(move |event| {
        let (kind, detail) = match event {
            ClientEvent::Progress(progress) => ("progress", to_js(&own.summary(progress))),
            ClientEvent::ExecutionCompleted(execution) => {
                ("executioncompleted", to_js(&ExecutionAnswer::from(&**execution)))
            }
            ClientEvent::BatchCompleted(progress) => ("batchcompleted", to_js(&own.summary(progress))),
            ClientEvent::BatchChanged(_)
            | ClientEvent::WorkflowsChanged
            | ClientEvent::GlobalPauseChanged
            | ClientEvent::Models
            | ClientEvent::Slept(_)
            | ClientEvent::State(_) => return,
        };
        let Ok(detail) = detail else { return };
        let options = CustomEventInit::new();
        options.set_detail(&detail);
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

fn answer(value: &impl Serialize) -> Result<JsValue, JsValue> {
    to_js(value).map_err(|error| rejection(ApiError::internal(describe(&error))))
}

fn argument(value: &JsValue) -> Result<Value, ApiError> {
    from_js(value).map_err(|error| ApiError::invalid(format!("An argument is not a JSON value: {error}.")))
}

fn text(value: &Value) -> Result<&str, JsValue> {
    value
        .as_str()
        .ok_or_else(|| rejection(ApiError::invalid(format!("The first argument is {value}. Give it as text."))))
}

/// The last argument may be `{ apiVersion }`. It is optional, and so is the one before it: each is inspected.
fn check(arguments: &[&JsValue]) -> Result<(), ApiError> {
    for value in arguments.iter().filter(|value| value.is_object()) {
        let version = super::interop::property(value, "apiVersion");
        if !version.is_undefined() {
            check_version(&serde_json::json!({ "apiVersion": argument(&version)? }))?;
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
