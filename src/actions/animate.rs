//! `animate`: all pictures of a batch as the frames of one animation.

use std::time::Duration;

use super::checks::Condition;
use super::gather::{Canvas, Gather, Gathering, Staging, file_of};
use super::parameters::Color;
use super::{Action, Category, IMAGE_IN, IMAGE_OUT, Role};
use crate::codecs::{self, EncodeRequest, Encoded, Format, Frame, FrameWriter, MAX_ANIMATION_PIXELS};
use crate::error::Failure;
use crate::image::compose::contained;
use crate::image::resample::{Filter, Window, resample};
use crate::image::{Image, Size};

crate::parameters! {
    /// Parameters of `animate`.
    pub struct Animate {
        /// How long each picture is shown.
        delay: f64 = 0.5, range 0.01..=60.0, soft 0.02..=3.0, unit "s";
        /// How often the animation is played; 0 means without end.
        plays: u32 = 0, as "loop", range 0.0..=65535.0, soft 0.0..=10.0, label "Plays";
        /// Colour around pictures with another ratio than the first, in sRGB; `#00000000` is transparent.
        background: Color = Color::WHITE;
    }
}

/// The entry of `animate`.
pub const ACTION: Action = Action {
    action_type: "animate",
    version: "1.0.0",
    name: "Animate",
    description: "Makes one animation of all pictures of a batch, in their order. It is as large as the first picture; others are scaled to fit. It is made when all pictures have been processed, of those that did not fail.",
    category: Category::Compose,
    role: Role::Gather,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: Animate::FIELDS,
    rules: &[],
    adds_alpha: Condition::Translucent("background"),
    related: &["contact-sheet", "resize", "frame-rate"],
    usage: "Show a product from all sides: resize the photographs of a turntable, animate them, and write the animation as WebP or GIF.",
    icon: "M4 5h16v14H4zM8 5v14M16 5v14M4 9.7h4M4 14.3h4M16 9.7h4M16 14.3h4",
};

impl Gather for Animate {
    fn staging(&self) -> Staging {
        Staging::default()
    }

    fn size(&self, count: u32, first: Size) -> Result<Size, Failure> {
        if first.pixels().saturating_mul(u64::from(count)) > MAX_ANIMATION_PIXELS {
            return Err(Failure::execute(
                format!("An animation of {count} pictures of {} × {} pixels is too large.", first.width, first.height),
                "Put a resize before it.",
            ));
        }
        Ok(first)
    }

    fn begin(&self, count: u32, first: Size) -> Result<Box<dyn Gathering + '_>, Failure> {
        let size = self.size(count, first)?;
        let writer = match count {
            // An animation has two frames at least.
            1 => None,
            _ => codecs::animate(&EncodeRequest::new(Format::Png), self.plays, None),
        };
        Ok(Box::new(Frames { animate: self, size, writer, alone: None }))
    }
}

/// The frames so far.
struct Frames<'a> {
    animate: &'a Animate,
    size: Size,
    writer: Option<Box<dyn FrameWriter + 'a>>,
    /// The only picture.
    alone: Option<Image>,
}

impl Frames<'_> {
    /// A picture in the size of the first.
    fn fitted(&self, picture: Image) -> Result<Image, Failure> {
        if picture.size == self.size {
            return Ok(picture);
        }
        let inner = contained(picture.size, self.size);
        let small = resample(&picture, Window::all(picture.size), inner, Filter::Lanczos3)?;
        let start = |side: u32, inner: u32| i64::from(side - inner) / 2;
        let mut canvas = Canvas::new(self.size, self.animate.background);
        canvas.lay(&small, start(self.size.width, inner.width), start(self.size.height, inner.height))?;
        Ok(canvas.into_image())
    }
}

impl Gathering for Frames<'_> {
    fn add(&mut self, picture: Image) -> Result<(), Failure> {
        let image = self.fitted(picture)?;
        match &mut self.writer {
            Some(writer) => writer.add(Frame { image, delay: Duration::from_secs_f64(self.animate.delay) }),
            None => {
                self.alone = Some(image);
                Ok(())
            }
        }
    }

    fn finish(self: Box<Self>) -> Result<Encoded, Failure> {
        match (self.writer, self.alone) {
            (Some(writer), _) => writer.finish(),
            (None, Some(image)) => file_of(image),
            (None, None) => Err(Failure::system("An animation got no picture.", "Report this as a bug.")),
        }
    }
}
