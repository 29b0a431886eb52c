//! Sets of pixels: growing, flooding from the border, removing specks.

use crate::image::Size;

/// A set of pixels, row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Region {
    pub(super) size: Size,
    pub(super) inside: Vec<bool>,
}

impl Region {
    pub(super) fn new(size: Size, inside: Vec<bool>) -> Self {
        Self { size, inside }
    }

    /// The complement.
    pub(super) fn complement(&self) -> Self {
        Self { size: self.size, inside: self.inside.iter().map(|inside| !inside).collect() }
    }

    pub(super) fn count(&self) -> usize {
        self.inside.iter().filter(|inside| **inside).count()
    }

    /// Area of its bounding box, in pixels.
    pub(super) fn box_area(&self) -> usize {
        let width = self.size.width as usize;
        let (mut left, mut right, mut top, mut bottom) = (width, 0, usize::MAX, 0);
        for (y, row) in self.inside.chunks_exact(width).enumerate() {
            let Some(first) = row.iter().position(|inside| *inside) else { continue };
            let last = row.iter().rposition(|inside| *inside).unwrap_or(first);
            (left, right) = (left.min(first), right.max(last + 1));
            (top, bottom) = (top.min(y), y + 1);
        }
        right.saturating_sub(left) * bottom.saturating_sub(top)
    }

    /// Dilates by a square of `2 · radius + 1` pixels a side.
    pub(super) fn grown(&self, radius: usize) -> Self {
        let (width, radius) = (self.size.width as usize, radius as u32);
        let mut across = vec![false; self.inside.len()];
        for (row, out) in self.inside.chunks_exact(width).zip(across.chunks_exact_mut(width)) {
            let mut left = 0;
            for (out, inside) in out.iter_mut().zip(row) {
                *out |= spread(&mut left, *inside, radius);
            }
            left = 0;
            for (out, inside) in out.iter_mut().zip(row).rev() {
                *out |= spread(&mut left, *inside, radius);
            }
        }
        let mut inside = vec![false; self.inside.len()];
        let mut left = vec![0; width];
        for (row, out) in across.chunks_exact(width).zip(inside.chunks_exact_mut(width)) {
            for ((out, inside), left) in out.iter_mut().zip(row).zip(&mut left) {
                *out |= spread(left, *inside, radius);
            }
        }
        left.fill(0);
        for (row, out) in across.chunks_exact(width).zip(inside.chunks_exact_mut(width)).rev() {
            for ((out, inside), left) in out.iter_mut().zip(row).zip(&mut left) {
                *out |= spread(left, *inside, radius);
            }
        }
        Self { size: self.size, inside }
    }

    /// Erodes by a square of `2 · radius + 1` pixels a side; the region counts as continued beyond the picture.
    pub(super) fn shrunk(&self, radius: usize) -> Self {
        self.complement().grown(radius).complement()
    }

    /// The part that is connected to the border of the picture through pixels that share a side.
    pub(super) fn reached_from_border(&self) -> Self {
        let (width, height) = (self.size.width as usize, self.size.height as usize);
        let is_border = |at: &usize| {
            let (x, y) = (at % width, at / width);
            x == 0 || y == 0 || x + 1 == width || y + 1 == height
        };
        let mut reached = vec![false; self.inside.len()];
        for start in (0..self.inside.len()).filter(is_border) {
            self.reach(start, &mut reached);
        }
        Self { size: self.size, inside: reached }
    }

    /// Without parts of fewer than `least` pixels.
    pub(super) fn without_specks(&self, least: usize) -> Self {
        let mut reached = vec![false; self.inside.len()];
        let mut inside = vec![false; self.inside.len()];
        for start in 0..self.inside.len() {
            let part = self.reach(start, &mut reached);
            if part.len() >= least {
                for at in part {
                    inside[at] = true;
                }
            }
        }
        Self { size: self.size, inside }
    }

    /// Grows into `into` by at most `steps` steps, each to one of eight neighbours within `into`.
    pub(super) fn grown_into(&self, into: &Self, steps: usize) -> Self {
        let (width, height) = (self.size.width as usize, self.size.height as usize);
        let mut grown = self.clone();
        let near = self.grown(1);
        let first = (0..self.inside.len()).filter(|at| near.inside[*at] && !self.inside[*at] && into.inside[*at]);
        let mut front: Vec<usize> = first.collect();
        for step in 1..=steps {
            let mut next = Vec::new();
            for at in front {
                if grown.inside[at] {
                    continue;
                }
                grown.inside[at] = true;
                let (x, y) = (at % width, at / width);
                if step < steps {
                    for y in y.saturating_sub(1)..(y + 2).min(height) {
                        let near = (x.saturating_sub(1)..(x + 2).min(width)).map(|x| y * width + x);
                        next.extend(near.filter(|at| into.inside[*at] && !grown.inside[*at]));
                    }
                }
            }
            front = next;
        }
        grown
    }

    /// The pixels that are connected to `start` and have not been reached before.
    fn reach(&self, start: usize, reached: &mut [bool]) -> Vec<usize> {
        let (width, height) = (self.size.width as usize, self.size.height as usize);
        let mut part = Vec::new();
        let visit = |at: usize, part: &mut Vec<usize>, reached: &mut [bool]| {
            if self.inside[at] && !reached[at] {
                reached[at] = true;
                part.push(at);
            }
        };
        visit(start, &mut part, reached);
        let mut next = 0;
        while let Some(&at) = part.get(next) {
            next += 1;
            let (x, y) = (at % width, at / width);
            if x > 0 {
                visit(at - 1, &mut part, reached);
            }
            if x + 1 < width {
                visit(at + 1, &mut part, reached);
            }
            if y > 0 {
                visit(at - width, &mut part, reached);
            }
            if y + 1 < height {
                visit(at + width, &mut part, reached);
            }
        }
        part
    }
}

/// Whether this pixel or one of the last `radius` was inside; `left` counts down from one to the next.
fn spread(left: &mut u32, inside: bool, radius: u32) -> bool {
    *left = if inside { radius + 1 } else { left.saturating_sub(1) };
    *left > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(rows: &[&str]) -> Region {
        let size = Size::new(rows[0].len() as u32, rows.len() as u32);
        Region::new(size, rows.concat().bytes().map(|one| one == b'#').collect())
    }

    #[test]
    fn enclosed_areas_are_not_reached_from_the_border() {
        let passable = region(&["#####", "#...#", "#.#.#", "#...#", "#####"]);
        assert_eq!(passable.reached_from_border(), region(&["#####", "#...#", "#...#", "#...#", "#####"]));
        // A diagonal step does not connect.
        let passable = region(&["....", "#...", ".#..", "...."]);
        assert_eq!(passable.reached_from_border(), region(&["....", "#...", "....", "...."]));
    }

    #[test]
    fn a_region_grows_by_a_square_and_stays_in_the_picture() {
        assert_eq!(
            region(&["#....", ".....", ".....", "....."]).grown(1),
            region(&["##...", "##...", ".....", "....."])
        );
        assert_eq!(region(&["...", ".#.", "..."]).grown(5).count(), 9);
    }

    #[test]
    fn a_region_grows_into_another_step_by_step() {
        let into = region(&["#####.##"]);
        assert_eq!(region(&["#......."]).grown_into(&into, 3), region(&["####...."]));
        assert_eq!(region(&["#......."]).grown_into(&into, 9), region(&["#####..."]));
    }

    #[test]
    fn specks_are_removed() {
        let all = region(&["##..#", "#....", "...##"]);
        assert_eq!(all.without_specks(2), region(&["##...", "#....", "...##"]));
        assert_eq!(all.complement().count(), 9);
    }
}
