//! Conversions by a grid of precomputed colours: tetrahedral interpolation in three channels, linear in a fourth.

/// Nodes along each channel of an RGB grid.
const RGB_SIDE: usize = 33;
/// Nodes along each channel of a CMYK grid.
const CMYK_SIDE: usize = 17;

/// A result, from 0 to 255; unclamped, so that colours between a node inside and one outside the space keep their place.
type Node = [f32; 4];

/// Where a byte stands between two nodes of a channel.
#[derive(Clone, Copy)]
struct Place {
    /// Offset of the node below.
    base: usize,
    /// How far to the next.
    part: f32,
}

/// Nodes over the cube of three channels.
struct Cube {
    side: usize,
    places: Box<[[Place; 256]; 3]>,
}

impl Cube {
    fn new(side: usize) -> Self {
        let places = [side * side, side, 1].map(|stride| std::array::from_fn(|byte| place(byte, side, stride)));
        Self { side, places: Box::new(places) }
    }

    /// The value in a cube of nodes: from the node below to the one above, along the largest part first.
    #[inline(always)]
    fn at(&self, nodes: &[Node], [x, y, z]: [u8; 3]) -> Node {
        let places = [self.places[0][usize::from(x)], self.places[1][usize::from(y)], self.places[2][usize::from(z)]];
        self.between(nodes, places)
    }

    /// The same for samples of 16 bits.
    fn at_deep(&self, nodes: &[Node], [x, y, z]: [u16; 3]) -> Node {
        let place = |sample: u16, stride: usize| place_of(usize::from(sample), 65_535, self.side, stride);
        self.between(nodes, [place(x, self.side * self.side), place(y, self.side), place(z, 1)])
    }

    /// The value at a place along each channel.
    #[inline(always)]
    fn between(&self, nodes: &[Node], [x, y, z]: [Place; 3]) -> Node {
        let base = x.base + y.base + z.base;
        let (x, y, z) = ((self.side * self.side, x.part), (self.side, y.part), (1, z.part));
        let ordered =
            |one: (usize, f32), other: (usize, f32)| if one.1 >= other.1 { (one, other) } else { (other, one) };
        let (x, y) = ordered(x, y);
        let (x, z) = ordered(x, z);
        let (y, z) = ordered(y, z);
        let corners = [&nodes[base], &nodes[base + x.0], &nodes[base + x.0 + y.0], &nodes[base + x.0 + y.0 + z.0]];
        let weights = [1.0 - x.1, x.1 - y.1, y.1 - z.1, z.1];
        std::array::from_fn(|i| {
            corners[0][i] * weights[0]
                + corners[1][i] * weights[1]
                + corners[2][i] * weights[2]
                + corners[3][i] * weights[3]
        })
    }
}

/// The place of a byte; the last node is reached from the one before.
fn place(byte: usize, side: usize, stride: usize) -> Place {
    place_of(byte, 255, side, stride)
}

/// The place of a sample up to `most`.
fn place_of(sample: usize, most: usize, side: usize, stride: usize) -> Place {
    let scaled = sample * (side - 1);
    let below = (scaled / most).min(side - 2);
    Place { base: below * stride, part: (scaled - below * most) as f32 / most as f32 }
}

fn bytes(node: Node) -> [u8; 3] {
    // The cast saturates.
    [0, 1, 2].map(|i| (node[i] + 0.5) as u8)
}

fn node(color: [f64; 3]) -> Node {
    let [r, g, b] = color.map(|value| (value * 255.0) as f32);
    [r, g, b, 0.0]
}

/// RGB to RGB.
pub(super) struct RgbGrid {
    cube: Cube,
    nodes: Vec<Node>,
}

impl RgbGrid {
    /// Precomputes `color`, from 0…1 to about 0…1.
    pub(super) fn of(color: impl Fn([f64; 3]) -> [f64; 3]) -> Self {
        let value = |index: usize| index as f64 / (RGB_SIDE - 1) as f64;
        let nodes = (0..RGB_SIDE.pow(3)).map(|i| {
            node(color([value(i / RGB_SIDE / RGB_SIDE), value(i / RGB_SIDE % RGB_SIDE), value(i % RGB_SIDE)]))
        });
        Self { cube: Cube::new(RGB_SIDE), nodes: nodes.collect() }
    }

    /// Converts pixels; what comes after blue stays.
    pub(super) fn apply<const N: usize>(&self, pixels: &mut [[u8; N]]) {
        for pixel in pixels {
            let converted = bytes(self.cube.at(&self.nodes, [pixel[0], pixel[1], pixel[2]]));
            pixel[..3].copy_from_slice(&converted);
        }
    }
}

impl RgbGrid {
    /// Converts pixels of 16 bits a sample; what comes after blue stays.
    pub(super) fn apply_deep<const N: usize>(&self, pixels: &mut [[u16; N]]) {
        for pixel in pixels {
            let converted = self.cube.at_deep(&self.nodes, [pixel[0], pixel[1], pixel[2]]);
            for channel in 0..3 {
                // The cast saturates.
                pixel[channel] = (converted[channel] * 257.0 + 0.5) as u16;
            }
        }
    }
}

/// CMYK to RGB.
pub(super) struct CmykGrid {
    cube: Cube,
    /// Where a byte of black stands between two cubes.
    black: [Place; 256],
    nodes: Vec<Node>,
}

impl CmykGrid {
    /// Precomputes `color`, from inks of 0…1 to about 0…1.
    pub(super) fn of(color: impl Fn([f64; 4]) -> [f64; 3]) -> Self {
        let side = CMYK_SIDE;
        let value = |index: usize| (index % side) as f64 / (side - 1) as f64;
        let nodes = (0..side.pow(4))
            .map(|i| node(color([value(i / side / side), value(i / side), value(i), value(i / side / side / side)])));
        let cube = side.pow(3);
        Self {
            cube: Cube::new(side),
            black: std::array::from_fn(|byte| place(byte, side, cube)),
            nodes: nodes.collect(),
        }
    }

    pub(super) fn at(&self, [c, m, y, k]: [u8; 4]) -> [u8; 3] {
        let Place { base, part } = self.black[usize::from(k)];
        let low = self.cube.at(&self.nodes[base..], [c, m, y]);
        let high = self.cube.at(&self.nodes[base + CMYK_SIDE.pow(3)..], [c, m, y]);
        bytes(std::array::from_fn(|i| low[i] + (high[i] - low[i]) * part))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_straight_line_is_reproduced_at_every_byte() {
        let grid = RgbGrid::of(|[r, g, b]| [0.5 * r + 0.5 * g, 1.0 - b, b]);
        for byte in 0..=255_u8 {
            let mut pixels = [[byte, byte, byte, 7], [byte, 255 - byte, byte / 2, 9]];
            grid.apply(&mut pixels);
            assert_eq!(pixels[0], [byte, 255 - byte, byte, 7]);
            assert_eq!(pixels[1][1..], [255 - byte / 2, byte / 2, 9]);
            assert!(pixels[1][0].abs_diff(128) <= 1);
        }
        let grid = CmykGrid::of(|[c, m, y, k]| [1.0 - 0.5 * (c + k), 1.0 - m, k - 0.5 * y]);
        for byte in 0..=255_u8 {
            assert_eq!(grid.at([byte, byte, 0, byte]), [255 - byte, 255 - byte, byte]);
            assert_eq!(grid.at([255, 0, 255, byte])[1], 255);
            // Below 0 is black.
            assert_eq!(grid.at([0, 0, 255, byte])[2], (f32::from(byte) - 127.0).max(0.0) as u8);
        }
    }
}
