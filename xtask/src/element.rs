//! The files of the element: its script with what it imports, and the page's style sheets made relative to it.

use std::fmt::Write as _;

/// The page's style sheets, in the order in which the page has them, and then the element's own.
pub const SHEETS: [&str; 7] = [
    "style/tokens.css",
    "style/base.css",
    "style/frame.css",
    "style/new.css",
    "style/batches.css",
    "style/results.css",
    "src/embed/embed.css",
];

/// The scripts that make up `embed.js`, the imported one first.
pub const SCRIPTS: [&str; 2] = ["src/client/process.js", "src/embed/element.js"];

/// One script of two: the second one imports the first, by names that are then simply there.
pub fn joined(imported: &str, script: &str) -> Result<String, String> {
    let is_import = |line: &&str| line.starts_with("import {") && line.contains("/process.js\"");
    let import = script.lines().find(is_import).ok_or("element.js does not import process.js")?;
    Ok(format!("{}\n{}", imported.replace("\nexport ", "\n"), script.replacen(import, "", 1)))
}

/// A style sheet of the page, made relative to the element: the document's root is the stage, its body what scrolls in it,
/// and the window's size the stage's. Root ems become pixels, because the root belongs to somebody else.
///
/// # Errors
/// When a media query asks for the width together with something else, which a container query cannot express.
pub fn within_element(css: &str) -> Result<String, String> {
    let mut out = String::with_capacity(css.len());
    for line in css.lines() {
        let text = line.trim_start();
        let indent = &line[..line.len() - text.len()];
        let line = match text.strip_prefix("@media ") {
            Some(query) if query.contains("-width:") => {
                if query.matches('(').count() > 1 {
                    return Err(format!("“{text}” asks for more than the width; write a rule of its own for it"));
                }
                format!("@container stage {query}")
            }
            _ => text.replace(":root", ".stage"),
        };
        let line = ["html", "body"].into_iter().fold(line, |line, name| match line.strip_prefix(name) {
            Some(rest) if rest.starts_with([' ', ':', ',', '.', '[']) => format!(".scroller{rest}"),
            _ => line,
        });
        let line = line.replace("dvh", "cqh").replace("100vw", "100cqw");
        let _infallible = writeln!(out, "{indent}{}", without_root_ems(&line));
    }
    Ok(out)
}

/// Lengths in root ems as pixels, with 16 to one.
fn without_root_ems(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find("rem") {
        let (before, after) = rest.split_at(at);
        let digits = before.len() - before.trim_end_matches(|one: char| one.is_ascii_digit() || one == '.').len();
        let (before, number) = before.split_at(before.len() - digits);
        let is_unit = !after[3..].starts_with(|one: char| one.is_ascii_alphanumeric() || one == '-');
        match number.parse::<f64>() {
            Ok(number) if is_unit => {
                let _infallible = write!(out, "{before}{}px", number * 16.0);
            }
            _ => {
                let _infallible = write!(out, "{before}{number}rem");
            }
        }
        rest = &after[3..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_is_made_relative_to_the_element() {
        for (page, element) in [
            (":root[data-theme=\"dark\"] {", ".stage[data-theme=\"dark\"] {"),
            ("html {", ".scroller {"),
            ("  html:has(.run-bar) .notices {", "  .scroller:has(.run-bar) .notices {"),
            (".html-like {", ".html-like {"),
            ("@media (max-width: 560px) {", "@container stage (max-width: 560px) {"),
            ("@media (forced-colors: active) {", "@media (forced-colors: active) {"),
            ("  width: min(400px, calc(100vw - 32px));", "  width: min(400px, calc(100cqw - 32px));"),
            ("  font: 400 0.9375rem/1.5 var(--font);", "  font: 400 15px/1.5 var(--font);"),
            (".tile .remove {", ".tile .remove {"),
        ] {
            assert_eq!(within_element(page).as_deref(), Ok(&*format!("{element}\n")));
        }
        assert!(within_element("@media (hover: none), (max-width: 560px) {").is_err());
    }

    #[test]
    fn the_scripts_become_one_without_imports_and_exports() {
        let script =
            joined("// A\nexport const a = 1;\n", "// B\nimport { a } from \"../client/process.js\";\nuse(a);\n");
        assert_eq!(script.as_deref(), Ok("// A\nconst a = 1;\n\n// B\n\nuse(a);\n"));
    }
}
