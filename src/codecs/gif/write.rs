//! Writing GIF: each frame has a palette of its own and stores only what changed. Pixels are opaque or transparent.

use std::borrow::Cow;
use std::collections::HashMap;

use ::gif::{AnyExtension, DisposalMethod, Encoder, EncodingError, Frame as Block, Repeat};

use super::super::animation::canvas::Part;
use super::super::animation::changes::{changed, vanished};
use super::super::animation::{self, Clock, Frame, FrameWriter};
use super::super::quantize::{self, harden};
use super::super::{EncodeRequest, Encoded, Encoders, Format};
use super::PROFILE;
use crate::error::Failure;
use crate::image::convert::convert;
use crate::image::{Image, Pixels, Representation, Size};

/// The index of transparent pixels, where there are any.
const TRANSPARENT: u8 = 255;

pub(super) fn encode(image: Image, request: &EncodeRequest, _: Option<&dyn Encoders>) -> Result<Encoded, Failure> {
    let mut writer = Box::new(Writer::new(request, 1));
    writer.add(Frame { image, delay: std::time::Duration::ZERO })?;
    writer.finish()
}

pub(super) fn animate<'a>(
    request: &EncodeRequest,
    plays: u32,
    _: Option<&'a dyn Encoders>,
) -> Box<dyn FrameWriter + 'a> {
    Box::new(Writer::new(request, plays))
}

/// A frame that is not written yet, because the next one says how it is disposed of.
struct Waiting {
    /// What is shown before it.
    before: Vec<u8>,
    /// What is shown with it.
    now: Vec<u8>,
    /// The part in which they differ.
    part: Part,
    /// For how many hundredths of a second.
    ticks: u64,
}

struct Writer {
    background: [u8; 3],
    plays: u32,
    clock: Clock,
    /// The file and the size of its frames, once there is a first one.
    file: Option<(Encoder<Vec<u8>>, Size)>,
    waiting: Option<Waiting>,
}

impl Writer {
    fn new(request: &EncodeRequest, plays: u32) -> Self {
        Self { background: request.background, plays, clock: Clock::default(), file: None, waiting: None }
    }

    /// Writes what waits. `clears` says that its part becomes transparent then.
    fn write(&mut self, waiting: &Waiting, clears: bool) -> Result<(), Failure> {
        let Some((file, size)) = &mut self.file else { return Err(animation::no_frames()) };
        let Waiting { before, now, part, ticks } = waiting;
        let indexed = Indexed::of(before, now, *part, size.width);
        let block = Block {
            delay: u16::try_from(*ticks).unwrap_or(u16::MAX),
            dispose: if clears { DisposalMethod::Background } else { DisposalMethod::Keep },
            transparent: indexed.is_transparent.then_some(TRANSPARENT),
            left: part.left as u16,
            top: part.top as u16,
            width: part.size.width as u16,
            height: part.size.height as u16,
            palette: Some(indexed.palette),
            buffer: Cow::Owned(indexed.indices),
            ..Block::default()
        };
        file.write_frame(&block).map_err(failure)
    }
}

fn failure(error: EncodingError) -> Failure {
    Failure::system(format!("The GIF file could not be written: {error}."), "Try again.")
}

impl FrameWriter for Writer {
    fn add(&mut self, Frame { image, delay }: Frame) -> Result<(), Failure> {
        let image = convert(image, Representation::Rgba);
        let size = image.size;
        if let Some((_, first)) = &self.file
            && *first != size
        {
            return Err(animation::other_size(*first, size));
        }
        if self.file.is_none() {
            self.file = Some((begin(size, self.plays, image.space.icc().map(|profile| &**profile))?, size));
        }
        let Pixels::Rgba(mut now) = image.pixels else { unreachable!("converted") };
        harden(&mut now, self.background);
        let ticks = self.clock.tick(delay, 10);
        let whole = Part { left: 0, top: 0, size };
        let Some(mut waiting) = self.waiting.take() else {
            self.waiting = Some(Waiting { before: vec![0; now.len()], now, part: whole, ticks });
            return Ok(());
        };
        if waiting.now == now {
            waiting.ticks += ticks;
            self.waiting = Some(waiting);
            return Ok(());
        }
        let gone = vanished(&waiting.now, &now, size);
        if let Some(gone) = gone {
            waiting.part = waiting.part.with(gone);
        }
        self.write(&waiting, gone.is_some())?;
        let Waiting { now: mut before, part, .. } = waiting;
        if gone.is_some() {
            part.rows(size.width).for_each(|row| before[row].fill(0));
        }
        // If nothing is left to be drawn, the frame is a transparent pixel.
        let part = changed(&before, &now, size).unwrap_or(Part { size: Size::new(1, 1), ..whole });
        self.waiting = Some(Waiting { before, now, part, ticks });
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<Encoded, Failure> {
        let waiting = self.waiting.take().ok_or_else(animation::no_frames)?;
        self.write(&waiting, false)?;
        let (file, _) = self.file.ok_or_else(animation::no_frames)?;
        let bytes = file.into_inner().map_err(failure)?;
        Ok(Encoded { bytes, format: Format::Gif, encoder: "gif 0.14.2, quantette 0.6.0" })
    }
}

/// A file without frames.
fn begin(size: Size, plays: u32, profile: Option<&[u8]>) -> Result<Encoder<Vec<u8>>, Failure> {
    let mut file = Encoder::new(Vec::new(), size.width as u16, size.height as u16, &[]).map_err(failure)?;
    // Without the block, a file is played once; its number is that of repetitions.
    match plays {
        0 => file.set_repeat(Repeat::Infinite).map_err(failure)?,
        1 => {}
        _ => file.set_repeat(Repeat::Finite((plays - 1).min(0xffff) as u16)).map_err(failure)?,
    }
    if let Some(profile) = profile {
        file.write_raw_extension(AnyExtension(0xff), &[PROFILE, profile]).map_err(failure)?;
    }
    Ok(file)
}

/// A part of a frame with a palette.
struct Indexed {
    /// R′G′B′ of each colour.
    palette: Vec<u8>,
    indices: Vec<u8>,
    is_transparent: bool,
}

impl Indexed {
    /// The part of a canvas, transparent where it shows what was there before.
    fn of(before: &[u8], now: &[u8], part: Part, width: u32) -> Self {
        let pixels = part.rows(width).flat_map(|row| {
            let pairs = before[row.clone()].as_chunks::<4>().0.iter().zip(now[row].as_chunks::<4>().0);
            pairs.map(|(before, now)| (before != now && now[3] != 0).then_some([now[0], now[1], now[2]]))
        });
        let drawn: Vec<Option<[u8; 3]>> = pixels.collect();
        Self::exact(&drawn).unwrap_or_else(|| Self::reduced(&drawn, part.size))
    }

    /// With every colour as it is, if there are few enough.
    fn exact(drawn: &[Option<[u8; 3]>]) -> Option<Self> {
        let is_transparent = drawn.contains(&None);
        let most = if is_transparent { usize::from(TRANSPARENT) } else { 256 };
        let (mut palette, mut places) = (Vec::new(), HashMap::new());
        let mut last = ([0; 3], None);
        let mut indices = Vec::with_capacity(drawn.len());
        for pixel in drawn {
            let index = match *pixel {
                None => TRANSPARENT,
                Some(color) => match last {
                    (same, Some(index)) if same == color => index,
                    _ => {
                        let index = *places.entry(color).or_insert_with(|| {
                            palette.push(color);
                            palette.len() - 1
                        });
                        if index >= most {
                            return None;
                        }
                        last = (color, Some(index as u8));
                        index as u8
                    }
                },
            };
            indices.push(index);
        }
        Some(Self { palette: padded(palette, is_transparent), indices, is_transparent })
    }

    /// With fewer colours, dithered.
    fn reduced(drawn: &[Option<[u8; 3]>], size: Size) -> Self {
        let is_transparent = drawn.contains(&None);
        let most = if is_transparent { u16::from(TRANSPARENT) } else { 256 };
        let (palette, mut indices) = quantize::reduced(drawn, size, most, true);
        for (index, _) in indices.iter_mut().zip(drawn).filter(|(_, pixel)| pixel.is_none()) {
            *index = TRANSPARENT;
        }
        Self { palette: padded(palette, is_transparent), indices, is_transparent }
    }
}

/// The palette as bytes, with as many colours as an index can name if one of them is transparent.
fn padded(mut palette: Vec<[u8; 3]>, is_transparent: bool) -> Vec<u8> {
    if is_transparent {
        palette.resize(256, [0; 3]);
    }
    palette.concat()
}
