//! What actions have in common that make one picture of those of all executions, such as a contact sheet.
//!
//! Each execution brings its picture into the form that the action asks for ([`Staging`]) and stores it. When all have ended,
//! an execution of its own reads these pictures one after another, so that a single one is in memory, and goes on with
//! what they became. The engine cuts a workflow in two where such an action stands (`engine/stages.rs`).

use serde_json::{Map, Value};

use super::parameters::Color;
use super::{Context, Operation, Stop, only};
use crate::codecs::{self, EncodeRequest, Encoded, Format};
use crate::error::Failure;
use crate::image::compose::Place;
use crate::image::convert::convert;
use crate::image::{Image, Pixels, Representation, Representations, Size};

/// What is done with each picture before it is gathered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Staging {
    /// Actions with their parameters, each a transform of one picture.
    pub steps: Vec<(&'static str, Map<String, Value>)>,
    /// The most executions whose pictures go into one result; `None` for all.
    pub most: Option<u32>,
    /// Why there can be no result, and how to fix that.
    pub problem: Option<(&'static str, &'static str)>,
}

/// How staged pictures are stored, as the parameters of `output`: without loss, in a colour space that all have in common.
pub fn staged_output() -> Map<String, Value> {
    let parameters: [(&str, Value); 5] = [
        ("format", "png".into()),
        ("colorProfile", "srgb".into()),
        ("bitDepth", "8".into()),
        ("metadata", "strip".into()),
        ("name", "{name}.png".into()),
    ];
    parameters.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The parameters of an action that gathers pictures.
pub trait Gather: Send + Sync {
    /// What is done with each picture before it is gathered.
    fn staging(&self) -> Staging;

    /// The size of a result of so many pictures, at least one, of which the first has this size.
    ///
    /// # Errors
    /// When there is no such result.
    fn size(&self, count: u32, first: Size) -> Result<Size, Failure>;

    /// Begins a result of so many pictures, at least one, of which the first has this size.
    ///
    /// # Errors
    /// When it would exceed a limit.
    fn begin(&self, count: u32, first: Size) -> Result<Box<dyn Gathering + '_>, Failure>;
}

/// A result that is being made.
pub trait Gathering {
    /// Adds the next picture: RGBA in sRGB, with straight alpha.
    ///
    /// # Errors
    /// When it cannot be used.
    fn add(&mut self, picture: Image) -> Result<(), Failure>;

    /// What has become of all.
    ///
    /// # Errors
    /// When the file cannot be written.
    fn finish(self: Box<Self>) -> Result<Encoded, Failure>;
}

/// What pictures are laid on.
pub(super) struct Canvas {
    size: Size,
    rgba: Vec<u8>,
}

impl Canvas {
    /// One of a single colour.
    pub(super) fn new(size: Size, color: Color) -> Self {
        Self { size, rgba: std::iter::repeat_n(color.rgba, size.pixels() as usize).flatten().collect() }
    }

    /// Lays a picture on it, with its first column and row at these of the canvas.
    ///
    /// # Errors
    /// When the picture is not RGBA.
    pub(super) fn lay(&mut self, picture: &Image, left: i64, top: i64) -> Result<(), Failure> {
        let Pixels::Rgba(rgba) = &picture.pixels else {
            return Err(Failure::system("A gathered picture is not RGBA.", "Report this as a bug."));
        };
        Place { size: picture.size, canvas: self.size, left, top }.over(&mut self.rgba, rgba);
        Ok(())
    }

    /// All of it.
    pub(super) fn into_image(self) -> Image {
        Image::new(self.size, Pixels::Rgba(self.rgba))
    }
}

/// A picture as a file that is read again at once.
///
/// # Errors
/// When it cannot be written.
pub(super) fn file_of(image: Image) -> Result<Encoded, Failure> {
    codecs::encode(image, &EncodeRequest::new(Format::Png), None)
}

/// What a staged file shows, as RGBA.
///
/// # Errors
/// When it is damaged.
pub fn staged_picture(bytes: &[u8], name: &str) -> Result<Image, Failure> {
    let header = codecs::probe(bytes, name)?;
    let request = codecs::DecodeRequest::whole(&header);
    Ok(convert(codecs::decode(bytes, &header, &request, name)?.image, Representation::Rgba))
}

/// Gathers one picture: what an action does where there are no others, such as in a preview.
pub(super) struct Alone<T>(pub(super) T);

impl<T: Gather> Operation for Alone<T> {
    fn accepts(&self) -> Representations {
        Representations::of(&[Representation::Rgba])
    }

    fn output_size(&self, input: Size) -> Result<Size, Failure> {
        self.0.size(1, input)
    }

    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let picture = only(inputs)?;
        let mut gathering = self.0.begin(1, picture.size)?;
        gathering.add(picture)?;
        Ok(vec![staged_picture(&gathering.finish()?.bytes, "")?])
    }
}
