//! `match-color`: gives a picture the colours of another.

use super::checks::Condition;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Port, PortType, Role, Stop, incomplete};
use crate::image::depth::by_depth;
use crate::image::light::Lit;
use crate::image::oklab::Oklab;
use crate::image::pixelwise::{by_color, each_visible_of, mixed};
use crate::image::recolor::{receptive, recolor};
use crate::image::{Image, Pixels, Representations};

crate::parameters! {
    /// Parameters of `match-color`.
    pub struct MatchColor {
        /// How far the colours move to those of the reference.
        strength: f64 = 1.0, range 0.0..=1.0;
    }
}

/// The entry of `match-color`.
pub const ACTION: Action = Action {
    action_type: "match-color",
    version: "1.0.0",
    name: "Match colour",
    description: "Gives each picture the brightness, contrast and colour cast of a reference.",
    category: Category::Color,
    role: Role::Transform,
    inputs: &[
        IMAGE_IN,
        Port {
            name: "reference",
            kind: PortType::Image,
            required: true,
            description: "The picture with the colours: one for all, or one for each.",
        },
    ],
    outputs: &[IMAGE_OUT],
    fields: MatchColor::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &["look", "white-balance"],
    usage: "Make pictures of one scene from several cameras look alike: connect the best one to \"reference\".",
    icon: "M3.5 4.5h8v8h-8zM12.5 11.5h8v8h-8zM15 5h3.5v3.5M5.5 15.5V19H9",
};

/// Mean and standard deviation of lightness, redness and yellowness over the visible pixels.
fn statistics<S: Lit>(pixels: &Pixels, lab: &Oklab) -> [[f64; 2]; 3] {
    let (mut count, mut sums, mut squares) = (0.0, [0.0; 3], [0.0; 3]);
    each_visible_of::<S>(pixels, |rgb| {
        count += 1.0;
        for (at, value) in lab.of(rgb).into_iter().enumerate() {
            sums[at] += f64::from(value);
            squares[at] += f64::from(value) * f64::from(value);
        }
    });
    std::array::from_fn(|at| {
        if count == 0.0 {
            return [0.0, 0.0];
        }
        let mean: f64 = sums[at] / count;
        [mean, (squares[at] / count - mean * mean).max(0.0).sqrt()]
    })
}

impl Operation for MatchColor {
    fn accepts(&self) -> Representations {
        Representations::INTERLEAVED.and_deep()
    }

    fn scales_with_picture(&self) -> bool {
        true
    }

    /// Each of the three values gets the mean and the deviation that it has in the reference (E. Reinhard et al., “Color transfer
    /// between images”, 2001), in Oklab, which needs no logarithm of black. A value that is the same in the whole picture is only
    /// moved.
    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let Ok([Some(image), Some(reference)]) = <[_; 2]>::try_from(inputs) else {
            return Err(incomplete(&ACTION).into());
        };
        let image = receptive(image);
        let (lab, reference) = (Oklab::new(), recolor(reference, &image.space));
        let own = by_depth!(image, statistics(&image.pixels, &lab));
        let other = by_depth!(reference, statistics(&reference.pixels, &lab));
        let moves: [[f32; 3]; 3] = std::array::from_fn(|at| {
            let ([mean, deviation], [to, wanted]) = (own[at], other[at]);
            let factor = if deviation > 1e-6 { wanted / deviation } else { 1.0 };
            [mean, factor, to].map(|value| value as f32)
        });
        let strength = self.strength as f32;
        Ok(vec![by_color!(image, |rgb| {
            let place = lab.of(rgb);
            let moved = lab.color(std::array::from_fn(|at| (place[at] - moves[at][0]) * moves[at][1] + moves[at][2]));
            std::array::from_fn(|at| mixed(rgb[at], moved[at], strength))
        })])
    }
}
