//! `border`: draws a border of one colour around the picture.

use super::checks::Condition;
use super::pad::{accepted, on_color};
use super::parameters::Color;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only};
use crate::error::Failure;
use crate::image::{Image, Representations, Size};

crate::parameters! {
    /// Parameters of `border`.
    pub struct Border {
        /// Width of the border on each side. The picture grows by it.
        width: u32 = 10, range 0.0..=10000.0, soft 0.0..=200.0, unit "px";
        /// Colour of the border, in sRGB; `#00000000` is transparent.
        color: Color = Color::WHITE, label "Colour";
    }
}

/// The entry of `border`.
pub const ACTION: Action = Action {
    action_type: "border",
    version: "1.0.0",
    name: "Border",
    description: "Draws a border of one colour around the picture, which grows by it.",
    category: Category::Compose,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: Border::FIELDS,
    rules: &[],
    adds_alpha: Condition::Translucent("color"),
    related: &["pad", "round-corners"],
    usage: "Frame pictures like prints. For a border whose outer size is given, use pad.",
    icon: "M3.5 3.5h17v17h-17zM6 6h12v12H6z",
};

impl Operation for Border {
    fn accepts(&self) -> Representations {
        accepted(self.color)
    }

    fn scales_with_picture(&self) -> bool {
        true
    }

    fn output_size(&self, input: Size) -> Result<Size, Failure> {
        let side = |side: u32| side.saturating_add(2 * self.width);
        Ok(Size::new(side(input.width), side(input.height)))
    }

    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let image = only(inputs)?;
        if self.width == 0 {
            return Ok(vec![image]);
        }
        let canvas = self.output_size(image.size)?;
        Ok(vec![on_color(image, canvas, (self.width, self.width), self.color)?])
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::image::Pixels;

    fn run(raw: serde_json::Value, image: Image) -> Image {
        let operation = Border::read(raw.as_object().unwrap()).unwrap();
        let foretold = operation.output_size(image.size).unwrap();
        let out = operation.run(vec![Some(image)], &Context::default()).unwrap().remove(0);
        assert_eq!(out.size, foretold);
        out
    }

    #[test]
    fn the_picture_is_framed_and_keeps_its_pixels() {
        let image = Image::new(Size::new(2, 1), Pixels::Gray(vec![1, 2]));
        let out = run(json!({ "width": 1 }), image.clone());
        assert_eq!(out.size, Size::new(4, 3));
        assert_eq!(out.pixels, Pixels::Gray(vec![255, 255, 255, 255, 255, 1, 2, 255, 255, 255, 255, 255]));
        assert_eq!(run(json!({ "width": 0 }), image.clone()), image);
        let rgba = Image::new(Size::new(1, 1), Pixels::Rgba(vec![1, 2, 3, 4]));
        let Pixels::Rgba(data) = run(json!({ "width": 1, "color": "#0a141e80" }), rgba).pixels else { panic!() };
        assert_eq!(
            (&data[..4], &data[16..20], &data[32..]),
            (&[10, 20, 30, 128][..], &[1, 2, 3, 4][..], &[10, 20, 30, 128][..])
        );
    }
}
