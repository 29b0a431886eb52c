//! `src/http/openapi.json` is made of the routes (`src/http/routes.json`) and of what the contract's schema says about
//! their calls. `PIXELMILL_WRITE=1 cargo test --test openapi` writes it again.

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

fn json_content(schema: &Value) -> Value {
    json!({ "application/json": { "schema": schema } })
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
    let mut responses = json!({
        "default": { "description": "What is wrong, and how to fix it.", "content": json_content(&component("httpError")) },
    });
    responses[route.status.to_string()] = match route.call.as_str() {
        "readAsset" => {
            responses["206"] = json!({ "description": "The requested range of the file.", "content": { "*/*": {} } });
            responses["304"] = json!({ "description": "The file is known: its ETag is its id." });
            json!({ "description": "The file.", "content": { "*/*": {} } })
        }
        "importAssets" => {
            let assets = json!({ "type": "object", "required": ["assets"], "properties": { "assets": answer } });
            json!({ "description": "What was stored, in order.", "content": json_content(&assets) })
        }
        "getReport" => {
            let mut content = json_content(&component("report"));
            content["text/csv"] = json!({ "schema": { "type": "string" } });
            json!({ "description": "The report.", "content": content })
        }
        _ => json!({ "description": "The answer.", "content": json_content(&answer) }),
    };
    let id = if route.arguments.iter().any(|argument| argument == "path") { "changeWorkflow" } else { &route.call };
    let mut operation =
        json!({ "operationId": id, "summary": route.summary, "parameters": parameters, "responses": responses });
    if let Some(content) = body {
        operation["requestBody"] = json!({ "required": true, "content": content });
    }
    operation
}

fn document() -> Value {
    let schema = parsed("tests/contract/schema.json");
    let mut paths = Map::new();
    for route in routes() {
        let path = paths.entry(format!("/{}", route.path)).or_insert_with(|| json!({}));
        path[route.method.to_lowercase()] = operation(&schema, &route);
    }
    let mut schemas = relocated(&schema["$defs"]);
    schemas["httpError"] = json!({
        "description": "The error object; over HTTP there are more kinds of it.",
        "type": "object",
        "required": ["error", "message", "status", "code"],
        "properties": {
            "error": { "enum": [
                "invalid_request", "not_found", "unsupported_api_version", "internal_error", "forbidden",
                "method_not_allowed", "payload_too_large", "unsupported_media_type", "range_not_satisfiable", "unavailable",
            ] },
            "message": { "type": "string", "minLength": 1 },
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
        "paths": paths,
        "components": {
            "parameters": {
                "apiVersion": {
                    "name": "api-version", "in": "header", "schema": { "enum": ["1.0"], "default": "1.0" },
                    "description": "The version of this interface; every response has it.",
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
