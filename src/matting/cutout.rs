//! Cutting out the subject: colours without the old background, an optional shadow, empty margins trimmed.

use super::fusion::{Reader, estimate};
use super::{BEHIND, no_colour};
use crate::error::Failure;
use crate::image::depth::{Sample, at_a_glance, by_depth};
use crate::image::field::{Field, Map, taps};
use crate::image::resample::{Filter, Window, resample};
use crate::image::{Image, Pixels, Size};

/// Least opacity that counts as content when margins are trimmed: 5 %.
const SEEN: u8 = 13;

/// `image` with the subject's `opacity`, 0 to 255 per pixel, as straight RGBA, multiplied with the picture's own alpha.
/// Partly opaque pixels get the subject's own colour; fully transparent ones are black. `shadow`, at the size of
/// `guide`, is the opacity of a black layer under the subject.
///
/// # Errors
/// When the picture is not interleaved, or a buffer does not match its size; both would be bugs.
pub fn cut_out(image: &Image, opacity: &[u8], guide: &Field, shadow: Option<&Map>) -> Result<Image, Failure> {
    let at_work_size = |values: &[u8]| at_work_size(values, image.size, guide.size);
    let own = own_alpha(image).map(|own| at_work_size(&own)).transpose()?;
    let found = at_work_size(opacity)?;
    let colours = match &own {
        Some(own) => estimate(&unveiled(guide, own), &found, Some(own)),
        None => estimate(guide, &found, None),
    };
    let pixels = by_depth!(image, cut(image, opacity, &colours.reader(image.size), shadow)).ok_or_else(no_colour)?;
    Ok(image.with(image.size, pixels))
}

/// The subject of RGB or RGBA pixels as straight RGBA; `None` for other pixels.
fn cut<S: Sample>(image: &Image, opacity: &[u8], colours: &Reader<'_>, shadow: Option<&Map>) -> Option<Pixels> {
    let (data, channels @ (3 | 4)) = S::interleaved(&image.pixels)? else { return None };
    let width = image.size.width as usize;
    let mut rgba = vec![S::default(); opacity.len() * 4];
    let pixels = rgba.as_chunks_mut::<4>().0.iter_mut().zip(opacity).zip(data.chunks_exact(channels)).enumerate();
    for (at, ((out, opacity), pixel)) in pixels {
        let own = pixel.get(3).copied().unwrap_or(S::MOST);
        let alpha = S::of_byte(*opacity).times(own);
        if alpha > S::default() {
            let pixel = [pixel[0], pixel[1], pixel[2]];
            let [r, g, b] = match *opacity {
                255 => pixel,
                _ => colours.colour(at % width, at / width, pixel, *opacity),
            };
            *out = [r, g, b, alpha];
        }
    }
    if let Some(shadow) = shadow {
        lay_under(&mut rgba, image.size, shadow);
    }
    Some(S::pixels(rgba, 4))
}

/// The subject's opacity multiplied with the picture's own alpha: 0 to 255 per pixel.
pub fn with_own_alpha(mut opacity: Vec<u8>, image: &Image) -> Vec<u8> {
    if !image.has_alpha() {
        return opacity;
    }
    if let Pixels::Rgba(data) = &at_a_glance(image).pixels {
        for (opacity, [.., own]) in opacity.iter_mut().zip(data.as_chunks::<4>().0) {
            *opacity = opacity.times(*own);
        }
    }
    opacity
}

/// The picture's own alpha; `None` if it is opaque everywhere.
fn own_alpha(image: &Image) -> Option<Vec<u8>> {
    if !image.has_alpha() {
        return None;
    }
    let seen = at_a_glance(image);
    let Pixels::Rgba(data) = &seen.pixels else { return None };
    let own: Vec<u8> = data.as_chunks::<4>().0.iter().map(|[.., own]| *own).collect();
    own.iter().any(|own| *own < 255).then_some(own)
}

/// The picture's own colours, without what [`guide`](super::guide) shows behind them.
fn unveiled(guide: &Field, own: &[f32]) -> Field {
    let behind = BEHIND.map(|value| f32::from(value) / 255.0);
    let mut guide = guide.clone();
    for (pixel, own) in guide.data.iter_mut().zip(own).filter(|(_, own)| **own > 0.0) {
        for (colour, behind) in pixel.iter_mut().zip(behind) {
            *colour = ((*colour - (1.0 - own) * behind) / own).clamp(0.0, 1.0);
        }
    }
    guide
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

/// Black with the shadow's opacity under straight RGBA: αo = α + s (1 − α), and black adds nothing to the colour.
fn lay_under<S: Sample>(rgba: &mut [S], size: Size, shadow: &Map) {
    let (across, down) = (taps(shadow.size.width, size.width), taps(shadow.size.height, size.height));
    for (row, down) in rgba.chunks_exact_mut(size.width as usize * 4).zip(down) {
        for ([r, g, b, a], across) in
            row.as_chunks_mut::<4>().0.iter_mut().zip(&across).filter(|(pixel, _)| pixel[3] < S::MOST)
        {
            let alpha = a.level();
            let sum = alpha + shadow.at(*across, down) * (255.0 - alpha);
            let share = if sum > 0.0 { alpha / sum } else { 0.0 };
            for colour in [r, g, b] {
                *colour = S::of_level(colour.level() * share);
            }
            *a = S::of_level(sum);
        }
    }
}

/// The smallest box around everything visible of RGBA: left, top and size. `None` if nothing is visible.
pub(crate) fn seen<S: Sample>(pixels: &Pixels, size: Size) -> Option<(u32, u32, Size)> {
    let (rgba, 4) = S::interleaved(pixels)? else { return None };
    bounds(rgba.as_chunks::<4>().0, size, |pixel| pixel[3] >= S::of_byte(SEEN))
}

/// The smallest box around the pixels that count: left, top and size. `None` if none does.
pub fn bounds<T>(pixels: &[T], size: Size, is_seen: impl Fn(&T) -> bool) -> Option<(u32, u32, Size)> {
    let width = size.width as usize;
    let rows = pixels.chunks_exact(width);
    let (mut left, mut right) = (width, 0);
    let (mut top, mut bottom) = (None, 0);
    for (y, row) in rows.enumerate() {
        let Some(first) = row.iter().position(&is_seen) else { continue };
        let last = row.iter().rposition(&is_seen).unwrap_or(first);
        (left, right) = (left.min(first), right.max(last + 1));
        top = top.or(Some(y));
        bottom = y + 1;
    }
    let top = top?;
    Some((left as u32, top as u32, Size::new((right - left) as u32, (bottom - top) as u32)))
}

/// Composites straight RGBA over a straight `background`: source-over of encoded values, each rounded once.
pub(crate) fn lay_over<S: Sample>(pixels: &mut Pixels, background: [u8; 4]) {
    let Some((rgba, 4)) = S::interleaved_mut(pixels) else { return };
    let [r, g, b, a] = background.map(f32::from);
    for pixel in rgba.as_chunks_mut::<4>().0.iter_mut().filter(|pixel| pixel[3] < S::MOST) {
        let alpha = pixel[3].level();
        let rest = a * (255.0 - alpha) / 255.0;
        let sum = alpha + rest;
        if sum == 0.0 {
            continue;
        }
        let mix = |over: S, under: f32| S::of_level((over.level() * alpha + under * rest) / sum);
        *pixel = [mix(pixel[0], r), mix(pixel[1], g), mix(pixel[2], b), S::of_level(sum)];
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

    /// A gray subject that fades out at its right by its own alpha, before nothing; `found` of it at the edge.
    fn faded(gray: u8) -> Image {
        let own = |i: u32| (255 - 51 * (i32::try_from(i % SIZE.width).unwrap() - 9).clamp(0, 5)) as u8;
        let rgba = (0..SIZE.pixels() as u32).flat_map(|i| match own(i) {
            0 => [255, 255, 255, 0],
            own => [gray, gray, gray, own],
        });
        Image::new(SIZE, Pixels::Rgba(rgba.collect()))
    }

    #[test]
    fn a_picture_that_was_cut_out_before_keeps_its_colours() {
        for gray in [25, 127, 230] {
            let image = faded(gray);
            let guide = guide(&image).unwrap();
            let own: Vec<u8> = own_alpha(&image).unwrap();
            // A model that takes all of it as the subject, and one that sees its edge as soft.
            for opacity in [vec![255; own.len()], own.clone()] {
                let out = cut_out(&image, &opacity, &guide, None).unwrap();
                let Pixels::Rgba(out) = out.pixels else { panic!("with alpha") };
                for ((pixel, own), opacity) in out.as_chunks::<4>().0.iter().zip(&own).zip(&opacity) {
                    assert_eq!(pixel[3], opacity.times(*own));
                    let off = pixel[0].abs_diff(gray);
                    assert!(pixel[3] == 0 || off <= 8, "{pixel:?} of {gray}");
                }
            }
        }
    }

    #[test]
    fn a_shadow_lies_under_the_subject() {
        let mut rgba = [[200_u8, 100, 0, 255], [200, 100, 0, 102], [9, 9, 9, 0]].concat();
        let size = Size::new(3, 1);
        lay_under(&mut rgba, size, &Map { size, data: vec![0.5; 3] });
        // 102 + 0.5 × 153 = 178.5; 102 / 178.5 of the colour is left.
        assert_eq!(rgba, [[200, 100, 0, 255], [114, 57, 0, 179], [0, 0, 0, 128]].concat());
    }

    #[test]
    fn the_box_contains_everything_visible() {
        let mut rgba = vec![0; 6 * 5 * 4];
        let found = |rgba: &[u8]| seen::<u8>(&Pixels::Rgba(rgba.to_vec()), Size::new(6, 5));
        assert_eq!(found(&rgba), None);
        for (x, y, alpha) in [(2, 1, 255), (4, 3, SEEN), (0, 0, SEEN - 1)] {
            rgba[(y * 6 + x) * 4 + 3] = alpha;
        }
        assert_eq!(found(&rgba), Some((2, 1, Size::new(3, 3))));
    }

    #[test]
    fn a_background_is_composited_under_straight_alpha() {
        let mut pixels = Pixels::Rgba([[200, 100, 0, 255], [200, 100, 0, 51], [9, 9, 9, 0]].concat());
        lay_over::<u8>(&mut pixels, [0, 0, 250, 255]);
        assert_eq!(pixels, Pixels::Rgba([[200, 100, 0, 255], [40, 20, 200, 255], [0, 0, 250, 255]].concat()));
        let mut clear = Pixels::Rgba(vec![9, 9, 9, 0]);
        lay_over::<u8>(&mut clear, [1, 2, 3, 128]);
        assert_eq!(clear, Pixels::Rgba(vec![1, 2, 3, 128]));
    }
}
