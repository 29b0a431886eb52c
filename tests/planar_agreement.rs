//! A chain of actions gives the same picture on planar Y′CbCr as on RGB and in other programs: at most 4 levels apart,
//! at least 42 dB.
//!
//! Downscaled results are compared with Pillow's pictures in `data/planar` (see `oracles/planar.py`), for whole
//! workflows and for kernels. What no other program does in the same way is compared between the representations, using
//! a photograph with the chroma detail of a camera's: a small one enlarged three times and then subsampled as in JPEG
//! encoders. Both of its sides are odd. If several actions each round, one sample in 100,000 may be 5 apart. Luma alone
//! cannot reproduce a strong sharpening that drives single channels out of range, so the default sharpening is used.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails, also in its helpers")]

use std::path::Path;

use libjpeg_turbo_rs::Decoder;
use pixelmill::actions::{Context, prepare};
use pixelmill::codecs::{self, DecodeRequest, EncodeRequest, Format};
use pixelmill::engine::{Plan, Services, Source};
use pixelmill::image::convert::{convert, half_chroma};
use pixelmill::image::resample::{ChromaUse, Filter, Window, resample};
use pixelmill::image::{Image, Pixels, Plane, Representation, Size, Subsampling, Ycc};
use pixelmill::workflow::check;
use serde_json::{Value, json};

fn photograph(name: &str, size: Size) -> Image {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/photos").join(name);
    let bytes = std::fs::read(path).unwrap();
    let decoder = Decoder::new(&bytes).unwrap();
    let small = Size::new(decoder.header().width.into(), decoder.header().height.into());
    let raw = decoder.decode_raw().unwrap();
    let plane = |index: usize, size: Size| Plane {
        size,
        data: (0..size.height as usize)
            .flat_map(|y| raw.planes[index][y * raw.plane_widths[index]..][..size.width as usize].to_vec())
            .collect(),
    };
    let chroma = Subsampling::S420.chroma_size(small);
    let ycc = Ycc { y: plane(0, small), cb: plane(1, chroma), cr: plane(2, chroma), subsampling: Subsampling::S420 };
    let rgb = convert(Image::new(small, Pixels::Ycc(ycc)), Representation::Rgb);
    resample(&rgb, Window::all(small), size, Filter::Bicubic).unwrap()
}

/// Averages chroma over the pixels of a sample; the last ones are replicated, as in libjpeg.
fn subsampled(image: Image, subsampling: Subsampling) -> Image {
    let size = image.size;
    let Pixels::Ycc(full) = convert(image, Representation::Ycc).pixels else { panic!("expected planes") };
    let (h, v) = (u32::from(subsampling.h), u32::from(subsampling.v));
    let chroma = subsampling.chroma_size(size);
    let average = |plane: &Plane| {
        let sample = |x: u32, y: u32| {
            let pixels = (0..v).flat_map(|j| (0..h).map(move |i| (x * h + i, y * v + j)));
            let sum: u32 =
                pixels.map(|(x, y)| u32::from(plane.row(y.min(size.height - 1))[x.min(size.width - 1) as usize])).sum();
            ((sum + h * v / 2) / (h * v)) as u8
        };
        let data = (0..chroma.height).flat_map(|y| (0..chroma.width).map(move |x| sample(x, y))).collect();
        Plane { size: chroma, data }
    };
    let (cb, cr) = (average(&full.cb), average(&full.cr));
    Image::new(size, Pixels::Ycc(Ycc { y: full.y, cb, cr, subsampling }))
}

fn run(chain: &[(&str, Value)], image: Image) -> Image {
    run_for(chain, image, ChromaUse::Whole)
}

fn run_for(chain: &[(&str, Value)], mut image: Image, chroma: ChromaUse) -> Image {
    for (action, parameters) in chain {
        let operation = prepare(action, parameters.as_object().unwrap()).unwrap();
        assert!(operation.accepts().contains(image.representation()), "{action} takes {:?}", image.representation());
        let foretold = operation.output_size(image.size).unwrap();
        image = operation.run(vec![Some(image)], &Context::default().with_chroma(chroma)).unwrap().remove(0);
        assert_eq!(image.size, foretold);
        assert!(image.is_consistent());
    }
    image
}

/// How far apart two results are.
#[derive(Debug)]
struct Difference {
    largest: u8,
    /// Share of the samples that are more than 4 apart.
    beyond: f64,
    /// Peak signal-to-noise ratio in dB.
    ratio: f64,
}

fn difference(one: &Image, other: &Image) -> Difference {
    assert_eq!(one.size, other.size);
    let (Pixels::Rgb(one), Pixels::Rgb(other)) = (&one.pixels, &other.pixels) else { panic!("compared as RGB") };
    difference_of_samples(one, other)
}

fn difference_of_samples(one: &[u8], other: &[u8]) -> Difference {
    assert_eq!(one.len(), other.len());
    let differences = || one.iter().zip(other).map(|(one, other)| one.abs_diff(*other));
    let samples = one.len() as f64;
    let squares: u64 = differences().map(|difference| u64::from(difference).pow(2)).sum();
    Difference {
        largest: differences().max().unwrap(),
        beyond: differences().filter(|difference| *difference > 4).count() as f64 / samples,
        ratio: 10.0 * (255.0 * 255.0 * samples / squares as f64).log10(),
    }
}

#[test]
fn planar_and_rgb_chains_agree() {
    let planar = subsampled(photograph("cat.jpg", Size::new(1353, 901)), Subsampling::S420);
    let rgb = convert(planar.clone(), Representation::Rgb);
    let chains = [
        vec![("resize", json!({ "width": 541 }))],
        vec![("resize", json!({ "width": 540 }))],
        vec![("resize", json!({ "mode": "percent", "percent": 25 }))],
        vec![("resize", json!({ "width": 401, "filter": "bicubic" }))],
        vec![("resize", json!({ "width": 677, "filter": "bilinear" }))],
        vec![("resize", json!({ "width": 333, "filter": "mitchell" }))],
        vec![("resize", json!({ "mode": "fill", "width": 451, "height": 450 }))],
        vec![("resize", json!({ "mode": "exact", "width": 300, "height": 701 }))],
        vec![("resize", json!({ "width": 1500, "enlarge": true }))],
        vec![("sharpen", json!({}))],
        vec![("gaussian-blur", json!({ "sigma": 0.6 }))],
        vec![("gaussian-blur", json!({ "sigma": 2 }))],
        vec![("gaussian-blur", json!({ "sigma": 30 }))],
        vec![("crop", json!({ "x": 100, "y": 200, "width": 601, "height": 402 }))],
        vec![("crop", json!({ "x": 101, "y": 200, "width": 600, "height": 402 }))],
        vec![("crop", json!({ "ratio": "4:5" }))],
        vec![("rotate", json!({ "angle": 90 }))],
        vec![("rotate", json!({ "angle": 180 }))],
        vec![("flip", json!({}))],
        vec![("flip", json!({ "direction": "vertical" }))],
        vec![("grayscale", json!({ "standard": "rec601" }))],
        vec![("resize", json!({ "width": 541, "height": 541 })), ("sharpen", json!({}))],
        vec![("crop", json!({ "ratio": "1:1" })), ("resize", json!({ "width": 400 }))],
        vec![("rotate", json!({})), ("flip", json!({})), ("resize", json!({ "height": 600 }))],
        vec![("gaussian-blur", json!({ "sigma": 1.5 })), ("resize", json!({ "width": 500 }))],
    ];
    let mut failures = Vec::new();
    for chain in chains {
        let one = run(&chain, planar.clone());
        let other = convert(run(&chain, rgb.clone()), Representation::Rgb);
        let difference = difference(&convert(one, Representation::Rgb), &other);
        println!("{chain:?}: {difference:?}");
        let (most, share) = if chain.len() == 1 { (4, 0.0) } else { (5, 1e-5) };
        if difference.largest > most || difference.beyond > share || difference.ratio < 42.0 {
            failures.push(format!("{chain:?}: {difference:?}"));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

/// An expected picture in `data/planar`.
struct Case {
    name: String,
    /// The JPEG file.
    bytes: Vec<u8>,
    /// The actions that lead from one to the other.
    chain: Vec<(&'static str, Value)>,
    expected: Image,
}

impl Case {
    /// Text and bars in colours at the limits of RGB: clipping in a different order gives a different picture, even
    /// between Pillow and libvips.
    fn is_extreme(&self) -> bool {
        self.name.starts_with("labels")
    }
}

fn decoded(bytes: &[u8], representation: Representation) -> Image {
    let header = codecs::probe(bytes, "a file").unwrap();
    let (at_least, chroma_at_least) = (header.size, header.size);
    let request = DecodeRequest { representation, at_least, chroma_at_least, scaling: None, auto_orient: true };
    codecs::decode(bytes, &header, &request, "a file").unwrap().image
}

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let list: Vec<Value> = serde_json::from_slice(&read("planar/cases.json")).unwrap();
    let case = |case: &Value| {
        let name = case["name"].as_str().unwrap().to_owned();
        let mut chain = Vec::new();
        if let Some(part) = case["crop"].as_array() {
            let side = |at: usize| part[at].as_u64().unwrap();
            let (x, y) = (side(0), side(1));
            chain.push(("crop", json!({ "x": x, "y": y, "width": side(2) - x, "height": side(3) - y })));
        }
        chain.push(("resize", json!({ "mode": "exact", "width": case["width"], "height": case["height"] })));
        let expected = decoded(&read(&format!("planar/{name}.png")), Representation::Rgb);
        Case { name, bytes: read(case["file"].as_str().unwrap()), chain, expected }
    };
    list.iter().map(case).collect()
}

#[test]
fn kernels_make_a_planar_picture_smaller_as_pillow_makes_its_rgb_twin() {
    let mut failures = Vec::new();
    for case in cases() {
        for representation in [Representation::Ycc, Representation::Rgb] {
            let got = convert(run(&case.chain, decoded(&case.bytes, representation)), Representation::Rgb);
            let difference = difference(&got, &case.expected);
            println!("{} {representation:?}: {difference:?}", case.name);
            // Whole workflows over it are tested below: they do not resample it on planes.
            let holds = match (case.is_extreme(), representation) {
                (true, Representation::Ycc) => difference.ratio >= 29.0,
                (true, _) => difference.ratio >= 42.0,
                _ => difference.largest <= 4 && difference.ratio >= 42.0,
            };
            if !holds {
                failures.push(format!("{} {representation:?}: {difference:?}", case.name));
            }
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

/// Subsampling as part of the resampling gives the same result as subsampling at the end.
#[test]
fn chroma_that_is_halved_on_the_way_is_that_of_the_whole_picture_halved() {
    let mut failures = Vec::new();
    for case in cases() {
        let got = run_for(&case.chain, decoded(&case.bytes, Representation::Ycc), ChromaUse::Halved);
        let Pixels::Ycc(got) = got.pixels else { panic!("planar stays planar") };
        assert_eq!(got.subsampling, Subsampling::S420);
        let Pixels::Ycc(expected) = convert(case.expected.clone(), Representation::Ycc).pixels else {
            panic!("expected planes")
        };
        let expected = half_chroma(expected);
        for (plane, got, expected) in
            [("y", &got.y, &expected.y), ("cb", &got.cb, &expected.cb), ("cr", &got.cr, &expected.cr)]
        {
            let difference = difference_of_samples(&got.data, &expected.data);
            println!("{} {plane}: {difference:?}", case.name);
            let holds = if case.is_extreme() {
                difference.ratio >= 33.0
            } else {
                difference.largest <= 4 && difference.ratio >= 42.0
            };
            if !holds {
                failures.push(format!("{} {plane}: {difference:?}", case.name));
            }
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

fn through_a_workflow(case: &Case, output: Value) -> Vec<u8> {
    let mut actions = vec![json!({
        "actionId": "in", "actionType": "input-images",
        "parameters": { "images": [{ "name": "a.jpg", "sourceUrl": "asset:1" }] },
    })];
    for (action, parameters) in &case.chain {
        actions.push(json!({ "actionId": action, "actionType": action, "parameters": parameters }));
    }
    actions.push(json!({ "actionId": "out", "actionType": "output", "parameters": output }));
    let connections: Vec<Value> = actions
        .windows(2)
        .map(|pair| {
            json!({
                "connectionSource": pair[0]["actionId"], "sourcePort": "outputs",
                "connectionTarget": pair[1]["actionId"], "targetPort": "input-images",
            })
        })
        .collect();
    let (workflow, found) = check(&json!({ "metadata": {}, "actions": actions, "connections": connections }));
    let plan = Plan::build(&workflow).unwrap_or_else(|_| panic!("{found:#?}"));
    let source = Source { name: "a.jpg", folder: "", bytes: (&case.bytes).into() };
    plan.run(0, &[source], Services::default()).unwrap().outputs.remove(0).encoded.bytes
}

#[test]
fn workflows_make_a_jpeg_smaller_as_pillow_does_in_every_format() {
    let mut failures = Vec::new();
    for case in cases() {
        for (output, quality) in [
            (json!({ "format": "png" }), None),
            (json!({ "format": "webp", "lossless": true }), None),
            (json!({ "format": "jpeg", "quality": 95 }), Some(95)),
            (json!({ "format": "jpeg", "quality": 80 }), Some(80)),
        ] {
            let got = decoded(&through_a_workflow(&case, output.clone()), Representation::Rgb);
            let difference = difference(&got, &case.expected);
            println!("{} {output}: {difference:?}", case.name);
            let holds = match (quality, case.is_extreme()) {
                // If the decoder scaled the picture down, single samples at hard edges are a little further off.
                (None, false) => difference.ratio >= 42.0 && (difference.largest <= 4 || difference.beyond < 0.001),
                (None, true) => difference.ratio >= 42.0,
                // A JPEG file is as close to the expected picture as a JPEG file made from that picture itself.
                (Some(quality), _) => {
                    let request = EncodeRequest {
                        format: Format::Jpeg,
                        quality,
                        lossless: false,
                        background: [255; 3],
                        ..EncodeRequest::new(Format::Jpeg)
                    };
                    let written = codecs::encode(case.expected.clone(), &request, None).unwrap();
                    let own = self::difference(&decoded(&written.bytes, Representation::Rgb), &case.expected);
                    println!("    of itself: {own:?}");
                    difference.ratio >= own.ratio - 0.75
                }
            };
            if !holds {
                failures.push(format!("{} {output}: {difference:?}", case.name));
            }
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

/// A test of the comparison: a shift of chroma by one pixel must not pass.
#[test]
fn a_shift_of_chroma_would_be_seen() {
    let photograph = photograph("flowers.jpg", Size::new(961, 641));
    let planar = subsampled(photograph, Subsampling::S420);
    let rgb = convert(planar.clone(), Representation::Rgb);
    let Pixels::Ycc(mut shifted) = planar.pixels else { panic!("planar") };
    for plane in [&mut shifted.cb, &mut shifted.cr] {
        plane.data.rotate_right(1);
    }
    let shifted = convert(Image::new(planar.size, Pixels::Ycc(shifted)), Representation::Rgb);
    let difference = difference(&rgb, &shifted);
    assert!(difference.largest > 5 && difference.beyond > 1e-3, "{difference:?}");
}
