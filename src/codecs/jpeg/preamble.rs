//! What stands before the first scan: size, orientation, profile, and which colours the components hold.

use crate::codecs::icc::{Chunks, JPEG_MARKER, or_note};
use crate::codecs::{Format, Header, Problem, exif};
use crate::image::{Representation, Representations, Size, Subsampling};

/// How the components of a file make a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    Gray,
    /// Planes that we can keep as they are.
    Planar(Subsampling),
    /// RGB, or YCbCr with a sampling that only the decoder's own upsampling knows.
    Interleaved,
}

/// What stands before the first scan.
pub(super) struct Preamble {
    pub(super) header: Header,
    pub(super) layout: Layout,
    /// Progressive, or components in scans of their own: what is missing then shows only by the end marker.
    pub(super) several_scans: bool,
    pub(super) first_scan: usize,
}

#[derive(Clone, Copy)]
struct Component {
    id: u8,
    h: u8,
    v: u8,
}

pub(super) fn probe(bytes: &[u8]) -> Result<Header, Problem> {
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

pub(super) fn read_preamble(bytes: &[u8]) -> Result<Preamble, Problem> {
    let mut at = 2;
    let mut frame: Option<(u8, Size, Vec<Component>)> = None;
    let (mut jfif, mut adobe, mut orientation) = (false, None, None);
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
            0xe1 if segment.starts_with(b"Exif\0") => orientation = orientation.or_else(|| exif::orientation(segment)),
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
    let mut findings = Vec::new();
    let icc = or_note(chunks.finish(), &mut findings);
    let orientation = orientation.unwrap_or(1);
    let header = Header { format: Format::Jpeg, size, orientation, alpha: false, native, icc, findings };
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
