//! `halftone`: prints a picture with dots, as newspapers do.

use super::checks::Condition;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only};
use crate::image::pixelwise::{map_places, round};
use crate::image::{Image, Representations};

crate::choices! {
    /// The inks.
    pub enum Inks {
        /// Cyan, magenta, yellow and black, each at an angle of its own.
        Cmyk = "cmyk",
        /// Black.
        Black = "black",
    }
}

crate::choices! {
    /// The shape of a dot.
    pub enum Shape {
        /// A disc.
        Round = "round",
        /// A square that stands on a side.
        Square = "square",
        /// A square that stands on a corner.
        Diamond = "diamond",
        /// A line without end.
        Line = "line",
    }
}

crate::parameters! {
    /// Parameters of `halftone`.
    pub struct Halftone {
        /// Distance of the dots.
        size: f64 = 8.0, range 2.0..=500.0, soft 2.0..=40.0, unit "px";
        /// Direction of the rows of black dots, clockwise from the horizontal. Cyan is turned by −30° from it, magenta by 30° and
        /// yellow by 45°.
        angle: f64 = 45.0, range -360.0..=360.0, soft 0.0..=90.0, unit "°";
        /// Shape of a dot, in the directions of the rows.
        shape: Shape = Shape::Round;
        /// The four inks of colour printing (`cmyk`), or only black.
        inks: Inks = Inks::Cmyk;
    }
}

/// The entry of `halftone`.
pub const ACTION: Action = Action {
    action_type: "halftone",
    version: "1.0.0",
    name: "Halftone",
    description: "Prints the picture with dots that are the larger, the darker it is, in four inks or in black. Transparency is kept.",
    category: Category::Detail,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: Halftone::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &["pixelate", "posterize", "duotone"],
    usage: "Make a photograph look like a comic or an old newspaper: resize it first, then print it with dots of 6 to 12 pixels.",
    icon: "M7.5 4.5a3 3 0 1 0 0 6a3 3 0 0 0 0-6zM17 6a1.5 1.5 0 1 0 0 3a1.5 1.5 0 0 0 0-3zM7.5 15a1.5 1.5 0 1 0 0 3a1.5 1.5 0 0 0 0-3zM17 16.5h.01",
};

impl Shape {
    /// How far a place is from the middle of its dot, in sizes of dots: as a dot of just this extent reaches it.
    fn distance(self, x: f64, y: f64) -> f64 {
        match self {
            Self::Round => x.hypot(y),
            Self::Square => x.abs().max(y.abs()),
            Self::Diamond => (x.abs() + y.abs()) * std::f64::consts::FRAC_1_SQRT_2,
            Self::Line => y.abs(),
        }
    }

    /// The share of its cell that a dot of this extent covers.
    fn area(self, extent: f64) -> f64 {
        match self {
            Self::Round => {
                // What is beyond the four sides of the cell does not count.
                let beyond = |half: f64| {
                    (half / extent).acos() * extent * extent - half * (extent * extent - half * half).sqrt()
                };
                let outside = if extent > 0.5 { 4.0 * beyond(0.5) } else { 0.0 };
                std::f64::consts::PI * extent * extent - outside
            }
            Self::Square => 4.0 * extent * extent,
            Self::Diamond => {
                let corner = extent * std::f64::consts::SQRT_2;
                if corner <= 0.5 { 2.0 * corner * corner } else { 1.0 - 2.0 * (1.0 - corner) * (1.0 - corner) }
            }
            Self::Line => 2.0 * extent,
        }
    }

    /// The extent at which a dot covers all of its cell.
    fn largest(self) -> f64 {
        match self {
            Self::Round | Self::Diamond => std::f64::consts::FRAC_1_SQRT_2,
            Self::Square | Self::Line => 0.5,
        }
    }

    /// The extent of a dot for each amount of ink from 0 to 255. No ink is no dot, and full ink leaves no gap.
    fn extents(self) -> [f64; 256] {
        std::array::from_fn(|ink| match ink {
            0 => -1.0,
            255 => 2.0,
            _ => {
                let (mut low, mut high) = (0.0, self.largest());
                for _ in 0..40 {
                    let middle = (low + high) / 2.0;
                    if self.area(middle) < ink as f64 / 255.0 { low = middle } else { high = middle }
                }
                low
            }
        })
    }
}

/// The dots of one ink.
struct Screen<'a> {
    shape: Shape,
    extents: &'a [f64; 256],
    size: f64,
    sine: f64,
    cosine: f64,
}

impl Screen<'_> {
    /// How much of a pixel is printed, from 0 to 1, for an amount of ink: the edge of a dot is one pixel wide.
    fn printed(&self, x: usize, y: usize, ink: u8) -> f64 {
        if ink == 0 {
            return 0.0;
        }
        let (x, y) = (x as f64 + 0.5, y as f64 + 0.5);
        let (along, across) = (x * self.cosine + y * self.sine, y * self.cosine - x * self.sine);
        let from_middle = |place: f64| {
            let cells = place / self.size;
            cells - cells.floor() - 0.5
        };
        let distance = self.shape.distance(from_middle(along), from_middle(across));
        (0.5 + (self.extents[usize::from(ink)] - distance) * self.size).clamp(0.0, 1.0)
    }
}

/// Amounts of cyan, magenta, yellow and black for a colour: what all three have in common is printed in black.
fn separated(rgb: [u8; 3]) -> [u8; 4] {
    let most = rgb.into_iter().fold(0, u8::max);
    let share = |value: u8| if most == 0 { 0 } else { round(255.0 - f64::from(value) * 255.0 / f64::from(most)) };
    let [cyan, magenta, yellow] = rgb.map(share);
    [cyan, magenta, yellow, 255 - most]
}

impl Operation for Halftone {
    fn accepts(&self) -> Representations {
        Representations::PIXELS
    }

    /// Dots whose area is the amount of ink, by the encoded values at each pixel, so that edges stay sharp; inks multiply. Four
    /// inks have all of their gray in black (gray component replacement, J. A. C. Yule, "Principles of color reproduction", 1967);
    /// black alone has the luma.
    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let image = only(inputs)?;
        let extents = self.shape.extents();
        let screen = |turn: f64| {
            let (sine, cosine) = (self.angle + turn).to_radians().sin_cos();
            Screen { shape: self.shape, extents: &extents, size: self.size, sine, cosine }
        };
        let screens = [-30.0, 30.0, 45.0, 0.0].map(screen);
        let [.., black] = &screens;
        let printed = |x, y, rgb: [u8; 3]| match self.inks {
            Inks::Black => {
                let [r, g, b] = rgb.map(f64::from);
                let ink = 255 - round(0.299 * r + 0.587 * g + 0.114 * b);
                [round(255.0 * (1.0 - black.printed(x, y, ink))); 3]
            }
            Inks::Cmyk => {
                let inks = separated(rgb);
                let paper: [f64; 4] = std::array::from_fn(|at| 1.0 - screens[at].printed(x, y, inks[at]));
                std::array::from_fn(|at| round(255.0 * paper[at] * paper[3]))
            }
        };
        // Dots are told apart by far less than 16 bits.
        Ok(vec![map_places(image, printed, |_, _, rgb| rgb)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::testing::flat;
    use crate::image::{Pixels, Representation, Size};

    const SHAPES: [Shape; 4] = [Shape::Round, Shape::Square, Shape::Diamond, Shape::Line];

    fn run(halftone: &Halftone, image: Image) -> Image {
        halftone.run(vec![Some(image)], &Context::default()).unwrap().remove(0)
    }

    #[test]
    fn the_mean_of_the_dots_is_the_value_that_they_print() {
        for shape in SHAPES {
            for value in [40, 100, 128, 180, 220] {
                let halftone = Halftone { size: 20.0, shape, ..Halftone::defaults() };
                let out = run(&halftone, flat(Size::new(400, 400), Representation::Gray, value));
                let Pixels::Gray(data) = &out.pixels else { panic!("gray stays gray") };
                let mean = data.iter().map(|value| f64::from(*value)).sum::<f64>() / data.len() as f64;
                assert!((mean - f64::from(value)).abs() < 2.5, "{shape:?}: {mean} for {value}");
            }
        }
    }

    #[test]
    fn black_and_white_have_no_dots() {
        for shape in SHAPES {
            for inks in [Inks::Cmyk, Inks::Black] {
                for value in [0, 255] {
                    let image = flat(Size::new(30, 20), Representation::Rgb, value);
                    let halftone = Halftone { size: 2.0, shape, inks, ..Halftone::defaults() };
                    assert_eq!(run(&halftone, image.clone()), image);
                }
            }
        }
    }

    #[test]
    fn gray_is_printed_in_black_whatever_the_inks() {
        let image = flat(Size::new(50, 40), Representation::Rgb, 140);
        let by = |inks| run(&Halftone { inks, ..Halftone::defaults() }, image.clone());
        assert_eq!(by(Inks::Cmyk), by(Inks::Black));
        assert_eq!(separated([255, 128, 0]), [0, 127, 255, 0]);
        assert_eq!(separated([0; 3]), [0, 0, 0, 255]);
    }
}
