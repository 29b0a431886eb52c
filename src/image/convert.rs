//! Conversions between representations: full-range BT.601 as JFIF has it.

use super::{Image, Representation};

/// Converts `image` to `to`; the same representation comes back untouched.
///
/// Chroma is upsampled with centred siting, equal to the JPEG decoder's own ("fancy") upsampling, so that planar and
/// interleaved chains agree. Colour is never dropped and alpha never lost: see [`Representation::converts_to`].
///
/// # Panics
/// When the conversion would lose colour or alpha; a plan never asks for it.
pub fn convert(image: Image, to: Representation) -> Image {
    if image.representation() == to {
        return image;
    }
    assert!(image.representation().converts_to(to), "{:?} → {to:?} would lose data", image.representation());
    unimplemented!()
}
