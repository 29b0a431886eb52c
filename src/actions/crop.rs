//! `crop`: keeps a part of the picture, by a box or by a ratio. [`crate::image::geometry`] does the cropping,
//! and `crate::image::attention` finds what draws attention.

use serde_json::Value;

use super::checks::{Condition, Rule};
use super::parameters::{GRAVITIES, Gravity, Kind, Parameter, Point, Ratio, Spatial};
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only};
use crate::error::Failure;
use crate::image::attention::best_place;
use crate::image::geometry::crop;
use crate::image::{Image, Representations, Size};

/// Where the part with a ratio lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// In one of nine places.
    Place(Gravity),
    /// Where the picture draws the most attention.
    Attention,
}

/// The wire names of [`Anchor`].
const ANCHORS: [&str; 10] = {
    let mut words = ["attention"; 10];
    let mut at = 0;
    while at < GRAVITIES.len() {
        words[at] = GRAVITIES[at];
        at += 1;
    }
    words
};

impl Parameter for Anchor {
    const KIND: Kind = Kind::Choice(&ANCHORS);
    fn read(value: &Value) -> Option<Self> {
        if value == "attention" { Some(Self::Attention) } else { Gravity::read(value).map(Self::Place) }
    }
    fn json(&self) -> Value {
        match self {
            Self::Place(place) => place.json(),
            Self::Attention => "attention".into(),
        }
    }
}

crate::parameters! {
    /// Parameters of `crop`.
    pub struct Crop {
        /// Left edge of the box, 0 by default. The part of the box outside the picture is dropped.
        x: Option<i32>, range -65500.0..=65500.0, unit "px", place Spatial::Left;
        /// Upper edge of the box, 0 by default.
        y: Option<i32>, range -65500.0..=65500.0, unit "px", place Spatial::Top;
        /// Width of the box.
        width: Option<u32>, range 1.0..=65500.0, unit "px", place Spatial::Width;
        /// Height of the box.
        height: Option<u32>, range 1.0..=65500.0, unit "px", place Spatial::Height;
        /// Keeps the largest part with this ratio, such as `4:5`, instead of a box.
        ratio: Option<Ratio>, place Spatial::Ratio;
        /// Which part `ratio` keeps: that in one place, or the one that draws the most attention (`attention`) by edges,
        /// skin and strong colours.
        gravity: Anchor = Anchor::Place(Gravity::CENTER), place Spatial::Anchor;
        /// The place that `ratio` keeps in the middle as far as possible, as shares of the width and the height: 0, 0 is
        /// the upper left corner. Goes before `gravity`.
        focus: Option<Point>, label "Focal point";
    }
}

/// A part of a box is given.
const BOX_GIVEN: Condition = Condition::Any(&[
    Condition::Given("x"),
    Condition::Given("y"),
    Condition::Given("width"),
    Condition::Given("height"),
]);

/// The entry of `crop`.
pub const ACTION: Action = Action {
    action_type: "crop",
    version: "1.1.0",
    name: "Crop",
    description: "Keeps a part of the picture: a box in pixels, or the largest part with a given ratio, in a place of your choice or where its subject is.",
    category: Category::Geometry,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: Crop::FIELDS,
    rules: &[
        Rule {
            broken: Condition::All(&[Condition::Given("ratio"), BOX_GIVEN]),
            field: "ratio",
            code: "conflicting_parameters",
            message: "\"ratio\" is {value}, but a box is given too.",
            hint: "Give either \"ratio\" or a box of \"x\", \"y\", \"width\" and \"height\".",
        },
        Rule {
            broken: Condition::All(&[
                Condition::Missing("ratio"),
                Condition::Missing("x"),
                Condition::Missing("y"),
                Condition::Missing("width"),
                Condition::Missing("height"),
            ]),
            field: "ratio",
            code: "missing_parameter",
            message: "A box or a \"ratio\" is missing.",
            hint: "Give \"x\", \"y\", \"width\" and \"height\" in pixels, or a \"ratio\" such as \"4:5\".",
        },
        Rule {
            broken: Condition::All(&[Condition::Missing("ratio"), BOX_GIVEN, Condition::Missing("width")]),
            field: "width",
            code: "missing_parameter",
            message: "The box has no \"width\".",
            hint: "Give \"width\" in pixels, or a \"ratio\" instead of a box.",
        },
        Rule {
            broken: Condition::All(&[Condition::Missing("ratio"), BOX_GIVEN, Condition::Missing("height")]),
            field: "height",
            code: "missing_parameter",
            message: "The box has no \"height\".",
            hint: "Give \"height\" in pixels, or a \"ratio\" instead of a box.",
        },
    ],
    adds_alpha: Condition::Never,
    related: &["resize", "pad"],
    usage: "Crop every picture to 4:5 for a feed. To keep the whole picture on a canvas with a given ratio, use pad.",
    icon: "M7 2.5V17h14.5M2.5 7H17v14.5",
};

/// The largest size with a ratio inside `outer`; sides are rounded half up and are at least 1.
pub fn inside(outer: Size, ratio: Ratio) -> Size {
    let (width, height) = (f64::from(outer.width), f64::from(outer.height));
    let round = |side: f64, most: u32| ((side + 0.5).floor() as u32).clamp(1, most);
    if width * ratio.height >= height * ratio.width {
        Size::new(round(height * ratio.width / ratio.height, outer.width), outer.height)
    } else {
        Size::new(outer.width, round(width * ratio.height / ratio.width, outer.height))
    }
}

/// The start of `inner` in `outer` whose middle is nearest to a share of it.
pub fn around(share: f64, outer: u32, inner: u32) -> u32 {
    let start = (share * f64::from(outer) - f64::from(inner) / 2.0 + 0.5).floor();
    (start.max(0.0) as u32).min(outer.saturating_sub(inner))
}

impl Crop {
    /// Upper left corner of the part with a ratio.
    fn place(&self, image: &Image, size: Size) -> Result<(u32, u32), Failure> {
        let outer = image.size;
        match (self.focus, self.gravity) {
            (Some(focus), _) => {
                Ok((around(focus.x, outer.width, size.width), around(focus.y, outer.height, size.height)))
            }
            (None, Anchor::Place(Gravity { column, row })) => {
                Ok((Gravity::offset(column, outer.width, size.width), Gravity::offset(row, outer.height, size.height)))
            }
            (None, Anchor::Attention) => best_place(image, size),
        }
    }

    /// Upper left corner and size of what is kept of a picture.
    fn part(&self, image: &Image) -> Result<(u32, u32, Size), Failure> {
        match self.ratio {
            Some(ratio) => {
                let size = inside(image.size, ratio);
                self.place(image, size).map(|(x, y)| (x, y, size))
            }
            None => self.part_in_box(image.size),
        }
    }

    /// Upper left corner and size of what is in the box.
    fn part_in_box(&self, input: Size) -> Result<(u32, u32, Size), Failure> {
        let (x, y) = (self.x.unwrap_or(0), self.y.unwrap_or(0));
        let (width, height) = (self.width.unwrap_or(input.width), self.height.unwrap_or(input.height));
        let overlap = |start: i32, length: u32, side: u32| {
            let (start, end) = (i64::from(start), i64::from(start) + i64::from(length));
            let (from, to) = (start.clamp(0, side.into()), end.clamp(0, side.into()));
            (from < to).then_some((from as u32, (to - from) as u32))
        };
        match (overlap(x, width, input.width), overlap(y, height, input.height)) {
            (Some((x, width)), Some((y, height))) => Ok((x, y, Size::new(width, height))),
            _ => Err(Failure::execute(
                format!(
                    "The box of {width} × {height} px at ({x}, {y}) is outside the picture of {} × {} px.",
                    input.width, input.height
                ),
                "Move the box into the picture, or crop by a ratio.",
            )),
        }
    }
}

impl Operation for Crop {
    fn accepts(&self) -> Representations {
        Representations::ANY.and_deep()
    }

    fn scales_with_picture(&self) -> bool {
        // What draws attention is found by fine detail.
        self.ratio.is_none() || self.focus.is_some() || self.gravity != Anchor::Attention
    }

    fn output_size(&self, input: Size) -> Result<Size, Failure> {
        match self.ratio {
            Some(ratio) => Ok(inside(input, ratio)),
            None => self.part_in_box(input).map(|(_, _, size)| size),
        }
    }

    fn keeps_content(&self) -> bool {
        true
    }

    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let image = only(inputs)?;
        let (x, y, size) = self.part(&image)?;
        Ok(vec![crop(image, x, y, size)])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::image::testing::flat;
    use crate::image::{Pixels, Representation};

    fn operation(raw: Value) -> Crop {
        let raw = raw.as_object().unwrap();
        assert_eq!(ACTION.check(raw), []);
        let read = Crop::read(raw);
        read.unwrap()
    }

    fn part(raw: Value, width: u32, height: u32) -> (u32, u32, u32, u32) {
        let image = flat(Size::new(width, height), Representation::Gray, 90);
        let (x, y, size) = operation(raw).part(&image).unwrap();
        (x, y, size.width, size.height)
    }

    #[test]
    fn a_box_is_cut_out() {
        let image = Image::new(Size::new(4, 3), Pixels::Gray((0..12).collect()));
        let out = operation(json!({ "x": 1, "y": 1, "width": 2, "height": 2 }))
            .run(vec![Some(image)], &Context::default())
            .unwrap();
        assert_eq!((out[0].size, &out[0].pixels), (Size::new(2, 2), &Pixels::Gray(vec![5, 6, 9, 10])));
    }

    #[test]
    fn a_box_is_intersected_with_the_picture() {
        assert_eq!(part(json!({ "x": 80, "y": 90, "width": 50, "height": 50 }), 100, 100), (80, 90, 20, 10));
        assert_eq!(part(json!({ "x": -10, "y": -20, "width": 50, "height": 50 }), 100, 100), (0, 0, 40, 30));
        assert_eq!(part(json!({ "width": 500, "height": 1 }), 100, 100), (0, 0, 100, 1));
    }

    #[test]
    fn an_empty_box_fails_and_says_where_it_lies() {
        for raw in
            [json!({ "x": 100, "y": 0, "width": 5, "height": 5 }), json!({ "x": 0, "y": -5, "width": 5, "height": 5 })]
        {
            let failure = operation(raw).output_size(Size::new(100, 60)).unwrap_err();
            assert!(failure.message.contains("5 × 5 px") && failure.message.contains("100 × 60"), "{failure}");
            assert!(!failure.hint.is_empty());
        }
    }

    #[test]
    fn a_ratio_keeps_the_largest_part_at_gravity() {
        assert_eq!(part(json!({ "ratio": "4:5" }), 400, 300), (80, 0, 240, 300));
        assert_eq!(part(json!({ "ratio": "4:5", "gravity": "east" }), 400, 300), (160, 0, 240, 300));
        assert_eq!(part(json!({ "ratio": "16:9", "gravity": "south" }), 400, 300), (0, 75, 400, 225));
        assert_eq!(part(json!({ "ratio": "1:1" }), 3, 2), (0, 0, 2, 2));
        assert_eq!(part(json!({ "ratio": "1000:1" }), 10, 10), (0, 4, 10, 1));
        assert_eq!(part(json!({ "ratio": "3:2" }), 5, 100), (0, 48, 5, 3), "5 × 2 ÷ 3 is 3.33");
    }

    #[test]
    fn a_focus_is_in_the_middle_as_far_as_possible() {
        let at = |x: f64, y: f64| part(json!({ "ratio": "1:1", "focus": { "x": x, "y": y } }), 400, 100);
        assert_eq!(at(0.5, 0.0), (150, 0, 100, 100));
        assert_eq!(at(0.25, 1.0), (50, 0, 100, 100));
        assert_eq!(at(0.0, 0.5), (0, 0, 100, 100));
        assert_eq!(at(1.0, 0.5), (300, 0, 100, 100));
        let both = json!({ "ratio": "1:1", "focus": { "x": 0.0, "y": 0.0 }, "gravity": "east" });
        assert_eq!(part(both, 400, 100).0, 0, "the focus goes first");
    }

    /// A calm picture with noise and a faint pattern, and a subject of 60 pixels whose middle is at `share` of the longer
    /// side: a pattern, a strongly coloured disc or a face.
    fn with_subject(index: usize, share: f64) -> (Image, (u32, u32)) {
        let portrait = index % 2 == 1;
        let (long, short) = (600_u32, 200_u32);
        let start = ((f64::from(long) * share) as u32).saturating_sub(30).min(long - 60);
        let mut state = index as u32 + 1;
        let mut pixels = vec![[0_u8; 3]; (long * short) as usize];
        for along in 0..long {
            for across in 0..short {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let noise = (state >> 29) as u8;
                // Brighter towards the end that the subject is not at, with faint stripes there.
                let far = if share < 0.5 { along } else { long - along };
                let stripes = if far > 400 && across % 40 < 20 { 6 } else { 0 };
                let mut pixel = [110 + noise, 120 + noise + (far / 10) as u8, 130 + stripes + (far / 8) as u8];
                let (x, y) = (i64::from(along) - i64::from(start) - 30, i64::from(across) - 90);
                if x.abs() <= 30 && y.abs() <= 30 {
                    let radius = ((x * x + y * y) as f64).sqrt();
                    match index % 3 {
                        0 if (x + 30) / 6 % 2 == (y + 30) / 6 % 2 => pixel = [30, 32, 35],
                        1 if radius < 29.0 => pixel = [215, 40, 30],
                        2 if radius < 29.0 => {
                            let feature =
                                (x.abs() - 11).abs() < 4 && (y + 8).abs() < 4 || y.abs_diff(13) < 3 && x.abs() < 12;
                            pixel = if feature { [70, 45, 40] } else { [224, 172, 140] };
                        }
                        _ => {}
                    }
                }
                let at = if portrait { along * short + across } else { across * long + along };
                pixels[at as usize] = pixel;
            }
        }
        let size = if portrait { Size::new(short, long) } else { Size::new(long, short) };
        (Image::new(size, Pixels::Rgb(pixels.concat())), (start, start + 60))
    }

    #[test]
    fn attention_keeps_the_subject_where_the_middle_loses_it() {
        let shares = [0.1, 0.2, 0.28, 0.72, 0.8, 0.9, 0.15, 0.85, 0.05, 0.52];
        let kept = |gravity: &str| {
            let operation = operation(json!({ "ratio": "1:1", "gravity": gravity }));
            let holds = |(index, share): (usize, &f64)| {
                let (image, (from, to)) = with_subject(index, *share);
                let (x, y, size) = operation.part(&image).unwrap();
                let start = x.max(y);
                start <= from && to <= start + size.width
            };
            shares.iter().enumerate().filter(|one| holds(*one)).count()
        };
        assert!(kept("attention") >= 9, "{}", kept("attention"));
        assert!(kept("center") <= 2, "{}", kept("center"));
    }

    #[test]
    fn attention_finds_the_same_in_all_representations_and_the_middle_of_nothing() {
        let (image, _) = with_subject(1, 0.2);
        let operation = operation(json!({ "ratio": "1:1", "gravity": "attention" }));
        let (_, expected, _) = operation.part(&image).unwrap();
        for representation in [Representation::Rgba, Representation::Ycc] {
            let (_, y, _) = operation.part(&crate::image::convert::convert(image.clone(), representation)).unwrap();
            assert!(y.abs_diff(expected) <= 8, "{representation:?}: {y}, not {expected}");
        }
        assert_eq!(part(json!({ "ratio": "1:1", "gravity": "attention" }), 90, 30), (30, 0, 30, 30));
    }

    #[test]
    fn a_box_and_a_ratio_exclude_each_other_and_one_must_be_given() {
        let codes = |raw: Value| {
            let issues = ACTION.check(raw.as_object().unwrap());
            issues.into_iter().map(|issue| (issue.field, issue.code)).collect::<Vec<_>>()
        };
        assert_eq!(codes(json!({})), [("ratio", "missing_parameter")]);
        assert_eq!(codes(json!({ "gravity": "north" })), [("ratio", "missing_parameter")]);
        assert_eq!(codes(json!({ "x": 3 })), [("width", "missing_parameter"), ("height", "missing_parameter")]);
        assert_eq!(codes(json!({ "width": 3 })), [("height", "missing_parameter")]);
        assert_eq!(codes(json!({ "ratio": "1:1", "x": 0 })), [("ratio", "conflicting_parameters")]);
        assert_eq!(codes(json!({ "ratio": "-1:1" })), [("ratio", "wrong_type")]);
        assert_eq!(codes(json!({ "ratio": "4:5" })), []);
    }

    proptest! {
        #[test]
        fn the_crop_lies_inside_and_has_the_predicted_size(
            (width, height) in (1u32..50, 1u32..50),
            (x, y) in (-60i32..60, -60i32..60),
            (box_width, box_height) in (1u32..70, 1u32..70),
            representation in 0..4usize,
            by_ratio: bool,
            gravity in 0u8..10,
        ) {
            let operation = Crop {
                x: (!by_ratio).then_some(x),
                y: (!by_ratio).then_some(y),
                width: (!by_ratio).then_some(box_width),
                height: (!by_ratio).then_some(box_height),
                ratio: by_ratio.then_some(Ratio { width: f64::from(box_width), height: f64::from(box_height) }),
                gravity: match gravity {
                    9 => Anchor::Attention,
                    place => Anchor::Place(Gravity { column: place % 3, row: place / 3 }),
                },
                focus: None,
            };
            let size = Size::new(width, height);
            let image = flat(size, Representation::ALL[representation], 5);
            match operation.output_size(size) {
                Ok(foretold) => {
                    prop_assert!(foretold.width <= width && foretold.height <= height);
                    let out = operation.run(vec![Some(image)], &Context::default()).unwrap();
                    prop_assert_eq!(out[0].size, foretold);
                    prop_assert!(out[0].is_consistent());
                }
                Err(_) => prop_assert!(operation.run(vec![Some(image)], &Context::default()).is_err() && !by_ratio),
            }
        }
    }
}
