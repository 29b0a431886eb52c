//! Exporting results: names that are safe in any file system, and the structure of a ZIP around contents that are
//! never read into memory. Pure; the browser combines the pieces with its Blobs.

pub mod names;
pub mod unzip;
pub mod zip;
