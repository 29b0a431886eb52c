//! A JPEG file that is rotated by its EXIF orientation and scaled down matches the picture that was rotated first: for
//! every orientation, side length and decoding scale.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails, also in its helpers")]

use pixelmill::actions::{Context, prepare};
use pixelmill::codecs::{self, DecodeRequest, EncodeRequest, Format};
use pixelmill::image::convert::convert;
use pixelmill::image::{Image, Pixels, Plane, Representation, Size, Subsampling, Ycc};
use serde_json::json;

/// The levels at a point of the stored picture, in pixels: linear, so that filters preserve them.
fn levels(x: f64, y: f64) -> [f64; 3] {
    [40.0 + x * 0.9, 230.0 - y * 1.1, 60.0 + x * 0.5 + y * 0.5]
}

/// A planar picture of them at 4:2:0.
fn stored(size: Size) -> Image {
    let plane = |size: Size, step: f64, channel: usize| {
        let at = |i: u32| (f64::from(i) + 0.5) * step;
        let value = |x: u32, y: u32| levels(at(x), at(y))[channel].round() as u8;
        Plane { size, data: (0..size.height).flat_map(|y| (0..size.width).map(move |x| value(x, y))).collect() }
    };
    let chroma = Subsampling::S420.chroma_size(size);
    let (y, cb, cr) = (plane(size, 1.0, 0), plane(chroma, 2.0, 1), plane(chroma, 2.0, 2));
    Image::new(size, Pixels::Ycc(Ycc { y, cb, cr, subsampling: Subsampling::S420 }))
}

/// Inserts an EXIF block with an orientation after the start of a JPEG file.
fn oriented(file: &[u8], orientation: u8) -> Vec<u8> {
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
    let length = (exif.len() as u16 + 2).to_be_bytes();
    [&file[..2], &[0xff, 0xe1], &length, &exif, &file[2..]].concat()
}

/// Where a point of the upright picture is stored: TIFF 6.0, "the 0th row represents the visual …".
fn stored_at(orientation: u8, (x, y): (f64, f64), size: Size) -> (f64, f64) {
    let (right, bottom) = (f64::from(size.width), f64::from(size.height));
    match orientation {
        1 => (x, y),
        2 => (right - x, y),
        3 => (right - x, bottom - y),
        4 => (x, bottom - y),
        5 => (y, x),
        6 => (y, bottom - x),
        7 => (right - y, bottom - x),
        _ => (right - y, x),
    }
}

#[test]
fn a_reduced_picture_is_not_shifted_by_its_orientation() {
    let mut worst = (0.0, String::new());
    for remainder in 0..16 {
        let size = Size::new(144 + remainder, 96 + remainder * 7 % 16);
        let request = EncodeRequest {
            format: Format::Jpeg,
            quality: 100,
            lossless: false,
            background: [0; 3],
            ..EncodeRequest::new(Format::Jpeg)
        };
        let file = codecs::encode(stored(size), &request, None).unwrap().bytes;
        for orientation in 1..=8 {
            let file = oriented(&file, orientation);
            let header = codecs::probe(&file, "a.jpg").unwrap();
            assert_eq!(header.orientation, orientation);
            let full = header.upright(true);
            for step in [2, 4, 8] {
                let at_least = Size::new(size.width / step, size.height / step);
                let request = DecodeRequest {
                    representation: Representation::Ycc,
                    at_least,
                    chroma_at_least: Size::new(1, 1),
                    scaling: None,
                    auto_orient: true,
                };
                let codecs::Decoded { image, reduced, .. } = codecs::decode(&file, &header, &request, "a.jpg").unwrap();
                let reduced = reduced.unwrap();
                assert_eq!(reduced.full, full);
                assert_eq!(image.size.width.max(image.size.height), size.width.div_ceil(step));

                let to = Size::new(full.width / (step * 2), full.height / (step * 2));
                let raw = json!({ "mode": "exact", "width": to.width, "height": to.height });
                let resize = prepare("resize", raw.as_object().unwrap()).unwrap();
                let small = resize.run_reduced(vec![Some(image)], reduced, &Context::default()).unwrap().remove(0);
                assert_eq!(small.size, to);
                let Pixels::Ycc(planes) = small.pixels else { panic!("planar stays planar") };
                assert_eq!(planes.subsampling, Subsampling::S444);

                for (channel, plane) in [&planes.y, &planes.cb, &planes.cr].into_iter().enumerate() {
                    // Filters flatten a slope next to the edges, so the middle is compared, row by row and column by
                    // column: this detects a shift in either direction.
                    let error = |x: u32, y: u32| {
                        let at = |i: u32, full: u32, to: u32| (f64::from(i) + 0.5) * f64::from(full) / f64::from(to);
                        let (x0, y0) =
                            stored_at(orientation, (at(x, full.width, to.width), at(y, full.height, to.height)), size);
                        f64::from(plane.row(y)[x as usize]) - levels(x0, y0)[channel]
                    };
                    let (left, top) = (to.width / 3, to.height / 3);
                    let errors: Vec<f64> = (top..to.height - top)
                        .flat_map(|y| (left..to.width - left).map(move |x| (x, y)))
                        .map(|(x, y)| error(x, y))
                        .collect();
                    let mean = errors.iter().sum::<f64>() / errors.len() as f64;
                    if mean.abs() > worst.0 {
                        worst =
                            (mean.abs(), format!("{size:?} orientation {orientation} at 1/{step}, plane {channel}"));
                    }
                }
            }
        }
    }
    // A twentieth of the step between two pixels of the smallest result, which is 16 source pixels or 14 levels.
    println!("{worst:?}");
    assert!(worst.0 < 0.72, "{worst:?}");
}

#[test]
fn a_turned_picture_is_the_upright_one_turned() {
    let size = Size::new(155, 107);
    let request = EncodeRequest {
        format: Format::Jpeg,
        quality: 100,
        lossless: false,
        background: [0; 3],
        ..EncodeRequest::new(Format::Jpeg)
    };
    let file = codecs::encode(stored(size), &request, None).unwrap().bytes;
    let shown = |orientation: u8, width: u32, height: u32| {
        let file = oriented(&file, orientation);
        let header = codecs::probe(&file, "a.jpg").unwrap();
        let (at_least, chroma_at_least) = (Size::new(20, 14), Size::new(1, 1));
        let request = DecodeRequest {
            representation: Representation::Rgb,
            at_least,
            chroma_at_least,
            scaling: None,
            auto_orient: true,
        };
        let codecs::Decoded { image, reduced, .. } = codecs::decode(&file, &header, &request, "a.jpg").unwrap();
        let reduced = reduced.unwrap();
        let raw = json!({ "mode": "exact", "width": width, "height": height });
        let resize = prepare("resize", raw.as_object().unwrap()).unwrap();
        let small = resize.run_reduced(vec![Some(image)], reduced, &Context::default()).unwrap().remove(0);
        convert(small, Representation::Rgb)
    };
    let upright = shown(1, 19, 13);
    for orientation in 2..=8 {
        let (width, height) = if orientation >= 5 { (13, 19) } else { (19, 13) };
        let got = shown(orientation, width, height);
        let expected = pixelmill::image::orient::apply(upright.clone(), orientation);
        let (Pixels::Rgb(got), Pixels::Rgb(expected)) = (got.pixels, expected.pixels) else { panic!("RGB") };
        let worst = got.iter().zip(&expected).map(|(a, b)| a.abs_diff(*b)).max();
        // One level of luma and one of chroma, which counts 1.8 times in red or blue: the order of rounding differs.
        assert!(worst <= Some(3), "{orientation}: {worst:?}");
    }
}
