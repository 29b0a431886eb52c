//! `pad`: places the picture on a larger canvas of one colour.

use super::checks::{Condition, Rule};
use super::parameters::{Color, Gravity, Ratio};
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only};
use crate::error::Failure;
use crate::image::recolor::{color_for, receptive};
use crate::image::{Image, Pixels, Representation, Representations, Size};

crate::parameters! {
    /// Parameters of `pad`.
    pub struct Pad {
        /// Width of the canvas; a wider picture keeps its own width.
        width: Option<u32>, range 1.0..=65500.0, unit "px";
        /// Height of the canvas; a higher picture keeps its own height.
        height: Option<u32>, range 1.0..=65500.0, unit "px";
        /// Uses the smallest canvas with this ratio, such as `1:1`, instead of a size.
        ratio: Option<Ratio>;
        /// Colour of the canvas, in sRGB; `#00000000` is transparent.
        color: Color = Color::WHITE, label "Colour";
        /// Position of the picture on the canvas.
        gravity: Gravity = Gravity::CENTER;
    }
}

/// The entry of `pad`.
pub const ACTION: Action = Action {
    action_type: "pad",
    version: "1.1.0",
    name: "Pad",
    description: "Places the picture on a larger canvas of one colour. Never shrinks or crops it.",
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
    adds_alpha: Condition::Translucent("color"),
    related: &["resize", "crop"],
    usage: "Make every product a white square: resize to fit 1800 × 1800, then pad to 2000 × 2000.",
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

    /// Copies the rows of `data` onto a canvas of `pixel`.
    fn place<const N: usize>(&self, data: &[u8], size: Size, canvas: Size, pixel: [u8; N]) -> Vec<u8> {
        let mut padded: Vec<u8> = std::iter::repeat_n(pixel, canvas.pixels() as usize).flatten().collect();
        let left = Gravity::offset(self.gravity.column, canvas.width, size.width) as usize;
        let top = Gravity::offset(self.gravity.row, canvas.height, size.height) as usize;
        let (from, to) = (size.width as usize * N, canvas.width as usize * N);
        for (y, row) in data.chunks_exact(from).enumerate() {
            padded[(top + y) * to + left * N..][..from].copy_from_slice(row);
        }
        padded
    }
}

impl Operation for Pad {
    /// Not planar: where a chroma sample straddles the border between picture and canvas, colour would bleed across it,
    /// and full-size chroma would make the file larger than a picture padded in RGB.
    fn accepts(&self) -> Representations {
        let [r, g, b, a] = self.color.rgba;
        match (a, r == g && g == b) {
            (255, true) => Representations::PIXELS,
            (255, false) => Representations::INTERLEAVED,
            _ => Representations::of(&[Representation::Rgba]),
        }
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
        let image = receptive(image);
        let [r, g, b] = color_for(&image, self.color.rgb());
        let pixels = match &image.pixels {
            Pixels::Gray(data) => Pixels::Gray(self.place(data, size, canvas, [r])),
            Pixels::Rgb(data) => Pixels::Rgb(self.place(data, size, canvas, [r, g, b])),
            Pixels::Rgba(data) => Pixels::Rgba(self.place(data, size, canvas, [r, g, b, self.color.rgba[3]])),
            Pixels::Ycc(_) => {
                return Err(Failure::system("A planar picture reached \"pad\".", "Report this as a bug.").into());
            }
        };
        Ok(vec![image.with(canvas, pixels)])
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
        use Representation::{Gray, Rgb, Rgba, Ycc};
        let accepts = |color: &str| pad(json!({ "width": 9, "color": color })).accepts();
        assert_eq!(accepts("#00000000").iter().collect::<Vec<_>>(), [Rgba]);
        assert_eq!(accepts("#12345680").iter().collect::<Vec<_>>(), [Rgba]);
        assert_eq!(accepts("#123456").iter().collect::<Vec<_>>(), [Rgb, Rgba]);
        assert_eq!(accepts("#777777").iter().collect::<Vec<_>>(), [Gray, Rgb, Rgba]);
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
