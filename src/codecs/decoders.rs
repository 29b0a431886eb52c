//! The port to decoders that are large and seldom needed, so that they are programs of their own: a host loads one when a
//! picture needs it. Headers are read without them, so that a picture that is too large never loads one. Native builds
//! link all of them.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Format, Problem};
use crate::error::Failure;

/// A coding of pixels whose decoder is a program of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Coding {
    /// JPEG XL.
    JpegXl,
    /// The pictures of AVIF.
    Av1,
    /// HEIC.
    Hevc,
    /// SVG.
    Svg,
}

impl Coding {
    /// Its name, for messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::JpegXl => "JPEG XL",
            Self::Av1 => "AVIF",
            Self::Hevc => "HEIC",
            Self::Svg => "SVG",
        }
    }
}

impl Format {
    /// The coding that a host must have a decoder for so that pictures in this format can be read.
    pub const fn coding(self) -> Option<Coding> {
        match self {
            Self::Jxl => Some(Coding::JpegXl),
            Self::Avif => Some(Coding::Av1),
            Self::Heic => Some(Coding::Hevc),
            Self::Svg => Some(Coding::Svg),
            _ => None,
        }
    }
}

/// Decodes pictures with the decoders that a host has loaded.
pub trait Decoders {
    /// Decodes a file, or what a file contains in this coding.
    ///
    /// # Errors
    /// When the decoder is not available or breaks down, but not when the picture is damaged: its report says that.
    fn decode(&self, coding: Coding, data: &[u8]) -> Result<Product, Failure>;

    /// Begins an animation with `data`: the file in JPEG XL, nothing in AV1. Several may be open at once.
    ///
    /// # Errors
    /// When the decoder is not available or breaks down, or there are no animations in this coding.
    fn begin(&self, coding: Coding, data: &[u8]) -> Result<Box<dyn Series + '_>, Failure> {
        let _ = data;
        Err(no_animations(coding))
    }
}

fn no_animations(coding: Coding) -> Failure {
    Failure::system(format!("The {} decoder reads no animations.", coding.name()), "Report this as a bug.")
}

/// The pictures of an animation, decoded one after another. It ends when it is dropped.
pub trait Series {
    /// Decodes the next picture: with `data`, what it is coded as in AV1; nothing in JPEG XL.
    ///
    /// # Errors
    /// When the decoder breaks down, but not when the picture is damaged: its report says that.
    fn next(&mut self, data: &[u8]) -> Result<Product, Failure>;
}

/// What a decoder makes of a picture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Product {
    /// What it says, or its [`Trouble`], as JSON.
    report: String,
    /// Samples, and whatever else the report says.
    data: Vec<u8>,
}

/// Why a decoder gives no picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Trouble {
    /// The data ends before there is anything to show.
    Truncated,
    /// It makes no sense.
    Damaged,
    /// It is of a kind that the decoder does not know.
    Unsupported,
}

impl Trouble {
    fn problem(self) -> Problem {
        match self {
            Self::Truncated => Problem::Truncated,
            Self::Damaged => Problem::damaged("its pixel data cannot be decoded"),
            Self::Unsupported => Problem::Unsupported("a picture of an unusual kind"),
        }
    }
}

impl Product {
    /// As a decoder's memory has it.
    pub fn new(report: Vec<u8>, data: Vec<u8>) -> Self {
        Self { report: String::from_utf8_lossy(&report).into_owned(), data }
    }

    /// The report, as JSON.
    pub fn report(&self) -> &str {
        &self.report
    }

    /// What it describes.
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// What a decoder of ours returned.
    #[cfg(any(feature = "jxl", feature = "av1", feature = "hevc", feature = "svg", not(target_arch = "wasm32")))]
    pub(super) fn of<R: Serialize>(decoded: Result<(R, Vec<u8>), Trouble>) -> Self {
        let (report, data) = match decoded {
            Ok((report, data)) => (serde_json::to_string(&Ok::<R, Trouble>(report)), data),
            Err(trouble) => (serde_json::to_string(&Err::<R, Trouble>(trouble)), Vec::new()),
        };
        // Without a report, reading it fails.
        Self { report: report.unwrap_or_default(), data }
    }

    /// The report as the format knows it, and the data.
    pub(super) fn read<R: DeserializeOwned>(self) -> Result<(R, Vec<u8>), Problem> {
        let report: Result<R, Trouble> =
            serde_json::from_str(&self.report).map_err(|_| Problem::damaged("its decoder makes no sense of it"))?;
        Ok((report.map_err(Trouble::problem)?, self.data))
    }
}

/// All decoders, linked, with the built-in font for drawings.
#[cfg(not(target_arch = "wasm32"))]
pub struct LinkedDecoders;

#[cfg(not(target_arch = "wasm32"))]
impl Decoders for LinkedDecoders {
    fn decode(&self, coding: Coding, data: &[u8]) -> Result<Product, Failure> {
        Ok(match coding {
            Coding::JpegXl => super::decode_jxl(data),
            Coding::Av1 => super::decode_av1(data),
            Coding::Hevc => super::decode_heic(data),
            Coding::Svg => super::decode_svg(data, &super::Fonts::built_in()),
        })
    }

    fn begin(&self, coding: Coding, data: &[u8]) -> Result<Box<dyn Series>, Failure> {
        match coding {
            Coding::JpegXl => Ok(super::begin_jxl(data.to_vec())),
            Coding::Av1 => Ok(super::begin_av1(Vec::new())),
            Coding::Hevc | Coding::Svg => Err(no_animations(coding)),
        }
    }
}

/// The decoders of a host that has none, unless they are linked.
pub(super) fn default_decoders() -> &'static dyn Decoders {
    #[cfg(not(target_arch = "wasm32"))]
    return &LinkedDecoders;
    #[cfg(target_arch = "wasm32")]
    return &NoDecoders;
}

#[cfg(target_arch = "wasm32")]
struct NoDecoders;

#[cfg(target_arch = "wasm32")]
impl Decoders for NoDecoders {
    fn decode(&self, coding: Coding, _: &[u8]) -> Result<Product, Failure> {
        Err(Failure::system(format!("The {} decoder is not loaded.", coding.name()), "Retry it."))
    }
}
