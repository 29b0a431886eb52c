//! Pixelmill runs an image workflow over many photographs on the user's own device.
//!
//! Pure modules come first: they compile and are tested natively. The browser modules exist on wasm32 only, for page
//! and worker. Imports run one way: `color` ← `image`, `error`, `file_name`, `names`, `network`, `lettering`, `lut`, `custom` ← `user_file`, `matting` ← `workflow`, `codecs`, `expression`, `actions` ← `engine`
//! ← `batch`, `library`, `store`, `archive`, `protocol` ← `api` ← `browser` ← `ui`.

pub mod allocator;
pub mod checksum;
pub mod color;
pub mod compact;
pub mod custom;
pub mod date;
pub mod error;
pub mod expression;
pub mod file_name;
pub mod image;
pub mod lettering;
pub mod lut;
pub mod matting;
pub mod names;
pub mod network;
pub mod number;
pub mod user_file;

pub mod actions;
pub mod codecs;
pub mod selection;
pub mod submission;
pub mod workflow;

pub mod data;

pub mod engine;

pub mod archive;
pub mod batch;
pub mod export;
pub mod library;
pub mod protocol;
pub mod store;

pub mod api;
pub mod service;

pub mod view_model;

#[cfg(all(target_arch = "wasm32", any(feature = "app", feature = "service", feature = "worker")))]
pub mod browser;
#[cfg(all(target_arch = "wasm32", feature = "app"))]
pub mod ui;
