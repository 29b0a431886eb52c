//! `blur-background`: keeps the subject sharp and blurs all around it. The subject is found as
//! [`remove-background`](super::remove_background) finds it.

use super::checks::Condition;
use super::parameters::Kind;
use super::subject::{Finder, Method};
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only, unaccepted};
use crate::image::blur::{blurred, is_identity};
use crate::image::depth::{Sample, by_depth};
use crate::image::{Image, Pixels, Representations};
use crate::matting::cutout::cut_out;
use crate::matting::guide;
use crate::network::{BUILT_IN, Need};
use crate::user_file::FileKind;

crate::parameters! {
    /// Parameters of `blur-background`.
    pub struct BlurBackground {
        /// Radius of the blur, as a standard deviation; 0 changes nothing.
        sigma: f64 = 12.0, range 0.0..=250.0, soft 0.0..=40.0, unit "px", label "Radius";
        /// How the subject is found: by a model (`network`), or as all that is not the even backdrop of a
        /// studio (`flat-backdrop`). `auto` decides for each picture: if the backdrop is clearly even, it needs no model.
        method: Method = Method::Auto;
        /// Name of the model: `u2netp`, or that of a model of your own.
        model: String = BUILT_IN.name.to_owned(), kind Kind::File(FileKind::Model), shown if Condition::Is("method", &["auto", "network"]);
    }
}

/// The entry of `blur-background`.
pub const ACTION: Action = Action {
    action_type: "blur-background",
    version: "1.1.0",
    name: "Blur background",
    description: "Keeps the subject of each picture sharp and blurs all around it, as a fast lens does. Transparency is kept.",
    category: Category::Detail,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: BlurBackground::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &["remove-background", "gaussian-blur", "vignette"],
    usage: "Lift a person off a busy street: blur the background by about a hundredth of the picture's longer side.",
    icon: "M12 5.5a3 3 0 1 0 0 6a3 3 0 0 0 0-6zM6 20c0-7 12-7 12 0M3.5 5h.01M3.5 10h.01M3.5 15h.01M20.5 5h.01M20.5 10h.01M20.5 15h.01",
};

/// RGB or RGBA pixels as RGBA without their subject: the less opaque the subject, the more of the pixel is background.
fn background<S: Sample>(pixels: &Pixels, opacity: &[u8]) -> Option<Pixels> {
    let (data, channels @ (3 | 4)) = S::interleaved(pixels)? else { return None };
    let pixel = |(pixel, opacity): (&[S], &u8)| {
        let own = pixel.get(3).copied().unwrap_or(S::MOST);
        [pixel[0], pixel[1], pixel[2], S::of_byte(255 - opacity).times(own)]
    };
    let pixels: Vec<[S; 4]> = data.chunks_exact(channels).zip(opacity).map(pixel).collect();
    Some(S::pixels(pixels.into_flattened(), 4))
}

/// Replaces the colours of RGB or RGBA pixels by the subject's over the background's, both RGBA.
fn lay<S: Sample>(pixels: &mut Pixels, subject: &Pixels, opacity: &[u8], background: &Pixels) -> Option<()> {
    let (data, channels @ (3 | 4)) = S::interleaved_mut(pixels)? else { return None };
    let ((subject, 4), (background, 4)) = (S::interleaved(subject)?, S::interleaved(background)?) else { return None };
    let layers = subject.as_chunks::<4>().0.iter().zip(opacity).zip(background.as_chunks::<4>().0);
    for (pixel, ((subject, opacity), background)) in data.chunks_exact_mut(channels).zip(layers) {
        // Where no background is near, none shows through.
        if *opacity == 255 || background[3] == S::default() {
            continue;
        }
        let (share, rest) = (u32::from(*opacity), u32::from(255 - opacity));
        for at in 0..3 {
            let sum = subject[at].index() as u32 * share + background[at].index() as u32 * rest;
            pixel[at] = S::of_index(((sum + 127) / 255) as usize);
        }
    }
    Some(())
}

impl Operation for BlurBackground {
    fn accepts(&self) -> Representations {
        Representations::INTERLEAVED.and_deep()
    }

    fn network(&self) -> Option<(&str, Need)> {
        self.method.network(&self.model)
    }

    /// The background is blurred without the subject (normalised convolution, H. Knutsson and C.-F. Westin, 1993), so that no
    /// halo of the subject's colours surrounds it; at the edge, the subject has its own colour.
    fn run(&self, inputs: Vec<Option<Image>>, context: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let mut image = only(inputs)?;
        if is_identity(self.sigma) {
            return Ok(vec![image]);
        }
        let guide = guide(&image)?;
        let finder = Finder { method: self.method, model: &self.model, fills_frame: None };
        let opacity = finder.find(&image, &guide, context)?.0.opacity(&image)?;
        let subject = cut_out(&image, &opacity, &guide, None)?;
        drop(guide);
        let behind = by_depth!(image, background(&image.pixels, &opacity)).ok_or_else(|| unaccepted(&ACTION))?;
        let behind = blurred(image.with(image.size, behind), self.sigma);
        by_depth!(image, lay(&mut image.pixels, &subject.pixels, &opacity, &behind.pixels))
            .ok_or_else(|| unaccepted(&ACTION))?;
        Ok(vec![image])
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::image::testing::{flat, noise};
    use crate::image::{Representation, Size};

    fn operation(raw: serde_json::Value) -> BlurBackground {
        let raw = raw.as_object().unwrap();
        assert_eq!(ACTION.check(raw), []);
        let read = BlurBackground::read(raw);
        read.unwrap()
    }

    fn run(raw: serde_json::Value, image: Image) -> Image {
        let context = Context::default();
        operation(raw).run(vec![Some(image)], &context).unwrap().remove(0)
    }

    /// A blue square in front of fine stripes of two light grays.
    fn striped() -> Image {
        let pixel = |i: u32| match (i % 120, i / 120) {
            (40..80, 30..90) => [20, 40, 180],
            (x, _) if x % 2 == 0 => [232; 3],
            _ => [240; 3],
        };
        Image::new(Size::new(120, 120), Pixels::Rgb((0..120 * 120).flat_map(pixel).collect()))
    }

    #[test]
    fn the_subject_stays_and_leaves_no_halo() {
        let out = run(json!({ "method": "flat-backdrop", "sigma": 8 }), striped());
        let Pixels::Rgb(data) = &out.pixels else { panic!("{:?}", out.representation()) };
        for (i, pixel) in data.as_chunks::<3>().0.iter().enumerate() {
            match (i % 120, i / 120) {
                (42..78, 32..88) => assert_eq!(*pixel, [20, 40, 180]),
                (34..86, 24..96) => {}
                _ => assert!(pixel.iter().all(|value| value.abs_diff(236) <= 2), "{i}: {pixel:?}"),
            }
        }
    }

    #[test]
    fn no_blur_needs_no_model_and_a_model_that_is_missing_is_named() {
        assert_eq!(run(json!({ "sigma": 0, "method": "network" }), striped()), striped());
        let street = noise(Size::new(50, 40), Representation::Rgb, 3);
        let stop = operation(json!({ "model": "mine" })).run(vec![Some(street)], &Context::default()).unwrap_err();
        assert!(stop.into_failure().message.contains("\"mine\""));
        assert_eq!(operation(json!({})).network(), Some(("u2netp", Need::Perhaps)));
    }

    #[test]
    fn alpha_stays_and_the_smallest_and_longest_pictures_finish() {
        for size in [Size::new(1, 1), Size::new(2, 3), Size::new(900, 2), Size::new(1, 500)] {
            for sigma in [1.0, 200.0] {
                let image = noise(size, Representation::Rgba, 5);
                let out = run(json!({ "method": "flat-backdrop", "sigma": sigma }), image.clone());
                let alpha = |image: &Image| {
                    let (rgba, _) = u8::interleaved(&image.pixels).expect("8 bits");
                    rgba.iter().skip(3).step_by(4).copied().collect::<Vec<_>>()
                };
                assert!(out.is_consistent() && alpha(&out) == alpha(&image));
            }
        }
        let plain = flat(Size::new(60, 40), Representation::Rgb, 90);
        assert_eq!(run(json!({ "method": "flat-backdrop" }), plain.clone()), plain);
    }
}
