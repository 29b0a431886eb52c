//! `pad`: places the picture on a larger canvas.

use super::checks::{Condition, Rule};
use super::parameters::{Color, Gravity, Ratio};
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only};
use crate::error::Failure;
use crate::image::compose::{Layered, Place, calm};
use crate::image::depth::{Sample, by_depth};
use crate::image::recolor::{color_for, receptive};
use crate::image::{Image, Pixels, Representation, Representations, Size};

crate::choices! {
    /// What the canvas shows around the picture.
    pub enum Fill {
        /// One colour.
        Color = "color",
        /// The pixels of the picture's edge, repeated.
        Edge = "edge",
        /// The picture, mirrored at its edges; the pixels of the edge themselves are not repeated.
        Mirror = "mirror",
        /// The picture, enlarged and blurred.
        Blur = "blur",
    }
}

crate::parameters! {
    /// Parameters of `pad`.
    pub struct Pad {
        /// Width of the canvas; a wider picture keeps its own width.
        width: Option<u32>, range 1.0..=65500.0, unit "px";
        /// Height of the canvas; a higher picture keeps its own height.
        height: Option<u32>, range 1.0..=65500.0, unit "px";
        /// Uses the smallest canvas with this ratio, such as `1:1`, instead of a size.
        ratio: Option<Ratio>;
        /// Colour of the canvas with the fill `color`, in sRGB; `#00000000` is transparent.
        color: Color = Color::WHITE, label "Colour", shown if Condition::Is("fill", &["color"]);
        /// Position of the picture on the canvas.
        gravity: Gravity = Gravity::CENTER;
        /// What the canvas shows around the picture: one colour (`color`), the pixels of the picture's edge (`edge`), the
        /// picture mirrored at its edges (`mirror`), or behind the picture an enlarged, blurred copy of it (`blur`).
        fill: Fill = Fill::Color;
    }
}

/// The entry of `pad`.
pub const ACTION: Action = Action {
    action_type: "pad",
    version: "1.2.0",
    name: "Pad",
    description: "Places the picture on a larger canvas: of one colour, or continued from the picture. Never shrinks or crops it.",
    category: Category::Geometry,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: Pad::FIELDS,
    rules: &[
        Rule {
            broken: Condition::All(&[
                Condition::Missing("ratio"),
                Condition::Missing("width"),
                Condition::Missing("height"),
            ]),
            field: "width",
            code: "missing_parameter",
            message: "\"width\", \"height\" and \"ratio\" are all missing.",
            hint: "Give one or both sides of the canvas in pixels, or a \"ratio\" such as \"1:1\".",
        },
        Rule {
            broken: Condition::All(&[
                Condition::Given("ratio"),
                Condition::Any(&[Condition::Given("width"), Condition::Given("height")]),
            ]),
            field: "ratio",
            code: "conflicting_parameters",
            message: "\"ratio\" is {value}, but a side is given too.",
            hint: "Give either \"ratio\" or \"width\" and \"height\".",
        },
    ],
    adds_alpha: Condition::All(&[Condition::Is("fill", &["color"]), Condition::Translucent("color")]),
    related: &["resize", "crop"],
    usage: "Make every product a white square: resize to fit 1800 × 1800, then pad to 2000 × 2000.",
    icon: "M3.5 3.5h17v17h-17zM8.5 8.5h7v7h-7z",
};

/// The smallest size with a ratio that contains `inner`.
fn around(inner: Size, ratio: Ratio) -> Size {
    let (width, height) = (f64::from(inner.width), f64::from(inner.height));
    let round = |side: f64| (side + 0.5).floor() as u32;
    if width * ratio.height >= height * ratio.width {
        Size::new(inner.width, round(width * ratio.height / ratio.width).max(inner.height))
    } else {
        Size::new(round(height * ratio.width / ratio.height).max(inner.width), inner.height)
    }
}

impl Pad {
    fn canvas(&self, input: Size) -> Size {
        match self.ratio {
            Some(ratio) => around(input, ratio),
            None => Size::new(self.width.unwrap_or(0).max(input.width), self.height.unwrap_or(0).max(input.height)),
        }
    }

    /// The canvas's column and row of the picture's first.
    fn start(&self, size: Size, canvas: Size) -> (u32, u32) {
        (
            Gravity::offset(self.gravity.column, canvas.width, size.width),
            Gravity::offset(self.gravity.row, canvas.height, size.height),
        )
    }
}

/// What can be laid on a canvas of a colour without losing any of it.
///
/// Not planar: where a chroma sample straddles the border between picture and canvas, colour would bleed across it,
/// and full-size chroma would make the file larger than a picture padded in RGB.
pub(super) fn accepted(color: Color) -> Representations {
    let [r, g, b, a] = color.rgba;
    let accepted = match (a, r == g && g == b) {
        (255, true) => Representations::PIXELS,
        (255, false) => Representations::INTERLEAVED,
        _ => Representations::of(&[Representation::Rgba]),
    };
    accepted.and_deep()
}

/// A picture on a canvas of one sRGB colour, at (`left`, `top`) of it.
pub(super) fn on_color(image: Image, canvas: Size, (left, top): (u32, u32), color: Color) -> Result<Image, Failure> {
    let image = receptive(image);
    let [r, g, b] = color_for(&image, color.rgb());
    let place = Place { size: image.size, canvas, left: left.into(), top: top.into() };
    let pixels = by_depth!(image, on_pixels(&image.pixels, place, [r, g, b, color.rgba[3]]));
    Ok(image.with(canvas, pixels.ok_or_else(planar)?))
}

/// Interleaved samples on a canvas of one pixel.
fn on_pixels<S: Sample>(pixels: &Pixels, place: Place, pixel: [u8; 4]) -> Option<Pixels> {
    let (data, channels) = S::interleaved(pixels)?;
    let [r, g, b, a] = pixel.map(S::of_byte);
    let samples = match channels {
        1 => on_pixel(data, place, [r]),
        3 => on_pixel(data, place, [r, g, b]),
        _ => on_pixel(data, place, [r, g, b, a]),
    };
    Some(S::pixels(samples, channels))
}

fn planar() -> Failure {
    Failure::system("A planar picture reached a coloured canvas.", "Report this as a bug.")
}

/// Copies the rows of `data` onto a canvas of `pixel`.
fn on_pixel<S: Sample, const N: usize>(data: &[S], place: Place, pixel: [S; N]) -> Vec<S> {
    let mut padded: Vec<S> = std::iter::repeat_n(pixel, place.canvas.pixels() as usize).flatten().collect();
    copy::<S, N>(&mut padded, data, place);
    padded
}

fn copy<S: Sample, const N: usize>(canvas: &mut [S], data: &[S], place: Place) {
    place.rows(canvas.as_chunks_mut::<N>().0, data.as_chunks::<N>().0, |canvas, row| canvas.copy_from_slice(row));
}

/// For each place of a canvas's side, the place of the picture's side that is shown there. The picture starts at `start`.
fn shown(start: u32, side: u32, canvas: u32, mirrored: bool) -> Vec<usize> {
    let last = i64::from(side) - 1;
    let place = |at: i64| match mirrored {
        false => at.clamp(0, last),
        true if last == 0 => 0,
        // There and back.
        true => {
            let at = at.rem_euclid(2 * last);
            at.min(2 * last - at)
        }
    };
    (0..canvas).map(|at| place(i64::from(at) - i64::from(start)) as usize).collect()
}

fn gathered<S: Sample, const N: usize>(data: &[S], size: Size, columns: &[usize], rows: &[usize]) -> Vec<S> {
    let pixels = data.as_chunks::<N>().0;
    let mut out = Vec::with_capacity(columns.len() * rows.len() * N);
    for row in rows {
        let row = &pixels[row * size.width as usize..][..size.width as usize];
        out.extend(columns.iter().flat_map(|column| row[*column]));
    }
    out
}

/// A picture continued by its own pixels, at (`left`, `top`) of a larger canvas.
fn continued(image: &Image, canvas: Size, (left, top): (u32, u32), mirrored: bool) -> Result<Image, Failure> {
    let columns = shown(left, image.size.width, canvas.width, mirrored);
    let rows = shown(top, image.size.height, canvas.height, mirrored);
    let pixels = by_depth!(image, gathered_pixels(&image.pixels, image.size, &columns, &rows));
    Ok(image.with(canvas, pixels.ok_or_else(planar)?))
}

/// Interleaved samples from these columns and rows.
fn gathered_pixels<S: Sample>(pixels: &Pixels, size: Size, columns: &[usize], rows: &[usize]) -> Option<Pixels> {
    let (data, channels) = S::interleaved(pixels)?;
    let samples = match channels {
        1 => gathered::<S, 1>(data, size, columns, rows),
        3 => gathered::<S, 3>(data, size, columns, rows),
        _ => gathered::<S, 4>(data, size, columns, rows),
    };
    Some(S::pixels(samples, channels))
}

/// The blur of the enlarged copy, as a share of the canvas's shorter side.
const BLUR: f64 = 0.03;

/// A picture over an enlarged, blurred copy of itself.
fn on_itself(image: &Image, canvas: Size, (left, top): (u32, u32)) -> Result<Image, Failure> {
    let sigma = BLUR * f64::from(canvas.width.min(canvas.height));
    let mut backdrop = calm(image, canvas, sigma)?;
    let place = Place { size: image.size, canvas, left: left.into(), top: top.into() };
    by_depth!(image, lay_on(&mut backdrop.pixels, &image.pixels, place)).ok_or_else(planar)?;
    Ok(backdrop)
}

/// Lays a picture on a canvas of the same representation.
fn lay_on<S: Layered>(canvas: &mut Pixels, pixels: &Pixels, place: Place) -> Option<()> {
    let ((canvas, channels), (data, _)) = (S::interleaved_mut(canvas)?, S::interleaved(pixels)?);
    match channels {
        1 => copy::<S, 1>(canvas, data, place),
        3 => copy::<S, 3>(canvas, data, place),
        _ => place.over(canvas, data),
    }
    Some(())
}

impl Operation for Pad {
    fn accepts(&self) -> Representations {
        if self.fill == Fill::Color { accepted(self.color) } else { Representations::PIXELS.and_deep() }
    }

    fn scales_with_picture(&self) -> bool {
        true
    }

    fn output_size(&self, input: Size) -> Result<Size, Failure> {
        Ok(self.canvas(input))
    }

    fn keeps_content(&self) -> bool {
        true
    }

    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let image = only(inputs)?;
        let (size, canvas) = (image.size, self.canvas(image.size));
        if size == canvas {
            return Ok(vec![image]);
        }
        let start = self.start(size, canvas);
        Ok(vec![match self.fill {
            Fill::Color => on_color(image, canvas, start, self.color)?,
            Fill::Edge => continued(&image, canvas, start, false)?,
            Fill::Mirror => continued(&image, canvas, start, true)?,
            Fill::Blur => on_itself(&image, canvas, start)?,
        }])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn pad(raw: Value) -> Pad {
        let raw = raw.as_object().unwrap();
        assert_eq!(ACTION.check(raw), []);
        let read = Pad::read(raw);
        read.unwrap()
    }

    fn run(raw: Value, image: Image) -> Image {
        pad(raw).run(vec![Some(image)], &Context::default()).unwrap().remove(0)
    }

    #[test]
    fn the_picture_stands_where_gravity_says() {
        let image = Image::new(Size::new(2, 1), Pixels::Gray(vec![1, 2]));
        let padded = |gravity: &str| match run(
            json!({ "width": 5, "height": 3, "color": "#090909", "gravity": gravity }),
            image.clone(),
        )
        .pixels
        {
            Pixels::Gray(data) => data,
            other => panic!("{other:?}"),
        };
        assert_eq!(padded("northwest"), [1, 2, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9]);
        assert_eq!(padded("center"), [9, 9, 9, 9, 9, 9, 1, 2, 9, 9, 9, 9, 9, 9, 9]);
        assert_eq!(padded("southeast"), [9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 1, 2]);
    }

    #[test]
    fn colour_and_transparency_reach_every_new_pixel() {
        let rgb = Image::new(Size::new(1, 1), Pixels::Rgb(vec![1, 2, 3]));
        let out = run(json!({ "width": 2, "color": "#ff8000", "gravity": "west" }), rgb);
        assert_eq!((out.size, out.pixels), (Size::new(2, 1), Pixels::Rgb(vec![1, 2, 3, 255, 128, 0])));
        let rgba = Image::new(Size::new(1, 1), Pixels::Rgba(vec![1, 2, 3, 4]));
        let out = run(json!({ "height": 2, "color": "#00000000", "gravity": "south" }), rgba);
        assert_eq!((out.size, out.pixels), (Size::new(1, 2), Pixels::Rgba(vec![0, 0, 0, 0, 1, 2, 3, 4])));
    }

    #[test]
    fn a_transparent_canvas_needs_alpha_and_a_colour_needs_colour() {
        use Representation::{Gray, Rgb, Rgb16, Rgba, Rgba16, Ycc};
        let accepts = |color: &str| pad(json!({ "width": 9, "color": color })).accepts();
        assert_eq!(accepts("#00000000").iter().collect::<Vec<_>>(), [Rgba, Rgba16]);
        assert_eq!(accepts("#12345680").iter().collect::<Vec<_>>(), [Rgba, Rgba16]);
        assert_eq!(accepts("#123456").iter().collect::<Vec<_>>(), [Rgb, Rgba, Rgb16, Rgba16]);
        assert_eq!(accepts("#777777").narrow().iter().collect::<Vec<_>>(), [Gray, Rgb, Rgba]);
        assert!(!accepts("#ffffff").contains(Ycc));
    }

    #[test]
    fn a_ratio_gives_the_smallest_canvas_that_holds_the_picture() {
        let size = |ratio: &str, width, height| {
            let size = pad(json!({ "ratio": ratio })).output_size(Size::new(width, height)).unwrap();
            (size.width, size.height)
        };
        assert_eq!(size("1:1", 400, 300), (400, 400));
        assert_eq!(size("1:1", 300, 400), (400, 400));
        assert_eq!(size("4:5", 400, 300), (400, 500));
        assert_eq!(size("16:9", 100, 100), (178, 100));
        assert_eq!(size("4:3", 400, 300), (400, 300));
    }

    #[test]
    fn lengths_and_a_ratio_exclude_each_other_and_one_must_be_given() {
        let issue = |raw: Value| ACTION.check(raw.as_object().unwrap()).remove(0).code;
        assert_eq!(issue(json!({})), "missing_parameter");
        assert_eq!(issue(json!({ "ratio": "1:1", "width": 5 })), "conflicting_parameters");
        assert_eq!(issue(json!({ "ratio": "1:0" })), "wrong_type");
        assert_eq!(issue(json!({ "width": 5, "color": "white" })), "wrong_type");
    }

    #[test]
    fn the_canvas_can_continue_the_picture() {
        let image = Image::new(Size::new(3, 1), Pixels::Gray(vec![1, 2, 3]));
        let padded = |fill: &str| run(json!({ "width": 11, "gravity": "center", "fill": fill }), image.clone()).pixels;
        assert_eq!(padded("edge"), Pixels::Gray(vec![1, 1, 1, 1, 1, 2, 3, 3, 3, 3, 3]));
        assert_eq!(padded("mirror"), Pixels::Gray(vec![1, 2, 3, 2, 1, 2, 3, 2, 1, 2, 3]));
    }

    #[test]
    fn every_fill_works_for_every_size_and_keeps_the_picture() {
        for fill in ["color", "edge", "mirror", "blur"] {
            for size in [Size::new(1, 1), Size::new(1, 9), Size::new(30, 2)] {
                for representation in [Representation::Gray, Representation::Rgb, Representation::Rgba] {
                    let image = crate::image::testing::flat(size, representation, 7);
                    let out = run(json!({ "width": 40, "height": 33, "color": "#070707", "fill": fill }), image);
                    assert_eq!(out, crate::image::testing::flat(Size::new(40, 33), representation, 7), "{fill}");
                }
            }
            let clear = Image::new(Size::new(2, 2), Pixels::Rgba(vec![0; 16]));
            let out = run(json!({ "ratio": "2:1", "color": "#00000000", "fill": fill }), clear);
            assert_eq!(out.pixels, Pixels::Rgba(vec![0; 32]), "{fill}");
        }
    }

    #[test]
    fn only_a_translucent_colour_adds_alpha() {
        for (fill, adds) in [("color", true), ("edge", false), ("mirror", false), ("blur", false)] {
            let raw = json!({ "width": 9, "color": "#00000000", "fill": fill });
            assert_eq!(ACTION.adds_alpha(raw.as_object().unwrap()), adds, "{fill}");
        }
    }

    proptest! {
        #[test]
        fn a_canvas_never_shrinks_and_has_the_predicted_size(
            (width, height) in (1u32..40, 1u32..40),
            (to_width, to_height) in (1u32..60, 1u32..60),
            ratio: bool,
            gravity in 0u8..9,
        ) {
            let operation = Pad {
                width: (!ratio).then_some(to_width),
                height: (!ratio).then_some(to_height),
                ratio: ratio.then_some(Ratio { width: f64::from(to_width), height: f64::from(to_height) }),
                color: Color::WHITE,
                gravity: Gravity { column: gravity % 3, row: gravity / 3 },
                fill: Fill::Color,
            };
            let size = Size::new(width, height);
            let foretold = operation.output_size(size).unwrap();
            prop_assert!(foretold.width >= width && foretold.height >= height);
            let image = crate::image::testing::flat(size, Representation::Rgb, 7);
            let out = operation.run(vec![Some(image)], &Context::default()).unwrap();
            prop_assert_eq!(out[0].size, foretold);
            prop_assert!(out[0].is_consistent());
            let Pixels::Rgb(data) = &out[0].pixels else { panic!("rgb stays rgb") };
            let kept = data.chunks(3).filter(|pixel| *pixel == [7, 7, 7]).count();
            prop_assert_eq!(kept as u64, size.pixels());
        }
    }
}
