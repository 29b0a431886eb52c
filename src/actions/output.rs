//! `output`: writes a result of the graph, in a format and under a name.

use serde_json::{Map, Value};

use super::parameters::{Color, Issue, Kind};
use super::{Action, Category, IMAGE_IN, Role};

crate::choices! {
    /// Format of the file that is written.
    pub enum OutputFormat {
        /// JPEG, PNG and WebP stay, all else becomes PNG; a JPEG that got alpha becomes PNG.
        Auto = "auto",
        /// JPEG.
        Jpeg = "jpeg",
        /// PNG.
        Png = "png",
        /// WebP.
        Webp = "webp",
    }
}

crate::parameters! {
    /// Parameters of `output`.
    pub struct Output {
        /// File format. `auto` keeps JPEG, PNG and WebP and writes all else as PNG; a JPEG that got transparency
        /// becomes PNG.
        format: OutputFormat = OutputFormat::Auto;
        /// Quality of JPEG and lossy WebP.
        quality: u32 = 80, range 1.0..=100.0;
        /// Keep every pixel exactly (WebP only).
        lossless: bool = false;
        /// File name, from `{name}` (the input's, without extension), `{ext}`, `{index}`, `{width}`, `{height}`.
        name: String = "{name}.{ext}".to_owned(), kind Kind::NamePattern;
        /// Colour under transparent pixels where the format has no transparency.
        background: Color = Color::WHITE;
    }
}

/// Placeholders that a name pattern may use.
pub const PLACEHOLDERS: [&str; 5] = ["name", "ext", "index", "width", "height"];

/// Fills a name pattern: `value` answers for each of [`PLACEHOLDERS`].
///
/// # Errors
/// The first unknown placeholder, or the rest of a pattern whose brace is not closed.
pub fn fill_name(pattern: &str, value: impl Fn(&str) -> String) -> Result<String, String> {
    let mut filled = String::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('{') {
        let (key, tail) = after.split_once('}').ok_or_else(|| after.to_owned())?;
        if !PLACEHOLDERS.contains(&key) {
            return Err(key.to_owned());
        }
        filled.push_str(before);
        filled.push_str(&value(key));
        rest = tail;
    }
    filled.push_str(rest);
    Ok(filled)
}

fn check(raw: &Map<String, Value>) -> Vec<Issue> {
    let (read, mut issues) = Output::read(raw);
    let pattern = read.map(|output| output.name).or_else(|| raw.get("name")?.as_str().map(str::to_owned));
    if let Some(Err(unknown)) = pattern.map(|pattern| fill_name(&pattern, |_| String::new())) {
        issues.push(Issue::new(
            "name",
            "unknown_placeholder",
            format!("\"{{{unknown}}}\" is not a placeholder."),
            format!("Use {}.", PLACEHOLDERS.map(|key| format!("{{{key}}}")).join(", ")),
        ));
    }
    issues
}

/// The entry of `output`.
pub const ACTION: Action = Action {
    action_type: "output",
    version: "1.0.0",
    name: "Output",
    description: "Writes the result as a file, in a format and under a name.",
    category: Category::Output,
    role: Role::Sink,
    inputs: &[IMAGE_IN],
    outputs: &[],
    fields: Output::FIELDS,
    check,
    related: &["input-images", "resize"],
    usage: "End each branch with one; several outputs give several files per picture.",
};
