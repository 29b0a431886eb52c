//! The files of `tests/data/codecs`.

use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/codecs")
}

/// A file of the folder.
pub(crate) fn data(name: &str) -> Vec<u8> {
    let path = folder().join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every readable picture in the folder.
pub(crate) fn pictures() -> Vec<String> {
    let entries = std::fs::read_dir(folder()).expect("the folder is there");
    let mut names: Vec<_> = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_suffix(".rgba").map(str::to_owned))
        .collect();
    names.sort();
    assert!(names.len() > 40, "{}", names.len());
    names
}
