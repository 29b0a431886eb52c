//! `cargo xtask bench`: images per second of the whole product beside its peers. The measuring itself is `tests/e2e/bench.mjs`.

use crate::build;
use crate::check;
use crate::project::Project;
use crate::setup;
use crate::shell::{self, Outcome, command, step};

/// What the command line asks for.
#[derive(Debug, Default, PartialEq)]
pub struct Options {
    build: bool,
    passed_on: Vec<String>,
}

impl Options {
    /// Reads the command's options; all but `--no-build` are for the script.
    pub fn parse(options: &[String]) -> Outcome<Self> {
        let (own, passed_on): (Vec<_>, Vec<_>) = options.iter().cloned().partition(|option| option == "--no-build");
        Ok(Self { build: own.is_empty(), passed_on })
    }
}

/// Builds the page and measures it.
fn run_script(project: &Project, options: &Options) -> Outcome {
    let script = project.end_to_end().join("bench.mjs");
    let directory = std::env::current_dir().map_err(|error| format!("where am I: {error}"))?;
    shell::run(check::with_browser(project, &mut command("node", &directory))?.arg(script).args(&options.passed_on))
}

/// Builds the page unless told not to, and measures it.
pub fn run(project: &Project, options: &Options) -> Outcome {
    if options.build {
        build::release(project)?;
    }
    if setup::node(project)?.is_none() {
        return Err("the benchmark needs Node.js".to_owned());
    }
    step("benchmark", || run_script(project, options))
}
