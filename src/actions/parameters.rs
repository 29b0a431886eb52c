//! Parameter metadata and the typed reading of raw parameters: one source for the form, the validator, the catalog
//! and the docs.
//!
//! [`parameters!`](crate::parameters) declares an action's parameter struct once; each field's doc comment, kind,
//! default, range and unit become both the Rust field and its [`Field`] entry. The entries are data, by which
//! [`checks`](super::checks) judges raw parameters in programs that link no kernel; the typed reading is for those that run them.

use serde_json::{Map, Value};

use super::checks::Condition;
use crate::expression::Expression;
use crate::user_file::FileKind;

/// The type of a parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// One of these choices.
    Choice(&'static [&'static str]),
    /// A list of some of these choices, none twice; it may be empty.
    Choices(&'static [&'static str]),
    /// `#rrggbb` or `#rrggbbaa`.
    Color,
    /// `"w:h"`, both positive.
    Ratio,
    /// A place in a picture, `{ x, y }` as shares of its sides.
    Point,
    /// The points of a curve from values to values.
    Curve,
    /// The colours of a gradient with their places.
    Gradient,
    /// Free text.
    Text,
    /// A file-name pattern with `{name}`, `{ext}`, `{folder}`, `{index}`, `{width}`, `{height}`.
    NamePattern,
    /// Text of several lines.
    Lines,
    /// Text of several lines with the placeholders that are known of a picture.
    Caption,
    /// What is true of some pictures, in the language of conditions.
    Expression,
    /// The name of a file that is no picture: the built-in one of its kind, or one that the user has added.
    File(FileKind),
    /// A JSON object.
    Object,
    /// The list of pictures of an input action.
    Images,
    /// A list of objects, each the size and format of a result.
    Renditions,
}

crate::words! {
/// What a parameter says about where something lies on the picture that its action works on, so that it can be moved
/// on the picture itself. A parameter of [`Kind::Point`] says it by its kind.
pub enum Spatial {
    /// The left edge of a frame, in pixels.
    Left = "left",
    /// Its upper edge.
    Top = "top",
    /// Its width.
    Width = "width",
    /// Its height.
    Height = "height",
    /// The ratio of a frame that is as large as the picture allows, around the action's point or at its anchor.
    Ratio = "ratio",
    /// One of nine places where something lies, which the kernel reports ([`Context::lies`](super::Context::lies)).
    Anchor = "anchor",
    /// How far that is from the edges, as a share of the picture's shorter side.
    Margin = "margin",
}
}

/// One parameter of an action.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Name on the wire.
    pub name: &'static str,
    /// The lines of its doc comment.
    pub docs: &'static [&'static str],
    /// Its type.
    pub kind: Kind,
    /// Inclusive range of numbers.
    pub range: Option<(f64, f64)>,
    /// The part of the range that is usual, which a slider covers; all of it if it is not given.
    pub soft: Option<(f64, f64)>,
    /// `px`, `%`, `EV`, `°`, …
    pub unit: Option<&'static str>,
    /// Label in the form, if the name does not make a good one.
    pub label: Option<&'static str>,
    /// What it says about a place in the picture, if it does.
    pub spatial: Option<Spatial>,
    /// Whether a value must be given.
    pub required: bool,
    /// When it matters: the form hides it otherwise.
    pub shown: Condition,
    /// The default value.
    pub default: Preset,
}

/// The default value of a parameter; `null` if there is none.
#[derive(Clone, Copy, Debug)]
pub enum Preset {
    /// Declared with the parameter's type.
    Declared(fn() -> Value),
    /// Read from the catalog.
    Read(&'static Value),
}

impl Preset {
    /// The value.
    pub fn value(self) -> Value {
        match self {
            Self::Declared(declared) => declared(),
            Self::Read(value) => value.clone(),
        }
    }
}

impl Field {
    /// The doc comment as one line of text.
    pub fn description(&self) -> String {
        self.docs.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ").trim().to_owned()
    }
}

/// A Rust type that a parameter can have.
pub trait Parameter: Sized {
    /// Its kind, if the declaration names none.
    const KIND: Kind;
    /// Whether a value must be given when there is no default.
    const REQUIRED: bool = true;
    /// Reads a value that is present and not null.
    fn read(value: &Value) -> Option<Self>;
    /// The value as JSON, for the catalog.
    fn json(&self) -> Value;
    /// The default for a missing value, if there is one.
    fn missing() -> Option<Self> {
        None
    }
}

impl Parameter for u32 {
    const KIND: Kind = Kind::Integer;
    fn read(value: &Value) -> Option<Self> {
        whole(value)?.try_into().ok()
    }
    fn json(&self) -> Value {
        (*self).into()
    }
}

impl Parameter for i32 {
    const KIND: Kind = Kind::Integer;
    fn read(value: &Value) -> Option<Self> {
        whole(value)?.try_into().ok()
    }
    fn json(&self) -> Value {
        (*self).into()
    }
}

/// JSON has only one kind of number: `90.0` is as whole as `90`.
pub(super) fn whole(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_f64().filter(|n| n.fract() == 0.0 && n.abs() < 9e15).map(|n| n as i64))
}

impl Parameter for f64 {
    const KIND: Kind = Kind::Number;
    fn read(value: &Value) -> Option<Self> {
        value.as_f64()
    }
    fn json(&self) -> Value {
        if self.fract() == 0.0 && self.abs() < 9e15 { (*self as i64).into() } else { (*self).into() }
    }
}

impl Parameter for bool {
    const KIND: Kind = Kind::Boolean;
    fn read(value: &Value) -> Option<Self> {
        value.as_bool()
    }
    fn json(&self) -> Value {
        (*self).into()
    }
}

impl Parameter for String {
    const KIND: Kind = Kind::Text;
    fn read(value: &Value) -> Option<Self> {
        value.as_str().map(Into::into)
    }
    fn json(&self) -> Value {
        self.as_str().into()
    }
}

impl Parameter for Map<String, Value> {
    const KIND: Kind = Kind::Object;
    fn read(value: &Value) -> Option<Self> {
        value.as_object().cloned()
    }
    fn json(&self) -> Value {
        Value::Object(self.clone())
    }
}

impl Parameter for Expression {
    const KIND: Kind = Kind::Expression;
    fn read(value: &Value) -> Option<Self> {
        Self::parse(value.as_str()?).ok()
    }
    fn json(&self) -> Value {
        self.text().into()
    }
}

impl<T: Parameter + PartialEq> Parameter for Vec<T> {
    const KIND: Kind = match T::KIND {
        Kind::Choice(words) => Kind::Choices(words),
        _ => panic!("only choices come as lists"),
    };
    fn read(value: &Value) -> Option<Self> {
        let mut read = Self::new();
        for one in value.as_array()? {
            let one = T::read(one)?;
            if read.contains(&one) {
                return None;
            }
            read.push(one);
        }
        Some(read)
    }
    fn json(&self) -> Value {
        self.iter().map(T::json).collect()
    }
}

impl<T: Parameter> Parameter for Option<T> {
    const KIND: Kind = T::KIND;
    const REQUIRED: bool = false;
    fn read(value: &Value) -> Option<Self> {
        T::read(value).map(Some)
    }
    fn json(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::json)
    }
    fn missing() -> Option<Self> {
        Some(None)
    }
}

/// A colour with straight alpha.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Color {
    /// Red, green, blue, alpha.
    pub rgba: [u8; 4],
}

impl Color {
    /// Opaque white.
    pub const WHITE: Self = Self { rgba: [255; 4] };
    /// Opaque black.
    pub const BLACK: Self = Self { rgba: [0, 0, 0, 255] };

    /// A colour without transparency.
    pub const fn opaque(red: u8, green: u8, blue: u8) -> Self {
        Self { rgba: [red, green, blue, 255] }
    }

    /// Reads `#rrggbb` or `#rrggbbaa`.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#')?;
        if !matches!(digits.len(), 6 | 8) || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let byte = |i: usize| u8::from_str_radix(&digits[i..i + 2], 16).ok();
        let alpha = if digits.len() == 8 { byte(6)? } else { 255 };
        Some(Self { rgba: [byte(0)?, byte(2)?, byte(4)?, alpha] })
    }

    /// The colour without its alpha.
    pub const fn rgb(self) -> [u8; 3] {
        let [r, g, b, _] = self.rgba;
        [r, g, b]
    }

    /// Whether it is fully opaque.
    pub const fn is_opaque(self) -> bool {
        self.rgba[3] == 255
    }
}

impl Parameter for Color {
    const KIND: Kind = Kind::Color;
    fn read(value: &Value) -> Option<Self> {
        value.as_str().and_then(Self::parse)
    }
    fn json(&self) -> Value {
        let [r, g, b, a] = self.rgba;
        if a == 255 { format!("#{r:02x}{g:02x}{b:02x}") } else { format!("#{r:02x}{g:02x}{b:02x}{a:02x}") }.into()
    }
}

/// A ratio of width to height.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio {
    /// Width part.
    pub width: f64,
    /// Height part.
    pub height: f64,
}

impl Ratio {
    /// Reads `"w:h"`, both positive and finite.
    pub fn parse(text: &str) -> Option<Self> {
        let (width, height) = text.split_once(':')?;
        let part = |s: &str| crate::number::parse(s.trim()).filter(|n| n.is_finite() && *n > 0.0);
        Some(Self { width: part(width)?, height: part(height)? })
    }
}

impl Parameter for Ratio {
    const KIND: Kind = Kind::Ratio;
    fn read(value: &Value) -> Option<Self> {
        value.as_str().and_then(Self::parse)
    }
    fn json(&self) -> Value {
        format!("{}:{}", self.width, self.height).into()
    }
}

/// A position in a larger frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gravity {
    /// 0 left, 1 middle, 2 right.
    pub column: u8,
    /// 0 top, 1 middle, 2 bottom.
    pub row: u8,
}

/// The wire names of [`Gravity`], row by row.
pub(super) const GRAVITIES: [&str; 9] =
    ["northwest", "north", "northeast", "west", "center", "east", "southwest", "south", "southeast"];

impl Gravity {
    /// In the middle.
    pub const CENTER: Self = Self { column: 1, row: 1 };
    /// At the bottom, in the middle.
    pub const SOUTH: Self = Self { column: 1, row: 2 };
    /// At the bottom right.
    pub const SOUTHEAST: Self = Self { column: 2, row: 2 };

    /// Offset of an inner length in an outer one for a column or row: start, middle (rounded down), end.
    pub const fn offset(place: u8, outer: u32, inner: u32) -> u32 {
        let room = outer.saturating_sub(inner);
        match place {
            0 => 0,
            1 => room / 2,
            _ => room,
        }
    }

    /// Where an inner length starts in an outer one for a column or row, if it keeps a margin. It stays inside, whatever the
    /// margin; one that is larger than the outer length is in its middle.
    pub fn start(place: u8, outer: u32, inner: u32, margin: u32) -> i64 {
        let (room, margin) = (i64::from(outer) - i64::from(inner), i64::from(margin));
        match place {
            _ if room < 0 => room.div_euclid(2),
            0 => margin.min(room),
            1 => room / 2,
            _ => (room - margin).max(0),
        }
    }
}

impl Parameter for Gravity {
    const KIND: Kind = Kind::Choice(&GRAVITIES);
    fn read(value: &Value) -> Option<Self> {
        let word = value.as_str()?;
        let index = GRAVITIES.iter().position(|known| *known == word)? as u8;
        Some(Self { column: index % 3, row: index / 3 })
    }
    fn json(&self) -> Value {
        GRAVITIES[usize::from(self.row * 3 + self.column)].into()
    }
}

/// A place in a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Share of the width, from 0 at the left to 1.
    pub x: f64,
    /// Share of the height, from 0 at the top to 1.
    pub y: f64,
}

impl Parameter for Point {
    const KIND: Kind = Kind::Point;
    fn read(value: &Value) -> Option<Self> {
        let share = |name: &str| value.get(name)?.as_f64().filter(|share| (0.0..=1.0).contains(share));
        (value.as_object()?.len() == 2).then_some(Self { x: share("x")?, y: share("y")? })
    }
    fn json(&self) -> Value {
        serde_json::json!({ "x": self.x.json(), "y": self.y.json() })
    }
}

/// A curve from values to values of 0 to 255, through points in the order of their first value.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    points: Vec<[f64; 2]>,
}

/// The most points of a [`Curve`].
pub const MOST_POINTS: usize = 32;

impl Curve {
    /// The curve through points; `None` unless there are at least two, in order.
    pub fn through(points: &[[f64; 2]]) -> Option<Self> {
        let in_order = points.windows(2).all(|pair| pair[0][0] < pair[1][0]);
        ((2..=MOST_POINTS).contains(&points.len()) && in_order).then(|| Self { points: points.to_vec() })
    }

    /// The curve that changes nothing.
    pub fn identity() -> Self {
        Self { points: vec![[0.0, 0.0], [255.0, 255.0]] }
    }

    /// Whether it changes nothing.
    pub fn is_identity(&self) -> bool {
        *self == Self::identity()
    }

    /// Its points, at least two, with first values that increase.
    pub fn points(&self) -> &[[f64; 2]] {
        &self.points
    }
}

impl Parameter for Curve {
    const KIND: Kind = Kind::Curve;
    fn read(value: &Value) -> Option<Self> {
        let coordinate = |value: &Value| value.as_f64().filter(|number| (0.0..=255.0).contains(number));
        let point = |value: &Value| match value.as_array()?.as_slice() {
            [x, y] => Some([coordinate(x)?, coordinate(y)?]),
            _ => None,
        };
        let points: Vec<[f64; 2]> = value.as_array()?.iter().map(point).collect::<Option<_>>()?;
        Self::through(&points)
    }
    fn json(&self) -> Value {
        self.points.iter().map(|point| point.iter().map(Parameter::json).collect::<Value>()).collect()
    }
}

/// Colours along a line, in the order of their places.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradient {
    stops: Vec<(f64, Color)>,
}

/// The most stops of a [`Gradient`].
pub const MOST_STOPS: usize = 16;

impl Gradient {
    /// A gradient with these stops; `None` unless there are at least two, none before the one that precedes it.
    pub fn through(stops: &[(f64, Color)]) -> Option<Self> {
        let in_order = stops.windows(2).all(|pair| pair[0].0 <= pair[1].0);
        ((2..=MOST_STOPS).contains(&stops.len()) && in_order).then(|| Self { stops: stops.to_vec() })
    }

    /// Shares of the line, from 0 at its beginning to 1, with their colours.
    pub fn stops(&self) -> &[(f64, Color)] {
        &self.stops
    }
}

impl Parameter for Gradient {
    const KIND: Kind = Kind::Gradient;
    fn read(value: &Value) -> Option<Self> {
        let stop = |value: &Value| match value.as_array()?.as_slice() {
            [place, color] => {
                Some((place.as_f64().filter(|place| (0.0..=1.0).contains(place))?, Color::parse(color.as_str()?)?))
            }
            _ => None,
        };
        let stops: Vec<(f64, Color)> = value.as_array()?.iter().map(stop).collect::<Option<_>>()?;
        Self::through(&stops)
    }
    fn json(&self) -> Value {
        self.stops.iter().map(|(place, color)| Value::from(vec![place.json(), color.json()])).collect()
    }
}

/// Reads one field of raw parameters; `None` if [`checks`](super::checks) would find something wrong with it.
///
/// `null` counts as missing. Called by [`parameters!`](crate::parameters).
pub fn read_field<T: Parameter>(
    name: &str,
    range: Option<(f64, f64)>,
    default: Option<T>,
    raw: &Map<String, Value>,
) -> Option<T> {
    let Some(value) = raw.get(name).filter(|value| !value.is_null()) else {
        return default.or_else(T::missing);
    };
    if let (Some((low, high)), Some(number)) = (range, value.as_f64())
        && !(low..=high).contains(&number)
    {
        return None;
    }
    T::read(value)
}

/// Declares an action's parameters once: the struct, its [`Field`] list and its reader.
///
/// ```
/// pixelmill::parameters! {
///     /// How to blur.
///     pub struct Blur {
///         /// Standard deviation.
///         sigma: f64 = 2.0, range 0.0..=250.0, unit "px";
///         /// Only this often.
///         times: Option<u32>, range 1.0..=9.0;
///     }
/// }
/// let blur = Blur::read(serde_json::json!({ "sigma": 3 }).as_object().unwrap());
/// assert_eq!(blur.unwrap().sigma, 3.0);
/// assert!(Blur::read(serde_json::json!({ "sigma": 300 }).as_object().unwrap()).is_none());
/// ```
///
/// After the type may follow, in this order: `= default`, `as "wireName"`, `kind EXPR`, `range LOW..=HIGH`,
/// `soft LOW..=HIGH` (the usual part of the range), `unit "px"`, `label "Radius"`, `place Spatial::Anchor`, `shown if Condition::Is("mode", &["percent"])`. Wire names are the field's own name unless `as` says otherwise.
#[macro_export]
macro_rules! parameters {
    (@name $field:ident) => { stringify!($field) };
    (@name $field:ident $wire:literal) => { $wire };
    (@kind $type:ty) => { <$type as $crate::actions::parameters::Parameter>::KIND };
    (@kind $type:ty, $kind:expr) => { $kind };
    (@range) => { None };
    (@range $low:literal $high:literal) => { Some(($low, $high)) };
    (@unit) => { None };
    (@unit $unit:literal) => { Some($unit) };
    (@label) => { None };
    (@label $label:literal) => { Some($label) };
    (@place) => { None };
    (@place $place:expr) => { Some($place) };
    (@shown) => { $crate::actions::checks::Condition::Always };
    (@shown $shown:expr) => { $shown };
    (@default $type:ty) => { None::<$type> };
    (@default $type:ty, $default:expr) => { Some::<$type>($default) };
    (@required $type:ty) => { <$type as $crate::actions::parameters::Parameter>::REQUIRED };
    (@required $type:ty, $default:expr) => { false };
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $(
                $(#[doc = $doc:literal])*
                $field:ident : $type:ty
                $(= $default:expr)?
                $(, as $wire:literal)?
                $(, kind $kind:expr)?
                $(, range $low:literal ..= $high:literal)?
                $(, soft $least:literal ..= $most:literal)?
                $(, unit $unit:literal)?
                $(, label $label:literal)?
                $(, place $place:expr)?
                $(, shown if $shown:expr)?
            );* $(;)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        $vis struct $name {
            $( $(#[doc = $doc])* pub $field: $type, )*
        }

        impl $name {
            /// The metadata of every parameter, in the order of the form.
            pub const FIELDS: &'static [$crate::actions::parameters::Field] = &[
                $( $crate::actions::parameters::Field {
                    name: $crate::parameters!(@name $field $($wire)?),
                    docs: &[$($doc),*],
                    kind: $crate::parameters!(@kind $type $(, $kind)?),
                    range: $crate::parameters!(@range $($low $high)?),
                    soft: $crate::parameters!(@range $($least $most)?),
                    unit: $crate::parameters!(@unit $($unit)?),
                    label: $crate::parameters!(@label $($label)?),
                    spatial: $crate::parameters!(@place $($place)?),
                    shown: $crate::parameters!(@shown $($shown)?),
                    required: $crate::parameters!(@required $type $(, $default)?),
                    default: $crate::actions::parameters::Preset::Declared(|| {
                        let default = $crate::parameters!(@default $type $(, $default)?);
                        default.map_or(::serde_json::Value::Null, |value: $type| {
                            $crate::actions::parameters::Parameter::json(&value)
                        })
                    }),
                }, )*
            ];

            /// The parameters with their default values.
            ///
            /// # Panics
            /// When a required field has no default; only call it if no field is required.
            #[allow(dead_code, reason = "most actions always read")]
            pub fn defaults() -> Self {
                Self::read(&::serde_json::Map::new()).expect("every field has a default")
            }

            /// Reads raw parameters; `None` when any field cannot be read.
            #[allow(unused_variables, reason = "some actions have no parameters")]
            pub fn read(raw: &::serde_json::Map<String, ::serde_json::Value>) -> Option<Self> {
                Some(Self { $(
                    $field: $crate::actions::parameters::read_field::<$type>(
                        $crate::parameters!(@name $field $($wire)?),
                        $crate::parameters!(@range $($low $high)?),
                        $crate::parameters!(@default $type $(, $default)?),
                        raw,
                    )?,
                )* })
            }
        }
    };
}

/// Declares an enum whose values have names on the wire, `word`, and are found by them, `of_word`.
#[macro_export]
macro_rules! words {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident { $( $(#[$doc:meta])* $variant:ident = $word:literal ),* $(,)? }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        $vis enum $name { $( $(#[$doc])* $variant, )* }

        impl $name {
            /// Its name on the wire.
            pub const fn word(self) -> &'static str {
                match self { $( Self::$variant => $word, )* }
            }

            /// The one with this name.
            pub fn of_word(word: &str) -> Option<Self> {
                match word { $( $word => Some(Self::$variant), )* _ => None }
            }
        }
    };
}

/// Declares an enum of [`words!`](crate::words) that a parameter can have.
///
/// ```
/// pixelmill::choices! {
///     /// Which way.
///     pub enum Way {
///         /// Up.
///         Up = "up",
///         /// Down.
///         Down = "down",
///     }
/// }
/// ```
#[macro_export]
macro_rules! choices {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident { $( $(#[$doc:meta])* $variant:ident = $word:literal ),* $(,)? }
    ) => {
        $crate::words! {
            $(#[$meta])*
            $vis enum $name { $( $(#[$doc])* $variant = $word, )* }
        }

        impl $crate::actions::parameters::Parameter for $name {
            const KIND: $crate::actions::parameters::Kind =
                $crate::actions::parameters::Kind::Choice(&[$($word),*]);
            fn read(value: &::serde_json::Value) -> Option<Self> {
                Self::of_word(value.as_str()?)
            }
            fn json(&self) -> ::serde_json::Value {
                self.word().into()
            }
        }
    };
}
