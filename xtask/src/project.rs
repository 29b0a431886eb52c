//! The project's paths: its root, its target folder and its contents. Reads the workspace and changes nothing.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::shell::{Outcome, command, read};

/// The folders that every command uses.
pub struct Project {
    /// The folder of the workspace's `Cargo.toml`.
    pub root: PathBuf,
    /// Cargo's target folder, wherever the user keeps it. Everything cached is inside.
    pub target: PathBuf,
}

impl Project {
    /// Finds the project this program was built from.
    pub fn locate() -> Outcome<Self> {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = manifest.parent().ok_or("xtask is outside the project")?.to_path_buf();
        let metadata = read(cargo(&root).args(["metadata", "--no-deps", "--format-version", "1", "--offline"]))?;
        let target = json_string(&metadata, "target_directory").ok_or("cargo does not name a target folder")?;
        Ok(Self { root, target: PathBuf::from(target) })
    }

    /// Where the command-line tools are installed, as a root for `cargo install`.
    pub fn tools(&self) -> PathBuf {
        self.target.join("tools")
    }

    /// A tool installed there.
    pub fn tool(&self, name: &str) -> PathBuf {
        self.tools().join("bin").join(format!("{name}{}", env::consts::EXE_SUFFIX))
    }

    /// The built page.
    pub fn dist(&self) -> PathBuf {
        self.root.join("dist")
    }

    /// The npm client.
    pub fn client(&self) -> PathBuf {
        self.root.join("src").join("client")
    }

    /// The tests that run in a browser, and the npm packages they use.
    pub fn end_to_end(&self) -> PathBuf {
        self.root.join("tests").join("e2e")
    }

    /// The same cargo that runs this program, in the project's root.
    pub fn cargo(&self) -> Command {
        cargo(&self.root)
    }

    /// The version of a package in the lock file.
    pub fn locked_version(&self, package: &str) -> Outcome<String> {
        let path = self.root.join("Cargo.lock");
        let lock = fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        version_in_lock(&lock, package).ok_or_else(|| format!("Cargo.lock has no package {package}"))
    }
}

fn cargo(root: &Path) -> Command {
    command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), root)
}

fn version_in_lock(lock: &str, package: &str) -> Option<String> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name);
    lines.next()?;
    lines.next()?.strip_prefix("version = \"")?.strip_suffix('"').map(str::to_owned)
}

/// The string value of the first `"key":"…"` in compact JSON, with the escapes decoded that paths contain.
fn json_string(json: &str, key: &str) -> Option<String> {
    let marker = format!("\"{key}\":\"");
    let start = json.find(&marker)? + marker.len();
    let mut value = String::new();
    let mut characters = json.get(start..)?.chars();
    loop {
        match characters.next()? {
            '"' => return Some(value),
            '\\' => value.push(characters.next()?),
            other => value.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locked_version_is_that_of_the_package_with_exactly_this_name() {
        let lock = "[[package]]\nname = \"wasm-bindgen-futures\"\nversion = \"0.4.1\"\n\n[[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.129\"\n";
        assert_eq!(version_in_lock(lock, "wasm-bindgen").as_deref(), Some("0.2.129"));
        assert_eq!(version_in_lock(lock, "bindgen"), None);
    }

    #[test]
    fn a_path_with_backslashes_is_read_back_from_json() {
        let json = r#"{"version":1,"target_directory":"C:\\code\\target","metadata":null}"#;
        assert_eq!(json_string(json, "target_directory").as_deref(), Some(r"C:\code\target"));
        assert_eq!(json_string(json, "absent"), None);
    }
}
