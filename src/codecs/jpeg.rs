//! JPEG (ITU-T T.81): baseline and progressive, gray, YCbCr and RGB. A YCbCr file is decoded to planes as they stand in
//! it, at full size or scaled by the inverse DCT, and planes are written as they are: nothing is resampled on the way.
//!
//! Reading stays strict: a file whose picture is not complete is refused, it never comes out half gray.

use jpeg_encoder::{ChromaSubsamplingMethod, Encoder, ImageBuffer, JpegColorType, SamplingFactor};
use libjpeg_turbo_rs::tj3::{TjHandle, TjParam};
use libjpeg_turbo_rs::{DecodeLimits, Decoder, JpegError, PixelFormat};

use super::icc::{Chunks, ColorModel, JPEG_MARKER, model};
use super::{
    Codec, DecodeRequest, EncodeRequest, Encoded, Format, Header, MAX_PIXELS, MAX_SIDE, Problem, WebpEncoder, exif,
};
use crate::error::Failure;
use crate::image::convert::{composite, full_chroma};
use crate::image::{Image, Pixels, Plane, Representation, Representations, Size, Subsampling, Ycc};

pub(super) const CODEC: Codec = Codec { probe, decode, encode: Some(encode) };

/// Below this quality an interleaved picture is written with chroma at half size.
const FULL_CHROMA_FROM: u8 = 90;
/// More scans than any encoder writes; a decoder's work grows with them.
const MAX_SCANS: u16 = 500;

pub(super) fn sniff(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xff, 0xd8, 0xff])
}

/// How the components of a file make a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    Gray,
    /// Planes that we can keep as they are.
    Planar(Subsampling),
    /// RGB, or YCbCr with a sampling that only the decoder's own upsampling knows.
    Interleaved,
}

/// What stands before the first scan.
struct Preamble {
    header: Header,
    layout: Layout,
    /// Progressive, or components in scans of their own: what is missing then shows only by the end marker.
    several_scans: bool,
    first_scan: usize,
}

#[derive(Clone, Copy)]
struct Component {
    id: u8,
    h: u8,
    v: u8,
}

fn probe(bytes: &[u8]) -> Result<Header, Problem> {
    read_preamble(bytes).map(|preamble| preamble.header)
}

/// The next marker from `at` on, as (code, position after it). Bytes that belong to no segment are skipped, as
/// libjpeg does.
fn next_marker(bytes: &[u8], mut at: usize) -> Option<(u8, usize)> {
    loop {
        at += bytes.get(at..)?.iter().position(|&byte| byte == 0xff)?;
        at += bytes[at..].iter().position(|&byte| byte != 0xff)?;
        let code = bytes[at];
        at += 1;
        if code != 0 {
            return Some((code, at));
        }
    }
}

fn read_preamble(bytes: &[u8]) -> Result<Preamble, Problem> {
    let mut at = 2;
    let mut frame: Option<(u8, Size, Vec<Component>)> = None;
    let (mut jfif, mut adobe, mut orientation) = (false, None, 1);
    let mut chunks = Chunks::default();
    let (scan, first_scan) = loop {
        let (code, after) = next_marker(bytes, at).ok_or(Problem::Truncated)?;
        at = after;
        match code {
            // Markers that stand alone.
            0x01 | 0xd0..=0xd8 => continue,
            0xd9 => return Err(Problem::damaged("it holds no picture")),
            _ => {}
        }
        let length = bytes.get(at..at + 2).ok_or(Problem::Truncated)?;
        let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
        let segment = bytes.get(at + 2..at + length.max(2)).ok_or(Problem::Truncated)?;
        at += length.max(2);
        match code {
            0xda => break (segment, at),
            0xc0..=0xcf if !matches!(code, 0xc4 | 0xc8 | 0xcc) => {
                if frame.is_some() {
                    return Err(Problem::damaged("it has two frames"));
                }
                frame = Some(read_frame(code, segment)?);
            }
            0xe0 => jfif |= segment.starts_with(b"JFIF\0"),
            0xe1 if segment.starts_with(b"Exif\0") => orientation = exif::orientation(segment),
            0xe2 => {
                if let Some(chunk) = segment.strip_prefix(JPEG_MARKER) {
                    chunks.push(chunk);
                }
            }
            0xee if segment.starts_with(b"Adobe") => adobe = segment.get(11).copied(),
            _ => {}
        }
    };

    let (process, size, components) = frame.ok_or_else(|| Problem::damaged("a scan stands before its frame"))?;
    let layout = layout(&components, jfif, adobe)?;
    let native = Representations::of(match layout {
        Layout::Gray => &[Representation::Gray],
        Layout::Planar(_) => &[Representation::Ycc, Representation::Rgb],
        Layout::Interleaved => &[Representation::Rgb],
    });
    let listed = scan.first().map_or(0, |&count| usize::from(count));
    if !matches!(process, 0xc2 | 0xca) && listed != 1 && listed != components.len() {
        return Err(Problem::Unsupported("a JPEG of a rare kind (partly interleaved scans)"));
    }
    let several_scans = matches!(process, 0xc2 | 0xca) || listed < components.len();
    let header = Header { format: Format::Jpeg, size, orientation, alpha: false, native, icc: chunks.finish()? };
    Ok(Preamble { header, layout, several_scans, first_scan })
}

fn read_frame(process: u8, segment: &[u8]) -> Result<(u8, Size, Vec<Component>), Problem> {
    let (&[precision, h0, h1, w0, w1, count], rest) = segment.split_first_chunk().ok_or(Problem::Truncated)?;
    match process {
        0xc3 | 0xc7 | 0xcb | 0xcf => return Err(Problem::Unsupported("a lossless JPEG")),
        0xc5 | 0xc6 | 0xcd | 0xce => return Err(Problem::Unsupported("a hierarchical JPEG")),
        _ if precision != 8 => return Err(Problem::Unsupported("a JPEG of more than 8 bits")),
        _ => {}
    }
    let size = Size::new(u32::from(u16::from_be_bytes([w0, w1])), u32::from(u16::from_be_bytes([h0, h1])));
    let listed = rest.as_chunks::<3>().0;
    let components: Vec<_> = listed
        .iter()
        .take(usize::from(count))
        .map(|&[id, factors, _]| Component { id, h: factors >> 4, v: factors & 15 })
        .collect();
    if components.len() != usize::from(count) {
        return Err(Problem::damaged("its frame header is cut off"));
    }
    if components.iter().any(|one| !(1..=4).contains(&one.h) || !(1..=4).contains(&one.v)) {
        return Err(Problem::damaged("its sampling factors are out of range"));
    }
    Ok((process, size, components))
}

/// Which colours the components hold follows libjpeg (jdapimin.c): the JFIF marker, then Adobe's, then the ids.
fn layout(components: &[Component], jfif: bool, adobe: Option<u8>) -> Result<Layout, Problem> {
    let [luma, blue, red] = match *components {
        [_] => return Ok(Layout::Gray),
        [one, two, three] => [one, two, three],
        [_, _, _, _] => return Err(Problem::Cmyk),
        _ => return Err(Problem::Unsupported("a JPEG with an unusual number of color components")),
    };
    let rgb = !jfif
        && match adobe {
            Some(transform) => transform == 0,
            None => [luma.id, blue.id, red.id] == *b"RGB",
        };
    if blue.h.max(red.h) > luma.h || blue.v.max(red.v) > luma.v {
        return Err(Problem::Unsupported("a JPEG of a rare kind (color finer than luma)"));
    }
    let ratio = |luma: u8, chroma: u8| match (luma / chroma, luma % chroma) {
        (ratio @ (1 | 2 | 4), 0) => Some(ratio),
        _ => None,
    };
    let subsampling = ratio(luma.h, blue.h)
        .zip(ratio(luma.v, blue.v))
        .filter(|_| !rgb && (blue.h, blue.v) == (red.h, red.v))
        .map(|(h, v)| Subsampling { h, v });
    Ok(subsampling.map_or(Layout::Interleaved, Layout::Planar))
}

fn problem(error: JpegError) -> Problem {
    match error {
        JpegError::UnexpectedEof => Problem::Truncated,
        JpegError::Unsupported(_) => Problem::Unsupported("a JPEG of a rare kind"),
        error => Problem::damaged(error),
    }
}

fn decode(bytes: &[u8], header: &Header, request: &DecodeRequest) -> Result<Image, Problem> {
    let preamble = read_preamble(bytes)?;
    let size = preamble.header.size;
    if size != header.size {
        return Err(Problem::damaged("its header changed"));
    }
    // A scan that is missing as a whole is no error to a decoder: it would give a coarser picture.
    if preamble.several_scans && !bytes[preamble.first_scan..].windows(2).rev().any(|pair| pair == [0xff, 0xd9]) {
        return Err(Problem::Truncated);
    }

    match preamble.layout {
        Layout::Interleaved => {
            let mut decoder = Decoder::new_with_limits(bytes, limits()).map_err(problem)?;
            decoder.set_output_format(PixelFormat::Rgb);
            let image = decoder.decode_image().map_err(problem)?;
            let size = Size::new(image.width as u32, image.height as u32);
            Ok(Image { size, pixels: Pixels::Rgb(image.data), icc: None })
        }
        Layout::Gray => {
            let (size, planes) = decode_planes(bytes, size, Subsampling::S444, request.at_least)?;
            let [luma] = <[Plane; 1]>::try_from(planes).map_err(|_| Problem::damaged("a plane is missing"))?;
            Ok(Image { size, pixels: Pixels::Gray(luma.data), icc: None })
        }
        Layout::Planar(subsampling) => {
            let (size, planes) = decode_planes(bytes, size, subsampling, request.at_least)?;
            let [y, cb, cr] = <[Plane; 3]>::try_from(planes).map_err(|_| Problem::damaged("a plane is missing"))?;
            Ok(Image { size, pixels: Pixels::Ycc(Ycc { y, cb, cr, subsampling }), icc: None })
        }
    }
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

/// Decodes to planes at the smallest scale of 1, 1/2, 1/4 and 1/8 that is no smaller than `at_least`.
fn decode_planes(
    bytes: &[u8],
    full: Size,
    subsampling: Subsampling,
    at_least: Size,
) -> Result<(Size, Vec<Plane>), Problem> {
    let scaled = |denominator: u32| Size::new(full.width.div_ceil(denominator), full.height.div_ceil(denominator));
    let serves = |size: Size| size.width >= at_least.width && size.height >= at_least.height;
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

fn encode(image: Image, request: &EncodeRequest, _: Option<&dyn WebpEncoder>) -> Result<Encoded, Failure> {
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
    let written = match icc.as_deref().filter(|profile| gray || model(profile) != ColorModel::Gray) {
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
