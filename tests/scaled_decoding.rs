//! A JPEG picture that is scaled while it is decoded is the one that is decoded whole and scaled then: the same bytes, for
//! every kind of file, part and filter; and what Pillow makes of it. Turned pictures are those that were scaled as stored and
//! turned then, with chroma laid as in the upright picture.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails, also in its helpers")]

use std::path::{Path, PathBuf};

use pixelmill::codecs::{self, DecodeRequest, Decoded, EncodeRequest, Format, Header};
use pixelmill::image::convert::convert;
use pixelmill::image::resample::{ChromaUse, Filter, Scaling, Window, resample_for};
use pixelmill::image::{Image, Pixels, Plane, Representation, Size, Subsampling, Ycc, orient};
use serde_json::Value;

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

/// The gray and planar JPEG files of the tests, with their names and headers.
fn files() -> Vec<(String, Vec<u8>, Header)> {
    let mut files = Vec::new();
    for folder in ["codecs", "field", "photos", "planar"] {
        for entry in std::fs::read_dir(data().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "jpg") {
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            let Ok(header) = codecs::probe(&bytes, "a.jpg") else { continue };
            if matches!(header.native.iter().next(), Some(Representation::Gray | Representation::Ycc)) {
                files.push((path.file_name().unwrap().to_string_lossy().into_owned(), bytes, header));
            }
        }
    }
    assert!(files.len() > 50, "{}", files.len());
    files
}

fn request(header: &Header, part: u32, scaling: Option<Scaling>, auto_orient: bool) -> DecodeRequest {
    let at_least = Size::new(header.size.width.div_ceil(part), header.size.height.div_ceil(part));
    DecodeRequest {
        representation: header.native.iter().next().unwrap(),
        at_least,
        // Chroma at luma's part, and at its own size where that is half of luma's.
        chroma_at_least: if part == 2 { at_least } else { Size::new(1, 1) },
        scaling,
        auto_orient,
    }
}

fn scaled_afterwards(Decoded { image, reduced, .. }: Decoded, scaling: Scaling) -> Image {
    let window = reduced.map_or(Window::all(image.size), |reduced| reduced.window);
    resample_for(&image, window, scaling.size, scaling.filter, scaling.chroma).unwrap()
}

#[test]
fn scaling_on_the_way_gives_the_bytes_of_scaling_afterwards() {
    let mut streamed = 0;
    for (name, bytes, header) in files() {
        // Every part with two of these.
        let scalings = [
            (Filter::Lanczos3, ChromaUse::Halved, 0.37),
            (Filter::Lanczos3, ChromaUse::Whole, 0.083),
            (Filter::Mitchell, ChromaUse::Halved, 0.71),
            (Filter::Bilinear, ChromaUse::Whole, 0.5),
        ];
        for (index, part) in [1, 2, 4, 8].into_iter().enumerate() {
            for (filter, chroma, times) in [scalings[index], scalings[(index + 1) % 4]] {
                let side = |side: u32, times: f64| ((f64::from(side) * times) as u32).max(1);
                let size = Size::new(side(header.size.width, times), side(header.size.height, times * 1.1));
                let scaling = Scaling { size, filter, chroma };
                let decode = |scaling: Option<Scaling>| {
                    codecs::decode(&bytes, &header, &request(&header, part, scaling, false), &name).unwrap()
                };
                let (on_the_way, whole) = (decode(Some(scaling)), decode(None));
                assert_eq!(on_the_way.warnings.len(), whole.warnings.len());
                let Some(reduced) = on_the_way.reduced.filter(|_| on_the_way.image.size == size) else {
                    assert_eq!(on_the_way.image.size, whole.image.size, "{name}");
                    continue;
                };
                streamed += 1;
                assert_eq!((reduced.full, reduced.window), (header.size, Window::all(size)));
                let expected = scaled_afterwards(whole, scaling);
                assert!(on_the_way.image == expected, "{name} at 1/{part} to {size:?}, {chroma:?}");
            }
        }
    }
    assert!(streamed > 300, "{streamed}");
}

#[test]
fn scaling_on_the_way_gives_what_pillow_makes_of_it() {
    let cases: Vec<Value> = serde_json::from_slice(&std::fs::read(data().join("planar/cases.json")).unwrap()).unwrap();
    let mut compared = 0;
    for case in &cases {
        let name = case["name"].as_str().unwrap();
        // Colours at the edge of what RGB holds are clipped in another order on planes.
        if !case["crop"].is_null() || name.starts_with("labels") {
            continue;
        }
        let side = |key: &str| case[key].as_u64().unwrap() as u32;
        let size = Size::new(side("width"), side("height"));
        let scaling = Scaling { size, filter: Filter::Lanczos3, chroma: ChromaUse::Whole };
        let bytes = std::fs::read(data().join(case["file"].as_str().unwrap())).unwrap();
        let header = codecs::probe(&bytes, name).unwrap();
        let got = codecs::decode(&bytes, &header, &request(&header, 1, Some(scaling), true), name).unwrap().image;
        assert_eq!(got.size, size);
        let png = std::fs::read(data().join(format!("planar/{name}.png"))).unwrap();
        let header = codecs::probe(&png, name).unwrap();
        let expected = codecs::decode(&png, &header, &request(&header, 1, None, true), name).unwrap().image;
        let [got, expected] = [got, expected].map(|image| match convert(image, Representation::Rgb).pixels {
            Pixels::Rgb(data) => data,
            _ => panic!("asked for RGB"),
        });
        let worst = got.iter().zip(&expected).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
        let squares: u64 = got.iter().zip(&expected).map(|(a, b)| u64::from(a.abs_diff(*b)).pow(2)).sum();
        let ratio = 10.0 * (255.0 * 255.0 * got.len() as f64 / squares as f64).log10();
        assert!(worst <= 4 && ratio >= 42.0, "{name}: {worst}, {ratio} dB");
        compared += 1;
    }
    assert!(compared >= 4, "{compared}");
}

/// Puts an EXIF block with an orientation behind the start of a JPEG file.
fn oriented(file: &[u8], orientation: u8) -> Vec<u8> {
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
    let length = (exif.len() as u16 + 2).to_be_bytes();
    [&file[..2], &[0xff, 0xe1], &length, &exif, &file[2..]].concat()
}

/// A planar picture at 4:2:0 in which every place differs from every other.
fn waves(size: Size) -> Image {
    let plane = |size: Size, step: f64, phase: f64| {
        let value = |x: u32, y: u32| {
            let (x, y) = ((f64::from(x) + 0.5) * step, (f64::from(y) + 0.5) * step);
            (128.0 + 50.0 * (x / 11.0 + phase).sin() + 50.0 * (y / 17.0 + x / 40.0 + phase).cos()) as u8
        };
        Plane { size, data: (0..size.height).flat_map(|y| (0..size.width).map(move |x| value(x, y))).collect() }
    };
    let chroma = Subsampling::S420.chroma_size(size);
    let (y, cb, cr) = (plane(size, 1.0, 0.0), plane(chroma, 2.0, 1.0), plane(chroma, 2.0, 2.0));
    Image::new(size, Pixels::Ycc(Ycc { y, cb, cr, subsampling: Subsampling::S420 }))
}

#[test]
fn a_turned_picture_is_scaled_as_it_will_lie() {
    for size in [Size::new(160, 112), Size::new(163, 111)] {
        let request = EncodeRequest {
            format: Format::Jpeg,
            quality: 100,
            lossless: false,
            background: [0; 3],
            ..EncodeRequest::new(Format::Jpeg)
        };
        let file = codecs::encode(waves(size), &request, None).unwrap().bytes;
        for (stored, part) in [(Size::new(60, 40), 1), (Size::new(61, 43), 1), (Size::new(61, 43), 2)] {
            for chroma in [ChromaUse::Whole, ChromaUse::Halved] {
                let scaling = Scaling { size: stored, filter: Filter::Lanczos3, chroma };
                let decode = |orientation: u8, scaling: Option<Scaling>| {
                    let file = oriented(&file, orientation);
                    let header = codecs::probe(&file, "a.jpg").unwrap();
                    codecs::decode(&file, &header, &self::request(&header, part, scaling, true), "a.jpg").unwrap()
                };
                let upright = decode(1, Some(scaling)).image;
                for orientation in 2..=8 {
                    let got = decode(orientation, Some(scaling));
                    let full = if orientation >= 5 { size.transposed() } else { size };
                    let reduced = got.reduced.unwrap();
                    assert_eq!((reduced.full, reduced.window), (full, Window::all(got.image.size)));
                    // Turned first and scaled afterwards, chroma lies on the same grid.
                    let turned = scaled_afterwards(
                        decode(orientation, None),
                        Scaling { size: if orientation >= 5 { stored.transposed() } else { stored }, ..scaling },
                    );
                    let (Pixels::Ycc(got), Pixels::Ycc(turned)) = (got.image.pixels, turned.pixels) else {
                        panic!("planar stays planar")
                    };
                    assert_eq!(got.subsampling, turned.subsampling);
                    for (got, turned) in [(&got.y, &turned.y), (&got.cb, &turned.cb), (&got.cr, &turned.cr)] {
                        assert_eq!(got.size, turned.size);
                        let worst = got.data.iter().zip(&turned.data).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
                        assert!(worst <= 1, "orientation {orientation}, {size:?} → {stored:?}, {chroma:?}: {worst}");
                    }
                    // Luma is exactly that of the upright picture, turned.
                    let Pixels::Ycc(expected) = orient::apply(upright.clone(), orientation).pixels else {
                        panic!("planar stays planar")
                    };
                    assert!(got.y == expected.y, "orientation {orientation}, {size:?} → {stored:?}");
                }
            }
        }
    }
}
