//! How much of each pixel a path covers, by the non-zero winding rule: exact along a row, and the mean of several lines down a
//! pixel. Rasterisers for screens measure more coarsely, which shows on small letters.

use tiny_skia_path::{Path, PathSegment, Point};

/// Lines on which a row of pixels is measured.
const LINES: usize = 32;
/// How far a curve may be from the lines that stand for it, in pixels.
const TOLERANCE: f32 = 0.01;
/// The most lines that stand for a curve.
const MOST_PIECES: f32 = 100.0;

/// A straight piece of a contour, measured in lines from the top of what is painted.
struct Edge {
    /// The first line that it crosses, and the one after the last.
    lines: (usize, usize),
    /// Where it crosses the line `0`, and how far it goes to the right from one line to the next.
    start: f32,
    step: f32,
    /// Whether it leads down (1) or up (−1).
    winding: i32,
}

/// How much of each pixel any of the paths covers: 0 to 255, row by row, from `start` on.
pub(super) fn coverage(paths: &[&Path], start: [i32; 2], [width, height]: [u32; 2]) -> Vec<u8> {
    let (width, height) = (width as usize, height as usize);
    let mut edges = Edges { edges: Vec::new(), start: start.map(|side| side as f32), lines: height * LINES };
    paths.iter().for_each(|path| edges.add(path));
    let mut edges = edges.edges;
    edges.sort_unstable_by_key(|edge| edge.lines.0);
    let mut waiting = edges.iter().peekable();
    let (mut active, mut crossings) = (Vec::<&Edge>::new(), Vec::<(f32, i32)>::new());
    let mut row = Row::new(width);
    let mut covered = Vec::with_capacity(width * height);
    for y in 0..height {
        for line in y * LINES..(y + 1) * LINES {
            active.retain(|edge| edge.lines.1 > line);
            while let Some(edge) = waiting.next_if(|edge| edge.lines.0 <= line) {
                active.push(edge);
            }
            crossings.clear();
            crossings.extend(active.iter().map(|edge| (edge.start + edge.step * line as f32, edge.winding)));
            crossings.sort_unstable_by(|(one, _), (other, _)| one.total_cmp(other));
            let mut winding = 0;
            for pair in crossings.windows(2) {
                winding += pair[0].1;
                if winding != 0 {
                    row.add(pair[0].0, pair[1].0);
                }
            }
        }
        row.finish(&mut covered);
    }
    covered
}

/// Edges in the making.
struct Edges {
    edges: Vec<Edge>,
    /// The upper left corner of what is painted.
    start: [f32; 2],
    /// How many lines are painted.
    lines: usize,
}

impl Edges {
    fn add(&mut self, path: &Path) {
        let (mut first, mut last) = (Point::zero(), Point::zero());
        for segment in path.segments() {
            match segment {
                PathSegment::MoveTo(to) => {
                    self.line(last, first);
                    (first, last) = (to, to);
                }
                PathSegment::LineTo(to) => {
                    self.line(last, to);
                    last = to;
                }
                PathSegment::QuadTo(by, to) => {
                    let bend = (last - by - (by - to)).length() / 4.0;
                    last = self.curve(bend, last, to, |t| mixed(mixed(last, by, t), mixed(by, to, t), t));
                }
                PathSegment::CubicTo(by, and, to) => {
                    let bend = (last - by - (by - and)).length().max((by - and - (and - to)).length()) * 0.75;
                    last = self.curve(bend, last, to, |t| {
                        let (one, two, three) = (mixed(last, by, t), mixed(by, and, t), mixed(and, to, t));
                        mixed(mixed(one, two, t), mixed(two, three, t), t)
                    });
                }
                PathSegment::Close => {
                    self.line(last, first);
                    last = first;
                }
            }
        }
        self.line(last, first);
    }

    /// Adds a curve that is `bend` from its chord at most: the distance falls with the square of the number of pieces.
    fn curve(&mut self, bend: f32, from: Point, to: Point, at: impl Fn(f32) -> Point) -> Point {
        let pieces = (bend / TOLERANCE).sqrt().ceil().clamp(1.0, MOST_PIECES);
        let mut last = from;
        for piece in 1..=pieces as usize {
            let next = if piece as f32 == pieces { to } else { at(piece as f32 / pieces) };
            self.line(last, next);
            last = next;
        }
        last
    }

    fn line(&mut self, from: Point, to: Point) {
        let [left, top] = self.start;
        let place = |point: Point| (point.x - left, (point.y - top) * LINES as f32 - 0.5);
        let (from, to) = (place(from), place(to));
        let (upper, lower, winding) = if from.1 < to.1 { (from, to, 1) } else { (to, from, -1) };
        let line = |y: f32| y.ceil().clamp(0.0, self.lines as f32) as usize;
        let lines = (line(upper.1), line(lower.1));
        if lines.0 < lines.1 {
            let step = (lower.0 - upper.0) / (lower.1 - upper.1);
            self.edges.push(Edge { lines, start: upper.0 - step * upper.1, step, winding });
        }
    }
}

fn mixed(from: Point, to: Point, share: f32) -> Point {
    Point::from_xy(from.x + (to.x - from.x) * share, from.y + (to.y - from.y) * share)
}

/// A row of pixels while its lines are measured.
struct Row {
    /// What parts of pixels add.
    parts: Vec<f32>,
    /// How many whole pixels begin here, less those that have ended before.
    wholes: Vec<f32>,
}

impl Row {
    fn new(width: usize) -> Self {
        Self { parts: vec![0.0; width + 1], wholes: vec![0.0; width + 1] }
    }

    /// Covers a line between two columns.
    fn add(&mut self, from: f32, to: f32) {
        let width = (self.parts.len() - 1) as f32;
        let (from, to) = (from.clamp(0.0, width), to.clamp(0.0, width));
        let (first, last) = (from as usize, to as usize);
        if first == last {
            self.parts[first] += to - from;
            return;
        }
        self.parts[first] += (first + 1) as f32 - from;
        self.parts[last] += to - last as f32;
        self.wholes[first + 1] += 1.0;
        self.wholes[last] -= 1.0;
    }

    /// Writes the row and begins the next one.
    fn finish(&mut self, covered: &mut Vec<u8>) {
        let mut whole = 0.0;
        let width = self.parts.len() - 1;
        covered.extend(self.parts[..width].iter().zip(&self.wholes).map(|(part, change)| {
            whole += change;
            ((whole + part) * (255.0 / LINES as f32) + 0.5) as u8
        }));
        self.parts.fill(0.0);
        self.wholes.fill(0.0);
    }
}

#[cfg(test)]
mod tests {
    use tiny_skia_path::{PathBuilder, Rect};

    use super::*;

    fn painted(path: &Path, start: [i32; 2], size: [u32; 2]) -> Vec<u8> {
        coverage(&[path], start, size)
    }

    #[test]
    fn a_rectangle_covers_its_share_of_each_pixel() {
        let path = PathBuilder::from_rect(Rect::from_ltrb(1.5, 0.25, 3.0, 1.5).unwrap());
        assert_eq!(painted(&path, [0, 0], [4, 3]), [0, 96, 191, 0, 0, 64, 128, 0, 0, 0, 0, 0]);
        assert_eq!(painted(&path, [2, -1], [3, 2]), [0, 0, 0, 191, 0, 0]);
    }

    #[test]
    fn a_circle_has_its_area() {
        let path = PathBuilder::from_circle(10.3, 9.8, 7.5).unwrap();
        let sum: f64 = painted(&path, [0, 0], [21, 20]).into_iter().map(f64::from).sum();
        // The curves that stand for the circle are close to it.
        assert!((sum / 255.0 - std::f64::consts::PI * 7.5 * 7.5).abs() < 0.4, "{sum}");
    }

    #[test]
    fn what_is_covered_twice_is_covered_and_a_hole_is_not() {
        let mut twice = PathBuilder::new();
        twice.push_rect(Rect::from_ltrb(0.0, 0.0, 2.0, 1.0).unwrap());
        twice.push_rect(Rect::from_ltrb(1.0, 0.0, 3.0, 1.0).unwrap());
        assert_eq!(painted(&twice.finish().unwrap(), [0, 0], [3, 1]), [255, 255, 255]);
        let mut hole = PathBuilder::new();
        hole.push_rect(Rect::from_ltrb(0.0, 0.0, 3.0, 1.0).unwrap());
        hole.move_to(1.0, 0.0);
        hole.line_to(1.0, 1.0);
        hole.line_to(2.0, 1.0);
        hole.line_to(2.0, 0.0);
        hole.close();
        assert_eq!(painted(&hole.finish().unwrap(), [0, 0], [3, 1]), [255, 0, 255]);
    }
}
