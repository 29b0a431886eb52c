//! Everything before the first scan: size, orientation, colour space, and the color model of the components.

use super::frame::{Component, Frame, Segment, is_frame, next_segment, no_frame};
use super::gain_map;
use super::metadata::XMP;
use crate::codecs::icc::{Chunks, JPEG_MARKER, Samples, accept, or_note};
use crate::codecs::{Finding, Format, Header, Problem, exif};
use crate::color::ColorSpace;
use crate::image::{Representation, Representations, Subsampling};

/// How the components of a file make a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    Gray,
    /// Planes that can be kept as they are.
    Planar(Subsampling),
    /// Y′CbCr with planes that must be brought to one size.
    Uneven,
    /// R′G′B′.
    Rgb,
    /// Four inks.
    Inks(InkCoding),
}

/// How inks are coded. As Adobe's programs have it, 0 is full ink; others follow them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InkCoding {
    /// As they are.
    Cmyk,
    /// Cyan, magenta and yellow as Y′CbCr.
    Ycck,
}

/// Everything before the first scan.
pub(super) struct Preamble {
    pub(super) header: Header,
    pub(super) frame: Frame,
    pub(super) layout: Layout,
    /// The profile of inks; the header has the space of the decoded picture.
    pub(super) inks: ColorSpace,
}

pub(in crate::codecs) fn probe(bytes: &[u8]) -> Result<Header, Problem> {
    read_preamble(bytes).map(|preamble| preamble.header)
}

pub(super) fn read_preamble(bytes: &[u8]) -> Result<Preamble, Problem> {
    let mut at = 2;
    let mut frame: Option<Frame> = None;
    let (mut jfif, mut adobe, mut orientation, mut adobe_rgb) = (false, None, None, false);
    let mut chunks = Chunks::default();
    let mut has_gain_map = false;
    loop {
        let (code, body) = match next_segment(bytes, &mut at) {
            Segment::Content { code, body } => (code, body),
            Segment::End => return Err(Problem::damaged("it contains no picture")),
            Segment::CutOff => return Err(Problem::Truncated),
        };
        match code {
            0xda => break,
            _ if is_frame(code) => {
                if frame.is_some() {
                    return Err(Problem::damaged("it has two frames"));
                }
                frame = Some(Frame::read(code, body)?);
            }
            0xe0 => jfif |= body.starts_with(b"JFIF\0"),
            0xe1 if body.starts_with(b"Exif\0") => {
                orientation = orientation.or_else(|| exif::orientation(body));
                adobe_rgb |= exif::is_adobe_rgb(body);
            }
            0xe1 if body.starts_with(XMP) => has_gain_map |= gain_map::is_named(body),
            0xe2 => {
                has_gain_map |= gain_map::is_said(body) || gain_map::is_listed(bytes, at - body.len(), body);
                if let Some(chunk) = body.strip_prefix(JPEG_MARKER) {
                    chunks.push(chunk);
                }
            }
            0xee if body.starts_with(b"Adobe") => adobe = body.get(11).copied(),
            _ => {}
        }
    }

    let frame = frame.ok_or_else(no_frame)?;
    let layout = layout(&frame.components, jfif, adobe)?;
    let native = Representations::of(match layout {
        Layout::Gray => &[Representation::Gray],
        Layout::Planar(_) | Layout::Uneven => &[Representation::Ycc, Representation::Rgb],
        Layout::Rgb | Layout::Inks(_) => &[Representation::Rgb],
    });
    let mut findings = Vec::new();
    let samples = match layout {
        Layout::Gray => Samples::Gray,
        Layout::Planar(_) | Layout::Uneven | Layout::Rgb => Samples::Rgb,
        Layout::Inks(_) => Samples::Cmyk,
    };
    let found = chunks.finish().and_then(|profile| match profile {
        Some(profile) => accept(&profile, samples),
        None => Ok((adobe_rgb && samples == Samples::Rgb).then(ColorSpace::adobe_rgb)),
    });
    let (space, inks) = match (or_note(found, &mut findings), samples) {
        (inks, Samples::Cmyk) => {
            if inks.model().is_none() && findings.is_empty() {
                findings.push(Finding::InksUnknown);
            }
            (ColorSpace::SRGB, inks)
        }
        (space, _) => (space, ColorSpace::SRGB),
    };
    if has_gain_map {
        findings.push(Finding::GainMapLeftOut);
    }
    let orientation = orientation.unwrap_or(1);
    let (format, size, animation) = (Format::Jpeg, frame.size, None);
    let header = Header { format, size, orientation, alpha: false, native, space, animation, findings };
    Ok(Preamble { header, frame, layout, inks })
}

/// The color model follows libjpeg (jdapimin.c): the JFIF marker, then Adobe's, then the component ids.
fn layout(components: &[Component], jfif: bool, adobe: Option<u8>) -> Result<Layout, Problem> {
    let most = |factor: fn(&Component) -> u8| components.iter().map(factor).max().unwrap_or(1);
    let (h, v) = (most(|one| one.h), most(|one| one.v));
    if components.iter().any(|one| h % one.h != 0 || v % one.v != 0) {
        return Err(Problem::Unsupported("a rare kind of JPEG (fractional sampling)"));
    }
    let [luma, blue, red] = match *components {
        [_] => return Ok(Layout::Gray),
        [one, two, three] => [one, two, three],
        [_, _, _, _] => return Ok(Layout::Inks(if adobe == Some(2) { InkCoding::Ycck } else { InkCoding::Cmyk })),
        _ => return Err(Problem::Unsupported("a JPEG with an unusual number of color components")),
    };
    let rgb = !jfif
        && match adobe {
            Some(transform) => transform == 0,
            None => [luma.id, blue.id, red.id] == *b"RGB",
        };
    let subsampling = Subsampling { h: h / blue.h, v: v / blue.v };
    let even = (luma.h, luma.v, blue.h, blue.v) == (h, v, red.h, red.v)
        && [subsampling.h, subsampling.v].iter().all(|ratio| matches!(ratio, 1 | 2 | 4));
    Ok(match (rgb, even) {
        (true, _) => Layout::Rgb,
        (false, true) => Layout::Planar(subsampling),
        (false, false) => Layout::Uneven,
    })
}
