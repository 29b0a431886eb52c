//! Files of at most so many bytes: sizes are counted, and what was done is read from the files by another decoder.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails, also in its helpers")]

use std::cell::{Cell, RefCell};
use std::path::Path;

use pixelmill::codecs::{self, Encoder, Encoders, Encoding, Raster};
use pixelmill::engine::{Plan, Produced, ProducedOutput, Services, Source, Steps};
use pixelmill::error::{Failure, WarningLevel};
use pixelmill::image::Size;
use pixelmill::workflow::check;
use serde_json::{Value, json};

/// Writes WebP files that depend on the quality as lossy ones do: lossless ones, with a chunk of padding.
#[derive(Default)]
struct Padded {
    count: Cell<u32>,
}

impl Encoders for Padded {
    fn encode(&self, Raster { rgba, size, .. }: Raster<'_>, encoding: Encoding) -> Result<Vec<u8>, Failure> {
        let Encoding::Webp { quality, lossless } = encoding else { panic!("only WebP is written") };
        self.count.set(self.count.get() + 1);
        let mut bytes = Vec::new();
        let flat = vec![255; rgba.len()];
        let samples = if lossless { rgba } else { &flat };
        let encoder = image_webp::WebPEncoder::new(&mut bytes);
        encoder.encode(samples, size.width, size.height, image_webp::ColorType::Rgba8).unwrap();
        if !lossless {
            let padding = (size.pixels() as usize * usize::from(quality) / 100) & !1;
            bytes.extend(b"padd");
            bytes.extend(u32::try_from(padding).unwrap().to_le_bytes());
            bytes.extend(vec![0; padding]);
            let length = u32::try_from(bytes.len() - 8).unwrap().to_le_bytes();
            bytes[4..8].copy_from_slice(&length);
        }
        Ok(bytes)
    }

    fn name(&self, encoder: Encoder) -> Option<&'static str> {
        (encoder == Encoder::Webp).then_some("padded 1")
    }
}

fn file(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)).unwrap()
}

/// A picture with edges, slopes and noise, as a PNG file.
fn picture(width: u32, height: u32) -> Vec<u8> {
    let value = |x: u32, y: u32, channel: u32| {
        let noise = (x * 7919 + y * 104_729 + channel * 31).wrapping_mul(2_654_435_761) >> 28;
        let edge = if (x / 23 + y / 17).is_multiple_of(3) { 70 } else { 0 };
        ((x * (channel + 1) / 3 + y / 2) % 160 + edge + noise) as u8
    };
    let pixels = (0..height).flat_map(|y| (0..width).flat_map(move |x| [0, 1, 2].map(|channel| value(x, y, channel))));
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    let samples: Vec<u8> = pixels.collect();
    encoder.write_header().and_then(|mut writer| writer.write_image_data(&samples)).unwrap();
    bytes
}

fn plan(output: &Value) -> Plan {
    let (workflow, found) = check(&json!({
        "metadata": {},
        "actions": [
            { "actionId": "in", "actionType": "input-images", "parameters": { "images": [{ "name": "a", "sourceUrl": "asset:a" }] } },
            { "actionId": "save", "actionType": "output", "parameters": output },
        ],
        "connections": [{ "connectionSource": "in", "sourcePort": "outputs", "connectionTarget": "save", "targetPort": "input-images" }],
    }));
    Plan::build(&workflow).unwrap_or_else(|_| panic!("{found:#?}"))
}

fn run_with(bytes: &[u8], output: &Value, webp: &Padded, steps: Option<&RefCell<Steps>>) -> Produced {
    let sources = [Source { name: "a", folder: "", bytes: bytes.into() }];
    let services = Services { encoders: Some(webp), steps, ..Services::default() };
    plan(output).run(0, &sources, services).unwrap()
}

fn run(bytes: &[u8], output: Value) -> Produced {
    run_with(bytes, &output, &Padded::default(), None)
}

fn only(produced: &Produced) -> &ProducedOutput {
    &produced.outputs[0]
}

fn length(produced: &Produced) -> usize {
    only(produced).encoded.bytes.len()
}

fn codes(produced: &Produced) -> Vec<&str> {
    produced.warnings.iter().map(|warning| warning.code.as_str()).collect()
}

/// The size of a file's picture, as another decoder reads it.
fn size_in(bytes: &[u8]) -> (usize, usize) {
    let mut decoder = zune_jpeg::JpegDecoder::new(std::io::Cursor::new(bytes));
    decoder.decode_headers().unwrap();
    decoder.dimensions().unwrap()
}

/// The number behind a word of a message.
fn number_after(message: &str, word: &str) -> usize {
    let rest = message.split_once(word).unwrap().1;
    rest.split_whitespace().next().unwrap().parse().unwrap()
}

#[test]
fn a_jpeg_gets_the_highest_quality_that_fits() {
    let original = picture(400, 300);
    let at = |quality: usize| length(&run(&original, json!({ "format": "jpeg", "quality": quality })));
    let (high, low) = (at(80), at(30));
    let unlimited = run(&original, json!({ "format": "jpeg", "maxBytes": high }));
    assert_eq!((length(&unlimited), codes(&unlimited)), (high, vec![]), "it fits as it is");
    for most in [high - 1, (high + 2 * low) / 3, (high + low) / 2, low + 100, low] {
        let produced = run(&original, json!({ "format": "jpeg", "maxBytes": most }));
        assert!(length(&produced) <= most);
        assert_eq!(codes(&produced), ["fitted"]);
        let warning = &produced.warnings[0];
        assert_eq!((warning.level, warning.action_id.as_deref()), (WarningLevel::Hint, Some("save")));
        let quality = number_after(&warning.message, "Quality ");
        assert!((30..80).contains(&quality) && warning.message.contains(" instead of 80, to stay within "));
        assert_eq!(at(quality), length(&produced), "the file of that quality");
        assert!(at(quality + 1) > most, "{quality} is not the highest");
        assert_eq!(size_in(&only(&produced).encoded.bytes), (400, 300));
    }
}

#[test]
fn a_picture_becomes_smaller_only_on_request() {
    let original = picture(400, 300);
    let low = length(&run(&original, json!({ "format": "jpeg", "quality": 30 })));
    let produced = run(&original, json!({ "format": "jpeg", "maxBytes": low / 2 }));
    assert_eq!((length(&produced), codes(&produced)), (low, vec!["over_max_bytes"]), "the smallest");
    assert!(produced.warnings[0].is_doubt() && produced.warnings[0].hint.contains("shrinkToFit"));

    let output =
        json!({ "format": "jpeg", "maxBytes": low / 2, "shrinkToFit": true, "name": "{width}x{height}.{ext}" });
    let produced = run(&original, output);
    assert!(length(&produced) <= low / 2 && length(&produced) > low / 3, "{}", length(&produced));
    assert_eq!(codes(&produced), ["fitted"]);
    let (width, height) = size_in(&only(&produced).encoded.bytes);
    assert!(width < 400 && width * 3 / 4 == height, "{width} × {height}");
    assert_eq!(only(&produced).size, Size::new(width as u32, height as u32));
    assert_eq!(only(&produced).name, format!("{width}x{height}.jpg"));
    let expected = format!("Quality 30 instead of 80 and {width} × {height} instead of 400 × 300 pixels");
    assert!(produced.warnings[0].message.starts_with(&expected), "{}", produced.warnings[0].message);

    let produced = run(&original, json!({ "format": "jpeg", "maxBytes": 300, "shrinkToFit": true }));
    assert_eq!((size_in(&only(&produced).encoded.bytes), codes(&produced)), ((40, 30), vec!["over_max_bytes"]));
}

#[test]
fn formats_without_loss_only_become_smaller() {
    let original = picture(200, 150);
    for format in ["png", "tiff", "bmp", "qoi", "gif", "webp", "jxl"] {
        let output = |most: usize, shrinks: bool| json!({ "format": format, "lossless": true, "maxBytes": most, "shrinkToFit": shrinks });
        let whole = length(&run(&original, output(100_000_000, true)));
        let kept = run(&original, output(whole / 2, false));
        assert_eq!((length(&kept), codes(&kept)), (whole, vec!["over_max_bytes"]), "{format}");
        let smaller = run(&original, output(whole / 2, true));
        assert_eq!(codes(&smaller), ["fitted"], "{format}");
        assert!(length(&smaller) <= whole / 2 && only(&smaller).size.width < 200, "{format}");
        assert!(!smaller.warnings[0].message.contains("uality"), "{}", smaller.warnings[0].message);
        assert_eq!(codecs::probe(&only(&smaller).encoded.bytes, "a").unwrap().size, only(&smaller).size);
    }
}

#[test]
fn webp_is_written_at_most_six_times_or_twelve_with_other_sizes() {
    let original = picture(100, 80);
    for (most, shrinks, attempts) in [(9000, false, 1), (6000, false, 6), (300, false, 6), (1000, true, 12)] {
        let webp = Padded::default();
        let output = json!({ "format": "webp", "maxBytes": most, "shrinkToFit": shrinks });
        let produced = run_with(&original, &output, &webp, None);
        assert!((1..=attempts).contains(&webp.count.get()), "{} for {most}", webp.count.get());
        assert_eq!(length(&produced) <= most, most > 300);
    }
}

#[test]
fn metadata_counts() {
    let original = file("metadata/camera.jpg");
    let written = |output: Value| run(&original, output);
    let bare = length(&written(json!({ "metadata": "strip", "quality": 40 })));
    let author = "x".repeat(3000);
    let most = bare + 3000;
    let produced = written(json!({ "metadata": "keep", "author": author, "maxBytes": most, "quality": 90 }));
    assert!(length(&produced) <= most || codes(&produced).contains(&"over_max_bytes"));
    assert!(only(&produced).encoded.bytes.windows(3000).any(|window| window == author.as_bytes()));
}

#[test]
fn an_original_that_is_small_enough_is_kept_instead_of_a_lower_quality() {
    let original = file("codecs/baseline-420.jpg");
    let output = |most: usize| json!({ "keepOriginalIfSmaller": true, "quality": 100, "maxBytes": most });
    let produced = run(&original, output(original.len()));
    assert_eq!((only(&produced).encoded.encoder, codes(&produced)), ("original file", vec!["original_kept"]));
    let produced = run(&original, output(original.len() / 2));
    assert_ne!(only(&produced).encoded.encoder, "original file");
    assert!(length(&produced) <= original.len() / 2 && codes(&produced) == ["fitted"]);
    // Nothing is small enough, and the original is the smallest.
    let webp = file("codecs/lossy.webp");
    let output = json!({ "keepOriginalIfSmaller": true, "maxBytes": 200 });
    let produced = run(&webp, output);
    if only(&produced).encoded.encoder == "original file" {
        assert_eq!(codes(&produced), ["over_max_bytes", "original_kept"]);
    } else {
        assert!(length(&produced) < webp.len());
    }
}

#[test]
fn an_animation_is_written_as_it_is() {
    let original = file("codecs/animated.webp");
    let plain = run(&original, json!({ "format": "gif" }));
    let limited = run(&original, json!({ "format": "gif", "maxBytes": 200, "shrinkToFit": true }));
    assert_eq!(only(&plain).encoded.bytes, only(&limited).encoded.bytes);
    assert_eq!(codes(&limited), ["over_max_bytes"]);
    assert_eq!(limited.warnings[0].action_id.as_deref(), Some("save"));
    let large = run(&original, json!({ "format": "gif", "maxBytes": length(&plain) }));
    assert_eq!(codes(&large), Vec::<&str>::new());
}

#[test]
fn a_preview_keeps_what_was_fitted() {
    let original = picture(120, 90);
    let (webp, steps) = (Padded::default(), RefCell::new(Steps::new(1 << 24)));
    let run = |most: usize| run_with(&original, &json!({ "format": "webp", "maxBytes": most }), &webp, Some(&steps));
    let first = run(6000);
    let count = webp.count.get();
    let again = run(6000);
    assert_eq!((only(&first).encoded.bytes.clone(), webp.count.get()), (only(&again).encoded.bytes.clone(), count));
    assert_eq!((codes(&first), codes(&again)), (vec!["fitted"], vec!["fitted"]));
    assert!(length(&run(5000)) <= 5000, "another limit is another result");
    assert!(webp.count.get() > count);
}
