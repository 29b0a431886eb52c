//! The release page: Trunk assembles `dist/`, wasm-opt optimises its WebAssembly files, and their sizes are checked
//! against a budget.
//!
//! The inference WebAssembly is built first and by cargo alone: it has no JavaScript glue, and the page is compiled
//! with its checksum.
//!
//! At the end every file except `index.html` gets a name with the hash of its content, which `index.html` declares: a
//! cache that still has a file of another build is then never asked for it, whatever the host's caching headers say.

use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};
use std::thread;

use crate::project::Project;
use crate::setup::{self, Node};
use crate::shell::{Outcome, command, read, run, say, step};

/// One part of the page with a size budget: the files whose names start with `prefix`, and the most they may have
/// together after brotli.
struct Part {
    name: &'static str,
    prefix: &'static str,
    optimisation: &'static [&'static str],
    budget: u64,
}

const APP: Part = Part { name: "app", prefix: "app", optimisation: &["-Os"], budget: 680_000 };
const WORKER: Part = Part { name: "worker", prefix: "worker", optimisation: &["-O3"], budget: 1_500_000 };
/// Its kernels stay separate functions: V8 replaces a function with optimised code only between two calls, and a run is
/// one long call.
const NETWORK: Part = Part {
    name: "network",
    prefix: "network",
    optimisation: &["-O3", "--one-caller-inline-max-function-size=0"],
    budget: 64_000,
};

const PARTS: [Part; 3] = [APP, WORKER, NETWORK];

/// What rustc's default wasm32 target and our own flags enable. wasm-opt rejects code with features not listed here.
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
            say("skipping wasm-opt: the files in dist/ are larger and somewhat slower than they could be");
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
            // Trunk reads the variable as its own flag and rejects the usual value of 1.
            .env_remove("NO_COLOR"))?;
        copy(&network, &project.dist().join("network.wasm"))?;
        if let Some(node) = node {
            optimise(project, node)?;
        }
        name_by_content(&project.dist())
    })
}

/// Where the page reads the names of the files that it fetches by itself.
const DECLARATION: &str = "<meta name=\"pixelmill-files\" content=\"{}\">";

/// Renames every file in the folder except the page itself, and writes the new names into the page.
fn name_by_content(folder: &Path) -> Outcome {
    let page = folder.join("index.html");
    let mut html = fs::read_to_string(&page).map_err(|error| format!("cannot read {}: {error}", page.display()))?;
    let mut fetched = Vec::new();
    for file in list(folder)? {
        if !file.is_file() || file == page {
            continue;
        }
        let bytes = fs::read(&file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
        let old = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let plain = without_hash(&old);
        let new = with_hash(&plain, &bytes);
        fs::rename(&file, folder.join(&new)).map_err(|error| format!("cannot rename {old}: {error}"))?;
        let reference = format!("\"./{old}\"");
        if html.contains(&reference) {
            html = html.replace(&reference, &format!("\"./{new}\""));
        } else {
            fetched.push(format!("\"{plain}\":\"{new}\""));
        }
    }
    if !html.contains(DECLARATION) {
        return Err("index.html has no place for the names of the files".to_owned());
    }
    let declaration = DECLARATION.replace("\"{}\"", &format!("'{{{}}}'", fetched.join(",")));
    fs::write(&page, html.replace(DECLARATION, &declaration)).map_err(|error| format!("cannot write the page: {error}"))
}

/// A file's name without the hash that Trunk puts into some.
fn without_hash(name: &str) -> String {
    let is_hash = |text: &str| text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    for (dash, _) in name.match_indices('-') {
        let end = (dash + 17).min(name.len());
        if name.get(dash + 1..end).is_some_and(is_hash) {
            return format!("{}{}", &name[..dash], &name[end..]);
        }
    }
    name.to_owned()
}

/// A file's name with the hash of its content.
fn with_hash(name: &str, content: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write(content);
    let (stem, extension) =
        name.split_once('.').map_or((name, String::new()), |(stem, rest)| (stem, format!(".{rest}")));
    format!("{stem}-{:016x}{extension}", hasher.finish())
}

/// Tells the project's build script where the finished inference WebAssembly is; the page is compiled with its checksum.
const NETWORK_FILE: &str = "PIXELMILL_NETWORK_FILE";

/// Builds the inference WebAssembly; returns the path of the finished file.
fn network(project: &Project, node: Option<&Node>) -> Outcome<PathBuf> {
    let built = without_glue(project, "network")?;
    match node {
        Some(node) => optimised(project, &NETWORK, &built, node),
        None => Ok(built),
    }
}

/// Builds the kernels for the benchmark; returns the path of the finished file.
pub fn kernels(project: &Project) -> Outcome<PathBuf> {
    let built = without_glue(project, "kernels")?;
    match setup::node(project)? {
        Some(node) => optimised(project, &Part { name: "kernels", ..WORKER }, &built, &node),
        None => Ok(built),
    }
}

/// Builds a binary that needs no glue code, with the feature of its name.
fn without_glue(project: &Project, name: &str) -> Outcome<PathBuf> {
    run(project.cargo().env_remove(NETWORK_FILE).args([
        "build",
        "--quiet",
        "--locked",
        "--offline",
        "--bin",
        name,
        "--features",
        name,
        "--profile",
        "pixels",
        "--target",
        "wasm32-unknown-unknown",
    ]))?;
    Ok(project.target.join("wasm32-unknown-unknown").join("pixels").join(format!("{name}.wasm")))
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

/// The optimised form of a file, in the cache; regenerated when it is missing.
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

/// Prints the sizes of the page, raw and after brotli at its highest level; exceeding the budget is an error.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_that_trunk_gave_is_taken_out_of_a_name() {
        for (name, plain) in [
            ("app-7394787ce5436ed9_bg.wasm", "app_bg.wasm"),
            ("app-7394787ce5436ed9.js", "app.js"),
            ("worker_bg.wasm", "worker_bg.wasm"),
            ("u2netp-quantised.onnx", "u2netp-quantised.onnx"),
        ] {
            assert_eq!(without_hash(name), plain);
            assert_eq!(without_hash(&with_hash(plain, b"content")), plain);
        }
    }

    #[test]
    fn every_file_gets_the_name_of_its_content_and_the_page_tells_it() {
        let folder = std::env::temp_dir().join(format!("pixelmill-names-{}", std::process::id()));
        fs::create_dir_all(folder.join("licences")).expect("a folder");
        let page = format!("{DECLARATION}<script src=\"./start.js\" data-page=\"./app-7394787ce5436ed9.js\"></script>");
        let build = |worker: &str| {
            for (name, content) in [
                ("index.html", page.as_str()),
                ("start.js", "start"),
                ("app-7394787ce5436ed9.js", "app"),
                ("worker.js", worker),
                ("licences/LICENSE", "text"),
            ] {
                fs::write(folder.join(name), content).expect("written");
            }
            name_by_content(&folder).expect("named");
            fs::read_to_string(folder.join("index.html")).expect("a page")
        };
        let (first, second) = (build("one"), build("two"));
        let names: Vec<String> = (list(&folder).expect("listed").iter())
            .filter(|path| path.is_file())
            .map(|path| path.file_name().expect("a name").to_string_lossy().into_owned())
            .collect();
        let licence = folder.join("licences/LICENSE").is_file();
        fs::remove_dir_all(&folder).expect("removed");
        assert!(licence, "a file that the page does not fetch keeps its name");
        assert_eq!(names.len(), 5, "the second build changed one file: {names:?}");
        assert_ne!(first, second);
        for name in names.iter().filter(|name| *name != "index.html") {
            let told = first.contains(name.as_str()) || second.contains(name.as_str());
            assert!(told, "{name} is declared: {first} {second}");
        }
        assert!(first.contains("content='{\"worker.js\":\"worker-"), "{first}");
        assert!(!first.contains("\"./start.js\""), "{first}");
    }
}
