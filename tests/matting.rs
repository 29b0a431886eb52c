//! Matting compared with values computed by an independent program (`tests/oracles/matting.py`).

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails, also in its helpers")]

use std::path::{Path, PathBuf};

use pixelmill::image::field::Map;
use pixelmill::image::{Image, Pixels, Size};
use pixelmill::matting::{fusion, guide, guided, saliency};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/matting").join(name)
}

fn floats(name: &str) -> Vec<f32> {
    let bytes = std::fs::read(path(name)).unwrap();
    bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

fn png(name: &str) -> (Size, Vec<u8>) {
    let file = std::fs::File::open(path(name)).unwrap();
    let mut reader = png::Decoder::new(std::io::BufReader::new(file)).read_info().unwrap();
    let mut data = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut data).unwrap();
    (Size::new(info.width, info.height), data)
}

fn photo() -> Image {
    let (size, data) = png("photo.png");
    Image::new(size, Pixels::Rgb(data))
}

fn mask() -> Map {
    let (size, data) = png("mask.png");
    Map { size, data: data.iter().map(|value| f32::from(*value) / 255.0).collect() }
}

/// Tolerance for Pillow's own resampling: one level. All samples are divided by the largest one of the resampled
/// picture, 239.
#[test]
fn the_model_gets_the_same_input_as_in_rembg() {
    let input = saliency::input(&photo(), false).unwrap();
    let expected = floats("input.f32");
    let grid = input.values.chunks_exact(320).step_by(16).flat_map(|row| row.iter().step_by(16));
    let mut compared = 0;
    for (got, expected) in grid.zip(&expected) {
        assert!((got - expected).abs() < 1.02 / (239.0 * 0.224), "{got} for {expected}");
        compared += 1;
    }
    assert_eq!((compared, expected.len()), (3 * 20 * 20, 3 * 20 * 20));
}

#[test]
fn the_guided_filter_equals_its_definition() {
    let (guide, mask, expected) = (guide(&photo()).unwrap(), mask(), floats("guided.f32"));
    let functions = guided::functions(&guide, &mask, guided::RADIUS, guided::EPSILON);
    assert_eq!(expected.len(), functions.data.len());
    for ((pixel, function), expected) in guide.data.iter().zip(&functions.data).zip(expected) {
        let got = function[0] * pixel[0] + function[1] * pixel[1] + function[2] * pixel[2] + function[3];
        assert!((got - expected).abs() < 2e-3, "{got} for {expected}");
    }
}

#[test]
fn blur_fusion_equals_its_definition() {
    let (photo, mask, (size, expected)) = (photo(), mask(), png("fusion.png"));
    let colours = fusion::estimate(&guide(&photo).unwrap(), &mask.data, None);
    let reader = colours.reader(size);
    let Pixels::Rgb(pixels) = &photo.pixels else { panic!("read as RGB") };
    let width = size.width as usize;
    let mut most = 0;
    for (at, (pixel, expected)) in pixels.as_chunks::<3>().0.iter().zip(expected.as_chunks::<3>().0).enumerate() {
        let alpha = (mask.data[at] * 255.0).round() as u8;
        let got = reader.colour(at % width, at / width, *pixel, alpha);
        // Where nothing is opaque, the subject has no colour.
        for (got, expected) in got.iter().zip(expected).filter(|_| alpha > 0) {
            assert!(got.abs_diff(*expected) <= 1, "{got} for {expected} at {at}");
            most = most.max(got.abs_diff(*expected));
        }
    }
    println!("{:<20} {:<24} {most:>6} {:>8}  NumPy", "remove-background", "colours of the subject", 1);
}
