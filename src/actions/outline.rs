//! `outline`: draws a line of one colour around what is visible of the picture.

use super::checks::Condition;
use super::parameters::Color;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only, unaccepted};
use crate::error::Failure;
use crate::image::compose::{Layered, Place, alpha};
use crate::image::depth::{Sample, by_depth};
use crate::image::distance::nearest;
use crate::image::recolor::{color_for, receptive};
use crate::image::{Image, Pixels, Representation, Representations, Size};

crate::parameters! {
    /// Parameters of `outline`.
    pub struct Outline {
        /// Width of the line. The picture grows by it on each side.
        width: f64 = 8.0, range 0.0..=1000.0, soft 0.0..=60.0, unit "px";
        /// Colour of the line, in sRGB.
        color: Color = Color::WHITE, label "Colour";
    }
}

/// The entry of `outline`.
pub const ACTION: Action = Action {
    action_type: "outline",
    version: "1.0.0",
    name: "Outline",
    description: "Draws a line around what is visible of the picture, as stickers have it. The line lies behind the picture.",
    category: Category::Compose,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: Outline::FIELDS,
    rules: &[],
    adds_alpha: Condition::Always,
    related: &["remove-background", "glow", "border"],
    usage: "Make stickers: remove the background with \"trim\", add a white outline, then a drop shadow.",
    icon: "M12 8a4 4 0 1 0 0 8a4 4 0 0 0 0-8zM12 3.5a8.5 8.5 0 1 0 0 17a8.5 8.5 0 0 0 0-17z",
};

/// The least level of alpha of the subject; what is more transparent only softens its edge.
const SUBJECT: u8 = 128;

/// A plane of opacity.
struct Opacity<S> {
    data: Vec<S>,
    size: Size,
}

impl<S: Sample> Opacity<S> {
    /// The places at most `reach` columns and rows away, and their opacity.
    fn around(&self, x: usize, y: usize, reach: usize) -> impl Iterator<Item = (usize, usize, S)> {
        let (width, height) = (self.size.width as usize, self.size.height as usize);
        let columns = x.saturating_sub(reach)..(x + reach + 1).min(width);
        let rows = y.saturating_sub(reach)..(y + reach + 1).min(height);
        rows.flat_map(move |y| columns.clone().map(move |x| (x, y, self.data[y * width + x])))
    }

    /// Which pixels are of the subject or its soft edge.
    fn seeds(&self) -> Vec<bool> {
        let width = self.size.width as usize;
        let subject = S::of_byte(SUBJECT);
        let is_seed = |(at, opacity): (usize, &S)| {
            *opacity >= subject
                || *opacity > S::default()
                    && self.around(at % width, at / width, 1).any(|(.., opacity)| opacity >= subject)
        };
        self.data.iter().enumerate().map(is_seed).collect()
    }

    /// How much of each pixel is no further than `width` from the subject's edge. A pixel of the edge reaches as
    /// far as it is opaque; the distance is the least over the pixels next to the nearest one.
    fn dilated(&self, width: f64) -> Vec<S> {
        let seeds = self.seeds();
        let columns = self.size.width as usize;
        let mut covered = vec![S::default(); self.data.len()];
        nearest(&seeds, self.size, |y, row| {
            for (x, found) in row.iter().enumerate() {
                let Some((column, line)) = *found else { continue };
                let square = column.abs_diff(x).pow(2) + line.abs_diff(y).pow(2);
                // The edge is no further away than a pixel more.
                if width >= 1.0 && square as f64 <= (width - 1.0) * (width - 1.0) {
                    covered[y * columns + x] = S::MOST;
                    continue;
                }
                let to = |column: usize, line: usize| {
                    let (across, down) = (column.abs_diff(x) as f64, line.abs_diff(y) as f64);
                    (across * across + down * down).sqrt()
                };
                if square as f64 > (width + 1.0) * (width + 1.0) {
                    continue;
                }
                let distance = self
                    .around(column, line, 2)
                    .filter(|(x, y, _)| seeds[y * columns + x])
                    .map(|(x, y, opacity)| to(x, y) + 1.0 - S::exact_level(opacity.index()) / 255.0)
                    .fold(f64::INFINITY, f64::min);
                covered[y * columns + x] = S::of_exact_level((width + 1.0 - distance).clamp(0.0, 1.0) * 255.0);
            }
        });
        covered
    }
}

impl Outline {
    fn reach(&self) -> u32 {
        self.width.ceil() as u32
    }
}

/// RGBA pixels over their outline on a larger canvas.
fn outlined<S: Layered>(outline: &Outline, pixels: &Pixels, place: Place, color: [u8; 3]) -> Option<Pixels> {
    let (rgba, 4) = S::interleaved(pixels)? else { return None };
    let opacity = Opacity { data: place.plane(&alpha(rgba)), size: place.canvas };
    let mut coverage = opacity.dilated(outline.width);
    let line = S::of_byte(outline.color.rgba[3]);
    coverage.iter_mut().for_each(|value| *value = value.times(line));
    Some(S::pixels(place.on_color(rgba, color, &coverage), 4))
}

impl Operation for Outline {
    fn accepts(&self) -> Representations {
        Representations::of(&[Representation::Rgba]).and_deep()
    }

    fn scales_with_picture(&self) -> bool {
        true
    }

    fn output_size(&self, input: Size) -> Result<Size, Failure> {
        Ok(Place::grown(input, self.reach()).canvas)
    }

    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let image = only(inputs)?;
        if self.width == 0.0 {
            return Ok(vec![image]);
        }
        let image = receptive(image);
        let place = Place::grown(image.size, self.reach());
        let color = color_for(&image, self.color.rgb());
        let pixels = by_depth!(image, outlined(self, &image.pixels, place, color));
        Ok(vec![image.with(place.canvas, pixels.ok_or_else(|| unaccepted(&ACTION))?)])
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::image::testing::flat;

    fn run(raw: Value, image: Image) -> (Size, Vec<[u8; 4]>) {
        let raw = raw.as_object().unwrap();
        assert_eq!(ACTION.check(raw), []);
        let operation = Outline::read(raw).unwrap();
        let foretold = operation.output_size(image.size).unwrap();
        let out = operation.run(vec![Some(image)], &Context::default()).unwrap().remove(0);
        assert_eq!(out.size, foretold);
        let Pixels::Rgba(data) = out.pixels else { panic!("alpha") };
        (out.size, data.as_chunks().0.to_vec())
    }

    #[test]
    fn the_line_is_as_wide_as_said_and_its_corners_are_round() {
        let image = flat(Size::new(10, 10), Representation::Rgba, 9);
        let (size, pixels) = run(json!({ "width": 4, "color": "#ff0000" }), image);
        assert_eq!(size, Size::new(18, 18));
        let row = |y: usize| &pixels[y * 18..][..18];
        assert_eq!((row(9)[0], row(9)[3], row(9)[4]), ([255, 0, 0, 255], [255, 0, 0, 255], [9, 9, 9, 255]));
        assert_eq!(row(0)[0], [0; 4]);
        let area: f64 = pixels.iter().map(|pixel| f64::from(pixel[3]) / 255.0).sum();
        // Around the centres of the corner pixels, the line is half a pixel wider than around the corners.
        let expected = 100.0 + 4.0 * 40.0 + std::f64::consts::PI * 16.0;
        assert!((area - expected).abs() < 4.0, "{area} for {expected}");
    }

    #[test]
    fn a_soft_edge_moves_the_line_by_its_opacity() {
        let image = |edge: u8| {
            let pixels = [0, 0, edge, 255, 255].map(|alpha| [0, 0, 0, alpha]).concat();
            Image::new(Size::new(5, 1), Pixels::Rgba(pixels))
        };
        for edge in [0, 51, 153, 255] {
            let (_, pixels) = run(json!({ "width": 2 }), image(edge));
            let row = &pixels[2 * 9..][..9];
            let sum: u32 = row[..5].iter().map(|pixel| u32::from(pixel[3])).sum();
            // Two pixels beyond the edge, which lies within the third pixel of five.
            let expected = 2 * 255 + u32::from(edge);
            assert!(sum.abs_diff(expected) <= 3, "{edge}: {sum} for {expected}, {row:?}");
        }
    }

    #[test]
    fn no_width_and_no_subject_give_no_line() {
        let image = flat(Size::new(3, 3), Representation::Rgba, 9);
        assert_eq!(run(json!({ "width": 0 }), image).0, Size::new(3, 3));
        let faint = Image::new(Size::new(2, 1), Pixels::Rgba(vec![9, 9, 9, 100, 0, 0, 0, 0]));
        let (size, pixels) = run(json!({ "width": 2.5 }), faint);
        assert_eq!((size, pixels.iter().filter(|pixel| pixel[3] > 0).count()), (Size::new(8, 7), 1));
    }
}
