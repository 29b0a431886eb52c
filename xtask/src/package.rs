//! The npm package `pixelmill`: the client, its types from the contract's schema, the deployment if it is built, the
//! licences, and the tarball that is published.

use std::fs;
use std::path::{Path, PathBuf};

use crate::build::{self, copy, list, write_text};
use crate::project::Project;
use crate::setup;
use crate::shell::{Outcome, command, read, say, step};

/// Writes the types of everything that the schema describes.
const TYPES: &str = include_str!("package/types.mjs");

/// The client's scripts, which import each other by these names.
const CLIENT_SCRIPTS: [&str; 2] = ["pixelmill.js", "process.js"];

const LICENCES: [&str; 2] = ["LICENSE-APACHE", "LICENSE-MIT"];

/// Makes the package.
pub fn run(project: &Project) -> Outcome {
    step("npm package", || {
        if setup::node(project)?.is_none() {
            return Err("the npm package needs Node.js and npm".to_owned());
        }
        let tarball = assemble(project)?;
        println!("    {}", tarball.display());
        Ok(())
    })
}

/// Writes `target/package/pixelmill` and packs it; returns the tarball's path.
pub fn assemble(project: &Project) -> Outcome<PathBuf> {
    let parent = project.target.join("package");
    let folder = parent.join("pixelmill");
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|error| format!("cannot empty {}: {error}", folder.display()))?;
    }
    create(&folder)?;
    let client = project.client();
    for script in CLIENT_SCRIPTS {
        copy(&client.join(script), &folder.join(script))?;
    }
    copy_folder(&client.join("examples"), &folder.join("examples"))?;
    let element = project.root.join("src").join("embed");
    write_text(&folder.join("element.js"), &packed(&build::read_text(&element.join("element.js"))?))?;
    copy(&element.join("element.d.ts"), &folder.join("element.d.ts"))?;
    copy(&client.join("README.md"), &folder.join("README.md"))?;
    for licence in LICENCES {
        copy(&project.root.join(licence), &folder.join(licence))?;
    }
    write_text(&folder.join("pixelmill.d.ts"), &types(project)?)?;
    let version = project.locked_version("pixelmill")?;
    write_text(&folder.join("package.json"), &manifest(&version))?;
    if build::is_deployment(&project.dist()) {
        copy_folder(&project.dist(), &folder.join("dist"))?;
    } else {
        say("dist/ is not built: the package has the client alone");
    }
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    read(command(npm, &folder).args(["pack", "--silent", "--offline", "--pack-destination"]).arg(&parent))?;
    Ok(parent.join(format!("pixelmill-{version}.tgz")))
}

/// The element's script as it is in the package, next to the client's.
fn packed(script: &str) -> String {
    script.replace("\"../client/", "\"./")
}

fn manifest(version: &str) -> String {
    format!(
        r#"{{
  "name": "pixelmill",
  "version": "{version}",
  "description": "Runs image workflows over hundreds of photographs in the browser, on the user's own device",
  "license": "MIT OR Apache-2.0",
  "keywords": ["image", "batch", "workflow", "resize", "background removal", "webassembly"],
  "type": "module",
  "types": "./pixelmill.d.ts",
  "exports": {{
    ".": {{ "types": "./pixelmill.d.ts", "default": "./pixelmill.js" }},
    "./element": {{ "types": "./element.d.ts", "default": "./element.js" }},
    "./examples/*": "./examples/*",
    "./dist/*": "./dist/*",
    "./package.json": "./package.json"
  }},
  "files": ["pixelmill.js", "process.js", "element.js", "pixelmill.d.ts", "element.d.ts", "examples", "dist", "LICENSE-APACHE", "LICENSE-MIT"],
  "sideEffects": ["./element.js"]
}}
"#
    )
}

/// The client's declarations: those written by hand, then those of the schema.
fn types(project: &Project) -> Outcome<String> {
    let by_hand = project.client().join("pixelmill.d.ts");
    let schema = project.root.join("tests").join("contract").join("schema.json");
    read(command("node", &project.root).args(["--input-type=module", "-e", TYPES, "--"]).arg(by_hand).arg(schema))
}

fn create(folder: &Path) -> Outcome {
    fs::create_dir_all(folder).map_err(|error| format!("cannot create {}: {error}", folder.display()))
}

fn copy_folder(from: &Path, to: &Path) -> Outcome {
    create(to)?;
    for path in list(from)? {
        let target = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() { copy_folder(&path, &target)? } else { copy(&path, &target)? }
    }
    Ok(())
}
