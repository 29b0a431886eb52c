//! The memory layout of values: row by row, pixel by pixel, and for each pixel its channels (NHWC). A pixel is always a
//! whole number of vectors, so that kernels need no tails; padding channels are 0 in the results of convolutions and
//! have weights of 0 where they are read.

use super::vector::LANES;

/// The size of a value within the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) channels: usize,
    pub(super) height: usize,
    pub(super) width: usize,
}

impl Shape {
    pub(super) const fn new(channels: usize, height: usize, width: usize) -> Self {
        Self { channels, height, width }
    }

    /// Floats from a pixel to the next.
    pub(super) const fn stride(self) -> usize {
        self.channels.next_multiple_of(LANES)
    }

    /// Floats from a row to the next.
    pub(super) const fn row(self) -> usize {
        self.width * self.stride()
    }

    /// Floats in total.
    pub(super) const fn floats(self) -> usize {
        self.height * self.row()
    }
}

/// A value with its size.
#[derive(Clone, Copy, Debug)]
pub(super) struct View<'a> {
    pub(super) shape: Shape,
    pub(super) floats: &'a [f32],
}

impl<'a> View<'a> {
    /// The value of this size at the beginning of a buffer.
    pub(super) fn new(shape: Shape, buffer: &'a [f32]) -> Self {
        Self { shape, floats: &buffer[..shape.floats()] }
    }
}
