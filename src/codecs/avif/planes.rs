//! Planes of samples of up to 16 bits.

use super::Report;
use crate::codecs::Problem;
use crate::image::Size;

/// A picture as AV1 has it.
#[derive(Debug)]
pub(super) struct Planes {
    pub(super) size: Size,
    /// Of the planes of chroma.
    pub(super) report: Report,
    pub(super) luma: Vec<u16>,
    /// None, or two.
    pub(super) chroma: Vec<Vec<u16>>,
}

/// The size of chroma.
fn smaller(size: Size, [x, y]: [u8; 2]) -> Size {
    Size::new(size.width.div_ceil(1 << x), size.height.div_ceil(1 << y))
}

impl Planes {
    pub(super) fn new(report: Report, samples: &[u8]) -> Result<Self, Problem> {
        let size = Size::new(report.width, report.height);
        let is_known = (8..=16).contains(&report.bits) && report.chroma.is_none_or(|shifts| shifts <= [1, 1]);
        let chroma_size = report.chroma.map(|shifts| smaller(size, shifts));
        let chroma_pixels = chroma_size.map_or(0, Size::pixels);
        if !is_known || samples.len() as u64 != (size.pixels() + 2 * chroma_pixels) * 2 {
            return Err(Problem::damaged("its pixel data makes no sense"));
        }
        let mut numbers = samples.as_chunks().0.iter().map(|bytes| u16::from_le_bytes(*bytes));
        let luma = numbers.by_ref().take(size.pixels() as usize).collect();
        let mut chroma = Vec::new();
        if chroma_size.is_some() {
            chroma.push(numbers.by_ref().take(chroma_pixels as usize).collect());
            chroma.push(numbers.collect());
        }
        Ok(Self { size, report, luma, chroma })
    }

    pub(super) fn is_gray(&self) -> bool {
        self.chroma.is_empty()
    }

    /// The size of the planes of chroma.
    pub(super) fn chroma_size(&self) -> Size {
        smaller(self.size, self.report.chroma.unwrap_or_default())
    }

    /// Room for a picture made of tiles like this one.
    pub(super) fn canvas(&self, size: Size) -> Self {
        let shifts = self.report.chroma.unwrap_or_default();
        let chroma = self.chroma.iter().map(|_| vec![0; smaller(size, shifts).pixels() as usize]).collect();
        Self { size, report: self.report, luma: vec![0; size.pixels() as usize], chroma }
    }

    /// Puts a tile into its place; all of them are as large as the first. What lies outside is left out.
    pub(super) fn put(&mut self, tile: &Self, column: usize, row: usize) -> Result<(), Problem> {
        if tile.report != self.report {
            return Err(Problem::damaged("its tiles are of different kinds"));
        }
        let (to, from) = (self.size, tile.size);
        copy(&mut self.luma, to, &tile.luma, from, column, row);
        let (to, from) = (self.chroma_size(), tile.chroma_size());
        for (to_plane, from_plane) in self.chroma.iter_mut().zip(&tile.chroma) {
            copy(to_plane, to, from_plane, from, column, row);
        }
        Ok(())
    }
}

fn copy(to: &mut [u16], to_size: Size, from: &[u16], from_size: Size, column: usize, row: usize) {
    let [to_width, to_height, width] = [to_size.width, to_size.height, from_size.width].map(|side| side as usize);
    let (left, top) = (column * width, row * from_size.height as usize);
    if left >= to_width || width == 0 {
        return;
    }
    let length = width.min(to_width - left);
    for (line, samples) in from.chunks_exact(width).enumerate().take(to_height.saturating_sub(top)) {
        to[(top + line) * to_width + left..][..length].copy_from_slice(&samples[..length]);
    }
}
