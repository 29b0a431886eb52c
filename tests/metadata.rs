//! What results say about their pictures, by the parameters of `output`. What files say, against exiftool, is tested in
//! `src/codecs/metadata/tests.rs`.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails, also in its helpers")]

use std::path::Path;
use std::process::Command;

use pixelmill::codecs::{self, Encoded, Encoder, Encoders, Encoding, Kept, Metadata, Policy, Raster};
use pixelmill::engine::{Plan, Services, Source};
use pixelmill::error::Failure;
use pixelmill::workflow::check;
use serde_json::{Value, json};

fn file(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)).unwrap()
}

fn holds(bytes: &[u8], wanted: &str) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted.as_bytes())
}

/// Makes the same picture of everything, so that what the file says about it can be tested.
struct Libaom;

impl Encoders for Libaom {
    fn name(&self, encoder: Encoder) -> Option<&'static str> {
        (encoder == Encoder::Avif).then_some("libaom of a test")
    }

    fn encode(&self, _: Raster<'_>, _: Encoding) -> Result<Vec<u8>, Failure> {
        Ok(file("avif/rgb.avif"))
    }
}

fn run(actions: Value, connections: &[(&str, &str, &str)], files: &[&[u8]]) -> Encoded {
    let connections = connections.iter().map(|(source, target, port)| {
        json!({ "connectionSource": source, "sourcePort": "outputs", "connectionTarget": target, "targetPort": port })
    });
    let (workflow, _) =
        check(&json!({ "metadata": {}, "actions": actions, "connections": connections.collect::<Vec<_>>() }));
    let plan = Plan::build(&workflow).unwrap();
    let sources: Vec<_> = files.iter().map(|bytes| Source { name: "a", folder: "", bytes: bytes.into() }).collect();
    let services = Services { encoders: Some(&Libaom), ..Services::default() };
    plan.run(0, &sources, services).unwrap().outputs.swap_remove(0).encoded
}

fn input(id: &str) -> Value {
    json!({ "actionId": id, "actionType": "input-images", "parameters": { "images": [{ "name": "a", "sourceUrl": "asset:a" }] } })
}

/// The result of a workflow that only writes the picture again, without libwebp.
fn written(bytes: &[u8], mut output: Value) -> Encoded {
    output["lossless"] = true.into();
    let save = json!({ "actionId": "save", "actionType": "output", "parameters": output });
    run(json!([input("in"), save]), &[("in", "save", "input-images")], &[bytes])
}

fn said(encoded: &Encoded) -> Metadata {
    Metadata::of(&encoded.bytes, encoded.format)
}

/// What a picture's file says, by a policy.
fn policy(bytes: &[u8], kept: Kept, keep_location: bool) -> Metadata {
    let policy = Policy { kept, keep_location, author: "", copyright: "" };
    Metadata::of(bytes, codecs::sniff(bytes).unwrap()).by(&policy)
}

const FORMATS: [&str; 6] = ["jpeg", "png", "webp", "tiff", "jxl", "avif"];

#[test]
fn the_rights_are_kept_by_default_and_more_or_nothing_on_request() {
    for name in ["all.jpg", "all.png", "all.webp", "all.tif", "all.psd", "xmp.gif", "latin-1.jpg", "texts.png"] {
        let bytes = file(&format!("metadata/{name}"));
        for format in FORMATS {
            let write = |metadata: &str, location: bool| {
                said(&written(&bytes, json!({ "format": format, "metadata": metadata, "keepLocation": location })))
            };
            let by_default = written(&bytes, json!({ "format": format }));
            assert_eq!(said(&by_default), policy(&bytes, Kept::Rights, false), "{name} as {format}");
            assert!(!said(&by_default).is_empty());
            assert_eq!(codecs::probe(&by_default.bytes, "a").unwrap().orientation, 1);
            assert_eq!(write("rights", false), said(&by_default));
            assert_eq!(write("rights", true), policy(&bytes, Kept::Rights, true), "{name} as {format}");
            assert_eq!(write("keep", false), policy(&bytes, Kept::All, false), "{name} as {format}");
            assert_eq!(write("keep", true), policy(&bytes, Kept::All, true), "{name} as {format}");
            assert!(write("strip", true).is_empty(), "{name} as {format}");
        }
    }
}

#[test]
fn a_picture_without_rights_gives_the_same_file_as_without_metadata() {
    for name in ["metadata/camera.jpg", "codecs/profile.jpg", "codecs/orientation-6.tif", "codecs/rgba-8.png"] {
        let bytes = file(name);
        for format in FORMATS {
            let by_default = written(&bytes, json!({ "format": format }));
            let stripped = written(&bytes, json!({ "format": format, "metadata": "strip" }));
            assert_eq!(by_default.bytes, stripped.bytes, "{name} as {format}");
            assert!(said(&stripped).is_empty());
        }
    }
}

#[test]
fn author_and_copyright_get_into_every_file_that_has_metadata() {
    let bytes = file("codecs/rgb.bmp");
    for format in FORMATS {
        for metadata in ["strip", "rights", "keep"] {
            let output =
                json!({ "format": format, "metadata": metadata, "author": "Zoë & Co", "copyright": "© 2026 Zoë" });
            let encoded = written(&bytes, output);
            for text in ["Zoë & Co\0", "© 2026 Zoë\0", "<rdf:li>Zoë &amp; Co</rdf:li>", ">© 2026 Zoë</rdf:li>"] {
                assert!(holds(&encoded.bytes, text), "{text}: {format} {metadata}");
            }
        }
    }
    for format in ["bmp", "qoi"] {
        let plain = written(&bytes, json!({ "format": format }));
        assert_eq!(written(&bytes, json!({ "format": format, "author": "A" })).bytes, plain.bytes);
    }
}

#[test]
fn a_watermark_says_nothing_about_the_picture() {
    let (picture, logo) = (file("metadata/words.jpg"), file("metadata/all.png"));
    let mark = json!({ "actionId": "mark", "actionType": "watermark" });
    let save = json!({ "actionId": "save", "actionType": "output", "parameters": { "metadata": "keep" } });
    let connections = [("in", "mark", "input-images"), ("logo", "mark", "overlay"), ("mark", "save", "input-images")];
    let encoded = run(json!([input("in"), input("logo"), mark, save]), &connections, &[&picture, &logo]);
    assert_eq!(said(&encoded), policy(&picture, Kept::All, false));
}

#[test]
fn an_original_that_is_delivered_says_what_a_result_would() {
    let bytes = file("metadata/words.jpg");
    for metadata in ["strip", "rights", "keep"] {
        let output = json!({ "metadata": metadata, "quality": 100, "keepOriginalIfSmaller": true });
        let encoded = written(&bytes, output.clone());
        assert_eq!(encoded.encoder, "original file");
        let mut again = output;
        again["keepOriginalIfSmaller"] = false.into();
        let result = written(&bytes, again);
        assert!(result.encoder != "original file" && result.bytes.len() > encoded.bytes.len());
        assert_eq!(said(&encoded), said(&result), "{metadata}");
    }
    let output = json!({ "quality": 100, "keepOriginalIfSmaller": true, "author": "Somebody" });
    let encoded = written(&bytes, output);
    assert!(encoded.encoder == "original file" && holds(&encoded.bytes, "Somebody"));
}

#[test]
fn a_broken_block_never_refuses_a_picture() {
    let plain = file("codecs/baseline-444.jpg");
    for prefix in [&b"Exif\0\0"[..], b"http://ns.adobe.com/xap/1.0/\0", b"Photoshop 3.0\0"] {
        for block in
            [&b"MM\0*\0\0\0\x08\xff\xff"[..], b"<x:xmpmeta><", b"8BIM\x04\x04\0\0\0\0\0\x09\x1c\x02\x50\xff\xff", b""]
        {
            let code = if prefix.starts_with(b"P") { 0xed } else { 0xe1 };
            let length = u16::try_from(prefix.len() + block.len() + 2).unwrap().to_be_bytes();
            let bytes = [&plain[..2], &[0xff, code], &length, prefix, block, &plain[2..]].concat();
            assert_eq!(written(&bytes, json!({ "metadata": "keep" })).bytes, written(&plain, json!({})).bytes);
        }
    }
}

/// What results say, by a program that reads everything. Only where it is installed; what it reads in the inputs is in
/// `tests/data/metadata/expected.json`.
#[test]
fn exiftool_finds_what_was_kept_and_nothing_else() {
    if Command::new("exiftool").arg("-ver").output().is_err() {
        return;
    }
    let exiftool = |arguments: &[&str], path: &Path| {
        let output = Command::new("exiftool").args(arguments).arg(path).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    for name in ["all.jpg", "all.png", "all.webp", "all.tif", "all.psd", "xmp.gif", "latin-1.jpg"] {
        let bytes = file(&format!("metadata/{name}"));
        for format in FORMATS {
            for (metadata, location) in [("rights", false), ("keep", false), ("keep", true)] {
                let output = json!({ "format": format, "metadata": metadata, "keepLocation": location });
                let encoded = written(&bytes, output);
                let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
                    .join(format!("metadata-{name}-{metadata}-{location}.{}", encoded.format.extension()));
                std::fs::write(&path, &encoded.bytes).unwrap();
                let what = path.display();
                let verdict = exiftool(&["-validate", "-warning", "-error", "-a"], &path);
                // It takes Deflate in TIFF for an extension, and asks for a field that no standard requires.
                let is_known = |line: &str| {
                    line.contains("0x0103 Compression")
                        || line.contains("GPSProcessingMethod")
                        || !line.starts_with(['W', 'E'])
                };
                assert!(verdict.lines().all(is_known), "{what}: {verdict}");
                let found: Value = serde_json::from_str(&exiftool(&["-json", "-G1", "-n", "-a", "-u"], &path)).unwrap();
                let found = found[0].as_object().unwrap();
                let upright = (format != "tiff").then(|| json!(1));
                assert_eq!(found.get("IFD0:Orientation"), upright.as_ref(), "{what}");
                assert_eq!(found["IFD0:Copyright"], found["XMP-dc:Rights"], "{what}");
                assert!(found.contains_key("IFD0:Artist") && found.contains_key("XMP-dc:Creator"), "{what}");
                assert_eq!(found["XMP-photoshop:Credit"], if name == "latin-1.jpg" { "Bureau" } else { "Agency" });
                let has_place = found.keys().any(|key| key.contains("GPS") || key.contains("City"));
                assert_eq!(has_place, location, "{what}: {found:?}");
                let has_camera = found.contains_key("ExifIFD:LensModel");
                let is_of_camera = name.starts_with("all");
                assert_eq!(has_camera, metadata == "keep" && is_of_camera, "{what}: {found:?}");
                assert!(!found.values().any(|value| value.to_string().contains("SECRET") && !location), "{what}");
                let described = found.contains_key("XMP-dc:Description");
                assert_eq!(described, metadata == "keep", "{what}");
            }
        }
    }
}
