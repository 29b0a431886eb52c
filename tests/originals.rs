//! Delivering the original file instead of a larger result: what is kept of the file, and when it is delivered.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails, also in its helpers")]

use std::io::Cursor;
use std::path::Path;

use pixelmill::actions::Stop;
use pixelmill::codecs::{self, Encoder, Encoders, Encoding, Format, Raster};
use pixelmill::engine::{Plan, Produced, Services, Source};
use pixelmill::error::{Failure, WarningLevel};
use pixelmill::image::Size;
use pixelmill::workflow::check;
use serde_json::{Value, json};

/// Part of every metadata block; must not be in any result.
const SECRET: &[u8] = b"51.4778N 0.0015W";

fn file(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)).unwrap()
}

fn holds(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

/// An EXIF block: big-endian TIFF with an orientation, followed by the secret.
fn exif(orientation: u16) -> Vec<u8> {
    let mut tiff = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01".to_vec();
    tiff.extend(orientation.to_be_bytes());
    tiff.extend([0; 6]);
    [&tiff[..], SECRET].concat()
}

fn segment(code: u8, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let length = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
    [&[0xff, code][..], &length, &body].concat()
}

/// A JPEG file with all the metadata that cameras and editors write.
fn jpeg_with_metadata(orientation: u16) -> Vec<u8> {
    let plain = file("codecs/profile.jpg");
    // After the JFIF segment, which must be the first; it gets a thumbnail of 2 × 1 pixels.
    assert_eq!(plain[2..4], [0xff, 0xe0]);
    let end = 4 + usize::from(u16::from_be_bytes([plain[4], plain[5]]));
    let mut jfif = plain[6..end].to_vec();
    jfif[12..14].copy_from_slice(&[2, 1]);
    let mut with = vec![0xff, 0xd8];
    with.extend(segment(0xe0, &[&jfif, b"thumbs"]));
    with.extend(segment(0xe0, &[b"JFXX\0\x10", SECRET]));
    with.extend(segment(0xe1, &[b"Exif\0\0", &exif(orientation)]));
    with.extend(segment(0xe1, &[b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>", SECRET]));
    with.extend(segment(0xe2, &[b"MPF\0", SECRET]));
    with.extend(segment(0xed, &[b"Photoshop 3.0\08BIM\x04\x04", SECRET]));
    with.extend(segment(0xfe, &[SECRET]));
    with.extend_from_slice(&plain[end..]);
    // A second picture after the first, as some phones append.
    with.extend_from_slice(SECRET);
    with.extend_from_slice(&plain);
    with
}

fn png_chunk(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let covered = [&kind[..], content].concat();
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    [&length[..], &covered, &crc32fast::hash(&covered).to_be_bytes()].concat()
}

fn png_with_metadata() -> Vec<u8> {
    let plain = file("codecs/profile.png");
    let (head, rest) = plain.split_at(33);
    let (body, end) = rest.split_at(rest.len() - 12);
    let mut with = head.to_vec();
    with.extend(png_chunk(b"gAMA", &45455_u32.to_be_bytes()));
    with.extend(png_chunk(b"tEXt", &[b"Comment\0", SECRET].concat()));
    with.extend(png_chunk(b"iTXt", &[b"XML:com.adobe.xmp\0\0\0\0\0", SECRET].concat()));
    with.extend(png_chunk(b"tIME", &[7, 0xea, 1, 2, 3, 4, 5]));
    with.extend(png_chunk(b"eXIf", &exif(1)));
    with.extend(png_chunk(b"prVt", SECRET));
    with.extend_from_slice(body);
    with.extend(png_chunk(b"zTXt", SECRET));
    with.extend_from_slice(end);
    with.extend_from_slice(SECRET);
    with
}

fn webp_with_metadata() -> Vec<u8> {
    let mut with = file("codecs/profile.webp");
    assert_eq!(&with[12..16], b"VP8X");
    with[20] |= 0x0c;
    for (kind, content) in [(b"EXIF", exif(1)), (b"XMP ", SECRET.to_vec()), (b"prvt", SECRET.to_vec())] {
        with.extend_from_slice(kind);
        with.extend(u32::try_from(content.len()).unwrap().to_le_bytes());
        with.extend_from_slice(&content);
        with.extend(std::iter::repeat_n(0, content.len() % 2));
    }
    let length = u32::try_from(with.len() - 8).unwrap().to_le_bytes();
    with[4..8].copy_from_slice(&length);
    with.extend_from_slice(SECRET);
    with
}

/// Pixels and profile, read by other decoders.
fn by_others(bytes: &[u8]) -> (Vec<u8>, Option<Vec<u8>>) {
    match codecs::sniff(bytes) {
        Some(Format::Jpeg) => {
            let mut decoder = zune_jpeg::JpegDecoder::new(Cursor::new(bytes));
            let pixels = decoder.decode().unwrap();
            (pixels, decoder.icc_profile())
        }
        Some(Format::Png) => {
            let mut reader = png::Decoder::new(Cursor::new(bytes)).read_info().unwrap();
            let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
            reader.next_frame(&mut pixels).unwrap();
            (pixels, reader.info().icc_profile.as_ref().map(|profile| profile.to_vec()))
        }
        _ => {
            let mut decoder = image_webp::WebPDecoder::new(Cursor::new(bytes)).unwrap();
            let mut pixels = vec![0; decoder.output_buffer_size().unwrap()];
            decoder.read_image(&mut pixels).unwrap();
            assert_eq!((decoder.exif_metadata().unwrap(), decoder.xmp_metadata().unwrap()), (None, None));
            (pixels, decoder.icc_profile().unwrap())
        }
    }
}

fn stripped(bytes: &[u8]) -> Option<Vec<u8>> {
    let header = codecs::probe(bytes, "a").unwrap();
    codecs::without_metadata(bytes, &header).map(|encoded| encoded.bytes)
}

#[test]
fn metadata_is_gone_and_pixels_and_profile_are_as_they_were() {
    for (with, plain) in [
        (jpeg_with_metadata(1), "codecs/profile.jpg"),
        (png_with_metadata(), "codecs/profile.png"),
        (webp_with_metadata(), "codecs/profile.webp"),
    ] {
        let plain = file(plain);
        assert!(holds(&with, SECRET));
        let left = stripped(&with).unwrap();
        for trace in
            [SECRET, b"Exif", b"MM\0*", b"xmp", b"8BIM", b"MPF", b"JFXX", b"thumbs", b"tEXt", b"tIME", b"EXIF", b"XMP "]
        {
            assert!(!holds(&left, trace), "{}", String::from_utf8_lossy(trace));
        }
        let (pixels, profile) = by_others(&left);
        assert_eq!((pixels, profile.as_deref()), (by_others(&plain).0, by_others(&plain).1.as_deref()));
        assert!(profile.is_some());
        assert_eq!(stripped(&left).as_ref(), Some(&left), "there is no more to strip");
    }
    assert!(holds(&stripped(&png_with_metadata()).unwrap(), b"gAMA"), "it says what the colours mean");
}

#[test]
fn every_kind_of_file_keeps_its_pixels() {
    for name in [
        "baseline-420.jpg",
        "baseline-422.jpg",
        "gray.jpg",
        "rgb.jpg",
        "progressive-restarts.jpg",
        "restarts-420.jpg",
        "scans-apart.jpg",
        "gray-2-transparent.png",
        "palette-4-transparent-interlaced.png",
        "rgb-16.png",
        "lossless-alpha.webp",
        "lossy-alpha.webp",
        "lossy.webp",
    ] {
        let bytes = file(&format!("codecs/{name}"));
        assert_eq!(by_others(&stripped(&bytes).unwrap()).0, by_others(&bytes).0, "{name}");
    }
}

#[test]
fn what_cannot_stand_for_a_result_is_not_kept() {
    let field = |name: &str| file(&format!("field/{name}"));
    for (why, bytes) in [
        ("turned", jpeg_with_metadata(6)),
        ("turned", file("codecs/orientation-8.webp")),
        ("turned", file("codecs/orientation-6.png")),
        ("browsers do not show it", file("codecs/arithmetic-420.jpg")),
        ("it moves", file("codecs/animated.webp")),
        ("it moves", field("gif-animated.gif")),
        ("not a format that is written", file("codecs/rgb.bmp")),
    ] {
        assert_eq!(stripped(&bytes), None, "{why}");
    }
}

/// Writes large files: lossless WebP with a chunk of padding.
struct Padded(usize);

impl Encoders for Padded {
    fn encode(&self, Raster { rgba, size, .. }: Raster<'_>, _: Encoding) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        let encoder = image_webp::WebPEncoder::new(&mut bytes);
        encoder.encode(rgba, size.width, size.height, image_webp::ColorType::Rgba8).unwrap();
        // An unknown chunk.
        bytes.extend(b"padd");
        bytes.extend(u32::try_from(self.0).unwrap().to_le_bytes());
        bytes.extend(vec![0; self.0]);
        let length = u32::try_from(bytes.len() - 8).unwrap().to_le_bytes();
        bytes[4..8].copy_from_slice(&length);
        Ok(bytes)
    }

    fn name(&self, encoder: Encoder) -> Option<&'static str> {
        (encoder == Encoder::Webp).then_some("padded 1")
    }
}

/// Runs a chain of actions over one file.
fn run(bytes: &[u8], actions: &[(&str, Value)], output: Value) -> Result<Produced, Stop> {
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
    let (workflow, _) = check(&json!({ "metadata": {}, "actions": list, "connections": connections }));
    let plan = Plan::build(&workflow).unwrap();
    let sources = [Source { name: "a", folder: "", bytes: bytes.into() }];
    let webp = Padded(2000);
    // A host loads the encoder only if it is needed.
    let encoders = plan.encoders(&sources).contains(&Encoder::Webp).then_some(&webp as &dyn Encoders);
    let services = Services { encoders, ..Services::default() };
    plan.run(0, &sources, services)
}

/// The one result, and the codes of its warnings.
fn result(bytes: &[u8], actions: &[(&str, Value)], output: Value) -> (Vec<u8>, &'static str, Vec<String>) {
    let produced = run(bytes, actions, output).unwrap();
    let encoded = &produced.outputs[0].encoded;
    assert_eq!(codecs::sniff(&encoded.bytes), Some(encoded.format));
    let codes = produced.warnings.iter().map(|warning| warning.code.clone()).collect();
    (encoded.bytes.clone(), encoded.encoder, codes)
}

fn keep(quality: u32) -> Value {
    json!({ "keepOriginalIfSmaller": true, "quality": quality })
}

#[test]
fn the_original_is_delivered_where_the_result_would_be_larger() {
    let original = jpeg_with_metadata(1);
    let fit = ("resize", json!({ "mode": "fit", "width": 1600, "height": 1600 }));
    let steps = [fit, ("sharpen", json!({}))];
    let (bytes, encoder, codes) = result(&original, &steps, keep(100));
    assert_eq!((encoder, &codes[..]), ("original file", &["original_kept".to_owned()][..]));
    assert_eq!(Some(bytes), stripped(&original));
    let produced = run(&original, &steps, keep(100)).unwrap();
    let warning = &produced.warnings[0];
    assert_eq!((warning.level, warning.action_id.as_deref()), (WarningLevel::Hint, Some("n3")));
    assert!(warning.hint.contains("keepOriginalIfSmaller"));

    let (small, encoder, codes) = result(&original, &steps, keep(20));
    assert!(encoder != "original file" && codes.is_empty() && small.len() < stripped(&original).unwrap().len());
    let (large, encoder, codes) = result(&original, &steps, json!({ "quality": 100 }));
    assert!(encoder != "original file" && codes.is_empty(), "only on request");
    assert!(large.len() > stripped(&original).unwrap().len());
}

#[test]
fn png_and_webp_originals_are_kept_too() {
    let webp = webp_with_metadata();
    assert_eq!(result(&webp, &[], keep(80)).1, "original file");
    let mut kept = 0;
    for name in ["gray-1.png", "gray-16.png", "palette-1.png", "rgb-8-interlaced.png", "rgba-8.png", "profile.png"] {
        let png = file(&format!("codecs/{name}"));
        let (bytes, encoder, codes) = result(&png, &[], keep(80));
        let is_kept = encoder == "original file";
        assert_eq!(codes == ["original_kept"], is_kept, "{name}");
        assert!(bytes.len() <= stripped(&png).unwrap().len(), "{name}");
        kept += u32::from(is_kept);
    }
    assert!(kept > 0);
}

#[test]
fn a_result_that_shows_something_else_is_never_replaced() {
    let original = jpeg_with_metadata(1);
    let Size { width, height } = codecs::probe(&original, "a").unwrap().size;
    let half = json!({ "width": width / 2, "height": height / 2, "mode": "fill" });
    let again = json!({ "width": width, "height": height, "mode": "fill", "enlarge": true });
    for steps in [
        vec![("grayscale", json!({}))],
        vec![("flip", json!({}))],
        vec![("rotate", json!({ "angle": 180 }))],
        vec![("gaussian-blur", json!({ "sigma": 3 }))],
        vec![("resize", json!({ "width": width - 1 }))],
        vec![("resize", half), ("resize", again)],
        vec![
            ("crop", json!({ "x": 0, "y": 0, "width": 4, "height": 4 })),
            ("pad", json!({ "width": width, "height": height })),
        ],
        vec![("remove-background", json!({ "method": "flat-backdrop", "mode": "replace" }))],
    ] {
        let (_, encoder, codes) = result(&original, &steps, keep(100));
        assert!(encoder != "original file" && !codes.contains(&"original_kept".to_owned()), "{steps:?}");
    }
    for format in ["png", "webp"] {
        let output = json!({ "keepOriginalIfSmaller": true, "format": format });
        assert_ne!(result(&original, &[], output).1, "original file", "{format}");
    }
}

#[test]
fn turned_damaged_and_animated_originals_are_not_kept() {
    assert_ne!(result(&jpeg_with_metadata(6), &[], keep(100)).1, "original file");
    assert_ne!(result(&file("codecs/animated.webp"), &[], keep(100)).1, "original file");
    // Cut off in its last scans: shown, but coarse.
    let whole = file("codecs/progressive-420.jpg");
    assert_eq!(result(&whole, &[], keep(100)).1, "original file");
    let (mut doubts, mut kept) = (0, 0);
    for end in (whole.len() / 2..whole.len()).step_by(97) {
        let Ok(produced) = run(&whole[..end], &[], keep(100)) else { continue };
        let doubtful = produced.warnings.iter().any(|warning| warning.level == WarningLevel::Doubt);
        doubts += u32::from(doubtful);
        kept += u32::from(doubtful && produced.outputs[0].encoded.encoder == "original file");
    }
    assert!(doubts > 0);
    assert_eq!(kept, 0);
}

#[test]
fn the_format_for_the_web_is_foretold_by_headers() {
    let web = |bytes: &[u8], actions: &[(&str, Value)]| {
        let produced = run(bytes, actions, json!({ "format": "web" })).unwrap();
        let output = &produced.outputs[0];
        assert_eq!(output.name, format!("a.{}", output.encoded.format.extension()));
        output.encoded.format
    };
    let jpeg = file("codecs/baseline-420.jpg");
    let clear = || ("pad", json!({ "ratio": "1:1", "color": "#00000000" }));
    assert_eq!(web(&jpeg, &[]), Format::Jpeg);
    assert_eq!(web(&jpeg, &[("grayscale", json!({}))]), Format::Jpeg);
    assert_eq!(web(&jpeg, &[clear()]), Format::Webp);
    assert_eq!(web(&file("codecs/gray.jpg"), &[clear(), ("sharpen", json!({}))]), Format::Webp);
    for name in ["rgb-16.png", "rgba-8.png", "opaque.gif", "rgb.bmp", "lossy.webp", "lossless-alpha.webp"] {
        assert_eq!(web(&file(&format!("codecs/{name}")), &[]), Format::Webp, "{name}");
    }
}

/// Web gallery never makes a JPEG file larger.
#[test]
fn web_gallery_makes_no_photograph_larger() {
    let text = include_str!("../src/workflow/builtin/web-gallery.json");
    let mut document: Value = serde_json::from_str(text).unwrap();
    document["actions"][0]["parameters"]["images"] = json!([{ "name": "a.jpg", "sourceUrl": "asset:a" }]);
    let plan = Plan::build(&check(&document).0).unwrap();
    let mut kept = 0;
    for name in ["portrait", "cat", "coins", "flowers", "tulips", "moon"] {
        let bytes = file(&format!("photos/{name}.jpg"));
        let produced =
            plan.run(0, &[Source { name, folder: "", bytes: (&bytes).into() }], Services::default()).unwrap();
        let output = &produced.outputs[0].encoded;
        assert!(output.bytes.len() <= bytes.len(), "{name}: {} of {}", output.bytes.len(), bytes.len());
        kept += u32::from(output.encoder == "original file");
    }
    assert!(kept > 0, "at least one of them is coded in few bytes already");
}
