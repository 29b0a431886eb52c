//! How files are written, as parameters of `output` say: read from their markers, and by other decoders.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails, also in its helpers")]

use std::io::Cursor;
use std::path::Path;

use pixelmill::engine::{Plan, Services, Source};
use pixelmill::workflow::check;
use serde_json::{Value, json};

fn file(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)).unwrap()
}

/// The result of these actions and an output with these parameters.
fn run(bytes: &[u8], actions: &[(&str, Value)], output: Value) -> Vec<u8> {
    let mut list = vec![json!({ "actionId": "n0", "actionType": "input-images",
        "parameters": { "images": [{ "name": "a", "sourceUrl": "asset:a" }] } })];
    let save = ("output", output);
    list.extend(actions.iter().chain([&save]).enumerate().map(|(i, (kind, parameters))| {
        json!({ "actionId": format!("n{}", i + 1), "actionType": kind, "parameters": parameters })
    }));
    let connect = |i: usize| {
        json!({ "connectionSource": format!("n{i}"), "sourcePort": "outputs",
            "connectionTarget": format!("n{}", i + 1), "targetPort": "input-images" })
    };
    let connections: Vec<Value> = (0..list.len() - 1).map(connect).collect();
    let (workflow, found) = check(&json!({ "metadata": {}, "actions": list, "connections": connections }));
    let plan = Plan::build(&workflow).unwrap_or_else(|_| panic!("{found:#?}"));
    let sources = [Source { name: "a", folder: "", bytes }];
    let mut produced = plan.run(0, &sources, Services::default()).unwrap();
    produced.outputs.remove(0).encoded.bytes
}

/// The frame marker of a JPEG file, and the sampling factors of its components.
fn frame(bytes: &[u8]) -> (u8, Vec<(u8, u8)>) {
    let mut at = 2;
    loop {
        let (code, length) = (bytes[at + 1], usize::from(u16::from_be_bytes([bytes[at + 2], bytes[at + 3]])));
        if matches!(code, 0xc0..=0xc2) {
            let count = usize::from(bytes[at + 9]);
            let factors = (0..count).map(|i| bytes[at + 11 + 3 * i]).map(|both| (both >> 4, both & 15));
            return (code, factors.collect());
        }
        assert_ne!(code, 0xda, "no frame before the scan");
        at += 2 + length;
    }
}

fn jpeg_pixels(bytes: &[u8]) -> Vec<u8> {
    zune_jpeg::JpegDecoder::new(Cursor::new(bytes)).decode().unwrap()
}

const SOURCES: [&str; 6] =
    ["baseline-420.jpg", "baseline-422.jpg", "baseline-444.jpg", "rgb-8-interlaced.png", "rgba-8.png", "profile.jpg"];

#[test]
fn a_progressive_jpeg_shows_the_same_picture() {
    for name in SOURCES.into_iter().chain(["gray-16.png"]) {
        let original = file(&format!("codecs/{name}"));
        for actions in [vec![], vec![("resize", json!({ "mode": "percent", "percent": 60 }))]] {
            let write = |more: Value| {
                let mut output = json!({ "format": "jpeg" });
                output.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
                run(&original, &actions, output)
            };
            let (plain, progressive) = (write(json!({})), write(json!({ "progressive": true })));
            assert_eq!((frame(&plain).0, frame(&progressive).0), (0xc0, 0xc2), "{name}");
            assert_eq!(frame(&plain).1, frame(&progressive).1, "{name}");
            assert_eq!(jpeg_pixels(&plain), jpeg_pixels(&progressive), "{name}");
            assert_eq!(plain, write(json!({ "progressive": false, "subsampling": "auto" })), "the defaults");
        }
    }
}

#[test]
fn colour_is_stored_at_the_size_that_is_chosen() {
    let (full, halved) = (vec![(1, 1); 3], vec![(2, 2), (1, 1), (1, 1)]);
    for name in SOURCES {
        let original = file(&format!("codecs/{name}"));
        for actions in [vec![], vec![("resize", json!({ "mode": "percent", "percent": 60 }))]] {
            for quality in [50, 80, 95] {
                let factors = |subsampling: &str| {
                    let output = json!({ "format": "jpeg", "quality": quality, "subsampling": subsampling });
                    frame(&run(&original, &actions, output)).1
                };
                assert_eq!(factors("444"), full, "{name} at {quality}");
                assert_eq!(factors("420"), halved, "{name} at {quality}");
            }
        }
        let auto = |quality: u32| frame(&run(&original, &[], json!({ "format": "jpeg", "quality": quality }))).1;
        match name {
            "baseline-420.jpg" => assert_eq!((auto(80), auto(95)), (halved.clone(), halved.clone())),
            "baseline-444.jpg" | "rgba-8.png" => assert_eq!((auto(80), auto(95)), (halved.clone(), full.clone())),
            _ => {}
        }
    }
    let gray = file("codecs/gray-16.png");
    for subsampling in ["auto", "444", "420"] {
        let output = json!({ "format": "jpeg", "subsampling": subsampling });
        assert_eq!(frame(&run(&gray, &[], output)).1, [(1, 1)], "gray has no colour");
    }
}

/// Colours of full size keep what a thin coloured line needs.
#[test]
fn full_colour_is_closer_to_the_picture() {
    let (width, height) = (64_u32, 48_u32);
    let colors = [[220, 30, 40], [30, 60, 200]];
    let pixels: Vec<u8> = (0..width * height).flat_map(|i| colors[(i % width % 2) as usize]).collect();
    let mut original = Vec::new();
    let mut encoder = png::Encoder::new(&mut original, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.write_header().and_then(|mut writer| writer.write_image_data(&pixels)).unwrap();
    let error = |subsampling: &str| {
        let output = json!({ "format": "jpeg", "quality": 85, "subsampling": subsampling });
        let shown = jpeg_pixels(&run(&original, &[], output));
        shown.iter().zip(&pixels).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>() / pixels.len() as f64
    };
    assert!(error("444") < 8.0 && error("420") > 30.0, "{} {}", error("444"), error("420"));
}
