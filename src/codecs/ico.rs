//! Windows icons and cursors: the largest picture, which is a PNG or a bitmap without its file header. A bitmap has
//! a mask of one bit a pixel; of 32 bits it has alpha too, which counts unless all of it is zero.

use super::samples::scaled;
use super::{Codec, DecodeRequest, Format, Header, Picture, Problem, Reading, png};
use crate::color::ColorSpace;
use crate::image::{Image, Pixels, Representation, Representations, Size};

mod write;

pub(super) const CODEC: Codec =
    Codec { reading: Reading::Whole { probe, decode }, encode: Some(write::encode), strip: None, animation: None };
/// Raise it when any decoded pixel or written byte changes.
pub(super) const VERSION: &str = "1.1.0";

/// Length of the header, and of an entry of the directory that follows it.
const HEADER: usize = 6;
const ENTRY: usize = 16;

/// A picture in the directory.
#[derive(Clone, Copy)]
struct Entry {
    /// Columns times rows, and then bits per pixel as far as the directory tells.
    rank: (u32, u16),
    place: usize,
    length: usize,
}

fn entries(bytes: &[u8]) -> impl Iterator<Item = Entry> {
    let [is_cursor, count] = match bytes.first_chunk::<HEADER>() {
        Some(&[0, 0, kind @ (1 | 2), 0, low, high]) => [u16::from(kind == 2), u16::from_le_bytes([low, high])],
        _ => [0, 0],
    };
    let directory = bytes.get(HEADER..).unwrap_or_default().as_chunks::<ENTRY>().0;
    directory.iter().take(usize::from(count)).map(move |entry| {
        let side = |side: u8| if side == 0 { 256 } else { u32::from(side) };
        let long = |at: usize| u32::from_le_bytes([entry[at], entry[at + 1], entry[at + 2], entry[at + 3]]) as usize;
        // A cursor has its hot spot there.
        let bits = if is_cursor == 1 { 0 } else { u16::from_le_bytes([entry[6], entry[7]]) };
        Entry { rank: (side(entry[0]) * side(entry[1]), bits), place: long(12), length: long(8) }
    })
}

/// The directory must be there and its pictures after it.
pub(super) fn sniff(bytes: &[u8]) -> bool {
    let count = bytes.get(4).map_or(0, |count| usize::from(*count));
    let is_short = bytes.len() < HEADER + ENTRY;
    let begins = matches!(bytes, [0, 0, 1 | 2, 0, _, _, ..]) && count > 0;
    let fits = |entry: Entry| entry.length > 0 && entry.place >= HEADER + ENTRY;
    begins && (is_short || entries(bytes).next().is_some_and(fits))
}

/// The largest picture; of several the first.
fn largest(bytes: &[u8]) -> Result<Inside<'_>, Problem> {
    let count = bytes.get(4..6).map_or(0, |count| usize::from(u16::from_le_bytes([count[0], count[1]])));
    if bytes.len() < HEADER + count * ENTRY {
        return Err(Problem::Truncated);
    }
    let best = entries(bytes).reduce(|best, entry| if entry.rank > best.rank { entry } else { best });
    let Entry { place, length, .. } = best.ok_or(Problem::damaged("it contains no picture"))?;
    let part = bytes.get(place..).unwrap_or_default();
    let part = part.get(..length).ok_or(Problem::Truncated)?;
    if png::sniff(part) { Ok(Inside::Png(part)) } else { Bitmap::of(part).map(Inside::Bitmap) }
}

enum Inside<'a> {
    Png(&'a [u8]),
    Bitmap(Bitmap<'a>),
}

fn probe(bytes: &[u8]) -> Result<Header, Problem> {
    match largest(bytes)? {
        Inside::Png(file) => Ok(Header { format: Format::Ico, ..png::probe(file)? }),
        Inside::Bitmap(bitmap) => Ok(Header {
            format: Format::Ico,
            size: bitmap.size,
            orientation: 1,
            alpha: true,
            native: Representations::of(&[Representation::Rgba]),
            space: ColorSpace::SRGB,
            animation: None,
            findings: Vec::new(),
        }),
    }
}

fn decode(bytes: &[u8], header: &Header, request: &DecodeRequest) -> Result<Picture, Problem> {
    match largest(bytes)? {
        Inside::Png(file) => png::decode(file, header, request),
        Inside::Bitmap(bitmap) if bitmap.size == header.size => bitmap.decode(),
        Inside::Bitmap(_) => Err(Problem::damaged("it has two headers")),
    }
}

/// A bitmap as icons have it: header, palette, rows of colours from the bottom up, rows of the mask.
struct Bitmap<'a> {
    size: Size,
    bits: usize,
    /// Blue, green, red, and a byte without meaning.
    palette: &'a [[u8; 4]],
    colors: &'a [u8],
    mask: Option<&'a [u8]>,
}

impl<'a> Bitmap<'a> {
    fn of(bytes: &'a [u8]) -> Result<Self, Problem> {
        const INFO: usize = 40;
        let nonsense = || Problem::damaged("its header makes no sense");
        let long = |at: usize| -> Result<u32, Problem> {
            let bytes = bytes.get(at..).and_then(|rest| rest.first_chunk());
            bytes.map(|bytes| u32::from_le_bytes(*bytes)).ok_or(Problem::Truncated)
        };
        let info = long(0)? as usize;
        let [width, double_height] = [long(4)?, long(8)?];
        if !(INFO..=124).contains(&info) || width > i32::MAX as u32 || double_height > i32::MAX as u32 {
            return Err(nonsense());
        }
        // The rows of the mask are counted too.
        let size = Size::new(width, double_height / 2);
        if size.width == 0 || size.height == 0 {
            return Err(Problem::Empty(size.width, size.height));
        }
        let bits = long(12)? >> 16;
        match (long(16)?, bits) {
            (0, 1 | 4 | 8 | 16 | 24 | 32) => {}
            _ => return Err(Problem::Unsupported("a rare kind of icon")),
        }
        let used = long(32)? as usize;
        let bits = bits as usize;
        let colors = match (bits, used) {
            (..=8, 0) => 1 << bits,
            (..=8, used) if used <= 256 => used,
            (16.., used) if used <= 256 => used,
            _ => return Err(nonsense()),
        };
        let rest = bytes.get(info..).ok_or(Problem::Truncated)?;
        let (palette, rest) = rest.split_at_checked(colors * 4).ok_or(Problem::Truncated)?;
        let length = |bits: usize| stride(size, bits).saturating_mul(size.height as usize);
        let (colors, rest) = rest.split_at_checked(length(bits)).ok_or(Problem::Truncated)?;
        let mask = rest.get(..length(1));
        if mask.is_none() && bits < 32 {
            return Err(Problem::Truncated);
        }
        Ok(Self { size, bits, palette: palette.as_chunks().0, colors, mask })
    }

    fn decode(&self) -> Result<Picture, Problem> {
        let (width, height) = (self.size.width as usize, self.size.height as usize);
        let mut samples = vec![0; width * height * 4];
        let (color_stride, mask_stride) = (stride(self.size, self.bits), stride(self.size, 1));
        let has_alpha = self.bits == 32 && self.colors.as_chunks::<4>().0.iter().any(|[.., alpha]| *alpha != 0);
        for (y, out) in samples.chunks_exact_mut(width * 4).enumerate() {
            let from_bottom = height - 1 - y;
            let colors = &self.colors[from_bottom * color_stride..][..color_stride];
            let mask = self.mask.map(|mask| &mask[from_bottom * mask_stride..][..mask_stride]);
            for (x, out) in out.as_chunks_mut::<4>().0.iter_mut().enumerate() {
                let [red, green, blue, alpha] = self.pixel(colors, x)?;
                let is_hidden = mask.is_some_and(|mask| mask[x / 8] >> (7 - x % 8) & 1 == 1);
                let opacity = match (has_alpha, is_hidden) {
                    (true, _) => alpha,
                    (false, true) => 0,
                    (false, false) => 255,
                };
                *out = [red, green, blue, opacity];
            }
        }
        Ok(Image::new(self.size, Pixels::Rgba(samples)).into())
    }

    fn pixel(&self, row: &[u8], x: usize) -> Result<[u8; 4], Problem> {
        let index = match self.bits {
            bits @ (1 | 4 | 8) => {
                let bit = x * bits;
                usize::from(row[bit / 8] >> (8 - bits - bit % 8)) & ((1 << bits) - 1)
            }
            16 => {
                let value = u32::from(u16::from_le_bytes([row[x * 2], row[x * 2 + 1]]));
                let color = |shift: u32| scaled(value >> shift & 31, 31);
                return Ok([color(10), color(5), color(0), 255]);
            }
            bits => {
                let pixel = &row[x * bits / 8..][..bits / 8];
                return Ok([pixel[2], pixel[1], pixel[0], pixel.get(3).copied().unwrap_or(255)]);
            }
        };
        let missing = Problem::damaged("its pixels have colors that are not in its palette");
        let [blue, green, red, _] = *self.palette.get(index).ok_or(missing)?;
        Ok([red, green, blue, 255])
    }
}

/// Bytes of a row, which are a multiple of four.
const fn stride(size: Size, bits: usize) -> usize {
    (size.width as usize).saturating_mul(bits).div_ceil(32).saturating_mul(4)
}
