//! `rotate`: rotates a picture by quarter turns. [`crate::image::orient`] moves the samples.

use super::checks::Condition;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only};
use crate::error::Failure;
use crate::image::orient::rotate;
use crate::image::{Image, Representations, Size};

crate::parameters! {
    /// Parameters of `rotate`.
    pub struct Rotate {
        /// Clockwise angle: a multiple of 90, may be negative.
        angle: i32 = 90, multiple of 90.0, unit "°";
    }
}

/// The entry of `rotate`.
pub const ACTION: Action = Action {
    action_type: "rotate",
    version: "1.0.0",
    name: "Rotate",
    description: "Rotates the picture clockwise by a multiple of 90 degrees, without changing a pixel.",
    category: Category::Geometry,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: Rotate::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &["flip", "crop"],
    usage: "Rotate a series that was taken sideways; −90 rotates to the left.",
};

impl Rotate {
    fn quarters(&self) -> i64 {
        i64::from(self.angle / 90).rem_euclid(4)
    }
}

impl Operation for Rotate {
    fn accepts(&self) -> Representations {
        Representations::ANY
    }

    fn output_size(&self, input: Size) -> Result<Size, Failure> {
        Ok(if self.quarters() % 2 == 0 { input } else { input.transposed() })
    }

    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        Ok(vec![rotate(only(inputs)?, self.quarters())])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::image::testing::noise;
    use crate::image::{Pixels, Representation};

    fn run(angle: i32, image: Image) -> Image {
        Rotate { angle }.run(vec![Some(image)], &Context::default()).unwrap().remove(0)
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
    fn other_angles_are_an_issue_that_names_the_nearest_quarter() {
        let issues = ACTION.check(json!({ "angle": 170 }).as_object().unwrap());
        assert_eq!((issues.len(), issues[0].code), (1, "out_of_range"));
        assert!(issues[0].message.contains("170") && issues[0].hint.contains("180"), "{issues:?}");
        assert_eq!(ACTION.check(json!({ "angle": 12.5 }).as_object().unwrap())[0].code, "wrong_type");
        assert_eq!(ACTION.check(json!({ "angle": 90.0 }).as_object().unwrap()), []);
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
                let foretold = Rotate { angle }.output_size(turned.size).unwrap();
                turned = run(angle, turned);
                prop_assert_eq!(turned.size, foretold);
                prop_assert!(turned.is_consistent());
            }
            prop_assert_eq!(&turned, &image);
            prop_assert_eq!(run(angle, run(-angle, image.clone())), image);
        }
    }
}
