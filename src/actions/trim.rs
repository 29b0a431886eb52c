//! `trim`: cuts off an even or transparent border. Codes of warnings: `nothing_to_trim`.

use std::cmp::Reverse;

use super::checks::Condition;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only, unaccepted};
use crate::error::{Failure, Warning};
use crate::image::depth::{Sample, at_a_glance};
use crate::image::geometry::crop;
use crate::image::{Image, Pixels, Representations, Size};

crate::choices! {
    /// What counts as empty.
    pub enum By {
        /// Transparency if some of the picture's edge is transparent, otherwise the colour.
        Auto = "auto",
        /// The colour that most corners have.
        Color = "color",
        /// Transparency.
        Alpha = "alpha",
    }
}

crate::parameters! {
    /// Parameters of `trim`.
    pub struct Trim {
        /// How much red, green, blue (of 255) may differ from the backdrop, or the opacity from transparency, and still
        /// be cut off.
        tolerance: u32 = 10, range 0.0..=100.0;
        /// What is cut off: the colour that most corners have (`color`), or transparency (`alpha`). `auto` cuts off
        /// transparency if any of the picture's edge is transparent.
        by: By = By::Auto;
        /// How much of the border is left on each side.
        margin: u32 = 0, range 0.0..=65500.0, unit "px";
    }
}

/// The entry of `trim`.
pub const ACTION: Action = Action {
    action_type: "trim",
    version: "1.0.0",
    name: "Trim",
    description: "Cuts off an even or transparent border around the subject.",
    category: Category::Geometry,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: Trim::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &["crop", "pad", "remove-background"],
    usage: "Give all products the same room: trim, resize to fit 1800 × 1800, then pad to 2000 × 2000.",
    icon: "M8 8h8v8H8zM3.5 3.5L6 6M20.5 3.5L18 6M3.5 20.5L6 18M20.5 20.5L18 18",
};

/// A part of a picture: columns and rows, both from the first to the one after the last.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Part {
    columns: (usize, usize),
    rows: (usize, usize),
}

impl Part {
    /// The smallest part with every content. For each row, `ends` gives the first and the last column with content.
    fn around(height: usize, mut ends: impl FnMut(usize) -> Option<(usize, usize)>) -> Option<Self> {
        let mut part: Option<Self> = None;
        for y in 0..height {
            let Some((first, last)) = ends(y) else { continue };
            let before = part.unwrap_or(Self { columns: (first, last + 1), rows: (y, y + 1) });
            part = Some(Self {
                columns: (before.columns.0.min(first), before.columns.1.max(last + 1)),
                rows: (before.rows.0, y + 1),
            });
        }
        part
    }
}

/// Three rows of a picture, the outer ones of its edge repeated.
struct Rows<const N: usize> {
    rows: [Vec<[u8; N]>; 3],
    /// Whether a row has a pixel that differs from the backdrop.
    differ: [bool; 3],
    background: [u8; N],
    tolerance: u8,
}

impl<const N: usize> Rows<N> {
    fn differs(&self, pixel: [u8; N]) -> bool {
        pixel.iter().zip(self.background).any(|(value, background)| value.abs_diff(background) > self.tolerance)
    }

    fn load(&mut self, at: usize, load: impl FnOnce(&mut [[u8; N]])) {
        load(&mut self.rows[at]);
        self.differ[at] = self.rows[at].iter().any(|pixel| self.differs(*pixel));
    }

    /// Whether the median of the pixels around column `x` of the middle row differs from the backdrop.
    fn is_content(&self, x: usize) -> bool {
        let last = self.rows[0].len() - 1;
        let columns = [x.saturating_sub(1), x, (x + 1).min(last)];
        let median =
            std::array::from_fn(|channel| median_of_nine(columns.map(|x| [0, 1, 2].map(|y| self.rows[y][x][channel]))));
        self.differs(median)
    }

    /// The first and the last column of the middle row with content.
    fn ends(&self) -> Option<(usize, usize)> {
        if self.differ == [false; 3] {
            return None;
        }
        let width = self.rows[0].len();
        let first = (0..width).find(|x| self.is_content(*x))?;
        Some((first, (first..width).rfind(|x| self.is_content(*x)).unwrap_or(first)))
    }
}

fn sorted([a, b, c]: [u8; 3]) -> [u8; 3] {
    let (low, high) = (a.min(b), a.max(b));
    [low.min(c), low.max(high.min(c)), high.max(c)]
}

fn median_of_nine(columns: [[u8; 3]; 3]) -> u8 {
    let columns = columns.map(sorted);
    let [lowest, middle, highest] = [0, 1, 2].map(|at| sorted(columns.map(|column| column[at])));
    sorted([lowest[2], middle[1], highest[0]])[1]
}

/// The colour that the most of four corners have, within a tolerance; the first of them where several do.
fn most_frequent<const N: usize>(corners: [[u8; N]; 4], tolerance: u8) -> [u8; N] {
    let alike = |one: &[u8; N]| {
        let is_near = |other: &&[u8; N]| one.iter().zip(*other).all(|(one, other)| one.abs_diff(*other) <= tolerance);
        corners.iter().filter(is_near).count()
    };
    *corners.iter().min_by_key(|corner| Reverse(alike(corner))).unwrap_or(&corners[0])
}

/// The part of a picture whose colour is not that of its corners, as `find_trim` of libvips has it: after a median filter
/// of 3 × 3 pixels, so that specks and noise count as border. `flatten` shows a pixel on the backdrop.
fn by_color<const N: usize, const C: usize>(
    pixels: &[[u8; N]],
    size: Size,
    tolerance: u8,
    flatten: impl Fn([u8; N], [u8; C]) -> [u8; C],
) -> Option<Part> {
    let (width, height) = (size.width as usize, size.height as usize);
    let corner = |at: usize| std::array::from_fn(|channel| pixels[at][channel]);
    let corners = [0, width - 1, (height - 1) * width, height * width - 1].map(corner);
    let background = most_frequent(corners, tolerance);
    let row = |y: usize, to: &mut [[u8; C]]| {
        for (to, from) in to.iter_mut().zip(&pixels[y * width..]) {
            *to = flatten(*from, background);
        }
    };
    let empty = || vec![background; width];
    let mut rows = Rows { rows: [empty(), empty(), empty()], differ: [false; 3], background, tolerance };
    rows.load(1, |to| row(0, to));
    rows.load(2, |to| row(0, to));
    Part::around(height, |y| {
        rows.rows.rotate_left(1);
        rows.differ.rotate_left(1);
        rows.load(2, |to| row((y + 1).min(height - 1), to));
        rows.ends()
    })
}

fn by_alpha(rgba: &[u8], size: Size, tolerance: u8) -> Option<Part> {
    let width = size.width as usize;
    let is_content = |[.., alpha]: &[u8; 4]| *alpha > tolerance;
    Part::around(size.height as usize, |y| {
        let row = &rgba.as_chunks::<4>().0[y * width..][..width];
        Some((row.iter().position(is_content)?, row.iter().rposition(is_content)?))
    })
}

/// Whether a pixel of the picture's edge is not opaque.
fn has_translucent_edge(rgba: &[u8], size: Size) -> bool {
    let (width, height) = (size.width as usize, size.height as usize);
    rgba.as_chunks::<4>().0.chunks_exact(width).enumerate().any(|(y, row)| {
        let step = if y == 0 || y == height - 1 { 1 } else { (width - 1).max(1) };
        row.iter().step_by(step).any(|[.., alpha]| *alpha < 255)
    })
}

impl Trim {
    /// The content of a picture; `None` if it has none.
    fn content(&self, image: &Image) -> Result<Option<Part>, Failure> {
        let (size, tolerance) = (image.size, self.tolerance as u8);
        let all = Part { columns: (0, size.width as usize), rows: (0, size.height as usize) };
        Ok(match (&at_a_glance(image).pixels, self.by) {
            (Pixels::Rgba(rgba), By::Alpha) => by_alpha(rgba, size, tolerance),
            (Pixels::Rgba(rgba), By::Auto) if has_translucent_edge(rgba, size) => by_alpha(rgba, size, tolerance),
            (_, By::Alpha) => Some(all),
            (Pixels::Gray(gray), _) => by_color(gray.as_chunks::<1>().0, size, tolerance, |pixel, _| pixel),
            (Pixels::Rgb(rgb), _) => by_color(rgb.as_chunks::<3>().0, size, tolerance, |pixel, _| pixel),
            (Pixels::Rgba(rgba), _) => {
                by_color(rgba.as_chunks::<4>().0, size, tolerance, |[r, g, b, a], background: [u8; 3]| {
                    let [x, y, z] = background.map(|value| value.times(255 - a));
                    [r.times(a) + x, g.times(a) + y, b.times(a) + z]
                })
            }
            (Pixels::Ycc(_) | Pixels::Deep(_), _) => return Err(unaccepted(&ACTION)),
        })
    }
}

impl Operation for Trim {
    fn accepts(&self) -> Representations {
        Representations::PIXELS.and_deep()
    }

    fn finds_size(&self) -> bool {
        true
    }

    fn run(&self, inputs: Vec<Option<Image>>, context: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let image = only(inputs)?;
        let Some(part) = self.content(&image)? else {
            context.warn(Warning::hint(
                "nothing_to_trim",
                "All of this picture is border, so it keeps its size.",
                "Lower the tolerance to keep what differs only slightly.",
            ));
            return Ok(vec![image]);
        };
        let margin = self.margin as usize;
        let extended = |(first, end): (usize, usize), side: u32| {
            let first = first.saturating_sub(margin);
            (first as u32, ((end + margin).min(side as usize) - first) as u32)
        };
        let (left, width) = extended(part.columns, image.size.width);
        let (top, height) = extended(part.rows, image.size.height);
        Ok(vec![crop(image, left, top, Size::new(width, height))])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::image::Representation;
    use crate::image::testing::flat;

    fn trimmed(raw: Value, image: Image) -> (Image, Vec<String>) {
        let raw = raw.as_object().unwrap();
        assert_eq!(ACTION.check(raw), []);
        let context = Context::default();
        let out = Trim::read(raw).unwrap().run(vec![Some(image)], &context).unwrap().remove(0);
        (out, context.into_warnings().into_iter().map(|warning| warning.code).collect())
    }

    /// A picture of one value with a block of another.
    fn block(size: Size, part: Part, values: [u8; 2]) -> Image {
        let inside = |x: usize, y: usize| {
            (part.columns.0..part.columns.1).contains(&x) && (part.rows.0..part.rows.1).contains(&y)
        };
        let width = size.width as usize;
        let value = |at: usize| values[usize::from(inside(at % width, at / width))];
        Image::new(size, Pixels::Gray((0..size.pixels() as usize).map(value).collect()))
    }

    const BLOCK: Part = Part { columns: (5, 9), rows: (3, 10) };
    const SIZE: Size = Size::new(20, 16);

    #[test]
    fn the_box_around_what_differs_from_the_corners_is_left() {
        assert_eq!(trimmed(json!({}), block(SIZE, BLOCK, [250, 90])).0.size, Size::new(4, 7));
        assert_eq!(trimmed(json!({}), block(SIZE, BLOCK, [0, 11])).0.size, Size::new(4, 7));
        assert_eq!(trimmed(json!({ "margin": 4 }), block(SIZE, BLOCK, [0, 11])).0.size, Size::new(12, 14));
        assert_eq!(trimmed(json!({ "margin": 65500 }), block(SIZE, BLOCK, [0, 11])).0.size, SIZE);
        assert_eq!(trimmed(json!({ "tolerance": 100 }), block(SIZE, BLOCK, [0, 101])).0.size, Size::new(4, 7));
    }

    #[test]
    fn a_picture_of_border_alone_stays_and_a_hint_says_so() {
        for (raw, image) in [
            (json!({}), block(SIZE, BLOCK, [0, 10])),
            (json!({}), flat(Size::new(1, 1), Representation::Rgb, 9)),
            (json!({ "by": "alpha" }), Image::new(Size::new(2, 1), Pixels::Rgba(vec![9, 9, 9, 10, 0, 0, 0, 0]))),
        ] {
            assert_eq!(trimmed(raw, image.clone()), (image, vec!["nothing_to_trim".to_owned()]));
        }
        let opaque = flat(SIZE, Representation::Rgb, 7);
        assert_eq!(trimmed(json!({ "by": "alpha" }), opaque.clone()), (opaque, vec![]));
    }

    #[test]
    fn specks_count_as_border_even_in_a_corner() {
        let mut image = block(SIZE, BLOCK, [250, 90]);
        if let Pixels::Gray(data) = &mut image.pixels {
            for at in [0, 18, 15 * 20 + 2] {
                data[at] = 0;
            }
        }
        assert_eq!(trimmed(json!({}), image).0.size, Size::new(4, 7));
    }

    #[test]
    fn transparency_goes_before_colour_unless_the_edge_is_opaque() {
        let mut pixels = [200, 100, 50, 0].repeat(9 * 7);
        for at in [3 * 9 + 2, 4 * 9 + 5] {
            pixels[at * 4 + 3] = 11;
        }
        let image = Image::new(Size::new(9, 7), Pixels::Rgba(pixels));
        assert_eq!(trimmed(json!({}), image.clone()).0.size, Size::new(4, 2));
        assert_eq!(trimmed(json!({ "by": "color" }), image).1, ["nothing_to_trim"]);
        // A hole in an opaque picture is not a border.
        let mut holed = flat(Size::new(9, 7), Representation::Rgba, 40);
        if let Pixels::Rgba(data) = &mut holed.pixels {
            for at in [21, 22, 23, 30, 31, 32, 39, 40, 41] {
                data[at * 4..][..4].copy_from_slice(&[255, 255, 255, 200]);
            }
        }
        assert_eq!(trimmed(json!({}), holed).0.size, Size::new(3, 3));
    }

    proptest! {
        #[test]
        fn a_block_is_found_in_every_representation(
            (width, height) in (8u32..40, 8u32..40), (left, top) in (2usize..4, 2usize..4), representation in 0..3usize,
        ) {
            let size = Size::new(width, height);
            let part = Part { columns: (left, width as usize - 2), rows: (top, height as usize - 2) };
            let representation = [Representation::Gray, Representation::Rgb, Representation::Rgba][representation];
            let image = crate::image::convert::convert(block(size, part, [20, 200]), representation);
            let (out, _) = trimmed(json!({ "by": "color" }), image);
            prop_assert_eq!(out.size, Size::new(width - 2 - left as u32, height - 2 - top as u32));
            prop_assert!(out.is_consistent());
        }

        #[test]
        fn no_size_and_no_noise_fails((width, height) in (1u32..9, 1u32..9), seed: u32, by in 0..3usize) {
            let image = crate::image::testing::noise(Size::new(width, height), Representation::Rgba, seed);
            let by = ["auto", "color", "alpha"][by];
            let raw = json!({ "by": by, "margin": seed % 3 });
            let (out, _) = trimmed(raw, image);
            prop_assert!(out.size.width <= width && out.size.height <= height && out.is_consistent());
        }
    }
}
