//! The release page: Trunk assembles `dist/`, wasm-opt optimises its WebAssembly files, and their sizes are checked
//! against a budget.
//!
//! The programs without JavaScript glue are built first and by cargo alone: the page is compiled with their checksums. The page's program is taken apart after Trunk has built it (`split.rs`).
//!
//! At the end every file gets a name with the hash of its content, which `index.html` declares: a cache that still has a
//! file of another build is then never asked for it, whatever the host's caching headers say. Only the files that the
//! browser must find under the same name in every build keep theirs. The scripts of the API page import each other, so
//! they keep theirs as well, in a folder whose name has the hash. The service worker receives the list of the build.

use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};
use std::thread;

use crate::build_id;
use crate::element;
use crate::glue;
use crate::project::Project;
use crate::setup::{self, Node};
use crate::shell::{Outcome, command, read, run, say, step};
use crate::split;

/// One part of the page with a size budget: the files whose names start with `prefix`, and the most they may have
/// together after brotli.
struct Part {
    name: &'static str,
    prefix: &'static str,
    optimisation: &'static [&'static str],
    budget: u64,
}

const APP: Part = Part { name: "app", prefix: "app", optimisation: &["-Os"], budget: 330_000 };
/// The parts of the page's program that its first view does not need.
const LATER: Part = Part { name: "app's later parts", prefix: split::PREFIX, optimisation: &["-Os"], budget: 545_000 };
/// A function with a single caller stays one: brotli finds more that repeats, 2 kB in all.
const SERVICE: Part = Part {
    name: "service",
    prefix: "service",
    optimisation: &["-Os", "--converge", "--one-caller-inline-max-function-size=0"],
    budget: 340_000,
};
/// Decoders that handle many samples at once take more room than those that are published.
const WORKER: Part = Part { name: "worker", prefix: "worker", optimisation: KERNELS, budget: 1_520_000 };
const NETWORK: Part = Part { name: "network", prefix: "network", optimisation: KERNELS, budget: 64_000 };
/// Most of it is what Unicode says about characters, for line breaks and scripts. Coloured glyphs and packed fonts take 150 kB, of
/// which brotli's dictionary is a third.
const LETTERING: Part = Part { name: "lettering", prefix: "lettering", optimisation: &["-Os"], budget: 550_000 };

/// The decoders of formats that few pictures have.
const AV1: Part = Part { name: "av1", prefix: "av1", optimisation: KERNELS, budget: 350_000 };
const HEVC: Part = Part { name: "hevc", prefix: "hevc", optimisation: KERNELS, budget: 130_000 };
const JXL: Part = Part { name: "jxl", prefix: "jxl", optimisation: KERNELS, budget: 400_000 };

/// What draws SVG, with text and the pictures that drawings contain. Almost half of it shapes text.
const SVG: Part = Part { name: "svg", prefix: "svg", optimisation: &["-Os"], budget: 650_000 };

/// The encoder of AVIF with its loader: not ours, so it is left as it is.
const LIBAVIF: Part = Part { name: "libavif", prefix: "libavif", optimisation: &[], budget: 900_000 };

/// The encoder of JPEG XL with its loader, in the same way.
const LIBJXL: Part = Part { name: "libjxl", prefix: "libjxl", optimisation: &[], budget: 410_000 };

/// For programs that compute: a kernel with a single caller stays a function of its own. V8 replaces a function with
/// optimised code only between two calls, and a run is one long call; and inside a large function it keeps fewer of a
/// kernel's values in registers (the loop that reads JPEG blocks takes 25 ms instead of 41 for 12 megapixels).
const KERNELS: &[&str] = &["-O3", "--one-caller-inline-max-function-size=0"];

/// The API page, which is scripts of ours and no program, with the examples of all actions.
const REFERENCE: Part = Part { name: "API page", prefix: "reference", optimisation: &[], budget: 48_000 };
/// The most that everything may have after brotli that the page needs before its first view can be used, apart from the
/// service: the program with its glue, and whatever the page itself names.
const FIRST_VIEW_BUDGET: u64 = 350_000;

/// The most that the scripts of the npm package may have together after brotli.
const CLIENT_BUDGET: u64 = 12_000;

const PARTS: [Part; 13] =
    [APP, LATER, SERVICE, WORKER, NETWORK, LETTERING, AV1, HEVC, JXL, SVG, LIBAVIF, LIBJXL, REFERENCE];

/// The programs without glue code that workers start when they need them, each with its profile.
const MODULES: [(&Part, &str); 6] =
    [(&NETWORK, "pixels"), (&LETTERING, "app"), (&AV1, "pixels"), (&HEVC, "pixels"), (&JXL, "pixels"), (&SVG, "app")];

/// Those that are built: without the feature `heic` all but the decoder of HEVC, so that nobody gets code for which a licence
/// may be needed.
fn modules(project: &Project) -> Outcome<Vec<(&'static Part, &'static str)>> {
    let manifest = read_text(&project.root.join("Cargo.toml"))?;
    let reads_heic = reads_heic(&manifest);
    Ok(MODULES.into_iter().filter(|(part, _)| reads_heic || part.name != HEVC.name).collect())
}

/// Whether a manifest's default features include `heic`.
fn reads_heic(manifest: &str) -> bool {
    let defaults = manifest.lines().find_map(|line| line.trim().strip_prefix("default = ["));
    defaults.is_some_and(|list| list.contains("\"heic\""))
}

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

/// What wasm-opt may assume and leave out in each program. The lowest kilobyte of memory is the far end of the stack, where
/// no value ever is: so constants can be added to addresses by the instructions that load and store, which is 1 % of a program.
const FOR_ALL: [&str; 3] = ["--low-memory-unused", "--strip-producers", "--strip-target-features"];

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
            say("skipping wasm-opt and esbuild: the files in dist/ are larger and somewhat slower than they could be");
        }
        let mut modules = Vec::new();
        for (part, profile) in self::modules(project)? {
            modules.push((part, module(project, part, profile, node)?));
        }
        let tools = project.tools().join("bin");
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths(std::iter::once(tools).chain(std::env::split_paths(&path)))
            .map_err(|error| format!("PATH: {error}"))?;
        let mut trunk = command(project.tool("trunk"), &project.root);
        trunk.envs(without_own_folders());
        for (part, file) in &modules {
            trunk.env(module_variable(part), file);
        }
        run(trunk
            .args(["build", "--release", "--locked", "--offline", "--skip-version-check"])
            .env("PATH", path)
            // Trunk reads the variable as its own flag and rejects the usual value of 1.
            .env_remove("NO_COLOR"))?;
        for (part, file) in &modules {
            copy(file, &project.dist().join(format!("{}.wasm", part.name)))?;
        }
        let script = file_of(project, &APP, "js")?;
        split::divide(project, &compiled(project, "app", "app"), &script, &file_of(project, &APP, "wasm")?)?;
        for part in [&APP, &SERVICE, &WORKER] {
            glue::shorten(&file_of(project, part, "js")?, &files_of(project, part, "wasm")?)?;
        }
        write_element(project, &project.dist())?;
        join_styles(&project.dist())?;
        shorten_styles(&project.dist())?;
        if let Some(node) = node {
            optimise(project, node)?;
            glue::minify(project, node, &minified(project)?)?;
        }
        join_router(project, &project.dist())?;
        show_examples(project, &project.dist())?;
        shorten_catalog(&project.dist())?;
        name_by_content(&project.dist())?;
        list_build(&project.dist(), &build_id::of(&project.root))
    })
}

/// What is minified: the glue of the programs, and the scripts and style sheets that the page loads before it.
fn minified(project: &Project) -> Outcome<Vec<PathBuf>> {
    let glue = [&APP, &SERVICE, &WORKER].map(|part| file_of(project, part, "js"));
    let others = ["start.js", "page.js", "offline.js", "language.js", STYLES, "embed.css"];
    glue.into_iter().chain(others.map(|name| Ok(project.dist().join(name)))).collect()
}

/// The style sheet of the page.
const STYLES: &str = "style.css";

/// Makes one style sheet of those that the page links to: compressed together they are a fifth smaller.
fn join_styles(folder: &Path) -> Outcome {
    let page = folder.join(PAGE);
    let (mut lines, mut styles) = (Vec::new(), String::new());
    for line in read_text(&page)?.lines() {
        let Some((_, link)) = line.split_once("<link rel=\"stylesheet\" href=\"./") else {
            lines.push(line.to_owned());
            continue;
        };
        let file = folder.join(link.split('"').next().unwrap_or_default());
        if styles.is_empty() {
            lines.push(format!("    <link rel=\"stylesheet\" href=\"./{STYLES}\"/>"));
        }
        styles += &read_text(&file)?;
        fs::remove_file(&file).map_err(|error| format!("cannot remove {}: {error}", file.display()))?;
    }
    if styles.is_empty() {
        return Err("index.html links to no style sheet".to_owned());
    }
    write_text(&folder.join(STYLES), &styles)?;
    write_text(&page, &(lines.join("\n") + "\n"))
}

/// Takes the comments out of the style sheets, which the page loads before its first view.
fn shorten_styles(folder: &Path) -> Outcome {
    for file in list(folder)?.iter().filter(|file| file.extension().is_some_and(|own| own == "css")) {
        write_text(file, &without_comments(&read_text(file)?))?;
    }
    Ok(())
}

/// Takes the space out of the catalog, which the page loads before its first view.
fn shorten_catalog(folder: &Path) -> Outcome {
    let file = folder.join(format!("{CATALOG}.json"));
    write_text(&file, &without_space(&read_text(&file)?))
}

/// JSON without space between its values.
fn without_space(json: &str) -> String {
    let (mut is_text, mut is_escaped) = (false, false);
    let kept = json.chars().filter(|character| {
        let ends_or_begins = *character == '"' && !is_escaped;
        is_escaped = is_text && *character == '\\' && !is_escaped;
        is_text ^= ends_or_begins;
        is_text || !character.is_whitespace()
    });
    kept.collect()
}

/// A style sheet without its comments, and without lines that are empty then. Comments within strings do not occur.
fn without_comments(sheet: &str) -> String {
    let (mut rest, mut kept) = (sheet, String::with_capacity(sheet.len()));
    while let Some((before, after)) = rest.split_once("/*") {
        kept.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    kept.push_str(rest);
    let lines = kept.lines().map(str::trim_end).filter(|line| !line.is_empty());
    lines.fold(String::new(), |text, line| text + line + "\n")
}

/// The page itself.
const PAGE: &str = "index.html";
/// The service worker. The browser compares it with the one it has to find out whether there is a new build.
const SERVICE_WORKER: &str = "sw.js";
/// What the browser reads when the page is installed.
const MANIFEST: &str = "manifest.webmanifest";
/// What a client without the page reads: the deployment's id, the id that is compiled into its programs, the version of
/// the service's messages, the names of the files that the page fetches by itself, and the scripts around the glue.
const DEPLOYMENT: &str = "pixelmill.json";

/// The beginning of every worker's source text.
const LIFE: &str = include_str!("../../src/browser/program/life.js");
/// Its end.
const BOOTSTRAP: &str = include_str!("../../src/browser/program/bootstrap.js");

/// The element's script.
const ELEMENT: &str = include_str!("../../src/embed/element.js");

/// The messages of the service.
const MESSAGES: &str = include_str!("../../src/service.rs");

/// Where the page reads the names of the files that it fetches by itself.
const DECLARATION: &str = "<meta name=\"pixelmill-files\" content=\"{}\">";
/// Where the page reads the id of its build.
const BUILD_ID: &str = "<meta name=\"pixelmill-build\" content=\"\">";
/// Where the service worker reads the id and the files of its build.
const BUILD_LIST: &str = "const BUILD = { id: \"\", files: {} };";

/// Whether a folder holds a finished build.
pub fn is_deployment(folder: &Path) -> bool {
    folder.join(DEPLOYMENT).is_file()
}

/// The routes of the API and what answers them, which become part of the service worker: the browser then has all of it or nothing.
const ROUTER: &str = "router.js";
/// Where the service worker has the router.
const ROUTER_PLACE: &str = "importScripts(\"./router.js\");";
/// Where the router has the routes.
const ROUTES_PLACE: &str = "const ROUTES = [];";
/// The beginning of the name of the catalog of actions, which the service fetches.
const CATALOG: &str = "catalog";
/// The description of the API, which is part of the build so that it is there offline.
const DESCRIPTION: &str = "api/openapi.json";

/// Puts the router and its routes into the service worker.
fn join_router(project: &Project, folder: &Path) -> Outcome {
    let (worker, router) = (folder.join(SERVICE_WORKER), folder.join(ROUTER));
    let (script, code) = (read_text(&worker)?, read_text(&router)?);
    let routes = read_text(&project.root.join("src/http/routes.json"))?;
    if !script.contains(ROUTER_PLACE) || !code.contains(ROUTES_PLACE) {
        return Err("sw.js or router.js has no place for the routes".to_owned());
    }
    let code = code.replace(ROUTES_PLACE, &format!("const ROUTES = {};", routes.trim()));
    write_text(&worker, &script.replace(ROUTER_PLACE, &code))?;
    fs::remove_file(&router).map_err(|error| format!("cannot remove {}: {error}", router.display()))
}

/// The files that pages of other sites ask for, which therefore have the same name in every build: the element's script,
/// and the frame that it can be shown in.
const EMBEDDED: [&str; 4] = ["embed.js", "frame.html", "frame.js", "frame.json"];

/// Writes the element's script and its style sheet.
fn write_element(project: &Project, folder: &Path) -> Outcome {
    let source = |name: &str| read_text(&project.root.join(name));
    let [imported, script] = element::SCRIPTS;
    write_text(&folder.join(EMBEDDED[0]), &element::joined(&source(imported)?, &source(script)?)?)?;
    let mut sheet = String::new();
    for name in element::SHEETS {
        let css = source(name)?;
        // The last one is the element's own.
        let is_own = name.ends_with("embed.css");
        sheet +=
            &if is_own { css } else { element::within_element(&css).map_err(|error| format!("{name}: {error}"))? };
    }
    write_text(&folder.join("embed.css"), &sheet)
}

/// The folders whose files belong together, each with the script in it that the page fetches: the API page, and the languages.
const FOLDERS: [(&str, &str); 2] = [("reference", "reference.js"), ("translation", "translate.js")];

/// Puts the examples that the guides of the API page name into them, so that what they show is what is tested.
fn show_examples(project: &Project, folder: &Path) -> Outcome {
    let examples = project.client().join("examples");
    for (name, guide) in files_below(&folder.join(REFERENCE.prefix).join("guides"))? {
        let shown = with_examples(&read_text(&guide)?, |example| read_text(&examples.join(example)));
        write_text(&guide, &shown.map_err(|error| format!("{name}: {error}"))?)?;
    }
    let actions = files_below(&project.root.join("src/actions/examples"))?;
    let documents = actions.iter().map(|(name, file)| Ok((name.as_str(), read_text(file)?)));
    let documents = documents.collect::<Outcome<Vec<_>>>()?;
    write_text(&folder.join(REFERENCE.prefix).join("examples.json"), &by_action(&documents))
}

/// The examples of the actions in one file, by their names: what the API page fetches.
fn by_action(documents: &[(&str, String)]) -> String {
    let entries: Vec<String> = documents
        .iter()
        .map(|(name, document)| {
            // No text has a line break of its own.
            let lines: Vec<&str> = document.lines().map(str::trim).collect();
            format!("\"{}\":{}", name.trim_end_matches(".json"), lines.concat())
        })
        .collect();
    format!("{{{}}}\n", entries.join(",\n"))
}

/// A guide with the content of a file in place of each line `@example <name>`, as code with the name as its title.
fn with_examples(guide: &str, read: impl Fn(&str) -> Outcome<String>) -> Outcome<String> {
    let mut lines = Vec::new();
    for line in guide.lines() {
        match line.strip_prefix("@example ") {
            Some(name) => {
                let language = name.rsplit('.').next().unwrap_or_default();
                lines.push(format!("```{language} {name}\n{}\n```", read(name)?.trim_end()));
            }
            None => lines.push(line.to_owned()),
        }
    }
    Ok(lines.join("\n") + "\n")
}

/// Renames every file in the folder except those with a fixed name, and the folder of the API page, and writes the new
/// names into the page.
fn name_by_content(folder: &Path) -> Outcome {
    let page = folder.join(PAGE);
    let mut html = read_text(&page)?;
    let mut fetched = Vec::new();
    let mut files = list(folder)?;
    // The script of the page's program names the parts, so its own name comes last.
    files.sort_by_key(|file| is_app_script(file));
    let mut parts: Vec<(String, String)> = Vec::new();
    for file in files {
        let old = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_fixed = [PAGE, SERVICE_WORKER, MANIFEST, DEPLOYMENT].contains(&&*old) || EMBEDDED.contains(&&*old);
        if !file.is_file() || is_fixed {
            continue;
        }
        if is_app_script(&file) {
            let code = read_text(&file)?;
            write_text(&file, &parts.iter().fold(code, |code, (old, new)| code.replace(old, new)))?;
        }
        let bytes = fs::read(&file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
        let plain = without_hash(&old);
        let new = with_hash(&plain, &bytes);
        fs::rename(&file, folder.join(&new)).map_err(|error| format!("cannot rename {old}: {error}"))?;
        let reference = format!("\"./{old}\"");
        if old.starts_with(LATER.prefix) {
            parts.push((reference, format!("\"./{new}\"")));
            continue;
        }
        let is_in_page = html.contains(&reference);
        html = html.replace(&reference, &format!("\"./{new}\""));
        // What an element or a client needs is also in the list of names.
        if !is_in_page || plain.starts_with(SERVICE.prefix) || plain.starts_with(APP.prefix) {
            fetched.push(format!("\"{plain}\":\"{new}\""));
        }
    }
    for (kind, script) in FOLDERS {
        let scripts = folder.join(kind);
        if !scripts.is_dir() {
            continue;
        }
        let mut content = Vec::new();
        for (path, file) in files_below(&scripts)? {
            content.extend_from_slice(path.as_bytes());
            content.extend(fs::read(&file).map_err(|error| format!("cannot read {}: {error}", file.display()))?);
        }
        let new = with_hash(kind, &content);
        fs::rename(&scripts, folder.join(&new)).map_err(|error| format!("cannot rename {kind}: {error}"))?;
        fetched.push(format!("\"{script}\":\"{new}/{script}\""));
    }
    if !html.contains(DECLARATION) {
        return Err("index.html has no place for the names of the files".to_owned());
    }
    let declaration = DECLARATION.replace("\"{}\"", &format!("'{{{}}}'", fetched.join(",")));
    write_text(&page, &html.replace(DECLARATION, &declaration))
}

/// Whether this is the script of the page's program.
fn is_app_script(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    without_hash(&name) == "app.js"
}

/// Writes the build's id into the page and the service worker, the list of the build's files into the latter, and both
/// the id and the files that the page declares into [`DEPLOYMENT`].
///
/// The list has what the page needs to start and to run: neither the programs that workers start when they need them
/// and their files, which the page keeps itself then, nor what only the browser or a reader asks for, which is in other folders than
/// [`FOLDERS`].
fn list_build(folder: &Path, compiled_id: &str) -> Outcome {
    let (page, worker, deployment) = (folder.join(PAGE), folder.join(SERVICE_WORKER), folder.join(DEPLOYMENT));
    let (html, script) = (read_text(&page)?, read_text(&worker)?);
    if !html.contains(BUILD_ID) || !script.contains(BUILD_LIST) {
        return Err("index.html or sw.js has no place for the build's id".to_owned());
    }
    let mut hasher = DefaultHasher::new();
    hasher.write(html.as_bytes());
    hasher.write(script.as_bytes());
    let mut files = Vec::new();
    let description = folder.join(DESCRIPTION);
    let top = list(folder)?
        .into_iter()
        .map(|file| (file.file_name().unwrap_or_default().to_string_lossy().into_owned(), file));
    let described = description.is_file().then(|| (DESCRIPTION.to_owned(), description));
    let inner = FOLDERS.map(|(kind, _)| inner_files(folder, kind));
    let inner = inner.into_iter().collect::<Outcome<Vec<_>>>()?.into_iter().flatten();
    for (name, file) in top.chain(described).chain(inner) {
        let is_left_out = [&page, &worker, &deployment].contains(&&file)
            || EMBEDDED.contains(&&*name)
            || name.starts_with("embed-")
            || MODULES.iter().any(|(part, _)| name.starts_with(part.prefix))
            || [LIBAVIF, LIBJXL].iter().any(|part| name.starts_with(part.prefix)) && name.ends_with(".wasm")
            || [".onnx", ".ttf", ".woff2"].iter().any(|extension| name.ends_with(extension));
        if !file.is_file() || is_left_out {
            continue;
        }
        let bytes = fs::read(&file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
        hasher.write(name.as_bytes());
        hasher.write(&bytes);
        files.push(format!("\"{name}\":{}", bytes.len()));
    }
    let id = format!("{:016x}", hasher.finish());
    let deployed = format!(
        "{{\"id\":\"{id}\",\"build\":\"{compiled_id}\",\"version\":{},\"element\":{},\"files\":{},\"program\":{}}}",
        declared_number(MESSAGES, "pub const VERSION: u32 = ").ok_or("src/service.rs declares no version")?,
        declared_number(ELEMENT, "const VERSION = ").ok_or("src/embed/element.js declares no version")?,
        declared_files(&html)?,
        program()
    );
    write_text(&deployment, &deployed)?;
    // A client on this origin connects offline too.
    files.push(format!("\"{DEPLOYMENT}\":{}", deployed.len()));
    let list = format!("const BUILD = {{\"id\":\"{id}\",\"files\":{{{}}}}};", files.join(","));
    write_text(&worker, &script.replace(BUILD_LIST, &list))?;
    write_text(&page, &html.replace(BUILD_ID, &BUILD_ID.replace("\"\"", &format!("\"{id}\""))))
}

/// The files of one of the [`FOLDERS`], each with its path in the build.
fn inner_files(folder: &Path, kind: &str) -> Outcome<Vec<(String, PathBuf)>> {
    let mut files = Vec::new();
    for path in list(folder)?.into_iter().filter(|path| path.is_dir()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if without_hash(&name) == kind {
            files.extend(files_below(&path)?.into_iter().map(|(inside, file)| (format!("{name}/{inside}"), file)));
        }
    }
    Ok(files)
}

/// Every file below a folder in the order of their paths, each with its path inside.
fn files_below(folder: &Path) -> Outcome<Vec<(String, PathBuf)>> {
    let mut files = Vec::new();
    for path in list(folder)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match path.is_dir() {
            true => files.extend(files_below(&path)?.into_iter().map(|(rest, file)| (format!("{name}/{rest}"), file))),
            false => files.push((name, path)),
        }
    }
    Ok(files)
}

/// The number that a source declares after these words.
fn declared_number(source: &str, words: &str) -> Option<u32> {
    let (_, rest) = source.split_once(words)?;
    rest.split_once(';')?.0.parse().ok()
}

/// The beginning and the end of every worker's source text, as a JSON object: a client puts the glue between them.
fn program() -> String {
    // Rust's notation of an ASCII text without control characters other than line breaks is also JSON's.
    format!("{{\"life\":{LIFE:?},\"bootstrap\":{BOOTSTRAP:?}}}")
}

/// The JSON object with the names of the files, as [`name_by_content`] wrote it into the page or found it there.
fn declared_files(html: &str) -> Outcome<&str> {
    let (start, _) = DECLARATION.split_once("\"{}\"").unwrap_or((DECLARATION, ""));
    let object = html.split_once(start).and_then(|(_, rest)| match rest.strip_prefix('\'') {
        Some(rest) => rest.split_once('\'').map(|(object, _)| object),
        None => rest.strip_prefix('"')?.split_once('"').map(|(object, _)| object),
    });
    object.ok_or_else(|| "index.html does not declare the names of the files".to_owned())
}

pub fn read_text(file: &Path) -> Outcome<String> {
    fs::read_to_string(file).map_err(|error| format!("cannot read {}: {error}", file.display()))
}

pub fn write_text(file: &Path, text: &str) -> Outcome {
    fs::write(file, text).map_err(|error| format!("cannot write {}: {error}", file.display()))
}

/// A file's name without the hash that Trunk puts into some; Trunk omits the hash's leading zeros.
fn without_hash(name: &str) -> String {
    for (dash, _) in name.match_indices('-') {
        let rest = &name[dash + 1..];
        let end = rest.find(|character: char| !character.is_ascii_hexdigit()).unwrap_or(rest.len());
        if (12..=16).contains(&end) && !rest[end..].starts_with(|character: char| character.is_alphanumeric()) {
            return format!("{}{}", &name[..dash], &rest[end..]);
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

/// Tells the project's build script where the finished file of a program without glue code is; the page is compiled with its
/// checksum.
fn module_variable(part: &Part) -> String {
    format!("PIXELMILL_{}_FILE", part.name.to_uppercase())
}

/// Builds a program without glue code; returns the path of the finished file.
fn module(project: &Project, part: &Part, profile: &str, node: Option<&Node>) -> Outcome<PathBuf> {
    let built = without_glue(project, part.name, profile)?;
    match node {
        Some(node) => optimised(project, part, &built, node),
        None => Ok(built),
    }
}

/// Builds the kernels for the benchmark; returns the path of the finished file.
pub fn kernels(project: &Project) -> Outcome<PathBuf> {
    let built = without_glue(project, "kernels", "pixels")?;
    match setup::node(project)? {
        Some(node) => optimised(project, &Part { name: "kernels", ..WORKER }, &built, &node),
        None => Ok(built),
    }
}

/// Flags that take the folders of this machine out of what programs say about the places of panics: they are long, and
/// a build is to be the same on every machine. Cargo adds them to those of `.cargo/config.toml`.
fn without_own_folders() -> Option<(&'static str, String)> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")))?;
    let sources = list(&home.join("registry").join("src")).unwrap_or_default();
    let flags = sources.iter().map(|folder| format!("--remap-path-prefix={}/=", folder.display()));
    // Flags are separated by spaces.
    let flags: Vec<_> = flags.filter(|flag| !flag.contains(' ')).collect();
    (!flags.is_empty()).then(|| ("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", flags.join(" ")))
}

/// Builds a binary that needs no glue code, with the feature of its name.
fn without_glue(project: &Project, name: &str, profile: &str) -> Outcome<PathBuf> {
    let mut cargo = project.cargo();
    cargo.envs(without_own_folders());
    for (part, _) in MODULES {
        cargo.env_remove(module_variable(part));
    }
    run(cargo.args([
        "build",
        "--quiet",
        "--locked",
        "--offline",
        "--bin",
        name,
        "--features",
        name,
        "--profile",
        profile,
        "--target",
        "wasm32-unknown-unknown",
    ]))?;
    Ok(compiled(project, profile, name))
}

/// Where cargo puts a program.
fn compiled(project: &Project, profile: &str, name: &str) -> PathBuf {
    project.target.join("wasm32-unknown-unknown").join(profile).join(format!("{name}.wasm"))
}

/// Runs wasm-opt over the WebAssembly files of all programs at once.
fn optimise(project: &Project, node: &Node) -> Outcome {
    thread::scope(|scope| {
        let jobs = [&APP, &LATER, &SERVICE, &WORKER].map(|part| {
            scope.spawn(move || {
                for file in files_of(project, part, "wasm")? {
                    copy(&optimised(project, part, &file, node)?, &file)?;
                }
                Ok(())
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
    hasher.write(format!("{:?}{FOR_ALL:?}{WASM_FEATURES:?}", part.optimisation).as_bytes());
    let name = without_hash(&file.file_name().unwrap_or_default().to_string_lossy());
    let prefix = format!("{}-", name.trim_end_matches(".wasm"));
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
            .args(FOR_ALL)
            .args(part.optimisation)
            .args(WASM_FEATURES)
            .arg(file)
            .arg("-o")
            .arg(&unfinished))?;
        fs::rename(&unfinished, &cached).map_err(|error| format!("cannot keep {}: {error}", cached.display()))?;
    }
    Ok(cached)
}

pub fn copy(from: &Path, to: &Path) -> Outcome {
    fs::copy(from, to).map(|_| ()).map_err(|error| format!("cannot write {}: {error}", to.display()))
}

/// Prints the sizes of the page, raw and after brotli at its highest level; exceeding the budget is an error.
pub fn sizes(project: &Project, node: Option<&Node>) -> Outcome {
    step("sizes", || {
        let mut files = list(&project.dist())?;
        files.retain(|file| file.is_file());
        files.extend(inner_files(&project.dist(), REFERENCE.prefix)?.into_iter().map(|(_, file)| file));
        let compressed = match node {
            Some(_) => brotli_sizes(project, &files)?,
            None => vec![None; files.len()],
        };
        println!("    {:<34} {:>12} {:>12}", "file", "raw", "brotli");
        let mut over = Vec::new();
        let mut totals = [(0, 0); PARTS.len()];
        for (file, compressed) in files.iter().zip(&compressed) {
            let name = file.strip_prefix(project.dist()).unwrap_or(file).to_string_lossy().into_owned();
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
        if node.is_some() {
            let html = read_text(&project.dist().join(PAGE))?;
            let first: u64 = (files.iter().zip(&compressed))
                .filter(|(file, _)| is_before_first_view(file, &html))
                .filter_map(|(_, compressed)| *compressed)
                .sum();
            println!(
                "    before the first view: {} kB after brotli, of {} kB allowed",
                first / 1000,
                FIRST_VIEW_BUDGET / 1000
            );
            if first > FIRST_VIEW_BUDGET {
                over.push(format!("the first view needs {first} bytes after brotli, {FIRST_VIEW_BUDGET} are allowed"));
            }
        }
        let scripts = ["src/client/pixelmill.js", "src/client/process.js", "src/embed/element.js"];
        if node.is_some() {
            let compressed = brotli_sizes(project, &scripts.map(|script| project.root.join(script)))?;
            let brotli: u64 = compressed.into_iter().flatten().sum();
            println!("    npm client, with the element: {brotli} bytes after brotli, of {CLIENT_BUDGET} allowed");
            if brotli > CLIENT_BUDGET {
                over.push(format!("the npm client has {brotli} bytes after brotli, {CLIENT_BUDGET} are allowed"));
            }
        }
        if over.is_empty() { Ok(()) } else { Err(over.join("; ")) }
    })
}

/// Whether the page needs a file before its first view can be used, apart from those of the service.
fn is_before_first_view(file: &Path, html: &str) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    name == PAGE
        || name.starts_with(CATALOG)
        || html.contains(&format!("\"./{name}\"")) && !name.starts_with(SERVICE.prefix) && name != MANIFEST
}

fn brotli_sizes(project: &Project, files: &[PathBuf]) -> Outcome<Vec<Option<u64>>> {
    const SCRIPT: &str = "\
        const { readFileSync } = require('node:fs');
        const { brotliCompressSync } = require('node:zlib');
        for (const file of process.argv.slice(1)) console.log(brotliCompressSync(readFileSync(file)).length);";
    let answer = read(command("node", &project.root).args(["-e", SCRIPT, "--"]).args(files))?;
    Ok(answer.lines().map(|line| line.trim().parse().ok()).collect())
}

/// The files of a part with this extension.
fn files_of(project: &Project, part: &Part, extension: &str) -> Outcome<Vec<PathBuf>> {
    let mut files = list(&project.dist())?;
    files.retain(|file| {
        file.file_name().is_some_and(|name| name.to_string_lossy().starts_with(part.prefix))
            && file.extension().is_some_and(|own| own == extension)
    });
    Ok(files)
}

/// The only one.
fn file_of(project: &Project, part: &Part, extension: &str) -> Outcome<PathBuf> {
    let mut files = files_of(project, part, extension)?;
    let file = files.pop().filter(|_| files.is_empty());
    file.ok_or_else(|| format!("dist/ has not exactly one .{extension} file of the {}", part.name))
}

/// The entries of a folder in the order of their names.
pub fn list(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(|error| format!("cannot list {}: {error}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_are_one_document_by_action() {
        let documents = [("flip.json", "{\n  \"a b\": [\n    1 ]\n}\n".to_owned()), ("trim.json", "{}\n".to_owned())];
        assert_eq!(by_action(&documents), "{\"flip\":{\"a b\": [1 ]},\n\"trim\":{}}\n");
    }

    #[test]
    fn the_decoder_of_hevc_is_left_out_with_its_feature() {
        assert!(reads_heic("[features]\n# A comment.\ndefault = [\"heic\"]\nheic = []\n"));
        assert!(!reads_heic("[features]\ndefault = []\nheic = []\n"));
        assert!(reads_heic(include_str!("../../Cargo.toml")));
    }

    #[test]
    fn json_keeps_the_space_in_its_texts() {
        let json = "{\n  \"a b\": [1, \"c \\\"d\\\\\", true]\n}\n";
        assert_eq!(without_space(json), "{\"a b\":[1,\"c \\\"d\\\\\",true]}");
    }

    #[test]
    fn a_style_sheet_loses_its_comments() {
        let sheet = "/* One. */\n.a {\n  color: red; /* two */\n\n  /* three\n  lines */\n}\n/* open";
        assert_eq!(without_comments(sheet), ".a {\n  color: red;\n}\n");
        assert_eq!(without_comments(".b { width: calc(1px * 2 / 3); }\n"), ".b { width: calc(1px * 2 / 3); }\n");
    }

    #[test]
    fn a_hash_that_trunk_gave_is_taken_out_of_a_name() {
        for (name, plain) in [
            ("app-7394787ce5436ed9_bg.wasm", "app_bg.wasm"),
            ("app-7394787ce5436ed9.js", "app.js"),
            ("app-94787ce5436ed9_bg.wasm", "app_bg.wasm"),
            ("a-decade0decade0x.js", "a-decade0decade0x.js"),
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
            fs::create_dir_all(folder.join("reference/guides")).expect("folders");
            for (name, content) in [
                (PAGE, page.as_str()),
                (SERVICE_WORKER, "service worker"),
                (MANIFEST, "manifest"),
                ("start.js", "start"),
                ("app-7394787ce5436ed9.js", "fetch(\"./part_later.wasm\")"),
                ("part_later.wasm", "part"),
                ("worker.js", worker),
                ("licences/LICENSE", "text"),
                ("reference/reference.js", "reference"),
                ("reference/guides/one.txt", worker),
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
        let scripts = [&first, &second].map(|page| {
            let names = declared_files(page).expect("declared");
            names.split('"').find(|part| part.ends_with("/reference.js")).expect("its script").to_owned()
        });
        let are_there = scripts.iter().all(|script| folder.join(script).is_file());
        let script = names.iter().find(|name| name.starts_with("app-")).expect("a script");
        let fetches = read_text(&folder.join(script)).expect("read");
        fs::remove_dir_all(&folder).expect("removed");
        assert!(licence, "a file that the page does not fetch keeps its name");
        assert!(are_there && scripts[0] != scripts[1], "any file changes the folder's name: {scripts:?}");
        assert_eq!(names.len(), 8, "the second build changed one file: {names:?}");
        let part = names.iter().find(|name| name.starts_with("part_later-")).expect("a part");
        assert_eq!(fetches, format!("fetch(\"./{part}\")"), "the script that fetches a part names it");
        assert_ne!(first, second);
        for name in &names {
            let fixed = [PAGE, SERVICE_WORKER, MANIFEST, DEPLOYMENT].contains(&name.as_str());
            let told = fixed || name == part || first.contains(name.as_str()) || second.contains(name.as_str());
            assert!(told, "{name} is declared: {first} {second}");
        }
        for name in ["app", "worker"] {
            assert!(first.contains(&format!("\"{name}.js\":\"{name}-")), "{first}");
        }
        assert!(!first.contains("\"./start.js\""), "{first}");
    }

    #[test]
    fn the_service_worker_gets_the_files_that_the_page_starts_and_runs_with() {
        let folder = std::env::temp_dir().join(format!("pixelmill-list-{}", std::process::id()));
        let declared = DECLARATION.replace("\"{}\"", "'{\"app.js\":\"app-0.js\"}'");
        let page = format!("{declared}{BUILD_ID}");
        let build = |style: &str| {
            fs::create_dir_all(folder.join("install")).expect("a folder");
            fs::create_dir_all(folder.join("reference-0123456789abcdef/guides")).expect("folders");
            for (name, content) in [
                (PAGE, page.as_str()),
                (SERVICE_WORKER, BUILD_LIST),
                (MANIFEST, "{}"),
                ("app-0.js", "app"),
                ("base-0.css", style),
                ("network-0.wasm", "network"),
                ("u2netp-0.onnx", "model"),
                ("lettering-0.wasm", "lettering"),
                ("jxl-0.wasm", "a decoder"),
                ("av1-0.wasm", "a decoder"),
                ("hevc-0.wasm", "a decoder"),
                ("svg-0.wasm", "a decoder"),
                ("libavif-0.js", "its loader"),
                ("libavif-0.wasm", "an encoder"),
                ("libjxl-0.js", "its loader"),
                ("libjxl-0.wasm", "an encoder"),
                ("Roboto-Regular-0.ttf", "font"),
                ("NotoColorEmoji-0.woff2", "font"),
                ("install/icon.svg", "icon"),
                ("reference-0123456789abcdef/guides/one.txt", "guide"),
                ("reference-0123456789abcdef/reference.js", "script"),
            ] {
                fs::write(folder.join(name), content).expect("written");
            }
            list_build(&folder, "c0de").expect("listed");
            let [html, script] = [PAGE, SERVICE_WORKER].map(|name| read_text(&folder.join(name)).expect("read"));
            let id = script.split('"').nth(3).expect("an id").to_owned();
            assert_eq!(html, format!("{declared}<meta name=\"pixelmill-build\" content=\"{id}\">"));
            let deployment = read_text(&folder.join(DEPLOYMENT)).expect("read");
            assert_eq!(
                deployment,
                format!(
                    "{{\"id\":\"{id}\",\"build\":\"c0de\",\"version\":{},\"element\":{},\"files\":{{\"app.js\":\"app-0.js\"}},\"program\":{}}}",
                    declared_number(MESSAGES, "pub const VERSION: u32 = ").expect("a version"),
                    declared_number(ELEMENT, "const VERSION = ").expect("a version"),
                    program()
                )
            );
            (id, script)
        };
        let (first, again, other) = (build("plain"), build("plain"), build("vivid"));
        fs::write(folder.join(PAGE), BUILD_ID).expect("written");
        fs::write(folder.join(SERVICE_WORKER), BUILD_LIST).expect("written");
        let undeclared = list_build(&folder, "c0de");
        fs::write(folder.join(PAGE), "no place").expect("written");
        let refused = list_build(&folder, "c0de");
        let length = fs::metadata(folder.join(DEPLOYMENT)).expect("written").len();
        fs::remove_dir_all(&folder).expect("removed");
        let expected = format!(
            "const BUILD = {{\"id\":\"{}\",\"files\":{{\"app-0.js\":3,\"base-0.css\":5,\"libavif-0.js\":10,\"libjxl-0.js\":10,\"manifest.webmanifest\":2,\"reference-0123456789abcdef/guides/one.txt\":5,\"reference-0123456789abcdef/reference.js\":6,\"pixelmill.json\":{length}}}}};",
            first.0
        );
        assert_eq!(first.1, expected);
        assert_eq!(first, again, "the same files are the same build");
        assert_ne!(first.0, other.0, "another content of the same length is another build");
        assert!(undeclared.is_err() && refused.is_err());
    }

    #[test]
    fn a_guide_shows_the_examples_that_it_names() {
        let read = |name: &str| if name == "a.jsx" { Ok("let a;\n".to_owned()) } else { Err(format!("no {name}")) };
        assert_eq!(
            with_examples("# A\n\n@example a.jsx\n@step b\n", read),
            Ok("# A\n\n```jsx a.jsx\nlet a;\n```\n@step b\n".to_owned())
        );
        assert_eq!(with_examples("@example b.js", read), Err("no b.js".to_owned()));
    }

    #[test]
    fn the_programs_scripts_are_the_same_text_in_rust_and_json() {
        for script in [LIFE, BOOTSTRAP] {
            assert!(script.chars().all(|character| character == '\n' || (' '..='~').contains(&character)));
        }
        assert!(!program().contains('\n'));
    }

    #[test]
    fn the_declared_files_are_found_in_a_page_with_and_without_names() {
        assert_eq!(declared_files(DECLARATION), Ok("{}"));
        let written = DECLARATION.replace("\"{}\"", "'{\"a.js\":\"a-1.js\"}'");
        assert_eq!(declared_files(&format!("<p>{written}<p class='x'>")), Ok("{\"a.js\":\"a-1.js\"}"));
        assert!(declared_files("<p>").is_err());
    }

    #[test]
    fn page_and_service_worker_have_a_place_for_what_is_written_into_them() {
        let html = include_str!("../../index.html");
        assert!(html.contains(DECLARATION) && html.contains(BUILD_ID));
        assert_eq!(include_str!("../../src/offline/sw.js").matches(BUILD_LIST).count(), 1);
    }
}
