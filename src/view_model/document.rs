//! A workflow document as the page edits it: raw JSON in, raw JSON out, so that nothing the user wrote is lost.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::form;
use crate::actions::input_files::{is_files, list_of};
use crate::actions::output::OutputFormat;
use crate::actions::parameters::{Kind, Parameter};
use crate::actions::remove_background::Method;
use crate::actions::{self, Role, parse_data};
use crate::codecs::Format;
use crate::library;
use crate::user_file::FileKind;

/// One input: an `input-images` or `input-files` action.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Input {
    /// Its `actionId`.
    pub action_id: String,
    /// Its label.
    pub title: String,
    /// Whether its pictures determine the number of executions; the others usually have one picture, such as a logo.
    pub primary: bool,
    /// Whether it is an `input-files` action: one file that is no picture to work on.
    pub is_file: bool,
    /// How many files the document already names.
    pub named: usize,
}

/// One action of the document, for the form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its index in `actions`.
    pub index: usize,
    /// Its `actionId`.
    pub action_id: String,
    /// Its `actionType`.
    pub action_type: String,
}

fn list<'a>(document: &'a Value, key: &str) -> &'a [Value] {
    document.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Whether a text looks like a workflow in JSON, valid or not.
pub fn is_workflow(text: &str) -> bool {
    serde_json::from_str::<Value>(text).is_ok_and(|document| has_actions(&document))
}

/// Whether a value has a list of actions.
pub fn has_actions(document: &Value) -> bool {
    document.get("actions").is_some_and(Value::is_array)
}

/// The workflow as a link contains it: without pictures, except those that are written in the document itself. Others are
/// stored here only, or would be fetched from where the document says.
pub fn for_link(document: &Value) -> Value {
    let mut document = document.clone();
    let actions = document.get_mut("actions").and_then(Value::as_array_mut);
    for action in actions.into_iter().flatten() {
        for list in ["/parameters/images", "/parameters/files"] {
            let Some(files) = action.pointer_mut(list) else { continue };
            match files.as_array_mut() {
                Some(files) => files.retain(|file| text(file, "sourceUrl").starts_with("data:")),
                None => *files = json!([]),
            }
        }
    }
    document
}

/// A name that is not among these: if it is taken, a number is appended, such as `Blog 1200 (2)`.
pub fn distinct_name(name: &str, taken: &[String]) -> String {
    let is_free = |name: &str| !taken.iter().any(|one| one == name);
    if is_free(name) {
        return name.to_owned();
    }
    // The copy of "Blog (2)" is "Blog (3)".
    let numbered = name.strip_suffix(')').and_then(|name| name.rsplit_once(" ("));
    let stem = numbered.filter(|(_, number)| number.parse::<u32>().is_ok()).map_or(name, |(stem, _)| stem);
    (2_u32..).map(|number| format!("{stem} ({number})")).find(|name| is_free(name)).unwrap_or_else(|| name.to_owned())
}

/// The name of a workflow, or its id, or a placeholder.
pub fn name(document: &Value) -> String {
    let metadata = document.get("metadata").unwrap_or(&Value::Null);
    let found = [text(metadata, "name"), text(metadata, "workflowId")].into_iter().find(|name| !name.is_empty());
    found.unwrap_or("Untitled workflow").to_owned()
}

/// The `workflowId` for a request: the document's own, or a placeholder.
pub fn workflow_id(document: &Value) -> String {
    let id = text(document.get("metadata").unwrap_or(&Value::Null), "workflowId");
    if id.is_empty() { "workflow".to_owned() } else { id.to_owned() }
}

/// The document with another name.
pub fn named(document: &Value, name: &str) -> Value {
    let mut document = document.clone();
    library::set_metadata(&mut document, "name", name);
    document
}

/// A sentence about a workflow; may be empty.
pub fn description(document: &Value) -> &str {
    text(document.get("metadata").unwrap_or(&Value::Null), "description")
}

/// The document with another description.
pub fn described(document: &Value, description: &str) -> Value {
    let mut document = document.clone();
    library::set_metadata(&mut document, "description", description);
    document
}

/// A step of a workflow, as its parameters describe it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The action's label.
    pub title: String,
    /// The parameters that are set, in one line; may be empty.
    pub settings: String,
}

/// The steps of a workflow except its inputs and notes, in document order.
pub fn steps(document: &Value) -> Vec<Step> {
    let step = |node: Node| {
        let action = actions::find(&node.action_type)?;
        let settings = form::summary(action.fields, parameters(document, node.index));
        let is_shown = !matches!(action.role, Role::Source | Role::Note) && !is_off(document, node.index);
        is_shown.then(|| Step { title: action.name.to_owned(), settings })
    };
    nodes(document).into_iter().filter_map(step).collect()
}

/// A description of a workflow made from its parameters: `Resize: width 1234 px. Output: JPEG.`
pub fn describe(document: &Value) -> String {
    let sentence = |step: Step| match step.settings.as_str() {
        "" => format!("{}.", step.title),
        settings => format!("{}: {settings}.", step.title),
    };
    steps(document).into_iter().map(sentence).collect::<Vec<_>>().join(" ")
}

/// The workflow of a batch, prepared to run with other pictures: its primary input's pictures are removed, and further
/// inputs, such as a logo, keep theirs.
pub fn without_primary_images(document: &Value) -> Value {
    match inputs(document).into_iter().find(|input| input.primary) {
        Some(input) => with_images(document, &input.action_id, Vec::new()),
        None => document.clone(),
    }
}

/// Every action with an entry in the catalog, in document order.
pub fn nodes(document: &Value) -> Vec<Node> {
    list(document, "actions")
        .iter()
        .enumerate()
        .map(|(index, action)| Node {
            index,
            action_id: text(action, "actionId").to_owned(),
            action_type: text(action, "actionType").to_owned(),
        })
        .collect()
}

/// Whether a parameter of a step is supplied by a connection: to a port that is called like it, as only ports of text are.
pub fn is_supplied(document: &Value, index: usize, field: &str) -> bool {
    let id = &document["actions"][index]["actionId"];
    let leads = |edge: &Value| edge["targetPort"] == field && edge["connectionTarget"] == *id;
    list(document, "connections").iter().any(leads)
}

/// The inputs of pictures, the primary one first.
pub fn inputs(document: &Value) -> Vec<Input> {
    let sources: Vec<&Value> = list(document, "actions")
        .iter()
        .filter(|action| {
            actions::find(text(action, "actionType")).is_some_and(|entry| matches!(entry.role, Role::Source))
                && !serves_nothing(document, text(action, "actionId"))
        })
        .collect();
    let is_file = |source: &Value| is_files(text(source, "actionType"));
    let leads = |source: &&Value| !is_file(source) && leads_out(document, text(source, "actionId"));
    // The pictures that rows name may lead nowhere else.
    let primary = sources.iter().position(leads).or_else(|| sources.iter().position(|source| !is_file(source)));
    let primary = primary.unwrap_or(0);
    let mut inputs: Vec<Input> = sources
        .iter()
        .enumerate()
        .map(|(index, source)| Input {
            action_id: text(source, "actionId").to_owned(),
            title: form::label(text(source, "actionId")),
            primary: index == primary,
            is_file: is_file(source),
            named: {
                let listed = source.get("parameters").and_then(|raw| raw.get(list_of(text(source, "actionType"))));
                listed.and_then(Value::as_array).map_or(0, Vec::len)
            },
        })
        .collect();
    if let Some(primary) = inputs.iter().position(|input| input.primary) {
        inputs[..=primary].rotate_right(1);
    }
    inputs
}

/// Whether pictures from `start` reach an output through `input-images` ports only (contract section 1, "primary").
fn leads_out(document: &Value, start: &str) -> bool {
    let connections = list(document, "connections");
    let (mut open, mut seen) = (vec![start], HashSet::new());
    while let Some(id) = open.pop() {
        if !seen.insert(id) {
            continue;
        }
        let onward: Vec<&Value> =
            connections.iter().filter(|connection| text(connection, "connectionSource") == id).collect();
        if id != start && onward.is_empty() {
            return true;
        }
        let targets = onward.iter().filter(|connection| text(connection, "targetPort") == "input-images");
        open.extend(targets.map(|connection| text(connection, "connectionTarget")));
    }
    false
}

/// Whether a workflow runs the rows of a table.
pub fn has_table(document: &Value) -> bool {
    list(document, "actions").iter().any(|action| text(action, "actionType") == parse_data::ACTION.action_type)
}

/// The input that a file of this name is for, whatever it was dropped on: a table, if the workflow runs one.
pub fn input_of(document: &Value, name: &str) -> Option<String> {
    let extension = name.rsplit('.').next().unwrap_or_default();
    let is_table = ["csv", "tsv"].iter().any(|known| extension.eq_ignore_ascii_case(known));
    let mut connections = list(document, "connections").iter().filter(|_| is_table);
    let edge = connections.find(|connection| text(connection, "targetPort") == parse_data::FILE.name)?;
    Some(text(edge, "connectionSource").to_owned())
}

/// Whether the action at `index` is turned off.
pub fn is_off(document: &Value, index: usize) -> bool {
    let action = list(document, "actions").get(index);
    action.and_then(|action| action.get("disabled")).is_some_and(|disabled| *disabled == true)
}

/// Whether an input leads only to further ports of actions that are turned off, such as a logo to a watermark: what
/// comes in through their first port passes.
fn serves_nothing(document: &Value, action_id: &str) -> bool {
    let mut leads = list(document, "connections")
        .iter()
        .filter(|one| text(one, "connectionSource") == action_id)
        .map(|one| (text(one, "targetPort"), index_of(document, text(one, "connectionTarget"))))
        .peekable();
    let ends = |(port, index): (&str, Option<usize>)| {
        port != "input-images" && index.is_some_and(|index| is_off(document, index))
    };
    leads.peek().is_some() && leads.all(ends)
}

/// The raw parameters of the action at `index`.
pub fn parameters(document: &Value, index: usize) -> Option<&Map<String, Value>> {
    list(document, "actions").get(index)?.get("parameters")?.as_object()
}

/// The files that the document's actions may request besides pictures, by kind and name. A model is requested as
/// `Operation::network` says: for an even backdrop none is needed.
pub fn user_files(document: &Value) -> Vec<(FileKind, String)> {
    let mut files = Vec::new();
    for (index, node) in nodes(document).into_iter().enumerate() {
        let Some(action) = actions::find(&node.action_type).filter(|_| !is_off(document, index)) else { continue };
        let raw = parameters(document, index);
        let is_flat = raw.and_then(|raw| raw.get("method")) == Some(&Method::FlatBackdrop.json());
        for field in action.fields {
            let Kind::File(kind) = field.kind else { continue };
            let value = form::value(field, raw);
            let name = value.as_str().filter(|name| !name.trim().is_empty());
            if let Some(name) = name.filter(|_| kind != FileKind::Model || !is_flat) {
                files.push((kind, name.to_owned()));
            }
        }
    }
    files
}

/// The extension of the file that the `output` action at `index` writes for a still picture in this format.
pub fn written_extension(document: &Value, index: usize, input: Format) -> &'static str {
    let wanted = parameters(document, index).and_then(|raw| OutputFormat::read(raw.get("format")?));
    let wanted = wanted.unwrap_or(OutputFormat::Auto);
    wanted.written(input, may_be_transparent(document, index), false).extension()
}

/// Whether an action on the way from the input to the action at `index` can make pictures transparent.
fn may_be_transparent(document: &Value, index: usize) -> bool {
    let (connections, mut seen) = (list(document, "connections"), HashSet::new());
    let mut place = list(document, "actions").get(index).map(|action| text(action, "actionId"));
    while let Some(id) = place.filter(|id| seen.insert(*id)) {
        let adds_alpha = index_of(document, id).is_some_and(|at| {
            let action = actions::find(text(&list(document, "actions")[at], "actionType"));
            let adds = |action: &actions::Action| action.adds_alpha(parameters(document, at).unwrap_or(&Map::new()));
            !is_off(document, at) && action.is_some_and(adds)
        });
        if adds_alpha {
            return true;
        }
        let leads_here =
            |one: &&Value| text(one, "connectionTarget") == id && text(one, "targetPort") == "input-images";
        place = connections.iter().find(leads_here).map(|one| text(one, "connectionSource"));
    }
    false
}

/// The index of an action in `actions`, by its `actionId`.
pub fn index_of(document: &Value, action_id: &str) -> Option<usize> {
    list(document, "actions").iter().position(|action| text(action, "actionId") == action_id)
}

/// The document with one parameter set, or removed for `None`.
pub fn with_parameter(document: &Value, index: usize, parameter: &str, value: Option<Value>) -> Value {
    let mut document = document.clone();
    if let Some(action) = document.pointer_mut(&format!("/actions/{index}")).and_then(Value::as_object_mut) {
        let parameters = action.entry("parameters").or_insert_with(|| json!({}));
        if !parameters.is_object() {
            *parameters = json!({});
        }
        if let Some(parameters) = parameters.as_object_mut() {
            match value {
                Some(value) => parameters.insert(parameter.to_owned(), value),
                None => parameters.shift_remove(parameter),
            };
        }
    }
    document
}

/// The document with an entry of an object that is a parameter of the action at `index`, or without it. An empty object is no
/// parameter.
pub fn with_entry(document: &Value, index: usize, parameter: &str, entry: &str, value: Option<Value>) -> Value {
    let object = parameters(document, index).and_then(|all| all.get(parameter)?.as_object());
    let mut object = object.cloned().unwrap_or_default();
    match value {
        Some(value) => object.insert(entry.to_owned(), value),
        None => object.shift_remove(entry),
    };
    with_parameter(document, index, parameter, (!object.is_empty()).then_some(Value::Object(object)))
}

/// The document with the pictures of one input replaced.
pub fn with_images(document: &Value, action_id: &str, images: Vec<Value>) -> Value {
    match index_of(document, action_id) {
        Some(index) => {
            let list = list_of(text(&list(document, "actions")[index], "actionType"));
            with_parameter(document, index, list, Some(Value::Array(images)))
        }
        None => document.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::builtin;

    #[test]
    fn an_entry_of_an_object_is_set_and_removed_with_the_object() {
        let document =
            json!({ "actions": [{ "actionId": "a", "actionType": "custom", "parameters": { "action": "x" } }] });
        let set = |document: &Value, name: &str, value| with_entry(document, 0, "settings", name, value);
        let parameters = |document: &Value| document["actions"][0]["parameters"].clone();
        let one = set(&document, "period", Some(json!(6)));
        let two = set(&one, "mood", Some(json!("calm")));
        assert_eq!(parameters(&two), json!({ "action": "x", "settings": { "period": 6, "mood": "calm" } }));
        assert_eq!(set(&two, "mood", None), one);
        assert_eq!(set(&one, "period", None), document);
    }

    #[test]
    fn the_extension_is_that_of_the_format_that_is_written() {
        let cutout = builtin::find("product-cutout").unwrap().document();
        let of = |document: &Value, input| {
            let outputs = nodes(document).into_iter().filter(|node| node.action_type == "output");
            outputs.map(|node| written_extension(document, node.index, input)).collect::<Vec<_>>()
        };
        assert_eq!(of(&cutout, Format::Jpeg), ["jpg", "png"]);
        let gallery = builtin::find("web-gallery").unwrap().document();
        assert_eq!((of(&gallery, Format::Jpeg), of(&gallery, Format::Gif)), (vec!["jpg"], vec!["webp"]));
        let index = index_of(&cutout, "save-small").unwrap_or(0);
        assert!(index > 0, "{cutout}");
        let auto = with_parameter(&cutout, index, "format", None);
        assert_eq!(written_extension(&auto, index, Format::Jpeg), "png", "the background was removed");
    }

    #[test]
    fn a_description_follows_the_parameters() {
        let gallery = builtin::find("web-gallery").unwrap().document();
        let index = index_of(&gallery, "resize").unwrap();
        let edited = with_parameter(&gallery, index, "width", Some(json!(1234)));
        let text = describe(&edited);
        assert!(text.starts_with("Resize: width 1234 px · height 1600 px"), "{text}");
        assert!(text.contains(" Sharpen") && text.contains("Output: "), "{text}");
        let described = described(&edited, &text);
        assert_eq!(description(&described), text);
        assert_eq!(describe(&described), text);
    }

    #[test]
    fn the_workflow_of_a_batch_keeps_its_logo_and_loses_its_pictures() {
        let image = |name: &str| vec![json!({ "name": name, "sourceUrl": "asset:x", "storageType": "local" })];
        let [photos, logo] = &inputs(&watermark())[..] else { panic!("two inputs") };
        let run = with_images(&with_images(&watermark(), &photos.action_id, image("a")), &logo.action_id, image("b"));
        let counts = |document: &Value| inputs(document).iter().map(|input| input.named).collect::<Vec<_>>();
        assert_eq!((counts(&run), counts(&without_primary_images(&run))), (vec![1, 1], vec![0, 1]));
    }

    fn watermark() -> Value {
        builtin::find("watermark-two-sizes").unwrap().document()
    }

    #[test]
    fn a_link_contains_no_pictures_that_must_be_fetched() {
        let image = |url: &str| json!({ "name": "a", "sourceUrl": url, "storageType": "local" });
        let urls = ["https://example.com/a.png", "asset:1", "data:image/png;base64,AAAA", "../a.png"];
        let document = with_images(&watermark(), "logo", urls.iter().map(|url| image(url)).collect());
        let shared = for_link(&document);
        let kept = parameters(&shared, index_of(&shared, "logo").unwrap()).unwrap();
        assert_eq!(kept["images"], json!([image(urls[2])]));
        assert_eq!(with_images(&shared, "logo", Vec::new()), with_images(&document, "logo", Vec::new()));
        let odd = json!({ "actions": [{ "parameters": { "images": "https://example.com" } }, 7] });
        assert_eq!(for_link(&odd)["actions"][0]["parameters"]["images"], json!([]));
    }

    #[test]
    fn the_logo_is_an_input_but_not_the_primary_one() {
        let mut document = watermark();
        let inputs_of = |document: &Value| {
            inputs(document).into_iter().map(|input| (input.action_id, input.primary)).collect::<Vec<_>>()
        };
        let expected = vec![("photos".to_owned(), true), ("logo".to_owned(), false)];
        assert_eq!(inputs_of(&document), expected);
        document["actions"].as_array_mut().unwrap().swap(0, 1);
        assert_eq!(inputs_of(&document), expected, "though the logo comes first in the document");
    }

    #[test]
    fn setting_a_parameter_keeps_everything_else() {
        let before = watermark();
        let after = with_parameter(&before, 2, "width", Some(json!(1024)));
        assert_eq!(after["actions"][2]["parameters"]["width"], 1024);
        assert_eq!(after["actions"][2]["parameters"]["mode"], "long-side");
        assert_eq!(with_parameter(&after, 2, "width", Some(json!(2048))), before);
    }

    #[test]
    fn a_workflow_is_told_from_other_json() {
        assert!(is_workflow(r#"{ "actions": [], "connections": [] }"#));
        for text in ["", "{", "[]", "{}", r#"{ "actions": {} }"#, r#"{ "title": "sidecar of a photograph" }"#] {
            assert!(!is_workflow(text), "{text}");
        }
    }

    #[test]
    fn a_name_that_is_taken_gets_the_next_number() {
        let taken = ["Blog", "Blog 1200", "Blog 1200 (2)", "(2)"].map(str::to_owned);
        for (name, distinct) in [
            ("New", "New"),
            ("Blog", "Blog (2)"),
            ("Blog 1200", "Blog 1200 (3)"),
            ("Blog 1200 (2)", "Blog 1200 (3)"),
            ("(2)", "(2) (2)"),
        ] {
            assert_eq!(distinct_name(name, &taken), distinct);
        }
    }

    #[test]
    fn another_name_leaves_everything_else() {
        let before = watermark();
        let after = named(&before, "Mine");
        assert_eq!(name(&after), "Mine");
        assert_eq!(named(&after, &name(&before)), before);
    }

    #[test]
    fn the_models_are_those_that_the_operations_ask_for() {
        for raw in [
            json!({}),
            json!({ "model": "studio" }),
            json!({ "method": "network", "model": "studio" }),
            json!({ "method": "flat-backdrop", "model": "studio" }),
            json!({ "method": "auto", "model": null }),
        ] {
            let operation = actions::prepare("remove-background", raw.as_object().unwrap()).unwrap();
            let document = json!({ "actions": [
                { "actionId": "r", "actionType": "resize" },
                { "actionId": "cut", "actionType": "remove-background", "parameters": raw },
            ] });
            let expected = operation.network().map(|(name, _)| (FileKind::Model, name.to_owned()));
            assert_eq!(user_files(&document), Vec::from_iter(expected), "{raw}");
        }
        assert!(user_files(&watermark()).is_empty());
    }

    #[test]
    fn leaving_a_parameter_out_removes_its_key() {
        let after = with_parameter(&watermark(), 2, "width", None);
        assert!(parameters(&after, 2).unwrap().get("width").is_none());
    }

    #[test]
    fn a_document_that_is_not_a_workflow_has_no_inputs_and_survives_edits() {
        for document in [json!(null), json!([1]), json!({ "actions": 3 }), json!({ "actions": [7] })] {
            assert!(inputs(&document).is_empty());
            assert_eq!(with_parameter(&document, 4, "width", Some(json!(1))), document);
            assert_eq!(name(&document), "Untitled workflow");
        }
    }

    #[test]
    fn a_table_and_a_template_are_inputs_of_files() {
        let banners = builtin::find("price-banners").unwrap().document();
        assert!(has_table(&banners) && !has_table(&watermark()));
        let shown = |document: &Value| -> Vec<(String, bool, bool, usize)> {
            let inputs = inputs(document).into_iter();
            inputs.map(|one| (one.action_id, one.primary, one.is_file, one.named)).collect()
        };
        let own = |id: &str, primary, is_file, named| (id.to_owned(), primary, is_file, named);
        let expected = [own("photos", true, false, 0), own("table", false, true, 1), own("template", false, true, 1)];
        assert_eq!(shown(&banners), expected);
        let document = with_images(&banners, "table", vec![json!({ "name": "t.csv", "sourceUrl": "asset:1" })]);
        assert_eq!(document["actions"][1]["parameters"]["files"][0]["name"], "t.csv");
        assert_eq!(document["actions"][1]["parameters"].get("images"), None);
        let linked = for_link(&document);
        let files = |index: usize| linked["actions"][index]["parameters"]["files"].as_array().map(Vec::len);
        assert_eq!((files(1), files(2)), (Some(0), Some(1)), "what is in the document stays");
        assert_eq!(input_of(&document, "prices.CSV").as_deref(), Some("table"));
        assert_eq!((input_of(&document, "csv.png"), input_of(&watermark(), "prices.csv")), (None, None));
        // Without pictures, the table is what is picked first.
        let mut alone = banners;
        alone["actions"].as_array_mut().unwrap().remove(0);
        assert_eq!(shown(&alone), [own("table", true, true, 1), own("template", false, true, 1)]);
    }

    #[test]
    fn images_go_to_the_input_they_were_dropped_on() {
        let document = with_images(&watermark(), "logo", vec![json!({ "name": "logo.png", "sourceUrl": "asset:1" })]);
        let inputs = inputs(&document);
        assert_eq!((inputs[0].named, inputs[1].named), (0, 1));
    }

    #[test]
    fn an_endless_cycle_leads_nowhere() {
        let document = json!({
            "actions": [{ "actionId": "in", "actionType": "input-images" }],
            "connections": [
                { "connectionSource": "in", "targetPort": "input-images", "connectionTarget": "a" },
                { "connectionSource": "a", "targetPort": "input-images", "connectionTarget": "b" },
                { "connectionSource": "b", "targetPort": "input-images", "connectionTarget": "a" }
            ]
        });
        assert!(!leads_out(&document, "in"));
    }
}
