//! The large shapes of a picture's brightness, without its texture: what actions that change light by regions, and those that
//! change texture, look at. The guided filter with the picture as its own guide.

use super::Image;
use super::guided::{Guided, reduced};
use super::pixelwise::by_place;

/// Contrast, squared, below which a region counts as even. Brightness goes from 0 to 1.
const EVEN: f32 = 0.01;

/// Luma (BT.601), from 0 to 1.
pub(crate) fn luma([r, g, b]: [u8; 3]) -> f32 {
    (0.299 * f32::from(r) + 0.587 * f32::from(g) + 0.114 * f32::from(b)) / 255.0
}

/// Replaces every colour by what `color` makes of it and of its base, from 0 to 1: the luma without shapes of less than
/// `radius` pixels. Alpha stays; a planar picture stays as it is.
pub(crate) fn by_base(image: Image, radius: u32, color: impl Fn([u8; 3], f32) -> [u8; 3]) -> Image {
    let step = (radius / 8).max(1);
    let small = reduced(&image, step, |rgb| [luma(rgb), 0.0, 0.0]);
    let own = small.data.iter().map(|[luma, ..]| (*luma, *luma));
    let base = Guided::new(own, small.size, image.size, (radius / step).max(1) as usize, EVEN);
    by_place(image, |x, y, rgb| color(rgb, base.at(x, y, luma(rgb)).clamp(0.0, 1.0)))
}
