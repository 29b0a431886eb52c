//! The JPEG decoder's core: a file in, the planes of its components out (ITU-T T.81, 8 bits, Huffman coding).
//!
//! The way of a file: segments ([`frame`](super::frame)) state tables and scans. A scan's bytes are cut into intervals
//! ([`intervals`]) and read as bits ([`bits`]); codes become coefficients by look-ups ([`huffman`]). A sequential scan
//! ([`sequential`]) transforms every block at once ([`idct`]) and writes it to its plane ([`planes`]). Progressive scans
//! ([`progressive`]) add to coefficients that are all kept, and are transformed at the end.
//!
//! The planes of a sound file are those of libjpeg-turbo with its accurate transform, bit for bit, but at half the size
//! ([`idct`]). Where data is missing or makes no sense, the same guesses are made as far as they are known; single blocks of
//! damaged files may differ. Vectors ([`lanes`](crate::image::lanes)) are used on wasm32; elsewhere the same code runs on
//! arrays.
//!
//! On a photograph of 12 megapixels this takes 0.4 to 0.5 times as long as the package libjpeg-turbo-rs in WebAssembly. What
//! brings it, in the order of worth: bytes unstuffed ahead and backwards ([`bits`]), two codes a look-up
//! ([`huffman::Pairs`]), the bit reader in registers ([`sequential`]), transforms by dot products ([`idct`]); for progressive
//! files masks of the coefficients that are not zero ([`progressive`]).

mod bits;
mod huffman;
mod idct;
mod intervals;
mod planes;
mod progressive;
mod sequential;
#[cfg(test)]
mod tests;

use super::frame::{Frame, Process, Scan, Segment, ZIGZAG, is_frame, next_segment, no_frame};
use crate::codecs::{Finding, Problem};
use crate::image::resample::PlaneResampler;
use crate::image::{Plane, Size};
use bits::Interval;
use huffman::{Class, Code, Pairs, Table};
use idct::Block;
use intervals::{Damage, Intervals};
use planes::Canvas;
use progressive::Coefficients;

/// More scans than any encoder writes.
pub(super) const MAX_SCANS: usize = 500;
/// Blocks that all scans together may visit: a hundred passes over the largest picture. A small file may ask for hours of
/// work by repeating its scans.
const MAX_VISITS: usize = 1 << 28;

/// How large a block of 8 × 8 coefficients is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scale {
    /// 8 × 8 samples.
    Full,
    /// 4 × 4 samples.
    Half,
    /// 2 × 2 samples.
    Quarter,
    /// One sample.
    Eighth,
}

impl Scale {
    /// Every scale, the smallest first.
    pub(super) const ALL: [Self; 4] = [Self::Eighth, Self::Quarter, Self::Half, Self::Full];

    /// Samples of a block across and down.
    pub(super) const fn side(self) -> u32 {
        match self {
            Self::Full => 8,
            Self::Half => 4,
            Self::Quarter => 2,
            Self::Eighth => 1,
        }
    }

    /// The size of a picture of this size at this scale.
    pub(super) const fn of(self, size: Size) -> Size {
        Size::new((size.width * self.side()).div_ceil(8), (size.height * self.side()).div_ceil(8))
    }
}

/// What is wanted of a component.
pub(super) struct Wanted {
    pub(super) scale: Scale,
    /// Resamples the plane while it is decoded, one band of rows at a time, so that the plane itself is never in memory.
    pub(super) resampler: Option<PlaneResampler>,
}

impl From<Scale> for Wanted {
    fn from(scale: Scale) -> Self {
        Self { scale, resampler: None }
    }
}

/// A decoded file.
pub(super) struct Decoded {
    /// One plane for each component, as it was wanted.
    pub(super) planes: Vec<Plane>,
    pub(super) findings: Vec<Finding>,
}

/// Decodes a sequential or progressive file with Huffman codes and 8 bits to its components' planes, each as its place in
/// `wanted` says.
///
/// What is missing or makes no sense in the data of a scan does not fail: others show such pictures as well. A file that is
/// cut off fails, unless it is progressive and the means of all blocks are there.
pub(super) fn decode(bytes: &[u8], wanted: Vec<Wanted>) -> Result<Decoded, Problem> {
    let mut file = File::new(bytes);
    let Next::Scan(scan) = file.next_scan()? else { return Err(Problem::Truncated) };
    let frame = file.frame.clone().ok_or_else(no_frame)?;
    if frame.components.len() != wanted.len() {
        return Err(Problem::damaged("its header changed"));
    }
    match frame.process {
        Process::Sequential => file.sequential(&frame, scan, wanted),
        Process::Progressive => file.progressive(&frame, scan, wanted),
        Process::Arithmetic => Err(Problem::Unsupported("a rare kind of JPEG")),
    }
}

/// What comes after a scan.
enum Next {
    Scan(Scan),
    End,
    CutOff,
}

/// What the segments of a file have said so far.
struct File<'a> {
    bytes: &'a [u8],
    at: usize,
    frame: Option<Frame>,
    quantisation: [Option<Block>; 4],
    dc: [Option<Code>; 4],
    ac: [Option<Code>; 4],
    /// MCUs of a restart interval; 0 where there are none.
    restart: usize,
    buffer: Interval,
    scans: usize,
    visits: usize,
}

impl<'a> File<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 2,
            frame: None,
            quantisation: [None; 4],
            dc: Default::default(),
            ac: Default::default(),
            restart: 0,
            buffer: Interval::with_room(bytes.len()),
            scans: 0,
            visits: 0,
        }
    }

    /// Reads segments up to the next scan.
    fn next_scan(&mut self) -> Result<Next, Problem> {
        loop {
            let (code, body) = match next_segment(self.bytes, &mut self.at) {
                Segment::Content { code, body } => (code, body),
                Segment::End => return Ok(Next::End),
                Segment::CutOff => return Ok(Next::CutOff),
            };
            match code {
                0xc4 => self.read_codes(body)?,
                0xda => {
                    let frame = self.frame.as_ref().ok_or_else(no_frame)?;
                    return Scan::read(body, frame).map(Next::Scan);
                }
                0xdb => self.read_quantisation(body)?,
                0xdd => {
                    let interval =
                        body.first_chunk().ok_or_else(|| Problem::damaged("a restart interval is cut off"))?;
                    self.restart = usize::from(u16::from_be_bytes(*interval));
                }
                _ if is_frame(code) => {
                    if self.frame.is_some() {
                        return Err(Problem::damaged("it has two frames"));
                    }
                    self.frame = Some(Frame::read(code, body)?);
                }
                _ => {}
            }
        }
    }

    fn read_codes(&mut self, mut body: &[u8]) -> Result<(), Problem> {
        while let [head, rest @ ..] = body {
            let (code, rest) = Code::read(rest)?;
            let codes = if head >> 4 == 0 { &mut self.dc } else { &mut self.ac };
            let place = codes.get_mut(usize::from(head & 15));
            *place.ok_or_else(|| Problem::damaged("a Huffman table has a wrong number"))? = Some(code);
            body = rest;
        }
        Ok(())
    }

    fn read_quantisation(&mut self, mut body: &[u8]) -> Result<(), Problem> {
        while let [head, rest @ ..] = body {
            let bytes = if head >> 4 == 0 { 1 } else { 2 };
            let (values, rest) =
                rest.split_at_checked(64 * bytes).ok_or_else(|| Problem::damaged("a quantization table is cut off"))?;
            let mut table = [0; 64];
            for (value, &place) in values.chunks_exact(bytes).zip(&ZIGZAG) {
                // Of 16 bits; products wrap, so that the sign does not matter.
                table[usize::from(place)] = value.iter().fold(0, |sum: i16, &byte| sum << 8 | i16::from(byte));
            }
            let place = self.quantisation.get_mut(usize::from(head & 15));
            *place.ok_or_else(|| Problem::damaged("a quantization table has a wrong number"))? = Some(table);
            body = rest;
        }
        Ok(())
    }

    fn quantisation(&self, frame: &Frame, component: usize) -> Result<Block, Problem> {
        let table = self.quantisation.get(usize::from(frame.components[component].table)).copied().flatten();
        table.ok_or_else(|| Problem::damaged("a quantization table is missing"))
    }

    /// The code of this class and number; `standard` where one that the file does not state is the standard's.
    fn code(&self, class: Class, number: usize, standard: bool) -> Result<Code, Problem> {
        let codes = if class == Class::Dc { &self.dc } else { &self.ac };
        let stated = codes.get(number).cloned().flatten();
        stated
            .or_else(|| Code::standard(class, number).filter(|_| standard))
            .ok_or_else(|| Problem::damaged("a Huffman table is missing"))
    }

    /// Hands a scan's intervals to `read`, and answers what was wrong with their data.
    fn read_scan(&mut self, frame: &Frame, scan: &Scan, read: impl FnOnce(&mut Intervals)) -> Result<Damage, Problem> {
        let ((across, down), factors) = scan.grid(frame);
        let blocks: usize = factors.iter().map(|(h, v)| h * v).sum();
        self.scans += 1;
        self.visits = self.visits.saturating_add(across * down * blocks);
        if self.scans > MAX_SCANS || self.visits > MAX_VISITS {
            return Err(Problem::damaged("it has too many scans"));
        }
        let mut intervals = Intervals::new(self.bytes, self.at, &mut self.buffer, self.restart, across * down);
        read(&mut intervals);
        let (at, damage) = intervals.finish();
        self.at = at;
        Ok(damage)
    }

    fn sequential(mut self, frame: &Frame, first: Scan, wanted: Vec<Wanted>) -> Result<Decoded, Problem> {
        let mut canvases: Vec<_> =
            wanted.into_iter().enumerate().map(|(component, wanted)| Canvas::new(frame, component, wanted)).collect();
        let mut seen = vec![false; canvases.len()];
        let mut found = Found::default();
        let mut scan = first;
        loop {
            let mut parts = Vec::with_capacity(scan.parts.len());
            for part in &scan.parts {
                parts.push(sequential::Part {
                    component: part.component,
                    dc: Table::new(&self.code(Class::Dc, part.dc, true)?, Class::Dc)?,
                    ac: Pairs::new(&self.code(Class::Ac, part.ac, true)?)?,
                    quantisation: self.quantisation(frame, part.component)?,
                });
                // If a scan repeats a component, the later one counts.
                canvases[part.component].restart();
                seen[part.component] = true;
            }
            let damage = self.read_scan(frame, &scan, |intervals| {
                sequential::read(frame, &scan, &parts, intervals, &mut canvases);
            })?;
            // Cut off in the middle: Pillow and browsers do not show it either.
            if damage.cut_off {
                return Err(Problem::Truncated);
            }
            found.part_missing |= damage.missing;
            found.wrong |= damage.wrong;
            // What follows the last scan, an end marker or none, is of no interest.
            if seen.iter().all(|&seen| seen) {
                break;
            }
            scan = match self.next_scan()? {
                Next::Scan(scan) => scan,
                Next::CutOff => return Err(Problem::Truncated),
                Next::End => break,
            };
        }
        for (canvas, _) in canvases.iter_mut().zip(&seen).filter(|(_, seen)| !**seen) {
            found.part_missing = true;
            canvas.fill(128);
        }
        Ok(found.with(canvases))
    }

    fn progressive(mut self, frame: &Frame, first: Scan, wanted: Vec<Wanted>) -> Result<Decoded, Problem> {
        let count = frame.components.len();
        let mut components: Vec<_> = (0..count).map(|component| Coefficients::new(frame, component)).collect();
        // A later definition is for later scans' components only (libjpeg's `latch_quant_tables`).
        let mut quantisation: Vec<Option<Block>> = vec![None; count];
        let mut found = Found::default();
        let mut scan = first;
        loop {
            if !progressive::is_possible(&scan) {
                return Err(Problem::damaged("a scan header is wrong"));
            }
            for part in &scan.parts {
                if quantisation[part.component].is_none() {
                    quantisation[part.component] = Some(self.quantisation(frame, part.component)?);
                }
            }
            let damage = if scan.first == 0 {
                let coded = if scan.high == 0 { &scan.parts[..] } else { &[] };
                let tables: Vec<_> = coded
                    .iter()
                    .map(|part| Table::new(&self.code(Class::Dc, part.dc, false)?, Class::Dc))
                    .collect::<Result<_, _>>()?;
                self.read_scan(frame, &scan, |intervals| {
                    progressive::read_means(frame, &scan, &tables, intervals, &mut components);
                })?
            } else {
                let part = scan.parts[0];
                let table = Table::new(&self.code(Class::Ac, part.ac, false)?, Class::Ac)?;
                self.read_scan(frame, &scan, |intervals| {
                    progressive::read_band(frame, &scan, &table, intervals, &mut components[part.component]);
                })?
            };
            let means = scan.first == 0 && scan.high == 0;
            if damage.cut_off && means {
                return Err(Problem::Truncated);
            }
            found.part_missing |= damage.missing && means;
            found.detail_missing |= damage.missing && !means;
            found.wrong |= damage.wrong;
            for part in &scan.parts {
                components[part.component].note(&scan);
            }
            if damage.cut_off || components.iter().all(Coefficients::is_complete) {
                break;
            }
            scan = match self.next_scan()? {
                Next::Scan(scan) => scan,
                Next::End => break,
                Next::CutOff if components.iter().all(Coefficients::has_means) => break,
                Next::CutOff => return Err(Problem::Truncated),
            };
        }
        found.part_missing |= !components.iter().all(Coefficients::has_means);
        found.detail_missing |= !components.iter().all(Coefficients::is_complete);
        let mut canvases = Vec::with_capacity(count);
        for (index, ((coefficients, table), wanted)) in components.into_iter().zip(quantisation).zip(wanted).enumerate()
        {
            let mut canvas = Canvas::new(frame, index, wanted);
            coefficients.write(&table.unwrap_or([1; 64]), &mut canvas);
            canvases.push(canvas);
        }
        Ok(found.with(canvases))
    }
}

/// What was noticed in all scans together.
#[derive(Default)]
struct Found {
    part_missing: bool,
    detail_missing: bool,
    wrong: bool,
}

impl Found {
    fn with(&self, canvases: Vec<Canvas>) -> Decoded {
        // The gravest alone: they say much the same.
        let finding = if self.part_missing {
            Some(Finding::PartMissing)
        } else if self.wrong {
            Some(Finding::Damaged)
        } else {
            self.detail_missing.then_some(Finding::DetailMissing)
        };
        Decoded { planes: canvases.into_iter().map(Canvas::finish).collect(), findings: finding.into_iter().collect() }
    }
}
