//! The settings of a custom action while they are edited, by what its module says of itself.

use serde_json::{Map, Value};

use super::{document, form};
use crate::actions;
use crate::actions::parameters::Kind;
use crate::custom::Spec;
use crate::custom::spec::{Setting, SettingKind};
use crate::user_file::FileKind;

/// The name of the custom action that the action at `index` uses.
pub fn action_name(document: &Value, index: usize) -> Option<String> {
    let action = document::nodes(document).get(index).and_then(|node| actions::find(&node.action_type))?;
    let field = action.fields.iter().find(|field| field.kind == Kind::File(FileKind::Action))?;
    form::value(field, document::parameters(document, index)).as_str().map(str::to_owned)
}

/// The value of a setting: its own, or the default.
pub fn value(settings: &Value, setting: &Setting) -> Value {
    settings.get(&setting.name).filter(|value| !value.is_null()).unwrap_or(&setting.default).clone()
}

/// The settings with another value of one; `None` if nothing is set any more.
pub fn with(settings: &Value, setting: &Setting, value: Option<Value>) -> Option<Value> {
    let mut all = settings.as_object().cloned().unwrap_or_default();
    match value.filter(|value| *value != setting.default) {
        Some(value) => drop(all.insert(setting.name.clone(), value)),
        None => drop(all.shift_remove(&setting.name)),
    }
    some(all)
}

/// The text of a setting's field as its value: `None` if it is empty.
pub fn typed(setting: &Setting, text: String) -> Option<Value> {
    match setting.kind {
        SettingKind::Number(_) | SettingKind::Integer(_) => form::typed_number(&text),
        SettingKind::Text => Some(text.into()),
        _ => (!text.is_empty()).then(|| text.into()),
    }
}

/// What is wrong with the value of a setting, and how to fix it.
pub fn problem(settings: &Value, setting: &Setting) -> Option<String> {
    let wrong = setting.accepted(&value(settings, setting)).err()?;
    Some(format!("The action {}. {}", wrong.message, wrong.hint))
}

/// The names of settings that the action does not have, such as those of another one.
pub fn unknown(settings: &Value, spec: &Spec) -> Vec<String> {
    let known = |name: &&String| spec.settings.iter().any(|setting| setting.name == **name);
    let names = settings.as_object().into_iter().flat_map(Map::keys);
    names.filter(|name| !known(name)).cloned().collect()
}

/// The settings without those.
pub fn without_unknown(settings: &Value, spec: &Spec) -> Option<Value> {
    let mut all = settings.as_object().cloned().unwrap_or_default();
    for name in unknown(settings, spec) {
        all.shift_remove(&name);
    }
    some(all)
}

fn some(all: Map<String, Value>) -> Option<Value> {
    (!all.is_empty()).then_some(Value::Object(all))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn spec() -> Spec {
        let parameters = json!([
            { "name": "period", "type": "integer", "default": 4, "range": [2, 64] },
            { "name": "caption", "type": "text", "default": "a" },
            { "name": "tint", "type": "color", "default": "#102030" },
        ]);
        Spec::read(&json!({ "name": "Lines", "version": "1", "parameters": parameters })).unwrap()
    }

    #[test]
    fn only_what_differs_from_the_default_is_in_the_document() {
        let spec = spec();
        let [period, caption, tint] = [0, 1, 2].map(|at| &spec.settings[at]);
        assert_eq!(value(&json!({}), period), 4);
        let settings = with(&json!({}), period, typed(period, "6".to_owned())).unwrap();
        assert_eq!(settings, json!({ "period": 6 }));
        let settings = with(&settings, caption, typed(caption, String::new())).unwrap();
        assert_eq!(settings, json!({ "period": 6, "caption": "" }), "nothing is a text, too");
        let settings = with(&settings, caption, typed(caption, "a".to_owned())).unwrap();
        assert_eq!(with(&settings, period, typed(period, " ".to_owned())), None);
        assert_eq!(with(&json!({}), tint, typed(tint, String::new())), None);
    }

    #[test]
    fn a_wrong_value_is_kept_with_what_is_wrong_with_it() {
        let spec = spec();
        let period = &spec.settings[0];
        for (text, expected) in [
            ("65", "The action needs \"period\" from 2 to 64, not 65. The nearest valid value is 64."),
            ("many", "The action cannot use \"many\" as \"period\". Give a whole number from 2 to 64."),
        ] {
            let settings = with(&json!({}), period, typed(period, text.to_owned())).unwrap();
            assert_eq!(problem(&settings, period).as_deref(), Some(expected));
        }
        assert_eq!(problem(&json!({}), period), None);
    }

    #[test]
    fn the_settings_of_another_action_can_be_removed() {
        let settings = json!({ "amount": 1, "period": 6, "mood": "calm" });
        assert_eq!(unknown(&settings, &spec()), ["amount", "mood"]);
        assert_eq!(without_unknown(&settings, &spec()), Some(json!({ "period": 6 })));
        assert_eq!(without_unknown(&json!({ "amount": 1 }), &spec()), None);
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
