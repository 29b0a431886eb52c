//! `gaussian-blur`: softens a picture. The kernel is in `crate::image::blur`.

use super::checks::Condition;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only};
use crate::image::blur::blurred;
use crate::image::{Image, Representations};

crate::parameters! {
    /// Parameters of `gaussian-blur`.
    pub struct GaussianBlur {
        /// Radius of the blur, as a standard deviation; 0 changes nothing.
        sigma: f64 = 2.0, range 0.0..=250.0, soft 0.0..=20.0, unit "px", label "Radius";
    }
}

/// The entry of `gaussian-blur`.
pub const ACTION: Action = Action {
    action_type: "gaussian-blur",
    version: "1.0.0",
    name: "Gaussian blur",
    description: "Softens the picture evenly. Pixels at the edges are repeated outwards.",
    category: Category::Detail,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: GaussianBlur::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &["sharpen"],
    usage: "Make a calm background, or reduce noise before downscaling.",
    icon: "M12 3.5c4 5 6 7.5 6 10.5a6 6 0 0 1-12 0c0-3 2-5.5 6-10.5z",
};

impl Operation for GaussianBlur {
    fn accepts(&self) -> Representations {
        Representations::ANY.and_deep()
    }

    fn scales_with_picture(&self) -> bool {
        true
    }

    fn mixes(&self) -> bool {
        true
    }

    fn keeps_chroma_grid(&self) -> bool {
        true
    }

    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        Ok(vec![blurred(only(inputs)?, self.sigma)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::testing::flat;
    use crate::image::{Pixels, Plane, Representation, Size, Subsampling, Ycc};

    fn run(sigma: f64, image: Image) -> Image {
        GaussianBlur { sigma }.run(vec![Some(image)], &Context::default()).unwrap().remove(0)
    }

    #[test]
    fn an_even_picture_or_a_sigma_of_zero_changes_nothing() {
        for representation in Representation::ALL {
            let image = flat(Size::new(31, 7), representation, 201);
            for sigma in [0.0, 0.7, 5.0, 60.0, 250.0] {
                assert_eq!(run(sigma, image.clone()), image, "sigma {sigma}");
            }
        }
        let noise = Image::new(Size::new(3, 2), Pixels::Gray(vec![0, 255, 3, 99, 5, 250]));
        assert_eq!(run(0.0, noise.clone()), noise);
    }

    #[test]
    fn hidden_colour_does_not_bleed_and_alpha_is_blurred() {
        let rgba: Vec<u8> = [[200, 40, 90, 255]; 6].into_iter().chain([[0, 255, 0, 0]; 6]).flatten().collect();
        for sigma in [1.5, 30.0] {
            let out = run(sigma, Image::new(Size::new(12, 1), Pixels::Rgba(rgba.clone())));
            let Pixels::Rgba(data) = out.pixels else { panic!("rgba stays rgba") };
            for pixel in data.chunks(4).filter(|pixel| pixel[3] > 8) {
                for (got, want) in pixel.iter().zip([200u8, 40, 90]) {
                    assert!(got.abs_diff(want) <= 1, "sigma {sigma}: {pixel:?}");
                }
            }
            assert!((80..128).contains(&data[6 * 4 + 3]) && data[5 * 4 + 3] > 127, "sigma {sigma}: {data:?}");
        }
    }

    #[test]
    fn a_chroma_plane_is_blurred_in_its_own_samples() {
        // A step at the picture's middle: after a blur by 4 pixels, chroma at half width must look like one by 2.
        let step: Vec<u8> = (0..40).map(|x| if x < 20 { 80 } else { 160 }).collect();
        let plane = Plane { size: Size::new(40, 1), data: step.clone() };
        let ycc = Ycc {
            y: Plane::filled(Size::new(80, 1), 50),
            cb: plane.clone(),
            cr: plane,
            subsampling: Subsampling::S422,
        };
        let Pixels::Ycc(out) = run(4.0, Image::new(Size::new(80, 1), Pixels::Ycc(ycc))).pixels else {
            panic!("planar stays planar")
        };
        let half = run(2.0, Image::new(Size::new(40, 1), Pixels::Gray(step)));
        assert_eq!(Pixels::Gray(out.cb.data), half.pixels);
        assert!(out.y.data.iter().all(|v| *v == 50));
    }
}
