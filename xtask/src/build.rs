//! The release page: Trunk assembles `dist/`, wasm-opt rewrites its WebAssembly files, and their sizes are held against a budget.
//!
//! The networks' WebAssembly comes first and by cargo alone: it has no glue, and the page is compiled with its checksum.

use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};
use std::thread;

use crate::project::Project;
use crate::setup::{self, Node};
use crate::shell::{Outcome, command, read, run, say, step};

/// One part of the page whose size is watched: the files whose names start with `prefix`, and their most together after brotli.
struct Part {
    name: &'static str,
    prefix: &'static str,
    optimisation: &'static [&'static str],
    budget: u64,
}

const APP: Part = Part { name: "app", prefix: "app", optimisation: &["-Os"], budget: 600_000 };
const WORKER: Part = Part { name: "worker", prefix: "worker", optimisation: &["-O3"], budget: 1_500_000 };
/// Its kernels stay functions of their own: V8 compiles a function well only between two calls of it, and a run is one long call.
const NETWORK: Part = Part {
    name: "network",
    prefix: "network",
    optimisation: &["-O3", "--one-caller-inline-max-function-size=0"],
    budget: 60_000,
};

const PARTS: [Part; 3] = [APP, WORKER, NETWORK];

/// What rustc's default wasm32 target and our own flags switch on. wasm-opt refuses code with features it was not told of.
const WASM_FEATURES: [&str; 8] = [
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-simd",
];

/// Sets up what is missing, builds `dist/`, and prints the sizes.
pub fn release(project: &Project) -> Outcome {
    let node = step("set-up", || {
        setup::rust(project)?;
        setup::bundler(project)?;
        setup::node(project)
    })?;
    page(project, node.as_ref())?;
    sizes(project, node.as_ref())
}

/// Builds `dist/`.
pub fn page(project: &Project, node: Option<&Node>) -> Outcome {
    step("release build", || {
        if node.is_none() {
            say("wasm-opt is left out: the files in dist/ are larger and somewhat slower than they could be");
        }
        let network = network(project, node)?;
        let tools = project.tools().join("bin");
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths(std::iter::once(tools).chain(std::env::split_paths(&path)))
            .map_err(|error| format!("PATH: {error}"))?;
        run(command(project.tool("trunk"), &project.root)
            .args(["build", "--release", "--locked", "--offline", "--skip-version-check"])
            .env("PATH", path)
            .env(NETWORK_FILE, &network)
            // Trunk takes the variable for its own flag, and stumbles over the usual value of 1.
            .env_remove("NO_COLOR"))?;
        copy(&network, &project.dist().join("network.wasm"))?;
        match node {
            Some(node) => optimise(project, node),
            None => Ok(()),
        }
    })
}

/// Tells the project's build script where the networks' finished WebAssembly is, whose checksum the page is compiled with.
const NETWORK_FILE: &str = "PIXELMILL_NETWORK_FILE";

/// Builds the networks' WebAssembly; answers where the finished file is.
fn network(project: &Project, node: Option<&Node>) -> Outcome<PathBuf> {
    run(project.cargo().env_remove(NETWORK_FILE).args([
        "build",
        "--quiet",
        "--locked",
        "--offline",
        "--bin",
        "network",
        "--features",
        "network",
        "--profile",
        "pixels",
        "--target",
        "wasm32-unknown-unknown",
    ]))?;
    let built = project.target.join("wasm32-unknown-unknown").join("pixels").join("network.wasm");
    match node {
        Some(node) => optimised(project, &NETWORK, &built, node),
        None => Ok(built),
    }
}

/// Runs wasm-opt over the WebAssembly files that Trunk made, both at once.
fn optimise(project: &Project, node: &Node) -> Outcome {
    thread::scope(|scope| {
        let jobs = [&APP, &WORKER].map(|part| {
            scope.spawn(move || {
                let file = files_of(project, part)?
                    .into_iter()
                    .find(|file| file.extension().is_some_and(|extension| extension == "wasm"))
                    .ok_or_else(|| format!("dist/ has no WebAssembly file of the {}", part.name))?;
                copy(&optimised(project, part, &file, node)?, &file)
            })
        });
        jobs.into_iter().try_for_each(|job| job.join().map_err(|_| "wasm-opt's thread panicked".to_owned())?)
    })
}

/// What wasm-opt makes of a file, in the cache; made anew when it is not there.
fn optimised(project: &Project, part: &Part, file: &Path, node: &Node) -> Outcome<PathBuf> {
    let cache = project.target.join("wasm-opt");
    fs::create_dir_all(&cache).map_err(|error| format!("cannot create {}: {error}", cache.display()))?;
    let bytes = fs::read(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    let mut hasher = DefaultHasher::new();
    hasher.write(&bytes);
    hasher.write(format!("{:?}{WASM_FEATURES:?}", part.optimisation).as_bytes());
    let prefix = format!("{}-", part.name);
    let cached = cache.join(format!("{prefix}{:016x}.wasm", hasher.finish()));
    if !cached.is_file() {
        for old in list(&cache)? {
            if old.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&prefix)) {
                let _ = fs::remove_file(old);
            }
        }
        let unfinished = cached.with_extension("unfinished");
        run(command("node", &project.root)
            .arg(node.packages.join("binaryen").join("bin").join("wasm-opt"))
            .args(part.optimisation)
            .args(WASM_FEATURES)
            .arg(file)
            .arg("-o")
            .arg(&unfinished))?;
        fs::rename(&unfinished, &cached).map_err(|error| format!("cannot keep {}: {error}", cached.display()))?;
    }
    Ok(cached)
}

fn copy(from: &Path, to: &Path) -> Outcome {
    fs::copy(from, to).map(|_| ()).map_err(|error| format!("cannot write {}: {error}", to.display()))
}

/// Prints what the page weighs, raw and after brotli at its highest level; over the budget is an error.
pub fn sizes(project: &Project, node: Option<&Node>) -> Outcome {
    step("sizes", || {
        let mut files = list(&project.dist())?;
        files.retain(|file| file.is_file());
        let compressed = match node {
            Some(_) => brotli_sizes(project, &files)?,
            None => vec![None; files.len()],
        };
        println!("    {:<34} {:>12} {:>12}", "file", "raw", "brotli");
        let mut over = Vec::new();
        let mut totals = [(0, 0); PARTS.len()];
        for (file, compressed) in files.iter().zip(&compressed) {
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let raw = fs::metadata(file).map_err(|error| format!("{name}: {error}"))?.len();
            println!("    {name:<34} {raw:>12} {:>12}", compressed.map_or("—".to_owned(), |bytes| bytes.to_string()));
            if let Some(index) = PARTS.iter().position(|part| name.starts_with(part.prefix)) {
                totals[index].0 += raw;
                totals[index].1 += compressed.unwrap_or(0);
            }
        }
        for (part, (raw, brotli)) in PARTS.iter().zip(totals) {
            if node.is_none() {
                println!("    {}: {} kB raw", part.name, raw / 1000);
                continue;
            }
            println!(
                "    {}: {} kB raw, {} kB after brotli, of {} kB allowed",
                part.name,
                raw / 1000,
                brotli / 1000,
                part.budget / 1000
            );
            if brotli > part.budget {
                over.push(format!("the {} has {brotli} bytes after brotli, {} are allowed", part.name, part.budget));
            }
        }
        if over.is_empty() { Ok(()) } else { Err(over.join("; ")) }
    })
}

fn brotli_sizes(project: &Project, files: &[PathBuf]) -> Outcome<Vec<Option<u64>>> {
    const SCRIPT: &str = "\
        const { readFileSync } = require('node:fs');
        const { brotliCompressSync } = require('node:zlib');
        for (const file of process.argv.slice(1)) console.log(brotliCompressSync(readFileSync(file)).length);";
    let answer = read(command("node", &project.root).args(["-e", SCRIPT, "--"]).args(files))?;
    Ok(answer.lines().map(|line| line.trim().parse().ok()).collect())
}

fn files_of(project: &Project, part: &Part) -> Outcome<Vec<PathBuf>> {
    let mut files = list(&project.dist())?;
    files.retain(|file| file.file_name().is_some_and(|name| name.to_string_lossy().starts_with(part.prefix)));
    Ok(files)
}

/// The entries of a folder in the order of their names.
fn list(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(|error| format!("cannot list {}: {error}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    Ok(paths)
}
