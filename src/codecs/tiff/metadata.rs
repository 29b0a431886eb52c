//! Metadata in the directory of the picture itself, with EXIF's own directories behind it.

use crate::codecs::Bytes;
use crate::codecs::directory::Tiff;
use crate::codecs::metadata::{Blocks, Directories, Facts, Metadata, in_resources, metadata, tag};

const BYTE: u16 = 1;

/// The blocks of a file, which is an EXIF block itself. Camera raw files have the same structure.
pub(in crate::codecs) fn blocks(bytes: Bytes<'_>) -> Blocks<'_> {
    let tiff = Tiff::of(bytes).or_else(|| Tiff::of_camera(bytes));
    let first = tiff.and_then(|tiff| tiff.directory(tiff.first()?));
    let block = |tag| first?.entry(tag).map(|entry| entry.value);
    let iptc = block(tag::IPTC).or_else(|| in_resources(block(tag::PHOTOSHOP)?));
    Blocks { file: Some(bytes), xmp: block(tag::XMP).map(metadata), iptc: iptc.map(metadata), ..Blocks::default() }
}

/// A file that was written here, with more entries in its directory, which is the end of the file.
pub(in crate::codecs) fn with_metadata(file: &[u8], metadata: &Metadata, facts: Facts) -> Option<Vec<u8>> {
    let tiff = Tiff::of(file)?;
    let first = tiff.first()?;
    let Directories { image: mut all, exif, gps } = metadata.directories(facts.is_srgb);
    for (tag, kind, count, value) in tiff.directory(first)?.raw() {
        all.push(tag, kind, count, &value);
    }
    let mut out = file.get(..usize::try_from(first).ok()?)?.to_vec();
    for (tag, directory) in [(tag::EXIF, exif), (tag::GPS, gps)] {
        if !directory.is_empty() {
            let place = directory.append(&mut out);
            all.longs(tag, &[place]);
        }
    }
    if let Some(packet) = metadata.xmp() {
        all.push(tag::XMP, BYTE, packet.len(), &packet);
    }
    let start = all.append(&mut out);
    out[4..8].copy_from_slice(&start.to_le_bytes());
    Some(out)
}
