//! Pictures of more than 8 bits a sample in whole workflows: they stay deep as long as actions can work on them, and are brought to
//! 8 bits once.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails, also in its helpers")]

use std::path::Path;

use pixelmill::actions::{Role, catalog};
use pixelmill::codecs::{self, EncodeRequest, Format};
use pixelmill::engine::{Plan, Produced, Services, Source};
use pixelmill::image::convert::convert;
use pixelmill::image::{Deep, Image, Pixels, Representation, Size};
use pixelmill::lettering::FONT;
use pixelmill::lettering::typesetting::FontTypesetter;
use serde_json::{Value, json};

#[path = "shared/graphs.rs"]
mod graphs;

use graphs::{action, plan};

fn save(parameters: Value) -> Value {
    action("save", "output", parameters)
}

/// Actions one after another.
fn chain(actions: &[(&str, Value)], output: Value) -> Plan {
    let ids: Vec<_> = (0..actions.len()).map(|at| format!("a{at}")).collect();
    let mut all: Vec<_> =
        actions.iter().zip(&ids).map(|((kind, parameters), id)| action(id, kind, parameters.clone())).collect();
    all.push(save(output));
    let places: Vec<_> = ["photos"].into_iter().chain(ids.iter().map(String::as_str)).chain(["save"]).collect();
    plan(&all, &places.windows(2).map(|pair| format!("{}>{} ", pair[0], pair[1])).collect::<String>())
}

fn run(plan: &Plan, files: [&[u8]; 2]) -> Produced {
    let font = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lettering/roboto").join(FONT.file);
    let typesetter = FontTypesetter::new(std::fs::read(font).unwrap()).unwrap();
    let sources = files.map(|bytes| Source { name: "a.png", folder: "", bytes: bytes.into() });
    let services = Services { typesetter: Some(&typesetter), ..Services::default() };
    let produced = plan.run(0, &sources[..plan.graph().sources.len()], services);
    produced.unwrap_or_else(|stop| panic!("{:?}", stop.into_failure()))
}

fn written(image: &Image) -> Vec<u8> {
    codecs::encode(image.clone(), &EncodeRequest::new(Format::Png), None).unwrap().bytes
}

fn read(file: &[u8]) -> Image {
    let header = codecs::probe(file, "a file").unwrap();
    codecs::decode(file, &header, &codecs::DecodeRequest::whole(&header), "a file").unwrap().image
}

/// Samples of 16 bits as RGB.
fn deep(image: Image) -> Vec<u16> {
    assert!(image.representation().is_deep(), "{:?}", image.representation());
    match convert(image, Representation::Rgb16).pixels {
        Pixels::Deep(deep) => deep.samples().to_vec(),
        _ => panic!("not deep"),
    }
}

/// Colours that hardly ever are those of 8 bits.
fn picture(width: u32, height: u32) -> Image {
    let sample = |x: u32, y: u32, channel: u32| (9000 + x * 401 + y * 127 + channel * 7001) as u16;
    let samples = (0..height).flat_map(|y| (0..width).flat_map(move |x| (0..3).map(move |at| sample(x, y, at))));
    Image::new(Size::new(width, height), Pixels::Deep(Deep::Rgb(samples.collect())))
}

#[test]
fn levels_that_undo_each_other_lose_next_to_nothing() {
    let ramp: Vec<u16> = (0..4096_u32).map(|at| (at * 16) as u16).collect();
    let image = Image::new(Size::new(64, 64), Pixels::Deep(Deep::Gray(ramp.clone())));
    let there_and_back = [("levels", json!({ "gamma": 0.4 })), ("levels", json!({ "gamma": 2.5 }))];
    let produced = run(&chain(&there_and_back, json!({ "format": "png" })), [&written(&image), &[]]);
    let Pixels::Deep(Deep::Gray(back)) = read(&produced.outputs[0].encoded.bytes).pixels else { panic!("gray") };
    for (before, after) in ramp.iter().zip(&back).filter(|(before, _)| **before > 3000) {
        // By 8 bits it would be off by up to a thousand.
        assert!(before.abs_diff(*after) <= 64, "{before} became {after}");
    }
}

#[test]
fn only_a_portrait_gets_its_caption_and_both_keep_16_bits() {
    let plan = plan(
        &[
            action("portrait", "condition", json!({ "when": "height > width" })),
            action("caption", "text", json!({ "text": "Portrait", "size": 0.2, "background": null })),
            action("with", "output", json!({ "format": "png", "name": "with.{ext}" })),
            action("without", "output", json!({ "format": "tiff", "name": "without.{ext}" })),
        ],
        "photos>portrait portrait.then>caption caption>with portrait.else>without",
    );
    let (upright, wide) = (picture(60, 90), picture(90, 60));
    let produced = run(&plan, [&written(&upright), &[]]);
    assert_eq!(produced.outputs.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["with.png"]);
    let (before, after) = (deep(upright), deep(read(&produced.outputs[0].encoded.bytes)));
    let changed = before.iter().zip(&after).filter(|(before, after)| before != after).count();
    assert!((300..before.len() / 2).contains(&changed), "{changed} samples are letters");
    assert!(after.contains(&u16::MAX), "the letters are white");

    let produced = run(&plan, [&written(&wide), &[]]);
    assert_eq!(produced.outputs.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["without.tif"]);
    assert_eq!(deep(read(&produced.outputs[0].encoded.bytes)), deep(wide));
}

#[test]
fn a_logo_of_8_bits_joins_a_picture_of_16() {
    let plan = plan(
        &[action("mark", "watermark", json!({ "scale": 0.5, "opacity": 0.5 })), save(json!({ "format": "png" }))],
        "photos>mark other>mark.overlay mark>save",
    );
    let logo = Image::new(Size::new(8, 8), Pixels::Rgba([255, 0, 0, 255].repeat(64)));
    let photo = picture(40, 40);
    let produced = run(&plan, [&written(&photo), &written(&logo)]);
    let (before, after) = (deep(photo), deep(read(&produced.outputs[0].encoded.bytes)));
    assert_eq!(before[..30], after[..30], "the first pixels are not covered");
    let covered: Vec<_> = before.chunks(3).zip(after.chunks(3)).filter(|(before, after)| before != after).collect();
    assert_eq!(covered.len(), 400);
    for (before, after) in covered {
        let expected = [65_535, 0, 0].map(f64::from);
        for channel in 0..3 {
            let half = (f64::from(before[channel]) + expected[channel]) / 2.0;
            assert!((f64::from(after[channel]) - half).abs() < 1.5, "{before:?} became {after:?}");
        }
    }

    // The other way round, the logo is reduced.
    let photo = Image::new(Size::new(40, 40), Pixels::Rgb([10, 20, 30].repeat(1600)));
    let produced = run(&plan, [&written(&photo), &written(&picture(8, 8))]);
    assert!(!codecs::probe(&produced.outputs[0].encoded.bytes, "a result").unwrap().is_deep());
}

/// A gradient over few levels keeps its mean everywhere, which it would not in bands.
#[test]
fn formats_of_8_bits_get_dithered_samples() {
    let (width, height) = (256, 32);
    let at = |x: u32| 257.0 * (100.0 + 6.0 * f64::from(x) / f64::from(width));
    let samples = (0..height).flat_map(|_| (0..width).map(|x| at(x) as u16));
    let image = Image::new(Size::new(width, height), Pixels::Deep(Deep::Gray(samples.collect())));
    for output in [json!({ "format": "png", "bitDepth": "8" }), json!({ "format": "bmp" })] {
        let produced = run(&chain(&[("flip", json!({ "direction": "vertical" }))], output), [&written(&image), &[]]);
        let Pixels::Rgb(rgb) = convert(read(&produced.outputs[0].encoded.bytes), Representation::Rgb).pixels else {
            panic!("8 bits")
        };
        for left in (0..width as usize).step_by(8) {
            let places = (0..height as usize).flat_map(|y| (left..left + 8).map(move |x| y * width as usize + x));
            let mean = places.map(|place| f64::from(rgb[place * 3])).sum::<f64>() / f64::from(8 * height);
            let exact = (left..left + 8).map(|x| at(x as u32) / 257.0).sum::<f64>() / 8.0;
            assert!((mean - exact).abs() < 0.06, "{left}: {mean} instead of {exact}");
        }
    }
}

#[test]
fn every_action_that_can_keeps_16_bits() {
    let mut reduced = Vec::new();
    for action in catalog().iter().filter(|action| action.role == Role::Transform) {
        let required = action.inputs.iter().filter(|port| port.required).count();
        let needs_more = ["lut", "remove-background", "subject-crop", "blur-background"].contains(&action.action_type);
        if required > 1 || needs_more || action.is_condition() {
            continue;
        }
        let parameters = match action.action_type {
            "resize" | "pad" => json!({ "width": 50 }),
            "crop" => json!({ "ratio": "1:1" }),
            _ => json!({}),
        };
        let plan = chain(&[(action.action_type, parameters)], json!({ "format": "png" }));
        let produced = run(&plan, [&written(&picture(40, 32)), &[]]);
        if !codecs::probe(&produced.outputs[0].encoded.bytes, "a result").unwrap().is_deep() {
            reduced.push(action.action_type);
        }
    }
    assert_eq!(reduced, ["halftone"]);
}
