//! What a kernel may use while it works on one picture, and where it reports warnings.

use std::cell::{Cell, RefCell};

use serde::{Deserialize, Serialize};

use crate::codecs::Decoders;
use crate::compact::SortedMap;
use crate::custom::{CustomAction, CustomSource};
use crate::data::Row;
use crate::error::{ErrorCategory, Failure, Phase, Warning};
use crate::image::Size;
use crate::image::resample::ChromaUse;
use crate::lettering::Typesetter;
use crate::lut::{Lut, LutSource};
use crate::network::{Missing, ModelSource, SaliencyNetwork};
use crate::submission::Submission;

/// Why a run ended without results.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stop {
    /// It failed.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// It needs the model with this name, which the host has not loaded yet. This is not a failure: the host loads it
    /// and runs the picture again.
    #[error("the model \"{0}\" has not been loaded")]
    NeedsModel(String),
    /// It needs what a server makes of a picture. This is not a failure either: the host sends the picture, if the user allows
    /// it, and runs everything again with what was returned.
    #[error("a picture has to be sent to {}", .0.submit.origin())]
    NeedsServer(Box<Submission>),
    /// It needs the font for emoji, which the host has not loaded yet: as above.
    #[error("the font for emoji has not been loaded")]
    NeedsEmoji,
}

impl Stop {
    /// The same, placed in an action if it is a failure (kept if one is named already).
    pub fn at(self, action_id: &str) -> Self {
        match self {
            Self::Failed(failure) => Self::Failed(failure.at(action_id)),
            Self::NeedsModel(_) | Self::NeedsServer(_) | Self::NeedsEmoji => self,
        }
    }

    /// As a failure, for a host that neither loads anything nor sends pictures while it runs.
    pub fn into_failure(self) -> Failure {
        match self {
            Self::Failed(failure) => failure,
            Self::NeedsModel(model) => not_loaded(&model),
            Self::NeedsServer(submission) => Failure::new(
                ErrorCategory::ValidationError,
                Phase::Setup,
                format!("Nothing is sent to {} here.", submission.submit.origin()),
                "Run the workflow in a browser, or remove the step.",
            ),
            Self::NeedsEmoji => Failure::system("The font for emoji is not loaded.", "Retry it."),
        }
    }
}

fn not_loaded(model: &str) -> Failure {
    Failure::new(
        ErrorCategory::SystemError,
        Phase::Setup,
        format!("The model \"{model}\" is not loaded."),
        "Reload the page while the server is reachable, then retry it; or choose the method \"flat-backdrop\".",
    )
}

/// What is known of the file that a run is about, its primary input.
#[derive(Clone, Copy)]
pub struct About<'a> {
    /// Its name.
    pub name: &'a str,
    /// The folder that it came from; may be empty.
    pub folder: &'a str,
    /// The position of the execution.
    pub index: u32,
    /// The day on which it was taken. It is only called for a text that names it, as the one below.
    pub day: &'a dyn Fn() -> Option<String>,
    /// The model of its camera.
    pub camera: &'a dyn Fn() -> Option<String>,
    /// The row of the execution, if a table is run.
    pub row: Option<&'a Row>,
    /// The SHA-256 of the file in hexadecimal digits. Called as the two above.
    pub hash: &'a dyn Fn() -> String,
    /// What is known of the batch.
    pub run: RunFacts,
    /// The parameters of the workflow that placeholders name, with their values.
    pub params: Option<&'a SortedMap<String, String>>,
}

/// What is known of the batch that an execution belongs to, whenever it runs: placeholders stand for it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunFacts {
    /// When it was accepted, in milliseconds since 1970 by the clock of the place where it was.
    pub clock: f64,
    /// How many pictures, or rows, it has.
    pub count: u32,
}

impl Default for RunFacts {
    fn default() -> Self {
        Self { clock: 0.0, count: 1 }
    }
}

impl Default for About<'_> {
    fn default() -> Self {
        Self {
            name: "",
            folder: "",
            index: 0,
            day: &|| None,
            camera: &|| None,
            row: None,
            hash: &String::new,
            run: RunFacts::default(),
            params: None,
        }
    }
}

/// Where something lies on a picture, as shares of the picture's width and height; it may reach beyond its edges.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Area {
    /// Its left edge.
    pub left: f64,
    /// Its upper edge.
    pub top: f64,
    /// Its width.
    pub width: f64,
    /// Its height.
    pub height: f64,
}

/// The environment of one run of one kernel.
///
/// The default has no model, no LUT, no custom action, no typesetter and nothing from a server, knows no file and wants every
/// output.
#[derive(Default)]
pub struct Context<'a> {
    networks: Option<&'a dyn ModelSource>,
    typesetter: Option<&'a dyn Typesetter>,
    luts: Option<&'a dyn LutSource>,
    customs: Option<&'a dyn CustomSource>,
    decoders: Option<&'a dyn Decoders>,
    returned: Option<&'a [u8]>,
    about: About<'a>,
    wanted: Option<&'a [bool]>,
    chroma: ChromaUse,
    warnings: RefCell<Vec<Warning>>,
    area: Cell<Option<Area>>,
}

impl<'a> Context<'a> {
    /// An environment with the host's models, and for each output port whether it is used.
    pub fn new(networks: Option<&'a dyn ModelSource>, wanted: &'a [bool]) -> Self {
        Self { networks, wanted: Some(wanted), ..Self::default() }
    }

    /// The same surroundings, with what planar results are for.
    pub fn with_chroma(self, chroma: ChromaUse) -> Self {
        Self { chroma, ..self }
    }

    /// The same surroundings, with the host's typesetter.
    pub fn with_typesetter(self, typesetter: Option<&'a dyn Typesetter>) -> Self {
        Self { typesetter, ..self }
    }

    /// The same surroundings, with the host's LUTs.
    pub fn with_luts(self, luts: Option<&'a dyn LutSource>) -> Self {
        Self { luts, ..self }
    }

    /// The same surroundings, with the host's custom actions.
    pub fn with_customs(self, customs: Option<&'a dyn CustomSource>) -> Self {
        Self { customs, ..self }
    }

    /// The same surroundings, with the host's decoders.
    pub fn with_decoders(self, decoders: Option<&'a dyn Decoders>) -> Self {
        Self { decoders, ..self }
    }

    /// The same surroundings, with the file that a server has returned for the picture of this kernel.
    pub fn with_returned(self, returned: Option<&'a [u8]>) -> Self {
        Self { returned, ..self }
    }

    /// The same surroundings, with what is known of the primary input.
    pub fn about(self, about: About<'a>) -> Self {
        Self { about, ..self }
    }

    /// What is known of the primary input.
    pub fn input(&self) -> &About<'a> {
        &self.about
    }

    /// What sets text.
    ///
    /// # Errors
    /// When the host has none.
    pub fn typesetter(&self) -> Result<&'a dyn Typesetter, Failure> {
        self.typesetter.ok_or_else(|| {
            Failure::new(
                ErrorCategory::SystemError,
                Phase::Setup,
                "What sets text is not loaded.",
                "Reload the page while the server is reachable, then retry it.",
            )
        })
    }

    /// The host's decoders; native builds have their own.
    pub fn decoders(&self) -> Option<&'a dyn Decoders> {
        self.decoders
    }

    /// The file that a server has returned for the picture, if it was sent.
    pub fn returned(&self) -> Option<&'a [u8]> {
        self.returned
    }

    /// What the colour of a planar result is for.
    pub fn chroma(&self) -> ChromaUse {
        self.chroma
    }

    /// The model with this name.
    ///
    /// # Errors
    /// When the host has no models, or not this one.
    pub fn network(&self, model: &str) -> Result<&'a dyn SaliencyNetwork, Stop> {
        let Some(networks) = self.networks else { return Err(not_loaded(model).into()) };
        networks.get(model).map_err(|missing| match missing {
            Missing::NotLoaded => Stop::NeedsModel(model.to_owned()),
            Missing::Failed(failure) => Stop::Failed(failure),
        })
    }

    /// The LUT with this name.
    ///
    /// # Errors
    /// When the host has no LUTs, or not this one.
    pub fn lut(&self, name: &str) -> Result<&'a Lut, Failure> {
        let missing = || {
            let message = format!("The LUT \"{name}\" is not loaded.");
            Failure::new(ErrorCategory::SystemError, Phase::Setup, message, "Reload the page, then retry it.")
        };
        self.luts.ok_or_else(missing)?.get(name)
    }

    /// The custom action with this name.
    ///
    /// # Errors
    /// When the host has none, or not this one.
    pub fn custom(&self, name: &str) -> Result<&'a dyn CustomAction, Failure> {
        let missing = || {
            let message = format!("The custom action \"{name}\" is not loaded.");
            Failure::new(ErrorCategory::SystemError, Phase::Setup, message, "Reload the page, then retry it.")
        };
        self.customs.ok_or_else(missing)?.get(name)
    }

    /// Whether the picture of this output port is used.
    pub fn wants(&self, output: usize) -> bool {
        self.wanted.is_none_or(|wanted| wanted.get(output) == Some(&true))
    }

    /// Reports a warning about the result.
    pub fn warn(&self, warning: Warning) {
        self.warnings.borrow_mut().push(warning);
    }

    /// Reports where the thing lies on the result, whose size is `canvas`, that the action's spatial parameters move.
    pub fn lies(&self, (left, top): (i64, i64), size: Size, canvas: Size) {
        let (width, height) = (f64::from(canvas.width), f64::from(canvas.height));
        self.area.set(Some(Area {
            left: left as f64 / width,
            top: top as f64 / height,
            width: f64::from(size.width) / width,
            height: f64::from(size.height) / height,
        }));
    }

    /// What was reported with [`lies`](Self::lies).
    pub fn area(&self) -> Option<Area> {
        self.area.get()
    }

    /// The warnings so far, in order.
    pub fn into_warnings(self) -> Vec<Warning> {
        self.warnings.into_inner()
    }
}
