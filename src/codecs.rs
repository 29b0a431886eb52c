//! File formats: one table, one file per format.
//!
//! A format is recognised by its content, never by its name. The header is read first ([`probe`]), so that limits are
//! checked before anything is allocated; then the file is decoded once, into the representation and at the scale that
//! the plan requests.

use std::borrow::Cow;

use crate::color::ColorSpace;
use crate::error::{Failure, Warning};
use crate::image::convert::{convert, without_opaque_alpha};
use crate::image::depth::narrowed;
use crate::image::orient::{self, Turn};
use crate::image::recolor::matched;
use crate::image::resample::{Reduced, Scaling, Window};
use crate::image::{Image, Representation, Representations, Size};
use crate::lettering::{listed, named};

mod animation;
mod avif;
mod bmp;
mod boxes;
mod bytes;
mod decoders;
mod directory;
mod encoders;
mod exif;
mod foreign;
mod gif;
mod heic;
mod heif;
mod icc;
mod ico;
mod jpeg;
mod jxl;
mod metadata;
mod png;
mod pnm;
mod psd;
mod qoi;
mod quantize;
mod raw;
mod reader;
mod samples;
mod svg;
mod tga;
mod tiff;
mod webp;

use animation::AnimationCodec;
pub use animation::{Animation, Frame, FrameReader, FrameWriter, MAX_ANIMATION_PIXELS, animate};
#[cfg(any(feature = "av1", not(target_arch = "wasm32")))]
pub use avif::decoder::{begin as begin_av1, decode as decode_av1};
pub use bytes::{Bytes, Pieces, RandomAccess};
#[cfg(not(target_arch = "wasm32"))]
pub use decoders::LinkedDecoders;
pub use decoders::{Coding, Decoders, Product, Series};
pub use encoders::{AvifPlanes, Encoder, Encoders, Encoding, LIBAVIF, LIBJXL, Raster};
pub use foreign::Foreign;
#[cfg(any(feature = "hevc", not(target_arch = "wasm32")))]
pub use heic::decoder::decode as decode_heic;
#[cfg(any(feature = "jxl", not(target_arch = "wasm32")))]
pub use jxl::decoder::{begin as begin_jxl, decode as decode_jxl};
pub use metadata::{Facts, Kept, Metadata, Policy, VERSION as METADATA_VERSION, with_metadata};
#[cfg(any(feature = "svg", not(target_arch = "wasm32")))]
pub use svg::decoder::{Fonts, decode as decode_svg};
/// A drawing at another width; see [`Format::Svg`].
pub use svg::with_width as drawing_of_width;

/// Declares the formats: each is a module with `fn sniff(&[u8]) -> bool`, `const CODEC: Codec` and
/// `const VERSION: &str`, followed by its display name, its file name extensions (the usual one first), its media type, and
/// `in pieces` if only the parts of a file that are needed are read ([`Reading::Pieces`]).
///
/// These facts are separate from [`Codec`], so that the page can name a format without linking its decoder.
macro_rules! formats {
    ($($(#[$doc:meta])* $format:ident = $module:ident: $name:literal, $extensions:expr, $media_type:literal $(, $in:ident $pieces:ident)?;)*) => {
        /// The formats that are recognised by content.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Format { $($(#[$doc])* $format,)* }

        impl Format {
            /// Every format.
            pub const ALL: &[Self] = &[$(Self::$format,)*];

            /// Display name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$format => $name,)* }
            }

            /// File name extensions, without the dot and in lower case; the usual one comes first.
            pub const fn extensions(self) -> &'static [&'static str] {
                match self { $(Self::$format => &$extensions,)* }
            }

            /// Media type.
            pub const fn media_type(self) -> &'static str {
                match self { $(Self::$format => $media_type,)* }
            }

            /// Whether only the parts of a file that are needed are read, so that a large one need not be in memory.
            pub const fn reads_in_pieces(self) -> bool {
                match self { $(Self::$format => matches!(stringify!($($pieces)?).as_bytes(), b"pieces"),)* }
            }

            /// Version of its reader and writer; it changes whenever a pixel or a byte of a result does.
            pub const fn version(self) -> &'static str {
                match self { $(Self::$format => $module::VERSION,)* }
            }

            const fn codec(self) -> &'static Codec {
                match self { $(Self::$format => &$module::CODEC,)* }
            }
        }

        fn by_signature(bytes: &[u8]) -> Option<Format> {
            $(if $module::sniff(bytes) { return Some(Format::$format); })*
            None
        }
    };
}

// The only list. A new format is a file in `codecs/`, its `mod` line above and its line here. (`mod` lines stay outside
// the macro, because `cargo fmt` does not follow them there.)
formats! {
    /// JPEG (ITU-T T.81).
    Jpeg = jpeg: "JPEG", ["jpg", "jpeg", "jpe", "jfif"], "image/jpeg";
    /// PNG (W3C).
    Png = png: "PNG", ["png", "apng"], "image/png";
    /// WebP (RFC 9649).
    Webp = webp: "WebP", ["webp"], "image/webp";
    /// GIF 87a and 89a.
    Gif = gif: "GIF", ["gif"], "image/gif", in pieces;
    /// Windows bitmap.
    Bmp = bmp: "BMP", ["bmp", "dib"], "image/bmp";
    /// TIFF 6.0 and BigTIFF.
    Tiff = tiff: "TIFF", ["tif", "tiff"], "image/tiff", in pieces;
    /// Windows icons and cursors.
    Ico = ico: "ICO", ["ico", "cur"], "image/x-icon";
    /// The Quite OK Image Format 1.0.
    Qoi = qoi: "QOI", ["qoi"], "image/qoi";
    /// The Netpbm formats PBM, PGM, PPM and PAM.
    Pnm = pnm: "PNM", ["pnm", "pbm", "pgm", "ppm", "pam"], "image/x-portable-anymap";
    /// Photoshop documents, by their flattened picture.
    Psd = psd: "PSD", ["psd", "psb"], "image/vnd.adobe.photoshop", in pieces;
    /// Camera raw files, by the preview in them.
    Raw = raw: "RAW", ["dng", "nef", "nrw", "cr2", "arw", "sr2", "srf", "raf", "rw2", "rwl", "orf", "pef", "srw", "3fr", "iiq"], "image/x-dcraw", in pieces;
    /// HEIF with HEVC, as phones take pictures.
    Heic = heic: "HEIC", ["heic", "heif", "hif"], "image/heic";
    /// AVIF: HEIF with AV1.
    Avif = avif: "AVIF", ["avif"], "image/avif";
    /// JPEG XL.
    Jxl = jxl: "JPEG XL", ["jxl"], "image/jxl";
    /// SVG, also compressed.
    Svg = svg: "SVG", ["svg", "svgz"], "image/svg+xml";
    // Last, because files have no signature.
    /// Truevision TGA.
    Tga = tga: "TGA", ["tga"], "image/x-tga";
}

impl Format {
    /// The usual file name extension, without the dot.
    pub const fn extension(self) -> &'static str {
        self.extensions()[0]
    }

    /// The format with this media type.
    pub fn of_media_type(media_type: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|format| format.media_type() == media_type)
    }

    /// Whether browsers show such files in pages.
    pub const fn is_shown_by_browsers(self) -> bool {
        matches!(self, Self::Jpeg | Self::Png | Self::Webp | Self::Gif | Self::Bmp | Self::Ico | Self::Avif)
    }

    /// Whether files that are written in it can have more than 8 bits a sample: 10 as AVIF, otherwise 16; as JPEG XL only without loss.
    pub const fn has_deep_samples(self) -> bool {
        matches!(self, Self::Png | Self::Tiff | Self::Jxl | Self::Avif)
    }

    /// Whether animations are written in it.
    pub const fn is_animated(self) -> bool {
        matches!(self, Self::Png | Self::Webp | Self::Gif)
    }

    /// The names of all formats, in a sentence: "JPEG, PNG, … and BMP".
    pub fn names() -> String {
        let names: Vec<_> = Self::ALL.iter().map(|format| format.name()).collect();
        match names.split_last() {
            Some((last, others)) => format!("{} and {last}", others.join(", ")),
            None => String::new(),
        }
    }
}

/// The functions of a format.
struct Codec {
    reading: Reading,
    /// Writes a file; `None` if the format is read only.
    encode: Option<Encode>,
    /// Copies an undamaged file without what is not needed to show it; `None` for a file that should be written again
    /// instead. Read-only formats have none.
    strip: Option<Strip>,
    /// Reads and perhaps writes animations; `None` if only still pictures are read in the format.
    animation: Option<AnimationCodec>,
}

/// Two functions: `probe` reads the header, whose size [`probe`] checks; `decode` decodes into one of [`Header::native`], as
/// stored, and [`decode`] adds profile and orientation.
enum Reading {
    /// Of a file that is in memory.
    Whole {
        probe: fn(&[u8]) -> Result<Header, Problem>,
        decode: fn(&[u8], &Header, &DecodeRequest) -> Result<Picture, Problem>,
    },
    /// Of a file of which they read what they need. Its row in the table says so too.
    Pieces {
        probe: fn(Bytes<'_>) -> Result<Header, Problem>,
        decode: fn(Bytes<'_>, &Header, &DecodeRequest) -> Result<Picture, Problem>,
    },
}

impl Reading {
    fn probe(&self, bytes: Bytes<'_>) -> Result<Header, Problem> {
        match self {
            Self::Whole { probe, .. } => probe(&whole(bytes)?),
            Self::Pieces { probe, .. } => probe(bytes),
        }
    }

    fn decode(&self, bytes: Bytes<'_>, header: &Header, request: &DecodeRequest) -> Result<Picture, Problem> {
        match self {
            Self::Whole { decode, .. } => decode(&whole(bytes)?, header, request),
            Self::Pieces { decode, .. } => decode(bytes, header, request),
        }
    }
}

type Strip = fn(&[u8]) -> Option<Vec<u8>>;

type Encode = fn(Image, &EncodeRequest, Option<&dyn Encoders>) -> Result<Encoded, Failure>;

/// Why a file cannot be read. The file's name is added when it becomes a [`Failure`].
#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("is empty")]
    NoContent,
    #[error("is {}, which Pixelmill cannot read", .0.text)]
    Foreign(Foreign),
    #[error("is not an image Pixelmill can read")]
    NotAnImage,
    #[error("ends too early: part of the picture is missing")]
    Truncated,
    #[error("is damaged: {0}")]
    Damaged(&'static str),
    #[error("is damaged: it is not well-formed XML in line {0}")]
    NotXml(u32),
    #[error("is {0}, which is not supported")]
    Unsupported(&'static str),
    #[error("is {0}×{1} pixels, which is too large")]
    TooLarge(u32, u32),
    #[error("has an empty picture of {0}×{1} pixels")]
    Empty(u32, u32),
    /// A decoder, or the reading of the file, broke down.
    #[error("cannot be decoded: {}", .0.message)]
    Decoder(Failure),
}

impl Problem {
    /// Damage, in words for users: messages of decoders are for programmers.
    const fn damaged(reason: &'static str) -> Self {
        Self::Damaged(reason)
    }

    fn hint(&self) -> String {
        let hint = match self {
            Self::Foreign(_) | Self::NotAnImage => {
                let [one, two, three] = [Format::Jpeg, Format::Png, Format::Tiff].map(Format::name);
                return format!("{} are read; save the picture as {one}, {two} or {three}.", Format::names());
            }
            Self::NoContent | Self::Truncated => "Copy or download the file again.",
            Self::Damaged(_) | Self::NotXml(_) | Self::Empty(..) => {
                "Copy the file again, or save the picture again in its program."
            }
            Self::Unsupported(_) => "Save the picture as an ordinary JPEG or PNG file.",
            Self::Decoder(failure) => &failure.hint,
            Self::TooLarge(..) => "Use a picture of at most 120 megapixels and 65,500 pixels a side.",
        };
        hint.to_owned()
    }

    /// The end of a sentence that begins with "Could not be read:".
    fn reason(&self) -> String {
        match self {
            Self::Foreign(foreign) if foreign.is_picture => format!("{} is not supported", foreign.name),
            problem => format!("it {problem}"),
        }
    }

    fn of(self, name: &str) -> Failure {
        if let Self::Decoder(failure) = self {
            return failure;
        }
        Failure::input(format!("\"{name}\" {self}."), self.hint())
    }
}

/// What a decoder returns: the picture as stored, and its findings.
struct Picture {
    image: Image,
    findings: Vec<Finding>,
    /// Whether [`DecodeRequest::scaling`] was done. The picture is then mirrored as its orientation requires, and only rows
    /// and columns still have to be swapped.
    is_scaled: bool,
    /// What its samples mean, if more is known than when the header was read.
    space: Option<ColorSpace>,
}

impl From<Image> for Picture {
    fn from(image: Image) -> Self {
        Self { image, findings: Vec::new(), is_scaled: false, space: None }
    }
}

/// Something a decoder noticed about a file that it decoded nevertheless. The file's name is added when it becomes a
/// [`Warning`].
#[derive(Clone, Debug, PartialEq, Eq)]
enum Finding {
    /// Part of the picture is missing and filled with gray.
    PartMissing,
    /// The last passes of a progressive picture are missing: all of it is there, but coarse.
    DetailMissing,
    /// Some of the data is invalid.
    Damaged,
    /// It is animated, and not all of its frames can be read.
    FramesMissing,
    /// It is animated in a way that cannot be read, and only its first frame was.
    FirstFrame,
    /// It has several pages, and only its first was read; the number of its pages.
    FirstPage(u32),
    /// It is a camera raw file, of which only a preview of this size was read.
    CameraPreview {
        width: u32,
        height: u32,
        /// Whether it is much smaller than the picture.
        is_small: bool,
    },
    /// It has a high dynamic range, which was reduced.
    ToneMapped,
    /// It also has a gain map, which makes a picture of high dynamic range of it.
    GainMapLeftOut,
    /// Parts of it are darker than black or brighter than white, and became black and white.
    RangeClipped,
    /// It has inks, and no profile says which.
    InksUnknown,
    /// It is a drawing with text as part of a web page, which is not drawn.
    TextLeftOut,
    /// It is a drawing whose texts name these families of fonts, which are not here.
    FontsReplaced(Vec<String>),
    /// It is a drawing with these characters, which no font has.
    GlyphsMissing(String),
    /// It is a drawing with pictures that are not in the file, or not readable.
    PicturesLeftOut,
    /// It has more than 8 bits a sample, and is too large to keep them.
    DepthReduced,
    /// Its color profile is damaged, too large, or for another kind of picture, and was dropped.
    ProfileLeftOut,
}

impl Finding {
    fn of(self, name: &str) -> Warning {
        match self {
            Self::PartMissing => Warning::new(
                "part_missing",
                format!("\"{name}\" is incomplete: part of the picture is missing."),
                "Copy or download the file again.",
            ),
            Self::Damaged => Warning::new(
                "damaged_picture",
                format!("\"{name}\" is damaged: part of the picture may look wrong."),
                "Copy or download the file again.",
            ),
            Self::FramesMissing => Warning::new(
                "part_missing",
                format!("\"{name}\" is incomplete: its last frames are missing."),
                "Copy or download the file again.",
            ),
            Self::FirstFrame => Warning::hint(
                "first_frame_only",
                format!("\"{name}\" is animated: only its first frame was used."),
                "Save the animation as GIF, WebP or PNG if all of it is needed.",
            ),
            Self::FirstPage(pages) => Warning::hint(
                "first_page_only",
                format!("\"{name}\" has {pages} pages: only the first was used."),
                "Save the other pages as files of their own.",
            ),
            Self::CameraPreview { width, height, is_small } => {
                let level = if is_small { Warning::new } else { Warning::hint };
                level(
                    "camera_preview",
                    format!(
                        "\"{name}\" is a camera raw file: the camera's preview of {width} × {height} pixels was used."
                    ),
                    "Develop it in a raw converter if you need all that the sensor recorded.",
                )
            }
            Self::ToneMapped => Warning::hint(
                "tone_mapped",
                format!("\"{name}\" is an HDR picture: its bright parts were darkened to fit ordinary displays."),
                "Keep the original file if you need the whole range.",
            ),
            Self::GainMapLeftOut => Warning::hint(
                "gain_map_left_out",
                format!(
                    "\"{name}\" is an HDR picture by its gain map, which is left out: the result is the picture for ordinary displays."
                ),
                "Keep the original file if you need the whole range.",
            ),
            Self::DepthReduced => Warning::hint(
                "depth_reduced",
                format!("\"{name}\" is too large to keep its 16 bits per channel: it has 8 in the result."),
                "Make it smaller in the program that it comes from if you need all of them.",
            ),
            Self::RangeClipped => Warning::new(
                "range_clipped",
                format!("\"{name}\" has values beyond black and white: they became black and white."),
                "Save it with 8 or 16 bits per channel in the program that it comes from.",
            ),
            Self::InksUnknown => Warning::hint(
                "inks_unknown",
                format!("\"{name}\" is a CMYK picture without a color profile: its colors are an estimate."),
                "Save it with its color profile, or as RGB, in the program that it comes from.",
            ),
            Self::TextLeftOut => Warning::new(
                "text_left_out",
                format!("\"{name}\" has text in the form of a web page, which is missing in its picture."),
                "Save it without \"foreignObject\", or convert the text to paths, in the program that it comes from.",
            ),
            Self::FontsReplaced(families) => {
                let families = listed(families.into_iter().map(|family| format!("\"{family}\"")));
                Warning::new(
                    "fonts_replaced",
                    format!("\"{name}\" has text in fonts that are not here: {families}. Roboto was used."),
                    "Add these fonts in the form of the action \"text\", or convert the text to paths in the program that it comes from.",
                )
            }
            Self::GlyphsMissing(characters) => Warning::new(
                "missing_glyphs",
                format!(
                    "\"{name}\" has characters that no font here has, which are boxes or missing: {}.",
                    listed(characters.chars().map(named))
                ),
                "Add a font that has them, or convert the text to paths in the program that it comes from.",
            ),
            Self::PicturesLeftOut => Warning::new(
                "pictures_left_out",
                format!("\"{name}\" shows pictures that are not in the file or cannot be read: they are missing."),
                "Embed them as PNG or JPEG in the program that it comes from.",
            ),
            Self::ProfileLeftOut => Warning::new(
                "profile_left_out",
                format!(
                    "The color profile of \"{name}\" cannot be used and was removed; its colors were taken for sRGB."
                ),
                "Compare the colors with the original.",
            ),
            Self::DetailMissing => Warning::new(
                "detail_missing",
                format!("\"{name}\" is incomplete: the picture has less detail than the original."),
                "Copy or download the file again.",
            ),
        }
    }
}

/// A decoded picture, and what was noticed about its file.
#[derive(Clone, Debug)]
pub struct Decoded {
    /// The picture.
    pub image: Image,
    /// What it stands for, if it was scaled down.
    pub reduced: Option<Reduced>,
    /// Doubts and hints about the file: `part_missing` and `detail_missing` if data is missing, `damaged_picture` if
    /// data is invalid, `first_frame_only` if only the first frame can be read, `first_page_only` if it has several pages, `camera_preview` if
    /// it is a camera raw file, `profile_left_out` if its color profile was dropped, `range_clipped` if it has values beyond
    /// black and white, `tone_mapped` if it has a high dynamic range, `gain_map_left_out` if it also has a gain map, `inks_unknown` for CMYK without a profile,
    /// `text_left_out`, `pictures_left_out`, `fonts_replaced` and `missing_glyphs` for drawings.
    pub warnings: Vec<Warning>,
}

/// What a file's header says, before any pixel is decoded.
#[derive(Clone, Debug)]
pub struct Header {
    /// Recognised by content.
    pub format: Format,
    /// Size as stored, before orientation.
    pub size: Size,
    /// EXIF orientation, 1…8; 1 if there is none.
    pub orientation: u8,
    /// Whether any pixel may be transparent.
    pub alpha: bool,
    /// Representations that the decoder produces without a further conversion, cheapest first.
    pub native: Representations,
    /// What its samples mean, by its profile or by other descriptions in the file.
    pub space: ColorSpace,
    /// If it is animated: its frames. [`decode`] reads the first, or the picture that the file has for programs without
    /// animations; [`FrameReader`] reads all.
    pub animation: Option<Animation>,
    /// What was noticed apart from the pixels.
    findings: Vec<Finding>,
}

impl Header {
    /// The header of the same picture in another size, before orientation.
    pub(crate) fn with_size(&self, size: Size) -> Self {
        Self { size, ..self.clone() }
    }

    /// The header of the same picture with 8 bits a sample.
    pub(crate) fn narrow(&self) -> Self {
        Self { native: self.native.narrow(), ..self.clone() }
    }

    /// Whether it is decoded to 16 bits a sample.
    pub fn is_deep(&self) -> bool {
        self.native.iter().any(Representation::is_deep)
    }

    /// Its size after the orientation is applied.
    pub const fn upright(&self, auto_orient: bool) -> Size {
        if auto_orient && self.orientation >= 5 { self.size.transposed() } else { self.size }
    }

    /// The full size that a picture of `size` stands for, if it was decoded at 1/2, 1/4 or 1/8.
    fn reduced(&self, size: Size, auto_orient: bool) -> Option<Reduced> {
        let full = self.upright(auto_orient);
        if size == full {
            return None;
        }
        let stored = if auto_orient && self.orientation >= 5 { size.transposed() } else { size };
        let at = |step: u32| Size::new(self.size.width.div_ceil(step), self.size.height.div_ceil(step));
        let step = [2, 4, 8].into_iter().find(|step| at(*step) == stored)?;
        let part = window_at(self.size, step);
        let window = if auto_orient { orient::window(part, stored, self.orientation) } else { part };
        Some(Reduced { full, window })
    }
}

/// Where a picture of this size lies in its samples if it is decoded at 1/`step`: the last sample of a row or column may
/// extend past the picture.
fn window_at(size: Size, step: u32) -> Window {
    let side = |length: u32| f64::from(length) / f64::from(step);
    Window { left: 0.0, top: 0.0, width: side(size.width), height: side(size.height) }
}

/// Most pixels of a picture that is decoded to 16 bits a sample: with more, it would take more memory than the largest picture
/// of 8 bits.
const MAX_DEEP_PIXELS: u64 = MAX_PIXELS / 2;

/// What a picture without planes is decoded to. One that has more than 8 bits a sample, and too many pixels, is decoded to 8.
fn decoded_to(is_gray: bool, alpha: bool, is_deep: bool, size: Size, findings: &mut Vec<Finding>) -> Representations {
    let native = Representation::interleaved(is_gray, alpha);
    let is_small = size.pixels() <= MAX_DEEP_PIXELS;
    if is_deep && !is_small {
        findings.push(Finding::DepthReduced);
    }
    Representations::of(&[if is_deep && is_small { native.deep() } else { native }])
}

/// How to decode a file, as the plan requests.
#[derive(Clone, Copy, Debug)]
pub struct DecodeRequest {
    /// One of [`Header::native`].
    pub representation: Representation,
    /// The smallest size, as stored (before orientation), that is enough for the plan. The decoder may return any size
    /// from this one up to the full one, with both sides scaled by the same 1/2, 1/4 or 1/8.
    pub at_least: Size,
    /// The smallest chroma planes that are enough, as stored, in chroma samples; no larger than `at_least`. Chroma may
    /// be scaled down less than luma, up to a 4:4:4 picture at luma's size; a decoder that scales both alike chooses a
    /// scale that is enough for both. If the request exceeds the file's own chroma, the full chroma is enough.
    pub chroma_at_least: Size,
    /// How the picture is scaled down next, if nothing else uses it; the size as stored. A decoder may do this while it
    /// decodes, so that the full picture is never in memory, or ignore it; [`Decoded::reduced`] says which. Only with a gray
    /// or planar `representation`.
    pub scaling: Option<Scaling>,
    /// Whether to turn the picture upright by its EXIF orientation.
    pub auto_orient: bool,
}

impl DecodeRequest {
    /// All of a picture as stored, in its first representation.
    pub fn whole(header: &Header) -> Self {
        Self {
            representation: header.native.iter().next().unwrap_or(Representation::Rgb),
            at_least: header.size,
            chroma_at_least: header.size,
            scaling: None,
            auto_orient: false,
        }
    }
}

/// How a result is written: the parameters of `output` after defaults.
#[derive(Clone, Debug)]
pub struct EncodeRequest {
    /// One that can be written.
    pub format: Format,
    /// 1…100, for lossy formats.
    pub quality: u8,
    /// For WebP, AVIF and JPEG XL.
    pub lossless: bool,
    /// Straight RGB behind transparent pixels if the format has no alpha.
    pub background: [u8; 3],
    /// For JPEG of at most 50 megapixels: whether the file is progressive.
    pub progressive: bool,
    /// For JPEG and lossy AVIF.
    pub chroma: Chroma,
    /// How much time PNG, TIFF, AVIF and JPEG XL files are packed with, 1…9; `None` for little.
    pub effort: Option<u8>,
    /// For PNG that is not animated.
    pub palette: Option<Palette>,
    /// Whether pictures with 16 bits a sample keep them in formats that have more than 8.
    pub keeps_depth: bool,
    /// Pixels per inch that JPEG, TIFF and PNG files that are not animated state, for printing.
    pub resolution: Option<u16>,
}

/// The colours that a picture is reduced to, if it has more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Palette {
    /// 2…256. One of them is transparent where the picture is.
    pub colors: u16,
    /// Whether colours in between are made of dots.
    pub dithers: bool,
}

impl EncodeRequest {
    /// As `output` writes a format if no parameter says otherwise.
    pub const fn new(format: Format) -> Self {
        Self {
            format,
            quality: 80,
            lossless: false,
            background: [255; 3],
            progressive: false,
            chroma: Chroma::Auto,
            effort: None,
            palette: None,
            keeps_depth: true,
            resolution: None,
        }
    }

    /// Whether a picture with 16 bits a sample is written with more than 8.
    pub const fn writes_deep(&self) -> bool {
        let is_lossy_jxl = matches!(self.format, Format::Jxl) && !self.lossless;
        self.keeps_depth && self.palette.is_none() && self.format.has_deep_samples() && !is_lossy_jxl
    }

    /// Whether [`EncodeRequest::quality`] matters.
    pub const fn is_lossy(&self) -> bool {
        match self.format {
            Format::Jpeg => true,
            Format::Webp | Format::Avif | Format::Jxl => !self.lossless,
            _ => false,
        }
    }
}

/// At which size the chroma of a JPEG or a lossy AVIF is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Chroma {
    /// Below quality 90 half of luma's in both directions, otherwise luma's; planes that are subsampled stay as they are.
    #[default]
    Auto,
    /// Luma's (4:4:4).
    Full,
    /// Half of luma's in both directions (4:2:0).
    Halved,
}

impl Chroma {
    /// Whether a colour picture with full-size chroma is written as planes with chroma halved in both directions.
    pub const fn halves(self, format: Format, quality: u8) -> bool {
        matches!(format, Format::Jpeg) && self.is_halved(quality)
    }

    /// Whether full-size chroma is halved in both directions at this quality.
    const fn is_halved(self, quality: u8) -> bool {
        match self {
            Self::Auto => quality < 90,
            Self::Full => false,
            Self::Halved => true,
        }
    }
}

/// A written file.
#[derive(Clone, Debug)]
pub struct Encoded {
    /// File content.
    pub bytes: Vec<u8>,
    /// Its format.
    pub format: Format,
    /// The encoder and its version, for example `libwebp 1.5.0`.
    pub encoder: &'static str,
}

/// Most pixels of one picture.
pub const MAX_PIXELS: u64 = 120_000_000;
/// Longest side of a picture.
pub const MAX_SIDE: u32 = 65_500;
/// Most bytes of one metadata block.
pub const MAX_METADATA: usize = 4 << 20;

/// Reads a file's header: recognises the format by content and checks the limits before anything is allocated.
///
/// # Errors
/// Empty file, unknown or unsupported format, damaged header, or a limit exceeded. Messages say what is wrong and
/// how to fix it; `name` is the file's name in them.
pub fn probe<'a>(bytes: impl Into<Bytes<'a>>, name: &str) -> Result<Header, Failure> {
    header(bytes.into()).map_err(|problem| problem.of(name))
}

/// Reads a file's header, as [`probe`] does.
///
/// # Errors
/// Why the file cannot be read, as the end of a sentence: "HEIC is not supported", "it is empty".
pub fn check<'a>(bytes: impl Into<Bytes<'a>>) -> Result<Header, String> {
    header(bytes.into()).map_err(|problem| problem.reason())
}

fn header(bytes: Bytes<'_>) -> Result<Header, Problem> {
    let read = || match (sniff(bytes), foreign::foreign(&start(bytes))) {
        (Some(format), _) => format.codec().reading.probe(bytes).and_then(within_limits),
        (None, Some(foreign)) => Err(Problem::Foreign(foreign)),
        (None, None) if bytes.is_empty() => Err(Problem::NoContent),
        (None, None) => Err(Problem::NotAnImage),
    };
    unless_unread(bytes, read())
}

/// What became of a file, unless a part of it could not be read.
fn unless_unread<T>(bytes: Bytes<'_>, result: Result<T, Problem>) -> Result<T, Problem> {
    match bytes.failure() {
        Some(failure) => Err(Problem::Decoder(failure)),
        None => result,
    }
}

/// All of a file.
fn whole(bytes: Bytes<'_>) -> Result<Cow<'_, [u8]>, Problem> {
    let whole = bytes.load();
    if whole.len() as u64 == bytes.len() { Ok(whole) } else { Err(Problem::Truncated) }
}

/// What signatures are looked for in: the first bytes, or all that are in memory.
fn start(bytes: Bytes<'_>) -> Cow<'_, [u8]> {
    bytes.whole().map_or_else(|| bytes.head(HEAD), Cow::Borrowed)
}

/// The format by content, if it is known.
pub fn sniff<'a>(bytes: impl Into<Bytes<'a>>) -> Option<Format> {
    let bytes = bytes.into();
    let start = start(bytes);
    match by_signature(&start) {
        Some(Format::Tiff) if raw::is_camera_raw(bytes) => Some(Format::Raw),
        None if svg::is_compressed(&start) => Some(Format::Svg),
        found => found,
    }
}

/// What a file is, judging by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// A picture in a known format.
    Image(Format),
    /// Something else that has a name.
    Foreign(Foreign),
    /// Anything else.
    Unknown,
}

/// How many first bytes of a file [`recognize`] needs (or all of a shorter one).
pub const HEAD: u64 = 4096;

/// Recognises a file by its first bytes, which does not mean that it can be decoded. Camera raw files with the structure of
/// TIFF count as TIFF, and compressed drawings as unknown: only a decoder tells them apart.
pub fn recognize(bytes: &[u8]) -> Content {
    match (by_signature(bytes), foreign::foreign(bytes)) {
        (Some(format), _) => Content::Image(format),
        (None, Some(foreign)) => Content::Foreign(foreign),
        (None, None) => Content::Unknown,
    }
}

/// Decodes a file whose header was read by [`probe`].
///
/// # Errors
/// When the data is damaged or too much of the picture is missing.
pub fn decode<'a>(
    bytes: impl Into<Bytes<'a>>,
    header: &Header,
    request: &DecodeRequest,
    name: &str,
) -> Result<Decoded, Failure> {
    decode_by(bytes, header, request, None, name)
}

/// As [`decode`], with the decoders of a host for what is not decoded here ([`Format::coding`]).
///
/// # Errors
/// Those of [`decode`], and if there is no decoder or it breaks down.
pub fn decode_by<'a>(
    bytes: impl Into<Bytes<'a>>,
    header: &Header,
    request: &DecodeRequest,
    decoders: Option<&dyn Decoders>,
    name: &str,
) -> Result<Decoded, Failure> {
    let bytes = bytes.into();
    let read = || match (header.format, decoders) {
        (Format::Jxl, Some(decoders)) => jxl::decode(&whole(bytes)?, header, decoders),
        (Format::Avif, Some(decoders)) => avif::decode(&whole(bytes)?, header, decoders),
        (Format::Heic, Some(decoders)) => heic::decode(&whole(bytes)?, header, decoders),
        (Format::Svg, Some(decoders)) => svg::decode(&whole(bytes)?, header, decoders),
        (format, _) => format.codec().reading.decode(bytes, header, request),
    };
    let picture = unless_unread(bytes, read()).map_err(|problem| problem.of(name))?;
    finished(picture, header, request, name)
}

/// A decoded picture as it was requested.
fn finished(picture: Picture, header: &Header, request: &DecodeRequest, name: &str) -> Result<Decoded, Failure> {
    let Picture { mut image, findings, is_scaled, space } = picture;
    if !image.is_consistent() || image.size.pixels() > header.size.pixels() {
        return Err(Problem::damaged("its picture does not have the size in its header").of(name));
    }
    image.space = space.unwrap_or_else(|| header.space.clone());
    image = matched(image);
    if request.auto_orient {
        image = match is_scaled {
            true if Turn::of(header.orientation).transposed => orient::transpose(image),
            true => image,
            false => orient::apply(image, header.orientation),
        };
    }
    let reduced = match is_scaled {
        true => Some(Reduced { full: header.upright(request.auto_orient), window: Window::all(image.size) }),
        false => header.reduced(image.size, request.auto_orient),
    };
    if image.representation().converts_to(request.representation) {
        image = convert(image, request.representation);
    }
    let warnings = header.findings.iter().cloned().chain(findings).map(|finding| finding.of(name)).collect();
    Ok(Decoded { image, reduced, warnings })
}

/// Whether decoding a file takes fonts: it is a drawing that may have text.
pub fn needs_fonts(bytes: &[u8], header: &Header) -> bool {
    header.format == Format::Svg && svg::may_have_text(bytes)
}

/// Whether a file that takes fonts takes that for emoji too.
pub fn needs_emoji(bytes: &[u8]) -> bool {
    svg::may_have_emoji(bytes)
}

/// A picture as a PNG file, upright, for browsers, which do not show every format.
///
/// # Errors
/// When the file cannot be read.
pub fn to_show<'a>(
    bytes: impl Into<Bytes<'a>>,
    decoders: Option<&dyn Decoders>,
    name: &str,
) -> Result<Encoded, Failure> {
    let bytes = bytes.into();
    let header = probe(bytes, name)?;
    let is_gray = header.native.narrow().contains(Representation::Gray);
    let representation = Representation::interleaved(is_gray && !header.alpha, header.alpha);
    let (at_least, chroma_at_least) = (header.size, header.size);
    let request = DecodeRequest { representation, at_least, chroma_at_least, scaling: None, auto_orient: true };
    let Decoded { image, .. } = decode_by(bytes, &header, &request, decoders, name)?;
    let request = EncodeRequest {
        format: Format::Png,
        quality: 100,
        lossless: true,
        background: [255; 3],
        ..EncodeRequest::new(Format::Png)
    };
    encode(image, &request, None)
}

/// Writes a picture as a file, with the profile of its space, orientation 1, and no other metadata.
///
/// Every representation is accepted; alpha is composited on the background if the format has none, and samples of 16 bits are
/// dithered where the format has none, or the request wants none. Unless
/// [`EncodeRequest::chroma`] says otherwise, JPEG is written as 4:2:0 below quality 90 and as 4:4:4 from there on; a planar
/// picture that is already subsampled keeps its ratios. A profile is never written with samples of another model (see [`matched`]).
///
/// # Errors
/// When the format cannot hold the size (JPEG 65,500 per side, WebP 16,383, AVIF 65,536), or an encoder of the host is needed and missing.
pub fn encode(image: Image, request: &EncodeRequest, encoders: Option<&dyn Encoders>) -> Result<Encoded, Failure> {
    let format = request.format;
    match format.codec().encode {
        Some(encode) => {
            let image = if request.writes_deep() { image } else { narrowed(image) };
            encode(matched(image), request, encoders)
        }
        None => {
            let written: Vec<_> = Format::ALL.iter().filter(|format| format.codec().encode.is_some()).collect();
            let names: Vec<_> = written.iter().map(|format| format.name()).collect();
            Err(Failure::execute(
                format!("{} files cannot be written.", format.name()),
                format!("Choose another output format: {}.", names.join(", ")),
            ))
        }
    }
}

/// A picture as formats without loss write it: gray, RGB or RGBA; planes become RGB, and alpha is left out where nothing is
/// transparent.
fn lossless(image: Image) -> Image {
    let image = if image.representation() == Representation::Ycc { convert(image, Representation::Rgb) } else { image };
    without_opaque_alpha(image)
}

/// The file as it is, pixels untouched, without what is not needed to show them: EXIF, XMP, comments, thumbnails and
/// anything after its end are left out, the profile stays. `header` is what [`probe`] returned for it.
///
/// `None` if the file cannot replace one that is written here: it is rotated by EXIF, animated, damaged in some part, or
/// not shown by browsers.
pub fn without_metadata<'a>(bytes: impl Into<Bytes<'a>>, header: &Header) -> Option<Encoded> {
    // A gain map is not needed to show a picture.
    let is_sound = header.findings.iter().all(|finding| *finding == Finding::GainMapLeftOut);
    if header.orientation != 1 || header.animation.is_some() || !is_sound {
        return None;
    }
    let bytes = header.format.codec().strip.and_then(|strip| strip(&whole(bytes.into()).ok()?))?;
    let again = self::header((&bytes).into()).ok()?;
    let same = (again.format, again.size, again.alpha, &again.space, again.orientation)
        == (header.format, header.size, header.alpha, &header.space, 1);
    (same && again.findings.is_empty()).then_some(Encoded { bytes, format: header.format, encoder: "original file" })
}

fn within_limits(header: Header) -> Result<Header, Problem> {
    check_size(header.size)?;
    Ok(header)
}

fn check_size(size: Size) -> Result<(), Problem> {
    let Size { width, height } = size;
    if width == 0 || height == 0 {
        Err(Problem::Empty(width, height))
    } else if width > MAX_SIDE || height > MAX_SIDE || size.pixels() > MAX_PIXELS {
        Err(Problem::TooLarge(width, height))
    } else {
        Ok(())
    }
}
