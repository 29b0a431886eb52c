//! `drop-shadow`: lays a soft shadow of what is visible behind the picture.

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
    /// Parameters of `drop-shadow`.
    pub struct DropShadow {
        /// How far the shadow lies to the right; a negative value moves it to the left.
        dx: i32 = 8, range -5000.0..=5000.0, soft -100.0..=100.0, unit "px", label "Right";
        /// How far the shadow lies below; a negative value moves it up.
        dy: i32 = 8, range -5000.0..=5000.0, soft -100.0..=100.0, unit "px", label "Down";
        /// Softness of the shadow's edge, as the blur radius of CSS: twice the standard deviation. 0 leaves it sharp.
        blur: f64 = 16.0, range 0.0..=500.0, soft 0.0..=100.0, unit "px";
        /// Colour of the shadow, in sRGB.
        color: Color = Color::BLACK, label "Colour";
        /// Opacity of the shadow.
        opacity: f64 = 0.5, range 0.0..=1.0;
        /// Whether the canvas grows to hold all of the shadow. Otherwise it keeps its size.
        expand: bool = true;
    }
}

/// The entry of `drop-shadow`.
pub const ACTION: Action = Action {
    action_type: "drop-shadow",
    version: "1.0.0",
    name: "Drop shadow",
    description: "Lays a soft shadow behind what is visible of the picture.",
    category: Category::Compose,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: DropShadow::FIELDS,
    rules: &[],
    adds_alpha: Condition::Always,
    related: &["remove-background", "background", "glow"],
    usage: "Let a cut-out product stand on a page: remove the background, drop a shadow, then put a background behind it.",
    icon: "M4 4h12v12H4zM20 8v12H8",
};

impl DropShadow {
    fn sigma(&self) -> f64 {
        self.blur / 2.0
    }

    /// How far the blur reaches: beyond three standard deviations there is less than half a level.
    fn reach(&self) -> u32 {
        (3.0 * self.sigma()).ceil() as u32
    }

    /// What the canvas grows by: before and after the picture, for a shadow that is `shift` after it.
    fn growth(&self, shift: i32) -> (u32, u32) {
        if !self.expand {
            return (0, 0);
        }
        let reach = i64::from(self.reach());
        let grown = |by: i64| by.max(0) as u32;
        (grown(reach - i64::from(shift)), grown(reach + i64::from(shift)))
    }

    /// The blurred opacity of what is visible, with room for the blur on all sides, and its size.
    fn shadow<S: Blurs>(&self, alpha: &[S], size: Size) -> (Vec<S>, Size) {
        let place = Place::grown(size, self.reach());
        (place.blurred_plane(alpha, self.sigma()), place.canvas)
    }
}

/// RGBA pixels over their shadow on a larger canvas.
fn cast<S: Layered + Blurs>(
    shadow: &DropShadow,
    pixels: &Pixels,
    size: Size,
    canvas: Size,
    color: [u8; 3],
) -> Option<Pixels> {
    let (rgba, 4) = S::interleaved(pixels)? else { return None };
    let (left, top) = (i64::from(shadow.growth(shadow.dx).0), i64::from(shadow.growth(shadow.dy).0));
    let (blurred, blurred_size) = shadow.shadow(&alpha(rgba), size);
    let reach = i64::from(shadow.reach());
    let behind = Place {
        size: blurred_size,
        canvas,
        left: left + i64::from(shadow.dx) - reach,
        top: top + i64::from(shadow.dy) - reach,
    };
    let mut coverage = behind.plane(&blurred);
    drop(blurred);
    let opacity: Vec<S> = table_of(|level| level * shadow.opacity * f64::from(shadow.color.rgba[3]) / 255.0);
    coverage.iter_mut().for_each(|value| *value = opacity[value.index()]);
    Some(S::pixels(Place { size, canvas, left, top }.on_color(rgba, color, &coverage), 4))
}

impl Operation for DropShadow {
    fn accepts(&self) -> Representations {
        Representations::of(&[Representation::Rgba]).and_deep()
    }

    fn scales_with_picture(&self) -> bool {
        true
    }

    fn output_size(&self, input: Size) -> Result<Size, Failure> {
        let side = |side: u32, (before, after): (u32, u32)| side.saturating_add(before + after);
        Ok(Size::new(side(input.width, self.growth(self.dx)), side(input.height, self.growth(self.dy))))
    }

    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let image = receptive(only(inputs)?);
        let canvas = self.output_size(image.size)?;
        let color = color_for(&image, self.color.rgb());
        let pixels = by_depth!(image, cast(self, &image.pixels, image.size, canvas, color));
        Ok(vec![image.with(canvas, pixels.ok_or_else(|| unaccepted(&ACTION))?)])
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn run(raw: Value, image: Image) -> (Size, Vec<[u8; 4]>) {
        let raw = raw.as_object().unwrap();
        assert_eq!(ACTION.check(raw), []);
        let operation = DropShadow::read(raw).unwrap();
        let foretold = operation.output_size(image.size).unwrap();
        let out = operation.run(vec![Some(image)], &Context::default()).unwrap().remove(0);
        assert_eq!(out.size, foretold);
        let Pixels::Rgba(data) = out.pixels else { panic!("alpha") };
        (out.size, data.as_chunks().0.to_vec())
    }

    fn one(pixel: [u8; 4]) -> Image {
        Image::new(Size::new(1, 1), Pixels::Rgba(pixel.to_vec()))
    }

    #[test]
    fn a_sharp_shadow_is_the_shape_at_its_distance() {
        let raw = json!({ "dx": 1, "dy": 0, "blur": 0, "opacity": 0.5, "color": "#102030" });
        assert_eq!(run(raw, one([9, 8, 7, 255])), (Size::new(2, 1), vec![[9, 8, 7, 255], [16, 32, 48, 128]]));
        let raw = json!({ "dx": -2, "dy": 1, "blur": 0, "opacity": 1 });
        let (size, pixels) = run(raw, one([9, 8, 7, 255]));
        assert_eq!((size, pixels[2], pixels[3]), (Size::new(3, 2), [9, 8, 7, 255], [0, 0, 0, 255]));
        assert_eq!(pixels[0], [0; 4]);
    }

    #[test]
    fn a_canvas_that_does_not_grow_cuts_the_shadow_off() {
        let raw = json!({ "dx": 5, "dy": 5, "expand": false });
        assert_eq!(run(raw, one([9, 8, 7, 255])), (Size::new(1, 1), vec![[9, 8, 7, 255]]));
    }

    #[test]
    fn the_canvas_holds_all_of_the_shadow() {
        let image = crate::image::testing::flat(Size::new(40, 30), Representation::Rgba, 200);
        let (size, pixels) = run(json!({ "dx": 3, "dy": -2, "blur": 9, "opacity": 1 }), image);
        assert_eq!(size, Size::new(40 + 28, 30 + 28));
        let width = size.width as usize;
        for (at, pixel) in pixels.iter().enumerate() {
            let is_edge = at < width || at % width == 0 || (at + 1) % width == 0 || at + width >= pixels.len();
            assert!(!is_edge || pixel[3] <= 1, "{at}: {pixel:?}");
        }
    }

    #[test]
    fn nothing_casts_no_shadow() {
        let (_, pixels) = run(json!({}), Image::new(Size::new(3, 2), Pixels::Rgba(vec![0; 24])));
        assert!(pixels.iter().all(|pixel| *pixel == [0; 4]));
    }
}
