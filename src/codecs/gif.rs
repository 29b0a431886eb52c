//! GIF 87a and 89a, read only: the first frame on its logical screen, transparent outside the frame.

use std::borrow::Cow;
use std::io::Cursor;

use ::gif::{ColorOutput, DecodeOptions, DecodingError, MemoryLimit};

use super::icc::{Samples, accept, or_note};
use super::reader::Reader;
use super::{Codec, DecodeRequest, Finding, Format, Header, MAX_METADATA, MAX_PIXELS, MAX_SIDE, Picture, Problem};
use crate::image::convert::drop_alpha;
use crate::image::{Image, Pixels, Representation, Representations, Size};

mod metadata;

pub(super) use metadata::blocks;

pub(super) const CODEC: Codec = Codec { probe, decode, encode: None, strip: None };
/// Raise it when any decoded pixel or written byte changes.
pub(super) const VERSION: &str = "1.2.0";

pub(super) fn sniff(bytes: &[u8]) -> bool {
    bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a")
}

impl Reader<'_> {
    fn byte(&mut self) -> Result<u8, Problem> {
        Ok(self.take(1)?[0])
    }

    fn short(&mut self) -> Result<u32, Problem> {
        let bytes = self.take(2)?;
        Ok(u32::from(bytes[0]) | u32::from(bytes[1]) << 8)
    }

    /// Skips the color table, if there is one; the low bits of `flags` hold its size.
    fn color_table(&mut self, flags: u8) -> Result<(), Problem> {
        if flags & 0x80 != 0 {
            self.take(3 << ((flags & 7) + 1))?;
        }
        Ok(())
    }
}

fn probe(bytes: &[u8]) -> Result<Header, Problem> {
    let mut reader = Reader(bytes);
    reader.take(6)?;
    let screen = Size::new(reader.short()?, reader.short()?);
    let flags = reader.byte()?;
    reader.take(2)?;
    reader.color_table(flags)?;

    let mut transparent = false;
    let mut profile: Option<Vec<u8>> = None;
    loop {
        match reader.byte()? {
            // An extension: the graphic control extension says whether a color is transparent, and an application extension
            // with this name holds a profile (ICC.1:2022, B.6).
            0x21 => {
                let label = reader.byte()?;
                let mut is_profile = false;
                for index in 0_usize.. {
                    let length = reader.byte()?;
                    let block = reader.take(usize::from(length))?;
                    if label == 0xf9 && length == 4 {
                        transparent = block[0] & 1 != 0;
                    }
                    if length == 0 {
                        break;
                    }
                    if index == 0 {
                        is_profile = label == 0xff && block == b"ICCRGBG1012" && profile.is_none();
                    } else if is_profile {
                        let profile = profile.get_or_insert_default();
                        if profile.len() <= MAX_METADATA {
                            profile.extend_from_slice(block);
                        }
                    }
                }
            }
            0x2c => break,
            0x3b => return Err(Problem::damaged("it contains no picture")),
            _ => return Err(Problem::damaged("it has an unknown block before its picture")),
        }
    }
    let [left, top] = [reader.short()?, reader.short()?];
    let frame = Size::new(reader.short()?, reader.short()?);
    if frame.width == 0 || frame.height == 0 {
        return Err(Problem::Empty(frame.width, frame.height));
    }
    if frame.width > MAX_SIDE || frame.height > MAX_SIDE || frame.pixels() > MAX_PIXELS {
        return Err(Problem::TooLarge(frame.width, frame.height));
    }
    // A first frame that exceeds the screen enlarges it, as in browsers.
    let size = Size::new(screen.width.max(left + frame.width), screen.height.max(top + frame.height));
    let covered = frame == size;
    let alpha = transparent || !covered;
    let mut findings = Vec::new();
    let space = or_note(profile.map_or(Ok(None), |profile| accept(&profile, Samples::Rgb)), &mut findings);
    Ok(Header {
        format: Format::Gif,
        size,
        orientation: 1,
        alpha,
        native: Representations::of(if alpha { &[Representation::Rgba] } else { &[Representation::Rgb] }),
        space,
        findings,
    })
}

fn problem(error: DecodingError) -> Problem {
    match error {
        DecodingError::UnexpectedEof => Problem::Truncated,
        DecodingError::Io(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Problem::Truncated,
        _ => Problem::damaged("its pixel data cannot be unpacked"),
    }
}

/// Number of frames in the intact part of the file.
fn frames(bytes: &[u8]) -> u32 {
    let mut reader = Reader(bytes);
    let mut count = 0;
    let mut walk = || -> Result<(), Problem> {
        reader.take(10)?;
        let flags = reader.byte()?;
        reader.take(2)?;
        reader.color_table(flags)?;
        loop {
            match reader.byte()? {
                0x21 => {
                    reader.byte()?;
                }
                0x2c => {
                    reader.take(8)?;
                    let flags = reader.byte()?;
                    reader.color_table(flags)?;
                    reader.byte()?;
                    count += 1;
                }
                _ => return Ok(()),
            }
            loop {
                let length = reader.byte()?;
                if length == 0 {
                    break;
                }
                reader.take(usize::from(length))?;
            }
        }
    };
    // If the file ends early, the frames up to there are counted.
    let _ends_early = walk();
    count
}

/// The file with a palette added if the first frame has none, neither its own nor the screen's: all black, as in
/// Chromium's decoder (Wuffs).
fn with_palette(bytes: &[u8]) -> Cow<'_, [u8]> {
    match bytes.get(10) {
        Some(flags) if flags & 0x80 == 0 && bytes.len() >= 13 => {
            let mut file = bytes[..13].to_vec();
            file[10] |= 0x87;
            file.resize(13 + 3 * 256, 0);
            file.extend_from_slice(&bytes[13..]);
            Cow::Owned(file)
        }
        _ => Cow::Borrowed(bytes),
    }
}

fn decode(bytes: &[u8], header: &Header, _: &DecodeRequest) -> Result<Picture, Problem> {
    // A global palette is harmless if the frame has its own.
    let file = with_palette(bytes);
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::RGBA);
    options.allow_unknown_blocks(true);
    // The size was checked with the header; the decoder's own limit applies to one row.
    options.set_memory_limit(MemoryLimit::Unlimited);
    let mut decoder = options.read_info(Cursor::new(&file[..])).map_err(problem)?;
    let frame = decoder.next_frame_info().map_err(problem)?.ok_or(Problem::Truncated)?;
    let [left, top, width, height] = [frame.left, frame.top, frame.width, frame.height].map(usize::from);
    if width as u64 * height as u64 > MAX_PIXELS {
        return Err(Problem::damaged("its header changed"));
    }
    let mut frame = vec![0; width * height * 4];
    decoder.read_into_buffer(&mut frame).map_err(problem)?;

    let rgba = if (left, top) == (0, 0) && header.size == Size::new(width as u32, height as u32) {
        frame
    } else {
        placed(&frame, [left, top, width, height], header.size)
    };
    let pixels = if header.alpha { Pixels::Rgba(rgba) } else { Pixels::Rgb(drop_alpha(&rgba)) };
    let count = frames(bytes);
    let findings = if count > 1 { vec![Finding::FirstFrame(count)] } else { Vec::new() };
    Ok(Picture { image: Image::new(header.size, pixels), findings, is_scaled: false })
}

/// A frame on its transparent screen.
fn placed(frame: &[u8], [left, top, width, height]: [usize; 4], screen: Size) -> Vec<u8> {
    let (columns, rows) = (screen.width as usize, screen.height as usize);
    let mut rgba = vec![0; columns * rows * 4];
    let shown = width.min(columns.saturating_sub(left)) * 4;
    if shown > 0 {
        let screen_rows = rgba.chunks_exact_mut(columns * 4).skip(top);
        for (out, row) in screen_rows.zip(frame.chunks_exact(width * 4)).take(height) {
            out[left * 4..][..shown].copy_from_slice(&row[..shown]);
        }
    }
    rgba
}
