//! Checks of raw parameters against an action's entry. Everything here works on data, so that programs that link no
//! kernel judge a document exactly as those that run it.

use serde_json::{Map, Value};

use super::Action;
use super::create_rendition::check_list;
use super::input_images::InputImages;
use super::parameters::{Color, Curve, Field, Gradient, Kind, Parameter, Point, Ratio};
use super::placeholders::{fill, hint_for};
use crate::expression::Expression;
use crate::user_file::FileKind;

/// What is wrong with a raw parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Issue {
    /// The parameter.
    pub field: &'static str,
    /// Stable code: `wrong_type`, `out_of_range`, `missing_parameter`, `unknown_placeholder`, `invalid_condition`,
    /// `conflicting_parameters`.
    pub code: &'static str,
    /// What is wrong, naming the value.
    pub message: String,
    /// How to fix it.
    pub hint: String,
}

/// Something that is true of some raw parameters and not of others. A `null` counts as missing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Condition {
    /// Of none.
    Never,
    /// Of all.
    Always,
    /// The parameter, or its default, is one of these words.
    Is(&'static str, &'static [&'static str]),
    /// The parameter is given.
    Given(&'static str),
    /// The parameter is missing.
    Missing(&'static str),
    /// The colour, or its default, is not opaque.
    Translucent(&'static str),
    /// The number, or its default, is greater than this.
    Above(&'static str, f64),
    /// The number, or its default, is not a multiple of this.
    NotMultiple(&'static str, f64),
    /// The first number, or its default, is not less than the second.
    NotBelow(&'static str, &'static str),
    /// All of these hold.
    All(&'static [Condition]),
    /// One of these holds.
    Any(&'static [Condition]),
}

impl Condition {
    /// Whether it holds for raw parameters of an action with these fields.
    pub fn holds(&self, fields: &[Field], raw: &Map<String, Value>) -> bool {
        match self {
            Self::Never => false,
            Self::Always => true,
            Self::Is(name, words) => value_of(name, fields, raw).as_str().is_some_and(|word| words.contains(&word)),
            Self::Given(name) => is_given(name, raw),
            Self::Missing(name) => !is_given(name, raw),
            Self::Translucent(name) => {
                Color::read(&value_of(name, fields, raw)).is_some_and(|color| !color.is_opaque())
            }
            Self::Above(name, limit) => number_of(name, fields, raw).is_some_and(|number| number > *limit),
            Self::NotMultiple(name, step) => number_of(name, fields, raw).is_some_and(|number| number % step != 0.0),
            Self::NotBelow(name, other) => number_of(name, fields, raw)
                .zip(number_of(other, fields, raw))
                .is_some_and(|(number, other)| number >= other),
            Self::All(all) => all.iter().all(|one| one.holds(fields, raw)),
            Self::Any(any) => any.iter().any(|one| one.holds(fields, raw)),
        }
    }
}

/// A rule between parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// When it is broken.
    pub broken: Condition,
    /// The parameter to change.
    pub field: &'static str,
    /// The [code](Issue::code) of the issue.
    pub code: &'static str,
    /// What is wrong. `{value}` stands for the value of the field.
    pub message: &'static str,
    /// How to fix it.
    pub hint: &'static str,
}

/// A parameter's own value.
fn given<'a>(name: &str, raw: &'a Map<String, Value>) -> Option<&'a Value> {
    raw.get(name).filter(|value| !value.is_null())
}

/// Whether a parameter says anything: an empty list does not.
fn is_given(name: &str, raw: &Map<String, Value>) -> bool {
    given(name, raw).is_some_and(|value| value.as_array().is_none_or(|list| !list.is_empty()))
}

/// A parameter's own value, or its default.
fn value_of(name: &str, fields: &[Field], raw: &Map<String, Value>) -> Value {
    let default = || fields.iter().find(|field| field.name == name).map(|field| field.default.value());
    given(name, raw).cloned().or_else(default).unwrap_or_default()
}

/// A number, or its default.
fn number_of(name: &str, fields: &[Field], raw: &Map<String, Value>) -> Option<f64> {
    value_of(name, fields, raw).as_f64()
}

/// Checks raw parameters of an action: every field, and then, if nothing is wrong with those, the rules between them.
pub fn check(action: &Action, raw: &Map<String, Value>) -> Vec<Issue> {
    let mut issues: Vec<Issue> = action.fields.iter().filter_map(|field| check_field(field, raw)).collect();
    if issues.is_empty() {
        let broken = action.rules.iter().filter(|rule| rule.broken.holds(action.fields, raw));
        issues.extend(broken.map(|rule| {
            let value = value_of(rule.field, action.fields, raw);
            let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let message = rule.message.replace("{value}", &shown);
            Issue { field: rule.field, code: rule.code, message, hint: rule.hint.to_owned() }
        }));
    }
    issues
}

/// Checks one of raw parameters by itself.
pub fn check_field(field: &Field, raw: &Map<String, Value>) -> Option<Issue> {
    let name = field.name;
    let issue = |code, message, hint| Some(Issue { field: name, code, message, hint });
    let Some(value) = given(name, raw) else {
        let (message, hint) = (format!("\"{name}\" is required."), format!("Give \"{name}\": {}", field.description()));
        return if field.required { issue("missing_parameter", message, hint) } else { None };
    };
    let range = field.range.map_or(String::new(), |(low, high)| {
        let unit = field.unit.map_or(String::new(), |unit| format!(" {unit}"));
        format!(" from {} to {}{unit}", grouped(low), grouped(high))
    });
    let number = value.as_f64();
    if let (Some((low, high)), Some(number)) = (field.range, number)
        && !(low..=high).contains(&number)
    {
        let hint = format!("The nearest valid value is {}.", number.clamp(low, high));
        return issue("out_of_range", format!("\"{name}\" must be{range}, not {number}."), hint);
    }
    if !is_valid(field.kind, value) {
        let hint = format!("Give {}{range}.", expected(field.kind));
        return issue("wrong_type", format!("\"{name}\" is {value}."), hint);
    }
    let text = value.as_str().unwrap_or_default();
    match field.kind {
        Kind::File(FileKind::Model) if text.trim().is_empty() => {
            let hint = format!("Give the name of a model, such as {}.", field.default.value());
            issue("missing_parameter", format!("\"{name}\" is empty."), hint)
        }
        Kind::NamePattern | Kind::Caption => {
            let unknown = fill(text, |_| String::new()).err()?;
            issue("unknown_placeholder", format!("\"{{{unknown}}}\" is not a placeholder."), hint_for(&unknown))
        }
        Kind::Expression => {
            let problem = Expression::parse(text).err()?;
            Some(Issue { field: name, code: "invalid_condition", message: problem.message, hint: problem.hint })
        }
        Kind::Renditions => check_list(name, value),
        _ => None,
    }
}

fn is_valid(kind: Kind, value: &Value) -> bool {
    match kind {
        Kind::Integer => i32::read(value).is_some(),
        Kind::Number => value.is_number(),
        Kind::Boolean => value.is_boolean(),
        Kind::Choice(words) => value.as_str().is_some_and(|word| words.contains(&word)),
        Kind::Choices(words) => {
            let list = value.as_array().map(Vec::as_slice);
            let is_new = |(at, word): (usize, &Value)| {
                word.as_str().is_some_and(|word| words.contains(&word))
                    && !list.unwrap_or_default()[..at].contains(word)
            };
            list.is_some_and(|list| list.iter().enumerate().all(is_new))
        }
        Kind::Color => Color::read(value).is_some(),
        Kind::Ratio => Ratio::read(value).is_some(),
        Kind::Point => Point::read(value).is_some(),
        Kind::Curve => Curve::read(value).is_some(),
        Kind::Gradient => Gradient::read(value).is_some(),
        Kind::Text | Kind::Lines | Kind::NamePattern | Kind::Caption | Kind::Expression | Kind::File(_) => {
            value.is_string()
        }
        Kind::Object => value.is_object(),
        Kind::Images => InputImages::read(value).is_some(),
        // What is wrong with an entry is said by its index.
        Kind::Renditions => value.is_array(),
    }
}

/// What a parameter of this kind is, to follow "Give".
fn expected(kind: Kind) -> String {
    match kind {
        Kind::Integer => "a whole number",
        Kind::Number => "a number",
        Kind::Boolean => "true or false",
        Kind::Choice(words) => return format!("one of {}", words.join(", ")),
        Kind::Choices(words) => return format!("a list of some of {}, none twice", words.join(", ")),
        Kind::Color => "a colour as #rrggbb or #rrggbbaa",
        Kind::Point => "a point with shares from 0 to 1, such as {\"x\":0.5,\"y\":0.3}",
        Kind::Curve => {
            "2 to 32 points [x, y] with numbers from 0 to 255, each x above the one before, such as [[0,0],[128,150],[255,255]]"
        }
        Kind::Gradient => {
            "2 to 16 stops [share, colour] with shares from 0 to 1 in order, such as [[0,\"#ffffff\"],[0.6,\"#e8e8e8\"],[1,\"#b0b0b0\"]]"
        }
        Kind::Ratio => "a ratio such as \"4:5\"",
        Kind::Text | Kind::Lines | Kind::NamePattern | Kind::Caption | Kind::Expression | Kind::File(_) => "text",
        Kind::Object => "an object such as {\"size\":4}",
        Kind::Images => "a list of { name, sourceUrl, storageType }",
        Kind::Renditions => "a list of { width, height, fit, format, quality, suffix }",
    }
    .to_owned()
}

/// A number with commas between its thousands. It is written by the serializer, which every program has anyway: the
/// standard library's formatting of floating-point numbers takes another 14 kB.
fn grouped(number: f64) -> String {
    let mut text = Value::from(number).to_string();
    if text.ends_with(".0") {
        text.truncate(text.len() - 2);
    }
    let first = usize::from(number < 0.0) + 1;
    let end = text.find('.').unwrap_or(text.len());
    for at in (first..end).rev().filter(|at| (end - at).is_multiple_of(3)) {
        text.insert(at, ',');
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::actions::find;

    fn issues(action_type: &str, raw: Value) -> Vec<(&'static str, &'static str, String, String)> {
        let found = check(find(action_type).unwrap(), raw.as_object().unwrap());
        found.into_iter().map(|issue| (issue.field, issue.code, issue.message, issue.hint)).collect()
    }

    fn of(
        field: &'static str,
        code: &'static str,
        message: &str,
        hint: &str,
    ) -> Vec<(&'static str, &'static str, String, String)> {
        vec![(field, code, message.to_owned(), hint.to_owned())]
    }

    #[test]
    fn an_issue_names_the_value_and_a_valid_one() {
        for (action_type, raw, expected) in [
            (
                "gaussian-blur",
                json!({ "sigma": "wide" }),
                of("sigma", "wrong_type", "\"sigma\" is \"wide\".", "Give a number from 0 to 250 px."),
            ),
            (
                "gaussian-blur",
                json!({ "sigma": 251 }),
                of(
                    "sigma",
                    "out_of_range",
                    "\"sigma\" must be from 0 to 250 px, not 251.",
                    "The nearest valid value is 250.",
                ),
            ),
            (
                "resize",
                json!({ "width": 1.5 }),
                of("width", "wrong_type", "\"width\" is 1.5.", "Give a whole number from 1 to 65,500 px."),
            ),
            (
                "flip",
                json!({ "direction": "up" }),
                of("direction", "wrong_type", "\"direction\" is \"up\".", "Give one of horizontal, vertical."),
            ),
            (
                "rotate",
                json!({ "angle": "left" }),
                of("angle", "wrong_type", "\"angle\" is \"left\".", "Give a number."),
            ),
            (
                "pad",
                json!({ "ratio": "1:1", "color": "red" }),
                of("color", "wrong_type", "\"color\" is \"red\".", "Give a colour as #rrggbb or #rrggbbaa."),
            ),
            (
                "crop",
                json!({ "ratio": "0:1" }),
                of("ratio", "wrong_type", "\"ratio\" is \"0:1\".", "Give a ratio such as \"4:5\"."),
            ),
            (
                "crop",
                json!({ "ratio": "1:1", "focus": { "x": 0.5, "y": 2 } }),
                of(
                    "focus",
                    "wrong_type",
                    "\"focus\" is {\"x\":0.5,\"y\":2}.",
                    "Give a point with shares from 0 to 1, such as {\"x\":0.5,\"y\":0.3}.",
                ),
            ),
            (
                "remove-background",
                json!({ "model": " " }),
                of(
                    "model",
                    "missing_parameter",
                    "\"model\" is empty.",
                    "Give the name of a model, such as \"u2netp\".",
                ),
            ),
            (
                "output",
                json!({ "name": "{nme}" }),
                of(
                    "name",
                    "unknown_placeholder",
                    "\"{nme}\" is not a placeholder.",
                    "Did you mean {name}? Use {name}, {ext}, {folder}, {path}, {index}, {index:04}, {count}, {piece}, {width}, {height}, {hash:8}, {date:%Y-%m-%d}, {exif.date}, {exif.camera}, {row.column}, {param.name}.",
                ),
            ),
            (
                "curves",
                json!({ "red": [[9, 0], [9, 255]] }),
                of(
                    "red",
                    "wrong_type",
                    "\"red\" is [[9,0],[9,255]].",
                    "Give 2 to 32 points [x, y] with numbers from 0 to 255, each x above the one before, such as \
                     [[0,0],[128,150],[255,255]].",
                ),
            ),
            (
                "condition",
                json!({ "when": "width == \"wide\"" }),
                of(
                    "when",
                    "invalid_condition",
                    "width is a number, and \"wide\" is a text, at character 10.",
                    "Compare what is of the same type.",
                ),
            ),
            ("condition", json!({ "when": 3 }), of("when", "wrong_type", "\"when\" is 3.", "Give text.")),
            (
                "custom",
                json!({ "settings": "{size: 4}" }),
                of("settings", "wrong_type", "\"settings\" is \"{size: 4}\".", "Give an object such as {\"size\":4}."),
            ),
            (
                "input-images",
                json!({ "images": [{}] }),
                of("images", "wrong_type", "\"images\" is [{}].", "Give a list of { name, sourceUrl, storageType }."),
            ),
        ] {
            assert_eq!(issues(action_type, raw), expected);
        }
        assert_eq!(issues("gaussian-blur", json!({ "sigma": null })), [], "null counts as missing");
        assert_eq!(issues("resize", json!({ "width": 90.0 })), [], "90.0 is a whole number");
    }

    #[test]
    fn a_parameter_that_does_not_matter_is_not_shown() {
        let shown = |action_type: &str, raw: Value| {
            let action = find(action_type).unwrap();
            let is_shown = |field: &&Field| field.shown.holds(action.fields, raw.as_object().unwrap());
            action.fields.iter().filter(is_shown).map(|field| field.name).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(shown("resize", json!({})), "width height mode filter linear enlarge");
        assert_eq!(shown("resize", json!({ "mode": "percent" })), "mode percent filter linear enlarge");
        assert_eq!(shown("grayscale", json!({ "standard": null })), "standard");
        assert_eq!(shown("grayscale", json!({ "standard": "mix" })), "standard red green blue");
        assert_eq!(shown("rotate", json!({ "angle": -180 })), "angle");
        assert_eq!(shown("rotate", json!({ "angle": 7.5 })), "angle background expand");
    }

    #[test]
    fn rules_between_parameters_are_judged_by_their_values_and_defaults() {
        let codes = |action_type: &str, raw: Value| {
            issues(action_type, raw).into_iter().map(|(field, code, ..)| format!("{field} {code}")).collect::<Vec<_>>()
        };
        for (action_type, raw, expected) in [
            ("resize", json!({}), "width missing_parameter"),
            ("resize", json!({ "mode": "long-side", "height": 9 }), "width missing_parameter"),
            ("resize", json!({ "mode": "percent", "width": 9 }), "percent missing_parameter"),
            ("pad", json!({ "width": null }), "width missing_parameter"),
            ("pad", json!({ "width": 9, "ratio": "1:1" }), "ratio conflicting_parameters"),
            ("crop", json!({}), "ratio missing_parameter"),
            ("crop", json!({ "x": 9 }), "width missing_parameter, height missing_parameter"),
            ("crop", json!({ "width": 9 }), "height missing_parameter"),
            ("crop", json!({ "ratio": "1:1", "y": 0 }), "ratio conflicting_parameters"),
            ("levels", json!({ "black": 200, "white": 200 }), "white conflicting_parameters"),
            ("levels", json!({ "white": 1, "black": 1 }), "white conflicting_parameters"),
            ("round-corners", json!({ "radius": 0.6 }), "radius out_of_range"),
        ] {
            assert_eq!(codes(action_type, raw).join(", "), expected);
        }
        for (action_type, raw) in [
            ("resize", json!({ "mode": "percent", "percent": 50 })),
            ("resize", json!({ "height": 9 })),
            ("round-corners", json!({ "radius": 0.6, "unit": "px" })),
            ("rotate", json!({ "angle": 12.5 })),
            ("crop", json!({ "width": 9, "height": 9 })),
        ] {
            assert_eq!(codes(action_type, raw), Vec::<String>::new());
        }
        let conflict = issues("pad", json!({ "width": 9, "ratio": "4:5" }));
        assert_eq!(conflict[0].2, "\"ratio\" is 4:5, but a side is given too.");
    }
}
