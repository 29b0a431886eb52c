//! Maps of colours one by one: what actions that change light and colour do, whatever surrounds a pixel.

use super::depth::{Sample, at_a_glance};
use super::{Deep, Image, Pixels};

/// The result for each 8-bit value.
pub(crate) type Table = [u8; 256];

/// A table from a function of values from 0 to 255; its results are clamped and rounded half up.
pub(crate) fn table(value: impl Fn(f64) -> f64) -> Table {
    std::array::from_fn(|at| round(value(at as f64)))
}

/// The same for samples of any depth.
pub(crate) fn table_of<S: Sample>(value: impl Fn(f64) -> f64) -> Vec<S> {
    (0..S::COUNT).map(|index| S::of_exact_level(value(S::exact_level(index)))).collect()
}

/// A share of the way from one sample to another, rounded half up.
pub(crate) fn mixed<S: Sample>(own: S, other: S, share: f32) -> S {
    S::of_level(own.level() + (other.level() - own.level()) * share)
}

/// A value from 0 to 255, clamped and rounded half up.
pub(crate) fn round(value: f64) -> u8 {
    (value + 0.5) as u8
}

/// Applies `narrow` or `wide` to every sample but alpha, or `deep` to each; a planar picture stays as it is.
fn by_sample(mut image: Image, narrow: impl Fn(&mut u8), wide: impl Fn(&mut u16)) -> Image {
    fn colors<S>(rgba: &mut [S], replace: impl Fn(&mut S)) {
        for [color @ .., _] in rgba.as_chunks_mut::<4>().0 {
            color.iter_mut().for_each(&replace);
        }
    }
    match &mut image.pixels {
        Pixels::Gray(data) | Pixels::Rgb(data) => data.iter_mut().for_each(narrow),
        Pixels::Rgba(data) => colors(data, narrow),
        Pixels::Deep(Deep::Gray(data) | Deep::Rgb(data)) => data.iter_mut().for_each(wide),
        Pixels::Deep(Deep::Rgba(data)) => colors(data, wide),
        Pixels::Ycc(_) => {}
    }
    image
}

/// Replaces every red, green and blue, or gray, by what `tone` makes of its level, from 0 to 255; results are clamped and
/// rounded half up. Alpha stays; a planar picture stays as it is.
pub(crate) fn by_tone(image: Image, tone: impl Fn(f64) -> f64) -> Image {
    if image.representation().is_deep() {
        let table: Vec<u16> = table_of(tone);
        return by_sample(image, |_| {}, |value| *value = table[usize::from(*value)]);
    }
    let table = table(tone);
    by_sample(image, |value| *value = table[usize::from(*value)], |_| {})
}

/// Replaces red, green and blue each by what `tone` makes of its number, from 0 to 2, and its level; gray counts as red. Alpha
/// stays; a planar picture stays as it is.
pub(crate) fn by_tones(image: Image, tone: impl Fn(usize, f64) -> f64) -> Image {
    match image.representation() {
        one if one.is_gray() => by_tone(image, |level| tone(0, level)),
        one if one.is_deep() => {
            let tables: [Vec<u16>; 3] = std::array::from_fn(|at| table_of(|level| tone(at, level)));
            map_colors(image, |rgb| rgb, |rgb| std::array::from_fn(|at| tables[at][usize::from(rgb[at])]))
        }
        _ => {
            let tables: [Table; 3] = std::array::from_fn(|at| table(|level| tone(at, level)));
            map_colors(image, |rgb| std::array::from_fn(|at| tables[at][usize::from(rgb[at])]), |rgb| rgb)
        }
    }
}

/// Replaces every colour by what the function for its depth makes of it. Alpha stays; a gray or planar picture stays as it is.
/// With the macro [`by_color!`], one expression is both functions.
pub(crate) fn map_colors(
    mut image: Image,
    narrow: impl Fn([u8; 3]) -> [u8; 3],
    wide: impl Fn([u16; 3]) -> [u16; 3],
) -> Image {
    fn colors<S: Copy, const N: usize>(data: &mut [S], color: impl Fn([S; 3]) -> [S; 3]) {
        for pixel in data.as_chunks_mut::<N>().0 {
            let replaced = color([pixel[0], pixel[1], pixel[2]]);
            pixel[..3].copy_from_slice(&replaced);
        }
    }
    match &mut image.pixels {
        Pixels::Rgb(data) => colors::<_, 3>(data, narrow),
        Pixels::Rgba(data) => colors::<_, 4>(data, narrow),
        Pixels::Deep(Deep::Rgb(data)) => colors::<_, 3>(data, wide),
        Pixels::Deep(Deep::Rgba(data)) => colors::<_, 4>(data, wide),
        Pixels::Gray(_) | Pixels::Deep(Deep::Gray(_)) | Pixels::Ycc(_) => {}
    }
    image
}

/// [`map_colors`] by one expression for both depths: a closure that measures in levels (see [`Sample`]).
macro_rules! by_color {
    ($image:expr, $color:expr) => {
        $crate::image::pixelwise::map_colors($image, $color, $color)
    };
}
pub(crate) use by_color;

/// Replaces every colour, and gray as a colour, by what the function for its depth makes of its column, its row and itself.
/// Alpha stays; a planar picture stays as it is. With the macro [`by_place!`], one expression is both functions.
pub(crate) fn map_places(
    mut image: Image,
    narrow: impl FnMut(usize, usize, [u8; 3]) -> [u8; 3],
    wide: impl FnMut(usize, usize, [u16; 3]) -> [u16; 3],
) -> Image {
    fn colors<S: Copy, const N: usize>(
        data: &mut [S],
        width: usize,
        mut color: impl FnMut(usize, usize, [S; 3]) -> [S; 3],
    ) {
        for (y, row) in data.as_chunks_mut::<N>().0.chunks_exact_mut(width).enumerate() {
            for (x, pixel) in row.iter_mut().enumerate() {
                if N == 1 {
                    pixel[0] = color(x, y, [pixel[0]; 3])[0];
                } else {
                    let replaced = color(x, y, [pixel[0], pixel[1], pixel[2]]);
                    pixel[..3].copy_from_slice(&replaced);
                }
            }
        }
    }
    let width = image.size.width as usize;
    match &mut image.pixels {
        Pixels::Gray(data) => colors::<_, 1>(data, width, narrow),
        Pixels::Rgb(data) => colors::<_, 3>(data, width, narrow),
        Pixels::Rgba(data) => colors::<_, 4>(data, width, narrow),
        Pixels::Deep(Deep::Gray(data)) => colors::<_, 1>(data, width, wide),
        Pixels::Deep(Deep::Rgb(data)) => colors::<_, 3>(data, width, wide),
        Pixels::Deep(Deep::Rgba(data)) => colors::<_, 4>(data, width, wide),
        Pixels::Ycc(_) => {}
    }
    image
}

/// [`map_places`] by one expression for both depths: a closure that measures in levels (see [`Sample`]).
macro_rules! by_place {
    ($image:expr, $color:expr) => {
        $crate::image::pixelwise::map_places($image, $color, $color)
    };
}
pub(crate) use by_place;

/// How often each value occurs.
pub(crate) fn histogram(values: impl Iterator<Item = u8>) -> [u64; 256] {
    let mut counts = [0; 256];
    values.for_each(|value| counts[usize::from(value)] += 1);
    counts
}

/// Calls `see` with the colour of each pixel that is not fully transparent, in the depth of an interleaved picture; of other
/// pictures with none.
pub(crate) fn each_visible_of<S: Sample>(pixels: &Pixels, mut see: impl FnMut([S; 3])) {
    let Some((samples, channels)) = S::interleaved(pixels) else { return };
    match channels {
        1 => samples.iter().for_each(|value| see([*value; 3])),
        _ => {
            for pixel in samples.chunks_exact(channels) {
                if pixel.get(3).is_none_or(|alpha| *alpha > S::default()) {
                    see([pixel[0], pixel[1], pixel[2]]);
                }
            }
        }
    }
}

/// The same in 8 bits, whatever the picture has; a planar picture counts by its luma.
pub(crate) fn each_visible(image: &Image, mut see: impl FnMut([u8; 3])) {
    match &at_a_glance(image).pixels {
        Pixels::Ycc(ycc) => ycc.y.data.iter().for_each(|value| see([*value; 3])),
        pixels => each_visible_of::<u8>(pixels, see),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Size;

    #[test]
    fn results_are_rounded_half_up_and_clamped() {
        let table = table(|value| value * 1.5 - 10.0);
        assert_eq!([table[0], table[7], table[8], table[255]], [0, 1, 2, 255]);
        assert_eq!(round(f64::NAN), 0);
    }

    #[test]
    fn alpha_stays() {
        let image = || Image::new(Size::new(2, 1), Pixels::Rgba(vec![1, 2, 3, 4, 5, 6, 7, 8]));
        let doubled = by_tone(image(), |value| value * 2.0);
        assert_eq!(doubled.pixels, Pixels::Rgba(vec![2, 4, 6, 4, 10, 12, 14, 8]));
        let turned = by_color!(image(), |[r, g, b]| [b, r, g]);
        assert_eq!(turned.pixels, Pixels::Rgba(vec![3, 1, 2, 4, 7, 5, 6, 8]));
        let wide = |_, _, rgb: [u16; 3]| rgb;
        let placed = map_places(image(), |x, y, [r, g, _]| [r, g + 10 * x as u8, y as u8], wide);
        assert_eq!(placed.pixels, Pixels::Rgba(vec![1, 2, 0, 4, 5, 16, 0, 8]));
        let each = by_tones(image(), |at, value| value * [1.0, 2.0, 3.0][at]);
        assert_eq!(each.pixels, Pixels::Rgba(vec![1, 4, 9, 4, 5, 12, 21, 8]));
    }
}
