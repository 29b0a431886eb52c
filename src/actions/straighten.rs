//! `straighten`: rotates a tilted picture so that its horizon is level. `crate::image::tilt` finds the angle,
//! `crate::image::warp` rotates.

use super::checks::Condition;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only};
use crate::image::tilt::tilt;
use crate::image::warp::{rotated, turn};
use crate::image::{Image, Representations, Size};

crate::parameters! {
    /// Parameters of `straighten`.
    pub struct Straighten {
        /// The most that a picture is rotated, either way. One that is tilted more is left as it is.
        max_angle: f64 = 10.0, as "maxAngle", range 0.1..=45.0, unit "°", label "Largest angle";
    }
}

/// The entry of `straighten`.
pub const ACTION: Action = Action {
    action_type: "straighten",
    version: "1.0.1",
    name: "Straighten",
    description: "Levels a tilted horizon or upright lines: finds their angle, rotates by it, and crops to what has no empty corners. A picture without a clear direction stays as it is.",
    category: Category::Geometry,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: Straighten::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &["rotate", "crop"],
    usage: "Straighten a series that was taken by hand: seascapes, buildings, scanned pages. The ratio of each picture stays.",
    icon: "M3 14L21 6M3 19.5h18M6 19.5V17M12 19.5V16M18 19.5V17",
};

/// A picture that is tilted less is straight.
const STRAIGHT: f64 = 0.1;

/// The largest size with the ratio of `size` inside a picture of that size that is rotated around its middle.
fn without_corners(size: Size, degrees: f64) -> Size {
    let (cosine, sine) = turn(degrees);
    let (width, height, sine) = (f64::from(size.width), f64::from(size.height), sine.abs());
    let share = (width / (width * cosine + height * sine)).min(height / (width * sine + height * cosine));
    let side = |side: f64| ((side * share) as u32).max(1);
    Size::new(side(width), side(height))
}

impl Operation for Straighten {
    fn accepts(&self) -> Representations {
        Representations::PIXELS.and_deep()
    }

    fn finds_size(&self) -> bool {
        true
    }

    fn keeps_content(&self) -> bool {
        true
    }

    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let image = only(inputs)?;
        Ok(vec![match tilt(&image, self.max_angle)? {
            Some(angle) if angle.abs() >= STRAIGHT => {
                // No pixel of the background is seen.
                rotated(&image, -angle, without_corners(image.size, angle), [0; 4])
            }
            _ => image,
        }])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::convert::convert;
    use crate::image::testing::{flat, noise};
    use crate::image::{Pixels, Representation};

    fn run(max_angle: f64, image: Image) -> Image {
        Straighten { max_angle }.run(vec![Some(image)], &Context::default()).unwrap().remove(0)
    }

    /// Sky and sea with noise, whose border falls to the right by `degrees`, or a wall whose edge is tilted as much: each
    /// pixel is mixed by its distance from the line.
    fn tilted(degrees: f64, size: Size, upright: bool) -> Image {
        let (sine, cosine) = degrees.to_radians().sin_cos();
        let Pixels::Gray(grain) = noise(size, Representation::Gray, 7).pixels else { panic!("gray") };
        let pixel = |i: usize| {
            let x = (i % size.width as usize) as f64 + 0.5 - f64::from(size.width) * 0.45;
            let y = (i / size.width as usize) as f64 + 0.5 - f64::from(size.height) * 0.4;
            let distance = if upright { x * cosine + y * sine } else { y * cosine - x * sine };
            let share = (distance + 0.5).clamp(0.0, 1.0);
            let grain = f64::from(grain[i] % 16);
            [170.0, 190.0, 220.0].map(|sky| (sky * (1.0 - share) + sky * 0.5 * share + grain) as u8)
        };
        Image::new(size, Pixels::Rgb((0..size.pixels() as usize).flat_map(pixel).collect()))
    }

    const ANGLES: [f64; 11] = [-9.5, -7.3, -4.0, -1.25, -0.4, 0.3, 0.8, 2.5, 5.55, 8.1, 9.6];

    #[test]
    fn horizons_and_walls_are_found_to_a_third_of_a_degree() {
        let mut most = 0.0_f64;
        for size in [Size::new(420, 280), Size::new(240, 360), Size::new(1200, 700)] {
            for (degrees, upright) in ANGLES.iter().flat_map(|angle| [(*angle, false), (*angle, true)]) {
                let found = tilt(&tilted(degrees, size, upright), 10.0).unwrap();
                let off = found.map(|found| (found - degrees).abs());
                assert!(off.is_some_and(|off| off <= 0.3), "{found:?} for {degrees}, {size:?}, upright: {upright}");
                most = most.max(off.unwrap_or_default());
            }
        }
        println!("{:<20} {:<24} {most:>6.3} {:>8}  drawn horizons and walls", "straighten", "", "0.3°");
    }

    #[test]
    fn the_result_is_level_has_the_ratio_and_no_corner() {
        for degrees in [-6.0, 1.5, 9.0] {
            let size = Size::new(420, 280);
            let out = run(10.0, tilted(degrees, size, false));
            let again = tilt(&out, 10.0).unwrap();
            assert!(again.is_some_and(|angle| angle.abs() <= 0.3), "{again:?} after {degrees}");
            let ratio = f64::from(out.size.width) / f64::from(out.size.height);
            assert!((ratio - 1.5).abs() < 0.01 && out.size.width > 280, "{:?}", out.size);
            let Pixels::Rgba(data) = convert(out, Representation::Rgba).pixels else { panic!("alpha") };
            assert!(data.iter().all(|value| *value > 60), "the background is black");
        }
    }

    #[test]
    fn a_transparent_corner_would_be_seen() {
        for degrees in [0.1, 3.0, 17.0, 44.0, -30.0] {
            for size in [Size::new(100, 60), Size::new(37, 91), Size::new(16, 300)] {
                let cut = without_corners(size, degrees);
                let out = rotated(&flat(size, Representation::Rgba, 200), degrees, cut, [0; 4]);
                let Pixels::Rgba(data) = out.pixels else { panic!("alpha stays") };
                assert!(data.chunks(4).all(|pixel| pixel[3] == 255), "{degrees}, {size:?}");
            }
        }
    }

    #[test]
    fn a_level_picture_one_without_direction_and_one_tilted_too_much_stay() {
        let size = Size::new(300, 200);
        for image in [
            tilted(0.0, size, false),
            tilted(0.0, size, true),
            noise(size, Representation::Rgb, 5),
            flat(size, Representation::Gray, 90),
            noise(Size::new(1, 1), Representation::Rgba, 5),
            noise(Size::new(5, 900), Representation::Rgba, 5),
        ] {
            let found = tilt(&image, 10.0).unwrap();
            assert!(run(10.0, image.clone()) == image, "{:?} {found:?}", image.size);
        }
        for (degrees, most) in [(20.0, 10.0), (-6.0, 5.0), (10.6, 10.0)] {
            let image = tilted(degrees, size, false);
            assert!(run(most, image.clone()) == image, "{degrees}");
        }
        assert_ne!(run(25.0, tilted(20.0, size, false)).size, size);
    }
}
