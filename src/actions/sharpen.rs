//! `sharpen`: unsharp mask on luma. The blur is in `crate::image::blur`.

use super::checks::Condition;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only};
use crate::image::blur::{self, FRACTION, Rows, gaussian};
use crate::image::depth::Sample;
use crate::image::{Deep, Image, Pixels, Representations};

crate::parameters! {
    /// Parameters of `sharpen`.
    pub struct Sharpen {
        /// Size of the detail to sharpen: the standard deviation of the blur.
        sigma: f64 = 1.0, range 0.0..=50.0, soft 0.0..=5.0, unit "px", label "Radius";
        /// Strength: how much of the difference to the blurred picture is added.
        amount: f64 = 0.5, range 0.0..=5.0;
        /// Differences up to this many levels are left unchanged, so that grain in smooth areas is not amplified.
        threshold: f64 = 0.0, range 0.0..=255.0, soft 0.0..=50.0;
    }
}

/// The entry of `sharpen`.
pub const ACTION: Action = Action {
    action_type: "sharpen",
    version: "1.0.0",
    name: "Sharpen",
    description: "Sharpens edges with an unsharp mask on brightness; colours do not shift.",
    category: Category::Detail,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: Sharpen::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &["resize", "gaussian-blur"],
    usage: "Restore the crispness lost by resizing: radius 1, amount 0.5.",
    icon: "M12 4l8 15H4zM12 4v15",
};

impl Operation for Sharpen {
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

    fn keeps_content(&self) -> bool {
        true
    }

    /// ΔY′ = amount × (Y′ − blurred Y′) where the difference exceeds the threshold, with full-range BT.601 Y′. It is
    /// added to luma, or to each of R′, G′ and B′, rounded once. Alpha is straight and stays unchanged; with it, the
    /// blurred Y′ is a mean weighted by alpha, so that hidden colour has no influence.
    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let mut image = only(inputs)?;
        if blur::is_identity(self.sigma) || self.amount == 0.0 {
            return Ok(vec![image]);
        }
        let (size, sigma, mask) = (image.size, (self.sigma, self.sigma), Mask::new(self));
        let row = size.width as usize;
        match &mut image.pixels {
            Pixels::Gray(data) => gaussian(&mut Luma { data, row, mask }, size, 1, sigma),
            Pixels::Ycc(ycc) => gaussian(&mut Luma { data: &mut ycc.y.data, row, mask }, size, 1, sigma),
            Pixels::Rgb(data) => {
                gaussian(&mut Opaque { data: data.as_chunks_mut().0, row, mask }, size, 1, sigma);
            }
            Pixels::Rgba(data) => {
                gaussian(&mut Transparent { data: data.as_chunks_mut().0, row, mask }, size, 2, sigma);
            }
            Pixels::Deep(deep) => {
                let blurred = if deep.channels() == 4 { 2 } else { 1 };
                gaussian(&mut DeepRows::new(deep, row, self), size, blurred, sigma);
            }
        }
        Ok(vec![image])
    }
}

/// Fraction bits of the amount; with [`FRACTION`] and the sign, amount × difference fits 32 bits.
const AMOUNT: u32 = 12;

#[derive(Clone, Copy)]
struct Mask {
    amount: i32,
    threshold: i32,
}

impl Mask {
    fn new(sharpen: &Sharpen) -> Self {
        Self {
            amount: (sharpen.amount * f64::from(1 << AMOUNT)).round() as i32,
            threshold: (sharpen.threshold * f64::from(1 << FRACTION)).round() as i32,
        }
    }

    /// The value added to each channel, with [`FRACTION`] + [`AMOUNT`] fraction bits.
    fn delta(self, luma: u16, blurred: u16) -> i32 {
        let difference = i32::from(luma) - i32::from(blurred);
        if difference.abs() > self.threshold { difference * self.amount } else { 0 }
    }

    fn add(value: u8, delta: i32) -> u8 {
        let sum = (i32::from(value) << (FRACTION + AMOUNT)) + delta + (1 << (FRACTION + AMOUNT - 1));
        (sum >> (FRACTION + AMOUNT)).clamp(0, 255) as u8
    }
}

/// Full-range BT.601 luma with [`FRACTION`] fraction bits; the weights add up to 2¹⁵.
fn luma(r: u8, g: u8, b: u8) -> u16 {
    let sum = u32::from(r) * 9798 + u32::from(g) * 19235 + u32::from(b) * 3735;
    ((sum + (1 << (14 - FRACTION))) >> (15 - FRACTION)) as u16
}

struct Luma<'a> {
    data: &'a mut [u8],
    row: usize,
    mask: Mask,
}

impl Rows<u16> for Luma<'_> {
    fn load(&mut self, y: u32, row: &mut [u16]) {
        for (to, from) in row.iter_mut().zip(&self.data[y as usize * self.row..]) {
            *to = u16::from(*from) << FRACTION;
        }
    }

    fn store(&mut self, y: u32, blurred: &[u16]) {
        for (value, blurred) in self.data[y as usize * self.row..].iter_mut().zip(blurred) {
            *value = Mask::add(*value, self.mask.delta(u16::from(*value) << FRACTION, *blurred));
        }
    }
}

struct Opaque<'a> {
    data: &'a mut [[u8; 3]],
    row: usize,
    mask: Mask,
}

impl Rows<u16> for Opaque<'_> {
    fn load(&mut self, y: u32, row: &mut [u16]) {
        for (to, [r, g, b]) in row.iter_mut().zip(&self.data[y as usize * self.row..]) {
            *to = luma(*r, *g, *b);
        }
    }

    fn store(&mut self, y: u32, blurred: &[u16]) {
        for (pixel, blurred) in self.data[y as usize * self.row..].iter_mut().zip(blurred) {
            let [r, g, b] = *pixel;
            let delta = self.mask.delta(luma(r, g, b), *blurred);
            *pixel = [r, g, b].map(|value| Mask::add(value, delta));
        }
    }
}

/// Two samples a pixel are blurred: luma times alpha, and alpha.
struct Transparent<'a> {
    data: &'a mut [[u8; 4]],
    row: usize,
    mask: Mask,
}

impl Rows<u16> for Transparent<'_> {
    fn load(&mut self, y: u32, row: &mut [u16]) {
        for (to, [r, g, b, a]) in row.as_chunks_mut().0.iter_mut().zip(&self.data[y as usize * self.row..]) {
            let weighed = (u32::from(luma(*r, *g, *b)) * u32::from(*a) + 127) / 255;
            *to = [weighed as u16, u16::from(*a) << FRACTION];
        }
    }

    fn store(&mut self, y: u32, blurred: &[u16]) {
        let blurred = blurred.as_chunks().0;
        for (pixel, [weighed, alpha]) in self.data[y as usize * self.row..].iter_mut().zip(blurred) {
            let [r, g, b, a] = *pixel;
            if a == 0 || *alpha == 0 {
                continue;
            }
            let mean = (u32::from(*weighed) * (255 << FRACTION) + u32::from(*alpha) / 2) / u32::from(*alpha);
            let delta = self.mask.delta(luma(r, g, b), mean.min(255 << FRACTION) as u16);
            let [r, g, b] = [r, g, b].map(|value| Mask::add(value, delta));
            *pixel = [r, g, b, a];
        }
    }
}

/// The same for samples of 16 bits, in numbers of single precision: luma is blurred, or luma times alpha, and alpha.
struct DeepRows<'a> {
    samples: &'a mut [u16],
    channels: usize,
    /// Samples of a row.
    row: usize,
    amount: f32,
    /// In samples of 16 bits.
    threshold: f32,
}

impl<'a> DeepRows<'a> {
    fn new(deep: &'a mut Deep, width: usize, sharpen: &Sharpen) -> Self {
        let channels = deep.channels();
        let (Deep::Gray(samples) | Deep::Rgb(samples) | Deep::Rgba(samples)) = deep;
        let (amount, threshold) = (sharpen.amount as f32, sharpen.threshold as f32 * u16::STEPS as f32);
        Self { samples, channels, row: width * channels, amount, threshold }
    }

    fn luma(pixel: &[u16]) -> f32 {
        match *pixel {
            [r, g, b, ..] => 0.299 * r.number() + 0.587 * g.number() + 0.114 * b.number(),
            [gray, ..] => gray.number(),
            [] => 0.0,
        }
    }
}

impl Rows<f32> for DeepRows<'_> {
    fn load(&mut self, y: u32, row: &mut [f32]) {
        let pixels = self.samples[y as usize * self.row..][..self.row].chunks_exact(self.channels);
        match self.channels {
            4 => {
                for (to, pixel) in row.as_chunks_mut().0.iter_mut().zip(pixels) {
                    *to = [Self::luma(pixel) * pixel[3].share(), pixel[3].number()];
                }
            }
            _ => row.iter_mut().zip(pixels).for_each(|(to, pixel)| *to = Self::luma(pixel)),
        }
    }

    fn store(&mut self, y: u32, blurred: &[f32]) {
        let pixels = self.samples[y as usize * self.row..][..self.row].chunks_exact_mut(self.channels);
        let each = if self.channels == 4 { 2 } else { 1 };
        for (pixel, blurred) in pixels.zip(blurred.chunks_exact(each)) {
            let blurred = match *blurred {
                [weighed, alpha] if pixel[3] > 0 && alpha > 0.0 => (weighed / alpha * 65_535.0).min(65_535.0),
                [_, _] => continue,
                _ => blurred[0],
            };
            let difference = Self::luma(pixel) - blurred;
            if difference.abs() > self.threshold {
                let colors = self.channels.min(3);
                pixel[..colors]
                    .iter_mut()
                    .for_each(|sample| *sample = u16::of_number(sample.number() + self.amount * difference));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::image::testing::flat;
    use crate::image::{Plane, Representation, Size, Subsampling, Ycc};

    fn run(raw: Value, image: Image) -> Image {
        let read = Sharpen::read(raw.as_object().unwrap());
        read.unwrap().run(vec![Some(image)], &Context::default()).unwrap().remove(0)
    }

    /// A step from 100 to 140. By hand with sigma 0.5, whose kernel is (0.0003, 0.1065, 0.7864, 0.1065, 0.0003):
    /// the dark side of the step is blurred to 104.27, so it loses 2 × 4.27.
    fn step() -> Vec<u8> {
        vec![100, 100, 100, 100, 140, 140, 140, 140]
    }

    #[test]
    fn the_difference_to_the_blurred_picture_is_added() {
        let image = Image::new(Size::new(8, 1), Pixels::Gray(step()));
        let out = run(json!({ "sigma": 0.5, "amount": 2 }), image);
        assert_eq!(out.pixels, Pixels::Gray(vec![100, 100, 100, 91, 149, 140, 140, 140]));
    }

    #[test]
    fn a_difference_up_to_the_threshold_is_left_alone() {
        let image = Image::new(Size::new(8, 1), Pixels::Gray(step()));
        assert_eq!(run(json!({ "sigma": 0.5, "amount": 2, "threshold": 4.5 }), image.clone()), image);
        assert_ne!(run(json!({ "sigma": 0.5, "amount": 2, "threshold": 4 }), image.clone()), image);
    }

    #[test]
    fn every_channel_gets_the_same_and_is_clamped() {
        // The step in green only: ΔY′ is 0.587 of 2 × 4.27, that is 5.01.
        let rgb: Vec<u8> = step().into_iter().flat_map(|v| [2, v, 200]).collect();
        let out = run(json!({ "sigma": 0.5, "amount": 2 }), Image::new(Size::new(8, 1), Pixels::Rgb(rgb.clone())));
        let Pixels::Rgb(data) = &out.pixels else { panic!("rgb stays rgb") };
        assert_eq!(data[9..15], [0, 95, 195, 7, 145, 205]);
        let rgba: Vec<u8> = rgb.chunks(3).flat_map(|p| [p[0], p[1], p[2], 255]).collect();
        let out = run(json!({ "sigma": 0.5, "amount": 2 }), Image::new(Size::new(8, 1), Pixels::Rgba(rgba)));
        let Pixels::Rgba(with_alpha) = out.pixels else { panic!("rgba stays rgba") };
        assert_eq!(with_alpha.chunks(4).flat_map(|p| p[..3].to_vec()).collect::<Vec<_>>(), *data);
    }

    #[test]
    fn hidden_colour_takes_no_part() {
        // White behind nothing next to an even gray: no halo.
        let rgba = [[100, 100, 100, 255]; 4].into_iter().chain([[255, 255, 255, 0]; 4]).flatten().collect();
        let image = Image::new(Size::new(8, 1), Pixels::Rgba(rgba));
        assert_eq!(run(json!({ "sigma": 2, "amount": 5 }), image.clone()), image);
    }

    #[test]
    fn planar_colour_is_not_touched() {
        let chroma = Plane { size: Size::new(4, 1), data: vec![10, 200, 30, 90] };
        let ycc = Ycc {
            y: Plane { size: Size::new(8, 1), data: step() },
            cb: chroma.clone(),
            cr: chroma.clone(),
            subsampling: Subsampling::S420,
        };
        let out = run(json!({ "sigma": 0.5, "amount": 2 }), Image::new(Size::new(8, 1), Pixels::Ycc(ycc)));
        let Pixels::Ycc(out) = out.pixels else { panic!("planar stays planar") };
        assert_eq!(out.y.data, [100, 100, 100, 91, 149, 140, 140, 140]);
        assert_eq!((out.cb, out.cr), (chroma.clone(), chroma));
    }

    #[test]
    fn no_sigma_no_amount_or_no_detail_changes_nothing() {
        for representation in Representation::ALL {
            let image = flat(Size::new(9, 7), representation, 201);
            for raw in [json!({ "sigma": 5, "amount": 5 }), json!({ "sigma": 50, "amount": 5 })] {
                assert_eq!(run(raw, image.clone()), image);
            }
        }
        let image = Image::new(Size::new(8, 1), Pixels::Gray(step()));
        assert_eq!(run(json!({ "sigma": 0 }), image.clone()), image);
        assert_eq!(run(json!({ "amount": 0 }), image.clone()), image);
    }
}
