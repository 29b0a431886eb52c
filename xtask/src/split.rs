//! Takes the page's program apart: what the first view does not need becomes WebAssembly files of their own, its parts,
//! which the program fetches when they are needed (`src/ui/parts.rs` declares them).
//!
//! The compiled program is divided first, and wasm-bindgen then makes the glue of what is left. Glue and loaders become
//! one script, which finds the parts next to itself, wherever the document is.

use std::fs;
use std::path::Path;

use wasm_split_cli_support::{Options, transform};

use crate::build::{copy, read_text, write_text};
use crate::project::Project;
use crate::shell::{Outcome, command, run};

/// What the names of the parts' files begin with.
pub const PREFIX: &str = "part_";

/// The module from which the divided program imports its loaders.
const LOADERS: &str = "./parts.js";
/// Where the loaders import from what wasm-bindgen makes.
const GLUE: &str = "./app.js";
/// How the loaders instantiate a part.
const INSTANTIATES: &str = "(WebAssembly.instantiateStreaming(src, imports))";
/// How they should: by whatever type the server sends it, and with an error that names the file.
const INSTANTIATE: &str = "\
async function instantiatePart(fetched, imports) {
  const answer = await fetched;
  if (!answer.ok) throw new Error(`${answer.url}: the server answered ${answer.status}`);
  const isTyped = answer.headers.get('content-type')?.startsWith('application/wasm') ?? false;
  if (isTyped) return await WebAssembly.instantiateStreaming(answer, imports);
  return await WebAssembly.instantiate(await answer.arrayBuffer(), imports);
}
";

/// Divides the compiled program and puts its glue, its main part and the other parts into a folder, in place of the
/// glue and the program that are there under the names `script` and `wasm`.
pub fn divide(project: &Project, compiled: &Path, script: &Path, wasm: &Path) -> Outcome {
    let folder = script.parent().ok_or("the page is in no folder")?;
    let work = project.target.join("split");
    if work.exists() {
        fs::remove_dir_all(&work).map_err(|error| format!("cannot remove {}: {error}", work.display()))?;
    }
    let (divided, bound) = (work.join("divided"), work.join("bound"));
    let main = divided.join("app.wasm");
    let input = fs::read(compiled).map_err(|error| format!("cannot read {}: {error}", compiled.display()))?;
    let mut options = Options::new(&input);
    options.output_dir = &divided;
    options.main_out_path = &main;
    options.link_name = LOADERS;
    options.main_module = GLUE;
    let parts = transform(options).map_err(|error| format!("the program cannot be divided: {error:?}"))?;
    run(command(project.tool("wasm-bindgen"), &project.root)
        // The parts import what the linker exports.
        .args(["--target", "web", "--no-typescript", "--keep-lld-exports", "--out-name", "app", "--out-dir"])
        .arg(&bound)
        .arg(&main))?;
    let mut joined = join(&read_text(&bound.join("app.js"))?, &read_text(&divided.join("parts.js"))?)?;
    for part in parts.split_modules {
        let old = part.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let new = part_name(&old);
        let reference = format!("\"./{old}\"");
        if !joined.contains(&reference) {
            return Err(format!("no loader fetches {old}"));
        }
        joined = joined.replace(&reference, &format!("\"./{new}\""));
        copy(&part, &folder.join(&new))?;
    }
    write_text(script, &joined)?;
    copy(&bound.join("app_bg.wasm"), wasm)
}

/// A part's file, which is named after the part; code that several parts share has only a number.
fn part_name(file: &str) -> String {
    let plain = file.strip_prefix("split_").unwrap_or(file);
    format!("{PREFIX}{plain}")
}

/// One script of the glue and the loaders, which import each other as they are made.
fn join(glue: &str, loaders: &str) -> Outcome<String> {
    let import = format!(" from \"{LOADERS}\"");
    // The glue imports the module once for each loader.
    let (imports, rest): (Vec<&str>, Vec<&str>) =
        glue.lines().partition(|line| line.starts_with("import * as ") && line.contains(&import));
    let mut aliases = imports.iter().filter_map(|line| Some(line.strip_prefix("import * as ")?.split_once(&import)?.0));
    let name = aliases.next().ok_or("the glue does not import the loaders")?;
    let aliases: String = aliases.map(|alias| format!("const {alias} = {name};\n")).collect();
    let own = format!("import {{ initSync }} from \"{GLUE}\";");
    let code = loaders.strip_prefix(&own).ok_or("the loaders do not import the glue")?;
    let names: Vec<&str> = code
        .lines()
        .filter_map(|line| line.strip_prefix("export const ")?.split_once(" = "))
        .map(|(name, _)| name)
        .collect();
    if names.is_empty() || !code.contains(INSTANTIATES) {
        return Err("there are no loaders, or they changed".to_owned());
    }
    let code = code.replace("export const ", "const ").replace(INSTANTIATES, "instantiatePart(src, imports)");
    // In a function, so that no name of the one is a name of the other.
    let joined =
        format!("const {name} = (() => {{\n{}\n{INSTANTIATE}return {{ {} }};\n}})();", code.trim(), names.join(", "));
    Ok(format!("{}\n{joined}\n{aliases}", rest.join("\n").trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOADER: &str = "import { initSync } from \"./app.js\";\n\nfunction makeLoad(fetcher) {}\nexport const \
        __wasm_split_load_later = makeLoad(() => {\n  const src = fetch(new URL(\"./split_later.wasm\", import.meta.url));\n  \
        return async (imports) => (WebAssembly.instantiateStreaming(src, imports));\n});\n";

    #[test]
    fn glue_and_loaders_become_one_script_that_imports_nothing() {
        let glue = "import * as import1 from \"./parts.js\"\nimport * as import2 from \"./parts.js\"\n\nfunction initSync() {}\n\
            export { initSync };";
        let joined = join(glue, LOADER).expect("joined");
        assert!(!joined.contains("import *") && !joined.contains("from \"") && !joined.contains("export const"));
        assert!(joined.starts_with("function initSync"), "{joined}");
        assert!(joined.contains("const import1 = (() => {\nfunction makeLoad"), "{joined}");
        assert!(joined.contains("(imports) => instantiatePart(src, imports)"), "{joined}");
        let end = "return { __wasm_split_load_later };\n})();\nconst import2 = import1;\n";
        assert!(joined.ends_with(end), "{joined}");
    }

    #[test]
    fn what_is_not_made_as_expected_is_refused() {
        assert!(join("function initSync() {}", LOADER).is_err());
        let glue = "import * as import1 from \"./parts.js\";";
        assert!(join(glue, LOADER).is_ok());
        assert!(join(glue, "export const a = 1;").is_err());
        assert!(join(glue, &LOADER.replace("instantiateStreaming", "instantiate")).is_err());
    }

    #[test]
    fn a_part_is_named_after_what_it_is_for() {
        assert_eq!(part_name("split_later.wasm"), "part_later.wasm");
        assert_eq!(part_name("chunk_3.wasm"), "part_chunk_3.wasm");
    }
}
