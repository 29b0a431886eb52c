//! Sequential scans (T.81 F.2): every block is read, transformed and written at once.

use super::bits::Bits;
use super::huffman::{Pairs, Table, difference, extended};
use super::idct::Block;
use super::intervals::Intervals;
use super::planes::Canvas;
use crate::codecs::jpeg::frame::{Frame, Scan, ZIGZAG};

/// What a component's blocks are read with.
pub(super) struct Part {
    /// Which component.
    pub(super) component: usize,
    pub(super) dc: Table,
    pub(super) ac: Pairs,
    pub(super) quantisation: Block,
}

/// Reads a scan into the planes of its components. Where data is missing blocks become gray.
pub(super) fn read(frame: &Frame, scan: &Scan, parts: &[Part], intervals: &mut Intervals, canvases: &mut [Canvas]) {
    let ((across, _), factors) = scan.grid(frame);
    let mut block: Block = [0; 64];
    while let Some((mcus, bits)) = intervals.next() {
        let (mut x, mut y) = (mcus.start % across, mcus.start / across);
        let mut predictions = [0_i16; 4];
        let mut left = mcus.len();
        let step = |x: &mut usize, y: &mut usize, canvases: &mut [Canvas]| {
            *x += 1;
            if *x == across {
                (*x, *y) = (0, *y + 1);
                for (part, (_, v)) in parts.iter().zip(&factors) {
                    canvases[part.component].complete(*y * v);
                }
            }
        };
        if let Some(mut bits) = bits {
            while left > 0 && !bits.ran_out() {
                for ((part, &(h, v)), prediction) in parts.iter().zip(&factors).zip(&mut predictions) {
                    let canvas = &mut canvases[part.component];
                    for down in 0..v {
                        for right in 0..h {
                            let last = read_block(&mut bits, &part.dc, &part.ac, prediction, &mut block);
                            canvas.put(x * h + right, y * v + down, &block, &part.quantisation, last);
                            block = [0; 64];
                        }
                    }
                }
                step(&mut x, &mut y, canvases);
                left -= 1;
            }
            let (ran_out, wrong) = (bits.ran_out(), bits.is_wrong());
            intervals.note(ran_out, wrong);
        }
        for _ in 0..left {
            for (part, &(h, v)) in parts.iter().zip(&factors) {
                for (right, down) in (0..v).flat_map(|down| (0..h).map(move |right| (right, down))) {
                    canvases[part.component].put(x * h + right, y * v + down, &block, &part.quantisation, 0);
                }
            }
            step(&mut x, &mut y, canvases);
        }
    }
}

/// Entry `k` is the place of zigzag position `k - 1`: the position that comes next is what is counted.
static BEFORE: [u8; 128] = {
    let mut places = [63; 128];
    let mut position = 0;
    while position < 64 {
        places[position + 1] = ZIGZAG[position];
        position += 1;
    }
    places
};

/// Sets the coefficient before the zigzag position `next`.
#[inline(always)]
fn set(block: &mut Block, next: usize, value: i16) {
    block[usize::from(BEFORE[next & 127] & 63)] = value;
}

/// Reads a block whose coefficients are zero, and answers the last zigzag position that may differ from zero.
///
/// This loop is where most of the time goes. Two codes a look-up ([`Pairs`]), four look-ups a refill. Both values are stored
/// whether there are two or one, the second first: where there is one, both have the same place. Everything rare – a code
/// that is too long, a value that is too large, the end of the block – moves past position 64, so that there is one branch
/// a look-up, and it goes to the same place every time but once.
#[inline(never)]
fn read_block(bits: &mut Bits, dc: &Table, ac: &Pairs, prediction: &mut i16, block: &mut Block) -> usize {
    let mut b = *bits;
    *prediction = prediction.wrapping_add(difference(&mut b, dc));
    block[0] = *prediction;
    let mut next = 1;
    'block: loop {
        b.refill();
        // Four look-ups take at most 48 bits.
        for _ in 0..4 {
            let pair = ac.pair(&b);
            let first = next + pair.first_move_less_1();
            let both = next + pair.both_move();
            if both < 64 {
                b.skip_by(pair.advance());
                set(block, both, pair.second());
                set(block, first + 1, pair.first());
                next = both;
            } else if first < 63 && pair.ends() {
                b.skip_by(pair.advance());
                set(block, first + 1, pair.first());
                next = first + usize::from(pair.first() != 0);
                break 'block;
            } else {
                // Given a copy, so that `b` stays in registers.
                let mut copy = b;
                copy.settle();
                let (after, ends) = read_rare(&mut copy, &ac.table, next, block);
                b = copy;
                next = after;
                if ends {
                    break 'block;
                }
            }
        }
    }
    b.settle();
    *bits = b;
    (next - 1).min(63)
}

/// Reads one code that fits no look-up, or one of two of which the first fills the block: the second belongs to the next.
/// Answers the position that comes next and whether the block is over. There are bits for four look-ups afterwards.
#[inline(never)]
fn read_rare(bits: &mut Bits, table: &Table, next: usize, block: &mut Block) -> (usize, bool) {
    bits.refill();
    let symbol = table.symbol(bits);
    let (run, size) = (symbol as usize >> 4, symbol & 15);
    bits.refill();
    let after = match (run, size) {
        (15, 0) => next + 16,
        (_, 0) => return (next, true),
        _ => {
            set(block, next + run + 1, extended(bits.window(), 63 - size));
            bits.skip(size);
            next + run + 1
        }
    };
    bits.refill();
    (after, after >= 64)
}
