//! `src/http/openapi.json` is made of the routes (`src/http/routes.json`) and of what the contract's schema says about
//! their calls; the contract's fixtures are its examples. `PIXELMILL_WRITE=1 cargo test --test openapi` writes it again.
//!
//! `x-call` says which call of the clients an operation makes, and with which of its values; `x-calls` has the calls
//! without a route, and `x-events` the events. The API page shows them beside the operations.

use std::path::Path;

use pixelmill::service::PUBLIC;
use serde::Deserialize;
use serde_json::{Map, Value, json};

#[derive(Deserialize)]
struct Route {
    method: String,
    path: String,
    call: String,
    arguments: Vec<String>,
    status: u16,
    summary: String,
}

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("readable")
}

fn parsed(path: &str) -> Value {
    serde_json::from_str(&read(path)).expect("JSON")
}

fn routes() -> Vec<Route> {
    serde_json::from_str(&read("src/http/routes.json")).expect("routes")
}

/// The values with references to `$defs` as references to components.
fn relocated(value: &Value) -> Value {
    match value {
        Value::String(text) => text.replace("#/$defs/", "#/components/schemas/").into(),
        Value::Array(values) => values.iter().map(relocated).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(key, value)| (key.clone(), relocated(value))).collect::<Map<_, _>>().into()
        }
        other => other.clone(),
    }
}

fn component(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// Content of this schema, with the fixtures of its definition as examples.
fn json_content(schema: &Value) -> Value {
    let definition = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next());
    content_like(schema, &definition.map(examples).unwrap_or_default())
}

fn content_like(schema: &Value, examples: &Map<String, Value>) -> Value {
    let mut content = json!({ "schema": schema });
    if !examples.is_empty() {
        content["examples"] = examples.clone().into();
    }
    json!({ "application/json": content })
}

/// The fixtures of a definition, by their names.
fn examples(definition: &str) -> Map<String, Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contract/fixtures");
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .expect("the fixtures")
        .map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned())
        .filter(|name| name.split('.').next() == Some(definition))
        .collect();
    names.sort();
    let example = |name: &String| {
        let value = parsed(&format!("tests/contract/fixtures/{name}"));
        (name.split('.').nth(1).expect("a case").to_owned(), json!({ "value": value }))
    };
    names.iter().map(example).collect()
}

/// The sections of the API: the first part of their routes' paths, a name and what they are about.
const TAGS: [(&[&str], &str, &str); 4] = [
    (&["batch", "batches"], "Batches", "A batch runs one workflow over any number of pictures."),
    (
        &["assets"],
        "Files",
        "Upload a picture once, then refer to it by its address: `asset:` and its id. Results have addresses of the same kind.",
    ),
    (&["workflows"], "Workflows", "Workflows can be stored, published as versions, and run by their id."),
    (&["actions"], "Actions", "What the steps of a workflow can do."),
];

fn tag(route: &Route) -> &'static str {
    let first = route.path.split('/').next().expect("a path");
    TAGS.iter().find(|(paths, ..)| paths.contains(&first)).unwrap_or_else(|| panic!("{first} has no section")).1
}

/// The statuses of refused requests, with the kinds of errors that have them and when that is.
const FAILURES: [(u16, &[(&str, &str)]); 9] = [
    (
        400,
        &[
            (
                "invalid_request",
                "A value is missing or wrong. If the workflow is at fault, `diagnostics` lists everything that is wrong with it.",
            ),
            (
                "unsupported_api_version",
                "The header `api-version` asks for an unsupported version. The `status` of this error is `error`.",
            ),
        ],
    ),
    (403, &[("forbidden", "A page tried to write by a form or link. Navigations may only read: use `fetch`.")]),
    (404, &[("not_found", "There is no such batch, workflow, file or route.")]),
    (405, &[("method_not_allowed", "The route has other methods: see the header `allow`.")]),
    (
        413,
        &[(
            "payload_too_large",
            "A JSON body has more than 64 MiB. Upload pictures as files, and name their addresses.",
        )],
    ),
    (415, &[("unsupported_media_type", "The body is not JSON, or the header `content-type` does not say so.")]),
    (416, &[("range_not_satisfiable", "The range begins after the end of the file: see the header `content-range`.")]),
    (
        500,
        &[(
            "internal_error",
            "This device could not do it; for example, its storage is full. The message says what to do.",
        )],
    ),
    (
        503,
        &[(
            "unavailable",
            "No tab with Pixelmill is open. Open one, then send the request again. Only executing a batch is accepted without a tab: it starts when the next one opens.",
        )],
    ),
];

/// How a route can refuse a request.
fn failures(route: &Route) -> Vec<u16> {
    let has = |name: &str| route.arguments.iter().any(|argument| argument == name);
    let of_route = |code: u16| match code {
        403 => route.method != "GET",
        404 => route.path.contains('{') || route.call == "executeBatch",
        // Which methods there are is known without a request.
        405 => false,
        413 | 415 => has("body"),
        416 => has("asset"),
        503 => route.call != "executeBatch",
        _ => true,
    };
    FAILURES.iter().map(|(code, _)| *code).filter(|code| of_route(*code)).collect()
}

/// The answers to refused requests, by their statuses.
fn failure_responses() -> Value {
    let examples = examples("error");
    let response = |(code, kinds): &(u16, &[(&str, &str)])| {
        let of_code = |(_, example): &(&String, &Value)| example["value"]["code"] == *code;
        let examples = examples.iter().filter(of_code).map(|(name, value)| (name.clone(), value.clone())).collect();
        let errors: Vec<Value> =
            kinds.iter().map(|(error, description)| json!({ "error": error, "description": description })).collect();
        let description: Vec<&str> = kinds.iter().map(|(_, description)| *description).collect();
        let mut headers = response_headers();
        for (of, name, description) in [
            (405, "allow", "The methods of the route."),
            (416, "content-range", "The length of the file, as bytes */1234."),
            (503, "retry-after", "When to try again, in seconds."),
        ] {
            if of == *code {
                headers[name] = text_header(description);
            }
        }
        let content = content_like(&component("httpError"), &examples);
        (
            code.to_string(),
            json!({ "description": description.join(" "), "headers": headers, "content": content, "x-errors": errors }),
        )
    };
    FAILURES.iter().map(response).collect::<Map<_, _>>().into()
}

/// What every response has.
fn response_headers() -> Value {
    json!({ "api-version": { "$ref": "#/components/headers/apiVersion" } })
}

fn text_header(description: &str) -> Value {
    json!({ "description": description, "schema": { "type": "string" } })
}

/// The names between braces.
fn path_parameters(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

fn query_parameters(schema: &Value, parameter: &Value) -> Vec<Value> {
    let Some(definition) = parameter["$ref"].as_str().and_then(|path| path.strip_prefix("#/$defs/")) else {
        return Vec::new();
    };
    let properties = schema["$defs"][definition]["properties"].as_object().expect("a query is an object");
    let described =
        |(name, schema): (&String, &Value)| json!({ "name": name, "in": "query", "schema": relocated(schema) });
    properties.iter().map(described).collect()
}

/// What a call that succeeds answers.
fn success_of(call: &str) -> &'static str {
    match call {
        "listBatches" => "The batches on this page of the list.",
        "getBatchStatus" => "The status of the batch.",
        "cancelBatch" => "The batch is cancelled.",
        "listExecutions" => "The executions on this page of the list.",
        "listWorkflows" => "The workflows on this page of the list.",
        "getWorkflow" => "The workflow with its document.",
        "saveWorkflow" => "The workflow is stored.",
        "publishWorkflow" => "The workflow is published.",
        "deleteWorkflow" => "The workflow is deleted.",
        "listActions" => "The catalog.",
        other => panic!("say what {other} answers"),
    }
}

fn operation(schema: &Value, route: &Route) -> Value {
    let call = &schema["calls"][&route.call];
    assert!(call.is_object(), "the schema has no call {}", route.call);
    let version = json!({ "$ref": "#/components/parameters/apiVersion" });
    let mut parameters = vec![version];
    for name in path_parameters(&route.path) {
        let value = if name == "assetId" { component(name) } else { relocated(&call["parameters"][name]) };
        let value = if value.is_null() { json!({ "type": "string" }) } else { value };
        parameters.push(json!({ "name": name, "in": "path", "required": true, "schema": value }));
    }
    let mut body = None;
    for argument in &route.arguments {
        match argument.as_str() {
            "query" => parameters.extend(query_parameters(schema, &call["parameters"]["query"])),
            "body" => {
                let [name] = ["request", "document"]
                    .iter()
                    .filter(|name| call["parameters"].get(**name).is_some())
                    .collect::<Vec<_>>()[..]
                else {
                    panic!("{} has no single document", route.call)
                };
                body = Some(json_content(&relocated(&call["parameters"][*name])));
            }
            "files" => {
                let file = json!({ "type": "string", "contentMediaType": "application/octet-stream" });
                let form = json!({ "type": "object", "additionalProperties": { "oneOf": [file, { "type": "array", "items": file }] } });
                parameters.push(json!({
                    "name": "x-file-name", "in": "header", "schema": { "type": "string" },
                    "description": "The file's name, percent-encoded, if the body is the file.",
                }));
                body = Some(json!({ "multipart/form-data": { "schema": form }, "*/*": {} }));
            }
            "asset" => {
                parameters.push(json!({
                    "name": "range", "in": "header", "schema": { "type": "string" },
                    "description": "One range of bytes, as bytes=0-99.",
                }));
            }
            "path" => {}
            other => assert!(path_parameters(&route.path).any(|name| name == other), "{other} is in no path"),
        }
    }
    let answer = relocated(&call["answer"]);
    let mut responses = Map::new();
    let mut headers = response_headers();
    let mut success = match route.call.as_str() {
        "readAsset" => {
            headers["etag"] = text_header("The file's id: its content never changes.");
            headers["accept-ranges"] = text_header("Always bytes.");
            let mut of_part = headers.clone();
            of_part["content-range"] = text_header("The range and the length of the file, as bytes 0-99/1234.");
            let part = json!({ "description": "The requested range of the file.", "headers": of_part, "content": { "*/*": {} } });
            responses.insert("206".to_owned(), part);
            let known =
                json!({ "description": "The request's `if-none-match` has the file's ETag.", "headers": headers });
            responses.insert("304".to_owned(), known);
            json!({ "description": "The file.", "content": { "*/*": {} } })
        }
        "importAssets" => {
            let assets = json!({ "type": "object", "required": ["assets"], "properties": { "assets": answer } });
            let mut examples = examples("asset");
            for example in examples.values_mut() {
                example["value"] = json!({ "assets": [example["value"]] });
            }
            json!({ "description": "What was stored, in order.", "content": content_like(&assets, &examples) })
        }
        "executeBatch" => {
            headers["retry-after"] = text_header("Only while no tab with Pixelmill is open: the batch waits for one.");
            json!({ "description": "The batch is stored, and runs.", "content": json_content(&answer) })
        }
        "getReport" => {
            let mut content = json_content(&component("report"));
            content["text/csv"] = json!({ "schema": { "type": "string" } });
            json!({ "description": "The report.", "content": content })
        }
        other => json!({ "description": success_of(other), "content": json_content(&answer) }),
    };
    success["headers"] = headers;
    responses.insert(route.status.to_string(), success);
    for code in failures(route) {
        responses.insert(code.to_string(), json!({ "$ref": format!("#/components/responses/{code}") }));
    }
    let id = if route.arguments.iter().any(|argument| argument == "path") { "changeWorkflow" } else { &route.call };
    let mut operation = json!({
        "operationId": id,
        "summary": route.summary,
        "description": call["description"],
        "tags": [tag(route)],
        "x-call": { "name": route.call, "arguments": route.arguments },
        "parameters": parameters,
        "responses": responses,
    });
    if let Some(content) = body {
        operation["requestBody"] = json!({ "required": true, "content": content });
    }
    operation
}

fn document() -> Value {
    let schema = parsed("tests/contract/schema.json");
    let routes = routes();
    let mut paths = Map::new();
    for route in &routes {
        let path = paths.entry(format!("/{}", route.path)).or_insert_with(|| json!({}));
        path[route.method.to_lowercase()] = operation(&schema, route);
    }
    let calls: Map<String, Value> = relocated(&schema["calls"])
        .as_object()
        .expect("calls")
        .iter()
        .filter(|(name, _)| routes.iter().all(|route| route.call != **name))
        .map(|(name, call)| (name.clone(), call.clone()))
        .collect();
    let tags: Vec<Value> =
        TAGS.iter().map(|(_, name, description)| json!({ "name": name, "description": description })).collect();
    let kinds: Vec<&str> = FAILURES.iter().flat_map(|(_, kinds)| kinds.iter().map(|(kind, _)| *kind)).collect();
    let mut schemas = relocated(&schema["$defs"]);
    schemas["workflow"]["examples"] = examples("workflow").values().map(|example| example["value"].clone()).collect();
    schemas["httpError"] = json!({
        "description": "The error object; over HTTP there are more kinds of it.",
        "type": "object",
        "required": ["error", "message", "status", "code"],
        "properties": {
            "error": { "description": "Its kind.", "enum": kinds },
            "message": { "description": "What is wrong, and how to fix it.", "type": "string", "minLength": 1 },
            "status": { "enum": ["failed", "error"] },
            "code": { "description": "The response's status.", "type": "integer", "minimum": 400, "maximum": 599 },
            "diagnostics": { "type": "array", "items": component("diagnostic") },
        },
    });
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Pixelmill",
            "version": "1.0",
            "description": "Runs image workflows in the browser. The service worker of an installation answers these routes for the pages that it controls; requests of other sites and programs do not reach it. A tab with Pixelmill must be open.",
        },
        "servers": [{ "url": ".", "description": "The folder of this file." }],
        "tags": tags,
        "paths": paths,
        "x-calls": calls,
        "x-events": relocated(&schema["events"]),
        "components": {
            "headers": {
                "apiVersion": {
                    "description": "The version of this interface.", "schema": { "enum": ["1.0"] },
                },
            },
            "responses": failure_responses(),
            "parameters": {
                "apiVersion": {
                    "name": "api-version", "in": "header", "schema": { "enum": ["1.0"], "default": "1.0" },
                    "description": "The version of this interface.",
                },
            },
            "schemas": schemas,
        },
    })
}

#[test]
fn the_openapi_document_says_what_the_routes_and_the_schema_say() {
    let expected = format!("{}\n", serde_json::to_string(&document()).expect("JSON"));
    if std::env::var_os("PIXELMILL_WRITE").is_some() {
        std::fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http/openapi.json"), &expected)
            .expect("written");
    }
    assert!(
        read("src/http/openapi.json") == expected,
        "src/http/openapi.json is out of date: run PIXELMILL_WRITE=1 cargo test --test openapi"
    );
}

#[test]
fn every_reference_in_it_leads_somewhere() {
    fn check(document: &Value, value: &Value) {
        match value {
            Value::Array(values) => values.iter().for_each(|value| check(document, value)),
            Value::Object(fields) => {
                if let Some(reference) = fields.get("$ref").and_then(Value::as_str) {
                    let pointer = reference.strip_prefix('#').expect("inside the document");
                    assert!(document.pointer(pointer).is_some(), "{reference}");
                }
                fields.values().for_each(|value| check(document, value));
            }
            _ => {}
        }
    }
    let document = document();
    check(&document, &document);
}

#[test]
fn a_route_gives_its_call_the_parameters_in_their_order() {
    const WITH_FILES: [&str; 2] = ["importAssets", "readAsset"];
    for route in routes() {
        let Some(signature) = PUBLIC.iter().find(|signature| signature.name == route.call) else {
            assert!(WITH_FILES.contains(&route.call.as_str()), "{} is no public call", route.call);
            continue;
        };
        assert!(route.arguments.len() <= signature.parameters.len(), "{}", route.call);
        for (argument, (name, _)) in route.arguments.iter().zip(signature.parameters) {
            let expected = match *name {
                "request" | "document" => "body",
                "options" => "path",
                "batch_id" => "batchId",
                "workflow_id" => "workflowId",
                other => other,
            };
            assert_eq!(argument, expected, "{}", route.call);
        }
    }
}
