//! Finding the subject of a picture: what the actions that need it share.

use super::{Context, Stop};
use crate::error::Warning;
use crate::image::Image;
use crate::image::convert::has_transparency;
use crate::image::field::{Field, Map as Plane};
use crate::matting::cutout::with_own_alpha;
use crate::matting::edges::Edges;
use crate::matting::{backdrop, guide, saliency};
use crate::network::Need;

crate::choices! {
    /// How the subject is found.
    pub enum Method {
        /// By the backdrop if it is clearly even, otherwise by the model.
        Auto = "auto",
        /// By a model.
        Network = "network",
        /// By an even backdrop, as studios have it.
        FlatBackdrop = "flat-backdrop",
    }
}

impl Method {
    /// What [`Operation::network`](super::Operation::network) says of an action with this method and model.
    pub(super) fn network(self, model: &str) -> Option<(&str, Need)> {
        match self {
            Self::Auto => Some((model, Need::Perhaps)),
            Self::Network => Some((model, Need::Always)),
            Self::FlatBackdrop => None,
        }
    }
}

/// Finds the subject of pictures.
pub(super) struct Finder<'a> {
    pub(super) method: Method,
    pub(super) model: &'a str,
    /// Whether the model is shown some room around the picture; `None` if the action has no such parameter.
    pub(super) fills_frame: Option<bool>,
}

impl Finder<'_> {
    /// The subject's edges, and its shadow if it was found by the backdrop. Codes of warnings: `no_clear_subject`,
    /// `uneven_backdrop`.
    pub(super) fn find(
        &self,
        image: &Image,
        guide: &Field,
        context: &Context<'_>,
    ) -> Result<(Edges, Option<Plane>), Stop> {
        let found = match self.method {
            Method::FlatBackdrop => Some(backdrop::find(guide)),
            // A picture that already has transparency has no backdrop.
            Method::Auto if has_transparency(image) => None,
            Method::Auto => backdrop::find_surely(guide),
            Method::Network => None,
        };
        if let Some(found) = found {
            if !found.is_even {
                context.warn(Warning::new(
                    "uneven_backdrop",
                    "The border of this picture is not an even backdrop.",
                    "Choose the method \"network\" for such pictures.",
                ));
            } else if !found.is_clear {
                context.warn(Warning::new(
                    "no_clear_subject",
                    "Nothing stands out from the backdrop.",
                    "Choose the method \"network\", or a backdrop of another colour than the subject's.",
                ));
            }
            return Ok((found.edges, Some(found.shadow)));
        }
        let network = context.network(self.model)?;
        let input = saliency::input(image, self.fills_frame == Some(true))?;
        let answer = saliency::ask(network, &input)?;
        if !answer.is_clear {
            let hint = if self.fills_frame == Some(false) {
                "Look at the result. Crop the picture around its subject, or set \"subjectFillsFrame\" where it fills the frame."
            } else {
                "Look at the result. Crop the picture around its subject, or choose another model."
            };
            context.warn(Warning::new("no_clear_subject", "No clear subject was found.", hint));
        }
        Ok((saliency::edges(guide, &answer.mask), None))
    }
}

/// The opacity of a picture's subject, 0 to 255 per pixel, for actions that use the subject and do not cut it out: with
/// [`Method::Auto`], what is transparent is not the subject, and a picture without transparency is searched.
pub(super) fn opacity(image: &Image, method: Method, model: &str, context: &Context<'_>) -> Result<Vec<u8>, Stop> {
    if method == Method::Auto && has_transparency(image) {
        return Ok(with_own_alpha(vec![255; image.size.pixels() as usize], image));
    }
    let finder = Finder { method, model, fills_frame: None };
    let (edges, _) = finder.find(image, &guide(image)?, context)?;
    Ok(with_own_alpha(edges.opacity(image)?, image))
}
