//! Documents: what is read, what is reported, and the resulting graph.

use pixelmill::engine::Graph;
use pixelmill::workflow::builtin::BUILTIN;
use pixelmill::workflow::{Diagnostic, Workflow, check};
use proptest::prelude::*;
use serde_json::{Value, json};

fn action(id: &str, kind: &str, parameters: Value) -> Value {
    json!({ "actionId": id, "actionType": kind, "parameters": parameters })
}

fn connect(source: &str, target: &str) -> Value {
    connect_ports(source, "outputs", target, "input-images")
}

fn connect_ports(source: &str, out: &str, target: &str, into: &str) -> Value {
    json!({ "connectionSource": source, "sourcePort": out, "connectionTarget": target, "targetPort": into })
}

fn images(count: usize) -> Value {
    let list: Vec<_> =
        (0..count).map(|i| json!({ "name": format!("{i}.jpg"), "sourceUrl": format!("asset:{i}") })).collect();
    json!({ "images": list })
}

fn document(actions: Vec<Value>, connections: Vec<Value>) -> Value {
    json!({ "metadata": { "workflowId": "test", "name": "Test" }, "actions": actions, "connections": connections })
}

fn straight() -> Value {
    document(
        vec![
            action("in", "input-images", images(2)),
            action("flip", "flip", json!({})),
            action("out", "output", json!({})),
        ],
        vec![connect("in", "flip"), connect("flip", "out")],
    )
}

fn diagnose(document: &Value) -> Vec<Diagnostic> {
    check(document).1
}

fn codes(document: &Value) -> Vec<String> {
    diagnose(document).into_iter().map(|found| found.code).collect()
}

fn only(document: &Value) -> Diagnostic {
    let found = diagnose(document);
    assert_eq!(found.len(), 1, "{found:#?}");
    found.into_iter().next().expect("one")
}

fn graph(document: &Value) -> Graph {
    let (workflow, _) = check(document);
    Graph::resolve(&workflow).unwrap_or_else(|found| panic!("{found:#?}"))
}

#[test]
fn a_valid_document_has_no_diagnostics() {
    assert_eq!(diagnose(&straight()), []);
}

#[test]
fn built_in_documents_are_valid_except_for_their_missing_images() {
    for builtin in BUILTIN {
        let document = builtin.document();
        let found = diagnose(&document);
        assert!(found.iter().all(|one| one.code == "no_images"), "{}: {found:#?}", builtin.id);
        assert_eq!(document["metadata"]["workflowId"], builtin.id);
    }
}

#[test]
fn a_document_survives_reading_and_writing_with_its_unknown_keys() {
    let mut written = straight();
    written["metadata"]["owner"] = json!("shop");
    written["actions"][1]["note"] = json!({ "x": 1 });
    let workflow: Workflow = serde_json::from_value(written.clone()).expect("reads");
    let mut again = serde_json::to_value(&workflow).expect("writes");
    // Empty parameters may be omitted.
    for part in ["actions"] {
        for node in again[part].as_array_mut().expect("a list") {
            node.as_object_mut().expect("an object").entry("parameters").or_insert(json!({}));
        }
    }
    assert_eq!(again, written);
}

#[test]
fn the_contracts_example_can_run_as_it_is() {
    let example: Value = serde_json::from_str(include_str!("data/workflows/remove-background.json")).expect("JSON");
    let (workflow, found) = check(&example);
    assert_eq!(workflow.actions.len(), 2);
    assert!(!found.iter().any(Diagnostic::is_error), "{found:#?}");
}

#[test]
fn an_unknown_action_names_the_nearest_known_ones() {
    let mut written = straight();
    written["actions"][1]["actionType"] = json!("flipp");
    let found = only(&written);
    assert_eq!((found.code.as_str(), found.action_id.as_deref()), ("unknown_action_type", Some("flip")));
    assert!(found.hint.contains("flip"), "{}", found.hint);
}

#[test]
fn everything_wrong_is_told_at_once() {
    let written = document(
        vec![
            action("in", "input-images", images(1)),
            action("flip", "flip", json!({ "direction": "sideways", "speed": 3 })),
            action("out", "output", json!({ "quality": 101, "name": "{nmae}.jpg" })),
            action("out", "output", json!({})),
        ],
        vec![connect("in", "flip"), connect("flip", "nowhere"), connect("flip", "out")],
    );
    let mut found = codes(&written);
    found.sort();
    assert_eq!(
        found,
        [
            "dangling_connection",
            "duplicate_action_id",
            "out_of_range",
            "unknown_parameter",
            "unknown_placeholder",
            "wrong_type"
        ]
    );
}

#[test]
fn a_cycle_is_reported_with_its_connections() {
    let written = document(
        vec![
            action("in", "input-images", images(1)),
            action("a", "flip", json!({})),
            action("b", "flip", json!({})),
            action("c", "flip", json!({})),
            action("out", "output", json!({})),
        ],
        vec![connect("a", "b"), connect("b", "a"), connect("b", "c"), connect("in", "out")],
    );
    let found: Vec<_> = diagnose(&written).into_iter().filter(|one| one.code == "cycle").collect();
    assert_eq!(found.len(), 1);
    assert!(found[0].message.contains("a → b, b → a"), "{}", found[0].message);
    assert!(!found[0].message.contains("→ c"), "a node that is only connected to the cycle is not named");
}

#[test]
fn an_action_that_feeds_itself_is_a_cycle() {
    let mut written = straight();
    written["connections"] = json!([connect("flip", "flip"), connect("in", "out")]);
    assert_eq!(codes(&written), ["cycle"]);
}

#[test]
fn a_missing_required_input_is_named() {
    let mut written = straight();
    written["connections"] = json!([connect("flip", "out")]);
    let found = only(&written);
    assert_eq!((found.code.as_str(), found.field.as_deref()), ("missing_input", Some("input-images")));
}

#[test]
fn an_input_port_takes_one_connection() {
    let mut written = straight();
    written["connections"].as_array_mut().expect("a list").push(connect("in", "out"));
    assert_eq!(codes(&written), ["port_in_use"]);
}

#[test]
fn an_unknown_port_is_an_error_with_the_known_ones() {
    let mut written = straight();
    written["connections"][0]["targetPort"] = json!("picture");
    let found = diagnose(&written);
    let port = found.iter().find(|one| one.code == "unknown_port").expect("reported");
    assert!(port.is_error() && port.hint.contains("input-images"), "{port:?}");
}

#[test]
fn narrower_media_types_are_a_warning() {
    let mut written = straight();
    written["actions"][1]["inputPorts"] =
        json!([{ "name": "input-images", "mimeTypes": ["image/png"], "required": true }]);
    let found = only(&written);
    assert_eq!(found.code, "narrower_mime_types");
    assert!(!found.is_error());
}

#[test]
fn unknown_metadata_and_keys_are_warnings() {
    let mut written = straight();
    written["metadata"]["color"] = json!("red");
    written["extra"] = json!(1);
    assert!(diagnose(&written).iter().all(|one| !one.is_error()));
    assert_eq!(codes(&written), ["unknown_key", "unknown_metadata"]);
}

#[test]
fn a_part_of_the_wrong_shape_is_reported_and_the_rest_is_read() {
    let mut written = straight();
    written["actions"].as_array_mut().expect("a list").push(json!("flip"));
    written["actions"].as_array_mut().expect("a list").push(json!({ "actionId": 7, "actionType": "flip" }));
    let (workflow, found) = check(&written);
    assert_eq!(workflow.actions.len(), 3);
    assert_eq!(found.iter().map(|one| one.code.as_str()).collect::<Vec<_>>(), ["malformed_document"; 2]);
    assert_eq!(found[0].field.as_deref(), Some("actions[3]"));
}

#[test]
fn inputs_have_as_many_images_as_the_largest_or_one() {
    let inputs = |logos| {
        document(
            vec![
                action("in", "input-images", images(3)),
                action("logo", "input-images", images(logos)),
                action("out", "output", json!({})),
                action("out-2", "output", json!({})),
            ],
            vec![connect("in", "out"), connect("logo", "out-2")],
        )
    };
    assert_eq!(codes(&inputs(1)), Vec::<String>::new());
    assert_eq!(codes(&inputs(3)), Vec::<String>::new());
    assert_eq!(codes(&inputs(0)), ["no_images"]);
    assert_eq!(codes(&inputs(2)), ["image_count_mismatch"]);
}

#[test]
fn only_known_schemes_are_read_from() {
    for (url, fine) in [
        ("asset:ab", true),
        ("data:image/png;base64,AA", true),
        ("blob:null/1", true),
        ("https://example.org/a.jpg", true),
        ("photos/a.jpg", true),
        ("photos/10:15.jpg", true),
        // Whether it has the page's own origin is checked at execute.
        ("http://localhost:8080/a.jpg", true),
        ("ftp://example.org/a.jpg", false),
        ("javascript:alert(1)", false),
        ("file:///etc/passwd", false),
        ("", false),
    ] {
        let mut written = straight();
        written["actions"][0]["parameters"]["images"] = json!([{ "name": "a", "sourceUrl": url }]);
        let refused = codes(&written).contains(&"unsupported_source_url".to_owned());
        assert_eq!(refused, !fine, "{url}");
    }
}

#[test]
fn presigned_url_is_a_synonym_of_source_url() {
    let mut written = straight();
    written["actions"][0]["parameters"]["images"] = json!([{ "name": "a.jpg", "presignedUrl": "asset:7" }]);
    assert_eq!(graph(&written).input_asset(0).asset_id.as_deref(), Some("7"));
}

#[test]
fn a_document_with_nothing_coming_out_is_an_error() {
    let written = document(vec![action("in", "input-images", images(1))], vec![]);
    assert_eq!(codes(&written), ["no_output"]);
}

#[test]
fn outputs_are_every_sink_and_every_unconsumed_result_in_document_order() {
    let written = document(
        vec![
            action("in", "input-images", images(2)),
            action("loose", "flip", json!({})),
            action("flip", "flip", json!({})),
            action("out", "output", json!({ "quality": 50 })),
        ],
        vec![connect("in", "loose"), connect("in", "flip"), connect("flip", "out")],
    );
    let graph = graph(&written);
    let outputs: Vec<_> =
        graph.outputs.iter().map(|output| (output.action_id.as_str(), output.parameters.quality)).collect();
    assert_eq!(outputs, [("loose", 80), ("out", 50)]);
    assert_eq!(graph.execution_count(), 2);
}

#[test]
fn nodes_run_after_what_they_need_and_inputs_right_before_their_first_use() {
    let graph = graph(&straight());
    let order: Vec<_> = graph.nodes.iter().map(|node| node.action_id.as_str()).collect();
    assert_eq!(order, ["in", "flip"]);
}

#[test]
fn the_primary_input_is_the_one_whose_path_runs_through_first_ports() {
    let written = document(
        vec![
            action("logo", "input-images", images(1)),
            action("photos", "input-images", images(3)),
            action("mark", "watermark", json!({})),
        ],
        vec![connect_ports("logo", "outputs", "mark", "overlay"), connect("photos", "mark")],
    );
    let graph = graph(&written);
    let asset = graph.input_asset(2);
    let names: Vec<_> = asset.inputs.iter().map(|input| (input.action_id.as_str(), input.name.as_str())).collect();
    assert_eq!(names, [("photos", "2.jpg"), ("logo", "0.jpg")]);
    assert_eq!((asset.index, asset.asset_id.as_deref()), (2, Some("2")));
}

/// Documents of known and unknown types, ids that collide, connections that dangle or form cycles.
fn any_document() -> impl Strategy<Value = Value> {
    let kinds: Vec<&str> =
        pixelmill::actions::catalog().iter().map(|action| action.action_type).chain(["nonsense", ""]).collect();
    let id = (0..8_u8).prop_map(|n| format!("n{n}"));
    let parameters = prop_oneof![
        Just(json!({})),
        Just(images(1)),
        Just(images(3)),
        Just(json!({ "width": 10, "height": -3, "angle": "x" })),
        Just(json!({ "width": 10, "ratio": "4:5", "color": "#fff", "name": "{" })),
    ];
    let node = (id.clone(), prop::sample::select(kinds), parameters)
        .prop_map(|(id, kind, parameters)| action(&id, kind, parameters));
    let port = prop::sample::select(vec!["outputs", "input-images", "overlay", "mask"]);
    let edge = (id.clone(), port.clone(), id, port).prop_map(|(a, b, c, d)| connect_ports(&a, b, &c, d));
    (prop::collection::vec(node, 0..9), prop::collection::vec(edge, 0..14))
        .prop_map(|(actions, connections)| document(actions, connections))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_document_panics_the_validator_and_every_error_free_one_resolves(written in any_document()) {
        let (workflow, found) = check(&written);
        let sound = !found.iter().any(Diagnostic::is_error);
        for one in &found {
            prop_assert!(!one.message.is_empty() && !one.hint.is_empty());
        }
        let resolved = Graph::resolve(&workflow);
        prop_assert_eq!(resolved.is_ok(), sound);
        if let Ok(graph) = resolved {
            for (index, node) in graph.nodes.iter().enumerate() {
                prop_assert!(node.inputs.iter().flatten().all(|(before, _)| *before < index));
            }
            for index in 0..graph.execution_count() {
                prop_assert!(graph.input_asset(index).inputs.len() <= graph.sources.len());
            }
            prop_assert!(!graph.outputs.is_empty());
        }
    }
}
