//! The actions compared with pictures made by an independent program (`tests/oracles/actions.py`).

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails, also in its helpers")]

use std::path::{Path, PathBuf};

use pixelmill::actions::{Context, prepare};
use pixelmill::image::convert::{convert, drop_alpha};
use pixelmill::image::{Image, Pixels, Representation, Size};
use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Deserialize)]
struct Case {
    name: String,
    action: String,
    inputs: Vec<String>,
    parameters: Map<String, Value>,
    #[serde(default = "one")]
    tolerance: u8,
}

fn one() -> u8 {
    1
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/actions")
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

fn cases() -> Vec<Case> {
    serde_json::from_str(&std::fs::read_to_string(folder().join("cases.json")).unwrap()).unwrap()
}

#[test]
fn results_equal_the_definitions() {
    let mut failures = Vec::new();
    for case in cases() {
        let operation = prepare(&case.action, &case.parameters).unwrap();
        let inputs = case.inputs.iter().map(|name| Some(read(name))).collect();
        let result = operation.run(inputs, &Context::default()).unwrap().remove(0);
        let difference = largest_difference(&result, &read(&format!("{}.png", case.name)));
        if difference > case.tolerance {
            failures.push(format!("{}: {difference}, allowed {}", case.name, case.tolerance));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

/// The other kernels of the same action: opaque RGBA must give the same result as RGB.
#[test]
fn opaque_rgba_gives_what_rgb_gives() {
    for case in cases().into_iter().filter(|case| case.inputs[0] == "photo.png") {
        let operation = prepare(&case.action, &case.parameters).unwrap();
        let overlay = case.inputs.get(1).map(|name| Some(read(name)));
        let run = |first: Image| {
            operation
                .run([Some(first)].into_iter().chain(overlay.clone()).collect(), &Context::default())
                .unwrap()
                .remove(0)
        };
        let rgb = convert(run(read("photo.png")), Representation::Rgb);
        let rgba = run(convert(read("photo.png"), Representation::Rgba));
        let Pixels::Rgba(data) = &rgba.pixels else { panic!("{}: alpha was lost", case.name) };
        assert!(data.chunks(4).all(|pixel| pixel[3] == 255), "{}", case.name);
        let without = rgba.with(rgba.size, Pixels::Rgb(drop_alpha(data)));
        assert!(largest_difference(&rgb, &without) <= 1, "{}", case.name);
    }
}
