//! Files modelled on public bug reports of other tools (`tests/data/field`): each gives the result in `expect.json`,
//! which comes from other decoders or is computed by hand.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails, also in its helpers")]

use std::path::{Path, PathBuf};

use pixelmill::codecs::{self, DecodeRequest, Decoded, EncodeRequest, Format, Header};
use pixelmill::color::{ColorSpace, Model};
use pixelmill::image::convert::convert;
use pixelmill::image::recolor::recolor;
use pixelmill::image::{Image, Pixels, Representation, Size};
use serde_json::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/field")
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn expected() -> Vec<(String, Value)> {
    let table: Value = serde_json::from_slice(&bytes("expect.json")).unwrap();
    table.as_object().unwrap().iter().map(|(name, entry)| (name.clone(), entry.clone())).collect()
}

fn decoded(name: &str, at_least: Option<Size>) -> (Header, Decoded) {
    let bytes = bytes(name);
    let header = codecs::probe(&bytes, name).unwrap_or_else(|failure| panic!("{failure:?}"));
    let request = DecodeRequest {
        representation: header.native.iter().next().unwrap(),
        at_least: at_least.unwrap_or(header.size),
        chroma_at_least: at_least.unwrap_or(header.size),
        scaling: None,
        auto_orient: true,
    };
    let decoded = codecs::decode(&bytes, &header, &request, name).unwrap_or_else(|failure| panic!("{failure:?}"));
    (header, decoded)
}

fn rgba(image: Image) -> (Size, Vec<[u8; 4]>) {
    let Image { size, pixels: Pixels::Rgba(data), .. } = convert(image, Representation::Rgba) else { panic!("RGBA") };
    (size, data.as_chunks::<4>().0.to_vec())
}

/// A reference, read by another program's decoder.
fn reference(name: &str) -> (Size, Vec<[u8; 4]>) {
    let file = std::fs::File::open(folder().join(name)).unwrap();
    let mut decoder = png::Decoder::new(std::io::BufReader::new(file));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().unwrap();
    let mut data = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut data).unwrap();
    let pixels = data.chunks_exact(info.color_type.samples()).map(|pixel| match *pixel {
        [gray] => [gray, gray, gray, 255],
        [gray, alpha] => [gray, gray, gray, alpha],
        [red, green, blue] => [red, green, blue, 255],
        [red, green, blue, alpha] => [red, green, blue, alpha],
        _ => panic!("{name}"),
    });
    (Size::new(info.width, info.height), pixels.collect())
}

/// Peak signal-to-noise ratio in dB.
fn ratio(one: &[[u8; 4]], other: &[[u8; 4]]) -> f64 {
    assert_eq!(one.len(), other.len());
    let squares: f64 =
        one.as_flattened().iter().zip(other.as_flattened()).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2)).sum();
    10.0 * (255.0 * 255.0 * one.len() as f64 * 4.0 / squares.max(1e-9)).log10()
}

#[test]
fn every_file_is_shown_as_its_reference() {
    let mut wrong = Vec::new();
    for (name, entry) in expected() {
        let Some(reference_name) = entry["ref"].as_str() else { continue };
        let (size, pixels) = rgba(decoded(&name, None).1.image);
        let (reference_size, reference_pixels) = reference(reference_name);
        if size != reference_size {
            wrong.push(format!("{name}: {size:?} instead of {reference_size:?}"));
            continue;
        }
        // Other decoders interpolate quarter-size chroma differently.
        let least = entry["atleast"].as_f64().unwrap_or(42.0);
        let ratio = ratio(&pixels, &reference_pixels);
        if ratio < least {
            wrong.push(format!("{name}: {ratio:.1} dB"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A reduced decode shows the averaged reference picture.
#[test]
fn reduced_decodes_show_the_same_picture() {
    let mut wrong = Vec::new();
    for (name, entry) in expected().into_iter().filter(|(_, entry)| entry["reduce"] == true) {
        let (full, pixels) = reference(entry["ref"].as_str().unwrap());
        for wanted in [2, 4, 8] {
            let scaled = |step: u32| Size::new(full.width.div_ceil(step), full.height.div_ceil(step));
            let (to, got) = rgba(decoded(&name, Some(scaled(wanted))).1.image);
            // The decoder may return more.
            let Some(step) = (1..=wanted).find(|step| scaled(*step) == to) else {
                wrong.push(format!("{name} at 1/{wanted}: {to:?}"));
                continue;
            };
            // Whole blocks only: the last column and row may cover fewer pixels.
            let inside = |x: u32, y: u32| (x + 1) * step <= full.width && (y + 1) * step <= full.height;
            let places: Vec<(u32, u32)> = (0..to.height)
                .flat_map(|y| (0..to.width).map(move |x| (x, y)))
                .filter(|&(x, y)| inside(x, y))
                .collect();
            let mean = |(x, y): (u32, u32)| {
                let block = (0..step * step)
                    .map(|i| pixels[((y * step + i / step) * full.width + x * step + i % step) as usize]);
                let sums = block.fold([0u32; 4], |sums, pixel| std::array::from_fn(|i| sums[i] + u32::from(pixel[i])));
                sums.map(|sum| (sum / (step * step)) as u8)
            };
            let means: Vec<[u8; 4]> = places.iter().copied().map(mean).collect();
            let got: Vec<[u8; 4]> = places.iter().map(|&(x, y)| got[(y * to.width + x) as usize]).collect();
            let ratio = ratio(&got, &means);
            if ratio < 28.0 {
                wrong.push(format!("{name} at 1/{step}: {ratio:.1} dB"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_file_has_its_size() {
    for (name, entry) in expected().into_iter().filter(|(_, entry)| entry["size"].is_array()) {
        let (size, _) = rgba(decoded(&name, None).1.image);
        assert_eq!(serde_json::json!([size.width, size.height]), entry["size"], "{name}");
    }
}

#[test]
fn frames_are_counted() {
    for (name, entry) in expected() {
        let animation = decoded(&name, None).0.animation;
        let frames = entry["frames"].as_u64().filter(|frames| *frames > 1);
        assert_eq!(animation.and_then(|animation| animation.frames).map(u64::from), frames, "{name}");
    }
}

/// Samples stay as stored, and the profile that defines their meaning is kept.
#[test]
fn colours_are_stored_with_what_they_mean() {
    for (name, entry) in expected() {
        let Some(stored) = entry["stored"].as_array() else { continue };
        let (header, decoded) = decoded(&name, None);
        assert!(header.space.icc().is_some(), "{name} has a profile");
        let (size, pixels) = rgba(Image { space: ColorSpace::SRGB, ..decoded.image });
        for (index, color) in stored.iter().enumerate() {
            let x = size.width as usize * (2 * index + 1) / 8;
            let pixel = pixels[size.height as usize / 2 * size.width as usize + x];
            for channel in 0..3 {
                let wanted = color[channel].as_u64().unwrap() as u8;
                assert!(pixel[channel].abs_diff(wanted) <= 3, "{name} {index}: {pixel:?} for {color}");
            }
        }
    }
}

/// In sRGB the samples are those that littleCMS shows, or that are computed by hand.
#[test]
fn colours_are_shown_as_they_are_meant() {
    let mut count = 0;
    for (name, entry) in expected() {
        let Some(shown) = entry["shown"].as_array() else { continue };
        let (size, pixels) = rgba(recolor(decoded(&name, None).1.image, &ColorSpace::SRGB));
        for (index, color) in shown.iter().enumerate() {
            let x = size.width as usize * (2 * index + 1) / 8;
            let pixel = pixels[size.height as usize / 2 * size.width as usize + x];
            for channel in 0..3 {
                let wanted = color[channel].as_u64().unwrap() as u8;
                // JPEG moves samples by up to 3, and profiles spread that.
                let within = entry["within"].as_u64().unwrap_or(6) as u8;
                assert!(pixel[channel].abs_diff(wanted) <= within, "{name} {index}: {pixel:?} for {color}");
            }
        }
        count += 1;
    }
    assert!(count >= 5, "{count} files");
}

#[test]
fn single_pixels_are_those_that_are_named() {
    for (name, entry) in expected() {
        let Some(wanted) = entry["pixels"].as_array() else { continue };
        let (_, pixels) = rgba(decoded(&name, None).1.image);
        for (pixel, color) in pixels.iter().zip(wanted) {
            assert_eq!(serde_json::json!(pixel[..3]), *color, "{name}");
        }
    }
    let (_, pixels) = rgba(decoded("png-index-past-palette.png", None).1.image);
    assert!(pixels.contains(&[0, 0, 0, 255]), "an index past the palette is black");
}

/// Gray pictures never keep an RGB profile, in any format.
#[test]
fn a_profile_is_one_for_the_colours_of_its_picture() {
    let (_, prophoto) = decoded("jpeg-prophoto.jpg", None);
    let space = prophoto.image.space.clone();
    let size = prophoto.image.size;
    let gray = Image { space, ..Image::new(size, Pixels::Gray(vec![77; size.pixels() as usize])) };
    for format in [Format::Jpeg, Format::Png, Format::Webp] {
        let request =
            EncodeRequest { format, quality: 80, lossless: true, background: [0; 3], ..EncodeRequest::new(format) };
        let written = codecs::encode(gray.clone(), &request, None).unwrap().bytes;
        let header = codecs::probe(&written, "gray").unwrap();
        let is_gray = header.native.contains(Representation::Gray);
        assert_eq!(header.space.model() == Some(Model::Gray), is_gray, "{format:?}");
    }
}

#[test]
fn lossless_keeps_hidden_colours() {
    let (_, image) = decoded("hidden-colour.png", None);
    let (size, pixels) = rgba(image.image.clone());
    for format in [Format::Png, Format::Webp] {
        let request =
            EncodeRequest { format, quality: 80, lossless: true, background: [0; 3], ..EncodeRequest::new(format) };
        let written = codecs::encode(image.image.clone(), &request, None).unwrap().bytes;
        let header = codecs::probe(&written, "again").unwrap();
        let request = DecodeRequest {
            representation: Representation::Rgba,
            at_least: size,
            chroma_at_least: Size::new(1, 1),
            scaling: None,
            auto_orient: false,
        };
        assert_eq!(rgba(codecs::decode(&written, &header, &request, "again").unwrap().image).1, pixels, "{format:?}");
    }
}
