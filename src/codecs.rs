//! File formats: one table, one file per format.
//!
//! A format is recognised by its content, never by its name. Its header is read first ([`probe`]), so that limits are
//! judged before anything is allocated; then it is decoded once, into the representation and at the scale that the
//! plan asks for.

use std::sync::Arc;

use crate::error::Failure;
use crate::image::{Image, Representation, Representations, Size};

/// The formats we know by content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// JPEG (ITU-T T.81).
    Jpeg,
    /// PNG (W3C).
    Png,
    /// WebP (RFC 9649).
    Webp,
    /// GIF 87a and 89a.
    Gif,
    /// Windows bitmap.
    Bmp,
}

impl Format {
    /// File name extension, without the dot.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Gif => "gif",
            Self::Bmp => "bmp",
        }
    }

    /// Media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Gif => "image/gif",
            Self::Bmp => "image/bmp",
        }
    }
}

/// The format by content, if we know it.
pub fn sniff(bytes: &[u8]) -> Option<Format> {
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Some(Format::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Format::Png),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Format::Webp),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Format::Gif),
        [b'B', b'M', ..] => Some(Format::Bmp),
        _ => None,
    }
}

/// What a file's header says, before any pixel is decoded.
#[derive(Clone, Debug)]
pub struct Header {
    /// Recognised by content.
    pub format: Format,
    /// Size as stored, before orientation.
    pub size: Size,
    /// EXIF orientation, 1…8; 1 where there is none.
    pub orientation: u8,
    /// Whether any pixel may be transparent.
    pub alpha: bool,
    /// Representations that the decoder gives without a further conversion, the cheapest first.
    pub native: Representations,
    /// Embedded ICC profile.
    pub icc: Option<Arc<[u8]>>,
}

/// How the plan wants a file decoded.
#[derive(Clone, Copy, Debug)]
pub struct DecodeRequest {
    /// One of [`Header::native`].
    pub representation: Representation,
    /// The smallest size, as stored (before orientation), that still serves the plan; the decoder may give any size
    /// from this one up to the full one, with both sides scaled by the same 1/2, 1/4 or 1/8.
    pub at_least: Size,
    /// Whether to turn the picture upright by its EXIF orientation.
    pub auto_orient: bool,
}

/// How a result is written: the parameters of `output` after defaults.
#[derive(Clone, Debug)]
pub struct EncodeRequest {
    /// One that can be written: JPEG, PNG or WebP.
    pub format: Format,
    /// 1…100, for lossy formats.
    pub quality: u8,
    /// For WebP.
    pub lossless: bool,
    /// Straight RGB under transparent pixels where the format has no alpha.
    pub background: [u8; 3],
}

/// A written file.
#[derive(Clone, Debug)]
pub struct Encoded {
    /// File content.
    pub bytes: Vec<u8>,
    /// Format it is in.
    pub format: Format,
    /// Which encoder wrote it, with version, for example `jpeg-encoder 0.7.1`.
    pub encoder: &'static str,
}

/// The lossy WebP encoder (libwebp) as the host provides it: a separate module that is loaded when a plan writes WebP.
pub trait WebpEncoder {
    /// Encodes straight RGBA (`width × height × 4` bytes) at `quality` 0…100, method 4; `lossless` keeps every pixel.
    ///
    /// # Errors
    /// When the module refuses the picture (sides above 16,383) or is not loaded.
    fn encode(&self, rgba: &[u8], size: Size, quality: u8, lossless: bool) -> Result<Vec<u8>, Failure>;
    /// Name and version for the record.
    fn name(&self) -> &'static str;
}

/// Most pixels of one picture.
pub const MAX_PIXELS: u64 = 120_000_000;
/// Longest side of a picture.
pub const MAX_SIDE: u32 = 65_500;
/// Most bytes of one metadata block.
pub const MAX_METADATA: usize = 4 << 20;

/// Reads a file's header: recognises the format by content and judges the limits, before anything is allocated.
///
/// # Errors
/// Empty file, unknown or unsupported format, damaged header, CMYK, a limit passed. Messages say what and how to mend;
/// `name` is the file's name for the message.
pub fn probe(bytes: &[u8], name: &str) -> Result<Header, Failure> {
    let _ = (bytes, name);
    unimplemented!()
}

/// Decodes a file whose header was read by [`probe`].
///
/// # Errors
/// When the data is damaged or truncated.
pub fn decode(bytes: &[u8], header: &Header, request: &DecodeRequest, name: &str) -> Result<Image, Failure> {
    let _ = (bytes, header, request, name);
    unimplemented!()
}

/// Writes a picture as a file, profile included, orientation 1, no other metadata.
///
/// Every representation is taken; alpha is composited on the background where the format has none. A planar picture
/// keeps its subsampling in JPEG; an interleaved one is written 4:2:0 below quality 90, else 4:4:4.
///
/// # Errors
/// When the format cannot hold the size (JPEG 65,500 per side, WebP 16,383) or `webp` is needed and not there.
pub fn encode(image: Image, request: &EncodeRequest, webp: Option<&dyn WebpEncoder>) -> Result<Encoded, Failure> {
    let _ = (image, request, webp);
    unimplemented!()
}
