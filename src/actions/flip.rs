//! `flip`: mirrors a picture. [`crate::image::orient`] moves the samples.

use super::checks::Condition;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only};
use crate::image::orient::{flip_horizontal, flip_vertical};
use crate::image::{Image, Representations};

crate::choices! {
    /// Which way to mirror.
    pub enum Direction {
        /// Left becomes right.
        Horizontal = "horizontal",
        /// Top becomes bottom.
        Vertical = "vertical",
    }
}

crate::parameters! {
    /// Parameters of `flip`.
    pub struct Flip {
        /// Which way to mirror: `horizontal` swaps left and right, `vertical` top and bottom.
        direction: Direction = Direction::Horizontal;
    }
}

/// The entry of `flip`.
pub const ACTION: Action = Action {
    action_type: "flip",
    version: "1.0.0",
    name: "Flip",
    description: "Mirrors the picture left to right or top to bottom.",
    category: Category::Geometry,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: Flip::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &["rotate"],
    usage: "Mirror products that must all face the same way.",
    icon: "M12 3v2.5M12 8.5V11M12 14v2.5M12 19v2M9 6L3.5 18H9zM15 6l5.5 12H15z",
};

impl Operation for Flip {
    fn accepts(&self) -> Representations {
        Representations::ANY.and_deep()
    }

    fn scales_with_picture(&self) -> bool {
        true
    }

    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let image = only(inputs)?;
        Ok(vec![match self.direction {
            Direction::Horizontal => flip_horizontal(image),
            Direction::Vertical => flip_vertical(image),
        }])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::image::testing::noise;
    use crate::image::{Pixels, Representation, Size};

    fn run(direction: Direction, image: Image) -> Image {
        Flip { direction }.run(vec![Some(image)], &Context::default()).unwrap().remove(0)
    }

    #[test]
    fn left_and_right_or_top_and_bottom_change_places() {
        let image = Image::new(Size::new(3, 2), Pixels::Gray(vec![1, 2, 3, 4, 5, 6]));
        assert_eq!(run(Direction::Horizontal, image.clone()).pixels, Pixels::Gray(vec![3, 2, 1, 6, 5, 4]));
        assert_eq!(run(Direction::Vertical, image).pixels, Pixels::Gray(vec![4, 5, 6, 1, 2, 3]));
    }

    proptest! {
        #[test]
        fn twice_is_the_picture_again(
            (width, height) in (1u32..20, 1u32..20), representation in 0..4usize, horizontal: bool, seed: u32,
        ) {
            // A planar picture of odd sides is converted to 4:4:4 and no longer equal: use even sides.
            let representation = Representation::ALL[representation];
            let even = if representation == Representation::Ycc { 2 } else { 1 };
            let image = noise(Size::new(width * even, height * even), representation, seed);
            let direction = if horizontal { Direction::Horizontal } else { Direction::Vertical };
            let once = run(direction, image.clone());
            prop_assert!(once.is_consistent());
            prop_assert_eq!(run(direction, once), image);
        }
    }
}
