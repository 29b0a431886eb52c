//! The actions: what each receives and returns, and the only list of them.
//!
//! An action is one file: its parameters (doc, default, range, unit per field), its ports, its kernel, its tests.
//! Registering it is one line in [`actions!`](self). The engine does the checks (format, limits, ranges, port types)
//! around an action, so that none needs them inside.
//!
//! An entry is data. Programs that run pictures link it; the page and the service read it from a file ([`mod@catalog`]).

use serde_json::{Map, Value};

use crate::error::Failure;
use crate::expression::Expression;
use crate::image::resample::{Filter, Reduced};
use crate::image::{Image, Representation, Representations, Size};
use crate::network::Need;
use crate::user_file::FileKind;

pub mod adjust;
pub mod animate;
pub mod auto_tone;
pub mod background;
pub mod blend;
pub mod blur_background;
pub mod border;
pub mod box_blur;
pub mod catalog;
pub mod checks;
pub mod clarity;
pub mod condition;
pub mod contact_sheet;
pub mod context;
pub mod convert_color;
pub mod create_rendition;
pub mod crop;
pub mod curves;
pub mod custom;
pub mod dehaze;
pub mod denoise;
pub mod drop_shadow;
pub mod duotone;
pub mod flip;
pub mod frame_rate;
pub mod gather;
pub mod gaussian_blur;
pub mod glow;
pub mod grain;
pub mod grayscale;
pub mod halftone;
pub mod highlights_shadows;
pub mod http_action;
pub mod hue_rotate;
pub mod input_files;
pub mod input_images;
pub mod input_text;
pub mod invert;
pub mod levels;
pub mod look;
pub mod luminosity_mask;
pub mod lut;
pub mod mask;
pub mod match_color;
pub mod merge_data;
pub mod motion_blur;
pub mod note;
pub mod outline;
pub mod output;
pub mod pad;
pub mod parameters;
pub mod parse_data;
pub mod pixelate;
pub mod placeholders;
pub mod posterize;
pub mod remove_background;
pub mod resize;
pub mod reverse;
pub mod rotate;
pub mod round_corners;
pub mod sepia;
pub mod sequence;
pub mod sharpen;
pub mod split;
pub mod still;
pub mod straighten;
pub mod subject;
pub mod subject_crop;
pub mod temperature;
pub mod text;
pub mod threshold;
pub mod trim;
pub mod trim_frames;
pub mod vibrance;
pub mod vignette;
pub mod watermark;
pub mod white_balance;

pub use catalog::catalog;
use checks::{Condition, Issue, Rule};
pub use context::{Area, Context, RunFacts, Stop};
use gather::{Gather, Staging};
use parameters::Field;
use sequence::Sequence;

crate::words! {
/// What flows through a port.
pub enum PortType {
    /// Pictures.
    Image = "image",
    /// Text.
    Text = "text",
    /// A JSON value.
    Json = "json",
    /// A file that is no picture to work on.
    File = "file",
}
}

impl std::fmt::Display for PortType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}

/// An input or output port of an action.
#[derive(Clone, Copy, Debug)]
pub struct Port {
    /// Name on the wire, such as `input-images` or `overlay`.
    pub name: &'static str,
    /// What flows through it.
    pub kind: PortType,
    /// Whether it must be connected (inputs only).
    pub required: bool,
    /// What it is for.
    pub description: &'static str,
}

impl PortType {
    /// Media types that may flow through such a port: what can be decoded for an input, what can be written for an output.
    pub fn mime_types(self) -> &'static [&'static str] {
        match self {
            Self::Image => &["image/jpeg", "image/png", "image/webp"],
            Self::Text => &["text/plain"],
            Self::Json => &["application/json"],
            Self::File => &["application/octet-stream"],
        }
    }
}

crate::words! {
/// The group of an action in the catalog.
pub enum Category {
    /// Supplies pictures.
    Input = "input",
    /// Changes size, frame or direction.
    Geometry = "geometry",
    /// Changes light and colour.
    Color = "color",
    /// Changes detail.
    Detail = "detail",
    /// Combines pictures.
    Compose = "compose",
    /// Decides what becomes of a picture.
    Logic = "logic",
    /// Writes results.
    Output = "output",
}
}

crate::words! {
/// The role of an action in the engine.
pub enum Role {
    /// Supplies pictures; has no input port.
    Source = "source",
    /// Maps pictures to pictures with its [`Operation`].
    Transform = "transform",
    /// Makes one picture of those of all executions with its [`Gather`]. Where there is one picture, such as in a preview, it
    /// is a transform.
    Gather = "gather",
    /// Writes results; has no output port.
    Sink = "sink",
    /// Supplies values, or pictures made of them; taken apart before a plan is made.
    Data = "data",
    /// Takes no part in the run; has no ports.
    Note = "note",
}
}

/// An action's entry: everything except its kernel, so that the page can show and check it without linking pixel code.
#[derive(Debug)]
pub struct Action {
    /// Stable kebab-case id, never derived from a Rust name.
    pub action_type: &'static str,
    /// Semantic version of its behaviour.
    pub version: &'static str,
    /// Display name.
    pub name: &'static str,
    /// What it does, in a sentence or two.
    pub description: &'static str,
    /// Its group in the catalog.
    pub category: Category,
    /// Its role in the engine.
    pub role: Role,
    /// Input ports, the first image input first.
    pub inputs: &'static [Port],
    /// Output ports.
    pub outputs: &'static [Port],
    /// Parameters: the source of the form, the validator, the catalog and the docs.
    pub fields: &'static [Field],
    /// Rules between the parameters.
    pub rules: &'static [Rule],
    /// The parameters that can make an opaque picture transparent in places.
    pub adds_alpha: Condition,
    /// `actionType` of actions that are often used with it.
    pub related: &'static [&'static str],
    /// When to use it, with an example.
    pub usage: &'static str,
    /// A path of strokes on a grid of 24, as `d` of SVG has it.
    pub icon: &'static str,
}

impl Action {
    /// What is wrong with raw parameters: every field, then rules between fields.
    pub fn check(&self, raw: &Map<String, Value>) -> Vec<Issue> {
        checks::check(self, raw)
    }

    /// Whether raw parameters can make an opaque picture transparent in places.
    pub fn adds_alpha(&self, raw: &Map<String, Value>) -> bool {
        self.adds_alpha.holds(self.fields, raw)
    }
}

/// A transform with its parameters read, ready to run.
pub trait Operation: Send + Sync {
    /// The representations that its kernel accepts on every image input; they may depend on the parameters.
    fn accepts(&self) -> Representations;

    /// The representation of an output port, given that of the first input.
    fn produces(&self, output: usize, input: Representation) -> Representation {
        let _ = output;
        input
    }

    /// The name of the salient-object model that it may request, and whether every picture needs it.
    fn network(&self) -> Option<(&str, Need)> {
        None
    }

    /// The file that it needs besides pictures, by kind and name, for every picture; a model is in
    /// [`network`](Self::network) instead.
    fn user_file(&self) -> Option<(FileKind, &str)> {
        None
    }

    /// Whether it sends its picture to a server and goes on with what that returns ([`Stop::NeedsServer`]).
    fn submits(&self) -> bool {
        false
    }

    /// Whether it sets text.
    fn needs_typesetter(&self) -> bool {
        false
    }

    /// Size of the results for a given size of the first input; if it depends on the pixels, the largest possible size.
    ///
    /// # Errors
    /// When no picture would be left, such as an empty crop.
    fn output_size(&self, input: Size) -> Result<Size, Failure> {
        Ok(input)
    }

    /// The size that the whole first input of size `input` is scaled to, and by which filter, if the operation only scales
    /// and crops it. This determines how small a decoder may make it. If the result has that size too, nothing is cropped,
    /// and a decoder may do the scaling itself. `None` for an operation whose lengths are in pixels of its input.
    fn scales_to(&self, input: Size) -> Option<(Size, Filter)> {
        let _ = input;
        None
    }

    /// Whether it makes the same of a smaller copy of its pictures once its parameters in pixels (`unit "px"`) are smaller
    /// by as much, so that a preview can begin with one. It does not where single pixels matter, as for noise, where
    /// what is in the picture decides what is kept, or where another unit may mean pixels.
    fn scales_with_picture(&self) -> bool {
        false
    }

    /// Whether it scales its picture to a size in pixels that does not follow from the picture's own.
    fn sets_size(&self) -> bool {
        false
    }

    /// Whether pixels decide the size of its results, so that [`output_size`](Self::output_size) is only the largest possible
    /// one.
    fn finds_size(&self) -> bool {
        false
    }

    /// Whether it mixes neighbouring pixels. Y′CbCr has colours outside RGB, which conversion clamps; clamping before
    /// the mixing gives a different picture than clamping after it. So such an operation only works on planes if the
    /// final result is planar.
    fn mixes(&self) -> bool {
        false
    }

    /// Whether a planar result has the chroma grid of its input, sample for sample.
    fn keeps_chroma_grid(&self) -> bool {
        false
    }

    /// Whether a result of the input's size shows what the input shows, so that the original file can replace it.
    fn keeps_content(&self) -> bool {
        false
    }

    /// What it does with the frames of an animation, if it changes which are shown and for how long. Its kernel leaves every
    /// picture as it is.
    fn sequence(&self) -> Option<&dyn Sequence> {
        None
    }

    /// By what it leads its picture on by its first port or else by its second, as it is.
    fn condition(&self) -> Option<&Expression> {
        None
    }

    /// Runs the kernel. `inputs` has one entry per input port in the order of [`Action::inputs`], `None` for an
    /// optional port that is not connected; each picture is in an accepted representation. Results are in the order of
    /// [`Action::outputs`]; trailing ones that `context` does not need may be omitted.
    ///
    /// # Errors
    /// When the pictures cannot be processed, or a model must be loaded first; the engine adds which action it was.
    fn run(&self, inputs: Vec<Option<Image>>, context: &Context<'_>) -> Result<Vec<Image>, Stop>;

    /// Runs on a first input that was decoded smaller than it is, because [`scales_to`](Self::scales_to) allowed it.
    /// The result has [`output_size`](Self::output_size) of its full size.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    fn run_reduced(
        &self,
        inputs: Vec<Option<Image>>,
        reduced: Reduced,
        context: &Context<'_>,
    ) -> Result<Vec<Image>, Stop> {
        let _ = reduced;
        self.run(inputs, context)
    }
}

/// The input and output ports of an action that maps one picture to one.
pub const IMAGE_IN: Port =
    Port { name: "input-images", kind: PortType::Image, required: true, description: "The pictures to work on." };
/// The usual output port.
pub const IMAGE_OUT: Port =
    Port { name: "outputs", kind: PortType::Image, required: false, description: "The resulting pictures." };

/// Takes the only picture of an operation with a single input.
pub(crate) fn only(inputs: Vec<Option<Image>>) -> Result<Image, Failure> {
    inputs
        .into_iter()
        .next()
        .flatten()
        .ok_or_else(|| Failure::system("The action was run without its input.", "Report this as a bug."))
}

/// Takes the only picture that an operation with a single output made.
pub(crate) fn only_result(results: Vec<Image>) -> Result<Image, Failure> {
    only(results.into_iter().map(Some).collect())
}

/// What an action fails with that gets a picture in a representation that it does not accept.
pub(crate) fn unaccepted(action: &Action) -> Failure {
    let message = format!("A picture reached \"{}\" in another representation than it accepts.", action.action_type);
    Failure::system(message, "Report this as a bug.")
}

/// What an action with two inputs fails with that does not get both.
pub(crate) fn incomplete(action: &Action) -> Failure {
    let message = format!("\"{}\" was run without both inputs.", action.action_type);
    Failure::system(message, "Report this as a bug.")
}

fn unknown_operation(action_type: &str) -> Failure {
    let message = format!("There is no operation \"{action_type}\".");
    Failure::system(message, "Validate the workflow before running it.")
}

/// Boxes an operation whose parameters are valid.
fn prepared<T: Operation + 'static>(
    action: &Action,
    raw: &Map<String, Value>,
    read: fn(&Map<String, Value>) -> Option<T>,
) -> Result<Box<dyn Operation>, Failure> {
    checked(action, raw, |raw| read(raw).map(|operation| Box::new(operation) as _))
}

/// What was read of parameters, if they are valid.
fn checked<T>(
    action: &Action,
    raw: &Map<String, Value>,
    read: impl FnOnce(&Map<String, Value>) -> Option<T>,
) -> Result<T, Failure> {
    let issues = action.check(raw);
    match read(raw) {
        Some(read) if issues.is_empty() => Ok(read),
        _ => {
            let all: Vec<_> = issues.into_iter().map(|issue| issue.message).collect();
            let message = format!("The parameters of \"{}\" are not valid: {}", action.action_type, all.join(" "));
            Err(Failure::execute(message, "Validate the workflow."))
        }
    }
}

/// Declares the actions: each name is a module with `pub const ACTION: Action`; a transform also names its parameters,
/// which are its [`Operation`].
///
/// The entries and the kernels are separate tables, so that a program can link the former without the latter.
macro_rules! actions {
    (
        frame: $($frame:ident),*;
        transforms: $($transform:ident::$operation:ident),* $(,)?;
        gathers: $($gather:ident::$gathering:ident),* $(,)?
    ) => {
        /// The entries that this program links.
        #[cfg_attr(not(links_actions), allow(dead_code))]
        static LINKED: &[&Action] = &[$(&$frame::ACTION,)* $(&$transform::ACTION,)* $(&$gather::ACTION,)*];

        /// What is done with each picture before an action gathers it; `None` if the action does not gather, or its parameters
        /// are not valid.
        pub fn staging(action_type: &str, raw: &Map<String, Value>) -> Option<Staging> {
            match action_type {
                $(name if name == $gather::ACTION.action_type => Some($gather::$gathering::read(raw)?.staging()),)*
                _ => None,
            }
        }

        /// Reads the parameters of an action that gathers, and returns what does it.
        ///
        /// # Errors
        /// When `action_type` does not gather or its parameters are not valid; validation reports both earlier.
        pub fn prepare_gather(action_type: &str, raw: &Map<String, Value>) -> Result<Box<dyn Gather>, Failure> {
            match action_type {
                $(name if name == $gather::ACTION.action_type => {
                    let read = |raw: &_| $gather::$gathering::read(raw).map(|gather| Box::new(gather) as _);
                    checked(&$gather::ACTION, raw, read)
                })*
                _ => Err(unknown_operation(action_type)),
            }
        }

        /// Reads a transform's parameters and returns its operation.
        ///
        /// # Errors
        /// When `action_type` is not a transform or its parameters are not valid; validation reports both earlier.
        pub fn prepare(action_type: &str, raw: &Map<String, Value>) -> Result<Box<dyn Operation>, Failure> {
            match action_type {
                $(name if name == $transform::ACTION.action_type => {
                    prepared(&$transform::ACTION, raw, $transform::$operation::read)
                })*
                $(name if name == $gather::ACTION.action_type => {
                    prepared(&$gather::ACTION, raw, |raw| $gather::$gathering::read(raw).map(gather::Alone))
                })*
                _ => Err(unknown_operation(action_type)),
            }
        }
    };
}

// The only list. A new action is a file in `actions/`, its `mod` line above and its name here. (`mod` lines stay
// outside the macro, because `cargo fmt` does not follow them there.)
actions! {
    frame: input_images, output, create_rendition, note, input_files, input_text, parse_data, merge_data;
    transforms:
        resize::Resize, crop::Crop, subject_crop::SubjectCrop, trim::Trim, pad::Pad, border::Border, rotate::Rotate,
        straighten::Straighten, flip::Flip, split::Split,
        still::Still, trim_frames::TrimFrames, frame_rate::FrameRate, reverse::Reverse,
        adjust::Adjust, levels::Levels, curves::Curves, temperature::Temperature, vibrance::Vibrance,
        hue_rotate::HueRotate, highlights_shadows::HighlightsShadows, auto_tone::AutoTone,
        white_balance::WhiteBalance, grayscale::Grayscale, sepia::Sepia, duotone::Duotone, invert::Invert,
        threshold::Threshold, posterize::Posterize, vignette::Vignette, look::Look, lut::ApplyLut, dehaze::Dehaze, match_color::MatchColor, convert_color::ConvertColor,
        gaussian_blur::GaussianBlur, box_blur::BoxBlur, motion_blur::MotionBlur, blur_background::BlurBackground, sharpen::Sharpen, clarity::Clarity,
        denoise::Denoise, pixelate::Pixelate, grain::Grain, halftone::Halftone,
        remove_background::RemoveBackground, background::Background, drop_shadow::DropShadow, outline::Outline,
        glow::Glow, round_corners::RoundCorners, mask::Mask, luminosity_mask::LuminosityMask, blend::Blend,
        watermark::Watermark, text::Text,
        condition::Branch, custom::Custom, http_action::HttpAction;
    gathers: contact_sheet::ContactSheet, animate::Animate
}

/// The entry of an action by its id.
pub fn find(action_type: &str) -> Option<&'static Action> {
    catalog().iter().copied().find(|action| action.action_type == action_type)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Ids, ports and parameters are on disk and in users' documents: their meaning never changes. A new
    /// one is added here.
    #[test]
    fn names_on_the_wire_are_frozen() {
        let all: Vec<String> = catalog()
            .iter()
            .map(|action| {
                let names = |list: &[Port]| list.iter().map(|port| port.name).collect::<Vec<_>>().join(" ");
                let fields: Vec<_> =
                    action.fields.iter().map(|field| format!("{}={}", field.name, field.default.value())).collect();
                format!(
                    "{} [{}] [{}] {}",
                    action.action_type,
                    names(action.inputs),
                    names(action.outputs),
                    fields.join(" ")
                )
            })
            .collect();
        assert_eq!(
            all,
            [
                "input-images [] [outputs] images=[] autoOrient=true",
                "output [input-images] [] format=\"auto\" quality=80 smallestOf=[] similarity=0.995 lossless=false progressive=false subsampling=\"auto\" effort=null bitDepth=\"auto\" palette=null dither=true maxBytes=null shrinkToFit=false name=\"{name}.{ext}\" background=\"#ffffff\" colorProfile=\"keep\" metadata=\"rights\" keepLocation=false author=\"\" copyright=\"\" resolution=null keepOriginalIfSmaller=false",
                "create-rendition [input-images] [] renditions=[{\"width\":1600,\"height\":1600,\"suffix\":\"-large\"},{\"width\":400,\"height\":400,\"suffix\":\"-small\"}] name=\"{name}.{ext}\"",
                "note [] [] text=\"\"",
                "input-files [] [outputs] files=[]",
                "input-text [] [text] text=\"{name}\"",
                "parse-data [input-files input-images] [row] delimiter=\"auto\"",
                "merge-data [template data] [outputs] width=null",
                "resize [input-images] [outputs] width=null height=null mode=\"fit\" percent=null filter=\"lanczos3\" linear=false enlarge=false gravity=\"center\"",
                "crop [input-images] [outputs] x=null y=null width=null height=null ratio=null gravity=\"center\" focus=null",
                "subject-crop [input-images] [outputs] margin=0.1 ratio=null align=\"center\" method=\"auto\" model=\"u2netp\"",
                "trim [input-images] [outputs] tolerance=10 by=\"auto\" margin=0",
                "pad [input-images] [outputs] width=null height=null ratio=null color=\"#ffffff\" gravity=\"center\" fill=\"color\"",
                "border [input-images] [outputs] width=10 color=\"#ffffff\"",
                "rotate [input-images] [outputs] angle=90 background=\"#ffffff\" expand=true",
                "straighten [input-images] [outputs] maxAngle=10",
                "flip [input-images] [outputs] direction=\"horizontal\"",
                "split [input-images] [outputs] columns=2 rows=1 piece=null",
                "still [input-images] [outputs] at=0",
                "trim-frames [input-images] [outputs] start=0 end=null unit=\"seconds\"",
                "frame-rate [input-images] [outputs] fps=10",
                "reverse [input-images] [outputs] ",
                "adjust [input-images] [outputs] exposure=0 brightness=0 contrast=0 saturation=0",
                "levels [input-images] [outputs] channel=\"rgb\" black=0 white=255 gamma=1",
                "curves [input-images] [outputs] rgb=[[0,0],[255,255]] red=[[0,0],[255,255]] green=[[0,0],[255,255]] blue=[[0,0],[255,255]]",
                "temperature [input-images] [outputs] temperature=0 tint=0",
                "vibrance [input-images] [outputs] amount=30",
                "hue-rotate [input-images] [outputs] degrees=30",
                "highlights-shadows [input-images] [outputs] highlights=0 shadows=0 radius=30",
                "auto-tone [input-images] [outputs] clip=0.5 by=\"luma\"",
                "white-balance [input-images] [outputs] method=\"gray-world\" strength=1",
                "grayscale [input-images] [outputs] standard=\"rec709\" red=40 green=40 blue=20",
                "sepia [input-images] [outputs] strength=1",
                "duotone [input-images] [outputs] shadows=\"#1b1f4b\" highlights=\"#ffe3c2\" strength=1",
                "invert [input-images] [outputs] strength=1",
                "threshold [input-images] [outputs] level=null",
                "posterize [input-images] [outputs] levels=4",
                "vignette [input-images] [outputs] strength=0.5 start=0.4 color=\"#000000\"",
                "look [input-images] [outputs] look=\"auto\" strength=1",
                "lut [input-images] [outputs] lut=\"\" strength=1",
                "dehaze [input-images] [outputs] strength=0.7",
                "match-color [input-images reference] [outputs] strength=1",
                "convert-color [input-images] [outputs] to=\"srgb\" intent=\"relative\" blackPointCompensation=true",
                "gaussian-blur [input-images] [outputs] sigma=2",
                "box-blur [input-images] [outputs] radius=5",
                "motion-blur [input-images] [outputs] angle=0 length=20",
                "blur-background [input-images] [outputs] sigma=12 method=\"auto\" model=\"u2netp\"",
                "sharpen [input-images] [outputs] sigma=1 amount=0.5 threshold=0",
                "clarity [input-images] [outputs] amount=30 radius=30",
                "denoise [input-images] [outputs] method=\"bilateral\" strength=30",
                "pixelate [input-images] [outputs] size=16",
                "grain [input-images] [outputs] amount=20 size=1",
                "halftone [input-images] [outputs] size=8 angle=45 shape=\"round\" inks=\"cmyk\"",
                "remove-background [input-images] [outputs mask] mode=\"cutout\" backgroundColor=\"#ffffff\" trim=false method=\"auto\" model=\"u2netp\" edgeSoftness=0 subjectFillsFrame=false shadow=\"drop\"",
                "background [input-images background] [outputs] fill=\"color\" color=\"#ffffff\" color2=\"#d0d0d0\" stops=null angle=180 sigma=20",
                "drop-shadow [input-images] [outputs] dx=8 dy=8 blur=16 color=\"#000000\" opacity=0.5 expand=true",
                "outline [input-images] [outputs] width=8 color=\"#ffffff\"",
                "glow [input-images] [outputs] radius=24 color=\"#ffffff\" opacity=0.75",
                "round-corners [input-images] [outputs] radius=0.1 unit=\"share\"",
                "mask [input-images mask] [outputs] invert=false",
                "luminosity-mask [input-images] [outputs mask] low=0 high=255 invert=false",
                "blend [input-images overlay] [outputs] mode=\"normal\" opacity=1 fit=\"cover\"",
                "watermark [input-images overlay] [outputs] position=\"southeast\" scale=0.2 opacity=1 margin=0.03 tile=false angle=0",
                "text [input-images text] [outputs] text=\"{name}\" font=\"Roboto\" size=0.06 unit=\"share\" color=\"#ffffff\" opacity=1 gravity=\"south\" margin=0.03 box=1 boxHeight=1 shrinkToFit=false align=\"center\" lineHeight=1.2 stroke=0 strokeColor=\"#000000\" background=null padding=0.3",
                "condition [input-images] [then else] when=\"width > height\"",
                "custom [input-images] [outputs] action=\"\" settings={} alpha=\"keep\"",
                "http-action [input-images] [outputs] submitEndpoint=\"\" statusEndpoint=\"\" resultOrigin=\"\" body=\"json\" format=\"png\" quality=90 parameters={} alpha=\"keep\" pollIntervalMs=3000 timeoutMs=120000 retries=4",
                "contact-sheet [input-images] [outputs] columns=4 rows=null pageSize=\"none\" resolution=300 cell=320 gap=24 background=\"#ffffff\" caption=\"{name}\" captionSize=16 captionColor=\"#000000\" font=\"Roboto\"",
                "animate [input-images] [outputs] delay=0.5 loop=0 background=\"#ffffff\"",
            ]
        );
    }

    #[test]
    fn an_action_that_makes_an_opaque_picture_transparent_says_so_and_no_other() {
        let mut cases = vec![
            ("pad", json!({ "width": 9, "color": "#00000000" })),
            ("pad", json!({ "width": 9, "color": "#00000000", "fill": "mirror" })),
            ("rotate", json!({ "angle": 7, "background": "#00000000" })),
            ("rotate", json!({ "angle": 180, "background": "#00000000" })),
            ("border", json!({ "color": "#ffffff80" })),
            ("remove-background", json!({ "mode": "replace" })),
            ("remove-background", json!({ "mode": "replace", "backgroundColor": "#ffffff80" })),
        ];
        for action in catalog().iter().filter(|action| action.role == Role::Transform) {
            let parameters =
                if matches!(action.action_type, "resize" | "pad") { json!({ "width": 9 }) } else { json!({}) };
            cases.push((action.action_type, parameters));
        }
        for (action_type, raw) in cases.iter().filter(|(action_type, _)| *action_type != "crop") {
            let raw = raw.as_object().unwrap();
            let operation = prepare(action_type, raw).unwrap();
            let accepted = [Representation::Rgb, Representation::Rgba].map(|one| operation.accepts().contains(one));
            let given = if accepted[0] { Representation::Rgb } else { Representation::Rgba };
            let made = operation.produces(0, given) == Representation::Rgba;
            assert_eq!(find(action_type).unwrap().adds_alpha(raw), made, "{action_type} {raw:?}");
        }
    }

    #[test]
    fn related_actions_exist_and_defaults_lie_in_their_range() {
        for action in catalog() {
            for related in action.related {
                assert!(find(related).is_some(), "{} names \"{related}\"", action.action_type);
            }
            // A port that is called like a parameter supplies it.
            for port in action.inputs.iter().filter(|port| port.kind != PortType::Text) {
                assert!(
                    action.fields.iter().all(|field| field.name != port.name),
                    "{}.{}",
                    action.action_type,
                    port.name
                );
            }
            for field in action.fields {
                if let (Some((low, high)), Some(default)) = (field.range, field.default.value().as_f64()) {
                    assert!((low..=high).contains(&default), "{}.{}", action.action_type, field.name);
                }
                if let Some((least, most)) = field.soft {
                    let (low, high) = field.range.expect("a part of it");
                    assert!(low <= least && least < most && most <= high, "{}.{}", action.action_type, field.name);
                    let default = field.default.value().as_f64().expect("a place on the slider");
                    assert!((least..=most).contains(&default), "{}.{}", action.action_type, field.name);
                }
            }
        }
    }
}
