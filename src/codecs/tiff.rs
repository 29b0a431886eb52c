//! TIFF 6.0 and BigTIFF, read only: gray, RGB, palettes and CMYK of 1 to 16 bits with alpha or without, in strips or tiles,
//! chunky or planar, plain or packed as PackBits, LZW, Deflate, JPEG or fax. Of several pages the first is read. Rows are unpacked
//! one by one, so that only the picture itself is in memory.

use super::icc::{Samples, accept, or_note};
use super::samples::{most, round_16, scaled, straight};
use super::{Codec, DecodeRequest, Finding, Format, Header, Picture, Problem};
use crate::color::{ColorSpace, Inks};
use crate::image::{Image, Pixels, Representation, Representations, Size};

mod fax;
mod page;
mod unpack;

pub(super) use page::is_camera_raw;
use page::{Alpha, Colors, Page, Predictor};
use unpack::Unpacker;

pub(super) const CODEC: Codec = Codec { probe, decode, encode: None, strip: None };
/// Raise it when any decoded pixel or written byte changes.
pub(super) const VERSION: &str = "1.0.0";

/// Camera raw files have the same structure.
pub(super) fn sniff(bytes: &[u8]) -> bool {
    page::is_tiff(bytes) && !is_camera_raw(bytes)
}

fn probe(bytes: &[u8]) -> Result<Header, Problem> {
    Ok(read(bytes)?.0)
}

/// The header, and the profile of the inks if there are any.
fn read(bytes: &[u8]) -> Result<(Header, Page<'_>, ColorSpace), Problem> {
    let page = Page::first(bytes)?;
    let mut findings = Vec::new();
    if page.pages > 1 {
        findings.push(Finding::FirstPage(page.pages));
    }
    let samples = match page.colors {
        Colors::Gray { .. } => Samples::Gray,
        Colors::Rgb | Colors::Palette(_) => Samples::Rgb,
        Colors::Cmyk => Samples::Cmyk,
    };
    let found = page.profile.map_or(Ok(None), |profile| accept(profile, samples));
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
    let native = match (&page.colors, page.alpha) {
        (_, Some(_)) => Representation::Rgba,
        (Colors::Gray { .. }, None) => Representation::Gray,
        (_, None) => Representation::Rgb,
    };
    let header = Header {
        format: Format::Tiff,
        size: page.size,
        orientation: page.orientation,
        alpha: page.alpha.is_some(),
        native: Representations::of(&[native]),
        space,
        findings,
    };
    Ok((header, page, inks))
}

fn decode(bytes: &[u8], header: &Header, _: &DecodeRequest) -> Result<Picture, Problem> {
    let (Header { size, .. }, page, inks) = read(bytes)?;
    if size != header.size {
        return Err(Problem::damaged("it has two headers"));
    }
    page.is_whole()?;
    let mut painter = Painter::new(&page, &inks);
    let channels = painter.channels();
    let (width, planes) = (size.width as usize, page.planes());
    let mut samples = vec![0; size.pixels() as usize * channels];

    let Size { width: across, height: down } = page.chunk;
    let (across, down) = (across as usize, down as usize);
    // Samples of a pixel in one plane, and of a row of a chunk.
    let each = page.samples / planes;
    let mut packed = vec![0; (across * each * usize::from(page.bits)).div_ceil(8)];
    let mut unpacked = vec![0; across * each];
    let mut row = vec![0; across * page.samples];
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
                    findings.push(*finding);
                }
            }
            for y in first..first + rows {
                for (plane, unpacker) in unpackers.iter_mut().enumerate() {
                    unpacker.fill(&mut packed)?;
                    page.unpredict(&mut packed, each);
                    let target = if planes == 1 { &mut row } else { &mut unpacked };
                    painter.widen(&packed, target);
                    if planes > 1 {
                        let places = row.iter_mut().skip(plane).step_by(planes);
                        places.zip(&unpacked).for_each(|(place, sample)| *place = *sample);
                    }
                }
                let out = &mut samples[(y * width + left) * channels..][..shown * channels];
                painter.paint(&row, out);
            }
        }
    }
    let pixels = match channels {
        1 => Pixels::Gray(samples),
        3 => Pixels::Rgb(samples),
        _ => Pixels::Rgba(samples),
    };
    Ok(Picture { image: Image::new(size, pixels), findings, is_scaled: false })
}

/// Makes pixels of the samples of a file.
struct Painter<'a> {
    page: &'a Page<'a>,
    inks: Inks,
    /// The sample of eight bits for each of fewer bits; for a palette, the index.
    table: [u8; 256],
}

impl<'a> Painter<'a> {
    fn new(page: &'a Page<'a>, inks: &ColorSpace) -> Self {
        let is_index = matches!(page.colors, Colors::Palette(_));
        let value = |sample: usize| {
            if is_index || page.bits > 8 { sample as u8 } else { scaled(sample as u32, most(page.bits)) }
        };
        Self { page, inks: Inks::of(inks), table: std::array::from_fn(value) }
    }

    /// Samples of a pixel of the result.
    const fn channels(&self) -> usize {
        match (&self.page.colors, self.page.alpha) {
            (_, Some(_)) => 4,
            (Colors::Gray { .. }, None) => 1,
            _ => 3,
        }
    }

    /// Samples of a row as eight bits each.
    fn widen(&self, packed: &[u8], out: &mut [u8]) {
        let bits = usize::from(self.page.bits);
        match bits {
            8 => out.copy_from_slice(&packed[..out.len()]),
            16 => {
                for (out, sample) in out.iter_mut().zip(packed.as_chunks().0) {
                    *out = round_16(self.page.wide(*sample));
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
                    *out = if bits < 8 { self.table[sample as usize] } else { scaled(sample, most(self.page.bits)) };
                }
            }
        }
    }

    /// Pixels of the result from a row of samples, which may be longer.
    fn paint(&mut self, row: &[u8], out: &mut [u8]) {
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
                out.iter_mut().for_each(|gray| *gray = 255 - *gray);
            }
            return;
        };
        let at = self.page.colors.samples();
        for (out, pixel) in out.as_chunks_mut().0.iter_mut().zip(row.chunks_exact(count)) {
            let opacity = pixel[at];
            let color = match self.page.colors {
                Colors::Gray { is_white_zero } => [if is_white_zero { 255 - pixel[0] } else { pixel[0] }; 3],
                _ => self.color(pixel),
            };
            let [red, green, blue] = match alpha {
                Alpha::Straight => color,
                Alpha::Premultiplied => color.map(|sample| straight(sample, opacity)),
            };
            *out = [red, green, blue, opacity];
        }
    }

    fn color(&self, pixel: &[u8]) -> [u8; 3] {
        match (&self.page.colors, pixel) {
            (Colors::Palette(colors), [index, ..]) => colors.get(usize::from(*index)).copied().unwrap_or_default(),
            (Colors::Cmyk, [c, m, y, k, ..]) => self.inks.color([*c, *m, *y, *k]),
            (_, [red, green, blue, ..]) => [*red, *green, *blue],
            _ => [0; 3],
        }
    }
}

impl Page<'_> {
    /// A sample of 16 bits in the file's byte order.
    const fn wide(&self, sample: [u8; 2]) -> u16 {
        if self.is_little { u16::from_le_bytes(sample) } else { u16::from_be_bytes(sample) }
    }

    /// Undoes the differences that a row is stored as, in place.
    fn unpredict(&self, row: &mut [u8], each: usize) {
        match (self.predictor, self.bits) {
            (Predictor::None, _) => {}
            (Predictor::Horizontal, 16) => {
                for at in (each * 2..row.len().saturating_sub(1)).step_by(2) {
                    let [left, here] = [at - each * 2, at].map(|at| self.wide([row[at], row[at + 1]]));
                    let sum = left.wrapping_add(here);
                    row[at..at + 2].copy_from_slice(&if self.is_little {
                        sum.to_le_bytes()
                    } else {
                        sum.to_be_bytes()
                    });
                }
            }
            (Predictor::Horizontal, _) => {
                for at in each..row.len() {
                    row[at] = row[at].wrapping_add(row[at - each]);
                }
            }
        }
    }
}
