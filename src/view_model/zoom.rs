//! Where a picture lies in the frame that shows it: fitted into it, or enlarged around a point.
//!
//! Lengths of the frame are in CSS pixels, those of the picture in its own pixels. A scale is the number of screen pixels
//! per pixel of the picture, so at 1 every pixel of the picture is one of the screen.

/// A frame on the screen and the picture in it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// Width and height of the frame.
    pub size: (f64, f64),
    /// Columns and rows of the picture.
    pub picture: (f64, f64),
    /// Screen pixels per CSS pixel.
    pub density: f64,
}

/// What is shown of a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Zoom {
    /// The scale; `None` if the whole picture is fitted into the frame.
    pub scale: Option<f64>,
    /// The point of the picture that is in the middle of the frame, as parts of its width and height.
    pub centre: (f64, f64),
}

/// The whole picture in CSS pixels from the frame's upper left corner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// Distance of its left edge.
    pub left: f64,
    /// Distance of its upper edge.
    pub top: f64,
    /// Its width.
    pub width: f64,
    /// Its height.
    pub height: f64,
}

/// The scales that buttons and keys step through.
const STEPS: [f64; 11] = [1.0 / 16.0, 1.0 / 8.0, 1.0 / 4.0, 1.0 / 2.0, 0.75, 1.0, 1.5, 2.0, 4.0, 8.0, 16.0];

impl Default for Zoom {
    fn default() -> Self {
        Self::FIT
    }
}

impl Frame {
    /// The scale at which the picture just fits.
    fn fitting(&self) -> f64 {
        let side = |frame: f64, picture: f64| frame * self.density / picture.max(1.0);
        side(self.size.0, self.picture.0).min(side(self.size.1, self.picture.1))
    }
}

impl Zoom {
    /// The whole picture.
    pub const FIT: Self = Self { scale: None, centre: (0.5, 0.5) };

    /// The scale in force.
    pub fn scale_in(self, frame: &Frame) -> f64 {
        self.scale.unwrap_or_else(|| frame.fitting())
    }

    /// Where the picture lies. It leaves no gap at an edge that it reaches, and is centred where it is smaller than the frame.
    pub fn place(self, frame: &Frame) -> Place {
        let scale = self.scale_in(frame) / frame.density;
        let (width, height) = (frame.picture.0 * scale, frame.picture.1 * scale);
        let edge = |frame: f64, picture: f64, centre: f64| match picture <= frame {
            true => (frame - picture) / 2.0,
            false => (frame / 2.0 - centre * picture).clamp(frame - picture, 0.0),
        };
        Place {
            left: edge(frame.size.0, width, self.centre.0),
            top: edge(frame.size.1, height, self.centre.1),
            width,
            height,
        }
    }

    /// At another scale, with the picture's point under `at` (from the frame's upper left corner) where it is.
    pub fn scaled_to(self, frame: &Frame, scale: f64, at: (f64, f64)) -> Self {
        let scale = scale.clamp(STEPS[0].min(frame.fitting()), STEPS[STEPS.len() - 1].max(frame.fitting()));
        let place = self.place(frame);
        let part = |at: f64, start: f64, length: f64| (at - start) / length.max(f64::MIN_POSITIVE);
        let (x, y) = (part(at.0, place.left, place.width), part(at.1, place.top, place.height));
        let centre = |at: f64, frame: f64, picture: f64, part: f64| {
            part + (frame / 2.0 - at) / (picture * scale).max(f64::MIN_POSITIVE)
        };
        let (width, height) = (frame.picture.0 / frame.density, frame.picture.1 / frame.density);
        let centre = (centre(at.0, frame.size.0, width, x), centre(at.1, frame.size.1, height, y));
        Self { scale: Some(scale), centre }.settled(frame)
    }

    /// The next larger (or smaller) step, around the middle of the frame. Where the whole picture is nearer, it is shown whole.
    pub fn stepped(self, frame: &Frame, larger: bool) -> Self {
        let (now, fitting) = (self.scale_in(frame), frame.fitting());
        let mut steps = STEPS.to_vec();
        steps.push(fitting);
        steps.sort_by(f64::total_cmp);
        let next = match larger {
            true => steps.into_iter().find(|step| *step > now * 1.001),
            false => steps.into_iter().rev().find(|step| *step < now * 0.999),
        };
        match next {
            None => self,
            Some(step) if step == fitting => Self::FIT,
            Some(step) => self.scaled_to(frame, step, (frame.size.0 / 2.0, frame.size.1 / 2.0)),
        }
    }

    /// The picture moved by this many CSS pixels.
    pub fn moved(self, frame: &Frame, by: (f64, f64)) -> Self {
        let place = self.place(frame);
        let centre = (self.centre.0 - by.0 / place.width.max(1.0), self.centre.1 - by.1 / place.height.max(1.0));
        Self { centre, ..self }.settled(frame)
    }

    /// Whether a part of the picture is outside the frame.
    pub fn is_cut(self, frame: &Frame) -> bool {
        let place = self.place(frame);
        place.width > frame.size.0 + 0.5 || place.height > frame.size.1 + 0.5
    }

    /// The column and row of the picture's pixel under a point of the frame, if there is one.
    pub fn pixel(self, frame: &Frame, at: (f64, f64)) -> Option<(u32, u32)> {
        let place = self.place(frame);
        let pixel = |at: f64, start: f64, length: f64, pixels: f64| {
            let part = (at - start) / length.max(f64::MIN_POSITIVE);
            (0.0..1.0).contains(&part).then_some((part * pixels) as u32)
        };
        Some((
            pixel(at.0, place.left, place.width, frame.picture.0)?,
            pixel(at.1, place.top, place.height, frame.picture.1)?,
        ))
    }

    /// The same view with a centre that the frame can really have, so that moving back has an effect at once.
    fn settled(self, frame: &Frame) -> Self {
        let place = self.place(frame);
        let centre = |frame: f64, start: f64, length: f64| (frame / 2.0 - start) / length.max(f64::MIN_POSITIVE);
        let centre = (centre(frame.size.0, place.left, place.width), centre(frame.size.1, place.top, place.height));
        Self { centre, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Frame = Frame { size: (400.0, 300.0), picture: (1600.0, 1200.0), density: 2.0 };

    fn near(one: f64, other: f64) -> bool {
        (one - other).abs() < 1e-9
    }

    #[test]
    fn the_whole_picture_is_fitted_and_centred() {
        assert!(near(Zoom::FIT.scale_in(&FRAME), 0.5));
        assert_eq!(Zoom::FIT.place(&FRAME), Place { left: 0.0, top: 0.0, width: 400.0, height: 300.0 });
        let tall = Frame { picture: (600.0, 1200.0), ..FRAME };
        assert_eq!(Zoom::FIT.place(&tall), Place { left: 125.0, top: 0.0, width: 150.0, height: 300.0 });
        assert!(!Zoom::FIT.is_cut(&FRAME) && !Zoom::FIT.is_cut(&tall));
    }

    #[test]
    fn the_point_under_the_pointer_stays() {
        let at = (100.0, 90.0);
        let zoom = Zoom::FIT.scaled_to(&FRAME, 2.0, at);
        let place = zoom.place(&FRAME);
        assert_eq!((place.width, place.height), (1600.0, 1200.0));
        assert!(near((at.0 - place.left) / place.width, 0.25) && near((at.1 - place.top) / place.height, 0.3));
        assert_eq!(zoom.pixel(&FRAME, at), Some((400, 360)));
        let closer = zoom.scaled_to(&FRAME, 4.0, at);
        assert_eq!(closer.pixel(&FRAME, at), Some((400, 360)));
        assert!(closer.is_cut(&FRAME));
    }

    #[test]
    fn a_picture_never_leaves_the_frame() {
        let zoom = Zoom::FIT.scaled_to(&FRAME, 1.0, (0.0, 0.0));
        assert_eq!(zoom.place(&FRAME), Place { left: 0.0, top: 0.0, width: 800.0, height: 600.0 });
        let far = zoom.moved(&FRAME, (-10_000.0, 10_000.0));
        assert_eq!(far.place(&FRAME), Place { left: -400.0, top: 0.0, width: 800.0, height: 600.0 });
        // A step back is seen at once.
        assert!(near(far.moved(&FRAME, (30.0, 0.0)).place(&FRAME).left, -370.0));
        // Smaller than the frame it stays in the middle.
        let small = Zoom { scale: Some(0.25), centre: (0.5, 0.5) }.moved(&FRAME, (50.0, 50.0));
        assert_eq!(small.place(&FRAME), Place { left: 100.0, top: 75.0, width: 200.0, height: 150.0 });
        assert_eq!(small.pixel(&FRAME, (99.0, 100.0)), None);
    }

    #[test]
    fn steps_lead_through_the_whole_picture_and_end() {
        let mut zoom = Zoom::FIT;
        let mut scales = Vec::new();
        for _ in 0..9 {
            zoom = zoom.stepped(&FRAME, true);
            scales.push(zoom.scale_in(&FRAME));
        }
        assert_eq!(scales, [0.75, 1.0, 1.5, 2.0, 4.0, 8.0, 16.0, 16.0, 16.0]);
        for _ in 0..7 {
            zoom = zoom.stepped(&FRAME, false);
        }
        assert_eq!(zoom, Zoom::FIT);
        assert!(near(zoom.stepped(&FRAME, false).scale_in(&FRAME), 0.25));
        // A picture that is already enlarged to fill the frame is not made smaller by a step to larger.
        let tiny = Frame { picture: (10.0, 8.0), ..FRAME };
        assert!(Zoom::FIT.stepped(&tiny, true).scale_in(&tiny) >= Zoom::FIT.scale_in(&tiny));
    }
}
