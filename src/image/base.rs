//! The large shapes of a picture's brightness, without its texture: what actions that change light by regions, and those that
//! change texture, look at. The guided filter with the picture as its own guide.

use super::Image;
use super::depth::Sample;
use super::guided::{Guided, reduced};
use super::pixelwise::map_places;

/// Contrast, squared, below which a region counts as even. Brightness goes from 0 to 1.
const EVEN: f32 = 0.01;

/// Luma (BT.601), from 0 to 1.
pub(crate) fn luma<S: Sample>([r, g, b]: [S; 3]) -> f32 {
    (0.299 * r.level() + 0.587 * g.level() + 0.114 * b.level()) / 255.0
}

/// Replaces every colour by what the function for its depth makes of it and of its base, from 0 to 1: the luma without shapes
/// of less than `radius` pixels. Alpha stays; a planar picture stays as it is. With the macro [`by_base!`], one expression is
/// both functions.
pub(crate) fn map_by_base(
    image: Image,
    radius: u32,
    narrow: impl Fn([u8; 3], f32) -> [u8; 3],
    wide: impl Fn([u16; 3], f32) -> [u16; 3],
) -> Image {
    let step = (radius / 8).max(1);
    let small = reduced(&image, step, |rgb| [luma(rgb), 0.0, 0.0]);
    let own = small.data.iter().map(|[luma, ..]| (*luma, *luma));
    let base = Guided::new(own, small.size, image.size, (radius / step).max(1) as usize, EVEN);
    map_places(
        image,
        |x, y, rgb| narrow(rgb, base.at(x, y, luma(rgb)).clamp(0.0, 1.0)),
        |x, y, rgb| wide(rgb, base.at(x, y, luma(rgb)).clamp(0.0, 1.0)),
    )
}

/// [`map_by_base`] by one expression for both depths: a closure that measures in levels (see [`Sample`]).
macro_rules! by_base {
    ($image:expr, $radius:expr, $color:expr) => {
        $crate::image::base::map_by_base($image, $radius, $color, $color)
    };
}
pub(crate) use by_base;
