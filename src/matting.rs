//! Matting: which part of a picture is its subject, how opaque each pixel of it is, and what colour it has without
//! the old background.
//!
//! The steps: a rough mask of the subject, from a model ([`saliency`]) or from an even backdrop ([`backdrop`]), becomes
//! a local linear function from colour to opacity at work size ([`guided`], [`backdrop`]); it is evaluated at every
//! pixel near an edge ([`edges`]); where opacity is partial, the old background is removed from the colour
//! ([`fusion`], [`cutout`]). Everything here that looks at neighbours runs at work size, at most [`WORK_SIDE`] pixels a
//! side, so that a large picture costs only a few passes over its bytes.
//!
//! Values keep their encoding (no linearisation), from 0 to 1, and alpha is straight. Nothing here knows about actions,
//! parameters or where a model comes from.

use crate::error::Failure;
use crate::image::convert::composite;
use crate::image::depth::at_a_glance;
use crate::image::resample::{Filter, Window, resample};
use crate::image::{Image, Pixels, Size};

pub mod backdrop;
pub mod border;
pub mod cutout;
pub mod edges;
pub mod fusion;
pub mod guided;
mod lab;
mod region;
pub mod saliency;

use crate::image::field::Field;

/// Longest side of the picture at work size.
pub const WORK_SIDE: u32 = 960;

/// The colour behind transparent parts when a picture with alpha is analysed as a whole.
pub const BEHIND: [u8; 3] = [255; 3];

/// The size at which a picture is analysed: its own, or scaled to [`WORK_SIDE`].
pub fn work_size(size: Size) -> Size {
    let longest = size.width.max(size.height);
    if longest <= WORK_SIDE {
        return size;
    }
    let side = |side: u32| ((f64::from(side) * f64::from(WORK_SIDE) / f64::from(longest)).round() as u32).max(1);
    Size::new(side(size.width), side(size.height))
}

/// The picture at work size, as `[red, green, blue, 1]`; transparent parts are white.
///
/// # Errors
/// When the picture is not interleaved, or its buffer does not match its size; both would be bugs.
pub fn guide(image: &Image) -> Result<Field, Failure> {
    let size = work_size(image.size);
    let data = opaque(image, size, Filter::Bilinear)?;
    let value = |sample: u8| f32::from(sample) / 255.0;
    let data = data.as_chunks().0.iter().map(|[r, g, b]| [value(*r), value(*g), value(*b), 1.0]).collect();
    Ok(Field { size, data })
}

/// The picture resampled to `size`, as R′G′B′; transparent parts are white.
fn opaque(image: &Image, size: Size, filter: Filter) -> Result<Vec<u8>, Failure> {
    let resampled = resample(image, Window::all(image.size), size, filter)?;
    match composite(at_a_glance(&resampled).into_owned(), BEHIND).pixels {
        Pixels::Rgb(data) => Ok(data),
        _ => Err(no_colour()),
    }
}

fn no_colour() -> Failure {
    Failure::system("A picture that is not interleaved reached the matting.", "Report this as a bug.")
}
