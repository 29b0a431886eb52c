//! `blend`: lays a second picture over the first with a blend mode. The formulas are in `crate::image::blend`.

use super::checks::Condition;
use super::{
    Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Port, PortType, Role, Stop, incomplete, unaccepted,
};
use crate::error::Failure;
use crate::image::blend::Mode;
use crate::image::compose::{Place, contained, covering};
use crate::image::convert::convert;
use crate::image::depth::{Sample, by_depth};
use crate::image::recolor::{receptive, recolor};
use crate::image::resample::{Filter, Window, resample};
use crate::image::{Image, Pixels, Representation, Representations, Size};

crate::choices! {
    /// How the overlay is brought to the size of the picture.
    pub enum Fit {
        /// It covers the picture; what protrudes is cut off.
        Cover = "cover",
        /// All of it is seen, in the middle.
        Contain = "contain",
        /// It is stretched to the picture's size.
        Stretch = "stretch",
    }
}

crate::parameters! {
    /// Parameters of `blend`.
    pub struct Blend {
        /// How the colours are combined, as CSS's `mix-blend-mode` does.
        mode: Mode = Mode::Normal;
        /// Opacity of the overlay: 1 leaves it unchanged.
        opacity: f64 = 1.0, range 0.0..=1.0;
        /// How the overlay is scaled to the picture: it covers the picture (`cover`), lies in its middle as a whole
        /// (`contain`), or is stretched (`stretch`).
        fit: Fit = Fit::Cover;
    }
}

/// The entry of `blend`.
pub const ACTION: Action = Action {
    action_type: "blend",
    version: "1.0.0",
    name: "Blend",
    description: "Lays a second picture over each picture with a blend mode. Its colours are converted to the picture's colour space.",
    category: Category::Compose,
    role: Role::Transform,
    inputs: &[
        IMAGE_IN,
        Port {
            name: "overlay",
            kind: PortType::Image,
            required: true,
            description: "The overlay: one for all pictures, or one for each.",
        },
    ],
    outputs: &[IMAGE_OUT],
    fields: Blend::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &["watermark", "input-images", "mask"],
    usage: "Add a paper texture to all pictures: connect it to \"overlay\" and multiply.",
    icon: "M4 4h11v11H4zM9 9h11v11H9z",
};

/// Blends RGBA pixels with RGB or RGBA ones; `None` for others.
fn lay<S: Sample>(blend: &Blend, under: &mut Pixels, over: &Pixels, place: Place) -> Option<()> {
    let (overlay, 4) = S::interleaved(over)? else { return None };
    let (layers, overlay) = (blend.mode.layers::<S>(blend.opacity as f32), overlay.as_chunks::<4>().0);
    match S::interleaved_mut(under)? {
        (rgb, 3) => place.rows(rgb.as_chunks_mut::<3>().0, overlay, |under, over| {
            for (under, over) in under.iter_mut().zip(over) {
                let [r, g, b] = *under;
                let [r, g, b, _] = layers.over([r, g, b, S::MOST], *over);
                *under = [r, g, b];
            }
        }),
        (rgba, 4) => place.rows(rgba.as_chunks_mut::<4>().0, overlay, |under, over| {
            under.iter_mut().zip(over).for_each(|(under, over)| *under = layers.over(*under, *over));
        }),
        _ => return None,
    }
    Some(())
}

impl Operation for Blend {
    fn accepts(&self) -> Representations {
        Representations::INTERLEAVED.and_deep()
    }

    fn scales_with_picture(&self) -> bool {
        true
    }

    /// Encoded colours of the picture's space are blended, and each result is rounded once. The overlay is resampled by
    /// Lanczos3, premultiplied. The picture keeps its representation and its profile, unless that is one for reading only.
    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let Ok([Some(picture), Some(overlay)]) = <[_; 2]>::try_from(inputs) else {
            return Err(incomplete(&ACTION).into());
        };
        let mut picture = receptive(picture);
        let canvas = picture.size;
        let overlay = self.fitted(&overlay, canvas)?;
        let size = overlay.size;
        let depth = Representation::Rgba.as_deep_as(picture.representation());
        let overlay = convert(recolor(overlay, &picture.space), depth);
        let middle = |outer: u32, inner: u32| i64::from((outer - inner) / 2);
        let place =
            Place { size, canvas, left: middle(canvas.width, size.width), top: middle(canvas.height, size.height) };
        by_depth!(picture, lay(self, &mut picture.pixels, &overlay.pixels, place))
            .ok_or_else(|| unaccepted(&ACTION))?;
        Ok(vec![picture])
    }
}

impl Blend {
    /// The overlay, scaled for a picture of size `canvas`, and never larger.
    fn fitted(&self, overlay: &Image, canvas: Size) -> Result<Image, Failure> {
        let scaled = |size| resample(overlay, Window::all(overlay.size), size, Filter::Lanczos3);
        match self.fit {
            Fit::Cover => covering(overlay, canvas, Filter::Lanczos3),
            Fit::Contain => scaled(contained(overlay.size, canvas)),
            Fit::Stretch => scaled(canvas),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::actions::parameters::Kind;
    use crate::color::ColorSpace;
    use crate::image::testing::flat;

    fn run(raw: Value, picture: Image, overlay: Image) -> Image {
        let raw = raw.as_object().unwrap();
        assert_eq!(ACTION.check(raw), []);
        let operation = Blend::read(raw).unwrap();
        operation.run(vec![Some(picture), Some(overlay)], &Context::default()).unwrap().remove(0)
    }

    #[test]
    fn the_overlay_fits_as_said() {
        let picture = flat(Size::new(6, 3), Representation::Rgb, 0);
        let overlay = flat(Size::new(8, 8), Representation::Rgb, 255);
        let lit = |fit: &str| {
            let Pixels::Rgb(data) = run(json!({ "fit": fit }), picture.clone(), overlay.clone()).pixels else {
                panic!("an RGB picture stays RGB")
            };
            data.chunks(18).map(|row| row.iter().filter(|value| **value == 255).count() / 3).collect::<Vec<_>>()
        };
        assert_eq!(lit("cover"), [6, 6, 6]);
        assert_eq!(lit("stretch"), [6, 6, 6]);
        assert_eq!(lit("contain"), [3, 3, 3]);
    }

    #[test]
    fn every_mode_works_for_a_single_pixel_of_any_kind() {
        let Kind::Choice(modes) = Blend::FIELDS[0].kind else { panic!("a choice") };
        assert_eq!(modes.len(), 16);
        for mode in modes {
            for under in [Representation::Rgb, Representation::Rgba] {
                for over in [Representation::Rgb, Representation::Rgba] {
                    let (one, other) = (flat(Size::new(1, 1), under, 200), flat(Size::new(1, 9), over, 100));
                    let out = run(json!({ "mode": mode, "opacity": 0 }), one.clone(), other.clone());
                    assert_eq!(out, one, "{mode}");
                    assert!(run(json!({ "mode": mode }), one, other).is_consistent());
                }
            }
        }
    }

    /// sRGB's green is (144, 255, 60) in Adobe RGB, by littleCMS.
    #[test]
    fn the_overlay_keeps_its_look_on_a_picture_of_another_space() {
        let mut picture = flat(Size::new(2, 2), Representation::Rgb, 9);
        picture.space = ColorSpace::adobe_rgb();
        let out = run(json!({}), picture, Image::new(Size::new(1, 1), Pixels::Rgb(vec![0, 255, 0])));
        assert_eq!((out.space, out.pixels), (ColorSpace::adobe_rgb(), Pixels::Rgb([144, 255, 60].repeat(4))));
    }
}
