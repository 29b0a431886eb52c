//! The segments around the coded data (T.81 B.2), and the JFIF and ICC ones.

use super::Frame;
use super::huffman::Specification;
use super::quantise::ZIGZAG;
use crate::codecs::icc::JPEG_MARKER;

/// What a scan holds of each block: coefficients `start..=end` in zigzag order, and of their bits those from `low` on,
/// either for the first time (`high` is 0) or after a scan that ended at `high`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Band {
    pub(super) start: u8,
    pub(super) end: u8,
    pub(super) high: u8,
    pub(super) low: u8,
}

impl Band {
    /// Everything.
    pub(super) const SEQUENTIAL: Self = Self { start: 0, end: 63, high: 0, low: 0 };
}

fn segment(bytes: &mut Vec<u8>, marker: u8, content: &[&[u8]]) {
    let length = 2 + content.iter().map(|part| part.len()).sum::<usize>();
    bytes.extend([0xff, marker]);
    bytes.extend((length as u16).to_be_bytes());
    content.iter().for_each(|part| bytes.extend_from_slice(part));
}

/// SOI, JFIF 1.02 with a density in pixels per inch or without one, and the profile in as many segments as it needs.
pub(super) fn start(bytes: &mut Vec<u8>, icc: Option<&[u8]>, resolution: Option<u16>) {
    bytes.extend([0xff, 0xd8]);
    let [high, low] = resolution.unwrap_or(1).to_be_bytes();
    segment(bytes, 0xe0, &[b"JFIF\0", &[1, 2, resolution.is_some().into(), high, low, high, low, 0, 0]]);
    let chunks = icc.unwrap_or_default().chunks(65_519);
    let count = chunks.len();
    // More do not fit the count of a byte: a profile of more than 16 MB is left out.
    if count <= 255 {
        for (index, chunk) in chunks.enumerate() {
            segment(bytes, 0xe2, &[JPEG_MARKER, &[index as u8 + 1, count as u8], chunk]);
        }
    }
}

pub(super) fn quantisation(bytes: &mut Vec<u8>, tables: &[[u8; 64]]) {
    for (index, table) in tables.iter().enumerate() {
        segment(bytes, 0xdb, &[&[index as u8], &ZIGZAG.map(|place| table[usize::from(place)])]);
    }
}

pub(super) fn frame(bytes: &mut Vec<u8>, frame: &Frame<'_>, progressive: bool) {
    let [h0, h1] = (frame.size.height as u16).to_be_bytes();
    let [w0, w1] = (frame.size.width as u16).to_be_bytes();
    let components: Vec<u8> = (1u8..)
        .zip(&frame.components)
        .flat_map(|(id, component)| [id, (component.h << 4 | component.v) as u8, component.table as u8])
        .collect();
    let marker = if progressive { 0xc2 } else { 0xc0 };
    segment(bytes, marker, &[&[8, h0, h1, w0, w1, frame.components.len() as u8], &components]);
}

/// A table of class 0 (DC) or 1 (AC).
pub(super) fn huffman(bytes: &mut Vec<u8>, class: u8, index: usize, table: &Specification) {
    segment(bytes, 0xc4, &[&[class << 4 | index as u8], &table.lengths, &table.symbols]);
}

/// The head of a scan of these components. Luma's tables are 0, chroma's 1.
pub(super) fn scan(bytes: &mut Vec<u8>, components: &[usize], band: Band) {
    let listed: Vec<u8> =
        components.iter().flat_map(|&index| [index as u8 + 1, if index == 0 { 0 } else { 0x11 }]).collect();
    let band = [band.start, band.end, band.high << 4 | band.low];
    segment(bytes, 0xda, &[&[components.len() as u8], &listed, &band]);
}
