//! Where blocks become samples: for each component a plane at a scale of its own, or one band of rows at a time that is
//! passed to a resampler.

use super::idct::{self, Block};
use super::{Scale, Wanted};
use crate::codecs::jpeg::frame::Frame;
use crate::image::resample::PlaneResampler;
use crate::image::{Plane, Size};

/// A component's samples, of exactly its own size: what lies past the right and the lower edge is cut off as it is written.
pub(super) struct Canvas {
    size: Size,
    scale: Scale,
    /// The whole plane, or a band of it: the rows of one MCU.
    rows: Vec<u8>,
    /// The first row in the band.
    top: usize,
    resampler: Option<PlaneResampler>,
}

impl Canvas {
    /// A canvas for a component of the frame.
    pub(super) fn new(frame: &Frame, component: usize, wanted: Wanted) -> Self {
        let Wanted { scale, resampler } = wanted;
        let size = frame.plane_size(component, scale.side());
        debug_assert!(resampler.as_ref().is_none_or(|resampler| resampler.width() == size.width as usize));
        let rows = match resampler {
            Some(_) => u32::from(frame.components[component].v) * scale.side(),
            None => size.height,
        };
        Self { size, scale, rows: vec![0; size.width as usize * rows as usize], top: 0, resampler }
    }

    /// Writes a block's samples where the block stands in the grid. `last` is the last zigzag position that may differ from
    /// zero.
    #[inline(always)]
    pub(super) fn put(&mut self, x: usize, y: usize, block: &Block, table: &Block, last: usize) {
        let side = self.scale.side() as usize;
        let (width, height) = (self.size.width as usize, self.size.height as usize);
        let (left, top) = (x * side, y * side);
        if left + side <= width && top + side <= height {
            let at = (top - self.top) * width + left;
            transform(self.scale, block, table, last, &mut self.rows[at..], width);
        } else {
            self.put_at_edge(left, top, block, table, last);
        }
    }

    #[inline(never)]
    fn put_at_edge(&mut self, left: usize, top: usize, block: &Block, table: &Block, last: usize) {
        let (width, height) = (self.size.width as usize, self.size.height as usize);
        let side = self.scale.side() as usize;
        let (Some(columns), Some(rows)) = (width.checked_sub(left), height.checked_sub(top)) else { return };
        let (columns, rows) = (columns.min(side), rows.min(side));
        let mut square = [0; 64];
        transform(self.scale, block, table, last, &mut square, 8);
        for y in 0..rows {
            let at = (top - self.top + y) * width + left;
            self.rows[at..][..columns].copy_from_slice(&square[y * 8..][..columns]);
        }
    }

    /// Starts again from the top, for another scan of the component.
    pub(super) fn restart(&mut self) {
        self.top = 0;
        if let Some(resampler) = &mut self.resampler {
            resampler.restart();
        }
    }

    /// Notes that this many rows of blocks are complete: one row of MCUs more than before.
    pub(super) fn complete(&mut self, blocks: usize) {
        let Some(resampler) = &mut self.resampler else { return };
        let bottom = (blocks * self.scale.side() as usize).min(self.size.height as usize);
        resampler.push(&self.rows[..(bottom - self.top) * self.size.width as usize]);
        self.top = bottom;
    }

    /// Sets all samples to one value.
    pub(super) fn fill(&mut self, sample: u8) {
        self.restart();
        self.rows.fill(sample);
        let rows = self.rows.len() / self.size.width as usize;
        if let Some(resampler) = &mut self.resampler {
            for top in (0..self.size.height as usize).step_by(rows) {
                let rows = rows.min(self.size.height as usize - top);
                resampler.push(&self.rows[..rows * self.size.width as usize]);
            }
        }
    }

    /// The component's plane, resampled if that was wanted.
    pub(super) fn finish(self) -> Plane {
        match self.resampler {
            Some(resampler) => resampler.finish(),
            None => Plane { size: self.size, data: self.rows },
        }
    }
}

#[inline(always)]
fn transform(scale: Scale, block: &Block, table: &Block, last: usize, out: &mut [u8], stride: usize) {
    match scale {
        Scale::Full => idct::whole(block, table, last, out, stride),
        Scale::Half => idct::half(block, table, last, out, stride),
        Scale::Quarter => idct::quarter(block, table, last, out, stride),
        Scale::Eighth => idct::eighth(block, table, out),
    }
}
