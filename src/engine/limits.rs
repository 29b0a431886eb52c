//! Limits on pictures between actions, checked before anything is allocated.

use crate::codecs::{MAX_PIXELS, MAX_SIDE};
use crate::error::Failure;
use crate::image::Size;

/// Whether a picture of this size may be made.
///
/// # Errors
/// When it has too many pixels or too long a side.
pub(super) fn check(size: Size) -> Result<(), Failure> {
    let Size { width, height } = size;
    if width > MAX_SIDE || height > MAX_SIDE {
        return Err(Failure::execute(
            format!("The result would be {width} × {height} pixels."),
            format!("A side can have at most {MAX_SIDE} pixels: choose a smaller size."),
        ));
    }
    if size.pixels() > MAX_PIXELS {
        return Err(Failure::execute(
            format!("The result would be {width} × {height} pixels, {} megapixels.", size.pixels() / 1_000_000),
            format!("A picture can have at most {} megapixels: choose a smaller size.", MAX_PIXELS / 1_000_000),
        ));
    }
    Ok(())
}
