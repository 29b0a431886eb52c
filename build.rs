//! What the binaries must agree on at compile time: the build id, the memory limits, and the checksums of the programs
//! that are built before the page. Nothing else is decided here.
//!
//! The page refuses a worker of another build. They are compiled separately, so the id is a hash of all their sources.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

#[path = "build_id.rs"]
mod build_id;

/// 2 GiB: a worker that exhausts it traps, which fails one image; without the limit the browser kills the whole tab.
const WORKER_MEMORY_BYTES: u64 = 2 << 30;
/// 1 GiB, for the same reason: the full U²-Net needs 0.4.
const NETWORK_MEMORY_BYTES: u64 = 1 << 30;
/// 1 GiB, for the same reason: room for two planes of the largest picture.
const LETTERING_MEMORY_BYTES: u64 = 1 << 30;
/// 1.5 GiB, for the same reason: the largest picture takes 1 GiB in a decoder.
const DECODER_MEMORY_BYTES: u64 = 3 << 29;
/// 4 MiB instead of 1: elements as deep within each other as are allowed take more than 1 (`codecs/svg/decoder.rs`).
const SVG_STACK_BYTES: u64 = 4 << 20;
/// The programs without glue code that `cargo xtask build` builds before the page: `PIXELMILL_<NAME>_FILE` says where. Without
/// that the page accepts whatever the server sends.
const MODULES: [&str; 6] = ["NETWORK", "LETTERING", "JXL", "AV1", "HEVC", "SVG"];

fn main() {
    for watched in ["build.rs", "build_id.rs", "Cargo.toml", "Cargo.lock", "src"] {
        println!("cargo:rerun-if-changed={watched}");
    }
    println!("cargo:rustc-env=PIXELMILL_BUILD_ID={}", build_id::of(Path::new(".")));
    for module in MODULES {
        let variable = format!("PIXELMILL_{module}_FILE");
        println!("cargo:rerun-if-env-changed={variable}");
        let Some(file) = env::var_os(variable).map(PathBuf::from) else { continue };
        println!("cargo:rerun-if-changed={}", file.display());
        let bytes = fs::read(&file).unwrap_or_else(|error| panic!("cannot read {}: {error}", file.display()));
        let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        println!("cargo:rustc-env=PIXELMILL_{module}_SHA256={digest}");
        println!("cargo:rustc-env=PIXELMILL_{module}_BYTES={}", bytes.len());
    }
    // Programs that run pictures link the actions; the others read their catalog.
    println!("cargo:rustc-check-cfg=cfg(links_actions)");
    let is_native = env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|architecture| architecture != "wasm32");
    if is_native || ["WORKER", "KERNELS"].iter().any(|name| env::var_os(format!("CARGO_FEATURE_{name}")).is_some()) {
        println!("cargo:rustc-cfg=links_actions");
    }
    if env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|architecture| architecture == "wasm32") {
        // With them, `cargo xtask build` takes the page's program apart.
        println!("cargo:rustc-link-arg-bin=app=--emit-relocs");
        println!("cargo:rustc-link-arg-bin=worker=--max-memory={WORKER_MEMORY_BYTES}");
        println!("cargo:rustc-link-arg-bin=network=--max-memory={NETWORK_MEMORY_BYTES}");
        println!("cargo:rustc-link-arg-bin=lettering=--max-memory={LETTERING_MEMORY_BYTES}");
        println!("cargo:rustc-link-arg-bin=av1=--max-memory={DECODER_MEMORY_BYTES}");
        println!("cargo:rustc-link-arg-bin=hevc=--max-memory={DECODER_MEMORY_BYTES}");
        println!("cargo:rustc-link-arg-bin=svg=--max-memory={DECODER_MEMORY_BYTES}");
        println!("cargo:rustc-link-arg-bin=svg=-zstack-size={SVG_STACK_BYTES}");
        println!("cargo:rustc-link-arg-bin=jxl=--max-memory={DECODER_MEMORY_BYTES}");
    }
}
