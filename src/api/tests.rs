//! The operations on the store in memory, as the contract describes them.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use serde::Serialize;
use serde_json::json;

use super::*;
use crate::batch::transitions::{Findings, Results};
use crate::engine::Graph;
use crate::engine::Wanted;
use crate::error::{Failure, Warning};
use crate::store::{MemoryStore, NewAsset};
use crate::workflow::builtin;

mod results;
mod rows;
mod workflows;

/// 2026-01-31T12:00:00.000Z.
const NOON: Millis = 1_769_860_800_000.0;

#[derive(Clone, Default)]
struct TestHost {
    now: Rc<Cell<Millis>>,
    random: Rc<Cell<u32>>,
    events: Rc<RefCell<Vec<Event>>>,
    imported: Rc<RefCell<Vec<(String, String)>>>,
    /// Contents of stored files by their ids.
    files: Rc<RefCell<Vec<(String, String)>>>,
}

impl Host for TestHost {
    fn now(&self) -> Millis {
        self.now.get()
    }
    fn clock_offset(&self, _: Millis) -> Millis {
        3_600_000.0
    }
    fn random_u32(&self) -> u32 {
        self.random.set(self.random.get() + 1);
        self.random.get()
    }
    fn base_url(&self) -> String {
        "https://pixels.example/app/index.html?x=1#/batches".to_owned()
    }
    fn workers(&self, _: &str) -> Option<u32> {
        None
    }
    fn notify(&self, event: Event) {
        self.events.borrow_mut().push(event);
    }
    async fn import(&self, url: &str, name: &str) -> Result<String, ImportRefusal> {
        if url.contains("gone") {
            return Err(ImportRefusal::Unreadable("it is no longer there.".to_owned()));
        }
        if url.contains("huge") {
            return Err(ImportRefusal::NotStored("the storage is full.".to_owned()));
        }
        self.imported.borrow_mut().push((url.to_owned(), name.to_owned()));
        Ok(format!("{:02x}", self.imported.borrow().len()))
    }
    async fn rows(&self, document: &Value) -> Result<Vec<InputAsset>, ApiError> {
        let mut graph = Graph::resolve(&workflow::check(document).0).map_err(ApiError::of_table)?;
        let files = self.files.borrow();
        let content = |one: Wanted| {
            let found = files.iter().find(|(id, _)| one.file.source_url.strip_prefix("asset:") == Some(id.as_str()));
            found.map(|(_, content)| content.clone().into_bytes()).ok_or_else(|| {
                ApiError::of_table(vec![
                    Diagnostic::error("unreadable_data", "It is not stored.", "").at(&one.action_id),
                ])
            })
        };
        let wanted = graph.wanted().map_err(ApiError::of_table)?;
        let contents = wanted.into_iter().map(content).collect::<Result<Vec<_>, _>>()?;
        graph.bind_files(&contents).map_err(ApiError::of_table)?;
        Ok(graph.input_assets())
    }
    fn resolve(&self, url: &str) -> Option<String> {
        match url.split_once(':') {
            None => Some(format!("{}{url}", self.base_url())),
            Some((scheme, _)) => (scheme == "https").then(|| url.to_owned()),
        }
    }
}

type TestService = Service<MemoryStore, TestHost>;

fn service() -> TestService {
    let host = TestHost::default();
    host.now.set(NOON);
    Service::new(MemoryStore::default(), host)
}

fn run<T>(future: impl Future<Output = T>) -> T {
    pollster::block_on(future)
}

/// A stored file of one byte.
fn small_file(id: &str) -> NewAsset<std::sync::Arc<[u8]>> {
    NewAsset {
        asset_id: id.to_owned(),
        name: String::new(),
        mime_type: String::new(),
        bytes: 1,
        checksum: None,
        content: [0].as_slice().into(),
    }
}

fn images(count: usize) -> Value {
    (0..count).map(|index| json!({ "name": format!("{index}.jpg"), "sourceUrl": format!("asset:a{index}") })).collect()
}

fn workflow(images: Value) -> Value {
    json!({
        "metadata": { "workflowId": "in-document", "name": "Mirror" },
        "actions": [
            { "actionId": "input-1", "actionType": "input-images", "parameters": { "images": images } },
            { "actionId": "flip-1", "actionType": "flip", "parameters": {} },
            { "actionId": "output-1", "actionType": "output", "parameters": {} }
        ],
        "connections": [
            { "connectionSource": "input-1", "sourcePort": "outputs", "connectionTarget": "flip-1", "targetPort": "input-images" },
            { "connectionSource": "flip-1", "sourcePort": "outputs", "connectionTarget": "output-1", "targetPort": "input-images" }
        ]
    })
}

fn accepted(service: &TestService, workflow_id: &str, count: usize) -> Accepted {
    let request = json!({ "workflowId": workflow_id, "workflow": workflow(images(count)) });
    run(service.execute(&request)).expect("accepted")
}

/// Runs an execution at once: 100 ms.
fn finish(service: &TestService, batch_id: &str, index: u32, well: bool) {
    let now = service.host().now.get();
    service.host().now.set(now + 100.0);
    let batch = run(service.store().batch(batch_id)).expect("read").expect("there");
    let change = service.store().change(
        batch_id,
        Which::At(vec![index]),
        Vec::new(),
        Durability::Strict,
        move |progress, executions| {
            let execution = executions.first_mut()?;
            let attempt = transitions::hand_out(progress, execution, false, now)?;
            let end = now + 100.0;
            if well {
                let output = crate::batch::records::OutputFile {
                    action_id: "output-1".into(),
                    port: "outputs".into(),
                    name: "0.jpg".into(),
                    mime_type: "image/jpeg".into(),
                    width: 4,
                    height: 3,
                    bytes: 99,
                    sha256: "ab".into(),
                    encoder: "test 1".into(),
                    url: "asset:ab".into(),
                    modules: crate::compact::SortedMap::new(),
                };
                let warnings = vec![Warning::new("no_clear_subject", "No subject.", "Crop.").at("cut")];
                let results = Results { outputs: vec![output], crc32: vec![1], warnings, ..Results::default() };
                let findings = Findings { engine_version: Some(batch.engine_version.clone()), ..Findings::default() };
                transitions::succeed(progress, execution, attempt, results, findings, end)
            } else {
                let failure = Failure::input("\"0.jpg\" is empty.", "Choose another file.").at("input-1");
                transitions::fail(progress, execution, attempt, failure, Findings::default(), end)
            }
        },
    );
    run(change).expect("written").expect("pending");
}

fn json_of<T: Serialize>(answer: &T) -> Value {
    serde_json::to_value(answer).expect("serializes")
}

fn refused<T: std::fmt::Debug>(answer: Result<T, ApiError>) -> ApiError {
    answer.expect_err("refused")
}

#[test]
fn an_accepted_batch_answers_as_the_contract_says() {
    let service = service();
    let request = json!({
        "workflowId": "Web Gallery", "workflow": workflow(images(3)),
        "batchConfig": { "concurrencyLimit": 4, "priority": "HIGH", "continueOnError": false }
    });
    let answer = run(service.execute(&request)).expect("accepted");
    let id = "batch-web-gallery-20260131-00000001";
    let base = format!("https://pixels.example/app/api/batch/{id}");
    let expected = json!({
        "batchId": id, "workflowId": "Web Gallery", "jobName": "Mirror", "status": "pending",
        "assets": { "total": 3, "pending": 3, "processing": 0, "completed": 0, "failed": 0 },
        "config": { "concurrencyLimit": 4, "priority": "HIGH", "continueOnError": false },
        "createdAt": "2026-01-31T12:00:00.000Z",
        "links": {
            "status": { "href": format!("{base}/status") }, "cancel": { "href": format!("{base}/cancel") },
            "executions": { "href": format!("{base}/executions") },
            "result": { "href": format!("{base}/status?format=preview") }
        }
    });
    assert_eq!(json_of(&answer), expected);
    assert_eq!(*service.host().events.borrow(), [Event::BatchCreated { batch_id: id.to_owned() }]);
    let read: Accepted = serde_json::from_value(expected).expect("reads");
    assert_eq!(read, answer);
}

#[test]
fn what_the_client_adds_is_found_again_and_limited() {
    let service = service();
    let request = |data: &Value| json!({ "workflowId": "w", "workflow": workflow(images(1)), "clientData": data });
    for data in [json!({ "order": 17, "tags": ["a"] }), json!("17"), json!(17), json!("x".repeat(4094))] {
        let answer = run(service.execute(&request(&data))).expect("accepted");
        assert_eq!(answer.client_data.as_ref(), Some(&data));
        let status = run(service.status(&answer.batch_id, &Value::Null)).expect("read");
        assert_eq!(status.client_data.as_ref(), Some(&data));
    }
    let error = refused(run(service.execute(&request(&json!("x".repeat(4095))))));
    assert_eq!(error.code, 400);
    assert!(error.message.starts_with("\"clientData\" has 4097 bytes"), "{}", error.message);
    let answer = run(service.execute(&request(&Value::Null))).expect("accepted");
    assert!(json_of(&answer).get("clientData").is_none());
}

#[test]
fn defaults_are_ten_normal_and_continue_on_error() {
    let service = service();
    let answer = accepted(&service, "w", 1);
    assert_eq!(
        json_of(&answer.config),
        json!({ "concurrencyLimit": 10, "priority": "NORMAL", "continueOnError": true })
    );
}

#[test]
fn a_batch_without_a_name_gets_that_of_its_workflow() {
    let service = service();
    let mut document = workflow(images(1));
    document["metadata"] = json!({});
    let answer = run(service.execute(&json!({ "workflowId": "w", "workflow": document }))).expect("accepted");
    assert_eq!(answer.job_name, "w");
}

#[test]
fn each_wrong_part_of_a_request_is_a_400_that_names_it() {
    let service = service();
    let good = workflow(images(1));
    let config = |config: Value| json!({ "workflowId": "w", "workflow": good, "batchConfig": config });
    for (request, word) in [
        (json!("text"), "object"),
        (json!({ "workflow": good }), "workflowId"),
        (json!({ "workflowId": "", "workflow": good }), "workflowId"),
        (json!({ "workflowId": 7, "workflow": good }), "workflowId"),
        (json!({ "workflowId": "w" }), "workflow"),
        (config(json!([])), "batchConfig"),
        (config(json!({ "concurrencyLimit": 0 })), "1 to 100"),
        (config(json!({ "concurrencyLimit": 101 })), "1 to 100"),
        (config(json!({ "concurrencyLimit": 2.5 })), "concurrencyLimit"),
        (config(json!({ "priority": "high" })), "HIGH, NORMAL, LOW"),
        (config(json!({ "continueOnError": "yes" })), "continueOnError"),
        (config(json!({ "webhookUrl": 1 })), "webhookUrl"),
        (json!({ "workflow": { "inputs": [] } }), "workflow.workflowId"),
        (json!({ "workflow": { "workflowId": "w", "inputs": {} } }), "workflow.inputs"),
    ] {
        let error = refused(run(service.execute(&request)));
        assert_eq!((error.code, error.status.as_str()), (400, "failed"), "{request}");
        assert!(error.message.contains(word), "{request}: {}", error.message);
    }
    assert!(service.host().events.borrow().is_empty());
}

/// A workflow that sends its pictures.
fn sending(parameters: Value) -> Value {
    let mut document = workflow(images(1));
    document["actions"][1] = json!({ "actionId": "flip-1", "actionType": "http-action", "parameters": parameters });
    document
}

#[test]
fn a_workflow_sends_pictures_only_to_servers_that_the_user_has_allowed() {
    let service = service();
    let parameters = json!({ "submitEndpoint": "https://api.example/x", "resultOrigin": "https://files.example" });
    let request = json!({ "workflowId": "w", "workflow": sending(parameters) });
    let decide = |origin: &str, value: &str| {
        run(service.store().set_setting(&consent_key(origin), value)).expect("stored");
    };
    let refusal = || {
        let error = refused(run(service.execute(&request)));
        assert_eq!((error.code, error.error.as_str()), (400, "invalid_request"));
        let found = error.diagnostics.expect("why");
        assert!(found.iter().all(|one| one.code == "server_not_allowed" && one.action_id.as_deref() == Some("flip-1")));
        found.into_iter().map(|one| (one.field.unwrap_or_default(), one.message)).collect::<Vec<_>>()
    };
    let of = |field: &str, origin: &str| {
        let message = format!("\"flip-1\" sends pictures to {origin}, which is not allowed on this device.");
        (field.to_owned(), message)
    };
    let (api, files) = (of("submitEndpoint", "https://api.example"), of("resultOrigin", "https://files.example"));
    assert_eq!(refusal(), [api.clone(), files.clone()]);
    // Another port, scheme or host is another server.
    for other in ["https://api.example:8443", "http://api.example", "https://example", "https://api.example/x"] {
        decide(other, "on");
    }
    decide("https://files.example", "off");
    assert_eq!(refusal(), [api.clone(), files.clone()]);
    decide("https://files.example", "on");
    assert_eq!(refusal(), std::slice::from_ref(&api));
    decide("https://api.example", "on");
    run(service.execute(&request)).expect("all are allowed");
    decide("https://api.example", "off");
    assert_eq!(refusal(), [api], "the user has changed their mind");
    assert_eq!(service.host().events.borrow().len(), 1, "nothing is stored of what is refused");
}

#[test]
fn without_a_server_nothing_has_to_be_allowed() {
    let service = service();
    let mut off = sending(json!({ "submitEndpoint": "https://api.example/" }));
    off["actions"][1]["disabled"] = json!(true);
    for document in [sending(json!({})), off] {
        run(service.execute(&json!({ "workflowId": "w", "workflow": document }))).expect("accepted");
    }
    let wrong = sending(json!({ "submitEndpoint": "http://api.example/" }));
    let error = refused(run(service.execute(&json!({ "workflowId": "w", "workflow": wrong }))));
    assert_eq!(error.diagnostics.expect("why")[0].code, "invalid_url");
}

#[test]
fn results_of_servers_are_not_reused() {
    let service = service();
    let document = sending(json!({ "submitEndpoint": "https://api.example/" }));
    run(service.store().set_setting("server:https://api.example", "on")).expect("stored");
    let request = json!({ "workflowId": "w", "workflow": document, "skipUnchanged": true });
    let first = run(service.execute(&request)).expect("accepted");
    finish(&service, &first.batch_id, 0, true);
    let again = run(service.execute(&request)).expect("accepted");
    assert_eq!((again.assets.pending, again.assets.completed), (1, 0));
}

#[test]
fn a_workflow_that_cannot_run_is_refused_with_its_diagnostics() {
    let service = service();
    let mut document = workflow(images(1));
    document["actions"][1]["actionType"] = json!("flop");
    let error = refused(run(service.execute(&json!({ "workflowId": "w", "workflow": document }))));
    assert_eq!(error.code, 400);
    let diagnostics = error.diagnostics.expect("reported");
    assert!(
        diagnostics.iter().any(|one| one.code == "unknown_action_type" && one.action_id.as_deref() == Some("flip-1"))
    );
    assert_eq!(service.validate_workflow(&document), diagnostics);
}

#[test]
fn a_workflow_without_images_is_valid_and_cannot_be_executed() {
    let service = service();
    let document = workflow(json!([]));
    assert!(service.validate_workflow(&document).iter().all(|one| !one.is_error()));
    let error = refused(run(service.execute(&json!({ "workflowId": "w", "workflow": document }))));
    let diagnostics = error.diagnostics.expect("reported");
    assert!(diagnostics.iter().any(|one| one.is_error() && one.action_id.as_deref() == Some("input-1")));
}

#[test]
fn the_nested_form_finds_no_published_workflow() {
    let service = service();
    let run_of_one = json!([{ "node_id": "input-1", "content": [{ "presignedUrl": "https://x/1.jpg" }] }]);
    let error = refused(run(service.execute(&json!({ "workflow": { "workflowId": "mine", "inputs": [run_of_one] } }))));
    assert_eq!((error.code, error.error.as_str()), (404, "not_found"));
    assert!(error.message.contains("mine"));
}

#[test]
fn blob_and_data_urls_are_imported_before_the_answer() {
    let service = service();
    let images = json!([
        { "name": "a.jpg", "sourceUrl": "blob:https://x/1" },
        { "name": "b.jpg", "presignedUrl": "data:image/png;base64,AAAA", "storageType": "local" },
        { "name": "c.jpg", "sourceUrl": "https://x/c.jpg" }
    ]);
    let answer = run(service.execute(&json!({ "workflowId": "w", "workflow": workflow(images) }))).expect("accepted");
    let names: Vec<String> = service.host().imported.borrow().iter().map(|(_, name)| name.clone()).collect();
    assert_eq!(names, ["a.jpg", "b.jpg"]);
    let stored = run(service.store().batch(&answer.batch_id)).expect("read").expect("there").workflow;
    let expected = json!([
        { "name": "a.jpg", "sourceUrl": "asset:01" },
        { "name": "b.jpg", "storageType": "local", "sourceUrl": "asset:02" },
        { "name": "c.jpg", "sourceUrl": "https://x/c.jpg" }
    ]);
    assert_eq!(stored["actions"][0]["parameters"]["images"], expected);
    let list = run(service.executions(&answer.batch_id, &Value::Null)).expect("read");
    let ids: Vec<_> = list.executions.iter().map(|one| one.input_asset.asset_id.as_deref()).collect();
    assert_eq!(ids, [Some("01"), Some("02"), None]);
}

#[test]
fn a_url_is_resolved_before_it_is_stored_and_refused_when_it_is_of_another_site_without_tls() {
    let service = service();
    let images = json!([{ "name": "a.jpg", "sourceUrl": "photos/a.jpg" }]);
    let answer = run(service.execute(&json!({ "workflowId": "w", "workflow": workflow(images) }))).expect("accepted");
    let stored = run(service.store().batch(&answer.batch_id)).expect("read").expect("there").workflow;
    let expected = format!("{}photos/a.jpg", service.host().base_url());
    assert_eq!(stored["actions"][0]["parameters"]["images"][0]["sourceUrl"], json!(expected));
    let images = json!([{ "name": "b.jpg", "sourceUrl": "http://elsewhere/b.jpg" }]);
    let error = refused(run(service.execute(&json!({ "workflowId": "w", "workflow": workflow(images) }))));
    assert_eq!(error.code, 400);
    assert!(error.message.contains("http://elsewhere/b.jpg"), "{}", error.message);
    // Only what was read is checked, whatever else is stored.
    let images = json!([{ "name": "c.jpg", "sourceUrl": null, "presignedUrl": "http://elsewhere/c.jpg" }]);
    let error = refused(run(service.execute(&json!({ "workflowId": "w", "workflow": workflow(images) }))));
    assert!(error.code == 400 && error.message.contains("http://elsewhere/c.jpg"), "{}", error.message);
}

#[test]
fn an_image_that_cannot_be_imported_is_named() {
    let service = service();
    let images = json!([{ "name": "lost.jpg", "sourceUrl": "blob:gone" }]);
    let error = refused(run(service.execute(&json!({ "workflowId": "w", "workflow": workflow(images) }))));
    assert_eq!(error.code, 400);
    assert!(error.message.contains("lost.jpg"), "{}", error.message);
    // The caller cannot fix a storage failure.
    let images = json!([{ "name": "large.jpg", "sourceUrl": "blob:huge" }]);
    let error = refused(run(service.execute(&json!({ "workflowId": "w", "workflow": workflow(images) }))));
    assert_eq!(error.code, 500);
    assert!(error.message.contains("large.jpg"), "{}", error.message);
    assert_eq!(run(service.store().all_progress()), Ok(Vec::new()));
}

#[test]
fn a_batch_refers_to_the_files_it_names() {
    let service = service();
    run(service.store().put_assets(vec![small_file("a0"), small_file("a1")], NOON)).expect("stored");
    let answer = accepted(&service, "w", 1);
    let references = |id: &str| run(service.store().asset(id)).expect("read").map(|record| record.references);
    assert_eq!((references("a0"), references("a1")), (Some(1), Some(0)));
    let deleted = run(service.delete(&answer.batch_id)).expect("deleted");
    assert_eq!(json_of(&deleted), json!({ "batchId": answer.batch_id, "deleted": true }));
    assert_eq!((references("a0"), references("a1")), (Some(0), Some(0)), "imports outlive what used them");
    assert_eq!(refused(run(service.delete(&answer.batch_id))).code, 404);
}

#[test]
fn a_status_answers_as_the_contract_says() {
    let service = service();
    let id = accepted(&service, "w", 3).batch_id;
    finish(&service, &id, 0, true);
    finish(&service, &id, 2, false);
    let status = run(service.status(&id, &Value::Null)).expect("read");
    let base = format!("https://pixels.example/app/api/batch/{id}");
    let expected = json!({
        "batchId": id, "workflowId": "w", "jobName": "Mirror", "status": "running", "paused": null,
        "config": { "concurrencyLimit": 10, "priority": "NORMAL", "continueOnError": true },
        "assets": { "total": 3, "pending": 1, "processing": 0, "completed": 1, "failed": 1 },
        "executions": {
            "total": 3, "completed": 2, "failed": 1,
            "allExecutionIds": [format!("{id}_exec-0"), format!("{id}_exec-1"), format!("{id}_exec-2")],
            "failedExecutionIds": [format!("{id}_exec-2")]
        },
        "timing": { "estimatedTimeRemainingMs": null, "averageExecutionTimeMs": 100.0 },
        "endpoint": "execute", "createdAt": "2026-01-31T12:00:00.000Z", "updatedAt": "2026-01-31T12:00:00.200Z",
        "completedAt": null,
        "links": {
            "status": { "href": format!("{base}/status") }, "cancel": { "href": format!("{base}/cancel") },
            "executions": { "href": format!("{base}/executions") },
            "result": { "href": format!("{base}/status?format=preview") }
        }
    });
    assert_eq!(json_of(&status), expected);
    assert_eq!(serde_json::from_value::<Status>(expected).expect("reads"), status);

    finish(&service, &id, 1, true);
    let status = json_of(&run(service.status(&id, &Value::Null)).expect("read"));
    assert_eq!(status["status"], "completed");
    assert_eq!(status["completedAt"], "2026-01-31T12:00:00.300Z");
    assert_eq!(status["timing"]["estimatedTimeRemainingMs"], 0.0);
}

#[test]
fn an_event_is_the_status_without_id_lists() {
    let service = service();
    let id = accepted(&service, "w", 2).batch_id;
    let progress = run(service.store().progress(&id)).expect("read").expect("there");
    let mut expected = json_of(&run(service.status(&id, &Value::Null)).expect("read"));
    let executions = expected["executions"].as_object_mut().expect("object");
    executions.remove("allExecutionIds");
    executions.remove("failedExecutionIds");
    assert_eq!(json_of(&service.status_event(&progress)), expected);
}

#[test]
fn what_is_not_there_is_a_404_everywhere() {
    let service = service();
    let id = "batch-no-20260101-00000000";
    let none = Value::Null;
    let errors = [
        refused(run(service.status(id, &Value::Null))),
        refused(run(service.cancel(id))),
        refused(run(service.executions(id, &none))),
        refused(run(service.retry(id, &none))),
        refused(run(service.delete(id))),
        refused(run(service.pause(id))),
        refused(run(service.resume(id))),
        refused(run(service.update(id, &json!({ "priority": "LOW" })))),
    ];
    for error in errors {
        let message = format!("There is no batch \"{id}\".");
        assert_eq!(
            json_of(&error),
            json!({ "error": "not_found", "message": message, "status": "failed", "code": 404 })
        );
    }
}

#[test]
fn a_list_is_newest_first_filtered_and_paged() {
    let service = service();
    let ids: Vec<String> = (0..5)
        .map(|index| {
            service.host().now.set(NOON + f64::from(index) * 1_000.0);
            accepted(&service, if index % 2 == 0 { "even" } else { "odd" }, 1).batch_id
        })
        .collect();
    finish(&service, &ids[4], 0, true);
    let list = |query: Value| {
        let answer = run(service.list(&query)).expect("listed");
        let listed: Vec<usize> =
            (answer.batches.iter()).map(|one| ids.iter().position(|id| *id == one.batch_id).expect("known")).collect();
        (listed, json_of(&answer.pagination), json_of(&answer.filters))
    };
    let page =
        |limit, offset, count, more: bool| json!({ "limit": limit, "offset": offset, "count": count, "hasMore": more });
    assert_eq!(list(Value::Null), (vec![4, 3, 2, 1, 0], page(50, 0, 5, false), json!({})));
    assert_eq!(list(json!({ "limit": "2", "offset": 1 })), (vec![3, 2], page(2, 1, 2, true), json!({})));
    assert_eq!(list(json!({ "limit": 2, "offset": 3 })), (vec![1, 0], page(2, 3, 2, false), json!({})));
    assert_eq!(list(json!({ "limit": 2, "offset": 4 })), (vec![0], page(2, 4, 1, false), json!({})));
    assert_eq!(list(json!({ "offset": 9 })), (vec![], page(50, 9, 0, false), json!({})));
    let even = json!({ "workflowId": "even", "status": "pending" });
    assert_eq!(list(even.clone()), (vec![2, 0], page(50, 0, 2, false), even));
    // From inclusive, to exclusive.
    let span = json!({ "createdAfter": "2026-01-31T12:00:01Z", "createdBefore": "2026-01-31T13:00:03.000+01:00" });
    assert_eq!(list(span.clone()), (vec![2, 1], page(50, 0, 2, false), span));
    assert_eq!(json_of(&run(service.list(&Value::Null)).expect("listed"))["orgId"], "local");
}

#[test]
fn queries_out_of_range_are_refused() {
    let service = service();
    let id = accepted(&service, "w", 1).batch_id;
    for (query, word) in [
        (json!({ "limit": 0 }), "1 to 100"),
        (json!({ "limit": 101 }), "1 to 100"),
        (json!({ "limit": "ten" }), "limit"),
        (json!({ "limit": true }), "limit"),
        (json!({ "offset": -1 }), "offset"),
        (json!({ "offset": 1.5 }), "offset"),
        (json!({ "status": "success" }), "cancelled"),
        (json!({ "status": "Running" }), "running"),
        (json!({ "createdAfter": "yesterday" }), "ISO 8601"),
        (json!({ "createdBefore": 1_769_860_800_000_u64 }), "ISO 8601"),
        (json!({ "workflowId": 1 }), "workflowId"),
        (json!([]), "query"),
    ] {
        let error = refused(run(service.list(&query)));
        assert_eq!(error.code, 400, "{query}");
        assert!(error.message.contains(word), "{query}: {}", error.message);
    }
    for (query, word) in [(json!({ "limit": 501 }), "1 to 500"), (json!({ "status": "completed" }), "success")] {
        let error = refused(run(service.executions(&id, &query)));
        assert_eq!(error.code, 400, "{query}");
        assert!(error.message.contains(word), "{query}: {}", error.message);
    }
    assert!(run(service.executions(&id, &json!({ "limit": 500 }))).is_ok());
}

#[test]
fn executions_answer_as_the_contract_says() {
    let service = service();
    let id = accepted(&service, "w", 3).batch_id;
    finish(&service, &id, 0, true);
    finish(&service, &id, 1, false);
    let list = run(service.executions(&id, &Value::Null)).expect("read");
    let input = |index: u32| {
        json!({
            "index": index, "assetId": format!("a{index}"),
            "inputs": [{ "actionId": "input-1", "name": format!("{index}.jpg"), "sourceUrl": format!("asset:a{index}") }]
        })
    };
    let expected = json!({
        "batchId": id, "total": 3,
        "executions": [
            {
                "executionId": format!("{id}_exec-0"), "batchId": id, "assetIndex": 0, "inputAsset": input(0),
                "status": "success", "attempts": 1,
                "outputs": [{
                    "actionId": "output-1", "port": "outputs", "name": "0.jpg", "mimeType": "image/jpeg", "width": 4,
                    "height": 3, "bytes": 99, "sha256": "ab", "encoder": "test 1", "url": "asset:ab"
                }],
                "warnings": [
                    { "code": "no_clear_subject", "level": "doubt", "message": "No subject.", "hint": "Crop.", "actionId": "cut" }
                ],
                "startedAt": "2026-01-31T12:00:00.000Z", "completedAt": "2026-01-31T12:00:00.100Z", "durationMs": 100.0
            },
            {
                "executionId": format!("{id}_exec-1"), "batchId": id, "assetIndex": 1, "inputAsset": input(1),
                "status": "failed", "attempts": 1, "error": "\"0.jpg\" is empty.",
                "errorCategory": "validation_error", "phase": "validation", "actionId": "input-1",
                "hint": "Choose another file.",
                "startedAt": "2026-01-31T12:00:00.100Z", "completedAt": "2026-01-31T12:00:00.200Z", "durationMs": 100.0
            },
            {
                "executionId": format!("{id}_exec-2"), "batchId": id, "assetIndex": 2, "inputAsset": input(2),
                "status": "pending", "attempts": 0, "startedAt": null, "completedAt": null, "durationMs": null
            }
        ],
        "pagination": { "limit": 100, "offset": 0, "count": 3, "hasMore": false }
    });
    assert_eq!(json_of(&list), expected);
    assert_eq!(serde_json::from_value::<ExecutionList>(expected).expect("reads"), list);

    let failed = run(service.executions(&id, &json!({ "status": "failed", "limit": 1 }))).expect("read");
    assert_eq!((failed.total, failed.executions.len()), (3, 1));
    assert_eq!(json_of(&failed.pagination), json!({ "limit": 1, "offset": 0, "count": 1, "hasMore": false }));
    let middle = run(service.executions(&id, &json!({ "limit": 2, "offset": 0 }))).expect("read");
    assert_eq!(json_of(&middle.pagination), json!({ "limit": 2, "offset": 0, "count": 2, "hasMore": true }));
    let last = run(service.executions(&id, &json!({ "limit": 2, "offset": 2 }))).expect("read");
    assert_eq!(json_of(&last.pagination), json!({ "limit": 2, "offset": 2, "count": 1, "hasMore": false }));
}

#[test]
fn a_cancelled_batch_answers_its_state_before() {
    let service = service();
    let id = accepted(&service, "w", 3).batch_id;
    finish(&service, &id, 0, true);
    let answer = json_of(&run(service.cancel(&id)).expect("cancelled"));
    assert_eq!((&answer["status"], &answer["previousStatus"]), (&json!("cancelled"), &json!("running")));
    assert_eq!(answer["assets"], json!({ "total": 3, "pending": 2, "processing": 0, "completed": 1, "failed": 0 }));
    assert!(answer["message"].as_str().is_some_and(|message| message.contains("2 not run")));
    assert_eq!(service.host().events.borrow().last(), Some(&Event::BatchChanged { batch_id: id.clone() }));
    let error = refused(run(service.cancel(&id)));
    assert_eq!(error.code, 400);
    assert!(error.message.contains("cancelled"), "{}", error.message);
    assert_eq!(service.host().events.borrow().len(), 2, "a refused call changes nothing");
}

#[test]
fn failed_executions_are_retried_all_or_by_id() {
    let service = service();
    let id = accepted(&service, "w", 3).batch_id;
    for (index, well) in [(0, false), (1, true), (2, false)] {
        finish(&service, &id, index, well);
    }
    let execution = |index| format!("{id}_exec-{index}");
    for (request, word) in [
        (json!({ "executionIds": [execution(1)] }), "success"),
        (json!({ "executionIds": [execution(3)] }), "exec-3"),
        (json!({ "executionIds": ["other_exec-0"] }), "other"),
        (json!({ "executionIds": [format!("{id}_exec-+0")] }), "+0"),
        (json!({ "executionIds": [] }), "empty"),
        (json!({ "executionIds": execution(0) }), "list"),
        (json!({ "onlyPending": 1 }), "onlyPending"),
        (json!({ "onlyPending": true, "executionIds": [execution(0)] }), "one of them"),
        (json!({ "onlyPending": true }), "has been run"),
    ] {
        let error = refused(run(service.retry(&id, &request)));
        assert_eq!(error.code, 400, "{request}");
        assert!(error.message.contains(word), "{request}: {}", error.message);
    }
    let ids = json!({ "executionIds": [execution(2), execution(2)] });
    let status = json_of(&run(service.retry(&id, &ids)).expect("retried"));
    assert_eq!((&status["status"], &status["completedAt"]), (&json!("running"), &Value::Null));
    assert_eq!(status["executions"]["failedExecutionIds"], json!([execution(0)]));
    assert!(refused(run(service.retry(&id, &Value::Null))).message.contains("running"));
    finish(&service, &id, 2, true);
    run(service.retry(&id, &Value::Null)).expect("retried");
    finish(&service, &id, 0, true);
    let list = run(service.executions(&id, &Value::Null)).expect("read");
    assert_eq!(list.executions.iter().map(|one| one.attempts).collect::<Vec<_>>(), [2, 1, 2]);
    assert!(refused(run(service.retry(&id, &Value::Null))).message.contains("Nothing"));
}

#[test]
fn what_a_cancelled_batch_left_runs_without_a_retry_of_its_failures() {
    let service = service();
    let id = accepted(&service, "w", 3).batch_id;
    finish(&service, &id, 0, false);
    run(service.cancel(&id)).expect("running");
    let status = json_of(&run(service.retry(&id, &json!({ "onlyPending": true }))).expect("two were left"));
    assert_eq!((&status["status"], &status["completedAt"]), (&json!("running"), &Value::Null));
    assert_eq!(status["assets"], json!({ "total": 3, "pending": 2, "processing": 0, "completed": 0, "failed": 1 }));
    for index in [1, 2] {
        finish(&service, &id, index, true);
    }
    let status = json_of(&run(service.status(&id, &Value::Null)).expect("there"));
    assert_eq!((&status["status"], &status["assets"]["failed"]), (&json!("completed"), &json!(1)));
}

#[test]
fn a_pause_is_reported_with_its_beginning_and_ends_with_resume() {
    let service = service();
    let id = accepted(&service, "w", 2).batch_id;
    let status = json_of(&run(service.pause(&id)).expect("paused"));
    assert_eq!(status["status"], "pending");
    assert_eq!(status["paused"], json!({ "reason": "user", "since": "2026-01-31T12:00:00.000Z" }));
    assert_eq!(json_of(&run(service.resume(&id)).expect("resumed"))["paused"], Value::Null);
    run(service.cancel(&id)).expect("cancelled");
    assert!(refused(run(service.pause(&id))).message.contains("cancelled"));
    assert!(refused(run(service.resume(&id))).message.contains("cancelled"));
}

#[test]
fn a_global_pause_is_stored_and_shows_in_every_status_that_has_not_ended() {
    let service = service();
    let (id, ended) = (accepted(&service, "w", 2).batch_id, accepted(&service, "w", 1).batch_id);
    finish(&service, &ended, 0, true);
    finish(&service, &id, 0, true);
    let paused = json!({ "reason": "user", "since": iso_time(service.host().now.get()) });
    assert_eq!(json_of(&run(service.pause_all()).expect("paused")), json!({ "paused": paused }));
    assert_eq!(service.host().events.borrow().last(), Some(&Event::GlobalPauseChanged));
    service.host().now.set(NOON + 9_999.0);
    assert_eq!(json_of(&run(service.pause_all()).expect("paused")), json!({ "paused": paused }), "it stays unchanged");
    // Another tab, or this one after a reload, reads it.
    let other = Service::new(service.store().clone(), service.host().clone());
    let status = json_of(&run(other.status(&id, &Value::Null)).expect("read"));
    assert_eq!((&status["status"], &status["paused"]), (&json!("running"), &paused));
    assert_eq!(status["timing"]["estimatedTimeRemainingMs"], Value::Null);
    assert_eq!(json_of(&run(other.status(&ended, &Value::Null)).expect("read"))["paused"], Value::Null);
    let list = json_of(&run(other.list(&Value::Null)).expect("read"));
    assert_eq!(list["batches"].as_array().expect("list").iter().filter(|one| one["paused"] == paused).count(), 1);
    assert_eq!(
        run(read_global_pause(service.store())).expect("read").map(|pause| iso_time(pause.since)),
        paused["since"].as_str().map(str::to_owned)
    );

    run(service.pause(&id)).expect("paused");
    assert_eq!(json_of(&run(service.resume_all()).expect("resumed")), json!({ "paused": null }));
    let status = json_of(&run(other.status(&id, &Value::Null)).expect("read"));
    assert_eq!(status["paused"]["reason"], "user", "its own pause stays");
    run(service.resume(&id)).expect("resumed");
    assert_eq!(json_of(&run(other.status(&id, &Value::Null)).expect("read"))["paused"], Value::Null);
}

#[test]
fn the_log_records_webhook_calls_and_the_webhook_gets_no_picture() {
    let service = service();
    let config = json!({ "webhookUrl": "https://hooks.example/done" });
    let request = json!({ "workflowId": "w", "workflow": workflow(images(1)), "batchConfig": config });
    let id = run(service.execute(&request)).expect("accepted").batch_id;
    assert_eq!(json_of(&run(service.log(&id)).expect("read")), json!({ "batchId": id, "entries": [] }));
    finish(&service, &id, 0, true);
    let leave = |progress: &mut Progress, _: &mut Vec<Execution>| {
        crate::batch::webhook::leave(progress, "sending is off in the settings.", NOON)
    };
    run(service.store().change(&id, Which::None, Vec::new(), Durability::Strict, leave))
        .expect("written")
        .expect("due");
    let entry = json!({ "at": "2026-01-31T12:00:00.000Z", "level": "info", "message": "Webhook not sent: sending is off in the settings." });
    assert_eq!(json_of(&run(service.log(&id)).expect("read"))["entries"], json!([entry]));
    let progress = run(service.store().progress(&id)).expect("read").expect("there");
    let body: Value = serde_json::from_str(&webhook_body(&progress, "https://pixels.example/app/")).expect("JSON");
    assert_eq!((&body["batchId"], &body["status"]), (&json!(id), &json!("completed")));
    for secret in ["asset:", ".jpg"] {
        assert!(!body.to_string().contains(secret), "{secret}: {body}");
    }
    assert_eq!(refused(run(service.log("no"))).code, 404);
}

#[test]
fn an_update_is_exact_in_its_ranges() {
    let service = service();
    let id = accepted(&service, "w", 1).batch_id;
    let update = json!({ "priority": "LOW", "concurrencyLimit": 100 });
    let status = json_of(&run(service.update(&id, &update)).expect("updated"));
    assert_eq!((&status["config"]["priority"], &status["config"]["concurrencyLimit"]), (&json!("LOW"), &json!(100)));
    for request in [json!({}), json!({ "priority": "URGENT" }), json!({ "concurrencyLimit": 101 }), Value::Null] {
        assert_eq!(refused(run(service.update(&id, &request))).code, 400, "{request}");
    }
}

#[test]
fn only_version_one_is_spoken() {
    for fine in [json!(null), json!({}), json!({ "apiVersion": "1.0" }), json!({ "apiVersion": null })] {
        assert_eq!(check_version(&fine), Ok(()), "{fine}");
    }
    for other in [json!({ "apiVersion": "2.0" }), json!({ "apiVersion": "" }), json!({ "apiVersion": 2 })] {
        let error = check_version(&other).expect_err("refused");
        assert_eq!((error.code, error.status.as_str()), (400, "error"), "{other}");
    }
}

#[test]
fn a_request_with_an_id_is_accepted_once() {
    let service = service();
    let id = "batch-mirror-20260130-00c0ffee";
    let request = |count| json!({ "workflowId": "Mirror", "batchId": id, "workflow": workflow(images(count)) });
    let first = run(service.execute(&request(3))).expect("accepted");
    assert_eq!((first.batch_id.as_str(), first.assets.total), (id, 3));
    let again = run(service.execute(&request(2))).expect("known");
    assert_eq!(json_of(&again), json_of(&first));
    assert_eq!(run(service.list(&json!({}))).expect("listed").batches.len(), 1);
    let mut other = request(1);
    other["batchId"] = "batch/../x".into();
    assert_eq!(refused(run(service.execute(&other))).code, 400);
}

#[test]
fn links_are_resolved_against_the_documents_base() {
    for (base, expected) in [
        ("https://a.example/", "https://a.example/api/batch/b/status"),
        ("https://a.example", "https://a.example/api/batch/b/status"),
        ("http://127.0.0.1:8080/sub/app/index.html", "http://127.0.0.1:8080/sub/app/api/batch/b/status"),
        ("https://a.example/app/?q=/x/#/batches/1", "https://a.example/app/api/batch/b/status"),
    ] {
        assert_eq!(Links::of("b", base).status.href, expected);
    }
}
