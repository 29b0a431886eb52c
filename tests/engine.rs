//! Plans for actions with several outputs, with models, and with sizes that depend on pixels.

use std::cell::RefCell;

use pixelmill::actions::Stop;
use pixelmill::codecs;
use pixelmill::engine::{Plan, Produced, ProducedOutput, Services, Source, Steps};
use pixelmill::error::Failure;
use pixelmill::image::Representation;
use pixelmill::lettering::{Lettering, Request, Typesetter};
use pixelmill::network::{Missing, ModelSource, SIDE, SaliencyNetwork};
use pixelmill::workflow::check;
use serde_json::{Value, json};

#[path = "shared/blot.rs"]
mod blot;

use blot::Blot;

/// A small photograph-like picture: smooth colours.
fn rgb(width: usize, height: usize) -> Vec<u8> {
    (0..width * height).flat_map(|i| [(i % width * 4) as u8, (i / width * 5) as u8, 120]).collect()
}

/// Has not loaded any model yet.
struct Unloaded;

impl ModelSource for Unloaded {
    fn get(&self, _: &str) -> Result<&dyn SaliencyNetwork, Missing> {
        Err(Missing::NotLoaded)
    }
}

/// Must not be asked.
struct Unneeded;

impl ModelSource for Unneeded {
    fn get(&self, model: &str) -> Result<&dyn SaliencyNetwork, Missing> {
        panic!("the model {model} is not needed")
    }
}

fn jpeg() -> Vec<u8> {
    use libjpeg_turbo_rs::{PixelFormat, Subsampling, compress};
    compress(&rgb(61, 43), 61, 43, PixelFormat::Rgb, 90, Subsampling::S420).expect("written")
}

/// What is at a place of [`png_of`].
fn color_at(x: u32, y: u32) -> [u8; 3] {
    [(x * 20) as u8, (y * 30) as u8, (x * y) as u8]
}

/// A PNG whose pixels differ from their neighbours.
fn png_of(width: u32, height: u32) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    let data: Vec<u8> = (0..height).flat_map(|y| (0..width).flat_map(move |x| color_at(x, y))).collect();
    encoder.write_header().and_then(|mut writer| writer.write_image_data(&data)).expect("written");
    file
}

/// A chain of actions from one JPEG, each connected to the previous one by these ports; the model is [`Blot`].
fn run(actions: &[(&str, Value)], edges: &[(usize, &str, usize)]) -> Result<Produced, Failure> {
    run_on(&jpeg(), actions, edges, &Blot).map_err(Stop::into_failure)
}

/// The same for another file and other models.
fn run_on(
    file: &[u8],
    actions: &[(&str, Value)],
    edges: &[(usize, &str, usize)],
    networks: &dyn ModelSource,
) -> Result<Produced, Stop> {
    let mut list = vec![json!({ "actionId": "n0", "actionType": "input-images",
        "parameters": { "images": [{ "name": "a.jpg", "sourceUrl": "asset:a" }] } })];
    list.extend(actions.iter().enumerate().map(|(i, (kind, parameters))| {
        json!({ "actionId": format!("n{}", i + 1), "actionType": kind, "parameters": parameters })
    }));
    let connections: Vec<Value> = edges
        .iter()
        .map(|(source, port, target)| {
            json!({ "connectionSource": format!("n{source}"), "sourcePort": port,
                "connectionTarget": format!("n{target}"), "targetPort": "input-images" })
        })
        .collect();
    let (workflow, found) = check(&json!({ "metadata": {}, "actions": list, "connections": connections }));
    let plan = Plan::build(&workflow).unwrap_or_else(|_| panic!("{found:#?}"));
    let services = Services { networks: Some(networks), ..Services::default() };
    plan.run(0, &[Source { name: "a.jpg", folder: "", bytes: file.into() }], services)
}

#[test]
fn a_jpeg_without_its_background_is_a_png_and_a_mask_counts_when_connected() {
    let cut = ("remove-background", json!({ "method": "network" }));
    let alone = run(std::slice::from_ref(&cut), &[(0, "outputs", 1)]).expect("runs");
    let formats = |produced: &Produced| produced.outputs.iter().map(|one| one.encoded.format).collect::<Vec<_>>();
    assert_eq!((formats(&alone), alone.warnings.len()), (vec![codecs::Format::Png], 0));
    let both = run(&[cut, ("output", json!({}))], &[(0, "outputs", 1), (1, "mask", 2)]).expect("runs");
    // A mask has no alpha: it keeps the input's format.
    assert_eq!(formats(&both), [codecs::Format::Png, codecs::Format::Jpeg]);
    let mask = codecs::probe(&both.outputs[1].encoded.bytes, "mask").expect("a picture");
    assert!(mask.native.contains(Representation::Gray), "{mask:?}");
}

#[test]
fn a_plan_lists_the_models_it_needs() {
    let networks = |parameters: [Value; 3]| {
        let actions: Vec<_> = parameters.into_iter().map(|one| ("remove-background", one)).collect();
        let (mut list, mut connections) = (Vec::new(), Vec::new());
        for (i, (kind, parameters)) in actions.iter().enumerate() {
            list.push(json!({ "actionId": format!("n{i}"), "actionType": kind, "parameters": parameters }));
            let source = if i == 0 { "in".to_owned() } else { format!("n{}", i - 1) };
            connections.push(json!({ "connectionSource": source, "sourcePort": "outputs",
                "connectionTarget": format!("n{i}"), "targetPort": "input-images" }));
        }
        list.push(json!({ "actionId": "in", "actionType": "input-images",
            "parameters": { "images": [{ "name": "a.jpg", "sourceUrl": "asset:a" }] } }));
        let (workflow, _) = check(&json!({ "metadata": {}, "actions": list, "connections": connections }));
        let plan = Plan::build(&workflow).expect("sound");
        plan.networks().into_iter().map(|(name, need)| format!("{name} {need:?}")).collect::<Vec<_>>()
    };
    let flat = || json!({ "method": "flat-backdrop", "model": "unused" });
    let by_network = || json!({ "method": "network" });
    let perhaps = json!({ "model": "mine" });
    assert_eq!(networks([json!({}), perhaps, by_network()]), ["mine Perhaps", "u2netp Always"]);
    assert_eq!(networks([by_network(), json!({}), json!({})]), ["u2netp Always"]);
    assert_eq!(networks([flat(), flat(), flat()]), [""; 0]);
}

/// A blue disc on a graded backdrop, as a JPEG file of 240 × 200 pixels.
fn product() -> Vec<u8> {
    use libjpeg_turbo_rs::{PixelFormat, Subsampling, compress};
    let pixel = |x: f64, y: f64| {
        let inside = (60.5 - (x - 120.0).hypot(y - 100.0)).clamp(0.0, 1.0);
        let backdrop = 228.0 - x / 30.0 - y / 20.0;
        [30.0, 90.0, 160.0].map(|colour| (colour * inside + backdrop * (1.0 - inside)) as u8)
    };
    let pixels: Vec<u8> = (0..240 * 200).flat_map(|i| pixel(f64::from(i % 240), f64::from(i / 240))).collect();
    compress(&pixels, 240, 200, PixelFormat::Rgb, 90, Subsampling::S420).expect("written")
}

#[test]
fn a_studio_picture_needs_no_model_unless_it_is_asked_for() {
    let cut = |raw: Value, networks: &dyn ModelSource| {
        let actions = [("remove-background", raw), ("output", json!({ "format": "png" }))];
        run_on(&product(), &actions, &[(0, "outputs", 1), (1, "outputs", 2)], networks)
    };
    let produced = cut(json!({}), &Unneeded).expect("no model is asked");
    assert_eq!(produced.warnings, []);
    let flat = cut(json!({ "method": "flat-backdrop" }), &Unneeded).expect("no model is asked");
    assert_eq!(produced.outputs[0].encoded.bytes, flat.outputs[0].encoded.bytes);
    let stop = cut(json!({ "method": "network" }), &Unloaded).expect_err("asked for");
    assert_eq!(stop, Stop::NeedsModel("u2netp".to_owned()));
}

/// The output of u2netp for plain pictures: faint noise.
struct Noise;

impl SaliencyNetwork for Noise {
    fn infer(&self, _: &[f32]) -> Result<Vec<f32>, Failure> {
        let value = |i: u32| (i.wrapping_mul(2_654_435_761) >> 24) as f32 / 255.0 * 0.06;
        Ok((0..SIDE * SIDE).map(value).collect())
    }

    fn name(&self) -> &str {
        "noise 1"
    }
}

impl ModelSource for Noise {
    fn get(&self, _: &str) -> Result<&dyn SaliencyNetwork, Missing> {
        Ok(self)
    }
}

#[test]
fn plain_pictures_give_a_doubt_and_an_empty_alpha() {
    let field = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/field");
    for name in ["plain-white.jpg", "plain-black.jpg", "plain-gray.jpg", "sliver.png"] {
        let file = std::fs::read(field.join(name)).expect("there");
        for method in ["auto", "network", "flat-backdrop"] {
            let actions = [
                ("remove-background", json!({ "method": method })),
                ("output", json!({ "format": "png" })),
                ("output", json!({ "format": "png" })),
            ];
            let edges = [(0, "outputs", 1), (1, "outputs", 2), (1, "mask", 3)];
            let produced = run_on(&file, &actions, &edges, &Noise).expect(name);
            let codes: Vec<_> = produced.warnings.iter().map(|one| (one.code.as_str(), one.is_doubt())).collect();
            assert_eq!(codes, [("no_clear_subject", true)], "{name} by {method}");
            for output in &produced.outputs {
                let mut decoder = png::Decoder::new(std::io::Cursor::new(&output.encoded.bytes));
                decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::ALPHA);
                let mut reader = decoder.read_info().expect("a picture");
                let mut pixels = vec![9; reader.output_buffer_size().expect("small")];
                reader.next_frame(&mut pixels).expect("all of it");
                // Transparent black, and a black mask, which is opaque itself.
                let opaque = reader.output_color_type().0 == png::ColorType::GrayscaleAlpha;
                let channels = reader.output_color_type().0.samples();
                let of_nothing = |pixel: &[u8]| {
                    let (alpha, colour) = pixel.split_last().expect("a pixel");
                    *alpha == if opaque { 255 } else { 0 } && colour.iter().all(|value| *value == 0)
                };
                assert!(pixels.chunks(channels).all(of_nothing), "{name} by {method}: {:?}", &pixels[..channels]);
            }
        }
    }
}

#[test]
fn photographs_ask_for_the_model() {
    let photos = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/photos");
    for name in ["portrait", "cat", "tulips", "coins", "moon"] {
        let photo = std::fs::read(photos.join(format!("{name}.jpg"))).expect("there");
        let actions = [("remove-background", json!({ "model": "mine" }))];
        let stop = run_on(&photo, &actions, &[(0, "outputs", 1)], &Unloaded).expect_err(name);
        assert_eq!(stop, Stop::NeedsModel("mine".to_owned()), "{name}");
    }
}

#[test]
fn a_missing_model_fails_the_action_that_needs_it() {
    let failure =
        run(&[("remove-background", json!({ "model": "mine" }))], &[(0, "outputs", 1)]).expect_err("not there");
    assert_eq!(failure.action_id.as_deref(), Some("n1"));
    assert!(failure.message.contains("mine"), "{failure:?}");
}

#[test]
fn a_warning_says_where_it_was_noticed() {
    let produced = run(
        &[("flip", json!({})), ("remove-background", json!({ "method": "flat-backdrop" }))],
        &[(0, "outputs", 1), (1, "outputs", 2)],
    )
    .expect("runs");
    let noticed: Vec<_> = produced.warnings.iter().map(|one| (one.code.as_str(), one.action_id.as_deref())).collect();
    assert_eq!(noticed, [("no_clear_subject", Some("n2"))]);
}

/// 61 × 43 pixels would become 12,909 × 9,100, which is allowed; the trimmed result is wider.
#[test]
fn limits_are_checked_again_once_a_trimmed_size_is_known() {
    let actions =
        [("remove-background", json!({ "trim": true })), ("resize", json!({ "height": 9100, "enlarge": true }))];
    let failure = run(&actions, &[(0, "outputs", 1), (1, "outputs", 2)]).expect_err("too large");
    assert_eq!(failure.action_id.as_deref(), Some("n2"));
    assert!(failure.message.contains("megapixels"), "{}", failure.message);
}

/// Remembers what it was to set, and sets nothing.
#[derive(Default)]
struct Notepad(RefCell<Vec<String>>);

impl Typesetter for Notepad {
    fn set(&self, request: &Request) -> Result<Lettering, Failure> {
        self.0.borrow_mut().push(request.text.clone());
        Ok(Lettering::default())
    }
}

#[test]
fn a_text_names_the_file_and_its_position_also_where_earlier_results_are_kept() {
    let image = |name: &str| json!({ "name": name, "sourceUrl": "asset:a" });
    let document = json!({
        "metadata": {},
        "actions": [
            { "actionId": "in", "actionType": "input-images", "parameters": { "images": [image("Oak.jpg"), image("Elm.jpg")] } },
            { "actionId": "caption", "actionType": "text", "parameters": { "text": "{name} {index}" } },
        ],
        "connections": [
            { "connectionSource": "in", "sourcePort": "outputs", "connectionTarget": "caption", "targetPort": "input-images" },
        ],
    });
    let plan = Plan::build(&check(&document).0).expect("a valid document");
    assert_eq!(plan.needs_typesetter(), Some("caption"));
    let (notepad, steps, file) = (Notepad::default(), RefCell::new(Steps::new(1 << 20)), jpeg());
    for (index, name) in [(0, "Oak.jpg"), (0, "Oak.jpg"), (1, "Elm.jpg")] {
        let services = Services { typesetter: Some(&notepad), steps: Some(&steps), ..Services::default() };
        let source = Source { name, folder: "", bytes: (&file).into() };
        plan.run(index, &[source], services).expect("runs");
    }
    assert_eq!(*notepad.0.borrow(), ["Oak 0", "Elm 1"]);
}

/// A result's name, size and colours, row by row.
type Written = (String, (u32, u32), Vec<[u8; 3]>);

fn results(produced: &Produced) -> Vec<Written> {
    let result = |one: &ProducedOutput| {
        let mut reader = png::Decoder::new(std::io::Cursor::new(&one.encoded.bytes)).read_info().expect("a PNG");
        let mut data = vec![0; reader.output_buffer_size().expect("a small one")];
        let frame = reader.next_frame(&mut data).expect("sound");
        assert_eq!(frame.color_type, png::ColorType::Rgb);
        (one.name.clone(), (frame.width, frame.height), data.as_chunks::<3>().0.to_vec())
    };
    produced.outputs.iter().map(result).collect()
}

#[test]
fn what_follows_a_split_is_done_with_each_piece() {
    let png = ("output", json!({ "format": "png" }));
    let numbered = ("output", json!({ "format": "png", "name": "{piece}/{name}.{ext}" }));
    let file = png_of(10, 7);
    let split = ("split", json!({ "columns": 3, "rows": 2 }));
    let edges = [(0, "outputs", 1), (1, "outputs", 2), (2, "outputs", 3), (1, "outputs", 4)];
    let actions = [split, ("invert", json!({})), png.clone(), numbered];
    let produced = run_on(&file, &actions, &edges, &Blot).map_err(Stop::into_failure).expect("runs");
    let found = results(&produced);
    let names: Vec<&str> = found.iter().map(|(name, ..)| name.as_str()).collect();
    let expected = ["a-1.png", "a-2.png", "a-3.png", "a-4.png", "a-5.png", "a-6.png"];
    assert_eq!(names[..6], expected);
    assert_eq!(names[6..], ["1/a.png", "2/a.png", "3/a.png", "4/a.png", "5/a.png", "6/a.png"]);
    let sizes: Vec<_> = found.iter().map(|(_, size, _)| *size).collect();
    assert_eq!(sizes[..6], [(3, 3), (3, 3), (4, 3), (3, 4), (3, 4), (4, 4)]);
    assert_eq!(sizes[6..], sizes[..6]);
    // Every pixel of the picture is in one piece, and only the first results are inverted.
    let corners = [(0, 0), (3, 0), (6, 0), (0, 3), (3, 3), (6, 3)];
    for (index, (name, (width, _), colors)) in found.iter().enumerate() {
        let (left, top) = corners[index % 6];
        for (at, color) in (0..).zip(colors) {
            let whole = color_at(left + at % width, top + at / width);
            let expected = if index < 6 { whole.map(|sample| 255 - sample) } else { whole };
            assert_eq!(*color, expected, "{name} at {at}");
        }
    }
    assert!(produced.outputs[..6].iter().all(|one| one.action_id == "n3"));
}

#[test]
fn a_split_with_a_piece_keeps_only_that() {
    let actions = [("split", json!({ "columns": 2, "piece": 2 })), ("output", json!({ "format": "png" }))];
    let produced = run_on(&png_of(9, 4), &actions, &[(0, "outputs", 1), (1, "outputs", 2)], &Blot);
    let found = results(&produced.map_err(Stop::into_failure).expect("runs"));
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].0.as_str(), found[0].1), ("a.png", (5, 4)));
    assert_eq!(found[0].2[0], color_at(4, 0));
}

#[test]
fn a_picture_without_enough_pixels_cannot_be_split_and_a_split_piece_not_again() {
    let failure = run_on(&png_of(2, 9), &[("split", json!({ "columns": 3 }))], &[(0, "outputs", 1)], &Blot);
    let failure = failure.map_err(Stop::into_failure).expect_err("2 pixels in 3 columns");
    assert!(failure.message.contains("2 × 9 px"), "{failure}");
    let twice = |parameters: Value| {
        let document = json!({ "metadata": {}, "actions": [
            { "actionId": "in", "actionType": "input-images", "parameters": { "images": [{ "name": "a.jpg", "sourceUrl": "asset:a" }] } },
            { "actionId": "one", "actionType": "split", "parameters": {} },
            { "actionId": "two", "actionType": "split", "parameters": parameters },
        ], "connections": [
            { "connectionSource": "in", "sourcePort": "outputs", "connectionTarget": "one", "targetPort": "input-images" },
            { "connectionSource": "one", "sourcePort": "outputs", "connectionTarget": "two", "targetPort": "input-images" },
        ] });
        let found = check(&document).1;
        found.iter().map(|one| (one.code.clone(), one.action_id.clone().unwrap_or_default())).collect::<Vec<_>>()
    };
    assert_eq!(twice(json!({})), [("split_twice".to_owned(), "two".to_owned())]);
    assert_eq!(twice(json!({ "piece": 1 })), [], "it divides nothing");
}

#[test]
fn a_text_on_a_piece_says_its_number() {
    let document = json!({ "metadata": {}, "actions": [
        { "actionId": "in", "actionType": "input-images", "parameters": { "images": [{ "name": "a.png", "sourceUrl": "asset:a" }] } },
        { "actionId": "cut", "actionType": "split", "parameters": { "columns": 3 } },
        { "actionId": "caption", "actionType": "text", "parameters": { "text": "{piece} of 3" } },
    ], "connections": [
        { "connectionSource": "in", "sourcePort": "outputs", "connectionTarget": "cut", "targetPort": "input-images" },
        { "connectionSource": "cut", "sourcePort": "outputs", "connectionTarget": "caption", "targetPort": "input-images" },
    ] });
    let plan = Plan::build(&check(&document).0).expect("a valid document");
    let notepad = Notepad::default();
    let services = Services { typesetter: Some(&notepad), ..Services::default() };
    let file = png_of(30, 30);
    plan.run(0, &[Source { name: "a.png", folder: "", bytes: (&file).into() }], services).expect("runs");
    assert_eq!(*notepad.0.borrow(), ["1 of 3", "2 of 3", "3 of 3"]);
}
