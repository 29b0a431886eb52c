//! What files say of their colours, and what becomes of it on the way to a result: pictures of `tests/data/color` against
//! littleCMS, and small files made here.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails, also in its helpers")]

use std::path::{Path, PathBuf};

use pixelmill::codecs::{self, DecodeRequest, Decoded, Format, Header};
use pixelmill::color::{ColorSpace, Model};
use pixelmill::engine::{Plan, Produced, Services, Source};
use pixelmill::image::convert::convert;
use pixelmill::image::{Pixels, Representation, Size};
use pixelmill::workflow::check;
use serde_json::{Value, json};

fn data(name: &str) -> Vec<u8> {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn space(name: &str) -> ColorSpace {
    ColorSpace::from_icc(data(&format!("color/{name}.icc"))).unwrap()
}

fn header(bytes: &[u8]) -> Header {
    codecs::probe(bytes, "a.file").unwrap_or_else(|failure| panic!("{failure:?}"))
}

fn decoded(bytes: &[u8]) -> Decoded {
    let header = header(bytes);
    let request = DecodeRequest { auto_orient: true, ..DecodeRequest::whole(&header) };
    codecs::decode(bytes, &header, &request, "a.file").unwrap_or_else(|failure| panic!("{failure:?}"))
}

/// The codes of the warnings about a file, which can be decoded.
fn warnings(bytes: &[u8]) -> Vec<String> {
    decoded(bytes).warnings.into_iter().map(|warning| warning.code).collect()
}

fn rgb(bytes: &[u8]) -> Vec<u8> {
    match convert(decoded(bytes).image, Representation::Rgba).pixels {
        Pixels::Rgba(samples) => samples.as_chunks::<4>().0.iter().flat_map(|[r, g, b, _]| [*r, *g, *b]).collect(),
        _ => panic!("not RGBA"),
    }
}

fn largest_difference(one: &[u8], other: &[u8]) -> u8 {
    assert_eq!(one.len(), other.len());
    one.iter().zip(other).map(|(a, b)| a.abs_diff(*b)).max().unwrap()
}

/// A document of actions in a row, each with its parameters.
fn chain(actions: &[(&str, Value)]) -> Value {
    let images = json!({ "images": [{ "name": "a.png", "sourceUrl": "asset:a" }] });
    let mut nodes = vec![json!({ "actionId": "in", "actionType": "input-images", "parameters": images })];
    let mut connections = Vec::new();
    let mut before = "in".to_owned();
    for (index, (kind, parameters)) in actions.iter().enumerate() {
        let id = format!("{kind}-{index}");
        nodes.push(json!({ "actionId": id, "actionType": kind, "parameters": parameters }));
        connections.push(json!({
            "connectionSource": before, "sourcePort": "outputs", "connectionTarget": id, "targetPort": "input-images"
        }));
        before = id;
    }
    json!({ "metadata": {}, "actions": nodes, "connections": connections })
}

fn produced(document: &Value, files: &[&[u8]]) -> Produced {
    let (workflow, found) = check(document);
    let plan = Plan::build(&workflow).unwrap_or_else(|_| panic!("{found:#?}"));
    let sources: Vec<_> = files.iter().map(|bytes| Source { name: "a.png", folder: "", bytes: bytes.into() }).collect();
    plan.run(0, &sources, Services::default()).unwrap_or_else(|stop| panic!("{stop:?}"))
}

/// The file that a chain makes of another.
fn run(actions: &[(&str, Value)], bytes: &[u8]) -> Vec<u8> {
    produced(&chain(actions), &[bytes]).outputs.remove(0).encoded.bytes
}

fn icc(bytes: &[u8]) -> Option<Vec<u8>> {
    header(bytes).space.icc().map(|icc| icc.to_vec())
}

/// Each with the mean and the largest difference from littleCMS that is allowed: JPEG is decoded by another decoder there,
/// and tables are interpolated, which shows where a dark channel is at the edge of sRGB.
const PICTURES: [(&str, f64, u8); 7] = [
    ("adobe-rgb.png", 0.05, 1),
    ("adobe-rgb.jpg", 0.1, 2),
    ("gray-gamma.png", 0.0, 0),
    ("gray-dot-gain.jpg", 0.05, 1),
    ("tables.png", 0.3, 16),
    ("press.jpg", 0.5, 16),
    ("press-ycck.jpg", 0.5, 16),
];

fn mean_difference(one: &[u8], other: &[u8]) -> f64 {
    one.iter().zip(other).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>() / one.len() as f64
}

#[test]
fn results_in_srgb_show_what_littlecms_shows() {
    let mut wrong = Vec::new();
    for (name, mean_allowed, most_allowed) in PICTURES {
        let bytes = data(&format!("color/{name}"));
        for profile in ["srgb", "none"] {
            let output = json!({ "format": "png", "colorProfile": profile });
            let written = run(&[("output", output)], &bytes);
            let (ours, theirs) = (rgb(&written), data(&format!("color/{name}.rgb")));
            let (mean, most) = (mean_difference(&ours, &theirs), largest_difference(&ours, &theirs));
            println!("{name}: {mean:.3} {most}");
            if mean > mean_allowed || most > most_allowed {
                wrong.push(format!("{name} as {profile}: {mean:.3} {most}"));
            }
            let space = header(&written).space;
            assert!(space.is_srgb(), "{name}");
            assert_eq!(space.icc().is_some(), profile == "srgb", "{name}");
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn inks_are_converted_when_they_are_decoded() {
    for name in ["press.jpg", "press-ycck.jpg"] {
        let bytes = data(&format!("color/{name}"));
        assert_eq!((header(&bytes).space.icc(), warnings(&bytes).len()), (None, 0), "{name}");
        // Their profile goes nowhere, nor does the original file.
        let output = json!({ "format": "jpeg", "quality": 100, "keepOriginalIfSmaller": true });
        assert_eq!(icc(&run(&[("output", output)], &bytes)), None, "{name}");
        assert!(codecs::without_metadata(&bytes, &header(&bytes)).is_none());
        // Also at an eighth of their size.
        let header = header(&bytes);
        let small = Size::new(5, 3);
        let request = DecodeRequest {
            representation: Representation::Rgb,
            at_least: small,
            chroma_at_least: small,
            scaling: None,
            auto_orient: true,
        };
        assert_eq!(codecs::decode(&bytes, &header, &request, name).unwrap().image.size, small);
    }
}

#[test]
fn pictures_keep_their_profile_and_samples_by_default() {
    for (name, profile) in
        [("adobe-rgb.png", "adobe-rgb"), ("gray-gamma.png", "gray-gamma"), ("tables.png", "rgb-mft2")]
    {
        let bytes = data(&format!("color/{name}"));
        let written = run(&[("output", json!({ "format": "png" }))], &bytes);
        assert_eq!(icc(&written), Some(data(&format!("color/{profile}.icc"))), "{name}");
        assert_eq!(decoded(&written).image.pixels, decoded(&bytes).image.pixels, "{name}");
    }
}

#[test]
fn srgb_by_any_description_is_not_changed() {
    let bytes = data("codecs/profile.png");
    for profile in ["keep", "srgb", "none"] {
        let written = run(&[("output", json!({ "colorProfile": profile }))], &bytes);
        assert_eq!(rgb(&written), rgb(&bytes), "{profile}");
        assert_eq!(icc(&written).is_some(), profile != "none", "{profile}");
    }
    let plain = data("codecs/rgb-16.png");
    assert_eq!(icc(&run(&[("output", json!({}))], &plain)), None);
    assert!(icc(&run(&[("output", json!({ "colorProfile": "srgb" }))], &plain)).is_some());
}

/// A JPEG that keeps its profile is not converted to RGB on the way: its planes are written as they were decoded.
#[test]
fn a_jpeg_that_keeps_its_profile_stays_planar() {
    let bytes = data("color/adobe-rgb.jpg");
    let tagged = run(&[("resize", json!({ "width": 30 })), ("output", json!({ "quality": 80 }))], &bytes);
    // The same file without the profile goes the planar way; the coded pictures are equal.
    let plain = run(&[("resize", json!({ "width": 30 })), ("output", json!({ "quality": 80 }))], &without_app2(&bytes));
    let scan = |file: &[u8]| {
        let at = file.windows(2).position(|pair| pair == [0xff, 0xda]).unwrap();
        file[at..].to_vec()
    };
    assert_eq!(scan(&tagged), scan(&plain));
    assert_eq!(icc(&tagged), Some(data("color/adobe-rgb.icc")));
    assert_eq!(icc(&plain), None);
}

fn without_app2(bytes: &[u8]) -> Vec<u8> {
    let at = bytes.windows(2).position(|pair| pair == [0xff, 0xe2]).unwrap();
    let length = usize::from(u16::from_be_bytes([bytes[at + 2], bytes[at + 3]]));
    [&bytes[..at], &bytes[at + 2 + length..]].concat()
}

/// A conversion on the way and one at the end give the same picture.
#[test]
fn conversion_comes_after_scaling() {
    let bytes = data("color/adobe-rgb.png");
    let resize = || ("resize", json!({ "width": 10, "height": 6, "mode": "exact" }));
    let kept = run(&[resize(), ("output", json!({}))], &bytes);
    let then = run(&[("output", json!({ "colorProfile": "none" }))], &kept);
    let at_once = run(&[resize(), ("output", json!({ "colorProfile": "none" }))], &bytes);
    assert_eq!(rgb(&then), rgb(&at_once));
}

#[test]
fn gray_never_has_a_profile_for_colours() {
    let bytes = data("color/adobe-rgb.png");
    for (format, model) in [("png", Some(Model::Gray)), ("jpeg", Some(Model::Gray))] {
        let written = run(&[("grayscale", json!({})), ("output", json!({ "format": format }))], &bytes);
        assert_eq!(header(&written).space.model(), model, "{format}");
        assert!(header(&written).native.contains(Representation::Gray), "{format}");
        // The same look as equal red, green and blue of the space.
        let shown = run(&[("output", json!({ "format": "png", "colorProfile": "none" }))], &written);
        let gray = decoded(&written).image;
        let Pixels::Gray(samples) = &gray.pixels else { panic!("not gray") };
        let mut equal: Vec<[u8; 3]> = samples.iter().map(|gray| [*gray; 3]).collect();
        pixelmill::color::Transform::between(&space("adobe-rgb"), &ColorSpace::SRGB).apply(&mut equal);
        assert!(largest_difference(&rgb(&shown), equal.as_flattened()) <= 1, "{format}");
    }
    // Where no curve describes the gray, it becomes sRGB's.
    let tables = data("color/tables.png");
    let written = run(&[("grayscale", json!({})), ("output", json!({ "format": "png" }))], &tables);
    assert_eq!(icc(&written), None);
    // A gray profile that cannot stay is applied.
    let gray = data("color/gray-gamma.png");
    let written = run(&[("pad", json!({ "width": 50, "color": "#ff0000" })), ("output", json!({}))], &gray);
    assert_eq!(icc(&written), None);
    let shown = data("color/gray-gamma.png.rgb");
    assert_eq!(rgb(&written)[5 * 3..][..3], shown[..3]);
}

#[test]
fn what_comes_second_keeps_its_look() {
    let connect = |from: &str, to: &str, port: &str| json!({ "connectionSource": from, "sourcePort": "outputs", "connectionTarget": to, "targetPort": port });
    let input = |id: &str| {
        let images = json!([{ "name": "a.png", "sourceUrl": "asset:a" }]);
        json!({ "actionId": id, "actionType": "input-images", "parameters": { "images": images } })
    };
    let document = json!({
        "metadata": {},
        "actions": [
            input("in"),
            input("logo"),
            { "actionId": "mark", "actionType": "watermark", "parameters": { "scale": 1, "margin": 0 } },
            { "actionId": "save", "actionType": "output", "parameters": {} },
        ],
        "connections": [
            connect("in", "mark", "input-images"), connect("logo", "mark", "overlay"), connect("mark", "save", "input-images"),
        ],
    });
    // The logo is resampled to 24 × 14; where it is even, its colours are exact.
    let (logo, shown) = (data("color/adobe-rgb.png"), data("color/adobe-rgb.png.rgb"));
    for (picture, profile) in [
        (data("codecs/rgb-8-interlaced.png"), None),
        (data("color/adobe-rgb.png"), Some("adobe-rgb")),
        (data("color/tables.png"), Some("rgb-mft2")),
        // A gray profile is applied when the picture gets colours.
        (data("color/gray-gamma.png"), None),
    ] {
        let written = produced(&document, &[&picture, &logo]).outputs.remove(0).encoded.bytes;
        assert_eq!(icc(&written), profile.map(|profile| data(&format!("color/{profile}.icc"))), "{profile:?}");
        let size = header(&written).size;
        let in_srgb = run(&[("output", json!({ "format": "png", "colorProfile": "none" }))], &written);
        // The block at the top left of the logo, which lies at the bottom right.
        let logo_size = Size::new(size.width.min(size.height), 14);
        let at = ((size.height - logo_size.height + 1) * size.width + size.width - logo_size.width + 2) as usize;
        let got = &rgb(&in_srgb)[at * 3..][..3];
        let wanted = &shown[(2 * 40 + 3) * 3..][..3];
        assert!(largest_difference(got, wanted) <= 10, "{profile:?}: {got:?} for {wanted:?}");
    }
}

#[test]
fn colours_of_parameters_are_srgb() {
    for (name, within) in [("adobe-rgb.png", 1), ("gray-gamma.png", 1), ("tables.png", 8)] {
        let bytes = data(&format!("color/{name}"));
        let color = if name.starts_with("gray") { "#808080" } else { "#3060c0" };
        let padded =
            run(&[("pad", json!({ "width": 60, "height": 50, "color": color })), ("output", json!({}))], &bytes);
        let shown = run(&[("output", json!({ "format": "png", "colorProfile": "none" }))], &padded);
        let wanted = if name.starts_with("gray") { [0x80; 3] } else { [0x30, 0x60, 0xc0] };
        let difference = largest_difference(&rgb(&shown)[..3], &wanted);
        assert!(difference <= within, "{name}: {difference}");
    }
    // Behind what is transparent, where the format has no alpha.
    let bytes = data("color/adobe-rgb.png");
    let clear = [
        ("pad", json!({ "width": 60, "height": 50, "color": "#00000000" })),
        ("output", json!({ "format": "jpeg", "quality": 100, "background": "#3060c0" })),
    ];
    let shown = run(&[("output", json!({ "format": "png", "colorProfile": "none" }))], &run(&clear, &bytes));
    assert!(largest_difference(&rgb(&shown)[..3], &[0x30, 0x60, 0xc0]) <= 4);
}

#[test]
fn thumbnails_are_srgb_without_a_profile() {
    let bytes = data("color/adobe-rgb.png");
    let produced = produced(&chain(&[("output", json!({}))]), &[&bytes]);
    for thumbnail in [produced.input_thumbnail.unwrap(), produced.output_thumbnail.unwrap()] {
        assert_eq!(icc(&thumbnail.bytes), None);
        // JPEG of quality 80 and halved chroma.
        let shown = rgb(&thumbnail.bytes);
        let (to_srgb, to_stored) =
            (mean_difference(&shown, &data("color/adobe-rgb.png.rgb")), mean_difference(&shown, &rgb(&bytes)));
        assert!(to_srgb < to_stored, "{to_srgb} {to_stored}");
    }
}

#[test]
fn an_original_is_kept_only_if_it_is_in_the_space_that_is_asked_for() {
    let output = |profile: &str| {
        let parameters =
            json!({ "format": "jpeg", "quality": 100, "keepOriginalIfSmaller": true, "colorProfile": profile });
        chain(&[("output", parameters)])
    };
    let kept = |profile: &str, bytes: &[u8]| {
        produced(&output(profile), &[bytes]).warnings.iter().any(|warning| warning.code == "original_kept")
    };
    let foreign = data("color/adobe-rgb.jpg");
    let tagged = json!({ "format": "jpeg", "quality": 60, "colorProfile": "srgb" });
    let srgb = run(&[("output", tagged)], &data("codecs/baseline-420.jpg"));
    let plain = data("codecs/baseline-420.jpg");
    let all = |bytes: &[u8]| ["keep", "srgb", "none"].map(|profile| kept(profile, bytes));
    assert_eq!(all(&foreign), [true, false, false]);
    assert_eq!(all(&srgb), [true, true, false]);
    assert_eq!(all(&plain), [true, false, true]);
}

// Descriptions other than profiles

/// Against formulas in double precision.
#[test]
fn a_high_dynamic_range_becomes_srgb_with_a_hint() {
    for name in ["hdr-pq.png", "hdr-pq-level.png", "hdr-hlg.png"] {
        let bytes = data(&format!("color/{name}"));
        let difference = largest_difference(&rgb(&bytes), &data(&format!("color/{name}.rgb")));
        assert!(difference <= 1, "{name}: {difference}");
        assert_eq!((warnings(&bytes), icc(&bytes)), (vec!["tone_mapped".to_owned()], None), "{name}");
        assert!(decoded(&bytes).warnings.iter().all(|warning| !warning.is_doubt()));
        assert!(codecs::without_metadata(&bytes, &header(&bytes)).is_none(), "{name}");
    }
    let mean = |name: &str| mean_difference(&rgb(&data(name)), &[0; 40 * 24 * 3]);
    assert!(mean("color/hdr-pq-level.png") > mean("color/hdr-pq.png"), "less to compress");
}

/// Against libjxl, which wrote the files, and littleCMS (`tests/oracles/jxl_inks.py`).
#[test]
fn inks_in_jpeg_xl_become_what_their_profile_says() {
    for (name, alpha, codes) in [
        ("inks.jxl", false, &[][..]),
        ("inks-16.jxl", false, &[]),
        ("inks-alpha.jxl", true, &[]),
        ("inks-plain.jxl", false, &["inks_unknown"]),
    ] {
        let bytes = data(&format!("color/{name}"));
        let header = header(&bytes);
        assert_eq!((header.alpha, header.is_deep()), (alpha, false), "{name}");
        let image = decoded(&bytes).image;
        assert!(image.space.is_srgb() && image.space.icc().is_none(), "{name}");
        let expected = data(&format!("color/{name}.rgba"));
        let representation = if alpha { Representation::Rgba } else { Representation::Rgb };
        assert_eq!(image.representation(), representation, "{name}");
        let Pixels::Rgba(found) = convert(image, Representation::Rgba).pixels else { panic!("converted") };
        // As for pictures in other formats, tables are interpolated in another way.
        let (mean, most) = if codes.is_empty() { (0.5, 16) } else { (0.0, 0) };
        let found_difference = (mean_difference(&found, &expected[8..]), largest_difference(&found, &expected[8..]));
        assert!(found_difference.0 <= mean && found_difference.1 <= most, "{name}: {found_difference:?}");
        let opacity = |samples: &[u8]| samples.iter().skip(3).step_by(4).copied().collect::<Vec<u8>>();
        assert_eq!(opacity(&found), opacity(&expected[8..]), "{name}");
        assert_eq!(warnings(&bytes), codes, "{name}");
    }
    // Cut off it is used as far as it goes, or refused.
    let whole = data("color/inks-alpha.jxl");
    for length in (0..whole.len()).step_by(97) {
        let Ok(header) = codecs::probe(&whole[..length], "a.jxl") else { continue };
        let _read_or_not = codecs::decode(&whole[..length], &header, &DecodeRequest::whole(&header), "a.jxl");
    }
}

#[test]
fn inks_of_which_nothing_is_known_are_a_hint() {
    for name in ["codecs/cmyk.jpg", "codecs/ycck.jpg"] {
        let bytes = data(name);
        assert_eq!(warnings(&bytes), ["inks_unknown"], "{name}");
        assert!(!decoded(&bytes).warnings[0].is_doubt());
    }
}

fn png_chunk(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let checksum = crc32fast::hash(&[&kind[..], content].concat());
    [&(content.len() as u32).to_be_bytes(), &kind[..], content, &checksum.to_be_bytes()].concat()
}

fn png_with(chunks: &[Vec<u8>]) -> Vec<u8> {
    let bytes = data("codecs/rgb-8-interlaced.png");
    // After the signature and the header.
    [&bytes[..33], &chunks.concat(), &bytes[33..]].concat()
}

fn chromaticities(primaries: [f64; 8]) -> Vec<u8> {
    let numbers = primaries.iter().flat_map(|value| ((value * 100_000.0).round() as u32).to_be_bytes());
    png_chunk(b"cHRM", &numbers.collect::<Vec<_>>())
}

const SRGB: [f64; 8] = [0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06];
const ADOBE: [f64; 8] = [0.3127, 0.329, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06];

/// The color that another space shows as, in sRGB.
fn shown(space: &ColorSpace, color: [u8; 3]) -> [u8; 3] {
    let mut pixel = [color];
    pixelmill::color::Transform::between(space, &ColorSpace::SRGB).apply(&mut pixel);
    pixel[0]
}

#[test]
fn the_chunks_of_a_png_count_in_the_order_of_the_standard() {
    let gamma = |value: u32| png_chunk(b"gAMA", &value.to_be_bytes());
    let code_points = |primaries, transfer| png_chunk(b"cICP", &[primaries, transfer, 0, 1]);
    let profile = |name: &str| {
        let stream = miniz_oxide::deflate::compress_to_vec_zlib(&data(&format!("color/{name}.icc")), 6);
        png_chunk(b"iCCP", &[&b"a\0\0"[..], &stream].concat())
    };
    let broken = || png_chunk(b"iCCP", b"a\0\0nonsense");
    let srgb = || png_chunk(b"sRGB", &[0]);
    let p3 = ColorSpace::from_code_points(12, 13).unwrap();
    let adobe = space("adobe-rgb");
    let cases: Vec<(Vec<Vec<u8>>, ColorSpace)> = vec![
        (vec![], ColorSpace::SRGB),
        (vec![code_points(12, 13), profile("adobe-rgb"), srgb()], p3.clone()),
        (vec![profile("adobe-rgb"), code_points(12, 13)], p3),
        (vec![code_points(1, 13), profile("adobe-rgb")], ColorSpace::SRGB),
        // Not known: the next one counts.
        (vec![code_points(2, 2), profile("adobe-rgb")], adobe.clone()),
        (vec![png_chunk(b"cICP", &[12, 13, 1, 1]), profile("adobe-rgb")], adobe.clone()),
        (vec![profile("adobe-rgb"), srgb(), gamma(100_000)], adobe),
        (vec![srgb(), gamma(100_000), chromaticities(ADOBE)], ColorSpace::SRGB),
        (vec![gamma(45_455), chromaticities(SRGB)], ColorSpace::SRGB),
        (vec![gamma(45_455)], ColorSpace::SRGB),
        (vec![chromaticities(SRGB)], ColorSpace::SRGB),
        (vec![gamma(0)], ColorSpace::SRGB),
        (vec![png_chunk(b"gAMA", &[1]), png_chunk(b"cHRM", &[1, 2, 3]), png_chunk(b"cICP", &[1])], ColorSpace::SRGB),
        (vec![chromaticities([0.0; 8])], ColorSpace::SRGB),
    ];
    for (index, (chunks, expected)) in cases.into_iter().enumerate() {
        let bytes = png_with(&chunks);
        assert_eq!(header(&bytes).space, expected, "case {index}");
        assert_eq!(warnings(&bytes), Vec::<String>::new(), "case {index}");
    }
    let bytes = png_with(&[broken(), srgb()]);
    assert_eq!((header(&bytes).space, warnings(&bytes)), (ColorSpace::SRGB, vec!["profile_left_out".to_owned()]));
    // By hand: half of the light is 188 in sRGB.
    assert_eq!(shown(&header(&png_with(&[gamma(100_000)])).space, [128; 3]), [188; 3]);
    // Adobe's green lies outside sRGB, (144, 255, 60) is sRGB's.
    let adobe = header(&png_with(&[gamma(45_470), chromaticities(ADOBE)])).space;
    let green = shown(&adobe, [144, 255, 60]);
    assert!(largest_difference(&green, &[0, 255, 0]) <= 4, "{green:?}");
    // The picture that comes out says so.
    let written = run(&[("output", json!({}))], &png_with(&[gamma(100_000)]));
    assert_eq!(header(&written).space, header(&png_with(&[gamma(100_000)])).space);
    assert!(icc(&written).is_some());
}

#[test]
fn a_gray_png_has_a_gamma_too() {
    let bytes = data("codecs/gray-8-interlaced.png");
    let linear = [&bytes[..33], &png_chunk(b"gAMA", &100_000_u32.to_be_bytes()), &bytes[33..]].concat();
    let image = decoded(&linear).image;
    assert_eq!((image.space.model(), &image.pixels), (Some(Model::Gray), &decoded(&bytes).image.pixels));
    assert!(largest_difference(&rgb(&linear), &rgb(&bytes)) > 40);
}

#[test]
fn a_profile_for_other_samples_is_left_out_with_a_doubt() {
    let with = |file: &str, profile: &str| {
        let bytes = data(&format!("codecs/{file}"));
        let stream = miniz_oxide::deflate::compress_to_vec_zlib(&data(&format!("color/{profile}.icc")), 6);
        [&bytes[..33], &png_chunk(b"iCCP", &[&b"a\0\0"[..], &stream].concat()), &bytes[33..]].concat()
    };
    for (file, profile, fits) in [
        ("rgb-8-interlaced.png", "gray-gamma", false),
        ("rgb-8-interlaced.png", "cmyk-mft1", false),
        ("gray-8-interlaced.png", "cmyk-mft1", false),
        ("palette-1.png", "gray-gamma", false),
        ("palette-1.png", "adobe-rgb", true),
        ("gray-8-interlaced.png", "gray-gamma", true),
        ("gray-8-interlaced.png", "adobe-rgb", true),
        ("gray-alpha-8.png", "gray-gamma", true),
    ] {
        let bytes = with(file, profile);
        let expected = if fits { vec![] } else { vec!["profile_left_out".to_owned()] };
        assert_eq!(warnings(&bytes), expected, "{file} {profile}");
        assert!(decoded(&bytes).warnings.iter().all(|warning| warning.is_doubt()));
        let image = decoded(&bytes).image;
        let is_gray = image.representation() == Representation::Gray;
        assert!(image.space.model().is_none_or(|model| (model == Model::Gray) == is_gray), "{file} {profile}");
    }
    // A gray picture with alpha becomes RGBA, and its profile is applied.
    let image = decoded(&with("gray-alpha-8.png", "gray-gamma")).image;
    assert_eq!((image.representation(), image.space.icc()), (Representation::Rgba, None));
}

#[test]
fn a_gif_has_its_profile_in_an_extension() {
    let gif = data("codecs/opaque.gif");
    let screen = 13 + 3 * (2 << (gif[10] & 7));
    let with = |name: &[u8], profile: &[u8]| {
        let mut extension = vec![0x21, 0xff, 11];
        extension.extend_from_slice(name);
        for block in profile.chunks(255) {
            extension.push(block.len() as u8);
            extension.extend_from_slice(block);
        }
        extension.push(0);
        [&gif[..screen], &extension, &gif[screen..]].concat()
    };
    let profile = data("color/adobe-rgb.icc");
    let bytes = with(b"ICCRGBG1012", &profile);
    assert_eq!((icc(&bytes), warnings(&bytes).len()), (Some(profile.clone()), 0));
    assert_eq!(rgb(&bytes), rgb(&gif));
    assert_eq!(icc(&with(b"XMP DataXMP", &profile)), None);
    let broken = with(b"ICCRGBG1012", &profile[..200]);
    assert_eq!((icc(&broken), warnings(&broken)), (None, vec!["profile_left_out".to_owned()]));
}

/// One pixel with a header of version 4.
fn bmp(kind: [u8; 4], endpoints: [[f64; 3]; 3], gammas: [f64; 3]) -> Vec<u8> {
    let mut header = vec![0; 108];
    let mut put = |at: usize, value: u32| header[at..at + 4].copy_from_slice(&value.to_le_bytes());
    for (at, value) in [(0, 108), (4, 1), (8, 1), (12, 1 | 24 << 16), (20, 4), (56, u32::from_le_bytes(kind))] {
        put(at, value);
    }
    for (index, value) in endpoints.as_flattened().iter().enumerate() {
        put(60 + index * 4, (value * f64::from(1 << 30)).round() as u32);
    }
    for (index, value) in gammas.iter().enumerate() {
        put(96 + index * 4, (value * 65536.0).round() as u32);
    }
    let mut file = b"BM".to_vec();
    file.extend(126_u32.to_le_bytes());
    file.extend([0; 4]);
    file.extend(122_u32.to_le_bytes());
    file.extend(header);
    file.extend([10, 20, 30, 0]);
    file
}

#[test]
fn a_bitmap_of_version_4_describes_its_colours() {
    // XYZ of the primaries under D65 (Adobe RGB (1998), 4.3.5.3; IEC 61966-2-1).
    let adobe = [[0.57667, 0.29734, 0.02703], [0.18556, 0.62736, 0.07069], [0.18823, 0.07529, 0.99134]];
    let srgb = [[0.4124, 0.2126, 0.0193], [0.3576, 0.7152, 0.1192], [0.1805, 0.0722, 0.9505]];
    const CALIBRATED: [u8; 4] = [0; 4];
    let space = |kind, endpoints, gamma| header(&bmp(kind, endpoints, [gamma; 3])).space;
    assert_eq!(space(CALIBRATED, srgb, 2.2).icc(), None);
    assert_eq!(space(CALIBRATED, [[0.0; 3]; 3], 0.0).icc(), None);
    assert_eq!(space(CALIBRATED, [[0.5; 3]; 3], 2.2).icc(), None);
    assert_eq!(space(CALIBRATED, adobe, 0.0).icc(), None);
    assert_eq!(space(*b"BGRs", adobe, 2.2).icc(), None);
    let found = space(CALIBRATED, adobe, 563.0 / 256.0);
    for color in [[144, 255, 60], [10, 200, 90], [255, 0, 0], [128, 128, 128]] {
        let (ours, known) = (shown(&found, color), shown(&self::space("adobe-rgb"), color));
        assert!(largest_difference(&ours, &known) <= 2, "{color:?}: {ours:?} {known:?}");
    }
    assert_eq!(shown(&space(CALIBRATED, srgb, 1.0), [128; 3]), [188; 3]);
    assert_eq!(rgb(&bmp(CALIBRATED, adobe, [1.0; 3])), [30, 20, 10]);
}

/// A JPEG with EXIF that has a colour space and an interoperability index.
fn photograph(color_space: u16, index: &[u8; 4], profile: bool) -> Vec<u8> {
    let entry = |tag: u16, kind: u16, count: u32, value: [u8; 4]| {
        [&tag.to_be_bytes()[..], &kind.to_be_bytes(), &count.to_be_bytes(), &value].concat()
    };
    let [high, low] = color_space.to_be_bytes();
    let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01".to_vec();
    exif.extend(entry(0x8769, 4, 1, 26_u32.to_be_bytes()));
    exif.extend([0, 0, 0, 0, 0, 2]);
    exif.extend(entry(0xa001, 3, 1, [high, low, 0, 0]));
    exif.extend(entry(0xa005, 4, 1, 56_u32.to_be_bytes()));
    exif.extend([0, 0, 0, 0, 0, 1]);
    exif.extend(entry(1, 2, 4, *index));
    let bytes = if profile { data("codecs/profile.jpg") } else { data("codecs/baseline-444.jpg") };
    let length = (exif.len() as u16 + 2).to_be_bytes();
    [&bytes[..2], &[0xff, 0xe1], &length, &exif, &bytes[2..]].concat()
}

#[test]
fn a_camera_names_adobe_rgb_without_a_profile() {
    let named = photograph(0xffff, b"R03\0", false);
    assert_eq!(header(&named).space, ColorSpace::adobe_rgb());
    assert_eq!(header(&photograph(1, b"R98\0", false)).space.icc(), None);
    assert_eq!(header(&photograph(0xffff, b"R03\0", true)).space, ColorSpace::SRGB, "a profile counts first");
    // EXIF is not written, so that the result needs a profile; and the original without EXIF would look different.
    let written = run(&[("output", json!({}))], &named);
    assert_eq!(header(&written).space, ColorSpace::adobe_rgb());
    assert!(codecs::without_metadata(&named, &header(&named)).is_none());
    assert_eq!(codecs::sniff(&written), Some(Format::Jpeg));
}
