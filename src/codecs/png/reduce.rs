//! Fewer colours than a picture has.

use super::super::Palette;
use super::super::quantize::{harden, reduced as quantized};
use crate::image::convert::convert;
use crate::image::{Image, Pixels, Representation};

/// What writes such a picture, for the record.
pub(super) const ENCODER: &str = "png 0.18.1, quantette 0.6.0";

/// The picture with as many colours as the palette has, each pixel opaque or transparent, and whether it was changed: a
/// picture that has no more colours, translucent ones included, stays as it is.
pub(super) fn reduced(image: Image, palette: Palette, background: [u8; 3]) -> (Image, bool) {
    let colored = convert(image.clone(), Representation::Rgba);
    let Pixels::Rgba(mut samples) = colored.pixels else { unreachable!("converted above") };
    let most = usize::from(palette.colors);
    if !has_more_colors(&samples, most) {
        return (image, false);
    }
    harden(&mut samples, background);
    let pixels = samples.as_chunks::<4>().0.iter();
    let drawn: Vec<Option<[u8; 3]>> = pixels.map(|&[r, g, b, alpha]| (alpha != 0).then_some([r, g, b])).collect();
    drop(samples);
    let is_transparent = drawn.contains(&None);
    // With two colours one of which is transparent, a single one is left for all that is drawn.
    let colors = palette.colors - u16::from(is_transparent);
    let (palette, indices) = quantized(&drawn, image.size, colors, palette.dithers);
    let color = |index: &u8| palette.get(usize::from(*index)).copied().unwrap_or_default();
    let pixels = if is_transparent {
        let pixel = |(index, drawn): (&u8, &Option<[u8; 3]>)| {
            let [r, g, b] = color(index);
            if drawn.is_some() { [r, g, b, 255] } else { [0; 4] }
        };
        Pixels::Rgba(indices.iter().zip(&drawn).flat_map(pixel).collect())
    } else {
        Pixels::Rgb(indices.iter().flat_map(color).collect())
    };
    (Image { size: image.size, pixels, space: colored.space }, true)
}

/// Whether there are more than `most` colours.
fn has_more_colors(samples: &[u8], most: usize) -> bool {
    let mut found = std::collections::HashSet::with_capacity(most + 1);
    let mut last = None;
    samples.as_chunks::<4>().0.iter().any(|pixel| {
        let is_new = last != Some(pixel) && found.insert(*pixel);
        last = Some(pixel);
        is_new && found.len() > most
    })
}
