//! `rotate`: rotates a picture by any angle. [`crate::image::orient`] moves the samples for quarter turns, which are exact;
//! `crate::image::warp` interpolates for all others.

use super::checks::Condition;
use super::pad::accepted;
use super::parameters::Color;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only};
use crate::error::Failure;
use crate::image::orient::rotate;
use crate::image::recolor::{color_for, receptive};
use crate::image::warp::{rotated, rotated_size};
use crate::image::{Image, Representations, Size};

crate::parameters! {
    /// Parameters of `rotate`.
    pub struct Rotate {
        /// Clockwise angle, may be negative. Multiples of 90 change no pixel; other angles interpolate.
        angle: f64 = 90.0, unit "°";
        /// Colour of the corners that other angles leave, in sRGB; `#00000000` is transparent.
        background: Color = Color::WHITE, shown if Condition::NotMultiple("angle", 90.0);
        /// Whether the canvas grows to hold the whole picture. Otherwise it keeps its size, and corners of the picture are
        /// cut off. A multiple of 90 always keeps the whole picture.
        expand: bool = true, shown if Condition::NotMultiple("angle", 90.0);
    }
}

/// The entry of `rotate`.
pub const ACTION: Action = Action {
    action_type: "rotate",
    version: "2.0.1",
    name: "Rotate",
    description: "Rotates the picture clockwise by any angle. Multiples of 90 degrees do not change a pixel.",
    category: Category::Geometry,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: Rotate::FIELDS,
    rules: &[],
    adds_alpha: Condition::All(&[Condition::NotMultiple("angle", 90.0), Condition::Translucent("background")]),
    related: &["flip", "crop"],
    usage: "Rotate a series that was taken sideways; −90 rotates to the left. A small angle straightens a slanted horizon.",
    icon: "M13 5l7 7-7 7-7-7zM3.5 9A8.5 8.5 0 0 1 9 3.8M3.2 5.8L3.5 9l3.1-.6",
};

impl Rotate {
    /// The number of quarter turns from 0 to 3, if it is a whole one.
    fn quarters(&self) -> Option<i64> {
        (self.angle % 90.0 == 0.0).then(|| (self.angle.rem_euclid(360.0) / 90.0) as i64)
    }
}

impl Operation for Rotate {
    fn accepts(&self) -> Representations {
        if self.quarters().is_some() { Representations::ANY.and_deep() } else { accepted(self.background) }
    }

    fn scales_with_picture(&self) -> bool {
        true
    }

    fn output_size(&self, input: Size) -> Result<Size, Failure> {
        Ok(match self.quarters() {
            Some(1 | 3) => input.transposed(),
            None if self.expand => rotated_size(input, self.angle),
            _ => input,
        })
    }

    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let image = only(inputs)?;
        if let Some(quarters) = self.quarters() {
            return Ok(vec![rotate(image, quarters)]);
        }
        let canvas = self.output_size(image.size)?;
        let image = receptive(image);
        let [r, g, b] = color_for(&image, self.background.rgb());
        Ok(vec![rotated(&image, self.angle, canvas, [r, g, b, self.background.rgba[3]])])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::image::testing::{flat, noise};
    use crate::image::{Pixels, Representation};

    fn of(angle: i32) -> Rotate {
        Rotate { angle: angle.into(), ..Rotate::defaults() }
    }

    fn run(angle: i32, image: Image) -> Image {
        of(angle).run(vec![Some(image)], &Context::default()).unwrap().remove(0)
    }

    #[test]
    fn angles_are_clockwise_and_go_round() {
        let image = Image::new(Size::new(3, 2), Pixels::Gray(vec![1, 2, 3, 4, 5, 6]));
        for (angle, size, expected) in [
            (90, Size::new(2, 3), [4, 1, 5, 2, 6, 3]),
            (180, Size::new(3, 2), [6, 5, 4, 3, 2, 1]),
            (270, Size::new(2, 3), [3, 6, 2, 5, 1, 4]),
            (-90, Size::new(2, 3), [3, 6, 2, 5, 1, 4]),
            (450, Size::new(2, 3), [4, 1, 5, 2, 6, 3]),
            (-360, Size::new(3, 2), [1, 2, 3, 4, 5, 6]),
        ] {
            let out = run(angle, image.clone());
            assert_eq!((out.size, out.pixels), (size, Pixels::Gray(expected.to_vec())), "{angle}");
        }
    }

    #[test]
    fn other_angles_rotate_around_the_middle_and_fill_the_corners() {
        let operation = |raw: serde_json::Value| {
            let raw = raw.as_object().unwrap();
            assert_eq!(ACTION.check(raw), []);
            Rotate::read(raw).unwrap()
        };
        let image = flat(Size::new(30, 20), Representation::Gray, 60);
        for (raw, size) in [
            (json!({ "angle": 30 }), Size::new(36, 33)),
            (json!({ "angle": -12.5, "expand": false }), Size::new(30, 20)),
            (json!({ "angle": 1e-7 }), Size::new(30, 20)),
            (json!({ "angle": 1e308 }), operation(json!({ "angle": 1e308 })).output_size(image.size).unwrap()),
        ] {
            let operation = operation(raw.clone());
            assert_eq!(operation.output_size(image.size), Ok(size), "{raw}");
            let out = operation.run(vec![Some(image.clone())], &Context::default()).unwrap().remove(0);
            assert_eq!((out.size, out.representation()), (size, Representation::Gray), "{raw}");
            let Pixels::Gray(data) = out.pixels else { panic!("gray stays gray") };
            assert_eq!(data[(size.height / 2 * size.width + size.width / 2) as usize], 60, "{raw}");
            assert!(data.iter().all(|value| (60..=255).contains(value)), "{raw}");
        }
    }

    #[test]
    fn a_transparent_background_needs_alpha_unless_no_corner_is_left() {
        let raw = |angle: f64| json!({ "angle": angle, "background": "#00000000" });
        for (angle, adds) in [(90.0, false), (-720.0, false), (0.5, true), (45.0, true)] {
            assert_eq!(ACTION.adds_alpha(raw(angle).as_object().unwrap()), adds, "{angle}");
        }
        let operation = Rotate::read(raw(45.0).as_object().unwrap()).unwrap();
        let image = flat(Size::new(9, 9), Representation::Rgba, 60);
        let out = operation.run(vec![Some(image)], &Context::default()).unwrap().remove(0);
        let Pixels::Rgba(data) = out.pixels else { panic!("alpha") };
        assert_eq!(data[..4], [0; 4]);
    }

    proptest! {
        #[test]
        fn four_quarters_are_the_picture_again(
            (width, height) in (1u32..20, 1u32..20), representation in 0..4usize, seed: u32, back: bool,
        ) {
            let representation = Representation::ALL[representation];
            let even = if representation == Representation::Ycc { 2 } else { 1 };
            let image = noise(Size::new(width * even, height * even), representation, seed);
            let angle = if back { -90 } else { 90 };
            let mut turned = image.clone();
            for _ in 0..4 {
                let foretold = of(angle).output_size(turned.size).unwrap();
                turned = run(angle, turned);
                prop_assert_eq!(turned.size, foretold);
                prop_assert!(turned.is_consistent());
            }
            prop_assert_eq!(&turned, &image);
            prop_assert_eq!(run(angle, run(-angle, image.clone())), image);
        }
    }
}
