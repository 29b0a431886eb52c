//! The inputs of a workflow as parameters of its runs: what each run may provide, and the document with those inputs
//! filled in.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::actions::input_files::list_of;
use crate::actions::{self, Role};

/// What a run provides, or may provide, to a workflow: one input action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunParameter {
    /// `node_id` in a run: the action's id.
    pub node_id: String,
    /// Its type: `image`, or `file` for one that is no picture.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether each run must provide it; otherwise the workflow's own picture is used.
    pub required: bool,
}

/// The role of an action of a document, if it is known.
pub(super) fn role(action: &Value) -> Option<Role> {
    let action_type = action.get("actionType").and_then(Value::as_str).unwrap_or_default();
    actions::find(action_type).map(|action| action.role)
}

/// Whether an action of a document is an input of pictures.
fn is_source(action: &Value) -> bool {
    role(action) == Some(Role::Source)
}

fn sources(document: &Value) -> impl Iterator<Item = &Value> {
    let actions = document.get("actions").and_then(Value::as_array).into_iter().flatten();
    actions.filter(|action| is_source(action))
}

/// The parameter of an input action that lists its files.
fn list(source: &Value) -> &'static str {
    list_of(source.get("actionType").and_then(Value::as_str).unwrap_or_default())
}

fn images(source: &Value) -> &[Value] {
    let listed = source.get("parameters").and_then(|parameters| parameters.get(list(source)));
    listed.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The entries of every input action's `images`.
pub fn image_entries(document: &Value) -> impl Iterator<Item = &Value> {
    sources(document).flat_map(images)
}

/// The parameters of a workflow's runs, in document order.
pub fn parameters(document: &Value) -> Vec<RunParameter> {
    sources(document)
        .filter_map(|source| {
            let node_id = source.get("actionId").and_then(Value::as_str)?.to_owned();
            let kind = if list(source) == "files" { "file" } else { "image" };
            Some(RunParameter { node_id, kind: kind.to_owned(), required: images(source).len() != 1 })
        })
        .collect()
}

/// The document that runs once for each of `runs`; each provides one picture (an entry of `images`) per input, by the
/// input's id. An input that no run provides keeps the document's own picture.
///
/// # Errors
/// A sentence naming the run and the input: an input that does not exist, or is missing.
pub fn with_runs(document: &Value, runs: &[Map<String, Value>]) -> Result<Value, String> {
    let mut document = document.clone();
    let known: Vec<String> = parameters(&document).into_iter().map(|parameter| parameter.node_id).collect();
    for (index, run) in runs.iter().enumerate() {
        if let Some(unknown) = run.keys().find(|id| !known.contains(id)) {
            let known = known.iter().map(|id| format!("\"{id}\"")).collect::<Vec<_>>().join(", ");
            return Err(format!(
                "Run {index} gives \"{unknown}\", which is not an input of the workflow. Its inputs are: {known}."
            ));
        }
    }
    let actions = document.get_mut("actions").and_then(Value::as_array_mut).into_iter().flatten();
    for action in actions.filter(|action| is_source(action)) {
        let Some(id) = action.get("actionId").and_then(Value::as_str).map(str::to_owned) else { continue };
        let list = list(action);
        let own = match images(action) {
            [own] => Some(own.clone()),
            _ => None,
        };
        if own.is_some() && runs.iter().all(|run| !run.contains_key(&id)) {
            continue;
        }
        let given = runs.iter().enumerate().map(|(index, run)| {
            run.get(&id)
                .or(own.as_ref())
                .cloned()
                .ok_or_else(|| format!("Run {index} gives nothing to the input \"{id}\"."))
        });
        let given = given.collect::<Result<Value, String>>()?;
        if let Some(action) = action.as_object_mut() {
            let parameters = action.entry("parameters").or_insert_with(|| Value::Object(Map::new()));
            if let Some(parameters) = parameters.as_object_mut() {
                parameters.insert(list.to_owned(), given);
            }
        }
    }
    Ok(document)
}

/// The document without pictures that exist only in this browser, ready for another one.
pub fn without_local_images(document: &Value) -> Value {
    let mut document = document.clone();
    let actions = document.get_mut("actions").and_then(Value::as_array_mut).into_iter().flatten();
    for action in actions.filter(|action| is_source(action)) {
        let list = list(action);
        let listed = action.get_mut("parameters").and_then(|parameters| parameters.get_mut(list));
        if let Some(images) = listed.and_then(Value::as_array_mut) {
            images.retain(|image| {
                let url = |key: &str| image.get(key).and_then(Value::as_str);
                url("sourceUrl").or_else(|| url("presignedUrl")).is_some_and(|url| url.starts_with("https:"))
            });
        }
    }
    document
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn watermark() -> Value {
        json!({
            "actions": [
                { "actionId": "photos", "actionType": "input-images" },
                { "actionId": "logo", "actionType": "input-images", "parameters": { "images": [{ "sourceUrl": "asset:1090" }] } },
                { "actionId": "mark", "actionType": "watermark", "parameters": { "images": [] } }
            ]
        })
    }

    fn run(pairs: &[(&str, &str)]) -> Map<String, Value> {
        pairs.iter().map(|(id, url)| ((*id).to_owned(), json!({ "sourceUrl": url }))).collect()
    }

    #[test]
    fn files_that_are_no_pictures_are_kept_or_given_in_a_run() {
        let file = |url: &str| json!([{ "sourceUrl": url }]);
        let document = json!({ "actions": [
            { "actionId": "photos", "actionType": "input-images", "parameters": { "images": file("asset:1") } },
            { "actionId": "table", "actionType": "input-files", "parameters": { "files": file("asset:2") } },
        ] });
        let kinds: Vec<_> = parameters(&document).into_iter().map(|one| (one.kind, one.required)).collect();
        assert_eq!(kinds, [("image".to_owned(), false), ("file".to_owned(), false)]);
        assert_eq!(image_entries(&document).count(), 2);
        let given = with_runs(&document, &[run(&[("table", "asset:3")])]).unwrap();
        assert_eq!((urls(&given, 0), urls(&given, 1)), (vec!["asset:1"], vec!["asset:3"]));
        assert_eq!(with_runs(&document, &[run(&[])]).unwrap(), document);
        assert_eq!(without_local_images(&document)["actions"][1]["parameters"]["files"], json!([]));
    }

    fn urls(document: &Value, index: usize) -> Vec<&str> {
        images(&document["actions"][index]).iter().filter_map(|image| image["sourceUrl"].as_str()).collect()
    }

    #[test]
    fn an_input_with_one_picture_of_its_own_may_be_left_out() {
        let expected = [("photos", true), ("logo", false)];
        let found = parameters(&watermark());
        assert_eq!(found.iter().map(|one| (one.node_id.as_str(), one.required)).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn each_run_is_one_execution() {
        let runs = [run(&[("photos", "asset:a")]), run(&[("photos", "asset:b")])];
        let document = with_runs(&watermark(), &runs).expect("filled");
        assert_eq!(urls(&document, 0), ["asset:a", "asset:b"]);
        assert_eq!(urls(&document, 1), ["asset:1090"], "one for all");
        let runs = [run(&[("photos", "asset:a"), ("logo", "asset:other")]), run(&[("photos", "asset:b")])];
        let document = with_runs(&watermark(), &runs).expect("filled");
        assert_eq!(urls(&document, 1), ["asset:other", "asset:1090"]);
    }

    #[test]
    fn a_missing_or_unknown_input_is_named_with_its_run() {
        let fault = with_runs(&watermark(), &[run(&[("photos", "asset:a")]), run(&[("logo", "asset:l")])]);
        assert_eq!(fault, Err("Run 1 gives nothing to the input \"photos\".".to_owned()));
        let fault = with_runs(&watermark(), &[run(&[("photo", "asset:a")])]).expect_err("unknown");
        assert!(fault.contains("\"photo\"") && fault.contains("\"photos\", \"logo\""), "{fault}");
    }

    #[test]
    fn pictures_stored_in_this_browser_are_left_out_of_exports() {
        let mut document = watermark();
        document["actions"][0]["parameters"] = json!({ "images": [{ "presignedUrl": "https://x/1.jpg" }, { "sourceUrl": "asset:2" }, { "sourceUrl": "blob:3" }, {}] });
        let document = without_local_images(&document);
        assert_eq!(document["actions"][0]["parameters"]["images"], json!([{ "presignedUrl": "https://x/1.jpg" }]));
        assert_eq!(document["actions"][1]["parameters"]["images"], json!([]));
    }
}
