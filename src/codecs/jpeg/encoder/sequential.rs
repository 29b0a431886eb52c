//! Sequential coding: blocks in the order of the MCUs (T.81 A.2.3), symbols by F.1.2.

use super::bits::Writer;
use super::dct::Samples;
use super::huffman::{Codes, Counts};
use super::quantise::{Block, Quantiser};
use super::{Component, Frame};
use crate::image::Plane;

/// Where symbols go: counted for a table, or written.
pub(super) trait Target {
    /// A symbol of the DC table and the bits after it.
    fn dc(&mut self, symbol: u8, bits: u32, length: u32);
    /// A symbol of the AC table and the bits after it.
    fn ac(&mut self, symbol: u8, bits: u32, length: u32);
}

/// Writes.
pub(super) struct Emit<'a> {
    pub(super) writer: &'a mut Writer,
    pub(super) dc: &'a Codes,
    pub(super) ac: &'a Codes,
}

impl Target for Emit<'_> {
    #[inline(always)]
    fn dc(&mut self, symbol: u8, bits: u32, length: u32) {
        let (code, width) = self.dc.of(symbol);
        self.writer.put(code << length | bits, width + length);
    }

    #[inline(always)]
    fn ac(&mut self, symbol: u8, bits: u32, length: u32) {
        let (code, width) = self.ac.of(symbol);
        self.writer.put(code << length | bits, width + length);
    }
}

/// Counts.
pub(super) struct Count<'a> {
    pub(super) dc: &'a mut Counts,
    pub(super) ac: &'a mut Counts,
}

impl Target for Count<'_> {
    fn dc(&mut self, symbol: u8, _: u32, _: u32) {
        self.dc.0[usize::from(symbol)] += 1;
    }

    fn ac(&mut self, symbol: u8, _: u32, _: u32) {
        self.ac.0[usize::from(symbol)] += 1;
    }
}

/// The category of a value and its bits within it (T.81 tables F.1 and F.2): negative values are one less, so that
/// their first bit is 0.
#[inline(always)]
pub(super) fn category(value: i32) -> (u32, u32) {
    let length = 32 - value.unsigned_abs().leading_zeros();
    (length, (value + (value >> 31)) as u32 & ((1 << length) - 1))
}

/// Codes a block. Runs of zeros come from the bit mask: the work goes with the values that are there.
#[inline(always)]
pub(super) fn code<T: Target>(target: &mut T, block: &Block, predictor: &mut i16) {
    let (length, bits) = category(i32::from(block.values[0]) - i32::from(*predictor));
    *predictor = block.values[0];
    target.dc(length as u8, bits, length);
    let mut present = block.present & !1;
    let mut last = 0;
    while present != 0 {
        let place = present.trailing_zeros();
        present &= present - 1;
        let mut zeros = place - last - 1;
        last = place;
        while zeros > 15 {
            target.ac(0xf0, 0, 0);
            zeros -= 16;
        }
        let (length, bits) = category(i32::from(block.values[place as usize & 63]));
        target.ac((zeros << 4 | length) as u8, bits, length);
    }
    if last < 63 {
        target.ac(0, 0, 0);
    }
}

/// Calls with every block's component and predictor, in the order of the file.
pub(super) fn each_place<'a>(frame: &Frame<'a>, mut f: impl FnMut(&Component<'a>, &mut i16)) {
    let mut predictors = [0i16; 3];
    for _ in 0..frame.mcus_across * frame.mcus_down {
        for (component, predictor) in frame.components.iter().zip(&mut predictors) {
            for _ in 0..component.h * component.v {
                f(component, predictor);
            }
        }
    }
}

/// Calls with every block, its component and its predictor, in the order of the file.
///
/// MCUs reach beyond the picture at the right and below. A block without any sample of the picture is nothing but the
/// DC value of the block before it, which costs the fewest bits (as in libjpeg's `jccoefct.c`).
pub(super) fn each_block<'a>(
    frame: &Frame<'a>,
    quantisers: &[Quantiser; 2],
    mut f: impl FnMut(&Component<'a>, &Block, &mut i16),
) {
    let mut predictors = [0i16; 3];
    for mcu_y in 0..frame.mcus_down {
        for mcu_x in 0..frame.mcus_across {
            for (component, predictor) in frame.components.iter().zip(&mut predictors) {
                let (across, down) = component.blocks();
                for v in 0..component.v {
                    for h in 0..component.h {
                        let (x, y) = (mcu_x * component.h + h, mcu_y * component.v + v);
                        let block = if x < across && y < down {
                            quantisers[component.table].block(&samples(component.plane, x * 8, y * 8))
                        } else {
                            empty(*predictor)
                        };
                        f(component, &block, predictor);
                    }
                }
            }
        }
    }
}

/// A block of one value.
fn empty(dc: i16) -> Block {
    let mut block = Block { values: [0; 64], present: u64::from(dc != 0) };
    block.values[0] = dc;
    block
}

/// The samples of the block whose first one is at (x, y); the plane's edges are continued.
#[inline(always)]
pub(super) fn samples(plane: &Plane, x: usize, y: usize) -> Samples {
    let (width, height) = (plane.size.width as usize, plane.size.height as usize);
    if x + 8 <= width && y + 8 <= height {
        let first = y * width + x;
        std::array::from_fn(|row| {
            let eight = plane.data[first + row * width..].first_chunk().expect("the block lies in the plane");
            u64::from_le_bytes(*eight)
        })
    } else {
        edge(plane, x, y)
    }
}

#[cold]
fn edge(plane: &Plane, x: usize, y: usize) -> Samples {
    let (width, height) = (plane.size.width as usize, plane.size.height as usize);
    std::array::from_fn(|row| {
        let line = plane.row((y + row).min(height - 1) as u32);
        u64::from_le_bytes(std::array::from_fn(|column| line[(x + column).min(width - 1)]))
    })
}
