//! Progressive coding (T.81 Annex G) with libjpeg's script of scans: rough values of everything first, then the bits
//! that were left out.

use super::bits::Writer;
use super::headers::{self, Band};
use super::huffman::{Codes, Counts, Specification};
use super::quantise::{Block, Quantiser};
use super::sequential::{category, samples};
use super::{Component, Frame};

/// A run of blocks that end here can have as many as this (T.81 G.1.2.2).
const LONGEST_END_RUN: u32 = 0x7fff;
/// Correction bits that may wait behind a run of ended blocks. libjpeg holds as many.
const MOST_CORRECTIONS: u32 = 1000;

/// A step of the script: a scan of all components (DC) or of one.
struct Step {
    components: &'static [usize],
    band: Band,
}

const fn step(components: &'static [usize], start: u8, end: u8, high: u8, low: u8) -> Step {
    Step { components, band: Band { start, end, high, low } }
}

/// `jpeg_simple_progression` for Y′CbCr: chroma's AC in one scan each, luma's in three.
static COLOR: [Step; 10] = [
    step(&[0, 1, 2], 0, 0, 0, 1),
    step(&[0], 1, 5, 0, 2),
    step(&[2], 1, 63, 0, 1),
    step(&[1], 1, 63, 0, 1),
    step(&[0], 6, 63, 0, 2),
    step(&[0], 1, 63, 2, 1),
    step(&[0, 1, 2], 0, 0, 1, 0),
    step(&[2], 1, 63, 1, 0),
    step(&[1], 1, 63, 1, 0),
    step(&[0], 1, 63, 1, 0),
];

static GRAY: [Step; 6] = [
    step(&[0], 0, 0, 0, 1),
    step(&[0], 1, 5, 0, 2),
    step(&[0], 6, 63, 0, 2),
    step(&[0], 1, 63, 2, 1),
    step(&[0], 0, 0, 1, 0),
    step(&[0], 1, 63, 1, 0),
];

/// The blocks of a component in rows, those beyond the picture that fill the last MCUs included.
struct Grid {
    across: usize,
    blocks: Vec<Block>,
}

/// Transforms all blocks, then writes scan after scan, each with tables of its own.
pub(super) fn encode(frame: &Frame<'_>, quantisers: &[Quantiser; 2], mut bytes: Vec<u8>) -> Vec<u8> {
    let grids: Vec<Grid> = frame.components.iter().map(|component| grid(frame, component, quantisers)).collect();
    let script: &[Step] = if grids.len() == 1 { &GRAY } else { &COLOR };
    for Step { components, band } in script {
        let scan = Scan { frame, grids: &grids, components, band: *band };
        let mut counts: [Counts; 2] = Default::default();
        scan.code(&mut Counting(&mut counts));
        let tables = counts.each_ref().map(Specification::optimal);
        // The scan that refines DC values has no symbols.
        let class = u8::from(band.start > 0);
        if class == 1 || band.high == 0 {
            for table in scan.tables() {
                headers::huffman(&mut bytes, class, table, &tables[table]);
            }
        }
        headers::scan(&mut bytes, components, *band);
        let mut target = Writing { writer: Writer::new(bytes), codes: tables.each_ref().map(Codes::new) };
        scan.code(&mut target);
        bytes = target.writer.finish();
    }
    bytes
}

fn grid(frame: &Frame<'_>, component: &Component<'_>, quantisers: &[Quantiser; 2]) -> Grid {
    let (across, down) = (frame.mcus_across * component.h, frame.mcus_down * component.v);
    let (inside_across, inside_down) = component.blocks();
    let mut blocks: Vec<Block> = Vec::with_capacity(across * down);
    for y in 0..down {
        for x in 0..across {
            blocks.push(if x < inside_across && y < inside_down {
                quantisers[component.table].block(&samples(component.plane, x * 8, y * 8))
            } else {
                // Only its DC value is ever written.
                Block { values: [blocks.last().map_or(0, |block| block.values[0]); 64], present: 0 }
            });
        }
    }
    Grid { across, blocks }
}

/// Where symbols of one scan go: counted for its tables, or written.
trait Target {
    fn symbol(&mut self, table: usize, symbol: u8);
    fn bits(&mut self, bits: u32, length: u32);
}

struct Counting<'a>(&'a mut [Counts; 2]);

impl Target for Counting<'_> {
    fn symbol(&mut self, table: usize, symbol: u8) {
        self.0[table].0[usize::from(symbol)] += 1;
    }

    fn bits(&mut self, _: u32, _: u32) {}
}

struct Writing {
    writer: Writer,
    codes: [Codes; 2],
}

impl Target for Writing {
    #[inline]
    fn symbol(&mut self, table: usize, symbol: u8) {
        let (code, length) = self.codes[table].of(symbol);
        self.writer.put(code, length);
    }

    #[inline]
    fn bits(&mut self, bits: u32, length: u32) {
        self.writer.put(bits, length);
    }
}

struct Scan<'a> {
    frame: &'a Frame<'a>,
    grids: &'a [Grid],
    components: &'static [usize],
    band: Band,
}

impl Scan<'_> {
    /// The tables that its components use, each once.
    fn tables(&self) -> Vec<usize> {
        let mut tables: Vec<usize> = self.components.iter().map(|&index| self.frame.components[index].table).collect();
        tables.dedup();
        tables
    }

    fn code<T: Target>(&self, target: &mut T) {
        if self.band.start == 0 {
            return self.code_dc(target);
        }
        let index = self.components[0];
        let (component, grid) = (&self.frame.components[index], &self.grids[index]);
        let (across, down) = component.blocks();
        let mut ended = Ended { target, table: component.table, run: 0, corrections: Vec::new(), waiting: 0 };
        for y in 0..down {
            for block in &grid.blocks[y * grid.across..][..across] {
                if self.band.high == 0 { self.first(&mut ended, block) } else { self.refine(&mut ended, block) }
            }
        }
        ended.flush();
    }

    /// DC values, interleaved as in a sequential file: their upper bits as differences (G.1.2.1), or one bit more.
    fn code_dc<T: Target>(&self, target: &mut T) {
        let mut predictors = [0i32; 3];
        for mcu in 0..self.frame.mcus_across * self.frame.mcus_down {
            let (mcu_x, mcu_y) = (mcu % self.frame.mcus_across, mcu / self.frame.mcus_across);
            for &index in self.components {
                let (component, grid) = (&self.frame.components[index], &self.grids[index]);
                for v in 0..component.v {
                    for h in 0..component.h {
                        let at = (mcu_y * component.v + v) * grid.across + mcu_x * component.h + h;
                        let value = i32::from(grid.blocks[at].values[0]) >> self.band.low;
                        if self.band.high > 0 {
                            target.bits(value as u32 & 1, 1);
                            continue;
                        }
                        let (length, bits) = category(value - predictors[index]);
                        predictors[index] = value;
                        target.symbol(component.table, length as u8);
                        target.bits(bits, length);
                    }
                }
            }
        }
    }

    /// Bits of the places of the band.
    fn mask(&self) -> u64 {
        u64::MAX << self.band.start & u64::MAX >> (63 - self.band.end)
    }

    /// A value without its bits below the band's; rounded towards zero, as the standard has it (G.1.2.2).
    #[inline(always)]
    fn rough(&self, block: &Block, place: u32) -> (u32, bool) {
        let value = block.values[place as usize & 63];
        (u32::from(value.unsigned_abs()) >> self.band.low, value < 0)
    }

    /// AC values for the first time (G.1.2.2). As in sequential files the work goes with the values that are there.
    fn first<T: Target>(&self, ended: &mut Ended<'_, T>, block: &Block) {
        let mut next = u32::from(self.band.start);
        for place in places(block.present & self.mask()) {
            let (size, negative) = self.rough(block, place);
            if size == 0 {
                continue;
            }
            ended.flush();
            let mut zeros = place - next;
            next = place + 1;
            while zeros > 15 {
                ended.symbol(0xf0);
                zeros -= 16;
            }
            let (length, bits) = category(if negative { -(size as i32) } else { size as i32 });
            ended.symbol((zeros << 4 | length) as u8);
            ended.target.bits(bits, length);
        }
        if next <= u32::from(self.band.end) {
            ended.run += 1;
            if ended.run == LONGEST_END_RUN {
                ended.flush();
            }
        }
    }

    /// One bit more of the AC values (G.1.2.3): values that were there get a correction bit, values that appear now are
    /// coded with the zeros before them.
    fn refine<T: Target>(&self, ended: &mut Ended<'_, T>, block: &Block) {
        let present = block.present & self.mask();
        let last_new = places(present).filter(|&place| self.rough(block, place).0 == 1).last();
        let (mut zeros, mut next) = (0, u32::from(self.band.start));
        let mut corrections = Corrections::default();
        for place in places(present) {
            let (size, negative) = self.rough(block, place);
            if size == 0 {
                continue;
            }
            zeros += place - next;
            next = place + 1;
            // After the last new value, zeros belong to the end of the block.
            while zeros > 15 && last_new.is_some_and(|last| place <= last) {
                ended.flush();
                ended.symbol(0xf0);
                zeros -= 16;
                corrections.write(ended.target);
            }
            if size > 1 {
                corrections.push(size & 1);
                continue;
            }
            ended.flush();
            ended.symbol((zeros << 4 | 1) as u8);
            ended.target.bits(u32::from(!negative), 1);
            corrections.write(ended.target);
            zeros = 0;
        }
        zeros += u32::from(self.band.end) + 1 - next;
        if zeros > 0 || corrections.count > 0 {
            ended.run += 1;
            ended.waiting += corrections.count;
            ended.corrections.push(corrections);
            if ended.run == LONGEST_END_RUN || ended.waiting > MOST_CORRECTIONS - 63 {
                ended.flush();
            }
        }
    }
}

/// The places of a bit mask, the lowest first.
fn places(mut mask: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let place = (mask != 0).then(|| mask.trailing_zeros());
        mask &= mask.wrapping_sub(1);
        place
    })
}

/// Correction bits of a block, of which it has at most 63.
#[derive(Clone, Copy, Default)]
struct Corrections {
    bits: u64,
    count: u32,
}

impl Corrections {
    fn push(&mut self, bit: u32) {
        self.bits = self.bits << 1 | u64::from(bit);
        self.count += 1;
    }

    /// Writes them, and has none afterwards.
    fn write<T: Target>(&mut self, target: &mut T) {
        if self.count > 32 {
            target.bits((self.bits >> 32) as u32, self.count - 32);
        }
        if self.count > 0 {
            target.bits(self.bits as u32, self.count.min(32));
        }
        *self = Self::default();
    }
}

/// Blocks of which nothing more comes, and the correction bits that belong to their ends.
struct Ended<'a, T> {
    target: &'a mut T,
    table: usize,
    run: u32,
    corrections: Vec<Corrections>,
    /// How many bits those are.
    waiting: u32,
}

impl<T: Target> Ended<'_, T> {
    #[inline]
    fn symbol(&mut self, symbol: u8) {
        self.target.symbol(self.table, symbol);
    }

    /// Writes the run that has gathered.
    #[inline]
    fn flush(&mut self) {
        if self.run > 0 {
            self.write_run();
        }
    }

    fn write_run(&mut self) {
        let length = self.run.ilog2();
        self.symbol((length << 4) as u8);
        self.target.bits(self.run & ((1 << length) - 1), length);
        self.corrections.drain(..).for_each(|mut bits| bits.write(self.target));
        (self.run, self.waiting) = (0, 0);
    }
}
