//! TIFF 6.0 and BigTIFF: gray, RGB, palettes, CMYK and Lab with alpha or without, of 1 to 32 bits, or of
//! floating-point numbers, of which those from 0 to 1 are shown, in strips or tiles,
//! chunky or planar, plain or packed as PackBits, LZW, Deflate, JPEG or fax. Of several pages the first is read. Rows are read and unpacked
//! one by one, so that only the picture itself is in memory. Written are gray, RGB and RGBA, packed by Deflate.

use super::icc::{Samples, accept, or_note};
use super::metadata::metadata as read_metadata;
use super::samples::{half, most, round_16, scaled, straight, stretched};
use super::{Bytes, Codec, DecodeRequest, Finding, Format, Header, Picture, Problem, Reading, decoded_to};
use crate::color::{ColorSpace, Inks, LabColors};
use crate::image::depth::Sample;
use crate::image::{Image, Size};

mod deflate;
mod fax;
mod lzw;
pub(super) mod metadata;
mod pack;
mod page;
#[cfg(test)]
mod testing;
mod unpack;
mod write;

use page::{Alpha, Colors, Number, Page, Predictor};
pub(super) use unpack::Unpacker;

pub(super) const CODEC: Codec =
    Codec { reading: Reading::Pieces { probe, decode }, encode: Some(write::encode), strip: None, animation: None };
/// Raise it when any decoded pixel or written byte changes.
pub(super) const VERSION: &str = "1.2.0";

/// Some camera raw files have the same signature.
pub(super) fn sniff(bytes: &[u8]) -> bool {
    page::is_tiff(bytes)
}

fn probe(bytes: Bytes<'_>) -> Result<Header, Problem> {
    Ok(read(bytes)?.0)
}

/// The header, and the profile of the inks if there are any.
fn read(bytes: Bytes<'_>) -> Result<(Header, Page<'_>, ColorSpace), Problem> {
    let page = Page::first(bytes)?;
    let mut findings = Vec::new();
    if page.pages > 1 {
        findings.push(Finding::FirstPage(page.pages));
    }
    let samples = match page.colors {
        Colors::Gray { .. } => Samples::Gray,
        Colors::Rgb | Colors::Palette(_) | Colors::Lab { .. } => Samples::Rgb,
        Colors::Cmyk => Samples::Cmyk,
    };
    let found = page.profile.map_or(Ok(None), |profile| accept(&read_metadata(profile), samples));
    let is_known = found.as_ref().is_ok_and(Option::is_some) || found.is_err();
    let space = or_note(found, &mut findings);
    let (space, inks) = match samples {
        Samples::Cmyk => {
            if !is_known {
                findings.push(Finding::InksUnknown);
            }
            (ColorSpace::SRGB, space)
        }
        Samples::Gray | Samples::Rgb => (space, ColorSpace::SRGB),
    };
    let (is_gray, alpha) = (matches!(page.colors, Colors::Gray { .. }), page.alpha.is_some());
    let native = decoded_to(is_gray, alpha, page.is_deep(), page.size, &mut findings);
    let header = Header {
        format: Format::Tiff,
        size: page.size,
        orientation: page.orientation,
        alpha,
        native,
        space,
        animation: None,
        findings,
    };
    Ok((header, page, inks))
}

fn decode(bytes: Bytes<'_>, header: &Header, _: &DecodeRequest) -> Result<Picture, Problem> {
    let (Header { size, .. }, page, inks) = read(bytes)?;
    if size != header.size {
        return Err(Problem::damaged("it has two headers"));
    }
    page.is_whole()?;
    if header.is_deep() { painted::<u16>(&page, &inks) } else { painted::<u8>(&page, &inks) }
}

/// The pixels of a page.
fn painted<S: Sample>(page: &Page<'_>, inks: &ColorSpace) -> Result<Picture, Problem> {
    let size = page.size;
    let mut painter = Painter::<S>::new(page, inks);
    let channels = painter.channels();
    let (width, planes) = (size.width as usize, page.planes());
    let mut samples = vec![S::default(); size.pixels() as usize * channels];

    let Size { width: across, height: down } = page.chunk;
    let (across, down) = (across as usize, down as usize);
    // Samples of a pixel in one plane, and of a row of a chunk.
    let each = page.samples / planes;
    let mut packed = vec![0; (across * each * usize::from(page.bits)).div_ceil(8)];
    let mut unpacked = vec![S::default(); across * each];
    let mut row = vec![S::default(); across * page.samples];
    let mut spare = Vec::new();
    let columns = width.div_ceil(across);
    let mut findings = Vec::new();
    for (index, first) in (0..size.height as usize).step_by(down).enumerate() {
        let rows = down.min(size.height as usize - first);
        for column in 0..columns {
            let left = column * across;
            let shown = across.min(width - left);
            let chunk = index * columns + column;
            let inside = Size::new(shown as u32, rows as u32);
            let mut unpackers = (0..planes)
                .map(|plane| page.unpacker(chunk, plane, inside))
                .collect::<Result<Vec<Unpacker<'_>>, _>>()?;
            for finding in unpackers.iter().flat_map(|unpacker| &unpacker.findings) {
                if !findings.contains(finding) {
                    findings.push(finding.clone());
                }
            }
            for y in first..first + rows {
                for (plane, unpacker) in unpackers.iter_mut().enumerate() {
                    unpacker.fill(&mut packed)?;
                    page.unpredict(&mut packed, each, &mut spare);
                    let target = if planes == 1 { &mut row } else { &mut unpacked };
                    painter.widen(&packed, plane, target);
                    if planes > 1 {
                        let places = row.iter_mut().skip(plane).step_by(planes);
                        places.zip(&unpacked).for_each(|(place, sample)| *place = *sample);
                    }
                }
                let out = &mut samples[(y * width + left) * channels..][..shown * channels];
                painter.paint(&row, out);
            }
            unpackers.iter_mut().try_for_each(Unpacker::finish)?;
        }
    }
    if painter.is_clipped {
        findings.push(Finding::RangeClipped);
    }
    Ok(Picture { findings, ..Image::new(size, S::pixels(samples, channels)).into() })
}

/// Makes pixels of the samples of a file. Only gray and RGB have more than 8 bits.
struct Painter<'a, S> {
    page: &'a Page<'a>,
    inks: Inks,
    lab: Option<LabColors>,
    /// Whether a sample was below 0 or above 1.
    is_clipped: bool,
    /// The sample for each of fewer than eight bits; for a palette, the index.
    table: Vec<S>,
}

impl<'a, S: Sample> Painter<'a, S> {
    fn new(page: &'a Page<'a>, inks: &ColorSpace) -> Self {
        let is_index = matches!(page.colors, Colors::Palette(_));
        let value = |sample: usize| {
            if is_index || page.bits > 8 { S::of_byte(sample as u8) } else { stretched(sample as u32, most(page.bits)) }
        };
        Self {
            page,
            inks: Inks::of(inks),
            lab: if let Colors::Lab { .. } = page.colors { LabColors::new() } else { None },
            is_clipped: false,
            table: (0..256).map(value).collect(),
        }
    }

    /// Samples of a pixel of the result.
    const fn channels(&self) -> usize {
        match (&self.page.colors, self.page.alpha) {
            (_, Some(_)) => 4,
            (Colors::Gray { .. }, None) => 1,
            _ => 3,
        }
    }

    /// Samples of a row; `plane` is the number of the first.
    fn widen(&mut self, packed: &[u8], plane: usize, out: &mut [S]) {
        let bits = usize::from(self.page.bits);
        if let Colors::Lab { is_offset } = self.page.colors {
            let each = self.page.samples / self.page.planes();
            let places = (0..each).cycle().map(|index| plane + index);
            for ((out, place), sample) in out.iter_mut().zip(places).zip(packed.chunks_exact(bits / 8)) {
                *out = S::of_byte(self.page.lab_sample(sample, place, is_offset));
            }
            return;
        }
        if self.page.number == Number::Float {
            for (out, sample) in out.iter_mut().zip(packed.chunks_exact(bits / 8)) {
                *out = self.clipped(self.page.float(sample));
            }
            return;
        }
        match bits {
            24 | 32 => {
                for (out, sample) in out.iter_mut().zip(packed.chunks_exact(bits / 8)) {
                    *out = stretched(self.page.joined(sample) as u32, most(self.page.bits));
                }
            }
            8 => out.iter_mut().zip(packed).for_each(|(out, sample)| *out = S::of_byte(*sample)),
            16 => {
                for (out, sample) in out.iter_mut().zip(packed.as_chunks().0) {
                    *out = stretched(self.page.wide(*sample).into(), 65_535);
                }
            }
            1 | 2 | 4 => {
                let mask = most(self.page.bits) as u8;
                for (index, out) in out.iter_mut().enumerate() {
                    let bit = index * bits;
                    *out = self.table[usize::from(packed[bit / 8] >> (8 - bits - bit % 8) & mask)];
                }
            }
            _ => {
                // The bits of a sample lie in up to three bytes.
                for (index, out) in out.iter_mut().enumerate() {
                    let bit = index * bits;
                    let bytes = [0, 1, 2].map(|at| packed.get(bit / 8 + at).copied().unwrap_or(0));
                    let joined = u32::from_be_bytes([0, bytes[0], bytes[1], bytes[2]]);
                    let sample = joined >> (24 - bits - bit % 8) & most(self.page.bits);
                    *out = if bits < 8 { self.table[sample as usize] } else { stretched(sample, most(self.page.bits)) };
                }
            }
        }
    }

    /// Light from 0 to 1 as a sample. Values that round to black or white of 8 bits are not beyond them.
    fn clipped(&mut self, value: f64) -> S {
        self.is_clipped |= !(0.0..256.0).contains(&(value * 255.0 + 0.5));
        // What is not a number becomes 0.
        S::of_exact_level(value * 255.0)
    }

    /// Pixels of the result from a row of samples, which may be longer.
    fn paint(&mut self, row: &[S], out: &mut [S]) {
        let count = self.page.samples;
        let Some(alpha) = self.page.alpha else {
            match &self.page.colors {
                Colors::Gray { .. } if count == 1 => out.copy_from_slice(&row[..out.len()]),
                Colors::Gray { .. } => {
                    out.iter_mut().zip(row.chunks_exact(count)).for_each(|(out, pixel)| *out = pixel[0]);
                }
                Colors::Rgb if count == 3 => out.copy_from_slice(&row[..out.len()]),
                _ => {
                    for (out, pixel) in out.as_chunks_mut().0.iter_mut().zip(row.chunks_exact(count)) {
                        *out = self.color(pixel);
                    }
                }
            }
            if let Colors::Gray { is_white_zero: true } = self.page.colors {
                out.iter_mut().for_each(|gray| *gray = gray.inverse());
            }
            return;
        };
        let at = self.page.colors.samples();
        for (out, pixel) in out.as_chunks_mut().0.iter_mut().zip(row.chunks_exact(count)) {
            let opacity = pixel[at];
            let color = match self.page.colors {
                Colors::Gray { is_white_zero } => [if is_white_zero { pixel[0].inverse() } else { pixel[0] }; 3],
                _ => self.color(pixel),
            };
            let [red, green, blue] = match alpha {
                Alpha::Straight => color,
                Alpha::Premultiplied => color.map(|sample| straight(sample, opacity)),
            };
            *out = [red, green, blue, opacity];
        }
    }

    fn color(&self, pixel: &[S]) -> [S; 3] {
        let byte = |sample: &S| (sample.index() / S::STEPS as usize) as u8;
        let color = match (&self.page.colors, pixel) {
            (Colors::Palette(colors), [index, ..]) => colors.get(usize::from(byte(index))).copied().unwrap_or_default(),
            (Colors::Cmyk, [c, m, y, k, ..]) => self.inks.color([c, m, y, k].map(byte)),
            (Colors::Lab { .. }, [l, a, b, ..]) => {
                let [l, a, b] = [l, a, b].map(|sample| f64::from(byte(sample)));
                self.lab.as_ref().map_or([0; 3], |lab| lab.color([l / 2.55, a - 128.0, b - 128.0]))
            }
            (_, [red, green, blue, ..]) => return [*red, *green, *blue],
            _ => [0; 3],
        };
        color.map(S::of_byte)
    }
}

impl Page<'_> {
    /// Whether its samples have more than 8 bits that are kept.
    const fn is_deep(&self) -> bool {
        self.bits > 8 && matches!(self.colors, Colors::Gray { .. } | Colors::Rgb)
    }

    /// A sample of 16 bits in the file's byte order.
    const fn wide(&self, sample: [u8; 2]) -> u16 {
        if self.is_little { u16::from_le_bytes(sample) } else { u16::from_be_bytes(sample) }
    }

    /// A sample of up to eight bytes in the file's byte order.
    fn joined(&self, sample: &[u8]) -> u64 {
        let join = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        if self.is_little { sample.iter().rev().fold(0, join) } else { sample.iter().fold(0, join) }
    }

    /// A floating-point sample.
    fn float(&self, sample: &[u8]) -> f64 {
        let bits = self.joined(sample);
        match sample.len() {
            2 => half(bits as u16),
            4 => f64::from(f32::from_bits(bits as u32)),
            _ => f64::from_bits(bits),
        }
    }

    /// A sample of L*a*b* as eight bits: L* from 0 to 255, a* and b* offset by 128.
    fn lab_sample(&self, sample: &[u8], place: usize, is_offset: bool) -> u8 {
        let stored = self.joined(sample) as u32;
        match (place, sample.len()) {
            (1 | 2, 1) => stored as u8 ^ if is_offset { 0 } else { 0x80 },
            // 256 steps for each of eight bits.
            (1 | 2, _) => {
                let offset = stored ^ if is_offset { 0 } else { 0x8000 };
                ((offset + 128) >> 8).min(255) as u8
            }
            (_, 1) => stored as u8,
            (0, _) if is_offset => scaled(stored, 0xff00),
            _ => round_16(stored as u16),
        }
    }

    /// Undoes the differences that a row is stored as, in place.
    fn unpredict(&self, row: &mut [u8], each: usize, spare: &mut Vec<u8>) {
        let size = usize::from(self.bits) / 8;
        match self.predictor {
            Predictor::None => {}
            Predictor::Horizontal if size == 1 => add_left(row, each, u8::wrapping_add),
            Predictor::Horizontal if size == 2 && self.is_little => {
                add_left(row.as_chunks_mut().0, each, |left, here| {
                    u16::from_le_bytes(left).wrapping_add(u16::from_le_bytes(here)).to_le_bytes()
                })
            }
            Predictor::Horizontal if size == 2 => add_left(row.as_chunks_mut().0, each, |left, here| {
                u16::from_be_bytes(left).wrapping_add(u16::from_be_bytes(here)).to_be_bytes()
            }),
            Predictor::Horizontal => {
                for at in (each * size..row.len()).step_by(size) {
                    let [left, here] = [at - each * size, at].map(|at| self.joined(&row[at..at + size]));
                    let sum = left.wrapping_add(here);
                    let (low, high) = (sum.to_le_bytes(), sum.to_be_bytes());
                    row[at..at + size].copy_from_slice(if self.is_little { &low[..size] } else { &high[8 - size..] });
                }
            }
            Predictor::FloatingPoint => {
                add_left(row, each, u8::wrapping_add);
                spare.clear();
                spare.extend_from_slice(row);
                let samples = row.len() / size;
                for (index, sample) in row.chunks_exact_mut(size).enumerate() {
                    for (place, byte) in sample.iter_mut().enumerate() {
                        let from_highest = if self.is_little { size - 1 - place } else { place };
                        *byte = spare[from_highest * samples + index];
                    }
                }
            }
        }
    }
}

/// Adds to each sample the one that stands `each` before it.
fn add_left<T: Copy>(row: &mut [T], each: usize, sum: impl Fn(T, T) -> T) {
    match each {
        1 => add_pixel_left::<T, 1>(row, sum),
        3 => add_pixel_left::<T, 3>(row, sum),
        4 => add_pixel_left::<T, 4>(row, sum),
        _ => {
            for at in each..row.len() {
                row[at] = sum(row[at - each], row[at]);
            }
        }
    }
}

/// Adds to each pixel the one on its left, which is at hand and not read again.
// Engines optimise whole functions when they are called: this one is for every row of a picture.
#[inline(never)]
fn add_pixel_left<T: Copy, const EACH: usize>(row: &mut [T], sum: impl Fn(T, T) -> T) {
    let (pixels, _) = row.as_chunks_mut::<EACH>();
    let [first, rest @ ..] = pixels else { return };
    let mut left = *first;
    for pixel in rest {
        for (left, here) in left.iter_mut().zip(pixel) {
            *left = sum(*left, *here);
            *here = *left;
        }
    }
}
