//! The canvas on which an animation's frames are drawn, as GIF and APNG describe it.

use crate::image::Size;
use crate::image::depth::Sample;

/// What becomes of a frame's place before the next frame is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Disposal {
    /// It stays.
    Keep,
    /// It becomes transparent.
    Clear,
    /// It becomes what it was before the frame.
    Restore,
}

/// How a frame is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Blend {
    /// It replaces what is there, alpha included.
    Source,
    /// It is drawn over what is there.
    Over,
}

/// A part of a canvas, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Part {
    pub(in super::super) left: u32,
    pub(in super::super) top: u32,
    pub(in super::super) size: Size,
}

impl Part {
    /// The smallest part that contains both.
    pub(in super::super) fn with(self, other: Self) -> Self {
        let (left, top) = (self.left.min(other.left), self.top.min(other.top));
        let right = (self.left + self.size.width).max(other.left + other.size.width);
        let bottom = (self.top + self.size.height).max(other.top + other.size.height);
        Self { left, top, size: Size::new(right - left, bottom - top) }
    }

    /// The samples of each of its rows in a canvas of R′G′B′A of this width.
    pub(in super::super) fn rows(self, width: u32) -> impl Iterator<Item = std::ops::Range<usize>> {
        (self.top..self.top + self.size.height).map(move |y| {
            let start = (y as usize * width as usize + self.left as usize) * 4;
            start..start + self.size.width as usize * 4
        })
    }

    /// What lies within a canvas of this size; `None` if nothing does.
    pub(in super::super) fn within(self, canvas: Size) -> Option<Self> {
        let width = self.size.width.min(canvas.width.checked_sub(self.left)?);
        let height = self.size.height.min(canvas.height.checked_sub(self.top)?);
        (width > 0 && height > 0).then_some(Self { size: Size::new(width, height), ..self })
    }
}

/// A canvas in R′G′B′A, transparent at first.
pub(in super::super) struct Canvas<S> {
    size: Size,
    samples: Vec<S>,
    /// What happens before the next frame: the place of the last one, and its content if it is restored.
    pending: Option<(Part, Option<Vec<S>>)>,
}

impl<S: Sample> Canvas<S> {
    pub(in super::super) fn new(size: Size) -> Self {
        Self { size, samples: vec![S::default(); size.pixels() as usize * 4], pending: None }
    }

    /// Draws a frame, of which `part` says where its samples lie, and returns what the canvas shows then.
    pub(in super::super) fn draw(&mut self, frame: &[S], part: Part, blend: Blend, disposal: Disposal) -> &[S] {
        self.dispose();
        let width = self.size.width;
        let Some(shown) = part.within(self.size) else { return &self.samples };
        self.pending = match disposal {
            Disposal::Keep => None,
            Disposal::Clear => Some((shown, None)),
            Disposal::Restore => {
                Some((shown, Some(shown.rows(width).flat_map(|row| &self.samples[row]).copied().collect())))
            }
        };
        for (row, drawn) in shown.rows(width).zip(frame.chunks_exact(part.size.width as usize * 4)) {
            let row = &mut self.samples[row];
            let drawn = &drawn[..row.len()];
            match blend {
                Blend::Source => row.copy_from_slice(drawn),
                Blend::Over => {
                    for (below, above) in row.as_chunks_mut::<4>().0.iter_mut().zip(drawn.as_chunks::<4>().0) {
                        *below = over(*above, *below);
                    }
                }
            }
        }
        &self.samples
    }

    fn dispose(&mut self) {
        let Some((part, content)) = self.pending.take() else { return };
        let rows = part.rows(self.size.width);
        match content {
            None => rows.for_each(|row| self.samples[row].fill(S::default())),
            Some(content) => {
                for (row, before) in rows.zip(content.chunks_exact(part.size.width as usize * 4)) {
                    self.samples[row].copy_from_slice(before);
                }
            }
        }
    }
}

/// One colour over another, both with straight alpha, rounded.
fn over<S: Sample>(above: [S; 4], below: [S; 4]) -> [S; 4] {
    let [most, none] = [S::MOST, S::default()];
    if above[3] == most || below[3] == none {
        return above;
    }
    if above[3] == none {
        return below;
    }
    let number = |sample: S| sample.index() as u64;
    let most = number(most);
    // Weights of both colours, in units of the whole range squared.
    let front = number(above[3]) * most;
    let back = number(below[3]) * (most - number(above[3]));
    let sum = front + back;
    let mixed = |i: usize| S::of_index(((number(above[i]) * front + number(below[i]) * back + sum / 2) / sum) as usize);
    [mixed(0), mixed(1), mixed(2), S::of_index(((sum + most / 2) / most) as usize)]
}

#[cfg(test)]
mod tests {
    use super::*;

    const RED: [u8; 4] = [255, 0, 0, 255];
    const NONE: [u8; 4] = [0; 4];

    fn part(left: u32, top: u32, width: u32, height: u32) -> Part {
        Part { left, top, size: Size::new(width, height) }
    }

    #[test]
    fn frames_stay_vanish_or_give_back_what_was_there() {
        let blue = [0, 0, 255, 255];
        let mut canvas = Canvas::new(Size::new(3, 1));
        let shown = canvas.draw(&[RED, RED].concat(), part(0, 0, 2, 1), Blend::Over, Disposal::Keep);
        assert_eq!(shown, [RED, RED, NONE].concat());
        let shown = canvas.draw(&[blue, NONE].concat(), part(1, 0, 2, 1), Blend::Over, Disposal::Restore);
        assert_eq!(shown, [RED, blue, NONE].concat());
        let shown = canvas.draw(&[NONE, blue].concat(), part(1, 0, 2, 1), Blend::Source, Disposal::Clear);
        assert_eq!(shown, [RED, NONE, blue].concat());
        let shown = canvas.draw(&[blue].concat(), part(0, 0, 1, 1), Blend::Over, Disposal::Keep);
        assert_eq!(shown, [blue, NONE, NONE].concat());
    }

    #[test]
    fn what_lies_outside_is_left_out() {
        let mut canvas = Canvas::new(Size::new(2, 2));
        let shown = canvas.draw(&[RED; 4].concat(), part(1, 1, 2, 2), Blend::Over, Disposal::Clear);
        assert_eq!(shown, [NONE, NONE, NONE, RED].concat());
        let shown = canvas.draw(&[RED; 4].concat(), part(7, 0, 2, 2), Blend::Over, Disposal::Keep);
        assert_eq!(shown, [NONE; 4].concat());
    }

    #[test]
    fn translucent_colours_are_mixed() {
        assert_eq!(over::<u8>([200, 0, 0, 128], [0, 0, 0, 255]), [100, 0, 0, 255]);
        assert_eq!(over::<u8>([200, 10, 0, 128], NONE), [200, 10, 0, 128]);
        assert_eq!(over::<u8>([9, 9, 9, 0], [200, 10, 0, 128]), [200, 10, 0, 128]);
        // Half of half: 128 + 127 × 128 ÷ 255 = 191.7.
        assert_eq!(over::<u8>([255, 255, 255, 128], [0, 0, 0, 128]), [170, 170, 170, 192]);
        // The same shares of 16 bits: 32,896 + 32,896 × 32,639 ÷ 65,535 = 49,279.498.
        assert_eq!(over::<u16>([65_535, 0, 1000, 32_896], [0, 65_535, 1000, 32_896]), [43_747, 21_788, 1000, 49_279]);
    }
}
