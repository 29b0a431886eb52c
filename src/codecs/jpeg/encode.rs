//! Writing: planes as they are, interleaved pictures with chroma as their quality asks.

use jpeg_encoder::{ChromaSubsamplingMethod, Encoder, ImageBuffer, JpegColorType, SamplingFactor};

use crate::codecs::icc::{Model, model};
use crate::codecs::{EncodeRequest, Encoded, Format, MAX_SIDE, WebpEncoder};
use crate::error::Failure;
use crate::image::convert::{composite, full_chroma};
use crate::image::{Image, Pixels, Subsampling, Ycc};

/// Below this quality an interleaved picture is written with chroma at half size.
const FULL_CHROMA_FROM: u8 = 90;

/// Planes as the encoder takes them: a row at a time, chroma replicated to luma size. With its subsampling method
/// "nearest" the encoder then picks exactly the samples that we have.
struct Planar<'a>(&'a Ycc);

impl ImageBuffer for Planar<'_> {
    fn get_jpeg_color_type(&self) -> JpegColorType {
        JpegColorType::Ycbcr
    }

    fn width(&self) -> u16 {
        self.0.y.size.width as u16
    }

    fn height(&self) -> u16 {
        self.0.y.size.height as u16
    }

    fn fill_buffers(&self, y: u16, buffers: &mut [Vec<u8>; 4]) {
        let Subsampling { h, v } = self.0.subsampling;
        let chroma_row = u32::from(y) / u32::from(v);
        let [luma, blue, red, _] = buffers;
        luma.extend_from_slice(self.0.y.row(u32::from(y)));
        for (buffer, plane) in [(blue, &self.0.cb), (red, &self.0.cr)] {
            replicate(plane.row(chroma_row), usize::from(h), usize::from(self.width()), buffer);
        }
    }
}

fn replicate(row: &[u8], times: usize, width: usize, buffer: &mut Vec<u8>) {
    let start = buffer.len();
    match times {
        1 => buffer.extend_from_slice(row),
        2 => {
            buffer.resize(start + row.len() * 2, 0);
            let pairs = buffer[start..].as_chunks_mut::<2>().0;
            pairs.iter_mut().zip(row).for_each(|(pair, &value)| *pair = [value; 2]);
        }
        _ => row.iter().for_each(|&value| buffer.extend(std::iter::repeat_n(value, times))),
    }
    buffer.truncate(start + width);
}

pub(super) fn encode(image: Image, request: &EncodeRequest, _: Option<&dyn WebpEncoder>) -> Result<Encoded, Failure> {
    let Image { size, pixels, icc } = composite(image, request.background);
    if size.width > MAX_SIDE || size.height > MAX_SIDE {
        return Err(Failure::execute(
            format!("A JPEG file holds at most 65,500 pixels a side; the picture is {}×{}.", size.width, size.height),
            "Make the picture smaller, or choose PNG.",
        ));
    }
    let gray = matches!(pixels, Pixels::Gray(_));
    let mut bytes = Vec::with_capacity(size.pixels() as usize / 4);
    let mut encoder = Encoder::new(&mut bytes, request.quality.clamp(1, 100));
    encoder.set_sampling_factor(SamplingFactor::F_1_1);
    let written = match icc.as_deref().filter(|profile| gray || model(profile) != Model::Gray) {
        Some(profile) => encoder.add_icc_profile(profile),
        None => Ok(()),
    };
    let (width, height) = (size.width as u16, size.height as u16);
    let written = written.and_then(|()| match pixels {
        Pixels::Gray(samples) => encoder.encode(&samples, width, height, jpeg_encoder::ColorType::Luma),
        Pixels::Ycc(ycc) => {
            let factor = |ycc: &Ycc| SamplingFactor::from_factors(ycc.subsampling.h, ycc.subsampling.v);
            // 4×4 cannot be written; nobody does.
            let ycc = if factor(&ycc).is_some() { ycc } else { full_chroma(ycc) };
            encoder.set_sampling_factor(factor(&ycc).unwrap_or(SamplingFactor::F_1_1));
            encoder.encode_image(Planar(&ycc))
        }
        Pixels::Rgb(samples) | Pixels::Rgba(samples) => {
            if request.quality < FULL_CHROMA_FROM {
                encoder.set_sampling_factor(SamplingFactor::F_2_2);
                // The mean of each block, which is centred siting.
                encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
            }
            encoder.encode(&samples, width, height, jpeg_encoder::ColorType::Rgb)
        }
    });
    written.map_err(|error| Failure::system(format!("The JPEG file could not be written: {error}."), "Try again."))?;
    Ok(Encoded { bytes, format: Format::Jpeg, encoder: "jpeg-encoder 0.7.1" })
}
