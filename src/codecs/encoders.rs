//! The port to encoders that are programs of their own: a host loads one when a plan writes a format that needs it
//! ([`Plan::encoders`](crate::engine::Plan::encoders)). Native builds have none of them; tests hand in their own.

use super::Format;
use crate::error::Failure;
use crate::image::Size;
use crate::network::BuiltIn;

/// An encoder that is a program of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Encoder {
    /// libwebp, for lossy WebP, and for lossless WebP where it is loaded.
    Webp,
    /// libaom, for AVIF.
    Avif,
    /// libjxl, for lossy JPEG XL, and for JPEG XL without loss that is packed hard.
    Jxl,
}

/// The program for AVIF. Its origin is in `codecs/libavif/`.
pub const LIBAVIF: BuiltIn = BuiltIn {
    name: "libavif",
    file: "libavif.wasm",
    bytes: 3_485_872,
    sha256: "d9f2a95164362af48558d176e619becfd49dd97b50b86c679b47100860522b3d",
};

/// The program for JPEG XL. Its origin is in `codecs/libjxl/`.
pub const LIBJXL: BuiltIn = BuiltIn {
    name: "libjxl",
    file: "libjxl.wasm",
    bytes: 1_363_824,
    sha256: "3c6c02df45c0dededab146888789d541b23b9a299cb16d497dce412a3a4bc7d3",
};

impl Encoder {
    /// The format that it writes.
    pub const fn format(self) -> Format {
        match self {
            Self::Webp => Format::Webp,
            Self::Avif => Format::Avif,
            Self::Jxl => Format::Jxl,
        }
    }

    /// Whether it takes longer than the number of pixels suggests.
    pub const fn is_slow(self) -> bool {
        matches!(self, Self::Avif | Self::Jxl)
    }
}

impl Format {
    /// The encoder that a host must have so that pictures are written in this format as wanted, with or without loss, and packed with
    /// this effort.
    pub const fn encoder(self, lossless: bool, effort: Option<u8>) -> Option<Encoder> {
        match self {
            Self::Webp => Some(Encoder::Webp),
            Self::Avif => Some(Encoder::Avif),
            Self::Jxl if !lossless || packs_hard(effort) => Some(Encoder::Jxl),
            _ => None,
        }
    }
}

/// Whether JPEG XL without loss is written by libjxl. What our own program writes at once has about the size of its two quickest efforts.
pub(super) const fn packs_hard(effort: Option<u8>) -> bool {
    matches!(effort, Some(3..))
}

/// A picture as encoders take it.
#[derive(Clone, Copy, Debug)]
pub struct Raster<'a> {
    /// Straight RGBA, row by row; with more than 8 bits a sample has two bytes, little endian.
    pub rgba: &'a [u8],
    /// Columns and rows.
    pub size: Size,
    /// Bits of a sample.
    pub depth: u8,
}

/// How an encoder writes a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// As WebP, by method 4.
    Webp {
        /// 0…100.
        quality: u8,
        /// Whether every pixel is kept, those under full transparency too. Quality does not matter then.
        lossless: bool,
    },
    /// As AVIF.
    Avif {
        /// 0…100. At 100 no sample of a plane is changed.
        quality: u8,
        /// That of alpha.
        alpha_quality: u8,
        /// Which planes besides luma the picture has.
        planes: AvifPlanes,
        /// libaom's: 0 (slow) to 10.
        speed: u8,
    },
    /// As a bare codestream of JPEG XL, of 8 bits a sample and in sRGB.
    Jxl {
        /// 0…100, as `cjxl` counts. At 100 no sample is changed.
        quality: u8,
        /// libjxl's: 1 to 9 (slow).
        effort: u8,
    },
}

/// The planes of chroma in an AVIF picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AvifPlanes {
    /// None: the picture is gray.
    Gray,
    /// Half of luma's width and height (4:2:0).
    Halved,
    /// As large as luma (4:4:4). At quality 100 they hold the colours themselves, so that none is changed.
    Full,
}

impl Encoding {
    /// Who writes it.
    pub const fn encoder(&self) -> Encoder {
        match self {
            Self::Webp { .. } => Encoder::Webp,
            Self::Avif { .. } => Encoder::Avif,
            Self::Jxl { .. } => Encoder::Jxl,
        }
    }
}

/// Writes pictures with the encoders that a host has loaded.
pub trait Encoders {
    /// The encoder's name and version, for the record; `None` if it is not loaded.
    fn name(&self, encoder: Encoder) -> Option<&'static str>;

    /// Writes a file.
    ///
    /// # Errors
    /// When the encoder refuses the picture, is not loaded, or breaks down.
    fn encode(&self, picture: Raster<'_>, encoding: Encoding) -> Result<Vec<u8>, Failure>;
}

/// An encoder of the host with its name, if it is loaded.
pub(super) fn loaded(encoders: Option<&dyn Encoders>, encoder: Encoder) -> Option<(&dyn Encoders, &'static str)> {
    let encoders = encoders?;
    Some((encoders, encoders.name(encoder)?))
}

/// The failure of writing with an encoder that is not there.
pub(super) fn not_loaded(what: &str, hint: &str) -> Failure {
    Failure::system(format!("The encoder for {what} is not loaded."), hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_for_avif_is_the_file_that_it_is_said_to_be() {
        let file = include_bytes!("libavif/libavif.wasm");
        assert_eq!((file.len() as u64, crate::library::sha256(file).as_str()), (LIBAVIF.bytes, LIBAVIF.sha256));
    }

    #[test]
    fn the_program_for_jpeg_xl_is_the_file_that_it_is_said_to_be() {
        let file = include_bytes!("libjxl/libjxl.wasm");
        assert_eq!((file.len() as u64, crate::library::sha256(file).as_str()), (LIBJXL.bytes, LIBJXL.sha256));
    }

    #[test]
    fn a_format_and_its_encoder_agree() {
        for format in Format::ALL {
            assert!(format.encoder(false, None).is_none_or(|encoder| encoder.format() == *format));
        }
        assert_eq!(Format::Jxl.encoder(true, None), None);
        assert_eq!(Format::Jxl.encoder(true, Some(2)), None);
        assert_eq!(Format::Jxl.encoder(true, Some(3)), Some(Encoder::Jxl));
    }
}
