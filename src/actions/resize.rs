//! `resize`: changes the number of pixels. Sizes are computed here, in whole numbers; [`crate::image::resample`] does
//! the resampling.

use super::checks::{Condition, Rule};
use super::parameters::Gravity;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only};
use crate::error::Failure;
use crate::image::resample::{self, ChromaUse, Reduced, Window, resample_for, resample_light};
use crate::image::{Image, Representations, Size};

crate::choices! {
    /// What `width` and `height` mean.
    pub enum Mode {
        /// The largest size inside the box, keeping the ratio.
        Fit = "fit",
        /// The smallest size that covers the box, keeping the ratio, then cropped to it.
        Fill = "fill",
        /// Both sides as given, ignoring the ratio.
        Exact = "exact",
        /// `width` is the longer side, keeping the ratio.
        LongSide = "long-side",
        /// `percent` of both sides.
        Percent = "percent",
    }
}

crate::choices! {
    /// How new pixels are weighted from old ones. When shrinking, each filter except `nearest` is widened to cover
    /// everything that falls into a new pixel.
    pub enum Filter {
        /// The pixel whose centre is nearest.
        Nearest = "nearest",
        /// Triangle.
        Bilinear = "bilinear",
        /// Catmull-Rom cubic (a = −0.5).
        Bicubic = "bicubic",
        /// Mitchell-Netravali cubic (B = C = 1/3).
        Mitchell = "mitchell",
        /// Sinc windowed by sinc, three lobes.
        Lanczos3 = "lanczos3",
    }
}

impl Filter {
    fn kernel(self) -> resample::Filter {
        match self {
            Self::Nearest => resample::Filter::Nearest,
            Self::Bilinear => resample::Filter::Bilinear,
            Self::Bicubic => resample::Filter::Bicubic,
            Self::Mitchell => resample::Filter::Mitchell,
            Self::Lanczos3 => resample::Filter::Lanczos3,
        }
    }
}

crate::parameters! {
    /// Parameters of `resize`.
    pub struct Resize {
        /// Width of the box; the longer side with `long-side`. Leave empty to keep proportions.
        width: Option<u32>, range 1.0..=65500.0, unit "px", shown if Condition::Is("mode", &["fit", "fill", "exact", "long-side"]);
        /// Height of the box. Leave empty to keep proportions.
        height: Option<u32>, range 1.0..=65500.0, unit "px", shown if Condition::Is("mode", &["fit", "fill", "exact"]);
        /// `fit`: inside the box. `fill`: covers the box, then cropped to it at `gravity`. `exact`: both sides as
        /// given, ignoring the ratio. `long-side`: `width` is the longer side. `percent`: by `percent`.
        mode: Mode = Mode::Fit;
        /// Size of the result with `percent`.
        percent: Option<f64>, range 0.01..=10000.0, unit "%", shown if Condition::Is("mode", &["percent"]);
        /// How pixels are weighted: `lanczos3` is the sharpest, `nearest` keeps the hard edges of pixel art.
        filter: Filter = Filter::Lanczos3;
        /// Mixes amounts of light instead of encoded values, so that fine bright details, such as stars and lights at night, stay
        /// as bright as they are. Takes longer.
        linear: bool = false, label "Linear light";
        /// Enlarges small pictures.
        enlarge: bool = false;
        /// Which part `fill` keeps.
        gravity: Gravity = Gravity::CENTER, shown if Condition::Is("mode", &["fill"]);
    }
}

/// The entry of `resize`.
pub const ACTION: Action = Action {
    action_type: "resize",
    version: "1.3.0",
    name: "Resize",
    description: "Changes the number of pixels: inside a box, covering a box, to exact sides, by the longer side or by \
                  percent.",
    category: Category::Geometry,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: Resize::FIELDS,
    rules: &[
        Rule {
            broken: Condition::All(&[
                Condition::Is("mode", &["fit", "fill", "exact"]),
                Condition::Missing("width"),
                Condition::Missing("height"),
            ]),
            field: "width",
            code: "missing_parameter",
            message: "\"width\" and \"height\" are both missing.",
            hint: "Give one of them in pixels, or both.",
        },
        Rule {
            broken: Condition::All(&[Condition::Is("mode", &["long-side"]), Condition::Missing("width")]),
            field: "width",
            code: "missing_parameter",
            message: "The mode \"long-side\" needs \"width\".",
            hint: "Give the length of the longer side in pixels as \"width\".",
        },
        Rule {
            broken: Condition::All(&[Condition::Is("mode", &["percent"]), Condition::Missing("percent")]),
            field: "percent",
            code: "missing_parameter",
            message: "The mode \"percent\" needs \"percent\".",
            hint: "Give \"percent\", such as 50 for half of both sides.",
        },
    ],
    adds_alpha: Condition::Never,
    related: &["sharpen", "crop", "pad"],
    usage: "Make pictures small enough for a web page, for example fit into 1600 × 1600, then sharpen a little.",
    icon: "M4 4h16v16H4zM4 13h7v7M14 10l4-4M14.5 6H18v3.5",
};

/// A scale as a fraction, so that a side of exactly one half is always rounded up.
#[derive(Clone, Copy)]
struct Scale {
    numerator: u32,
    denominator: u32,
}

impl Scale {
    const ONE: Self = Self { numerator: 1, denominator: 1 };

    const fn new(to: u32, from: u32) -> Self {
        Self { numerator: to, denominator: from }
    }

    /// Orders by value.
    fn less(self, other: Self) -> bool {
        u64::from(self.numerator) * u64::from(other.denominator)
            < u64::from(other.numerator) * u64::from(self.denominator)
    }

    fn min(self, other: Self) -> Self {
        if other.less(self) { other } else { self }
    }

    fn max(self, other: Self) -> Self {
        if self.less(other) { other } else { self }
    }

    /// A side after scaling: at least 1, half rounded up.
    fn side(self, side: u32) -> u32 {
        let (numerator, denominator) = (u64::from(self.numerator), u64::from(self.denominator));
        let scaled = (2 * u64::from(side) * numerator + denominator) / (2 * denominator);
        scaled.clamp(1, u64::from(u32::MAX)) as u32
    }

    fn size(self, size: Size) -> Size {
        Size::new(self.side(size.width), self.side(size.height))
    }
}

impl Resize {
    /// The size that the whole picture is scaled to, and the size that is kept after cropping.
    fn sizes(&self, input: Size) -> (Size, Size) {
        let cap = |scale: Scale| if self.enlarge { scale } else { scale.min(Scale::ONE) };
        let across = self.width.map(|width| Scale::new(width, input.width));
        let down = self.height.map(|height| Scale::new(height, input.height));
        let scaled = match self.mode {
            Mode::Fit => match (across, down) {
                (Some(across), Some(down)) => cap(across.min(down)).size(input),
                (one, other) => cap(one.or(other).unwrap_or(Scale::ONE)).size(input),
            },
            Mode::LongSide => {
                let longer = input.width.max(input.height);
                cap(Scale::new(self.width.unwrap_or(longer), longer)).size(input)
            }
            Mode::Exact => {
                let across = cap(across.or(down).unwrap_or(Scale::ONE));
                let down = cap(down.unwrap_or(across));
                Size::new(across.side(input.width), down.side(input.height))
            }
            Mode::Percent => {
                let percent = self.percent.unwrap_or(100.0);
                let percent = if self.enlarge { percent } else { percent.min(100.0) };
                let side = |side: u32| ((f64::from(side) * percent / 100.0 + 0.5).floor() as u32).max(1);
                Size::new(side(input.width), side(input.height))
            }
            Mode::Fill => {
                let (Some(width), Some(height)) = (self.width, self.height) else {
                    let size = cap(across.or(down).unwrap_or(Scale::ONE)).size(input);
                    return (size, size);
                };
                let cover = Scale::new(width, input.width).max(Scale::new(height, input.height));
                if !self.enlarge && Scale::ONE.less(cover) {
                    // The box shrinks, keeping its ratio, until the picture covers it at its own size.
                    let shrink = Scale::new(cover.denominator, cover.numerator);
                    return (input, shrink.size(Size::new(width, height)));
                }
                return (cover.size(input), Size::new(width, height));
            }
        };
        (scaled, scaled)
    }
}

impl Operation for Resize {
    fn accepts(&self) -> Representations {
        let accepted = match self.filter {
            // Planes hold no amounts of light.
            _ if self.linear => Representations::PIXELS,
            // A chroma sample stands for several pixels, of which `nearest` would pick an arbitrary one.
            Filter::Nearest => Representations::PIXELS,
            _ => Representations::ANY,
        };
        accepted.and_deep()
    }

    fn scales_with_picture(&self) -> bool {
        // Of larger squares there would be fewer.
        self.filter != Filter::Nearest
    }

    fn sets_size(&self) -> bool {
        self.mode != Mode::Percent
    }

    fn output_size(&self, input: Size) -> Result<Size, Failure> {
        Ok(self.sizes(input).1)
    }

    fn scales_to(&self, input: Size) -> Option<(Size, resample::Filter)> {
        let scaled = self.sizes(input).0;
        // A decoder scales encoded values.
        (self.filter != Filter::Nearest && !self.linear && scaled.width <= input.width && scaled.height <= input.height)
            .then_some((scaled, self.filter.kernel()))
    }

    fn mixes(&self) -> bool {
        true
    }

    fn keeps_content(&self) -> bool {
        true
    }

    fn run(&self, inputs: Vec<Option<Image>>, context: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let image = only(inputs)?;
        let whole = Reduced { full: image.size, window: Window::all(image.size) };
        self.scale(image, whole, context.chroma())
    }

    fn run_reduced(
        &self,
        inputs: Vec<Option<Image>>,
        reduced: Reduced,
        context: &Context<'_>,
    ) -> Result<Vec<Image>, Stop> {
        self.scale(only(inputs)?, reduced, context.chroma())
    }
}

impl Resize {
    /// Scales a picture as its full size requires.
    fn scale(&self, image: Image, Reduced { full, window }: Reduced, chroma: ChromaUse) -> Result<Vec<Image>, Stop> {
        let (scaled, kept) = self.sizes(full);
        // Not by way of the kept part, which would change the window's last bits.
        if kept == scaled {
            return self.resampled(image, window, kept, chroma);
        }
        let across = window.width / f64::from(scaled.width);
        let down = window.height / f64::from(scaled.height);
        let window = Window {
            left: window.left + f64::from(Gravity::offset(self.gravity.column, scaled.width, kept.width)) * across,
            top: window.top + f64::from(Gravity::offset(self.gravity.row, scaled.height, kept.height)) * down,
            width: f64::from(kept.width) * across,
            height: f64::from(kept.height) * down,
        };
        self.resampled(image, window, kept, chroma)
    }

    fn resampled(&self, image: Image, window: Window, to: Size, chroma: ChromaUse) -> Result<Vec<Image>, Stop> {
        if to == image.size && window == Window::all(image.size) {
            return Ok(vec![image]);
        }
        if self.linear {
            return Ok(vec![resample_light(&image, window, to, self.filter.kernel())?]);
        }
        Ok(vec![resample_for(&image, window, to, self.filter.kernel(), chroma)?])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::color::ColorSpace;
    use crate::image::Pixels;
    use crate::image::Representation;
    use crate::image::convert::convert;

    fn resize(raw: Value) -> Resize {
        let raw = raw.as_object().unwrap();
        assert_eq!(ACTION.check(raw), []);
        let read = Resize::read(raw);
        read.unwrap()
    }

    fn size(raw: Value, width: u32, height: u32) -> (u32, u32) {
        let size = resize(raw).output_size(Size::new(width, height)).unwrap();
        (size.width, size.height)
    }

    #[test]
    fn fit_stays_inside_the_box_and_touches_it() {
        assert_eq!(size(json!({ "width": 1600, "height": 1600 }), 4000, 3000), (1600, 1200));
        assert_eq!(size(json!({ "width": 1600, "height": 1600 }), 3000, 4000), (1200, 1600));
        assert_eq!(size(json!({ "width": 1600 }), 4000, 3000), (1600, 1200));
        assert_eq!(size(json!({ "height": 600 }), 4000, 3000), (800, 600));
        assert_eq!(size(json!({ "width": 100, "height": 100 }), 5000, 10), (100, 1));
    }

    #[test]
    fn a_half_is_rounded_up_and_no_side_is_zero() {
        assert_eq!(size(json!({ "width": 2 }), 4, 3), (2, 2));
        assert_eq!(size(json!({ "width": 2 }), 4, 5), (2, 3));
        assert_eq!(size(json!({ "mode": "percent", "percent": 50 }), 3, 1), (2, 1));
        assert_eq!(size(json!({ "mode": "percent", "percent": 1 }), 10, 10), (1, 1));
        assert_eq!(size(json!({ "width": 333 }), 1998, 2997), (333, 500), "2997 × 333 ÷ 1998 is 499.5");
    }

    #[test]
    fn a_small_picture_is_enlarged_only_on_request() {
        assert_eq!(size(json!({ "width": 1600, "height": 1600 }), 400, 300), (400, 300));
        assert_eq!(size(json!({ "width": 1600, "height": 1600, "enlarge": true }), 400, 300), (1600, 1200));
        assert_eq!(size(json!({ "mode": "long-side", "width": 800 }), 400, 300), (400, 300));
        assert_eq!(size(json!({ "mode": "percent", "percent": 200 }), 400, 300), (400, 300));
        assert_eq!(size(json!({ "mode": "percent", "percent": 200, "enlarge": true }), 400, 300), (800, 600));
        assert_eq!(size(json!({ "mode": "exact", "width": 800, "height": 100 }), 400, 300), (400, 100));
        assert_eq!(
            size(json!({ "mode": "exact", "width": 800, "height": 100, "enlarge": true }), 400, 300),
            (800, 100)
        );
    }

    #[test]
    fn fill_gives_the_box_or_the_largest_of_its_ratio() {
        assert_eq!(size(json!({ "mode": "fill", "width": 500, "height": 500 }), 4000, 3000), (500, 500));
        assert_eq!(size(json!({ "mode": "fill", "width": 800, "height": 800 }), 1000, 500), (500, 500));
        assert_eq!(size(json!({ "mode": "fill", "width": 1600, "height": 900 }), 1000, 500), (889, 500));
        assert_eq!(size(json!({ "mode": "fill", "width": 800, "height": 800, "enlarge": true }), 10, 5), (800, 800));
        assert_eq!(size(json!({ "mode": "fill", "width": 500 }), 4000, 3000), (500, 375));
    }

    #[test]
    fn a_missing_side_of_exact_follows_the_ratio() {
        assert_eq!(size(json!({ "mode": "exact", "width": 200 }), 400, 300), (200, 150));
        assert_eq!(size(json!({ "mode": "exact", "height": 150 }), 400, 300), (200, 150));
    }

    #[test]
    fn the_longer_side_is_the_one_that_is_longer() {
        assert_eq!(size(json!({ "mode": "long-side", "width": 640 }), 4000, 3000), (640, 480));
        assert_eq!(size(json!({ "mode": "long-side", "width": 640 }), 3000, 4000), (480, 640));
    }

    #[test]
    fn a_missing_size_is_an_issue_of_its_mode() {
        for (raw, field) in [
            (json!({}), "width"),
            (json!({ "mode": "fill" }), "width"),
            (json!({ "mode": "exact" }), "width"),
            (json!({ "mode": "long-side", "height": 9 }), "width"),
            (json!({ "mode": "percent", "width": 9 }), "percent"),
        ] {
            let issues = ACTION.check(raw.as_object().unwrap());
            assert_eq!(issues.len(), 1, "{raw}");
            assert_eq!((issues[0].field, issues[0].code), (field, "missing_parameter"), "{raw}");
            assert!(crate::actions::prepare(ACTION.action_type, raw.as_object().unwrap()).is_err());
        }
        let issues = ACTION.check(json!({ "width": 99_999_999 }).as_object().unwrap());
        assert_eq!((issues.len(), issues[0].code), (1, "out_of_range"));
        assert_eq!(issues[0].message, "\"width\" must be from 1 to 65,500 px, not 99999999.");
        assert_eq!(issues[0].hint, "The nearest valid value is 65500.");
    }

    #[test]
    fn whatever_is_wrong_with_a_number_its_range_is_named() {
        for (width, code) in [
            (json!(-5), "out_of_range"),
            (json!(0), "out_of_range"),
            (json!("abc"), "wrong_type"),
            (json!(1.5), "wrong_type"),
        ] {
            let issues = ACTION.check(json!({ "width": width }).as_object().unwrap());
            let text = format!("{} {}", issues[0].message, issues[0].hint);
            assert_eq!(issues[0].code, code, "{text}");
            assert!(text.contains("from 1 to 65,500 px"), "{text}");
        }
    }

    #[test]
    fn a_decoder_may_give_less_only_where_the_result_is_smaller_and_every_pixel_counts() {
        let full = Size::new(4000, 3000);
        let to = |raw: Value| resize(raw).scales_to(full).map(|(size, _)| (size.width, size.height));
        assert_eq!(to(json!({ "width": 800 })), Some((800, 600)));
        assert_eq!(to(json!({ "width": 800, "height": 800, "mode": "fill" })), Some((1067, 800)));
        assert_eq!(to(json!({ "mode": "percent", "percent": 10 })), Some((400, 300)));
        assert_eq!(to(json!({ "width": 800, "filter": "nearest" })), None);
        assert_eq!(to(json!({ "width": 8000, "enlarge": true })), None);
    }

    /// A ramp by true position: half a decode must land where the full one does, even when the sides are odd.
    #[test]
    fn a_picture_decoded_at_a_part_gives_the_same_result() {
        let ramp = |size: Size, step: u32, full: u32| {
            let value = |x: u32| ((f64::from(x) + 0.5) * f64::from(step) / f64::from(full) * 240.0 + 0.5) as u8;
            Image::new(size, Pixels::Gray((0..size.height).flat_map(|_| (0..size.width).map(value)).collect()))
        };
        for full in [Size::new(401, 301), Size::new(400, 300), Size::new(403, 299)] {
            for raw in [
                json!({ "width": 99 }),
                json!({ "mode": "percent", "percent": 23 }),
                json!({ "mode": "fill", "width": 60, "height": 60, "gravity": "east" }),
            ] {
                let operation = resize(raw);
                let half = Size::new(full.width.div_ceil(2), full.height.div_ceil(2));
                let window = Window {
                    left: 0.0,
                    top: 0.0,
                    width: f64::from(full.width) / 2.0,
                    height: f64::from(full.height) / 2.0,
                };
                let whole =
                    operation.run(vec![Some(ramp(full, 1, full.width))], &Context::default()).unwrap().remove(0);
                let reduced = operation
                    .run_reduced(vec![Some(ramp(half, 2, full.width))], Reduced { full, window }, &Context::default())
                    .unwrap()
                    .remove(0);
                assert_eq!(reduced.size, operation.output_size(full).unwrap());
                let (Pixels::Gray(whole_data), Pixels::Gray(reduced_data)) = (whole.pixels, reduced.pixels) else {
                    panic!("gray stays gray")
                };
                let width = whole.size.width as usize;
                for x in 3..width - 3 {
                    assert!(whole_data[x].abs_diff(reduced_data[x]) <= 1, "{full:?} at {x}");
                }
            }
        }
    }

    #[test]
    fn nearest_takes_the_pixel_at_each_centre() {
        let image = Image::new(Size::new(6, 1), Pixels::Gray(vec![10, 20, 30, 40, 50, 60]));
        let out = resize(json!({ "width": 2, "filter": "nearest" }))
            .run(vec![Some(image.clone())], &Context::default())
            .unwrap();
        assert_eq!(out[0].pixels, Pixels::Gray(vec![20, 50]));
        let raw = json!({ "mode": "exact", "width": 12, "height": 1, "filter": "nearest", "enlarge": true });
        let out = resize(raw).run(vec![Some(image)], &Context::default()).unwrap();
        assert_eq!(out[0].pixels, Pixels::Gray(vec![10, 10, 20, 20, 30, 30, 40, 40, 50, 50, 60, 60]));
    }

    #[test]
    fn fill_keeps_the_side_that_gravity_names() {
        let image = Image::new(Size::new(8, 2), Pixels::Gray([[0; 4], [200; 4], [0; 4], [200; 4]].concat()));
        for (gravity, expected) in [("west", 0), ("east", 200)] {
            let raw = json!({ "mode": "fill", "width": 2, "height": 2, "gravity": gravity });
            let out = resize(raw).run(vec![Some(image.clone())], &Context::default()).unwrap();
            assert_eq!(out[0].pixels, Pixels::Gray(vec![expected; 4]));
        }
    }

    #[test]
    fn the_profile_stays() {
        let mut image = Image::new(Size::new(4, 4), Pixels::Gray(vec![1; 16]));
        image.space = ColorSpace::adobe_rgb().gray().unwrap();
        let out = resize(json!({ "width": 2 })).run(vec![Some(image.clone())], &Context::default()).unwrap();
        assert_eq!(out[0].space, image.space);
        assert!(out[0].space.icc().is_some());
    }

    proptest! {
        #[test]
        fn the_result_has_the_predicted_size(
            (width, height) in (1u32..60, 1u32..60),
            (to_width, to_height) in (proptest::option::of(1u32..80), proptest::option::of(1u32..80)),
            mode in 0..5usize, filter in 0..5usize, linear: bool, enlarge: bool, gravity in 0u8..9, representation in 0..4usize,
        ) {
            let operation = Resize {
                width: to_width.or(Some(7)),
                height: to_height,
                mode: [Mode::Fit, Mode::Fill, Mode::Exact, Mode::LongSide, Mode::Percent][mode],
                percent: Some(f64::from(to_width.unwrap_or(33)) * 2.5),
                filter: [Filter::Nearest, Filter::Bilinear, Filter::Bicubic, Filter::Mitchell, Filter::Lanczos3][filter],
                linear,
                enlarge,
                gravity: Gravity { column: gravity % 3, row: gravity / 3 },
            };
            let size = Size::new(width, height);
            let representation = Representation::ALL[representation];
            prop_assume!(operation.accepts().contains(representation));
            let image = crate::image::testing::flat(size, representation, 100);
            let foretold = operation.output_size(size).unwrap();
            let out = operation.run(vec![Some(image)], &Context::default()).unwrap();
            prop_assert_eq!(out[0].size, foretold);
            prop_assert!(out[0].is_consistent());
            // Whatever the size, an even picture stays even.
            let gray = |image: Image| match convert(image, Representation::Rgba).pixels {
                Pixels::Rgba(data) => data,
                _ => Vec::new(),
            };
            let even = crate::image::testing::flat(foretold, representation, 100);
            prop_assert_eq!(gray(out[0].clone()), gray(even));
            if !enlarge {
                prop_assert!(foretold.width <= width && foretold.height <= height);
            }
            let scaled = operation.scales_to(size).map_or(size, |(size, _)| size);
            prop_assert!(scaled.width <= width && scaled.height <= height);
        }
    }
}
