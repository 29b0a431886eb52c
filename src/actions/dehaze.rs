//! `dehaze`: removes haze.

use super::checks::Condition;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only};
use crate::image::base::luma;
use crate::image::depth::{Sample, of_level};
use crate::image::guided::{Guided, reduced};
use crate::image::pixelwise::by_place;
use crate::image::{Image, Representations};

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
    icon: "M4 8h16M4 12h9M16 12h4M4 16h5M12 16h8",
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
    share: Guided,
    color: [f32; 3],
}

impl Haze {
    fn of(image: &Image, strength: f32) -> Self {
        let step = image.size.width.max(image.size.height).div_ceil(WORK_SIDE);
        let small = reduced(image, step, |rgb| rgb.map(|value| f32::from(value) / 255.0));
        let colors = small.data.iter().map(|[r, g, b, _]| [*r, *g, *b]);
        let width = small.size.width as usize;
        let lowest = |[r, g, b]: [f32; 3]| r.min(g).min(b);
        let dark = least(&colors.clone().map(lowest).collect::<Vec<_>>(), width);
        // The haze has the colour of the places that are hazy most surely.
        let mut order: Vec<usize> = (0..dark.len()).collect();
        order.sort_by(|one, other| dark[*other].total_cmp(&dark[*one]).then(one.cmp(other)));
        order.truncate((dark.len() / 1000).max(1));
        let mut color = [0.0_f32; 3];
        for at in &order {
            color.iter_mut().zip(small.data[*at]).for_each(|(sum, value)| *sum += value);
        }
        let color = color.map(|sum| (sum / order.len() as f32).max(1.0 / 255.0));
        let clear: Vec<f32> = colors.clone().map(|own| lowest(std::array::from_fn(|at| own[at] / color[at]))).collect();
        let shares = least(&clear, width).into_iter().map(|dark| 1.0 - strength * 0.95 * dark);
        let luma = colors.map(|[r, g, b]| 0.299 * r + 0.587 * g + 0.114 * b);
        Self { share: Guided::new(luma.zip(shares), small.size, image.size, FOLLOW, EVEN), color }
    }
}

impl Operation for Dehaze {
    fn accepts(&self) -> Representations {
        Representations::INTERLEAVED.and_deep()
    }

    /// The dark channel prior (K. He, J. Sun and X. Tang, “Single image haze removal using dark channel prior”, 2009) with patches
    /// of 15 pixels, refined by a guided filter, on a picture of at most 600 pixels a side.
    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let image = only(inputs)?;
        let Haze { share, color } = Haze::of(&image, self.strength as f32);
        Ok(vec![by_place!(image, |x, y, rgb| {
            let share = share.at(x, y, luma(rgb)).clamp(LEAST, 1.0);
            std::array::from_fn(|channel| {
                let (own, haze) = (rgb[channel].level(), color[channel] * 255.0);
                of_level((own - haze) / share + haze)
            })
        })])
    }
}
