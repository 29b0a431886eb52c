//! GIF 87a and 89a, read only: the first frame on its logical screen, transparent where the frame does not reach.

use std::io::Cursor;

use ::gif::{ColorOutput, DecodeOptions, DecodingError, MemoryLimit};

use super::{Codec, DecodeRequest, Format, Header, MAX_PIXELS, MAX_SIDE, Picture, Problem};
use crate::image::convert::drop_alpha;
use crate::image::{Image, Pixels, Representation, Representations, Size};

pub(super) const CODEC: Codec = Codec { probe, decode, encode: None };

pub(super) fn sniff(bytes: &[u8]) -> bool {
    bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a")
}

/// Reads forward through a file's bytes.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], Problem> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Problem::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, Problem> {
        Ok(self.take(1)?[0])
    }

    fn short(&mut self) -> Result<u32, Problem> {
        let bytes = self.take(2)?;
        Ok(u32::from(bytes[0]) | u32::from(bytes[1]) << 8)
    }

    /// Skips a color table whose size stands in the low bits of `flags`, if there is one.
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
    let size = Size::new(reader.short()?, reader.short()?);
    let flags = reader.byte()?;
    reader.take(2)?;
    reader.color_table(flags)?;

    let mut transparent = false;
    loop {
        match reader.byte()? {
            // An extension: the graphic control says whether a color is transparent.
            0x21 => {
                let label = reader.byte()?;
                loop {
                    let length = reader.byte()?;
                    let block = reader.take(usize::from(length))?;
                    if label == 0xf9 && length == 4 {
                        transparent = block[0] & 1 != 0;
                    }
                    if length == 0 {
                        break;
                    }
                }
            }
            0x2c => break,
            0x3b => return Err(Problem::damaged("it holds no picture")),
            _ => return Err(Problem::damaged("a block of unknown kind stands before its picture")),
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
    let covered = left == 0 && top == 0 && frame.width >= size.width && frame.height >= size.height;
    let alpha = transparent || !covered;
    Ok(Header {
        format: Format::Gif,
        size,
        orientation: 1,
        alpha,
        native: Representations::of(if alpha { &[Representation::Rgba] } else { &[Representation::Rgb] }),
        icc: None,
    })
}

fn problem(error: DecodingError) -> Problem {
    match error {
        DecodingError::UnexpectedEof => Problem::Truncated,
        DecodingError::Io(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Problem::Truncated,
        error => Problem::damaged(error),
    }
}

fn decode(bytes: &[u8], header: &Header, _: &DecodeRequest) -> Result<Picture, Problem> {
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::RGBA);
    options.allow_unknown_blocks(true);
    // Sides were judged from the header; the decoder's own limit is for one row of work.
    options.set_memory_limit(MemoryLimit::Unlimited);
    let mut decoder = options.read_info(Cursor::new(bytes)).map_err(problem)?;
    let frame = decoder.next_frame_info().map_err(problem)?.ok_or(Problem::Truncated)?;
    let [left, top, width, height] = [frame.left, frame.top, frame.width, frame.height].map(usize::from);
    if width as u64 * height as u64 > MAX_PIXELS {
        return Err(Problem::damaged("its header changed"));
    }
    let mut frame = vec![0; width * height * 4];
    decoder.read_into_buffer(&mut frame).map_err(problem)?;

    let screen = Size::new(u32::from(decoder.width()), u32::from(decoder.height()));
    let rgba = if (left, top) == (0, 0) && header.size == Size::new(width as u32, height as u32) {
        frame
    } else {
        placed(&frame, [left, top, width, height], screen)
    };
    let pixels = if header.alpha { Pixels::Rgba(rgba) } else { Pixels::Rgb(drop_alpha(&rgba)) };
    Ok(Image { size: screen, pixels, icc: None }.into())
}

/// A frame on its transparent screen; what juts out is cut off.
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
