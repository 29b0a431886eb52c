//! Writing AVIF: how the encoder is asked, and the container around what it gives. In place of the encoder the tests have what it made of
//! these pictures (`tests/data/avif`). What is written is read by our own reader, whose AV1 decoder shares no code with the encoder; a
//! part of it was read by Pillow too (`tests/oracles/written.py`), and exiftool reads it where it is installed.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails, also in its helpers")]

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::process::Command;

use pixelmill::codecs::{
    self, AvifPlanes, Chroma, Coding, DecodeRequest, EncodeRequest, Encoded, Encoder, Encoders, Encoding, Facts,
    Format, Header, Kept, Metadata, Policy, Raster,
};
use pixelmill::color::ColorSpace;
use pixelmill::engine::{Plan, Produced, Services, Source};
use pixelmill::error::Failure;
use pixelmill::image::convert::convert;
use pixelmill::image::similarity::{Luma, similarity};
use pixelmill::image::{Image, Pixels, Representation, Size};
use pixelmill::workflow::check;
use serde_json::{Value, json};

const SIZE: Size = Size::new(61, 37);

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn file(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).unwrap()
}

/// libaom, as far as it is known what it makes of a picture; keeps what it was asked for.
#[derive(Default)]
struct Libaom {
    asked: RefCell<Vec<Encoding>>,
}

impl Encoders for Libaom {
    fn name(&self, encoder: Encoder) -> Option<&'static str> {
        (encoder == Encoder::Avif).then_some("libaom of a test")
    }

    fn encode(&self, picture: Raster<'_>, encoding: Encoding) -> Result<Vec<u8>, Failure> {
        assert_eq!((picture.rgba.len() as u64, picture.depth), (picture.size.pixels() * 4, 8));
        self.asked.borrow_mut().push(encoding);
        let Encoding::Avif { quality, planes, .. } = encoding else { panic!("AVIF is written") };
        let is_opaque = picture.rgba.iter().skip(3).step_by(4).all(|alpha| *alpha == 255);
        let kind = match (planes, is_opaque) {
            (AvifPlanes::Gray, _) => "gray",
            (_, true) => "rgb",
            (_, false) => "rgba",
        };
        Ok(file(&match quality {
            100 => format!("avif/{kind}.avif"),
            90.. => "avif/rgb-90.avif".to_owned(),
            _ => format!("avif/{kind}-80.avif"),
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

fn lossless() -> EncodeRequest {
    EncodeRequest { lossless: true, ..EncodeRequest::new(Format::Avif) }
}

fn write(image: Image, request: &EncodeRequest) -> Encoded {
    codecs::encode(image, request, Some(&Libaom::default())).unwrap()
}

/// In decibels, over colours that can be seen.
fn psnr(one: &Image, other: &Image) -> f64 {
    let (one, other) = (rgba(one), rgba(other));
    let pixels = one.as_chunks::<4>().0.iter().zip(other.as_chunks::<4>().0);
    let colors =
        pixels.filter(|(pixel, _)| pixel[3] > 0).flat_map(|(one, other)| (0..3).map(|at| one[at].abs_diff(other[at])));
    let squares: Vec<f64> = colors.map(|difference| f64::from(difference).powi(2)).collect();
    10.0 * (255.0 * 255.0 * squares.len() as f64 / squares.iter().sum::<f64>()).log10()
}

/// The boxes in bytes: kind and content.
fn boxes(mut bytes: &[u8]) -> Vec<(String, &[u8])> {
    let mut found = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<4>() {
        let (content, after) = rest.split_at(u32::from_be_bytes(*length) as usize - 4);
        found.push((String::from_utf8(content[..4].to_vec()).unwrap(), &content[4..]));
        bytes = after;
    }
    found
}

fn find<'a>(bytes: &'a [u8], kind: &str) -> Option<&'a [u8]> {
    boxes(bytes).into_iter().find(|(found, _)| found == kind).map(|(_, content)| content)
}

/// The content of `meta`, without version and flags.
fn meta(file: &[u8]) -> &[u8] {
    &find(file, "meta").unwrap()[4..]
}

/// `PIXELMILL_WRITE=1 cargo test --test avif` writes the files in `tests/data/written` again.
#[test]
fn without_loss_every_pixel_is_kept() {
    for name in ["gray", "rgb", "rgba", "profile"] {
        let image = picture(name);
        let bytes = write(image.clone(), &lossless()).bytes;
        let (header, again) = read(&bytes);
        assert_eq!((header.format, header.size, header.alpha), (Format::Avif, SIZE, name == "rgba"), "{name}");
        assert_eq!(again.representation(), image.representation(), "{name}");
        assert_eq!(rgba(&again), rgba(&image), "{name}");
        assert_eq!(header.space, image.space, "{name}");
        let path = path(&format!("written/{name}.avif"));
        if std::env::var_os("PIXELMILL_WRITE").is_some() {
            std::fs::write(&path, &bytes).unwrap();
        }
        assert!(std::fs::read(&path).unwrap() == bytes, "{} is another file", path.display());
    }
}

#[test]
fn with_loss_pictures_and_their_opacity_stay_similar() {
    for (name, quality, least) in [("gray", 80, 40.0), ("rgb", 80, 34.0), ("rgb", 90, 42.0), ("rgba", 80, 34.0)] {
        let image = picture(name);
        let request = EncodeRequest { quality, ..EncodeRequest::new(Format::Avif) };
        let (header, again) = read(&write(image.clone(), &request).bytes);
        assert_eq!((again.representation(), header.alpha), (image.representation(), name == "rgba"), "{name}");
        let found = psnr(&image, &again);
        assert!(found >= least, "{name} at {quality}: {found} dB");
        let opacity = |image: &Image| rgba(image).iter().skip(3).step_by(4).copied().collect::<Vec<u8>>();
        let differences = opacity(&again).into_iter().zip(opacity(&image)).map(|(one, other)| one.abs_diff(other));
        let worst = differences.max();
        assert!(worst <= Some(4), "{name}: {worst:?}");
    }
}

#[test]
fn the_encoder_is_asked_for_what_the_parameters_say() {
    let asked = |image: Image, request: &EncodeRequest| {
        let libaom = Libaom::default();
        let encoded = codecs::encode(image, request, Some(&libaom)).unwrap();
        assert_eq!((encoded.format, encoded.encoder), (Format::Avif, "libaom of a test"));
        libaom.asked.into_inner()
    };
    let avif =
        |quality: u8, planes, speed| vec![Encoding::Avif { quality, alpha_quality: quality.max(90), planes, speed }];
    let usual = EncodeRequest::new(Format::Avif);
    let (gray, color) = (|| picture("gray"), || picture("rgb"));
    assert_eq!(asked(color(), &usual), avif(80, AvifPlanes::Halved, 9));
    assert_eq!(asked(gray(), &usual), avif(80, AvifPlanes::Gray, 9));
    assert_eq!(asked(picture("rgba"), &usual), avif(80, AvifPlanes::Halved, 9));
    for (quality, chroma, planes) in [
        (89, Chroma::Auto, AvifPlanes::Halved),
        (90, Chroma::Auto, AvifPlanes::Full),
        (30, Chroma::Full, AvifPlanes::Full),
        (100, Chroma::Halved, AvifPlanes::Halved),
    ] {
        let request = EncodeRequest { quality, chroma, ..usual.clone() };
        assert_eq!(asked(color(), &request), avif(quality, planes, 9));
        let is_lossless = EncodeRequest { lossless: true, ..request };
        assert_eq!(asked(color(), &is_lossless), avif(100, AvifPlanes::Full, 9));
        assert_eq!(asked(gray(), &is_lossless), avif(100, AvifPlanes::Gray, 9));
    }
    for (effort, speed) in [(1, 9), (3, 8), (5, 7), (9, 6)] {
        let request = EncodeRequest { effort: Some(effort), ..usual.clone() };
        assert_eq!(asked(color(), &request), avif(80, AvifPlanes::Halved, speed));
    }
    // Planes of a JPEG become colours first.
    let planar = file("codecs/baseline-420.jpg");
    let header = codecs::probe(&planar, "a").unwrap();
    assert!(header.native.contains(Representation::Ycc));
    let request = DecodeRequest { representation: Representation::Ycc, ..DecodeRequest::whole(&header) };
    let image = codecs::decode(&planar, &header, &request, "a").unwrap().image;
    assert_eq!(asked(image, &usual), avif(80, AvifPlanes::Halved, 9));
}

#[test]
fn it_takes_the_host_and_a_picture_that_av1_can_hold() {
    let failure =
        |image: Image, encoders: Option<&dyn Encoders>| codecs::encode(image, &lossless(), encoders).unwrap_err();
    assert!(failure(picture("rgb"), None).message.contains("AVIF is not loaded"));
    let long = Image::new(Size::new(65_537, 1), Pixels::Gray(vec![0; 65_537]));
    let refused = failure(long, Some(&Libaom::default()));
    assert!(refused.message.contains("65,536 pixels a side; the picture is 65537×1"), "{refused:?}");

    struct Broken(&'static [u8]);
    impl Encoders for Broken {
        fn name(&self, _: Encoder) -> Option<&'static str> {
            Some("broken")
        }
        fn encode(&self, _: Raster<'_>, _: Encoding) -> Result<Vec<u8>, Failure> {
            Ok(self.0.to_vec())
        }
    }
    for bytes in [&b""[..], b"no file", include_bytes!("data/avif/rgb.avif").split_at(150).0] {
        assert!(failure(picture("rgb"), Some(&Broken(bytes))).message.contains("unreadable file"));
    }
}

#[test]
fn the_container_says_what_it_holds() {
    let said = |image: Image, request: &EncodeRequest| {
        let bytes = write(image.clone(), request).bytes;
        let names: Vec<String> = boxes(&bytes).into_iter().map(|(kind, _)| kind).collect();
        assert_eq!(names, ["ftyp", "meta", "mdat"]);
        let parts: Vec<String> = boxes(meta(&bytes)).into_iter().map(|(kind, _)| kind).collect();
        let expected = ["hdlr", "pitm", "iloc", "iinf", "iref", "iprp"];
        let is_alone = image.representation() != Representation::Rgba;
        let expected: Vec<&str> = expected.into_iter().filter(|kind| *kind != "iref" || !is_alone).collect();
        assert_eq!(parts, expected);
        let brands = String::from_utf8(find(&bytes, "ftyp").unwrap()[8..].to_vec()).unwrap();
        let properties = find(find(meta(&bytes), "iprp").unwrap(), "ipco").unwrap().to_vec();
        (brands, properties)
    };
    let usual = EncodeRequest::new(Format::Avif);
    let (brands, properties) = said(picture("rgb"), &usual);
    assert_eq!(brands, "avifmif1miafMA1B");
    let names: Vec<String> = boxes(&properties).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(names, ["ispe", "pixi", "av1C", "colr"]);
    assert_eq!(find(&properties, "ispe").unwrap(), [0, 0, 0, 0, 0, 0, 0, 61, 0, 0, 0, 37]);
    assert_eq!(find(&properties, "pixi").unwrap(), [0, 0, 0, 0, 3, 8, 8, 8]);
    // BT.709 primaries, the curve of sRGB, the matrix of BT.601, full range.
    assert_eq!(find(&properties, "colr").unwrap(), b"nclx\0\x01\0\x0d\0\x06\x80");
    // Marker and version 1; Main profile; 8 bits, chroma halved in both directions.
    assert_eq!(find(&properties, "av1C").unwrap()[..3], [0x81, 0, 0x0c]);

    let (brands, properties) = said(picture("rgb"), &lossless());
    assert_eq!(brands, "avifmif1miafMA1A");
    assert_eq!(find(&properties, "colr").unwrap(), b"nclx\0\x01\0\x0d\0\0\x80", "the planes are the colours");
    assert_eq!(find(&properties, "av1C").unwrap()[..3], [0x81, 0x20, 0], "High profile");

    let (_, properties) = said(picture("gray"), &usual);
    assert_eq!(find(&properties, "pixi").unwrap(), [0, 0, 0, 0, 1, 8]);

    let (_, properties) = said(picture("rgba"), &usual);
    let names: Vec<String> = boxes(&properties).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(names, ["ispe", "pixi", "av1C", "colr", "pixi", "av1C", "auxC"]);
    assert_eq!(find(&properties, "auxC").unwrap(), b"\0\0\0\0urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0");

    let profile = picture("profile");
    let icc = profile.space.icc().unwrap().to_vec();
    let (_, properties) = said(profile, &usual);
    let colors: Vec<_> =
        boxes(&properties).into_iter().filter(|(kind, _)| kind == "colr").map(|(_, color)| color).collect();
    assert_eq!(colors, [&[b"prof", &icc[..]].concat()[..], b"nclx\0\x02\0\x02\0\x06\x80"]);
}

#[test]
fn a_profile_is_kept_with_colours_and_with_grays() {
    let rgb = Image { space: ColorSpace::adobe_rgb(), ..picture("rgb") };
    let gray = Image { space: ColorSpace::srgb_with_profile(true), ..picture("gray") };
    for image in [rgb, gray] {
        let (header, again) = read(&write(image.clone(), &lossless()).bytes);
        assert_eq!(header.space.icc(), image.space.icc());
        assert_eq!(again.pixels, image.pixels);
    }
}

/// The metadata that a rich file has.
fn said(policy: &Policy<'_>) -> Metadata {
    let bytes = file("metadata/all.jpg");
    Metadata::of(&bytes, Format::Jpeg).by(policy)
}

const EVERYTHING: Policy<'_> = Policy { kept: Kept::All, keep_location: true, author: "", copyright: "" };
const FACTS: Facts = Facts { size: SIZE, is_srgb: true, resolution: None };

#[test]
fn metadata_is_read_again_and_leaves_the_picture_as_it_is() {
    for name in ["gray", "rgb", "rgba", "profile"] {
        let plain = write(picture(name), &lossless());
        let said = said(&EVERYTHING);
        let with = codecs::with_metadata(plain.clone(), &said, FACTS);
        assert_eq!(Metadata::of(&with.bytes, Format::Avif), said, "{name}");
        assert!(with.bytes.len() > plain.bytes.len() && Metadata::of(&plain.bytes, Format::Avif).is_empty());
        let ((header, image), (plain_header, plain_image)) = (read(&with.bytes), read(&plain.bytes));
        assert_eq!((image, header.space, header.orientation), (plain_image, plain_header.space, 1), "{name}");
    }
}

#[test]
fn exiftool_reads_size_profile_and_metadata() {
    if Command::new("exiftool").arg("-ver").output().is_err() {
        return;
    }
    let policy = Policy { kept: Kept::Rights, keep_location: false, author: "Zoë", copyright: "© 2026 Zoë" };
    for name in ["gray", "rgba", "profile"] {
        let encoded =
            codecs::with_metadata(write(picture(name), &EncodeRequest::new(Format::Avif)), &said(&policy), FACTS);
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("written-{name}.avif"));
        std::fs::write(&path, &encoded.bytes).unwrap();
        let output =
            Command::new("exiftool").args(["-json", "-validate", "-all", "-G1", "-a"]).arg(&path).output().unwrap();
        let found: Value = serde_json::from_slice(&output.stdout).unwrap();
        let found = found[0].as_object().unwrap();
        let text =
            |key: &str| found.get(key).and_then(Value::as_str).unwrap_or_else(|| panic!("{name}: {key} in {found:#?}"));
        assert_eq!(text("ExifTool:Validate"), "OK");
        assert_eq!((text("File:MIMEType"), text("Composite:ImageSize")), ("image/avif", "61x37"));
        assert_eq!((text("IFD0:Artist"), text("XMP-dc:Creator")), ("Zoë", "Zoë"));
        assert_eq!(text("IFD0:Copyright"), "© 2026 Zoë");
        assert_eq!(found.contains_key("ICC_Profile:ProfileDescription"), name == "profile", "{found:#?}");
        let auxiliary = found.keys().find(|key| key.ends_with(":AuxiliaryImageType"));
        assert_eq!(auxiliary.is_some(), name == "rgba", "{found:#?}");
    }
}

/// Runs a workflow that only writes the picture.
fn run(name: &str, bytes: &[u8], output: &Value) -> (Plan, Produced, Vec<Encoding>) {
    let (workflow, found) = check(&json!({
        "metadata": {},
        "actions": [
            { "actionId": "in", "actionType": "input-images", "parameters": { "images": [{ "name": name, "sourceUrl": "asset:a" }] } },
            { "actionId": "save", "actionType": "output", "parameters": output },
        ],
        "connections": [{ "connectionSource": "in", "sourcePort": "outputs", "connectionTarget": "save", "targetPort": "input-images" }],
    }));
    let plan = Plan::build(&workflow).unwrap_or_else(|_| panic!("{found:#?}"));
    let sources = [Source { name, folder: "", bytes: bytes.into() }];
    assert_eq!(plan.encoders(&sources), [Encoder::Avif]);
    let libaom = Libaom::default();
    let produced = plan.run(0, &sources, Services { encoders: Some(&libaom), ..Services::default() }).unwrap();
    (plan, produced, libaom.asked.into_inner())
}

#[test]
fn an_output_writes_it_where_it_is_wanted_and_where_the_picture_was_one() {
    let bytes = file("written/rgb.png");
    let (plan, produced, _) = run("a.png", &bytes, &json!({ "format": "avif" }));
    assert_eq!(plan.slow_writes(&[Source { name: "a.png", folder: "", bytes: (&bytes).into() }]), 1);
    assert_eq!((produced.outputs[0].name.as_str(), produced.outputs[0].format), ("a.avif", Format::Avif));
    let (_, produced, _) = run("a.avif", &file("codecs/alpha.avif"), &json!({}));
    assert_eq!(produced.outputs[0].name, "a.avif");
    // An animation gives its first frame.
    let (_, produced, _) = run("a.gif", &file("animation/background.gif"), &json!({ "format": "avif" }));
    let codes: Vec<&str> = produced.warnings.iter().map(|warning| warning.code.as_str()).collect();
    assert_eq!(codes, ["first_frame_only"]);
}

#[test]
fn the_smallest_of_several_is_compared_as_others_read_it() {
    let bytes = file("written/rgb.png");
    let output = json!({ "smallestOf": ["avif", "png"], "similarity": 0.9, "quality": 80 });
    let (plan, produced, asked) = run("a.png", &bytes, &output);
    assert_eq!(plan.comparing().collect::<Vec<_>>(), [Coding::Av1]);
    assert_eq!(plan.slow_writes(&[Source { name: "a.png", folder: "", bytes: (&bytes).into() }]), 4);
    let written = &produced.outputs[0].encoded;
    assert_eq!(written.format, Format::Avif, "it is smaller than the PNG file");
    let said = &produced.warnings[0];
    assert!(said.code == "smallest_of" && said.message.contains("AVIF of quality"), "{said:?}");
    assert!(asked.len() > 1, "its quality is searched");
    let found = similarity(&Luma::of(&picture("rgb")), &Luma::of(&read(&written.bytes).1));
    assert!(said.message.contains(&format!("(similarity {found:.3})")), "{said:?}");
    let (plan, ..) = run("a.png", &bytes, &json!({ "smallestOf": ["avif", "png"], "lossless": true }));
    assert_eq!(plan.comparing().count(), 0);
}

#[test]
fn a_size_limit_lowers_its_quality() {
    let bytes = file("written/rgb.png");
    // Here every quality below 90 gives the same file.
    let most = file("avif/rgb-80.avif").len() + 200;
    let (_, produced, asked) = run("a.png", &bytes, &json!({ "format": "avif", "quality": 95, "maxBytes": most }));
    assert!(produced.outputs[0].encoded.bytes.len() <= most);
    assert_eq!(produced.warnings[0].code, "fitted");
    let qualities: Vec<u8> = asked
        .iter()
        .map(|one| match one {
            Encoding::Avif { quality, .. } => *quality,
            _ => 0,
        })
        .collect();
    assert!(qualities[0] == 95 && qualities[1..].iter().all(|quality| *quality < 95), "{qualities:?}");
}
