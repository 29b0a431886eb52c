//! Truevision TGA, read only: palette, true colour and gray, plain or with run lengths, in any of the four directions.
//! Files have no signature, so the header must make sense in every field. Alpha counts if the header says that there is some.

use super::samples::scaled;
use super::{Codec, DecodeRequest, Format, Header, Picture, Problem, Reading};
use crate::color::ColorSpace;
use crate::image::{Image, Pixels, Representation, Representations, Size};

pub(super) const CODEC: Codec =
    Codec { reading: Reading::Whole { probe, decode }, encode: None, strip: None, animation: None };
/// Raise it when any decoded pixel or written byte changes.
pub(super) const VERSION: &str = "1.0.0";

/// Length of the header.
const HEADER: usize = 18;

/// What a pixel, or a colour of a palette, is stored as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stored {
    Gray,
    GrayAlpha,
    /// Two bytes with five bits a colour, blue in the lowest; with the highest as alpha or without.
    Bits5 {
        alpha: bool,
    },
    Bgr,
    Bgra {
        alpha: bool,
    },
}

impl Stored {
    /// `depth` is that of a pixel or of a colour in a palette.
    const fn color(depth: u8, alpha: bool) -> Option<Self> {
        match depth {
            15 => Some(Self::Bits5 { alpha: false }),
            16 => Some(Self::Bits5 { alpha }),
            24 => Some(Self::Bgr),
            32 => Some(Self::Bgra { alpha }),
            _ => None,
        }
    }

    const fn bytes(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::GrayAlpha | Self::Bits5 { .. } => 2,
            Self::Bgr => 3,
            Self::Bgra { .. } => 4,
        }
    }

    const fn alpha(self) -> bool {
        matches!(self, Self::GrayAlpha | Self::Bits5 { alpha: true } | Self::Bgra { alpha: true })
    }

    /// RGBA of stored bytes.
    fn rgba(self, bytes: &[u8]) -> [u8; 4] {
        match (self, bytes) {
            (Self::Gray, [gray]) => [*gray, *gray, *gray, 255],
            (Self::GrayAlpha, [gray, alpha]) => [*gray, *gray, *gray, *alpha],
            (Self::Bits5 { alpha }, [low, high]) => {
                let value = u32::from(u16::from_le_bytes([*low, *high]));
                let color = |shift: u32| scaled(value >> shift & 31, 31);
                [color(10), color(5), color(0), if alpha && value >> 15 == 0 { 0 } else { 255 }]
            }
            (Self::Bgr, [blue, green, red]) => [*red, *green, *blue, 255],
            (Self::Bgra { alpha }, [blue, green, red, opacity]) => {
                [*red, *green, *blue, if alpha { *opacity } else { 255 }]
            }
            _ => [0, 0, 0, 255],
        }
    }
}

/// What the header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Preamble {
    size: Size,
    stored: Stored,
    /// Whether a pixel is an index of one byte into a palette of `stored` colours.
    palette: Option<Palette>,
    has_runs: bool,
    from_top: bool,
    from_right: bool,
    /// Where the palette, or else the pixels, begin.
    start: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Palette {
    /// The index of its first colour.
    first: usize,
    colors: usize,
}

/// The header, if it makes sense in every field.
fn preamble(bytes: &[u8]) -> Option<Preamble> {
    let &[note, has_palette, kind, f0, f1, c0, c1, color_depth, _, _, _, _, w0, w1, h0, h1, depth, flags] =
        bytes.first_chunk::<HEADER>()?;
    let short = |low, high| u16::from_le_bytes([low, high]);
    let (first, colors) = (usize::from(short(f0, f1)), usize::from(short(c0, c1)));
    let size = Size::new(u32::from(short(w0, w1)), u32::from(short(h0, h1)));
    // Rows in two halves have not been written for decades.
    if size.width == 0 || size.height == 0 || flags & 0xc0 != 0 {
        return None;
    }
    let alpha_bits = flags & 15;
    let alpha = alpha_bits > 0;
    let fits = match depth {
        32 => matches!(alpha_bits, 0 | 8),
        16 => matches!(alpha_bits, 0 | 1 | 8),
        8 => matches!(alpha_bits, 0 | 8),
        15 | 24 => !alpha,
        _ => false,
    };
    let (stored, palette) = match (kind, has_palette, depth) {
        (1 | 9, 1, 8) if (1..=256).contains(&colors) && first < 256 => {
            (Stored::color(color_depth, true)?, Some(Palette { first, colors }))
        }
        (2 | 10, 0, 15 | 16 | 24 | 32) => (Stored::color(depth, alpha)?, None),
        (3 | 11, 0, 8) => (Stored::Gray, None),
        (3 | 11, 0, 16) => (Stored::GrayAlpha, None),
        _ => return None,
    };
    if !fits || (palette.is_none() && (first, colors) != (0, 0)) || (palette.is_none() && !is_depth(color_depth)) {
        return None;
    }
    // The highest bit of a 16-bit colour in a palette means nothing.
    let stored = if palette.is_some() && stored == (Stored::Bits5 { alpha: true }) {
        Stored::Bits5 { alpha: false }
    } else {
        stored
    };
    Some(Preamble {
        size,
        stored,
        palette,
        has_runs: kind >= 9,
        from_top: flags & 0x20 != 0,
        from_right: flags & 0x10 != 0,
        start: HEADER + usize::from(note),
    })
}

/// Some programs write the depth of a palette where there is none.
const fn is_depth(depth: u8) -> bool {
    matches!(depth, 0 | 15 | 16 | 24 | 32)
}

pub(super) fn sniff(bytes: &[u8]) -> bool {
    preamble(bytes).is_some()
}

fn probe(bytes: &[u8]) -> Result<Header, Problem> {
    let Preamble { size, stored, .. } = preamble(bytes).ok_or(Problem::Truncated)?;
    let native = Representation::interleaved(matches!(stored, Stored::Gray), stored.alpha());
    Ok(Header {
        format: Format::Tga,
        size,
        orientation: 1,
        alpha: stored.alpha(),
        native: Representations::of(&[native]),
        space: ColorSpace::SRGB,
        animation: None,
        findings: Vec::new(),
    })
}

/// Stored pixels one after the other. Runs may cross the ends of rows.
struct Stream<'a> {
    rest: &'a [u8],
    each: usize,
    has_runs: bool,
    /// How many pixels follow as they stand.
    copies: usize,
    /// How often the last pixel is repeated.
    repeats: usize,
    last: &'a [u8],
}

impl<'a> Stream<'a> {
    fn next(&mut self) -> Result<&'a [u8], Problem> {
        if self.repeats > 0 {
            self.repeats -= 1;
            return Ok(self.last);
        }
        if self.has_runs && self.copies == 0 {
            let (instruction, rest) = self.rest.split_first().ok_or(Problem::Truncated)?;
            self.rest = rest;
            let count = usize::from(instruction & 0x7f);
            if instruction & 0x80 == 0 { self.copies = count + 1 } else { self.repeats = count }
        }
        self.copies = self.copies.saturating_sub(1);
        (self.last, self.rest) = self.rest.split_at_checked(self.each).ok_or(Problem::Truncated)?;
        Ok(self.last)
    }
}

fn decode(bytes: &[u8], header: &Header, _: &DecodeRequest) -> Result<Picture, Problem> {
    let Preamble { size, stored, palette, has_runs, from_top, from_right, start } =
        preamble(bytes).filter(|preamble| preamble.size == header.size).ok_or(Problem::Truncated)?;
    let rest = bytes.get(start..).ok_or(Problem::Truncated)?;
    let (colors, rest) = match palette {
        Some(Palette { first, colors }) => {
            let (colors, rest) = rest.split_at_checked(colors * stored.bytes()).ok_or(Problem::Truncated)?;
            // Colours before the first are black.
            let black = std::iter::repeat_n([0, 0, 0, 255], first);
            let colors = colors.chunks_exact(stored.bytes()).map(|color| stored.rgba(color));
            (black.chain(colors).collect(), rest)
        }
        None => (Vec::new(), rest),
    };
    let each = if palette.is_some() { 1 } else { stored.bytes() };
    // Of each byte of runs, at most 64 pixels come.
    let most = if has_runs { rest.len().saturating_mul(64) } else { rest.len() / each };
    if (most as u64) < size.pixels() {
        return Err(Problem::Truncated);
    }
    let channels = match stored {
        Stored::Gray => 1,
        stored if stored.alpha() => 4,
        _ => 3,
    };
    let (width, height) = (size.width as usize, size.height as usize);
    let mut samples = vec![0; width * height * channels];
    let mut stream = Stream { rest, each, has_runs, copies: 0, repeats: 0, last: &[] };
    for row in 0..height {
        let y = if from_top { row } else { height - 1 - row };
        for column in 0..width {
            let x = if from_right { width - 1 - column } else { column };
            let bytes = stream.next()?;
            let rgba = match palette {
                Some(_) => *colors
                    .get(usize::from(bytes[0]))
                    .ok_or(Problem::damaged("its pixels have colors that are not in its palette"))?,
                None => stored.rgba(bytes),
            };
            samples[(y * width + x) * channels..][..channels].copy_from_slice(&rgba[..channels]);
        }
    }
    let pixels = match channels {
        1 => Pixels::Gray(samples),
        3 => Pixels::Rgb(samples),
        _ => Pixels::Rgba(samples),
    };
    Ok(Image::new(size, pixels).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUND: [u8; HEADER] = [0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 3, 0, 24, 0x20];

    #[test]
    fn every_field_of_the_header_must_make_sense() {
        assert!(sniff(&SOUND));
        // Kind, a palette, its first colour, its length, its depth, width, depth, alpha, interleaving.
        for (at, value) in
            [(2, 0), (2, 1), (2, 3), (2, 32), (1, 1), (3, 1), (6, 1), (7, 9), (12, 0), (16, 7), (17, 8), (17, 0x60)]
        {
            let mut header = SOUND;
            header[at] = value;
            assert!(!sniff(&header), "{at}: {value}");
        }
        for length in 0..HEADER {
            assert!(!sniff(&SOUND[..length]));
        }
    }

    #[test]
    fn other_files_are_not_taken_for_it() {
        for bytes in [
            &b"\0\0\0\x1cftypisom\0\0\0\0isomiso2avc1"[..],
            b"\0\0\x01\xba\x44\0\x04\0\x04\x01\0\0\0\0\0\0\0\0\0\0",
            b"\0\x01\0\0\0\x0f\0\x80\0\x03\0\x70GPOS\0\0\0\0",
            b"\0\0\x01\0\x01\0\x10\x10\0\0\x01\0\x20\0\x68\x04\0\0\x16\0\0\0",
            b"\0\0\x02\0\x01\0\x20\x20\0\0\0\0\0\0\xe8\x02\0\0\x16\0\0\0",
            &[0; 100],
            &[1; 100],
            &[2; 100],
        ] {
            assert!(!sniff(bytes), "{bytes:?}");
        }
    }
}
