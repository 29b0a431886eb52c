//! Reading: planes as they stand in the file where we can keep them, RGB otherwise.

use libjpeg_turbo_rs::tj3::{TjHandle, TjParam};
use libjpeg_turbo_rs::{DecodeLimits, Decoder, JpegError, PixelFormat};

use super::preamble::{Layout, read_preamble};
use crate::codecs::{DecodeRequest, Header, MAX_PIXELS, MAX_SIDE, Picture, Problem};
use crate::image::{Image, Pixels, Plane, Size, Subsampling, Ycc};

/// More scans than any encoder writes; a decoder's work grows with them.
const MAX_SCANS: u16 = 500;

fn problem(error: JpegError) -> Problem {
    match error {
        JpegError::UnexpectedEof => Problem::Truncated,
        JpegError::Unsupported(_) => Problem::Unsupported("a JPEG of a rare kind"),
        error => Problem::damaged(error),
    }
}

pub(super) fn decode(bytes: &[u8], header: &Header, request: &DecodeRequest) -> Result<Picture, Problem> {
    let preamble = read_preamble(bytes)?;
    let size = preamble.header.size;
    if size != header.size {
        return Err(Problem::damaged("its header changed"));
    }
    // A scan that is missing as a whole is no error to a decoder: it would give a coarser picture.
    if preamble.several_scans && !bytes[preamble.first_scan..].windows(2).rev().any(|pair| pair == [0xff, 0xd9]) {
        return Err(Problem::Truncated);
    }

    let image = match preamble.layout {
        Layout::Interleaved => {
            let mut decoder = Decoder::new_with_limits(bytes, limits()).map_err(problem)?;
            decoder.set_output_format(PixelFormat::Rgb);
            let image = decoder.decode_image().map_err(problem)?;
            let size = Size::new(image.width as u32, image.height as u32);
            Image { size, pixels: Pixels::Rgb(image.data), icc: None }
        }
        Layout::Gray => {
            let (size, planes) = decode_planes(bytes, size, Subsampling::S444, request)?;
            let [luma] = <[Plane; 1]>::try_from(planes).map_err(|_| Problem::damaged("a plane is missing"))?;
            Image { size, pixels: Pixels::Gray(luma.data), icc: None }
        }
        Layout::Planar(subsampling) => {
            let (size, planes) = decode_planes(bytes, size, subsampling, request)?;
            let [y, cb, cr] = <[Plane; 3]>::try_from(planes).map_err(|_| Problem::damaged("a plane is missing"))?;
            Image { size, pixels: Pixels::Ycc(Ycc { y, cb, cr, subsampling }), icc: None }
        }
    };
    Ok(image.into())
}

fn limits() -> DecodeLimits {
    DecodeLimits {
        max_width: MAX_SIDE as usize,
        max_height: MAX_SIDE as usize,
        max_pixels: MAX_PIXELS,
        max_scans: usize::from(MAX_SCANS),
        ..DecodeLimits::default()
    }
}

/// Decodes to planes at the smallest scale of 1, 1/2, 1/4 and 1/8 at which luma and chroma serve the request.
fn decode_planes(
    bytes: &[u8],
    full: Size,
    subsampling: Subsampling,
    request: &DecodeRequest,
) -> Result<(Size, Vec<Plane>), Problem> {
    let scaled = |denominator: u32| Size::new(full.width.div_ceil(denominator), full.height.div_ceil(denominator));
    let covers = |size: Size, least: Size, most: Size| {
        size.width >= least.width.min(most.width) && size.height >= least.height.min(most.height)
    };
    let serves = |size: Size| {
        covers(size, request.at_least, full)
            && covers(subsampling.chroma_size(size), request.chroma_at_least, subsampling.chroma_size(full))
    };
    if let Some(denominator) = [8, 4, 2].into_iter().find(|&denominator| serves(scaled(denominator))) {
        let size = scaled(denominator);
        let mut handle = TjHandle::new();
        handle.set(TjParam::ScanLimit, i32::from(MAX_SCANS)).map_err(problem)?;
        handle.set_scaling_factor(1, denominator).map_err(problem)?;
        match handle.decompress_to_yuv_planes(bytes) {
            Ok((planes, ..)) => {
                // TurboJPEG pads the luma plane to whole chroma samples.
                let stride = size.width.next_multiple_of(u32::from(subsampling.h)) as usize;
                let strides = [stride, stride / usize::from(subsampling.h), stride / usize::from(subsampling.h)];
                return cropped(planes.into_iter().zip(strides), size, subsampling);
            }
            // A sampling that TurboJPEG has no name for: full size serves as well.
            Err(JpegError::Unsupported(_)) => {}
            Err(error) => return Err(problem(error)),
        }
    }
    let raw = Decoder::new_with_limits(bytes, limits()).and_then(Decoder::decode_raw).map_err(problem)?;
    cropped(raw.planes.into_iter().zip(raw.plane_widths), full, subsampling)
}

/// Cuts planes with padded rows down to their size, in place.
fn cropped(
    planes: impl Iterator<Item = (Vec<u8>, usize)>,
    size: Size,
    subsampling: Subsampling,
) -> Result<(Size, Vec<Plane>), Problem> {
    let sizes = std::iter::once(size).chain(std::iter::repeat(subsampling.chroma_size(size)));
    planes
        .zip(sizes)
        .map(|((mut data, stride), size)| {
            let (width, height) = (size.width as usize, size.height as usize);
            if stride < width || data.len() < stride * (height - 1) + width {
                return Err(Problem::damaged("a plane is too small"));
            }
            if stride > width {
                for y in 1..height {
                    data.copy_within(y * stride..y * stride + width, y * width);
                }
            }
            data.truncate(width * height);
            Ok(Plane { size, data })
        })
        .collect::<Result<_, _>>()
        .map(|planes| (size, planes))
}
