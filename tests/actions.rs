//! The actions compared with pictures made by an independent programs and formulas (`tests/oracles/actions`).

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails, also in its helpers")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pixelmill::actions::{Context, Operation, catalog, prepare};
use pixelmill::data::Table;
use pixelmill::engine::{Plan, Services, Source};
use pixelmill::error::Failure;
use pixelmill::image::convert::convert;
use pixelmill::image::depth::as_deep_as;
use pixelmill::image::{Deep, Image, Pixels, Representation, Size};
use pixelmill::lettering::FONT;
use pixelmill::lettering::typesetting::FontTypesetter;
use pixelmill::lut::{Lut, LutSource};
use pixelmill::workflow::check;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// What an action's `cases.json` says.
#[derive(Deserialize)]
struct Cases {
    /// What the expected pictures are made with.
    oracle: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    inputs: Vec<String>,
    parameters: Map<String, Value>,
    /// The largest difference of any sample, in levels of 8 bits.
    #[serde(default = "one")]
    tolerance: f64,
    /// The least signal-to-noise ratio in dB, instead of the largest difference.
    psnr: Option<f64>,
    /// The least agreement of what was painted, instead of the largest difference.
    iou: Option<f64>,
}

fn one() -> f64 {
    1.0
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/actions")
}

/// The actions that have cases, by their names.
fn actions() -> Vec<(String, Cases)> {
    let mut actions = Vec::new();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if let Ok(text) = std::fs::read_to_string(path.join("cases.json")) {
            let cases = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            actions.push((path.file_name().unwrap().to_str().unwrap().to_owned(), cases));
        }
    }
    actions.sort_by(|(one, _), (other, _)| one.cmp(other));
    actions
}

fn read(name: &str) -> Image {
    let file = std::fs::File::open(folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut reader = png::Decoder::new(std::io::BufReader::new(file)).read_info().unwrap();
    let mut data = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut data).unwrap();
    let size = Size::new(info.width, info.height);
    if info.bit_depth == png::BitDepth::Sixteen {
        let deep = data.as_chunks().0.iter().map(|bytes| u16::from_be_bytes(*bytes)).collect();
        let deep = match info.color_type {
            png::ColorType::Grayscale => Deep::Gray(deep),
            png::ColorType::Rgb => Deep::Rgb(deep),
            png::ColorType::Rgba => Deep::Rgba(deep),
            other => panic!("{name} is {other:?}"),
        };
        return Image::new(size, Pixels::Deep(deep));
    }
    assert_eq!(info.bit_depth, png::BitDepth::Eight, "{name}");
    let pixels = match info.color_type {
        png::ColorType::Grayscale => Pixels::Gray(data),
        png::ColorType::Rgb => Pixels::Rgb(data),
        png::ColorType::Rgba => Pixels::Rgba(data),
        other => panic!("{name} is {other:?}"),
    };
    Image::new(size, pixels)
}

/// A picture as an action gets it: in a representation that it accepts.
fn accepted(image: Image, operation: &dyn Operation) -> Option<Image> {
    let own = image.representation();
    let accepts = operation.accepts();
    let as_deep = |to: &Representation| own.converts_to(*to) && to.is_deep() == own.is_deep();
    let mut found = [accepts.iter().find(|to| *to == own), accepts.iter().find(as_deep)].into_iter().flatten();
    let to = found.next().or_else(|| accepts.iter().find(|to| own.converts_to(*to)));
    to.map(|to| convert(image, to))
}

/// Samples in levels of 8 bits; colours are multiplied by alpha, so that hidden ones are ignored.
fn samples(image: &Image) -> Vec<f64> {
    let (levels, channels): (Vec<f64>, usize) = match &image.pixels {
        Pixels::Gray(data) => (data.iter().map(|value| f64::from(*value)).collect(), 1),
        Pixels::Rgb(data) => (data.iter().map(|value| f64::from(*value)).collect(), 3),
        Pixels::Rgba(data) => (data.iter().map(|value| f64::from(*value)).collect(), 4),
        Pixels::Deep(deep) => (deep.samples().iter().map(|value| f64::from(*value) / 257.0).collect(), deep.channels()),
        Pixels::Ycc(_) => panic!("planar pictures are compared after conversion"),
    };
    if channels < 4 {
        return levels;
    }
    // Of 8 bits, as whole levels.
    let is_deep = image.representation().is_deep();
    let multiplied = |value: f64, alpha: f64| {
        let exact = value * alpha / 255.0;
        if is_deep { exact } else { (exact + 0.5).floor() }
    };
    levels
        .chunks(4)
        .flat_map(|p| [p[0], p[1], p[2]].map(|value| multiplied(value, p[3])).into_iter().chain([p[3]]))
        .collect()
}

fn largest_difference(one: &Image, other: &Image) -> f64 {
    assert_eq!((one.size, one.representation()), (other.size, other.representation()));
    samples(one).iter().zip(samples(other)).map(|(one, other)| (one - other).abs()).fold(0.0, f64::max)
}

/// The peak signal-to-noise ratio over all samples, in dB.
fn psnr(one: &Image, other: &Image) -> f64 {
    let (one, other) = (samples(one), samples(other));
    let sum: f64 = one.iter().zip(&other).map(|(one, other)| (one - other).powi(2)).sum();
    10.0 * (255.0 * 255.0 * one.len() as f64 / sum).log10()
}

/// How far two results agree on what they paint on a picture: the intersection of both changes, divided by their union.
fn agreement(one: &Image, other: &Image, before: &Image) -> f64 {
    let (one, other, before) = (samples(one), samples(other), samples(before));
    let (mut both, mut either) = (0.0, 0.0);
    for ((one, other), before) in one.iter().zip(&other).zip(&before) {
        let [one, other] = [one, other].map(|after| after - before);
        // Changes in opposite directions have nothing in common.
        let shared = if one * other > 0.0 { one.abs().min(other.abs()) } else { 0.0 };
        both += shared;
        either += one.abs() + other.abs() - shared;
    }
    both / either
}

/// The typesetter of the program `lettering`, with the font that comes with the page.
fn typesetter() -> FontTypesetter {
    let font = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lettering/roboto").join(FONT.file);
    let typesetter = FontTypesetter::new(std::fs::read(font).unwrap()).unwrap();
    for name in ["hebrew", "arabic", "japanese"] {
        let font = folder().join("../fonts").join(name).with_extension("ttf");
        typesetter.add(name, &std::fs::read(font).unwrap()).unwrap();
    }
    typesetter
}

/// The LUTs in the folder of the cases.
struct Luts(BTreeMap<String, Lut>);

impl Luts {
    fn read() -> Self {
        let files = std::fs::read_dir(folder().join("lut")).unwrap().map(|entry| entry.unwrap().path());
        let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "cube"));
        let named = files.map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, Lut::read(&std::fs::read(path).unwrap()).unwrap())
        });
        Self(named.collect())
    }
}

impl LutSource for Luts {
    fn get(&self, name: &str) -> Result<&Lut, Failure> {
        Ok(&self.0[name])
    }
}

/// Actions that are compared elsewhere, because what they do is not a picture made of a picture: the oracle, the largest
/// difference that is allowed, the file and the test.
const ELSEWHERE: [(&str, &str, &str, &str, &str); 19] = [
    (
        "input-images",
        "Pillow, tifffile, libheif",
        "by format",
        "tests/codecs.rs",
        "every_picture_gives_the_same_pixels_as_other_decoders",
    ),
    ("output", "Pillow, tifffile, libheif", "0", "tests/codecs.rs", "files_are_written_as_others_read_them"),
    (
        "create-rendition",
        "Pillow's resize",
        "as resize",
        "tests/actions.rs",
        "renditions_are_the_pictures_of_the_oracle_of_resize",
    ),
    ("note", "no pictures", "0", "src/workflow.rs", "notes_take_no_part"),
    ("input-files", "Python csv", "0", "src/data/tests.rs", "tables_are_read_as_python_reads_them"),
    (
        "input-text",
        "Pillow's text",
        "as text",
        "tests/actions.rs",
        "connected_texts_are_the_pictures_of_the_oracle_of_text",
    ),
    ("parse-data", "Python csv", "0", "src/data/tests.rs", "tables_are_read_as_python_reads_them"),
    ("merge-data", "resvg", "0", "tests/rows.rs", "a_template_is_drawn_as_if_it_had_been_written_for_the_row"),
    (
        "straighten",
        "drawn horizons",
        "0.3°",
        "src/actions/straighten.rs",
        "horizons_and_walls_are_found_to_a_third_of_a_degree",
    ),
    ("still", "Pillow's frames", "0", "tests/animation.rs", "a_still_is_one_frame_in_any_format"),
    ("trim-frames", "Pillow's frames", "0", "tests/animation.rs", "actions_on_frames_choose_those_that_others_show"),
    ("frame-rate", "Pillow's frames", "0", "tests/animation.rs", "actions_on_frames_choose_those_that_others_show"),
    ("reverse", "Pillow's frames", "0", "tests/animation.rs", "actions_on_frames_choose_those_that_others_show"),
    ("remove-background", "rembg, NumPy", "1", "tests/matting.rs", "blur_fusion_equals_its_definition"),
    ("condition", "truth table", "0", "src/expression.rs", "conditions_hold_for_what_they_say"),
    ("custom", "the formula", "0", "tests/custom_action.rs", "the_example_darkens_every_nth_line"),
    (
        "http-action",
        "the server's pixels",
        "0",
        "tests/http_action.rs",
        "each_step_sends_its_picture_once_and_goes_on_with_what_comes_back",
    ),
    ("contact-sheet", "the formula", "0", "tests/gather.rs", "a_contact_sheet_follows_its_formula_to_the_pixel"),
    ("animate", "the formula", "0", "tests/gather.rs", "an_animation_has_the_pictures_as_frames"),
];

/// The rest of the table: no action is without an oracle, and those that are compared elsewhere are.
#[test]
fn every_action_has_an_oracle() {
    let here: Vec<String> = actions().into_iter().map(|(name, _)| name).collect();
    for action in catalog() {
        let name = action.action_type;
        let elsewhere: Vec<_> = ELSEWHERE.iter().filter(|(of, ..)| *of == name).collect();
        let is_here = here.iter().any(|one| one == name);
        assert_eq!(elsewhere.len() + usize::from(is_here), 1, "{name} is in one of the two");
    }
    for (name, oracle, allowed, file, test) in ELSEWHERE {
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
        assert!(text.contains(&format!("fn {test}(")), "{file} has no {test}");
        // Where nothing may differ, nothing does once the test passes; the others print what they find in the same columns.
        let found = if allowed == "0" { "0" } else { "" };
        println!("{name:<20} {:<24} {found:>6} {allowed:>8}  {oracle}: {file}, {test}", "");
    }
}

/// Prints the table of all actions with their oracles; `cargo test --test actions -- --nocapture` shows it.
#[test]
fn results_equal_the_definitions() {
    let mut failures = Vec::new();
    let (typesetter, luts) = (typesetter(), Luts::read());
    println!("{:<20} {:<24} {:>6} {:>8}  oracle", "action", "case", "off by", "allowed");
    for (action, Cases { oracle, cases }) in actions() {
        for case in cases {
            let operation = prepare(&action, &case.parameters).unwrap_or_else(|error| panic!("{action}: {error}"));
            let mut inputs: Vec<_> = case.inputs.iter().map(|name| accepted(read(name), &*operation)).collect();
            if let Some(first) = inputs[0].as_ref().map(Image::representation) {
                // What joins the first picture gets its depth.
                inputs.iter_mut().skip(1).flatten().for_each(|other| *other = as_deep_as(other.clone(), first));
            }
            let context = Context::default().with_typesetter(Some(&typesetter)).with_luts(Some(&luts));
            let result = operation.run(inputs.clone(), &context).unwrap().remove(0);
            let expected = read(&format!("{action}/{}.png", case.name));
            let difference = largest_difference(&result, &expected);
            let ratio = psnr(&result, &expected);
            let allowed = match (case.psnr, case.iou) {
                (Some(least), _) => format!("{least} dB"),
                (_, Some(least)) => format!("{least} IoU"),
                _ => case.tolerance.to_string(),
            };
            println!("{action:<20} {:<24} {difference:>6.3} {allowed:>8}  {oracle}", case.name);
            let is_off = match (case.psnr, case.iou, &inputs[0]) {
                (Some(least), ..) => ratio < least,
                (_, Some(least), Some(before)) => {
                    let agreed = agreement(&result, &expected, before);
                    println!("{:<45} {agreed:>6.4}", "");
                    agreed < least
                }
                _ => difference > case.tolerance,
            };
            if is_off {
                failures.push(format!("{action} {}: {difference} ({ratio:.1} dB), allowed {allowed}", case.name));
            }
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

/// The other kernels of the same action: opaque RGBA must give the same result as RGB.
#[test]
fn opaque_rgba_gives_what_rgb_gives() {
    let (typesetter, luts) = (typesetter(), Luts::read());
    for (action, cases) in actions() {
        for case in cases.cases.into_iter().filter(|case| case.inputs[0] == "photo.png") {
            let operation = prepare(&action, &case.parameters).unwrap();
            if !operation.accepts().contains(Representation::Rgb) {
                continue;
            }
            let rest: Vec<_> = case.inputs[1..].iter().map(|name| accepted(read(name), &*operation)).collect();
            let run = |first: Image| {
                let inputs = [Some(first)].into_iter().chain(rest.clone()).collect();
                let context = Context::default().with_typesetter(Some(&typesetter)).with_luts(Some(&luts));
                convert(operation.run(inputs, &context).unwrap().remove(0), Representation::Rgba)
            };
            let rgb = run(read("photo.png"));
            let rgba = run(convert(read("photo.png"), Representation::Rgba));
            assert!(largest_difference(&rgb, &rgba) <= 1.0, "{action} {}", case.name);
        }
    }
}

/// What the workflow of a case makes, in the representation of its expected picture, with that picture. The workflow has one input,
/// `photos`.
fn written(document: &Value, case: &Case, of: &str, table: Option<Table>, services: Services<'_>) -> (Image, Image) {
    let (workflow, found) = check(document);
    let mut plan = Plan::build(&workflow).unwrap_or_else(|_| panic!("{}: {found:#?}", case.name));
    if let Some(table) = table {
        plan.bind(table, &[]).unwrap();
        let asset = plan.graph().input_asset(0);
        plan = plan.for_execution(0, asset.row.as_ref());
    }
    let bytes = std::fs::read(folder().join(&case.inputs[0])).unwrap();
    let sources = [Source { name: "a.png", folder: "", bytes: (&bytes).into() }];
    let produced = plan.run(0, &sources, services).unwrap();
    let written = std::env::temp_dir().join(format!("pixelmill-{of}-{}-{}.png", case.name, plan.graph().sources.len()));
    std::fs::write(&written, &produced.outputs[0].encoded.bytes).unwrap();
    let expected = read(&format!("{of}/{}.png", case.name));
    let result = convert(read(written.to_str().unwrap()), expected.representation());
    std::fs::remove_file(&written).unwrap();
    (result, expected)
}

fn edge(source: [&str; 2], target: [&str; 2]) -> Value {
    json!({ "connectionSource": source[0], "sourcePort": source[1], "connectionTarget": target[0], "targetPort": target[1] })
}

fn input() -> Value {
    let images = json!([{ "name": "a.png", "sourceUrl": "asset:a" }]);
    json!({ "actionId": "photos", "actionType": "input-images", "parameters": { "images": images } })
}

/// Each case of `text`, with its text from elsewhere: of `input-text`, and of a table.
#[test]
fn connected_texts_are_the_pictures_of_the_oracle_of_text() {
    let (_, Cases { cases, .. }) = actions().into_iter().find(|(name, _)| name == "text").unwrap();
    let typesetter = typesetter();
    let services = Services { typesetter: Some(&typesetter), ..Services::default() };
    let mut count = 0;
    for mut case in cases {
        let text = case.parameters.insert("text".to_owned(), "something else".into()).unwrap();
        let text = text.as_str().unwrap();
        let caption = json!({ "actionId": "caption", "actionType": "text", "parameters": case.parameters });
        let save = json!({ "actionId": "save", "actionType": "output", "parameters": { "format": "png" } });
        let shared = json!({
            "actions": [input(), { "actionId": "shared", "actionType": "input-text", "parameters": { "text": text } }, caption, save],
            "connections": [
                edge(["photos", "outputs"], ["caption", "input-images"]),
                edge(["shared", "text"], ["caption", "text"]),
                edge(["caption", "outputs"], ["save", "input-images"]),
            ],
        });
        let column = json!({
            "actions": [
                { "actionId": "file", "actionType": "input-files", "parameters": { "files": [{ "name": "a.json", "sourceUrl": "asset:t" }] } },
                input(),
                { "actionId": "rows", "actionType": "parse-data", "parameters": {} },
                caption, save,
            ],
            "connections": [
                edge(["file", "outputs"], ["rows", "input-files"]),
                edge(["photos", "outputs"], ["caption", "input-images"]),
                edge(["rows", "headline"], ["caption", "text"]),
                edge(["caption", "outputs"], ["save", "input-images"]),
            ],
        });
        let table = Table::read(json!([{ "Headline": text }]).to_string().as_bytes(), None).unwrap();
        // What a table contains is written as it is.
        let is_plain = !text.contains('{');
        for (document, table) in [(shared, None), (column, Some(table))].into_iter().take(1 + usize::from(is_plain)) {
            let (result, expected) = written(&document, &case, "text", table, services);
            let before = convert(read(&case.inputs[0]), expected.representation());
            let (agreed, least) = (agreement(&result, &expected, &before), case.iou.unwrap());
            println!("input-text           {:<24} {agreed:>6.4} {least:>8} IoU", case.name);
            assert!(agreed >= least, "{}: {agreed}", case.name);
        }
        count += 1;
    }
    assert!(count > 3, "{count} cases");
}

/// Each case of `resize` as a rendition in a lossless format.
#[test]
fn renditions_are_the_pictures_of_the_oracle_of_resize() {
    let (_, Cases { cases, .. }) = actions().into_iter().find(|(name, _)| name == "resize").unwrap();
    let mut count = 0;
    for case in cases.into_iter().filter(|case| !case.inputs[0].starts_with("deep")) {
        let mut rendition = case.parameters.clone();
        if let Some(mode) = rendition.remove("mode") {
            rendition.insert("fit".to_owned(), mode);
        }
        rendition.insert("format".to_owned(), "png".into());
        let document = json!({
            "actions": [input(), { "actionId": "all", "actionType": "create-rendition", "parameters": { "renditions": [rendition] } }],
            "connections": [edge(["photos", "outputs"], ["all", "input-images"])],
        });
        let (result, expected) = written(&document, &case, "resize", None, Services::default());
        let (difference, ratio) = (largest_difference(&result, &expected), psnr(&result, &expected));
        println!("create-rendition     {:<24} {difference:>6.3} {ratio:>6.1} dB", case.name);
        match case.psnr {
            Some(least) => assert!(ratio >= least, "{}: {ratio}", case.name),
            None => assert!(difference <= case.tolerance, "{}: {difference}", case.name),
        }
        count += 1;
    }
    assert!(count > 3, "{count} cases");
}
