//! The actions compared with pictures made by an independent programs and formulas (`tests/oracles/actions`).

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails, also in its helpers")]

use std::path::{Path, PathBuf};

use pixelmill::actions::{Context, Operation, prepare};
use pixelmill::image::convert::convert;
use pixelmill::image::{Image, Pixels, Representation, Size};
use serde::Deserialize;
use serde_json::{Map, Value};

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
    /// The largest difference of any sample.
    #[serde(default = "one")]
    tolerance: u8,
    /// The least signal-to-noise ratio in dB, instead of the largest difference.
    psnr: Option<f64>,
}

fn one() -> u8 {
    1
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
    assert_eq!(info.bit_depth, png::BitDepth::Eight, "{name}");
    let size = Size::new(info.width, info.height);
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
    let to = accepts.iter().find(|to| *to == own).or_else(|| accepts.iter().find(|to| own.converts_to(*to)));
    to.map(|to| convert(image, to))
}

/// Samples of both in one representation; where both have alpha, hidden colour is ignored.
fn samples(image: &Image) -> Vec<u8> {
    match &image.pixels {
        Pixels::Gray(data) | Pixels::Rgb(data) => data.clone(),
        Pixels::Rgba(data) => data
            .chunks(4)
            .flat_map(|p| [p[0], p[1], p[2]].map(|v| multiplied(v, p[3])).into_iter().chain([p[3]]))
            .collect(),
        Pixels::Ycc(_) => panic!("planar pictures are compared after conversion"),
    }
}

fn multiplied(value: u8, alpha: u8) -> u8 {
    ((u32::from(value) * u32::from(alpha) + 127) / 255) as u8
}

fn largest_difference(one: &Image, other: &Image) -> u8 {
    assert_eq!((one.size, one.representation()), (other.size, other.representation()));
    samples(one).iter().zip(samples(other)).map(|(one, other)| one.abs_diff(other)).max().unwrap()
}

/// The peak signal-to-noise ratio over all samples, in dB.
fn psnr(one: &Image, other: &Image) -> f64 {
    let (one, other) = (samples(one), samples(other));
    let sum: f64 = one.iter().zip(&other).map(|(one, other)| f64::from(one.abs_diff(*other)).powi(2)).sum();
    10.0 * (255.0 * 255.0 * one.len() as f64 / sum).log10()
}

/// Prints the table of all actions with their oracles; `cargo test --test actions -- --nocapture` shows it.
#[test]
fn results_equal_the_definitions() {
    let mut failures = Vec::new();
    println!("{:<20} {:<24} {:>6} {:>8}  oracle", "action", "case", "off by", "allowed");
    for (action, Cases { oracle, cases }) in actions() {
        for case in cases {
            let operation = prepare(&action, &case.parameters).unwrap_or_else(|error| panic!("{action}: {error}"));
            let inputs = case.inputs.iter().map(|name| accepted(read(name), &*operation)).collect();
            let result = operation.run(inputs, &Context::default()).unwrap().remove(0);
            let expected = read(&format!("{action}/{}.png", case.name));
            let difference = largest_difference(&result, &expected);
            let ratio = psnr(&result, &expected);
            let allowed = match case.psnr {
                Some(least) => format!("{least} dB"),
                None => case.tolerance.to_string(),
            };
            println!("{action:<20} {:<24} {difference:>6} {allowed:>8}  {oracle}", case.name);
            if case.psnr.map_or(difference > case.tolerance, |least| ratio < least) {
                failures.push(format!("{action} {}: {difference} ({ratio:.1} dB), allowed {allowed}", case.name));
            }
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

/// The other kernels of the same action: opaque RGBA must give the same result as RGB.
#[test]
fn opaque_rgba_gives_what_rgb_gives() {
    for (action, cases) in actions() {
        for case in cases.cases.into_iter().filter(|case| case.inputs[0] == "photo.png") {
            let operation = prepare(&action, &case.parameters).unwrap();
            if !operation.accepts().contains(Representation::Rgb) {
                continue;
            }
            let rest: Vec<_> = case.inputs[1..].iter().map(|name| accepted(read(name), &*operation)).collect();
            let run = |first: Image| {
                let inputs = [Some(first)].into_iter().chain(rest.clone()).collect();
                convert(operation.run(inputs, &Context::default()).unwrap().remove(0), Representation::Rgba)
            };
            let rgb = run(read("photo.png"));
            let rgba = run(convert(read("photo.png"), Representation::Rgba));
            assert!(largest_difference(&rgb, &rgba) <= 1, "{action} {}", case.name);
        }
    }
}
