//! The language of conditions, such as `width > height and format == "png"`: reading one, and whether it holds for a picture.
//!
//! Names, numbers, texts in quotes, `true` and `false` are compared by `== != < <= > >=`, texts also with a pattern by `~`;
//! comparisons are joined by `not`, `and` and `or` (`! && ||`), in this order, and grouped by parentheses. Texts are compared
//! without regard to the case of A–Z. What is not known of a picture, such as its camera, is the empty text. What names and texts
//! may contain in braces stands for the same here.
//!
//! An expression is read into steps of a stack machine, so that nothing but parentheses and `not` is nested. Page and
//! service only read expressions; only the worker decides.

use crate::actions::placeholders::{Placeholder, hint_for};
use crate::codecs::Format;

crate::words! {
/// What a condition can ask about a picture.
pub enum Fact {
    /// Its columns.
    Width = "width",
    /// Its rows.
    Height = "height",
    /// Its width divided by its height.
    Ratio = "ratio",
    /// Its pixels in millions.
    Megapixels = "megapixels",
    /// The format of the input's file.
    Format = "format",
    /// Whether it has an alpha channel.
    Alpha = "alpha",
    /// The number of its frames; 1 if it is not animated.
    Frames = "frames",
    /// The name of the input's file.
    Name = "name",
    /// The size of the input's file.
    Bytes = "bytes",
    /// The camera's model.
    Camera = "exif.camera",
    /// The day on which the picture was taken, as `2026-03-14`.
    Date = "exif.date",
    /// The position of the execution, from 0.
    Index = "index",
    /// The number of pictures, or rows, of the batch.
    Count = "count",
}
}

/// The hint that names what a condition may ask.
const NAMES: &str = "Known are width, height, ratio, megapixels, format, alpha, frames, name, bytes, exif.camera, exif.date, index, count, row.column and, in braces, what names may contain.";

/// What the values of a row begin with.
const ROW: &str = "row.";
/// The most bytes of an expression.
const MOST_BYTES: usize = 1000;
/// How deep parentheses and `not` may be nested.
const DEEPEST: usize = 32;

/// A value of an expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
    /// True or false.
    Flag(bool),
}

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Type {
    Number,
    Text,
    Flag,
    /// Of a row: a text that is compared as what it is compared with.
    Row,
    /// Of the run or the workflow: a text like that of a row.
    Given,
}

impl Type {
    const fn noun(self) -> &'static str {
        match self {
            Self::Number => "a number",
            Self::Text => "a text",
            Self::Flag => "true or false",
            Self::Row => "a value of the row",
            Self::Given => "a value of any type",
        }
    }

    /// Whether it is compared as what it is compared with.
    const fn is_open(self) -> bool {
        matches!(self, Self::Row | Self::Given)
    }
}

impl Fact {
    const fn kind(self) -> Type {
        match self {
            Self::Format | Self::Name | Self::Camera | Self::Date => Type::Text,
            Self::Alpha => Type::Flag,
            _ => Type::Number,
        }
    }
}

/// A step of evaluation; each works on the values on top of a stack.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    Number(f64),
    /// What is between two bytes of the expression.
    Text(usize, usize),
    Flag(bool),
    Fact(Fact),
    /// The value of a row, whose column is named between two bytes.
    Row(usize, usize),
    /// What a placeholder stands for, which is between two bytes.
    Placeholder(usize, usize),
    Not,
    /// One of [`OPERATORS`], between two values.
    Operator(usize),
}

/// The operators between two values: those that join, and from [`EQUAL`] on those that compare.
const OPERATORS: [&str; 11] = ["or", "||", "and", "&&", "==", "!=", "<", "<=", ">", ">=", "~"];
const EQUAL: usize = 4;
/// The first that needs an order.
const BELOW: usize = 6;
const PATTERN: usize = 10;

/// How close operators bind.
const OR: usize = 0;
const AND: usize = 1;
const NOT: usize = 2;
const COMPARE: usize = 3;

/// A condition that has been read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expression {
    text: String,
    steps: Vec<Step>,
}

/// Why a text is not an expression.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Problem {
    /// What is wrong, and at which character, from 1.
    pub message: String,
    /// How to fix it.
    pub hint: String,
}

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        if text.len() > MOST_BYTES {
            let message = "The condition is too long.".to_owned();
            return Err(Problem { message, hint: "Split it: use several conditions, one after another.".to_owned() });
        }
        let mut reader = Reader { text, start: 0, end: 0, depth: 0, steps: Vec::new(), problem: None };
        match reader.whole() {
            Some(()) => Ok(Self { text: text.to_owned(), steps: reader.steps }),
            None => Err(reader.problem.unwrap_or_default()),
        }
    }

    /// The expression as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The columns of a row, and the placeholders, that it asks for.
    pub fn placeholders(&self) -> impl Iterator<Item = Placeholder<'_>> {
        self.steps.iter().filter_map(|step| match step {
            Step::Row(start, end) => self.text.get(*start..*end).map(Placeholder::Row),
            Step::Placeholder(start, end) => self.text.get(*start..*end).and_then(Placeholder::read),
            _ => None,
        })
    }

    /// Whether it holds for a picture of which `known` tells what is known, and `filled` what placeholders stand for; `None` if
    /// that does not decide it.
    pub fn holds(
        &self,
        known: &dyn Fn(Fact) -> Option<Value>,
        filled: &dyn Fn(Placeholder<'_>) -> Option<String>,
    ) -> Option<bool> {
        let mut stack: Vec<Option<Value>> = Vec::new();
        for step in &self.steps {
            let value = match step {
                Step::Number(number) => Some(Value::Number(*number)),
                Step::Text(start, end) => Some(Value::Text(self.text.get(*start..*end).unwrap_or_default().to_owned())),
                Step::Flag(flag) => Some(Value::Flag(*flag)),
                Step::Fact(fact) => known(*fact),
                Step::Row(start, end) => {
                    let column = self.text.get(*start..*end).unwrap_or_default();
                    Some(Value::Text(filled(Placeholder::Row(column)).unwrap_or_default()))
                }
                Step::Placeholder(start, end) => {
                    let placeholder = self.text.get(*start..*end).and_then(Placeholder::read);
                    Some(Value::Text(placeholder.and_then(filled).unwrap_or_default()))
                }
                Step::Not => flag(stack.pop()?).map(|flag| Value::Flag(!flag)),
                Step::Operator(operator) => {
                    let (right, left) = (stack.pop()?, stack.pop()?);
                    match operator {
                        EQUAL.. => left.zip(right).map(|(left, right)| Value::Flag(compare(*operator, &left, &right))),
                        _ => joined(level(*operator) == OR, flag(left), flag(right)).map(Value::Flag),
                    }
                }
            };
            stack.push(value);
        }
        flag(stack.pop()?)
    }
}

fn flag(value: Option<Value>) -> Option<bool> {
    if let Some(Value::Flag(flag)) = value { Some(flag) } else { None }
}

/// `and`, or `or`. One value can decide alone, even if the other one is not known.
fn joined(is_or: bool, left: Option<bool>, right: Option<bool>) -> Option<bool> {
    if left == Some(is_or) || right == Some(is_or) {
        return Some(is_or);
    }
    left.and(right).map(|_| !is_or)
}

/// How close an operator binds.
const fn level(operator: usize) -> usize {
    match operator {
        0 | 1 => OR,
        2 | 3 => AND,
        _ => COMPARE,
    }
}

fn compare(operator: usize, left: &Value, right: &Value) -> bool {
    let order = match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.partial_cmp(right),
        (Value::Text(left), Value::Text(right)) => {
            let (left, right) = (left.to_ascii_lowercase(), right.to_ascii_lowercase());
            if operator == PATTERN {
                return matches(&left, &right);
            }
            Some(left.cmp(&right))
        }
        (Value::Flag(left), Value::Flag(right)) => Some(left.cmp(right)),
        // The text is of a row; what is no number or flag equals none.
        (Value::Text(left), Value::Number(right)) => number(left).and_then(|left| left.partial_cmp(right)),
        (Value::Number(left), Value::Text(right)) => number(right).and_then(|right| left.partial_cmp(&right)),
        (Value::Text(text), Value::Flag(flag)) | (Value::Flag(flag), Value::Text(text)) => {
            let word = if *flag { "true" } else { "false" };
            return text.trim().eq_ignore_ascii_case(word) == (OPERATORS[operator] == "==");
        }
        _ => None,
    };
    if order.is_none() && OPERATORS[operator] == "!=" {
        return true;
    }
    order.is_some_and(|order| match OPERATORS[operator] {
        "==" => order.is_eq(),
        "!=" => order.is_ne(),
        "<" => order.is_lt(),
        "<=" => order.is_le(),
        ">" => order.is_gt(),
        _ => order.is_ge(),
    })
}

/// A value of a row as a number.
fn number(text: &str) -> Option<f64> {
    crate::number::parse(text.trim())
}

/// Whether a whole text fits a pattern, in which `*` stands for any characters and `?` for one.
fn matches(text: &str, pattern: &str) -> bool {
    let (text, pattern): (Vec<char>, Vec<char>) = (text.chars().collect(), pattern.chars().collect());
    let (mut at, mut next) = (0, 0);
    // Where the last `*` is, and how far it reaches.
    let mut star: Option<(usize, usize)> = None;
    while at < text.len() {
        match pattern.get(next) {
            Some('*') => {
                star = Some((next, at));
                next += 1;
            }
            Some(expected) if *expected == '?' || *expected == text[at] => (at, next) = (at + 1, next + 1),
            _ => {
                let Some((place, reached)) = star else { return false };
                star = Some((place, reached + 1));
                (at, next) = (reached + 1, place + 1);
            }
        }
    }
    pattern[next..].iter().all(|left| *left == '*')
}

/// A part of the expression that gives a value: its type, and where it is.
struct Part {
    kind: Type,
    start: usize,
    end: usize,
}

/// Reads an expression by recursive descent. The current token is the text between `start` and `end`: empty at the end,
/// otherwise its first character says what it is.
struct Reader<'a> {
    text: &'a str,
    start: usize,
    end: usize,
    depth: usize,
    steps: Vec<Step>,
    /// What is wrong, once something has failed.
    problem: Option<Problem>,
}

impl<'a> Reader<'a> {
    fn slice(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or_default()
    }

    fn current(&self) -> &'a str {
        self.slice(self.start, self.end)
    }

    /// Notes what is wrong at a byte.
    fn fail(&mut self, at: usize, what: &[&str], hint: &str) {
        let character = self.slice(0, at).chars().count() + 1;
        let message = format!("{}, at character {character}.", what.concat());
        self.problem = Some(Problem { message, hint: hint.to_owned() });
    }

    /// Notes that the current token cannot be what it is.
    fn refuse(&mut self, why: &str, hint: &str) {
        self.fail(self.start, &["\"", self.current(), "\" ", why], hint);
    }

    fn unexpected(&mut self) {
        let hint = "Write it like: width > height and format == \"png\"";
        match self.current() {
            "" => self.fail(self.start, &["The condition ends too early"], hint),
            _ => self.refuse("does not fit", hint),
        }
    }

    fn whole(&mut self) -> Option<()> {
        self.advance()?;
        let part = self.part(OR)?;
        if !self.current().is_empty() {
            self.unexpected();
            return None;
        }
        self.must_be_flag(&part)
    }

    /// Goes to the next token.
    fn advance(&mut self) -> Option<()> {
        let rest = self.slice(self.end, self.text.len()).trim_start();
        self.start = self.text.len() - rest.len();
        // Letters of other alphabets too, so that a message names a whole word.
        let is_of_word = |other: char| {
            other.is_ascii_alphanumeric() || matches!(other, '.' | '_') || !other.is_ascii() && !other.is_whitespace()
        };
        let mut others = rest.char_indices();
        let length = match others.next() {
            None => 0,
            Some((_, quote @ ('"' | '\''))) => match others.find(|(_, other)| *other == quote) {
                Some((at, _)) => at + 1,
                None => {
                    self.fail(
                        self.start,
                        &["The text has no end"],
                        "Close it with the quotation mark that it begins with.",
                    );
                    return None;
                }
            },
            Some((_, '{')) => match others.find(|(_, other)| *other == '}') {
                Some((at, _)) => at + 1,
                None => {
                    self.fail(self.start, &["The placeholder has no end"], "Close it with }.");
                    return None;
                }
            },
            Some((_, first)) if is_of_word(first) => {
                others.find(|(_, other)| !is_of_word(*other)).map_or(rest.len(), |(at, _)| at)
            }
            // All symbols are in ASCII.
            Some(_) => 1 + usize::from(OPERATORS.contains(&rest.get(..2).unwrap_or_default())),
        };
        self.end = self.start + length;
        Some(())
    }

    fn must_be_flag(&mut self, part: &Part) -> Option<()> {
        if part.kind == Type::Flag {
            return Some(());
        }
        let what = [self.slice(part.start, part.end), " is ", part.kind.noun(), ", and not true or false"];
        self.fail(part.start, &what, "Compare it with something, as in: width > 1000");
        None
    }

    /// Reads what binds at least as close as this, with what it is made of one level deeper.
    fn inner(&mut self, least: usize) -> Option<Part> {
        self.depth += 1;
        self.advance()?;
        if self.depth > DEEPEST {
            let hint = "Split it: use several conditions, one after another.";
            self.fail(self.start, &["The condition is nested too deeply"], hint);
            return None;
        }
        let part = self.part(least)?;
        self.depth -= 1;
        Some(part)
    }

    /// Reads what binds at least as close as this.
    fn part(&mut self, least: usize) -> Option<Part> {
        let mut left = self.value(least)?;
        let mut most = COMPARE;
        loop {
            let (symbol, place) = (self.current(), self.start);
            let operator = OPERATORS.iter().position(|known| *known == symbol);
            let Some(operator) = operator.filter(|one| (least..=most).contains(&level(*one))) else {
                return Some(left);
            };
            let level = level(operator);
            self.advance()?;
            let right = self.part(level + 1)?;
            if level == COMPARE {
                self.check(operator, place, &left, &right)?;
                // A comparison is not compared again.
                most = AND;
            } else {
                self.must_be_flag(&left)?;
                self.must_be_flag(&right)?;
            }
            self.steps.push(Step::Operator(operator));
            left = Part { kind: Type::Flag, start: left.start, end: right.end };
        }
    }

    /// Whether two values can be compared.
    fn check(&mut self, operator: usize, place: usize, left: &Part, right: &Part) -> Option<()> {
        let (one, other) = (self.slice(left.start, left.end), self.slice(right.start, right.end));
        let fits = match operator {
            PATTERN => [left.kind, right.kind].iter().all(|kind| *kind == Type::Text || kind.is_open()),
            BELOW.. => left.kind != Type::Flag && right.kind != Type::Flag,
            _ => true,
        };
        if left.kind != right.kind && !left.kind.is_open() && !right.kind.is_open() {
            let what = [one, " is ", left.kind.noun(), ", and ", other, " is ", right.kind.noun()];
            self.fail(right.start, &what, "Compare what is of the same type.");
        } else if !fits {
            let what = ["\"", OPERATORS[operator], "\" does not fit: ", one, " is ", left.kind.noun()];
            self.fail(place, &what, "Use == or !=, for numbers also < <= > >=, for texts also ~.");
        } else if operator < BELOW
            // Texts are single steps, so both are the last ones.
            && let [.., Step::Fact(Fact::Format), Step::Text(start, end)] = *self.steps
            && Format::ALL.iter().all(|format| !format.name().eq_ignore_ascii_case(self.slice(start, end)))
        {
            self.fail(right.start, &[other, " is not a format"], &format!("Known are {}.", Format::names()));
        } else {
            return Some(());
        }
        None
    }

    /// Reads a value, or what is in parentheses or, where something that binds as loosely may be, negated.
    fn value(&mut self, least: usize) -> Option<Part> {
        let (start, end, word) = (self.start, self.end, self.current());
        let mut part = Part { kind: Type::Flag, start, end };
        let step = match word.bytes().next() {
            Some(b'0'..=b'9' | b'.') => {
                part.kind = Type::Number;
                let Some(number) = crate::number::parse(word) else {
                    self.refuse("is not a number", "Write it like 1000 or 0.5, without a unit.");
                    return None;
                };
                Step::Number(number)
            }
            Some(b'"' | b'\'') => {
                part.kind = Type::Text;
                Step::Text(start + 1, end - 1)
            }
            Some(b'{') => {
                let key = self.slice(start + 1, end - 1);
                let Some(placeholder) = Placeholder::read(key) else {
                    let hint = hint_for(key);
                    self.refuse("is not a placeholder", &hint);
                    return None;
                };
                let fact = match placeholder {
                    Placeholder::Width => Some(Fact::Width),
                    Placeholder::Height => Some(Fact::Height),
                    Placeholder::Day => Some(Fact::Date),
                    Placeholder::Camera => Some(Fact::Camera),
                    Placeholder::Index(_) => Some(Fact::Index),
                    Placeholder::Count => Some(Fact::Count),
                    _ => None,
                };
                part.kind = match (fact, placeholder) {
                    (Some(fact), _) => fact.kind(),
                    (_, Placeholder::Row(_)) => Type::Row,
                    (_, Placeholder::Date(_) | Placeholder::Param(_)) => Type::Given,
                    // Where a picture was split, its number stands there already.
                    (_, Placeholder::Piece) => Type::Number,
                    _ => Type::Text,
                };
                match (fact, placeholder) {
                    (Some(fact), _) => Step::Fact(fact),
                    (_, Placeholder::Piece) => Step::Number(1.0),
                    _ => Step::Placeholder(start + 1, end - 1),
                }
            }
            Some(b'(') => {
                part.kind = self.inner(OR)?.kind;
                part.end = self.end;
                if self.current() != ")" {
                    self.unexpected();
                    return None;
                }
                self.advance()?;
                return Some(part);
            }
            _ if least <= NOT && (word == "not" || word == "!") => {
                let negated = self.inner(NOT)?;
                self.must_be_flag(&negated)?;
                part.end = negated.end;
                Step::Not
            }
            _ if word == "true" || word == "false" => Step::Flag(word == "true"),
            Some(b'a'..=b'z' | b'A'..=b'Z' | b'_' | 128..) if word != "not" && !OPERATORS.contains(&word) => {
                if let Some(column) = word.strip_prefix(ROW).filter(|column| !column.is_empty()) {
                    part.kind = Type::Row;
                    self.steps.push(Step::Row(end - column.len(), end));
                    self.advance()?;
                    return Some(part);
                }
                let Some(fact) = Fact::of_word(word) else {
                    self.refuse("is not known", NAMES);
                    return None;
                };
                part.kind = fact.kind();
                Step::Fact(fact)
            }
            _ => {
                self.unexpected();
                return None;
            }
        };
        let is_negated = step == Step::Not;
        self.steps.push(step);
        if !is_negated {
            self.advance()?;
        }
        Some(part)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn row(placeholder: Placeholder<'_>) -> Option<String> {
        let value = match placeholder {
            Placeholder::Row("price") => "12.50",
            Placeholder::Row("sale") => "TRUE",
            Placeholder::Row("title") => "Oak, old",
            Placeholder::Row("größe") => "9",
            Placeholder::Date("%H") => "09",
            Placeholder::Param("save.quality") => "85",
            Placeholder::Param("save.format") => "jpeg",
            Placeholder::Folder => "Summer/day 1",
            Placeholder::Name => "beach",
            Placeholder::Hash(4) => "00ff",
            _ => return None,
        };
        Some(value.to_owned())
    }

    /// A landscape JPEG of 3000 × 2000 pixels without metadata.
    fn landscape(fact: Fact) -> Option<Value> {
        Some(match fact {
            Fact::Width => Value::Number(3000.0),
            Fact::Height => Value::Number(2000.0),
            Fact::Ratio => Value::Number(1.5),
            Fact::Megapixels => Value::Number(6.0),
            Fact::Format => Value::Text("JPEG".to_owned()),
            Fact::Alpha => Value::Flag(false),
            Fact::Frames => Value::Number(1.0),
            Fact::Name => Value::Text("Beach-hero-2.JPG".to_owned()),
            Fact::Bytes => Value::Number(2_500_000.0),
            Fact::Camera | Fact::Date => Value::Text(String::new()),
            Fact::Index => Value::Number(2.0),
            Fact::Count => Value::Number(3.0),
        })
    }

    /// An animated GIF of 100 × 400 pixels with transparency, which names a camera.
    fn tall(fact: Fact) -> Option<Value> {
        Some(match fact {
            Fact::Width => Value::Number(100.0),
            Fact::Height => Value::Number(400.0),
            Fact::Ratio => Value::Number(0.25),
            Fact::Megapixels => Value::Number(0.04),
            Fact::Format => Value::Text("GIF".to_owned()),
            Fact::Alpha => Value::Flag(true),
            Fact::Frames => Value::Number(12.0),
            Fact::Name => Value::Text("it's \"new\".gif".to_owned()),
            Fact::Bytes => Value::Number(9000.0),
            Fact::Camera => Value::Text("X100V".to_owned()),
            Fact::Date => Value::Text("2026-03-14".to_owned()),
            Fact::Index | Fact::Count => Value::Number(0.0),
        })
    }

    #[test]
    fn conditions_hold_for_what_they_say() {
        // Each with what it is for the landscape and for the tall picture.
        for (text, expected) in [
            ("true", [true, true]),
            ("false", [false, false]),
            ("alpha", [false, true]),
            ("not alpha", [true, false]),
            ("!alpha", [true, false]),
            ("not not alpha", [false, true]),
            ("width > height", [true, false]),
            ("width>height and megapixels>=2", [true, false]),
            ("width == 3000", [true, false]),
            ("width != 3000", [false, true]),
            ("width < 3000", [false, true]),
            ("width <= 3000", [true, true]),
            ("width > 3000", [false, false]),
            ("width >= 3000", [true, false]),
            ("3000 <= width", [true, false]),
            ("ratio == 1.5", [true, false]),
            ("ratio < .5", [false, true]),
            ("ratio == 0.25", [false, true]),
            ("megapixels < 0.05", [false, true]),
            ("bytes > 2.5e6", [false, false]),
            ("bytes >= 2.5e6", [true, false]),
            ("frames > 1", [false, true]),
            ("alpha == true", [false, true]),
            ("alpha != true", [true, false]),
            ("alpha == (width > height)", [false, false]),
            ("format == \"jpeg\"", [true, false]),
            ("format == 'JPEG'", [true, false]),
            ("format != 'gif'", [true, false]),
            ("'gif' == format", [false, true]),
            ("exif.camera == \"X100V\"", [false, true]),
            ("exif.camera == \"x100v\"", [false, true]),
            ("exif.camera == ''", [true, false]),
            ("exif.camera != 'X100V'", [true, false]),
            ("exif.date >= '2026-01-01'", [false, true]),
            ("exif.date >= '2026-03-14' and exif.date < '2026-03-15'", [false, true]),
            ("exif.date < '2026'", [true, false]),
            ("exif.date ~ '2026-*'", [false, true]),
            ("name ~ \"*-hero*\"", [true, false]),
            ("name ~ '*.jpg'", [true, false]),
            ("name ~ '*.JPG'", [true, false]),
            ("name ~ 'beach'", [false, false]),
            ("name ~ 'b?ach*'", [true, false]),
            ("name ~ '*'", [true, true]),
            ("name ~ ''", [false, false]),
            ("exif.camera ~ ''", [true, false]),
            ("exif.camera ~ '?*'", [false, true]),
            ("name == \"it's \"", [false, false]),
            ("name ~ \"it's *\"", [false, true]),
            ("name ~ '*\"new\"*'", [false, true]),
            // `and` binds closer than `or`, and `not` closer than both.
            ("true or true and false", [true, true]),
            ("(true or true) and false", [false, false]),
            ("not true or true", [true, true]),
            ("not (true or true)", [false, false]),
            ("not false and false", [false, false]),
            ("not width > height", [false, true]),
            ("! width > height", [false, true]),
            ("width > height || frames > 1", [true, true]),
            ("width > height && frames > 1", [false, false]),
            ("alpha or width > height and frames == 1", [true, true]),
            ("((width)) > (height)", [true, false]),
            ("\twidth\n>\u{a0}height ", [true, false]),
            // A value of the row is a number, a text or a flag, as what it is compared with.
            ("row.price == 12.5 and row.price > 9 and 13 > row.price", [true, true]),
            ("row.price < '9'", [true, true]),
            ("row.title == 'oak, OLD' and row.title ~ 'Oak*' and row.price ~ '12*'", [true, true]),
            ("row.title > 3 or row.title < 3 or row.title == 3", [false, false]),
            ("row.title != 3 and 3 != row.title and row.price != 13", [true, true]),
            ("row.price != 12.5", [false, false]),
            ("row.sale == true and true == row.sale and row.title != true", [true, true]),
            ("row.sale == false or row.title == true", [false, false]),
            ("row.none == '' and row.none != 0 and not (row.none == false)", [true, true]),
            ("row.größe > 8 and row.größe != row.price", [true, true]),
            ("row.price > width", [false, false]),
            ("name ~ row.none", [false, false]),
            // What names may contain.
            ("{width} > {height} and {index} == 2 and {index:04} < {count}", [true, false]),
            ("{folder} ~ 'summer/*' and {name} == 'Beach' and {hash:4} == '00FF'", [true, true]),
            ("{path} == '' and {ext} == ''", [true, true]),
            ("{date:%H} < 12 and {date:%H} > '08'", [true, true]),
            ("{param.save.quality} >= 85 and {param.save.format} == \"JPEG\"", [true, true]),
            ("{row.price} == 12.5 and {row.price} == row.price", [true, true]),
            ("{piece} == 1", [true, true]),
            ("{exif.date} == '2026-03-14' and {exif.camera} != ''", [false, true]),
        ] {
            let expression = Expression::parse(text).unwrap_or_else(|problem| panic!("{text}: {problem:?}"));
            let holds = [expression.holds(&landscape, &row), expression.holds(&tall, &row)];
            assert_eq!(holds, expected.map(Some), "{text}");
            assert_eq!(expression.text(), text);
        }
    }

    #[test]
    fn what_is_not_known_decides_nothing_unless_the_rest_does() {
        let known = |fact| landscape(fact).filter(|_| !matches!(fact, Fact::Width | Fact::Ratio));
        for (text, expected) in [
            ("width > 1", None),
            ("not (width > 1)", None),
            ("width == width", None),
            ("width > 1 and alpha", Some(false)),
            ("alpha and width > 1", Some(false)),
            ("width > 1 and not alpha", None),
            ("width > 1 or alpha", None),
            ("width > 1 or not alpha", Some(true)),
            ("not alpha or width > 1", Some(true)),
            ("width > 1 or ratio > 1", None),
            ("height == 2000", Some(true)),
        ] {
            assert_eq!(Expression::parse(text).unwrap().holds(&known, &row), expected, "{text}");
        }
        assert_eq!(Expression::default().holds(&landscape, &row), None);
    }

    #[test]
    fn problems_say_what_is_wrong_and_where() {
        for (text, expected) in [
            ("", "The condition ends too early, at character 1."),
            ("   ", "The condition ends too early, at character 4."),
            ("width >", "The condition ends too early, at character 8."),
            ("alpha and", "The condition ends too early, at character 10."),
            ("(alpha", "The condition ends too early, at character 7."),
            ("alpha)", "\")\" does not fit, at character 6."),
            ("()", "\")\" does not fit, at character 2."),
            ("width = 3", "\"=\" does not fit, at character 7."),
            ("width > = 3", "\"=\" does not fit, at character 9."),
            ("1 < width < 3", "\"<\" does not fit, at character 11."),
            ("name starts with 'a'", "\"starts\" does not fit, at character 6."),
            ("alpha alpha", "\"alpha\" does not fit, at character 7."),
            ("and alpha", "\"and\" does not fit, at character 1."),
            ("width > -1", "\"-\" does not fit, at character 9."),
            ("alpha & alpha", "\"&\" does not fit, at character 7."),
            ("größe > 3", "\"größe\" is not known, at character 1."),
            ("alpha and größe > 3", "\"größe\" is not known, at character 11."),
            ("name == 'größe' and x", "\"x\" is not known, at character 21."),
            ("Width > 3", "\"Width\" is not known, at character 1."),
            ("row. == ''", "\"row.\" is not known, at character 1."),
            ("row.sale", "row.sale is a value of the row, and not true or false, at character 1."),
            ("row.sale < true", "\"<\" does not fit: row.sale is a value of the row, at character 10."),
            ("row.sale ~ 3", "\"~\" does not fit: row.sale is a value of the row, at character 10."),
            ("{nmae} == ''", "\"{nmae}\" is not a placeholder, at character 1."),
            ("{date:now} == ''", "\"{date:now}\" is not a placeholder, at character 1."),
            ("alpha and {name == ''", "The placeholder has no end, at character 11."),
            ("{width} == 'a'", "{width} is a number, and 'a' is a text, at character 12."),
            ("{name} == 3", "{name} is a text, and 3 is a number, at character 11."),
            ("{param.a.b}", "{param.a.b} is a value of any type, and not true or false, at character 1."),
            ("exif.lens == ''", "\"exif.lens\" is not known, at character 1."),
            ("width > 2MB", "\"2MB\" is not a number, at character 9."),
            ("width > 1.2.3", "\"1.2.3\" is not a number, at character 9."),
            ("width > .", "\".\" is not a number, at character 9."),
            ("name == 'a", "The text has no end, at character 9."),
            ("name == 'a\"", "The text has no end, at character 9."),
            ("width == \"wide\"", "width is a number, and \"wide\" is a text, at character 10."),
            ("'wide' < width", "'wide' is a text, and width is a number, at character 10."),
            ("alpha == 1", "alpha is true or false, and 1 is a number, at character 10."),
            ("name == true", "name is a text, and true is true or false, at character 9."),
            ("(width > 3) == 4", "(width > 3) is true or false, and 4 is a number, at character 16."),
            ("alpha < true", "\"<\" does not fit: alpha is true or false, at character 7."),
            ("width ~ 3", "\"~\" does not fit: width is a number, at character 7."),
            ("width", "width is a number, and not true or false, at character 1."),
            ("alpha and name", "name is a text, and not true or false, at character 11."),
            ("width and alpha", "width is a number, and not true or false, at character 1."),
            ("not width", "width is a number, and not true or false, at character 5."),
            ("'a' or alpha", "'a' is a text, and not true or false, at character 1."),
            ("format == 'jpg'", "'jpg' is not a format, at character 11."),
            ("format != \"picture\"", "\"picture\" is not a format, at character 11."),
        ] {
            assert_eq!(Expression::parse(text).unwrap_err().message, expected, "{text}");
        }
        let hint = |text: &str| Expression::parse(text).unwrap_err().hint;
        assert!(hint("größe > 3").contains("exif.camera") && hint("format == 'jpg'").contains("JPEG, PNG, WebP"));
        assert!(Expression::parse("format ~ 'j*'").is_ok());
        assert!(hint("{nmae} == ''").starts_with("Did you mean {name}?"));
        let names = NAMES.strip_prefix("Known are ").unwrap().split(", row.column").next().unwrap();
        assert!(names.split(", ").all(|name| Fact::of_word(name).is_some()));
    }

    #[test]
    fn columns_and_placeholders_are_listed() {
        let expression = Expression::parse(
            "row.price > 3 and 'row.no' == row.title and {row.a: b} == {param.x} and '{name}' != {folder}",
        );
        let expression = expression.unwrap();
        let expected = [
            Placeholder::Row("price"),
            Placeholder::Row("title"),
            Placeholder::Row("a: b"),
            Placeholder::Param("x"),
            Placeholder::Folder,
        ];
        assert_eq!(expression.placeholders().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn length_and_nesting_are_limited() {
        let nested = |depth: usize| Expression::parse(&format!("{}alpha{}", "(".repeat(depth), ")".repeat(depth)));
        assert!(nested(DEEPEST).is_ok());
        assert_eq!(nested(DEEPEST + 1).unwrap_err().message, "The condition is nested too deeply, at character 34.");
        let negated = |times: usize| Expression::parse(&format!("{}alpha", "!".repeat(times)));
        assert!(negated(DEEPEST).is_ok() && negated(DEEPEST + 1).is_err());
        // A chain is not nested.
        let chain = vec!["alpha"; 111].join(" or ");
        assert_eq!(Expression::parse(&chain).unwrap().holds(&tall, &row), Some(true));
        let long = |bytes: usize| Expression::parse(&format!("name != '{}'", "a".repeat(bytes - 10)));
        assert!(long(MOST_BYTES).is_ok());
        assert_eq!(long(MOST_BYTES + 1).unwrap_err().message, "The condition is too long.");
    }

    #[test]
    fn a_pattern_of_many_stars_is_soon_done() {
        let text = format!("name ~ '{}b'", "*a".repeat(480));
        let known = |_| Some(Value::Text("a".repeat(20_000)));
        assert_eq!(Expression::parse(&text).unwrap().holds(&known, &row), Some(false));
    }

    /// Whether a text fits a pattern, by the definition.
    fn fits(text: &[char], pattern: &[char]) -> bool {
        match pattern {
            [] => text.is_empty(),
            ['*', rest @ ..] => (0..=text.len()).any(|at| fits(&text[at..], rest)),
            [one, rest @ ..] => text.first().is_some_and(|first| *one == '?' || one == first) && fits(&text[1..], rest),
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,80}") {
            if let Ok(expression) = Expression::parse(&text) {
                prop_assert!(expression.holds(&landscape, &row).is_some());
            }
        }

        #[test]
        fn any_order_of_tokens_is_read_or_refused(tokens in prop::collection::vec(prop::sample::select(vec![
            "width", "alpha", "name", "format", "exif.date", "1", "2.5", "'a'", "\"png\"", "true", "not", "!", "and", "or",
            "&&", "||", "(", ")", "==", "!=", "<", "<=", ">", ">=", "~", "=", "é", "'",
            "{name}", "{date:%H}", "{count}", "{no}", "{", "}",
        ]), 0..12)) {
            let text = tokens.join(" ");
            match Expression::parse(&text) {
                Ok(expression) => prop_assert!(expression.holds(&tall, &row).is_some(), "{text}"),
                Err(problem) => {
                    let place = problem.message.rsplit_once(" character ").and_then(|(_, place)| place.strip_suffix('.'));
                    let place: usize = place.unwrap().parse().unwrap();
                    prop_assert!((1..=text.chars().count() + 1).contains(&place), "{text}: {problem:?}");
                }
            }
        }

        #[test]
        fn a_pattern_fits_what_it_should(text in "[ab]{0,9}", pattern in "[ab*?]{0,7}") {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            prop_assert_eq!(matches(&text, &pattern), fits(&chars(&text), &chars(&pattern)));
        }
    }
}
