//! `custom`: whatever a WebAssembly module of the user's own makes of a picture.

use serde_json::{Map, Value};

use super::checks::Condition;
use super::parameters::Kind;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only};
use crate::codecs::{MAX_PIXELS, MAX_SIDE};
use crate::custom::{CustomAction, Problem, call};
use crate::error::{Failure, Warning};
use crate::image::convert::{convert, drop_alpha};
use crate::image::depth::{as_deep_as, narrowed};
use crate::image::{Deep, Image, Pixels, Representation, Representations};
use crate::user_file::FileKind;

crate::choices! {
    /// What becomes of a picture without transparency.
    pub enum Alpha {
        /// It stays without.
        Keep = "keep",
        /// It may become transparent.
        Add = "add",
    }
}

crate::parameters! {
    /// Parameters of `custom`.
    pub struct Custom {
        /// Name of the custom action: a WebAssembly module that you have added. Without a name, pictures stay as they are.
        action: String = String::new(), kind Kind::File(FileKind::Action), label "Custom action";
        /// The action's own settings, an object by their names. What is not given has the value that the action declares.
        settings: Map<String, Value> = Map::new();
        /// Whether the action may make a picture without transparency transparent: with `keep` it stays without, with `add` the
        /// format must have transparency.
        alpha: Alpha = Alpha::Keep, label "Transparency";
    }
}

/// The entry of `custom`.
pub const ACTION: Action = Action {
    action_type: "custom",
    version: "1.0.0",
    name: "Custom action",
    description: "Runs an action of your own: a WebAssembly module without imports, in a sandbox with at most 1 GiB of memory. The SHA-256 of its file is recorded with every result. Warns if none is chosen (`no_custom_action`).",
    category: Category::Logic,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: Custom::FIELDS,
    rules: &[],
    adds_alpha: Condition::Is("alpha", &["add"]),
    related: &["lut", "condition"],
    usage: "For what no other action does: add a module, such as the example scan-lines, and use custom with \"action\": \"scan-lines\" and \"settings\": { \"period\": 6 }. The reference describes how a module is written.",
    icon: "M8.5 7l-5 5 5 5M15.5 7l5 5-5 5M13.5 5l-3 14",
};

impl Custom {
    /// What a picture of this representation becomes.
    fn produced(&self, input: Representation) -> Representation {
        match self.alpha {
            Alpha::Keep => input,
            Alpha::Add => Representation::Rgba.as_deep_as(input),
        }
    }

    /// The picture that the module makes.
    fn made(&self, module: &dyn CustomAction, image: Image) -> Result<Image, Failure> {
        let before = image.representation();
        let image = if module.spec().deep { image } else { narrowed(image) };
        let whole = Representation::Rgba.as_deep_as(image.representation());
        let made = call::run(module, convert(image, whole), &self.settings).map_err(|problem| self.failure(problem))?;
        let size = made.size;
        if size.width > MAX_SIDE || size.height > MAX_SIDE || size.pixels() > MAX_PIXELS {
            let message =
                format!("The custom action \"{}\" returned {} × {} pixels.", self.action, size.width, size.height);
            let most = MAX_PIXELS / 1_000_000;
            let hint = format!("A picture can have at most {most} megapixels, and a side {MAX_SIDE} pixels.");
            return Err(Failure::execute(message, hint));
        }
        let made = as_deep_as(made, before);
        Ok(if self.produced(before).has_alpha() { made } else { opaque(made) })
    }

    fn failure(&self, problem: Problem) -> Failure {
        let action = format!("The custom action \"{}\"", self.action);
        match problem {
            Problem::Settings(wrong) => Failure::execute(format!("{action} {}.", wrong.message), wrong.hint),
            Problem::Refused(message) => Failure::execute(
                format!("{action} failed: {message}"),
                "This is the action's own message: change its settings, or ask who made it.",
            ),
            Problem::Broken(sentence) => Failure::system(
                format!("{action} failed: {sentence}"),
                "Choose a smaller picture or other settings; if that does not help, ask who made it.",
            ),
        }
    }
}

/// The picture without its alpha.
fn opaque(image: Image) -> Image {
    let pixels = match &image.pixels {
        Pixels::Rgba(samples) => Pixels::Rgb(drop_alpha(samples)),
        Pixels::Deep(Deep::Rgba(samples)) => Pixels::Deep(Deep::Rgb(drop_alpha(samples))),
        _ => return image,
    };
    image.with(image.size, pixels)
}

impl Operation for Custom {
    fn accepts(&self) -> Representations {
        Representations::INTERLEAVED.and_deep()
    }

    fn produces(&self, _: usize, input: Representation) -> Representation {
        self.produced(input)
    }

    /// A module may give a picture of any size.
    fn finds_size(&self) -> bool {
        self.user_file().is_some()
    }

    fn user_file(&self) -> Option<(FileKind, &str)> {
        (!self.action.trim().is_empty()).then_some((FileKind::Action, &self.action))
    }

    /// On straight RGBA in the picture's own colours. A module that works on 8 bits gets a dithered copy.
    fn run(&self, inputs: Vec<Option<Image>>, context: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let image = only(inputs)?;
        if self.user_file().is_none() {
            let message = "No custom action is chosen, so this picture stays as it is.";
            context.warn(Warning::new("no_custom_action", message, "Add a module and choose it, or remove the step."));
            let whole = self.produced(image.representation());
            return Ok(vec![convert(image, whole)]);
        }
        Ok(vec![self.made(context.custom(&self.action)?, image)?])
    }
}
