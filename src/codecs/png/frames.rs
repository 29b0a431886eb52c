//! Animated PNG (W3C PNG, third edition, chapter 11.3.6): reading frames, and writing those parts of them that changed.

use std::borrow::Cow;
use std::io::Cursor;
use std::time::Duration;

use ::png::{
    BitDepth, BlendOp, ColorType, Compression, Decoder, DisposeOp, FrameControl, Info, Reader, Transformations,
};

use super::super::animation::canvas::{Blend, Canvas, Disposal, Part};
use super::super::animation::changes::changed;
use super::super::animation::{self, Animation, AnimationCodec, Clock, Frame, FrameWriter, Frames, Open};
use super::super::decoders::Decoders;
use super::super::samples::stretched;
use super::super::{EncodeRequest, Encoded, Encoders, Format, Header, Problem};
use super::color::ColorChunks;
use super::strip::put;
use super::{Packing, SIGNATURE, chunks, problem, without_unfit_chunks, written};
use crate::color::ToneMap;
use crate::error::Failure;
use crate::image::convert::{convert, drop_alpha};
use crate::image::depth::Sample;
use crate::image::{Image, Pixels, Representation, Size};

pub(super) const CODEC: AnimationCodec = AnimationCodec { frames: Open::Whole(frames), animate: Some(animate) };

/// What the chunks in front of the first picture, and those of every frame, say.
#[derive(Default)]
pub(super) struct Outline {
    frames: u32,
    plays: u32,
    /// Whether something may be transparent at some time because of how frames are placed.
    pub(super) has_holes: bool,
}

impl Outline {
    /// Reads an `acTL` chunk in front of the first picture.
    pub(super) fn begin(&mut self, data: &[u8]) {
        if let (&[f0, f1, f2, f3, p0, p1, p2, p3], 0) = (data, self.frames) {
            (self.frames, self.plays) = (u32::from_be_bytes([f0, f1, f2, f3]), u32::from_be_bytes([p0, p1, p2, p3]));
        }
    }

    /// Reads an `fcTL` chunk, with the header's width and height in its notation.
    pub(super) fn frame(&mut self, data: &[u8], canvas: [u8; 8]) {
        const DISPOSAL: usize = 24;
        let is_first = data.get(..4) == Some(&[0; 4]);
        let covers = data.get(4..20) == Some(&[canvas, [0; 8]].concat());
        let disposal = data.get(DISPOSAL).copied().unwrap_or_default();
        self.has_holes |= disposal == 1 || is_first && (!covers || disposal == 2);
    }

    pub(super) fn animation(&self) -> Option<Animation> {
        (self.frames > 1).then_some(Animation { frames: Some(self.frames), plays: self.plays })
    }
}

fn frames<'a>(bytes: &'a [u8], header: &Header, _: &'a dyn Decoders) -> Result<Box<dyn Frames + 'a>, Problem> {
    match header.is_deep() {
        true => opened::<u16>(bytes, header),
        false => opened::<u8>(bytes, header),
    }
}

fn opened<'a, S: Sample>(bytes: &'a [u8], header: &Header) -> Result<Box<dyn Frames + 'a>, Problem> {
    let tone_map = ColorChunks::of(bytes).tone_map();
    let file = without_unfit_chunks(bytes);
    let mut decoder = Decoder::new(Cursor::new(file));
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    decoder.set_transformations(Transformations::EXPAND);
    let mut reader = decoder.read_info().map_err(|error| problem(&error, bytes))?;
    let length = reader.output_buffer_size().ok_or(Problem::TooLarge(header.size.width, header.size.height))?;
    let mut buffer = vec![0; length];
    let left = header.animation.and_then(|animation| animation.frames).unwrap_or(1);
    let is_part = reader.info().frame_control.is_some();
    if !is_part {
        // The picture for programs that do not know animations.
        reader.next_frame(&mut buffer).map_err(|error| problem(&error, bytes))?;
    }
    let canvas = Canvas::<S>::new(header.size);
    Ok(Box::new(Animated { bytes, reader, buffer, canvas, tone_map, alpha: header.alpha, left, is_at_frame: is_part }))
}

struct Animated<'a, S> {
    bytes: &'a [u8],
    reader: Reader<Cursor<Cow<'a, [u8]>>>,
    /// As large as a whole frame.
    buffer: Vec<u8>,
    canvas: Canvas<S>,
    tone_map: Option<ToneMap>,
    alpha: bool,
    /// Frames that have not been read yet.
    left: u32,
    /// Whether the reader is at the data of the next frame.
    is_at_frame: bool,
}

impl<S: Sample> Frames for Animated<'_, S> {
    fn next(&mut self) -> Result<Option<(Pixels, Duration)>, Problem> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        let failed = |error| problem(&error, self.bytes);
        let control = match std::mem::take(&mut self.is_at_frame) {
            true => self.reader.info().frame_control.ok_or(Problem::Truncated)?,
            false => *self.reader.next_frame_info().map_err(failed)?,
        };
        let info = self.reader.next_frame(&mut self.buffer).map_err(failed)?;
        // The decoder places the rows of interlaced frames as if each were as wide as the canvas.
        let line = match self.reader.info().interlaced {
            true => self.reader.output_line_size(self.reader.info().width).unwrap_or(info.line_size),
            false => info.line_size,
        };
        let rows = self.buffer.chunks(line).take(info.height as usize);
        let mut samples = Vec::with_capacity(info.width as usize * info.height as usize * 4);
        for row in rows {
            expand(&row[..info.line_size], info.color_type, info.bit_depth, self.tone_map.as_ref(), &mut samples)?;
        }
        let (part, blend, disposal, delay) = placed(&control);
        let shown = self.canvas.draw(&samples, part, blend, disposal);
        let pixels = if self.alpha { S::pixels(shown.to_vec(), 4) } else { S::pixels(drop_alpha(shown), 3) };
        Ok(Some((pixels, delay)))
    }
}

fn placed(control: &FrameControl) -> (Part, Blend, Disposal, Duration) {
    let size = Size::new(control.width, control.height);
    let part = Part { left: control.x_offset, top: control.y_offset, size };
    let blend = match control.blend_op {
        BlendOp::Source => Blend::Source,
        BlendOp::Over => Blend::Over,
    };
    let disposal = match control.dispose_op {
        DisposeOp::None => Disposal::Keep,
        DisposeOp::Background => Disposal::Clear,
        DisposeOp::Previous => Disposal::Restore,
    };
    // No unit means hundredths of a second.
    let unit = if control.delay_den == 0 { 100 } else { u64::from(control.delay_den) };
    (part, blend, disposal, Duration::from_micros(u64::from(control.delay_num) * 1_000_000 / unit))
}

/// Adds a row as R′G′B′A.
fn expand<S: Sample>(
    row: &[u8],
    color: ColorType,
    depth: BitDepth,
    tone_map: Option<&ToneMap>,
    out: &mut Vec<S>,
) -> Result<(), Problem> {
    let bytes = if depth == BitDepth::Sixteen { 2 } else { 1 };
    for pixel in row.chunks_exact(color.samples() * bytes) {
        let wide = |i: usize| match bytes {
            2 => u16::from_be_bytes([pixel[2 * i], pixel[2 * i + 1]]),
            _ => u16::from(pixel[i]) * 257,
        };
        let sample = |i: usize| match bytes {
            2 => stretched(u32::from(wide(i)), u32::from(u16::MAX)),
            _ => S::of_byte(pixel[i]),
        };
        let colors = |[r, g, b]: [usize; 3]| match tone_map {
            Some(tone_map) if r != g => tone_map.color([r, g, b].map(wide)).map(S::of_byte),
            _ => [r, g, b].map(sample),
        };
        let ([r, g, b], alpha) = match color {
            ColorType::Grayscale => (colors([0, 0, 0]), S::MOST),
            ColorType::GrayscaleAlpha => (colors([0, 0, 0]), sample(1)),
            ColorType::Rgb => (colors([0, 1, 2]), S::MOST),
            ColorType::Rgba => (colors([0, 1, 2]), sample(3)),
            ColorType::Indexed => return Err(Problem::damaged("its palette is missing")),
        };
        out.extend_from_slice(&[r, g, b, alpha]);
    }
    Ok(())
}

fn animate<'a>(request: &EncodeRequest, plays: u32, _: Option<&'a dyn Encoders>) -> Box<dyn FrameWriter + 'a> {
    let (effort, keeps_depth) = (request.effort, request.writes_deep());
    Box::new(Writer { effort, keeps_depth, plays, clock: Clock::default(), begun: None })
}

/// A frame as it is stored.
struct Stored {
    part: Part,
    /// In milliseconds.
    ticks: u64,
    /// The compressed samples.
    data: Vec<u8>,
}

impl Stored {
    /// The frame, of which nothing is left here.
    fn taken(&mut self) -> Self {
        Self { part: self.part, ticks: self.ticks, data: std::mem::take(&mut self.data) }
    }
}

/// A file that has been begun.
struct Begun {
    size: Size,
    color: ColorType,
    /// Whether samples have 16 bits.
    is_deep: bool,
    /// All but the last frame so far. How many there are is not known yet.
    file: Vec<u8>,
    /// Where the chunk begins that says how many frames there are.
    counts: usize,
    frames: u32,
    /// The number of the next chunk of a frame.
    sequence: u32,
    /// The last frame, which is shown longer if the next one is the same.
    last: Stored,
    /// What is shown, in R′G′B′A.
    shown: Pixels,
}

impl Begun {
    fn number(&mut self) -> [u8; 4] {
        self.sequence += 1;
        (self.sequence - 1).to_be_bytes()
    }

    /// Writes a frame. `None` if it is too long for the format.
    fn store(&mut self, Stored { part, ticks, data }: Stored) -> Option<()> {
        let mut control = Vec::from(self.number());
        for side in [part.size.width, part.size.height, part.left, part.top] {
            control.extend_from_slice(&side.to_be_bytes());
        }
        control.extend_from_slice(&u16::try_from(ticks).unwrap_or(u16::MAX).to_be_bytes());
        control.extend_from_slice(&1000_u16.to_be_bytes());
        // The frame stays, and replaces what was there.
        control.extend_from_slice(&[0, 0]);
        put(&mut self.file, *b"fcTL", &control)?;
        self.frames += 1;
        match self.frames {
            1 => put(&mut self.file, *b"IDAT", &data),
            _ => {
                let numbered = [&self.number(), &*data].concat();
                put(&mut self.file, *b"fdAT", &numbered)
            }
        }
    }

    /// The finished file.
    fn finished(mut self, plays: u32) -> Option<Vec<u8>> {
        let last = self.last.taken();
        self.store(last)?;
        put(&mut self.file, *b"IEND", &[])?;
        let mut counts = Vec::new();
        put(&mut counts, *b"acTL", &[self.frames.to_be_bytes(), plays.to_be_bytes()].concat())?;
        self.file[self.counts..][..counts.len()].copy_from_slice(&counts);
        Some(self.file)
    }
}

struct Writer {
    effort: Option<u8>,
    /// Whether the file has 16 bits a sample if the first frame has.
    keeps_depth: bool,
    plays: u32,
    clock: Clock,
    begun: Option<Begun>,
}

impl FrameWriter for Writer {
    fn add(&mut self, Frame { image, delay }: Frame) -> Result<(), Failure> {
        let color = match image.representation() {
            Representation::Rgba | Representation::Rgba16 => ColorType::Rgba,
            _ => ColorType::Rgb,
        };
        let is_deep = self.keeps_depth && image.representation().is_deep();
        let size = image.size;
        let (color, is_deep, before) = match &self.begun {
            Some(begun) if begun.size != size => return Err(animation::other_size(begun.size, size)),
            Some(begun) => (begun.color, begun.is_deep, Some(&begun.shown)),
            None => (color, is_deep, None),
        };
        let image = convert(image, if is_deep { Representation::Rgba16 } else { Representation::Rgba });
        let icc = image.space.icc().cloned();
        let ticks = self.clock.tick(delay, 1);
        let difference = if is_deep { difference::<u16> } else { difference::<u8> };
        let Some((part, samples)) = difference(before, &image, color) else {
            if let Some(begun) = &mut self.begun {
                begun.last.ticks += ticks;
            }
            return Ok(());
        };
        let now = image.pixels;
        let mut info = Info::with_size(part.size.width, part.size.height);
        (info.color_type, info.bit_depth) = (color, if is_deep { BitDepth::Sixteen } else { BitDepth::Eight });
        if self.begun.is_none() {
            info.icc_profile = icc.map(|profile| Cow::Owned(profile.to_vec()));
        }
        let file = written(info, &samples, Packing::of(self.effort, Compression::Balanced))?;
        let data = chunks(&file).filter(|(kind, _)| kind == b"IDAT").flat_map(|(_, data)| data).copied().collect();
        let stored = Stored { part, ticks, data };
        match &mut self.begun {
            Some(begun) => {
                let last = std::mem::replace(&mut begun.last, stored);
                begun.store(last).ok_or_else(too_long)?;
                begun.shown = now;
            }
            None => {
                let mut head = SIGNATURE.to_vec();
                for (kind, data) in chunks(&file).take_while(|(kind, _)| kind != b"IDAT") {
                    put(&mut head, kind, data).ok_or_else(too_long)?;
                }
                let counts = head.len();
                put(&mut head, *b"acTL", &[0; 8]).ok_or_else(too_long)?;
                let (frames, sequence, last, shown) = (0, 0, stored, now);
                self.begun = Some(Begun { size, color, is_deep, file: head, counts, frames, sequence, last, shown });
            }
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Encoded, Failure> {
        let begun = self.begun.ok_or_else(animation::no_frames)?;
        let bytes = begun.finished(self.plays).ok_or_else(too_long)?;
        Ok(Encoded { bytes, format: Format::Png, encoder: "png 0.18.1" })
    }
}

/// The part of a canvas in which it differs from the one before, which is all of the first one, with its samples as they are stored; `None`
/// if they are equal. Both canvases have samples of this depth and alpha.
fn difference<S: Sample>(before: Option<&Pixels>, image: &Image, color: ColorType) -> Option<(Part, Vec<u8>)> {
    let (now, _) = S::interleaved(&image.pixels)?;
    let part = match before.and_then(S::interleaved) {
        Some((before, _)) => changed(before, now, image.size)?,
        None => Part { left: 0, top: 0, size: image.size },
    };
    let mut samples: Vec<S> = part.rows(image.size.width).flat_map(|row| &now[row]).copied().collect();
    if color == ColorType::Rgb {
        samples = drop_alpha(&samples);
    }
    let bytes = samples.into_iter().flat_map(|sample| {
        let bytes = (sample.index() as u16).to_be_bytes();
        bytes.into_iter().skip(if S::COUNT > 1 << 8 { 0 } else { 1 })
    });
    Some((part, bytes.collect()))
}

fn too_long() -> Failure {
    Failure::execute("A frame is too large for a PNG file.", "Make the picture smaller.")
}
