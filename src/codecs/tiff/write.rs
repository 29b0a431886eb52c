//! Writing: gray, RGB or RGBA of 8 or 16 bits with straight alpha, in strips packed by Deflate with differences, and the
//! profile. Little endian, one page.

use miniz_oxide::deflate::compress_to_vec_zlib;

use crate::codecs::directory::{Entries, UNDEFINED};
use crate::codecs::{EncodeRequest, Encoded, Encoders, Format, lossless};
use crate::error::Failure;
use crate::image::{Deep, Image, Pixels};

/// Bytes of a strip before it is packed, as far as its rows are shorter.
const STRIP: usize = 1 << 18;
/// If no effort is given. A compromise: the sizes of higher levels differ little.
const LEVEL: u8 = 4;

/// Replaces every sample but the first of each row by its difference from the one in the pixel before.
fn differences<S: Copy>(samples: &mut [S], width: usize, channels: usize, minus: fn(S, S) -> S) {
    for row in samples.chunks_exact_mut(width * channels) {
        for at in (channels..row.len()).rev() {
            row[at] = minus(row[at], row[at - channels]);
        }
    }
}

pub(super) fn encode(image: Image, request: &EncodeRequest, _: Option<&dyn Encoders>) -> Result<Encoded, Failure> {
    let icc = image.space.icc().cloned();
    let Image { size, pixels, .. } = lossless(image);
    let width = size.width as usize;
    let (channels, bits, samples) = match pixels {
        Pixels::Gray(mut samples) => {
            differences(&mut samples, width, 1, u8::wrapping_sub);
            (1, 8, samples)
        }
        Pixels::Rgb(mut samples) => {
            differences(&mut samples, width, 3, u8::wrapping_sub);
            (3, 8, samples)
        }
        Pixels::Rgba(mut samples) => {
            differences(&mut samples, width, 4, u8::wrapping_sub);
            (4, 8, samples)
        }
        Pixels::Deep(mut deep) => {
            let channels = deep.channels();
            let (Deep::Gray(samples) | Deep::Rgb(samples) | Deep::Rgba(samples)) = &mut deep;
            differences(samples, width, channels, u16::wrapping_sub);
            (channels, 16, samples.iter().flat_map(|sample| sample.to_le_bytes()).collect())
        }
        Pixels::Ycc(_) => unreachable!("it became RGB"),
    };
    let stride = width * channels * bits / 8;
    let rows = (STRIP / stride).clamp(1, size.height as usize);
    let mut bytes = b"II*\0\0\0\0\0".to_vec();
    let (mut places, mut lengths) = (Vec::new(), Vec::new());
    for strip in samples.chunks(rows * stride) {
        let packed = compress_to_vec_zlib(strip, request.effort.unwrap_or(LEVEL));
        places.push(bytes.len() as u32);
        lengths.push(packed.len() as u32);
        bytes.extend_from_slice(&packed);
    }
    drop(samples);

    let mut directory = Entries::default();
    directory.longs(256, &[size.width]);
    directory.longs(257, &[size.height]);
    directory.shorts(258, &vec![bits as u16; channels]);
    // Deflate.
    directory.shorts(259, &[8]);
    directory.shorts(262, &[if channels == 1 { 1 } else { 2 }]);
    directory.longs(273, &places);
    directory.shorts(277, &[channels as u16]);
    directory.longs(278, &[rows as u32]);
    directory.longs(279, &lengths);
    // The standard requires a resolution; 72 pixels an inch is what programs assume where none is known.
    let resolution = u32::from(request.resolution.unwrap_or(72));
    directory.rationals(282, [resolution, 1]);
    directory.rationals(283, [resolution, 1]);
    directory.shorts(284, &[1]);
    directory.shorts(296, &[2]);
    directory.shorts(317, &[2]);
    if channels == 4 {
        // Straight alpha.
        directory.shorts(338, &[2]);
    }
    if let Some(icc) = icc {
        directory.push(34_675, UNDEFINED, icc.len(), &icc);
    }
    let start = directory.append(&mut bytes);
    bytes[4..8].copy_from_slice(&start.to_le_bytes());
    Ok(Encoded { bytes, format: Format::Tiff, encoder: "pixelmill-tiff 1.0.0" })
}
