//! `background`: lays a colour, a gradient, another picture or a blurred copy behind a picture with transparency.

use super::checks::Condition;
use super::parameters::{Color, Gradient};
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Port, PortType, Role, Stop, only};
use crate::error::Failure;
use crate::image::blur::blurred;
use crate::image::compose::{Layered, covering, over};
use crate::image::convert::{composite, convert};
use crate::image::depth::{Sample, by_depth};
use crate::image::recolor::{color_for, receptive, recolor};
use crate::image::resample::Filter;
use crate::image::warp::turn;
use crate::image::{Image, Pixels, Representation, Representations, Size};

crate::choices! {
    /// What lies behind the picture.
    pub enum Fill {
        /// One colour.
        Color = "color",
        /// A gradient of two colours.
        Gradient = "gradient",
        /// The picture of the port "background".
        Picture = "picture",
        /// A blurred copy of the picture.
        Blur = "blur",
    }
}

crate::parameters! {
    /// Parameters of `background`.
    pub struct Background {
        /// What lies behind the picture: one colour (`color`), a gradient from `color` to `color2` or through `stops` (`gradient`), the picture
        /// that is connected to "background" (`picture`), or a blurred copy of the picture (`blur`). Behind the latter two
        /// lies the colour.
        fill: Fill = Fill::Color;
        /// Colour of the background or first colour of the gradient, in sRGB.
        color: Color = Color::WHITE, label "Colour", shown if Condition::Is("fill", &["color", "gradient"]);
        /// Last colour of the gradient, in sRGB.
        color2: Color = Color::opaque(208, 208, 208), label "Second colour", shown if Condition::Is("fill", &["gradient"]);
        /// Colours along the gradient with their places, instead of the two: a list of `[share, colour]`, such as
        /// `[[0, "#ffffff"], [0.6, "#e8e8e8"], [1, "#b0b0b0"]]`. Between two places of one share, the colour changes at once.
        stops: Option<Gradient>, label "Stops", shown if Condition::Is("fill", &["gradient"]);
        /// Direction of the gradient, as in CSS: 0 is upwards, 90 to the right, 180 downwards.
        angle: f64 = 180.0, range -360.0..=360.0, soft 0.0..=360.0, unit "°", shown if Condition::Is("fill", &["gradient"]);
        /// Radius of the blurred copy, as a standard deviation.
        sigma: f64 = 20.0, range 0.0..=250.0, soft 0.0..=60.0, unit "px", label "Radius", shown if Condition::Is("fill", &["blur"]);
    }
}

/// The entry of `background`.
pub const ACTION: Action = Action {
    action_type: "background",
    version: "1.1.0",
    name: "Background",
    description: "Lays a colour, a gradient, another picture or a blurred copy behind a picture with transparency.",
    category: Category::Compose,
    role: Role::Transform,
    inputs: &[
        IMAGE_IN,
        Port {
            name: "background",
            kind: PortType::Image,
            required: false,
            description: "The background for the fill \"picture\": one for all pictures, or one for each. It is scaled to cover the picture.",
        },
    ],
    outputs: &[IMAGE_OUT],
    fields: Background::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &["remove-background", "drop-shadow", "input-images"],
    usage: "Put cut-out products in front of a soft gradient: remove the background, then add this with the fill \"gradient\".",
    icon: "M4 4h16v16H4zM4 16L16 4M4 10l6-6M8 20L20 8M14 20l6-6",
};

/// The pixels of a gradient over a picture of `size`, as CSS's `linear-gradient` draws it: the corners in the direction of the
/// angle are at its ends, and colours are mixed premultiplied by alpha. `stops` are shares with colours, at least two.
fn gradient<S: Sample>(size: Size, degrees: f64, stops: &[(f64, [u8; 4])]) -> impl Iterator<Item = [S; 4]> {
    let (cosine, sine) = turn(degrees);
    let (width, height) = (f64::from(size.width), f64::from(size.height));
    let length = width * sine.abs() + height * cosine.abs();
    let premultiplied = |[r, g, b, a]: [u8; 4]| {
        let share = f64::from(a) / 255.0;
        [f64::from(r) * share, f64::from(g) * share, f64::from(b) * share, f64::from(a)]
    };
    let stops: Vec<(f64, [f64; 4])> = stops.iter().map(|(place, color)| (*place, premultiplied(*color))).collect();
    let mixed = move |share: f64| {
        // The first stop behind the place.
        let next = stops.partition_point(|(place, _)| *place <= share);
        let (Some(before), after) = (next.checked_sub(1).map(|at| stops[at]), stops.get(next)) else {
            return stops[0].1;
        };
        let Some(after) = after else { return before.1 };
        let part = (share - before.0) / (after.0 - before.0);
        std::array::from_fn(|at| before.1[at] + (after.1[at] - before.1[at]) * part)
    };
    let pixel = move |x: u32, y: u32| {
        let (across, down) = (f64::from(x) + 0.5 - width / 2.0, f64::from(y) + 0.5 - height / 2.0);
        let share = ((across * sine - down * cosine) / length + 0.5).clamp(0.0, 1.0);
        let [r, g, b, a] = mixed(share);
        let straight = |value: f64| if a > 0.0 { S::of_exact_level(value * 255.0 / a) } else { S::default() };
        [straight(r), straight(g), straight(b), S::of_exact_level(a)]
    };
    let places = (0..size.height).flat_map(move |y| (0..size.width).map(move |x| (x, y)));
    places.map(move |(x, y)| pixel(x, y))
}

/// Lays straight RGBA over other pixels.
fn lay_over<S: Layered>(rgba: &mut [S], under: impl Iterator<Item = [S; 4]>) {
    for (pixel, under) in rgba.as_chunks_mut::<4>().0.iter_mut().zip(under) {
        *pixel = over(*pixel, under);
    }
}

impl Background {
    /// Whether nothing shines through the background.
    fn is_opaque(&self) -> bool {
        match (self.fill, &self.stops) {
            (Fill::Gradient, Some(stops)) => stops.stops().iter().all(|(_, color)| color.is_opaque()),
            (Fill::Gradient, None) => self.color.is_opaque() && self.color2.is_opaque(),
            _ => self.color.is_opaque(),
        }
    }
}

/// Lays what is filled in, with the colour behind it, behind straight RGBA. `picture` is another picture of the same size, if
/// there is one; `stops` are those of the gradient, of which the first has the colour otherwise.
fn lay_behind<S: Layered>(
    background: &Background,
    pixels: &mut Pixels,
    size: Size,
    picture: Option<&Pixels>,
    stops: &[(f64, [u8; 4])],
) {
    let Some((rgba, 4)) = S::interleaved_mut(pixels) else { return };
    let color = stops[0].1.map(S::of_byte);
    match (background.fill, picture.and_then(S::interleaved)) {
        (Fill::Gradient, _) => lay_over(rgba, gradient(size, background.angle, stops)),
        (_, Some((picture, 4))) => lay_over(rgba, picture.as_chunks().0.iter().map(|pixel| over(*pixel, color))),
        _ => lay_over(rgba, std::iter::repeat(color)),
    }
}

impl Operation for Background {
    fn accepts(&self) -> Representations {
        Representations::ANY.and_deep()
    }

    fn scales_with_picture(&self) -> bool {
        true
    }

    /// A picture without alpha hides its background, and is returned as it is.
    fn produces(&self, _: usize, input: Representation) -> Representation {
        if input.has_alpha() && self.is_opaque() { Representation::Rgb.as_deep_as(input) } else { input }
    }

    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let mut inputs = inputs.into_iter();
        let image = only(inputs.by_ref().take(1).collect())?;
        let behind = inputs.next().flatten();
        if !image.has_alpha() {
            return Ok(vec![image]);
        }
        let mut image = receptive(image);
        let of = |color: Color| {
            let [r, g, b] = color_for(&image, color.rgb());
            [r, g, b, color.rgba[3]]
        };
        let size = image.size;
        let stops = match self.stops.as_ref().filter(|_| self.fill == Fill::Gradient) {
            Some(stops) => stops.stops().iter().map(|(place, color)| (*place, of(*color))).collect(),
            None => vec![(0.0, of(self.color)), (1.0, of(self.color2))],
        };
        let picture = match (self.fill, behind) {
            (Fill::Color | Fill::Gradient, _) => None,
            (Fill::Blur, _) => Some(blurred(image.clone(), self.sigma)),
            (Fill::Picture, Some(behind)) => {
                let behind = covering(&convert(behind, image.representation()), size, Filter::Lanczos3)?;
                Some(recolor(behind, &image.space))
            }
            (Fill::Picture, None) => {
                return Err(Failure::execute(
                    "\"fill\" is picture, but no picture is connected to \"background\".",
                    "Connect an input to \"background\", or choose another fill.",
                )
                .into());
            }
        };
        let picture = picture.as_ref().map(|picture| &picture.pixels);
        by_depth!(image, lay_behind(self, &mut image.pixels, size, picture, &stops));
        // Nothing is transparent any more.
        Ok(vec![if self.is_opaque() { composite(image, [0; 3]) } else { image }])
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::image::testing::{flat, noise};

    fn run(raw: Value, image: Image, behind: Option<Image>) -> Result<Image, Stop> {
        let raw = raw.as_object().unwrap();
        assert_eq!(ACTION.check(raw), []);
        let operation = Background::read(raw).unwrap();
        let foretold = operation.produces(0, image.representation());
        let out = operation.run(vec![Some(image), behind], &Context::default())?.remove(0);
        assert_eq!(out.representation(), foretold);
        assert!(out.is_consistent());
        Ok(out)
    }

    fn clear(width: u32, height: u32) -> Image {
        let size = Size::new(width, height);
        Image::new(size, Pixels::Rgba(vec![0; size.pixels() as usize * 4]))
    }

    #[test]
    fn gradients_run_as_in_css() {
        let grays = |raw: Value, width, height| {
            let Pixels::Rgb(data) = run(raw, clear(width, height), None).unwrap().pixels else { panic!("opaque") };
            data.as_chunks::<3>().0.iter().map(|pixel| pixel[0]).collect::<Vec<_>>()
        };
        let raw = |angle: f64| json!({ "fill": "gradient", "color": "#000000", "color2": "#c8c8c8", "angle": angle });
        assert_eq!(grays(raw(180.0), 1, 4), [25, 75, 125, 175]);
        assert_eq!(grays(raw(0.0), 1, 4), [175, 125, 75, 25]);
        assert_eq!(grays(raw(90.0), 4, 1), [25, 75, 125, 175]);
        assert_eq!(grays(raw(-90.0), 4, 1), [175, 125, 75, 25]);
        assert_eq!(grays(raw(45.0), 2, 2), [100, 150, 50, 100]);
    }

    #[test]
    fn translucent_colours_are_mixed_without_their_hidden_part() {
        let raw = json!({ "fill": "gradient", "color": "#00ff0000", "color2": "#c80000", "angle": 90 });
        let out = run(raw, clear(2, 1), None).unwrap();
        assert_eq!(out.pixels, Pixels::Rgba(vec![200, 0, 0, 64, 200, 0, 0, 191]));
    }

    #[test]
    fn another_picture_covers_the_whole_background() {
        let behind = flat(Size::new(9, 4), Representation::Gray, 70);
        let out = run(json!({ "fill": "picture" }), clear(3, 5), Some(behind)).unwrap();
        assert_eq!(out.pixels, Pixels::Rgb(vec![70; 45]));
        let stop = run(json!({ "fill": "picture" }), clear(3, 5), None).unwrap_err();
        assert!(stop.into_failure().message.contains("background"));
    }

    #[test]
    fn an_opaque_picture_hides_its_background() {
        for representation in [Representation::Gray, Representation::Ycc, Representation::Rgb] {
            let image = noise(Size::new(4, 4), representation, 3);
            assert_eq!(run(json!({ "color": "#ff0000" }), image.clone(), None), Ok(image));
        }
    }

    #[test]
    fn every_fill_works_for_a_single_pixel() {
        for fill in ["color", "gradient", "blur"] {
            let out = run(json!({ "fill": fill, "color2": "#ffffff" }), clear(1, 1), None).unwrap();
            assert_eq!(out.pixels, Pixels::Rgb(vec![255; 3]), "{fill}");
            let raw = json!({ "fill": fill, "color": "#00000000", "color2": "#00000000" });
            assert_eq!(run(raw, clear(1, 1), None).unwrap().pixels, Pixels::Rgba(vec![0; 4]), "{fill}");
        }
    }
}
