//! Actions that gather the pictures of a batch: what each execution stages, and what becomes of all. Expected pixels follow from
//! the layout's formula; files are written and read by the crate `png`.

use std::io::Cursor;

use pixelmill::actions::gather::staged_picture;
use pixelmill::engine::{Gathered, InputAsset, Produced, Services, Source, StagedPlan, Stages};
use pixelmill::error::Failure;
use pixelmill::lettering::typesetting::FontTypesetter;
use pixelmill::workflow::{Workflow, check};
use serde_json::{Value, json};

/// `photos→…→save`, with so many pictures and these steps in a row.
fn document(count: usize, steps: &[(&str, Value)]) -> Value {
    let images: Vec<Value> =
        (0..count).map(|at| json!({ "name": format!("p{at}.png"), "sourceUrl": format!("asset:{at}") })).collect();
    let mut actions =
        vec![json!({ "actionId": "photos", "actionType": "input-images", "parameters": { "images": images } })];
    let mut connections = Vec::new();
    let mut before = "photos";
    for (kind, parameters) in steps {
        actions.push(json!({ "actionId": kind, "actionType": kind, "parameters": parameters }));
        connections.push(json!({ "connectionSource": before, "sourcePort": "outputs",
            "connectionTarget": kind, "targetPort": "input-images" }));
        before = kind;
    }
    json!({ "metadata": {}, "actions": actions, "connections": connections })
}

fn read(document: &Value) -> Workflow {
    let (workflow, found) = check(document);
    assert!(found.iter().all(|one| !one.is_error()), "{found:#?}");
    workflow
}

/// A picture of one colour, as a file.
fn plain(width: u32, height: u32, color: [u8; 4]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgba);
    let mut writer = encoder.write_header().expect("written");
    writer.write_image_data(&color.repeat((width * height) as usize)).expect("written");
    writer.finish().expect("written");
    file
}

/// What is shown, as RGBA.
struct Shown {
    width: u32,
    height: u32,
    rgba: Vec<u8>,
}

impl Shown {
    fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    fn at(&self, x: u32, y: u32) -> [u8; 4] {
        let at = 4 * (y * self.width + x) as usize;
        self.rgba[at..at + 4].try_into().expect("four")
    }
}

/// Every frame of a file, as stored, with its delay in ms.
fn frames(bytes: &[u8]) -> Vec<(Shown, u32)> {
    let mut decoder = png::Decoder::new(Cursor::new(bytes));
    decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::ALPHA);
    let mut reader = decoder.read_info().expect("a PNG file");
    let count = reader.info().animation_control().map_or(1, |control| control.num_frames);
    let frame = |_| {
        let mut buffer = vec![0; reader.output_buffer_size().expect("fits")];
        let info = reader.next_frame(&mut buffer).expect("a frame");
        buffer.truncate(info.buffer_size());
        let delay = reader
            .info()
            .frame_control()
            .map_or(0, |frame| u32::from(frame.delay_num) * 1000 / u32::from(frame.delay_den));
        let rgba = match info.color_type {
            png::ColorType::GrayscaleAlpha => buffer.as_chunks().0.iter().flat_map(|[v, a]| [*v, *v, *v, *a]).collect(),
            _ => buffer,
        };
        (Shown { width: info.width, height: info.height, rgba }, delay)
    };
    (0..count).map(frame).collect()
}

fn opened(bytes: &[u8]) -> Shown {
    frames(bytes).swap_remove(0).0
}

fn typesetter() -> FontTypesetter {
    FontTypesetter::new(include_bytes!("../src/lettering/roboto/Roboto-Regular.ttf").to_vec()).expect("a font")
}

/// Runs a batch: every picture, then what gathers, in the order of the executions. A picture without bytes has failed.
fn run(document: &Value, files: &[Option<Vec<u8>>]) -> Vec<Result<Produced, Failure>> {
    let workflow = read(document);
    let stages = Stages::resolve(&workflow).expect("valid");
    let plan = StagedPlan::build(&workflow).expect("valid");
    let typesetter = typesetter();
    let services = Services { typesetter: Some(&typesetter), ..Services::default() };
    let assets = stages.input_assets(None);
    let mut made: Vec<Result<Produced, Failure>> = Vec::new();
    for InputAsset { index, inputs, gathered, .. } in assets {
        let produced = match &gathered {
            None => match &files[index as usize] {
                Some(bytes) => {
                    let sources = [Source { name: &inputs[0].name, folder: "", bytes: bytes.into() }];
                    plan.each.run(index, &sources, services).map_err(|stop| stop.into_failure())
                }
                None => Err(Failure::input("It is broken.", "Use another.")),
            },
            Some(gathered) => gather(&plan, gathered, &made, services),
        };
        made.push(produced);
    }
    made
}

fn gather(
    plan: &StagedPlan,
    gathered: &Gathered,
    made: &[Result<Produced, Failure>],
    services: Services<'_>,
) -> Result<Produced, Failure> {
    let plan = plan.gathering(&gathered.action_id).expect("there");
    let range = gathered.from as usize..(gathered.from + gathered.count) as usize;
    let produced = made[range].iter().flatten().flat_map(|produced| &produced.outputs);
    let staged: Vec<_> = produced.filter(|output| output.is_staged && output.action_id == gathered.action_id).collect();
    let mut gathering = plan.begin(staged.len() as u32, staged.first().map(|first| first.size))?;
    for output in staged {
        gathering.add(staged_picture(&output.encoded.bytes, "")?)?;
    }
    let file = gathering.finish()?;
    let sources = [Source { name: plan.name, folder: "", bytes: (&file.bytes).into() }];
    plan.after.run(gathered.part, &sources, services).map_err(|stop| stop.into_failure())
}

const RED: [u8; 4] = [200, 10, 20, 255];
const GREEN: [u8; 4] = [0, 160, 40, 255];
const BLUE: [u8; 4] = [30, 60, 220, 255];

#[test]
fn a_contact_sheet_follows_its_formula_to_the_pixel() {
    // In cells of 40: 40 × 20, 20 × 40, 30 × 30 (not enlarged), 40 × 40, and 40 × 10.
    let files = [(80, 40, RED), (40, 80, GREEN), (30, 30, BLUE), (400, 400, RED), (80, 20, GREEN)];
    let small = [(40, 20), (20, 40), (30, 30), (40, 40), (40, 10)];
    let sheet = json!({ "columns": 3, "cell": 40, "gap": 7, "background": "#102030", "caption": "" });
    let document = document(5, &[("contact-sheet", sheet), ("output", json!({ "format": "png" }))]);
    let bytes: Vec<_> = files.iter().map(|(w, h, color)| Some(plain(*w, *h, *color))).collect();
    let made = run(&document, &bytes);
    assert_eq!(made.len(), 6);
    let outputs = &made[5].as_ref().expect("made").outputs;
    assert_eq!(outputs.len(), 1);
    assert_eq!((outputs[0].name.as_str(), outputs[0].action_id.as_str()), ("contact-sheet.png", "output"));
    let shown = opened(&outputs[0].encoded.bytes);
    assert_eq!(shown.size(), (3 * 47 + 7, 2 * 47 + 7));
    let expected = |x: u32, y: u32| {
        for (at, ((_, _, color), (width, height))) in files.iter().zip(small).enumerate() {
            let (left, top) = (7 + at as u32 % 3 * 47 + (40 - width) / 2, 7 + at as u32 / 3 * 47 + (40 - height) / 2);
            if (left..left + width).contains(&x) && (top..top + height).contains(&y) {
                return *color;
            }
        }
        [0x10, 0x20, 0x30, 255]
    };
    for (x, y) in (0..shown.height).flat_map(|y| (0..shown.width).map(move |x| (x, y))) {
        assert_eq!(shown.at(x, y), expected(x, y), "{x}, {y}");
    }
}

#[test]
fn what_is_staged_is_no_result_and_every_output_before_it_is() {
    let mut document = document(2, &[("contact-sheet", json!({})), ("output", json!({ "format": "jpeg" }))]);
    let all = document["actions"].as_array_mut().expect("a list");
    all.push(json!({ "actionId": "small", "actionType": "resize", "parameters": { "width": 8 } }));
    let ways = document["connections"].as_array_mut().expect("a list");
    ways.push(json!({ "connectionSource": "photos", "sourcePort": "outputs",
        "connectionTarget": "small", "targetPort": "input-images" }));
    let made = run(&document, &[Some(plain(40, 30, RED)), Some(plain(20, 30, BLUE))]);
    for produced in &made[..2] {
        let outputs = &produced.as_ref().expect("made").outputs;
        let names: Vec<_> = outputs.iter().map(|one| (one.action_id.as_str(), one.is_staged, one.size.width)).collect();
        assert!(names.contains(&("small", false, 8)), "{names:?}");
        assert_eq!(names.iter().filter(|(id, is_staged, _)| *id == "contact-sheet" && *is_staged).count(), 1);
        assert_eq!(names.len(), 2);
    }
    let sheet = &made[2].as_ref().expect("made").outputs;
    assert_eq!((sheet.len(), sheet[0].name.as_str()), (1, "contact-sheet.jpg"));
}

#[test]
fn sheets_have_so_many_rows_and_one_is_made_without_what_failed() {
    let sheet = json!({ "columns": 2, "rows": 2, "cell": 20, "gap": 0, "caption": "" });
    let document = document(5, &[("contact-sheet", sheet)]);
    let file = || Some(plain(20, 20, RED));
    let made = run(&document, &[file(), None, file(), file(), file()]);
    assert_eq!(made.len(), 7, "two sheets");
    let sizes: Vec<_> =
        made[5..].iter().map(|one| opened(&one.as_ref().expect("made").outputs[0].encoded.bytes).size()).collect();
    assert_eq!(sizes, [(40, 40), (20, 20)], "three of four, and one");
    let none = run(&document, &[None, None, None, None, file()]);
    let failure = none[5].as_ref().expect_err("nothing to gather");
    assert_eq!(failure.action_id.as_deref(), Some("contact-sheet"));
    assert!(none[6].is_ok());
}

#[test]
fn a_sheet_for_paper_is_as_large_as_the_paper() {
    let sheet =
        |columns: u32| json!({ "columns": columns, "pageSize": "a4", "resolution": 72, "caption": "", "gap": 10 });
    // 595 × 842 px: cells of (595 − 3 × 10) / 2 = 282, of which (842 − 10) / 292 = 2 rows fit.
    let document_of = |columns: u32| document(5, &[("contact-sheet", sheet(columns))]);
    let files: Vec<_> = (0..5).map(|_| Some(plain(300, 300, BLUE))).collect();
    let made = run(&document_of(2), &files);
    assert_eq!(made.len(), 7, "four on the first");
    for (at, sheet) in made[5..].iter().enumerate() {
        let shown = opened(&sheet.as_ref().expect("made").outputs[0].encoded.bytes);
        assert_eq!(shown.size(), (595, 842), "{at}");
        assert_eq!(shown.at(10, 10), BLUE);
        assert_eq!(shown.at(9, 10), [255; 4]);
        assert_eq!(shown.at(10 + 281, 10 + 281), BLUE);
        assert_eq!(shown.at(10 + 282, 10 + 281), [255; 4]);
    }
}

#[test]
fn captions_are_below_their_pictures() {
    let sheet = json!({ "columns": 2, "cell": 60, "gap": 4, "captionSize": 12, "caption": "{name}", "captionColor": "#ff0000" });
    let document = document(2, &[("contact-sheet", sheet)]);
    let made = run(&document, &[Some(plain(90, 90, BLUE)), Some(plain(90, 45, BLUE))]);
    let shown = opened(&made[2].as_ref().expect("made").outputs[0].encoded.bytes);
    // A line of 18 px.
    assert_eq!(shown.size(), (2 * 64 + 4, 60 + 18 + 8));
    let reddish = |left: u32, top: u32, width: u32, height: u32| {
        let pixels = (left..left + width).flat_map(|x| (top..top + height).map(move |y| (x, y)));
        pixels
            .filter(|(x, y)| {
                let [r, g, b, _] = shown.at(*x, *y);
                r > 200 && g < 160 && b < 160
            })
            .count()
    };
    for left in [4, 68] {
        assert!(reddish(left, 64, 60, 18) > 15, "{left}");
        assert_eq!(reddish(left, 4, 60, 60), 0, "none on the picture");
    }
    assert_eq!(shown.at(4, 4), BLUE);
    assert_eq!(shown.at(68, 4), [255; 4]);
    assert_eq!(shown.at(68, 4 + 15), BLUE);
}

#[test]
fn an_animation_has_the_pictures_as_frames() {
    let animate = json!({ "delay": 0.25, "loop": 3, "background": "#ffff00" });
    let document = document(3, &[("animate", animate), ("output", json!({ "format": "png" }))]);
    let files = [(40, 20, RED), (80, 40, GREEN), (20, 20, BLUE)];
    let bytes: Vec<_> = files.iter().map(|(w, h, color)| Some(plain(*w, *h, *color))).collect();
    let made = run(&document, &bytes);
    let output = &made[3].as_ref().expect("made").outputs[0];
    assert_eq!(output.name, "animate.png");
    let frames = frames(&output.encoded.bytes);
    assert_eq!(frames.len(), 3);
    for ((frame, delay), (_, _, color)) in frames.iter().zip(files) {
        assert_eq!((*delay, frame.size(), frame.at(20, 10)), (250, (40, 20), color));
    }
    // The third fills the height only.
    assert_eq!(frames[2].0.at(9, 10), [255, 255, 0, 255]);
    assert_eq!(frames[2].0.at(10, 10), BLUE);
    let plays = output.encoded.bytes.windows(4).position(|four| four == b"acTL").expect("acTL") + 8;
    assert_eq!(output.encoded.bytes[plays..plays + 4], 3_u32.to_be_bytes());
}

#[test]
fn one_picture_is_a_preview_of_what_gathers() {
    let steps =
        [("contact-sheet", json!({ "cell": 40, "gap": 5, "caption": "" })), ("output", json!({ "format": "png" }))];
    let workflow = read(&document(1, &steps));
    let plan = pixelmill::engine::Plan::build(&workflow).expect("valid");
    let bytes = plain(80, 40, GREEN);
    let sources = [Source { name: "a.png", folder: "", bytes: (&bytes).into() }];
    let produced = plan.run(0, &sources, Services::default()).expect("runs");
    let shown = opened(&produced.outputs[0].encoded.bytes);
    assert_eq!(shown.size(), (50, 50));
    assert_eq!((shown.at(5, 15), shown.at(5, 14)), (GREEN, [255; 4]));
}

#[test]
fn what_follows_may_use_one_picture_for_all() {
    let mut document = document(2, &[("contact-sheet", json!({ "cell": 40, "caption": "" })), ("blend", json!({}))]);
    let all = document["actions"].as_array_mut().expect("a list");
    all.push(json!({ "actionId": "logo", "actionType": "input-images",
        "parameters": { "images": [{ "name": "logo.png", "sourceUrl": "asset:logo" }] } }));
    let ways = document["connections"].as_array_mut().expect("a list");
    ways.push(json!({ "connectionSource": "logo", "sourcePort": "outputs",
        "connectionTarget": "blend", "targetPort": "overlay" }));
    let stages = Stages::resolve(&read(&document)).expect("valid");
    let inputs: Vec<Vec<String>> = (stages.input_assets(None).iter())
        .map(|asset| asset.inputs.iter().map(|input| input.action_id.clone()).collect())
        .collect();
    assert_eq!(inputs, [vec!["photos"], vec!["photos"], vec!["logo"]]);
}

#[test]
fn what_cannot_be_gathered_is_an_error() {
    let codes = |document: &Value| -> Vec<String> {
        let found = check(document).1;
        found.iter().filter(|one| one.is_error()).map(|one| one.code.clone()).collect()
    };
    let twice = document(2, &[("contact-sheet", json!({})), ("animate", json!({}))]);
    assert_eq!(codes(&twice), ["gathered_twice"]);
    let mut beside = document(2, &[("contact-sheet", json!({})), ("blend", json!({}))]);
    beside["connections"].as_array_mut().expect("a list").push(json!({ "connectionSource": "photos",
        "sourcePort": "outputs", "connectionTarget": "blend", "targetPort": "overlay" }));
    assert_eq!(codes(&beside), ["gathered_and_single"]);
    // A text is the same for all pictures.
    let mut titled = document(2, &[("contact-sheet", json!({})), ("text", json!({}))]);
    titled["actions"]
        .as_array_mut()
        .expect("a list")
        .push(json!({ "actionId": "title", "actionType": "input-text", "parameters": {} }));
    titled["connections"].as_array_mut().expect("a list").push(json!({ "connectionSource": "title",
        "sourcePort": "text", "connectionTarget": "text", "targetPort": "text" }));
    assert_eq!(codes(&titled), [""; 0]);
    let tight = json!({ "pageSize": "a4", "resolution": 36, "columns": 50, "gap": 20 });
    assert_eq!(codes(&document(2, &[("contact-sheet", tight)])), ["cannot_gather"]);
    assert_eq!(codes(&document(2, &[("contact-sheet", json!({})), ("resize", json!({ "width": 9 }))])), [""; 0]);
}
