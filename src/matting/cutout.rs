//! The picture with its opacity: colours freed from the old background, a shadow laid under, the empty rim cut off.

use super::field::{Field, Map, taps};
use super::fusion::estimate;
use super::no_colour;
use crate::error::Failure;
use crate::image::resample::{Filter, Window, resample};
use crate::image::{Image, Pixels, Size};

/// Opacity from here up counts when the rim is cut off: 5 %.
const SEEN: u8 = 13;

/// `image` with `alpha`, 0 to 255 per pixel, as straight RGBA. Partly opaque pixels get the subject's own colour, fully
/// transparent ones are black. `shadow`, at the size of `guide`, is the opacity of a black layer under the subject.
///
/// # Errors
/// When the picture is not interleaved, or a buffer does not fit its size: both would be bugs.
pub fn cut_out(image: &Image, alpha: &[u8], guide: &Field, shadow: Option<&Map>) -> Result<Image, Failure> {
    let colours = estimate(guide, &at_work_size(alpha, image.size, guide.size)?);
    let colours = colours.reader(image.size);
    let width = image.size.width as usize;
    let mut rgba = vec![0; alpha.len() * 4];
    let pixels = rgba.as_chunks_mut::<4>().0.iter_mut().zip(alpha).enumerate();
    let own = |at: usize, pixel: [u8; 3], alpha: u8| match alpha {
        0 => [0; 4],
        255 => [pixel[0], pixel[1], pixel[2], 255],
        _ => {
            let [r, g, b] = colours.colour(at % width, at / width, pixel, alpha);
            [r, g, b, alpha]
        }
    };
    match &image.pixels {
        Pixels::Rgb(data) => {
            for ((at, (out, alpha)), pixel) in pixels.zip(data.as_chunks::<3>().0) {
                *out = own(at, *pixel, *alpha);
            }
        }
        Pixels::Rgba(data) => {
            for ((at, (out, alpha)), [r, g, b, _]) in pixels.zip(data.as_chunks::<4>().0) {
                *out = own(at, [*r, *g, *b], *alpha);
            }
        }
        Pixels::Gray(_) | Pixels::Ycc(_) => return Err(no_colour()),
    }
    if let Some(shadow) = shadow {
        lay_under(&mut rgba, image.size, shadow);
    }
    Ok(image.with(image.size, Pixels::Rgba(rgba)))
}

/// Opacity from 0 to 1 at another size.
fn at_work_size(alpha: &[u8], from: Size, to: Size) -> Result<Vec<f32>, Failure> {
    let value = |alpha: &u8| f32::from(*alpha) / 255.0;
    if from == to {
        return Ok(alpha.iter().map(value).collect());
    }
    let alpha = Image::new(from, Pixels::Gray(alpha.to_vec()));
    match resample(&alpha, Window::all(from), to, Filter::Bilinear)?.pixels {
        Pixels::Gray(data) => Ok(data.iter().map(value).collect()),
        _ => Err(no_colour()),
    }
}

/// Black of the shadow's opacity under straight RGBA: αo = α + s (1 − α), and black adds nothing to the colour.
fn lay_under(rgba: &mut [u8], size: Size, shadow: &Map) {
    let (across, down) = (taps(shadow.size.width, size.width), taps(shadow.size.height, size.height));
    for (row, down) in rgba.chunks_exact_mut(size.width as usize * 4).zip(down) {
        for ([r, g, b, a], across) in
            row.as_chunks_mut::<4>().0.iter_mut().zip(&across).filter(|(pixel, _)| pixel[3] < 255)
        {
            let alpha = f32::from(*a);
            let sum = alpha + shadow.at(*across, down) * (255.0 - alpha);
            let share = if sum > 0.0 { alpha / sum } else { 0.0 };
            for colour in [r, g, b] {
                *colour = (f32::from(*colour) * share + 0.5) as u8;
            }
            *a = (sum + 0.5) as u8;
        }
    }
}

/// The smallest box that holds all that is seen: left, top and size. `None` where nothing is.
pub fn seen(rgba: &[u8], size: Size) -> Option<(u32, u32, Size)> {
    let width = size.width as usize;
    let is_seen = |pixel: &[u8; 4]| pixel[3] >= SEEN;
    let rows = rgba.as_chunks::<4>().0.chunks_exact(width);
    let (mut left, mut right) = (width, 0);
    let (mut top, mut bottom) = (None, 0);
    for (y, row) in rows.enumerate() {
        let Some(first) = row.iter().position(is_seen) else { continue };
        let last = row.iter().rposition(is_seen).unwrap_or(first);
        (left, right) = (left.min(first), right.max(last + 1));
        top = top.or(Some(y));
        bottom = y + 1;
    }
    let top = top?;
    Some((left as u32, top as u32, Size::new((right - left) as u32, (bottom - top) as u32)))
}

/// Lays straight RGBA over `background`, straight too: source-over of encoded values, each rounded once.
pub fn lay_over(rgba: &mut [u8], background: [u8; 4]) {
    let [r, g, b, a] = background.map(f32::from);
    for pixel in rgba.as_chunks_mut::<4>().0.iter_mut().filter(|pixel| pixel[3] < 255) {
        let alpha = f32::from(pixel[3]);
        let rest = a * (255.0 - alpha) / 255.0;
        let sum = alpha + rest;
        if sum == 0.0 {
            continue;
        }
        let mix = |over: u8, under: f32| ((f32::from(over) * alpha + under * rest) / sum + 0.5) as u8;
        *pixel = [mix(pixel[0], r), mix(pixel[1], g), mix(pixel[2], b), (sum + 0.5) as u8];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matting::guide;

    const SIZE: Size = Size::new(24, 8);

    /// A red subject at the left, which runs out over four pixels, on blue.
    fn blend() -> (Image, Vec<u8>) {
        let alpha: Vec<u8> =
            (0..SIZE.pixels() as u32).map(|i| (15 - (i % SIZE.width).clamp(10, 15)) as u8 * 51).collect();
        let rgb = alpha.iter().flat_map(|alpha| [*alpha, 20, 255 - alpha]).collect();
        (Image::new(SIZE, Pixels::Rgb(rgb)), alpha)
    }

    #[test]
    fn partly_opaque_pixels_get_the_colour_of_the_subject() {
        let (image, alpha) = blend();
        let guide = guide(&image).unwrap();
        let Pixels::Rgba(out) = cut_out(&image, &alpha, &guide, None).unwrap().pixels else { panic!("with alpha") };
        for (pixel, alpha) in out.as_chunks::<4>().0.iter().zip(&alpha) {
            assert_eq!(pixel[3], *alpha);
            match alpha {
                0 => assert_eq!(*pixel, [0; 4]),
                _ => assert!(pixel[0] > 235 && pixel[2] < 20, "{pixel:?}"),
            }
        }
    }

    #[test]
    fn a_shadow_lies_under_the_subject() {
        let mut rgba = [[200, 100, 0, 255], [200, 100, 0, 102], [9, 9, 9, 0]].concat();
        let size = Size::new(3, 1);
        lay_under(&mut rgba, size, &Map { size, data: vec![0.5; 3] });
        // 102 + 0.5 × 153 = 178.5; 102 / 178.5 of the colour is left.
        assert_eq!(rgba, [[200, 100, 0, 255], [114, 57, 0, 179], [0, 0, 0, 128]].concat());
    }

    #[test]
    fn the_box_holds_what_is_seen() {
        let mut rgba = vec![0; 6 * 5 * 4];
        assert_eq!(seen(&rgba, Size::new(6, 5)), None);
        for (x, y, alpha) in [(2, 1, 255), (4, 3, SEEN), (0, 0, SEEN - 1)] {
            rgba[(y * 6 + x) * 4 + 3] = alpha;
        }
        assert_eq!(seen(&rgba, Size::new(6, 5)), Some((2, 1, Size::new(3, 3))));
    }

    #[test]
    fn a_background_is_laid_under_straight_alpha() {
        let mut rgba = [[200, 100, 0, 255], [200, 100, 0, 51], [9, 9, 9, 0]].concat();
        lay_over(&mut rgba, [0, 0, 250, 255]);
        assert_eq!(rgba, [[200, 100, 0, 255], [40, 20, 200, 255], [0, 0, 250, 255]].concat());
        let mut clear = vec![9, 9, 9, 0];
        lay_over(&mut clear, [1, 2, 3, 128]);
        assert_eq!(clear, [1, 2, 3, 128]);
    }
}
