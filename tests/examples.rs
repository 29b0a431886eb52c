//! The example of every action (`src/actions/examples`), which the reference shows: each is valid, has its action, and runs.

use std::path::{Path, PathBuf};

use pixelmill::actions::parameters::Kind;
use pixelmill::actions::{Role, catalog};
use pixelmill::workflow::check;
use serde_json::{Value, json};

#[path = "shared/host.rs"]
mod host;

use host::{Host, Ran, run};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/actions/examples")
}

/// The example of an action.
fn example(action_type: &str) -> Value {
    let path = folder().join(format!("{action_type}.json"));
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|_| panic!("\"{action_type}\" has no example: write {}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The same with pictures in its inputs: of each the first is primary, and an animation where frames are chosen.
fn with_pictures(mut document: Value, action_type: &str) -> Value {
    let is_sequence = ["still", "trim-frames", "frame-rate", "reverse"].contains(&action_type);
    let first = match action_type {
        _ if is_sequence => json!([picture("animated.png")]),
        // Its rows name them.
        "parse-data" => json!([picture("table.jpg"), picture("chair.jpg")]),
        "contact-sheet" | "animate" => json!([picture("photo.jpg"), picture("camera.jpg")]),
        _ => json!([picture("photo.jpg")]),
    };
    let inputs = document["actions"].as_array_mut().expect("a list").iter_mut();
    for (at, input) in inputs.filter(|action| action["actionType"] == "input-images").enumerate() {
        assert_eq!(input["parameters"]["images"], json!([]), "{action_type}: the user adds pictures");
        input["parameters"]["images"] = if at == 0 { first.clone() } else { json!([picture("translucent.png")]) };
    }
    document
}

fn picture(name: &str) -> Value {
    let file = if ["table.jpg", "chair.jpg"].contains(&name) { "photo.jpg" } else { name };
    json!({ "name": name, "path": format!("summer/{name}"), "sourceUrl": format!("asset:{file}") })
}

#[test]
fn every_action_has_an_example_that_is_valid_and_about_it() {
    let mut files: Vec<String> = std::fs::read_dir(folder())
        .expect("the folder")
        .map(|entry| entry.expect("a file").file_name().to_string_lossy().into_owned())
        .collect();
    for action in catalog() {
        let document = example(action.action_type);
        files.retain(|file| *file != format!("{}.json", action.action_type));
        let (workflow, found) = check(&document);
        // Pictures are the user's.
        let other: Vec<_> = found.iter().filter(|one| !matches!(one.code.as_str(), "no_images" | "no_image")).collect();
        assert!(other.is_empty(), "{}: {other:#?}", action.action_type);
        assert_eq!(document["metadata"]["workflowId"], format!("{}-example", action.action_type));
        for key in ["name", "description"] {
            assert!(document["metadata"][key].as_str().is_some_and(|text| text.len() > 5), "{}", action.action_type);
        }
        let of_it: Vec<_> = workflow.actions.iter().filter(|node| node.action_type == action.action_type).collect();
        let shows = of_it.iter().map(|node| node.parameters.len()).sum::<usize>();
        let has_parameters = action.fields.iter().any(|field| field.kind != Kind::Images);
        assert!(!of_it.is_empty(), "{}", action.action_type);
        assert!(
            shows > 0 || !has_parameters || action.action_type == "threshold",
            "{} shows nothing",
            action.action_type
        );
        assert!(
            workflow.actions.iter().any(|node| { ["output", "create-rendition"].contains(&node.action_type.as_str()) }),
            "{} writes nothing",
            action.action_type
        );
    }
    assert_eq!(files, [""; 0], "of no action");
}

/// That of `custom` runs in `tests/custom_action.rs`, where modules are.
#[test]
fn every_example_runs() {
    let host = Host::new();
    for action in catalog().iter().filter(|action| action.action_type != "custom") {
        let name = action.action_type;
        let ran = run(&with_pictures(example(name), name), &host).unwrap_or_else(|why| panic!("{name}: {why}"));
        let Ran::Executions(executions) = ran else { panic!("{name}: {ran:?}") };
        let mut outputs = Vec::new();
        for execution in executions.into_iter().flatten() {
            let produced = execution.unwrap_or_else(|failure| panic!("{name}: {failure:?}"));
            // A server is for the user to name.
            let is_expected = |code: &str| name == "http-action" && code == "no_server";
            let doubts: Vec<_> =
                produced.warnings.iter().filter(|warning| warning.is_doubt() && !is_expected(&warning.code)).collect();
            assert!(doubts.is_empty(), "{name}: {doubts:?}");
            outputs.extend(produced.outputs.into_iter().filter(|output| !output.is_staged));
        }
        let least = match (name, action.role) {
            ("split" | "create-rendition", _) => 3,
            ("parse-data" | "merge-data" | "input-files", _) => 2,
            _ => 1,
        };
        assert!(outputs.len() >= least, "{name}: {} results", outputs.len());
        assert!(action.role != Role::Gather || outputs.len() == 1, "{name}: {} results", outputs.len());
        let mut names: Vec<_> = outputs.iter().map(|output| output.name.as_str()).collect();
        assert!(names.iter().all(|name| !name.contains(['{', '}'])), "{name}: {names:?}");
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), outputs.len(), "{name}: {names:?}");
    }
}
