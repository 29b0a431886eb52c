//! `cargo xtask test`: every check and every test, fastest feedback first. The first failure ends it.

use std::cell::RefCell;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::build;
use crate::project::Project;
use crate::setup;
use crate::shell::{self, Outcome, command, say, seconds, step};

/// Time limit for one file of browser tests, which then fails. Each test in it has a shorter limit of its own.
const ONE_FILE: Duration = Duration::from_secs(15 * 60);

/// Time limit for all of them together, which take about eight minutes.
const BROWSER_TESTS: Duration = Duration::from_secs(40 * 60);

/// The features of all programs that run in the browser.
const WASM_FEATURES: &str = "app,service,worker,network,lettering,jxl,av1,hevc,svg,kernels";

/// Which checks to run.
#[derive(Debug, PartialEq)]
pub enum Scope {
    /// All of them.
    Full,
    /// Those that need neither WebAssembly nor a browser.
    Quick,
    /// The build and the browser tests whose file names contain the pattern.
    EndToEnd(String),
}

impl Scope {
    /// Reads the command's options.
    pub fn parse(options: &[String]) -> Outcome<Self> {
        match options.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            [] => Ok(Self::Full),
            ["--quick"] => Ok(Self::Quick),
            ["--e2e"] => Ok(Self::EndToEnd(String::new())),
            ["--e2e", pattern] => Ok(Self::EndToEnd((*pattern).to_owned())),
            other => Err(format!("test takes --quick or --e2e [pattern], not {}", other.join(" "))),
        }
    }
}

/// Runs the checks, and at the end prints how long each took.
fn run_steps(project: &Project, scope: &Scope, steps: &Steps) -> Outcome {
    if *scope != Scope::Quick {
        steps.run("set-up", || {
            setup::rust(project)?;
            setup::rust_components(project)?;
            setup::bundler(project)
        })?;
    }
    if !matches!(scope, Scope::EndToEnd(_)) {
        natively(project, steps)?;
    }
    if *scope == Scope::Quick {
        return Ok(());
    }
    if *scope == Scope::Full {
        // All programs at once; the build shows that each compiles by itself.
        let arguments = ["--target", "wasm32-unknown-unknown", "--features", WASM_FEATURES, "--", "--deny", "warnings"];
        steps.cargo(project, "clippy, wasm32", &["clippy", "--quiet"], &arguments)?;
        steps.run("documentation", || {
            let arguments =
                ["doc", "--quiet", "--no-deps", "--target", "wasm32-unknown-unknown", "--features", WASM_FEATURES];
            shell::run(project.cargo().args(arguments).env("RUSTDOCFLAGS", "--deny warnings"))
        })?;
        steps.run("licences, bans and sources", || {
            setup::licence_checker(project)?;
            // As a subcommand it finds `cargo` through the environment, so the tool can be called by its path.
            let arguments = ["--offline", "--locked", "check", "--hide-inclusion-graph", "licenses", "bans", "sources"];
            shell::run(command(project.tool("cargo-deny"), &project.root).args(arguments))
        })?;
    }
    let node = setup::node(project)?;
    if *scope == Scope::Full && node.is_some() {
        steps.run("store conformance in the browser", || {
            let arguments =
                ["test", "--target", "wasm32-unknown-unknown", "--features", "worker", "--test", "store_in_browser"];
            shell::run(
                (project.cargo().args(arguments))
                    .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", project.tool("wasm-bindgen-test-runner"))
                    .env("CHROMEDRIVER", setup::chromedriver(project)?),
            )
        })?;
    }
    steps.run("build", || build::page(project, node.as_ref()))?;
    steps.run("size budget", || build::sizes(project, node.as_ref()))?;
    if node.is_none() {
        say("the browser tests were NOT run: they need Node.js");
        return Ok(());
    }
    let pattern = if let Scope::EndToEnd(pattern) = scope { pattern.as_str() } else { "" };
    let (alone, together): (Vec<_>, Vec<_>) =
        end_to_end_tests(project, pattern)?.into_iter().partition(|file| is_run_alone(file));
    for (name, files, lanes) in [("browser tests, one by one", alone, 1), ("browser tests", together, LANES)] {
        if !files.is_empty() {
            steps.run(name, || browser_tests(project, files, lanes))?;
        }
    }
    Ok(())
}

/// Browser tests that run at the same time. They wait for the browser more than they work.
const LANES: u32 = 2;

/// Files whose tests look at times or at what is in flight, so that nothing else may run beside them.
const ALONE: [&str; 8] = ["away", "background-batch", "draft", "firefox", "page", "recovery", "smoothness", "torture"];

fn is_run_alone(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    ALONE.iter().any(|alone| name.strip_prefix(alone).is_some_and(|rest| rest == ".test.mjs"))
}

fn browser_tests(project: &Project, files: Vec<PathBuf>, lanes: u32) -> Outcome {
    shell::run_within(
        BROWSER_TESTS,
        with_browser(project, &mut command("node", &project.root))?
            .args(["--test", "--test-reporter=spec"])
            .arg(format!("--test-concurrency={lanes}"))
            .arg(format!("--test-timeout={}", ONE_FILE.as_millis()))
            .args(files),
    )
}

/// Runs the checks of the scope and prints a summary, whether they succeed or fail.
pub fn run(project: &Project, scope: &Scope) -> Outcome {
    let start = Instant::now();
    let steps = Steps::default();
    let outcome = run_steps(project, scope, &steps);
    println!("\nSummary");
    for (name, passed, time) in steps.finished.borrow().iter() {
        println!("  {} {name}: {time}", if *passed { "✓" } else { "✗" });
    }
    println!("  {} in {}", if outcome.is_ok() { "all passed" } else { "failed" }, seconds(start.elapsed()));
    outcome
}

fn natively(project: &Project, steps: &Steps) -> Outcome {
    steps.cargo(project, "format", &["fmt", "--all"], &["--check"])?;
    let arguments = ["--workspace", "--all-targets", "--", "--deny", "warnings"];
    steps.cargo(project, "clippy, native", &["clippy", "--quiet"], &arguments)?;
    steps.cargo(project, "native tests", &["test", "--workspace"], &[])
}

/// Gives a Node.js process the environment that the scripts under `tests/e2e` need.
pub fn with_browser<'a>(project: &Project, node: &'a mut Command) -> Outcome<&'a mut Command> {
    let own = env::current_exe().map_err(|error| format!("cannot determine the path of this program: {error}"))?;
    Ok(node
        .env("PIXELMILL_CHROMIUM", setup::chromium(project)?)
        .env("PIXELMILL_XTASK", own)
        .env("PIXELMILL_DIST", project.dist())
        .env("PIXELMILL_SCRATCH", project.target.join("e2e")))
}

fn end_to_end_tests(project: &Project, pattern: &str) -> Outcome<Vec<PathBuf>> {
    let entries = fs::read_dir(project.end_to_end()).map_err(|error| format!("tests/e2e: {error}"))?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|file| {
        file.file_name().is_some_and(|name| {
            let name = name.to_string_lossy();
            name.ends_with(".test.mjs") && name.contains(pattern)
        })
    });
    files.sort();
    if files.is_empty() { Err(format!("no test file's name contains {pattern:?}")) } else { Ok(files) }
}

/// The steps so far, for the summary.
#[derive(Default)]
pub struct Steps {
    finished: RefCell<Vec<(String, bool, String)>>,
}

impl Steps {
    fn run<T>(&self, name: &str, work: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
        let start = Instant::now();
        let outcome = step(name, work);
        self.finished.borrow_mut().push((name.to_owned(), outcome.is_ok(), seconds(start.elapsed())));
        outcome
    }

    fn cargo(&self, project: &Project, name: &str, subcommand: &[&str], arguments: &[&str]) -> Outcome {
        self.run(name, || shell::run(project.cargo().args(subcommand).args(arguments)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_option_is_refused_rather_than_ignored() {
        assert_eq!(Scope::parse(&[]), Ok(Scope::Full));
        assert_eq!(Scope::parse(&["--e2e".into(), "crash".into()]), Ok(Scope::EndToEnd("crash".into())));
        assert!(Scope::parse(&["--quik".into()]).is_err());
        assert!(Scope::parse(&["--quick".into(), "--e2e".into()]).is_err());
    }
}
