//! GIF 87a and 89a. Frames are shown on the logical screen, which is transparent outside of them.

use std::io::{Chain, Cursor};
use std::time::Duration;

use ::gif::{ColorOutput, DecodeOptions, Decoder, DecodingError, DisposalMethod, MemoryLimit};

use super::animation::canvas::{Blend, Canvas, Disposal, Part};
use super::animation::{Animation, AnimationCodec, Frames, Open};
use super::icc::{Samples, accept, or_note};
use super::reader::Reader;
use super::{
    Bytes, Codec, DecodeRequest, Format, Header, MAX_METADATA, MAX_PIXELS, MAX_SIDE, Picture, Problem, Reading,
};
use crate::image::convert::drop_alpha;
use crate::image::{Image, Pixels, Representation, Representations, Size};

mod metadata;
mod write;

pub(super) use metadata::blocks;

pub(super) const CODEC: Codec = Codec {
    reading: Reading::Pieces { probe, decode },
    encode: Some(write::encode),
    strip: None,
    animation: Some(AnimationCodec { frames: Open::Pieces(frames), animate: Some(write::animate) }),
};
/// Raise it when any decoded pixel or written byte changes.
pub(super) const VERSION: &str = "1.3.1";

/// The block with a color profile (ICC.1:2022, B.6).
const PROFILE: &[u8; 11] = b"ICCRGBG1012";
/// The blocks that say how often an animation is played.
const PLAYS: [&[u8; 11]; 2] = [b"NETSCAPE2.0", b"ANIMEXTS1.0"];

pub(super) fn sniff(bytes: &[u8]) -> bool {
    bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a")
}

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Result<u8, Problem> {
        let [byte] = self.take(1)?.array(0).ok_or(Problem::Truncated)?;
        Ok(byte)
    }

    fn short(&mut self) -> Result<u32, Problem> {
        let bytes = self.take(2)?.array(0).ok_or(Problem::Truncated)?;
        Ok(u32::from(u16::from_le_bytes(bytes)))
    }

    /// Skips the color table, if there is one; the low bits of `flags` hold its size.
    fn color_table(&mut self, flags: u8) -> Result<(), Problem> {
        if flags & 0x80 != 0 {
            self.take(3 << ((flags & 7) + 1))?;
        }
        Ok(())
    }

    /// The next block of data of at most 255 bytes; `None` if there are no more.
    fn data(&mut self) -> Result<Option<Bytes<'a>>, Problem> {
        match self.byte()? {
            0 => Ok(None),
            length => self.take(u64::from(length)).map(Some),
        }
    }
}

/// What the blocks of a file say.
struct Outline {
    screen: Size,
    /// Where the first frame lies.
    first: Option<Part>,
    /// Whether something within the first frame's place may be transparent at some time.
    has_holes: bool,
    profile: Option<Vec<u8>>,
    frames: u32,
    /// How often they are played; 0 means without end.
    plays: u32,
}

impl Outline {
    /// Reads all blocks; what follows the first frame, as far as it is intact.
    fn of(bytes: Bytes<'_>) -> Result<Self, Problem> {
        let mut reader = Reader(bytes);
        reader.take(6)?;
        let screen = Size::new(reader.short()?, reader.short()?);
        let flags = reader.byte()?;
        reader.take(2)?;
        reader.color_table(flags)?;
        let mut outline = Self { screen, first: None, has_holes: false, profile: None, frames: 0, plays: 1 };
        loop {
            match outline.block(&mut reader) {
                Ok(true) => {}
                Ok(false) => return Ok(outline),
                Err(problem) if outline.frames == 0 => return Err(problem),
                Err(_) => return Ok(outline),
            }
        }
    }

    /// Reads a block and says whether others may follow.
    fn block(&mut self, reader: &mut Reader<'_>) -> Result<bool, Problem> {
        match reader.byte()? {
            0x21 => self.extension(reader)?,
            0x2c => {
                let [left, top] = [reader.short()?, reader.short()?];
                let size = Size::new(reader.short()?, reader.short()?);
                self.first.get_or_insert(Part { left, top, size });
                if self.frames == 0 {
                    check(size)?;
                }
                let flags = reader.byte();
                self.frames += 1;
                reader.color_table(flags?)?;
                reader.byte()?;
                while reader.data()?.is_some() {}
            }
            0x3b if self.frames == 0 => return Err(Problem::damaged("it contains no picture")),
            _ if self.frames == 0 => return Err(Problem::damaged("it has an unknown block before its picture")),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn extension(&mut self, reader: &mut Reader<'_>) -> Result<(), Problem> {
        let label = reader.byte()?;
        let mut name: Option<[u8; 11]> = None;
        let mut is_first = true;
        while let Some(data) = reader.data()? {
            let data = &*data.load();
            match (label, name) {
                (0xf9, _) if is_first => {
                    if let &[flags, ..] = data {
                        let disposal = flags >> 2 & 7;
                        let begins = self.frames == 0;
                        self.has_holes |= begins && flags & 1 != 0 || disposal == 2 || begins && disposal == 3;
                    }
                }
                (0xff, None) if is_first => name = data.first_chunk().copied().filter(|_| data.len() == 11),
                (0xff, Some(name)) if &name == PROFILE && self.frames == 0 => {
                    let profile = self.profile.get_or_insert_default();
                    if profile.len() <= MAX_METADATA {
                        profile.extend_from_slice(data);
                    }
                }
                (0xff, Some(name)) if PLAYS.contains(&&name) => {
                    if let &[1, low, high, ..] = data {
                        // It is the number of repetitions, as browsers take it.
                        let repetitions = u32::from(low) | u32::from(high) << 8;
                        self.plays = if repetitions == 0 { 0 } else { repetitions + 1 };
                    }
                }
                _ => {}
            }
            is_first = false;
        }
        Ok(())
    }
}

/// Checks the size of the first frame.
fn check(frame: Size) -> Result<(), Problem> {
    let Size { width, height } = frame;
    if width == 0 || height == 0 {
        return Err(Problem::Empty(width, height));
    }
    if width > MAX_SIDE || height > MAX_SIDE || frame.pixels() > MAX_PIXELS {
        return Err(Problem::TooLarge(width, height));
    }
    Ok(())
}

fn probe(bytes: Bytes<'_>) -> Result<Header, Problem> {
    let Outline { screen, first, has_holes, profile, frames, plays } = Outline::of(bytes)?;
    let Some(Part { left, top, size: frame }) = first else {
        return Err(Problem::damaged("it contains no picture"));
    };
    // A first frame that exceeds the screen enlarges it, as in browsers.
    let size = Size::new(screen.width.max(left + frame.width), screen.height.max(top + frame.height));
    let alpha = has_holes || frame != size;
    let mut findings = Vec::new();
    let space = or_note(profile.map_or(Ok(None), |profile| accept(&profile, Samples::Rgb)), &mut findings);
    Ok(Header {
        format: Format::Gif,
        size,
        orientation: 1,
        alpha,
        native: Representations::of(if alpha { &[Representation::Rgba] } else { &[Representation::Rgb] }),
        space,
        animation: (frames > 1).then_some(Animation { frames: Some(frames), plays }),
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

/// The file with a palette added if the first frame has none, neither its own nor the screen's: all black, as in
/// Chromium's decoder (Wuffs).
fn with_palette(bytes: Bytes<'_>) -> File<'_> {
    use std::io::Read;
    const START: usize = 13;
    let (start, rest) = match bytes.array::<START>(0) {
        Some(mut start) if start[10] & 0x80 == 0 => {
            start[10] |= 0x87;
            let mut start = start.to_vec();
            start.resize(START + 3 * 256, 0);
            (start, bytes.part(START as u64, u64::MAX))
        }
        _ => (Vec::new(), bytes),
    };
    Cursor::new(start).chain(Reader(rest))
}

/// A changed start, and the rest.
type File<'a> = Chain<Cursor<Vec<u8>>, Reader<'a>>;

fn decode(bytes: Bytes<'_>, header: &Header, _: &DecodeRequest) -> Result<Picture, Problem> {
    let (pixels, _) = Screen::new(bytes, header)?.next()?.ok_or(Problem::Truncated)?;
    Ok(Image::new(header.size, pixels).into())
}

fn frames<'a>(bytes: Bytes<'a>, header: &Header) -> Result<Box<dyn Frames + 'a>, Problem> {
    Ok(Box::new(Screen::new(bytes, header)?))
}

/// The logical screen, and what draws on it.
struct Screen<'a> {
    decoder: Decoder<File<'a>>,
    canvas: Canvas<u8>,
    alpha: bool,
}

impl<'a> Screen<'a> {
    fn new(bytes: Bytes<'a>, header: &Header) -> Result<Self, Problem> {
        let mut options = DecodeOptions::new();
        options.set_color_output(ColorOutput::RGBA);
        options.allow_unknown_blocks(true);
        // The size was checked with the header; the decoder's own limit applies to one row.
        options.set_memory_limit(MemoryLimit::Unlimited);
        // A global palette is harmless if the frame has its own.
        let decoder = options.read_info(with_palette(bytes)).map_err(problem)?;
        Ok(Self { decoder, canvas: Canvas::new(header.size), alpha: header.alpha })
    }
}

impl Frames for Screen<'_> {
    fn next(&mut self) -> Result<Option<(Pixels, Duration)>, Problem> {
        let Some(frame) = self.decoder.next_frame_info().map_err(problem)? else { return Ok(None) };
        let [left, top, width, height] = [frame.left, frame.top, frame.width, frame.height].map(u32::from);
        let part = Part { left, top, size: Size::new(width, height) };
        let delay = Duration::from_millis(u64::from(frame.delay) * 10);
        let disposal = match frame.dispose {
            DisposalMethod::Any | DisposalMethod::Keep => Disposal::Keep,
            DisposalMethod::Background => Disposal::Clear,
            DisposalMethod::Previous => Disposal::Restore,
        };
        check(part.size)?;
        let mut samples = vec![0; part.size.pixels() as usize * 4];
        self.decoder.read_into_buffer(&mut samples).map_err(problem)?;
        let shown = self.canvas.draw(&samples, part, Blend::Over, disposal);
        let pixels = if self.alpha { Pixels::Rgba(shown.to_vec()) } else { Pixels::Rgb(drop_alpha(shown)) };
        Ok(Some((pixels, delay)))
    }
}
