//! Random valid graphs over every action of the catalog: each ends, with the right number of files or with a failure
//! that says where.

use pixelmill::actions::parameters::{Field, Kind};
use pixelmill::actions::{self, PortType, Role};
use pixelmill::codecs;
use pixelmill::engine::{Plan, Services, Source};
use pixelmill::workflow::check;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::{Map, Value, json};

/// A value that a field may have, small enough for tiny pictures.
fn value(field: &'static Field) -> BoxedStrategy<Value> {
    let (low, high) = field.range.unwrap_or((0.0, 100.0));
    let high = high.min(low.max(0.0) + 96.0);
    match field.kind {
        Kind::Integer => (low.ceil() as i64..=high as i64).prop_map(Value::from).boxed(),
        Kind::Number => (low..=high).prop_map(Value::from).boxed(),
        Kind::Boolean => any::<bool>().prop_map(Value::from).boxed(),
        Kind::Choice(words) => prop::sample::select(words).prop_map(Value::from).boxed(),
        Kind::Color => prop::sample::select(vec!["#ffffff", "#10203080", "#00000000"]).prop_map(Value::from).boxed(),
        Kind::Ratio => prop::sample::select(vec!["1:1", "4:5", "16:9"]).prop_map(Value::from).boxed(),
        Kind::Text | Kind::NamePattern => Just(json!("{name}-{index}.{ext}")).boxed(),
        Kind::Model => Just(json!("u2netp")).boxed(),
        Kind::Images => Just(json!([{ "name": "a.jpg", "sourceUrl": "asset:a" }])).boxed(),
    }
}

/// Parameters of an action that its own check accepts: a subset of its fields.
fn parameters(action: &'static actions::Action) -> BoxedStrategy<Value> {
    let fields: Vec<_> = action.fields.iter().map(|field| prop::option::of(value(field))).collect();
    fields
        .prop_map(|values| {
            let named = action.fields.iter().zip(values);
            named.filter_map(|(field, value)| Some((field.name.to_owned(), value?))).collect::<Map<_, _>>()
        })
        .prop_map(move |mut raw| {
            // Fields that exclude each other: drop some until the action's own check is content.
            while !(action.check)(&raw).is_empty() {
                let Some(key) = raw.keys().next().cloned() else { break };
                raw.remove(&key);
            }
            if !(action.check)(&raw).is_empty() {
                for (key, value) in [("width", json!(20)), ("height", json!(16)), ("x", json!(1)), ("y", json!(2))] {
                    if action.fields.iter().any(|field| field.name == key) {
                        raw.insert(key.to_owned(), value);
                    }
                    if (action.check)(&raw).is_empty() {
                        break;
                    }
                }
            }
            Value::Object(raw)
        })
        .boxed()
}

/// A graph whose every transform takes its inputs from anything before it.
fn any_graph() -> impl Strategy<Value = Value> {
    let kinds: Vec<_> = actions::CATALOG.iter().copied().filter(|action| action.role != Role::Source).collect();
    let node = prop::sample::select(kinds).prop_flat_map(|action| {
        (Just(action), parameters(action), prop::collection::vec(any::<prop::sample::Index>(), 4))
    });
    prop::collection::vec(node, 1..7).prop_map(|nodes| {
        let source = |id: &str, name: &str| {
            json!({ "actionId": id, "actionType": "input-images",
                "parameters": { "images": [{ "name": name, "sourceUrl": "asset:a" }] } })
        };
        let mut actions = vec![source("photos", "a.jpg"), source("logo", "b.png")];
        let mut connections = Vec::new();
        let mut before = vec!["photos".to_owned(), "logo".to_owned()];
        for (position, (action, parameters, picks)) in nodes.into_iter().enumerate() {
            let id = format!("n{position}");
            actions.push(json!({ "actionId": id, "actionType": action.action_type, "parameters": parameters }));
            for (port, pick) in action.inputs.iter().filter(|port| port.kind == PortType::Image).zip(picks) {
                connections.push(json!({ "connectionSource": pick.get(&before), "sourcePort": "outputs",
                    "connectionTarget": id, "targetPort": port.name }));
            }
            if action.role == Role::Transform {
                before.push(id);
            }
        }
        json!({ "metadata": { "name": "random" }, "actions": actions, "connections": connections })
    })
}

/// A small photograph-like picture: smooth colours.
fn rgb(width: usize, height: usize) -> Vec<u8> {
    (0..width * height).flat_map(|i| [(i % width * 4) as u8, (i / width * 5) as u8, 120]).collect()
}

fn jpeg() -> Vec<u8> {
    use libjpeg_turbo_rs::{PixelFormat, Subsampling, compress};
    compress(&rgb(61, 43), 61, 43, PixelFormat::Rgb, 90, Subsampling::S420).expect("written")
}

fn png() -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, 12, 9);
    encoder.set_color(png::ColorType::Rgba);
    let data: Vec<u8> = (0..12 * 9).flat_map(|i: usize| [200, (i * 2) as u8, 30, (i * 255 / 108) as u8]).collect();
    encoder.write_header().and_then(|mut writer| writer.write_image_data(&data)).expect("written");
    file
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, rng_seed: RngSeed::Fixed(7), ..ProptestConfig::default() })]

    #[test]
    fn a_valid_graph_always_ends_with_its_files_or_a_failure_that_says_where(document in any_graph()) {
        let (workflow, found) = check(&document);
        let plan = Plan::build(&workflow);
        prop_assume!(plan.is_ok() || found.iter().any(|one| one.is_error()));
        if let Ok(plan) = plan {
            let (photo, logo) = (jpeg(), png());
            let asset = plan.graph().input_asset(0);
            let sources: Vec<Source<'_>> = asset.inputs.iter().map(|input| {
                let bytes: &[u8] = if input.action_id == "photos" { &photo } else { &logo };
                Source { name: &input.name, bytes }
            }).collect();
            match plan.run(0, &sources, Services::default()) {
                Ok(produced) => {
                    prop_assert_eq!(produced.outputs.len(), plan.graph().outputs.len());
                    for output in &produced.outputs {
                        let header = codecs::probe(&output.encoded.bytes, &output.name).expect("a readable result");
                        prop_assert_eq!(header.size, output.size);
                        prop_assert_eq!(header.format, output.encoded.format);
                    }
                }
                Err(failure) => {
                    prop_assert!(failure.action_id.is_some(), "{:?}", failure);
                    prop_assert!(!failure.message.is_empty() && !failure.hint.is_empty());
                }
            }
        }
    }
}
