//! What the binaries must agree on at compile time: the build id, the memory limits, and the checksum of the inference
//! WebAssembly, which is built before the page. Nothing else is decided here.
//!
//! The page refuses a worker of another build. They are compiled separately, so the id is a hash of all their sources.

use std::env;
use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// 2 GiB: a worker that exhausts it traps, which fails one image; without the limit the browser kills the whole tab.
const WORKER_MEMORY_BYTES: u64 = 2 << 30;
/// 1 GiB, for the same reason: the full U²-Net needs 0.4.
const NETWORK_MEMORY_BYTES: u64 = 1 << 30;
/// Where `cargo xtask build` has put the inference WebAssembly. Without it the page accepts whatever the server sends.
const NETWORK_FILE: &str = "PIXELMILL_NETWORK_FILE";

fn main() {
    for watched in ["build.rs", "Cargo.toml", "Cargo.lock", "src"] {
        println!("cargo:rerun-if-changed={watched}");
    }
    println!("cargo:rustc-env=PIXELMILL_BUILD_ID={:016x}", hash_of_sources());
    println!("cargo:rerun-if-env-changed={NETWORK_FILE}");
    if let Some(file) = env::var_os(NETWORK_FILE) {
        let file = PathBuf::from(file);
        println!("cargo:rerun-if-changed={}", file.display());
        let bytes = read(&file);
        let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        println!("cargo:rustc-env=PIXELMILL_NETWORK_SHA256={digest}");
        println!("cargo:rustc-env=PIXELMILL_NETWORK_BYTES={}", bytes.len());
    }
    if env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|architecture| architecture == "wasm32") {
        println!("cargo:rustc-link-arg-bin=worker=--max-memory={WORKER_MEMORY_BYTES}");
        println!("cargo:rustc-link-arg-bin=network=--max-memory={NETWORK_MEMORY_BYTES}");
    }
}

/// Hash of the manifest, the lock file and every file under `src`, by name and content, in the order of their names.
fn hash_of_sources() -> u64 {
    let mut files = vec![PathBuf::from("Cargo.toml"), PathBuf::from("Cargo.lock")];
    collect(Path::new("src"), &mut files);
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        hasher.write(file.to_string_lossy().as_bytes());
        hasher.write(&read(&file));
    }
    hasher.finish()
}

fn read(file: &Path) -> Vec<u8> {
    fs::read(file).unwrap_or_else(|error| panic!("cannot read {}: {error}", file.display()))
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    let entries =
        fs::read_dir(directory).unwrap_or_else(|error| panic!("cannot list {}: {error}", directory.display()));
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}
