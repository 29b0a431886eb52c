//! `denoise`: removes noise.

use super::checks::Condition;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only};
use crate::image::neighbors::{bilateral, median};
use crate::image::non_local::non_local_means;
use crate::image::{Image, Representations};

crate::choices! {
    /// How noise is found.
    pub enum Method {
        /// Neighbours of similar colour count.
        Bilateral = "bilateral",
        /// The middle one of the neighbours' values.
        Median = "median",
        /// Pixels with similar surroundings count.
        NonLocalMeans = "nlm",
    }
}

crate::parameters! {
    /// Parameters of `denoise`.
    pub struct Denoise {
        /// `bilateral` smooths where colours are alike and suits photographs; `median` removes single bright and dark pixels;
        /// `nlm` (non-local means) keeps patterns and fine lines best, and takes several times as long.
        method: Method = Method::Bilateral;
        /// How much is removed, and how much fine detail with it.
        strength: f64 = 30.0, range 0.0..=100.0;
    }
}

/// The entry of `denoise`.
pub const ACTION: Action = Action {
    action_type: "denoise",
    version: "1.1.0",
    name: "Denoise",
    description: "Removes noise while edges stay. Transparency is kept.",
    category: Category::Detail,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: Denoise::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &["sharpen", "gaussian-blur"],
    usage: "Clean photographs that were taken in little light, before they are sharpened.",
    icon: "M3.5 8l2-3 2.5 6 2-4 1.5 2H13M16 9h4.5M3.5 14.5h17M3.5 19h17",
};

impl Operation for Denoise {
    fn accepts(&self) -> Representations {
        Representations::PIXELS.and_deep()
    }

    /// Median over 3 × 3 pixels, 5 × 5 from a strength of 34 on, 7 × 7 from 67 on. Bilateral over a circle of 9 pixels, with
    /// standard deviations of 3 pixels and of as many levels of the sum of all colours as `strength`. Non-local means with 0.3 levels of noise for each point of `strength`.
    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let image = only(inputs)?;
        Ok(vec![match self.method {
            _ if self.strength == 0.0 => image,
            Method::Median => median(image, 1 + (self.strength * 3.0 / 100.01) as u32),
            Method::Bilateral => bilateral(image, 4, 3.0, self.strength),
            Method::NonLocalMeans => non_local_means(image, 0.3 * self.strength),
        }])
    }
}
