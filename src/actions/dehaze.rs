//! `dehaze`: removes haze.

use super::checks::Condition;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only};
use crate::image::base::luma;
use crate::image::field::{Field, taps};
use crate::image::{Image, Pixels, Representations, Size};

crate::parameters! {
    /// Parameters of `dehaze`.
    pub struct Dehaze {
        /// How much of the haze is removed.
        strength: f64 = 0.7, range 0.0..=1.0;
    }
}

/// The entry of `dehaze`.
pub const ACTION: Action = Action {
    action_type: "dehaze",
    version: "1.0.0",
    name: "Dehaze",
    description: "Removes haze and mist: distant parts get back their contrast and their colours.",
    category: Category::Color,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: Dehaze::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &["clarity", "auto-tone"],
    usage: "Clear up landscapes, cities from above, and pictures through windows.",
};

/// Side of the picture in which haze is looked for.
const WORK_SIDE: u32 = 600;
/// Half the side of the patches.
const PATCH: usize = 7;
/// Half the side of the squares over which the haze follows the picture, and the contrast, squared, below which it does not.
const FOLLOW: usize = 30;
const EVEN: f32 = 0.001;
/// The least share of light that comes from the scene itself.
const LEAST: f32 = 0.1;

/// The least value within a square around each pixel.
fn least(values: &[f32], width: usize) -> Vec<f32> {
    let height = values.len() / width;
    let within = |at: usize, count: usize| at.saturating_sub(PATCH)..(at + PATCH + 1).min(count);
    let lowest = |values: &mut dyn Iterator<Item = f32>| values.fold(f32::INFINITY, f32::min);
    let across: Vec<f32> = (0..values.len())
        .map(|at| lowest(&mut within(at % width, width).map(|x| values[at / width * width + x])))
        .collect();
    (0..values.len())
        .map(|at| lowest(&mut within(at / width, height).map(|y| across[y * width + at % width])))
        .collect()
}

/// How much of each pixel's light comes from the scene, and the colour of the haze.
struct Haze {
    /// Factor and offset from a pixel's luma to the share, in the first two places.
    functions: Field,
    color: [f32; 3],
}

impl Haze {
    /// `None` for a picture without colours to see.
    fn of(image: &Image, strength: f32) -> Option<Self> {
        let size = image.size;
        let step = size.width.max(size.height).div_ceil(WORK_SIDE);
        let small = Size::new(size.width.div_ceil(step), size.height.div_ceil(step));
        let mut colors = vec![[0.0_f32; 4]; small.pixels() as usize];
        let mut add = |at: usize, rgb: [u8; 3]| {
            let (x, y) = (at as u32 % size.width / step, at as u32 / size.width / step);
            let cell = &mut colors[(y * small.width + x) as usize];
            let [r, g, b] = rgb.map(|value| f32::from(value) / 255.0);
            *cell = [cell[0] + r, cell[1] + g, cell[2] + b, cell[3] + 1.0];
        };
        match &image.pixels {
            Pixels::Rgb(data) => data.as_chunks().0.iter().enumerate().for_each(|(at, rgb)| add(at, *rgb)),
            Pixels::Rgba(data) => {
                data.as_chunks().0.iter().enumerate().for_each(|(at, [r, g, b, _])| add(at, [*r, *g, *b]));
            }
            _ => return None,
        }
        let colors: Vec<[f32; 3]> =
            colors.into_iter().map(|[r, g, b, count]| [r, g, b].map(|sum| sum / count)).collect();
        let width = small.width as usize;
        let lowest = |[r, g, b]: [f32; 3]| r.min(g).min(b);
        let dark = least(&colors.iter().map(|color| lowest(*color)).collect::<Vec<_>>(), width);
        // The haze has the colour of the places that are hazy most surely.
        let mut order: Vec<usize> = (0..dark.len()).collect();
        order.sort_by(|one, other| dark[*other].total_cmp(&dark[*one]).then(one.cmp(other)));
        order.truncate((dark.len() / 1000).max(1));
        let mut color = [0.0_f32; 3];
        for at in &order {
            color.iter_mut().zip(colors[*at]).for_each(|(sum, value)| *sum += value);
        }
        let color = color.map(|sum| (sum / order.len() as f32).max(1.0 / 255.0));
        let clear: Vec<f32> = colors.iter().map(|own| lowest(std::array::from_fn(|at| own[at] / color[at]))).collect();
        let shares = least(&clear, width).into_iter().map(|dark| 1.0 - strength * 0.95 * dark);
        // The guided filter, by luma.
        let data = colors.iter().zip(shares).map(|([r, g, b], share)| {
            let luma = 0.299 * r + 0.587 * g + 0.114 * b;
            [luma, share, luma * luma, luma * share]
        });
        let mut field = Field { size: small, data: data.collect() };
        let mut scratch = Vec::new();
        field.box_mean(FOLLOW, &mut scratch);
        for cell in &mut field.data {
            let [luma, share, square, product] = *cell;
            let factor = (product - luma * share) / ((square - luma * luma).max(0.0) + EVEN);
            *cell = [factor, share - factor * luma, 0.0, 0.0];
        }
        field.box_mean(FOLLOW, &mut scratch);
        Some(Self { functions: field, color })
    }
}

impl Operation for Dehaze {
    fn accepts(&self) -> Representations {
        Representations::INTERLEAVED
    }

    /// The dark channel prior (K. He, J. Sun and X. Tang, “Single image haze removal using dark channel prior”, 2009) with patches
    /// of 15 pixels, refined by a guided filter, on a picture of at most 600 pixels a side.
    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let mut image = only(inputs)?;
        let Some(Haze { functions, color }) = Haze::of(&image, self.strength as f32) else { return Ok(vec![image]) };
        let (across, down) =
            (taps(functions.size.width, image.size.width), taps(functions.size.height, image.size.height));
        let width = image.size.width as usize;
        let clear = |at: usize, rgb: [u8; 3]| {
            let [factor, offset, ..] = functions.at(across[at % width], down[at / width]);
            let share = (factor * luma(rgb) + offset).clamp(LEAST, 1.0);
            std::array::from_fn(|channel| {
                let (own, haze) = (f32::from(rgb[channel]), color[channel] * 255.0);
                ((own - haze) / share + haze + 0.5) as u8
            })
        };
        match &mut image.pixels {
            Pixels::Rgb(data) => {
                data.as_chunks_mut().0.iter_mut().enumerate().for_each(|(at, rgb)| *rgb = clear(at, *rgb));
            }
            Pixels::Rgba(data) => {
                for (at, [r, g, b, _]) in data.as_chunks_mut().0.iter_mut().enumerate() {
                    [*r, *g, *b] = clear(at, [*r, *g, *b]);
                }
            }
            _ => {}
        }
        Ok(vec![image])
    }
}
