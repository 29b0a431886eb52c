//! The Quite OK Image Format 1.0. Its note of linear samples is ignored, as other readers do.

use super::{Codec, DecodeRequest, Format, Header, Picture, Problem, Reading};
use crate::color::ColorSpace;
use crate::image::{Image, Pixels, Representation, Representations, Size};

mod write;

pub(super) const CODEC: Codec =
    Codec { reading: Reading::Whole { probe, decode }, encode: Some(write::encode), strip: None, animation: None };
/// Raise it when any decoded pixel or written byte changes.
pub(super) const VERSION: &str = "1.0.0";

/// Length of the header.
const HEADER: usize = 14;

/// The first bytes of a file.
const MARK: &[u8] = b"qoif";

pub(super) fn sniff(bytes: &[u8]) -> bool {
    bytes.starts_with(MARK)
}

/// Where a pixel is remembered.
fn hash(pixel: [u8; 4]) -> usize {
    let [red, green, blue, alpha] = pixel.map(usize::from);
    (red * 3 + green * 5 + blue * 7 + alpha * 11) % 64
}

fn probe(bytes: &[u8]) -> Result<Header, Problem> {
    let Some(&[_, _, _, _, w0, w1, w2, w3, h0, h1, h2, h3, channels, space]) = bytes.first_chunk::<HEADER>() else {
        return Err(Problem::Truncated);
    };
    if !matches!(channels, 3 | 4) || space > 1 {
        return Err(Problem::damaged("its header makes no sense"));
    }
    let alpha = channels == 4;
    Ok(Header {
        format: Format::Qoi,
        size: Size::new(u32::from_be_bytes([w0, w1, w2, w3]), u32::from_be_bytes([h0, h1, h2, h3])),
        orientation: 1,
        alpha,
        native: Representations::of(if alpha { &[Representation::Rgba] } else { &[Representation::Rgb] }),
        space: ColorSpace::SRGB,
        animation: None,
        findings: Vec::new(),
    })
}

/// The pixels one after the other: each instruction gives one, or repeats the last.
struct Pixel<'a> {
    rest: &'a [u8],
    last: [u8; 4],
    /// How often the last is repeated.
    repeats: u8,
    /// Pixels by the hash of their colour.
    seen: [[u8; 4]; 64],
}

impl<'a> Pixel<'a> {
    const fn new(rest: &'a [u8]) -> Self {
        Self { rest, last: [0, 0, 0, 255], repeats: 0, seen: [[0; 4]; 64] }
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], Problem> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(Problem::Truncated)?;
        self.rest = rest;
        Ok(*taken)
    }

    fn next(&mut self) -> Result<[u8; 4], Problem> {
        if self.repeats > 0 {
            self.repeats -= 1;
            return Ok(self.last);
        }
        let [instruction] = self.take()?;
        let [red, green, blue, alpha] = self.last;
        let low = instruction & 0x3f;
        self.last = match instruction {
            0xfe => {
                let [red, green, blue] = self.take()?;
                [red, green, blue, alpha]
            }
            0xff => self.take()?,
            0x00..=0x3f => self.seen[usize::from(low)],
            0x40..=0x7f => {
                let step = |value: u8, shift: u8| value.wrapping_add(low >> shift & 3).wrapping_sub(2);
                [step(red, 4), step(green, 2), step(blue, 0), alpha]
            }
            0x80..=0xbf => {
                let [others] = self.take()?;
                let step = low.wrapping_sub(32);
                let other = |value: u8, of: u8| value.wrapping_add(step).wrapping_add(of).wrapping_sub(8);
                [other(red, others >> 4), green.wrapping_add(step), other(blue, others & 15), alpha]
            }
            0xc0..=0xfd => {
                self.repeats = low;
                self.last
            }
        };
        self.seen[hash(self.last)] = self.last;
        Ok(self.last)
    }
}

fn decode(bytes: &[u8], header: &Header, _: &DecodeRequest) -> Result<Picture, Problem> {
    let data = bytes.get(HEADER..).ok_or(Problem::Truncated)?;
    // An instruction gives at most 62 pixels.
    if (data.len() as u64).saturating_mul(62) < header.size.pixels() {
        return Err(Problem::Truncated);
    }
    let pixels = header.size.pixels() as usize;
    let mut pixel = Pixel::new(data);
    let pixels = if header.alpha {
        let mut samples = vec![0; pixels * 4];
        for out in samples.as_chunks_mut::<4>().0 {
            *out = pixel.next()?;
        }
        Pixels::Rgba(samples)
    } else {
        let mut samples = vec![0; pixels * 3];
        for out in samples.as_chunks_mut::<3>().0 {
            let [red, green, blue, _] = pixel.next()?;
            *out = [red, green, blue];
        }
        Pixels::Rgb(samples)
    };
    Ok(Image::new(header.size, pixels).into())
}
