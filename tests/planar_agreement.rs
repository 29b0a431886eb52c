//! A chain of actions gives the same picture whether it ran on planar Y′CbCr or on RGB: at most 4 levels apart, at
//! least 42 dB.
//!
//! Where several actions each round, one sample in 100,000 may be 5 apart.
//!
//! The picture is a photograph with the chroma detail of a camera's: a small one enlarged three times, then subsampled
//! as JPEG encoders do. Both sides of it are odd. What a planar picture that was made smaller cannot hold is compared
//! as it would be written: the other result is subsampled alike. Luma alone cannot follow where a strong sharpening
//! drives single channels out of range, so the sharpening here is the default one.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails, also in its helpers")]

use std::path::Path;

use libjpeg_turbo_rs::Decoder;
use pixelmill::actions::{Context, prepare};
use pixelmill::image::convert::convert;
use pixelmill::image::resample::{Filter, Window, resample};
use pixelmill::image::{Image, Pixels, Plane, Representation, Size, Subsampling, Ycc};
use serde_json::{Value, json};

/// How two results are compared.
#[derive(Clone, Copy, PartialEq)]
enum Compare {
    /// Pixel by pixel.
    Direct,
    /// After both have the same chroma subsampling.
    AsWritten,
}

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

/// Averages chroma over the pixels of a sample; the last ones are continued, as libjpeg does.
fn subsampled(image: Image, subsampling: Subsampling) -> Image {
    let size = image.size;
    let Pixels::Ycc(full) = convert(image, Representation::Ycc).pixels else { panic!("asked for planes") };
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

fn run(chain: &[(&str, Value)], mut image: Image) -> Image {
    for (action, parameters) in chain {
        let operation = prepare(action, parameters.as_object().unwrap()).unwrap();
        assert!(operation.accepts().contains(image.representation()), "{action} takes {:?}", image.representation());
        let foretold = operation.output_size(image.size).unwrap();
        image = operation.run(vec![Some(image)], &Context::default()).unwrap().remove(0);
        assert_eq!(image.size, foretold);
        assert!(image.is_consistent());
    }
    image
}

/// How far two results are apart.
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
    use Compare::{AsWritten, Direct};
    let planar = subsampled(photograph("cat.jpg", Size::new(1353, 901)), Subsampling::S420);
    let rgb = convert(planar.clone(), Representation::Rgb);
    let chains = [
        (AsWritten, vec![("resize", json!({ "width": 541 }))]),
        (AsWritten, vec![("resize", json!({ "width": 540 }))]),
        (AsWritten, vec![("resize", json!({ "mode": "percent", "percent": 25 }))]),
        (AsWritten, vec![("resize", json!({ "width": 401, "filter": "bicubic" }))]),
        (AsWritten, vec![("resize", json!({ "width": 677, "filter": "bilinear" }))]),
        (AsWritten, vec![("resize", json!({ "width": 333, "filter": "mitchell" }))]),
        (AsWritten, vec![("resize", json!({ "mode": "fill", "width": 451, "height": 450 }))]),
        (AsWritten, vec![("resize", json!({ "mode": "exact", "width": 300, "height": 701 }))]),
        (Direct, vec![("resize", json!({ "width": 1500, "enlarge": true }))]),
        (Direct, vec![("sharpen", json!({}))]),
        (Direct, vec![("gaussian-blur", json!({ "sigma": 0.6 }))]),
        (Direct, vec![("gaussian-blur", json!({ "sigma": 2 }))]),
        (Direct, vec![("gaussian-blur", json!({ "sigma": 30 }))]),
        (Direct, vec![("crop", json!({ "x": 100, "y": 200, "width": 601, "height": 402 }))]),
        (Direct, vec![("crop", json!({ "x": 101, "y": 200, "width": 600, "height": 402 }))]),
        (Direct, vec![("crop", json!({ "ratio": "4:5" }))]),
        (Direct, vec![("rotate", json!({ "angle": 90 }))]),
        (Direct, vec![("rotate", json!({ "angle": 180 }))]),
        (Direct, vec![("flip", json!({}))]),
        (Direct, vec![("flip", json!({ "direction": "vertical" }))]),
        (Direct, vec![("grayscale", json!({ "standard": "rec601" }))]),
        (AsWritten, vec![("resize", json!({ "width": 541, "height": 541 })), ("sharpen", json!({}))]),
        (AsWritten, vec![("crop", json!({ "ratio": "1:1" })), ("resize", json!({ "width": 400 }))]),
        (AsWritten, vec![("rotate", json!({})), ("flip", json!({})), ("resize", json!({ "height": 600 }))]),
        (AsWritten, vec![("gaussian-blur", json!({ "sigma": 1.5 })), ("resize", json!({ "width": 500 }))]),
    ];
    let mut failures = Vec::new();
    for (compare, chain) in chains {
        let one = run(&chain, planar.clone());
        let other = convert(run(&chain, rgb.clone()), Representation::Rgb);
        let other = match (&one.pixels, compare) {
            (Pixels::Ycc(ycc), AsWritten) => convert(subsampled(other, ycc.subsampling), Representation::Rgb),
            _ => other,
        };
        let difference = difference(&convert(one, Representation::Rgb), &other);
        println!("{chain:?}: {difference:?}");
        let (most, share) = if chain.len() == 1 { (4, 0.0) } else { (5, 1e-5) };
        if difference.largest > most || difference.beyond > share || difference.ratio < 42.0 {
            failures.push(format!("{chain:?}: {difference:?}"));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

/// The comparison itself: a shift of chroma by one pixel must not pass.
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
