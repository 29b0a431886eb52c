//! The build id, which page, service, workers and clients compare. They are compiled separately, so it is a hash of all
//! their sources. The build script compiles it into the programs, and `cargo xtask build` tells it to clients.

use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};

/// Folders below `src` that no program is made from: only scripts and texts that the page or others fetch.
const NOT_COMPILED: [&str; 6] = ["client", "embed", "http", "offline", "reference", "samples"];

/// Hash of the project's manifest, its lock file and every file under `src` that a program is made from, by name and
/// content, in the order of their names.
pub(crate) fn of(root: &Path) -> String {
    let mut files = vec![PathBuf::from("Cargo.toml"), PathBuf::from("Cargo.lock")];
    collect(root, Path::new("src"), &mut files);
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        hasher.write(file.to_string_lossy().as_bytes());
        let bytes =
            fs::read(root.join(&file)).unwrap_or_else(|error| panic!("cannot read {}: {error}", file.display()));
        hasher.write(&bytes);
    }
    format!("{:016x}", hasher.finish())
}

fn collect(root: &Path, directory: &Path, files: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(root.join(directory))
        .unwrap_or_else(|error| panic!("cannot list {}: {error}", directory.display()));
    for entry in entries.flatten() {
        let path = directory.join(entry.file_name());
        if root.join(&path).is_dir() {
            let is_compiled = directory != Path::new("src") || !NOT_COMPILED.iter().any(|name| path.ends_with(name));
            if is_compiled {
                collect(root, &path, files);
            }
        } else {
            files.push(path);
        }
    }
}
