//! `http-action` in whole workflows: when a run stops for a server, and what becomes of what the server returns. The protocol is
//! tested where it is (`submission`), and the network in the browser.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails, also in its helpers")]

use pixelmill::actions::{Stop, http_action};
use pixelmill::codecs::{self, DecodeRequest, EncodeRequest, Format};
use pixelmill::engine::{Plan, Produced, Returned, Services, Source};
use pixelmill::error::{ErrorCategory, Failure};
use pixelmill::image::convert::convert;
use pixelmill::image::{Image, Pixels, Representation, Size};
use serde_json::{Value, json};

#[path = "shared/graphs.rs"]
mod graphs;

use graphs::{action, plan};

/// A picture of one colour.
fn plain(width: u32, height: u32, color: [u8; 3]) -> Vec<u8> {
    let pixels = std::iter::repeat_n(color, (width * height) as usize).flatten().collect();
    png(Image::new(Size::new(width, height), Pixels::Rgb(pixels)))
}

fn png(image: Image) -> Vec<u8> {
    codecs::encode(image, &EncodeRequest::new(Format::Png), None).unwrap().bytes
}

/// What a file shows, with opacity.
fn decoded(file: &[u8]) -> (Size, Vec<u8>) {
    let header = codecs::probe(file, "a.png").unwrap();
    let image = codecs::decode(file, &header, &DecodeRequest::whole(&header), "a.png").unwrap().image;
    match convert(image, Representation::Rgba) {
        Image { size, pixels: Pixels::Rgba(samples), .. } => (size, samples),
        other => panic!("{other:?}"),
    }
}

/// What a picture of one pixel shows.
fn pixel(color: [u8; 3]) -> (Size, Vec<u8>) {
    (Size::new(1, 1), vec![color[0], color[1], color[2], 255])
}

/// A step that sends the picture's file to `https://<server>.example`.
fn send(id: &str, server: &str) -> Value {
    action(id, "http-action", json!({ "submitEndpoint": format!("https://{server}.example/"), "body": "file" }))
}

fn save(id: &str) -> Value {
    action(id, "output", json!({ "format": "png" }))
}

/// Runs a plan as a host does, with `serve` as the servers: the results, and what was sent, by server.
fn run(
    plan: &Plan,
    file: &[u8],
    mut serve: impl FnMut(&str, &[u8]) -> Vec<u8>,
) -> Result<(Produced, Vec<String>), Failure> {
    let sources = [Source { name: "a.png", folder: "", bytes: file.into() }; 2];
    let plan = &*plan.decided(&sources);
    let (mut returned, mut sent) = (Returned::default(), Vec::new());
    loop {
        let services = Services { returned: Some(&returned), ..Services::default() };
        match plan.run(0, &sources, services) {
            Ok(produced) => return Ok((produced, sent)),
            Err(Stop::NeedsServer(submission)) => {
                let server = submission.submit.origin().to_owned();
                let file = serve(&server, &submission.body);
                sent.push(format!("{} {server}", returned.awaited_by(plan)));
                returned.add(file);
            }
            Err(stop) => return Err(stop.into_failure()),
        }
        assert!(sent.len() < 10, "it never ends");
    }
}

#[test]
fn each_step_sends_its_picture_once_and_goes_on_with_what_comes_back() {
    let steps = [
        send("first", "a"),
        action("crop", "crop", json!({ "x": 0, "y": 0, "width": 2, "height": 1 })),
        send("second", "b"),
        save("save"),
    ];
    let plan = plan(&steps, "photos>first first>crop crop>second second>save");
    let (produced, sent) = run(&plan, &plain(8, 6, [1, 2, 3]), |server, file| match server {
        "https://a.example" => {
            assert_eq!(decoded(file).0, Size::new(8, 6));
            plain(5, 4, [10, 20, 30])
        }
        _ => {
            assert_eq!(decoded(file), (Size::new(2, 1), [10, 20, 30, 255].repeat(2)));
            plain(1, 1, [7, 8, 9])
        }
    })
    .unwrap();
    assert_eq!(sent, ["first https://a.example", "second https://b.example"]);
    assert_eq!(decoded(&produced.outputs[0].encoded.bytes), pixel([7, 8, 9]));
    assert_eq!(produced.outputs[0].size, Size::new(1, 1));
}

#[test]
fn two_steps_on_the_same_picture_get_their_own_answers() {
    let steps = [send("left", "a"), send("right", "b"), save("one"), save("two")];
    let plan = plan(&steps, "photos>left photos>right left>one right>two");
    let (produced, sent) = run(&plan, &plain(3, 3, [1, 2, 3]), |server, _| {
        plain(1, 1, if server.contains("a.") { [1; 3] } else { [2; 3] })
    })
    .unwrap();
    assert_eq!(sent.len(), 2);
    let shown: Vec<_> = produced.outputs.iter().map(|output| decoded(&output.encoded.bytes)).collect();
    assert_eq!(shown, [pixel([1; 3]), pixel([2; 3])]);
}

#[test]
fn a_picture_that_a_condition_leads_elsewhere_is_not_sent() {
    let steps = [
        action("wide", "condition", json!({ "when": "width > height" })),
        send("send", "a"),
        save("sent"),
        save("kept"),
    ];
    let plan = plan(&steps, "photos>wide wide.then>send send>sent wide.else>kept");
    let nobody = |_: &str, _: &[u8]| panic!("it is sent");
    assert_eq!(run(&plan, &plain(2, 3, [1, 2, 3]), nobody).unwrap().0.outputs.len(), 1);
    let (_, sent) = run(&plan, &plain(3, 2, [1, 2, 3]), |_, _| plain(1, 1, [0; 3])).unwrap();
    assert_eq!(sent, ["send https://a.example"]);
}

#[test]
fn what_fails_names_the_step() {
    let plan = plan(&[send("send", "a"), save("save")], "photos>send send>save");
    let failure = run(&plan, &plain(2, 2, [1, 2, 3]), |_, _| b"<html></html>".to_vec()).unwrap_err();
    assert_eq!((failure.category, failure.action_id.as_deref()), (ErrorCategory::DownstreamError, Some("send")));
}

/// Without a host that sends pictures, such as in the benchmark.
#[test]
fn nothing_is_sent_where_the_host_does_not_do_so() {
    let plan = plan(&[send("send", "a"), save("save")], "photos>send send>save");
    let file = plain(2, 2, [1, 2, 3]);
    let sources = [Source { name: "a.png", folder: "", bytes: (&file).into() }; 2];
    let Err(Stop::Failed(failure)) = plan.run(0, &sources, Services::default()) else { panic!("it was sent") };
    assert_eq!((failure.category, failure.action_id.as_deref()), (ErrorCategory::ValidationError, Some("send")));
}

#[test]
fn the_page_about_it_names_every_parameter_with_its_default() {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/http-action.md");
    let page = std::fs::read_to_string(page).unwrap();
    let rows: Vec<Vec<&str>> = page
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    for field in http_action::HttpAction::FIELDS {
        let name = format!("`{}`", field.name);
        let row = rows.iter().find(|row| row[1].split(", ").any(|one| one == name)).expect(field.name);
        let place = row[1].split(", ").position(|one| one == name).unwrap();
        let stated = row[2].split(", ").nth(place).unwrap_or_default().trim_matches('`');
        let default = field.default.value();
        assert_eq!(stated, default.as_str().map_or_else(|| default.to_string(), str::to_owned), "{}", field.name);
    }
}

#[test]
fn an_animation_is_not_sent_frame_by_frame_but_one_frame_of_it_may_be() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/animation");
    let file = std::fs::read(folder.join("keep.gif")).unwrap();
    let nobody = |_: &str, _: &[u8]| panic!("it is sent");
    let gif = || action("save", "output", json!({ "format": "gif" }));
    let moving = plan(&[send("send", "a"), gif()], "photos>send send>save");
    let failure = run(&moving, &file, nobody).unwrap_err();
    assert_eq!(failure.action_id.as_deref(), Some("send"));
    assert!(failure.message.contains("Each frame"), "{failure:?}");

    let still =
        plan(&[send("send", "a"), action("save", "output", json!({ "format": "jpeg" }))], "photos>send send>save");
    let (_, sent) = run(&still, &file, |_, _| plain(1, 1, [0; 3])).unwrap();
    assert_eq!(sent.len(), 1, "a format without animation shows the first frame");

    // The second of three frames, and not the first as well, although that is always run.
    let at = action("still", "still", json!({ "at": 0.1 }));
    let chosen = plan(&[at.clone(), send("send", "a"), save("save")], "photos>still still>send send>save");
    let plainly = plan(&[at, save("save")], "photos>still still>save");
    let expected = decoded(&run(&plainly, &file, nobody).unwrap().0.outputs[0].encoded.bytes);
    let mut shown = Vec::new();
    let (produced, sent) = run(&chosen, &file, |_, file| {
        shown.push(decoded(file));
        plain(1, 1, [4, 5, 6])
    })
    .unwrap();
    assert_eq!((sent.len(), shown), (1, vec![expected]));
    assert_eq!(decoded(&produced.outputs[0].encoded.bytes), pixel([4, 5, 6]));
}
