//! `grayscale`: removes the colour.

use super::checks::Condition;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only};
use crate::image::depth::{Sample, of_level};
use crate::image::recolor::matched;
use crate::image::{Deep, Image, Pixels, Representation, Representations};

crate::choices! {
    /// The weight of each primary.
    pub enum Standard {
        /// ITU-R BT.601: 0.299, 0.587, 0.114.
        Rec601 = "rec601",
        /// ITU-R BT.709: 0.2126, 0.7152, 0.0722.
        Rec709 = "rec709",
        /// The weights that are given.
        Mix = "mix",
    }
}

crate::parameters! {
    /// Parameters of `grayscale`.
    pub struct Grayscale {
        /// Weights of red, green and blue: `rec709` suits sRGB, `rec601` is the brightness inside a JPEG, `mix` takes those
        /// below.
        standard: Standard = Standard::Rec709, label "Weights";
        /// Weight of red in a `mix`: together with the others 100 keeps white white.
        red: f64 = 40.0, range -200.0..=300.0, soft 0.0..=100.0, unit "%", shown if Condition::Is("standard", &["mix"]);
        /// Weight of green in a `mix`.
        green: f64 = 40.0, range -200.0..=300.0, soft 0.0..=100.0, unit "%", shown if Condition::Is("standard", &["mix"]);
        /// Weight of blue in a `mix`.
        blue: f64 = 20.0, range -200.0..=300.0, soft 0.0..=100.0, unit "%", shown if Condition::Is("standard", &["mix"]);
    }
}

/// The entry of `grayscale`.
pub const ACTION: Action = Action {
    action_type: "grayscale",
    version: "1.2.0",
    name: "Grayscale",
    description: "Turns colours into shades of gray; transparency is kept.",
    category: Category::Color,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: Grayscale::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &["adjust"],
    usage: "Give photographs from different sources the same look; a mix with much red makes skies dark and skin light.",
    icon: "M4 5h16v14H4zM9.3 5v14M14.7 5v14M4 12h5.3M9.3 8.5h5.4M9.3 12h5.4M9.3 15.5h5.4",
};

/// The weighted sum of red, green and blue.
fn shade<S: Sample>(rgb: [S; 3], weights: [f32; 3]) -> S {
    let [r, g, b] = rgb.map(Sample::level);
    of_level(r * weights[0] + g * weights[1] + b * weights[2])
}

/// The shade of each RGB pixel.
fn shades<S: Sample>(rgb: &[S], weights: [f32; 3]) -> Vec<S> {
    rgb.as_chunks().0.iter().map(|rgb| shade(*rgb, weights)).collect()
}

/// RGBA with the shade of each pixel in place of its colours.
fn shaded<S: Sample>(mut rgba: Vec<S>, weights: [f32; 3]) -> Vec<S> {
    for [r, g, b, _] in rgba.as_chunks_mut().0 {
        let gray = shade([*r, *g, *b], weights);
        (*r, *g, *b) = (gray, gray, gray);
    }
    rgba
}

impl Operation for Grayscale {
    fn accepts(&self) -> Representations {
        let accepted = match self.standard {
            Standard::Rec601 => Representations::ANY,
            // Different weights than in planar luma.
            Standard::Rec709 => Representations::PIXELS,
            // White may change its value.
            Standard::Mix => Representations::INTERLEAVED,
        };
        accepted.and_deep()
    }

    fn scales_with_picture(&self) -> bool {
        true
    }

    fn produces(&self, _: usize, input: Representation) -> Representation {
        if input.has_alpha() { input } else { Representation::Gray.as_deep_as(input) }
    }

    /// The weighted sum of the encoded values, rounded once. A profile becomes the gray one that means the same.
    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let image = only(inputs)?;
        let weights: [f32; 3] = match self.standard {
            Standard::Rec601 => [0.299, 0.587, 0.114],
            Standard::Rec709 => [0.2126, 0.7152, 0.0722],
            Standard::Mix => [self.red, self.green, self.blue].map(|percent| (percent / 100.0) as f32),
        };
        let Image { size, pixels, space } = image;
        let pixels = match pixels {
            Pixels::Gray(data) => Pixels::Gray(data),
            Pixels::Ycc(ycc) => Pixels::Gray(ycc.y.data),
            Pixels::Rgb(data) => Pixels::Gray(shades(&data, weights)),
            Pixels::Rgba(data) => Pixels::Rgba(shaded(data, weights)),
            Pixels::Deep(Deep::Gray(data)) => Pixels::Deep(Deep::Gray(data)),
            Pixels::Deep(Deep::Rgb(data)) => Pixels::Deep(Deep::Gray(shades(&data, weights))),
            Pixels::Deep(Deep::Rgba(data)) => Pixels::Deep(Deep::Rgba(shaded(data, weights))),
        };
        Ok(vec![matched(Image { size, pixels, space })])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{Plane, Size, Subsampling, Ycc};

    fn run(standard: Standard, pixels: Pixels) -> Pixels {
        let image = Image::new(Size::new(4, 1), pixels);
        Grayscale { standard, ..Grayscale::defaults() }
            .run(vec![Some(image)], &Context::default())
            .unwrap()
            .remove(0)
            .pixels
    }

    #[test]
    fn primaries_weigh_as_the_standards_say() {
        let primaries = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]].concat();
        assert_eq!(run(Standard::Rec709, Pixels::Rgb(primaries.clone())), Pixels::Gray(vec![54, 182, 18, 255]));
        assert_eq!(run(Standard::Rec601, Pixels::Rgb(primaries)), Pixels::Gray(vec![76, 150, 29, 255]));
    }

    #[test]
    fn gray_stays_as_it_is() {
        let grays: Vec<u8> = (0..=255).collect();
        for gray in grays.chunks(4) {
            let rgb: Vec<u8> = gray.iter().flat_map(|v| [*v; 3]).collect();
            for standard in [Standard::Rec601, Standard::Rec709] {
                assert_eq!(run(standard, Pixels::Rgb(rgb.clone())), Pixels::Gray(gray.to_vec()));
            }
        }
    }

    #[test]
    fn alpha_is_kept() {
        let rgba = Pixels::Rgba(vec![255, 0, 0, 9, 0, 255, 0, 8, 0, 0, 255, 7, 1, 1, 1, 0]);
        let expected = Pixels::Rgba(vec![54, 54, 54, 9, 182, 182, 182, 8, 18, 18, 18, 7, 1, 1, 1, 0]);
        assert_eq!(run(Standard::Rec709, rgba), expected);
    }

    #[test]
    fn planar_luma_is_rec601_already() {
        let chroma = Plane::filled(Size::new(2, 1), 200);
        let ycc = Ycc {
            y: Plane { size: Size::new(4, 1), data: vec![1, 2, 3, 4] },
            cb: chroma.clone(),
            cr: chroma,
            subsampling: Subsampling::S420,
        };
        assert_eq!(run(Standard::Rec601, Pixels::Ycc(ycc)), Pixels::Gray(vec![1, 2, 3, 4]));
        assert!(!Grayscale::defaults().accepts().contains(Representation::Ycc));
    }
}
