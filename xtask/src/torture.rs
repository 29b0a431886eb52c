//! `cargo xtask torture`: crashes, kills, full storage, damaged files, many pictures; prints a table of requirements
//! and measurements. The scenarios are in `tests/e2e/torture/`; their short form is one of the browser tests.

use crate::build;
use crate::check;
use crate::project::Project;
use crate::setup;
use crate::shell::{self, Outcome, command, step};

/// The command-line options.
#[derive(Debug, Default, PartialEq)]
pub struct Options {
    build: bool,
    passed_on: Vec<String>,
}

impl Options {
    /// Reads the command's options; all others are passed to the script.
    pub fn parse(options: &[String]) -> Self {
        let passed_on: Vec<String> = options.iter().filter(|option| *option != "--no-build").cloned().collect();
        Self { build: passed_on.len() == options.len(), passed_on }
    }
}

/// Builds the page unless told not to, and runs the scenarios.
pub fn run(project: &Project, options: &Options) -> Outcome {
    if options.build {
        build::release(project)?;
    }
    if setup::node(project)?.is_none() {
        return Err("the scenarios need Node.js".to_owned());
    }
    step("torture", || {
        let directory =
            std::env::current_dir().map_err(|error| format!("cannot determine the current folder: {error}"))?;
        let script = project.end_to_end().join("torture.mjs");
        let mut node = command("node", &directory);
        shell::run(check::with_browser(project, &mut node)?.arg(script).args(&options.passed_on))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_not_its_own_is_passed_on_in_order() {
        let parse = |text: &str| Options::parse(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        let passed_on = vec!["crash".to_owned(), "--seed".to_owned(), "7".to_owned()];
        assert_eq!(parse("crash --no-build --seed 7"), Options { build: false, passed_on });
        assert_eq!(parse(""), Options { build: true, passed_on: Vec::new() });
    }
}
