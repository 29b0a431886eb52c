//! Writing JPEG XL by libjxl: how the encoder is asked, and what becomes of what it gives. In place of the encoder the tests have what it made
//! of these pictures (`tests/data/jxl`). What is written is read by our own reader, which shares no code with the encoder, and compared
//! with what djxl read from it (`tests/oracles/lossy_jxl.py`).

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails, also in its helpers")]

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use pixelmill::codecs::{
    self, Coding, DecodeRequest, EncodeRequest, Encoded, Encoder, Encoders, Encoding, Facts, Format, Header, Kept,
    Metadata, Policy, Raster,
};
use pixelmill::color::ColorSpace;
use pixelmill::engine::{Plan, Produced, Services, Source};
use pixelmill::error::Failure;
use pixelmill::image::convert::convert;
use pixelmill::image::similarity::{Luma, similarity};
use pixelmill::image::{Deep, Image, Pixels, Representation, Size};
use pixelmill::workflow::check;
use serde_json::{Value, json};

const SIZE: Size = Size::new(61, 37);

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn file(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).unwrap()
}

/// libjxl, as far as it is known what it makes of a picture; keeps what it was asked for.
#[derive(Default)]
struct Libjxl {
    asked: RefCell<Vec<Encoding>>,
}

impl Encoders for Libjxl {
    fn name(&self, encoder: Encoder) -> Option<&'static str> {
        (encoder == Encoder::Jxl).then_some("libjxl of a test")
    }

    fn encode(&self, picture: Raster<'_>, encoding: Encoding) -> Result<Vec<u8>, Failure> {
        assert_eq!((picture.rgba.len() as u64, picture.depth), (picture.size.pixels() * 4, 8));
        self.asked.borrow_mut().push(encoding);
        let Encoding::Jxl { quality, .. } = encoding else { panic!("JPEG XL is written") };
        let pixels = picture.rgba.as_chunks::<4>().0;
        let is_gray = pixels.iter().all(|[red, green, blue, _]| red == green && green == blue);
        let kind = match pixels.iter().all(|pixel| pixel[3] == 255) {
            true if is_gray => "gray",
            true => "rgb",
            false => "rgba",
        };
        Ok(file(&match (kind, quality) {
            (_, 100) => format!("jxl/{kind}-100.jxl"),
            ("rgb", 90..) => "jxl/rgb-90.jxl".to_owned(),
            ("rgb", ..60) => "jxl/rgb-40.jxl".to_owned(),
            _ => format!("jxl/{kind}-80.jxl"),
        }))
    }
}

fn read(bytes: &[u8]) -> (Header, Image) {
    let header = codecs::probe(bytes, "a").unwrap();
    let decoded = codecs::decode(bytes, &header, &DecodeRequest::whole(&header), "a").unwrap();
    assert_eq!(decoded.warnings, []);
    (header, decoded.image)
}

fn rgba(image: &Image) -> Vec<u8> {
    match convert(image.clone(), Representation::Rgba).pixels {
        Pixels::Rgba(samples) => samples,
        _ => panic!("not RGBA"),
    }
}

/// A picture of `tests/data/written`.
fn picture(name: &str) -> Image {
    read(&file(&format!("written/{name}.png"))).1
}

fn of_quality(quality: u8) -> EncodeRequest {
    EncodeRequest { quality, ..EncodeRequest::new(Format::Jxl) }
}

fn packed(effort: u8) -> EncodeRequest {
    EncodeRequest { lossless: true, effort: Some(effort), ..EncodeRequest::new(Format::Jxl) }
}

fn write(image: Image, request: &EncodeRequest) -> Encoded {
    codecs::encode(image, request, Some(&Libjxl::default())).unwrap()
}

/// In decibels, over colours that can be seen.
fn psnr(one: &[u8], other: &[u8]) -> f64 {
    let pixels = one.as_chunks::<4>().0.iter().zip(other.as_chunks::<4>().0);
    let colors =
        pixels.filter(|(pixel, _)| pixel[3] > 0).flat_map(|(one, other)| (0..3).map(|at| one[at].abs_diff(other[at])));
    let squares: Vec<f64> = colors.map(|difference| f64::from(difference).powi(2)).collect();
    10.0 * (255.0 * 255.0 * squares.len() as f64 / squares.iter().sum::<f64>()).log10()
}

/// `PIXELMILL_WRITE=1 cargo test --test jxl` writes the files in `tests/data/jxl/written` again.
#[test]
fn what_is_written_is_what_djxl_reads_and_looks_like_the_picture() {
    for (kind, quality, least) in
        [("gray", 80, 38.0), ("rgb", 40, 26.0), ("rgb", 80, 30.0), ("rgb", 90, 34.0), ("rgba", 80, 30.0)]
    {
        let image = picture(kind);
        let name = format!("{kind}-{quality}.jxl");
        let bytes = write(image.clone(), &of_quality(quality)).bytes;
        let path = path(&format!("jxl/written/{name}"));
        if std::env::var_os("PIXELMILL_WRITE").is_some() {
            std::fs::write(&path, &bytes).unwrap();
            continue;
        }
        assert!(std::fs::read(&path).unwrap() == bytes, "{} is another file", path.display());
        let (header, again) = read(&bytes);
        assert_eq!((header.format, header.size, header.alpha), (Format::Jxl, SIZE, kind == "rgba"), "{name}");
        assert_eq!((again.representation(), &header.space), (image.representation(), &ColorSpace::SRGB), "{name}");
        let (own, by_djxl) = (rgba(&again), file(&format!("jxl/written/{name}.rgba")));
        let differences = own.iter().zip(&by_djxl[8..]).map(|(one, other)| one.abs_diff(*other));
        assert!(own.len() == by_djxl.len() - 8 && differences.max() <= Some(2), "{name}");
        let found = psnr(&rgba(&image), &by_djxl[8..]);
        assert!(found >= least, "{name}: {found} dB");
        let opacity = |samples: &[u8]| samples.iter().skip(3).step_by(4).copied().collect::<Vec<u8>>();
        let opacities = opacity(&by_djxl[8..]).into_iter().zip(opacity(&rgba(&image)));
        assert!(opacities.map(|(one, other)| one.abs_diff(other)).max() <= Some(4), "{name}");
    }
}

#[test]
fn without_loss_and_packed_hard_every_pixel_is_kept() {
    for kind in ["rgb", "rgba"] {
        let image = picture(kind);
        let name = format!("{kind}-100.jxl");
        let hard = write(image.clone(), &packed(4));
        assert_eq!(hard.encoder, "libjxl of a test");
        let path = path(&format!("jxl/written/{name}"));
        if std::env::var_os("PIXELMILL_WRITE").is_some() {
            std::fs::write(&path, &hard.bytes).unwrap();
            continue;
        }
        assert!(std::fs::read(&path).unwrap() == hard.bytes, "{} is another file", path.display());
        let (header, again) = read(&hard.bytes);
        assert_eq!((header.alpha, again.representation()), (kind == "rgba", image.representation()));
        assert_eq!(rgba(&again), rgba(&image));
        assert_eq!(rgba(&image), file(&format!("jxl/written/{name}.rgba"))[8..], "djxl reads the same");
        let quick = write(image.clone(), &packed(2));
        assert_ne!(quick.encoder, hard.encoder);
        assert!(hard.bytes.len() * 10 < quick.bytes.len() * 8, "{} and {}", hard.bytes.len(), quick.bytes.len());
        // The highest quality is without loss too.
        assert_eq!(rgba(&read(&write(image.clone(), &of_quality(100)).bytes).1), rgba(&image));
    }
}

/// The encoder of the crate declares opacity of 8 bits; the header says otherwise.
#[test]
fn opacity_has_16_bits_where_colours_have() {
    let samples = (0..SIZE.pixels() * 4).map(|at| ((at * 2_654_435) >> 5) as u16).collect();
    let image = Image::new(SIZE, Pixels::Deep(Deep::Rgba(samples)));
    let bytes = write(image.clone(), &packed(1)).bytes;
    let path = path("jxl/written/rgba16-100.jxl");
    if std::env::var_os("PIXELMILL_WRITE").is_some() {
        std::fs::write(&path, &bytes).unwrap();
        return;
    }
    assert!(std::fs::read(&path).unwrap() == bytes, "{} is another file", path.display());
    let (header, again) = read(&bytes);
    assert!(header.is_deep());
    assert_eq!(again.pixels, image.pixels);
    let Pixels::Deep(deep) = image.pixels else { unreachable!() };
    let by_djxl = file("jxl/written/rgba16-100.jxl.rgba16");
    assert_eq!(by_djxl[8..], deep.samples().iter().flat_map(|sample| sample.to_le_bytes()).collect::<Vec<_>>());
}

#[test]
fn the_encoder_is_asked_for_what_the_parameters_say() {
    let asked = |image: Image, request: &EncodeRequest| {
        let libjxl = Libjxl::default();
        codecs::encode(image, request, Some(&libjxl)).unwrap();
        libjxl.asked.into_inner()
    };
    let jxl = |quality, effort| vec![Encoding::Jxl { quality, effort }];
    assert_eq!(asked(picture("rgb"), &of_quality(80)), jxl(80, 4));
    assert_eq!(asked(picture("gray"), &of_quality(33)), jxl(33, 4));
    assert_eq!(asked(picture("rgb"), &of_quality(100)), []);
    for (effort, own) in [(1, 3), (3, 3), (5, 4), (6, 5), (8, 6), (9, 7)] {
        let request = EncodeRequest { effort: Some(effort), ..of_quality(80) };
        assert_eq!(asked(picture("rgb"), &request), jxl(80, own), "{effort}");
        let found = asked(picture("rgba"), &packed(effort));
        assert_eq!(found, if effort < 3 { vec![] } else { jxl(100, own) }, "{effort}");
    }
    // What it cannot hold is written here, without loss.
    assert_eq!(asked(picture("gray"), &packed(9)), []);
    let deep = Image::new(Size::new(2, 2), Pixels::Deep(Deep::Rgb((0..12).map(|number| number * 5_000).collect())));
    assert_eq!(asked(deep.clone(), &packed(9)), []);
    assert_eq!(asked(deep, &of_quality(80)).len(), 1, "with loss it has 8 bits");
}

#[test]
fn colours_are_converted_to_srgb() {
    let asked = |space: ColorSpace| {
        struct Kept(RefCell<Vec<u8>>);
        impl Encoders for Kept {
            fn name(&self, _: Encoder) -> Option<&'static str> {
                Some("kept")
            }
            fn encode(&self, picture: Raster<'_>, _: Encoding) -> Result<Vec<u8>, Failure> {
                self.0.replace(picture.rgba.to_vec());
                Ok(file("jxl/rgb-80.jxl"))
            }
        }
        let kept = Kept(RefCell::default());
        let image = Image { space, ..Image::new(Size::new(1, 1), Pixels::Rgb(vec![200, 100, 50])) };
        codecs::encode(image, &of_quality(80), Some(&kept)).unwrap();
        kept.0.into_inner()
    };
    assert_eq!(asked(ColorSpace::SRGB), [200, 100, 50, 255]);
    // By the matrices of both spaces.
    let wide = asked(ColorSpace::display_p3());
    assert!(wide.iter().zip([215, 93, 31, 255]).all(|(one, other): (&u8, u8)| one.abs_diff(other) <= 1), "{wide:?}");
}

#[test]
fn it_takes_the_host_and_a_file_that_can_be_read() {
    let failure =
        |encoders: Option<&dyn Encoders>| codecs::encode(picture("rgb"), &of_quality(80), encoders).unwrap_err();
    assert!(failure(None).message.contains("JPEG XL is not loaded"));

    struct Broken(&'static [u8]);
    impl Encoders for Broken {
        fn name(&self, _: Encoder) -> Option<&'static str> {
            Some("broken")
        }
        fn encode(&self, _: Raster<'_>, _: Encoding) -> Result<Vec<u8>, Failure> {
            Ok(self.0.to_vec())
        }
    }
    for bytes in [&b""[..], b"\xff\x0a", b"no file", include_bytes!("data/codecs/lossy.jxl")] {
        assert!(failure(Some(&Broken(bytes))).message.contains("unreadable file"));
    }
}

const FACTS: Facts = Facts { size: SIZE, is_srgb: true, resolution: None };

#[test]
fn metadata_is_read_again_and_leaves_the_picture_as_it_is() {
    let everything = Policy { kept: Kept::All, keep_location: true, author: "", copyright: "" };
    let said = Metadata::of(&file("metadata/all.jpg"), Format::Jpeg).by(&everything);
    for name in ["gray", "rgb", "rgba"] {
        let plain = write(picture(name), &of_quality(80));
        let with = codecs::with_metadata(plain.clone(), &said, FACTS);
        assert_eq!(Metadata::of(&with.bytes, Format::Jxl), said, "{name}");
        assert!(Metadata::of(&plain.bytes, Format::Jxl).is_empty());
        assert_eq!(read(&with.bytes).1, read(&plain.bytes).1, "{name}");
    }
}

/// Runs a workflow that only writes the picture.
fn run(bytes: &[u8], output: &Value) -> (Plan, Produced, Vec<Encoding>) {
    let (workflow, found) = check(&json!({
        "metadata": {},
        "actions": [
            { "actionId": "in", "actionType": "input-images", "parameters": { "images": [{ "name": "picture.png", "sourceUrl": "asset:a" }] } },
            { "actionId": "out", "actionType": "output", "parameters": output },
        ],
        "connections": [{ "connectionSource": "in", "sourcePort": "outputs", "connectionTarget": "out", "targetPort": "input-images" }],
    }));
    let plan = Plan::build(&workflow).unwrap_or_else(|_| panic!("{found:#?}"));
    let libjxl = Libjxl::default();
    let source = Source { name: "picture.png", folder: "", bytes: bytes.into() };
    let services = Services { encoders: Some(&libjxl), ..Services::default() };
    let produced = plan.run(0, &[source], services).unwrap();
    (plan, produced, libjxl.asked.into_inner())
}

#[test]
fn the_smallest_similar_file_is_found() {
    let bytes = file("written/rgb.png");
    let output = json!({ "smallestOf": ["jxl"], "quality": 95, "similarity": 0.97 });
    let (plan, produced, asked) = run(&bytes, &output);
    let encoded = &produced.outputs[0].encoded;
    assert_eq!((encoded.format, encoded.encoder), (Format::Jxl, "libjxl of a test"));
    assert_eq!(plan.comparing().collect::<Vec<_>>(), [Coding::JpegXl]);
    assert!(asked.len() > 1, "{asked:?}");
    let whole = picture("rgb");
    let found = similarity(&Luma::of(&whole), &Luma::of(&read(&encoded.bytes).1));
    assert!(found >= 0.97, "{found}");
}

#[test]
fn a_size_is_met_by_a_lower_quality() {
    let bytes = file("written/rgb.png");
    let output = json!({ "format": "jxl", "quality": 95, "maxBytes": 450, "metadata": "strip" });
    let (plan, produced, asked) = run(&bytes, &output);
    let [result] = &produced.outputs[..] else { panic!("one result") };
    assert!(result.encoded.bytes.len() <= 450 && asked.len() > 1);
    let codes: Vec<&str> = produced.warnings.iter().map(|warning| warning.code.as_str()).collect();
    assert_eq!(codes, ["fitted"]);
    let source = Source { name: "picture.png", folder: "", bytes: (&bytes).into() };
    assert_eq!((plan.encoders(&[source]), plan.slow_writes(&[source])), (vec![Encoder::Jxl], 4));
}

#[test]
fn the_encoder_is_only_loaded_where_it_writes() {
    let needed = |output: Value| {
        let bytes = file("written/rgb.png");
        let (plan, ..) = run(&bytes, &output);
        plan.encoders(&[Source { name: "picture.png", folder: "", bytes: (&bytes).into() }])
    };
    assert_eq!(needed(json!({ "format": "jxl" })), [Encoder::Jxl]);
    assert_eq!(needed(json!({ "format": "jxl", "lossless": true, "effort": 7 })), [Encoder::Jxl]);
    assert_eq!(needed(json!({ "format": "jxl", "lossless": true })), []);
    assert_eq!(needed(json!({ "format": "png", "smallestOf": ["png", "jxl"], "lossless": true })), []);
}
