//! The smallest of several formats: which one is kept, and that it is no worse than wanted.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails, also in its helpers")]

use std::path::Path;

use pixelmill::codecs::{self, DecodeRequest, Encoder, Encoders, Encoding, Format, Raster};
use pixelmill::engine::{Plan, Produced, Services, Source};
use pixelmill::error::Failure;
use pixelmill::image::Image;
use pixelmill::image::similarity::{Luma, similarity};
use pixelmill::workflow::check;
use serde_json::{Value, json};

/// An encoder that loses everything.
struct White;

impl Encoders for White {
    fn encode(&self, Raster { rgba, size, .. }: Raster<'_>, _: Encoding) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        let encoder = image_webp::WebPEncoder::new(&mut bytes);
        encoder.encode(&vec![255; rgba.len()], size.width, size.height, image_webp::ColorType::Rgba8).unwrap();
        Ok(bytes)
    }

    fn name(&self, encoder: Encoder) -> Option<&'static str> {
        (encoder == Encoder::Webp).then_some("white 1")
    }
}

fn photo() -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/photos/cat.jpg")).unwrap()
}

/// A PNG file of a two-coloured pattern; with alpha its first row is transparent.
fn drawing(alpha: bool) -> Vec<u8> {
    let (width, height) = (160_u32, 120_u32);
    let mut samples = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let value = if (x / 5 + y / 3).is_multiple_of(2) { 230 } else { 20 };
            samples.extend([value, value, 40]);
            if alpha {
                samples.push(if y == 0 { 0 } else { 255 });
            }
        }
    }
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(if alpha { png::ColorType::Rgba } else { png::ColorType::Rgb });
    encoder.write_header().and_then(|mut writer| writer.write_image_data(&samples)).unwrap();
    bytes
}

fn run(bytes: &[u8], output: &Value) -> Produced {
    let (workflow, found) = check(&json!({
        "metadata": {},
        "actions": [
            { "actionId": "in", "actionType": "input-images", "parameters": { "images": [{ "name": "a.tif", "sourceUrl": "asset:a" }] } },
            { "actionId": "save", "actionType": "output", "parameters": output },
        ],
        "connections": [{ "connectionSource": "in", "sourcePort": "outputs", "connectionTarget": "save", "targetPort": "input-images" }],
    }));
    let plan = Plan::build(&workflow).unwrap_or_else(|_| panic!("{found:#?}"));
    let sources = [Source { name: "a.tif", folder: "", bytes: bytes.into() }];
    let wants_webp = output["smallestOf"].as_array().unwrap().contains(&json!("webp"));
    assert_eq!(plan.encoders(&sources), if wants_webp { vec![Encoder::Webp] } else { vec![] });
    plan.run(0, &sources, Services { encoders: Some(&White), ..Services::default() }).unwrap()
}

fn picture(bytes: &[u8]) -> Image {
    let header = codecs::probe(bytes, "a").unwrap();
    let request = DecodeRequest { auto_orient: true, ..DecodeRequest::whole(&header) };
    codecs::decode(bytes, &header, &request, "a").unwrap().image
}

fn likeness(one: &[u8], other: &[u8]) -> f64 {
    similarity(&Luma::of(&picture(one)), &Luma::of(&picture(other)))
}

fn hint(produced: &Produced) -> &str {
    let all: Vec<_> = produced.warnings.iter().filter(|warning| warning.code == "smallest_of").collect();
    assert_eq!((all.len(), all[0].action_id.as_deref()), (1, Some("save")), "{:?}", produced.warnings);
    assert!(!all[0].is_doubt());
    &all[0].message
}

#[test]
fn a_photograph_becomes_the_jpeg_of_the_lowest_quality_that_is_similar_enough() {
    let original = photo();
    let produced =
        run(&original, &json!({ "smallestOf": ["png", "webp", "jpeg"], "similarity": 0.995, "quality": 90 }));
    let output = &produced.outputs[0];
    assert_eq!((output.format, output.encoded.format, output.name.as_str()), (Format::Jpeg, Format::Jpeg, "a.jpg"));
    let message = hint(&produced);
    let quality: u8 = message.strip_prefix("JPEG of quality ").unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!(message.contains("; PNG has ") && message.contains("; WebP of quality 90 has "), "{message}");
    assert!((31..90).contains(&quality), "{message}");
    assert!(likeness(&original, &output.encoded.bytes) >= 0.995);
    let at = |quality: u8| run(&original, &json!({ "format": "jpeg", "quality": quality, "smallestOf": [] }));
    // The chroma of the original is halved again here, and kept there.
    let (there, here) = (at(quality).outputs[0].encoded.bytes.len(), output.encoded.bytes.len());
    assert!(there.abs_diff(here) * 20 < there, "{there} and {here}");
    let lower = at(quality - 3);
    assert!(likeness(&original, &lower.outputs[0].encoded.bytes) < 0.995, "{message}");
}

#[test]
fn a_drawing_stays_without_loss_where_that_is_smaller() {
    let original = drawing(false);
    let produced = run(&original, &json!({ "smallestOf": ["jpeg", "png"] }));
    assert_eq!((produced.outputs[0].format, produced.outputs[0].name.as_str()), (Format::Png, "a.png"));
    assert_eq!(picture(&produced.outputs[0].encoded.bytes).pixels, picture(&original).pixels);
    assert!(hint(&produced).starts_with("PNG has "));
}

#[test]
fn transparent_pictures_do_not_become_jpeg_unless_there_is_nothing_else() {
    let produced = run(&drawing(true), &json!({ "smallestOf": ["jpeg", "png"] }));
    assert_eq!(produced.outputs[0].format, Format::Png);
    assert!(!hint(&produced).contains("JPEG"));
    let produced = run(&drawing(true), &json!({ "smallestOf": ["jpeg"], "similarity": 0.9 }));
    assert_eq!(produced.outputs[0].format, Format::Jpeg);
}

#[test]
fn the_most_similar_is_kept_if_none_is_similar_enough() {
    let produced = run(&photo(), &json!({ "smallestOf": ["webp", "jpeg"], "similarity": 1, "quality": 70 }));
    assert_eq!(produced.outputs[0].format, Format::Jpeg);
    let message = hint(&produced);
    assert!(
        message.starts_with("No file is similar enough (1), so the most similar one was kept. JPEG of quality 70 has ")
    );
}

#[test]
fn a_limit_of_bytes_comes_after_the_choice() {
    let original = photo();
    let free = run(&original, &json!({ "smallestOf": ["jpeg"], "similarity": 1, "quality": 95 })).outputs[0]
        .encoded
        .bytes
        .len();
    let most = free * 3 / 4;
    let produced = run(&original, &json!({ "smallestOf": ["jpeg"], "similarity": 1, "quality": 95, "maxBytes": most }));
    assert!(produced.outputs[0].encoded.bytes.len() <= most);
    let codes: Vec<&str> = produced.warnings.iter().map(|warning| warning.code.as_str()).collect();
    assert_eq!(codes, ["smallest_of", "fitted"]);
}

#[test]
fn lists_with_other_words_or_twice_the_same_are_refused() {
    for (list, is_valid) in [
        (json!([]), true),
        (json!(["png", "jpeg"]), true),
        (json!(["png", "png"]), false),
        (json!(["bmp"]), false),
        (json!("png"), false),
        (json!([1]), false),
    ] {
        let document = json!({
            "actions": [
                { "actionId": "in", "actionType": "input-images", "parameters": { "images": [{ "name": "a", "sourceUrl": "asset:a" }] } },
                { "actionId": "save", "actionType": "output", "parameters": { "smallestOf": list } },
            ],
            "connections": [{ "connectionSource": "in", "sourcePort": "outputs", "connectionTarget": "save", "targetPort": "input-images" }],
        });
        let found = check(&document).1;
        let wrong: Vec<_> = found.iter().filter(|one| one.is_error()).collect();
        assert_eq!(wrong.is_empty(), is_valid, "{list}: {wrong:?}");
        assert!(wrong.iter().all(|one| one.field.as_deref() == Some("smallestOf")));
    }
}
