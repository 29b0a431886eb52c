//! `hue-rotate`: turns all hues by an angle.

use super::checks::Condition;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only};
use crate::image::oklab::Oklab;
use crate::image::pixelwise::by_color;
use crate::image::{Image, Representations};

crate::parameters! {
    /// Parameters of `hue-rotate`.
    pub struct HueRotate {
        /// Angle on the colour wheel: 120 makes red green, and green blue.
        degrees: f64 = 30.0, range -360.0..=360.0, soft -180.0..=180.0, unit "°";
    }
}

/// The entry of `hue-rotate`.
pub const ACTION: Action = Action {
    action_type: "hue-rotate",
    version: "1.0.0",
    name: "Hue rotate",
    description: "Turns all hues by an angle around the colour wheel; how light and how strong the colours look stays nearly the same.",
    category: Category::Color,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: HueRotate::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &["adjust", "duotone"],
    usage: "Show a product in other colours: cut it out first, and put the background behind it afterwards.",
    icon: "M12 4a8 8 0 1 0 8 8M12 8.5a3.5 3.5 0 1 0 3.5 3.5M20 4.5V9h-4.5",
};

impl Operation for HueRotate {
    /// Gray has no hue.
    fn accepts(&self) -> Representations {
        Representations::PIXELS.and_deep()
    }

    fn scales_with_picture(&self) -> bool {
        true
    }

    /// Turns *a* and *b* of Oklab. What falls outside the space is clamped.
    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let image = only(inputs)?;
        if self.degrees % 360.0 == 0.0 {
            return Ok(vec![image]);
        }
        let (sine, cosine) = self.degrees.to_radians().sin_cos();
        let (sine, cosine) = (sine as f32, cosine as f32);
        let lab = Oklab::new();
        Ok(vec![by_color!(image, |rgb| {
            if rgb[0] == rgb[1] && rgb[1] == rgb[2] {
                return rgb;
            }
            let [l, a, b] = lab.of(rgb);
            lab.color([l, a * cosine - b * sine, a * sine + b * cosine])
        })])
    }
}
