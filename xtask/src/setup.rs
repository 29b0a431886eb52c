//! Installs what is missing on the machine and reports what it does. Each function is quick and silent and needs no
//! network if its tool is already there. The project itself is not compiled here.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::project::Project;
use crate::shell::{Outcome, command, read, run, say, step, succeeds};

const TRUNK_VERSION: &str = "0.21.14";
const CARGO_DENY_VERSION: &str = "0.20.2";
const OLDEST_NODE: u32 = 20;

/// Node.js, with the npm packages of the end-to-end tests in place.
pub struct Node {
    /// The folder of the installed packages.
    pub packages: PathBuf,
}

/// Installs everything, for a machine that goes offline afterwards.
pub fn everything(project: &Project) -> Outcome {
    step("set-up", || {
        rust(project)?;
        rust_components(project)?;
        bundler(project)?;
        licence_checker(project)?;
        if node(project)?.is_some() {
            chromium(project)?;
            chromedriver(project)?;
        }
        Ok(())
    })
}

/// The wasm32 standard library, and the sources of all dependencies.
pub fn rust(project: &Project) -> Outcome {
    let sysroot = read(command("rustc", &project.root).args(["--print", "sysroot"]))?;
    let library = Path::new(sysroot.trim()).join("lib/rustlib/wasm32-unknown-unknown/lib");
    if !library.is_dir() {
        say("adding the wasm32-unknown-unknown target through rustup");
        run(command("rustup", &project.root).args(["target", "add", "wasm32-unknown-unknown"]))?;
    }
    if !succeeds(project.cargo().args(["fetch", "--locked", "--offline", "--quiet"])) {
        say("fetching the dependencies that Cargo.lock names");
        run(project.cargo().args(["fetch", "--locked"]))?;
    }
    Ok(())
}

/// The formatter and the linter, which a minimal toolchain does not include.
pub fn rust_components(project: &Project) -> Outcome {
    for (subcommand, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if !succeeds(project.cargo().args([subcommand, "--version"])) {
            say(&format!("adding {component} through rustup"));
            run(command("rustup", &project.root).args(["component", "add", component]))?;
        }
    }
    Ok(())
}

/// Trunk, and wasm-bindgen's command-line tool in exactly the version of the library.
pub fn bundler(project: &Project) -> Outcome {
    let bindgen = project.locked_version("wasm-bindgen")?;
    let tools = [
        // Its default features check for updates and use TLS, neither of which a build needs.
        Tool {
            package: "trunk",
            binaries: &["trunk"],
            version: TRUNK_VERSION,
            default_features: false,
            optimised: &[],
        },
        Tool {
            package: "wasm-bindgen-cli",
            binaries: &["wasm-bindgen", "wasm-bindgen-test-runner"],
            version: &bindgen,
            default_features: true,
            optimised: &["walrus", "wasmparser", "wasm-encoder", "wasm-bindgen-cli-support"],
        },
    ];
    build_tools(project, &tools)
}

/// cargo-deny.
pub fn licence_checker(project: &Project) -> Outcome {
    let tool = Tool {
        package: "cargo-deny",
        binaries: &["cargo-deny"],
        version: CARGO_DENY_VERSION,
        default_features: true,
        optimised: &[],
    };
    build_tools(project, &[tool])
}

/// A command-line tool that is distributed as a crate.
struct Tool<'a> {
    package: &'static str,
    binaries: &'static [&'static str],
    version: &'a str,
    default_features: bool,
    /// The packages in it that do the heavy work. Everything else is compiled without optimisation, in half the time.
    optimised: &'static [&'static str],
}

/// Builds tools into the project's target folder, unless these versions are already there. Shared dependencies are
/// compiled once.
fn build_tools(project: &Project, tools: &[Tool]) -> Outcome {
    let objects = project.target.join("tools-build");
    for tool in tools {
        let installed = |binary: &&str| {
            let answer = read(command(project.tool(binary), &project.root).arg("--version"));
            answer.is_ok_and(|answer| answer.split_whitespace().any(|word| word == tool.version))
        };
        if tool.binaries.iter().all(installed) {
            continue;
        }
        say(&format!("building {} {} (once; it takes a few minutes)", tool.package, tool.version));
        let optimised = tool.optimised.iter().map(|package| format!("profile.release.package.{package}.opt-level=1"));
        run(project
            .cargo()
            .args(["install", tool.package, "--version", tool.version, "--locked", "--force"])
            .args(tool.binaries.iter().flat_map(|binary| ["--bin", binary]))
            .args((!tool.default_features).then_some("--no-default-features"))
            .args(optimised.flat_map(|setting| ["--config".to_owned(), setting]))
            .arg("--root")
            .arg(project.tools())
            .env("CARGO_TARGET_DIR", &objects)
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
            .env("CARGO_PROFILE_RELEASE_DEBUG", "0"))?;
    }
    // Several hundred megabytes that are no longer needed.
    let _ = fs::remove_dir_all(objects);
    Ok(())
}

/// Node.js with the packages in `tests/e2e/package-lock.json`; `None`, with a notice, on a machine without Node.js.
pub fn node(project: &Project) -> Outcome<Option<Node>> {
    let Ok(version) = read(command("node", &project.root).arg("--version")) else {
        return without_node("Node.js is not installed");
    };
    let version = version.trim();
    let major: Option<u32> = version.trim_start_matches('v').split('.').next().and_then(|text| text.parse().ok());
    if major.is_none_or(|major| major < OLDEST_NODE) {
        return without_node(&format!("Node.js {version} is older than {OLDEST_NODE}"));
    }
    let folder = project.end_to_end();
    let packages = folder.join("node_modules");
    let lock = fs::read(folder.join("package-lock.json")).map_err(|error| format!("package-lock.json: {error}"))?;
    let stamp = packages.join(".installed-package-lock.json");
    if fs::read(&stamp).ok().as_ref() != Some(&lock) {
        say(
            "installing the npm packages of tests/e2e (browser driver, image library, wasm-opt, libraries to compare with)",
        );
        let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
        run(command(npm, &folder).args(["ci", "--no-audit", "--no-fund", "--loglevel", "error"]))?;
        fs::write(&stamp, lock).map_err(|error| format!("cannot write {}: {error}", stamp.display()))?;
    }
    Ok(Some(Node { packages }))
}

/// Node.js is optional for developers, but not for a check that claims to be complete.
fn without_node(reason: &str) -> Outcome<Option<Node>> {
    if env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false") {
        return Err(format!("{reason}, but a complete check needs Node.js {OLDEST_NODE} or newer"));
    }
    say(&format!(
        "{reason}: skipping wasm-opt and the browser tests (install Node.js {OLDEST_NODE} or newer to run them)"
    ));
    Ok(None)
}

/// A Chromium or Chrome: an installed one, or Debian's own when this is root on Debian.
pub fn chromium(project: &Project) -> Outcome<PathBuf> {
    installed_or_by_apt(project, "chromium", "CHROMIUM", find_chromium)
}

/// The driver of that browser, for tests that are WebAssembly themselves.
pub fn chromedriver(project: &Project) -> Outcome<PathBuf> {
    installed_or_by_apt(project, "chromium-driver", "CHROMEDRIVER", find_chromedriver)
}

/// An installed one, or Debian's package if this is root on Debian; otherwise an error that says what to do.
fn installed_or_by_apt(
    project: &Project,
    package: &str,
    variable: &str,
    find: fn() -> Option<PathBuf>,
) -> Outcome<PathBuf> {
    if let Some(found) = find() {
        return Ok(found);
    }
    let by_hand = format!("apt-get install --yes --no-install-recommends {package}");
    let debian = Path::new("/etc/debian_version").exists();
    let root = read(command("id", &project.root).arg("-u")).is_ok_and(|user| user.trim() == "0");
    if !(debian && root) {
        let advice = if debian { format!("run: sudo {by_hand}") } else { format!("install {package} or Chrome's own") };
        return Err(format!("there is no {package}: {advice} (or set {variable} to its path)"));
    }
    say(&format!("installing {package} with apt"));
    let quiet = [("DEBIAN_FRONTEND", "noninteractive")];
    run(command("apt-get", &project.root).envs(quiet).args(["update", "-qq"]))?;
    run(command("apt-get", &project.root).envs(quiet).args([
        "install",
        "--yes",
        "-qq",
        "--no-install-recommends",
        package,
    ]))?;
    find().ok_or_else(|| format!("apt installed {package}, but it is not on PATH"))
}

/// A program with one of these names on `PATH`.
fn on_path(names: &[&str]) -> Option<PathBuf> {
    let folders = env::var_os("PATH").into_iter().flat_map(|path| env::split_paths(&path).collect::<Vec<_>>());
    folders
        .flat_map(|folder| names.iter().map(move |name| folder.join(format!("{name}{}", env::consts::EXE_SUFFIX))))
        .find(|candidate| candidate.is_file())
}

/// The value of an environment variable.
fn named_in(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}

fn find_chromedriver() -> Option<PathBuf> {
    named_in("CHROMEDRIVER").or_else(|| on_path(&["chromedriver"]))
}

fn find_chromium() -> Option<PathBuf> {
    let installed = [
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    ];
    named_in("CHROMIUM")
        .or_else(|| on_path(&["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"]))
        .or_else(|| installed.into_iter().map(PathBuf::from).find(|candidate| candidate.is_file()))
}
