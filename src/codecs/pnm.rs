//! The Netpbm formats, read only: PBM, PGM and PPM as text or raw (`P1` to `P6`), and PAM (`P7`). Of several pictures in
//! one file the first is read.

use super::samples::stretched;
use super::{Codec, DecodeRequest, Format, Header, Picture, Problem, Reading, decoded_to};
use crate::color::ColorSpace;
use crate::image::depth::Sample;
use crate::image::{Image, Size};

pub(super) const CODEC: Codec =
    Codec { reading: Reading::Whole { probe, decode }, encode: None, strip: None, animation: None };
/// Raise it when any decoded pixel or written byte changes.
pub(super) const VERSION: &str = "1.1.0";

/// How samples are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    /// Decimal numbers.
    Text,
    /// Digits of which 1 is black, perhaps without space between them.
    TextBits,
    /// One or two bytes, the higher one first.
    Raw,
    /// Bits of which 1 is black; each row begins at a byte.
    RawBits,
}

/// What a file's header says, and where the samples begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Preamble<'a> {
    coding: Coding,
    size: Size,
    /// Samples of a pixel: gray, gray and alpha, RGB, RGBA.
    channels: usize,
    /// The sample that stands for the most light.
    most: u32,
    data: &'a [u8],
}

/// A header that makes sense as far as it goes.
pub(super) fn sniff(bytes: &[u8]) -> bool {
    let begins = match bytes {
        [b'P', b'7', b'\n', ..] => true,
        [b'P', b'1'..=b'6', space, next, ..] => space.is_ascii_whitespace() && is_space_digit_or_comment(*next),
        _ => false,
    };
    begins && !matches!(preamble(bytes), Err(Problem::Damaged(_)))
}

const fn is_space_digit_or_comment(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte.is_ascii_digit() || byte == b'#'
}

/// Reads text forward through a file's bytes.
struct Text<'a>(&'a [u8]);

impl<'a> Text<'a> {
    fn skip_space(&mut self) {
        loop {
            self.0 = self.0.trim_ascii_start();
            if self.0.first() != Some(&b'#') {
                return;
            }
            self.0 = self.0.split_once_at_line_end().1;
        }
    }

    /// The next decimal number, after spaces and comments.
    fn number(&mut self) -> Result<u32, Problem> {
        self.skip_space();
        let digits = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (number, rest) = self.0.split_at(digits);
        if digits == 0 {
            return Err(if rest.is_empty() { Problem::Truncated } else { NO_NUMBER });
        }
        self.0 = rest;
        Ok(number.iter().fold(0, |sum: u32, digit| sum.saturating_mul(10).saturating_add(u32::from(digit - b'0'))))
    }

    /// The next digit 0 or 1, after spaces and comments.
    fn bit(&mut self) -> Result<u8, Problem> {
        self.skip_space();
        match self.0 {
            [bit @ (b'0' | b'1'), rest @ ..] => {
                self.0 = rest;
                Ok(bit - b'0')
            }
            [] => Err(Problem::Truncated),
            _ => Err(NO_NUMBER),
        }
    }
}

const NO_NUMBER: Problem = Problem::damaged("there is something else where a number must be");

/// Splitting at the end of a line.
trait Lines {
    /// The first line without its end, and what follows it.
    fn split_once_at_line_end(&self) -> (&[u8], &[u8]);
}

impl Lines for [u8] {
    fn split_once_at_line_end(&self) -> (&[u8], &[u8]) {
        match self.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            Some(end) => (&self[..end], &self[end + 1..]),
            None => (self, &[]),
        }
    }
}

fn preamble(bytes: &[u8]) -> Result<Preamble<'_>, Problem> {
    let (coding, channels) = match bytes.get(1) {
        Some(b'1') => (Coding::TextBits, 1),
        Some(b'2') => (Coding::Text, 1),
        Some(b'3') => (Coding::Text, 3),
        Some(b'4') => (Coding::RawBits, 1),
        Some(b'5') => (Coding::Raw, 1),
        Some(b'6') => (Coding::Raw, 3),
        _ => return arbitrary_map(bytes),
    };
    let mut text = Text(&bytes[2..]);
    let size = Size::new(text.number()?, text.number()?);
    let most = match coding {
        Coding::TextBits | Coding::RawBits => 1,
        Coding::Text | Coding::Raw => within_16_bits(text.number()?)?,
    };
    let data = match (coding, text.0) {
        (Coding::Text | Coding::TextBits, rest) => rest,
        // Exactly one space, since what follows may look like another.
        (_, [space, rest @ ..]) if space.is_ascii_whitespace() => rest,
        (_, []) => &[],
        _ => return Err(NO_NUMBER),
    };
    Ok(Preamble { coding, size, channels, most, data })
}

fn within_16_bits(most: u32) -> Result<u32, Problem> {
    if (1..=65_535).contains(&most) { Ok(most) } else { Err(Problem::damaged("its header makes no sense")) }
}

/// The header of a PAM file: lines of a word and its value.
fn arbitrary_map(bytes: &[u8]) -> Result<Preamble<'_>, Problem> {
    let nonsense = || Problem::damaged("its header makes no sense");
    let mut rest = bytes.get(3..).unwrap_or_default();
    let [mut width, mut height, mut depth, mut most] = [None; 4];
    let mut has_inks = false;
    loop {
        if rest.is_empty() {
            return Err(Problem::Truncated);
        }
        let (line, after) = rest.split_once_at_line_end();
        // The last line of a part of a file may continue.
        let is_last = after.is_empty();
        rest = after;
        let (word, value) = line.split_at(line.iter().position(u8::is_ascii_whitespace).unwrap_or(line.len()));
        let field = match word {
            b"ENDHDR" => break,
            b"WIDTH" => &mut width,
            b"HEIGHT" => &mut height,
            b"DEPTH" => &mut depth,
            b"MAXVAL" => &mut most,
            b"TUPLTYPE" => {
                has_inks |= value.windows(4).any(|four| four == b"CMYK");
                continue;
            }
            [] | [b'#', ..] => continue,
            _ if is_last => return Err(Problem::Truncated),
            _ => return Err(nonsense()),
        };
        *field = Some(Text(value).number().map_err(|_| if is_last { Problem::Truncated } else { nonsense() })?);
    }
    let (Some(width), Some(height), Some(depth), Some(most)) = (width, height, depth, most) else {
        return Err(nonsense());
    };
    if has_inks || !(1..=4).contains(&depth) {
        return Err(Problem::Unsupported("a rare kind of PAM picture"));
    }
    let most = within_16_bits(most)?;
    Ok(Preamble { coding: Coding::Raw, size: Size::new(width, height), channels: depth as usize, most, data: rest })
}

fn probe(bytes: &[u8]) -> Result<Header, Problem> {
    let Preamble { size, channels, most, .. } = preamble(bytes)?;
    let (alpha, mut findings) = (matches!(channels, 2 | 4), Vec::new());
    let native = decoded_to(channels == 1, alpha, most > 255, size, &mut findings);
    Ok(Header {
        format: Format::Pnm,
        size,
        orientation: 1,
        alpha,
        native,
        space: ColorSpace::SRGB,
        animation: None,
        findings,
    })
}

fn decode(bytes: &[u8], header: &Header, _: &DecodeRequest) -> Result<Picture, Problem> {
    if header.is_deep() { decoded::<u16>(bytes, header.size) } else { decoded::<u8>(bytes, header.size) }
}

fn decoded<S: Sample>(bytes: &[u8], size: Size) -> Result<Picture, Problem> {
    let Preamble { coding, channels, most, data, .. } = preamble(bytes)?;
    let (width, count) = (size.width as usize, size.pixels() as usize * channels);
    // Before anything is allocated.
    let least = match coding {
        Coding::Text => count.saturating_mul(2),
        Coding::TextBits => count,
        Coding::Raw => count.saturating_mul(if most > 255 { 2 } else { 1 }),
        Coding::RawBits => width.div_ceil(8) * size.height as usize,
    };
    // The last number needs no space after it.
    if data.len() + usize::from(coding == Coding::Text) < least {
        return Err(Problem::Truncated);
    }
    let mut text = Text(data);
    let light = |bit: u8| if bit == 0 { S::MOST } else { S::default() };
    let samples: Vec<S> = match coding {
        Coding::Text => (0..count).map(|_| Ok(stretched(text.number()?, most))).collect::<Result<_, Problem>>()?,
        Coding::TextBits => (0..count).map(|_| Ok(light(text.bit()?))).collect::<Result<_, Problem>>()?,
        Coding::Raw if most < 256 => data[..count].iter().map(|sample| stretched(u32::from(*sample), most)).collect(),
        Coding::Raw => {
            let wide = data.as_chunks().0[..count].iter().map(|sample| u16::from_be_bytes(*sample));
            wide.map(|sample| stretched(u32::from(sample), most)).collect()
        }
        Coding::RawBits => {
            let rows = data.chunks_exact(width.div_ceil(8)).take(size.height as usize);
            rows.flat_map(|row| (0..width).map(|x| light(row[x / 8] >> (7 - x % 8) & 1))).collect()
        }
    };
    let pixels = match channels {
        2 => {
            let pixel = |&[gray, alpha]: &[S; 2]| [gray, gray, gray, alpha];
            S::pixels(samples.as_chunks().0.iter().flat_map(pixel).collect(), 4)
        }
        _ => S::pixels(samples, channels),
    };
    Ok(Image::new(size, pixels).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Pixels;

    #[test]
    fn only_a_sensible_header_is_one() {
        for file in ["P6 3 2 255\n", "P1\n# made by hand\n2", "P5\n1 1\n65535\n", "P7\nWIDTH 3\nHEI", "P4 #", "P2 12 "]
        {
            assert!(sniff(file.as_bytes()), "{file:?}");
        }
        for file in
            ["P6", "P8 3 2", "P1a", "P3 of 4 parts", "P5 3 2 0\n", "P5 3 2 65536\n", "P7 332\n", "P7\nwhat is\nthis"]
        {
            assert!(!sniff(file.as_bytes()), "{file:?}");
        }
    }

    #[test]
    fn numbers_may_have_comments_between_them_and_none_after_them() {
        let read = |file: &str| {
            let header = probe(file.as_bytes())?;
            decode(file.as_bytes(), &header, &DecodeRequest::whole(&header)).map(|picture| picture.image.pixels)
        };
        let gray = read("P2 # a comment\n3#another\n1 7\r\n0 #light\n3\t9").expect("sound");
        assert_eq!(gray, Pixels::Gray(vec![0, 109, 255]));
        assert_eq!(read("P1\n5 1\n01 1#\n01").expect("sound"), Pixels::Gray(vec![255, 0, 0, 255, 0]));
        assert!(matches!(read("P2 2 1 7 5 "), Err(Problem::Truncated)));
        assert!(matches!(read("P1 2 1 0 7"), Err(Problem::Damaged(_))));
    }
}
