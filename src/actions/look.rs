//! `look`: gives a picture a style.

use super::adjust::Adjust;
use super::auto_tone::AutoTone;
use super::checks::Condition;
use super::clarity::Clarity;
use super::curves::Curves;
use super::only_result;
use super::parameters::Curve;
use super::temperature::Temperature;
use super::vibrance::Vibrance;
use super::white_balance::WhiteBalance;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only};
use crate::image::depth::{Sample, by_depth};
use crate::image::pixelwise::mixed;
use crate::image::{Image, Pixels, Representations};

crate::choices! {
    /// A style.
    pub enum Style {
        /// Balanced light and colour, for each picture.
        Auto = "auto",
        /// The light of a late afternoon.
        WarmGolden = "warm-golden",
        /// Light, with soft shadows.
        BrightAiry = "bright-airy",
        /// Dark and restrained, with bluish shadows.
        MoodyCinematic = "moody-cinematic",
        /// Clear and slightly blue.
        CoolFresh = "cool-fresh",
        /// Strong colours and contrast.
        VibrantPunchy = "vibrant-punchy",
        /// Pale, with faded blacks.
        MutedFilm = "muted-film",
    }
}

crate::parameters! {
    /// Parameters of `look`.
    pub struct Look {
        /// The style. `auto` balances each picture by what is in it.
        look: Style = Style::Auto, label "Style";
        /// How much of the style is mixed in.
        strength: f64 = 1.0, range 0.0..=1.0;
    }
}

/// The entry of `look`.
pub const ACTION: Action = Action {
    action_type: "look",
    version: "1.0.0",
    name: "Look",
    description: "Gives the picture a ready-made style of light and colour.",
    category: Category::Color,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: Look::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &["adjust", "temperature", "curves"],
    usage: "Give all pictures of a shop or a feed the same mood in one step.",
    icon: "M4 10h16v10H4zM4 10L4.5 5.5 20 4v4.5zM9 9.5l2-4.6M14 9l2-4.6",
};

fn boxed(operation: impl Operation + 'static) -> Box<dyn Operation> {
    Box::new(operation)
}

fn warmth(temperature: f64, tint: f64) -> Box<dyn Operation> {
    boxed(Temperature { temperature, tint })
}

fn light(exposure: f64, contrast: f64, saturation: f64) -> Box<dyn Operation> {
    boxed(Adjust { exposure, contrast, saturation, ..Adjust::defaults() })
}

fn curve(points: &[[f64; 2]]) -> Curve {
    Curve::through(points).unwrap_or_else(Curve::identity)
}

impl Style {
    /// What it is composed of, in order.
    fn steps(self) -> Vec<Box<dyn Operation>> {
        let curves = |rgb: &[[f64; 2]]| boxed(Curves { rgb: curve(rgb), ..Curves::defaults() });
        let vibrance = |amount: f64| boxed(Vibrance { amount });
        match self {
            Self::Auto => vec![
                boxed(WhiteBalance { strength: 0.5, ..WhiteBalance::defaults() }),
                boxed(AutoTone::defaults()),
                vibrance(15.0),
            ],
            Self::WarmGolden => vec![
                warmth(28.0, 4.0),
                curves(&[[0.0, 6.0], [96.0, 104.0], [192.0, 204.0], [255.0, 255.0]]),
                vibrance(18.0),
            ],
            Self::BrightAiry => {
                vec![light(0.35, -8.0, -6.0), curves(&[[0.0, 14.0], [64.0, 84.0], [160.0, 184.0], [255.0, 255.0]])]
            }
            Self::MoodyCinematic => vec![
                light(-0.25, 14.0, -16.0),
                boxed(Curves {
                    red: curve(&[[0.0, 0.0], [96.0, 88.0], [255.0, 255.0]]),
                    blue: curve(&[[0.0, 18.0], [128.0, 128.0], [255.0, 236.0]]),
                    ..Curves::defaults()
                }),
            ],
            Self::CoolFresh => vec![warmth(-20.0, -2.0), light(0.12, 6.0, 0.0), vibrance(16.0)],
            Self::VibrantPunchy => {
                vec![boxed(Clarity { amount: 24.0, ..Clarity::defaults() }), light(0.0, 14.0, 0.0), vibrance(45.0)]
            }
            Self::MutedFilm => {
                vec![light(0.0, -6.0, -24.0), curves(&[[0.0, 20.0], [64.0, 66.0], [192.0, 194.0], [255.0, 242.0]])]
            }
        }
    }
}

impl Operation for Look {
    fn accepts(&self) -> Representations {
        Representations::INTERLEAVED.and_deep()
    }

    fn scales_with_picture(&self) -> bool {
        true
    }

    /// The steps one after another, each rounded; then the share `strength` of the result.
    fn run(&self, inputs: Vec<Option<Image>>, context: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let image = only(inputs)?;
        let mut styled = image.clone();
        for step in self.look.steps() {
            styled = only_result(step.run(vec![Some(styled)], context)?)?;
        }
        let strength = self.strength as f32;
        by_depth!(image, mix(&image.pixels, &mut styled.pixels, strength));
        Ok(vec![styled])
    }
}

/// Leaves a share of new samples, and takes the rest from the old ones.
fn mix<S: Sample>(old: &Pixels, new: &mut Pixels, strength: f32) {
    if let (Some((old, _)), Some((new, _))) = (S::interleaved(old), S::interleaved_mut(new)) {
        new.iter_mut().zip(old).for_each(|(new, old)| *new = mixed(*old, *new, strength));
    }
}
