//! How files are written, as parameters of `output` say: read from their markers, and by other decoders.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails, also in its helpers")]

use std::io::Cursor;
use std::path::Path;

use pixelmill::engine::{Plan, Services, Source};
use pixelmill::workflow::check;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

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
    let sources = [Source { name: "a", folder: "", bytes: bytes.into() }];
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

/// The files of a graph with these sinks behind the picture, in order: their names, bytes and actions.
fn files(bytes: &[u8], between: &[(&str, Value)], sinks: &[Value]) -> Vec<(String, Vec<u8>, String)> {
    let mut actions = vec![json!({ "actionId": "in", "actionType": "input-images",
        "parameters": { "images": [{ "name": "a.jpg", "sourceUrl": "asset:a" }] } })];
    let mut connections = Vec::new();
    let mut last = "in".to_owned();
    let connect = |source: &str, target: &str| json!({ "connectionSource": source, "sourcePort": "outputs", "connectionTarget": target, "targetPort": "input-images" });
    for (index, (kind, parameters)) in between.iter().enumerate() {
        let id = format!("between-{index}");
        actions.push(json!({ "actionId": id, "actionType": kind, "parameters": parameters }));
        connections.push(connect(&last, &id));
        last = id;
    }
    for (index, sink) in sinks.iter().enumerate() {
        let mut before = last.clone();
        // A sink is one action, or a resize and an output.
        let chain = sink.as_array().cloned().unwrap_or_else(|| vec![sink.clone()]);
        for (step, action) in chain.into_iter().enumerate() {
            let id = format!("sink-{index}-{step}");
            actions.push(json!({ "actionId": id, "actionType": action["type"], "parameters": action["parameters"] }));
            connections.push(connect(&before, &id));
            before = id;
        }
    }
    let (workflow, found) = check(&json!({ "metadata": {}, "actions": actions, "connections": connections }));
    assert!(found.is_empty(), "{found:#?}");
    let plan = Plan::build(&workflow).unwrap();
    let sources = [Source { name: "a.jpg", folder: "", bytes: bytes.into() }];
    let produced = plan.run(0, &sources, Services::default()).unwrap();
    produced.outputs.into_iter().map(|one| (one.name, one.encoded.bytes, one.action_id)).collect()
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

/// A PNG file's colour type and bit depth, and its pixels as RGBA.
fn png_parts(bytes: &[u8]) -> (png::ColorType, png::BitDepth, Vec<[u8; 4]>) {
    let header = png::Decoder::new(Cursor::new(bytes)).read_info().unwrap();
    let (color, depth) = (header.info().color_type, header.info().bit_depth);
    let mut decoder = png::Decoder::new(Cursor::new(bytes));
    decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::ALPHA);
    let mut reader = decoder.read_info().unwrap();
    let mut samples = vec![0; reader.output_buffer_size().unwrap()];
    let channels = reader.output_color_type().0.samples();
    reader.next_frame(&mut samples).unwrap();
    let pixel =
        |pixel: &[u8]| if channels == 2 { [pixel[0], pixel[0], pixel[0], pixel[1]] } else { pixel.try_into().unwrap() };
    (color, depth, samples.chunks_exact(channels).map(pixel).collect())
}

fn colors(pixels: &[[u8; 4]]) -> usize {
    pixels.iter().collect::<std::collections::HashSet<_>>().len()
}

/// A slope of colours, as a PNG file; with transparency in every second band if `alpha`.
fn slope(alpha: bool) -> (Vec<u8>, Vec<[u8; 4]>) {
    let (width, height) = (96_u32, 64_u32);
    let opacity = |x: u32| if alpha { [255, 0, 100, 200][(x / 24) as usize] } else { 255 };
    let pixel = |x: u32, y: u32| [(x * 2) as u8, (y * 3) as u8, (255 - x - y) as u8, opacity(x)];
    let pixels: Vec<[u8; 4]> = (0..height).flat_map(|y| (0..width).map(move |x| pixel(x, y))).collect();
    let mut original = Vec::new();
    let mut encoder = png::Encoder::new(&mut original, width, height);
    encoder.set_color(png::ColorType::Rgba);
    encoder.write_header().and_then(|mut writer| writer.write_image_data(&pixels.concat())).unwrap();
    (original, pixels)
}

#[test]
fn more_effort_makes_smaller_files_of_the_same_picture() {
    for name in ["rgb-8-interlaced.png", "rgba-8.png", "palette-8.png", "gray-16.png", "profile.png"] {
        let Ok(original) = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/codecs").join(name))
        else {
            continue;
        };
        let write = |output: Value| run(&original, &[], output);
        let plain = write(json!({}));
        let hard = write(json!({ "effort": 9 }));
        assert_eq!(png_parts(&plain).2, png_parts(&hard).2, "{name}");
        assert!(hard.len() <= plain.len() && hard.len() <= write(json!({ "effort": 1 })).len(), "{name}");
        let tiff = |more: Value| {
            let mut output = json!({ "format": "tiff" });
            output.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            write(output).len()
        };
        assert!(
            tiff(json!({ "effort": 9 })) <= tiff(json!({})) && tiff(json!({})) <= tiff(json!({ "effort": 1 })),
            "{name}"
        );
    }
}

#[test]
fn a_png_has_no_more_colours_than_its_palette() {
    let (original, before) = slope(false);
    assert!(colors(&before) > 4000);
    let mut lengths = Vec::new();
    for (count, depth) in [(2, 1), (4, 2), (16, 4), (17, 8), (256, 8)] {
        for dither in [true, false] {
            let written = run(&original, &[], json!({ "palette": count, "dither": dither }));
            let (color, bits, pixels) = png_parts(&written);
            assert_eq!((color, bits as u8), (png::ColorType::Indexed, depth), "{count}");
            assert!(colors(&pixels) <= count && colors(&pixels) * 2 > count, "{} of {count}", colors(&pixels));
            // On the whole, dithering keeps the colours, even with few of them.
            let mean = |pixels: &[[u8; 4]]| {
                [0, 1, 2].map(|i| pixels.iter().map(|pixel| f64::from(pixel[i])).sum::<f64>() / pixels.len() as f64)
            };
            let off = mean(&before).iter().zip(mean(&pixels)).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(off < if count == 2 { 60.0 } else { 16.0 }, "{count} {dither}: {off}");
            lengths.push(written.len());
        }
    }
    assert!(lengths.chunks(2).all(|pair| pair[1] < pair[0]), "dots cost bytes: {lengths:?}");
    let pixels = png_parts(&run(&original, &[], json!({ "palette": 256, "dither": false }))).2;
    // Pillow's median cut comes to 8, and its octree to 9, over the three channels of a pixel, but not in Oklab.
    let errors = before.concat().iter().zip(pixels.concat()).map(|(a, b)| f64::from(a.abs_diff(b))).sum::<f64>();
    assert!(errors / (before.len() as f64) < 10.0, "256 colours are close to all: {}", errors / before.len() as f64);
}

/// libimagequant 2.4 reaches 49.4 and 37.2 dB on these; Wu's method with 32 steps a side 38.5 and 34.3.
#[test]
fn a_palette_of_256_colours_is_close_to_a_photograph() {
    for (name, least) in [("mug.jpg", 47.5), ("tulips.jpg", 35.5)] {
        let original = file(&format!("../../src/samples/{name}"));
        let written = |more: Value| png_parts(&run(&original, &[], more)).2.concat();
        let before = written(json!({ "format": "png" }));
        let after = written(json!({ "format": "png", "palette": 256, "dither": false }));
        let squares: f64 = before.iter().zip(&after).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2)).sum();
        let decibels = 10.0 * (255.0 * 255.0 * 0.75 * before.len() as f64 / squares).log10();
        assert!(decibels > least, "{name}: {decibels}");
    }
}

#[test]
fn pixels_of_a_palette_are_opaque_or_transparent() {
    let (original, before) = slope(true);
    for count in [2, 3, 8, 256] {
        let pixels = png_parts(&run(&original, &[], json!({ "palette": count, "background": "#000000" }))).2;
        assert!(colors(&pixels) <= count, "{} of {count}", colors(&pixels));
        for (was, is) in before.iter().zip(&pixels) {
            assert_eq!(is[3], if was[3] < 128 { 0 } else { 255 });
        }
    }
}

#[test]
fn a_picture_of_few_colours_keeps_them() {
    let size = (20_u32, 20_u32);
    let few = [[10, 20, 30, 255], [200, 100, 50, 128], [0, 0, 0, 0], [90, 90, 90, 40]];
    let before: Vec<[u8; 4]> = (0..size.0 * size.1).map(|i| few[(i / 5 % 4) as usize]).collect();
    let mut original = Vec::new();
    let mut encoder = png::Encoder::new(&mut original, size.0, size.1);
    encoder.set_color(png::ColorType::Rgba);
    encoder.write_header().and_then(|mut writer| writer.write_image_data(&before.concat())).unwrap();
    assert_eq!(png_parts(&run(&original, &[], json!({ "palette": 4 }))).2, before);
    assert_ne!(png_parts(&run(&original, &[], json!({ "palette": 3 }))).2, before);
    // The other formats have no palette.
    let plain = run(&original, &[], json!({ "format": "tiff" }));
    assert_eq!(run(&original, &[], json!({ "format": "tiff", "palette": 2 })), plain);
    let plain = run(&original, &[], json!({ "format": "ico" }));
    assert_eq!(run(&original, &[], json!({ "format": "ico", "palette": 2 })), plain);
}

#[test]
fn gray_and_profiled_pictures_get_a_palette_too() {
    for name in ["gray-16.png", "profile.png", "baseline-420.jpg", "gray.jpg", "rgba-8.png"] {
        let Ok(original) = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/codecs").join(name))
        else {
            continue;
        };
        let written = run(&original, &[], json!({ "format": "png", "palette": 12 }));
        assert!(colors(&png_parts(&written).2) <= 12, "{name}");
        let has_profile =
            |bytes: &[u8]| png::Decoder::new(Cursor::new(bytes)).read_info().unwrap().info().icc_profile.is_some();
        let plain = run(&original, &[], json!({ "format": "png" }));
        assert_eq!(has_profile(&written), has_profile(&plain), "{name}");
    }
}

#[test]
fn renditions_are_what_a_resize_and_an_output_make() {
    for (name, between) in [
        ("codecs/baseline-420.jpg", vec![]),
        ("codecs/rgba-8.png", vec![("flip", json!({}))]),
        ("codecs/profile.jpg", vec![("sharpen", json!({}))]),
    ] {
        let original = file(name);
        let renditions = json!([
            { "width": 20, "suffix": "-a" },
            { "width": 12, "height": 12, "fit": "fill", "gravity": "west", "format": "png" },
            { "format": "jpeg", "quality": 40, "suffix": "" },
            { "width": 20, "format": "jpeg", "subsampling": "444", "suffix": "-{height}" },
        ]);
        let together = files(
            &original,
            &between,
            &[json!({ "type": "create-rendition", "parameters": { "renditions": renditions } })],
        );
        let resize = |parameters: Value| json!({ "type": "resize", "parameters": parameters });
        let output = |parameters: Value| json!({ "type": "output", "parameters": parameters });
        let apart = files(
            &original,
            &between,
            &[
                json!([resize(json!({ "width": 20 })), output(json!({ "name": "{name}-a.{ext}" }))]),
                json!([
                    resize(json!({ "width": 12, "height": 12, "mode": "fill", "gravity": "west" })),
                    output(json!({ "format": "png", "name": "{name}-{width}.{ext}" })),
                ]),
                output(json!({ "format": "jpeg", "quality": 40 })),
                json!([
                    resize(json!({ "width": 20 })),
                    output(json!({ "format": "jpeg", "subsampling": "444", "name": "{name}-{height}.{ext}" })),
                ]),
            ],
        );
        let without_ids = |files: &[(String, Vec<u8>, String)]| {
            files.iter().map(|(name, bytes, _)| (name.clone(), bytes.clone())).collect::<Vec<_>>()
        };
        let names =
            |files: &[(String, Vec<u8>, String)]| files.iter().map(|(name, ..)| name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&together), names(&apart), "{name}");
        assert!(without_ids(&together) == without_ids(&apart), "{name}");
        assert!(together.iter().all(|(.., id)| id == "sink-0-0"), "each names the action");
    }
}

#[test]
fn a_wrong_rendition_is_a_diagnostic_with_its_index_and_an_unknown_parameter_a_warning() {
    let diagnostics = |renditions: Value| {
        let (_, found) = check(&json!({
            "metadata": {},
            "actions": [
                { "actionId": "in", "actionType": "input-images", "parameters": { "images": [{ "name": "a", "sourceUrl": "asset:a" }] } },
                { "actionId": "save", "actionType": "create-rendition", "parameters": { "renditions": renditions } },
            ],
            "connections": [{ "connectionSource": "in", "sourcePort": "outputs", "connectionTarget": "save", "targetPort": "input-images" }],
        }));
        found
            .into_iter()
            .map(|one| (one.code.clone(), one.field.clone(), one.is_error(), one.message.clone()))
            .collect::<Vec<_>>()
    };
    let field = || Some("renditions".to_owned());
    let [(code, place, is_error, message)] = &diagnostics(json!([{}, { "height": -4 }]))[..] else { panic!("one") };
    assert_eq!((code.as_str(), place, is_error), ("out_of_range", &field(), &true));
    assert!(message.contains("\"renditions[1].height\""), "{message}");
    let [(code, place, is_error, message)] = &diagnostics(json!([{ "heigth": 4 }]))[..] else { panic!("one") };
    assert_eq!((code.as_str(), place, is_error), ("unknown_parameter", &field(), &false));
    assert!(message.contains("renditions[0].heigth"), "{message}");
}

/// Expected values as exiftool shows them: the model "K 7", taken on 2026:05:03.
#[test]
fn names_say_what_the_file_says() {
    let named = |bytes: &[u8], pattern: &str| {
        let sinks = [json!({ "type": "output", "parameters": { "format": "png", "name": pattern } })];
        files(bytes, &[], &sinks).remove(0)
    };
    for (file_name, expected) in [
        ("all.jpg", "2026-05-03 K 7 0000.png"),
        ("all.png", "2026-05-03 K 7 0000.png"),
        ("all.webp", "2026-05-03 K 7 0000.png"),
        ("all.tif", "2026-05-03 K 7 0000.png"),
        ("words.jpg", "  0000.png"),
    ] {
        let (name, ..) = named(&file(&format!("metadata/{file_name}")), "{exif.date} {exif.camera} {index:04}.{ext}");
        assert_eq!(name, expected, "{file_name}");
    }
    let (name, bytes, _) = named(&file("metadata/all.jpg"), "{name}.{hash:12}.{ext}");
    let hash: String = Sha256::digest(&bytes).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(name, format!("a.{hash}.png"));
}
