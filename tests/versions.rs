//! Results are reused only while the versions of the code that made them stay the same (`engine::Graph::version`). So a
//! version must change whenever results do: `tests/data/versions.json` has the version of each action and format, and a
//! hash of its results for fixed pictures. When a result changes, raise the version next to the code, and run
//! `PIXELMILL_UPDATE_VERSIONS=1 cargo test --test versions` to regenerate the table.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails, also in its helpers")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pixelmill::actions::gather::staged_picture;
use pixelmill::actions::{self, Context, Role, catalog};
use pixelmill::codecs::{
    self, DecodeRequest, EncodeRequest, Encoder, Encoders, Encoding, Facts, Format, Kept, Metadata, Policy, Raster,
};
use pixelmill::color::{ColorSpace, Inks};
use pixelmill::error::Failure;
use pixelmill::image::convert::convert;
use pixelmill::image::recolor::recolor;
use pixelmill::image::resample::{Filter, Window, resample};
use pixelmill::image::{Deep, Image, Pixels, Plane, Representation, Size, Subsampling, Ycc, orient};
use pixelmill::lettering::FONT;
use pixelmill::lettering::typesetting::FontTypesetter;
use pixelmill::lut::{Lut, LutSource};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Entry {
    version: String,
    hash: String,
}

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

fn samples(size: Size, channels: u32, seed: u32) -> Vec<u8> {
    let value = |index: u32| {
        let (x, y) = (index / channels % size.width, index / channels / size.width);
        let noise = index.wrapping_mul(2_654_435_761).wrapping_add(seed) >> 27;
        (x * 3 + y * 2 + noise + seed * 31 + (x / 9 + y / 7) % 2 * 60) as u8
    };
    (0..size.width * size.height * channels).map(value).collect()
}

/// One picture in every representation.
fn pictures() -> Vec<Image> {
    let size = Size::new(61, 43);
    let plane = |size: Size, seed: u32| Plane { size, data: samples(size, 1, seed) };
    let chroma = Subsampling::S420.chroma_size(size);
    let ycc = Ycc { y: plane(size, 1), cb: plane(chroma, 2), cr: plane(chroma, 3), subsampling: Subsampling::S420 };
    vec![
        Image::new(size, Pixels::Gray(samples(size, 1, 4))),
        Image::new(size, Pixels::Ycc(ycc)),
        Image::new(size, Pixels::Rgb(samples(size, 3, 5))),
        Image::new(size, Pixels::Rgba(samples(size, 4, 6))),
        Image::new(size, Pixels::Deep(Deep::Gray(deep_samples(size, 1, 7)))),
        Image::new(size, Pixels::Deep(Deep::Rgb(deep_samples(size, 3, 8)))),
        Image::new(size, Pixels::Deep(Deep::Rgba(deep_samples(size, 4, 9)))),
    ]
}

fn deep_samples(size: Size, channels: u32, seed: u32) -> Vec<u16> {
    let high = samples(size, channels, seed);
    high.into_iter().zip(0_u32..).map(|(high, index)| u16::from(high) << 8 | (index * 37 % 256) as u16).collect()
}

/// Some formats write it in another form.
fn of_few_colours() -> Image {
    let size = Size::new(61, 43);
    let pixel =
        |i: u32| [[250, 250, 240, 255], [30, 90, 160, 255], [30, 90, 160, 128]][(i / 61 / 9 + i % 61 / 7) as usize % 3];
    Image::new(size, Pixels::Rgba((0..size.width * size.height).flat_map(pixel).collect()))
}

fn put(hash: &mut Sha256, image: &Image) {
    hash.update(format!("{:?} {:?}", image.size, image.representation()));
    match &image.pixels {
        Pixels::Gray(data) | Pixels::Rgb(data) | Pixels::Rgba(data) => hash.update(data),
        Pixels::Deep(deep) => deep.samples().iter().for_each(|sample| hash.update(sample.to_le_bytes())),
        Pixels::Ycc(ycc) => [&ycc.y, &ycc.cb, &ycc.cr].into_iter().for_each(|plane| hash.update(&plane.data)),
    }
}

fn entry(version: &str, hash: Sha256) -> Entry {
    let hash = hash.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    Entry { version: version.to_owned(), hash }
}

/// Parameters that show what an action does: those of its cases, or its defaults.
fn parameters(action: &str) -> Vec<Value> {
    match action {
        "resize" => ["nearest", "bilinear", "bicubic", "mitchell", "lanczos3"]
            .map(|filter| json!({ "width": 23, "height": 17, "mode": "fill", "filter": filter }))
            .into_iter()
            .chain([json!({ "width": 23, "linear": true })])
            .collect(),
        "split" => vec![json!({}), json!({ "columns": 3, "rows": 2 }), json!({ "rows": 2, "piece": 2 })],
        "crop" => vec![
            json!({ "x": 3, "y": 5, "width": 31, "height": 22 }),
            json!({ "ratio": "4:5" }),
            json!({ "ratio": "1:2", "gravity": "attention" }),
            json!({ "ratio": "1:1", "focus": { "x": 0.2, "y": 0.9 } }),
        ],
        "pad" => vec![
            json!({ "width": 70, "height": 66, "color": "#336699" }),
            json!({ "width": 200, "height": 66, "fill": "edge" }),
            json!({ "width": 200, "height": 66, "fill": "mirror" }),
            json!({ "width": 70, "height": 66, "fill": "blur" }),
        ],
        "rotate" => vec![
            json!({ "angle": 90 }),
            json!({ "angle": 180 }),
            json!({ "angle": 17.5, "background": "#ffffff80" }),
            json!({ "angle": -3, "expand": false }),
        ],
        "subject-crop" => vec![json!({ "method": "flat-backdrop", "ratio": "1:2" })],
        "blur-background" => vec![json!({ "method": "flat-backdrop", "sigma": 5 })],
        "remove-background" => vec![json!({ "method": "flat-backdrop" })],
        "lut" => ["film", "shaped", "fade"].map(|name| json!({ "lut": name, "strength": 0.9 })).to_vec(),
        _ => {
            let text = std::fs::read_to_string(data().join("actions").join(action).join("cases.json"));
            let cases: Value = text.map_or(Value::Null, |text| serde_json::from_str(&text).unwrap());
            let cases = cases["cases"].as_array().cloned().unwrap_or_default();
            std::iter::once(json!({})).chain(cases.iter().map(|case| case["parameters"].clone())).collect()
        }
    }
}

/// The LUTs of the cases, by name.
struct Luts([(&'static str, Lut); 3]);

impl LutSource for Luts {
    fn get(&self, name: &str) -> Result<&Lut, Failure> {
        Ok(&self.0.iter().find(|(known, _)| *known == name).unwrap().1)
    }
}

fn of_actions(table: &mut BTreeMap<String, Entry>) {
    let font = std::fs::read(data().join("../../src/lettering/roboto").join(FONT.file)).unwrap();
    let typesetter = FontTypesetter::new(font).unwrap();
    for name in ["hebrew", "arabic", "japanese"] {
        typesetter.add(name, &std::fs::read(data().join("fonts").join(name).with_extension("ttf")).unwrap()).unwrap();
    }
    let luts = Luts(["film", "shaped", "fade"].map(|name| {
        (
            name,
            Lut::read(&std::fs::read(data().join("actions/lut").join(name).with_extension("cube")).unwrap()).unwrap(),
        )
    }));
    for action in catalog().iter().filter(|action| action.role == Role::Transform) {
        let mut hash = Sha256::new();
        for raw in parameters(action.action_type) {
            let operation = actions::prepare(action.action_type, raw.as_object().unwrap()).unwrap();
            let in_adobe_rgb = Image { space: ColorSpace::adobe_rgb(), ..pictures().remove(2) };
            for image in pictures().into_iter().chain([in_adobe_rgb]) {
                if !operation.accepts().contains(image.representation()) {
                    continue;
                }
                // A second picture is used for the other required ports.
                let rest = action.inputs[1..]
                    .iter()
                    .map(|port| port.required.then(|| convert(pictures().remove(3), Representation::Rgba)));
                let inputs = std::iter::once(Some(image.clone())).chain(rest).collect();
                let context = Context::default().with_typesetter(Some(&typesetter)).with_luts(Some(&luts));
                match operation.run(inputs, &context) {
                    Ok(results) => results.iter().for_each(|image| put(&mut hash, image)),
                    Err(stop) => hash.update(stop.into_failure().message),
                }
            }
        }
        table.insert(action.action_type.to_owned(), entry(action.version, hash));
    }
    for action in catalog().iter().filter(|action| action.role == Role::Gather) {
        let mut hash = Sha256::new();
        for raw in [json!({}), json!({ "background": "#33669980", "delay": 1, "columns": 2, "cell": 24, "gap": 3 })] {
            let raw = raw.as_object().unwrap().iter();
            let known = raw.filter(|(key, _)| action.fields.iter().any(|field| field.name == *key));
            let raw = known.map(|(key, value)| (key.clone(), value.clone())).collect();
            let staging = actions::staging(action.action_type, &raw).unwrap();
            hash.update(format!("{:?}", staging.steps));
            let gather = actions::prepare_gather(action.action_type, &raw).unwrap();
            let all = pictures().into_iter().filter(|image| !image.representation().is_deep());
            let all: Vec<Image> = all.map(|image| convert(image, Representation::Rgba)).collect();
            let mut gathering = gather.begin(all.len() as u32, all[0].size).unwrap();
            all.into_iter().for_each(|image| gathering.add(image).unwrap());
            put(&mut hash, &staged_picture(&gathering.finish().unwrap().bytes, "").unwrap());
        }
        table.insert(action.action_type.to_owned(), entry(action.version, hash));
    }
}

/// Makes the same picture of everything: what an encoder makes is no result of ours, the file around it is.
struct Theirs;

impl Encoders for Theirs {
    fn name(&self, encoder: Encoder) -> Option<&'static str> {
        (encoder != Encoder::Webp).then_some("an encoder of a test")
    }

    fn encode(&self, _: Raster<'_>, encoding: Encoding) -> Result<Vec<u8>, Failure> {
        let file = match encoding.encoder() {
            Encoder::Jxl => "jxl/rgba-80.jxl",
            _ => "avif/rgba-80.avif",
        };
        Ok(std::fs::read(data().join(file)).unwrap())
    }
}

fn of_formats(table: &mut BTreeMap<String, Entry>) {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(data().join("codecs")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for &format in Format::ALL {
        let mut hash = Sha256::new();
        for bytes in files.iter().map(|file| std::fs::read(file).unwrap()) {
            if codecs::sniff(&bytes) != Some(format) {
                continue;
            }
            let Ok(header) = codecs::probe(&bytes, "a") else { continue };
            for representation in header.native.iter() {
                let request = DecodeRequest {
                    representation,
                    at_least: header.size,
                    chroma_at_least: Size::new(1, 1),
                    scaling: None,
                    auto_orient: true,
                };
                match codecs::decode(&bytes, &header, &request, "a") {
                    Ok(decoded) => put(&mut hash, &decoded.image),
                    Err(failure) => hash.update(failure.message),
                }
            }
        }
        let written = pictures().into_iter().chain([of_few_colours()]);
        let ways: &[bool] = match format {
            Format::Webp => &[true],
            Format::Jxl => &[true, false],
            _ => &[false],
        };
        for (image, &lossless) in written.flat_map(|image| ways.iter().map(move |way| (image.clone(), way))) {
            let request = EncodeRequest {
                format,
                quality: 80,
                lossless,
                background: [255, 128, 0],
                ..EncodeRequest::new(format)
            };
            match codecs::encode(image, &request, Some(&Theirs)) {
                Ok(encoded) => hash.update(&encoded.bytes),
                Err(failure) => hash.update(failure.message),
            }
        }
        table.insert(format.name().to_owned(), entry(format.version(), hash));
    }
}

fn of_kernels(table: &mut BTreeMap<String, Entry>) {
    let mut hash = Sha256::new();
    for image in pictures() {
        for to in Representation::ALL.into_iter().filter(|to| image.representation().converts_to(*to)) {
            put(&mut hash, &convert(image.clone(), to));
        }
        for orientation in 1..=8 {
            put(&mut hash, &orient::apply(image.clone(), orientation));
        }
        let window = Window { left: 3.5, top: 2.25, width: 50.0, height: 33.5 };
        put(&mut hash, &resample(&image, window, Size::new(29, 40), Filter::Lanczos3).unwrap());
    }
    // Between colour spaces.
    let mut profiles: Vec<PathBuf> =
        std::fs::read_dir(data().join("color")).unwrap().map(|entry| entry.unwrap().path()).collect();
    profiles.retain(|path| path.extension().is_some_and(|extension| extension == "icc"));
    profiles.sort();
    for profile in profiles {
        let space = ColorSpace::from_icc(std::fs::read(profile).unwrap()).unwrap();
        for image in pictures() {
            put(&mut hash, &recolor(image.clone(), &space));
            put(&mut hash, &recolor(Image { space: space.clone(), ..image }, &ColorSpace::SRGB));
        }
        let inks = Inks::of(&space);
        samples(Size::new(61, 43), 4, 7).as_chunks::<4>().0.iter().for_each(|color| hash.update(inks.color(*color)));
    }
    table.insert("image".to_owned(), entry(pixelmill::image::VERSION, hash));
}

fn of_metadata(table: &mut BTreeMap<String, Entry>) {
    let mut hash = Sha256::new();
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(data().join("metadata")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let pictures = [Format::Jpeg, Format::Png, Format::Webp, Format::Tiff].map(|format| {
        let request =
            EncodeRequest { format, quality: 80, lossless: true, background: [0; 3], ..EncodeRequest::new(format) };
        codecs::encode(pictures().remove(2), &request, None).unwrap()
    });
    for bytes in files.iter().map(|file| std::fs::read(file).unwrap()) {
        let Some(format) = codecs::sniff(&bytes) else { continue };
        for (kept, keep_location) in [(Kept::Rights, false), (Kept::All, true)] {
            let policy = Policy { kept, keep_location, author: "", copyright: "" };
            let said = Metadata::of(&bytes, format).by(&policy);
            for picture in &pictures {
                let facts = Facts { size: Size::new(61, 43), is_srgb: true, resolution: None };
                hash.update(codecs::with_metadata(picture.clone(), &said, facts).bytes);
            }
        }
    }
    table.insert("metadata".to_owned(), entry(codecs::METADATA_VERSION, hash));
}

#[test]
fn a_result_that_changes_has_another_version() {
    let mut table = BTreeMap::new();
    of_actions(&mut table);
    of_formats(&mut table);
    of_kernels(&mut table);
    of_metadata(&mut table);
    let file = data().join("versions.json");
    if std::env::var_os("PIXELMILL_UPDATE_VERSIONS").is_some() {
        std::fs::write(&file, serde_json::to_string_pretty(&table).unwrap() + "\n").unwrap();
    }
    let known: BTreeMap<String, Entry> = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let mut wrong = Vec::new();
    for (name, now) in &table {
        match known.get(name) {
            Some(then) if then == now => {}
            Some(then) if then.version == now.version => {
                wrong.push(format!("{name} gives a different result but still has version {}: raise it", now.version));
            }
            _ => wrong.push(format!("{name} {} is not in the table: regenerate it", now.version)),
        }
    }
    wrong.extend(known.keys().filter(|name| !table.contains_key(*name)).map(|name| format!("{name} is gone")));
    assert!(wrong.is_empty(), "{wrong:#?}");
}
