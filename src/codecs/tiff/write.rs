//! Writing: gray, RGB or RGBA of 8 or 16 bits with straight alpha, in strips packed by Deflate with differences, and the
//! profile. Little endian, one page.

use miniz_oxide::deflate::core::{
    CompressionStrategy, CompressorOxide, TDEFLFlush, TDEFLStatus, compress, create_comp_flags_from_zip_params,
};

use super::pack::packed;
use crate::codecs::directory::{Entries, UNDEFINED};
use crate::codecs::{EncodeRequest, Encoded, Encoders, Format, lossless};
use crate::error::Failure;
use crate::image::{Deep, Image, Pixels};

/// Bytes of a strip before it is packed, as far as its rows are shorter.
const STRIP: usize = 1 << 18;

/// Every sample but the first of each row as its difference from the one in the pixel before, in bytes.
fn differences<S: Copy + Default, const BYTES: usize>(
    samples: &[S],
    stride: usize,
    channels: usize,
    minus: impl Fn(S, S) -> [u8; BYTES],
) -> Vec<u8> {
    let mut bytes = vec![0; samples.len() * BYTES];
    let (places, _) = bytes.as_chunks_mut::<BYTES>();
    for (places, row) in places.chunks_exact_mut(stride).zip(samples.chunks_exact(stride)) {
        let (first, rest) = places.split_at_mut(channels);
        first.iter_mut().zip(row).for_each(|(place, here)| *place = minus(*here, S::default()));
        for ((place, here), left) in rest.iter_mut().zip(&row[channels..]).zip(row) {
            *place = minus(*here, *left);
        }
    }
    bytes
}

/// Packs strips one after the other: quickly, or also in slower ways, of which each strip gets the smallest. So more effort never makes
/// it larger than none.
struct Packer {
    effort: Option<u8>,
    /// How many were packed.
    strips: usize,
    /// What was better when it was compared last.
    better: CompressionStrategy,
}

impl Packer {
    fn pack(&mut self, strip: &[u8]) -> Vec<u8> {
        /// All are compared for every so many strips.
        const APART: usize = 8;
        let mut smallest = packed(strip);
        let Some(effort @ 2..) = self.effort else { return smallest };
        let are_compared = effort >= 7 || self.strips.is_multiple_of(APART);
        self.strips += 1;
        // Differences of a photograph repeat by chance, but not far: without short repetitions its file is smaller. Drawings
        // need them. A level of 3 is no better than 2, without short repetitions none is better than 6, and 8 is no better than 7.
        let level = if effort > 3 { effort.min(7) } else { effort - 1 };
        let hardest = (effort == 9).then_some((CompressionStrategy::Default, 9));
        let tried = [(CompressionStrategy::Filtered, level.min(6)), (CompressionStrategy::Default, level)];
        for (strategy, level) in tried.into_iter().chain(hardest) {
            if !are_compared && strategy != self.better {
                continue;
            }
            let other = deflated(strip, level, strategy);
            if let Some(other) = other.filter(|other| other.len() < smallest.len()) {
                smallest = other;
                self.better = strategy;
            }
        }
        smallest
    }
}

/// A zlib stream, if it is smaller than the bytes.
fn deflated(bytes: &[u8], level: u8, strategy: CompressionStrategy) -> Option<Vec<u8>> {
    const WINDOW_BITS: i32 = 15;
    let flags = create_comp_flags_from_zip_params(level.into(), WINDOW_BITS, strategy as i32);
    let mut out = vec![0; bytes.len()];
    let (status, _, length) = compress(&mut CompressorOxide::new(flags), bytes, &mut out, TDEFLFlush::Finish);
    out.truncate(length);
    (status == TDEFLStatus::Done).then_some(out)
}

pub(super) fn encode(image: Image, request: &EncodeRequest, _: Option<&dyn Encoders>) -> Result<Encoded, Failure> {
    let icc = image.space.icc().cloned();
    let Image { size, pixels, .. } = lossless(image);
    let width = size.width as usize;
    let (channels, bits) = match &pixels {
        Pixels::Gray(_) => (1, 8),
        Pixels::Rgb(_) => (3, 8),
        Pixels::Rgba(_) => (4, 8),
        Pixels::Deep(deep) => (deep.channels(), 16),
        Pixels::Ycc(_) => unreachable!("it became RGB"),
    };
    // In samples.
    let stride = width * channels;
    let rows = (STRIP / (stride * bits / 8)).clamp(1, size.height as usize);
    let mut bytes = b"II*\0\0\0\0\0".to_vec();
    let (mut places, mut lengths) = (Vec::new(), Vec::new());
    let mut packer = Packer { effort: request.effort, strips: 0, better: CompressionStrategy::Filtered };
    for first in (0..size.height as usize).step_by(rows) {
        let range = first * stride..(first + rows).min(size.height as usize) * stride;
        let strip = match &pixels {
            Pixels::Deep(Deep::Gray(samples) | Deep::Rgb(samples) | Deep::Rgba(samples)) => {
                differences(&samples[range], stride, channels, |here, left| here.wrapping_sub(left).to_le_bytes())
            }
            Pixels::Gray(samples) | Pixels::Rgb(samples) | Pixels::Rgba(samples) => {
                differences(&samples[range], stride, channels, |here: u8, left| [here.wrapping_sub(left)])
            }
            Pixels::Ycc(_) => unreachable!("it became RGB"),
        };
        let packed = packer.pack(&strip);
        places.push(bytes.len() as u32);
        lengths.push(packed.len() as u32);
        bytes.extend_from_slice(&packed);
    }
    drop(pixels);

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
    Ok(Encoded { bytes, format: Format::Tiff, encoder: "pixelmill-tiff 1.1.0" })
}
