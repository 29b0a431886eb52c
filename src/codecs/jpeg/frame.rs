//! Markers, segments and headers (T.81 B), and the grid of blocks that they describe.

use crate::codecs::Problem;
use crate::image::Size;

/// Blocks of an MCU of several components (T.81 B.2.3).
pub(super) const MOST_BLOCKS: usize = 10;

/// From a position in zigzag order to a position in a block (T.81 figure A.6). What damaged data puts past the end of
/// a block goes to its last position, as in libjpeg.
#[rustfmt::skip]
pub(super) const ZIGZAG: [u8; 80] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
    35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55,
    62, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63,
];

/// The next marker from `at` on, as (code, position after it). Bytes outside of segments are skipped, as in libjpeg.
pub(super) fn next_marker(bytes: &[u8], mut at: usize) -> Option<(u8, usize)> {
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

/// What comes next in a file, outside of entropy-coded data.
pub(super) enum Segment<'a> {
    /// A marker with its content.
    Content { code: u8, body: &'a [u8] },
    /// The end marker.
    End,
    /// The file ends without one.
    CutOff,
}

/// Reads the next segment from `at` on, and moves `at` past it.
pub(super) fn next_segment<'a>(bytes: &'a [u8], at: &mut usize) -> Segment<'a> {
    loop {
        let Some((code, after)) = next_marker(bytes, *at) else { return Segment::CutOff };
        *at = after;
        match code {
            // Markers without a segment.
            0x01 | 0xd0..=0xd8 => {}
            0xd9 => return Segment::End,
            _ => {
                let Some(length) = bytes.get(after..).and_then(|rest| rest.first_chunk()) else {
                    return Segment::CutOff;
                };
                // The length includes itself, so less than 2 is invalid.
                let length = usize::from(u16::from_be_bytes(*length)).max(2);
                let Some(body) = bytes.get(after + 2..after + length) else { return Segment::CutOff };
                *at = after + length;
                return Segment::Content { code, body };
            }
        }
    }
}

/// The coding process of a picture (8 bits per sample).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Process {
    /// Sequential (SOF0, SOF1).
    Sequential,
    /// Progressive (SOF2).
    Progressive,
    /// Either with arithmetic coding (SOF9, SOF10).
    Arithmetic,
}

/// One component of a frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Component {
    pub(super) id: u8,
    /// Sampling factors, 1 to 4: blocks of an MCU across and down.
    pub(super) h: u8,
    pub(super) v: u8,
    /// Which quantisation table.
    pub(super) table: u8,
}

/// A frame header (T.81 B.2.2).
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) process: Process,
    pub(super) size: Size,
    pub(super) components: Vec<Component>,
}

/// The problem of a file whose scan comes first.
pub(super) fn no_frame() -> Problem {
    Problem::damaged("a scan comes before the frame header")
}

/// Whether a marker begins a frame header.
pub(super) fn is_frame(code: u8) -> bool {
    matches!(code, 0xc0..=0xcf) && !matches!(code, 0xc4 | 0xc8 | 0xcc)
}

impl Frame {
    /// Reads the frame header with this marker.
    pub(super) fn read(code: u8, body: &[u8]) -> Result<Self, Problem> {
        let (&[precision, h0, h1, w0, w1, count], rest) = body.split_first_chunk().ok_or(Problem::Truncated)?;
        let process = match code {
            0xc0 | 0xc1 => Process::Sequential,
            0xc2 => Process::Progressive,
            0xc9 | 0xca => Process::Arithmetic,
            0xc3 | 0xc7 | 0xcb | 0xcf => return Err(Problem::Unsupported("a lossless JPEG")),
            _ => return Err(Problem::Unsupported("a hierarchical JPEG")),
        };
        if precision != 8 {
            return Err(Problem::Unsupported("a JPEG of more than 8 bits"));
        }
        let size = Size::new(u32::from(u16::from_be_bytes([w0, w1])), u32::from(u16::from_be_bytes([h0, h1])));
        let listed = rest.as_chunks::<3>().0;
        let components: Vec<_> = listed
            .iter()
            .take(usize::from(count))
            .map(|&[id, factors, table]| Component { id, h: factors >> 4, v: factors & 15, table })
            .collect();
        if components.len() != usize::from(count) {
            return Err(Problem::damaged("its frame header is cut off"));
        }
        if components.iter().any(|one| !(1..=4).contains(&one.h) || !(1..=4).contains(&one.v)) {
            return Err(Problem::damaged("its sampling factors are out of range"));
        }
        Ok(Self { process, size, components })
    }

    /// The largest sampling factors.
    pub(super) fn most(&self) -> (u32, u32) {
        let most = |factor: fn(&Component) -> u8| self.components.iter().map(factor).max().map_or(1, u32::from);
        (most(|one| one.h), most(|one| one.v))
    }

    /// MCUs of a scan of several components, across and down (T.81 A.2.4).
    pub(super) fn mcus(&self) -> (usize, usize) {
        let (h, v) = self.most();
        (self.size.width.div_ceil(8 * h) as usize, self.size.height.div_ceil(8 * v) as usize)
    }

    /// Blocks of a component, across and down, in a scan of its own (T.81 A.2.2).
    pub(super) fn blocks(&self, component: usize) -> (usize, usize) {
        let size = self.plane_size(component, 1);
        (size.width as usize, size.height as usize)
    }

    /// The size of a component whose blocks become squares of `side` samples (T.81 A.1.1).
    pub(super) fn plane_size(&self, component: usize, side: u32) -> Size {
        let (h, v) = self.most();
        let Component { h: own_h, v: own_v, .. } = self.components[component];
        Size::new(
            (self.size.width * u32::from(own_h) * side).div_ceil(8 * h),
            (self.size.height * u32::from(own_v) * side).div_ceil(8 * v),
        )
    }
}

/// One component's part in a scan.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    /// Which component of the frame.
    pub(super) component: usize,
    /// Which Huffman tables.
    pub(super) dc: usize,
    pub(super) ac: usize,
}

/// A scan header (T.81 B.2.3).
#[derive(Clone, Debug)]
pub(super) struct Scan {
    pub(super) parts: Vec<Part>,
    /// The first and the last coefficient, in zigzag order.
    pub(super) first: usize,
    pub(super) last: usize,
    /// Successive approximation: the previous and the current bit position.
    pub(super) high: u32,
    pub(super) low: u32,
}

impl Scan {
    /// Reads the scan header of a frame.
    pub(super) fn read(body: &[u8], frame: &Frame) -> Result<Self, Problem> {
        let wrong = || Problem::damaged("a scan header is wrong");
        let (&count, rest) = body.split_first().ok_or_else(wrong)?;
        let (parts, rest) = rest.split_at_checked(usize::from(count) * 2).ok_or_else(wrong)?;
        let &[first, last, bits, ..] = rest else { return Err(wrong()) };
        let mut listed: Vec<Part> = Vec::with_capacity(usize::from(count));
        for &[id, tables] in parts.as_chunks::<2>().0 {
            // Components with the same id are distinguished by their order, as in libjpeg.
            let fresh = |index: &usize| listed.iter().all(|part| part.component != *index);
            let component = (0..frame.components.len())
                .filter(fresh)
                .find(|&index| frame.components[index].id == id)
                .ok_or_else(|| Problem::damaged("a scan refers to a missing component"))?;
            listed.push(Part { component, dc: usize::from(tables >> 4), ac: usize::from(tables & 15) });
        }
        let blocks: usize =
            listed.iter().map(|part| &frame.components[part.component]).map(|one| usize::from(one.h * one.v)).sum();
        if !(1..=4).contains(&count) || (count > 1 && blocks > MOST_BLOCKS) {
            return Err(wrong());
        }
        let [first, last] = [first, last].map(usize::from);
        Ok(Self { parts: listed, first, last, high: u32::from(bits >> 4), low: u32::from(bits & 15) })
    }

    /// MCUs across and down, and blocks of each part in one.
    pub(super) fn grid(&self, frame: &Frame) -> ((usize, usize), Vec<(usize, usize)>) {
        match self.parts[..] {
            [Part { component, .. }] => (frame.blocks(component), vec![(1, 1)]),
            _ => {
                let factors = |part: &Part| {
                    let Component { h, v, .. } = frame.components[part.component];
                    (usize::from(h), usize::from(v))
                };
                (frame.mcus(), self.parts.iter().map(factors).collect())
            }
        }
    }
}
