//! Writing icons: the picture, and smaller copies of it for the places where systems and browsers show icons, each as PNG.

use super::super::{EncodeRequest, Encoded, Encoders, Format, png};
use super::{ENTRY, HEADER};
use crate::color::ColorSpace;
use crate::error::Failure;
use crate::image::convert::convert;
use crate::image::recolor::recolor;
use crate::image::resample::{Filter, Window, resample};
use crate::image::{Image, Representation, Size};

/// Longest side that the format allows.
const MAX_SIDE: u32 = 256;
/// The longest sides of the copies, where they are smaller than the picture.
const COPIES: [u32; 5] = [128, 64, 48, 32, 16];

pub(super) fn encode(
    image: Image,
    request: &EncodeRequest,
    encoders: Option<&dyn Encoders>,
) -> Result<Encoded, Failure> {
    let Size { width, height } = image.size;
    if width > MAX_SIDE || height > MAX_SIDE {
        return Err(Failure::execute(
            format!("An icon can be at most 256 pixels a side; the picture is {width}×{height}."),
            "Add a resize action: \"fit\" into 256 × 256 pixels.",
        ));
    }
    // Systems expect all colours.
    let request = &EncodeRequest { palette: None, ..request.clone() };
    // There is no place for a profile, and programs expect colours with alpha.
    let image = convert(recolor(image, &ColorSpace::SRGB), Representation::Rgba);
    let longest = width.max(height);
    let mut pictures = vec![image.clone()];
    for side in COPIES.into_iter().filter(|side| *side < longest) {
        let scaled = |length: u32| ((length * side + longest / 2) / longest).max(1);
        let size = Size::new(scaled(width), scaled(height));
        pictures.push(resample(&image, Window::all(image.size), size, Filter::Lanczos3)?);
    }
    let mut directory = vec![0, 0, 1, 0, pictures.len() as u8, 0];
    let mut files = Vec::new();
    let begin = HEADER + ENTRY * pictures.len();
    for mut picture in pictures {
        picture.space = ColorSpace::SRGB;
        let Size { width, height } = picture.size;
        let file = png::encode(picture, request, encoders)?.bytes;
        // 256 is written as 0. Then: no palette, a reserved byte, one plane of 32 bits.
        directory.extend_from_slice(&[width as u8, height as u8, 0, 0, 1, 0, 32, 0]);
        for number in [file.len(), begin + files.len()] {
            directory.extend_from_slice(&(number as u32).to_le_bytes());
        }
        files.extend_from_slice(&file);
    }
    directory.extend_from_slice(&files);
    Ok(Encoded { bytes: directory, format: Format::Ico, encoder: "png 0.18.1" })
}
