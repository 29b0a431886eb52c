//! What a module says of itself, and the settings that it accepts.

use serde_json::{Map, Value};

/// The most settings.
const MAX_SETTINGS: usize = 40;
/// The longest name of an action or a setting in characters.
const MAX_NAME: usize = 60;
/// The longest description, message or text in characters.
pub const MAX_TEXT: usize = 2000;

/// What a module says of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// What it is called.
    pub name: String,
    /// What it does.
    pub description: String,
    /// Its own version.
    pub version: String,
    /// Whether it works on 16 bits a sample too.
    pub deep: bool,
    /// Whether its result may have another size than its picture.
    pub resizes: bool,
    /// What can be set.
    pub settings: Vec<Setting>,
}

/// One thing that can be set.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Its name in `settings`.
    pub name: String,
    /// What it means.
    pub description: String,
    /// Of numbers, if they have one.
    pub unit: Option<String>,
    /// The values it can have.
    pub kind: SettingKind,
    /// The value that it has unless another is given.
    pub default: Value,
}

/// The values that a setting can have.
#[derive(Clone, Debug, PartialEq)]
pub enum SettingKind {
    /// A number; within these, if there is a range.
    Number(Option<(f64, f64)>),
    /// A whole number; within these, if there is a range.
    Integer(Option<(f64, f64)>),
    /// `true` or `false`.
    Boolean,
    /// One of these.
    Choice(Vec<String>),
    /// `#rrggbb` or `#rrggbbaa`.
    Color,
    /// Any text.
    Text,
}

/// What is wrong with settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// What, naming the setting, as the end of a sentence that names the action.
    pub message: String,
    /// How to fix it.
    pub hint: String,
}

impl Spec {
    /// Reads a description. What it says besides is ignored.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence.
    pub fn read(json: &Value) -> Result<Self, String> {
        let whole = json.as_object().ok_or("Its description is not an object.")?;
        let place = "Its description";
        let depths = whole.get("depths").filter(|depths| !depths.is_null());
        let settings = match whole.get("parameters") {
            None | Some(Value::Null) => &[],
            Some(list) => list.as_array().ok_or("Its \"parameters\" are not a list.")?.as_slice(),
        };
        if settings.len() > MAX_SETTINGS {
            return Err(format!("It has {} parameters; at most {MAX_SETTINGS} are possible.", settings.len()));
        }
        let spec = Self {
            name: text(whole, "name", place, MAX_NAME)?.ok_or("Its description has no \"name\".")?,
            description: text(whole, "description", place, MAX_TEXT)?.unwrap_or_default(),
            version: text(whole, "version", place, MAX_NAME)?.ok_or("Its description has no \"version\".")?,
            deep: depths.map_or(Ok(false), are_deep)?,
            resizes: switch(whole, "resizes")?,
            settings: settings.iter().map(Setting::read).collect::<Result<_, _>>()?,
        };
        for (at, setting) in spec.settings.iter().enumerate() {
            if spec.settings[..at].iter().any(|other| other.name == setting.name) {
                return Err(format!("It has two parameters \"{}\".", setting.name));
            }
        }
        Ok(spec)
    }

    /// The settings as a module gets them: an object in JSON with a value for everything that can be set, in its own order.
    ///
    /// # Errors
    /// The first that is unknown or has a value that is not possible.
    pub fn settings(&self, given: &Map<String, Value>) -> Result<String, Wrong> {
        let known = |name: &str| self.settings.iter().any(|setting| setting.name == name);
        if let Some(name) = given.keys().find(|name| !known(name)) {
            let names: Vec<_> = self.settings.iter().map(|setting| setting.name.as_str()).collect();
            let hint = match names.as_slice() {
                [] => "It has no settings: remove them.".to_owned(),
                names => format!("Use {}.", names.join(", ")),
            };
            return Err(Wrong { message: format!("has no setting \"{name}\""), hint });
        }
        let mut all = Map::new();
        for setting in &self.settings {
            let value = given.get(&setting.name).filter(|value| !value.is_null()).unwrap_or(&setting.default);
            all.insert(setting.name.clone(), setting.accepted(value)?);
        }
        Ok(Value::Object(all).to_string())
    }
}

impl Setting {
    fn read(json: &Value) -> Result<Self, String> {
        let whole = json.as_object().ok_or("One of its parameters is not an object.")?;
        let name = text(whole, "name", "A parameter", MAX_NAME)?.ok_or("One of its parameters has no \"name\".")?;
        let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if !is_name {
            return Err(format!("The parameter name \"{name}\" is not made of letters, digits, - and _."));
        }
        let place = format!("Its parameter \"{name}\"");
        let kind = SettingKind::read(whole, &place)?;
        let default = whole.get("default").filter(|default| !default.is_null());
        let default = default.ok_or_else(|| format!("{place} has no \"default\"."))?.clone();
        let description = text(whole, "description", &place, MAX_TEXT)?.unwrap_or_default();
        let setting = Self { name, description, unit: text(whole, "unit", &place, MAX_NAME)?, kind, default };
        match setting.accepted(&setting.default) {
            Ok(_) => Ok(setting),
            Err(wrong) => Err(format!("The default of {} is not possible: {}", &place[4..], wrong.hint)),
        }
    }

    /// The value as a module gets it.
    ///
    /// # Errors
    /// When it is not possible.
    pub fn accepted(&self, value: &Value) -> Result<Value, Wrong> {
        let name = &self.name;
        let unit = self.unit.as_ref().map_or(String::new(), |unit| format!(" {unit}"));
        let within = |(low, high): (f64, f64)| format!("from {} to {}{unit}", plain(low), plain(high));
        if let (Some(range), Some(number)) = (self.kind.range(), value.as_f64())
            && !(range.0..=range.1).contains(&number)
        {
            let (shown, nearest) = (plain(number), plain(number.clamp(range.0, range.1)));
            return Err(Wrong {
                message: format!("needs \"{name}\" {}, not {shown}", within(range)),
                hint: format!("The nearest valid value is {nearest}."),
            });
        }
        let accepted = match &self.kind {
            SettingKind::Number(_) => value.as_f64().map(Value::from),
            SettingKind::Integer(_) => {
                let is_whole = |number: &f64| f64::from(*number as i32) == *number;
                value.as_f64().filter(is_whole).map(|number| (number as i32).into())
            }
            SettingKind::Boolean => value.as_bool().map(Value::from),
            SettingKind::Choice(words) => {
                value.as_str().filter(|word| words.iter().any(|known| known == word)).map(Value::from)
            }
            SettingKind::Color => value.as_str().and_then(with_alpha).map(Value::from),
            SettingKind::Text => value.as_str().filter(|text| text.chars().count() <= MAX_TEXT).map(Value::from),
        };
        let range = self.kind.range().map_or(String::new(), |range| format!(" {}", within(range)));
        accepted.ok_or_else(|| Wrong {
            message: format!("cannot use {value} as \"{name}\""),
            hint: format!("Give {}{range}.", self.kind.expected()),
        })
    }
}

impl SettingKind {
    fn read(whole: &Map<String, Value>, place: &str) -> Result<Self, String> {
        let word = text(whole, "type", place, MAX_NAME)?;
        Ok(match word.as_deref() {
            Some("number") => Self::Number(range(whole, place)?),
            Some("integer") => Self::Integer(range(whole, place)?),
            Some("boolean") => Self::Boolean,
            Some("choice") => {
                let words = whole.get("values").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
                let words: Option<Vec<String>> = words.iter().map(|word| word.as_str().map(str::to_owned)).collect();
                let words = words.filter(|words| !words.is_empty());
                Self::Choice(words.ok_or_else(|| format!("{place} has no \"values\", a list of texts."))?)
            }
            Some("color") => Self::Color,
            Some("text") => Self::Text,
            _ => {
                return Err(format!("{place} has none of the types number, integer, boolean, choice, color and text."));
            }
        })
    }

    /// The range of a number.
    const fn range(&self) -> Option<(f64, f64)> {
        match self {
            Self::Number(range) | Self::Integer(range) => *range,
            _ => None,
        }
    }

    /// What a value is, to follow "Give".
    fn expected(&self) -> String {
        match self {
            Self::Number(_) => "a number".to_owned(),
            Self::Integer(_) => "a whole number".to_owned(),
            Self::Boolean => "true or false".to_owned(),
            Self::Choice(words) => format!("one of {}", words.join(", ")),
            Self::Color => "a colour as #rrggbb or #rrggbbaa".to_owned(),
            Self::Text => format!("a text of at most {MAX_TEXT} characters"),
        }
    }
}

/// A text that may be missing.
fn text(whole: &Map<String, Value>, key: &str, place: &str, most: usize) -> Result<Option<String>, String> {
    match whole.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if !text.trim().is_empty() && text.chars().count() <= most => Ok(Some(text.clone())),
        Some(_) => Err(format!("{place} has a \"{key}\" that is not a text of 1 to {most} characters.")),
    }
}

fn switch(whole: &Map<String, Value>, key: &str) -> Result<bool, String> {
    match whole.get(key) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(is_on)) => Ok(*is_on),
        Some(_) => Err(format!("Its \"{key}\" is neither true nor false.")),
    }
}

/// Whether a module works on 16 bits, too.
fn are_deep(depths: &Value) -> Result<bool, String> {
    let depths: Option<Vec<u64>> = depths.as_array().and_then(|list| list.iter().map(Value::as_u64).collect());
    match depths.as_deref() {
        Some([8]) => Ok(false),
        Some([8, 16]) => Ok(true),
        _ => Err("Its \"depths\" are neither [8] nor [8, 16].".to_owned()),
    }
}

fn range(whole: &Map<String, Value>, place: &str) -> Result<Option<(f64, f64)>, String> {
    let Some(range) = whole.get("range").filter(|range| !range.is_null()) else { return Ok(None) };
    let bounds = range.as_array().filter(|list| list.len() == 2);
    let bounds = bounds.and_then(|list| list[0].as_f64().zip(list[1].as_f64())).filter(|(low, high)| low < high);
    let bounds =
        bounds.ok_or_else(|| format!("{place} has a \"range\" that is not two numbers, the smaller first."))?;
    Ok(Some(bounds))
}

/// A colour as `#rrggbbaa`.
fn with_alpha(color: &str) -> Option<String> {
    let digits = color.strip_prefix('#')?;
    let is_color = matches!(digits.len(), 6 | 8) && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_color.then(|| format!("{}{}", color.to_ascii_lowercase(), if digits.len() == 6 { "ff" } else { "" }))
}

/// A number without a fraction of nothing.
fn plain(number: f64) -> String {
    let text = Value::from(number).to_string();
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}
