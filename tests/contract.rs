//! The batch API against its schema and fixtures, which are written by hand (see `contract/README.md`): every fixture
//! passes the schema and our types in both directions, both refuse what must be refused, and every answer of the
//! service passes the schema.

use std::cell::Cell;
use std::fs;
use std::path::Path;

use jsonschema::Validator;
use pixelmill::api::{
    Accepted, ApiError, Asset, BatchList, BatchLog, BatchSummary, Cancelled, Deleted, Event, Execute, ExecutionAnswer,
    ExecutionList, ExecutionsQuery, FileAnswer, FileRequest, FilesQuery, Given, GlobalPauseAnswer, Host, ImportRefusal,
    ListQuery, Report, ReportFormat, Retry, Service, Status, Task, Update, VerifyAnswer, WorkflowAnswer,
    WorkflowDeleted, WorkflowList, WorkflowsQuery, catalog, check_version,
};
use pixelmill::archive::ImportSummary;
use pixelmill::batch::records::{Millis, OutputFile, PauseReason};
use pixelmill::batch::transitions::{self, Findings, Results};
use pixelmill::engine::InputAsset;
use pixelmill::error::{Failure, Warning};
use pixelmill::service::{PUBLIC, field_name};
use pixelmill::store::{BatchStore, Durability, MemoryStore, Which};
use pixelmill::workflow::Workflow;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

fn schema() -> Value {
    serde_json::from_str(include_str!("contract/schema.json")).expect("the schema is JSON")
}

/// The validator of one definition.
fn validator(definition: &str) -> Validator {
    let mut schema = schema();
    assert!(schema["$defs"].get(definition).is_some(), "the schema defines no {definition}");
    schema["$ref"] = format!("#/$defs/{definition}").into();
    jsonschema::draft202012::new(&schema).expect("the schema is a schema")
}

/// The files of a folder: definition, name and content.
fn files(folder: &str) -> Vec<(String, String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contract").join(folder);
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("readable").path())
        .map(|path| {
            let name = path.file_stem().expect("named").to_string_lossy().into_owned();
            let definition = name.split('.').next().expect("not empty").to_owned();
            let text = fs::read_to_string(&path).expect("readable");
            let value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
            (definition, name, value)
        })
        .collect();
    files.sort_by(|one, other| one.1.cmp(&other.1));
    assert!(!files.is_empty());
    files
}

fn assert_valid(definition: &str, value: &Value, what: &str) {
    let faults: Vec<String> = validator(definition)
        .iter_errors(value)
        .map(|fault| format!("at \"{}\": {fault}", fault.instance_path()))
        .collect();
    assert!(faults.is_empty(), "{what} is not a valid {definition}: {faults:#?}\n{value:#}");
}

/// The same value with numbers in one form: JSON does not distinguish 100 from 100.0.
fn plain(value: Value) -> Value {
    match value {
        Value::Number(number) => number.as_f64().map_or(Value::Null, Value::from),
        Value::Array(list) => list.into_iter().map(plain).collect(),
        Value::Object(map) => Value::Object(map.into_iter().map(|(key, value)| (key, plain(value))).collect()),
        other => other,
    }
}

/// Deserialises a value as a `T` and serialises it again.
fn round<T: Serialize + DeserializeOwned>(value: &Value) -> Result<Value, String> {
    let read: T = serde_json::from_value(value.clone()).map_err(|error| error.to_string())?;
    serde_json::to_value(&read).map_err(|error| error.to_string())
}

/// A request as the service reads it, written as in the schema. Absent values are not written.
fn execute_again(request: &Value) -> Result<Value, ApiError> {
    let config = |config| {
        let mut config = serde_json::to_value(config).expect("serializes");
        let given = request.get("batchConfig").and_then(Value::as_object).cloned().unwrap_or_default();
        if let Some(config) = config.as_object_mut() {
            config.retain(|key, _| given.contains_key(key));
        }
        config
    };
    let Execute { workflow_id, task, config: read, skip_unchanged, batch_id, client_data } = Execute::read(request)?;
    let mut again = match task {
        Task::Document(workflow) => {
            json!({ "workflowId": workflow_id, "workflow": workflow, "batchConfig": config(read) })
        }
        Task::Runs(runs) => {
            let file = |files: &[Value], was: &Value| match was.get("template") {
                Some(_) => ("template", files[0].clone()),
                None => ("content", files.iter().cloned().collect()),
            };
            let runs: Value = runs
                .iter()
                .enumerate()
                .map(|(index, run)| {
                    run.iter()
                        .enumerate()
                        .map(|(at, input)| {
                            let was = &request["workflow"]["inputs"][index][at];
                            let (key, given) = match &input.given {
                                Given::Text(text) => ("content", text.clone().into()),
                                Given::Files(files) => file(files, was),
                            };
                            let mut written = Map::from_iter([("node_id".to_owned(), input.node_id.clone().into())]);
                            written.insert(key.to_owned(), given);
                            Value::Object(written)
                        })
                        .collect::<Value>()
                })
                .collect();
            json!({ "workflow": { "workflowId": workflow_id, "inputs": runs }, "batchConfig": config(read) })
        }
    };
    again["skipUnchanged"] = skip_unchanged.into();
    again["batchId"] = batch_id.into();
    again["clientData"] = client_data.into();
    if let Some(again) = again.as_object_mut() {
        again.retain(|key, _| request.get(key).is_some());
    }
    Ok(again)
}

/// An instance of a definition after a round trip through our types, which should not change it.
fn again(definition: &str, value: &Value) -> Result<Value, String> {
    let refused = |error: ApiError| error.message;
    match definition {
        "workflow" => round::<Workflow>(value),
        "executeRequest" => execute_again(value).map_err(refused),
        "executeAnswer" => round::<Accepted>(value),
        "status" => round::<Status>(value),
        "summary" => round::<BatchSummary>(value),
        "listAnswer" => round::<BatchList>(value),
        "cancelAnswer" => round::<Cancelled>(value),
        "deleteAnswer" => round::<Deleted>(value),
        "executionsAnswer" => round::<ExecutionList>(value),
        "execution" => round::<ExecutionAnswer>(value),
        "asset" => round::<Asset>(value),
        "error" => round::<ApiError>(value),
        "listQuery" => ListQuery::read(value)
            .map(|query| {
                let mut written = serde_json::to_value(&query.filters).expect("serializes");
                written["limit"] = query.limit.into();
                written["offset"] = query.offset.into();
                written
            })
            .map(|written| given_only(written, value))
            .map_err(refused),
        "workflowAnswer" => round::<WorkflowAnswer>(value),
        "workflowsAnswer" => round::<WorkflowList>(value),
        "workflowDeletedAnswer" => round::<WorkflowDeleted>(value),
        "workflowsQuery" => WorkflowsQuery::read(value)
            .map(|query| json!({ "status": query.status, "limit": query.limit, "offset": query.offset }))
            .map(|written| given_only(written, value))
            .map_err(refused),
        "executionsQuery" => ExecutionsQuery::read(value)
            .map(|query| json!({ "status": query.status, "limit": query.limit, "offset": query.offset }))
            .map(|written| given_only(written, value))
            .map_err(refused),
        "retryRequest" => Retry::read(value)
            .map(|retry| {
                let replacement = retry.replacement.map(|file| {
                    json!({
                        "actionId": file.action_id,
                        "name": file.name,
                        "sourceUrl": format!("asset:{}", file.asset_id),
                    })
                });
                let written = json!({
                    "executionIds": retry.execution_ids,
                    "onlyPending": retry.only_pending,
                    "replacement": replacement,
                });
                given_only(written, value)
            })
            .map_err(refused),
        "updateRequest" => Update::read(value)
            .map(|update| json!({ "priority": update.priority, "concurrencyLimit": update.concurrency_limit }))
            .map_err(refused),
        "userFile" => round::<FileAnswer>(value),
        "filesQuery" => {
            FilesQuery::read(value).map(|query| given_only(json!({ "kind": query.kind }), value)).map_err(refused)
        }
        "fileRequest" => FileRequest::read(value)
            .map(|request| given_only(json!({ "kind": request.kind, "name": request.name }), value))
            .map_err(refused),
        "holdAnswer" => round::<GlobalPauseAnswer>(value),
        "logAnswer" => round::<BatchLog>(value),
        "archiveAnswer" => round::<ImportSummary>(value),
        "verifyAnswer" => round::<VerifyAnswer>(value),
        "report" => round::<Report>(value),
        "reportQuery" => {
            let word = |format| if format == ReportFormat::Csv { "csv" } else { "json" };
            ReportFormat::read(value)
                .map(|format| given_only(json!({ "format": word(format) }), value))
                .map_err(refused)
        }
        "options" => check_version(value).map(|()| value.clone()).map_err(refused),
        "statusQuery" => {
            let service = service();
            let accepted = run(service.execute(&request(1))).expect("accepted");
            run(service.status(&accepted.batch_id, value)).map(|_| value.clone()).map_err(refused)
        }
        other => panic!("no type is defined for {other}"),
    }
}

/// Removes what was left at its default.
fn given_only(mut written: Value, given: &Value) -> Value {
    if let Some(written) = written.as_object_mut() {
        written.retain(|key, _| given.get(key).is_some());
    }
    written
}

#[test]
fn every_fixture_passes_the_schema_and_our_types_in_both_directions() {
    for (definition, name, value) in files("fixtures") {
        assert_valid(&definition, &value, &name);
        let written = again(&definition, &value).unwrap_or_else(|fault| panic!("{name} cannot be read: {fault}"));
        assert_eq!(plain(written), plain(value), "{name}");
    }
}

#[test]
fn invalid_requests_are_refused_by_the_schema_and_by_the_service() {
    for (definition, name, value) in files("refused") {
        assert!(!validator(&definition).is_valid(&value), "the schema accepts {name}");
        // Only requests are checked: the service itself writes answers.
        if ["Request", "Query", "options"].iter().any(|kind| definition.ends_with(kind)) {
            assert!(again(&definition, &value).is_err(), "the service accepts {name}");
        }
    }
}

#[test]
fn every_definition_of_the_schema_is_used() {
    let schema = schema();
    let text = schema.to_string();
    let fixtures = files("fixtures");
    for definition in schema["$defs"].as_object().expect("definitions").keys() {
        let referred = text.contains(&format!("#/$defs/{definition}\""));
        let shown = fixtures.iter().any(|(of, ..)| of == definition);
        let answered = ["actionDescriptor", "importError"].contains(&definition.as_str());
        assert!(referred || shown || answered, "{definition}");
    }
}

#[test]
fn the_schema_has_every_public_call_with_its_parameters_in_order() {
    let schema = schema();
    let calls = schema["calls"].as_object().expect("calls");
    let names = |name: &str| calls[name]["parameters"].as_object().map(|all| all.keys().cloned().collect::<Vec<_>>());
    for call in PUBLIC {
        assert!(calls.contains_key(call.name), "the schema has no {}", call.name);
        let parameters = call.parameters.iter().map(|(name, _)| field_name(name)).collect::<Vec<_>>();
        assert_eq!(names(call.name), Some(parameters), "{}", call.name);
    }
    let with_files = ["importAssets", "importModel", "importFile", "exportArchive", "importArchive", "readAsset"];
    for name in calls.keys() {
        assert!(with_files.contains(&&**name) || PUBLIC.iter().any(|call| call.name == name), "{name} is not a call");
    }
}

// The service, and its answers.

struct Surroundings {
    now: Cell<Millis>,
    random: Cell<u32>,
}

impl Host for Surroundings {
    fn clock_offset(&self, _: Millis) -> Millis {
        0.0
    }
    fn now(&self) -> Millis {
        self.now.set(self.now.get() + 50.0);
        self.now.get()
    }
    fn random_u32(&self) -> u32 {
        self.random.set(self.random.get() + 1);
        self.random.get()
    }
    fn base_url(&self) -> String {
        "https://pixels.example/app/".to_owned()
    }
    fn workers(&self, _: &str) -> Option<u32> {
        None
    }
    fn notify(&self, _: Event) {}
    async fn import(&self, _: &str, _: &str) -> Result<String, ImportRefusal> {
        Err(ImportRefusal::NotStored("nothing can be imported here".to_owned()))
    }
    async fn rows(&self, _: &Value) -> Result<Vec<InputAsset>, ApiError> {
        Err(ApiError::internal("nothing is stored here"))
    }
    fn resolve(&self, url: &str) -> Option<String> {
        Some(url.to_owned())
    }
}

type TestService = Service<MemoryStore, Surroundings>;

fn service() -> TestService {
    // 2026-01-31T12:00:00.000Z.
    let now = Cell::new(1_769_860_800_000.0);
    Service::new(MemoryStore::default(), Surroundings { now, random: Cell::new(0) })
}

fn run<T>(future: impl Future<Output = T>) -> T {
    pollster::block_on(future)
}

fn document(images: usize) -> Value {
    let images: Value = (0..images)
        .map(|index| json!({ "name": format!("{index}.jpg"), "sourceUrl": format!("asset:{index}") }))
        .collect();
    json!({
        "metadata": { "workflowId": "mirror", "name": "Mirror" },
        "actions": [
            { "actionId": "photos", "actionType": "input-images", "parameters": { "images": images } },
            { "actionId": "flip", "actionType": "flip" },
            { "actionId": "save", "actionType": "output" }
        ],
        "connections": [
            { "connectionSource": "photos", "sourcePort": "outputs", "connectionTarget": "flip", "targetPort": "input-images" },
            { "connectionSource": "flip", "sourcePort": "outputs", "connectionTarget": "save", "targetPort": "input-images" }
        ]
    })
}

fn request(images: usize) -> Value {
    json!({ "workflowId": "mirror", "workflow": document(images), "batchConfig": { "webhookUrl": "https://hooks.example/" } })
}

/// Hands out an execution and ends it, unless it is to stay in flight.
fn work(service: &TestService, batch_id: &str, index: u32, ends_well: Option<bool>) {
    let now = service.host().now();
    let change = move |progress: &mut _, executions: &mut Vec<_>| {
        let execution = executions.first_mut()?;
        let attempt = transitions::hand_out(progress, execution, false, now)?;
        let findings = Findings::default();
        match ends_well {
            None => Some(()),
            Some(false) => {
                let failure = Failure::input("\"0.jpg\" is empty.", "Choose another file.");
                transitions::fail(progress, execution, attempt, failure, findings, now + 25.0)
            }
            Some(true) => {
                let sha256 = "0123456789abcdef".repeat(4);
                let output = OutputFile {
                    modules: pixelmill::compact::SortedMap::new(),
                    action_id: "save".into(),
                    port: "outputs".into(),
                    name: "0.jpg".into(),
                    mime_type: "image/jpeg".into(),
                    width: 4,
                    height: 3,
                    bytes: 99,
                    url: format!("asset:{sha256}"),
                    sha256,
                    encoder: "test 1".into(),
                };
                let warnings = vec![Warning::new("no_clear_subject", "No subject.", "Look at it.").at("cut-out")];
                let results = Results { outputs: vec![output], crc32: vec![1], warnings, ..Results::default() };
                transitions::succeed(progress, execution, attempt, results, findings, now + 25.0)
            }
        }
    };
    let changed = run(service.store().change(batch_id, Which::At(vec![index]), Vec::new(), Durability::Strict, change));
    changed.expect("written").expect("pending");
}

/// Checks an answer, or the error of a refused call.
fn check<T: Serialize>(definition: &str, what: &str, answer: Result<T, ApiError>) -> Value {
    match answer {
        Ok(answer) => {
            let value = serde_json::to_value(&answer).expect("serializes");
            assert_valid(definition, &value, what);
            value
        }
        Err(error) => {
            let value = serde_json::to_value(&error).expect("serializes");
            assert_valid("error", &value, what);
            value
        }
    }
}

/// The parts of a status that must agree with each other, and with the executions.
fn check_status(service: &TestService, batch_id: &str, what: &str) -> Value {
    let status = check("status", what, run(service.status(batch_id, &Value::Null)));
    let number = |path: &str| status.pointer(path).and_then(Value::as_u64).unwrap_or_else(|| panic!("{what}: {path}"));
    let sum: u64 =
        ["pending", "processing", "completed", "failed"].map(|key| number(&format!("/assets/{key}"))).iter().sum();
    assert_eq!(sum, number("/assets/total"), "{what}");
    assert_eq!(number("/executions/completed"), number("/assets/completed") + number("/assets/failed"), "{what}");
    assert_eq!(
        status["executions"]["allExecutionIds"].as_array().map(Vec::len),
        Some(number("/assets/total") as usize)
    );
    let list = check("executionsAnswer", what, run(service.executions(batch_id, &Value::Null)));
    let failed: Vec<&Value> = (list["executions"].as_array().expect("list").iter())
        .filter(|execution| execution["status"] == "failed")
        .map(|execution| &execution["executionId"])
        .collect();
    assert_eq!(status["executions"]["failedExecutionIds"], json!(failed), "{what}");
    let listed = check("listAnswer", what, run(service.list(&Value::Null)));
    assert_eq!(listed["batches"][0]["assets"], status["assets"], "{what}");
    status
}

#[test]
fn every_answer_in_a_batchs_life_passes_the_schema() {
    let service = service();
    let accepted = check("executeAnswer", "execute", run(service.execute(&request(5))));
    let id = accepted["batchId"].as_str().expect("text").to_owned();
    check_status(&service, &id, "accepted");
    work(&service, &id, 0, None);
    check_status(&service, &id, "one in flight");
    work(&service, &id, 1, Some(true));
    work(&service, &id, 2, Some(false));
    let status = check_status(&service, &id, "one success, one failure");
    assert_eq!(status["status"], "running");
    check("status", "pause", run(service.pause(&id)));
    assert_eq!(check_status(&service, &id, "paused")["timing"]["estimatedTimeRemainingMs"], Value::Null);
    check("status", "resume", run(service.resume(&id)));
    check("holdAnswer", "pause all", run(service.pause_all()));
    assert_eq!(check_status(&service, &id, "all paused")["paused"]["reason"], "user");
    check("holdAnswer", "resume all", run(service.resume_all()));
    check("logAnswer", "log", run(service.log(&id)));
    check("status", "update", run(service.update(&id, &json!({ "priority": "LOW", "concurrencyLimit": 1 }))));
    check("cancelAnswer", "cancel", run(service.cancel(&id)));
    check_status(&service, &id, "cancelled");
    check("error", "cancel twice", run(service.cancel(&id)));
    check("status", "retry", run(service.retry(&id, &Value::Null)));
    let again = check("executionsAnswer", "retried", run(service.executions(&id, &json!({ "status": "pending" }))));
    assert_eq!(again["executions"][0]["history"][0]["attempt"], 1);
    check_status(&service, &id, "retried");
    for index in 2..5 {
        work(&service, &id, index, Some(true));
    }
    check_status(&service, &id, "all but one ended");
    let report = check("report", "report", run(service.report(&id, &Value::Null)));
    assert_eq!(report["rows"].as_array().map(Vec::len), Some(5));
    check("deleteAnswer", "delete", run(service.delete(&id)));
    check("error", "status of a deleted one", run(service.status(&id, &Value::Null)));
}

#[test]
fn an_ended_batch_and_one_that_waits_for_room_pass_the_schema() {
    let service = service();
    let id = run(service.execute(&request(1))).expect("accepted").batch_id;
    let pause = |progress: &mut _, _: &mut Vec<_>| transitions::pause(progress, PauseReason::Quota, 0.0).ok();
    run(service.store().change(&id, Which::None, Vec::new(), Durability::Strict, pause)).expect("written");
    assert_eq!(check_status(&service, &id, "out of room")["paused"]["reason"], "quota");
    run(service.resume(&id)).expect("resumed");
    work(&service, &id, 0, Some(false));
    let status = check_status(&service, &id, "ended");
    assert_eq!((&status["status"], &status["timing"]["estimatedTimeRemainingMs"]), (&json!("failed"), &json!(0.0)));
    assert!(status["completedAt"].is_string());
}

#[test]
fn the_list_passes_the_schema_in_all_its_pages_and_filters() {
    let service = service();
    for _ in 0..7 {
        run(service.execute(&request(1))).expect("accepted");
    }
    let whole = json!({
        "status": "pending", "workflowId": "mirror", "createdAfter": "2026-01-31", "createdBefore": "2026-02-01T00:00:00Z",
        "limit": 3, "offset": 3
    });
    let list = check("listAnswer", "list", run(service.list(&whole)));
    assert_eq!(list["pagination"], json!({ "limit": 3, "offset": 3, "count": 3, "hasMore": true }));
    let last = check("listAnswer", "last page", run(service.list(&json!({ "limit": 3, "offset": 6 }))));
    assert_eq!(last["pagination"], json!({ "limit": 3, "offset": 6, "count": 1, "hasMore": false }));
    let beyond = check("listAnswer", "beyond the end", run(service.list(&json!({ "offset": 100 }))));
    assert_eq!(beyond["batches"], json!([]));
    assert_eq!(beyond["pagination"], json!({ "limit": 50, "offset": 100, "count": 0, "hasMore": false }));
}

#[test]
fn every_refusal_passes_the_schema() {
    let service = service();
    for (definition, name, value) in files("refused") {
        match definition.as_str() {
            "executeRequest" => check("error", &name, run(service.execute(&value))),
            "listQuery" => check("error", &name, run(service.list(&value))),
            "options" => check("error", &name, check_version(&value)),
            _ => continue,
        };
    }
    let unknown = json!({ "workflow": { "workflowId": "nobodys", "inputs": [[{ "node_id": "a", "content": "b" }]] } });
    assert_eq!(check("error", "an unknown workflow", run(service.execute(&unknown)))["code"], 404);
    let mut document = document(1);
    document["actions"][1]["actionType"] = "flop".into();
    document["notes"] = "kept".into();
    let diagnosed =
        check("error", "a bad one", run(service.execute(&json!({ "workflowId": "w", "workflow": document }))));
    assert!(diagnosed["diagnostics"].as_array().is_some_and(|found| found.len() >= 2), "{diagnosed}");
}

#[test]
fn a_workflow_is_stored_published_and_run_by_its_id_as_in_the_schema() {
    let service = service();
    let none = Value::Null;
    let kept = check("workflowAnswer", "save", run(service.save_workflow(&document(0), &none)));
    let id = kept["workflowId"].as_str().expect("text").to_owned();
    check("error", "publish a draft that has not run", run(service.publish_workflow(&id)));
    let accepted = run(service.execute(&request(1))).expect("accepted");
    work(&service, &accepted.batch_id, 0, Some(true));
    let published = check("workflowAnswer", "publish", run(service.publish_workflow(&id)));
    assert_eq!((&published["status"], &published["inputs"][0]["nodeId"]), (&json!("published"), &json!("photos")));
    check("workflowsAnswer", "list", run(service.list_workflows(&json!({ "status": "published" }))));
    check("workflowAnswer", "duplicate", run(service.duplicate_workflow(&id, &none)));
    let exported = check("workflow", "export", run(service.export_workflow(&id, &none)));
    check("workflowAnswer", "import", run(service.import_workflow(&exported)));
    let runs = json!([[{ "node_id": "photos", "content": [{ "presignedUrl": "https://x.example/1.jpg", "storageType": "s3" }] }]]);
    let request = json!({ "workflow": { "workflowId": id, "inputs": runs } });
    assert_valid("executeRequest", &request, "the nested form");
    let accepted = check("executeAnswer", "execute by id", run(service.execute(&request)));
    assert_eq!(accepted["workflowVersion"], json!({ "version": 1, "versionId": format!("{id}@1") }));
    check_status(&service, accepted["batchId"].as_str().expect("text"), "of a published workflow");
    check("workflowAnswer", "unpublish", run(service.unpublish_workflow(&id)));
    check("error", "execute by id once unpublished", run(service.execute(&request)));
    check("workflowDeletedAnswer", "delete", run(service.delete_workflow(&id)));
    check("error", "what is deleted", run(service.workflow(&id, &none)));
}

#[test]
fn the_catalog_passes_the_schema() {
    for action in catalog() {
        assert_valid("actionDescriptor", &serde_json::to_value(&action).expect("serializes"), action.action_type);
    }
}
