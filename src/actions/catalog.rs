//! The catalog as data: programs that link no kernel read it from a file of the build, `catalog.json`, which the tests
//! write from the linked entries.
//!
//! An entry's strings and lists are borrowed from the file's content, which is kept for as long as the program runs.

use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::checks::{Condition, Rule};
use super::parameters::{Field, Kind, Preset, Spatial};
use super::{Action, Category, Port, PortType, Role};
use crate::user_file::FileKind;

/// The catalog that a program read.
#[cfg(not(links_actions))]
static READ: std::sync::OnceLock<&'static [&'static Action]> = std::sync::OnceLock::new();

/// Makes the content of `catalog.json` the catalog of this program, unless it links or has one.
///
/// # Errors
/// When it is not a catalog of this version.
pub fn install(text: &str) -> Result<(), String> {
    if !catalog().is_empty() {
        return Ok(());
    }
    let actions = read(text).ok_or("catalog.json belongs to another version of the program")?;
    #[cfg(not(links_actions))]
    let _it_was_empty = READ.set(actions);
    #[cfg(links_actions)]
    let _ = actions;
    Ok(())
}

/// Every action, in the catalog's order; none before [`install`] in a program that links none.
#[cfg(not(links_actions))]
pub fn catalog() -> &'static [&'static Action] {
    READ.get().copied().unwrap_or_default()
}

/// Every action, in the catalog's order.
#[cfg(links_actions)]
pub fn catalog() -> &'static [&'static Action] {
    super::LINKED
}

/// The kinds without values, by their names in the file.
const KINDS: [(&str, Kind); 20] = [
    ("integer", Kind::Integer),
    ("number", Kind::Number),
    ("boolean", Kind::Boolean),
    ("color", Kind::Color),
    ("ratio", Kind::Ratio),
    ("point", Kind::Point),
    ("curve", Kind::Curve),
    ("gradient", Kind::Gradient),
    ("text", Kind::Text),
    ("lines", Kind::Lines),
    ("name-pattern", Kind::NamePattern),
    ("caption", Kind::Caption),
    ("expression", Kind::Expression),
    ("model", Kind::File(FileKind::Model)),
    ("font", Kind::File(FileKind::Font)),
    ("lut", Kind::File(FileKind::Lut)),
    ("action", Kind::File(FileKind::Action)),
    ("object", Kind::Object),
    ("images", Kind::Images),
    ("renditions", Kind::Renditions),
];

/// Reads the content of `catalog.json`.
fn read(text: &str) -> Option<&'static [&'static Action]> {
    static NULL: Value = Value::Null;
    let content: &'static Value = Box::leak(Box::new(serde_json::from_str(text).ok()?));
    let actions = list(content, |entry| {
        let action: &'static Action = Box::leak(Box::new(Action {
            action_type: text_of(entry, "actionType")?,
            version: text_of(entry, "version")?,
            name: text_of(entry, "name")?,
            description: text_of(entry, "description")?,
            category: Category::of_word(text_of(entry, "category")?)?,
            role: Role::of_word(text_of(entry, "role")?)?,
            inputs: list(entry.get("inputs").unwrap_or(&NULL), read_port)?,
            outputs: list(entry.get("outputs").unwrap_or(&NULL), read_port)?,
            fields: list(entry.get("parameters").unwrap_or(&NULL), read_field)?,
            rules: list(entry.get("rules").unwrap_or(&NULL), read_rule)?,
            adds_alpha: entry.get("addsAlpha").map_or(Some(Condition::Never), read_condition)?,
            related: &[],
            usage: "",
            icon: "",
        }));
        Some(action)
    })?;
    (!actions.is_empty()).then_some(actions)
}

/// When to use an action, with an example.
pub fn usage(action: &Action) -> &'static str {
    more(action, 0).unwrap_or(action.usage)
}

/// The icon of an action, as the `d` of an SVG path on a grid of 24.
pub fn icon(action: &Action) -> &'static str {
    more(action, 1).unwrap_or(action.icon)
}

/// The actions that are often used with one.
pub fn related(action: &Action) -> Vec<&'static str> {
    match more(action, 2) {
        Some(related) => related.split_whitespace().collect(),
        None => action.related.to_vec(),
    }
}

/// What is not in `catalog.json`, because the page's first view can do without: programs that need it have `more.json` in them.
fn more(action: &Action, place: usize) -> Option<&'static str> {
    static MORE: LazyLock<Value> =
        LazyLock::new(|| serde_json::from_str(include_str!("more.json")).unwrap_or_default());
    if !action.usage.is_empty() {
        return None;
    }
    MORE.get(action.action_type)?.get(place)?.as_str()
}

fn text_of(entry: &'static Value, name: &str) -> Option<&'static str> {
    entry.get(name)?.as_str()
}

/// The entries of a list; of none if there is no list.
fn list<T>(value: &'static Value, read: impl FnMut(&'static Value) -> Option<T>) -> Option<&'static [T]> {
    let entries = value.as_array().map(Vec::as_slice).unwrap_or_default();
    Some(Vec::leak(entries.iter().map(read).collect::<Option<_>>()?))
}

fn read_port(entry: &'static Value) -> Option<Port> {
    Some(Port {
        name: text_of(entry, "name")?,
        kind: PortType::of_word(text_of(entry, "type")?)?,
        required: entry.get("required")?.as_bool()?,
        description: text_of(entry, "description")?,
    })
}

/// Reads a parameter's entry, as the descriptions of custom actions have it too.
pub fn read_field(entry: &'static Value) -> Option<Field> {
    static NULL: Value = Value::Null;
    let kind = match text_of(entry, "type")? {
        "choice" => Kind::Choice(list(entry.get("values")?, Value::as_str)?),
        "choices" => Kind::Choices(list(entry.get("values")?, Value::as_str)?),
        word => KINDS.iter().find(|(known, _)| *known == word)?.1,
    };
    let range = |key: &str| {
        let bound = |at: usize| entry.get(key)?.get(at)?.as_f64();
        bound(0).zip(bound(1))
    };
    Some(Field {
        name: text_of(entry, "name")?,
        docs: Vec::leak(vec![text_of(entry, "description").unwrap_or_default()]),
        kind,
        range: range("range"),
        soft: range("soft"),
        unit: text_of(entry, "unit"),
        label: text_of(entry, "label"),
        spatial: text_of(entry, "place").and_then(Spatial::of_word),
        required: entry.get("required").is_some(),
        shown: entry.get("shown").map_or(Some(Condition::Always), read_condition)?,
        default: Preset::Read(entry.get("default").unwrap_or(&NULL)),
    })
}

fn read_rule(entry: &'static Value) -> Option<Rule> {
    Some(Rule {
        broken: read_condition(entry.get("broken")?)?,
        field: text_of(entry, "field")?,
        code: text_of(entry, "code")?,
        message: text_of(entry, "message")?,
        hint: text_of(entry, "hint")?,
    })
}

fn read_condition(value: &'static Value) -> Option<Condition> {
    if let Some(always) = value.as_bool() {
        return Some(if always { Condition::Always } else { Condition::Never });
    }
    let (word, of) = value.as_object().and_then(|object: &'static Map<String, Value>| object.iter().next())?;
    Some(match word.as_str() {
        "is" => Condition::Is(of.get(0)?.as_str()?, list(of.get(1)?, Value::as_str)?),
        "given" => Condition::Given(of.as_str()?),
        "missing" => Condition::Missing(of.as_str()?),
        "translucent" => Condition::Translucent(of.as_str()?),
        "above" => Condition::Above(of.get(0)?.as_str()?, of.get(1)?.as_f64()?),
        "notMultiple" => Condition::NotMultiple(of.get(0)?.as_str()?, of.get(1)?.as_f64()?),
        "notBelow" => Condition::NotBelow(of.get(0)?.as_str()?, of.get(1)?.as_str()?),
        "all" => Condition::All(list(of, read_condition)?),
        "any" => Condition::Any(list(of, read_condition)?),
        _ => return None,
    })
}

/// Writing the catalog, which only the tests do.
#[cfg(test)]
mod writing {
    use serde_json::{Value, json};

    use super::{Action, Condition, Field, KINDS, Kind, Port, Rule, Spatial};

    /// The actions as the content of `catalog.json`.
    pub(super) fn written(actions: &[&Action]) -> Value {
        actions.iter().map(|action| written_action(action)).collect()
    }

    fn written_action(action: &Action) -> Value {
        let mut entry = json!({
            "actionType": action.action_type,
            "version": action.version,
            "name": action.name,
            "description": action.description,
            "category": action.category.word(),
            "role": action.role.word(),
            "inputs": action.inputs.iter().map(written_port).collect::<Value>(),
            "outputs": action.outputs.iter().map(written_port).collect::<Value>(),
            "parameters": action.fields.iter().map(written_field).collect::<Value>(),
            "rules": action.rules.iter().map(written_rule).collect::<Value>(),
            "addsAlpha": written_condition(&action.adds_alpha),
        });
        drop_empty(&mut entry);
        entry
    }

    /// The content of `more.json`.
    pub(super) fn written_more(actions: &[&Action]) -> Value {
        let entry = |action: &&Action| {
            (action.action_type.to_owned(), json!([action.usage, action.icon, action.related.join(" ")]))
        };
        Value::Object(actions.iter().map(entry).collect())
    }

    fn written_port(port: &Port) -> Value {
        json!({ "name": port.name, "type": port.kind.word(), "required": port.required, "description": port.description })
    }

    fn written_field(field: &Field) -> Value {
        let (kind, values) = match field.kind {
            Kind::Choice(values) => ("choice", values),
            Kind::Choices(values) => ("choices", values),
            other => (plain_word(other), [].as_slice()),
        };
        let mut entry = json!({
            "name": field.name,
            "description": field.description(),
            "type": kind,
            "values": values,
            "range": field.range.map(|(low, high)| [low, high]),
            "soft": field.soft.map(|(low, high)| [low, high]),
            "unit": field.unit,
            "label": field.label,
            "place": field.spatial.map(Spatial::word),
            "required": field.required,
            "shown": (field.shown != Condition::Always).then(|| written_condition(&field.shown)),
            "default": field.default.value(),
        });
        drop_empty(&mut entry);
        entry
    }

    /// Removes what has the value that is read where there is none.
    fn drop_empty(entry: &mut Value) {
        if let Value::Object(entry) = entry {
            entry.retain(|name, value| match value {
                Value::Null => false,
                _ if name == "default" => true,
                Value::Array(list) => !list.is_empty(),
                value => *value != false,
            });
        }
    }

    fn written_rule(rule: &Rule) -> Value {
        json!({
            "broken": written_condition(&rule.broken),
            "field": rule.field,
            "code": rule.code,
            "message": rule.message,
            "hint": rule.hint,
        })
    }

    fn written_condition(condition: &Condition) -> Value {
        let all = |list: &[Condition]| list.iter().map(written_condition).collect::<Value>();
        match condition {
            Condition::Never => json!(false),
            Condition::Always => json!(true),
            Condition::Is(name, words) => json!({ "is": [name, words] }),
            Condition::Given(name) => json!({ "given": name }),
            Condition::Missing(name) => json!({ "missing": name }),
            Condition::Translucent(name) => json!({ "translucent": name }),
            Condition::Above(name, limit) => json!({ "above": [name, limit] }),
            Condition::NotMultiple(name, step) => json!({ "notMultiple": [name, step] }),
            Condition::NotBelow(name, other) => json!({ "notBelow": [name, other] }),
            Condition::All(list) => json!({ "all": all(list) }),
            Condition::Any(list) => json!({ "any": all(list) }),
        }
    }

    fn plain_word(kind: Kind) -> &'static str {
        KINDS.iter().find(|(_, known)| *known == kind).map_or("", |(word, _)| word)
    }
}

#[cfg(test)]
mod tests {
    use super::writing::{written, written_more};
    use super::*;

    #[test]
    fn the_file_of_the_build_is_that_of_the_linked_actions() {
        let all = super::super::LINKED;
        let pretty = |content: &Value| format!("{}\n", serde_json::to_string_pretty(content).unwrap());
        for (name, content) in
            [("catalog", pretty(&written(all))), ("more", format!("{}\n", written_more(all)).replace("],", "],\n"))]
        {
            let path = format!("{}/src/actions/{name}.json", env!("CARGO_MANIFEST_DIR"));
            if std::env::var_os("PIXELMILL_WRITE").is_some() {
                std::fs::write(&path, &content).unwrap();
            }
            let stored = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(
                stored == content,
                "src/actions/{name}.json is out of date: PIXELMILL_WRITE=1 cargo test --lib catalog writes it"
            );
        }
    }

    /// Within the grid, as far as absolute coordinates say.
    #[test]
    fn every_action_has_an_icon_of_its_own() {
        let mut seen: Vec<&str> = Vec::new();
        for action in super::super::LINKED {
            let name = action.action_type;
            assert!(!seen.contains(&action.icon), "{name} has the icon of another action");
            seen.push(action.icon);
            assert!(action.icon.starts_with('M') && (10..300).contains(&action.icon.len()), "{name}");
            let is_path = |one: char| one.is_ascii_digit() || "MLHVCSAZmlhvcsaz .-".contains(one);
            assert!(action.icon.chars().all(is_path), "{name}");
            for place in action.icon.split('M').skip(1) {
                let mut numbers = place.split([' ', 'L', 'H', 'V', 'l', 'h', 'v', 'a', 'A', 'c', 'C', 's', 'z', '-']);
                let start: Vec<f64> = numbers.by_ref().take(2).map(|number| number.parse().unwrap()).collect();
                assert!(start.iter().all(|number| (1.5..=22.5).contains(number)), "{name}: M{place}");
            }
        }
    }

    #[test]
    fn what_is_read_says_the_same_as_what_is_linked() {
        let content = written(super::super::LINKED);
        let read = read(&content.to_string()).unwrap();
        assert_eq!(read.len(), super::super::LINKED.len());
        assert_eq!(written(read), content);
        for (read, linked) in read.iter().zip(super::super::LINKED) {
            for action in [read, linked] {
                assert_eq!(
                    (usage(action), icon(action), &*related(action)),
                    (linked.usage, linked.icon, linked.related)
                );
            }
        }
        let shown = |action: &Action| {
            let fields: Vec<_> = action
                .fields
                .iter()
                .map(|field| {
                    (
                        field.name,
                        field.description(),
                        field.kind,
                        (field.range, field.soft),
                        field.unit,
                        field.label,
                        field.spatial,
                        field.required,
                        field.shown,
                        field.default.value(),
                    )
                })
                .collect();
            format!(
                "{:?}",
                (action.category, action.role, action.inputs, action.outputs, fields, action.rules, action.adds_alpha)
            )
        };
        for (read, linked) in read.iter().zip(super::super::LINKED) {
            assert_eq!(shown(read), shown(linked));
        }
    }

    #[test]
    fn another_content_is_refused() {
        for text in ["", "[]", "{}", "[{}]", r#"[{"actionType":"a"}]"#] {
            assert!(read(text).is_none(), "{text}");
        }
    }
}
