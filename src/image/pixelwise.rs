//! Maps of colours one by one: what actions that change light and colour do, whatever surrounds a pixel.

use super::{Image, Pixels};

/// The result for each 8-bit value.
pub(crate) type Table = [u8; 256];

/// A table from a function of values from 0 to 255; its results are clamped and rounded half up.
pub(crate) fn table(value: impl Fn(f64) -> f64) -> Table {
    std::array::from_fn(|at| round(value(at as f64)))
}

/// A value from 0 to 255, clamped and rounded half up.
pub(crate) fn round(value: f64) -> u8 {
    (value + 0.5) as u8
}

/// Replaces every red, green and blue, or gray, by its entry in a table. Alpha stays; a planar picture stays as it is.
pub(crate) fn by_table(mut image: Image, table: &Table) -> Image {
    let replace = |value: &mut u8| *value = table[usize::from(*value)];
    match &mut image.pixels {
        Pixels::Gray(data) | Pixels::Rgb(data) => data.iter_mut().for_each(replace),
        Pixels::Rgba(data) => {
            for [colour @ .., _] in data.as_chunks_mut::<4>().0 {
                colour.iter_mut().for_each(replace);
            }
        }
        Pixels::Ycc(_) => {}
    }
    image
}

/// Replaces every colour. Alpha stays; a gray or planar picture stays as it is.
pub(crate) fn by_color(mut image: Image, color: impl Fn([u8; 3]) -> [u8; 3]) -> Image {
    match &mut image.pixels {
        Pixels::Rgb(data) => data.as_chunks_mut().0.iter_mut().for_each(|rgb| *rgb = color(*rgb)),
        Pixels::Rgba(data) => {
            for rgba in data.as_chunks_mut().0 {
                let [r, g, b, a] = *rgba;
                let [r, g, b] = color([r, g, b]);
                *rgba = [r, g, b, a];
            }
        }
        Pixels::Gray(_) | Pixels::Ycc(_) => {}
    }
    image
}

/// Replaces red, green and blue each by its entry in a table of its own, and gray by that in the first. Alpha stays; a planar
/// picture stays as it is.
pub(crate) fn by_tables(image: Image, tables: &[Table; 3]) -> Image {
    match image.pixels {
        Pixels::Gray(_) => by_table(image, &tables[0]),
        _ => by_color(image, |rgb| std::array::from_fn(|at| tables[at][usize::from(rgb[at])])),
    }
}

/// Replaces every colour, and gray as a colour, by what `color` makes of its column, its row and itself. Alpha stays; a planar
/// picture stays as it is.
pub(crate) fn by_place(mut image: Image, color: impl Fn(usize, usize, [u8; 3]) -> [u8; 3]) -> Image {
    let width = image.size.width as usize;
    match &mut image.pixels {
        Pixels::Gray(data) => {
            for (y, row) in data.chunks_exact_mut(width).enumerate() {
                row.iter_mut().enumerate().for_each(|(x, value)| [*value, ..] = color(x, y, [*value; 3]));
            }
        }
        Pixels::Rgb(data) => {
            for (y, row) in data.as_chunks_mut().0.chunks_exact_mut(width).enumerate() {
                row.iter_mut().enumerate().for_each(|(x, rgb)| *rgb = color(x, y, *rgb));
            }
        }
        Pixels::Rgba(data) => {
            for (y, row) in data.as_chunks_mut().0.chunks_exact_mut(width).enumerate() {
                for (x, [r, g, b, _]) in row.iter_mut().enumerate() {
                    [*r, *g, *b] = color(x, y, [*r, *g, *b]);
                }
            }
        }
        Pixels::Ycc(_) => {}
    }
    image
}

/// How often each value occurs.
pub(crate) fn histogram(values: impl Iterator<Item = u8>) -> [u64; 256] {
    let mut counts = [0; 256];
    values.for_each(|value| counts[usize::from(value)] += 1);
    counts
}

/// The colours of the pixels that are not fully transparent; a planar picture counts by its luma.
pub(crate) fn visible(image: &Image) -> Box<dyn Iterator<Item = [u8; 3]> + '_> {
    match &image.pixels {
        Pixels::Gray(data) => Box::new(data.iter().map(|value| [*value; 3])),
        Pixels::Ycc(ycc) => Box::new(ycc.y.data.iter().map(|value| [*value; 3])),
        Pixels::Rgb(data) => Box::new(data.as_chunks().0.iter().copied()),
        Pixels::Rgba(data) => {
            let seen = |[r, g, b, a]: &[u8; 4]| (*a > 0).then_some([*r, *g, *b]);
            Box::new(data.as_chunks().0.iter().filter_map(seen))
        }
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
        let doubled = by_table(image(), &table(|value| value * 2.0));
        assert_eq!(doubled.pixels, Pixels::Rgba(vec![2, 4, 6, 4, 10, 12, 14, 8]));
        let turned = by_color(image(), |[r, g, b]| [b, r, g]);
        assert_eq!(turned.pixels, Pixels::Rgba(vec![3, 1, 2, 4, 7, 5, 6, 8]));
        let placed = by_place(image(), |x, y, [r, g, _]| [r, g + 10 * x as u8, y as u8]);
        assert_eq!(placed.pixels, Pixels::Rgba(vec![1, 2, 0, 4, 5, 16, 0, 8]));
        let each = by_tables(image(), &[1.0, 2.0, 3.0].map(|factor| table(|value| value * factor)));
        assert_eq!(each.pixels, Pixels::Rgba(vec![1, 4, 9, 4, 5, 12, 21, 8]));
    }
}
