//! Reading and writing files: pixels compared with Pillow's or with known values, written files read by other decoders,
//! damaged and hostile files.

use std::collections::BTreeMap;
use std::path::PathBuf;

use pixelmill::codecs::{
    DecodeRequest, EncodeRequest, Encoded, Encoder, Encoders, Encoding, Format, Header, Raster, check, decode, encode,
    probe, sniff,
};
use pixelmill::color::{ColorSpace, Model};
use pixelmill::error::{Failure, Warning};
use pixelmill::image::convert::convert;
use pixelmill::image::depth::at_a_glance;
use pixelmill::image::{Deep, Image, Pixels, Plane, Representation, Size, Subsampling, Ycc};

#[path = "shared/coded.rs"]
mod coded;
#[path = "shared/read.rs"]
mod read;

use coded::{data, pictures};
use read::{decoded, rgba};

/// Whether renderers agree on a file only away from its edges.
fn is_drawing(name: &str) -> bool {
    name.ends_with(".svg") || name.ends_with(".svgz")
}

/// The expected pixels of a file.
fn expected(name: &str) -> (Size, Vec<u8>) {
    let file = data(&format!("{name}.rgba"));
    let number = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().expect("four bytes"));
    (Size::new(number(0), number(4)), file[8..].to_vec())
}

fn read_as(bytes: &[u8], representation: Option<Representation>) -> Result<(Header, Image), Failure> {
    decoded(bytes, representation).map(|(header, decoded)| (header, decoded.image))
}

/// The pixels and the codes of the warnings.
fn noticed(bytes: &[u8]) -> (Vec<u8>, Vec<String>) {
    let decoded = decoded(bytes, None).expect("it can be read").1;
    assert!(decoded.warnings.iter().all(|warning| warning.is_doubt() && warning.message.contains("a.file")));
    (rgba(decoded.image), decoded.warnings.into_iter().map(|warning| warning.code).collect())
}

fn read(bytes: &[u8]) -> Result<(Header, Image), Failure> {
    read_as(bytes, None)
}

fn rgb(image: Image) -> Vec<u8> {
    match convert(at_a_glance(&image).into_owned(), Representation::Rgb).pixels {
        Pixels::Rgb(samples) => samples,
        _ => panic!("not RGB"),
    }
}

fn worst(one: &[u8], other: &[u8]) -> u8 {
    assert_eq!(one.len(), other.len());
    one.iter().zip(other).map(|(a, b)| a.abs_diff(*b)).max().unwrap_or(0)
}

fn psnr(one: &[u8], other: &[u8]) -> f64 {
    assert_eq!(one.len(), other.len());
    let sum: f64 = one.iter().zip(other).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2)).sum();
    10.0 * (255.0 * 255.0 / (sum / one.len() as f64).max(1e-9)).log10()
}

/// JPEG XL without loss, because native builds have no encoder for the other kind (`tests/jxl.rs`).
fn request(format: Format, quality: u8) -> EncodeRequest {
    EncodeRequest {
        format,
        quality,
        lossless: format == Format::Jxl,
        background: [255; 3],
        ..EncodeRequest::new(format)
    }
}

fn write(image: Image, format: Format, quality: u8) -> Encoded {
    encode(image, &request(format, quality), None).expect("it can be written")
}

/// A smooth picture with an edge, in colour.
fn scene(size: Size) -> Vec<u8> {
    let mut samples = Vec::new();
    for y in 0..size.height {
        for x in 0..size.width {
            let (fx, fy) = (f64::from(x) / f64::from(size.width), f64::from(y) / f64::from(size.height));
            let inside = (fx - 0.4).hypot(fy - 0.5) < 0.3;
            let red = 120.0 + 90.0 * (6.0 * fx).sin();
            let green = if inside { 200.0 } else { 90.0 + 60.0 * fy };
            samples.extend([red as u8, green as u8, (60.0 + 150.0 * fx * fy) as u8]);
        }
    }
    samples
}

fn planar(size: Size, subsampling: Subsampling) -> Image {
    let plane = |size: Size, phase: f64| Plane {
        size,
        data: (0..size.height)
            .flat_map(|y| {
                (0..size.width).map(move |x| {
                    let (fx, fy) = (f64::from(x) / f64::from(size.width), f64::from(y) / f64::from(size.height));
                    (128.0 + 70.0 * (3.0 * fx + phase).sin() * (4.0 * fy + phase).cos()) as u8
                })
            })
            .collect(),
    };
    let chroma = subsampling.chroma_size(size);
    let ycc = Ycc { y: plane(size, 0.3), cb: plane(chroma, 1.0), cr: plane(chroma, 2.0), subsampling };
    Image::new(size, Pixels::Ycc(ycc))
}

/// Bytes that pass for a profile: long enough, with its signature and the colour model's.
/// A space with a profile of this length.
fn space(length: usize, is_gray: bool) -> ColorSpace {
    let space = ColorSpace::adobe_rgb();
    let space = if is_gray { space.gray().expect("one curve") } else { space };
    let mut bytes = space.icc().expect("has a profile").to_vec();
    assert!(bytes.len() <= length, "{} are needed", bytes.len());
    bytes.extend((bytes.len()..length).map(|index| (index * 31 + index / 255) as u8));
    ColorSpace::from_icc(bytes).expect("sound")
}

// Reading

#[test]
fn every_picture_gives_the_same_pixels_as_other_decoders() {
    // By the ends of names: how many, and the largest difference.
    let mut found: BTreeMap<String, (u32, u8, u8)> = BTreeMap::new();
    for name in pictures().into_iter().filter(|name| !is_drawing(name)) {
        let (size, pixels) = expected(&name);
        let (header, image) = read(&data(&name)).unwrap_or_else(|failure| panic!("{name}: {failure:?}"));
        assert_eq!(image.size, size, "{name}");
        assert!(header.format.extensions().contains(&name.rsplit('.').next().expect("an extension")), "{name}");
        let difference = worst(&rgba(image), &pixels);
        let tolerance = match &name {
            // Rotated before its chroma is upsampled, while others rotate afterwards: the rounding differs.
            name if name.starts_with("orientation") && name.ends_with("jpg") => 2,
            // Other rounding than that of littleCMS.
            name if name.starts_with("lab") => 1,
            // Other rounding, and other upsampling of chroma, than that of libheif.
            name if name == "420.heic" => 4,
            name if name.ends_with("heic") => 1,
            // Other rounding than that of libjxl, and of Little CMS in it.
            name if name == "profile-lossy.jxl" => 8,
            // Other rounding than that of libavif, which matters most where hardly anything is seen.
            name if name == "alpha-multiplied.avif" => 9,
            name if name.ends_with("avif") => 2,
            name if name.ends_with("lossy.jxl")
                || ["progressive.jxl", "display-p3.jxl", "hdr-pq.jxl", "hdr-hlg.jxl"].contains(&name.as_str()) =>
            {
                1
            }
            _ => 0,
        };
        assert!(difference <= tolerance, "{name}: {difference}");
        let of_format = found.entry(name.rsplit('.').next().unwrap_or_default().to_owned()).or_default();
        *of_format = (of_format.0 + 1, of_format.1.max(difference), of_format.2.max(tolerance));
    }
    for (format, (count, difference, tolerance)) in found {
        let case = format!("{count} × {format}");
        println!("{:<20} {case:<24} {difference:>6} {tolerance:>8}  Pillow, tifffile, libheif", "input-images");
    }
}

#[test]
fn a_planar_picture_asked_for_as_rgb_is_the_same() {
    for name in ["baseline-420.jpg", "baseline-422.jpg", "baseline-444.jpg", "progressive-420.jpg"] {
        let bytes = data(name);
        let (header, image) = read_as(&bytes, Some(Representation::Rgb)).expect("sound");
        assert!(header.native.contains(Representation::Ycc) && header.native.contains(Representation::Rgb));
        assert_eq!(image.representation(), Representation::Rgb);
        assert_eq!(rgba(image), expected(name).1, "{name}");
    }
}

/// Samples of 16 bits of a picture, and those that another program reads (`tests/oracles/deep.py`).
#[test]
fn samples_of_more_than_8_bits_are_those_that_others_read() {
    let names = std::fs::read_dir(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/codecs"))
        .expect("pictures")
        .map(|entry| entry.expect("an entry").file_name());
    let names = names.filter_map(|name| Some(name.to_str()?.strip_suffix(".rgba16")?.to_owned()));
    let mut count = 0;
    for name in names {
        let (_, image) = read(&data(&name)).expect("it can be read");
        assert!(image.representation().is_deep(), "{name}");
        let Pixels::Deep(Deep::Rgba(found)) = convert(image, Representation::Rgba16).pixels else { panic!("{name}") };
        let expected = data(&format!("{name}.rgba16"));
        let expected = expected[8..].as_chunks().0.iter().map(|bytes| u16::from_le_bytes(*bytes));
        // libheif rounds colours to the depth of the file, and interpolates chroma otherwise.
        let (tolerance, mean) = match name.rsplit('.').next() {
            Some("avif") => (200, 40.0),
            Some("heic") => (400, 100.0),
            _ => (0, 0.0),
        };
        assert_eq!(found.len(), expected.len(), "{name}");
        let differences: Vec<_> = found.iter().zip(expected).map(|(one, other)| one.abs_diff(other)).collect();
        let worst = differences.iter().max().copied().unwrap_or_default();
        let average = differences.iter().map(|off| f64::from(*off)).sum::<f64>() / differences.len() as f64;
        println!("{name}: {worst} at most, {average:.1} on average");
        assert!(worst <= tolerance && average <= mean, "{name}: {worst} at most, {average:.1} on average");
        count += 1;
    }
    assert!(count >= 13, "{count} pictures");
}

/// What is written with 16 bits a sample comes back as it was.
#[test]
fn pictures_of_16_bits_are_written_without_loss() {
    let size = Size::new(37, 23);
    let samples = |channels: usize| -> Vec<u16> {
        (0..size.pixels() as usize * channels).map(|index| ((index * 2_654_435) >> 5) as u16).collect()
    };
    for deep in [Deep::Gray(samples(1)), Deep::Rgb(samples(3)), Deep::Rgba(samples(4))] {
        let image = Image::new(size, Pixels::Deep(deep));
        for format in [Format::Png, Format::Tiff, Format::Jxl] {
            let file = write(image.clone(), format, 80);
            let (header, back) = read(&file.bytes).expect("it can be read");
            assert!(header.is_deep());
            assert_eq!(back.pixels, image.pixels, "{format:?}");
            let narrow = encode(image.clone(), &EncodeRequest { keeps_depth: false, ..request(format, 80) }, None);
            let (_, narrow) = read(&narrow.expect("it can be written").bytes).expect("it can be read");
            assert!(!narrow.representation().is_deep());
            assert!(worst(&rgba(narrow), &rgba(image.clone())) <= 1, "{format:?}");
        }
        for format in [Format::Jpeg, Format::Bmp, Format::Qoi, Format::Gif] {
            assert!(!read(&write(image.clone(), format, 80).bytes).expect("it can be read").0.is_deep());
        }
    }
}

#[test]
fn the_header_tells_alpha_representation_and_orientation() {
    let header = |name: &str| probe(&data(name), name).expect("sound");
    for (name, native, alpha) in [
        ("baseline-420.jpg", Representation::Ycc, false),
        ("gray.jpg", Representation::Gray, false),
        ("rgb.jpg", Representation::Rgb, false),
        ("gray-1.png", Representation::Gray, false),
        ("gray-2-transparent.png", Representation::Rgba, true),
        ("gray-16.png", Representation::Gray16, false),
        ("rgba-16-interlaced.png", Representation::Rgba16, true),
        ("palette-1.png", Representation::Rgb, false),
        ("palette-4-transparent-interlaced.png", Representation::Rgba, true),
        ("rgb-8-transparent.png", Representation::Rgba, true),
        ("rgba-8.png", Representation::Rgba, true),
        ("lossy.webp", Representation::Rgb, false),
        ("lossy-alpha.webp", Representation::Rgba, true),
        ("lossless-alpha.webp", Representation::Rgba, true),
        ("opaque.gif", Representation::Rgb, false),
        ("offset-animated.gif", Representation::Rgba, true),
        ("rgb.bmp", Representation::Rgb, false),
        ("alpha.bmp", Representation::Rgba, true),
        ("rgb.qoi", Representation::Rgb, false),
        ("rgba.qoi", Representation::Rgba, true),
        ("text.pbm", Representation::Gray, false),
        ("raw-10-bits.ppm", Representation::Rgb16, false),
        ("gray-alpha.pam", Representation::Rgba, true),
        ("gray-4.tif", Representation::Gray, false),
        ("group4.tif", Representation::Gray, false),
        ("palette-lzw.tif", Representation::Rgb, false),
        ("rgba-deflate.tif", Representation::Rgba, true),
        ("png.ico", Representation::Rgba, true),
        ("rgb-mask.ico", Representation::Rgba, true),
        ("gray-runs.tga", Representation::Gray, false),
        ("rgb-runs.tga", Representation::Rgb, false),
        ("rgba-top.tga", Representation::Rgba, true),
        ("420.avif", Representation::Rgb, false),
        ("gray.avif", Representation::Gray, false),
        ("alpha.avif", Representation::Rgba, true),
        ("lossy.jxl", Representation::Rgb, false),
        ("gray.jxl", Representation::Gray, false),
        ("gray-alpha.jxl", Representation::Rgba, true),
        ("shapes.svg", Representation::Rgba, true),
        ("compressed.svgz", Representation::Rgba, true),
    ] {
        let header = header(name);
        assert_eq!(header.native.iter().next(), Some(native), "{name}");
        assert_eq!(header.alpha, alpha, "{name}");
        assert_eq!(read(&data(name)).expect("sound").1.representation(), native, "{name}");
    }
    for orientation in 1..=8 {
        let name = format!("orientation-{orientation}.jpg");
        assert_eq!(header(&name).orientation, orientation);
        let stored = if orientation > 4 { Size::new(22, 36) } else { Size::new(36, 22) };
        assert_eq!(header(&name).size, stored, "as stored");
    }
    assert_eq!(header("orientation-6.png").orientation, 6);
    assert_eq!(header("orientation-8.webp").orientation, 8);
    assert_eq!(header("orientation-6.tif").orientation, 6);
}

#[test]
fn orientation_is_left_alone_when_asked() {
    let bytes = data("orientation-6.jpg");
    let header = probe(&bytes, "a.jpg").expect("sound");
    let request = DecodeRequest {
        representation: Representation::Ycc,
        at_least: header.size,
        chroma_at_least: header.size,
        scaling: None,
        auto_orient: false,
    };
    assert_eq!(decode(&bytes, &header, &request, "a.jpg").expect("sound").image.size, Size::new(22, 36));
}

#[test]
fn a_jpeg_is_scaled_while_decoding_and_never_below_what_is_asked() {
    let size = Size::new(333, 227);
    for subsampling in [Subsampling::S420, Subsampling::S422, Subsampling::S444, Subsampling { h: 1, v: 2 }] {
        let bytes = write(planar(size, subsampling), Format::Jpeg, 95).bytes;
        let header = probe(&bytes, "a.jpg").expect("sound");
        let at = |at_least: Size| {
            let request = DecodeRequest {
                representation: Representation::Ycc,
                at_least,
                chroma_at_least: Size::new(1, 1),
                scaling: None,
                auto_orient: true,
            };
            decode(&bytes, &header, &request, "a.jpg").expect("sound").image
        };
        let full = rgb(at(size));
        for (at_least, given, factor) in [
            (Size::new(168, 1), Size::new(333, 227), 1),
            (Size::new(167, 114), Size::new(167, 114), 2),
            (Size::new(85, 10), Size::new(167, 114), 2),
            (Size::new(84, 57), Size::new(84, 57), 4),
            (Size::new(1, 1), Size::new(42, 29), 8),
        ] {
            let image = at(at_least);
            assert_eq!(image.size, given, "{subsampling:?} {at_least:?}");
            assert!(image.is_consistent());
            // A scaled transform is close to the mean of each block of the full picture.
            let small = rgb(image);
            let mut sum = 0.0;
            let whole = Size::new(size.width / factor, size.height / factor);
            for y in 0..whole.height {
                for x in 0..whole.width {
                    for channel in 0..3 {
                        let mean: f64 = (0..factor * factor)
                            .map(|index| {
                                let (column, row) = (x * factor + index % factor, y * factor + index / factor);
                                f64::from(full[((row * size.width + column) * 3 + channel) as usize])
                            })
                            .sum::<f64>()
                            / f64::from(factor * factor);
                        sum += (mean - f64::from(small[((y * given.width + x) * 3 + channel) as usize])).abs();
                    }
                }
            }
            let mean_error = sum / (whole.pixels() as f64 * 3.0);
            assert!(mean_error < 1.0, "{subsampling:?} 1/{factor}: {mean_error}");
        }
    }
}

// Failures

fn message(bytes: &[u8], name: &str) -> String {
    let failure = match probe(bytes, name) {
        Err(failure) => failure,
        Ok(header) => {
            let request = DecodeRequest { auto_orient: true, ..DecodeRequest::whole(&header) };
            decode(bytes, &header, &request, name).expect_err("not sound")
        }
    };
    assert!(failure.message.contains(name), "{}", failure.message);
    assert!(!failure.hint.is_empty());
    failure.message
}

#[test]
fn what_is_no_picture_is_named() {
    assert_eq!(message(b"", "a.jpg"), "\"a.jpg\" is empty.");
    assert_eq!(message(b"hello", "notes.jpg"), "\"notes.jpg\" is not an image Pixelmill can read.");
    assert_eq!(message(b"BM and no header", "b.bmp"), "\"b.bmp\" is not an image Pixelmill can read.");
    let heic = message(b"\0\0\0\x1cftypheic\0\0\0\0", "a.heic");
    assert_eq!(heic, "\"a.heic\" ends too early: part of the picture is missing.");
    for (bytes, kind) in [
        (&b"\0\0\0\x1cftypmif1\0\0\0\0"[..], "a HEIF picture"),
        (b"\0\0\0\x1cftypisom\0\0\0\0", "a video"),
        (b"\0\0\0\x18ftypcrx \0\0\0\0", "a CR3 camera raw file"),
        (b"FOVb\0\0\0\0", "an X3F camera raw file"),
        (b"<!doctype html>", "a web page or XML document"),
        (b"%PDF-1.7", "a PDF document"),
    ] {
        assert_eq!(message(bytes, "x.jpg"), format!("\"x.jpg\" is {kind}, which Pixelmill cannot read."));
    }
}

#[test]
fn an_import_names_the_reason_in_few_words() {
    for (bytes, reason) in [
        (&b""[..], "it is empty"),
        (b"hello", "it is not an image Pixelmill can read"),
        (b"II*\0\x08\0\0\0", "it ends too early: part of the picture is missing"),
        (b"\0\0\0\x14ftypmif1\0\0\0\0mif1", "HEIF is not supported"),
        (b"%PDF-1.7", "it is a PDF document, which Pixelmill cannot read"),
        (&data("rgba-8.png")[..20], "it ends too early: part of the picture is missing"),
    ] {
        assert_eq!(check(bytes).expect_err("not readable"), reason);
    }
    assert_eq!(check(&data("rgba-8.png")).expect("sound").format, Format::Png);
}

#[test]
fn damage_of_a_png_file_is_told_in_words_for_people() {
    let bytes = data("rgba-8.png");
    let mut found = std::collections::BTreeSet::new();
    for at in 33..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x55;
        if let Err(failure) = read(&damaged) {
            let words = failure.message.clone();
            assert!(!words.contains(['{', '}', '[']) && !words.contains("ChunkType"), "{words}");
            found.insert(words);
        }
    }
    assert!(found.contains("\"a.file\" is damaged: its pixel data was changed."), "{found:?}");
}

/// Messages do not repeat the decoders' technical terms.
#[test]
fn damage_of_other_files_is_told_in_words_for_people() {
    let changed = |name: &str, at: usize, bytes: &[u8]| {
        let mut file = data(name);
        file[at..at + bytes.len()].copy_from_slice(bytes);
        message(&file, name)
    };
    let nonsense = "is damaged: its header or its pixel data makes no sense.";
    // A palette with too many colours; a negative width; an unknown chunk.
    assert_eq!(changed("palette.bmp", 46, &[0, 0, 0, 9]), format!("\"palette.bmp\" {nonsense}"));
    assert_eq!(changed("rgb.bmp", 18, &(-5_i32).to_le_bytes()), format!("\"rgb.bmp\" {nonsense}"));
    let wide = changed("rgb.bmp", 18, &70_000_i32.to_le_bytes());
    assert_eq!(wide, "\"rgb.bmp\" is 70000×23 pixels, which is too large.");
    let webp = changed("lossless.webp", 12, b"NOPE");
    assert_eq!(webp, "\"lossless.webp\" is damaged: one of its parts makes no sense.");
    // The initial code size: at most 11 is valid.
    let gif = data("opaque.gif");
    let screen = 13 + 3 * (2 << (gif[10] & 7));
    let image = screen + gif[screen..].iter().position(|byte| *byte == 0x2c).unwrap();
    assert_eq!(gif[image + 9] & 0x80, 0, "no colours of its own");
    let refused = changed("opaque.gif", image + 10, &[77]);
    assert_eq!(refused, "\"opaque.gif\" is damaged: its pixel data cannot be unpacked.");
}

#[test]
fn content_counts_and_not_the_name() {
    assert_eq!(probe(&data("rgba-8.png"), "photo.jpg").expect("sound").format, Format::Png);
    assert_eq!(sniff(&data("lossy.webp")), Some(Format::Webp));
}

/// Whether a warning is about the kind of a picture and not about its state.
fn says_what_it_is(warning: &Warning) -> bool {
    let codes =
        ["first_page_only", "first_frame_only", "inks_unknown", "range_clipped", "camera_preview", "tone_mapped"];
    codes.contains(&warning.code.as_str())
}

/// Sets the first value of an entry of a TIFF of one directory, little endian.
fn with_tag(name: &str, tag: u16, value: u16) -> Vec<u8> {
    let mut bytes = data(name);
    let directory = u32::from_le_bytes(bytes[4..8].try_into().expect("four bytes")) as usize;
    let entries = (directory + 2..).step_by(12);
    let found = entries.take(30).find(|at| bytes[*at..*at + 2] == tag.to_le_bytes()).expect("the entry");
    bytes[found + 8..found + 10].copy_from_slice(&value.to_le_bytes());
    bytes
}

#[test]
fn rare_kinds_of_tiff_are_named() {
    for (name, tag, value, kind) in [
        ("jpeg-gray.tif", 259, 6, "a TIFF picture with old-style JPEG compression"),
        ("jpeg-gray.tif", 259, 50_000, "a TIFF picture with a rare compression"),
        ("lab.tif", 262, 10, "a TIFF picture in rare colors"),
        ("lab.tif", 262, 6, "a TIFF picture in YCbCr colors"),
        ("float-64-predicted.tif", 339, 2, "a TIFF picture of signed numbers"),
        ("float-64-predicted.tif", 339, 1, "a TIFF picture of an unusual number of bits a sample"),
    ] {
        assert_eq!(
            message(&with_tag(name, tag, value), name),
            format!("\"{name}\" is {kind}, which is not supported.")
        );
    }
    assert_eq!(
        message(&with_tag("jpeg-cmyk.tif", 277, 5), "a.tif"),
        "\"a.tif\" is damaged: its parts do not fit together."
    );
}

/// An entry of a TIFF directory: tag, type, and values.
type Entry<'a> = (u16, u16, &'a [u32]);

const BYTE: u16 = 1;
const SHORT: u16 = 3;
const LONG: u16 = 4;

/// A little-endian TIFF of one directory. The content begins at byte 8.
fn tiff(content: &[u8], entries: &[Entry<'_>]) -> Vec<u8> {
    let start = 8 + content.len().next_multiple_of(2);
    let mut bytes = [b"II*\0", &(start as u32).to_le_bytes()[..], content].concat();
    bytes.resize(start, 0);
    let mut behind = Vec::new();
    bytes.extend((entries.len() as u16).to_le_bytes());
    for (tag, kind, values) in entries {
        let each = match *kind {
            BYTE => 1,
            SHORT => 2,
            _ => 4,
        };
        let mut packed: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()[..each].to_vec()).collect();
        bytes.extend([&tag.to_le_bytes()[..], &kind.to_le_bytes(), &(values.len() as u32).to_le_bytes()].concat());
        if packed.len() <= 4 {
            packed.resize(4, 0);
            bytes.extend(packed);
        } else {
            bytes.extend(((start + 6 + entries.len() * 12 + behind.len()) as u32).to_le_bytes());
            behind.extend(packed);
        }
    }
    bytes.extend([0; 4]);
    bytes.extend(behind);
    bytes
}

/// A gray TIFF whose only tile is a JPEG.
fn tiff_of_jpeg(jpeg: &[u8], size: Size, tile: Size, more: &[Entry<'_>]) -> Vec<u8> {
    let length = [jpeg.len() as u32];
    let (width, height) = ([size.width], [size.height]);
    let (across, down) = ([tile.width], [tile.height]);
    let entries: [Entry<'_>; 9] = [
        (256, LONG, &width),
        (257, LONG, &height),
        (258, SHORT, &[8]),
        (259, SHORT, &[7]),
        (262, SHORT, &[1]),
        (322, LONG, &across),
        (323, LONG, &down),
        (324, LONG, &[8]),
        (325, LONG, &length),
    ];
    tiff(jpeg, &[&entries, more].concat())
}

/// A gray JPEG of which every pixel differs from its neighbors, and its pixels.
fn gray_jpeg(size: Size) -> (Vec<u8>, Vec<u8>) {
    let samples = (0..size.pixels()).map(|index| (index * 7 % 251) as u8).collect();
    let jpeg = write(Image::new(size, Pixels::Gray(samples)), Format::Jpeg, 90).bytes;
    let pixels = rgba(read(&jpeg).expect("sound").1);
    (jpeg, pixels)
}

#[test]
fn tiles_may_be_larger_than_the_picture_but_not_by_far() {
    let (jpeg, pixels) = gray_jpeg(Size::new(16, 24));
    let size = Size::new(16, 24);
    for tile in [size, Size::new(64, 32), Size::new(4096, 4096)] {
        let bytes = tiff_of_jpeg(&jpeg, size, tile, &[]);
        assert_eq!(rgba(read(&bytes).expect("sound").1), pixels, "{tile:?}");
    }
    let wide = Size::new(65_500, 1);
    for (size, tile) in [
        (size, Size::new(40_000, 40_000)),
        (size, Size::new(4112, 16)),
        (size, Size::new(0, 16)),
        (wide, Size::new(65_536, 512)),
        (Size::new(6000, 6000), Size::new(8192, 9008)),
    ] {
        let bytes = tiff_of_jpeg(&jpeg, size, tile, &[]);
        assert_eq!(message(&bytes, "a.tif"), "\"a.tif\" is damaged: its tiles have no sensible size.", "{tile:?}");
    }
    let bytes = tiff_of_jpeg(&jpeg, wide, Size::new(65_536, 256), &[]);
    assert_eq!(message(&bytes, "a.tif"), "\"a.tif\" is damaged: its parts do not fit together.");
}

/// A gray TIFF of four pixels a row, of which each strip is a row.
fn tiff_of_rows(content: &[u8], offsets: (u16, &[u32]), lengths: &[u32], more: &[Entry<'_>]) -> Vec<u8> {
    let rows = [offsets.1.len().min(3) as u32];
    let entries: [Entry<'_>; 8] = [
        (256, LONG, &[4]),
        (257, LONG, &rows),
        (258, SHORT, &[8]),
        (259, SHORT, &[1]),
        (262, SHORT, &[1]),
        (273, offsets.0, offsets.1),
        (278, LONG, &[1]),
        (279, LONG, lengths),
    ];
    tiff(content, &[&entries, more].concat())
}

#[test]
fn strips_without_a_length_end_where_the_next_begins() {
    let content: Vec<u8> = (1..=12).collect();
    for (offsets, lengths) in [([8, 12, 16], [0, 0, 0]), ([16, 8, 12], [4, 0, 4]), ([8, 8, 8], [4, 4, 4])] {
        let bytes = tiff_of_rows(&content, (LONG, &offsets), &lengths, &[]);
        let expected = offsets.iter().flat_map(|at| &content[*at as usize - 8..][..4]).flat_map(|v| [*v, *v, *v, 255]);
        assert_eq!(rgba(read(&bytes).expect("sound").1), expected.collect::<Vec<_>>(), "{offsets:?}");
    }
    // The second begins before the first is complete.
    let bytes = tiff_of_rows(&content, (LONG, &[8, 10, 14]), &[0, 0, 0], &[]);
    assert_eq!(message(&bytes, "a.tif"), "\"a.tif\" ends too early: part of the picture is missing.");
}

#[test]
fn strips_that_each_are_most_of_the_file_are_refused() {
    let content = vec![7; 5000];
    let bytes = tiff_of_rows(&content, (LONG, &[8, 9, 10]), &[4000; 3], &[]);
    assert_eq!(message(&bytes, "a.tif"), "\"a.tif\" is damaged: its parts do not fit together.");
}

#[test]
fn more_strips_or_colors_than_there_are_do_not_count() {
    let content: Vec<u8> = (1..=12).collect();
    // The place of the fourth is before the end of the third.
    let bytes = tiff_of_rows(&content, (BYTE, &[8, 12, 16, 17]), &[0; 4], &[]);
    let expected: Vec<u8> = content.iter().flat_map(|value| [*value, *value, *value, 255]).collect();
    assert_eq!(rgba(read(&bytes).expect("sound").1), expected);
    let tiles = tiff_of_jpeg(&[0; 9], Size::new(8000, 8000), Size::new(1, 1), &[]);
    assert_eq!(message(&tiles, "a.tif"), "\"a.tif\" is damaged: its tiles have no sensible size.");
}

#[test]
fn the_bits_of_jpeg_data_are_never_reversed() {
    let size = Size::new(16, 16);
    let (jpeg, pixels) = gray_jpeg(size);
    let bytes = tiff_of_jpeg(&jpeg, size, size, &[(266, SHORT, &[2])]);
    assert_eq!(rgba(read(&bytes).expect("sound").1), pixels);
}

#[test]
fn directories_without_end_are_not_searched() {
    // Each begins eight bytes after the one before and says that it has as many entries as the file has room for.
    const COUNT: usize = 65_536;
    let mut bytes = b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0".to_vec();
    bytes.extend(std::iter::repeat_n(65_537_u64.to_le_bytes(), COUNT).flatten());
    bytes.resize(COUNT * 30, 0);
    let start = std::time::Instant::now();
    assert_eq!(message(&bytes, "a.tif"), "\"a.tif\" ends too early: part of the picture is missing.");
    assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
}

#[test]
fn a_camera_raw_file_says_how_large_its_preview_is() {
    for (name, size, is_doubt) in
        [("preview.dng", "27 × 40", false), ("preview.raf", "40 × 27", false), ("chain.arw", "16 × 11", true)]
    {
        let warnings = decoded(&data(name), None).expect("sound").1.warnings;
        let [warning] = &warnings[..] else { panic!("{name}: {warnings:?}") };
        assert_eq!((&*warning.code, warning.is_doubt()), ("camera_preview", is_doubt), "{name}");
        assert!(warning.message.contains(&format!("preview of {size} pixels")), "{}", warning.message);
    }
    // Its preview's entry has another tag.
    let mut bytes = data("preview.rw2");
    let at = bytes.windows(4).position(|four| four == [46, 0, 7, 0]).expect("the entry");
    bytes[at] = 47;
    assert_eq!(message(&bytes, "a.rw2"), "\"a.rw2\" is a camera raw file without a preview, which is not supported.");
}

#[test]
fn a_preview_that_is_not_there_does_not_stop_the_others() {
    let jpeg = gray_jpeg(Size::new(16, 8)).0;
    let length = [jpeg.len() as u32];
    for (at, expected) in [([8], Ok(Size::new(16, 8))), ([99_999], Err(()))] {
        let bytes = tiff(
            &jpeg,
            &[
                (259, SHORT, &[7]),
                (273, LONG, &at),
                (279, LONG, &length),
                (513, LONG, &[90_000]),
                (514, LONG, &[500]),
                (50_706, LONG, &[0x401]),
            ],
        );
        match expected {
            Ok(size) => {
                let (header, decoded) = decoded(&bytes, None).expect("one is there");
                assert_eq!(header.size, size);
                assert!(decoded.warnings.iter().any(|warning| warning.code == "detail_missing"));
            }
            Err(()) => {
                assert_eq!(message(&bytes, "a.dng"), "\"a.dng\" ends too early: part of the picture is missing.");
            }
        }
    }
}

#[test]
fn a_preview_is_decoded_smaller_and_turned_as_its_file_says() {
    let bytes = data("preview.dng");
    let header = probe(&bytes, "a.dng").expect("sound");
    assert_eq!((header.orientation, header.size, header.upright(true)), (6, Size::new(40, 27), Size::new(27, 40)));
    let request = DecodeRequest {
        representation: Representation::Ycc,
        at_least: Size::new(10, 7),
        chroma_at_least: Size::new(5, 4),
        scaling: None,
        auto_orient: true,
    };
    let decoded = decode(&bytes, &header, &request, "a.dng").expect("sound");
    assert_eq!((decoded.image.size, decoded.image.representation()), (Size::new(7, 10), Representation::Ycc));
}

#[test]
fn a_photoshop_document_without_a_flattened_picture_says_so() {
    let mut bytes = data("rgb.psd");
    let version = bytes.windows(6).position(|six| six == *b"8BIM\x04\x21").expect("the resource");
    bytes[version + 16] = 0;
    let expected = "\"a.psd\" is a Photoshop document without a flattened picture, which is not supported.";
    assert_eq!(message(&bytes, "a.psd"), expected);
    bytes[version + 16] = 1;
    bytes[23] = 32;
    assert_eq!(
        message(&bytes, "a.psd"),
        "\"a.psd\" is a Photoshop document of 32 bits per channel, which is not supported."
    );
}

#[test]
fn a_deep_photoshop_document_has_its_opacity_in_a_block() {
    let block = |key: &[u8], content: &[u8]| {
        [b"8BIM", key, &(content.len() as u32).to_be_bytes()[..], content, &[0; 2][..content.len() % 4]].concat()
    };
    let negative = block(b"Lr16", &[0xff, 0xff]);
    for (blocks, has_alpha) in [
        ([block(b"Patt", &[]), negative].concat(), true),
        (block(b"Mt16", &[]), true),
        (block(b"Lr16", &[0, 1]), false),
        (Vec::new(), false),
    ] {
        let layers = [&[0; 8][..], &blocks].concat();
        let file = [
            &b"8BPS\0\x01\0\0\0\0\0\0\0\x02\0\0\0\x01\0\0\0\x02\0\x10\0\x01"[..],
            &[0; 8],
            &(layers.len() as u32).to_be_bytes(),
            &layers,
            b"\0\0\x40\x40\xff\xff\xff\xff\0\0",
        ]
        .concat();
        let (header, image) = read(&file).expect("sound");
        assert_eq!(header.alpha, has_alpha, "{blocks:?}");
        assert_eq!(rgba(image), [64, 64, 64, 255, 255, 255, 255, if has_alpha { 0 } else { 255 }]);
    }
}

#[test]
fn values_beyond_black_and_white_are_noticed() {
    assert_eq!(noticed(&data("float-32-beyond.tif")).1, ["range_clipped"]);
    assert!(noticed(&data("float-32-predicted.tif")).1.is_empty());
}

#[test]
fn a_file_cut_anywhere_is_a_failure_or_complete() {
    for name in pictures() {
        let bytes = data(&name);
        let whole = rgba(read(&bytes).expect("sound").1);
        let mut failed = 0;
        // There is more to do for each.
        let step = if name.ends_with("jxl") { 9 } else { 1 };
        for length in (0..bytes.len()).step_by(step) {
            match decoded(&bytes[..length], None) {
                Err(failure) => {
                    failed += step;
                    assert!(failure.message.contains("a.file"));
                }
                // Coarse everywhere, with a warning.
                Ok((_, decoded)) if decoded.warnings.iter().any(|warning| !says_what_it_is(warning)) => {
                    failed += step;
                    let is_raw = sniff(&bytes) == Some(Format::Raw);
                    let is_partial = name.ends_with("jxl");
                    assert!(is_raw || is_partial || name.contains("progressive"), "{name}");
                    let missing = if is_partial { "part_missing" } else { "detail_missing" };
                    let doubts = decoded.warnings.iter().filter(|warning| !says_what_it_is(warning));
                    assert_eq!(doubts.map(|doubt| &*doubt.code).collect::<Vec<_>>(), [missing], "{name}");
                }
                // The missing part does not belong to the picture: an end marker, a checksum, metadata, a second frame.
                Ok((_, decoded)) => assert!(rgba(decoded.image) == whole, "{name} cut at {length} of {}", bytes.len()),
            }
        }
        // Much of a profile or of the second frame of an animation may be missing.
        assert!(failed * 4 >= bytes.len(), "{name}: {failed} of {}", bytes.len());
    }
}

#[test]
fn damage_never_panics() {
    let mut state = 1_u64;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    for name in pictures() {
        let bytes = data(&name);
        for _ in 0..300 {
            let mut damaged = bytes.clone();
            for _ in 0..=random(3) {
                let at = random(damaged.len());
                damaged[at] = match random(3) {
                    0 => random(256) as u8,
                    1 => 0xff,
                    _ => damaged[at] ^ (1 << random(8)),
                };
            }
            if let Ok(header) = probe(&damaged, &name) {
                // A size far from the file's would only take time.
                if header.size.pixels() < 1_000_000 {
                    let representation = header.native.iter().next().expect("one");
                    let request = DecodeRequest {
                        representation,
                        at_least: header.size,
                        chroma_at_least: header.size,
                        scaling: None,
                        auto_orient: true,
                    };
                    if let Ok(decoded) = decode(&damaged, &header, &request, &name) {
                        assert!(decoded.image.is_consistent(), "{name}");
                    }
                    let request =
                        DecodeRequest { at_least: Size::new(1, 1), chroma_at_least: Size::new(1, 1), ..request };
                    if let Ok(decoded) = decode(&damaged, &header, &request, &name) {
                        assert!(decoded.image.is_consistent(), "{name}");
                    }
                }
            }
        }
    }
}

// Slightly malformed JPEG files

/// The positions of markers in a JPEG whose data contains no other ones.
fn markers(bytes: &[u8], wanted: impl Fn(u8) -> bool) -> Vec<usize> {
    (0..bytes.len() - 1).filter(|&at| bytes[at] == 0xff && wanted(bytes[at + 1])).collect()
}

/// The same file with bytes before each of these markers.
fn with_before(bytes: &[u8], places: &[usize], insert: &[u8]) -> Vec<u8> {
    let mut changed = Vec::new();
    let mut from = 0;
    for &place in places {
        changed.extend([&bytes[from..place], insert].concat());
        from = place;
    }
    changed.extend(&bytes[from..]);
    changed
}

const SOUND_JPEGS: [&str; 9] = [
    "baseline-420.jpg",
    "gray.jpg",
    "rgb.jpg",
    "restarts-420.jpg",
    "scans-apart.jpg",
    "scans-partly.jpg",
    "progressive-420.jpg",
    "progressive-restarts.jpg",
    "scans-blue-full-progressive.jpg",
];

#[test]
fn a_jpeg_is_complete_without_its_end_marker_and_whatever_follows() {
    for name in SOUND_JPEGS {
        let bytes = data(name);
        let whole = (expected(name).1, Vec::new());
        assert!(noticed(&bytes) == whole, "{name}");
        let (body, end) = bytes.split_at(bytes.len() - 2);
        assert_eq!(end, [0xff, 0xd9]);
        for tail in [&b""[..], b"a trailer", &[0; 4096], b"\xff", b"\xff\xdb\0\x43", b"\xff\xda\0\x08\x01"] {
            assert!(noticed(&[body, tail].concat()) == whole, "{name} without its end, before {tail:?}");
            assert!(noticed(&[&bytes[..], tail].concat()) == whole, "{name} before {tail:?}");
        }
        // Between the data and the end marker.
        for junk in [&[0; 4096][..], &[7, 0xff, 0, 9, 0xff, 0]] {
            assert!(noticed(&[body, junk, end].concat()) == whole, "{name} with {junk:?}");
        }
    }
}

#[test]
fn bytes_between_segments_are_left_out() {
    for name in ["restarts-420.jpg", "progressive-restarts.jpg", "scans-partly.jpg"] {
        let bytes = data(name);
        let whole = (expected(name).1, Vec::new());
        let restarts = markers(&bytes, |code| matches!(code, 0xd0..=0xd7));
        assert!(restarts.len() > 1, "{name}");
        assert!(noticed(&with_before(&bytes, &restarts, &[1, 2, 0xff, 0, 3])) == whole, "{name}: junk before restarts");
        let all = markers(&bytes, |code| matches!(code, 0xc0..=0xc4 | 0xd0..=0xd7 | 0xd9..=0xdd));
        assert!(noticed(&with_before(&bytes, &all, &[0xff; 3])) == whole, "{name}: fill before markers");
    }
}

#[test]
fn standard_huffman_tables_need_not_be_stated() {
    let bytes = data("baseline-420.jpg");
    let whole = (expected("baseline-420.jpg").1, Vec::new());
    let mut bare = bytes.clone();
    for at in markers(&bytes, |code| code == 0xc4).into_iter().rev() {
        let length = usize::from(u16::from_be_bytes([bytes[at + 2], bytes[at + 3]]));
        bare.drain(at..at + 2 + length);
    }
    assert!(bare.len() + 400 < bytes.len());
    assert!(noticed(&bare) == whole);
    let scan = markers(&bytes, |code| code == 0xda);
    assert!(noticed(&with_before(&bytes, &scan, &[0xff, 0xc4, 0, 2])) == whole, "a segment without tables");
}

#[test]
fn damaged_metadata_never_stops_a_picture() {
    for name in ["baseline-420.jpg", "progressive-420.jpg", "orientation-6.jpg"] {
        let bytes = data(name);
        let (_, first) = read(&bytes).expect("sound");
        for segment in [
            &b"\xff\xe1\0\x0cExif\0\0\xff\xff\xff\xff"[..],
            b"\xff\xe1\0\x10Exif\0\0II*\0\xff\xff\xff\x7f",
            b"\xff\xe1\0\x02",
            b"\xff\xe0\0\x04JF",
            b"\xff\xee\0\x07Adobe",
            b"\xff\xe2\0\x10ICC_PROFILE\0\x05\x02",
            b"\xff\xfe\0\x00",
        ] {
            let (_, image) = read(&with_before(&bytes, &[end_of_first_segment(&bytes)], segment))
                .unwrap_or_else(|failure| panic!("{name} with {segment:?}: {failure:?}"));
            if name != "orientation-6.jpg" {
                assert!(image.pixels == first.pixels, "{name} with {segment:?}");
            }
        }
    }
}

fn end_of_first_segment(bytes: &[u8]) -> usize {
    4 + usize::from(u16::from_be_bytes([bytes[4], bytes[5]]))
}

#[test]
fn a_progressive_file_without_its_last_scans_is_coarse_and_says_so() {
    for name in ["progressive-420.jpg", "progressive-restarts.jpg", "progressive-gray-2x1.jpg"] {
        let bytes = data(name);
        let whole = expected(name).1;
        let scans = markers(&bytes, |code| code == 0xda);
        assert!(scans.len() > 4, "{name}");
        let mut before = 0.0;
        for &scan in &scans[1..] {
            for end in [&b""[..], b"\xff\xd9"] {
                let (pixels, codes) = noticed(&[&bytes[..scan], end].concat());
                assert_eq!(codes, ["detail_missing"], "{name} up to {scan}");
                let now = psnr(&pixels, &whole);
                assert!(now >= before - 0.5 && now > 15.0, "{name} up to {scan}: {now} after {before} dB");
                before = now;
            }
        }
        assert!(before > 30.0 && before < 70.0, "{name}: {before} dB");
        // Not even the means are complete: two bytes of them.
        let means = &bytes[..scans[0] + 4 + usize::from(bytes[scans[0] + 3])];
        assert!(message(means, "a.file").contains("ends too early"), "{name}");
        let (_, codes) = noticed(&[means, &b"\xff\xd9"[..]].concat());
        assert_eq!(codes, ["part_missing"], "{name}");
    }
}

#[test]
fn a_sequential_file_that_ends_early_is_refused_or_gray_at_its_end() {
    let bytes = data("baseline-444.jpg");
    let (size, whole) = expected("baseline-444.jpg");
    let scan = markers(&bytes, |code| code == 0xda)[0];
    let cut = &bytes[..scan + (bytes.len() - scan) * 2 / 3];
    assert_eq!(message(cut, "a.jpg"), "\"a.jpg\" ends too early: part of the picture is missing.");
    // With an end marker, other decoders show it; so do we, with a warning.
    let (pixels, codes) = noticed(&[cut, &[0xff, 0xd9]].concat());
    assert_eq!(codes, ["part_missing"]);
    let row = size.width as usize * 4;
    assert!(pixels[..8 * row] == whole[..8 * row], "the first blocks");
    assert_eq!(pixels[pixels.len() - 4..], [128, 128, 128, 255]);
}

#[test]
fn a_lost_restart_interval_leaves_the_others_as_they_are() {
    // Two MCUs per interval, three MCUs across.
    let bytes = data("restarts-420.jpg");
    let (size, whole) = expected("restarts-420.jpg");
    let restarts = markers(&bytes, |code| matches!(code, 0xd0..=0xd7));
    let mut lost = bytes.clone();
    lost.drain(restarts[0]..restarts[1]);
    let (pixels, codes) = noticed(&lost);
    assert_eq!(codes, ["part_missing"]);
    // MCUs 2 and 3 of 16 × 16 pixels are lost; chroma bleeds by one pixel into the neighbours.
    for y in 0..size.height {
        for x in 0..size.width {
            let is_lost = if y < 16 { x >= 31 || (y == 15 && x <= 16) } else { x <= 16 || (y == 16 && x >= 31) };
            let at = (y * size.width + x) as usize * 4;
            assert!(is_lost || pixels[at..at + 4] == whole[at..at + 4], "{x}, {y}");
        }
    }
    // Restart markers with wrong numbers, or repeated.
    let mut renumbered = bytes.clone();
    renumbered[restarts[0] + 1] = 0xd4;
    assert_eq!(noticed(&renumbered), (whole.clone(), vec!["damaged_picture".to_owned()]));
    let repeated = with_before(&bytes, &[restarts[1]], &bytes[restarts[0]..restarts[1]]);
    assert_eq!(noticed(&repeated), (whole, vec!["damaged_picture".to_owned()]));
}

#[test]
fn odd_samplings_are_scaled_while_decoding_as_well() {
    for name in
        ["sampled-blue-full.jpg", "sampled-luma-half.jpg", "sampled-thirds.jpg", "sampled-rgb.jpg", "sampled-440.jpg"]
    {
        let bytes = data(name);
        let header = probe(&bytes, name).expect("sound");
        let representation = header.native.iter().next().expect("one");
        for (at_least, given) in [(19, Size::new(19, 12)), (10, Size::new(10, 6)), (1, Size::new(5, 3))] {
            let request = DecodeRequest {
                representation,
                at_least: Size::new(at_least, 1),
                chroma_at_least: Size::new(1, 1),
                scaling: None,
                auto_orient: true,
            };
            let image = decode(&bytes, &header, &request, name).expect("sound").image;
            assert!(image.is_consistent() && image.size == given, "{name}: {:?}", image.size);
            if given.width < 10 {
                continue;
            }
            let (full, small) = (expected(name).1, rgba(image));
            let mean = |pixels: &[u8], channel: usize| {
                let sum: f64 = pixels.iter().skip(channel).step_by(4).map(|&value| f64::from(value)).sum();
                sum / (pixels.len() / 4) as f64
            };
            for channel in 0..3 {
                let (full, small) = (mean(&full, channel), mean(&small, channel));
                assert!((full - small).abs() < 9.0, "{name} at {given:?}: {full} and {small}");
            }
        }
    }
}

/// A JPEG with a different size in its header.
fn with_sides(name: &str, width: u16, height: u16) -> Vec<u8> {
    let mut bytes = data(name);
    let frame = bytes.windows(2).position(|pair| pair[0] == 0xff && matches!(pair[1], 0xc0 | 0xc2)).expect("a frame");
    bytes[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    bytes[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    bytes
}

#[test]
fn limits_are_checked_from_the_header() {
    let too_large = |bytes: &[u8]| {
        let failure = probe(bytes, "bomb").expect_err("too large");
        assert!(failure.message.contains("too large"), "{}", failure.message);
    };
    too_large(&with_sides("baseline-420.jpg", 65_535, 65_535));
    too_large(&with_sides("progressive-420.jpg", 65_535, 1));
    too_large(&with_sides("gray.jpg", 12_000, 10_001));
    assert!(probe(&with_sides("gray.jpg", 12_000, 10_000), "large").is_ok());

    let mut png = data("rgba-8.png");
    png[16..24].copy_from_slice(&[0, 1, 0x86, 0xa0, 0, 1, 0x86, 0xa0]);
    too_large(&png);

    let mut gif = data("opaque.gif");
    gif[6..10].copy_from_slice(&[0xff; 4]);
    too_large(&gif);
    let mut gif = data("offset-animated.gif");
    let frame = gif.windows(9).position(|at| at == [0x2c, 2, 0, 1, 0, 3, 0, 2, 0]).expect("a frame");
    gif[frame + 5..frame + 9].copy_from_slice(&[0xff; 4]);
    too_large(&gif);

    let mut bmp = data("rgb.bmp");
    bmp[18..22].copy_from_slice(&65_535_i32.to_le_bytes());
    too_large(&bmp);

    let mut qoi = data("rgb.qoi");
    qoi[4..12].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0]);
    too_large(&qoi);
    too_large(b"P6 70000 2 255 ");
    too_large(b"P7\nWIDTH 20000\nHEIGHT 20000\nDEPTH 3\nMAXVAL 255\nENDHDR\n");
    let mut tga = data("rgb.tga");
    tga[12..16].copy_from_slice(&[0xff; 4]);
    too_large(&tga);
    let mut ico = data("rgb-mask.ico");
    let bitmap = ico.windows(8).position(|at| at == [33, 0, 0, 0, 42, 0, 0, 0]).expect("a bitmap");
    ico[bitmap..bitmap + 8].copy_from_slice(&[0, 0, 2, 0, 0, 0, 2, 0]);
    assert!(probe(&ico, "bomb").is_err());
    // The width is the first entry of the directory, the height the second.
    let mut tiff = data("tiles.tif");
    let directory = u32::from_le_bytes(tiff[4..8].try_into().expect("four bytes")) as usize;
    for entry in [directory + 2, directory + 14] {
        tiff[entry + 2..entry + 12].copy_from_slice(&[4, 0, 1, 0, 0, 0, 0, 0, 1, 0]);
    }
    too_large(&tiff);

    let mut empty = data("rgb.bmp");
    empty[18..22].copy_from_slice(&0_i32.to_le_bytes());
    assert!(probe(&empty, "empty").is_err());
    assert!(probe(&with_sides("gray.jpg", 0, 10), "empty").is_err());
}

#[test]
fn a_gif_frame_that_juts_out_of_its_screen_makes_it_larger() {
    let (_, pixels) = expected("offset-animated.gif");
    let mut gif = data("offset-animated.gif");
    gif[6] = 4;
    let (header, image) = read(&gif).expect("sound");
    assert_eq!(header.size, Size::new(5, 5));
    let grown: Vec<u8> = pixels.chunks(6 * 4).flat_map(|row| &row[..5 * 4]).copied().collect();
    assert_eq!(rgba(image), grown);
}

/// Sizes within the limits that the data cannot fill are refused before the picture is allocated.
#[test]
fn a_small_file_of_a_huge_picture_ends_too_early() {
    for file in [
        &b"P6 10000 10000 255 some"[..],
        b"P2 10000 10000 255 1 2 3",
        b"qoif\0\0\x27\x10\0\0\x27\x10\x03\0\xfd\xfd\0\0\0\0\0\0\0\x01",
        b"\0\0\x0a\0\0\0\0\0\0\0\0\0\x10\x27\x10\x27\x18\0\xff\0\0\0",
    ] {
        assert_eq!(message(file, "a"), "\"a\" ends too early: part of the picture is missing.");
    }
}

#[test]
fn of_several_pages_the_first_is_read_with_a_hint() {
    let (header, decoded) = decoded(&data("pages.tif"), None).expect("sound");
    assert_eq!(header.size, Size::new(37, 23));
    let [warning] = &decoded.warnings[..] else { panic!("{:?}", decoded.warnings) };
    assert!(!warning.is_doubt() && warning.code == "first_page_only", "{warning:?}");
    assert_eq!(warning.message, "\"a.file\" has 3 pages: only the first was used.");
}

fn png_chunk(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let checksum = crc32fast::hash(&[&kind[..], content].concat());
    [&(content.len() as u32).to_be_bytes(), &kind[..], content, &checksum.to_be_bytes()].concat()
}

fn png_with(chunk: &[u8]) -> Vec<u8> {
    let bytes = data("rgb-16.png");
    // After the signature and the header.
    [&bytes[..33], chunk, &bytes[33..]].concat()
}

#[test]
fn compressed_bombs_beside_the_picture_are_not_unpacked() {
    let bomb = miniz_oxide::deflate::compress_to_vec_zlib(&vec![0; 64 << 20], 6);
    let profile = png_chunk(b"iCCP", &[&b"bomb\0\0"[..], &bomb].concat());
    let (header, image) = read(&png_with(&profile)).expect("the profile is left out");
    assert_eq!(header.space.icc(), None);
    assert_eq!(rgba(image), expected("rgb-16.png").1);

    let text = png_chunk(b"zTXt", &[&b"bomb\0\0"[..], &bomb].concat());
    let (_, image) = read(&png_with(&text)).expect("text is not read");
    assert_eq!(rgba(image), expected("rgb-16.png").1);
}

#[test]
fn a_broken_profile_does_not_stop_the_picture() {
    let (header, image) = read(&png_with(&png_chunk(b"iCCP", b"name\0\0not zlib"))).expect("sound");
    assert_eq!(header.space.icc(), None);
    assert_eq!(rgba(image), expected("rgb-16.png").1);
}

// Writing

/// Size, sampling factors of each component: from the frame header of a JPEG.
fn jpeg_frame(bytes: &[u8]) -> (Size, Vec<(u8, u8)>) {
    let mut at = 2;
    loop {
        let length = usize::from(u16::from_be_bytes([bytes[at + 2], bytes[at + 3]]));
        if bytes[at + 1] == 0xc0 {
            let frame = &bytes[at + 4..at + 2 + length];
            let side = |at: usize| u32::from(u16::from_be_bytes([frame[at], frame[at + 1]]));
            let factors = frame[6..].chunks(3).map(|component| (component[1] >> 4, component[1] & 15)).collect();
            return (Size::new(side(3), side(1)), factors);
        }
        at += 2 + length;
    }
}

/// Decodes with a decoder that the product does not use.
fn by_zune(bytes: &[u8]) -> (Size, Vec<u8>, Option<Vec<u8>>) {
    use zune_jpeg::zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
    let options = DecoderOptions::default().jpeg_set_out_colorspace(ColorSpace::RGB).set_strict_mode(true);
    let mut decoder = zune_jpeg::JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    let samples = decoder.decode().expect("another decoder reads it");
    let info = decoder.info().expect("decoded");
    (Size::new(u32::from(info.width), u32::from(info.height)), samples, decoder.icc_profile())
}

#[test]
fn jpeg_is_half_chroma_below_quality_90_and_full_from_there() {
    let size = Size::new(61, 43);
    let image = || Image::new(size, Pixels::Rgb(scene(size)));
    assert_eq!(jpeg_frame(&write(image(), Format::Jpeg, 89).bytes), (size, vec![(2, 2), (1, 1), (1, 1)]));
    assert_eq!(jpeg_frame(&write(image(), Format::Jpeg, 90).bytes), (size, vec![(1, 1); 3]));
    let gray = Image::new(size, Pixels::Gray(vec![77; size.pixels() as usize]));
    assert_eq!(jpeg_frame(&write(gray, Format::Jpeg, 80).bytes).1, [(1, 1)]);
}

#[test]
fn a_written_jpeg_looks_like_its_picture_to_another_decoder() {
    let large = [Size::new(160, 120), Size::new(61, 43)].map(|size| (size, 70, 30.0));
    // Full chroma: halved, little would be left of a picture a few pixels wide.
    let any = [Size::new(160, 120), Size::new(61, 43), Size::new(1, 1), Size::new(3, 17)].map(|size| (size, 100, 44.0));
    for (size, quality, least) in large.into_iter().chain(any) {
        let rgb = scene(size);
        let written = write(Image::new(size, Pixels::Rgb(rgb.clone())), Format::Jpeg, quality);
        let (given, samples, _) = by_zune(&written.bytes);
        assert_eq!(given, size);
        let seen = psnr(&rgb, &samples);
        assert!(seen > least, "{size:?} at {quality}: {seen}");
    }
}

#[test]
fn planes_pass_through_a_jpeg_with_their_subsampling() {
    for (h, v) in [(1, 1), (2, 1), (1, 2), (2, 2), (4, 1), (1, 4), (4, 2), (2, 4)] {
        for size in [Size::new(64, 48), Size::new(37, 23), Size::new(1, 1), Size::new(16, 5)] {
            let image = planar(size, Subsampling { h, v });
            let bytes = write(image.clone(), Format::Jpeg, 100).bytes;
            assert_eq!(jpeg_frame(&bytes), (size, vec![(h, v), (1, 1), (1, 1)]));
            let (_, back) = read(&bytes).expect("sound");
            let (Pixels::Ycc(before), Pixels::Ycc(after)) = (&image.pixels, &back.pixels) else { panic!("not planar") };
            assert_eq!(after.subsampling, before.subsampling);
            for (before, after) in [(&before.y, &after.y), (&before.cb, &after.cb), (&before.cr, &after.cr)] {
                assert_eq!(before.size, after.size);
                let difference = worst(&before.data, &after.data);
                assert!(difference <= 2, "{h}x{v} {size:?}: {difference}");
            }
            if h < 4 && v < 4 {
                let (given, samples, _) = by_zune(&bytes);
                assert_eq!(given, size);
                let seen = psnr(&samples, &rgb(image));
                assert!(seen > 38.0, "{h}x{v} {size:?}: {seen}");
            }
        }
    }
}

#[test]
fn four_by_four_subsampling_is_written_as_full_chroma() {
    let image = planar(Size::new(33, 21), Subsampling { h: 4, v: 4 });
    let bytes = write(image.clone(), Format::Jpeg, 100).bytes;
    assert_eq!(jpeg_frame(&bytes).1, [(1, 1); 3]);
    assert!(worst(&rgb(read(&bytes).expect("sound").1), &rgb(image)) <= 4);
}

#[test]
fn alpha_is_put_on_the_background_where_the_format_has_none() {
    let size = Size::new(16, 16);
    let image = Image::new(size, Pixels::Rgba([200, 100, 50, 0].repeat(256)));
    let request = EncodeRequest { background: [10, 250, 30], ..request(Format::Jpeg, 95) };
    let (_, samples, _) = by_zune(&encode(image, &request, None).expect("written").bytes);
    assert!(worst(&samples, &[10, 250, 30].repeat(256)) <= 3);
}

/// The files in `tests/data/written` were read by Pillow and others: `tests/oracles/written.py` compares those of each
/// picture. To write them again: `PIXELMILL_WRITE=1 cargo test --test codecs written`.
#[test]
fn files_are_written_as_others_read_them() {
    let size = Size::new(61, 37);
    let colors = scene(size);
    let gray: Vec<u8> = colors.iter().step_by(3).copied().collect();
    let opacity = |index: usize| (index % 61 * 4).min(255) as u8;
    let faded =
        colors.as_chunks::<3>().0.iter().enumerate().flat_map(|(i, [r, g, b])| [*r, *g, *b, opacity(i)]).collect();
    let pictures = [
        ("gray", Image::new(size, Pixels::Gray(gray))),
        ("rgb", Image::new(size, Pixels::Rgb(colors.clone()))),
        ("rgba", Image::new(size, Pixels::Rgba(faded))),
        ("profile", Image { space: ColorSpace::srgb_with_profile(false), ..Image::new(size, Pixels::Rgb(colors)) }),
    ];
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/written");
    for (name, image) in pictures {
        for format in [Format::Png, Format::Tiff, Format::Bmp, Format::Qoi, Format::Jxl] {
            let bytes = write(image.clone(), format, 80).bytes;
            let again = read(&bytes).expect("sound").1;
            assert_eq!((again.size, rgba(again)), (size, rgba(image.clone())), "{name} {format:?}");
            let path = folder.join(format!("{name}.{}", format.extension()));
            if std::env::var_os("PIXELMILL_WRITE").is_some() {
                std::fs::write(&path, &bytes).expect("written");
            }
            assert!(std::fs::read(&path).expect("a file") == bytes, "{} is another file", path.display());
        }
    }
}

#[test]
fn a_tiff_is_written_in_strips_of_whole_rows() {
    // A row that is almost as long as a strip, and several strips, the last of which is shorter.
    for size in [Size::new(65_000, 3), Size::new(701, 301)] {
        let image = Image::new(size, Pixels::Rgb(scene(size)));
        let bytes = write(image.clone(), Format::Tiff, 80).bytes;
        assert!(rgb(read(&bytes).expect("sound").1) == rgb(image), "{size:?}");
    }
}

#[test]
fn a_picture_for_browsers_is_upright_and_has_the_same_pixels() {
    for name in ["tiles.tif", "planes-tiles-alpha.tif", "orientation-6.tif", "gray-16.psd", "preview.dng", "rgb.tga"] {
        let shown = pixelmill::codecs::to_show(&data(name), None, name).expect("sound");
        let (header, image) = read(&shown.bytes).expect("sound");
        let (size, pixels) = expected(name);
        assert_eq!((header.format, header.orientation, image.size), (Format::Png, 1, size), "{name}");
        assert!(rgba(image) == pixels, "{name}");
        assert!(!read(&data(name)).expect("sound").0.format.is_shown_by_browsers());
    }
}

#[test]
fn colours_that_a_file_cannot_describe_are_converted() {
    let space = ColorSpace::adobe_rgb();
    let image =
        Image { space: space.clone(), ..Image::new(Size::new(2, 1), Pixels::Rgb(vec![10, 200, 30, 90, 90, 90])) };
    let expected = pixelmill::image::recolor::recolor(image.clone(), &ColorSpace::SRGB);
    let (_, qoi) = read(&write(image, Format::Qoi, 80).bytes).expect("sound");
    assert!(qoi.space.is_srgb());
    assert_eq!(rgb(qoi), rgb(expected));
    // A bitmap's profile is for colours.
    let gray =
        Image { space: space.gray().expect("one curve"), ..Image::new(Size::new(2, 1), Pixels::Gray(vec![10, 200])) };
    let expected = pixelmill::image::recolor::recolor(gray.clone(), &ColorSpace::SRGB);
    let (_, bmp) = read(&write(gray, Format::Bmp, 80).bytes).expect("sound");
    assert!(bmp.space.is_srgb());
    assert_eq!(rgb(bmp), rgb(expected));
}

#[test]
fn png_keeps_every_pixel_in_the_least_color_type() {
    let size = Size::new(37, 23);
    let color = |bytes: &[u8]| bytes[25];
    let rgb_samples = scene(size);
    let transparent: Vec<u8> = rgb_samples.chunks(3).zip(0..).flat_map(|(p, a)| [p[0], p[1], p[2], a as u8]).collect();
    let opaque: Vec<u8> = rgb_samples.chunks(3).flat_map(|p| [p[0], p[1], p[2], 255]).collect();
    let gray: Vec<u8> = rgb_samples.iter().step_by(3).copied().collect();
    for (pixels, expected) in [
        (Pixels::Gray(gray), 0),
        (Pixels::Rgb(rgb_samples), 2),
        (Pixels::Rgba(opaque), 2),
        (Pixels::Rgba(transparent), 6),
        (planar(size, Subsampling::S420).pixels, 2),
    ] {
        let image = Image::new(size, pixels);
        let written = write(image.clone(), Format::Png, 80);
        assert_eq!(color(&written.bytes), expected);
        assert_eq!(rgba(read(&written.bytes).expect("sound").1), rgba(image));
    }
}

/// Color type, bit depth and expanded pixels, read without our code.
fn by_png(bytes: &[u8]) -> (u8, u8, Vec<u8>) {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
    decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::ALPHA);
    let mut reader = decoder.read_info().expect("a picture");
    let mut pixels = vec![0; reader.output_buffer_size().expect("small")];
    let frame = reader.next_frame(&mut pixels).expect("all of it");
    if frame.color_type == png::ColorType::GrayscaleAlpha {
        pixels = pixels.chunks(2).flat_map(|p| [p[0], p[0], p[0], p[1]]).collect();
    }
    (bytes[25], bytes[24], pixels)
}

#[test]
fn a_png_of_few_colours_has_a_palette_of_the_least_bits() {
    // Odd widths leave bits at the end of each row.
    for (colours, bits) in [(1, 1), (2, 1), (3, 2), (4, 2), (5, 4), (16, 4), (17, 8), (256, 8)] {
        for width in [31, 32, 33] {
            let size = Size::new(width, 41);
            let index = |i: u32| i.wrapping_mul(2_654_435_761) >> 16;
            // Some are translucent, and some transparent with a colour of their own.
            for opacity in [|_: u32| 255_u8, |n: u32| [255, 128, 0][n as usize % 3]] {
                let pixel = |i: u32| {
                    let n = index(i) % colours;
                    [n as u8, (n * 7) as u8, 200, opacity(n)]
                };
                let pixels: Vec<u8> = (0..size.pixels() as u32).flat_map(pixel).collect();
                let written = write(Image::new(size, Pixels::Rgba(pixels.clone())), Format::Png, 80).bytes;
                let (color, depth, read_back) = by_png(&written);
                assert_eq!((color, depth), (3, bits), "{colours} colours, {width} pixels wide");
                assert!(read_back == pixels && rgba(read(&written).unwrap().1) == pixels, "{colours} colours");
            }
        }
    }
}

#[test]
fn more_colours_than_a_palette_holds_are_written_in_full() {
    let size = Size::new(257, 2);
    let pixels: Vec<u8> = (0..514_u32).flat_map(|i| [(i % 257) as u8, ((i % 257) >> 8) as u8, 9]).collect();
    let written = write(Image::new(size, Pixels::Rgb(pixels.clone())), Format::Png, 80).bytes;
    assert_eq!(by_png(&written).0, 2);
    assert_eq!(rgb(read(&written).unwrap().1), pixels);
}

#[test]
fn gray_pictures_of_few_values_stay_gray_in_fewer_bits() {
    let size = Size::new(45, 31);
    for (step, bits) in [(255, 1), (85, 2), (17, 4)] {
        let gray: Vec<u8> = (0..size.pixels() as u32).map(|i| ((i * i / 7) % (255 / step + 1) * step) as u8).collect();
        let written = write(Image::new(size, Pixels::Gray(gray.clone())), Format::Png, 80).bytes;
        let (color, depth, pixels) = by_png(&written);
        assert_eq!((color, depth), (0, bits));
        assert_eq!(pixels, gray.iter().flat_map(|gray| [*gray, *gray, *gray, 255]).collect::<Vec<u8>>());
        assert_eq!(read(&written).unwrap().1.pixels, Pixels::Gray(gray));
    }
    // Few values that fewer bits cannot represent: a palette, unless there is a gray profile.
    let gray: Vec<u8> = (0..size.pixels() as u32).map(|i| [3, 90, 200][i as usize / 50 % 3]).collect();
    let image = Image::new(size, Pixels::Gray(gray));
    assert_eq!(by_png(&write(image.clone(), Format::Png, 80).bytes).0, 3);
    let image = Image { space: space(400, true), ..image };
    let written = write(image, Format::Png, 80).bytes;
    assert_eq!((written[25], read(&written).unwrap().0.space.icc().is_some()), (0, true));
}

/// Pillow writes these pixels in 1,689 bytes, also with a palette.
#[test]
fn a_logo_is_written_in_the_bytes_that_others_take() {
    let logo = data("../field/png-palette-logo.png");
    let (header, image) = read(&logo).unwrap();
    assert_eq!((header.size, logo.len()), (Size::new(240, 180), 1689));
    let pixels = rgba(image.clone());
    let written = write(image, Format::Png, 80).bytes;
    assert_eq!(by_png(&written), (3, 8, pixels));
    assert!(written.len() <= 1750, "{} bytes", written.len());
}

#[test]
fn lossless_webp_keeps_every_pixel_without_the_host() {
    let size = Size::new(37, 23);
    let rgb_samples = scene(size);
    let transparent: Vec<u8> = rgb_samples.chunks(3).zip(0..).flat_map(|(p, a)| [p[0], p[1], p[2], a as u8]).collect();
    let gray: Vec<u8> = rgb_samples.iter().step_by(3).copied().collect();
    for pixels in [
        Pixels::Gray(gray),
        Pixels::Rgb(rgb_samples),
        Pixels::Rgba(transparent),
        planar(size, Subsampling::S420).pixels,
    ] {
        let image = Image::new(size, pixels);
        let request = EncodeRequest { lossless: true, ..request(Format::Webp, 80) };
        let written = encode(image.clone(), &request, None).expect("written");
        assert_eq!(rgba(read(&written.bytes).expect("sound").1), rgba(image));
    }
}

/// A host's encoder that returns a file made by libwebp.
struct Libwebp(&'static str);

impl Encoders for Libwebp {
    fn encode(&self, Raster { rgba, size, .. }: Raster<'_>, _: Encoding) -> Result<Vec<u8>, Failure> {
        assert_eq!(rgba.len() as u64, size.pixels() * 4);
        Ok(data(self.0))
    }
    fn name(&self, _: Encoder) -> Option<&'static str> {
        Some("libwebp of a test")
    }
}

#[test]
fn lossy_webp_needs_the_host() {
    let image = || Image::new(Size::new(37, 23), Pixels::Rgb(scene(Size::new(37, 23))));
    let failure = encode(image(), &request(Format::Webp, 80), None).expect_err("not loaded");
    assert!(failure.message.contains("WebP"), "{}", failure.message);
    let written = encode(image(), &request(Format::Webp, 80), Some(&Libwebp("lossy.webp"))).expect("written");
    assert_eq!(written.encoder, "libwebp of a test");
    assert_eq!(written.bytes, data("lossy.webp"), "untouched without a profile");
    let long = Image::new(Size::new(16_384, 1), Pixels::Gray(vec![0; 16_384]));
    assert!(encode(long, &request(Format::Webp, 80), Some(&Libwebp("lossy.webp"))).is_err());
}

#[test]
fn an_icon_has_the_picture_and_smaller_copies_of_it() {
    let size = Size::new(200, 100);
    let image = || Image::new(size, Pixels::Rgb([40, 120, 200].repeat(size.pixels() as usize)));
    let file = encode(image(), &request(Format::Ico, 80), None).expect("written").bytes;
    assert_eq!(file[..4], [0, 0, 1, 0]);
    let mut sizes = Vec::new();
    for entry in file[6..].chunks_exact(16).take(usize::from(file[4])) {
        let number = |at: usize| u32::from_le_bytes(entry[at..at + 4].try_into().expect("four bytes")) as usize;
        let content = std::io::Cursor::new(&file[number(12)..][..number(8)]);
        let mut reader = png::Decoder::new(content).read_info().expect("a PNG file");
        assert_eq!((reader.info().width, reader.info().height), (u32::from(entry[0]), u32::from(entry[1])));
        let mut samples = vec![0; reader.output_buffer_size().expect("it is small")];
        reader.next_frame(&mut samples).expect("pixels");
        sizes.push((entry[0], entry[1]));
    }
    assert_eq!(sizes, [(200, 100), (128, 64), (64, 32), (48, 24), (32, 16), (16, 8)]);
    let (header, read) = read(&file).expect("it can be read");
    assert_eq!(header.size, size);
    assert_eq!(rgb(read), [40, 120, 200].repeat(size.pixels() as usize));
    let large = Image::new(Size::new(257, 1), Pixels::Gray(vec![0; 257]));
    let refused = encode(large, &request(Format::Ico, 80), None).expect_err("too large");
    assert!(refused.message.contains("257×1") && refused.hint.contains("resize"), "{refused:?}");
}

#[test]
fn formats_that_are_only_read_cannot_be_written() {
    let written = [
        Format::Jpeg,
        Format::Png,
        Format::Webp,
        Format::Gif,
        Format::Tiff,
        Format::Bmp,
        Format::Qoi,
        Format::Ico,
        Format::Jxl,
        Format::Avif,
    ];
    for &format in Format::ALL.iter().filter(|format| !written.contains(format)) {
        let image = Image::new(Size::new(1, 1), Pixels::Gray(vec![0]));
        let failure = encode(image, &request(format, 80), None).expect_err("read only");
        assert!(failure.message.contains(format.name()));
        assert!(written.iter().all(|format| failure.hint.contains(format.name())), "{}", failure.hint);
    }
}

#[test]
fn every_format_has_pictures_here_and_a_hint_names_them_all() {
    let failure = probe(b"hello", "notes.txt").expect_err("no picture");
    for format in Format::ALL {
        let is_it = |name: &String| probe(&data(name), name).expect("sound").format == *format;
        assert!(pictures().iter().any(is_it), "{format:?}");
        assert!(failure.hint.contains(format.name()), "{}", failure.hint);
        assert!(failure.hint.ends_with("save the picture as JPEG, PNG or TIFF."), "{}", failure.hint);
        assert_eq!(Format::of_media_type(format.media_type()), Some(*format));
    }
}

// SVG

/// Where all neighbours of a pixel have its colour, up to this difference of premultiplied samples, no edge is near.
const SMOOTH: u8 = 12;

/// Samples with their opacity multiplied in, which is how much of them is seen.
fn premultiplied(samples: &[u8]) -> Vec<u8> {
    let pixels = samples.as_chunks::<4>().0.iter();
    pixels
        .flat_map(|&[r, g, b, a]| [r, g, b, 255].map(|sample| (u32::from(sample) * u32::from(a) / 255) as u8))
        .collect()
}

/// Whether a pixel and its eight neighbours are much alike.
fn is_away_from_edges(samples: &[u8], size: Size, x: u32, y: u32) -> bool {
    let pixel = |x: u32, y: u32| &samples[((y * size.width + x) * 4) as usize..][..4];
    let (columns, rows) =
        (x.saturating_sub(1)..=(x + 1).min(size.width - 1), y.saturating_sub(1)..=(y + 1).min(size.height - 1));
    rows.flat_map(|y| columns.clone().map(move |x| (x, y)))
        .all(|(column, row)| worst(pixel(column, row), pixel(x, y)) <= SMOOTH)
}

/// Renderers measure what an edge covers of a pixel in different ways: librsvg exactly, resvg in sixteenths of a row. So pixels at edges
/// may differ, a few of them by much where edges cross, but little on average; all others are equal but for rounding,
/// which premultiplied samples of a blended gradient have twice.
#[test]
fn a_drawing_looks_as_librsvg_draws_it() {
    for name in pictures().into_iter().filter(|name| is_drawing(name)) {
        let (size, pixels) = expected(&name);
        let (header, image) = read(&data(&name)).unwrap_or_else(|failure| panic!("{name}: {failure:?}"));
        assert_eq!((image.size, header.size, header.format), (size, size, Format::Svg), "{name}");
        let (own, other) = (premultiplied(&rgba(image)), premultiplied(&pixels));
        let total: u64 = own.iter().zip(&other).map(|(one, other)| u64::from(one.abs_diff(*other))).sum();
        let mean = total as f64 / own.len() as f64;
        assert!(mean < 0.8 && worst(&own, &other) < 64, "{name}: {mean} on average, {} at worst", worst(&own, &other));
        for y in 0..size.height {
            for x in (0..size.width).filter(|x| is_away_from_edges(&other, size, *x, y)) {
                let at = ((y * size.width + x) * 4) as usize;
                let difference = worst(&own[at..at + 4], &other[at..at + 4]);
                assert!(
                    difference <= 3,
                    "{name}: {difference} at {x}, {y}: {:?} {:?}",
                    &own[at..at + 4],
                    &other[at..at + 4]
                );
            }
        }
    }
}

/// A drawing of 20 × 10 pixels.
fn drawing(content: &str) -> Vec<u8> {
    format!("<svg xmlns='http://www.w3.org/2000/svg' width='20' height='10'>{content}</svg>").into_bytes()
}

/// The codes of what is said about a drawing.
fn said(content: &str) -> Vec<String> {
    decoded(&drawing(content), None)
        .expect("it can be drawn")
        .1
        .warnings
        .into_iter()
        .map(|warning| warning.code)
        .collect()
}

#[test]
fn what_is_missing_in_a_drawing_is_said() {
    assert!(said("<rect width='5' height='5'/><text> </text><title>Text</title>").is_empty());
    assert!(said("<g><text y='9'>A<tspan>B</tspan></text></g>").is_empty());
    assert_eq!(said("<foreignObject><p xmlns='http://www.w3.org/1999/xhtml'>A</p></foreignObject>"), ["text_left_out"]);
    for link in [
        "http://localhost/a.png",
        "/etc/passwd",
        "file:///etc/hostname",
        "a.png",
        "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E",
        "data:text/plain,hello",
    ] {
        assert_eq!(said(&format!("<image href=\"{link}\" width='9' height='9'/>")), ["pictures_left_out"], "{link}");
    }
}

#[test]
fn pictures_in_a_drawing_are_shown_whatever_their_format() {
    for (name, media_type) in [
        ("baseline-420.jpg", "image/jpeg"),
        ("rgba-8.png", "image/png"),
        ("lossy.webp", "image/webp"),
        ("opaque.gif", "image/gif"),
    ] {
        let (size, pixels) = expected(name);
        let Size { width, height } = size;
        let bytes: String = data(name).iter().map(|byte| format!("%{byte:02x}")).collect();
        let image = format!("<image width='{width}' height='{height}' href='data:{media_type},{bytes}'/>");
        let file = format!("<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}'>{image}</svg>");
        let drawn = decoded(file.as_bytes(), None).expect("it can be drawn").1;
        assert!(drawn.warnings.is_empty(), "{name}");
        // JPEG and WebP by other decoders than those that the picture alone has.
        assert!(psnr(&premultiplied(&rgba(drawn.image)), &premultiplied(&pixels)) > 35.0, "{name}");
    }
}

#[test]
fn a_drawing_that_makes_no_sense_says_why() {
    let of = |bytes: &[u8]| message(bytes, "a.svg");
    assert_eq!(of(&drawing("\n\n<g></h>")), "\"a.svg\" is damaged: it is not well-formed XML in line 3.");
    assert_eq!(of(b"<svg width='0' height='10'/>"), "\"a.svg\" has an empty picture of 0\u{d7}10 pixels.");
    assert_eq!(of(b"<svg width='70000' height='10'/>"), "\"a.svg\" is 70000\u{d7}10 pixels, which is too large.");
    assert_eq!(of(b"<svg><g>"), "\"a.svg\" ends too early: part of the picture is missing.");
    assert_eq!(of(b"<html><svg/></html>"), "\"a.svg\" is a web page or XML document, which Pixelmill cannot read.");
}

#[test]
fn drawings_that_would_take_all_memory_or_stack_are_refused() {
    let levels = |level: &dyn Fn(u32) -> String| (0..30).map(level).collect::<String>();
    // Each level uses the one before ten times.
    let uses = levels(&|n| format!("<g id='g{}'>{}</g>", n + 1, format!("<use href='#g{n}'/>").repeat(10)));
    let by_style = levels(&|n| format!(".c{n}{{fill:url(#p{n})}}"));
    let patterns = levels(&|n| {
        let rect = format!("<rect class='c{n}' width='9' height='9'/>").repeat(10);
        format!("<pattern id='p{}' width='1' height='1'>{rect}</pattern>", n + 1)
    });
    let circle = "<pattern id='a' width='1' height='1'><rect fill='url(#b)'/></pattern><pattern id='b' width='1' height='1'><rect fill='url(#c)'/></pattern><pattern id='c' width='1' height='1'><rect fill='url(#a)'/></pattern><rect fill='url(#a)' width='9' height='9'/>";
    // Each level hands the one before down to what is in it.
    let heirs = |level: &dyn Fn(u32) -> String, part: &str, end: &str| {
        let pattern = |n: u32| {
            format!("<pattern id='p{}' width='1' height='1'>{}{}{end}</pattern>", n + 1, level(n), part.repeat(200))
        };
        format!(
            "<pattern id='p0' width='1' height='1'><rect width='9' height='9'/></pattern>{}<rect fill='url(#p5)' width='9' height='9'/>",
            (0..5).map(pattern).collect::<String>()
        )
    };
    let by_groups = heirs(&|n| format!("<g fill='url(#p{n})'>"), "<rect width='1' height='1'/>", "</g>");
    let by_texts = heirs(&|n| format!("<text y='5' style='stroke: url(#p{n})'>"), "<tspan>a</tspan>", "</text>");
    let dots = "<path d='M0 0h1h1h1h1h1h1h1h1h1'/>".repeat(200);
    let marked = "<marker id='m0'><rect width='1' height='1'/></marker>".to_owned()
        + &(0..4)
            .map(|n| format!("<marker id='m{}'><g marker-mid='url(#m{n})'>{dots}</g></marker>", n + 1))
            .collect::<String>()
        + "<path marker-start='url(#m4)' d='M0 0h1'/>";
    for (content, reason) in [
        (by_groups, "a million elements"),
        (by_texts, "too much text"),
        (marked, "a million elements"),
        ("<g>".repeat(100_000) + &"</g>".repeat(100_000), "nested too deeply"),
        (format!("<g id='g0'><rect width='1' height='1'/></g>{uses}<use href='#g30'/>"), "a million elements"),
        (format!("<style>{by_style}</style>{patterns}<rect class='c30' width='9' height='9'/>"), "a million elements"),
        (
            "<g id='a'><use href='#b'/></g><g id='b'><use href='#c'/></g><g id='c'><use href='#a'/></g>".to_owned(),
            "in themselves",
        ),
        (circle.to_owned(), "in themselves"),
    ] {
        let said = message(&drawing(&content), "a.svg");
        assert!(said.contains(reason), "{said}");
    }
    for content in [
        "<pattern id='p' width='8' height='1e38' patternUnits='userSpaceOnUse'><rect width='1' height='1'/></pattern><rect width='20' height='10' fill='url(#p)'/>",
        "<pattern id='p' width='8' height='8' patternUnits='userSpaceOnUse'><rect width='1' height='1'/></pattern><g transform='scale(1e6)'><rect width='20' height='10' stroke='url(#p)'/></g>",
    ] {
        assert!(message(&drawing(content), "a.svg").contains("120 megapixels"));
    }
    let entities: String =
        (1..20).map(|n| format!("<!ENTITY e{n} '{}'>", format!("&e{};", n - 1).repeat(10))).collect();
    let bomb = format!("<!DOCTYPE svg [<!ENTITY e0 'lol'>{entities}]><svg><text>&e19;</text></svg>");
    assert!(message(bomb.as_bytes(), "a.svg").contains("entities"));
}

#[test]
fn a_drawing_as_deep_as_is_allowed_fits_on_a_small_stack() {
    let group = "<g opacity='0.9' transform='translate(0.01)'>";
    let deep = drawing(&(group.repeat(97) + "<rect width='20' height='10'/>" + &"</g>".repeat(97)));
    let drawn = std::thread::Builder::new().stack_size(1 << 20).spawn(move || read(&deep).is_ok());
    assert!(drawn.expect("a thread").join().expect("no overflow"));
}

#[test]
fn a_size_between_pixels_leaves_no_faint_edge() {
    let file =
        b"<svg xmlns='http://www.w3.org/2000/svg' width='9.6' height='10.4'><rect width='9.6' height='10.4'/></svg>";
    let (header, image) = read(file).expect("sound");
    assert_eq!(header.size, Size::new(10, 10));
    assert!(rgba(image).chunks_exact(4).all(|pixel| pixel == [0, 0, 0, 255]));
}

#[test]
fn transparent_colours_of_a_drawing_are_straight() {
    let half = rgba(read(&drawing("<rect width='20' height='10' fill='#ff8000' opacity='0.5'/>")).expect("sound").1);
    assert_eq!(half[..4], [255, 128, 0, 128]);
}

// AVIF

#[test]
fn an_avif_picture_keeps_its_profile() {
    let icc = std::fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/color/adobe-rgb.icc"));
    let icc = icc.expect("a profile");
    assert_eq!(read(&data("profile.avif")).expect("sound").1.space.icc().map(|icc| &icc[..]), Some(&icc[..]));
    assert!(read(&data("420.avif")).expect("sound").1.space.is_srgb());
}

/// Reads copies of a file in which three bits each are flipped; it must not panic.
fn read_damaged(name: &str) {
    let whole = data(name);
    let mut seed = 1_u32;
    for _ in 0..20 {
        let mut bytes = whole.clone();
        for _ in 0..3 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let at = (seed >> 8) as usize % bytes.len();
            bytes[at] ^= 1 << (seed & 7);
        }
        let _read_or_not = read(&bytes);
    }
}

#[test]
fn damaged_avif_files_are_no_panic() {
    ["420.avif", "alpha.avif", "tiles.avif", "12-bits.avif", "cropped.avif"].into_iter().for_each(read_damaged);
}

// JPEG XL

#[test]
fn a_jpeg_xl_picture_keeps_its_colour_space() {
    let icc = std::fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/color/adobe-rgb.icc"));
    let icc = icc.expect("a profile");
    for name in ["profile.jxl", "profile-lossy.jxl"] {
        assert_eq!(read(&data(name)).expect("sound").1.space.icc().map(|icc| &icc[..]), Some(&icc[..]), "{name}");
    }
    assert_eq!(read(&data("display-p3.jxl")).expect("sound").1.space, ColorSpace::display_p3());
    for name in ["lossy.jxl", "gray-lossy.jxl", "hdr-pq.jxl", "deep.jxl"] {
        assert!(read(&data(name)).expect("sound").1.space.is_srgb(), "{name}");
    }
}

#[test]
fn what_is_left_out_of_a_jpeg_xl_picture_is_said() {
    let warnings = decoded(&data("hdr-hlg.jxl"), None).expect("sound").1.warnings;
    assert_eq!(warnings.iter().map(|warning| warning.code.as_str()).collect::<Vec<_>>(), ["tone_mapped"]);
    assert!(!warnings[0].is_doubt());
}

#[test]
fn gain_maps_are_left_out_with_a_hint() {
    let codes = |file: &[u8]| {
        let (header, decoded) = decoded(file, None).expect("sound");
        assert!(decoded.warnings.iter().all(|warning| !warning.is_doubt()));
        let codes: Vec<_> = decoded.warnings.into_iter().map(|warning| warning.code).collect();
        (header, codes)
    };
    let jpeg = data("rgb.jpg");
    let with = |marker: u8, content: &[u8]| {
        let length = (content.len() as u16 + 2).to_be_bytes();
        [&jpeg[..2], &[0xff, marker], &length, content, &jpeg[2..]].concat()
    };
    let packet = |says: &str| format!("http://ns.adobe.com/xap/1.0/\0<x:xmpmeta><rdf:Description {says}/></x:xmpmeta>");
    let ultra = with(0xe1, packet("hdrgm:Version=\"1.0\"").as_bytes());
    for file in [ultra.clone(), with(0xe2, b"urn:iso:std:iso:ts:21496:-1\0\0\0\0\0")] {
        assert_eq!(codes(&file).1, ["gain_map_left_out"]);
    }
    assert!(codes(&with(0xe1, packet("hdr:Version=\"1.0\"").as_bytes())).1.is_empty());
    // The original may still take the place of a larger result, without the gain map.
    let kept = pixelmill::codecs::without_metadata(&ultra, &codes(&ultra).0).expect("it can replace a result");
    assert!(codes(&kept.bytes).1.is_empty());
    // In HEIF: the second item is made of the first, and may be the primary one.
    for (name, coded, tolerance) in [("alpha.avif", b"av01", 2), ("alpha.heic", b"hvc1", 4)] {
        let mut file = data(name);
        let places = |file: &[u8], wanted: &[u8; 4]| -> Vec<usize> {
            (0..file.len() - 4).filter(|at| file[*at..*at + 4] == *wanted).collect()
        };
        for (before, after) in [(b"auxl", b"dimg"), (coded, b"tmap")] {
            let places = places(&file, before);
            let at = if before == coded { places[1] } else { places[0] };
            file[at..at + 4].copy_from_slice(after);
        }
        assert_eq!(codes(&file).1, ["gain_map_left_out"], "{name}");
        let at = places(&file, b"pitm")[0] + 8;
        let item = |file: &[u8]| u16::from_be_bytes([file[at], file[at + 1]]);
        let second = item(&file) + 1;
        file[at..at + 2].copy_from_slice(&second.to_be_bytes());
        assert_eq!((codes(&file).1, item(&file)), (vec!["gain_map_left_out".to_owned()], second), "{name}");
        let (size, expected) = expected(name);
        let image = read(&file).expect("it can be read").1;
        assert_eq!((image.size, image.representation()), (size, Representation::Rgb), "{name}");
        let opaque: Vec<u8> = expected.as_chunks().0.iter().flat_map(|[r, g, b, _]| [*r, *g, *b, 255]).collect();
        assert!(worst(&rgba(image), &opaque) <= tolerance, "{name}");
    }
}

/// A JPEG file whose gain map is only one of the pictures that it lists, and a HEIC file of Apple's cameras.
#[test]
fn gain_maps_that_say_themselves_what_they_are_are_no_second_picture() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/gain-maps");
    let file = |name: &str| std::fs::read(folder.join(name)).expect("a file");
    let hinted = |bytes: &[u8]| {
        let decoded = decoded(bytes, None).expect("it can be read").1;
        assert!(decoded.warnings.iter().all(|warning| !warning.is_doubt()));
        let codes: Vec<_> = decoded.warnings.into_iter().map(|warning| warning.code).collect();
        (decoded.image, codes)
    };
    let (plain, _) = hinted(&data("baseline-420.jpg"));
    for name in ["apple.jpg", "google.jpg", "iso.jpg", "third.jpg", "views.jpg"] {
        let (image, codes) = hinted(&file(name));
        let expected: &[&str] = if name == "views.jpg" { &[] } else { &["gain_map_left_out"] };
        assert_eq!(codes, expected, "{name}");
        assert_eq!(image, plain, "{name}");
        // A place beyond the end, or cut off, is none.
        for length in (300..file(name).len()).step_by(37) {
            let _read_or_not = read(&file(name)[..length]);
        }
    }
    let (image, codes) = hinted(&file("apple.heic"));
    assert_eq!(codes, ["gain_map_left_out"]);
    assert_eq!(image.representation(), Representation::Rgb, "it is no opacity");
    let by_libheif = file("apple.heic.rgba");
    assert!(worst(&rgba(image), &by_libheif[8..]) <= 2);
    // In JPEG XL: a box of its own behind the others.
    let mut jxl = data("container.jxl");
    assert!(hinted(&jxl).1.is_empty());
    jxl.extend(b"\0\0\0\x0cjhgm\0\0\0\0");
    assert_eq!(hinted(&jxl).1, ["gain_map_left_out"]);
}

#[test]
fn a_jpeg_xl_file_that_is_cut_off_is_used_as_far_as_it_goes() {
    let whole = data("progressive.jxl");
    assert_eq!(noticed(&whole[..whole.len() * 9 / 10]).1, ["part_missing"]);
    for length in 0..whole.len() {
        let Ok(header) = probe(&whole[..length], "a.file") else { continue };
        assert_eq!(header.size, Size::new(300, 40), "{length}");
    }
    let failure = read(&whole[..40]).expect_err("nothing to show");
    assert_eq!(failure.message, "\"a.file\" ends too early: part of the picture is missing.");
}

#[test]
fn a_jpeg_xl_picture_is_refused_for_its_size_before_it_is_decoded() {
    // 65,536 × 32,768 pixels: the height in 18 bits, the ratio 2:1.
    let mut bits = vec![false, false, true];
    bits.extend((0..18).map(|place| 32_767_u32 >> place & 1 == 1));
    bits.extend([true, true, true, true, false, false, false]);
    let bytes = bits.chunks(8).map(|byte| byte.iter().zip(0..).map(|(bit, place)| u8::from(*bit) << place).sum());
    let file: Vec<u8> = [0xff, 0x0a].into_iter().chain(bytes).collect();
    assert_eq!(message(&file, "a.jxl"), "\"a.jxl\" is 65536×32768 pixels, which is too large.");
}

#[test]
fn damaged_jpeg_xl_files_are_no_panic() {
    ["lossy.jxl", "alpha.jxl", "container.jxl", "profile-lossy.jxl", "animated.jxl"].into_iter().for_each(read_damaged);
}

#[test]
fn jpeg_xl_is_written_from_two_pixels_a_side() {
    let image = |width: u32| Image::new(Size::new(width, 2), Pixels::Gray(vec![9; width as usize * 2]));
    let failure = encode(image(1), &request(Format::Jxl, 80), None).expect_err("too narrow");
    assert!(failure.message.contains("1 × 2 pixels"), "{failure:?}");
    assert_eq!(rgba(read(&write(image(2), Format::Jxl, 80).bytes).expect("sound").1), rgba(image(2)));
    // In groups of 256 pixels.
    let size = Size::new(700, 300);
    let large = Image::new(size, Pixels::Rgb(scene(size)));
    assert!(rgb(read(&write(large.clone(), Format::Jxl, 80).bytes).expect("sound").1) == rgb(large));
}

// Profiles

#[test]
fn a_profile_is_read_from_every_format_that_has_one() {
    let srgb = data("srgb.icc");
    for name in ["profile.jpg", "profile.png", "profile.webp", "profile.tif"] {
        let (header, image) = read(&data(name)).expect("sound");
        assert_eq!(header.space.icc().map(|icc| &icc[..]), Some(&srgb[..]), "{name}");
        assert_eq!(image.space.icc().map(|icc| &icc[..]), Some(&srgb[..]), "{name}");
    }
    assert_eq!(probe(&data("baseline-420.jpg"), "a.jpg").expect("sound").space.icc(), None);
}

#[test]
fn a_profile_goes_into_every_format_byte_for_byte() {
    let size = Size::new(37, 23);
    // Three segments of a JPEG; odd, so that WebP pads.
    let space = space(150_001, false);
    let icc = space.icc().unwrap();
    let image = || Image { space: space.clone(), ..planar(size, Subsampling::S420) };

    let jpeg = write(image(), Format::Jpeg, 80).bytes;
    assert_eq!(by_zune(&jpeg).2.as_deref(), Some(&icc[..]));
    let png = write(image(), Format::Png, 80).bytes;
    let reader = png::Decoder::new(std::io::Cursor::new(&png)).read_info().expect("sound");
    assert_eq!(reader.info().icc_profile.as_deref(), Some(&icc[..]));
    let tiff = write(image(), Format::Tiff, 80).bytes;
    let bmp = write(image(), Format::Bmp, 80).bytes;
    for bytes in [jpeg, png, tiff, bmp] {
        assert_eq!(read(&bytes).expect("sound").1.space.icc().map(|icc| &icc[..]), Some(&icc[..]));
    }
}

#[test]
fn a_profile_is_put_into_each_kind_of_webp_file() {
    let size = Size::new(37, 23);
    let space = space(9_001, false);
    let icc = space.icc().unwrap();
    for (name, alpha) in
        [("lossy.webp", 0), ("lossy-alpha.webp", 0x10), ("lossless.webp", 0), ("lossless-alpha.webp", 0x10)]
    {
        let image = Image { space: space.clone(), ..planar(size, Subsampling::S444) };
        let written = encode(image, &request(Format::Webp, 80), Some(&Libwebp(name))).expect("written").bytes;
        assert_eq!(written.len(), u32::from_le_bytes(written[4..8].try_into().expect("four")) as usize + 8, "{name}");
        assert_eq!(&written[12..20], b"VP8X\x0a\0\0\0", "{name}");
        assert_eq!(written[20], 0x20 | alpha, "{name}: profile and alpha flags");
        assert_eq!(written[24..30], [36, 0, 0, 22, 0, 0], "{name}: sides less one");
        assert_eq!(&written[30..34], b"ICCP", "{name}");

        let mut decoder = image_webp::WebPDecoder::new(std::io::Cursor::new(&written)).expect("sound");
        assert_eq!(decoder.icc_profile().expect("sound").as_deref(), Some(&icc[..]), "{name}");
        let (_, image) = read(&written).expect("sound");
        assert_eq!(rgba(image), expected(name).1, "{name}: the picture is untouched");
    }
}

#[test]
fn a_profile_is_never_written_with_samples_of_another_model() {
    let size = Size::new(8, 8);
    let gray =
        |space: ColorSpace| Image { space, ..Image::new(size, Pixels::Gray((0..64).map(|value| value * 4).collect())) };
    let model = |image: Image, format| {
        let request = EncodeRequest { lossless: true, ..request(format, 80) };
        let written = encode(image, &request, None).expect("written").bytes;
        let header = read(&written).expect("sound").0;
        (header.native.contains(Representation::Gray), header.space.model())
    };
    for format in [Format::Jpeg, Format::Png] {
        // A gray file with a gray profile, also where the picture was for RGB.
        assert_eq!(model(gray(space(500, true)), format), (true, Some(Model::Gray)), "{format:?}");
        assert_eq!(model(gray(ColorSpace::adobe_rgb()), format), (true, Some(Model::Gray)), "{format:?}");
        // It is applied where colours are written.
        let color = Image { space: space(500, true), ..convert(gray(ColorSpace::SRGB), Representation::Rgb) };
        assert_eq!(model(color, format), (false, None), "{format:?}");
    }
    assert_eq!(model(gray(space(500, true)), Format::Webp), (false, None));
    assert_eq!(model(gray(ColorSpace::srgb_with_profile(false)), Format::Png), (true, None));
}

// Records

#[test]
fn the_encoder_of_a_record_is_the_one_that_is_built_in() {
    let lock = include_str!("../Cargo.lock");
    let image = || Image::new(Size::new(4, 4), Pixels::Gray(vec![9; 16]));
    for (format, lossless) in [(Format::Jpeg, false), (Format::Png, false), (Format::Webp, true)] {
        let request = EncodeRequest { lossless, ..request(format, 80) };
        let written = encode(image(), &request, None).expect("written");
        let (name, version) = written.encoder.split_once(' ').expect("name and version");
        // The JPEG encoder is part of this crate and has a version of its own.
        let ours = name == "pixelmill-jpeg";
        let locked = lock.contains(&format!("name = \"{name}\"\nversion = \"{version}\""));
        assert!(ours || locked, "{}", written.encoder);
        assert_eq!((written.format, sniff(&written.bytes)), (format, Some(format)));
    }
}

/// A small file may demand hours of work by repeating its scans; the limit applies to a reduced decode too.
#[test]
fn scans_without_end_are_refused_at_every_scale() {
    let samples: Vec<u8> = (0..64 * 64 * 3).map(|i| (i * 31 % 251) as u8).collect();
    let mut file = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut file, 80);
    encoder.set_progressive(true);
    encoder.encode(&samples, 64, 64, jpeg_encoder::ColorType::Rgb).expect("written");
    let scans: Vec<usize> = (0..file.len() - 1).filter(|&at| file[at..at + 2] == [0xff, 0xda]).collect();
    let first = file[scans[0]..scans[1]].to_vec();
    let with_scans = |count: usize| [&file[..scans[0]], &first.repeat(count), &file[scans[0]..]].concat();
    for at_least in [Size::new(64, 64), Size::new(8, 8)] {
        let decoded = |bytes: &[u8]| {
            let header = probe(bytes, "a.jpg")?;
            let request = DecodeRequest {
                representation: Representation::Ycc,
                at_least,
                chroma_at_least: Size::new(1, 1),
                scaling: None,
                auto_orient: true,
            };
            decode(bytes, &header, &request, "a.jpg")
        };
        decoded(&with_scans(50)).unwrap_or_else(|failure| panic!("50 scans more at {at_least:?}: {failure:?}"));
        decoded(&with_scans(600)).expect_err("600 scans more");
    }
}
