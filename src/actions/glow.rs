//! `glow`: lays a soft light around what is visible of the picture.

use super::checks::Condition;
use super::parameters::Color;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only, unaccepted};
use crate::error::Failure;
use crate::image::blur::Blurs;
use crate::image::compose::{Layered, Place, alpha};
use crate::image::depth::by_depth;
use crate::image::pixelwise::table_of;
use crate::image::recolor::{color_for, receptive};
use crate::image::{Image, Pixels, Representation, Representations, Size};

crate::parameters! {
    /// Parameters of `glow`.
    pub struct Glow {
        /// How far the glow reaches. The picture grows by it on each side.
        radius: f64 = 24.0, range 0.0..=750.0, soft 0.0..=100.0, unit "px";
        /// Colour of the glow, in sRGB.
        color: Color = Color::WHITE, label "Colour";
        /// Opacity of the glow at the subject's edge.
        opacity: f64 = 0.75, range 0.0..=1.0;
    }
}

/// The entry of `glow`.
pub const ACTION: Action = Action {
    action_type: "glow",
    version: "1.0.0",
    name: "Glow",
    description: "Lays a soft glow around what is visible of the picture, and behind it.",
    category: Category::Compose,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: Glow::FIELDS,
    rules: &[],
    adds_alpha: Condition::Always,
    related: &["remove-background", "outline", "drop-shadow"],
    usage: "Lift a cut-out subject off a dark background: remove the background, then add a glow.",
    icon: "M12 9a3 3 0 1 0 0 6a3 3 0 0 0 0-6zM12 3v2.5M12 18.5V21M3 12h2.5M18.5 12H21M5.6 5.6l1.8 1.8M16.6 16.6l1.8 1.8M5.6 18.4l1.8-1.8M16.6 7.4l1.8-1.8",
};

impl Glow {
    fn reach(&self) -> u32 {
        self.radius.ceil() as u32
    }
}

/// RGBA pixels over their glow on a larger canvas.
fn glowing<S: Layered + Blurs>(glow: &Glow, pixels: &Pixels, place: Place, color: [u8; 3]) -> Option<Pixels> {
    let (rgba, 4) = S::interleaved(pixels)? else { return None };
    let mut coverage = place.blurred_plane(&alpha(rgba), glow.radius / 3.0);
    let opacity = glow.opacity * f64::from(glow.color.rgba[3]) / 255.0;
    let opacity: Vec<S> = table_of(|level| (2.0 * level).min(255.0) * opacity);
    coverage.iter_mut().for_each(|value| *value = opacity[value.index()]);
    Some(S::pixels(place.on_color(rgba, color, &coverage), 4))
}

impl Operation for Glow {
    fn accepts(&self) -> Representations {
        Representations::of(&[Representation::Rgba]).and_deep()
    }

    fn scales_with_picture(&self) -> bool {
        true
    }

    fn output_size(&self, input: Size) -> Result<Size, Failure> {
        Ok(Place::grown(input, self.reach()).canvas)
    }

    /// The picture's opacity is blurred with a standard deviation of a third of the radius and doubled, because half of it
    /// is left at an edge.
    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let image = only(inputs)?;
        if self.radius == 0.0 {
            return Ok(vec![image]);
        }
        let image = receptive(image);
        let place = Place::grown(image.size, self.reach());
        let color = color_for(&image, self.color.rgb());
        let pixels = by_depth!(image, glowing(self, &image.pixels, place, color));
        Ok(vec![image.with(place.canvas, pixels.ok_or_else(|| unaccepted(&ACTION))?)])
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::image::testing::flat;

    fn run(raw: Value, image: Image) -> Image {
        let raw = raw.as_object().unwrap();
        assert_eq!(ACTION.check(raw), []);
        let operation = Glow::read(raw).unwrap();
        let foretold = operation.output_size(image.size).unwrap();
        let out = operation.run(vec![Some(image)], &Context::default()).unwrap().remove(0);
        assert_eq!(out.size, foretold);
        out
    }

    #[test]
    fn the_glow_is_full_at_the_edge_and_fades_to_nothing() {
        let out = run(
            json!({ "radius": 15, "opacity": 1, "color": "#ff0000" }),
            flat(Size::new(60, 60), Representation::Rgba, 9),
        );
        let Pixels::Rgba(data) = &out.pixels else { panic!("alpha") };
        let row = &data.as_chunks::<4>().0[45 * 90..][..16];
        assert!(row[0][3] <= 2 && row[14][3] > 225, "{row:?}");
        assert!(row.is_sorted_by_key(|pixel| pixel[3]));
        assert_eq!((row[14][0], row[15]), (255, [9, 9, 9, 255]));
    }

    #[test]
    fn no_radius_changes_nothing() {
        let image = flat(Size::new(5, 4), Representation::Rgba, 9);
        assert_eq!(run(json!({ "radius": 0 }), image.clone()), image);
        assert_eq!(run(json!({ "radius": 0.1 }), image).size, Size::new(7, 6));
        let clear = Image::new(Size::new(1, 1), Pixels::Rgba(vec![0; 4]));
        let Pixels::Rgba(data) = run(json!({}), clear).pixels else { panic!("alpha") };
        assert!(data.iter().all(|value| *value == 0));
    }
}
