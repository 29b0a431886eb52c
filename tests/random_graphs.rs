//! The whole catalog on unusual pictures: random documents, and every parameter at, beyond and far beyond its bounds. Whatever
//! comes, a run ends in time, with files within the limits or with a failure that says where and what to do.
//!
//! Random documents are made from a seed and the schema alone, so that a failure can be had again: it names its seed.
//! `PIXELMILL_RANDOM_GRAPHS=600` runs them for ten minutes instead of twenty seconds, from `PIXELMILL_RANDOM_SEED` on.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use pixelmill::actions::parameters::{Field, Kind};
use pixelmill::actions::{Action, PortType, Role, catalog, find};
use pixelmill::user_file::FileKind;
use serde_json::{Map, Value, json};

#[path = "shared/host.rs"]
mod host;

use host::{Host, Ran, pictures, run};

/// How long one document may take, in a build without optimisations on a busy machine.
const TIME: Duration = Duration::from_secs(240);
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

// ---- Running documents -----------------------------------------------------------------------------------------------------

/// What became of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Refused,
    Failed,
    Done,
}

fn end(document: &Value, host: &Host) -> Result<End, String> {
    Ok(match run(document, host)? {
        Ran::Refused(_) => End::Refused,
        Ran::Executions(all) if all.iter().flatten().any(Result::is_err) => End::Failed,
        Ran::Executions(_) => End::Done,
    })
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
                    let end = catch_unwind(AssertUnwindSafe(|| end(&document, &host)));
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
    if action.action_type == "contact-sheet" {
        // On paper at the usual 300 ppi it has 9 megapixels, which take minutes without optimisations.
        raw.insert("resolution".to_owned(), json!(36));
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
    let mut texts = Vec::new();
    if random.happens(300) {
        let action = find("input-text").expect("an action");
        list.push(node("said", "input-text", parameters(action, random, wrongs)));
        texts.push(("said", "text"));
    }
    if list.iter().any(|node| node["actionId"] == "rows") {
        texts.push(("rows", "photo"));
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
        for port in action.inputs.iter().filter(|port| port.kind == PortType::Text) {
            // What rows say is not the same for all pictures.
            texts.retain(|(source, _)| *source == "said" || !is_gathered);
            if !texts.is_empty() && random.happens(500) {
                let (source, output) = texts[random.below(texts.len())];
                edges.push(edge(source, output, &id, port.name));
            }
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
