//! Conditions in whole workflows: which way pictures take, and that the other one costs nothing.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails, also in its helpers")]

use std::cell::RefCell;

use pixelmill::actions::RunFacts;
use pixelmill::codecs::{self, EncodeRequest, Format};
use pixelmill::engine::{Plan, Produced, Services, Source, Steps};
use pixelmill::error::Failure;
use pixelmill::image::{Image, Pixels, Size};
use serde_json::{Value, json};

#[path = "shared/graphs.rs"]
mod graphs;

use graphs::{action, plan};

fn condition(id: &str, when: &str) -> Value {
    action(id, "condition", json!({ "when": when }))
}

fn save(id: &str) -> Value {
    action(id, "output", json!({ "format": "png", "name": format!("{{name}}-{id}.{{ext}}") }))
}

/// White, with a dark box in its middle.
fn boxed(size: Size, inner: Size) -> Vec<u8> {
    let (left, top) = ((size.width - inner.width) / 2, (size.height - inner.height) / 2);
    let is_inside = |x: u32, y: u32| (left..left + inner.width).contains(&x) && (top..top + inner.height).contains(&y);
    let pixels = (0..size.height)
        .flat_map(|y| (0..size.width).flat_map(move |x| if is_inside(x, y) { [40, 60, 90] } else { [255; 3] }));
    let image = Image::new(size, Pixels::Rgb(pixels.collect()));
    codecs::encode(image, &EncodeRequest::new(Format::Png), None).unwrap().bytes
}

fn plain(width: u32, height: u32) -> Vec<u8> {
    boxed(Size::new(width, height), Size::new(width, height))
}

/// A file whose header is sound, and whose pixels are missing.
fn hollow() -> Vec<u8> {
    let mut file = plain(90, 60);
    let start = file.windows(4).position(|bytes| bytes == b"IDAT").unwrap();
    file.truncate(start + 5);
    file
}

fn animation(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/data/animation/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn try_run(plan: &Plan, files: [&[u8]; 2], services: Services<'_>) -> Result<Produced, Failure> {
    let sources = files.map(|bytes| Source { name: "a.png", folder: "", bytes: bytes.into() });
    plan.run(0, &sources[..plan.graph().sources.len()], services).map_err(|stop| stop.into_failure())
}

fn run(plan: &Plan, files: [&[u8]; 2]) -> Produced {
    try_run(plan, files, Services::default()).unwrap_or_else(|failure| panic!("{failure:?}"))
}

/// The actions of the results, with the sizes of these.
fn results(produced: &Produced) -> Vec<(&str, u32, u32)> {
    let result = |output: &pixelmill::engine::ProducedOutput| {
        let size = codecs::probe(&output.encoded.bytes, "").unwrap().size;
        assert_eq!(size, output.size);
        (size.width, size.height)
    };
    produced.outputs.iter().map(|output| (output.action_id.as_str(), result(output).0, result(output).1)).collect()
}

fn codes(produced: &Produced) -> Vec<(&str, Option<&str>)> {
    produced.warnings.iter().map(|warning| (warning.code.as_str(), warning.action_id.as_deref())).collect()
}

#[test]
fn each_picture_takes_its_way() {
    let plan = plan(
        &[
            condition("shape", "width > height"),
            action("wide", "crop", json!({ "ratio": "4:3" })),
            action("tall", "crop", json!({ "ratio": "3:4" })),
            save("a"),
            save("b"),
            save("all"),
        ],
        "photos>shape shape.then>wide wide>a shape.else>tall tall>b photos>all",
    );
    let (landscape, portrait) = (plain(200, 90), plain(90, 200));
    let produced = run(&plan, [&landscape, &portrait]);
    assert_eq!(results(&produced), [("a", 120, 90), ("all", 200, 90)]);
    assert_eq!((produced.outputs[0].name.as_str(), codes(&produced)), ("a-a.png", vec![]));
    assert_eq!(results(&run(&plan, [&portrait, &portrait])), [("b", 90, 120), ("all", 90, 200)]);
}

#[test]
fn a_way_that_is_not_taken_costs_nothing() {
    // It needs a picture that cannot be read, a model that is missing, and more pixels than there may be.
    let plan = plan(
        &[
            condition("large", "megapixels >= 1"),
            action("cut", "remove-background", json!({ "method": "network", "model": "missing" })),
            action("mark", "watermark", json!({})),
            action("huge", "resize", json!({ "width": 65000, "height": 65000, "mode": "exact", "enlarge": true })),
            save("a"),
            save("b"),
        ],
        "photos>large large.then>cut cut>mark other>mark.overlay mark>huge huge>a large.else>b",
    );
    let photo = plain(40, 30);
    let sources =
        [photo.as_slice(), b"no picture"].map(|bytes| Source { name: "a.png", folder: "", bytes: bytes.into() });
    let decided = plan.decided(&sources);
    assert!(decided.networks().is_empty() && !plan.networks().is_empty());
    assert_eq!([0, 1].map(|position| decided.uses_input(position)), [true, false]);
    assert_eq!(results(&run(&plan, [&photo, b"no picture"])), [("b", 40, 30)]);
    assert!(try_run(&plan, [&plain(1250, 800), b"no picture"], Services::default()).is_err());
}

#[test]
fn a_picture_that_reaches_no_output_is_a_success_without_results() {
    let plan = plan(&[condition("shape", "width > height"), save("a")], "photos>shape shape.then>a");
    let produced = run(&plan, [&plain(30, 40), b""]);
    assert!(produced.outputs.is_empty() && produced.output_thumbnail.is_none());
    assert_eq!(codes(&produced), [("no_output", Some("shape"))]);
    let warning = &produced.warnings[0];
    assert!(!warning.is_doubt() && warning.message.starts_with("No output: "), "{warning:?}");
    assert_eq!((produced.input_size.width, produced.input_size.height), (30, 40));
    let thumbnail = codecs::probe(&produced.input_thumbnail.unwrap().bytes, "").unwrap();
    assert_eq!(thumbnail.size, Size::new(30, 40));
    assert_eq!(results(&run(&plan, [&plain(40, 30), b""])), [("a", 40, 30)]);
}

#[test]
fn after_a_trim_the_run_decides() {
    let plan = plan(
        &[
            action("trim", "trim", json!({})),
            condition("shape", "width > height and alpha == false"),
            action("mark", "watermark", json!({})),
            action("huge", "resize", json!({ "width": 60000, "enlarge": true })),
            action("wide", "flip", json!({})),
            save("a"),
            save("b"),
            save("trimmed"),
        ],
        "photos>trim trim>shape trim>trimmed shape.then>wide wide>a shape.else>mark other>mark.overlay mark>huge huge>b",
    );
    // The frame is upright and what is in it is not, and the other way round.
    let (wide, tall) = (boxed(Size::new(60, 90), Size::new(40, 20)), boxed(Size::new(90, 60), Size::new(20, 40)));
    // Neither is the other input decoded, nor is a limit passed.
    let produced = run(&plan, [&wide, &hollow()]);
    assert_eq!(results(&produced), [("a", 40, 20), ("trimmed", 40, 20)]);
    assert_eq!(codes(&produced), []);
    let thumbnail = codecs::probe(&produced.output_thumbnail.unwrap().bytes, "").unwrap();
    assert_eq!(thumbnail.size, Size::new(40, 20));
    let unread = try_run(&plan, [&tall, &hollow()], Services::default()).unwrap_err();
    assert_eq!(unread.action_id.as_deref(), Some("other"));
    let too_large = try_run(&plan, [&tall, &plain(9, 9)], Services::default()).unwrap_err();
    assert_eq!(too_large.action_id.as_deref(), Some("huge"));
    assert!(too_large.message.contains("pixels"), "{too_large:?}");
}

#[test]
fn after_a_trim_a_picture_may_reach_no_output_either() {
    let plan = plan(
        &[
            action("trim", "trim", json!({})),
            condition("one", "width > 30"),
            condition("two", "height > 30"),
            save("a"),
        ],
        "photos>trim trim>one one.then>two two.then>a",
    );
    let end = |width: u32, height: u32| {
        let produced = run(&plan, [&boxed(Size::new(60, 60), Size::new(width, height)), b""]);
        let codes =
            codes(&produced).into_iter().map(|(code, at)| format!("{code} {}", at.unwrap())).collect::<String>();
        (produced.outputs.len(), codes)
    };
    assert_eq!(end(40, 40), (1, String::new()));
    assert_eq!(end(40, 20), (0, "no_output two".to_owned()));
    assert_eq!(end(20, 40), (0, "no_output one".to_owned()));
}

#[test]
fn what_lacks_one_of_its_pictures_does_not_run() {
    for when in ["width > 50", "frames == 1 and width > 50"] {
        for before in ["flip", "trim"] {
            let plan = plan(
                &[
                    action("before", before, json!({})),
                    condition("size", when),
                    action("mark", "watermark", json!({})),
                    save("a"),
                    save("b"),
                ],
                "photos>mark other>before before>size size.then>mark.overlay mark>a photos>b",
            );
            let photo = plain(100, 80);
            assert_eq!(results(&run(&plan, [&photo, &plain(60, 60)])), [("a", 100, 80), ("b", 100, 80)]);
            assert_eq!(results(&run(&plan, [&photo, &plain(40, 60)])), [("b", 100, 80)]);
        }
    }
}

#[test]
fn conditions_ask_for_what_files_say() {
    let takes = |when: &str, name: &str, file: &[u8]| {
        let plan = plan(&[condition("it", when), save("yes"), save("no")], "photos>it it.then>yes it.else>no");
        let produced = plan.run(0, &[Source { name, folder: "", bytes: file.into() }], Services::default()).unwrap();
        assert_eq!(produced.outputs.len(), 1);
        produced.outputs[0].action_id == "yes"
    };
    let camera = std::fs::read(format!("{}/tests/data/metadata/all.jpg", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let plain = plain(8, 4);
    // As exiftool has it in tests/data/metadata/expected.json.
    for (when, of_camera, of_plain) in [
        ("exif.camera == 'K 7'", true, false),
        ("exif.camera == ''", false, true),
        ("exif.date ~ '????-??-??'", true, false),
        ("format == 'png'", false, true),
        ("name ~ '*-hero*'", true, false),
        ("ratio == 2", false, true),
        ("frames == 1", true, true),
    ] {
        assert_eq!(takes(when, "boat-hero.jpg", &camera), of_camera, "{when}");
        assert_eq!(takes(when, "boat.png", &plain), of_plain, "{when}");
    }
    assert!(takes(&format!("bytes == {}", plain.len()), "a.png", &plain));
    assert!(!takes(&format!("bytes > {}", plain.len()), "a.png", &plain));
}

/// The frames of a file.
fn frames(file: &[u8]) -> u32 {
    codecs::probe(file, "").unwrap().animation.map_or(1, |animation| animation.frames.unwrap())
}

#[test]
fn an_animation_takes_one_way_with_all_of_its_frames() {
    let file = animation("keep.gif");
    let count = frames(&file);
    assert!(count > 2);
    let gif = |id: &str| action(id, "output", json!({ "format": "gif" }));
    let takes = |steps: &[Value], edges: &str, when: &str| {
        let all = [steps, &[condition("it", when), gif("yes"), gif("no")]].concat();
        let plan = plan(&all, &format!("{edges}>it it.then>yes it.else>no"));
        let produced = run(&plan, [&file, b""]);
        let [output] = produced.outputs.as_slice() else { panic!("one way") };
        (output.action_id.clone(), frames(&output.encoded.bytes))
    };
    let way = |id: &str, frames: u32| (id.to_owned(), frames);
    let still = [action("still", "still", json!({}))];
    let part = [action("part", "trim-frames", json!({ "unit": "frames", "start": 1 }))];
    let trim = [action("trim", "subject-crop", json!({ "method": "flat-backdrop" }))];
    assert_eq!(takes(&[], "photos", &format!("frames == {count}")), way("yes", count));
    assert_eq!(takes(&[], "photos", &format!("frames > {count}")), way("no", count));
    assert_eq!(takes(&still, "photos>still still", "frames == 1"), way("yes", 1));
    assert_eq!(takes(&part, "photos>part part", &format!("frames == {}", count - 1)), way("yes", count - 1));
    // Found while it runs, by its first frame.
    assert_eq!(takes(&trim, "photos>trim trim", "width > 0"), way("yes", count));
    assert_eq!(takes(&trim, "photos>trim trim", "width == 0"), way("no", count));
}

#[test]
fn an_animation_with_a_branch_for_its_logo_is_whole() {
    let file = animation("keep.gif");
    let workflow = plan(
        &[
            action("trim", "trim", json!({})),
            condition("size", "width >= 10"),
            action("mark", "watermark", json!({})),
            action("save", "output", json!({ "format": "gif" })),
        ],
        "photos>mark other>trim trim>size size.then>mark.overlay mark>save",
    );
    let made = |inner: u32| {
        let produced = run(&workflow, [&file, &boxed(Size::new(30, 30), Size::new(inner, inner))]);
        produced.outputs.iter().map(|output| frames(&output.encoded.bytes)).collect::<Vec<_>>()
    };
    assert_eq!(made(20), [frames(&file)]);
    assert_eq!(made(5), [0; 0]);
}

#[test]
fn previews_follow_an_edited_condition() {
    let steps = RefCell::new(Steps::new(64 << 20));
    let made = |when: &str, before: &str| {
        let plan = plan(
            &[
                action("before", before, json!({})),
                condition("it", when),
                action("wide", "resize", json!({ "width": 20 })),
                save("a"),
                save("b"),
            ],
            "photos>before before>it it.then>wide wide>a it.else>b",
        );
        let services = Services { steps: Some(&steps), ..Services::default() };
        let file = boxed(Size::new(90, 60), Size::new(60, 30));
        let produced = try_run(&plan, [&file, b""], services).unwrap();
        assert!(produced.warnings.is_empty());
        results(&produced).into_iter().map(|(id, width, height)| format!("{id} {width} × {height}")).collect::<String>()
    };
    for _ in 0..2 {
        assert_eq!(made("width == 90", "flip"), "a 20 × 13");
        assert_eq!(made("width == 60", "flip"), "b 90 × 60");
        assert_eq!(made("width == 90", "trim"), "b 60 × 30");
        assert_eq!(made("width == 60", "trim"), "a 20 × 10");
    }
}

#[test]
fn thumbnails_are_those_of_the_way_that_is_taken() {
    let steps = RefCell::new(Steps::new(64 << 20));
    let ids = |before: &str| {
        let all = [
            action("before", before, json!({})),
            condition("it", "width > 1"),
            action("yes", "flip", json!({})),
            action("no", "flip", json!({})),
        ];
        let plan = plan(&all, "photos>before before>it it.then>yes it.else>no");
        let services = Services { steps: Some(&steps), thumbnails: true, ..Services::default() };
        let produced = try_run(&plan, [&boxed(Size::new(90, 60), Size::new(60, 30)), b""], services).unwrap();
        assert!(produced.outputs.is_empty() && produced.warnings.is_empty());
        let mut ids: Vec<_> = produced.thumbnails.into_iter().map(|(id, _)| id).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids("flip"), ["before", "it", "photos", "yes"]);
    assert_eq!(ids("trim"), ["before", "it", "photos", "yes"]);
}

#[test]
fn a_sample_takes_the_way_of_the_whole_picture() {
    let file = plain(2000, 60);
    let sample = |when: &str, before: &str| {
        let plan = plan(
            &[action("before", before, json!({})), condition("it", when), save("a"), save("b")],
            "photos>before before>it it.then>a it.else>b",
        );
        let sources = [Source { name: "a.png", folder: "", bytes: (&file).into() }];
        let sample = plan.sample(&sources).unwrap()?;
        let produced = sample.run(0, &sources, Services::default()).unwrap();
        let output = &produced.outputs[0];
        assert!(codecs::probe(&output.encoded.bytes, "").unwrap().size.width < 2000);
        Some((output.action_id.clone(), output.size))
    };
    let whole = Size::new(2000, 60);
    assert_eq!(sample("width == 2000", "flip"), Some(("a".to_owned(), whole)));
    assert_eq!(sample("megapixels < 0.12", "flip"), Some(("b".to_owned(), whole)));
    assert_eq!(sample("width == 2000", "trim"), None);
}

#[test]
fn a_small_original_is_kept_on_both_ways() {
    let file = plain(64, 48);
    for when in ["width == 64", "width != 64"] {
        for steps in ["photos>it", "photos>crop crop>it"] {
            let output = |id: &str| action(id, "output", json!({ "keepOriginalIfSmaller": true, "metadata": "strip" }));
            let crop = action("crop", "subject-crop", json!({ "method": "flat-backdrop", "margin": 1 }));
            let all = [condition("it", when), output("a"), output("b"), crop];
            let used = if steps.contains("crop") { &all[..] } else { &all[..3] };
            let plan = plan(used, &format!("{steps} it.then>a it.else>b"));
            let produced = run(&plan, [&file, b""]);
            let kept = produced.warnings.iter().filter(|warning| warning.code == "original_kept").count();
            assert_eq!((produced.outputs.len(), kept), (1, 1), "{when} {steps}");
        }
    }
}

#[test]
fn placeholders_say_the_same_in_names_and_conditions() {
    // 2024-12-31, 23:05:09.
    let facts = RunFacts { clock: 1_735_686_309_999.0, count: 12 };
    let named = "{path}-{index:03}-{count}-{date:%Y}-{param.small.width}-{param.unit}.{ext}";
    let plan_of = |when: &str| {
        let plan = plan(
            &[
                condition("way", when),
                action("small", "resize", json!({ "width": 30.0, "enlarge": true })),
                action("text", "pad", json!({ "width": 31 })),
                action(
                    "then",
                    "output",
                    json!({ "name": named.replace("{param.unit}", "{param.way.when}"), "format": "png" }),
                ),
                action("else", "output", json!({ "name": named.replace("{param.unit}", "{param.then.format}") })),
            ],
            "photos>small small>way way.then>then way.else>text text>else",
        );
        plan.for_run(facts)
    };
    let photo = plain(40, 30);
    let produced = |when: &str| {
        let sources = [Source { name: "Oak.png", folder: "trees/old", bytes: (&photo).into() }];
        let produced = plan_of(when).run(7, &sources, Services::default()).map_err(|stop| stop.into_failure()).unwrap();
        (produced.outputs[0].action_id.clone(), produced.outputs[0].name.clone(), produced.warnings)
    };
    let hash = format!("{:.8}", pixelmill::library::sha256(&photo));
    for (when, holds) in [
        ("{folder} == 'trees/old' and {name} == 'oak' and {ext} == 'png' and {path} == 'trees/old/oak'", true),
        ("{index} == 7 and index == 7 and count == 12 and {count} == 12", true),
        ("{width} == 30 and {param.small.width} == 30 and {param.small.width} == width", true),
        ("{date:%Y-%m-%d} == '2024-12-31' and {date:%H} > 22 and {date:%H} != 5", true),
        (&format!("{{hash:8}} == '{hash}'"), true),
        ("{param.then.format} == 'jpeg'", false),
        ("{exif.camera} == 'X100V'", false),
    ] {
        let (output, name, warnings) = produced(when);
        let unit = if holds { when.replace('/', "-") } else { "png".to_owned() };
        let expected = format!("trees/old/Oak-007-12-2024-30-{unit}.png");
        assert_eq!((output.as_str(), name), (if holds { "then" } else { "else" }, expected), "{when}");
        assert_eq!(warnings, []);
    }
}

#[test]
fn a_name_of_which_nothing_is_left_is_that_of_the_input() {
    for (pattern, expected) in [
        ("{exif.camera}{exif.date}", "Oak.png"),
        ("{date:%Y}/{exif.camera}", "1970/Oak.png"),
        ("", "Oak.png"),
        ("{exif.camera}-{ext}", "-png"),
    ] {
        let plan = plan(&[action("save", "output", json!({ "name": pattern }))], "photos>save");
        let (photo, name) = (plain(4, 3), "Oak.png");
        let sources = [Source { name, folder: "", bytes: (&photo).into() }];
        let produced = plan.run(0, &sources, Services::default()).map_err(|stop| stop.into_failure()).unwrap();
        assert_eq!(produced.outputs[0].name, expected, "{pattern}");
    }
}
