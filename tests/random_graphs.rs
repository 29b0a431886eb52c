//! The whole catalog on unusual pictures: random documents, and every parameter at, beyond and far beyond its bounds. Whatever
//! comes, a run ends in time, with files within the limits or with a failure that says where and what to do.
//!
//! Random documents are made from a seed and the schema alone, so that a failure can be had again: it names its seed.
//! `PIXELMILL_RANDOM_GRAPHS=600` runs them for ten minutes instead of twenty seconds, from `PIXELMILL_RANDOM_SEED` on.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use pixelmill::actions::gather::staged_picture;
use pixelmill::actions::parameters::{Field, Kind};
use pixelmill::actions::{Action, PortType, Role, RunFacts, Stop, catalog};
use pixelmill::codecs;
use pixelmill::engine::{Gathered, InputAsset, Produced, Services, Source, StagedPlan, Stages};
use pixelmill::error::Failure;
use pixelmill::lettering::typesetting::FontTypesetter;
use pixelmill::lut::{Lut, LutSource};
use pixelmill::network::{Missing, ModelSource, SIDE, SaliencyNetwork};
use pixelmill::user_file::FileKind;
use pixelmill::workflow::{Diagnostic, check};
use serde_json::{Map, Value, json};

/// How long one document may take, in a build without optimisations on a busy machine.
const TIME: Duration = Duration::from_secs(240);
/// The limits of a picture (contract, section 4).
const MOST_PIXELS: u64 = 120_000_000;
const LONGEST_SIDE: u32 = 65_500;
/// Executions of one document that are run.
const MOST_RUN: usize = 3;

/// SplitMix64 (Steele, Lea and Flood 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, count: usize) -> usize {
        (self.next() % count as u64) as usize
    }

    /// True so many times in a thousand.
    fn happens(&mut self, times: usize) -> bool {
        self.below(1000) < times
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn pick<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.below(all.len())]
    }
}

// ---- Pictures and files -------------------------------------------------------------------------------------------------

fn data(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A PNG of these samples, whose pixels differ from their neighbours.
fn png(width: u32, height: u32, color: png::ColorType, depth: png::BitDepth, sample: impl Fn(usize) -> u16) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(color);
    encoder.set_depth(depth);
    let count = width as usize * height as usize * color.samples();
    let samples: Vec<u8> = match depth {
        png::BitDepth::Sixteen => (0..count).flat_map(|at| sample(at).to_be_bytes()).collect(),
        _ => (0..count).map(|at| sample(at) as u8).collect(),
    };
    encoder.write_header().and_then(|mut writer| writer.write_image_data(&samples)).expect("written");
    file
}

/// Unusual pictures by their names.
fn pictures() -> Vec<(&'static str, Vec<u8>)> {
    use png::BitDepth::{Eight, Sixteen};
    use png::ColorType::{Grayscale, GrayscaleAlpha, Rgb, Rgba};
    let some = |at: usize| (at * 37 % 251) as u16;
    let deep = |at: usize| (at * 12_371 % 65_536) as u16;
    vec![
        ("one.png", png(1, 1, Rgb, Eight, some)),
        ("tall.png", png(1, 173, Rgb, Eight, some)),
        ("wide.png", png(190, 1, Rgba, Eight, some)),
        ("transparent.png", png(23, 17, Rgba, Eight, |at| if at % 4 == 3 { 0 } else { some(at) })),
        ("translucent.png", png(31, 22, Rgba, Eight, some)),
        ("gray.png", png(29, 33, Grayscale, Eight, some)),
        ("gray-one.png", png(1, 1, Grayscale, Eight, |_| 7)),
        ("deep.png", png(37, 29, Rgb, Sixteen, deep)),
        ("deep-alpha.png", png(11, 19, Rgba, Sixteen, deep)),
        ("deep-gray.png", png(21, 13, GrayscaleAlpha, Sixteen, deep)),
        ("photo.jpg", data("planar/labels.jpg")),
        ("turned.jpg", data("codecs/orientation-6.jpg")),
        ("camera.jpg", data("metadata/camera.jpg")),
        ("inks.jpg", data("codecs/cmyk.jpg")),
        ("profile.webp", data("codecs/profile.webp")),
        ("tables.png", data("color/tables.png")),
        ("profile-gray.png", data("color/gray-gamma.png")),
        ("hdr.png", data("color/hdr-pq.png")),
        ("animated.gif", data("animation/previous.gif")),
        ("animated.webp", data("animation/opaque.webp")),
        ("animated.png", data("animation/rgba.png")),
        ("animated-gray.png", data("animation/gray-alpha.png")),
        ("drawing.svg", br##"<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"><circle cx="20" cy="15" r="11" fill="#c42"/></svg>"##.to_vec()),
        ("broken.png", png(40, 40, Rgb, Eight, some)[..70].to_vec()),
    ]
}

/// Files that are no pictures.
fn others() -> Vec<(&'static str, Vec<u8>)> {
    let template = br#"<svg xmlns="http://www.w3.org/2000/svg" width="60" height="40"><text y="20">{{title}}</text><image href="{{photo}}" width="9" height="9"/></svg>"#;
    vec![
        ("table.csv", b"title,price,@photo\nOak,9.50,one.png\nElm & Ash,,gray.png\n".to_vec()),
        ("short.csv", b"title\nOnly\n".to_vec()),
        ("template.svg", template.to_vec()),
    ]
}

// ---- What a host provides -----------------------------------------------------------------------------------------------

/// Has one LUT, by every name.
struct Film(Lut);

impl LutSource for Film {
    fn get(&self, _: &str) -> Result<&Lut, Failure> {
        Ok(&self.0)
    }
}

/// A model that finds the same blot in every picture.
struct Blot;

impl SaliencyNetwork for Blot {
    fn infer(&self, _: &[f32]) -> Result<Vec<f32>, Failure> {
        let side = SIDE as usize;
        Ok((0..side * side).map(|i| if i % side > 90 && i / side < 200 { 1.0 } else { 0.0 }).collect())
    }

    fn name(&self) -> &str {
        "blot 1"
    }
}

impl ModelSource for Blot {
    fn get(&self, model: &str) -> Result<&dyn SaliencyNetwork, Missing> {
        let missing = || Missing::Failed(Failure::system(format!("There is no \"{model}\"."), "Add it."));
        if model == "u2netp" { Ok(self) } else { Err(missing()) }
    }
}

struct Host {
    typesetter: FontTypesetter,
    film: Film,
    files: BTreeMap<&'static str, Vec<u8>>,
}

impl Host {
    fn new() -> Self {
        let font = include_bytes!("../src/lettering/roboto/Roboto-Regular.ttf").to_vec();
        Self {
            typesetter: FontTypesetter::new(font).expect("a font"),
            film: Film(Lut::read(b"LUT_1D_SIZE 2\n0.1 0 0\n1 0.9 1\n").expect("a LUT")),
            files: pictures().into_iter().chain(others()).collect(),
        }
    }

    fn services(&self) -> Services<'_> {
        Services {
            networks: Some(&Blot),
            typesetter: Some(&self.typesetter),
            luts: Some(&self.film),
            ..Services::default()
        }
    }

    fn content(&self, url: &str) -> Vec<u8> {
        self.files.get(url.trim_start_matches("asset:")).cloned().unwrap_or_default()
    }
}

// ---- Running a document and judging what came of it ---------------------------------------------------------------------

/// What became of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Refused,
    Failed,
    Done,
}

fn judge_diagnostics(found: &[Diagnostic]) -> Result<(), String> {
    match found.iter().find(|one| one.message.is_empty() || one.hint.is_empty() || one.code.is_empty()) {
        Some(vague) => Err(format!("a vague diagnostic: {vague:?}")),
        None => Ok(()),
    }
}

fn judge_failure(failure: &Failure) -> Result<(), String> {
    let is_clear = failure.action_id.is_some() && !failure.message.is_empty() && !failure.hint.is_empty();
    // What only a mistake in the program can cause.
    let is_bug = failure.hint.contains("bug");
    if is_clear && !is_bug { Ok(()) } else { Err(format!("a failure that helps nobody: {failure:?}")) }
}

fn judge(produced: &Produced) -> Result<(), String> {
    for warning in &produced.warnings {
        if warning.action_id.is_none() || warning.message.is_empty() || warning.hint.is_empty() {
            return Err(format!("a vague warning: {warning:?}"));
        }
    }
    for output in &produced.outputs {
        let header =
            codecs::probe(&output.encoded.bytes, &output.name).map_err(|why| format!("unreadable: {why:?}"))?;
        let size = header.size;
        if size.pixels() > MOST_PIXELS || size.width.max(size.height) > LONGEST_SIDE {
            return Err(format!("beyond the limits: {size:?}"));
        }
        if (size, header.format) != (output.size, output.encoded.format) {
            return Err(format!("not what was said: {size:?} for {:?}", output.size));
        }
        if output.name.is_empty() && !output.is_staged {
            return Err("a result without a name".to_owned());
        }
    }
    Ok(())
}

fn of_stop(stop: Stop) -> Result<Failure, String> {
    if let Stop::Failed(failure) = stop { Ok(failure) } else { Err(format!("{stop:?}")) }
}

/// Runs what a document says on the files that it names.
fn run(document: &Value, host: &Host) -> Result<End, String> {
    let (workflow, found) = check(document);
    judge_diagnostics(&found)?;
    let is_valid = !found.iter().any(Diagnostic::is_error);
    let plan = StagedPlan::build(&workflow);
    if plan.is_ok() != is_valid {
        return Err(format!("validation and the plan disagree: {:?}, {found:?}", plan.err()));
    }
    let Ok(mut plan) = plan else { return Ok(End::Refused) };
    let of_rows = plan.each.graph().rows.is_some();
    let wanted = match plan.each.graph().wanted() {
        Ok(wanted) => wanted,
        Err(found) => return judge_diagnostics(&found).map(|()| End::Refused),
    };
    let contents: Vec<_> = wanted.iter().map(|one| host.content(&one.file.source_url)).collect();
    if let Err(found) = plan.each.bind_files(&contents) {
        return judge_diagnostics(&found).map(|()| End::Refused);
    }
    let rows = of_rows.then(|| plan.each.graph().input_assets());
    let assets = Stages::resolve(&workflow).map_err(|found| format!("{found:?}"))?.input_assets(rows);
    let plan = plan.for_run(RunFacts { clock: 1_735_686_309_999.0, count: assets.len() as u32 });
    let mut made: Vec<Option<Produced>> = Vec::new();
    let mut end = End::Done;
    for asset in assets {
        let is_run = asset.gathered.is_some() || made.len() < MOST_RUN;
        let produced = is_run.then(|| execute(&plan, &asset, &made, host)).transpose()?;
        made.push(match produced {
            Some(Ok(produced)) => {
                judge(&produced)?;
                Some(produced)
            }
            Some(Err(failure)) => {
                judge_failure(&failure)?;
                end = End::Failed;
                None
            }
            None => None,
        });
    }
    Ok(end)
}

/// Runs one execution; the outer result is for what must not happen.
fn execute(
    plan: &StagedPlan,
    asset: &InputAsset,
    made: &[Option<Produced>],
    host: &Host,
) -> Result<Result<Produced, Failure>, String> {
    if let Some(gathered) = &asset.gathered {
        return gather(plan, gathered, asset, made, host);
    }
    let mut contents: Vec<_> = asset.inputs.iter().map(|input| host.content(&input.source_url)).collect();
    if let Err(failure) = plan.each.fill_templates(asset, &mut contents, None) {
        return Ok(Err(failure));
    }
    let plan = plan.each.for_execution(asset.index, asset.row.as_ref());
    let inputs = asset.inputs.iter().zip(&contents);
    let sources: Vec<_> =
        inputs.map(|(input, bytes)| Source { name: &input.name, folder: input.folder(), bytes }).collect();
    match plan.run(asset.index, &sources, host.services()) {
        Ok(produced) => {
            let has_conditions = plan.graph().nodes.iter().any(|node| node.action.is_condition());
            let (reached, all) = (produced.outputs.len(), plan.graph().outputs.len());
            if !(reached == all || has_conditions && reached < all) {
                return Err(format!("{reached} results of {all}"));
            }
            if produced.warnings.iter().any(|warning| warning.code == "no_output") != (reached == 0) {
                return Err(format!("{reached} results, and it does not say so"));
            }
            Ok(Ok(produced))
        }
        Err(stop) => of_stop(stop).map(Err),
    }
}

fn gather(
    plan: &StagedPlan,
    gathered: &Gathered,
    asset: &InputAsset,
    made: &[Option<Produced>],
    host: &Host,
) -> Result<Result<Produced, Failure>, String> {
    let plan = plan.gathering(&gathered.action_id).ok_or("nothing gathers")?;
    let range = gathered.from as usize..(gathered.from + gathered.count) as usize;
    let produced = made[range].iter().flatten().flat_map(|produced| &produced.outputs);
    let staged: Vec<_> = produced.filter(|output| output.is_staged && output.action_id == gathered.action_id).collect();
    let made = plan.begin(staged.len() as u32, staged.first().map(|first| first.size)).and_then(|mut gathering| {
        for output in staged {
            staged_picture(&output.encoded.bytes, "").and_then(|picture| gathering.add(picture))?;
        }
        gathering.finish()
    });
    let file = match made {
        Ok(file) => file.bytes,
        Err(failure) => return Ok(Err(failure.at(&plan.action_id))),
    };
    let mut contents: Vec<_> = asset.inputs.iter().map(|input| host.content(&input.source_url)).collect();
    contents.insert(plan.place.min(contents.len()), file);
    let names: Vec<_> = asset.inputs.iter().map(|input| input.name.as_str()).collect();
    let name = |at: usize| if at == plan.place { plan.name } else { names.get(at).copied().unwrap_or("other.png") };
    let sources: Vec<_> =
        contents.iter().enumerate().map(|(at, bytes)| Source { name: name(at), folder: "", bytes }).collect();
    match plan.after.run(gathered.part, &sources, host.services()) {
        Ok(produced) => Ok(Ok(produced)),
        Err(stop) => of_stop(stop).map(Err),
    }
}

/// Runs documents in a thread of its own, so that one that never ends is found.
struct Runner {
    documents: Sender<Value>,
    ends: Receiver<Result<End, String>>,
}

impl Runner {
    fn new() -> Self {
        let (documents, given) = channel::<Value>();
        let (report, ends) = channel();
        std::thread::Builder::new()
            .stack_size(16 << 20)
            .spawn(move || {
                let host = Host::new();
                for document in given {
                    let end = catch_unwind(AssertUnwindSafe(|| run(&document, &host)));
                    let end = end.unwrap_or_else(|panic| {
                        let message = panic.downcast_ref::<String>().cloned();
                        Err(format!("a panic: {}", message.unwrap_or_default()))
                    });
                    if report.send(end).is_err() {
                        return;
                    }
                }
            })
            .expect("a thread");
        Self { documents, ends }
    }

    fn run(&self, document: &Value) -> Result<End, String> {
        self.documents.send(document.clone()).expect("the thread runs");
        self.ends.recv_timeout(TIME).unwrap_or_else(|_| Err("it does not end".to_owned()))
    }
}

// ---- Documents ----------------------------------------------------------------------------------------------------------

/// What names, texts and conditions may say.
const NAMES: [&str; 6] = [
    "{name}-{index}.{ext}",
    "{path}.{ext}",
    "{folder}/{count}-{date:%Y}/{hash:6}",
    "{exif.camera}{exif.date}",
    "{width}x{height}-{piece}.{ext}",
    "plain",
];
const CONDITIONS: [&str; 7] = [
    "width > height",
    "not alpha",
    "ratio < 1 or name ~ '*.png'",
    "frames > 1 and bytes < 9000",
    "{index} == 0 or {folder} == ''",
    "megapixels >= 0.0003",
    "{date:%H} < 12 or exif.camera == ''",
];

/// A value of a range: mostly small, so that it takes no time; sometimes a bound.
fn number(field: &Field, random: &mut Random, is_whole: bool) -> Value {
    let (low, high) = field.range.unwrap_or((-10.0, 100.0));
    let usual = high.min(low.max(0.0) + 96.0);
    let value = match random.below(20) {
        0 => low,
        1 if high <= 1000.0 || random.happens(60) => high,
        2 => 0.0_f64.clamp(low, high),
        3 if low < 0.0 => low.max(-96.0) * random.unit(),
        _ => low.max(0.0) + random.unit() * (usual - low.max(0.0)),
    };
    if is_whole { json!(value.round() as i64) } else { json!(value) }
}

/// What is no value of a field, or far beyond its range.
fn wrong(random: &mut Random) -> Value {
    let values = [
        json!(1e308),
        json!(-1e308),
        json!(-0.0),
        json!(9_007_199_254_740_993_u64),
        json!("12"),
        json!(true),
        json!([]),
        json!({ "x": 2 }),
        json!(""),
        json!("{no}"),
        json!("#12"),
        json!(0.5),
        json!(-1),
    ];
    values[random.below(values.len())].clone()
}

fn value(field: &'static Field, random: &mut Random) -> Value {
    match field.kind {
        Kind::Integer => number(field, random, true),
        Kind::Number => number(field, random, false),
        Kind::Boolean => json!(random.happens(500)),
        Kind::Choice(words) => json!(random.pick(words)),
        Kind::Choices(words) => json!(words.iter().filter(|_| random.happens(400)).collect::<Vec<_>>()),
        Kind::Color => json!(random.pick(&["#ffffff", "#10203080", "#00000000", "#c00"])),
        Kind::Ratio => json!(random.pick(&["1:1", "4:5", "16:9", "1:190", "200:1"])),
        Kind::Text | Kind::Lines => json!(random.pick(&["", "plain", "two\nlines", "Ωλ 字 \u{202e}abc"])),
        Kind::NamePattern => json!(random.pick(&NAMES)),
        Kind::Caption => {
            json!(random.pick(&["{name} {index:02}\n{exif.camera}", "", "{count} {date:%H:%M} {ext}", "字 {width}"]))
        }
        Kind::Expression => json!(random.pick(&CONDITIONS)),
        Kind::File(FileKind::Action) => json!(""),
        Kind::File(kind) => json!(kind.built_in().map_or("film", |file| file.name)),
        Kind::Point => json!({ "x": random.below(3) as f64 / 2.0, "y": random.unit() }),
        Kind::Gradient => json!([[0, "#ffffff"], [random.unit(), "#10203080"], [1, "#000000"]]),
        Kind::Curve => json!([[0, random.below(256)], [90, 70], [255, random.below(256)]]),
        Kind::Renditions => match random.below(3) {
            0 => json!([{ "width": 20 }]),
            1 => json!([{ "width": 1, "height": 90, "fit": "exact", "enlarge": true, "suffix": "-{height}" }]),
            _ => {
                json!([{ "width": 20, "height": 9, "fit": "fill", "format": "png" }, { "format": "jpeg", "suffix": "" }])
            }
        },
        Kind::Object => json!({}),
        Kind::Images => json!([]),
    }
}

/// Parameters that make an action run that has none by itself.
fn needed(action: &Action, raw: &mut Map<String, Value>) {
    for (key, value) in [
        ("width", json!(20)),
        ("height", json!(16)),
        ("x", json!(0)),
        ("y", json!(0)),
        ("lut", json!("film")),
        ("renditions", json!([{ "width": 20 }])),
    ] {
        if action.check(raw).is_empty() {
            return;
        }
        if action.fields.iter().any(|field| field.name == key) && !raw.contains_key(key) {
            raw.insert(key.to_owned(), value);
        }
    }
}

fn parameters(action: &'static Action, random: &mut Random, wrongs: usize) -> Value {
    let mut raw = Map::new();
    for field in action.fields.iter().filter(|field| field.kind != Kind::Images) {
        if random.happens(wrongs) {
            raw.insert(field.name.to_owned(), wrong(random));
        } else if random.happens(450) {
            raw.insert(field.name.to_owned(), value(field, random));
        }
    }
    if wrongs == 0 {
        // Some fields exclude each other.
        while !action.check(&raw).is_empty() && !raw.is_empty() {
            let mut keys = raw.keys().cloned();
            let key = keys.nth(random.below(raw.len())).expect("not empty");
            raw.remove(&key);
        }
        needed(action, &mut raw);
    }
    Value::Object(raw)
}

fn node(id: &str, kind: &str, parameters: Value) -> Value {
    json!({ "actionId": id, "actionType": kind, "parameters": parameters })
}

fn edge(source: &str, output: &str, target: &str, input: &str) -> Value {
    json!({ "connectionSource": source, "sourcePort": output, "connectionTarget": target, "targetPort": input })
}

fn files(names: &[&str]) -> Value {
    let file =
        |name: &&str| json!({ "name": name, "sourceUrl": format!("asset:{name}"), "path": format!("in/{name}") });
    names.iter().map(file).collect()
}

/// A document whose every transform takes its inputs from anything before it.
fn any_document(random: &mut Random, names: &[&str]) -> Value {
    // Of some, a parameter may be anything.
    let wrongs = if random.happens(150) { 60 } else { 0 };
    let count = if random.happens(200) { 1 + random.below(3) } else { 1 };
    let photos: Vec<&str> = (0..count).map(|_| random.pick(names)).collect();
    let mut list = vec![node("photos", "input-images", json!({ "images": files(&photos) }))];
    let mut edges = Vec::new();
    let mut before = vec![("photos".to_owned(), "outputs".to_owned())];
    if random.happens(600) {
        let auto_orient = random.happens(800);
        let images = files(&[random.pick(names)]);
        list.push(node("logo", "input-images", json!({ "images": images, "autoOrient": auto_orient })));
        before.push(("logo".to_owned(), "outputs".to_owned()));
    }
    if random.happens(120) {
        list.push(node("table", "input-files", json!({ "files": files(&[random.pick(&["table.csv", "short.csv"])]) })));
        list.push(node("rows", "parse-data", json!({})));
        list.push(node("named", "input-images", json!({ "images": files(&["one.png", "gray.png"]) })));
        edges.push(edge("table", "outputs", "rows", "input-files"));
        edges.push(edge("named", "outputs", "rows", "input-images"));
        if random.happens(600) {
            before.push(("rows".to_owned(), "photo".to_owned()));
        }
        if random.happens(600) {
            list.push(node("template", "input-files", json!({ "files": files(&["template.svg"]) })));
            list.push(node("banner", "merge-data", json!({ "width": 1 + random.below(90) })));
            edges.push(edge("template", "outputs", "banner", "template"));
            edges.push(edge("rows", "row", "banner", "data"));
            before.push(("banner".to_owned(), "outputs".to_owned()));
        }
    }
    let kinds: Vec<_> = catalog()
        .iter()
        .copied()
        .filter(|action| matches!(action.role, Role::Transform | Role::Sink | Role::Gather | Role::Note))
        .collect();
    let (mut is_split, mut is_gathered) = (false, false);
    for position in 0..1 + random.below(8) {
        let action = random.pick(&kinds);
        let id = format!("n{position}");
        // Pictures are gathered once, and pieces are not split again.
        if action.role == Role::Gather && std::mem::replace(&mut is_gathered, true) {
            continue;
        }
        let mut parameters = parameters(action, random, wrongs);
        if action.action_type == "split" && std::mem::replace(&mut is_split, true) {
            parameters["piece"] = json!(1);
        }
        let mut node = node(&id, action.action_type, parameters);
        if random.happens(60) {
            node["disabled"] = json!(true);
        }
        list.push(node);
        for port in action.inputs.iter().filter(|port| port.kind == PortType::Image) {
            if !port.required && random.happens(300) {
                continue;
            }
            // Long chains are likelier than wide trees.
            let at = if random.happens(600) { before.len() - 1 } else { random.below(before.len()) };
            let (source, output) = &before[at];
            edges.push(edge(source, output, &id, port.name));
        }
        if matches!(action.role, Role::Transform | Role::Gather) {
            before.extend(action.outputs.iter().map(|port| (id.clone(), port.name.to_owned())));
        }
    }
    json!({ "metadata": { "name": "random" }, "actions": list, "connections": edges })
}

#[test]
fn random_documents_end_in_time_with_files_or_a_failure_that_says_where() {
    let variable = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let length = Duration::from_secs(variable("PIXELMILL_RANDOM_GRAPHS").unwrap_or(20));
    let first = variable("PIXELMILL_RANDOM_SEED").unwrap_or(1);
    let all = pictures();
    let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
    let (runner, start) = (Runner::new(), Instant::now());
    let mut ends = BTreeMap::<End, u64>::new();
    let mut wrong: Vec<String> = Vec::new();
    for seed in first.. {
        if start.elapsed() >= length || wrong.len() >= 10 {
            println!("seeds {first} to {}: {ends:?}", seed - 1);
            break;
        }
        let document = any_document(&mut Random(seed), &names);
        let began = Instant::now();
        match runner.run(&document) {
            Ok(end) => *ends.entry(end).or_default() += 1,
            Err(why) => {
                wrong.push(format!("seed {seed}: {why}\n{document}"));
                if began.elapsed() >= TIME {
                    break;
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(ends.get(&End::Done) > ends.get(&End::Refused), "most documents run: {ends:?}");
}

/// A document with one action, on a picture; its other inputs get another one.
fn with_action(action: &Action, raw: &Map<String, Value>, photo: &str) -> Value {
    let count = if action.role == Role::Gather { 2 } else { 1 };
    let mut list = vec![
        node("photos", "input-images", json!({ "images": files(&vec![photo; count]) })),
        node("logo", "input-images", json!({ "images": files(&["translucent.png"]) })),
        node("it", action.action_type, Value::Object(raw.clone())),
    ];
    let images = action.inputs.iter().filter(|port| port.kind == PortType::Image).enumerate();
    let mut edges: Vec<Value> =
        images.map(|(at, port)| edge(["photos", "logo"][at.min(1)], "outputs", "it", port.name)).collect();
    // The encoder of WebP is a program that native builds do not have.
    let written = if photo.ends_with(".webp") { json!({ "format": "png" }) } else { json!({}) };
    if action.role == Role::Sink {
        list[2]["parameters"]
            .as_object_mut()
            .expect("an object")
            .extend(written.as_object().cloned().unwrap_or_default());
    } else {
        list.push(node("save", "output", written));
        edges.push(edge("it", action.outputs[0].name, "save", "input-images"));
    }
    json!({ "metadata": {}, "actions": list, "connections": edges })
}

/// The actions that do something with a picture; the user's own need a module.
fn workers() -> impl Iterator<Item = &'static Action> {
    let works = |action: &&Action| matches!(action.role, Role::Transform | Role::Sink | Role::Gather);
    catalog().iter().copied().filter(works).filter(|action| action.action_type != "custom")
}

#[test]
fn every_action_takes_every_kind_of_picture() {
    let runner = Runner::new();
    let mut wrong = Vec::new();
    for action in workers() {
        let mut raw = Map::new();
        needed(action, &mut raw);
        for (name, _) in pictures() {
            let mut raw = raw.clone();
            if action.action_type == "create-rendition" {
                raw.insert("renditions".to_owned(), json!([{ "width": 20, "format": "png" }]));
            }
            match runner.run(&with_action(action, &raw, name)) {
                Ok(End::Done) => {}
                Ok(End::Failed) if name == "broken.png" => {}
                // A picture without enough pixels, or without what the action looks for, may be refused, but clearly.
                Ok(End::Failed) if ["split", "trim", "subject-crop"].contains(&action.action_type) => {}
                other => wrong.push(format!("{} on {name}: {other:?}", action.action_type)),
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Values beyond a range, each with how it is far.
fn beyond(field: &Field, (low, high): (f64, f64)) -> Vec<Value> {
    let far = [json!(1e308), json!(-1e308), json!(f64::MAX), json!("5"), json!(true), json!([1])];
    let near = match field.kind {
        Kind::Integer => {
            [json!(high as i64 + 1), json!(low as i64 - 1), json!(high + 0.5), json!(9_007_199_254_740_993_u64)]
        }
        _ => [json!(high.next_up()), json!(low.next_down()), json!(high * 2.0 + 1.0), json!(low - 1e9)],
    };
    far.into_iter().chain(near).collect()
}

#[test]
fn every_parameter_holds_at_its_bounds_and_is_refused_beyond_them() {
    let runner = Runner::new();
    let mut wrong = Vec::new();
    let mut photos =
        pictures().into_iter().map(|(name, _)| name).filter(|name| *name != "broken.png").collect::<Vec<_>>();
    let mut count = 0;
    for action in workers() {
        let ranged = action.fields.iter().filter_map(|field| Some((field, field.range?)));
        for (field, (low, high)) in ranged {
            let with = |value: Value| {
                let mut raw = Map::from_iter([(field.name.to_owned(), value)]);
                needed(action, &mut raw);
                raw
            };
            let number = |value: f64| match field.kind {
                Kind::Integer => json!(value as i64),
                _ => json!(value),
            };
            let zero = (low..=high).contains(&0.0).then(|| json!(-0.0));
            for value in [number(low), number(high)].into_iter().chain(zero) {
                let raw = with(value.clone());
                let refused = action.check(&raw);
                if refused.iter().any(|issue| issue.field == field.name && issue.message.contains(" must be from")) {
                    wrong.push(format!("{}.{} refuses {value}: {refused:?}", action.action_type, field.name));
                } else if refused.is_empty() {
                    // Each on another kind of picture.
                    photos.rotate_left(1);
                    count += 1;
                    if let Err(why) = runner.run(&with_action(action, &raw, photos[0])) {
                        wrong.push(format!("{}.{} = {value} on {}: {why}", action.action_type, field.name, photos[0]));
                    }
                }
            }
            for value in beyond(field, (low, high)) {
                let issues = action.check(&with(value.clone()));
                let said = issues.iter().find(|issue| issue.field == field.name);
                let is_right = said.is_some_and(|issue| {
                    ["out_of_range", "wrong_type"].contains(&issue.code)
                        && !issue.message.is_empty()
                        && !issue.hint.is_empty()
                });
                if !is_right {
                    wrong.push(format!("{}.{} accepts {value}: {issues:?}", action.action_type, field.name));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(count > 200, "{count} values were run");
}

#[test]
fn the_random_documents_have_every_action() {
    let all = pictures();
    let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
    let mut seen: Vec<String> = Vec::new();
    for seed in 0..3000 {
        let document = any_document(&mut Random(seed), &names);
        for action in document["actions"].as_array().expect("a list") {
            let kind = action["actionType"].as_str().expect("a text").to_owned();
            if !seen.contains(&kind) {
                seen.push(kind);
            }
        }
    }
    let missing: Vec<_> = catalog().iter().filter(|action| !seen.iter().any(|one| one == action.action_type)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
