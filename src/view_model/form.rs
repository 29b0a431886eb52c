//! How a parameter is shown and edited, from its metadata only. Nothing here is specific to an action.

use serde_json::{Map, Value};

use crate::actions::create_rendition::USUAL_SUFFIX;
use crate::actions::parameters::{Color, Field, Kind};
use crate::actions::placeholders::{Placeholder, dated, fill};
use crate::actions::{catalog, find};
use crate::codecs::Format;
use crate::user_file::FileKind;

/// The control that edits a parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Control {
    /// A number with a slider next to it.
    Slider {
        /// Least value.
        low: f64,
        /// Greatest value.
        high: f64,
        /// Distance between neighbouring values.
        step: f64,
    },
    /// A number.
    Number {
        /// Distance between neighbouring values.
        step: f64,
    },
    /// On or off.
    Switch,
    /// One of a few choices.
    Select(&'static [&'static str]),
    /// One of nine positions, row by row.
    Places(&'static [&'static str]),
    /// A colour with alpha.
    Color,
    /// A ratio such as `4:5`.
    Ratio,
    /// A place in a picture: two shares.
    Point,
    /// A curve from values to values.
    Curve,
    /// The stops of a gradient.
    Gradient,
    /// A file-name pattern.
    Pattern,
    /// A file that is no picture, chosen from those of its kind.
    File(FileKind),
    /// Text.
    Text,
    /// Text of several lines.
    Caption,
    /// A JSON object.
    Object,
    /// A list of renditions, one in each row.
    Renditions,
    /// Some of several choices.
    Choices(&'static [&'static str]),
}

/// The widest range in which a slider can still set a value precisely.
const SLIDER_STEPS: f64 = 1000.0;

/// The control for a parameter; `None` for pictures, which have a drop zone.
pub fn control(field: &Field) -> Option<Control> {
    Some(match field.kind {
        Kind::Integer | Kind::Number => number(field),
        Kind::Boolean => Control::Switch,
        Kind::Choice(words) if words.len() == 9 && words.contains(&"center") => Control::Places(words),
        Kind::Choice(words) => Control::Select(words),
        Kind::Choices(words) => Control::Choices(words),
        Kind::Color => Control::Color,
        Kind::Ratio => Control::Ratio,
        Kind::Point => Control::Point,
        Kind::Curve => Control::Curve,
        Kind::Gradient => Control::Gradient,
        Kind::NamePattern => Control::Pattern,
        Kind::File(kind) => Control::File(kind),
        Kind::Text | Kind::Expression => Control::Text,
        Kind::Caption | Kind::Lines => Control::Caption,
        Kind::Object => Control::Object,
        Kind::Renditions => Control::Renditions,
        Kind::Images => return None,
    })
}

fn number(field: &Field) -> Control {
    let whole = matches!(field.kind, Kind::Integer);
    let Some((low, high)) = field.soft.or(field.range) else {
        return Control::Number { step: if whole { 1.0 } else { 0.01 } };
    };
    let span = high - low;
    let step = match span {
        _ if whole => 1.0,
        span if span <= 2.0 => 0.01,
        span if span <= 20.0 => 0.05,
        span if span <= 100.0 => 0.1,
        _ => 1.0,
    };
    // A number without a default (an optional width) has no position on a slider.
    let has_default = !field.default.value().is_null();
    if span / step <= SLIDER_STEPS && has_default {
        Control::Slider { low, high, step }
    } else {
        Control::Number { step: if whole { 1.0 } else { step.min(0.1) } }
    }
}

/// An identifier as words: `autoOrient` → `Auto orient`, `resize-large` → `Resize large`.
pub fn label(identifier: &str) -> String {
    let mut words = String::with_capacity(identifier.len() + 4);
    for character in identifier.chars() {
        if matches!(character, '-' | '_' | ' ') {
            words.push(' ');
        } else if character.is_ascii_uppercase() && !words.is_empty() {
            words.push(' ');
            words.push(character.to_ascii_lowercase());
        } else if words.is_empty() {
            words.push(character.to_ascii_uppercase());
        } else {
            words.push(character);
        }
    }
    words
}

/// A parameter's label in the form.
pub fn field_label(field: &Field) -> String {
    field.label.map_or_else(|| label(field.name), str::to_owned)
}

/// A choice as words; file formats with their usual names.
pub fn choice(word: &str) -> String {
    if let Some(format) = Format::ALL.iter().find(|format| format.name().eq_ignore_ascii_case(word)) {
        return format.name().to_owned();
    }
    match word {
        "jxl" => Format::Jxl.name().to_owned(),
        "444" => "4:4:4".to_owned(),
        "420" => "4:2:0".to_owned(),
        "rec601" => "Rec. 601".to_owned(),
        "rec709" => "Rec. 709".to_owned(),
        "northwest" => "Top left".to_owned(),
        "north" => "Top".to_owned(),
        "northeast" => "Top right".to_owned(),
        "west" => "Left".to_owned(),
        "east" => "Right".to_owned(),
        "southwest" => "Bottom left".to_owned(),
        "south" => "Bottom".to_owned(),
        "southeast" => "Bottom right".to_owned(),
        "cutout" => "Transparent".to_owned(),
        "replace" => "Colour".to_owned(),
        "network" => "Model".to_owned(),
        other => label(other),
    }
}

/// A parameter or a choice, named as in the document, as the form labels it. Parameters of several actions may share a
/// name; their label is used if it is the same for all.
fn named(word: &str) -> String {
    let fields = catalog().iter().flat_map(|action| action.fields);
    let mut labels = fields.filter(|field| field.name == word).map(|field| field.label);
    let first = labels.next().flatten();
    let shared = first.filter(|_| labels.all(|other| other == first));
    shared.map_or_else(|| choice(word), str::to_owned)
}

/// A part of a parameter's description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Plain text.
    Text(String),
    /// A choice or another parameter, as labelled in the form.
    Named(String),
    /// To be typed literally.
    Verbatim(String),
}

/// A parameter's description, split at backticks: names in the document become labels in the form, so that `long-side`
/// reads like the choice.
pub fn pieces(description: &str) -> Vec<Piece> {
    let is_word = |text: &str| {
        (text.starts_with(|first: char| first.is_ascii_lowercase()) || matches!(text, "444" | "420"))
            && text.chars().all(|one| one.is_ascii_alphanumeric() || one == '-')
    };
    let piece = |(index, text): (usize, &str)| match index % 2 {
        0 => Piece::Text(text.to_owned()),
        _ if is_word(text) => Piece::Named(named(text)),
        _ => Piece::Verbatim(text.to_owned()),
    };
    description.split('`').enumerate().filter(|(_, text)| !text.is_empty()).map(piece).collect()
}

/// A hint for users of the form: quoted parameters and choices, named as in the document, get their labels in the
/// form. `Choose the method "flat-backdrop".` becomes `Choose the method “Flat backdrop”.`
pub fn in_words(hint: &str) -> String {
    let is_known = |word: &str| {
        let of = |field: &Field| {
            field.name == word
                || matches!(field.kind, Kind::Choice(words) | Kind::Choices(words) if words.contains(&word))
        };
        catalog().iter().flat_map(|action| action.fields).any(of)
    };
    let parts: Vec<&str> = hint.split('"').collect();
    let mut words = String::with_capacity(hint.len() + 8);
    for (index, part) in parts.iter().enumerate() {
        // Between two quotes; the last part follows only one.
        match index % 2 == 1 && index + 1 < parts.len() {
            // Code says what it says.
            true if is_known(part) && words.matches('`').count().is_multiple_of(2) => {
                words.push_str(&format!("“{}”", named(part)))
            }
            true => words.push_str(&format!("\"{part}\"")),
            false if index % 2 == 1 => words.push_str(&format!("\"{part}")),
            false => words.push_str(part),
        }
    }
    words
}

/// The text of a number field as a value in the document: `None` for an empty field, the text itself if it is not a
/// number (validation reports what is wrong with it).
pub fn typed_number(text: &str) -> Option<Value> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let dotted = if is_grouped(text) { text.replace(',', "") } else { text.replace(',', ".") };
    if let Ok(whole) = dotted.parse::<i64>() {
        return Some(whole.into());
    }
    match crate::number::parse(&dotted).and_then(serde_json::Number::from_f64) {
        Some(number) => Some(Value::Number(number)),
        None => Some(Value::String(text.to_owned())),
    }
}

/// A JSON object as the text of its field: nothing if it is empty, and whatever else was typed as it is.
pub fn object_text(value: &Value) -> String {
    match value {
        Value::Object(entries) if entries.is_empty() => String::new(),
        Value::String(typed) => typed.clone(),
        other => serde_json::to_string_pretty(other).unwrap_or_default(),
    }
}

/// The text of such a field as a value in the document: `None` if it is empty, the text itself if it is not valid JSON
/// (validation reports it).
pub fn typed_object(text: &str) -> Option<Value> {
    match text.trim() {
        "" | "{}" => None,
        text => Some(serde_json::from_str(text).unwrap_or_else(|_| text.into())),
    }
}

/// Whether the commas in a number separate thousands, as in `1,600`; a comma after a zero, as in `0,125`, or not before
/// exactly three digits is a decimal comma.
fn is_grouped(text: &str) -> bool {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let mut groups = whole.trim_start_matches('-').split(',');
    let first = groups.next().unwrap_or_default();
    let digits = |group: &str| group.bytes().all(|byte| byte.is_ascii_digit());
    whole.contains(',')
        && (1..=3).contains(&first.len())
        && !first.starts_with('0')
        && digits(first)
        && digits(decimals)
        && groups.all(|group| group.len() == 3 && digits(group))
}

/// A value as the text of a field.
pub fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The current value: the document's own, or the default.
pub fn value(field: &Field, parameters: Option<&Map<String, Value>>) -> Value {
    let own = parameters.and_then(|parameters| parameters.get(field.name)).filter(|value| !value.is_null());
    own.cloned().unwrap_or_else(|| field.default.value())
}

/// The parameters that the document sets, in one line: `Long side · width 1600 px`.
pub fn summary(fields: &[Field], parameters: Option<&Map<String, Value>>) -> String {
    let Some(parameters) = parameters else { return String::new() };
    let set = fields.iter().filter(|field| field.kind != Kind::Images).filter_map(|field| {
        let value = parameters.get(field.name).filter(|value| !value.is_null() && **value != field.default.value())?;
        Some(match (field.kind, value) {
            (Kind::Choice(_), Value::String(word)) => choice(word),
            (Kind::Boolean, Value::Bool(true)) => field_label(field),
            (Kind::Boolean, Value::Bool(false)) => format!("{} off", field_label(field)),
            (Kind::Integer | Kind::Number, value) => {
                let unit = field.unit.map(|unit| format!(" {unit}")).unwrap_or_default();
                format!("{} {}{unit}", field_label(field).to_ascii_lowercase(), shown(value))
            }
            (Kind::Point, value) => {
                let name = field_label(field).to_ascii_lowercase();
                format!("{name} {}, {}", share_text(value, "x"), share_text(value, "y"))
            }
            (Kind::Curve | Kind::Gradient, _) => field_label(field),
            (Kind::Choices(_), value) => {
                let words = value.as_array().into_iter().flatten().filter_map(Value::as_str).map(choice);
                format!("{} {}", field_label(field).to_ascii_lowercase(), words.collect::<Vec<_>>().join(", "))
            }
            (Kind::Object, Value::Object(entries)) => {
                let named =
                    |(name, value): (&String, &Value)| format!("{} {}", label(name).to_ascii_lowercase(), shown(value));
                entries.iter().map(named).collect::<Vec<_>>().join(" · ")
            }
            (Kind::Renditions, value) => format!("{} renditions", row_count(value)),
            (_, value) => shown(value),
        })
    });
    set.collect::<Vec<_>>().join(" · ")
}

/// The words that a parameter of an action may be.
pub fn words(action: &str, name: &str) -> &'static [&'static str] {
    let fields = find(action).map_or([].as_slice(), |action| action.fields);
    match fields.iter().find(|field| field.name == name).map(|field| field.kind) {
        Some(Kind::Choice(words)) => words,
        _ => &[],
    }
}

/// One share of a point, as the text of a field.
pub fn share_text(point: &Value, name: &str) -> String {
    point.get(name).map(shown).unwrap_or_default()
}

/// A point with one share changed; the other one of a new point is the middle. No point if the share is removed.
pub fn with_share(point: &Value, name: &str, share: Option<Value>) -> Option<Value> {
    let mut object = match point.as_object() {
        Some(object) => object.clone(),
        None => [("x", 0.5), ("y", 0.5)].map(|(name, share)| (name.to_owned(), share.into())).into_iter().collect(),
    };
    object.insert(name.to_owned(), share?);
    Some(Value::Object(object))
}

/// How many rows a list has.
pub fn row_count(list: &Value) -> usize {
    list.as_array().map_or(0, Vec::len)
}

/// What a row of a list says, as the text of a field.
pub fn row_text(list: &Value, row: usize, key: &str) -> String {
    shown(list.get(row).and_then(|row| row.get(key)).unwrap_or(&Value::Null))
}

/// The suffix of a row: an empty one is not the same as none, which stands for the usual one.
pub fn row_suffix(list: &Value, row: usize) -> String {
    let own = list.get(row).and_then(|row| row.get("suffix")).filter(|suffix| !suffix.is_null());
    own.map_or_else(|| USUAL_SUFFIX.to_owned(), shown)
}

/// A list in which a row says something else, or nothing. A row that is no object becomes one.
pub fn with_row_value(list: &Value, row: usize, key: &str, value: Option<Value>) -> Value {
    let mut rows = list.as_array().cloned().unwrap_or_default();
    if let Some(row) = rows.get_mut(row) {
        let mut object = row.as_object().cloned().unwrap_or_default();
        match value {
            Some(value) => drop(object.insert(key.to_owned(), value)),
            None => drop(object.shift_remove(key)),
        }
        *row = Value::Object(object);
    }
    Value::Array(rows)
}

/// A list with a further row: half as large as the last one.
pub fn with_row(list: &Value) -> Value {
    let mut rows = list.as_array().cloned().unwrap_or_default();
    let mut row = rows.last().and_then(Value::as_object).cloned().unwrap_or_default();
    row.shift_remove("suffix");
    for side in ["width", "height"] {
        if let Some(length) = row.get(side).and_then(Value::as_u64) {
            row.insert(side.to_owned(), (length / 2).max(1).into());
        }
    }
    if row.is_empty() {
        row.insert("width".to_owned(), 800.into());
    }
    rows.push(Value::Object(row));
    Value::Array(rows)
}

/// A list without one of its rows.
pub fn without_row(list: &Value, row: usize) -> Value {
    let mut rows = list.as_array().cloned().unwrap_or_default();
    if row < rows.len() {
        rows.remove(row);
    }
    Value::Array(rows)
}

/// The `#rrggbb` part and the alpha in percent of a colour; black and opaque if it cannot be read.
pub fn color_parts(text: &str) -> (String, u32) {
    let [red, green, blue, alpha] = Color::parse(text).map_or([0, 0, 0, 255], |color| color.rgba);
    (format!("#{red:02x}{green:02x}{blue:02x}"), (f64::from(alpha) / 2.55).round() as u32)
}

/// A colour from its `#rrggbb` part and its alpha in percent; opaque colours keep the short form.
pub fn color(rgb: &str, alpha: u32) -> String {
    let alpha = (f64::from(alpha.min(100)) * 2.55).round() as u8;
    if alpha == 255 { rgb.to_owned() } else { format!("{rgb}{alpha:02x}") }
}

/// What the example of a file name is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameSample {
    /// The input's name, without extension.
    pub name: String,
    /// The folder that it came from; may be empty.
    pub folder: String,
    /// The extension of the format that is written.
    pub extension: &'static str,
}

/// The result of a name pattern for a picture.
///
/// # Errors
/// The unknown placeholder.
pub fn name_example(pattern: &str, sample: &NameSample) -> Result<String, String> {
    // 2026-03-14, 09:30.
    const CLOCK: f64 = 1_773_480_600_000.0;
    fill(pattern, |placeholder| match placeholder {
        Placeholder::Name => sample.name.clone(),
        Placeholder::Extension => sample.extension.to_owned(),
        Placeholder::Folder => sample.folder.clone(),
        Placeholder::Index(digits) => format!("{:0digits$}", 1),
        Placeholder::Piece => "1".to_owned(),
        Placeholder::Width => "1600".to_owned(),
        Placeholder::Height => "1067".to_owned(),
        Placeholder::Hash(length) => "3fa94c1e07".chars().cycle().take(length).collect(),
        Placeholder::Day => "2026-03-14".to_owned(),
        Placeholder::Camera => "Camera".to_owned(),
        Placeholder::Path if sample.folder.is_empty() => sample.name.clone(),
        Placeholder::Path => [&sample.folder, "/", &sample.name].concat(),
        Placeholder::Count => "12".to_owned(),
        Placeholder::Date(format) => dated(CLOCK, format),
        Placeholder::Row(name) | Placeholder::Param(name) => name.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_parameter_of_the_catalog_but_pictures_has_a_control() {
        for action in catalog() {
            for field in action.fields {
                assert_eq!(
                    control(field).is_none(),
                    field.kind == Kind::Images,
                    "{} {}",
                    action.action_type,
                    field.name
                );
            }
        }
    }

    #[test]
    fn a_quality_gets_a_slider_and_a_switch_stays_a_switch() {
        let output = find("output").unwrap();
        let of = |name: &str| control(output.fields.iter().find(|field| field.name == name).unwrap());
        assert_eq!(of("quality"), Some(Control::Slider { low: 1.0, high: 100.0, step: 1.0 }));
        assert_eq!(of("lossless"), Some(Control::Switch));
        let blur = find("gaussian-blur").unwrap();
        let slider = Control::Slider { low: 0.0, high: 20.0, step: 0.05 };
        assert_eq!(control(&blur.fields[0]), Some(slider), "of 0 to 250, what is usual");
    }

    #[test]
    fn a_point_is_two_shares_or_none() {
        let point = with_share(&Value::Null, "x", Some(json!(0.2))).unwrap();
        assert_eq!(point, json!({ "x": 0.2, "y": 0.5 }));
        let point = with_share(&point, "y", typed_number("0.75")).unwrap();
        assert_eq!([share_text(&point, "x"), share_text(&point, "y")], ["0.2", "0.75"]);
        assert_eq!(with_share(&point, "y", typed_number("")), None);
        let crop = find("crop").unwrap();
        let raw = json!({ "ratio": "1:1", "focus": point });
        assert_eq!(summary(crop.fields, raw.as_object()), "1:1 · focal point 0.2, 0.75");
        let gravity = crop.fields.iter().find(|field| field.name == "gravity").unwrap();
        assert!(matches!(control(gravity), Some(Control::Select(words)) if words.contains(&"attention")));
    }

    #[test]
    fn identifiers_become_words() {
        assert_eq!(label("autoOrient"), "Auto orient");
        assert_eq!(label("resize-large"), "Resize large");
        assert_eq!(label(""), "");
        assert_eq!(choice("long-side"), "Long side");
        assert_eq!(choice("southeast"), "Bottom right");
        let label_of = |action: &str| field_label(&find(action).unwrap().fields[0]);
        assert_eq!([label_of("sharpen"), label_of("adjust")], ["Radius", "Exposure"]);
    }

    #[test]
    fn a_description_uses_the_labels_of_the_form() {
        let named = |text: &str| Piece::Named(text.into());
        let text = |text: &str| Piece::Text(text.into());
        assert_eq!(pieces("`long-side`: the longer"), [named("Long side"), text(": the longer")]);
        assert_eq!(
            pieces("From `{name}`, with `gravity`."),
            [text("From "), Piece::Verbatim("{name}".into()), text(", with "), named("Gravity"), text(".")]
        );
        assert_eq!(pieces("`sigma` in pixels"), [named("Radius"), text(" in pixels")]);
        assert_eq!(pieces("`420`: half"), [named("4:2:0"), text(": half")]);
        assert_eq!(pieces("Plain."), [text("Plain.")]);
    }

    #[test]
    fn a_hint_uses_the_labels_of_the_form_and_keeps_other_quotes() {
        assert_eq!(in_words("Set \"subjectFillsFrame\" there."), "Set “Subject fills frame” there.");
        assert_eq!(in_words("Choose \"flat-backdrop\", not \"auto\""), "Choose “Flat backdrop”, not “Auto”");
        for text in ["Add \"cat.jpg\" again.", "24\" wide", "Plain.", ""] {
            assert_eq!(in_words(text), text);
        }
    }

    #[test]
    fn an_object_is_typed_as_json() {
        assert_eq!(typed_object(" {} "), None);
        assert_eq!(typed_object("{\"size\": 4}"), Some(json!({ "size": 4 })));
        assert_eq!(typed_object("{size: 4}"), Some(json!("{size: 4}")), "validation says what is wrong");
        let raw = json!({ "action": "scan-lines", "settings": { "lineWidth": 6, "mood": "calm" } });
        let fields = find("custom").unwrap().fields;
        assert_eq!(summary(fields, raw.as_object()), "scan-lines · line width 6 · mood calm");
        for (value, text) in [(json!({}), ""), (json!({ "size": 4 }), "{\n  \"size\": 4\n}"), (json!("{size"), "{size")]
        {
            assert_eq!(object_text(&value), text);
        }
    }

    #[test]
    fn typed_text_is_kept_even_if_it_is_not_a_number() {
        assert_eq!(typed_number(" 1600 "), Some(json!(1600)));
        assert_eq!(typed_number("0,5"), Some(json!(0.5)));
        assert_eq!(typed_number("1,600"), Some(json!(1600)));
        assert_eq!(typed_number("-1,600,000.5"), Some(json!(-1_600_000.5)));
        assert_eq!(typed_number("0,125"), Some(json!(0.125)));
        assert_eq!(typed_number("1,60"), Some(json!(1.6)));
        assert_eq!(typed_number("1.600,5"), Some(json!("1.600,5")));
        assert_eq!(typed_number(""), None);
        assert_eq!(typed_number("wide"), Some(json!("wide")));
        assert_eq!(typed_number("inf"), Some(json!("inf")));
    }

    #[test]
    fn every_alpha_percentage_survives_the_conversion_to_hex() {
        for alpha in 0..=100 {
            let (rgb, back) = color_parts(&color("#12abef", alpha));
            assert_eq!((rgb.as_str(), back), ("#12abef", alpha));
        }
        assert_eq!(color("#ffffff", 100), "#ffffff");
        assert_eq!(color_parts("nonsense"), ("#000000".to_owned(), 100));
    }

    #[test]
    fn the_summary_lists_only_what_differs_from_the_default() {
        let output = find("output").unwrap();
        let raw = json!({ "format": "jpeg", "quality": 80, "lossless": true });
        assert_eq!(summary(output.fields, raw.as_object()), "JPEG · Lossless");
        let raw = json!({ "sigma": 3 });
        assert_eq!(summary(find("sharpen").unwrap().fields, raw.as_object()), "radius 3 px");
        let raw = json!({ "mode": "long-side", "width": 1600 });
        assert_eq!(summary(find("resize").unwrap().fields, raw.as_object()), "width 1600 px · Long side");
    }

    #[test]
    fn rows_of_a_list_are_edited_one_value_at_a_time() {
        let list = json!([{ "width": 801, "maxBytes": 9000, "suffix": "-a" }, 7]);
        assert_eq!((row_count(&list), row_count(&Value::Null)), (2, 0));
        assert_eq!((row_text(&list, 0, "width"), row_text(&list, 1, "width")), ("801".into(), String::new()));
        assert_eq!([0, 1].map(|row| row_suffix(&list, row)), ["-a", "-{width}"]);
        assert_eq!(row_suffix(&json!([{ "suffix": "" }]), 0), "");
        let edited = with_row_value(&list, 0, "width", Some(json!(5)));
        assert_eq!(edited, json!([{ "width": 5, "maxBytes": 9000, "suffix": "-a" }, 7]));
        assert_eq!(with_row_value(&edited, 0, "width", None), json!([{ "maxBytes": 9000, "suffix": "-a" }, 7]));
        assert_eq!(with_row_value(&list, 1, "width", Some(json!(5)))[1], json!({ "width": 5 }));
        assert_eq!(with_row_value(&list, 2, "width", None), list);
        assert_eq!(without_row(&list, 0), json!([7]));
        assert_eq!(without_row(&list, 2), list);
        assert_eq!(with_row(&without_row(&list, 1))[1], json!({ "width": 400, "maxBytes": 9000 }));
        assert_eq!(with_row(&Value::Null), json!([{ "width": 800 }]));
        assert!(words("resize", "mode").contains(&"long-side") && words("resize", "width").is_empty());
        let raw = json!({ "renditions": [{}, {}, {}] });
        assert_eq!(summary(find("create-rendition").unwrap().fields, raw.as_object()), "3 renditions");
    }

    #[test]
    fn a_name_pattern_is_shown_by_example() {
        let sample = NameSample { name: "harbour".into(), folder: "summer/day 1".into(), extension: "webp" };
        assert_eq!(name_example("{folder}/{name}-{width}.{ext}", &sample).unwrap(), "summer/day 1/harbour-1600.webp");
        assert_eq!(
            name_example("{date:%Y}/{path}-{count}.{ext}", &sample).unwrap(),
            "2026/summer/day 1/harbour-12.webp"
        );
        assert_eq!(name_example("{nmae}", &sample).unwrap_err(), "nmae");
    }
}
