//! `round-corners`: cuts the corners of the picture along quarter circles.

use super::checks::{Condition, Rule};
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only, unaccepted};
use crate::image::depth::{Sample, by_depth};
use crate::image::{Image, Pixels, Representation, Representations, Size};

crate::choices! {
    /// What a length is measured in.
    pub enum Unit {
        /// Pixels of the picture.
        Pixels = "px",
        /// A share of the picture's shorter side.
        Share = "share",
    }
}

crate::parameters! {
    /// Parameters of `round-corners`.
    pub struct RoundCorners {
        /// Radius of the corners, as `unit` says. Never more than half of the shorter side.
        radius: f64 = 0.1, range 0.0..=65500.0, soft 0.0..=0.5;
        /// Unit of the radius: pixels (`px`), or a share of the shorter side (`share`, from 0 to 0.5; 0.5 makes a circle
        /// of a square).
        unit: Unit = Unit::Share;
    }
}

/// The entry of `round-corners`.
pub const ACTION: Action = Action {
    action_type: "round-corners",
    version: "1.0.0",
    name: "Round corners",
    description: "Rounds the corners of the picture. What is cut off becomes transparent.",
    category: Category::Compose,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: RoundCorners::FIELDS,
    rules: &[Rule {
        broken: Condition::All(&[Condition::Is("unit", &["share"]), Condition::Above("radius", 0.5)]),
        field: "radius",
        code: "out_of_range",
        message: "\"radius\" is {value}, but a share is 0.5 at most.",
        hint: "Give a share from 0 to 0.5, or set \"unit\" to \"px\".",
    }],
    adds_alpha: Condition::Always,
    related: &["border", "drop-shadow"],
    usage: "Make round portraits: crop to 1:1, then round corners with radius 0.5.",
    icon: "M4 20v-8a8 8 0 0 1 8-8h8M4 4h.01",
};

/// Slices that a pixel on the edge is divided into.
const SLICES: u32 = 32;

/// A rectangle with round corners; its sides are whole pixels.
#[derive(Clone, Copy)]
struct Rounded {
    width: f64,
    height: f64,
    /// At most half of the shorter side.
    radius: f64,
}

impl Rounded {
    /// The share, from 0 to 1, of the pixel at column `x` and row `y` that it covers, for the pixels of its upper left
    /// quarter. The area is exact in one direction and summed over slices in the other.
    fn covers(self, x: f64, y: f64) -> f64 {
        let Self { width, height, radius } = self;
        let is_inside = |x: f64, y: f64| {
            let (across, down) = ((radius - x).max(0.0), (radius - y).max(0.0));
            across * across + down * down <= radius * radius
        };
        if is_inside(x, y) {
            return 1.0;
        }
        let slice = |slice: u32| {
            let x = x + (f64::from(slice) + 0.5) / f64::from(SLICES);
            let across = (radius - x).max(x - (width - radius)).max(0.0);
            let inset = radius - (radius * radius - across * across).max(0.0).sqrt();
            ((y + 1.0).min(height - inset) - y.max(inset)).clamp(0.0, 1.0)
        };
        (0..SLICES).map(slice).sum::<f64>() / f64::from(SLICES)
    }
}

impl RoundCorners {
    fn radius(&self, size: Size) -> f64 {
        let shorter = f64::from(size.width.min(size.height));
        let radius = match self.unit {
            Unit::Pixels => self.radius,
            Unit::Share => self.radius * shorter,
        };
        radius.min(shorter / 2.0)
    }
}

/// Multiplies the alpha of straight RGBA with the coverage of a rectangle with round corners; `None` for other pixels.
fn round_off<S: Sample>(pixels: &mut Pixels, size: Size, radius: f64) -> Option<()> {
    let (rgba, 4) = S::interleaved_mut(pixels)? else { return None };
    let (width, height) = (size.width as usize, size.height as usize);
    let pixels = rgba.as_chunks_mut::<4>().0;
    let rounded = Rounded { width: f64::from(size.width), height: f64::from(size.height), radius };
    let reach = radius.ceil() as usize;
    for y in 0..reach.min(height.div_ceil(2)) {
        for x in 0..reach.min(width.div_ceil(2)) {
            let coverage = rounded.covers(x as f64, y as f64);
            if coverage == 1.0 {
                continue;
            }
            // In the middle column or row, a pixel is its own mirror image.
            let (right, lower) = (width - 1 - x, height - 1 - y);
            for x in [x, right].into_iter().take(1 + usize::from(right != x)) {
                for y in [y, lower].into_iter().take(1 + usize::from(lower != y)) {
                    let pixel = &mut pixels[y * width + x];
                    let alpha = S::of_index((pixel[3].index() as f64 * coverage + 0.5) as usize);
                    let none = S::default();
                    *pixel = if alpha == none { [none; 4] } else { [pixel[0], pixel[1], pixel[2], alpha] };
                }
            }
        }
    }
    Some(())
}

impl Operation for RoundCorners {
    fn accepts(&self) -> Representations {
        Representations::of(&[Representation::Rgba]).and_deep()
    }

    fn scales_with_picture(&self) -> bool {
        self.unit == Unit::Share
    }

    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let mut image = only(inputs)?;
        let (size, radius) = (image.size, self.radius(image.size));
        by_depth!(image, round_off(&mut image.pixels, size, radius)).ok_or_else(|| unaccepted(&ACTION))?;
        Ok(vec![image])
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::image::testing::flat;

    fn alpha(raw: Value, size: Size) -> Vec<u8> {
        let raw = raw.as_object().unwrap();
        assert_eq!(ACTION.check(raw), []);
        let image = flat(size, Representation::Rgba, 200);
        let out = RoundCorners::read(raw).unwrap().run(vec![Some(image)], &Context::default()).unwrap().remove(0);
        let Pixels::Rgba(rgba) = out.pixels else { panic!("alpha stays") };
        crate::image::compose::alpha(&rgba)
    }

    #[test]
    fn the_area_that_is_left_is_that_of_the_circles() {
        for (side, radius) in [(200, 100.0), (200, 37.5), (201, 100.5), (64, 3.2)] {
            let sum: f64 = alpha(json!({ "radius": radius, "unit": "px" }), Size::new(side, side))
                .iter()
                .map(|alpha| f64::from(*alpha) / 255.0)
                .sum();
            let expected = f64::from(side).powi(2) - (4.0 - std::f64::consts::PI) * radius * radius;
            assert!((sum - expected).abs() < 1.0, "{side} {radius}: {sum} for {expected}");
        }
    }

    #[test]
    fn all_corners_are_alike_and_the_middle_stays() {
        let alpha = alpha(json!({ "radius": 0.3 }), Size::new(31, 20));
        assert!(alpha.iter().eq(alpha.iter().rev()));
        assert_eq!((alpha[0], alpha[15], alpha[10 * 31]), (0, 255, 255));
    }

    #[test]
    fn a_radius_of_none_or_more_than_half_a_side_works() {
        assert_eq!(alpha(json!({ "radius": 0 }), Size::new(3, 2)), [255; 6]);
        assert_eq!(alpha(json!({ "radius": 65500, "unit": "px" }), Size::new(1, 1)), [201], "π / 4, about");
        assert_eq!(alpha(json!({ "radius": 0.5 }), Size::new(1, 9)).len(), 9);
    }

    #[test]
    fn a_share_above_a_half_is_out_of_range() {
        let issues = ACTION.check(json!({ "radius": 20 }).as_object().unwrap());
        assert_eq!((issues.len(), issues[0].field, issues[0].code), (1, "radius", "out_of_range"));
        assert!(issues[0].message.contains("20"), "{issues:?}");
    }
}
