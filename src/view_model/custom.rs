//! The settings of a custom action as parameters: they are shown, edited and judged as those of any other action.

use serde_json::{Map, Value};

use super::{document, form};
use crate::actions;
use crate::actions::catalog::read_field;
use crate::actions::parameters::{Field, Kind};
use crate::user_file::FileKind;

/// The name of the custom action that the action at `index` uses.
pub fn action_name(document: &Value, index: usize) -> Option<String> {
    let nodes = document::nodes(document);
    let node = nodes.iter().find(|node| node.index == index)?;
    let fields = actions::find(&node.action_type)?.fields;
    let field = fields.iter().find(|field| field.kind == Kind::File(FileKind::Action))?;
    form::value(field, document::parameters(document, index)).as_str().map(str::to_owned)
}

/// What can be set, by what a module says of itself. A program keeps what it has read.
pub fn fields(spec: &Value) -> Vec<&'static Field> {
    let is_possible = |field: &Field| {
        let simple = [Kind::Integer, Kind::Number, Kind::Boolean, Kind::Color, Kind::Text];
        simple.contains(&field.kind) || matches!(field.kind, Kind::Choice(_))
    };
    let entries = spec.get("parameters").and_then(Value::as_array).into_iter().flatten();
    let kept = entries.map(|entry| -> &'static Value { Box::leak(Box::new(entry.clone())) });
    kept.filter_map(read_field)
        .filter(is_possible)
        .map(|field| -> &'static Field { Box::leak(Box::new(field)) })
        .collect()
}

/// The names of settings that the action does not have, such as those of another one.
pub fn unknown(settings: &Value, fields: &[&Field]) -> Vec<String> {
    let is_known = |name: &&String| fields.iter().any(|field| field.name == **name);
    let names = settings.as_object().into_iter().flat_map(Map::keys);
    names.filter(|name| !is_known(name)).cloned().collect()
}

/// The settings without those.
pub fn without_unknown(settings: &Value, fields: &[&Field]) -> Option<Value> {
    let mut all = settings.as_object()?.clone();
    for name in unknown(settings, fields) {
        all.shift_remove(&name);
    }
    (!all.is_empty()).then_some(Value::Object(all))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::actions::checks::check_field;
    use crate::custom::Spec;
    use crate::view_model::form::Control;

    fn spec() -> Value {
        let parameters = json!([
            { "name": "period", "type": "integer", "default": 4, "range": [2, 64], "unit": "px" },
            { "name": "onlyOnce", "type": "boolean", "default": true, "description": "Not again." },
            { "name": "mood", "type": "choice", "default": "calm", "values": ["calm", "wild"] },
            { "name": "tint", "type": "color", "default": "#102030" },
            { "name": "caption", "type": "text", "default": "" },
            { "name": "ratio", "type": "number", "default": 0.5 },
            { "name": "seed", "type": "integer", "default": 0 },
        ]);
        json!({ "name": "Lines", "version": "1", "parameters": parameters })
    }

    #[test]
    fn settings_have_the_controls_of_parameters() {
        let fields = fields(&spec());
        let controls: Vec<_> = fields.iter().map(|field| form::control(field).unwrap()).collect();
        let expected = [
            Control::Slider { low: 2.0, high: 64.0, step: 1.0 },
            Control::Switch,
            Control::Select(&["calm", "wild"]),
            Control::Color,
            Control::Text,
            Control::Number { step: 0.01 },
            Control::Number { step: 1.0 },
        ];
        assert_eq!(controls, expected);
        let defaults: Value = fields.iter().map(|field| form::value(field, None)).collect();
        assert_eq!(defaults, json!([4, true, "calm", "#102030", "", 0.5, 0]));
        assert_eq!((form::field_label(fields[1]), fields[1].description()), ("Only once".into(), "Not again.".into()));
    }

    /// The page judges as the worker does.
    #[test]
    fn what_is_wrong_for_the_module_is_wrong_in_the_form() {
        let (own, read) = (fields(&spec()), Spec::read(&spec()).unwrap());
        for (name, values) in [
            ("period", json!([4, 64, 2.5, 65, "4", true, null])),
            ("onlyOnce", json!([true, false, 1, "true"])),
            ("mood", json!(["calm", "wild", "sad", 0])),
            ("tint", json!(["#102030", "#10203040", "red", "#12", 5])),
            ("caption", json!(["", "a", 3, {}])),
            ("ratio", json!([1, -1e9, 0.25, "a", []])),
            ("seed", json!([-2_147_483_648_i64, 2_147_483_647, 2_147_483_648_i64, -1e300, 0.5, 7.0])),
        ] {
            let field = own.iter().find(|field| field.name == name).unwrap();
            for value in values.as_array().unwrap() {
                let raw = json!({ name: value });
                let raw = raw.as_object().unwrap();
                let issue = check_field(field, raw);
                assert_eq!(issue.is_none(), read.settings(raw).is_ok(), "{name} {value} {issue:?}");
            }
        }
    }

    #[test]
    fn what_an_archive_says_is_shown_as_far_as_it_can_be() {
        let odd = json!({ "parameters": [3, { "name": "a" }, { "name": "b", "type": "images" }, { "name": "c", "type": "text" }] });
        assert_eq!(fields(&odd).iter().map(|field| field.name).collect::<Vec<_>>(), ["c"]);
        assert!(fields(&json!("nothing")).is_empty());
    }

    #[test]
    fn the_settings_of_another_action_can_be_removed() {
        let settings = json!({ "amount": 1, "period": 6, "speed": "high" });
        let fields = fields(&spec());
        assert_eq!(unknown(&settings, &fields), ["amount", "speed"]);
        assert_eq!(without_unknown(&settings, &fields), Some(json!({ "period": 6 })));
        assert_eq!(without_unknown(&json!({ "amount": 1 }), &fields), None);
    }

    #[test]
    fn the_action_is_the_one_that_the_step_names() {
        let document = json!({ "actions": [
            { "actionId": "a", "actionType": "invert", "parameters": {} },
            { "actionId": "b", "actionType": "custom", "parameters": { "action": "lines" } },
        ] });
        assert_eq!(action_name(&document, 0), None);
        assert_eq!(action_name(&document, 1).as_deref(), Some("lines"));
    }
}
