//! Running the rows of a table: what becomes an execution, what is wrong with a table, and templates that are filled in.

use pixelmill::actions::gather::staged_picture;
use pixelmill::codecs::{self, DecodeRequest, EncodeRequest, Format};
use pixelmill::data::Table;
use pixelmill::engine::{Graph, InputAsset, Plan, Produced, Services, Source, StagedPlan, Stages};
use pixelmill::image::convert::convert;
use pixelmill::image::{Image, Pixels, Representation, Size};
use pixelmill::workflow::{Diagnostic, check};
use serde_json::{Value, json};

const SVG: &str = "xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink'";

fn table(text: &str) -> Table {
    Table::read(text.as_bytes(), None).expect("a table")
}

/// An action and its port.
fn ends(end: &str) -> (&str, &str) {
    end.split_once('.').expect("an action and its port")
}

fn edge(from: &str, to: &str) -> Value {
    let ((source, output), (target, input)) = (ends(from), ends(to));
    json!({ "connectionSource": source, "sourcePort": output, "connectionTarget": target, "targetPort": input })
}

fn action(id: &str, kind: &str, parameters: Value) -> Value {
    json!({ "actionId": id, "actionType": kind, "parameters": parameters })
}

fn files(names: &[&str]) -> Value {
    names.iter().map(|name| json!({ "name": name, "sourceUrl": format!("asset:{name}") })).collect()
}

/// Photos that rows name, with a caption each.
fn captions(names: &[&str]) -> Value {
    json!({
        "actions": [
            action("table", "input-files", json!({ "files": files(&["prices.csv"]) })),
            action("photos", "input-images", json!({ "images": files(names) })),
            action("rows", "parse-data", json!({})),
            action("price", "condition", json!({ "when": "row.price > 10" })),
            action("save", "output", json!({ "format": "png", "name": "{row.Article No}-{name}.{ext}" })),
        ],
        "connections": [
            edge("table.outputs", "rows.input-files"),
            edge("photos.outputs", "rows.input-images"),
            edge("rows.photo", "price.input-images"),
            edge("price.then", "save.input-images"),
        ],
    })
}

/// A banner of a template.
fn banners(width: Option<u32>) -> Value {
    json!({
        "actions": [
            action("table", "input-files", json!({ "files": files(&["banners.csv"]) })),
            action("photos", "input-images", json!({ "images": files(&["a.png", "b.png"]) })),
            action("template", "input-files", json!({ "files": files(&["banner.svg"]) })),
            action("rows", "parse-data", json!({})),
            action("banner", "merge-data", json!({ "width": width })),
            action("save", "output", json!({ "format": "png", "name": "{name}.{ext}" })),
        ],
        "connections": [
            edge("table.outputs", "rows.input-files"),
            edge("photos.outputs", "rows.input-images"),
            edge("rows.row", "banner.data"),
            edge("template.outputs", "banner.template"),
            edge("banner.outputs", "save.input-images"),
        ],
    })
}

fn plan(document: &Value) -> Plan {
    let (workflow, found) = check(document);
    assert_eq!(found.iter().filter(|one| one.is_error()).collect::<Vec<_>>(), [] as [&Diagnostic; 0]);
    Plan::build(&workflow).expect("a plan")
}

fn graph(document: &Value) -> Graph {
    Graph::resolve(&check(document).0).expect("a graph")
}

fn bound(document: &Value, table: Table, template: Option<&str>) -> Plan {
    let mut plan = plan(document);
    let templates: Vec<_> = template.map(|text| ("banner".to_owned(), text.to_owned())).into_iter().collect();
    plan.bind(table, &templates).unwrap_or_else(|found| panic!("{found:?}"));
    plan
}

fn problems(document: &Value, table: Table, template: Option<&str>) -> Vec<(String, String)> {
    let templates: Vec<_> = template.map(|text| ("banner".to_owned(), text.to_owned())).into_iter().collect();
    let found = graph(document).bind(table, &templates).expect_err("it is refused");
    found.into_iter().map(|one| (one.code, one.message)).collect()
}

fn png(size: (u32, u32), color: [u8; 3]) -> Vec<u8> {
    let pixels = Pixels::Rgb(color.repeat((size.0 * size.1) as usize));
    codecs::encode(Image::new(Size::new(size.0, size.1), pixels), &EncodeRequest::new(Format::Png), None)
        .expect("written")
        .bytes
}

/// Runs the execution of a row as a worker does, with what its inputs contain.
fn run(plan: &Plan, index: u32, content: impl Fn(&str) -> Vec<u8>) -> (Produced, InputAsset) {
    let asset = plan.graph().input_asset(index);
    let mut contents: Vec<_> =
        asset.inputs.iter().map(|input| content(input.source_url.trim_start_matches("asset:"))).collect();
    let hints = plan.fill_templates(&asset, &mut contents, None).expect("filled in");
    let plan = plan.for_execution(asset.index, asset.row.as_ref());
    let sources: Vec<_> = (asset.inputs.iter().zip(&contents))
        .map(|(input, bytes)| Source { name: &input.name, folder: input.folder(), bytes: bytes.into() })
        .collect();
    let mut produced = plan.run(index, &sources, Services::default()).unwrap_or_else(|stop| panic!("{stop:?}"));
    produced.warnings.splice(0..0, hints);
    (produced, asset)
}

/// A picture as RGBA.
fn pixels(file: &[u8]) -> Image {
    let header = codecs::probe(file, "a").expect("a header");
    let decoded = codecs::decode_by(file, &header, &DecodeRequest::whole(&header), None, "a").expect("a picture");
    convert(decoded.image, Representation::Rgba)
}

fn names(produced: &Produced) -> Vec<&str> {
    produced.outputs.iter().map(|output| output.name.as_str()).collect()
}

#[test]
fn a_row_is_an_execution_with_the_picture_that_it_names() {
    let rows = table("Article No;price;@photo\n17;9.90;b.png\nA/1;12;A.PNG\n");
    let plan = bound(&captions(&["a.png", "b.png", "unused.png"]), rows, None);
    assert_eq!(plan.graph().execution_count(), 2);
    let content = |name: &str| png((if name == "a.png" { 3 } else { 5 }, 2), [9, 8, 7]);
    let (produced, asset) = run(&plan, 1, content);
    assert_eq!(names(&produced), ["A-1-a.png"]);
    assert_eq!(produced.outputs[0].size, Size::new(3, 2));
    let input = &asset.inputs[0];
    assert_eq!((input.action_id.as_str(), input.name.as_str()), ("rows", "a.png"));
    assert_eq!((input.source_url.as_str(), input.column.as_deref()), ("asset:a.png", Some("photo")));
    let row = asset.row.as_ref().expect("a row");
    assert_eq!((row.number, row.get("article_no"), row.get("Price")), (2, Some("A/1"), Some("12")));
    let (produced, asset) = run(&plan, 0, content);
    assert!(produced.outputs.is_empty(), "its price is below 10");
    assert_eq!((asset.inputs.len(), asset.inputs[0].name.as_str()), (1, "b.png"));
}

#[test]
fn a_preview_shows_the_row_of_the_first_picture() {
    let rows = || table("Article No,price,@photo\n1,2,a.png\n3,4,b.png\n5,6,b.png\n");
    let shown = |names: &[&str]| bound(&captions(names), rows(), None).graph().shown_row();
    assert_eq!(
        [shown(&["a.png", "b.png"]), shown(&["b.png", "a.png"]), shown(&["c.png", "a.png", "b.png"])],
        [0, 1, 0]
    );
}

#[test]
fn the_record_of_a_row_can_be_stored_and_one_without_is_as_it_was() {
    let plan = bound(&captions(&["a.png"]), table("Article No,price,@photo\n1,2,a.png\n"), None);
    let asset = plan.graph().input_asset(0);
    let written = serde_json::to_value(&asset).unwrap();
    assert_eq!(written["row"], json!({ "number": 1, "values": { "article-no": "1", "price": "2", "photo": "a.png" } }));
    assert_eq!(serde_json::from_value::<InputAsset>(written).unwrap(), asset);
    let before =
        json!({ "index": 0, "assetId": "a", "inputs": [{ "actionId": "in", "name": "a", "sourceUrl": "asset:a" }] });
    let asset: InputAsset = serde_json::from_value(before.clone()).unwrap();
    assert_eq!((&asset.row, serde_json::to_value(&asset).unwrap()), (&None, before));
}

#[test]
fn what_does_not_fit_is_said_before_anything_runs_with_the_row() {
    let document = captions(&["a.png", "x/b.png", "b.png"]);
    let missing = problems(&document, table("Article No,price,@photo\n1,2,c.png\n3,4,\n5,6,a.png\n7,8,B.png\n"), None);
    let expected = [
        "Row 1 names \"c.png\", and no picture is called so (column \"photo\").",
        "Row 2 names no picture (column \"photo\").",
        "Row 4 names \"B.png\", and 2 pictures are called so (column \"photo\").",
    ];
    assert_eq!(missing, expected.map(|message| ("missing_picture".to_owned(), message.to_owned())));
    let found = problems(&document, table("Article,price,photo\n1,2,a.png\n"), None);
    let expected = [
        ("unknown_column", "The table has no column \"Article No\"."),
        ("no_pictures", "The column \"photo\" does not name pictures."),
    ];
    assert_eq!(found, expected.map(|(code, message)| (code.to_owned(), message.to_owned())));
    let found = problems(&document, table("Article No,price\n1,2\n"), None);
    assert_eq!(found, [("unknown_column".to_owned(), "The table has no column \"photo\".".to_owned())]);
    let many: String = (0..500).map(|row| format!("{row},1,none.png\n")).collect();
    let found = problems(&document, table(&format!("Article No,price,@photo\n{many}")), None);
    assert_eq!((found.len(), found[100].1.as_str()), (101, "The same is wrong with 400 more."));
}

#[test]
fn a_path_tells_pictures_of_the_same_name_apart() {
    let mut document = captions(&[]);
    let image = |path: &str| json!({ "name": "a.png", "path": path, "sourceUrl": format!("asset:{path}") });
    document["actions"][1]["parameters"]["images"] = json!([image("shoes/a.png"), image("hats/a.png")]);
    let found = |photo: &str| {
        let plan = bound(&document, table(&format!("Article No,price,@photo\n1,20,{photo}\n")), None);
        plan.graph().input_asset(0).inputs[0].source_url.clone()
    };
    assert_eq!(found("hats/a.png"), "asset:hats/a.png");
    assert_eq!(found("Shoes\\A.png"), "asset:shoes/a.png");
    assert_eq!(problems(&document, table("Article No,price,@photo\n1,20,a.png\n"), None)[0].0, "missing_picture");
    // The same file twice is one, and a folder that is not known makes no difference.
    document["actions"][1]["parameters"]["images"] =
        json!([image("hats/a.png"), image("hats/a.png"), { "name": "", "sourceUrl": "asset:x" }]);
    let plan = bound(&document, table("Article No,price,@photo\n1,20,a.png\n2,20,photos/a.png\n"), None);
    let urls =
        plan.graph().input_assets().into_iter().map(|asset| asset.inputs[0].source_url.clone()).collect::<Vec<_>>();
    assert_eq!(urls, ["asset:hats/a.png", "asset:hats/a.png"]);
    assert_eq!(problems(&document, table("Article No,price,@photo\n1,20,\n"), None)[0].0, "missing_picture");
}

#[test]
fn other_inputs_have_one_picture_for_all_rows_or_one_for_each() {
    let document = |count: usize| {
        let names: Vec<String> = (0..count).map(|index| format!("{index}.png")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        json!({
            "actions": [
                action("table", "input-files", json!({ "files": files(&["prices.csv"]) })),
                action("photos", "input-images", json!({ "images": files(&names) })),
                action("rows", "parse-data", json!({})),
                action("save", "output", json!({ "name": "{row.title}.{ext}" })),
            ],
            "connections": [edge("table.outputs", "rows.input-files"), edge("photos.outputs", "save.input-images")],
        })
    };
    let rows = || table("title\nOak\nElm\nAsh\n");
    for (count, second) in [(1, "0.png"), (3, "1.png")] {
        let plan = bound(&document(count), rows(), None);
        assert_eq!(plan.graph().execution_count(), 3);
        let (produced, asset) = run(&plan, 1, |_| png((2, 2), [1, 2, 3]));
        assert_eq!((names(&produced), asset.inputs[0].name.as_str()), (vec!["Elm.png"], second));
    }
    let found = problems(&document(2), rows(), None);
    assert_eq!(found[0].0, "image_count_mismatch");
    assert_eq!(found[0].1, "\"photos\" has 2 images, and the table has 3 rows.");
}

#[test]
fn a_document_is_judged_without_its_table() {
    let errors = |document: &Value| {
        let found = check(document).1;
        found.into_iter().filter(Diagnostic::is_error).map(|one| (one.code, one.message)).collect::<Vec<_>>()
    };
    let valid = captions(&["a.png"]);
    assert_eq!(errors(&valid), []);
    assert_eq!(errors(&banners(Some(100))), []);
    let mut document = valid.clone();
    document["actions"][2] = action("rows", "note", json!({}));
    let codes: Vec<_> = errors(&document).into_iter().map(|(code, _)| code).collect();
    assert!(codes.iter().filter(|code| *code == "no_data").count() == 2, "{codes:?}");
    let mut document = valid.clone();
    document["actions"].as_array_mut().unwrap().push(action("more", "parse-data", json!({})));
    assert!(
        errors(&document).contains(&("several_tables".to_owned(), "\"more\" would run a second table.".to_owned()))
    );
    let mut document = valid.clone();
    document["actions"][0]["parameters"]["files"] = files(&["a.csv", "b.csv"]);
    assert_eq!(errors(&document)[0].0, "several_files");
    let mut document = valid.clone();
    document["connections"][1] = edge("price.else", "rows.input-images");
    assert!(errors(&document).iter().any(|(code, _)| code == "port_type_mismatch"));
    let mut document = valid;
    document["connections"][0] = edge("photos.outputs", "rows.input-files");
    assert_eq!(errors(&document)[0].0, "port_type_mismatch");
    let mut document = banners(None);
    document["actions"][0]["parameters"] = json!({});
    let warnings: Vec<_> = check(&document).1.into_iter().map(|one| (one.code, one.message)).collect();
    assert_eq!(warnings, [("no_images".to_owned(), "\"table\" has no file yet.".to_owned())]);
}

/// The result equals the drawing that somebody would have written by hand, to the pixel.
#[test]
fn a_template_is_drawn_as_if_it_had_been_written_for_the_row() {
    let content = |title: &str, color: &str, href: &str| {
        format!(
            "<rect width='120' height='60' fill='{color}'/><image x='60' width='60' height='60' xlink:href=\"{href}\"/>\
             <text x='5' y='30' font-size='12'>{title}</text>"
        )
    };
    let drawing = |content: &str, size: &str| format!("<svg {SVG} {size}>{content}</svg>").into_bytes();
    let template = String::from_utf8(drawing(
        &content("{{Title}} &amp; more", "{{ colour }}", "{{photo}}"),
        "width='120' height='60'",
    ))
    .unwrap();
    let rows = || table("Title,Colour,@photo\nOak <old> & 'dry',#00ff40,a.png\nElm,teal,b.png\n");
    let photo = |name: &str| png((4, 4), if name == "a.png" { [200, 10, 10] } else { [10, 10, 200] });
    let href = |name: &str| pixelmill::data::template::data_url("image/png", &photo(name));
    for (width, size) in
        [(None, "width='120' height='60'"), (Some(480), "viewBox='0 0 120 60' width='480' height='240'")]
    {
        let plan = bound(&banners(width), rows(), Some(&template));
        let given = |name: &str| if name == "banner.svg" { template.clone().into_bytes() } else { photo(name) };
        let (produced, asset) = run(&plan, 0, given);
        assert_eq!(names(&produced), ["Oak <old> & 'dry'.png"]);
        let by_hand = drawing(&content("Oak &lt;old> &amp; 'dry' &amp; more", "#00ff40", &href("a.png")), size);
        assert_eq!(pixels(&produced.outputs[0].encoded.bytes).pixels, pixels(&by_hand).pixels, "{width:?}");
        assert_eq!(produced.warnings, []);
        let inputs: Vec<_> = asset.inputs.iter().map(|one| (one.action_id.as_str(), one.source_url.as_str())).collect();
        assert_eq!(inputs, [("banner", "asset:banner.svg"), ("rows", "asset:a.png")]);
        let (produced, _) = run(&plan, 1, given);
        let by_hand = drawing(&content("Elm &amp; more", "teal", &href("b.png")), size);
        assert_eq!(pixels(&produced.outputs[0].encoded.bytes).pixels, pixels(&by_hand).pixels, "{width:?}");
    }
}

#[test]
fn a_picture_in_a_template_is_no_larger_than_the_drawing() {
    let template =
        format!("<svg {SVG} width='20' height='10'><image width='20' height='10' href='{{{{photo}}}}'/></svg>");
    let plan = bound(&banners(None), table("title,@photo\nA,a.png\n"), Some(&template));
    let asset = plan.graph().input_asset(0);
    let mut contents = vec![template.into_bytes(), png((400, 200), [50, 100, 150])];
    plan.fill_templates(&asset, &mut contents, None).expect("filled in");
    let text = String::from_utf8(contents[0].clone()).unwrap();
    assert!(text.contains("data:image/png;base64,") && text.len() < 1000, "{} bytes", text.len());
    let Pixels::Rgba(drawn) = pixels(&contents[0]).pixels else { panic!("a drawing is RGBA") };
    assert!(drawn.chunks(4).all(|pixel| pixel == [50, 100, 150, 255]));
}

#[test]
fn what_a_template_asks_for_and_the_table_lacks_is_said() {
    let template = |content: &str| format!("<svg {SVG} width='20' height='10'>{content}</svg>");
    let rows = || table("title,@photo\nA,a.png\nB,c.png\n,\n");
    let found = problems(&banners(None), rows(), Some(&template("<text>{{titel}} {{photo}}</text>")));
    let expected = [
        ("unknown_column", "The table has no column \"titel\"."),
        ("missing_picture", "Row 2 names \"c.png\", and no picture is called so (column \"photo\")."),
    ];
    assert_eq!(found, expected.map(|(code, message)| (code.to_owned(), message.to_owned())));
    let entities = format!("<!DOCTYPE svg [<!ENTITY a 'b'>]>{}", template("<text>&a;</text>"));
    assert_eq!(problems(&banners(None), rows(), Some(&entities))[0].0, "unsupported_template");
    // A value that is missing is empty, which a hint says.
    let text = template("<text>{{title}}</text>");
    let plan = bound(&banners(None), rows(), Some(&text));
    let (produced, _) = run(&plan, 2, |_| text.clone().into_bytes());
    let said: Vec<_> = produced.warnings.iter().map(|one| (one.code.as_str(), one.is_doubt())).collect();
    assert_eq!(said, [("row_incomplete", false)]);
    assert_eq!(names(&produced), ["row-3.png"]);
}

#[test]
fn a_template_that_repeats_a_long_value_is_refused() {
    let text = format!("<svg {SVG} width='20' height='10'>{}</svg>", "<text>{{title}}</text>".repeat(2000));
    let plan = bound(&banners(None), table(&format!("title\n{}\n", "a".repeat(100_000))), Some(&text));
    let asset = plan.graph().input_asset(0);
    let failure = plan.fill_templates(&asset, &mut [text.into_bytes()], None).expect_err("200 MB");
    assert!(failure.message.contains("more than 64 MiB"), "{}", failure.message);
    assert_eq!(failure.action_id.as_deref(), Some("banner"));
}

#[test]
fn a_value_adds_no_element_and_fetches_nothing() {
    let text = format!(
        "<svg {SVG} width='20' height='10'><rect width='20' height='10' fill='{{{{color}}}}'/>\
         <image width='20' height='10' href='{{{{link}}}}'/><text>{{{{title}}}}</text></svg>"
    );
    let rows = "title,color,link\n\"</text><rect width='20' height='10' fill='red'/><text>\",\"blue' stroke='red\",https://example.org/a.png\n";
    let plan = bound(&banners(None), table(rows), Some(&text));
    let asset = plan.graph().input_asset(0);
    let mut contents = vec![text.into_bytes()];
    plan.fill_templates(&asset, &mut contents, None).expect("filled in");
    let filled = String::from_utf8(contents[0].clone()).unwrap();
    assert_eq!(filled.matches("<rect").count(), 1);
    assert!(filled.contains("&lt;/text&gt;&lt;rect") && filled.contains("blue&#39; stroke"), "{filled}");
    let header = codecs::probe(&contents[0], "a").unwrap();
    let drawn = codecs::decode_by(&contents[0], &header, &DecodeRequest::whole(&header), None, "a").unwrap();
    assert!(drawn.warnings.iter().any(|one| one.message.contains("picture")), "{:?}", drawn.warnings);
}

/// The content of a `data:` URL without base64, as the builtin workflow has them.
fn data_url(url: &str) -> Vec<u8> {
    let (_, text) = url.split_once(',').expect("a data URL");
    ["%0A", "%23", "%25"]
        .iter()
        .zip(["\n", "#", "%"])
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
        .into_bytes()
}

#[test]
fn the_built_in_banners_are_made_of_the_samples() {
    let mut document = pixelmill::workflow::builtin::find("price-banners").expect("it is there").document();
    let samples = ["mug.jpg", "bottle.jpg", "tulips.jpg"];
    document["actions"][0]["parameters"]["images"] = files(&samples);
    let mut plan = plan(&document);
    let contents: Vec<_> =
        plan.graph().wanted().expect("both").iter().map(|one| data_url(&one.file.source_url)).collect();
    plan.bind_files(&contents).unwrap_or_else(|found| panic!("{found:?}"));
    assert_eq!(plan.graph().execution_count(), 3);
    for index in 0..3 {
        let content = |url: &str| match url.starts_with("data:") {
            true => data_url(url),
            false => std::fs::read(format!("src/samples/{url}")).expect("a sample"),
        };
        let (produced, asset) = run(&plan, index, content);
        assert_eq!(produced.warnings, [], "{:?}", asset.row);
        let [output] = produced.outputs.as_slice() else { panic!("one result") };
        assert_eq!((output.size, asset.inputs[1].name.as_str()), (Size::new(1200, 628), samples[index as usize]));
    }
}

#[test]
fn a_table_of_10_000_rows_is_bound_soon() {
    let rows: String = (0..10_000).map(|row| format!("{row},11,{}.png\n", row % 1000)).collect();
    let names: Vec<String> = (0..1000).map(|index| format!("{index}.png")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let started = std::time::Instant::now();
    let plan = bound(&captions(&names), table(&format!("Article No,price,@photo\n{rows}")), None);
    let assets: Vec<_> = (0..plan.graph().execution_count()).map(|index| plan.graph().input_asset(index)).collect();
    assert_eq!((assets.len(), assets[9_999].inputs[0].name.as_str()), (10_000, "999.png"));
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}

#[test]
fn the_banners_of_a_table_are_gathered_on_a_sheet() {
    let mut document = banners(Some(30));
    let actions = document["actions"].as_array_mut().expect("a list");
    actions.push(action("sheet", "contact-sheet", json!({ "cell": 20, "gap": 2, "columns": 2, "caption": "" })));
    document["connections"][4] = edge("banner.outputs", "sheet.input-images");
    document["connections"].as_array_mut().expect("a list").push(edge("sheet.outputs", "save.input-images"));
    let (workflow, found) = check(&document);
    assert_eq!(found.iter().filter(|one| one.is_error()).collect::<Vec<_>>(), [] as [&Diagnostic; 0]);
    let mut plan = StagedPlan::build(&workflow).expect("a plan");
    let template =
        format!("<svg {SVG} width='60' height='30'><rect width='60' height='30' fill='{{{{color}}}}'/></svg>");
    let rows = table("color\n#ff0000\n#0000ff\n#00ff00\n");
    plan.each.bind(rows, &[("banner".to_owned(), template.clone())]).expect("it fits");
    let stages = Stages::resolve(&workflow).expect("valid");
    let assets = stages.input_assets(Some(plan.each.graph().input_assets()));
    assert_eq!(assets.len(), 4, "three rows and the sheet");
    let gathered = assets[3].gathered.as_ref().expect("the sheet gathers");
    assert_eq!((gathered.from, gathered.count, assets[3].row.is_some()), (0, 3, false));
    let gathering = plan.gathering("sheet").expect("it gathers");
    let mut sheet = gathering.begin(3, Some(Size::new(20, 10))).expect("it fits");
    for index in 0..3 {
        let (produced, _) = run(&plan.each, index, |_| template.clone().into_bytes());
        let [staged] = produced.outputs.as_slice() else { panic!("one picture") };
        assert_eq!((staged.is_staged, staged.size), (true, Size::new(20, 10)));
        sheet.add(staged_picture(&staged.encoded.bytes, "").expect("readable")).expect("it fits");
    }
    let image = pixels(&sheet.finish().expect("written").bytes);
    assert_eq!(image.size, Size::new(46, 46));
    let Pixels::Rgba(rgba) = &image.pixels else { panic!("RGBA") };
    let at = |x: usize, y: usize| &rgba[(y * 46 + x) * 4..][..4];
    assert_eq!([at(12, 12), at(34, 12), at(12, 34)], [[255, 0, 0, 255], [0, 0, 255, 255], [0, 255, 0, 255]]);
    assert_eq!(at(34, 34), [255; 4]);
}
