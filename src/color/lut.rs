//! Look-up tables of profiles: `mft1`, `mft2`, `mAB ` and `mBA ` tags (ICC.1:2022, 10.10 to 10.13), as stages from device
//! colours to the profile connection space or back.

use super::Intent;
use super::curve::Curve;
use super::math::{self, times};
use super::profile::{Unusable, fixed, long, short, tag};

/// Most channels of a device.
const MOST: usize = 4;
/// What XYZ is divided by in the profile connection space.
const XYZ_SCALE: f64 = 1.0 + 32767.0 / 32768.0;

/// Values of as many channels as a stage has; the others are 0.
type Values = [f64; MOST];

/// A look-up table of a profile.
pub(super) struct Lut {
    stages: Vec<Stage>,
    connection: Connection,
    /// Channels that come out.
    outputs: usize,
}

/// How the profile connection space is encoded in 0…1.
#[derive(Clone, Copy)]
enum Connection {
    Xyz,
    Lab,
    /// As in version 2 with 16 bits, where 100 is 0xff00 and not 0xffff.
    OldLab,
}

enum Stage {
    Curves(Vec<Curve>),
    Matrix([[f64; 3]; 3], [f64; 3]),
    Grid(Grid),
}

/// Nodes on an even grid.
struct Grid {
    /// Nodes along each input, the first varying slowest; at least two.
    sides: Vec<usize>,
    outputs: usize,
    nodes: Vec<f32>,
}

impl Lut {
    /// Device colours to the profile connection space: relative colorimetric, else whatever there is.
    pub(super) fn to_connection(profile: &[u8], inputs: usize) -> Result<Self, Unusable> {
        Self::first(profile, &[b"A2B1", b"A2B0"], (inputs, 3))
    }

    /// Device colours to the profile connection space with an intent, or perceptual, or whatever there is.
    pub(super) fn to_connection_by(profile: &[u8], inputs: usize, intent: Intent) -> Result<Self, Unusable> {
        let wanted: &[u8; 4] = match intent {
            Intent::Perceptual => b"A2B0",
            Intent::Relative | Intent::Absolute => b"A2B1",
            Intent::Saturation => b"A2B2",
        };
        Self::first(profile, &[wanted, b"A2B0", b"A2B1"], (inputs, 3))
    }

    /// The profile connection space to device colours with an intent, as the above.
    pub(super) fn from_connection_by(profile: &[u8], outputs: usize, intent: Intent) -> Result<Self, Unusable> {
        let wanted: &[u8; 4] = match intent {
            Intent::Perceptual => b"B2A0",
            Intent::Relative | Intent::Absolute => b"B2A1",
            Intent::Saturation => b"B2A2",
        };
        Self::first(profile, &[wanted, b"B2A0", b"B2A1"], (3, outputs))
    }

    /// The profile connection space to device colours.
    pub(super) fn from_connection(profile: &[u8], outputs: usize) -> Result<Self, Unusable> {
        Self::first(profile, &[b"B2A1", b"B2A0"], (3, outputs))
    }

    /// The same with perceptual intent.
    pub(super) fn from_connection_perceptual(profile: &[u8], outputs: usize) -> Result<Self, Unusable> {
        Self::first(profile, &[b"B2A0"], (3, outputs))
    }

    fn first(profile: &[u8], names: &[&[u8; 4]], channels: (usize, usize)) -> Result<Self, Unusable> {
        let tag = names.iter().find_map(|name| tag(profile, name)).ok_or(Unusable)?;
        let is_lab = profile.get(20..24) == Some(b"Lab ");
        Self::read(tag, is_lab, channels)
    }

    fn read(tag: &[u8], is_lab: bool, (inputs, outputs): (usize, usize)) -> Result<Self, Unusable> {
        let &[given_inputs, given_outputs] = tag.get(8..10).and_then(|two| two.first_chunk()).ok_or(Unusable)?;
        if (usize::from(given_inputs), usize::from(given_outputs)) != (inputs, outputs) {
            return Err(Unusable);
        }
        let connection = match (is_lab, &tag[..4]) {
            (false, _) => Connection::Xyz,
            (true, b"mft2") => Connection::OldLab,
            (true, _) => Connection::Lab,
        };
        let stages = match &tag[..4] {
            b"mft1" => read_even(tag, inputs, outputs, Width::Byte)?,
            b"mft2" => read_even(tag, inputs, outputs, Width::Word)?,
            b"mAB " => read_parts(tag, inputs, outputs, true)?,
            b"mBA " => read_parts(tag, inputs, outputs, false)?,
            _ => return Err(Unusable),
        };
        Ok(Self { stages, connection, outputs })
    }

    fn run(&self, mut values: Values) -> Values {
        for stage in &self.stages {
            match stage {
                Stage::Curves(curves) => {
                    values.iter_mut().zip(curves).for_each(|(value, curve)| *value = curve.at(*value));
                }
                Stage::Matrix(matrix, offset) => {
                    let [x, y, z, _] = values;
                    let sum = times(matrix, [x, y, z]);
                    (0..3).for_each(|i| values[i] = (sum[i] + offset[i]).clamp(0.0, 1.0));
                }
                Stage::Grid(grid) => values = grid.at(values),
            }
        }
        values
    }

    /// XYZ of a device colour.
    pub(super) fn xyz(&self, device: Values) -> [f64; 3] {
        let [x, y, z, _] = self.run(device);
        match self.connection {
            Connection::Xyz => [x, y, z].map(|value| value * XYZ_SCALE),
            Connection::Lab => math::from_lab([x * 100.0, y * 255.0 - 128.0, z * 255.0 - 128.0]),
            Connection::OldLab => {
                let number = |value: f64| value * 65535.0 / 256.0;
                math::from_lab([number(x) / 2.55, number(y) - 128.0, number(z) - 128.0])
            }
        }
    }

    /// The device colour of an XYZ.
    pub(super) fn device(&self, xyz: [f64; 3]) -> Values {
        let encoded = match self.connection {
            Connection::Xyz => xyz.map(|value| value / XYZ_SCALE),
            Connection::Lab => {
                let [l, a, b] = math::to_lab(xyz);
                [l / 100.0, (a + 128.0) / 255.0, (b + 128.0) / 255.0]
            }
            Connection::OldLab => {
                let [l, a, b] = math::to_lab(xyz);
                [l * 2.55, a + 128.0, b + 128.0].map(|value| value * 256.0 / 65535.0)
            }
        };
        let [x, y, z] = encoded.map(|value| value.clamp(0.0, 1.0));
        let mut values = self.run([x, y, z, 0.0]);
        values[self.outputs..].fill(0.0);
        values
    }
}

/// Size of the numbers of a table.
#[derive(Clone, Copy, PartialEq)]
enum Width {
    Byte,
    Word,
}

impl Width {
    const fn bytes(self) -> usize {
        match self {
            Self::Byte => 1,
            Self::Word => 2,
        }
    }

    /// `count` numbers from `at` on, as 0…1.
    fn numbers(self, tag: &[u8], at: usize, count: usize) -> Result<Vec<f32>, Unusable> {
        let end = count.checked_mul(self.bytes()).and_then(|length| at.checked_add(length)).ok_or(Unusable)?;
        let bytes = tag.get(at..end).ok_or(Unusable)?;
        Ok(match self {
            Self::Byte => bytes.iter().map(|byte| f32::from(*byte) / 255.0).collect(),
            Self::Word => {
                let words = bytes.as_chunks::<2>().0.iter();
                words.map(|word| f32::from(u16::from_be_bytes(*word)) / 65535.0).collect()
            }
        })
    }
}

/// `mft1` and `mft2`: matrix, curves, grid, curves.
fn read_even(tag: &[u8], inputs: usize, outputs: usize, width: Width) -> Result<Vec<Stage>, Unusable> {
    let side = usize::from(*tag.get(10).ok_or(Unusable)?);
    let mut numbers = [0.0; 9];
    for (index, number) in numbers.iter_mut().enumerate() {
        *number = fixed(tag, 12 + index * 4)?;
    }
    let [a, b, c, d, e, f, g, h, i] = numbers;
    let (before, after, mut at) = match width {
        Width::Byte => (256, 256, 48),
        Width::Word => (usize::from(short(tag, 48)?), usize::from(short(tag, 50)?), 52),
    };
    if !(2..=4096).contains(&before) || !(2..=4096).contains(&after) {
        return Err(Unusable);
    }
    let mut stages = Vec::new();
    // A matrix stands before XYZ only; elsewhere it is the identity by definition.
    let matrix = [[a, b, c], [d, e, f], [g, h, i]];
    if inputs == 3 && matrix != [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]] {
        stages.push(Stage::Matrix(matrix, [0.0; 3]));
    }
    let curves = |channels: usize, entries: usize, at: &mut usize| {
        let curves = (0..channels)
            .map(|_| {
                let samples = width.numbers(tag, *at, entries)?;
                *at += entries * width.bytes();
                Ok(Curve::Samples(samples))
            })
            .collect::<Result<_, Unusable>>()?;
        Ok::<_, Unusable>(Stage::Curves(curves))
    };
    stages.push(curves(inputs, before, &mut at)?);
    let grid = Grid::read(tag, &mut at, vec![side; inputs], outputs, width)?;
    stages.push(Stage::Grid(grid));
    stages.push(curves(outputs, after, &mut at)?);
    Ok(stages)
}

/// `mAB ` (A curves, grid, M curves, matrix, B curves) and `mBA ` (the same backwards); all but B may be missing.
fn read_parts(tag: &[u8], inputs: usize, outputs: usize, to_connection: bool) -> Result<Vec<Stage>, Unusable> {
    let place = |at| long(tag, at).map(|place| place as usize);
    let [b, matrix, m, grid, a] = [place(12)?, place(16)?, place(20)?, place(24)?, place(28)?];
    let device = if to_connection { inputs } else { outputs };
    if b == 0 || (grid == 0 && device != 3) {
        return Err(Unusable);
    }
    let curves = |at: usize, channels: usize| {
        let mut at = at;
        let curves = (0..channels)
            .map(|_| {
                let (curve, length) = Curve::read(tag.get(at..).ok_or(Unusable)?)?;
                at += length.next_multiple_of(4);
                Ok(curve)
            })
            .collect::<Result<_, Unusable>>()?;
        Ok::<_, Unusable>(Stage::Curves(curves))
    };
    let mut stages = Vec::new();
    if a != 0 {
        stages.push(curves(a, device)?);
    }
    if grid != 0 {
        let sides = tag.get(grid..grid.saturating_add(inputs)).ok_or(Unusable)?;
        let width = match tag.get(grid.saturating_add(16)) {
            Some(1) => Width::Byte,
            Some(2) => Width::Word,
            _ => return Err(Unusable),
        };
        let sides = sides.iter().map(|side| usize::from(*side)).collect();
        stages.push(Stage::Grid(Grid::read(tag, &mut grid.saturating_add(20), sides, outputs, width)?));
    }
    if m != 0 {
        stages.push(curves(m, 3)?);
    }
    if matrix != 0 {
        let mut numbers = [0.0; 12];
        for (index, number) in numbers.iter_mut().enumerate() {
            *number = fixed(tag, matrix.saturating_add(index * 4))?;
        }
        let (rows, offset) = (numbers[..9].as_chunks::<3>().0, [numbers[9], numbers[10], numbers[11]]);
        stages.push(Stage::Matrix([rows[0], rows[1], rows[2]], offset));
    }
    stages.push(curves(b, 3)?);
    if !to_connection {
        stages.reverse();
    }
    Ok(stages)
}

impl Grid {
    fn read(tag: &[u8], at: &mut usize, sides: Vec<usize>, outputs: usize, width: Width) -> Result<Self, Unusable> {
        if sides.iter().any(|side| *side < 2) {
            return Err(Unusable);
        }
        let count = sides.iter().try_fold(outputs, |count, side| count.checked_mul(*side)).ok_or(Unusable)?;
        let nodes = width.numbers(tag, *at, count)?;
        *at += count * width.bytes();
        Ok(Self { sides, outputs, nodes })
    }

    /// The values of a colour: tetrahedral in the last three inputs, linear in the one before.
    fn at(&self, values: Values) -> Values {
        let (mut base, mut stride) = (0, self.outputs);
        let mut steps = [(0, 0.0); MOST];
        for (index, side) in self.sides.iter().enumerate().rev() {
            let place = values[index].clamp(0.0, 1.0) * (side - 1) as f64;
            let whole = (place as usize).min(side - 2);
            base += whole * stride;
            steps[index] = (stride, place - whole as f64);
            stride *= side;
        }
        match self.sides.len() {
            3 => self.inside(base, [steps[0], steps[1], steps[2]]),
            4 => {
                let (stride, part) = steps[0];
                let rest = [steps[1], steps[2], steps[3]];
                let (low, high) = (self.inside(base, rest), self.inside(base + stride, rest));
                std::array::from_fn(|i| low[i] + (high[i] - low[i]) * part)
            }
            // No other number of inputs is read.
            _ => [0.0; MOST],
        }
    }

    /// From the node at `base` to the opposite corner of its cube, along the largest part first.
    fn inside(&self, base: usize, mut steps: [(usize, f64); 3]) -> Values {
        steps.sort_by(|one, other| other.1.total_cmp(&one.1));
        let node = |at: usize, output: usize| f64::from(self.nodes[at + output]);
        let mut values = [0.0; MOST];
        for (output, value) in values.iter_mut().enumerate().take(self.outputs) {
            let (mut at, mut before) = (base, node(base, output));
            *value = before;
            for (stride, part) in steps {
                at += stride;
                let next = node(at, output);
                *value += (next - before) * part;
                before = next;
            }
        }
        values
    }
}
