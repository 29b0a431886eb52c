//! Animated WebP (RFC 9649, section 2.7.1): reading frames, and writing those parts of them that changed.

use std::borrow::Cow;
use std::io::Cursor;
use std::time::Duration;

use image_webp::{DecodingError, LoopCount, WebPDecoder};

use super::super::animation::canvas::Part;
use super::super::animation::changes::changed;
use super::super::animation::{self, Animation, AnimationCodec, Clock, Frame, FrameWriter, Frames, Open};
use super::super::decoders::Decoders;
use super::super::{EncodeRequest, Encoded, Encoders, Format, Header, Problem};
use super::{ALPHA, PROFILE, chunks, picture, problem, push, sealed, tidied, within_limits};
use crate::error::Failure;
use crate::image::convert::convert;
use crate::image::{Image, Pixels, Representation, Size};

pub(super) const CODEC: AnimationCodec = AnimationCodec { frames: Open::Whole(frames), animate: Some(animate) };

/// The flag of animations.
const ANIMATED: u8 = 0x02;

/// What a file says about its frames.
pub(super) fn animation(decoder: &WebPDecoder<Cursor<&[u8]>>) -> Option<Animation> {
    let plays = match decoder.loop_count() {
        LoopCount::Forever => 0,
        LoopCount::Times(times) => u32::from(times.get()),
    };
    (decoder.is_animated() && decoder.num_frames() > 1)
        .then_some(Animation { frames: Some(decoder.num_frames()), plays })
}

fn frames<'a>(bytes: &'a [u8], header: &Header, _: &'a dyn Decoders) -> Result<Box<dyn Frames + 'a>, Problem> {
    let mut decoder = WebPDecoder::new(Cursor::new(tidied(bytes))).map_err(problem)?;
    if !decoder.is_animated() {
        return Err(Problem::damaged("its header changed"));
    }
    // The file's background colour is a hint that browsers do not follow.
    decoder.set_background_color([0; 4]).map_err(problem)?;
    let length = decoder.output_buffer_size().ok_or(Problem::TooLarge(header.size.width, header.size.height))?;
    Ok(Box::new(Animated { decoder, length }))
}

struct Animated<'a> {
    decoder: WebPDecoder<Cursor<Cow<'a, [u8]>>>,
    /// Bytes of a frame.
    length: usize,
}

impl Frames for Animated<'_> {
    fn next(&mut self) -> Result<Option<(Pixels, Duration)>, Problem> {
        let mut samples = vec![0; self.length];
        match self.decoder.read_frame(&mut samples) {
            Ok(milliseconds) => {
                let pixels = if self.decoder.has_alpha() { Pixels::Rgba(samples) } else { Pixels::Rgb(samples) };
                Ok(Some((pixels, Duration::from_millis(u64::from(milliseconds)))))
            }
            Err(DecodingError::NoMoreFrames) => Ok(None),
            Err(error) => Err(problem(error)),
        }
    }
}

fn animate<'a>(request: &EncodeRequest, plays: u32, encoders: Option<&'a dyn Encoders>) -> Box<dyn FrameWriter + 'a> {
    let clock = Clock::default();
    Box::new(Writer { request: request.clone(), plays, encoders, clock, begun: None, encoder: "" })
}

/// A frame as it is stored.
struct Stored {
    part: Part,
    /// In milliseconds.
    ticks: u64,
    /// The chunks of its picture.
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
    /// All but the last frame so far.
    file: Vec<u8>,
    /// The last frame, which is shown longer if the next one is the same.
    last: Stored,
    /// What is shown, in R′G′B′A.
    shown: Vec<u8>,
}

impl Begun {
    /// With its first frame.
    fn new(size: Size, profile: Option<&[u8]>, plays: u32, last: Stored, shown: Vec<u8>) -> Self {
        let mut extended = [0; 10];
        extended[0] = ANIMATED | ALPHA | if profile.is_some() { PROFILE } else { 0 };
        extended[4..7].copy_from_slice(&(size.width - 1).to_le_bytes()[..3]);
        extended[7..10].copy_from_slice(&(size.height - 1).to_le_bytes()[..3]);
        let mut file = b"RIFF\0\0\0\0WEBP".to_vec();
        push(&mut file, b"VP8X", &extended);
        if let Some(profile) = profile {
            push(&mut file, b"ICCP", profile);
        }
        // A transparent background, and how often the frames are played.
        let plays = u16::try_from(plays).unwrap_or(u16::MAX).to_le_bytes();
        push(&mut file, b"ANIM", &[0, 0, 0, 0, plays[0], plays[1]]);
        Self { size, file, last, shown }
    }

    /// Writes a frame.
    fn store(&mut self, Stored { part, ticks, data }: &Stored) {
        const REPLACES: u8 = 2;
        let ticks = (*ticks).min(0xff_ffff) as u32;
        let numbers = [part.left / 2, part.top / 2, part.size.width - 1, part.size.height - 1, ticks];
        let mut frame: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes().into_iter().take(3)).collect();
        frame.push(REPLACES);
        frame.extend_from_slice(data);
        push(&mut self.file, b"ANMF", &frame);
    }

    /// Writes the last frame and takes another one.
    fn follow(&mut self, next: Stored, shown: Vec<u8>) {
        let last = std::mem::replace(&mut self.last, next);
        self.store(&last);
        self.shown = shown;
    }
}

struct Writer<'a> {
    request: EncodeRequest,
    plays: u32,
    encoders: Option<&'a dyn Encoders>,
    clock: Clock,
    begun: Option<Begun>,
    encoder: &'static str,
}

impl FrameWriter for Writer<'_> {
    fn add(&mut self, Frame { image, delay }: Frame) -> Result<(), Failure> {
        within_limits(image.size)?;
        let (size, image) = (image.size, convert(image, Representation::Rgba));
        let profile = image.space.icc().map(|profile| profile.to_vec());
        let Pixels::Rgba(now) = image.pixels else { unreachable!("converted") };
        let ticks = self.clock.tick(delay, 1);
        let whole = Part { left: 0, top: 0, size };
        let part = match &self.begun {
            Some(begun) if begun.size != size => return Err(animation::other_size(begun.size, size)),
            Some(begun) => changed(&begun.shown, &now, size).map(at_even_place),
            None => Some(whole),
        };
        let Some(part) = part else {
            if let Some(begun) = &mut self.begun {
                begun.last.ticks += ticks;
            }
            return Ok(());
        };
        let samples = part.rows(size.width).flat_map(|row| &now[row]).copied().collect();
        let still = Image::new(part.size, Pixels::Rgba(samples));
        let (file, encoder) = picture(still, &self.request, self.encoders)?;
        self.encoder = encoder;
        let mut data = Vec::new();
        for (kind, content) in chunks(&file).unwrap_or_default() {
            if matches!(&kind, b"ALPH" | b"VP8 " | b"VP8L") {
                push(&mut data, &kind, content);
            }
        }
        let stored = Stored { part, ticks, data };
        match &mut self.begun {
            Some(begun) => begun.follow(stored, now),
            None => self.begun = Some(Begun::new(size, profile.as_deref(), self.plays, stored, now)),
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Encoded, Failure> {
        let mut begun = self.begun.ok_or_else(animation::no_frames)?;
        let last = begun.last.taken();
        begun.store(&last);
        Ok(Encoded { bytes: sealed(begun.file), format: Format::Webp, encoder: self.encoder })
    }
}

/// The part, enlarged so that it begins at even numbers, as the format requires.
fn at_even_place(part: Part) -> Part {
    let (left, top) = (part.left & !1, part.top & !1);
    let size = Size::new(part.size.width + part.left - left, part.size.height + part.top - top);
    Part { left, top, size }
}
