//! Progressive scans (T.81 G.1.2, G.2): all coefficients are kept, and every scan adds to them.
//!
//! Beside its coefficients each block has a mask of those that are not zero, in zigzag order. A scan that refines them
//! then passes over a run of zeros by counting bits, and takes the correcting bits of all coefficients that it passes at
//! once; one that ends early in most blocks skips them by a look at the mask. The inverse transform learns from it where
//! the last coefficient stands.

use super::bits::Bits;
use super::huffman::{Table, difference, extended};
use super::idct::Block;
use super::intervals::Intervals;
use super::planes::Canvas;
use crate::codecs::jpeg::frame::{Frame, Scan, ZIGZAG};

/// The coefficients of one component, whole MCUs of them.
pub(super) struct Coefficients {
    blocks: Vec<Block>,
    /// For each block: which zigzag positions are not zero. The first is left out.
    masks: Vec<u64>,
    across: usize,
    /// For each coefficient: the bit down to which it is known; `None` before its first scan.
    known: [Option<u8>; 64],
}

impl Coefficients {
    /// Room for a component of the frame.
    pub(super) fn new(frame: &Frame, component: usize) -> Self {
        let (mcus, rows) = frame.mcus();
        let one = frame.components[component];
        let (across, down) = (mcus * usize::from(one.h), rows * usize::from(one.v));
        Self { blocks: vec![[0; 64]; across * down], masks: vec![0; across * down], across, known: [None; 64] }
    }

    /// Whether the mean of every block is known, be it coarse.
    pub(super) fn has_means(&self) -> bool {
        self.known[0].is_some()
    }

    /// Whether every scan was there.
    pub(super) fn is_complete(&self) -> bool {
        self.known == [Some(0); 64]
    }

    /// Notes what a scan made known.
    pub(super) fn note(&mut self, scan: &Scan) {
        self.known[scan.first..=scan.last].fill(Some(scan.low as u8));
    }

    /// Writes all blocks as samples.
    pub(super) fn write(&self, quantisation: &Block, canvas: &mut Canvas) {
        let rows = self.blocks.chunks_exact(self.across).zip(self.masks.chunks_exact(self.across));
        for (y, (blocks, masks)) in rows.enumerate() {
            for (x, (block, mask)) in blocks.iter().zip(masks).enumerate() {
                let last = 63 - (mask | 1).leading_zeros() as usize;
                canvas.put(x, y, block, quantisation, last);
            }
            canvas.complete(y + 1);
        }
    }
}

/// Whether a scan's parameters are possible (T.81 G.1.1.1.1, as libjpeg judges them).
pub(super) fn is_possible(scan: &Scan) -> bool {
    let band = if scan.first == 0 {
        scan.last == 0
    } else {
        scan.first <= scan.last && scan.last < 64 && scan.parts.len() == 1
    };
    band && scan.low <= 13 && (scan.high == 0 || scan.high == scan.low + 1)
}

/// Reads a scan of means; `tables` holds one for each part, and none where single bits follow. Where data is missing
/// nothing is added.
pub(super) fn read_means(
    frame: &Frame,
    scan: &Scan,
    tables: &[Table],
    intervals: &mut Intervals,
    components: &mut [Coefficients],
) {
    let ((across, _), factors) = scan.grid(frame);
    while let Some((mcus, bits)) = intervals.next() {
        let Some(mut bits) = bits else { continue };
        let mut predictions = [0_i16; 4];
        for mcu in mcus {
            let (x, y) = (mcu % across, mcu / across);
            for (index, (part, &(h, v))) in scan.parts.iter().zip(&factors).enumerate() {
                let component = &mut components[part.component];
                for down in 0..v {
                    let row = (y * v + down) * component.across + x * h;
                    for block in &mut component.blocks[row..row + h] {
                        match tables.get(index) {
                            Some(table) => {
                                let difference = difference(&mut bits, table);
                                predictions[index] = predictions[index].wrapping_add(difference);
                                block[0] = predictions[index] << scan.low;
                            }
                            None => block[0] |= i16::from(bits.bit()) << scan.low,
                        }
                    }
                }
            }
            if bits.ran_out() {
                break;
            }
        }
        let (ran_out, wrong) = (bits.ran_out(), bits.is_wrong());
        intervals.note(ran_out, wrong);
    }
}

/// Reads a scan of other coefficients, which has one component. Where data is missing nothing is added.
pub(super) fn read_band(
    frame: &Frame,
    scan: &Scan,
    table: &Table,
    intervals: &mut Intervals,
    component: &mut Coefficients,
) {
    let ((across, _), _) = scan.grid(frame);
    let band = Band { table, first: scan.first as u32, last: scan.last as u32, low: scan.low };
    let refines = scan.high > 0;
    let whole = from(band.first) & !from(band.last + 1);
    while let Some((mcus, bits)) = intervals.next() {
        let Some(mut bits) = bits else { continue };
        // Blocks left in which nothing more becomes other than zero.
        let mut ended = 0_u32;
        let (mut x, mut start) = (mcus.start % across, mcus.start / across * component.across);
        for _ in mcus {
            let (block, mask) = (&mut component.blocks[start + x], &mut component.masks[start + x]);
            if ended > 0 && (!refines || *mask & whole == 0) {
                ended -= 1;
            } else if refines {
                band.refine(&mut bits, &mut ended, block, mask);
                if bits.ran_out() {
                    break;
                }
            } else {
                band.read(&mut bits, &mut ended, block, mask);
                if bits.ran_out() {
                    break;
                }
            }
            x += 1;
            if x == across {
                (x, start) = (0, start + component.across);
            }
        }
        let (ran_out, wrong) = (bits.ran_out(), bits.is_wrong());
        intervals.note(ran_out, wrong);
    }
}

/// All zigzag positions from this one on.
#[inline(always)]
fn from(position: u32) -> u64 {
    u64::MAX.checked_shl(position).unwrap_or(0)
}

/// What the blocks of a scan are read with.
struct Band<'a> {
    table: &'a Table,
    first: u32,
    last: u32,
    low: u32,
}

impl Band<'_> {
    /// The next run and size. 15 bits are left for what follows.
    #[inline(always)]
    fn symbol(&self, bits: &mut Bits) -> u32 {
        if bits.count() < 32 {
            bits.refill();
        }
        let entry = self.table.entry(bits);
        if entry.fits() {
            bits.skip(entry.code_length());
            entry.symbol()
        } else {
            self.table.symbol(bits)
        }
    }

    /// Reads a block for the first time (T.81 G.1.2.2).
    #[inline(never)]
    fn read(&self, bits: &mut Bits, ended: &mut u32, block: &mut Block, mask: &mut u64) {
        let mut b = *bits;
        let mut position = self.first;
        while position <= self.last {
            let symbol = self.symbol(&mut b);
            let (run, size) = (symbol >> 4, symbol & 15);
            if size > 0 {
                position += run;
                let value = extended(b.window(), 63 - size) << self.low;
                b.skip(size);
                block[usize::from(ZIGZAG[position as usize])] = value;
                *mask |= u64::from(value != 0) << position.min(63);
                position += 1;
            } else if run == 15 {
                position += 16;
            } else {
                // The block itself is one of those that end.
                *ended = (1 << run) - 1 + b.take(run);
                break;
            }
        }
        *bits = b;
    }

    /// Refines a block that was read before (T.81 G.1.2.3).
    #[inline(never)]
    fn refine(&self, bits: &mut Bits, ended: &mut u32, block: &mut Block, mask: &mut u64) {
        let mut b = *bits;
        let within = !from(self.last + 1);
        let mut position = self.first;
        while *ended == 0 && position <= self.last {
            let symbol = self.symbol(&mut b);
            let (run, size) = (symbol >> 4, symbol & 15);
            let mut value = 0;
            if size > 0 {
                // A new coefficient has one bit, its sign.
                value = if b.bit() { 1 << self.low } else { -1 << self.low };
            } else if run < 15 {
                *ended = (1 << run) + b.take(run);
                break;
            }
            // The place after `run` zeros; coefficients that are known are passed, and corrected.
            let rest = from(position) & within;
            let mut zeros = rest & !*mask;
            for _ in 0..run {
                zeros &= zeros.wrapping_sub(1);
            }
            let place = if zeros == 0 { self.last + 1 } else { zeros.trailing_zeros() };
            self.correct(&mut b, *mask & rest & !from(place), block);
            if value != 0 {
                block[usize::from(ZIGZAG[place as usize])] = value;
                *mask |= 1 << place.min(63);
            }
            position = place + 1;
        }
        if *ended > 0 {
            self.correct(&mut b, *mask & from(position) & within, block);
            *ended -= 1;
        }
        *bits = b;
    }

    /// Takes a bit for each of these coefficients, and adds it to its magnitude.
    #[inline(always)]
    fn correct(&self, bits: &mut Bits, mut places: u64, block: &mut Block) {
        let plus = 1_i16 << self.low;
        let mut left = places.count_ones();
        while left > 0 {
            let count = left.min(32);
            left -= count;
            let mut corrections = bits.take(count) << (32 - count);
            for _ in 0..count {
                let value = &mut block[usize::from(ZIGZAG[places.trailing_zeros() as usize])];
                places &= places - 1;
                // Without a branch: which bits are set is as good as random. One that is set already stays.
                let change = plus & -((corrections >> 31) as i16) & !*value;
                let sign = *value >> 15;
                *value = value.wrapping_add((change ^ sign).wrapping_sub(sign));
                corrections <<= 1;
            }
        }
    }
}
