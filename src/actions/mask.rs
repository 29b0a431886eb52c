//! `mask`: makes a picture transparent where another one is dark.

use super::checks::Condition;
use super::{
    Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Port, PortType, Role, Stop, incomplete, unaccepted,
};
use crate::image::depth::{Sample, by_depth};
use crate::image::resample::{Filter, Window, resample};
use crate::image::{Image, Pixels, Representation, Representations};

crate::parameters! {
    /// Parameters of `mask`.
    pub struct Mask {
        /// Whether the picture becomes transparent where the mask is bright instead.
        invert: bool = false;
    }
}

/// The entry of `mask`.
pub const ACTION: Action = Action {
    action_type: "mask",
    version: "1.0.0",
    name: "Mask",
    description: "Makes each picture as opaque as another one is bright: white keeps it, black makes it transparent.",
    category: Category::Compose,
    role: Role::Transform,
    inputs: &[
        IMAGE_IN,
        Port {
            name: "mask",
            kind: PortType::Image,
            required: true,
            description: "The mask: one for all pictures, or one for each. It is scaled to the size of the picture.",
        },
    ],
    outputs: &[IMAGE_OUT],
    fields: Mask::FIELDS,
    rules: &[],
    adds_alpha: Condition::Always,
    related: &["input-images", "remove-background", "luminosity-mask"],
    usage: "Connect the mask of \"remove background\", edited or blurred, to cut out the original with it.",
    icon: "M4 4h16v16H4zM12 7.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 0 0 0-9z",
};

/// The luma of a pixel by BT.709, of encoded values.
pub(super) fn luma<S: Sample>(rgb: [S; 3]) -> S {
    let [r, g, b] = rgb.map(|sample| sample.index() as u32);
    S::of_index(((2126 * r + 7152 * g + 722 * b + 5000) / 10000) as usize)
}

/// The luma of RGBA pixels times their alpha.
fn opacities<S: Sample>(pixels: &Pixels) -> Option<Pixels> {
    let (rgba, 4) = S::interleaved(pixels)? else { return None };
    let opacity = |[r, g, b, a]: &[S; 4]| luma([*r, *g, *b]).times(*a);
    Some(S::pixels(rgba.as_chunks().0.iter().map(opacity).collect(), 1))
}

/// Multiplies the alpha of RGBA pixels by gray ones of the same size, or by their opposites.
fn multiply<S: Sample>(pixels: &mut Pixels, opacity: &Pixels, inverted: bool) {
    if let (Some((rgba, 4)), Some((opacity, 1))) = (S::interleaved_mut(pixels), S::interleaved(opacity)) {
        for ([.., alpha], opacity) in rgba.as_chunks_mut::<4>().0.iter_mut().zip(opacity) {
            *alpha = alpha.times(if inverted { opacity.inverse() } else { *opacity });
        }
    }
}

impl Operation for Mask {
    fn accepts(&self) -> Representations {
        Representations::of(&[Representation::Rgba]).and_deep()
    }

    fn scales_with_picture(&self) -> bool {
        true
    }

    /// Opacity is the mask's luma (BT.709, encoded values) times its own alpha, as in CSS's luminance masks, and is
    /// multiplied with the picture's own.
    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let Ok([Some(mut image), Some(mask)]) = <[_; 2]>::try_from(inputs) else {
            return Err(incomplete(&ACTION).into());
        };
        let Some(opacity) = by_depth!(mask, opacities(&mask.pixels)) else { return Err(unaccepted(&ACTION).into()) };
        let gray = Image::new(mask.size, opacity);
        let gray = resample(&gray, Window::all(mask.size), image.size, Filter::Bilinear)?;
        by_depth!(image, multiply(&mut image.pixels, &gray.pixels, self.invert));
        Ok(vec![image])
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::image::Size;
    use crate::image::testing::flat;

    fn run(raw: Value, image: Image, mask: Image) -> Vec<[u8; 4]> {
        let operation = Mask::read(raw.as_object().unwrap()).unwrap();
        let out = operation.run(vec![Some(image), Some(mask)], &Context::default()).unwrap().remove(0);
        let Pixels::Rgba(data) = out.pixels else { panic!("alpha") };
        data.as_chunks().0.to_vec()
    }

    fn one(pixel: [u8; 4]) -> Image {
        Image::new(Size::new(1, 1), Pixels::Rgba(pixel.to_vec()))
    }

    #[test]
    fn brightness_of_the_mask_is_opacity() {
        assert_eq!(run(json!({}), one([1, 2, 3, 200]), one([255, 255, 255, 255])), [[1, 2, 3, 200]]);
        assert_eq!(run(json!({}), one([1, 2, 3, 200]), one([0, 255, 0, 255])), [[1, 2, 3, 143]]);
        assert_eq!(run(json!({ "invert": true }), one([1, 2, 3, 200]), one([255, 0, 0, 255])), [[1, 2, 3, 158]]);
        assert_eq!(run(json!({}), one([1, 2, 3, 255]), one([255, 255, 255, 100])), [[1, 2, 3, 100]]);
    }

    #[test]
    fn a_mask_of_any_size_fits() {
        for size in [Size::new(1, 1), Size::new(300, 2), Size::new(3, 3)] {
            let mask = flat(size, Representation::Rgba, 77);
            let out = run(json!({}), flat(Size::new(7, 5), Representation::Rgba, 9), mask);
            assert_eq!(out, vec![[9, 9, 9, 77]; 35]);
        }
    }
}
