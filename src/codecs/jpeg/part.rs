//! JPEG data as a part of another file: a strip or tile of a TIFF. Tables may be stated apart from it, and the file around it
//! says what the components mean, not the markers.

use super::decode::{decode_planes, even, ratio};
use super::decoder::{Decoded, Scale};
use super::frame::{Frame, Segment, is_frame, next_segment, no_frame};
use crate::codecs::{Finding, Problem};
use crate::image::convert::convert;
use crate::image::{Image, Pixels, Plane, Representation, Size, Subsampling, Ycc};

/// What JPEG data contains.
pub(in crate::codecs) struct Part {
    pub(in crate::codecs) size: Size,
    /// The samples of every pixel side by side.
    pub(in crate::codecs) samples: Vec<u8>,
    pub(in crate::codecs) findings: Vec<Finding>,
}

/// What a part must be like.
#[derive(Clone, Copy)]
pub(in crate::codecs) struct Expected {
    pub(in crate::codecs) components: usize,
    /// Whether three components are Y′CbCr, which becomes R′G′B′.
    pub(in crate::codecs) is_ycc: bool,
    pub(in crate::codecs) at_least: Size,
    pub(in crate::codecs) at_most: Size,
}

/// Decodes JPEG data, with the tables that another JPEG states, which has no picture of its own.
pub(in crate::codecs) fn decode_part(tables: &[u8], bytes: &[u8], expected: Expected) -> Result<Part, Problem> {
    let joined = [without_end(tables), bytes].concat();
    let frame = frame(&joined)?;
    let Size { width, height } = frame.size;
    let Expected { components, is_ycc, at_least, at_most } = expected;
    let is_of_size = |least: u32, side: u32, most: u32| (least..=most).contains(&side);
    if frame.components.len() != components
        || !is_of_size(at_least.width, width, at_most.width)
        || !is_of_size(at_least.height, height, at_most.height)
    {
        return Err(Problem::damaged("its parts do not fit together"));
    }
    let Decoded { planes, findings } =
        decode_planes(&joined, &frame, frame.components.iter().map(|_| Scale::Full.into()).collect())?;
    drop(joined);
    let planes = planes.into_iter().zip(&frame.components);
    let planes = planes.map(|(plane, one)| even(plane, ratio(&frame, one), frame.size)).collect::<Vec<_>>();
    let samples = match <[Plane; 3]>::try_from(planes) {
        Ok([y, cb, cr]) if is_ycc => {
            let ycc = Ycc { y, cb, cr, subsampling: Subsampling::S444 };
            match convert(Image::new(frame.size, Pixels::Ycc(ycc)), Representation::Rgb).pixels {
                Pixels::Rgb(samples) => samples,
                _ => unreachable!("a conversion returns the requested representation"),
            }
        }
        Ok(planes) => side_by_side(&planes),
        Err(planes) => side_by_side(&planes),
    };
    Ok(Part { size: frame.size, samples, findings })
}

fn side_by_side(planes: &[Plane]) -> Vec<u8> {
    let mut samples = vec![0; planes.iter().map(|plane| plane.data.len()).sum()];
    for (index, plane) in planes.iter().enumerate() {
        let places = samples.iter_mut().skip(index).step_by(planes.len());
        places.zip(&plane.data).for_each(|(place, sample)| *place = *sample);
    }
    samples
}

/// A JPEG without its end marker.
fn without_end(tables: &[u8]) -> &[u8] {
    let mut at = 0;
    loop {
        match next_segment(tables, &mut at) {
            Segment::Content { .. } => {}
            Segment::End => return &tables[..at - 2],
            Segment::CutOff => return tables,
        }
    }
}

fn frame(bytes: &[u8]) -> Result<Frame, Problem> {
    let mut at = 0;
    loop {
        match next_segment(bytes, &mut at) {
            Segment::Content { code: 0xda, .. } => return Err(no_frame()),
            Segment::Content { code, body } if is_frame(code) => return Frame::read(code, body),
            Segment::Content { .. } => {}
            Segment::End => return Err(Problem::damaged("it contains no picture")),
            Segment::CutOff => return Err(Problem::Truncated),
        }
    }
}
