//! What the directory of a page says.

use std::borrow::Cow;
use std::collections::HashSet;

use super::fax::{Fax, Scheme};
use super::unpack::{Packed, Unpacker};
use crate::codecs::directory::{Directory, Tiff};
use crate::codecs::jpeg::{Expected, decode_part};
use crate::codecs::{Bytes, Problem, check_size};
use crate::image::Size;

/// Tags of TIFF 6.0 and its supplements.
mod tag {
    pub(super) const SUBFILE: u16 = 254;
    pub(super) const WIDTH: u16 = 256;
    pub(super) const HEIGHT: u16 = 257;
    pub(super) const BITS: u16 = 258;
    pub(super) const COMPRESSION: u16 = 259;
    pub(super) const PHOTOMETRIC: u16 = 262;
    pub(super) const FILL_ORDER: u16 = 266;
    pub(super) const STRIP_OFFSETS: u16 = 273;
    pub(super) const ORIENTATION: u16 = 274;
    pub(super) const SAMPLES: u16 = 277;
    pub(super) const ROWS_PER_STRIP: u16 = 278;
    pub(super) const STRIP_LENGTHS: u16 = 279;
    pub(super) const PLANAR: u16 = 284;
    pub(super) const FAX_OPTIONS: u16 = 292;
    pub(super) const PREDICTOR: u16 = 317;
    pub(super) const COLOR_MAP: u16 = 320;
    pub(super) const TILE_WIDTH: u16 = 322;
    pub(super) const TILE_HEIGHT: u16 = 323;
    pub(super) const TILE_OFFSETS: u16 = 324;
    pub(super) const TILE_LENGTHS: u16 = 325;
    pub(super) const INK_SET: u16 = 332;
    pub(super) const EXTRA_SAMPLES: u16 = 338;
    pub(super) const SAMPLE_FORMAT: u16 = 339;
    pub(super) const JPEG_TABLES: u16 = 347;
    pub(super) const PROFILE: u16 = 34_675;
}

/// The photometric interpretation Y′CbCr.
const YCC: u64 = 6;

/// What the samples of a pixel stand for, alpha apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Colors {
    Gray {
        is_white_zero: bool,
    },
    Rgb,
    /// Indices into these colours.
    Palette(Vec<[u8; 3]>),
    /// The largest sample is full ink.
    Cmyk,
    /// CIE L*a*b*. As in ICC profiles of version 2, a* and b* are offset by 128, or they have a sign.
    Lab {
        is_offset: bool,
    },
}

impl Colors {
    pub(super) const fn samples(&self) -> usize {
        match self {
            Self::Gray { .. } | Self::Palette(_) => 1,
            Self::Rgb | Self::Lab { .. } => 3,
            Self::Cmyk => 4,
        }
    }
}

/// Whether colours are stored as they are, or multiplied with their opacity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alpha {
    Straight,
    Premultiplied,
}

/// How samples follow from those that are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Predictor {
    None,
    /// Each is the difference from the pixel on its left.
    Horizontal,
    /// The highest bytes of a row come first, and each byte is the difference from that of the pixel on its left.
    FloatingPoint,
}

/// What the bits of a sample are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number {
    /// From 0 to the largest number.
    Whole,
    /// From 0 to 1, and beyond.
    Float,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compression {
    None,
    PackBits,
    Lzw,
    Deflate,
    Fax(Scheme),
    Jpeg,
}

/// What all parts in JPEG have in common.
#[derive(Clone, Copy)]
struct Jpeg<'a> {
    /// A JPEG without a picture.
    tables: Bytes<'a>,
    /// Whether its components are Y′CbCr.
    is_ycc: bool,
}

/// The page that is read.
pub(super) struct Page<'a> {
    tiff: Tiff<'a>,
    pub(super) is_little: bool,
    pub(super) size: Size,
    pub(super) orientation: u8,
    pub(super) bits: u16,
    pub(super) number: Number,
    /// Samples of a pixel.
    pub(super) samples: usize,
    pub(super) colors: Colors,
    /// Of the sample after the colours.
    pub(super) alpha: Option<Alpha>,
    pub(super) predictor: Predictor,
    pub(super) profile: Option<Bytes<'a>>,
    /// Pages of the file.
    pub(super) pages: u32,
    is_planar: bool,
    compression: Compression,
    /// What all parts in JPEG have in common.
    jpeg: Jpeg<'a>,
    /// Whether the lowest bit of each byte comes first.
    is_reversed: bool,
    /// Size of a strip or tile.
    pub(super) chunk: Size,
    /// Place and length of each.
    chunks: Vec<(u64, u64)>,
}

/// Whether a file has the structure of TIFF.
pub(super) fn is_tiff(bytes: &[u8]) -> bool {
    Tiff::of(bytes).is_some()
}

impl<'a> Page<'a> {
    /// The first page of a file that is not a smaller copy of another.
    pub(super) fn first(bytes: Bytes<'a>) -> Result<Self, Problem> {
        let tiff = Tiff::of(bytes).ok_or(Problem::Truncated)?;
        let directories = directories(tiff);
        let is_page = |directory: &&Directory<'_>| directory.number(tag::SUBFILE).is_none_or(|kind| kind & 0b101 == 0);
        let mut all = directories.iter().filter(is_page);
        let directory = all.next();
        let pages = directory.is_some() as u32 + all.count() as u32;
        let directory = directory.or(directories.first()).ok_or(Problem::Truncated)?;
        // Whatever is needed to understand the pixels.
        const NEEDED: [u16; 10] = [
            tag::BITS,
            tag::STRIP_OFFSETS,
            tag::STRIP_LENGTHS,
            tag::COLOR_MAP,
            tag::TILE_OFFSETS,
            tag::TILE_LENGTHS,
            tag::EXTRA_SAMPLES,
            tag::SAMPLE_FORMAT,
            tag::JPEG_TABLES,
            tag::PROFILE,
        ];
        if !directory.is_complete() || NEEDED.iter().any(|tag| directory.lacks_values(*tag)) {
            return Err(Problem::Truncated);
        }
        Self::read(tiff, directory, pages)
    }

    fn read(tiff: Tiff<'a>, directory: &Directory<'a>, pages: u32) -> Result<Self, Problem> {
        let number = |tag| directory.number(tag);
        let side = |tag| {
            let side = number(tag).ok_or(Problem::damaged("its header does not say how large it is"))?;
            Ok(u32::try_from(side).unwrap_or(u32::MAX))
        };
        let size = Size::new(side(tag::WIDTH)?, side(tag::HEIGHT)?);
        // Everything below may rely on the limits.
        check_size(size)?;
        let samples = number(tag::SAMPLES).unwrap_or(1);
        if !(1..=64).contains(&samples) {
            return Err(Problem::damaged("its header makes no sense"));
        }
        let samples = samples as usize;
        let bits = same_for_all(directory, tag::BITS, 1)?;
        let kind = match (same_for_all(directory, tag::SAMPLE_FORMAT, 1)?, bits) {
            (1 | 4, 1..=16 | 24 | 32) => Number::Whole,
            (3, 16 | 32 | 64) => Number::Float,
            (2, _) => return Err(Problem::Unsupported("a TIFF picture of signed numbers")),
            (5 | 6, _) => return Err(Problem::Unsupported("a TIFF picture of complex numbers")),
            _ => return Err(Problem::Unsupported("a TIFF picture of an unusual number of bits a sample")),
        };
        let bits = bits as u16;
        let compression = compression(directory)?;
        let is_possible = match compression {
            Compression::Fax(_) => (bits, samples) == (1, 1),
            Compression::Jpeg => bits == 8,
            _ => true,
        };
        if !is_possible {
            return Err(Problem::damaged("its header makes no sense"));
        }
        let colors = colors(directory, samples, bits, compression)?;
        if matches!(colors, Colors::Palette(_) | Colors::Lab { .. }) && kind == Number::Float {
            return Err(Problem::Unsupported("a TIFF picture in rare colors"));
        }
        let is_planar = number(tag::PLANAR) == Some(2) && samples > 1;
        let is_ycc = number(tag::PHOTOMETRIC) == Some(YCC);
        if is_ycc && (samples != 3 || is_planar) {
            return Err(Problem::Unsupported("a rare kind of TIFF picture (YCbCr planes)"));
        }
        let tables = directory.entry(tag::JPEG_TABLES).map_or(Bytes::from(&[]), |entry| entry.value);
        if colors.samples() > samples {
            return Err(Problem::damaged("its pixels have too few samples for their colors"));
        }
        let predictor = match (number(tag::PREDICTOR), compression) {
            (None | Some(1), _)
            | (_, Compression::None | Compression::PackBits | Compression::Fax(_) | Compression::Jpeg) => {
                Predictor::None
            }
            (Some(2), _) if matches!(bits, 8 | 16 | 32 | 64) => Predictor::Horizontal,
            (Some(3), _) if kind == Number::Float => Predictor::FloatingPoint,
            _ => return Err(Problem::Unsupported("a rare kind of TIFF picture (predictor)")),
        };
        let orientation = number(tag::ORIENTATION).and_then(|value| u8::try_from(value).ok());
        let alpha = alpha(directory, &colors, samples);
        // An index of fewer bits is not scaled, but an opacity would be.
        let alpha = alpha.filter(|_| bits >= 8 || !matches!(colors, Colors::Palette(_)));
        let (chunk, chunks) = chunks(tiff, directory, size, if is_planar { samples } else { 1 })?;
        let profile = directory.entry(tag::PROFILE).map(|entry| entry.value).filter(|profile| !profile.is_empty());
        Ok(Self {
            tiff,
            is_little: tiff.is_little,
            size,
            orientation: orientation.filter(|value| (1..=8).contains(value)).unwrap_or(1),
            bits,
            number: kind,
            samples,
            alpha,
            predictor,
            profile: profile.filter(|_| !matches!(colors, Colors::Lab { .. })),
            colors,
            pages,
            is_planar,
            compression,
            jpeg: Jpeg { tables, is_ycc },
            // The bits of JPEG data are always in the same order.
            is_reversed: number(tag::FILL_ORDER) == Some(2) && compression != Compression::Jpeg,
            chunk,
            chunks,
        })
    }

    /// Parts that each have one sample of every pixel; 1 if the samples of a pixel lie side by side.
    pub(super) const fn planes(&self) -> usize {
        if self.is_planar { self.samples } else { 1 }
    }

    /// Strips or tiles of a plane.
    const fn chunks_of_plane(&self) -> usize {
        chunks_of_plane(self.size, self.chunk)
    }

    /// Checks that all parts are listed, and that what is not compressed is there, before the picture is allocated.
    pub(super) fn is_whole(&self) -> Result<(), Problem> {
        if self.chunks.len() / self.planes() < self.chunks_of_plane() {
            return Err(Problem::damaged("parts of its picture are not listed"));
        }
        let packed: u64 = self.chunks.iter().map(|(at, length)| self.tiff.part(*at, *length).len()).sum();
        let bits = self.size.pixels().saturating_mul(self.samples as u64).saturating_mul(u64::from(self.bits));
        // Equal parts may be stored once, but no file needs to read most of itself again for each.
        let whole = self.tiff.part(0, u64::MAX).len();
        if packed > whole.saturating_add(bits) {
            return Err(Problem::damaged("its parts do not fit together"));
        }
        // Of each byte, at most this many come: a code of LZW stands for up to 4,096 bytes.
        let most: u64 = match self.compression {
            Compression::None => 1,
            Compression::PackBits => 64,
            Compression::Deflate => 1100,
            Compression::Lzw => 4096,
            // A block takes at least two bits.
            Compression::Jpeg => 64 * 4 * self.samples as u64,
            Compression::Fax(_) => return Ok(()),
        };
        if packed.saturating_mul(most) < bits / 8 { Err(Problem::Truncated) } else { Ok(()) }
    }

    /// Unpacks the rows of a strip or tile, of which so many pixels are within the picture.
    pub(super) fn unpacker(&self, chunk: usize, plane: usize, shown: Size) -> Result<Unpacker<'a>, Problem> {
        let index = plane * self.chunks_of_plane() + chunk;
        let &(at, length) = self.chunks.get(index).ok_or(Problem::Truncated)?;
        let bytes = self.tiff.part(at, length);
        let all = || match self.is_reversed {
            true => Cow::Owned(bytes.load().iter().map(|byte| byte.reverse_bits()).collect()),
            false => bytes.load(),
        };
        let packed = || if self.is_reversed { Packed::of(all()) } else { bytes.into() };
        Ok(match self.compression {
            Compression::None => Unpacker::plain(packed()),
            Compression::PackBits => Unpacker::pack_bits(packed()),
            Compression::Lzw => Unpacker::lzw(packed()),
            Compression::Deflate => Unpacker::deflate(packed()),
            Compression::Fax(scheme) => Unpacker::fax(Fax::new(all(), scheme, self.chunk.width)),
            Compression::Jpeg => {
                let components = self.samples / self.planes();
                let Jpeg { tables, is_ycc } = self.jpeg;
                let expected = Expected { components, is_ycc, at_least: shown, at_most: self.chunk };
                Unpacker::decoded(decode_part(&tables.load(), &all(), expected)?)
            }
        })
    }
}

/// The directories of the pages, up to one that is not there or comes again.
fn directories(tiff: Tiff<'_>) -> Vec<Directory<'_>> {
    /// Most directories.
    const MOST: usize = 65_536;
    /// Most entries of all of them, which are looked through one by one.
    const MOST_ENTRIES: usize = 1 << 20;
    let mut seen = HashSet::new();
    let mut next = tiff.first();
    let mut found = Vec::new();
    let mut entries = 0;
    while let Some(at) = next.filter(|at| found.len() < MOST && entries < MOST_ENTRIES && seen.insert(*at)) {
        let Some(directory) = tiff.directory(at) else { break };
        found.push(directory);
        entries += directory.entries();
        next = directory.next();
    }
    found
}

/// The value of a tag that has one value for each sample, of which all must be equal.
fn same_for_all(directory: &Directory<'_>, tag: u16, default: u64) -> Result<u64, Problem> {
    let Some(mut numbers) = directory.entry(tag).and_then(|entry| entry.numbers()) else { return Ok(default) };
    let first = numbers.next().unwrap_or(default);
    match numbers.all(|number| number == first) {
        true => Ok(first),
        false => Err(Problem::Unsupported("a rare kind of TIFF picture (samples of different kinds)")),
    }
}

fn compression(directory: &Directory<'_>) -> Result<Compression, Problem> {
    let options = directory.number(tag::FAX_OPTIONS).unwrap_or(0);
    Ok(match directory.number(tag::COMPRESSION).unwrap_or(1) {
        1 => Compression::None,
        2 => Compression::Fax(Scheme::Rows),
        3 if options & 2 != 0 => return Err(Problem::Unsupported("an uncompressed fax")),
        3 if options & 1 != 0 => Compression::Fax(Scheme::Group3Mixed),
        3 => Compression::Fax(Scheme::Group3),
        4 => Compression::Fax(Scheme::Group4),
        5 => Compression::Lzw,
        8 | 32_946 => Compression::Deflate,
        32_773 => Compression::PackBits,
        6 => return Err(Problem::Unsupported("a TIFF picture with old-style JPEG compression")),
        7 => Compression::Jpeg,
        _ => return Err(Problem::Unsupported("a TIFF picture with a rare compression")),
    })
}

fn colors(directory: &Directory<'_>, samples: usize, bits: u16, compression: Compression) -> Result<Colors, Problem> {
    let photometric = directory.number(tag::PHOTOMETRIC);
    Ok(match photometric.unwrap_or(if samples >= 3 { 2 } else { 0 }) {
        // Without a palette the samples are gray.
        0 => Colors::Gray { is_white_zero: true },
        1 => Colors::Gray { is_white_zero: false },
        2 => Colors::Rgb,
        3 if bits <= 8 => Colors::Palette(palette(directory, bits)?),
        5 if directory.number(tag::INK_SET).is_none_or(|set| set == 1) => Colors::Cmyk,
        8 if matches!(bits, 8 | 16) => Colors::Lab { is_offset: false },
        9 if matches!(bits, 8 | 16) => Colors::Lab { is_offset: true },
        YCC if compression == Compression::Jpeg => Colors::Rgb,
        YCC => return Err(Problem::Unsupported("a TIFF picture in YCbCr colors")),
        _ => return Err(Problem::Unsupported("a TIFF picture in rare colors")),
    })
}

/// All reds, then all greens, then all blues, of 16 bits; some programs write 8.
fn palette(directory: &Directory<'_>, bits: u16) -> Result<Vec<[u8; 3]>, Problem> {
    let count = 1 << bits;
    let numbers = directory.entry(tag::COLOR_MAP).and_then(|entry| entry.numbers());
    let numbers = numbers.ok_or(Problem::damaged("its palette is missing"))?;
    let numbers: Vec<u64> = numbers.take(3 * count).collect();
    let [Some(reds), Some(greens), Some(blues)] =
        [0, 1, 2].map(|color| numbers.get(color * count..(color + 1) * count))
    else {
        return Err(Problem::damaged("its palette is incomplete"));
    };
    let shift = if numbers.iter().all(|number| *number < 256) { 0 } else { 8 };
    let color =
        |((red, green), blue): ((&u64, &u64), &u64)| [*red, *green, *blue].map(|sample| (sample >> shift) as u8);
    Ok(reds.iter().zip(greens).zip(blues).map(color).collect())
}

/// Whether the sample after the colours is their opacity. If nothing says so, one more sample than colours is.
fn alpha(directory: &Directory<'_>, colors: &Colors, samples: usize) -> Option<Alpha> {
    let extra = directory.entry(tag::EXTRA_SAMPLES).and_then(|entry| entry.numbers());
    let kind = extra.map(|mut kinds| kinds.next().unwrap_or(0));
    match kind {
        _ if samples == colors.samples() => None,
        Some(1) => Some(Alpha::Premultiplied),
        Some(2) => Some(Alpha::Straight),
        None if samples == colors.samples() + 1 && *colors != Colors::Cmyk => Some(Alpha::Straight),
        _ => None,
    }
}

/// The size of strips or tiles, and where they are: as many as the picture has, even if more are listed.
fn chunks(
    tiff: Tiff<'_>,
    directory: &Directory<'_>,
    size: Size,
    planes: usize,
) -> Result<(Size, Vec<(u64, u64)>), Problem> {
    /// Strips of one row in the highest picture of the most planes are not more.
    const MOST: usize = 1 << 22;
    let number = |tag| directory.number(tag);
    let list = |tag| directory.entry(tag).and_then(|entry| entry.numbers());
    let (chunk, offsets, lengths) = match (number(tag::TILE_WIDTH), number(tag::TILE_HEIGHT)) {
        (Some(width), Some(height)) => {
            let tile = tile(width, height, size).ok_or(Problem::damaged("its tiles have no sensible size"))?;
            // Some programs use the tags of strips for tiles too.
            let offsets = list(tag::TILE_OFFSETS).or_else(|| list(tag::STRIP_OFFSETS));
            let lengths = list(tag::TILE_LENGTHS).or_else(|| list(tag::STRIP_LENGTHS));
            (tile, offsets, lengths)
        }
        _ => {
            let rows = number(tag::ROWS_PER_STRIP).filter(|rows| *rows > 0);
            let rows = rows.map_or(size.height, |rows| u32::try_from(rows).unwrap_or(u32::MAX).min(size.height));
            (Size::new(size.width, rows), list(tag::STRIP_OFFSETS), list(tag::STRIP_LENGTHS))
        }
    };
    let Some(offsets) = offsets else { return Err(Problem::damaged("it has no pixel data")) };
    let count = chunks_of_plane(size, chunk).saturating_mul(planes);
    if count > MOST {
        return Err(Problem::damaged("its tiles have no sensible size"));
    }
    let lengths = lengths.into_iter().flatten().chain(std::iter::repeat(0));
    let mut chunks: Vec<(u64, u64)> = offsets.zip(lengths).take(count).collect();
    if chunks.iter().any(|(_, length)| *length == 0) {
        // A length that is missing or 0 is up to the next part, or to the end of the file.
        let mut starts: Vec<u64> = chunks.iter().map(|(at, _)| *at).collect();
        starts.sort_unstable();
        for (at, length) in chunks.iter_mut().filter(|(_, length)| *length == 0) {
            let next = starts.get(starts.partition_point(|start| start <= at));
            *length = next.map_or_else(|| tiff.part(*at, u64::MAX).len(), |next| next - *at);
        }
    }
    Ok((chunk, chunks))
}

/// How many strips or tiles a picture has.
const fn chunks_of_plane(picture: Size, chunk: Size) -> usize {
    (picture.width.div_ceil(chunk.width) as usize).saturating_mul(picture.height.div_ceil(chunk.height) as usize)
}

/// The size of tiles, unless they are far larger than the picture: those of some compressions are unpacked as a whole.
fn tile(width: u64, height: u64, picture: Size) -> Option<Size> {
    /// Tiles up to this side may be as large as they like.
    const SIDE: u32 = 4096;
    let side =
        |number: u64, of: u32| u32::try_from(number).ok().filter(|side| (1..=of.next_multiple_of(SIDE)).contains(side));
    let most = (picture.pixels() * 2).max(u64::from(SIDE).pow(2));
    let tile = Size::new(side(width, picture.width)?, side(height, picture.height)?);
    (tile.pixels() <= most).then_some(tile)
}
