//! Fewer colours: GIF has at most 256 in a frame, and PNG on request.

use quantette::deps::palette::{Oklab, Srgb};
use quantette::dither::FloydSteinberg;
use quantette::{ImageBuf, PaletteBuf, Pipeline, QuantizeMethod};

use crate::image::Size;

mod palette;

use palette::palette;

/// Least opacity of a pixel that becomes opaque.
const OPAQUE: u8 = 128;

/// Makes each pixel opaque, over the background, or fully transparent.
pub(super) fn harden(samples: &mut [u8], background: [u8; 3]) {
    for pixel in samples.as_chunks_mut::<4>().0 {
        *pixel = match pixel[3] {
            255 => continue,
            0..OPAQUE => [0; 4],
            alpha => {
                let over = |i: usize| {
                    let (front, back) = (u32::from(pixel[i]), u32::from(background[i]));
                    ((front * u32::from(alpha) + back * (255 - u32::from(alpha)) + 127) / 255) as u8
                };
                [over(0), over(1), over(2), 255]
            }
        };
    }
}

/// At most `most` colours for the pixels that are drawn, and for each pixel the index of its colour; dithered after Floyd and Steinberg if
/// `dithers`. The indices of other pixels mean nothing.
pub(super) fn reduced(drawn: &[Option<[u8; 3]>], size: Size, most: u16, dithers: bool) -> (Vec<[u8; 3]>, Vec<u8>) {
    // What is not drawn takes the colour in front of it, so that it neither needs one nor dithers.
    let mut last = drawn.iter().flatten().next().copied().unwrap_or_default();
    let colors: Vec<Srgb<u8>> = drawn
        .iter()
        .map(|pixel| {
            last = pixel.unwrap_or(last);
            Srgb::new(last[0], last[1], last[2])
        })
        .collect();
    let image = ImageBuf::new(size.width, size.height, colors).unwrap_or_default();
    let chosen = palette(drawn.iter().flatten().copied(), most.into());
    let chosen = chosen.into_iter().map(|[l, a, b]| Oklab::new(l, a, b)).collect::<Vec<_>>();
    let mut pipeline = Pipeline::new().ditherer(dithers.then(FloydSteinberg::new));
    if let Ok(chosen) = PaletteBuf::new(chosen) {
        pipeline = pipeline.quantize_method(QuantizeMethod::CustomPalette(chosen.into()));
    }
    let (palette, indices) = pipeline.input_image(image.as_ref()).output_srgb8_indexed_image().into_parts();
    (palette.into_iter().map(|color| [color.red, color.green, color.blue]).collect(), indices)
}
