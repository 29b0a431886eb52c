//! Animations: what a file says about one, its frames one after another, and what writers have in common.
//!
//! Readers return each frame as the whole canvas that is shown, so that an action never learns how a file stores it.
//! Writers receive whole canvases, and store what changed.

use std::time::Duration;

use super::decoders::{Decoders, default_decoders};
use super::{Bytes, EncodeRequest, Encoded, Encoders, Finding, Header, MAX_PIXELS, Problem, unless_unread};
use crate::color::ColorSpace;
use crate::error::{Failure, Warning};
use crate::image::orient;
use crate::image::recolor::matched;
use crate::image::{Image, Pixels, Size};

pub(super) mod canvas;
pub(super) mod changes;

/// Most pixels that all frames of an animation may have together: 40 times those of a picture.
pub const MAX_ANIMATION_PIXELS: u64 = 40 * MAX_PIXELS;

/// What a header says about an animation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Animation {
    /// Number of its frames, at least 2. If the file is damaged, fewer can be read. `None` where only its decoder can count
    /// them, as of JPEG XL; there may be a single one then.
    pub frames: Option<u32>,
    /// How often it is played; 0 means without end.
    pub plays: u32,
}

/// One picture of an animation.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Everything that is shown.
    pub image: Image,
    /// How long it is shown.
    pub delay: Duration,
}

/// The functions of a format that can be animated.
pub(super) struct AnimationCodec {
    /// Reads the frames of a file.
    pub(super) frames: Open,
    /// Writes a file that is played so often; 0 means without end. `None` if animations are only read.
    pub(super) animate: Option<Begin>,
}

/// How a file is opened whose header says that it is animated.
pub(super) enum Open {
    /// One that is in memory.
    Whole(for<'a> fn(&'a [u8], &Header, &'a dyn Decoders) -> Opened<'a>),
    /// One that is read in pieces.
    Pieces(for<'a> fn(Bytes<'a>, &Header) -> Opened<'a>),
}

type Opened<'a> = Result<Box<dyn Frames + 'a>, Problem>;

type Begin = for<'a> fn(&EncodeRequest, u32, Option<&'a dyn Encoders>) -> Box<dyn FrameWriter + 'a>;

/// A writer of an animation in this format, which is played so often; 0 means without end. `None` if only still
/// pictures are written in the format.
pub fn animate<'a>(
    request: &EncodeRequest,
    plays: u32,
    encoders: Option<&'a dyn Encoders>,
) -> Option<Box<dyn FrameWriter + 'a>> {
    let animate = request.format.codec().animation.as_ref()?.animate?;
    Some(animate(request, plays, encoders))
}

/// A format's reader of frames.
pub(super) trait Frames {
    /// The next frame, as stored, and how long it is shown; `None` after the last one.
    fn next(&mut self) -> Result<Option<(Pixels, Duration)>, Problem>;

    /// What the samples of the last frame mean, if more is known than when the header was read.
    fn space(&self) -> Option<&ColorSpace> {
        None
    }

    /// What was noticed about the frames so far.
    fn findings(&self) -> &[Finding] {
        &[]
    }
}

/// Reads the frames of an animation one after another.
pub struct FrameReader<'a> {
    bytes: Bytes<'a>,
    header: &'a Header,
    name: &'a str,
    auto_orient: bool,
    frames: Box<dyn Frames + 'a>,
    read: u32,
    /// Whether the file ends early, or is damaged behind the frames that were read.
    broken: bool,
}

impl<'a> FrameReader<'a> {
    /// A reader of a file whose header was read by [`super::probe`]; `None` if the file is not animated. `auto_orient` turns
    /// frames upright. `decoders` are those of a host, for what is not decoded here ([`super::Format::coding`]).
    ///
    /// # Errors
    /// When the file cannot be read, or its frames have too many pixels.
    pub fn new(
        bytes: impl Into<Bytes<'a>>,
        header: &'a Header,
        auto_orient: bool,
        decoders: Option<&'a dyn Decoders>,
        name: &'a str,
    ) -> Result<Option<Self>, Failure> {
        let bytes = bytes.into();
        let (Some(codec), Some(animation)) = (&header.format.codec().animation, header.animation) else {
            return Ok(None);
        };
        if animation.frames.is_some_and(|frames| is_too_much(header.size, frames)) {
            return Err(too_much(name, header.size, animation.frames));
        }
        let decoders = decoders.unwrap_or_else(|| default_decoders());
        let frames = match (&codec.frames, bytes.whole()) {
            (Open::Pieces(open), _) => open(bytes, header),
            (Open::Whole(open), Some(bytes)) => open(bytes, header, decoders),
            (Open::Whole(_), None) => return Ok(None),
        };
        let frames = unless_unread(bytes, frames).map_err(|problem| problem.of(name))?;
        Ok(Some(Self { bytes, header, name, auto_orient, frames, read: 0, broken: false }))
    }

    /// The next frame; `None` after the last one that can be read.
    ///
    /// # Errors
    /// When the first frame cannot be read, a decoder breaks down, or there are more pixels than the limit.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, Failure> {
        if self.broken {
            return Ok(None);
        }
        let next = self.frames.next();
        match unless_unread(self.bytes, next) {
            Ok(Some((pixels, delay))) => {
                if is_too_much(self.header.size, self.read + 1) {
                    return Err(too_much(self.name, self.header.size, None));
                }
                let mut image = Image::new(self.header.size, pixels);
                image.space.clone_from(self.frames.space().unwrap_or(&self.header.space));
                image = matched(image);
                if self.auto_orient {
                    image = orient::apply(image, self.header.orientation);
                }
                self.read += 1;
                Ok(Some(Frame { image, delay }))
            }
            Ok(None) => Ok(None),
            // What breaks down might not another time.
            Err(problem) if self.read == 0 || matches!(problem, Problem::Decoder(_)) => Err(problem.of(self.name)),
            Err(_) => {
                self.broken = true;
                Ok(None)
            }
        }
    }

    /// Doubts and hints about what was read.
    pub fn warnings(&self) -> Vec<Warning> {
        let missing = self.broken.then_some(Finding::FramesMissing);
        let findings = self.header.findings.iter().chain(self.frames.findings()).cloned();
        findings.chain(missing).map(|finding| finding.of(self.name)).collect()
    }
}

fn is_too_much(size: Size, frames: u32) -> bool {
    size.pixels().saturating_mul(u64::from(frames)) > MAX_ANIMATION_PIXELS
}

fn too_much(name: &str, size: Size, frames: Option<u32>) -> Failure {
    let frames = frames.map_or("too many".to_owned(), |frames| frames.to_string());
    let Size { width, height } = size;
    Failure::input(
        format!("\"{name}\" has {frames} frames of {width} × {height} pixels, which is too much."),
        "Make the animation shorter or smaller, or write a still picture, for example as JPEG.",
    )
}

/// Writes an animation, frame by frame. All frames have the size of the first.
pub trait FrameWriter {
    /// Adds a frame.
    ///
    /// # Errors
    /// When the format cannot hold it.
    fn add(&mut self, frame: Frame) -> Result<(), Failure>;

    /// The finished file.
    ///
    /// # Errors
    /// When there is no frame, or it cannot be written.
    fn finish(self: Box<Self>) -> Result<Encoded, Failure>;
}

/// A frame that cannot be added because it has another size than the first.
pub(super) fn other_size(first: Size, other: Size) -> Failure {
    Failure::execute(
        format!(
            "The frames of the animation have different sizes: {}×{} and {}×{}.",
            first.width, first.height, other.width, other.height
        ),
        "Turn off what depends on each frame, such as \"trim\", or choose a still format such as JPEG.",
    )
}

pub(super) fn no_frames() -> Failure {
    Failure::system("The animation has no frames.", "Report this as a bug.")
}

/// Times in units of a format. What rounding takes from one frame is given to the next, so that errors do not add up.
#[derive(Default)]
pub(super) struct Clock {
    exact: Duration,
    /// Units that were given out.
    units: u64,
}

impl Clock {
    /// How many units a frame is shown, each of so many milliseconds.
    pub(super) fn tick(&mut self, delay: Duration, unit: u32) -> u64 {
        self.exact += delay;
        let end = (self.exact.as_micros() as u64 + u64::from(unit) * 500) / (u64::from(unit) * 1000);
        let ticks = end.saturating_sub(self.units);
        self.units += ticks;
        ticks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_does_not_add_up() {
        let mut clock = Clock::default();
        // 30 frames a second in hundredths.
        let ticks: Vec<_> = (0..6).map(|_| clock.tick(Duration::from_micros(33_333), 10)).collect();
        assert_eq!(ticks, [3, 4, 3, 3, 4, 3]);
        let mut clock = Clock::default();
        assert_eq!([0, 10, 25].map(|delay| clock.tick(Duration::from_millis(delay), 10)), [0, 1, 3]);
    }
}
