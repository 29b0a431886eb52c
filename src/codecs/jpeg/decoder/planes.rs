//! Where blocks become samples: one plane for each component, at a scale of its own.

use super::Scale;
use super::idct::{self, Block};
use crate::codecs::jpeg::frame::Frame;
use crate::image::Plane;

/// A component's plane, of exactly its own size: what lies past the right and the lower edge is cut off as it is written.
pub(super) struct Canvas {
    pub(super) plane: Plane,
    scale: Scale,
}

impl Canvas {
    /// A canvas for a component of the frame.
    pub(super) fn new(frame: &Frame, component: usize, scale: Scale) -> Self {
        let size = frame.plane_size(component, scale.side());
        Self { plane: Plane::filled(size, 0), scale }
    }

    /// Writes a block's samples where the block stands in the grid. `last` is the last zigzag position that may differ from
    /// zero.
    #[inline(always)]
    pub(super) fn put(&mut self, x: usize, y: usize, block: &Block, table: &Block, last: usize) {
        let side = self.scale.side() as usize;
        let (width, height) = (self.plane.size.width as usize, self.plane.size.height as usize);
        let (left, top) = (x * side, y * side);
        if left + side <= width && top + side <= height {
            transform(self.scale, block, table, last, &mut self.plane.data[top * width + left..], width);
        } else {
            self.put_at_edge(left, top, block, table, last);
        }
    }

    #[inline(never)]
    fn put_at_edge(&mut self, left: usize, top: usize, block: &Block, table: &Block, last: usize) {
        let (width, height) = (self.plane.size.width as usize, self.plane.size.height as usize);
        let side = self.scale.side() as usize;
        let (Some(columns), Some(rows)) = (width.checked_sub(left), height.checked_sub(top)) else { return };
        let (columns, rows) = (columns.min(side), rows.min(side));
        let mut square = [0; 64];
        transform(self.scale, block, table, last, &mut square, 8);
        for y in 0..rows {
            self.plane.data[(top + y) * width + left..][..columns].copy_from_slice(&square[y * 8..][..columns]);
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
