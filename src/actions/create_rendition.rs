//! `create-rendition`: several results of one picture, each in a size and format of its own. The engine runs it as a
//! `resize` and an `output` for each.

use serde_json::{Map, Value, json};

use super::checks::{Condition, Issue, check};
use super::parameters::{Kind, Parameter};
use super::placeholders::fill;
use super::{Action, Category, IMAGE_IN, Role, find};

/// The `renditions` of the action, as written.
#[derive(Clone, Debug, PartialEq)]
pub struct Renditions(pub Vec<Map<String, Value>>);

impl Renditions {
    /// A large and a small picture.
    fn usual() -> Self {
        let one = |side: u32, suffix: &str| {
            Map::from_iter([
                ("width".to_owned(), json!(side)),
                ("height".to_owned(), json!(side)),
                ("suffix".to_owned(), json!(suffix)),
            ])
        };
        Self(vec![one(1600, "-large"), one(400, "-small")])
    }
}

impl Parameter for Renditions {
    const KIND: Kind = Kind::Renditions;
    fn read(value: &Value) -> Option<Self> {
        value.as_array()?.iter().map(|one| one.as_object().cloned()).collect::<Option<_>>().map(Self)
    }
    fn json(&self) -> Value {
        self.0.iter().cloned().map(Value::Object).collect()
    }
}

crate::parameters! {
    /// Parameters of `create-rendition`.
    pub struct CreateRendition {
        /// The results: a list of objects with any of `width`, `height`, `fit` (the `mode` of a resize action: `fit`, `fill`,
        /// `exact` or `long-side`), `format`, `quality`, `maxBytes` and `suffix`, which is appended to the name. All other
        /// parameters of `resize` and `output` may be used too. Without width and height, a result keeps the picture's size.
        renditions: Renditions = Renditions::usual();
        /// File name, as that of an output action; the suffix of a rendition follows `{name}`, or is the end of the name.
        name: String = "{name}.{ext}".to_owned(), kind Kind::NamePattern;
    }
}

/// The entry of `create-rendition`.
pub const ACTION: Action = Action {
    action_type: "create-rendition",
    version: "1.0.0",
    name: "Renditions",
    description: "Writes several files of each picture, each in a size and format of its own.",
    category: Category::Output,
    role: Role::Sink,
    inputs: &[IMAGE_IN],
    outputs: &[],
    fields: CreateRendition::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &["output", "resize"],
    usage: "Make the sizes of a responsive web page in one step, for example 1600, 800 and 400 pixels wide as WebP.",
    icon: "M4 4h16v16H4zM4 9.5h10.5V20M4 14.5h5.5V20",
};

/// Most renditions of one action.
const MOST: usize = 50;
/// The suffix of a rendition that names none.
pub const USUAL_SUFFIX: &str = "-{width}";

/// One result as the actions that it is made by.
#[derive(Clone, Debug, PartialEq)]
pub struct Rendition {
    /// Parameters of `resize`, if the size changes.
    pub resize: Option<Map<String, Value>>,
    /// Parameters of `output`.
    pub output: Map<String, Value>,
}

impl CreateRendition {
    /// The results in the order of the list.
    pub fn expanded(&self) -> impl Iterator<Item = Rendition> {
        self.renditions.0.iter().map(|one| {
            let Parts { resize, mut output, suffix, .. } = Parts::of(one);
            let name = suffixed(&self.name, suffix.and_then(Value::as_str).unwrap_or(USUAL_SUFFIX));
            output.insert("name".to_owned(), name.into());
            Rendition { resize: (!resize.is_empty()).then_some(resize), output }
        })
    }
}

/// The name pattern of a rendition: with the suffix after the input's name, before the extension, or at the end.
pub(crate) fn suffixed(pattern: &str, suffix: &str) -> String {
    const NAME: &str = "{name}";
    let at = pattern.rfind(NAME).map(|at| at + NAME.len()).or_else(|| pattern.rfind('.')).unwrap_or(pattern.len());
    format!("{}{suffix}{}", &pattern[..at], &pattern[at..])
}

/// What a rendition says, by the action that it concerns.
struct Parts<'a> {
    resize: Map<String, Value>,
    output: Map<String, Value>,
    suffix: Option<&'a Value>,
    unknown: Vec<&'a str>,
}

impl<'a> Parts<'a> {
    fn of(rendition: &'a Map<String, Value>) -> Self {
        let has = |action: &str, key: &str| {
            find(action).is_some_and(|action| action.fields.iter().any(|field| field.name == key))
        };
        let mut parts = Self { resize: Map::new(), output: Map::new(), suffix: None, unknown: Vec::new() };
        for (key, value) in rendition.iter().filter(|(_, value)| !value.is_null()) {
            match key.as_str() {
                "suffix" => parts.suffix = Some(value),
                "fit" => drop(parts.resize.insert("mode".to_owned(), value.clone())),
                "mode" | "name" => parts.unknown.push(key),
                _ if has("resize", key) => drop(parts.resize.insert(key.clone(), value.clone())),
                _ if has("output", key) => drop(parts.output.insert(key.clone(), value.clone())),
                _ => parts.unknown.push(key),
            }
        }
        parts
    }
}

/// The parameters of renditions that have no effect, as `renditions[1].heigth`.
pub fn unknown_parameters(name: &str, value: &Value) -> Vec<String> {
    let list = value.as_array().into_iter().flatten().enumerate();
    let unknown = list.filter_map(|(index, one)| Some((index, Parts::of(one.as_object()?).unknown)));
    unknown.flat_map(|(index, keys)| keys.into_iter().map(move |key| format!("{name}[{index}].{key}"))).collect()
}

/// The first thing that is wrong with a list of renditions.
pub(super) fn check_list(field: &'static str, value: &Value) -> Option<Issue> {
    let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
    let issue = |code, message: String, hint: &str| Some(Issue { field, code, message, hint: hint.to_owned() });
    if list.is_empty() {
        return issue(
            "missing_parameter",
            format!("\"{field}\" is empty."),
            "Add a rendition, such as { \"width\": 800 }.",
        );
    }
    if list.len() > MOST {
        let message = format!("\"{field}\" has {} entries, more than {MOST}.", list.len());
        return issue("out_of_range", message, "Divide them among several actions.");
    }
    list.iter().enumerate().find_map(|(index, one)| check_one(field, &format!("{field}[{index}]"), one))
}

fn check_one(field: &'static str, place: &str, value: &Value) -> Option<Issue> {
    let issue = |code, message: String, hint: &str| Some(Issue { field, code, message, hint: hint.to_owned() });
    let Some(rendition) = value.as_object() else {
        return issue("wrong_type", format!("\"{place}\" is {value}."), "Give an object, such as { \"width\": 800 }.");
    };
    let parts = Parts::of(rendition);
    match parts.suffix.map(|suffix| suffix.as_str().ok_or(suffix)) {
        Some(Err(suffix)) => {
            return issue("wrong_type", format!("\"{place}.suffix\" is {suffix}."), "Give text, such as \"-small\".");
        }
        Some(Ok(suffix)) => {
            if let Err(unknown) = fill(suffix, |_| String::new()) {
                let message = format!("\"{{{unknown}}}\" in \"{place}.suffix\" is not a placeholder.");
                return issue("unknown_placeholder", message, "Use plain text, or {width} and {height}.");
            }
        }
        None => {}
    }
    let resize = (!parts.resize.is_empty()).then_some(("resize", &parts.resize));
    resize.into_iter().chain([("output", &parts.output)]).find_map(|(action, raw)| {
        let found = check(find(action)?, raw).into_iter().next()?;
        let name = if found.field == "mode" { "fit" } else { found.field };
        let message = found.message.replacen(&format!("\"{}\"", found.field), &format!("\"{place}.{name}\""), 1);
        Some(Issue { field, message, ..found })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(raw: Value) -> Vec<Rendition> {
        let raw = raw.as_object().unwrap();
        assert_eq!(ACTION.check(raw), []);
        CreateRendition::read(raw).unwrap().expanded().collect()
    }

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn a_rendition_is_a_resize_and_an_output() {
        let list = expanded(json!({ "renditions": [
            { "width": 800, "height": 600, "fit": "fill", "gravity": "north", "format": "webp", "quality": 70, "suffix": "-card" },
            { "width": 400, "height": null },
            { "format": "png", "maxBytes": 5000, "suffix": "" },
        ] }));
        assert_eq!(
            list[0].resize,
            Some(object(json!({ "width": 800, "height": 600, "mode": "fill", "gravity": "north" })))
        );
        assert_eq!(list[0].output, object(json!({ "format": "webp", "quality": 70, "name": "{name}-card.{ext}" })));
        assert_eq!(list[1].resize, Some(object(json!({ "width": 400 }))));
        assert_eq!(list[1].output, object(json!({ "name": "{name}-{width}.{ext}" })));
        assert_eq!(list[2].resize, None);
        assert_eq!(list[2].output, object(json!({ "format": "png", "maxBytes": 5000, "name": "{name}.{ext}" })));
        assert_eq!(expanded(json!({})).len(), 2, "the default");
    }

    #[test]
    fn a_suffix_stands_after_the_name() {
        for (pattern, expected) in [
            ("{name}.{ext}", "{name}-s.{ext}"),
            ("{folder}/{name}-{index}.{ext}", "{folder}/{name}-s-{index}.{ext}"),
            ("photo.{ext}", "photo-s.{ext}"),
            ("photo", "photo-s"),
        ] {
            assert_eq!(suffixed(pattern, "-s"), expected);
        }
    }

    #[test]
    fn an_issue_names_the_entry() {
        for (renditions, code, message) in [
            (json!([]), "missing_parameter", "\"renditions\" is empty."),
            (json!([{}, 7]), "wrong_type", "\"renditions[1]\" is 7."),
            (
                json!([{}, {}, { "width": 0 }]),
                "out_of_range",
                "\"renditions[2].width\" must be from 1 to 65,500 px, not 0.",
            ),
            (json!([{ "width": "wide" }]), "wrong_type", "\"renditions[0].width\" is \"wide\"."),
            (json!([{ "width": 9, "fit": "up" }]), "wrong_type", "\"renditions[0].fit\" is \"up\"."),
            (
                json!([{ "fit": "fill" }]),
                "missing_parameter",
                "\"renditions[0].width\" and \"height\" are both missing.",
            ),
            (json!([{ "quality": 101 }]), "out_of_range", "\"renditions[0].quality\" must be from 1 to 100, not 101."),
            (json!([{ "suffix": 1 }]), "wrong_type", "\"renditions[0].suffix\" is 1."),
            (
                json!([{ "suffix": "-{wide}" }]),
                "unknown_placeholder",
                "\"{wide}\" in \"renditions[0].suffix\" is not a placeholder.",
            ),
            (json!(vec![json!({}); 51]), "out_of_range", "\"renditions\" has 51 entries, more than 50."),
        ] {
            let issues = ACTION.check(&object(json!({ "renditions": renditions })));
            let found: Vec<_> = issues.iter().map(|one| (one.field, one.code, one.message.as_str())).collect();
            assert_eq!(found, [("renditions", code, message)]);
            assert!(!issues[0].hint.is_empty());
        }
        let issues = ACTION.check(&object(json!({ "renditions": { "width": 9 } })));
        assert_eq!((issues.len(), issues[0].code), (1, "wrong_type"));
    }

    #[test]
    fn what_has_no_effect_is_known() {
        let list = json!([{ "width": 9 }, { "heigth": 9, "name": "a", "mode": "fit", "percent": null }]);
        let unknown = ["renditions[1].heigth", "renditions[1].name", "renditions[1].mode"];
        assert_eq!(unknown_parameters("renditions", &list), unknown);
    }
}
