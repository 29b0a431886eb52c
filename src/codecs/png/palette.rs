//! Pictures with few colours: indices into a palette, or gray with fewer bits.

use ::png::{BitDepth, ColorType};

/// Most colours in a palette.
const MOST: usize = 256;
/// Slots of the hash table: a power of two, of which at most a quarter is used.
const PLACES: usize = 1024;

/// A picture with few bits per pixel.
pub(super) struct Indexed {
    pub(super) color: ColorType,
    pub(super) depth: BitDepth,
    /// R′G′B′ of each colour; empty for gray.
    pub(super) palette: Vec<u8>,
    /// Opacity of the first colours; the others are opaque.
    pub(super) opacities: Vec<u8>,
    /// Packed samples; each row begins at a byte.
    pub(super) rows: Vec<u8>,
}

/// The picture with fewer bits per pixel, exact for every pixel; `None` if it has too many colours, which is known after a
/// few hundred pixels of a photograph. Fully transparent pixels keep their colour.
pub(super) fn indexed(color: ColorType, samples: &[u8], width: usize) -> Option<Indexed> {
    match color {
        ColorType::Grayscale => {
            let depth = gray_depth(samples);
            if let Some(depth) = depth {
                let step = 255 / ((1_u16 << depth as u8) - 1) as u8;
                let rows = packed(samples.iter().map(|gray| gray / step), width, depth);
                return Some(Indexed { color, depth, palette: Vec::new(), opacities: Vec::new(), rows });
            }
            // With 8 bits, a palette would save nothing.
            let colours = samples.iter().map(|gray| [*gray, *gray, *gray, 255]);
            of_colours(colours, width).filter(|indexed| indexed.depth != BitDepth::Eight)
        }
        ColorType::Rgb => of_colours(samples.as_chunks().0.iter().map(|[r, g, b]: &[u8; 3]| [*r, *g, *b, 255]), width),
        ColorType::Rgba => of_colours(samples.as_chunks().0.iter().copied(), width),
        ColorType::Indexed | ColorType::GrayscaleAlpha => None,
    }
}

/// The smallest depth that represents all gray values exactly, if less than 8 bits.
fn gray_depth(samples: &[u8]) -> Option<BitDepth> {
    let fits = |step: u8| samples.iter().all(|gray| gray.is_multiple_of(step));
    [(255, BitDepth::One), (85, BitDepth::Two), (17, BitDepth::Four)]
        .into_iter()
        .find(|(step, _)| fits(*step))
        .map(|(_, depth)| depth)
}

fn of_colours(pixels: impl ExactSizeIterator<Item = [u8; 4]> + Clone, width: usize) -> Option<Indexed> {
    let mut table = Table::new();
    let mut last = None;
    for pixel in pixels.clone() {
        if last != Some(pixel) {
            table.add(pixel)?;
            last = Some(pixel);
        }
    }
    // Colours with transparency come first, so that `tRNS` is short; otherwise in order of appearance.
    let mut order: Vec<usize> = (0..table.colours.len()).collect();
    order.sort_by_key(|index| table.colours[*index][3] == 255);
    let mut index_of = vec![0_u8; order.len()];
    for (index, old) in order.iter().enumerate() {
        index_of[*old] = index as u8;
    }
    let sorted = || order.iter().map(|old| table.colours[*old]);
    let depth = match order.len() {
        0..=2 => BitDepth::One,
        3..=4 => BitDepth::Two,
        5..=16 => BitDepth::Four,
        _ => BitDepth::Eight,
    };
    let mut last = ([0; 4], None);
    let indices = pixels.map(|pixel| {
        if let (colour, Some(index)) = last
            && colour == pixel
        {
            return index;
        }
        let index = table.find(pixel).map_or(0, |old| index_of[old]);
        last = (pixel, Some(index));
        index
    });
    let rows = packed(indices, width, depth);
    Some(Indexed {
        color: ColorType::Indexed,
        depth,
        palette: sorted().flat_map(|[r, g, b, _]| [r, g, b]).collect(),
        opacities: sorted().map(|[.., opacity]| opacity).take_while(|opacity| *opacity < 255).collect(),
        rows,
    })
}

/// Packs values into bytes, the first in the highest bits; each row begins at a byte.
fn packed(values: impl ExactSizeIterator<Item = u8>, width: usize, depth: BitDepth) -> Vec<u8> {
    let bits = depth as usize;
    if bits == 8 {
        return values.collect();
    }
    let stride = (width * bits).div_ceil(8);
    let mut rows = vec![0; values.len() / width * stride];
    for (at, value) in values.enumerate() {
        let bit = at % width * bits;
        rows[at / width * stride + bit / 8] |= value << (8 - bits - bit % 8);
    }
    rows
}

/// A hash table of colours with open addressing.
struct Table {
    colours: Vec<[u8; 4]>,
    /// For each slot, one more than the index of its colour; 0 if it is empty.
    places: [u16; PLACES],
}

impl Table {
    fn new() -> Self {
        Self { colours: Vec::with_capacity(MOST), places: [0; PLACES] }
    }

    /// The slot of a colour, or the empty one where it belongs.
    fn place(&self, colour: [u8; 4]) -> usize {
        // Fibonacci hashing (Knuth, volume 3, 6.4).
        let mut place = (u32::from_le_bytes(colour).wrapping_mul(0x9e37_79b9) >> 22) as usize;
        while self.places[place] != 0 && self.colours[usize::from(self.places[place]) - 1] != colour {
            place = (place + 1) % PLACES;
        }
        place
    }

    fn find(&self, colour: [u8; 4]) -> Option<usize> {
        usize::from(self.places[self.place(colour)]).checked_sub(1)
    }

    /// Adds a colour if it is new; `None` if the table is full.
    fn add(&mut self, colour: [u8; 4]) -> Option<()> {
        let place = self.place(colour);
        if self.places[place] == 0 {
            if self.colours.len() == MOST {
                return None;
            }
            self.colours.push(colour);
            self.places[place] = self.colours.len() as u16;
        }
        Some(())
    }
}
