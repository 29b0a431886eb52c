//! Photoshop documents (PSD and PSB), read only: the flattened picture that programs put at the end for others, in bitmap,
//! gray, indexed, RGB, CMYK and Lab mode, of 1, 8 or 16 bits, plain or packed.

use std::borrow::Cow;

use super::icc::{Samples, accept, or_note};
use super::metadata::{Blocks, metadata};
use super::reader::Reader;
use super::samples::stretched;
use super::tiff::Unpacker;
use super::{Bytes, Codec, DecodeRequest, Finding, Format, Header, Picture, Problem, Reading, decoded_to};
use crate::color::{ColorSpace, Inks, LabColors};
use crate::image::depth::Sample;
use crate::image::{Image, Size};

pub(super) const CODEC: Codec =
    Codec { reading: Reading::Pieces { probe, decode }, encode: None, strip: None, animation: None };
/// Raise it when any decoded pixel or written byte changes.
pub(super) const VERSION: &str = "1.1.0";

/// Image resources.
pub(super) mod resource {
    pub(in crate::codecs) const IPTC: u16 = 1028;
    pub(super) const PROFILE: u16 = 1039;
    pub(super) const VERSION: u16 = 1057;
    pub(super) const EXIF: u16 = 1058;
    pub(super) const XMP: u16 = 1060;
}

pub(super) fn sniff(bytes: &[u8]) -> bool {
    matches!(bytes, [b'8', b'B', b'P', b'S', 0, 1 | 2, ..])
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// One bit a pixel, 1 being black.
    Bitmap,
    Gray,
    Indexed,
    Rgb,
    /// 0 is full ink.
    Cmyk,
    Lab,
}

impl Mode {
    const fn channels(self) -> usize {
        match self {
            Self::Bitmap | Self::Gray | Self::Indexed => 1,
            Self::Rgb | Self::Lab => 3,
            Self::Cmyk => 4,
        }
    }
}

/// What comes before the pixels.
struct Document<'a> {
    size: Size,
    mode: Mode,
    bits: u16,
    /// Channels of the picture, also those that are not shown.
    channels: usize,
    /// Whether the channel after the colours is their opacity. They were blended with white.
    has_alpha: bool,
    /// Whether lengths are of four bytes instead of two.
    is_large: bool,
    palette: Cow<'a, [u8]>,
    profile: Option<Bytes<'a>>,
    /// The compression, and everything after it.
    pixels: Pixeldata<'a>,
}

#[derive(Clone, Copy)]
struct Pixeldata<'a> {
    is_packed: bool,
    bytes: Bytes<'a>,
}

impl Reader<'_> {
    fn number(&mut self, length: usize) -> Result<u64, Problem> {
        let mut bytes = [0; 8];
        let place = &mut bytes[8 - length..];
        self.take(length as u64)?.fill(0, place).ok_or(Problem::Truncated)?;
        Ok(u64::from_be_bytes(bytes))
    }

    /// A part with its length before it, which has so many bytes.
    fn part(&mut self, length: usize) -> Result<Self, Problem> {
        let length = self.number(length)?;
        self.take(length).map(Self)
    }
}

impl<'a> Document<'a> {
    fn read(bytes: Bytes<'a>) -> Result<Self, Problem> {
        let mut reader = Reader(bytes);
        let _signature = reader.take(4)?;
        let is_large = reader.number(2)? == 2;
        let _reserved = reader.take(6)?;
        let channels = reader.number(2)? as usize;
        let [height, width] = [reader.number(4)? as u32, reader.number(4)? as u32];
        let bits = reader.number(2)? as u16;
        let mode = match (reader.number(2)?, bits) {
            (0, 1) => Mode::Bitmap,
            // A duotone is gray with a recipe of inks.
            (1 | 8, 8 | 16) => Mode::Gray,
            (2, 8) => Mode::Indexed,
            (3, 8 | 16) => Mode::Rgb,
            (4, 8 | 16) => Mode::Cmyk,
            (9, 8 | 16) => Mode::Lab,
            (_, 32) => return Err(Problem::Unsupported("a Photoshop document of 32 bits per channel")),
            (7, _) => return Err(Problem::Unsupported("a Photoshop document in multichannel mode")),
            _ => return Err(Problem::damaged("its header makes no sense")),
        };
        if !(mode.channels()..=56).contains(&channels) {
            return Err(Problem::damaged("its header makes no sense"));
        }
        let palette = reader.part(4)?.0.head(768);
        if mode == Mode::Indexed && palette.len() < 768 {
            return Err(Problem::damaged("its palette is incomplete"));
        }
        let mut profile = None;
        let mut resources = reader.part(4)?;
        while let Some((id, content)) = next_resource(&mut resources) {
            match id {
                resource::PROFILE => profile = Some(content),
                // Its fifth byte says whether there is a flattened picture.
                resource::VERSION if content.array(4) == Some([0]) => {
                    return Err(Problem::Unsupported("a Photoshop document without a flattened picture"));
                }
                _ => {}
            }
        }
        let long = if is_large { 8 } else { 4 };
        let mut layers = reader.part(long)?;
        let first_is_opacity = first_is_opacity(&mut layers, is_large);
        let has_colors = !matches!(mode, Mode::Bitmap | Mode::Indexed);
        let pixels = match reader.number(2)? {
            0 => Pixeldata { is_packed: false, bytes: reader.0 },
            1 => Pixeldata { is_packed: true, bytes: reader.0 },
            _ => return Err(Problem::Unsupported("a Photoshop document with a rare compression")),
        };
        Ok(Self {
            size: Size::new(width, height),
            mode,
            bits,
            channels,
            has_alpha: first_is_opacity && has_colors && channels > mode.channels(),
            is_large,
            palette,
            profile,
            pixels,
        })
    }

    /// Channels that are shown.
    const fn shown(&self) -> usize {
        self.mode.channels() + self.has_alpha as usize
    }

    /// Bytes of a row of a channel.
    const fn stride(&self) -> usize {
        (self.size.width as usize * self.bits as usize).div_ceil(8)
    }

    /// The packed bytes of the rows of the channels that are shown, from top to bottom, channel by channel.
    fn packed_rows(&self) -> Result<Vec<Bytes<'a>>, Problem> {
        let height = self.size.height as usize;
        let each = if self.is_large { 4 } else { 2 };
        let mut rest = Reader(self.pixels.bytes);
        let lengths = rest.take((self.channels * height * each) as u64)?;
        let lengths = lengths.head((self.shown() * height * each) as u64);
        let length = |bytes: &[u8]| bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        lengths.chunks_exact(each).map(|bytes| rest.take(length(bytes))).collect()
    }
}

/// Whether the first channel after the colors is the opacity of the flattened picture: the number of layers is negative, in
/// the list of layers itself or, of 16 bits, in a block behind it, or a block of its own says so.
fn first_is_opacity(layers: &mut Reader<'_>, is_large: bool) -> bool {
    const LARGE_KEYS: [&[u8]; 13] = [
        b"LMsk", b"Lr16", b"Lr32", b"Layr", b"Mt16", b"Mt32", b"Mtrn", b"Alph", b"FMsk", b"lnk2", b"FEid", b"FXid",
        b"PxSD",
    ];
    let is_negative = |mut list: Reader<'_>| list.number(2).is_ok_and(|count| count >= 0x8000);
    let Ok(list) = layers.part(if is_large { 8 } else { 4 }) else { return false };
    if is_negative(list) {
        return true;
    }
    let _global_mask = layers.part(4);
    // Blocks may be padded.
    while let Some(at) = layers.0.head(7).windows(4).position(|four| four == b"8BIM" || four == b"8B64") {
        let _signature = layers.take(at as u64 + 4);
        let Ok(key) = layers.take(4) else { return false };
        let key = key.load();
        let key = &*key;
        let length = if is_large && LARGE_KEYS.contains(&key) { 8 } else { 4 };
        let Ok(content) = layers.part(length) else { return false };
        match key {
            b"Mt16" | b"Mt32" | b"Mtrn" => return true,
            b"Lr16" | b"Lr32" if is_negative(content) => return true,
            _ => {}
        }
    }
    false
}

/// The next of Photoshop's resources, which other formats may contain too: its number and its content.
pub(super) fn next_resource<'a>(resources: &mut Reader<'a>) -> Option<(u16, Bytes<'a>)> {
    let _signature = resources.take(4).ok()?;
    let id = resources.number(2).ok()? as u16;
    // A name, padded to an even length with the byte before it.
    let name = resources.number(1).ok()?;
    let _name = resources.take(name | 1).ok()?;
    let length = resources.number(4).ok()?;
    let content = resources.take(length).ok()?;
    // The last one may lack its padding.
    let _padding = resources.take(length % 2);
    Some((id, content))
}

/// The metadata among the resources.
pub(super) fn blocks(bytes: Bytes<'_>) -> Blocks<'_> {
    /// The signature and what describes the pixels.
    const START: u64 = 26;
    let resources = || {
        let mut reader = Reader(bytes);
        let _start = reader.take(START).ok()?;
        let _palette = reader.part(4).ok()?;
        reader.part(4).ok()
    };
    let mut blocks = Blocks::default();
    let Some(mut resources) = resources() else { return blocks };
    while let Some((id, content)) = next_resource(&mut resources) {
        let block = match id {
            resource::IPTC => &mut blocks.iptc,
            resource::EXIF => &mut blocks.exif,
            resource::XMP => &mut blocks.xmp,
            _ => continue,
        };
        *block = Some(metadata(content));
    }
    blocks
}

fn probe(bytes: Bytes<'_>) -> Result<Header, Problem> {
    Ok(read(bytes)?.0)
}

/// The header, and the profile of the inks if there are any.
fn read(bytes: Bytes<'_>) -> Result<(Header, Document<'_>, ColorSpace), Problem> {
    let document = Document::read(bytes)?;
    let mut findings = Vec::new();
    let samples = match document.mode {
        Mode::Bitmap | Mode::Gray => Samples::Gray,
        Mode::Indexed | Mode::Rgb | Mode::Lab => Samples::Rgb,
        Mode::Cmyk => Samples::Cmyk,
    };
    let profile = document.profile.filter(|_| document.mode != Mode::Lab);
    let found = profile.map_or(Ok(None), |profile| accept(&metadata(profile), samples));
    let is_unknown = matches!(found, Ok(None));
    let space = or_note(found, &mut findings);
    let (space, inks) = match samples {
        Samples::Cmyk => {
            if is_unknown {
                findings.push(Finding::InksUnknown);
            }
            (ColorSpace::SRGB, space)
        }
        Samples::Gray | Samples::Rgb => (space, ColorSpace::SRGB),
    };
    let is_gray = matches!(document.mode, Mode::Bitmap | Mode::Gray);
    let is_deep = document.bits == 16 && matches!(document.mode, Mode::Gray | Mode::Rgb);
    let native = decoded_to(is_gray, document.has_alpha, is_deep, document.size, &mut findings);
    let header = Header {
        format: Format::Psd,
        size: document.size,
        orientation: 1,
        alpha: document.has_alpha,
        native,
        space,
        animation: None,
        findings,
    };
    Ok((header, document, inks))
}

fn decode(bytes: Bytes<'_>, header: &Header, _: &DecodeRequest) -> Result<Picture, Problem> {
    let (Header { size, .. }, document, inks) = read(bytes)?;
    if size != header.size {
        return Err(Problem::damaged("it has two headers"));
    }
    if header.is_deep() { painted::<u16>(&document, &inks) } else { painted::<u8>(&document, &inks) }
}

/// The pixels of a document.
fn painted<S: Sample>(document: &Document<'_>, inks: &ColorSpace) -> Result<Picture, Problem> {
    let size = document.size;
    let (width, height, stride) = (size.width as usize, size.height as usize, document.stride());
    let shown = document.shown();
    let packed = if document.pixels.is_packed { document.packed_rows()? } else { Vec::new() };
    let plain = document.pixels.bytes;
    if !document.pixels.is_packed && plain.len() < (shown * height * stride) as u64 {
        return Err(Problem::Truncated);
    }
    let painter = Painter {
        document,
        inks: Inks::of(inks),
        lab: if document.mode == Mode::Lab { LabColors::new() } else { None },
    };
    let channels = if document.has_alpha {
        4
    } else if samples_are_gray(document.mode) {
        1
    } else {
        3
    };
    let mut samples = vec![S::default(); size.pixels() as usize * channels];
    let mut row = vec![0; stride];
    let mut pixels = vec![[S::default(); 5]; width];
    for (y, out) in samples.chunks_exact_mut(width * channels).enumerate() {
        for channel in 0..shown {
            let index = channel * height + y;
            match packed.get(index) {
                Some(packed) => Unpacker::pack_bits(*packed).fill(&mut row)?,
                None => plain.fill((index * stride) as u64, &mut row).ok_or(Problem::Truncated)?,
            }
            document.widen(&row, pixels.iter_mut().map(|pixel| &mut pixel[channel]));
        }
        for (out, pixel) in out.chunks_exact_mut(channels).zip(&pixels) {
            out.copy_from_slice(&painter.paint(pixel)[..channels]);
        }
    }
    Ok(Image::new(size, S::pixels(samples, channels)).into())
}

const fn samples_are_gray(mode: Mode) -> bool {
    matches!(mode, Mode::Bitmap | Mode::Gray)
}

impl Document<'_> {
    /// Samples of a row.
    fn widen<'p, S: Sample>(&self, row: &[u8], places: impl Iterator<Item = &'p mut S>) {
        match self.bits {
            1 => places.enumerate().for_each(|(x, place)| {
                *place = S::of_byte(255 * (1 - (row[x / 8] >> (7 - x % 8) & 1)));
            }),
            16 => places.zip(row.as_chunks().0).for_each(|(place, sample)| {
                *place = stretched(u16::from_be_bytes(*sample).into(), 65_535);
            }),
            _ => places.zip(row).for_each(|(place, sample)| *place = S::of_byte(*sample)),
        }
    }
}

/// Makes pixels of the samples of a document. Only gray and RGB have more than 8 bits.
struct Painter<'a> {
    document: &'a Document<'a>,
    inks: Inks,
    lab: Option<LabColors>,
}

impl Painter<'_> {
    /// A pixel as gray, RGB or RGBA.
    fn paint<S: Sample>(&self, samples: &[S; 5]) -> [S; 4] {
        let Document { mode, has_alpha, ref palette, .. } = *self.document;
        let opacity = if has_alpha { samples[mode.channels()] } else { S::MOST };
        // Photoshop blends the flattened picture with white.
        let white = if mode == Mode::Lab { [255, 128, 128, 255, 255] } else { [255; 5] }.map(S::of_byte);
        let [one, two, three, four, _] = match opacity.index() {
            0 => white,
            _ if opacity == S::MOST => *samples,
            _ => std::array::from_fn(|index| {
                let most = S::MOST.index() as i64;
                let [sample, white, opacity] = [samples[index], white[index], opacity].map(|one| one.index() as i64);
                let own = (sample * most - (most - opacity) * white).max(0);
                S::of_index(((own + opacity / 2) / opacity).min(most) as usize)
            }),
        };
        let byte = |sample: S| (sample.index() / S::STEPS as usize) as u8;
        let color = match mode {
            Mode::Bitmap | Mode::Gray => return [one, one, one, opacity],
            Mode::Rgb => return [one, two, three, opacity],
            Mode::Indexed => [0, 256, 512].map(|plane| palette[plane + usize::from(byte(one))]),
            Mode::Cmyk => self.inks.color([one, two, three, four].map(|light| 255 - byte(light))),
            Mode::Lab => self.lab.as_ref().map_or([0; 3], |lab| {
                let [l, a, b] = [one, two, three].map(|sample| f64::from(byte(sample)));
                lab.color([l / 2.55, a - 128.0, b - 128.0])
            }),
        };
        let [red, green, blue] = color.map(S::of_byte);
        [red, green, blue, opacity]
    }
}
