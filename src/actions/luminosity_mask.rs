//! `luminosity-mask`: selects a range of brightness of the picture.

use super::checks::{Condition, Rule};
use super::mask::luma;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Port, PortType, Role, Stop, only, unaccepted};
use crate::image::compose::alpha;
use crate::image::depth::{Sample, by_depth};
use crate::image::pixelwise::table_of;
use crate::image::{Image, Pixels, Representation, Representations};

crate::parameters! {
    /// Parameters of `luminosity-mask`.
    pub struct LuminosityMask {
        /// Brightness up to which the mask is black, of 255.
        low: f64 = 0.0, range 0.0..=255.0;
        /// Brightness from which on the mask is white, of 255. In between, the mask rises evenly.
        high: f64 = 255.0, range 0.0..=255.0;
        /// Whether the mask is white in the shadows instead of the highlights.
        invert: bool = false;
    }
}

/// The entry of `luminosity-mask`.
pub const ACTION: Action = Action {
    action_type: "luminosity-mask",
    version: "1.0.0",
    name: "Luminosity mask",
    description: "Makes the picture as opaque as it is bright, and gives its brightness as a mask.",
    category: Category::Compose,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[
        IMAGE_OUT,
        Port {
            name: "mask",
            kind: PortType::Image,
            required: false,
            description: "The opacity of the result as a gray picture.",
        },
    ],
    fields: LuminosityMask::FIELDS,
    rules: &[Rule {
        broken: Condition::NotBelow("low", "high"),
        field: "low",
        code: "conflicting_parameters",
        message: "\"low\" is {value}, which is not less than \"high\".",
        hint: "Give \"low\" a value below \"high\".",
    }],
    adds_alpha: Condition::Always,
    related: &["mask", "blend"],
    usage: "Change only the highlights: blend an adjusted copy that is masked by luminosity over the original.",
    icon: "M4 4h16v16H4zM12 7.5a4.5 4.5 0 1 0 0 9zM12 7.5a4.5 4.5 0 0 1 0 9",
};

/// Which of the action's outputs is the mask.
const MASK: usize = 1;

/// Makes RGBA pixels as opaque as their brightness says, and returns their opacity as gray.
fn masked<S: Sample>(by: &LuminosityMask, pixels: &mut Pixels) -> Option<Pixels> {
    let (rgba, 4) = S::interleaved_mut(pixels)? else { return None };
    let opacity: Vec<S> = table_of(|level| {
        let share = ((level - by.low) / (by.high - by.low)).clamp(0.0, 1.0);
        255.0 * if by.invert { 1.0 - share } else { share }
    });
    for [r, g, b, a] in rgba.as_chunks_mut::<4>().0 {
        *a = a.times(opacity[luma([*r, *g, *b]).index()]);
    }
    Some(S::pixels(alpha(rgba), 1))
}

impl Operation for LuminosityMask {
    fn accepts(&self) -> Representations {
        Representations::of(&[Representation::Rgba]).and_deep()
    }

    fn scales_with_picture(&self) -> bool {
        true
    }

    fn produces(&self, output: usize, input: Representation) -> Representation {
        if output == MASK { Representation::Gray.as_deep_as(input) } else { input }
    }

    /// Brightness is the luma of BT.709, of encoded values. The picture's own alpha is multiplied in. The mask has no
    /// profile.
    fn run(&self, inputs: Vec<Option<Image>>, context: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let mut image = only(inputs)?;
        let mask = by_depth!(image, masked(self, &mut image.pixels)).ok_or_else(|| unaccepted(&ACTION))?;
        let mask = context.wants(MASK).then(|| Image::new(image.size, mask));
        Ok(std::iter::once(image).chain(mask).collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::image::Size;

    fn run(raw: Value) -> (Vec<u8>, Vec<Image>) {
        let raw = raw.as_object().unwrap();
        assert_eq!(ACTION.check(raw), []);
        let grays = [0, 50, 100, 200, 255].map(|gray| [gray, gray, gray, 255]).concat();
        let image = Image::new(Size::new(5, 1), Pixels::Rgba(grays));
        let context = Context::new(None, &[true, true]);
        let out = LuminosityMask::read(raw).unwrap().run(vec![Some(image)], &context).unwrap();
        let Pixels::Rgba(data) = &out[0].pixels else { panic!("alpha") };
        (alpha(data), out)
    }

    #[test]
    fn brightness_becomes_opacity_and_mask() {
        let (alpha, out) = run(json!({}));
        assert_eq!(alpha, [0, 50, 100, 200, 255]);
        assert_eq!(out[1], Image::new(Size::new(5, 1), Pixels::Gray(alpha)));
        assert_eq!(run(json!({ "invert": true })).0, [255, 205, 155, 55, 0]);
        assert_eq!(run(json!({ "low": 50, "high": 150 })).0, [0, 0, 128, 255, 255]);
    }

    #[test]
    fn low_must_be_below_high() {
        let issues = ACTION.check(json!({ "low": 255 }).as_object().unwrap());
        assert_eq!((issues.len(), issues[0].code), (1, "conflicting_parameters"));
        assert_eq!(ACTION.check(json!({ "low": 9.5, "high": 10 }).as_object().unwrap()), []);
    }
}
