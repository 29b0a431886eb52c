//! Lookup tables for colours, as `.cube` files have them (Adobe, Cube LUT Specification 1.0), and the port to a host that
//! keeps them.
//!
//! A table is for each colour alone (1D), for all three together (3D), or, as DaVinci Resolve writes them, both: the former
//! then comes first. Between the entries of a 3D table colours are interpolated in tetrahedra (Sakamoto and Itooka 1981),
//! which keeps the gray axis free of colour casts.

use crate::error::Failure;

/// The LUTs that a host keeps, by the name that the parameter `lut` has.
pub trait LutSource {
    /// The LUT of this name.
    ///
    /// # Errors
    /// Why it is not available. The engine adds which action requested it.
    fn get(&self, name: &str) -> Result<&Lut, Failure>;
}

/// The most entries a side of a 3D table.
pub const MOST_3D: usize = 65;
/// The most entries of a 1D table.
pub const MOST_1D: usize = 65_536;

/// One table, with the colours for which it has its first and its last entry.
#[derive(Clone, Debug, PartialEq)]
struct Table {
    /// Entries a side.
    size: usize,
    low: [f32; 3],
    high: [f32; 3],
    /// Red, green, blue, and nothing. In a 3D table red changes first.
    entries: Vec<[f32; 4]>,
}

/// A lookup table that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Lut {
    curves: Option<Table>,
    cube: Option<Table>,
}

/// The lines of a file in which something was said.
#[derive(Default)]
struct Head {
    size_1d: Option<usize>,
    size_3d: Option<usize>,
    low: Option<[f32; 3]>,
    high: Option<[f32; 3]>,
    range_1d: Option<[f32; 2]>,
    range_3d: Option<[f32; 2]>,
}

impl Lut {
    /// Reads a `.cube` file. Keywords that it does not know are skipped.
    ///
    /// # Errors
    /// What is wrong with the file, and in which line, as a sentence.
    pub fn read(file: &[u8]) -> Result<Self, String> {
        let text = String::from_utf8_lossy(file);
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        if text.contains('\0') {
            return Err("It is not a text file.".to_owned());
        }
        let mut head = Head::default();
        let mut rows: Vec<[f32; 4]> = Vec::new();
        for (line, content) in (1..).zip(text.split('\n').flat_map(|line| line.trim_end_matches('\r').split('\r'))) {
            let content = content.trim();
            if content.starts_with(|first: char| first.is_alphabetic() || first == '<' || first == '{') {
                head.read(content).map_err(|wrong| format!("Line {line}: {wrong}"))?;
                continue;
            }
            let content = content.split('#').next().unwrap_or_default();
            if content.trim().is_empty() {
                continue;
            }
            let [red, green, blue] = numbers(content)
                .ok_or_else(|| format!("Line {line}: \"{}\" is not three numbers.", shortened(content)))?;
            if rows.len() == head.rows() {
                return Err(match head.rows() {
                    0 => {
                        format!("Line {line}: colours start before LUT_1D_SIZE or LUT_3D_SIZE says how many there are.")
                    }
                    rows => format!("Line {line}: there are more colours than {}.", head.wanted(rows)),
                });
            }
            rows.push([red, green, blue, 0.0]);
        }
        head.finish(rows)
    }

    /// Maps straight colours with 8 bits; `strength` 0 leaves them, 1 replaces them.
    pub fn mapping(&self, strength: f32) -> Mapping<'_> {
        let cube = self.cube.as_ref();
        let curve = |channel: usize, value: f32| match &self.curves {
            Some(table) => table.curve(channel, value),
            None => value,
        };
        let kept = 1.0 - strength;
        let axes = std::array::from_fn(|channel| {
            let axis = |at: usize| {
                let value = curve(channel, at as f32 / 255.0);
                match cube {
                    Some(cube) => cube.place(channel, value),
                    None => (0, value),
                }
            };
            Box::new(std::array::from_fn(axis))
        });
        Mapping { cube, curves: self.curves.as_ref(), axes, strength: strength * 255.0, kept }
    }
}

impl Head {
    /// Reads a line that begins with a keyword.
    fn read(&mut self, line: &str) -> Result<(), String> {
        let (keyword, rest) = line.split_once(|character: char| character.is_whitespace()).unwrap_or((line, ""));
        let values = rest.split('#').next().unwrap_or_default();
        let unreadable = || format!("\"{}\" cannot be read.", shortened(line));
        let three = || numbers::<3>(values).ok_or_else(unreadable);
        let two = || numbers::<2>(values).filter(|[low, high]| low < high).ok_or_else(unreadable);
        let size = |most: usize| {
            let size = values.trim().parse::<usize>().map_err(|_| unreadable())?;
            match size {
                0 | 1 => Err(format!("{keyword} is {size}; it must be at least 2.")),
                _ if size > most => Err(format!("{keyword} is {size}; at most {most} can be used.")),
                _ => Ok(size),
            }
        };
        match keyword {
            "LUT_1D_SIZE" => self.size_1d = Some(size(MOST_1D)?),
            "LUT_3D_SIZE" => self.size_3d = Some(size(MOST_3D)?),
            "DOMAIN_MIN" => self.low = Some(three()?),
            "DOMAIN_MAX" => self.high = Some(three()?),
            "LUT_1D_INPUT_RANGE" => self.range_1d = Some(two()?),
            "LUT_3D_INPUT_RANGE" => self.range_3d = Some(two()?),
            _ if keyword.starts_with('<') || keyword.starts_with('{') => {
                return Err("this is not a .cube file, but of another format.".to_owned());
            }
            // Titles, and what other programs add.
            _ => {}
        }
        let (low, high) = (self.low.unwrap_or([0.0; 3]), self.high.unwrap_or([1.0; 3]));
        let both_given = self.low.is_some() && self.high.is_some();
        if both_given && keyword.starts_with("DOMAIN_") && low.iter().zip(&high).any(|(low, high)| low >= high) {
            return Err("DOMAIN_MIN must be below DOMAIN_MAX.".to_owned());
        }
        Ok(())
    }

    fn rows_3d(&self) -> usize {
        self.size_3d.map_or(0, |size| size.pow(3))
    }

    /// How many colours the file must have.
    fn rows(&self) -> usize {
        self.size_1d.unwrap_or_default() + self.rows_3d()
    }

    /// The same with its reason.
    fn wanted(&self, rows: usize) -> String {
        let size = |keyword: &str, size: Option<usize>| size.map(|size| format!("{keyword} {size}"));
        let sizes = [size("LUT_1D_SIZE", self.size_1d), size("LUT_3D_SIZE", self.size_3d)];
        format!("the {rows} of {}", sizes.into_iter().flatten().collect::<Vec<_>>().join(" and "))
    }

    fn finish(self, mut rows: Vec<[f32; 4]>) -> Result<Lut, String> {
        let wanted = self.rows();
        if wanted == 0 {
            return Err("It has neither LUT_1D_SIZE nor LUT_3D_SIZE, so it is not a .cube file.".to_owned());
        }
        if rows.len() != wanted {
            return Err(format!("It ends after {} colours instead of {}.", rows.len(), self.wanted(wanted)));
        }
        let (low, high) = (self.low.unwrap_or([0.0; 3]), self.high.unwrap_or([1.0; 3]));
        if low.iter().zip(&high).any(|(low, high)| low >= high) {
            return Err("DOMAIN_MIN must be below DOMAIN_MAX.".to_owned());
        }
        let domain =
            |range: Option<[f32; 2]>, low, high| range.map_or((low, high), |[low, high]| ([low; 3], [high; 3]));
        let cube = rows.split_off(self.size_1d.unwrap_or_default());
        let curves = self.size_1d.map(|size| {
            let (low, high) = domain(self.range_1d, low, high);
            Table { size, low, high, entries: rows }
        });
        let cube = self.size_3d.map(|size| {
            // Behind curves, the domain is that of the curves.
            let (low, high) = if curves.is_some() { ([0.0; 3], [1.0; 3]) } else { (low, high) };
            let (low, high) = domain(self.range_3d, low, high);
            Table { size, low, high, entries: cube }
        });
        Ok(Lut { curves, cube })
    }
}

/// As many finite numbers as there must be.
fn numbers<const COUNT: usize>(text: &str) -> Option<[f32; COUNT]> {
    let mut found = text.split_whitespace().map(|word| word.parse::<f32>().ok().filter(|number| number.is_finite()));
    let mut numbers = [0.0; COUNT];
    for number in &mut numbers {
        *number = found.next()??;
    }
    found.next().is_none().then_some(numbers)
}

/// The beginning of a line, for a message.
fn shortened(line: &str) -> String {
    const MOST: usize = 40;
    let line = line.trim();
    match line.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

impl Table {
    /// The entry before a value, and how far the value is from there to the next.
    fn position(&self, channel: usize, value: f32) -> (usize, f32) {
        let last = (self.size - 1) as f32;
        let at = (value - self.low[channel]) / (self.high[channel] - self.low[channel]) * last;
        let at = at.clamp(0.0, last);
        let before = (at as usize).min(self.size - 2);
        (before, at - before as f32)
    }

    /// The value of one channel in a table of curves.
    fn curve(&self, channel: usize, value: f32) -> f32 {
        let (before, part) = self.position(channel, value);
        let (one, other) = (self.entries[before][channel], self.entries[before + 1][channel]);
        one + (other - one) * part
    }

    /// Distance in entries between neighbours along a channel.
    fn stride(&self, channel: usize) -> usize {
        self.size.pow(channel as u32)
    }

    /// The position along a channel of a cube, in entries from the first one.
    fn place(&self, channel: usize, value: f32) -> (u32, f32) {
        let (before, part) = self.position(channel, value);
        ((before * self.stride(channel)) as u32, part)
    }
}

/// For each value of a channel: the place of the entry before it, and how far it is from there to the next; without a cube
/// the result itself.
type Axis = Box<[(u32, f32); 256]>;

/// A LUT made ready for colours.
#[derive(Debug)]
pub struct Mapping<'a> {
    cube: Option<&'a Table>,
    curves: Option<&'a Table>,
    axes: [Axis; 3],
    /// Factor of a result from 0 to 1.
    strength: f32,
    /// Factor of a colour from 0 to 255.
    kept: f32,
}

impl Mapping<'_> {
    /// What becomes of a colour. What the table has beyond 0 and 1 is cut off before the colours are mixed.
    pub fn color(&self, color: [u8; 3]) -> [u8; 3] {
        let places = std::array::from_fn(|at| self.axes[at][usize::from(color[at])]);
        self.mixed(places, color.map(f32::from)).map(|level| (level + 0.5) as u8)
    }

    /// The same for a colour of 16 bits a sample.
    pub fn deep_color(&self, color: [u16; 3]) -> [u16; 3] {
        let places = std::array::from_fn(|channel| {
            let value = f32::from(color[channel]) / 65_535.0;
            let value = self.curves.map_or(value, |table| table.curve(channel, value));
            self.cube.map_or((0, value), |cube| cube.place(channel, value))
        });
        let levels = color.map(|sample| f32::from(sample) / 257.0);
        self.mixed(places, levels).map(|level| (level * 257.0 + 0.5) as u16)
    }

    /// The levels at these places, mixed with those before, from 0 to 255.
    #[inline]
    fn mixed(&self, [red, green, blue]: [(u32, f32); 3], levels: [f32; 3]) -> [f32; 3] {
        let found = match self.cube {
            Some(cube) => interpolated(cube, [red, green, blue]),
            None => [red.1, green.1, blue.1, 0.0],
        };
        std::array::from_fn(|at| found[at].clamp(0.0, 1.0) * self.strength + levels[at] * self.kept)
    }
}

/// The colour at a place in a cube, between the four corners of the tetrahedron in which it lies: from the corner before it
/// along the axis on which it is farthest to the next, then along the second, then along the third.
#[inline]
fn interpolated(cube: &Table, [red, green, blue]: [(u32, f32); 3]) -> [f32; 4] {
    let side = cube.size as u32;
    let (r, g, b) = ((red.1, 1), (green.1, side), (blue.1, side * side));
    let exchanged = |one: (f32, u32), other: (f32, u32)| if one.0 < other.0 { (other, one) } else { (one, other) };
    let (r, g) = exchanged(r, g);
    let (g, b) = exchanged(g, b);
    let (r, g) = exchanged(r, g);
    let first = red.0 + green.0 + blue.0;
    let corners = [first, first + r.1, first + r.1 + g.1, first + r.1 + g.1 + b.1];
    let weights = [1.0 - r.0, r.0 - g.0, g.0 - b.0, b.0];
    let [c0, c1, c2, c3] = corners.map(|corner| &cube.entries[corner as usize]);
    // Four lanes side by side, of which the last is empty: one vector.
    std::array::from_fn(|at| c0[at] * weights[0] + c1[at] * weights[1] + c2[at] * weights[2] + c3[at] * weights[3])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(size: usize) -> String {
        let mut text = format!("LUT_3D_SIZE {size}\n");
        let step = |at: usize| at as f64 / (size - 1) as f64;
        for blue in 0..size {
            for green in 0..size {
                for red in 0..size {
                    text += &format!("{} {} {}\n", step(red), step(green), step(blue));
                }
            }
        }
        text
    }

    fn read(text: &str) -> Lut {
        Lut::read(text.as_bytes()).unwrap()
    }

    fn refusal(text: &str) -> String {
        Lut::read(text.as_bytes()).unwrap_err()
    }

    #[test]
    fn a_cube_of_the_places_themselves_changes_nothing() {
        for size in [2, 3, 17, 65] {
            let lut = read(&identity(size));
            let mapping = lut.mapping(1.0);
            for color in [[0, 0, 0], [255, 255, 255], [1, 128, 254], [200, 13, 77], [77, 13, 200], [13, 200, 77]] {
                assert_eq!(mapping.color(color), color, "{size}");
            }
        }
    }

    #[test]
    fn what_other_programs_write_is_read() {
        let plain = read(&identity(2));
        let text = identity(2);
        let rows = text.split_once('\n').unwrap().1;
        let written = [
            format!(
                "\u{feff}# by hand\r\nTITLE \"a # in it\"\r\n\r\nLUT_3D_SIZE 2 # small\r\n{}",
                rows.replace('\n', "\r\n")
            ),
            format!("LUT_3D_SIZE\t2\rDOMAIN_MIN 0 0 0\rDOMAIN_MAX 1 1 1\r{}", rows.replace('\n', "\r")),
            format!(
                "DOMAIN_MAX 1 1 1\nLUT_IN_VIDEO_RANGE\nLUT_3D_SIZE 2\n  {}\n\n",
                rows.replace(' ', "   ").replace('1', "1.0e0")
            ),
        ];
        for text in written {
            assert_eq!(read(&text), plain, "{text}");
        }
    }

    #[test]
    fn a_message_says_what_is_wrong_and_where() {
        assert_eq!(refusal("LUT_3D_SIZE 2\n0 0 0\n1 nan 0\n"), "Line 3: \"1 nan 0\" is not three numbers.");
        assert_eq!(refusal("LUT_1D_SIZE 2\n0 0\n"), "Line 2: \"0 0\" is not three numbers.");
        assert_eq!(refusal("LUT_1D_SIZE 2\n0,1 0,1 0,1\n"), "Line 2: \"0,1 0,1 0,1\" is not three numbers.");
        assert_eq!(refusal("LUT_3D_SIZE 129\n"), "Line 1: LUT_3D_SIZE is 129; at most 65 can be used.");
        assert_eq!(refusal("LUT_3D_SIZE 1\n"), "Line 1: LUT_3D_SIZE is 1; it must be at least 2.");
        assert_eq!(refusal("\nLUT_3D_SIZE two\n"), "Line 2: \"LUT_3D_SIZE two\" cannot be read.");
        assert_eq!(refusal("LUT_1D_SIZE 2\n0 0 0\n"), "It ends after 1 colours instead of the 2 of LUT_1D_SIZE 2.");
        assert_eq!(
            refusal("LUT_1D_SIZE 2\n0 0 0\n1 1 1\n1 1 1\n"),
            "Line 4: there are more colours than the 2 of LUT_1D_SIZE 2."
        );
        assert!(refusal("0 0 0\n").starts_with("Line 1: colours start before"));
        assert!(refusal("").contains("neither LUT_1D_SIZE nor LUT_3D_SIZE"));
        assert_eq!(
            refusal("LUT_1D_SIZE 2\nDOMAIN_MIN 0 1 0\nDOMAIN_MAX 1 1 1\n"),
            "Line 3: DOMAIN_MIN must be below DOMAIN_MAX."
        );
        assert!(refusal("LUT_1D_SIZE 2\nDOMAIN_MIN 2 2 2\n0 0 0\n1 1 1\n").contains("DOMAIN_MIN must be below"));
        assert!(refusal("<?xml version=\"1.0\"?>\n").contains("another format"));
        assert_eq!(refusal("\0\0\0"), "It is not a text file.");
    }

    #[test]
    fn curves_come_before_a_cube() {
        let rows = identity(2);
        let rows = rows.split_once('\n').unwrap().1;
        let lut = read(&format!("LUT_1D_SIZE 2\nLUT_3D_SIZE 2\n1 1 1\n0 0 0\n{rows}"));
        assert_eq!(lut.mapping(1.0).color([10, 20, 255]), [245, 235, 0]);
    }

    #[test]
    fn values_outside_the_domain_get_the_nearest_entry() {
        let lut = read("LUT_1D_SIZE 2\nDOMAIN_MIN 0.2 0.2 0.2\nDOMAIN_MAX 0.8 0.8 0.8\n0 0 0\n1 1 1\n");
        assert_eq!(lut.mapping(1.0).color([10, 128, 250]), [0, 128, 255]);
    }

    #[test]
    fn results_are_clamped_and_mixed_by_strength() {
        let lut = read("LUT_1D_SIZE 2\n-1 0.5 1\n-1 0.5 3\n");
        assert_eq!(lut.mapping(1.0).color([90, 90, 90]), [0, 128, 255]);
        assert_eq!(lut.mapping(0.0).color([90, 91, 92]), [90, 91, 92]);
        assert_eq!(lut.mapping(0.5).color([200, 28, 0]), [100, 78, 128]);
    }
}
